/* test_findings.c - rest, limits, and what cannot be judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/coverage/coverage.h"

#define HOUR_MS INT64_C(3600000)

/* Monday 2026-11-30, 12:00 in Paris; its week began at 23:00 UTC on Sunday. */
#define NOON_MS   INT64_C(1796036400000)
#define MONDAY_MS (NOON_MS - 12 * HOUR_MS)

static const struct directory_device phone = {
    .id = 1, .platform = PLATFORM_FCM, .live = true, .proven_at = {1000}};
static const struct directory_person agents[] = {
    {PERSON_AGENT, true, 1, "paul", "Paul", "+33600000001", "fr", &phone, 1, NULL, NULL, 0, NULL},
    {PERSON_AGENT, true, 2, "zoe", "Zoé", "+33600000002", "fr", &phone, 1, NULL, NULL, 0, NULL},
};
static struct procedure_target targets[] = {{.kind = TARGET_ON_CALL, .name = "duty"}};
static struct procedure_target exhausted[] = {{.kind = TARGET_CALLBACK, .name = "call-centre"}};
static struct procedure_step steps[] = {{targets, 1, VIA_PUSH, 0, 60000, 1}};
static struct procedure procedure;
static const struct directory_procedure procedures[] = {
    {.id = 1, .version = 1, .procedure = &procedure}};
static const struct directory_rota rotas[] = {{.slug = "duty", .definition = "x"}};
static struct directory_customer customer;
static enum status compiled;
static int64_t gap_every_ms; /* 0: paul is always on call */
static int64_t begins_ms;    /* so long behind the window's beginning */

static enum status compile(void *context, const char *definition,
                           const struct engine_calendar *calendar, const char *zone,
                           struct wall_time from, struct wall_time to, struct arena *arena,
                           struct engine_rota_interval **intervals_r, size_t *count_r,
                           struct error *error)
{
    (void)context, (void)calendar, (void)definition, (void)zone;
    if (compiled != STATUS_OK) {
        return error_set(error, compiled, "it is broken");
    }
    size_t count = 0;
    struct engine_rota_interval *found = arena_alloc(arena, 20000 * sizeof *found);
    assert_non_null(found);
    for (int64_t at_ms = from.ms + begins_ms; at_ms < to.ms;) {
        int64_t end_ms = gap_every_ms > 0 ? at_ms + gap_every_ms : to.ms;
        found[count++] =
            (struct engine_rota_interval){.from = {at_ms}, .to = {end_ms}, .agent = "paul"};
        at_ms = end_ms + gap_every_ms;
    }
    *intervals_r = found;
    *count_r = count;
    return STATUS_OK;
}

static const struct engine_rotas fake_rotas = {.compile = compile};

static int stage_setup(void **state)
{
    (void)state;
    compiled = STATUS_OK;
    gap_every_ms = 0;
    begins_ms = 0;
    procedure = *procedure_of_last_resort();
    (void)snprintf(procedure.slug, sizeof procedure.slug, "night");
    procedure.steps = steps;
    procedure.steps_count = 1;
    procedure.exhausted = exhausted;
    procedure.exhausted_count = 1;
    steps[0].accepted_within_ms = 60000;
    customer = (struct directory_customer){.id = 1,
                                           .slug = "acme",
                                           .time_zone = "Europe/Paris",
                                           .language = "fr",
                                           .active = true,
                                           .agents = agents,
                                           .agents_count = 2,
                                           .rotas = rotas,
                                           .rotas_count = 1,
                                           .procedures = procedures,
                                           .procedures_count = 1};
    return 0;
}

#define STAGE_TEST(name) cmocka_unit_test_setup(name, stage_setup)

