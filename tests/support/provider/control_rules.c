#include "tests/support/provider/control_rules.h"

#include <string.h>

#include "tests/support/provider/simulator.h"

#define REPEAT_FLOOD 10000

/* The words of RFC 9113, section 7, by their codes. */
static const char *const error_code_words[] = {"NO_ERROR",
                                               "PROTOCOL_ERROR",
                                               "INTERNAL_ERROR",
                                               "FLOW_CONTROL_ERROR",
                                               "SETTINGS_TIMEOUT",
                                               "STREAM_CLOSED",
                                               "FRAME_SIZE_ERROR",
                                               "REFUSED_STREAM",
                                               "CANCEL",
                                               "COMPRESSION_ERROR",
                                               "CONNECT_ERROR",
                                               "ENHANCE_YOUR_CALM",
                                               "INADEQUATE_SECURITY",
                                               "HTTP_1_1_REQUIRED",
                                               NULL};

void control_take_debug(struct json_reader *reader, char debug_r[SCRIPT_TEXT_BYTES_MAX + 1])
{
    const char *debug = simulator_shutdown_debug;
    if (json_reader_has(reader, "debug")) {
        debug = json_take_text(reader, "debug", true, 0, SCRIPT_TEXT_BYTES_MAX);
    }
    if (reader->status == STATUS_OK) {
        memcpy(debug_r, debug, strlen(debug) + 1);
    }
}

static bool floods(const struct script_rule *rule)
{
    return rule->behaviour == BEHAVIOUR_EMPTY_FRAMES || rule->frames == RAW_FRAMES_SETTINGS_FLOOD ||
           rule->frames == RAW_FRAMES_PING_FLOOD || rule->frames == RAW_FRAMES_WINDOW_FLOOD ||
           rule->frames == RAW_FRAMES_CONTINUATION_FLOOD;
}

/* What only some behaviours have. */
static void take_details(struct json_reader *reader, struct script_rule *rule)
{
    if (rule->behaviour == BEHAVIOUR_REASON) {
        const char *text = json_take_text(reader, "reason", true, 1, SCRIPT_TEXT_BYTES_MAX);
        rule->status = (unsigned)json_take_int(reader, "status", true, 400, 599, 400);
        if (reader->status == STATUS_OK) {
            memcpy(rule->text, text, strlen(text) + 1);
        }
    } else if (simulator_has_status(rule)) {
        rule->status = (unsigned)json_take_int(reader, "status", false, 200, 599, 200);
    } else if (rule->behaviour == BEHAVIOUR_GOAWAY) {
        control_take_debug(reader, rule->text);
    } else if (rule->behaviour == BEHAVIOUR_RESET) {
        rule->error_code =
            (uint32_t)json_take_word(reader, "error_code", false, error_code_words, 2);
    } else if (rule->behaviour == BEHAVIOUR_EXPIRES_IN) {
        rule->expires_in_s = json_take_int(reader, "expires_in", true, INT64_MIN, INT64_MAX, 0);
    }
    if (rule->behaviour == BEHAVIOUR_FRAMES) {
        rule->frames = (enum raw_frames)json_take_word(reader, "frames", true, raw_frames_words, 0);
    }
    if (rule->behaviour == BEHAVIOUR_FRAMES || rule->behaviour == BEHAVIOUR_EMPTY_FRAMES) {
        rule->repeat = (unsigned)json_take_int(reader, "repeat", false, 1, RAW_FRAMES_REPEAT_MAX,
                                               floods(rule) ? REPEAT_FLOOD : 1);
    }
}

struct script_rule control_take_rule(struct json_reader *reader)
{
    struct script_rule rule = {.retry_after_s = -1};
    rule.behaviour = (enum behaviour)json_take_word(reader, "behaviour", true, behaviour_words,
                                                    BEHAVIOUR_ACCEPT);
    rule.count = json_take_int(reader, "count", false, 1, CONTROL_COUNT_MAX, 0);
    rule.retry_after_s = json_take_int(reader, "retry_after_s", false, 0, 86400, -1);
    rule.timestamp_ms = json_take_int(reader, "timestamp_ms", false, 1, INT64_MAX, 0);
    rule.delay_ms = json_take_int(reader, "delay_ms", false, 0, CONTROL_DELAY_MS_MAX, 0);
    take_details(reader, &rule);
    return rule;
}
