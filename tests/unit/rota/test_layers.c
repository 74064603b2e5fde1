/* Layers beyond daily and weekly turns: opening hours, holidays, recurrence rules, their end. Paris
 * is UTC+1, in summer UTC+2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/rota/opening_hours.h"
#include "tests/unit/rota/fixture.h"

/* A rota of one layer that is always paul's, from 2026 on. */
#define ALWAYS(more)                                                                               \
    "{\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2026-01-01\",\"turn_length\":52,"            \
    "\"hand_over\":{\"time\":\"00:00\"},\"participants\":[\"paul\"]" more "}]}"
#define ONLY(what) ALWAYS(",\"restrictions\":[" what "]")
#define CUSTOM(rule, time)                                                                         \
    "{\"layers\":[{\"turn\":\"custom\",\"recurrence\":\"" rule "\",\"starts_on\":\"2026-01-07\","  \
    "\"hand_over\":{\"time\":\"" time "\"},\"participants\":[\"paul\",\"marie\",\"lea\"]}]}"

static const struct holidays fr = {.variant = HOLIDAYS_FR};

/* A customer that is open on weekdays from eight to six, but for holidays. */
static void open_office(struct fixture *fixture)
{
    static const char json[] =
        "{\"weekly\":[{\"days\":[\"monday\",\"tuesday\",\"wednesday\",\"thursday\",\"friday\"],"
        "\"from\":\"08:00\",\"to\":\"18:00\"}],\"holidays\":[]}";
    struct opening_hours *hours = NULL;
    assert_int_equal(opening_hours_parse(json, strlen(json), fixture->arena, &hours, NULL),
                     STATUS_OK);
    struct rota_context *context = arena_alloc(fixture->arena, sizeof *context);
    *context = (struct rota_context){hours, &fr};
    fixture->context = context;
}

static void layer__only_outside_opening_hours(void **state)
{
    open_office(*state);
    compile(*state, ONLY("{\"only\":\"outside-opening-hours\"}"), "Europe/Paris",
            "2026-04-29T12:00:00Z", "2026-05-04T12:00:00Z");
    assert_intervals(*state, "2026-04-29T16:00:00Z 2026-04-30T06:00:00Z paul\n"
                             "2026-04-30T16:00:00Z 2026-05-04T06:00:00Z paul\n");
}

static void layer__only_opening_hours_at_the_spring_change(void **state)
{
    open_office(*state);
    compile(*state, ONLY("{\"only\":\"opening-hours\"}"), "Europe/Paris", "2026-03-27T00:00:00Z",
            "2026-03-31T00:00:00Z");
    assert_intervals(*state, "2026-03-27T07:00:00Z 2026-03-27T17:00:00Z paul\n"
                             "2026-03-30T06:00:00Z 2026-03-30T16:00:00Z paul\n");
}

static void layer__only_holidays_is_the_local_day(void **state)
{
    open_office(*state);
    compile(*state, ONLY("{\"only\":\"holidays\"}"), "Europe/Paris", "2026-12-20T00:00:00Z",
            "2027-01-02T00:00:00Z");
    assert_intervals(*state, "2026-12-24T23:00:00Z 2026-12-25T23:00:00Z paul\n"
                             "2026-12-31T23:00:00Z 2027-01-01T23:00:00Z paul\n");
}

static void layer__except_holidays(void **state)
{
    open_office(*state);
    compile(*state, ONLY("{\"except\":\"holidays\"}"), "Europe/Paris", "2026-04-30T00:00:00Z",
            "2026-05-03T00:00:00Z");
    assert_intervals(*state, "2026-04-30T00:00:00Z 2026-04-30T22:00:00Z paul\n"
                             "2026-05-01T22:00:00Z 2026-05-03T00:00:00Z paul\n");
}

/* Windows and ONLYs add up, EXCEPT takes away from all of them, wherever it stands. */
static void layer__restrictions_together(void **state)
{
    open_office(*state);
    compile(*state,
            ONLY("{\"except\":\"holidays\"},"
                 "{\"from\":{\"weekday\":\"friday\",\"time\":\"12:00\"},"
                 "\"to\":{\"weekday\":\"saturday\",\"time\":\"12:00\"}},"
                 "{\"only\":\"opening-hours\"}"),
            "Europe/Paris", "2026-05-07T00:00:00Z", "2026-05-12T00:00:00Z");
    assert_intervals(*state, "2026-05-07T06:00:00Z 2026-05-07T16:00:00Z paul\n"
                             "2026-05-08T22:00:00Z 2026-05-09T10:00:00Z paul\n"
                             "2026-05-11T06:00:00Z 2026-05-11T16:00:00Z paul\n");
    compile(*state,
            ONLY("{\"only\":\"holidays\"},"
                 "{\"from\":{\"weekday\":\"saturday\",\"time\":\"00:00\"},"
                 "\"to\":{\"weekday\":\"monday\",\"time\":\"00:00\"}}"),
            "Europe/Paris", "2026-05-07T00:00:00Z", "2026-05-12T00:00:00Z");
    assert_intervals(*state, "2026-05-07T22:00:00Z 2026-05-10T22:00:00Z paul\n");
}

