/* chores_check_in.c - shifts that are taken up, missed, and taken by another. */
#include "tests/unit/engine/chores.h"

#include <stdio.h>

#include "gateway/engine/engine_private.h"

struct command *chore_check_out_with_a_note(struct house *house)
{
    struct command *command = chore_check_out(house);
    command->request.check_in.note = "the lift";
    return command;
}

/* The rota "garde": one shift of this agent, so long from now. */
static void put_garde(struct house *house, const char *agent, int64_t from_ms, int64_t to_ms)
{
    char rota[96];
    from_ms += house->wall.ms;
    to_ms += house->wall.ms;
    (void)snprintf(rota, sizeof rota, "%s@%lld-%lld", agent, (long long)from_ms, (long long)to_ms);
    put_rota(house, "garde", rota);
}

/* A rota "garde" of jean's shift, which begins in an hour, and its plan. */
static struct command *plan_shift(struct house *house)
{
    put_procedure(house, "prise-de-poste",
                  "{\"rounds\":1,\"steps\":[{\"notify\":[{\"check_in\":\"agent\"}],"
                  "\"by\":[\"push\",\"call\"],\"accepted_within_s\":300}]}");
    put_garde(house, "jean", 3600000, 4 * 3600000);
    struct command *command = house_command(house, COMMAND_PUT_CHECK_IN_PLAN);
    command->request.check_in_plan = (struct check_in_plan_request){.rota = "garde",
                                                                    .opens_before_s = 7200,
                                                                    .remind_before_s = 1800,
                                                                    .procedure = "prise-de-poste",
                                                                    .severity = SEVERITY_MAJOR};
    return command;
}

struct command *chore_plan_check_ins(struct house *house)
{
    struct command *command = plan_shift(house);
    house_advance(house, 30 * 60000); /* it is due as soon as there is a plan */
    command->received_at = house->wall;
    return command;
}

struct command *chore_miss_a_shift(struct house *house)
{
    house_run(house, plan_shift(house));
    house_settle(house);
    house_advance(house, 30 * 60000);
    return NULL;
}

struct command *chore_unplan_check_ins(struct house *house)
{
    (void)chore_miss_a_shift(house);
    house_settle(house);
    struct command *command = house_command(house, COMMAND_DELETE_CHECK_IN_PLAN);
    command->request.check_in_plan.rota = "garde";
    return command;
}

static void miss_a_shift(struct house *house)
{
    (void)chore_miss_a_shift(house);
    house_settle(house);
}

/* The check-in whose test push is at hand, heard. */
static struct command *hear_check_in(struct house *house)
{
    struct command *command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in =
        (struct check_in_request){.agent_id = house->jean, .installation = "jean-1"};
    house_run(house, command);
    house_settle(house);
    const struct sent *sent = &house->sent[house->sent_count - 1];
    command = house_command(house, COMMAND_CONFIRM_TEST);
    command->request.device_test = (struct device_test_request){
        .test = sent->attempt, .verb = VERB_SEEN, .action_token = sent->received};
    return command;
}

struct command *chore_take_up_a_shift(struct house *house)
{
    house_run(house, plan_shift(house));
    house_run(house, hear_check_in(house));
    house_settle(house);
    house_advance(house, 30 * 60000);
    return NULL;
}

/* Jean has the shift, which begins just now. */
static void have_a_shift(struct house *house, int64_t probe_s)
{
    put_device(house, house->jean, "jean-1", PLATFORM_APNS);
    struct command *command = plan_shift(house);
    command->request.check_in_plan.probe_s = probe_s;
    house_run(house, command);
    house_run(house, hear_check_in(house));
    house_settle(house);
    house_advance(house, 30 * 60000);
    house_settle(house);
    house_advance(house, 30 * 60000);
}

struct command *chore_lose_the_phone_of_a_shift(struct house *house)
{
    have_a_shift(house, 0);
    struct command *command = house_command(house, COMMAND_DELETE_DEVICE);
    command->request.device =
        (struct device_request){.agent_id = house->jean, .installation = "jean-1"};
    return command;
}

struct command *chore_leave_a_shift(struct house *house)
{
    have_a_shift(house, 0);
    return chore_check_out_with_a_note(house);
}

struct command *chore_probe_a_phone(struct house *house)
{
    have_a_shift(house, 1800);
    return NULL;
}

struct command *chore_judge_a_probe(struct house *house)
{
    have_a_shift(house, 1800);
    size_t last = house->sent_count;
    house_settle(house);
    while (last < house->sent_count && house->sent[last].severity != SEVERITY_INFO) {
        last++;
    }
    assert_true(last < house->sent_count); /* the probe */
    house_run(house, outcome_command(house, COMMAND_TRANSPORT_OUTCOME, house->sent[last].attempt,
                                     ATTEMPT_ACCEPTED));
    house_settle(house);
    house_advance(house, 5 * 60000);
    return NULL;
}

struct command *chore_pass_a_shift(struct house *house)
{
    house_run(house, plan_shift(house));
    house_settle(house);
    house_advance(house, 5 * 3600000);
    return NULL;
}

struct command *chore_hear_of_check_in(struct house *house)
{
    miss_a_shift(house);
    return hear_check_in(house);
}

struct command *chore_press_a_key_for_check_in(struct house *house)
{
    miss_a_shift(house);
    size_t last = house->sent_count - 1;
    while (house->sent[last].path != PATH_CALL) {
        last--;
    }
    struct command *command = house_command(house, COMMAND_CALL_OUTCOME);
    command->customer_id = 0;
    command->request.call = (struct call_outcome_request){.attempt = house->sent[last].attempt,
                                                          .answer = ANSWER_ACCEPTED};
    return command;
}

struct command *chore_replace(struct house *house)
{
    miss_a_shift(house);
    return agent_command(house, house->sent[house->sent_count - 1].escalation, VERB_ACCEPT,
                         house->paul, NULL);
}

struct command *chore_withdraw_a_shift(struct house *house)
{
    miss_a_shift(house);
    put_garde(house, "paul", 1800000, 4 * 3600000);
    return NULL;
}

struct command *chore_pause(struct house *house)
{
    house_advance(house, 3600000); /* the trunk is free of the calls of earlier tries */
    (void)open_one(house);         /* which asks Jean, and calls him then */
    struct command *command = house_command(house, COMMAND_PAUSE);
    command->request.pause =
        (struct pause_request){.agent_id = house->jean, .minutes = 10, .reason = "lift"};
    return command;
}

struct command *chore_pause_again(struct house *house)
{
    house_run(house, chore_pause(house));
    struct command *command = house_command(house, COMMAND_PAUSE);
    command->request.pause = (struct pause_request){
        .agent = "jean", .minutes = 20, .reason = "lift", .operator_name = "Lucie"};
    return command;
}

struct command *chore_be_back(struct house *house)
{
    house_run(house, chore_pause(house));
    struct command *command = house_command(house, COMMAND_PAUSE);
    command->request.pause.agent_id = house->jean;
    return command;
}

/* With somebody beside whoever is busy: the rows say who is. */
struct command *chore_offer_another(struct house *house)
{
    put_rota(house, PROCEDURE_WHEN_BUSY, "paul");
    house_settle(house);
    return escalate_command(house, SEVERITY_CRITICAL, NULL);
}
