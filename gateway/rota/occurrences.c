/* A rule's days are the dates of each period that fit all of its parts; each of them has the same
 * times. */
#include "gateway/rota/occurrences_private.h"

#include <assert.h>
#include <libical/ical.h>
#include <string.h>

#include "gateway/rota/calendar_private.h"
#include "gateway/rota/recurrence_private.h"

#define YEAR_DAYS     366
#define YEARS_COUNTED 30
/* Weekdays of a day come again after so many periods of n days. */
#define DAYS_CYCLE 7

static bool is_in(const uint64_t *bits, int64_t number)
{
    return (bits[number / 64] >> (number % 64) & 1) != 0;
}

static void put_in(uint64_t *bits, int64_t number)
{
    bits[number / 64] |= UINT64_C(1) << (number % 64);
}

/* ---- reading ---- */

static bool is_given(const short *values)
{
    return values[0] != ICAL_RECURRENCE_ARRAY_MAX;
}

/* What no period has is left out: it never fits. */
static void add_position(struct occurrence_positions *positions, int position)
{
    positions->any = true;
    if (position > 0 && position <= YEAR_DAYS) {
        put_in(positions->ahead, position - 1);
    } else if (position < 0 && position >= -YEAR_DAYS) {
        put_in(positions->back, -position - 1);
    }
}

static void read_positions(const short *values, struct occurrence_positions *positions)
{
    for (size_t i = 0; values[i] != ICAL_RECURRENCE_ARRAY_MAX; i++) {
        add_position(positions, values[i]);
    }
}

static int64_t read_times(const short *values, int64_t otherwise, int16_t *times, size_t max)
{
    size_t count = 0;
    for (; count < max && values[count] != ICAL_RECURRENCE_ARRAY_MAX; count++) {
        times[count] = values[count];
    }
    if (count == 0) {
        times[count++] = (int16_t)otherwise;
    }
    return (int64_t)count;
}

/* libical counts from Sunday. */
static int weekday_of(enum icalrecurrencetype_weekday weekday)
{
    return ((int)weekday + 5) % 7 + 1;
}

static void read_weekdays(const struct icalrecurrencetype *rule, struct occurrences *occurrences)
{
    for (size_t i = 0; rule->by_day[i] != ICAL_RECURRENCE_ARRAY_MAX; i++) {
        int weekday = weekday_of(icalrecurrencetype_day_day_of_week(rule->by_day[i]));
        int position = icalrecurrencetype_day_position(rule->by_day[i]);
        occurrences->has_weekdays = true;
        if (position == 0) {
            occurrences->weekdays |= UINT32_C(1) << weekday;
        } else {
            add_position(&occurrences->nth[weekday], position);
        }
    }
}

struct date {
    int64_t year_day; /* January 1 */
    int64_t month_day;
    int64_t year;
    int month;
};

static struct date date_of(int64_t day)
{
    struct date date = {.year = calendar_year(day), .month = 1};
    date.year_day = date.month_day = calendar_days(date.year, 1, 1);
    for (int length; date.month_day + (length = calendar_month_days(date.year, date.month)) <= day;
         date.month++) {
        date.month_day += length;
    }
    return date;
}

/* What the rule does not say is that of its start. */
static void fill_in(const struct icalrecurrencetype *rule, struct occurrences *occurrences)
{
    int64_t start_day = calendar_floor_divide(occurrences->start_s, SECONDS_PER_DAY);
    struct date start = date_of(start_day);
    if (is_given(rule->by_day) || is_given(rule->by_month_day)) {
        return;
    }
    switch (occurrences->period) {
    case PERIOD_DAY:
        break;
    case PERIOD_WEEK:
        occurrences->has_weekdays = true;
        occurrences->weekdays = UINT32_C(1) << calendar_weekday(start_day);
        break;
    case PERIOD_YEAR:
        if (occurrences->months == 0) {
            occurrences->months = UINT32_C(1) << start.month;
        }
        add_position(&occurrences->month_days, (int)(start_day - start.month_day) + 1);
        break;
    case PERIOD_MONTH:
        add_position(&occurrences->month_days, (int)(start_day - start.month_day) + 1);
        break;
    }
}

