/* Holidays from iCalendar files: what they give, and what is said of those that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/rota/calendar_private.h"
#include "gateway/rota/holidays.h"

#define CALENDAR(events) "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" events "END:VCALENDAR\r\n"
#define EVENT(lines)     "BEGIN:VEVENT\r\nUID:one@example.com\r\n" lines "END:VEVENT\r\n"
#define FROM_DAYS        20454 /* 2026-01-01 */
#define TO_DAYS          21184 /* 2028-01-01 */

struct fixture {
    struct arena *arena;
    struct holiday *days;
    size_t count;
    struct error error;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = arena_create(0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_destroy(&fixture->arena);
    free(fixture);
    return 0;
}

static enum status read_text(struct fixture *fixture, const char *text)
{
    return holidays_read_ics(text, strlen(text), FROM_DAYS, TO_DAYS, fixture->arena, &fixture->days,
                             &fixture->count, &fixture->error);
}

/* Reads a calendar and compares its dates, as "YYYY-MM-DD name" lines. */
static void assert_days(struct fixture *fixture, const char *text, const char *expected)
{
    char shown[4096] = "";
    size_t used = 0;
    if (read_text(fixture, text) != STATUS_OK) {
        fail_msg("%s", fixture->error.text);
    }
    for (size_t i = 0; i < fixture->count; i++) {
        int32_t days = fixture->days[i].date_days;
        int year = (int)calendar_year(days), month = 12;
        while (calendar_days(year, month, 1) > days) {
            month--;
        }
        used += (size_t)snprintf(shown + used, sizeof shown - used, "%d-%02d-%02d %s\n", year,
                                 month, days - (int)calendar_days(year, month, 1) + 1,
                                 fixture->days[i].name_fr);
    }
    assert_string_equal(shown, expected);
}

static void ics__single_days(void **state)
{
    assert_days(*state,
                CALENDAR(EVENT("DTSTART;VALUE=DATE:20261224\r\nSUMMARY:R\303\r\n \251veillon\r\n")
                             EVENT("DTSTART;VALUE=DATE:20260102\r\nDTEND;VALUE=DATE:20260103\r\n")
                                 EVENT("DTSTART;VALUE=DATE:20260103\r\n"
                                       "DTEND;VALUE=DATE:20260103\r\nSUMMARY:P\r\n ont\\, \r\n"
                                       "\tlong\r\n")),
                "2026-01-02 \n2026-01-03 Pont, long\n2026-12-24 Réveillon\n");
}

static void ics__several_days_in_a_row_are_cut_by_the_window(void **state)
{
    assert_days(*state,
                CALENDAR(EVENT("DTSTART;VALUE=DATE:20251230\r\nDTEND;VALUE=DATE:20260103\r\n"
                               "SUMMARY:a\r\n") EVENT("DTSTART;VALUE=DATE:20271230\r\n"
                                                      "DURATION:P1W\r\nSUMMARY:b\r\n")),
                "2026-01-01 a\n2026-01-02 a\n2027-12-30 b\n2027-12-31 b\n");
}

static void ics__rules_dates_and_exceptions(void **state)
{
    assert_days(*state,
                CALENDAR(EVENT("DTSTART;VALUE=DATE:19700501\r\nRRULE:FREQ=YEARLY\r\n"
                               "EXDATE;VALUE=DATE:20260501\r\nSUMMARY:Mai\r\n"
                               "RDATE;VALUE=DATE:20260502,20260503,20290101\r\n")
                             EVENT("DTSTART;VALUE=DATE:20261126\r\nSUMMARY:Jeudi\r\n"
                                   "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=2\r\n")),
                "2026-05-02 Mai\n2026-05-03 Mai\n2026-11-26 Jeudi\n2027-05-01 Mai\n"
                "2027-11-25 Jeudi\n");
}

/* RFC 5545, section 3.8.5.3: DTSTART is the first, whether or not the rule makes it. */
static void ics__the_start_counts_and_can_be_excepted(void **state)
{
    assert_days(*state,
                CALENDAR(EVENT("DTSTART;VALUE=DATE:20260105\r\nSUMMARY:a\r\n"
                               "RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=2\r\n")
                             EVENT("DTSTART;VALUE=DATE:20260301\r\nSUMMARY:b\r\n"
                                   "RRULE:FREQ=DAILY;COUNT=3\r\nEXDATE;VALUE=DATE:20260301\r\n")),
                "2026-01-05 a\n2026-01-06 a\n2026-01-13 a\n2026-03-02 b\n2026-03-03 b\n");
}

static void ics__each_date_once_and_cancelled_ones_never(void **state)
{
    assert_days(*state,
                CALENDAR(EVENT("DTSTART;VALUE=DATE:20260801\r\nSUMMARY:z\r\n")
                             EVENT("DTSTART;VALUE=DATE:20260801\r\nSUMMARY:a\r\n")
                                 EVENT("DTSTART;VALUE=DATE:20260802\r\nSTATUS:CANCELLED\r\n")),
                "2026-08-01 a\n");
}

static void ics__leap_day_is_one_only_in_leap_years(void **state)
{
    struct fixture *fixture = *state;
    const char *text =
        CALENDAR(EVENT("DTSTART;VALUE=DATE:20240229\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Bissexte\r\n"));
    assert_days(fixture, text, "");
    assert_int_equal(holidays_read_ics(text, strlen(text), TO_DAYS, TO_DAYS + 366, fixture->arena,
                                       &fixture->days, &fixture->count, &fixture->error),
                     STATUS_OK);
    assert_int_equal(fixture->count, 1);
    assert_int_equal(fixture->days[0].date_days, calendar_days(2028, 2, 29));
}

static void ics__other_components_are_passed_over(void **state)
{
    assert_days(*state,
                CALENDAR("BEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nBEGIN:STANDARD\r\n"
                         "DTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
                         "END:STANDARD\r\nEND:VTIMEZONE\r\n" EVENT(
                             "DTSTART;VALUE=DATE:20260801\r\nSUMMARY:a\r\nX-OURS:1\r\n"
                             "BEGIN:VALARM\r\nTRIGGER:-PT1H\r\nACTION:DISPLAY\r\n"
                             "DESCRIPTION:x\r\nEND:VALARM\r\n")),
                "2026-08-01 a\n");
    assert_days(*state, CALENDAR(""), "");
}

#define ONE(lines) CALENDAR(EVENT("DTSTART;VALUE=DATE:20260801\r\n" lines))

static void ics__refusals_name_the_place(void **state)
{
    static const struct {
        const char *text, *said;
    } table[] = {
        {"", "line 1 "},
        {"hello", "line 1: BEGIN:VCALENDAR"},
        {"\r\n\r\n{}", "line 3: BEGIN:VCALENDAR"},
        {"BEGIN:VCALENDAR\r\n", "line 1 without END:VCALENDAR"},
        {"BEGIN:VEVENT\r\nEND:VEVENT\r\n", "line 1: one VCALENDAR"},
        {CALENDAR("") CALENDAR(""), "line 4: one VCALENDAR"},
        {CALENDAR("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"), "line 3: one VCALENDAR"},
        {CALENDAR("BEGIN:VEVENT\r\n"), "line 4: END does not end"},
        {CALENDAR("BEGIN:A\r\nBEGIN:B\r\nB\r\n EGIN:C\r\n"), "line 5: a component"},
        {CALENDAR("END:VEVENT\r\n"), "line 3: END does not end"},
        {CALENDAR(EVENT("DTSTART:20260801T080000Z\r\n")), "one@example.com: DTSTART must"},
        {CALENDAR(EVENT("")), "one@example.com: DTSTART must"},
        {CALENDAR(EVENT("DTSTART;VALUE=DATE:18991231\r\n")), "one@example.com: DTSTART must"},
        {CALENDAR(EVENT("DTSTART;VALUE=DATE:yesterday\r\n")), "one@example.com: it has a"},
        {CALENDAR("BEGIN:VEVENT\r\nDTSTART:20260801T080000Z\r\nEND:VEVENT\r\n"), "UID (none)"},
        {ONE("DTEND:20260802T000000Z\r\n"), "one@example.com: DTEND must"},
        {ONE("DTEND;VALUE=DATE:20260731\r\n"), "one@example.com: an event lasts whole days"},
        {ONE("DTEND;VALUE=DATE:20270803\r\n"), "one@example.com: an event lasts whole days"},
        {ONE("DURATION:PT5H\r\n"), "one@example.com: an event lasts whole days"},
        {ONE("DURATION:-P1D\r\n"), "one@example.com: an event lasts whole days"},
        {ONE("RECURRENCE-ID;VALUE=DATE:20260801\r\n"), "one@example.com: RECURRENCE-ID"},
        {ONE("EXRULE:FREQ=DAILY\r\n"), "one@example.com: EXRULE"},
        {ONE("EXDATE:20260801T000000Z\r\n"), "one@example.com: EXDATE must"},
        {ONE("RDATE:20260801T000000Z\r\n"), "one@example.com: RDATE must"},
        {ONE("RDATE;VALUE=PERIOD:20260801T000000Z/P1D\r\n"), "one@example.com: RDATE must"},
        {ONE("RRULE:FREQ=HOURLY\r\n"), "RRULE of the event with UID one@example.com: must have"},
        {ONE("RRULE:FREQ=DAILY;BYHOUR=3\r\n"), "one@example.com: a rule of days"},
        {ONE("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\r\n"), "one@example.com: must fit"},
        {ONE("RRULE:FREQ=BLUE\r\n"), "one@example.com: it has a"},
        {ONE("SUMMARY:\xff\r\n"), "one@example.com: SUMMARY is not UTF-8"},
        {CALENDAR("BEGIN:VEVENT\r\nUID:\xff\r\nEND:VEVENT\r\n"), "UID (not UTF-8): DTSTART"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        enum status status = read_text(fixture, table[i].text);
        if (status != STATUS_INVALID || strstr(fixture->error.text, table[i].said) == NULL) {
            fail_msg("%s: %s: %s", table[i].text, status_slug(status), fixture->error.text);
        }
        assert_null(fixture->days);
    }
}

/* A calendar of `count` times the lines, each with its number for "%zu". */
static char *repeat(const char *line, size_t count)
{
    size_t bytes = count * (strlen(line) + 8) + 256;
    char *text = malloc(bytes);
    assert_non_null(text);
    size_t used = (size_t)snprintf(text, bytes, "BEGIN:VCALENDAR\r\n");
    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(text + used, bytes - used, "%s", line);
    }
    (void)snprintf(text + used, bytes - used, "END:VCALENDAR\r\n");
    return text;
}

static void assert_limit(struct fixture *fixture, const char *line, size_t most, const char *said)
{
    char *text = repeat(line, most);
    if (read_text(fixture, text) != STATUS_OK) {
        fail_msg("%s", fixture->error.text);
    }
    free(text);
    text = repeat(line, most + 1);
    assert_int_equal(read_text(fixture, text), STATUS_TOO_LARGE);
    assert_non_null(strstr(fixture->error.text, said));
    free(text);
}

static void ics__limits(void **state)
{
    assert_limit(*state, EVENT("DTSTART;VALUE=DATE:20260801\r\n"), HOLIDAYS_EVENTS_MAX,
                 "more than 2000 events");
    assert_limit(*state, EVENT("DTSTART;VALUE=DATE:20260801\r\nRRULE:FREQ=YEARLY\r\n"),
                 HOLIDAYS_RECURRENCES_MAX, "more than 100 RRULEs");
    assert_limit(*state,
                 EVENT("DTSTART;VALUE=DATE:20260801\r\nDTEND;VALUE=DATE:20261119\r\n"), /* 110 */
                 HOLIDAYS_DATES_MAX / 110, "more than 5000 holidays");
    assert_limit(*state, EVENT("DTSTART;VALUE=DATE:19000101\r\nRRULE:FREQ=DAILY;COUNT=40000\r\n"),
                 2, "more than 100000 dates");
}

static void ics__size_is_limited_and_nothing_is_hidden_behind_a_nul(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(holidays_read_ics(CALENDAR(""), sizeof CALENDAR(""), FROM_DAYS, TO_DAYS,
                                       fixture->arena, &fixture->days, &fixture->count,
                                       &fixture->error),
                     STATUS_INVALID);
    static const char calendar[] = "BEGIN:VCALENDAR\nEND:VCALENDAR";
    char *text = malloc(HOLIDAYS_ICS_BYTES_MAX + 1);
    assert_non_null(text);
    memset(text, '\n', HOLIDAYS_ICS_BYTES_MAX + 1);
    memcpy(text, calendar, sizeof calendar - 1);
    assert_int_equal(holidays_read_ics(text, HOLIDAYS_ICS_BYTES_MAX, FROM_DAYS, TO_DAYS,
                                       fixture->arena, &fixture->days, &fixture->count,
                                       &fixture->error),
                     STATUS_OK);
    assert_int_equal(holidays_read_ics(text, HOLIDAYS_ICS_BYTES_MAX + 1, FROM_DAYS, TO_DAYS,
                                       fixture->arena, &fixture->days, &fixture->count,
                                       &fixture->error),
                     STATUS_TOO_LARGE);
    free(text);
}

static void ics__window_out_of_reach_is_refused(void **state)
{
    static const struct {
        int32_t from, to;
    } table[] = {{-1, 5},
                 {6, 5},
                 {HOLIDAYS_DATE_MAX, HOLIDAYS_DATE_MAX + 2},
                 {0, HOLIDAYS_WINDOW_DAYS_MAX + 1}};
    struct fixture *fixture = *state;
    const char *text = CALENDAR("");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(holidays_read_ics(text, strlen(text), table[i].from, table[i].to,
                                           fixture->arena, &fixture->days, &fixture->count,
                                           &fixture->error),
                         STATUS_INVALID);
    }
}

