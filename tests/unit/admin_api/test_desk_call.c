/* test_desk_call.c - what memory says of a call: who is on call, until when, what is to be said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "admin-api/desk_call.h"

static const struct directory_person agents[] = {
    {.kind = PERSON_AGENT, .id = 1, .slug = "marie", .name = "Marie", .active = true},
    {.kind = PERSON_AGENT, .id = 2, .slug = "paul", .name = "Paul", .active = true},
};
static const struct engine_rotas nobody_knows = {.compile = NULL};

/* What the directory says at 100 of a customer with these intervals in its one rota. */
static struct desk_call look_up(struct arena *arena, const struct directory_interval *intervals,
                                size_t count)
{
    struct directory_rota rota = {.slug = "principal",
                                  .compiled_until = {1000},
                                  .intervals = intervals,
                                  .intervals_count = count};
    struct directory_customer customer = {
        .id = 1, .slug = "clinique", .agents = agents, .agents_count = 2};
    struct directory_rota *kept = arena_alloc(arena, sizeof *kept);
    struct directory_customer *whose = arena_alloc(arena, sizeof *whose);
    assert_non_null(kept);
    assert_non_null(whose);
    *kept = rota;
    *whose = customer;
    whose->rotas = kept;
    whose->rotas_count = 1;
    struct desk_call call = {.customer = whose, .number = "+33142000000", .at = {100}};
    assert_int_equal(desk_call_look_up(&call, &nobody_knows, arena, NULL), STATUS_OK);
    return call;
}

static void test_turns__end_where_somebody_else_begins(void **state)
{
    static const struct directory_interval intervals[] = {
        {{0}, {50}, 1}, {{50}, {150}, 2}, {{150}, {200}, 2}, {{200}, {300}, 1}, {{300}, {400}, 2}};
    struct desk_call call = look_up(*state, intervals, 5);
    assert_int_equal(call.turns_count, 1);
    assert_string_equal(call.turns[0].agent->slug, "paul");
    assert_int_equal(call.turns[0].until.ms, 200);
    assert_false(call.turns_more);
    assert_int_equal(call.hours, RULES_HOURS_UNKNOWN);
    assert_int_equal(call.hours_until.ms, TIME_NEVER_MS);
}

static void test_turns__of_two_at_once(void **state)
{
    static const struct directory_interval intervals[] = {
        {{0}, {150}, 1}, {{100}, {120}, 2}, {{150}, {180}, 1}, {{170}, {190}, 2}};
    struct desk_call call = look_up(*state, intervals, 4);
    assert_int_equal(call.turns_count, 2);
    assert_int_equal(call.turns[0].until.ms, 180);
    assert_int_equal(call.turns[1].until.ms, 120); /* a break, however short */
}

static void test_turns__go_on_beyond_what_is_known(void **state)
{
    static const struct directory_interval known[] = {{{0}, {999}, 1}},
                                           unknown[] = {{{0}, {500}, 1}, {{500}, {1000}, 1}};
    struct desk_call call = look_up(*state, known, 1);
    assert_int_equal(call.turns[0].until.ms, 999);
    call = look_up(*state, unknown, 2);
    assert_int_equal(call.turns[0].until.ms, TIME_NEVER_MS);
}

static void test_turns__are_limited(void **state)
{
    struct directory_interval intervals[DESK_TURNS_MAX + 1];
    for (size_t i = 0; i < DESK_TURNS_MAX + 1; i++) {
        intervals[i] = (struct directory_interval){{100}, {101}, 1 + (int64_t)i % 2};
    }
    struct desk_call call = look_up(*state, intervals, DESK_TURNS_MAX);
    assert_int_equal(call.turns_count, DESK_TURNS_MAX);
    assert_false(call.turns_more);
    call = look_up(*state, intervals, DESK_TURNS_MAX + 1);
    assert_int_equal(call.turns_count, DESK_TURNS_MAX);
    assert_true(call.turns_more);
    static const struct directory_interval over[] = {{{0}, {100}, 1}, {{101}, {200}, 2}};
    call = look_up(*state, over, 2);
    assert_int_equal(call.turns_count, 0);
}

static void test_turns__without_memory(void **state)
{
    (void)state;
    struct error error = {.text = ""};
    struct arena *small = arena_create(64);
    const struct directory_customer customer = {.id = 1};
    struct desk_call call = {.customer = &customer};
    assert_int_equal(desk_call_look_up(&call, &nobody_knows, small, &error), STATUS_NO_MEMORY);
    assert_non_null(strstr(error.text, "no memory"));
    arena_destroy(&small);
}

static void test_sentence__is_the_customers_or_the_gateways(void **state)
{
    (void)state;
    const struct directory_customer plain = {.slug = "a"};
    const struct directory_customer french = {.slug = "b", .nobody_reached_fr = "Patientez."};
    assert_non_null(strstr(desk_call_nobody_reached(&plain, true), "je vous rappelle"));
    assert_non_null(strstr(desk_call_nobody_reached(&plain, false), "I will call you back"));
    assert_string_equal(desk_call_nobody_reached(&french, true), "Patientez.");
    assert_string_equal(desk_call_nobody_reached(&french, false),
                        desk_call_nobody_reached(&plain, false));
}

static int arena_setup(void **state)
{
    *state = arena_create(0);
    return *state == NULL;
}

static int arena_teardown(void **state)
{
    struct arena *arena = *state;
    arena_destroy(&arena);
    return 0;
}

#define ARENA_TEST(name) cmocka_unit_test_setup_teardown(name, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(test_turns__end_where_somebody_else_begins),
        ARENA_TEST(test_turns__of_two_at_once),
        ARENA_TEST(test_turns__go_on_beyond_what_is_known),
        ARENA_TEST(test_turns__are_limited),
        cmocka_unit_test(test_turns__without_memory),
        cmocka_unit_test(test_sentence__is_the_customers_or_the_gateways),
    };
    return cmocka_run_group_tests_name("admin_api.desk_call", tests, NULL, NULL);
}
