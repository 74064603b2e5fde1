/* test_statistics.c - what the metrics say of a few minutes' work. */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

static struct engine_statistics look(struct house *house)
{
    struct engine_statistics statistics;
    memset(&statistics, 0xff, sizeof statistics);
    engine_statistics(house->engine, &statistics);
    return statistics;
}

static void test_statistics__of_an_idle_engine(void **state)
{
    struct house *house = *state;
    struct engine_statistics idle = look(house);
    assert_int_equal(idle.now.ms, engine_now(house->engine).ms);
    assert_int_equal(idle.escalations_opened, 0);
    assert_int_equal(idle.attempts_sent, 0);
    assert_int_equal(idle.deadlines_fired, 0);
    assert_int_equal(idle.commands_failed, 0);
    assert_int_equal(idle.credits_push_used, 0);
    assert_int_equal(idle.credits_callback_used, 0);
    assert_int_equal(idle.calls_used, 0);
    assert_int_equal(idle.overdue_ms, 0);
    for (int lane = 0; lane < LANES_COUNT; lane++) {
        assert_int_equal(idle.lane_length[lane], 0);
    }
    assert_true(idle.ready);
    assert_null(idle.not_ready_why);
    assert_false(idle.disk_full);
    assert_int_equal(idle.reserve_bytes, house->reserve_bytes);
    house_advance(house, 1234);
    assert_int_equal(look(house).now.ms, idle.now.ms + 1234);
}

/* A step by push, one by push to somebody else, then a call to the call centre. */
static void test_statistics__count_a_procedure(void **state)
{
    struct house *house = *state;
    struct engine_statistics before = look(house);
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    struct engine_statistics opened = look(house);
    assert_int_equal(opened.escalations_opened, 1);
    assert_int_equal(opened.commands[COMMAND_ESCALATE] - before.commands[COMMAND_ESCALATE], 1);
    assert_true(opened.commits > before.commits);
    assert_int_equal(opened.attempts_sent, 1);
    assert_int_equal(opened.credits_push_used, 1);

    house_accept_all(house, 0);
    struct engine_statistics accepted = look(house);
    assert_int_equal(accepted.credits_push_used, 0);
    assert_int_equal(accepted.commands[COMMAND_TRANSPORT_OUTCOME], 1);

    house_advance(house, 60004);
    house_settle(house);
    struct engine_statistics later = look(house);
    assert_int_equal(later.deadlines_fired, 1);
    assert_int_equal(later.lateness_buckets[1], 1); /* up to 5 ms late */
    assert_int_equal(later.lateness_ms_max, 4);
    assert_int_equal(later.attempts_sent, 2);

    house_advance(house, 60001); /* a step waits from when it began */
    house_settle(house);
    struct engine_statistics exhausted = look(house);
    assert_int_equal(exhausted.deadlines_fired, 2);
    assert_int_equal(exhausted.lateness_buckets[0], 1);
    assert_int_equal(exhausted.lateness_ms_max, 4);
    assert_int_equal(exhausted.credits_callback_used, 1);

    struct command *refused = agent_command(house, id, VERB_ACCEPT, 0, "xt_forged");
    house_run(house, refused);
    assert_int_equal(look(house).commands_failed, exhausted.commands_failed + 1);
    assert_int_equal(look(house).escalations_opened, 1);
}

/* What the engine does by itself is counted too, each by its kind. */
static void test_statistics__count_the_engines_own_work(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    struct engine_statistics before = look(house);
    put_device(house, house->jean, "jean-2", PLATFORM_FCM); /* both hear of it */
    house_settle(house);
    struct engine_statistics changed = look(house);
    assert_int_equal(
        changed.commands[COMMAND_CONTEXT_CHANGED] - before.commands[COMMAND_CONTEXT_CHANGED], 2);
    house->wall.ms += 3600000; /* and of the wall's step */
    house_advance(house, 1000);
    house_settle(house);
    struct engine_statistics moved = look(house);
    assert_int_equal(moved.commands[COMMAND_CLOCK_MOVED], 2);
    assert_int_equal(moved.commands[COMMAND_DEADLINE], 0);
    house_advance(house, 60001);
    house_settle(house);
    assert_int_equal(look(house).commands[COMMAND_DEADLINE], 2);
    assert_int_equal(look(house).commands_failed, before.commands_failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_statistics__of_an_idle_engine),
        HOUSE_TEST(test_statistics__count_a_procedure),
        HOUSE_TEST(test_statistics__count_the_engines_own_work),
    };
    return cmocka_run_group_tests_name("engine.statistics", tests, NULL, NULL);
}
