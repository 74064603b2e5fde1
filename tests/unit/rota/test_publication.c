/* test_publication.c - what was told, what changed since, and how long ahead: by hand around both
 * clock changes, and against a count of minutes over random plannings. */
#include "gateway/rota/rota_publication.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "tests/unit/rota/fixture.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS    INT64_C(86400000)

/* ---- by hand ---- */

#define SHIFTS_MAX 16

struct shifts {
    struct rota_interval items[SHIFTS_MAX];
    size_t count;
};

/* "FROM TO AGENT" a line. */
static struct shifts shifts_of(const char *text)
{
    struct shifts shifts = {.count = 0};
    char from[32], to[32];
    int read;
    while (sscanf(text, "%31s %31s %63s%n", from, to, shifts.items[shifts.count].agent, &read) ==
           3) {
        shifts.items[shifts.count].from = moment(from);
        shifts.items[shifts.count++].to = moment(to);
        text += read;
    }
    return shifts;
}

static struct rota_period period_of(const char *from, const char *to)
{
    return (struct rota_period){moment(from), moment(to)};
}

static struct rota_told tell(struct fixture *fixture, const struct rota_publication *newest_first,
                             size_t count, const struct rota_period *period)
{
    struct rota_told told;
    if (rota_told(newest_first, count, period, fixture->arena, &told, &fixture->error) !=
        STATUS_OK) {
        fail_msg("%s", fixture->error.text);
    }
    return told;
}

/* Compares the changes with lines "KIND FROM TO AGENT DAYS NOTICE". */
static void assert_changes(struct fixture *fixture, const struct rota_told *told,
                           const char *planned, const char *at, int notice_days,
                           const char *expected)
{
    struct shifts shifts = shifts_of(planned);
    const struct rota_hearing hearing = {"Europe/Paris", moment(at), notice_days};
    struct rota_change *changes;
    size_t count;
    char text[4096] = "";
    if (rota_compare(told, shifts.items, shifts.count, &hearing, fixture->arena, &changes, &count,
                     &fixture->error) != STATUS_OK) {
        fail_msg("%s", fixture->error.text);
    }
    for (size_t i = 0; i < count; i++) {
        char from[RFC3339_BYTES_MAX], to[RFC3339_BYTES_MAX];
        wall_time_format(changes[i].from, from);
        wall_time_format(changes[i].to, to);
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used, "%s %.16sZ %.16sZ %s %d %s\n",
                       rota_change_word(changes[i].kind), from, to, changes[i].agent,
                       changes[i].notice_days, rota_notice_word(changes[i].notice));
    }
    assert_string_equal(text, expected);
}

static const struct rota_told nothing = {.shifts_count = 0};

/* Paris is an hour ahead of UTC until 2026-03-29T01:00Z and from 2026-10-25T01:00Z on. */
static void test_compare__counts_days_of_the_local_clock(void **state)
{
    /* 23:30 in Paris: half an hour later one day is gone. */
    assert_changes(*state, &nothing, "2026-03-16T22:59:00Z 2026-03-16T23:00:00Z paul", //
                   "2026-03-15T22:59:00Z", 15,
                   "new 2026-03-16T22:59Z 2026-03-16T23:00Z paul 1 too_short\n");
    assert_changes(*state, &nothing, "2026-03-16T23:00:00Z 2026-03-16T23:01:00Z paul", //
                   "2026-03-15T22:59:00Z", 15,
                   "new 2026-03-16T23:00Z 2026-03-16T23:01Z paul 2 short\n");
    assert_changes(*state, &nothing, "2026-03-16T23:00:00Z 2026-03-16T23:01:00Z paul", //
                   "2026-03-15T23:00:00Z", 15,
                   "new 2026-03-16T23:00Z 2026-03-16T23:01Z paul 1 too_short\n");
}

static void test_compare__counts_days_over_clock_changes(void **state)
{
    /* Midnight of the 4th is at 22:00Z after the change, and that of the 20th was at 23:00Z. */
    assert_changes(*state, &nothing,
                   "2026-04-03T21:59:00Z 2026-04-03T22:00:00Z paul\n"
                   "2026-04-03T22:00:00Z 2026-04-03T22:01:00Z zoe",
                   "2026-03-19T23:00:00Z", 15,
                   "new 2026-04-03T21:59Z 2026-04-03T22:00Z paul 14 short\n"
                   "new 2026-04-03T22:00Z 2026-04-03T22:01Z zoe 15 in_time\n");
    assert_changes(*state, &nothing,
                   "2026-10-31T22:59:00Z 2026-10-31T23:00:00Z paul\n"
                   "2026-10-31T23:00:00Z 2026-10-31T23:01:00Z zoe",
                   "2026-10-17T21:59:00Z", 15,
                   "new 2026-10-31T22:59Z 2026-10-31T23:00Z paul 14 short\n"
                   "new 2026-10-31T23:00Z 2026-10-31T23:01Z zoe 15 in_time\n");
}

