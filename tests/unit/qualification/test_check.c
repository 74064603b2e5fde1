/* rules_check_references() and rules_check_coverage(): each fault with its place. */
#include "tests/unit/qualification/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* ---- references ---- */

static bool has_procedure(const void *context, const char *slug)
{
    return strcmp(context, "world") == 0 && strcmp(slug, "night") == 0;
}

static bool has_role(const void *context, const char *slug)
{
    return strcmp(context, "world") == 0 && strcmp(slug, "principal") == 0;
}

static enum rules_reference field(const void *context, const char *name, const char *value)
{
    (void)context;
    if (strcmp(name, "site") != 0 && strcmp(name, "a/b") != 0) {
        return RULES_REFERENCE_UNKNOWN;
    }
    return value == NULL || strcmp(value, "A") == 0 ? RULES_REFERENCE_KNOWN
                                                    : RULES_REFERENCE_NO_CHOICE;
}

static struct rules_world everything(void)
{
    return (struct rules_world){.context = "world",
                                .has_procedure = has_procedure,
                                .has_role = has_role,
                                .field = field,
                                .has_default_procedure = true,
                                .has_opening_hours = true,
                                .has_holidays = true};
}

#define THEN(then) "{\"rules\":[{\"name\":\"r\",\"then\":" then "}]}"

static void expect_fault(struct arena *arena, const struct rules_world *world, const char *json,
                         const char *pointer, const char *text)
{
    struct error error = {.text = ""};
    const struct rules *rules = fixture_parse(arena, json);
    if (rules_check_references(rules, world, &error) != STATUS_INVALID ||
        strcmp(error.pointer, pointer) != 0 || strstr(error.text, text) == NULL) {
        fail_msg("\"%s\" at \"%s\" in %s", error.text, error.pointer, json);
    }
}

static void references__are_all_there(void **state)
{
    const struct rules_world world = everything();
    const struct rules *rules = fixture_parse(
        *state, "{\"rules\":[{\"name\":\"a\",\"when\":{\"hours\":\"open\",\"fields\":{\"site\":"
                "[\"A\"]}},\"then\":{\"action\":\"escalate\",\"procedure\":\"night\"}},"
                "{\"name\":\"b\",\"then\":{\"action\":\"hold\"}},"
                "{\"name\":\"c\",\"then\":{\"action\":\"ticket\"}},"
                "{\"name\":\"d\",\"then\":{\"action\":\"forward\",\"on_call\":\"principal\"}}]}");
    assert_int_equal(rules_check_references(rules, &world, NULL), STATUS_OK);
}

static void references__name_the_place_of_what_is_missing(void **state)
{
    const struct rules_world world = everything();
    expect_fault(*state, &world, THEN("{\"action\":\"escalate\",\"procedure\":\"day\"}"),
                 "/rules/0/then/procedure", "no such procedure");
    expect_fault(*state, &world, THEN("{\"action\":\"hold\",\"procedure\":\"day\"}"),
                 "/rules/0/then/procedure", "no such procedure");
    expect_fault(*state, &world, THEN("{\"action\":\"forward\",\"on_call\":\"cadre\"}"),
                 "/rules/0/then/on_call", "no such rota");
    expect_fault(*state, &world, RULE_WHEN("{\"fields\":{\"x/y\":\"A\"}}"),
                 "/rules/0/when/fields/x~1y", "no such field");
    expect_fault(*state, &world, RULE_WHEN("{\"fields\":{\"a/b\":[\"A\",\"B\"]}}"),
                 "/rules/0/when/fields/a~1b", "\"B\" is none");
}

static void references__need_what_the_customer_may_lack(void **state)
{
    struct rules_world world = everything();
    world.has_opening_hours = false;
    expect_fault(*state, &world, RULE_WHEN("{\"hours\":\"open\"}"), "/rules/0/when/hours",
                 "no opening hours");
    expect_fault(*state, &world, THEN("{\"action\":\"hold\"}"), "/rules/0/then/action",
                 "no opening hours");
    world = everything();
    world.has_holidays = false;
    expect_fault(*state, &world,
                 RULE_WHEN("{\"at\":[{\"days\":[\"monday\"]},{\"days\":[\"holidays\"]}]}"),
                 "/rules/0/when/at", "keeps no holidays");
    assert_int_equal(
        rules_check_references(fixture_parse(*state, RULE_WHEN("{\"at\":{\"days\":[\"monday\"]}}")),
                               &world, NULL),
        STATUS_OK);
    world = everything();
    world.has_default_procedure = false;
    expect_fault(*state, &world, THEN("{\"action\":\"escalate\"}"), "/rules/0/then/procedure",
                 "no default procedure");
    world = everything();
    world.field = NULL; /* fields are not declared */
    const struct rules *rules = fixture_parse(*state, RULE_WHEN("{\"fields\":{\"x\":\"y\"}}"));
    assert_int_equal(rules_check_references(rules, &world, NULL), STATUS_OK);
}

