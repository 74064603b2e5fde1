/* test_lanes.c - what each lane gets of a turn, whatever the others are flooded with; what a turn
 * does when it has worked long enough; the order of what it left. */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

/* One type a lane, which the engine refuses quickly for customer 99. */
static const enum command_type type_of_lane[LANES_COUNT] = {
    [LANE_ACKNOWLEDGMENT] = COMMAND_TASK_DONE,
    [LANE_OUTCOME] = COMMAND_CALL_OUTCOME,
    [LANE_NEW] = COMMAND_ESCALATE,
    [LANE_ADMINISTRATION] = COMMAND_REVOKE_API_KEY,
};

/* ARCHITECTURE.md: what a lane is sure of in a turn. */
static const size_t share_of_lane[LANES_COUNT] = {
    [LANE_ACKNOWLEDGMENT] = 96, [LANE_OUTCOME] = 80, [LANE_NEW] = 64, [LANE_ADMINISTRATION] = 16};

/* Commands in the order in which they were answered. */
static const struct command *order[COMMANDS_MAX];
static size_t order_count;

static void note_order(struct command *command)
{
    order[order_count++] = command;
    atomic_store((_Atomic bool *)command->context, true);
}

static struct command *post(struct house *house, enum engine_lane lane)
{
    struct command *command = house_command(house, type_of_lane[lane]);
    command->customer_id = 99;
    command->request.escalate.summary = "";
    if (lane == LANE_ADMINISTRATION) {
        command->request.api_key = (struct api_key_request){.key_id = "none"};
    } else if (lane == LANE_ACKNOWLEDGMENT) {
        command->request.task_done = (struct task_done_request){.operator_name = ""};
    }
    command->complete = note_order;
    assert_int_equal(engine_post(house->engine, command), STATUS_OK);
    return command;
}

static void post_many(struct house *house, enum engine_lane lane, size_t count,
                      struct command **commands_r)
{
    for (size_t i = 0; i < count; i++) {
        commands_r[i] = post(house, lane);
    }
}

static size_t count_answered(struct command *const *commands, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += answered(commands[i]);
    }
    return found;
}

static void assert_answered_in_order(struct command *const *commands, size_t count)
{
    size_t next = 0;
    for (size_t i = 0; i < order_count && next < count; i++) {
        next += order[i] == commands[next];
    }
    assert_int_equal(next, count);
}

static int setup(void **state)
{
    order_count = 0;
    return house_setup(state);
}

/* ---- shares ---- */

#define FLOOD 500

/* One lane is flooded: each of the others has its share done in the very next turn. */
static void test_share__whatever_floods_another_lane(void **state)
{
    struct house *house = *state;
    static struct command *flood[FLOOD], *others[LANES_COUNT][128];
    for (int flooded = 0; flooded < LANES_COUNT; flooded++) {
        post_many(house, (enum engine_lane)flooded, FLOOD, flood);
        for (int lane = 0; lane < LANES_COUNT; lane++) {
            if (lane != flooded) {
                post_many(house, (enum engine_lane)lane, share_of_lane[lane], others[lane]);
            }
        }
        (void)engine_turn(house->engine);
        for (int lane = 0; lane < LANES_COUNT; lane++) {
            if (lane != flooded) {
                assert_int_equal(count_answered(others[lane], share_of_lane[lane]),
                                 share_of_lane[lane]);
            }
        }
        assert_in_range(count_answered(flood, FLOOD), share_of_lane[flooded], FLOOD - 1);
        house_settle(house);
        assert_answered_in_order(flood, FLOOD);
    }
}

/* All are flooded: each gets its share of every turn, and a turn stays bounded. */
static void test_share__all_lanes_flooded(void **state)
{
    struct house *house = *state;
    static struct command *commands[LANES_COUNT][FLOOD];
    for (int lane = 0; lane < LANES_COUNT; lane++) {
        post_many(house, (enum engine_lane)lane, FLOOD, commands[lane]);
    }
    size_t before[LANES_COUNT] = {0};
    for (int turn = 0; turn < 2; turn++) {
        size_t whole = order_count;
        (void)engine_turn(house->engine);
        assert_true(order_count - whole <= (size_t)2 * TURN_COMMANDS_MAX);
        for (int lane = 0; lane < LANES_COUNT; lane++) {
            size_t done = count_answered(commands[lane], FLOOD);
            assert_true(done >= before[lane] + share_of_lane[lane]);
            before[lane] = done;
        }
    }
    house_settle(house);
    for (int lane = 0; lane < LANES_COUNT; lane++) {
        assert_answered_in_order(commands[lane], FLOOD);
    }
}

