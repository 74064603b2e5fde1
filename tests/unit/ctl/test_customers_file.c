#include "gateway/ctl/customers_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static json_t *read_json(const char *text)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    return json;
}

static void test_plan__orders_references_and_strips_slugs(void **state)
{
    (void)state;
    json_t *document = read_json(
        "{\"customers\":[{\"slug\":\"c\",\"name\":\"C\",\"default_procedure\":\"p\","
        "\"numbers\":[\"01 99 00 00 01\"],"
        "\"rules\":[{\"name\":\"r\",\"then\":{\"action\":\"escalate\"}}],"
        "\"check_ins\":{\"principal\":{\"procedure\":\"p\"}},"
        "\"procedures\":[{\"slug\":\"p\",\"rounds\":1}],\"rotas\":{\"principal\":{\"layers\":[]}},"
        "\"agents\":[{\"slug\":\"a\",\"name\":\"A\"},{\"slug\":\"b\",\"name\":\"B\"}],"
        "\"contacts\":[{\"slug\":\"k\",\"name\":\"K\"}]}]}");
    struct arena *arena = arena_create(0);
    struct customers_plan plan = {0};
    assert_int_equal(customers_plan_make(document, arena, &plan, NULL), STATUS_OK);
    static const char *const paths[] = {
        "/v1/customers/c",
        "/v1/customers/c/agents/a",
        "/v1/customers/c/agents/b",
        "/v1/customers/c/contacts/k",
        "/v1/customers/c/rotas/principal",
        "/v1/customers/c/procedures/p",
        "/v1/customers/c",
        "/v1/customers/c/rules",
        "/v1/customers/c/rotas/principal/check-in",
        "/v1/customers/c",
    };
    assert_int_equal(plan.steps_count, sizeof paths / sizeof paths[0]);
    for (size_t i = 0; i < plan.steps_count; i++) {
        assert_string_equal(plan.steps[i].path, paths[i]);
        assert_null(json_object_get(plan.steps[i].body, "slug"));
    }
    assert_true(plan.steps[0].comes_first);
    assert_null(json_object_get(plan.steps[0].body, "default_procedure"));
    assert_int_equal(json_object_size(plan.steps[0].body), 1);
    assert_true(plan.steps[6].comes_between);
    assert_null(json_object_get(plan.steps[6].body, "numbers"));
    assert_string_equal(json_string_value(json_object_get(plan.steps[6].body, "default_procedure")),
                        "p");
    assert_int_equal(json_object_size(plan.steps[7].body), 1);
    assert_int_equal(json_array_size(json_object_get(plan.steps[7].body, "rules")), 1);
    assert_string_equal(plan.steps[7].kind, "rules");
    assert_string_equal(plan.steps[7].pointer, "/customers/0");
    assert_false(plan.steps[9].comes_first || plan.steps[9].comes_between);
    assert_null(json_object_get(plan.steps[9].body, "rules"));
    assert_null(json_object_get(plan.steps[9].body, "check_ins"));
    assert_non_null(json_object_get(plan.steps[9].body, "numbers"));
    assert_string_equal(json_string_value(json_object_get(plan.steps[9].body, "default_procedure")),
                        "p");
    assert_string_equal(plan.steps[2].pointer, "/customers/0/agents/1");
    assert_string_equal(plan.steps[4].pointer, "/customers/0/rotas/principal");
    assert_string_equal(plan.steps[8].pointer, "/customers/0/check_ins/principal");
    assert_string_equal(plan.steps[8].kind, "check-in");
    customers_plan_fini(&plan);
    arena_destroy(&arena);
    json_decref(document);
}

static void test_plan__refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *pointer;
    } cases[] = {
        {"[]", "/customers"},
        {"{\"customers\":{}}", "/customers"},
        {"{\"customers\":[],\"customer\":[]}", ""},
        {"{\"customers\":[3]}", "/customers/0"},
        {"{\"customers\":[{\"name\":\"x\"}]}", "/customers/0"},
        {"{\"customers\":[{\"slug\":\"Bad Slug\"}]}", "/customers/0"},
        {"{\"customers\":[{\"slug\":\"c\",\"agents\":{}}]}", "/customers/0/agents"},
        {"{\"customers\":[{\"slug\":\"c\",\"rotas\":[]}]}", "/customers/0/rotas"},
        {"{\"customers\":[{\"slug\":\"c\",\"check_ins\":[]}]}", "/customers/0/check_ins"},
        {"{\"customers\":[{\"slug\":\"c\",\"check_ins\":{\"principal\":true}}]}",
         "/customers/0/check_ins/principal"},
        {"{\"customers\":[{\"slug\":\"c\",\"rules\":{}}]}", "/customers/0/rules"},
        {"{\"customers\":[{\"slug\":\"c\",\"agents\":[{\"slug\":\"a\"},{\"slug\":\"a\"}]}]}",
         "/customers/0/agents/1"},
        {"{\"customers\":[{\"slug\":\"c\",\"agents\":[\"a\"]}]}", "/customers/0/agents/0"},
        {"{\"customers\":[{\"slug\":\"c\"},{\"slug\":\"c\"}]}", "/customers/1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *document = read_json(cases[i].text);
        struct arena *arena = arena_create(0);
        struct customers_plan plan = {0};
        struct error error = {0};
        assert_int_equal(customers_plan_make(document, arena, &plan, &error), STATUS_INVALID);
        assert_string_equal(error.pointer, cases[i].pointer);
        assert_int_equal(plan.steps_count, 0);
        arena_destroy(&arena);
        json_decref(document);
    }
}