static enum occurrence_period period_of(const struct icalrecurrencetype *rule)
{
    return rule->freq == ICAL_YEARLY_RECURRENCE    ? PERIOD_YEAR
           : rule->freq == ICAL_MONTHLY_RECURRENCE ? PERIOD_MONTH
           : rule->freq == ICAL_WEEKLY_RECURRENCE  ? PERIOD_WEEK
                                                   : PERIOD_DAY;
}

/* ---- periods ---- */

/* The first day of a period. */
static int64_t first_day(const struct occurrences *occurrences, int64_t number)
{
    int64_t start = calendar_floor_divide(occurrences->start_s, SECONDS_PER_DAY);
    int64_t ahead = number * occurrences->interval;
    switch (occurrences->period) {
    case PERIOD_DAY:
        break;
    case PERIOD_WEEK:
        start -= (calendar_weekday(start) - occurrences->week_starts_on + 7) % 7;
        return start + ahead * 7;
    case PERIOD_MONTH: {
        struct date date = date_of(start);
        int64_t months = date.year * 12 + date.month - 1 + ahead;
        return calendar_days(months / 12, (int)(months % 12) + 1, 1);
    }
    case PERIOD_YEAR:
        return calendar_days(calendar_year(start) + ahead, 1, 1);
    }
    return start + ahead;
}

static int64_t length_days(enum occurrence_period period, const struct date *date)
{
    switch (period) {
    case PERIOD_DAY:
        break;
    case PERIOD_WEEK:
        return 7;
    case PERIOD_MONTH:
        return calendar_month_days(date->year, date->month);
    case PERIOD_YEAR:
        return calendar_is_leap_year(date->year) ? 366 : 365;
    }
    return 1;
}

/* Whether the place-th of `count`, from 0, is among them. */
static bool is_at(const struct occurrence_positions *positions, int64_t place, int64_t count)
{
    return is_in(positions->ahead, place) || is_in(positions->back, count - 1 - place);
}

/* Whether it is such a weekday; one with a number is that of the month, or of the year when the
 * rule is yearly and names no month (RFC 5545, section 3.3.10, BYDAY). */
static bool fits_weekday(const struct occurrences *occurrences, const struct date *date,
                         int64_t day)
{
    int weekday = calendar_weekday(day);
    if ((occurrences->weekdays >> weekday & 1) != 0) {
        return true;
    }
    if (!occurrences->nth[weekday].any) {
        return false;
    }
    bool of_year = occurrences->period == PERIOD_YEAR && occurrences->months == 0;
    int64_t from = of_year ? date->year_day : date->month_day;
    int64_t length = length_days(of_year ? PERIOD_YEAR : PERIOD_MONTH, date);
    int64_t before = (day - from) / 7, behind = (from + length - 1 - day) / 7;
    return is_at(&occurrences->nth[weekday], before, before + 1 + behind);
}

static bool fits(const struct occurrences *occurrences, const struct date *date, int64_t day)
{
    if (occurrences->months != 0 && (occurrences->months >> date->month & 1) == 0) {
        return false;
    }
    if (occurrences->month_days.any && !is_at(&occurrences->month_days, day - date->month_day,
                                              calendar_month_days(date->year, date->month))) {
        return false;
    }
    return !occurrences->has_weekdays || fits_weekday(occurrences, date, day);
}

static int64_t count_days(const struct occurrences *occurrences)
{
    int64_t count = 0;
    for (size_t i = 0; i < OCCURRENCE_DAY_WORDS; i++) {
        count += __builtin_popcountll(occurrences->days[i]);
    }
    return count;
}

/* Of the days that fit, those that BYSETPOS names. */
static void choose_days(struct occurrences *occurrences)
{
    int64_t count = count_days(occurrences), place = 0;
    for (int64_t i = 0; i < occurrences->days_count; i++) {
        if (is_in(occurrences->days, i)) {
            if (!is_at(&occurrences->set_position, place, count)) {
                occurrences->days[i / 64] &= ~(UINT64_C(1) << (i % 64));
            }
            place++;
        }
    }
}

