#include "gateway/rota/calendar_private.h"

#include <assert.h>

#define DAYS_PER_400_YEARS 146097

int64_t calendar_floor_divide(int64_t number, int64_t divisor)
{
    assert(divisor > 0);
    return number / divisor - (number % divisor < 0);
}

bool calendar_is_leap_year(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int calendar_month_days(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    assert(month >= 1 && month <= 12);
    return month == 2 && calendar_is_leap_year(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to January 1 of the year. */
static int64_t days_before_year(int64_t year)
{
    int64_t past = year - 1; /* years that are over */
    return past * 365 + calendar_floor_divide(past, 4) - calendar_floor_divide(past, 100) +
           calendar_floor_divide(past, 400) - 719162;
}

int64_t calendar_days(int64_t year, int month, int day)
{
    int64_t days = days_before_year(year);
    for (int m = 1; m < month; m++) {
        days += calendar_month_days(year, m);
    }
    return days + day - 1;
}

int64_t calendar_year(int64_t days)
{
    /* The mean year is at most one off. */
    int64_t year = 1970 + calendar_floor_divide(days * 400, DAYS_PER_400_YEARS);
    while (days_before_year(year) > days) {
        year--;
    }
    while (days_before_year(year + 1) <= days) {
        year++;
    }
    return year;
}

int calendar_weekday(int64_t days)
{
    /* 1970-01-01 was a Thursday. */
    int64_t since_monday = days + 3;
    return (int)(since_monday - calendar_floor_divide(since_monday, 7) * 7) + 1;
}
