/* test_device_tests.c - test pushes: the row first, what becomes of them, who may confirm them, how
 * many there may be, and what outlives the process. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/chores.h"
#include "tests/unit/engine/death.h"
#include "tests/unit/engine/outcomes.h"

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
    assert_int_equal(sent->severity, SEVERITY_MAJOR);
    assert_int_equal(sent->left_ms, 60000);
    assert_int_equal(sent->expires_ms, 60000);
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
    assert_int_equal(row.tries, 1);
    assert_int_equal(house->engine->credits_push_used, 0);
}

static void test_phone_faster_than_the_provider__keeps_both_times(void **state)
{
    struct house *house = *state;
    const struct sent *sent = ask_ok(house);
    (void)confirm(house, sent, VERB_RECEIVED, 0, sent->received);
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
    struct wall_time first = house->wall;
    house_advance(house, 1000);
    house_run(house, outcome_command(house, COMMAND_TRANSPORT_DELAYED, sent->attempt,
                                     ATTEMPT_HANDED_OVER));
    assert_int_equal(read_row(house, sent->attempt).delayed_at.ms, first.ms);
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
    report_gone(house, sent, WALL_NEVER);
    house_settle(house);
    assert_false(device_of(house, house->paul)->live);
    const struct command *command = ask(house, device_of(house, house->paul)->id, 0);
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
}

/* The provider speaks of the phone as it was then: one that registered anew since stays, and one
 * that did so before is gone. */
static void test_gone__since_when_the_provider_says(void **state)
{
    struct house *house = *state;
    for (int gone_ms = 50; gone_ms <= 150; gone_ms += 100) {
        const struct sent *sent = ask_ok(house);
        int64_t asked_ms = house->wall.ms;
        house_advance(house, 100);
        put_device(house, house->paul, "paul-1", PLATFORM_FCM);
        house_advance(house, 100);
        struct command *command =
            outcome_command(house, COMMAND_TRANSPORT_OUTCOME, sent->attempt, ATTEMPT_FAILED);
        command->request.transport.device_gone = true;
        command->request.transport.gone_since.ms = asked_ms + gone_ms;
        house_run(house, command);
        assert_int_equal(device_of(house, house->paul)->live, gone_ms < 100);
        assert_int_equal(read_row(house, sent->attempt).state, ATTEMPT_FAILED);
    }
}

static void test_outcome__said_twice_keeps_the_first_time(void **state)
{
    struct house *house = *state;
    const struct sent *sent = ask_ok(house);
    struct wall_time first = house->wall;
    for (int i = 0; i < 2; i++) {
        house_run(house, outcome_command(house, COMMAND_TRANSPORT_OUTCOME, sent->attempt,
                                         ATTEMPT_ACCEPTED));
        house_advance(house, 1000);
    }
    assert_int_equal(read_row(house, sent->attempt).accepted_at.ms, first.ms);
}

/* The word that the provider is down comes behind its answer, or of what nobody remembers. */
static void test_delayed__says_nothing_new(void **state)
{
    struct house *house = *state;
    const struct sent *sent = ask_ok(house);
    const struct uuid nowhere = {{7}};
    house_outcome(house, sent, ATTEMPT_ACCEPTED);
    house_settle(house);
    house_run(house, outcome_command(house, COMMAND_TRANSPORT_DELAYED, sent->attempt,
                                     ATTEMPT_HANDED_OVER));
    struct device_test_row row = read_row(house, sent->attempt);
    assert_int_equal(row.delayed_at.ms, TIME_NEVER_MS);
    assert_string_equal(row.reason, "");
    struct command *command =
        outcome_command(house, COMMAND_TRANSPORT_DELAYED, nowhere, ATTEMPT_HANDED_OVER);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
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

static void test_confirmation__not_with_a_token_of_another_form(void **state)
{
    struct house *house = *state;
    char accept[ACTION_TOKEN_BYTES_MAX];
    const struct sent earlier = *ask_ok(house);
    const struct sent *sent = ask_ok(house);
    action_token_make(house->engine->configuration.secret, sent->attempt, house->paul, VERB_ACCEPT,
                      accept);
    const char *const tokens[] = {"", "xt_", accept, earlier.received};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        const struct command *command = confirm(house, sent, VERB_RECEIVED, 0, tokens[i]);
        assert_int_equal(command->answer.status, STATUS_UNAUTHENTICATED);
    }
    assert_int_equal(read_row(house, sent->attempt).received_at.ms, TIME_NEVER_MS);
}

/* A token is all that a stranger shows: what it names is not told apart from what it may not. */
static void test_confirmation__of_one_that_is_forgotten(void **state)
{
    struct house *house = *state;
    struct sent nowhere = *ask_ok(house);
    memset(nowhere.attempt.bytes, 7, sizeof nowhere.attempt.bytes);
    const struct command *command = confirm(house, &nowhere, VERB_RECEIVED, 0, nowhere.received);
    assert_int_equal(command->answer.status, STATUS_UNAUTHENTICATED);
}

static void test_confirmation__not_by_another_customer(void **state)
{
    struct house *house = *state;
    const struct sent *sent = ask_ok(house);
    struct command *command = house_command(house, COMMAND_CONFIRM_TEST);
    command->customer_id = house->customer_id + 1;
    command->request.device_test = (struct device_test_request){
        .agent_id = house->paul, .test = sent->attempt, .verb = VERB_RECEIVED};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
    assert_int_equal(read_row(house, sent->attempt).received_at.ms, TIME_NEVER_MS);
}

