/* When a customer is open, as golden lists. Paris is UTC+1, in summer UTC+2. */
#include "gateway/rota/opening_hours.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/rota/rota.h"
#include "tests/unit/rota/fixture.h"

#define WEEKDAYS               "[\"monday\",\"tuesday\",\"wednesday\",\"thursday\",\"friday\"]"
#define WINDOW(from, to)       "{\"from\":\"" from "\",\"to\":\"" to "\"}"
#define WEEKLY(days, from, to) "{\"days\":" days ",\"from\":\"" from "\",\"to\":\"" to "\"}"
#define MORNING                WEEKLY(WEEKDAYS, "08:00", "12:00")
#define OFFICE                 MORNING "," WEEKLY(WEEKDAYS, "14:00", "18:00")
#define EVENING                WEEKLY("[\"saturday\"]", "22:00", "03:00")

static const struct holidays fr = {.variant = HOLIDAYS_FR};

static struct opening_hours *parse_hours(struct fixture *fixture, const char *json)
{
    struct opening_hours *hours = NULL;
    if (opening_hours_parse(json, strlen(json), fixture->arena, &hours, &fixture->error) !=
        STATUS_OK) {
        fail_msg("%s", fixture->error.text);
    }
    return hours;
}

/* Compiles, and compares with lines "<from> <to>" in UTC without seconds. */
static void assert_open(struct fixture *fixture, const char *json, const char *from, const char *to,
                        const char *expected)
{
    struct opening_interval *intervals;
    size_t count, used = 0;
    char shown[4096] = "";
    if (opening_hours_compile(parse_hours(fixture, json), &fr, "Europe/Paris", moment(from),
                              moment(to), fixture->arena, &intervals, &count,
                              &fixture->error) != STATUS_OK) {
        fail_msg("%s", fixture->error.text);
    }
    for (size_t i = 0; i < count; i++) {
        char opens[RFC3339_BYTES_MAX], closes[RFC3339_BYTES_MAX];
        wall_time_format(intervals[i].from, opens);
        wall_time_format(intervals[i].to, closes);
        used += (size_t)snprintf(shown + used, sizeof shown - used, "%.16s %.16s\n", opens, closes);
    }
    assert_string_equal(shown, expected);
}

static void hours__several_windows_a_day(void **state)
{
    assert_open(*state, "{\"weekly\":[" OFFICE "]}", "2026-01-09T00:00:00Z", "2026-01-12T09:00:00Z",
                "2026-01-09T07:00 2026-01-09T11:00\n"
                "2026-01-09T13:00 2026-01-09T17:00\n"
                "2026-01-12T07:00 2026-01-12T09:00\n");
}

static void hours__over_midnight_and_both_clock_changes(void **state)
{
    assert_open(*state, "{\"weekly\":[" EVENING "]}", "2026-03-28T00:00:00Z",
                "2026-03-30T00:00:00Z", "2026-03-28T21:00 2026-03-29T01:00\n");
    assert_open(*state, "{\"weekly\":[" EVENING "]}", "2026-10-24T00:00:00Z",
                "2026-10-26T00:00:00Z", "2026-10-24T20:00 2026-10-25T02:00\n");
    /* What began the evening before is seen from within. */
    assert_open(*state, "{\"weekly\":[" EVENING "]}", "2026-10-25T01:00:00Z",
                "2026-10-26T00:00:00Z", "2026-10-25T01:00 2026-10-25T02:00\n");
}

static void hours__whole_days_and_overlaps_are_joined(void **state)
{
    assert_open(
        *state,
        "{\"weekly\":[" WEEKLY("[\"friday\",\"saturday\",\"sunday\"]", "00:00", "00:00") "," WEEKLY(
            "[\"sunday\"]", "12:00", "20:00") "," WEEKLY("[\"monday\"]", "00:00", "01:30") "]}",
        "2026-03-26T00:00:00Z", "2026-04-01T00:00:00Z", "2026-03-26T23:00 2026-03-29T23:30\n");
}

/* May 1, 2026 is a Friday, May 8 too. */
static void hours__on_holidays(void **state)
{
    assert_open(*state, "{\"weekly\":[" OFFICE "]}", "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z",
                "2026-05-01T06:00 2026-05-01T10:00\n2026-05-01T12:00 2026-05-01T16:00\n");
    assert_open(*state, "{\"weekly\":[" OFFICE "],\"holidays\":[]}", "2026-04-30T12:00:00Z",
                "2026-05-04T07:00:00Z",
                "2026-04-30T12:00 2026-04-30T16:00\n2026-05-04T06:00 2026-05-04T07:00\n");
    assert_open(*state, "{\"weekly\":[" OFFICE "],\"holidays\":[" WINDOW("10:00", "11:00") "]}",
                "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z",
                "2026-05-01T08:00 2026-05-01T09:00\n");
}

/* A window belongs to the date on which it opens. */
static void hours__evening_before_a_holiday_stays_open_into_it(void **state)
{
    assert_open(
        *state,
        "{\"weekly\":[" WEEKLY("[\"thursday\",\"friday\"]", "20:00", "02:00") "],\"holidays\":[]}",
        "2026-04-30T00:00:00Z", "2026-05-03T00:00:00Z", "2026-04-30T18:00 2026-05-01T00:00\n");
}

