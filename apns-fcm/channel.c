#include "apns-fcm/channel.h"

#include <assert.h>
#include <stddef.h>

#include "apns-fcm/retry.h"
#include "gateway/base/log.h"

#define RESOLVE_MS_MAX      5000
#define CONNECT_WAIT_MS     100  /* after the first failure; doubles */
#define CONNECT_WAIT_MS_CAP 500  /* a pager is back within half a second of its provider */
#define STARVED_MS_MAX      2000 /* no answer for this long, and others cannot go out */
#define PROBE_WAIT_MS       5000
#define REFUSED_WAIT_MS     5 /* after a refused stream; doubles */
#define REFUSED_WAIT_MS_CAP 500
#define FAILURES_LOGGED_MAX 3 /* then every tenth */

static void free_addresses(struct channel *channel)
{
    if (channel->addresses != NULL) {
        freeaddrinfo(channel->addresses);
    }
    channel->addresses = NULL;
    channel->next_address = NULL;
}

static void note_failure(struct channel *channel, const char *reason)
{
    channel->trouble = reason;
    channel->connect_at =
        monotonic_add(channel->loop->now, backoff_ms(channel->failures, CONNECT_WAIT_MS,
                                                     CONNECT_WAIT_MS_CAP, channel->loop->random));
    channel->failures++;
    if (channel->failures <= FAILURES_LOGGED_MAX || channel->failures % 10 == 0) {
        log_warning("push.connection_failed", LOG_TEXT("channel", channel->name),
                    LOG_TEXT("reason", reason), LOG_INT("failures", channel->failures));
    }
}

static void count(struct channel *channel, size_t offset)
{
    if (channel->counters != NULL) {
        counter_add((_Atomic uint64_t *)(void *)((char *)channel->counters + offset), 1);
    }
}

#define COUNT(channel_, member_) count((channel_), offsetof(struct counters, member_))

static void on_opened(void *owner, struct connection *connection)
{
    struct channel *channel = owner;
    assert(connection == channel->current);
    (void)connection;
    channel->proven = false;
    channel->progress_at = channel->loop->now;
    if (channel->queued == 0) { /* a probe: no answer will tell that all is well again */
        channel->failures = 0;
        channel->trouble = NULL;
    }
    free_addresses(channel);
    COUNT(channel, connections_opened);
    log_info("push.connected", LOG_TEXT("channel", channel->name));
}

static void on_ended(void *owner, struct exchange *exchange, enum exchange_end end)
{
    struct channel *channel = owner;
    if (exchange->written) {
        COUNT(channel, requests_written);
    }
    channel->progress_at = channel->loop->now;
    switch (end) {
    case EXCHANGE_ANSWERED:
        channel->failures = 0;
        channel->refusals = 0;
        channel->trouble = NULL;
        break;
    case EXCHANGE_NOT_PROCESSED:
        if (channel->current != NULL && exchange->written) {
            /* REFUSED_STREAM on a live connection: the peer wants a breath, however short. */
            channel->resume_at = monotonic_add(
                channel->loop->now, backoff_ms(channel->refusals++ / 8, REFUSED_WAIT_MS,
                                               REFUSED_WAIT_MS_CAP, channel->loop->random));
        }
        break;
    case EXCHANGE_UNANSWERED:
        break;
    }
    exchange->kind->end(exchange, end);
}

/* Moves the current connection to those that take no new exchanges. */
static void set_aside(struct channel *channel)
{
    struct connection *connection = channel->current;
    channel->current = NULL;
    if (channel->draining_count == CHANNEL_CONNECTIONS_MAX) {
        /* A peer that says GOAWAY faster than it answers: the oldest has had its time. */
        connection_close(channel->draining[0], "too-many-draining");
    }
    assert(channel->draining_count < CHANNEL_CONNECTIONS_MAX);
    channel->draining[channel->draining_count++] = connection;
}

