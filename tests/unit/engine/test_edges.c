/* test_edges.c - what seldom comes: customers that do not exist, words that are too long, clocks
 * that cannot be read at once. */
#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/engine/device_test_json.h"
#include "gateway/engine/engine_private.h"
#include "gateway/engine/escalation_json.h"
#include "tests/unit/engine/fixture.h"

#define NOBODY 999

static void assert_refused(struct house *house, struct command *command, enum status expected)
{
    command->customer_id = NOBODY;
    house_run(house, command);
    assert_int_equal(command->answer.status, expected);
}

static void test_configuration__of_a_customer_that_does_not_exist(void **state)
{
    struct house *house = *state;
    static const enum command_type types[] = {COMMAND_PUT_PERSON, COMMAND_PUT_PROCEDURE,
                                              COMMAND_PUT_ROTA, COMMAND_ADD_ENROLMENT};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        assert_refused(house, house_command(house, types[i]), STATUS_NOT_FOUND);
    }
}

static void test_phone__of_a_customer_that_does_not_exist(void **state)
{
    struct house *house = *state;
    struct command *command = house_command(house, COMMAND_PUT_DEVICE);
    command->request.device = (struct device_request){.agent_id = 1, .installation = "i"};
    assert_refused(house, command, STATUS_NOT_FOUND);
    command = house_command(house, COMMAND_PUT_DEVICE);
    command->request.device = (struct device_request){.agent_id = NOBODY, .installation = "i"};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
    assert_refused(house, house_command(house, COMMAND_TEST_DEVICE), STATUS_NOT_FOUND);
    command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in = (struct check_in_request){.agent_id = 1, .installation = "i"};
    assert_refused(house, command, STATUS_NOT_FOUND);
}

static void test_desk__of_a_customer_that_does_not_exist(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    assert_refused(house, desk_command(house, id, DESK_NOTE), STATUS_NOT_FOUND);
    assert_refused(house, desk_command(house, id, DESK_SPLIT), STATUS_NOT_FOUND);
    struct command *command = desk_command(house, id, DESK_ON_BEHALF);
    command->request.desk.agent = "jean";
    assert_refused(house, command, STATUS_INVALID);
}

static void test_customer__whose_default_procedure_is_missing(void **state)
{
    struct house *house = *state;
    static const char *const slugs[] = {"acme", "new"};
    for (int i = 0; i < 2; i++) {
        struct command *command = house_command(house, COMMAND_PUT_CUSTOMER);
        command->request.customer = (struct customer_request){.slug = slugs[i],
                                                              .name = "n",
                                                              .time_zone = "Europe/Paris",
                                                              .language = "fr",
                                                              .alias = "a",
                                                              .default_procedure = "none"};
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_INVALID);
        assert_string_equal(command->answer.error.pointer, "/default_procedure");
    }
}

/* Escalated all the same, by the procedure that was asked for; of many warnings the first are told.
 */
static void test_escalate__for_a_customer_that_left(void **state)
{
    struct house *house = *state;
    const char *warnings[40];
    for (size_t i = 0; i < sizeof warnings / sizeof warnings[0]; i++) {
        warnings[i] = "one of many";
    }
    struct command *command = house_command(house, COMMAND_PUT_CUSTOMER);
    command->request.customer = (struct customer_request){.slug = "acme",
                                                          .name = "ACME",
                                                          .time_zone = "Europe/Paris",
                                                          .language = "fr",
                                                          .alias = "Azur",
                                                          .default_procedure = "night"};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    command = escalate_command(house, SEVERITY_MAJOR, NULL);
    command->request.escalate.procedure = "night";
    house_run(house, command);
    assert_non_null(strstr(command->answer.body, "customer: not active"));
    assert_string_equal(house->sent[0].person, "jean");
    command = escalate_command(house, SEVERITY_MAJOR, NULL);
    command->request.escalate.warnings = warnings;
    command->request.escalate.warnings_count = sizeof warnings / sizeof warnings[0];
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_null(strstr(command->answer.body, "customer: not active"));
}

static void test_action_token__of_another_form(void **state)
{
    struct house *house = *state;
    const uint8_t *secret = house->engine->configuration.secret;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    char token[2 * ACTION_TOKEN_BYTES_MAX] = "";
    memset(token, 'a', sizeof token - 1);
    assert_false(action_token_verify(secret, token, house->jean));
    memcpy(token, house->sent[0].accept, 40); /* its verb is longer than any */
    memset(token + 40, 'a', 17);
    memcpy(token + 57, "_aaaaaaaaaaaaaaaaaaaaaa", 24);
    assert_false(action_token_verify(secret, token, house->jean));
    assert_true(action_token_verify(secret, house->sent[0].accept, house->jean));
    (void)id;
}

