#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/deadline_heap.h"
#include "apns-fcm/retry.h"

#define SECOND_MS 1000

static void test_http_date__the_rfc_example(void **state)
{
    (void)state;
    static const char text[] = "Sun, 06 Nov 1994 08:49:37 GMT";
    struct wall_time time = {0};
    assert_int_equal(http_date_parse(text, strlen(text), &time), STATUS_OK);
    assert_int_equal(time.ms, INT64_C(784111777000));
}

static void test_http_date__malformed(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "Sunday, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov  6 08:49:37 1994",
                                        "Sun, 06 Nov 1994 08:49:37 UTC",
                                        "Sun, 06 Xyz 1994 08:49:37 GMT",
                                        "Sun, 00 Nov 1994 08:49:37 GMT",
                                        "Sun, 06 Nov 1994 24:49:37 GMT",
                                        "Sun, 06 Nov 1994 08:61:37 GMT",
                                        "Sun, a6 Nov 1994 08:49:37 GMT"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct wall_time time = {7};
        assert_int_equal(http_date_parse(texts[i], strlen(texts[i]), &time), STATUS_INVALID);
        assert_int_equal(time.ms, 7);
    }
}

static void test_retry_after__seconds_dates_and_nonsense(void **state)
{
    (void)state;
    const struct wall_time now = {INT64_C(784111770000)};
    assert_int_equal(retry_after_ms("2", now), 2 * SECOND_MS);
    assert_int_equal(retry_after_ms("0", now), 0);
    assert_int_equal(retry_after_ms("999999999", now), 86400 * SECOND_MS);
    assert_int_equal(retry_after_ms("Sun, 06 Nov 1994 08:49:37 GMT", now), 7 * SECOND_MS);
    assert_int_equal(retry_after_ms("Sun, 06 Nov 1993 08:49:37 GMT", now), 0);
    assert_int_equal(retry_after_ms("", now), RETRY_AFTER_NONE_MS);
    assert_int_equal(retry_after_ms("-1", now), RETRY_AFTER_NONE_MS);
    assert_int_equal(retry_after_ms("1.5", now), RETRY_AFTER_NONE_MS);
    assert_int_equal(retry_after_ms("soon", now), RETRY_AFTER_NONE_MS);
    assert_int_equal(retry_after_ms("9999999999", now), RETRY_AFTER_NONE_MS);
}

static void test_backoff__grows_within_its_cap(void **state)
{
    (void)state;
    for (unsigned step = 0; step < 100; step++) {
        int64_t wait_ms = backoff_ms(step, 100, 3000, &random_system);
        int64_t whole_ms = step < 5 ? 100 << step : 3000;
        whole_ms = whole_ms < 3000 ? whole_ms : 3000;
        assert_in_range(wait_ms, whole_ms / 2, whole_ms);
    }
}

static void test_retry_wait__quick_first_then_backs_off(void **state)
{
    (void)state;
    assert_in_range(retry_wait_ms(0, RETRY_AFTER_NONE_MS, 60000, &random_system), 50, 100);
    assert_in_range(retry_wait_ms(1, RETRY_AFTER_NONE_MS, 60000, &random_system), 250, 500);
    assert_in_range(retry_wait_ms(30, RETRY_AFTER_NONE_MS, 60000, &random_system), 4000, 8000);
}

static void test_retry_wait__provider_is_obeyed_within_the_deadline(void **state)
{
    (void)state;
    assert_in_range(retry_wait_ms(0, 2000, 60000, &random_system), 2000, 2100);
    /* Asked for later than the deadline: one last try shortly before it, and then no more. */
    assert_int_equal(retry_wait_ms(0, 900000, 30000, &random_system), 28000);
    assert_int_equal(retry_wait_ms(1, 900000, 2000, &random_system), -1);
    assert_int_equal(retry_wait_ms(0, 900000, 1000, &random_system), 750);
    assert_int_equal(retry_wait_ms(0, RETRY_AFTER_NONE_MS, 10, &random_system), -1);
    assert_int_equal(retry_wait_ms(0, RETRY_AFTER_NONE_MS, -5, &random_system), -1);
}

