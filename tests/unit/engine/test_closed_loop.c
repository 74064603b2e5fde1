/* test_closed_loop.c - what completes a check-in by the app: a test push that came back from that
 * phone as it is, from a phone that may notify; and what is kept of it. */
#include <string.h>

#include "gateway/engine/check_in_json.h"
#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/shifts.h"

/* What the phone says of itself. */
static void register_phone(struct house *house, const char *target, const char *permission,
                           const char *silent_mode, int battery_percent)
{
    struct command *command = house_command(house, COMMAND_PUT_DEVICE);
    command->request.device = (struct device_request){
        .agent_id = house->jean,
        .installation = "jean-1",
        .platform = PLATFORM_APNS,
        .target = target,
        .app_version = "1.4",
        .permission = permission,
        .silent_mode = silent_mode,
        .battery_percent = battery_percent,
    };
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    house_settle(house);
}

/* Jean's, whose test push is on its way. */
static struct command *begin_check_in(struct house *house, bool number_confirmed)
{
    struct command *command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in = (struct check_in_request){
        .agent_id = house->jean, .installation = "jean-1", .number_confirmed = number_confirmed};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    house_settle(house);
    assert_int_equal(house->sent[house->sent_count - 1].purpose, PURPOSE_TEST);
    return command;
}

static const struct sent *newest(struct house *house)
{
    return &house->sent[house->sent_count - 1];
}

/* By jean's own token. */
static struct command *says(struct house *house, const struct sent *sent, enum agent_verb verb)
{
    struct command *command = house_command(house, COMMAND_CONFIRM_TEST);
    command->request.device_test =
        (struct device_test_request){.agent_id = house->jean, .test = sent->attempt, .verb = verb};
    house_run(house, command);
    return command;
}

/* By what the push brought. */
static struct command *shows(struct house *house, const struct sent *sent, enum agent_verb verb)
{
    struct command *command = house_command(house, COMMAND_CONFIRM_TEST);
    command->request.device_test = (struct device_test_request){
        .test = sent->attempt, .verb = verb, .action_token = sent->received};
    house_run(house, command);
    return command;
}

static void assert_refused(const struct command *command, const char *because)
{
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
    if (strstr(command->answer.error.text, because) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", command->answer.error.text, because);
    }
}

static int64_t complete_check_ins(struct house *house)
{
    return house_number(house, "SELECT count(*) FROM check_in WHERE completed_at IS NOT NULL");
}

static int64_t proven_phones(struct house *house)
{
    return house_number(house, "SELECT count(*) FROM device WHERE proven_at IS NOT NULL");
}

/* ---- what proves the path ---- */

static void test_own_token__proves_nothing(void **state)
{
    struct house *house = *state;
    static const enum agent_verb verbs[] = {VERB_RECEIVED, VERB_SEEN};
    (void)begin_check_in(house, true);
    struct sent *sent = &house->sent[house->sent_count - 1];
    for (size_t i = 0; i < 2; i++) {
        assert_refused(says(house, sent, verbs[i]), "only the action token");
    }
    house_outcome(house, sent, ATTEMPT_ACCEPTED);
    house_settle(house);
    for (size_t i = 0; i < 2; i++) {
        assert_refused(says(house, sent, verbs[i]), "only the action token");
    }
    assert_int_equal(complete_check_ins(house), 0);
    assert_int_equal(proven_phones(house), 0);
    assert_int_equal(house_number(house, "SELECT count(*) FROM device_test WHERE received_at IS "
                                         "NOT NULL OR seen_at IS NOT NULL"),
                     0);
}

