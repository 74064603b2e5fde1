/* test_check_in_nights.c - shifts by the true rotas: clock changes, steps of the clock, lives of
 * the process, rotas that change, and plans. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/daemon/rota_adapter.h"
#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/shifts.h"

#define TURNS "\"jean\",\"paul\""

static struct engine_rotas true_rotas;

static int setup(void **state)
{
    int rc = shifts_setup(state);
    if (rc == 0) {
        struct house *house = *state;
        true_rotas = rota_adapter();
        house->rotas = &true_rotas;
        log_set_level(LOG_NOTHING); /* they cannot read the rota of the others */
        house_close(house);
        house_open(house);
        put_shifts(house, "duty", "09:00", "\"jean\"", "");
        log_set_level(LOG_ERROR);
    }
    return rc;
}

#define NIGHT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, house_teardown)

/* The shift that begins at SHIFT_MS is jean's: 48 days after the layer's start. */
static void begin(struct house *house)
{
    put_shifts(house, "principal", "18:00", TURNS, "");
    put_plan(house, "principal");
    assert_int_equal(on_call_at(house, SHIFT_MS), house->jean);
}

static void restart(struct house *house)
{
    house_close(house);
    house_open(house);
}

static const char *override_of(char text[256], const char *agent, int64_t from_ms, int64_t to_ms)
{
    char from[RFC3339_BYTES_MAX], to[RFC3339_BYTES_MAX];
    wall_time_format((struct wall_time){from_ms}, from);
    wall_time_format((struct wall_time){to_ms}, to);
    (void)snprintf(text, 256, "{\"from\":\"%s\",\"to\":\"%s\",\"agent\":\"%s\"}", from, to, agent);
    return text;
}

/* ---- what people read ---- */

static void test_details__are_on_the_customers_clock(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, DUE_MS);
    assert_int_equal(check_ins_asked(house), 1);
    assert_int_equal(
        house_number(house, "SELECT count(*) FROM ticket WHERE category = 'check-in' AND details = "
                            "'Astreinte principal du mer. 18/11 18:00 au jeu. 19/11 18:00.'"),
        1);
}

/* ---- clock changes ---- */

/* A hand-over in the hour that comes twice, and in the one that is skipped: the reminder is as long
 * before as on any day. */
static void reminds_before(struct house *house, int64_t shift_ms)
{
    house->wall.ms = shift_ms - 2 * HOUR_MS; /* a step: nothing depends on how the night came */
    house_settle(house);
    put_shifts(house, "principal", "02:30", TURNS, "");
    put_plan(house, "principal");
    pass_until(house, shift_ms - 30 * MINUTE_MS - 1);
    assert_int_equal(check_ins_asked(house), 0);
    house_advance(house, 1);
    house_settle(house);
    assert_int_equal(check_ins_asked(house), 1);
    int64_t agent = last_sent(house, PATH_PUSH)->check_in_agent;
    assert_int_equal(duty_state(house, agent, shift_ms), DUTY_MISSING);
    assert_int_equal(on_call_at(house, shift_ms), agent);
    assert_int_not_equal(on_call_at(house, shift_ms - 1), agent);
    pass_until(house, shift_ms + 3 * HOUR_MS);
    assert_int_equal(check_ins_asked(house), 1);
}

static void test_night__that_is_long(void **state)
{
    reminds_before(*state, INT64_C(1792888200000)); /* 2026-10-25T00:30Z: the first 02:30 */
}

static void test_night__that_is_short(void **state)
{
    reminds_before(*state, INT64_C(1806195600000)); /* 2027-03-28T01:00Z: the jump */
}

/* ---- steps of the clock ---- */

static void test_step_back__judges_nothing_twice(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, DUE_MS);
    house->wall.ms -= 2 * HOUR_MS;
    house_settle(house);
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_int_equal(check_ins_asked(house), 1);
}

static void test_step_forward__judges_what_it_jumped_over(void **state)
{
    struct house *house = *state;
    begin(house);
    house->wall.ms = SHIFT_MS + HOUR_MS;
    house_settle(house);
    assert_int_equal(check_ins_asked(house), 1);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
}

