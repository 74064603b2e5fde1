/* pool_connections.c - when a pool opens, trusts, sets aside and closes its connections. */
#include "apns-fcm/pool.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "apns-fcm/public_address.h"
#include "apns-fcm/retry.h"
#include "gateway/base/log.h"

#define RESOLVE_MS_MAX       5000
#define OPENING_MS_MAX       3000
#define OPENING_MS_SHARED    1000  /* while other addresses are left to try */
#define CONNECT_WAIT_MS      100   /* after the first failure; doubles */
#define CONNECT_WAIT_MS_CAP  500   /* a pager is back within half a second of its provider */
#define STARVED_MS_MAX       2000  /* no answer for this long, and others cannot go out */
#define STARVED_ALONE_MS_MAX 500   /* the same for the one stream of a token not yet proven */
#define FULL_MS_MAX          100   /* then another connection helps */
#define IDLE_MS_MAX          60000 /* then it is one too many */
#define SETTLED_MS           1000
#define SILENT_MS_KNOWN      1000 /* so long a connection is silent before it is trusted no more */
#define PROBE_WAIT_MS        5000
#define FAILURES_LOGGED_MAX  3 /* then every tenth */

/* A declared name cannot stand in parentheses. NOLINTBEGIN(bugprone-macro-parentheses) */
#define FOR_EACH_SEAT(pool_, seat_)                                                                \
    for (struct seat *seat_ = (pool_)->seats; seat_ < (pool_)->seats + POOL_CONNECTIONS_MAX;       \
         seat_++)
/* NOLINTEND(bugprone-macro-parentheses) */

static void free_addresses(struct pool *pool)
{
    if (pool->addresses != NULL) {
        freeaddrinfo(pool->addresses);
    }
    pool->addresses = NULL;
    pool->next_address = NULL;
}

void pool_note_failure(struct pool *pool, const char *reason)
{
    pool->trouble = reason;
    pool->connect_at =
        monotonic_add(pool->loop->now, backoff_ms(pool->failures, CONNECT_WAIT_MS,
                                                  CONNECT_WAIT_MS_CAP, pool->loop->random));
    if (pool->failures++ == 0) {
        pool->failing_since = pool->loop->now;
    }
    if (pool->failures <= FAILURES_LOGGED_MAX || pool->failures % 10 == 0) {
        log_warning("push.connection_failed", LOG_TEXT("pool", pool->name),
                    LOG_TEXT("reason", reason), LOG_INT("failures", pool->failures));
    }
}

void pool_note_success(struct pool *pool)
{
    pool->failures = 0;
    pool->failing_since = MONOTONIC_NEVER;
    pool->refusals = 0;
    pool->trouble = NULL;
}

static struct seat *seat_of(struct pool *pool, const struct connection *connection)
{
    FOR_EACH_SEAT(pool, seat)
    {
        if (seat->connection == connection) {
            return seat;
        }
    }
    return NULL;
}

static struct seat *free_seat(struct pool *pool)
{
    return seat_of(pool, NULL);
}

struct census {
    size_t all;
    size_t opening;
    size_t trusted; /* open, and not suspect */
    size_t in_flight;
};

static struct census take_census(const struct pool *pool)
{
    struct census census = {0};
    for (size_t i = 0; i < POOL_CONNECTIONS_MAX; i++) {
        const struct connection *connection = pool->seats[i].connection;
        if (connection != NULL) {
            bool open = connection_is_open(connection);
            census.all++;
            census.opening += open ? 0 : 1;
            census.trusted += open && !connection_is_suspect(connection) ? 1 : 0;
            census.in_flight += connection_in_flight(connection);
        }
    }
    return census;
}

/* ---- what connections tell ---- */

static void on_opened(void *owner, struct connection *connection)
{
    struct pool *pool = owner;
    struct seat *seat = seat_of(pool, connection);
    assert(seat != NULL);
    seat->progress_at = pool->loop->now;
    free_addresses(pool);
    POOL_COUNT(pool, connections_opened);
    if (connection_was_resumed(connection)) {
        POOL_COUNT(pool, connections_resumed);
    }
    log_info("push.connected", LOG_TEXT("pool", pool->name),
             LOG_INT("number", (int64_t)connection_number(connection)));
}

