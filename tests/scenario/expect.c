/* expect.c - what must be true now. */
#include "tests/scenario/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rule 12 allows a wait to move by this much. */
#define TOLERANCE_MS 100

struct uuid current_escalation(const struct scenario *scenario)
{
    if (scenario->escalations_count == 0) {
        scenario_wrong(scenario, "there is no escalation yet");
    }
    return scenario->escalations[scenario->current].id;
}

static struct escalation read_escalation(struct scenario *scenario)
{
    struct store *reader = open_reader();
    struct escalation escalation;
    struct error error = {.text = ""};
    memset(&escalation, 0, sizeof escalation);
    if (store_get_escalation(reader, scenario->customer_id, current_escalation(scenario),
                             &escalation, &error) != STATUS_OK) {
        box_die("the escalation cannot be read: %s", error.text);
    }
    store_close(&reader);
    return escalation;
}

/* ---- what left ---- */

struct wanted {
    enum path path;
    const char *who;
    const char *purpose; /* NULL: alert, or for a callback any */
};

static bool matches(const struct wanted *wanted, const struct box_sent *sent)
{
    const char *who = sent->path == PATH_CALLBACK ? sent->callback : sent->person;
    if (sent->path != wanted->path || strcmp(who, wanted->who) != 0) {
        return false;
    }
    const char *purpose = attempt_purpose_word(sent->purpose);
    if (wanted->purpose == NULL) {
        return sent->path == PATH_CALLBACK || sent->purpose == PURPOSE_ALERT;
    }
    return strcmp(wanted->purpose, purpose) == 0;
}

static size_t count_sent(const struct scenario *scenario, const struct wanted *wanted,
                         int64_t from_ms)
{
    struct uuid escalation = current_escalation(scenario);
    size_t count = 0;
    for (size_t i = 0; i < scenario->box->sent_count; i++) {
        const struct box_sent *sent = &scenario->box->sent[i];
        count += sent->at_ms >= from_ms && uuid_equal(sent->escalation, escalation) &&
                 matches(wanted, sent);
    }
    return count;
}

static bool path_of(const char *word, enum path *path_r)
{
    for (int path = PATH_PUSH; path <= PATH_CALLBACK; path++) {
        if (strcmp(path_word((enum path)path), word) == 0) {
            *path_r = (enum path)path;
            return true;
        }
    }
    return false;
}

static bool is_purpose(const char *word)
{
    for (int purpose = PURPOSE_ALERT; purpose <= (int)ATTEMPT_PURPOSE_LAST; purpose++) {
        if (strcmp(attempt_purpose_word((enum attempt_purpose)purpose), word) == 0) {
            return true;
        }
    }
    return false;
}

/* "[no|never] push paul [withdraw] [2 times]". */
static bool expect_sent(struct scenario *scenario, int first)
{
    bool no = word_is(scenario, first, "no"), never = word_is(scenario, first, "never");
    struct wanted wanted = {.purpose = NULL};
    first += no || never;
    if (!path_of(word_at(scenario, first), &wanted.path)) {
        return false;
    }
    wanted.who = word_at(scenario, first + 1);
    int next = first + 2;
    if (is_purpose(word_at(scenario, next))) {
        wanted.purpose = word_at(scenario, next++);
    }
    size_t times = word_is(scenario, next + 1, "times")
                       ? (size_t)strtoul(word_at(scenario, next), NULL, 10)
                       : 0;
    if (next < scenario->words.count && times == 0) {
        scenario_wrong(scenario, "not understood: %s", word_at(scenario, next));
    }
    size_t found =
        count_sent(scenario, &wanted, never ? 0 : scenario->box->elapsed_ms - TOLERANCE_MS);
    bool ok = no || never ? found == 0 : times > 0 ? found == times : found > 0;
    if (!ok) {
        scenario_fail(scenario, "expected %s%s to %s%s%s, found %zu",
                      never ? "never a "
                      : no  ? "no "
                            : "",
                      path_word(wanted.path), wanted.who, wanted.purpose != NULL ? " for " : "",
                      wanted.purpose != NULL ? wanted.purpose : "", found);
    }
    return true;
}