/* ---- lives of the process ---- */

/* Whatever turn is the last of a life: once, and somebody hears of it. */
static void test_crash__neither_loses_nor_doubles_it(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, DUE_MS - 1000);
    for (int turns = 0; turns < 6; turns++) {
        for (int i = 0; i < turns; i++) {
            (void)engine_turn(house->engine);
        }
        restart(house);
        house_advance(house, 500);
    }
    house_settle(house);
    assert_int_equal(check_ins_asked(house), 1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM check_in_duty"), 1);
    assert_string_equal(last_sent(house, PATH_PUSH)->person, "jean");
}

static void test_downtime__is_judged_late_and_says_so(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, DUE_MS - MINUTE_MS);
    house_close(house);
    house_advance(house, 10 * HOUR_MS);
    house_open(house);
    house_settle(house);
    assert_int_equal(check_ins_asked(house), 1);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
    assert_int_equal(
        house_number(house, "SELECT count(*) FROM ticket WHERE details LIKE '%en retard%'"), 1);
}

/* A long one, too: the rota is compiled from a day before, and the shift began before that. */
static void test_downtime__finds_a_shift_that_began_days_ago(void **state)
{
    struct house *house = *state;
    char text[256];
    put_shifts(house, "principal", "18:00", TURNS,
               override_of(text, "zoe", SHIFT_MS, SHIFT_MS + 5 * DAY_MS));
    put_plan(house, "principal");
    house_close(house);
    house_advance(house, 4 * DAY_MS);
    house_open(house);
    house_settle(house);
    assert_int_equal(check_ins_asked(house), 1);
    assert_int_equal(duty_state(house, agent_id(house, "zoe"), SHIFT_MS), DUTY_MISSING);
    restart(house);
    pass_until(house, house->wall.ms + HOUR_MS);
    assert_int_equal(check_ins_asked(house), 1);
}

static void test_downtime__tells_of_a_shift_that_passed(void **state)
{
    struct house *house = *state;
    begin(house);
    house_close(house);
    house_advance(house, SHIFT_MS + DAY_MS + HOUR_MS - house->wall.ms);
    house_open(house);
    size_t alarms = house->alarms;
    house_settle(house);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_PASSED);
    assert_int_equal(house->alarms, alarms + 1);
    assert_string_equal(house->alarm, "check_in.passed");
    assert_int_equal(duty_state(house, house->paul, SHIFT_MS + DAY_MS), DUTY_MISSING);
    restart(house);
    house_settle(house);
    assert_int_equal(house->alarms, alarms + 1);
    assert_int_equal(check_ins_asked(house), 1);
}

/* … and of which it turns out, as the wall is set back, that it runs. */
static void test_step_back__into_a_shift_that_passed_asks(void **state)
{
    struct house *house = *state;
    begin(house);
    house_close(house);
    house_advance(house, SHIFT_MS + DAY_MS + HOUR_MS - house->wall.ms);
    house_open(house);
    house_settle(house);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_PASSED);
    int64_t asked = check_ins_asked(house);
    house->wall.ms -= 2 * HOUR_MS;
    house_settle(house);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
    assert_int_equal(check_ins_asked(house), asked + 1);
}

/* ---- rotas that change ---- */

static void test_rota__moves_the_reminder(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, DUE_MS - MINUTE_MS);
    put_shifts(house, "principal", "20:00", TURNS, "");
    pass_until(house, DUE_MS + 2 * HOUR_MS - 1);
    assert_int_equal(check_ins_asked(house), 0);
    pass_until(house, DUE_MS + 2 * HOUR_MS);
    assert_int_equal(check_ins_asked(house), 1);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS + 2 * HOUR_MS), DUTY_MISSING);
}

static void test_rota__gives_the_shift_to_another_in_time(void **state)
{
    struct house *house = *state;
    char text[256];
    begin(house);
    put_shifts(house, "principal", "18:00", TURNS,
               override_of(text, "zoe", SHIFT_MS, SHIFT_MS + DAY_MS));
    pass_until(house, SHIFT_MS);
    assert_int_equal(check_ins_asked(house), 1);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), -1);
    assert_int_equal(duty_state(house, agent_id(house, "zoe"), SHIFT_MS), DUTY_MISSING);
}

