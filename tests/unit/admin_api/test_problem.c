/* Refusals as problem documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "admin-api/exchange.h"

static json_t *answer_of(const struct exchange *exchange)
{
    json_t *json = json_loadb(exchange->answer, exchange->answer_bytes, 0, NULL);
    assert_non_null(json);
    assert_string_equal(exchange->answer_type, "application/problem+json");
    return json;
}

static const char *text(json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

static void test_problem__names_place_and_remedy(void **state)
{
    (void)state;
    struct exchange *exchange = exchange_create(NULL);
    struct error error;
    (void)error_set_at(&error, STATUS_INVALID, "/steps/0/by", "/steps/0/by: is required");
    (void)reply_problem(exchange, STATUS_INVALID, &error, NULL);
    json_t *json = answer_of(exchange);
    assert_int_equal(exchange->http_status, 400);
    assert_string_equal(text(json, "type"), "https://astreinte.invalid/problems/invalid");
    assert_string_equal(text(json, "detail"), "/steps/0/by: is required");
    json_t *first = json_array_get(json_object_get(json, "errors"), 0);
    assert_string_equal(text(first, "pointer"), "/steps/0/by");
    json_decref(json);
    exchange_destroy(&exchange);
}

static void test_problem__carries_the_engines_members(void **state)
{
    (void)state;
    struct exchange *exchange = exchange_create(NULL);
    (void)reply_problem(exchange, STATUS_ALREADY_ACCEPTED, NULL,
                        "{\"holder\":{\"name\":\"Paul\"},\"state\":\"accepted\"}");
    json_t *json = answer_of(exchange);
    assert_int_equal(exchange->http_status, 409);
    assert_string_equal(text(json_object_get(json, "holder"), "name"), "Paul");
    assert_string_equal(text(json, "state"), "accepted");
    json_decref(json);
    exchange_destroy(&exchange);
}

static void test_problem__busy_says_when_to_come_back(void **state)
{
    (void)state;
    struct exchange *exchange = exchange_create(NULL);
    (void)reply_problem(exchange, STATUS_FULL, NULL, NULL);
    assert_int_equal(exchange->http_status, 503);
    assert_true(exchange->retry_after_s > 0);
    (void)reply_problem(exchange, STATUS_REMOVED, NULL, NULL);
    assert_int_equal(exchange->http_status, 503);
    assert_true(exchange->retry_after_s > 0);
    (void)reply_problem(exchange, STATUS_DISK_FULL, NULL, NULL);
    assert_int_equal(exchange->http_status, 507);
    assert_int_equal(exchange->retry_after_s, 0);
    exchange_destroy(&exchange);
}

/* What went wrong inside is for the log. */
static void test_problem__inner_detail_stays_inside(void **state)
{
    (void)state;
    struct exchange *exchange = exchange_create(NULL);
    struct error error;
    (void)error_set(&error, STATUS_IO, "/var/lib/astreinte.db: disk I/O error");
    (void)reply_problem(exchange, STATUS_IO, &error, NULL);
    json_t *json = answer_of(exchange);
    assert_int_equal(exchange->http_status, 500);
    assert_null(strstr(text(json, "detail"), "/var/lib"));
    json_decref(json);
    exchange_destroy(&exchange);
}

static void test_problem__every_status_has_an_http_status(void **state)
{
    (void)state;
#define CHECK(name, code, slug, words)                                                             \
    assert_true(http_status_of(STATUS_##name) >= 200 && http_status_of(STATUS_##name) < 600);
    STATUS_TABLE(CHECK)
#undef CHECK
}

struct repeat {
    size_t count;
};

static void write_numbers(struct json_writer *json, void *context)
{
    const struct repeat *repeat = context;
    json_array_begin(json);
    for (size_t i = 0; i < repeat->count; i++) {
        json_int(json, 1234567);
    }
    json_array_end(json);
}

static void test_view__grows_until_it_fits(void **state)
{
    (void)state;
    struct exchange *exchange = exchange_create(NULL);
    struct repeat repeat = {100000};
    (void)reply_view(exchange, write_numbers, &repeat);
    assert_int_equal(exchange->http_status, 200);
    assert_int_equal(exchange->answer_bytes, 2 + repeat.count * 8 - 1);
    exchange_destroy(&exchange);
}

static void test_view__refuses_what_never_fits(void **state)
{
    (void)state;
    struct exchange *exchange = exchange_create(NULL);
    struct repeat repeat = {VIEW_BYTES_MAX / 8 + 1};
    (void)reply_view(exchange, write_numbers, &repeat);
    assert_int_equal(exchange->http_status, 413);
    exchange_destroy(&exchange);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problem__names_place_and_remedy),
        cmocka_unit_test(test_problem__carries_the_engines_members),
        cmocka_unit_test(test_problem__busy_says_when_to_come_back),
        cmocka_unit_test(test_problem__inner_detail_stays_inside),
        cmocka_unit_test(test_problem__every_status_has_an_http_status),
        cmocka_unit_test(test_view__grows_until_it_fits),
        cmocka_unit_test(test_view__refuses_what_never_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
