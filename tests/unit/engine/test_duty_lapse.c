/* test_duty_lapse.c - shifts that were taken up and are not any more: the phone is gone or does not
 * answer, or the agent leaves. Each is asked for anew, once, by what asks for any other. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/phones.h"
#include "tests/unit/engine/shifts.h"
#include "tests/unit/engine/outcomes.h"

#define PROBE_MINUTES 30

static void begin(struct house *house, int64_t probe_minutes)
{
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
    command = house_command(house, COMMAND_PUT_CHECK_IN_PLAN);
    command->request.check_in_plan = (struct check_in_plan_request){.rota = "principal",
                                                                    .opens_before_s = 3600,
                                                                    .remind_before_s = 1800,
                                                                    .procedure = "prise-de-poste",
                                                                    .severity = SEVERITY_MAJOR,
                                                                    .probe_s = probe_minutes * 60};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    house_settle(house);
}

/* jean has checked in; the test push that proved it. */
static struct sent take_up(struct house *house, const char *installation, int64_t at_ms)
{
    pass_until(house, at_ms);
    check_in(house, house->jean, installation, true);
    return house->sent[house->sent_count - 1];
}

static int64_t because(struct house *house)
{
    return house_number(house, "SELECT asked_because FROM check_in_duty ORDER BY shift_from_at");
}

static void assert_asked_anew(struct house *house, int64_t times, enum asked_because why)
{
    assert_int_equal(check_ins_asked(house), times);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_MISSING);
    assert_int_equal(because(house), why);
    assert_int_equal(house_entries(house, check_in_escalation(house), ENTRY_ASKED_ANEW), 1);
}

static void assert_still_there(struct house *house)
{
    house_settle(house);
    assert_int_equal(check_ins_asked(house), 0);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
}

/* ---- a phone that dies ---- */

static void test_death__asks_anew_by_the_other_ways(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    struct sent tests[] = {take_up(house, "jean-1", DUE_MS - 2 * MINUTE_MS),
                           take_up(house, "jean-1", DUE_MS - MINUTE_MS)};
    pass_until(house, SHIFT_MS + 2 * HOUR_MS);
    assert_still_there(house);
    for (int i = 0; i < 2; i++) { /* said twice, told once */
        report_gone(house, &tests[i], WALL_NEVER);
        house_settle(house);
        assert_string_equal(house->alarm, "device.died_on_shift");
        assert_asked_anew(house, 1, ASKED_PHONE_DIED);
    }
    assert_int_equal(
        house_number(house, "SELECT count(*) FROM ticket WHERE summary = 'Prise de poste à refaire "
                            ": jean (principal)' AND details LIKE '%n''existe plus.'"),
        1);
    assert_string_equal(last_sent(house, PATH_CALL)->person, "jean"); /* there is no phone */
    pass_until(house, house->wall.ms + MINUTE_MS);
    assert_string_equal(last_sent(house, PATH_CALL)->person, "chief");
    assert_int_equal(on_call_at(house, house->wall.ms), house->jean);
    put_device(house, house->jean, "jean-1", PLATFORM_APNS);
    assert_asked_anew(house, 1, ASKED_PHONE_DIED); /* registered is not checked in */
    check_in(house, house->jean, "jean-1", true);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
    struct escalation escalation;
    house_read(house, check_in_escalation(house), &escalation);
    assert_int_equal(escalation.state, ESCALATION_DONE);
}

static void test_death__of_one_of_two_proven_phones_asks_nobody(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    put_device(house, house->jean, "jean-2", PLATFORM_FCM);
    struct sent second = take_up(house, "jean-2", SHIFT_MS - 50 * MINUTE_MS);
    struct sent first = take_up(house, "jean-1", SHIFT_MS - 40 * MINUTE_MS);
    pass_until(house, SHIFT_MS + HOUR_MS);
    report_gone(house, &first, WALL_NEVER);
    assert_still_there(house);
    report_gone(house, &second, WALL_NEVER);
    house_settle(house);
    assert_asked_anew(house, 1, ASKED_PHONE_DIED);
}

