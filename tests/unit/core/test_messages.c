/* What each message is: to whom, about what, and until when it is worth sending. */
#include "tests/unit/core/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* Paul has one phone of each kind; the desk is told when nobody was reached. */
static struct world *make_world(void)
{
    struct world *world = world_create();
    struct world_person *paul = world_person(world, "paul");
    paul->devices[0] = (struct context_device){.id = 1, .platform = PLATFORM_APNS};
    paul->devices[1] = (struct context_device){.id = 2, .platform = PLATFORM_FCM};
    paul->devices[2] = (struct context_device){.id = 3, .platform = PLATFORM_WEBPUSH};
    paul->devices_count = 3;
    world_procedure(world,
                    "{\"rounds\":3,\"round_spacing_s\":600,\"steps\":[{\"notify\":[{\"agent\":"
                    "\"paul\"}],\"by\":[\"push\"],\"accepted_within_s\":60}],"
                    "\"exhausted\":[{\"agent\":\"paul\",\"by\":[\"push\"]},"
                    "{\"callback\":\"desk\"}]}");
    world_open(world, SEVERITY_MINOR, 0, false);
    return world;
}

static const struct attempt *created(const struct world *world, enum attempt_purpose purpose)
{
    for (size_t i = 0; i < world->update->created_count; i++) {
        if (world->update->created[i].purpose == purpose) {
            return &world->update->created[i];
        }
    }
    fail_msg("no message of purpose %d", (int)purpose);
    return NULL;
}

static void assert_is_for(const struct world *world, const struct attempt *attempt, int64_t wait_ms)
{
    assert_int_equal(attempt->not_after.ms, WORLD_EPOCH_MS + world->clock_ms + wait_ms);
    assert_int_equal(attempt->planned_engine.ms, WORLD_EPOCH_MS + world->clock_ms);
    assert_int_equal(attempt->severity, world->now.severity);
    assert_int_equal(attempt->position, world->now.position);
    assert_int_equal(attempt->state, ATTEMPT_PLANNED);
}

static void assert_is_to_desk(const struct world *world, const struct attempt *attempt,
                              int64_t wait_ms, int number)
{
    assert_is_for(world, attempt, wait_ms);
    assert_int_equal(attempt->path, PATH_CALLBACK);
    assert_string_equal(attempt->callback, "desk");
    assert_int_equal(attempt->person_kind, PERSON_CALLBACK);
    assert_int_equal(attempt->number, number);
}

static void wait_until_due(struct world *world)
{
    world->clock_ms = world->now.due_at.ms - WORLD_EPOCH_MS;
    struct event deadline = world_event(world, EVENT_DEADLINE);
    world_step(world, &deadline);
    assert_int_equal(world->status, STATUS_OK);
}

static int64_t exhausted_every_ms(const struct world *world)
{
    return world->procedure->exhausted_every_ms;
}

/* Once, after the first round; in the end each time, and by turns. */
static void test_messages__that_nobody_was_reached(void **state)
{
    (void)state;
    struct world *world = make_world();
    assert_is_for(world, created(world, PURPOSE_ALERT), 60000);
    wait_until_due(world);
    assert_int_equal(world->now.state, ESCALATION_WAITING);
    assert_int_equal(world->update->created_count, 1);
    assert_is_to_desk(world, created(world, PURPOSE_FRUITLESS), exhausted_every_ms(world), 1);
    wait_until_due(world);
    wait_until_due(world);
    assert_int_equal(world->now.state, ESCALATION_WAITING);
    assert_int_equal(world->update->created_count, 0);
    wait_until_due(world);
    wait_until_due(world);
    assert_int_equal(world->now.state, ESCALATION_EXHAUSTED);
    assert_int_equal(world->update->created_count, 3);
    assert_is_for(world, created(world, PURPOSE_ALERT), exhausted_every_ms(world));
    for (int number = 2; number <= 4; number++) {
        wait_until_due(world);
        if (number % 2 == 0) {
            assert_int_equal(world->update->created_count, 1);
            assert_is_to_desk(world, created(world, PURPOSE_EXHAUSTED), exhausted_every_ms(world),
                              number);
        } else {
            assert_int_equal(world->update->created_count, 3);
        }
    }
    world_destroy(&world);
}

/* Whom it goes to cannot be reached: the desk is told in their place, and which time it is. */
static void test_messages__in_the_place_of_somebody(void **state)
{
    (void)state;
    struct world *world = make_world();
    world->persons[0].devices_count = 0;
    for (int i = 0; i < 5; i++) {
        wait_until_due(world);
    }
    assert_int_equal(world->now.state, ESCALATION_EXHAUSTED);
    while (world->now.announcements % 2 == 0) {
        wait_until_due(world);
    }
    assert_is_to_desk(world, created(world, PURPOSE_EXHAUSTED), exhausted_every_ms(world),
                      world->now.announcements);
    world_destroy(&world);
}