static void compute(const struct coverage_intervention *interventions, size_t count, int days,
                    struct arena *arena, struct coverage *coverage_r)
{
    struct error error = {.text = ""};
    const struct coverage_request request = {
        .customer = &customer,
        .now = {NOON_MS},
        .days = days,
        .daily_rest_ms = 11 * HOUR_MS,
        .weekly_rest_ms = 35 * HOUR_MS,
        .interventions = interventions,
        .interventions_count = count,
    };
    if (coverage_compute(&request, &fake_rotas, arena, coverage_r, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
}

static size_t count_kind(const struct coverage *coverage, enum coverage_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < coverage->findings_count; i++) {
        count += coverage->findings[i].kind == kind;
    }
    return count;
}

static struct coverage_intervention work(int64_t agent, int64_t from_h, int64_t to_h)
{
    return (struct coverage_intervention){
        agent, {MONDAY_MS + from_h * HOUR_MS}, {MONDAY_MS + to_h * HOUR_MS}};
}

static void test_coverage__all_is_well(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage coverage;
    compute(NULL, 0, 90, arena, &coverage);
    assert_int_equal(coverage.findings_count, 0);
    assert_int_equal(coverage.left_off, 0);
    assert_int_equal(coverage.procedures[0].human_ms, 60000);
    arena_destroy(&arena);
}

/* Who shares a phone signs in on it when their shift begins: until then they need none. */
static void test_coverage__a_phone_to_sign_in_on(void **state)
{
    (void)state;
    static const int64_t jean_s = 2, paul_s = 1;
    static const struct {
        bool registered, shares, has_pin, on_call_now, found;
    } rows[] = {
        {true, true, true, false, false}, {false, true, true, false, true},
        {true, false, true, false, true}, {true, true, false, false, true},
        {true, true, true, true, true},
    };
    struct directory_person people[] = {agents[0], agents[1]};
    people[0].devices_count = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *arena = arena_create(0);
        struct error error = {.text = ""};
        struct coverage coverage;
        const struct directory_shared_phone shared = {.id = 1,
                                                      .has_target = rows[i].registered,
                                                      .agents = rows[i].shares ? &paul_s : &jean_s,
                                                      .agents_count = 1};
        begins_ms = rows[i].on_call_now ? 0 : HOUR_MS;
        customer.agents = people;
        customer.shared_phones = &shared;
        customer.shared_phones_count = 1;
        const struct coverage_request request = {.customer = &customer,
                                                 .now = {NOON_MS},
                                                 .days = 1,
                                                 .with_pin = rows[i].has_pin ? &paul_s : &jean_s,
                                                 .with_pin_count = 1};
        assert_int_equal(coverage_compute(&request, &fake_rotas, arena, &coverage, &error),
                         STATUS_OK);
        assert_int_equal(count_kind(&coverage, COVERAGE_NO_DEVICE), rows[i].found);
        assert_int_equal(coverage.procedures[0].nobody_ms, rows[i].found ? 24 * HOUR_MS : HOUR_MS);
        arena_destroy(&arena);
    }
}

/* The directory is as old as the customer's last change; rows say what was proven since. */
static void test_coverage__a_device_proven_since(void **state)
{
    (void)state;
    static const int64_t proven[] = {3, 5, 9};
    struct directory_device young = {
        .platform = PLATFORM_FCM, .live = true, .proven_at = WALL_NEVER};
    const struct directory_person person = {PERSON_AGENT,   true, 1,      "paul", "Paul",
                                            "+33600000001", "fr", &young, 1,      NULL,
                                            NULL,           0,    NULL};
    customer.agents = &person;
    customer.agents_count = 1;
    for (young.id = 2; young.id <= 10; young.id++) {
        struct arena *arena = arena_create(0);
        struct coverage coverage;
        const struct coverage_request request = {.customer = &customer,
                                                 .now = {NOON_MS},
                                                 .days = 1,
                                                 .proven = proven,
                                                 .proven_count = 3};
        assert_int_equal(coverage_compute(&request, &fake_rotas, arena, &coverage, NULL),
                         STATUS_OK);
        bool listed = young.id == 3 || young.id == 5 || young.id == 9;
        assert_int_equal(count_kind(&coverage, COVERAGE_UNPROVEN), !listed);
        arena_destroy(&arena);
    }
}

