/* test_numbers.c - several numbers of one person, through the engine: called one after the other,
 * each by itself on the trunk, each with its own proof. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

static const char *const phones[] = {"+33600000001", "+33100000001", "+33100000002"};

static struct command *outcome(struct house *house, const struct sent *call,
                               enum attempt_answer answer)
{
    struct command *command = house_command(house, COMMAND_CALL_OUTCOME);
    command->customer_id = 0;
    command->request.call =
        (struct call_outcome_request){.attempt = call->attempt, .answer = answer};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    return command;
}

/* Jean, who has three numbers, is called for a minute. */
static struct uuid ring_jean(struct house *house)
{
    put_agent_phones(house, "jean", phones, 3);
    put_procedure(house, "call",
                  "{\"rounds\":1,\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],"
                  "\"by\":[\"call\"],\"accepted_within_s\":60}]}");
    set_default_procedure(house, "call");
    house->sent_count = 0;
    return house_escalate(house, SEVERITY_CRITICAL);
}

static int64_t proofs(struct house *house, const char *where)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM number_proof WHERE %s", where);
    return house_number(house, sql);
}

static void test_numbers__one_after_the_other(void **state)
{
    struct house *house = *state;
    struct uuid id = ring_jean(house);
    assert_int_equal(house->sent_count, 1);
    assert_string_equal(house->sent[0].phone, phones[0]);
    /* The time of the step is for all three. */
    assert_int_equal(house->sent[0].wait_ms, 20000);
    assert_int_equal(house->sent[0].left_ms, 60000);
    (void)outcome(house, &house->sent[0], ANSWER_RINGING);
    assert_int_equal(house->sent_count, 1);
    house_advance(house, 20000);
    (void)outcome(house, &house->sent[0], ANSWER_BUSY);
    assert_int_equal(house->sent_count, 2);
    assert_string_equal(house->sent[1].phone, phones[1]);
    assert_int_equal(house->sent[1].wait_ms, 20000);
    assert_int_equal(house->sent[1].left_ms, 40000);
    (void)outcome(house, &house->sent[0], ANSWER_NO_ANSWER); /* late, and told already */
    assert_int_equal(house->sent_count, 2);
    (void)outcome(house, &house->sent[1], ANSWER_ACCEPTED);
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_int_equal(escalation.state, ESCALATION_ACCEPTED);
    assert_int_equal(escalation.holder.id, house->jean);
    /* Which number proved itself, and by which call; what is told is its place. */
    struct attempt call;
    house_read_attempt(house, &house->sent[1], &call);
    assert_string_equal(call.phone, phones[1]);
    assert_int_equal(call.phone_place, 2);
    assert_int_equal(call.phones_count, 3);
    assert_int_equal(proofs(house, "1"), 1);
    assert_int_equal(proofs(house, "phone = '+33100000001' AND key_at IS NOT NULL AND key_by = "
                                   "(SELECT attempt_id FROM attempt WHERE phone_place = 2)"),
                     1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline WHERE facts LIKE '%+33%'"),
                     0);
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline WHERE facts LIKE "
                                         "'%\"path\":\"call\"%\"number\":2%'"),
                     1);
}

/* Calls to this number so far. */
static size_t calls_to(const struct house *house, const char *phone)
{
    size_t count = 0;
    for (size_t i = 0; i < house->sent_count; i++) {
        count += house->sent[i].path == PATH_CALL && strcmp(house->sent[i].phone, phone) == 0;
    }
    return count;
}

static const struct sent *last_call_to(const struct house *house, const char *phone)
{
    size_t i = house->sent_count;
    while (i-- > 0 &&
           (house->sent[i].path != PATH_CALL || strcmp(house->sent[i].phone, phone) != 0)) {
    }
    assert_true(i < house->sent_count);
    return &house->sent[i];
}

/* Whoever has accepted elsewhere is not called on, though others of the step are still sought. */
static void test_numbers__not_of_who_is_there(void **state)
{
    struct house *house = *state;
    put_agent_phones(house, "jean", phones, 3);
    put_procedure(
        house, "call",
        "{\"rounds\":1,\"steps\":[{\"notify\":[{\"agent\":\"jean\"},{\"agent\":\"paul\"}],"
        "\"by\":[\"call\"],\"accepted_within_s\":60,\"acceptances\":2}]}");
    set_default_procedure(house, "call");
    house->sent_count = 0;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    house_run(house, agent_command(house, id, VERB_ACCEPT, house->jean, NULL));
    house_settle(house);
    assert_int_equal(calls_to(house, phones[0]), 1);
    (void)outcome(house, last_call_to(house, phones[0]), ANSWER_NO_ANSWER);
    house_settle(house);
    assert_int_equal(calls_to(house, phones[1]), 0);
}

/* An offer outlives the steps that are asked meanwhile: each of its numbers is called once. */
static void test_numbers__of_an_offer_over_a_step(void **state)
{
    struct house *house = *state;
    put_agent_phones(house, "paul", phones, 2);
    put_procedure(house, "call",
                  "{\"rounds\":1,\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"push\"],"
                  "\"accepted_within_s\":30},{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"push\"],"
                  "\"accepted_within_s\":60}]}");
    set_default_procedure(house, "call");
    house->sent_count = 0;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    struct command *assign = desk_command(house, id, DESK_ASSIGN);
    assign->request.desk.agent = "paul";
    house_run(house, assign);
    assert_int_equal(assign->answer.status, STATUS_OK);
    house_settle(house);
    house_advance(house, 31000);
    house_settle(house);
    assert_int_equal(house_number(house, "SELECT position FROM escalation"), 2);
    (void)outcome(house, last_call_to(house, phones[0]), ANSWER_NO_ANSWER);
    house_settle(house);
    (void)outcome(house, last_call_to(house, phones[1]), ANSWER_NO_ANSWER);
    house_settle(house);
    assert_int_equal(calls_to(house, phones[0]), 1);
    assert_int_equal(calls_to(house, phones[1]), 1);
}

