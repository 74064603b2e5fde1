/* The table of routes against the API's description, and how a path finds its route. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "admin-api/routes.h"
#include "schema/schema.h"

static json_t *description(void)
{
    json_t *json = json_loadb(schema_openapi_json, schema_openapi_json_bytes, 0, NULL);
    assert_non_null(json);
    return json;
}

static const char *lower(const char *method)
{
    return strcmp(method, "GET") == 0    ? "get"
           : strcmp(method, "PUT") == 0  ? "put"
           : strcmp(method, "POST") == 0 ? "post"
                                         : "delete";
}

static void test_routes__all_are_described(void **state)
{
    (void)state;
    json_t *json = description();
    json_t *paths = json_object_get(json, "paths");
    for (const struct route *route = admin_api_routes(); route->method != NULL; route++) {
        json_t *path = json_object_get(paths, route->pattern);
        if (json_object_get(path, lower(route->method)) == NULL) {
            fail_msg("schema/openapi.yaml lacks %s %s", route->method, route->pattern);
        }
    }
    json_decref(json);
}

static int route_exists(const char *method, const char *pattern)
{
    for (const struct route *route = admin_api_routes(); route->method != NULL; route++) {
        if (strcmp(lower(route->method), method) == 0 && strcmp(route->pattern, pattern) == 0) {
            return 1;
        }
    }
    return 0;
}

static void test_description__names_only_routes(void **state)
{
    (void)state;
    json_t *json = description();
    const char *pattern, *method;
    json_t *path, *operation;
    size_t operations = 0;
    json_object_foreach(json_object_get(json, "paths"), pattern, path)
    {
        json_object_foreach(path, method, operation)
        {
            if (strcmp(method, "parameters") == 0) {
                continue;
            }
            operations++;
            if (!route_exists(method, pattern)) {
                fail_msg("no route for %s %s of schema/openapi.yaml", method, pattern);
            }
        }
    }
    assert_true(operations > 40);
    json_decref(json);
}

/* An operation without any security is one for anybody, and the reverse. */
static void test_description__tells_who_may(void **state)
{
    (void)state;
    json_t *json = description();
    json_t *paths = json_object_get(json, "paths");
    for (const struct route *route = admin_api_routes(); route->method != NULL; route++) {
        json_t *operation =
            json_object_get(json_object_get(paths, route->pattern), lower(route->method));
        json_t *security = json_object_get(operation, "security");
        int open = security != NULL && json_array_size(security) == 0;
        if (open != (route->roles == FOR_ANYBODY)) {
            fail_msg("%s %s: the description and the roles differ", route->method, route->pattern);
        }
    }
    json_decref(json);
}

static const struct route *find(struct exchange *exchange, const char *method, const char *path)
{
    memset(exchange->parameters, 0, sizeof exchange->parameters);
    return route_find(exchange, method, path);
}

static void test_find__takes_parameters(void **state)
{
    (void)state;
    struct exchange *exchange = exchange_create(NULL);
    const struct route *route =
        find(exchange, "PUT", "/v1/customers/clinique-saint-jean/agents/paul");
    assert_non_null(route);
    assert_ptr_equal(route->handler, agents_put);
    assert_string_equal(exchange->parameters[0], "clinique-saint-jean");
    assert_string_equal(exchange->parameters[1], "paul");
    exchange_destroy(&exchange);
}

static void test_find__other_method_says_which(void **state)
{
    (void)state;
    struct exchange *exchange = exchange_create(NULL);
    assert_null(find(exchange, "DELETE", "/v1/customers/c/agents/paul"));
    assert_string_equal(exchange->allow, "GET, PUT");
    assert_null(find(exchange, "HEAD", "/healthz"));
    assert_string_equal(exchange->allow, "GET");
    exchange_destroy(&exchange);
}

static void test_find__near_misses_are_none(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "",
        "/",
        "/v1",
        "/v1/",
        "/v1/escalations/",
        "/v1/escalations//cancel",
        "/v1//escalations",
        "/V1/escalations",
        "/v1/customers/c/agents/",
        "/v1/customers/c/agents/p/x/y",
        "/healthz/",
        "/v1/escalationsx",
        "v1/escalations",
        "/v1/escalations/../api-keys/x/y",
    };
    struct exchange *exchange = exchange_create(NULL);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (find(exchange, "GET", paths[i]) != NULL || exchange->allow != NULL) {
            fail_msg("%s found a route", paths[i]);
        }
    }
    exchange_destroy(&exchange);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes__all_are_described),
        cmocka_unit_test(test_description__names_only_routes),
        cmocka_unit_test(test_description__tells_who_may),
        cmocka_unit_test(test_find__takes_parameters),
        cmocka_unit_test(test_find__other_method_says_which),
        cmocka_unit_test(test_find__near_misses_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
