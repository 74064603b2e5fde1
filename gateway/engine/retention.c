/* retention.c - what a customer's retention reaches besides closed tickets (tickets_tend.c): those
 * that nobody closes, which are told of each week and erased at twice the retention, and the notes
 * that agents leave for the next at a check-out. */
#include "gateway/engine/engine_private.h"

#include <stdio.h>

#include "gateway/base/log.h"
#include "gateway/store/store_ticket.h"

#define DAY_MS          INT64_C(86400000)
#define TELL_EVERY_DAYS 7
/* What one step does: a few milliseconds. */
#define LOOKED_PER_STEP 64
#define ERASED_PER_STEP 8
#define NOTES_PER_STEP  64

struct wall_time retention_before(struct engine *engine, int64_t days)
{
    int64_t wall_ms = clock_wall(&engine->configuration.clock).ms;
    int64_t engine_ms = engine_now(engine).ms;
    int64_t now_ms = wall_ms < engine_ms ? wall_ms : engine_ms;
    return (struct wall_time){now_ms - days * DAY_MS};
}

/* At twice the retention nobody is expected to close it any more. They have no open escalation. */
static enum status erase_idle(struct engine *engine, const struct directory_customer *customer,
                              const struct idle_ticket *tickets, size_t count, size_t *reached_r,
                              struct error *error)
{
    const struct wall_time before = retention_before(engine, 2 * customer->retention_days);
    enum status status = STATUS_OK;
    size_t erased = 0, i = 0;
    for (; i < count && erased < ERASED_PER_STEP && status == STATUS_OK; i++) {
        if (tickets[i].last_at.ms >= before.ms) {
            engine->tending.never_closed++;
            continue;
        }
        status =
            store_erase_ticket(engine->store, customer->id, tickets[i].ticket_id,
                               clock_wall(&engine->configuration.clock), engine->scratch, error);
        engine->tending.unclean = true;
        erased++;
    }
    *reached_r = i;
    return status;
}

enum status retention_look_at_idle(struct engine *engine, bool *left_r, struct error *error)
{
    struct tickets_tending *tending = &engine->tending;
    const struct directory_customer *customer =
        directory_customer(engine->current, tending->customer_id);
    struct idle_ticket tickets[LOOKED_PER_STEP] = {{.last_at = WALL_NEVER}};
    const struct wall_time now = retention_before(engine, 0);
    struct uuid reached = {{0}};
    size_t count = 0, done = 0;
    enum status status = store_list_idle(engine->store, customer->id, tending->after,
                                         retention_before(engine, customer->retention_days),
                                         LOOKED_PER_STEP, tickets, &count, &reached, error);
    if (status == STATUS_OK) {
        status = erase_idle(engine, customer, tickets, count, &done, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    tending->after = done < count ? tickets[done - 1].ticket_id : reached;
    *left_r = !uuid_is_nil(tending->after);
    if (!*left_r && tending->never_closed > 0) {
        const struct wall_time told_before = retention_before(engine, TELL_EVERY_DAYS);
        status = store_tell_never_closed(engine->store, customer->id, now, told_before,
                                         &tending->tells, error);
    }
    return status;
}

enum status retention_erase_notes(struct engine *engine, bool *left_r, struct error *error)
{
    const struct directory_customer *customer =
        directory_customer(engine->current, engine->tending.customer_id);
    return store_erase_check_in_notes(engine->store, customer->id,
                                      retention_before(engine, customer->retention_days),
                                      NOTES_PER_STEP, left_r, error);
}

void retention_tell(struct engine *engine)
{
    struct tickets_tending *tending = &engine->tending;
    const struct directory_customer *customer =
        directory_customer(engine->current, tending->customer_id);
    char detail[512];
    if (!tending->tells || customer == NULL) {
        return;
    }
    tending->tells = false;
    (void)snprintf(detail, sizeof detail,
                   "%s: %lld tickets are open, without an open escalation, and nothing happened to "
                   "them for %lld days: work on them, or close them; at twice that time they are "
                   "erased as they are (GET /v1/tickets?state=open lists them)",
                   customer->slug, (long long)tending->never_closed,
                   (long long)customer->retention_days);
    engine_alarm_about(engine, "tickets.never_closed", customer->slug, detail);
}
