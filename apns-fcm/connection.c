#include "apns-fcm/connection.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apns-fcm/connection_private.h"
#include "apns-fcm/tls.h"

#define OPENING_MS_MAX   3000
#define BUSY_QUIET_MS    1000 /* in flight and nothing heard for this long: PING */
#define BUSY_PING_MS_MAX 1000
#define IDLE_QUIET_MS    30000
#define IDLE_PING_MS_MAX 3000
#define READ_BYTES       32768
#define READS_A_TURN_MAX 16 /* then the other connections have their turn */

static void set_output_wanted(struct connection *connection, bool wanted)
{
    if (connection->wants_output != wanted) {
        connection->wants_output = wanted;
        loop_change(connection->loop, connection->fd, &connection->source,
                    wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

static void finish_opening(struct connection *connection)
{
    if (!tls_negotiated_h2(connection->ssl)) {
        connection_close(connection, "peer-does-not-speak-h2");
        return;
    }
    if (connection_http2_begin(connection) != STATUS_OK) {
        connection_close(connection, "no-memory");
        return;
    }
    connection->state = CONNECTION_OPEN;
    connection->quiet_since = connection->loop->now;
    connection->events->opened(connection->owner, connection);
    connection_flush(connection);
}

/* What a TLS call that did not succeed is waiting for; false when it failed for good. */
static bool wait_for_tls(struct connection *connection, int result)
{
    switch (SSL_get_error(connection->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return true;
    case SSL_ERROR_WANT_WRITE:
        set_output_wanted(connection, true);
        return true;
    default:
        return false;
    }
}

static void go_on_with_handshake(struct connection *connection)
{
    set_output_wanted(connection, false);
    ERR_clear_error();
    int result = SSL_do_handshake(connection->ssl);
    if (result == 1) {
        finish_opening(connection);
    } else if (!wait_for_tls(connection, result)) {
        connection_close(connection, tls_failure_text(connection->ssl));
    }
}

static void go_on_with_connect(struct connection *connection)
{
    int failure = 0;
    socklen_t bytes = sizeof failure;
    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &failure, &bytes) != 0 || failure != 0) {
        connection_close(connection,
                         failure == ECONNREFUSED ? "connection-refused" : "connection-failed");
        return;
    }
    connection->state = CONNECTION_HANDSHAKE;
    go_on_with_handshake(connection);
}

/* nghttp2 wants neither when the peer's GOAWAY is done with, or after a fault of the protocol. */
static void close_when_over(struct connection *connection)
{
    if (connection->doom != NULL) {
        connection_close(connection, connection->doom);
    } else if (connection->output_bytes == 0 && !nghttp2_session_want_read(connection->session) &&
               !nghttp2_session_want_write(connection->session)) {
        connection_close(connection, connection->draining ? "drained" : "protocol-error");
    } else if (connection->draining && connection->streams.count == 0) {
        connection_close(connection, "drained");
    }
}

static void receive(struct connection *connection)
{
    static _Thread_local unsigned char buffer[READ_BYTES];
    for (int i = 0; i < READS_A_TURN_MAX; i++) {
        ERR_clear_error();
        int count = SSL_read(connection->ssl, buffer, sizeof buffer);
        if (count <= 0) {
            if (!wait_for_tls(connection, count)) {
                ERR_clear_error();
                connection_close(connection, "connection-lost");
            }
            return;
        }
        connection->quiet_since = connection->loop->now;
        connection->ping_sent_at = MONOTONIC_NEVER;
        if (!connection_http2_receive(connection, buffer, (size_t)count)) {
            connection_close(connection, connection->doom);
            return;
        }
    }
}

/* Sends what has gathered; false when the socket is full or has failed. */
static bool send_output(struct connection *connection)
{
    while (connection->output_at < connection->output_bytes) {
        ERR_clear_error();
        int count = SSL_write(connection->ssl, connection->output + connection->output_at,
                              (int)(connection->output_bytes - connection->output_at));
        if (count <= 0) {
            if (!wait_for_tls(connection, count)) {
                ERR_clear_error();
                connection_close(connection, "connection-lost");
            }
            return false;
        }
        connection->output_at += (size_t)count;
    }
    connection->output_at = 0;
    connection->output_bytes = 0;
    return true;
}

void connection_flush(struct connection *connection)
{
    if (connection->state != CONNECTION_OPEN || connection->wants_output) {
        return; /* the loop says when the socket takes more */
    }
    for (;;) {
        if (!connection_http2_gather(connection)) {
            connection_close(connection, connection->doom);
            return;
        }
        if (connection->output_bytes == 0) {
            break;
        }
        if (!send_output(connection)) {
            return;
        }
    }
    close_when_over(connection);
}

static void on_ready(struct loop_source *source, uint32_t events)
{
    struct connection *connection = (struct connection *)source;
    switch (connection->state) {
    case CONNECTION_CONNECTING:
        go_on_with_connect(connection);
        return;
    case CONNECTION_HANDSHAKE:
        go_on_with_handshake(connection);
        return;
    case CONNECTION_OPEN:
        break;
    case CONNECTION_CLOSED:
        return; /* closed earlier in this turn */
    }
    if ((events & EPOLLOUT) != 0) {
        set_output_wanted(connection, false);
    }
    receive(connection);
    /* What the answers made room for is sent by the channel, at the end of the turn. */
    if (connection->state == CONNECTION_OPEN) {
        close_when_over(connection);
    }
}

/* The socket, connecting; -1 when that failed at once. */
static int begin_connect(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    address->ai_protocol);
    if (fd < 0) {
        return -1;
    }
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

enum status connection_open(struct loop *loop, SSL_CTX *tls, const char *host,
                            const struct addrinfo *address, const struct connection_events *events,
                            void *owner, struct connection **connection_r)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return STATUS_NO_MEMORY;
    }
    connection->source.ready = on_ready;
    connection->loop = loop;
    connection->events = events;
    connection->owner = owner;
    connection->opening_until = monotonic_add(loop->now, OPENING_MS_MAX);
    connection->ping_sent_at = MONOTONIC_NEVER;
    connection->second_began = loop->now;
    connection->wants_output = true;
    connection->fd = begin_connect(address);
    enum status status = STATUS_UNAVAILABLE;
    if (connection->fd >= 0) {
        connection->ssl = tls_client_create(tls, connection->fd, host);
        status = connection->ssl == NULL
                     ? STATUS_NO_MEMORY
                     : loop_add(loop, connection->fd, &connection->source, EPOLLIN | EPOLLOUT);
    }
    if (status != STATUS_OK) {
        SSL_free(connection->ssl);
        if (connection->fd >= 0) {
            (void)close(connection->fd);
        }
        free(connection);
        return status;
    }
    *connection_r = connection;
    return STATUS_OK;
}