/* ---- coverage ---- */

#define RULE(name, when) "{\"name\":\"" name "\",\"when\":" when "," ESCALATE "}"
#define REST             "{\"name\":\"rest\"," ESCALATE "}"
#define SET(rules)       "{\"rules\":[" rules "]}"

static void expect_covered(struct arena *arena, const char *json)
{
    struct error error = {.text = ""};
    if (rules_check_coverage(fixture_parse(arena, json), arena, &error) != STATUS_OK) {
        fail_msg("%s in %s", error.text, json);
    }
}

static void expect_refused(struct arena *arena, const char *json, const char *pointer,
                           const char *text)
{
    struct error error = {.text = ""};
    if (rules_check_coverage(fixture_parse(arena, json), arena, &error) != STATUS_INVALID ||
        strcmp(error.pointer, pointer) != 0 || strstr(error.text, text) == NULL) {
        fail_msg("\"%s\" at \"%s\" in %s", error.text, error.pointer, json);
    }
}

static void coverage__takes_rules_that_all_can_hold(void **state)
{
    expect_covered(*state, "{\"rules\":[]}");
    expect_covered(*state, SET(REST));
    expect_covered(*state, SET(RULE("a", "{\"category\":\"lift\"}") "," REST));
    expect_covered(*state, SET(RULE("a", "{\"caller\":{\"number\":\"+331\"}}") "," RULE(
                               "b", "{\"caller\":{\"number\":\"+33*\"}}") "," REST));
    /* what is not said of a category is not said of a call without one */
    expect_covered(*state, SET(RULE("a", "{\"category\":{\"present\":true}}") "," REST));
}

static void coverage__finds_the_one_rule_that_covers(void **state)
{
    expect_refused(*state, SET(REST "," RULE("a", "{}")), "/rules/1", "\"rest\" (/rules/0)");
    expect_refused(
        *state,
        SET(RULE("a", "{\"severity\":\"info\"}") "," RULE(
            "b",
            "{\"severity\":{\"at_least\":"
            "\"major\"}}") "," RULE("c",
                                    "{\"severity\":\"critical\",\"hours\":\"open\"}") "," REST),
        "/rules/2", "\"b\" (/rules/1)");
    expect_refused(*state,
                   SET(RULE("a", "{\"caller\":{\"number\":\"+33*\"}}") "," RULE(
                       "b", "{\"caller\":{\"number\":[\"+331\",\"+3388*\"]}}") "," REST),
                   "/rules/1", "\"a\" (/rules/0)");
    expect_refused(*state,
                   SET(RULE("a", "{\"fields\":{\"site\":{\"present\":true}}}") "," RULE(
                       "b", "{\"fields\":{\"site\":\"A\",\"code\":\"1\"}}") "," REST),
                   "/rules/1", "\"a\" (/rules/0)");
}

#define OPEN_MINOR      "{\"hours\":\"open\",\"severity\":{\"at_most\":\"minor\"}}"
#define CLOSED_LIFT     "{\"hours\":\"closed\",\"category\":\"lift\"}"
#define LEAST_MAJOR     "{\"severity\":{\"at_least\":\"major\"}}"
#define LIFT_AT_A       "{\"category\":[\"lift\"],\"fields\":{\"site\":\"A\"}}"
#define WITH_CATEGORY   "{\"category\":{\"present\":true}}"
#define WITHOUT_IT      "{\"category\":{\"present\":false}}"
#define OPEN            "{\"hours\":\"open\"}"
#define CLOSED          "{\"hours\":\"closed\"}"
#define CLOSED_NOT_INFO "{\"hours\":\"closed\",\"severity\":{\"at_least\":\"minor\"}}"

