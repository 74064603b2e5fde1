/* test_shared_phones.c - a phone is whose who signed in last: pushes, tokens and tries of PINs. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/engine/pin.h"
#include "tests/unit/engine/phones.h"
#include "tests/unit/engine/outcomes.h"

/* jean has no phone of his own. */
static int64_t only_shared_phone(struct house *house)
{
    struct command *command = house_command(house, COMMAND_DELETE_DEVICE);
    command->request.device =
        (struct device_request){.agent_id = house->jean, .installation = "jean-1"};
    house_run(house, command);
    set_pin(house, house->jean);
    set_pin(house, house->paul);
    return put_shared_phone(house);
}

static void sign_in(struct house *house, int64_t phone, int64_t agent)
{
    struct command *command = enter_pin(house, phone, agent, true);
    assert_int_equal(command->answer.status, STATUS_OK);
    house_settle(house);
}

static int64_t live_devices(struct house *house, const char *agent)
{
    char sql[200];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM device JOIN agent USING (agent_id) WHERE slug = '%s' AND "
                   "installation = 's-1' AND retired_at IS NULL",
                   agent);
    return house_number(house, sql);
}

static void test_sign_in__gives_it_to_whoever_came_last(void **state)
{
    struct house *house = *state;
    int64_t phone = only_shared_phone(house);
    sign_in(house, phone, house->jean);
    assert_int_equal(live_devices(house, "jean"), 1);
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(house->sent_count, 1);
    assert_string_equal(house->sent[0].person, "jean");

    house_advance(house, 1000);
    sign_in(house, phone, house->paul);
    assert_int_equal(live_devices(house, "jean"), 0);
    assert_int_equal(live_devices(house, "paul"), 1);
    assert_string_equal(house->alarm, "phone.lost_on_duty");
    assert_int_equal(house_number(house, "SELECT count(*) FROM shared_phone_turn "
                                         "WHERE ended_by = 'sign_in' AND ended_at > began_at"),
                     1);
    sign_in(house, phone, house->paul); /* said twice: the turn goes on */
    assert_int_equal(house_number(house, "SELECT count(*) FROM shared_phone_turn"), 2);
}

static void test_sign_out__leaves_it_to_nobody(void **state)
{
    struct house *house = *state;
    int64_t phone = only_shared_phone(house);
    sign_in(house, phone, house->jean);
    struct command *command = shared_phone_command(house, COMMAND_SIGN_OUT, phone);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_non_null(strstr(command->answer.body, "\"signed_in\":null"));
    assert_int_equal(live_devices(house, "jean"), 0);
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    for (size_t i = 0; i < house->sent_count; i++) {
        assert_string_not_equal(house->sent[i].person, "jean");
    }
    assert_int_equal(house_entries(house, id, ENTRY_OPENED), 1);
    house_run(house, shared_phone_command(house, COMMAND_SIGN_OUT, phone)); /* again is fine */
}

/* A push that arrived before, or late, is on a phone that is somebody else's by now. */
static void test_former_owner__is_not_spoken_for(void **state)
{
    struct house *house = *state;
    int64_t phone = only_shared_phone(house);
    sign_in(house, phone, house->jean);
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_settle(house);
    struct sent sent = house->sent[0];
    sign_in(house, phone, house->paul);
    const char *const tokens[] = {sent.accept, sent.decline, sent.received};
    const enum agent_verb verbs[] = {VERB_ACCEPT, VERB_DECLINE, VERB_RECEIVED};
    for (int i = 0; i < 3; i++) {
        struct command *command = agent_command(house, id, verbs[i], 0, tokens[i]);
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_UNAUTHENTICATED);
    }
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_int_equal(escalation.holder.kind, PERSON_NONE);
    sign_in(house, phone, house->jean); /* his again: it is he who presses */
    struct command *command = agent_command(house, id, VERB_ACCEPT, 0, sent.accept);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
}

/* What waits to be sent is not sent to the next owner, also over a crash. */
static void push_in_flight(struct house *house, bool crash)
{
    int64_t phone = only_shared_phone(house);
    sign_in(house, phone, house->jean);
    house->send_status = STATUS_FULL;
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(house->sent_count, 0);
    sign_in(house, phone, house->paul);
    if (crash) {
        house_close(house);
        house_open(house);
    }
    house->send_status = STATUS_OK;
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(house_number(house, "SELECT count(*) FROM attempt JOIN agent ON "
                                         "agent_id = person_id WHERE slug = 'jean' AND "
                                         "reason = 'signed_out'"),
                     1);
    for (size_t i = 0; i < house->sent_count; i++) {
        assert_string_not_equal(house->sent[i].person, "jean");
    }
}

