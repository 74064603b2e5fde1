/* test_check_ins.c - prise de poste: a shift that nobody took up is asked for, once, until somebody
 * is there. Nights of a clock change and lives of the process: test_check_in_nights.c. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/shifts.h"

/* jean's shift is the next one. */
static void begin(struct house *house)
{
    put_rota(house, "principal", "");
    struct command *command = house_command(house, COMMAND_PUT_ROTA);
    command->request.definition = (struct definition_request){
        .slug = "principal",
        .definition =
            arena_format(command->arena, "jean@%lld-%lld paul@%lld-%lld", (long long)SHIFT_MS,
                         (long long)(SHIFT_MS + DAY_MS), (long long)(SHIFT_MS + DAY_MS),
                         (long long)(SHIFT_MS + 2 * DAY_MS)),
    };
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    put_plan(house, "principal");
}

/* … and its reminder went out. */
static void begin_missing(struct house *house)
{
    begin(house);
    pass_until(house, DUE_MS);
    assert_int_equal(check_ins_asked(house), 1);
}

static enum escalation_state state_of(struct house *house)
{
    struct escalation escalation;
    house_read(house, check_in_escalation(house), &escalation);
    return escalation.state;
}

/* ---- the reminder ---- */

static void test_reminder__goes_out_when_it_is_due(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, DUE_MS - 400);
    assert_int_equal(check_ins_asked(house), 0);
    assert_int_equal(engine_turn(house->engine), 400); /* it sleeps no longer */
    house_advance(house, 400);
    house_settle(house);
    assert_int_equal(check_ins_asked(house), 1);
    const struct sent *sent = last_sent(house, PATH_PUSH);
    assert_string_equal(sent->person, "jean");
    assert_int_equal(sent->check_in_agent, house->jean);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE category = 'check-in' "
                                         "AND summary LIKE '%jean (principal)%' AND details NOT "
                                         "LIKE '%retard%'"),
                     1);
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_int_equal(check_ins_asked(house), 1);
}

/* Found again before it was worked on, as when a turn leaves some for the next: asked once. */
static void test_reminder__that_was_found_twice_goes_out_once(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, DUE_MS - 1);
    house_advance(house, 1);
    for (int i = 0; i < 2; i++) {
        struct command *command = house_command(house, COMMAND_SHIFT_DUE);
        command->request.shift = (struct shift_request){
            .rota = "principal", .agent_id = house->jean, .from = {SHIFT_MS}};
        assert_int_equal(engine_post(house->engine, command), STATUS_OK);
    }
    house_settle(house);
    assert_int_equal(check_ins_asked(house), 1);
}

static void test_reminder__is_not_for_who_checked_in(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, SHIFT_MS - HOUR_MS);
    check_in(house, house->jean, "jean-1", true);
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_int_equal(check_ins_asked(house), 0);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
}

/* A check-in is complete when the person heard the test push, not before; counts from the opening
 * on, and until the agent checks out. */
static void test_reminder__is_for_who_did_not_complete_it(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, DUE_MS - MINUTE_MS);
    check_in(house, house->jean, "jean-1", false);
    pass_until(house, DUE_MS);
    assert_int_equal(check_ins_asked(house), 1);
}

static void test_reminder__is_for_who_checked_in_too_early(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, SHIFT_MS - HOUR_MS - 1000);
    check_in(house, house->jean, "jean-1", true);
    pass_until(house, DUE_MS);
    assert_int_equal(check_ins_asked(house), 1);
}

/* … which is refused where it can only be meant for that shift. */
static void test_check_in__too_early_is_refused(void **state)
{
    struct house *house = *state;
    begin(house);
    for (int early_ms = 1; early_ms >= 0; early_ms--) {
        pass_until(house, SHIFT_MS - HOUR_MS - early_ms);
        struct command *command = house_command(house, COMMAND_CHECK_IN);
        command->request.check_in = (struct check_in_request){
            .agent_id = house->jean, .installation = "jean-1", .shift = "principal"};
        house_run(house, command);
        assert_int_equal(command->answer.status, early_ms > 0 ? STATUS_CONFLICT : STATUS_OK);
        assert_int_equal(house_number(house, "SELECT count(*) FROM check_in"), 1 - early_ms);
    }
}

