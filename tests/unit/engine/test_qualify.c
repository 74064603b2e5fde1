/* test_qualify.c - a customer's rules at the webhook: what they choose, what is said of it, what
 * overrides them; and whatever keeps them from deciding, somebody is woken. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/engine/qualify.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

#define THEN(procedure) "\"then\":{\"action\":\"escalate\"" procedure "}"
#define DAY             ",\"procedure\":\"day\""
#define LIFT            "{\"name\":\"lift\",\"when\":{\"category\":\"lift\"}," THEN(DAY) "}"
#define REST            "{\"name\":\"rest\"," THEN("") "}"
#define RULES           "{\"rules\":[" LIFT "," REST "]}"

/* Beside "night" (jean by push): paul, so that who is sent for tells which procedure runs. */
static void put_day(struct house *house)
{
    put_procedure(house, "day",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"paul\"}],\"by\":[\"push\"],"
                  "\"accepted_within_s\":60}]}");
}

static const char *language = "fr";

static void put_customer_with(struct house *house, const char *opening_hours,
                              const char *ticket_fields)
{
    struct command *command = house_command(house, COMMAND_PUT_CUSTOMER);
    command->request.customer = (struct customer_request){.slug = "acme",
                                                          .name = "ACME",
                                                          .time_zone = "Europe/Paris",
                                                          .language = language,
                                                          .alias = "Azur",
                                                          .default_procedure = "night",
                                                          .active = true,
                                                          .opening_hours = opening_hours,
                                                          .ticket_fields = ticket_fields};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
}

static struct command *call_about(struct house *house, const char *category)
{
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    command->request.escalate.category = category;
    return command;
}

static void assert_says(const struct command *command, const char *text)
{
    if (strstr(command->answer.body, text) == NULL) {
        fail_msg("no %s in %s", text, command->answer.body);
    }
}

static void assert_silent_on(const struct command *command, const char *text)
{
    if (strstr(command->answer.body, text) != NULL) {
        fail_msg("%s in %s", text, command->answer.body);
    }
}

/* Runs it; who is sent for. */
static const char *person_called(struct house *house, struct command *command)
{
    size_t before = house->sent_count;
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_true(house->sent_count > before);
    return house->sent[before].person;
}

static void test_rules__choose_the_procedure(void **state)
{
    struct house *house = *state;
    put_day(house);
    put_rules(house, RULES);
    struct command *command = call_about(house, "lift");
    assert_string_equal(person_called(house, command), "paul");
    assert_says(command, "\"decision\":{\"rule\":\"lift\",\"action\":\"escalate\","
                         "\"procedure\":\"day\",\"because\":{\"fr\":\"catégorie « lift »\","
                         "\"en\":\"category \\\"lift\\\"\"}}");
    assert_says(command, "\"warnings\":[]");
    struct uuid id = answered_id(command);
    assert_int_equal(house_entries(house, id, ENTRY_QUALIFIED), 1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline WHERE kind = 39 AND "
                                         "facts = '{\"word\":\"lift\",\"number\":1}'"),
                     1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline_personal WHERE "
                                         "text = 'catégorie « lift »'"),
                     1);
    command = call_about(house, "door");
    assert_string_equal(person_called(house, command), "jean");
    assert_says(command, "\"rule\":\"rest\",\"action\":\"escalate\",\"procedure\":\"night\"");
}

static void test_rules__see_what_the_call_says(void **state)
{
    struct house *house = *state;
    put_day(house);
    put_customer_with(house, NULL, "[{\"name\":\"site\",\"label\":\"Site\",\"type\":\"text\"}]");
    put_rules(house, "{\"rules\":[{\"name\":\"all\",\"when\":{\"severity\":\"major\",\"fields\":{"
                     "\"site\":\"B\"},\"caller\":{\"number\":\"+336*\",\"name\":{\"present\":"
                     "true}}}," THEN(DAY) "}," REST "]}");
    const struct rules_fact facts[] = {{"floor", "2"}, {"site", "B"}};
    for (int missing = 0; missing <= 4; missing++) {
        struct command *command =
            escalate_command(house, missing == 1 ? SEVERITY_CRITICAL : SEVERITY_MAJOR, NULL);
        struct escalate_request *request = &command->request.escalate;
        request->facts = facts;
        request->facts_count = missing == 2 ? 1 : 2;
        request->caller_phone = missing == 3 ? "+33388000000" : "+33612345678";
        request->caller_name = missing == 4 ? NULL : "Mme Martin";
        assert_string_equal(person_called(house, command), missing == 0 ? "paul" : "jean");
    }
}

