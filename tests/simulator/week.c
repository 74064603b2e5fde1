/* week.c - one week: its causes are drawn, then whatever is next happens, and the oracle looks. */
#include "tests/simulator/simulator.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenario/memory.h"
#include "tests/scenario/scenario_words.h"

#define MEDDLING_A_DAY 20
#define CHANGES_A_DAY  6
#define CHECKS_A_DAY   6
#define PAUSES_A_DAY   9
/* A week begins on a Saturday at 22:00 UTC, three hours before clocks change when they do. Weeks
 * are taken from the year in such an order that both changes come early. */
#define FIRST_WEEK_MS    INT64_C(1768082400000) /* 2026-01-10T22:00:00Z */
#define WEEKS_OF_YEAR    52
#define WEEK_OF_SPRING   11
#define WEEKS_APART      15
#define TIDY_AFTER_HOURS 2
#define STORM_CALLS      30
#define STORM_KILLS      4
#define STORM_RENUMBERS  12
#define MORNING_HOURS    2
#define ROOM_NOTICED_MS  (5 * SECOND_MS)

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

/* On a disk that is full and nothing else, only for so long. */
static void check_room(struct simulator *simulator, const struct command *command)
{
    if (command->answer.status == STATUS_DISK_FULL &&
        simulator->box->elapsed_ms > simulator->disk_full_until_ms + ROOM_NOTICED_MS &&
        !watched_is_troubled(&simulator->watched)) {
        oracle_blame(simulator->oracle, "there is room on the disk, and it went unnoticed");
    }
}

bool ask_from(struct simulator *simulator, struct command *command, struct box_sent *sent)
{
    struct box *box = simulator->box;
    if (box->crashed) {
        return false;
    }
    command->received_at = (struct wall_time){box->wall_ms};
    recording_command(&simulator->recording, box, command, sent);
    bool accepts =
        command->type == COMMAND_AGENT_VERB && command->request.agent.verb == VERB_ACCEPT;
    bool first = sent != NULL && accepts && !sent->pressed;
    if (sent != NULL) {
        sent->pressed = sent->pressed || accepts;
    }
    oracle_asked(simulator->oracle, command);
    bool answered = box_run(box, command);
    note(simulator, "command %d: %s", (int)command->type,
         answered ? status_slug(command->answer.status) : "unknown");
    if (answered) {
        check_room(simulator, command);
        oracle_heard(simulator->oracle, command, sent, first);
        recording_answer(&simulator->recording, command);
    } else {
        oracle_unheard(simulator->oracle, command);
    }
    return answered;
}

