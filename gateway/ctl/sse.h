/* sse.h - reads server-sent events (WHATWG HTML, section 9.2) as bytes arrive. Does no I/O. */
#ifndef GATEWAY_CTL_SSE_H
#define GATEWAY_CTL_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/status.h"

/* One event may carry this much; a stream that sends more breaks the protocol. */
#define SSE_EVENT_BYTES_MAX (1u << 20)
#define SSE_ID_BYTES_MAX    64
#define SSE_KIND_BYTES_MAX  64

/* One event; the texts live until the callback returns. */
struct sse_event {
    const char *id;   /* the last id seen, "" before the first */
    const char *kind; /* "message" when the event names none */
    const char *data; /* lines joined with a newline; never empty events */
};

struct sse_parser;

/* on_event answers false to stop. NULL when out of memory. */
struct sse_parser *sse_create(bool (*on_event)(void *context, const struct sse_event *event),
                              void *context);
void sse_destroy(struct sse_parser **parser);

/* Takes the next bytes. STATUS_DONE: on_event asked to stop; STATUS_TOO_LARGE; STATUS_NO_MEMORY. */
enum status sse_feed(struct sse_parser *parser, const char *bytes, size_t count) MUST_CHECK;

/* Forgets a half-read event (the connection was lost); keeps the last id. */
void sse_reset(struct sse_parser *parser);

/* The id to resume after, "" when none was seen. */
const char *sse_last_id(const struct sse_parser *parser);

#endif