/* The two ends of what randomness can do to a wait. */
static void fill_low(void *context, void *bytes, size_t count)
{
    (void)context;
    memset(bytes, 0, count);
}

static void fill_high(void *context, void *bytes, size_t count)
{
    static _Thread_local unsigned calls;
    (void)context;
    /* All ones are refused by fair drawing, as they would favour small numbers: go down from there.
     */
    memset(bytes, (int)(0xff - calls++ % 8), count);
}

static const struct random_source ends[] = {{.fill = fill_low}, {.fill = fill_high}};

static void test_http_date__first_and_last(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum status status;
        int64_t ms;
    } rows[] = {
        {"Thu, 01 Jan 1970 00:00:00 GMT", STATUS_OK, 0},
        {"Wed, 31 Dec 1969 23:59:59 GMT", STATUS_INVALID, 7},
        {"Thu, 29 Feb 2024 12:00:00 GMT", STATUS_OK, INT64_C(1709208000000)},
        {"Fri, 30 Jun 2028 23:59:60 GMT", STATUS_OK, INT64_C(1846022400000)}, /* a leap second */
        {"Fri, 31 Dec 9999 23:59:59 GMT", STATUS_OK, INT64_C(253402300799000)},
        {"Fri, 32 Dec 9999 23:59:59 GMT", STATUS_INVALID, 7},
        {"Fri, 31 Dec 9999 23:59:61 GMT", STATUS_INVALID, 7},
        {"Fri, -1 Dec 9999 23:59:59 GMT", STATUS_INVALID, 7},
        {"Fri, 31 Dec 9999 23:59:59 GMT ", STATUS_INVALID, 7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wall_time time = {7};
        assert_int_equal(http_date_parse(rows[i].text, strlen(rows[i].text), &time),
                         rows[i].status);
        assert_int_equal(time.ms, rows[i].ms);
    }
}

static void test_retry_after__at_most_a_day(void **state)
{
    (void)state;
    const struct wall_time now = {INT64_C(784111770000)};
    assert_int_equal(retry_after_ms("86399", now), 86399 * SECOND_MS);
    assert_int_equal(retry_after_ms("86400", now), 86400 * SECOND_MS);
    assert_int_equal(retry_after_ms("86401", now), 86400 * SECOND_MS);
    assert_int_equal(retry_after_ms("000000002", now), 2 * SECOND_MS);
    assert_int_equal(retry_after_ms("Fri, 31 Dec 9999 23:59:59 GMT", now), 86400 * SECOND_MS);
    assert_int_equal(retry_after_ms("Thu, 01 Jan 1970 00:00:00 GMT", now), 0);
    static const char *const texts[] = {"+2", " 2", "2 ", "0x2", "2s", "1e3", "0000000002", "\xff"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(retry_after_ms(texts[i], now), RETRY_AFTER_NONE_MS);
    }
}

static void test_backoff__steps_without_end(void **state)
{
    (void)state;
    static const unsigned steps[] = {19, 20, 31, 32, 63, 64, 1000, UINT32_MAX};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        for (size_t k = 0; k < 2; k++) {
            assert_in_range(backoff_ms(steps[i], 500, 8000, &ends[k]), 4000, 8000);
        }
    }
    assert_int_equal(backoff_ms(0, 100, 100, &ends[0]), 100);
}

/* Whatever the number of retries, the provider's wish and the time left: a try that is made leaves
 * time for an answer, and is not made before the provider wants it if it can be made then. */