/* New escalations that earlier turns left do not fill the batch to its end. */
static void test_share__administration_behind_what_was_left(void **state)
{
    struct house *house = *state;
    static struct command *flood[FLOOD], *administration[16];
    post_many(house, LANE_NEW, FLOOD, flood);
    house->look_ms = 1;
    (void)engine_turn(house->engine);
    post_many(house, LANE_ADMINISTRATION, 16, administration);
    house->look_ms = 0;
    (void)engine_turn(house->engine);
    assert_int_equal(count_answered(administration, 16), 16);
}

/* Within a turn: acknowledgments, outcomes, and only then what is new. */
static void test_order__acknowledgments_come_first(void **state)
{
    struct house *house = *state;
    const struct command *new = post(house, LANE_NEW);
    const struct command *outcome = post(house, LANE_OUTCOME);
    const struct command *acknowledgment = post(house, LANE_ACKNOWLEDGMENT);
    (void)engine_turn(house->engine);
    assert_int_equal(order_count, 3);
    assert_ptr_equal(order[0], acknowledgment);
    assert_ptr_equal(order[1], outcome);
    assert_ptr_equal(order[2], new);
}

/* ---- a turn that has worked long enough ---- */

static void test_turn__slow_leaves_new_escalations_in_their_order(void **state)
{
    struct house *house = *state;
    static struct command *commands[100];
    for (int i = 0; i < 100; i++) {
        commands[i] = escalate_command(house, SEVERITY_MAJOR, NULL);
        commands[i]->complete = note_order;
        assert_int_equal(engine_post(house->engine, commands[i]), STATUS_OK);
    }
    house->look_ms = 1; /* after the first few looks the 5 ms are over */
    size_t done = 0;
    for (int turn = 0; done < 100; turn++) {
        assert_true(turn < 10);
        assert_int_equal(engine_turn(house->engine), 0); /* more is waiting */
        size_t now = count_answered(commands, 100);
        /* Never fewer than the patient are sure of, and no more once the time is over. */
        assert_int_equal(now, done + 16 < 100 ? done + 16 : 100);
        assert_int_equal(house->sent_count, now); /* done is committed and on its way */
        done = now;
        if (done == 96) {
            break; /* the rest is less than a turn */
        }
    }
    house->look_ms = 0;
    house_settle(house);
    assert_answered_in_order(commands, 100);
    assert_int_equal(order_count, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(commands[i]->answer.status, STATUS_OK);
    }
}

/* However long it takes, what is urgent is done; and so is the least of the rest. */
static void test_turn__slow_still_does_all_that_is_urgent(void **state)
{
    struct house *house = *state;
    static struct command *urgent[200], *patient[50];
    post_many(house, LANE_ACKNOWLEDGMENT, 100, urgent);
    post_many(house, LANE_OUTCOME, 100, urgent + 100);
    post_many(house, LANE_NEW, 50, patient);
    house->look_ms = 1;
    (void)engine_turn(house->engine);
    assert_int_equal(count_answered(urgent, 200), 200);
    assert_int_equal(count_answered(patient, 50), 16);
}

/* What an earlier turn left comes before what came later, and is not overtaken within its lane. */
static void test_turn__what_was_left_is_not_overtaken(void **state)
{
    struct house *house = *state;
    static struct command *commands[NEW_INSIDE_MIN];
    post_many(house, LANE_NEW, 40, commands);
    house->look_ms = 1;
    (void)engine_turn(house->engine);
    assert_true(count_answered(commands, 40) < 40);
    post_many(house, LANE_NEW, NEW_INSIDE_MIN - 40, commands + 40);
    house->look_ms = 0;
    house_settle(house);
    assert_int_equal(order_count, NEW_INSIDE_MIN);
    assert_answered_in_order(commands, NEW_INSIDE_MIN);
}

