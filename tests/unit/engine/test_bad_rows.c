/* test_bad_rows.c - rows that cannot be written or read: the one is set aside after its third
 * failure, its neighbours never notice. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

static void execute(struct house *house, const char *sql)
{
    assert_int_equal(sqlite3_exec(house->engine->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* From now on the writing of one escalation's rows of a table is refused. `when` is an expression
 * on the row. */
static void break_rows(struct house *house, const char *table, struct uuid escalation,
                       const char *when)
{
    char sql[512], hex[2 * sizeof escalation.bytes + 1];
    for (size_t i = 0; i < sizeof escalation.bytes; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", escalation.bytes[i]);
    }
    (void)snprintf(
        sql, sizeof sql,
        "CREATE TRIGGER broken BEFORE UPDATE OF state ON %s WHEN old.escalation_id = x'%s' "
        "AND %s BEGIN SELECT raise(ABORT, 'broken'); END",
        table, hex, when);
    execute(house, sql);
}

static void mend_rows(struct house *house)
{
    execute(house, "DROP TRIGGER broken");
}

static bool is_quarantined(struct house *house, struct uuid id)
{
    struct escalation escalation;
    house_read(house, id, &escalation);
    return escalation.quarantined;
}

/* How many of what was sent belongs to an escalation, of a purpose. */
static size_t sent_of(const struct house *house, struct uuid id, enum attempt_purpose purpose)
{
    size_t count = 0;
    for (size_t i = 0; i < house->sent_count; i++) {
        count += uuid_equal(house->sent[i].escalation, id) && house->sent[i].purpose == purpose;
    }
    return count;
}

static void turn_for_a_second(struct house *house)
{
    for (int i = 0; i < 20; i++) {
        (void)engine_turn(house->engine);
        house_advance(house, 50);
    }
}

/* One whose deadline fails, and one that is due so much later: the engine sleeps to the second. */
static void fail_before(struct house *house, int64_t later_ms)
{
    struct escalation bad, good;
    struct uuid bad_id = house_escalate(house, SEVERITY_MAJOR);
    house_advance(house, later_ms);
    struct uuid good_id = house_escalate(house, SEVERITY_MAJOR);
    house_settle(house);
    house_read(house, bad_id, &bad);
    house_read(house, good_id, &good);
    assert_int_equal(good.due_at.ms, bad.due_at.ms + later_ms);
    break_rows(house, "escalation", bad_id, "NOT new.quarantined");
    house_advance(house, bad.due_at.ms - engine_now(house->engine).ms);
    house->look_ms = 1; /* a turn takes its time */
    int64_t wait_ms = engine_turn(house->engine);
    house->look_ms = 0;
    house_read(house, good_id, &good);
    int64_t left_ms = good.due_at.ms - engine_now(house->engine).ms;
    assert_true(wait_ms <= (left_ms > 0 ? left_ms : 0));
    mend_rows(house);
    house_run(house, desk_command(house, bad_id, DESK_CANCEL));
    house_run(house, desk_command(house, good_id, DESK_CANCEL));
    house_settle(house);
}

static void test_deadline__that_fails_delays_no_other(void **state)
{
    for (int64_t later_ms = 1; later_ms <= 60; later_ms++) {
        fail_before(*state, later_ms);
    }
}

/* Its push is held back three times; then the call centre is told, and the one beside it rings as
 * if nothing were. */
static void test_outbox__a_bad_row_is_set_aside_alone(void **state)
{
    struct house *house = *state;
    house->send_status = STATUS_FULL; /* both wait in the outbox */
    struct uuid bad = house_escalate(house, SEVERITY_CRITICAL);
    struct uuid good = house_escalate(house, SEVERITY_MINOR);
    house->send_status = STATUS_OK;
    house_advance(house, 100);
    break_rows(house, "attempt", bad, "new.state = 1");
    turn_for_a_second(house);
    assert_int_equal(sent_of(house, bad, PURPOSE_ALERT), 0);
    assert_int_equal(sent_of(house, good, PURPOSE_ALERT), 1);
    assert_true(is_quarantined(house, bad));
    assert_false(is_quarantined(house, good));
    assert_string_equal(house->alarm, "engine.quarantine");
    assert_memory_equal(house->alarm_detail, "escalation ", strlen("escalation "));
    mend_rows(house);
    turn_for_a_second(house);
    assert_int_equal(sent_of(house, bad, PURPOSE_QUARANTINE), 1);
    assert_int_equal(sent_of(house, bad, PURPOSE_ALERT), 0); /* set aside is set aside */
}

