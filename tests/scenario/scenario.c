/* scenario.c - reads a scenario line by line, lets time pass, and reacts to what the gateway sends
 * as providers and phones would. */
#include "tests/scenario/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"

#define REACTIONS_MAX 1000
#define RESERVE_BYTES (INT64_C(1) << 20)

/* ---- words ---- */

const char *word_at(const struct scenario *scenario, int index)
{
    return words_at(&scenario->words, index);
}

bool word_is(const struct scenario *scenario, int index, const char *word)
{
    return words_are(&scenario->words, index, word);
}

const char *option(const struct scenario *scenario, const char *name)
{
    int index = scenario->reading == NULL ? -1 : reading_option(scenario->reading, name);
    return index < 0 ? NULL : word_at(scenario, index);
}

bool has_option(const struct scenario *scenario, const char *name)
{
    return option(scenario, name) != NULL;
}

/* ---- what went wrong ---- */

void scenario_wrong(const struct scenario *scenario, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "%s:%d: ", scenario->path, scenario->line);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    exit(2);
}

void scenario_fail(struct scenario *scenario, const char *format, ...)
{
    va_list arguments;
    char now[32], line[TIMELINE_LINE_BYTES];
    if (scenario->failed) {
        return;
    }
    scenario->failed = true;
    format_time(scenario->box->elapsed_ms, now, sizeof now);
    va_start(arguments, format);
    (void)fprintf(stderr, "%s:%d: at %s ", scenario->path, scenario->line, now);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "\nwhat left the gateway:\n");
    for (size_t i = 0; i < scenario->box->sent_count; i++) {
        sent_line(&scenario->box->sent[i], line, sizeof line);
        (void)fprintf(stderr, "    %s\n", line);
    }
    if (scenario->escalations_count > 0) {
        char *timeline = timeline_text(scenario);
        (void)fprintf(stderr, "timeline:\n%s", timeline);
        free(timeline);
    }
}

/* ---- the world answers ---- */

static enum provider_mood mood_towards(const struct scenario *scenario, const struct box_sent *sent)
{
    switch (sent->path) {
    case PATH_PUSH:
        return scenario->platforms[sent->platform];
    case PATH_CALL:
        return scenario->telephony;
    case PATH_CALLBACK:
    case PATH_APP:
    case PATH_DESK:
        break;
    }
    return scenario->callbacks;
}

/* The app tells by itself that a push came in. */
static void confirm_reception(struct scenario *scenario, const struct box_sent *sent)
{
    if (sent->token_received[0] == '\0' || person_state(scenario, sent->person)->phone_off) {
        return;
    }
    struct command *command = box_command(COMMAND_AGENT_VERB, 0);
    command->escalation_id = sent->escalation;
    command->request.agent.verb = VERB_RECEIVED;
    command->request.agent.action_token = arena_text(command->arena, sent->token_received);
    (void)box_run(scenario->box, command);
    box_free(&command);
}

static void report_line(struct scenario *scenario, const struct box_sent *sent)
{
    enum attempt_answer answer = person_state(scenario, sent->person)->line;
    if (answer == ANSWER_NONE) {
        return;
    }
    struct command *command = box_command(COMMAND_CALL_OUTCOME, 0);
    command->request.call.attempt = sent->attempt;
    command->request.call.answer = answer;
    (void)box_run(scenario->box, command);
    box_free(&command);
}

static bool end_when_due(struct box *box, struct box_sent *sent)
{
    if (box->elapsed_ms < sent->expires_ms) {
        return false;
    }
    box_outcome(box, sent, ATTEMPT_EXPIRED, "no_answer_in_time", false);
    return true;
}

/* False: nothing to say yet. */
static bool react_to(struct scenario *scenario, struct box_sent *sent)
{
    struct box *box = scenario->box;
    switch (mood_towards(scenario, sent)) {
    case MOOD_UP:
        box_outcome(box, sent, ATTEMPT_ACCEPTED, "", false);
        if (sent->path == PATH_PUSH) {
            confirm_reception(scenario, sent);
        } else if (sent->path == PATH_CALL) {
            report_line(scenario, sent);
        }
        return true;
    case MOOD_DOWN:
        box_outcome(box, sent, ATTEMPT_FAILED, "unavailable", false);
        return true;
    case MOOD_REFUSING:
        box_outcome(box, sent, ATTEMPT_FAILED, "unregistered", sent->path == PATH_PUSH);
        return true;
    case MOOD_UNCERTAIN:
        box_outcome(box, sent, ATTEMPT_UNCERTAIN, "connection_lost", false);
        return true;
    case MOOD_DELAYED:
        if (!sent->delayed && sent->path == PATH_PUSH) {
            box_delayed(box, sent, "provider_down");
            return true;
        }
        return end_when_due(box, sent);
    case MOOD_SILENT:
        return end_when_due(box, sent);
    }
    return false;
}

