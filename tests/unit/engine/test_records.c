/* test_records.c - what is written for others to read, member by member: the facts of the timeline
 * and the documents that commands answer with. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

#define FACTS_MAX   64
#define FACTS_BYTES 512

struct facts {
    char text[FACTS_MAX][FACTS_BYTES];
    char personal[FACTS_MAX][FACTS_BYTES];
    enum entry_kind kind[FACTS_MAX];
    size_t count;
};

static void read_facts(struct house *house, struct uuid id, struct facts *facts)
{
    struct store *reader = NULL;
    struct arena *arena = arena_create(0);
    struct timeline_row *rows;
    struct error error;
    assert_int_equal(store_open_reader(house->database, NULL, 5000, &reader, &error), STATUS_OK);
    assert_int_equal(store_list_timeline(reader, house->customer_id, id, 0, FACTS_MAX, arena, &rows,
                                         &facts->count, &error),
                     STATUS_OK);
    for (size_t i = 0; i < facts->count; i++) {
        const char *personal = rows[i].personal;
        facts->kind[i] = rows[i].kind;
        (void)snprintf(facts->text[i], FACTS_BYTES, "%s", rows[i].facts);
        (void)snprintf(facts->personal[i], FACTS_BYTES, "%s", personal != NULL ? personal : "");
    }
    arena_destroy(&arena);
    store_close(&reader);
}

/* The facts of the first entry of a kind, with "ID" for the attempt's. */
static void assert_facts(struct house *house, struct uuid id, enum entry_kind kind,
                         const struct sent *sent, const char *expected)
{
    static struct facts facts;
    char text[FACTS_BYTES], attempt[UUID_TEXT_BYTES] = "none";
    read_facts(house, id, &facts);
    if (sent != NULL) {
        uuid_format(sent->attempt, attempt);
    }
    const char *place = strstr(expected, "ID");
    size_t before = place != NULL ? (size_t)(place - expected) : strlen(expected);
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)before, expected,
                   place != NULL ? attempt : "", place != NULL ? place + 2 : "");
    for (size_t i = 0; i < facts.count; i++) {
        if (facts.kind[i] == kind) {
            assert_string_equal(facts.text[i], text);
            return;
        }
    }
    fail_msg("no entry of kind %s", entry_kind_word(kind));
}

static void test_facts__say_who_by_what_and_when(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    const struct sent *sent = &house->sent[0];
    house_run(house, agent_command(house, id, VERB_SEEN, 0, sent->received));
    house_run(house, agent_command(house, id, VERB_ACCEPT, 0, sent->accept));
    house_run(house, agent_command(house, id, VERB_ON_MY_WAY, house->jean, NULL));
    house_run(house, desk_command(house, id, DESK_TAKE)); /* refused: jean has it */
    assert_facts(house, id, ENTRY_OPENED, NULL, "{\"word\":\"major\",\"number\":1}");
    assert_facts(house, id, ENTRY_STEP_STARTED, NULL, "{\"round\":1,\"step\":1}");
    assert_facts(house, id, ENTRY_ATTEMPT_PLANNED, sent,
                 "{\"person_kind\":\"agent\",\"person\":1,\"attempt\":\"ID\",\"path\":\"push\","
                 "\"round\":1,\"step\":1,\"word\":\"alert\"}");
    assert_facts(house, id, ENTRY_ATTEMPT_ACCEPTED, sent,
                 "{\"person_kind\":\"agent\",\"person\":1,\"attempt\":\"ID\",\"path\":\"push\"}");
    assert_facts(house, id, ENTRY_SEEN, sent,
                 "{\"person_kind\":\"agent\",\"person\":1,\"attempt\":\"ID\",\"path\":\"push\"}");
    assert_facts(house, id, ENTRY_ACCEPTED, sent,
                 "{\"person_kind\":\"agent\",\"person\":1,\"attempt\":\"ID\",\"path\":\"push\"}");
    assert_facts(house, id, ENTRY_PROGRESS, NULL,
                 "{\"person_kind\":\"agent\",\"person\":1,\"path\":\"app\","
                 "\"word\":\"on_my_way\"}");
    assert_facts(house, id, ENTRY_REFUSED_VERB, NULL,
                 "{\"person_kind\":\"operator\",\"name\":\"Zoé\",\"word\":\"take\"}");
}

/* What a person said stands apart from the facts. */
static void test_words__stand_apart(void **state)
{
    struct house *house = *state;
    static struct facts facts;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    struct command *command = desk_command(house, id, DESK_NOTE);
    command->request.desk.text = "the door code is new";
    house_run(house, command);
    read_facts(house, id, &facts);
    size_t newest = facts.count - 1;
    assert_int_equal(facts.kind[newest], ENTRY_NOTE);
    assert_string_equal(facts.text[newest], "{\"person_kind\":\"operator\",\"name\":\"Zoé\"}");
    assert_non_null(strstr(facts.personal[newest], "the door code is new"));
}

