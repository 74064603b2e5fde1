/* test_actions.c - what a call becomes that is not escalated: kept until the customer opens, only a
 * ticket, or put through; and whatever keeps it from that, somebody is woken. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/decision.h"
#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

#define HOUR_MS INT64_C(3600000)

/* "night" reaches jean, "day" reaches paul. */
#define RULES                                                                                      \
    "{\"rules\":[{\"name\":\"quote\",\"when\":{\"category\":\"quote\"},\"then\":{\"action\":"      \
    "\"ticket\"}},{\"name\":\"wait\",\"when\":{\"category\":\"wait\",\"severity\":{\"at_most\":"   \
    "\"major\"}},\"then\":{\"action\":\"hold\",\"procedure\":\"day\"}},{\"name\":\"through\","     \
    "\"when\":{\"category\":\"through\"},\"then\":{\"action\":\"forward\",\"on_call\":\"duty\"}}," \
    "{\"name\":\"rest\",\"then\":{\"action\":\"escalate\"}}]}"

#define DAY(agent)                                                                                 \
    "{\"steps\":[{\"notify\":[{\"agent\":\"" agent                                                 \
    "\"}],\"by\":[\"push\"],\"accepted_within_s\":60}]}"

static void open_in(struct house *house, int64_t ms)
{
    char hours[64];
    long long opens_ms = house->wall.ms + ms;
    (void)snprintf(hours, sizeof hours, "opens-at %lld", opens_ms);
    put_hours(house, hours);
}

static void prepare(struct house *house)
{
    put_procedure(house, "day", DAY("paul"));
    open_in(house, HOUR_MS);
    put_rules(house, RULES);
    house_settle(house);
    house->sent_count = 0;
}

static struct command *call_about(struct house *house, const char *category)
{
    struct command *command = escalate_command(house, SEVERITY_MINOR, NULL);
    command->request.escalate.category = category;
    return command;
}

static struct command *run(struct house *house, struct command *command)
{
    house_run(house, command);
    if (command->answer.status != STATUS_OK) {
        fail_msg("%s", command->answer.error.text);
    }
    house_settle(house);
    return command;
}

static void assert_says(const struct command *command, const char *text)
{
    if (strstr(command->answer.body, text) == NULL) {
        fail_msg("no %s in %s", text, command->answer.body);
    }
}

static void assert_state(struct house *house, struct uuid id, enum escalation_state state)
{
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_string_equal(escalation_state_word(escalation.state), escalation_state_word(state));
}

/* Who was sent for, each once, with a blank between. */
static void assert_sent(const struct house *house, const char *expected)
{
    char sent[256] = "";
    for (size_t i = 0; i < house->sent_count; i++) {
        const struct sent *one = &house->sent[i];
        size_t used = strlen(sent);
        (void)snprintf(sent + used, sizeof sent - used, "%s%s", used > 0 ? " " : "",
                       one->person[0] != '\0' ? one->person : one->callback);
    }
    assert_string_equal(sent, expected);
}

static struct uuid hold_one(struct house *house)
{
    struct command *command = run(house, call_about(house, "wait"));
    struct uuid id = answered_id(command);
    assert_state(house, id, ESCALATION_ON_HOLD);
    assert_sent(house, "");
    return id;
}

/* ---- only a ticket ---- */

static void test_ticket__wakes_nobody(void **state)
{
    struct house *house = *state;
    prepare(house);
    struct command *command = call_about(house, "quote");
    command->request.escalate.dedup_key = "quotes";
    (void)run(house, command);
    assert_answered(command, "state", "noted");
    assert_says(command, "\"notified\":[],\"next\":null,\"warnings\":[],\"joined\":false,"
                         "\"decision\":{\"rule\":\"quote\",\"action\":\"ticket\",\"procedure\":"
                         "null,\"because\":{\"fr\":\"catégorie « quote »\"");
    struct uuid id = answered_id(command);
    assert_int_equal(house_entries(house, id, ENTRY_QUALIFIED), 1);
    assert_int_equal(house_entries(house, id, ENTRY_NOTED), 1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE closed_at IS NULL"), 1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM caller WHERE name = 'Mme Martin'"),
                     1);
    command = call_about(house, "quote"); /* nothing is open that it could join */
    command->request.escalate.dedup_key = "quotes";
    (void)run(house, command);
    assert_false(command->answer.joined);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket"), 2);
    house_advance(house, 24 * HOUR_MS);
    house_settle(house);
    assert_sent(house, "");
    assert_int_equal(
        house_number(house, "SELECT count(*) FROM escalation WHERE due_engine IS NOT NULL"), 0);
}

