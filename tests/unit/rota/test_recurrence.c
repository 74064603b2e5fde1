/* Recurrence rules on local times. What is expected was computed by other programs than libical. */
#include "gateway/rota/recurrence_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/base/time.h"

/* Local times are written as if they were UTC. */
static int64_t seconds(const char *local)
{
    char text[RFC3339_BYTES_MAX];
    struct wall_time time = {0};
    (void)snprintf(text, sizeof text, "%s:00Z", local);
    assert_int_equal(wall_time_parse(text, &time), STATUS_OK);
    return time.ms / 1000;
}

/* The first times of a rule, five at most, one behind the other. */
static void show(const char *rule, const char *start, const char *end, char shown_r[256])
{
    struct recurrence *recurrence = NULL;
    struct error error = {.text = ""};
    int64_t local_s;
    size_t used = 0;
    shown_r[0] = '\0';
    if (recurrence_open(rule, seconds(start), seconds(end), &recurrence, &error) != STATUS_OK) {
        fail_msg("%s: %s", rule, error.text);
    }
    for (int i = 0; i < 5 && recurrence_next(recurrence, &local_s); i++) {
        char text[RFC3339_BYTES_MAX];
        wall_time_format((struct wall_time){local_s * 1000}, text);
        used += (size_t)snprintf(shown_r + used, 256 - used, "%s%.16s", i > 0 ? " " : "", text);
    }
    recurrence_close(&recurrence);
    assert_null(recurrence);
}

static void recurrence__makes_local_times(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *start, *end, *times;
    } table[] = {
        {"FREQ=DAILY", "2026-03-28T02:30", "2026-03-30T02:30",
         "2026-03-28T02:30 2026-03-29T02:30 2026-03-30T02:30"},
        {"FREQ=DAILY;BYHOUR=8,20", "2026-01-05T08:30", "2026-01-06T20:30",
         "2026-01-05T08:30 2026-01-05T20:30 2026-01-06T08:30 2026-01-06T20:30"},
        {"freq=weekly;byday=mo,fr", "2026-01-06T09:00", "2026-01-17T00:00",
         "2026-01-09T09:00 2026-01-12T09:00 2026-01-16T09:00"},
        /* libical by itself begins these a week late, or without their first hour. */
        {"FREQ=WEEKLY;INTERVAL=6;BYDAY=SU", "1976-02-12T09:00", "1976-06-01T00:00",
         "1976-02-15T09:00 1976-03-28T09:00 1976-05-09T09:00"},
        {"FREQ=WEEKLY;INTERVAL=6", "1996-06-16T00:00", "1996-10-01T00:00",
         "1996-06-16T00:00 1996-07-28T00:00 1996-09-08T00:00"},
        {"FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TH,FR;BYHOUR=0,1", "1979-09-24T09:00", "1979-09-28T02:00",
         "1979-09-27T00:00 1979-09-27T01:00 1979-09-28T00:00 1979-09-28T01:00"},
        {"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;WKST=SU", "2026-01-08T00:00", "2026-02-05T00:00",
         "2026-01-20T00:00 2026-02-03T00:00"},
        {"FREQ=WEEKLY;COUNT=3;BYDAY=MO,WE", "2026-01-06T00:00", "2027-01-01T00:00",
         "2026-01-07T00:00 2026-01-12T00:00 2026-01-14T00:00"},
        {"FREQ=WEEKLY;UNTIL=20260114", "2026-01-01T00:00", "2027-01-01T00:00",
         "2026-01-01T00:00 2026-01-08T00:00"},
        /* Out of order, and twice. */
        {"FREQ=DAILY;BYHOUR=9,2,9;BYMINUTE=30,0", "2026-01-05T02:30", "2026-01-06T02:00",
         "2026-01-05T02:30 2026-01-05T09:00 2026-01-05T09:30 2026-01-06T02:00"},
        {"FREQ=WEEKLY;BYDAY=FR,MO,FR;BYHOUR=9,2", "2026-01-05T00:00", "2026-01-09T10:00",
         "2026-01-05T02:00 2026-01-05T09:00 2026-01-09T02:00 2026-01-09T09:00"},
        {"FREQ=MONTHLY;BYMONTHDAY=31", "2026-01-31T00:00", "2026-06-30T00:00",
         "2026-01-31T00:00 2026-03-31T00:00 2026-05-31T00:00"},
        {"FREQ=MONTHLY;BYMONTHDAY=-1", "2027-12-31T00:00", "2028-03-01T00:00",
         "2027-12-31T00:00 2028-01-31T00:00 2028-02-29T00:00"},
        {"FREQ=MONTHLY;BYDAY=1MO", "2026-01-01T00:00", "2026-03-31T00:00",
         "2026-01-05T00:00 2026-02-02T00:00 2026-03-02T00:00"},
        {"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-01T00:00", "2026-03-01T00:00",
         "2026-01-30T00:00 2026-02-27T00:00"},
        {"FREQ=YEARLY", "2024-02-29T00:00", "2035-01-01T00:00",
         "2024-02-29T00:00 2028-02-29T00:00 2032-02-29T00:00"},
        {"FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2025-01-01T00:00", "2026-12-31T00:00",
         "2025-11-27T00:00 2026-11-26T00:00"},
        /* The next February is behind the end: nothing. */
        {"FREQ=DAILY;BYMONTH=2", "2026-03-01T00:00", "2027-01-31T00:00", ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char shown[256];
        show(table[i].rule, table[i].start, table[i].end, shown);
        if (strcmp(shown, table[i].times) != 0) {
            fail_msg("%s: %s", table[i].rule, shown);
        }
    }
}