/* A run sent it and died; the next one's dispatcher had no room, so that it waits once more when
 * the phone confirms the first: it has left, and does not leave again. */
static void test_confirmation__of_one_that_waits_again(void **state)
{
    struct house *house = *state;
    const struct sent sent = *ask_ok(house);
    house_close(house);
    house->send_status = STATUS_FULL;
    house_open(house);
    (void)engine_turn(house->engine);
    (void)engine_turn(house->engine);
    assert_int_equal(read_row(house, sent.attempt).handed_over_at.ms, TIME_NEVER_MS);
    assert_int_equal(read_row(house, sent.attempt).state, ATTEMPT_PLANNED);
    assert_answered(confirm(house, &sent, VERB_RECEIVED, 0, sent.received), "state", "received");
    assert_int_equal(read_row(house, sent.attempt).handed_over_at.ms, house->wall.ms);
    house->send_status = STATUS_OK;
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(house->sent_count, 1);
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

/* Within a millisecond, without a step of the clock: they are six all the same. */
static void test_rate__six_at_once(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 6; i++) {
        (void)ask_ok(house);
    }
    struct command *command = ask(house, device_of(house, house->paul)->id, 0);
    assert_int_equal(command->answer.status, STATUS_TOO_OFTEN);
    assert_int_equal(command->answer.retry_after_s, 60);
    house_advance(house, 58999);
    command = ask(house, device_of(house, house->paul)->id, 0);
    assert_int_equal(command->answer.retry_after_s, 2); /* a second and a millisecond */
    house_advance(house, 1);
    command = ask(house, device_of(house, house->paul)->id, 0);
    assert_int_equal(command->answer.retry_after_s, 1);
    house_advance(house, 999);
    command = ask(house, device_of(house, house->paul)->id, 0);
    assert_int_equal(command->answer.retry_after_s, 1); /* never at once */
}

/* Then the six are of times to come, and say nothing about the next. */
static void test_rate__a_wall_set_back_closes_no_door(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 6; i++) {
        (void)ask_ok(house);
    }
    house->wall.ms -= 3600000;
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
    assert_int_equal(row.failed_at.ms, house->wall.ms);
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

/* What the gateway died of twice is not tried again. */
static void test_condemned__is_not_sent(void **state)
{
    struct house *house = *state;
    house->send_status = STATUS_FULL;
    struct uuid id = answered_id(ask(house, device_of(house, house->paul)->id, 0));
    house_die_on(house, id, 2);
    house->send_status = STATUS_OK;
    size_t before = house->sent_count;
    house_advance(house, 200);
    house_settle(house);
    assert_int_equal(house->sent_count, before);
    struct device_test_row row = read_row(house, id);
    assert_int_equal(row.state, ATTEMPT_FAILED);
    assert_string_equal(row.reason, "ended_the_gateway");
    assert_int_equal(row.failed_at.ms, house->wall.ms);
}

/* More than are looked at at once: the others follow without waiting for anything. */
static void test_outbox__more_than_one_look_holds(void **state)
{
    struct house *house = *state;
    atomic_store(&house->engine->credits_push_used, CREDITS_PUSH_MAX);
    (void)ask(house, device_of(house, house->paul)->id, 0);
    static const char copies[] =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99) INSERT INTO "
        "device_test SELECT customer_id, CAST(printf('%016d', i) AS BLOB), device_id, agent_id, "
        "platform, asked_by, state, not_after_engine, planned_at, handed_over_at, delayed_at, "
        "accepted_at, received_at, seen_at, failed_at, reason, provider_id, tries, outdated_at "
        "FROM device_test, n";
    assert_int_equal(sqlite3_exec(house->engine->store->db, copies, NULL, NULL, NULL), SQLITE_OK);
    atomic_store(&house->engine->credits_push_used, 0);
    house_advance(house, 100);
    house_settle(house);
    assert_int_equal(house->sent_count, 100);
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
        HOUSE_TEST(test_gone__since_when_the_provider_says),
        HOUSE_TEST(test_outcome__said_twice_keeps_the_first_time),
        HOUSE_TEST(test_delayed__says_nothing_new),
        HOUSE_TEST(test_confirmation__only_by_whom_it_went_to),
        HOUSE_TEST(test_confirmation__not_with_another_push_s_token),
        HOUSE_TEST(test_confirmation__not_with_a_token_of_another_form),
        HOUSE_TEST(test_confirmation__of_one_that_is_forgotten),
        HOUSE_TEST(test_confirmation__not_by_another_customer),
        HOUSE_TEST(test_confirmation__of_one_that_waits_again),
        HOUSE_TEST(test_rate__six_a_minute_then_says_when),
        HOUSE_TEST(test_rate__six_at_once),
        HOUSE_TEST(test_rate__a_wall_set_back_closes_no_door),
        HOUSE_TEST(test_rate__old_ones_are_forgotten),
        HOUSE_TEST(test_recovery__is_sent_again_or_expires),
        HOUSE_TEST(test_full__is_put_back_and_sent_later),
        HOUSE_TEST(test_condemned__is_not_sent),
        HOUSE_TEST(test_outbox__more_than_one_look_holds),
        HOUSE_TEST(test_check_in__sends_one_to_its_phone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
