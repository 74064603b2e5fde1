/* test_watchdog.c - what stands still is seen, told without the writer, and told apart from what is
 * only much. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

static int open_watchdog(void **state)
{
    int failed = house_setup(state);
    struct house *house = *state;
    watchdog_open(house->engine);
    watchdog_look(house->engine);
    house_settle(house);
    return failed;
}

static int close_watchdog(void **state)
{
    struct house *house = *state;
    watchdog_close(house->engine);
    return house_teardown(state);
}

#define WATCHDOG_TEST(name) cmocka_unit_test_setup_teardown(name, open_watchdog, close_watchdog)

static struct engine_statistics look(struct house *house)
{
    struct engine_statistics statistics;
    watchdog_look(house->engine);
    engine_statistics(house->engine, &statistics);
    return statistics;
}

/* Time passes under the eyes of the watchdog. */
static struct engine_statistics look_for(struct house *house, int64_t ms)
{
    for (; ms > 250; ms -= 250) {
        house_advance(house, 250);
        watchdog_look(house->engine);
    }
    house_advance(house, ms);
    return look(house);
}

static void look_while_stuck(struct house *house)
{
    size_t alarms = house->alarms;
    assert_false(look_for(house, 1500).writer_stuck);
    assert_int_equal(house->alarms, alarms);
    house_advance(house, 1);
    assert_true(look(house).writer_stuck);
    assert_int_equal(house->alarms, alarms + 1); /* told while the writer hangs */
    assert_string_equal(house->alarm, "engine.writer_stuck");
    (void)look(house);
    assert_int_equal(house->alarms, alarms + 1); /* once a minute */
}

static void test_watchdog__a_stuck_writer_is_told_without_it(void **state)
{
    struct house *house = *state;
    house->at_send = look_while_stuck;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house->at_send = NULL;
    assert_int_equal(house->alarms, 1);
    house_settle(house);
    struct engine_statistics statistics = look(house);
    assert_false(statistics.writer_stuck);
    assert_int_equal(statistics.commands[COMMAND_ALARM], 1); /* recorded afterwards */
}

/* The machine is suspended, and nothing looks meanwhile. */
static void suspend(struct house *house, int64_t ms)
{
    house_advance(house, ms);
    house->suspended_ms += ms;
}

/* A suspend in the middle of a turn: nothing hung but the machine. */
static void look_after_a_sleep(struct house *house)
{
    size_t alarms = house->alarms;
    assert_false(look_for(house, 1400).writer_stuck);
    suspend(house, 30000);
    assert_false(look(house).writer_stuck);
    assert_false(look_for(house, 1499).writer_stuck);
    assert_int_equal(house->alarms, alarms);
    assert_true(look_for(house, 1).writer_stuck);
    assert_int_equal(house->alarms, alarms + 1);
    assert_string_equal(house->alarm_detail, "the writer has not moved for 2900 ms"); /* awake */
}

static void test_watchdog__a_machine_that_slept_is_not_stuck(void **state)
{
    struct house *house = *state;
    house->at_send = look_after_a_sleep;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house->at_send = NULL;
    assert_int_equal(house->alarms, 1);
}

/* The watchdog's own reads are slow, on the disk that the writer hangs on: no sleep. */
static void look_slowly(struct house *house)
{
    size_t alarms = house->alarms;
    house_advance(house, 1000);
    assert_false(look(house).writer_stuck);
    house_advance(house, 1000);
    assert_true(look(house).writer_stuck);
    assert_int_equal(house->alarms, alarms + 1);
    assert_string_equal(house->alarm_detail, "the writer has not moved for 2000 ms");
}

static void look_once_after_a_minute(struct house *house)
{
    house_advance(house, 60000);
    assert_true(look(house).writer_stuck);
}

static void test_watchdog__slow_looks_are_no_sleep(void **state)
{
    struct house *house = *state;
    house->at_send = look_slowly;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_settle(house);
    assert_false(look(house).writer_stuck);
    house->at_send = look_once_after_a_minute;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house->at_send = NULL;
}

