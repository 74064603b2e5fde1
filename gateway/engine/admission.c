/* admission.c - how long new escalations wait in the mailbox, and when that is too long.
 *
 * The lane's slots bound memory, not time: how long they take is up to the disk. Here time itself
 * is the measure. Acknowledgments and outcomes never come here: they wait as long as it takes.
 */
#include "gateway/engine/engine_private.h"

#include <string.h>

#define RETRY_SPREAD_S 3

/* While the machine is suspended nobody waits for the writer. */
struct monotonic_time admission_now(const struct engine *engine)
{
    const struct clock_source *clock = &engine->configuration.clock;
    return (struct monotonic_time){clock_monotonic(clock).ms - clock_suspended_ms(clock)};
}

/* What came while the turn has none must be younger than the turn. */
static int64_t longest_wait_ms(struct engine *engine)
{
    int64_t since_ms = atomic_load(&engine->new_since_ms);
    if (since_ms == 0) {
        since_ms = atomic_load(&engine->turn_began_awake_ms);
    }
    return since_ms == 0 ? 0 : admission_now(engine).ms - since_ms;
}

/* How many may be inside at the writer's pace. */
static size_t inside_max(struct engine *engine)
{
    size_t pace = atomic_load(&engine->new_pace);
    size_t most = pace * NEW_WAIT_MS_AIM / 1000;
    return pace == 0 || most > LANE_NEW_SLOTS ? LANE_NEW_SLOTS
           : most < NEW_INSIDE_MIN            ? NEW_INSIDE_MIN
                                              : most;
}

/* The writer keeps up, so that its turns do not say how much it could do: twice as much in a second
 * is tried, until all that the lane holds could be done in time. */
static size_t raise_pace(struct engine *engine, size_t pace, int64_t now_ms)
{
    size_t more = pace * (size_t)(now_ms - engine->new_noted_ms) / 1000;
    if (more > 0) {
        engine->new_noted_ms = now_ms;
    }
    pace += more;
    return pace * NEW_WAIT_MS_AIM / 1000 < LANE_NEW_SLOTS ? pace : 0;
}

void admission_note_turn(struct engine *engine, size_t done, bool all)
{
    size_t pace = atomic_load(&engine->new_pace);
    int64_t now_ms = admission_now(engine).ms;
    (void)atomic_fetch_sub(&engine->new_inside, done);
    if (all && pace > 0) {
        pace = raise_pace(engine, pace, now_ms);
    } else if (!all && done > 0) {
        int64_t took_ms = now_ms - atomic_load(&engine->turn_began_awake_ms);
        size_t now = done * 1000 / (size_t)(took_ms > 0 ? took_ms : 1);
        pace = pace == 0 ? now : (3 * pace + now) / 4;
        engine->new_noted_ms = now_ms;
    }
    atomic_store(&engine->new_pace, pace);
}

bool admission_is_closed(struct engine *engine, struct command *command)
{
    if (longest_wait_ms(engine) >= NEW_WAIT_MS_MAX ||
        atomic_load(&engine->new_inside) >= inside_max(engine)) {
        return true;
    }
    command->posted_at = admission_now(engine);
    return false;
}

bool admission_expires(struct engine *engine, struct command *command)
{
    if (command->type != COMMAND_ESCALATE ||
        admission_now(engine).ms - command->posted_at.ms < NEW_WAIT_MS_END) {
        return false;
    }
    memset(&command->answer, 0, sizeof command->answer);
    answer_refuse(command, STATUS_FULL, "the gateway was too busy: nothing was done; try again");
    return true;
}

int engine_retry_after_s(struct engine *engine)
{
    unsigned turn = atomic_fetch_add(&engine->refusals, 1) % RETRY_SPREAD_S;
    return 1 + (int)((longest_wait_ms(engine) + 999) / 1000) + (int)turn;
}