static void test_ticket__keeps_its_caller_s_promise(void **state)
{
    struct house *house = *state;
    prepare(house);
    struct command *command = call_about(house, "quote");
    command->request.escalate.promised_ms = 600000;
    (void)run(house, command);
    struct uuid id = answered_id(command);
    assert_answered(command, "state", "on_hold");
    assert_says(command, "the promise to caller 1 is about to break");
    assert_null(strstr(command->answer.body, "held_until"));
    house_close(house); /* a crash in between */
    house_open(house);
    house_advance(house, 540000);
    house_settle(house);
    assert_sent(house, "call-centre"); /* it has a task, a minute before */
    assert_int_equal(house_number(house, "SELECT count(*) FROM desk_task WHERE kind = 0"), 1);
    house_advance(house, 60000);
    house_settle(house);
    assert_state(house, id, ESCALATION_NOTED);
    assert_sent(house, "call-centre");
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE closed_at IS NULL"), 1);
}

/* ---- on hold ---- */

static void test_hold__ends_when_the_customer_opens(void **state)
{
    struct house *house = *state;
    prepare(house);
    struct command *command = call_about(house, "wait");
    command->request.escalate.idempotency_key = "once";
    (void)run(house, command);
    struct command *again = call_about(house, "wait");
    again->request.escalate.idempotency_key = "once";
    (void)run(house, again);
    assert_string_equal(command->answer.body, again->answer.body);
    assert_answered(command, "state", "on_hold");
    char held_until[64], expected[64];
    answered_text(command, "held_until", held_until, sizeof held_until);
    wall_time_format((struct wall_time){house->wall.ms + HOUR_MS}, expected);
    assert_string_equal(held_until, expected);
    assert_says(command, "\"what\":\"escalate: the customer opens\"");
    assert_says(command, "\"rule\":\"wait\",\"action\":\"hold\",\"procedure\":\"day\"");
    struct uuid id = answered_id(command);
    house_advance(house, HOUR_MS - 1);
    house_settle(house);
    assert_sent(house, "");
    house_advance(house, 1);
    house_settle(house);
    assert_sent(house, "paul");
    assert_state(house, id, ESCALATION_NOTIFYING);
    assert_int_equal(house_entries(house, id, ENTRY_ON_HOLD), 1);
    assert_int_equal(house_entries(house, id, ENTRY_RELEASED), 1);
}

/* However often the gateway dies, also at the very opening: once, and not before. */
static void test_hold__outlives_the_gateway(void **state)
{
    struct house *house = *state;
    prepare(house);
    struct uuid id = hold_one(house);
    for (int quarter = 1; quarter <= 4; quarter++) {
        house_close(house);
        house_advance(house, HOUR_MS / 4);
        house_open(house);
        house_settle(house);
        assert_sent(house, quarter < 4 ? "" : "paul");
    }
    house_accept_all(house, 0);
    house_settle(house);
    house_close(house);
    house_open(house);
    house_settle(house);
    assert_sent(house, "paul");
    assert_int_equal(house_entries(house, id, ENTRY_RELEASED), 1);
}

static void test_hold__follows_the_wall(void **state)
{
    struct house *house = *state;
    prepare(house);
    struct uuid id = hold_one(house);
    house->wall.ms -= HOUR_MS; /* it was set back: the opening is two hours away */
    house_settle(house);
    house_advance(house, HOUR_MS);
    house_settle(house);
    assert_state(house, id, ESCALATION_ON_HOLD);
    house->wall.ms += HOUR_MS; /* and forward */
    house_settle(house);
    assert_sent(house, "paul");
}

