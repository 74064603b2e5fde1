/* test_watchdog.c - what stands still is seen, told without the writer, and told apart from what is
 * only much. */
#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

static int open_watchdog(void **state)
{
    int failed = house_setup(state);
    struct house *house = *state;
    watchdog_open(house->engine);
    watchdog_look(house->engine);
    house_settle(house);
    return failed;
}

static int close_watchdog(void **state)
{
    struct house *house = *state;
    watchdog_close(house->engine);
    return house_teardown(state);
}

#define WATCHDOG_TEST(name) cmocka_unit_test_setup_teardown(name, open_watchdog, close_watchdog)

static struct engine_statistics look(struct house *house)
{
    struct engine_statistics statistics;
    watchdog_look(house->engine);
    engine_statistics(house->engine, &statistics);
    return statistics;
}

/* Time passes under the eyes of the watchdog. */
static struct engine_statistics look_for(struct house *house, int64_t ms)
{
    for (; ms > 250; ms -= 250) {
        house_advance(house, 250);
        watchdog_look(house->engine);
    }
    house_advance(house, ms);
    return look(house);
}

static void look_while_stuck(struct house *house)
{
    size_t alarms = house->alarms;
    assert_false(look_for(house, 1500).writer_stuck);
    assert_int_equal(house->alarms, alarms);
    house_advance(house, 1);
    assert_true(look(house).writer_stuck);
    assert_int_equal(house->alarms, alarms + 1); /* told while the writer hangs */
    assert_string_equal(house->alarm, "engine.writer_stuck");
    (void)look(house);
    assert_int_equal(house->alarms, alarms + 1); /* once a minute */
}

static void test_watchdog__a_stuck_writer_is_told_without_it(void **state)
{
    struct house *house = *state;
    house->at_send = look_while_stuck;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house->at_send = NULL;
    assert_int_equal(house->alarms, 1);
    house_settle(house);
    struct engine_statistics statistics = look(house);
    assert_false(statistics.writer_stuck);
    assert_int_equal(statistics.commands[COMMAND_ALARM], 1); /* recorded afterwards */
}

/* A suspend in the middle of a turn: nothing hung but the machine. */
static void look_after_a_sleep(struct house *house)
{
    size_t alarms = house->alarms;
    house_advance(house, 30000);
    assert_false(look(house).writer_stuck);
    assert_false(look_for(house, 1499).writer_stuck);
    assert_int_equal(house->alarms, alarms);
    assert_true(look_for(house, 1).writer_stuck);
}

static void test_watchdog__a_machine_that_slept_is_not_stuck(void **state)
{
    struct house *house = *state;
    house->at_send = look_after_a_sleep;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house->at_send = NULL;
    assert_int_equal(house->alarms, 1);
}

static void test_watchdog__an_idle_writer_is_not_stuck(void **state)
{
    struct house *house = *state;
    house_advance(house, 3600000);
    assert_false(look(house).writer_stuck);
    assert_int_equal(house->alarms, 0);
}

static void test_watchdog__an_overdue_row_is_told(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_advance(house, 61500);
    assert_int_equal(look(house).overdue_ms, 1500);
    assert_int_equal(house->alarms, 0);
    house_advance(house, 1);
    assert_int_equal(look(house).overdue_ms, 1501);
    assert_int_equal(house->alarms, 1);
    assert_string_equal(house->alarm, "engine.overdue");
    house_settle(house);
    struct engine_statistics statistics = look(house);
    assert_int_equal(statistics.overdue_ms, 0);
    assert_int_equal(statistics.open_escalations, 1);
}

static void test_watchdog__overdue_without_progress_is_a_stall(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_advance(house, 61501);
    assert_false(look(house).deadlines_stalled);
    assert_false(look_for(house, 5000).deadlines_stalled);
    house_advance(house, 1);
    assert_true(look(house).deadlines_stalled);
    house_settle(house);
    assert_false(look(house).deadlines_stalled);
}

