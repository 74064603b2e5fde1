#include "tests/support/provider/http2_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/provider/http2_private.h"

const char *const http2_arrivals_words[] = {
#define HTTP2_ARRIVALS_WORD(name, word) word,
    HTTP2_ARRIVALS_TABLE(HTTP2_ARRIVALS_WORD)
#undef HTTP2_ARRIVALS_WORD
        NULL};

enum status http2_server_set_down(struct http2_server *server, bool down, struct error *error)
{
    if (down) {
        http2_close_fillers(server);
        server->arrivals = HTTP2_ARRIVALS_SERVE;
        http2_server_stop_listening(server);
        http2_server_close_connections(server, true);
        return STATUS_OK;
    }
    return server->listener.fd >= 0 ? STATUS_OK : http2_server_listen(server, error);
}

enum status http2_server_set_frozen(struct http2_server *server, bool frozen)
{
    enum status status = STATUS_OK;
    struct http2_connection *connection, *next;
    server->frozen = frozen;
    if (server->listener.fd >= 0) {
        if (frozen) {
            event_loop_forget(server->loop, &server->listener);
        } else if (server->arrivals != HTTP2_ARRIVALS_UNREACHABLE) {
            status = event_loop_watch(server->loop, &server->listener, EPOLLIN);
        }
    }
    for (connection = TAILQ_FIRST(&server->connections); connection != NULL; connection = next) {
        next = TAILQ_NEXT(connection, link);
        if (frozen) {
            event_loop_forget(server->loop, &connection->source);
        } else if (http2_connection_watch(connection) != STATUS_OK) {
            http2_connection_close(connection);
        } else {
            http2_connection_schedule(connection); /* TLS may hold bytes from before */
        }
    }
    return status;
}

void http2_server_set_tls(struct http2_server *server, SSL_CTX *tls)
{
    server->tls = tls;
}

unsigned http2_server_streams(const struct http2_server *server)
{
    return server->streams_max;
}

void http2_server_set_streams(struct http2_server *server, unsigned streams)
{
    struct http2_connection *connection;
    server->streams_max = streams;
    TAILQ_FOREACH(connection, &server->connections, link)
    {
        http2_session_limit_streams(connection);
        http2_connection_schedule(connection);
    }
}

void http2_server_set_window(struct http2_server *server, uint32_t window_bytes,
                             int64_t update_delay_ms)
{
    struct http2_connection *connection;
    bool changed = server->stream_window_bytes != window_bytes;
    uint32_t announced = window_bytes > 0 ? window_bytes : (uint32_t)NGHTTP2_INITIAL_WINDOW_SIZE;
    nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, announced};
    server->stream_window_bytes = window_bytes;
    server->update_delay_ms = update_delay_ms;
    server->update_due_ms = 1; /* what waited for the old delay is given back at once */
    TAILQ_FOREACH(connection, &server->connections, link)
    {
        if (changed && connection->session != NULL) {
            connection->failed =
                nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, &entry, 1) != 0;
            http2_connection_schedule(connection);
        }
    }
}

struct http2_habits *http2_server_habits(struct http2_server *server)
{
    return &server->habits;
}

static enum status send_goaway(struct http2_connection *connection, const char *debug)
{
    connection->last_stream_id = nghttp2_session_get_last_proc_stream_id(connection->session);
    return nghttp2_submit_goaway(connection->session, NGHTTP2_FLAG_NONE, connection->last_stream_id,
                                 NGHTTP2_NO_ERROR, (const uint8_t *)debug, strlen(debug)) == 0
               ? STATUS_OK
               : STATUS_NO_MEMORY;
}

void http2_server_go_away(struct http2_server *server, const char *debug, bool notice)
{
    struct http2_connection *connection;
    TAILQ_FOREACH(connection, &server->connections, link)
    {
        if (connection->session == NULL || connection->last_stream_id != INT32_MAX) {
            continue;
        }
        connection->failed = notice ? nghttp2_submit_shutdown_notice(connection->session) != 0
                                    : send_goaway(connection, debug) != STATUS_OK;
        server->statistics.goaways++;
        http2_connection_schedule(connection);
    }
}

/* Keeps the queue of the listener full: the kernel then drops every SYN. */
static enum status fill_queue(struct http2_server *server, struct error *error)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(server->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    event_loop_forget(server->loop, &server->listener);
    if (listen(server->listener.fd, 0) != 0) {
        return error_set(error, STATUS_IO, "listening: %s", strerror(errno));
    }
    for (int i = 0; i < FILLERS_COUNT; i++) {
        server->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (server->fillers[i] < 0 ||
            (connect(server->fillers[i], (const struct sockaddr *)&address, sizeof address) != 0 &&
             errno != EINPROGRESS)) {
            return error_set(error, STATUS_IO, "filling the queue: %s", strerror(errno));
        }
    }
    return STATUS_OK;
}

void http2_close_fillers(struct http2_server *server)
{
    for (int i = 0; i < FILLERS_COUNT; i++) {
        if (server->fillers[i] >= 0) {
            (void)close(server->fillers[i]);
            server->fillers[i] = -1;
        }
    }
}

static void wake_stalled(struct http2_server *server)
{
    struct http2_connection *connection, *next;
    for (connection = TAILQ_FIRST(&server->connections); connection != NULL; connection = next) {
        next = TAILQ_NEXT(connection, link);
        if (connection->arrival == HTTP2_ARRIVALS_STALL) {
            connection->arrival = HTTP2_ARRIVALS_SERVE;
            connection->active_at = clock_monotonic(&clock_system);
            http2_connection_schedule(connection); /* watches it */
        }
    }
}

enum status http2_server_set_arrivals(struct http2_server *server, enum http2_arrivals arrivals,
                                      struct error *error)
{
    enum status status = STATUS_OK;
    if (server->arrivals == arrivals) {
        return STATUS_OK;
    }
    if (server->listener.fd < 0) {
        return error_set(error, STATUS_CONFLICT, "the provider is down");
    }
    if (server->arrivals == HTTP2_ARRIVALS_UNREACHABLE) {
        http2_close_fillers(server);
        http2_server_stop_listening(server);
        status = http2_server_listen(server, error);
    }
    if (server->arrivals == HTTP2_ARRIVALS_STALL) {
        wake_stalled(server);
    }
    server->arrivals = arrivals;
    if (status == STATUS_OK && arrivals == HTTP2_ARRIVALS_UNREACHABLE) {
        status = fill_queue(server, error);
    }
    return status;
}