static void layer__custom_hand_overs_on_monday_and_friday(void **state)
{
    compile(*state, CUSTOM("FREQ=WEEKLY;BYDAY=MO,FR", "09:00"), "Europe/Paris",
            "2026-01-01T00:00:00Z", "2026-01-20T00:00:00Z");
    assert_intervals(*state, "2026-01-07T08:00:00Z 2026-01-09T08:00:00Z paul\n"
                             "2026-01-09T08:00:00Z 2026-01-12T08:00:00Z marie\n"
                             "2026-01-12T08:00:00Z 2026-01-16T08:00:00Z lea\n"
                             "2026-01-16T08:00:00Z 2026-01-19T08:00:00Z paul\n"
                             "2026-01-19T08:00:00Z 2026-01-20T00:00:00Z marie\n");
}

/* The range begins years and a clock change behind the start. */
static void layer__custom_turns_are_counted_from_the_start(void **state)
{
    compile(*state, CUSTOM("FREQ=WEEKLY;BYDAY=WE", "09:00"), "Europe/Paris", "2031-04-02T00:00:00Z",
            "2031-04-10T00:00:00Z");
    /* 273 weeks after the start: paul's again. */
    assert_intervals(*state, "2031-04-02T00:00:00Z 2031-04-02T07:00:00Z lea\n"
                             "2031-04-02T07:00:00Z 2031-04-09T07:00:00Z paul\n"
                             "2031-04-09T07:00:00Z 2031-04-10T00:00:00Z marie\n");
}

static void layer__custom_hand_over_skipped_or_twice(void **state)
{
    compile(*state, CUSTOM("FREQ=DAILY;BYHOUR=2,3", "02:30"), "Europe/Paris",
            "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z");
    /* Both hand-overs of the 29th happen at the jump: the turn between them is nobody's. */
    assert_intervals(*state, "2026-03-28T12:00:00Z 2026-03-29T01:00:00Z lea\n"
                             "2026-03-29T01:00:00Z 2026-03-29T01:30:00Z paul\n"
                             "2026-03-29T01:30:00Z 2026-03-30T00:30:00Z marie\n");
    compile(*state, CUSTOM("FREQ=DAILY", "02:30"), "Europe/Paris", "2026-10-24T12:00:00Z",
            "2026-10-26T01:30:00Z");
    assert_intervals(*state, "2026-10-24T12:00:00Z 2026-10-25T00:30:00Z lea\n"
                             "2026-10-25T00:30:00Z 2026-10-26T01:30:00Z paul\n");
}

static void layer__ends_on_a_local_date(void **state)
{
    compile(*state, ALWAYS(",\"until\":\"2026-03-30\""), "Europe/Paris", "2026-03-29T12:00:00Z",
            "2026-04-05T00:00:00Z");
    assert_intervals(*state, "2026-03-29T12:00:00Z 2026-03-29T22:00:00Z paul\n");
    compile(*state, ALWAYS(",\"until\":\"2026-03-30\""), "Europe/Paris", "2026-03-29T22:00:00Z",
            "2026-04-05T00:00:00Z");
    assert_intervals(*state, "");
}

static void layer__ends_within_a_turn(void **state)
{
    compile(*state,
            "{\"layers\":[{\"turn\":\"weekly\",\"starts_on\":\"2026-01-05\","
            "\"until\":\"2026-01-15\",\"hand_over\":{\"weekday\":\"monday\",\"time\":\"09:00\"},"
            "\"participants\":[\"paul\",\"marie\"]}]}",
            "Europe/Paris", "2026-01-06T00:00:00Z", "2026-02-01T00:00:00Z");
    assert_intervals(*state, "2026-01-06T00:00:00Z 2026-01-12T08:00:00Z paul\n"
                             "2026-01-12T08:00:00Z 2026-01-15T08:00:00Z marie\n");
}