static void forget_draining(struct pool *pool, const struct connection *connection)
{
    for (size_t i = 0; i < pool->draining_count; i++) {
        if (pool->draining[i] == connection) {
            pool->draining_count--;
            for (; i < pool->draining_count; i++) {
                pool->draining[i] = pool->draining[i + 1];
            }
            return;
        }
    }
}

/* A connection that was set aside for its silence has answered after all. */
static struct seat *take_back(struct pool *pool, struct connection *connection)
{
    struct seat *seat = free_seat(pool);
    if (seat == NULL || !connection_call_back(connection)) {
        return NULL;
    }
    forget_draining(pool, connection);
    *seat = (struct seat){.connection = connection};
    return seat;
}

static void on_ended(void *owner, struct connection *connection, struct exchange *exchange,
                     enum exchange_end end)
{
    struct pool *pool = owner;
    struct seat *seat = seat_of(pool, connection);
    if (seat == NULL && end == EXCHANGE_ANSWERED) {
        seat = take_back(pool, connection);
    }
    pool_end_exchange(pool, seat, exchange, end);
}

/* Moves a connection to those that take no new exchanges. */
static void move_to_draining(struct pool *pool, struct seat *seat)
{
    struct connection *connection = seat->connection;
    *seat = (struct seat){0};
    if (pool->draining_count == POOL_DRAINING_MAX) {
        /* A peer that says GOAWAY faster than it answers: the oldest has had its time. */
        connection_close(pool->draining[0], "too-many-draining");
    }
    assert(pool->draining_count < POOL_DRAINING_MAX);
    pool->draining[pool->draining_count++] = connection;
}

void pool_set_aside(struct pool *pool, struct seat *seat, bool may_return)
{
    struct connection *connection = seat->connection;
    move_to_draining(pool, seat);
    connection_drain(connection, may_return);
}

static void on_draining(void *owner, struct connection *connection, const char *reason)
{
    struct pool *pool = owner;
    struct seat *seat = seat_of(pool, connection);
    if (reason != NULL) {
        POOL_COUNT(pool, goaways);
        log_info("push.goaway", LOG_TEXT("pool", pool->name), LOG_TEXT("reason", reason),
                 LOG_INT("in_flight", (int64_t)connection_in_flight(connection)));
    }
    if (seat != NULL) {
        move_to_draining(pool, seat);
        if (!connection_has_answered(connection)) {
            pool_note_failure(pool, "goaway");
        }
    }
}

static void on_closed(void *owner, struct connection *connection, const char *reason)
{
    struct pool *pool = owner;
    struct seat *seat = seat_of(pool, connection);
    assert(pool->closed_count < POOL_CLOSED_MAX);
    pool->closed[pool->closed_count++] = connection;
    if (seat == NULL) {
        forget_draining(pool, connection);
        return;
    }
    *seat = (struct seat){0};
    if (!connection_was_open(connection)) {
        pool->trouble = reason;
        POOL_COUNT(pool, connections_failed);
        if (pool->next_address == NULL) { /* otherwise the next one is tried at once */
            pool_note_failure(pool, reason);
        }
        return;
    }
    POOL_COUNT(pool, connections_lost);
    log_warning("push.connection_lost", LOG_TEXT("pool", pool->name), LOG_TEXT("reason", reason),
                LOG_INT("number", (int64_t)connection_number(connection)));
    if (!connection_has_answered(connection)) {
        pool_note_failure(pool, reason);
    }
}

static void on_date(void *owner, const char *text, size_t bytes)
{
    struct pool *pool = owner;
    struct wall_time theirs;
    if (pool->clock_skew_ms != NULL && http_date_parse(text, bytes, &theirs) == STATUS_OK) {
        /* The header has whole seconds: half of one is the best guess for the rest. */
        atomic_store(pool->clock_skew_ms, theirs.ms + 500 - pool->loop->wall.ms);
    }
}

