#include "tests/support/provider/http2_server.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/provider/http2_private.h"

#define INPUT_BYTES_A_READ 16384
/* A connection that always has more to say gives way to the others after so many reads. */
#define READS_A_TURN_MAX 16
/* The largest frame that nghttp2 hands out: 16 KiB and a frame header, with some air. */
#define FRAME_BYTES_MAX 17408

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
    (void)user_data;
    struct http2_stream *stream = stream_of(session, id);
    if (stream == NULL) {
        return 0;
    }
    struct view piece = {(const char *)data, bytes};
    return http2_stream_keep_body(stream, piece) == STATUS_OK ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct http2_connection *connection = user_data;
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
    server->service.answer(server->service.context, &stream->request);
    return connection->failed ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
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

enum status http2_connection_setup(struct http2_server *server)
{
    if (nghttp2_session_callbacks_new(&server->callbacks) != 0 ||
        nghttp2_option_new(&server->session_options) != 0) {
        return STATUS_NO_MEMORY;
    }
    nghttp2_session_callbacks *callbacks = server->callbacks;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_option_set_no_closed_streams(server->session_options, 1);
    /* A sender gives up on many silent streams at once: that is no attack here. */
    nghttp2_option_set_stream_reset_rate_limit(server->session_options, 20000, 2000);
    return STATUS_OK;
}

enum status http2_connection_open(struct http2_server *server, int fd)
{
    struct http2_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        (void)close(fd);
        return STATUS_NO_MEMORY;
    }
    TAILQ_INIT(&connection->streams);
    connection->server = server;
    connection->source.fd = fd;
    connection->last_stream_id = INT32_MAX;
    connection->active_at = clock_monotonic(&clock_system);
    TAILQ_INSERT_TAIL(&server->connections, connection, link);
    server->statistics.connections_open++;
    int yes = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    connection->state = calloc(1, server->service.connection_state_bytes);
    connection->tls = SSL_new(server->tls);
    if (connection->state == NULL || connection->tls == NULL ||
        SSL_set_fd(connection->tls, fd) != 1 || http2_connection_watch(connection) != STATUS_OK) {
        http2_connection_close(connection);
        return STATUS_NO_MEMORY;
    }
    SSL_set_accept_state(connection->tls);
    return STATUS_OK;
}

void http2_connection_close(struct http2_connection *connection)
{
    struct http2_server *server = connection->server;
    event_loop_forget(server->loop, &connection->source);
    if (connection->in_flush) {
        TAILQ_REMOVE(&server->to_flush, connection, flush_link);
    }
    nghttp2_session_del(connection->session);
    struct http2_stream *stream;
    while ((stream = TAILQ_FIRST(&connection->streams)) != NULL) {
        http2_stream_close(stream);
    }
    ERR_clear_error();
    if (connection->reset) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(connection->source.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    } else if (connection->session != NULL) {
        (void)SSL_shutdown(connection->tls);
    }
    SSL_free(connection->tls);
    (void)close(connection->source.fd);
    TAILQ_REMOVE(&server->connections, connection, link);
    server->statistics.connections_open--;
    free(connection->state);
    free(connection);
}

void http2_connection_schedule(struct http2_connection *connection)
{
    if (!connection->in_flush) {
        connection->in_flush = true;
        TAILQ_INSERT_TAIL(&connection->server->to_flush, connection, flush_link);
    }
}

