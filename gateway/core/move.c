/* move.c - the transition table, the invariants, and the clock that is due next. */
#include "gateway/core/core_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define TO(state) (1u << ESCALATION_##state)

/* From each state to which others. A state may always stay. */
static const unsigned allowed_moves[] = {
    [ESCALATION_NOTIFYING] = TO(WAITING) | TO(ACCEPTED) | TO(EXHAUSTED) | TO(TAKEN) | TO(CANCELLED),
    [ESCALATION_WAITING] = TO(NOTIFYING) | TO(ACCEPTED) | TO(TAKEN) | TO(CANCELLED),
    [ESCALATION_ACCEPTED] = TO(OVERDUE) | TO(NOTIFYING) | TO(DONE) | TO(CANCELLING),
    [ESCALATION_OVERDUE] = TO(ACCEPTED) | TO(NOTIFYING) | TO(DONE) | TO(CANCELLING),
    [ESCALATION_EXHAUSTED] = TO(ACCEPTED) | TO(TAKEN) | TO(NOTIFYING) | TO(CANCELLED),
    [ESCALATION_TAKEN] = TO(ACCEPTED) | TO(NOTIFYING) | TO(DONE) | TO(CANCELLED),
    [ESCALATION_CANCELLING] = TO(CANCELLED),
    [ESCALATION_CANCELLED] = 0,
    [ESCALATION_DONE] = 0,
    [ESCALATION_ON_HOLD] =
        TO(NOTIFYING) | TO(ACCEPTED) | TO(EXHAUSTED) | TO(TAKEN) | TO(CANCELLED) | TO(NOTED),
    [ESCALATION_NOTED] = 0,
};

bool escalation_move_allowed(enum escalation_state from, enum escalation_state to)
{
    assert((unsigned)from <= ESCALATION_STATE_LAST && (unsigned)to <= ESCALATION_STATE_LAST);
    return from == to || (allowed_moves[from] & (1u << to)) != 0;
}

bool escalation_is_held(const struct escalation *escalation)
{
    return escalation->holder.kind != PERSON_NONE;
}

bool escalation_seeks_members(const struct escalation *escalation)
{
    return escalation->search_until.ms != TIME_NEVER_MS;
}

bool escalation_is_closed(const struct escalation *escalation)
{
    return (ESCALATION_STATES_CLOSED & 1u << escalation->state) != 0;
}

bool person_equal(const struct person_ref *a, const struct person_ref *b)
{
    assert(a != NULL && b != NULL);
    return a->kind == b->kind && a->id == b->id && strcmp(a->name, b->name) == 0;
}

static bool state_is_held(enum escalation_state state)
{
    return state == ESCALATION_ACCEPTED || state == ESCALATION_OVERDUE ||
           state == ESCALATION_TAKEN || state == ESCALATION_CANCELLING;
}

const char *escalation_fault(const struct escalation *now, const struct context *context)
{
    assert(now != NULL && context->procedure != NULL);
    bool closed = escalation_is_closed(now);
    if (!closed && state_is_held(now->state) != escalation_is_held(now)) {
        return "a holder is there exactly in the states that are held";
    }
    if (closed != (now->due_at.ms == TIME_NEVER_MS) && !now->quarantined) {
        return "everything open has a due time, nothing closed has one";
    }
    if (closed != (now->closed_at.ms != TIME_NEVER_MS)) {
        return "closed_at is set exactly when it is closed";
    }
    if (now->state == ESCALATION_NOTIFYING &&
        (now->step < 0 || (size_t)now->step >= context->procedure->steps_count)) {
        return "a step that is being notified exists";
    }
    if (now->round < 0 || now->round >= PROCEDURE_ROUNDS_MAX) {
        return "the round is within the procedure's";
    }
    if (now->callers_count < 0 || now->callers_count > CALLERS_MAX) {
        return "callers are within their limit";
    }
    if (now->due_at.ms > now->wait_until.ms && !closed && !now->quarantined) {
        return "the due time is not later than the state's own clock";
    }
    if (now->state != ESCALATION_NOTIFYING && now->received_until.ms != TIME_NEVER_MS) {
        return "reception is only waited for while notifying";
    }
    if (now->state != ESCALATION_ON_HOLD && now->held_until.ms != TIME_NEVER_MS) {
        return "an opening is only waited for while on hold";
    }
    return team_fault(now);
}

void step_move(struct step *step, enum escalation_state to)
{
    assert(escalation_move_allowed(step->now->state, to));
    assert(to != ESCALATION_ON_HOLD); /* it is from the opening, or never */
    step->now->state = to;
    step->now->received_until = ENGINE_NEVER;
    step->now->held_until = WALL_NEVER;
    step->update->changed = true;
    if (escalation_is_closed(step->now)) {
        step->now->wait_until = ENGINE_NEVER;
        step->now->closed_at = step->event->wall;
    }
    if (escalation_is_closed(step->now) || to == ESCALATION_CANCELLING) {
        team_close(step);
    }
    assert(!escalation_is_closed(step->now) || step->now->closed_at.ms != TIME_NEVER_MS);
}

static const char *target_words(const struct procedure_target *target)
{
    return target->name;
}

