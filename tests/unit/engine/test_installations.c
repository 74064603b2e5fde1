/* test_installations.c - one phone registered by several enrolments: its target is one for all of
 * them, and nothing else is. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/phones.h"
#include "tests/unit/engine/outcomes.h"

/* How many live registrations have this target. */
static int64_t live_at(struct house *house, const char *target)
{
    char sql[160];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM device WHERE target = '%s' AND retired_at IS NULL",
                   target);
    return house_number(house, sql);
}

static void register_ok(struct house *house, int64_t customer_id, int64_t agent_id,
                        const char *installation, const char *target)
{
    struct command *command = register_phone(house, customer_id, agent_id, installation, target);
    assert_int_equal(command->answer.status, STATUS_OK);
}

static void test_target__is_replaced_for_all(void **state)
{
    struct house *house = *state;
    int64_t other, zoe = put_other_customer(house, "other", &other);
    int64_t third, zoe_there = put_other_customer(house, "third", &third);
    register_ok(house, house->customer_id, house->jean, "i", "old");
    register_ok(house, other, zoe, "i", "old");
    register_ok(house, third, zoe_there, "i", "elsewhere"); /* the app made the same name up */
    register_ok(house, house->customer_id, house->jean, "i", "new");
    assert_int_equal(live_at(house, "old"), 0);
    assert_int_equal(live_at(house, "new"), 2);
    assert_int_equal(live_at(house, "elsewhere"), 1);
    const struct directory *directory = engine_directory_acquire(house->engine);
    const struct directory_device *device =
        &directory_agent(directory_customer(directory, other), zoe)->devices[0];
    assert_string_equal(device->target, "new");
    engine_directory_release(house->engine, directory);
}

/* Keys that are the phone's go along; those that an enrolment made for itself stay. */
static void test_keys__go_with_the_target_when_they_were_the_same(void **state)
{
    struct house *house = *state;
    int64_t other, zoe = put_other_customer(house, "other", &other);
    int64_t third, zoe_there = put_other_customer(house, "third", &third);
    const int64_t customers[] = {house->customer_id, other, third};
    const int64_t agents[] = {house->jean, zoe, zoe_there};
    const char *const keys[] = {"one", "one", "own"};
    for (int i = 0; i < 4; i++) { /* the last is the first again, with another target */
        struct command *command = house_command(house, COMMAND_PUT_DEVICE);
        command->customer_id = customers[i % 3];
        command->request.device = (struct device_request){.agent_id = agents[i % 3],
                                                          .installation = "i",
                                                          .platform = PLATFORM_WEBPUSH,
                                                          .target = i < 3 ? "old" : "new",
                                                          .public_key = i < 3 ? keys[i] : "two",
                                                          .auth_secret = "secret",
                                                          .battery_percent = -1};
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_OK);
    }
    assert_int_equal(live_at(house, "new"), 3);
    assert_int_equal(house_number(house, "SELECT count(*) FROM device WHERE public_key = 'two'"),
                     2);
    assert_int_equal(house_number(house, "SELECT count(*) FROM device WHERE public_key = 'own'"),
                     1);
}

/* What the provider says of jean's escalation's first push. */
static void say_gone(struct house *house, struct wall_time since)
{
    const struct sent *sent = &house->sent[house->sent_count - 1];
    report_gone(house, sent, since);
    house_settle(house);
}

static void test_gone__is_gone_for_all(void **state)
{
    struct house *house = *state;
    int64_t other, zoe = put_other_customer(house, "other", &other);
    register_ok(house, house->customer_id, house->jean, "jean-1", "one");
    register_ok(house, other, zoe, "jean-1", "one");
    register_ok(house, other, zoe, "another", "one");
    house_advance(house, 10);
    (void)house_escalate(house, SEVERITY_MAJOR);
    say_gone(house, WALL_NEVER);
    assert_int_equal(live_at(house, "one"), 1); /* of the other installation */
    assert_int_equal(
        house_number(house, "SELECT count(*) FROM device WHERE retired_reason = 'Unregistered'"),
        2);
}

static void test_gone__for_none_when_one_registered_since(void **state)
{
    struct house *house = *state;
    int64_t other, zoe = put_other_customer(house, "other", &other);
    register_ok(house, house->customer_id, house->jean, "jean-1", "one");
    house_advance(house, 10);
    (void)house_escalate(house, SEVERITY_MAJOR);
    struct wall_time since = house->wall;
    house_advance(house, 10);
    register_ok(house, other, zoe, "jean-1", "one");
    say_gone(house, since);
    assert_int_equal(live_at(house, "one"), 2);
}

