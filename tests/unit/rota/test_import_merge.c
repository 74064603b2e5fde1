/* What an import makes of a rota, who is on call then who was not before, and the way round: the
 * feed of a rota, imported, is the same rota. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/rota/holidays.h"
#include "gateway/rota/rota_feed.h"
#include "gateway/rota/rota_import.h"
#include "tests/unit/rota/fixture.h"

#define DAY_MS INT64_C(86400000)

#define LAYER                                                                                      \
    "{\"layers\":[{\"turn\":\"weekly\",\"starts_on\":\"2025-12-29\",\"hand_over\":{\"weekday\":"   \
    "\"monday\",\"time\":\"09:00\"},\"participants\":[\"paul\",\"marie\"]}]"
#define OVERRIDE(from, to, agent)                                                                  \
    "{\"from\":\"" from "T00:00:00Z\",\"to\":\"" to "T00:00:00Z\",\"agent\":\"" agent "\"}"

static struct rota_interval shift(const char *from, const char *to, const char *agent)
{
    struct rota_interval interval = {.from = moment(from), .to = moment(to)};
    (void)text_copy(interval.agent, sizeof interval.agent, agent);
    return interval;
}

static enum status merge(struct fixture *fixture, const char *definition, bool replaces,
                         const struct rota_interval *shifts, size_t count,
                         struct rota_merged *merged_r)
{
    const struct rota_merge merge = {.definition = definition,
                                     .shifts = shifts,
                                     .shifts_count = count,
                                     .replaces = replaces,
                                     .from = moment("2026-02-01T00:00:00Z")};
    return rota_import_merge(&merge, fixture->arena, merged_r, &fixture->error);
}

static void merge__makes_a_rota_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    const struct rota_interval shifts[] = {
        shift("2026-02-02T08:00:00Z", "2026-02-03T08:00:00Z", "paul")};
    struct rota_merged merged;
    assert_int_equal(merge(fixture, NULL, true, shifts, 1, &merged), STATUS_OK);
    assert_string_equal(merged.definition,
                        "{\"layers\":[],\"overrides\":[{\"from\":\"2026-02-02T08:00:00.000Z\","
                        "\"to\":\"2026-02-03T08:00:00.000Z\",\"agent\":\"paul\"}]}");
    assert_int_equal(merged.added_count, 1);
    assert_int_equal(merged.removed_count, 0);
    compile(fixture, merged.definition, "Europe/Paris", "2026-02-01T00:00:00Z",
            "2026-03-01T00:00:00Z");
    assert_intervals(fixture, "2026-02-02T08:00:00Z 2026-02-03T08:00:00Z paul\n");
}

static void merge__keeps_what_is_there_and_wins(void **state)
{
    struct fixture *fixture = *state;
    const char *before = LAYER ",\"overrides\":[" OVERRIDE("2026-02-03", "2026-02-05", "anne") "]}";
    const struct rota_interval shifts[] = {
        shift("2026-02-03T00:00:00Z", "2026-02-05T00:00:00Z", "anne"),
        shift("2026-02-04T00:00:00Z", "2026-02-06T00:00:00Z", "zoe")};
    struct rota_merged merged;
    assert_int_equal(merge(fixture, before, false, shifts, 2, &merged), STATUS_OK);
    assert_int_equal(merged.unchanged, 1);
    assert_int_equal(merged.added_count, 1);
    assert_int_equal(merged.removed_count, 0);
    compile(fixture, merged.definition, "UTC", "2026-02-02T09:00:00Z", "2026-02-09T09:00:00Z");
    assert_intervals(fixture, "2026-02-02T09:00:00Z 2026-02-03T00:00:00Z marie\n"
                              "2026-02-03T00:00:00Z 2026-02-04T00:00:00Z anne\n"
                              "2026-02-04T00:00:00Z 2026-02-06T00:00:00Z zoe\n"
                              "2026-02-06T00:00:00Z 2026-02-09T09:00:00Z marie\n");
}

static void merge__replaces_what_lies_within_its_period(void **state)
{
    struct fixture *fixture = *state;
    const char *before =
        LAYER ",\"overrides\":[" OVERRIDE("2025-12-01", "2025-12-31", "anne") "," /* long over */
        OVERRIDE("2026-01-01", "2026-01-10", "anne") "," /* over, still shown */
        OVERRIDE("2026-02-01", "2026-02-03", "anne") "," /* reaches over */
        OVERRIDE("2026-02-02", "2026-02-03",
                 "anne") "," /* within */
                         "{\"kind\":\"absence\",\"from\":\"2026-02-03T00:00:00Z\",\"to\":\"2026-02-"
                         "04T00:00:00Z\","
                         "\"agent\":\"marie\"}," OVERRIDE("2026-02-05", "2026-02-06",
                                                          "zoe") /* as imported */
        "," OVERRIDE("2026-02-08", "2026-02-10", "anne") "]}";
    const struct rota_interval shifts[] = {
        shift("2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z", "zoe"),
        shift("2026-02-05T00:00:00Z", "2026-02-06T00:00:00Z", "zoe"),
        shift("2026-02-08T00:00:00Z", "2026-02-09T00:00:00Z", "zoe")};
    struct rota_merged merged;
    assert_int_equal(merge(fixture, before, true, shifts, 3, &merged), STATUS_OK);
    assert_int_equal(merged.unchanged, 1);
    assert_int_equal(merged.added_count, 2);
    fixture->intervals = merged.removed;
    fixture->count = merged.removed_count;
    assert_intervals(fixture, "2025-12-01T00:00:00Z 2025-12-31T00:00:00Z anne\n"
                              "2026-02-02T00:00:00Z 2026-02-03T00:00:00Z anne\n");
    assert_int_equal(parse(fixture, merged.definition)->overrides_count, 7);
    /* Once more: nothing is left to do, and the text stays as it is. */
    const char *after = merged.definition;
    assert_int_equal(merge(fixture, after, true, shifts, 3, &merged), STATUS_OK);
    assert_int_equal(merged.unchanged, 3);
    assert_ptr_equal(merged.definition, after);
}