/* A suspend of a second lets wait, and a shorter one does not; neither counts as time. */
static void look_after_a_second(struct house *house)
{
    suspend(house, 1000);
    assert_false(look(house).writer_stuck);
    assert_false(look_for(house, 1499).writer_stuck);
    assert_false(look_for(house, 1).writer_stuck);
    assert_true(look_for(house, 1).writer_stuck);
}

static void look_after_less(struct house *house)
{
    assert_false(look_for(house, 1000).writer_stuck);
    suspend(house, 999);
    assert_false(look_for(house, 500).writer_stuck);
    assert_true(look_for(house, 1).writer_stuck);
}

static void test_watchdog__a_suspend_of_a_second_is_a_sleep(void **state)
{
    struct house *house = *state;
    house->at_send = look_after_a_second;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house->at_send = NULL;
    house_settle(house);
    (void)look(house);
    house->at_send = look_after_less;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house->at_send = NULL;
}

/* Suspended before it began to look: that is over. */
static void test_watchdog__a_sleep_before_the_start_is_none(void **state)
{
    struct house *house = *state;
    watchdog_close(house->engine);
    suspend(house, 3600000);
    watchdog_open(house->engine);
    house->at_send = look_slowly;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house->at_send = NULL;
}

static void test_watchdog__counts_every_second(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_advance(house, 999);
    assert_int_equal(look(house).open_escalations, 0);
    house_advance(house, 1);
    assert_int_equal(look(house).open_escalations, 2);
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_advance(house, 999);
    assert_int_equal(look(house).open_escalations, 2);
    house_advance(house, 1);
    assert_int_equal(look(house).open_escalations, 3);
}

static void test_watchdog__an_idle_writer_is_not_stuck(void **state)
{
    struct house *house = *state;
    house_advance(house, 3600000);
    assert_false(look(house).writer_stuck);
    assert_int_equal(house->alarms, 0);
}

static void test_watchdog__an_overdue_row_is_told(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_advance(house, 60000);
    assert_int_equal(look(house).overdue_ms, 0);
    house_advance(house, 1);
    assert_int_equal(look(house).overdue_ms, 1);
    house_advance(house, 1499);
    assert_int_equal(look(house).overdue_ms, 1500);
    assert_int_equal(house->alarms, 0);
    house_advance(house, 1);
    assert_int_equal(look(house).overdue_ms, 1501);
    assert_int_equal(house->alarms, 1);
    assert_string_equal(house->alarm, "engine.overdue");
    house_settle(house);
    struct engine_statistics statistics = look(house);
    assert_int_equal(statistics.overdue_ms, 0);
    assert_int_equal(statistics.open_escalations, 1);
}

static void test_watchdog__overdue_without_progress_is_a_stall(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_advance(house, 61500);
    assert_false(look(house).deadlines_stalled); /* it is not late yet */
    assert_false(look_for(house, 1).deadlines_stalled);
    assert_false(look_for(house, 5000).deadlines_stalled);
    house_advance(house, 1);
    assert_true(look(house).deadlines_stalled);
    house_settle(house);
    assert_false(look(house).deadlines_stalled);
}

/* What was overdue when the machine fell asleep had no chance to be met meanwhile. */
static void test_watchdog__overdue_in_a_sleep_is_no_stall(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_advance(house, 61501);
    assert_false(look(house).deadlines_stalled);
    assert_false(look_for(house, 250).deadlines_stalled);
    suspend(house, 30000);
    assert_false(look(house).deadlines_stalled);
    assert_false(look_for(house, 5000).deadlines_stalled);
    assert_true(look_for(house, 1).deadlines_stalled);
}

static void test_watchdog__much_to_catch_up_with_is_no_stall(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 400; i++) {
        (void)house_escalate(house, SEVERITY_MAJOR);
    }
    house_accept_all(house, 0);
    house_advance(house, 3600000);
    for (int turn = 0; turn < 3; turn++) {
        struct engine_statistics statistics = look(house);
        assert_true(statistics.overdue_ms > 3000000);
        assert_false(statistics.deadlines_stalled);
        (void)engine_turn(house->engine);
        house_advance(house, 4000);
    }
    assert_string_equal(house->alarm, "engine.overdue");
}

