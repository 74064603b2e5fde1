/* rules_parse(): what is understood, and for every kind of fault where it is. */
#include "tests/unit/qualification/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void parse__takes_everything(void **state)
{
    const struct rules *rules = fixture_parse(
        *state,
        "{\"rules\":[{\"name\":\"vital\",\"when\":{\"severity\":{\"at_least\":\"major\"},"
        "\"category\":[\"ascenseur\",\"incendie\"],"
        "\"fields\":{\"site\":\"Bâtiment B\",\"code\":{\"present\":false}},"
        "\"caller\":{\"number\":[\"+33388*\",\"+33388\"],\"name\":{\"present\":true}},"
        "\"hours\":\"closed\"},\"then\":{\"action\":\"escalate\",\"procedure\":\"nuit\"}},"
        "{\"name\":\"jour\",\"when\":{\"hours\":\"open\",\"severity\":[\"info\",\"major\"]},"
        "\"then\":{\"action\":\"hold\"}},"
        "{\"name\":\"bas\",\"when\":{\"severity\":\"info\"},\"then\":{\"action\":\"ticket\"}},"
        "{\"name\":\"reste\",\"then\":{\"action\":\"forward\",\"on_call\":\"principal\"}}]}");
    assert_int_equal(rules->count, 4);
    const struct rule *vital = &rules->rules[0];
    assert_string_equal(vital->name, "vital");
    assert_int_equal(vital->severities, 1u << SEVERITY_MAJOR | 1u << SEVERITY_CRITICAL);
    assert_int_equal(vital->category.test, RULE_ONE_OF);
    assert_int_equal(vital->category.texts_count, 2);
    assert_string_equal(vital->category.texts[1].text, "incendie");
    assert_int_equal(vital->fields_count, 2);
    assert_string_equal(vital->fields[0].name, "site");
    assert_string_equal(vital->fields[0].condition.texts[0].text, "Bâtiment B");
    assert_false(vital->fields[0].condition.texts[0].begins);
    assert_int_equal(vital->fields[1].condition.test, RULE_ABSENT);
    assert_string_equal(vital->caller_number.texts[0].text, "+33388");
    assert_int_equal(vital->caller_number.texts[0].bytes, 6);
    assert_true(vital->caller_number.texts[0].begins);
    assert_false(vital->caller_number.texts[1].begins);
    assert_int_equal(vital->caller_name.test, RULE_PRESENT);
    assert_int_equal(vital->hours, RULES_HOURS_CLOSED);
    assert_int_equal(vital->action, RULE_ESCALATE);
    assert_string_equal(vital->procedure, "nuit");
    assert_int_equal(rules->rules[1].severities, 1u << SEVERITY_INFO | 1u << SEVERITY_MAJOR);
    assert_int_equal(rules->rules[1].hours, RULES_HOURS_OPEN);
    assert_int_equal(rules->rules[1].action, RULE_HOLD);
    assert_int_equal(rules->rules[2].severities, 1u << SEVERITY_INFO);
    assert_int_equal(rules->rules[2].action, RULE_TICKET);
    assert_int_equal(rules->rules[3].severities, 15);
    assert_int_equal(rules->rules[3].hours, RULES_HOURS_UNKNOWN);
    assert_int_equal(rules->rules[3].category.test, RULE_ANYTHING);
    assert_int_equal(rules->rules[3].action, RULE_FORWARD);
    assert_string_equal(rules->rules[3].on_call, "principal");
}

static void parse__takes_severities_between_two(void **state)
{
    const struct rules *rules =
        fixture_parse(*state, RULE_WHEN("{\"severity\":{\"at_least\":\"minor\",\"at_most\":"
                                        "\"major\"}}"));
    assert_int_equal(rules->rules[0].severities, 1u << SEVERITY_MINOR | 1u << SEVERITY_MAJOR);
}

static void parse__takes_no_rules_at_all(void **state)
{
    assert_int_equal(fixture_parse(*state, "{\"rules\":[]}")->count, 0);
}

#define NAMED(more) "{\"rules\":[{\"name\":\"r\"" more "}]}"
#define FIELDS(of)  RULE_WHEN("{\"fields\":" of "}")
#define TEXT_10     "0123456789"
#define TEXT_100    TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10

struct fault {
    const char *json;
    const char *pointer;
    const char *text; /* a part of it */
};

