/* test_failures.c - whatever the engine is asked to do, each call under it fails once: what was
 * refused can be asked again, and nothing that was to be sent, told or published is forgotten. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/chores.h"
#include "tests/unit/engine/death.h"
#include "tests/unit/failing_calls.h"
#include "tests/unit/sanitized.h"

#define CALLS_MAX          1000
#define CREATION_CALLS_MAX 3000
#define TURNS_MAX          8

static const struct {
    const char *name;
    chore *make;
} chores[] = {
#define X_(name) {#name, chore_##name},
    CHORES(X_)
#undef X_
};

/* ---- what must hold afterwards ---- */

/* What is forgotten; NULL: everything planned is on its way, and what others read is what stands in
 * the rows. */
static const char *find_forgotten(struct house *house)
{
    const struct directory *directory = house->engine->published;
    const struct directory_customer *customer = directory_customer(directory, house->customer_id);
    if (house_number(house, "SELECT count(*) FROM attempt WHERE state = 0") != 0) {
        return "an attempt";
    }
    if (house_number(house, "SELECT count(*) FROM device_test WHERE state = 0") != 0) {
        return "a test push";
    }
    char sql[96];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM escalation WHERE state = 9 AND held_until_at < %lld",
                   (long long)house->wall.ms);
    if (house_number(house, sql) != 0) {
        return "what was on hold";
    }
    if (customer == NULL || house->engine->current != directory) {
        return "the directory";
    }
    if ((int64_t)customer->agents_count != house_number(house, "SELECT count(*) FROM agent")) {
        return "an agent";
    }
    if ((int64_t)customer->procedures_count !=
        house_number(house, "SELECT count(DISTINCT slug) FROM procedure")) {
        return "a procedure";
    }
    if ((int64_t)customer->numbers_count !=
        house_number(house, "SELECT count(*) FROM customer_number")) {
        return "a number";
    }
    if ((customer->calendar != NULL) !=
        (house_number(house,
                      "SELECT (SELECT count(*) FROM customer_holidays) + "
                      "(SELECT count(*) FROM customer WHERE opening_hours IS NOT NULL)") > 0)) {
        return "the calendar";
    }
    if ((int64_t)customer->ticket_fields_count !=
        house_number(house, "SELECT count(*) FROM customer WHERE ticket_fields IS NOT NULL")) {
        return "a ticket field";
    }
    if (house_number(house, "SELECT count(*) FROM check_in_plan") >
        house_number(house, "SELECT count(DISTINCT rota) FROM check_in_duty")) {
        return "a shift"; /* each chore that leaves a plan has let one come due */
    }
    if (house_number(house, "SELECT count(*) FROM check_in_duty WHERE state = 1") !=
        house_number(house, "SELECT count(*) FROM escalation WHERE check_in_agent <> 0 AND "
                            "closed_at IS NULL")) {
        return "a check-in's escalation";
    }
    if (house_number(house, "SELECT count(*) FROM check_in_duty WHERE state = 5") != 0) {
        return "a shift that lapsed";
    }
    if (directory_rota(customer, "duty")->intervals_count != 1) {
        return "who is on call";
    }
    return (int64_t)directory->keys_count ==
                   house_number(house, "SELECT count(*) + 1 FROM api_key WHERE revoked_at IS NULL")
               ? NULL
               : "a key";
}

/* So that each try has as much to do as the one before it, and no phone was proven long ago: its
 * agent would be called, too. */
