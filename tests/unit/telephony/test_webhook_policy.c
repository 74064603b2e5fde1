/* test_webhook_policy.c - what an answer means, and when another try is made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/telephony/telephony_private.h"

static const struct webhook_times times = {
    .try_timeout_ms = 5000, .retry_first_ms = 500, .retry_ms_max = 30000};

static const struct monotonic_time now = {1000000};

static struct monotonic_time in_ms(int64_t wait_ms)
{
    return (struct monotonic_time){now.ms + wait_ms};
}

static void test_judge__every_class_of_answer(void **state)
{
    (void)state;
    static const struct {
        int http_status;
        enum webhook_verdict expected;
    } cases[] = {
        {200, WEBHOOK_TAKEN},    {202, WEBHOOK_TAKEN},      {204, WEBHOOK_TAKEN},
        {301, WEBHOOK_REFUSED},  {307, WEBHOOK_REFUSED},    {400, WEBHOOK_REFUSED},
        {401, WEBHOOK_REFUSED},  {404, WEBHOOK_REFUSED},    {409, WEBHOOK_REFUSED},
        {410, WEBHOOK_REFUSED},  {422, WEBHOOK_REFUSED},    {408, WEBHOOK_NOT_NOW},
        {425, WEBHOOK_NOT_NOW},  {429, WEBHOOK_NOT_NOW},    {500, WEBHOOK_NOT_NOW},
        {503, WEBHOOK_NOT_NOW},  {502, WEBHOOK_UNANSWERED}, {504, WEBHOOK_UNANSWERED},
        {0, WEBHOOK_UNANSWERED}, {100, WEBHOOK_UNANSWERED}, {599, WEBHOOK_NOT_NOW},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(webhook_judge(cases[i].http_status, true), cases[i].expected);
    }
    assert_int_equal(webhook_judge(0, false), WEBHOOK_UNSENT);
}

static void test_endpoint_failure__is_no_answer_or_its_own_error(void **state)
{
    (void)state;
    static const int failures[] = {0, 100, 500, 502, 503, 504, 599};
    static const int answers[] = {200, 204, 302, 400, 401, 404, 408, 410, 422, 425, 429, 499};
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        assert_true(webhook_is_endpoint_failure(failures[i]));
    }
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        assert_false(webhook_is_endpoint_failure(answers[i]));
    }
}

static void test_backoff__doubles_to_the_cap_within_its_jitter(void **state)
{
    (void)state;
    static const int64_t whole_ms[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
    for (unsigned i = 0; i < sizeof whole_ms / sizeof whole_ms[0]; i++) {
        int64_t half_ms = whole_ms[i] / 2;
        assert_int_equal(webhook_backoff_ms(i + 1, &times, 0), half_ms);
        assert_int_equal(webhook_backoff_ms(i + 1, &times, (uint64_t)half_ms), whole_ms[i]);
        for (uint64_t draw = 1; draw != 0; draw *= 3) {
            int64_t wait_ms = webhook_backoff_ms(i + 1, &times, draw);
            assert_in_range(wait_ms, half_ms, whole_ms[i]);
            if (draw > UINT64_MAX / 3) {
                break;
            }
        }
    }
    assert_int_equal(webhook_backoff_ms(WEBHOOK_TRIES_MAX, &times, 15000), 30000);
}

static void test_backoff__odd_and_smallest_waits(void **state)
{
    (void)state;
    const struct webhook_times one = {.retry_first_ms = 1, .retry_ms_max = 1};
    const struct webhook_times odd = {.retry_first_ms = 3, .retry_ms_max = INT64_MAX};
    assert_int_equal(webhook_backoff_ms(1, &one, UINT64_MAX), 1);
    assert_int_equal(webhook_backoff_ms(1, &odd, 0), 2);
    assert_int_equal(webhook_backoff_ms(1, &odd, 1), 3);
    assert_true(webhook_backoff_ms(WEBHOOK_TRIES_MAX, &odd, UINT64_MAX) > 0); /* no overflow */
}

static void test_next_try__backoff_and_retry_after(void **state)
{
    (void)state;
    struct monotonic_time at;
    assert_true(webhook_next_try(1, &times, 0, 250, now, in_ms(60000), &at));
    assert_int_equal(at.ms, in_ms(500).ms);
    assert_true(webhook_next_try(1, &times, 7000, 250, now, in_ms(60000), &at));
    assert_int_equal(at.ms, in_ms(7000).ms);
    /* A shorter wish of the peer does not shorten the backoff. */
    assert_true(webhook_next_try(7, &times, 1000, 15000, now, in_ms(60000), &at));
    assert_int_equal(at.ms, in_ms(30000).ms);
}

