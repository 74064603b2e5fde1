/* Properties that hold for every rota, over some thousand random ones from a fixed seed. */
#include "tests/unit/rota/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define ROTAS  3000
#define DAY_MS INT64_C(86400000)

/* A small generator of our own (splitmix64): the same rotas on every machine. */
static uint64_t seed;

static int pick(int low, int high)
{
    seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = (seed ^ (seed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    mixed ^= mixed >> 31;
    return low + (int)(mixed % (uint64_t)(high - low + 1));
}

static void random_layer(struct arena *arena, struct rota_layer *layer, bool restricted)
{
    layer->turn = pick(0, 1) == 0 ? ROTA_DAILY : ROTA_WEEKLY;
    layer->turn_length = pick(1, 5);
    layer->starts_on_days = 20000 + pick(0, 400); /* 2024-10-04 and later */
    layer->hand_over_weekday = pick(1, 7);
    layer->hand_over.seconds = pick(0, 86399);
    layer->participants_count = (size_t)pick(1, 5);
    layer->participants =
        arena_alloc(arena, layer->participants_count * sizeof layer->participants[0]);
    for (size_t i = 0; i < layer->participants_count; i++) {
        (void)snprintf(layer->participants[i], sizeof layer->participants[i], "agent-%zu", i);
    }
    layer->restrictions_count = restricted ? (size_t)pick(0, 4) : 0;
    layer->restrictions = arena_alloc(arena, 4 * sizeof layer->restrictions[0]);
    for (size_t i = 0; i < layer->restrictions_count; i++) {
        layer->restrictions[i] = (struct rota_restriction){.from_weekday = pick(1, 7),
                                                           .from = {pick(0, 86399)},
                                                           .to_weekday = pick(1, 7),
                                                           .to = {pick(0, 86399)}};
    }
}

static struct rota *random_rota(struct arena *arena, struct wall_time from, bool restricted)
{
    struct rota *rota = arena_alloc(arena, sizeof *rota);
    rota->layers_count = (size_t)pick(1, 3);
    rota->layers = arena_alloc(arena, rota->layers_count * sizeof rota->layers[0]);
    for (size_t i = 0; i < rota->layers_count; i++) {
        random_layer(arena, &rota->layers[i], restricted);
    }
    rota->overrides_count = (size_t)pick(0, 6);
    rota->overrides = arena_alloc(arena, 6 * sizeof rota->overrides[0]);
    for (size_t i = 0; i < rota->overrides_count; i++) {
        struct rota_override *override = &rota->overrides[i];
        override->from.ms = from.ms + pick(-5, 40) * DAY_MS + pick(0, 86399999);
        override->to.ms = override->from.ms + pick(1, 86399999) * (int64_t)pick(1, 5);
        (void)snprintf(override->agent, sizeof override->agent, "stand-in-%zu", i);
    }
    return rota;
}

static void assert_sorted_and_within(const struct fixture *fixture, struct wall_time from,
                                     struct wall_time to, bool gapless)
{
    int64_t end_ms = from.ms;
    for (size_t i = 0; i < fixture->count; i++) {
        const struct rota_interval *interval = &fixture->intervals[i];
        assert_true(interval->from.ms < interval->to.ms);
        assert_true(gapless ? interval->from.ms == end_ms : interval->from.ms >= end_ms);
        assert_true(text_is_slug(interval->agent));
        end_ms = interval->to.ms;
    }
    assert_true(gapless ? end_ms == to.ms : end_ms <= to.ms);
}

/* Who is on call at a moment; NULL when nobody is. */
static const char *agent_at(const struct rota_interval *intervals, size_t count, int64_t ms)
{
    for (size_t i = 0; i < count; i++) {
        if (intervals[i].from.ms <= ms && ms < intervals[i].to.ms) {
            return intervals[i].agent;
        }
    }
    return NULL;
}

static void compile_random(struct fixture *fixture, const struct rota *rota, const char *zone,
                           struct wall_time from, struct wall_time to)
{
    enum status status = rota_compile(rota, NULL, zone, from, to, fixture->arena,
                                      &fixture->intervals, &fixture->count, &fixture->error);
    if (status != STATUS_OK) {
        fail_msg("%s", fixture->error.text);
    }
}

static const char *random_zone(void)
{
    static const char *const zones[] = {
        "Europe/Paris",   "America/Miquelon", "Pacific/Noumea",      "America/Santiago",
        "Asia/Kathmandu", "Africa/Cairo",     "Australia/Lord_Howe", "UTC"};
    return zones[pick(0, 7)];
}

static struct wall_time random_start(void)
{
    /* All layers have begun by then; both clock changes of 2026 and 2038 lie in reach. */
    struct wall_time from = moment("2026-01-01T00:00:00Z");
    from.ms += pick(0, 12 * 365) * DAY_MS + pick(0, 86399999);
    return from;
}

static void property__unrestricted_rota_has_no_gap(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t i = 0; i < ROTAS; i++) {
        seed = i;
        arena_reset(fixture->arena);
        struct wall_time from = random_start();
        struct wall_time to = {from.ms + pick(1, 35) * DAY_MS};
        const struct rota *rota = random_rota(fixture->arena, from, false);
        compile_random(fixture, rota, random_zone(), from, to);
        assert_sorted_and_within(fixture, from, to, true);
    }
}

static void property__restricted_rota_is_sorted_and_disjoint(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t i = 0; i < ROTAS; i++) {
        seed = i ^ UINT64_C(0xffff0000);
        arena_reset(fixture->arena);
        struct wall_time from = random_start();
        struct wall_time to = {from.ms + pick(1, 35) * DAY_MS};
        const struct rota *rota = random_rota(fixture->arena, from, true);
        compile_random(fixture, rota, random_zone(), from, to);
        assert_sorted_and_within(fixture, from, to, false);
    }
}

/* Where the range begins and ends must not change who is on call in between. */
static void property__answer_does_not_depend_on_the_range(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t i = 0; i < ROTAS / 3; i++) {
        seed = i ^ UINT64_C(0xabcd0000);
        arena_reset(fixture->arena);
        struct wall_time from = random_start();
        struct wall_time to = {from.ms + 30 * DAY_MS};
        const struct rota *rota = random_rota(fixture->arena, from, true);
        const char *zone = random_zone();
        compile_random(fixture, rota, zone, from, to);
        const struct rota_interval *all = fixture->intervals;
        size_t all_count = fixture->count;
        for (int probe = 0; probe < 8; probe++) {
            int64_t ms = from.ms + pick(0, 29) * DAY_MS + pick(0, 86399999);
            compile_random(fixture, rota, zone, (struct wall_time){ms}, (struct wall_time){ms + 1});
            const char *expected = agent_at(all, all_count, ms);
            assert_int_equal(fixture->count, expected != NULL);
            if (expected != NULL) {
                assert_string_equal(fixture->intervals[0].agent, expected);
            }
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(property__unrestricted_rota_has_no_gap),
        TEST(property__restricted_rota_is_sorted_and_disjoint),
        TEST(property__answer_does_not_depend_on_the_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