static enum status begin_session(struct http2_connection *connection)
{
    struct http2_server *server = connection->server;
    const unsigned char *protocol;
    unsigned protocol_bytes;
    SSL_get0_alpn_selected(connection->tls, &protocol, &protocol_bytes);
    if (protocol_bytes != 2 || memcmp(protocol, "h2", 2) != 0) {
        return STATUS_PROTOCOL; /* no ALPN at all; a wrong one ended in the handshake */
    }
    if (nghttp2_session_server_new2(&connection->session, server->callbacks, connection,
                                    server->session_options) != 0) {
        return STATUS_NO_MEMORY;
    }
    connection->streams_announced = server->service.streams_first;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, connection->streams_announced},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 8000},
    };
    if (nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, 2) != 0 ||
        nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0,
                                              (int32_t)server->options.window_bytes) != 0) {
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

/* STATUS_FULL: the peer has to say more first. */
static enum status shake_hands(struct http2_connection *connection)
{
    ERR_clear_error();
    int done = SSL_do_handshake(connection->tls);
    if (done == 1) {
        return begin_session(connection);
    }
    int why = SSL_get_error(connection->tls, done);
    if (why == SSL_ERROR_WANT_READ) {
        return STATUS_FULL;
    }
    if (why == SSL_ERROR_WANT_WRITE) {
        connection->want_write = true;
        return STATUS_FULL;
    }
    connection->server->statistics.handshakes_failed++;
    return STATUS_PROTOCOL;
}

static void read_input(struct http2_connection *connection)
{
    uint8_t input[INPUT_BYTES_A_READ];
    connection->input_left = false;
    for (int reads = 0; reads < READS_A_TURN_MAX; reads++) {
        ERR_clear_error();
        int bytes = SSL_read(connection->tls, input, sizeof input);
        if (bytes <= 0) {
            int why = SSL_get_error(connection->tls, bytes);
            connection->failed = why != SSL_ERROR_WANT_READ;
            return;
        }
        ssize_t taken = nghttp2_session_mem_recv(connection->session, input, (size_t)bytes);
        if (taken < 0 || connection->failed) {
            connection->failed = true;
            return;
        }
    }
    connection->input_left = true;
}

static void on_ready(struct event_source *source, uint32_t events)
{
    struct http2_connection *connection = (struct http2_connection *)source;
    (void)events;
    connection->active_at = clock_monotonic(&clock_system);
    connection->want_write = false;
    if (connection->session == NULL) {
        enum status status = shake_hands(connection);
        connection->failed = status != STATUS_OK && status != STATUS_FULL;
    }
    if (!connection->failed && connection->session != NULL &&
        connection->output_bytes == connection->output_sent) {
        read_input(connection);
    }
    http2_connection_schedule(connection);
}

enum status http2_connection_watch(struct http2_connection *connection)
{
    connection->source.ready = on_ready;
    return event_loop_watch(connection->server->loop, &connection->source,
                            connection->want_write ? EPOLLOUT : EPOLLIN);
}

static enum status fill_output(struct http2_connection *connection)
{
    if (connection->output_sent == connection->output_bytes) {
        connection->output_sent = 0;
        connection->output_bytes = 0;
    }
    while (sizeof connection->output - connection->output_bytes >= FRAME_BYTES_MAX) {
        const uint8_t *data;
        ssize_t bytes = nghttp2_session_mem_send(connection->session, &data);
        if (bytes <= 0) {
            return bytes == 0 ? STATUS_OK : STATUS_PROTOCOL;
        }
        assert((size_t)bytes <= FRAME_BYTES_MAX);
        memcpy(connection->output + connection->output_bytes, data, (size_t)bytes);
        connection->output_bytes += (size_t)bytes;
    }
    return STATUS_OK;
}

static enum status write_output(struct http2_connection *connection)
{
    for (;;) {
        enum status status = fill_output(connection);
        size_t left = connection->output_bytes - connection->output_sent;
        if (status != STATUS_OK || left == 0) {
            return status;
        }
        ERR_clear_error();
        int sent =
            SSL_write(connection->tls, connection->output + connection->output_sent, (int)left);
        if (sent <= 0) {
            int why = SSL_get_error(connection->tls, sent);
            connection->want_write = why == SSL_ERROR_WANT_WRITE;
            return connection->want_write ? STATUS_OK : STATUS_UNAVAILABLE;
        }
        connection->output_sent += (size_t)sent;
    }
}

bool http2_connection_flush(struct http2_connection *connection)
{
    nghttp2_session *session = connection->session;
    if (!connection->reset && session != NULL && write_output(connection) != STATUS_OK) {
        connection->failed = true;
    }
    bool finished = session != NULL && !connection->want_write &&
                    !nghttp2_session_want_read(session) && !nghttp2_session_want_write(session);
    if (connection->failed || finished || http2_connection_watch(connection) != STATUS_OK) {
        http2_connection_close(connection);
        return false;
    }
    if (!connection->input_left || connection->want_write) {
        return false;
    }
    read_input(connection); /* TLS may hold bytes of which epoll knows nothing */
    http2_connection_schedule(connection);
    return true;
}

/* The request's stream, which the service is done with: nghttp2 may still be sending its answer. */
static void let_go(struct http2_connection *connection, struct http2_stream *stream)
{
    (void)nghttp2_session_set_stream_user_data(connection->session, stream->id, NULL);
    http2_stream_close(stream);
}

static ssize_t read_response(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t room,
                             uint32_t *flags, nghttp2_data_source *source, void *user_data)
{
    (void)session;
    (void)id;
    (void)user_data;
    struct http2_stream *stream = source->ptr;
    size_t bytes = stream->response_bytes - stream->response_sent;
    bytes = bytes < room ? bytes : room;
    memcpy(buffer, stream->response + stream->response_sent, bytes);
    stream->response_sent += bytes;
    if (stream->response_sent == stream->response_bytes) {
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

void http2_answer(struct http2_request *request, const struct http2_response *response)
{
    struct http2_stream *stream = (struct http2_stream *)request;
    struct http2_connection *connection = stream->connection;
    nghttp2_nv lines[HTTP2_RESPONSE_HEADERS_MAX + 1];
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
    connection->answered_id_max =
        stream->id > connection->answered_id_max ? stream->id : connection->answered_id_max;
    nghttp2_data_provider body = {.source = {.ptr = stream}, .read_callback = read_response};
    if (response->body.bytes > 0) {
        memcpy(stream->response, response->body.data, response->body.bytes);
        stream->response_bytes = response->body.bytes;
    }
    if (nghttp2_submit_response(connection->session, stream->id, lines, response->headers_count + 1,
                                response->body.bytes > 0 ? &body : NULL) != 0) {
        connection->failed = true;
    } else if (response->body.bytes == 0) {
        let_go(connection, stream); /* otherwise when the stream is closed */
    }
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
    let_go(connection, stream);
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
            let_go(connection, stream);
        }
    }
}

void http2_limit_streams(struct http2_request *request, unsigned streams)
{
    struct http2_connection *connection = ((struct http2_stream *)request)->connection;
    if (connection->streams_announced == streams) {
        return;
    }
    nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams};
    if (nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, &entry, 1) != 0) {
        connection->failed = true;
    }
    connection->streams_announced = streams;
}
