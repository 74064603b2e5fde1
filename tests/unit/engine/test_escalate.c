/* test_escalate.c - the webhook's command: answers, commits, idempotency, joining. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

static void test_escalate__is_answered_and_sent(void **state)
{
    struct house *house = *state;
    struct command *command = escalate_command(house, SEVERITY_CRITICAL, NULL);
    house->look_at_rows = true;
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_false(command->answer.joined);
    assert_answered(command, "state", "notifying");
    assert_non_null(
        strstr(command->answer.body, "\"notified\":[{\"agent\":\"jean\",\"devices\":1}]"));
    assert_non_null(strstr(command->answer.body, "\"warnings\":[]"));
    assert_non_null(strstr(command->answer.body, "\"joined\":false"));
    assert_non_null(strstr(command->answer.body, "\"next\":{\"at\":"));
    assert_int_equal(house->sent_count, 1);
    assert_string_equal(house->sent[0].person, "jean");
    assert_int_equal(house->sent[0].path, PATH_PUSH);
    assert_int_equal(house->sent[0].severity, SEVERITY_CRITICAL);
    assert_int_equal(house->flushes, 1);
    /* A second connection saw the row before the dispatcher got the effect. */
    assert_int_equal(house->rows_missing, 0);
    assert_true(house->commits_heard > 0);
    struct escalation escalation;
    house_read(house, answered_id(command), &escalation);
    assert_int_equal(escalation.state, ESCALATION_NOTIFYING);
    assert_int_equal(escalation.due_at.ms, house->wall.ms + 60000);
}

static void test_escalate__many_commands_make_one_commit(void **state)
{
    struct house *house = *state;
    struct command *commands[64];
    struct engine_statistics before, after;
    for (int i = 0; i < 64; i++) {
        commands[i] = escalate_command(house, SEVERITY_MAJOR, NULL);
        assert_int_equal(engine_post(house->engine, commands[i]), STATUS_OK);
    }
    engine_statistics(house->engine, &before);
    (void)engine_turn(house->engine);
    engine_statistics(house->engine, &after);
    assert_int_equal(after.commits - before.commits, 1);
    for (int i = 0; i < 64; i++) {
        assert_true(answered(commands[i]));
        assert_int_equal(commands[i]->answer.status, STATUS_OK);
    }
    assert_int_equal(house->sent_count, 64);
}