static void test_push_in_flight__does_not_reach_the_next(void **state)
{
    push_in_flight(*state, false);
}

static void test_push_in_flight__does_not_reach_the_next_after_a_crash(void **state)
{
    push_in_flight(*state, true);
}

static void test_pin__wrong_ones_cost_a_wait_that_a_restart_keeps(void **state)
{
    struct house *house = *state;
    int64_t phone = only_shared_phone(house);
    for (int i = 1; i <= PIN_TRIES; i++) {
        struct command *wrong = enter_pin(house, phone, house->jean, false);
        assert_int_equal(wrong->answer.status, STATUS_FORBIDDEN);
        assert_string_equal(wrong->answer.error.pointer, "/pin");
        assert_int_equal(wrong->answer.retry_after_s, i < PIN_TRIES ? 0 : 60);
    }
    house_settle(house);
    assert_string_equal(house->alarm, "phone.wrong_pins");
    house_close(house);
    house_open(house);
    struct command *command = enter_pin(house, phone, house->jean, true);
    assert_int_equal(command->answer.status, STATUS_TOO_OFTEN);
    assert_in_range(command->answer.retry_after_s, 1, 60);
    assert_int_equal(enter_pin(house, phone, house->paul, true)->answer.status, STATUS_OK);
    house_advance(house, PIN_WAIT_MS);
    assert_int_equal(enter_pin(house, phone, house->jean, false)->answer.retry_after_s, 120);
    house_advance(house, 2 * PIN_WAIT_MS);
    assert_int_equal(enter_pin(house, phone, house->jean, true)->answer.status, STATUS_OK);
    struct command *wrong = enter_pin(house, phone, house->jean, false); /* counted anew */
    assert_int_equal(wrong->answer.retry_after_s, 0);
    assert_non_null(strstr(wrong->answer.body, "\"tries_left\":4"));
}

static void test_pin__a_new_one_ends_the_wait(void **state)
{
    struct house *house = *state;
    int64_t phone = only_shared_phone(house);
    for (int i = 0; i < PIN_TRIES; i++) {
        (void)enter_pin(house, phone, house->jean, false);
    }
    set_pin(house, house->jean);
    assert_int_equal(enter_pin(house, phone, house->jean, true)->answer.status, STATUS_OK);
}

/* Compared with one that is not the agent's any more: neither a success nor a try. */
static void test_pin__changed_while_it_was_compared(void **state)
{
    struct house *house = *state;
    int64_t phone = only_shared_phone(house);
    struct command *command = house_command(house, COMMAND_SIGN_IN);
    command->request.sign_in = (struct sign_in_request){
        .phone_id = phone, .agent_id = house->jean, .salt = {{9}}, .matches = true};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
    struct command *clear = house_command(house, COMMAND_PUT_PIN);
    clear->request.pin = (struct pin_request){.agent_id = house->jean, .clear = true};
    house_run(house, clear);
    assert_int_equal(clear->answer.status, STATUS_OK);
    assert_int_equal(enter_pin(house, phone, house->jean, true)->answer.status, STATUS_CONFLICT);
    assert_int_equal(house_number(house, "SELECT count(*) FROM pin_failure"), 0);
    clear = house_command(house, COMMAND_PUT_PIN);
    clear->request.pin = (struct pin_request){.agent_id = 4711, .clear = true};
    house_run(house, clear);
    assert_int_equal(clear->answer.status, STATUS_NOT_FOUND);
}

static void test_pin__which_can_be_one(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "123",  "1234567890123", "12a4",   "0000",
                                      "1234", "9876", "-123",          "4444444"};
    static const char *const good[] = {"2580", "1357", "9630", "123456789012", "1123"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_non_null(pin_fault(bad[i]));
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(pin_fault(good[i]));
    }
    assert_int_equal(pin_wait_ms(PIN_TRIES - 1), 0);
    assert_int_equal(pin_wait_ms(PIN_TRIES + 2), 4 * PIN_WAIT_MS);
    assert_int_equal(pin_wait_ms(PIN_TRIES + 6), PIN_WAIT_MS_MAX);
    assert_int_equal(pin_wait_ms(INT64_MAX), PIN_WAIT_MS_MAX);
}