/* Deadlines are met in a turn that is over its time before it comes to them. */
static void test_turn__slow_still_meets_deadlines(void **state)
{
    struct house *house = *state;
    static struct command *urgent[200], *patient[200];
    for (int i = 0; i < 20; i++) {
        (void)house_escalate(house, SEVERITY_MAJOR);
    }
    house_accept_all(house, 0);
    post_many(house, LANE_ACKNOWLEDGMENT, 200, urgent);
    house_advance(house, 60000); /* jean's minute is over */
    post_many(house, LANE_NEW, 200, patient);
    house->look_ms = 1;
    size_t sent = house->sent_count;
    (void)engine_turn(house->engine);
    assert_int_equal(house->sent_count - sent, 20); /* paul is asked */
    assert_string_equal(house->sent[sent].person, "paul");
}

/* Left over at a stop: answered all the same, each once. */
static void test_turn__what_was_left_is_answered_at_the_end(void **state)
{
    struct house *house = *state;
    static struct command *commands[100];
    post_many(house, LANE_NEW, 100, commands);
    house->look_ms = 1;
    (void)engine_turn(house->engine);
    engine_stop(house->engine);
    house_close(house);
    assert_int_equal(order_count, 100);
    assert_int_equal(count_answered(commands, 100), 100);
    assert_int_equal(commands[99]->answer.status, STATUS_STOPPING);
}

/* ---- a batch that was abandoned: each command alone ---- */

/* An escalation whose ticket makes the transaction vanish. */
static struct command *post_breaker(struct house *house)
{
    static const char trigger[] =
        "CREATE TEMP TRIGGER IF NOT EXISTS broken BEFORE INSERT ON main.ticket "
        "WHEN NEW.summary = 'breaks' BEGIN SELECT RAISE(ROLLBACK, 'broken'); END";
    assert_int_equal(sqlite3_exec(house->engine->store->db, trigger, NULL, NULL, NULL), SQLITE_OK);
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    command->request.escalate.summary = "breaks";
    command->complete = note_order;
    assert_int_equal(engine_post(house->engine, command), STATUS_OK);
    return command;
}

static uint64_t commits(struct house *house)
{
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    return statistics.commits;
}

/* A commit takes long: the turn ends after a few of each kind, people and deadlines before what is
 * new, and the next one does the rest in one go. */
static void test_alone__slow_ends_the_turn_soon(void **state)
{
    struct house *house = *state;
    static struct command *urgent[100], *patient[100];
    for (int i = 0; i < 20; i++) {
        (void)house_escalate(house, SEVERITY_MAJOR);
    }
    house_accept_all(house, 0);
    house_advance(house, 60000); /* jean's minute is over */
    const struct command *breaker = post_breaker(house);
    post_many(house, LANE_ACKNOWLEDGMENT, 100, urgent);
    post_many(house, LANE_NEW, 100, patient);
    size_t sent = house->sent_count;
    uint64_t before = commits(house);
    house->look_ms = 1;
    assert_int_equal(engine_turn(house->engine), 0); /* more is waiting */
    assert_true(commits(house) - before <= (uint64_t)5 * ALONE_MIN);
    assert_int_equal(count_answered(urgent, 100), ALONE_MIN);
    assert_int_equal(house->sent_count - sent, ALONE_MIN); /* paul is asked */
    assert_int_equal(count_answered(patient, 100), ALONE_MIN - 1);
    assert_int_equal(breaker->answer.status, STATUS_IO);
    assert_ptr_equal(order[0], urgent[0]);
    /* Whoever comes now waits for one commit. */
    const struct command *late = post(house, LANE_ACKNOWLEDGMENT);
    before = commits(house);
    (void)engine_turn(house->engine);
    assert_int_equal(commits(house) - before, 1);
    assert_true(answered(late));
    assert_int_equal(count_answered(urgent, 100), 100);
    assert_int_equal(house->sent_count - sent, 20);
    house->look_ms = 0;
    house_settle(house);
    assert_int_equal(order_count, 202);
    assert_answered_in_order(urgent, 100);
    assert_answered_in_order(patient, 100);
    assert_int_equal(house->sent_count - sent, 20);
}

static void open_and_change(struct house *house, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)house_escalate(house, SEVERITY_MAJOR);
    }
    house_accept_all(house, 0);
    house_settle(house);
    put_device(house, house->jean, "jean-2", PLATFORM_FCM);
    assert_true(changes_pending(house->engine));
}

static void slow_turn_alone(struct house *house)
{
    (void)post_breaker(house);
    house->look_ms = 1;
    (void)engine_turn(house->engine);
    house->look_ms = 0;
}

