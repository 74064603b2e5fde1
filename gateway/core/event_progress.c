/* event_progress.c - from acceptance to done: the verbs of the holder, and of each member for
 * themself. */
#include "gateway/core/core_private.h"

#include <assert.h>

/* Refuses unless the actor holds it; true when refused. */
static bool refuse_unless_holder(struct step *step, const char *verb)
{
    assert(verb != NULL && step->update->answer == STATUS_OK);
    const struct escalation *now = step->now;
    enum status answer = STATUS_OK;
    if (escalation_is_closed(now) || now->state == ESCALATION_CANCELLING) {
        answer = STATUS_CLOSED;
    } else if (!escalation_is_held(now)) {
        answer = STATUS_WRONG_ORDER;
    } else if (!person_equal(&now->holder, &step->event->actor)) {
        answer = STATUS_ALREADY_ACCEPTED;
    }
    if (answer == STATUS_OK) {
        assert(step->event->actor.kind != PERSON_NONE);
        assert(now->wait_until.ms != TIME_NEVER_MS);
        return false;
    }
    (void)step_refuse(step, answer, verb);
    return true;
}

static void record_progress(struct step *step, enum intervention intervention)
{
    const struct event *event = step->event;
    struct entry *entry =
        step_record(step, event->progress == INTERVENTION_NONE ? ENTRY_EXTENDED : ENTRY_PROGRESS);
    entry->word = intervention_word(intervention);
    entry->number = event->eta_ms / 1000;
    entry->path = event->via;
    entry->has_path = true;
    entry->text = event->text;
}

/* A member's word moves no clock: the holder is the one who is watched. */
static enum status progress_of_member(struct step *step, struct member *member)
{
    const struct event *event = step->event;
    if (event->progress == INTERVENTION_ON_MY_WAY && member->intervention == INTERVENTION_ON_SITE) {
        return step_refuse(step, STATUS_WRONG_ORDER, "on_my_way");
    }
    if (event->progress != INTERVENTION_NONE) {
        member->intervention = event->progress;
    }
    member->eta_at =
        event->eta_ms > 0 ? (struct wall_time){event->wall.ms + event->eta_ms} : WALL_NEVER;
    record_progress(step, member->intervention);
    return STATUS_OK;
}

/* A member at work beside a holder, or NULL. */
static struct member *acting_member(struct step *step)
{
    const struct escalation *now = step->now;
    bool goes_on = !escalation_is_closed(now) && now->state != ESCALATION_CANCELLING;
    return goes_on ? team_member(step, &step->event->actor) : NULL;
}

enum status on_progress(struct step *step)
{
    struct escalation *now = step->now;
    const struct event *event = step->event;
    assert(event->eta_ms >= 0);
    assert(event->progress == INTERVENTION_NONE ||
           (event->progress >= INTERVENTION_REMOTE && event->progress <= INTERVENTION_ON_SITE));
    struct member *member = acting_member(step);
    if (member != NULL) {
        return progress_of_member(step, member);
    }
    if (refuse_unless_holder(step, "progress")) {
        return STATUS_OK;
    }
    if (event->progress == INTERVENTION_ON_MY_WAY && now->intervention == INTERVENTION_ON_SITE) {
        return step_refuse(step, STATUS_WRONG_ORDER, "on_my_way");
    }
    if (now->state == ESCALATION_OVERDUE) {
        step_move(step, ESCALATION_ACCEPTED);
    }
    if (event->progress != INTERVENTION_NONE) {
        now->intervention = event->progress;
    }
    now->eta_at =
        event->eta_ms > 0 ? (struct wall_time){event->wall.ms + event->eta_ms} : WALL_NEVER;
    now->wait_until =
        engine_time_add(event->now, step->context->procedure->progress_within_ms + event->eta_ms);
    record_progress(step, now->intervention);
    assert(escalation_is_held(now) && now->state != ESCALATION_OVERDUE);
    assert(now->wait_until.ms > event->now.ms);
    return STATUS_OK;
}

enum status on_done(struct step *step)
{
    struct escalation *now = step->now;
    if (now->state == ESCALATION_DONE && person_equal(&now->holder, &step->event->actor)) {
        return STATUS_OK;
    }
    if (acting_member(step) != NULL) {
        team_leave(step, "done");
        return STATUS_OK;
    }
    if (!escalation_is_closed(now) && team_is_done(now, &step->event->actor)) {
        return STATUS_OK;
    }
    if (refuse_unless_holder(step, "done") || team_goes_on(step)) {
        return STATUS_OK; /* or the others are still at it: one of them holds it now */
    }
    for (int i = 0; i < now->callers_count; i++) {
        if (now->promises[i].state == PROMISE_OPEN || now->promises[i].state == PROMISE_WARNED) {
            now->promises[i].state = PROMISE_KEPT; /* the callers were served */
        }
    }
    step_record(step, ENTRY_DONE)->text = step->event->text;
    now->intervention = INTERVENTION_DONE;
    step_move(step, ESCALATION_DONE);
    /* Who did it stays on record, and nothing is due any more. */
    assert(escalation_is_closed(now) && escalation_is_held(now));
    assert(now->wait_until.ms == TIME_NEVER_MS);
    return STATUS_OK;
}

enum status on_hand_back(struct step *step)
{
    struct escalation *now = step->now;
    if (!escalation_is_closed(now) && !team_has(now, &step->event->actor) &&
        person_equal(&now->handed_back_by, &step->event->actor)) {
        return STATUS_OK;
    }
    if (acting_member(step) != NULL) {
        team_leave(step, "left");
        return STATUS_OK;
    }
    if (refuse_unless_holder(step, "hand_back")) {
        return STATUS_OK;
    }
    struct entry *entry = step_record(step, ENTRY_HANDED_BACK);
    entry->text = step->event->text;
    now->handed_back_by = now->holder;
    let_go(step);
    assert(!escalation_is_held(now) && !escalation_is_closed(now));
    assert(now->wait_until.ms > step->event->now.ms); /* somebody else is sought at once */
    return STATUS_OK;
}