static void test_retry_wait__fits_before_the_deadline(void **state)
{
    (void)state;
    static const unsigned retries[] = {0, 1, 2, 5, 40, UINT32_MAX};
    static const int64_t asked_ms[] = {RETRY_AFTER_NONE_MS, 0, 1, 500, 1000, 4000, 60000, 86400000};
    static const int64_t left_ms[] = {INT64_MIN / 2, -1,   0,    1,    19,   20,    21,
                                      100,           1000, 2000, 2001, 5000, 30000, 86400000};
    for (size_t r = 0; r < sizeof retries / sizeof retries[0]; r++) {
        for (size_t a = 0; a < sizeof asked_ms / sizeof asked_ms[0]; a++) {
            for (size_t l = 0; l < sizeof left_ms / sizeof left_ms[0]; l++) {
                int64_t left = left_ms[l];
                int64_t asked = asked_ms[a];
                int64_t wait = retry_wait_ms(retries[r], asked, left, &ends[l % 2]);
                if (wait < 0) {
                    assert_true(left < 20 || (retries[r] > 0 && left <= 2000));
                    continue;
                }
                assert_true(wait <= left - (left < 80 ? left / 4 : 20));
                assert_true(wait >= asked || asked > left - 20);
            }
        }
    }
}

/* The deadline ends a job in a bounded number of tries, though the provider asks for none to wait.
 */
static void test_retry_wait__few_tries_until_the_deadline(void **state)
{
    (void)state;
    for (int64_t asked_ms = RETRY_AFTER_NONE_MS; asked_ms < 2; asked_ms++) {
        int64_t left_ms = 120000;
        unsigned retries = 0;
        for (int64_t wait_ms;
             (wait_ms = retry_wait_ms(retries, asked_ms, left_ms, &random_system)) >= 0;) {
            left_ms -= wait_ms;
            retries++;
            assert_in_range(retries, 1, 40);
        }
        assert_true(retries >= 15);
        assert_true(left_ms <= 2000);
    }
}

static void test_deadline_heap__gives_the_earliest_whatever_the_order(void **state)
{
    (void)state;
    enum { NODES = 500 };
    static struct deadline_node nodes[NODES];
    struct deadline_heap heap;
    assert_int_equal(deadline_heap_init(&heap, NODES), STATUS_OK);
    memset(nodes, 0, sizeof nodes);
    for (int i = 0; i < NODES; i++) {
        deadline_heap_insert(&heap, &nodes[i],
                             (struct monotonic_time){(int64_t)random_below(&random_system, 300)});
    }
    for (int i = 0; i < NODES; i += 3) {
        deadline_heap_remove(&heap, &nodes[i]);
        deadline_heap_remove(&heap, &nodes[i]); /* outside: nothing happens */
        assert_false(deadline_node_inside(&nodes[i]));
    }
    int64_t last_ms = -1;
    size_t count = 0;
    struct deadline_node *node;
    while ((node = deadline_heap_first(&heap)) != NULL) {
        assert_true(node->due.ms >= last_ms);
        last_ms = node->due.ms;
        deadline_heap_remove(&heap, node);
        count++;
    }
    assert_int_equal(count, NODES - (NODES + 2) / 3);
    deadline_heap_fini(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_date__the_rfc_example),
        cmocka_unit_test(test_http_date__malformed),
        cmocka_unit_test(test_retry_after__seconds_dates_and_nonsense),
        cmocka_unit_test(test_backoff__grows_within_its_cap),
        cmocka_unit_test(test_retry_wait__quick_first_then_backs_off),
        cmocka_unit_test(test_retry_wait__provider_is_obeyed_within_the_deadline),
        cmocka_unit_test(test_http_date__first_and_last),
        cmocka_unit_test(test_retry_after__at_most_a_day),
        cmocka_unit_test(test_backoff__steps_without_end),
        cmocka_unit_test(test_retry_wait__fits_before_the_deadline),
        cmocka_unit_test(test_retry_wait__few_tries_until_the_deadline),
        cmocka_unit_test(test_deadline_heap__gives_the_earliest_whatever_the_order),
    };
    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
