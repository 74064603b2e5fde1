/* test_check_in.c - check-ins, their plans and what became of shifts come back as they were
 * written. */
#include "gateway/store/store_check_in.h"
#include "tests/unit/store/fixture.h"

static void test_check_in__comes_back(void **state)
{
    struct shelf *shelf = *state;
    struct check_in_row rows[] = {
        {.customer_id = shelf->customer_id,
         .agent_id = add_agent(shelf),
         .installation = "i",
         .role = "duty",
         .shift_from_at = {91},
         .shift_to_at = {92},
         .in_at = {93},
         .out_at = WALL_NEVER,
         .permission = "granted",
         .silent_mode = "on",
         .battery_percent = 37,
         .app_version = "1.5",
         .number_confirmed = true,
         .numbers_mark = -4711},
        {.customer_id = shelf->customer_id,
         .installation = "i",
         .shift_from_at = WALL_NEVER,
         .shift_to_at = WALL_NEVER,
         .in_at = {94},
         .out_at = WALL_NEVER,
         .battery_percent = -1},
    };
    rows[1].agent_id = rows[0].agent_id;
    struct check_in_row read;
    assert_int_equal(store_get_check_in(shelf->store, shelf->customer_id, rows[0].agent_id,
                                        shelf->arena, &read, &shelf->error),
                     STATUS_NOT_FOUND);
    for (size_t i = 0; i < 2; i++) {
        assert_ok(shelf,
                  store_check_in(shelf->store, &rows[i], &rows[i].check_in_id, &shelf->error));
        assert_ok(shelf, store_get_check_in(shelf->store, shelf->customer_id, rows[0].agent_id,
                                            shelf->arena, &read, &shelf->error));
        assert_int_equal(read.check_in_id, rows[i].check_in_id);
        assert_int_equal(read.customer_id, rows[i].customer_id);
        assert_int_equal(read.agent_id, rows[i].agent_id);
        assert_text(read.installation, rows[i].installation);
        assert_text(read.role, rows[i].role);
        assert_int_equal(read.shift_from_at.ms, rows[i].shift_from_at.ms);
        assert_int_equal(read.shift_to_at.ms, rows[i].shift_to_at.ms);
        assert_int_equal(read.in_at.ms, rows[i].in_at.ms);
        assert_int_equal(read.out_at.ms, TIME_NEVER_MS);
        assert_text(read.permission, rows[i].permission);
        assert_text(read.silent_mode, rows[i].silent_mode);
        assert_int_equal(read.battery_percent, rows[i].battery_percent);
        assert_text(read.app_version, rows[i].app_version);
        assert_int_equal(read.number_confirmed, rows[i].number_confirmed);
        assert_int_equal(read.numbers_mark, rows[i].numbers_mark);
        assert_ok(shelf,
                  store_check_out(shelf->store, shelf->customer_id, rows[0].agent_id, NULL,
                                  rows[0].numbers_mark, (struct wall_time){95}, &shelf->error));
    }
    assert_int_equal(store_get_check_in(shelf->store, shelf->customer_id, rows[0].agent_id,
                                        shelf->arena, &read, &shelf->error),
                     STATUS_NOT_FOUND);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM check_in WHERE out_at = 95"), 2);
    assert_int_equal(shelf_number(shelf, "SELECT sum(numbers_mark) FROM check_in"), 0);
    assert_ok(shelf, store_check_in(shelf->store, &rows[0], &rows[0].check_in_id, &shelf->error));
    assert_ok(shelf, store_check_out(shelf->store, shelf->customer_id, rows[0].agent_id, NULL, 4712,
                                     (struct wall_time){96}, &shelf->error));
    assert_int_equal(shelf_number(shelf, "SELECT numbers_mark FROM check_in WHERE out_at = 96"),
                     NUMBERS_CHANGED_BY_THEN);
}

