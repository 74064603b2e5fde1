/* test_clock_watch.c - the wall is stepped, the machine sleeps: told once to the desk and to every
 * escalation that was open then. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)

/* How many alarms of a kind were raised since the last look. */
static size_t alarms_since(struct house *house, size_t before, const char *kind)
{
    if (house->alarms > before) {
        assert_string_equal(house->alarm, kind);
    }
    return house->alarms - before;
}

static void settle(struct house *house)
{
    house_advance(house, 10);
    house_settle(house);
}

static void test_step__is_an_alarm_and_an_entry(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    struct escalation before, after;
    house_accept_all(house, 0);
    house_read(house, id, &before);
    size_t alarms = house->alarms;
    house->wall.ms += DAY_MS;
    settle(house);
    assert_int_equal(alarms_since(house, alarms, "clock.stepped"), 1);
    assert_string_equal(house->alarm_detail, "the wall clock was stepped by +86400000 ms");
    assert_int_equal(house_entries(house, id, ENTRY_CLOCK_STEPPED), 1);
    house_read(house, id, &after);
    assert_int_equal(after.due_at.ms, before.due_at.ms);
    settle(house);
    settle(house);
    assert_int_equal(alarms_since(house, alarms, "clock.stepped"), 1);
    assert_int_equal(house_entries(house, id, ENTRY_CLOCK_STEPPED), 1);
    house->wall.ms -= DAY_MS;
    settle(house);
    assert_int_equal(alarms_since(house, alarms, "clock.stepped"), 2);
    assert_string_equal(house->alarm_detail, "the wall clock was stepped by -86400000 ms");
    assert_int_equal(house_entries(house, id, ENTRY_CLOCK_STEPPED), 2);
    house_read(house, id, &after);
    assert_int_equal(after.due_at.ms, before.due_at.ms);
}

static void test_step__below_a_second_is_none(void **state)
{
    struct house *house = *state;
    size_t alarms = house->alarms;
    house->wall.ms += 999;
    settle(house);
    house->wall.ms -= 1998;
    settle(house);
    assert_int_equal(house->alarms, alarms);
    house->wall.ms -= 1;
    settle(house);
    assert_int_equal(alarms_since(house, alarms, "clock.stepped"), 1);
}

static void test_suspend__below_a_second_is_none(void **state)
{
    struct house *house = *state;
    size_t alarms = house->alarms;
    house->suspended_ms += 999;
    settle(house);
    assert_int_equal(house->alarms, alarms);
    house->suspended_ms += 1;
    settle(house);
    assert_int_equal(alarms_since(house, alarms, "clock.suspended"), 1);
    assert_string_equal(house->alarm_detail, "the machine was suspended for 1000 ms");
}

/* Whoever was opened in the very millisecond of the step was open. */
static void test_step__in_the_millisecond_of_an_opening(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house->wall.ms += HOUR_MS;
    house_settle(house);
    assert_int_equal(house_entries(house, id, ENTRY_CLOCK_STEPPED), 1);
}

/* The clocks are read again when a pause came in between, and left alone when all reads have one.
 */
static void test_step__is_not_read_across_a_pause(void **state)
{
    struct house *house = *state;
    size_t alarms = house->alarms;
    house->wall.ms += HOUR_MS;
    house->look_ms = 21;
    clock_watch_look(house->engine);
    assert_int_equal(house->alarms, alarms);
    house->look_ms = 20; /* that long passes until the second look */
    clock_watch_look(house->engine);
    assert_int_equal(alarms_since(house, alarms, "clock.stepped"), 1);
    house->look_ms = 0;
}

static void test_step__in_the_millisecond_of_a_restart(void **state)
{
    struct house *house = *state;
    int64_t before_ms = engine_now(house->engine).ms;
    house_close(house);
    house->wall.ms += HOUR_MS;
    house_open(house);
    assert_int_equal(engine_now(house->engine).ms, before_ms);
}

static void assert_follows(struct house *house, int64_t after_ms, int64_t ahead_ms)
{
    int64_t before_ms = house->engine->clock_watch.ahead_ms;
    house_advance(house, after_ms);
    clock_watch_look(house->engine);
    assert_int_equal(house->engine->clock_watch.ahead_ms - before_ms, ahead_ms);
}

/* A millisecond in two seconds, five at most at once, and never further than the wall went. */
static void test_slewing__is_followed_slowly(void **state)
{
    struct house *house = *state;
    house->wall.ms += 900;
    assert_follows(house, 1999, 0);
    assert_follows(house, 1, 1);
    assert_follows(house, 4000, 2);
    assert_follows(house, 9999, 4);
    assert_follows(house, HOUR_MS, 5);
    house->wall.ms -= 891;
    assert_follows(house, 2000, -1);
    assert_follows(house, HOUR_MS, -2); /* it has caught up */
    assert_follows(house, HOUR_MS, 0);
}

