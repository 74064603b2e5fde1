/* test_team.c - who is asked by name, joins and takes over; what of it outlives the process. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

static struct command *assign(struct house *house, struct uuid id, const char *agent,
                              enum offer_role role)
{
    struct command *command = desk_command(house, id, DESK_ASSIGN);
    command->request.desk.agent = agent;
    command->request.desk.role = role;
    house_run(house, command);
    return command;
}

static struct command *say(struct house *house, struct uuid id, enum agent_verb verb, int64_t agent)
{
    struct command *command = agent_command(house, id, verb, agent, NULL);
    house_run(house, command);
    return command;
}

static size_t sent_of(const struct house *house, enum attempt_purpose purpose)
{
    size_t count = 0;
    for (size_t i = 0; i < house->sent_count; i++) {
        count += house->sent[i].purpose == purpose;
    }
    return count;
}

/* An escalation that jean holds. */
static struct uuid held_by_jean(struct house *house)
{
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    struct command *command = say(house, id, VERB_ACCEPT, house->jean);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_answered(command, "you", "holder");
    return id;
}

static void assert_holder(struct house *house, struct uuid id, int64_t agent)
{
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_int_equal(escalation.state, ESCALATION_ACCEPTED);
    assert_int_equal(escalation.holder.kind, PERSON_AGENT);
    assert_int_equal(escalation.holder.id, agent);
}

/* The holder keeps it over an offer and a crash; who accepts has it in the same transaction. */
static void test_offer__takes_it_from_nobody(void **state)
{
    struct house *house = *state;
    struct uuid id = held_by_jean(house);
    struct escalation escalation;
    assert_int_equal(assign(house, id, "paul", OFFER_AS_HOLDER)->answer.status, STATUS_OK);
    assert_int_equal(assign(house, id, "paul", OFFER_AS_HOLDER)->answer.status, STATUS_OK);
    assert_int_equal(house_entries(house, id, ENTRY_OFFERED), 1);
    assert_int_equal(sent_of(house, PURPOSE_OFFER), 2); /* by push and by call */
    assert_holder(house, id, house->jean);
    house_close(house);
    house_open(house);
    house_read(house, id, &escalation);
    assert_int_equal(escalation.offers_count, 1);
    assert_int_equal(escalation.offers[0].id, house->paul);
    assert_holder(house, id, house->jean);
    struct command *command = say(house, id, VERB_ACCEPT, house->paul);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_answered(command, "you", "holder");
    assert_holder(house, id, house->paul);
    house_read(house, id, &escalation);
    assert_int_equal(escalation.offers_count, 0);
    assert_int_equal(escalation.members_count, 0);
    assert_int_equal(say(house, id, VERB_DONE, house->jean)->answer.status,
                     STATUS_ALREADY_ACCEPTED);
}

/* Unanswered it ends, and the desk has something to do. */
static void test_offer__runs_out(void **state)
{
    struct house *house = *state;
    struct uuid id = held_by_jean(house);
    (void)assign(house, id, "paul", OFFER_AS_HOLDER);
    house_advance(house, 300001);
    house_settle(house);
    assert_int_equal(house_entries(house, id, ENTRY_OFFER_ENDED), 1);
    assert_int_equal(
        house_number(house, "SELECT count(*) FROM desk_task WHERE kind = 4 AND done_at IS NULL"),
        1);
    assert_int_equal(say(house, id, VERB_ACCEPT, house->paul)->answer.status,
                     STATUS_ALREADY_ACCEPTED);
    assert_holder(house, id, house->jean);
}

static void test_offer__is_refused_with_a_remedy(void **state)
{
    struct house *house = *state;
    struct uuid id = held_by_jean(house);
    struct command *command = assign(house, id, "nobody", OFFER_AS_HOLDER);
    assert_int_equal(command->answer.status, STATUS_INVALID);
    assert_string_equal(command->answer.error.pointer, "/agent");
    assert_int_equal(assign(house, id, "jean", OFFER_AS_HOLDER)->answer.status, STATUS_OK);
    assert_int_equal(assign(house, id, "jean", OFFER_AS_MEMBER)->answer.status, STATUS_WRONG_ORDER);
    command = agent_command(house, id, VERB_HAND_OVER, house->paul, NULL);
    command->request.agent.to = "jean";
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_ALREADY_ACCEPTED);
    command = agent_command(house, id, VERB_HAND_OVER, house->jean, NULL);
    command->request.agent.to = "zoe";
    house_run(house, command);
    assert_string_equal(command->answer.error.pointer, "/to");
    command = agent_command(house, id, VERB_HAND_OVER, house->jean, NULL);
    command->request.agent.to = "jean"; /* who waits for an answer then waits for nobody */
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_INVALID);
    assert_string_equal(command->answer.error.pointer, "/to");
    assert_int_equal(house_entries(house, id, ENTRY_OFFERED), 0);
}