static void merge__limits(void **state)
{
    struct fixture *fixture = *state;
    struct rota_interval shifts[ROTA_OVERRIDES_MAX + 1];
    int64_t start_ms = moment("2026-02-02T00:00:00Z").ms;
    for (size_t i = 0; i < ROTA_OVERRIDES_MAX + 1; i++) {
        shifts[i] = shift("2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z", "zoe");
        shifts[i].from.ms = start_ms + (int64_t)i * DAY_MS;
        shifts[i].to.ms = shifts[i].from.ms + DAY_MS;
    }
    struct rota_merged merged = {.unchanged = 77};
    assert_int_equal(merge(fixture, NULL, false, shifts, ROTA_OVERRIDES_MAX + 1, &merged),
                     STATUS_TOO_LARGE);
    assert_non_null(strstr(fixture->error.text, "2001 overrides, 2000 are the most"));
    assert_int_equal(merged.unchanged, 77);
    assert_int_equal(merge(fixture, NULL, false, shifts, ROTA_OVERRIDES_MAX, &merged), STATUS_OK);
    assert_int_equal(parse(fixture, merged.definition)->overrides_count, ROTA_OVERRIDES_MAX);
    assert_int_equal(merge(fixture, "{", false, shifts, 1, &merged), STATUS_INVALID);
    assert_int_equal(merge(fixture, LAYER ",\"overrides\":null}", false, shifts, 1, &merged),
                     STATUS_OK);
}

static void merge__without_memory(void **state)
{
    struct fixture *fixture = *state;
    const struct rota_interval shifts[] = {
        shift("2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z", "zoe")};
    const struct rota_merge merge = {.definition = LAYER "}", .shifts = shifts, .shifts_count = 1};
    enum status status = STATUS_NO_MEMORY;
    for (size_t room = 64; status == STATUS_NO_MEMORY; room += 64) {
        struct rota_merged merged = {.unchanged = 77};
        struct arena *arena = arena_create(room);
        status = arena == NULL ? STATUS_NO_MEMORY
                               : rota_import_merge(&merge, arena, &merged, &fixture->error);
        assert_true(status == STATUS_OK || merged.unchanged == 77);
        arena_destroy(&arena);
    }
    assert_int_equal(status, STATUS_OK);
}

/* ---- differences ---- */

static void assert_changes(struct fixture *fixture, const struct rota_interval *before,
                           size_t before_count, const struct rota_interval *after,
                           size_t after_count, const char *expected)
{
    struct rota_change *changes;
    size_t count;
    bool more;
    char shown[2048] = "";
    size_t used = 0;
    assert_int_equal(rota_import_compare(before, before_count, after, after_count, fixture->arena,
                                         &changes, &count, &more, &fixture->error),
                     STATUS_OK);
    assert_false(more);
    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(shown + used, sizeof shown - used, "%lld-%lld %s>%s\n",
                                 (long long)(changes[i].from.ms / DAY_MS),
                                 (long long)(changes[i].to.ms / DAY_MS), changes[i].before,
                                 changes[i].after);
    }
    assert_string_equal(shown, expected);
}