static void coverage__finds_rules_that_cover_together(void **state)
{
    static const char together[] = "one of the rules before it";
    expect_refused(*state, SET(RULE("a", OPEN) "," RULE("b", CLOSED) "," REST), "/rules/2",
                   together);
    expect_refused(*state,
                   SET(RULE("a", OPEN_MINOR) "," RULE("b", CLOSED_LIFT) "," RULE(
                       "c", LEAST_MAJOR) "," RULE("d", LIFT_AT_A) "," REST),
                   "/rules/3", together);
    expect_refused(*state, SET(RULE("a", WITH_CATEGORY) "," RULE("b", WITHOUT_IT) "," REST),
                   "/rules/2", together);
}

static void coverage__wants_a_rule_for_every_call(void **state)
{
    expect_refused(*state, SET(RULE("a", "{\"category\":\"lift\"}")), "/rules", "leave calls");
    expect_refused(*state, SET(RULE("a", OPEN) "," RULE("b", CLOSED_NOT_INFO)), "/rules",
                   "leave calls");
    /* no catch-all is needed where the others leave nothing: it could not be reached */
    expect_covered(*state, SET(RULE("a", OPEN) "," RULE("b", CLOSED)));
}

/* So many different categories, and a rule for the rest. */
static void name_categories(int count, char json[16384])
{
    const size_t bytes = 16384;
    size_t used = (size_t)snprintf(json, bytes, "{\"rules\":[");
    for (int i = 0; i < count; i++) {
        bool first = i % RULES_TEXTS_MAX == 0;
        if (first) {
            used += (size_t)snprintf(json + used, bytes - used,
                                     "{\"name\":\"r%d\"," ESCALATE ",\"when\":{\"category\":[", i);
        }
        used += (size_t)snprintf(json + used, bytes - used, "%s\"%d\"", first ? "" : ",", i);
        if (i % RULES_TEXTS_MAX == RULES_TEXTS_MAX - 1 || i == count - 1) {
            used += (size_t)snprintf(json + used, bytes - used, "]}},");
        }
    }
    (void)snprintf(json + used, bytes - used, REST "]}");
}

static void coverage__limits_what_it_looks_at(void **state)
{
    char json[16384];
    name_categories(RULES_DIFFERENT_MAX, json);
    expect_covered(*state, json);
    name_categories(RULES_DIFFERENT_MAX + 1, json);
    expect_refused(*state, json, "/rules", "more than 32 different fields, or more than 254");
}

/* Fields by fields, as many boxes as there are ways out of the earlier rules: the work ends, and
 * what it did not find out is no fault. */
static void coverage__gives_up_on_the_safe_side(void **state)
{
    char json[32768];
    size_t used = (size_t)snprintf(json, sizeof json, "{\"rules\":[");
    for (int i = 0; i < 40; i++) {
        used += (size_t)snprintf(json + used, sizeof json - used,
                                 "{\"name\":\"r%d\"," ESCALATE ",\"when\":{\"fields\":{", i);
        for (int k = 0; k < RULES_FIELDS_MAX; k++) {
            used += (size_t)snprintf(json + used, sizeof json - used, "%s\"f%d\":\"%d\"",
                                     k > 0 ? "," : "", (i * 5 + k * 3) % RULES_FIELD_NAMES_MAX, i);
        }
        used += (size_t)snprintf(json + used, sizeof json - used, "}}},");
    }
    size_t kept = used;
    const char *halves = RULE("x", OPEN) "," RULE("y", CLOSED);
    /* the last cannot be reached, which two rules together see to */
    (void)snprintf(json + kept, sizeof json - kept, "%s," REST "]}", halves);
    expect_covered(*state, json);
    /* without it nothing is left over, but only a rule for all would show it */
    (void)snprintf(json + kept, sizeof json - kept, "%s]}", halves);
    expect_refused(*state, json, "/rules", "leave calls");
    /* what one rule does alone is always seen */
    (void)snprintf(json + kept, sizeof json - kept, "%s," RULE("z", OPEN) "," REST "]}", halves);
    expect_refused(*state, json, "/rules/42", "\"x\" (/rules/40)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(references__are_all_there, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(references__name_the_place_of_what_is_missing,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(references__need_what_the_customer_may_lack, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(coverage__takes_rules_that_all_can_hold, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(coverage__finds_the_one_rule_that_covers, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(coverage__finds_rules_that_cover_together, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(coverage__wants_a_rule_for_every_call, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(coverage__limits_what_it_looks_at, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(coverage__gives_up_on_the_safe_side, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