static void test_reminder__is_for_who_checked_out_again(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, DUE_MS - MINUTE_MS);
    check_in(house, house->jean, "jean-1", true);
    struct command *command = house_command(house, COMMAND_CHECK_OUT);
    command->request.check_in.agent_id = house->jean;
    house_run(house, command);
    pass_until(house, DUE_MS);
    assert_int_equal(check_ins_asked(house), 1);
}

/* Pressed twice: the first test push was heard, the second is under way. */
static void test_reminder__is_not_for_who_checks_in_again(void **state)
{
    struct house *house = *state;
    begin(house);
    pass_until(house, DUE_MS - MINUTE_MS);
    check_in(house, house->jean, "jean-1", true);
    check_in(house, house->jean, "jean-1", false);
    pass_until(house, DUE_MS);
    assert_int_equal(check_ins_asked(house), 0);
}

/* ---- what ends it ---- */

static void test_missing__ends_with_the_check_in(void **state)
{
    struct house *house = *state;
    begin_missing(house);
    check_in(house, house->jean, "jean-1", false);
    assert_int_equal(state_of(house), ESCALATION_NOTIFYING); /* received is not heard */
    check_in(house, house->jean, "jean-1", true);
    struct escalation escalation;
    house_read(house, check_in_escalation(house), &escalation);
    assert_int_equal(escalation.state, ESCALATION_DONE);
    assert_int_equal(escalation.holder.id, house->jean);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_int_equal(check_ins_asked(house), 1);
}

static void test_missing__ends_with_the_key_of_the_agent(void **state)
{
    struct house *house = *state;
    begin_missing(house);
    pass_until(house, DUE_MS + 5 * MINUTE_MS);
    assert_string_equal(last_sent(house, PATH_CALL)->person, "jean");
    press_key(house, ANSWER_ACCEPTED);
    assert_int_equal(state_of(house), ESCALATION_DONE);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
    assert_int_equal(house_number(house, "SELECT count(*) FROM check_in WHERE way = 1 AND "
                                         "completed_at IS NOT NULL AND out_at IS NULL"),
                     1);
    press_key(house, ANSWER_ACCEPTED); /* the telephony layer says it twice */
    assert_int_equal(state_of(house), ESCALATION_DONE);
}

static void test_missing__ends_with_what_an_operator_was_told(void **state)
{
    struct house *house = *state;
    begin_missing(house);
    struct command *command = desk_command(house, check_in_escalation(house), DESK_ON_BEHALF);
    command->request.desk.agent = "jean";
    command->request.desk.agent_verb = VERB_ACCEPT;
    house_run(house, command);
    assert_answered(command, "state", "done");
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
}

/* The same of "done", when the agent had accepted in the app before; that they are on their way is
 * none. */
static void test_missing__ends_with_a_done_that_an_operator_was_told(void **state)
{
    struct house *house = *state;
    static const enum agent_verb verbs[] = {VERB_ON_MY_WAY, VERB_DONE};
    begin_missing(house);
    struct uuid id = check_in_escalation(house);
    house_run(house, agent_command(house, id, VERB_ACCEPT, house->jean, NULL));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
        struct command *command = desk_command(house, id, DESK_ON_BEHALF);
        command->request.desk.agent = "jean";
        command->request.desk.agent_verb = verbs[i];
        house_run(house, command);
        assert_answered(command, "state", i == 0 ? "accepted" : "done");
    }
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
}