/* "call paul, marie": the people when they are known, else the targets' names. */
static void describe_targets(const struct procedure_step *wanted, const struct context_step *known,
                             char *text, size_t text_bytes)
{
    assert(wanted->via != 0 && (wanted->via & ~(VIA_PUSH | VIA_CALL)) == 0);
    assert(known->persons_count <= PERSONS_OF_STEP_MAX);
    const char *via = wanted->via == VIA_PUSH   ? "push to"
                      : wanted->via == VIA_CALL ? "call"
                                                : "push to and call";
    size_t used = (size_t)snprintf(text, text_bytes, "%s", via);
    size_t count = known->persons_count > 0 ? known->persons_count : wanted->targets_count;
    for (size_t i = 0; i < count && used < text_bytes; i++) {
        const char *name =
            known->persons_count > 0 ? known->persons[i].slug : target_words(&wanted->targets[i]);
        used += (size_t)snprintf(text + used, text_bytes - used, "%s %s", i > 0 ? "," : "", name);
    }
}

static void describe_step(const struct step *step, size_t number, const char *prefix)
{
    assert(number < PROCEDURE_STEPS_MAX && number < step->context->procedure->steps_count);
    const struct procedure *procedure = step->context->procedure;
    char targets[96];
    describe_targets(&procedure->steps[number], &step->context->steps[number], targets,
                     sizeof targets);
    (void)snprintf(step->now->next_what, sizeof step->now->next_what, "%sstep %zu: %s", prefix,
                   number + 1, targets);
}

static void describe_after_step(const struct step *step)
{
    assert(step->now->state == ESCALATION_NOTIFYING && step->now->step >= 0);
    assert(step->now->round < step->context->procedure->rounds);
    const struct procedure *procedure = step->context->procedure;
    size_t next = (size_t)step->now->step + 1;
    if (next < procedure->steps_count) {
        describe_step(step, next, "");
    } else if (step->now->round + 1 < procedure->rounds) {
        describe_step(step, 0, "next round, ");
    } else {
        (void)snprintf(step->now->next_what, sizeof step->now->next_what, "exhausted: tell %s",
                       procedure->exhausted[0].name);
    }
}

static void describe_next(const struct step *step)
{
    struct escalation *now = step->now;
    const struct procedure *procedure = step->context->procedure;
    assert(!escalation_is_closed(now) && procedure->exhausted_count > 0);
    const char *fixed = "";
    switch (now->state) { /* unreachable 2: the closed states, as asserted above */
    case ESCALATION_NOTIFYING:
        describe_after_step(step);
        return;
    case ESCALATION_WAITING:
        describe_step(step, 0, "next round, ");
        return;
    case ESCALATION_EXHAUSTED: {
        size_t next = (size_t)now->announcements % procedure->exhausted_count;
        (void)snprintf(now->next_what, sizeof now->next_what,
                       "tell %s again that nobody was reached", procedure->exhausted[next].name);
        return;
    }
    case ESCALATION_ACCEPTED:
        fixed = "call the holder, tell the desk: no progress";
        break;
    case ESCALATION_OVERDUE:
        fixed = "resume the procedure: the holder is silent";
        break;
    case ESCALATION_TAKEN:
        fixed = "remind the desk: taken, not done";
        break;
    case ESCALATION_CANCELLING:
        fixed = "tell the holder again that it was cancelled";
        break;
    case ESCALATION_ON_HOLD:
        fixed = now->held_until.ms != TIME_NEVER_MS ? "escalate: the customer opens"
                                                    : "nothing more: it is only a ticket";
        break;
    case ESCALATION_CANCELLED:
    case ESCALATION_DONE:
    case ESCALATION_NOTED:
        break;
    }
    (void)snprintf(now->next_what, sizeof now->next_what, "%s", fixed);
}

void step_describe(struct step *step, const char *what)
{
    (void)snprintf(step->now->next_what, sizeof step->now->next_what, "%s", what);
}

void describe_search(const struct step *step)
{
    size_t next = (size_t)step->now->step + 1;
    assert(escalation_seeks_members(step->now));
    if (next < step->context->procedure->steps_count) {
        describe_step(step, next, "for more people, ");
    } else {
        (void)snprintf(step->now->next_what, sizeof step->now->next_what,
                       "tell the desk: fewer accepted than are wanted");
    }
}

void step_settle(struct step *step)
{
    struct escalation *now = step->now;
    if (escalation_is_closed(now)) {
        assert(now->wait_until.ms == TIME_NEVER_MS && now->closed_at.ms != TIME_NEVER_MS);
        now->due_at = ENGINE_NEVER;
        now->next_what[0] = '\0';
        return;
    }
    describe_next(step);
    assert(now->next_what[0] != '\0' && now->wait_until.ms != TIME_NEVER_MS);
    now->due_at = engine_time_earlier(now->wait_until, now->received_until);
    team_settle(step);
    if (escalation_is_held(now)) {
        return;
    }
    for (int i = 0; i < now->callers_count; i++) {
        const struct promise *promise = &now->promises[i];
        if (promise->state != PROMISE_OPEN) {
            continue;
        }
        struct engine_time warn_at = {promise->due_at.ms -
                                      step->context->procedure->promise_warning_ms};
        if (warn_at.ms < now->due_at.ms) {
            now->due_at = warn_at;
            (void)snprintf(now->next_what, sizeof now->next_what,
                           "tell the desk: the promise to caller %d is about to break", i + 1);
        }
    }
    assert(now->due_at.ms <= now->wait_until.ms && now->due_at.ms <= now->received_until.ms);
}
