/* admission.c - how long new escalations wait in the mailbox, and when that is too long.
 *
 * The lane's slots bound memory, not time: how long they take is up to the disk. Here time itself
 * is the measure. Acknowledgments and outcomes never come here: they wait as long as it takes.
 */
#include "gateway/engine/engine_private.h"

#include <string.h>

#define RETRY_SPREAD_S 3

static struct monotonic_time now_of(const struct engine *engine)
{
    return clock_monotonic(&engine->configuration.clock);
}

/* What came while the turn has none must be younger than the turn. */
static int64_t longest_wait_ms(struct engine *engine)
{
    int64_t since_ms = atomic_load(&engine->new_since_ms);
    if (since_ms == 0) {
        since_ms = atomic_load(&engine->turn_began_ms);
    }
    return since_ms == 0 ? 0 : now_of(engine).ms - since_ms;
}

bool admission_is_closed(struct engine *engine, struct command *command)
{
    if (longest_wait_ms(engine) >= NEW_WAIT_MS_MAX) {
        return true;
    }
    command->posted_at = now_of(engine);
    return false;
}

bool admission_expires(struct engine *engine, struct command *command)
{
    if (command->type != COMMAND_ESCALATE ||
        now_of(engine).ms - command->posted_at.ms < NEW_WAIT_MS_END) {
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