/* Trying again takes no more than a tenth of the writer's time, also while others leave. */
static void test_outbox__rests_behind_a_bad_row(void **state)
{
    struct house *house = *state;
    house->send_status = STATUS_FULL; /* both wait in the outbox */
    struct uuid bad = house_escalate(house, SEVERITY_CRITICAL);
    struct uuid good = house_escalate(house, SEVERITY_MINOR);
    house_settle(house);
    house->send_status = STATUS_OK;
    house_advance(house, 100);
    break_rows(house, "attempt", bad, "new.state = 1");
    house->look_ms = 50; /* so slow is the disk */
    (void)engine_turn(house->engine);
    house->look_ms = 0;
    assert_int_equal(sent_of(house, good, PURPOSE_ALERT), 1);
    int64_t now_ms = engine_now(house->engine).ms;
    int64_t pause_ms = house->engine->outbox_retry_at.ms - now_ms;
    int64_t pumped_ms = now_ms - 2 * 50; /* before the commit, which is timed: two looks */
    assert_true(house->engine->outbox_retry_at.ms - pumped_ms >= 200);
    outbox_wait(house->engine, engine_now(house->engine)); /* no other reason shortens it */
    assert_int_equal(house->engine->outbox_retry_at.ms, now_ms + pause_ms);
    house_escalate(house, SEVERITY_MINOR); /* what is new does not wait for it */
    assert_int_equal(house->sent_count, 2);
    house_advance(house, pause_ms);
    (void)engine_turn(house->engine);
    assert_true(house->engine->outbox_retry_at.ms > now_ms + pause_ms); /* tried once more */
    assert_int_equal(
        house_number(house, "SELECT count(*) FROM alarm WHERE kind = 'engine.outbox_failing'"), 1);
}

/* A pump that a suspended machine interrupts must not keep a critical call waiting for minutes. */
static void test_outbox__rests_for_a_second_at_most(void **state)
{
    struct house *house = *state;
    house->send_status = STATUS_FULL;
    struct uuid bad = house_escalate(house, SEVERITY_CRITICAL);
    house_settle(house);
    house->send_status = STATUS_OK;
    house_advance(house, 100);
    break_rows(house, "attempt", bad, "new.state = 1");
    house->look_ms = 2000;
    (void)engine_turn(house->engine);
    house->look_ms = 0;
    int64_t pause_ms = house->engine->outbox_retry_at.ms - engine_now(house->engine).ms;
    assert_true(pause_ms <= 1000);
}

struct said {
    size_t rows;
    bool sum; /* six failed, says a line */
};

static void listen(void *context, enum log_level level, const char *line, size_t bytes)
{
    (void)level;
    (void)bytes;
    struct said *said = context;
    said->rows += strstr(line, "engine.outbox_row_failed") != NULL;
    said->sum = said->sum || (strstr(line, "engine.outbox_rows_failed") != NULL &&
                              strstr(line, "\"rows\":6") != NULL);
}

/* A whole page of them must not bury everything else that the log has to say. */
static void test_outbox__of_many_bad_rows_four_are_named(void **state)
{
    struct house *house = *state;
    struct said said = {0};
    house->send_status = STATUS_FULL;
    for (int i = 0; i < 6; i++) {
        (void)house_escalate(house, SEVERITY_MAJOR);
    }
    house_settle(house);
    house->send_status = STATUS_OK;
    house_advance(house, 100);
    execute(house, "CREATE TEMP TRIGGER broken BEFORE UPDATE ON attempt WHEN new.state = 1 "
                   "BEGIN SELECT raise(FAIL, 'broken'); END");
    log_set_sink(listen, &said);
    (void)engine_turn(house->engine);
    log_set_sink(NULL, NULL);
    assert_int_equal(said.rows, 4);
    assert_true(said.sum);
}

