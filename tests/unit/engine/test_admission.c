/* test_admission.c - how long new escalations may wait: more are refused, and what waited to the
 * end is not done any more. Acknowledgments are not concerned. */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

static enum status post_new(struct house *house, struct command **command_r)
{
    *command_r = escalate_command(house, SEVERITY_MAJOR, NULL);
    return engine_post(house->engine, *command_r);
}

static enum status post_one(struct house *house)
{
    struct command *command;
    return post_new(house, &command);
}

static enum status post_acknowledgment(struct house *house)
{
    const struct uuid nobody = {{7}};
    return engine_post(house->engine, agent_command(house, nobody, VERB_ACCEPT, house->jean, NULL));
}

/* A slow turn leaves some: those posted first wait for the next. */
static void leave_some(struct house *house)
{
    for (int i = 0; i < 40; i++) {
        assert_int_equal(post_one(house), STATUS_OK);
    }
    house->look_ms = 1;
    (void)engine_turn(house->engine);
    house->look_ms = 0;
    assert_false(turn_is_empty(house->engine->turn));
}

static void test_admission__by_how_long_the_oldest_has_waited(void **state)
{
    struct house *house = *state;
    int64_t began_ms = house->boot.ms;
    leave_some(house);
    house->boot.ms = began_ms + NEW_WAIT_MS_MAX - 1;
    assert_int_equal(post_one(house), STATUS_OK);
    house_advance(house, 1);
    assert_int_equal(post_one(house), STATUS_FULL);
    assert_int_equal(post_acknowledgment(house), STATUS_OK);
    house_settle(house); /* the oldest is done */
    assert_int_equal(post_one(house), STATUS_OK);
    (void)engine_turn(house->engine);
    house_advance(house, 60 * NEW_WAIT_MS_MAX); /* an idle engine has nothing that waits */
    assert_int_equal(post_one(house), STATUS_OK);
}

/* No more are let in than the writer has done lately in half a second. */
static void test_admission__by_the_pace_of_the_writer(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 400; i++) {
        assert_int_equal(post_one(house), STATUS_OK); /* nothing is known of it yet */
    }
    int64_t began_ms = house->boot.ms;
    house->look_ms = 1;
    (void)engine_turn(house->engine);
    house->look_ms = 0;
    size_t took_ms = (size_t)(house->boot.ms - began_ms);
    size_t pace = atomic_load(&house->engine->new_pace);
    assert_int_equal(house->sent_count, 16);
    assert_in_range(pace, 16 * 1000 / took_ms, 16 * 1000 / (took_ms - 20)); /* looks come after */
    assert_int_equal(post_one(house), STATUS_FULL); /* 384 are far more than it does in 500 ms */
    assert_int_equal(post_acknowledgment(house), STATUS_OK);
    (void)engine_turn(house->engine); /* in no time on this clock: the pace rises */
    assert_true(atomic_load(&house->engine->new_pace) > pace);
    assert_int_equal(post_one(house), STATUS_OK);
    house_settle(house);
    assert_int_equal(atomic_load(&house->engine->new_inside), 0);
}

/* However slow it was, a few are let in; and a writer that keeps up is soon trusted again. */
static void test_admission__a_few_always(void **state)
{
    struct house *house = *state;
    atomic_store(&house->engine->new_pace, 20); /* ten in half a second */
    house->engine->new_noted_ms = house->boot.ms;
    for (int i = 0; i < NEW_INSIDE_MIN; i++) {
        assert_int_equal(post_one(house), STATUS_OK);
    }
    assert_int_equal(post_one(house), STATUS_FULL);
    house_settle(house);
    size_t before = atomic_load(&house->engine->new_pace);
    for (int turn = 0; turn < 100; turn++) {
        house_advance(house, 10);
        assert_int_equal(post_one(house), STATUS_OK);
        (void)engine_turn(house->engine);
    }
    /* Turns are many in a second: it is the time that counts. */
    assert_int_equal(before, 20);
    assert_in_range(atomic_load(&house->engine->new_pace), 30, 60);
    house_advance(house, 3600000);
    house_settle(house);
    assert_int_equal(atomic_load(&house->engine->new_pace), 0);
    for (int i = 0; i < 4 * NEW_INSIDE_MIN; i++) {
        assert_int_equal(post_one(house), STATUS_OK);
    }
    house_settle(house);
}

static struct house *asking;
static size_t refused;

static void ask_again(struct command *command)
{
    atomic_store((_Atomic bool *)command->context, true);
    refused += post_one(asking) != STATUS_OK;
}