/* Members report for themselves; the last one who is done ends it. */
static void test_members__report_for_themselves(void **state)
{
    struct house *house = *state;
    struct uuid id = held_by_jean(house);
    struct escalation escalation;
    struct command *command = say(house, id, VERB_JOIN, house->paul);
    assert_int_equal(command->answer.status, STATUS_FORBIDDEN); /* neither asked nor on call */
    (void)assign(house, id, "paul", OFFER_AS_MEMBER);
    command = say(house, id, VERB_JOIN, house->paul);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_answered(command, "you", "member");
    command = say(house, id, VERB_ON_SITE, house->paul);
    assert_int_equal(command->answer.status, STATUS_OK);
    house_close(house);
    house_open(house);
    house_read(house, id, &escalation);
    assert_int_equal(escalation.intervention, INTERVENTION_ACCEPTED);
    assert_int_equal(escalation.members_count, 1);
    assert_int_equal(escalation.members[0].intervention, INTERVENTION_ON_SITE);
    assert_int_equal(say(house, id, VERB_DONE, house->jean)->answer.status, STATUS_OK);
    assert_int_equal(say(house, id, VERB_DONE, house->jean)->answer.status, STATUS_OK);
    assert_holder(house, id, house->paul);
    assert_int_equal(say(house, id, VERB_DONE, house->paul)->answer.status, STATUS_OK);
    house_read(house, id, &escalation);
    assert_int_equal(escalation.state, ESCALATION_DONE);
    assert_int_equal(escalation.members_count, 1);
    assert_int_equal(escalation.members[0].id, house->jean);
}

/* Who left the customer meanwhile gets nothing from the holder who is done. */
static void test_done__is_left_to_nobody_who_left(void **state)
{
    struct house *house = *state;
    struct uuid id = held_by_jean(house);
    struct escalation escalation;
    (void)assign(house, id, "paul", OFFER_AS_MEMBER);
    assert_int_equal(say(house, id, VERB_JOIN, house->paul)->answer.status, STATUS_OK);
    put_agent(house, "paul", "+33612345679", false);
    house_settle(house);
    assert_int_equal(say(house, id, VERB_DONE, house->jean)->answer.status, STATUS_OK);
    house_read(house, id, &escalation);
    assert_int_equal(escalation.state, ESCALATION_DONE);
    assert_int_equal(escalation.holder.id, house->jean);
}

/* A notification that is still on the phone of who left, or was kept from it, accepts nothing. */
static void test_accept__by_a_token_of_who_left(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    const struct sent *sent = &house->sent[house->sent_count - 1];
    assert_string_equal(sent->person, "jean");
    put_agent(house, "jean", "+33600000001", false);
    house_settle(house);
    struct command *command = agent_command(house, id, VERB_ACCEPT, 0, sent->accept);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_UNAUTHENTICATED);
    command = agent_command(house, id, VERB_RECEIVED, 0, sent->received);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    put_agent(house, "jean", "+33600000001", true);
    house_settle(house);
    house_run(house, command = agent_command(house, id, VERB_ACCEPT, 0, sent->accept));
    assert_answered(command, "you", "holder");
}

/* On call for any role is as good as being asked; leaving is for members. */
static void test_join__is_for_who_is_on_call(void **state)
{
    struct house *house = *state;
    put_rota(house, "renfort", "paul");
    struct uuid id = held_by_jean(house);
    struct escalation escalation;
    assert_int_equal(say(house, id, VERB_JOIN, house->paul)->answer.status, STATUS_OK);
    assert_int_equal(say(house, id, VERB_JOIN, house->paul)->answer.status, STATUS_OK);
    assert_int_equal(house_entries(house, id, ENTRY_MEMBER_JOINED), 1);
    assert_int_equal(say(house, id, VERB_LEAVE, house->jean)->answer.status, STATUS_WRONG_ORDER);
    assert_int_equal(say(house, id, VERB_LEAVE, house->paul)->answer.status, STATUS_OK);
    house_read(house, id, &escalation);
    assert_int_equal(escalation.members_count, 0);
    assert_holder(house, id, house->jean);
}