static void test_step__in_pieces_adds_up(void **state)
{
    struct house *house = *state;
    size_t alarms = house->alarms;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(house->alarms, alarms);
        house->wall.ms += 205;
        house_advance(house, 10000);
        house_settle(house);
    }
    assert_int_equal(alarms_since(house, alarms, "clock.stepped"), 1);
}

/* As fast as NTP slews: half a millisecond a second, for two hours. */
static void test_slewing__is_followed(void **state)
{
    struct house *house = *state;
    size_t alarms = house->alarms;
    int64_t began_ms = house->wall.ms;
    for (int64_t s = 0; s < 2 * 3600; s++) {
        house_advance(house, 1000);
        house->wall.ms += s % 2;
        (void)engine_turn(house->engine);
    }
    assert_int_equal(house->wall.ms - began_ms, 2 * HOUR_MS + 3600);
    assert_int_equal(house->alarms, alarms);
}

static void reopen(struct house *house)
{
    house_close(house);
    house_open(house);
    settle(house);
}

static void test_step__while_the_process_is_away(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    settle(house);
    size_t alarms = house->alarms;
    house_close(house);
    house_advance(house, 2000);
    house->wall.ms -= HOUR_MS;
    house_open(house);
    settle(house);
    assert_int_equal(alarms_since(house, alarms, "clock.stepped"), 1);
    assert_int_equal(house_entries(house, id, ENTRY_CLOCK_STEPPED), 1);
    reopen(house);
    assert_int_equal(house->alarms, alarms + 1);
    assert_int_equal(house_entries(house, id, ENTRY_CLOCK_STEPPED), 1);
}

static void test_reboot__with_the_wall_in_the_past(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    settle(house);
    size_t alarms = house->alarms;
    house->boot_id[5] = '2';
    house->boot.ms = 1000;
    house->wall.ms = 1000;
    reopen(house);
    assert_int_equal(alarms_since(house, alarms, "clock.stepped"), 1);
    assert_int_equal(house_entries(house, id, ENTRY_CLOCK_STEPPED), 1);
    house->wall.ms = INT64_C(1795000100000); /* NTP has found it */
    settle(house);
    assert_int_equal(alarms_since(house, alarms, "clock.stepped"), 2);
    assert_int_equal(house_entries(house, id, ENTRY_CLOCK_STEPPED), 2);
}

static void test_reboot__is_no_step(void **state)
{
    struct house *house = *state;
    size_t alarms = house->alarms;
    house->boot_id[5] = '2';
    house->boot.ms = 1000;
    house->wall.ms += HOUR_MS;
    reopen(house);
    assert_int_equal(house->alarms, alarms);
}

/* A step that stays makes engine time and the wall differ; a reboot must not undo that. */
static void test_reboot__after_a_step_counts_its_own_time_only(void **state)
{
    struct house *house = *state;
    static const int64_t steps[] = {DAY_MS, -2 * DAY_MS};
    for (size_t i = 0; i < 2; i++) {
        house->wall.ms += steps[i];
        settle(house);
        int64_t before_ms = engine_now(house->engine).ms;
        size_t alarms = house->alarms;
        house->boot_id[5]++;
        house->boot.ms = 1000;
        house->wall.ms += 90000;
        house_close(house);
        house_open(house);
        assert_int_equal(engine_now(house->engine).ms, before_ms + 90000);
        settle(house);
        assert_int_equal(house->alarms, alarms);
    }
}

#define MANY 130

static size_t told(struct house *house, const struct uuid *ids, size_t count, size_t *twice_r)
{
    size_t once = 0;
    *twice_r = 0;
    for (size_t i = 0; i < count; i++) {
        size_t entries = house_entries(house, ids[i], ENTRY_CLOCK_STEPPED);
        once += entries > 0;
        *twice_r += entries > 1;
    }
    return once;
}

static void open_many(struct house *house, struct uuid *ids, size_t count)
{
    struct command *commands[MANY];
    for (size_t i = 0; i < count; i++) {
        commands[i] = escalate_command(house, SEVERITY_MAJOR, NULL);
        assert_int_equal(engine_post(house->engine, commands[i]), STATUS_OK);
    }
    house_accept_all(house, 0);
    for (size_t i = 0; i < count; i++) {
        ids[i] = answered_id(commands[i]);
    }
    settle(house);
}

