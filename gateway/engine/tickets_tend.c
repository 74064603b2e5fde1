/* tickets_tend.c - what tickets need from time alone: the index of their words, which follows
 * behind acceptance, and the erasure of what was kept long enough.
 *
 * Nobody waits for either: search reads what is not indexed, and a ticket is erased some minutes
 * later than it might be. So both take a small share of the writer's time, however much there is
 * to do, in transactions of their own. */
#include "gateway/engine/engine_private.h"

#include "gateway/base/log.h"
#include "gateway/store/store_ticket.h"

/* What one step does: a few milliseconds. */
#define INDEXED_PER_STEP 64
#define LOOKED_PER_STEP  256
#define ERASED_PER_STEP  8
/* A step rests so many times as long as it took: 3 % of the writer's time beside other work, a
 * fifth without. */
#define REST_BUSY 32
#define REST_IDLE 4
/* A single new ticket waits for others: each step is a commit. */
#define INDEX_EVERY_MS  INT64_C(10000)
#define REST_MS_MIN     INT64_C(10)
#define ERASE_STEP_MS   INT64_C(250)
#define ERASE_EVERY_MS  INT64_C(3600000)
#define FAILED_WAIT_MS  INT64_C(60000)
#define TENDING_WAIT_MS INT64_C(1000)

static void note_search_damage(struct engine *engine)
{
    if (!engine->tending.damaged && store_search_is_damaged(engine->store)) {
        engine->tending.damaged = true;
        engine_search_is_damaged(engine);
    }
}

void engine_search_is_damaged(struct engine *engine)
{
    engine_alarm(engine, "tickets.search_damaged",
                 "the index of tickets' words is damaged: searches find new tickets only, all else "
                 "goes on; stop the gateway when it suits, run astreinted --rebuild-search and "
                 "start it again");
}

/* One step in a transaction of its own. */
static enum status run_step(struct engine *engine, tending_step *step, bool *left_r)
{
    struct error error = {.text = ""};
    arena_reset(engine->scratch);
    enum status status = store_begin(engine->store, &error);
    if (status == STATUS_OK) {
        status = step(engine, left_r, &error);
    }
    if (status == STATUS_OK) {
        status = store_commit(engine->store, &error);
    }
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    if (status == STATUS_UNCERTAIN) {
        engine_end_process(engine, "engine.commit_uncertain", &error);
    }
    log_error("engine.tickets_failed", LOG_STATUS(status), LOG_TEXT("detail", error.text));
    note_search_damage(engine);
    store_rollback(engine->store);
    if (store_in_transaction(engine->store)) {
        engine_end_process(engine, "engine.rollback_failed", &error);
    }
    engine_note_damage(engine, status);
    if (status == STATUS_DISK_FULL) {
        reserve_disk_is_full(engine);
    }
    return status;
}

/* ---- the index ---- */

static enum status index_some(struct engine *engine, bool *left_r, struct error *error)
{
    size_t count = 0;
    return store_index_tickets(engine->store, engine_now(engine), INDEXED_PER_STEP, engine->scratch,
                               &count, left_r, error);
}

static enum status clean_some(struct engine *engine, bool *left_r, struct error *error)
{
    return store_clean_index(engine->store, engine->tending.cleaning, left_r, error);
}

/* What is to be done of the index; NULL: nothing. */
static tending_step *index_step(struct engine *engine)
{
    struct tickets_tending *tending = &engine->tending;
    struct error error = {.text = ""};
    bool has = false;
    enum status status = STATUS_OK;
    if (!tending->asked) {
        status = store_index_is_unclean(engine->store, &tending->unclean, &error);
        tending->asked = status == STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = store_has_unindexed(engine->store, engine_now(engine), &has, &error);
    }
    if (status != STATUS_OK) {
        log_error("engine.tickets_failed", LOG_STATUS(status), LOG_TEXT("detail", error.text));
        engine_note_damage(engine, status);
        return NULL;
    }
    return has ? index_some : tending->unclean ? clean_some : NULL;
}

static int64_t tend_index(struct engine *engine, bool busy)
{
    struct tickets_tending *tending = &engine->tending;
    const struct clock_source *clock = &engine->configuration.clock;
    tending_step *step = tending->damaged ? NULL : index_step(engine);
    bool left = false;
    if (step == NULL) {
        return INDEX_EVERY_MS;
    }
    int64_t began_ms = clock_monotonic(clock).ms;
    if (run_step(engine, step, &left) != STATUS_OK) {
        return FAILED_WAIT_MS;
    }
    if (step == clean_some) {
        tending->cleaning = left;
        tending->unclean = left;
    }
    int64_t took_ms = clock_monotonic(clock).ms - began_ms;
    int64_t rest_ms = took_ms * (busy ? REST_BUSY : REST_IDLE);
    rest_ms = rest_ms > REST_MS_MIN ? rest_ms : REST_MS_MIN;
    return left || tending->unclean ? rest_ms : INDEX_EVERY_MS;
}