static void assert_member(const json_t *json, const char *name, const char *expected)
{
    const char *found = json_string_value(json_object_get(json, name));
    if (found == NULL || strcmp(found, expected) != 0) {
        fail_msg("%s: %s instead of %s", name, found != NULL ? found : "nothing", expected);
    }
}

/* Who is refused learns who has it, as members of the problem. */
static void test_refusal__says_who_has_it(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    char text[UUID_TEXT_BYTES];
    uuid_format(id, text);
    house_run(house, agent_command(house, id, VERB_ACCEPT, house->jean, NULL));
    struct command *command = agent_command(house, id, VERB_ACCEPT, house->paul, NULL);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_ALREADY_ACCEPTED);
    assert_string_equal(command->answer.error.text, "jean has it");
    json_t *json = json_loads(command->answer.body, 0, NULL);
    assert_true(json_is_object(json));
    assert_member(json, "id", text);
    assert_member(json, "state", "accepted");
    assert_member(json_object_get(json, "holder"), "who", "jean");
    json_decref(json);

    house_run(house, agent_command(house, id, VERB_DONE, house->jean, NULL));
    command = agent_command(house, id, VERB_ACCEPT, house->paul, NULL);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_CLOSED);
    assert_string_equal(command->answer.error.text, "the escalation is done");
    assert_answered(command, "state", "done");
}

/* The view of an escalation: who has it since when by what, and what happens next. */
static void test_view__says_who_has_it_and_what_is_next(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_run(house, agent_command(house, id, VERB_ACCEPT, house->jean, NULL));
    struct command *command = agent_command(house, id, VERB_ON_MY_WAY, house->jean, NULL);
    command->request.agent.eta_ms = 600000;
    house_run(house, command);
    char since[RFC3339_BYTES_MAX], eta[RFC3339_BYTES_MAX], next[RFC3339_BYTES_MAX];
    wall_time_format(house->wall, since);
    wall_time_format((struct wall_time){house->wall.ms + 600000}, eta);
    wall_time_format((struct wall_time){house->wall.ms + 1800000 + 600000}, next);
    json_t *json = json_loads(command->answer.body, 0, NULL);
    const json_t *holder = json_object_get(json, "holder");
    assert_member(json, "severity", "major");
    assert_member(holder, "kind", "agent");
    assert_member(holder, "who", "jean");
    assert_member(holder, "name", "jean");
    assert_member(holder, "path", "app");
    assert_member(holder, "intervention", "on_my_way");
    assert_member(holder, "since", since);
    assert_member(holder, "eta_at", eta);
    assert_member(json_object_get(json, "next"), "at", next);
    assert_member(json_object_get(json, "next"), "what",
                  "call the holder, tell the desk: no progress");
    json_decref(json);
    command = agent_command(house, id, VERB_DONE, house->jean, NULL);
    house_run(house, command);
    json = json_loads(command->answer.body, 0, NULL);
    assert_true(json_is_null(json_object_get(json, "next")));
    json_decref(json);
}

static void test_device_test__says_what_became_of_it(void **state)
{
    struct house *house = *state;
    const struct directory_customer *customer =
        directory_customer(house->engine->current, house->customer_id);
    int64_t device = directory_agent(customer, house->jean)->devices[0].id;
    struct command *command = house_command(house, COMMAND_TEST_DEVICE);
    command->request.device_test =
        (struct device_test_request){.device_id = device, .agent_id = house->jean};
    house_run(house, command);
    house_settle(house);
    assert_answered(command, "installation", "jean-1");
    assert_answered(command, "agent", "jean");
    assert_answered(command, "asked_by", "agent");
    assert_answered(command, "state", "handed_over");
    const struct sent *sent = &house->sent[house->sent_count - 1];
    struct transport_request outcome = {.attempt = sent->attempt,
                                        .transport = ATTEMPT_FAILED,
                                        .reason = "unregistered",
                                        .tries = 2,
                                        .at = house->wall,
                                        .gone_since = WALL_NEVER};
    engine_outcome(house->engine, sent->customer_id, sent->escalation, sent->path, &outcome);
    house_settle(house);
    command = house_command(house, COMMAND_CONFIRM_TEST);
    command->request.device_test = (struct device_test_request){
        .test = sent->attempt, .verb = VERB_SEEN, .action_token = sent->received};
    house_run(house, command);
    assert_answered(command, "state", "seen");
    assert_answered(command, "reason", "unregistered");
    json_t *json = json_loads(command->answer.body, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(json, "tries")), 2);
    assert_int_equal(json_integer_value(json_object_get(json, "device")), device);
    assert_true(json_is_string(json_object_get(json, "planned_at")));
    assert_true(json_is_string(json_object_get(json, "sent_at")));
    assert_true(json_is_string(json_object_get(json, "seen_at")));
    assert_true(json_is_null(json_object_get(json, "delayed_at")));
    json_decref(json);
}

