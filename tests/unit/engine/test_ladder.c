/* test_ladder.c - whom a call is put through to: the procedure's people in their order, each
 * telephone once, the emergency number last. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/ladder.h"
#include "tests/unit/engine/fixture.h"

#define NOW_MS 1000

enum { JEAN, MARIE, OLD, PAUL, SILENT, AGENTS_COUNT };

static const struct directory_person agents[AGENTS_COUNT] = {
    [JEAN] = {.kind = PERSON_AGENT, .id = 1, .slug = "jean", .phone = "+33611", .active = true},
    [MARIE] = {.kind = PERSON_AGENT, .id = 2, .slug = "marie", .phone = "+33612", .active = true},
    [OLD] = {.kind = PERSON_AGENT, .id = 3, .slug = "old", .phone = "+33613"},
    [PAUL] = {.kind = PERSON_AGENT, .id = 4, .slug = "paul", .phone = "+33614", .active = true},
    [SILENT] = {.kind = PERSON_AGENT, .id = 5, .slug = "silent", .phone = "", .active = true},
};

/* The director's telephone is the one of Marie. */
static const struct directory_person contacts[] = {
    {.kind = PERSON_CONTACT, .id = 1, .slug = "chief", .phone = "+33621", .active = true},
    {.kind = PERSON_CONTACT, .id = 2, .slug = "director", .phone = "+33612", .active = true},
};

/* Around now: Paul; two at once as "renfort"; nobody as "vacant". */
static const struct directory_interval principal[] = {
    {{0}, {NOW_MS}, 1}, {{NOW_MS}, {NOW_MS + 1}, 4}, {{NOW_MS + 1}, {9000}, 2}};
static const struct directory_interval renfort[] = {{{0}, {9000}, 5}, {{0}, {9000}, 2}};
static const struct directory_interval cadre[] = {{{0}, {9000}, 1}};
static const struct directory_rota rotas[] = {
    {.slug = "cadre", .intervals = cadre, .intervals_count = 1},
    {.slug = "principal", .intervals = principal, .intervals_count = 3},
    {.slug = "renfort", .intervals = renfort, .intervals_count = 2},
    {.slug = "vacant"},
};

static struct procedure_target night_first[] = {{.kind = TARGET_ON_CALL, .name = "principal"}};
static struct procedure_target night_second[] = {{.kind = TARGET_ON_CALL, .name = "vacant"},
                                                 {.kind = TARGET_ON_CALL, .name = "renfort"},
                                                 {.kind = TARGET_CALLBACK, .name = "call-centre"},
                                                 {.kind = TARGET_AGENT, .name = "paul"},
                                                 {.kind = TARGET_AGENT, .name = "old"},
                                                 {.kind = TARGET_AGENT, .name = "stranger"}};
static struct procedure_target night_third[] = {{.kind = TARGET_CONTACT, .name = "director"},
                                                {.kind = TARGET_CONTACT, .name = "chief"}};
static struct procedure_step night_steps[] = {
    {.targets = night_first, .targets_count = 1, .via = VIA_PUSH},
    {.targets = night_first, .targets_count = 1, .via = VIA_CALL},
    {.targets = night_second, .targets_count = 6, .via = VIA_CALL},
    {.targets = night_third, .targets_count = 2, .via = VIA_CALL},
};
static struct procedure night = {.slug = "night", .steps = night_steps, .steps_count = 4};
static const struct directory_procedure procedures[] = {{.id = 1, .procedure = &night}};

static struct directory_customer clinic(void)
{
    return (struct directory_customer){.id = 1,
                                       .slug = "clinic",
                                       .default_procedure = "night",
                                       .active = true,
                                       .emergency_phone = "+33199",
                                       .agents = agents,
                                       .agents_count = AGENTS_COUNT,
                                       .contacts = contacts,
                                       .contacts_count = 2,
                                       .rotas = rotas,
                                       .rotas_count = 4,
                                       .procedures = procedures,
                                       .procedures_count = 1};
}

/* "1 paul principal, 3 marie renfort, …": steps, people ("-": the emergency number) and roles. */
static const char *ladder_of(const struct directory_customer *customer, int64_t at_ms)
{
    static char text[2048];
    struct ladder ladder;
    size_t used = 0;
    ladder_resolve(customer, (struct wall_time){at_ms}, &ladder);
    text[0] = '\0';
    for (size_t i = 0; i < ladder.count; i++) {
        const struct ladder_rung *rung = &ladder.rungs[i];
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%d %s%s%s", i > 0 ? ", " : "",
                             rung->step, rung->person != NULL ? rung->person->slug : "-",
                             rung->role != NULL ? " " : "", rung->role != NULL ? rung->role : "");
        assert_string_equal(rung->phone,
                            rung->person != NULL
                                ? directory_phone(rung->person, (size_t)rung->place - 1).phone
                                : customer->emergency_phone);
    }
    return text;
}

/* Paul is on call at this very moment, whatever path his step reaches him by; the second step adds
 * nobody; who has no telephone, left, or is unknown is left out; the director has Marie's. */
static void test_ladder__people_of_the_steps(void **state)
{
    (void)state;
    struct directory_customer customer = clinic();
    assert_string_equal(ladder_of(&customer, NOW_MS),
                        "1 paul principal, 3 marie renfort, 4 chief, 0 -");
}

