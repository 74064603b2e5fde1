/* The most that one event may do, and the least: an update is full, or differs in one member. */
#include "tests/unit/core/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define PROCEDURE_BYTES_MAX 8192

/* As many steps as there may be, the same twice in a row: first the day's people, then the night's.
 */
static void give_procedure(struct world *world, int steps, const char *by, const char *exhausted)
{
    char json[PROCEDURE_BYTES_MAX];
    size_t used = (size_t)snprintf(json, sizeof json, "{\"rounds\":1,\"steps\":[");
    for (int i = 0; i < steps; i++) {
        used += (size_t)snprintf(json + used, sizeof json - used,
                                 "%s{\"notify\":[{\"on_call\":\"%s\"}],\"by\":[\"%s\"],"
                                 "\"accepted_within_s\":60}",
                                 i > 0 ? "," : "", i % 2 == 0 ? "day" : "night", by);
    }
    (void)snprintf(json + used, sizeof json - used, "],\"exhausted\":[%s]}", exhausted);
    world_procedure(world, json);
}

/* As many people as a step may have, each with as many phones as they may have, but no number. */
static void give_people(struct world *world, const char *role)
{
    for (int i = 0; i < PERSONS_OF_STEP_MAX; i++) {
        char slug[SLUG_BYTES_MAX];
        (void)snprintf(slug, sizeof slug, "%s-%d", role, i);
        struct world_person *person = world_person(world, slug);
        (void)snprintf(person->role, sizeof person->role, "%s", role);
        person->devices_count = DEVICES_OF_PERSON_MAX;
        for (size_t d = 0; d < DEVICES_OF_PERSON_MAX; d++) {
            person->devices[d] = (struct context_device){.id = person->ref.id * 10 + (int64_t)d,
                                                         .platform = PLATFORM_FCM};
        }
    }
}

/* Nobody of the longest procedure has a number, and everybody is told in the end: more facts than
 * an update holds. Each message is made all the same; the newest fact is kept. */
static void update__counts_what_it_cannot_record(void **state)
{
    (void)state;
    struct world *world = world_create();
    give_procedure(world, PROCEDURE_STEPS_MAX, "call",
                   "{\"on_call\":\"day\",\"by\":[\"push\"]},{\"callback\":\"desk\"}");
    give_people(world, "day");
    give_people(world, "night");
    world_open(world, SEVERITY_MAJOR, 0, false);

    const struct update *update = world->update;
    assert_int_equal(world->now.state, ESCALATION_EXHAUSTED);
    assert_int_equal(update->created_count, PERSONS_OF_STEP_MAX * DEVICES_OF_PERSON_MAX);
    assert_int_equal(update->entries_count, UPDATE_ENTRIES_MAX);
    size_t facts =
        1 + (size_t)PROCEDURE_STEPS_MAX * (PERSONS_OF_STEP_MAX + 2) + 1 + 1 + update->created_count;
    assert_int_equal(update->dropped, facts - UPDATE_ENTRIES_MAX);
    const struct entry *newest = &update->entries[update->entries_count - 1];
    assert_int_equal(newest->kind, ENTRY_ATTEMPT_PLANNED);
    assert_true(uuid_equal(newest->attempt, update->created[update->created_count - 1].id));
    world_destroy(&world);
}

/* More screens to clear than an update holds, behind a promise for the desk: the desk is told, and
 * what is left out is counted. */
static void update__counts_what_it_cannot_send(void **state)
{
    (void)state;
    struct world *world = world_create();
    give_procedure(world, 2, "push", "{\"callback\":\"desk\"}");
    give_people(world, "day");
    give_people(world, "night");
    world_open(world, SEVERITY_MAJOR, 86400000, false);
    world->clock_ms = 60000;
    struct event deadline = world_event(world, EVENT_DEADLINE);
    world_step(world, &deadline);
    assert_true(world->attempts_count > ATTEMPTS_LOADED_MAX);
    for (size_t i = 0; i < world->attempts_count; i++) {
        world->attempts[i].state = ATTEMPT_ACCEPTED;
        world->attempts[i].accepted_at = deadline.wall;
    }
    struct event cancel = world_event(world, EVENT_CANCEL);
    world_step(world, &cancel);

    const struct update *update = world->update;
    assert_int_equal(world->now.state, ESCALATION_CANCELLED);
    assert_int_equal(update->tasks_count, 1);
    assert_int_equal(update->created_count, UPDATE_ATTEMPTS_MAX);
    assert_int_equal(update->created[0].purpose, PURPOSE_TASK);
    assert_int_equal(update->created[1].purpose, PURPOSE_WITHDRAW);
    assert_int_equal(update->dropped, 1 + ATTEMPTS_LOADED_MAX - UPDATE_ATTEMPTS_MAX);
    world_destroy(&world);
}

