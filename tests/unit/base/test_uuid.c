#include "gateway/base/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* Randomness of one byte value, so that an id is known in full. */
static void fill(void *context, void *bytes, size_t count)
{
    memset(bytes, *(unsigned char *)context, count);
}

static void uuid_v7__sets_time_version_and_variant(void **state)
{
    (void)state;
    unsigned char value = 0xff;
    const struct random_source random = {fill, &value};
    char text[UUID_TEXT_BYTES];
    /* The time of RFC 9562, appendix A.6: 2022-02-22T19:22:22Z. */
    struct wall_time time = {INT64_C(0x017f22e279b0)};
    uuid_format(uuid_v7(time, &random), text);
    assert_string_equal(text, "017f22e2-79b0-7fff-bfff-ffffffffffff");
    value = 0;
    uuid_format(uuid_v7(time, &random), text);
    assert_string_equal(text, "017f22e2-79b0-7000-8000-000000000000");
}

static void uuid_derive__numbers_the_family(void **state)
{
    (void)state;
    unsigned char value = 0x11;
    const struct random_source random = {fill, &value};
    char text[UUID_TEXT_BYTES];
    struct uuid base = uuid_v7_base((struct wall_time){0}, &random);
    uuid_format(base, text);
    assert_string_equal(text, "00000000-0000-7111-9111-111111110000");
    uuid_format(uuid_derive(base, 1), text);
    assert_string_equal(text, "00000000-0000-7111-9111-111111110001");
    uuid_format(uuid_derive(base, UUID_DERIVED_MAX), text);
    assert_string_equal(text, "00000000-0000-7111-9111-11111111ffff");
}

static void uuid_parse__reads_either_case(void **state)
{
    (void)state;
    struct uuid lower, upper;
    char text[UUID_TEXT_BYTES];
    assert_int_equal(uuid_parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", &lower), STATUS_OK);
    assert_int_equal(uuid_parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F", &upper), STATUS_OK);
    assert_true(uuid_equal(lower, upper));
    uuid_format(upper, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

static void uuid_parse__refuses_and_leaves_the_output(void **state)
{
    (void)state;
    static const char *const table[] = {
        "",
        "0",
        "017f22e2",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398fa",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e279b07cc398c4dc0c0c07398f",
        "017f22e2-79b07-cc3-98c4-dc0c0c07398f",
        "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
        " 17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct uuid uuid = {{42}};
        assert_int_equal(uuid_parse(table[i], &uuid), STATUS_INVALID);
        assert_int_equal(uuid.bytes[0], 42);
    }
}

static void uuid_v7_least__is_below_all_of_its_millisecond_and_above_the_one_before(void **state)
{
    (void)state;
    for (int64_t ms = 1767650400000; ms < 1767650400100; ms++) {
        struct uuid least = uuid_v7_least((struct wall_time){ms});
        struct uuid same = uuid_v7_base((struct wall_time){ms}, &random_system);
        struct uuid before = uuid_v7((struct wall_time){ms - 1}, &random_system);
        assert_true(memcmp(least.bytes, same.bytes, sizeof least.bytes) <= 0);
        assert_true(memcmp(least.bytes, before.bytes, sizeof least.bytes) > 0);
        assert_int_equal(uuid_v7_ms(least), ms);
    }
}

static void uuid_v7__ids_of_the_system_source_differ_and_sort_by_time(void **state)
{
    (void)state;
    struct uuid before = {{0}};
    assert_true(uuid_is_nil(before));
    for (int64_t ms = 1; ms < 2000; ms++) {
        struct uuid first = uuid_v7((struct wall_time){ms}, &random_system);
        struct uuid second = uuid_v7((struct wall_time){ms}, &random_system);
        assert_false(uuid_equal(first, second));
        assert_true(memcmp(before.bytes, first.bytes, sizeof first.bytes) < 0);
        assert_false(uuid_is_nil(first));
        before = first;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuid_v7__sets_time_version_and_variant),
        cmocka_unit_test(uuid_derive__numbers_the_family),
        cmocka_unit_test(uuid_parse__reads_either_case),
        cmocka_unit_test(uuid_parse__refuses_and_leaves_the_output),
        cmocka_unit_test(uuid_v7_least__is_below_all_of_its_millisecond_and_above_the_one_before),
        cmocka_unit_test(uuid_v7__ids_of_the_system_source_differ_and_sort_by_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
