/* test_times.c - times of the week: how they are read, when they hold, what is said of them. */
#include "tests/unit/qualification/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define AT(at) RULE_WHEN("{\"at\":" at "}")

enum day { MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY };

static struct rules_clock clock_at(enum day weekday, int hour, int minute)
{
    return (struct rules_clock){.is_known = true,
                                .weekday = (int)weekday,
                                .minute = hour * 60 + minute,
                                .holidays_known = true};
}

static enum status decide(struct arena *arena, const char *json, struct rules_clock clock,
                          struct rules_decision *decision_r)
{
    const struct rules_facts facts = {.severity = SEVERITY_MAJOR, .clock = clock};
    return rules_decide(fixture_parse(arena, json), &facts, decision_r);
}

static void assert_holds(struct arena *arena, const char *json, struct rules_clock clock,
                         bool holds)
{
    struct rules_decision decision;
    assert_int_equal(decide(arena, json, clock, &decision), holds ? STATUS_OK : STATUS_NOT_FOUND);
}

#define WEEKEND_NIGHTS                                                                             \
    AT("{\"days\":[\"saturday\",\"holidays\"],\"from\":\"22:00\",\"to\":\"06:00\"}")

static void time__belongs_to_the_day_on_which_it_begins(void **state)
{
    static const struct {
        enum day day;
        int hour, minute;
        bool holiday, after_holiday, holds;
    } cases[] = {
        {SATURDAY, 21, 59, false, false, false}, {SATURDAY, 22, 0, false, false, true},
        {SUNDAY, 5, 59, false, false, true},     {SUNDAY, 6, 0, false, false, false},
        {SATURDAY, 3, 0, false, false, false},   {SUNDAY, 22, 0, false, false, false},
        {WEDNESDAY, 22, 0, true, false, true},   {WEDNESDAY, 3, 0, true, false, false},
        {THURSDAY, 3, 0, false, true, true},     {THURSDAY, 23, 0, false, true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rules_clock clock = clock_at(cases[i].day, cases[i].hour, cases[i].minute);
        clock.holiday = cases[i].holiday;
        clock.holiday_yesterday = cases[i].after_holiday;
        assert_holds(*state, WEEKEND_NIGHTS, clock, cases[i].holds);
    }
}

static void time__may_be_all_of_a_day_or_of_each(void **state)
{
    const char *sundays = AT("{\"days\":[\"sunday\"]}");
    assert_holds(*state, sundays, clock_at(SUNDAY, 0, 0), true);
    assert_holds(*state, sundays, clock_at(SUNDAY, 23, 59), true);
    assert_holds(*state, sundays, clock_at(MONDAY, 0, 0), false);
    assert_holds(*state, sundays, clock_at(SATURDAY, 23, 59), false);
    const char *days = AT("{\"from\":\"08:00\",\"to\":\"18:00\"}");
    assert_holds(*state, days, clock_at(TUESDAY, 8, 0), true);
    assert_holds(*state, days, clock_at(TUESDAY, 18, 0), false);
    /* From noon to noon. */
    const char *turn = AT("{\"days\":[\"friday\"],\"from\":\"12:00\",\"to\":\"12:00\"}");
    assert_holds(*state, turn, clock_at(FRIDAY, 11, 59), false);
    assert_holds(*state, turn, clock_at(FRIDAY, 12, 0), true);
    assert_holds(*state, turn, clock_at(SATURDAY, 11, 59), true);
    assert_holds(*state, turn, clock_at(SATURDAY, 12, 0), false);
    const char *either = AT("[{\"days\":[\"sunday\"]},{\"from\":\"22:00\",\"to\":\"23:00\"}]");
    assert_holds(*state, either, clock_at(SUNDAY, 7, 0), true);
    assert_holds(*state, either, clock_at(MONDAY, 22, 30), true);
    assert_holds(*state, either, clock_at(MONDAY, 21, 30), false);
}

/* A clock or holidays that nobody knows are not guessed, where they would tell a difference. */
static void time__is_not_guessed(void **state)
{
    struct rules_decision decision;
    struct rules_clock clock = clock_at(SATURDAY, 23, 0);
    clock.holidays_known = false;
    assert_int_equal(decide(*state, WEEKEND_NIGHTS, clock, &decision), STATUS_OK);
    clock = clock_at(TUESDAY, 12, 0);
    clock.holidays_known = false;
    assert_int_equal(decide(*state, WEEKEND_NIGHTS, clock, &decision), STATUS_NOT_FOUND);
    clock = clock_at(TUESDAY, 23, 0);
    clock.holidays_known = false;
    assert_int_equal(decide(*state, WEEKEND_NIGHTS, clock, &decision), STATUS_UNAVAILABLE);
    assert_string_equal(decision.rule->name, "r");
    clock = clock_at(TUESDAY, 3, 0); /* behind what may have been a holiday */
    clock.holidays_known = false;
    assert_int_equal(decide(*state, WEEKEND_NIGHTS, clock, &decision), STATUS_UNAVAILABLE);
    clock.is_known = false;
    assert_int_equal(decide(*state, AT("{\"days\":[\"monday\"]}"), clock, &decision),
                     STATUS_UNAVAILABLE);
}

static void time__is_said(void **state)
{
    static const struct {
        const char *json, *fr, *en;
    } cases[] = {
        {WEEKEND_NIGHTS, "horaire « samedi/jours fériés de 22:00 à 06:00 »",
         "time \"saturday/holidays from 22:00 to 06:00\""},
        {AT("{\"days\":[\"saturday\"]}"), "horaire « samedi »", "time \"saturday\""},
        {AT("[{\"days\":[\"monday\"]},{\"from\":\"20:00\",\"to\":\"00:00\"}]"),
         "horaire « de 20:00 à 00:00 »", "time \"from 20:00 to 00:00\""},
        {AT("{\"from\":\"00:00\",\"to\":\"00:00\"}"), "horaire « tous les jours »",
         "time \"every day\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rules_decision decision;
        assert_int_equal(decide(*state, cases[i].json, clock_at(SATURDAY, 22, 30), &decision),
                         STATUS_OK);
        assert_string_equal(decision.because_fr, cases[i].fr);
        assert_string_equal(decision.because_en, cases[i].en);
    }
}

static void time__faults_have_a_place(void **state)
{
    static const struct {
        const char *json, *pointer;
    } cases[] = {
        {AT("5"), "/rules/0/when/at"},
        {AT("[]"), "/rules/0/when/at"},
        {AT("{}"), "/rules/0/when/at"},
        {AT("[{\"days\":[\"monday\"]},{}]"), "/rules/0/when/at/1"},
        {AT("{\"days\":[]}"), "/rules/0/when/at/days"},
        {AT("{\"days\":[\"monday\",\"feiertag\"]}"), "/rules/0/when/at/days/1"},
        {AT("{\"days\":[\"monday\",\"monday\"]}"), "/rules/0/when/at/days/1"},
        {AT("{\"days\":[7]}"), "/rules/0/when/at/days/0"},
        {AT("{\"from\":\"22:00\"}"), "/rules/0/when/at/to"},
        {AT("{\"to\":\"22:00\"}"), "/rules/0/when/at/from"},
        {AT("{\"from\":\"24:00\",\"to\":\"22:00\"}"), "/rules/0/when/at/from"},
        {AT("{\"from\":\"22:60\",\"to\":\"22:00\"}"), "/rules/0/when/at/from"},
        {AT("{\"from\":\"22:00\",\"to\":\"2:000\"}"), "/rules/0/when/at/to"},
        {AT("{\"from\":\"22:00\",\"to\":\"6:00\"}"), "/rules/0/when/at/to"},
        {AT("{\"days\":[\"monday\"],\"until\":\"6:00\"}"), "/rules/0/when/at/until"},
        {AT("[{\"days\":[\"monday\"]},{\"days\":[\"monday\"]},{\"days\":[\"monday\"]},"
            "{\"days\":[\"monday\"]},{\"days\":[\"monday\"]}]"),
         "/rules/0/when/at"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rules *rules = NULL;
        struct error error = {.text = ""};
        assert_int_equal(rules_parse(cases[i].json, strlen(cases[i].json), *state, &rules, &error),
                         STATUS_INVALID);
        assert_string_equal(error.pointer, cases[i].pointer);
        assert_null(rules);
    }
}

/* Day and night together leave nothing; a rule for holidays behind them is not reached. */
static void time__counts_in_the_check(void **state)
{
    static const struct {
        const char *last, *pointer;
    } cases[] = {
        {"", ""},
        {",{\"name\":\"c\",\"when\":{\"at\":{\"days\":[\"holidays\"]}}," ESCALATE "}", "/rules/2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {.text = ""};
        char json[512];
        (void)snprintf(json, sizeof json,
                       "{\"rules\":[{\"name\":\"a\",\"when\":{\"at\":{\"from\":\"22:00\",\"to\":"
                       "\"06:00\"}}," ESCALATE "},{\"name\":\"b\",\"when\":{\"at\":{\"from\":"
                       "\"06:00\",\"to\":\"22:00\"}}," ESCALATE "}%s]}",
                       cases[i].last);
        enum status status = rules_check_coverage(fixture_parse(*state, json), *state, &error);
        assert_int_equal(status, cases[i].pointer[0] == '\0' ? STATUS_OK : STATUS_INVALID);
        assert_string_equal(error.pointer, cases[i].pointer);
    }
}

/* 63 rules whose times begin one behind the other, four of different lengths each. */
static void time__kinds_have_a_limit(void **state)
{
    static const int minutes[] = {10, 30, 60, 100};
    for (int few = 1; few >= 0; few--) {
        char json[32768];
        struct error error = {.text = ""};
        size_t used = (size_t)snprintf(json, sizeof json, "{\"rules\":[");
        for (int i = 0; i < RULES_MAX - 1; i++) {
            used += (size_t)snprintf(
                json + used, sizeof json - used,
                "{\"name\":\"r%d\"," ESCALATE ",\"when\":{\"category\":\"c%d\",\"at\":[", i, i);
            for (int k = 0; k < (few != 0 ? 1 : RULES_TIMES_MAX); k++) {
                int from = (k * 63 + i) * 4, to = from + minutes[k];
                used += (size_t)snprintf(json + used, sizeof json - used,
                                         "%s{\"from\":\"%02d:%02d\",\"to\":\"%02d:%02d\"}",
                                         k > 0 ? "," : "", from / 60, from % 60, to / 60, to % 60);
            }
            used += (size_t)snprintf(json + used, sizeof json - used, "]}},");
        }
        (void)snprintf(json + used, sizeof json - used, "{\"name\":\"z\"," ESCALATE "}]}");
        enum status status = rules_check_coverage(fixture_parse(*state, json), *state, &error);
        assert_int_equal(status, few != 0 ? STATUS_OK : STATUS_INVALID);
        assert_string_equal(error.pointer, few != 0 ? "" : "/rules");
        assert_true(few != 0 || strstr(error.text, "let fewer rules have an \"at\"") != NULL);
        arena_reset(*state);
    }
}

#define TIME_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TIME_TEST(time__belongs_to_the_day_on_which_it_begins),
        TIME_TEST(time__may_be_all_of_a_day_or_of_each),
        TIME_TEST(time__is_not_guessed),
        TIME_TEST(time__is_said),
        TIME_TEST(time__faults_have_a_place),
        TIME_TEST(time__counts_in_the_check),
        TIME_TEST(time__kinds_have_a_limit),
    };
    return cmocka_run_group_tests_name("qualification.times", tests, NULL, NULL);
}