/* Of a shift: from its opening to its end, a complete one before a newer one. */
static void test_check_in__of_a_shift(void **state)
{
    struct shelf *shelf = *state;
    struct check_in_row row = {.customer_id = shelf->customer_id,
                               .agent_id = add_agent(shelf),
                               .installation = "i",
                               .role = "duty",
                               .shift_from_at = {91},
                               .shift_to_at = {99},
                               .out_at = WALL_NEVER};
    const struct {
        int64_t since, until;
        int found; /* which; -1: none */
    } looks[] = {{92, 95, 1}, {93, 95, 1}, {94, 95, 2}, {92, 93, 0}, {80, 92, -1}, {95, 99, -1}};
    struct check_in_row read;
    int64_t ids[3];
    for (int i = 0; i < 3; i++) {
        row.in_at.ms = 92 + i;
        row.completed_at = i == 1 ? row.in_at : WALL_NEVER;
        assert_ok(shelf, store_check_in(shelf->store, &row, &ids[i], &shelf->error));
    }
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        enum status status = store_find_check_in_of_shift(
            shelf->store, shelf->customer_id, row.agent_id, (struct wall_time){looks[i].since},
            (struct wall_time){looks[i].until}, shelf->arena, &read, &shelf->error);
        assert_int_equal(status, looks[i].found < 0 ? STATUS_NOT_FOUND : STATUS_OK);
        assert_true(looks[i].found < 0 || read.check_in_id == ids[looks[i].found]);
    }
}

