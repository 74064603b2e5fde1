/* Swaps and absences, and whole shifts. Times are UTC; the zone is, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/rota/fixture.h"

/* Days of paul, marie and lea in turn, from midnight to midnight; January 1, 2026 is paul's. */
#define DAYS(overrides)                                                                            \
    "{\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2026-01-01\","                               \
    "\"hand_over\":{\"time\":\"00:00\"},\"participants\":[\"paul\",\"marie\",\"lea\"]}],"          \
    "\"overrides\":[" overrides "]}"
#define WHEN(from, to) "\"from\":\"2026-01-" from ":00Z\",\"to\":\"2026-01-" to ":00Z\""
#define SWAP(from, to, a, b)                                                                       \
    "{\"kind\":\"swap\"," WHEN(from, to) ",\"agent\":\"" a "\",\"with\":\"" b "\"}"
#define AWAY(from, to, who)    "{\"kind\":\"absence\"," WHEN(from, to) ",\"agent\":\"" who "\"}"
#define REPLACE(from, to, who) "{" WHEN(from, to) ",\"agent\":\"" who "\"}"

static void override__swap_exchanges_two_agents_for_a_while(void **state)
{
    compile(*state, DAYS(SWAP("01T12:00", "04T12:00", "paul", "lea")), "UTC",
            "2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z");
    assert_intervals(*state, "2026-01-01T00:00:00Z 2026-01-01T12:00:00Z paul\n"
                             "2026-01-01T12:00:00Z 2026-01-02T00:00:00Z lea\n"
                             "2026-01-02T00:00:00Z 2026-01-03T00:00:00Z marie\n"
                             "2026-01-03T00:00:00Z 2026-01-04T00:00:00Z paul\n"
                             "2026-01-04T00:00:00Z 2026-01-04T12:00:00Z lea\n"
                             "2026-01-04T12:00:00Z 2026-01-05T00:00:00Z paul\n");
}

