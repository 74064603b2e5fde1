#include "tests/support/provider/http2_server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/provider/http2_private.h"

#define BODY_BYTES_FIRST 5120

bool view_equals(struct view view, const char *text)
{
    return view.data != NULL && view.bytes == strlen(text) &&
           memcmp(view.data, text, view.bytes) == 0;
}

struct http2_stream *http2_stream_open(struct http2_connection *connection, int32_t id)
{
    struct http2_server *server = connection->server;
    struct http2_statistics *statistics = &server->statistics;
    if (statistics->streams_open >= SERVER_STREAMS_MAX) {
        return NULL;
    }
    struct http2_stream *stream = TAILQ_FIRST(&server->free_streams);
    if (stream != NULL) {
        TAILQ_REMOVE(&server->free_streams, stream, link);
    } else {
        stream = malloc(sizeof *stream);
        if (stream == NULL) {
            return NULL;
        }
        stream->body = NULL;
        stream->body_capacity = 0;
    }
    memset(&stream->request, 0, sizeof stream->request);
    stream->request.connection_state = connection->state;
    stream->request.certificate = connection->certificate;
    stream->connection = connection;
    stream->id = id;
    stream->header_bytes = 0;
    stream->body_bytes = 0;
    stream->response_bytes = 0;
    stream->response_sent = 0;
    stream->deferred = false;
    stream->unconsumed = 0;
    stream->filler_left = 0;
    stream->empty_frames_left = 0;
    TAILQ_INSERT_TAIL(&connection->streams, stream, link);
    statistics->streams_open++;
    if (statistics->streams_open > statistics->streams_open_max) {
        statistics->streams_open_max = statistics->streams_open;
    }
    return stream;
}

void http2_stream_close(struct http2_stream *stream)
{
    struct http2_connection *connection = stream->connection;
    struct http2_server *server = connection->server;
    assert(server->statistics.streams_open > 0);
    TAILQ_REMOVE(&connection->streams, stream, link);
    http2_stream_forget_waits(stream);
    stream->connection = NULL;
    server->statistics.streams_open--;
    /* The last one used is the first one reused: it is still in the processor's cache. */
    TAILQ_INSERT_HEAD(&server->free_streams, stream, link);
}

void http2_stream_pool_destroy(struct http2_server *server)
{
    struct http2_stream *stream;
    while ((stream = TAILQ_FIRST(&server->free_streams)) != NULL) {
        TAILQ_REMOVE(&server->free_streams, stream, link);
        free(stream->body);
        free(stream);
    }
}

static struct view keep(struct http2_stream *stream, struct view value)
{
    if (value.bytes > sizeof stream->header_text - stream->header_bytes) {
        stream->request.headers_too_large = true;
        return (struct view){NULL, 0};
    }
    char *copy = stream->header_text + stream->header_bytes;
    memcpy(copy, value.data, value.bytes);
    stream->header_bytes += value.bytes;
    return (struct view){copy, value.bytes};
}

void http2_stream_keep_header(struct http2_stream *stream, struct view name, struct view value)
{
    struct http2_request *request = &stream->request;
    const struct http2_server *server = stream->connection->server;
    const struct http2_service *service = &server->service;
    if (name.bytes > 0 && name.data[0] == ':') {
        if (view_equals(name, ":path")) {
            request->path = keep(stream, value);
        } else if (view_equals(name, ":method")) {
            request->method = keep(stream, value);
        }
        return;
    }
    for (unsigned i = 0; i < service->headers_count; i++) {
        if (name.bytes == server->header_name_bytes[i] &&
            memcmp(name.data, service->header_names[i], name.bytes) == 0) {
            if (request->headers[i].data != NULL) {
                request->duplicates |= 1U << i;
            } else {
                request->headers[i] = keep(stream, value);
            }
            return;
        }
    }
}

enum status http2_stream_keep_body(struct http2_stream *stream, struct view piece)
{
    size_t room = HTTP2_BODY_BYTES_MAX - stream->body_bytes;
    if (piece.bytes > room) {
        stream->request.body_too_large = true;
        piece.bytes = room;
    }
    size_t needed = stream->body_bytes + piece.bytes;
    if (needed > stream->body_capacity) {
        size_t capacity = stream->body_capacity == 0 ? BODY_BYTES_FIRST : stream->body_capacity;
        while (capacity < needed) {
            capacity *= 2;
        }
        char *body = realloc(stream->body, capacity);
        if (body == NULL) {
            return STATUS_NO_MEMORY;
        }
        stream->body = body;
        stream->body_capacity = capacity;
    }
    if (piece.bytes > 0) {
        memcpy(stream->body + stream->body_bytes, piece.data, piece.bytes);
    }
    stream->body_bytes = needed;
    return STATUS_OK;
}
