/* test_damage.c - pages that rot while the gateway runs: told, refused where rows could be lost,
 * and no reason to end. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"
#include "tests/unit/failing_reads.h"

/* The first page of a table or an index, in the file as a whole. */
static int64_t find_root(struct house *house, const char *object)
{
    struct store *store = house->engine->store;
    struct error error;
    char sql[128];
    int64_t root = 0;
    (void)snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", object);
    assert_int_equal(store_number(store, sql, &root, &error), STATUS_OK);
    assert_int_equal(
        sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL),
        SQLITE_OK);
    assert_true(root > 1);
    return root;
}

/* Not to be closed: that would take away SQLite's locks on the file. */
static int open_file(struct house *house)
{
    int file = open(house->database, O_RDWR | O_CLOEXEC);
    assert_true(file >= 0);
    return file;
}

/* A page becomes rubbish behind the writer's back. */
static void rot_page(struct house *house, int file, int64_t page)
{
    char rubbish[4096];
    memset(rubbish, 0xa5, sizeof rubbish);
    assert_int_equal(pwrite(file, rubbish, sizeof rubbish, (page - 1) * 4096), sizeof rubbish);
    (void)sqlite3_db_release_memory(house->engine->store->db);
}

static void rot(struct house *house, const char *object)
{
    int64_t root = find_root(house, object);
    rot_page(house, open_file(house), root);
}

/* The first leaf of an index alone: its oldest rows. */
static int64_t find_first_leaf(struct house *house, int file, const char *object)
{
    unsigned char page[4096];
    int64_t root = find_root(house, object), leaf = 0;
    assert_int_equal(pread(file, page, sizeof page, (root - 1) * 4096), sizeof page);
    assert_int_equal(page[0], 2); /* an inner page, whose first cell begins with its child */
    size_t cell = (size_t)page[12] << 8 | page[13];
    for (size_t i = 0; i < 4; i++) {
        leaf = leaf << 8 | page[cell + i];
    }
    return leaf;
}

static void rot_first_leaf(struct house *house, const char *object)
{
    int file = open_file(house);
    rot_page(house, file, find_first_leaf(house, file, object));
}

static void test_damage__new_ones_are_refused_and_open_ones_go_on(void **state)
{
    struct house *house = *state;
    struct engine_statistics statistics;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    rot(house, "ticket");
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_CORRUPT); /* as those behind it are told */
    assert_string_equal(command->answer.error.text, ""); /* which page is of no concern to them */
    assert_string_equal(house->alarm, "database.damaged");
    command = escalate_command(house, SEVERITY_MAJOR, NULL);
    assert_int_equal(engine_post(house->engine, command), STATUS_CORRUPT);
    engine_statistics(house->engine, &statistics);
    assert_false(statistics.ready);
    assert_string_equal(statistics.not_ready_why, "the database is damaged");
    /* Nobody answers: the next agent is rung, and accepts. */
    size_t sent = house->sent_count;
    house_advance(house, 61000);
    house_settle(house);
    assert_int_equal(house->sent_count, sent + 1);
    house_accept_all(house, sent);
    struct command *accept = agent_command(house, id, VERB_ACCEPT, house->paul, NULL);
    house_run(house, accept);
    assert_int_equal(accept->answer.status, STATUS_OK);
}

/* SQLite calls a read that the kernel failed damage: the next try finds none, and nobody is told.
 */
static void test_failed_read__is_tried_again(void **state)
{
    struct house *house = *state;
    bool fired = true;
    unsigned nth = 1;
    for (; fired; nth++) {
        size_t sent = house->sent_count;
        struct uuid id = house_escalate(house, SEVERITY_MAJOR);
        house_accept_all(house, sent);
        struct command *accept = agent_command(house, id, VERB_ACCEPT, house->jean, NULL);
        assert_int_equal(engine_post(house->engine, accept), STATUS_OK);
        (void)sqlite3_db_release_memory(house->engine->store->db);
        failing_reads_start(nth);
        (void)engine_turn(house->engine);
        fired = failing_reads_stop();
        assert_true(answered(accept));
        assert_int_equal(accept->answer.status, STATUS_OK);
        house_settle(house);
    }
    assert_true(nth > 10);
    assert_int_equal(house->alarms, 0);
}

