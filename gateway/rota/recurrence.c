#include "gateway/rota/recurrence_private.h"

#include <libical/ical.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/rota/calendar_private.h"

struct recurrence {
    icalrecur_iterator *iterator;
    int64_t start_s;
    int64_t left; /* of COUNT */
    bool ends;
    bool has_times;
};

static void make_errors_values(void)
{
    icalerror_set_errors_are_fatal(0);
}

void recurrence_prepare_libical(void)
{
    static pthread_once_t prepared = PTHREAD_ONCE_INIT;
    (void)pthread_once(&prepared, make_errors_values);
    icalerror_clear_errno(); /* this thread's; an iterator takes an old error for its own */
}

static bool is_given(const short *values)
{
    return values[0] != ICAL_RECURRENCE_ARRAY_MAX;
}

/* "2MO" or "-1FR": the second Monday, the last Friday. */
static bool has_positions(const struct icalrecurrencetype *rule)
{
    bool found = false;
    for (size_t i = 0; rule->by_day[i] != ICAL_RECURRENCE_ARRAY_MAX; i++) {
        found = found || icalrecurrencetype_day_position(rule->by_day[i]) != 0;
    }
    return found;
}

static bool has_times(const struct icalrecurrencetype *rule)
{
    return is_given(rule->by_hour) || is_given(rule->by_minute) || is_given(rule->by_second);
}

/* NULL, or why the rule is not taken. */
static const char *fault_of(const struct icalrecurrencetype *rule)
{
    bool yearly = rule->freq == ICAL_YEARLY_RECURRENCE;
    bool months = yearly || rule->freq == ICAL_MONTHLY_RECURRENCE;
    if (rule->freq == ICAL_NO_RECURRENCE) {
        return "must be a rule of RFC 5545 such as FREQ=WEEKLY;BYDAY=MO,FR";
    }
    if (rule->freq < ICAL_DAILY_RECURRENCE) {
        return "must have FREQ DAILY, WEEKLY, MONTHLY or YEARLY: hours go into BYHOUR";
    }
    if (is_given(rule->by_week_no) || is_given(rule->by_year_day)) {
        return "must not have BYWEEKNO or BYYEARDAY: write BYMONTH and BYMONTHDAY";
    }
    if (rule->rscale != NULL || rule->skip != ICAL_SKIP_OMIT) {
        return "must not have RSCALE or SKIP: only the Gregorian calendar is read";
    }
    if (is_given(rule->by_month_day) && (!months || has_positions(rule))) {
        return "must have FREQ=MONTHLY or YEARLY beside BYMONTHDAY, and plain weekdays";
    }
    if (is_given(rule->by_month_day) && yearly && !is_given(rule->by_month)) {
        return "must have BYMONTH beside BYMONTHDAY, or FREQ=MONTHLY";
    }
    if (has_positions(rule) && !months) {
        return "must have FREQ=MONTHLY or YEARLY beside a BYDAY such as 1MO";
    }
    if (is_given(rule->by_set_pos) && (!months || !is_given(rule->by_day) || has_times(rule))) {
        return "must have FREQ=MONTHLY or YEARLY and BYDAY beside BYSETPOS, without BYHOUR";
    }
    return NULL;
}

static int compare_values(const void *left, const void *right)
{
    const short *a = left, *b = right;
    return *a - *b;
}

static size_t count_of(const short *values)
{
    size_t count = 0;
    while (values[count] != ICAL_RECURRENCE_ARRAY_MAX) {
        count++;
    }
    return count;
}

/* libical makes times of a day in the order in which they are written … */
static void sort_values(short *values)
{
    qsort(values, count_of(values), sizeof values[0], compare_values);
}

/* … and twice what is there twice. Weekdays come in order, by the week's first. */
static void drop_repeated(short *values)
{
    size_t kept = 0;
    for (size_t i = 0; i < count_of(values); i++) {
        if (kept == 0 || values[kept - 1] != values[i]) {
            values[kept++] = values[i];
        }
    }
    values[kept] = ICAL_RECURRENCE_ARRAY_MAX;
}

static void tidy_values(struct icalrecurrencetype *rule)
{
    short *const lists[] = {rule->by_hour, rule->by_minute, rule->by_second};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        sort_values(lists[i]);
        drop_repeated(lists[i]);
    }
    drop_repeated(rule->by_day);
}

static struct icaltimetype time_of(int64_t local_s)
{
    return icaltime_from_timet_with_zone((time_t)local_s, 0, NULL);
}

/* Days from the first day of the week to a weekday; both 1 Sunday … 7 Saturday. */
static int days_into_week(int weekday, int first)
{
    return (weekday - first + 7) % 7;
}

/* libical loses the first week, or counts INTERVAL from another, when a weekly rule does not begin
 * on the first of its weekdays: it is told to begin there, in the week of the start. */
