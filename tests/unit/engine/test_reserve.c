/* test_reserve.c - a disk with an end: new escalations are refused, the open ones go on. */
#include <stdio.h>
#include <sqlite3.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/scenario/disk.h"
#include "tests/unit/engine/fixture.h"

#define RESERVE_BYTES (INT64_C(1) << 20)
#define PIECE_BYTES   (RESERVE_BYTES / 16)
#define OPEN_ONES     20
#define CALLS_MAX     4000

/* ---- a house on a disk in memory ---- */

static int setup_with(void **state, int64_t reserve_bytes)
{
    disk_format(1);
    if (house_setup(state) != 0) {
        return -1;
    }
    struct house *house = *state;
    house->reserve_bytes = reserve_bytes;
    house_close(house);
    house_open(house);
    house_settle(house);
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, RESERVE_BYTES);
}

static int teardown(void **state)
{
    int result = house_teardown(state);
    disk_erase();
    return result;
}

#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int64_t held_bytes(struct house *house)
{
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    return statistics.reserve_held_bytes;
}

static bool is_ready(struct house *house)
{
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    assert_int_equal(statistics.ready, !statistics.disk_full);
    assert_int_equal(statistics.ready, statistics.not_ready_why == NULL);
    return statistics.ready;
}

static enum status run_command(struct house *house, struct command *command)
{
    house_run(house, command);
    return command->answer.status;
}

static enum status escalate(struct house *house, const char *key)
{
    return run_command(house, escalate_command(house, SEVERITY_MAJOR, key));
}

static enum status accept(struct house *house, struct uuid id, int64_t agent)
{
    return run_command(house, agent_command(house, id, VERB_ACCEPT, agent, NULL));
}

/* Nothing but what is there now. */
static void fill_disk(void)
{
    disk_set_capacity(disk_used());
}

static void fill_disk_until_refused(struct house *house)
{
    fill_disk();
    assert_int_equal(escalate(house, NULL), STATUS_DISK_FULL);
    assert_false(is_ready(house));
}

/* Time passes as it does for the thread: turn by turn, in long whiles a second each. */
static void pass(struct house *house, int64_t ms)
{
    int64_t step_ms = ms >= 60000 ? 1000 : 100;
    for (int64_t passed_ms = 0; passed_ms < ms; passed_ms += step_ms) {
        house_advance(house, step_ms);
        house_settle(house);
    }
}

static void pass_until_ready(struct house *house)
{
    for (int i = 0; i < 20 && !is_ready(house); i++) {
        house_advance(house, 250);
        house_settle(house);
    }
    assert_true(is_ready(house));
}

static void assert_state(struct house *house, struct uuid id, enum escalation_state state)
{
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_int_equal(escalation.state, state);
}

/* ---- the open ones go on ---- */

static void open_many(struct house *house, struct uuid ids_r[OPEN_ONES])
{
    for (size_t i = 0; i < OPEN_ONES; i++) {
        ids_r[i] = house_escalate(house, SEVERITY_MAJOR);
    }
    house_settle(house);
}

static void test_reserve__carries_the_open_ones_to_their_end(void **state)
{
    struct house *house = *state;
    struct uuid ids[OPEN_ONES];
    open_many(house, ids);
    fill_disk_until_refused(house);
    assert_true(held_bytes(house) >= RESERVE_BYTES - PIECE_BYTES); /* refused early enough */
    house_accept_all(house, 0);
    for (size_t i = 0; i < OPEN_ONES / 2; i++) {
        assert_int_equal(accept(house, ids[i], house->jean), STATUS_OK);
        assert_state(house, ids[i], ESCALATION_ACCEPTED);
    }
    size_t before = house->sent_count;
    pass(house, 61000); /* the others go to paul, who declines */
    assert_true(house->sent_count >= before + OPEN_ONES / 2);
    house_accept_all(house, before);
    for (size_t i = OPEN_ONES / 2; i < OPEN_ONES; i++) {
        struct command *decline = agent_command(house, ids[i], VERB_DECLINE, house->paul, NULL);
        assert_int_equal(run_command(house, decline), STATUS_OK);
    }
    before = house->sent_count;
    pass(house, 1000); /* and the call centre is told */
    for (size_t i = OPEN_ONES / 2; i < OPEN_ONES; i++) {
        assert_state(house, ids[i], ESCALATION_EXHAUSTED);
    }
    house_accept_all(house, before);
    pass(house, 3600000);
    for (size_t i = OPEN_ONES / 2; i < OPEN_ONES; i++) {
        assert_int_equal(accept(house, ids[i], house->jean), STATUS_OK);
    }
    assert_int_equal(escalate(house, NULL), STATUS_DISK_FULL);
    assert_true(held_bytes(house) > 0);
}