static void test_rota__takes_the_shift_away_after_the_reminder(void **state)
{
    struct house *house = *state;
    char text[256];
    begin(house);
    pass_until(house, DUE_MS + MINUTE_MS);
    struct uuid id = check_in_escalation(house);
    put_shifts(house, "principal", "18:00", TURNS,
               override_of(text, "zoe", SHIFT_MS, SHIFT_MS + DAY_MS));
    house_settle(house);
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_int_equal(escalation.state, ESCALATION_CANCELLED);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_WITHDRAWN);
    assert_int_equal(duty_state(house, agent_id(house, "zoe"), SHIFT_MS), DUTY_MISSING);
}

/* A rota that cannot be read takes nothing from anybody. */
/* A swap that is taken back: jean is to be there after all. */
static void test_rota__gives_a_shift_back(void **state)
{
    struct house *house = *state;
    char text[256];
    int64_t zoe = agent_id(house, "zoe");
    begin(house);
    pass_until(house, DUE_MS + MINUTE_MS);
    put_shifts(house, "principal", "18:00", TURNS,
               override_of(text, "zoe", SHIFT_MS, SHIFT_MS + DAY_MS));
    house_settle(house);
    put_shifts(house, "principal", "18:00", TURNS, "");
    house_settle(house);
    assert_int_equal(check_ins_asked(house), 3);
    assert_int_equal(duty_state(house, zoe, SHIFT_MS), DUTY_WITHDRAWN);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
    struct escalation escalation;
    house_read(house, check_in_escalation(house), &escalation);
    assert_int_equal(escalation.state, ESCALATION_NOTIFYING);
    assert_int_equal(escalation.check_in_agent, house->jean);
}

/* What is over is nobody's to take up, whatever is written about it afterwards. */
static void test_rota__gives_back_what_is_over(void **state)
{
    struct house *house = *state;
    char text[256];
    begin(house);
    pass_until(house, DUE_MS + MINUTE_MS);
    put_shifts(house, "principal", "18:00", TURNS,
               override_of(text, "zoe", SHIFT_MS, SHIFT_MS + DAY_MS));
    pass_until(house, SHIFT_MS + DAY_MS + HOUR_MS);
    int64_t asked = check_ins_asked(house);
    put_shifts(house, "principal", "18:00", TURNS, "");
    house_settle(house);
    assert_int_equal(check_ins_asked(house), asked);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_WITHDRAWN);
}

static void test_rota__that_breaks_withdraws_nobody(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, DUE_MS + MINUTE_MS);
    assert_int_equal(sqlite3_exec(house->engine->store->db,
                                  "UPDATE rota SET definition = '{}' WHERE slug = 'principal'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    log_set_level(LOG_NOTHING);
    engine_customer_changed(house->engine, house->customer_id, true);
    house_settle(house);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
    log_set_level(LOG_ERROR);
}

/* Nobody would be left: people have to settle it. */
static void test_rota__of_an_agent_who_left_withdraws_nobody(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, DUE_MS + MINUTE_MS);
    put_agent(house, "jean", "+33600000001", false);
    house_settle(house);
    assert_int_equal(on_call_at(house, SHIFT_MS), 0);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
}

/* What the true rota is after a replacement. */
static void test_replacement__stands_in_the_rota(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, SHIFT_MS + 10 * MINUTE_MS);
    struct command *command =
        agent_command(house, check_in_escalation(house), VERB_ACCEPT, agent_id(house, "zoe"), NULL);
    house_run(house, command);
    assert_answered(command, "state", "done");
    house_settle(house);
    assert_int_equal(on_call_at(house, SHIFT_MS + 10 * MINUTE_MS - 1), house->jean);
    assert_int_equal(on_call_at(house, SHIFT_MS + 10 * MINUTE_MS), agent_id(house, "zoe"));
    assert_int_equal(on_call_at(house, SHIFT_MS + DAY_MS), house->paul);
    restart(house);
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_int_equal(check_ins_asked(house), 1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM rota WHERE definition LIKE "
                                         "'%2026-11-18T17:10:00.000Z%zoe%'"),
                     1);
}