static void test_hold__follows_the_customer_s_hours(void **state)
{
    struct house *house = *state;
    struct escalation escalation;
    prepare(house);
    struct uuid id = hold_one(house);
    open_in(house, 3 * HOUR_MS);
    house_settle(house);
    house_read(house, id, &escalation);
    assert_int_equal(escalation.held_until.ms, house->wall.ms + 3 * HOUR_MS);
    assert_int_equal(house_entries(house, id, ENTRY_ON_HOLD), 2);
    house_advance(house, HOUR_MS);
    house_settle(house);
    assert_sent(house, "");
    put_hours(house, "open");
    house_settle(house);
    assert_sent(house, "paul");
    /* nobody knows any more, or it never opens */
    static const char *const hours[] = {NULL, "closed", "what?"};
    for (size_t i = 0; i < sizeof hours / sizeof hours[0]; i++) {
        open_in(house, HOUR_MS);
        house->sent_count = 0;
        id = hold_one(house);
        put_hours(house, hours[i]);
        house_settle(house);
        assert_sent(house, "paul");
        assert_int_equal(house_entries(house, id, ENTRY_RELEASED), 1);
    }
}

static void test_hold__begins_with_the_newest_version(void **state)
{
    struct house *house = *state;
    prepare(house);
    (void)hold_one(house);
    put_procedure(house, "day", DAY("jean"));
    put_rules(house, "{\"rules\":[]}"); /* what decided is gone: it was decided */
    house_advance(house, HOUR_MS);
    house_settle(house);
    assert_sent(house, "jean");
    /* a procedure that is gone altogether gives way to the default */
    open_in(house, HOUR_MS);
    put_procedure(house, "day", DAY("paul"));
    put_rules(house, RULES);
    house_settle(house);
    house->sent_count = 0;
    (void)hold_one(house);
    assert_int_equal(sqlite3_exec(house->engine->store->db,
                                  "UPDATE procedure SET slug = 'other' WHERE slug = 'day'", NULL,
                                  NULL, NULL),
                     SQLITE_OK);
    put_agent(house, "jean", "+33600000001", true); /* the customer is read again */
    house_advance(house, HOUR_MS);
    house_settle(house);
    assert_true(house->sent_count > 0);
}

static void expect_escalated(struct house *house, const char *warning, const char *person)
{
    house->sent_count = 0;
    struct command *command = run(house, call_about(house, "wait"));
    assert_answered(command, "state", "notifying");
    assert_says(command, warning);
    assert_says(command, "\"rule\":\"wait\",\"action\":\"escalate\",\"procedure\":\"day\"");
    assert_sent(house, person);
    assert_int_equal(house_entries(house, answered_id(command), ENTRY_RELEASED), 1);
}

static void test_hold__that_would_not_end_does_not_begin(void **state)
{
    struct house *house = *state;
    prepare(house);
    put_hours(house, "closed");
    expect_escalated(house, "hold: nobody knows when the customer opens", "paul");
    put_hours(house, "what?");
    expect_escalated(house, "hold: nobody knows when the customer opens", "paul");
    put_hours(house, NULL);
    expect_escalated(house, "hold: nobody knows when the customer opens", "paul");
    put_hours(house, "open");
    expect_escalated(house, "hold: the customer is open now", "paul");
}

