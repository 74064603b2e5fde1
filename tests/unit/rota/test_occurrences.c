/* Occurrences from anywhere are what libical makes when it goes through all of them. */
#include "gateway/rota/occurrences_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/base/time.h"
#include "gateway/rota/calendar_private.h"
#include "gateway/rota/recurrence_private.h"

#define DAY_S     INT64_C(86400)
#define RULES     80
#define TIMES_MAX 800

/* A small generator of our own (splitmix64): the same rules on every machine. */
static uint64_t seed;

static int pick(int low, int high)
{
    seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = (seed ^ (seed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    mixed ^= mixed >> 31;
    return low + (int)(mixed % (uint64_t)(high - low + 1));
}

static void add(char *rule, const char *word)
{
    size_t used = strlen(rule);
    (void)snprintf(rule + used, RECURRENCE_BYTES_MAX - used, "%s", word);
}

static void add_number(char *rule, const char *word, int number)
{
    size_t used = strlen(rule);
    (void)snprintf(rule + used, RECURRENCE_BYTES_MAX - used, "%s%d", word, number);
}

static void add_numbers(char *rule, const char *name, int low, int high, int count)
{
    for (int i = 0; i < count; i++) {
        add_number(rule, i == 0 ? name : ",", pick(low, high));
    }
}

static void add_weekdays(char *rule, int positions)
{
    static const char *const days[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    int count = pick(1, 3);
    for (int i = 0; i < count; i++) {
        int position = pick(0, 1) == 0 ? 0 : pick(-positions, positions);
        add(rule, i == 0 ? ";BYDAY=" : ",");
        if (position != 0) {
            add_number(rule, "", position);
        }
        add(rule, days[pick(0, 6)]);
    }
}

/* Any of the shapes that are taken. */
static void random_rule(char *rule)
{
    static const char *const words[] = {"FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY"};
    int shape = pick(0, 3);
    bool months = shape >= 2, set = false;
    rule[0] = '\0';
    add(rule, words[shape]);
    if (pick(0, 1) == 0) {
        add_number(rule, ";INTERVAL=", pick(1, shape == 3 ? 3 : 6));
    }
    bool of_month = pick(0, 2) == 0;
    if (of_month) {
        add_numbers(rule, ";BYMONTH=", 1, 12, pick(1, 4));
    }
    if (months && pick(0, 2) == 0 && (shape == 2 || of_month)) {
        add_numbers(rule, ";BYMONTHDAY=", pick(0, 1) == 0 ? 1 : -31, 31, pick(1, 3));
        if (strstr(rule, "=0") != NULL || strstr(rule, ",0") != NULL) {
            random_rule(rule); /* there is no such day */
            return;
        }
        if (pick(0, 3) == 0) {
            add_weekdays(rule, 0);
        }
    } else if (pick(0, 2) > 0) {
        set = months && pick(0, 3) == 0;
        add_weekdays(rule, !months || set ? 0 : shape == 2 || of_month ? 5 : 53);
        if (set) {
            add_number(rule, ";BYSETPOS=", pick(0, 1) == 0 ? pick(1, 3) : pick(-3, -1));
        }
    }
    if (!set && pick(0, 1) == 0) {
        add_numbers(rule, ";BYHOUR=", 0, 23, pick(1, 3));
    }
    if (!set && pick(0, 3) == 0) {
        add_numbers(rule, ";BYMINUTE=", 0, 59, pick(1, 2));
    }
    if (pick(0, 3) == 0) {
        add(rule, pick(0, 1) == 0 ? ";WKST=SU" : ";WKST=WE");
    }
}

static int64_t times[TIMES_MAX];

/* All that libical makes of a rule up to an end; 0: the rule is not taken. */
static int all_times(const char *rule, int64_t start_s, int64_t end_s)
{
    struct recurrence *recurrence = NULL;
    int count = 0;
    if (recurrence_open(rule, start_s, end_s, &recurrence, NULL) != STATUS_OK) {
        return 0;
    }
    while (count < TIMES_MAX && recurrence_next(recurrence, &times[count])) {
        count++;
    }
    recurrence_close(&recurrence);
    return count;
}

/* Goes on from a day, and compares what is left with libical's. */
static void check_from(const char *rule, int64_t start_s, int64_t day, int64_t end_s, int count,
                       bool with_start)
{
    struct occurrences occurrences;
    int64_t last_s = -1, local_s;
    int from = !with_start && count > 0 && times[0] == start_s, before = from;
    assert_int_equal(occurrences_open(rule, start_s, with_start, &occurrences, NULL), STATUS_OK);
    for (; before < count && times[before] < day * DAY_S; before++) {
    }
    int64_t skipped = occurrences_skip(&occurrences, day, &last_s);
    if (skipped != before - from || last_s != (before > from ? times[before - 1] : -1)) {
        fail_msg("%s from %lld to day %lld: %lld, up to %lld", rule, (long long)start_s,
                 (long long)day, (long long)skipped, (long long)last_s);
    }
    for (int i = before; i < count && i < before + 40; i++) {
        if (!occurrences_next(&occurrences, end_s + 1, &local_s) || local_s != times[i]) {
            fail_msg("%s from %lld behind day %lld: %lld", rule, (long long)start_s, (long long)day,
                     (long long)local_s);
        }
    }
    if (count < before + 40) {
        assert_false(occurrences_next(&occurrences, end_s + 1, &local_s));
    }
}

static void occurrences__are_those_of_libical_from_any_day(void **state)
{
    (void)state;
    int taken = 0;
    for (uint64_t i = 0; i < RULES; i++) {
        char rule[RECURRENCE_BYTES_MAX];
        seed = i;
        random_rule(rule);
        int64_t start_day = pick(0, 20000);
        int64_t start_s = start_day * DAY_S + (pick(0, 1) == 0 ? 0 : pick(0, 86399));
        int years = pick(1, 9);
        int64_t end_s = start_s + years * 366 * DAY_S;
        int count = all_times(rule, start_s, end_s);
        if (count == TIMES_MAX) {
            end_s = times[count - 1];
        }
        taken += count > 0;
        int days = (int)((end_s - start_s) / DAY_S);
        for (int probe = 0; count > 0 && probe < 4; probe++) {
            check_from(rule, start_s, start_day + pick(-3, days), end_s, count, pick(0, 1) == 0);
        }
    }
    assert_true(taken > RULES / 2);
}

/* What a year of the calendar has, in one that begins two thousand years later. */
static void occurrences__are_counted_far_from_their_start(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        int64_t in_400_years;
    } table[] = {
        {"FREQ=DAILY;BYHOUR=8,20", 146097 * 2},
        {"FREQ=DAILY;INTERVAL=3;BYDAY=MO,SU", 146097 / 3 * 2 / 7},
        {"FREQ=WEEKLY;BYDAY=MO,FR", 20871 * 2},
        {"FREQ=MONTHLY;BYMONTHDAY=-1", 4800},
        {"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", 97},
        {"FREQ=DAILY;BYMONTH=2", 400 * 28 + 97},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct occurrences occurrences;
        int64_t start = calendar_days(2000, 1, 3), last_s = 0;
        assert_int_equal(occurrences_open(table[i].rule, start * DAY_S, true, &occurrences, NULL),
                         STATUS_OK);
        (void)occurrences_skip(&occurrences, calendar_days(4000, 1, 1), &last_s);
        assert_int_equal(occurrences_skip(&occurrences, calendar_days(4400, 1, 1), &last_s),
                         table[i].in_400_years);
        assert_true(last_s >= calendar_days(4396, 1, 1) * DAY_S);
    }
}

static void occurrences__are_at_most_so_many_in_a_year(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        int64_t first_year, most;
    } table[] = {
        {"FREQ=DAILY", 367, 366}, /* both ends */
        {"FREQ=YEARLY;INTERVAL=10;BYMONTH=1;BYMONTHDAY=1,2", 0, 2},
        {"FREQ=MONTHLY;INTERVAL=13;BYMONTHDAY=1,2,3,30", 1, 4},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct occurrences occurrences;
        int64_t first_year = 0, most = 0;
        assert_int_equal(occurrences_open(table[i].rule, calendar_days(2026, 1, 30) * DAY_S, true,
                                          &occurrences, NULL),
                         STATUS_OK);
        occurrences_count(&occurrences, &first_year, &most);
        assert_int_equal(first_year, table[i].first_year);
        assert_int_equal(most, table[i].most);
    }
}

static void occurrences_open__refuses_what_libical_is_not_asked(void **state)
{
    (void)state;
    struct occurrences occurrences;
    struct error error = {.text = ""};
    assert_int_equal(occurrences_open("FREQ=HOURLY", 0, true, &occurrences, &error),
                     STATUS_INVALID);
    assert_string_equal(error.text,
                        "must have FREQ DAILY, WEEKLY, MONTHLY or YEARLY: hours go into BYHOUR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(occurrences__are_those_of_libical_from_any_day),
        cmocka_unit_test(occurrences__are_counted_far_from_their_start),
        cmocka_unit_test(occurrences__are_at_most_so_many_in_a_year),
        cmocka_unit_test(occurrences_open__refuses_what_libical_is_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