static void test_death__leaves_a_phone_that_was_not_proven(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    struct sent test = take_up(house, "jean-1", SHIFT_MS - 40 * MINUTE_MS);
    put_device(house, house->jean, "jean-2", PLATFORM_FCM);
    pass_until(house, SHIFT_MS + HOUR_MS);
    report_gone(house, &test, WALL_NEVER);
    house_settle(house);
    assert_asked_anew(house, 1, ASKED_PHONE_DIED);
    assert_string_equal(last_sent(house, PATH_PUSH)->person, "jean"); /* and it is told there */
}

static void test_death__before_the_reminder_is_asked_then(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    struct sent test = take_up(house, "jean-1", SHIFT_MS - 50 * MINUTE_MS);
    report_gone(house, &test, WALL_NEVER);
    house_settle(house);
    pass_until(house, DUE_MS);
    assert_asked_anew(house, 1, ASKED_PHONE_DIED);
}

static void test_death__survives_a_crash_and_a_step_of_the_wall(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    struct sent test = take_up(house, "jean-1", DUE_MS - MINUTE_MS);
    pass_until(house, SHIFT_MS + 2 * HOUR_MS);
    report_gone(house, &test, WALL_NEVER);
    while (duty_state(house, house->jean, SHIFT_MS) == DUTY_TAKEN_UP) {
        (void)engine_turn(house->engine);
    }
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_LAPSED);
    assert_int_equal(check_ins_asked(house), 0);
    house_close(house);
    house->wall.ms -= 3 * HOUR_MS; /* to before the check-in itself */
    house_open(house);
    house_settle(house);
    pass_until(house, SHIFT_MS + MINUTE_MS);
    assert_asked_anew(house, 1, ASKED_PHONE_DIED);
}

static void test_death__is_not_what_a_key_proved(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    pass_until(house, DUE_MS);
    pass_until(house, DUE_MS + 5 * MINUTE_MS);
    press_key(house, ANSWER_ACCEPTED);
    struct command *command = house_command(house, COMMAND_DELETE_DEVICE);
    command->request.device =
        (struct device_request){.agent_id = house->jean, .installation = "jean-1"};
    house_run(house, command);
    house_settle(house);
    assert_int_equal(check_ins_asked(house), 1);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
}

static void test_log_out__during_a_shift_asks_anew(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    (void)take_up(house, "jean-1", DUE_MS - MINUTE_MS);
    pass_until(house, SHIFT_MS + HOUR_MS);
    struct command *command = house_command(house, COMMAND_DELETE_DEVICE);
    command->request.device =
        (struct device_request){.agent_id = house->jean, .installation = "jean-1"};
    house_run(house, command);
    house_settle(house);
    assert_asked_anew(house, 1, ASKED_PHONE_DIED);
}

static void jean_says(struct house *house, const char *installation, const char *permission)
{
    struct command *command = house_command(house, COMMAND_PUT_DEVICE);
    command->request.device = (struct device_request){.agent_id = house->jean,
                                                      .installation = installation,
                                                      .platform = PLATFORM_APNS,
                                                      .target = "token",
                                                      .permission = permission,
                                                      .battery_percent = -1};
    house_run(house, command);
    house_settle(house);
}

/* A phone that may show nothing wakes nobody, however alive it is. */
static void test_denied__asks_anew(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    (void)take_up(house, "jean-1", DUE_MS - MINUTE_MS);
    pass_until(house, SHIFT_MS + HOUR_MS);
    jean_says(house, "jean-1", "denied");
    assert_asked_anew(house, 1, ASKED_PHONE_SILENT);
    jean_says(house, "jean-1", "granted"); /* allowed again is not checked in */
    assert_asked_anew(house, 1, ASKED_PHONE_SILENT);
    pass_until(house, house->wall.ms + MINUTE_MS);
    check_in(house, house->jean, "jean-1", true);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
}

static void test_denied__on_one_of_two_phones_asks_nobody(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    put_device(house, house->jean, "jean-2", PLATFORM_FCM);
    (void)take_up(house, "jean-2", DUE_MS - 2 * MINUTE_MS);
    (void)take_up(house, "jean-1", DUE_MS - MINUTE_MS);
    pass_until(house, SHIFT_MS + HOUR_MS);
    jean_says(house, "jean-1", "denied");
    assert_still_there(house);
}

static void test_denied__before_the_reminder_is_asked_then(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    (void)take_up(house, "jean-1", DUE_MS - 2 * MINUTE_MS);
    jean_says(house, "jean-1", "denied");
    assert_int_equal(check_ins_asked(house), 0);
    pass_until(house, DUE_MS);
    assert_asked_anew(house, 1, ASKED_PHONE_SILENT);
}

