/* reserve.c - a full disk: who is refused, who draws on the ballast, and when it is over.
 *
 * The first write that finds no room ends the taking of new escalations while the whole ballast is
 * still there. From then on whatever serves the open ones gets a piece of it each time that it
 * finds no room; administration has its first half. Every second the writer looks whether a piece
 * can be taken back; new escalations are taken again when the ballast is whole and a piece of room
 * is free beside it.
 */
#include "gateway/engine/engine_private.h"

#include <stdio.h>

#include "gateway/base/log.h"

/* While room is there, the ballast grows piece by piece between the commands of others. */
#define GROWS_EVERY_MS INT64_C(20)

static void note_held(struct engine *engine)
{
    atomic_store(&engine->reserve_held_bytes, ballast_held_bytes(engine->ballast));
}

enum status reserve_open(struct engine *engine, struct error *error)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s" STORE_BALLAST, engine->database_path);
    return ballast_open(path, engine->configuration.vfs, engine->configuration.reserve_bytes,
                        &engine->ballast, error);
}

void reserve_disk_is_full(struct engine *engine)
{
    if (!atomic_exchange(&engine->disk_full, true)) {
        engine->reserve_looks_at = engine_time_add(engine_now(engine), DISK_PROBE_EVERY_MS);
    }
    engine_alarm(engine, "engine.disk_full",
                 "the disk is full: new escalations are refused; the reserve carries the open ones "
                 "until there is room");
}

bool reserve_draw(struct engine *engine)
{
    bool given = ballast_give(engine->ballast);
    note_held(engine);
    if (given) {
        log_warning("engine.reserve_drawn",
                    LOG_INT("bytes_left", ballast_held_bytes(engine->ballast)));
    }
    return given;
}

bool reserve_make_room(struct engine *engine, enum status status)
{
    if (status != STATUS_DISK_FULL) {
        return false;
    }
    reserve_disk_is_full(engine);
    return reserve_draw(engine);
}

void reserve_is_used_up(struct engine *engine)
{
    engine_alarm(engine, "engine.reserve_used_up",
                 "the disk is full and nothing is left of the reserve: nothing can be recorded, "
                 "the open escalations stand still");
}

bool reserve_serves(enum command_type type)
{
    switch (type) { /* unreachable: every type has its case */
    case COMMAND_AGENT_VERB:
    case COMMAND_DESK_VERB:
    case COMMAND_TASK_DONE:
    case COMMAND_CONFIRM_TEST:
    case COMMAND_CHECK_IN:
    case COMMAND_CHECK_OUT:
    case COMMAND_PAUSE:
    case COMMAND_CALL_OUTCOME:
    case COMMAND_TRANSPORT_OUTCOME:
    case COMMAND_TRANSPORT_DELAYED:
    case COMMAND_REVOKE_API_KEY:
    case COMMAND_REVOKE_FEED:
    case COMMAND_REVOKE_SHARED_PHONE:
    case COMMAND_DEADLINE:
    case COMMAND_CONTEXT_CHANGED:
    case COMMAND_QUARANTINE:
    case COMMAND_ALARM:
    case COMMAND_CLOCK_MOVED:
    case COMMAND_PROBE:
    case COMMAND_SHIFT_DUE: /* nobody would hear its refusal */
    case COMMAND_SHIFT_WITHDRAWN:
    case COMMAND_SHIFT_PROBE:
        return true;
    case COMMAND_ESCALATE:
    case COMMAND_FORWARDED_CALL:
    case COMMAND_TICKET_VERB:
    case COMMAND_USE_ENROLMENT:
    case COMMAND_PUT_DEVICE:
    case COMMAND_DELETE_DEVICE:
    case COMMAND_TEST_DEVICE:
    case COMMAND_HEAR_DEVICE:
    case COMMAND_SIGN_IN:
    case COMMAND_SIGN_OUT:
    case COMMAND_PUT_CUSTOMER:
    case COMMAND_PUT_HOLIDAYS:
    case COMMAND_PUT_PERSON:
    case COMMAND_PUT_PROCEDURE:
    case COMMAND_PUT_ROTA:
    case COMMAND_PUT_RULES:
    case COMMAND_PUT_CHECK_IN_PLAN:
    case COMMAND_DELETE_CHECK_IN_PLAN:
    case COMMAND_ADD_ENROLMENT:
    case COMMAND_ADD_SHARED_PHONE:
    case COMMAND_PUT_PIN:
    case COMMAND_ADD_API_KEY:
    case COMMAND_ADD_FEED:
    case COMMAND_PUBLISH:
    case COMMAND_SEE_PUBLICATION:
    case COMMAND_FETCH_PUBLICATION:
    case COMMAND_KEEP_COVERAGE:
    case COMMAND_COVERAGE_TOLD:
    case COMMANDS_COUNT:
        break;
    }
    return false;
}