static void assert_all_are_told(struct house *house, size_t count)
{
    open_and_change(house, count);
    size_t sent = house->sent_count;
    for (size_t told = ALONE_MIN; told < count; told += ALONE_MIN) {
        slow_turn_alone(house);
        assert_int_equal(house->sent_count - sent, told);
    }
    house_settle(house);
    assert_int_equal(house->sent_count - sent, count);
}

/* What changed about people is told on from where the turn ended. */
static void test_alone__slow_tells_all_of_a_change(void **state)
{
    assert_all_are_told(*state, 20);
}

/* More than a turn lists. */
static void test_alone__slow_tells_many_of_a_change(void **state)
{
    assert_all_are_told(*state, 70);
}

/* It changed again meanwhile: those that were passed are told of that, too. */
static void test_alone__slow_tells_all_of_two_changes(void **state)
{
    struct house *house = *state;
    open_and_change(house, 70);
    size_t sent = house->sent_count;
    slow_turn_alone(house);
    assert_int_equal(house->sent_count - sent, ALONE_MIN);
    put_device(house, house->jean, "jean-3", PLATFORM_FCM);
    house_settle(house);
    assert_int_equal(house->sent_count - sent, 2 * 70);
}

/* Deadlines that fail for as long as the disk is broken come first in every turn: those behind them
 * are met all the same. */
static void test_alone__slow_meets_deadlines_behind_those_that_fail(void **state)
{
    struct house *house = *state;
    static const char trigger[] =
        "CREATE TEMP TRIGGER broken BEFORE UPDATE ON main.escalation WHEN OLD.severity = 3 "
        "BEGIN SELECT RAISE(ROLLBACK, 'broken'); END";
    for (int i = 0; i < 20; i++) {
        (void)house_escalate(house, i < 10 ? SEVERITY_CRITICAL : SEVERITY_MAJOR);
    }
    house_accept_all(house, 0);
    assert_int_equal(sqlite3_exec(house->engine->store->db, trigger, NULL, NULL, NULL), SQLITE_OK);
    house_advance(house, 60000);
    size_t sent = house->sent_count;
    house->look_ms = 1;
    (void)engine_turn(house->engine);
    assert_int_equal(house->sent_count - sent, ALONE_MIN);
}

/* Left by such a turn, then the engine is stopped: answered all the same. */
static void test_alone__what_was_left_is_answered_at_the_end(void **state)
{
    struct house *house = *state;
    static struct command *urgent[100];
    (void)post_breaker(house);
    post_many(house, LANE_ACKNOWLEDGMENT, 100, urgent);
    house->look_ms = 1;
    (void)engine_turn(house->engine);
    assert_int_equal(count_answered(urgent, 100), ALONE_MIN);
    engine_stop(house->engine);
    house_close(house);
    assert_int_equal(count_answered(urgent, 100), 100);
    assert_int_equal(order_count, 101);
}

#define LANES_TEST(name) cmocka_unit_test_setup_teardown(name, setup, house_teardown)

