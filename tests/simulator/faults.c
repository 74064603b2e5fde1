/* faults.c - what breaks: the process, the machine, its disk and clock, providers, phones. */
#include "tests/simulator/simulator.h"

#include <stdlib.h>

#include "tests/scenario/memory.h"
#include "tests/scenario/scenario_words.h"

#define COUNTDOWN_MAX    600
#define SPOILT_OF_NEWEST 5

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
    FAULT_POISON,
    FAULT_BROKEN_ROWS,
    FAULTS_COUNT,
};

static const unsigned weights[FAULTS_COUNT] = {
    [FAULT_KILLED] = 12,    [FAULT_POWER] = 10,           [FAULT_REBOOT] = 5,
    [FAULT_DISK_ONCE] = 10, [FAULT_DISK_FOR_A_WHILE] = 5, [FAULT_DISK_FULL] = 9,
    [FAULT_PROVIDER] = 10,  [FAULT_TELEPHONY] = 5,        [FAULT_STANDS_STILL] = 12,
    [FAULT_WALL_CLOCK] = 5, [FAULT_PHONE_OFF] = 5,        [FAULT_NO_ROOM] = 5,
    [FAULT_NO_MEMORY] = 30, [FAULT_POISON] = 8,           [FAULT_BROKEN_ROWS] = 8,
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

/* It strikes in the middle of something: so many calls of the disk, looks at the clock and sends
 * from now. */
static void arm_crash(struct simulator *simulator, enum disk_loss loss, bool reboots,
                      uint64_t *random)
{
    struct box *box = simulator->box;
    if (box->crash_countdown == 0) {
        box->crash_countdown = 1 + box_draw(random, COUNTDOWN_MAX);
        if (box->crash_loss != DISK_FORGETS_LOG) {
            box->crash_loss = loss;
        }
        simulator->watched.reboot_ms = reboots ? draw_ms(random, SECOND_MS, 2 * MINUTE_MS) : 0;
        recording_say(&simulator->recording, box, "crash after %llu keeping %s off %lld.%03llds",
                      (unsigned long long)box->crash_countdown, disk_loss_word(box->crash_loss),
                      (long long)simulator->watched.reboot_ms / 1000,
                      (long long)simulator->watched.reboot_ms % 1000);
    }
}

static void break_disk(struct simulator *simulator, uint64_t *random, bool for_ever)
{
    static const enum disk_call calls[] = {DISK_WRITE, DISK_SYNC, DISK_READ, DISK_OPEN,
                                           DISK_TRUNCATE};
    enum disk_call call = calls[box_draw(random, sizeof calls / sizeof calls[0])];
    uint64_t after = box_draw(random, 200);
    recording_say(&simulator->recording, simulator->box, "disk fails %s after %llu%s",
                  disk_call_word(call), (unsigned long long)after, for_ever ? " for_ever" : "");
    simulator->box->fault = (struct box_fault){
        .calls = 1u << call, .rc = disk_call_error(call), .after = after, .for_ever = for_ever};
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
        uint64_t room = box_draw(random, 65536);
        recording_say(&simulator->recording, simulator->box, "disk has room for %llu bytes",
                      (unsigned long long)room);
        disk_set_capacity(disk_used() + room);
        simulator->disk_full_until_ms = simulator->box->elapsed_ms + lasts_ms;
    } else {
        break_disk(simulator, random, fault == FAULT_DISK_FOR_A_WHILE);
        lasts_ms = fault == FAULT_DISK_ONCE ? HOUR_MS : lasts_ms;
    }
    if (fault != FAULT_DISK_FULL) { /* the reserve carries what is open: nothing may be late */
        int64_t trouble_ms = lasts_ms + 2 * SECOND_MS;
        recording_say(&simulator->recording, simulator->box, "trouble for %lld.%03llds",
                      (long long)trouble_ms / 1000, (long long)trouble_ms % 1000);
        watched_be_troubled(&simulator->watched, trouble_ms);
    }
    end_later(simulator, happening, fault, lasts_ms);
}

/* Something is wrong with a new escalation: it makes the gateway abort when it is worked on, or
 * when it is sent; or nothing can be planned for it any more. */
