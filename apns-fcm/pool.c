#include "apns-fcm/pool.h"

#include <assert.h>

#include "apns-fcm/retry.h"

#define REFUSED_WAIT_MS      5 /* after a refused stream; doubles */
#define REFUSED_WAIT_MS_CAP  500
#define HEDGES_IN_FLIGHT_MAX 256 /* of one pool; further ones wait for these */

void pool_init(struct pool *pool, const char *name, struct loop *loop, struct counters *counters,
               size_t connections_max)
{
    *pool = (struct pool){.name = name,
                          .loop = loop,
                          .counters = counters,
                          .connections_max = connections_max,
                          .full_since = MONOTONIC_NEVER,
                          .failing_since = MONOTONIC_NEVER,
                          .cut_off_since = MONOTONIC_NEVER,
                          .faulty_since = MONOTONIC_NEVER};
    assert(connections_max > 0 && connections_max <= POOL_CONNECTIONS_MAX);
    if (counters != NULL) {
        pool->clock_skew_ms = &counters->clock_skew_ms;
    }
}

void pool_enqueue(struct pool *pool, struct exchange *exchange, bool at_head)
{
    assert(exchange->place == EXCHANGE_OUTSIDE && exchange->rank < EXCHANGE_RANKS);
    exchange->place = EXCHANGE_QUEUED;
    exchange->pool = pool;
    exchange->is_hedge = false;
    exchange->other_number = 0;
    pool->queued++;
    pool->used_at = pool->loop->now;
    if (at_head) {
        exchange_list_prepend(&pool->queue[exchange->rank], exchange);
    } else {
        exchange_list_append(&pool->queue[exchange->rank], exchange);
    }
}

void pool_enqueue_hedge(struct pool *pool, struct exchange *exchange, uint64_t other_number)
{
    assert(exchange->place == EXCHANGE_OUTSIDE);
    exchange->place = EXCHANGE_QUEUED;
    exchange->pool = pool;
    exchange->is_hedge = true;
    exchange->other_number = other_number;
    exchange_list_append(&pool->hedges, exchange);
}

static void unqueue(struct pool *pool, struct exchange *exchange)
{
    exchange->place = EXCHANGE_OUTSIDE;
    if (exchange->is_hedge) {
        exchange_list_remove(&pool->hedges, exchange);
    } else {
        exchange_list_remove(&pool->queue[exchange->rank], exchange);
        pool->queued--;
    }
}

/* An exchange has left its stream. */
static void note_left(struct pool *pool, const struct exchange *exchange)
{
    if (exchange->is_hedge) {
        assert(pool->hedges_in_flight > 0);
        pool->hedges_in_flight--;
    }
    if (exchange->written) {
        POOL_COUNT(pool, requests_written);
        if (exchange->is_hedge) {
            POOL_COUNT(pool, hedges_written);
        }
    }
}

void pool_withdraw(struct pool *pool, struct exchange *exchange)
{
    switch (exchange->place) {
    case EXCHANGE_QUEUED:
        unqueue(pool, exchange);
        break;
    case EXCHANGE_IN_FLIGHT:
        note_left(pool, exchange);
        connection_cancel(exchange->connection, exchange);
        break;
    case EXCHANGE_OUTSIDE:
        break;
    }
}

void pool_set_proven(struct pool *pool, bool proven)
{
    if (pool->ending != NULL) {
        pool->ending->proven = proven;
    }
}

static void note_answer(struct pool *pool, const struct exchange *exchange)
{
    int64_t took_ms = pool->loop->now.ms - exchange->begun_at.ms;
    latency_record(&pool->latency, took_ms);
    if (pool->counters != NULL) {
        counters_add_latency(pool->counters, took_ms);
    }
    pool_note_success(pool);
}

