/* Who is on call when, as golden lists of intervals. Paris is UTC+1, in summer UTC+2. */
#include "tests/unit/rota/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define LAYER(turn, more)                                                                          \
    "{\"turn\":\"" turn "\",\"starts_on\":\"2026-01-05\"," more                                    \
    ",\"participants\":[\"paul\",\"marie\"]}"
#define ROTA(layer) "{\"layers\":[" layer "]}"
#define WEEKLY      "\"hand_over\":{\"weekday\":\"monday\",\"time\":\"09:00\"}"
#define DAILY       "\"hand_over\":{\"time\":\"09:00\"}"
#define AT_0230     "\"hand_over\":{\"time\":\"02:30\"}"
#define WINDOW(d1, t1, d2, t2)                                                                     \
    "{\"from\":{\"weekday\":\"" d1 "\",\"time\":\"" t1 "\"},"                                      \
    "\"to\":{\"weekday\":\"" d2 "\",\"time\":\"" t2 "\"}}"

static void compile__weekly_over_spring_change_keeps_local_hand_over(void **state)
{
    compile(*state, ROTA(LAYER("weekly", WEEKLY)), "Europe/Paris", "2026-03-16T08:00:00Z",
            "2026-04-06T07:00:00Z");
    assert_intervals(*state, "2026-03-16T08:00:00Z 2026-03-23T08:00:00Z paul\n"
                             "2026-03-23T08:00:00Z 2026-03-30T07:00:00Z marie\n"
                             "2026-03-30T07:00:00Z 2026-04-06T07:00:00Z paul\n");
}

static void compile__weekly_over_autumn_change_keeps_local_hand_over(void **state)
{
    compile(*state, ROTA(LAYER("weekly", WEEKLY)), "Europe/Paris", "2026-10-12T07:00:00Z",
            "2026-11-02T08:00:00Z");
    assert_intervals(*state, "2026-10-12T07:00:00Z 2026-10-19T07:00:00Z paul\n"
                             "2026-10-19T07:00:00Z 2026-10-26T08:00:00Z marie\n"
                             "2026-10-26T08:00:00Z 2026-11-02T08:00:00Z paul\n");
}

static void compile__range_cuts_first_and_last_turn(void **state)
{
    compile(*state, ROTA(LAYER("weekly", WEEKLY)), "Europe/Paris", "2026-01-07T00:00:00Z",
            "2026-01-13T00:00:00Z");
    assert_intervals(*state, "2026-01-07T00:00:00Z 2026-01-12T08:00:00Z paul\n"
                             "2026-01-12T08:00:00Z 2026-01-13T00:00:00Z marie\n");
}

static void compile__nobody_before_the_start(void **state)
{
    compile(*state, ROTA(LAYER("weekly", WEEKLY)), "Europe/Paris", "2025-12-01T00:00:00Z",
            "2026-01-06T00:00:00Z");
    assert_intervals(*state, "2026-01-05T08:00:00Z 2026-01-06T00:00:00Z paul\n");
}

static void compile__weekly_start_in_mid_week_shortens_the_first_turn(void **state)
{
    compile(*state,
            "{\"layers\":[{\"turn\":\"weekly\",\"starts_on\":\"2026-01-08\"," WEEKLY
            ",\"participants\":[\"paul\",\"marie\"]}]}",
            "Europe/Paris", "2026-01-01T00:00:00Z", "2026-01-19T08:00:00Z");
    assert_intervals(*state, "2026-01-08T08:00:00Z 2026-01-12T08:00:00Z paul\n"
                             "2026-01-12T08:00:00Z 2026-01-19T08:00:00Z marie\n");
}

static void compile__daily_turns(void **state)
{
    compile(*state, ROTA(LAYER("daily", DAILY)), "Europe/Paris", "2026-07-01T07:00:00Z",
            "2026-07-03T07:00:00Z");
    assert_intervals(*state, "2026-07-01T07:00:00Z 2026-07-02T07:00:00Z marie\n"
                             "2026-07-02T07:00:00Z 2026-07-03T07:00:00Z paul\n");
}

