#include "tests/simulator/watched.h"

#include <string.h>

#include "tests/scenario/memory.h"

#define JUMP_MS_MAX INT64_C(600000)
#define RESTART_MS  INT64_C(50) /* what the supervisor takes */
#define DEATHS_MAX  10          /* in a row: then the disk is whole again, as in box_open() */
#define CHECK_EVERY 8 /* crashes: also what the indexes hold is checked after each of these */

void watched_begin(struct watched *watched, struct box *box, struct oracle *oracle)
{
    memset(watched, 0, sizeof *watched);
    watched->box = box;
    watched->oracle = oracle;
    watched->memory_failed = memory_failed();
    oracle_open(oracle);
}

void watched_be_troubled(struct watched *watched, int64_t ms)
{
    int64_t until_ms = watched->box->elapsed_ms + ms;
    if (watched->troubled_until_ms < until_ms) {
        watched->troubled_until_ms = until_ms;
    }
}

void watched_stand_still(struct watched *watched, int64_t ms)
{
    oracle_disturbed(watched->oracle);
    box_pass(watched->box, ms);
}

bool watched_is_troubled(struct watched *watched)
{
    if (memory_failed() != watched->memory_failed || memory_will_fail()) {
        watched->memory_failed = memory_failed();
        watched_be_troubled(watched, 1000);
    }
    return watched->box->elapsed_ms < watched->troubled_until_ms;
}

static void recover(struct watched *watched)
{
    struct box *box = watched->box;
    watched->crashes++;
    oracle_close(watched->oracle);
    oracle_disturbed(watched->oracle);
    if (watched->reboot_ms > 0) {
        oracle_rebooted(watched->oracle);
        box_reboot(box, watched->reboot_ms);
        watched->reboot_ms = 0;
    } else {
        box_pass(box, RESTART_MS);
        box_crash(box);
    }
    oracle_open(watched->oracle);
    oracle_look_after_crash(watched->oracle, box, watched->crashes % CHECK_EVERY == 0);
    (void)box_turns(box);
    if (watched->recovered != NULL) {
        watched->recovered(watched->context);
    }
}

/* On a full disk it looks every second whether there is room. */
static bool is_refusing(const struct watched *watched)
{
    struct engine_statistics statistics;
    engine_statistics(watched->box->engine, &statistics);
    return statistics.disk_full;
}

/* At rest: everything that is due now is done. Answers how long nothing will be due. */
static int64_t come_to_rest(struct watched *watched)
{
    struct box *box = watched->box;
    int64_t wait_ms = 0;
    int deaths = 0;
    do {
        while (box->crashed) {
            recover(watched);
            box->fault.calls = ++deaths < DEATHS_MAX ? box->fault.calls : 0;
        }
        wait_ms = box_turns(box);
    } while (box->crashed);
    watched->looks++;
    oracle_look(watched->oracle, box, watched_is_troubled(watched));
    int64_t due_in_ms = oracle_due_in(watched->oracle, box, JUMP_MS_MAX);
    if (wait_ms > due_in_ms && !watched_is_troubled(watched)) {
        oracle_blame(watched->oracle, "the engine would sleep past a deadline");
    }
    bool idle = wait_ms >= WATCHED_IDLE_MS_MAX && due_in_ms > wait_ms && !is_refusing(watched);
    return idle ? due_in_ms : wait_ms;
}

void watched_reach(struct watched *watched, int64_t at_ms)
{
    struct box *box = watched->box;
    while ((box->elapsed_ms < at_ms || box->crashed) && oracle_fault(watched->oracle) == NULL) {
        int64_t next_ms = box->elapsed_ms + come_to_rest(watched);
        next_ms = next_ms < at_ms ? next_ms : at_ms;
        if (next_ms > box->elapsed_ms) {
            box_pass(box, next_ms - box->elapsed_ms);
        }
        box_expire(box);
    }
}