/* Asked by call, and no number of theirs was answered for long. */
static void test_coverage__a_number_that_nobody_answers(void **state)
{
    (void)state;
    static const int64_t only_zoe[] = {2}, both[] = {1, 2};
    const struct {
        unsigned via;
        int64_t proof_ms;
        const int64_t *answered;
        size_t answered_count;
        size_t found;
    } rows[] = {
        {VIA_CALL, 1, NULL, 0, 1},     {VIA_CALL, 1, only_zoe, 1, 1}, {VIA_CALL, 1, both, 2, 0},
        {VIA_CALL, 0, only_zoe, 1, 0}, {VIA_PUSH, 1, NULL, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *arena = arena_create(0);
        struct coverage coverage;
        const struct coverage_request request = {.customer = &customer,
                                                 .now = {NOON_MS},
                                                 .days = 1,
                                                 .number_proof_ms = rows[i].proof_ms,
                                                 .answered = rows[i].answered,
                                                 .answered_count = rows[i].answered_count};
        steps[0].via = rows[i].via;
        assert_int_equal(coverage_compute(&request, &fake_rotas, arena, &coverage, NULL),
                         STATUS_OK);
        steps[0].via = VIA_PUSH;
        assert_int_equal(count_kind(&coverage, COVERAGE_NUMBER_UNPROVEN), rows[i].found);
        assert_int_equal(count_kind(&coverage, COVERAGE_NO_NUMBER), 0);
        arena_destroy(&arena);
    }
}

/* Asked by push, and no live phone of theirs may notify, proven or not. */
static void test_coverage__phones_that_may_not_notify(void **state)
{
    (void)state;
    static const struct {
        const char *permissions[2];
        bool live[2];
        unsigned via;
        size_t found;
    } rows[] = {
        {{"denied", "denied"}, {true, true}, VIA_PUSH, 1},
        {{"denied", "granted"}, {true, true}, VIA_PUSH, 0},
        {{"denied", "unknown"}, {true, true}, VIA_PUSH, 0},
        {{"denied", NULL}, {true, true}, VIA_PUSH, 0},
        {{"denied", "granted"}, {true, false}, VIA_PUSH, 1},
        {{"denied", "denied"}, {false, false}, VIA_PUSH, 0}, /* no_device says it */
        {{"denied", "denied"}, {true, true}, VIA_CALL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *arena = arena_create(0);
        struct coverage coverage;
        struct directory_device devices[2];
        for (size_t k = 0; k < 2; k++) {
            devices[k] = (struct directory_device){.id = 1 + (int64_t)k,
                                                   .live = rows[i].live[k],
                                                   .permission = rows[i].permissions[k],
                                                   .proven_at = {1}};
        }
        const struct directory_person person = {.kind = PERSON_AGENT,
                                                .id = 1,
                                                .slug = "paul",
                                                .name = "Paul",
                                                .phone = "+33600000001",
                                                .language = "fr",
                                                .active = true,
                                                .devices = devices,
                                                .devices_count = 2};
        customer.agents = &person;
        customer.agents_count = 1;
        const struct coverage_request request = {
            .customer = &customer, .now = {NOON_MS}, .days = 1};
        steps[0].via = rows[i].via;
        assert_int_equal(coverage_compute(&request, &fake_rotas, arena, &coverage, NULL),
                         STATUS_OK);
        steps[0].via = VIA_PUSH;
        assert_int_equal(count_kind(&coverage, COVERAGE_NO_PERMISSION), rows[i].found);
        assert_int_equal(count_kind(&coverage, COVERAGE_UNPROVEN), 0);
        arena_destroy(&arena);
    }
}

/* Asked by call, and checked in without a word of their number. */
static void test_coverage__numbers_that_were_not_confirmed(void **state)
{
    (void)state;
    static const int64_t only_zoe[] = {2}, both[] = {1, 2};
    const struct {
        unsigned via;
        const int64_t *unconfirmed;
        size_t count;
        size_t found;
    } rows[] = {{VIA_CALL, NULL, 0, 0},
                {VIA_CALL, only_zoe, 1, 0},
                {VIA_CALL, both, 2, 1},
                {VIA_PUSH, both, 2, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *arena = arena_create(0);
        struct coverage coverage;
        const struct coverage_request request = {.customer = &customer,
                                                 .now = {NOON_MS},
                                                 .days = 1,
                                                 .unconfirmed = rows[i].unconfirmed,
                                                 .unconfirmed_count = rows[i].count};
        steps[0].via = rows[i].via;
        assert_int_equal(coverage_compute(&request, &fake_rotas, arena, &coverage, NULL),
                         STATUS_OK);
        steps[0].via = VIA_PUSH;
        assert_int_equal(count_kind(&coverage, COVERAGE_NUMBER_UNCONFIRMED), rows[i].found);
        arena_destroy(&arena);
    }
}

/* The whole rest is due behind an intervention unless it came before. */
static void test_rest__daily(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage coverage;
    /* Saturday 22:00-23:00, Sunday 03:00-04:00, 10:00-11:00: 4 hours before the second, 6 behind.
     */
    const struct coverage_intervention short_rest[] = {work(1, -14, -13), work(1, -26, -25),
                                                       work(1, -21, -20)};
    compute(short_rest, 3, 1, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_DAILY_REST), 1);
    assert_int_equal(coverage.findings[0].person->id, 1);
    assert_int_equal(coverage.findings[0].from.ms, MONDAY_MS - 21 * HOUR_MS);
    assert_int_equal(coverage.findings[0].rest_ms, 6 * HOUR_MS);
    /* Eleven hours behind it are enough, and so are eleven before. */
    const struct coverage_intervention behind[] = {work(1, -26, -25), work(1, -21, -20),
                                                   work(1, -9, -8)};
    compute(behind, 3, 1, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_DAILY_REST), 0);
    const struct coverage_intervention before[] = {work(1, -36, -32), work(1, -21, -20),
                                                   work(1, -14, -13)};
    compute(before, 3, 1, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_DAILY_REST), 0);
    /* Two at once are one, and another's are another's. */
    const struct coverage_intervention at_once[] = {work(1, -26, -25), work(1, -21, -20),
                                                    work(1, -21, -19), work(2, -14, -13)};
    compute(at_once, 4, 1, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_DAILY_REST), 0);
    arena_destroy(&arena);
}

