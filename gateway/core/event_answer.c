/* event_answer.c - a person accepts or declines. The first acceptance wins; who was asked by name,
 * or is sought beside the holder, has a place of their own. */
#include "gateway/core/core_private.h"

#include <assert.h>

void step_mark_attempt(struct step *step, enum attempt_answer answer)
{
    assert(answer == ANSWER_ACCEPTED || answer == ANSWER_DECLINED);
    assert(step->event->actor.kind != PERSON_NONE); /* somebody said so */
    struct attempt *attempt = step_change_attempt_of_actor(step);
    if (attempt == NULL) {
        return;
    }
    attempt->answer = answer;
    if (attempt->state < ATTEMPT_SEEN) {
        attempt->state = ATTEMPT_SEEN;
    }
    if (attempt->received_at.ms == TIME_NEVER_MS && attempt->path == PATH_PUSH) {
        attempt->received_at = step->event->wall;
    }
    if (attempt->seen_at.ms == TIME_NEVER_MS) {
        attempt->seen_at = step->event->wall;
    }
}

/* Somebody else holds it. */
static enum status accept_beside_holder(struct step *step)
{
    const struct escalation *now = step->now;
    const struct person_ref *actor = &step->event->actor;
    const struct offer *offer = team_offer(now, actor);
    bool person = actor->kind == PERSON_AGENT || actor->kind == PERSON_CONTACT;
    assert(escalation_is_held(now) && !person_equal(&now->holder, actor));
    if (offer != NULL && offer->role == OFFER_AS_HOLDER) {
        step_mark_attempt(step, ANSWER_ACCEPTED);
        team_take_over(step);
        return STATUS_OK;
    }
    if (escalation_member(now, actor) != NULL) {
        return STATUS_OK; /* a repeat */
    }
    bool sought = person && (offer != NULL || escalation_seeks_members(now));
    if (!sought || team_is_full(now)) {
        return step_refuse(step, STATUS_ALREADY_ACCEPTED, "accept");
    }
    step_mark_attempt(step, ANSWER_ACCEPTED);
    team_join(step, offer != NULL ? "asked" : "acceptance");
    return STATUS_OK;
}

enum status on_accept(struct step *step)
{
    struct escalation *now = step->now;
    const struct person_ref *actor = &step->event->actor;
    if (now->check_in_agent != 0 && now->state == ESCALATION_DONE &&
        person_equal(&now->holder, actor)) {
        return STATUS_OK; /* their first answer settled the check-in, and ended it */
    }
    if (escalation_is_closed(now) || now->state == ESCALATION_CANCELLING) {
        /* Also the holder is told so: nobody must believe that they have something to do. */
        return step_refuse(step, STATUS_CLOSED, "accept");
    }
    if (escalation_is_held(now) && person_equal(&now->holder, actor)) {
        /* A repeat gets the same answer; of a holder thought silent it is a sign of life. */
        return now->state == ESCALATION_OVERDUE ? on_progress(step) : STATUS_OK;
    }
    if (escalation_is_held(now)) {
        return accept_beside_holder(step);
    }
    step_mark_attempt(step, ANSWER_ACCEPTED);
    struct entry *entry = step_record(step, ENTRY_ACCEPTED);
    entry->attempt = step->event->attempt;
    entry->path = step->event->via;
    entry->has_path = true;
    entry->text = step->event->text;
    hold(step, ESCALATION_ACCEPTED, actor, step->event->via);
    assert(person_equal(&now->holder, actor));
    assert(now->wait_until.ms > step->event->now.ms); /* their progress is watched from now on */
    return STATUS_OK;
}

/* A "no" counts for all the person's attempts of this step; what was not sent yet stays here. */
static void decline_attempts_of_person(struct step *step)
{
    assert(step->event->actor.kind != PERSON_NONE);
    for (size_t i = 0; i < step->context->attempts_count; i++) {
        const struct attempt *attempt = &step->context->attempts[i];
        bool asks =
            (attempt->position == step->now->position && attempt->purpose == PURPOSE_ALERT) ||
            attempt->purpose == PURPOSE_OFFER;
        if (asks && attempt->answer != ANSWER_ACCEPTED &&
            attempt->person_kind == step->event->actor.kind &&
            attempt->person_id == step->event->actor.id) {
            struct attempt *declined = step_change_attempt(step, attempt->id);
            assert(declined != NULL); /* it is one of the loaded ones */
            declined->answer = ANSWER_DECLINED;
            if (declined->state == ATTEMPT_PLANNED) {
                step_drop_attempt(declined);
            }
            assert(declined->state != ATTEMPT_PLANNED);
        }
    }
}

enum status on_decline(struct step *step)
{
    struct escalation *now = step->now;
    if (escalation_is_closed(now) || now->state == ESCALATION_CANCELLING) {
        return step_refuse(step, STATUS_CLOSED, "decline");
    }
    if (escalation_is_held(now) && person_equal(&now->holder, &step->event->actor)) {
        return step_refuse(step, STATUS_WRONG_ORDER, "decline"); /* hand-back is the verb */
    }
    bool asked = team_offer(now, &step->event->actor) != NULL;
    if (escalation_is_held(now) && !asked && escalation_member(now, &step->event->actor) != NULL) {
        return step_refuse(step, STATUS_WRONG_ORDER, "decline"); /* leave is the verb */
    }
    step_mark_attempt(step, ANSWER_DECLINED);
    decline_attempts_of_person(step);
    struct entry *entry = step_record(step, ENTRY_DECLINED);
    entry->attempt = step->event->attempt;
    entry->path = step->event->via;
    entry->has_path = true;
    entry->text = step->event->text;
    if (asked) {
        entry->word = "offer";
        team_declined(step);
    }
    run_end_hopeless_step(step);
    /* A "no" leaves nobody holding it who did not before, and never ends it. */
    assert(!escalation_is_closed(now));
    assert(!escalation_is_held(now) || !person_equal(&now->holder, &step->event->actor));
    return STATUS_OK;
}