/* "Taken, not yet done": the app's own acceptance proves no path. */
static void test_missing__is_held_by_who_only_accepts(void **state)
{
    struct house *house = *state;
    begin_missing(house);
    struct uuid id = check_in_escalation(house);
    struct command *command =
        agent_command(house, id, VERB_ACCEPT, 0, last_sent(house, PATH_PUSH)->accept);
    house_run(house, command);
    assert_answered(command, "state", "accepted");
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
    command = agent_command(house, id, VERB_DONE, house->jean, NULL);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_WRONG_ORDER);
    assert_int_equal(state_of(house), ESCALATION_ACCEPTED);
    /* Silence is asked about, and a key in that call is enough. */
    pass_until(house, DUE_MS + 31 * MINUTE_MS);
    assert_int_equal(last_sent(house, PATH_CALL)->purpose, PURPOSE_HOLDER_CALL);
    press_key(house, ANSWER_ACCEPTED);
    assert_int_equal(state_of(house), ESCALATION_DONE);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
}

static void test_missing__goes_on_after_a_no(void **state)
{
    struct house *house = *state;
    begin_missing(house);
    pass_until(house, DUE_MS + 5 * MINUTE_MS);
    press_key(house, ANSWER_DECLINED);
    assert_string_equal(last_sent(house, PATH_CALL)->person, "chief");
    assert_int_equal(on_call_at(house, SHIFT_MS), house->jean); /* never taken off in silence */
}

static void test_missing__ends_in_the_call_centre(void **state)
{
    struct house *house = *state;
    begin_missing(house);
    pass_until(house, SHIFT_MS);
    assert_int_equal(state_of(house), ESCALATION_EXHAUSTED);
    assert_string_equal(last_sent(house, PATH_CALLBACK)->callback, "call-centre");
    assert_int_equal(on_call_at(house, SHIFT_MS), house->jean);
}

/* ---- a replacement ---- */

static void wait_for_zoe(struct house *house)
{
    begin_missing(house);
    pass_until(house, DUE_MS + 7 * MINUTE_MS);
    assert_string_equal(last_sent(house, PATH_PUSH)->person, "zoe");
    assert_int_equal(on_call_at(house, SHIFT_MS), house->jean); /* asked is not accepted */
}

static void test_replacement__takes_the_shift(void **state)
{
    struct house *house = *state;
    int64_t zoe = agent_id(house, "zoe");
    wait_for_zoe(house);
    char token[96];
    (void)snprintf(token, sizeof token, "%s", last_sent(house, PATH_PUSH)->accept);
    struct uuid id = check_in_escalation(house);
    for (int i = 0; i < 2; i++) { /* a repeat gets the same answer */
        struct command *command = agent_command(house, id, VERB_ACCEPT, 0, token);
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_OK);
        assert_answered(command, "state", "done");
    }
    house_settle(house);
    assert_int_equal(on_call_at(house, SHIFT_MS), zoe);
    assert_int_equal(on_call_at(house, SHIFT_MS + DAY_MS - 1), zoe);
    assert_int_equal(on_call_at(house, SHIFT_MS + DAY_MS), house->paul);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_REPLACED);
    assert_int_equal(duty_state(house, zoe, SHIFT_MS), DUTY_TAKEN_UP); /* nobody asks her again */
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_int_equal(check_ins_asked(house), 1);
}

/* The rota would drop it, and nobody would be on call. */
static void test_replacement__by_somebody_who_left_changes_no_rota(void **state)
{
    struct house *house = *state;
    wait_for_zoe(house);
    put_agent(house, "zoe", "+33600000004", false);
    struct command *command = desk_command(house, check_in_escalation(house), DESK_ON_BEHALF);
    command->request.desk.agent = "zoe";
    command->request.desk.agent_verb = VERB_ACCEPT;
    house_run(house, command);
    assert_answered(command, "state", "accepted");
    assert_int_equal(on_call_at(house, SHIFT_MS), house->jean);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
}