/* No member more, no entry more. */
static void test_rules__without_them_nothing_changes(void **state)
{
    struct house *house = *state;
    struct command *command = call_about(house, "lift");
    assert_string_equal(person_called(house, command), "jean");
    assert_silent_on(command, "decision");
    put_day(house);
    put_rules(house, RULES);
    put_rules(house, "{\"rules\":[]}"); /* taken back */
    command = call_about(house, "lift");
    assert_string_equal(person_called(house, command), "jean");
    assert_silent_on(command, "decision");
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline WHERE kind >= 39"), 0);
}

static void test_rules__yield_to_a_procedure_that_is_named(void **state)
{
    struct house *house = *state;
    put_day(house);
    put_rules(house, RULES);
    struct command *command = call_about(house, "lift");
    command->request.escalate.procedure = "night";
    assert_string_equal(person_called(house, command), "jean");
    assert_says(command, "\"decision\":{\"rule\":null,\"action\":\"escalate\",\"procedure\":"
                         "\"night\",\"because\":{\"fr\":\"procédure demandée");
    assert_int_equal(house_entries(house, answered_id(command), ENTRY_QUALIFIED), 0);
}

static struct command *overridden(struct house *house, const char *procedure)
{
    struct command *command = call_about(house, "lift");
    command->request.escalate.override = (struct escalate_override){
        .given = true, .procedure = procedure, .operator_name = "Léa", .reason = "elle pleure"};
    return command;
}

static void test_override__is_obeyed_and_recorded(void **state)
{
    struct house *house = *state;
    put_day(house);
    put_rules(house, RULES);
    struct command *command = overridden(house, "night");
    assert_string_equal(person_called(house, command), "jean");
    assert_says(command, "\"decision\":{\"rule\":null,\"action\":\"escalate\",\"procedure\":"
                         "\"night\",\"because\":{\"fr\":\"décision de l'opérateur Léa : elle "
                         "pleure\",\"en\":\"decision of operator Léa: elle pleure\"},"
                         "\"instead_of\":\"lift\"}");
    struct uuid id = answered_id(command);
    assert_int_equal(house_entries(house, id, ENTRY_QUALIFIED), 1);
    assert_int_equal(house_entries(house, id, ENTRY_OVERRIDDEN), 1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline t JOIN timeline_personal p "
                                         "USING (customer_id, seq) WHERE kind = 41 AND facts = "
                                         "'{\"person_kind\":\"operator\",\"name\":\"Léa\","
                                         "\"word\":\"night\"}' AND p.text = 'elle pleure'"),
                     1);
    /* without a procedure it is the default, whatever the rules say */
    assert_string_equal(person_called(house, overridden(house, NULL)), "jean");
    command = overridden(house, "missing");
    assert_string_equal(person_called(house, command), "jean");
    assert_says(command, "procedure: unknown");
}

/* What is missing, too long, or of another customer. */
static void test_override__is_obeyed_whatever_it_lacks(void **state)
{
    struct house *house = *state;
    char reason[1001];
    put_day(house);
    struct command *command = overridden(house, "day");
    command->request.escalate.override.reason = NULL;
    command->request.escalate.override.operator_name = "";
    assert_string_equal(person_called(house, command), "paul");
    assert_says(command, "\"en\":\"decision of operator : \"");
    command = overridden(house, "day");
    for (size_t i = 0; i < sizeof reason - 1; i += 2) {
        memcpy(reason + i, "é", 2);
    }
    reason[sizeof reason - 1] = '\0';
    command->request.escalate.override.reason = reason;
    assert_string_equal(person_called(house, command), "paul");
    assert_silent_on(command, reason);
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline_personal WHERE "
                                         "length(text) = 500"),
                     1);
    set_default_procedure(house, NULL);
    command = overridden(house, NULL);
    house_run(house, command); /* the call centre is told at once */
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_says(command, "\"procedure\":null");
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline WHERE kind = 41 AND facts "
                                         "LIKE '%\"last-resort\"%'"),
                     1);
}

