/* test_many.c - as many of everything as there may be, and one more. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

static void execute(struct house *house, const char *sql)
{
    assert_int_equal(sqlite3_exec(house->engine->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Copies of one row of a table, until there are so many; the engine reads them at its next start.
 */
static void fill(struct house *house, const char *table, const char *columns, const char *values,
                 int count)
{
    char sql[1024];
    (void)snprintf(sql, sizeof sql,
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                   "%d - (SELECT count(*) FROM %s)) INSERT INTO %s (%s) SELECT %s FROM n",
                   count, table, table, columns, values);
    execute(house, sql);
    house_close(house);
    house_open(house);
    house_settle(house);
}

static void assert_refused(struct house *house, struct command *command)
{
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
    assert_string_equal(command->answer.body, "");
}

static struct command *person(struct house *house, enum person_kind kind, const char *slug)
{
    struct command *command = house_command(house, COMMAND_PUT_PERSON);
    command->request.person = (struct person_request){
        .kind = kind, .slug = slug, .name = slug, .phone = "", .language = "fr", .active = true};
    return command;
}

static void test_persons__one_more_is_refused(void **state)
{
    struct house *house = *state;
    static const char columns[] = "customer_id, slug, name, phone, language, active, created_at";
    static const char values[] = "1, 'a' || i, 'A', '', 'fr', 1, 0";
    fill(house, "agent", columns, values, AGENTS_OF_CUSTOMER_MAX);
    fill(house, "contact", columns, values, CONTACTS_OF_CUSTOMER_MAX);
    assert_refused(house, person(house, PERSON_AGENT, "new"));
    assert_refused(house, person(house, PERSON_CONTACT, "new"));
    put_agent(house, "jean", "", true); /* who is known can be changed all the same */
    struct command *known = person(house, PERSON_CONTACT, "chief");
    house_run(house, known);
    assert_int_equal(known->answer.status, STATUS_OK);
    assert_false(known->answer.created);
}

static struct command *definition(struct house *house, enum command_type type, const char *slug)
{
    struct command *command = house_command(house, type);
    command->request.definition = (struct definition_request){
        .slug = slug,
        .definition = type == COMMAND_PUT_ROTA
                          ? "jean"
                          : "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"push\"],"
                            "\"accepted_within_s\":60}]}"};
    return command;
}

static void test_definitions__one_more_is_refused(void **state)
{
    struct house *house = *state;
    fill(house, "rota", "customer_id, slug, definition, changed_at", "1, 'r' || i, 'jean', 0",
         ROTAS_OF_CUSTOMER_MAX);
    fill(house, "procedure", "customer_id, slug, version, definition, created_at",
         "1, 'p' || i, 1, (SELECT definition FROM procedure LIMIT 1), 0",
         PROCEDURES_OF_CUSTOMER_MAX);
    assert_refused(house, definition(house, COMMAND_PUT_ROTA, "new"));
    assert_refused(house, definition(house, COMMAND_PUT_PROCEDURE, "new"));
    put_rota(house, "duty", "paul");
    struct command *known = definition(house, COMMAND_PUT_PROCEDURE, "night");
    house_run(house, known);
    assert_int_equal(known->answer.status, STATUS_OK);
}

static void test_keys__one_more_is_refused(void **state)
{
    struct house *house = *state;
    /* The root key is one of them. */
    fill(house, "api_key", "key_id, name, role, secret_hash, all_customers, created_at",
         "'k' || i, 'n', 'admin', zeroblob(32), 1, 0", API_KEYS_MAX - 1);
    struct command *command = house_command(house, COMMAND_ADD_API_KEY);
    command->request.api_key =
        (struct api_key_request){.name = "desk", .role = ROLE_ADMIN, .all_customers = true};
    assert_refused(house, command);
}

/* The core is shown the newest attempts, and the one that the event is about however old it is. */
static void test_attempts__the_oldest_is_found_for_its_event(void **state)
{
    struct house *house = *state;
    struct error error;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    const struct sent *first = &house->sent[0];
    struct attempt attempt;
    house_read_attempt(house, first, &attempt);
    assert_int_equal(store_begin(house->engine->store, &error), STATUS_OK);
    memset(attempt.id.bytes, 0xee, sizeof attempt.id.bytes); /* later than any */
    for (unsigned i = 0; i < ATTEMPTS_LOADED_MAX; i++) {
        attempt.id.bytes[14] = (uint8_t)(i >> 8);
        attempt.id.bytes[15] = (uint8_t)i;
        assert_int_equal(
            store_add_attempt(house->engine->store, house->customer_id, id, &attempt, &error),
            STATUS_OK);
    }
    assert_int_equal(store_commit(house->engine->store, &error), STATUS_OK);
    struct command *command = agent_command(house, id, VERB_RECEIVED, 0, first->received);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    house_read_attempt(house, first, &attempt);
    assert_int_equal(attempt.state, ATTEMPT_RECEIVED);

    /* Its "no" counts for it and for each of the others that are shown: that many less one. */
    command = agent_command(house, id, VERB_DECLINE, 0, first->decline);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    char sql[96];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM attempt WHERE answer = %d",
                   ANSWER_DECLINED);
    assert_int_equal(house_number(house, sql), ATTEMPTS_LOADED_MAX);

    /* One that never was is nobody's. */
    command = agent_command(house, id, VERB_RECEIVED, house->jean, NULL);
    memset(command->request.agent.attempt.bytes, 0x77, sizeof attempt.id.bytes);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_INVALID);
}