static void test_denied__on_a_shared_phone(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    int64_t phone = put_shared_phone(house);
    set_pin(house, house->jean);
    assert_int_equal(enter_pin(house, phone, house->jean, true)->answer.status, STATUS_OK);
    (void)take_up(house, "s-1", DUE_MS - MINUTE_MS);
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_still_there(house);
    struct command *command = shared_phone_command(house, COMMAND_PUT_DEVICE, phone);
    command->request.device.permission = "denied";
    house_run(house, command);
    house_settle(house);
    assert_asked_anew(house, 1, ASKED_PHONE_SILENT);
}

/* What the app has proven since stands by the phone, whatever was pressed before. */
static void test_death__of_a_phone_checked_in_behind_a_key(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    pass_until(house, DUE_MS);
    pass_until(house, DUE_MS + 5 * MINUTE_MS);
    press_key(house, ANSWER_ACCEPTED);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
    struct sent test = take_up(house, "jean-1", DUE_MS + 10 * MINUTE_MS);
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_int_equal(check_ins_asked(house), 1);
    report_gone(house, &test, WALL_NEVER);
    house_settle(house);
    assert_asked_anew(house, 2, ASKED_PHONE_DIED);
}

static void test_death__of_the_phone_of_a_replacement(void **state)
{
    struct house *house = *state;
    int64_t zoe = agent_id(house, "zoe"), from = SHIFT_MS + HOUR_MS;
    begin(house, 0);
    pass_until(house, from);
    house_run(house, agent_command(house, check_in_escalation(house), VERB_ACCEPT, zoe, NULL));
    house_settle(house);
    assert_int_equal(duty_state(house, zoe, from), DUTY_TAKEN_UP);
    check_in(house, zoe, "zoe-1", true);
    struct sent test = house->sent[house->sent_count - 1];
    pass_until(house, from + HOUR_MS);
    report_gone(house, &test, WALL_NEVER);
    house_settle(house);
    assert_int_equal(duty_state(house, zoe, from), DUTY_MISSING);
    assert_int_equal(check_ins_asked(house), 2);
}

/* A check-in whose push did not come back proves nothing, and carries nothing. */
static void test_death__while_another_phone_is_checked_in_with(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    put_device(house, house->jean, "jean-2", PLATFORM_FCM);
    struct sent test = take_up(house, "jean-1", SHIFT_MS - 40 * MINUTE_MS);
    pass_until(house, SHIFT_MS + HOUR_MS);
    struct command *command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in =
        (struct check_in_request){.agent_id = house->jean, .installation = "jean-2"};
    house_run(house, command);
    assert_still_there(house);
    report_gone(house, &test, WALL_NEVER);
    house_settle(house);
    assert_asked_anew(house, 1, ASKED_PHONE_DIED);
}

/* The agent's own token names an alert, and not that its push came. */
static void test_death__of_the_only_phone_that_showed_a_push(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    struct sent test = take_up(house, "jean-1", SHIFT_MS - 40 * MINUTE_MS);
    put_device(house, house->jean, "jean-2", PLATFORM_FCM);
    pass_until(house, SHIFT_MS + HOUR_MS);
    put_procedure(house, "night",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],"
                  "\"by\":[\"push\"],\"accepted_within_s\":60}]}");
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    for (size_t i = 0; i < house->sent_count; i++) {
        if (uuid_equal(house->sent[i].escalation, id) && house->sent[i].path == PATH_PUSH) {
            struct command *command = agent_command(house, id, VERB_RECEIVED, house->jean, NULL);
            command->request.agent.attempt = house->sent[i].attempt;
            house_run(house, command);
            assert_int_equal(command->answer.status, STATUS_OK);
        }
    }
    assert_int_equal(house_number(house, "SELECT count(*) FROM device WHERE proven_at IS NOT NULL"),
                     1);
    report_gone(house, &test, WALL_NEVER);
    house_settle(house);
    assert_asked_anew(house, 1, ASKED_PHONE_DIED);
}

