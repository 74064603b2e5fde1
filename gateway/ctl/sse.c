#include "gateway/ctl/sse.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"

struct buffer {
    char *bytes;
    size_t used;
    size_t capacity;
};

struct sse_parser {
    bool (*on_event)(void *context, const struct sse_event *event);
    void *context;
    struct buffer line;
    struct buffer data;
    bool after_carriage_return; /* "\r\n" is one line end, also when split over two reads */
    char id[SSE_ID_BYTES_MAX];
    char kind[SSE_KIND_BYTES_MAX];
};

struct sse_parser *sse_create(bool (*on_event)(void *context, const struct sse_event *event),
                              void *context)
{
    struct sse_parser *parser = calloc(1, sizeof *parser);
    if (parser != NULL) {
        parser->on_event = on_event;
        parser->context = context;
    }
    return parser;
}

void sse_destroy(struct sse_parser **parser)
{
    if (*parser != NULL) {
        free((*parser)->line.bytes);
        free((*parser)->data.bytes);
        free(*parser);
        *parser = NULL;
    }
}

static enum status append(struct buffer *buffer, const char *bytes, size_t count)
{
    if (count >= SSE_EVENT_BYTES_MAX - buffer->used) {
        return STATUS_TOO_LARGE;
    }
    size_t needed = buffer->used + count + 1;
    if (needed > buffer->capacity) {
        size_t capacity = buffer->capacity == 0 ? 1024 : buffer->capacity;
        while (capacity < needed) {
            capacity *= 2;
        }
        char *grown = realloc(buffer->bytes, capacity);
        if (grown == NULL) {
            return STATUS_NO_MEMORY;
        }
        buffer->bytes = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->bytes + buffer->used, bytes, count);
    buffer->used += count;
    buffer->bytes[buffer->used] = '\0';
    return STATUS_OK;
}

/* An empty line: the event is complete. Without data it is dropped, as the standard says. */
static enum status dispatch(struct sse_parser *parser)
{
    bool go_on = true;
    if (parser->data.used > 0) {
        parser->data.bytes[parser->data.used - 1] = '\0'; /* the newline behind the last line */
        struct sse_event event = {.id = parser->id,
                                  .kind = parser->kind[0] != '\0' ? parser->kind : "message",
                                  .data = parser->data.bytes};
        go_on = parser->on_event(parser->context, &event);
    }
    parser->data.used = 0;
    parser->kind[0] = '\0';
    return go_on ? STATUS_OK : STATUS_DONE;
}

static enum status take_line(struct sse_parser *parser)
{
    const char *line = parser->line.used > 0 ? parser->line.bytes : "";
    if (line[0] == '\0') {
        return dispatch(parser);
    }
    const char *colon = strchr(line, ':');
    size_t name_bytes = colon != NULL ? (size_t)(colon - line) : strlen(line);
    const char *value = colon != NULL ? colon + 1 : "";
    value += value[0] == ' ' ? 1 : 0;
    if (name_bytes == 4 && memcmp(line, "data", 4) == 0) {
        enum status status = append(&parser->data, value, strlen(value));
        return status == STATUS_OK ? append(&parser->data, "\n", 1) : status;
    }
    if (name_bytes == 2 && memcmp(line, "id", 2) == 0) {
        (void)text_copy(parser->id, sizeof parser->id, value);
    } else if (name_bytes == 5 && memcmp(line, "event", 5) == 0) {
        (void)text_copy(parser->kind, sizeof parser->kind, value);
    }
    return STATUS_OK; /* comments (heartbeats), "retry" and unknown fields */
}

enum status sse_feed(struct sse_parser *parser, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (parser->after_carriage_return && bytes[i] == '\n') {
            parser->after_carriage_return = false;
            continue;
        }
        parser->after_carriage_return = bytes[i] == '\r';
        enum status status;
        if (bytes[i] == '\r' || bytes[i] == '\n') {
            status = take_line(parser);
            parser->line.used = 0;
        } else {
            status = append(&parser->line, &bytes[i], 1);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

void sse_reset(struct sse_parser *parser)
{
    parser->line.used = 0;
    parser->data.used = 0;
    parser->kind[0] = '\0';
    parser->after_carriage_return = false;
}

const char *sse_last_id(const struct sse_parser *parser)
{
    return parser->id;
}
