#include "gateway/base/log.h"

#include <stdatomic.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/json_writer.h"

#define LINE_BYTES_MAX 2048

static _Atomic int level_min = LOG_INFO;

static void write_to_standard_error(void *context, enum log_level level, const char *line,
                                    size_t bytes)
{
    (void)context;
    (void)level;
    ssize_t written = write(STDERR_FILENO, line, bytes);
    (void)written; /* nowhere left to report it */
}

static log_sink *write_line = write_to_standard_error;
static void *write_context;

void log_set_level(enum log_level level)
{
    atomic_store(&level_min, (int)level);
}

void log_set_sink(log_sink *sink, void *context)
{
    write_line = sink != NULL ? sink : write_to_standard_error;
    write_context = context;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    if ((int)level < atomic_load_explicit(&level_min, memory_order_relaxed)) {
        return;
    }
    char line[LINE_BYTES_MAX];
    char time[RFC3339_BYTES_MAX];
    wall_time_format(clock_wall(&clock_system), time);
    struct json_writer json;
    json_writer_init(&json, line, sizeof line - 2);
    json_object_begin(&json);
    json_member_text(&json, "time", time);
    json_member_text(&json, "level", names[level]);
    json_member_text(&json, "event", event);
    for (; fields->kind != LOG_FIELD_END; fields++) {
        switch (fields->kind) {
        case LOG_FIELD_INT:
            json_member_int(&json, fields->name, fields->number);
            break;
        case LOG_FIELD_TEXT:
            json_member_text(&json, fields->name, fields->text != NULL ? fields->text : "");
            break;
        case LOG_FIELD_UUID:
            json_member_uuid(&json, fields->name, fields->uuid);
            break;
        case LOG_FIELD_END:
            break;
        }
    }
    json_object_end(&json);
    size_t bytes = json_writer_bytes(&json);
    if (json_writer_overflowed(&json)) {
        /* A cut line is still one JSON object: fall back to the event alone. */
        json_writer_init(&json, line, sizeof line - 2);
        json_object_begin(&json);
        json_member_text(&json, "time", time);
        json_member_text(&json, "level", names[level]);
        json_member_text(&json, "event", event);
        json_member_bool(&json, "truncated", true);
        json_object_end(&json);
        bytes = json_writer_bytes(&json);
    }
    line[bytes++] = '\n';
    line[bytes] = '\0';
    write_line(write_context, level, line, bytes);
}
