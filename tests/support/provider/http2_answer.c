#include "tests/support/provider/http2_server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/provider/http2_private.h"

void http2_let_go(struct http2_stream *stream)
{
    (void)nghttp2_session_set_stream_user_data(stream->connection->session, stream->id, NULL);
    http2_stream_close(stream);
}

static ssize_t read_response(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t room,
                             uint32_t *flags, nghttp2_data_source *source, void *user_data)
{
    (void)session;
    (void)id;
    (void)user_data;
    struct http2_stream *stream = source->ptr;
    if (stream->empty_frames_left > 0) {
        stream->empty_frames_left--;
        return 0;
    }
    size_t bytes = stream->response_bytes - stream->response_sent;
    bytes = bytes < room ? bytes : room;
    memcpy(buffer, stream->response + stream->response_sent, bytes);
    stream->response_sent += bytes;
    size_t filler = room - bytes < stream->filler_left ? room - bytes : stream->filler_left;
    memset(buffer + bytes, ' ', filler);
    stream->filler_left -= filler;
    bytes += filler;
    if (stream->response_sent == stream->response_bytes && stream->filler_left == 0) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)bytes;
}

static nghttp2_nv header_line(const char *name, struct view value, uint8_t flags)
{
    /* nghttp2 takes pointers to bytes it promises not to change. */
    union {
        const char *text;
        uint8_t *bytes;
    } name_of = {name}, value_of = {value.data};
    return (nghttp2_nv){name_of.bytes, value_of.bytes, strlen(name), value.bytes, flags};
}

/* Headers that nobody needs, behind those that are there; how many there are then. */
static size_t add_fillers(nghttp2_nv *lines, size_t lines_count,
                          const struct http2_response *response)
{
    static const char name[] = "x-filler";
    static char value[HTTP2_FILLER_VALUE_MAX];
    memset(value, 'x', sizeof value);
    assert(response->filler_headers <= HTTP2_FILLER_HEADERS_MAX);
    assert(response->filler_header_bytes <= sizeof value);
    for (unsigned i = 0; i < response->filler_headers; i++) {
        lines[lines_count++] = header_line(
            name, (struct view){value, response->filler_header_bytes}, NGHTTP2_NV_FLAG_NO_INDEX);
    }
    return lines_count;
}

static void submit(struct http2_stream *stream, const struct http2_response *response,
                   const nghttp2_nv *lines, size_t lines_count)
{
    struct http2_connection *connection = stream->connection;
    bool has_body =
        response->body.bytes > 0 || response->filler_bytes > 0 || response->empty_frames > 0;
    nghttp2_data_provider body = {.source = {.ptr = stream}, .read_callback = read_response};
    connection->answered_id_max =
        stream->id > connection->answered_id_max ? stream->id : connection->answered_id_max;
    stream->filler_left = response->filler_bytes;
    stream->empty_frames_left = response->empty_frames;
    if (response->body.bytes > 0) {
        memcpy(stream->response, response->body.data, response->body.bytes);
        stream->response_bytes = response->body.bytes;
    }
    if (nghttp2_submit_response(connection->session, stream->id, lines, lines_count,
                                has_body ? &body : NULL) != 0) {
        connection->failed = true;
    } else if (!has_body) {
        http2_let_go(stream); /* otherwise when the stream is closed */
    }
}