/* "silence until 5:00": nothing leaves for anybody. */
static void expect_silence(struct scenario *scenario, int first)
{
    long long until_ms;
    size_t before = scenario->box->sent_count;
    if (!parse_time(word_at(scenario, first + 2), &until_ms)) {
        scenario_wrong(scenario, "\"silence until\" wants a time such as 5:00");
    }
    if (until_ms <= scenario->box->elapsed_ms) {
        scenario_wrong(scenario, "that time has passed already");
    }
    scenario_advance(scenario, until_ms - scenario->box->elapsed_ms);
    if (scenario->box->sent_count != before) {
        scenario_fail(scenario, "expected silence, but %zu left",
                      scenario->box->sent_count - before);
    }
}

/* ---- state ---- */

static const char *holder_name(struct scenario *scenario, const struct escalation *escalation,
                               char *text, size_t bytes)
{
    if (escalation->holder.kind == PERSON_OPERATOR) {
        (void)snprintf(text, bytes, "%s", escalation->holder.name);
        return text;
    }
    const struct directory *directory = engine_directory_acquire(scenario->box->engine);
    const struct directory_customer *customer =
        directory_customer(directory, scenario->customer_id);
    const struct directory_person *person = customer == NULL || escalation->holder.id == 0
                                                ? NULL
                                                : directory_person(customer, &escalation->holder);
    (void)snprintf(text, bytes, "%s", person == NULL ? "nobody" : person->slug);
    engine_directory_release(scenario->box->engine, directory);
    return text;
}

/* "state accepted by marie". */
static void expect_state(struct scenario *scenario, int first)
{
    struct escalation escalation = read_escalation(scenario);
    char holder[PERSON_NAME_BYTES_MAX];
    const char *state = escalation_state_word(escalation.state);
    const char *by = option(scenario, "by");
    (void)holder_name(scenario, &escalation, holder, sizeof holder);
    if (!word_is(scenario, first + 1, state) || (by != NULL && strcmp(by, holder) != 0)) {
        scenario_fail(scenario, "expected state %s%s%s, found %s by %s",
                      word_at(scenario, first + 1), by != NULL ? " by " : "", by != NULL ? by : "",
                      state, holder);
    }
}

/* `next 0:20 "step 2: call marie"`. */
static void expect_next(struct scenario *scenario, int first)
{
    struct escalation escalation = read_escalation(scenario);
    char due[32] = "never";
    long long wanted_ms;
    if (!parse_time(word_at(scenario, first + 1), &wanted_ms)) {
        scenario_wrong(scenario, "\"next\" wants a time such as 1:20");
    }
    int64_t due_ms = escalation.due_at.ms - scenario->box->epoch_ms;
    if (escalation.due_at.ms != TIME_NEVER_MS) {
        format_time(due_ms, due, sizeof due);
    }
    const char *what = word_at(scenario, first + 2);
    if (due_ms < wanted_ms || due_ms > wanted_ms + TOLERANCE_MS ||
        (what[0] != '\0' && strcmp(what, escalation.next_what) != 0)) {
        scenario_fail(scenario, "expected next at %s \"%s\", found at %s \"%s\"",
                      word_at(scenario, first + 1), what, due, escalation.next_what);
    }
}

/* `timeline "step_ended every_path_failed"`, `no timeline "late"`. */
static void expect_timeline(struct scenario *scenario, const char *wanted, bool absent)
{
    char *timeline = timeline_text(scenario);
    bool found = strstr(timeline, wanted) != NULL;
    free(timeline);
    if (found == absent) {
        scenario_fail(scenario, "expected %sin the timeline: %s", absent ? "not " : "", wanted);
    }
}