static void test_owner__who_may_not_be_one(void **state)
{
    struct house *house = *state;
    int64_t phone = only_shared_phone(house);
    put_agent(house, "marie", "+33600000004", true);
    set_pin(house, agent_id(house, "marie"));
    assert_int_equal(enter_pin(house, phone, agent_id(house, "marie"), true)->answer.status,
                     STATUS_NOT_FOUND);
    put_agent(house, "paul", "+33600000002", false);
    assert_int_equal(enter_pin(house, phone, house->paul, true)->answer.status, STATUS_NOT_FOUND);
    assert_int_equal(enter_pin(house, 4711, house->jean, true)->answer.status, STATUS_NOT_FOUND);
    int64_t unregistered = enrol_shared_phone(house);
    assert_int_equal(enter_pin(house, unregistered, house->jean, true)->answer.status,
                     STATUS_CONFLICT);
}

/* Its token speaks for whoever is signed in, and for nobody when nobody is. */
static void test_token__is_the_owner_s(void **state)
{
    struct house *house = *state;
    static const char *const agents[] = {"jean"};
    char code[64], token[128];
    set_pin(house, house->jean);
    struct command *added = house_command(house, COMMAND_ADD_SHARED_PHONE);
    added->request.shared_phone =
        (struct shared_phone_request){.name = "Garde", .agents = agents, .agents_count = 1};
    house_run(house, added);
    answered_text(added, "code", code, sizeof code);
    struct command *used = house_command(house, COMMAND_USE_ENROLMENT);
    used->request.enrolment.code = code;
    house_run(house, used);
    answered_text(used, "token", token, sizeof token);
    struct command *again = house_command(house, COMMAND_USE_ENROLMENT);
    again->request.enrolment.code = code;
    house_run(house, again);
    assert_int_equal(again->answer.status, STATUS_NOT_FOUND);

    struct principal principal;
    assert_int_equal(directory_authenticate(house->engine->current, token, &principal), STATUS_OK);
    assert_int_equal(principal.role, ROLE_AGENT);
    assert_int_equal(principal.agent_id, 0);
    int64_t phone = principal.phone_id;
    assert_true(phone > 0);
    house_run(house, shared_phone_command(house, COMMAND_PUT_DEVICE, phone));
    sign_in(house, phone, house->jean);
    assert_int_equal(directory_authenticate(house->engine->current, token, &principal), STATUS_OK);
    assert_int_equal(principal.agent_id, house->jean);
    token[strlen(token) - 2] = token[strlen(token) - 2] == 'A' ? 'B' : 'A';
    assert_int_equal(directory_authenticate(house->engine->current, token, &principal),
                     STATUS_UNAUTHENTICATED);
    answered_text(used, "token", token, sizeof token);
    house_run(house, shared_phone_command(house, COMMAND_REVOKE_SHARED_PHONE, phone));
    assert_int_equal(directory_authenticate(house->engine->current, token, &principal),
                     STATUS_UNAUTHENTICATED);
    assert_int_equal(live_devices(house, "jean"), 0);
}

/* A code is as good as an agent's: for a day. */
static void test_code__is_too_old(void **state)
{
    struct house *house = *state;
    static const char *const agents[] = {"jean"};
    char code[64];
    struct command *added = house_command(house, COMMAND_ADD_SHARED_PHONE);
    added->request.shared_phone =
        (struct shared_phone_request){.name = "Garde", .agents = agents, .agents_count = 1};
    house_run(house, added);
    answered_text(added, "code", code, sizeof code);
    house_advance(house, CODE_LIFE_MS + 1);
    struct command *used = house_command(house, COMMAND_USE_ENROLMENT);
    used->request.enrolment.code = code;
    house_run(house, used);
    assert_int_equal(used->answer.status, STATUS_NOT_FOUND);
}

static void test_add__what_is_refused(void **state)
{
    struct house *house = *state;
    static const char *const agents[] = {"jean", "nobody"};
    struct command *command = house_command(house, COMMAND_ADD_SHARED_PHONE);
    command->request.shared_phone =
        (struct shared_phone_request){.name = "Garde", .agents = agents, .agents_count = 2};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_INVALID);
    assert_string_equal(command->answer.error.pointer, "/shared_by/1");
    command = house_command(house, COMMAND_ADD_SHARED_PHONE);
    command->customer_id = 4711;
    command->request.shared_phone =
        (struct shared_phone_request){.name = "Garde", .agents = agents, .agents_count = 1};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
}

