/* test_rota_adapter.c - the engine's view of rotas is what gateway/rota says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/daemon/rota_adapter.h"

static const char weekly[] = "{\"layers\":[{\"turn\":\"weekly\",\"starts_on\":\"2026-03-02\","
                             "\"hand_over\":{\"weekday\":\"monday\",\"time\":\"08:00\"},"
                             "\"participants\":[\"jean\",\"paul\"]}]}";

static struct wall_time moment(const char *text)
{
    struct wall_time time;
    assert_int_equal(wall_time_parse(text, &time), STATUS_OK);
    return time;
}

static void test_adapter__knows_zones(void **state)
{
    (void)state;
    struct engine_rotas rotas = rota_adapter();
    assert_true(rotas.zone_is_known(rotas.context, "Europe/Paris"));
    assert_false(rotas.zone_is_known(rotas.context, "Mars/Olympus"));
    assert_false(rotas.zone_is_known(rotas.context, "../../etc/passwd"));
}

static void test_adapter__checks(void **state)
{
    (void)state;
    struct engine_rotas rotas = rota_adapter();
    struct error error = {.text = ""};
    if (rotas.check(rotas.context, weekly, NULL, &error) != STATUS_OK) {
        fail_msg("%s %s", error.pointer, error.text);
    }
    assert_int_equal(rotas.check(rotas.context, "{\"layers\":7}", NULL, &error), STATUS_INVALID);
    assert_string_equal(error.pointer, "/layers");
    assert_int_equal(rotas.check(rotas.context, "not JSON", NULL, &error), STATUS_INVALID);
}

#define JEAN_ON(restrictions)                                                                      \
    "{\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2026-03-02\",\"hand_over\":{\"time\":"       \
    "\"08:00\"},\"participants\":[\"jean\"],\"restrictions\":[" restrictions "]}]}"

static const char closed_days[] = JEAN_ON("{\"only\":\"outside-opening-hours\"}");
static const char holidays_alone[] = JEAN_ON("{\"only\":\"holidays\"}");
static const char no_holidays[] = JEAN_ON("{\"except\":\"holidays\"}");

static const char hours[] =
    "{\"weekly\":[{\"days\":[\"monday\",\"tuesday\",\"wednesday\",\"thursday\","
    "\"friday\"],\"from\":\"08:00\",\"to\":\"18:00\"}]}";
static const char hours_with_holidays[] =
    "{\"weekly\":[{\"days\":[\"monday\",\"tuesday\",\"wednesday\",\"thursday\",\"friday\"],"
    "\"from\":\"08:00\",\"to\":\"18:00\"}],\"holidays\":[]}";
static const char ics[] = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//fr\r\n"
                          "BEGIN:VEVENT\r\nUID:1@test\r\nDTSTART;VALUE=DATE:20260306\r\n"
                          "SUMMARY:Fermeture\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

/* Read for March and April 2026. */
static enum status read(struct arena *arena, const struct engine_calendar_texts *texts,
                        const struct engine_calendar **calendar_r, struct error *error)
{
    struct engine_rotas rotas = rota_adapter();
    return rotas.read_calendar(rotas.context, texts, moment("2026-03-01T00:00:00Z"),
                               moment("2026-05-01T00:00:00Z"), arena, calendar_r, error);
}

static void test_adapter__checks_what_the_calendar_has(void **state)
{
    (void)state;
    static const struct {
        const char *definition;
        struct engine_calendar_texts texts;
        bool taken;
    } rows[] = {
        {weekly, {NULL, NULL, NULL}, true},
        {closed_days, {NULL, NULL, NULL}, false},
        {closed_days, {NULL, "fr", ics}, false},
        {closed_days, {hours, NULL, NULL}, true},
        {closed_days, {hours_with_holidays, NULL, NULL}, false},
        {closed_days, {hours_with_holidays, "fr", NULL}, true},
        {closed_days, {hours_with_holidays, NULL, ics}, true},
        {holidays_alone, {hours, NULL, NULL}, false},
        {holidays_alone, {NULL, "fr-guyane", NULL}, true},
        {no_holidays, {hours, NULL, NULL}, false},
        {no_holidays, {NULL, NULL, ics}, true},
    };
    struct engine_rotas rotas = rota_adapter();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *arena = arena_create(0);
        const struct engine_calendar *calendar = NULL;
        struct error error = {.text = ""};
        assert_int_equal(read(arena, &rows[i].texts, &calendar, &error), STATUS_OK);
        enum status status = rotas.check(rotas.context, rows[i].definition, calendar, &error);
        if (status != (rows[i].taken ? STATUS_OK : STATUS_INVALID)) {
            fail_msg("row %zu: %s", i, error.text);
        }
        if (!rows[i].taken) {
            assert_memory_equal(error.pointer, "/layers/0/restrictions/0/", 25);
            assert_non_null(strstr(error.text, "give the customer"));
            assert_int_equal(rotas.check(rotas.context, rows[i].definition, NULL, NULL),
                             STATUS_INVALID);
        }
        arena_destroy(&arena);
    }
}