static void test_messages__to_the_desk_of_one_that_is_set_aside(void **state)
{
    (void)state;
    struct world *world = make_world();
    for (int i = 0; i < 2; i++) {
        struct event event = world_event(world, EVENT_QUARANTINE);
        world_step(world, &event);
        assert_true(world->now.quarantined);
        assert_int_equal(world->update->created_count, i == 0 ? 1 : 0); /* told once */
        if (i == 0) {
            assert_is_to_desk(world, created(world, PURPOSE_QUARANTINE), 3600000, 0);
        }
    }
    world_destroy(&world);
}

static void accept(struct world *world, const char *slug)
{
    struct event event = world_event(world, EVENT_ACCEPT);
    event.actor = world_person(world, slug)->ref;
    world_step(world, &event);
    assert_int_equal(world->now.state, ESCALATION_ACCEPTED);
}

/* Of what a provider took, only Apple's may not have come: one that the phone confirmed has. */
static void test_messages__clear_the_screens_that_show_it(void **state)
{
    (void)state;
    for (int confirmed = 0; confirmed <= 1; confirmed++) {
        struct world *world = make_world();
        (void)world_person(world, "marie");
        for (size_t i = 0; i < 3; i++) {
            world->attempts[i].state = ATTEMPT_ACCEPTED;
            if (confirmed == 1 && world->attempts[i].platform == PLATFORM_APNS) {
                world->attempts[i].state = ATTEMPT_RECEIVED;
                world->attempts[i].received_at = world_event(world, EVENT_RECEIVED).wall;
            }
        }
        world->clock_ms += 1000;
        accept(world, "marie");
        assert_int_equal(world->update->created_count, 2 + confirmed);
        for (size_t i = 0; i < world->update->created_count; i++) {
            const struct attempt *attempt = &world->update->created[i];
            assert_int_equal(attempt->purpose, PURPOSE_WITHDRAW);
            assert_int_equal(attempt->path, PATH_PUSH);
            assert_int_equal(attempt->device_id, (int)i + 2 - confirmed);
            assert_int_equal(attempt->platform,
                             world_person(world, "paul")->devices[attempt->device_id - 1].platform);
            assert_int_equal(attempt->person_id, world_person(world, "paul")->ref.id);
            assert_is_for(world, attempt, 120000);
        }
        world_destroy(&world);
    }
}

static void test_messages__about_a_silent_holder(void **state)
{
    (void)state;
    struct world *world = make_world();
    int64_t silent_ms = world->procedure->holder_silent_ms;
    accept(world, "paul");
    world_find(world, "paul")->has_phone = true;
    wait_until_due(world);
    assert_int_equal(world->now.state, ESCALATION_OVERDUE);
    const struct attempt *call = created(world, PURPOSE_HOLDER_CALL);
    assert_int_equal(call->path, PATH_CALL);
    assert_is_for(world, call, silent_ms);
    assert_is_to_desk(world, created(world, PURPOSE_TASK), silent_ms + 600000, TASK_PROGRESS);
    world_destroy(&world);
}

/* Somebody else calls about the same: who has it hears of it, as long as they would be waited for.
 */
static void test_messages__that_another_calls(void **state)
{
    (void)state;
    for (int has_app = 0; has_app <= 1; has_app++) {
        struct world *world = make_world();
        accept(world, "paul");
        struct world_person *paul = world_find(world, "paul");
        paul->has_phone = true;
        paul->devices_count = has_app ? 3 : 0;
        struct event event = world_event(world, EVENT_JOINED);
        event.severity = SEVERITY_MINOR;
        event.text = "another";
        world_step(world, &event);
        assert_int_equal(world->update->created_count, has_app ? 3 : 1);
        for (size_t i = 0; i < world->update->created_count; i++) {
            const struct attempt *attempt = &world->update->created[i];
            assert_int_equal(attempt->purpose, PURPOSE_UPDATE);
            assert_int_equal(attempt->path, has_app ? PATH_PUSH : PATH_CALL);
            assert_is_for(world, attempt, world->procedure->holder_silent_ms);
        }
        world_destroy(&world);
    }
}

static void take(struct world *world, enum event_type type, enum severity severity)
{
    struct event event = world_event(world, type);
    event.actor = world_find(world, "paul")->ref;
    event.severity = severity;
    event.progress = type == EVENT_PROGRESS ? INTERVENTION_ON_MY_WAY : INTERVENTION_NONE;
    event.eta_ms = type == EVENT_PROGRESS ? 60000 : 0;
    world_step(world, &event);
    assert_int_equal(world->update->answer, STATUS_OK);
}