/* As the layer refuses them, too; and behind the last one the step is over. */
static void test_numbers__each_refused(void **state)
{
    struct house *house = *state;
    (void)ring_jean(house);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(house->sent_count, i + 1);
        assert_string_equal(house->sent[i].phone, phones[i]);
        house_outcome(house, &house->sent[i], ATTEMPT_FAILED);
        house_settle(house);
    }
    assert_int_equal(house->sent_count, 4);
    assert_int_equal(house->sent[3].path, PATH_CALLBACK);
}

/* Only one place on the trunk: the next number waits for it as any other call does. */
static void test_numbers__each_needs_the_trunk(void **state)
{
    struct house *house = *state;
    house->calls_max = 1;
    house_close(house);
    house_open(house);
    struct uuid first = ring_jean(house), second = house_escalate(house, SEVERITY_MINOR);
    house_settle(house);
    assert_int_equal(house->sent_count, 1);
    assert_true(uuid_equal(house->sent[0].escalation, first));
    (void)outcome(house, &house->sent[0], ANSWER_BUSY);
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(house->sent_count, 2); /* the severer one's next, and no more */
    assert_true(uuid_equal(house->sent[1].escalation, first));
    assert_string_equal(house->sent[1].phone, phones[1]);
    (void)outcome(house, &house->sent[1], ANSWER_DECLINED);
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(house->sent[house->sent_count - 1].path, PATH_CALL);
    assert_true(uuid_equal(house->sent[house->sent_count - 1].escalation, second));
}

/* Put in another order while the first rings: no number twice, and the proof is of what was
 * dialled. */
static void test_numbers__reordered_in_between(void **state)
{
    struct house *house = *state;
    static const char *const turned[] = {"+33100000001", "+33600000001"};
    (void)ring_jean(house);
    put_agent_phones(house, "jean", turned, 2);
    house_settle(house);
    assert_int_equal(house->sent_count, 1);
    (void)outcome(house, &house->sent[0], ANSWER_ANSWERED);
    assert_int_equal(proofs(house, "phone = '+33600000001' AND answered_at IS NOT NULL"), 1);
    (void)outcome(house, &house->sent[0], ANSWER_NO_ANSWER);
    assert_int_equal(house->sent_count, 2);
    assert_string_equal(house->sent[1].phone, "+33100000001");
    (void)outcome(house, &house->sent[1], ANSWER_BUSY);
    assert_int_not_equal(house->sent[house->sent_count - 1].path, PATH_CALL);
}

/* A number that was taken away is neither dialled, though it was planned, nor proven by the call
 * that was on its way to it. */
static void test_numbers__taken_away_in_between(void **state)
{
    struct house *house = *state;
    static const char *const other[] = {"+33100000009"};
    (void)ring_jean(house);
    put_agent_phones(house, "jean", other, 1);
    house_settle(house);
    assert_int_equal(house->sent_count, 1); /* the old one rings: not two at once */
    (void)outcome(house, &house->sent[0], ANSWER_ANSWERED);
    assert_int_equal(proofs(house, "1"), 0);
    (void)outcome(house, &house->sent[0], ANSWER_FAILED);
    assert_int_equal(proofs(house, "1"), 0);
    assert_int_equal(house->sent_count, 2);
    assert_string_equal(house->sent[1].phone, other[0]);
}

static void test_numbers__planned_and_taken_away(void **state)
{
    struct house *house = *state;
    static const char *const other[] = {"+33100000009"};
    house->calls_max = 1;
    house_close(house);
    house_open(house);
    struct uuid first = ring_jean(house);
    (void)house_escalate(house, SEVERITY_MINOR); /* its call waits for the trunk */
    assert_int_equal(house->sent_count, 1);
    put_agent_phones(house, "jean", other, 1);
    house_run(house, desk_command(house, first, DESK_CANCEL));
    (void)outcome(house, &house->sent[0], ANSWER_NO_ANSWER);
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(house->sent_count, 2);
    assert_string_equal(house->sent[1].phone, other[0]);
}

/* An attempt of a database from before: what it meant was the first. */
static void test_numbers__of_an_older_attempt(void **state)
{
    struct house *house = *state;
    (void)ring_jean(house);
    assert_int_equal(
        sqlite3_exec(house->engine->store->db,
                     "UPDATE attempt SET phone = '', phone_place = 0, phones_count = 0", NULL, NULL,
                     NULL),
        SQLITE_OK);
    (void)outcome(house, &house->sent[0], ANSWER_ANSWERED);
    assert_int_equal(proofs(house, "phone = '+33600000001' AND answered_at IS NOT NULL"), 1);
    (void)outcome(house, &house->sent[0], ANSWER_FAILED);
    assert_int_equal(house->sent_count, 2);
    assert_string_equal(house->sent[1].phone, phones[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_numbers__one_after_the_other),
        HOUSE_TEST(test_numbers__not_of_who_is_there),
        HOUSE_TEST(test_numbers__of_an_offer_over_a_step),
        HOUSE_TEST(test_numbers__each_refused),
        HOUSE_TEST(test_numbers__each_needs_the_trunk),
        HOUSE_TEST(test_numbers__reordered_in_between),
        HOUSE_TEST(test_numbers__taken_away_in_between),
        HOUSE_TEST(test_numbers__planned_and_taken_away),
        HOUSE_TEST(test_numbers__of_an_older_attempt),
    };
    return cmocka_run_group_tests_name("engine.numbers", tests, NULL, NULL);
}