static void compile__turn_length_two_weeks(void **state)
{
    compile(*state, ROTA(LAYER("weekly", "\"turn_length\":2," WEEKLY)), "Europe/Paris",
            "2026-01-05T08:00:00Z", "2026-02-16T08:00:00Z");
    assert_intervals(*state, "2026-01-05T08:00:00Z 2026-01-19T08:00:00Z paul\n"
                             "2026-01-19T08:00:00Z 2026-02-02T08:00:00Z marie\n"
                             "2026-02-02T08:00:00Z 2026-02-16T08:00:00Z paul\n");
}

static void compile__hand_over_that_is_skipped_happens_at_the_jump(void **state)
{
    compile(*state, ROTA(LAYER("daily", AT_0230)), "Europe/Paris", "2026-03-28T01:30:00Z",
            "2026-03-30T00:30:00Z");
    assert_intervals(*state, "2026-03-28T01:30:00Z 2026-03-29T01:00:00Z paul\n"
                             "2026-03-29T01:00:00Z 2026-03-30T00:30:00Z marie\n");
}

static void compile__hand_over_that_comes_twice_happens_the_first_time(void **state)
{
    compile(*state, ROTA(LAYER("daily", AT_0230)), "Europe/Paris", "2026-10-24T00:30:00Z",
            "2026-10-26T01:30:00Z");
    assert_intervals(*state, "2026-10-24T00:30:00Z 2026-10-25T00:30:00Z paul\n"
                             "2026-10-25T00:30:00Z 2026-10-26T01:30:00Z marie\n");
}

static void compile__restrictions_of_nights_and_weekend(void **state)
{
    compile(
        *state,
        ROTA(LAYER("weekly", WEEKLY
                   ",\"restrictions\":[" WINDOW("friday", "18:00", "monday", "08:00") "," WINDOW(
                       "thursday", "18:00", "friday", "08:00") "]")),
        "Europe/Paris", "2026-01-05T00:00:00Z", "2026-01-13T00:00:00Z");
    assert_intervals(*state, "2026-01-08T17:00:00Z 2026-01-09T07:00:00Z paul\n"
                             "2026-01-09T17:00:00Z 2026-01-12T07:00:00Z paul\n");
}

static void compile__restriction_over_a_hand_over_is_two_shifts(void **state)
{
    compile(*state,
            ROTA(LAYER("weekly", WEEKLY
                       ",\"restrictions\":[" WINDOW("sunday", "20:00", "monday", "20:00") "]")),
            "Europe/Paris", "2026-01-11T00:00:00Z", "2026-01-13T00:00:00Z");
    assert_intervals(*state, "2026-01-11T19:00:00Z 2026-01-12T08:00:00Z paul\n"
                             "2026-01-12T08:00:00Z 2026-01-12T19:00:00Z marie\n");
}

static void compile__overlapping_restrictions_are_one_window(void **state)
{
    compile(
        *state,
        ROTA(LAYER("weekly", WEEKLY ",\"restrictions\":[" WINDOW(
                                 "tuesday", "10:00", "wednesday",
                                 "10:00") "," WINDOW("tuesday", "08:00", "tuesday", "12:00") "]")),
        "Europe/Paris", "2026-01-05T00:00:00Z", "2026-01-11T00:00:00Z");
    assert_intervals(*state, "2026-01-06T07:00:00Z 2026-01-07T09:00:00Z paul\n");
}

static void compile__restriction_across_the_spring_night_is_an_hour_shorter(void **state)
{
    compile(*state,
            ROTA(LAYER("weekly", WEEKLY
                       ",\"restrictions\":[" WINDOW("saturday", "20:00", "sunday", "08:00") "]")),
            "Europe/Paris", "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z");
    assert_intervals(*state, "2026-03-28T19:00:00Z 2026-03-29T06:00:00Z marie\n");
}

