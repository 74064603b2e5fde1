/* test_nightly.c - when the automatic coverage is due, and what of it is told when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/coverage/nightly.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)

/* Monday 2026-11-30, 12:00 in Paris. */
#define NOON_MS INT64_C(1796036400000)

static const struct directory_person agents[] = {
    {.kind = PERSON_AGENT, .id = 1, .slug = "paul", .name = "Paul", .active = true},
    {.kind = PERSON_AGENT, .id = 2, .slug = "zoe", .name = "Zoé", .active = true}};
static struct rule rule = {.action = RULE_ESCALATE};
static struct rules rules = {&rule, 1};
static const struct directory_rules rule_set = {.rules = &rules};
static int calendar; /* that there is one is all that is asked */
static struct directory_customer customer;
static bool open_now;
static int64_t open_until_ms;

static enum status open_until(void *context, const struct engine_calendar *hours, const char *zone,
                              struct wall_time at, bool *open_r, struct wall_time *until_r,
                              struct error *error)
{
    (void)context, (void)hours, (void)zone, (void)at, (void)error;
    *open_r = open_now;
    until_r->ms = open_until_ms;
    return STATUS_OK;
}

static const struct engine_rotas rotas = {.open_until = open_until};

static int setup(void **state)
{
    const void *any = &calendar;
    (void)state;
    rule = (struct rule){.action = RULE_ESCALATE};
    open_now = false;
    open_until_ms = 0;
    customer = (struct directory_customer){.id = 1,
                                           .slug = "acme",
                                           .time_zone = "Europe/Paris",
                                           .opening_hours = "{}",
                                           .calendar = any,
                                           .calendar_until = {INT64_MAX},
                                           .agents = agents,
                                           .agents_count = 2};
    return 0;
}

#define NIGHT_TEST(name) cmocka_unit_test_setup(name, setup)

/* ---- when ---- */

static int64_t night_before(const char *zone, int minute, const char *now)
{
    struct wall_time at, night = WALL_NEVER;
    struct arena *arena = arena_create(0);
    assert_int_equal(wall_time_parse(now, &at), STATUS_OK);
    assert_int_equal(coverage_last_night(zone, minute, at, arena, &night, NULL), STATUS_OK);
    arena_destroy(&arena);
    return night.ms;
}

static int64_t moment(const char *text)
{
    struct wall_time at;
    assert_int_equal(wall_time_parse(text, &at), STATUS_OK);
    return at.ms;
}

static void test_night__by_the_customer_s_clock(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int minute;
        const char *now;
        const char *night;
    } cases[] = {
        {"Europe/Paris", 900, "2026-11-30T14:00:00Z", "2026-11-30T14:00:00Z"},
        {"Europe/Paris", 900, "2026-11-30T13:59:59Z", "2026-11-29T14:00:00Z"},
        {"America/Guadeloupe", 900, "2026-11-30T18:59:00Z", "2026-11-29T19:00:00Z"},
        {"Pacific/Noumea", 900, "2026-11-30T14:00:00Z", "2026-11-30T04:00:00Z"},
        /* The day of 25 hours, the time that comes twice, and the one that is skipped. */
        {"Europe/Paris", 900, "2026-10-25T13:59:00Z", "2026-10-24T13:00:00Z"},
        {"Europe/Paris", 150, "2026-10-25T01:45:00Z", "2026-10-25T00:30:00Z"},
        {"Europe/Paris", 150, "2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z"},
        {"Europe/Paris", 0, "2026-11-30T12:00:00Z", "2026-11-29T23:00:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(night_before(cases[i].zone, cases[i].minute, cases[i].now),
                         moment(cases[i].night));
    }
}

static void test_night__a_zone_that_is_not_there(void **state)
{
    (void)state;
    struct wall_time night = {7};
    struct error error;
    struct arena *arena = arena_create(0);
    assert_int_equal(coverage_last_night("Europe/Nowhere", 0, (struct wall_time){NOON_MS}, arena,
                                         &night, &error),
                     STATUS_NOT_FOUND);
    assert_int_equal(night.ms, 7);
    arena_destroy(&arena);
}