static void test_override__needs_no_rules(void **state)
{
    struct house *house = *state;
    put_day(house);
    struct command *command = overridden(house, "day");
    assert_string_equal(person_called(house, command), "paul");
    assert_says(command, "\"decision\":{\"rule\":null");
    assert_silent_on(command, "instead_of");
    assert_int_equal(house_entries(house, answered_id(command), ENTRY_OVERRIDDEN), 1);
}

static void test_override__does_not_move_what_is_joined(void **state)
{
    struct house *house = *state;
    put_day(house);
    struct command *first = call_about(house, "lift"), *second = overridden(house, "day");
    first->request.escalate.dedup_key = second->request.escalate.dedup_key = "lift-B";
    house_run(house, first);
    house_run(house, second);
    assert_true(second->answer.joined);
    assert_says(second, "override: the call joined an open escalation");
    assert_silent_on(second, "decision");
}

/* ---- the safe side ---- */

static void rewrite_rules(struct house *house, const char *definition)
{
    char sql[512];
    put_rules(house, "{\"rules\":[" REST "]}");
    (void)snprintf(sql, sizeof sql, "UPDATE rule_set SET definition = '%s'", definition);
    assert_int_equal(sqlite3_exec(house->engine->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
    put_agent(house, "jean", "+33600000001", true); /* the customer is read again */
}

static void expect_default(struct house *house, const char *definition, const char *warning,
                           const char *word)
{
    char facts[64], sql[160];
    rewrite_rules(house, definition);
    struct command *command = call_about(house, "lift");
    assert_string_equal(person_called(house, command), "jean");
    assert_says(command, warning);
    assert_says(command, "\"decision\":{\"rule\":null,\"action\":\"escalate\",\"procedure\":"
                         "\"night\"");
    (void)snprintf(facts, sizeof facts, "%%\"%s\"%%", word);
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM timeline WHERE kind = 40 AND facts LIKE '%s'", facts);
    assert_int_equal(house_number(house, sql), 1);
}

/* A newer gateway's, a repaired database's, or something gone since they were put. */
static void test_rules__that_cannot_decide_escalate(void **state)
{
    struct house *house = *state;
    put_day(house);
    expect_default(house, "{\"rules\":7}", "rules: cannot be read", "rules_unreadable");
    expect_default(house,
                   "{\"rules\":[{\"name\":\"a\",\"when\":{\"category\":\"x\"}," THEN("") "}]}",
                   "rules: none holds", "no_rule");
    expect_default(house,
                   "{\"rules\":[{\"name\":\"a\",\"when\":{\"hours\":\"open\"}," THEN(DAY) "}]}",
                   "rules: hang on opening hours", "hours_unknown");
    expect_default(house, "{\"rules\":[{\"name\":\"a\"," THEN(",\"procedure\":\"gone\"") "}]}",
                   "rules: name a procedure", "stale_procedure");
    expect_default(house,
                   "{\"rules\":[{\"name\":\"a\",\"then\":{\"action\":\"forward\","
                   "\"on_call\":\"gone\"}}]}",
                   "rules: name a rota", "stale_role");
}

/* ---- what the customer's calendar and tickets say ---- */

#define BY_HOURS                                                                                   \
    "{\"rules\":[{\"name\":\"shut\",\"when\":{\"hours\":\"closed\"}," THEN(DAY) "}," REST "]}"

static void test_rules__follow_the_opening_hours(void **state)
{
    struct house *house = *state;
    put_day(house);
    put_customer_with(house, "closed", NULL);
    put_rules(house, BY_HOURS);
    assert_string_equal(person_called(house, call_about(house, "x")), "paul");
    put_customer_with(house, "open", NULL);
    assert_string_equal(person_called(house, call_about(house, "x")), "jean");
    /* hours that are there but say nothing, or are gone since: somebody is woken all the same */
    put_customer_with(house, "unknown", NULL);
    struct command *command = call_about(house, "x");
    assert_string_equal(person_called(house, command), "jean");
    assert_says(command, "rules: hang on opening hours");
    put_customer_with(house, NULL, NULL);
    command = call_about(house, "x");
    assert_string_equal(person_called(house, command), "jean");
    assert_says(command, "rules: hang on opening hours");
}

/* Beyond what the calendar says, and where it cannot be read, nobody knows. */
static void test_hours__are_not_guessed(void **state)
{
    struct house *house = *state;
    const struct engine_rotas *rotas = engine_rotas(house->engine);
    put_customer_with(house, "open", NULL);
    const struct directory_customer *customer =
        directory_customer(house->engine->current, house->customer_id);
    const struct wall_time from = customer->calendar_from, until = customer->calendar_until;
    assert_int_equal(qualify_hours(rotas, customer, from), RULES_HOURS_OPEN);
    assert_int_equal(qualify_hours(rotas, customer, (struct wall_time){from.ms - 1}),
                     RULES_HOURS_UNKNOWN);
    assert_int_equal(qualify_hours(rotas, customer, until), RULES_HOURS_UNKNOWN);
    assert_int_equal(sqlite3_exec(house->engine->store->db,
                                  "UPDATE customer SET opening_hours = 'broken'", NULL, NULL, NULL),
                     SQLITE_OK);
    put_agent(house, "jean", "+33600000001", true); /* the customer is read again */
    customer = directory_customer(house->engine->current, house->customer_id);
    assert_non_null(customer->opening_hours);
    assert_int_equal(qualify_hours(rotas, customer, from), RULES_HOURS_UNKNOWN);
}

static void test_rules__speak_the_customer_s_language(void **state)
{
    struct house *house = *state;
    language = "en";
    put_customer_with(house, NULL, NULL);
    language = "fr";
    put_day(house);
    put_rules(house, RULES);
    assert_string_equal(person_called(house, call_about(house, "lift")), "paul");
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline_personal WHERE "
                                         "text = 'category \"lift\"'"),
                     1);
}

