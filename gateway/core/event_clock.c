/* event_clock.c - the clocks under an open escalation moved: the timeline says why its times jump.
 * No wait follows, as waits run on engine time; only what waits for the customer's opening does. */
#include "gateway/core/core_private.h"

#include <assert.h>

static void record_move(struct step *step, enum entry_kind kind)
{
    assert(step->event->moved_ms != 0);
    struct entry *entry = step_record(step, kind);
    entry->number = step->event->moved_ms;
}

/* Whoever is on call by the new time is told like somebody who has become reachable. */
enum status on_clock_stepped(struct step *step)
{
    if (!escalation_is_closed(step->now)) {
        record_move(step, ENTRY_CLOCK_STEPPED);
        run_top_up(step);
        team_look_at_shift(step);
        keep_look(step);
    }
    return STATUS_OK;
}

enum status on_clock_suspended(struct step *step)
{
    assert(step->event->moved_ms > 0);
    if (!escalation_is_closed(step->now)) {
        record_move(step, ENTRY_CLOCK_SUSPENDED);
    }
    return STATUS_OK;
}