static void test_before_shift__the_last_that_began_to_count(void **state)
{
    (void)state;
    const struct directory_interval shifts[] = {{{NOON_MS - 3 * DAY_MS}, {NOON_MS}, 1},
                                                {{NOON_MS}, {NOON_MS + HOUR_MS}, 1}};
    const struct directory_interval others[] = {{{NOON_MS + HOUR_MS}, {NOON_MS + DAY_MS}, 1}};
    const struct directory_rota two[] = {
        {.slug = "duty", .intervals = shifts, .intervals_count = 2},
        {.slug = "second", .intervals = others, .intervals_count = 1}};
    customer.rotas = two;
    customer.rotas_count = 2;
    const int64_t lead_ms = 2 * HOUR_MS;
    static const int64_t hours[][2] = {{-3, -999}, {-2, -2}, {-1, -1}, {1, -1}, {47, -999}};
    for (size_t i = 0; i < sizeof hours / sizeof hours[0]; i++) {
        struct wall_time now = {NOON_MS + hours[i][0] * HOUR_MS};
        int64_t due_ms = hours[i][1] == -999 ? TIME_NEVER_MS : NOON_MS + hours[i][1] * HOUR_MS;
        assert_int_equal(coverage_last_before_shift(&customer, lead_ms, now).ms, due_ms);
    }
}

/* ---- what ---- */

static const struct coverage_finding gap = {
    .kind = COVERAGE_GAP, .from = {NOON_MS + DAY_MS}, .to = {NOON_MS + 2 * DAY_MS}, .rota = "duty"};
static const struct coverage_finding no_number = {.kind = COVERAGE_NO_NUMBER,
                                                  .from = {NOON_MS + HOUR_MS},
                                                  .to = {NOON_MS + HOUR_MS},
                                                  .person = &agents[0]};
static const struct coverage_finding short_rest = {.kind = COVERAGE_DAILY_REST,
                                                   .from = {NOON_MS - DAY_MS},
                                                   .to = {NOON_MS - HOUR_MS},
                                                   .person = &agents[0],
                                                   .rest_ms = HOUR_MS};

static struct coverage_report make(const struct coverage_finding *findings, size_t count,
                                   int64_t now_ms, bool night, const struct coverage_report *known,
                                   struct arena *arena)
{
    const struct coverage coverage = {.findings = findings, .findings_count = count};
    struct coverage_report report;
    const struct coverage_reporting request = {.customer = &customer,
                                               .coverage = &coverage,
                                               .now = {now_ms},
                                               .days = 90,
                                               .night = night,
                                               .known_keys = known != NULL ? known->keys : NULL,
                                               .known_lasting = known != NULL ? known->lasting : 0};
    assert_int_equal(coverage_report_make(&request, &rotas, arena, &report, NULL), STATUS_OK);
    return report;
}

static void test_news__once_while_it_lasts(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage_finding both[] = {gap, no_number};
    struct coverage_report first = make(both, 2, NOON_MS, false, NULL, arena);
    assert_int_equal(first.findings, 2);
    assert_int_equal(first.lasting, 2);
    assert_string_equal(first.counts, "{\"gap\":1,\"no_number\":1}");
    assert_string_equal(first.news,
                        "acme: nobody is on call in duty from 2026-12-01T11:00:00.000Z to "
                        "2026-12-02T11:00:00.000Z; an agent who is to be called has no number; 0 "
                        "more; see GET /v1/coverage/last?customer=acme");
    /* It comes nearer, begins, and is asked about in the middle of it. */
    struct coverage_report next = first;
    for (int hours = 1; hours < 40; hours += 3) {
        int64_t now_ms = NOON_MS + hours * HOUR_MS;
        both[0].from.ms = now_ms > gap.from.ms ? now_ms : gap.from.ms;
        both[1].from.ms = both[1].to.ms = now_ms + 5;
        next = make(both, 2, now_ms, false, &next, arena);
        assert_null(next.news);
        assert_int_equal(next.lasting, 2);
    }
    assert_non_null(make(both, 2, NOON_MS + 40 * HOUR_MS, true, &next, arena).news);
    arena_destroy(&arena);
}