static void test_own_token__of_one_that_never_left(void **state)
{
    struct house *house = *state;
    house->send_status = STATUS_FULL;
    struct command *command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in =
        (struct check_in_request){.agent_id = house->jean, .installation = "jean-1"};
    house_run(house, command);
    house_settle(house);
    struct sent planned = {.customer_id = house->customer_id};
    const char *test = strstr(command->answer.body, "\"test\":{\"id\":\"");
    assert_non_null(test);
    char id[UUID_TEXT_BYTES] = "";
    memcpy(id, test + 14, UUID_TEXT_BYTES - 1);
    assert_int_equal(uuid_parse(id, &planned.attempt), STATUS_OK);
    assert_refused(says(house, &planned, VERB_SEEN), "has not left yet");
    house_advance(house, 60000);
    house_settle(house);
    assert_refused(says(house, &planned, VERB_SEEN), "not_sent_in_time");
    assert_int_equal(complete_check_ins(house), 0);
}

static void test_own_token__of_one_that_failed(void **state)
{
    struct house *house = *state;
    (void)begin_check_in(house, true);
    struct sent *sent = &house->sent[house->sent_count - 1];
    house_outcome(house, sent, ATTEMPT_FAILED);
    house_settle(house);
    assert_refused(says(house, sent, VERB_SEEN), "did not come through");
    /* Who has its token has the push. */
    assert_answered(shows(house, sent, VERB_SEEN), "state", "seen");
    assert_int_equal(complete_check_ins(house), 1);
}

/* The path is proven: whether it was heard is the agent's to say, and nobody else's. */
static void test_own_token__says_heard_once_the_push_was_shown(void **state)
{
    struct house *house = *state;
    (void)begin_check_in(house, true);
    const struct sent *sent = newest(house);
    assert_answered(shows(house, sent, VERB_RECEIVED), "state", "received");
    assert_int_equal(proven_phones(house), 1);
    assert_int_equal(complete_check_ins(house), 0);
    assert_answered(says(house, sent, VERB_RECEIVED), "state", "received"); /* a repeat */
    struct command *command = house_command(house, COMMAND_CONFIRM_TEST);
    command->request.device_test = (struct device_test_request){
        .agent_id = house->paul, .test = sent->attempt, .verb = VERB_SEEN};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
    assert_answered(says(house, sent, VERB_SEEN), "state", "seen");
    assert_int_equal(complete_check_ins(house), 1);
}

static void test_seen__says_received_too(void **state)
{
    struct house *house = *state;
    (void)begin_check_in(house, true);
    assert_answered(shows(house, newest(house), VERB_SEEN), "state", "seen");
    assert_int_equal(proven_phones(house), 1);
    assert_int_equal(house_number(house, "SELECT received_at = seen_at FROM device_test"), 1);
    assert_int_equal(complete_check_ins(house), 1);
}

/* ---- what is not about the phone as it is ---- */

static void test_confirmation__is_too_late_after_a_quarter_of_an_hour(void **state)
{
    struct house *house = *state;
    (void)begin_check_in(house, true);
    const struct sent received = *newest(house);
    house_advance(house, 1000);
    (void)begin_check_in(house, true);
    const struct sent silent = *newest(house);
    house_advance(house, 15 * MINUTE_MS - 1001);
    assert_answered(shows(house, &received, VERB_RECEIVED), "state", "received");
    house_advance(house, 1000);
    assert_refused(shows(house, &received, VERB_SEEN), "for 15 minutes");
    assert_refused(says(house, &received, VERB_SEEN), "for 15 minutes");
    assert_answered(shows(house, &received, VERB_RECEIVED), "state", "received"); /* a repeat */
    assert_answered(shows(house, &silent, VERB_SEEN), "state", "seen");
    house_advance(house, HOUR_MS);
    assert_answered(shows(house, &silent, VERB_SEEN), "state", "seen");
    assert_int_equal(complete_check_ins(house), 1);
}

/* The wall may be set as it likes: the time runs on the engine's clock. */
static void test_confirmation__is_not_late_by_the_wall(void **state)
{
    struct house *house = *state;
    (void)begin_check_in(house, true);
    house->wall.ms += HOUR_MS;
    assert_answered(shows(house, newest(house), VERB_SEEN), "state", "seen");
}

