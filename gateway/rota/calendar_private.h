/* calendar_private.h - days, dates and weekdays of the Gregorian calendar, without any zone. */
#ifndef GATEWAY_ROTA_CALENDAR_PRIVATE_H
#define GATEWAY_ROTA_CALENDAR_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#define SECONDS_PER_DAY INT64_C(86400)

/* Days since 1970-01-01 of a date; month 1 to 12, day 1 to 31. */
int64_t calendar_days(int64_t year, int month, int day);

/* The year in which a day lies. */
int64_t calendar_year(int64_t days);

/* 1 Monday … 7 Sunday. */
int calendar_weekday(int64_t days);

bool calendar_is_leap_year(int64_t year);

/* Days of a month; month 1 to 12. */
int calendar_month_days(int64_t year, int month);

/* Division that rounds down, for times before 1970 too; divisor above 0. */
int64_t calendar_floor_divide(int64_t number, int64_t divisor);

#endif