static void hours__exceptions_go_before_holidays_and_the_week(void **state)
{
    assert_open(*state,
                "{\"weekly\":[" OFFICE "],\"holidays\":[],\"exceptions\":["
                "{\"date\":\"2026-05-08\",\"windows\":[" WINDOW(
                    "08:00", "10:00") "]},"
                                      "{\"date\":\"2026-05-07\",\"windows\":[]},"
                                      "{\"date\":\"2026-05-09\",\"windows\":[" WINDOW(
                                          "23:00", "01:00") "]}]}",
                "2026-05-06T12:00:00Z", "2026-05-11T07:00:00Z",
                "2026-05-06T12:00 2026-05-06T16:00\n"
                "2026-05-08T06:00 2026-05-08T08:00\n"
                "2026-05-09T21:00 2026-05-09T23:00\n"
                "2026-05-11T06:00 2026-05-11T07:00\n");
}

static void hours__open_at_a_moment_and_next(void **state)
{
    static const struct {
        const char *at, *next;
        bool open;
    } table[] = {
        {"2026-04-30T05:59:59Z", "2026-04-30T06:00:00Z", false},
        {"2026-04-30T06:00:00Z", "2026-04-30T06:00:00Z", true},
        {"2026-04-30T09:59:59.999Z", "2026-04-30T09:59:59.999Z", true},
        {"2026-04-30T10:00:00Z", "2026-04-30T12:00:00Z", false},
        {"2026-04-30T16:00:00Z", "2026-05-04T06:00:00Z", false}, /* May 1 is a holiday */
        {"2026-03-27T17:00:00Z", "2026-03-30T06:00:00Z", false}, /* over the spring change */
        {"2026-10-23T16:00:00Z", "2026-10-26T07:00:00Z", false},
    };
    struct fixture *fixture = *state;
    const struct opening_hours *hours =
        parse_hours(fixture, "{\"weekly\":[" OFFICE "],\"holidays\":[]}");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bool open = false;
        struct wall_time next = {0};
        assert_int_equal(opening_hours_are_open(hours, &fr, "Europe/Paris", moment(table[i].at),
                                                &open, &fixture->error),
                         STATUS_OK);
        assert_int_equal(opening_hours_next(hours, &fr, "Europe/Paris", moment(table[i].at), &next,
                                            &fixture->error),
                         STATUS_OK);
        if (open != table[i].open || next.ms != moment(table[i].next).ms) {
            fail_msg("%s", table[i].at);
        }
    }
}

static void hours__next_is_looked_for_far_and_not_for_ever(void **state)
{
    struct fixture *fixture = *state;
    const struct opening_hours *hours = parse_hours(
        fixture, "{\"weekly\":[" WEEKLY("[\"monday\"]", "08:00", "09:00") "],\"exceptions\":[]}");
    struct opening_hours closed = {.exceptions = (struct opening_exception[]){{
                                       .date_days = 21198, /* 2028-01-15 */
                                       .day = hours->week[0],
                                   }},
                                   .exceptions_count = 1};
    struct wall_time next = {0};
    assert_int_equal(
        opening_hours_next(&closed, NULL, "UTC", moment("2026-01-15T00:00:00Z"), &next, NULL),
        STATUS_OK);
    assert_int_equal(next.ms, moment("2028-01-15T08:00:00Z").ms);
    assert_int_equal(
        opening_hours_next(&closed, NULL, "UTC", moment("2025-01-15T00:00:00Z"), &next, NULL),
        STATUS_OK);
    assert_int_equal(next.ms, WALL_NEVER.ms);
}

static void hours__what_cannot_be_answered_is_refused(void **state)
{
    struct fixture *fixture = *state;
    const struct opening_hours *hours =
        parse_hours(fixture, "{\"weekly\":[" OFFICE "],\"holidays\":[]}");
    struct wall_time now = moment("2026-01-05T00:00:00Z"), next = {77};
    bool open = true;
    assert_int_equal(opening_hours_are_open(hours, NULL, "UTC", now, &open, &fixture->error),
                     STATUS_INVALID);
    assert_non_null(strstr(fixture->error.text, "leave out \"holidays\""));
    assert_int_equal(opening_hours_are_open(hours, &fr, "Mars/Olympus", now, &open, NULL),
                     STATUS_NOT_FOUND);
    assert_int_equal(opening_hours_are_open(hours, &fr, "UTC", WALL_NEVER, &open, NULL),
                     STATUS_INVALID);
    assert_int_equal(opening_hours_next(hours, &fr, "UTC", WALL_NEVER, &next, NULL),
                     STATUS_INVALID);
    assert_int_equal(
        opening_hours_next(hours, &fr, "UTC", (struct wall_time){INT64_MAX - 1}, &next, NULL),
        STATUS_INVALID);
    assert_int_equal(opening_hours_next(hours, &fr, "UTC", (struct wall_time){-1}, &next, NULL),
                     STATUS_INVALID);
    assert_true(open);
    assert_int_equal(next.ms, 77);
    assert_int_equal(
        opening_hours_next(hours, &fr, "UTC", (struct wall_time){ROTA_TIME_MS_MAX}, &next, NULL),
        STATUS_OK);
    assert_int_equal(next.ms, WALL_NEVER.ms);
}