/* What was overdue when the machine fell asleep had no chance to be met meanwhile. */
static void test_watchdog__overdue_in_a_sleep_is_no_stall(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_advance(house, 61501);
    assert_false(look(house).deadlines_stalled);
    assert_false(look_for(house, 250).deadlines_stalled);
    house_advance(house, 30000);
    assert_false(look(house).deadlines_stalled);
    assert_false(look_for(house, 5000).deadlines_stalled);
    assert_true(look_for(house, 1).deadlines_stalled);
}

static void test_watchdog__much_to_catch_up_with_is_no_stall(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 400; i++) {
        (void)house_escalate(house, SEVERITY_MAJOR);
    }
    house_accept_all(house, 0);
    house_advance(house, 3600000);
    for (int turn = 0; turn < 3; turn++) {
        struct engine_statistics statistics = look(house);
        assert_true(statistics.overdue_ms > 3000000);
        assert_false(statistics.deadlines_stalled);
        (void)engine_turn(house->engine);
        house_advance(house, 4000);
    }
    assert_string_equal(house->alarm, "engine.overdue");
}

static void test_probe__goes_through_the_writer_and_comes_back(void **state)
{
    struct house *house = *state;
    assert_int_equal(look(house).proven_age_ms, 0);
    house_advance(house, 1000);
    assert_int_equal(look(house).proven_age_ms, 1000); /* posts the next */
    house_advance(house, 3000);
    struct engine_statistics statistics = look(house); /* the writer does not turn */
    assert_int_equal(statistics.answered_age_ms, 4000);
    assert_int_equal(statistics.proven_age_ms, 4000);
    assert_int_equal(statistics.watched_age_ms, 0);
    house_settle(house);
    statistics = look(house);
    assert_int_equal(statistics.answered_age_ms, 3000);
    assert_int_equal(statistics.proven_age_ms, 3000);
}

/* Answered, but with nothing to show for it: the row that was read back is an old one. */
static void test_probe__without_a_commit_proves_nothing(void **state)
{
    struct house *house = *state;
    struct watchdog *watchdog = &house->engine->watchdog;
    house_advance(house, 1000);
    (void)look(house);
    struct command *probe = queue_pop(house->engine->lanes[LANE_ADMINISTRATION]);
    assert_ptr_equal(probe, &watchdog->probe);
    probe->answer.status = STATUS_OK;
    probe->complete(probe);
    struct engine_statistics statistics = look(house);
    assert_int_equal(statistics.answered_age_ms, 0);
    assert_int_equal(statistics.proven_age_ms, 1000);
}

static void test_probe__refused_by_a_full_disk_is_answered(void **state)
{
    struct house *house = *state;
    house_advance(house, 1000);
    (void)look(house);
    struct command *probe = queue_pop(house->engine->lanes[LANE_ADMINISTRATION]);
    probe->answer.status = STATUS_DISK_FULL;
    probe->complete(probe);
    struct engine_statistics statistics = look(house);
    assert_int_equal(statistics.answered_age_ms, 0);
    assert_int_equal(statistics.proven_age_ms, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCHDOG_TEST(test_watchdog__a_stuck_writer_is_told_without_it),
        WATCHDOG_TEST(test_watchdog__a_machine_that_slept_is_not_stuck),
        WATCHDOG_TEST(test_watchdog__an_idle_writer_is_not_stuck),
        WATCHDOG_TEST(test_watchdog__an_overdue_row_is_told),
        WATCHDOG_TEST(test_watchdog__overdue_without_progress_is_a_stall),
        WATCHDOG_TEST(test_watchdog__overdue_in_a_sleep_is_no_stall),
        WATCHDOG_TEST(test_watchdog__much_to_catch_up_with_is_no_stall),
        WATCHDOG_TEST(test_probe__goes_through_the_writer_and_comes_back),
        WATCHDOG_TEST(test_probe__without_a_commit_proves_nothing),
        WATCHDOG_TEST(test_probe__refused_by_a_full_disk_is_answered),
    };
    return cmocka_run_group_tests_name("engine.watchdog", tests, NULL, NULL);
}