static void test_log_out__leaves_the_others(void **state)
{
    struct house *house = *state;
    int64_t other, zoe = put_other_customer(house, "other", &other);
    register_ok(house, house->customer_id, house->jean, "i", "one");
    register_ok(house, other, zoe, "i", "one");
    struct command *command = house_command(house, COMMAND_DELETE_DEVICE);
    command->request.device = (struct device_request){.agent_id = house->jean, .installation = "i"};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_int_equal(live_at(house, "one"), 1);
    /* What is logged out does not come back with a new target. */
    register_ok(house, other, zoe, "i", "two");
    assert_int_equal(live_at(house, "two"), 1);
}

/* In one customer it is one agent's: who registers it last. */
static void test_same_customer__takes_it_over_and_tells_who_is_on_duty(void **state)
{
    struct house *house = *state;
    register_ok(house, house->customer_id, house->jean, "jean-1", "one");
    register_ok(house, house->customer_id, house->paul, "jean-1", "other-phone");
    assert_int_equal(live_at(house, "one"), 1);
    size_t alarms = house->alarms;
    register_ok(house, house->customer_id, house->paul, "jean-1", "one");
    house_settle(house);
    assert_int_equal(live_at(house, "one"), 1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM device JOIN agent USING (agent_id) "
                                         "WHERE slug = 'jean' AND retired_reason = 'taken_over'"),
                     1);
    assert_int_equal(house->alarms, alarms + 1);
    assert_string_equal(house->alarm, "phone.lost_on_duty");
    assert_non_null(strstr(house->alarm_detail, "acme/duty"));
    assert_null(strstr(house->alarm_detail, "jean"));
}

/* A phone that jean has besides is enough, and so is not to be on duty. */
static void test_taken_over__is_no_alarm_where_nothing_is_lost(void **state)
{
    struct house *house = *state;
    register_ok(house, house->customer_id, house->jean, "second", "one");
    register_ok(house, house->customer_id, house->paul, "second", "one");
    register_ok(house, house->customer_id, house->paul, "paul-1", "token");
    register_ok(house, house->customer_id, house->jean, "paul-1", "token");
    assert_string_not_equal(house->alarm, "phone.lost_on_duty");
}

static void test_enrolments__as_many_as_one_phone_may_have(void **state)
{
    struct house *house = *state;
    char slug[16];
    for (int i = 0; i < REGISTRATIONS_OF_PHONE_MAX; i++) {
        int64_t customer;
        (void)snprintf(slug, sizeof slug, "c-%d", i);
        int64_t zoe = put_other_customer(house, slug, &customer);
        register_ok(house, customer, zoe, "i", "one");
        register_ok(house, customer, zoe, "i", "one"); /* again is no more */
    }
    struct command *command = register_phone(house, house->customer_id, house->jean, "i", "one");
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
    assert_non_null(strstr(command->answer.error.text, "8 enrolments"));
    register_ok(house, house->customer_id, house->jean, "i", "two"); /* which is another phone */
}

/* The app tells pushes apart by it: it stays with its registration, and is nobody else's. */
static void test_registration__is_its_own_and_stays(void **state)
{
    struct house *house = *state;
    int64_t other, zoe = put_other_customer(house, "other", &other);
    register_ok(house, house->customer_id, house->jean, "i", "one");
    register_ok(house, other, zoe, "i", "one");
    assert_int_equal(house_number(house, "SELECT count(DISTINCT registration) FROM device "
                                         "WHERE installation = 'i' AND length(registration) = 16"),
                     2);
    const struct directory *directory = engine_directory_acquire(house->engine);
    struct uuid before =
        directory_agent(directory_customer(directory, other), zoe)->devices[0].registration;
    engine_directory_release(house->engine, directory);
    register_ok(house, other, zoe, "i", "two");
    directory = engine_directory_acquire(house->engine);
    const struct directory_device *device =
        &directory_agent(directory_customer(directory, other), zoe)->devices[0];
    assert_true(uuid_equal(device->registration, before));
    engine_directory_release(house->engine, directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_target__is_replaced_for_all),
        HOUSE_TEST(test_keys__go_with_the_target_when_they_were_the_same),
        HOUSE_TEST(test_gone__is_gone_for_all),
        HOUSE_TEST(test_gone__for_none_when_one_registered_since),
        HOUSE_TEST(test_log_out__leaves_the_others),
        HOUSE_TEST(test_same_customer__takes_it_over_and_tells_who_is_on_duty),
        HOUSE_TEST(test_taken_over__is_no_alarm_where_nothing_is_lost),
        HOUSE_TEST(test_enrolments__as_many_as_one_phone_may_have),
        HOUSE_TEST(test_registration__is_its_own_and_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