static void test_step__is_told_in_portions(void **state)
{
    struct house *house = *state;
    struct uuid ids[MANY];
    size_t twice;
    open_many(house, ids, MANY);
    house->wall.ms += HOUR_MS;
    assert_int_equal(engine_turn(house->engine), 0); /* more is to be done at once */
    assert_int_equal(told(house, ids, MANY, &twice), 64);
    settle(house);
    assert_int_equal(told(house, ids, MANY, &twice), MANY);
    assert_int_equal(twice, 0);
}

static void test_step__is_told_on_after_a_crash(void **state)
{
    struct house *house = *state;
    struct uuid ids[MANY];
    size_t twice;
    open_many(house, ids, MANY);
    house_advance(house, 10000); /* it would be saved, were there no step */
    house->wall.ms += HOUR_MS;
    (void)engine_turn(house->engine);
    reopen(house);
    assert_int_equal(told(house, ids, MANY, &twice), MANY);
    assert_int_equal(twice, 64); /* rather twice than never */
    size_t alarms = house->alarms;
    reopen(house);
    assert_int_equal(house->alarms, alarms);
    assert_int_equal(told(house, ids, MANY, &twice), MANY);
    assert_int_equal(twice, 64);
}

/* A step upon a step, before all were told of the first. */
static void test_step__during_the_telling_of_another(void **state)
{
    struct house *house = *state;
    struct uuid ids[MANY];
    open_many(house, ids, MANY);
    for (int i = 0; i < 3; i++) {
        house->wall.ms += (i + 1) * HOUR_MS;
        (void)engine_turn(house->engine);
    }
    settle(house);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(house_entries(house, ids[i], ENTRY_CLOCK_STEPPED), 3);
    }
}

static void test_step__that_flaps_fills_nothing(void **state)
{
    struct house *house = *state;
    struct uuid ids[MANY];
    size_t twice;
    open_many(house, ids, MANY);
    for (int i = 0; i < 50; i++) {
        house->wall.ms += i % 2 == 0 ? HOUR_MS : -HOUR_MS;
        house_advance(house, 1);
        clock_watch_look(house->engine);
        const struct clock_watch *watch = &house->engine->clock_watch;
        assert_true(watch->moves_count <= CLOCK_MOVES_MAX / 2);
        /* Those who were opened meanwhile are to be told too. */
        assert_int_equal(watch->moves[watch->moves_count - 1].noticed_at.ms,
                         engine_now(house->engine).ms);
    }
    house->suspended_ms += 5000;
    settle(house);
    assert_int_equal(told(house, ids, MANY, &twice), MANY);
    assert_int_equal(house_entries(house, ids[0], ENTRY_CLOCK_SUSPENDED), 1);
}

static void test_step__concerns_what_was_open_then(void **state)
{
    struct house *house = *state;
    struct uuid ids[MANY];
    struct uuid done = house_escalate(house, SEVERITY_MAJOR);
    struct command *cancel = desk_command(house, done, DESK_CANCEL);
    house_run(house, cancel);
    open_many(house, ids, MANY);
    house->wall.ms -= HOUR_MS;
    clock_watch_look(house->engine);
    house_advance(house, 5);
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    house_run(house, command); /* while the others are still being told */
    assert_true(clock_watch_is_telling(house->engine));
    settle(house);
    assert_int_equal(house_entries(house, done, ENTRY_CLOCK_STEPPED), 0);
    assert_int_equal(house_entries(house, ids[MANY - 1], ENTRY_CLOCK_STEPPED), 1);
    assert_int_equal(house_entries(house, answered_id(command), ENTRY_CLOCK_STEPPED), 0);
}

