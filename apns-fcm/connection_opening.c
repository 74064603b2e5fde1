/* connection_opening.c - from an address to an open HTTP/2 connection: TCP, the proxy's tunnel if
 * there is one (CONNECT, RFC 9110, section 9.3.6), TLS with ALPN. */
#include "apns-fcm/connection_private.h"

#include <arpa/inet.h>
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

#include "apns-fcm/tls.h"
#include "gateway/base/text.h"

bool connection_wait_for_tls(struct connection *connection, int result)
{
    switch (SSL_get_error(connection->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return true;
    case SSL_ERROR_WANT_WRITE:
        connection_want_output(connection, true);
        return true;
    default:
        return false;
    }
}

static void finish(struct connection *connection)
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
    connection->opened_at = connection->loop->now;
    connection->quiet_since = connection->loop->now;
    connection->input_left = true; /* SETTINGS may have come with the end of the handshake */
    connection->events->opened(connection->owner, connection);
    connection_flush(connection);
}

static void go_on_with_handshake(struct connection *connection)
{
    connection_want_output(connection, false);
    ERR_clear_error();
    int result = SSL_do_handshake(connection->ssl);
    if (result == 1) {
        finish(connection);
    } else if (!connection_wait_for_tls(connection, result)) {
        connection_close(connection, tls_failure_text(connection->ssl));
    }
}

static void begin_handshake(struct connection *connection)
{
    connection->state = CONNECTION_HANDSHAKE;
    go_on_with_handshake(connection);
}

/* An IPv6 address stands in brackets before its port. */
static void write_connect(struct connection *connection)
{
    const struct connection_target *target = &connection->target;
    bool bare_ipv6 = strchr(target->host, ':') != NULL;
    const char *open = bare_ipv6 ? "[" : "", *close = bare_ipv6 ? "]" : "";
    int bytes = snprintf((char *)connection->output, sizeof connection->output,
                         "CONNECT %s%s%s:%s HTTP/1.1\r\nHost: %s%s%s:%s\r\n%s%s%s\r\n", open,
                         target->host, close, target->port, open, target->host, close, target->port,
                         target->proxy_authorization != NULL ? "Proxy-Authorization: " : "",
                         target->proxy_authorization != NULL ? target->proxy_authorization : "",
                         target->proxy_authorization != NULL ? "\r\n" : "");
    connection->output_at = 0;
    connection->output_bytes = bytes > 0 ? (size_t)bytes : 0; /* texts are bounded: it fits */
    connection->state = CONNECTION_ASKING;
}

static void go_on_asking(struct connection *connection)
{
    ssize_t count = send(connection->fd, connection->output + connection->output_at,
                         connection->output_bytes - connection->output_at, MSG_NOSIGNAL);
    if (count < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            connection_close(connection, "proxy-failed");
        }
        return;
    }
    connection->output_at += (size_t)count;
    if (connection->output_at == connection->output_bytes) {
        connection->output_at = 0;
        connection->output_bytes = 0;
        connection->state = CONNECTION_TUNNELLING;
        connection_want_output(connection, false);
    }
}

/* "HTTP/1.1 200 …": any 2xx makes the tunnel. */
static bool is_success(const unsigned char *answer, size_t bytes)
{
    return bytes >= 12 && memcmp(answer, "HTTP/1.", 7) == 0 && answer[8] == ' ' && answer[9] == '2';
}

/* Byte by byte, as whatever follows the answer's empty line belongs to TLS. */
static void go_on_tunnelling(struct connection *connection)
{
    for (;;) {
        unsigned char *answer = connection->output;
        ssize_t count = recv(connection->fd, answer + connection->output_bytes, 1, 0);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (count <= 0 || connection->output_bytes == PROXY_ANSWER_BYTES_MAX) {
            connection_close(connection, "proxy-failed");
            return;
        }
        size_t bytes = ++connection->output_bytes;
        if (bytes >= 4 && memcmp(answer + bytes - 4, "\r\n\r\n", 4) == 0) {
            connection->output_bytes = 0;
            if (is_success(answer, bytes)) {
                begin_handshake(connection);
            } else {
                connection_close(connection, "proxy-refused");
            }
            return;
        }
    }
}

