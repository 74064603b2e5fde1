/* test_interventions.c - who was at work from when to when, out of a timeline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admin-api/interventions.h"

#define PAUL     "{\"person_kind\":\"agent\",\"person\":7}"
#define ZOE      "{\"person_kind\":\"agent\",\"person\":8}"
#define CHIEF    "{\"person_kind\":\"contact\",\"person\":9}"
#define OPERATOR "{\"person_kind\":\"operator\",\"name\":\"Léa\"}"

static struct coverage_intervention items[COVERAGE_INTERVENTIONS_MAX];

static struct interventions take(const struct timeline_row *rows, size_t count)
{
    struct interventions list = {.items = items};
    interventions_take(rows, count, (struct wall_time){1000}, &list);
    return list;
}

static void assert_intervention(size_t number, int64_t agent, int64_t from_ms, int64_t to_ms)
{
    assert_int_equal(items[number].agent_id, agent);
    assert_int_equal(items[number].from.ms, from_ms);
    assert_int_equal(items[number].to.ms, to_ms);
}

static void test_interventions__from_acceptance_to_the_end(void **state)
{
    (void)state;
    const struct timeline_row rows[] = {
        {.kind = ENTRY_OPENED, .at = {10}, .facts = "{}"},
        {.kind = ENTRY_ACCEPTED, .at = {20}, .facts = PAUL},
        {.kind = ENTRY_PROGRESS, .at = {30}, .facts = PAUL},
        {.kind = ENTRY_HANDED_BACK, .at = {40}, .facts = PAUL},
        {.kind = ENTRY_ACCEPTED, .at = {50}, .facts = ZOE},
        {.kind = ENTRY_RESUMED, .at = {60}, .facts = ZOE},
        {.kind = ENTRY_ACCEPTED, .at = {70}, .facts = PAUL},
        {.kind = ENTRY_DONE, .at = {80}, .facts = PAUL},
    };
    assert_int_equal(take(rows, 8).count, 3);
    assert_intervention(0, 7, 20, 40);
    assert_intervention(1, 8, 50, 60);
    assert_intervention(2, 7, 70, 80);
}

/* Members work too; who is handed it over goes on where they were, and who stays does. */
static void test_interventions__of_members(void **state)
{
    (void)state;
    const struct timeline_row rows[] = {
        {.kind = ENTRY_ACCEPTED, .at = {20}, .facts = PAUL},
        {.kind = ENTRY_MEMBER_JOINED, .at = {30}, .facts = ZOE},
        {.kind = ENTRY_HANDED_OVER, .at = {40}, .facts = ZOE},
        {.kind = ENTRY_MEMBER_JOINED, .at = {40}, .facts = PAUL},
        {.kind = ENTRY_MEMBER_LEFT, .at = {50}, .facts = PAUL},
        {.kind = ENTRY_DONE, .at = {60}, .facts = ZOE},
    };
    assert_int_equal(take(rows, 6).count, 3);
    assert_intervention(0, 7, 20, 40);
    assert_intervention(1, 7, 40, 50);
    assert_intervention(2, 8, 30, 60);
}

static void test_interventions__what_goes_on_ends_now(void **state)
{
    (void)state;
    const struct timeline_row rows[] = {
        {.kind = ENTRY_ACCEPTED, .at = {20}, .facts = PAUL},
        {.kind = ENTRY_OVERDUE, .at = {30}, .facts = PAUL},
    };
    assert_int_equal(take(rows, 2).count, 1);
    assert_intervention(0, 7, 20, 1000);
}

/* They were woken all the same; the clock may have been set back meanwhile. */
static void test_interventions__over_at_once(void **state)
{
    (void)state;
    const struct timeline_row rows[] = {
        {.kind = ENTRY_ACCEPTED, .at = {20}, .facts = PAUL},
        {.kind = ENTRY_DONE, .at = {20}, .facts = PAUL},
        {.kind = ENTRY_ACCEPTED, .at = {60}, .facts = ZOE},
        {.kind = ENTRY_DONE, .at = {50}, .facts = ZOE},
        {.kind = ENTRY_ACCEPTED, .at = {1000}, .facts = PAUL},
    };
    assert_int_equal(take(rows, 5).count, 2);
    assert_intervention(0, 7, 20, 21);
    assert_intervention(1, 8, 60, 61);
}

/* Somebody on the road is at work until they know. */
static void test_interventions__a_cancelled_one_lasts_until_it_is_confirmed(void **state)
{
    (void)state;
    const struct timeline_row rows[] = {
        {.kind = ENTRY_ACCEPTED, .at = {20}, .facts = PAUL},
        {.kind = ENTRY_CANCELLED, .at = {30}, .facts = OPERATOR},
        {.kind = ENTRY_CANCEL_CONFIRMED, .at = {90}, .facts = PAUL},
    };
    assert_int_equal(take(rows, 3).count, 1);
    assert_intervention(0, 7, 20, 90);
}

static void test_interventions__of_agents_only(void **state)
{
    (void)state;
    const struct timeline_row rows[] = {
        {.kind = ENTRY_ACCEPTED, .at = {20}, .facts = CHIEF},
        {.kind = ENTRY_HANDED_BACK, .at = {30}, .facts = CHIEF},
        {.kind = ENTRY_TAKEN, .at = {40}, .facts = OPERATOR},
        {.kind = ENTRY_DONE, .at = {50}, .facts = OPERATOR},
        {.kind = ENTRY_ACCEPTED, .at = {60}, .facts = "damaged"},
        {.kind = ENTRY_DONE, .at = {70}, .facts = NULL},
    };
    assert_int_equal(take(rows, 6).count, 0);
}

static void test_interventions__more_than_there_is_room_for(void **state)
{
    (void)state;
    const struct timeline_row rows[] = {
        {.kind = ENTRY_ACCEPTED, .at = {20}, .facts = PAUL},
        {.kind = ENTRY_DONE, .at = {30}, .facts = PAUL},
    };
    struct interventions list = {.items = items, .count = COVERAGE_INTERVENTIONS_MAX - 1};
    interventions_take(rows, 2, (struct wall_time){1000}, &list);
    assert_int_equal(list.count, COVERAGE_INTERVENTIONS_MAX);
    assert_false(list.cut);
    interventions_take(rows, 2, (struct wall_time){1000}, &list);
    assert_int_equal(list.count, COVERAGE_INTERVENTIONS_MAX);
    assert_true(list.cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interventions__from_acceptance_to_the_end),
        cmocka_unit_test(test_interventions__of_members),
        cmocka_unit_test(test_interventions__what_goes_on_ends_now),
        cmocka_unit_test(test_interventions__over_at_once),
        cmocka_unit_test(test_interventions__a_cancelled_one_lasts_until_it_is_confirmed),
        cmocka_unit_test(test_interventions__of_agents_only),
        cmocka_unit_test(test_interventions__more_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
