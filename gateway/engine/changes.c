/* changes.c - who must be looked at again: open escalations of customers whose people changed, a
 * part of them each turn; and escalations that fail again and again, which are set aside. */
#include "gateway/engine/engine_private.h"

#include <string.h>

#define FAILURES_TO_QUARANTINE 3

static struct change_walk *find_walk(struct changes *changes, int64_t customer_id)
{
    for (size_t i = 0; i < changes->count; i++) {
        if (changes->walks[i].customer_id == customer_id) {
            return &changes->walks[i];
        }
    }
    return NULL;
}

void changes_add(struct engine *engine, int64_t customer_id)
{
    struct changes *changes = &engine->changes;
    struct change_walk *walk = find_walk(changes, customer_id);
    if (walk != NULL) {
        /* Begun already: from the start again, for those that were passed. */
        memset(&walk->cursor, 0, sizeof walk->cursor);
        return;
    }
    if (changes->count == CHANGED_CUSTOMERS_MAX) {
        changes_add_all(engine); /* more than can be remembered: look at everybody */
        return;
    }
    changes->walks[changes->count++] = (struct change_walk){.customer_id = customer_id};
}

void changes_left(struct engine *engine, int64_t customer_id, struct uuid told)
{
    struct change_walk *walk = find_walk(&engine->changes, customer_id);
    bool ended = walk == NULL;
    if (ended) {
        changes_add(engine, customer_id);
        walk = find_walk(&engine->changes, customer_id); /* none: everybody is told */
    }
    if (walk != NULL && (ended || memcmp(&walk->cursor, &told, sizeof told) > 0)) {
        walk->cursor = told;
    }
}

void changes_add_all(struct engine *engine)
{
    engine->changes.last_of_all = 0;
    engine->changes.all = true;
}

bool changes_pending(const struct engine *engine)
{
    return engine->changes.count > 0 || engine->changes.all;
}

enum status changes_next(struct engine *engine, size_t most, int64_t *customer_id_r,
                         struct uuid *ids_r, size_t *count_r, struct error *error)
{
    struct changes *changes = &engine->changes;
    *count_r = 0;
    if (changes->count == 0 && changes->all) {
        const struct directory_customer *next =
            directory_customer_after(engine->current, changes->last_of_all);
        changes->all = next != NULL;
        if (next != NULL) {
            changes->last_of_all = next->id;
            changes_add(engine, next->id);
        }
    }
    if (changes->count == 0) {
        return STATUS_OK;
    }
    struct change_walk *walk = &changes->walks[changes->count - 1];
    *customer_id_r = walk->customer_id;
    enum status status = store_list_open(engine->store, walk->customer_id, walk->cursor, most,
                                         ids_r, count_r, error);
    if (status == STATUS_OK && *count_r > 0) {
        walk->cursor = ids_r[*count_r - 1];
    }
    if (status == STATUS_OK && *count_r < most) {
        changes->count--;
    }
    return status;
}

void quarantine_post(struct engine *engine, int64_t customer_id, struct uuid escalation)
{
    struct command *command = own_command(COMMAND_QUARANTINE, customer_id, escalation,
                                          clock_wall(&engine->configuration.clock));
    if (engine_post(engine, command) != STATUS_OK) {
        command->complete(command);
    }
}

bool is_passing(enum status status)
{
    return status == STATUS_DISK_FULL || status == STATUS_NO_MEMORY || status == STATUS_IO ||
           status == STATUS_UNAVAILABLE || status == STATUS_TIMEOUT || status == STATUS_UNCERTAIN;
}

enum status lasting_status(const struct engine *engine, enum status status)
{
    return status == STATUS_NO_MEMORY && arena_is_exhausted(engine->scratch) ? STATUS_TOO_LARGE
                                                                             : status;
}

bool failed_lately(struct engine *engine, struct uuid escalation)
{
    for (size_t i = 0; i < FAILING_MAX; i++) {
        const struct failing *each = &engine->failing[i];
        if (each->again_at.ms != 0 && uuid_equal(each->escalation, escalation)) {
            return !engine_time_reached(each->again_at, engine_now(engine));
        }
    }
    return false;
}

void blame(struct engine *engine, int64_t customer_id, struct uuid escalation, enum status status)
{
    if (is_passing(status)) {
        return;
    }
    struct failing *slot = &engine->failing[0];
    for (size_t i = 0; i < FAILING_MAX; i++) {
        struct failing *each = &engine->failing[i];
        if (each->again_at.ms != 0 && uuid_equal(each->escalation, escalation)) {
            slot = each;
            break;
        }
        slot = each->times < slot->times ? each : slot;
    }
    if (!uuid_equal(slot->escalation, escalation)) {
        *slot = (struct failing){.escalation = escalation};
    }
    slot->again_at = engine_now(engine);
    if (++slot->times >= FAILURES_TO_QUARANTINE) {
        slot->times = 0;
        slot->again_at = engine_time_add(engine_now(engine), FAILING_WAIT_MS);
        quarantine_post(engine, customer_id, escalation);
    }
}
