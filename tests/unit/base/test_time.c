#include "gateway/base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void wall_time_parse__table(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } table[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T01:00:00+01:00", 0},
        {"1970-01-01T00:00:00+01:00", -3600000},
        {"1985-04-12T23:20:50.52Z", INT64_C(482196050520)},   /* RFC 3339, section 5.8 */
        {"1996-12-19T16:39:57-08:00", INT64_C(851042397000)}, /* the same */
        {"1990-12-31T23:59:60Z", INT64_C(662688000000)},      /* a leap second, the same */
        {"1990-12-31T15:59:60-08:00", INT64_C(662688000000)}, /* the same */
        {"1937-01-01T12:00:27.87+00:20", -1},                 /* before 1970: refused */
        {"2024-02-29t12:00:00z", INT64_C(1709208000000)},
        {"2026-11-22 20:52:49.123456789Z", INT64_C(1795380769123)},
        {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct wall_time time = {-1};
        enum status status = wall_time_parse(table[i].text, &time);
        assert_int_equal(status, table[i].ms == -1 ? STATUS_INVALID : STATUS_OK);
        assert_int_equal(time.ms, table[i].ms);
    }
}

static void wall_time_parse__refuses_and_leaves_the_output(void **state)
{
    (void)state;
    static const char *const table[] = {
        "",
        "2026",
        "2026-11-22",
        "2026-11-22T20:52",
        "2026-11-22T20:52:49",
        "2026-11-22T20:52:49.Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T20:60:00Z",
        "2026-11-22T20:00:61Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-11-22T20:52:49Zx",
        "2026-11-22T20:52:49+1:00",
        "2026-11-22T20:52:49+0100",
        "2026-11-22T20:52:49+24:00",
        "2026-11-22T20:52:49+01:60",
        " 2026-11-22T20:52:49Z",
        "2026-02-31T23:59:60Z",
        "2026-1-22T20:52:49Z",
        "-026-11-22T20:52:49Z",
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct wall_time time = {42};
        assert_int_equal(wall_time_parse(table[i], &time), STATUS_INVALID);
        assert_int_equal(time.ms, 42);
    }
}

static void wall_time_format__writes_milliseconds_and_clamps(void **state)
{
    (void)state;
    char text[RFC3339_BYTES_MAX];
    wall_time_format((struct wall_time){INT64_C(1795380769123)}, text);
    assert_string_equal(text, "2026-11-22T20:52:49.123Z");
    wall_time_format((struct wall_time){-1}, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    wall_time_format(WALL_NEVER, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

static void wall_time__what_is_written_is_read_back(void **state)
{
    (void)state;
    for (int64_t ms = 0; ms < INT64_C(253402300799999); ms += INT64_C(77777777777)) {
        char text[RFC3339_BYTES_MAX];
        struct wall_time time;
        wall_time_format((struct wall_time){ms}, text);
        assert_int_equal(wall_time_parse(text, &time), STATUS_OK);
        assert_int_equal(time.ms, ms);
    }
}

static void engine_time_add__saturates(void **state)
{
    (void)state;
    struct engine_time time = {1000};
    assert_int_equal(engine_time_add(time, 500).ms, 1500);
    assert_int_equal(engine_time_add(time, -500).ms, 500);
    assert_int_equal(engine_time_add(time, INT64_MAX).ms, TIME_NEVER_MS);
    assert_int_equal(engine_time_add(ENGINE_NEVER, 1).ms, TIME_NEVER_MS);
    assert_int_equal(engine_time_add(ENGINE_NEVER, 0).ms, TIME_NEVER_MS);
}

static void engine_time__order(void **state)
{
    (void)state;
    struct engine_time early = {1}, late = {2};
    assert_true(engine_time_reached(early, late));
    assert_true(engine_time_reached(early, early));
    assert_false(engine_time_reached(late, early));
    assert_int_equal(engine_time_earlier(late, early).ms, 1);
    assert_int_equal(engine_time_earlier(early, ENGINE_NEVER).ms, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_time_parse__table),
        cmocka_unit_test(wall_time_parse__refuses_and_leaves_the_output),
        cmocka_unit_test(wall_time_format__writes_milliseconds_and_clamps),
        cmocka_unit_test(wall_time__what_is_written_is_read_back),
        cmocka_unit_test(engine_time_add__saturates),
        cmocka_unit_test(engine_time__order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
