/* test_outbox.c - attempts on their way out: credits, a full dispatcher, recovery, and
 * devices that are gone. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/death.h"
#include "tests/unit/engine/fixture.h"
#include "tests/unit/engine/outcomes.h"

/* Both ways out say when: at once, and from the outbox when a credit came back. */
static void test_outbox__notes_when_it_left(void **state)
{
    struct house *house = *state;
    struct attempt attempt;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_read_attempt(house, &house->sent[0], &attempt);
    assert_int_equal(attempt.state, ATTEMPT_HANDED_OVER);
    assert_int_equal(attempt.handed_over_at.ms, house->wall.ms);
    atomic_store(&house->engine->credits_push_used, CREDITS_PUSH_MAX);
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(house->sent_count, 1);
    atomic_store(&house->engine->credits_push_used, 1);
    house_advance(house, 200);
    house_settle(house);
    house_read_attempt(house, &house->sent[1], &attempt);
    assert_int_equal(attempt.state, ATTEMPT_HANDED_OVER);
    assert_int_equal(attempt.handed_over_at.ms, house->wall.ms);
}

/* How long it may take: until the step is over, whenever it left; by the clock of each reader. */
static void test_outbox__says_until_when_it_is_useful(void **state)
{
    struct house *house = *state;
    struct command *command = escalate_command(house, SEVERITY_MINOR, NULL);
    command->request.escalate.drill = true;
    atomic_store(&house->engine->credits_push_used, CREDITS_PUSH_MAX);
    house_run(house, command);
    house_advance(house, 10000);
    atomic_store(&house->engine->credits_push_used, 0);
    house_settle(house);
    house_advance(house, 49900); /* the next step's is not held up */
    struct uuid late = house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, 2);
    struct escalation escalation;
    house_read(house, answered_id(command), &escalation);
    const struct sent *sent = &house->sent[0];
    assert_true(uuid_equal(sent->ticket, escalation.ticket_id));
    assert_true(sent->drill);
    assert_int_equal(sent->severity, SEVERITY_MINOR);
    assert_int_equal(sent->left_ms, 50000);
    assert_int_equal(sent->expires_ms, 50000);
    assert_int_equal(sent->wait_ms, 60000);
    assert_true(uuid_equal(house->sent[1].escalation, late));
    assert_false(house->sent[1].drill);
    assert_int_equal(house->sent[1].left_ms, 60000);
    assert_int_equal(house->sent[1].wait_ms, 60000);
}

/* One that leaves at the very end gets a moment all the same. */
static void test_outbox__gives_each_a_moment(void **state)
{
    struct house *house = *state;
    static const int64_t left_ms[] = {201, 200, 199, 1};
    for (size_t i = 0; i < 4; i++) {
        atomic_store(&house->engine->credits_push_used, CREDITS_PUSH_MAX);
        (void)house_escalate(house, SEVERITY_MINOR);
        size_t before = house->sent_count;
        house_advance(house, 60000 - left_ms[i]);
        atomic_store(&house->engine->credits_push_used, 0);
        house_settle(house);
        assert_true(house->sent_count > before);
        const struct sent *sent = &house->sent[before];
        assert_string_equal(sent->person, "jean");
        assert_int_equal(sent->left_ms, left_ms[i] > 200 ? left_ms[i] : 200);
        assert_int_equal(sent->expires_ms, sent->left_ms);
        house_advance(house, 3600000);
        house_settle(house);
        house_accept_all(house, before);
    }
}

/* ---- credits ---- */

static void test_credits__without_them_attempts_wait_as_rows(void **state)
{
    struct house *house = *state;
    struct engine *engine = house->engine;
    atomic_store(&engine->credits_push_used, CREDITS_PUSH_MAX);
    static const enum severity severities[] = {SEVERITY_INFO, SEVERITY_MAJOR, SEVERITY_CRITICAL,
                                               SEVERITY_MINOR};
    for (int i = 0; i < 4; i++) {
        (void)house_escalate(house, severities[i]);
    }
    assert_int_equal(house->sent_count, 0);
    /* Credits come back one by one: the severest goes first. */
    for (int i = 0; i < 4; i++) {
        atomic_fetch_sub(&engine->credits_push_used, 1);
        house_advance(house, 200);
        house_settle(house);
        assert_int_equal(house->sent_count, i + 1);
        assert_int_equal(house->sent[i].severity, SEVERITY_CRITICAL - i);
    }
    atomic_store(&engine->credits_push_used, 4);
    house_accept_all(house, 0);
    assert_int_equal(engine->credits_push_used, 0);
}