/* As many callers as are always let in, each with its next as soon as it is answered. */
static void test_admission__who_is_answered_may_ask_again(void **state)
{
    struct house *house = asking = *state;
    refused = 0;
    atomic_store(&house->engine->new_pace, 20);
    house->engine->new_noted_ms = house->boot.ms;
    for (int i = 0; i < NEW_INSIDE_MIN; i++) {
        struct command *command;
        assert_int_equal(post_new(house, &command), STATUS_OK);
        command->complete = ask_again;
    }
    house_settle(house);
    assert_int_equal(refused, 0);
}

static enum status post_in_the_middle;

static void post_while_it_sends(struct house *house)
{
    house->at_send = NULL; /* the new one is sent too, later */
    post_in_the_middle = post_one(house);
}

/* What the writer has in its hands has waited too, until it is answered. */
static void test_admission__by_what_is_being_done(void **state)
{
    struct house *house = *state;
    for (int64_t early_ms = 1; early_ms >= 0; early_ms--) {
        assert_int_equal(post_one(house), STATUS_OK);
        house_advance(house, NEW_WAIT_MS_MAX - early_ms);
        house->at_send = post_while_it_sends;
        (void)engine_turn(house->engine);
        assert_int_equal(post_in_the_middle, early_ms > 0 ? STATUS_OK : STATUS_FULL);
        house_settle(house);
    }
    assert_int_equal(post_one(house), STATUS_OK);
    house_settle(house);
}

static void test_admission__while_a_turn_stands_still(void **state)
{
    struct house *house = *state;
    atomic_store(&house->engine->turn_began_awake_ms, house->boot.ms); /* as a commit that hangs */
    house_advance(house, NEW_WAIT_MS_MAX - 1);
    assert_int_equal(post_one(house), STATUS_OK);
    house->suspended_ms += 15000; /* nobody waits while the machine sleeps */
    house_advance(house, 15000);
    assert_int_equal(post_one(house), STATUS_OK);
    house_advance(house, 1);
    assert_int_equal(post_one(house), STATUS_FULL);
    assert_int_equal(post_acknowledgment(house), STATUS_OK);
    atomic_store(&house->engine->turn_began_awake_ms, 0);
    assert_int_equal(post_one(house), STATUS_OK);
}

/* It was let in and nobody came: its caller is told so, and nothing has happened. */
static void test_admission__what_waited_to_the_end_is_refused(void **state)
{
    struct house *house = *state;
    struct command *late = escalate_command(house, SEVERITY_MAJOR, "key");
    struct command *timely, *again = escalate_command(house, SEVERITY_MAJOR, "key");
    assert_int_equal(engine_post(house->engine, late), STATUS_OK);
    assert_int_equal(post_acknowledgment(house), STATUS_OK);
    struct command *acknowledgment = house->commands[house->commands_count - 1];
    house_advance(house, 1);
    assert_int_equal(post_new(house, &timely), STATUS_OK);
    house_advance(house, NEW_WAIT_MS_END - 1);
    house_settle(house);
    assert_true(answered(late));
    assert_int_equal(late->answer.status, STATUS_FULL);
    assert_string_equal(late->answer.body, "");
    assert_int_equal(timely->answer.status, STATUS_OK);
    assert_int_equal(acknowledgment->answer.status, STATUS_NOT_FOUND); /* the engine's own answer */
    assert_int_equal(house->sent_count, 1);
    house_run(house, again); /* its key was not used up */
    assert_int_equal(again->answer.status, STATUS_OK);
    assert_int_equal(house->sent_count, 2);
}

/* As long as the oldest has waited, and spread so that not all come back together. */
static void test_admission__says_when_to_come_back(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(engine_retry_after_s(house->engine), 1 + i % 3);
    }
    atomic_store(&house->engine->turn_began_awake_ms, house->boot.ms);
    house_advance(house, 4001);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(engine_retry_after_s(house->engine), 5 + 1 + i % 3);
    }
    atomic_store(&house->engine->turn_began_awake_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_admission__by_how_long_the_oldest_has_waited),
        HOUSE_TEST(test_admission__by_the_pace_of_the_writer),
        HOUSE_TEST(test_admission__a_few_always),
        HOUSE_TEST(test_admission__who_is_answered_may_ask_again),
        HOUSE_TEST(test_admission__by_what_is_being_done),
        HOUSE_TEST(test_admission__while_a_turn_stands_still),
        HOUSE_TEST(test_admission__what_waited_to_the_end_is_refused),
        HOUSE_TEST(test_admission__says_when_to_come_back),
    };
    return cmocka_run_group_tests_name("engine.admission", tests, NULL, NULL);
}