/* One phone, whoever's app says it: the target goes for a shared phone's registration, too. */
static void test_target__of_a_shared_phone(void **state)
{
    struct house *house = *state;
    int64_t phone = only_shared_phone(house), other,
            zoe = put_other_customer(house, "other", &other);
    sign_in(house, phone, house->jean);
    struct command *command = register_phone(house, other, zoe, "s-1", "token");
    assert_int_equal(command->answer.status, STATUS_OK);
    (void)register_phone(house, other, zoe, "s-1", "new");
    assert_int_equal(house_number(house, "SELECT count(*) FROM device WHERE target = 'new' AND "
                                         "retired_at IS NULL"),
                     2);
    assert_int_equal(house_number(house, "SELECT count(*) FROM shared_phone WHERE target = 'new'"),
                     1);
    command = shared_phone_command(house, COMMAND_PUT_DEVICE, phone);
    command->request.device.target = "newer";
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_int_equal(house_number(house, "SELECT count(*) FROM device WHERE target = 'newer' AND "
                                         "retired_at IS NULL"),
                     2);
    /* Not by an agent of the same customer, whose own it would be. */
    command = register_phone(house, house->customer_id, house->paul, "s-1", "newer");
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
    house_advance(house, 10);
    (void)house_escalate(house, SEVERITY_MAJOR);
    const struct sent *sent = &house->sent[house->sent_count - 1];
    report_gone(house, sent, WALL_NEVER);
    house_settle(house);
    assert_int_equal(house_number(house, "SELECT count(*) FROM shared_phone WHERE target IS NULL"),
                     1);
    assert_int_equal(enter_pin(house, phone, house->paul, true)->answer.status, STATUS_CONFLICT);
}

/* Nor does its owner of the moment, by their own enrolment, take it along to another target. */
static void test_target__is_not_the_owner_s_to_change(void **state)
{
    struct house *house = *state;
    int64_t phone = only_shared_phone(house);
    sign_in(house, phone, house->jean);
    struct command *command =
        register_phone(house, house->customer_id, house->jean, "s-1", "elsewhere");
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
    assert_int_equal(
        house_number(house, "SELECT count(*) FROM shared_phone WHERE target = 'token'"), 1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM device WHERE target = 'elsewhere'"),
                     0);
    /* Nor do they log it out: it would say that they are signed in, and get no push. */
    command = house_command(house, COMMAND_DELETE_DEVICE);
    command->request.device =
        (struct device_request){.agent_id = house->jean, .installation = "s-1"};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
    assert_non_null(strstr(command->answer.error.text, "sign out on it"));
    assert_int_equal(live_devices(house, "jean"), 1);
}

/* The app anew on the same phone, or another phone under the same enrolment. */
static void test_registered_anew__signs_whoever_had_it_out(void **state)
{
    struct house *house = *state;
    int64_t phone = only_shared_phone(house);
    sign_in(house, phone, house->jean);
    struct command *command = shared_phone_command(house, COMMAND_PUT_DEVICE, phone);
    command->request.device.installation = "s-2";
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_int_equal(live_devices(house, "jean"), 0);
    int64_t second = enrol_shared_phone(house); /* the same phone, enrolled again */
    command = shared_phone_command(house, COMMAND_PUT_DEVICE, second);
    command->request.device.installation = "s-2";
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_int_equal(enter_pin(house, phone, house->jean, true)->answer.status, STATUS_CONFLICT);
    assert_int_equal(enter_pin(house, second, house->jean, true)->answer.status, STATUS_OK);
    command = shared_phone_command(house, COMMAND_DELETE_DEVICE, second);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND); /* it is s-2 */
    command = shared_phone_command(house, COMMAND_DELETE_DEVICE, second);
    command->request.device.installation = "s-2";
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_int_equal(house_number(house, "SELECT count(*) FROM shared_phone_turn WHERE "
                                         "ended_by IN ('registered_anew', 'logged_out')"),
                     2);
}

/* An agent signed in on two phones of the same name: leaving one leaves them the other. */
static void test_sign_out__of_one_of_two(void **state)
{
    struct house *house = *state;
    int64_t first = only_shared_phone(house), second = enrol_shared_phone(house);
    sign_in(house, first, house->jean);
    struct command *command = shared_phone_command(house, COMMAND_PUT_DEVICE, second);
    command->request.device.target = "second";
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    sign_in(house, second, house->jean);
    house_run(house, shared_phone_command(house, COMMAND_SIGN_OUT, first));
    assert_int_equal(live_devices(house, "jean"), 1);
    house_run(house, shared_phone_command(house, COMMAND_SIGN_OUT, second));
    assert_int_equal(live_devices(house, "jean"), 0);
}