#define GOOD                                                                                       \
    "{\"weekly\":[{\"days\":[\"monday\",\"friday\"],\"from\":\"08:00\",\"to\":\"12:00\"}],"        \
    "\"holidays\":[{\"from\":\"10:00\",\"to\":\"11:00\"}],"                                        \
    "\"exceptions\":[{\"date\":\"2026-12-24\",\"windows\":[{\"from\":\"09:00\",\"to\":\"08:59\"}]" \
    "}]}"

static void hours_parse__says_where_the_fault_is(void **state)
{
    static const struct {
        const char *piece, *instead, *pointer;
    } faults[] = {
        {"\"friday\"", "\"vendredi\"", "/weekly/0/days/1"},
        {"\"friday\"", "\"monday\"", "/weekly/0/days/1"},
        {"\"friday\"", "7", "/weekly/0/days/1"},
        {"[\"monday\",\"friday\"]", "[]", "/weekly/0/days"},
        {"\"days\":[\"monday\",\"friday\"],", "", "/weekly/0/days"},
        {"\"from\":\"08:00\"", "\"from\":\"8:00\"", "/weekly/0/from"},
        {"\"to\":\"12:00\"", "\"to\":\"24:00\"", "/weekly/0/to"},
        {"\"to\":\"12:00\"", "\"to\":\"12:00\",\"zone\":1", "/weekly/0/zone"},
        {"\"from\":\"10:00\"", "\"from\":10", "/holidays/0/from"},
        {"[{\"from\":\"10:00\"", "[7,{\"from\":\"10:00\"", "/holidays/0"},
        {"[{\"from\":\"10:00\",\"to\":\"11:00\"}]", "true", "/holidays"},
        {"2026-12-24", "2026-02-29", "/exceptions/0/date"},
        {"\"windows\":[{\"from\":\"09:00\",\"to\":\"08:59\"}]", "\"open\":false",
         "/exceptions/0/windows"},
        {"\"09:00\"", "\"09:60\"", "/exceptions/0/windows/0/from"},
        {"[{\"date\"", "[{\"date\":\"2026-12-24\",\"windows\":[]},{\"date\"", "/exceptions"},
        {"{\"weekly\"", "{\"zone\":1,\"weekly\"", "/zone"},
        {"{\"weekly\"", "{\"week\"", "/weekly"},
    };
    struct fixture *fixture = *state;
    const struct opening_hours *good = parse_hours(fixture, GOOD);
    assert_int_equal(good->week[4].windows_count, 1);
    assert_int_equal(good->week[5].windows_count, 0);
    assert_int_equal(good->exceptions[0].day.windows[0].to_s, 86400 + 8 * 3600 + 59 * 60);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const char *at = strstr(GOOD, faults[i].piece);
        assert_non_null(at);
        char *json = arena_format(fixture->arena, "%.*s%s%s", (int)(at - GOOD), GOOD,
                                  faults[i].instead, at + strlen(faults[i].piece));
        struct opening_hours *hours = NULL;
        enum status status =
            opening_hours_parse(json, strlen(json), fixture->arena, &hours, &fixture->error);
        if (status != STATUS_INVALID || strcmp(fixture->error.pointer, faults[i].pointer) != 0) {
            fail_msg("%s: status %s, pointer %s", faults[i].instead, status_slug(status),
                     fixture->error.pointer);
        }
        assert_null(hours);
    }
}

static void hours_parse__full_arena_is_reported_at_every_size(void **state)
{
    struct fixture *fixture = *state;
    enum status status = STATUS_NO_MEMORY;
    for (size_t bytes = 16; status == STATUS_NO_MEMORY && bytes < 65536; bytes += 16) {
        struct arena *arena = arena_create(bytes);
        struct opening_hours *hours = NULL;
        status = opening_hours_parse(GOOD, strlen(GOOD), arena, &hours, &fixture->error);
        assert_true((hours != NULL) == (status == STATUS_OK));
        arena_destroy(&arena);
    }
    assert_int_equal(status, STATUS_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hours__several_windows_a_day),
        TEST(hours__over_midnight_and_both_clock_changes),
        TEST(hours__whole_days_and_overlaps_are_joined),
        TEST(hours__on_holidays),
        TEST(hours__evening_before_a_holiday_stays_open_into_it),
        TEST(hours__exceptions_go_before_holidays_and_the_week),
        TEST(hours__open_at_a_moment_and_next),
        TEST(hours__next_is_looked_for_far_and_not_for_ever),
        TEST(hours__what_cannot_be_answered_is_refused),
        TEST(hours_parse__says_where_the_fault_is),
        TEST(hours_parse__full_arena_is_reported_at_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