static struct rota_interval days(int from, int to, const char *agent)
{
    struct rota_interval interval = {.from = {from * DAY_MS}, .to = {to * DAY_MS}};
    (void)text_copy(interval.agent, sizeof interval.agent, agent);
    return interval;
}

static void compare__tells_each_difference(void **state)
{
    const struct rota_interval before[] = {days(1, 5, "a"), days(5, 6, "b"), days(8, 9, "a")};
    const struct rota_interval after[] = {days(2, 3, "a"), days(3, 4, "c"),  days(4, 6, "b"),
                                          days(6, 7, "a"), days(8, 10, "a"), days(12, 13, "d")};
    assert_changes(*state, before, 3, after, 6,
                   "1-2 a>\n"
                   "3-4 a>c\n"
                   "4-5 a>b\n"
                   "6-7 >a\n"
                   "9-10 >a\n"
                   "12-13 >d\n");
    assert_changes(*state, before, 3, before, 3, "");
    assert_changes(*state, NULL, 0, NULL, 0, "");
    assert_changes(*state, before, 1, NULL, 0, "1-5 a>\n");
}

/* Two shifts of one agent, one behind the other, replaced by one: that is one change. */
static void compare__joins_what_touches(void **state)
{
    const struct rota_interval before[] = {days(1, 3, "a"), days(3, 5, "a")};
    const struct rota_interval after[] = {days(1, 5, "b")};
    assert_changes(*state, before, 2, after, 1, "1-5 a>b\n");
}

static void compare__says_when_there_are_more(void **state)
{
    struct fixture *fixture = *state;
    size_t count = ROTA_IMPORT_CHANGES_MAX + 1;
    struct rota_interval *after = arena_alloc(fixture->arena, count * sizeof *after);
    for (size_t i = 0; i < count; i++) {
        after[i] = days((int)i * 2, (int)i * 2 + 1, "a");
    }
    struct rota_change *changes;
    bool more;
    size_t found;
    assert_int_equal(rota_import_compare(NULL, 0, after, count, fixture->arena, &changes, &found,
                                         &more, &fixture->error),
                     STATUS_OK);
    assert_true(more);
    assert_int_equal(found, ROTA_IMPORT_CHANGES_MAX);
    assert_int_equal(rota_import_compare(NULL, 0, after, count - 1, fixture->arena, &changes,
                                         &found, &more, &fixture->error),
                     STATUS_OK);
    assert_false(more);
}

/* ---- the way round ---- */

static const struct rota_import_agent agents[] = {
    {"anne", "Anne Petit", true},
    {"marie", "Marie Petit, dite Zoé", true},
    {"paul", "Paul Durand", true},
};

static const char *name_of(const char *slug)
{
    size_t i = 0;
    while (strcmp(agents[i].slug, slug) != 0) {
        i++;
    }
    return agents[i].name;
}

/* The feed of a rota at a moment. */
static const char *feed_of(struct fixture *fixture, const struct rota *rota, const char *zone,
                           struct wall_time now, size_t *bytes_r)
{
    struct wall_time from, to;
    struct rota_interval *intervals;
    size_t count;
    rota_feed_window(now, &from, &to);
    assert_int_equal(rota_shifts(rota, fixture->context, zone, from, to, fixture->arena, &intervals,
                                 &count, &fixture->error),
                     STATUS_OK);
    struct rota_feed_shift *shifts = arena_alloc(fixture->arena, count * sizeof *shifts);
    for (size_t i = 0; i < count; i++) {
        shifts[i] = (struct rota_feed_shift){.from = intervals[i].from,
                                             .to = intervals[i].to,
                                             .changed_at = now,
                                             .rota = "principal",
                                             .agent = intervals[i].agent,
                                             .agent_name = name_of(intervals[i].agent)};
    }
    const struct rota_feed feed = {.customer = "clinique",
                                   .customer_name = "Clinique, Saint-Jean",
                                   .rota = "principal",
                                   .french = true,
                                   .shifts = shifts,
                                   .shifts_count = count};
    const char *text;
    assert_int_equal(rota_feed_write(&feed, fixture->arena, &text, bytes_r, &fixture->error),
                     STATUS_OK);
    return text;
}

struct round {
    const struct rota *rota;
    const struct rota *imported;
    const char *zone;
};