static void test_confirmation__not_of_a_retired_phone(void **state)
{
    struct house *house = *state;
    (void)begin_check_in(house, true);
    const struct sent *sent = newest(house);
    assert_answered(shows(house, sent, VERB_RECEIVED), "state", "received");
    struct command *command = house_command(house, COMMAND_DELETE_DEVICE);
    command->request.device =
        (struct device_request){.agent_id = house->jean, .installation = "jean-1"};
    house_run(house, command);
    house_settle(house);
    assert_refused(shows(house, sent, VERB_SEEN), "was retired (logged_out)");
    assert_refused(says(house, sent, VERB_SEEN), "was retired (logged_out)");
    assert_answered(shows(house, sent, VERB_RECEIVED), "state", "received");
    assert_int_equal(complete_check_ins(house), 0);
}

/* What went to the address before proves nothing of the one that it has now. */
static void test_confirmation__not_of_another_target(void **state)
{
    struct house *house = *state;
    register_phone(house, "before", "granted", "off", 80);
    (void)begin_check_in(house, true);
    const struct sent *sent = newest(house);
    assert_answered(shows(house, sent, VERB_RECEIVED), "state", "received");
    register_phone(house, "before", "granted", "off", 79); /* the same: it says how it is */
    register_phone(house, "after", "granted", "off", 80);
    assert_refused(shows(house, sent, VERB_SEEN), "another push address");
    assert_int_equal(proven_phones(house), 0);
    (void)begin_check_in(house, true);
    assert_answered(shows(house, newest(house), VERB_SEEN), "state", "seen");
    assert_int_equal(complete_check_ins(house), 1);
}

static void test_confirmation__of_the_same_target_registered_again(void **state)
{
    struct house *house = *state;
    register_phone(house, "same", "granted", "off", 80);
    (void)begin_check_in(house, true);
    register_phone(house, "same", "granted", "off", 79);
    assert_answered(shows(house, newest(house), VERB_SEEN), "state", "seen");
    assert_int_equal(complete_check_ins(house), 1);
}

/* Another enrolment of the same phone says that its address is another: that is so for all. */
static void test_confirmation__not_of_a_target_that_another_enrolment_replaced(void **state)
{
    struct house *house = *state;
    register_phone(house, "before", "granted", "off", 80);
    (void)begin_check_in(house, true);
    const struct sent *sent = newest(house);
    const int64_t device = sent->device_id;
    struct error error;
    const struct rotation_row row = {.customer_id = house->customer_id,
                                     .device_id = device,
                                     .platform = PLATFORM_APNS,
                                     .target = "after",
                                     .registered_at = house->wall};
    assert_int_equal(store_begin(house->engine->store, &error), STATUS_OK);
    assert_int_equal(store_rotate_registration(house->engine->store, &row, &error), STATUS_OK);
    assert_int_equal(store_commit(house->engine->store, &error), STATUS_OK);
    assert_refused(shows(house, sent, VERB_SEEN), "another push address");
}

/* ---- a phone that may not notify ---- */

static void test_denied__is_not_complete_whatever_came_back(void **state)
{
    struct house *house = *state;
    register_phone(house, "token", "denied", "off", 80);
    struct command *command = begin_check_in(house, true);
    assert_non_null(strstr(command->answer.body, "\"permission\":\"denied\""));
    assert_answered(shows(house, newest(house), VERB_SEEN), "state", "seen");
    assert_int_equal(complete_check_ins(house), 0);
    /* Allowed since: that one stays what it was, the next is complete. */
    register_phone(house, "token", "granted", "off", 80);
    assert_answered(shows(house, newest(house), VERB_SEEN), "state", "seen");
    assert_int_equal(complete_check_ins(house), 0);
    (void)begin_check_in(house, true);
    (void)shows(house, newest(house), VERB_SEEN);
    assert_int_equal(complete_check_ins(house), 1);
}

/* It counts as it was made: whoever allowed it meanwhile checks in again. */
static void test_denied__and_allowed_before_the_ear(void **state)
{
    struct house *house = *state;
    register_phone(house, "token", "denied", "off", 80);
    (void)begin_check_in(house, true);
    register_phone(house, "token", "granted", "off", 80);
    assert_answered(shows(house, newest(house), VERB_SEEN), "state", "seen");
    assert_int_equal(complete_check_ins(house), 0);
}