/* A rota that has no room for it: who accepted holds it, and people are told. */
#define OVERRIDES 2000 /* as many as a rota takes */

static void test_replacement__that_does_not_fit_is_told(void **state)
{
    struct house *house = *state;
    char *many = calloc(1, 200 * OVERRIDES);
    size_t used = 0;
    assert_non_null(many);
    for (int i = 0; i < OVERRIDES; i++) {
        char text[256];
        (void)override_of(text, "paul", SHIFT_MS - (600 + i) * DAY_MS,
                          SHIFT_MS - (600 + i) * DAY_MS + 1);
        used +=
            (size_t)snprintf(many + used, 200 * OVERRIDES - used, "%s%s", i > 0 ? "," : "", text);
    }
    put_shifts(house, "principal", "18:00", TURNS, many);
    free(many);
    put_plan(house, "principal");
    pass_until(house, SHIFT_MS + MINUTE_MS);
    struct command *command =
        agent_command(house, check_in_escalation(house), VERB_ACCEPT, agent_id(house, "zoe"), NULL);
    log_set_level(LOG_NOTHING);
    house_run(house, command);
    log_set_level(LOG_ERROR);
    assert_answered(command, "state", "accepted");
    assert_string_equal(house->alarm, "check_in.replacement_not_written");
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
    assert_int_equal(on_call_at(house, SHIFT_MS + MINUTE_MS), house->jean);
}

/* ---- plans ---- */

static struct command *plan(struct house *house, const char *rota, const char *procedure)
{
    struct command *command = house_command(house, COMMAND_PUT_CHECK_IN_PLAN);
    command->request.check_in_plan = (struct check_in_plan_request){.rota = rota,
                                                                    .opens_before_s = 3600,
                                                                    .remind_before_s = 1800,
                                                                    .procedure = procedure,
                                                                    .severity = SEVERITY_MAJOR};
    house_run(house, command);
    return command;
}

static void test_plan__is_refused_with_its_place(void **state)
{
    struct house *house = *state;
    const struct command *command = plan(house, "nobodys", "prise-de-poste");
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
    command = plan(house, "duty", "unknown");
    assert_int_equal(command->answer.status, STATUS_INVALID);
    assert_string_equal(command->answer.error.pointer, "/procedure");
    command = plan(house, "duty", "night"); /* it reminds nobody */
    assert_int_equal(command->answer.status, STATUS_INVALID);
    assert_string_equal(command->answer.error.pointer, "/procedure");
    assert_int_equal(house_number(house, "SELECT count(*) FROM check_in_plan"), 0);
}

/* It is for the shifts to come: nobody is woken for one that began long ago. */
static void test_plan__leaves_the_shift_that_runs_alone(void **state)
{
    struct house *house = *state;
    put_shifts(house, "principal", "18:00", TURNS, "");
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_true(plan(house, "principal", "prise-de-poste")->answer.created);
    pass_until(house, SHIFT_MS + 2 * HOUR_MS);
    assert_int_equal(check_ins_asked(house), 0);
    assert_false(plan(house, "principal", "prise-de-poste")->answer.created);
    pass_until(house, DUE_MS + DAY_MS);
    assert_int_equal(check_ins_asked(house), 1);
}

static void test_plan__that_is_removed_asks_nobody(void **state)
{
    struct house *house = *state;
    begin(house);
    for (int i = 0; i < 2; i++) {
        struct command *command = house_command(house, COMMAND_DELETE_CHECK_IN_PLAN);
        command->request.check_in_plan.rota = "principal";
        house_run(house, command);
        assert_int_equal(command->answer.status, i == 0 ? STATUS_OK : STATUS_NOT_FOUND);
    }
    pass_until(house, SHIFT_MS);
    assert_int_equal(check_ins_asked(house), 0);
}