/* A deadline that cannot be kept: twice it is tried again, the third time it is set aside. */
static void test_deadline__a_bad_row_is_set_aside_alone(void **state)
{
    struct house *house = *state;
    struct uuid bad = house_escalate(house, SEVERITY_MAJOR);
    struct uuid good = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    break_rows(house, "escalation", bad, "new.quarantined = 0");
    house_advance(house, 60000);
    (void)engine_turn(house->engine);
    (void)engine_turn(house->engine);
    assert_false(is_quarantined(house, bad));
    turn_for_a_second(house);
    assert_true(is_quarantined(house, bad));
    assert_false(is_quarantined(house, good));
    assert_int_equal(house_entries(house, good, ENTRY_STEP_STARTED), 2);
    assert_int_equal(house_entries(house, bad, ENTRY_STEP_STARTED), 1);
    assert_int_equal(sent_of(house, bad, PURPOSE_QUARANTINE), 1);
    int64_t said_ms = house_number(house, "SELECT at FROM timeline WHERE kind = 34");
    assert_in_range(said_ms, house->wall.ms - 1000, house->wall.ms);
}

/* The third failure sets it aside; should that fail, too, it is left alone for a second. */
static void test_failing__is_left_alone_for_a_second(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    for (int i = 0; i < 3; i++) {
        assert_false(failed_lately(house->engine, id));
        blame(house->engine, house->customer_id, id, STATUS_CORRUPT);
    }
    assert_true(failed_lately(house->engine, id));
    house_advance(house, FAILING_WAIT_MS - 1);
    assert_true(failed_lately(house->engine, id));
    house_advance(house, 1);
    assert_false(failed_lately(house->engine, id));
}

/* Not even the mark of the quarantine can be written as it should be: it is set on the bare row. */
static void test_quarantine__is_marked_whatever_the_rows_say(void **state)
{
    struct house *house = *state;
    struct uuid bad = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    break_rows(house, "escalation", bad, "true");
    house_advance(house, 60000);
    size_t alarms = house->alarms;
    turn_for_a_second(house);
    assert_true(is_quarantined(house, bad));
    assert_int_equal(house_entries(house, bad, ENTRY_QUARANTINED), 0);
    /* No callback can be planned for it: the alarm is what a person hears. */
    assert_true(house->alarms > alarms);
    assert_string_equal(house->alarm, "engine.quarantine");
    house_advance(house, 600000);
    turn_for_a_second(house); /* it has no clock any more */
    assert_int_equal(house_entries(house, bad, ENTRY_STEP_STARTED), 1);
}

/* The version of its procedure that it began with does not read any more: damage, or a stricter
 * reader after an upgrade. */
static void test_quarantine__of_an_unreadable_procedure_is_told(void **state)
{
    struct house *house = *state;
    struct uuid bad = house_escalate(house, SEVERITY_CRITICAL);
    house_accept_all(house, 0);
    execute(house, "UPDATE procedure SET definition = "
                   "replace(definition, 'accepted_within_s', 'accepted_within')");
    house_close(house);
    house_open(house);
    house_advance(house, 60000);
    turn_for_a_second(house);
    assert_true(is_quarantined(house, bad));
    assert_string_equal(house->alarm, "engine.quarantine");
}

static void fail_to_read(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    sqlite3_result_error_code(context, SQLITE_IOERR);
}

/* What needs more scratch memory than there is needs it each time: not for ever, and not in
 * silence.
 */
static void test_quarantine__of_what_needs_too_much_memory(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    struct arena *whole = house->engine->scratch;
    house->engine->scratch = arena_create(256);
    house_advance(house, 60000);
    turn_for_a_second(house);
    assert_true(is_quarantined(house, id));
    assert_string_equal(house->alarm, "engine.quarantine");
    arena_destroy(&house->engine->scratch);
    house->engine->scratch = whole;
}

/* The disk fails, and SQLite ends the whole transaction: there is none to mark it in, and nothing
 * is known of its rows. Once the disk works again, it goes the whole way. */
static void test_quarantine__on_a_failing_disk_is_tried_again(void **state)
{
    struct house *house = *state;
    struct uuid bad = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    assert_int_equal(sqlite3_create_function(house->engine->store->db, "fail_to_read", 0,
                                             SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL, fail_to_read,
                                             NULL, NULL),
                     SQLITE_OK);
    execute(house, "CREATE TEMP TRIGGER failing BEFORE INSERT ON timeline "
                   "BEGIN SELECT fail_to_read(); END");
    quarantine_post(house->engine, house->customer_id, bad);
    turn_for_a_second(house);
    assert_false(is_quarantined(house, bad));
    execute(house, "DROP TRIGGER failing");
    turn_for_a_second(house);
    assert_true(is_quarantined(house, bad));
    assert_int_equal(house_entries(house, bad, ENTRY_QUARANTINED), 1);
    assert_int_equal(sent_of(house, bad, PURPOSE_QUARANTINE), 1);
}