static void test_denied__between_the_check_in_and_the_ear(void **state)
{
    struct house *house = *state;
    register_phone(house, "token", "granted", "off", 80);
    (void)begin_check_in(house, true);
    register_phone(house, "token", "denied", "off", 80);
    (void)shows(house, newest(house), VERB_SEEN);
    assert_int_equal(complete_check_ins(house), 0);
    assert_int_equal(
        house_number(house, "SELECT count(*) FROM check_in WHERE permission = 'denied'"), 1);
}

static void test_denied__the_procedure_goes_on(void **state)
{
    struct house *house = *state;
    put_rota(house, "principal", "");
    struct command *command = house_command(house, COMMAND_PUT_ROTA);
    command->request.definition = (struct definition_request){
        .slug = "principal",
        .definition = arena_format(command->arena, "jean@%lld-%lld", (long long)SHIFT_MS,
                                   (long long)(SHIFT_MS + DAY_MS)),
    };
    house_run(house, command);
    put_plan(house, "principal");
    register_phone(house, "token", "denied", "off", 80);
    pass_until(house, DUE_MS - MINUTE_MS);
    (void)begin_check_in(house, true);
    (void)shows(house, newest(house), VERB_SEEN);
    pass_until(house, DUE_MS);
    assert_int_equal(check_ins_asked(house), 1);
    (void)begin_check_in(house, true);
    (void)shows(house, newest(house), VERB_SEEN);
    house_settle(house);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
    register_phone(house, "token", "unknown", "off", 80); /* what it cannot tell is no no */
    (void)begin_check_in(house, true);
    (void)shows(house, newest(house), VERB_SEEN);
    house_settle(house);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
}

/* ---- what is kept ---- */

static void test_facts__are_kept_as_they_were(void **state)
{
    struct house *house = *state;
    register_phone(house, "token", "granted", "on", 42);
    struct command *command = begin_check_in(house, true);
    assert_non_null(strstr(command->answer.body,
                           "\"permission\":\"granted\",\"silent_mode\":\"on\","
                           "\"battery_percent\":42,\"app_version\":\"1.4\","
                           "\"number_confirmed\":true,\"warnings\":[\"silent_mode\"]"));
    (void)shows(house, newest(house), VERB_SEEN); /* silent is a warning only */
    assert_int_equal(complete_check_ins(house), 1);
    register_phone(house, "token", "denied", "off", 3);
    assert_int_equal(house_number(house, "SELECT count(*) FROM check_in WHERE permission = "
                                         "'granted' AND silent_mode = 'on' AND battery_percent = "
                                         "42 AND app_version = '1.4' AND number_confirmed = 1"),
                     1);
}

static void test_facts__of_a_phone_that_nobody_registered(void **state)
{
    struct house *house = *state;
    struct command *command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in =
        (struct check_in_request){.agent_id = house->jean, .installation = "unknown"};
    house_run(house, command);
    assert_non_null(strstr(command->answer.body,
                           "\"permission\":null,\"silent_mode\":null,\"battery_percent\":null,"
                           "\"app_version\":null,\"number_confirmed\":false,"
                           "\"warnings\":[\"number_not_confirmed\"]"));
}

static enum check_in_number number_of(struct house *house)
{
    const struct directory_customer *customer =
        directory_customer(house->engine->current, house->customer_id);
    struct check_in_row row = {
        .out_at = WALL_NEVER,
        .number_confirmed =
            house_number(house, "SELECT number_confirmed FROM check_in ORDER BY check_in_id DESC "
                                "LIMIT 1") != 0,
        .numbers_mark = house_number(house, "SELECT numbers_mark FROM check_in ORDER BY "
                                            "check_in_id DESC LIMIT 1"),
    };
    return check_in_number(&row, directory_agent(customer, house->jean));
}

