/* test_standing.c - pauses, when phones were heard of, and who holds an escalation. */
#include "gateway/store/store_standing.h"

#include <string.h>

#include "gateway/store/store_team.h"
#include "tests/unit/store/fixture.h"

static int64_t put_agent(struct shelf *shelf, const char *slug)
{
    const struct person_row row = {.customer_id = shelf->customer_id,
                                   .slug = slug,
                                   .name = slug,
                                   .phone = "",
                                   .language = "fr",
                                   .active = true};
    int64_t id = 0;
    assert_ok(shelf, store_put_person(shelf->store, PERSON_AGENT, &row, &id, &shelf->error));
    return id;
}

static void pause_until(struct shelf *shelf, int64_t agent_id, int64_t until_ms, const char *reason)
{
    const struct pause_row row = {.customer_id = shelf->customer_id,
                                  .agent_id = agent_id,
                                  .since_at = {100},
                                  .until_at = {100 + until_ms},
                                  .until_engine = {until_ms},
                                  .reason = reason,
                                  .operator_name = "Lucie"};
    assert_ok(shelf, store_put_pause(shelf->store, &row, &shelf->error));
}

static void test_pause__takes_the_place_of_the_earlier(void **state)
{
    struct shelf *shelf = *state;
    struct pause_row *rows, row;
    size_t count = 0;
    int64_t paul = put_agent(shelf, "paul"), marie = put_agent(shelf, "marie");
    pause_until(shelf, marie, 7, NULL);
    pause_until(shelf, paul, 8, "lift");
    pause_until(shelf, paul, 9, "cellar");
    assert_ok(shelf, store_list_pauses(shelf->store, shelf->customer_id, shelf->arena, &rows,
                                       &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].agent_id, paul);
    assert_int_equal(rows[0].since_at.ms, 100);
    assert_int_equal(rows[0].until_at.ms, 109);
    assert_int_equal(rows[0].until_engine.ms, 9);
    assert_string_equal(rows[0].reason, "cellar");
    assert_string_equal(rows[0].operator_name, "Lucie");
    assert_null(rows[1].reason);
    assert_ok(shelf, store_forget_pauses(shelf->store, (struct engine_time){7}, &shelf->error));
    assert_int_equal(
        store_get_pause(shelf->store, shelf->customer_id, marie, shelf->arena, &row, &shelf->error),
        STATUS_NOT_FOUND);
    assert_ok(shelf, store_get_pause(shelf->store, shelf->customer_id, paul, shelf->arena, &row,
                                     &shelf->error));
    assert_string_equal(row.reason, "cellar");
    assert_ok(shelf, store_delete_pause(shelf->store, shelf->customer_id, paul, &shelf->error));
    assert_int_equal(store_delete_pause(shelf->store, shelf->customer_id, paul, &shelf->error),
                     STATUS_NOT_FOUND);
}

static int64_t add_device(struct shelf *shelf, int64_t agent_id, const char *installation,
                          const char *permission)
{
    const struct device_row row = {.customer_id = shelf->customer_id,
                                   .agent_id = agent_id,
                                   .installation = installation,
                                   .platform = PLATFORM_FCM,
                                   .target = installation,
                                   .permission = permission,
                                   .registered_at = {100},
                                   .proven_at = WALL_NEVER,
                                   .retired_at = WALL_NEVER};
    int64_t id = 0;
    assert_ok(shelf, store_put_device(shelf->store, &row, &id, &shelf->error));
    return id;
}

static void test_heard__of_phones_that_show_something(void **state)
{
    struct shelf *shelf = *state;
    struct device_heard_row rows[2];
    size_t count = 0;
    int64_t paul = put_agent(shelf, "paul"), marie = put_agent(shelf, "marie");
    int64_t first = add_device(shelf, paul, "one", NULL), gone = add_device(shelf, paul, "two", "");
    (void)add_device(shelf, paul, "three", "denied");
    (void)add_device(shelf, marie, "four", "granted");
    int64_t last = add_device(shelf, paul, "five", "granted");
    assert_ok(shelf,
              store_retire_device(shelf->store, shelf->customer_id, gone, "gone",
                                  (struct wall_time){200}, (struct wall_time){200}, &shelf->error));
    assert_ok(shelf, store_prove_device(shelf->store, shelf->customer_id, first,
                                        (struct wall_time){300}, &shelf->error));
    assert_ok(shelf, store_hear_device(shelf->store, shelf->customer_id, last,
                                       (struct wall_time){400}, &shelf->error));
    assert_ok(shelf, store_list_heard(shelf->store, shelf->customer_id, paul, 2, rows, &count,
                                      &shelf->error));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].registered_at.ms, 100);
    assert_int_equal(rows[0].proven_at.ms, 300);
    assert_int_equal(rows[0].heard_at.ms, TIME_NEVER_MS);
    assert_int_equal(rows[1].heard_at.ms, 400);
    assert_ok(shelf, store_list_heard(shelf->store, shelf->customer_id, paul, 1, rows, &count,
                                      &shelf->error));
    assert_int_equal(count, 1);
}

static bool is_busy(struct shelf *shelf, int64_t agent, struct uuid except)
{
    bool busy = false;
    assert_ok(shelf,
              store_is_busy(shelf->store, shelf->customer_id, agent, except, &busy, &shelf->error));
    return busy;
}

static struct escalation add_nth(struct shelf *shelf, unsigned n)
{
    struct escalation escalation = plain_escalation(shelf, n);
    assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    return escalation;
}

/* Of a crowd of open ones only the newest are looked through for members. */
static void test_busy__as_a_member_of_the_newest(void **state)
{
    struct shelf *shelf = *state;
    int64_t paul = put_agent(shelf, "paul"), marie = put_agent(shelf, "marie");
    struct escalation before = add_nth(shelf, 1), after = before;
    after.members[after.members_count++] = (struct member){.kind = PERSON_AGENT,
                                                           .id = paul,
                                                           .since = {100},
                                                           .intervention = INTERVENTION_ON_SITE,
                                                           .eta_at = WALL_NEVER};
    after.version++;
    assert_false(is_busy(shelf, paul, (struct uuid){{0}}));
    assert_ok(shelf, store_update_escalation(shelf->store, &after, &shelf->error));
    assert_ok(shelf, store_write_team(shelf->store, &before, &after, &shelf->error));
    assert_true(is_busy(shelf, paul, (struct uuid){{0}}));
    assert_false(is_busy(shelf, paul, after.id));
    assert_false(is_busy(shelf, marie, (struct uuid){{0}}));
    for (unsigned n = 2; n <= 256; n++) {
        (void)add_nth(shelf, n);
    }
    assert_true(is_busy(shelf, paul, (struct uuid){{0}}));
    (void)add_nth(shelf, 257);
    assert_false(is_busy(shelf, paul, (struct uuid){{0}}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_pause__takes_the_place_of_the_earlier),
        SHELF_TEST(test_heard__of_phones_that_show_something),
        SHELF_TEST(test_busy__as_a_member_of_the_newest),
    };
    return cmocka_run_group_tests_name("store.standing", tests, NULL, NULL);
}