static void test_compare__days_that_are_due(void **state)
{
    static const char planned[] = "2026-06-03T10:00:00Z 2026-06-03T12:00:00Z paul";
    assert_changes(*state, &nothing, planned, "2026-06-01T10:00:00Z", 60,
                   "new 2026-06-03T10:00Z 2026-06-03T12:00Z paul 2 short\n");
    assert_changes(*state, &nothing, planned, "2026-06-01T10:00:00Z", 2,
                   "new 2026-06-03T10:00Z 2026-06-03T12:00Z paul 2 in_time\n");
    assert_changes(*state, &nothing, planned, "2026-06-02T10:00:00Z", 1,
                   "new 2026-06-03T10:00Z 2026-06-03T12:00Z paul 1 in_time\n");
    assert_changes(*state, &nothing, planned, "2026-06-03T09:00:00Z", 1,
                   "new 2026-06-03T10:00Z 2026-06-03T12:00Z paul 0 too_short\n");
    assert_changes(*state, &nothing, planned, "2026-06-05T09:00:00Z", 1,
                   "new 2026-06-03T10:00Z 2026-06-03T12:00Z paul 0 too_short\n");
}

static void test_compare__each_kind(void **state)
{
    struct shifts told_shifts = shifts_of("2026-06-01T08:00:00Z 2026-06-01T12:00:00Z paul\n"
                                          "2026-06-01T12:00:00Z 2026-06-01T20:00:00Z zoe\n"
                                          "2026-06-02T08:00:00Z 2026-06-02T12:00:00Z zoe");
    const struct rota_period whole = period_of("2026-06-01T00:00:00Z", "2026-06-04T00:00:00Z");
    const struct rota_publication publication = {
        period_of("2026-06-01T00:00:00Z", "2026-06-03T00:00:00Z"), told_shifts.items,
        told_shifts.count};
    struct rota_told told = tell(*state, &publication, 1, &whole);
    /* What is told and planned alike, but cut otherwise, is no change. */
    assert_changes(*state, &told,
                   "2026-06-01T08:00:00Z 2026-06-01T10:00:00Z paul\n"
                   "2026-06-01T10:00:00Z 2026-06-01T12:00:00Z paul\n"
                   "2026-06-01T12:00:00Z 2026-06-01T20:00:00Z zoe\n"
                   "2026-06-02T08:00:00Z 2026-06-02T12:00:00Z zoe",
                   "2026-05-01T00:00:00Z", 15, "");
    assert_changes(*state, &told,
                   "2026-06-01T07:00:00Z 2026-06-01T12:00:00Z paul\n"
                   "2026-06-01T13:00:00Z 2026-06-01T20:00:00Z zoe\n"
                   "2026-06-02T08:00:00Z 2026-06-02T12:00:00Z marc\n"
                   "2026-06-02T22:00:00Z 2026-06-03T06:00:00Z paul",
                   "2026-05-01T00:00:00Z", 15,
                   "extended 2026-06-01T07:00Z 2026-06-01T08:00Z paul 31 in_time\n"
                   "shortened 2026-06-01T12:00Z 2026-06-01T13:00Z zoe 31 in_time\n"
                   "added 2026-06-02T08:00Z 2026-06-02T12:00Z marc 32 in_time\n"
                   "removed 2026-06-02T08:00Z 2026-06-02T12:00Z zoe 32 in_time\n"
                   "added 2026-06-02T22:00Z 2026-06-03T00:00Z paul 33 in_time\n"
                   "new 2026-06-03T00:00Z 2026-06-03T06:00Z paul 33 in_time\n");
}