void http2_answer(struct http2_request *request, const struct http2_response *response)
{
    struct http2_stream *stream = (struct http2_stream *)request;
    nghttp2_nv few[HTTP2_RESPONSE_HEADERS_MAX + 1];
    static nghttp2_nv many[HTTP2_RESPONSE_HEADERS_MAX + 1 + HTTP2_FILLER_HEADERS_MAX];
    nghttp2_nv *lines = response->filler_headers > 0 ? many : few;
    char status[4];
    assert(response->status >= 100 && response->status <= 599);
    assert(response->headers_count <= HTTP2_RESPONSE_HEADERS_MAX);
    assert(response->body.bytes <= sizeof stream->response);
    (void)snprintf(status, sizeof status, "%u", response->status % 1000);
    lines[0] = header_line(":status", (struct view){status, 3}, NGHTTP2_NV_FLAG_NONE);
    for (unsigned i = 0; i < response->headers_count; i++) {
        const struct http2_header *header = &response->headers[i];
        /* Ids differ from answer to answer: indexing them would only churn the peer's table. */
        bool changes = strcmp(header->name, "apns-id") == 0;
        lines[i + 1] = header_line(header->name, header->value,
                                   changes ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE);
    }
    size_t lines_count = (size_t)response->headers_count + 1;
    if (response->filler_headers > 0) {
        lines_count = add_fillers(lines, lines_count, response);
    }
    submit(stream, response, lines, lines_count);
}

void http2_reset(struct http2_request *request, uint32_t error_code)
{
    struct http2_stream *stream = (struct http2_stream *)request;
    struct http2_connection *connection = stream->connection;
    if (nghttp2_submit_rst_stream(connection->session, NGHTTP2_FLAG_NONE, stream->id, error_code) !=
        0) {
        connection->failed = true;
        return;
    }
    http2_let_go(stream);
}

void http2_cut(struct http2_request *request)
{
    struct http2_connection *connection = ((struct http2_stream *)request)->connection;
    connection->failed = true;
    connection->reset = true;
}

void http2_go_away(struct http2_request *request, bool included, const char *debug)
{
    struct http2_stream *stream = (struct http2_stream *)request;
    struct http2_connection *connection = stream->connection;
    int32_t last = included ? stream->id : stream->id - 2;
    /* What was answered already cannot be called unprocessed. */
    last = last < connection->answered_id_max ? connection->answered_id_max : last;
    if (last < connection->last_stream_id) {
        connection->last_stream_id = last < 0 ? 0 : last;
        connection->server->statistics.goaways++;
        if (nghttp2_submit_goaway(connection->session, NGHTTP2_FLAG_NONE,
                                  connection->last_stream_id, NGHTTP2_NO_ERROR,
                                  (const uint8_t *)debug, strlen(debug)) != 0) {
            connection->failed = true;
        }
    }
    if (!included) {
        if (stream->id <= connection->last_stream_id) {
            http2_reset(request, NGHTTP2_REFUSED_STREAM);
        } else {
            http2_let_go(stream);
        }
    }
}

void http2_prove(struct http2_request *request, bool proven)
{
    struct http2_connection *connection = ((struct http2_stream *)request)->connection;
    connection->proven = proven;
    http2_session_limit_streams(connection);
}

void http2_defer(struct http2_request *request, int64_t delay_ms, void *held)
{
    http2_stream_defer((struct http2_stream *)request, delay_ms, held);
}

/* nghttp2 wants to know of SETTINGS that are going to be acknowledged. */
static bool flood_settings(struct http2_connection *connection, unsigned repeat)
{
    for (unsigned i = 0; i < repeat; i++) {
        if (nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, NULL, 0) != 0) {
            return false;
        }
    }
    return true;
}

void http2_play(struct http2_request *request, enum raw_frames frames, unsigned repeat)
{
    struct http2_stream *stream = (struct http2_stream *)request;
    struct http2_connection *connection = stream->connection;
    uint8_t *bytes;
    size_t count;
    if (frames == RAW_FRAMES_SETTINGS_FLOOD) {
        connection->failed = !flood_settings(connection, repeat);
        return;
    }
    if (raw_frames_make(frames, (uint32_t)stream->id, repeat, &bytes, &count) != STATUS_OK) {
        connection->failed = true;
        return;
    }
    if (http2_session_write_raw(connection, bytes, count) != STATUS_OK) {
        connection->failed = true;
    }
    free(bytes);
}