static void test_hold__has_a_limit_and_then_escalates(void **state)
{
    struct house *house = *state;
    prepare(house);
    (void)hold_one(house);
    sqlite3 *db = house->engine->store->db;
    assert_int_equal(
        sqlite3_exec(db, "CREATE TEMP TABLE one AS SELECT * FROM escalation", NULL, NULL, NULL),
        SQLITE_OK);
    for (int i = 1; i < ON_HOLD_MAX; i++) {
        assert_int_equal(sqlite3_exec(db,
                                      "UPDATE one SET escalation_id = randomblob(16); "
                                      "INSERT INTO escalation SELECT * FROM one",
                                      NULL, NULL, NULL),
                         SQLITE_OK);
    }
    expect_escalated(house, "hold: as many as can be are on hold", "paul");
    assert_int_equal(sqlite3_exec(db,
                                  "DELETE FROM escalation WHERE state = 9 AND escalation_id = "
                                  "(SELECT escalation_id FROM one)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    house->sent_count = 0;
    (void)hold_one(house);
}

static struct command *second_call(struct house *house, enum severity severity)
{
    struct command *command = escalate_command(house, severity, NULL);
    command->request.escalate.category = "wait";
    command->request.escalate.dedup_key = "pump";
    return command;
}

static void test_hold__is_joined_and_decided_again(void **state)
{
    struct house *house = *state;
    prepare(house);
    struct uuid id = answered_id(run(house, second_call(house, SEVERITY_INFO)));
    struct command *command = run(house, second_call(house, SEVERITY_MAJOR));
    assert_true(command->answer.joined);
    assert_says(command, "\"action\":\"hold\"");
    assert_answered(command, "state", "on_hold");
    assert_sent(house, "");
    /* a lower one does not lower it; the higher of both is what the rules see */
    command = run(house, second_call(house, SEVERITY_INFO));
    assert_answered(command, "state", "on_hold");
    command = run(house, second_call(house, SEVERITY_CRITICAL));
    assert_true(command->answer.joined);
    assert_true(uuid_equal(answered_id(command), id));
    assert_answered(command, "state", "notifying");
    assert_says(command, "\"rule\":\"rest\",\"action\":\"escalate\",\"procedure\":\"night\"");
    assert_sent(house, "jean"); /* by the default procedure, as the rule says */
    assert_int_equal(house_number(house, "SELECT count(*) FROM caller"), 4);
    assert_int_equal(house_entries(house, id, ENTRY_QUALIFIED), 4);
}

/* Each of the others' ways, too. */
static void test_hold__is_joined_by_what_cannot_wait(void **state)
{
    struct house *house = *state;
    prepare(house);
    (void)run(house, second_call(house, SEVERITY_INFO));
    struct command *command = second_call(house, SEVERITY_INFO);
    command->request.escalate.category = "quote"; /* only a ticket: it waits with the other */
    assert_says(run(house, command), "\"state\":\"on_hold\"");
    command = second_call(house, SEVERITY_INFO);
    command->request.escalate.category = "through";
    assert_says(run(house, command), "forward: the call joined one that was on hold; escalated");
    assert_sent(house, "jean");
    house->sent_count = 0;
    command = second_call(house, SEVERITY_INFO);
    command->request.escalate.category = "quote";
    command->request.escalate.promised_ms = 600000;
    command->request.escalate.dedup_key = "quote";
    (void)run(house, command);
    command = second_call(house, SEVERITY_INFO);
    command->request.escalate.dedup_key = "quote";
    assert_says(run(house, command), "\"held_until\"");
    assert_sent(house, "");
}

static void test_hold__obeys_the_desk(void **state)
{
    struct house *house = *state;
    prepare(house);
    struct uuid id = hold_one(house);
    struct command *command = desk_command(house, id, DESK_RESUME);
    command->request.desk.text = "he cannot wait";
    assert_says(run(house, command), "\"state\":\"notifying\"");
    assert_sent(house, "paul");
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline JOIN timeline_personal p "
                                         "USING (customer_id, seq) WHERE kind = 43 AND p.text = "
                                         "'he cannot wait'"),
                     1);
    (void)run(house, desk_command(house, id, DESK_CANCEL));
    house->sent_count = 0;
    id = hold_one(house);
    assert_says(run(house, desk_command(house, id, DESK_CANCEL)), "\"state\":\"cancelled\"");
    house_advance(house, 2 * HOUR_MS);
    house_settle(house);
    assert_sent(house, "");
}

/* An opening that cannot be met is an alarm like any deadline. */
static void test_hold__that_is_late_is_told(void **state)
{
    struct house *house = *state;
    prepare(house);
    struct uuid id = hold_one(house);
    house_close(house);
    house_advance(house, HOUR_MS + 60000);
    house_open(house);
    house_settle(house);
    assert_sent(house, "paul");
    assert_int_equal(house_entries(house, id, ENTRY_LATE), 1);
    assert_string_equal(house->alarm, "engine.overdue");
}