/* To the millisecond. */
static void test_ladder__hand_over(void **state)
{
    (void)state;
    struct directory_customer customer = clinic();
    assert_string_equal(ladder_of(&customer, NOW_MS - 1),
                        "1 jean principal, 3 marie renfort, 3 paul, 4 chief, 0 -");
    assert_string_equal(ladder_of(&customer, NOW_MS + 1),
                        "1 marie principal, 3 paul, 4 chief, 0 -");
    assert_string_equal(ladder_of(&customer, 9000), "3 paul, 4 director, 4 chief, 0 -");
}

/* Without a procedure that can be read, those on call all the same: the principal one first. */
static void test_ladder__without_a_procedure(void **state)
{
    (void)state;
    struct directory_customer customer = clinic();
    customer.default_procedure = NULL;
    const char *expected = "0 paul principal, 0 jean cadre, 0 marie renfort, 0 -";
    assert_string_equal(ladder_of(&customer, NOW_MS), expected);
    customer.default_procedure = "gone";
    assert_string_equal(ladder_of(&customer, NOW_MS), expected);
}

static void test_ladder__emergency_number(void **state)
{
    (void)state;
    struct directory_customer customer = clinic();
    customer.emergency_phone = NULL;
    assert_string_equal(ladder_of(&customer, NOW_MS), "1 paul principal, 3 marie renfort, 4 chief");
    customer.emergency_phone = "+33621"; /* the chief's: once is enough */
    assert_string_equal(ladder_of(&customer, NOW_MS), "1 paul principal, 3 marie renfort, 4 chief");
    night.steps_count = 0;
    assert_string_equal(ladder_of(&customer, NOW_MS), "0 -");
    customer.emergency_phone = NULL;
    assert_string_equal(ladder_of(&customer, NOW_MS), "");
    night.steps_count = 4;
}

/* All numbers of one before the next, each number once: Marie's second is the chief's. */
static void test_ladder__all_numbers_of_one_before_the_next(void **state)
{
    (void)state;
    static const struct directory_phone pauls[] = {{"+33714", NULL}, {"+33612", NULL}};
    static const struct directory_phone maries[] = {{"+33621", "domicile"}, {"+33712", NULL}};
    struct directory_person people[AGENTS_COUNT];
    struct directory_customer customer = clinic();
    memcpy(people, agents, sizeof people);
    people[PAUL].further = pauls;
    people[MARIE].further = maries;
    people[PAUL].further_count = people[MARIE].further_count = 2;
    customer.agents = people;
    struct ladder ladder;
    ladder_resolve(&customer, (struct wall_time){NOW_MS}, &ladder);
    static const char *const phones[] = {"+33614", "+33714", "+33612",
                                         "+33621", "+33712", "+33199"};
    static const int places[] = {1, 2, 3, 2, 3, 0};
    assert_int_equal(ladder.count, sizeof phones / sizeof phones[0]);
    for (size_t i = 0; i < ladder.count; i++) {
        assert_string_equal(ladder.rungs[i].phone, phones[i]);
        assert_int_equal(ladder.rungs[i].place, places[i]);
    }
    assert_false(ladder.cut);
    char text[1024];
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    ladder_write(&json, &ladder);
    assert_non_null(strstr(text, "{\"phone\":\"+33714\",\"agent\":\"paul\",\"name\":null,\"role\":"
                                 "\"principal\",\"step\":1,\"place\":2,\"emergency\":false}"));
}

/* Of a crowd the first are tried, and the emergency number has its place. */
static void test_ladder__is_limited(void **state)
{
    (void)state;
    enum { CROWD = LADDER_RUNGS_MAX + 8 };
    static struct directory_person crowd[CROWD];
    static struct directory_interval shifts[CROWD];
    static char names[CROWD][16], phones[CROWD][16];
    for (int i = 0; i < CROWD; i++) {
        (void)snprintf(names[i], sizeof names[i], "agent-%02d", i);
        (void)snprintf(phones[i], sizeof phones[i], "+336000%02d", i);
        crowd[i] = (struct directory_person){.kind = PERSON_AGENT,
                                             .id = i + 1,
                                             .slug = names[i],
                                             .phone = phones[i],
                                             .active = true};
        shifts[i] = (struct directory_interval){{0}, {9000}, i + 1};
    }
    const struct directory_rota all = {
        .slug = "principal", .intervals = shifts, .intervals_count = CROWD};
    struct directory_customer customer = clinic();
    customer.agents = crowd;
    customer.agents_count = CROWD;
    customer.rotas = &all;
    customer.rotas_count = 1;
    struct ladder ladder;
    ladder_resolve(&customer, (struct wall_time){NOW_MS}, &ladder);
    assert_int_equal(ladder.count, LADDER_RUNGS_MAX);
    assert_true(ladder.cut);
    assert_string_equal(ladder.rungs[LADDER_RUNGS_MAX - 2].person->slug, "agent-30");
    assert_string_equal(ladder.rungs[LADDER_RUNGS_MAX - 1].phone, "+33199");
    customer.emergency_phone = NULL;
    ladder_resolve(&customer, (struct wall_time){NOW_MS}, &ladder);
    assert_int_equal(ladder.count, LADDER_RUNGS_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ladder__people_of_the_steps),
        cmocka_unit_test(test_ladder__hand_over),
        cmocka_unit_test(test_ladder__without_a_procedure),
        cmocka_unit_test(test_ladder__emergency_number),
        cmocka_unit_test(test_ladder__all_numbers_of_one_before_the_next),
        cmocka_unit_test(test_ladder__is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