static void test_number__holds_until_it_changes(void **state)
{
    struct house *house = *state;
    static const char *const two[] = {"+33600000002", "+33142999012"};
    static const char *const turned[] = {"+33142999012", "+33600000002"};
    put_agent_phones(house, "jean", two, 2);
    house_settle(house);
    (void)begin_check_in(house, false);
    assert_int_equal(number_of(house), NUMBER_NOT_CONFIRMED);
    (void)begin_check_in(house, true);
    assert_int_equal(number_of(house), NUMBER_CONFIRMED);
    put_agent_phones(house, "jean", two, 2); /* as a file says it again */
    house_settle(house);
    assert_int_equal(number_of(house), NUMBER_CONFIRMED);
    put_agent_phones(house, "jean", turned, 2);
    house_settle(house);
    assert_int_equal(number_of(house), NUMBER_CHANGED);
    put_agent_phones(house, "jean", two, 1);
    house_settle(house);
    assert_int_equal(number_of(house), NUMBER_CHANGED);
    (void)begin_check_in(house, true);
    assert_int_equal(number_of(house), NUMBER_CONFIRMED);
}

static void test_number__none_is_there_to_confirm(void **state)
{
    struct house *house = *state;
    put_agent(house, "jean", "", true);
    house_settle(house);
    struct command *command = begin_check_in(house, true);
    assert_non_null(
        strstr(command->answer.body, "\"number_confirmed\":false,\"warnings\":[\"no_number\"]"));
    assert_int_equal(number_of(house), NUMBER_NONE);
    put_agent(house, "jean", "+33600000002", true);
    house_settle(house);
    assert_int_equal(number_of(house), NUMBER_NOT_CONFIRMED);
}

/* What tells the numbers from others is kept no longer than it is needed. */
static void test_number__stays_confirmed_for_the_record(void **state)
{
    struct house *house = *state;
    (void)begin_check_in(house, true);
    struct command *command = house_command(house, COMMAND_CHECK_OUT);
    command->request.check_in.agent_id = house->jean;
    house_run(house, command);
    assert_int_equal(house_number(house, "SELECT count(*) FROM check_in WHERE number_confirmed = 1 "
                                         "AND numbers_mark = 0"),
                     1);
    const struct check_in_row row = {.out_at = {1}, .number_confirmed = true};
    const struct directory_customer *customer =
        directory_customer(house->engine->current, house->customer_id);
    assert_int_equal(check_in_number(&row, directory_agent(customer, house->jean)),
                     NUMBER_CONFIRMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHIFTS_TEST(test_own_token__proves_nothing),
        SHIFTS_TEST(test_own_token__of_one_that_never_left),
        SHIFTS_TEST(test_own_token__of_one_that_failed),
        SHIFTS_TEST(test_own_token__says_heard_once_the_push_was_shown),
        SHIFTS_TEST(test_seen__says_received_too),
        SHIFTS_TEST(test_confirmation__is_too_late_after_a_quarter_of_an_hour),
        SHIFTS_TEST(test_confirmation__is_not_late_by_the_wall),
        SHIFTS_TEST(test_confirmation__not_of_a_retired_phone),
        SHIFTS_TEST(test_confirmation__not_of_another_target),
        SHIFTS_TEST(test_confirmation__not_of_a_target_that_another_enrolment_replaced),
        SHIFTS_TEST(test_confirmation__of_the_same_target_registered_again),
        SHIFTS_TEST(test_denied__is_not_complete_whatever_came_back),
        SHIFTS_TEST(test_denied__and_allowed_before_the_ear),
        SHIFTS_TEST(test_denied__between_the_check_in_and_the_ear),
        SHIFTS_TEST(test_denied__the_procedure_goes_on),
        SHIFTS_TEST(test_facts__are_kept_as_they_were),
        SHIFTS_TEST(test_facts__of_a_phone_that_nobody_registered),
        SHIFTS_TEST(test_number__holds_until_it_changes),
        SHIFTS_TEST(test_number__none_is_there_to_confirm),
        SHIFTS_TEST(test_number__stays_confirmed_for_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