/* More failing at once than the record of them holds: each is set aside in the end. */
static void test_deadlines__many_bad_rows_are_all_set_aside(void **state)
{
    struct house *house = *state;
    struct uuid bad[FAILING_MAX + 8];
    for (size_t i = 0; i < FAILING_MAX + 8; i++) {
        bad[i] = house_escalate(house, SEVERITY_MAJOR);
    }
    house_accept_all(house, 0);
    execute(house, "CREATE TRIGGER broken BEFORE UPDATE ON escalation WHEN new.quarantined = 0 "
                   "BEGIN SELECT raise(ABORT, 'broken'); END");
    house_advance(house, 60000);
    for (int i = 0; i < 5; i++) {
        turn_for_a_second(house);
    }
    for (size_t i = 0; i < FAILING_MAX + 8; i++) {
        assert_true(is_quarantined(house, bad[i]));
    }
}

static int vanishings; /* still to come */

static void vanish(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    sqlite3_result_int(context, vanishings > 0);
    vanishings -= vanishings > 0;
}

/* One whose failing takes the whole transaction with it: its neighbours' command is answered, and
 * each push goes out once. */
static void test_outbox__a_row_that_ends_the_transaction(void **state)
{
    struct house *house = *state;
    house->send_status = STATUS_FULL; /* both wait in the outbox */
    struct uuid ids[2] = {house_escalate(house, SEVERITY_CRITICAL),
                          house_escalate(house, SEVERITY_MINOR)};
    house_settle(house);
    house->send_status = STATUS_OK;
    house_advance(house, 100);
    assert_int_equal(sqlite3_create_function(house->engine->store->db, "vanish", 0,
                                             SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL, vanish, NULL,
                                             NULL),
                     SQLITE_OK);
    execute(house, "CREATE TEMP TRIGGER broken BEFORE UPDATE ON attempt WHEN vanish() "
                   "BEGIN SELECT raise(ROLLBACK, 'broken'); END");
    struct command *note = desk_command(house, ids[0], DESK_NOTE);
    note->request.desk.text = "a note";
    assert_int_equal(engine_post(house->engine, note), STATUS_OK);
    vanishings = 1;
    (void)engine_turn(house->engine);
    assert_int_equal(vanishings, 0);
    assert_true(answered(note));
    assert_int_equal(note->answer.status, STATUS_OK);
    assert_int_equal(house_entries(house, ids[0], ENTRY_NOTE), 1);
    turn_for_a_second(house);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sent_of(house, ids[i], PURPOSE_ALERT), 1);
        assert_false(is_quarantined(house, ids[i]));
    }
    assert_int_equal(house->engine->credits_push_used, 2);
}

static void die(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)context;
    (void)count;
    (void)values;
    abort();
}

/* In a process of its own, which dies of a key pressed on a call. */
static void die_of_a_key(struct house *house, struct uuid call)
{
    int ended = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        house_open(house);
        house_settle(house);
        struct command *command = house_command(house, COMMAND_CALL_OUTCOME);
        command->customer_id = 0;
        command->request.call =
            (struct call_outcome_request){.attempt = call, .answer = ANSWER_ACCEPTED};
        assert_int_equal(sqlite3_create_function(house->engine->store->db, "die", 0,
                                                 SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL, die, NULL,
                                                 NULL),
                         SQLITE_OK);
        execute(house, "CREATE TEMP TRIGGER deadly BEFORE UPDATE ON escalation "
                       "BEGIN SELECT die(); END");
        if (engine_post(house->engine, command) == STATUS_OK) {
            (void)engine_turn(house->engine);
        }
        _exit(0); /* it was to die */
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGABRT);
    house->random += 1000;
}

/* A report of the telephone names only its call: whose it was is found out in time to be blamed. */
static void test_call__is_blamed_on_its_escalation(void **state)
{
    struct house *house = *state;
    put_procedure(house, "night",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"call\"],"
                  "\"accepted_within_s\":3600}]}");
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(house->sent[0].path, PATH_CALL);
    struct uuid call = house->sent[0].attempt;
    house_close(house);
    die_of_a_key(house, call);
    die_of_a_key(house, call);
    house_open(house);
    house_settle(house);
    assert_true(is_quarantined(house, id));

    /* From then on it is refused before its rows are read. */
    execute(house, "PRAGMA foreign_keys = OFF; DELETE FROM escalation");
    struct command *command = house_command(house, COMMAND_CALL_OUTCOME);
    command->customer_id = 0;
    command->request.call =
        (struct call_outcome_request){.attempt = call, .answer = ANSWER_ACCEPTED};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_QUARANTINED);
}

