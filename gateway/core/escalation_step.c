/* escalation_step.c - the heart: one event in, one update out, every invariant checked. */
#include "gateway/core/core_private.h"

#include <assert.h>
#include <string.h>

static event_handler *const handlers[EVENTS_COUNT] = {
    [EVENT_OPENED] = on_opened,
    [EVENT_JOINED] = on_joined,
    [EVENT_TRANSPORT] = on_transport,
    [EVENT_DELAYED] = on_delayed,
    [EVENT_RECEIVED] = on_received,
    [EVENT_SEEN] = on_seen,
    [EVENT_CALL] = on_call,
    [EVENT_ACCEPT] = on_accept,
    [EVENT_DECLINE] = on_decline,
    [EVENT_PROGRESS] = on_progress,
    [EVENT_DONE] = on_done,
    [EVENT_HAND_BACK] = on_hand_back,
    [EVENT_DEADLINE] = on_deadline,
    [EVENT_SEVERITY] = on_severity,
    [EVENT_NOTE] = on_note,
    [EVENT_CANCEL] = on_cancel,
    [EVENT_RESUME] = on_resume,
    [EVENT_TAKE] = on_take,
    [EVENT_CALLED_BACK] = on_called_back,
    [EVENT_SPLIT] = on_split,
    [EVENT_CONTEXT_CHANGED] = on_context_changed,
    [EVENT_QUARANTINE] = on_quarantine,
    [EVENT_CLOCK_STEPPED] = on_clock_stepped,
    [EVENT_CLOCK_SUSPENDED] = on_clock_suspended,
    [EVENT_OFFER] = on_offer,
    [EVENT_JOIN] = on_join,
    [EVENT_LEAVE] = on_leave,
};

static bool has_same_people(const struct escalation *a, const struct escalation *b)
{
    assert(a->callers_count >= 0 && a->callers_count <= CALLERS_MAX);
    assert(b->callers_count >= 0 && b->callers_count <= CALLERS_MAX);
    bool same = person_equal(&a->holder, &b->holder) && a->eta_at.ms == b->eta_at.ms &&
                a->intervention == b->intervention && a->callers_count == b->callers_count &&
                /* unreachable 3: these change with the holder, or with a round and its clock */
                a->holder_path == b->holder_path && a->held_since.ms == b->held_since.ms &&
                person_equal(&a->handed_back_by, &b->handed_back_by);
    for (int i = 0; same && i < a->callers_count; i++) {
        same = a->promises[i].state == b->promises[i].state &&
               /* unreachable: a promise gets another time with another state only */
               a->promises[i].due_at.ms == b->promises[i].due_at.ms;
    }
    return same;
}

static bool has_same_team(const struct escalation *a, const struct escalation *b)
{
    bool same = a->members_count == b->members_count && a->offers_count == b->offers_count;
    for (int i = 0; same && i < a->members_count; i++) {
        const struct member *one = &a->members[i], *other = &b->members[i];
        same = one->kind == other->kind && one->id == other->id &&
               one->since.ms == other->since.ms && one->intervention == other->intervention &&
               one->eta_at.ms == other->eta_at.ms;
    }
    for (int i = 0; same && i < a->offers_count; i++) {
        const struct offer *one = &a->offers[i], *other = &b->offers[i];
        same = one->kind == other->kind && one->id == other->id && one->role == other->role &&
               /* unreachable: who is asked anew at the same place is asked something else */
               one->stays == other->stays && one->until.ms == other->until.ms;
    }
    return same;
}

static bool has_same_clocks(const struct escalation *a, const struct escalation *b)
{
    return a->round_started_at.ms == b->round_started_at.ms &&
           a->wait_until.ms == b->wait_until.ms && a->held_until.ms == b->held_until.ms &&
           a->received_until.ms == b->received_until.ms && a->wanted == b->wanted &&
           a->search_until.ms == b->search_until.ms && a->shift_until.ms == b->shift_until.ms &&
           /* unreachable: it is closed by another state */
           a->due_at.ms == b->due_at.ms && a->closed_at.ms == b->closed_at.ms;
}