/* ---- keeping them ---- */

static struct command *put(struct house *house, const char *definition)
{
    struct command *command = house_command(house, COMMAND_PUT_RULES);
    command->request.definition = (struct definition_request){.definition = definition};
    house_run(house, command);
    return command;
}

static void test_put__keeps_versions(void **state)
{
    struct house *house = *state;
    put_day(house);
    struct command *command = put(house, RULES);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_true(command->answer.created);
    assert_string_equal(command->answer.body, "{\"version\":1}");
    command = put(house, RULES); /* the same again */
    assert_false(command->answer.created);
    assert_string_equal(command->answer.body, "{\"version\":1}");
    command = put(house, "{\"rules\":[" REST "]}");
    assert_false(command->answer.created);
    assert_string_equal(command->answer.body, "{\"version\":2}");
    assert_int_equal(house_number(house, "SELECT count(*) FROM rule_set"), 2);
}

static void expect_refused(struct house *house, const char *definition, const char *pointer)
{
    const struct command *command = put(house, definition);
    assert_int_equal(command->answer.status, STATUS_INVALID);
    assert_string_equal(command->answer.error.pointer, pointer);
}

static void test_put__refuses_what_the_customer_does_not_have(void **state)
{
    struct house *house = *state;
    expect_refused(house, RULES, "/rules/0/then/procedure");
    expect_refused(house, "{\"rules\":[{\"name\":\"a\",\"then\":{\"action\":\"hold\"}}]}",
                   "/rules/0/then/action");
    expect_refused(house,
                   "{\"rules\":[{\"name\":\"a\",\"then\":{\"action\":\"forward\","
                   "\"on_call\":\"gone\"}}]}",
                   "/rules/0/then/on_call");
    expect_refused(house,
                   "{\"rules\":[{\"name\":\"a\",\"when\":{\"hours\":\"open\"}," THEN("") "}]}",
                   "/rules/0/when/hours");
    expect_refused(house, "{\"rules\":[{\"name\":\"a\"}]}", "/rules/0/then");
    set_default_procedure(house, NULL);
    expect_refused(house, "{\"rules\":[" REST "]}", "/rules/0/then/procedure");
    struct command *command = house_command(house, COMMAND_PUT_RULES);
    command->request.definition = (struct definition_request){.definition = "{\"rules\":[]}"};
    command->customer_id = 77;
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
    assert_int_equal(house_number(house, "SELECT count(*) FROM rule_set"), 0);
}

