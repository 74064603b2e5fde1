/* test_mailbox.c - full lanes, guaranteed shares, stopping, alarms, and the writer's thread. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

/* A command that the engine refuses quickly. */
static struct command *cheap_command(struct house *house, enum command_type type)
{
    struct command *command = house_command(house, type);
    command->customer_id = 99;
    command->request.escalate.summary = "";
    if (type == COMMAND_REVOKE_API_KEY) {
        command->request.api_key = (struct api_key_request){.key_id = "none"};
    } else if (type == COMMAND_TASK_DONE) {
        command->request.task_done = (struct task_done_request){.operator_name = ""};
    }
    return command;
}

static void fill_lane(struct house *house, enum command_type type, size_t slots)
{
    size_t first = house->commands_count;
    for (size_t i = 0; i < slots; i++) {
        assert_int_equal(engine_post(house->engine, cheap_command(house, type)), STATUS_OK);
    }
    struct command *refused = cheap_command(house, type);
    assert_int_equal(engine_post(house->engine, refused), STATUS_FULL);
    /* The other lanes are not concerned. */
    struct command *other =
        cheap_command(house, type == COMMAND_ESCALATE ? COMMAND_REVOKE_API_KEY : COMMAND_ESCALATE);
    assert_int_equal(engine_post(house->engine, other), STATUS_OK);
    (void)engine_turn(house->engine);
    assert_true(answered(other)); /* every lane has its share of every turn */
    house_settle(house);
    for (size_t i = 0; i < slots; i++) {
        assert_true(answered(house->commands[first + i]));
        assert_int_equal(house->commands[first + i]->answer.status, STATUS_NOT_FOUND);
    }
    assert_false(answered(refused)); /* it stayed the poster's */
    assert_int_equal(engine_post(house->engine, refused), STATUS_OK);
    house_settle(house);
    assert_true(answered(refused));
}

static void test_lane__new_is_full(void **state)
{
    fill_lane(*state, COMMAND_ESCALATE, LANE_NEW_SLOTS);
}

static void test_lane__acknowledgments_are_full(void **state)
{
    fill_lane(*state, COMMAND_TASK_DONE, LANE_ACKNOWLEDGMENT_SLOTS);
}

static void test_lane__administration_is_full(void **state)
{
    fill_lane(*state, COMMAND_REVOKE_API_KEY, LANE_ADMINISTRATION_SLOTS);
}

/* Sending reserves the outcome's slot first: without one the attempt waits as a row. */
static void test_lane__outcomes_are_full(void **state)
{
    struct house *house = *state;
    struct queue *lane = house->engine->lanes[LANE_OUTCOME];
    size_t reserved = 0;
    while (queue_reserve(lane) == STATUS_OK) {
        reserved++;
    }
    assert_int_equal(reserved, LANE_OUTCOME_SLOTS);
    assert_int_equal(engine_post(house->engine, cheap_command(house, COMMAND_CALL_OUTCOME)),
                     STATUS_FULL);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, 0);
    assert_int_equal(house->engine->credits_push_used, 0);
    while (reserved-- > 0) {
        queue_unreserve(lane);
    }
    house_advance(house, 200);
    house_settle(house);
    assert_int_equal(house->sent_count, 1);
}

/* ---- stopping ---- */

static void test_stop__commands_inside_are_answered(void **state)
{
    struct house *house = *state;
    struct command *inside[3] = {escalate_command(house, SEVERITY_MAJOR, NULL),
                                 cheap_command(house, COMMAND_TASK_DONE),
                                 cheap_command(house, COMMAND_REVOKE_API_KEY)};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(engine_post(house->engine, inside[i]), STATUS_OK);
    }
    engine_stop(house->engine);
    struct command *late = escalate_command(house, SEVERITY_MAJOR, NULL);
    assert_int_equal(engine_post(house->engine, late), STATUS_STOPPING);
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    assert_false(statistics.ready);
    assert_string_equal(statistics.not_ready_why, "stopping");
    house_close(house);
    for (int i = 0; i < 3; i++) {
        assert_true(answered(inside[i]));
        assert_int_equal(inside[i]->answer.status, STATUS_STOPPING);
        assert_string_equal(inside[i]->answer.body, "");
    }
    assert_false(answered(late));
}