/* Two are wanted: the second acceptance is a member's, after a crash too. */
static void test_acceptances__are_sought_beside_the_holder(void **state)
{
    struct house *house = *state;
    put_procedure(
        house, "night",
        "{\"rounds\":1,\"steps\":[{\"notify\":[{\"on_call\":\"duty\"},{\"agent\":\"paul\"}"
        "],\"by\":[\"push\"],\"accepted_within_s\":60,\"acceptances\":2}],"
        "\"exhausted\":[{\"callback\":\"call-centre\"}]}");
    struct uuid id = held_by_jean(house);
    struct escalation escalation;
    house_close(house);
    house_open(house);
    house_read(house, id, &escalation);
    assert_true(escalation_seeks_members(&escalation));
    assert_int_equal(escalation.wanted, 2);
    struct command *command = say(house, id, VERB_ACCEPT, house->paul);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_answered(command, "you", "member");
    assert_int_equal(house_entries(house, id, ENTRY_TEAM_COMPLETE), 1);
    assert_holder(house, id, house->jean);

    id = held_by_jean(house);
    house_advance(house, 61000);
    house_settle(house);
    assert_int_equal(house_entries(house, id, ENTRY_TEAM_SHORT), 1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM desk_task WHERE kind = 5"), 1);
    assert_int_equal(say(house, id, VERB_ACCEPT, house->paul)->answer.status,
                     STATUS_ALREADY_ACCEPTED);
    static const char open_tasks[] = "SELECT count(*) FROM desk_task WHERE done_at IS NULL";
    assert_int_equal(house_number(house, open_tasks), 1);
    assert_int_equal(say(house, id, VERB_DONE, house->jean)->answer.status, STATUS_OK);
    assert_int_equal(house_number(house, open_tasks), 0); /* nobody is to be found any more */
}

/* Who is asked by a call presses a key; what only tells asks nothing. */
static void test_offer__is_answered_by_key(void **state)
{
    struct house *house = *state;
    struct uuid id = held_by_jean(house);
    (void)assign(house, id, "paul", OFFER_AS_HOLDER);
    struct command *command = house_command(house, COMMAND_CALL_OUTCOME);
    for (size_t i = 0; i < house->sent_count; i++) {
        if (house->sent[i].purpose == PURPOSE_OFFER && house->sent[i].path == PATH_CALL) {
            command->request.call.attempt = house->sent[i].attempt;
        }
    }
    command->request.call.answer = ANSWER_ACCEPTED;
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_holder(house, id, house->paul);
    assert_int_equal(sent_of(house, PURPOSE_TEAM), 1); /* jean is told */
}

/* zoe is on call as the backup, and paul holds a ticket of his own. */
static struct uuid busy_paul(struct house *house)
{
    put_agent(house, "zoe", "+33611111119", true);
    put_device(house, agent_id(house, "zoe"), "zoe-1", PLATFORM_FCM);
    put_rota(house, PROCEDURE_WHEN_BUSY, "zoe");
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(say(house, id, VERB_ACCEPT, house->paul)->answer.status, STATUS_OK);
    house_settle(house);
    return id;
}

static void assert_offers(struct house *house, struct uuid id, int count, enum offer_origin last)
{
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_int_equal(escalation.offers_count, count);
    assert_int_equal(escalation.offers[count - 1].origin, last);
    assert_int_equal(escalation.offers[count - 1].until.ms, escalation.offers[0].until.ms);
}

/* Both are asked, over a crash; whoever comes first has it, and the other is told who. */
static void test_busy__has_the_backup_asked_as_well(void **state)
{
    struct house *house = *state;
    (void)busy_paul(house);
    struct uuid id = held_by_jean(house);
    assert_int_equal(assign(house, id, "paul", OFFER_AS_HOLDER)->answer.status, STATUS_OK);
    assert_int_equal(sent_of(house, PURPOSE_OFFER), 4); /* by push and by call, each */
    assert_offers(house, id, 2, OFFER_BY_BACKUP);
    assert_int_equal(house_entries(house, id, ENTRY_BACKED_UP), 1);
    house_close(house);
    house_open(house);
    assert_offers(house, id, 2, OFFER_BY_BACKUP);
    assert_int_equal(say(house, id, VERB_ACCEPT, agent_id(house, "zoe"))->answer.status, STATUS_OK);
    assert_holder(house, id, agent_id(house, "zoe"));
    assert_int_equal(house_entries(house, id, ENTRY_OFFER_ENDED), 1);
    struct command *command = say(house, id, VERB_ACCEPT, house->paul);
    assert_int_equal(command->answer.status, STATUS_ALREADY_ACCEPTED);
    assert_non_null(strstr(command->answer.error.text, "zoe"));
    assert_holder(house, id, agent_id(house, "zoe"));
}

/* What keeps them busy is open, another ticket, and the procedure's affair. */
static void test_busy__only_with_something_else(void **state)
{
    struct house *house = *state;
    struct uuid other = busy_paul(house), id = held_by_jean(house);
    (void)assign(house, other, "paul", OFFER_AS_HOLDER); /* he has it */
    (void)assign(house, id, "zoe", OFFER_AS_MEMBER);     /* she is free */
    assert_offers(house, id, 1, OFFER_BY_DESK);
    assert_int_equal(say(house, other, VERB_DONE, house->paul)->answer.status, STATUS_OK);
    id = held_by_jean(house);
    (void)assign(house, id, "paul", OFFER_AS_MEMBER);
    assert_int_equal(say(house, id, VERB_JOIN, house->paul)->answer.status, STATUS_OK);
    (void)assign(house, id, "paul", OFFER_AS_HOLDER); /* at work on this one */
    assert_offers(house, id, 1, OFFER_BY_DESK);
    struct uuid third = held_by_jean(house);
    (void)assign(house, third, "paul", OFFER_AS_MEMBER); /* a member is busy for others */
    assert_offers(house, third, 2, OFFER_BY_BACKUP);
    put_procedure(house, "night",
                  "{\"when_busy\":\"\",\"steps\":[{\"notify\":[{\"on_call\":\"duty\"}],\"by\":["
                  "\"push\"],\"accepted_within_s\":60}]}");
    third = held_by_jean(house);
    (void)assign(house, third, "paul", OFFER_AS_MEMBER);
    assert_offers(house, third, 1, OFFER_BY_DESK);
}

/* The holder asks somebody in the lift; asked anew for something else, they are out of it. */
static void test_paused__has_the_backup_asked_as_well(void **state)
{
    struct house *house = *state;
    assert_int_equal(say(house, busy_paul(house), VERB_DONE, house->paul)->answer.status,
                     STATUS_OK);
    struct command *command = house_command(house, COMMAND_PAUSE);
    command->request.pause = (struct pause_request){.agent_id = house->paul, .minutes = 5};
    house_run(house, command);
    struct uuid id = held_by_jean(house);
    command = agent_command(house, id, VERB_HAND_OVER, house->jean, NULL);
    command->request.agent.to = "paul";
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_offers(house, id, 2, OFFER_BY_BACKUP);
    house_advance(house, 5 * 60000 - 1);
    (void)assign(house, id, "paul", OFFER_AS_MEMBER);
    assert_int_equal(house_entries(house, id, ENTRY_BACKED_UP), 2);
    house_advance(house, 1);
    command = desk_command(house, id, DESK_ASSIGN);
    command->request.desk.agent = "paul";
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_int_equal(house_entries(house, id, ENTRY_BACKED_UP), 2);
}

/* Who is on call when the holder's shift ends has a ticket already. */
static void test_busy__as_the_relief(void **state)
{
    struct house *house = *state;
    char shifts[96];
    int64_t ends_ms = house->wall.ms + 600000;
    (void)busy_paul(house);
    (void)snprintf(shifts, sizeof shifts, "jean@0-%lld paul@%lld-%lld", (long long)ends_ms,
                   (long long)ends_ms, (long long)ends_ms + 86400000);
    put_rota(house, "duty", shifts);
    house_settle(house);
    struct uuid id = held_by_jean(house);
    house_advance(house, 600001);
    house_settle(house);
    assert_offers(house, id, 2, OFFER_BY_BACKUP);
    assert_holder(house, id, house->jean);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_offer__takes_it_from_nobody),
        HOUSE_TEST(test_offer__runs_out),
        HOUSE_TEST(test_offer__is_refused_with_a_remedy),
        HOUSE_TEST(test_members__report_for_themselves),
        HOUSE_TEST(test_done__is_left_to_nobody_who_left),
        HOUSE_TEST(test_accept__by_a_token_of_who_left),
        HOUSE_TEST(test_join__is_for_who_is_on_call),
        HOUSE_TEST(test_acceptances__are_sought_beside_the_holder),
        HOUSE_TEST(test_offer__is_answered_by_key),
        HOUSE_TEST(test_busy__has_the_backup_asked_as_well),
        HOUSE_TEST(test_busy__only_with_something_else),
        HOUSE_TEST(test_paused__has_the_backup_asked_as_well),
        HOUSE_TEST(test_busy__as_the_relief),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