/* More than a turn posts at once: all of them, and none twice. */
static void test_many__are_all_asked(void **state)
{
    struct house *house = *state;
    char slug[16];
    for (int i = 0; i < ROTAS_OF_CUSTOMER_MAX - 1; i++) {
        (void)snprintf(slug, sizeof slug, "rota-%d", i);
        put_shifts(house, slug, "18:00", i % 2 == 0 ? TURNS : "\"zoe\"", "");
        put_plan(house, slug);
    }
    pass_until(house, DUE_MS);
    assert_int_equal(check_ins_asked(house), ROTAS_OF_CUSTOMER_MAX - 1);
    pass_until(house, DUE_MS + MINUTE_MS);
    assert_int_equal(check_ins_asked(house), ROTAS_OF_CUSTOMER_MAX - 1);
}

/* ---- who is on call is on call ---- */

static void test_missing_agent__is_still_tried(void **state)
{
    struct house *house = *state;
    begin(house);
    put_procedure(house, "night",
                  "{\"rounds\":1,\"steps\":[{\"notify\":[{\"on_call\":\"principal\"}],"
                  "\"by\":[\"push\"],\"accepted_within_s\":60}]}");
    pass_until(house, SHIFT_MS + 20 * MINUTE_MS);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    house_settle(house);
    const struct sent *sent = &house->sent[house->sent_count - 1];
    assert_string_equal(sent->person, "jean");
    assert_int_equal(sent->check_in_agent, 0);
}

/* The shift ends during the intervention, and the next has somebody else: who holds it keeps it. */
static void test_holder__keeps_it_when_the_shift_ends(void **state)
{
    struct house *house = *state;
    begin(house);
    put_procedure(house, "night",
                  "{\"rounds\":1,\"progress_within_s\":86400,\"steps\":[{\"notify\":"
                  "[{\"on_call\":\"principal\"}],\"by\":[\"push\"],\"accepted_within_s\":60}]}");
    pass_until(house, SHIFT_MS - HOUR_MS);
    assert_int_equal(on_call_at(house, house->wall.ms), house->paul);
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    house_run(house, agent_command(house, id, VERB_ACCEPT, house->paul, NULL));
    pass_until(house, SHIFT_MS + HOUR_MS);
    put_shifts(house, "principal", "18:00", TURNS, ""); /* everybody is told that it changed */
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_int_equal(escalation.state, ESCALATION_ACCEPTED);
    assert_int_equal(escalation.holder.id, house->paul);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NIGHT_TEST(test_details__are_on_the_customers_clock),
        NIGHT_TEST(test_night__that_is_long),
        NIGHT_TEST(test_night__that_is_short),
        NIGHT_TEST(test_step_back__judges_nothing_twice),
        NIGHT_TEST(test_step_forward__judges_what_it_jumped_over),
        NIGHT_TEST(test_crash__neither_loses_nor_doubles_it),
        NIGHT_TEST(test_downtime__is_judged_late_and_says_so),
        NIGHT_TEST(test_downtime__finds_a_shift_that_began_days_ago),
        NIGHT_TEST(test_downtime__tells_of_a_shift_that_passed),
        NIGHT_TEST(test_step_back__into_a_shift_that_passed_asks),
        NIGHT_TEST(test_rota__moves_the_reminder),
        NIGHT_TEST(test_rota__gives_the_shift_to_another_in_time),
        NIGHT_TEST(test_rota__takes_the_shift_away_after_the_reminder),
        NIGHT_TEST(test_rota__gives_a_shift_back),
        NIGHT_TEST(test_rota__gives_back_what_is_over),
        NIGHT_TEST(test_rota__that_breaks_withdraws_nobody),
        NIGHT_TEST(test_rota__of_an_agent_who_left_withdraws_nobody),
        NIGHT_TEST(test_replacement__stands_in_the_rota),
        NIGHT_TEST(test_replacement__that_does_not_fit_is_told),
        NIGHT_TEST(test_plan__is_refused_with_its_place),
        NIGHT_TEST(test_plan__leaves_the_shift_that_runs_alone),
        NIGHT_TEST(test_plan__that_is_removed_asks_nobody),
        NIGHT_TEST(test_many__are_all_asked),
        NIGHT_TEST(test_missing_agent__is_still_tried),
        NIGHT_TEST(test_holder__keeps_it_when_the_shift_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
