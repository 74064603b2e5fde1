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
        cmocka_unit_test(test_deadline_heap__gives_the_earliest_whatever_the_order),
    };
    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