static void test_adapter__names_what_is_wrong_with_a_calendar(void **state)
{
    (void)state;
    static const struct {
        struct engine_calendar_texts texts;
        const char *pointer, *said;
    } rows[] = {
        {{"{}", NULL, NULL}, "/opening_hours/weekly", "/opening_hours/weekly: "},
        {{"[]", NULL, NULL}, "/opening_hours", "/opening_hours: must be an object"},
        {{hours, "de", NULL}, "/holidays", "fr-alsace-moselle"},
        {{hours, "fr", "BEGIN:VEVENT"}, "", "line 1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *arena = arena_create(0);
        const struct engine_calendar *calendar = NULL;
        struct error error = {.text = ""};
        assert_int_equal(read(arena, &rows[i].texts, &calendar, &error), STATUS_INVALID);
        assert_string_equal(error.pointer, rows[i].pointer);
        assert_non_null(strstr(error.text, rows[i].said));
        assert_null(calendar);
        arena_destroy(&arena);
    }
    struct arena *small = arena_create(64);
    const struct engine_calendar *calendar = NULL;
    assert_int_equal(read(small, &rows[0].texts, &calendar, NULL), STATUS_NO_MEMORY);
    arena_destroy(&small);
}

static enum status compile(struct arena *arena, const char *definition,
                           const struct engine_calendar_texts *texts, const char *from,
                           const char *to, struct engine_rota_interval **intervals_r,
                           size_t *count_r, struct error *error)
{
    struct engine_rotas rotas = rota_adapter();
    const struct engine_calendar *calendar = NULL;
    assert_int_equal(read(arena, texts, &calendar, error), STATUS_OK);
    return rotas.compile(rotas.context, definition, calendar, "Europe/Paris", moment(from),
                         moment(to), arena, intervals_r, count_r, error);
}

/* The week of Monday 2 March 2026, whose Friday is a holiday of the file. */
static void test_adapter__compiles_by_the_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *definition;
        struct engine_calendar_texts texts;
        int64_t hours; /* that Jean is on call in the week */
    } rows[] = {
        {closed_days, {hours, NULL, NULL}, 168 - 50},
        {closed_days, {hours, NULL, ics}, 168 - 50},
        {closed_days, {hours_with_holidays, NULL, ics}, 168 - 40},
        {closed_days, {hours_with_holidays, "fr", NULL}, 168 - 50},
        {holidays_alone, {NULL, NULL, ics}, 24},
        {no_holidays, {NULL, NULL, ics}, 168 - 24},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *arena = arena_create(0);
        struct error error = {.text = ""};
        struct engine_rota_interval *intervals;
        size_t count = 0;
        int64_t on_call_ms = 0;
        if (compile(arena, rows[i].definition, &rows[i].texts, "2026-03-02T07:00:00Z",
                    "2026-03-09T07:00:00Z", &intervals, &count, &error) != STATUS_OK) {
            fail_msg("row %zu: %s", i, error.text);
        }
        for (size_t n = 0; n < count; n++) {
            assert_string_equal(intervals[n].agent, "jean");
            on_call_ms += intervals[n].to.ms - intervals[n].from.ms;
        }
        assert_int_equal(on_call_ms, rows[i].hours * 3600000);
        arena_destroy(&arena);
    }
}

