/* command_internal.c - what the engine asks of itself: deadlines, changed contexts, quarantine,
 * alarms. */
#include "gateway/engine/engine_private.h"

#include "gateway/base/log.h"

static void count_lateness(struct engine *engine, int64_t late_ms)
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
    int64_t late_ms = event.now.ms > due_ms ? event.now.ms - due_ms : 0;
    count_lateness(engine, late_ms);
    if (late_ms > OVERDUE_MS_MAX) {
        engine_alarm_overdue(engine, late_ms); /* it may be met before the watchdog looks */
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

enum status command_quarantine(struct engine *engine, struct command *command, struct error *error)
{
    struct applied applied;
    struct event event = event_now(engine, EVENT_QUARANTINE, command->received_at);
    log_error("engine.quarantine", LOG_UUID("escalation", command->escalation_id));
    engine_alarm(engine, "engine.quarantine", "an escalation was set aside after two aborts");
    enum status status =
        apply_event(engine, command->customer_id, command->escalation_id, &event, &applied, error);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    /* Not even its rows make sense: what the attempt wrote is undone, and only the mark is set. */
    status = store_savepoint_rollback(engine->store, error);
    if (status == STATUS_OK) {
        status = store_savepoint(engine->store, error);
    }
    return status == STATUS_OK
               ? store_set_aside(engine->store, command->customer_id, command->escalation_id, error)
               : status;
}

enum status command_alarm(struct engine *engine, struct command *command, struct error *error)
{
    const struct alarm_request *request = &command->request.alarm;
    return store_add_alarm(engine->store, command->received_at, request->kind, request->detail,
                           error);
}