static void keep_session(struct pool *pool, SSL_SESSION *session)
{
    SSL_SESSION_free(pool->session);
    pool->session = session;
}

static void on_session(void *owner, SSL_SESSION *session)
{
    keep_session(owner, session);
}

static const struct connection_events events = {on_opened, on_ended, on_draining,
                                                on_closed, on_date,  on_session};

/* ---- closing ---- */

static void bury_closed(struct pool *pool)
{
    while (pool->closed_count > 0) {
        connection_destroy(&pool->closed[--pool->closed_count]);
    }
}

static void set_all_aside(struct pool *pool)
{
    FOR_EACH_SEAT(pool, seat)
    {
        if (seat->connection != NULL) {
            pool_set_aside(pool, seat, false);
        }
    }
}

void pool_hand_over(struct pool *pool)
{
    FOR_EACH_SEAT(pool, seat)
    {
        if (seat->connection != NULL && connection_is_open(seat->connection)) {
            pool_set_aside(pool, seat, false);
        }
    }
    struct connection *draining[POOL_DRAINING_MAX];
    size_t draining_count = pool->draining_count;
    memcpy(draining, pool->draining, sizeof draining);
    for (size_t i = 0; i < draining_count; i++) {
        connection_drain(draining[i], false); /* none comes back with the other token */
    }
}

void pool_fini(struct pool *pool)
{
    bury_closed(pool);
    resolve_cancel(&pool->resolve);
    set_all_aside(pool);
    while (pool->draining_count > 0) {
        connection_close(pool->draining[0], "stopping");
    }
    bury_closed(pool);
    free_addresses(pool);
    keep_session(pool, NULL);
    assert(pool->queued == 0 && pool->hedges.count == 0 && pool->hedges_in_flight == 0);
}

void pool_aim(struct pool *pool, const struct pool_target *target)
{
    pool->target = *target;
    pool->failures = 0;
    pool->failing_since = MONOTONIC_NEVER;
    pool->connect_at = (struct monotonic_time){0};
    pool->trouble = NULL;
    resolve_cancel(&pool->resolve);
    free_addresses(pool);
    keep_session(pool, NULL); /* the new authorities may not trust whom the old ones did */
    set_all_aside(pool);
}

/* ---- opening ---- */

static bool is_within_reach(enum pool_reach reach, const struct sockaddr *address)
{
    switch (reach) {
    case POOL_PUBLIC:
        return address_is_public(address);
    case POOL_PUBLIC_OR_LOOPBACK:
        return address_is_public(address) || address_is_loopback(address);
    case POOL_ANYWHERE:
        break;
    }
    return true;
}

/* A proxy's own address is the configuration's word. What it resolves cannot be seen from here, but
 * a host that is an address can, and a name that means a host of the proxy's own network. */
static bool may_connect(const struct pool *pool, const struct addrinfo *address)
{
    const struct pool_target *target = &pool->target;
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (target->proxy == NULL) {
        return is_within_reach(target->reach, address->ai_addr);
    }
    if (inet_pton(AF_INET, target->host, &in.sin_addr) == 1) {
        return is_within_reach(target->reach, (const struct sockaddr *)&in);
    }
    if (inet_pton(AF_INET6, target->host, &in6.sin6_addr) == 1) {
        return is_within_reach(target->reach, (const struct sockaddr *)&in6);
    }
    return target->reach != POOL_PUBLIC || !host_name_is_local(target->host);
}

static void on_resolved(void *context, struct addrinfo *addresses, const char *reason)
{
    struct pool *pool = context;
    pool->resolve = NULL;
    pool->addresses = addresses;
    pool->next_address = addresses;
    if (addresses == NULL) {
        pool_note_failure(pool, reason);
    }
}

