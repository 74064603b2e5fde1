/* waiting.c - suspended requests. The connection is suspended before the work is handed out; then
 * either the work or the deadline answers, never both. Work that comes too late is thrown away
 * when it is done: what it changed has happened all the same.
 */
#include "admin-api/admin_api_private.h"

#include <assert.h>
#include <sys/eventfd.h>

#define POST_AGAIN_BATCH 64

static enum waiting_kind kind_of(const struct route *route)
{
    return (route->flags & ROUTE_WAITS) != 0 ? WAITING_ACKNOWLEDGMENT
           : (route->flags & ROUTE_NEW) != 0 ? WAITING_NEW
                                             : WAITING_OTHER;
}

bool waiting_is_full(struct admin_api *api, const struct route *route)
{
    const size_t most[WAITING_KINDS_COUNT] = {
        [WAITING_ACKNOWLEDGMENT] = SIZE_MAX, /* they have what the others may not take */
        [WAITING_NEW] = api->connections_max / 2,
        [WAITING_OTHER] = api->connections_max / 4,
    };
    enum waiting_kind kind = kind_of(route);
    return atomic_load(&api->waiting.of_kind[kind]) >= most[kind];
}

/* Under the mutex. */
static void unlink_exchange(struct waiting *waiting, struct exchange *exchange)
{
    if (exchange->previous != NULL) {
        exchange->previous->next = exchange->next;
    } else {
        assert(waiting->first == exchange);
        waiting->first = exchange->next;
    }
    if (exchange->next != NULL) {
        exchange->next->previous = exchange->previous;
    } else {
        waiting->last = exchange->previous;
    }
    exchange->previous = exchange->next = NULL;
    if (exchange->post_again) {
        waiting->post_again--;
    }
    waiting->count--;
    atomic_fetch_sub(&waiting->of_kind[kind_of(exchange->route)], 1);
}

bool waiting_begin(struct exchange *exchange)
{
    struct admin_api *api = exchange->api;
    struct waiting *waiting = &api->waiting;
    pthread_mutex_lock(&waiting->mutex);
    if (waiting->stopping) {
        pthread_mutex_unlock(&waiting->mutex);
        (void)reply_problem(exchange, STATUS_STOPPING, NULL, NULL);
        return false;
    }
    MHD_suspend_connection(exchange->request->mhd);
    exchange->deadline = (struct monotonic_time){api_monotonic(api).ms + api->request_deadline_ms};
    exchange->previous = waiting->last;
    if (waiting->last != NULL) {
        waiting->last->next = exchange;
    } else {
        waiting->first = exchange;
    }
    waiting->last = exchange;
    waiting->count++;
    atomic_fetch_add(&waiting->of_kind[kind_of(exchange->route)], 1);
    pthread_mutex_unlock(&waiting->mutex);
    return true;
}

void waiting_finish(struct exchange *exchange)
{
    struct waiting *waiting = &exchange->api->waiting;
    pthread_mutex_lock(&waiting->mutex);
    struct request *request = exchange->request;
    if (request != NULL) {
        unlink_exchange(waiting, exchange);
        /* Inside the lock: waiting_stop() relies on everything not in the list being resumed. */
        MHD_resume_connection(request->mhd);
    }
    pthread_mutex_unlock(&waiting->mutex);
    if (request == NULL) {
        exchange_destroy(&exchange);
    }
}

static void on_command_complete(struct command *command)
{
    struct exchange *exchange = command->context;
    exchange->command_done = true;
    waiting_finish(exchange);
}

/* Its lane was full. False: nobody waits any more. */
static bool keep_for_later(struct exchange *exchange)
{
    struct admin_api *api = exchange->api;
    pthread_mutex_lock(&api->waiting.mutex);
    bool kept = exchange->request != NULL;
    if (kept) {
        exchange->post_again = true;
        api->waiting.post_again++;
    }
    pthread_mutex_unlock(&api->waiting.mutex);
    if (kept) {
        (void)eventfd_write(api->deadlines_wake, 1);
    }
    return kept;
}