/* A stranger who writes as fast as we give gets a piece at a time. */
static void test_reserve__is_given_in_pieces(void **state)
{
    struct house *house = *state;
    struct uuid ids[OPEN_ONES];
    open_many(house, ids);
    fill_disk_until_refused(house);
    house_accept_all(house, 0);
    for (size_t i = 0; i < 8; i++) {
        fill_disk(); /* the stranger took what was given */
        int64_t before = held_bytes(house);
        assert_int_equal(accept(house, ids[i], house->jean), STATUS_OK);
        assert_true(held_bytes(house) >= before - 3 * PIECE_BYTES);
    }
    assert_true(held_bytes(house) > 0);
}

static void test_reserve__a_batch_is_answered_each_for_itself(void **state)
{
    struct house *house = *state;
    struct uuid ids[OPEN_ONES];
    struct command *accepts[OPEN_ONES], *fresh[OPEN_ONES];
    open_many(house, ids);
    house_accept_all(house, 0);
    fill_disk();
    for (size_t i = 0; i < OPEN_ONES; i++) {
        fresh[i] = escalate_command(house, SEVERITY_MAJOR, NULL);
        accepts[i] = agent_command(house, ids[i], VERB_ACCEPT, house->jean, NULL);
        assert_int_equal(engine_post(house->engine, fresh[i]), STATUS_OK);
        assert_int_equal(engine_post(house->engine, accepts[i]), STATUS_OK);
    }
    house_settle(house);
    for (size_t i = 0; i < OPEN_ONES; i++) {
        assert_int_equal(fresh[i]->answer.status, STATUS_DISK_FULL);
        assert_int_equal(accepts[i]->answer.status, STATUS_OK);
        assert_state(house, ids[i], ESCALATION_ACCEPTED);
    }
}

/* No write finds room before something was given. */
static int refuse_until_given(void *context, enum disk_call call)
{
    bool given = held_bytes(context) < RESERVE_BYTES;
    return call == DISK_WRITE && !given ? SQLITE_FULL : SQLITE_OK;
}

/* Nobody asks for anything: what was planned goes out all the same. */
static void test_reserve__the_outbox_finds_room(void **state)
{
    struct house *house = *state;
    house->send_status = STATUS_FULL;
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_settle(house);
    house->send_status = STATUS_OK;
    disk_on_call(refuse_until_given, house);
    pass(house, 900);
    disk_on_call(NULL, NULL);
    assert_int_equal(house->sent_count, 1);
}

/* What was taken before is answered from the record, as whoever asks again may not know it. */
static void test_reserve__a_repeat_is_answered(void **state)
{
    struct house *house = *state;
    struct command *first = escalate_command(house, SEVERITY_MAJOR, "key-1");
    assert_int_equal(run_command(house, first), STATUS_OK);
    fill_disk_until_refused(house);
    struct command *again = escalate_command(house, SEVERITY_MAJOR, "key-1");
    assert_int_equal(run_command(house, again), STATUS_OK);
    assert_string_equal(again->answer.body, first->answer.body);
    assert_int_equal(escalate(house, "key-2"), STATUS_DISK_FULL);
}

/* ---- administration ---- */

static enum status put_contact(struct house *house, const char *slug)
{
    struct command *command = house_command(house, COMMAND_PUT_PERSON);
    command->request.person = (struct person_request){.kind = PERSON_CONTACT,
                                                      .slug = slug,
                                                      .name = slug,
                                                      .phone = "+33600000009",
                                                      .language = "fr",
                                                      .active = true};
    return run_command(house, command);
}

/* It may use the first half, however much a stranger takes meanwhile. */
static void test_administration__stops_at_half(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    fill_disk_until_refused(house);
    assert_int_equal(put_contact(house, "night-chief"), STATUS_OK);
    enum status status = STATUS_OK;
    for (int i = 0; i < 500 && status == STATUS_OK; i++) {
        char slug[32];
        (void)snprintf(slug, sizeof slug, "chief-%d", i);
        fill_disk();
        status = put_contact(house, slug);
    }
    assert_int_equal(status, STATUS_DISK_FULL);
    assert_true(held_bytes(house) >= RESERVE_BYTES / 2 - 2 * PIECE_BYTES);
    assert_int_equal(accept(house, id, house->jean), STATUS_OK);
}

