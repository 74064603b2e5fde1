/* test_withdrawal.c - whose notification is taken back when somebody has accepted, and whose is
 * not: nobody who was never told, and none whose taking back would hide another's. */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

static size_t withdrawals_sent(const struct house *house, struct uuid escalation)
{
    size_t count = 0;
    for (size_t i = 0; i < house->sent_count; i++) {
        count += house->sent[i].purpose == PURPOSE_WITHDRAW &&
                 uuid_equal(house->sent[i].escalation, escalation);
    }
    return count;
}

/* Of the escalation's attempts, those of this purpose that came to this end. */
static int64_t attempts_with(struct house *house, struct uuid escalation,
                             enum attempt_purpose purpose, enum attempt_state state,
                             const char *reason)
{
    struct error error;
    struct store *reader = NULL;
    struct arena *arena = arena_create(0);
    struct attempt *attempts;
    const struct uuid first = {{0}};
    size_t count, found = 0;
    assert_int_equal(store_open_reader(house->database, NULL, 5000, &reader, &error), STATUS_OK);
    assert_int_equal(store_list_attempts(reader, house->customer_id, escalation, first, 100, arena,
                                         &attempts, &count, &error),
                     STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        found += attempts[i].purpose == purpose && attempts[i].state == state &&
                 strcmp(attempts[i].reason, reason) == 0;
    }
    arena_destroy(&arena);
    store_close(&reader);
    return (int64_t)found;
}

static void receive(struct house *house, const struct sent *sent)
{
    house_run(house, agent_command(house, sent->escalation, VERB_RECEIVED, 0, sent->received));
}

/* Paul takes it: jean's iPhone is the one that may be told to forget it. */
static void accept_by_paul(struct house *house, struct uuid escalation)
{
    house_run(house, agent_command(house, escalation, VERB_ACCEPT, house->paul, NULL));
    house_settle(house);
    struct escalation now;
    house_read(house, escalation, &now);
    assert_int_equal(now.state, ESCALATION_ACCEPTED);
}

static void test_withdrawal__of_what_rang(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    receive(house, &house->sent[0]);
    accept_by_paul(house, id);
    assert_int_equal(withdrawals_sent(house, id), 1);
}

/* The push was still a row: nobody was told, and nobody will be. */
static void test_withdrawal__not_of_what_never_left(void **state)
{
    struct house *house = *state;
    atomic_store(&house->engine->credits_push_used, CREDITS_PUSH_MAX);
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, 0);
    accept_by_paul(house, id);
    assert_int_equal(attempts_with(house, id, PURPOSE_ALERT, ATTEMPT_EXPIRED, "no_longer_needed"),
                     1);
    atomic_store(&house->engine->credits_push_used, 0);
    house_advance(house, 1000);
    house_settle(house);
    for (size_t i = 0; i < house->sent_count; i++) {
        assert_int_not_equal(house->sent[i].purpose, PURPOSE_ALERT);
    }
    assert_int_equal(withdrawals_sent(house, id), 0);
}

/* It left, and the phone has not said that it rang: there is nothing on its screen to take back. */
static void test_withdrawal__not_of_what_did_not_ring(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    house_accept_all(house, 0);
    accept_by_paul(house, id);
    assert_int_equal(withdrawals_sent(house, id), 0);
}

/* An iPhone shows one notification of the app at a time: the other's alert would go with it. */
static void test_withdrawal__not_while_another_alert_is_on_its_way(void **state)
{
    struct house *house = *state;
    struct uuid first = house_escalate(house, SEVERITY_CRITICAL);
    receive(house, &house->sent[0]);
    struct uuid second = house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, 2);
    assert_int_equal(house->sent[1].device_id, house->sent[0].device_id);
    accept_by_paul(house, first);
    assert_int_equal(withdrawals_sent(house, first), 0);
    assert_int_equal(
        attempts_with(house, first, PURPOSE_WITHDRAW, ATTEMPT_EXPIRED, "would_hide_another"), 1);
    /* The credits of what was not sent are there. */
    house_accept_all(house, 0);
    assert_int_equal(house->engine->credits_push_used, 0);
    /* Once that one rang, too, it may be taken back. */
    receive(house, &house->sent[1]);
    accept_by_paul(house, second);
    assert_int_equal(withdrawals_sent(house, second), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_withdrawal__of_what_rang),
        HOUSE_TEST(test_withdrawal__not_of_what_never_left),
        HOUSE_TEST(test_withdrawal__not_of_what_did_not_ring),
        HOUSE_TEST(test_withdrawal__not_while_another_alert_is_on_its_way),
    };
    return cmocka_run_group_tests_name("engine.withdrawal", tests, NULL, NULL);
}
