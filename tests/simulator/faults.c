/* faults.c - what breaks: the process, the machine, its disk and clock, providers, phones. */
#include "tests/simulator/simulator.h"

#include <sqlite3.h>

#include "tests/scenario/memory.h"

#define COUNTDOWN_MAX 600

enum fault {
    FAULT_KILLED,
    FAULT_POWER,
    FAULT_REBOOT,
    FAULT_DISK_ONCE,
    FAULT_DISK_FOR_A_WHILE,
    FAULT_DISK_FULL,
    FAULT_PROVIDER,
    FAULT_TELEPHONY,
    FAULT_STANDS_STILL,
    FAULT_WALL_CLOCK,
    FAULT_PHONE_OFF,
    FAULT_NO_ROOM,
    FAULT_NO_MEMORY,
    FAULTS_COUNT,
};

static const unsigned weights[FAULTS_COUNT] = {
    [FAULT_KILLED] = 25,    [FAULT_POWER] = 15,           [FAULT_REBOOT] = 5,
    [FAULT_DISK_ONCE] = 15, [FAULT_DISK_FOR_A_WHILE] = 5, [FAULT_DISK_FULL] = 5,
    [FAULT_PROVIDER] = 10,  [FAULT_TELEPHONY] = 5,        [FAULT_STANDS_STILL] = 5,
    [FAULT_WALL_CLOCK] = 5, [FAULT_PHONE_OFF] = 5,        [FAULT_NO_ROOM] = 5,
    [FAULT_NO_MEMORY] = 30,
};

static enum fault draw_fault(uint64_t *random)
{
    unsigned sum = 0;
    for (int i = 0; i < FAULTS_COUNT; i++) {
        sum += weights[i];
    }
    uint64_t drawn = box_draw(random, sum);
    int fault = 0;
    while (drawn >= weights[fault]) {
        drawn -= weights[fault++];
    }
    return (enum fault)fault;
}

void be_troubled(struct simulator *simulator, int64_t ms)
{
    int64_t until_ms = simulator->box->elapsed_ms + ms;
    if (simulator->troubled_until_ms < until_ms) {
        simulator->troubled_until_ms = until_ms;
    }
}

/* It strikes in the middle of something: so many calls of the disk, looks at the clock and sends
 * from now. */
static void arm_crash(struct simulator *simulator, enum disk_loss loss, uint64_t *random)
{
    struct box *box = simulator->box;
    if (box->crash_countdown == 0) {
        box->crash_countdown = 1 + box_draw(random, COUNTDOWN_MAX);
        if (box->crash_loss != DISK_FORGETS_LOG) {
            box->crash_loss = loss;
        }
    }
}

static void break_disk(struct simulator *simulator, uint64_t *random, bool for_ever)
{
    static const struct {
        enum disk_call call;
        int rc;
    } calls[] = {
        {DISK_WRITE, SQLITE_IOERR_WRITE},       {DISK_SYNC, SQLITE_IOERR_FSYNC},
        {DISK_READ, SQLITE_IOERR_READ},         {DISK_OPEN, SQLITE_CANTOPEN},
        {DISK_TRUNCATE, SQLITE_IOERR_TRUNCATE},
    };
    size_t which = box_draw(random, sizeof calls / sizeof calls[0]);
    simulator->box->fault = (struct box_fault){.calls = 1u << calls[which].call,
                                               .rc = calls[which].rc,
                                               .after = box_draw(random, 200),
                                               .for_ever = for_ever};
}

static void end_later(struct simulator *simulator, const struct happening *happening,
                      enum fault fault, int64_t in_ms)
{
    struct happening end = *happening;
    end.kind = FAULT_ENDS;
    end.what = (int)fault;
    follow(simulator, end, in_ms);
}

static void begin_disk_fault(struct simulator *simulator, struct happening *happening,
                             enum fault fault)
{
    uint64_t *random = &happening->random;
    int64_t lasts_ms = draw_ms(random, 2 * SECOND_MS, 30 * SECOND_MS);
    if (fault == FAULT_DISK_FULL) {
        lasts_ms = draw_ms(random, 10 * SECOND_MS, 30 * MINUTE_MS);
        disk_set_capacity(disk_used() + box_draw(random, 65536));
        simulator->disk_full_until_ms = simulator->box->elapsed_ms + lasts_ms;
    } else {
        break_disk(simulator, random, fault == FAULT_DISK_FOR_A_WHILE);
        lasts_ms = fault == FAULT_DISK_ONCE ? HOUR_MS : lasts_ms;
    }
    if (fault != FAULT_DISK_FULL) { /* the reserve carries what is open: nothing may be late */
        be_troubled(simulator, lasts_ms + 2 * SECOND_MS);
    }
    end_later(simulator, happening, fault, lasts_ms);
}

static struct weather draw_weather(const struct simulator *simulator, uint64_t *random)
{
    return (struct weather){.mood = (enum mood)(MOOD_DOWN + box_draw(random, 3)),
                            .until_ms = simulator->box->elapsed_ms +
                                        draw_ms(random, MINUTE_MS, 30 * MINUTE_MS)};
}

void fault_begins(struct simulator *simulator, struct happening *happening)
{
    struct box *box = simulator->box;
    uint64_t *random = &happening->random;
    enum fault fault = draw_fault(random);
    simulator->tally.faults++;
    note(simulator, "fault %d", (int)fault);
    switch (fault) {
    case FAULT_KILLED:
        arm_crash(simulator, DISK_KEEPS_ALL, random);
        break;
    case FAULT_POWER:
    case FAULT_REBOOT:
        arm_crash(simulator, draw_percent(random, 25) ? DISK_KEEPS_SYNCED : DISK_TEARS, random);
        simulator->reboots = fault == FAULT_REBOOT;
        break;
    case FAULT_DISK_ONCE:
    case FAULT_DISK_FOR_A_WHILE:
    case FAULT_DISK_FULL:
        begin_disk_fault(simulator, happening, fault);
        break;
    case FAULT_PROVIDER:
        simulator->platforms[PLATFORM_APNS + box_draw(random, 2)] = draw_weather(simulator, random);
        break;
    case FAULT_TELEPHONY:
        simulator->telephony = draw_weather(simulator, random);
        break;
    case FAULT_STANDS_STILL:
        oracle_disturbed(simulator->oracle);
        box_pass(box, draw_ms(random, SECOND_MS, 10 * MINUTE_MS));
        break;
    case FAULT_WALL_CLOCK:
        box->wall_ms += draw_ms(random, -2 * HOUR_MS, 2 * HOUR_MS);
        break;
    case FAULT_PHONE_OFF:
        simulator->customers[box_draw(random, CUSTOMERS)]
            .agents[box_draw(random, AGENTS)]
            .phone_off_until_ms = box->elapsed_ms + draw_ms(random, HOUR_MS, 12 * HOUR_MS);
        break;
    case FAULT_NO_ROOM:
        simulator->full_until_ms = box->elapsed_ms + draw_ms(random, MINUTE_MS, 20 * MINUTE_MS);
        break;
    case FAULT_NO_MEMORY: /* once, or for everything in a turn or two */
        memory_fail(box_draw(random, 3000), draw_percent(random, 70) ? 1 : box_draw(random, 200));
        break;
    case FAULTS_COUNT:
        break;
    }
}

void fault_ends(struct simulator *simulator, struct happening *happening)
{
    if (happening->what == FAULT_DISK_FULL) {
        disk_set_capacity(0);
    } else {
        simulator->box->fault.calls = 0;
    }
}