static void on_draining(void *owner, struct connection *connection, const char *reason)
{
    struct channel *channel = owner;
    if (reason != NULL) {
        COUNT(channel, goaways);
        log_info("push.goaway", LOG_TEXT("channel", channel->name), LOG_TEXT("reason", reason),
                 LOG_INT("in_flight", (int64_t)connection_in_flight(connection)));
    }
    if (connection == channel->current) {
        set_aside(channel);
        if (!connection_has_answered(connection)) {
            note_failure(channel, "goaway");
        }
    }
}

static void forget_connection(struct channel *channel, const struct connection *connection)
{
    if (channel->current == connection) {
        channel->current = NULL;
        return;
    }
    for (size_t i = 0; i < channel->draining_count; i++) {
        if (channel->draining[i] == connection) {
            channel->draining_count--;
            for (; i < channel->draining_count; i++) {
                channel->draining[i] = channel->draining[i + 1];
            }
            return;
        }
    }
}

static void on_closed(void *owner, struct connection *connection, const char *reason)
{
    struct channel *channel = owner;
    bool was_current = channel->current == connection;
    forget_connection(channel, connection);
    assert(channel->closed_count < CHANNEL_CLOSED_MAX);
    channel->closed[channel->closed_count++] = connection;
    if (!was_current) {
        return;
    }
    if (!connection_was_open(connection)) {
        channel->trouble = reason;
        if (channel->next_address == NULL) { /* otherwise the next one is tried at once */
            note_failure(channel, reason);
        }
        return;
    }
    COUNT(channel, connections_lost);
    log_warning("push.connection_lost", LOG_TEXT("channel", channel->name),
                LOG_TEXT("reason", reason));
    if (!connection_has_answered(connection)) {
        note_failure(channel, reason);
    }
}

static void on_date(void *owner, const char *text, size_t bytes)
{
    struct channel *channel = owner;
    struct wall_time theirs;
    if (channel->clock_skew_ms != NULL && http_date_parse(text, bytes, &theirs) == STATUS_OK) {
        /* The header has whole seconds: half of one is the best guess for the rest. */
        atomic_store(channel->clock_skew_ms, theirs.ms + 500 - channel->loop->wall.ms);
    }
}

static const struct connection_events events = {on_opened, on_ended, on_draining, on_closed,
                                                on_date};

void channel_init(struct channel *channel, const char *name, struct loop *loop,
                  struct counters *counters)
{
    *channel = (struct channel){.name = name, .loop = loop, .counters = counters};
    if (counters != NULL) {
        channel->clock_skew_ms = &counters->clock_skew_ms;
    }
}

static void bury_closed(struct channel *channel)
{
    while (channel->closed_count > 0) {
        connection_destroy(&channel->closed[--channel->closed_count]);
    }
}

void channel_fini(struct channel *channel)
{
    bury_closed(channel);
    resolve_cancel(&channel->resolve);
    free_addresses(channel);
    if (channel->current != NULL) {
        set_aside(channel);
    }
    while (channel->draining_count > 0) {
        connection_close(channel->draining[0], "stopping");
    }
    bury_closed(channel);
    free_addresses(channel);
    assert(channel->queued == 0);
}

void channel_aim(struct channel *channel, SSL_CTX *tls, const char *host, const char *port)
{
    channel->tls = tls;
    channel->host = host;
    channel->port = port;
    channel->failures = 0;
    channel->connect_at = (struct monotonic_time){0};
    channel->trouble = NULL;
    resolve_cancel(&channel->resolve);
    free_addresses(channel);
    if (channel->current != NULL) {
        struct connection *connection = channel->current;
        set_aside(channel);
        connection_drain(connection);
    }
}

void channel_enqueue(struct channel *channel, struct exchange *exchange, bool at_head)
{
    assert(exchange->place == EXCHANGE_OUTSIDE && exchange->rank < EXCHANGE_RANKS);
    exchange->place = EXCHANGE_QUEUED;
    exchange->channel = channel;
    channel->queued++;
    if (at_head) {
        exchange_list_prepend(&channel->queue[exchange->rank], exchange);
    } else {
        exchange_list_append(&channel->queue[exchange->rank], exchange);
    }
}

