/* keeping.c - what nobody is told of for now: kept until the customer opens, or only a ticket whose
 * promise is watched. */
#include "gateway/core/core_private.h"

#include <assert.h>

/* An opening is a time of the wall, this wait runs on engine time: what a clock is slewed by
 * between two looks is a few milliseconds. */
#define LOOK_EVERY_MS INT64_C(3600000)

/* The last open promise's time; ENGINE_NEVER: none is open. */
static struct engine_time last_promise(const struct escalation *now)
{
    struct engine_time last = ENGINE_NEVER;
    assert(now->callers_count >= 0 && now->callers_count <= CALLERS_MAX);
    for (int i = 0; i < now->callers_count; i++) {
        const struct promise *promise = &now->promises[i];
        if (promise->state == PROMISE_OPEN &&
            (last.ms == TIME_NEVER_MS || promise->due_at.ms > last.ms)) {
            last = promise->due_at;
        }
    }
    return last;
}

static bool opening_is_known(const struct step *step)
{
    assert((step->context->opens_engine.ms == TIME_NEVER_MS) ==
           (step->context->opens_at.ms == TIME_NEVER_MS));
    return step->context->opens_engine.ms != TIME_NEVER_MS;
}

static void record_hold(struct step *step, const char *why)
{
    struct entry *entry = step_record(step, ENTRY_ON_HOLD);
    entry->word = why;
    entry->number = step->now->held_until.ms != TIME_NEVER_MS ? step->now->held_until.ms : 0;
}

static void note(struct step *step)
{
    assert(step->now->state == ESCALATION_ON_HOLD && !escalation_is_held(step->now));
    (void)step_record(step, ENTRY_NOTED);
    step_move(step, ESCALATION_NOTED);
    assert(escalation_is_closed(step->now));
}

void keep_release(struct step *step, const char *why)
{
    assert(step->now->state == ESCALATION_ON_HOLD && why != NULL);
    struct entry *entry = step_record(step, ENTRY_RELEASED);
    entry->word = why;
    entry->text = step->event->type == EVENT_RESUME ? step->event->text : NULL;
    run_from_top(step);
    assert(step->now->state != ESCALATION_ON_HOLD && !escalation_is_closed(step->now));
}

/* The opening as it is known now; `why` when that is another than before. */
static void wait_for_opening(struct step *step, const char *why)
{
    struct escalation *now = step->now;
    const struct context *context = step->context;
    struct engine_time at = step->event->now;
    assert(now->state == ESCALATION_ON_HOLD);
    if (!opening_is_known(step)) {
        keep_release(step, "no_opening"); /* nobody would ever be told */
        return;
    }
    if (engine_time_reached(context->opens_engine, at)) {
        keep_release(step, "opening");
        return;
    }
    now->wait_until =
        engine_time_earlier(context->opens_engine, engine_time_add(at, LOOK_EVERY_MS));
    if (now->held_until.ms != context->opens_at.ms) {
        now->held_until = context->opens_at;
        record_hold(step, why);
    }
    step->update->changed = true;
    assert(now->held_until.ms != TIME_NEVER_MS && now->wait_until.ms > at.ms);
}

void keep_until_opening(struct step *step)
{
    wait_for_opening(step, "closed");
}

static void wait_for_promises(struct step *step)
{
    struct escalation *now = step->now;
    struct engine_time last = last_promise(now);
    assert(now->state == ESCALATION_ON_HOLD && now->held_until.ms == TIME_NEVER_MS);
    if (last.ms == TIME_NEVER_MS) {
        note(step);
        return;
    }
    now->wait_until = last;
    step->update->changed = true;
    assert(now->wait_until.ms > step->event->now.ms); /* else it were told of already */
}

void keep_as_ticket(struct step *step)
{
    if (last_promise(step->now).ms != TIME_NEVER_MS) {
        record_hold(step, "promise");
    }
    wait_for_promises(step);
}

void keep_look(struct step *step)
{
    if (step->now->state != ESCALATION_ON_HOLD) {
        return;
    }
    warn_of_promises(step); /* this event may come before a deadline that is due */
    if (step->now->held_until.ms == TIME_NEVER_MS) {
        wait_for_promises(step);
    } else {
        wait_for_opening(step, "changed");
    }
}