/* Where the file was not read nothing is said about it, rather than that there is no holiday. */
static void test_adapter__knows_a_file_within_its_window(void **state)
{
    (void)state;
    static const struct engine_calendar_texts with_file = {hours, "fr", ics};
    static const struct engine_calendar_texts law_alone = {hours, "fr", NULL};
    static const struct {
        const char *definition;
        const struct engine_calendar_texts *texts;
        const char *from, *to;
        enum status status;
    } rows[] = {
        {no_holidays, &with_file, "2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z", STATUS_OK},
        {no_holidays, &with_file, "2026-02-28T23:59:59Z", "2026-04-01T00:00:00Z", STATUS_INVALID},
        {no_holidays, &with_file, "2026-04-01T00:00:00Z", "2026-05-01T00:00:01Z", STATUS_INVALID},
        {no_holidays, &law_alone, "2026-04-01T00:00:00Z", "2030-05-01T00:00:00Z", STATUS_OK},
        {closed_days, &with_file, "2026-04-01T00:00:00Z", "2030-05-01T00:00:00Z", STATUS_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *arena = arena_create(0);
        struct error error = {.text = ""};
        struct engine_rota_interval *intervals;
        size_t count = 0;
        assert_int_equal(compile(arena, rows[i].definition, rows[i].texts, rows[i].from, rows[i].to,
                                 &intervals, &count, &error),
                         rows[i].status);
        if (rows[i].status != STATUS_OK) {
            assert_non_null(strstr(error.text, "2026-03-01T00:00:00.000Z"));
        }
        arena_destroy(&arena);
    }
}

static void test_adapter__compiles(void **state)
{
    (void)state;
    struct engine_rotas rotas = rota_adapter();
    struct error error;
    struct arena *arena = arena_create(0);
    struct engine_rota_interval *intervals;
    size_t count = 0;
    assert_int_equal(rotas.compile(rotas.context, weekly, NULL, "Europe/Paris",
                                   moment("2026-03-02T07:00:00Z"), moment("2026-03-30T07:00:00Z"),
                                   arena, &intervals, &count, &error),
                     STATUS_OK);
    assert_int_equal(count, 5); /* summer time makes the last one begin an hour early */
    static const char *const agents[] = {"jean", "paul", "jean", "paul", "jean"};
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(intervals[i].agent, agents[i]);
        assert_true(intervals[i].from.ms < intervals[i].to.ms);
        assert_true(i == 0 || intervals[i].from.ms == intervals[i - 1].to.ms);
    }
    assert_int_equal(intervals[4].from.ms, moment("2026-03-30T06:00:00Z").ms);
    assert_int_equal(rotas.compile(rotas.context, weekly, NULL, "Mars/Olympus",
                                   moment("2026-03-02T07:00:00Z"), moment("2026-03-30T07:00:00Z"),
                                   arena, &intervals, &count, &error),
                     STATUS_NOT_FOUND);
    arena_destroy(&arena);
}

/* A shift from its own start to its own end, and with a replacement in it. */
static void test_adapter__finds_shifts_and_replaces(void **state)
{
    (void)state;
    struct engine_rotas rotas = rota_adapter();
    struct arena *arena = arena_create(0);
    struct error error = {.text = ""};
    struct engine_rota_interval *shifts = NULL;
    const char *replaced = NULL;
    size_t count = 0;
    assert_int_equal(rotas.shifts(rotas.context, weekly, NULL, "Europe/Paris",
                                  moment("2026-03-04T07:00:00Z"), moment("2026-03-04T08:00:00Z"),
                                  arena, &shifts, &count, &error),
                     STATUS_OK);
    assert_int_equal(count, 1);
    assert_true(shifts[0].from.ms < moment("2026-03-04T07:00:00Z").ms);
    assert_true(shifts[0].to.ms > moment("2026-03-04T08:00:00Z").ms);
    assert_int_equal(rotas.replace(rotas.context, weekly, moment("2026-03-04T07:30:00Z"),
                                   shifts[0].to, "lea", arena, &replaced, &error),
                     STATUS_OK);
    assert_int_equal(rotas.shifts(rotas.context, replaced, NULL, "Europe/Paris",
                                  moment("2026-03-04T07:00:00Z"), moment("2026-03-04T08:00:00Z"),
                                  arena, &shifts, &count, &error),
                     STATUS_OK);
    assert_int_equal(count, 2);
    assert_string_equal(shifts[1].agent, "lea");
    assert_int_equal(shifts[1].from.ms, moment("2026-03-04T07:30:00Z").ms);
    assert_int_equal(rotas.shifts(rotas.context, "{}", NULL, "Europe/Paris",
                                  moment("2026-03-04T07:00:00Z"), moment("2026-03-04T08:00:00Z"),
                                  arena, &shifts, &count, &error),
                     STATUS_INVALID);
    arena_destroy(&arena);
}