/* Those that stand are of the app, not checked out, of shifts that are not over. */
static void test_check_in__that_stands(void **state)
{
    struct shelf *shelf = *state;
    struct check_in_row row = {.customer_id = shelf->customer_id,
                               .agent_id = add_agent(shelf),
                               .installation = "i",
                               .shift_from_at = {91},
                               .shift_to_at = {99},
                               .in_at = {92},
                               .out_at = WALL_NEVER,
                               .completed_at = WALL_NEVER};
    struct check_in_row *rows;
    size_t count = 9;
    int64_t first, us = shelf->customer_id;
    assert_ok(shelf, store_check_in(shelf->store, &row, &first, &shelf->error));
    row.way = CHECK_IN_BY_CALL;
    assert_ok(shelf, store_check_in(shelf->store, &row, &row.check_in_id, &shelf->error));
    assert_ok(shelf, store_list_standing_check_ins(shelf->store, us, (struct wall_time){98},
                                                   shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].check_in_id, first);
    assert_ok(shelf, store_deny_check_in(shelf->store, us, first, &shelf->error));
    assert_ok(shelf, store_list_standing_check_ins(shelf->store, us, (struct wall_time){98},
                                                   shelf->arena, &rows, &count, &shelf->error));
    assert_text(rows[0].permission, "denied");
    assert_ok(shelf, store_list_standing_check_ins(shelf->store, us, (struct wall_time){99},
                                                   shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 0);
    assert_ok(shelf, store_check_out(shelf->store, us, row.agent_id, NULL, 0,
                                     (struct wall_time){95}, &shelf->error));
    assert_ok(shelf, store_list_standing_check_ins(shelf->store, us, (struct wall_time){98},
                                                   shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 0);
}

static void test_check_in__is_completed_and_leaves_a_note(void **state)
{
    struct shelf *shelf = *state;
    struct check_in_row row = {.customer_id = shelf->customer_id,
                               .agent_id = add_agent(shelf),
                               .installation = "i",
                               .role = "duty",
                               .shift_from_at = {91},
                               .shift_to_at = {92},
                               .in_at = {93},
                               .out_at = WALL_NEVER,
                               .way = CHECK_IN_BY_APP,
                               .test_id = {{7}},
                               .completed_at = WALL_NEVER};
    struct check_in_row read;
    int64_t agent = row.agent_id, us = shelf->customer_id;
    assert_ok(shelf, store_check_in(shelf->store, &row, &row.check_in_id, &shelf->error));
    assert_int_equal(store_find_complete_check_in(shelf->store, us, agent, (struct wall_time){0},
                                                  shelf->arena, &read, &shelf->error),
                     STATUS_NOT_FOUND);
    assert_ok(shelf, store_find_check_in_of_test(shelf->store, row.test_id, shelf->arena, &read,
                                                 &shelf->error));
    assert_int_equal(read.check_in_id, row.check_in_id);
    assert_int_equal(read.completed_at.ms, TIME_NEVER_MS);
    assert_ok(shelf, store_complete_check_in(shelf->store, us, row.check_in_id,
                                             (struct wall_time){94}, &shelf->error));
    assert_int_equal(
        store_find_check_in_of_test(shelf->store, row.test_id, shelf->arena, &read, &shelf->error),
        STATUS_NOT_FOUND);
    assert_ok(shelf, store_find_complete_check_in(shelf->store, us, agent, (struct wall_time){93},
                                                  shelf->arena, &read, &shelf->error));
    assert_int_equal(read.completed_at.ms, 94);
    assert_memory_equal(&read.test_id, &row.test_id, sizeof row.test_id);
    assert_int_equal(store_find_complete_check_in(shelf->store, us, agent, (struct wall_time){94},
                                                  shelf->arena, &read, &shelf->error),
                     STATUS_NOT_FOUND); /* it was begun before */
    assert_ok(shelf, store_check_out(shelf->store, us, agent, "the lift", 0, (struct wall_time){95},
                                     &shelf->error));
    assert_ok(shelf, store_find_note(shelf->store, us, "duty", agent + 1, (struct wall_time){95},
                                     shelf->arena, &read, &shelf->error));
    assert_text(read.note, "the lift");
    assert_int_equal(store_find_note(shelf->store, us, "duty", agent, (struct wall_time){0},
                                     shelf->arena, &read, &shelf->error),
                     STATUS_NOT_FOUND); /* one's own is for others */
    assert_int_equal(store_find_note(shelf->store, us, "duty", agent + 1, (struct wall_time){96},
                                     shelf->arena, &read, &shelf->error),
                     STATUS_NOT_FOUND);
}

static void test_check_in_plan__comes_back(void **state)
{
    struct shelf *shelf = *state;
    struct check_in_plan_row row = {.customer_id = shelf->customer_id,
                                    .rota = "duty",
                                    .opens_before_s = 60,
                                    .remind_before_s = 30,
                                    .closes_after_s = 10,
                                    .procedure = "night",
                                    .severity = SEVERITY_MINOR,
                                    .since_at = {91},
                                    .probe_s = 600};
    struct check_in_plan_row *rows;
    size_t count = 0;
    assert_ok(shelf, store_put_check_in_plan(shelf->store, &row, &shelf->error));
    row.closes_after_s = 20;
    row.probe_s = 1200;
    row.since_at.ms = 99; /* it stays as old as it is */
    assert_ok(shelf, store_put_check_in_plan(shelf->store, &row, &shelf->error));
    assert_ok(shelf, store_list_check_in_plans(shelf->store, shelf->customer_id, shelf->arena,
                                               &rows, &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_text(rows[0].rota, "duty");
    assert_text(rows[0].procedure, "night");
    assert_int_equal(rows[0].opens_before_s, 60);
    assert_int_equal(rows[0].remind_before_s, 30);
    assert_int_equal(rows[0].closes_after_s, 20);
    assert_int_equal(rows[0].severity, SEVERITY_MINOR);
    assert_int_equal(rows[0].since_at.ms, 91);
    assert_int_equal(rows[0].probe_s, 1200);
    assert_ok(shelf,
              store_delete_check_in_plan(shelf->store, shelf->customer_id, "duty", &shelf->error));
    assert_int_equal(
        store_delete_check_in_plan(shelf->store, shelf->customer_id, "duty", &shelf->error),
        STATUS_NOT_FOUND);
}

static void test_check_in_duty__comes_back(void **state)
{
    struct shelf *shelf = *state;
    struct check_in_duty_row row = {.customer_id = shelf->customer_id,
                                    .rota = "duty",
                                    .shift_from_at = {91},
                                    .agent_id = add_agent(shelf),
                                    .shift_to_at = {99},
                                    .state = DUTY_MISSING,
                                    .judged_at = {90},
                                    .escalation_id = {{8}},
                                    .completed_at = WALL_NEVER,
                                    .asked_because = ASKED_LEFT_EARLY,
                                    .probe_due = ENGINE_NEVER,
                                    .probed_at = WALL_NEVER};
    struct check_in_duty_row read, rows[2];
    size_t count = 9;
    int64_t us = shelf->customer_id, agent = row.agent_id;
    assert_ok(shelf, store_put_check_in_duty(shelf->store, &row, &shelf->error));
    assert_ok(shelf, store_list_missing_duties(shelf->store, us, agent, (struct wall_time){98}, 2,
                                               rows, &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_ok(shelf, store_list_missing_duties(shelf->store, us, agent, (struct wall_time){99}, 2,
                                               rows, &count, &shelf->error));
    assert_int_equal(count, 0); /* it is over */
    row.state = DUTY_LAPSED;    /* it is about to be missed again */
    assert_ok(shelf, store_put_check_in_duty(shelf->store, &row, &shelf->error));
    assert_ok(shelf, store_list_missing_duties(shelf->store, us, agent, (struct wall_time){98}, 2,
                                               rows, &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].asked_because, ASKED_LEFT_EARLY);
    assert_ok(shelf, store_list_taken_up_duties(shelf->store, us, agent, (struct wall_time){98}, 2,
                                                rows, &count, &shelf->error));
    assert_int_equal(count, 0);
    row.state = DUTY_REPLACED;
    row.completed_at.ms = 95;
    row.completed_way = CHECK_IN_BY_REPLACEMENT;
    row.replaced_by = agent;
    assert_ok(shelf, store_put_check_in_duty(shelf->store, &row, &shelf->error));
    assert_ok(shelf, store_get_duty_of_escalation(shelf->store, us, row.escalation_id, &read,
                                                  &shelf->error));
    assert_text(read.rota, "duty");
    assert_int_equal(read.agent_id, agent);
    assert_int_equal(read.shift_from_at.ms, 91);
    assert_int_equal(read.shift_to_at.ms, 99);
    assert_int_equal(read.judged_at.ms, 90);
    assert_int_equal(read.state, DUTY_REPLACED);
    assert_int_equal(read.completed_at.ms, 95);
    assert_int_equal(read.completed_way, CHECK_IN_BY_REPLACEMENT);
    assert_int_equal(read.replaced_by, agent);
    assert_ok(shelf, store_list_missing_duties(shelf->store, us, agent, (struct wall_time){0}, 2,
                                               rows, &count, &shelf->error));
    assert_int_equal(count, 0);
    assert_int_equal(store_get_check_in_duty(shelf->store, us, "duty", (struct wall_time){92},
                                             agent, &read, &shelf->error),
                     STATUS_NOT_FOUND);
}

static void test_probes__are_listed_when_due_first(void **state)
{
    struct shelf *shelf = *state;
    struct check_in_duty_row row = {.customer_id = shelf->customer_id,
                                    .rota = "duty",
                                    .agent_id = add_agent(shelf),
                                    .shift_to_at = {99},
                                    .judged_at = {90},
                                    .completed_at = {90},
                                    .probed_at = {92}};
    struct check_in_duty_row rows[3];
    size_t count = 9;
    static const int64_t dues[] = {300, TIME_NEVER_MS, 200};
    for (size_t i = 0; i < 3; i++) {
        row.shift_from_at.ms = 91 + (int64_t)i;
        row.probe_due.ms = dues[i];
        assert_ok(shelf, store_put_check_in_duty(shelf->store, &row, &shelf->error));
    }
    assert_ok(shelf, store_list_probes(shelf->store, 3, rows, &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].probe_due.ms, 200);
    assert_int_equal(rows[1].probe_due.ms, 300);
    assert_int_equal(rows[1].probed_at.ms, 92);
    assert_ok(shelf,
              store_list_taken_up_duties(shelf->store, row.customer_id, row.agent_id,
                                         (struct wall_time){98}, 3, rows, &count, &shelf->error));
    assert_int_equal(count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_check_in__comes_back),
        SHELF_TEST(test_check_in__of_a_shift),
        SHELF_TEST(test_check_in__that_stands),
        SHELF_TEST(test_check_in__is_completed_and_leaves_a_note),
        SHELF_TEST(test_check_in_plan__comes_back),
        SHELF_TEST(test_check_in_duty__comes_back),
        SHELF_TEST(test_probes__are_listed_when_due_first),
    };
    return cmocka_run_group_tests_name("store.check_in", tests, NULL, NULL);
}
