/* json_writer.h - writes JSON into memory the caller owns, in one pass. Reading is jansson's work.
 *
 * Nothing is allocated and nothing fails on the way: what does not fit is dropped and
 * json_writer_overflowed() says so at the end.
 */
#ifndef GATEWAY_BASE_JSON_WRITER_H
#define GATEWAY_BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/time.h"
#include "gateway/base/uuid.h"

struct json_writer {
    char *buffer;
    size_t capacity; /* without the terminator */
    size_t used;
    bool overflowed;
    bool need_comma;
};

/* Begins an empty document in buffer; buffer_bytes includes the terminator and is at least 1. */
void json_writer_init(struct json_writer *json, char *buffer, size_t buffer_bytes);

/* Bytes written so far; the buffer is terminated there. */
size_t json_writer_bytes(const struct json_writer *json);
bool json_writer_overflowed(const struct json_writer *json);

void json_object_begin(struct json_writer *json);
void json_object_end(struct json_writer *json);
void json_array_begin(struct json_writer *json);
void json_array_end(struct json_writer *json);

/* A member's name; its value must follow. Names are the program's own and need no escape. */
void json_name(struct json_writer *json, const char *name);

/* Values. Text must be UTF-8 (bytes that are not become U+FFFD); NULL text writes null. */
void json_text(struct json_writer *json, const char *text);
void json_text_n(struct json_writer *json, const char *text, size_t bytes);
void json_int(struct json_writer *json, int64_t number);
void json_bool(struct json_writer *json, bool value);
void json_null_value(struct json_writer *json); /* json_null() is jansson's */
/* Finished JSON, copied as it is. */
void json_raw(struct json_writer *json, const char *text);
void json_raw_n(struct json_writer *json, const char *text, size_t bytes);

/* Name and value in one. */
void json_member_text(struct json_writer *json, const char *name, const char *text);
void json_member_int(struct json_writer *json, const char *name, int64_t number);
void json_member_bool(struct json_writer *json, const char *name, bool value);
/* null below 0, which says that it is not known. */
void json_member_known_int(struct json_writer *json, const char *name, int64_t number);
void json_member_uuid(struct json_writer *json, const char *name, struct uuid uuid);
void json_member_raw(struct json_writer *json, const char *name, const char *text);
/* RFC 3339, or null for WALL_NEVER and times below 0. */
void json_member_time(struct json_writer *json, const char *name, struct wall_time time);

#endif
