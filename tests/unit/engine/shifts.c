#include "tests/unit/engine/shifts.h"

#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"

#define TEXT_BYTES 1024

static void run(struct house *house, struct command *command)
{
    house_run(house, command);
    if (command->answer.status != STATUS_OK) {
        fail_msg("%s: %s", status_slug(command->answer.status), command->answer.error.text);
    }
}

void put_shifts(struct house *house, const char *rota, const char *hand_over, const char *agents,
                const char *overrides)
{
    struct command *command = house_command(house, COMMAND_PUT_ROTA);
    command->request.definition = (struct definition_request){
        .slug = rota,
        .definition = arena_format(command->arena,
                                   "{\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2026-10-01\","
                                   "\"hand_over\":{\"time\":\"%s\"},\"participants\":[%s]}],"
                                   "\"overrides\":[%s]}",
                                   hand_over, agents, overrides),
    };
    run(house, command);
    house_settle(house);
}

void put_plan(struct house *house, const char *rota)
{
    struct command *command = house_command(house, COMMAND_PUT_CHECK_IN_PLAN);
    command->request.check_in_plan = (struct check_in_plan_request){.rota = rota,
                                                                    .opens_before_s = 3600,
                                                                    .remind_before_s = 1800,
                                                                    .procedure = "prise-de-poste",
                                                                    .severity = SEVERITY_MAJOR};
    run(house, command);
    house_settle(house);
}

int shifts_setup(void **state)
{
    int rc = house_setup(state);
    if (rc != 0) {
        return rc;
    }
    struct house *house = *state;
    put_agent(house, "zoe", "+33600000004", true);
    put_device(house, agent_id(house, "zoe"), "zoe-1", PLATFORM_FCM);
    put_procedure(
        house, "prise-de-poste",
        "{\"rounds\":1,\"steps\":["
        "{\"notify\":[{\"check_in\":\"agent\"}],\"by\":[\"push\"],\"accepted_within_s\":300},"
        "{\"notify\":[{\"check_in\":\"agent\"}],\"by\":[\"call\"],\"accepted_within_s\":60},"
        "{\"notify\":[{\"contact\":\"chief\"}],\"by\":[\"call\"],\"accepted_within_s\":60},"
        "{\"notify\":[{\"agent\":\"zoe\"}],\"by\":[\"push\",\"call\"],\"accepted_within_s\":60}],"
        "\"exhausted\":[{\"callback\":\"call-centre\"}]}");
    return 0;
}

void pass_until(struct house *house, int64_t wall_ms)
{
    while (house->wall.ms < wall_ms) { /* deadlines are met on the way */
        int64_t left_ms = wall_ms - house->wall.ms;
        house_settle(house);
        house_advance(house, left_ms < 30000 ? left_ms : 30000);
    }
    house_settle(house);
}

int64_t check_ins_asked(struct house *house)
{
    return house_number(house, "SELECT count(*) FROM escalation WHERE check_in_agent <> 0");
}

struct uuid check_in_escalation(struct house *house)
{
    for (size_t i = house->sent_count; i-- > 0;) {
        if (house->sent[i].check_in_agent != 0) {
            return house->sent[i].escalation;
        }
    }
    fail_msg("nobody was asked for a check-in");
    return (struct uuid){{0}};
}

int64_t duty_state(struct house *house, int64_t agent, int64_t shift_ms)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "SELECT coalesce((SELECT state FROM check_in_duty WHERE agent_id = %lld AND "
                   "shift_from_at = %lld), -1)",
                   (long long)agent, (long long)shift_ms);
    return house_number(house, sql);
}

int64_t on_call_at(struct house *house, int64_t wall_ms)
{
    const struct directory_customer *customer =
        directory_customer(house->engine->current, house->customer_id);
    const struct directory_person *agent = NULL;
    return people_on_call(customer, "principal", (struct wall_time){wall_ms}, &agent, 1) == 1
               ? agent->id
               : 0;
}

void check_in(struct house *house, int64_t agent, const char *installation, bool heard)
{
    struct command *command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in =
        (struct check_in_request){.agent_id = agent, .installation = installation};
    run(house, command);
    house_settle(house);
    const struct sent *test = &house->sent[house->sent_count - 1];
    assert_int_equal(test->purpose, PURPOSE_TEST);
    for (int i = 0; i <= heard; i++) {
        command = house_command(house, COMMAND_CONFIRM_TEST);
        command->request.device_test =
            (struct device_test_request){.test = test->attempt,
                                         .verb = i == 0 ? VERB_RECEIVED : VERB_SEEN,
                                         .action_token = test->received};
        run(house, command);
    }
    house_settle(house);
}

const struct sent *last_sent(struct house *house, enum path path)
{
    for (size_t i = house->sent_count; i-- > 0;) {
        if (house->sent[i].path == path && house->sent[i].check_in_agent != 0) {
            return &house->sent[i];
        }
    }
    fail_msg("nothing was sent by %s", path_word(path));
    return NULL;
}

struct command *press_key(struct house *house, enum attempt_answer answer)
{
    struct command *command = house_command(house, COMMAND_CALL_OUTCOME);
    command->customer_id = 0;
    command->request.call = (struct call_outcome_request){
        .attempt = last_sent(house, PATH_CALL)->attempt, .answer = answer};
    run(house, command);
    house_settle(house);
    return command;
}
