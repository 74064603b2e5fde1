/* test_wanted.c - what waited in the outbox for a credit: it goes out when there is still a point
 * in it, and ends as not sent in time when there is none. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

static size_t pushes_held, callbacks_held;

/* All that are left. */
static void hold_credits(struct house *house)
{
    pushes_held = CREDITS_PUSH_MAX - atomic_load(&house->engine->credits_push_used);
    callbacks_held = CREDITS_CALLBACK_MAX - atomic_load(&house->engine->credits_callback_used);
    atomic_fetch_add(&house->engine->credits_push_used, pushes_held);
    atomic_fetch_add(&house->engine->credits_callback_used, callbacks_held);
}

static void give_pushes_back(struct house *house, size_t count)
{
    atomic_fetch_sub(&house->engine->credits_push_used, count);
    pushes_held -= count;
    house_advance(house, 100);
    house_settle(house);
}

/* How many of a purpose leave now. */
static size_t release_credits(struct house *house, enum attempt_purpose purpose)
{
    size_t before = house->sent_count, found = 0;
    atomic_fetch_sub(&house->engine->credits_callback_used, callbacks_held);
    give_pushes_back(house, pushes_held);
    for (size_t i = before; i < house->sent_count; i++) {
        found += house->sent[i].purpose == purpose;
    }
    return found;
}

static int64_t count_rows(struct house *house, enum attempt_purpose purpose,
                          enum attempt_state state)
{
    char sql[160];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM attempt WHERE purpose = %d AND state = %d AND reason = "
                   "'not_sent_in_time'",
                   (int)purpose, (int)state);
    return house_number(house, sql);
}

/* One that jean has, everything so far being sent. */
static struct uuid held_by_jean(struct house *house)
{
    struct uuid id = house_escalate(house, SEVERITY_MINOR);
    house_run(house, agent_command(house, id, VERB_ACCEPT, house->jean, NULL));
    house_settle(house);
    return id;
}

static void assert_done(struct house *house, struct command *command)
{
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
}

/* News is for whoever it was for, and can be answered as the alert could. */
static void test_wanted__news_always_is(void **state)
{
    struct house *house = *state;
    struct command *command = NULL;
    for (int i = 0; i < 2; i++) {
        command = escalate_command(house, SEVERITY_MINOR, NULL);
        command->request.escalate.dedup_key = "lift";
        assert_done(house, command);
        if (i == 0) {
            struct uuid id = answered_id(command);
            assert_done(house, agent_command(house, id, VERB_ACCEPT, house->jean, NULL));
            house_settle(house);
            hold_credits(house);
        }
    }
    assert_int_equal(release_credits(house, PURPOSE_UPDATE), 1);
    const struct sent *sent = &house->sent[house->sent_count - 1];
    assert_string_not_equal(sent->received, "");
    assert_string_not_equal(sent->accept, "");
    assert_string_not_equal(sent->decline, "");
}

static void test_wanted__a_silent_holder_is_called_while_silent(void **state)
{
    struct house *house = *state;
    for (int speaks = 0; speaks <= 1; speaks++) {
        struct uuid id = held_by_jean(house);
        struct escalation escalation;
        house_read(house, id, &escalation);
        hold_credits(house);
        house_advance(house, escalation.due_at.ms - engine_now(house->engine).ms);
        house_settle(house);
        house_read(house, id, &escalation);
        assert_int_equal(escalation.state, ESCALATION_OVERDUE);
        if (speaks) {
            assert_done(house, agent_command(house, id, VERB_ON_SITE, house->jean, NULL));
        }
        assert_int_equal(release_credits(house, PURPOSE_HOLDER_CALL), speaks ? 0 : 1);
        assert_int_equal(count_rows(house, PURPOSE_HOLDER_CALL, ATTEMPT_EXPIRED), speaks);
        assert_done(house, agent_command(house, id, VERB_DONE, house->jean, NULL));
        house_settle(house);
    }
}

static void test_wanted__a_cancellation_is_told_until_it_was_seen(void **state)
{
    struct house *house = *state;
    put_device(house, house->jean, "jean-2", PLATFORM_FCM);
    for (int seen = 0; seen <= 1; seen++) {
        struct uuid id = held_by_jean(house);
        hold_credits(house);
        assert_done(house, desk_command(house, id, DESK_CANCEL));
        if (seen) {
            /* The first has left, and is looked at. */
            give_pushes_back(house, 1);
            struct sent *sent = &house->sent[house->sent_count - 1];
            assert_int_equal(sent->purpose, PURPOSE_CANCEL_NOTICE);
            struct command *command = agent_command(house, id, VERB_SEEN, house->jean, NULL);
            command->request.agent.attempt = sent->attempt;
            assert_done(house, command);
            assert_answered(command, "state", "cancelled");
        }
        assert_int_equal(release_credits(house, PURPOSE_CANCEL_NOTICE), seen ? 0 : 2);
        assert_int_equal(count_rows(house, PURPOSE_CANCEL_NOTICE, ATTEMPT_EXPIRED), seen);
    }
}

static void test_wanted__that_nobody_was_reached_while_nobody_is(void **state)
{
    struct house *house = *state;
    for (int taken = 0; taken <= 1; taken++) {
        struct uuid id = house_escalate(house, SEVERITY_MINOR);
        house_advance(house, 60000);
        house_settle(house);
        hold_credits(house);
        house_advance(house, 60000);
        house_settle(house);
        struct escalation escalation;
        house_read(house, id, &escalation);
        assert_int_equal(escalation.state, ESCALATION_EXHAUSTED);
        if (taken) {
            assert_done(house, desk_command(house, id, DESK_TAKE));
        }
        assert_int_equal(release_credits(house, PURPOSE_EXHAUSTED), taken ? 0 : 1);
        assert_int_equal(count_rows(house, PURPOSE_EXHAUSTED, ATTEMPT_EXPIRED), taken);
        if (!taken) {
            assert_done(house, desk_command(house, id, DESK_CANCEL));
            house_settle(house);
        }
    }
}

/* That it was set aside is told of it all the same, and nothing else. */
static void test_wanted__that_it_was_set_aside(void **state)
{
    struct house *house = *state;
    hold_credits(house);
    struct uuid id = house_escalate(house, SEVERITY_MINOR);
    quarantine_post(house->engine, house->customer_id, id);
    house_settle(house);
    assert_int_equal(house->sent_count, 0);
    assert_int_equal(release_credits(house, PURPOSE_QUARANTINE), 1);
    assert_int_equal(house->sent_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_wanted__news_always_is),
        HOUSE_TEST(test_wanted__a_silent_holder_is_called_while_silent),
        HOUSE_TEST(test_wanted__a_cancellation_is_told_until_it_was_seen),
        HOUSE_TEST(test_wanted__that_nobody_was_reached_while_nobody_is),
        HOUSE_TEST(test_wanted__that_it_was_set_aside),
    };
    return cmocka_run_group_tests_name("engine.wanted", tests, NULL, NULL);
}
