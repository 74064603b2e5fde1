/* test_device_tests.c - test pushes: the row first, what becomes of them, who may confirm them, how
 * many there may be, and what outlives the process. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

static const struct directory_device *device_of(struct house *house, int64_t agent_id)
{
    const struct directory_customer *customer =
        directory_customer(house->engine->current, house->customer_id);
    const struct directory_person *agent = directory_agent(customer, agent_id);
    assert_true(agent != NULL && agent->devices_count > 0);
    return &agent->devices[0];
}

static struct command *ask(struct house *house, int64_t device_id, int64_t agent_id)
{
    struct command *command = house_command(house, COMMAND_TEST_DEVICE);
    command->request.device_test.device_id = device_id;
    command->request.device_test.agent_id = agent_id;
    house_run(house, command);
    return command;
}

static const struct sent *ask_ok(struct house *house)
{
    size_t before = house->sent_count;
    const struct command *command = ask(house, device_of(house, house->paul)->id, 0);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_true(command->answer.created);
    house_settle(house);
    assert_int_equal(house->sent_count, before + 1);
    assert_true(uuid_equal(answered_id(command), house->sent[before].attempt));
    return &house->sent[before];
}

static struct command *confirm(struct house *house, const struct sent *sent, enum agent_verb verb,
                               int64_t agent_id, const char *token)
{
    struct command *command = house_command(house, COMMAND_CONFIRM_TEST);
    command->request.device_test = (struct device_test_request){
        .agent_id = agent_id, .test = sent->attempt, .verb = verb, .action_token = token};
    house_run(house, command);
    return command;
}

static struct device_test_row read_row(struct house *house, struct uuid id)
{
    struct store *reader = NULL;
    struct error error;
    struct device_test_row row;
    assert_int_equal(store_open_reader(house->database, NULL, 5000, &reader, &error), STATUS_OK);
    assert_int_equal(store_get_device_test(reader, id, &row, &error), STATUS_OK);
    store_close(&reader);
    return row;
}

static void test_way__planned_sent_accepted_received_seen(void **state)
{
    struct house *house = *state;
    const struct sent *sent = ask_ok(house);
    assert_int_equal(sent->purpose, PURPOSE_TEST);
    assert_int_equal(sent->path, PATH_PUSH);
    assert_true(uuid_is_nil(sent->escalation));
    assert_string_equal(sent->accept, "");
    struct device_test_row row = read_row(house, sent->attempt);
    assert_int_equal(row.state, ATTEMPT_HANDED_OVER);
    assert_int_equal(row.asked_by, TEST_BY_DESK);

    house_advance(house, 100);
    house_outcome(house, sent, ATTEMPT_ACCEPTED);
    house_settle(house);
    house_advance(house, 100);
    struct command *command = confirm(house, sent, VERB_RECEIVED, 0, sent->received);
    assert_answered(command, "state", "received");
    assert_int_equal(device_of(house, house->paul)->proven_at.ms, house->wall.ms);
    house_advance(house, 2000);
    assert_answered(confirm(house, sent, VERB_SEEN, 0, sent->received), "state", "seen");
    house_advance(house, 50);
    assert_answered(confirm(house, sent, VERB_SEEN, 0, sent->received), "state", "seen");

    row = read_row(house, sent->attempt);
    assert_int_equal(row.accepted_at.ms - row.handed_over_at.ms, 100);
    assert_int_equal(row.received_at.ms - row.accepted_at.ms, 100);
    assert_int_equal(row.seen_at.ms - row.received_at.ms, 2000);
    assert_int_equal(row.failed_at.ms, TIME_NEVER_MS);
    assert_int_equal(house->engine->credits_push_used, 0);
}

static void test_phone_faster_than_the_provider__keeps_both_times(void **state)
{
    struct house *house = *state;
    const struct sent *sent = ask_ok(house);
    (void)confirm(house, sent, VERB_RECEIVED, house->paul, NULL);
    house_outcome(house, sent, ATTEMPT_ACCEPTED);
    house_settle(house);
    struct device_test_row row = read_row(house, sent->attempt);
    assert_int_equal(row.state, ATTEMPT_RECEIVED);
    assert_int_equal(row.accepted_at.ms, house->wall.ms);
}

static void test_failed__is_visible_until_it_comes_after_all(void **state)
{
    struct house *house = *state;
    struct sent *sent = &house->sent[house->sent_count];
    (void)ask_ok(house);
    house_delayed(house, sent);
    house_settle(house);
    struct device_test_row row = read_row(house, sent->attempt);
    assert_int_equal(row.delayed_at.ms, house->wall.ms);
    assert_string_equal(row.reason, "down");
    house_outcome(house, sent, ATTEMPT_UNCERTAIN);
    house_settle(house);
    row = read_row(house, sent->attempt);
    assert_int_equal(row.state, ATTEMPT_UNCERTAIN);
    assert_int_equal(row.failed_at.ms, house->wall.ms);
    assert_answered(confirm(house, sent, VERB_RECEIVED, 0, sent->received), "state", "received");
    assert_int_equal(read_row(house, sent->attempt).failed_at.ms, TIME_NEVER_MS);
}

static void test_gone__retires_the_device(void **state)
{
    struct house *house = *state;
    const struct sent *sent = ask_ok(house);
    struct transport_request outcome = {.attempt = sent->attempt,
                                        .transport = ATTEMPT_FAILED,
                                        .reason = "Unregistered",
                                        .tries = 1,
                                        .at = house->wall,
                                        .device_gone = true,
                                        .gone_since = WALL_NEVER};
    engine_outcome(house->engine, sent->customer_id, sent->escalation, PATH_PUSH, &outcome);
    house_settle(house);
    assert_false(device_of(house, house->paul)->live);
    const struct command *command = ask(house, device_of(house, house->paul)->id, 0);
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
}

static void test_confirmation__only_by_whom_it_went_to(void **state)
{
    struct house *house = *state;
    const struct sent *sent = ask_ok(house);
    const struct command *command = confirm(house, sent, VERB_RECEIVED, house->jean, NULL);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
    char forged[96];
    (void)snprintf(forged, sizeof forged, "%s", sent->received);
    forged[strlen(forged) - 1] = forged[strlen(forged) - 1] == 'A' ? 'B' : 'A';
    command = confirm(house, sent, VERB_RECEIVED, 0, forged);
    assert_int_equal(command->answer.status, STATUS_UNAUTHENTICATED);
    assert_int_equal(read_row(house, sent->attempt).received_at.ms, TIME_NEVER_MS);

    struct sent nowhere = *sent;
    memset(nowhere.attempt.bytes, 7, sizeof nowhere.attempt.bytes);
    command = confirm(house, &nowhere, VERB_RECEIVED, house->paul, NULL);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
    command = ask(house, device_of(house, house->paul)->id, house->jean);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
}

/* An alert's token says nothing about a test, nor the reverse. */
static void test_confirmation__not_with_another_push_s_token(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_CRITICAL);
    const struct sent alert = house->sent[0];
    const struct sent *sent = ask_ok(house);
    const struct command *command = confirm(house, sent, VERB_RECEIVED, 0, alert.received);
    assert_int_equal(command->answer.status, STATUS_UNAUTHENTICATED);
}