/* During the shift: from now on, and what was before stays as it was. */
static void test_replacement__takes_what_is_left_of_it(void **state)
{
    struct house *house = *state;
    begin_missing(house);
    pass_until(house, SHIFT_MS + 10 * MINUTE_MS);
    struct command *command =
        agent_command(house, check_in_escalation(house), VERB_ACCEPT, agent_id(house, "zoe"), NULL);
    house_run(house, command);
    assert_answered(command, "state", "done");
    house_settle(house);
    assert_int_equal(on_call_at(house, SHIFT_MS + 10 * MINUTE_MS - 1), house->jean);
    assert_int_equal(on_call_at(house, SHIFT_MS + 10 * MINUTE_MS), agent_id(house, "zoe"));
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_int_equal(check_ins_asked(house), 1);
}

/* A contact is nobody who can be on call: they hold it, and write the rota, which ends it. */
static void test_supervisor__holds_it_until_the_rota_has_somebody(void **state)
{
    struct house *house = *state;
    begin_missing(house);
    pass_until(house, DUE_MS + 6 * MINUTE_MS);
    assert_string_equal(last_sent(house, PATH_CALL)->person, "chief");
    press_key(house, ANSWER_ACCEPTED);
    assert_int_equal(state_of(house), ESCALATION_ACCEPTED);
    assert_int_equal(on_call_at(house, SHIFT_MS), house->jean);
    struct command *command = house_command(house, COMMAND_PUT_ROTA);
    command->request.definition = (struct definition_request){
        .slug = "principal",
        .definition = arena_format(command->arena, "zoe@%lld-%lld", (long long)SHIFT_MS,
                                   (long long)(SHIFT_MS + DAY_MS))};
    house_run(house, command);
    house_settle(house);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_WITHDRAWN);
    struct escalation escalation;
    house_read(house, last_sent(house, PATH_CALL)->escalation, &escalation);
    assert_int_equal(escalation.state,
                     ESCALATION_CANCELLING); /* the chief is told that it is over */
    assert_int_equal(last_sent(house, PATH_CALL)->purpose, PURPOSE_CANCEL_NOTICE);
    assert_int_equal(check_ins_asked(house), 2); /* Zoé's own reminder was due: she is asked */
    assert_string_equal(last_sent(house, PATH_PUSH)->person, "zoe");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHIFTS_TEST(test_reminder__goes_out_when_it_is_due),
        SHIFTS_TEST(test_reminder__that_was_found_twice_goes_out_once),
        SHIFTS_TEST(test_reminder__is_not_for_who_checked_in),
        SHIFTS_TEST(test_reminder__is_for_who_did_not_complete_it),
        SHIFTS_TEST(test_reminder__is_for_who_checked_in_too_early),
        SHIFTS_TEST(test_check_in__too_early_is_refused),
        SHIFTS_TEST(test_reminder__is_for_who_checked_out_again),
        SHIFTS_TEST(test_reminder__is_not_for_who_checks_in_again),
        SHIFTS_TEST(test_missing__ends_with_the_check_in),
        SHIFTS_TEST(test_missing__ends_with_the_key_of_the_agent),
        SHIFTS_TEST(test_missing__ends_with_what_an_operator_was_told),
        SHIFTS_TEST(test_missing__ends_with_a_done_that_an_operator_was_told),
        SHIFTS_TEST(test_missing__is_held_by_who_only_accepts),
        SHIFTS_TEST(test_missing__goes_on_after_a_no),
        SHIFTS_TEST(test_missing__ends_in_the_call_centre),
        SHIFTS_TEST(test_replacement__takes_the_shift),
        SHIFTS_TEST(test_replacement__by_somebody_who_left_changes_no_rota),
        SHIFTS_TEST(test_replacement__takes_what_is_left_of_it),
        SHIFTS_TEST(test_supervisor__holds_it_until_the_rota_has_somebody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