static struct world *held_world(void)
{
    struct world *world = world_create();
    give_procedure(world, 1, "push", "{\"callback\":\"desk\"}");
    give_people(world, "day");
    world_open(world, SEVERITY_MAJOR, 0, false);
    struct event accept = world_event(world, EVENT_ACCEPT);
    accept.actor = world->persons[0].ref;
    world_step(world, &accept);
    assert_int_equal(world->now.state, ESCALATION_ACCEPTED);
    return world;
}

static void progress(struct world *world, enum intervention intervention, int64_t eta_ms)
{
    struct event event = world_event(world, EVENT_PROGRESS);
    event.actor = world->persons[0].ref;
    event.progress = intervention;
    event.eta_ms = eta_ms;
    world_step(world, &event);
    assert_int_equal(world->status, STATUS_OK);
    assert_int_equal(world->update->answer, STATUS_OK);
}

/* So many times the holder is told, one way or another; then the desk, and no notice is counted
 * that nobody got. */
static void cancel__tells_the_holder_so_many_times(void **state)
{
    (void)state;
    struct world *world = held_world();
    struct event cancel = world_event(world, EVENT_CANCEL);
    world_step(world, &cancel);
    for (int told = 1; told <= CANCEL_NOTICES_MAX; told++) {
        assert_int_equal(world->now.state, ESCALATION_CANCELLING);
        assert_int_equal(world->now.notices, told);
        assert_true(world->update->created_count > 0);
        assert_int_equal(world->update->created[0].purpose, PURPOSE_CANCEL_NOTICE);
        assert_int_equal(world->update->tasks_count, 0);
        world->clock_ms = world->now.due_at.ms - WORLD_EPOCH_MS;
        struct event deadline = world_event(world, EVENT_DEADLINE);
        world_step(world, &deadline);
    }
    assert_int_equal(world->now.state, ESCALATION_CANCELLED);
    assert_int_equal(world->now.notices, CANCEL_NOTICES_MAX);
    assert_int_equal(world->update->tasks_count, 1);
    world_destroy(&world);
}

/* Who has a number and no app is rung; who has neither is found by the desk. */
static void cancel__rings_a_holder_without_an_app(void **state)
{
    (void)state;
    for (int has_phone = 1; has_phone >= 0; has_phone--) {
        struct world *world = held_world();
        world->persons[0].devices_count = 0;
        world->persons[0].has_phone = has_phone;
        struct event cancel = world_event(world, EVENT_CANCEL);
        world_step(world, &cancel);
        assert_int_equal(world->now.state, ESCALATION_CANCELLING);
        size_t notices = 0;
        for (size_t i = 0; i < world->update->created_count; i++) {
            notices += world->update->created[i].purpose == PURPOSE_CANCEL_NOTICE &&
                       world->update->created[i].path == PATH_CALL;
        }
        assert_int_equal(notices, has_phone);
        world->clock_ms = world->now.due_at.ms - WORLD_EPOCH_MS;
        struct event deadline = world_event(world, EVENT_DEADLINE);
        world_step(world, &deadline);
        assert_int_equal(world->now.state,
                         has_phone ? ESCALATION_CANCELLING : ESCALATION_CANCELLED);
        assert_int_equal(world->now.notices, has_phone ? 2 : 1);
        assert_int_equal(world->update->tasks_count, has_phone ? 0 : 1);
        world_destroy(&world);
    }
}

/* The one who holds it and says nothing is called about it, on what there is. */
static void overdue__reaches_the_holder_on_what_there_is(void **state)
{
    (void)state;
    for (int has_phone = 0; has_phone <= 1; has_phone++) {
        struct world *world = held_world();
        world->persons[0].has_phone = has_phone;
        world->clock_ms = world->now.due_at.ms - WORLD_EPOCH_MS;
        struct event deadline = world_event(world, EVENT_DEADLINE);
        world_step(world, &deadline);
        assert_int_equal(world->now.state, ESCALATION_OVERDUE);
        size_t calls = 0, pushes = 0;
        for (size_t i = 0; i < world->update->created_count; i++) {
            const struct attempt *attempt = &world->update->created[i];
            if (attempt->purpose == PURPOSE_HOLDER_CALL) {
                calls += attempt->path == PATH_CALL;
                pushes += attempt->path == PATH_PUSH;
            }
        }
        assert_int_equal(calls, has_phone);
        assert_int_equal(pushes, has_phone ? 0 : DEVICES_OF_PERSON_MAX);
        world_destroy(&world);
    }
}

