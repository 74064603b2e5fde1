/* log.h - structured log: one JSON object a line on standard error, or wherever it is sent.
 *
 * Ids, counts, codes and durations only: never names, telephone numbers, tokens or ticket text.
 * Any thread; a line is written with one write(2).
 */
#ifndef GATEWAY_BASE_LOG_H
#define GATEWAY_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/status.h"
#include "gateway/base/uuid.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_NOTHING };

enum log_field_kind { LOG_FIELD_END, LOG_FIELD_INT, LOG_FIELD_TEXT, LOG_FIELD_UUID };

struct log_field {
    enum log_field_kind kind;
    const char *name;
    int64_t number;
    const char *text;
    struct uuid uuid;
};

#define LOG_INT(name_, value_)                                                                     \
    ((struct log_field){.kind = LOG_FIELD_INT, .name = (name_), .number = (value_)})
#define LOG_TEXT(name_, value_)                                                                    \
    ((struct log_field){.kind = LOG_FIELD_TEXT, .name = (name_), .text = (value_)})
#define LOG_UUID(name_, value_)                                                                    \
    ((struct log_field){.kind = LOG_FIELD_UUID, .name = (name_), .uuid = (value_)})
#define LOG_STATUS(value_) LOG_TEXT("status", status_slug(value_))

/* Lines below the level are dropped (LOG_NOTHING: all of them); LOG_INFO at start. */
void log_set_level(enum log_level level);

/* Gets each line, with its '\n', from whichever thread writes it. */
typedef void log_sink(void *context, enum log_level level, const char *line, size_t bytes);

/* Sends the lines there; NULL: to standard error again. Only while no other thread may log. */
void log_set_sink(log_sink *sink, void *context);

/* Writes {"time":…,"level":…,"event":…, fields…}. event is a stable dotted word
 * ("push.connection_lost"); texts must be fixed words or error details. */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

/* For a line without fields. */
#define LOG_NONE ((struct log_field){.kind = LOG_FIELD_END})

#define LOG_FIELDS_(...)        ((const struct log_field[]){__VA_ARGS__, {.kind = LOG_FIELD_END}})
#define log_debug(event, ...)   log_write(LOG_DEBUG, (event), LOG_FIELDS_(__VA_ARGS__))
#define log_info(event, ...)    log_write(LOG_INFO, (event), LOG_FIELDS_(__VA_ARGS__))
#define log_warning(event, ...) log_write(LOG_WARNING, (event), LOG_FIELDS_(__VA_ARGS__))
#define log_error(event, ...)   log_write(LOG_ERROR, (event), LOG_FIELDS_(__VA_ARGS__))

#endif
