/* event_desk.c - the verbs of the desk, and what the gateway itself reports. */
#include "gateway/core/core_private.h"

#include <assert.h>

enum status on_note(struct step *step)
{
    struct entry *entry = step_record(step, ENTRY_NOTE);
    entry->text = step->event->text;
    return STATUS_OK;
}

static void leave_open_promises_to_the_desk(struct step *step)
{
    assert(!escalation_is_closed(step->now));
    assert(step->now->callers_count <= CALLERS_MAX);
    for (int i = 0; i < step->now->callers_count; i++) {
        if (step->now->promises[i].state == PROMISE_OPEN) {
            step->now->promises[i].state = PROMISE_WARNED;
            step_task(step, TASK_CALLER, i + 1);
        }
    }
}

enum status on_cancel(struct step *step)
{
    struct escalation *now = step->now;
    if (now->state == ESCALATION_CANCELLED || now->state == ESCALATION_CANCELLING) {
        return STATUS_OK;
    }
    if (escalation_is_closed(now)) {
        return step_refuse(step, STATUS_CLOSED, "cancel");
    }
    struct entry *entry = step_record(step, ENTRY_CANCELLED);
    entry->text = step->event->text;
    leave_open_promises_to_the_desk(step);
    if (now->state == ESCALATION_ACCEPTED || now->state == ESCALATION_OVERDUE) {
        /* Somebody may be driving through the night: they are told until they confirm. */
        step_move(step, ESCALATION_CANCELLING);
        assert(escalation_is_held(now)); /* else nobody could confirm */
        now->notices = 1;
        now->wait_until =
            engine_time_add(step->event->now, step->context->procedure->exhausted_every_ms);
        if (step->context->holder != NULL &&
            run_reach(step, PURPOSE_CANCEL_NOTICE, step->context->holder, VIA_PUSH,
                      now->wait_until) == 0) {
            (void)run_reach(step, PURPOSE_CANCEL_NOTICE, step->context->holder, VIA_CALL,
                            now->wait_until);
        }
        team_tell_of_cancellation(step);
        assert(now->wait_until.ms > step->event->now.ms);
        return STATUS_OK;
    }
    step_move(step, ESCALATION_CANCELLED);
    run_withdraw(step);
    team_tell_of_cancellation(step);
    assert(escalation_is_closed(now));
    return STATUS_OK;
}

enum status on_resume(struct step *step)
{
    struct escalation *now = step->now;
    if (escalation_is_closed(now) || now->state == ESCALATION_CANCELLING) {
        return step_refuse(step, STATUS_CLOSED, "resume");
    }
    if (now->state == ESCALATION_NOTIFYING || now->state == ESCALATION_WAITING) {
        return STATUS_OK; /* it is going on already */
    }
    if (now->state == ESCALATION_ON_HOLD) {
        keep_release(step, "desk");
        return STATUS_OK;
    }
    struct entry *entry = step_record(step, ENTRY_RESUMED);
    entry->text = step->event->text;
    entry->word = "desk";
    if (escalation_is_held(now)) {
        now->handed_back_by = now->holder;
        let_go(step);
    } else {
        run_resume(step);
    }
    assert(!escalation_is_held(now) && !escalation_is_closed(now));
    assert(now->wait_until.ms > step->event->now.ms);
    return STATUS_OK;
}

enum status on_take(struct step *step)
{
    assert(step->event->actor.kind != PERSON_NONE);
    struct escalation *now = step->now;
    if (escalation_is_held(now) && person_equal(&now->holder, &step->event->actor)) {
        return STATUS_OK;
    }
    if (escalation_is_closed(now) || now->state == ESCALATION_CANCELLING) {
        return step_refuse(step, STATUS_CLOSED, "take");
    }
    if (escalation_is_held(now)) {
        return step_refuse(step, STATUS_ALREADY_ACCEPTED, "take");
    }
    (void)step_record(step, ENTRY_TAKEN);
    hold(step, ESCALATION_TAKEN, &step->event->actor, PATH_DESK);
    assert(person_equal(&now->holder, &step->event->actor));
    assert(now->holder_path == PATH_DESK);
    return STATUS_OK;
}

enum status on_called_back(struct step *step)
{
    int caller = step->event->caller;
    if (caller < 1 || caller > step->now->callers_count) {
        return STATUS_INVALID;
    }
    if (step->now->promises[caller - 1].state == PROMISE_SPLIT) {
        return step_refuse(step, STATUS_CONFLICT, "called_back");
    }
    assert(caller <= CALLERS_MAX);
    step->now->promises[caller - 1].state = PROMISE_KEPT;
    struct entry *entry = step_record(step, ENTRY_CALLED_BACK);
    entry->number = caller;
    keep_look(step);
    return STATUS_OK;
}

enum status on_context_changed(struct step *step)
{
    run_top_up(step);
    team_look_at_shift(step);
    keep_look(step); /* its hours may have changed */
    return STATUS_OK;
}

enum status on_quarantine(struct step *step)
{
    if (step->now->quarantined) {
        return STATUS_OK;
    }
    step->now->quarantined = true;
    (void)step_record(step, ENTRY_QUARANTINED);
    (void)step_attempt(step, PURPOSE_QUARANTINE, NULL, NULL, run_desk(step),
                       engine_time_add(step->event->now, INT64_C(3600000)));
    assert(step->update->created_count > 0); /* never set aside in silence */
    return STATUS_OK;
}