static void test_rest__weekly(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage coverage;
    struct coverage_intervention each_day[8];
    for (int i = 0; i < 7; i++) { /* of the week before: at noon, an hour */
        each_day[i] = work(2, -168 + 24 * i + 12, -168 + 24 * i + 13);
    }
    compute(each_day, 7, 1, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_WEEKLY_REST), 1);
    assert_int_equal(coverage.findings[0].from.ms, MONDAY_MS - 168 * HOUR_MS);
    assert_int_equal(coverage.findings[0].to.ms, MONDAY_MS);
    assert_int_equal(coverage.findings[0].rest_ms, 23 * HOUR_MS);
    /* Whatever rest comes behind it is another week's. */
    each_day[7] = work(2, 30, 31);
    compute(each_day, 8, 1, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_WEEKLY_REST), 1);
    assert_int_equal(coverage.findings[0].rest_ms, 23 * HOUR_MS);
    /* Without Sunday's, from Saturday 13:00 to Monday: 35 hours. */
    compute(each_day, 6, 1, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_WEEKLY_REST), 0);
    each_day[5].to.ms += 1;
    compute(each_day, 6, 1, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_WEEKLY_REST), 1);
    /* The running week may still bring it. */
    const struct coverage_intervention today[] = {work(2, 1, 11)};
    compute(today, 1, 1, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_WEEKLY_REST), 0);
    arena_destroy(&arena);
}

static void test_rest__looks_back_to_a_monday(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct wall_time from;
    assert_int_equal(
        coverage_looks_back_to("Europe/Paris", (struct wall_time){NOON_MS}, arena, &from, NULL),
        STATUS_OK);
    assert_int_equal(from.ms, MONDAY_MS - 2 * 168 * HOUR_MS);
    arena_destroy(&arena);
}