static struct world *make_two_steps(void)
{
    struct world *world = make_world();
    struct world_person *marie = world_person(world, "marie");
    marie->devices[0] = (struct context_device){.id = 4, .platform = PLATFORM_FCM};
    marie->devices_count = 1;
    world_person(world, "luc")->has_phone = true;
    world_procedure(world,
                    "{\"rounds\":1,\"steps\":[{\"notify\":[{\"agent\":\"marie\"}],\"by\":["
                    "\"push\"],\"accepted_within_s\":60},{\"notify\":[{\"agent\":\"marie\"},{"
                    "\"agent\":\"luc\"}],\"by\":[\"push\",\"call\"],\"accepted_within_s\":60}],"
                    "\"exhausted\":[{\"callback\":\"desk\"}]}");
    world_open(world, SEVERITY_MINOR, 0, false);
    return world;
}

/* Whoever gives it back leaves nothing of theirs behind. */
static void test_hand_back__leaves_nothing_behind(void **state)
{
    (void)state;
    struct world *world = make_two_steps();
    take(world, EVENT_ACCEPT, SEVERITY_MINOR);
    take(world, EVENT_PROGRESS, SEVERITY_MINOR);
    assert_int_not_equal(world->now.eta_at.ms, TIME_NEVER_MS);
    take(world, EVENT_HAND_BACK, SEVERITY_MINOR);
    assert_int_equal(world->now.state, ESCALATION_NOTIFYING);
    assert_int_equal(world->now.step, 1);
    assert_int_equal(world->now.eta_at.ms, TIME_NEVER_MS);
    assert_int_equal(world->now.held_since.ms, TIME_NEVER_MS);
    assert_int_equal(world->now.intervention, INTERVENTION_NONE);
    world_destroy(&world);
}

/* That it was exhausted once is forgotten when it begins from the top: handed back in the first
 * step, it goes on with the second. */
static void test_hand_back__after_a_new_beginning_goes_on(void **state)
{
    (void)state;
    static const enum event_type beginnings[] = {EVENT_SEVERITY, EVENT_RESUME};
    for (size_t i = 0; i < 2; i++) {
        struct world *world = make_two_steps();
        wait_until_due(world);
        wait_until_due(world);
        assert_int_equal(world->now.state, ESCALATION_EXHAUSTED);
        assert_int_equal(world->now.announcements, 1);
        take(world, beginnings[i], SEVERITY_CRITICAL);
        assert_int_equal(world->now.state, ESCALATION_NOTIFYING);
        assert_int_equal(world->now.step, 0);
        assert_int_equal(world->now.announcements, 0);
        take(world, EVENT_ACCEPT, SEVERITY_MINOR);
        take(world, EVENT_HAND_BACK, SEVERITY_MINOR);
        assert_int_equal(world->now.step, 1);
        world_destroy(&world);
    }
}

/* What somebody said stands beside what they did. */
static void test_entries__keep_the_words(void **state)
{
    (void)state;
    static const struct {
        enum event_type type;
        enum entry_kind kind;
        bool held; /* by paul, before */
    } rows[] = {
        {EVENT_NOTE, ENTRY_NOTE, false},        {EVENT_CANCEL, ENTRY_CANCELLED, false},
        {EVENT_RESUME, ENTRY_RESUMED, true},    {EVENT_ACCEPT, ENTRY_ACCEPTED, false},
        {EVENT_DECLINE, ENTRY_DECLINED, false}, {EVENT_SEVERITY, ENTRY_SEVERITY, false},
        {EVENT_JOINED, ENTRY_JOINED, false},    {EVENT_PROGRESS, ENTRY_PROGRESS, true},
        {EVENT_DONE, ENTRY_DONE, true},         {EVENT_HAND_BACK, ENTRY_HANDED_BACK, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world *world = make_world();
        if (rows[i].held) {
            accept(world, "paul");
        }
        struct event event = world_event(world, rows[i].type);
        event.actor = world_find(world, "paul")->ref;
        event.severity = SEVERITY_CRITICAL;
        event.progress = INTERVENTION_ON_SITE;
        event.text = "because";
        world_step(world, &event);
        assert_int_equal(world->status, STATUS_OK);
        assert_int_equal(world->update->answer, STATUS_OK);
        bool kept = false;
        for (size_t k = 0; k < world->update->entries_count; k++) {
            const struct entry *entry = &world->update->entries[k];
            kept = kept || (entry->kind == rows[i].kind && entry->text != NULL &&
                            strcmp(entry->text, "because") == 0);
        }
        if (!kept) {
            fail_msg("the words of event %d are lost", (int)rows[i].type);
        }
        world_destroy(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages__that_nobody_was_reached),
        cmocka_unit_test(test_messages__in_the_place_of_somebody),
        cmocka_unit_test(test_messages__to_the_desk_of_one_that_is_set_aside),
        cmocka_unit_test(test_messages__clear_the_screens_that_show_it),
        cmocka_unit_test(test_messages__about_a_silent_holder),
        cmocka_unit_test(test_messages__that_another_calls),
        cmocka_unit_test(test_hand_back__leaves_nothing_behind),
        cmocka_unit_test(test_hand_back__after_a_new_beginning_goes_on),
        cmocka_unit_test(test_entries__keep_the_words),
    };
    return cmocka_run_group_tests_name("core.messages", tests, NULL, NULL);
}
