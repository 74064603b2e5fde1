/* test_trunk.c - calls wait for a place on the trunk, and hold it until they end, over a restart,
 * too. */
#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

/* ---- the trunk ---- */

static void put_call_procedure(struct house *house)
{
    put_procedure(house, "call",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],"
                  "\"by\":[\"call\"],\"accepted_within_s\":600}]}");
    set_default_procedure(house, "call");
}

/* The n-th call that was asked for, from 0; NULL when there were not as many. */
static const struct sent *call_at(const struct house *house, size_t n)
{
    for (size_t i = 0; i < house->sent_count; i++) {
        if (house->sent[i].path == PATH_CALL && n-- == 0) {
            return &house->sent[i];
        }
    }
    return NULL;
}

static void end_call(struct house *house, const struct sent *call)
{
    struct command *command = house_command(house, COMMAND_CALL_OUTCOME);
    command->request.call =
        (struct call_outcome_request){.attempt = call->attempt, .answer = ANSWER_DECLINED};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
}

static void narrow_trunk(struct house *house, size_t calls_max)
{
    house->calls_max = calls_max;
    house_close(house);
    house_open(house);
    put_call_procedure(house);
    house_settle(house);
}

static void test_trunk__calls_wait_for_it_critical_first(void **state)
{
    struct house *house = *state;
    narrow_trunk(house, 2);
    (void)house_escalate(house, SEVERITY_INFO);
    (void)house_escalate(house, SEVERITY_INFO);
    (void)house_escalate(house, SEVERITY_MINOR);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, 2);
    /* The layer took both: they ring, and still occupy the trunk. */
    house_accept_all(house, 0);
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(house->sent_count, 2);
    end_call(house, call_at(house, 0));
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(call_at(house, 2)->severity, SEVERITY_CRITICAL);
    assert_null(call_at(house, 3));
    end_call(house, call_at(house, 1));
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(call_at(house, 3)->severity, SEVERITY_MINOR);
    assert_null(call_at(house, 4));
}

/* Somebody who comes later does not overtake a severer one that waits already. */
static void test_trunk__newcomers_do_not_overtake(void **state)
{
    struct house *house = *state;
    narrow_trunk(house, 1);
    (void)house_escalate(house, SEVERITY_INFO);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, 1);
    house_outcome(house, &house->sent[0], ATTEMPT_FAILED); /* the trunk is free again */
    struct command *newcomer = escalate_command(house, SEVERITY_INFO, NULL);
    assert_int_equal(engine_post(house->engine, newcomer), STATUS_OK);
    house_settle(house);
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(call_at(house, 1)->severity, SEVERITY_CRITICAL);
    assert_null(call_at(house, 2));
}

/* Calls that wait for the trunk do not keep pushes from going out. */
static void test_trunk__calls_do_not_block_pushes(void **state)
{
    struct house *house = *state;
    narrow_trunk(house, 1);
    for (int i = 0; i < 700; i++) {
        assert_int_equal(
            engine_post(house->engine, escalate_command(house, SEVERITY_CRITICAL, NULL)),
            STATUS_OK);
    }
    house_settle(house);
    assert_int_equal(house->sent_count, 1);
    house_accept_all(house, 0);
    set_default_procedure(house, "night");
    atomic_store(&house->engine->credits_push_used, CREDITS_PUSH_MAX);
    (void)house_escalate(house, SEVERITY_MINOR);
    atomic_store(&house->engine->credits_push_used, 0);
    for (int i = 0; i < 5; i++) {
        house_advance(house, 200);
        house_settle(house);
    }
    assert_int_equal(house->sent_count, 2);
    assert_int_equal(house->sent[1].path, PATH_PUSH);
}

/* A layer that never reports the end of a call does not keep its place for ever. */
static void test_trunk__unreported_calls_leave_it(void **state)
{
    struct house *house = *state;
    narrow_trunk(house, 1);
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    assert_int_equal(statistics.calls_used, 1);
    struct attempt attempt;
    house_read_attempt(house, &house->sent[0], &attempt);
    int64_t wait_ms = attempt.not_after.ms - engine_now(house->engine).ms + 60000;
    house_advance(house, wait_ms - 1000);
    house_settle(house);
    size_t before = house->sent_count;
    house_advance(house, 2000);
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_advance(house, 200);
    house_settle(house);
    assert_true(house->sent_count > before);
}