/* What was told of "duty", the newest first; NULL: nothing ever was. */
static void compute_told(const struct coverage_told *told, bool publishes, struct arena *arena,
                         struct coverage *coverage_r)
{
    struct error error = {.text = ""};
    const struct coverage_request request = {
        .customer = &customer,
        .now = {NOON_MS},
        .days = 20,
        .publishes = publishes,
        .told = told,
        .told_count = told != NULL ? 1 : 0,
    };
    if (coverage_compute(&request, &fake_rotas, arena, coverage_r, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
}

static void test_told__only_of_who_publishes(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage coverage;
    compute_told(NULL, false, arena, &coverage);
    assert_int_equal(coverage.findings_count, 0);
    compute_told(NULL, true, arena, &coverage);
    assert_int_equal(coverage.findings_count, 1);
    assert_int_equal(coverage.findings[0].kind, COVERAGE_NOT_PUBLISHED);
    assert_string_equal(coverage.findings[0].rota, "duty");
    assert_ptr_equal(coverage.findings[0].person, &agents[0]);
    assert_int_equal(coverage.findings[0].from.ms, NOON_MS);
    assert_int_equal(coverage.findings[0].to.ms, NOON_MS + 20 * 24 * HOUR_MS);
    /* A rota that does not compile is found where a procedure names it. */
    compiled = STATUS_INVALID;
    compute_told(NULL, true, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_NOT_PUBLISHED), 0);
    /* Nobody is on call in it who is no agent, or not active. */
    compiled = STATUS_OK;
    customer.agents_count = 0;
    compute_told(NULL, true, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_NOT_PUBLISHED), 0);
    arena_destroy(&arena);
}

/* Each hour between gaps is a shift of its own: what begins in fewer days than are due counts. */
static void test_told__by_the_customers_notice(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage coverage;
    gap_every_ms = 12 * HOUR_MS; /* on call from noon to midnight */
    customer.notice_days = 3;
    compute_told(NULL, true, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_NOT_PUBLISHED), 3);
    customer.notice_days = 0; /* fifteen */
    compute_told(NULL, true, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_NOT_PUBLISHED), 15);
    arena_destroy(&arena);
}

static void test_told__and_changed_since(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage coverage;
    const int64_t end_ms = NOON_MS + 20 * 24 * HOUR_MS, noon_ms = NOON_MS + 24 * HOUR_MS;
    const struct rota_interval shifts[] = {{{NOON_MS}, {noon_ms}, "paul"},
                                           {{noon_ms}, {noon_ms + HOUR_MS}, "zoe"},
                                           {{noon_ms + HOUR_MS}, {end_ms}, "paul"}};
    const struct rota_publication publication = {{{NOON_MS - HOUR_MS}, {end_ms}}, shifts, 3};
    struct coverage_told told = {"duty", {&publication, 1}};
    compute_told(&told, true, arena, &coverage);
    assert_int_equal(coverage.findings_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(coverage.findings[i].kind, COVERAGE_CHANGED);
        assert_int_equal(coverage.findings[i].from.ms, noon_ms);
        assert_int_equal(coverage.findings[i].to.ms, noon_ms + HOUR_MS);
        assert_ptr_equal(coverage.findings[i].person,
                         coverage.findings[i].lost ? &agents[1] : &agents[0]);
    }
    assert_true(coverage.findings[0].lost != coverage.findings[1].lost);
    told.rota = "other";
    compute_told(&told, true, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_NOT_PUBLISHED), 1);
    arena_destroy(&arena);
}

static void test_coverage__of_many_alike_the_rest_is_counted(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage coverage;
    gap_every_ms = HOUR_MS;
    compute(NULL, 0, 90, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_GAP), COVERAGE_ALIKE_MAX);
    assert_int_equal(count_kind(&coverage, COVERAGE_NOBODY), COVERAGE_ALIKE_MAX);
    /* 1080 gaps; a second round two minutes on reaches somebody at the end of each. */
    assert_int_equal(coverage.left_off, 2 * (1080 - COVERAGE_ALIKE_MAX));
    arena_destroy(&arena);
}

static void test_coverage__a_rota_that_is_none(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage coverage;
    customer.rotas_count = 0;
    compute(NULL, 0, 90, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_NO_ROTA), 1);
    assert_int_equal(count_kind(&coverage, COVERAGE_NOBODY), 1);
    assert_int_equal(coverage.procedures[0].human_ms, -1);
    customer.rotas_count = 1;
    compiled = STATUS_INVALID;
    compute(NULL, 0, 90, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_NO_ROTA), 1);
    assert_int_equal(count_kind(&coverage, COVERAGE_GAP), 1);
    arena_destroy(&arena);
}

