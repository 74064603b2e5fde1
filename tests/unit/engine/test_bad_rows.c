/* test_bad_rows.c - rows that cannot be written or read: the one is set aside after its third
 * failure, its neighbours never notice. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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
    mend_rows(house);
    turn_for_a_second(house);
    assert_int_equal(sent_of(house, bad, PURPOSE_QUARANTINE), 1);
    assert_int_equal(sent_of(house, bad, PURPOSE_ALERT), 0); /* set aside is set aside */
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
}

/* Not even the mark of the quarantine can be written as it should be: it is set on the bare row. */
static void test_quarantine__is_marked_whatever_the_rows_say(void **state)
{
    struct house *house = *state;
    struct uuid bad = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    break_rows(house, "escalation", bad, "true");
    house_advance(house, 60000);
    turn_for_a_second(house);
    assert_true(is_quarantined(house, bad));
    assert_int_equal(house_entries(house, bad, ENTRY_QUARANTINED), 0);
    house_advance(house, 600000);
    turn_for_a_second(house); /* it has no clock any more */
    assert_int_equal(house_entries(house, bad, ENTRY_STEP_STARTED), 1);
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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_outbox__a_bad_row_is_set_aside_alone),
        HOUSE_TEST(test_deadline__a_bad_row_is_set_aside_alone),
        HOUSE_TEST(test_quarantine__is_marked_whatever_the_rows_say),
        HOUSE_TEST(test_deadlines__many_bad_rows_are_all_set_aside),
        HOUSE_TEST(test_call__is_blamed_on_its_escalation),
    };
    return cmocka_run_group_tests_name("engine.bad_rows", tests, NULL, NULL);
}
