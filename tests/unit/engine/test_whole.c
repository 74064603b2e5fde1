/* test_whole.c - what is written in several rows is written whole, or not at all, whichever call of
 * it fails. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"
#include "tests/unit/failing_calls.h"

#define CALLS_MAX 1000
#define TURNS_MAX 8

static void post(struct house *house, struct command *command)
{
    assert_int_equal(engine_post(house->engine, command), STATUS_OK);
}

/* Turns until the command is answered, its nth statement failing. Answers whether there was one. */
static bool fails_until_answered(struct house *house, const struct command *command, int nth)
{
    assert_true(nth < CALLS_MAX);
    failing_calls_start(FAIL_STEP, nth);
    for (int i = 0; i < TURNS_MAX && !answered(command); i++) {
        (void)engine_turn(house->engine);
    }
    bool fired = failing_calls_stop();
    assert_true(answered(command));
    house_settle(house);
    return fired;
}

/* Two callers of one ticket, each of whom was promised an agent. */
static struct uuid promise_twice(struct house *house, int nth)
{
    struct uuid id = {{0}};
    for (int i = 0; i < 2; i++) {
        struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
        char *key = arena_alloc(command->arena, 32);
        (void)snprintf(key, 32, "lift-%d", nth);
        command->request.escalate.dedup_key = key;
        command->request.escalate.promised_ms = 600000;
        house_run(house, command);
        id = answered_id(command);
    }
    house_accept_all(house, house->sent_count - 1);
    return id;
}

/* The desk is to call both, and the ticket stays open for them. */
static void test_cancel__leaves_each_promise_to_the_desk(void **state)
{
    struct house *house = *state;
    int64_t cancelled = 0;
    bool fired = true;
    for (int nth = 1; fired; nth++) {
        struct uuid id = promise_twice(house, nth);
        struct command *cancel = desk_command(house, id, DESK_CANCEL);
        post(house, cancel);
        fired = fails_until_answered(house, cancel, nth);
        cancelled += cancel->answer.status == STATUS_OK;
        struct escalation escalation;
        house_read(house, id, &escalation);
        enum promise_state expected =
            cancel->answer.status == STATUS_OK ? PROMISE_WARNED : PROMISE_OPEN;
        assert_int_equal(escalation.promises[0].state, expected);
        assert_int_equal(escalation.promises[1].state, expected);
        assert_int_equal(house_number(house, "SELECT count(*) FROM desk_task"), 2 * cancelled);
        assert_int_equal(
            house_number(house, "SELECT count(*) FROM ticket WHERE closed_at IS NOT NULL"), 0);
    }
    assert_true(cancelled > 0);
}

static struct command *rename_customer(struct house *house, const char *slug, int nth)
{
    struct command *command = house_command(house, COMMAND_PUT_CUSTOMER);
    char *name = arena_alloc(command->arena, 32);
    (void)snprintf(name, 32, "name %d", nth);
    command->request.customer = (struct customer_request){.slug = slug,
                                                          .name = name,
                                                          .time_zone = "Europe/Paris",
                                                          .language = "fr",
                                                          .alias = "A",
                                                          .active = true};
    return command;
}

/* What others see of both is what was answered. */
static void test_directory__shows_every_change_of_a_batch(void **state)
{
    struct house *house = *state;
    static const char *const slugs[] = {"acme", "beta"};
    bool fired = true;
    house_run(house, rename_customer(house, "beta", 0));
    for (int nth = 1; fired; nth++) {
        struct command *commands[2];
        for (size_t i = 0; i < 2; i++) {
            commands[i] = rename_customer(house, slugs[i], nth);
            post(house, commands[i]);
        }
        fired = fails_until_answered(house, commands[1], nth);
        for (size_t i = 0; i < 2; i++) {
            const struct directory_customer *customer =
                directory_customer_by_slug(house->engine->published, slugs[i]);
            bool shown = strcmp(customer->name, commands[i]->request.customer.name) == 0;
            assert_int_equal(shown, commands[i]->answer.status == STATUS_OK);
        }
    }
}

/* Nothing is read again for a change that was taken back. */
static void test_directory__stays_after_a_change_that_failed(void **state)
{
    struct house *house = *state;
    static const char trigger[] = "CREATE TEMP TRIGGER no_change BEFORE UPDATE ON device BEGIN "
                                  "SELECT RAISE(ABORT, 'no'); END";
    assert_int_equal(sqlite3_exec(house->engine->store->db, trigger, NULL, NULL, NULL), SQLITE_OK);
    const struct directory *before = house->engine->published;
    struct command *command = house_command(house, COMMAND_DELETE_DEVICE);
    command->request.device.agent_id = house->jean;
    command->request.device.installation = "jean-1";
    house_run(house, command);
    assert_int_not_equal(command->answer.status, STATUS_OK);
    assert_ptr_equal(house->engine->published, before);
    assert_int_equal(house->engine->dirty_customers_count, 0);
}