/* What a swap sees is what the overrides before it made; the one behind it has the last word. */
static void override__in_the_order_of_the_list(void **state)
{
    compile(*state,
            DAYS(REPLACE("01T00:00", "01T06:00", "lea") "," SWAP(
                "01T00:00", "02T00:00", "paul", "lea") "," REPLACE("01T18:00", "02T00:00", "jean")),
            "UTC", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    assert_intervals(*state, "2026-01-01T00:00:00Z 2026-01-01T06:00:00Z paul\n"
                             "2026-01-01T06:00:00Z 2026-01-01T18:00:00Z lea\n"
                             "2026-01-01T18:00:00Z 2026-01-02T00:00:00Z jean\n");
}

static void override__absence_gives_the_turn_to_the_next(void **state)
{
    compile(*state, DAYS(AWAY("01T12:00", "04T06:00", "paul")), "UTC", "2026-01-01T00:00:00Z",
            "2026-01-05T00:00:00Z");
    assert_intervals(*state, "2026-01-01T00:00:00Z 2026-01-01T12:00:00Z paul\n"
                             "2026-01-01T12:00:00Z 2026-01-02T00:00:00Z marie\n"
                             "2026-01-02T00:00:00Z 2026-01-03T00:00:00Z marie\n"
                             "2026-01-03T00:00:00Z 2026-01-04T00:00:00Z lea\n"
                             "2026-01-04T00:00:00Z 2026-01-04T06:00:00Z marie\n"
                             "2026-01-04T06:00:00Z 2026-01-05T00:00:00Z paul\n");
}

static void override__absence_passes_over_others_who_are_away(void **state)
{
    compile(*state,
            DAYS(AWAY("01T00:00", "01T20:00", "paul") "," AWAY(
                "01T04:00", "01T16:00", "marie") "," AWAY("01T08:00", "01T12:00", "lea")),
            "UTC", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    assert_intervals(*state, "2026-01-01T00:00:00Z 2026-01-01T04:00:00Z marie\n"
                             "2026-01-01T04:00:00Z 2026-01-01T08:00:00Z lea\n"
                             "2026-01-01T12:00:00Z 2026-01-01T16:00:00Z lea\n"
                             "2026-01-01T16:00:00Z 2026-01-01T20:00:00Z marie\n"
                             "2026-01-01T20:00:00Z 2026-01-02T00:00:00Z paul\n");
}

/* Nobody of the later layer is there: the earlier one shows. A replacement is not asked whether it
 * is away. */
static void override__absence_is_each_layers_own(void **state)
{
    compile(*state,
            "{\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2026-01-01\","
            "\"hand_over\":{\"time\":\"00:00\"},\"participants\":[\"jean\"]},"
            "{\"turn\":\"daily\",\"starts_on\":\"2026-01-01\",\"hand_over\":{\"time\":\"00:00\"},"
            "\"participants\":[\"paul\"]}],\"overrides\":[" AWAY(
                "02T00:00", "03T12:00", "paul") "," REPLACE("03T00:00", "03T06:00", "paul") "]}",
            "UTC", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z");
    assert_intervals(*state, "2026-01-01T00:00:00Z 2026-01-02T00:00:00Z paul\n"
                             "2026-01-02T00:00:00Z 2026-01-03T00:00:00Z jean\n"
                             "2026-01-03T00:00:00Z 2026-01-03T06:00:00Z paul\n"
                             "2026-01-03T06:00:00Z 2026-01-03T12:00:00Z jean\n"
                             "2026-01-03T12:00:00Z 2026-01-04T00:00:00Z paul\n");
}

static void override__absence_of_somebody_of_no_layer_changes_nothing(void **state)
{
    compile(*state, DAYS(AWAY("01T00:00", "03T00:00", "jean")), "UTC", "2026-01-01T00:00:00Z",
            "2026-01-02T00:00:00Z");
    assert_intervals(*state, "2026-01-01T00:00:00Z 2026-01-02T00:00:00Z paul\n");
}

static void assert_who(struct fixture *fixture, const struct rota *rota, const char *zone,
                       const char *at, const char *expected)
{
    char agent[SLUG_BYTES_MAX] = "untouched";
    assert_int_equal(rota_who(rota, NULL, zone, moment(at), agent, &fixture->error), STATUS_OK);
    if (strcmp(agent, expected) != 0) {
        fail_msg("%s: %s", at, agent);
    }
}

static void who__at_a_moment(void **state)
{
    const struct rota *rota = parse(*state, DAYS(AWAY("02T00:00", "02T12:00", "marie") "," SWAP(
                                                "03T00:00", "03T06:00", "lea", "paul")));
    assert_who(*state, rota, "UTC", "2025-12-31T23:59:59.999Z", "");
    assert_who(*state, rota, "UTC", "2026-01-01T00:00:00Z", "paul");
    assert_who(*state, rota, "UTC", "2026-01-01T23:59:59.999Z", "paul");
    assert_who(*state, rota, "UTC", "2026-01-02T00:00:00Z", "lea");
    assert_who(*state, rota, "UTC", "2026-01-02T12:00:00Z", "marie");
    assert_who(*state, rota, "UTC", "2026-01-03T05:59:59.999Z", "paul");
    assert_who(*state, rota, "UTC", "2026-01-03T06:00:00Z", "lea");
    assert_who(*state, rota, "UTC", "9999-12-31T23:59:59.998Z", "paul");
}

static void who__in_both_nights_of_the_clock_change(void **state)
{
    const struct rota *rota =
        parse(*state, "{\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2026-01-05\","
                      "\"hand_over\":{\"time\":\"02:30\"},\"participants\":[\"a\",\"b\"]}]}");
    assert_who(*state, rota, "Europe/Paris", "2026-03-29T00:59:59.999Z", "a");
    assert_who(*state, rota, "Europe/Paris", "2026-03-29T01:00:00Z", "b");
    assert_who(*state, rota, "Europe/Paris", "2026-10-25T00:29:59.999Z", "a");
    assert_who(*state, rota, "Europe/Paris", "2026-10-25T00:30:00Z", "b");
    assert_who(*state, rota, "Europe/Paris", "2026-10-25T01:30:00Z", "b");
}

static void who__refuses_as_compile_does(void **state)
{
    struct fixture *fixture = *state;
    const struct rota *rota = parse(fixture, DAYS(""));
    char agent[SLUG_BYTES_MAX] = "untouched";
    assert_int_equal(
        rota_who(rota, NULL, "Mars/Olympus", moment("2026-01-01T00:00:00Z"), agent, NULL),
        STATUS_NOT_FOUND);
    assert_int_equal(rota_who(rota, NULL, "UTC", WALL_NEVER, agent, NULL), STATUS_INVALID);
    assert_int_equal(rota_who(rota, NULL, "UTC", (struct wall_time){-1}, agent, NULL),
                     STATUS_INVALID);
    assert_string_equal(agent, "untouched");
}

static void shifts(struct fixture *fixture, const char *json, const char *zone, const char *from,
                   const char *to)
{
    if (rota_shifts(parse(fixture, json), NULL, zone, moment(from), moment(to), fixture->arena,
                    &fixture->intervals, &fixture->count, &fixture->error) != STATUS_OK) {
        fail_msg("%s", fixture->error.text);
    }
}

static void shifts__are_whole(void **state)
{
    shifts(*state, DAYS(REPLACE("02T06:00", "02T12:00", "jean")), "UTC", "2026-01-02T08:00:00Z",
           "2026-01-03T00:00:00.001Z");
    assert_intervals(*state, "2026-01-02T06:00:00Z 2026-01-02T12:00:00Z jean\n"
                             "2026-01-02T12:00:00Z 2026-01-03T00:00:00Z marie\n"
                             "2026-01-03T00:00:00Z 2026-01-04T00:00:00Z lea\n");
    shifts(*state, DAYS(""), "UTC", "2026-01-02T12:00:00Z", "2026-01-02T12:00:00Z");
    assert_intervals(*state, "");
    shifts(*state, DAYS(""), "UTC", "2025-12-30T00:00:00Z", "2026-01-01T00:00:00Z");
    assert_intervals(*state, "");
}

/* Turns of a year, and over the spring change: what is compiled has to grow. */
static void shifts__of_a_year_are_whole(void **state)
{
    shifts(*state,
           "{\"layers\":[{\"turn\":\"weekly\",\"turn_length\":52,\"starts_on\":\"2026-01-05\","
           "\"hand_over\":{\"weekday\":\"monday\",\"time\":\"09:00\"},"
           "\"participants\":[\"paul\",\"marie\"]}]}",
           "Europe/Paris", "2027-06-01T00:00:00Z", "2027-06-01T00:00:00.001Z");
    assert_intervals(*state, "2027-01-04T08:00:00Z 2028-01-03T08:00:00Z marie\n");
}

static void shifts__longer_than_is_followed_are_cut(void **state)
{
    struct fixture *fixture = *state;
    shifts(fixture,
           "{\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2026-01-01\","
           "\"hand_over\":{\"time\":\"00:00\"},\"participants\":[\"paul\"]}],\"overrides\":["
           "{\"from\":\"1970-01-01T00:00:00Z\",\"to\":\"9999-12-31T00:00:00Z\","
           "\"agent\":\"jean\"}]}",
           "UTC", "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z");
    assert_int_equal(fixture->count, 1);
    assert_int_equal(fixture->intervals[0].from.ms,
                     moment("2026-06-01T00:00:00Z").ms - ROTA_SHIFT_DAYS_MAX * INT64_C(86400000));
    assert_int_equal(fixture->intervals[0].to.ms,
                     moment("2026-06-02T00:00:00Z").ms + ROTA_SHIFT_DAYS_MAX * INT64_C(86400000));
}

static void shifts__at_the_ends_of_time(void **state)
{
    struct fixture *fixture = *state;
    const struct rota *rota = parse(fixture, DAYS(""));
    struct rota_interval *intervals;
    size_t count;
    assert_int_equal(rota_shifts(rota, NULL, "UTC", (struct wall_time){0}, (struct wall_time){1},
                                 fixture->arena, &intervals, &count, NULL),
                     STATUS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(rota_shifts(rota, NULL, "UTC", (struct wall_time){ROTA_TIME_MS_MAX - 1},
                                 (struct wall_time){ROTA_TIME_MS_MAX}, fixture->arena, &intervals,
                                 &count, NULL),
                     STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(rota_shifts(rota, NULL, "UTC", (struct wall_time){5}, (struct wall_time){4},
                                 fixture->arena, &intervals, &count, NULL),
                     STATUS_INVALID);
    assert_int_equal(rota_shifts(rota, NULL, "UTC", (struct wall_time){5}, WALL_NEVER,
                                 fixture->arena, &intervals, &count, NULL),
                     STATUS_INVALID);
}

/* As many as there may be, in no order and one over the other: at each hour it is the last in the
 * list that covers it. */
static void override__of_many_the_last_wins(void **state)
{
    struct fixture *fixture = *state;
    static struct rota_override many[ROTA_OVERRIDES_MAX];
    static const char *last[24 * 2000];
    const struct wall_time from = moment("2026-01-01T00:00:00Z");
    const int64_t hour_ms = 3600000, hours = sizeof last / sizeof last[0];
    struct rota *rota = parse(fixture, DAYS(""));
    rota->layers_count = 0;
    rota->overrides = many;
    rota->overrides_count = ROTA_OVERRIDES_MAX;
    for (size_t i = 0; i < ROTA_OVERRIDES_MAX; i++) {
        int64_t begin = (int64_t)(i * 7919) % (hours - 100), length = 1 + (int64_t)(i * 37) % 90;
        many[i] = (struct rota_override){.from.ms = from.ms + begin * hour_ms,
                                         .to.ms = from.ms + (begin + length) * hour_ms};
        (void)snprintf(many[i].agent, sizeof many[i].agent, "agent-%zu", i);
        for (int64_t hour = begin; hour < begin + length; hour++) {
            last[hour] = many[i].agent;
        }
    }
    assert_int_equal(rota_compile(rota, NULL, "UTC", from,
                                  (struct wall_time){from.ms + hours * hour_ms}, fixture->arena,
                                  &fixture->intervals, &fixture->count, &fixture->error),
                     STATUS_OK);
    size_t at = 0;
    for (int64_t hour = 0; hour < hours; hour++) {
        int64_t ms = from.ms + hour * hour_ms;
        for (; at < fixture->count && fixture->intervals[at].to.ms <= ms; at++) {
        }
        bool covered = at < fixture->count && fixture->intervals[at].from.ms <= ms;
        assert_int_equal(covered, last[hour] != NULL);
        if (covered) {
            assert_string_equal(fixture->intervals[at].agent, last[hour]);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(override__of_many_the_last_wins),
        TEST(override__swap_exchanges_two_agents_for_a_while),
        TEST(override__in_the_order_of_the_list),
        TEST(override__absence_gives_the_turn_to_the_next),
        TEST(override__absence_passes_over_others_who_are_away),
        TEST(override__absence_is_each_layers_own),
        TEST(override__absence_of_somebody_of_no_layer_changes_nothing),
        TEST(who__at_a_moment),
        TEST(who__in_both_nights_of_the_clock_change),
        TEST(who__refuses_as_compile_does),
        TEST(shifts__are_whole),
        TEST(shifts__of_a_year_are_whole),
        TEST(shifts__longer_than_is_followed_are_cut),
        TEST(shifts__at_the_ends_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
