/* rules_decide(): the first rule that holds, and the reason in both languages. */
#include "tests/unit/qualification/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* What rules_decide() answers for the only rule of a set. */
static enum status decide(struct arena *arena, const char *json, const struct rules_facts *facts,
                          struct rules_decision *decision_r)
{
    memset(decision_r, 0, sizeof *decision_r);
    return rules_decide(fixture_parse(arena, json), facts, decision_r);
}

static void expect_because(struct arena *arena, const char *json, const struct rules_facts *facts,
                           const char *fr, const char *en)
{
    struct rules_decision decision;
    assert_int_equal(decide(arena, json, facts, &decision), STATUS_OK);
    assert_string_equal(decision.because_fr, fr);
    assert_string_equal(decision.because_en, en);
}

static void decide__takes_the_first_that_holds(void **state)
{
    const char *json = "{\"rules\":[{\"name\":\"a\",\"when\":{\"severity\":\"critical\"}," ESCALATE
                       "},{\"name\":\"b\",\"when\":{\"category\":\"lift\"}," ESCALATE
                       "},{\"name\":\"c\"," ESCALATE "}]}";
    struct rules_facts facts = {.severity = SEVERITY_CRITICAL, .category = "lift"};
    struct rules_decision decision;
    assert_int_equal(decide(*state, json, &facts, &decision), STATUS_OK);
    assert_string_equal(decision.rule->name, "a");
    assert_int_equal(decision.number, 0);
    facts.severity = SEVERITY_MAJOR;
    assert_int_equal(decide(*state, json, &facts, &decision), STATUS_OK);
    assert_string_equal(decision.rule->name, "b");
    facts.category = "lif";
    assert_int_equal(decide(*state, json, &facts, &decision), STATUS_OK);
    assert_string_equal(decision.rule->name, "c");
    assert_int_equal(decision.number, 2);
}

static void decide__says_when_none_holds(void **state)
{
    const struct rules_facts facts = {.severity = SEVERITY_MINOR};
    struct rules_decision decision;
    assert_int_equal(decide(*state, RULE_WHEN("{\"severity\":\"major\"}"), &facts, &decision),
                     STATUS_NOT_FOUND);
    assert_int_equal(decide(*state, "{\"rules\":[]}", &facts, &decision), STATUS_NOT_FOUND);
}

/* Each condition by itself: with these facts it holds, with those it does not. */
struct example {
    const char *json;
    struct rules_facts holds;
    struct rules_facts fails;
    const char *fr;
    const char *en;
};

static const struct rules_fact site_b[] = {{"etage", "2"}, {"site", "B"}};
static const struct rules_fact site_c[] = {{"site", "C"}, {"sit", "B"}};

static const struct example examples[] = {
    {RULE_WHEN("{\"severity\":{\"at_least\":\"major\"}}"),
     {.severity = SEVERITY_CRITICAL},
     {.severity = SEVERITY_MINOR},
     "gravité critique (au moins majeure)",
     "severity critical (at least major)"},
    {RULE_WHEN("{\"severity\":{\"at_most\":\"minor\"}}"),
     {.severity = SEVERITY_INFO},
     {.severity = SEVERITY_MAJOR},
     "gravité info (au plus mineure)",
     "severity info (at most minor)"},
    {RULE_WHEN("{\"severity\":[\"minor\",\"critical\"]}"),
     {.severity = SEVERITY_MINOR},
     {.severity = SEVERITY_MAJOR},
     "gravité mineure",
     "severity minor"},
    {RULE_WHEN("{\"category\":[\"fire\",\"lift\"]}"),
     {.category = "lift"},
     {.category = NULL},
     "catégorie « lift »",
     "category \"lift\""},
    {RULE_WHEN("{\"category\":{\"present\":true}}"),
     {.category = "x"},
     {.category = NULL},
     "catégorie indiquée",
     "category given"},
    {RULE_WHEN("{\"category\":{\"present\":false}}"),
     {.category = NULL},
     {.category = "x"},
     "catégorie non indiquée",
     "category not given"},
    {RULE_WHEN("{\"fields\":{\"site\":[\"A\",\"B\"]}}"),
     {.fields = site_b, .fields_count = 2},
     {.fields = site_c, .fields_count = 2},
     "champ site « B »",
     "field site \"B\""},
    {RULE_WHEN("{\"fields\":{\"etage\":{\"present\":true},\"code\":{\"present\":false}}}"),
     {.fields = site_b, .fields_count = 2},
     {.fields = site_c, .fields_count = 2},
     "champ etage rempli, champ code vide",
     "field etage filled, field code empty"},
    {RULE_WHEN("{\"caller\":{\"number\":[\"+331\",\"+33388*\"]}}"),
     {.caller_number = "+33388000000"},
     {.caller_number = "+3338"},
     "numéro de l'appelant « +33388* »",
     "caller's number \"+33388*\""},
    {RULE_WHEN("{\"caller\":{\"number\":\"+33388\"}}"),
     {.caller_number = "+33388"},
     {.caller_number = "+333880"},
     "numéro de l'appelant « +33388 »",
     "caller's number \"+33388\""},
    {RULE_WHEN("{\"caller\":{\"number\":{\"present\":false}}}"),
     {.caller_number = NULL},
     {.caller_number = "secret"},
     "numéro de l'appelant inconnu",
     "caller's number not known"},
    {RULE_WHEN("{\"caller\":{\"name\":{\"present\":true}}}"),
     {.caller_named = true},
     {.caller_named = false},
     "nom de l'appelant connu",
     "caller's name known"},
    {RULE_WHEN("{\"hours\":\"closed\"}"),
     {.hours = RULES_HOURS_CLOSED},
     {.hours = RULES_HOURS_OPEN},
     "hors des heures d'ouverture",
     "outside opening hours"},
    {RULE_WHEN("{\"hours\":\"open\",\"severity\":\"info\"}"),
     {.hours = RULES_HOURS_OPEN},
     {.hours = RULES_HOURS_CLOSED},
     "gravité info, pendant les heures d'ouverture",
     "severity info, during opening hours"},
};