static void test_step__is_done_when_all_that_the_file_says_is_there(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        const char *present;
        const char *wanted;
        bool done;
    } cases[] = {
        {"agent", "{\"a\":1,\"b\":2}", "{\"a\":1}", true},
        {"agent", "{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"agent", "{\"a\":2}", "{\"a\":1}", false},
        {"agent", "{\"phone\":\"+33612345678\"}", "{\"phone\":\"06 12 34 56 78\"}", true},
        {"agent", "{\"phone\":\"+33612345678\"}", "{\"phone\":\"06 12 34 56 79\"}", false},
        {"agent", "{\"phone\":\"+33612345678\",\"phones\":[{\"number\":\"+33612345678\"}]}",
         "{\"phone\":\"06 12 34 56 78\"}", true},
        {"contact",
         "{\"phones\":[{\"number\":\"+33612345678\",\"label\":\"a\"},{\"number\":\"+33612345679\"}]"
         "}",
         "{\"phones\":[{\"number\":\"06 12 34 56 78\",\"label\":\"a\"},{\"number\":\"06 12 34 56 "
         "79\"}]}",
         true},
        {"contact", "{\"phones\":[{\"number\":\"+33612345678\"},{\"number\":\"+33612345679\"}]}",
         "{\"phones\":[{\"number\":\"06 12 34 56 79\"},{\"number\":\"06 12 34 56 78\"}]}", false},
        {"agent",
         "{\"phone\":\"+33612345678\",\"phones\":[{\"number\":\"+33612345678\"},{\"number\":"
         "\"+33612345679\"}]}",
         "{\"phone\":\"06 12 34 56 78\"}", false},
        {"agent",
         "{\"phone\":\"+33612345678\",\"phones\":[{\"number\":\"+33612345678\",\"label\":\"a\"}]}",
         "{\"phone\":\"06 12 34 56 78\"}", false},
        {"agent", "{\"l\":[{\"x\":1,\"y\":2}]}", "{\"l\":[{\"x\":1}]}", true},
        {"agent", "{\"l\":[1,2]}", "{\"l\":[1]}", false},
        {"agent", "{\"l\":[1]}", "{\"l\":{}}", false},
        {"rota", "{\"compiled_until\":\"x\",\"definition\":{\"l\":[1]}}", "{\"l\":[1]}", true},
        {"rota", "{\"compiled_until\":\"x\",\"definition\":{\"l\":[1]}}", "{\"l\":[2]}", false},
        {"procedure", "{\"version\":3,\"definition\":{\"a\":1,\"b\":2}}", "{\"b\":2,\"a\":1}",
         true},
        {"procedure", "{\"version\":3,\"definition\":{\"a\":1,\"b\":2}}", "{\"a\":1}", false},
        {"customer", "{\"numbers\":[\"+33199000001\",\"+33199000002\"]}",
         "{\"numbers\":[\"01 99 00 00 01\",\"0033 199 00 00 02\"]}", true},
        {"customer", "{\"numbers\":[\"+33199000001\",\"+33199000002\"]}",
         "{\"numbers\":[\"01 99 00 00 02\",\"01 99 00 00 01\"]}", false},
        {"customer", "{\"numbers\":[\"+33199000001\"]}", "{\"numbers\":[]}", false},
        {"customer", "{\"emergency_phone\":\"+33612345678\"}",
         "{\"emergency_phone\":\"06 12 34 56 78\"}", true},
        {"customer", "{\"opening_hours\":{\"weekly\":[],\"holidays\":[]}}",
         "{\"opening_hours\":{\"weekly\":[]}}", false},
        {"customer", "{\"opening_hours\":{\"weekly\":[]}}", "{\"opening_hours\":{\"weekly\":[]}}",
         true},
        {"customer", "{\"name\":\"C\",\"greeting\":\"Bonjour\"}", "{\"name\":\"C\"}", false},
        {"customer", "{\"name\":\"C\",\"greeting\":null,\"numbers\":[]}", "{\"name\":\"C\"}", true},
        {"customer", "{\"ticket_fields\":[{\"name\":\"a\",\"required\":true}]}",
         "{\"ticket_fields\":[{\"name\":\"a\"}]}", false},
        {"rules", "{\"version\":3,\"definition\":{\"rules\":[1]}}", "{\"rules\":[1]}", true},
        {"rules", "{\"version\":3,\"definition\":{\"rules\":[1,2]}}", "{\"rules\":[1]}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *present = read_json(cases[i].present), *wanted = read_json(cases[i].wanted);
        const struct customers_step step = {.kind = cases[i].kind, .body = wanted};
        assert_int_equal(customers_step_is_done(&step, present), cases[i].done);
        json_decref(present);
        json_decref(wanted);
    }
}

/* A customer that is there first gets what the rotas of the file may ask for, and keeps the rest.
 */
static void test_step__that_comes_first(void **state)
{
    (void)state;
    static const struct {
        const char *present, *wanted, *put;
    } cases[] = {
        {"{\"name\":\"A\",\"opening_hours\":null}", "{\"name\":\"B\"}", NULL},
        {"{\"name\":\"A\",\"opening_hours\":{\"weekly\":[1]}}",
         "{\"name\":\"B\",\"opening_hours\":null}", NULL},
        {"{\"name\":\"A\",\"holidays\":\"fr\"}", "{\"name\":\"B\",\"holidays\":\"fr\"}", NULL},
        {"{\"name\":\"A\",\"opening_hours\":null,\"holidays\":\"fr\",\"default_procedure\":\"p\"}",
         "{\"name\":\"B\",\"opening_hours\":{\"weekly\":[1]}}",
         "{\"name\":\"A\",\"opening_hours\":{\"weekly\":[1]},\"holidays\":\"fr\","
         "\"default_procedure\":\"p\"}"},
        {"{\"name\":\"A\",\"holidays\":\"fr\"}", "{\"holidays\":\"fr-guyane\"}",
         "{\"name\":\"A\",\"holidays\":\"fr-guyane\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *present = read_json(cases[i].present), *wanted = read_json(cases[i].wanted);
        const struct customers_step step = {
            .kind = "customer", .body = wanted, .comes_first = true};
        json_t *put = customers_step_early_body(&step, present);
        json_t *expected = cases[i].put != NULL ? read_json(cases[i].put) : NULL;
        assert_true(put == NULL ? expected == NULL : json_equal(put, expected));
        json_decref(expected);
        json_decref(put);
        json_decref(present);
        json_decref(wanted);
    }
}

/* Before its rules a customer gets all that the file says, but keeps the numbers that it had. */
static void test_step__that_comes_between(void **state)
{
    (void)state;
    static const struct {
        const char *present, *wanted, *put;
    } cases[] = {
        {"{\"name\":\"A\",\"numbers\":[\"1\"]}", "{\"name\":\"A\"}", NULL},
        {"{\"name\":\"A\",\"numbers\":[\"1\"]}", "{\"name\":\"B\"}",
         "{\"name\":\"B\",\"numbers\":[\"1\"]}"},
        {"{\"name\":\"A\"}", "{\"name\":\"A\",\"default_procedure\":\"p\"}",
         "{\"name\":\"A\",\"default_procedure\":\"p\"}"},
        {"{\"name\":\"A\",\"greeting\":\"x\"}", "{\"name\":\"A\"}", "{\"name\":\"A\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *present = read_json(cases[i].present), *wanted = read_json(cases[i].wanted);
        const struct customers_step step = {
            .kind = "customer", .body = wanted, .comes_between = true};
        json_t *put = customers_step_early_body(&step, present);
        json_t *expected = cases[i].put != NULL ? read_json(cases[i].put) : NULL;
        assert_true(put == NULL ? expected == NULL : json_equal(put, expected));
        json_decref(expected);
        json_decref(put);
        json_decref(present);
        json_decref(wanted);
    }
}

/* How far a rota is compiled, and which version it is, is the gateway's own. */
static void test_step__changed_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        const char *before;
        const char *after;
        bool nothing;
    } cases[] = {
        {"agent", "{\"a\":1}", "{\"a\":1}", true},
        {"agent", "{\"a\":1}", "{\"a\":2}", false},
        {"rota", "{\"compiled_until\":\"x\",\"definition\":{}}",
         "{\"compiled_until\":\"y\",\"definition\":{}}", true},
        {"rota", "{\"definition\":{}}", "{\"definition\":{\"l\":1}}", false},
        {"rota", "{\"definition\":{}}", "{}", false},
        {"rules", "{\"version\":1,\"definition\":{}}", "{\"version\":2,\"definition\":{}}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *before = read_json(cases[i].before), *after = read_json(cases[i].after);
        const struct customers_step step = {.kind = cases[i].kind};
        assert_int_equal(customers_step_changed_nothing(&step, before, after), cases[i].nothing);
        json_decref(before);
        json_decref(after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan__orders_references_and_strips_slugs),
        cmocka_unit_test(test_plan__refuses),
        cmocka_unit_test(test_step__is_done_when_all_that_the_file_says_is_there),
        cmocka_unit_test(test_step__that_comes_first),
        cmocka_unit_test(test_step__that_comes_between),
        cmocka_unit_test(test_step__changed_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
