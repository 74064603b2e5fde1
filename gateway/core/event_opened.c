/* event_opened.c - a ticket begins, gains a caller, loses one, or worsens. */
#include "gateway/core/core_private.h"

#include <assert.h>

static int add_caller(struct step *step)
{
    struct escalation *now = step->now;
    const struct event *event = step->event;
    assert(now->callers_count >= 0 && now->callers_count <= CALLERS_MAX);
    assert(event->promised_ms >= 0);
    if (now->callers_count == CALLERS_MAX) {
        return 0;
    }
    struct promise *promise = &now->promises[now->callers_count++];
    *promise = (struct promise){.state = PROMISE_NONE, .due_at = ENGINE_NEVER};
    if (event->promised_ms > 0) {
        promise->state = PROMISE_OPEN;
        promise->due_at = engine_time_add(event->now, event->promised_ms);
    }
    assert((promise->state == PROMISE_OPEN) == (promise->due_at.ms != TIME_NEVER_MS));
    assert(now->callers_count >= 1 && now->callers_count <= CALLERS_MAX);
    return now->callers_count;
}

static void record_choices(struct step *step)
{
    const struct event *event = step->event;
    assert(event->choices_count <= EVENT_CHOICES_MAX);
    for (size_t i = 0; i < event->choices_count; i++) {
        const struct event_choice *choice = &event->choices[i];
        assert(choice->kind == ENTRY_QUALIFIED || choice->kind == ENTRY_UNQUALIFIED ||
               choice->kind == ENTRY_OVERRIDDEN || choice->kind == ENTRY_RELEASED ||
               choice->kind == ENTRY_FORWARDED || choice->kind == ENTRY_ASKED_ANEW);
        struct entry *entry = step_record(step, choice->kind);
        entry->person = choice->by;
        entry->word = choice->word;
        entry->number = choice->number;
        entry->text = choice->text;
    }
}

static void begin(struct step *step)
{
    assert(step->now->state == ESCALATION_NOTIFYING && step->now->callers_count == 1);
    switch (step->event->plan) { /* unreachable: a plan has no other number */
    case PLAN_NOW:
        run_from_top(step);
        break;
    case PLAN_HOLD:
        step->now->state = ESCALATION_ON_HOLD; /* where it begins */
        keep_until_opening(step);
        break;
    case PLAN_TICKET:
        step->now->state = ESCALATION_ON_HOLD;
        keep_as_ticket(step);
        break;
    }
    assert(step->now->wait_until.ms > step->event->now.ms);
}

enum status on_opened(struct step *step)
{
    struct escalation *now = step->now;
    assert(now->position == 0 && now->callers_count == 0);
    assert(now->members_count == 0 && now->offers_count == 0);
    assert(!uuid_is_nil(now->id) && !uuid_is_nil(now->ticket_id));
    assert(now->state == ESCALATION_NOTIFYING && now->version == 0);
    now->holder = (struct person_ref){.kind = PERSON_NONE};
    now->handed_back_by = now->holder;
    now->held_since = WALL_NEVER;
    now->closed_at = WALL_NEVER;
    now->eta_at = WALL_NEVER;
    now->received_until = ENGINE_NEVER;
    now->held_until = WALL_NEVER;
    now->search_until = ENGINE_NEVER;
    now->shift_until = ENGINE_NEVER;
    now->wanted = 1;
    (void)add_caller(step);
    struct entry *entry = step_record(step, ENTRY_OPENED);
    entry->word = severity_word(now->severity);
    entry->number = 1;
    record_choices(step);
    warn_of_promises(step); /* one may be shorter than the warning */
    begin(step);
    /* Somebody is told before anybody is answered, or it waits with a time set; or it is only a
     * ticket. */
    assert(escalation_is_closed(now) == (now->state == ESCALATION_NOTED));
    assert(!escalation_is_held(now) && now->callers_count == 1);
    return STATUS_OK;
}

/* Takes the event's severity if it is higher; nobody is told yet. */
static bool raise_severity(struct step *step)
{
    struct escalation *now = step->now;
    if (step->event->severity <= now->severity) {
        return false;
    }
    now->severity = step->event->severity;
    struct entry *entry = step_record(step, ENTRY_SEVERITY);
    entry->word = severity_word(now->severity);
    entry->text = step->event->type == EVENT_SEVERITY ? step->event->text : NULL;
    return true;
}

/* Higher than before: whoever is to know is told; while nobody holds it, from the top. */
static bool worsen(struct step *step)
{
    struct escalation *now = step->now;
    assert(!escalation_is_closed(now) && now->state != ESCALATION_CANCELLING);
    if (!raise_severity(step)) {
        return false;
    }
    if (escalation_is_held(now)) {
        run_update_people(step);
    } else if (now->state == ESCALATION_ON_HOLD) {
        keep_release(step, "severity");
    } else {
        now->announcements = 0;
        run_from_top(step);
    }
    assert(!escalation_is_closed(now) && now->wait_until.ms != TIME_NEVER_MS);
    return true;
}

/* What becomes of this call decides for both: somebody is woken as soon as one of them wants it. */
static void join_on_hold(struct step *step)
{
    assert(step->now->state == ESCALATION_ON_HOLD && !escalation_is_held(step->now));
    (void)raise_severity(step);
    record_choices(step);
    if (step->event->plan == PLAN_NOW) {
        keep_release(step, "joined");
    } else if (step->event->plan == PLAN_HOLD && step->now->held_until.ms == TIME_NEVER_MS) {
        keep_until_opening(step);
    } else {
        keep_look(step); /* there may be one more promise */
    }
}

enum status on_joined(struct step *step)
{
    if (escalation_is_closed(step->now) || step->now->state == ESCALATION_CANCELLING) {
        step->update->answer = STATUS_CLOSED;
        return STATUS_OK;
    }
    int caller = add_caller(step);
    assert(caller != 1); /* the first caller opened it; 0: the list is full */
    struct entry *entry = step_record(step, ENTRY_JOINED);
    entry->number = caller;
    entry->text = step->event->text;
    warn_of_promises(step);
    if (step->now->state == ESCALATION_ON_HOLD) {
        join_on_hold(step);
    } else if (!worsen(step)) {
        run_update_people(step);
    }
    assert(step->now->severity >= step->event->severity);
    return STATUS_OK;
}

enum status on_split(struct step *step)
{
    int caller = step->event->caller;
    if (caller < 2 || caller > step->now->callers_count) {
        return STATUS_INVALID; /* the first caller is the ticket itself */
    }
    struct promise *promise = &step->now->promises[caller - 1];
    assert(caller <= CALLERS_MAX);
    if (promise->state == PROMISE_SPLIT) {
        return step_refuse(step, STATUS_CONFLICT, "split"); /* else each repeat opens one more */
    }
    *promise = (struct promise){.state = PROMISE_SPLIT, .due_at = ENGINE_NEVER};
    struct entry *entry = step_record(step, ENTRY_SPLIT);
    entry->number = caller;
    keep_look(step);
    return STATUS_OK;
}

enum status on_severity(struct step *step)
{
    if (escalation_is_closed(step->now) || step->now->state == ESCALATION_CANCELLING) {
        step->update->answer = STATUS_CLOSED;
        return STATUS_OK;
    }
    if (!worsen(step) && step->event->severity < step->now->severity) {
        struct entry *entry = step_record(step, ENTRY_SEVERITY);
        step->now->severity = step->event->severity;
        entry->word = severity_word(step->event->severity);
        entry->text = step->event->text;
    }
    assert(step->now->severity == step->event->severity);
    return STATUS_OK;
}
