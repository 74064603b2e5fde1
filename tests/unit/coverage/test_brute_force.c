/* test_brute_force.c - what coverage computes with intervals, against looking at every minute of a
 * day, on directories drawn from a fixed seed; and against rehearsals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/coverage/coverage.h"
#include "gateway/rehearsal/rehearsal.h"

#define CASES        150
#define DAYS         1
#define MINUTES      (DAYS * 1440)
#define AHEAD        2880 /* minutes that a procedure may look beyond */
#define AGENTS_COUNT 4
#define ROTAS_COUNT  3
#define MINUTE_MS    INT64_C(60000)
#define NOW_MS       INT64_C(1796006220000) /* a whole minute */

static uint64_t draws;

static int draw(int below)
{
    uint64_t z = draws += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (int)((z ^ (z >> 31)) % (uint64_t)below);
}

/* ---- a directory ---- */

static const char *const slugs[AGENTS_COUNT] = {"anne", "bob", "cleo", "dan"};
static const char *const roles[ROTAS_COUNT] = {"first", "second", "third"};
/* Who is on call in a rota in each minute; -1: nobody. */
static int duty[ROTAS_COUNT][MINUTES + AHEAD];
static struct directory_device devices[AGENTS_COUNT];
static struct directory_person agents[AGENTS_COUNT];
static struct directory_rota rotas[ROTAS_COUNT];
static struct procedure_target targets[4][2];
static struct procedure_step steps[4];
static int64_t few_minutes; /* in which fewer are reached than are wanted */
static struct procedure_target exhausted = {.kind = TARGET_CALLBACK, .name = "call-centre"};
static struct procedure procedure;
static const struct directory_procedure procedures[] = {
    {.id = 1, .version = 1, .procedure = &procedure}};
static struct directory_customer customer = {.id = 1,
                                             .slug = "acme",
                                             .time_zone = "Europe/Paris",
                                             .language = "fr",
                                             .active = true,
                                             .default_procedure = "night",
                                             .agents = agents,
                                             .agents_count = AGENTS_COUNT,
                                             .rotas = rotas,
                                             .rotas_count = ROTAS_COUNT,
                                             .procedures = procedures,
                                             .procedures_count = 1};

static enum status compile(void *context, const char *definition,
                           const struct engine_calendar *calendar, const char *zone,
                           struct wall_time from, struct wall_time to, struct arena *arena,
                           struct engine_rota_interval **intervals_r, size_t *count_r,
                           struct error *error)
{
    (void)context, (void)calendar, (void)zone, (void)error;
    int rota = definition[0] - '0';
    int64_t first = (from.ms - NOW_MS) / MINUTE_MS, last = (to.ms - NOW_MS) / MINUTE_MS;
    struct engine_rota_interval *found = arena_alloc(arena, (MINUTES + AHEAD) * sizeof *found);
    size_t count = 0;
    assert_non_null(found);
    for (int64_t m = first; m <= last && m < MINUTES + AHEAD; m++) {
        int agent = duty[rota][m];
        bool same = count > 0 && m > first && duty[rota][m - 1] == agent;
        if (agent >= 0 && !same) {
            found[count].from.ms = NOW_MS + m * MINUTE_MS;
            found[count].agent = slugs[agent];
            count++;
        }
        if (agent >= 0) {
            found[count - 1].to.ms = NOW_MS + (m + 1) * MINUTE_MS;
        }
    }
    *intervals_r = found;
    *count_r = count;
    return STATUS_OK;
}

static const struct engine_rotas engine_rotas_fake = {.compile = compile};