static void compile__later_layer_covers_earlier_where_it_has_somebody(void **state)
{
    compile(*state,
            "{\"layers\":[" LAYER(
                "weekly", WEEKLY) ",{\"turn\":\"daily\","
                                  "\"starts_on\":\"2026-01-01\",\"hand_over\":{\"time\":\"00:00\"},"
                                  "\"participants\":[\"jean\"],\"restrictions\":[" WINDOW(
                                      "saturday", "00:00", "sunday", "12:00") "]}]}",
            "Europe/Paris", "2026-01-05T08:00:00Z", "2026-01-12T08:00:00Z");
    assert_intervals(*state, "2026-01-05T08:00:00Z 2026-01-09T23:00:00Z paul\n"
                             "2026-01-09T23:00:00Z 2026-01-10T23:00:00Z jean\n"
                             "2026-01-10T23:00:00Z 2026-01-11T11:00:00Z jean\n"
                             "2026-01-11T11:00:00Z 2026-01-12T08:00:00Z paul\n");
}

#define OVERRIDE(from, to, agent)                                                                  \
    "{\"from\":\"" from "\",\"to\":\"" to "\",\"agent\":\"" agent "\"}"

static void compile__override_cuts_an_interval_in_three(void **state)
{
    compile(*state,
            "{\"layers\":[" LAYER("weekly", WEEKLY) "],\"overrides\":[" OVERRIDE(
                "2026-01-07T10:00:00+01:00", "2026-01-07T12:00:00+01:00", "jean") "]}",
            "Europe/Paris", "2026-01-05T08:00:00Z", "2026-01-12T08:00:00Z");
    assert_intervals(*state, "2026-01-05T08:00:00Z 2026-01-07T09:00:00Z paul\n"
                             "2026-01-07T09:00:00Z 2026-01-07T11:00:00Z jean\n"
                             "2026-01-07T11:00:00Z 2026-01-12T08:00:00Z paul\n");
}

static void compile__of_two_overrides_the_later_in_the_list_wins(void **state)
{
    compile(*state,
            "{\"layers\":[" LAYER("weekly", WEEKLY) "],\"overrides\":[" OVERRIDE(
                "2026-01-10T00:00:00Z", "2026-01-14T00:00:00Z",
                "jean") "," OVERRIDE("2026-01-09T00:00:00Z", "2026-01-11T00:00:00Z", "lea") "]}",
            "Europe/Paris", "2026-01-08T00:00:00Z", "2026-01-15T00:00:00Z");
    assert_intervals(*state, "2026-01-08T00:00:00Z 2026-01-09T00:00:00Z paul\n"
                             "2026-01-09T00:00:00Z 2026-01-11T00:00:00Z lea\n"
                             "2026-01-11T00:00:00Z 2026-01-14T00:00:00Z jean\n"
                             "2026-01-14T00:00:00Z 2026-01-15T00:00:00Z marie\n");
}

static void compile__override_fills_a_gap_before_the_start(void **state)
{
    compile(*state,
            "{\"layers\":[" LAYER("weekly", WEEKLY) "],\"overrides\":[" OVERRIDE(
                "2025-12-24T00:00:00Z", "2025-12-25T00:00:00Z", "jean") "]}",
            "Europe/Paris", "2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z");
    assert_intervals(*state, "2025-12-24T00:00:00Z 2025-12-25T00:00:00Z jean\n");
}

/* libical 3.0.16 is an hour late here. */
static void compile__saint_pierre_et_miquelon_follows_its_own_change(void **state)
{
    compile(*state, ROTA(LAYER("daily", DAILY)), "America/Miquelon", "2026-03-07T12:00:00Z",
            "2026-03-09T11:00:00Z");
    assert_intervals(*state, "2026-03-07T12:00:00Z 2026-03-08T11:00:00Z marie\n"
                             "2026-03-08T11:00:00Z 2026-03-09T11:00:00Z paul\n");
}

static void compile__empty_range_is_empty(void **state)
{
    compile(*state, ROTA(LAYER("daily", DAILY)), "Europe/Paris", "2026-03-07T12:00:00Z",
            "2026-03-07T12:00:00Z");
    assert_intervals(*state, "");
}

/* Compiles and answers the status; on failure the outputs must be as they were. */
static enum status try_compile(struct fixture *fixture, const char *json, const char *zone,
                               struct wall_time from, struct wall_time to)
{
    struct rota_interval *intervals = (struct rota_interval *)fixture;
    size_t count = 77;
    enum status status = rota_compile(parse(fixture, json), NULL, zone, from, to, fixture->arena,
                                      &intervals, &count, &fixture->error);
    if (status != STATUS_OK) {
        assert_ptr_equal(intervals, fixture);
        assert_int_equal(count, 77);
    }
    return status;
}