static void enter(struct occurrences *occurrences, int64_t number)
{
    int64_t first = first_day(occurrences, number);
    struct date date = date_of(first);
    occurrences->number = number;
    occurrences->period_day = first;
    occurrences->days_count = length_days(occurrences->period, &date);
    occurrences->day = occurrences->time = 0;
    memset(occurrences->days, 0, sizeof occurrences->days);
    int64_t month_ends = date.month_day + calendar_month_days(date.year, date.month);
    for (int64_t i = 0; i < occurrences->days_count; i++) {
        if (first + i == month_ends) {
            date = date_of(first + i);
            month_ends += calendar_month_days(date.year, date.month);
        }
        if (fits(occurrences, &date, first + i)) {
            put_in(occurrences->days, i);
        }
    }
    if (occurrences->set_position.any) {
        choose_days(occurrences);
    }
}

/* ---- going through ---- */

static int64_t times_of_day(const struct occurrences *occurrences)
{
    return occurrences->hours_count * occurrences->minutes_count * occurrences->seconds_count;
}

/* A time of day by its place, in seconds behind midnight. */
static int64_t time_at(const struct occurrences *occurrences, int64_t place)
{
    int64_t second = place % occurrences->seconds_count;
    int64_t rest = place / occurrences->seconds_count;
    int64_t minute = rest % occurrences->minutes_count;
    int64_t hour = rest / occurrences->minutes_count;
    return occurrences->hours[hour] * INT64_C(3600) + occurrences->minutes[minute] * INT64_C(60) +
           occurrences->seconds[second];
}

enum status occurrences_open(const char *text, int64_t start_local_s, bool with_start,
                             struct occurrences *occurrences_r, struct error *error)
{
    struct icalrecurrencetype rule = {.freq = ICAL_NO_RECURRENCE};
    enum status status = recurrence_read_rule(text, &rule, error);
    if (status != STATUS_OK) {
        return status;
    }
    assert(rule.interval > 0);
    *occurrences_r = (struct occurrences){
        .period = period_of(&rule),
        .interval = rule.interval,
        .start_s = start_local_s,
        .first_s = with_start ? start_local_s : start_local_s + 1,
        .week_starts_on = weekday_of(rule.week_start),
    };
    int64_t time_s =
        start_local_s - calendar_floor_divide(start_local_s, SECONDS_PER_DAY) * SECONDS_PER_DAY;
    occurrences_r->hours_count = read_times(rule.by_hour, time_s / 3600, occurrences_r->hours, 24);
    occurrences_r->minutes_count =
        read_times(rule.by_minute, time_s % 3600 / 60, occurrences_r->minutes, 60);
    occurrences_r->seconds_count =
        read_times(rule.by_second, time_s % 60, occurrences_r->seconds, 61);
    for (size_t i = 0; rule.by_month[i] != ICAL_RECURRENCE_ARRAY_MAX; i++) {
        occurrences_r->months |= UINT32_C(1) << icalrecurrencetype_month_month(rule.by_month[i]);
    }
    read_positions(rule.by_month_day, &occurrences_r->month_days);
    read_positions(rule.by_set_pos, &occurrences_r->set_position);
    read_weekdays(&rule, occurrences_r);
    fill_in(&rule, occurrences_r);
    enter(occurrences_r, 0);
    return STATUS_OK;
}

/* Whether a day of this period is left; it is then the one that is looked at. */
static bool find_day(struct occurrences *occurrences)
{
    while (occurrences->day < occurrences->days_count &&
           !is_in(occurrences->days, occurrences->day)) {
        occurrences->day++;
    }
    return occurrences->day < occurrences->days_count;
}

/* The next time of the period that is looked at. */
static bool next_of_period(struct occurrences *occurrences, int64_t before_local_s,
                           int64_t *local_s_r)
{
    while (find_day(occurrences)) {
        int64_t day = occurrences->period_day + occurrences->day;
        int64_t local_s = day * SECONDS_PER_DAY + time_at(occurrences, occurrences->time);
        if (local_s >= before_local_s) {
            return false;
        }
        if (++occurrences->time == times_of_day(occurrences)) {
            occurrences->time = 0;
            occurrences->day++;
        }
        if (local_s >= occurrences->first_s) {
            *local_s_r = local_s;
            return true;
        }
    }
    return false;
}

