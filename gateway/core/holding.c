/* holding.c - who holds an escalation, letting go of it, and the promises that run meanwhile. */
#include "gateway/core/core_private.h"

#include <assert.h>

void hold(struct step *step, enum escalation_state state, const struct person_ref *holder,
          enum path path)
{
    struct escalation *now = step->now;
    struct engine_time step_ends =
        now->state == ESCALATION_NOTIFYING ? now->wait_until : ENGINE_NEVER;
    assert(state == ESCALATION_ACCEPTED || state == ESCALATION_TAKEN);
    assert(holder->kind != PERSON_NONE && holder->kind != PERSON_CALLBACK);
    assert(!escalation_is_held(now)); /* the first acceptance wins */
    step_move(step, state);
    now->holder = *holder;
    now->holder_path = path;
    now->held_since = step->event->wall;
    now->eta_at = WALL_NEVER;
    now->intervention = INTERVENTION_ACCEPTED;
    now->handed_back_by = (struct person_ref){.kind = PERSON_NONE};
    now->wait_until =
        engine_time_add(step->event->now, step->context->procedure->progress_within_ms);
    team_hold(step);
    /* An operator who takes it sees to it; an acceptance may be the first of several. */
    if (state != ESCALATION_ACCEPTED || !run_seek_members(step, step_ends)) {
        run_withdraw(step);
    }
    assert(escalation_is_held(now) && now->state == state);
    assert(now->wait_until.ms > step->event->now.ms && now->received_until.ms == TIME_NEVER_MS);
}

static void release(struct step *step)
{
    struct escalation *now = step->now;
    assert(escalation_is_held(now) && !escalation_is_closed(now));
    assert(now->handed_back_by.kind != PERSON_NONE); /* whom to pass over from now on */
    now->holder = (struct person_ref){.kind = PERSON_NONE};
    now->held_since = WALL_NEVER;
    now->eta_at = WALL_NEVER;
    now->intervention = INTERVENTION_NONE;
    team_release(step);
    warn_of_promises(step); /* their time may have come while it was held */
    assert(!escalation_is_held(now));
}

void let_go(struct step *step)
{
    release(step);
    run_resume(step);
    team_ask_to_hold(step);
}

void warn_of_promises(struct step *step)
{
    struct escalation *now = step->now;
    assert(step->context->procedure->promise_warning_ms >= 0);
    assert(now->callers_count >= 0 && now->callers_count <= CALLERS_MAX);
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
