/* watched_night.c - statements of a night that the simulator wrote down: nothing outside answers by
 * itself, each outcome and each fault is said, and the oracle judges. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/core/words.h"
#include "tests/scenario/memory.h"
#include "tests/scenario/scenario.h"
#include "tests/scenario/scenario_words.h"

#define DAY_MS       INT64_C(86400000)
#define YEARS_DAY_MS INT64_C(1768082400000) /* 2026-01-10T22:00:00Z, a Saturday */

static uint64_t number_at(const struct scenario *scenario, int index)
{
    char *end;
    uint64_t number = strtoull(word_at(scenario, index), &end, 10);
    if (word_at(scenario, index)[0] == '\0' || *end != '\0') {
        scenario_wrong(scenario, "a number was expected: %s", word_at(scenario, index));
    }
    return number;
}

static int64_t time_at(const struct scenario *scenario, int index)
{
    long long ms;
    if (!parse_time(word_at(scenario, index), &ms)) {
        scenario_wrong(scenario, "a time was expected: %s", word_at(scenario, index));
    }
    return ms;
}

void watched_judge(struct scenario *scenario)
{
    const char *fault = scenario->is_watched ? oracle_fault(scenario->oracle) : NULL;
    if (fault != NULL) {
        scenario_fail(scenario, "a rule is broken: %s", fault);
    }
}

/* ---- the beginning ---- */

static enum status on_send(void *context, struct box_sent *sent)
{
    struct scenario *scenario = context;
    scenario->departures++;
    for (size_t i = 0; i < scenario->no_room_count; i++) {
        if (scenario->no_room[i] == scenario->departures) {
            return STATUS_FULL;
        }
    }
    oracle_sending(scenario->oracle, sent, scenario->box);
    return STATUS_OK;
}

static void on_abort(void *context, struct uuid escalation)
{
    struct scenario *scenario = context;
    oracle_aborted(scenario->oracle, escalation);
}

static void on_alarm(void *context, const char *kind, const char *detail)
{
    struct scenario *scenario = context;
    oracle_alarm(scenario->oracle, kind, detail, scenario->box->elapsed_ms);
}

static void on_no_start(void *context, const char *why)
{
    struct scenario *scenario = context;
    (void)fprintf(stderr, "%s:%d: a rule is broken: the gateway does not start: %s\n",
                  scenario->path, scenario->line, why);
    exit(1);
}

/* "watched seed 7 trunk 30 day 77 keeping all": the first statement of all. */
static void begin(struct scenario *scenario)
{
    box_destroy(&scenario->box);
    struct box *box = box_create(number_at(scenario, 2));
    scenario->box = box;
    scenario->is_watched = true;
    scenario->oracle = oracle_create();
    box->calls_max = number_at(scenario, 4);
    box_begin_at(box, YEARS_DAY_MS + (int64_t)number_at(scenario, 6) * DAY_MS);
    if (!disk_loss_parse(word_at(scenario, 8), &box->crash_loss)) {
        scenario_wrong(scenario, "no such loss: %s", word_at(scenario, 8));
    }
    box->reserve_bytes = WATCHED_RESERVE_BYTES;
    box->on_send = on_send;
    box->on_abort = on_abort;
    box->on_alarm = on_alarm;
    box->on_no_start = on_no_start;
    box->context = scenario;
    box_open(box);
    watched_begin(&scenario->watched, box, scenario->oracle);
}

void watched_end(struct scenario *scenario)
{
    if (scenario->is_watched) {
        oracle_destroy(&scenario->oracle);
    }
}

static void add_no_room(struct scenario *scenario)
{
    if (scenario->no_room_count == NO_ROOM_MAX) {
        scenario_wrong(scenario, "more than %d departures without room", NO_ROOM_MAX);
    }
    scenario->no_room[scenario->no_room_count++] = (unsigned)number_at(scenario, 2);
}

static void turn_to_customer(struct scenario *scenario, const char *slug)
{
    for (size_t i = 0; i < scenario->customers_count; i++) {
        if (strcmp(scenario->customers[i].slug, slug) == 0) {
            scenario->customer_id = scenario->customers[i].id;
            (void)text_copy(scenario->customer, sizeof scenario->customer, slug);
            return;
        }
    }
    scenario_wrong(scenario, "no such customer: %s", slug);
}

/* ---- what left, by its number ---- */

