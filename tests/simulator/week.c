/* week.c - one week: its causes are drawn, then whatever is next happens, and the oracle looks. */
#include "tests/simulator/simulator.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "tests/scenario/memory.h"

#define IDLE_MS_MAX      SECOND_MS /* the engine never asks to sleep longer */
#define JUMP_MS_MAX      (10 * MINUTE_MS)
#define MEDDLING_A_DAY   20
#define CHANGES_A_DAY    6
#define TIDY_AFTER_HOURS 3
#define STORM_CALLS      30
#define MORNING_HOURS    2
#define ROOM_NOTICED_MS  (5 * SECOND_MS)
#define RESERVE_BYTES    (INT64_C(1) << 20)
#define CHECK_EVERY      16 /* crashes: the whole file is checked after each of these */

void note(struct simulator *simulator, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (const char *byte = line; *byte != '\0'; byte++) { /* FNV-1a */
        simulator->hash = (simulator->hash ^ (uint8_t)*byte) * UINT64_C(0x100000001b3);
    }
    if (simulator->verbose) {
        (void)printf("%9lld %s\n", (long long)simulator->box->elapsed_ms, line);
    }
}

int64_t draw_ms(uint64_t *random, int64_t low_ms, int64_t high_ms)
{
    return low_ms + (int64_t)box_draw(random, (uint64_t)(high_ms - low_ms + 1));
}

bool draw_percent(uint64_t *random, unsigned percent)
{
    return box_draw(random, 100) < percent;
}

void follow(struct simulator *simulator, struct happening happening, int64_t in_ms)
{
    happening.at_ms = simulator->box->elapsed_ms + in_ms;
    agenda_add(&simulator->agenda, happening);
}

static bool is_troubled(struct simulator *simulator)
{
    if (memory_failed() != simulator->memory_failed || memory_will_fail()) {
        simulator->memory_failed = memory_failed();
        be_troubled(simulator, SECOND_MS);
    }
    return simulator->box->elapsed_ms < simulator->troubled_until_ms;
}

/* On a disk that is full and nothing else, only what is new is refused, and not for longer. */
static void check_refusal(struct simulator *simulator, enum command_type type)
{
    bool is_new = type == COMMAND_ESCALATE || type == COMMAND_TEST_DEVICE ||
                  type == COMMAND_PUT_DEVICE || type == COMMAND_PUT_ROTA ||
                  type == COMMAND_PUT_PROCEDURE;
    if (!is_new) {
        oracle_blame(simulator->oracle, "a full disk stopped what was open");
    }
    if (simulator->box->elapsed_ms > simulator->disk_full_until_ms + ROOM_NOTICED_MS &&
        !is_troubled(simulator)) {
        oracle_blame(simulator->oracle, "there is room on the disk, and it went unnoticed");
    }
}

bool ask(struct simulator *simulator, struct command *command)
{
    if (simulator->box->crashed) {
        return false;
    }
    bool answered = box_run(simulator->box, command);
    if (answered && command->answer.status == STATUS_DISK_FULL) {
        check_refusal(simulator, command->type);
    }
    note(simulator, "command %d: %s", (int)command->type,
         answered ? status_slug(command->answer.status) : "unknown");
    return answered;
}

bool id_of_answer(const struct command *command, struct uuid *id_r)
{
    char text[UUID_TEXT_BYTES];
    const char *place =
        command->answer.body == NULL ? NULL : strstr(command->answer.body, "\"id\":\"");
    if (command->answer.status != STATUS_OK || place == NULL) {
        return false;
    }
    (void)text_copy(text, sizeof text, place + 6);
    return uuid_parse(text, id_r) == STATUS_OK;
}

/* ---- causes ---- */

struct causes {
    struct simulator *simulator;
    const struct plan *plan;
    uint64_t random;
    size_t count;
};

static void add_cause(struct causes *causes, enum happening_kind kind, int64_t at_ms, int customer,
                      unsigned key)
{
    struct happening cause = {.kind = kind,
                              .at_ms = at_ms,
                              .random = box_draw(&causes->random, 0),
                              .customer = customer,
                              .key = key};
    size_t number = causes->count++;
    if (causes->count > CAUSES_MAX) {
        box_die("more than %d causes in a week", CAUSES_MAX);
    }
    if (causes->plan->left_out == NULL || !causes->plan->left_out[number]) {
        agenda_add(&causes->simulator->agenda, cause);
    }
}

