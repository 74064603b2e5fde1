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

/* What it is worth is said later, in an answer. */
static int take_any_certificate(int verified, X509_STORE_CTX *context)
{
    (void)verified;
    (void)context;
    return 1;
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
    connection->arrival = server->arrivals;
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
    if (server->service.asks_for_certificate) {
        SSL_set_verify(connection->tls, SSL_VERIFY_PEER, take_any_certificate);
    }
    return STATUS_OK;
}

/* What came and was not read would make the kernel reset the connection, and the other side lose
 * what was said last, a GOAWAY for one (RFC 9113, 6.8). */
static void read_the_rest(int fd)
{
    char rest[INPUT_BYTES_A_READ];
    (void)shutdown(fd, SHUT_WR);
    for (int i = 0; i < READS_A_TURN_MAX; i++) {
        if (recv(fd, rest, sizeof rest, MSG_DONTWAIT) <= 0) {
            break;
        }
    }
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
        read_the_rest(connection->source.fd);
    }
    SSL_free(connection->tls);
    free(connection->raw);
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

static void note_handshake(struct http2_connection *connection)
{
    connection->established = true;
    connection->server->statistics.resumed += SSL_session_reused(connection->tls) == 1;
    if (SSL_get0_peer_certificate(connection->tls) != NULL) {
        connection->certificate = SSL_get_verify_result(connection->tls) == X509_V_OK
                                      ? HTTP2_CERTIFICATE_TRUSTED
                                      : HTTP2_CERTIFICATE_FOREIGN;
    }
}

/* STATUS_FULL: the peer has to say more first. */
static enum status shake_hands(struct http2_connection *connection)
{
    ERR_clear_error();
    int done = SSL_do_handshake(connection->tls);
    if (done == 1) {
        note_handshake(connection);
        return http2_session_begin(connection);
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
        if (connection->session == NULL) {
            continue; /* nobody listens */
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
    connection->active_at = clock_monotonic(&clock_system);
    connection->want_write = false;
    if (connection->arrival == HTTP2_ARRIVALS_STALL) {
        connection->failed = (events & (EPOLLHUP | EPOLLERR)) != 0;
        http2_connection_schedule(connection);
        return;
    }
    if (!connection->established) {
        enum status status = shake_hands(connection);
        connection->failed = status != STATUS_OK && status != STATUS_FULL;
    }
    if (!connection->failed && connection->established &&
        connection->output_bytes == connection->output_sent) {
        read_input(connection);
    }
    http2_connection_schedule(connection);
}

enum status http2_connection_watch(struct http2_connection *connection)
{
    connection->source.ready = on_ready;
    uint32_t events = connection->want_write ? EPOLLOUT : EPOLLIN;
    if (connection->arrival == HTTP2_ARRIVALS_STALL) {
        events = 0; /* only that the peer has given up */
    }
    return event_loop_watch(connection->server->loop, &connection->source, events);
}

static void take_raw(struct http2_connection *connection)
{
    size_t left = connection->raw_bytes - connection->raw_sent;
    size_t bytes = left < FRAME_BYTES_MAX ? left : FRAME_BYTES_MAX;
    memcpy(connection->output + connection->output_bytes, connection->raw + connection->raw_sent,
           bytes);
    connection->output_bytes += bytes;
    connection->raw_sent += bytes;
    if (connection->raw_sent == connection->raw_bytes) {
        free(connection->raw);
        connection->raw = NULL;
        connection->raw_bytes = 0;
        connection->raw_sent = 0;
    }
}

static enum status fill_output(struct http2_connection *connection)
{
    if (connection->output_sent == connection->output_bytes) {
        connection->output_sent = 0;
        connection->output_bytes = 0;
    }
    while (sizeof connection->output - connection->output_bytes >= FRAME_BYTES_MAX) {
        const uint8_t *data;
        if (connection->raw != NULL && connection->greeted) {
            take_raw(connection);
            continue;
        }
        if (connection->session == NULL) {
            return STATUS_OK;
        }
        ssize_t bytes = nghttp2_session_mem_send(connection->session, &data);
        if (bytes <= 0) {
            return bytes == 0 ? STATUS_OK : STATUS_PROTOCOL;
        }
        assert((size_t)bytes <= FRAME_BYTES_MAX);
        memcpy(connection->output + connection->output_bytes, data, (size_t)bytes);
        connection->output_bytes += (size_t)bytes;
        connection->greeted = true;
    }
    return STATUS_OK;
}

static enum status write_output(struct http2_connection *connection)
{
    size_t split_bytes = connection->server->habits.split_bytes;
    for (;;) {
        enum status status = fill_output(connection);
        size_t left = connection->output_bytes - connection->output_sent;
        if (status != STATUS_OK || left == 0) {
            return status;
        }
        size_t bytes = split_bytes > 0 && left > split_bytes ? split_bytes : left;
        /* What TLS could not write must come again, and not be less. */
        bytes = bytes < connection->retry_bytes ? connection->retry_bytes : bytes;
        ERR_clear_error();
        int sent =
            SSL_write(connection->tls, connection->output + connection->output_sent, (int)bytes);
        if (sent <= 0) {
            int why = SSL_get_error(connection->tls, sent);
            connection->want_write = why == SSL_ERROR_WANT_WRITE;
            connection->retry_bytes = bytes;
            return connection->want_write ? STATUS_OK : STATUS_UNAVAILABLE;
        }
        connection->retry_bytes = 0;
        connection->output_sent += (size_t)sent;
    }
}

static bool is_finished(const struct http2_connection *connection)
{
    nghttp2_session *session = connection->session;
    if (connection->want_write || !connection->established) {
        return false;
    }
    return session == NULL
               ? connection->goodbye
               : !nghttp2_session_want_read(session) && !nghttp2_session_want_write(session);
}

bool http2_connection_flush(struct http2_connection *connection)
{
    if (!connection->reset && connection->established && write_output(connection) != STATUS_OK) {
        connection->failed = true;
    }
    if (connection->failed || is_finished(connection) ||
        http2_connection_watch(connection) != STATUS_OK) {
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