static void unqueue(struct channel *channel, struct exchange *exchange)
{
    exchange_list_remove(&channel->queue[exchange->rank], exchange);
    exchange->place = EXCHANGE_OUTSIDE;
    channel->queued--;
}

void channel_withdraw(struct channel *channel, struct exchange *exchange)
{
    switch (exchange->place) {
    case EXCHANGE_QUEUED:
        unqueue(channel, exchange);
        break;
    case EXCHANGE_IN_FLIGHT:
        if (exchange->written) {
            COUNT(channel, requests_written);
        }
        connection_cancel(exchange->connection, exchange);
        break;
    case EXCHANGE_OUTSIDE:
        break;
    }
}

void channel_set_proven(struct channel *channel, bool proven)
{
    channel->proven = proven;
}

static void on_resolved(void *context, struct addrinfo *addresses, const char *reason)
{
    struct channel *channel = context;
    channel->resolve = NULL;
    channel->addresses = addresses;
    channel->next_address = addresses;
    if (addresses == NULL) {
        note_failure(channel, reason);
    }
}

static void begin_resolve(struct channel *channel)
{
    struct resolve *resolve = NULL;
    enum status status =
        resolve_start(channel->loop, channel->host, channel->port, on_resolved, channel, &resolve);
    if (status != STATUS_OK) {
        note_failure(channel, status == STATUS_FULL ? "name-lookups-hang" : "no-memory");
    }
    channel->resolve = resolve;
    channel->resolve_until = monotonic_add(channel->loop->now, RESOLVE_MS_MAX);
}

/* Tries the addresses in turn until one of them begins to connect. */
static void begin_connection(struct channel *channel)
{
    while (channel->current == NULL && channel->next_address != NULL) {
        const struct addrinfo *address = channel->next_address;
        channel->next_address = address->ai_next;
        enum status status = connection_open(channel->loop, channel->tls, channel->host, address,
                                             &events, channel, &channel->current);
        if (status != STATUS_OK && channel->next_address == NULL) {
            free_addresses(channel);
            note_failure(channel, status == STATUS_NO_MEMORY ? "no-memory" : "connection-failed");
        }
    }
}

/* When to begin another connection. With nothing to send, a peer that failed is tried now and then,
 * so that its return is noticed before it is needed. */
static struct monotonic_time connection_wanted_at(const struct channel *channel)
{
    if (channel->current != NULL || channel->resolve != NULL ||
        (channel->queued == 0 && channel->failures == 0)) {
        return MONOTONIC_NEVER;
    }
    if (channel->next_address != NULL) {
        return channel->loop->now;
    }
    return channel->queued > 0 ? channel->connect_at
                               : monotonic_add(channel->connect_at, PROBE_WAIT_MS);
}

static void connect_if_needed(struct channel *channel)
{
    if (connection_wanted_at(channel).ms > channel->loop->now.ms) {
        return;
    }
    if (channel->next_address == NULL) {
        free_addresses(channel);
        begin_resolve(channel); /* each connection anew: Apple moves its addresses */
    }
    begin_connection(channel);
}

static struct exchange *first_queued(struct channel *channel)
{
    for (unsigned rank = 0; rank < EXCHANGE_RANKS; rank++) {
        if (channel->queue[rank].first != NULL) {
            return channel->queue[rank].first;
        }
    }
    return NULL;
}

static bool has_work(const struct channel *channel)
{
    return channel->current != NULL && channel->queued > 0 &&
           channel->resume_at.ms <= channel->loop->now.ms &&
           (channel->ready == NULL || channel->ready(channel->ready_context));
}

static bool has_room(const struct channel *channel)
{
    bool alone = channel->one_stream_until_proven && !channel->proven;
    return connection_room(channel->current) > 0 &&
           !(alone && connection_in_flight(channel->current) > 0);
}

