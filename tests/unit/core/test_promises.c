/* What became of each caller's promise, where the timeline has no word for it. */
#include "tests/unit/core/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void take_step(struct world *world, enum event_type type, int caller, int64_t promised_ms)
{
    struct event event = world_event(world, type);
    event.actor = world->persons[0].ref;
    event.caller = caller;
    event.promised_ms = promised_ms;
    event.severity = world->now.severity;
    world_step(world, &event);
    assert_int_equal(world->status, STATUS_OK);
    assert_int_equal(world->update->answer, STATUS_OK);
}

/* The callers were served: open and warned promises are kept; one that left stays gone, and who was
 * promised nothing has nothing. */
static void done__keeps_what_was_promised(void **state)
{
    (void)state;
    struct world *world = world_create();
    (void)world_person(world, "paul");
    world_procedure(world, "{\"steps\":[{\"notify\":[{\"agent\":\"paul\"}],\"by\":[\"push\"],"
                           "\"accepted_within_s\":60}],\"promise_warning_s\":60}");
    world_open(world, SEVERITY_MAJOR, 30000, false); /* warned of at once */
    take_step(world, EVENT_JOINED, 0, 3600000);
    take_step(world, EVENT_JOINED, 0, 0);
    take_step(world, EVENT_JOINED, 0, 3600000);
    take_step(world, EVENT_SPLIT, 4, 0);
    take_step(world, EVENT_ACCEPT, 0, 0);
    static const enum promise_state before[] = {PROMISE_WARNED, PROMISE_OPEN, PROMISE_NONE,
                                                PROMISE_SPLIT};
    static const enum promise_state after[] = {PROMISE_KEPT, PROMISE_KEPT, PROMISE_NONE,
                                               PROMISE_SPLIT};
    assert_int_equal(world->now.callers_count, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(world->now.promises[i].state, before[i]);
    }
    take_step(world, EVENT_DONE, 0, 0);
    assert_int_equal(world->now.state, ESCALATION_DONE);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(world->now.promises[i].state, after[i]);
    }
    world_destroy(&world);
}

/* Of several that are due together the first is named; a step that is due then is named before. */
static void next__names_the_promise_that_is_due_first(void **state)
{
    (void)state;
    struct world *world = world_create();
    world_person(world, "paul")->devices_count = 1;
    world_person(world, "paul")->devices[0].id = 1;
    world_procedure(world, "{\"steps\":[{\"notify\":[{\"agent\":\"paul\"}],\"by\":[\"push\"],"
                           "\"accepted_within_s\":600}],\"promise_warning_s\":60}");
    world_open(world, SEVERITY_MAJOR, 660000, false);
    assert_int_equal(world->now.due_at.ms, WORLD_EPOCH_MS + 600000);
    assert_null(strstr(world->now.next_what, "promise"));
    take_step(world, EVENT_JOINED, 0, 659999);
    take_step(world, EVENT_JOINED, 0, 659999);
    assert_int_equal(world->now.due_at.ms, WORLD_EPOCH_MS + 599999);
    assert_non_null(strstr(world->now.next_what, "to caller 2"));
    world_destroy(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(done__keeps_what_was_promised),
        cmocka_unit_test(next__names_the_promise_that_is_due_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
