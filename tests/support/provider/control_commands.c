#include "tests/support/provider/control.h"

#include <string.h>

#include "gateway/base/json_reader.h"
#include "tests/support/provider/access_tokens.h"

#define CLOCK_OFFSET_S_MAX 315360000 /* ten years */
#define COUNT_MAX          1000000000

static const char shutdown_debug[] = "{\"reason\":\"Shutdown\"}";
static const char *const provider_words[] = {"apns", "fcm", "oauth", NULL};

static struct script_rule take_rule(struct json_reader *reader)
{
    struct script_rule rule = {.retry_after_s = -1};
    rule.behaviour = (enum behaviour)json_take_word(reader, "behaviour", true, behaviour_words,
                                                    BEHAVIOUR_ACCEPT);
    rule.count = json_take_int(reader, "count", false, 1, COUNT_MAX, 0);
    rule.retry_after_s = json_take_int(reader, "retry_after_s", false, 0, 86400, -1);
    rule.timestamp_ms = json_take_int(reader, "timestamp_ms", false, 1, INT64_MAX, 0);
    return rule;
}

static void script_token(struct simulator *simulator, struct json_reader *reader)
{
    const char *token = json_take_text(reader, "token", true, 1, SCRIPT_TOKEN_BYTES_MAX);
    struct script_rule rule = take_rule(reader);
    if (json_reader_end(reader) != STATUS_OK) {
        return;
    }
    enum status status = script_set_token(simulator->script, token, &rule);
    if (status != STATUS_OK) {
        json_reader_fault(reader, "token", "%s", status_text(status));
    }
}

static void plan_goaway(struct simulator *simulator, struct json_reader *reader,
                        enum provider provider)
{
    int64_t every = json_take_int(reader, "goaway_at", true, 0, COUNT_MAX, 0);
    int64_t times = json_take_int(reader, "count", false, 1, COUNT_MAX, 1);
    if (json_reader_end(reader) == STATUS_OK) {
        simulator->goaways[provider] =
            (struct goaway_plan){.left = (uint64_t)every, .every = (uint64_t)every, .times = times};
    }
}

/* Commands that concern a provider's server; false when the line has none of them. */
static bool command_server(struct simulator *simulator, struct json_reader *reader,
                           enum provider provider)
{
    struct http2_server *server = simulator->servers[provider];
    enum status status = STATUS_OK;
    struct error error = {0};
    if (json_reader_has(reader, "down")) {
        bool down = json_take_bool(reader, "down", false);
        if (json_reader_end(reader) == STATUS_OK) {
            status = http2_server_set_down(server, down, &error);
        }
    } else if (json_reader_has(reader, "freeze")) {
        bool frozen = json_take_bool(reader, "freeze", false);
        if (json_reader_end(reader) == STATUS_OK) {
            status = http2_server_set_frozen(server, frozen);
        }
    } else if (json_reader_has(reader, "max_streams")) {
        int64_t streams =
            json_take_int(reader, "max_streams", true, 1, HTTP2_STREAMS_MAX, HTTP2_STREAMS_MAX);
        if (provider != PROVIDER_APNS) {
            json_reader_fault(reader, "max_streams", "only APNs changes it");
        }
        if (json_reader_end(reader) == STATUS_OK) {
            simulator->settings.streams_max = (unsigned)streams;
            http2_server_set_streams(server, (unsigned)streams);
        }
    } else if (json_reader_has(reader, "goaway")) {
        bool now = json_take_bool(reader, "goaway", false);
        if (json_reader_end(reader) == STATUS_OK && now) {
            http2_server_go_away(server, shutdown_debug);
        }
    } else {
        return false;
    }
    if (status != STATUS_OK) {
        json_reader_fault(reader, NULL, "%s %s", status_text(status), error.text);
    }
    return true;
}

static void command_provider(struct simulator *simulator, struct json_reader *reader)
{
    enum provider provider =
        (enum provider)json_take_word(reader, "provider", true, provider_words, 0);
    if (reader->status != STATUS_OK || command_server(simulator, reader, provider)) {
        return;
    }
    if (json_reader_has(reader, "goaway_at")) {
        plan_goaway(simulator, reader, provider);
    } else if (json_reader_has(reader, "revoke")) {
        bool revoke = json_take_bool(reader, "revoke", false);
        if (json_reader_end(reader) == STATUS_OK && revoke) {
            access_tokens_revoke(simulator->access_tokens);
        }
    } else {
        struct script_rule rule = take_rule(reader);
        if (json_reader_end(reader) == STATUS_OK) {
            script_set_provider(simulator->script, provider, &rule);
        }
    }
}

/* Commands that concern the whole simulator. */
static bool command_general(struct simulator *simulator, struct json_reader *reader,
                            bool *statistics_r)
{
    if (json_reader_has(reader, "token")) {
        script_token(simulator, reader);
    } else if (json_reader_has(reader, "provider")) {
        command_provider(simulator, reader);
    } else if (json_reader_has(reader, "clock_offset_s")) {
        int64_t offset_s = json_take_int(reader, "clock_offset_s", true, -CLOCK_OFFSET_S_MAX,
                                         CLOCK_OFFSET_S_MAX, 0);
        if (json_reader_end(reader) == STATUS_OK) {
            simulator->now.ms += offset_s * 1000 - simulator->clock_offset_ms;
            simulator->clock_offset_ms = offset_s * 1000;
        }
    } else if (json_reader_has(reader, "reset")) {
        (void)json_take_bool(reader, "reset", false);
        if (json_reader_end(reader) == STATUS_OK) {
            script_reset(simulator->script);
            memset(simulator->goaways, 0, sizeof simulator->goaways);
        }
    } else if (json_reader_has(reader, "statistics")) {
        (void)json_take_bool(reader, "statistics", false);
        *statistics_r = json_reader_end(reader) == STATUS_OK;
    } else {
        return false;
    }
    return true;
}

enum status control_command(struct simulator *simulator, const char *line, size_t bytes,
                            bool *statistics_r, struct error *error)
{
    json_t *command;
    enum status status = json_parse(line, bytes, &command, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct json_reader reader;
    json_reader_init(&reader, command, "", error);
    if (reader.status == STATUS_OK && !command_general(simulator, &reader, statistics_r)) {
        json_reader_fault(&reader, NULL, "no such command");
    }
    json_decref(command);
    return reader.status;
}