static void ics__full_arena_is_reported_at_every_size(void **state)
{
    struct fixture *fixture = *state;
    const char *text = ONE("SUMMARY:Fermeture annuelle\r\nDURATION:P3W\r\n");
    enum status status = STATUS_NO_MEMORY;
    for (size_t bytes = 16; status == STATUS_NO_MEMORY && bytes < 65536; bytes += 16) {
        struct arena *arena = arena_create(bytes);
        struct holiday *days = NULL;
        size_t count = 0;
        status = holidays_read_ics(text, strlen(text), FROM_DAYS, TO_DAYS, arena, &days, &count,
                                   &fixture->error);
        assert_int_equal(count, status == STATUS_OK ? 21 : 0);
        arena_destroy(&arena);
    }
    assert_int_equal(status, STATUS_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ics__single_days),
        TEST(ics__several_days_in_a_row_are_cut_by_the_window),
        TEST(ics__rules_dates_and_exceptions),
        TEST(ics__the_start_counts_and_can_be_excepted),
        TEST(ics__each_date_once_and_cancelled_ones_never),
        TEST(ics__leap_day_is_one_only_in_leap_years),
        TEST(ics__other_components_are_passed_over),
        TEST(ics__refusals_name_the_place),
        TEST(ics__limits),
        TEST(ics__size_is_limited_and_nothing_is_hidden_behind_a_nul),
        TEST(ics__window_out_of_reach_is_refused),
        TEST(ics__full_arena_is_reported_at_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
