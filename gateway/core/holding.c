/* holding.c - who holds an escalation, and letting go of it. */
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
}
