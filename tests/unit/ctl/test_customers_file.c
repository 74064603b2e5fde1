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
    };
    assert_int_equal(plan.steps_count, sizeof paths / sizeof paths[0]);
    for (size_t i = 0; i < plan.steps_count; i++) {
        assert_string_equal(plan.steps[i].path, paths[i]);
        assert_null(json_object_get(plan.steps[i].body, "slug"));
    }
    assert_true(plan.steps[0].only_when_absent);
    assert_null(json_object_get(plan.steps[0].body, "default_procedure"));
    assert_int_equal(json_object_size(plan.steps[0].body), 1);
    assert_false(plan.steps[6].only_when_absent);
    assert_string_equal(json_string_value(json_object_get(plan.steps[6].body, "default_procedure")),
                        "p");
    assert_string_equal(plan.steps[2].pointer, "/customers/0/agents/1");
    assert_string_equal(plan.steps[4].pointer, "/customers/0/rotas/principal");
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
        {"agent", "{\"l\":[{\"x\":1,\"y\":2}]}", "{\"l\":[{\"x\":1}]}", true},
        {"agent", "{\"l\":[1,2]}", "{\"l\":[1]}", false},
        {"agent", "{\"l\":[1]}", "{\"l\":{}}", false},
        {"rota", "{\"compiled_until\":\"x\",\"definition\":{\"l\":[1]}}", "{\"l\":[1]}", true},
        {"rota", "{\"compiled_until\":\"x\",\"definition\":{\"l\":[1]}}", "{\"l\":[2]}", false},
        {"procedure", "{\"version\":3,\"definition\":{\"a\":1,\"b\":2}}", "{\"b\":2,\"a\":1}",
         true},
        {"procedure", "{\"version\":3,\"definition\":{\"a\":1,\"b\":2}}", "{\"a\":1}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *present = read_json(cases[i].present), *wanted = read_json(cases[i].wanted);
        const struct customers_step step = {.kind = cases[i].kind, .body = wanted};
        assert_int_equal(customers_step_is_done(&step, present), cases[i].done);
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
        cmocka_unit_test(test_step__changed_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