/* People who act come before what is new, and administration is behind both. */
static void test_lanes__each_command_has_its_own(void **state)
{
    struct house *house = *state;
    static const enum engine_lane lanes[COMMANDS_COUNT] = {
        [COMMAND_ESCALATE] = LANE_NEW,
        [COMMAND_DESK_VERB] = LANE_ACKNOWLEDGMENT,
        [COMMAND_TASK_DONE] = LANE_ACKNOWLEDGMENT,
        [COMMAND_AGENT_VERB] = LANE_ACKNOWLEDGMENT,
        [COMMAND_USE_ENROLMENT] = LANE_ADMINISTRATION,
        [COMMAND_PUT_DEVICE] = LANE_ADMINISTRATION,
        [COMMAND_DELETE_DEVICE] = LANE_ADMINISTRATION,
        [COMMAND_TEST_DEVICE] = LANE_ADMINISTRATION,
        [COMMAND_CONFIRM_TEST] = LANE_ACKNOWLEDGMENT,
        [COMMAND_HEAR_DEVICE] = LANE_ADMINISTRATION,
        [COMMAND_CHECK_IN] = LANE_ACKNOWLEDGMENT,
        [COMMAND_CHECK_OUT] = LANE_ACKNOWLEDGMENT,
        [COMMAND_PAUSE] = LANE_ACKNOWLEDGMENT,
        [COMMAND_SIGN_IN] = LANE_ADMINISTRATION,
        [COMMAND_SIGN_OUT] = LANE_ADMINISTRATION,
        [COMMAND_CALL_OUTCOME] = LANE_OUTCOME,
        [COMMAND_TRANSPORT_OUTCOME] = LANE_OUTCOME,
        [COMMAND_TRANSPORT_DELAYED] = LANE_OUTCOME,
        [COMMAND_FORWARDED_CALL] = LANE_ADMINISTRATION,
        [COMMAND_TICKET_VERB] = LANE_ADMINISTRATION,
        [COMMAND_PUT_CUSTOMER] = LANE_ADMINISTRATION,
        [COMMAND_PUT_HOLIDAYS] = LANE_ADMINISTRATION,
        [COMMAND_PUT_PERSON] = LANE_ADMINISTRATION,
        [COMMAND_PUT_PROCEDURE] = LANE_ADMINISTRATION,
        [COMMAND_PUT_ROTA] = LANE_ADMINISTRATION,
        [COMMAND_PUT_RULES] = LANE_ADMINISTRATION,
        [COMMAND_PUT_CHECK_IN_PLAN] = LANE_ADMINISTRATION,
        [COMMAND_DELETE_CHECK_IN_PLAN] = LANE_ADMINISTRATION,
        [COMMAND_ADD_ENROLMENT] = LANE_ADMINISTRATION,
        [COMMAND_ADD_SHARED_PHONE] = LANE_ADMINISTRATION,
        [COMMAND_REVOKE_SHARED_PHONE] = LANE_ADMINISTRATION,
        [COMMAND_PUT_PIN] = LANE_ADMINISTRATION,
        [COMMAND_ADD_API_KEY] = LANE_ADMINISTRATION,
        [COMMAND_REVOKE_API_KEY] = LANE_ADMINISTRATION,
        [COMMAND_ADD_FEED] = LANE_ADMINISTRATION,
        [COMMAND_REVOKE_FEED] = LANE_ADMINISTRATION,
        [COMMAND_PUBLISH] = LANE_ADMINISTRATION,
        [COMMAND_SEE_PUBLICATION] = LANE_ADMINISTRATION,
        [COMMAND_FETCH_PUBLICATION] = LANE_ADMINISTRATION,
        [COMMAND_KEEP_COVERAGE] = LANE_ADMINISTRATION,
        [COMMAND_COVERAGE_TOLD] = LANE_ADMINISTRATION,
        [COMMAND_DEADLINE] = LANE_ADMINISTRATION,
        [COMMAND_CONTEXT_CHANGED] = LANE_ADMINISTRATION,
        [COMMAND_QUARANTINE] = LANE_ACKNOWLEDGMENT,
        [COMMAND_ALARM] = LANE_ADMINISTRATION,
        [COMMAND_CLOCK_MOVED] = LANE_ADMINISTRATION,
        [COMMAND_PROBE] = LANE_ADMINISTRATION,
        [COMMAND_SHIFT_DUE] = LANE_ADMINISTRATION,
        [COMMAND_SHIFT_WITHDRAWN] = LANE_ADMINISTRATION,
        [COMMAND_SHIFT_PROBE] = LANE_ADMINISTRATION,
    };
    for (int type = 0; type < COMMANDS_COUNT; type++) {
        struct command *command = house_command(house, (enum command_type)type);
        assert_int_equal(engine_post(house->engine, command), STATUS_OK);
        assert_ptr_equal(queue_pop(house->engine->lanes[lanes[type]]), command);
    }
}

