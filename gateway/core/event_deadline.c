/* event_deadline.c - due_at passed: each clock that has run out does its work. */
#include "gateway/core/core_private.h"

#include <assert.h>

/* Later than this and the timeline says so: never late in silence. */
#define LATENESS_TOLD_MS INT64_C(1000)

static void overdue(struct step *step)
{
    const struct context_person *holder = step->context->holder;
    struct escalation *now = step->now;
    assert(now->state == ESCALATION_ACCEPTED && escalation_is_held(now));
    step_move(step, ESCALATION_OVERDUE);
    now->wait_until = engine_time_add(step->event->now, step->context->procedure->holder_silent_ms);
    struct entry *entry = step_record(step, ENTRY_OVERDUE);
    entry->person = now->holder;
    if (holder != NULL &&
        run_reach(step, PURPOSE_HOLDER_CALL, holder, VIA_CALL, now->wait_until) == 0) {
        (void)run_reach(step, PURPOSE_HOLDER_CALL, holder, VIA_PUSH, now->wait_until);
    }
    step_task(step, TASK_PROGRESS, 0);
    assert(now->wait_until.ms > step->event->now.ms);
    assert(escalation_is_held(now)); /* thought silent, still the holder */
}

static void resume_after_silence(struct step *step)
{
    assert(step->now->state == ESCALATION_OVERDUE && escalation_is_held(step->now));
    struct entry *entry = step_record(step, ENTRY_RESUMED);
    entry->person = step->now->holder;
    entry->word = "holder_silent";
    step->now->handed_back_by = step->now->holder;
    let_go(step);
    assert(step->now->state != ESCALATION_OVERDUE && !escalation_is_held(step->now));
}

/* By push and by call in turn; answers how many notices went out. */
static int tell_holder(struct step *step, const struct context_person *holder)
{
    struct escalation *now = step->now;
    assert(now->notices >= 1 && now->notices <= CANCEL_NOTICES_MAX);
    assert(now->wait_until.ms > step->event->now.ms);
    unsigned via = now->notices % 2 == 1 ? VIA_PUSH : VIA_CALL;
    int made = run_reach(step, PURPOSE_CANCEL_NOTICE, holder, via, now->wait_until);
    return made > 0 ? made
                    : run_reach(step, PURPOSE_CANCEL_NOTICE, holder, VIA_PUSH | VIA_CALL,
                                now->wait_until);
}

static void tell_holder_of_cancellation(struct step *step)
{
    struct escalation *now = step->now;
    const struct context_person *holder = step->context->holder;
    assert(now->state == ESCALATION_CANCELLING && escalation_is_held(now));
    assert(now->notices >= 0 && now->notices <= CANCEL_NOTICES_MAX);
    now->notices++;
    now->wait_until =
        engine_time_add(step->event->now, step->context->procedure->exhausted_every_ms);
    if (now->notices > CANCEL_NOTICES_MAX || holder == NULL || tell_holder(step, holder) == 0) {
        now->notices--;
        step_task(step, TASK_CANCEL, 0); /* a person has to find them */
        step_move(step, ESCALATION_CANCELLED);
    }
    /* Each time they are told once more, or the desk takes over: it never just goes quiet. */
    assert(escalation_is_closed(now) ? step->update->tasks_count > 0 || step->update->dropped > 0
                                     : step->update->created_count > 0);
}

/* The state's own clock has run out. */
static void on_wait_over(struct step *step)
{
    assert(engine_time_reached(step->now->wait_until, step->event->now));
    switch (step->now->state) { /* unreachable 2: the closed states; on_deadline() left */
    case ESCALATION_NOTIFYING:
        run_next_step(step, "not_accepted_in_time");
        break;
    case ESCALATION_WAITING:
        run_round(step);
        break;
    case ESCALATION_ACCEPTED:
        overdue(step);
        break;
    case ESCALATION_OVERDUE:
        resume_after_silence(step);
        break;
    case ESCALATION_EXHAUSTED:
        run_announce(step);
        break;
    case ESCALATION_TAKEN:
        step_task(step, TASK_PROGRESS, 0);
        step->now->wait_until =
            engine_time_add(step->event->now, step->context->procedure->progress_within_ms);
        break;
    case ESCALATION_CANCELLING:
        tell_holder_of_cancellation(step);
        break;
    case ESCALATION_ON_HOLD:
        keep_look(step);
        break;
    case ESCALATION_CANCELLED:
    case ESCALATION_DONE:
    case ESCALATION_NOTED:
        assert(false && "a closed escalation has no deadline");
        break;
    }
    /* The next deadline lies ahead: otherwise the engine would come back at once, for ever. */
    assert(!engine_time_reached(step->now->wait_until, step->event->now));
}

enum status on_deadline(struct step *step)
{
    struct escalation *now = step->now;
    struct engine_time at = step->event->now;
    if (escalation_is_closed(now) || !engine_time_reached(now->due_at, at)) {
        return STATUS_OK;
    }
    int64_t late_ms = at.ms - now->due_at.ms;
    assert(late_ms >= 0);
    if (late_ms >= LATENESS_TOLD_MS) {
        struct entry *entry = step_record(step, ENTRY_LATE);
        entry->number = late_ms;
    }
    warn_of_promises(step);
    team_look(step);
    if (engine_time_reached(now->wait_until, at)) {
        on_wait_over(step);
    } else if (engine_time_reached(now->received_until, at)) {
        run_next_step(step, "no_reception");
    }
    if (engine_time_reached(now->search_until, at)) {
        run_next_step(step, "not_accepted_in_time");
    }
    assert(!engine_time_reached(now->wait_until, at));
    assert(!engine_time_reached(now->received_until, at));
    assert(!engine_time_reached(now->search_until, at));
    return STATUS_OK;
}
