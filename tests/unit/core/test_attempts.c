/* What an outcome leaves in the attempt, where the timeline shows only a part of it. */
#include "tests/unit/core/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct world *make_world(void)
{
    struct world *world = world_create();
    struct world_person *paul = world_person(world, "paul");
    paul->devices[0] = (struct context_device){.id = 1, .platform = PLATFORM_APNS};
    paul->devices_count = 1;
    world_procedure(world, "{\"steps\":[{\"notify\":[{\"agent\":\"paul\"}],\"by\":[\"push\"],"
                           "\"accepted_within_s\":60}]}");
    world_open(world, SEVERITY_MAJOR, 0, false);
    assert_true(world->attempts_count > 0);
    return world;
}

static const struct attempt *report(struct world *world, enum attempt_state state,
                                    const char *reason, const char *provider_id)
{
    struct event event = world_event(world, EVENT_TRANSPORT);
    event.attempt = world->attempts[0].id;
    event.transport = state;
    event.reason = reason;
    event.provider_id = provider_id;
    event.tries = 3;
    world_step(world, &event);
    assert_int_equal(world->status, STATUS_OK);
    return &world->attempts[0];
}

static void outcome__of_a_failed_push(void **state)
{
    (void)state;
    struct world *world = make_world();
    const struct attempt *attempt = report(world, ATTEMPT_FAILED, "Unregistered", NULL);
    assert_int_equal(attempt->state, ATTEMPT_FAILED);
    assert_string_equal(attempt->reason, "Unregistered");
    assert_string_equal(attempt->provider_id, "");
    assert_int_equal(attempt->tries, 3);
    assert_true(attempt->accepted_at.ms == TIME_NEVER_MS);
    world_destroy(&world);
}

static void outcome__of_an_accepted_push(void **state)
{
    (void)state;
    struct world *world = make_world();
    const struct attempt *attempt = report(world, ATTEMPT_ACCEPTED, NULL, "apns-7");
    assert_int_equal(attempt->state, ATTEMPT_ACCEPTED);
    assert_string_equal(attempt->reason, "");
    assert_string_equal(attempt->provider_id, "apns-7");
    assert_true(attempt->accepted_at.ms != TIME_NEVER_MS);
    world_destroy(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcome__of_a_failed_push),
        cmocka_unit_test(outcome__of_an_accepted_push),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