static void test_news__what_changes(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage_finding found[2] = {gap, gap};
    struct coverage_report first = make(found, 1, NOON_MS, false, NULL, arena);
    found[0].from.ms -= HOUR_MS; /* it begins earlier */
    assert_non_null(make(found, 1, NOON_MS, false, &first, arena).news);
    found[0].from.ms += 2 * HOUR_MS; /* later: less of the same */
    assert_null(make(found, 1, NOON_MS, false, &first, arena).news);
    found[0].to.ms += HOUR_MS;
    assert_non_null(make(found, 1, NOON_MS, false, &first, arena).news);
    found[0] = gap;
    found[1].rota = "second";
    struct coverage_report second = make(found, 2, NOON_MS, false, &first, arena);
    assert_non_null(
        strstr(second.news, "acme: nobody is on call in second")); /* the new one first */
    /* One of two is over: nobody needs to act on it. */
    struct coverage_report third = make(found, 1, NOON_MS, false, &second, arena);
    assert_null(third.news);
    struct coverage_report over = make(found, 0, NOON_MS, false, &third, arena);
    assert_string_equal(over.news, "acme: what was told of its coverage is over");
    assert_true(over.over);
    assert_null(make(found, 0, NOON_MS, true, &over, arena).news);
    assert_null(make(found, 0, NOON_MS, true, NULL, arena).news);
    arena_destroy(&arena);
}

/* Alike in all but one thing they are two: whoever knew of one hears of the other. */
static void test_news__of_something_else(void **state)
{
    (void)state;
    const struct coverage_finding twice = {.kind = COVERAGE_TWICE,
                                           .from = gap.from,
                                           .to = gap.to,
                                           .rota = "duty",
                                           .with_rota = "second",
                                           .procedure = "night",
                                           .person = &agents[0]};
    struct coverage_finding others[] = {twice, twice, twice, twice, twice, twice, twice};
    others[0].rota = "third";
    others[1].with_rota = "third";
    others[2].procedure = "day";
    others[3].person = &agents[1];
    others[4].with_person = &agents[1];
    others[5].lost = true;
    others[6].kind = COVERAGE_GAP;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct arena *arena = arena_create(0);
        struct coverage_report first = make(&twice, 1, NOON_MS, false, NULL, arena);
        assert_non_null(strstr(first.news, "in duty and in second at once"));
        assert_non_null(make(&others[i], 1, NOON_MS, false, &first, arena).news);
        assert_null(make(&twice, 1, NOON_MS, false, &first, arena).news);
        arena_destroy(&arena);
    }
}

/* That it is over is told also by the alarm of something else that nobody knew. */
static void test_news__over_and_something_new(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage_report first = make(&gap, 1, NOON_MS, false, NULL, arena);
    assert_null(strstr(first.news, "is over"));
    struct coverage_report next = make(&short_rest, 1, NOON_MS, true, &first, arena);
    assert_false(next.over);
    assert_non_null(strstr(next.news, "daily_rest"));
    assert_non_null(strstr(next.news, "; what was told before is over; see GET "));
    assert_null(make(&short_rest, 1, NOON_MS + DAY_MS, true, &next, arena).news);
    arena_destroy(&arena);
}

