/* test_time.c - deadlines follow engine time, whatever the wall clock does. */
#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

static void test_deadline__fires_when_due(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_advance(house, 59999);
    house_settle(house);
    assert_int_equal(house->sent_count, 1);
    house_advance(house, 1);
    house_settle(house);
    assert_int_equal(house->sent_count, 2);
    assert_string_equal(house->sent[1].person, "paul");
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    assert_int_equal(statistics.deadlines_fired, 1);
    assert_int_equal(statistics.lateness_ms_max, 0);
    assert_int_equal(statistics.lateness_buckets[0], 1);
}

static int refuse_commit(void *context)
{
    (void)context;
    return 1;
}

/* Met is what was committed: not what was rolled back, and not twice what ran again alone. */
static void test_deadline__is_counted_when_it_is_committed(void **state)
{
    struct house *house = *state;
    struct engine_statistics statistics;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_advance(house, 60003);
    (void)sqlite3_commit_hook(house->engine->store->db, refuse_commit, NULL);
    (void)engine_turn(house->engine); /* together and alone */
    assert_int_equal(house->sent_count, 1);
    engine_statistics(house->engine, &statistics);
    assert_int_equal(statistics.deadlines_fired, 0);
    assert_int_equal(statistics.lateness_ms_max, 0);
    (void)sqlite3_commit_hook(house->engine->store->db, NULL, NULL);
    house_settle(house);
    assert_int_equal(house->sent_count, 2);
    engine_statistics(house->engine, &statistics);
    assert_int_equal(statistics.deadlines_fired, 1);
    assert_int_equal(statistics.lateness_ms_max, 3);
    assert_int_equal(statistics.lateness_buckets[1], 1);
}

/* What operators see of it: as many as were late by so much, up to and with each bound. */
static void test_deadline__is_counted_by_how_late_it_was(void **state)
{
    struct house *house = *state;
    static const int64_t bounds[] = {1, 5, 10, 50, 100, 500, 1000};
    static const size_t count = sizeof bounds / sizeof bounds[0];
    struct engine_statistics before, after;
    for (size_t i = 0; i < 2 * count; i++) {
        int64_t late_ms = bounds[i / 2] + (int64_t)(i % 2);
        size_t bucket = i / 2 + i % 2, first = house->sent_count;
        struct uuid id = house_escalate(house, SEVERITY_MAJOR);
        house_accept_all(house, first);
        engine_statistics(house->engine, &before);
        house_advance(house, 60000 + late_ms);
        house_settle(house);
        engine_statistics(house->engine, &after);
        assert_int_equal(after.deadlines_fired, before.deadlines_fired + 1);
        assert_int_equal(after.lateness_buckets[bucket], before.lateness_buckets[bucket] + 1);
        assert_int_equal(after.lateness_ms_max, late_ms);
        house_run(house, desk_command(house, id, DESK_CANCEL));
    }
}

static void test_turn__says_how_long_to_wait(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_advance(house, 59700);
    assert_int_equal(engine_turn(house->engine), 300);
    house_advance(house, 299);
    assert_int_equal(engine_turn(house->engine), 1);
}

/* The machine's clock is set an hour forwards or back, by a person or by NTP. */
static void step_wall(struct house *house, int64_t step_ms)
{
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_advance(house, 30000);
    house->wall.ms += step_ms;
    house_settle(house);
    house_advance(house, 29999);
    house_settle(house);
    assert_int_equal(house->sent_count, 1);
    house_advance(house, 1);
    house_settle(house);
    assert_int_equal(house->sent_count, 2);
}

static void test_deadline__wall_steps_forwards(void **state)
{
    step_wall(*state, 3600000);
}

static void test_deadline__wall_steps_back(void **state)
{
    step_wall(*state, -3600000);
}

static void test_deadline__severest_first(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_INFO);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    (void)house_escalate(house, SEVERITY_MINOR);
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_advance(house, 61000);
    house_settle(house);
    assert_int_equal(house->sent_count, 8);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(house->sent[4 + i].severity, SEVERITY_CRITICAL - i);
    }
}