static void test_death__of_a_phone_that_serves_two_customers(void **state)
{
    struct house *house = *state;
    int64_t ours = house->customer_id, jean = house->jean, theirs = 0;
    int64_t zoe = put_other_customer(house, "other", &theirs);
    begin(house, 0);
    (void)register_phone(house, ours, jean, "both", "one-target");
    house->customer_id = theirs;
    put_procedure(house, "prise-de-poste",
                  "{\"steps\":[{\"notify\":[{\"check_in\":\"agent\"}],\"by\":[\"call\"],"
                  "\"accepted_within_s\":600}]}");
    char definition[64];
    (void)snprintf(definition, sizeof definition, "zoe@%lld-%lld", (long long)SHIFT_MS,
                   (long long)(SHIFT_MS + DAY_MS));
    put_rota(house, "principal", definition);
    put_plan(house, "principal");
    (void)register_phone(house, theirs, zoe, "both", "one-target");
    pass_until(house, DUE_MS - MINUTE_MS);
    check_in(house, zoe, "both", true);
    house->customer_id = ours;
    struct sent test = take_up(house, "both", DUE_MS - MINUTE_MS);
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_still_there(house);
    report_gone(house, &test, WALL_NEVER);
    house_settle(house);
    assert_int_equal(check_ins_asked(house), 2);
    assert_int_equal(duty_state(house, jean, SHIFT_MS), DUTY_MISSING);
    assert_int_equal(duty_state(house, zoe, SHIFT_MS), DUTY_MISSING);
}

static void test_taken_over__by_a_colleague(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    (void)register_phone(house, house->customer_id, house->jean, "lent", "one-target");
    (void)take_up(house, "lent", DUE_MS - MINUTE_MS);
    pass_until(house, SHIFT_MS + HOUR_MS);
    (void)register_phone(house, house->customer_id, house->paul, "lent", "one-target");
    house_settle(house);
    assert_asked_anew(house, 1, ASKED_PHONE_DIED);
}

static void test_shared_phone__that_a_colleague_signs_in_on(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    int64_t phone = put_shared_phone(house);
    set_pin(house, house->jean);
    set_pin(house, house->paul);
    assert_int_equal(enter_pin(house, phone, house->jean, true)->answer.status, STATUS_OK);
    (void)take_up(house, "s-1", DUE_MS - MINUTE_MS);
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_still_there(house);
    assert_int_equal(enter_pin(house, phone, house->paul, true)->answer.status, STATUS_OK);
    house_settle(house);
    assert_asked_anew(house, 1, ASKED_PHONE_DIED);
}

/* Nothing asks for a shift that began before its plan: it is not left lapsed for good either. */
static void test_death__under_a_plan_that_was_made_since(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    struct sent test = take_up(house, "jean-1", DUE_MS - MINUTE_MS);
    pass_until(house, SHIFT_MS + HOUR_MS);
    struct command *command = house_command(house, COMMAND_DELETE_CHECK_IN_PLAN);
    command->request.check_in_plan.rota = "principal";
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    begin(house, 0);
    report_gone(house, &test, WALL_NEVER);
    assert_still_there(house);
    assert_string_equal(house->alarm, "device.died_on_shift");
}

/* ---- a phone that is not heard of ---- */

static struct sent *probe_of(struct house *house)
{
    struct sent *sent = &house->sent[house->sent_count - 1];
    assert_int_equal(sent->purpose, PURPOSE_TEST);
    assert_int_equal(sent->severity, SEVERITY_INFO);
    return sent;
}

/* jean's phone was last heard of forty minutes before the shift, where it is looked at. */
static struct sent *begin_quiet(struct house *house)
{
    begin(house, PROBE_MINUTES);
    (void)take_up(house, "jean-1", SHIFT_MS - 40 * MINUTE_MS);
    pass_until(house, SHIFT_MS - 1);
    assert_int_not_equal(house->sent[house->sent_count - 1].severity, SEVERITY_INFO);
    pass_until(house, SHIFT_MS);
    return probe_of(house);
}

static void answer_probe(struct house *house, const struct sent *probe)
{
    struct command *command = house_command(house, COMMAND_CONFIRM_TEST);
    command->customer_id = 0;
    command->request.device_test = (struct device_test_request){
        .test = probe->attempt, .verb = VERB_RECEIVED, .action_token = probe->received};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
}