/* What a flipped bit does to a reference: its command fails, and the process goes on. */
static void break_references(struct house *house, const char *sql)
{
    execute(house, "PRAGMA foreign_keys = OFF");
    execute(house, sql);
    execute(house, "PRAGMA foreign_keys = ON");
}

static void test_confirmation__of_a_test_of_no_customer_fails_alone(void **state)
{
    struct house *house = *state;
    struct command *command = house_command(house, COMMAND_TEST_DEVICE);
    command->request.device_test.device_id =
        directory_agent(directory_customer(house->engine->current, house->customer_id), house->paul)
            ->devices[0]
            .id;
    house_run(house, command);
    house_settle(house);
    const struct sent *sent = &house->sent[house->sent_count - 1];
    break_references(house, "UPDATE device_test SET customer_id = 4711");
    command = house_command(house, COMMAND_CONFIRM_TEST);
    command->request.device_test = (struct device_test_request){
        .test = sent->attempt, .verb = VERB_RECEIVED, .action_token = sent->received};
    house_run(house, command);
    assert_int_not_equal(command->answer.status, STATUS_OK);
    (void)house_escalate(house, SEVERITY_MAJOR);
}

/* A NULL where the schema has none: they have no telephone, and the call centre is told. */
static void test_agent__without_a_number_is_passed_over(void **state)
{
    struct house *house = *state;
    put_procedure(house, "night",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"call\"],"
                  "\"accepted_within_s\":60}],\"exhausted\":[{\"callback\":\"call-centre\"}],"
                  "\"rounds\":1}");
    execute(house, "PRAGMA writable_schema = ON");
    execute(house, "UPDATE sqlite_schema SET sql = replace(sql, 'phone       TEXT NOT NULL', "
                   "'phone       TEXT') WHERE name = 'agent'");
    execute(house, "PRAGMA writable_schema = RESET");
    execute(house, "UPDATE agent SET phone = NULL");
    struct error error;
    assert_int_equal(engine_reload_customer(house->engine, house->customer_id, &error), STATUS_OK);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, 1);
    assert_string_equal(house->sent[0].callback, "call-centre");
}

static void test_enrolment__of_nobody_fails_alone(void **state)
{
    struct house *house = *state;
    static const char *const breaks[] = {"UPDATE enrolment SET agent_id = 4711",
                                         "UPDATE enrolment SET customer_id = 4711"};
    for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++) {
        char code[64];
        struct command *command = house_command(house, COMMAND_ADD_ENROLMENT);
        command->request.enrolment.agent = "paul";
        house_run(house, command);
        answered_text(command, "code", code, sizeof code);
        break_references(house, breaks[i]);
        command = house_command(house, COMMAND_USE_ENROLMENT);
        command->request.enrolment.code = code;
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
        (void)house_escalate(house, SEVERITY_MAJOR);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_deadline__that_fails_delays_no_other),
        HOUSE_TEST(test_outbox__a_bad_row_is_set_aside_alone),
        HOUSE_TEST(test_outbox__rests_behind_a_bad_row),
        HOUSE_TEST(test_outbox__rests_for_a_second_at_most),
        HOUSE_TEST(test_outbox__of_many_bad_rows_four_are_named),
        HOUSE_TEST(test_outbox__a_row_that_ends_the_transaction),
        HOUSE_TEST(test_deadline__a_bad_row_is_set_aside_alone),
        HOUSE_TEST(test_failing__is_left_alone_for_a_second),
        HOUSE_TEST(test_quarantine__is_marked_whatever_the_rows_say),
        HOUSE_TEST(test_quarantine__of_an_unreadable_procedure_is_told),
        HOUSE_TEST(test_quarantine__of_what_needs_too_much_memory),
        HOUSE_TEST(test_quarantine__on_a_failing_disk_is_tried_again),
        HOUSE_TEST(test_deadlines__many_bad_rows_are_all_set_aside),
        HOUSE_TEST(test_call__is_blamed_on_its_escalation),
        HOUSE_TEST(test_confirmation__of_a_test_of_no_customer_fails_alone),
        HOUSE_TEST(test_agent__without_a_number_is_passed_over),
        HOUSE_TEST(test_enrolment__of_nobody_fails_alone),
    };
    return cmocka_run_group_tests_name("engine.bad_rows", tests, NULL, NULL);
}