/* A gap without an end is the same one each day. */
static void test_news__beyond_the_window(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage_finding endless = gap;
    endless.to.ms = NOON_MS + 90 * DAY_MS;
    struct coverage_report first = make(&endless, 1, NOON_MS, false, NULL, arena);
    assert_non_null(strstr(first.news, "from 2026-12-01T11:00:00.000Z on;"));
    endless.to.ms += HOUR_MS;
    assert_null(make(&endless, 1, NOON_MS + HOUR_MS, false, &first, arena).news);
    arena_destroy(&arena);
}

/* The customer gives notice of 15 days: what is planned later may still be. */
static void test_news__soon_enough(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage_finding later = gap;
    later.from.ms = NOON_MS + 15 * DAY_MS;
    later.to.ms = later.from.ms + HOUR_MS;
    assert_null(make(&later, 1, NOON_MS, true, NULL, arena).news);
    assert_non_null(make(&later, 1, NOON_MS + 1, true, NULL, arena).news);
    customer.notice_days = 16;
    assert_non_null(make(&later, 1, NOON_MS, true, NULL, arena).news);
    arena_destroy(&arena);
}

/* What was, as a rest that was too short, is told once, and its end is none. */
static void test_news__what_does_not_last(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage_report first = make(&short_rest, 1, NOON_MS, false, NULL, arena);
    assert_int_equal(first.lasting, 0);
    assert_non_null(strstr(first.news, "daily_rest"));
    assert_null(strstr(first.news, "Paul"));
    struct coverage_report next = make(&short_rest, 1, NOON_MS + DAY_MS, true, &first, arena);
    assert_null(next.news);
    assert_null(make(&short_rest, 0, NOON_MS + 2 * DAY_MS, true, &next, arena).news);
    arena_destroy(&arena);
}

/* A rota that rests while the customer is open is as it should be, if the rules wake nobody then.
 */
static void test_news__while_the_customer_is_open(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    open_now = true;
    open_until_ms = gap.to.ms;
    assert_non_null(make(&gap, 1, NOON_MS, true, NULL, arena).news); /* no rules: all wake */
    customer.rules = &rule_set;
    assert_non_null(make(&gap, 1, NOON_MS, true, NULL, arena).news); /* at any hour */
    rule.hours = RULES_HOURS_OPEN;
    assert_non_null(make(&gap, 1, NOON_MS, true, NULL, arena).news);
    rule.hours = RULES_HOURS_CLOSED;
    assert_null(make(&gap, 1, NOON_MS, true, NULL, arena).news);
    assert_int_equal(make(&gap, 1, NOON_MS, true, NULL, arena).findings, 1);
    rule.action = RULE_HOLD; /* it begins at the opening */
    assert_non_null(make(&gap, 1, NOON_MS, true, NULL, arena).news);
    rule = (struct rule){.action = RULE_TICKET};
    assert_null(make(&gap, 1, NOON_MS, true, NULL, arena).news);
    open_until_ms = gap.to.ms - 1; /* and closed at its end */
    assert_non_null(make(&gap, 1, NOON_MS, true, NULL, arena).news);
    open_until_ms = gap.to.ms;
    open_now = false;
    assert_non_null(make(&gap, 1, NOON_MS, true, NULL, arena).news);
    open_now = true;
    assert_non_null(make(&no_number, 1, NOON_MS, true, NULL, arena).news);
    arena_destroy(&arena);
}

static void test_report__keeps_so_many(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    static struct coverage_finding many[COVERAGE_FINDINGS_MAX];
    for (size_t i = 0; i < COVERAGE_FINDINGS_MAX; i++) {
        many[i] = gap;
        many[i].to.ms += (int64_t)i;
    }
    struct coverage_report report = make(many, COVERAGE_FINDINGS_MAX, NOON_MS, true, NULL, arena);
    assert_int_equal(report.findings, COVERAGE_FINDINGS_MAX);
    assert_int_equal(report.more, COVERAGE_FINDINGS_MAX - COVERAGE_ITEMS_KEPT_MAX);
    assert_non_null(strstr(report.news, "; 497 more; see"));
    assert_null(make(many, COVERAGE_FINDINGS_MAX, NOON_MS, false, &report, arena).news);
    arena_destroy(&arena);
}

