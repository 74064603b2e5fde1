#include "tests/support/provider/http2_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/provider/http2_private.h"

#define HANDSHAKE_MS_MAX 10000
#define LISTEN_BACKLOG   1024
#define ACCEPTS_A_TURN   64

static const char idle_debug[] = "{\"reason\":\"IdleTimeout\"}";

/* A socket bound to 127.0.0.1:port, or -1 with errno. */
static int bind_socket(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    int yes = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int saved = errno;
        (void)close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static void on_incoming(struct event_source *source, uint32_t events)
{
    struct http2_server *server = (struct http2_server *)source;
    (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return; /* nobody there, or no descriptors: the listener will call again */
        }
        if (server->statistics.connections_open >= HTTP2_CONNECTIONS_MAX) {
            server->statistics.connections_refused++;
            (void)close(fd);
        } else if (http2_connection_open(server, fd) == STATUS_OK) {
            server->statistics.connections_accepted++;
        }
    }
}

enum status http2_server_listen(struct http2_server *server, struct error *error)
{
    int fd = bind_socket(server->port);
    if (fd < 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        int saved = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return error_set(error, STATUS_IO, "listening on port %u: %s", server->port,
                         strerror(saved));
    }
    server->listener =
        (struct event_source){.fd = fd, .ready = on_incoming, .events = 0, .watched = false};
    if (!server->frozen &&
        event_loop_watch(server->loop, &server->listener, EPOLLIN) != STATUS_OK) {
        return error_set(error, STATUS_IO, "watching port %u: %s", server->port, strerror(errno));
    }
    return STATUS_OK;
}

void http2_server_stop_listening(struct http2_server *server)
{
    if (server->listener.fd >= 0) {
        event_loop_forget(server->loop, &server->listener);
        (void)close(server->listener.fd);
        server->listener.fd = -1;
    }
}

/* Takes a port and keeps it: a bound socket that never listens refuses connections, and nobody else
 * can be given the port while the provider is down. */
static enum status reserve_port(struct http2_server *server, struct error *error)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t address_bytes = sizeof address;
    server->reservation_fd = bind_socket(server->options.port);
    if (server->reservation_fd < 0 ||
        getsockname(server->reservation_fd, (struct sockaddr *)&address, &address_bytes) != 0) {
        return error_set(error, STATUS_IO, "binding port %u: %s", server->options.port,
                         strerror(errno));
    }
    server->port = ntohs(address.sin_port);
    return STATUS_OK;
}

enum status http2_server_create(struct event_loop *loop, SSL_CTX *tls,
                                const struct http2_service *service,
                                const struct http2_server_options *options,
                                struct http2_server **server_r, struct error *error)
{
    assert(service->headers_count <= HTTP2_HEADERS_MAX);
    struct http2_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "server");
    }
    server->loop = loop;
    server->tls = tls;
    server->service = *service;
    server->options = *options;
    server->listener.fd = -1;
    server->reservation_fd = -1;
    TAILQ_INIT(&server->connections);
    TAILQ_INIT(&server->to_flush);
    TAILQ_INIT(&server->free_streams);
    TAILQ_INIT(&server->deferred);
    server->streams_max = service->streams_max;
    for (int i = 0; i < FILLERS_COUNT; i++) {
        server->fillers[i] = -1;
    }
    for (unsigned i = 0; i < service->headers_count; i++) {
        server->header_name_bytes[i] = strlen(service->header_names[i]);
    }
    enum status status = http2_session_setup(server);
    if (status == STATUS_OK) {
        status = reserve_port(server, error);
    }
    if (status == STATUS_OK) {
        status = http2_server_listen(server, error);
    }
    if (status != STATUS_OK) {
        http2_server_destroy(&server);
        return status;
    }
    *server_r = server;
    return STATUS_OK;
}

void http2_server_close_connections(struct http2_server *server, bool reset)
{
    struct http2_connection *connection;
    while ((connection = TAILQ_FIRST(&server->connections)) != NULL) {
        connection->reset = reset;
        http2_connection_close(connection);
    }
}

void http2_server_destroy(struct http2_server **server_at)
{
    struct http2_server *server = *server_at;
    if (server == NULL) {
        return;
    }
    http2_server_close_connections(server, false);
    http2_server_stop_listening(server);
    if (server->reservation_fd >= 0) {
        (void)close(server->reservation_fd);
    }
    http2_stream_pool_destroy(server);
    http2_session_teardown(server);
    http2_close_fillers(server);
    free(server);
    *server_at = NULL;
}

uint16_t http2_server_port(const struct http2_server *server)
{
    return server->port;
}

void http2_server_statistics(const struct http2_server *server,
                             struct http2_statistics *statistics_r)
{
    *statistics_r = server->statistics;
}

bool http2_server_flush(struct http2_server *server)
{
    bool input_left = false;
    if (server->frozen) {
        return false;
    }
    /* Connections that read on are scheduled again, behind the ones of this round. */
    struct http2_connection *last = TAILQ_LAST(&server->to_flush, http2_connection_list);
    struct http2_connection *connection = NULL;
    while (last != NULL && connection != last) {
        connection = TAILQ_FIRST(&server->to_flush);
        TAILQ_REMOVE(&server->to_flush, connection, flush_link);
        connection->in_flush = false;
        input_left |= http2_connection_flush(connection);
    }
    return input_left;
}

void http2_server_tick(struct http2_server *server)
{
    if (server->frozen) {
        return;
    }
    int64_t now_ms = clock_monotonic(&clock_system).ms;
    int64_t idle_ms_max = server->options.idle_timeout_s * 1000;
    struct http2_connection *connection, *next;
    for (connection = TAILQ_FIRST(&server->connections); connection != NULL; connection = next) {
        next = TAILQ_NEXT(connection, link);
        int64_t idle_ms = now_ms - connection->active_at.ms;
        if (!connection->established && idle_ms > HANDSHAKE_MS_MAX &&
            connection->arrival != HTTP2_ARRIVALS_STALL) {
            http2_connection_close(connection);
        } else if (connection->session != NULL && idle_ms_max > 0 && idle_ms > idle_ms_max &&
                   TAILQ_EMPTY(&connection->streams)) {
            connection->last_stream_id = connection->answered_id_max;
            connection->failed =
                nghttp2_submit_goaway(connection->session, NGHTTP2_FLAG_NONE,
                                      connection->last_stream_id, NGHTTP2_NO_ERROR,
                                      (const uint8_t *)idle_debug, strlen(idle_debug)) != 0;
            server->statistics.goaways++;
            http2_connection_schedule(connection);
        }
    }
}