static void give_outcome(struct scenario *scenario, struct box_sent *sent, const char *word)
{
    struct box *box = scenario->box;
    bool gone = strcmp(word, "gone") == 0;
    if (sent->resolved || sent->dead) {
        return; /* nobody is there any more who could be told */
    }
    if (strcmp(word, "delayed") == 0) {
        if (!sent->delayed) {
            box_delayed(box, sent, "simulated");
        }
        return;
    }
    for (int state = ATTEMPT_ACCEPTED; state <= ATTEMPT_UNCERTAIN; state++) {
        if (strcmp(attempt_state_word((enum attempt_state)state), gone ? "failed" : word) == 0) {
            box_outcome(box, sent, (enum attempt_state)state, "simulated", gone);
            oracle_resolved(scenario->oracle, sent->attempt, state == ATTEMPT_ACCEPTED);
            return;
        }
    }
    scenario_wrong(scenario, "nothing that becomes of an attempt: %s", word);
}

static void press(struct scenario *scenario, const struct box_sent *sent, enum agent_verb verb)
{
    bool test = sent->purpose == PURPOSE_TEST;
    struct command *command = box_command(test ? COMMAND_CONFIRM_TEST : COMMAND_AGENT_VERB, 0);
    const char *token = verb == VERB_ACCEPT    ? sent->token_accept
                        : verb == VERB_DECLINE ? sent->token_decline
                                               : sent->token_received;
    command->escalation_id = sent->escalation;
    if (test) {
        command->request.device_test.test = sent->attempt;
        command->request.device_test.verb = verb;
        command->request.device_test.action_token = token;
    } else {
        command->request.agent.verb = verb;
        command->request.agent.action_token = token;
    }
    scenario_command(scenario, command);
}

static void report_call(struct scenario *scenario, const struct box_sent *sent, const char *word)
{
    struct command *command = box_command(COMMAND_CALL_OUTCOME, 0);
    command->request.call.attempt = sent->attempt;
    for (int i = 0; attempt_answer_words[i] != NULL; i++) {
        if (strcmp(attempt_answer_words[i], word) == 0) {
            command->request.call.answer = (enum attempt_answer)i;
            scenario_command(scenario, command);
            return;
        }
    }
    scenario_wrong(scenario, "no such answer of a call: %s", word);
}

/* "sent 12 accepted", "sent 12 accepts", "sent 12 reports busy". */
static void sent_statement(struct scenario *scenario, int first)
{
    struct box *box = scenario->box;
    uint64_t number = number_at(scenario, first + 1);
    const char *word = word_at(scenario, first + 2);
    if (number == 0 || number > box->sent_count) {
        scenario_fail(scenario, "only %zu left so far", box->sent_count);
        return;
    }
    struct box_sent *sent = &box->sent[number - 1];
    enum agent_verb verb = agent_statement_verb(word);
    scenario->answered = sent;
    if (strcmp(word, "reports") == 0) {
        report_call(scenario, sent, word_at(scenario, first + 3));
    } else if (verb != AGENT_VERBS_COUNT) {
        press(scenario, sent, verb);
    } else {
        give_outcome(scenario, sent, word);
    }
    scenario->answered = NULL;
}

/* ---- duty ---- */

/* "agent-0-1 checks_in with PHONE", "checks_out". */
static bool duty_statement(struct scenario *scenario, int first)
{
    bool in = word_is(scenario, first + 1, "checks_in");
    if (!in && !word_is(scenario, first + 1, "checks_out")) {
        return false;
    }
    struct command *command =
        box_command(in ? COMMAND_CHECK_IN : COMMAND_CHECK_OUT, scenario->customer_id);
    command->request.check_in.agent_id = agent_id(scenario, word_at(scenario, first));
    command->request.check_in.installation =
        arena_text(command->arena, in ? word_at(scenario, first + 3) : "");
    scenario_command(scenario, command);
    return true;
}

/* "agent-0-1 pauses 10", in minutes; "is_back". */
static bool pause_statement(struct scenario *scenario, int first)
{
    bool pauses = word_is(scenario, first + 1, "pauses");
    if (!pauses && !word_is(scenario, first + 1, "is_back")) {
        return false;
    }
    struct command *command = box_command(COMMAND_PAUSE, scenario->customer_id);
    command->request.pause.agent_id = agent_id(scenario, word_at(scenario, first));
    command->request.pause.minutes = pauses ? (int)number_at(scenario, first + 2) : 0;
    scenario_command(scenario, command);
    return true;
}