/* In one batch: what meets damage takes nobody with it, and nobody else is blamed. */
static void test_damage__neighbours_are_answered(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    struct uuid closing = house_escalate(house, SEVERITY_MAJOR);
    struct uuid due = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_settle(house);
    rot(house, "ticket");
    house_advance(house, 61000);
    struct command *accept = agent_command(house, id, VERB_ACCEPT, house->jean, NULL);
    struct command *bad = desk_command(house, closing, DESK_CANCEL); /* closes its ticket */
    assert_int_equal(engine_post(house->engine, bad), STATUS_OK);
    assert_int_equal(engine_post(house->engine, accept), STATUS_OK);
    (void)engine_turn(house->engine);
    assert_true(answered(bad) && answered(accept));
    assert_int_equal(bad->answer.status, STATUS_CORRUPT);
    assert_int_equal(accept->answer.status, STATUS_OK);
    for (size_t i = 0; i < FAILING_MAX; i++) {
        assert_int_equal(house->engine->failing[i].times, 0);
    }
    house_settle(house);
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_int_equal(escalation.state, ESCALATION_ACCEPTED);
    house_read(house, due, &escalation);
    assert_int_equal(escalation.step, 1); /* the second, counted from 0 */
}

/* Where every transaction meets it: the process stays, as the alarm is all that is left. */
static void test_damage__in_the_outbox_ends_nothing(void **state)
{
    struct house *house = *state;
    rot(house, "attempt_unsent");
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_CORRUPT);
    assert_string_equal(house->alarm, "database.damaged");
    for (int turn = 0; turn < 3; turn++) {
        assert_true(engine_turn(house->engine) > 0); /* no faster for it */
    }
    assert_int_equal(house->sent_count, 0);
}

/* Nobody's alert waits for a push that only tries a phone: those stay where they are. */
static void test_damage__of_test_pushes_holds_up_nobody(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    rot(house, "device_test_unsent");
    house->engine->outbox_waiting = true;
    struct command *decline = agent_command(house, id, VERB_DECLINE, house->jean, NULL);
    house_run(house, decline);
    assert_int_equal(decline->answer.status, STATUS_OK);
    assert_string_equal(house->alarm, "database.damaged");
    house_settle(house);
    assert_int_equal(house->sent_count, 2);
    assert_string_equal(house->sent[1].person, "paul");
}

/* The clock of deadlines itself: nothing can be gathered, and that is told. */
static void test_damage__where_deadlines_are_read(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_settle(house);
    rot(house, "escalation_due");
    house->alarm[0] = '\0';
    assert_true(engine_turn(house->engine) > 0);
    assert_string_equal(house->alarm, "database.damaged");
}

/* The next start reads what the night needs, and refuses. */
static void test_damage__a_start_that_meets_it_is_refused(void **state)
{
    struct house *house = *state;
    struct engine *engine = NULL;
    struct error error;
    (void)house_escalate(house, SEVERITY_MAJOR);
    rot(house, "agent");
    house_close(house);
    struct engine_configuration configuration = house_configuration(house);
    assert_int_equal(engine_create(&configuration, &engine, &error), STATUS_CORRUPT);
    assert_null(engine);
}

/* How many steps behind the rows that cannot be written any more are begun all the same. */
static size_t met_behind_damage(struct house *house, bool step, enum severity late, int turns)
{
    for (int i = 0; i < 300; i++) {
        (void)house_escalate(house, i >= 240 ? late : SEVERITY_MAJOR);
        house_accept_all(house, house->sent_count - 1);
        house_advance(house, 2);
    }
    house_settle(house);
    rot_first_leaf(house, "escalation_open");
    size_t sent = house->sent_count;
    house->wall.ms += step ? 3600000 : 0;
    house_advance(house, 70000);
    for (int i = 0; i < turns; i++) {
        (void)engine_turn(house->engine);
        house_advance(house, 10);
    }
    return house->sent_count - sent;
}