#define TICKET_FIELDS                                                                              \
    "[{\"name\":\"site\",\"label\":\"Site\",\"type\":\"choice\",\"choices\":[\"A\",\"B\"]},"       \
    "{\"name\":\"note\",\"label\":\"Note\",\"type\":\"text\"}]"
#define BY_FIELD(name, value)                                                                      \
    "{\"rules\":[{\"name\":\"a\",\"when\":{\"fields\":{\"" name "\":\"" value                      \
    "\"}}," THEN("") "}," REST "]}"

static void test_put__knows_the_ticket_s_fields(void **state)
{
    struct house *house = *state;
    expect_refused(house, BY_FIELD("site", "A"), "/rules/0/when/fields/site");
    put_customer_with(house, NULL, TICKET_FIELDS);
    expect_refused(house, BY_FIELD("sit", "A"), "/rules/0/when/fields/sit");
    expect_refused(house, BY_FIELD("site", "C"), "/rules/0/when/fields/site");
    put_rules(house, BY_FIELD("site", "B"));
    put_rules(house, BY_FIELD("note", "C"));
}

/* ---- what the customer's clock shows ---- */

static enum status clock_status;

static enum status show_clock(void *context, const struct engine_calendar *calendar,
                              const char *zone, struct wall_time at, struct rules_clock *clock_r,
                              struct error *error)
{
    (void)context, (void)calendar, (void)zone, (void)at, (void)error;
    *clock_r = (struct rules_clock){.is_known = true, .minute = 7, .holidays_known = true};
    return clock_status;
}

/* It is asked for only where a rule looks at it. */
static void test_clock__is_known_where_it_is_asked_for(void **state)
{
    (void)state;
    struct rule_time night = {RULE_DAYS_WEEK, 0, 1};
    struct rule rule = {.times = &night, .times_count = 1};
    struct rules rules = {&rule, 1};
    struct directory_customer own = {
        .time_zone = "UTC", .calendar_from = {10}, .calendar_until = {20}};
    struct engine_rotas shows = {.local_time = show_clock}, blind = {.local_time = NULL};
    clock_status = STATUS_OK;
    struct rules_clock clock = qualify_clock(&shows, &own, &rules, (struct wall_time){10});
    assert_true(clock.is_known && clock.holidays_known);
    assert_int_equal(clock.minute, 7);
    for (int64_t at = 9; at <= 20; at += 11) { /* where the calendar does not reach */
        clock = qualify_clock(&shows, &own, &rules, (struct wall_time){at});
        assert_true(clock.is_known && !clock.holidays_known);
    }
    assert_false(qualify_clock(&shows, &own, NULL, (struct wall_time){10}).is_known);
    assert_false(qualify_clock(&blind, &own, &rules, (struct wall_time){10}).is_known);
    clock_status = STATUS_NOT_FOUND;
    assert_false(qualify_clock(&shows, &own, &rules, (struct wall_time){10}).is_known);
    clock_status = STATUS_OK;
    rule.times_count = 0;
    assert_false(qualify_clock(&shows, &own, &rules, (struct wall_time){10}).is_known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock__is_known_where_it_is_asked_for),
        HOUSE_TEST(test_rules__choose_the_procedure),
        HOUSE_TEST(test_rules__see_what_the_call_says),
        HOUSE_TEST(test_rules__without_them_nothing_changes),
        HOUSE_TEST(test_rules__yield_to_a_procedure_that_is_named),
        HOUSE_TEST(test_override__is_obeyed_and_recorded),
        HOUSE_TEST(test_override__is_obeyed_whatever_it_lacks),
        HOUSE_TEST(test_override__needs_no_rules),
        HOUSE_TEST(test_hours__are_not_guessed),
        HOUSE_TEST(test_rules__speak_the_customer_s_language),
        HOUSE_TEST(test_override__does_not_move_what_is_joined),
        HOUSE_TEST(test_rules__that_cannot_decide_escalate),
        HOUSE_TEST(test_rules__follow_the_opening_hours),
        HOUSE_TEST(test_put__keeps_versions),
        HOUSE_TEST(test_put__knows_the_ticket_s_fields),
        HOUSE_TEST(test_put__refuses_what_the_customer_does_not_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