static void test_device(struct scenario *scenario, int first)
{
    struct command *command = box_command(COMMAND_TEST_DEVICE, scenario->customer_id);
    command->request.device_test.device_id = (int64_t)number_at(scenario, first + 3);
    scenario_command(scenario, command);
}

/* ---- faults ---- */

/* "crash after 317 keeping torn off 0s". */
static void arm_crash(struct scenario *scenario, int first)
{
    struct box *box = scenario->box;
    box->crash_countdown = number_at(scenario, first + 2);
    if (!disk_loss_parse(word_at(scenario, first + 4), &box->crash_loss)) {
        scenario_wrong(scenario, "no such loss: %s", word_at(scenario, first + 4));
    }
    scenario->watched.reboot_ms = time_at(scenario, first + 6);
}

/* "disk fails write after 113 for_ever", "disk works again", "disk has room for 4096 bytes", "disk
 * has room again". */
static void disk_statement(struct scenario *scenario, int first)
{
    struct box *box = scenario->box;
    enum disk_call call;
    if (word_is(scenario, first + 1, "fails")) {
        if (!disk_call_parse(word_at(scenario, first + 2), &call)) {
            scenario_wrong(scenario, "no such call: %s", word_at(scenario, first + 2));
        }
        box->fault = (struct box_fault){.calls = 1u << call,
                                        .rc = disk_call_error(call),
                                        .after = number_at(scenario, first + 4),
                                        .for_ever = word_is(scenario, first + 5, "for_ever")};
    } else if (word_is(scenario, first + 1, "works")) {
        box->fault.calls = 0;
    } else if (word_is(scenario, first + 3, "for")) {
        disk_set_capacity(disk_used() + number_at(scenario, first + 4));
    } else {
        disk_set_capacity(0);
    }
}

static bool fault_statement(struct scenario *scenario, int first)
{
    struct box *box = scenario->box;
    if (word_is(scenario, first, "crash") && word_is(scenario, first + 1, "after")) {
        arm_crash(scenario, first);
    } else if (word_is(scenario, first, "disk")) {
        disk_statement(scenario, first);
    } else if (word_is(scenario, first, "memory")) {
        /* "memory fails after 2000 1 times" */
        memory_fail(number_at(scenario, first + 3), number_at(scenario, first + 4));
    } else if (word_is(scenario, first, "trouble")) {
        watched_be_troubled(&scenario->watched, time_at(scenario, first + 2));
    } else if (word_is(scenario, first, "stalled")) {
        watched_stand_still(&scenario->watched, time_at(scenario, first + 2));
    } else if (word_is(scenario, first, "is") && word_is(scenario, first + 1, "broken")) {
        if (box_break(box, current_escalation(scenario))) {
            oracle_broken(scenario->oracle, current_escalation(scenario));
        }
    } else if (word_is(scenario, first, "is")) {
        /* "is poison at send" */
        box_poison(box, scenario->customer_id, current_escalation(scenario),
                   word_is(scenario, first + 3, "send"));
    } else if (word_is(scenario, first, "nothing")) {
        box->crash_countdown = 0;
        box->fault.calls = 0;
        disk_set_capacity(0);
    } else {
        return false;
    }
    return true;
}

bool watched_statement(struct scenario *scenario, int first)
{
    if (word_is(scenario, first, "watched")) {
        begin(scenario);
    } else if (!scenario->is_watched) {
        return false;
    } else if (word_is(scenario, first, "no_room")) {
        add_no_room(scenario);
    } else if (word_is(scenario, first, "for")) {
        turn_to_customer(scenario, word_at(scenario, first + 1));
    } else if (word_is(scenario, first, "sent")) {
        sent_statement(scenario, first);
    } else if (word_is(scenario, first, "desk") && word_is(scenario, first + 1, "tests")) {
        test_device(scenario, first);
    } else if (word_is(scenario, first, "nobody")) {
        oracle_all_ended(scenario->oracle);
    } else if (!word_is(scenario, first, "a")) { /* "a look": time has passed until now */
        return duty_statement(scenario, first) || pause_statement(scenario, first) ||
               fault_statement(scenario, first);
    }
    return true;
}