static void test_coverage__a_procedure_beyond_the_limits(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct coverage coverage;
    steps[0].accepted_within_ms = COVERAGE_PROCEDURE_MS_MAX + 1;
    compute(NULL, 0, 90, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_NOT_JUDGED), 1);
    assert_false(coverage.procedures[0].judged);
    arena_destroy(&arena);
}

static void test_coverage__without_memory(void **state)
{
    (void)state;
    struct coverage untouched = {.left_off = 42};
    const struct coverage_intervention some[] = {work(1, -26, -25)};
    const struct coverage_request request = {.customer = &customer,
                                             .now = {NOON_MS},
                                             .days = 90,
                                             .daily_rest_ms = 1,
                                             .weekly_rest_ms = 1,
                                             .interventions = some,
                                             .interventions_count = 1,
                                             .publishes = true};
    for (size_t bytes = 1024; bytes < ((size_t)4 << 20); bytes += bytes / 8) {
        struct arena *small = arena_create(bytes);
        enum status status = coverage_compute(&request, &fake_rotas, small, &untouched, NULL);
        arena_destroy(&small);
        if (status == STATUS_OK) {
            return;
        }
        assert_int_equal(status, STATUS_NO_MEMORY);
        assert_int_equal(untouched.left_off, 42);
    }
    fail_msg("more than 4 MiB for one customer");
}

/* ---- prise de poste ---- */

static void test_check_in__of_a_procedure_that_never_reminds(void **state)
{
    (void)state;
    static const struct directory_rota planned[] = {
        {.slug = "duty", .definition = "x", .check_in = {.planned = true, .procedure = "night"}}};
    struct arena *arena = arena_create(0);
    struct coverage coverage;
    customer.rotas = planned;
    compute(NULL, 0, 7, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_CHECK_IN_UNASKED), 1);
    assert_int_equal(count_kind(&coverage, COVERAGE_NO_CHECK_IN), 0);
    struct procedure_target reminded[] = {{.kind = TARGET_ON_CALL, .name = "duty"},
                                          {.kind = TARGET_CHECK_IN}};
    steps[0].targets = reminded;
    steps[0].targets_count = 2;
    compute(NULL, 0, 7, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_CHECK_IN_UNASKED), 0);
    steps[0].targets = targets;
    steps[0].targets_count = 1;
    arena_destroy(&arena);
}

/* Only of those who plan some at all. */
static void test_check_in__of_a_rota_without_one(void **state)
{
    (void)state;
    static const struct directory_rota some[] = {
        {.slug = "duty", .definition = "x"},
        {.slug = "other", .definition = "x", .check_in = {.planned = true, .procedure = "gone"}}};
    struct arena *arena = arena_create(0);
    struct coverage coverage;
    compute(NULL, 0, 7, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_NO_CHECK_IN), 0);
    customer.rotas = some;
    customer.rotas_count = 2;
    compute(NULL, 0, 7, arena, &coverage);
    assert_int_equal(count_kind(&coverage, COVERAGE_NO_CHECK_IN), 1);
    assert_int_equal(count_kind(&coverage, COVERAGE_CHECK_IN_UNASKED), 1); /* it is not there */
    arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(test_coverage__all_is_well),
        STAGE_TEST(test_coverage__a_phone_to_sign_in_on),
        STAGE_TEST(test_coverage__a_device_proven_since),
        STAGE_TEST(test_coverage__a_number_that_nobody_answers),
        STAGE_TEST(test_coverage__phones_that_may_not_notify),
        STAGE_TEST(test_coverage__numbers_that_were_not_confirmed),
        STAGE_TEST(test_rest__daily),
        STAGE_TEST(test_rest__weekly),
        STAGE_TEST(test_rest__looks_back_to_a_monday),
        STAGE_TEST(test_told__only_of_who_publishes),
        STAGE_TEST(test_told__by_the_customers_notice),
        STAGE_TEST(test_told__and_changed_since),
        STAGE_TEST(test_coverage__of_many_alike_the_rest_is_counted),
        STAGE_TEST(test_coverage__a_rota_that_is_none),
        STAGE_TEST(test_coverage__a_procedure_beyond_the_limits),
        STAGE_TEST(test_coverage__without_memory),
        STAGE_TEST(test_check_in__of_a_procedure_that_never_reminds),
        STAGE_TEST(test_check_in__of_a_rota_without_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