bool ask(struct simulator *simulator, struct command *command)
{
    return ask_from(simulator, command, NULL);
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

/* Everybody calls at once: a lift company after a power cut. The trunk is full then, and the
 * gateway is killed while it is; numbers change of people whose calls wait. */
static void add_storm(struct causes *causes, unsigned first_key)
{
    int64_t at_ms = draw_ms(&causes->random, 0, (causes->plan->days - 1) * DAY_MS + HOUR_MS);
    int customer = (int)box_draw(&causes->random, CUSTOMERS);
    for (unsigned i = 0; i < STORM_CALLS; i++) {
        add_cause(causes, CALLER_CALLS, at_ms + draw_ms(&causes->random, 0, MINUTE_MS), customer,
                  first_key + i);
    }
    for (unsigned i = 1; i <= STORM_KILLS; i++) {
        add_cause(causes, GATEWAY_IS_KILLED, at_ms + i * MINUTE_MS / 2, customer, i);
    }
    for (unsigned i = 1; i <= STORM_RENUMBERS; i++) {
        add_cause(causes, SOMEBODY_RENUMBERS, at_ms + draw_ms(&causes->random, 0, 2 * MINUTE_MS),
                  customer, i);
    }
}

static size_t add_causes(struct simulator *simulator, const struct plan *plan, uint64_t random)
{
    struct causes causes = {.simulator = simulator, .plan = plan, .random = random};
    add_many(&causes, CALLER_CALLS, plan->escalations_a_day);
    add_many(&causes, FAULT_BEGINS, plan->faults_a_day);
    add_many(&causes, SOMEBODY_MEDDLES, MEDDLING_A_DAY);
    add_many(&causes, CITY_CHANGES, CHANGES_A_DAY);
    add_many(&causes, SOMEBODY_CHECKS, CHECKS_A_DAY);
    add_many(&causes, SOMEBODY_PAUSES, PAUSES_A_DAY);
    add_storm(&causes, 1 + plan->escalations_a_day * plan->days);
    return causes.count;
}

/* ---- what happens ---- */

static void on_recovered(void *context)
{
    struct simulator *simulator = context;
    note(simulator, "back after crash %llu", (unsigned long long)simulator->watched.crashes);
    caller_asks_again(simulator);
}

/* Whatever counts down counts the looks at the clock, too: also when nothing was done. */
static void record_visit(struct simulator *simulator, unsigned lines)
{
    const struct box *box = simulator->box;
    if (lines == simulator->recording.lines &&
        (box->crash_countdown > 0 || box->fault.calls != 0 || memory_will_fail())) {
        recording_say(&simulator->recording, box, "a look");
    }
}

static void (*const acts[])(struct simulator *simulator, struct happening *happening) = {
    [CALLER_CALLS] = caller_calls,
    [CITY_CHANGES] = city_change,
    [SOMEBODY_MEDDLES] = somebody_meddles,
    [FAULT_BEGINS] = fault_begins,
    [SOMEBODY_CHECKS] = somebody_checks,
    [CALLER_REPEATS] = caller_repeats,
    [GATEWAY_IS_KILLED] = gateway_is_killed,
    [FAULT_ENDS] = fault_ends,
    [PROVIDER_ANSWERS] = provider_answers,
    [PHONE_CONFIRMS] = phone_confirms,
    [AGENT_ANSWERS] = agent_answers,
    [SOMEBODY_PAUSES] = somebody_pauses,
    [SOMEBODY_IS_BACK] = somebody_is_back,
    [SOMEBODY_JOINS] = somebody_joins,
    [SOMEBODY_LEAVES] = somebody_leaves,
    [SOMEBODY_RENUMBERS] = somebody_renumbers,
    [PHONE_REGISTERS] = phone_registers,
    [LINE_REPORTS] = line_reports,
    [HOLDER_GOES_ON] = holder_goes_on,
    [DESK_ACTS] = desk_acts,
    [DESK_TIDIES] = desk_tidies,
    [DESK_FINISHES] = desk_finishes,
};

static void happen(struct simulator *simulator, struct happening *happening)
{
    simulator->tally.happenings++;
    unsigned lines = simulator->recording.lines;
    acts[happening->kind](simulator, happening);
    record_visit(simulator, lines);
}

static void live_until(struct simulator *simulator, int64_t end_ms)
{
    struct oracle *oracle = simulator->oracle;
    int64_t next_ms;
    while (agenda_next(&simulator->agenda, &next_ms) && next_ms < end_ms &&
           oracle_fault(oracle) == NULL) {
        watched_reach(&simulator->watched, next_ms);
        if (oracle_fault(oracle) == NULL) {
            struct happening happening = agenda_take(&simulator->agenda);
            happen(simulator, &happening);
        }
    }
    watched_reach(&simulator->watched, end_ms);
}

/* Everybody is well again and finishes what is open. */
static void live_morning(struct simulator *simulator, int64_t end_ms)
{
    struct box *box = simulator->box;
    note(simulator, "morning");
    box->crash_countdown = 0;
    box->fault.calls = 0;
    disk_set_capacity(0);
    recording_say(&simulator->recording, box, "nothing breaks");
    for (int hour = 0; hour < MORNING_HOURS && oracle_fault(simulator->oracle) == NULL; hour++) {
        follow(simulator, (struct happening){.kind = DESK_TIDIES}, MINUTE_MS);
        live_until(simulator, end_ms + (hour + 1) * HOUR_MS);
    }
    recording_say(&simulator->recording, box, "nobody waits");
    oracle_all_ended(simulator->oracle);
}

static int64_t days_to_begin(unsigned week)
{
    return (WEEK_OF_SPRING + WEEKS_APART * (int64_t)week) % WEEKS_OF_YEAR * 7;
}

static void on_abort(void *context, struct uuid escalation)
{
    struct simulator *simulator = context;
    note(simulator, "abort");
    oracle_aborted(simulator->oracle, escalation);
}

static void on_alarm(void *context, const char *kind, const char *detail)
{
    struct simulator *simulator = context;
    oracle_alarm(simulator->oracle, kind, detail, simulator->box->elapsed_ms);
}

static void on_no_start(void *context, const char *why)
{
    struct simulator *simulator = context;
    note(simulator, "no start: %s", why);
    longjmp(simulator->no_start, 1);
}

/* The head comes last: which departures found no room is known then. */
static char *finish_recording(struct simulator *simulator, const struct plan *plan,
                              uint64_t box_seed, const char *fault)
{
    struct recording *recording = &simulator->recording;
    char *text = NULL;
    size_t bytes = 0;
    (void)fflush(recording->stream);
    FILE *whole = open_memstream(&text, &bytes);
    if (whole == NULL) {
        box_die("no memory for the scenario");
    }
    (void)fprintf(whole,
                  "# simulator --seed %llu --first-week %u --days %u\n# %s\n"
                  "watched seed %llu trunk %zu day %lld keeping %s\n",
                  (unsigned long long)plan->seed, plan->week, plan->days, fault,
                  (unsigned long long)box_seed, simulator->box->calls_max,
                  (long long)days_to_begin(plan->week),
                  disk_loss_word(plan->forgetful ? DISK_FORGETS_LOG : DISK_KEEPS_ALL));
    for (size_t i = 0; i < recording->refused_count; i++) {
        (void)fprintf(whole, "no_room for %u\n", recording->refused[i]);
    }
    (void)fputs(recording->text, whole);
    int64_t ms = simulator->box->elapsed_ms + 1;
    (void)fprintf(whole, "at %lld:%02lld.%03lld a look\n", (long long)(ms / 60000),
                  (long long)(ms / 1000 % 60), (long long)(ms % 1000));
    (void)fclose(whole);
    return text;
}

/* From the first start to the morning after, or until a rule is broken. */
static void live(struct simulator *simulator, const struct plan *plan, uint64_t *random,
                 size_t *causes_r)
{
    int64_t end_ms = plan->days * DAY_MS;
    if (setjmp(simulator->no_start) != 0) {
        oracle_blame(simulator->oracle, "the gateway does not start");
        return;
    }
    box_open(simulator->box);
    watched_begin(&simulator->watched, simulator->box, simulator->oracle);
    simulator->watched.recovered = on_recovered;
    simulator->watched.context = simulator;
    city_build(simulator, box_draw(random, 0));
    *causes_r = add_causes(simulator, plan, box_draw(random, 0));
    follow(simulator, (struct happening){.kind = DESK_TIDIES, .what = TIDY_AFTER_HOURS}, HOUR_MS);
    live_until(simulator, end_ms);
    if (oracle_fault(simulator->oracle) == NULL) {
        live_morning(simulator, end_ms);
    }
    if (oracle_fault(simulator->oracle) == NULL) {
        oracle_look_after_crash(simulator->oracle, simulator->box, true);
    }
}

bool week_live(const struct plan *plan, uint64_t *hash, struct tally *tally, size_t *causes_r,
               char *fault_r, char **scenario_r)
{
    uint64_t random = plan->seed + plan->week * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t box_seed = box_draw(&random, 0);
    struct simulator simulator = {
        .box = box_create(box_seed),
        .oracle = oracle_create(),
        .hash = *hash,
        .tally = *tally,
        .verbose = plan->verbose,
    };
    simulator.box->on_send = machines_send;
    simulator.box->on_abort = on_abort;
    simulator.box->on_alarm = on_alarm;
    simulator.box->on_no_start = on_no_start;
    simulator.box->context = &simulator;
    box_begin_at(simulator.box, FIRST_WEEK_MS + days_to_begin(plan->week) * DAY_MS);
    if (plan->recorded) {
        recording_begin(&simulator.recording);
    }
    /* A narrow trunk now and then: whoever waits for it is looked at 20 times a second. */
    simulator.box->calls_max = draw_percent(&random, 4) ? 1 : 4 + box_draw(&random, 13);
    simulator.box->reserve_bytes = WATCHED_RESERVE_BYTES;
    simulator.box->crash_loss = plan->forgetful ? DISK_FORGETS_LOG : DISK_KEEPS_ALL;
    live(&simulator, plan, &random, causes_r);
    const char *fault = oracle_fault(simulator.oracle);
    (void)snprintf(fault_r, ORACLE_FAULT_BYTES, "at %lld ms: %s",
                   (long long)simulator.box->elapsed_ms, fault == NULL ? "" : fault);
    simulator.tally.weeks++;
    simulator.tally.escalations += oracle_count(simulator.oracle);
    simulator.tally.turns_at_rest += simulator.watched.looks;
    simulator.tally.crashes += simulator.watched.crashes;
    simulator.tally.disk_failures += simulator.box->faults_fired;
    if (plan->recorded) {
        *scenario_r = finish_recording(&simulator, plan, box_seed, fault_r);
        recording_free(&simulator.recording);
    }
    *hash = simulator.hash;
    *tally = simulator.tally;
    oracle_destroy(&simulator.oracle);
    agenda_free(&simulator.agenda);
    box_destroy(&simulator.box);
    return fault == NULL;
}