/* No write succeeds, wherever: as on a disk that copies what it overwrites. */
static int refuse_writes(void *context, enum disk_call call)
{
    (void)context;
    return call == DISK_WRITE ? SQLITE_FULL : SQLITE_OK;
}

/* Where nothing helps, it leaves the reserve to others. */
static void test_administration__is_refused_rather_than_given_more(void **state)
{
    struct house *house = *state;
    disk_on_call(refuse_writes, NULL);
    assert_int_equal(put_contact(house, "night-chief"), STATUS_DISK_FULL);
    disk_on_call(NULL, NULL);
    assert_true(held_bytes(house) >= RESERVE_BYTES - PIECE_BYTES);
    assert_string_equal(house->alarm, "engine.disk_full"); /* not: used up */
    assert_int_equal(put_contact(house, "night-chief"), STATUS_OK);
}

/* ---- there is room again ---- */

static void test_room__is_noticed_and_the_reserve_is_whole_first(void **state)
{
    struct house *house = *state;
    struct uuid ids[OPEN_ONES];
    open_many(house, ids);
    fill_disk_until_refused(house);
    house_accept_all(house, 0);
    for (size_t i = 0; i < OPEN_ONES; i++) {
        fill_disk();
        assert_int_equal(accept(house, ids[i], house->jean), STATUS_OK);
    }
    int64_t before = held_bytes(house);
    size_t alarms = house->alarms;
    assert_true(before < RESERVE_BYTES);
    disk_set_capacity(0);
    pass(house, 500); /* it looks every second */
    assert_int_equal(escalate(house, NULL), STATUS_DISK_FULL);
    assert_int_equal(held_bytes(house), before);
    pass(house, 4000);
    assert_int_equal(held_bytes(house), RESERVE_BYTES);
    assert_true(is_ready(house));
    assert_string_equal(house->alarm, "engine.disk_has_room");
    assert_int_equal(house->alarms, alarms + 1); /* and nothing else was amiss */
    assert_int_equal(escalate(house, NULL), STATUS_OK);
}

/* A little room is for the open ones alone. */
static void test_room__too_little_changes_nothing(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    fill_disk_until_refused(house);
    disk_set_capacity(disk_used() + 2 * PIECE_BYTES - 1 - (uint64_t)(PIECE_BYTES / 2));
    pass(house, 5000);
    assert_false(is_ready(house));
    assert_int_equal(escalate(house, NULL), STATUS_DISK_FULL);
    disk_set_capacity(disk_used() + 3 * PIECE_BYTES);
    pass(house, 5000);
    assert_true(is_ready(house));
}

/* Whoever finds no room again and again does not keep the engine from looking. */
static void test_room__is_looked_for_while_others_find_none(void **state)
{
    struct house *house = *state;
    while (reserve_draw(house->engine)) {
    }
    for (int i = 0; i < 20; i++) {
        reserve_disk_is_full(house->engine);
        pass(house, 100);
    }
    assert_true(held_bytes(house) > 0);
}

