/* test_forwarded_call.c - a call that telephony put through, for the record: a ticket, no
 * escalation, once for each key. */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

static struct command *call_command(struct house *house, const char *key, bool closed)
{
    struct command *command = house_command(house, COMMAND_FORWARDED_CALL);
    command->request.forwarded_call = (struct forwarded_call_request){
        .key_id = "sbc",
        .idempotency_key = key,
        .body_digest = {{1}},
        .summary = "Appel transféré à Paul",
        .fields = "{\"outcome\":\"answered\"}",
        .closed = closed,
    };
    return command;
}

static struct command *record(struct house *house, const char *key, bool closed)
{
    struct command *command = call_command(house, key, closed);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_true(command->answer.created);
    return command;
}

static void test_call__is_a_ticket_and_nothing_else(void **state)
{
    struct house *house = *state;
    size_t sent = house->sent_count, alarms = house->alarms;
    struct command *command = record(house, NULL, true);
    assert_answered(command, "customer", "acme");
    struct uuid ticket_id;
    char text[UUID_TEXT_BYTES];
    answered_text(command, "ticket", text, sizeof text);
    assert_int_equal(uuid_parse(text, &ticket_id), STATUS_OK);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE category = "
                                         "'forwarded-call' AND summary LIKE 'Appel%' AND fields = "
                                         "'{\"outcome\":\"answered\"}' AND details IS NULL"),
                     1);
    assert_int_equal(house_number(house, "SELECT opened_at FROM ticket"), house->wall.ms);
    assert_int_equal(house_number(house, "SELECT closed_at FROM ticket"), house->wall.ms);
    assert_int_equal(house_number(house, "SELECT count(*) FROM escalation"), 0);
    house_settle(house);
    assert_int_equal(house->sent_count, sent);
    assert_int_equal(house->alarms, alarms);
}

/* The weaker proof, of the number that answered, if it is still the person's: whose ticket that is,
 * is kept, and the same request again proves nothing anew. */
static void test_call__proves_the_number_that_answered(void **state)
{
    struct house *house = *state;
    static const char *const phones[] = {"+33600000001", "+33100000001"};
    put_agent_phones(house, "jean", phones, 2);
    for (int times = 1; times <= 2; times++) {
        struct command *command = call_command(house, "once", true);
        command->request.forwarded_call.answered =
            (struct person_ref){.kind = PERSON_AGENT, .id = house->jean};
        command->request.forwarded_call.answered_phone = phones[1];
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_OK);
        assert_int_equal(house_number(house, "SELECT count(*) FROM number_proof JOIN ticket ON "
                                             "answered_by = ticket_id WHERE phone = '+33100000001' "
                                             "AND answered_at = opened_at AND key_at IS NULL"),
                         1);
        house_advance(house, 1000);
    }
    struct command *gone = call_command(house, NULL, true);
    gone->request.forwarded_call.answered =
        (struct person_ref){.kind = PERSON_AGENT, .id = house->jean};
    gone->request.forwarded_call.answered_phone = "+33100000002";
    house_run(house, gone);
    assert_int_equal(gone->answer.status, STATUS_OK);
    assert_int_equal(house_number(house, "SELECT count(*) FROM number_proof"), 1);
}

/* What somebody still has to see to stays open. */
static void test_call__stays_open(void **state)
{
    struct house *house = *state;
    struct command *command = record(house, NULL, false);
    assert_non_null(strstr(command->answer.body, "\"closed\":false"));
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE closed_at IS NULL"), 1);
}

/* Telephony asks again when it heard nothing: one ticket, the same answer. */
static void test_call__once_for_each_key(void **state)
{
    struct house *house = *state;
    struct command *first = record(house, "call-1", true);
    struct command *again = record(house, "call-1", true);
    assert_string_equal(again->answer.body, first->answer.body);
    struct command *other = record(house, "call-2", true);
    assert_string_not_equal(other->answer.body, first->answer.body);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket"), 2);

    struct command *changed = call_command(house, "call-1", true);
    changed->request.forwarded_call.body_digest.bytes[0] = 2;
    house_run(house, changed);
    assert_int_equal(changed->answer.status, STATUS_KEY_REUSED);
    assert_false(changed->answer.created);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket"), 2);
}

/* A refusal is no answer to be given again. */
static void test_call__of_nobody(void **state)
{
    struct house *house = *state;
    struct command *command = call_command(house, "call-1", true);
    command->customer_id = 99;
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
    (void)record(house, "call-1", true);
}

/* What could be lost with the database is not called recorded. */
static void test_call__is_refused_on_a_lost_database(void **state)
{
    struct house *house = *state;
    atomic_store(&house->engine->removed, true);
    assert_int_equal(engine_post(house->engine, call_command(house, NULL, true)), STATUS_REMOVED);
    atomic_store(&house->engine->removed, false);
    atomic_store(&house->engine->damaged, true);
    assert_int_equal(engine_post(house->engine, call_command(house, NULL, true)), STATUS_CORRUPT);
    atomic_store(&house->engine->damaged, false);
    (void)record(house, NULL, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_call__is_a_ticket_and_nothing_else),
        HOUSE_TEST(test_call__proves_the_number_that_answered),
        HOUSE_TEST(test_call__stays_open),
        HOUSE_TEST(test_call__once_for_each_key),
        HOUSE_TEST(test_call__of_nobody),
        HOUSE_TEST(test_call__is_refused_on_a_lost_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
