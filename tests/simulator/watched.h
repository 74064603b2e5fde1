/* watched.h - a box with an oracle beside it: time passes, the gateway dies and comes back, and
 * each time it is at rest the oracle looks. The simulator lives its weeks in it, and the scenario
 * runner the nights that the simulator wrote down.
 */
#ifndef TESTS_SIMULATOR_WATCHED_H
#define TESTS_SIMULATOR_WATCHED_H

#include "tests/scenario/box.h"
#include "tests/simulator/oracle.h"

#define WATCHED_IDLE_MS_MAX INT64_C(1000) /* the engine never asks to sleep longer */

/* Of the gateway, to be given up when the disk is full. */
#define WATCHED_RESERVE_BYTES (INT64_C(1) << 20)

struct watched {
    struct box *box;
    struct oracle *oracle;
    int64_t troubled_until_ms; /* the disk fails: deadlines may be late */
    uint64_t memory_failed;    /* how often, at the last look */
    int64_t reboot_ms;         /* the next crash is the machine's, off for so long; 0: it is not */
    uint64_t crashes;
    uint64_t looks;
    /* Called when it is back after a crash; NULL: nobody waits for that. */
    void (*recovered)(void *context);
    void *context;
};

/* The box is open already. */
void watched_begin(struct watched *watched, struct box *box, struct oracle *oracle);

/* For so long from now something may be late, or refused. */
void watched_be_troubled(struct watched *watched, int64_t ms);
bool watched_is_troubled(struct watched *watched);
/* Nothing runs for so long, on all clocks. */
void watched_stand_still(struct watched *watched, int64_t ms);

/* Time passes until then, with all that is due; also when then is now and it crashed: it is back
 * afterwards. Ends early when a rule is broken. */
void watched_reach(struct watched *watched, int64_t at_ms);

#endif