static void compile__unknown_zone_is_not_found(void **state)
{
    static const char *const zones[] = {
        "Europe/Nowhere", "",        "Europe", "../../../etc/passwd", "/etc/localtime",
        "Europe/Paris/",  "zone.tab"};
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        enum status status = try_compile(*state, ROTA(LAYER("daily", DAILY)), zones[i],
                                         (struct wall_time){0}, (struct wall_time){1});
        assert_true(status == STATUS_NOT_FOUND || status == STATUS_CORRUPT);
        assert_false(rota_zone_is_known(zones[i]));
    }
    assert_true(rota_zone_is_known("Europe/Paris"));
    assert_true(rota_zone_is_known("UTC"));
    assert_true(rota_zone_is_known("America/Argentina/Buenos_Aires"));
}

static void compile__too_many_intervals_are_refused(void **state)
{
    struct wall_time from = moment("2026-01-05T08:00:00Z");
    struct wall_time to = {from.ms + INT64_C(86400000) * (ROTA_INTERVALS_MAX + 2)};
    assert_int_equal(try_compile(*state, ROTA(LAYER("daily", DAILY)), "UTC", from, to),
                     STATUS_TOO_LARGE);
    to.ms = from.ms + INT64_C(86400000) * (ROTA_INTERVALS_MAX - 2);
    assert_int_equal(try_compile(*state, ROTA(LAYER("daily", DAILY)), "UTC", from, to), STATUS_OK);
}

static void compile__range_out_of_reach_is_refused(void **state)
{
    const char *rota = ROTA(LAYER("daily", DAILY));
    struct wall_time now = moment("2026-01-05T08:00:00Z");
    assert_int_equal(try_compile(*state, rota, "UTC", now, WALL_NEVER), STATUS_INVALID);
    assert_int_equal(try_compile(*state, rota, "UTC", (struct wall_time){-1}, now), STATUS_INVALID);
    assert_int_equal(try_compile(*state, rota, "UTC", now, (struct wall_time){now.ms - 1}),
                     STATUS_INVALID);
}

static void compile__full_arena_is_reported(void **state)
{
    struct fixture *fixture = *state;
    struct rota *rota = parse(fixture, ROTA(LAYER("daily", DAILY)));
    struct arena *small = arena_create(64);
    struct rota_interval *intervals;
    size_t count;
    enum status status =
        rota_compile(rota, NULL, "UTC", moment("2026-01-05T08:00:00Z"),
                     moment("2027-01-05T08:00:00Z"), small, &intervals, &count, &fixture->error);
    assert_int_equal(status, STATUS_NO_MEMORY);
    arena_destroy(&small);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(compile__weekly_over_spring_change_keeps_local_hand_over),
        TEST(compile__weekly_over_autumn_change_keeps_local_hand_over),
        TEST(compile__range_cuts_first_and_last_turn),
        TEST(compile__nobody_before_the_start),
        TEST(compile__weekly_start_in_mid_week_shortens_the_first_turn),
        TEST(compile__daily_turns),
        TEST(compile__turn_length_two_weeks),
        TEST(compile__hand_over_that_is_skipped_happens_at_the_jump),
        TEST(compile__hand_over_that_comes_twice_happens_the_first_time),
        TEST(compile__restrictions_of_nights_and_weekend),
        TEST(compile__restriction_over_a_hand_over_is_two_shifts),
        TEST(compile__overlapping_restrictions_are_one_window),
        TEST(compile__restriction_across_the_spring_night_is_an_hour_shorter),
        TEST(compile__later_layer_covers_earlier_where_it_has_somebody),
        TEST(compile__override_cuts_an_interval_in_three),
        TEST(compile__of_two_overrides_the_later_in_the_list_wins),
        TEST(compile__override_fills_a_gap_before_the_start),
        TEST(compile__saint_pierre_et_miquelon_follows_its_own_change),
        TEST(compile__empty_range_is_empty),
        TEST(compile__unknown_zone_is_not_found),
        TEST(compile__too_many_intervals_are_refused),
        TEST(compile__range_out_of_reach_is_refused),
        TEST(compile__full_arena_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
