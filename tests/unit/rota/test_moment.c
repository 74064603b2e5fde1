/* test_moment.c - moments as people say them, on the clock of a zone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/rota/moment.h"

static struct wall_time utc(const char *text)
{
    struct wall_time time;
    assert_int_equal(wall_time_parse(text, &time), STATUS_OK);
    return time;
}

static enum status parse(const char *text, const char *zone, const char *now,
                         struct wall_time *moment_r)
{
    struct error error;
    struct arena *arena = arena_create(0);
    enum status status = moment_parse(text, zone, utc(now), arena, moment_r, &error);
    arena_destroy(&arena);
    return status;
}

static void assert_moment(const char *text, const char *now, const char *expected)
{
    struct wall_time moment;
    char found[RFC3339_BYTES_MAX];
    if (parse(text, "Europe/Paris", now, &moment) != STATUS_OK) {
        fail_msg("%s is refused", text);
    }
    wall_time_format(moment, found);
    assert_int_equal(moment.ms, utc(expected).ms);
}

/* 2026-11-30 is a Monday; Paris is an hour ahead in winter, two in summer. */
static const char monday[] = "2026-11-30T02:37:00Z";

static void test_moment__every_form(void **state)
{
    (void)state;
    assert_moment("2026-12-06T03:00:00Z", monday, "2026-12-06T03:00:00Z");
    assert_moment("2026-12-06T03:00:00+01:00", monday, "2026-12-06T02:00:00Z");
    assert_moment("2026-12-06T03:00", monday, "2026-12-06T02:00:00Z");
    assert_moment("2026-07-06 03:00:30", monday, "2026-07-06T01:00:30Z");
    assert_moment("sunday 03:00", monday, "2026-12-06T02:00:00Z");
    assert_moment("dimanche 03:00", monday, "2026-12-06T02:00:00Z");
    assert_moment("03:00", monday, "2026-12-01T02:00:00Z"); /* it is 03:37 there */
    assert_moment("04:00", monday, "2026-11-30T03:00:00Z");
}

static void test_moment__the_same_weekday_is_today_or_in_a_week(void **state)
{
    (void)state;
    assert_moment("monday 03:37", monday, "2026-11-30T02:37:00Z");
    assert_moment("lundi 03:36", monday, "2026-12-07T02:36:00Z");
}

static void test_moment__clock_changes(void **state)
{
    (void)state;
    assert_moment("2026-10-25T02:30", monday, "2026-10-25T00:30:00Z"); /* comes twice: the first */
    assert_moment("2026-03-29T02:30", monday, "2026-03-29T01:00:00Z"); /* skipped: the jump */
    /* Late on the evening before, "tomorrow" is counted on the local clock. */
    assert_moment("sunday 03:00", "2026-10-24T22:30:00Z", "2026-10-25T02:00:00Z");
}

static void test_moment__what_is_none(void **state)
{
    static const char *const wrong[] = {"",
                                        "sunday",
                                        "someday 03:00",
                                        "Sunday 03:00",
                                        "sunday 25:00",
                                        "sunday  03:00",
                                        "2026-13-06T03:00",
                                        "2026-12-06X03:00",
                                        "2026-12-06T03:00+01",
                                        "3:00",
                                        "2026-12-06",
                                        "12345678901234567890123456789012345678901234567890"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct wall_time moment = {42};
        if (parse(wrong[i], "Europe/Paris", monday, &moment) != STATUS_INVALID) {
            fail_msg("\"%s\" is taken", wrong[i]);
        }
        assert_int_equal(moment.ms, 42);
    }
}

static void test_moment__a_zone_that_is_none(void **state)
{
    (void)state;
    struct wall_time moment;
    assert_int_equal(parse("03:00", "Europe/Atlantis", monday, &moment), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moment__every_form),
        cmocka_unit_test(test_moment__the_same_weekday_is_today_or_in_a_week),
        cmocka_unit_test(test_moment__clock_changes),
        cmocka_unit_test(test_moment__what_is_none),
        cmocka_unit_test(test_moment__a_zone_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