static void spoil_one(struct simulator *simulator, uint64_t *random, enum fault fault)
{
    struct oracle *oracle = simulator->oracle;
    struct recording *recording = &simulator->recording;
    size_t count = oracle_count(oracle);
    size_t newest = count < SPOILT_OF_NEWEST ? count : SPOILT_OF_NEWEST;
    if (newest == 0) {
        return;
    }
    size_t index = count - 1 - box_draw(random, newest);
    bool at_send = draw_percent(random, 50);
    struct uuid id = oracle_escalation(oracle, index);
    int64_t customer_id = simulator->customers[oracle_customer(oracle, index)].id;
    if (!oracle_is_open(oracle, index) || simulator->box->crashed) {
        return;
    }
    recording_for(recording, simulator->box, customer_id);
    if (fault == FAULT_POISON) {
        recording_about(recording, simulator->box, id, "is poison at %s",
                        at_send ? "send" : "work");
        box_poison(simulator->box, customer_id, id, at_send);
    } else {
        recording_about(recording, simulator->box, id, "is broken");
        if (box_break(simulator->box, id)) {
            oracle_broken(oracle, id);
        }
    }
}

static struct weather draw_weather(const struct simulator *simulator, uint64_t *random)
{
    return (struct weather){.mood = (enum mood)(MOOD_DOWN + box_draw(random, 3)),
                            .until_ms = simulator->box->elapsed_ms +
                                        draw_ms(random, MINUTE_MS, 30 * MINUTE_MS)};
}

/* Once, or for everything in a turn or two. */
static void begin_memory_fault(struct simulator *simulator, uint64_t *random, uint64_t after_max)
{
    uint64_t after = box_draw(random, after_max);
    uint64_t times = draw_percent(random, 70) ? 1 : box_draw(random, 200);
    recording_say(&simulator->recording, simulator->box, "memory fails after %llu %llu times",
                  (unsigned long long)after, (unsigned long long)times);
    memory_fail(after, times);
}

void gateway_is_killed(struct simulator *simulator, struct happening *happening)
{
    note(simulator, "killed");
    arm_crash(simulator, DISK_KEEPS_ALL, false, &happening->random);
}

void fault_begins(struct simulator *simulator, struct happening *happening)
{
    struct box *box = simulator->box;
    uint64_t *random = &happening->random;
    enum fault fault = draw_fault(random);
    int64_t ms;
    simulator->tally.faults++;
    note(simulator, "fault %d", (int)fault);
    switch (fault) {
    case FAULT_KILLED:
        arm_crash(simulator, DISK_KEEPS_ALL, false, random);
        break;
    case FAULT_POWER:
    case FAULT_REBOOT:
        arm_crash(simulator, draw_percent(random, 25) ? DISK_KEEPS_SYNCED : DISK_TEARS,
                  fault == FAULT_REBOOT, random);
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
        ms = draw_ms(random, SECOND_MS, 10 * MINUTE_MS);
        if (draw_percent(random, 60)) { /* much is due then, and what is first finds none */
            begin_memory_fault(simulator, random, 150);
        }
        recording_say(&simulator->recording, box, "stalled for %lld.%03llds", (long long)ms / 1000,
                      (long long)ms % 1000);
        watched_stand_still(&simulator->watched, ms);
        break;
    case FAULT_WALL_CLOCK:
        ms = draw_ms(random, -2 * HOUR_MS, 2 * HOUR_MS);
        recording_say(&simulator->recording, box, "clock jumps %s%lld.%03llds",
                      ms < 0 ? "back " : "", (long long)llabs(ms) / 1000,
                      (long long)llabs(ms) % 1000);
        box->wall_ms += ms;
        oracle_clock_stepped(simulator->oracle, ms);
        break;
    case FAULT_PHONE_OFF:
        simulator->customers[box_draw(random, CUSTOMERS)]
            .agents[box_draw(random, AGENTS)]
            .phone_off_until_ms = box->elapsed_ms + draw_ms(random, HOUR_MS, 12 * HOUR_MS);
        break;
    case FAULT_NO_ROOM:
        simulator->full_until_ms = box->elapsed_ms + draw_ms(random, MINUTE_MS, 20 * MINUTE_MS);
        break;
    case FAULT_NO_MEMORY:
        begin_memory_fault(simulator, random, 3000);
        break;
    case FAULT_POISON:
    case FAULT_BROKEN_ROWS:
        spoil_one(simulator, random, fault);
        break;
    case FAULTS_COUNT:
        break;
    }
}

void fault_ends(struct simulator *simulator, struct happening *happening)
{
    if (happening->what == FAULT_DISK_FULL) {
        recording_say(&simulator->recording, simulator->box, "disk has room again");
        disk_set_capacity(0);
    } else {
        recording_say(&simulator->recording, simulator->box, "disk works again");
        simulator->box->fault.calls = 0;
    }
}
