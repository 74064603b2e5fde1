#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "apns-fcm/latency.h"

static void test_latency__few_answers_are_no_measure(void **state)
{
    struct latency latency = {0};
    (void)state;
    for (int i = 0; i < 19; i++) {
        latency_record(&latency, 3);
    }
    assert_int_equal(latency_quantile_ms(&latency, 990, 500), 500);
    latency_record(&latency, 3);
    assert_int_equal(latency_quantile_ms(&latency, 990, 500), 3);
}

static void test_latency__quantiles_are_rounded_up(void **state)
{
    struct latency latency = {0};
    (void)state;
    for (int i = 0; i < 980; i++) {
        latency_record(&latency, i % 2 == 0 ? 0 : 10);
    }
    for (int i = 0; i < 20; i++) {
        latency_record(&latency, 700);
    }
    assert_int_equal(latency_quantile_ms(&latency, 490, 1), 1);
    assert_in_range(latency_quantile_ms(&latency, 900, 1), 10, 15);
    assert_in_range(latency_quantile_ms(&latency, 990, 1), 700, 1024);
}

static void test_latency__the_past_fades(void **state)
{
    struct latency latency = {0};
    (void)state;
    for (int i = 0; i < 2000; i++) {
        latency_record(&latency, 1000);
    }
    assert_true(latency_quantile_ms(&latency, 500, 1) >= 1000);
    for (int i = 0; i < 8000; i++) {
        latency_record(&latency, 2);
    }
    assert_int_equal(latency_quantile_ms(&latency, 990, 1), 2);
}

static void test_latency__takes_any_time(void **state)
{
    struct latency latency = {0};
    (void)state;
    for (int i = 0; i < 20; i++) {
        latency_record(&latency, i % 2 == 0 ? -5 : INT64_MAX);
    }
    assert_int_equal(latency_quantile_ms(&latency, 500, 7), 1);
    assert_true(latency_quantile_ms(&latency, 1000, 7) > 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_latency__few_answers_are_no_measure),
        cmocka_unit_test(test_latency__quantiles_are_rounded_up),
        cmocka_unit_test(test_latency__the_past_fades),
        cmocka_unit_test(test_latency__takes_any_time),
    };
    return cmocka_run_group_tests_name("latency", tests, NULL, NULL);
}