static void add_many(struct causes *causes, enum happening_kind kind, unsigned a_day)
{
    unsigned keys = 0;
    int64_t week_ms = causes->plan->days * DAY_MS;
    for (unsigned i = 0; i < a_day * causes->plan->days; i++) {
        add_cause(causes, kind, draw_ms(&causes->random, 0, week_ms),
                  (int)box_draw(&causes->random, CUSTOMERS), ++keys);
    }
}

/* Everybody calls at once: a lift company after a power cut. */
static void add_storm(struct causes *causes, unsigned first_key)
{
    int64_t at_ms = draw_ms(&causes->random, 0, (causes->plan->days - 1) * DAY_MS + HOUR_MS);
    int customer = (int)box_draw(&causes->random, CUSTOMERS);
    for (unsigned i = 0; i < STORM_CALLS; i++) {
        add_cause(causes, CALLER_CALLS, at_ms + draw_ms(&causes->random, 0, MINUTE_MS), customer,
                  first_key + i);
    }
}

static size_t add_causes(struct simulator *simulator, const struct plan *plan, uint64_t random)
{
    struct causes causes = {.simulator = simulator, .plan = plan, .random = random};
    add_many(&causes, CALLER_CALLS, plan->escalations_a_day);
    add_many(&causes, FAULT_BEGINS, plan->faults_a_day);
    add_many(&causes, SOMEBODY_MEDDLES, MEDDLING_A_DAY);
    add_many(&causes, CITY_CHANGES, CHANGES_A_DAY);
    add_storm(&causes, 1 + plan->escalations_a_day * plan->days);
    return causes.count;
}

/* ---- what happens ---- */

static void recover(struct simulator *simulator)
{
    struct box *box = simulator->box;
    simulator->tally.crashes++;
    note(simulator, simulator->reboots ? "reboot" : "crash");
    oracle_close(simulator->oracle);
    oracle_disturbed(simulator->oracle);
    if (simulator->reboots) {
        uint64_t random = box->disk_random;
        oracle_rebooted(simulator->oracle);
        box_reboot(box, draw_ms(&random, SECOND_MS, 2 * MINUTE_MS));
        simulator->reboots = false;
    } else {
        box_crash(box);
    }
    oracle_open(simulator->oracle);
    oracle_look_after_crash(simulator->oracle, simulator->tally.crashes % CHECK_EVERY == 0);
    (void)box_turns(box);
    caller_asks_again(simulator);
}

static void happen(struct simulator *simulator, struct happening *happening)
{
    simulator->tally.happenings++;
    switch (happening->kind) {
    case CALLER_CALLS:
        caller_calls(simulator, happening);
        break;
    case CITY_CHANGES:
        city_change(simulator, happening);
        break;
    case SOMEBODY_MEDDLES:
        somebody_meddles(simulator, happening);
        break;
    case FAULT_BEGINS:
        fault_begins(simulator, happening);
        break;
    case CALLER_REPEATS:
        caller_repeats(simulator, happening);
        break;
    case FAULT_ENDS:
        fault_ends(simulator, happening);
        break;
    case PROVIDER_ANSWERS:
        provider_answers(simulator, happening);
        break;
    case PHONE_CONFIRMS:
        phone_confirms(simulator, happening);
        break;
    case AGENT_ANSWERS:
        agent_answers(simulator, happening);
        break;
    case LINE_REPORTS:
        line_reports(simulator, happening);
        break;
    case HOLDER_GOES_ON:
        holder_goes_on(simulator, happening);
        break;
    case DESK_ACTS:
        desk_acts(simulator, happening);
        break;
    case DESK_TIDIES:
        desk_tidies(simulator, happening);
        break;
    }
}

/* Then it looks every second whether there is room. */
static bool is_refusing(const struct simulator *simulator)
{
    struct engine_statistics statistics;
    engine_statistics(simulator->box->engine, &statistics);
    return statistics.disk_full;
}

/* At rest: everything that is due now is done. Answers how long nothing will be due. */
static int64_t come_to_rest(struct simulator *simulator)
{
    int64_t wait_ms = 0;
    do {
        while (simulator->box->crashed) {
            recover(simulator);
        }
        wait_ms = box_turns(simulator->box);
    } while (simulator->box->crashed);
    simulator->tally.turns_at_rest++;
    oracle_look(simulator->oracle, simulator->box, is_troubled(simulator));
    int64_t due_in_ms = oracle_due_in(simulator->oracle, simulator->box, JUMP_MS_MAX);
    if (wait_ms > due_in_ms && !is_troubled(simulator)) {
        oracle_blame(simulator->oracle, "the engine would sleep past a deadline");
    }
    bool idle = wait_ms >= IDLE_MS_MAX && due_in_ms > wait_ms && !is_refusing(simulator);
    return idle ? due_in_ms : wait_ms;
}