static struct world *crowded_world(int64_t promised_ms)
{
    struct world *world = world_create();
    give_procedure(world, 1, "push", "{\"callback\":\"desk\"}");
    give_people(world, "day");
    world->persons_count = 1; /* each caller is news to everybody's every phone */
    world->persons[0].devices_count = 1;
    world_open(world, SEVERITY_MAJOR, promised_ms, false);
    for (int i = 1; i < CALLERS_MAX; i++) {
        struct event event = world_event(world, EVENT_JOINED);
        event.severity = SEVERITY_MAJOR;
        event.promised_ms = promised_ms;
        event.text = "another";
        world_step(world, &event);
        assert_int_equal(world->update->answer, STATUS_OK);
    }
    assert_int_equal(world->now.callers_count, CALLERS_MAX);
    return world;
}

static void assert_promises(const struct world *world, enum promise_state expected)
{
    for (int i = 0; i < CALLERS_MAX; i++) {
        assert_int_equal(world->now.promises[i].state, expected);
    }
}

static void callers__as_many_as_there_may_be_are_served(void **state)
{
    (void)state;
    struct world *world = crowded_world(86400000);
    struct event accept = world_event(world, EVENT_ACCEPT);
    accept.actor = world->persons[0].ref;
    world_step(world, &accept);
    assert_promises(world, PROMISE_OPEN);
    struct event done = world_event(world, EVENT_DONE);
    done.actor = world->persons[0].ref;
    world_step(world, &done);
    assert_int_equal(world->now.state, ESCALATION_DONE);
    assert_promises(world, PROMISE_KEPT);
    world_destroy(&world);
}

static void callers__as_many_as_there_may_be_are_left_to_the_desk(void **state)
{
    (void)state;
    struct world *world = crowded_world(86400000);
    struct event cancel = world_event(world, EVENT_CANCEL);
    world_step(world, &cancel);
    assert_promises(world, PROMISE_WARNED);
    assert_int_equal(world->update->tasks_count, CALLERS_MAX);
    world_destroy(&world);
}

static void callers__as_many_as_there_may_be_are_called_in_time(void **state)
{
    (void)state;
    struct world *world = crowded_world(1800000);
    size_t tasks = 0;
    for (int i = 0; i < 1000 && tasks < CALLERS_MAX; i++) {
        world->clock_ms = world->now.due_at.ms - WORLD_EPOCH_MS;
        struct event deadline = world_event(world, EVENT_DEADLINE);
        world_step(world, &deadline);
        for (size_t k = 0; k < world->update->tasks_count; k++) {
            assert_int_equal(world->update->tasks[k].kind, TASK_PROMISE);
            assert_int_equal(world->update->tasks[k].caller, (int)++tasks);
        }
    }
    assert_int_equal(tasks, CALLERS_MAX);
    assert_promises(world, PROMISE_WARNED);
    world_destroy(&world);
}

/* Whoever keeps the state by its version must see each change, were it of one member only. */
static void version__counts_an_arrival_that_is_announced_no_more(void **state)
{
    (void)state;
    struct world *world = held_world();
    progress(world, INTERVENTION_ON_MY_WAY, 60000);
    const struct escalation before = world->now;
    world->clock_ms += 60000;
    progress(world, INTERVENTION_ON_MY_WAY, 0);
    assert_int_equal(world->now.wait_until.ms, before.wait_until.ms);
    assert_int_not_equal(world->now.eta_at.ms, before.eta_at.ms);
    assert_int_equal(world->now.version, before.version + 1);
    world_destroy(&world);
}

static void version__counts_an_arrival_at_the_same_moment(void **state)
{
    (void)state;
    struct world *world = held_world();
    progress(world, INTERVENTION_ON_MY_WAY, 0);
    const struct escalation before = world->now;
    progress(world, INTERVENTION_ON_SITE, 0);
    assert_int_equal(world->now.wait_until.ms, before.wait_until.ms);
    assert_int_equal(world->now.version, before.version + 1);
    progress(world, INTERVENTION_ON_SITE, 0);
    assert_int_equal(world->now.version, before.version + 1); /* nothing is new */
    world_destroy(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(update__counts_what_it_cannot_record),
        cmocka_unit_test(update__counts_what_it_cannot_send),
        cmocka_unit_test(cancel__tells_the_holder_so_many_times),
        cmocka_unit_test(cancel__rings_a_holder_without_an_app),
        cmocka_unit_test(overdue__reaches_the_holder_on_what_there_is),
        cmocka_unit_test(callers__as_many_as_there_may_be_are_served),
        cmocka_unit_test(callers__as_many_as_there_may_be_are_left_to_the_desk),
        cmocka_unit_test(callers__as_many_as_there_may_be_are_called_in_time),
        cmocka_unit_test(version__counts_an_arrival_that_is_announced_no_more),
        cmocka_unit_test(version__counts_an_arrival_at_the_same_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