static void recurrence__refuses_what_is_not_a_rule_or_not_right_in_libical(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "",
        "weekly",
        "BYDAY=MO",
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=WEEKLY;BYHOUR=25",
        "FREQ=DAILY;COUNT=3;UNTIL=20260101",
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=5",
        "FREQ=HOURLY;INTERVAL=12",
        "FREQ=YEARLY;BYWEEKNO=53",
        "FREQ=YEARLY;BYYEARDAY=60;BYMONTH=3",
        "FREQ=DAILY;BYMONTHDAY=-1",
        "FREQ=YEARLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=MO,FR;BYSETPOS=1",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=MO;BYHOUR=1,2;BYSETPOS=1",
        "RSCALE=CHINESE;FREQ=YEARLY",
        "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct recurrence *recurrence = NULL;
        struct error error = {.text = ""};
        enum status status = recurrence_open(rules[i], 0, 86400 * 366, &recurrence, &error);
        if (status != STATUS_INVALID || strncmp(error.text, "must ", 5) != 0) {
            fail_msg("%s: %s, %s", rules[i], status_slug(status), error.text);
        }
        assert_null(recurrence);
    }
}

static void recurrence__knows_whether_it_ends_and_has_times(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        bool ends, has_times;
    } table[] = {
        {"FREQ=DAILY", false, false},
        {"FREQ=DAILY;COUNT=2", true, false},
        {"FREQ=DAILY;UNTIL=20260101T000000", true, false},
        {"FREQ=DAILY;BYHOUR=3", false, true},
        {"FREQ=DAILY;BYMINUTE=3", false, true},
        {"FREQ=DAILY;BYSECOND=3", false, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct recurrence *recurrence = NULL;
        assert_int_equal(recurrence_open(table[i].rule, 0, 86400, &recurrence, NULL), STATUS_OK);
        assert_int_equal(recurrence_ends(recurrence), table[i].ends);
        assert_int_equal(recurrence_has_times(recurrence), table[i].has_times);
        recurrence_close(&recurrence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recurrence__makes_local_times),
        cmocka_unit_test(recurrence__refuses_what_is_not_a_rule_or_not_right_in_libical),
        cmocka_unit_test(recurrence__knows_whether_it_ends_and_has_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
