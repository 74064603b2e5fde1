/* test_own_life.c - the engine's threads, alarms, watchdog and commits, with a call under them
 * failing. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"
#include "tests/unit/failing_calls.h"

#define CALLS_MAX 1000
#define TURNS_MAX 8

/* What the engine posts to itself, and what becomes of it: done, or still inside at the end. */
static void work_for_itself(struct house *house, struct uuid id, bool settles)
{
    struct engine *engine = house->engine;
    struct sent *sent = &house->sent[house->sent_count - 1];
    assert_int_equal(sent->purpose, PURPOSE_ALERT);
    house_delayed(house, sent);
    house_outcome(house, sent, ATTEMPT_ACCEPTED);
    engine_alarm(engine, "test.alarm", "a detail");
    quarantine_post(engine, house->customer_id, id);
    engine_customer_changed(engine, house->customer_id, true);
    if (settles) {
        house_settle(house);
    } else {
        engine_stop(engine);
        quarantine_post(engine, house->customer_id, id); /* it is not taken any more */
    }
}

static void test_engine__gives_back_all_it_took(void **state)
{
    struct house *house = *state;
    for (int settles = 0; settles <= 1; settles++) {
        struct uuid id = house_escalate(house, SEVERITY_MAJOR);
        house_settle(house);
        house_close(house);
        house->sent_count = 0;
        long blocks = failing_calls_blocks();
        house_open(house);
        house_settle(house); /* the push goes out again */
        work_for_itself(house, id, settles == 1);
        house_close(house);
        assert_int_equal(failing_calls_blocks(), blocks);
        house_open(house);
        house_settle(house);
    }
}

static void test_start__says_that_a_thread_failed(void **state)
{
    struct house *house = *state;
    struct error error;
    for (int nth = 1; nth <= 2; nth++) { /* the writer's, the watchdog's */
        failing_calls_start(FAIL_THREAD, nth);
        assert_int_equal(engine_start(house->engine, &error), STATUS_NO_MEMORY);
        assert_true(failing_calls_stop());
        engine_join(house->engine); /* nothing is left to wait for */
        house_close(house);
        house_open(house);
    }
    assert_int_equal(engine_start(house->engine, &error), STATUS_OK);
    engine_stop(house->engine);
    engine_join(house->engine);
}

/* It is told whatever there is no memory for; what may be lost is the record of it. */
static void test_alarm__is_told_without_memory(void **state)
{
    struct house *house = *state;
    bool fired = true;
    int nth = 1;
    for (; fired; nth++) {
        size_t told = house->alarms;
        long blocks = failing_calls_blocks();
        house_advance(house, 60000);
        failing_calls_start(FAIL_MEMORY, nth);
        engine_alarm(house->engine, "kind", "detail");
        fired = failing_calls_stop();
        assert_int_equal(house->alarms, told + 1);
        assert_true(failing_calls_blocks() == blocks || !fired);
        house_settle(house);
        assert_int_equal(house_number(house, "SELECT count(*) FROM alarm"), fired ? 0 : 1);
    }
    assert_int_equal(nth, 5);
}

/* At the end of the engine nothing is taken any more, and nothing stays behind. */
static void test_post__of_its_own_when_it_is_stopping(void **state)
{
    struct house *house = *state;
    long blocks = failing_calls_blocks();
    atomic_store(&house->engine->stopping, true);
    quarantine_post(house->engine, house->customer_id, (struct uuid){{1}});
    engine_alarm(house->engine, "kind", "detail");
    assert_int_equal(failing_calls_blocks(), blocks);
    assert_int_equal(house->alarms, 1);
}

/* What it cannot read it says so, and reads the next time. */
static void test_watchdog__outlives_a_failing_read(void **state)
{
    struct house *house = *state;
    failing_calls_start(FAIL_PREPARE, 1);
    watchdog_open(house->engine);
    assert_true(failing_calls_stop());
    assert_string_equal(house->alarm, "watchdog.blind");
    watchdog_look(house->engine); /* of what it can */
    watchdog_open(house->engine);
    for (int kind = FAIL_PREPARE; kind <= FAIL_STEP; kind++) {
        bool fired = true;
        for (int nth = 1; fired; nth++) {
            watchdog_close(house->engine);
            watchdog_open(house->engine);
            watchdog_look(house->engine); /* a probe */
            house_settle(house);
            house_advance(house, 1000);
            if (kind == FAIL_PREPARE) { /* no statement is prepared */
                watchdog_close(house->engine);
                watchdog_open(house->engine);
            }
            failing_calls_start((enum failing_kind)kind, nth);
            watchdog_look(house->engine);
            fired = failing_calls_stop();
            house_settle(house);
        }
    }
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    assert_true(statistics.proven);
    watchdog_close(house->engine);
}