bool reserve_refuses(const struct engine *engine, enum command_type type)
{
    if (!atomic_load(&engine->disk_full) || reserve_serves(type)) {
        return false;
    }
    /* Administration may name another person for this night, but not use up the reserve. */
    return type == COMMAND_ESCALATE ||
           ballast_held_bytes(engine->ballast) < engine->configuration.reserve_bytes / 2;
}

void reserve_refuse(struct command *command)
{
    answer_refuse(command, STATUS_DISK_FULL,
                  "the gateway's disk is full, and what is left is kept for the escalations that "
                  "are open: its administrator must make room; use your other way to reach the "
                  "agent now");
}

/* The ballast cannot be kept for another reason than a full disk: no reason to refuse anybody. */
static void go_without(struct engine *engine, const struct error *error)
{
    log_error("engine.no_reserve", LOG_TEXT("detail", error->text));
    engine_alarm(engine, "engine.no_reserve",
                 "the reserve for a full disk cannot be kept: see the log; escalations are taken");
}

static void take_new_ones_again(struct engine *engine)
{
    if (!atomic_exchange(&engine->disk_full, false)) {
        return; /* they always were */
    }
    log_info("engine.disk_has_room", LOG_NONE);
    engine_alarm(engine, "engine.disk_has_room",
                 "there is room on the disk: new escalations are taken again");
}

void reserve_fill(struct engine *engine)
{
    struct error error = {.text = ""};
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !ballast_is_whole(engine->ballast)) {
        status = ballast_take(engine->ballast, &error);
    }
    note_held(engine);
    if (status == STATUS_DISK_FULL) {
        log_error("engine.reserve_does_not_fit",
                  LOG_INT("bytes", engine->configuration.reserve_bytes),
                  LOG_INT("bytes_held", ballast_held_bytes(engine->ballast)),
                  LOG_TEXT("remedy", "make room on the disk, or lower [gateway] reserve_mb"));
        reserve_disk_is_full(engine);
    } else if (status != STATUS_OK) {
        go_without(engine, &error);
    }
}

/* Somebody removed the ballast: it is made anew at once, or a full disk would find nothing of it
 * after the next start. On a full disk what the lost file holds is still given, and it is made when
 * there is room. Nobody is woken to look, and none looks at the clock for it once more. */
static bool is_lost(struct engine *engine)
{
    const struct files_watch *watch = &engine->files_watch;
    int64_t began_ms = atomic_load(&engine->turn_began_ms);
    if (!watch->watches || began_ms - engine->reserve_asked_ms < DISK_PROBE_EVERY_MS) {
        return false;
    }
    engine->reserve_asked_ms = began_ms;
    /* Gone with the database, it comes back with it (files_watch.c). */
    return ballast_is_lost(engine->ballast) && !store_file_is_lost(&watch->files.database);
}

static void make_anew(struct engine *engine)
{
    ballast_let_go(engine->ballast);
    note_held(engine);
    engine->reserve_regrows = true;
    log_warning("engine.reserve_lost",
                LOG_TEXT("detail", "the reserve's file was removed or replaced: it is made anew"),
                LOG_TEXT("file", ballast_path(engine->ballast)),
                LOG_TEXT("remedy", "leave it alone; [gateway] reserve_mb says how large it is"));
}

int64_t reserve_tend(struct engine *engine)
{
    if (!atomic_load(&engine->disk_full) && !engine->reserve_regrows) {
        if (!is_lost(engine)) {
            return INT64_MAX;
        }
        make_anew(engine);
    }
    struct engine_time now = engine_now(engine);
    if (!engine_time_reached(engine->reserve_looks_at, now)) {
        return engine->reserve_looks_at.ms - now.ms;
    }
    struct error error = {.text = ""};
    bool was_whole = ballast_is_whole(engine->ballast);
    enum status status = ballast_take(engine->ballast, &error);
    note_held(engine);
    if (status == STATUS_DISK_FULL && !atomic_load(&engine->disk_full)) {
        reserve_disk_is_full(engine);
    } else if (status != STATUS_DISK_FULL && status != STATUS_OK) {
        go_without(engine, &error);
    }
    if (status != STATUS_DISK_FULL && (status != STATUS_OK || was_whole)) {
        engine->reserve_regrows = false;
        take_new_ones_again(engine);
        return INT64_MAX;
    }
    int64_t again_ms = status == STATUS_OK ? GROWS_EVERY_MS : DISK_PROBE_EVERY_MS;
    engine->reserve_looks_at = engine_time_add(now, again_ms);
    return again_ms;
}