/* What an enrolment keeps for itself stays its own when another one brings the new target. */
static void test_target__keys_of_its_own_stay(void **state)
{
    struct house *house = *state;
    int64_t phone = only_shared_phone(house), other,
            zoe = put_other_customer(house, "other", &other);
    static const char *const keys[] = {"own", NULL};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct command *command = shared_phone_command(house, COMMAND_PUT_DEVICE, phone);
        command->request.device.public_key = keys[i];
        command->request.device.auth_secret = keys[i];
        house_run(house, command);
        (void)register_phone(house, other, zoe, "s-1", "token"); /* without any */
        command = house_command(house, COMMAND_PUT_DEVICE);
        command->customer_id = other;
        command->request.device = (struct device_request){.agent_id = zoe,
                                                          .installation = "s-1",
                                                          .platform = PLATFORM_FCM,
                                                          .target = "new",
                                                          .public_key = "theirs",
                                                          .auth_secret = "theirs",
                                                          .battery_percent = -1};
        house_run(house, command);
        assert_int_equal(
            house_number(house, keys[i] != NULL
                                    ? "SELECT count(*) FROM shared_phone WHERE target = 'new' "
                                      "AND public_key = 'own' AND auth_secret = 'own'"
                                    : "SELECT count(*) FROM shared_phone WHERE target = 'new' "
                                      "AND public_key = 'theirs' AND auth_secret = 'theirs'"),
            1);
    }
}

/* So many phones an agent has, those of their own counted, and a customer shares. */
static void test_limits(void **state)
{
    struct house *house = *state;
    int64_t phone = only_shared_phone(house);
    char installation[16], target[16];
    for (int i = 0; i < DEVICES_OF_PERSON_MAX; i++) {
        (void)snprintf(installation, sizeof installation, "own-%d", i);
        (void)snprintf(target, sizeof target, "target-%d", i);
        assert_int_equal(
            register_phone(house, house->customer_id, house->jean, installation, target)
                ->answer.status,
            STATUS_OK);
    }
    struct command *command = enter_pin(house, phone, house->jean, true);
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
    assert_non_null(strstr(command->answer.error.text, "log one out first"));
    command = house_command(house, COMMAND_DELETE_DEVICE);
    command->request.device =
        (struct device_request){.agent_id = house->jean, .installation = "own-0"};
    house_run(house, command);
    sign_in(house, phone, house->jean);

    static const char *const agents[] = {"jean"};
    for (int i = 1; i <= SHARED_PHONES_MAX; i++) { /* there is one already */
        command = house_command(house, COMMAND_ADD_SHARED_PHONE);
        command->request.shared_phone =
            (struct shared_phone_request){.name = "Garde", .agents = agents, .agents_count = 1};
        house_run(house, command);
        assert_int_equal(command->answer.status,
                         i < SHARED_PHONES_MAX ? STATUS_OK : STATUS_CONFLICT);
    }
    assert_non_null(strstr(command->answer.error.text, "revoke one"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_sign_in__gives_it_to_whoever_came_last),
        HOUSE_TEST(test_sign_out__leaves_it_to_nobody),
        HOUSE_TEST(test_former_owner__is_not_spoken_for),
        HOUSE_TEST(test_push_in_flight__does_not_reach_the_next),
        HOUSE_TEST(test_push_in_flight__does_not_reach_the_next_after_a_crash),
        HOUSE_TEST(test_pin__wrong_ones_cost_a_wait_that_a_restart_keeps),
        HOUSE_TEST(test_pin__a_new_one_ends_the_wait),
        HOUSE_TEST(test_pin__changed_while_it_was_compared),
        cmocka_unit_test(test_pin__which_can_be_one),
        HOUSE_TEST(test_owner__who_may_not_be_one),
        HOUSE_TEST(test_token__is_the_owner_s),
        HOUSE_TEST(test_code__is_too_old),
        HOUSE_TEST(test_add__what_is_refused),
        HOUSE_TEST(test_target__of_a_shared_phone),
        HOUSE_TEST(test_target__is_not_the_owner_s_to_change),
        HOUSE_TEST(test_registered_anew__signs_whoever_had_it_out),
        HOUSE_TEST(test_sign_out__of_one_of_two),
        HOUSE_TEST(test_target__keys_of_its_own_stay),
        HOUSE_TEST(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