static void test_credits__all_come_back(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 300; i++) {
        assert_int_equal(engine_post(house->engine, escalate_command(house, SEVERITY_MAJOR, NULL)),
                         STATUS_OK);
    }
    house_settle(house);
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    assert_int_equal(statistics.credits_push_used, 300);
    house_accept_all(house, 0);
    engine_statistics(house->engine, &statistics);
    assert_int_equal(statistics.credits_push_used, 0);
    assert_int_equal(statistics.lane_length[LANE_OUTCOME], 0);
}

/* What can be taken of the outcome lane now. */
static size_t free_slots(struct house *house)
{
    size_t count = 0;
    while (queue_reserve(house->engine->lanes[LANE_OUTCOME]) == STATUS_OK) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        queue_unreserve(house->engine->lanes[LANE_OUTCOME]);
    }
    return count;
}

/* A push holds a slot for its outcome and one for being delayed before. */
static void test_delayed__has_a_slot_of_its_own(void **state)
{
    struct house *house = *state;
    size_t free_before = free_slots(house);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    size_t pushes = house->sent_count;
    assert_true(pushes >= 2 && house->sent[0].path == PATH_PUSH);
    assert_int_equal(free_slots(house), free_before - 2 * pushes);
    house_delayed(house, &house->sent[0]);
    house_settle(house);
    for (size_t i = 0; i < pushes; i++) {
        house_outcome(house, &house->sent[i], ATTEMPT_ACCEPTED);
    }
    house_settle(house);
    struct attempt attempt;
    house_read_attempt(house, &house->sent[0], &attempt);
    assert_int_equal(attempt.state, ATTEMPT_ACCEPTED);
    assert_int_equal(attempt.delayed_at.ms, house->wall.ms);
    assert_int_equal(house_entries(house, house->sent[0].escalation, ENTRY_ATTEMPT_DELAYED), 1);
    house_accept_all(house, pushes);
    assert_int_equal(free_slots(house), free_before);
    assert_int_equal(house->engine->credits_push_used, 0);
}

/* More than one turn may set off: the rest goes out with the next ones, none is lost. */
static void test_outbox__more_than_one_turn_holds(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 40; i++) {
        char slug[32], installation[32];
        (void)snprintf(slug, sizeof slug, "agent-%d", i);
        put_agent(house, slug, "+33600000009", true);
        (void)snprintf(installation, sizeof installation, "phone-%d", i);
        put_device(house, agent_id(house, slug), installation, PLATFORM_FCM);
    }
    put_procedure(house, "crowd",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"agent-0\"},{\"agent\":\"agent-1\"},"
                  "{\"agent\":\"agent-2\"},{\"agent\":\"agent-3\"},{\"agent\":\"agent-4\"},"
                  "{\"agent\":\"agent-5\"},{\"agent\":\"agent-6\"},{\"agent\":\"agent-7\"}],"
                  "\"by\":[\"push\"],\"accepted_within_s\":60}]}");
    set_default_procedure(house, "crowd");
    for (int i = 0; i < 200; i++) {
        assert_int_equal(engine_post(house->engine, escalate_command(house, SEVERITY_MAJOR, NULL)),
                         STATUS_OK);
    }
    (void)engine_turn(house->engine);
    assert_int_equal(house->sent_count, EFFECTS_PER_TURN_MAX);
    house_settle(house);
    assert_int_equal(house->sent_count, 1600);
}

/* ---- a full dispatcher ---- */