static const struct fault faults[] = {
    {"", "", "not valid JSON"},
    {"[]", "", "must be an object"},
    {"{}", "/rules", "is required"},
    {"{\"rules\":{}}", "/rules", "must be an array"},
    {"{\"rules\":[],\"default\":1}", "/default", "is not a known field"},
    {"{\"rules\":[7]}", "/rules/0", "must be an object"},
    {"{\"rules\":[{}]}", "/rules/0/name", "is required"},
    {"{\"rules\":[{\"name\":\"Été\"}]}", "/rules/0/name", "must be lower-case"},
    {NAMED(""), "/rules/0/then", "is required"},
    {NAMED("," ESCALATE ",\"if\":{}"), "/rules/0/if", "is not a known field"},
    {"{\"rules\":[{\"name\":\"r\"," ESCALATE "},{\"name\":\"r\"," ESCALATE "}]}", "/rules/1/name",
     "/rules/0, too"},
    {NAMED(",\"then\":{}"), "/rules/0/then/action", "is required"},
    {NAMED(",\"then\":{\"action\":\"drop\"}"), "/rules/0/then/action",
     "escalate, hold, ticket, forward"},
    {NAMED(",\"then\":{\"action\":\"escalate\",\"procedure\":\"X y\"}"), "/rules/0/then/procedure",
     "must be lower-case"},
    {NAMED(",\"then\":{\"action\":\"ticket\",\"procedure\":\"x\"}"), "/rules/0/then/procedure",
     "is not a known field"},
    {NAMED(",\"then\":{\"action\":\"forward\"}"), "/rules/0/then/on_call", "is required"},
    {NAMED(",\"then\":{\"action\":\"escalate\",\"on_call\":\"x\"}"), "/rules/0/then/on_call",
     "is not a known field"},
    {RULE_WHEN("[]"), "/rules/0/when", "must be an object"},
    {RULE_WHEN("{\"weather\":1}"), "/rules/0/when/weather", "is not a known field"},
    {RULE_WHEN("{\"hours\":\"shut\"}"), "/rules/0/when/hours", "open, closed"},
    {RULE_WHEN("{\"severity\":\"huge\"}"), "/rules/0/when/severity", "must be info"},
    {RULE_WHEN("{\"severity\":3}"), "/rules/0/when/severity", "must be info"},
    {RULE_WHEN("{\"severity\":[]}"), "/rules/0/when/severity", "must have 1 to"},
    {RULE_WHEN("{\"severity\":[\"info\",\"huge\"]}"), "/rules/0/when/severity/1", "must be info"},
    {RULE_WHEN("{\"severity\":{}}"), "/rules/0/when/severity", "at_least"},
    {RULE_WHEN("{\"severity\":{\"at_least\":\"major\",\"at_most\":\"info\"}}"),
     "/rules/0/when/severity", "leave a severity"},
    {RULE_WHEN("{\"severity\":{\"over\":\"major\"}}"), "/rules/0/when/severity/over",
     "is not a known field"},
    {RULE_WHEN("{\"category\":3}"), "/rules/0/when/category", "must be a text, a list"},
    {RULE_WHEN("{\"category\":\"\"}"), "/rules/0/when/category", "must not be empty"},
    {RULE_WHEN("{\"category\":[]}"), "/rules/0/when/category", "must have 1 to 32"},
    {RULE_WHEN("{\"category\":[\"a\",3]}"), "/rules/0/when/category/1", "must be a text"},
    {RULE_WHEN("{\"category\":[\"a\",\"b\",\"a\"]}"), "/rules/0/when/category/2", "twice"},
    {RULE_WHEN("{\"category\":\"a\\nb\"}"), "/rules/0/when/category", "control characters"},
    {RULE_WHEN("{\"category\":\"" TEXT_100 TEXT_10 TEXT_10 "1\"}"), "/rules/0/when/category",
     "longer"},
    {RULE_WHEN("{\"category\":{}}"), "/rules/0/when/category/present", "is required"},
    {RULE_WHEN("{\"category\":{\"present\":1}}"), "/rules/0/when/category/present",
     "must be true or false"},
    {RULE_WHEN("{\"category\":{\"present\":true,\"x\":1}}"), "/rules/0/when/category/x",
     "is not a known field"},
    {FIELDS("[]"), "/rules/0/when/fields", "must be an object"},
    {FIELDS("{\"\":\"x\"}"), "/rules/0/when/fields/", "must be a field's name"},
    {FIELDS("{\"a/b~c\":3}"), "/rules/0/when/fields/a~1b~0c", "must be a text, a list"},
    {FIELDS("{\"a\":[\"x\",\"\"]}"), "/rules/0/when/fields/a/1", "must not be empty"},
    {FIELDS("{\"a\":{\"present\":\"x\"}}"), "/rules/0/when/fields/a/present", "true or false"},
    {FIELDS("{\"a\":\"" TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 "1\"}"),
     "/rules/0/when/fields/a", "longer"},
    {FIELDS("{\"1\":\"x\",\"2\":\"x\",\"3\":\"x\",\"4\":\"x\",\"5\":\"x\",\"6\":\"x\",\"7\":\"x\","
            "\"8\":\"x\",\"9\":\"x\"}"),
     "/rules/0/when/fields", "at most 8"},
    {RULE_WHEN("{\"caller\":3}"), "/rules/0/when/caller", "must be an object"},
    {RULE_WHEN("{\"caller\":{\"age\":3}}"), "/rules/0/when/caller/age", "is not a known field"},
    {RULE_WHEN("{\"caller\":{\"name\":\"Paul\"}}"), "/rules/0/when/caller/name", "must be {"},
    {RULE_WHEN("{\"caller\":{\"name\":{\"present\":2}}}"), "/rules/0/when/caller/name/present",
     "true or false"},
    {RULE_WHEN("{\"caller\":{\"number\":\"0388\"}}"), "/rules/0/when/caller/number",
     "must be a number"},
    {RULE_WHEN("{\"caller\":{\"number\":[\"+33\",\"+*\"]}}"), "/rules/0/when/caller/number/1",
     "must be a number"},
    {RULE_WHEN("{\"caller\":{\"number\":\"+3*3\"}}"), "/rules/0/when/caller/number",
     "must be a number"},
    {RULE_WHEN("{\"caller\":{\"number\":\"+1234567890123456\"}}"), "/rules/0/when/caller/number",
     "must be a number"},
};