void pool_end_exchange(struct pool *pool, struct seat *seat, struct exchange *exchange,
                       enum exchange_end end)
{
    note_left(pool, exchange);
    if (seat != NULL) {
        seat->progress_at = pool->loop->now;
    }
    if (end == EXCHANGE_ANSWERED) {
        note_answer(pool, exchange);
    } else if (end == EXCHANGE_NOT_PROCESSED && seat != NULL && exchange->written) {
        /* REFUSED_STREAM on a live connection: the peer wants a breath, however short. */
        POOL_COUNT(pool, streams_refused);
        pool->resume_at =
            monotonic_add(pool->loop->now, backoff_ms(pool->refusals++ / 8, REFUSED_WAIT_MS,
                                                      REFUSED_WAIT_MS_CAP, pool->loop->random));
    }
    pool->ending = seat;
    burden_take(exchange->burden);
    exchange->kind->end(exchange, end);
    burden_drop();
    pool->ending = NULL;
}

/* Puts an exchange that is waiting on a connection's stream; false when that failed. */
static bool start(struct pool *pool, struct seat *seat, struct exchange *exchange)
{
    assert(exchange != NULL); /* the callers have seen that something waits */
    struct connection *connection = seat->connection;
    bool is_hedge = exchange->is_hedge;
    nghttp2_nv headers[EXCHANGE_HEADERS_MAX];
    unqueue(pool, exchange);
    exchange_reset(exchange);
    if (connection_in_flight(connection) == 0) {
        seat->progress_at = pool->loop->now;
    }
    burden_take(exchange->burden);
    size_t headers_count = exchange->kind->begin(exchange, pool->loop, headers);
    assert(headers_count <= EXCHANGE_HEADERS_MAX);
    enum status status = connection_start(connection, exchange, headers, headers_count);
    burden_drop();
    if (status == STATUS_OK) {
        pool->hedges_in_flight += is_hedge ? 1 : 0;
        return true;
    }
    if (is_hedge) {
        pool_enqueue_hedge(pool, exchange, exchange->other_number);
    } else {
        pool_enqueue(pool, exchange, true);
    }
    pool->resume_at = monotonic_add(pool->loop->now, REFUSED_WAIT_MS);
    if (status == STATUS_UNAVAILABLE && seat->connection == connection) {
        pool_set_aside(pool, seat, false);
    }
    return false;
}

static bool may_start(const struct pool *pool)
{
    return pool->resume_at.ms <= pool->loop->now.ms &&
           (pool->ready == NULL || pool->ready(pool->ready_context));
}

static void start_hedges(struct pool *pool)
{
    struct exchange *next = NULL;
    for (struct exchange *exchange = pool->hedges.first; exchange != NULL; exchange = next) {
        next = exchange->next;
        struct seat *seat = pool_best_seat(pool, exchange->other_number);
        if (pool->hedges_in_flight == HEDGES_IN_FLIGHT_MAX ||
            (seat != NULL && !start(pool, seat, exchange))) {
            return;
        }
    }
}

static struct exchange *first_queued(struct pool *pool)
{
    for (unsigned rank = 0; rank < EXCHANGE_RANKS; rank++) {
        if (pool->queue[rank].first != NULL) {
            return pool->queue[rank].first;
        }
    }
    return NULL;
}

static void start_queued(struct pool *pool)
{
    while (pool->queued > 0) {
        struct seat *seat = pool_best_seat(pool, 0);
        if (seat == NULL || !start(pool, seat, first_queued(pool))) {
            return;
        }
    }
}

/* Something waits, could go, and no connection has room for it. */
static void note_fullness(struct pool *pool)
{
    bool full = pool->queued > 0 && may_start(pool) && pool_best_seat(pool, 0) == NULL;
    if (!full) {
        pool->full_since = MONOTONIC_NEVER;
    } else if (pool->full_since.ms == TIME_NEVER_MS) {
        pool->full_since = pool->loop->now;
    }
}

void pool_work(struct pool *pool)
{
    pool_connections_work(pool);
    if (pool->queued + pool->hedges.count > 0 && may_start(pool)) {
        start_hedges(pool);
        start_queued(pool);
    }
    note_fullness(pool);
    pool_for_each_connection(pool, connection_flush);
}

struct monotonic_time pool_due(const struct pool *pool)
{
    struct monotonic_time due = pool_connections_due(pool);
    if (pool->queued + pool->hedges.count > 0 && pool->resume_at.ms > pool->loop->now.ms) {
        due = monotonic_earlier(due, pool->resume_at);
    }
    return due;
}