static void test_passing__is_what_another_try_may_mend(void **state)
{
    (void)state;
    static const enum status passing[] = {STATUS_DISK_FULL,   STATUS_NO_MEMORY, STATUS_IO,
                                          STATUS_UNAVAILABLE, STATUS_TIMEOUT,   STATUS_UNCERTAIN};
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        assert_true(is_passing(passing[i]));
    }
    assert_false(is_passing(STATUS_OK));
    assert_false(is_passing(STATUS_CORRUPT));
    assert_false(is_passing(STATUS_CONFLICT));
}

/* Between two looks at one clock the other cannot be told. */
static void test_clocks__that_cannot_be_read_at_once(void **state)
{
    struct house *house = *state;
    house->wall.ms += 60000;
    house->look_ms = 21;
    clock_watch_look(house->engine);
    assert_int_equal(house->alarms, 0);
    house->look_ms = 0;
    clock_watch_look(house->engine);
    assert_int_equal(house->alarms, 1);
    assert_string_equal(house->alarm, "clock.stepped");
}

static void test_trunk__is_never_larger_than_the_list_of_its_calls(void **state)
{
    struct house *house = *state;
    house_close(house);
    house->calls_max = CALLS_IN_USE_MAX + 1;
    house_open(house);
    assert_int_equal(house->engine->configuration.calls_max, CALLS_IN_USE_MAX);
}

static void test_desk__splits_off_who_was_promised_nothing(void **state)
{
    struct house *house = *state;
    struct uuid id = {{0}};
    for (int i = 0; i < 2; i++) {
        struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
        command->request.escalate.dedup_key = "lift";
        house_run(house, command);
        id = answered_id(command);
    }
    struct command *split = desk_command(house, id, DESK_SPLIT);
    split->request.desk.caller = 2;
    split->request.desk.operator_name = "";
    house_run(house, split);
    assert_int_equal(split->answer.status, STATUS_OK);
    struct escalation own;
    house_read(house, answered_id(split), &own);
    assert_int_equal(own.promises[0].state, PROMISE_NONE);
}

/* The agent said so, to nobody who gave a name. */
static void test_desk__on_behalf_without_a_name(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    struct command *command = desk_command(house, id, DESK_ON_BEHALF);
    command->request.desk.operator_name = "";
    command->request.desk.agent = "jean";
    command->request.desk.agent_verb = VERB_ACCEPT;
    house_run(house, command);
    assert_answered(command, "state", "accepted");
}

static void test_code__that_is_too_long(void **state)
{
    struct house *house = *state;
    char code[200];
    memset(code, 'A', sizeof code - 1);
    code[sizeof code - 1] = '\0';
    struct command *command = house_command(house, COMMAND_USE_ENROLMENT);
    command->request.enrolment.code = code;
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
}

/* Each check-in sends a test push, as often as one may; the shift is the one of the rota named. */
static void test_check_in__again_and_again(void **state)
{
    struct house *house = *state;
    put_rota(house, "backup", "jean");
    size_t before = house->sent_count;
    for (int i = 0; i < 8; i++) {
        struct command *command = house_command(house, COMMAND_CHECK_IN);
        command->request.check_in = (struct check_in_request){
            .agent_id = house->jean, .installation = "jean-1", .shift = "duty"};
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_OK);
        assert_non_null(strstr(command->answer.body, "\"role\":\"duty\""));
    }
    assert_int_equal(house->sent_count - before, 6);
}

/* The fifth step undoes the fourth, in whose place it is remembered. */
static void test_clocks__stepped_and_back(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    static const int64_t steps[] = {10000, 10000, 10000, 10000, -10000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        house->wall.ms += steps[i];
        clock_watch_look(house->engine);
    }
    house_settle(house);
    assert_int_equal(house_entries(house, id, ENTRY_CLOCK_STEPPED), 3);
}

static void test_token__after_the_end(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    char token[ACTION_TOKEN_BYTES_MAX];
    memcpy(token, house->sent[0].accept, sizeof token);
    house_run(house, agent_command(house, id, VERB_ACCEPT, 0, token));
    house_run(house, agent_command(house, id, VERB_DONE, house->jean, NULL));
    struct command *command = agent_command(house, id, VERB_DECLINE, house->jean, NULL);
    command->request.agent.attempt = (struct uuid){{1}};
    house_run(house, command);
    assert_int_not_equal(command->answer.status, STATUS_OK);
}

/* The trunk's own, and of an attempt that never was: answered, and nothing changes. */
static void test_outcome__of_nothing(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    static const enum command_type types[] = {COMMAND_TRANSPORT_OUTCOME, COMMAND_TRANSPORT_OUTCOME,
                                              COMMAND_TRANSPORT_DELAYED};
    static const enum attempt_state states[] = {ATTEMPT_ACCEPTED, ATTEMPT_FAILED,
                                                ATTEMPT_HANDED_OVER};
    struct escalation before, after;
    house_read(house, id, &before);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct command *command = house_command(house, types[i]);
        command->escalation_id = id;
        command->request.transport = (struct transport_request){
            .attempt = {{7}}, .transport = states[i], .at = house->wall, .gone_since = WALL_NEVER};
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_OK);
    }
    house_read(house, id, &after);
    assert_int_equal(after.version, before.version);
}