static void test_damage__holds_up_no_deadline_of_others(void **state)
{
    assert_true(met_behind_damage(*state, false, SEVERITY_MAJOR, 150) > 30);
}

static void test_damage__and_a_step_of_the_wall_hold_up_no_deadline(void **state)
{
    assert_true(met_behind_damage(*state, true, SEVERITY_CRITICAL, 30) > 30);
}

/* Trying it again mends nothing. */
static void test_damage__ends_the_tries_of_an_outcome(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    rot(house, "attempt");
    house_accept_all(house, 0);
    for (int i = 0; i < 40; i++) {
        (void)engine_turn(house->engine);
        house_advance(house, 100);
    }
    assert_int_equal(house->engine->again.count, 0);
}

/* A sector under the index of test pushes is gone: the outbox goes on without them. */
static void test_failed_read__of_test_pushes_holds_up_nobody(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_settle(house);
    int64_t root = find_root(house, "device_test_unsent");
    (void)sqlite3_db_release_memory(house->engine->store->db);
    failing_reads_at((root - 1) * 4096);
    outbox_wait(house->engine, engine_now(house->engine));
    house_advance(house, 1000);
    struct command *decline = agent_command(house, id, VERB_DECLINE, house->jean, NULL);
    house_run(house, decline);
    assert_int_equal(decline->answer.status, STATUS_OK);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    for (int i = 0; i < 240; i++) { /* a minute: the steps' time */
        house_advance(house, 250);
        (void)engine_turn(house->engine);
    }
    assert_int_equal(house_number(house, "SELECT count(*) FROM attempt WHERE state = 0"), 0);
    assert_int_equal(house_entries(house, id, ENTRY_STEP_STARTED), 2);
    assert_true(failing_reads_heal() > 10); /* it was looked at again and again */
}

/* A sector is gone under one push that waits: it cannot even be listed what waits. Everybody else
 * is answered and rung, the watch is told, and it goes out when it can be read. */
static void test_failed_read__under_what_waits_holds_up_nobody_else(void **state)
{
    struct house *house = *state;
    struct uuid other;
    house->send_status = STATUS_FULL;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_settle(house);
    house->send_status = STATUS_OK;
    house_advance(house, 1); /* its id is the lowest: it lies in the first leaf */
    for (int i = 0; i < 60; i++) {
        other = house_escalate(house, SEVERITY_MAJOR);
    }
    int file = open_file(house);
    int64_t leaf = find_first_leaf(house, file, "attempt");
    (void)close(file);
    (void)sqlite3_db_release_memory(house->engine->store->db);
    size_t sent = house->sent_count;
    failing_reads_at((leaf - 1) * 4096);
    house_advance(house, 100);
    struct command *decline = agent_command(house, other, VERB_DECLINE, house->jean, NULL);
    house_run(house, decline);
    assert_int_equal(decline->answer.status, STATUS_OK);
    assert_int_equal(house->sent_count, sent + 1);
    assert_string_equal(house->sent[sent].person, "paul");
    assert_string_equal(house->alarm, "engine.outbox_unreadable");
    assert_true(failing_reads_heal() > 0);
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(house->sent_count, sent + 2);
}

/* Nobody asks for anything: the watchdog meets it first. The writer answers, so nothing hangs, and
 * a restart would only be refused. */