bool occurrences_next(struct occurrences *occurrences, int64_t before_local_s, int64_t *local_s_r)
{
    for (;;) {
        if (next_of_period(occurrences, before_local_s, local_s_r)) {
            return true;
        }
        if (find_day(occurrences) ||
            first_day(occurrences, occurrences->number + 1) * SECONDS_PER_DAY >= before_local_s) {
            return false;
        }
        enter(occurrences, occurrences->number + 1);
    }
}

/* The last time of a period that was just entered. */
static void find_last(const struct occurrences *occurrences, int64_t *last_s_r)
{
    for (int64_t i = occurrences->days_count - 1; i >= 0; i--) {
        if (is_in(occurrences->days, i)) {
            *last_s_r = (occurrences->period_day + i) * SECONDS_PER_DAY +
                        time_at(occurrences, times_of_day(occurrences) - 1);
            return;
        }
    }
}

/* Counts the whole periods behind the one that is looked at, which is gone through, up to the last
 * that ends by the day. */
static int64_t skip_periods(struct occurrences *occurrences, int64_t before_day, int64_t *last_s_r)
{
    int64_t days = 0;
    while (first_day(occurrences, occurrences->number + 1) < before_day) {
        enter(occurrences, occurrences->number + 1);
        if (occurrences->period_day + occurrences->days_count > before_day) {
            break; /* it is gone through by its times */
        }
        days += count_days(occurrences);
        find_last(occurrences, last_s_r);
        occurrences->day = occurrences->days_count;
    }
    return days * times_of_day(occurrences);
}

/* Days and weeks come again, unless the rule knows months: whole cycles are not gone through, but
 * for two, in which the last time is. */
static int64_t skip_cycles(struct occurrences *occurrences, int64_t before_day, int64_t *last_s_r)
{
    if (occurrences->months != 0 || occurrences->period > PERIOD_WEEK) {
        return 0;
    }
    int64_t periods = occurrences->period == PERIOD_WEEK ? 1 : DAYS_CYCLE;
    int64_t from = occurrences->number;
    int64_t from_day = first_day(occurrences, from + 1);
    int64_t cycle_days = first_day(occurrences, from + 1 + periods) - from_day;
    int64_t cycles = (before_day - from_day) / cycle_days - 2;
    if (cycles <= 0) {
        return 0;
    }
    int64_t in_one = skip_periods(occurrences, from_day + cycle_days, last_s_r);
    enter(occurrences, from + cycles * periods);
    occurrences->day = occurrences->days_count;
    return in_one * cycles;
}

int64_t occurrences_skip(struct occurrences *occurrences, int64_t before_day, int64_t *last_s_r)
{
    int64_t count = 0, local_s;
    int64_t period_ends = occurrences->period_day + occurrences->days_count;
    bool is_over = period_ends < before_day;
    int64_t before_s = before_day * SECONDS_PER_DAY;
    for (; next_of_period(occurrences, is_over ? INT64_MAX : before_s, &local_s); count++) {
        *last_s_r = local_s;
    }
    if (is_over) {
        count += skip_cycles(occurrences, before_day, last_s_r);
        count += skip_periods(occurrences, before_day, last_s_r);
    }
    for (; occurrences_next(occurrences, before_s, &local_s); count++) {
        *last_s_r = local_s;
    }
    return count;
}

void occurrences_count(const struct occurrences *occurrences, int64_t *first_year_r,
                       int64_t *most_r)
{
    struct occurrences left = *occurrences;
    int64_t day = calendar_floor_divide(occurrences->start_s, SECONDS_PER_DAY), last_s;
    int64_t first_ends_s = occurrences->start_s + YEAR_DAYS * SECONDS_PER_DAY;
    int64_t count = occurrences_skip(&left, day + YEAR_DAYS, &last_s);
    *most_r = count;
    while (occurrences_next(&left, first_ends_s + 1, &last_s)) {
        count++;
    }
    *first_year_r = count;
    int64_t year = YEAR_DAYS; /* of a rule of every tenth year, ten */
    if (occurrences->period == PERIOD_YEAR) {
        year = occurrences->interval * 365;
    } else if (occurrences->period == PERIOD_MONTH && occurrences->interval > 12) {
        year = occurrences->interval * 30;
    }
    left = *occurrences;
    for (int i = 0; i < YEARS_COUNTED; i++) {
        day += year;
        count = occurrences_skip(&left, day, &last_s);
        *most_r = count > *most_r ? count : *most_r;
    }
}