static void live_until(struct simulator *simulator, int64_t end_ms)
{
    struct box *box = simulator->box;
    while (box->elapsed_ms < end_ms && oracle_fault(simulator->oracle) == NULL) {
        int64_t next_ms = end_ms, due_ms = box->elapsed_ms + come_to_rest(simulator);
        (void)agenda_next(&simulator->agenda, &next_ms);
        next_ms = next_ms < due_ms ? next_ms : due_ms;
        next_ms = next_ms < end_ms ? next_ms : end_ms;
        if (next_ms > box->elapsed_ms) {
            box_pass(box, next_ms - box->elapsed_ms);
        }
        box_expire(box);
        while (agenda_next(&simulator->agenda, &next_ms) && next_ms <= box->elapsed_ms &&
               !box->crashed) {
            struct happening happening = agenda_take(&simulator->agenda);
            happen(simulator, &happening);
        }
    }
}

/* Everybody is well again and finishes what is open. */
static void live_morning(struct simulator *simulator, int64_t end_ms)
{
    struct box *box = simulator->box;
    note(simulator, "morning");
    box->crash_countdown = 0;
    box->fault.calls = 0;
    disk_set_capacity(0);
    for (int hour = 0; hour < MORNING_HOURS && oracle_fault(simulator->oracle) == NULL; hour++) {
        follow(simulator, (struct happening){.kind = DESK_TIDIES}, MINUTE_MS);
        live_until(simulator, end_ms + (hour + 1) * HOUR_MS);
    }
    size_t open = oracle_open_count(simulator->oracle);
    if (open > 0) {
        oracle_blame(simulator->oracle, "there are escalations that never end");
    }
}

bool week_live(const struct plan *plan, uint64_t *hash, struct tally *tally, size_t *causes_r,
               char *fault_r)
{
    uint64_t random = plan->seed + plan->week * UINT64_C(0x9e3779b97f4a7c15);
    struct simulator simulator = {
        .box = box_create(box_draw(&random, 0)),
        .oracle = oracle_create(),
        .hash = *hash,
        .tally = *tally,
        .verbose = plan->verbose,
        .memory_failed = memory_failed(),
    };
    int64_t end_ms = plan->days * DAY_MS;
    simulator.box->on_send = machines_send;
    simulator.box->context = &simulator;
    /* A narrow trunk now and then: whoever waits for it is looked at 20 times a second. */
    simulator.box->calls_max = draw_percent(&random, 10) ? 1 : 4 + box_draw(&random, 27);
    simulator.box->reserve_bytes = RESERVE_BYTES;
    simulator.box->crash_loss = plan->forgetful ? DISK_FORGETS_LOG : DISK_KEEPS_ALL;
    box_open(simulator.box);
    oracle_open(simulator.oracle);
    city_build(&simulator, box_draw(&random, 0));
    *causes_r = add_causes(&simulator, plan, box_draw(&random, 0));
    follow(&simulator, (struct happening){.kind = DESK_TIDIES, .what = TIDY_AFTER_HOURS}, HOUR_MS);
    live_until(&simulator, end_ms);
    if (oracle_fault(simulator.oracle) == NULL) {
        live_morning(&simulator, end_ms);
    }
    if (oracle_fault(simulator.oracle) == NULL) {
        oracle_look_after_crash(simulator.oracle, true);
    }
    const char *fault = oracle_fault(simulator.oracle);
    (void)snprintf(fault_r, ORACLE_FAULT_BYTES, "at %lld ms: %s",
                   (long long)simulator.box->elapsed_ms, fault == NULL ? "" : fault);
    simulator.tally.escalations += oracle_count(simulator.oracle);
    simulator.tally.disk_failures += simulator.box->faults_fired;
    *hash = simulator.hash;
    *tally = simulator.tally;
    oracle_destroy(&simulator.oracle);
    agenda_free(&simulator.agenda);
    box_destroy(&simulator.box);
    return fault == NULL;
}