/* ---- erasure ---- */

/* The first customer behind the one that was walked last, whose tickets are not kept for ever. */
static const struct directory_customer *next_customer(const struct engine *engine)
{
    const struct directory_customer *next = NULL;
    size_t count = directory_customers_count(engine->current);
    for (size_t i = 0; i < count; i++) {
        const struct directory_customer *customer = directory_customer_at(engine->current, i);
        if (customer->retention_days > 0 && customer->id > engine->tending.customer_id &&
            (next == NULL || customer->id < next->id)) {
            next = customer;
        }
    }
    return next;
}

static enum status erase_one(struct engine *engine, int64_t customer_id, struct uuid ticket_id,
                             struct error *error)
{
    int64_t open = 0;
    enum status status =
        store_count_open_of_ticket(engine->store, customer_id, ticket_id, &open, error);
    return status == STATUS_OK && open == 0
               ? store_erase_ticket(engine->store, customer_id, ticket_id,
                                    clock_wall(&engine->configuration.clock), engine->scratch,
                                    error)
               : status;
}

/* What the walk found to erase. */
struct found {
    int64_t customer_id;
    struct uuid ids[LOOKED_PER_STEP];
    size_t count;
};

static enum status erase_some(struct engine *engine, bool *left_r, struct error *error)
{
    const struct directory_customer *customer =
        directory_customer(engine->current, engine->tending.customer_id);
    struct found found;
    struct uuid reached;
    enum status status =
        store_list_erasable(engine->store, customer->id, engine->tending.after,
                            retention_before(engine, customer->retention_days), LOOKED_PER_STEP,
                            found.ids, &found.count, &reached, error);
    size_t most = found.count < ERASED_PER_STEP ? found.count : ERASED_PER_STEP;
    for (size_t i = 0; i < most && status == STATUS_OK; i++) {
        status = erase_one(engine, customer->id, found.ids[i], error);
    }
    if (status == STATUS_OK) {
        engine->tending.unclean = engine->tending.unclean || most > 0;
        engine->tending.after = most < found.count ? found.ids[most - 1] : reached;
        *left_r = !uuid_is_nil(engine->tending.after);
    }
    return status;
}

/* What is done for each customer, one behind the other. */
static tending_step *const erasing[] = {erase_some, retention_look_at_idle, retention_erase_notes};

/* Whom the next step is for. NULL: the walk is over, or tickets are kept for ever from now on. */
static const struct directory_customer *customer_to_erase(struct engine *engine)
{
    struct tickets_tending *tending = &engine->tending;
    const struct directory_customer *customer;
    if (tending->erasing == 0 && uuid_is_nil(tending->after)) {
        customer = next_customer(engine);
        tending->customer_id = customer != NULL ? customer->id : 0;
        tending->never_closed = 0;
        tending->tells = false;
        return customer;
    }
    customer = directory_customer(engine->current, tending->customer_id);
    return customer != NULL && customer->retention_days > 0 ? customer : NULL;
}

/* One step of the walk over all customers; a walk begins each hour. */
static int64_t tend_erasure(struct engine *engine)
{
    struct tickets_tending *tending = &engine->tending;
    bool left = true;
    if (customer_to_erase(engine) == NULL) {
        tending->erasing = 0;
        tending->after = (struct uuid){{0}};
        return tending->customer_id == 0 ? ERASE_EVERY_MS : ERASE_STEP_MS;
    }
    const struct tickets_tending before = *tending;
    if (run_step(engine, erasing[tending->erasing], &left) != STATUS_OK) {
        *tending = before; /* what the step found was taken back with it */
        return FAILED_WAIT_MS;
    }
    retention_tell(engine);
    if (!left) {
        tending->erasing = (tending->erasing + 1) % (sizeof erasing / sizeof erasing[0]);
        tending->after = (struct uuid){{0}};
    }
    if (!left && tending->erasing == 0 && next_customer(engine) == NULL) {
        tending->customer_id = 0; /* it was the last one */
        return ERASE_EVERY_MS;
    }
    return ERASE_STEP_MS;
}

int64_t tickets_tend(struct engine *engine, struct engine_time now, bool busy)
{
    struct tickets_tending *tending = &engine->tending;
    if (tending->index_at.ms == 0) { /* a start has more urgent work */
        tending->index_at.ms = tending->erase_at.ms = now.ms + TENDING_WAIT_MS;
    }
    if (atomic_load(&engine->damaged) || atomic_load(&engine->removed) ||
        atomic_load(&engine->disk_full)) {
        return TENDING_WAIT_MS;
    }
    if (engine_time_reached(tending->index_at, now)) {
        tending->index_at.ms = now.ms + tend_index(engine, busy);
    }
    if (engine_time_reached(tending->erase_at, now)) {
        tending->erase_at.ms = now.ms + tend_erasure(engine);
    }
    return engine_time_earlier(tending->index_at, tending->erase_at).ms - now.ms;
}