/* Member by member: memory compares padding too, which nobody sets. What never changes after the
 * opening is asserted instead. */
static bool is_same(const struct escalation *a, const struct escalation *b)
{
    assert(uuid_equal(a->id, b->id) && uuid_equal(a->ticket_id, b->ticket_id));
    assert(a->customer_id == b->customer_id && a->procedure_id == b->procedure_id);
    assert(a->drill == b->drill && a->opened_at.ms == b->opened_at.ms);
    assert(a->owner == b->owner && a->fence == b->fence);
    assert(a->check_in_agent == b->check_in_agent);
    return a->state == b->state && a->severity == b->severity && a->quarantined == b->quarantined &&
           a->round == b->round && a->step == b->step && a->position == b->position &&
           a->announcements == b->announcements && a->notices == b->notices &&
           strcmp(a->next_what, b->next_what) == 0 && has_same_clocks(a, b) &&
           has_same_people(a, b) && has_same_team(a, b);
}

/* What the caller owes, beside a state without a fault. */
static void check_arguments(const struct escalation *before, const struct event *event,
                            const struct context *context)
{
    const struct context_person *holder = context->holder;
    assert(context->procedure->exhausted_count > 0);
    assert(context->procedure->rounds >= 1 && context->procedure->rounds <= PROCEDURE_ROUNDS_MAX);
    assert(context->procedure->steps_count <= PROCEDURE_STEPS_MAX);
    assert(context->attempts_count <= ATTEMPTS_LOADED_MAX);
    assert(context->team_count <= CONTEXT_TEAM_MAX);
    assert(holder == NULL || escalation_is_held(before));
    assert(holder == NULL || holder->ref.kind == before->holder.kind);
    assert(holder == NULL || holder->ref.id == before->holder.id);
    assert(event->now.ms >= 0 && event->now.ms < TIME_NEVER_MS);
    assert(event->wall.ms < TIME_NEVER_MS);
}

/* What a handler may have done, whatever the event was. */
static void check_update(const struct step *step, const struct escalation *before)
{
    const struct update *update = step->update;
    assert(update->created_count <= UPDATE_ATTEMPTS_MAX);
    assert(update->changed_attempts_count <= step->context->attempts_count);
    assert(update->entries_count <= UPDATE_ENTRIES_MAX && update->tasks_count <= UPDATE_TASKS_MAX);
    /* A clock that was moved but not stored would be due again at once, for ever. */
    assert(update->changed || is_same(&update->after, before));
    /* A change without an entry would be one that the timeline cannot explain. */
    assert(update->after.state == before->state || update->entries_count > 0);
    assert(update->created_count == 0 || update->entries_count > 0);
    assert(!escalation_is_closed(before) || update->after.state == before->state);
    /* Steps and callers are numbered for good: nothing started or joined is ever undone. */
    assert(update->after.position >= before->position);
    assert(update->after.callers_count >= before->callers_count);
    assert(step->ids_used == update->created_count);
}

enum status escalation_step(const struct escalation *before, const struct event *event,
                            const struct context *context, struct update *update_r)
{
    assert(before != NULL && update_r != NULL);
    assert((unsigned)event->type < EVENTS_COUNT && handlers[event->type] != NULL);
    check_arguments(before, event, context);
    assert(event->type == EVENT_OPENED || escalation_fault(before, context) == NULL);

    update_r->answer = STATUS_OK;
    update_r->changed = false;
    update_r->after = *before;
    update_r->created_count = 0;
    update_r->changed_attempts_count = 0;
    update_r->entries_count = 0;
    update_r->tasks_count = 0;
    update_r->dropped = 0;
    struct step step = {
        .event = event, .context = context, .update = update_r, .now = &update_r->after};
    enum status status = handlers[event->type](&step);
    if (status != STATUS_OK) {
        return status;
    }
    check_update(&step, before);
    if (update_r->changed) {
        step_settle(&step);
        /* Many events only touch an attempt: then the escalation's row stays as it is. */
        if (!is_same(&update_r->after, before)) {
            update_r->after.version++;
        }
    }
    assert(escalation_fault(&update_r->after, context) == NULL);
    return STATUS_OK;
}