static void assert_same(struct fixture *fixture, const struct round *round, struct wall_time at)
{
    char before[SLUG_BYTES_MAX], after[SLUG_BYTES_MAX];
    assert_int_equal(
        rota_who(round->rota, fixture->context, round->zone, at, before, &fixture->error),
        STATUS_OK);
    assert_int_equal(rota_who(round->imported, NULL, round->zone, at, after, &fixture->error),
                     STATUS_OK);
    if (strcmp(before, after) != 0) {
        fail_msg("at %lld: %s before, %s after", (long long)at.ms, before, after);
    }
}

static void assert_round_trip(struct fixture *fixture, const char *json, const char *zone,
                              const char *now_text)
{
    struct rota *rota = parse(fixture, json);
    struct wall_time now = moment(now_text), from, to;
    rota_feed_window(now, &from, &to);
    struct rota_import import = {.zone = "Pacific/Noumea", /* a feed is in UTC */
                                 .from = from,
                                 .agents = agents,
                                 .agents_count = sizeof agents / sizeof agents[0]};
    import.text = feed_of(fixture, rota, zone, now, &import.bytes);
    struct rota_import_shifts shifts;
    if (rota_import_read(&import, fixture->arena, &shifts, &fixture->error) != STATUS_OK) {
        fail_msg("%s", fixture->error.text);
    }
    struct rota_merged merged;
    assert_int_equal(merge(fixture, NULL, false, shifts.shifts, shifts.count, &merged), STATUS_OK);
    const struct round round = {rota, parse(fixture, merged.definition), zone};
    for (struct wall_time at = from; at.ms < to.ms; at.ms += 5 * 3600000 - 1) {
        assert_same(fixture, &round, at);
    }
    for (size_t i = 0; i < shifts.count; i++) {
        const struct rota_interval *each = &shifts.shifts[i];
        const int64_t moments_ms[] = {each->from.ms - 1, each->from.ms, each->to.ms - 1,
                                      each->to.ms};
        for (size_t m = 0; m < sizeof moments_ms / sizeof moments_ms[0]; m++) {
            if (moments_ms[m] >= from.ms && moments_ms[m] < to.ms) {
                assert_same(fixture, &round, (struct wall_time){moments_ms[m]});
            }
        }
    }
}

static void round_trip__is_the_same_rota(void **state)
{
    struct fixture *fixture = *state;
    assert_round_trip(fixture, LAYER "}", "Europe/Paris", "2026-03-01T10:00:00Z");
    /* Hand-overs within the hour that the clock skips and shows twice. */
    assert_round_trip(fixture,
                      "{\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2026-01-01\",\"hand_over\":"
                      "{\"time\":\"02:30\"},\"participants\":[\"paul\",\"marie\",\"anne\"]}],"
                      "\"overrides\":[{\"kind\":\"swap\",\"from\":\"2026-03-28T00:00:00Z\",\"to\":"
                      "\"2026-03-30T00:00:00Z\",\"agent\":\"paul\",\"with\":\"marie\"}]}",
                      "Europe/Paris", "2026-03-20T10:00:00Z");
}

static void round_trip__of_hours_and_holidays(void **state)
{
    struct fixture *fixture = *state;
    const struct holidays holidays = {.variant = HOLIDAYS_FR};
    const struct rota_context context = {.holidays = &holidays};
    fixture->context = &context;
    assert_round_trip(
        fixture,
        "{\"layers\":[{\"turn\":\"weekly\",\"starts_on\":\"2026-01-05\",\"hand_over\":"
        "{\"weekday\":\"friday\",\"time\":\"18:00\"},\"participants\":[\"paul\","
        "\"marie\"],\"restrictions\":[{\"from\":{\"weekday\":\"friday\",\"time\":"
        "\"18:00\"},\"to\":{\"weekday\":\"monday\",\"time\":\"08:00\"}},{\"only\":"
        "\"holidays\"}]},{\"turn\":\"daily\",\"starts_on\":\"2026-01-05\","
        "\"hand_over\":{\"time\":\"08:00\"},\"participants\":[\"anne\"],"
        "\"restrictions\":[{\"only\":\"holidays\"}]}]}",
        "Europe/Paris", "2026-04-20T10:00:00Z");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(merge__makes_a_rota_of_its_own),
        TEST(merge__keeps_what_is_there_and_wins),
        TEST(merge__replaces_what_lies_within_its_period),
        TEST(merge__limits),
        TEST(merge__without_memory),
        TEST(compare__tells_each_difference),
        TEST(compare__joins_what_touches),
        TEST(compare__says_when_there_are_more),
        TEST(round_trip__is_the_same_rota),
        TEST(round_trip__of_hours_and_holidays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