static void draw_directory(void)
{
    static const char *const definitions[ROTAS_COUNT] = {"0", "1", "2"};
    static const char *const numbers[] = {NULL, "+33600000001", "+33600000002", "+33600000003"};
    for (int i = 0; i < AGENTS_COUNT; i++) {
        devices[i] = (struct directory_device){.id = i + 1,
                                               .installation = "phone",
                                               .platform = PLATFORM_FCM,
                                               .proven_at = {draw(2) == 0 ? TIME_NEVER_MS : 1000},
                                               .live = draw(3) > 0};
        agents[i] = (struct directory_person){.kind = PERSON_AGENT,
                                              .id = i + 1,
                                              .slug = slugs[i],
                                              .name = slugs[i],
                                              .phone = numbers[draw(4)],
                                              .active = true,
                                              .devices = &devices[i],
                                              .devices_count = 1};
    }
    for (int r = 0; r < ROTAS_COUNT; r++) {
        rotas[r] = (struct directory_rota){.slug = roles[r], .definition = definitions[r]};
        for (int m = 0; m < MINUTES + AHEAD;) {
            int who = draw(AGENTS_COUNT + 2) - 2;
            for (int length = 30 + draw(600); length > 0 && m < MINUTES + AHEAD; length--) {
                duty[r][m++] = who < 0 ? -1 : who;
            }
        }
    }
}

static void draw_target(struct procedure_target *target)
{
    *target = (struct procedure_target){.kind = draw(4) == 0 ? TARGET_AGENT : TARGET_ON_CALL};
    (void)snprintf(target->name, sizeof target->name, "%s",
                   target->kind == TARGET_AGENT ? slugs[draw(AGENTS_COUNT)]
                                                : roles[draw(ROTAS_COUNT)]);
}

static void draw_procedure(void)
{
    procedure = *procedure_of_last_resort();
    (void)snprintf(procedure.slug, sizeof procedure.slug, "night");
    procedure.rounds = 1 + draw(3);
    procedure.round_spacing_ms = (1 + draw(60)) * MINUTE_MS;
    procedure.steps = steps;
    procedure.steps_count = 1 + (size_t)draw(4);
    procedure.exhausted = &exhausted;
    procedure.exhausted_count = 1;
    for (size_t s = 0; s < procedure.steps_count; s++) {
        steps[s] = (struct procedure_step){.targets = targets[s],
                                           .targets_count = 1 + (size_t)draw(2),
                                           .via = (unsigned)(1 + draw(3)),
                                           .accepted_within_ms = (1 + draw(90)) * MINUTE_MS,
                                           .acceptances = 1 + (draw(3) == 0 ? draw(3) : 0)};
        for (size_t t = 0; t < steps[s].targets_count; t++) {
            draw_target(&targets[s][t]);
        }
    }
}

/* ---- by the minute ---- */

static bool reachable(int agent, unsigned via)
{
    return ((via & VIA_CALL) != 0 && agents[agent].phone != NULL) ||
           ((via & VIA_PUSH) != 0 && devices[agent].live);
}

static int index_of(const char *const *names, int count, const char *name)
{
    int i = 0;
    while (i < count && strcmp(names[i], name) != 0) {
        i++;
    }
    assert_true(i < count);
    return i;
}

static bool step_reaches(const struct procedure_step *step, int64_t minute)
{
    for (size_t t = 0; t < step->targets_count; t++) {
        const struct procedure_target *target = &step->targets[t];
        int agent = target->kind == TARGET_AGENT
                        ? index_of(slugs, AGENTS_COUNT, target->name)
                        : duty[index_of(roles, ROTAS_COUNT, target->name)][minute];
        if (agent >= 0 && reachable(agent, step->via)) {
            return true;
        }
    }
    return false;
}

/* Minutes until it is exhausted; *human_r: until the last who is asked accepts, or -1. */
static int64_t walk(int64_t start, int64_t *human_r)
{
    int64_t at = start, begun = start;
    *human_r = -1;
    for (int round = 0; round < procedure.rounds; round++) {
        int64_t spaced = begun + procedure.round_spacing_ms / MINUTE_MS;
        at = round > 0 && at < spaced ? spaced : at;
        begun = at;
        for (size_t s = 0; s < procedure.steps_count; s++) {
            if (step_reaches(&steps[s], at)) {
                at += steps[s].accepted_within_ms / MINUTE_MS;
                *human_r = at - start;
            }
        }
    }
    return at - start;
}