static void parse__says_where_the_fault_is(void **state)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct rules *rules = NULL;
        struct error error = {.text = ""};
        const char *json = faults[i].json;
        if (rules_parse(json, strlen(json), *state, &rules, &error) != STATUS_INVALID ||
            strcmp(error.pointer, faults[i].pointer) != 0 ||
            strstr(error.text, faults[i].text) == NULL || rules != NULL) {
            fail_msg("\"%s\" at \"%s\" in %s", error.text, error.pointer, json);
        }
    }
}

static void parse__refuses_too_many_rules(void **state)
{
    struct rules *rules = NULL;
    struct error error = {.text = ""};
    char json[8192];
    size_t used = (size_t)snprintf(json, sizeof json, "{\"rules\":[");
    for (int i = 0; i <= RULES_MAX; i++) {
        used += (size_t)snprintf(json + used, sizeof json - used,
                                 "%s{\"name\":\"r%d\"," ESCALATE "}", i > 0 ? "," : "", i);
        if (i == RULES_MAX - 1) {
            (void)snprintf(json + used, sizeof json - used, "]}");
            assert_int_equal(fixture_parse(*state, json)->count, RULES_MAX);
        }
    }
    (void)snprintf(json + used, sizeof json - used, "]}");
    assert_int_equal(rules_parse(json, strlen(json), *state, &rules, &error), STATUS_INVALID);
    assert_string_equal(error.pointer, "/rules");
}

static void parse__refuses_too_many_texts(void **state)
{
    struct rules *rules = NULL;
    struct error error = {.text = ""};
    char json[1024];
    size_t used = (size_t)snprintf(
        json, sizeof json, "{\"rules\":[{\"name\":\"r\"," ESCALATE ",\"when\":{\"category\":[");
    for (int i = 0; i <= RULES_TEXTS_MAX; i++) {
        used += (size_t)snprintf(json + used, sizeof json - used, "%s\"%d\"", i > 0 ? "," : "", i);
    }
    (void)snprintf(json + used, sizeof json - used, "]}}]}");
    assert_int_equal(rules_parse(json, strlen(json), *state, &rules, &error), STATUS_INVALID);
    assert_string_equal(error.pointer, "/rules/0/when/category");
}

/* Whatever the arena refuses, the answer is that, and nothing is handed out. */
static void parse__says_when_the_arena_is_full(void **state)
{
    (void)state;
    static const char json[] = "{\"rules\":[{\"name\":\"r\",\"when\":{\"category\":[\"a\",\"b\"],"
                               "\"fields\":{\"site\":\"A\"}}," ESCALATE "}]}";
    enum status status = STATUS_NO_MEMORY;
    size_t bytes_max = 1;
    for (; status == STATUS_NO_MEMORY && bytes_max < 100000; bytes_max += 16) {
        struct arena *arena = arena_create(bytes_max);
        struct rules *rules = NULL;
        assert_non_null(arena);
        status = rules_parse(json, sizeof json - 1, arena, &rules, NULL);
        assert_true((rules != NULL) == (status == STATUS_OK));
        arena_destroy(&arena);
    }
    assert_int_equal(status, STATUS_OK);
    assert_true(bytes_max > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parse__takes_everything, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(parse__takes_severities_between_two, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(parse__takes_no_rules_at_all, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(parse__says_where_the_fault_is, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(parse__refuses_too_many_rules, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(parse__refuses_too_many_texts, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(parse__says_when_the_arena_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
