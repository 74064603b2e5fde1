/* test_metrics.c - the endpoints of telephony in /metrics, /readyz and /v1/providers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/base/random.h"
#include "gateway/daemon/metrics.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

#define UNUSED "\"health\":\"unused\",\"failing_since\":null,\"delivered_at\":null,\"reason\":null}"

struct fixture {
    struct telephony *telephony;
    struct self_check self_check;
    struct heartbeat heartbeat;
    struct metrics metrics;
    struct admin_api_hooks hooks;
    char text[16384];
};

static int set_up(void **state)
{
    static struct fixture fixture;
    static const struct telephony_endpoint endpoints[] = {
        {.name = "call-centre", .url = "https://desk.example/", .secrets = {SECRET}},
        {.name = "telephony", .url = "https://pbx.example/", .secrets = {SECRET}},
    };
    const struct telephony_configuration configuration = {
        .endpoints = endpoints,
        .endpoints_count = 2,
        .clock = &clock_system,
        .random = &random_system,
    };
    memset(&fixture, 0, sizeof fixture);
    assert_int_equal(telephony_create(&configuration, &fixture.telephony, NULL), STATUS_OK);
    fixture.metrics = (struct metrics){.telephony = fixture.telephony,
                                       .self_check = &fixture.self_check,
                                       .heartbeat = &fixture.heartbeat};
    fixture.hooks = metrics_hooks(&fixture.metrics);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    telephony_destroy(&fixture->telephony);
    return 0;
}

static void test_providers__name_the_endpoints_by_their_sections(void **state)
{
    struct fixture *fixture = *state;
    assert_true(
        fixture->hooks.providers(fixture->hooks.context, fixture->text, sizeof fixture->text) > 0);
    assert_non_null(strstr(fixture->text, "\"endpoint.telephony\":{" UNUSED));
    assert_non_null(strstr(fixture->text, "\"endpoint.call-centre\":{" UNUSED));
}

static void test_list_providers__has_an_item_an_endpoint(void **state)
{
    struct fixture *fixture = *state;
    assert_true(fixture->hooks.list_providers(fixture->hooks.context, fixture->text,
                                              sizeof fixture->text) > 0);
    assert_non_null(
        strstr(fixture->text, "{\"provider\":\"telephony\",\"endpoint\":\"telephony\"," UNUSED));
    assert_non_null(
        strstr(fixture->text, "{\"provider\":\"telephony\",\"endpoint\":\"call-centre\"," UNUSED));
}

static void test_metrics__gauge_an_endpoint(void **state)
{
    struct fixture *fixture = *state;
    assert_true(fixture->hooks.append_metrics(fixture->hooks.context, fixture->text,
                                              sizeof fixture->text) > 0);
    assert_non_null(
        strstr(fixture->text, "\nastreinte_callback_failing_seconds{endpoint=\"telephony\"} 0.0"));
    assert_non_null(strstr(fixture->text,
                           "\nastreinte_callback_failing_seconds{endpoint=\"call-centre\"} 0.0"));
}

static void test_providers__without_telephony_are_none(void **state)
{
    struct fixture *fixture = *state;
    fixture->metrics.telephony = NULL;
    assert_true(
        fixture->hooks.providers(fixture->hooks.context, fixture->text, sizeof fixture->text) > 0);
    assert_string_equal(fixture->text, "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_providers__name_the_endpoints_by_their_sections,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list_providers__has_an_item_an_endpoint, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_metrics__gauge_an_endpoint, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_providers__without_telephony_are_none, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