#define POSTERS            3
#define POSTS_BY_EACH      200
#define POSTS_OF_ALL       (POSTERS * POSTS_BY_EACH)
#define READS_OF_DIRECTORY 500

struct poster {
    struct house *house;
    struct command **commands;
    size_t posted;
};

static void *post_all(void *context)
{
    struct poster *poster = context;
    for (size_t i = 0; i < POSTS_BY_EACH; i++) {
        if (engine_post(poster->house->engine, poster->commands[i]) != STATUS_OK) {
            break;
        }
        poster->posted++;
    }
    return NULL;
}

static void *read_directory(void *context)
{
    struct house *house = context;
    size_t found = 0;
    for (int i = 0; i < READS_OF_DIRECTORY; i++) {
        const struct directory *directory = engine_directory_acquire(house->engine);
        found += directory_customer_by_slug(directory, "acme") != NULL;
        engine_directory_release(house->engine, directory);
        struct engine_statistics statistics;
        engine_statistics(house->engine, &statistics);
    }
    return found == READS_OF_DIRECTORY ? house : NULL;
}

/* Posters, a reader and administration at once; then a stop in the middle. */
static void test_threads__every_command_is_answered_once(void **state)
{
    struct house *house = *state;
    struct error error;
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS], reader;
    void *found = NULL;
    for (int p = 0; p < POSTERS; p++) {
        posters[p] = (struct poster){house, house->commands + house->commands_count, 0};
        for (int i = 0; i < POSTS_BY_EACH; i++) {
            (void)escalate_command(house, SEVERITY_MAJOR, NULL);
        }
    }
    assert_int_equal(engine_start(house->engine, &error), STATUS_OK);
    assert_int_equal(pthread_create(&reader, NULL, read_directory, house), 0);
    for (int p = 0; p < POSTERS; p++) {
        assert_int_equal(pthread_create(&threads[p], NULL, post_all, &posters[p]), 0);
    }
    struct command *change = house_command(house, COMMAND_PUT_PERSON);
    change->request.person = (struct person_request){.kind = PERSON_AGENT,
                                                     .slug = "marie",
                                                     .name = "Marie",
                                                     .phone = "+33600000004",
                                                     .language = "fr",
                                                     .active = true};
    assert_int_equal(engine_post(house->engine, change), STATUS_OK);
    engine_alarm(house->engine, "test.alarm", "from another thread");
    for (int p = 0; p < POSTERS; p++) {
        assert_int_equal(pthread_join(threads[p], NULL), 0);
    }
    assert_int_equal(pthread_join(reader, &found), 0);
    assert_ptr_equal(found, house);
    engine_stop(house->engine);
    engine_join(house->engine);
    size_t sent = house->sent_count;
    house_close(house);
    size_t done = 0;
    for (int p = 0; p < POSTERS; p++) {
        assert_int_equal(posters[p].posted, POSTS_BY_EACH);
        for (size_t i = 0; i < posters[p].posted; i++) {
            assert_true(answered(posters[p].commands[i]));
            done += posters[p].commands[i]->answer.status == STATUS_OK;
        }
    }
    assert_int_equal(done, POSTS_OF_ALL); /* a stop finishes what is inside */
    assert_int_equal(sent, POSTS_OF_ALL);
    assert_true(answered(change));
    house_open(house);
    assert_true(agent_id(house, "marie") != 0);
}

static void test_threads__outcomes_come_from_elsewhere(void **state)
{
    struct house *house = *state;
    struct error error;
    for (int i = 0; i < 100; i++) {
        (void)house_escalate(house, SEVERITY_MAJOR);
    }
    assert_int_equal(house->sent_count, 100);
    assert_int_equal(engine_start(house->engine, &error), STATUS_OK);
    for (int i = 0; i < 100; i++) {
        house_outcome(house, &house->sent[i], ATTEMPT_ACCEPTED);
    }
    engine_stop(house->engine);
    engine_join(house->engine);
    assert_int_equal(house->engine->credits_push_used, 0);
    for (int i = 0; i < 100; i++) {
        struct attempt attempt;
        house_read_attempt(house, &house->sent[i], &attempt);
        assert_int_equal(attempt.state, ATTEMPT_ACCEPTED);
    }
}

static _Atomic bool enough;