static void test_probe__that_is_not_answered_asks_anew(void **state)
{
    struct house *house = *state;
    house_outcome(house, begin_quiet(house), ATTEMPT_ACCEPTED);
    pass_until(house, SHIFT_MS + 5 * MINUTE_MS - 1);
    assert_still_there(house);
    pass_until(house, SHIFT_MS + 5 * MINUTE_MS);
    assert_string_equal(house->alarm, "device.silent_on_shift");
    assert_asked_anew(house, 1, ASKED_PHONE_SILENT);
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_int_equal(check_ins_asked(house), 1);
}

static void test_probe__that_is_answered_is_sent_again_after_a_while(void **state)
{
    struct house *house = *state;
    struct sent *probe = begin_quiet(house);
    size_t count = house->sent_count;
    house_outcome(house, probe, ATTEMPT_ACCEPTED);
    pass_until(house, SHIFT_MS + MINUTE_MS);
    answer_probe(house, probe);
    assert_int_equal(house_number(house, "SELECT max(proven_at) FROM device"),
                     SHIFT_MS + MINUTE_MS);
    pass_until(house, SHIFT_MS + 31 * MINUTE_MS - 1);
    assert_int_equal(house->sent_count, count);
    pass_until(house, SHIFT_MS + 31 * MINUTE_MS);
    assert_int_equal(house->sent_count, count + 1);
    (void)probe_of(house);
    assert_still_there(house);
}

/* The provider is down, or had it late: it is sent again, and nobody is asked. */
static void test_probe__that_did_not_leave_proves_nothing(void **state)
{
    struct house *house = *state;
    struct sent *probe = begin_quiet(house);
    size_t count = house->sent_count;
    house_delayed(house, probe);
    house_outcome(house, probe, ATTEMPT_ACCEPTED);
    pass_until(house, SHIFT_MS + 5 * MINUTE_MS);
    assert_still_there(house);
    pass_until(house, SHIFT_MS + 10 * MINUTE_MS);
    assert_int_equal(house->sent_count, count + 1);
    house_outcome(house, probe_of(house), ATTEMPT_FAILED);
    pass_until(house, SHIFT_MS + 20 * MINUTE_MS);
    assert_int_equal(house->sent_count, count + 2);
    assert_still_there(house);
    house_outcome(house, probe_of(house), ATTEMPT_ACCEPTED);
    pass_until(house, SHIFT_MS + 25 * MINUTE_MS);
    assert_asked_anew(house, 1, ASKED_PHONE_SILENT);
}

/* So many in a row are the provider's silence; who answers ends it. */
static void test_probe__in_a_general_silence_asks_nobody(void **state)
{
    struct house *house = *state;
    unsigned *unanswered = house->engine->probe_watch.unanswered;
    house_outcome(house, begin_quiet(house), ATTEMPT_ACCEPTED);
    unanswered[PLATFORM_APNS] = 20;
    pass_until(house, SHIFT_MS + 5 * MINUTE_MS);
    assert_string_equal(house->alarm, "device.silence_is_general");
    assert_still_there(house);
    pass_until(house, SHIFT_MS + 10 * MINUTE_MS);
    answer_probe(house, probe_of(house));
    pass_until(house, SHIFT_MS + 15 * MINUTE_MS);
    assert_int_equal(unanswered[PLATFORM_APNS], 0);
    assert_still_there(house);
}

/* Whatever came through says that the provider works, and not only a probe's answer. */
static void test_probe__in_a_silence_that_a_check_in_ended(void **state)
{
    struct house *house = *state;
    unsigned *unanswered = house->engine->probe_watch.unanswered;
    unanswered[PLATFORM_APNS] = 20;
    unanswered[PLATFORM_FCM] = 20;
    house_outcome(house, begin_quiet(house), ATTEMPT_ACCEPTED);
    assert_int_equal(unanswered[PLATFORM_APNS], 0);
    assert_int_equal(unanswered[PLATFORM_FCM], 20);
    pass_until(house, SHIFT_MS + 5 * MINUTE_MS);
    assert_asked_anew(house, 1, ASKED_PHONE_SILENT);
    unanswered[PLATFORM_APNS] = 20;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    size_t i = house->sent_count;
    while (i-- > 0 && house->sent[i].path != PATH_PUSH) {
    }
    house_run(house, agent_command(house, id, VERB_RECEIVED, 0, house->sent[i].received));
    assert_int_equal(unanswered[PLATFORM_APNS], 0);
}