static void run_sql(struct house *house, const char *sql)
{
    assert_int_equal(sqlite3_exec(house->engine->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void test_step__is_told_again_after_a_failure(void **state)
{
    struct house *house = *state;
    struct uuid ids[3];
    size_t twice;
    open_many(house, ids, 3);
    run_sql(house, "CREATE TEMP TRIGGER broken BEFORE INSERT ON main.timeline WHEN NEW.kind = 37 "
                   "BEGIN SELECT RAISE(ROLLBACK, 'broken'); END");
    house->wall.ms += HOUR_MS;
    (void)engine_turn(house->engine);
    (void)engine_turn(house->engine);
    assert_int_equal(told(house, ids, 3, &twice), 0);
    run_sql(house, "DROP TRIGGER temp.broken");
    settle(house);
    assert_int_equal(told(house, ids, 3, &twice), 3);
    assert_int_equal(twice, 0);
}

/* Makes the telling of one escalation fail. */
static void break_one(struct house *house, struct uuid id, const char *how)
{
    char text[UUID_TEXT_BYTES], hex[UUID_TEXT_BYTES], sql[256];
    size_t length = 0;
    uuid_format(id, text);
    for (const char *each = text; *each != '\0'; each++) {
        if (*each != '-') {
            hex[length++] = *each;
        }
    }
    hex[length] = '\0';
    (void)snprintf(sql, sizeof sql,
                   "CREATE TEMP TRIGGER broken BEFORE INSERT ON main.timeline WHEN NEW.kind = 37 "
                   "AND NEW.escalation_id = x'%s' BEGIN SELECT RAISE(%s, 'broken'); END",
                   hex, how);
    run_sql(house, sql);
}

/* Whether only its savepoint goes, or the whole batch: its neighbours are told, and not again. */
static void fail_in_part(struct house *house, const char *how)
{
    struct uuid ids[5];
    size_t twice;
    open_many(house, ids, 5);
    break_one(house, ids[1], how);
    house->wall.ms += HOUR_MS;
    (void)engine_turn(house->engine);
    (void)engine_turn(house->engine);
    assert_int_equal(told(house, ids, 5, &twice), 4);
    assert_int_equal(twice, 0);
    assert_true(clock_watch_is_telling(house->engine));
    run_sql(house, "DROP TRIGGER temp.broken");
    settle(house);
    assert_int_equal(told(house, ids, 5, &twice), 5);
    assert_int_equal(twice, 0);
    assert_false(clock_watch_is_telling(house->engine));
}

static void test_step__that_one_was_not_told_is_told_to_no_other_twice(void **state)
{
    fail_in_part(*state, "ABORT");
}

static void test_step__that_broke_the_batch_is_told_to_no_other_twice(void **state)
{
    fail_in_part(*state, "ROLLBACK");
}

static int refuse_commit(void *context)
{
    (void)context;
    return 1;
}

/* What was told and rolled back was not told. */
static void test_step__that_was_not_committed_is_told_again(void **state)
{
    struct house *house = *state;
    struct uuid ids[3];
    size_t twice;
    open_many(house, ids, 3);
    (void)sqlite3_commit_hook(house->engine->store->db, refuse_commit, NULL);
    house->wall.ms += HOUR_MS;
    (void)engine_turn(house->engine);
    assert_int_equal(told(house, ids, 3, &twice), 0);
    (void)sqlite3_commit_hook(house->engine->store->db, NULL, NULL);
    settle(house);
    assert_int_equal(told(house, ids, 3, &twice), 3);
    assert_int_equal(twice, 0);
}

/* One that fails for good is set aside: the step is told to the end. */
static void test_step__is_told_past_one_that_always_fails(void **state)
{
    struct house *house = *state;
    struct uuid ids[MANY];
    size_t twice;
    open_many(house, ids, MANY);
    break_one(house, ids[3], "ABORT");
    house->wall.ms += HOUR_MS;
    for (int i = 0; i < 8; i++) {
        (void)engine_turn(house->engine);
        house_advance(house, 50);
    }
    assert_int_equal(told(house, ids, MANY, &twice), MANY - 1);
    assert_int_equal(twice, 0);
    assert_false(clock_watch_is_telling(house->engine));
}

static void add_customer(struct house *house, const char *slug)
{
    struct command *command = house_command(house, COMMAND_PUT_CUSTOMER);
    command->request.customer = (struct customer_request){.slug = slug,
                                                          .name = slug,
                                                          .time_zone = "Europe/Paris",
                                                          .language = "fr",
                                                          .alias = "Vert",
                                                          .active = true};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
}

/* A customer that is added meanwhile, and stands before the one that is being told. */
static void test_step__is_told_once_while_a_customer_is_added(void **state)
{
    struct house *house = *state;
    struct uuid ids[MANY];
    size_t twice;
    add_customer(house, "last");
    open_many(house, ids, MANY);
    house->wall.ms += HOUR_MS;
    (void)engine_turn(house->engine);
    assert_int_equal(told(house, ids, MANY, &twice), 64);
    add_customer(house, "aaa");
    settle(house);
    assert_int_equal(told(house, ids, MANY, &twice), MANY);
    assert_int_equal(twice, 0);
}

/* One customer after the other: more of them than can be remembered would begin anew for ever. */
static void test_change__goes_from_customer_to_customer(void **state)
{
    struct house *house = *state;
    struct uuid ids[3], listed;
    struct error error;
    int64_t customer_id = 0;
    size_t count = 0;
    add_customer(house, "last");
    open_many(house, ids, 3);
    changes_add_all(house->engine);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(changes_next(house->engine, 1, &customer_id, &listed, &count, &error),
                         STATUS_OK);
        assert_int_equal(count, 1);
        assert_int_equal(customer_id, house->customer_id);
        assert_int_equal(house->engine->changes.count, 1);
    }
}

/* After a start all are told that people may have changed: each once. */
static void test_change__is_told_once_while_a_customer_is_added(void **state)
{
    struct house *house = *state;
    struct uuid ids[3];
    struct engine_statistics statistics;
    add_customer(house, "abc");
    open_many(house, ids, 3);
    house_close(house);
    house_open(house);
    (void)engine_turn(house->engine);
    add_customer(house, "aaa");
    settle(house);
    engine_statistics(house->engine, &statistics);
    assert_int_equal(statistics.commands[COMMAND_CONTEXT_CHANGED], 3);
}

/* The disk is slow and the batch breaks: a few a turn, and nobody twice. */
static void test_step__is_told_alone_a_few_a_turn(void **state)
{
    struct house *house = *state;
    struct uuid ids[20];
    size_t twice;
    open_many(house, ids, 20);
    break_one(house, ids[19], "ROLLBACK");
    house->wall.ms += HOUR_MS;
    house->look_ms = 1;
    (void)engine_turn(house->engine);
    house->look_ms = 0;
    assert_int_equal(told(house, ids, 20, &twice), ALONE_MIN);
    run_sql(house, "DROP TRIGGER temp.broken");
    settle(house);
    assert_int_equal(told(house, ids, 20, &twice), 20);
    assert_int_equal(twice, 0);
}

static void test_suspend__is_told_and_what_was_due_happens_once(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    size_t alarms = house->alarms;
    house_advance(house, HOUR_MS);
    house->suspended_ms += HOUR_MS;
    house_settle(house);
    assert_int_equal(house->alarms, alarms + 2); /* and that a step was late */
    assert_int_equal(house_entries(house, id, ENTRY_CLOCK_SUSPENDED), 1);
    assert_int_equal(house_entries(house, id, ENTRY_CLOCK_STEPPED), 0);
    assert_int_equal(house_entries(house, id, ENTRY_LATE), 1);
    assert_int_equal(house->sent_count, 2);
    settle(house);
    assert_int_equal(house->sent_count, 2);
    assert_int_equal(house_entries(house, id, ENTRY_CLOCK_SUSPENDED), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_step__is_an_alarm_and_an_entry),
        HOUSE_TEST(test_step__below_a_second_is_none),
        HOUSE_TEST(test_suspend__below_a_second_is_none),
        HOUSE_TEST(test_step__in_the_millisecond_of_an_opening),
        HOUSE_TEST(test_step__is_not_read_across_a_pause),
        HOUSE_TEST(test_step__in_the_millisecond_of_a_restart),
        HOUSE_TEST(test_slewing__is_followed_slowly),
        HOUSE_TEST(test_step__in_pieces_adds_up),
        HOUSE_TEST(test_slewing__is_followed),
        HOUSE_TEST(test_step__while_the_process_is_away),
        HOUSE_TEST(test_reboot__with_the_wall_in_the_past),
        HOUSE_TEST(test_reboot__is_no_step),
        HOUSE_TEST(test_reboot__after_a_step_counts_its_own_time_only),
        HOUSE_TEST(test_step__is_told_in_portions),
        HOUSE_TEST(test_step__is_told_on_after_a_crash),
        HOUSE_TEST(test_step__during_the_telling_of_another),
        HOUSE_TEST(test_step__that_flaps_fills_nothing),
        HOUSE_TEST(test_step__concerns_what_was_open_then),
        HOUSE_TEST(test_step__is_told_again_after_a_failure),
        HOUSE_TEST(test_step__that_one_was_not_told_is_told_to_no_other_twice),
        HOUSE_TEST(test_step__that_broke_the_batch_is_told_to_no_other_twice),
        HOUSE_TEST(test_step__that_was_not_committed_is_told_again),
        HOUSE_TEST(test_step__is_told_past_one_that_always_fails),
        HOUSE_TEST(test_step__is_told_once_while_a_customer_is_added),
        HOUSE_TEST(test_change__goes_from_customer_to_customer),
        HOUSE_TEST(test_change__is_told_once_while_a_customer_is_added),
        HOUSE_TEST(test_step__is_told_alone_a_few_a_turn),
        HOUSE_TEST(test_suspend__is_told_and_what_was_due_happens_once),
    };
    return cmocka_run_group_tests_name("engine.clock_watch", tests, NULL, NULL);
}