/* A layer that ends and one that begins on the same date: no gap, and nobody twice. */
static void layer__ends_where_the_next_begins(void **state)
{
    compile(*state,
            "{\"layers\":["
            "{\"turn\":\"weekly\",\"starts_on\":\"2026-01-05\",\"until\":\"2026-02-02\","
            "\"hand_over\":{\"weekday\":\"monday\",\"time\":\"09:00\"},"
            "\"participants\":[\"paul\",\"marie\"]},"
            "{\"turn\":\"custom\",\"recurrence\":\"FREQ=DAILY\",\"starts_on\":\"2026-02-02\","
            "\"until\":\"2026-02-04\",\"hand_over\":{\"time\":\"09:00\"},"
            "\"participants\":[\"lea\",\"jean\"]}]}",
            "Europe/Paris", "2026-01-26T08:00:00Z", "2026-03-01T00:00:00Z");
    assert_intervals(*state, "2026-01-26T08:00:00Z 2026-02-02T08:00:00Z marie\n"
                             "2026-02-02T08:00:00Z 2026-02-03T08:00:00Z lea\n"
                             "2026-02-03T08:00:00Z 2026-02-04T08:00:00Z jean\n");
}

/* However long ago the layer began: only what is asked for is limited. */
static void layer__goes_on_for_ever(void **state)
{
    struct fixture *fixture = *state;
    const struct rota *rota = parse(fixture, CUSTOM("FREQ=DAILY;BYHOUR=9,21", "09:00"));
    char agent[SLUG_BYTES_MAX];
    const char *const moments[] = {"2053-06-01T10:00:00Z", "2753-06-01T10:00:00Z",
                                   "9999-06-01T10:00:00Z"};
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        struct wall_time at = moment(moments[i]);
        int64_t half_days = (at.ms - moment("2026-01-07T09:00:00Z").ms) / 43200000;
        static const char *const order[] = {"paul", "marie", "lea"};
        assert_int_equal(rota_who(rota, NULL, "UTC", at, agent, &fixture->error), STATUS_OK);
        assert_string_equal(agent, order[half_days % 3]);
    }
}

static void layer__too_many_custom_hand_overs_are_refused(void **state)
{
    struct fixture *fixture = *state;
    const struct rota *rota = parse(fixture, CUSTOM("FREQ=DAILY;BYHOUR=9,21", "09:00"));
    enum status status = rota_compile(rota, NULL, "UTC", moment("2028-01-01T00:00:00Z"),
                                      moment("2055-06-01T00:00:00Z"), fixture->arena,
                                      &fixture->intervals, &fixture->count, &fixture->error);
    assert_int_equal(status, STATUS_TOO_LARGE);
    assert_non_null(strstr(fixture->error.text, "ask for less"));
}

#define SUNDAY_NIGHT(layer)                                                                        \
    "{\"layers\":[{\"turn\":\"weekly\",\"starts_on\":\"2026-01-05\",\"hand_over\":"                \
    "{\"weekday\":\"monday\",\"time\":\"09:00\"},\"participants\":[\"paul\"]," layer "}]}"
#define RESTRICTED(what) SUNDAY_NIGHT("\"restrictions\":[" what "]")

/* The night of 2027-10-31 shows 02:00 to 03:00 twice: 00:00Z to 02:00Z. Whoever is on duty between
 * two such times is so whenever the clock shows one of them. */
static void layer__window_in_the_hour_that_comes_twice_has_no_gap(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *json, *intervals;
    } table[] = {
        {RESTRICTED("{\"from\":{\"weekday\":\"sunday\",\"time\":\"02:00\"},"
                    "\"to\":{\"weekday\":\"sunday\",\"time\":\"02:50\"}}"),
         "2027-10-31T00:00:00Z 2027-10-31T01:50:00Z paul\n"},
        {RESTRICTED("{\"from\":{\"weekday\":\"sunday\",\"time\":\"02:30\"},"
                    "\"to\":{\"weekday\":\"sunday\",\"time\":\"03:00\"}}"),
         "2027-10-31T00:30:00Z 2027-10-31T02:00:00Z paul\n"},
        {RESTRICTED("{\"only\":\"opening-hours\"}"),
         "2027-10-31T00:10:00Z 2027-10-31T01:40:00Z paul\n"},
        /* Nobody is missing while the clock shows a time at which it is closed. */
        {RESTRICTED("{\"only\":\"outside-opening-hours\"}"),
         "2027-10-30T22:00:00Z 2027-10-31T04:00:00Z paul\n"},
        /* The last turn lasts until the clock shows its end for the last time; no other begins. */
        {"{\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2027-10-30\",\"until\":\"2027-10-31\","
         "\"hand_over\":{\"time\":\"02:30\"},\"participants\":[\"paul\",\"marie\"]}]}",
         "2027-10-30T22:00:00Z 2027-10-31T01:30:00Z paul\n"},
    };
    static const char hours_json[] =
        "{\"weekly\":[{\"days\":[\"sunday\"],\"from\":\"02:10\",\"to\":\"02:40\"}]}";
    struct opening_hours *hours = NULL;
    assert_int_equal(opening_hours_parse(hours_json, strlen(hours_json), fixture->arena, &hours,
                                         &fixture->error),
                     STATUS_OK);
    static struct rota_context context;
    context = (struct rota_context){.opening_hours = hours};
    fixture->context = &context;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        compile(fixture, table[i].json, "Europe/Paris", "2027-10-30T22:00:00Z",
                "2027-10-31T04:00:00Z");
        assert_intervals(fixture, table[i].intervals);
    }
}