/* The ballast cannot be taken back for another reason: nobody is refused for that. */
static int refuse_to_cut(void *context, enum disk_call call)
{
    (void)context;
    return call == DISK_TRUNCATE ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

static void test_room__is_not_hidden_by_a_broken_ballast(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    fill_disk_until_refused(house);
    disk_on_call(refuse_to_cut, NULL);
    disk_set_capacity(0);
    pass(house, 1500);
    assert_true(is_ready(house));
    assert_int_equal(escalate(house, NULL), STATUS_OK);
    disk_on_call(NULL, NULL);
}

/* ---- the reserve is used up ---- */

static void test_used_up__is_told_and_everything_is_tried_again(void **state)
{
    struct house *house = *state;
    struct uuid waiting = house_escalate(house, SEVERITY_MAJOR);
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    size_t before = house->sent_count;
    disk_on_call(refuse_writes, NULL);
    assert_int_equal(accept(house, id, house->jean), STATUS_DISK_FULL);
    assert_int_equal(held_bytes(house), 0);
    assert_string_equal(house->alarm, "engine.reserve_used_up");
    house_advance(house, 61000);
    assert_true(engine_turn(house->engine) >= 50); /* it stays due, and is tried without a rush */
    assert_int_equal(house->sent_count, before);
    disk_on_call(NULL, NULL);
    pass(house, 100);
    assert_int_equal(house->sent_count, before + 2); /* both, to paul */
    assert_int_equal(accept(house, id, house->jean), STATUS_OK);
    assert_state(house, waiting, ESCALATION_NOTIFYING);
    pass(house, 4000);
    assert_true(is_ready(house));
    assert_int_equal(held_bytes(house), RESERVE_BYTES);
}

/* ---- starting ---- */

static void test_start__on_a_full_disk_recovers_and_goes_on(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    fill_disk_until_refused(house);
    house_close(house);
    fill_disk();
    house_open(house);
    house_settle(house);
    assert_false(is_ready(house));
    assert_int_equal(accept(house, id, house->jean), STATUS_OK);
    assert_int_equal(escalate(house, NULL), STATUS_DISK_FULL);
    disk_set_capacity(0);
    pass(house, 4000);
    assert_int_equal(escalate(house, NULL), STATUS_OK);
}

static bool cut; /* the ballast became shorter */

static int refuse_until_cut(void *context, enum disk_call call)
{
    (void)context;
    cut = cut || call == DISK_TRUNCATE;
    return call == DISK_WRITE && !cut ? SQLITE_FULL : SQLITE_OK;
}

/* Not even what a start writes finds room, before it is given. */
static void test_start__draws_what_it_needs(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_close(house);
    cut = false;
    disk_on_call(refuse_until_cut, NULL);
    house_open(house);
    disk_on_call(NULL, NULL);
    assert_true(cut);
    house_settle(house);
    assert_int_equal(accept(house, id, house->jean), STATUS_OK);
    pass_until_ready(house);
    assert_int_equal(held_bytes(house), RESERVE_BYTES);
}

/* Nothing was taken from the database by it. */
static void test_start__without_any_room_is_refused(void **state)
{
    struct house *house = *state;
    struct error error;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_close(house);
    struct engine_configuration configuration = house_configuration(house);
    disk_on_call(refuse_writes, NULL);
    assert_int_equal(engine_create(&configuration, &house->engine, &error), STATUS_DISK_FULL);
    assert_null(house->engine);
    disk_on_call(NULL, NULL);
    house_open(house);
    house_settle(house);
    assert_int_equal(accept(house, id, house->jean), STATUS_OK);
}

/* It does not refuse to start, but to promise: the reserve would not be there. */
static void test_start__with_a_reserve_that_does_not_fit(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_close(house);
    house->reserve_bytes = 4 * RESERVE_BYTES;
    disk_set_capacity(disk_used() + RESERVE_BYTES);
    house_open(house);
    house_settle(house);
    assert_string_equal(house->alarm, "engine.disk_full");
    assert_int_equal(escalate(house, NULL), STATUS_DISK_FULL);
    assert_int_equal(accept(house, id, house->jean), STATUS_OK);
    disk_set_capacity(disk_used() + 4 * RESERVE_BYTES);
    pass(house, 4000);
    assert_int_equal(escalate(house, NULL), STATUS_OK);
}

/* What make_anew() begins, on a disk that no path of the machine leads to. */
static void lose_ballast(struct house *house)
{
    sqlite3_vfs *disk = sqlite3_vfs_find(DISK_VFS);
    char path[4096];
    (void)snprintf(path, sizeof path, "%s", ballast_path(house->engine->ballast));
    ballast_let_go(house->engine->ballast);
    assert_int_equal(disk->xDelete(disk, path, 0), SQLITE_OK);
    house->engine->reserve_regrows = true;
}

static void test_regrowth__without_room_is_a_full_disk(void **state)
{
    struct house *house = *state;
    lose_ballast(house);
    disk_set_capacity(disk_used() + 4 * PIECE_BYTES);
    pass(house, 1500);
    assert_string_equal(house->alarm, "engine.disk_full");
    assert_false(is_ready(house));
    assert_true(held_bytes(house) > 0 && held_bytes(house) < RESERVE_BYTES);
    disk_set_capacity(0);
    pass_until_ready(house);
    assert_int_equal(held_bytes(house), RESERVE_BYTES);
    assert_false(house->engine->reserve_regrows);
}

static int refuse_to_open(void *context, enum disk_call call)
{
    (void)context;
    return call == DISK_OPEN ? SQLITE_CANTOPEN : SQLITE_OK;
}

static void test_regrowth__that_fails_says_so_once(void **state)
{
    struct house *house = *state;
    lose_ballast(house);
    disk_on_call(refuse_to_open, NULL);
    pass(house, 1500);
    assert_string_equal(house->alarm, "engine.no_reserve");
    assert_true(is_ready(house));
    size_t alarms = house->alarms;
    pass(house, 5000);
    disk_on_call(NULL, NULL);
    assert_int_equal(house->alarms, alarms);
    assert_int_equal(escalate(house, NULL), STATUS_OK);
}

static void test_start__without_a_reserve_says_so(void **state)
{
    struct house *house = *state;
    house_close(house);
    house->reserve_bytes = 2 * RESERVE_BYTES;
    disk_on_call(refuse_to_cut, NULL);
    house_open(house);
    assert_string_equal(house->alarm, "engine.no_reserve");
    house_settle(house);
    assert_int_equal(escalate(house, NULL), STATUS_OK);
    disk_on_call(NULL, NULL);
}

/* ---- crashes ---- */

static size_t calls_left;
static uint64_t tears = 3;
static enum disk_loss loss;

static int keep_at_call(void *context, enum disk_call call)
{
    (void)context;
    if (call != DISK_READ && calls_left > 0 && --calls_left == 0) {
        disk_keep(loss, &tears);
    }
    return SQLITE_OK;
}

/* A full disk, an acceptance that draws, room again, and the reserve whole. */
static void live_through_it(struct house *house, struct uuid id)
{
    fill_disk_until_refused(house);
    fill_disk();
    assert_int_equal(accept(house, id, house->jean), STATUS_OK);
    disk_set_capacity(0);
    pass_until_ready(house);
    assert_int_equal(escalate(house, NULL), STATUS_OK);
}

/* What is on the disk after a crash on it, full again: the open ones are there and go on. */
static void check_after_crash(struct house *house, struct uuid other)
{
    disk_restore();
    fill_disk();
    house_open(house);
    house_settle(house);
    assert_int_equal(accept(house, other, house->jean), STATUS_OK);
    disk_set_capacity(0);
    pass_until_ready(house);
    assert_int_equal(held_bytes(house), house->reserve_bytes);
    assert_int_equal(escalate(house, NULL), STATUS_OK);
}

static void crash_at_every_second_call(void **state, size_t first_call)
{
    size_t nth = first_call;
    for (bool fell = true; fell; nth += 2) {
        struct house *house;
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup_with(state, 4 * PIECE_BYTES), 0);
        house = *state;
        struct uuid first = house_escalate(house, SEVERITY_MAJOR);
        struct uuid other = house_escalate(house, SEVERITY_MAJOR);
        house_accept_all(house, 0);
        calls_left = nth;
        disk_on_call(keep_at_call, NULL);
        live_through_it(house, first);
        fell = calls_left == 0;
        calls_left = 0;
        disk_on_call(NULL, NULL);
        if (fell) {
            house_close(house);
            house_forget_commits(house); /* what it did behind the crash never happened */
            check_after_crash(house, other);
        }
    }
    assert_true(nth > 50 && nth < CALLS_MAX);
}

