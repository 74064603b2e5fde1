/* holding.c - who holds an escalation, letting go of it, and the promises that run meanwhile. */
#include "gateway/core/core_private.h"

void hold(struct step *step, enum escalation_state state, const struct person_ref *holder,
          enum path path)
{
    struct escalation *now = step->now;
    step_move(step, state);
    now->holder = *holder;
    now->holder_path = path;
    now->held_since = step->event->wall;
    now->eta_at = WALL_NEVER;
    now->intervention = INTERVENTION_ACCEPTED;
    now->handed_back_by = (struct person_ref){.kind = PERSON_NONE};
    now->wait_until =
        engine_time_add(step->event->now, step->context->procedure->progress_within_ms);
    run_withdraw(step);
}

void release(struct step *step)
{
    struct escalation *now = step->now;
    now->holder = (struct person_ref){.kind = PERSON_NONE};
    now->held_since = WALL_NEVER;
    now->eta_at = WALL_NEVER;
    now->intervention = INTERVENTION_NONE;
    warn_of_promises(step); /* their time may have come while it was held */
}

void warn_of_promises(struct step *step)
{
    struct escalation *now = step->now;
    if (escalation_is_held(now)) {
        return;
    }
    for (int i = 0; i < now->callers_count; i++) {
        struct promise *promise = &now->promises[i];
        int64_t warn_at_ms = promise->due_at.ms - step->context->procedure->promise_warning_ms;
        if (promise->state == PROMISE_OPEN && warn_at_ms <= step->event->now.ms) {
            promise->state = PROMISE_WARNED;
            step_task(step, TASK_PROMISE, i + 1);
        }
    }
}
