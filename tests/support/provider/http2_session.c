#include "tests/support/provider/http2_server.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/provider/http2_private.h"

#define RAW_BYTES_MAX 33554432

static struct http2_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct http2_connection *connection = user_data;
    connection->receiving = NULL;
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        return 0;
    }
    struct http2_stream *stream = http2_stream_open(connection, frame->hd.stream_id);
    if (stream == NULL) {
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                         NGHTTP2_REFUSED_STREAM);
    }
    (void)nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream);
    connection->receiving = stream;
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_bytes, const uint8_t *value, size_t value_bytes, uint8_t flags,
                     void *user_data)
{
    struct http2_connection *connection = user_data;
    (void)session;
    (void)flags;
    struct http2_stream *stream = connection->receiving;
    if (stream != NULL && stream->id == frame->hd.stream_id &&
        frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        http2_stream_keep_header(stream, (struct view){(const char *)name, name_bytes},
                                 (struct view){(const char *)value, value_bytes});
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t bytes, void *user_data)
{
    (void)flags;
    struct http2_stream *stream = stream_of(session, id);
    http2_note_unconsumed(user_data, stream, bytes);
    if (stream == NULL) {
        return 0;
    }
    struct view piece = {(const char *)data, bytes};
    return http2_stream_keep_body(stream, piece) == STATUS_OK ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_ping(struct http2_connection *connection, const nghttp2_frame *frame)
{
    struct http2_server *server = connection->server;
    if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
        return 0;
    }
    server->statistics.pings++;
    return server->habits.pings_ignored ? 0
                                        : nghttp2_submit_ping(connection->session, NGHTTP2_FLAG_ACK,
                                                              frame->ping.opaque_data);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct http2_connection *connection = user_data;
    if (frame->hd.type == NGHTTP2_PING) {
        return on_ping(connection, frame);
    }
    if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        return 0;
    }
    struct http2_stream *stream = stream_of(session, frame->hd.stream_id);
    if (stream == NULL || stream->id > connection->last_stream_id) {
        return 0; /* GOAWAY said that it is not processed, so it must not be */
    }
    struct http2_server *server = connection->server;
    server->statistics.requests++;
    stream->request.body = (struct view){stream->body, stream->body_bytes};
    if (server->habits.answer_delay_ms > 0) {
        http2_stream_defer(stream, server->habits.answer_delay_ms, NULL);
    } else {
        server->service.answer(server->service.context, &stream->request);
    }
    return connection->failed ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct http2_connection *connection = user_data;
    (void)session;
    if (frame->hd.type == NGHTTP2_RST_STREAM &&
        frame->rst_stream.error_code == NGHTTP2_REFUSED_STREAM) {
        connection->server->statistics.streams_refused++;
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error_code,
                           void *user_data)
{
    struct http2_connection *connection = user_data;
    (void)error_code;
    struct http2_stream *stream = stream_of(session, id);
    if (stream != NULL) {
        if (connection->receiving == stream) {
            connection->receiving = NULL;
        }
        http2_stream_close(stream);
    }
    return 0;
}

static nghttp2_option *make_options(bool manual_window)
{
    nghttp2_option *options;
    if (nghttp2_option_new(&options) != 0) {
        return NULL;
    }
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_option_set_no_auto_ping_ack(options, 1);
    nghttp2_option_set_no_auto_window_update(options, manual_window);
    /* A sender gives up on many silent streams at once: that is no attack here. */
    nghttp2_option_set_stream_reset_rate_limit(options, 20000, 2000);
    return options;
}

enum status http2_session_setup(struct http2_server *server)
{
    server->session_options = make_options(false);
    server->manual_options = make_options(true);
    if (server->session_options == NULL || server->manual_options == NULL ||
        nghttp2_session_callbacks_new(&server->callbacks) != 0) {
        return STATUS_NO_MEMORY;
    }
    nghttp2_session_callbacks *callbacks = server->callbacks;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    return STATUS_OK;
}

void http2_session_teardown(struct http2_server *server)
{
    nghttp2_session_callbacks_del(server->callbacks);
    nghttp2_option_del(server->session_options);
    nghttp2_option_del(server->manual_options);
}

static unsigned streams_allowed(const struct http2_connection *connection)
{
    const struct http2_server *server = connection->server;
    return connection->proven || server->service.streams_first == 0 ? server->streams_max
                                                                    : server->service.streams_first;
}

void http2_session_limit_streams(struct http2_connection *connection)
{
    unsigned streams = streams_allowed(connection);
    if (connection->session == NULL || connection->streams_announced == streams) {
        return;
    }
    nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams};
    if (nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, &entry, 1) != 0) {
        connection->failed = true;
    }
    connection->streams_announced = streams;
}

enum status http2_session_write_raw(struct http2_connection *connection, const void *data,
                                    size_t bytes)
{
    if (bytes > RAW_BYTES_MAX - connection->raw_bytes) {
        return STATUS_TOO_LARGE;
    }
    uint8_t *raw = realloc(connection->raw, connection->raw_bytes + bytes);
    if (raw == NULL) {
        return STATUS_NO_MEMORY;
    }
    memcpy(raw + connection->raw_bytes, data, bytes);
    connection->raw = raw;
    connection->raw_bytes += bytes;
    return STATUS_OK;
}

/* What a peer finds that did not meet an HTTP/2 server. */
static enum status begin_without_session(struct http2_connection *connection, bool http1)
{
    enum raw_frames frames = http1 ? RAW_FRAMES_HTTP1 : RAW_FRAMES_GARBAGE;
    uint8_t *bytes;
    size_t count;
    enum status status = raw_frames_make(frames, 0, 1, &bytes, &count);
    if (status != STATUS_OK) {
        return status;
    }
    status = http2_session_write_raw(connection, bytes, count);
    free(bytes);
    connection->greeted = true;
    connection->goodbye = http1;
    return status;
}

static enum status begin_http2(struct http2_connection *connection)
{
    struct http2_server *server = connection->server;
    connection->manual_window = server->stream_window_bytes > 0;
    connection->proven = connection->certificate == HTTP2_CERTIFICATE_TRUSTED;
    if (nghttp2_session_server_new2(&connection->session, server->callbacks, connection,
                                    connection->manual_window ? server->manual_options
                                                              : server->session_options) != 0) {
        return STATUS_NO_MEMORY;
    }
    connection->streams_announced = streams_allowed(connection);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, connection->streams_announced},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 8000},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, server->stream_window_bytes},
    };
    size_t settings_count = connection->manual_window ? 3 : 2;
    if (nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, settings_count) !=
        0) {
        return STATUS_NO_MEMORY;
    }
    if (!connection->manual_window &&
        nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0,
                                              (int32_t)server->options.window_bytes) != 0) {
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

enum status http2_session_begin(struct http2_connection *connection)
{
    const unsigned char *protocol;
    unsigned protocol_bytes;
    SSL_get0_alpn_selected(connection->tls, &protocol, &protocol_bytes);
    bool http2 = protocol_bytes == 2 && memcmp(protocol, "h2", 2) == 0;
    if (!http2 || connection->arrival == HTTP2_ARRIVALS_HTTP1) {
        return begin_without_session(connection, true);
    }
    if (connection->arrival == HTTP2_ARRIVALS_GARBAGE) {
        return begin_without_session(connection, false);
    }
    if (connection->arrival == HTTP2_ARRIVALS_MUTE) {
        return STATUS_OK;
    }
    return begin_http2(connection);
}