/* No more people are written than there is room for: a step may be full before a rota is asked. */
static void test_rota__more_on_call_than_there_is_room(void **state)
{
    struct house *house = *state;
    const struct directory_person *found[4];
    struct directory_interval shifts[3];
    for (size_t i = 0; i < 3; i++) {
        shifts[i] = (struct directory_interval){
            .from = house->wall, .to = WALL_NEVER, .agent_id = house->jean};
    }
    struct directory_rota rota = {.slug = "duty", .intervals = shifts, .intervals_count = 3};
    struct directory_customer customer =
        *directory_customer(house->engine->current, house->customer_id);
    customer.rotas = &rota;
    customer.rotas_count = 1;
    for (size_t room = 0; room <= 3; room++) {
        memset(found, 0, sizeof found);
        assert_int_equal(people_on_call(&customer, "duty", house->wall, found, room), room);
        assert_null(found[room]);
        assert_true(room == 0 || found[room - 1]->id == house->jean);
    }
}

/* More customers with changed people than are remembered: all are looked at. */
static void test_changes__more_than_are_remembered_reach_everybody(void **state)
{
    struct house *house = *state;
    put_device(house, house->jean, "jean-2", PLATFORM_FCM);
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    size_t before = house->sent_count;
    assert_int_equal(before, 2);
    put_device(house, house->jean, "jean-3", PLATFORM_FCM);
    house->engine->changes.count = 0; /* the others were before them, and fill the list */
    for (int64_t customer = 1000; customer < 1000 + CHANGED_CUSTOMERS_MAX; customer++) {
        changes_add(house->engine, customer);
    }
    assert_false(house->engine->changes.all);
    changes_add(house->engine, house->customer_id);
    assert_true(house->engine->changes.all);
    for (int i = 0; i < 2 * CHANGED_CUSTOMERS_MAX; i++) {
        (void)engine_turn(house->engine);
    }
    house_settle(house);
    assert_int_equal(house->sent_count, before + 1); /* the phone that is new rings too */
    assert_true(uuid_equal(house->sent[before].escalation, id));
}

/* One slot is left in the mailbox, a push needs two: it waits in its row, and the slot stays free.
 */
static void test_outbox__waits_for_both_slots_of_a_push(void **state)
{
    struct house *house = *state;
    struct queue *lane = house->engine->lanes[LANE_OUTCOME];
    size_t taken = 0;
    while (queue_reserve(lane) == STATUS_OK) {
        taken++;
    }
    queue_unreserve(lane);
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(house->sent_count, 0);
    assert_int_equal(house->engine->credits_push_used, 0);
    assert_int_equal(queue_reserve(lane), STATUS_OK);
    assert_int_equal(queue_reserve(lane), STATUS_FULL);
    while (taken-- > 0) {
        queue_unreserve(lane);
    }
    house_advance(house, 100);
    house_settle(house);
    assert_int_equal(house->sent_count, 1);
    assert_true(uuid_equal(house->sent[0].escalation, id));
}

/* A test push without a credit waits in its row, and goes out when there is one again. */
static void test_device_test__waits_for_a_credit(void **state)
{
    struct house *house = *state;
    const struct directory_customer *customer =
        directory_customer(house->engine->current, house->customer_id);
    struct command *command = house_command(house, COMMAND_TEST_DEVICE);
    command->request.device_test.device_id = directory_agent(customer, house->jean)->devices[0].id;
    atomic_store(&house->engine->credits_push_used, CREDITS_PUSH_MAX);
    house_run(house, command);
    assert_answered(command, "state", "planned");
    for (int i = 0; i < 4; i++) { /* it is looked at, and waits on */
        house_advance(house, 100);
        (void)engine_turn(house->engine);
        assert_int_equal(house->engine->outbox_retry_at.ms, engine_now(house->engine).ms + 100);
    }
    assert_int_equal(house->sent_count, 0);
    atomic_store(&house->engine->credits_push_used, 0);
    house_advance(house, 100);
    (void)engine_turn(house->engine);
    assert_int_equal(house->sent_count, 1);
    assert_int_equal(house->sent[0].purpose, PURPOSE_TEST);
}

/* A key's answer is kept for a day; who cleans up looks every ten minutes, not at every turn. */
static void test_idempotency__old_keys_go_every_ten_minutes(void **state)
{
    struct house *house = *state;
    house_advance(house, IDEMPOTENCY_PURGE_EVERY_MS);
    (void)engine_turn(house->engine);
    house_run(house, escalate_command(house, SEVERITY_MAJOR, "key"));
    execute(house, "UPDATE idempotency SET created_at = 0");
    house_advance(house, 1000);
    (void)engine_turn(house->engine);
    assert_int_equal(house_number(house, "SELECT count(*) FROM idempotency"), 1);
    house_advance(house, IDEMPOTENCY_PURGE_EVERY_MS - 1000);
    (void)engine_turn(house->engine);
    assert_int_equal(house_number(house, "SELECT count(*) FROM idempotency"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_persons__one_more_is_refused),
        HOUSE_TEST(test_definitions__one_more_is_refused),
        HOUSE_TEST(test_keys__one_more_is_refused),
        HOUSE_TEST(test_attempts__the_oldest_is_found_for_its_event),
        HOUSE_TEST(test_rota__more_on_call_than_there_is_room),
        HOUSE_TEST(test_changes__more_than_are_remembered_reach_everybody),
        HOUSE_TEST(test_outbox__waits_for_both_slots_of_a_push),
        HOUSE_TEST(test_device_test__waits_for_a_credit),
        HOUSE_TEST(test_idempotency__old_keys_go_every_ten_minutes),
    };
    return cmocka_run_group_tests_name("engine.many", tests, NULL, NULL);
}
