/* apply.c - takes one event through the core and writes what it answered. */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/engine/entry_facts.h"
#include "gateway/store/store_team.h"
#include "gateway/store/store_ticket.h"

struct event event_now(struct engine *engine, enum event_type type, struct wall_time wall)
{
    struct engine_time now = engine_now(engine);
    return (struct event){
        .type = type,
        .now = now,
        .wall = wall,
        .id_base = uuid_v7_base((struct wall_time){now.ms}, &engine->configuration.random),
    };
}

/* Search finds the ticket by what was said from now on. A new one is not in the index yet. */
static enum status note_said(struct engine *engine, const struct event *event, struct error *error)
{
    const struct update *update = engine->update;
    bool said = false;
    for (size_t i = 0; i < update->entries_count && event->type != EVENT_OPENED; i++) {
        said = said || (update->entries[i].text != NULL && store_is_said(update->entries[i].kind));
    }
    return said ? store_note_ticket_changed(engine->store, update->after.customer_id,
                                            update->after.ticket_id, error)
                : STATUS_OK;
}

static enum status write_timeline(struct engine *engine, const struct event *event,
                                  struct error *error)
{
    const struct update *update = engine->update;
    size_t count = update->entries_count;
    if (count == 0) {
        return STATUS_OK;
    }
    struct timeline_row *rows = arena_alloc(engine->scratch, count * sizeof *rows);
    struct uuid *salts = arena_alloc(engine->scratch, count * sizeof *salts);
    if (rows == NULL || salts == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the timeline");
    }
    for (size_t i = 0; i < count; i++) {
        const struct entry *entry = &update->entries[i];
        char facts[ENTRY_FACTS_BYTES_MAX];
        size_t bytes = entry_facts_write(entry, facts);
        rows[i] = (struct timeline_row){
            .customer_id = update->after.customer_id,
            .escalation_id = update->after.id,
            .kind = entry->kind,
            .at = event->wall,
            .at_engine = event->now,
            .facts = arena_text_n(engine->scratch, facts, bytes),
            .personal = entry->text,
        };
        if (rows[i].facts == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "no memory for the timeline");
        }
        if (entry->text != NULL) {
            random_fill(&engine->configuration.random, salts[i].bytes, sizeof salts[i].bytes);
        }
    }
    engine->journal_written = true;
    enum status status = store_append_timeline(engine->store, rows, salts, count, error);
    return status == STATUS_OK ? note_said(engine, event, error) : status;
}

/* Apple keeps one notification for each app and phone: a withdrawal must not replace the alert of
 * another escalation that the phone has not confirmed yet. */
static enum status suppress_harmful_withdrawal(struct engine *engine, struct attempt *attempt,
                                               struct error *error)
{
    bool awaits = false;
    if (attempt->purpose != PURPOSE_WITHDRAW || attempt->platform != PLATFORM_APNS) {
        return STATUS_OK;
    }
    enum status status = store_awaits_reception(engine->store, attempt->device_id,
                                                engine->update->after.id, &awaits, error);
    if (awaits) {
        attempt->state = ATTEMPT_EXPIRED;
        (void)text_copy(attempt->reason, sizeof attempt->reason, "would_hide_another");
    }
    return status;
}

/* New attempts: those with a credit are handed over by this very transaction, the others wait. */
static enum status write_created(struct engine *engine, const struct event *event,
                                 struct error *error)
{
    struct update *update = engine->update;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < update->created_count && status == STATUS_OK; i++) {
        struct attempt *attempt = &update->created[i];
        status = suppress_harmful_withdrawal(engine, attempt, error);
        if (status != STATUS_OK) {
            break;
        }
        if (attempt->state != ATTEMPT_PLANNED) {
            status = store_add_attempt(engine->store, update->after.customer_id, update->after.id,
                                       attempt, error);
            continue;
        }
        /* A newcomer does not take the trunk from a severer call that waits for it. */
        bool queue_up = attempt->path == PATH_CALL && engine->outbox_waiting;
        if (!queue_up && outbox_take_credit(engine, attempt, event->now)) {
            attempt->state = ATTEMPT_HANDED_OVER;
            attempt->handed_over_at = event->wall;
            engine->effects[engine->effects_count++] = (struct pending_effect){
                .customer_id = update->after.customer_id,
                .escalation_id = update->after.id,
                .ticket_id = update->after.ticket_id,
                .drill = update->after.drill,
                .check_in_agent = update->after.check_in_agent,
                .attempt = *attempt,
            };
        } else {
            engine->outbox_waiting = true;
        }
        status = store_add_attempt(engine->store, update->after.customer_id, update->after.id,
                                   attempt, error);
    }
    for (size_t i = 0; i < update->changed_attempts_count && status == STATUS_OK; i++) {
        status = store_update_attempt(engine->store, update->after.customer_id, update->after.id,
                                      &update->changed_attempts[i], error);
    }
    return status;
}