void connection_destroy(struct connection **connection)
{
    if (*connection == NULL) {
        return;
    }
    assert((*connection)->state == CONNECTION_CLOSED && (*connection)->streams.count == 0);
    nghttp2_session_del((*connection)->session);
    SSL_free((*connection)->ssl);
    free(*connection);
    *connection = NULL;
}

void connection_close(struct connection *connection, const char *reason)
{
    if (connection->state == CONNECTION_CLOSED) {
        return;
    }
    if (connection->state == CONNECTION_OPEN) {
        (void)SSL_shutdown(connection->ssl); /* best effort: tells a live peer */
        ERR_clear_error();
    }
    connection->state = CONNECTION_CLOSED;
    loop_remove(connection->loop, connection->fd);
    (void)close(connection->fd);
    connection->fd = -1;
    /* From the last, as those that may be replayed go to the head of the queue one by one. */
    while (connection->streams.last != NULL) {
        struct exchange *exchange = connection->streams.last;
        connection_end_exchange(connection, exchange,
                                exchange->written ? EXCHANGE_UNANSWERED : EXCHANGE_NOT_PROCESSED);
    }
    connection->events->closed(connection->owner, connection, reason);
}

void connection_drain(struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED) {
        return;
    }
    connection->draining = true;
    if (connection->state != CONNECTION_OPEN || connection->streams.count == 0) {
        connection_close(connection, "drained");
    }
}

size_t connection_in_flight(const struct connection *connection)
{
    return connection->streams.count;
}

bool connection_is_open(const struct connection *connection)
{
    return connection->state == CONNECTION_OPEN;
}

bool connection_was_open(const struct connection *connection)
{
    return connection->session != NULL;
}

bool connection_is_draining(const struct connection *connection)
{
    return connection->draining;
}

bool connection_has_answered(const struct connection *connection)
{
    return connection->answered;
}

static bool ping_under_way(const struct connection *connection)
{
    return connection->ping_sent_at.ms != TIME_NEVER_MS;
}

struct monotonic_time connection_due(const struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED) {
        return MONOTONIC_NEVER;
    }
    if (connection->state != CONNECTION_OPEN) {
        return connection->opening_until;
    }
    bool busy = connection->streams.count > 0;
    if (ping_under_way(connection)) {
        return monotonic_add(connection->ping_sent_at, busy ? BUSY_PING_MS_MAX : IDLE_PING_MS_MAX);
    }
    return monotonic_add(connection->quiet_since, busy ? BUSY_QUIET_MS : IDLE_QUIET_MS);
}

void connection_tick(struct connection *connection)
{
    if (connection_due(connection).ms > connection->loop->now.ms) {
        return;
    }
    if (connection->state != CONNECTION_OPEN) {
        connection_close(connection, "connection-timeout");
    } else if (ping_under_way(connection)) {
        connection_close(connection, "peer-is-dead");
    } else {
        (void)nghttp2_submit_ping(connection->session, NGHTTP2_FLAG_NONE, NULL);
        connection->ping_sent_at = connection->loop->now;
        connection_flush(connection);
    }
}