static void test_full__is_put_back_and_sent_later(void **state)
{
    struct house *house = *state;
    house->send_status = STATUS_FULL;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    struct engine_statistics before, after;
    engine_statistics(house->engine, &before);
    for (int i = 0; i < 20; i++) {
        (void)engine_turn(house->engine);
    }
    /* Not in a loop of commits: only every now and then. */
    engine_statistics(house->engine, &after);
    assert_true(after.commits - before.commits <= 2);
    assert_int_equal(house_number(house, "SELECT count(*) FROM attempt WHERE state = 0 AND "
                                         "handed_over_at IS NULL"),
                     1);
    house->send_status = STATUS_OK;
    house_advance(house, 200);
    house_settle(house);
    assert_int_equal(house->sent_count, 1);
    assert_true(uuid_equal(house->sent[0].escalation, id));
    assert_int_equal(house->engine->credits_push_used, 1);
    struct attempt attempt;
    house_read_attempt(house, &house->sent[0], &attempt);
    assert_int_equal(attempt.state, ATTEMPT_HANDED_OVER);
}

static void test_refused_by_the_dispatcher__fails_with_its_reason(void **state)
{
    struct house *house = *state;
    house->send_status = STATUS_UNSUPPORTED;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    house->send_status = STATUS_OK;
    house_settle(house);
    assert_int_equal(house_entries(house, id, ENTRY_ATTEMPT_FAILED), 1);
    /* Nobody else was reachable in this step: the next begins at once. */
    assert_int_equal(house->sent_count, 1);
    assert_string_equal(house->sent[0].person, "paul");
}

/* ---- recovery ---- */

static void test_recovery__sends_again_under_the_same_id(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_INFO);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    struct uuid answered_one = house_escalate(house, SEVERITY_MAJOR);
    house_outcome(house, &house->sent[2], ATTEMPT_ACCEPTED);
    house_settle(house);
    assert_int_equal(house->sent_count, 3);
    house_close(house);
    house_open(house);
    house_settle(house);
    assert_int_equal(house->sent_count, 5);
    assert_true(uuid_equal(house->sent[3].attempt, house->sent[1].attempt));
    assert_true(uuid_equal(house->sent[4].attempt, house->sent[0].attempt));
    assert_string_equal(house->sent[3].accept, house->sent[1].accept);
    assert_false(uuid_equal(house->sent[3].escalation, answered_one));
    assert_false(uuid_equal(house->sent[4].escalation, answered_one));
    house_accept_all(house, 3);
    assert_int_equal(house->engine->credits_push_used, 0);
}

/* One push of two ends the gateway, twice: only that one is given up. */
static void test_recovery__does_not_send_what_ends_the_gateway(void **state)
{
    struct house *house = *state;
    struct attempt attempt;
    put_device(house, house->jean, "jean-2", PLATFORM_FCM);
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, 2);
    house_die_on(house, house->sent[0].attempt, 2);
    house_settle(house);
    assert_int_equal(house->sent_count, 3);
    assert_true(uuid_equal(house->sent[2].attempt, house->sent[1].attempt));
    house_read_attempt(house, &house->sent[0], &attempt);
    assert_int_equal(attempt.state, ATTEMPT_EXPIRED);
    assert_string_equal(attempt.reason, "ended_the_gateway");
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_false(escalation.quarantined);
}

static void test_recovery__does_not_send_what_is_too_late(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    house_close(house);
    house_advance(house, 3600000);
    house_open(house);
    house_settle(house);
    for (size_t i = 1; i < house->sent_count; i++) {
        assert_false(uuid_equal(house->sent[i].attempt, house->sent[0].attempt));
    }
    struct attempt attempt;
    house_read_attempt(house, &house->sent[0], &attempt);
    assert_int_equal(attempt.state, ATTEMPT_EXPIRED);
    assert_true(house->sent_count > 1); /* the next step was not forgotten */
    assert_true(uuid_equal(house->sent[1].escalation, id));
}

