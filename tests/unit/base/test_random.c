#include "gateway/base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <cmocka.h>

/* Hands out the numbers of an array, 8 bytes at a time. */
static void replay(void *context, void *bytes, size_t count)
{
    const uint64_t **next = context;
    assert_int_equal(count, sizeof **next);
    memcpy(bytes, (*next)++, count);
}

static void random_below__rejects_the_biased_tail(void **state)
{
    (void)state;
    /* With limit 10 the last 6 of 2^64 numbers would come once too often. */
    static const uint64_t numbers[] = {UINT64_MAX, UINT64_MAX - 5, 27, UINT64_MAX - 6};
    const uint64_t *next = numbers;
    const struct random_source random = {replay, &next};
    assert_int_equal(random_below(&random, 10), 7);
    assert_ptr_equal(next, numbers + 3);
    assert_int_equal(random_below(&random, 10), 9);
}

static void random_below__reaches_every_number(void **state)
{
    (void)state;
    bool seen[6] = {false};
    for (int i = 0; i < 2000; i++) {
        uint64_t number = random_below(&random_system, 6);
        assert_true(number < 6);
        seen[number] = true;
    }
    for (int i = 0; i < 6; i++) {
        assert_true(seen[i]);
    }
    assert_int_equal(random_below(&random_system, 1), 0);
}

static void random_fill__fills_every_size_and_no_more(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 16, 1000, 1024, 1025, 5000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char bytes[5001] = {0};
        size_t zeros = 0;
        random_fill(&random_system, bytes, sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++) {
            zeros += bytes[at] == 0;
        }
        assert_true(sizes[i] == 1 || zeros < sizes[i] / 4);
        assert_int_equal(bytes[sizes[i]], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_below__rejects_the_biased_tail),
        cmocka_unit_test(random_below__reaches_every_number),
        cmocka_unit_test(random_fill__fills_every_size_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