static void start_afresh(struct house *house)
{
    static const char sql[] =
        "DELETE FROM ticket_note; DELETE FROM ticket_stale; DELETE FROM desk_task; DELETE FROM "
        "caller; DELETE FROM attempt; DELETE FROM escalation; "
        "DELETE FROM escalation_member; DELETE FROM escalation_offer; "
        "DELETE FROM ticket; DELETE FROM timeline_personal; DELETE FROM timeline; "
        "DELETE FROM device_test; DELETE FROM alarm; DELETE FROM check_in; DELETE FROM enrolment; "
        "DELETE FROM check_in_plan; DELETE FROM check_in_duty; "
        "DELETE FROM procedure WHERE version > 1; DELETE FROM api_key; UPDATE customer SET "
        "timeline_seq = 0, opening_hours = NULL, holidays = NULL, ticket_fields = NULL; "
        "DELETE FROM customer_holidays; DELETE FROM customer_number; DELETE FROM agent_pause; "
        "DELETE FROM rota WHERE slug = 'renfort'; UPDATE device SET proven_at = NULL; "
        "PRAGMA synchronous = OFF";
    assert_int_equal(sqlite3_exec(house->engine->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
    house->sent_count = 0;
    engine_customer_changed(house->engine, house->customer_id, false);
    house_settle(house);
}

/* The JSON library may call a text broken, and the core a procedure too large, when memory ran
 * out. */
static bool is_fit(enum status status, bool fired, enum failing_kind kind)
{
    return status == STATUS_OK || (fired && status == STATUS_NO_MEMORY) ||
           (fired && kind == FAIL_MEMORY &&
            (status == STATUS_INVALID || status == STATUS_TOO_LARGE));
}

/* One chore with its nth call failing. Answers whether there was one. *told_r: whether it is
 * answered with a body, which the run that no failure reaches finds out (nth CALLS_MAX). */
static bool fails_once(struct house *house, size_t which, enum failing_kind kind, int nth,
                       bool *told_r)
{
    if (kind == FAIL_PREPARE) {
        house_close(house); /* no statement is prepared, nothing is cached */
        house_open(house);
        house_settle(house);
    }
    struct command *command = chores[which].make(house);
    if (command != NULL) {
        assert_int_equal(engine_post(house->engine, command), STATUS_OK);
    }
    failing_calls_start(kind, nth);
    for (int i = 0; i < TURNS_MAX && (command == NULL ? i < 2 : !answered(command)); i++) {
        (void)engine_turn(house->engine);
        house_advance(house, AGAIN_WAIT_MS); /* outcomes are tried again after it */
    }
    bool fired = failing_calls_stop();
    enum status status = command == NULL ? STATUS_OK : command->answer.status;
    bool told = command != NULL && command->answer.body_bytes > 0;
    if (nth == CALLS_MAX) {
        *told_r = told;
    }
    if (status == STATUS_OK && told != *told_r) {
        fail_msg("%s: done without an answer when call %d of kind %s fails", chores[which].name,
                 nth, failing_kind_names[kind]);
    }
    if ((command != NULL && !answered(command)) || !is_fit(status, fired, kind)) {
        fail_msg("%s: %s when call %d of kind %s %s", chores[which].name, status_slug(status), nth,
                 failing_kind_names[kind], fired ? "fails" : "does not fail");
    }
    house_advance(house, 1000);
    house_settle(house);
    house_accept_all(house, 0);
    const char *forgotten = find_forgotten(house);
    if (forgotten != NULL) {
        fail_msg("%s: %s is forgotten after call %d of kind %s failed", chores[which].name,
                 forgotten, nth, failing_kind_names[kind]);
    }
    start_afresh(house);
    return fired;
}

static void every_call_fails_once(struct house *house, enum failing_kind kind)
{
    for (size_t i = 0; i < sizeof chores / sizeof chores[0]; i++) {
        int nth = nth_first(i);
        bool told = false;
        assert_false(fails_once(house, i, kind, CALLS_MAX, &told));
        while (fails_once(house, i, kind, nth, &told)) {
            nth += NTH_STEP;
            assert_true(nth < CREATION_CALLS_MAX);
        }
    }
    assert_int_equal(
        house_number(house,
                     "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
        0);
}

static void test_command__outlives_memory_that_runs_out(void **state)
{
    every_call_fails_once(*state, FAIL_MEMORY);
}

static void test_command__outlives_a_statement_that_cannot_be_prepared(void **state)
{
    every_call_fails_once(*state, FAIL_PREPARE);
}

static void test_command__outlives_a_statement_that_fails(void **state)
{
    every_call_fails_once(*state, FAIL_STEP);
}

/* Turns until the command is answered, its nth allocation failing. Answers whether there was one.
 */
static bool runs_short_of_memory(struct house *house, struct command *command, int nth)
{
    assert_true(nth < CALLS_MAX);
    assert_int_equal(engine_post(house->engine, command), STATUS_OK);
    failing_calls_start(FAIL_MEMORY, nth);
    for (int i = 0; i < TURNS_MAX && !answered(command); i++) {
        (void)engine_turn(house->engine);
    }
    return failing_calls_stop();
}

/* A turn looks for deadlines and for those that a step of the wall is to be told to: whichever look
 * fails, both at once too, is made again. */
static void test_looks__that_fail_are_made_again(void **state)
{
    struct house *house = *state;
    for (int nth = 1; nth <= 12; nth++) {
        struct uuid id = house_escalate(house, SEVERITY_MAJOR);
        house_accept_all(house, 0);
        house_settle(house);
        house->wall.ms += 3600000;
        house_advance(house, 60001);
        failing_calls_start_in_a_row(FAIL_STEP, nth, 2, SQLITE_NOMEM);
        (void)engine_turn(house->engine);
        (void)failing_calls_stop();
        house_advance(house, 1000);
        house_settle(house);
        assert_int_equal(house_entries(house, id, ENTRY_CLOCK_STEPPED), 1);
        assert_string_equal(house->sent[house->sent_count - 1].person, "paul");
        start_afresh(house);
    }
}

/* A yes without an escalation would leave a caller alone, a no with one would call out for each
 * repeat of the webhook. */
static void test_escalate__is_opened_and_told_or_neither(void **state)
{
    struct house *house = *state;
    bool fired = true;
    for (int nth = 1; fired; nth++) {
        struct command *command = chore_escalate_by_key(house);
        fired = runs_short_of_memory(house, command, nth);
        assert_true(answered(command));
        assert_int_equal(house_number(house, "SELECT count(*) FROM escalation"),
                         command->answer.status == STATUS_OK);
        start_afresh(house);
    }
}

/* What the second caller says is kept whole, or the webhook is refused. */
static void test_join__loses_no_word_of_the_caller(void **state)
{
    struct house *house = *state;
    bool fired = true;
    for (int nth = 1; fired; nth++) {
        struct command *command = chore_join(house);
        command->request.escalate.details = "The fourth floor.";
        command->request.escalate.category = "lift";
        command->request.escalate.fields = "{\"site\":\"12\"}";
        fired = runs_short_of_memory(house, command, nth);
        assert_true(answered(command));
        assert_int_equal(
            house_number(house,
                         "SELECT count(*) FROM timeline_personal WHERE text LIKE '%The fourth "
                         "floor.%category: lift%fields: {\"site\":\"12\"}'"),
            command->answer.status == STATUS_OK);
        start_afresh(house);
    }
}

static void test_on_behalf__keeps_who_it_was_told_to(void **state)
{
    struct house *house = *state;
    bool fired = true;
    for (int nth = 1; fired; nth++) {
        struct command *command = chore_speak_for_jean(house);
        fired = runs_short_of_memory(house, command, nth);
        assert_true(answered(command));
        assert_int_equal(
            house_number(house,
                         "SELECT count(*) FROM timeline_personal WHERE text = 'told to Zoé'"),
            command->answer.status == STATUS_OK);
        start_afresh(house);
    }
}

/* What is answered with a yes stands in the rows, and nothing else does. */
static void test_answer__says_what_stands_in_the_rows(void **state)
{
    struct house *house = *state;
    static const struct {
        chore *make;
        const char *done;
    } told[] = {
        {chore_receive_by_app, "SELECT count(received_at) FROM attempt"},
        {chore_press_a_key, "SELECT count(*) FROM attempt WHERE answer = 3"},
        {chore_press_a_key, "SELECT count(*) FROM escalation WHERE holder_id <> 0"},
        {chore_call_anew, "SELECT count(*) FROM escalation WHERE dedup_key LIKE 'lift%' "
                          "AND NOT quarantined"},
        {chore_do_a_task, "SELECT count(done_at) FROM desk_task"},
        {chore_split, "SELECT count(*) - 1 FROM escalation"},
    };
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        bool fired = true;
        for (int nth = 1; fired; nth++) {
            assert_true(nth < CALLS_MAX);
            struct command *command = told[i].make(house);
            assert_int_equal(engine_post(house->engine, command), STATUS_OK);
            failing_calls_start_in_a_row(FAIL_STEP, nth, 2, SQLITE_NOMEM); /* alone, too */
            for (int turn = 0; turn < TURNS_MAX && !answered(command); turn++) {
                (void)engine_turn(house->engine);
            }
            fired = failing_calls_stop();
            assert_int_equal(house_number(house, told[i].done),
                             command->answer.status == STATUS_OK);
            start_afresh(house);
        }
    }
}

/* Its nth statement fails, and so does none after it. Answers whether there was one. */
static bool is_set_aside(struct house *house, int nth, size_t entries)
{
    assert_true(nth < CALLS_MAX);
    struct command *command = chore_set_aside(house);
    assert_int_equal(engine_post(house->engine, command), STATUS_OK);
    failing_calls_start(FAIL_STEP, nth);
    (void)engine_turn(house->engine);
    bool fired = failing_calls_stop();
    house_advance(house, AGAIN_WAIT_MS);
    house_settle(house);
    assert_true(answered(command));
    assert_int_equal(house_number(house, "SELECT count(*) FROM escalation WHERE quarantined"), 1);
    assert_int_equal(house_entries(house, command->escalation_id, ENTRY_QUARANTINED), entries);
    assert_int_equal(house->sent[house->sent_count - 1].purpose == PURPOSE_QUARANTINE, entries);
    start_afresh(house);
    return fired;
}

/* The whole way, with a word in its timeline and a callback to the desk. */
static void test_quarantine__is_tried_until_it_is_done(void **state)
{
    for (int nth = 1; is_set_aside(*state, nth, 1); nth++) {
    }
}

/* What it was to send stays where it is, however long setting it aside takes. */
static void test_quarantine__comes_before_what_it_waits_with(void **state)
{
    struct house *house = *state;
    bool fired = true;
    for (int nth = 1; fired; nth += NTH_STEP) {
        struct escalation escalation;
        assert_true(nth < CALLS_MAX);
        struct uuid id = house_escalate(house, SEVERITY_MAJOR);
        house_die_on(house, id, 2); /* its push has no outcome: it is to go out again */
        size_t sent = house->sent_count;
        failing_calls_start(FAIL_STEP, nth);
        (void)engine_turn(house->engine);
        fired = failing_calls_stop();
        assert_true(house->sent_count == sent || house->sent[sent].purpose == PURPOSE_QUARANTINE);
        house_advance(house, AGAIN_WAIT_MS);
        house_settle(house);
        house_read(house, id, &escalation);
        assert_true(escalation.quarantined);
        assert_int_equal(house->sent_count, sent + 1);
        assert_int_equal(house->sent[sent].purpose, PURPOSE_QUARANTINE);
        start_afresh(house);
    }
}

/* Or, where its rows are broken, the mark alone. */
static void test_quarantine__is_tried_until_it_is_marked(void **state)
{
    struct house *house = *state;
    assert_int_equal(sqlite3_exec(house->engine->store->db,
                                  "CREATE TEMP TRIGGER broken BEFORE INSERT ON attempt "
                                  "WHEN new.purpose = 8 BEGIN SELECT raise(ABORT, 'broken'); END",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    for (int nth = 1; is_set_aside(house, nth, 0); nth++) {
    }
}

/* Its procedure was replaced meanwhile, and is read again: that there is no memory for it does not
 * make it a broken one, whose outcomes nobody waits for. */
static void test_outcome__of_an_old_procedure_is_written(void **state)
{
    struct house *house = *state;
    bool fired = true;
    for (int nth = 1; fired; nth++) {
        char definition[256];
        (void)snprintf(definition, sizeof definition,
                       "{\"steps\":[{\"notify\":[{\"on_call\":\"duty\"}],\"by\":[\"push\"],"
                       "\"accepted_within_s\":%d}]}",
                       60 + nth);
        struct command *outcome = chore_arrive(house);
        struct sent sent = house->sent[house->sent_count - 1];
        put_procedure(house, "night", definition);
        fired = runs_short_of_memory(house, outcome, nth);
        house_advance(house, AGAIN_WAIT_MS);
        house_settle(house);
        assert_true(answered(outcome));
        struct attempt attempt;
        house_read_attempt(house, &sent, &attempt);
        assert_int_equal(attempt.state, ATTEMPT_ACCEPTED);
    }
}

/* ---- the engine's own life ---- */

/* Answers whether the nth call failed; then there is no engine, or one that lacks nothing. */
static bool creation_fails(struct house *house, enum failing_kind kind, int nth)
{
    struct error error = {.text = ""};
    struct engine_configuration configuration = house_configuration(house);
    long blocks = failing_calls_blocks();
    failing_calls_start(kind, nth);
    enum status status = engine_create(&configuration, &house->engine, &error);
    bool fired = failing_calls_stop();
    if (status != STATUS_OK && !(fired && status == STATUS_NO_MEMORY)) {
        fail_msg("%s when call %d of kind %s %s: %s", status_slug(status), nth,
                 failing_kind_names[kind], fired ? "fails" : "does not fail", error.text);
    }
    assert_int_equal(status == STATUS_OK, house->engine != NULL);
    if (status == STATUS_OK) {
        house_settle(house);
        const char *forgotten = find_forgotten(house);
        if (forgotten != NULL) {
            fail_msg("%s is forgotten when call %d of kind %s fails", forgotten, nth,
                     failing_kind_names[kind]);
        }
        house_close(house);
    }
    assert_int_equal(failing_calls_blocks(), blocks); /* nothing stays behind */
    return fired;
}

static void test_create__says_that_a_call_failed(void **state)
{
    struct house *house = *state;
    (void)open_one(house); /* something to recover */
    house_run(house, chore_try_phone(house));
    /* One that needs memory of its own when the directory is made. */
    static const char long_rota[] = "INSERT INTO rota (customer_id, slug, definition, changed_at) "
                                    "VALUES (1, 'long', printf('%.5000c', 'x'), 0); "
                                    "UPDATE customer SET opening_hours = 'hours'";
    assert_int_equal(sqlite3_exec(house->engine->store->db, long_rota, NULL, NULL, NULL),
                     SQLITE_OK);
    for (int kind = FAIL_MEMORY; kind <= FAIL_STEP; kind++) {
        int nth = nth_first((size_t)kind);
        house_close(house);
        while (creation_fails(house, (enum failing_kind)kind, nth)) {
            nth += NTH_STEP;
            assert_true(nth < CREATION_CALLS_MAX);
        }
        assert_true(nth > 10);
        house_open(house);
        house_settle(house);
    }
}

/* A command that failed in its batch and then went through alone is answered with a yes: nothing of
 * the first try is left in its answer. */
static void test_answer__is_of_the_try_that_counted(void **state)
{
    struct house *house = *state;
    bool fired = true;
    for (int nth = 1; fired; nth++) {
        assert_true(nth < CALLS_MAX);
        struct command *command = chore_change_person(house);
        char name[16];
        (void)snprintf(name, sizeof name, "name %d", nth);
        command->request.person.name = arena_text(command->arena, name);
        assert_int_equal(engine_post(house->engine, command), STATUS_OK);
        failing_calls_start_in_a_row(FAIL_STEP, nth, 2, SQLITE_NOMEM); /* and its taking back */
        for (int i = 0; i < TURNS_MAX && !answered(command); i++) {
            (void)engine_turn(house->engine);
        }
        fired = failing_calls_stop();
        house_settle(house);
        const struct directory_customer *customer =
            directory_customer(house->engine->published, house->customer_id);
        bool done = strcmp(directory_agent(customer, house->jean)->name, name) == 0;
        assert_int_equal(command->answer.status == STATUS_OK, done);
    }
}

/* What was refused has changed nothing: the directory is not even built anew. */
static void test_key__that_was_refused_leaves_the_directory_alone(void **state)
{
    struct house *house = *state;
    for (int times = 1; times <= 2; times++) { /* twice: its taking back fails as well */
        bool fired = true;
        for (int nth = 1; fired; nth++) {
            assert_true(nth < CALLS_MAX);
            start_afresh(house);
            struct command *command = chore_add_key(house);
            uint64_t before = house->engine->published->generation;
            assert_int_equal(engine_post(house->engine, command), STATUS_OK);
            failing_calls_start_in_a_row(FAIL_STEP, nth, times, SQLITE_NOMEM);
            for (int i = 0; i < TURNS_MAX && !answered(command); i++) {
                (void)engine_turn(house->engine);
            }
            fired = failing_calls_stop();
            (void)engine_turn(house->engine);
            uint64_t built = house->engine->published->generation - before;
            assert_int_equal(built, command->answer.status == STATUS_OK ? 1 : 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_command__outlives_memory_that_runs_out),
        HOUSE_TEST(test_command__outlives_a_statement_that_cannot_be_prepared),
        HOUSE_TEST(test_command__outlives_a_statement_that_fails),
        HOUSE_TEST(test_looks__that_fail_are_made_again),
        HOUSE_TEST(test_escalate__is_opened_and_told_or_neither),
        HOUSE_TEST(test_join__loses_no_word_of_the_caller),
        HOUSE_TEST(test_on_behalf__keeps_who_it_was_told_to),
        HOUSE_TEST(test_answer__says_what_stands_in_the_rows),
        HOUSE_TEST(test_quarantine__is_tried_until_it_is_done),
        HOUSE_TEST(test_quarantine__comes_before_what_it_waits_with),
        HOUSE_TEST(test_quarantine__is_tried_until_it_is_marked),
        HOUSE_TEST(test_outcome__of_an_old_procedure_is_written),
        HOUSE_TEST(test_create__says_that_a_call_failed),
        HOUSE_TEST(test_answer__is_of_the_try_that_counted),
        HOUSE_TEST(test_key__that_was_refused_leaves_the_directory_alone),
    };
    return cmocka_run_group_tests_name("engine.failures", tests, NULL, NULL);
}
