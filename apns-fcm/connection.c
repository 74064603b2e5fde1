#include "apns-fcm/connection.h"

#include <assert.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <unistd.h>

#include "apns-fcm/connection_private.h"
#include "gateway/base/text.h"

/* With something in flight and nothing heard: PING, suspect, give up; 1.4 s in all. */
#define BUSY_QUIET_MS        700
#define BUSY_PING_MS_SUSPECT 300
#define BUSY_PING_MS_MAX     700
#define IDLE_QUIET_MS        30000
#define IDLE_PING_MS_MAX     3000
#define READ_BYTES           32768
#define READS_A_TURN_MAX     16 /* then the other connections have their turn */

void connection_want_output(struct connection *connection, bool wanted)
{
    if (connection->wants_output != wanted) {
        connection->wants_output = wanted;
        loop_change(connection->loop, connection->fd, &connection->source,
                    wanted ? CONNECTION_INPUT | EPOLLOUT : CONNECTION_INPUT);
    }
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

/* Reads what is there. With to_the_end until TLS has no more to give: the peer closed behind it,
 * and nothing new may be sent on a connection that is over. */
static void receive(struct connection *connection, bool to_the_end)
{
    static _Thread_local unsigned char buffer[READ_BYTES];
    connection->input_left = false;
    for (int i = 0; i < READS_A_TURN_MAX; i++) {
        ERR_clear_error();
        int count = SSL_read(connection->ssl, buffer, sizeof buffer);
        if (count <= 0) {
            if (!connection_wait_for_tls(connection, count)) {
                ERR_clear_error();
                connection_close(connection, "connection-lost");
            }
            return;
        }
        connection->quiet_since = connection->loop->now;
        if (!connection_http2_receive(connection, buffer, (size_t)count)) {
            connection_close(connection, connection->doom);
            return;
        }
        if (!to_the_end && SSL_has_pending(connection->ssl) == 0) {
            return; /* epoll says when there is more: asking TLS again would be a call for nothing
                     */
        }
    }
    connection->input_left = true;
}

/* Sends what has gathered; false when the socket is full or has failed. A peer that left may have
 * said GOAWAY first, and what it took and what it did not: so that is read before the close. */
static bool send_output(struct connection *connection)
{
    while (connection->output_at < connection->output_bytes) {
        ERR_clear_error();
        int count = SSL_write(connection->ssl, connection->output + connection->output_at,
                              (int)(connection->output_bytes - connection->output_at));
        if (count <= 0) {
            if (!connection_wait_for_tls(connection, count)) {
                ERR_clear_error();
                connection->output_ended = true;
                connection->input_left = true;
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
    if (connection->state != CONNECTION_OPEN || connection->wants_output ||
        connection->output_ended) {
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

/* What the answers make room for is sent by the pool, at the end of the turn. */
static void take_input(struct connection *connection, bool to_the_end)
{
    receive(connection, to_the_end || connection->output_ended);
    if (connection->state == CONNECTION_OPEN) {
        close_when_over(connection);
    }
    if (connection->state == CONNECTION_OPEN && connection->output_ended &&
        !connection->input_left) {
        connection_close(connection, "connection-lost");
    }
}

void connection_on_ready(struct loop_source *source, uint32_t events)
{
    struct connection *connection = (struct connection *)source;
    if (connection->state != CONNECTION_OPEN) {
        connection_go_on_opening(connection); /* nothing, if it closed earlier in this turn */
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        connection_want_output(connection, false);
    }
    take_input(connection, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
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

bool connection_call_back(struct connection *connection)
{
    bool returns = connection->state == CONNECTION_OPEN && connection->may_return;
    if (returns) {
        connection->draining = false;
        connection->may_return = false;
    }
    return returns;
}

void connection_drain(struct connection *connection, bool may_return)
{
    if (connection->state == CONNECTION_CLOSED) {
        return;
    }
    connection->draining = true;
    connection->may_return = may_return;
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

bool connection_has_answered(const struct connection *connection)
{
    return connection->answered;
}

uint64_t connection_number(const struct connection *connection)
{
    return connection->number;
}

bool connection_was_resumed(const struct connection *connection)
{
    return connection->ssl != NULL && SSL_session_reused(connection->ssl) == 1;
}

void connection_view(const struct connection *connection, struct push_connection_view *view_r)
{
    bool open = connection->state == CONNECTION_OPEN;
    (void)text_copy(view_r->host, sizeof view_r->host, connection->target.host);
    (void)text_copy(view_r->address, sizeof view_r->address, connection->address);
    view_r->open = open;
    view_r->draining = connection->draining;
    view_r->in_flight = (unsigned)connection->streams.count;
    view_r->streams_max = open && connection->settings_seen
                              ? nghttp2_session_get_remote_settings(
                                    connection->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
                              : 0;
    view_r->answered = connection->answers;
    view_r->age_ms = connection->loop->now.ms - connection->opened_at.ms;
    view_r->ping_ms = connection->ping_ms;
}

static bool ping_under_way(const struct connection *connection)
{
    return connection->ping_sent_at.ms != TIME_NEVER_MS;
}

static bool is_busy(const struct connection *connection)
{
    return connection->streams.count > 0;
}

static struct monotonic_time suspect_at(const struct connection *connection)
{
    return ping_under_way(connection) && is_busy(connection)
               ? monotonic_add(connection->ping_sent_at, BUSY_PING_MS_SUSPECT)
               : MONOTONIC_NEVER;
}

bool connection_is_suspect(const struct connection *connection)
{
    return suspect_at(connection).ms <= connection->loop->now.ms;
}

struct monotonic_time connection_quiet_since(const struct connection *connection)
{
    return connection->quiet_since;
}

/* When a PING is sent, or the peer that owes one its answer is given up. */
static struct monotonic_time tick_due(const struct connection *connection)
{
    if (connection->state != CONNECTION_OPEN) {
        return connection->opening_until;
    }
    if (ping_under_way(connection)) {
        return monotonic_add(connection->ping_sent_at,
                             is_busy(connection) ? BUSY_PING_MS_MAX : IDLE_PING_MS_MAX);
    }
    return monotonic_add(connection->quiet_since,
                         is_busy(connection) ? BUSY_QUIET_MS : IDLE_QUIET_MS);
}

struct monotonic_time connection_due(const struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED) {
        return MONOTONIC_NEVER;
    }
    if (connection->input_left) {
        return connection->loop->now;
    }
    struct monotonic_time due = tick_due(connection);
    /* The pool looks for another connection at that moment. */
    bool later = suspect_at(connection).ms > connection->loop->now.ms;
    return later ? monotonic_earlier(due, suspect_at(connection)) : due;
}

void connection_tick(struct connection *connection)
{
    if (connection->state == CONNECTION_OPEN && connection->input_left) {
        take_input(connection, true);
    }
    if (connection->state == CONNECTION_CLOSED ||
        tick_due(connection).ms > connection->loop->now.ms) {
        return;
    }
    if (connection->state != CONNECTION_OPEN) {
        connection_close(connection, "connection-timeout");
    } else if (ping_under_way(connection)) {
        connection_close(connection, "peer-is-dead");
    } else {
        connection_http2_ping(connection);
        connection_flush(connection);
    }
}