static void begin_resolve(struct pool *pool)
{
    const struct pool_target *target = &pool->target;
    const struct settings_endpoint *proxy = target->proxy != NULL ? &target->proxy->endpoint : NULL;
    struct resolve *resolve = NULL;
    enum resolve_trust trust =
        proxy != NULL || target->reach == POOL_ANYWHERE ? RESOLVE_OWN : RESOLVE_STRANGERS;
    enum status status = resolve_start(pool->loop, proxy != NULL ? proxy->host : target->host,
                                       proxy != NULL ? proxy->port : target->port, trust,
                                       on_resolved, pool, &resolve);
    if (status != STATUS_OK) {
        pool_note_failure(pool, status == STATUS_FULL ? "name-lookups-hang" : "no-memory");
    }
    pool->resolve = resolve;
    pool->resolve_until = monotonic_add(pool->loop->now, RESOLVE_MS_MAX);
}

/* One TLS session serves one new connection (RFC 8446, appendix C.4). */
static enum status open_on(struct pool *pool, struct seat *seat, const struct addrinfo *address)
{
    const struct pool_target *target = &pool->target;
    const struct connection_target connection_target = {
        .tls = target->tls,
        .host = target->host,
        .port = target->port,
        .through_proxy = target->proxy != NULL,
        .proxy_authorization = target->proxy != NULL ? target->proxy->authorization : NULL};
    enum status status =
        connection_open(pool->loop, &connection_target, address, pool->session,
                        pool->next_address != NULL ? OPENING_MS_SHARED : OPENING_MS_MAX,
                        ++pool->connections_ever, &events, pool, &seat->connection);
    if (status == STATUS_OK) {
        seat->proven = false;
        keep_session(pool, NULL);
    }
    return status;
}

/* Tries the addresses in turn until one of them begins to connect. */
static void begin_connection(struct pool *pool)
{
    struct seat *seat = free_seat(pool);
    assert(seat != NULL);
    while (seat->connection == NULL && pool->next_address != NULL) {
        const struct addrinfo *address = pool->next_address;
        pool->next_address = address->ai_next;
        const char *reason = "address-not-public";
        if (may_connect(pool, address)) {
            enum status status = open_on(pool, seat, address);
            reason = status == STATUS_OK          ? NULL
                     : status == STATUS_NO_MEMORY ? "no-memory"
                                                  : "connection-failed";
        }
        if (reason != NULL && pool->next_address == NULL) {
            free_addresses(pool);
            pool_note_failure(pool, reason);
        }
    }
}

static bool is_usable(const struct pool *pool, const struct seat *seat, uint64_t other_number)
{
    bool alone = pool->one_stream_until_proven && !seat->proven;
    return seat->connection != NULL && connection_number(seat->connection) != other_number &&
           !connection_is_suspect(seat->connection) && connection_room(seat->connection) > 0 &&
           !(alone && connection_in_flight(seat->connection) > 0);
}

struct seat *pool_best_seat(struct pool *pool, uint64_t other_number)
{
    FOR_EACH_SEAT(pool, seat)
    {
        if (is_usable(pool, seat, other_number)) {
            return seat;
        }
    }
    return NULL;
}

/* Some hedge waits, and every usable connection is the one it may not use. */
static bool hedge_needs_connection(const struct pool *pool)
{
    for (size_t i = 0; pool->hedges.first != NULL && i < POOL_CONNECTIONS_MAX; i++) {
        if (is_usable(pool, &pool->seats[i], pool->hedges.first->other_number)) {
            return false;
        }
    }
    return pool->hedges.first != NULL;
}

/* Without anything to send there is no hurry to come back to a peer that fails again and again. */
static struct monotonic_time reconnect_at(const struct pool *pool, bool needed)
{
    if (needed || (pool->keep_connected && pool->failures < FAILURES_LOGGED_MAX)) {
        return pool->connect_at;
    }
    return pool->keep_connected || pool->failures > 0
               ? monotonic_add(pool->connect_at, PROBE_WAIT_MS)
               : MONOTONIC_NEVER;
}

/* When to begin another connection. With nothing to send, a peer that failed is tried now and then,
 * so that its return is noticed before it is needed. */