static enum status write_tasks(struct engine *engine, const struct event *event,
                               struct error *error)
{
    const struct update *update = engine->update;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < update->tasks_count && status == STATUS_OK; i++) {
        struct desk_task_row row = {
            .customer_id = update->after.customer_id,
            .task_id = uuid_v7((struct wall_time){event->now.ms}, &engine->configuration.random),
            .escalation_id = update->after.id,
            .kind = update->tasks[i].kind,
            .caller = update->tasks[i].caller,
            .created_at = event->wall,
            .done_at = WALL_NEVER,
        };
        status = store_add_desk_task(engine->store, &row, error);
    }
    return status;
}

static enum status write_promises(struct engine *engine, const struct escalation *before,
                                  struct error *error)
{
    const struct escalation *after = &engine->update->after;
    enum status status = STATUS_OK;
    for (int i = 0; i < before->callers_count && status == STATUS_OK; i++) {
        if (before->promises[i].state != after->promises[i].state) {
            status = store_update_caller(engine->store, after->customer_id, after->id, i + 1,
                                         &after->promises[i], error);
        }
    }
    return status;
}

/* An open promise keeps the ticket open. */
static enum status close_ticket_when_over(struct engine *engine, const struct event *event,
                                          struct error *error)
{
    const struct escalation *after = &engine->update->after;
    if (!escalation_is_closed(after) || after->state == ESCALATION_NOTED) {
        return STATUS_OK; /* what is only a ticket is still to be worked on */
    }
    for (int i = 0; i < after->callers_count; i++) {
        /* unreachable: done keeps what is open, and cancelling leaves it to the desk */
        if (after->promises[i].state == PROMISE_OPEN ||
            after->promises[i].state == PROMISE_WARNED) {
            return STATUS_OK;
        }
    }
    return store_close_ticket(engine->store, after->customer_id, after->ticket_id, event->wall,
                              error);
}

/* What has the desk look for people is over with it; what it owes a caller, or has to tell the
 * holder, is not. */
static enum status close_search(struct engine *engine, const struct event *event,
                                struct error *error)
{
    const struct escalation *after = &engine->update->after;
    return escalation_is_closed(after)
               ? store_finish_search_tasks(engine->store, after->customer_id, after->id,
                                           event->wall, error)
               : STATUS_OK;
}

static enum status write_update(struct engine *engine, const struct event *event,
                                struct error *error)
{
    enum status status = write_created(engine, event, error);
    if (status == STATUS_OK) {
        status = write_tasks(engine, event, error);
    }
    if (status == STATUS_OK) {
        status = write_timeline(engine, event, error);
    }
    if (status == STATUS_OK) {
        status = close_search(engine, event, error);
    }
    if (status == STATUS_OK) {
        status = close_ticket_when_over(engine, event, error);
    }
    if (engine->update->dropped > 0) {
        log_warning("engine.update_over_limit", LOG_UUID("escalation", engine->update->after.id),
                    LOG_INT("dropped", (int64_t)engine->update->dropped));
    }
    return status;
}