static void test_damage__is_told_by_the_watchdog_of_an_idle_gateway(void **state)
{
    struct house *house = *state;
    struct engine_statistics statistics;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    watchdog_open(house->engine);
    watchdog_look(house->engine);
    house_settle(house);
    rot(house, "escalation");
    rot(house, "escalation_due");
    house_advance(house, 250);
    watchdog_look(house->engine);
    assert_int_equal(house->alarms, 1);
    assert_string_equal(house->alarm, "database.damaged");
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    assert_int_equal(engine_post(house->engine, command), STATUS_CORRUPT);
    for (int i = 0; i < 40; i++) { /* ten seconds */
        house_advance(house, 250);
        (void)engine_turn(house->engine);
        watchdog_look(house->engine);
        engine_statistics(house->engine, &statistics);
        assert_false(statistics.writer_stuck || statistics.deadlines_stalled);
        assert_int_equal(statistics.watched_age_ms, 0);
        assert_true(statistics.answered_age_ms <= 1500);
        assert_string_equal(statistics.not_ready_why, "the database is damaged");
    }
    /* It proves nothing any more, though the clock's own row can be read. */
    assert_true(statistics.proven_age_ms >= 10000);
    assert_int_equal(house->alarms, 1);
    watchdog_close(house->engine);
}

/* An emptied database beside a note: only one that says what was worked on means a loss. */
static void test_emptied__what_is_no_note_of_work_hides_no_loss(void **state)
{
    struct house *house = *state;
    struct error error;
    char database[128], note[160];
    (void)snprintf(database, sizeof database, "%s/empty.db", house->folder);
    (void)snprintf(note, sizeof note, "%s-poison", database);
    FILE *file = fopen(database, "w");
    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(engine_check_place(database, &error), STATUS_OK); /* no note at all */
    for (size_t bytes = 16; bytes <= 65536; bytes += 65520) {
        file = fopen(note, "w"); /* too short, then of another program */
        assert_non_null(file);
        for (size_t i = 0; i < bytes; i++) {
            (void)fputc('x', file);
        }
        (void)fclose(file);
        assert_int_equal(engine_check_place(database, &error), STATUS_OK);
    }
    (void)unlink(note);
    (void)unlink(database);
}

/* … and a start asks. */
static void test_emptied__a_start_that_finds_it_is_refused(void **state)
{
    static const char *const gone[] = {"-wal", "-shm", "-ballast"};
    struct house *house = *state;
    struct engine_configuration configuration = house_configuration(house);
    struct engine *engine = NULL;
    struct error error = {.text = ""};
    char path[160];
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_close(house);
    assert_int_equal(truncate(house->database, 0), 0);
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", house->database, gone[i]);
        (void)unlink(path);
    }
    assert_int_equal(engine_create(&configuration, &engine, &error), STATUS_CORRUPT);
    assert_non_null(strstr(error.text, "missing or empty, but its -poison says"));
    (void)unlink(house->database);
    (void)snprintf(path, sizeof path, "%s-poison", house->database);
    assert_int_equal(unlink(path), 0);
    house_open(house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_emptied__a_start_that_finds_it_is_refused),
        HOUSE_TEST(test_emptied__what_is_no_note_of_work_hides_no_loss),
        HOUSE_TEST(test_damage__new_ones_are_refused_and_open_ones_go_on),
        HOUSE_TEST(test_failed_read__is_tried_again),
        HOUSE_TEST(test_damage__neighbours_are_answered),
        HOUSE_TEST(test_damage__in_the_outbox_ends_nothing),
        HOUSE_TEST(test_damage__of_test_pushes_holds_up_nobody),
        HOUSE_TEST(test_damage__where_deadlines_are_read),
        HOUSE_TEST(test_damage__a_start_that_meets_it_is_refused),
        HOUSE_TEST(test_damage__holds_up_no_deadline_of_others),
        HOUSE_TEST(test_damage__and_a_step_of_the_wall_hold_up_no_deadline),
        HOUSE_TEST(test_failed_read__of_test_pushes_holds_up_nobody),
        HOUSE_TEST(test_failed_read__under_what_waits_holds_up_nobody_else),
        HOUSE_TEST(test_damage__ends_the_tries_of_an_outcome),
        HOUSE_TEST(test_damage__is_told_by_the_watchdog_of_an_idle_gateway),
    };
    return cmocka_run_group_tests_name("engine.damage", tests, NULL, NULL);
}