/* A list of its own work that cannot be read is read again, and not at once. */
static void test_gather__that_fails_is_no_rush(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    for (int nth = 1; nth <= 5; nth++) { /* what is due, by severity; who is to hear of a change */
        changes_add(house->engine, house->customer_id);
        failing_calls_start(FAIL_STEP, nth);
        int64_t wait_ms = engine_turn(house->engine);
        assert_true(failing_calls_stop());
        assert_true(wait_ms >= 50);
        assert_int_equal(changes_pending(house->engine), nth == 5);
        house_settle(house);
        assert_false(changes_pending(house->engine));
    }
}

static size_t times_sent(const struct house *house, struct uuid escalation)
{
    size_t times = 0;
    for (size_t i = 0; i < house->sent_count; i++) {
        times += uuid_equal(house->sent[i].escalation, escalation);
    }
    return times;
}

/* Of two that wait neither is lost or sent twice, and their rows say so. */
static void test_outbox__sends_each_once(void **state)
{
    struct house *house = *state;
    bool fired = true;
    for (int nth = 1; fired; nth++) {
        assert_true(nth < CALLS_MAX);
        house->send_status = STATUS_FULL;
        struct uuid ids[2] = {house_escalate(house, SEVERITY_MAJOR),
                              house_escalate(house, SEVERITY_MAJOR)};
        house_settle(house);
        house->send_status = STATUS_OK;
        size_t before = house->sent_count;
        house_advance(house, 100);
        failing_calls_start(FAIL_STEP, nth);
        (void)engine_turn(house->engine);
        fired = failing_calls_stop();
        house_advance(house, 100);
        house_settle(house);
        assert_int_equal(times_sent(house, ids[0]), 1);
        assert_int_equal(times_sent(house, ids[1]), 1);
        assert_int_equal(house_number(house, "SELECT count(*) FROM attempt WHERE state = 1"), 2);
        assert_int_equal(house->engine->credits_push_used, 2);
        house_accept_all(house, before);
        assert_int_equal(house->engine->credits_push_used, 0);
    }
}

/* More attempts behind the first than are loaded at once. */
static void bury_attempts(struct house *house)
{
    static const char prepare[] = "PRAGMA synchronous = OFF; "
                                  "CREATE TEMP TABLE copy AS SELECT * FROM attempt";
    static const char add[] = "UPDATE copy SET attempt_id = CAST(x'ff' || randomblob(15) AS BLOB); "
                              "INSERT INTO attempt SELECT * FROM copy";
    sqlite3 *db = house->engine->store->db;
    assert_int_equal(sqlite3_exec(db, prepare, NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < ATTEMPTS_LOADED_MAX; i++) {
        assert_int_equal(sqlite3_exec(db, add, NULL, NULL, NULL), SQLITE_OK);
    }
}

/* What became of an attempt is told once. */
static void outcome_is_written(struct house *house, enum attempt_state transport)
{
    const struct sent sent = house->sent[0];
    bool fired = true;
    for (int nth = 1; fired; nth++) {
        assert_int_equal(sqlite3_exec(house->engine->store->db,
                                      "UPDATE attempt SET state = 1, reason = ''", NULL, NULL,
                                      NULL),
                         SQLITE_OK);
        struct command *outcome = house_command(house, COMMAND_TRANSPORT_OUTCOME);
        outcome->escalation_id = sent.escalation;
        outcome->request.transport = (struct transport_request){.attempt = sent.attempt,
                                                                .transport = transport,
                                                                .reason = "word",
                                                                .tries = 1,
                                                                .at = house->wall,
                                                                .gone_since = WALL_NEVER};
        post(house, outcome);
        failing_calls_start(FAIL_STEP, nth);
        for (int i = 0; i < TURNS_MAX && !answered(outcome); i++) {
            (void)engine_turn(house->engine);
            house_advance(house, AGAIN_WAIT_MS);
        }
        fired = failing_calls_stop();
        assert_true(answered(outcome));
        struct attempt attempt;
        house_read_attempt(house, &sent, &attempt);
        assert_int_equal(attempt.state, transport);
    }
}

static void test_outcome__is_written(void **state)
{
    (void)house_escalate(*state, SEVERITY_MAJOR);
    outcome_is_written(*state, ATTEMPT_ACCEPTED);
}

static void test_outcome__of_an_old_attempt_is_written(void **state)
{
    (void)house_escalate(*state, SEVERITY_MAJOR);
    bury_attempts(*state);
    outcome_is_written(*state, ATTEMPT_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_directory__stays_after_a_change_that_failed),
        HOUSE_TEST(test_cancel__leaves_each_promise_to_the_desk),
        HOUSE_TEST(test_directory__shows_every_change_of_a_batch),
        HOUSE_TEST(test_gather__that_fails_is_no_rush),
        HOUSE_TEST(test_outbox__sends_each_once),
        HOUSE_TEST(test_outcome__is_written),
        HOUSE_TEST(test_outcome__of_an_old_attempt_is_written),
    };
    return cmocka_run_group_tests_name("engine.whole", tests, NULL, NULL);
}