static void test_probe__goes_through_the_writer_and_comes_back(void **state)
{
    struct house *house = *state;
    assert_int_equal(look(house).proven_age_ms, 0);
    house_advance(house, 1000);
    assert_int_equal(look(house).proven_age_ms, 1000); /* posts the next */
    house_advance(house, 3000);
    struct engine_statistics statistics = look(house); /* the writer does not turn */
    assert_int_equal(statistics.answered_age_ms, 4000);
    assert_int_equal(statistics.proven_age_ms, 4000);
    assert_int_equal(statistics.watched_age_ms, 0);
    house_settle(house);
    statistics = look(house);
    assert_int_equal(statistics.answered_age_ms, 3000);
    assert_int_equal(statistics.proven_age_ms, 3000);
}

/* Answered, but with nothing to show for it: the row that was read back is an old one. */
static void test_probe__without_a_commit_proves_nothing(void **state)
{
    struct house *house = *state;
    struct watchdog *watchdog = &house->engine->watchdog;
    house_advance(house, 1000);
    (void)look(house);
    struct command *probe = queue_pop(house->engine->lanes[LANE_ADMINISTRATION]);
    assert_ptr_equal(probe, &watchdog->probe);
    probe->answer.status = STATUS_OK;
    probe->complete(probe);
    struct engine_statistics statistics = look(house);
    assert_int_equal(statistics.answered_age_ms, 0);
    assert_int_equal(statistics.proven_age_ms, 1000);
}

static void test_probe__refused_by_a_full_disk_is_answered(void **state)
{
    struct house *house = *state;
    house_advance(house, 1000);
    (void)look(house);
    struct command *probe = queue_pop(house->engine->lanes[LANE_ADMINISTRATION]);
    probe->answer.status = STATUS_DISK_FULL;
    probe->complete(probe);
    struct engine_statistics statistics = look(house);
    assert_int_equal(statistics.answered_age_ms, 0);
    assert_int_equal(statistics.proven_age_ms, 1000);
}

static void move(const char *from, const char *to)
{
    assert_int_equal(rename(from, to), 0);
}

static void assert_refused_as_removed(struct house *house)
{
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    assert_false(statistics.ready);
    assert_string_equal(statistics.not_ready_why, "the database was removed or replaced");
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    assert_int_equal(engine_post(house->engine, command), STATUS_REMOVED);
}

/* Under another name nothing is lost yet, and what is open goes on; back in its place all does. */
static void lose_and_put_back(struct house *house, const char *suffix)
{
    char path[PATH_MAX], aside[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s%s", house->database, suffix);
    (void)snprintf(aside, sizeof aside, "%s%s-aside", house->database, suffix);
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, house->sent_count - 1);
    move(path, aside);
    assert_true(look_for(house, 999).ready);
    struct engine_statistics statistics = look_for(house, 1);
    assert_true(statistics.removed);
    assert_string_equal(house->alarm, "database.removed");
    assert_non_null(strstr(house->alarm_detail, path));
    assert_refused_as_removed(house);
    struct command *accept = agent_command(house, id, VERB_ACCEPT, house->jean, NULL);
    house_run(house, accept);
    assert_int_equal(accept->answer.status, STATUS_OK);
    size_t alarms = house->alarms;
    (void)look_for(house, 59000);
    assert_int_equal(house->alarms, alarms);
    (void)look_for(house, 1000);
    assert_int_equal(house->alarms, alarms + 1); /* once a minute */
    move(aside, path);
    assert_true(look_for(house, 1000).ready);
    assert_string_equal(house->alarm, "database.put_back");
    (void)house_escalate(house, SEVERITY_MAJOR);
}

static void test_files__the_database_is_moved_and_put_back(void **state)
{
    lose_and_put_back(*state, "");
}

static void test_files__the_log_is_moved_and_put_back(void **state)
{
    lose_and_put_back(*state, "-wal");
}