static bool is_named(int rota)
{
    for (size_t s = 0; s < procedure.steps_count; s++) {
        for (size_t t = 0; t < steps[s].targets_count; t++) {
            if (steps[s].targets[t].kind == TARGET_ON_CALL &&
                strcmp(steps[s].targets[t].name, roles[rota]) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool is_one_person(int a, int b)
{
    bool numbered = agents[a].phone != NULL && agents[b].phone != NULL;
    return a == b || (numbered && strcmp(agents[a].phone, agents[b].phone) == 0);
}

/* ---- comparison ---- */

/* How often each minute is in a finding of a kind about one thing. */
static void paint(const struct coverage *coverage, enum coverage_kind kind, const char *rota,
                  const char *with_rota, int painted_r[MINUTES])
{
    memset(painted_r, 0, MINUTES * sizeof *painted_r);
    for (size_t i = 0; i < coverage->findings_count; i++) {
        const struct coverage_finding *finding = &coverage->findings[i];
        if (finding->kind != kind || (rota != NULL && strcmp(finding->rota, rota) != 0) ||
            (with_rota != NULL && strcmp(finding->with_rota, with_rota) != 0)) {
            continue;
        }
        assert_true(finding->from.ms < finding->to.ms);
        assert_true(finding->to.ms <= NOW_MS + MINUTES * MINUTE_MS);
        for (int64_t ms = finding->from.ms; ms < finding->to.ms; ms += MINUTE_MS) {
            painted_r[(ms - NOW_MS) / MINUTE_MS]++;
        }
    }
}

static const struct coverage_finding *find(const struct coverage *coverage, enum coverage_kind kind,
                                           int agent)
{
    for (size_t i = 0; i < coverage->findings_count; i++) {
        if (coverage->findings[i].kind == kind && coverage->findings[i].person == &agents[agent]) {
            return &coverage->findings[i];
        }
    }
    return NULL;
}

static void check_rotas(const struct coverage *coverage)
{
    int painted[MINUTES];
    for (int r = 0; r < ROTAS_COUNT; r++) {
        paint(coverage, COVERAGE_GAP, roles[r], NULL, painted);
        for (int m = 0; m < MINUTES; m++) {
            assert_int_equal(painted[m], is_named(r) && duty[r][m] < 0);
        }
        for (int other = 0; other < ROTAS_COUNT; other++) {
            int reversed[MINUTES];
            paint(coverage, COVERAGE_TWICE, roles[r], roles[other], painted);
            paint(coverage, COVERAGE_TWICE, roles[other], roles[r], reversed);
            for (int m = 0; m < MINUTES && r != other; m++) {
                bool both = is_named(r) && is_named(other) && duty[r][m] >= 0 &&
                            duty[other][m] >= 0 && is_one_person(duty[r][m], duty[other][m]);
                assert_int_equal(painted[m] + reversed[m], both);
            }
        }
    }
}

/* By which paths an agent is asked at a minute. */
static unsigned asked_at(int agent, int minute)
{
    unsigned via = 0;
    for (size_t s = 0; s < procedure.steps_count; s++) {
        for (size_t t = 0; t < steps[s].targets_count; t++) {
            const struct procedure_target *target = &steps[s].targets[t];
            bool asked = target->kind == TARGET_AGENT
                             ? strcmp(target->name, slugs[agent]) == 0
                             : duty[index_of(roles, ROTAS_COUNT, target->name)][minute] == agent;
            via |= asked ? steps[s].via : 0;
        }
    }
    return via;
}

static void check_people(const struct coverage *coverage)
{
    for (int i = 0; i < AGENTS_COUNT; i++) {
        unsigned via = 0;
        int first = MINUTES;
        for (int m = MINUTES - 1; m >= 0; m--) {
            unsigned now = asked_at(i, m);
            via |= now;
            first = now != 0 ? m : first;
        }
        bool push = (via & VIA_PUSH) != 0, live = devices[i].live;
        bool proven = live && devices[i].proven_at.ms != TIME_NEVER_MS;
        const struct coverage_finding *number = find(coverage, COVERAGE_NO_NUMBER, i);
        assert_int_equal(number != NULL, (via & VIA_CALL) != 0 && agents[i].phone == NULL);
        assert_int_equal(find(coverage, COVERAGE_NO_DEVICE, i) != NULL, push && !live);
        assert_int_equal(find(coverage, COVERAGE_UNPROVEN, i) != NULL, push && live && !proven);
        if (number != NULL) {
            assert_int_equal(number->from.ms, NOW_MS + first * MINUTE_MS);
        }
    }
}

/* How many people are asked by all steps together. */
static int people_at(int minute)
{
    int count = 0;
    for (int i = 0; i < AGENTS_COUNT; i++) {
        bool asked = false;
        for (size_t s = 0; s < procedure.steps_count; s++) {
            for (size_t t = 0; t < steps[s].targets_count; t++) {
                const struct procedure_target *target = &steps[s].targets[t];
                bool meant = target->kind == TARGET_AGENT
                                 ? strcmp(target->name, slugs[i]) == 0
                                 : duty[index_of(roles, ROTAS_COUNT, target->name)][minute] == i;
                asked = asked || (meant && reachable(i, steps[s].via));
            }
        }
        count += asked;
    }
    return count;
}

static void check_several(const struct coverage *coverage)
{
    int painted[MINUTES], wanted = 1;
    for (size_t s = 0; s < procedure.steps_count; s++) {
        wanted = steps[s].acceptances > wanted ? steps[s].acceptances : wanted;
    }
    paint(coverage, COVERAGE_TOO_FEW, NULL, NULL, painted);
    for (int m = 0; m < MINUTES; m++) {
        int count = people_at(m);
        assert_int_equal(painted[m], count > 0 && count < wanted);
        few_minutes += painted[m];
    }
}

static void check_procedure(const struct coverage *coverage)
{
    int painted[MINUTES];
    int64_t longest = -1, worst = 0, nobody = 0;
    paint(coverage, COVERAGE_NOBODY, NULL, NULL, painted);
    for (int m = 0; m < MINUTES; m++) {
        int64_t human;
        (void)walk(m, &human);
        assert_int_equal(painted[m], human < 0);
        nobody += human < 0;
        if (human > longest) {
            longest = human;
            worst = m;
        }
    }
    const struct coverage_procedure *judged = &coverage->procedures[0];
    assert_int_equal(coverage->procedures_count, 1);
    assert_true(judged->judged);
    assert_int_equal(judged->nobody_ms, nobody * MINUTE_MS);
    assert_int_equal(judged->human_ms, longest < 0 ? -1 : longest * MINUTE_MS);
    if (longest >= 0) {
        assert_int_equal(judged->worst.ms, NOW_MS + worst * MINUTE_MS);
    }
}

/* The core itself takes as long, when nobody answers. */
static void check_rehearsal(struct arena *arena)
{
    int64_t start = draw(MINUTES), human;
    struct rehearsal played;
    struct rehearsal_request request = {.customer = &customer,
                                        .procedure = &procedures[0],
                                        .severity = SEVERITY_MAJOR,
                                        .at = {NOW_MS + start * MINUTE_MS},
                                        .span_ms = REHEARSAL_SPAN_S_MAX * INT64_C(1000)};
    assert_int_equal(rehearsal_play(&request, &engine_rotas_fake, arena, &played, NULL), STATUS_OK);
    assert_int_equal(played.end, REHEARSAL_EXHAUSTED);
    assert_int_equal(played.exhausted_ms, walk(start, &human) * MINUTE_MS);
}

static void test_coverage__is_what_every_minute_shows(void **state)
{
    (void)state;
    int whole = 0;
    for (int i = 0; i < CASES; i++) {
        struct arena *arena = arena_create(0);
        struct coverage coverage;
        struct error error = {.text = ""};
        draws = (uint64_t)i * 1000;
        draw_directory();
        draw_procedure();
        const struct coverage_request request = {
            .customer = &customer, .now = {NOW_MS}, .days = DAYS};
        assert_int_equal(coverage_compute(&request, &engine_rotas_fake, arena, &coverage, &error),
                         STATUS_OK);
        if (coverage.left_off == 0) {
            check_rotas(&coverage);
            check_people(&coverage);
            check_procedure(&coverage);
            check_several(&coverage);
            whole++;
        }
        check_rehearsal(arena);
        arena_destroy(&arena);
    }
    assert_true(whole > CASES * 3 / 4);
    assert_true(few_minutes > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coverage__is_what_every_minute_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
