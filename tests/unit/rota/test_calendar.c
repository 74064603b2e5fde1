#include "gateway/rota/calendar_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void calendar__known_days(void **state)
{
    (void)state;
    static const struct {
        int64_t year;
        int month, day;
        int64_t days;
        int weekday;
    } table[] = {
        {1970, 1, 1, 0, 4},     {1969, 12, 31, -1, 3},      {2000, 2, 29, 11016, 2},
        {2026, 1, 5, 20458, 1}, {2026, 3, 29, 20541, 7},    {1900, 3, 1, -25508, 4},
        {2100, 3, 1, 47541, 1}, {9999, 12, 31, 2932896, 5},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(calendar_days(table[i].year, table[i].month, table[i].day), table[i].days);
        assert_int_equal(calendar_weekday(table[i].days), table[i].weekday);
        assert_int_equal(calendar_year(table[i].days), table[i].year);
    }
}

/* Walks every day of eight centuries: no day is skipped, doubled or in the wrong year. */
static void calendar__days_follow_each_other(void **state)
{
    (void)state;
    int64_t days = calendar_days(1600, 1, 1);
    int weekday = calendar_weekday(days);
    for (int64_t year = 1600; year < 2400; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= calendar_month_days(year, month); day++) {
                assert_int_equal(calendar_days(year, month, day), days);
                assert_int_equal(calendar_weekday(days), weekday);
                assert_int_equal(calendar_year(days), year);
                weekday = weekday % 7 + 1;
                days++;
            }
        }
    }
}

static void calendar__divides_downwards(void **state)
{
    (void)state;
    assert_int_equal(calendar_floor_divide(7, 7), 1);
    assert_int_equal(calendar_floor_divide(6, 7), 0);
    assert_int_equal(calendar_floor_divide(0, 7), 0);
    assert_int_equal(calendar_floor_divide(-1, 7), -1);
    assert_int_equal(calendar_floor_divide(-7, 7), -1);
    assert_int_equal(calendar_floor_divide(-8, 7), -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calendar__known_days),
        cmocka_unit_test(calendar__days_follow_each_other),
        cmocka_unit_test(calendar__divides_downwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
