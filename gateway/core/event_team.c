/* event_team.c - somebody is asked by name, joins, or leaves. */
#include "gateway/core/core_private.h"

#include <assert.h>

/* Why somebody cannot be asked, as the record has it; NULL: they can. */
static const char *obstacle(const struct step *step, const struct context_person *person)
{
    const struct escalation *now = step->now;
    const struct event *event = step->event;
    if (now->check_in_agent != 0) {
        return "offer_of_check_in"; /* its own rules say who takes the shift */
    }
    if (!team_can_reach(person)) {
        return "offer_out_of_reach";
    }
    if (event->role == OFFER_AS_MEMBER && team_is_full(now)) {
        return "offer_team_full";
    }
    if (now->offers_count == OFFERS_MAX && team_offer(now, &event->whom) == NULL) {
        return "offer_limit";
    }
    return NULL;
}

static bool is_asked_already(const struct step *step)
{
    const struct event *event = step->event;
    const struct offer *offer = team_offer(step->now, &event->whom);
    bool holds = escalation_is_held(step->now) && person_equal(&step->now->holder, &event->whom);
    if (event->role == OFFER_AS_HOLDER ? holds
                                       : escalation_member(step->now, &event->whom) != NULL) {
        return true; /* nothing is left to ask */
    }
    return offer != NULL && offer->role == event->role && offer->stays == event->stays;
}

enum status on_offer(struct step *step)
{
    const struct escalation *now = step->now;
    const struct event *event = step->event;
    assert(event->whom.kind == PERSON_AGENT || event->whom.kind == PERSON_CONTACT);
    assert(event->origin == OFFER_BY_DESK || event->origin == OFFER_BY_HOLDER);
    if (escalation_is_closed(now) || now->state == ESCALATION_CANCELLING) {
        return step_refuse(step, STATUS_CLOSED, "offer");
    }
    if (event->origin == OFFER_BY_HOLDER && !escalation_is_held(now)) {
        return step_refuse(step, STATUS_WRONG_ORDER, "offer");
    }
    if (event->origin == OFFER_BY_HOLDER && !person_equal(&now->holder, &event->actor)) {
        return step_refuse(step, STATUS_ALREADY_ACCEPTED, "offer");
    }
    if (is_asked_already(step)) {
        return STATUS_OK;
    }
    if (escalation_is_held(now) && person_equal(&now->holder, &event->whom)) {
        return step_refuse(step, STATUS_WRONG_ORDER, "offer"); /* the holder cannot join it */
    }
    const struct context_person *person = team_person(step, &event->whom);
    const char *why_not = obstacle(step, person);
    if (why_not != NULL) {
        return step_refuse(step, STATUS_CONFLICT, why_not);
    }
    team_ask(step, person, event->role, event->origin, event->stays);
    assert(team_offer(now, &event->whom) != NULL);
    return STATUS_OK;
}

enum status on_join(struct step *step)
{
    const struct escalation *now = step->now;
    const struct person_ref *actor = &step->event->actor;
    assert(actor->kind == PERSON_AGENT);
    if (escalation_is_closed(now) || now->state == ESCALATION_CANCELLING) {
        return step_refuse(step, STATUS_CLOSED, "join");
    }
    if (team_has(now, actor)) {
        return STATUS_OK;
    }
    if (!escalation_is_held(now)) {
        return step_refuse(step, STATUS_WRONG_ORDER, "join"); /* accept is the verb */
    }
    bool asked = team_offer(now, actor) != NULL;
    if (!asked && !step->event->on_call) {
        return step_refuse(step, STATUS_FORBIDDEN, "join");
    }
    if (now->check_in_agent != 0 || team_is_full(now)) {
        return step_refuse(step, STATUS_CONFLICT,
                           now->check_in_agent != 0 ? "join_of_check_in" : "join_team_full");
    }
    team_join(step, asked ? "asked" : "on_call");
    return STATUS_OK;
}

enum status on_leave(struct step *step)
{
    const struct escalation *now = step->now;
    const struct person_ref *actor = &step->event->actor;
    if (escalation_is_closed(now) || now->state == ESCALATION_CANCELLING) {
        return step_refuse(step, STATUS_CLOSED, "leave");
    }
    if (escalation_is_held(now) && person_equal(&now->holder, actor)) {
        return step_refuse(step, STATUS_WRONG_ORDER, "leave"); /* they hand it back, or over */
    }
    if (escalation_member(now, actor) != NULL) {
        team_leave(step, "left");
    }
    return STATUS_OK;
}