static void test_told__the_last_word_counts(void **state)
{
    struct fixture *fixture = *state;
    struct shifts first = shifts_of("2026-06-01T00:00:00Z 2026-06-10T00:00:00Z paul");
    const struct rota_period whole = period_of("2026-05-31T00:00:00Z", "2026-06-08T00:00:00Z");
    const struct rota_publication publications[] = {
        {period_of("2026-06-03T00:00:00Z", "2026-06-04T00:00:00Z"), NULL, 0}, /* nobody */
        {period_of("2026-06-01T00:00:00Z", "2026-06-10T00:00:00Z"), first.items, first.count},
        {period_of("2026-05-01T00:00:00Z", "2026-05-31T00:00:00Z"), first.items, first.count},
    };
    struct rota_told told = tell(fixture, publications, 3, &whole);
    fixture->intervals = told.shifts;
    fixture->count = told.shifts_count;
    assert_intervals(fixture, "2026-06-01T00:00:00Z 2026-06-03T00:00:00Z paul\n"
                              "2026-06-04T00:00:00Z 2026-06-08T00:00:00Z paul\n");
    assert_int_equal(told.periods_count, 1);
    assert_int_equal(told.periods[0].from.ms, moment("2026-06-01T00:00:00Z").ms);
    assert_int_equal(told.periods[0].to.ms, whole.to.ms);
    told = tell(fixture, NULL, 0, &whole);
    assert_int_equal(told.shifts_count + told.periods_count, 0);
}

static void test_compare__limits_and_zones(void **state)
{
    struct fixture *fixture = *state;
    const size_t count = ROTA_INTERVALS_MAX;
    struct rota_interval *many = calloc(count, sizeof *many);
    struct rota_change *changes = NULL;
    size_t changes_count = 77;
    assert_non_null(many);
    for (size_t i = 0; i < count; i++) {
        many[i] = (struct rota_interval){{(int64_t)i * 2}, {(int64_t)i * 2 + 1}, "paul"};
    }
    struct rota_hearing hearing = {"Europe/Paris", {0}, 15};
    assert_int_equal(rota_compare(&nothing, many, count, &hearing, fixture->arena, &changes,
                                  &changes_count, &fixture->error),
                     STATUS_OK);
    assert_int_equal(changes_count, count);
    /* As many that went, and one more. */
    struct rota_interval zoe = {{1}, {2}, "zoe"};
    const struct rota_period whole = {{0}, {(int64_t)count * 2}};
    const struct rota_publication publication = {whole, many, count};
    struct rota_told told = tell(fixture, &publication, 1, &whole);
    changes_count = 77;
    assert_int_equal(rota_compare(&told, &zoe, 1, &hearing, fixture->arena, &changes,
                                  &changes_count, &fixture->error),
                     STATUS_TOO_LARGE);
    assert_non_null(strstr(fixture->error.text, "choose a shorter one"));
    const struct rota_period after = {{(int64_t)count * 2}, {(int64_t)count * 2 + 1}};
    struct rota_interval one = {after.from, after.to, "zoe"};
    const struct rota_publication too_many[] = {{after, &one, 1}, publication};
    const struct rota_period both = {{0}, after.to};
    assert_int_equal(rota_told(too_many, 2, &both, fixture->arena, &told, &fixture->error),
                     STATUS_TOO_LARGE);
    assert_int_equal(told.shifts_count, count);
    hearing.zone = "Europe/Nowhere";
    assert_int_equal(rota_compare(&nothing, many, 1, &hearing, fixture->arena, &changes,
                                  &changes_count, &fixture->error),
                     STATUS_NOT_FOUND);
    assert_int_equal(changes_count, 77);
    struct arena *small = arena_create(64);
    hearing.zone = "UTC";
    assert_int_equal(rota_compare(&nothing, many, 100, &hearing, small, &changes, &changes_count,
                                  &fixture->error),
                     STATUS_NO_MEMORY);
    arena_destroy(&small);
    free(many);
}

static void assert_period(const char *zone, const char *now, const char *from, const char *to)
{
    struct rota_period period;
    struct error error;
    assert_int_equal(rota_publication_period(zone, moment(now), &period, &error), STATUS_OK);
    assert_int_equal(period.from.ms, moment(from).ms);
    assert_int_equal(period.to.ms, moment(to).ms);
}

static void test_period__ends_with_the_next_month(void **state)
{
    struct error error;
    struct rota_period period;
    (void)state;
    assert_period("Europe/Paris", "2026-02-10T10:11:12.5Z", "2026-02-10T10:11:00Z",
                  "2026-03-31T22:00:00Z");
    /* Local dates: in Paris it is February already. */
    assert_period("Europe/Paris", "2026-01-31T23:00:00Z", "2026-01-31T23:00:00Z",
                  "2026-03-31T22:00:00Z");
    assert_period("Europe/Paris", "2026-01-31T22:59:59Z", "2026-01-31T22:59:00Z",
                  "2026-02-28T23:00:00Z");
    assert_period("UTC", "2026-11-30T00:00:00Z", "2026-11-30T00:00:00Z", "2027-01-01T00:00:00Z");
    assert_period("UTC", "2026-12-31T00:00:00Z", "2026-12-31T00:00:00Z", "2027-02-01T00:00:00Z");
    assert_int_equal(
        rota_publication_period("Nowhere", moment("2026-11-30T00:00:00Z"), &period, &error),
        STATUS_NOT_FOUND);
}