static void test_alarm__without_anybody_to_tell(void **state)
{
    struct house *house = *state;
    house->engine->configuration.dispatcher.alarm = NULL;
    engine_alarm(house->engine, "kind", "detail");
    house_settle(house);
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    assert_int_equal(statistics.commands[COMMAND_ALARM], 1);
}

/* What is told of one that was set aside: that nothing will come. */
static void test_view__of_one_set_aside(void **state)
{
    (void)state;
    char text[256];
    struct json_writer json;
    const struct escalation escalation = {.quarantined = true, .due_at = {5}};
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    escalation_json_next(&json, &escalation, 0);
    json_object_end(&json);
    assert_string_equal(text, "{\"next\":{\"at\":null,\"what\":\"nothing, it was set aside: act by "
                              "telephone, escalate anew\"}}");
}

/* Those that were listed and not told are told from there, wherever the walk has come to. */
static void test_changes__that_were_left(void **state)
{
    struct house *house = *state;
    struct engine *engine = house->engine;
    struct changes *changes = &engine->changes;
    const struct uuid early = {{1}}, late = {{9}};
    changes_add(engine, 1);
    changes->walks[0].cursor = late;
    changes_left(engine, 1, early); /* the walk is ahead: back to there */
    assert_memory_equal(&changes->walks[0].cursor, &early, sizeof early);
    changes_left(engine, 1, late); /* it is behind already */
    assert_memory_equal(&changes->walks[0].cursor, &early, sizeof early);
    changes_left(engine, 2, late); /* it had ended */
    assert_int_equal(changes->count, 2);
    assert_int_equal(changes->walks[1].customer_id, 2);
    assert_memory_equal(&changes->walks[1].cursor, &late, sizeof late);
    for (int64_t id = 3; changes->count < CHANGED_CUSTOMERS_MAX; id++) {
        changes_add(engine, id);
    }
    assert_false(changes->all);
    changes_left(engine, NOBODY, late); /* there is no place for one more: all are told */
    assert_true(changes->all);
    assert_int_equal(changes->last_of_all, 0);
    assert_int_equal(changes->count, CHANGED_CUSTOMERS_MAX);
}

/* What a reader finds in the rows may be newer than the directory it holds. */
static void test_view__of_a_test_whose_phone_is_not_known_yet(void **state)
{
    (void)state;
    char text[1024];
    struct json_writer json;
    const struct directory_customer customer = {.slug = "acme"};
    const struct device_test_row row = {.device_id = 7, .planned_at = {5}};
    json_writer_init(&json, text, sizeof text);
    device_test_json(&json, &customer, &row);
    assert_false(json_writer_overflowed(&json));
    assert_non_null(strstr(text, "\"device\":7,\"installation\":null,\"agent\":null,"));
}

static void test_role__of_no_word(void **state)
{
    (void)state;
    assert_int_equal(role_parse("nobody"), ROLE_NONE);
    assert_int_equal(role_parse("admin"), ROLE_ADMIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_configuration__of_a_customer_that_does_not_exist),
        HOUSE_TEST(test_phone__of_a_customer_that_does_not_exist),
        HOUSE_TEST(test_desk__of_a_customer_that_does_not_exist),
        HOUSE_TEST(test_customer__whose_default_procedure_is_missing),
        HOUSE_TEST(test_escalate__for_a_customer_that_left),
        HOUSE_TEST(test_action_token__of_another_form),
        HOUSE_TEST(test_passing__is_what_another_try_may_mend),
        HOUSE_TEST(test_clocks__that_cannot_be_read_at_once),
        HOUSE_TEST(test_trunk__is_never_larger_than_the_list_of_its_calls),
        HOUSE_TEST(test_desk__splits_off_who_was_promised_nothing),
        HOUSE_TEST(test_desk__on_behalf_without_a_name),
        HOUSE_TEST(test_code__that_is_too_long),
        HOUSE_TEST(test_check_in__again_and_again),
        HOUSE_TEST(test_clocks__stepped_and_back),
        HOUSE_TEST(test_token__after_the_end),
        HOUSE_TEST(test_outcome__of_nothing),
        HOUSE_TEST(test_alarm__without_anybody_to_tell),
        HOUSE_TEST(test_view__of_one_set_aside),
        HOUSE_TEST(test_changes__that_were_left),
        HOUSE_TEST(test_view__of_a_test_whose_phone_is_not_known_yet),
        HOUSE_TEST(test_role__of_no_word),
    };
    return cmocka_run_group_tests_name("engine.edges", tests, NULL, NULL);
}