static int64_t begin_with_week(struct icalrecurrencetype *rule, int64_t start_local_s)
{
    int first = (int)rule->week_start;
    int64_t day = calendar_floor_divide(start_local_s, SECONDS_PER_DAY);
    int weekday = calendar_weekday(day) % 7 + 1;
    if (!is_given(rule->by_day)) {
        rule->by_day[0] = (short)weekday;
        rule->by_day[1] = ICAL_RECURRENCE_ARRAY_MAX;
    }
    int earliest = 6;
    for (size_t i = 0; rule->by_day[i] != ICAL_RECURRENCE_ARRAY_MAX; i++) {
        int into = days_into_week(rule->by_day[i], first);
        earliest = into < earliest ? into : earliest;
    }
    int64_t time_s = start_local_s - day * SECONDS_PER_DAY;
    if (is_given(rule->by_hour)) { /* those before the start's, too */
        time_s %= 3600;
    }
    if (is_given(rule->by_minute)) {
        time_s += time_s % 60 - time_s % 3600;
    }
    return (day + earliest - days_into_week(weekday, first)) * SECONDS_PER_DAY + time_s;
}

static enum status begin(struct recurrence *recurrence, struct icalrecurrencetype *rule,
                         int64_t end_local_s, struct error *error)
{
    int64_t start_s = recurrence->start_s;
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): libical filled it in */
    recurrence->left = rule->count != 0 ? rule->count : INT64_MAX;
    recurrence->ends = rule->count != 0 || !icaltime_is_null_time(rule->until);
    recurrence->has_times = has_times(rule);
    rule->count = 0; /* counted here, from the true start */
    /* Of a rule that never fits again libical would try every day of six centuries. */
    struct icaltimetype end = time_of(end_local_s);
    if (icaltime_is_null_time(rule->until) || icaltime_compare(rule->until, end) > 0) {
        rule->until = end;
    }
    if (rule->freq == ICAL_WEEKLY_RECURRENCE) {
        start_s = begin_with_week(rule, start_s);
    }
    recurrence->iterator = icalrecur_iterator_new(*rule, time_of(start_s));
    if (recurrence->iterator != NULL) {
        return STATUS_OK;
    }
    return icalerrno == ICAL_NEWFAILED_ERROR
               ? error_set(error, STATUS_NO_MEMORY, "no memory for a recurrence rule")
               : error_set(error, STATUS_INVALID, "must fit some date: it fits none");
}

enum status recurrence_read_rule(const char *text, struct icalrecurrencetype *rule_r,
                                 struct error *error)
{
    recurrence_prepare_libical();
    struct icalrecurrencetype rule = icalrecurrencetype_from_string(text);
    const char *fault = fault_of(&rule);
    free(rule.rscale);
    rule.rscale = NULL;
    if (fault != NULL) {
        return error_set(error, STATUS_INVALID, "%s", fault);
    }
    tidy_values(&rule);
    *rule_r = rule;
    return STATUS_OK;
}

enum status recurrence_open(const char *text, int64_t start_local_s, int64_t end_local_s,
                            struct recurrence **recurrence_r, struct error *error)
{
    struct icalrecurrencetype rule = {.freq = ICAL_NO_RECURRENCE};
    enum status read = recurrence_read_rule(text, &rule, error);
    if (read != STATUS_OK) {
        return read;
    }
    icalerror_clear_errno();
    struct recurrence *recurrence = calloc(1, sizeof *recurrence);
    if (recurrence == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a recurrence rule");
    }
    recurrence->start_s = start_local_s;
    enum status status = begin(recurrence, &rule, end_local_s, error);
    if (status != STATUS_OK) {
        recurrence_close(&recurrence);
        return status;
    }
    *recurrence_r = recurrence;
    return STATUS_OK;
}

bool recurrence_next(struct recurrence *recurrence, int64_t *local_s_r)
{
    while (recurrence->left > 0) {
        struct icaltimetype next = icalrecur_iterator_next(recurrence->iterator);
        if (icaltime_is_null_time(next)) {
            return false;
        }
        int64_t local_s = calendar_days(next.year, next.month, next.day) * SECONDS_PER_DAY +
                          (int64_t)next.hour * 3600 + (int64_t)next.minute * 60 + next.second;
        if (local_s >= recurrence->start_s) {
            recurrence->left--;
            *local_s_r = local_s;
            return true;
        }
    }
    return false;
}

bool recurrence_ends(const struct recurrence *recurrence)
{
    return recurrence->ends;
}

bool recurrence_has_times(const struct recurrence *recurrence)
{
    return recurrence->has_times;
}

void recurrence_close(struct recurrence **recurrence)
{
    if (*recurrence != NULL && (*recurrence)->iterator != NULL) {
        icalrecur_iterator_free((*recurrence)->iterator);
    }
    free(*recurrence);
    *recurrence = NULL;
}
