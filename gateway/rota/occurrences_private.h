/* occurrences_private.h - a recurrence rule day by day, from anywhere.
 *
 * libical (recurrence_private.h) reads the rule and says which ones are taken, but it can only go
 * through all that a rule ever made: a rota that began in 2001 would cost ten thousand steps each
 * time that somebody asks who is on call. Here the days of one period (a day, a week, a month, a
 * year) are a set of bits, and what lies between the start and the time that is asked about is
 * counted by whole periods. tests/unit/rota/test_occurrences.c compares it with libical.
 */
#ifndef GATEWAY_ROTA_OCCURRENCES_PRIVATE_H
#define GATEWAY_ROTA_OCCURRENCES_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/status.h"

#define OCCURRENCE_DAY_WORDS ((366 + 63) / 64)

enum occurrence_period { PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_YEAR };

/* Numbers from 1 on, each a bit: counted from the beginning, and from the end. */
struct occurrence_positions {
    uint64_t ahead[OCCURRENCE_DAY_WORDS];
    uint64_t back[OCCURRENCE_DAY_WORDS];
    bool any;
};

/* A rule and how far it was gone through; plain memory. Weekdays: 1 Monday … 7 Sunday. */
struct occurrences {
    enum occurrence_period period;
    int64_t interval; /* every so many periods */
    int64_t start_s;  /* local time in seconds since 1970-01-01T00:00 */
    int64_t first_s;  /* none before it */
    int week_starts_on;
    uint32_t months;                          /* bits 1 to 12; 0: all */
    struct occurrence_positions month_days;   /* unless `any`: all */
    uint32_t weekdays;                        /* bits 1 to 7, on any of them … */
    struct occurrence_positions nth[8];       /* … or on these, of the month or of the year */
    bool has_weekdays;                        /* otherwise on all of them */
    struct occurrence_positions set_position; /* which days of a period; unless `any`: all */
    int16_t hours[24], minutes[60], seconds[61];
    int64_t hours_count, minutes_count, seconds_count;
    int64_t number; /* of the period that is looked at, from 0 */
    int64_t period_day;
    uint64_t days[OCCURRENCE_DAY_WORDS]; /* which of it, as bits */
    int64_t days_count;
    int64_t day;  /* the next one, from period_day on … */
    int64_t time; /* … and its time, from the first of the day */
};

/* Begins a rule ("FREQ=WEEKLY;BYDAY=MO,FR") at its DTSTART, a local time in seconds since
 * 1970-01-01T00:00; with_start: DTSTART counts, if it fits the rule. COUNT and UNTIL are not
 * looked at. STATUS_INVALID: it is none of those that recurrence_open() takes. */
enum status occurrences_open(const char *rule, int64_t start_local_s, bool with_start,
                             struct occurrences *occurrences_r, struct error *error) MUST_CHECK;

/* The next local time that the rule makes; false, and nothing is gone through, when it is not
 * before before_local_s. */
bool occurrences_next(struct occurrences *occurrences, int64_t before_local_s, int64_t *local_s_r);

/* Goes through what lies before the local date (days since 1970-01-01): answers how many times
 * these are, and the last of them, which stays untouched when there is none. */
int64_t occurrences_skip(struct occurrences *occurrences, int64_t before_day, int64_t *last_s_r);

/* How many times the rule makes in its first 366 days, and how many at most in any of its first
 * thirty years, where a rule of every tenth year has years ten times as long. From a rule that was
 * just begun. */
void occurrences_count(const struct occurrences *occurrences, int64_t *first_year_r,
                       int64_t *most_r);

#endif