static void go_on_connecting(struct connection *connection)
{
    int failure = 0;
    socklen_t bytes = sizeof failure;
    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &failure, &bytes) != 0 || failure != 0) {
        connection_close(connection,
                         failure == ECONNREFUSED ? "connection-refused" : "connection-failed");
    } else if (connection->target.through_proxy) {
        write_connect(connection);
        go_on_asking(connection);
    } else {
        begin_handshake(connection);
    }
}

void connection_go_on_opening(struct connection *connection)
{
    switch (connection->state) {
    case CONNECTION_CONNECTING:
        go_on_connecting(connection);
        break;
    case CONNECTION_ASKING:
        go_on_asking(connection);
        break;
    case CONNECTION_TUNNELLING:
        go_on_tunnelling(connection);
        break;
    case CONNECTION_HANDSHAKE:
        go_on_with_handshake(connection);
        break;
    case CONNECTION_OPEN:
    case CONNECTION_CLOSED:
        break;
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

static void write_address(const struct addrinfo *address, char text_r[48])
{
    const void *bytes =
        address->ai_family == AF_INET6
            ? (const void *)&((const struct sockaddr_in6 *)(const void *)address->ai_addr)
                  ->sin6_addr
            : (const void *)&((const struct sockaddr_in *)(const void *)address->ai_addr)->sin_addr;
    if (inet_ntop(address->ai_family, bytes, text_r, 48) == NULL) {
        text_r[0] = '\0';
    }
}

/* TLS and the loop's registration; on failure what was made stays for the caller to take back. */
static enum status prepare(struct connection *connection, SSL_SESSION *session)
{
    if (connection->fd < 0) {
        return STATUS_UNAVAILABLE;
    }
    connection->ssl =
        tls_client_create(connection->target.tls, connection->fd, connection->target.host);
    if (connection->ssl == NULL) {
        return STATUS_NO_MEMORY;
    }
    (void)SSL_set_app_data(connection->ssl, connection);
    if (session != NULL) {
        (void)SSL_set_session(connection->ssl,
                              session); /* without it the handshake is a full one */
    }
    ERR_clear_error();
    return loop_add(connection->loop, connection->fd, &connection->source,
                    CONNECTION_INPUT | EPOLLOUT);
}

/* OpenSSL's way to hand out a session: at any time after the handshake. */
static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
    struct connection *connection = SSL_get_app_data(ssl);
    if (connection == NULL) {
        return 0;
    }
    connection->events->session(connection->owner, session);
    return 1; /* ours now */
}

enum status connection_open(struct loop *loop, const struct connection_target *target,
                            const struct addrinfo *address, SSL_SESSION *session,
                            int64_t opening_ms_max, uint64_t number,
                            const struct connection_events *events, void *owner,
                            struct connection **connection_r)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return STATUS_NO_MEMORY;
    }
    connection->source.ready = connection_on_ready;
    connection->loop = loop;
    connection->target = *target;
    connection->events = events;
    connection->owner = owner;
    connection->number = number;
    connection->opened_at = loop->now;
    connection->opening_until = monotonic_add(loop->now, opening_ms_max);
    connection->ping_sent_at = MONOTONIC_NEVER;
    connection->ping_ms = -1;
    connection->second_began = loop->now;
    connection->wants_output = true;
    write_address(address, connection->address);
    (void)text_copy(connection->host, sizeof connection->host, target->host);
    connection->target.host = connection->host; /* the view shows it after a reload, too */
    (void)SSL_CTX_set_session_cache_mode(target->tls,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(target->tls, on_new_session);
    connection->fd = begin_connect(address);
    enum status status = prepare(connection, session);
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