static void test_next_try__deadline_beats_retry_after(void **state)
{
    (void)state;
    struct monotonic_time at = {7};
    /* One last try, early enough for its answer. */
    assert_true(webhook_next_try(1, &times, 3600000, 0, now, in_ms(20000), &at));
    assert_int_equal(at.ms, in_ms(15000).ms);
    /* No room for one: the job ends now instead of at its deadline. */
    at.ms = 7;
    assert_false(webhook_next_try(2, &times, 3600000, 0, now, in_ms(5400), &at));
    assert_false(webhook_next_try(2, &times, 3600000, 0, now, in_ms(3000), &at));
    assert_false(webhook_next_try(2, &times, 0, 0, now, in_ms(0), &at));
    assert_false(webhook_next_try(2, &times, 0, 0, now, in_ms(-1), &at));
    assert_int_equal(at.ms, 7);
}

static void test_next_try__needs_room_for_the_answer(void **state)
{
    (void)state;
    struct monotonic_time at;
    assert_true(webhook_next_try(1, &times, 0, 250, now, in_ms(500 + WEBHOOK_TRY_ROOM_MS), &at));
    assert_int_equal(at.ms, in_ms(500).ms);
    assert_false(webhook_next_try(1, &times, 0, 250, now, in_ms(499 + WEBHOOK_TRY_ROOM_MS), &at));
}

static void test_next_try__tries_are_bounded(void **state)
{
    (void)state;
    struct monotonic_time at;
    struct monotonic_time never = {TIME_NEVER_MS};
    assert_true(webhook_next_try(WEBHOOK_TRIES_MAX - 1, &times, 0, 0, now, never, &at));
    assert_false(webhook_next_try(WEBHOOK_TRIES_MAX, &times, 0, 0, now, never, &at));
}

static void test_outcome__uncertain_is_never_folded(void **state)
{
    (void)state;
    assert_int_equal(webhook_outcome(WEBHOOK_TAKEN, true, 2), TELEPHONY_DELIVERED);
    assert_int_equal(webhook_outcome(WEBHOOK_REFUSED, false, 1), TELEPHONY_REFUSED);
    assert_int_equal(webhook_outcome(WEBHOOK_REFUSED, true, 2), TELEPHONY_UNCERTAIN);
    assert_int_equal(webhook_outcome(WEBHOOK_NOT_NOW, false, 3), TELEPHONY_RETRY_EXHAUSTED);
    assert_int_equal(webhook_outcome(WEBHOOK_NOT_NOW, true, 3), TELEPHONY_UNCERTAIN);
    assert_int_equal(webhook_outcome(WEBHOOK_UNANSWERED, false, 1), TELEPHONY_UNCERTAIN);
    assert_int_equal(webhook_outcome(WEBHOOK_UNSENT, false, 1), TELEPHONY_RETRY_EXHAUSTED);
    assert_int_equal(webhook_outcome(WEBHOOK_UNSENT, false, 0), TELEPHONY_EXPIRED);
    assert_string_equal(telephony_outcome_text(TELEPHONY_UNCERTAIN), "uncertain");
}

static void test_skew__of_minutes_matters(void **state)
{
    (void)state;
    assert_int_equal(webhook_skew_ms((struct wall_time){160000}, (struct wall_time){100000}), 0);
    assert_int_equal(webhook_skew_ms((struct wall_time){40000}, (struct wall_time){100000}), 0);
    assert_int_equal(webhook_skew_ms((struct wall_time){161000}, (struct wall_time){100000}),
                     61000);
    assert_int_equal(webhook_skew_ms((struct wall_time){39000}, (struct wall_time){100000}),
                     -61000);
    assert_int_equal(webhook_skew_ms(WALL_NEVER, (struct wall_time){100000}), 0);
}

static void test_mistimed__is_a_refusal_made_with_another_skew(void **state)
{
    (void)state;
    assert_true(webhook_was_mistimed(WEBHOOK_REFUSED, 0, -3600000));
    assert_true(webhook_was_mistimed(WEBHOOK_REFUSED, 3600000, 0));
    assert_false(webhook_was_mistimed(WEBHOOK_REFUSED, 3600000, 3601000));
    assert_false(webhook_was_mistimed(WEBHOOK_REFUSED, 0, 0));
    assert_false(webhook_was_mistimed(WEBHOOK_NOT_NOW, 0, -3600000));
    assert_false(webhook_was_mistimed(WEBHOOK_TAKEN, 0, -3600000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge__every_class_of_answer),
        cmocka_unit_test(test_endpoint_failure__is_no_answer_or_its_own_error),
        cmocka_unit_test(test_backoff__doubles_to_the_cap_within_its_jitter),
        cmocka_unit_test(test_backoff__odd_and_smallest_waits),
        cmocka_unit_test(test_next_try__backoff_and_retry_after),
        cmocka_unit_test(test_next_try__deadline_beats_retry_after),
        cmocka_unit_test(test_next_try__needs_room_for_the_answer),
        cmocka_unit_test(test_next_try__tries_are_bounded),
        cmocka_unit_test(test_outcome__uncertain_is_never_folded),
        cmocka_unit_test(test_skew__of_minutes_matters),
        cmocka_unit_test(test_mistimed__is_a_refusal_made_with_another_skew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