static void test_rate__six_a_minute_then_says_when(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 6; i++) {
        (void)ask_ok(house);
        house_advance(house, 1000);
    }
    struct command *command = ask(house, device_of(house, house->paul)->id, 0);
    assert_int_equal(command->answer.status, STATUS_TOO_OFTEN);
    assert_int_equal(command->answer.retry_after_s, 54);
    assert_non_null(strstr(command->answer.body, "\"retry_at\":"));
    house_advance(house, 53999);
    command = ask(house, device_of(house, house->paul)->id, 0);
    assert_int_equal(command->answer.status, STATUS_TOO_OFTEN);
    house_advance(house, 1);
    (void)ask_ok(house);
}

static void test_rate__old_ones_are_forgotten(void **state)
{
    struct house *house = *state;
    const struct sent first = *ask_ok(house);
    for (int i = 0; i < DEVICE_TESTS_KEPT; i++) {
        house_advance(house, 10001);
        (void)ask_ok(house);
    }
    struct store *reader = NULL;
    struct error error;
    struct device_test_row rows[DEVICE_TESTS_KEPT + 1];
    size_t count = 0;
    assert_int_equal(store_open_reader(house->database, NULL, 5000, &reader, &error), STATUS_OK);
    assert_int_equal(store_list_device_tests(reader, house->customer_id,
                                             device_of(house, house->paul)->id,
                                             DEVICE_TESTS_KEPT + 1, rows, &count, &error),
                     STATUS_OK);
    assert_int_equal(store_get_device_test(reader, first.attempt, &rows[0], &error),
                     STATUS_NOT_FOUND);
    store_close(&reader);
    assert_int_equal(count, DEVICE_TESTS_KEPT);
    house_outcome(house, &first, ATTEMPT_ACCEPTED); /* of one that nobody remembers */
    house_settle(house);
}