static bool may_start(const struct channel *channel)
{
    return has_work(channel) && has_room(channel);
}

/* When the current connection will have kept others waiting for too long. One request without an
 * answer would otherwise hold up every other until its deadline, as APNs allows a single stream at
 * first and may at any time again. */
static struct monotonic_time starved_at(const struct channel *channel)
{
    bool starved = has_work(channel) && connection_is_open(channel->current) &&
                   connection_in_flight(channel->current) > 0 && !has_room(channel);
    return starved ? monotonic_add(channel->progress_at, STARVED_MS_MAX) : MONOTONIC_NEVER;
}

static void leave_if_starved(struct channel *channel)
{
    if (starved_at(channel).ms <= channel->loop->now.ms) {
        struct connection *connection = channel->current;
        set_aside(channel);
        note_failure(channel, "no-answer");
        connection_drain(connection);
    }
}

static void start_queued(struct channel *channel)
{
    while (may_start(channel)) {
        struct connection *connection = channel->current;
        struct exchange *exchange = first_queued(channel);
        nghttp2_nv headers[EXCHANGE_HEADERS_MAX];
        unqueue(channel, exchange);
        exchange_reset(exchange);
        if (connection_in_flight(connection) == 0) {
            channel->progress_at = channel->loop->now;
        }
        size_t headers_count = exchange->kind->begin(exchange, channel->loop, headers);
        assert(headers_count <= EXCHANGE_HEADERS_MAX);
        enum status status = connection_start(connection, exchange, headers, headers_count);
        if (status != STATUS_OK) {
            channel_enqueue(channel, exchange, true);
            channel->resume_at = monotonic_add(channel->loop->now, REFUSED_WAIT_MS);
            if (status == STATUS_UNAVAILABLE && channel->current == connection) {
                set_aside(channel);
                connection_drain(connection);
            }
            return;
        }
    }
}

/* Calls `act` for every connection there is; each may close, which changes the list. */
static void for_each_connection(struct channel *channel, void (*act)(struct connection *))
{
    struct connection *all[CHANNEL_CONNECTIONS_MAX + 1];
    size_t all_count = 0;
    if (channel->current != NULL) {
        all[all_count++] = channel->current;
    }
    for (size_t i = 0; i < channel->draining_count; i++) {
        all[all_count++] = channel->draining[i];
    }
    for (size_t i = 0; i < all_count; i++) {
        act(all[i]); /* closed ones stay readable until the next turn */
    }
}

void channel_work(struct channel *channel)
{
    bury_closed(channel);
    for_each_connection(channel, connection_tick);
    if (channel->resolve != NULL && channel->resolve_until.ms <= channel->loop->now.ms) {
        resolve_cancel(&channel->resolve);
        note_failure(channel, "name-lookup-timeout");
    }
    leave_if_starved(channel);
    connect_if_needed(channel);
    start_queued(channel);
    for_each_connection(channel, connection_flush);
}

static struct monotonic_time connections_due(const struct channel *channel)
{
    struct monotonic_time due = MONOTONIC_NEVER;
    if (channel->current != NULL) {
        due = connection_due(channel->current);
    }
    for (size_t i = 0; i < channel->draining_count; i++) {
        due = monotonic_earlier(due, connection_due(channel->draining[i]));
    }
    return due;
}

struct monotonic_time channel_due(const struct channel *channel)
{
    struct monotonic_time due = connections_due(channel);
    if (channel->resolve != NULL) {
        due = monotonic_earlier(due, channel->resolve_until);
    } else if (channel->current == NULL) {
        due = monotonic_earlier(due, connection_wanted_at(channel));
    } else if (channel->queued > 0 && channel->resume_at.ms > channel->loop->now.ms) {
        due = monotonic_earlier(due, channel->resume_at);
    }
    return monotonic_earlier(due, starved_at(channel));
}

bool channel_is_connected(const struct channel *channel)
{
    return channel->current != NULL && connection_is_open(channel->current);
}