void waiting_submit(struct exchange *exchange)
{
    enum status status;
    if (exchange->read != NULL) {
        status = readers_push(exchange->api, exchange);
    } else {
        exchange_release_directory(exchange);
        exchange->command.complete = on_command_complete;
        exchange->command.context = exchange;
        status = engine_post(exchange->api->engine, &exchange->command);
    }
    if (status == STATUS_OK) {
        return;
    }
    if (status == STATUS_FULL && (exchange->route->flags & ROUTE_WAITS) != 0 &&
        keep_for_later(exchange)) {
        return;
    }
    (void)(status == STATUS_FULL ? reply_full(exchange)
                                 : reply_problem(exchange, status, NULL, NULL));
    waiting_finish(exchange);
}

/* Under the mutex: takes the connection away from the work and answers it. Answers the exchange
 * when nobody else will ever finish it. */
static struct exchange *answer_instead(struct waiting *waiting, struct exchange *exchange,
                                       enum status status)
{
    struct request *request = exchange->request;
    assert(request != NULL); /* whatever is in the list has somebody waiting */
    bool orphan = exchange->post_again;
    unlink_exchange(waiting, exchange);
    exchange->post_again = false;
    exchange->request = NULL;
    request->exchange = exchange_create(exchange->api);
    if (request->exchange != NULL) {
        struct exchange *late = request->exchange;
        late->request = request;
        late->route = exchange->route;
        late->started_at = exchange->started_at;
        (void)reply_fault(late, status, NULL,
                          status == STATUS_TIMEOUT
                              ? "no answer in time; it may still happen: ask again, a new "
                                "escalation with the same Idempotency-Key"
                              : "the gateway is stopping; try again in a few seconds");
    }
    MHD_resume_connection(request->mhd);
    return orphan ? exchange : NULL;
}

static void expire(struct admin_api *api, struct monotonic_time now)
{
    for (bool more = true; more;) {
        struct exchange *orphan = NULL;
        pthread_mutex_lock(&api->waiting.mutex);
        struct exchange *first = api->waiting.first;
        more = first != NULL && first->deadline.ms <= now.ms;
        if (more) {
            atomic_fetch_add(&api->counters.deadlines_passed, 1);
            orphan = answer_instead(&api->waiting, first, STATUS_TIMEOUT);
        }
        pthread_mutex_unlock(&api->waiting.mutex);
        exchange_destroy(&orphan);
    }
}

static void post_again(struct admin_api *api)
{
    struct exchange *batch[POST_AGAIN_BATCH];
    size_t count = 0;
    pthread_mutex_lock(&api->waiting.mutex);
    for (struct exchange *each = api->waiting.first;
         each != NULL && api->waiting.post_again > 0 && count < POST_AGAIN_BATCH;
         each = each->next) {
        if (each->post_again) {
            each->post_again = false;
            api->waiting.post_again--;
            batch[count++] = each;
        }
    }
    pthread_mutex_unlock(&api->waiting.mutex);
    for (size_t i = 0; i < count; i++) {
        waiting_submit(batch[i]);
    }
}

void waiting_turn(struct admin_api *api, struct monotonic_time now)
{
    expire(api, now);
    post_again(api);
}

void waiting_stop(struct admin_api *api)
{
    struct exchange *orphans = NULL;
    pthread_mutex_lock(&api->waiting.mutex);
    api->waiting.stopping = true;
    while (api->waiting.first != NULL) {
        struct exchange *orphan =
            answer_instead(&api->waiting, api->waiting.first, STATUS_STOPPING);
        if (orphan != NULL) {
            orphan->next = orphans;
            orphans = orphan;
        }
    }
    pthread_mutex_unlock(&api->waiting.mutex);
    while (orphans != NULL) {
        struct exchange *next = orphans->next;
        exchange_destroy(&orphans);
        orphans = next;
    }
}

size_t waiting_count(struct admin_api *api, size_t *post_again_r)
{
    pthread_mutex_lock(&api->waiting.mutex);
    size_t count = api->waiting.count;
    *post_again_r = api->waiting.post_again;
    pthread_mutex_unlock(&api->waiting.mutex);
    return count;
}