/* Each kind has words; none of them says who it is. */
static void test_report__all_kinds(void **state)
{
    (void)state;
    for (int kind = 0; kind < COVERAGE_KINDS_COUNT; kind++) {
        struct arena *arena = arena_create(0);
        const struct coverage_finding finding = {.kind = (enum coverage_kind)kind,
                                                 .from = {NOON_MS},
                                                 .to = {NOON_MS + 1},
                                                 .rota = "duty",
                                                 .with_rota = "second",
                                                 .procedure = "night",
                                                 .person = &agents[0],
                                                 .with_person = &agents[0],
                                                 .lost = true};
        struct coverage_report report = make(&finding, 1, NOON_MS, true, NULL, arena);
        assert_non_null(report.news);
        assert_null(strstr(report.news, "aul"));
        assert_null(strstr(report.news, "acme: ;"));
        assert_non_null(strstr(report.items, coverage_kind_word((enum coverage_kind)kind)));
        assert_non_null(strstr(report.items, "\"with_agent\":\"paul\",\"lost\":true}]"));
        assert_int_equal(coverage_kind_parse(coverage_kind_word((enum coverage_kind)kind)), kind);
        arena_destroy(&arena);
    }
    assert_int_equal(coverage_kind_parse("of another version"), COVERAGE_KINDS_COUNT);
}

static void test_report__what_are_no_keys_is_passed_over(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage_report first = make(&gap, 1, NOON_MS, false, NULL, arena);
    struct coverage_report odd = first;
    odd.keys = arena_format(arena, "  zz 12: :5 %s 0123456789abcdef", first.keys);
    assert_null(make(&gap, 1, NOON_MS, false, &odd, arena).news);
    odd.keys = "zz";
    assert_non_null(make(&gap, 1, NOON_MS, false, &odd, arena).news);
    arena_destroy(&arena);
}

static void test_report__without_memory(void **state)
{
    (void)state;
    const struct coverage coverage = {.findings = &gap, .findings_count = 1};
    const struct coverage_reporting request = {.customer = &customer,
                                               .coverage = &coverage,
                                               .now = {NOON_MS},
                                               .days = 90,
                                               .night = true,
                                               .known_keys = ""};
    enum status status = STATUS_NO_MEMORY;
    size_t bytes = 0;
    while (status != STATUS_OK) {
        struct coverage_report report = {.findings = -1};
        struct error error;
        struct arena *arena = arena_create(++bytes * 512);
        status = coverage_report_make(&request, &rotas, arena, &report, &error);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        assert_int_equal(report.findings, status == STATUS_OK ? 1 : -1);
        arena_destroy(&arena);
        assert_true(bytes < 1000);
    }
    assert_true(bytes > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NIGHT_TEST(test_night__by_the_customer_s_clock),
        NIGHT_TEST(test_night__a_zone_that_is_not_there),
        NIGHT_TEST(test_before_shift__the_last_that_began_to_count),
        NIGHT_TEST(test_news__once_while_it_lasts),
        NIGHT_TEST(test_news__what_changes),
        NIGHT_TEST(test_news__of_something_else),
        NIGHT_TEST(test_news__over_and_something_new),
        NIGHT_TEST(test_news__beyond_the_window),
        NIGHT_TEST(test_news__soon_enough),
        NIGHT_TEST(test_news__what_does_not_last),
        NIGHT_TEST(test_news__while_the_customer_is_open),
        NIGHT_TEST(test_report__keeps_so_many),
        NIGHT_TEST(test_report__all_kinds),
        NIGHT_TEST(test_report__what_are_no_keys_is_passed_over),
        NIGHT_TEST(test_report__without_memory),
    };
    return cmocka_run_group_tests_name("coverage.nightly", tests, NULL, NULL);
}
