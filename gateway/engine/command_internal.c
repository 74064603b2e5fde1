/* command_internal.c - what the engine asks of itself: deadlines, changed contexts, quarantine,
 * alarms. */
#include "gateway/engine/engine_private.h"

#include <stdio.h>

#include "gateway/base/log.h"

void count_met(struct engine *engine, int64_t late_ms)
{
    static const int64_t bounds[] = {1, 5, 10, 50, 100, 500, 1000};
    size_t bucket = 0;
    while (bucket < sizeof bounds / sizeof bounds[0] && late_ms > bounds[bucket]) {
        bucket++;
    }
    (void)pthread_mutex_lock(&engine->statistics_lock);
    engine->statistics.deadlines_fired++;
    engine->statistics.lateness_buckets[bucket]++;
    if (late_ms > engine->statistics.lateness_ms_max) {
        engine->statistics.lateness_ms_max = late_ms;
    }
    (void)pthread_mutex_unlock(&engine->statistics_lock);
}

enum status command_deadline(struct engine *engine, struct command *command, struct error *error)
{
    struct applied applied;
    struct event event = event_now(engine, EVENT_DEADLINE, command->received_at);
    int64_t due_ms = command->request.due.ms;
    enum status status =
        apply_event(engine, command->customer_id, command->escalation_id, &event, &applied, error);
    if (status == STATUS_OK) {
        int64_t late_ms = event.now.ms > due_ms ? event.now.ms - due_ms : 0;
        command->answer.late_ms = late_ms;
        if (late_ms > OVERDUE_MS_MAX) {
            engine_alarm_overdue(engine, late_ms); /* it may be met before the watchdog looks */
        }
    }
    return status;
}

enum status command_context_changed(struct engine *engine, struct command *command,
                                    struct error *error)
{
    struct applied applied;
    struct event event = event_now(engine, EVENT_CONTEXT_CHANGED, command->received_at);
    enum status status =
        apply_event(engine, command->customer_id, command->escalation_id, &event, &applied, error);
    return status == STATUS_QUARANTINED ? STATUS_OK : status;
}

enum status command_clock_moved(struct engine *engine, struct command *command, struct error *error)
{
    struct applied applied;
    bool suspended = command->request.clock.suspended;
    struct event event = event_now(engine, suspended ? EVENT_CLOCK_SUSPENDED : EVENT_CLOCK_STEPPED,
                                   command->received_at);
    event.moved_ms = command->request.clock.moved_ms;
    enum status status =
        apply_event(engine, command->customer_id, command->escalation_id, &event, &applied, error);
    return status == STATUS_QUARANTINED ? STATUS_OK : status;
}

/* opened: it is an escalation, not a request that never became one. */
static void tell_quarantine(struct engine *engine, struct uuid subject, bool opened)
{
    char id[UUID_TEXT_BYTES];
    char detail[160];
    uuid_format(subject, id);
    (void)snprintf(detail, sizeof detail, "%s %s %s", opened ? "escalation" : "request or push", id,
                   opened ? "was set aside after repeated failures: act by telephone"
                          : "ended the gateway twice and is refused from now on");
    log_error("engine.quarantine", LOG_UUID("escalation", subject));
    engine_alarm_about(engine, "engine.quarantine", id, detail);
}

/* Not even its rows make sense: what was tried is undone, what it would send is forgotten, and only
 * the mark is set. */
static enum status mark_only(struct engine *engine, const struct command *command,
                             size_t effects_mark, struct error *error)
{
    outbox_forget(engine, effects_mark);
    enum status status = store_savepoint_rollback(engine->store, error);
    if (status == STATUS_OK) {
        status = store_savepoint(engine->store, error);
    }
    return status == STATUS_OK
               ? store_set_aside(engine->store, command->customer_id, command->escalation_id, error)
               : status;
}

/* The whole way: with its timeline and a callback. *changed_r: it was not set aside before. */
static enum status set_aside(struct engine *engine, const struct command *command, bool *changed_r,
                             struct error *error)
{
    struct applied applied;
    struct event event = event_now(engine, EVENT_QUARANTINE, command->received_at);
    enum status status =
        apply_event(engine, command->customer_id, command->escalation_id, &event, &applied, error);
    *changed_r = status == STATUS_OK && applied.update->changed;
    return lasting_status(engine, status);
}

/* Whether its rows are to blame. Where room or memory ran out, the whole way is tried again. */
static bool are_rows_broken(const struct engine *engine, enum status status)
{
    return status != STATUS_OK && status != STATUS_NO_MEMORY && status != STATUS_DISK_FULL &&
           store_in_transaction(engine->store);
}

enum status command_quarantine(struct engine *engine, struct command *command, struct error *error)
{
    /* More aborts than it took: reading its rows, to set it aside, was one of them. */
    bool readable = poison_aborts(engine->poison, command->escalation_id) <= ABORTS_TO_QUARANTINE;
    bool changed = true;
    size_t effects_mark = engine->effects_count;
    enum status status = STATUS_OK;
    if (command->customer_id == 0) { /* it aborted before it was known whose it is: by a token */
        status = store_get_escalation_customer(engine->store, command->escalation_id,
                                               &command->customer_id, error);
    }
    bool known = status == STATUS_OK;
    if (known) {
        poison_belongs_to(engine->poison, command->escalation_id, command->customer_id);
        status = readable ? set_aside(engine, command, &changed, error)
                          : mark_only(engine, command, effects_mark, error);
    }
    if (status == STATUS_NOT_FOUND) {
        tell_quarantine(engine, command->escalation_id, false);
        return STATUS_OK;
    }
    if (known && readable && are_rows_broken(engine, status)) {
        status = mark_only(engine, command, effects_mark, error);
        changed = true; /* no callback goes out for it: the alarm is all that a person hears */
    }
    if (changed || status != STATUS_OK) {
        tell_quarantine(engine, command->escalation_id, true);
    }
    return status;
}

enum status command_alarm(struct engine *engine, struct command *command, struct error *error)
{
    const struct alarm_request *request = &command->request.alarm;
    return store_add_alarm(engine->store, command->received_at, request->kind, request->detail,
                           error);
}

/* Writes something that the watchdog can read back. */
enum status command_probe(struct engine *engine, struct command *command, struct error *error)
{
    (void)command;
    return engine_clock_save(engine, error);
}
