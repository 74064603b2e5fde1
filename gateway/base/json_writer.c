#include "gateway/base/json_writer.h"

#include <assert.h>
#include <string.h>

#include "gateway/base/text.h"

void json_writer_init(struct json_writer *json, char *buffer, size_t buffer_bytes)
{
    assert(buffer_bytes >= 1);
    *json = (struct json_writer){.buffer = buffer, .capacity = buffer_bytes - 1};
    buffer[0] = '\0';
}

size_t json_writer_bytes(const struct json_writer *json)
{
    return json->used;
}

bool json_writer_overflowed(const struct json_writer *json)
{
    return json->overflowed;
}

static void append(struct json_writer *json, const char *bytes, size_t count)
{
    if (json->overflowed || count > json->capacity - json->used) {
        json->overflowed = true;
        return;
    }
    memcpy(json->buffer + json->used, bytes, count);
    json->used += count;
    json->buffer[json->used] = '\0';
}

static void begin_value(struct json_writer *json)
{
    if (json->need_comma) {
        append(json, ",", 1);
    }
    json->need_comma = true;
}

void json_object_begin(struct json_writer *json)
{
    begin_value(json);
    append(json, "{", 1);
    json->need_comma = false;
}

void json_object_end(struct json_writer *json)
{
    append(json, "}", 1);
    json->need_comma = true;
}

void json_array_begin(struct json_writer *json)
{
    begin_value(json);
    append(json, "[", 1);
    json->need_comma = false;
}

void json_array_end(struct json_writer *json)
{
    append(json, "]", 1);
    json->need_comma = true;
}

void json_name(struct json_writer *json, const char *name)
{
    begin_value(json);
    append(json, "\"", 1);
    append(json, name, strlen(name));
    append(json, "\":", 2);
    json->need_comma = false;
}

static void append_escape(struct json_writer *json, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    switch (c) {
    case '"':
        append(json, "\\\"", 2);
        break;
    case '\\':
        append(json, "\\\\", 2);
        break;
    case '\n':
        append(json, "\\n", 2);
        break;
    case '\r':
        append(json, "\\r", 2);
        break;
    case '\t':
        append(json, "\\t", 2);
        break;
    default: {
        char code[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 0x0f]};
        append(json, code, sizeof code);
    }
    }
}

void json_text_n(struct json_writer *json, const char *text, size_t bytes)
{
    begin_value(json);
    append(json, "\"", 1);
    bool valid = text_is_utf8(text, bytes);
    size_t run = 0;
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        bool foreign = c >= 0x80 && !valid;
        if (c >= 0x20 && c != '"' && c != '\\' && !foreign) {
            run++;
            continue;
        }
        append(json, text + i - run, run);
        run = 0;
        if (foreign) {
            append(json, "\xef\xbf\xbd", 3);
        } else {
            append_escape(json, c);
        }
    }
    append(json, text + bytes - run, run);
    append(json, "\"", 1);
}

void json_text(struct json_writer *json, const char *text)
{
    if (text == NULL) {
        json_null_value(json);
    } else {
        json_text_n(json, text, strlen(text));
    }
}

void json_int(struct json_writer *json, int64_t number)
{
    char digits[24];
    char *at = digits + sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        *--at = '-';
    }
    begin_value(json);
    append(json, at, (size_t)(digits + sizeof digits - at));
}

void json_bool(struct json_writer *json, bool value)
{
    json_raw(json, value ? "true" : "false");
}

void json_null_value(struct json_writer *json)
{
    json_raw(json, "null");
}

void json_raw_n(struct json_writer *json, const char *text, size_t bytes)
{
    begin_value(json);
    append(json, text, bytes);
}

void json_raw(struct json_writer *json, const char *text)
{
    json_raw_n(json, text, strlen(text));
}

void json_member_text(struct json_writer *json, const char *name, const char *text)
{
    json_name(json, name);
    json_text(json, text);
}

void json_member_int(struct json_writer *json, const char *name, int64_t number)
{
    json_name(json, name);
    json_int(json, number);
}

void json_member_bool(struct json_writer *json, const char *name, bool value)
{
    json_name(json, name);
    json_bool(json, value);
}

void json_member_uuid(struct json_writer *json, const char *name, struct uuid uuid)
{
    char text[UUID_TEXT_BYTES];
    uuid_format(uuid, text);
    json_name(json, name);
    json_text_n(json, text, UUID_TEXT_BYTES - 1);
}

void json_member_raw(struct json_writer *json, const char *name, const char *text)
{
    json_name(json, name);
    json_raw(json, text);
}

void json_member_known_int(struct json_writer *json, const char *name, int64_t number)
{
    json_name(json, name);
    if (number < 0) {
        json_null_value(json);
    } else {
        json_int(json, number);
    }
}

void json_member_time(struct json_writer *json, const char *name, struct wall_time time)
{
    json_name(json, name);
    if (time.ms < 0 || time.ms == TIME_NEVER_MS) {
        json_null_value(json);
    } else {
        char text[RFC3339_BYTES_MAX];
        wall_time_format(time, text);
        json_text(json, text);
    }
}