/* Told once a minute; of more kinds than are remembered the one told longest ago is told again. */
static void test_alarms__are_told_once_a_minute(void **state)
{
    struct house *house = *state;
    char about[ALARMS_TOLD_MAX + 1][16];
    house_advance(house, 3600000);
    house_settle(house);
    for (int i = 0; i <= ALARMS_TOLD_MAX; i++) {
        (void)snprintf(about[i], sizeof about[i], "%d", i);
    }
    size_t told = house->alarms;
    for (int i = 0; i < ALARMS_TOLD_MAX; i++) {
        engine_alarm_about(house->engine, "kind", about[i], "detail");
        house_advance(house, 1);
    }
    assert_int_equal(house->alarms, told + ALARMS_TOLD_MAX);
    for (int i = 0; i < ALARMS_TOLD_MAX; i++) {
        engine_alarm_about(house->engine, "kind", about[i], "detail");
    }
    assert_int_equal(house->alarms, told + ALARMS_TOLD_MAX);
    engine_alarm_about(house->engine, "kind", about[ALARMS_TOLD_MAX], "detail");
    assert_int_equal(house->alarms, told + ALARMS_TOLD_MAX + 1);
    for (int i = ALARMS_TOLD_MAX; i > 0; i--) { /* it took the place of the first */
        engine_alarm_about(house->engine, "kind", about[i], "detail");
    }
    assert_int_equal(house->alarms, told + ALARMS_TOLD_MAX + 1);
    engine_alarm_about(house->engine, "kind", about[0], "detail");
    assert_int_equal(house->alarms, told + ALARMS_TOLD_MAX + 2);
    house_advance(house, 59999);
    engine_alarm_about(house->engine, "kind", about[0], "detail");
    assert_int_equal(house->alarms, told + ALARMS_TOLD_MAX + 2);
    house_advance(house, 1);
    engine_alarm_about(house->engine, "kind", about[0], "detail");
    assert_int_equal(house->alarms, told + ALARMS_TOLD_MAX + 3);
    house_settle(house);
}

/* A millisecond for each command, and so many for the commit. */
static int64_t commit_ms;

static int note_statement(unsigned type, void *context, void *statement, void *text)
{
    (void)type;
    (void)statement;
    if (strcmp(text, "SAVEPOINT command") == 0) {
        ((struct house *)context)->boot.ms++;
    } else if (strcmp(text, "COMMIT") == 0) {
        ((struct house *)context)->boot.ms += commit_ms;
    }
    return 0;
}

static void test_turn__works_as_long_as_a_commit_takes(void **state)
{
    enum { FIRST = 16 /* whatever the time */, MIDDLE = 20 };
    struct house *house = *state;
    struct command *commands[FIRST + MIDDLE + TURN_WORK_MS_MAX + FIRST + 1];
    const size_t count = sizeof commands / sizeof commands[0];
    (void)sqlite3_trace_v2(house->engine->store->db, SQLITE_TRACE_STMT, note_statement, house);
    post_many(house, LANE_NEW, count, commands);
    size_t done = 0;
    static const struct {
        int64_t commit_ms; /* of this turn: the next one works for as long */
        size_t commands;
    } turns[] = {{MIDDLE, FIRST}, {1000, MIDDLE}, {1, TURN_WORK_MS_MAX}, {1, FIRST}};
    house->engine->commit_took_ms = 1;
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        commit_ms = turns[i].commit_ms;
        done += turns[i].commands;
        assert_int_equal(engine_turn(house->engine), 0);
        assert_int_equal(count_answered(commands, count), done);
    }
    (void)sqlite3_trace_v2(house->engine->store->db, 0, NULL, NULL);
    house_settle(house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_lanes__each_command_has_its_own),
        HOUSE_TEST(test_alarms__are_told_once_a_minute),
        LANES_TEST(test_share__whatever_floods_another_lane),
        LANES_TEST(test_share__all_lanes_flooded),
        LANES_TEST(test_share__administration_behind_what_was_left),
        LANES_TEST(test_order__acknowledgments_come_first),
        LANES_TEST(test_turn__slow_leaves_new_escalations_in_their_order),
        LANES_TEST(test_turn__slow_still_does_all_that_is_urgent),
        LANES_TEST(test_turn__what_was_left_is_not_overtaken),
        LANES_TEST(test_turn__slow_still_meets_deadlines),
        LANES_TEST(test_turn__works_as_long_as_a_commit_takes),
        LANES_TEST(test_turn__what_was_left_is_answered_at_the_end),
        LANES_TEST(test_alone__slow_ends_the_turn_soon),
        LANES_TEST(test_alone__slow_tells_all_of_a_change),
        LANES_TEST(test_alone__slow_tells_many_of_a_change),
        LANES_TEST(test_alone__slow_tells_all_of_two_changes),
        LANES_TEST(test_alone__slow_meets_deadlines_behind_those_that_fail),
        LANES_TEST(test_alone__what_was_left_is_answered_at_the_end),
    };
    return cmocka_run_group_tests_name("engine.lanes", tests, NULL, NULL);
}