/* As a dead provider does while each is slow to be written. */
static void *bring_outcomes(void *context)
{
    struct house *house = context;
    struct transport_request delay = {.attempt = house->sent[0].attempt, .gone_since = WALL_NEVER};
    while (!atomic_load(&enough)) {
        if (queue_reserve(house->engine->lanes[LANE_OUTCOME]) == STATUS_OK) {
            engine_delayed(house->engine, house->customer_id, house->sent[0].escalation, &delay);
        }
    }
    return NULL;
}

static void test_stop__ends_though_outcomes_keep_coming(void **state)
{
    struct house *house = *state;
    struct error error;
    pthread_t bringer;
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(engine_start(house->engine, &error), STATUS_OK);
    assert_int_equal(pthread_create(&bringer, NULL, bring_outcomes, house), 0);
    while (queue_length(house->engine->lanes[LANE_OUTCOME]) < LANE_ACKNOWLEDGMENT_SLOTS) {
        (void)sched_yield();
    }
    engine_stop(house->engine);
    assert_int_equal(house->engine->stop_by_ms, house->boot.ms + STOPPING_MS_MAX);
    atomic_store(&house->engine->stop_by_ms, house->boot.ms); /* its time is over */
    engine_join(house->engine);
    atomic_store(&enough, true);
    assert_int_equal(pthread_join(bringer, NULL), 0);
}

/* The watchdog's own thread looks, too: nobody else counts what is open. */
static void test_threads__the_watchdog_looks(void **state)
{
    struct house *house = *state;
    struct error error;
    struct engine_statistics statistics;
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(engine_start(house->engine, &error), STATUS_OK);
    do {
        (void)sched_yield();
        engine_statistics(house->engine, &statistics);
    } while (statistics.open_escalations != 1);
    engine_stop(house->engine);
    engine_join(house->engine);
}

static void wait_until_it_sleeps(struct house *house)
{
    while (!atomic_load(&house->engine->sleeping)) {
        (void)sched_yield();
    }
}

/* Each kind of mail wakes it, again and again. */
static void test_threads__a_sleeping_writer_takes_its_mail(void **state)
{
    struct house *house = *state;
    struct error error;
    struct engine_statistics statistics;
    for (int i = 0; i < 3; i++) {
        (void)house_escalate(house, SEVERITY_MAJOR);
    }
    assert_int_equal(engine_start(house->engine, &error), STATUS_OK);
    for (int i = 0; i < 3; i++) {
        wait_until_it_sleeps(house);
        struct command *command = cheap_command(house, COMMAND_TASK_DONE);
        assert_int_equal(engine_post(house->engine, command), STATUS_OK);
        while (!answered(command)) {
            (void)sched_yield();
        }
        wait_until_it_sleeps(house);
        house_outcome(house, &house->sent[i], ATTEMPT_ACCEPTED);
        do {
            (void)sched_yield();
            engine_statistics(house->engine, &statistics);
        } while (statistics.commands[COMMAND_TRANSPORT_OUTCOME] <= (uint64_t)i);
    }
    wait_until_it_sleeps(house);
    engine_stop(house->engine);
    engine_join(house->engine);
}

/* Whoever wakes the writer lets go of it: the next one could not wake it any more. Without its
 * thread, as if it slept. */
static void test_threads__whoever_wakes_the_writer_lets_it_go(void **state)
{
    struct house *house = *state;
    struct engine *engine = house->engine;
    (void)house_escalate(house, SEVERITY_MAJOR);
    atomic_store(&engine->sleeping, true);
    house_outcome(house, &house->sent[0], ATTEMPT_ACCEPTED);
    assert_int_equal(pthread_mutex_trylock(&engine->wake_lock), 0);
    (void)pthread_mutex_unlock(&engine->wake_lock);
    assert_false(engine->woken); /* an outcome is nobody's answer */
    assert_int_equal(engine_post(engine, cheap_command(house, COMMAND_TASK_DONE)), STATUS_OK);
    assert_int_equal(pthread_mutex_trylock(&engine->wake_lock), 0);
    (void)pthread_mutex_unlock(&engine->wake_lock);
    assert_true(engine->woken);
}

/* ---- alarms ---- */

static int64_t alarms_recorded(struct house *house)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(house->engine->store->db, "SELECT count(*) FROM alarm", -1,
                                        &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t count = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return count;
}

