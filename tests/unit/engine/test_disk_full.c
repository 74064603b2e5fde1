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

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_disk_full__is_refused_and_taken_up_again),
        HOUSE_TEST(test_disk_full__freed_room_is_noticed_without_work),
        HOUSE_TEST(test_disk_full__neighbours_are_answered),
        HOUSE_TEST(test_disk__what_changed_about_people_is_told_later),
    };
    return cmocka_run_group_tests_name("engine.disk_full", tests, NULL, NULL);
}