/* What was still a row when its escalation was set aside ends as what it is: not sent in time. */
static void test_outbox__of_what_was_set_aside_expires(void **state)
{
    struct house *house = *state;
    atomic_store(&house->engine->credits_push_used, CREDITS_PUSH_MAX);
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    quarantine_post(house->engine, house->customer_id, id);
    house_settle(house);
    atomic_store(&house->engine->credits_push_used, 0);
    house_advance(house, 3600000);
    house_settle(house);
    for (size_t i = 0; i < house->sent_count; i++) {
        assert_int_equal(house->sent[i].purpose, PURPOSE_QUARANTINE);
    }
    char sql[96];
    (void)snprintf(sql, sizeof sql, "SELECT state FROM attempt WHERE purpose = %d", PURPOSE_ALERT);
    assert_int_equal(house_number(house, sql), ATTEMPT_EXPIRED);
}

static void test_recovery__does_not_ring_whoever_is_not_needed(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    house_run(house, agent_command(house, id, VERB_ACCEPT, house->paul, NULL));
    house_settle(house);
    size_t sent = house->sent_count;
    house_close(house);
    house_open(house);
    house_settle(house);
    for (size_t i = sent; i < house->sent_count; i++) {
        assert_int_not_equal(house->sent[i].purpose, PURPOSE_ALERT);
    }
}

/* ---- devices ---- */

/* A phone that is gone at its provider, to the end. */
static void lose(struct house *house, const struct sent *sent, struct wall_time since)
{
    report_gone(house, sent, since);
    house_settle(house);
}

static bool is_live(struct house *house, int64_t device_id)
{
    const struct directory *directory = engine_directory_acquire(house->engine);
    const struct directory_device *device =
        directory_device(directory_customer(directory, house->customer_id), device_id, NULL);
    assert_non_null(device);
    bool live = device->live;
    if (!live) {
        assert_string_equal(device->retired_reason, "Unregistered");
    }
    engine_directory_release(house->engine, directory);
    return live;
}

static void test_device_gone__is_retired_and_not_used_again(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_CRITICAL);
    house_advance(house, 100);
    lose(house, &house->sent[0], WALL_NEVER);
    assert_false(is_live(house, house->sent[0].device_id));
    /* This step had nobody else: paul at once. The next escalation skips jean. */
    assert_int_equal(house->sent_count, 2);
    assert_string_equal(house->sent[1].person, "paul");
    (void)house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, 3);
    assert_string_equal(house->sent[2].person, "paul");
    /* The phone comes back. */
    put_device(house, house->jean, "jean-1", PLATFORM_APNS);
    assert_true(is_live(house, house->sent[0].device_id));
}

static void test_device_gone__not_when_registered_since(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_CRITICAL);
    struct wall_time gone = {house->wall.ms + 50};
    house_advance(house, 100);
    put_device(house, house->jean, "jean-1", PLATFORM_APNS);
    lose(house, &house->sent[0], gone);
    assert_true(is_live(house, house->sent[0].device_id));
}

static void test_device_gone__twice_and_late(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_CRITICAL);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    house_advance(house, 100);
    lose(house, &house->sent[0], WALL_NEVER);
    lose(house, &house->sent[1], WALL_NEVER);
    assert_false(is_live(house, house->sent[0].device_id));
}

/* ---- whom it goes to ---- */

/* The words of the ticket are read for phones that can keep them secret, and for calls. */
static void test_words__are_for_phones_with_a_key(void **state)
{
    struct house *house = *state;
    struct command *command = house_command(house, COMMAND_PUT_DEVICE);
    command->request.device = (struct device_request){.agent_id = house->jean,
                                                      .installation = "secret",
                                                      .platform = PLATFORM_FCM,
                                                      .target = "token",
                                                      .public_key = "a key",
                                                      .auth_secret = "a secret",
                                                      .battery_percent = -1};
    house_run(house, command);
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(house->sent_count, 2);
    const struct directory_customer *customer =
        directory_customer(house->engine->published, house->customer_id);
    size_t secret =
        house->sent[0].device_id == directory_agent(customer, house->jean)->devices[0].id ? 1 : 0;
    assert_string_equal(house->sent[secret].summary, "Personne bloquée dans l'ascenseur");
    assert_string_equal(house->sent[1 - secret].summary, "");
}