static enum status find_customer(struct engine *engine, int64_t customer_id,
                                 const struct directory_customer **customer_r, struct error *error)
{
    *customer_r = directory_customer(engine->current, customer_id);
    if (*customer_r == NULL) {
        return error_set(error, STATUS_NOT_FOUND, "no such customer");
    }
    struct wall_time wall = clock_wall(&engine->configuration.clock);
    if (directory_rotas_cover(*customer_r, wall)) {
        return STATUS_OK;
    }
    /* The wall was set to where nobody would be on call. */
    enum status status = engine_reload_customer(engine, customer_id, error);
    *customer_r = directory_customer(engine->current, customer_id);
    return status;
}

/* The event's attempt may be older than the newest ones that were loaded. An accepted outcome, the
 * most frequent event of all, concerns no other attempt. */
static enum status load_attempts(struct engine *engine, const struct escalation *before,
                                 const struct event *event, struct context *context,
                                 struct error *error)
{
    size_t count = 0;
    if (event->type == EVENT_TRANSPORT && event->transport == ATTEMPT_ACCEPTED) {
        context->attempts = engine->attempts;
        enum status found = store_get_attempt(engine->store, before->customer_id, before->id,
                                              event->attempt, &engine->attempts[0], error);
        context->attempts_count = found == STATUS_OK ? 1 : 0;
        return found == STATUS_NOT_FOUND ? STATUS_OK : found;
    }
    enum status status =
        store_list_newest_attempts(engine->store, before->customer_id, before->id,
                                   ATTEMPTS_LOADED_MAX - 1, engine->attempts + 1, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    context->attempts = engine->attempts + 1;
    context->attempts_count = count;
    bool loaded = uuid_is_nil(event->attempt);
    for (size_t i = 0; i < count && !loaded; i++) {
        loaded = uuid_equal(engine->attempts[1 + i].id, event->attempt);
    }
    if (!loaded) {
        status = store_get_attempt(engine->store, before->customer_id, before->id, event->attempt,
                                   &engine->attempts[0], error);
        if (status == STATUS_OK) {
            context->attempts--;
            context->attempts_count++;
        } else if (status == STATUS_NOT_FOUND) {
            status = STATUS_OK; /* the core answers for an attempt that does not exist */
        }
    }
    return status;
}

/* What is on hold has not begun: it follows its procedure's versions and its customer's hours. */
static enum status prepare_on_hold(struct engine *engine, const struct directory_customer *customer,
                                   int64_t procedure_id, struct escalation *before,
                                   struct error *error)
{
    if (before->state != ESCALATION_ON_HOLD) {
        return STATUS_OK;
    }
    return context_newest_procedure(engine, customer,
                                    procedure_id != 0 ? procedure_id : before->procedure_id,
                                    &before->procedure_id, error);
}

static bool has_words(const struct update *update)
{
    bool has = false;
    for (size_t i = 0; i < update->entries_count; i++) {
        has = has || update->entries[i].text != NULL;
    }
    return has;
}

/* What was personal in a ticket was erased once, and nothing would erase it again: no words are
 * added, and no caller without a name gets a ticket of their own. Only closed escalations are
 * without theirs. */
static enum status refuse_when_erased(struct engine *engine, const struct escalation *before,
                                      const struct event *event, struct applied *applied,
                                      struct error *error)
{
    struct update *update = engine->update;
    struct ticket_row ticket;
    if (!escalation_is_closed(before) || update->answer != STATUS_OK ||
        (event->type != EVENT_SPLIT && !has_words(update))) {
        return STATUS_OK;
    }
    enum status status = store_get_ticket(engine->store, before->customer_id, before->ticket_id,
                                          engine->scratch, &ticket, error);
    if (status == STATUS_OK && ticket.erased_at.ms != TIME_NEVER_MS) {
        update->answer = STATUS_CLOSED;
        update->changed = false;
        update->after = *before;
        applied->erased = true;
    }
    return status;
}

static enum status apply_alone(struct engine *engine, int64_t customer_id, struct uuid id,
                               int64_t procedure_id, struct event *event, struct applied *applied_r,
                               struct error *error)
{
    struct escalation before;
    struct context context;
    memset(&before, 0, sizeof before);
    applied_r->erased = false;
    enum status status = find_customer(engine, customer_id, &applied_r->customer, error);
    if (status == STATUS_OK) {
        status = store_get_escalation(engine->store, customer_id, id, &before, error);
    }
    if (status == STATUS_OK && before.quarantined && event->type != EVENT_QUARANTINE) {
        return error_set(error, STATUS_QUARANTINED,
                         "the escalation was set aside after repeated aborts; act by telephone");
    }
    if (status == STATUS_OK) {
        status = prepare_on_hold(engine, applied_r->customer, procedure_id, &before, error);
    }
    if (status == STATUS_OK) {
        status = context_build(engine, applied_r->customer, &before, event, &context, error);
    }
    if (status == STATUS_OK && before.state == ESCALATION_ON_HOLD) {
        context_add_opening(engine, applied_r->customer, event, &context);
    }
    if (status == STATUS_OK) {
        status = team_resolve(engine, applied_r->customer, &before, event, &context, error);
    }
    if (status == STATUS_OK) {
        status = load_attempts(engine, &before, event, &context, error);
    }
    if (status == STATUS_OK) {
        status = escalation_step(&before, event, &context, engine->update);
    }
    if (status == STATUS_OK) {
        status = refuse_when_erased(engine, &before, event, applied_r, error);
    }
    applied_r->update = engine->update;
    if (status != STATUS_OK || !engine->update->changed) {
        return status;
    }
    if (engine->update->after.version != before.version) {
        status = store_update_escalation(engine->store, &engine->update->after, error);
    }
    if (status == STATUS_OK) {
        status = store_write_team(engine->store, &before, &engine->update->after, error);
    }
    if (status == STATUS_OK) {
        status = write_promises(engine, &before, error);
    }
    return status == STATUS_OK ? write_update(engine, event, error) : status;
}

enum status apply_event(struct engine *engine, int64_t customer_id, struct uuid id,
                        struct event *event, struct applied *applied_r, struct error *error)
{
    return apply_event_by(engine, customer_id, id, 0, event, applied_r, error);
}

enum status apply_event_by(struct engine *engine, int64_t customer_id, struct uuid id,
                           int64_t procedure_id, struct event *event, struct applied *applied_r,
                           struct error *error)
{
    enum status status =
        apply_alone(engine, customer_id, id, procedure_id, event, applied_r, error);
    return status == STATUS_OK ? check_in_answered(engine, event, applied_r, error) : status;
}

enum status apply_nothing(struct engine *engine, int64_t customer_id, struct uuid id,
                          struct applied *applied_r, struct error *error)
{
    struct update *update = engine->update;
    applied_r->erased = false;
    enum status status = find_customer(engine, customer_id, &applied_r->customer, error);
    if (status == STATUS_OK) {
        status = store_get_escalation(engine->store, customer_id, id, &update->after, error);
    }
    update->answer = STATUS_OK;
    update->changed = false;
    update->created_count = 0;
    update->changed_attempts_count = 0;
    update->entries_count = 0;
    update->tasks_count = 0;
    applied_r->update = update;
    return status;
}

enum status apply_opening(struct engine *engine, const struct escalation *seed,
                          const struct opening *opening, struct event *event,
                          struct applied *applied_r, struct error *error)
{
    struct context context;
    applied_r->erased = false;
    enum status status = find_customer(engine, seed->customer_id, &applied_r->customer, error);
    if (status == STATUS_OK) {
        status = context_build(engine, applied_r->customer, seed, event, &context, error);
    }
    if (status == STATUS_OK && event->plan == PLAN_HOLD) {
        context_add_opening(engine, applied_r->customer, event, &context);
    }
    if (status == STATUS_OK) {
        status = escalation_step(seed, event, &context, engine->update);
    }
    applied_r->update = engine->update;
    if (status == STATUS_OK) {
        status = store_add_ticket(engine->store, opening->ticket, error);
    }
    if (status == STATUS_OK) {
        status =
            store_add_escalation(engine->store, &engine->update->after, opening->dedup_key, error);
    }
    if (status == STATUS_OK) {
        struct caller_row caller = *opening->caller;
        caller.promise = engine->update->after.promises[0].state;
        caller.promise_engine = engine->update->after.promises[0].due_at;
        status = store_add_caller(engine->store, &caller, error);
    }
    return status == STATUS_OK ? write_update(engine, event, error) : status;
}