/* Two shifts of one agent: the newer probe has its time, too. */
static void test_probe__of_another_shift_is_given_its_time(void **state)
{
    struct house *house = *state;
    begin(house, PROBE_MINUTES);
    put_rota(house, "renfort",
             arena_format(house_command(house, COMMAND_PUT_ROTA)->arena, "jean@%lld-%lld",
                          (long long)SHIFT_MS, (long long)(SHIFT_MS + DAY_MS)));
    put_plan(house, "renfort"); /* which does not probe yet */
    (void)take_up(house, "jean-1", SHIFT_MS - 40 * MINUTE_MS);
    pass_until(house, SHIFT_MS);
    house_outcome(house, probe_of(house), ATTEMPT_FAILED);
    pass_until(house, SHIFT_MS + 4 * MINUTE_MS + 10000);
    size_t count = house->sent_count;
    struct command *command = house_command(house, COMMAND_PUT_CHECK_IN_PLAN);
    command->request.check_in_plan = (struct check_in_plan_request){.rota = "renfort",
                                                                    .opens_before_s = 3600,
                                                                    .remind_before_s = 1800,
                                                                    .procedure = "prise-de-poste",
                                                                    .severity = SEVERITY_MAJOR,
                                                                    .probe_s = 600};
    house_run(house, command);
    house_settle(house);
    assert_int_equal(house->sent_count, count + 1);
    house_outcome(house, probe_of(house), ATTEMPT_ACCEPTED);
    pass_until(house, SHIFT_MS + 9 * MINUTE_MS);
    assert_still_there(house);
    pass_until(house, SHIFT_MS + 10 * MINUTE_MS);
    assert_string_equal(house->alarm, "device.silent_on_shift");
}

/* Nothing was heard in a time that is still to come. */
static void test_probe__by_a_wall_that_was_set_back_before(void **state)
{
    struct house *house = *state;
    begin(house, PROBE_MINUTES);
    (void)take_up(house, "jean-1", SHIFT_MS + 2 * HOUR_MS); /* he was asked before */
    house->wall.ms -= HOUR_MS;
    pass_until(house, SHIFT_MS + 90 * MINUTE_MS);
    house_outcome(house, probe_of(house), ATTEMPT_ACCEPTED);
    pass_until(house, SHIFT_MS + 95 * MINUTE_MS);
    assert_asked_anew(house, 2, ASKED_PHONE_SILENT);
}

/* While the rota did not say so, nobody could be asked: the next look finds it. */
static void test_probe__finds_that_no_phone_is_left(void **state)
{
    struct house *house = *state;
    begin(house, PROBE_MINUTES);
    struct sent test = take_up(house, "jean-1", SHIFT_MS - 40 * MINUTE_MS);
    pass_until(house, SHIFT_MS - MINUTE_MS);
    put_rota(house, "principal", "");
    report_gone(house, &test, WALL_NEVER);
    pass_until(house, SHIFT_MS + HOUR_MS);
    assert_still_there(house);
    begin(house, PROBE_MINUTES);
    pass_until(house, SHIFT_MS + HOUR_MS + MINUTE_MS);
    assert_asked_anew(house, 1, ASKED_PHONE_DIED);
}

/* Its target is another since, and the check-in made again with it is not complete. */
static void test_probe__of_a_phone_whose_new_check_in_never_came(void **state)
{
    struct house *house = *state;
    begin(house, PROBE_MINUTES);
    (void)register_phone(house, house->customer_id, house->jean, "turned", "before");
    (void)take_up(house, "turned", SHIFT_MS - 40 * MINUTE_MS);
    pass_until(house, SHIFT_MS - MINUTE_MS);
    (void)register_phone(house, house->customer_id, house->jean, "turned", "after");
    struct command *command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in =
        (struct check_in_request){.agent_id = house->jean, .installation = "turned"};
    house_run(house, command);
    pass_until(house, SHIFT_MS + 4 * MINUTE_MS - 1);
    assert_still_there(house);
    pass_until(house, SHIFT_MS + 4 * MINUTE_MS);
    assert_asked_anew(house, 1, ASKED_PHONE_SILENT);
}