/* ---- the trunk over a restart: the layer's calls go on ringing ---- */

static void restart(struct house *house)
{
    house_close(house);
    house_open(house);
    house_settle(house);
}

static void pass_time(struct house *house, int64_t ms)
{
    house_advance(house, ms);
    house_settle(house);
}

static size_t calls_used(struct house *house)
{
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    return statistics.calls_used;
}

/* How many different calls were asked for. */
static size_t calls_asked(const struct house *house)
{
    size_t count = 0;
    for (size_t n = 0; call_at(house, n) != NULL; n++) {
        bool again = false;
        for (size_t before = 0; before < n && !again; before++) {
            again = uuid_equal(call_at(house, before)->attempt, call_at(house, n)->attempt);
        }
        count += !again;
    }
    return count;
}

static void report_call(struct house *house, const struct sent *call, enum attempt_answer answer)
{
    struct command *command = house_command(house, COMMAND_CALL_OUTCOME);
    command->request.call =
        (struct call_outcome_request){.attempt = call->attempt, .answer = answer};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
}

static void test_trunk__is_held_over_a_restart(void **state)
{
    struct house *house = *state;
    narrow_trunk(house, 2);
    (void)house_escalate(house, SEVERITY_MAJOR);
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    report_call(house, call_at(house, 0), ANSWER_RINGING);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    restart(house);
    pass_time(house, 1000);
    assert_int_equal(calls_used(house), 2);
    assert_int_equal(house->sent_count, 2);
    struct sent first = *call_at(house, 0);
    end_call(house, &first);
    pass_time(house, 1000);
    assert_int_equal(call_at(house, 2)->severity, SEVERITY_CRITICAL);
    assert_int_equal(calls_used(house), 2);
}

/* What ended, failed or may not have been taken at all is not held; what is over is not either. */
static void test_trunk__is_free_of_what_ended_before_a_restart(void **state)
{
    struct house *house = *state;
    narrow_trunk(house, 30);
    for (int i = 0; i < 5; i++) {
        (void)house_escalate(house, SEVERITY_MAJOR);
    }
    house_outcome(house, call_at(house, 0), ATTEMPT_FAILED);
    house_outcome(house, call_at(house, 1), ATTEMPT_UNCERTAIN);
    house_outcome(house, call_at(house, 2), ATTEMPT_ACCEPTED);
    house_outcome(house, call_at(house, 3), ATTEMPT_ACCEPTED);
    house_outcome(house, call_at(house, 4), ATTEMPT_EXPIRED);
    end_call(house, call_at(house, 2));
    struct attempt attempt;
    house_read_attempt(house, call_at(house, 3), &attempt);
    size_t used = calls_used(house);
    restart(house);
    assert_int_equal(calls_used(house), used);
    assert_true(outbox_has_call(house->engine, attempt.id));
    house_close(house);
    house_advance(house, attempt.not_after.ms + 60000 - attempt.planned_engine.ms - 1);
    house_open(house);
    assert_true(outbox_has_call(house->engine, attempt.id));
    house_close(house);
    house_advance(house, 1);
    house_open(house);
    assert_false(outbox_has_call(house->engine, attempt.id));
}

/* Handed over, and nobody knows whether the layer has it: it holds the trunk, goes again under its
 * id, and is one call. A severer one does not go before it has ended. */
static void test_trunk__a_call_that_goes_again_is_one(void **state)
{
    struct house *house = *state;
    narrow_trunk(house, 1);
    (void)house_escalate(house, SEVERITY_INFO);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, 1);
    for (size_t lives = 1; lives <= 3; lives++) {
        restart(house);
        pass_time(house, 1000);
        assert_int_equal(house->sent_count, 1 + lives);
        assert_int_equal(calls_asked(house), 1);
        assert_int_equal(calls_used(house), 1);
    }
    house_outcome(house, call_at(house, 3), ATTEMPT_FAILED);
    pass_time(house, 1000);
    assert_int_equal(call_at(house, 4)->severity, SEVERITY_CRITICAL);
}