static struct monotonic_time connection_wanted_at(const struct pool *pool)
{
    struct census census = take_census(pool);
    /* A connection that is not trusted any more does not take its successor's place. */
    size_t distrusted = census.all - census.opening - census.trusted;
    if (pool->resolve != NULL || census.opening > 0 || census.all == POOL_CONNECTIONS_MAX ||
        census.all - distrusted >= pool->connections_max) {
        return MONOTONIC_NEVER;
    }
    struct monotonic_time now = pool->loop->now;
    if (pool->next_address != NULL) {
        return now;
    }
    if (census.trusted == 0) {
        return reconnect_at(pool, pool->queued + pool->hedges.count + census.in_flight > 0);
    }
    struct monotonic_time wanted = MONOTONIC_NEVER;
    if (hedge_needs_connection(pool)) {
        wanted = pool->connect_at;
    } else if (pool->full_since.ms != TIME_NEVER_MS) {
        wanted = monotonic_add(pool->full_since, FULL_MS_MAX);
    }
    return wanted.ms < pool->connect_at.ms ? pool->connect_at : wanted;
}

static void connect_if_needed(struct pool *pool)
{
    if (pool->target.host == NULL || connection_wanted_at(pool).ms > pool->loop->now.ms) {
        return;
    }
    if (pool->next_address == NULL) {
        free_addresses(pool);
        begin_resolve(pool); /* each connection anew: Apple moves its addresses */
    }
    if (pool->next_address != NULL) {
        begin_connection(pool);
    }
    pool->full_since = MONOTONIC_NEVER; /* this may help: wait and see */
}

/* ---- trusting ---- */

/* When a connection that answers nothing will have kept others waiting for too long. One request
 * without an answer would otherwise hold up every other until its deadline, as APNs allows a single
 * stream at first and may at any time again; so would a peer that allows none at all. */
static struct monotonic_time starved_at(const struct pool *pool, const struct seat *seat)
{
    bool starved = pool->full_since.ms != TIME_NEVER_MS && seat->connection != NULL &&
                   connection_is_open(seat->connection);
    bool alone = pool->one_stream_until_proven && !seat->proven;
    return starved ? monotonic_add(seat->progress_at, alone ? STARVED_ALONE_MS_MAX : STARVED_MS_MAX)
                   : MONOTONIC_NEVER;
}

static void leave_starving(struct pool *pool)
{
    FOR_EACH_SEAT(pool, seat)
    {
        if (starved_at(pool, seat).ms <= pool->loop->now.ms) {
            pool_set_aside(pool, seat, true);
            pool_note_failure(pool, "no-answer");
            pool->connect_at = pool->loop->now; /* it can be reached: no need to wait */
        }
    }
}

/* The last seats are the first to be idle, as the first with room is taken. */
static void close_idle(struct pool *pool)
{
    struct census census = take_census(pool);
    for (size_t i = POOL_CONNECTIONS_MAX; i-- > 0 && census.trusted > 1;) {
        struct seat *seat = &pool->seats[i];
        if (seat->connection != NULL && connection_is_open(seat->connection) &&
            connection_in_flight(seat->connection) == 0 &&
            pool->loop->now.ms - seat->progress_at.ms >= IDLE_MS_MAX) {
            pool_set_aside(pool, seat, false);
            census.trusted--;
        }
    }
}

/* A connection that opened and stayed shows that all is well again, if no answer does. */
static struct monotonic_time settled_at(const struct pool *pool, const struct seat *seat)
{
    bool waits = pool->failures > 0 && seat->connection != NULL &&
                 connection_is_open(seat->connection) &&
                 connection_in_flight(seat->connection) == 0;
    return waits ? monotonic_add(seat->progress_at, SETTLED_MS) : MONOTONIC_NEVER;
}

static void note_settled(struct pool *pool)
{
    FOR_EACH_SEAT(pool, seat)
    {
        if (settled_at(pool, seat).ms <= pool->loop->now.ms) {
            pool_note_success(pool);
        }
    }
}

/* ---- the turn ---- */