/* A trigger that SQLite runs inside the command's statements: the command fails, nothing else. */
static void break_tickets_named(struct house *house, const char *raise)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "CREATE TEMP TRIGGER sabotage AFTER INSERT ON caller WHEN new.name = 'broken' "
                   "BEGIN SELECT raise(%s, 'sabotage'); END",
                   raise);
    assert_int_equal(sqlite3_exec(house->engine->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void run_with_a_broken_one(struct house *house, struct command *commands[8])
{
    size_t sent = house->sent_count, credits = house->engine->credits_push_used;
    for (int i = 0; i < 8; i++) {
        commands[i] = escalate_command(house, SEVERITY_MAJOR, NULL);
        commands[i]->request.escalate.caller_name = i == 3 ? "broken" : "whole";
        assert_int_equal(engine_post(house->engine, commands[i]), STATUS_OK);
    }
    (void)engine_turn(house->engine);
    for (int i = 0; i < 8; i++) {
        assert_true(answered(commands[i]));
        if (i == 3) {
            assert_int_not_equal(commands[i]->answer.status, STATUS_OK);
            assert_string_equal(commands[i]->answer.body, "");
        } else {
            assert_int_equal(commands[i]->answer.status, STATUS_OK);
            struct escalation escalation;
            house_read(house, answered_id(commands[i]), &escalation);
        }
    }
    assert_int_equal(house->sent_count - sent, 7);
    assert_int_equal(house->engine->credits_push_used - credits, 7);
}

static void test_escalate__a_failing_neighbour_sinks_nobody(void **state)
{
    struct house *house = *state;
    struct command *commands[8];
    struct engine_statistics before, after;
    engine_statistics(house->engine, &before);
    break_tickets_named(house, "ABORT");
    run_with_a_broken_one(house, commands);
    engine_statistics(house->engine, &after);
    assert_int_equal(after.commits - before.commits, 1);
    assert_int_equal(after.commands_failed - before.commands_failed, 1);
}

static void test_escalate__when_the_transaction_vanishes_each_runs_alone(void **state)
{
    struct house *house = *state;
    struct command *commands[8];
    struct engine_statistics before, after;
    engine_statistics(house->engine, &before);
    break_tickets_named(house, "ROLLBACK");
    run_with_a_broken_one(house, commands);
    engine_statistics(house->engine, &after);
    assert_int_equal(after.commits - before.commits, 7);
}

/* It fails after its pushes were planned and their credits taken: they are not sent, their credits
 * and slots are back, and the neighbours' pushes go out. */
static void test_escalate__a_failing_neighbour_sends_nothing(void **state)
{
    struct house *house = *state;
    struct command *commands[8];
    assert_int_equal(sqlite3_exec(house->engine->store->db,
                                  "CREATE TEMP TRIGGER sabotage AFTER INSERT ON attempt "
                                  "WHEN EXISTS (SELECT 1 FROM caller WHERE name = 'broken') "
                                  "BEGIN SELECT raise(ABORT, 'sabotage'); END",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    run_with_a_broken_one(house, commands);
    assert_int_equal(house->engine->effects_count, 0);
    for (size_t i = 0; i < house->sent_count; i++) {
        struct escalation escalation;
        house_read(house, house->sent[i].escalation, &escalation); /* none of an unknown one */
    }
    house_accept_all(house, 0);
    assert_int_equal(house->engine->credits_push_used, 0);
    size_t slots = 0;
    while (queue_reserve(house->engine->lanes[LANE_OUTCOME]) == STATUS_OK) {
        slots++;
    }
    assert_int_equal(slots, LANE_OUTCOME_SLOTS);
}

/* Open escalations still to be told that people changed are told, whatever happens to a batch. */
static void test_escalate__a_vanished_batch_forgets_no_change(void **state)
{
    struct house *house = *state;
    struct command *commands[8];
    for (int i = 0; i < 200; i++) {
        (void)house_escalate(house, SEVERITY_MAJOR);
    }
    house_accept_all(house, 0);
    put_agent(house, "marie", "+33600000004", true);
    break_tickets_named(house, "ROLLBACK");
    run_with_a_broken_one(house, commands);
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    uint64_t told = statistics.commands[COMMAND_CONTEXT_CHANGED];
    assert_true(told > 0 && told < 200);
    house_settle(house);
    engine_statistics(house->engine, &statistics);
    assert_true(statistics.commands[COMMAND_CONTEXT_CHANGED] >= 200);
}

static void test_escalate__same_key_same_answer(void **state)
{
    struct house *house = *state;
    struct command *first = escalate_command(house, SEVERITY_MAJOR, "key-1");
    house_run(house, first);
    house_advance(house, 5000);
    struct command *again = escalate_command(house, SEVERITY_MAJOR, "key-1");
    house_run(house, again);
    assert_int_equal(again->answer.status, STATUS_OK);
    assert_string_equal(again->answer.body, first->answer.body);
    assert_int_equal(again->answer.body_bytes, first->answer.body_bytes);
    assert_int_equal(again->answer.joined, first->answer.joined);
    assert_int_equal(house->sent_count, 1);

    /* Also for a gateway that starts anew. */
    house_close(house);
    house_open(house);
    again = escalate_command(house, SEVERITY_MAJOR, "key-1");
    house_run(house, again);
    assert_string_equal(again->answer.body, first->answer.body);
}

static void test_escalate__same_key_in_one_batch(void **state)
{
    struct house *house = *state;
    struct command *first = escalate_command(house, SEVERITY_MAJOR, "key-1");
    struct command *again = escalate_command(house, SEVERITY_MAJOR, "key-1");
    assert_int_equal(engine_post(house->engine, first), STATUS_OK);
    assert_int_equal(engine_post(house->engine, again), STATUS_OK);
    (void)engine_turn(house->engine);
    assert_string_equal(again->answer.body, first->answer.body);
    assert_int_equal(house->sent_count, 1);
}

static void test_escalate__same_key_other_body_is_refused(void **state)
{
    struct house *house = *state;
    house_run(house, escalate_command(house, SEVERITY_MAJOR, "key-1"));
    struct command *other = escalate_command(house, SEVERITY_MAJOR, "key-1");
    other->request.escalate.body_digest.bytes[0] = 2;
    house_run(house, other);
    assert_int_equal(other->answer.status, STATUS_KEY_REUSED);
    assert_int_equal(house->sent_count, 1);
    /* Keys are the key owner's own. */
    struct command *stranger = escalate_command(house, SEVERITY_MAJOR, "key-1");
    stranger->request.escalate.key_id = "another";
    house_run(house, stranger);
    assert_int_equal(stranger->answer.status, STATUS_OK);
    assert_int_equal(house->sent_count, 2);
}

static void test_escalate__keys_are_forgotten_after_a_day(void **state)
{
    struct house *house = *state;
    struct command *first = escalate_command(house, SEVERITY_MAJOR, "key-1");
    house_run(house, first);
    house_run(house, desk_command(house, answered_id(first), DESK_CANCEL));
    house_advance(house, IDEMPOTENCY_LIFE_MS + 1);
    house_settle(house);
    struct command *again = escalate_command(house, SEVERITY_MAJOR, "key-1");
    house_run(house, again);
    assert_string_not_equal(again->answer.body, first->answer.body);
}

static void test_escalate__a_second_caller_joins(void **state)
{
    struct house *house = *state;
    struct command *first = escalate_command(house, SEVERITY_MAJOR, NULL);
    first->request.escalate.dedup_key = "lift";
    house_run(house, first);
    struct command *second = escalate_command(house, SEVERITY_MAJOR, "key-2");
    second->request.escalate.dedup_key = "lift";
    second->request.escalate.promised_ms = 600000;
    house_run(house, second);
    assert_int_equal(second->answer.status, STATUS_OK);
    assert_true(second->answer.joined);
    assert_true(uuid_equal(answered_id(first), answered_id(second)));
    struct escalation escalation;
    house_read(house, answered_id(first), &escalation);
    assert_int_equal(escalation.callers_count, 2);
    assert_int_equal(escalation.promises[1].state, PROMISE_OPEN);
    assert_int_equal(house_entries(house, escalation.id, ENTRY_JOINED), 1);
    /* The repeat of the join is a repeat, not a third caller. */
    struct command *repeat = escalate_command(house, SEVERITY_MAJOR, "key-2");
    repeat->request.escalate.dedup_key = "lift";
    house_run(house, repeat);
    assert_true(repeat->answer.joined);
    house_read(house, answered_id(first), &escalation);
    assert_int_equal(escalation.callers_count, 2);
}

static void test_escalate__a_closed_one_is_not_joined(void **state)
{
    struct house *house = *state;
    struct command *first = escalate_command(house, SEVERITY_MAJOR, NULL);
    first->request.escalate.dedup_key = "lift";
    house_run(house, first);
    house_run(house, desk_command(house, answered_id(first), DESK_CANCEL));
    struct command *second = escalate_command(house, SEVERITY_MAJOR, NULL);
    second->request.escalate.dedup_key = "lift";
    house_run(house, second);
    assert_int_equal(second->answer.status, STATUS_OK);
    assert_false(second->answer.joined);
    assert_false(uuid_equal(answered_id(first), answered_id(second)));
}

/* The 17th caller opens an escalation of their own, and the next ones join that. */
static void test_escalate__more_callers_than_places(void **state)
{
    struct house *house = *state;
    struct command *command = NULL;
    for (int i = 0; i < CALLERS_MAX + 2; i++) {
        command = escalate_command(house, SEVERITY_MAJOR, NULL);
        command->request.escalate.dedup_key = "lift";
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_OK);
    }
    struct escalation escalation;
    assert_true(command->answer.joined);
    house_read(house, answered_id(command), &escalation);
    assert_int_equal(escalation.callers_count, 2);
    assert_int_equal(house_entries(house, escalation.id, ENTRY_JOINED), 1);
}

/* While one is on its way out, all who call about it join one new escalation, not one each. */
static void test_escalate__while_it_is_cancelling(void **state)
{
    struct house *house = *state;
    struct command *first = escalate_command(house, SEVERITY_MAJOR, NULL);
    first->request.escalate.dedup_key = "lift";
    house_run(house, first);
    house_run(house, agent_command(house, answered_id(first), VERB_ACCEPT, house->jean, NULL));
    house_run(house, desk_command(house, answered_id(first), DESK_CANCEL));
    struct command *callers[3];
    for (int i = 0; i < 3; i++) {
        callers[i] = escalate_command(house, SEVERITY_MAJOR, NULL);
        callers[i]->request.escalate.dedup_key = "lift";
        house_run(house, callers[i]);
    }
    assert_false(uuid_equal(answered_id(first), answered_id(callers[0])));
    assert_true(callers[1]->answer.joined && callers[2]->answer.joined);
    assert_true(uuid_equal(answered_id(callers[0]), answered_id(callers[2])));
}

/* Nobody works on what was set aside: who calls about it is heard, and so are those behind. */
static void test_escalate__about_one_set_aside(void **state)
{
    struct house *house = *state;
    struct command *callers[3];
    for (int i = 0; i < 3; i++) {
        callers[i] = escalate_command(house, SEVERITY_MAJOR, NULL);
        callers[i]->request.escalate.dedup_key = "lift";
        house_run(house, callers[i]);
        assert_int_equal(callers[i]->answer.status, STATUS_OK);
        if (i == 0) {
            quarantine_post(house->engine, house->customer_id, answered_id(callers[0]));
            house_settle(house);
        }
    }
    assert_false(uuid_equal(answered_id(callers[0]), answered_id(callers[1])));
    assert_false(callers[1]->answer.joined);
    assert_true(callers[2]->answer.joined);
    assert_true(uuid_equal(answered_id(callers[1]), answered_id(callers[2])));
}

/* An agent and a contact of the same number are two people, each with their own ways. */
static void test_escalate__tells_an_agent_from_a_contact(void **state)
{
    struct house *house = *state;
    put_procedure(house, "both",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"},{\"contact\":\"chief\"}],"
                  "\"by\":[\"push\",\"call\"],\"accepted_within_s\":60}]}");
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    command->request.escalate.procedure = "both";
    house_run(house, command);
    assert_int_equal(house_number(house, "SELECT count(DISTINCT person_id) FROM attempt"), 1);
    assert_non_null(strstr(command->answer.body,
                           "\"notified\":[{\"agent\":\"jean\",\"devices\":1,\"calls\":1},"
                           "{\"contact\":\"chief\",\"devices\":0,\"calls\":1}]"));
}

static void test_escalate__by_the_procedure_asked_for(void **state)
{
    struct house *house = *state;
    put_procedure(house, "heating",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"paul\"}],\"by\":[\"push\"],"
                  "\"accepted_within_s\":60}]}");
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    command->request.escalate.procedure = "heating";
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_non_null(strstr(command->answer.body, "\"warnings\":[]"));
    assert_int_equal(house->sent_count, 1);
    assert_string_equal(house->sent[0].person, "paul");
    (void)house_escalate(house, SEVERITY_MAJOR); /* without a word about it: the default */
    assert_string_equal(house->sent[1].person, "jean");
}

static void test_escalate__unknown_words_warn_and_go_on(void **state)
{
    struct house *house = *state;
    static const char *const warnings[] = {"category: unknown"};
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    command->request.escalate.procedure = "nonesuch";
    command->request.escalate.warnings = warnings;
    command->request.escalate.warnings_count = 1;
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_non_null(strstr(command->answer.body, "category: unknown"));
    assert_non_null(strstr(command->answer.body, "procedure: unknown"));
    assert_string_equal(house->sent[0].person, "jean");
}

static void test_escalate__without_any_procedure_the_call_centre_is_told(void **state)
{
    struct house *house = *state;
    set_default_procedure(house, NULL);
    struct uuid id = house_escalate(house, SEVERITY_MINOR);
    assert_int_equal(house->sent_count, 1);
    assert_int_equal(house->sent[0].path, PATH_CALLBACK);
    assert_string_equal(house->sent[0].callback, "call-centre");
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_int_equal(escalation.state, ESCALATION_EXHAUSTED);
}

static void test_escalate__unknown_customer(void **state)
{
    struct house *house = *state;
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    command->customer_id = 99;
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
    assert_int_equal(house->sent_count, 0);
}

/* The sentence to the caller was "within ten minutes": that is the time the desk reads. */
static void test_promise__is_so_long_after_the_call(void **state)
{
    struct house *house = *state;
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    command->request.escalate.promised_ms = 600000;
    house_run(house, command);
    assert_int_equal(house_number(house, "SELECT promised_at FROM caller"),
                     command->received_at.ms + 600000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_escalate__is_answered_and_sent),
        HOUSE_TEST(test_escalate__many_commands_make_one_commit),
        HOUSE_TEST(test_escalate__a_failing_neighbour_sinks_nobody),
        HOUSE_TEST(test_escalate__a_failing_neighbour_sends_nothing),
        HOUSE_TEST(test_escalate__when_the_transaction_vanishes_each_runs_alone),
        HOUSE_TEST(test_escalate__a_vanished_batch_forgets_no_change),
        HOUSE_TEST(test_escalate__same_key_same_answer),
        HOUSE_TEST(test_escalate__same_key_in_one_batch),
        HOUSE_TEST(test_escalate__same_key_other_body_is_refused),
        HOUSE_TEST(test_escalate__keys_are_forgotten_after_a_day),
        HOUSE_TEST(test_escalate__a_second_caller_joins),
        HOUSE_TEST(test_escalate__a_closed_one_is_not_joined),
        HOUSE_TEST(test_escalate__more_callers_than_places),
        HOUSE_TEST(test_escalate__while_it_is_cancelling),
        HOUSE_TEST(test_escalate__about_one_set_aside),
        HOUSE_TEST(test_escalate__tells_an_agent_from_a_contact),
        HOUSE_TEST(test_escalate__by_the_procedure_asked_for),
        HOUSE_TEST(test_escalate__unknown_words_warn_and_go_on),
        HOUSE_TEST(test_escalate__without_any_procedure_the_call_centre_is_told),
        HOUSE_TEST(test_promise__is_so_long_after_the_call),
        HOUSE_TEST(test_escalate__unknown_customer),
    };
    return cmocka_run_group_tests_name("engine.escalate", tests, NULL, NULL);
}