/* It rings since an earlier life, also when the dispatcher has no room to send it again, when
 * nobody wants it any more, and in the life behind that. */
static void test_trunk__is_held_by_what_did_not_go_again(void **state)
{
    struct house *house = *state;
    narrow_trunk(house, 1);
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    house->send_status = STATUS_FULL;
    for (int lives = 0; lives < 2; lives++) {
        restart(house);
        pass_time(house, 1000);
        assert_int_equal(house->sent_count, 1);
        assert_int_equal(calls_used(house), 1);
    }
    house_run(house, agent_command(house, id, VERB_ACCEPT, house->jean, NULL));
    house->send_status = STATUS_OK;
    pass_time(house, 1000);
    restart(house);
    pass_time(house, 1000);
    assert_int_equal(calls_used(house), 1);
    assert_int_equal(calls_asked(house), 1);
}

/* A "no" by other ways marks the call, too, and the telephone rings on; one on the call ends it. */
static void test_trunk__is_held_by_a_call_that_was_declined_elsewhere(void **state)
{
    struct house *house = *state;
    narrow_trunk(house, 2);
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    struct uuid rings = call_at(house, 0)->attempt, ended = call_at(house, 1)->attempt;
    house_run(house, agent_command(house, id, VERB_DECLINE, house->jean, NULL));
    end_call(house, call_at(house, 1));
    assert_true(outbox_has_call(house->engine, rings));
    assert_false(outbox_has_call(house->engine, ended));
    restart(house);
    assert_true(outbox_has_call(house->engine, rings));
    assert_false(outbox_has_call(house->engine, ended));
}

/* One that the dispatcher had no room for never rang: others may go in its place. */
static void test_trunk__is_free_of_what_did_not_leave(void **state)
{
    struct house *house = *state;
    narrow_trunk(house, 1);
    house->send_status = STATUS_FULL;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_settle(house);
    assert_int_equal(calls_used(house), 0);
    restart(house);
    assert_int_equal(calls_used(house), 0);
}

/* They ring all the same when the trunk was made narrower meanwhile. */
static void test_trunk__narrower_than_what_rings(void **state)
{
    struct house *house = *state;
    narrow_trunk(house, 3);
    for (int i = 0; i < 3; i++) {
        (void)house_escalate(house, SEVERITY_MAJOR);
    }
    house_accept_all(house, 0);
    house->calls_max = 1;
    restart(house);
    assert_int_equal(calls_used(house), 3);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    for (size_t i = 0; i < 2; i++) {
        struct sent call = *call_at(house, i);
        end_call(house, &call);
        pass_time(house, 1000);
        assert_null(call_at(house, 3));
    }
    end_call(house, call_at(house, 2));
    pass_time(house, 1000);
    assert_int_equal(call_at(house, 3)->severity, SEVERITY_CRITICAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_trunk__calls_wait_for_it_critical_first),
        HOUSE_TEST(test_trunk__newcomers_do_not_overtake),
        HOUSE_TEST(test_trunk__calls_do_not_block_pushes),
        HOUSE_TEST(test_trunk__unreported_calls_leave_it),
        HOUSE_TEST(test_trunk__is_held_over_a_restart),
        HOUSE_TEST(test_trunk__is_free_of_what_ended_before_a_restart),
        HOUSE_TEST(test_trunk__a_call_that_goes_again_is_one),
        HOUSE_TEST(test_trunk__is_held_by_what_did_not_go_again),
        HOUSE_TEST(test_trunk__is_held_by_a_call_that_was_declined_elsewhere),
        HOUSE_TEST(test_trunk__is_free_of_what_did_not_leave),
        HOUSE_TEST(test_trunk__narrower_than_what_rings),
    };
    return cmocka_run_group_tests_name("engine.trunk", tests, NULL, NULL);
}