/* "task promise 1" (open ones), "no task promise". */
static void expect_task(struct scenario *scenario, int first, bool absent)
{
    struct store *reader = open_reader();
    struct arena *arena = arena_create(0);
    struct desk_task_row *rows;
    struct error error = {.text = ""};
    size_t count = 0, found = 0;
    int caller = (int)strtol(word_at(scenario, first + 2), NULL, 10);
    if (arena == NULL ||
        store_list_tasks_of_escalation(reader, scenario->customer_id, current_escalation(scenario),
                                       100, arena, &rows, &count, &error) != STATUS_OK) {
        box_die("the tasks cannot be read: %s", error.text);
    }
    for (size_t i = 0; i < count; i++) {
        found += word_is(scenario, first + 1, task_kind_word(rows[i].kind)) &&
                 (caller == 0 || rows[i].caller == caller);
    }
    if ((found == 0) != absent) {
        scenario_fail(scenario, "expected %stask %s, found %zu of %zu", absent ? "no " : "",
                      word_at(scenario, first + 1), found, count);
    }
    arena_destroy(&arena);
    store_close(&reader);
}

/* `answer already-accepted`, `answer ok "joined\":true"`: a part of the answer's text. */
static void expect_answer(struct scenario *scenario, int first)
{
    const char *answer = status_slug(scenario->answer);
    const char *part = word_at(scenario, first + 2);
    if (!word_is(scenario, first + 1, answer) || strstr(scenario->body, part) == NULL) {
        scenario_fail(scenario, "expected answer %s%s%s, found %s%s%s",
                      word_at(scenario, first + 1), part[0] != '\0' ? " " : "", part, answer,
                      scenario->body[0] != '\0' ? " " : "", scenario->body);
    }
}

/* Whatever left of it: "drill", "no drill". */
static void expect_drill(struct scenario *scenario, bool absent)
{
    const struct box *box = scenario->box;
    struct uuid escalation = current_escalation(scenario);
    size_t left = 0, drills = 0;
    for (size_t i = 0; i < box->sent_count; i++) {
        bool of_it = uuid_equal(box->sent[i].escalation, escalation);
        left += of_it;
        drills += of_it && box->sent[i].drill;
    }
    if (left == 0 || drills != (absent ? 0 : left)) {
        scenario_fail(scenario, "expected %sdrill, found %zu of %zu that left", absent ? "no " : "",
                      drills, left);
    }
}

static void expect_alarm(struct scenario *scenario, const char *kind)
{
    for (size_t i = 0; i < scenario->box->alarms_count; i++) {
        if (strcmp(scenario->box->alarms[i], kind) == 0) {
            return;
        }
    }
    scenario_fail(scenario, "expected alarm %s", kind);
}

void expect_statement(struct scenario *scenario)
{
    int first = word_is(scenario, 1, "at") ? 3 : 1;
    bool no = word_is(scenario, first, "no");
    if (expect_sent(scenario, first)) {
        return;
    }
    if (word_is(scenario, first, "silence")) {
        expect_silence(scenario, first);
    } else if (word_is(scenario, first, "state")) {
        expect_state(scenario, first);
    } else if (word_is(scenario, first, "next")) {
        expect_next(scenario, first);
    } else if (word_is(scenario, first + no, "timeline")) {
        expect_timeline(scenario, word_at(scenario, first + no + 1), no);
    } else if (word_is(scenario, first + no, "task")) {
        expect_task(scenario, first + no, no);
    } else if (word_is(scenario, first + no, "drill")) {
        expect_drill(scenario, no);
    } else if (word_is(scenario, first, "answer")) {
        expect_answer(scenario, first);
    } else if (word_is(scenario, first, "alarm")) {
        expect_alarm(scenario, word_at(scenario, first + 1));
    } else {
        scenario_wrong(scenario, "nothing that can be expected: %s", word_at(scenario, first));
    }
}
