/* test_rota_adapter.c - the engine's view of rotas is what gateway/rota says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/daemon/rota_adapter.h"

static const char weekly[] = "{\"layers\":[{\"turn\":\"weekly\",\"starts_on\":\"2026-03-02\","
                             "\"hand_over\":{\"weekday\":\"monday\",\"time\":\"08:00\"},"
                             "\"participants\":[\"jean\",\"paul\"]}]}";

static struct wall_time moment(const char *text)
{
    struct wall_time time;
    assert_int_equal(wall_time_parse(text, &time), STATUS_OK);
    return time;
}

static void test_adapter__knows_zones(void **state)
{
    (void)state;
    struct engine_rotas rotas = rota_adapter();
    assert_true(rotas.zone_is_known(rotas.context, "Europe/Paris"));
    assert_false(rotas.zone_is_known(rotas.context, "Mars/Olympus"));
    assert_false(rotas.zone_is_known(rotas.context, "../../etc/passwd"));
}

static void test_adapter__checks(void **state)
{
    (void)state;
    struct engine_rotas rotas = rota_adapter();
    struct error error = {.text = ""};
    if (rotas.check(rotas.context, weekly, &error) != STATUS_OK) {
        fail_msg("%s %s", error.pointer, error.text);
    }
    assert_int_equal(rotas.check(rotas.context, "{\"layers\":7}", &error), STATUS_INVALID);
    assert_string_equal(error.pointer, "/layers");
    assert_int_equal(rotas.check(rotas.context, "not JSON", &error), STATUS_INVALID);
    /* Customers have no holidays yet: such a rota is refused now, not when it is asked. */
    assert_int_equal(rotas.check(rotas.context,
                                 "{\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2026-03-02\","
                                 "\"hand_over\":{\"time\":\"08:00\"},\"participants\":[\"jean\"],"
                                 "\"restrictions\":[{\"only\":\"holidays\"}]}]}",
                                 &error),
                     STATUS_INVALID);
    assert_string_equal(error.pointer, "/layers/0/restrictions/0/only");
}

static void test_adapter__compiles(void **state)
{
    (void)state;
    struct engine_rotas rotas = rota_adapter();
    struct error error;
    struct arena *arena = arena_create(0);
    struct engine_rota_interval *intervals;
    size_t count = 0;
    assert_int_equal(rotas.compile(rotas.context, weekly, "Europe/Paris",
                                   moment("2026-03-02T07:00:00Z"), moment("2026-03-30T07:00:00Z"),
                                   arena, &intervals, &count, &error),
                     STATUS_OK);
    assert_int_equal(count, 5); /* summer time makes the last one begin an hour early */
    static const char *const agents[] = {"jean", "paul", "jean", "paul", "jean"};
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(intervals[i].agent, agents[i]);
        assert_true(intervals[i].from.ms < intervals[i].to.ms);
        assert_true(i == 0 || intervals[i].from.ms == intervals[i - 1].to.ms);
    }
    assert_int_equal(intervals[4].from.ms, moment("2026-03-30T06:00:00Z").ms);
    assert_int_equal(rotas.compile(rotas.context, weekly, "Mars/Olympus",
                                   moment("2026-03-02T07:00:00Z"), moment("2026-03-30T07:00:00Z"),
                                   arena, &intervals, &count, &error),
                     STATUS_NOT_FOUND);
    arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adapter__knows_zones),
        cmocka_unit_test(test_adapter__checks),
        cmocka_unit_test(test_adapter__compiles),
    };
    return cmocka_run_group_tests_name("daemon.rota_adapter", tests, NULL, NULL);
}