/* In Havana 2026-11-01 shows 00:00 to 01:00 twice, from 04:00Z on. */
static void layer__day_that_begins_twice_has_no_gap(void **state)
{
    struct fixture *fixture = *state;
    struct holiday day = {.name_fr = "Toussaint"};
    struct holidays holidays = {.days = &day, .days_count = 1};
    static struct rota_context context;
    context = (struct rota_context){.holidays = &holidays};
    fixture->context = &context;
    day.date_days = 20758; /* 2026-11-01 */
    compile(fixture, RESTRICTED("{\"except\":\"holidays\"}"), "America/Havana",
            "2026-11-01T00:00:00Z", "2026-11-02T12:00:00Z");
    assert_intervals(fixture, "2026-11-01T00:00:00Z 2026-11-01T05:00:00Z paul\n"
                              "2026-11-02T05:00:00Z 2026-11-02T12:00:00Z paul\n");
    day.date_days--;
    compile(fixture, RESTRICTED("{\"only\":\"holidays\"}"), "America/Havana",
            "2026-11-01T04:30:00Z", "2026-11-02T12:00:00Z");
    assert_intervals(fixture, "2026-11-01T04:30:00Z 2026-11-01T05:00:00Z paul\n");
    compile(fixture, RESTRICTED("{\"except\":\"holidays\"}"), "America/Havana",
            "2026-11-01T00:00:00Z", "2026-11-02T12:00:00Z");
    assert_intervals(fixture, "2026-11-01T04:00:00Z 2026-11-02T12:00:00Z paul\n");
}

/* What a rota asks for and is not given. */
static void layer__without_its_context_is_refused(void **state)
{
    static const struct {
        const char *what, *pointer;
        bool hours_missing, holidays_missing;
    } table[] = {
        {"{\"only\":\"opening-hours\"}", "/layers/0/restrictions/0/only", true, false},
        {"{\"only\":\"outside-opening-hours\"}", "/layers/0/restrictions/0/only", true, false},
        {"{\"only\":\"opening-hours\"}", "/layers/0/restrictions/0/only", false, true},
        {"{\"only\":\"holidays\"}", "/layers/0/restrictions/0/only", false, true},
        {"{\"except\":\"holidays\"}", "/layers/0/restrictions/0/except", false, true},
    };
    struct fixture *fixture = *state;
    open_office(fixture);
    const struct rota_context whole = *fixture->context;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct rota_context context = {table[i].hours_missing ? NULL : whole.opening_hours,
                                       table[i].holidays_missing ? NULL : whole.holidays};
        char *json = arena_format(fixture->arena, ONLY("%s"), table[i].what);
        const struct rota *rota = parse(fixture, json);
        char agent[SLUG_BYTES_MAX] = "untouched";
        assert_int_equal(rota_check(rota, &whole, &fixture->error), STATUS_OK);
        assert_int_equal(rota_check(rota, &context, &fixture->error), STATUS_INVALID);
        assert_string_equal(fixture->error.pointer, table[i].pointer);
        assert_non_null(strstr(fixture->error.text, "give the customer"));
        assert_int_equal(rota_check(rota, NULL, NULL), STATUS_INVALID);
        assert_int_equal(
            rota_who(rota, &context, "UTC", moment("2026-01-05T00:00:00Z"), agent, &fixture->error),
            STATUS_INVALID);
        assert_string_equal(agent, "untouched");
    }
    assert_int_equal(rota_check(parse(fixture, ALWAYS("")), NULL, NULL), STATUS_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(layer__only_outside_opening_hours),
        TEST(layer__only_opening_hours_at_the_spring_change),
        TEST(layer__only_holidays_is_the_local_day),
        TEST(layer__except_holidays),
        TEST(layer__restrictions_together),
        TEST(layer__custom_hand_overs_on_monday_and_friday),
        TEST(layer__custom_turns_are_counted_from_the_start),
        TEST(layer__custom_hand_over_skipped_or_twice),
        TEST(layer__ends_on_a_local_date),
        TEST(layer__ends_within_a_turn),
        TEST(layer__ends_where_the_next_begins),
        TEST(layer__goes_on_for_ever),
        TEST(layer__window_in_the_hour_that_comes_twice_has_no_gap),
        TEST(layer__day_that_begins_twice_has_no_gap),
        TEST(layer__too_many_custom_hand_overs_are_refused),
        TEST(layer__without_its_context_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
