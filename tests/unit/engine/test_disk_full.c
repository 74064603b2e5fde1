/* test_disk_full.c - no room for anything new: refused, told, and taken up again by itself. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

/* The database may not grow beyond what it has now (0: as before). */
static void limit_pages(struct house *house, bool limited)
{
    sqlite3 *db = house->engine->store->db;
    sqlite3_stmt *statement;
    int pages = 1 << 30;
    if (limited) {
        assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA page_count", -1, &statement, NULL),
                         SQLITE_OK);
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        pages = sqlite3_column_int(statement, 0);
        (void)sqlite3_finalize(statement);
    }
    char sql[64];
    (void)snprintf(sql, sizeof sql, "PRAGMA max_page_count = %d", pages);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* A ticket that needs pages of its own. */
static struct command *large_escalation(struct house *house)
{
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    char *details = arena_alloc(command->arena, 60001);
    memset(details, 'x', 60000);
    command->request.escalate.details = details;
    return command;
}

static void test_disk_full__is_refused_and_taken_up_again(void **state)
{
    struct house *house = *state;
    struct uuid earlier = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    limit_pages(house, true);
    struct command *command = large_escalation(house);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_DISK_FULL);
    assert_string_equal(command->answer.body, "");
    assert_int_equal(house->sent_count, 1);
    assert_int_equal(house->engine->credits_push_used, 0);
    assert_string_equal(house->alarm, "engine.disk_full");
    limit_pages(house, false);
    house_advance(house, 1000);
    house_settle(house);
    command = large_escalation(house);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_int_equal(house->sent_count, 2);
    struct escalation escalation;
    house_read(house, earlier, &escalation);
    assert_int_equal(escalation.state, ESCALATION_NOTIFYING);
}

/* Nothing but time passes: the engine itself looks for room. */
static void test_disk_full__freed_room_is_noticed_without_work(void **state)
{
    struct house *house = *state;
    struct command *command = large_escalation(house);
    atomic_store(&house->engine->disk_full, true);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_DISK_FULL);
    house_advance(house, 1000);
    (void)engine_turn(house->engine);
    command = large_escalation(house);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
}

/* What fits still happens: an acceptance beside a ticket that does not. */
static void test_disk_full__neighbours_are_answered(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    /* Some free pages in the file, too few for the large ones. */
    struct command *before = large_escalation(house);
    house_run(house, before);
    limit_pages(house, true);
    struct command *accept = agent_command(house, id, VERB_ACCEPT, house->jean, NULL);
    struct command *large[3] = {large_escalation(house), large_escalation(house),
                                large_escalation(house)};
    assert_int_equal(engine_post(house->engine, large[0]), STATUS_OK);
    assert_int_equal(engine_post(house->engine, accept), STATUS_OK);
    assert_int_equal(engine_post(house->engine, large[1]), STATUS_OK);
    assert_int_equal(engine_post(house->engine, large[2]), STATUS_OK);
    house_settle(house);
    assert_int_equal(accept->answer.status, STATUS_OK);
    for (int i = 0; i < 3; i++) {
        assert_true(answered(large[i]));
        assert_int_equal(large[i]->answer.status, STATUS_DISK_FULL);
    }
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_int_equal(escalation.state, ESCALATION_ACCEPTED);
}

/* That there is no room says nothing about their rows: none is marked without a word in its
 * timeline and a callback to the desk, but set aside as it should be, once there is room. */
static void test_disk_full__what_is_to_be_set_aside_waits(void **state)
{
    struct house *house = *state;
    struct uuid ids[40];
    size_t count = sizeof ids / sizeof ids[0];
    for (size_t i = 0; i < count; i++) {
        ids[i] = house_escalate(house, SEVERITY_MAJOR);
    }
    house_accept_all(house, 0);
    limit_pages(house, true);
    for (size_t i = 0; i < count; i++) {
        quarantine_post(house->engine, house->customer_id, ids[i]);
    }
    (void)engine_turn(house->engine);
    assert_true(atomic_load(&house->engine->disk_full));
    assert_int_equal(house_number(house, "SELECT count(*) < 40 FROM escalation WHERE quarantined"),
                     1);
    limit_pages(house, false);
    house_advance(house, 1000);
    house_settle(house);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(house_entries(house, ids[i], ENTRY_QUARANTINED), 1);
    }
    assert_int_equal(house_number(house, "SELECT count(*) FROM attempt WHERE purpose = 8"), count);
}

/* A phone that was registered while the disk failed rings all the same, once it works. */
static void test_disk__what_changed_about_people_is_told_later(void **state)
{
    struct house *house = *state;
    sqlite3 *db = house->engine->store->db;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_settle(house);
    size_t before = house->sent_count;
    put_device(house, house->jean, "jean-2", PLATFORM_FCM);
    assert_true(changes_pending(house->engine)); /* the phone is known, nobody was told yet */
    assert_int_equal(sqlite3_exec(db, "PRAGMA query_only = ON", NULL, NULL, NULL), SQLITE_OK);
    assert_true(engine_turn(house->engine) > 0); /* tried, failed, and not at once again */
    assert_int_equal(house->sent_count, before);
    assert_int_equal(sqlite3_exec(db, "PRAGMA query_only = OFF", NULL, NULL, NULL), SQLITE_OK);
    house_settle(house);
    assert_int_equal(house->sent_count, before + 1);
}

/* A row in the outbox that finds no room takes back nothing of others but the whole turn, waits
 * with those behind it, and goes out once when there is room. */
static void test_disk_full__in_the_outbox(void **state)
{
    struct house *house = *state;
    sqlite3 *db = house->engine->store->db;
    static const char grow[] =
        "CREATE TABLE filler (data BLOB); CREATE TEMP TRIGGER grows AFTER UPDATE ON attempt "
        "WHEN new.state = 1 BEGIN INSERT INTO filler VALUES (zeroblob(60000)); END";
    house->send_status = STATUS_FULL;
    struct uuid ids[2] = {house_escalate(house, SEVERITY_CRITICAL),
                          house_escalate(house, SEVERITY_MINOR)};
    house_settle(house);
    house->send_status = STATUS_OK;
    size_t before = house->sent_count;
    assert_int_equal(sqlite3_exec(db, grow, NULL, NULL, NULL), SQLITE_OK);
    limit_pages(house, true);
    for (int i = 0; i < 20; i++) {
        house_advance(house, 100);
        (void)engine_turn(house->engine);
    }
    assert_int_equal(house->sent_count, before);
    assert_int_equal(house->engine->credits_push_used, 0);
    assert_true(house->alarms > 0);
    limit_pages(house, false);
    house_advance(house, 100);
    house_settle(house);
    assert_int_equal(house->sent_count, before + 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(uuid_equal(house->sent[before + i].escalation, ids[i]));
        struct escalation escalation;
        house_read(house, ids[i], &escalation);
        assert_false(escalation.quarantined);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_disk_full__is_refused_and_taken_up_again),
        HOUSE_TEST(test_disk_full__freed_room_is_noticed_without_work),
        HOUSE_TEST(test_disk_full__neighbours_are_answered),
        HOUSE_TEST(test_disk_full__what_is_to_be_set_aside_waits),
        HOUSE_TEST(test_disk__what_changed_about_people_is_told_later),
        HOUSE_TEST(test_disk_full__in_the_outbox),
    };
    return cmocka_run_group_tests_name("engine.disk_full", tests, NULL, NULL);
}