static void test_deadline__a_thousand_at_once(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(engine_post(house->engine, escalate_command(house, SEVERITY_MAJOR, NULL)),
                         STATUS_OK);
    }
    house_settle(house);
    assert_int_equal(house->sent_count, 1000);
    house_accept_all(house, 0);
    house_advance(house, 60000);
    house_settle(house);
    assert_int_equal(house->sent_count, 2000);
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    assert_int_equal(statistics.deadlines_fired, 1000);
}

static int64_t reopened_at(struct house *house)
{
    house_close(house);
    house_open(house);
    return engine_now(house->engine).ms;
}

static void test_engine_clock__same_boot_goes_on_by_the_boot_clock(void **state)
{
    struct house *house = *state;
    int64_t before_ms = engine_now(house->engine).ms;
    house->boot.ms += 12345;
    house->wall.ms -= 3600000;
    assert_int_equal(reopened_at(house), before_ms + 12345);
    house->boot.ms += 10;
    house->wall.ms += 7200000;
    assert_int_equal(reopened_at(house), before_ms + 12355);
}

static void test_engine_clock__another_boot_follows_the_wall(void **state)
{
    struct house *house = *state;
    int64_t before_ms = engine_now(house->engine).ms;
    house->boot_id[5] = '2';
    house->boot.ms = 1000;
    house->wall.ms += 90000;
    assert_int_equal(reopened_at(house), house->wall.ms);
    assert_int_equal(engine_now(house->engine).ms, before_ms + 90000);
}

/* A dead clock battery: the machine believes it is years ago. Engine time never runs back. */
static void test_engine_clock__another_boot_with_the_wall_back(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_advance(house, 10000);
    house_settle(house);
    int64_t before_ms = engine_now(house->engine).ms;
    house->boot_id[5] = '2';
    house->boot.ms = 1000;
    house->wall.ms -= INT64_C(1000) * 86400000;
    int64_t after_ms = reopened_at(house);
    assert_true(after_ms <= before_ms && after_ms >= before_ms - 10000);
    /* The wait goes on from where it was saved, 5 s late at most. */
    size_t sent = house->sent_count;
    house_advance(house, 60001);
    house_settle(house);
    assert_true(house->sent_count > sent);
}

static void test_engine_clock__boot_clock_that_restarted_is_not_believed(void **state)
{
    struct house *house = *state;
    int64_t before_ms = engine_now(house->engine).ms;
    house->boot.ms = 7; /* a container that shares the boot id */
    assert_true(reopened_at(house) >= before_ms);
}

static void test_engine_clock__without_a_boot_id(void **state)
{
    struct house *house = *state;
    int64_t before_ms = engine_now(house->engine).ms;
    house->boot_id[0] = '\0';
    house->wall.ms += 5000;
    assert_int_equal(reopened_at(house), before_ms + 5000);
    house->wall.ms += 5000;
    assert_int_equal(reopened_at(house), before_ms + 10000);
}

static void test_engine_clock__is_saved_every_few_seconds(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_advance(house, 40000);
    (void)house_escalate(house, SEVERITY_MAJOR);
    house->boot_id[5] = '2';
    int64_t before_ms = engine_now(house->engine).ms;
    house->wall.ms = 0;
    assert_int_equal(reopened_at(house), before_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_deadline__fires_when_due),
        HOUSE_TEST(test_deadline__is_counted_when_it_is_committed),
        HOUSE_TEST(test_deadline__is_counted_by_how_late_it_was),
        HOUSE_TEST(test_turn__says_how_long_to_wait),
        HOUSE_TEST(test_deadline__wall_steps_forwards),
        HOUSE_TEST(test_deadline__wall_steps_back),
        HOUSE_TEST(test_deadline__severest_first),
        HOUSE_TEST(test_deadline__a_thousand_at_once),
        HOUSE_TEST(test_engine_clock__same_boot_goes_on_by_the_boot_clock),
        HOUSE_TEST(test_engine_clock__another_boot_follows_the_wall),
        HOUSE_TEST(test_engine_clock__another_boot_with_the_wall_back),
        HOUSE_TEST(test_engine_clock__boot_clock_that_restarted_is_not_believed),
        HOUSE_TEST(test_engine_clock__without_a_boot_id),
        HOUSE_TEST(test_engine_clock__is_saved_every_few_seconds),
    };
    return cmocka_run_group_tests_name("engine.time", tests, NULL, NULL);
}