static void test_probe__leaves_who_is_paused_alone(void **state)
{
    struct house *house = *state;
    begin(house, PROBE_MINUTES);
    (void)take_up(house, "jean-1", SHIFT_MS - 40 * MINUTE_MS);
    pass_until(house, SHIFT_MS - MINUTE_MS);
    struct command *command = house_command(house, COMMAND_PAUSE);
    command->request.pause = (struct pause_request){.agent_id = house->jean, .minutes = 10};
    house_run(house, command);
    size_t count = house->sent_count;
    pass_until(house, SHIFT_MS + 9 * MINUTE_MS - 1);
    assert_int_equal(house->sent_count, count);
    pass_until(house, SHIFT_MS + 9 * MINUTE_MS);
    (void)probe_of(house);
}

static void test_probe__is_known_after_a_crash(void **state)
{
    struct house *house = *state;
    house_outcome(house, begin_quiet(house), ATTEMPT_ACCEPTED);
    house_settle(house);
    house_close(house);
    house_open(house);
    house->wall.ms += 2 * HOUR_MS; /* a step of the wall makes nobody late */
    house_settle(house);
    assert_still_there(house);
    pass_until(house, SHIFT_MS + 2 * HOUR_MS + 5 * MINUTE_MS);
    assert_asked_anew(house, 1, ASKED_PHONE_SILENT);
}

/* Nobody has to answer before the shift. */
static void test_probe__waits_for_the_shift(void **state)
{
    struct house *house = *state;
    begin(house, 10);
    (void)take_up(house, "jean-1", SHIFT_MS - 40 * MINUTE_MS);
    size_t count = house->sent_count;
    pass_until(house, SHIFT_MS - 1);
    assert_int_equal(house->sent_count, count);
    pass_until(house, SHIFT_MS);
    (void)probe_of(house);
}

/* The check-in that lapsed lies ahead then, and does not count again. */
static void test_probe__is_judged_by_a_wall_that_was_set_back(void **state)
{
    struct house *house = *state;
    begin(house, PROBE_MINUTES);
    (void)take_up(house, "jean-1", SHIFT_MS + 2 * HOUR_MS); /* he was asked before */
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
    pass_until(house, SHIFT_MS + 150 * MINUTE_MS);
    house_outcome(house, probe_of(house), ATTEMPT_ACCEPTED);
    house_settle(house);
    house->wall.ms -= HOUR_MS;
    pass_until(house, SHIFT_MS + 95 * MINUTE_MS);
    assert_asked_anew(house, 2, ASKED_PHONE_SILENT);
}

/* A plan that begins to probe does so at once; one that ends it, too. */
static void test_probe__follows_the_plan(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    (void)take_up(house, "jean-1", SHIFT_MS - 40 * MINUTE_MS);
    pass_until(house, SHIFT_MS + HOUR_MS);
    size_t count = house->sent_count;
    begin(house, PROBE_MINUTES);
    pass_until(house, SHIFT_MS + HOUR_MS + 1000);
    assert_int_equal(house->sent_count, count + 1);
    house_outcome(house, probe_of(house), ATTEMPT_ACCEPTED);
    begin(house, 0);
    pass_until(house, SHIFT_MS + 3 * HOUR_MS);
    assert_int_equal(house->sent_count, count + 1);
    assert_still_there(house);
}

/* ---- an agent who leaves ---- */

static struct command *check_out(struct house *house)
{
    struct command *command = house_command(house, COMMAND_CHECK_OUT);
    command->request.check_in.agent_id = house->jean;
    house_run(house, command);
    assert_answered(command, "state", "checked_out");
    house_settle(house);
    return command;
}

static void test_check_out__before_the_end_asks_anew(void **state)
{
    struct house *house = *state;
    int64_t zoe = agent_id(house, "zoe");
    begin(house, 0);
    (void)take_up(house, "jean-1", DUE_MS - MINUTE_MS);
    pass_until(house, SHIFT_MS + DAY_MS - 2 * HOUR_MS);
    struct command *command = check_out(house);
    assert_non_null(strstr(command->answer.body, "\"left_early\":[{\"role\":\"principal\""));
    assert_non_null(strstr(command->answer.body, "\"detail\":\"Votre astreinte"));
    assert_asked_anew(house, 1, ASKED_LEFT_EARLY);
    assert_string_equal(last_sent(house, PATH_PUSH)->person, "jean");
    assert_int_equal(on_call_at(house, house->wall.ms), house->jean);
    command = check_out(house);
    assert_non_null(strstr(command->answer.body, "\"left_early\":[]"));
    assert_int_equal(check_ins_asked(house), 1);
    house_run(house, agent_command(house, check_in_escalation(house), VERB_ACCEPT, zoe, NULL));
    house_settle(house);
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_REPLACED);
    assert_int_equal(on_call_at(house, house->wall.ms), zoe);
}

