/* test_desk.c - what each verb of the desk does, and what a caller who is split off takes along. */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

static void escalate_to(struct house *house, const char *key, struct command **command_r)
{
    *command_r = escalate_command(house, SEVERITY_MINOR, NULL);
    (*command_r)->request.escalate.dedup_key = key;
    (*command_r)->request.escalate.drill = true;
    (*command_r)->request.escalate.promised_ms = 600000;
}

static void assert_answers(struct house *house, struct command *command, const char *state)
{
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_answered(command, "state", state);
}

/* One verb after the other; each leaves its own mark on the timeline. */
static void test_desk__each_verb_does_its_own(void **state)
{
    struct house *house = *state;
    struct escalation escalation;
    struct uuid id = house_escalate(house, SEVERITY_MINOR);
    struct command *command = desk_command(house, id, DESK_NOTE);
    command->request.desk.text = "a note";
    assert_answers(house, command, "notifying");
    assert_int_equal(house_entries(house, id, ENTRY_NOTE), 1);

    command = desk_command(house, id, DESK_SEVERITY);
    command->request.desk.severity = SEVERITY_CRITICAL;
    assert_answers(house, command, "notifying");
    assert_answered(command, "severity", "critical");

    assert_answers(house, desk_command(house, id, DESK_TAKE), "taken");
    house_read(house, id, &escalation);
    assert_int_equal(escalation.holder.kind, PERSON_OPERATOR);
    assert_string_equal(escalation.holder.name, "Zoé");
    assert_int_equal(escalation.holder_path, PATH_DESK);

    assert_answers(house, desk_command(house, id, DESK_RESUME), "notifying");
    house_read(house, id, &escalation);
    assert_int_equal(escalation.holder.kind, PERSON_NONE);
    assert_int_equal(house_entries(house, id, ENTRY_RESUMED), 1);

    command = desk_command(house, id, DESK_CALLED_BACK);
    command->request.desk.caller = 1;
    assert_answers(house, command, "notifying");
    assert_int_equal(house_entries(house, id, ENTRY_CALLED_BACK), 1);

    assert_answers(house, desk_command(house, id, DESK_TAKE), "taken");
    assert_answers(house, desk_command(house, id, DESK_DONE), "done");
    assert_int_equal(house_entries(house, id, ENTRY_DONE), 1);
    assert_int_equal(house_entries(house, id, ENTRY_CANCELLED), 0);

    id = house_escalate(house, SEVERITY_MINOR);
    assert_answers(house, desk_command(house, id, DESK_CANCEL), "cancelled");
    assert_int_equal(house_entries(house, id, ENTRY_CANCELLED), 1);
}

/* What the agent said on the telephone is the agent's, whichever of the verbs it was. */
static void test_on_behalf__each_verb_is_the_agents(void **state)
{
    struct house *house = *state;
    static const struct {
        enum agent_verb verb;
        const char *state;
        enum intervention intervention;
    } said[] = {
        {VERB_ACCEPT, "accepted", INTERVENTION_ACCEPTED},
        {VERB_REMOTE, "accepted", INTERVENTION_REMOTE},
        {VERB_ON_MY_WAY, "accepted", INTERVENTION_ON_MY_WAY},
        {VERB_ON_SITE, "accepted", INTERVENTION_ON_SITE},
        {VERB_HAND_BACK, "exhausted", INTERVENTION_NONE},
        {VERB_DECLINE, "exhausted", INTERVENTION_NONE},
        {VERB_ACCEPT, "accepted", INTERVENTION_ACCEPTED},
        {VERB_DONE, "done", INTERVENTION_DONE},
    };
    const struct wall_time eta = {house->wall.ms + 300000};
    struct uuid id = house_escalate(house, SEVERITY_MINOR);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        struct escalation escalation;
        struct command *command = desk_command(house, id, DESK_ON_BEHALF);
        command->request.desk.agent = "paul";
        command->request.desk.agent_verb = said[i].verb;
        command->request.desk.eta_ms = 300000;
        assert_answers(house, command, said[i].state);
        house_read(house, id, &escalation);
        assert_int_equal(escalation.intervention, said[i].intervention);
        bool announced = said[i].intervention == INTERVENTION_REMOTE ||
                         said[i].intervention == INTERVENTION_ON_MY_WAY ||
                         said[i].intervention == INTERVENTION_ON_SITE;
        assert_int_equal(escalation.eta_at.ms, announced ? eta.ms : WALL_NEVER.ms);
        if (strcmp(said[i].state, "accepted") == 0) {
            assert_int_equal(escalation.holder.kind, PERSON_AGENT);
            assert_int_equal(escalation.holder.id, house->paul);
            assert_int_equal(escalation.holder_path, PATH_DESK);
        }
    }
    assert_int_equal(house_entries(house, id, ENTRY_DECLINED), 1);
    assert_int_equal(house_entries(house, id, ENTRY_HANDED_BACK), 1);
}