static void test_crash__of_the_process_at_any_call(void **state)
{
    loss = DISK_KEEPS_ALL;
    crash_at_every_second_call(state, 1);
}

static void test_crash__of_the_machine_at_any_call(void **state)
{
    loss = DISK_TEARS;
    crash_at_every_second_call(state, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(test_reserve__carries_the_open_ones_to_their_end),
        DISK_TEST(test_reserve__is_given_in_pieces),
        DISK_TEST(test_reserve__a_batch_is_answered_each_for_itself),
        DISK_TEST(test_reserve__the_outbox_finds_room),
        DISK_TEST(test_reserve__a_repeat_is_answered),
        DISK_TEST(test_administration__stops_at_half),
        DISK_TEST(test_administration__is_refused_rather_than_given_more),
        DISK_TEST(test_room__is_noticed_and_the_reserve_is_whole_first),
        DISK_TEST(test_room__too_little_changes_nothing),
        DISK_TEST(test_room__is_looked_for_while_others_find_none),
        DISK_TEST(test_room__is_not_hidden_by_a_broken_ballast),
        DISK_TEST(test_used_up__is_told_and_everything_is_tried_again),
        DISK_TEST(test_start__on_a_full_disk_recovers_and_goes_on),
        DISK_TEST(test_start__draws_what_it_needs),
        DISK_TEST(test_start__without_any_room_is_refused),
        DISK_TEST(test_start__with_a_reserve_that_does_not_fit),
        DISK_TEST(test_regrowth__without_room_is_a_full_disk),
        DISK_TEST(test_regrowth__that_fails_says_so_once),
        DISK_TEST(test_start__without_a_reserve_says_so),
        DISK_TEST(test_crash__of_the_process_at_any_call),
        DISK_TEST(test_crash__of_the_machine_at_any_call),
    };
    return cmocka_run_group_tests_name("engine.reserve", tests, NULL, NULL);
}