/* A copy has the same bytes and takes none of those that come. */
static void test_files__a_copy_is_another(void **state)
{
    struct house *house = *state;
    char copy[PATH_MAX], aside[PATH_MAX];
    (void)snprintf(copy, sizeof copy, "%s-copy", house->database);
    (void)snprintf(aside, sizeof aside, "%s-aside", house->database);
    FILE *file = fopen(copy, "w");
    assert_non_null(file);
    (void)fclose(file);
    move(house->database, aside);
    move(copy, house->database);
    assert_true(look_for(house, 1000).removed);
    assert_refused_as_removed(house);
    move(aside, house->database);
    assert_false(look_for(house, 1000).removed);
}

/* Another VFS keeps its files where it likes. */
static void test_files__of_another_vfs_are_its_own(void **state)
{
    struct house *house = *state;
    char aside[PATH_MAX];
    (void)snprintf(aside, sizeof aside, "%s-aside", house->database);
    house->engine->files_watch.watches = false;
    move(house->database, aside);
    assert_false(look_for(house, 1000).removed);
    move(aside, house->database);
    struct store_file stranger = house->engine->files_watch.files.database;
    stranger.inode = 0; /* nobody has that one open */
    assert_int_equal(store_open_number(&stranger), -1);
}

/* A name that cannot be looked at says nothing of what is behind it. */
static void test_files__a_name_that_cannot_be_followed_is_no_loss(void **state)
{
    struct house *house = *state;
    struct store_files *files = &house->engine->files_watch.files;
    char endless[PATH_MAX + 2];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    files->database.path = endless;
    assert_false(look_for(house, 1000).removed);
    files->database.path = "/dev/null/database"; /* its folder is none any more */
    assert_true(look_for(house, 1000).removed);
    files->database.path = house->database;
}

/* One that began later than the gateway is noted when it is seen. */
static void test_files__a_log_is_noted_when_it_is_there(void **state)
{
    struct house *house = *state;
    struct store_files *files = &house->engine->files_watch.files;
    assert_true(files->log.known);
    files->log.known = false;
    char path[PATH_MAX], aside[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s-wal", house->database);
    (void)snprintf(aside, sizeof aside, "%s-aside", house->database);
    move(path, aside);
    assert_false(look_for(house, 1000).removed);
    move(aside, path);
    assert_false(look_for(house, 1000).removed);
    move(path, aside);
    assert_true(look_for(house, 1000).removed);
    move(aside, path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCHDOG_TEST(test_watchdog__a_stuck_writer_is_told_without_it),
        WATCHDOG_TEST(test_watchdog__a_machine_that_slept_is_not_stuck),
        WATCHDOG_TEST(test_watchdog__slow_looks_are_no_sleep),
        WATCHDOG_TEST(test_watchdog__a_suspend_of_a_second_is_a_sleep),
        WATCHDOG_TEST(test_watchdog__a_sleep_before_the_start_is_none),
        WATCHDOG_TEST(test_watchdog__counts_every_second),
        WATCHDOG_TEST(test_watchdog__an_idle_writer_is_not_stuck),
        WATCHDOG_TEST(test_watchdog__an_overdue_row_is_told),
        WATCHDOG_TEST(test_watchdog__overdue_without_progress_is_a_stall),
        WATCHDOG_TEST(test_watchdog__overdue_in_a_sleep_is_no_stall),
        WATCHDOG_TEST(test_watchdog__much_to_catch_up_with_is_no_stall),
        WATCHDOG_TEST(test_probe__goes_through_the_writer_and_comes_back),
        WATCHDOG_TEST(test_probe__without_a_commit_proves_nothing),
        WATCHDOG_TEST(test_probe__refused_by_a_full_disk_is_answered),
        WATCHDOG_TEST(test_files__the_database_is_moved_and_put_back),
        WATCHDOG_TEST(test_files__the_log_is_moved_and_put_back),
        WATCHDOG_TEST(test_files__a_copy_is_another),
        WATCHDOG_TEST(test_files__of_another_vfs_are_its_own),
        WATCHDOG_TEST(test_files__a_name_that_cannot_be_followed_is_no_loss),
        WATCHDOG_TEST(test_files__a_log_is_noted_when_it_is_there),
    };
    return cmocka_run_group_tests_name("engine.watchdog", tests, NULL, NULL);
}