/* Somebody beside the holder tells the operator that they join, and that they leave. */
static void test_on_behalf__joins_and_leaves(void **state)
{
    struct house *house = *state;
    static const struct {
        enum agent_verb verb;
        const char *agent;
        int members;
    } said[] = {{VERB_ACCEPT, "paul", 0}, {VERB_JOIN, "jean", 1}, {VERB_LEAVE, "jean", 0}};
    struct uuid id = house_escalate(house, SEVERITY_MINOR);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        struct escalation escalation;
        struct command *command = desk_command(house, id, DESK_ON_BEHALF);
        command->request.desk.agent = said[i].agent;
        command->request.desk.agent_verb = said[i].verb;
        assert_answers(house, command, "accepted");
        house_read(house, id, &escalation);
        assert_int_equal(escalation.holder.id, house->paul);
        assert_int_equal(escalation.members_count, said[i].members);
    }
    assert_int_equal(house_entries(house, id, ENTRY_MEMBER_JOINED), 1);
    assert_int_equal(house_entries(house, id, ENTRY_MEMBER_LEFT), 1);
}

static struct uuid split_second(struct house *house, const char *key, int64_t after_ms)
{
    struct command *command = NULL;
    struct uuid id = {{0}};
    for (int i = 0; i < 2; i++) {
        escalate_to(house, key, &command);
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_OK);
        id = answered_id(command);
    }
    house_advance(house, after_ms);
    struct command *split = desk_command(house, id, DESK_SPLIT);
    split->request.desk.caller = 2;
    house_run(house, split);
    assert_int_equal(split->answer.status, STATUS_OK);
    return answered_id(split);
}

/* Ticket and escalation are the last two of one family of ids, whose first are the attempts. */
static void assert_family(struct house *house, struct uuid id)
{
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_memory_equal(id.bytes, escalation.ticket_id.bytes, 14);
    assert_int_equal(escalation.ticket_id.bytes[14], 0xff);
    assert_int_equal(escalation.ticket_id.bytes[15], 0xff);
    assert_int_equal(id.bytes[14], 0xff);
    assert_int_equal(id.bytes[15], 0xfe);
    for (size_t i = 0; i < house->sent_count; i++) {
        const struct sent *sent = &house->sent[i];
        if (uuid_equal(sent->escalation, id)) {
            assert_memory_equal(id.bytes, sent->attempt.bytes, 14);
            assert_int_equal(sent->attempt.bytes[14], 0);
            assert_int_equal(sent->attempt.bytes[15], 1);
            return;
        }
    }
    fail_msg("nothing was sent");
}

/* Its own ticket with the same words, opened now; the same urgency, procedure and exercise. */
static void test_split__takes_everything_along(void **state)
{
    struct house *house = *state;
    struct escalation own;
    struct uuid id = split_second(house, "lift", 1000);
    assert_family(house, house->sent[0].escalation);
    assert_family(house, id);
    house_read(house, id, &own);
    assert_int_equal(own.severity, SEVERITY_MINOR);
    assert_true(own.drill);
    assert_int_equal(own.procedure_id, house_number(house, "SELECT procedure_id FROM procedure"));
    assert_int_equal(own.opened_at.ms, house->wall.ms);
    assert_int_equal(own.callers_count, 1);
    assert_int_equal(own.promises[0].due_at.ms, engine_now(house->engine).ms + 599000);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket"), 2);
    assert_int_equal(house_number(house, "SELECT count(DISTINCT summary) FROM ticket"), 1);
    assert_int_equal(house_number(house, "SELECT max(opened_at) - min(opened_at) FROM ticket"),
                     1000);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE closed_at IS NOT NULL"),
                     0);
    assert_int_equal(house_number(house, "SELECT count(*) FROM caller WHERE number = 1"), 2);
}

/* A promise that is already broken is due at once, and one with a millisecond left in that. */
static void test_split__of_a_promise_that_is_due(void **state)
{
    struct house *house = *state;
    static const int64_t after_ms[] = {599998, 599999, 600000, 600007};
    static const int64_t left_ms[] = {2, 1, 1, 1};
    static const char *const keys[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++) {
        struct escalation own;
        house_read(house, split_second(house, keys[i], after_ms[i]), &own);
        assert_int_equal(own.promises[0].due_at.ms, engine_now(house->engine).ms + left_ms[i]);
    }
}

/* Whoever was promised nothing is promised nothing elsewhere either. */
static void test_split__of_no_promise(void **state)
{
    struct house *house = *state;
    struct command *command = NULL;
    for (int i = 0; i < 2; i++) {
        escalate_to(house, "lift", &command);
        command->request.escalate.promised_ms = 0;
        house_run(house, command);
    }
    struct command *split = desk_command(house, answered_id(command), DESK_SPLIT);
    split->request.desk.caller = 2;
    house_run(house, split);
    struct escalation own;
    house_read(house, answered_id(split), &own);
    assert_int_equal(own.promises[0].due_at.ms, TIME_NEVER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_desk__each_verb_does_its_own),
        HOUSE_TEST(test_on_behalf__each_verb_is_the_agents),
        HOUSE_TEST(test_on_behalf__joins_and_leaves),
        HOUSE_TEST(test_split__takes_everything_along),
        HOUSE_TEST(test_split__of_a_promise_that_is_due),
        HOUSE_TEST(test_split__of_no_promise),
    };
    return cmocka_run_group_tests_name("engine.desk", tests, NULL, NULL);
}