static void decide__tests_each_condition_and_says_why(void **state)
{
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct example *example = &examples[i];
        struct rules_decision decision;
        expect_because(*state, example->json, &example->holds, example->fr, example->en);
        assert_int_equal(decide(*state, example->json, &example->fails, &decision),
                         STATUS_NOT_FOUND);
    }
}

static void decide__says_that_a_rule_holds_for_all(void **state)
{
    const struct rules_facts facts = {.severity = SEVERITY_MAJOR};
    expect_because(*state, RULE_WHEN("{}"), &facts, "cette règle vaut pour tout appel",
                   "this rule holds for every call");
}

/* A rule that hangs on hours nobody knows stops the search; one that fails otherwise does not. */
static void decide__does_not_guess_the_hours(void **state)
{
    const char *json = "{\"rules\":[{\"name\":\"a\",\"when\":{\"hours\":\"open\",\"severity\":"
                       "\"info\"}," ESCALATE "},{\"name\":\"b\"," ESCALATE "}]}";
    struct rules_facts facts = {.severity = SEVERITY_MAJOR};
    struct rules_decision decision;
    assert_int_equal(decide(*state, json, &facts, &decision), STATUS_OK);
    assert_string_equal(decision.rule->name, "b");
    facts.severity = SEVERITY_INFO;
    assert_int_equal(decide(*state, json, &facts, &decision), STATUS_UNAVAILABLE);
    assert_string_equal(decision.rule->name, "a");
    assert_string_equal(decision.because_fr, "");
    facts.hours = RULES_HOURS_CLOSED;
    assert_int_equal(decide(*state, json, &facts, &decision), STATUS_OK);
    assert_string_equal(decision.rule->name, "b");
}

/* A reason that does not fit ends between two characters, with an ellipsis. */
static void decide__cuts_a_long_reason(void **state)
{
    char json[1024], value[RULES_TEXT_BYTES_MAX + 1];
    for (size_t i = 0; i < RULES_TEXT_BYTES_MAX; i += 2) {
        memcpy(value + i, "é", 2);
    }
    value[RULES_TEXT_BYTES_MAX] = '\0';
    for (size_t bytes = RULES_TEXT_BYTES_MAX; bytes >= 460; bytes -= 2) {
        struct rules_decision decision;
        value[bytes] = '\0';
        (void)snprintf(json, sizeof json, RULE_WHEN("{\"fields\":{\"site\":\"%s\"}}"), value);
        const struct rules_fact fact = {"site", value};
        const struct rules_facts facts = {.fields = &fact, .fields_count = 1};
        assert_int_equal(decide(*state, json, &facts, &decision), STATUS_OK);
        size_t length = strlen(decision.because_fr);
        assert_true(length < RULES_BECAUSE_BYTES_MAX);
        assert_true(text_is_utf8(decision.because_fr, length));
        bool whole = strcmp(decision.because_fr + length - strlen("»"), "»") == 0;
        bool cut = strcmp(decision.because_fr + length - strlen("…"), "…") == 0;
        assert_true(whole != cut);
        assert_true(whole == (strlen("champ site «  »") + bytes <= 508));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(decide__takes_the_first_that_holds, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(decide__says_when_none_holds, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(decide__tests_each_condition_and_says_why, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(decide__says_that_a_rule_holds_for_all, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(decide__does_not_guess_the_hours, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(decide__cuts_a_long_reason, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
