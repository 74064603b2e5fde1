#include "gateway/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct wall_time wall(void *context)
{
    return (struct wall_time){*(int64_t *)context};
}

static struct monotonic_time monotonic(void *context)
{
    return (struct monotonic_time){*(int64_t *)context + 1};
}

static void clock__asks_the_source_it_is_given(void **state)
{
    (void)state;
    int64_t now_ms = 41;
    const struct clock_source source = {.wall = wall, .monotonic = monotonic, .context = &now_ms};
    assert_int_equal(clock_wall(&source).ms, 41);
    assert_int_equal(clock_monotonic(&source).ms, 42);
    assert_int_equal(clock_suspended_ms(&source), 0);
}

static void clock_system__goes_forward_from_a_plausible_time(void **state)
{
    (void)state;
    int64_t boot_ms = clock_monotonic(&clock_system).ms;
    int64_t stopwatch_ns = clock_stopwatch_ns();
    assert_true(clock_wall(&clock_system).ms > INT64_C(1700000000000));
    assert_true(clock_monotonic(&clock_system).ms >= boot_ms);
    assert_true(clock_stopwatch_ns() >= stopwatch_ns);
    assert_true(boot_ms > 0);
    assert_true(clock_suspended_ms(&clock_system) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock__asks_the_source_it_is_given),
        cmocka_unit_test(clock_system__goes_forward_from_a_plausible_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