/* A push that waits, and meanwhile somebody takes rows out of the database, whom it was for. */
static struct uuid wait_while_edited(struct house *house, const char *sql)
{
    house->send_status = STATUS_FULL;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_settle(house);
    house->send_status = STATUS_OK;
    assert_int_equal(sqlite3_exec(house->engine->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
    return id;
}

static void assert_next_is_asked(struct house *house, const char *sql)
{
    struct escalation escalation;
    struct uuid id = wait_while_edited(house, sql);
    engine_customer_changed(house->engine, house->customer_id, false);
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(house_number(house, "SELECT count(*) FROM attempt WHERE state = 5 AND "
                                         "reason = 'not-found'"),
                     1);
    assert_int_equal(house->sent_count, 1);
    assert_string_equal(house->sent[0].person, "paul");
    house_read(house, id, &escalation);
    assert_int_equal(escalation.step, 1); /* the second, counted from 0 */
}

static void test_send__to_a_phone_that_is_gone(void **state)
{
    assert_next_is_asked(*state, "DELETE FROM device WHERE installation = 'jean-1'");
}

static void test_send__to_a_person_who_is_gone(void **state)
{
    struct house *house = *state;
    put_procedure(house, "night",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"call\"],"
                  "\"accepted_within_s\":60},{\"notify\":[{\"agent\":\"paul\"}],"
                  "\"by\":[\"call\"],\"accepted_within_s\":60}]}");
    assert_next_is_asked(house, "DELETE FROM device WHERE installation = 'jean-1'; "
                                "DELETE FROM agent WHERE slug = 'jean'");
}

/* Nobody is left to be asked; what it held is given back. */
static void test_send__for_a_customer_who_is_gone(void **state)
{
    struct house *house = *state;
    struct engine_statistics statistics;
    (void)wait_while_edited(house, "PRAGMA foreign_keys = OFF; DELETE FROM customer");
    house_close(house);
    house_open(house);
    house_advance(house, 1000);
    house_settle(house);
    engine_statistics(house->engine, &statistics);
    assert_int_equal(house->sent_count, 0);
    assert_int_equal(statistics.credits_push_used, 0);
    assert_int_equal(statistics.lane_length[LANE_OUTCOME], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_outbox__notes_when_it_left),
        HOUSE_TEST(test_outbox__says_until_when_it_is_useful),
        HOUSE_TEST(test_outbox__gives_each_a_moment),
        HOUSE_TEST(test_credits__without_them_attempts_wait_as_rows),
        HOUSE_TEST(test_credits__all_come_back),
        HOUSE_TEST(test_delayed__has_a_slot_of_its_own),
        HOUSE_TEST(test_outbox__more_than_one_turn_holds),
        HOUSE_TEST(test_full__is_put_back_and_sent_later),
        HOUSE_TEST(test_refused_by_the_dispatcher__fails_with_its_reason),
        HOUSE_TEST(test_recovery__sends_again_under_the_same_id),
        HOUSE_TEST(test_recovery__does_not_send_what_ends_the_gateway),
        HOUSE_TEST(test_recovery__does_not_send_what_is_too_late),
        HOUSE_TEST(test_outbox__of_what_was_set_aside_expires),
        HOUSE_TEST(test_recovery__does_not_ring_whoever_is_not_needed),
        HOUSE_TEST(test_device_gone__is_retired_and_not_used_again),
        HOUSE_TEST(test_device_gone__not_when_registered_since),
        HOUSE_TEST(test_device_gone__twice_and_late),
        HOUSE_TEST(test_words__are_for_phones_with_a_key),
        HOUSE_TEST(test_send__to_a_phone_that_is_gone),
        HOUSE_TEST(test_send__to_a_person_who_is_gone),
        HOUSE_TEST(test_send__for_a_customer_who_is_gone),
    };
    return cmocka_run_group_tests_name("engine.outbox", tests, NULL, NULL);
}