static void test_recovery__is_sent_again_or_expires(void **state)
{
    struct house *house = *state;
    const struct sent sent = *ask_ok(house);
    house_close(house);
    house_advance(house, 5000);
    house_open(house);
    house_settle(house);
    assert_int_equal(house->sent_count, 2);
    assert_true(uuid_equal(house->sent[1].attempt, sent.attempt));
    house_close(house);
    house_advance(house, 60000);
    house_open(house);
    house_settle(house);
    assert_int_equal(house->sent_count, 2);
    struct device_test_row row = read_row(house, sent.attempt);
    assert_int_equal(row.state, ATTEMPT_EXPIRED);
    assert_string_equal(row.reason, "not_sent_in_time");
}

static void test_full__is_put_back_and_sent_later(void **state)
{
    struct house *house = *state;
    house->send_status = STATUS_FULL;
    const struct command *command = ask(house, device_of(house, house->paul)->id, 0);
    assert_int_equal(command->answer.status, STATUS_OK);
    house_settle(house);
    house->send_status = STATUS_OK;
    assert_int_equal(read_row(house, answered_id(command)).state, ATTEMPT_PLANNED);
    size_t before = house->sent_count;
    house_advance(house, 200);
    house_settle(house);
    assert_int_equal(house->sent_count, before + 1);
}

static void test_check_in__sends_one_to_its_phone(void **state)
{
    struct house *house = *state;
    struct command *command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in = (struct check_in_request){
        .agent_id = house->paul,
        .installation = device_of(house, house->paul)->installation,
    };
    house_run(house, command);
    house_settle(house);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_non_null(strstr(command->answer.body, "\"asked_by\":\"check_in\""));
    assert_int_equal(house->sent_count, 1);
    assert_int_equal(house->sent[0].purpose, PURPOSE_TEST);

    command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in =
        (struct check_in_request){.agent_id = house->paul, .installation = "unknown"};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_non_null(strstr(command->answer.body, "\"test\":null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_way__planned_sent_accepted_received_seen),
        HOUSE_TEST(test_phone_faster_than_the_provider__keeps_both_times),
        HOUSE_TEST(test_failed__is_visible_until_it_comes_after_all),
        HOUSE_TEST(test_gone__retires_the_device),
        HOUSE_TEST(test_confirmation__only_by_whom_it_went_to),
        HOUSE_TEST(test_confirmation__not_with_another_push_s_token),
        HOUSE_TEST(test_rate__six_a_minute_then_says_when),
        HOUSE_TEST(test_rate__old_ones_are_forgotten),
        HOUSE_TEST(test_recovery__is_sent_again_or_expires),
        HOUSE_TEST(test_full__is_put_back_and_sent_later),
        HOUSE_TEST(test_check_in__sends_one_to_its_phone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