/* What a provider did happened when it did it, not when the writer got to it. */
static void test_outcome__keeps_its_own_time(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_MAJOR);
    const struct sent *sent = &house->sent[0];
    struct transport_request outcome = {.attempt = sent->attempt,
                                        .transport = ATTEMPT_ACCEPTED,
                                        .at = {house->wall.ms - 1234},
                                        .gone_since = WALL_NEVER};
    engine_outcome(house->engine, sent->customer_id, sent->escalation, sent->path, &outcome);
    house_settle(house);
    struct attempt attempt;
    house_read_attempt(house, sent, &attempt);
    assert_int_equal(attempt.state, ATTEMPT_ACCEPTED);
    assert_int_equal(attempt.accepted_at.ms, house->wall.ms - 1234);
}

/* Who drives is told that it was cancelled, also when the notice had to wait in the outbox. */
static void test_cancelled__tells_the_holder(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    house_run(house, agent_command(house, id, VERB_ACCEPT, house->jean, NULL));
    size_t before = house->sent_count;
    house->send_status = STATUS_FULL;
    house_run(house, desk_command(house, id, DESK_CANCEL));
    (void)engine_turn(house->engine);
    assert_int_equal(house->sent_count, before);
    house->send_status = STATUS_OK;
    house_advance(house, 200);
    house_settle(house);
    assert_int_equal(house->sent_count, before + 1);
    assert_int_equal(house->sent[before].purpose, PURPOSE_CANCEL_NOTICE);
    assert_string_equal(house->sent[before].person, "jean");
}

static void test_check_in__answers_with_the_shift_and_the_test(void **state)
{
    struct house *house = *state;
    struct command *command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in =
        (struct check_in_request){.agent_id = house->jean, .installation = "jean-1"};
    house_run(house, command);
    json_t *json = json_loads(command->answer.body, 0, NULL);
    assert_true(json_integer_value(json_object_get(json, "id")) > 0);
    assert_true(json_is_string(json_object_get(json, "at")));
    assert_member(json_object_get(json, "shift"), "role", "duty");
    assert_member(json_object_get(json, "test"), "asked_by", "check_in");
    assert_member(json_object_get(json, "test"), "installation", "jean-1");
    json_decref(json);
}

static void test_opened__is_when_the_webhook_came(void **state)
{
    struct house *house = *state;
    struct escalation escalation;
    struct command *command = escalate_command(house, SEVERITY_CRITICAL, NULL);
    command->request.escalate.drill = true;
    command->request.escalate.promised_ms = 600000;
    command->received_at.ms = house->wall.ms - 40; /* the turn comes later */
    house_run(house, command);
    house_read(house, answered_id(command), &escalation);
    assert_int_equal(escalation.opened_at.ms, house->wall.ms - 40);
    assert_int_equal(escalation.severity, SEVERITY_CRITICAL);
    assert_true(escalation.drill);
    assert_int_equal(escalation.callers_count, 1);
    assert_int_equal(escalation.promises[0].state, PROMISE_OPEN);
    assert_int_equal(escalation.holder.kind, PERSON_NONE);
}

static void test_statistics__count_what_was_sent(void **state)
{
    struct house *house = *state;
    struct engine_statistics statistics;
    (void)house_escalate(house, SEVERITY_MAJOR);
    (void)house_escalate(house, SEVERITY_MINOR);
    engine_statistics(house->engine, &statistics);
    assert_int_equal(statistics.attempts_sent, 2);
    assert_int_equal(statistics.credits_push_used, 2);
    assert_int_equal(statistics.commands[COMMAND_ESCALATE], 2);
    assert_true(statistics.ready);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_facts__say_who_by_what_and_when),
        HOUSE_TEST(test_words__stand_apart),
        HOUSE_TEST(test_refusal__says_who_has_it),
        HOUSE_TEST(test_view__says_who_has_it_and_what_is_next),
        HOUSE_TEST(test_device_test__says_what_became_of_it),
        HOUSE_TEST(test_outcome__keeps_its_own_time),
        HOUSE_TEST(test_cancelled__tells_the_holder),
        HOUSE_TEST(test_check_in__answers_with_the_shift_and_the_test),
        HOUSE_TEST(test_opened__is_when_the_webhook_came),
        HOUSE_TEST(test_statistics__count_what_was_sent),
    };
    return cmocka_run_group_tests_name("engine.records", tests, NULL, NULL);
}