void pool_for_each_connection(struct pool *pool, void (*act)(struct connection *))
{
    struct connection *all[POOL_CONNECTIONS_MAX + POOL_DRAINING_MAX];
    size_t all_count = 0;
    FOR_EACH_SEAT(pool, seat)
    {
        if (seat->connection != NULL) {
            all[all_count++] = seat->connection;
        }
    }
    for (size_t i = 0; i < pool->draining_count; i++) {
        all[all_count++] = pool->draining[i];
    }
    for (size_t i = 0; i < all_count; i++) {
        act(all[i]); /* closed ones stay readable until the next turn */
    }
}

/* Since when nothing was heard, by a connection that is trusted no more; now when there is none. No
 * longer than a silence takes to be noticed: after a pause of ours another one may have its time.
 */
static struct monotonic_time silent_since(const struct pool *pool)
{
    struct monotonic_time now = pool->loop->now;
    struct monotonic_time heard = {now.ms - SILENT_MS_KNOWN};
    bool open = false;
    for (size_t i = 0; i < POOL_CONNECTIONS_MAX; i++) {
        const struct connection *connection = pool->seats[i].connection;
        if (connection != NULL && connection_is_open(connection)) {
            struct monotonic_time since = connection_quiet_since(connection);
            if (since.ms > heard.ms) {
                heard = since;
            }
            open = true;
        }
    }
    return open ? heard : now;
}

/* It lasts until there is a connection again, also when nobody waits any more: what failed is tried
 * again now and then. */
static void note_cut_off(struct pool *pool)
{
    struct census census = take_census(pool);
    bool waits = pool->queued + pool->hedges.count + census.in_flight > 0;
    if (census.trusted > 0 || pool->target.host == NULL) {
        pool->cut_off_since = MONOTONIC_NEVER;
    } else if (waits && pool->cut_off_since.ms == TIME_NEVER_MS) {
        pool->cut_off_since = silent_since(pool);
    }
}

void pool_connections_work(struct pool *pool)
{
    bury_closed(pool);
    pool_for_each_connection(pool, connection_tick);
    if (pool->resolve != NULL && pool->resolve_until.ms <= pool->loop->now.ms) {
        resolve_cancel(&pool->resolve);
        pool_note_failure(pool, "name-lookup-timeout");
    }
    note_settled(pool);
    leave_starving(pool);
    close_idle(pool);
    connect_if_needed(pool);
    note_cut_off(pool);
}

struct monotonic_time pool_connections_due(const struct pool *pool)
{
    struct monotonic_time due =
        pool->target.host != NULL ? connection_wanted_at(pool) : MONOTONIC_NEVER;
    if (pool->resolve != NULL) {
        due = monotonic_earlier(due, pool->resolve_until);
    }
    bool may_shrink = take_census(pool).trusted > 1;
    for (size_t i = 0; i < POOL_CONNECTIONS_MAX; i++) {
        const struct seat *seat = &pool->seats[i];
        if (seat->connection == NULL) {
            continue;
        }
        due = monotonic_earlier(due, connection_due(seat->connection));
        due = monotonic_earlier(due, starved_at(pool, seat));
        due = monotonic_earlier(due, settled_at(pool, seat));
        if (may_shrink && connection_is_open(seat->connection) &&
            connection_in_flight(seat->connection) == 0) {
            due = monotonic_earlier(due, monotonic_add(seat->progress_at, IDLE_MS_MAX));
        }
    }
    for (size_t i = 0; i < pool->draining_count; i++) {
        due = monotonic_earlier(due, connection_due(pool->draining[i]));
    }
    return due;
}

bool pool_is_connected(const struct pool *pool)
{
    struct census census = take_census(pool);
    return census.all > census.opening;
}

bool pool_is_idle(const struct pool *pool)
{
    return pool->queued + pool->hedges.count + pool->draining_count + take_census(pool).in_flight ==
               0 &&
           pool->resolve == NULL;
}

void pool_view(const struct pool *pool,
               void (*see)(void *context, const struct connection *connection), void *context)
{
    for (size_t i = 0; i < POOL_CONNECTIONS_MAX; i++) {
        if (pool->seats[i].connection != NULL) {
            see(context, pool->seats[i].connection);
        }
    }
    for (size_t i = 0; i < pool->draining_count; i++) {
        see(context, pool->draining[i]);
    }
}