/* Without memory for the new root key the old one stays: nobody is locked out. */
static void test_root_key__stays_when_the_new_one_cannot_be_kept(void **state)
{
    struct house *house = *state;
    struct error error;
    static const char fresh[] =
        "ak_BBBBBBBBBBBBBBBBBBBBBB_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    failing_calls_start(FAIL_MEMORY, 1);
    assert_int_equal(engine_set_root_key(house->engine, fresh, &error), STATUS_NO_MEMORY);
    assert_true(failing_calls_stop());
    assert_string_equal(house->engine->root_key, ROOT_KEY);
    assert_int_equal(engine_set_root_key(house->engine, fresh, &error), STATUS_OK);
    assert_string_equal(house->engine->root_key, fresh);
}

/* ---- what ends the process ---- */

static sigjmp_buf back;

static void come_back(int signal_number)
{
    siglongjmp(back, signal_number);
}

/* Whether it ends the process, in this one: which goes on as if it had been a crash. */
static bool ends_the_process(struct house *house, void (*act)(struct house *house))
{
    const struct sigaction action = {.sa_handler = come_back};
    struct sigaction before;
    assert_int_equal(sigaction(SIGABRT, &action, &before), 0);
    bool ended = sigsetjmp(back, 1) != 0;
    if (!ended) {
        act(house);
    }
    assert_int_equal(sigaction(SIGABRT, &before, NULL), 0);
    return ended;
}

static void tell_outcome_without_memory(struct house *house)
{
    failing_calls_start(FAIL_MEMORY, 1);
    house_outcome(house, &house->sent[0], ATTEMPT_ACCEPTED);
}

static void set_aside_without_memory(struct house *house)
{
    failing_calls_start(FAIL_MEMORY, 1);
    quarantine_post(house->engine, house->customer_id, house->sent[0].escalation);
}

/* An outcome that there is no memory for is not forgotten: its push goes out again, under its id.
 */
static void test_own_command__without_memory_ends_the_process(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_settle(house);
    assert_true(ends_the_process(house, set_aside_without_memory));
    assert_true(failing_calls_stop());
    assert_true(ends_the_process(house, tell_outcome_without_memory));
    assert_true(failing_calls_stop());
    house_close(house);
    house_open(house);
    house_settle(house);
    assert_int_equal(house->sent_count, 2);
    assert_true(uuid_equal(house->sent[0].attempt, house->sent[1].attempt));
}

/* ---- commits that nobody can vouch for ---- */

/* In a process of its own: an I/O error at the nth statement. Answers how it ended, 0 for a
 * statement that never came. */
static int end_by_io_error(struct house *house, int nth, int rc)
{
    int ended = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
        enum status posted = engine_post(house->engine, command);
        failing_calls_start_in_a_row(FAIL_STEP, nth, posted == STATUS_OK ? 1 : 0, rc);
        for (int i = 0; i < TURNS_MAX && !answered(command); i++) {
            (void)engine_turn(house->engine);
        }
        _exit(!failing_calls_stop()                      ? 0
              : command->answer.status == STATUS_IO      ? 1
              : command->answer.status == STATUS_CORRUPT ? 2
              : command->answer.status == STATUS_OK      ? 3
                                                         : 4);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    return WIFSIGNALED(ended) ? -WTERMSIG(ended) : WEXITSTATUS(ended);
}

/* An error of the disk is a refusal wherever it is certain; at the one COMMIT it is neither yes nor
 * no, and the process ends. */
static void test_commit__ends_the_process_when_it_is_uncertain(void **state)
{
    struct house *house = *state;
    int aborted = 0, refused = 0, nth = 1;
    for (int end; (end = end_by_io_error(house, nth, SQLITE_IOERR_WRITE)) != 0; nth++) {
        assert_true(end == 1 || end == 3 || end == -SIGABRT);
        aborted += end == -SIGABRT;
        refused += end == 1;
        assert_true(nth < CALLS_MAX);
    }
    assert_int_equal(aborted, 1);
    assert_true(refused > 5);
}