/* ---- against a count of minutes ---- */

#define CASES       400
#define MINUTES     4000
#define PEOPLE      4
#define DRAWN_MAX   64
#define SAYINGS_MAX 5
#define NO_SHIFT    (-1)

/* splitmix64: the same plannings on every machine. */
static uint64_t seed;

static int pick(int low, int high)
{
    seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = (seed ^ (seed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    mixed ^= mixed >> 31;
    return low + (int)(mixed % (uint64_t)(high - low + 1));
}

struct drawn {
    struct rota_interval shifts[DRAWN_MAX];
    size_t count;
    int from, to; /* minutes */
};

struct minutes {
    int64_t begin_ms;
    int person[MINUTES]; /* NO_SHIFT: nobody */
    int shift[MINUTES];  /* a number of its own */
};

static void draw(struct drawn *drawn, int64_t begin_ms, int from, int to)
{
    *drawn = (struct drawn){.from = from, .to = to};
    for (int at = from + (pick(0, 1) == 0 ? 0 : pick(0, 300));
         at < to && drawn->count<DRAWN_MAX; at += pick(0, 2)> 0 ? 0 : pick(1, 400)) {
        int end = at + pick(1, 700);
        end = end < to ? end : to;
        struct rota_interval *shift = &drawn->shifts[drawn->count++];
        shift->from.ms = begin_ms + at * MINUTE_MS;
        shift->to.ms = begin_ms + end * MINUTE_MS;
        (void)snprintf(shift->agent, sizeof shift->agent, "agent-%d", pick(0, PEOPLE - 1));
        at = end;
    }
}

static void paint(struct minutes *minutes, const struct drawn *drawn, int number)
{
    for (int m = drawn->from; m < drawn->to; m++) {
        minutes->person[m] = NO_SHIFT;
        minutes->shift[m] = NO_SHIFT;
    }
    for (size_t i = 0; i < drawn->count; i++) {
        const struct rota_interval *shift = &drawn->shifts[i];
        for (int64_t ms = shift->from.ms; ms < shift->to.ms; ms += MINUTE_MS) {
            int m = (int)((ms - minutes->begin_ms) / MINUTE_MS);
            minutes->person[m] = shift->agent[6] - '0';
            minutes->shift[m] = number * DRAWN_MAX + (int)i;
        }
    }
}

/* Whether the shift at that minute, as far as it goes without a break, has a minute at which the
 * other side has this person. */
static bool meets(const struct minutes *side, const struct minutes *other, const bool *told, int at,
                  int person)
{
    int first = at, last = at;
    while (first > 0 && side->shift[first - 1] == side->shift[at]) {
        first--;
    }
    while (last + 1 < MINUTES && side->shift[last + 1] == side->shift[at]) {
        last++;
    }
    for (int m = first; m <= last; m++) {
        if (told[m] && other->person[m] == person) {
            return true;
        }
    }
    return false;
}

static int expected_kind(const struct minutes *planned, const struct minutes *told,
                         const bool *is_told, int m, int person)
{
    bool now = planned->person[m] == person, before = is_told[m] && told->person[m] == person;
    if (now && !is_told[m]) {
        return ROTA_NEW;
    }
    if (now && !before) {
        return meets(planned, told, is_told, m, person) ? ROTA_EXTENDED : ROTA_ADDED;
    }
    if (before && !now) {
        return meets(told, planned, is_told, m, person) ? ROTA_SHORTENED : ROTA_REMOVED;
    }
    return ROTA_CHANGE_KINDS_COUNT;
}

/* By the C library, whose zone is set. */
static int64_t local_day(struct wall_time at)
{
    time_t seconds = (time_t)(at.ms / 1000);
    struct tm local;
    assert_non_null(localtime_r(&seconds, &local));
    struct tm midnight = {
        .tm_year = local.tm_year, .tm_mon = local.tm_mon, .tm_mday = local.tm_mday};
    return timegm(&midnight) / 86400;
}

static void check_notice(const struct rota_change *change, const struct rota_hearing *hearing)
{
    int64_t days = local_day(change->from) - local_day(hearing->at);
    days = days < 0 ? 0 : days;
    assert_int_equal(change->notice_days, days);
    if (days >= hearing->notice_days) {
        assert_int_equal(change->notice, ROTA_IN_TIME);
    } else {
        assert_int_equal(change->notice, days >= 2 ? ROTA_SHORT : ROTA_TOO_SHORT);
    }
}

static void check_case(struct fixture *fixture, struct drawn *sayings, size_t count,
                       const struct rota_hearing *hearing, int64_t begin_ms)
{
    static struct minutes planned, told;
    static bool is_told[MINUTES];
    static int found[PEOPLE][MINUTES];
    static struct drawn plan;
    struct rota_publication newest_first[SAYINGS_MAX];
    planned.begin_ms = told.begin_ms = begin_ms;
    memset(is_told, 0, sizeof is_told);
    draw(&plan, begin_ms, 0, MINUTES);
    paint(&planned, &plan, SAYINGS_MAX);
    for (size_t i = 0; i < count; i++) {
        paint(&told, &sayings[i], (int)i);
        for (int m = sayings[i].from; m < sayings[i].to; m++) {
            is_told[m] = true;
        }
        newest_first[count - 1 - i] = (struct rota_publication){
            {{begin_ms + sayings[i].from * MINUTE_MS}, {begin_ms + sayings[i].to * MINUTE_MS}},
            sayings[i].shifts,
            sayings[i].count};
    }
    for (int m = 0; m < MINUTES; m++) {
        told.shift[m] = is_told[m] ? told.shift[m] : NO_SHIFT;
    }
    const struct rota_period whole = {{begin_ms}, {begin_ms + MINUTES * MINUTE_MS}};
    struct rota_told heard = tell(fixture, newest_first, count, &whole);
    struct rota_change *changes;
    size_t changes_count;
    assert_int_equal(rota_compare(&heard, plan.shifts, plan.count, hearing, fixture->arena,
                                  &changes, &changes_count, &fixture->error),
                     STATUS_OK);
    for (int p = 0; p < PEOPLE; p++) {
        for (int m = 0; m < MINUTES; m++) {
            found[p][m] = ROTA_CHANGE_KINDS_COUNT;
        }
    }
    for (size_t i = 0; i < changes_count; i++) {
        const struct rota_change *change = &changes[i];
        check_notice(change, hearing);
        assert_true(i == 0 || changes[i - 1].from.ms <= change->from.ms);
        assert_true(change->from.ms < change->to.ms);
        for (int64_t ms = change->from.ms; ms < change->to.ms; ms += MINUTE_MS) {
            int *kind = &found[change->agent[6] - '0'][(ms - begin_ms) / MINUTE_MS];
            assert_int_equal(*kind, ROTA_CHANGE_KINDS_COUNT); /* told once */
            *kind = (int)change->kind;
        }
    }
    for (int p = 0; p < PEOPLE; p++) {
        for (int m = 0; m < MINUTES; m++) {
            int expected = expected_kind(&planned, &told, is_told, m, p);
            if (found[p][m] != expected) {
                fail_msg("agent-%d, minute %d: %d instead of %d", p, m, found[p][m], expected);
            }
        }
    }
}

static void property__changes_are_those_of_each_minute(void **state)
{
    struct fixture *fixture = *state;
    static const char *const zones[] = {"Europe/Paris", "America/Miquelon", "Pacific/Noumea",
                                        "Asia/Kathmandu", "Australia/Lord_Howe"};
    static const char *const begins[] = {"2026-03-27T13:05:00Z", "2026-10-23T22:10:00Z",
                                         "2026-04-03T09:00:00Z", "2026-11-01T00:00:00Z"};
    static struct drawn sayings[SAYINGS_MAX];
    seed = 20260301;
    for (int n = 0; n < CASES; n++) {
        const char *zone = zones[pick(0, 4)];
        int64_t begin_ms = moment(begins[pick(0, 3)]).ms;
        size_t count = (size_t)pick(0, SAYINGS_MAX);
        for (size_t i = 0; i < count; i++) {
            int from = pick(0, MINUTES - 2);
            draw(&sayings[i], begin_ms, from, pick(from + 1, MINUTES));
        }
        const struct rota_hearing hearing = {
            zone, {begin_ms - pick(-3 * 1440, 20 * 1440) * MINUTE_MS}, pick(1, 20)};
        assert_int_equal(setenv("TZ", zone, 1), 0);
        tzset();
        check_case(fixture, sayings, count, &hearing, begin_ms);
        arena_reset(fixture->arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_compare__counts_days_of_the_local_clock, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_compare__counts_days_over_clock_changes, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_compare__days_that_are_due, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_compare__each_kind, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_told__the_last_word_counts, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_compare__limits_and_zones, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(test_period__ends_with_the_next_month),
        cmocka_unit_test_setup_teardown(property__changes_are_those_of_each_minute, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests_name("rota.publication", tests, NULL, NULL);
}
