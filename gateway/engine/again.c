/* again.c - what became of an attempt is told to the engine once, and at the start what is to be
 * set aside: what a full disk or a lack of memory kept from being written waits here and is tried
 * again. */
#include "gateway/engine/engine_private.h"

#include <assert.h>

#include "gateway/base/log.h"

bool again_is_for(enum command_type type)
{
    return type == COMMAND_TRANSPORT_OUTCOME || type == COMMAND_TRANSPORT_DELAYED ||
           type == COMMAND_QUARANTINE;
}

bool again_is_waiting(const struct engine *engine)
{
    return engine->again.count > 0;
}

bool again_keep(struct engine *engine, struct command *command)
{
    struct again *again = &engine->again;
    if (!again_is_for(command->type) || !command->request.transport.unwritten) {
        return false;
    }
    if (again->count == AGAIN_MAX) {
        log_error("engine.outcome_lost", LOG_UUID("attempt", command->request.transport.attempt));
        return false; /* the next start sends it again under its id */
    }
    if (again->count == 0) {
        again->at = engine_time_add(engine_now(engine), AGAIN_WAIT_MS);
    }
    again->commands[again->count++] = command;
    return true;
}

struct command *again_take(struct engine *engine, bool whenever)
{
    struct again *again = &engine->again;
    if (again->taken == again->count ||
        (!whenever && !engine_time_reached(again->at, engine_now(engine)))) {
        return NULL;
    }
    struct command *command = again->commands[again->taken++];
    command->request.transport.unwritten = false;
    if (again->taken == again->count) {
        again->taken = again->count = 0;
    }
    return command;
}

int64_t again_limit_wait(const struct engine *engine, int64_t wait_ms)
{
    assert(engine->again.taken == 0);
    return engine->again.count > 0 && wait_ms > AGAIN_WAIT_MS ? AGAIN_WAIT_MS : wait_ms;
}