static int nth_statement;

static void escalate_with_io_error(struct house *house)
{
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    assert_int_equal(engine_post(house->engine, command), STATUS_OK);
    failing_calls_start_in_a_row(FAIL_STEP, nth_statement, 1, SQLITE_IOERR_WRITE);
    (void)engine_turn(house->engine);
}

/* The caller of the commit in doubt is told neither yes nor no, and asks again. */
static void test_commit__in_doubt_answers_nobody(void **state)
{
    struct house *house = *state;
    int64_t opened = 0;
    bool ended = false;
    for (nth_statement = 1; !ended; nth_statement++) {
        size_t sent = house->sent_count;
        ended = ends_the_process(house, escalate_with_io_error);
        assert_true(failing_calls_stop());
        const struct command *command = house->commands[house->commands_count - 1];
        assert_int_equal(answered(command), !ended);
        opened += !ended && command->answer.status == STATUS_OK;
        assert_true(!ended || house->sent_count == sent);
    }
    house_close(house);
    house_open(house);
    assert_int_equal(house_number(house, "SELECT count(*) FROM escalation"), opened);
    (void)house_escalate(house, SEVERITY_MAJOR);
}

/* As many outcomes as there is room for wait to be written; one more is dropped, and the engine's
 * end answers those that still wait. */
static void test_again__holds_as_many_as_a_turn(void **state)
{
    struct house *house = *state;
    struct command *outcomes[AGAIN_MAX];
    (void)house_escalate(house, SEVERITY_MAJOR);
    for (size_t i = 0; i < AGAIN_MAX; i++) {
        outcomes[i] = house_command(house, COMMAND_TRANSPORT_OUTCOME);
        outcomes[i]->escalation_id = house->sent[0].escalation;
        outcomes[i]->request.transport =
            (struct transport_request){.attempt = house->sent[0].attempt,
                                       .transport = ATTEMPT_ACCEPTED,
                                       .at = house->wall,
                                       .gone_since = WALL_NEVER};
        assert_int_equal(engine_post(house->engine, outcomes[i]), STATUS_OK);
    }
    failing_calls_start_in_a_row(FAIL_STEP, 1, 1000000, SQLITE_NOMEM);
    (void)engine_turn(house->engine);
    assert_int_equal(house->engine->again.count, AGAIN_MAX);
    assert_true(failing_calls_stop());
    assert_in_range(engine_turn(house->engine), 1,
                    AGAIN_WAIT_MS); /* nothing fails now: they wait */
    failing_calls_start_in_a_row(FAIL_STEP, 1, 1000000, SQLITE_NOMEM);
    struct command *more = house_command(house, COMMAND_QUARANTINE);
    more->escalation_id = house->sent[0].escalation;
    assert_int_equal(engine_post(house->engine, more), STATUS_OK);
    (void)engine_turn(house->engine);
    assert_true(answered(more));
    house_advance(house, AGAIN_WAIT_MS);
    (void)engine_turn(house->engine);
    assert_true(failing_calls_stop());
    assert_false(answered(outcomes[0]));
    house_close(house);
    assert_int_equal(outcomes[AGAIN_MAX - 1]->answer.status, STATUS_STOPPING);
    house_open(house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_again__holds_as_many_as_a_turn),
        HOUSE_TEST(test_engine__gives_back_all_it_took),
        HOUSE_TEST(test_start__says_that_a_thread_failed),
        HOUSE_TEST(test_alarm__is_told_without_memory),
        HOUSE_TEST(test_post__of_its_own_when_it_is_stopping),
        HOUSE_TEST(test_watchdog__outlives_a_failing_read),
        HOUSE_TEST(test_root_key__stays_when_the_new_one_cannot_be_kept),
        HOUSE_TEST(test_own_command__without_memory_ends_the_process),
        HOUSE_TEST(test_commit__ends_the_process_when_it_is_uncertain),
        HOUSE_TEST(test_commit__in_doubt_answers_nobody),
    };
    return cmocka_run_group_tests_name("engine.own_life", tests, NULL, NULL);
}