static void test_alarm__one_of_a_kind_every_minute(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 10; i++) {
        engine_alarm(house->engine, "test.one", "a detail");
    }
    assert_int_equal(house->alarms, 1);
    engine_alarm_about(house->engine, "test.one", "apns", "another thing");
    engine_alarm_about(house->engine, "test.one", "apns", "another thing");
    engine_alarm(house->engine, "test.two", "a detail");
    assert_int_equal(house->alarms, 3);
    house_advance(house, 59999);
    engine_alarm(house->engine, "test.one", "a detail");
    assert_int_equal(house->alarms, 3);
    house_advance(house, 1);
    engine_alarm(house->engine, "test.one", "a detail");
    assert_int_equal(house->alarms, 4);
    assert_string_equal(house->alarm, "test.one");
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    assert_int_equal(statistics.alarms, 15);
    house_settle(house);
    assert_int_equal(alarms_recorded(house), 4);
}

struct heard {
    size_t lines;
    bool unsaid; /* the last one says that nine were kept back */
};

static void count_lines(void *context, enum log_level level, const char *line, size_t bytes)
{
    (void)level;
    (void)bytes;
    struct heard *heard = context;
    heard->lines++;
    heard->unsaid = strstr(line, "\"unsaid\":9") != NULL;
}

/* A thousand a second would fill the disk with the log of what is wrong. */
static void test_alarm__is_logged_once_a_second(void **state)
{
    struct house *house = *state;
    log_set_level(LOG_WARNING);
    struct heard heard = {0};
    log_set_sink(count_lines, &heard);
    for (int i = 0; i < 10; i++) {
        engine_alarm(house->engine, "test.one", "a detail");
    }
    assert_int_equal(heard.lines, 1);
    engine_alarm(house->engine, "test.two", "a detail");
    assert_int_equal(heard.lines, 2);
    house_advance(house, 1000);
    engine_alarm(house->engine, "test.one", "a detail");
    engine_alarm(house->engine, "test.one", "a detail");
    log_set_sink(NULL, NULL);
    log_set_level(LOG_ERROR);
    assert_int_equal(heard.lines, 3);
    assert_true(heard.unsaid);
}

/* More kinds than are remembered: the one told longest ago is forgotten, not one told just now. */
static void test_alarm__the_newest_are_remembered(void **state)
{
    struct house *house = *state;
    char about[16];
    for (int i = 0; i < ALARMS_TOLD_MAX; i++) {
        (void)snprintf(about, sizeof about, "%d", i);
        engine_alarm_about(house->engine, "test.one", about, "a detail");
        house_advance(house, 1);
    }
    house_advance(house, 60000);
    engine_alarm_about(house->engine, "test.one", "0", "again");
    assert_int_equal(house->alarms, ALARMS_TOLD_MAX + 1);
    engine_alarm_about(house->engine, "test.one", "one more", "a detail");
    assert_int_equal(house->alarms, ALARMS_TOLD_MAX + 2);
    engine_alarm_about(house->engine, "test.one", "0", "too soon");
    engine_alarm_about(house->engine, "test.one", "one more", "too soon");
    assert_int_equal(house->alarms, ALARMS_TOLD_MAX + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_lane__new_is_full),
        HOUSE_TEST(test_lane__acknowledgments_are_full),
        HOUSE_TEST(test_lane__administration_is_full),
        HOUSE_TEST(test_lane__outcomes_are_full),
        HOUSE_TEST(test_stop__commands_inside_are_answered),
        HOUSE_TEST(test_threads__every_command_is_answered_once),
        HOUSE_TEST(test_threads__outcomes_come_from_elsewhere),
        HOUSE_TEST(test_stop__ends_though_outcomes_keep_coming),
        HOUSE_TEST(test_threads__the_watchdog_looks),
        HOUSE_TEST(test_threads__a_sleeping_writer_takes_its_mail),
        HOUSE_TEST(test_threads__whoever_wakes_the_writer_lets_it_go),
        HOUSE_TEST(test_alarm__one_of_a_kind_every_minute),
        HOUSE_TEST(test_alarm__is_logged_once_a_second),
        HOUSE_TEST(test_alarm__the_newest_are_remembered),
    };
    return cmocka_run_group_tests_name("engine.mailbox", tests, NULL, NULL);
}