static void test_check_out__at_the_end_tells_nobody(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    struct sent test = take_up(house, "jean-1", DUE_MS - MINUTE_MS);
    pass_until(house, SHIFT_MS + DAY_MS - 40 * MINUTE_MS);
    check_in(house, house->paul, "paul-1", true);
    struct command *command = check_out(house);
    assert_non_null(strstr(command->answer.body, "\"left_early\":[],\"detail\":null"));
    assert_still_there(house);
    report_gone(house, &test, WALL_NEVER); /* nor does a phone that is put away then */
    assert_still_there(house);
}

static void test_check_out__nearly_at_the_end_tells_nobody(void **state)
{
    struct house *house = *state;
    begin(house, 0);
    (void)take_up(house, "jean-1", DUE_MS - MINUTE_MS);
    pass_until(house, SHIFT_MS + DAY_MS - 5 * MINUTE_MS);
    struct command *command = check_out(house);
    assert_non_null(strstr(command->answer.body, "\"left_early\":[]"));
    assert_int_equal(duty_state(house, house->jean, SHIFT_MS), DUTY_TAKEN_UP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHIFTS_TEST(test_death__asks_anew_by_the_other_ways),
        SHIFTS_TEST(test_death__of_one_of_two_proven_phones_asks_nobody),
        SHIFTS_TEST(test_death__leaves_a_phone_that_was_not_proven),
        SHIFTS_TEST(test_death__before_the_reminder_is_asked_then),
        SHIFTS_TEST(test_death__survives_a_crash_and_a_step_of_the_wall),
        SHIFTS_TEST(test_death__is_not_what_a_key_proved),
        SHIFTS_TEST(test_log_out__during_a_shift_asks_anew),
        SHIFTS_TEST(test_denied__asks_anew),
        SHIFTS_TEST(test_denied__on_one_of_two_phones_asks_nobody),
        SHIFTS_TEST(test_denied__before_the_reminder_is_asked_then),
        SHIFTS_TEST(test_denied__on_a_shared_phone),
        SHIFTS_TEST(test_death__of_a_phone_checked_in_behind_a_key),
        SHIFTS_TEST(test_death__of_the_phone_of_a_replacement),
        SHIFTS_TEST(test_death__while_another_phone_is_checked_in_with),
        SHIFTS_TEST(test_death__of_the_only_phone_that_showed_a_push),
        SHIFTS_TEST(test_death__of_a_phone_that_serves_two_customers),
        SHIFTS_TEST(test_taken_over__by_a_colleague),
        SHIFTS_TEST(test_shared_phone__that_a_colleague_signs_in_on),
        SHIFTS_TEST(test_death__under_a_plan_that_was_made_since),
        SHIFTS_TEST(test_probe__that_is_not_answered_asks_anew),
        SHIFTS_TEST(test_probe__that_is_answered_is_sent_again_after_a_while),
        SHIFTS_TEST(test_probe__that_did_not_leave_proves_nothing),
        SHIFTS_TEST(test_probe__in_a_general_silence_asks_nobody),
        SHIFTS_TEST(test_probe__in_a_silence_that_a_check_in_ended),
        SHIFTS_TEST(test_probe__of_another_shift_is_given_its_time),
        SHIFTS_TEST(test_probe__by_a_wall_that_was_set_back_before),
        SHIFTS_TEST(test_probe__finds_that_no_phone_is_left),
        SHIFTS_TEST(test_probe__of_a_phone_whose_new_check_in_never_came),
        SHIFTS_TEST(test_probe__leaves_who_is_paused_alone),
        SHIFTS_TEST(test_probe__is_known_after_a_crash),
        SHIFTS_TEST(test_probe__waits_for_the_shift),
        SHIFTS_TEST(test_probe__is_judged_by_a_wall_that_was_set_back),
        SHIFTS_TEST(test_probe__follows_the_plan),
        SHIFTS_TEST(test_check_out__before_the_end_asks_anew),
        SHIFTS_TEST(test_check_out__at_the_end_tells_nobody),
        SHIFTS_TEST(test_check_out__nearly_at_the_end_tells_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
