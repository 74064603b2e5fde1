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

static struct world *make_calling_world(void)
{
    struct world *world = world_create();
    world_person(world, "paul")->has_phone = true;
    world_procedure(world, "{\"steps\":[{\"notify\":[{\"agent\":\"paul\"}],\"by\":[\"call\"],"
                           "\"accepted_within_s\":60}]}");
    world_open(world, SEVERITY_MAJOR, 0, false);
    return world;
}

static void say(struct world *world, enum event_type type, const char *who)
{
    struct event event = world_event(world, type);
    event.actor = world_person(world, who)->ref;
    event.attempt = world->attempts[0].id;
    event.via = world->attempts[0].path;
    world_step(world, &event);
    assert_int_equal(world->status, STATUS_OK);
}

/* A call is looked at in the app, too: the timeline says what was. */
static void seen__is_told_of_the_path_that_it_came_by(void **state)
{
    (void)state;
    for (int calls = 0; calls < 2; calls++) {
        struct world *world = calls == 1 ? make_calling_world() : make_world();
        say(world, EVENT_SEEN, "paul");
        assert_int_equal(world->update->entries_count, 1);
        const struct entry *entry = &world->update->entries[0];
        assert_int_equal(entry->kind, ENTRY_SEEN);
        assert_true(entry->has_path);
        assert_int_equal(entry->path, calls == 1 ? PATH_CALL : PATH_PUSH);
        world_destroy(&world);
    }
}

/* Whoever answers has seen it by then, and on a phone received it; earlier times stay. */
static void answer__means_that_it_was_seen(void **state)
{
    (void)state;
    static const enum event_type answers[] = {EVENT_ACCEPT, EVENT_DECLINE};
    static const enum event_type before[] = {EVENT_NOTE, EVENT_RECEIVED, EVENT_SEEN};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 3; k++) {
            struct world *world = make_world();
            int64_t began_ms = WORLD_EPOCH_MS + WORLD_WALL_MS;
            say(world, before[k], "paul");
            world->clock_ms += 1000;
            say(world, answers[i], "paul");
            const struct attempt *attempt = &world->attempts[0];
            assert_int_equal(attempt->state, ATTEMPT_SEEN);
            assert_int_equal(attempt->received_at.ms, k == 0 ? began_ms + 1000 : began_ms);
            assert_int_equal(attempt->seen_at.ms, k < 2 ? began_ms + 1000 : began_ms);
            assert_int_equal(attempt->answer, i == 0 ? ANSWER_ACCEPTED : ANSWER_DECLINED);
            world_destroy(&world);
        }
    }
}

/* Its push had failed, and another way told them of it: it stays failed. */
static void answer__leaves_a_failure_what_it_is(void **state)
{
    (void)state;
    struct world *world = make_world();
    struct world_person *paul = world_person(world, "paul");
    paul->devices_count = 0;
    (void)report(world, ATTEMPT_FAILED, "Unregistered", NULL);
    say(world, EVENT_ACCEPT, "paul");
    assert_int_equal(world->now.state, ESCALATION_ACCEPTED);
    assert_int_equal(world->attempts[0].state, ATTEMPT_FAILED);
    world_destroy(&world);
}

/* A call is answered without anything being received on a phone. */
static void answer__on_the_telephone(void **state)
{
    (void)state;
    struct world *world = make_calling_world();
    say(world, EVENT_ACCEPT, "paul");
    assert_int_equal(world->attempts[0].received_at.ms, TIME_NEVER_MS);
    assert_int_equal(world->attempts[0].seen_at.ms, WORLD_EPOCH_MS + WORLD_WALL_MS);
    world_destroy(&world);
}

static void call__said_twice_is_told_once(void **state)
{
    (void)state;
    struct world *world = make_calling_world();
    static const enum attempt_answer answers[] = {ANSWER_RINGING, ANSWER_RINGING, ANSWER_ANSWERED,
                                                  ANSWER_RINGING};
    for (size_t i = 0; i < 4; i++) {
        struct event event = world_event(world, EVENT_CALL);
        event.attempt = world->attempts[0].id;
        event.answer = answers[i];
        world_step(world, &event);
        assert_int_equal(world->update->entries_count, i % 2 == 0 ? 1 : 0);
    }
    assert_int_equal(world->attempts[0].answer, ANSWER_ANSWERED);
    world_destroy(&world);
}

/* A call of before people had several numbers names none: it was to the first. */
static void call__without_a_number_was_to_the_first(void **state)
{
    (void)state;
    struct world *world = make_calling_world();
    world_person(world, "paul")->further_phones = 1;
    world->attempts[0].phone[0] = '\0';
    struct event event = world_event(world, EVENT_CALL);
    event.attempt = world->attempts[0].id;
    event.answer = ANSWER_BUSY;
    world_step(world, &event);
    assert_int_equal(world->update->created_count, 1);
    assert_string_equal(world->update->created[0].phone, world_person(world, "paul")->phones[1]);
    world_destroy(&world);
}

/* It rings only now, and somebody else has it: it is taken from the screen, in two minutes or
 * never.
 */
static void reception__behind_the_acceptance_is_withdrawn(void **state)
{
    (void)state;
    struct world *world = make_world();
    say(world, EVENT_ACCEPT, "marie");
    world->clock_ms += 1000;
    say(world, EVENT_RECEIVED, "paul");
    assert_int_equal(world->update->created_count, 1);
    const struct attempt *withdrawal = &world->update->created[0];
    assert_int_equal(withdrawal->purpose, PURPOSE_WITHDRAW);
    assert_int_equal(withdrawal->device_id, 1);
    assert_int_equal(withdrawal->platform, PLATFORM_APNS);
    assert_int_equal(withdrawal->not_after.ms, WORLD_EPOCH_MS + 121000);
    world_destroy(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcome__of_a_failed_push),
        cmocka_unit_test(outcome__of_an_accepted_push),
        cmocka_unit_test(seen__is_told_of_the_path_that_it_came_by),
        cmocka_unit_test(answer__means_that_it_was_seen),
        cmocka_unit_test(answer__leaves_a_failure_what_it_is),
        cmocka_unit_test(answer__on_the_telephone),
        cmocka_unit_test(call__said_twice_is_told_once),
        cmocka_unit_test(call__without_a_number_was_to_the_first),
        cmocka_unit_test(reception__behind_the_acceptance_is_withdrawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