static bool react(struct scenario *scenario)
{
    struct box *box = scenario->box;
    bool any = false;
    for (size_t i = box->resolved_below; i < box->sent_count; i++) {
        struct box_sent *sent = &box->sent[i];
        if (!sent->resolved && !sent->dead) {
            any = react_to(scenario, sent) || any;
        }
        if (i == box->resolved_below && (sent->resolved || sent->dead)) {
            box->resolved_below++;
        }
    }
    return any;
}

int64_t scenario_settle(struct scenario *scenario)
{
    if (scenario->is_watched) {
        return 0; /* it comes to rest when time passes */
    }
    for (int i = 0; i < REACTIONS_MAX; i++) {
        int64_t wait_ms = box_turns(scenario->box);
        if (!react(scenario)) {
            return wait_ms;
        }
    }
    scenario_fail(scenario, "the gateway and the world do not come to rest");
    return 1000;
}

void scenario_advance(struct scenario *scenario, int64_t ms)
{
    if (scenario->is_watched) {
        watched_reach(&scenario->watched, scenario->box->elapsed_ms + ms);
        return;
    }
    int64_t wait_ms = scenario_settle(scenario);
    while (ms > 0) {
        int64_t some = wait_ms < ms ? wait_ms : ms;
        box_pass(scenario->box, some);
        ms -= some;
        wait_ms = scenario_settle(scenario);
    }
}

/* The oracle hears the answer. False: a crash came between. */
static bool run_watched(struct scenario *scenario, struct command *command)
{
    struct box_sent *sent = scenario->answered;
    bool accepts =
        command->type == COMMAND_AGENT_VERB && command->request.agent.verb == VERB_ACCEPT;
    bool first = sent != NULL && accepts && !sent->pressed;
    if (sent != NULL) {
        sent->pressed = sent->pressed || accepts;
    }
    if (scenario->box->crashed) {
        return false;
    }
    command->received_at = (struct wall_time){scenario->box->wall_ms};
    oracle_asked(scenario->oracle, command);
    bool answered = box_run(scenario->box, command);
    if (answered) {
        oracle_heard(scenario->oracle, command, sent, first);
    } else {
        oracle_unheard(scenario->oracle, command);
    }
    return answered;
}

void scenario_command(struct scenario *scenario, struct command *command)
{
    if (!scenario->is_watched) {
        (void)box_run(scenario->box, command);
    } else if (!run_watched(scenario, command)) {
        scenario->answer = STATUS_UNCERTAIN;
        box_free(&command);
        return;
    }
    scenario->answer = command->answer.status;
    (void)text_copy(scenario->body, sizeof scenario->body,
                    command->answer.status == STATUS_OK && command->answer.body != NULL
                        ? command->answer.body
                        : command->answer.error.text);
    box_free(&command);
    (void)scenario_settle(scenario);
}

/* ---- lines ---- */

/* Moves on to the time named; answers the index of the word behind it. */
static int run_until(struct scenario *scenario, int index)
{
    long long at_ms;
    if (!word_is(scenario, index, "at")) {
        return index;
    }
    if (!parse_time(word_at(scenario, index + 1), &at_ms)) {
        scenario_wrong(scenario, "\"at\" wants a time such as 1:20");
    }
    if (at_ms < scenario->box->elapsed_ms && !scenario->is_watched) {
        scenario_wrong(scenario, "that time has passed already");
    }
    scenario_advance(scenario, at_ms - scenario->box->elapsed_ms);
    return index + 2;
}

static void run_statement(struct scenario *scenario)
{
    if (setup_statement(scenario)) {
        return;
    }
    setup_finish_procedure(scenario);
    if (word_is(scenario, 0, "expect")) {
        (void)run_until(scenario, 1);
        expect_statement(scenario);
        return;
    }
    int first = run_until(scenario, 0);
    if (!watched_statement(scenario, first) && !action_statement(scenario, first)) {
        scenario_wrong(scenario, "not understood: %s", word_at(scenario, first));
    }
}

bool scenario_run(const struct script *script, const struct readings *readings)
{
    static struct scenario scenario;
    memset(&scenario, 0, sizeof scenario);
    scenario.path = script->path;
    scenario.box = box_create(1);
    scenario.box->reserve_bytes = RESERVE_BYTES;
    box_open(scenario.box);
    for (size_t i = 0; i < script->count && !scenario.failed; i++) {
        scenario.line = (int)i + 1;
        scenario.reading = readings->of_lines[i];
        const char *wrong = words_split(&scenario.words, script->lines[i]);
        if (wrong != NULL) {
            scenario_wrong(&scenario, "%s", wrong);
        }
        if (scenario.words.count > 0) {
            run_statement(&scenario);
            watched_judge(&scenario);
        }
    }
    watched_end(&scenario);
    box_destroy(&scenario.box);
    return !scenario.failed;
}