/* ---- put through ---- */

static void test_forward__says_whom_to_dial(void **state)
{
    struct house *house = *state;
    prepare(house);
    put_agent(house, "jean", "+33600000001", true);
    struct command *command = run(house, call_about(house, "through"));
    assert_answered(command, "state", "noted");
    assert_says(command, "\"decision\":{\"rule\":\"through\",\"action\":\"forward\",\"procedure\":"
                         "null,\"dial\":\"+33600000001\",\"ladder\":[{\"phone\":\"+33600000001\","
                         "\"agent\":\"jean\"");
    assert_sent(house, "");
    struct uuid id = answered_id(command);
    assert_int_equal(house_entries(house, id, ENTRY_FORWARDED), 1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline WHERE facts LIKE "
                                         "'%+336%'"),
                     0); /* a number is personal */
}

static void test_forward__to_nobody_escalates(void **state)
{
    struct house *house = *state;
    prepare(house);
    assert_int_equal(sqlite3_exec(house->engine->store->db,
                                  "UPDATE agent SET phone = ''; UPDATE contact SET phone = ''",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    put_hours(house, "open"); /* the customer is read again */
    house->sent_count = 0;
    struct command *command = run(house, call_about(house, "through"));
    assert_answered(command, "state", "notifying");
    assert_says(command, "forward: there is no number to put the call through to; escalated");
    assert_says(command, "\"rule\":\"through\",\"action\":\"escalate\",\"procedure\":\"night\"");
    assert_sent(house, "jean");
}

/* ---- an operator's word ---- */

static struct command *overridden(struct house *house, enum rule_action action)
{
    struct command *command = call_about(house, "other");
    command->request.escalate.override = (struct escalate_override){
        .given = true, .action = action, .operator_name = "Zoé", .reason = "she asked for it"};
    return command;
}

static void test_override__chooses_any_action(void **state)
{
    struct house *house = *state;
    prepare(house);
    static const char *const states[] = {"notifying", "on_hold", "noted", "noted"};
    for (int action = RULE_ESCALATE; action <= RULE_FORWARD; action++) {
        char expected[96];
        struct command *command = run(house, overridden(house, (enum rule_action)action));
        assert_answered(command, "state", states[action]);
        (void)snprintf(expected, sizeof expected, "\"decision\":{\"rule\":null,\"action\":\"%s\"",
                       rule_action_word((enum rule_action)action));
        assert_says(command, expected);
        assert_says(command, "\"instead_of\":\"rest\"");
        assert_int_equal(house_entries(house, answered_id(command), ENTRY_OVERRIDDEN), 1);
    }
    put_rules(house, "{\"rules\":[]}"); /* it needs none */
    assert_says(run(house, overridden(house, RULE_TICKET)), "\"action\":\"ticket\"");
    put_hours(house, NULL);
    struct command *command = run(house, overridden(house, RULE_HOLD));
    assert_says(command, "hold: nobody knows when the customer opens");
    assert_says(command, "\"action\":\"escalate\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_ticket__wakes_nobody),
        HOUSE_TEST(test_ticket__keeps_its_caller_s_promise),
        HOUSE_TEST(test_hold__ends_when_the_customer_opens),
        HOUSE_TEST(test_hold__outlives_the_gateway),
        HOUSE_TEST(test_hold__follows_the_wall),
        HOUSE_TEST(test_hold__follows_the_customer_s_hours),
        HOUSE_TEST(test_hold__begins_with_the_newest_version),
        HOUSE_TEST(test_hold__that_would_not_end_does_not_begin),
        HOUSE_TEST(test_hold__has_a_limit_and_then_escalates),
        HOUSE_TEST(test_hold__is_joined_and_decided_again),
        HOUSE_TEST(test_hold__is_joined_by_what_cannot_wait),
        HOUSE_TEST(test_hold__obeys_the_desk),
        HOUSE_TEST(test_hold__that_is_late_is_told),
        HOUSE_TEST(test_forward__says_whom_to_dial),
        HOUSE_TEST(test_forward__to_nobody_escalates),
        HOUSE_TEST(test_override__chooses_any_action),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