static void test_adapter__says_until_when(void **state)
{
    (void)state;
    static const char halves[] = "{\"weekly\":[{\"days\":[\"monday\"],\"from\":\"08:00\",\"to\":"
                                 "\"12:00\"},{\"days\":[\"monday\"],\"from\":\"12:00\",\"to\":"
                                 "\"18:00\"}]}";
    static const char always[] =
        "{\"weekly\":[{\"days\":[\"monday\",\"tuesday\",\"wednesday\",\"thursday\",\"friday\","
        "\"saturday\",\"sunday\"],\"from\":\"00:00\",\"to\":\"00:00\"}]}";
    static const struct {
        const char *hours, *at;
        bool open;
        const char *until; /* NULL: no change in sight */
    } rows[] = {
        {halves, "2026-03-02T07:00:00Z", true, "2026-03-02T17:00:00Z"}, /* through noon */
        {halves, "2026-03-02T16:59:59Z", true, "2026-03-02T17:00:00Z"},
        {halves, "2026-03-02T17:00:00Z", false, "2026-03-09T07:00:00Z"},
        {halves, "2026-03-23T18:00:00Z", false, "2026-03-30T06:00:00Z"}, /* summer time */
        {always, "2026-03-02T12:00:00Z", true, NULL},
    };
    struct engine_rotas rotas = rota_adapter();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *arena = arena_create(0);
        const struct engine_calendar_texts texts = {rows[i].hours, NULL, NULL};
        const struct engine_calendar *calendar = NULL;
        struct wall_time until;
        bool open;
        assert_int_equal(read(arena, &texts, &calendar, NULL), STATUS_OK);
        assert_int_equal(rotas.open_until(rotas.context, calendar, "Europe/Paris",
                                          moment(rows[i].at), &open, &until, NULL),
                         STATUS_OK);
        assert_int_equal(open, rows[i].open);
        assert_int_equal(until.ms,
                         rows[i].until != NULL ? moment(rows[i].until).ms : TIME_NEVER_MS);
        assert_int_equal(rotas.open_until(rotas.context, calendar, "Mars/Olympus",
                                          moment(rows[i].at), &open, &until, NULL),
                         STATUS_NOT_FOUND);
        arena_destroy(&arena);
    }
}

/* On both nights of the clock change, on and behind holidays, in the law's zone and elsewhere. */
static void test_adapter__says_what_the_clock_shows(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *at;
        int weekday, minute;
        bool holiday, yesterday;
    } rows[] = {
        {"Europe/Paris", "2026-03-29T00:59:59Z", 6, 119, false, false},
        {"Europe/Paris", "2026-03-29T01:00:00Z", 6, 180, false, false},
        {"Europe/Paris", "2026-10-25T00:30:00Z", 6, 150, false, false},
        {"Europe/Paris", "2026-10-25T01:30:00Z", 6, 150, false, false},
        {"Europe/Paris", "2026-12-24T23:00:00Z", 4, 0, true, false},
        {"Europe/Paris", "2026-12-25T22:59:00Z", 4, 1439, true, false},
        {"Europe/Paris", "2026-12-25T23:00:00Z", 5, 0, false, true},
        {"America/Guadeloupe", "2026-12-25T03:00:00Z", 3, 1380, false, false},
    };
    struct engine_rotas rotas = rota_adapter();
    struct arena *arena = arena_create(0);
    const struct engine_calendar_texts texts = {NULL, "fr", NULL};
    const struct engine_calendar *calendar = NULL;
    struct rules_clock clock = {.is_known = false};
    assert_int_equal(read(arena, &texts, &calendar, NULL), STATUS_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(rotas.local_time(rotas.context, calendar, rows[i].zone, moment(rows[i].at),
                                          &clock, NULL),
                         STATUS_OK);
        assert_true(clock.is_known && clock.holidays_known);
        assert_int_equal(clock.weekday, rows[i].weekday);
        assert_int_equal(clock.minute, rows[i].minute);
        assert_int_equal(clock.holiday, rows[i].holiday);
        assert_int_equal(clock.holiday_yesterday, rows[i].yesterday);
    }
    assert_int_equal(
        rotas.local_time(rotas.context, NULL, "UTC", moment("2026-12-25T12:00:00Z"), &clock, NULL),
        STATUS_OK);
    assert_true(clock.is_known && !clock.holidays_known && !clock.holiday);
    assert_int_equal(rotas.local_time(rotas.context, NULL, "Mars/Olympus",
                                      moment("2026-12-25T12:00:00Z"), &clock, NULL),
                     STATUS_NOT_FOUND);
    arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adapter__knows_zones),
        cmocka_unit_test(test_adapter__checks),
        cmocka_unit_test(test_adapter__compiles),
        cmocka_unit_test(test_adapter__checks_what_the_calendar_has),
        cmocka_unit_test(test_adapter__names_what_is_wrong_with_a_calendar),
        cmocka_unit_test(test_adapter__compiles_by_the_calendar),
        cmocka_unit_test(test_adapter__knows_a_file_within_its_window),
        cmocka_unit_test(test_adapter__finds_shifts_and_replaces),
        cmocka_unit_test(test_adapter__says_until_when),
        cmocka_unit_test(test_adapter__says_what_the_clock_shows),
    };
    return cmocka_run_group_tests_name("daemon.rota_adapter", tests, NULL, NULL);
}
