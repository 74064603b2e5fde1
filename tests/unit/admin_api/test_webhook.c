/* The webhook fails safe: what can be attributed is taken, what is odd is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin-api/webhook.h"

struct parsed {
    struct arena *arena;
    json_t *json;
    const char *customer;
    struct escalate_request request;
    struct error error;
    enum status status;
};

static struct parsed parse(const char *body)
{
    struct parsed parsed = {.arena = arena_create(0)};
    parsed.status = webhook_parse(body, strlen(body), parsed.arena, &parsed.json, &parsed.customer,
                                  &parsed.request, &parsed.error);
    return parsed;
}

static void release(struct parsed *parsed)
{
    json_decref(parsed->json);
    arena_destroy(&parsed->arena);
}

static bool warns(const struct parsed *parsed, const char *text)
{
    for (size_t i = 0; i < parsed->request.warnings_count; i++) {
        if (strstr(parsed->request.warnings[i], text) != NULL) {
            return true;
        }
    }
    return false;
}

static void test_webhook__complete_body_without_warning(void **state)
{
    (void)state;
    struct parsed parsed =
        parse("{\"customer\":\"clinique\",\"severity\":\"major\",\"category\":\"ascenseur\","
              "\"summary\":\"Bloqué\",\"details\":\"2e étage\",\"caller\":{\"name\":\"Mme Martin\","
              "\"phone\":\"06 12 34 56 78\"},\"callback_promised_s\":600,\"fields\":{\"site\":"
              "\"B\"},\"dedup_key\":\"k\",\"procedure\":\"nuit\",\"drill\":true}");
    assert_int_equal(parsed.status, STATUS_OK);
    assert_string_equal(parsed.customer, "clinique");
    assert_int_equal(parsed.request.severity, SEVERITY_MAJOR);
    assert_string_equal(parsed.request.summary, "Bloqué");
    assert_string_equal(parsed.request.caller_phone, "+33612345678");
    assert_int_equal(parsed.request.promised_ms, 600000);
    assert_string_equal(parsed.request.fields, "{\"site\":\"B\"}");
    assert_string_equal(parsed.request.procedure, "nuit");
    assert_true(parsed.request.drill);
    assert_int_equal(parsed.request.warnings_count, 0);
    release(&parsed);
}

static void test_webhook__customer_alone_is_enough(void **state)
{
    (void)state;
    struct parsed parsed = parse("{\"customer\":\"clinique\"}");
    assert_int_equal(parsed.status, STATUS_OK);
    assert_int_equal(parsed.request.severity, SEVERITY_CRITICAL);
    assert_string_equal(parsed.request.summary, "(sans objet)");
    assert_true(warns(&parsed, "severity"));
    assert_true(warns(&parsed, "summary"));
    assert_null(parsed.request.fields);
    assert_false(parsed.request.drill);
    release(&parsed);
}

static void test_webhook__wrong_types_become_warnings(void **state)
{
    (void)state;
    struct parsed parsed =
        parse("{\"customer\":\"c\",\"severity\":7,\"summary\":12,\"details\":[],\"caller\":\"x\","
              "\"callback_promised_s\":\"soon\",\"fields\":[1],\"dedup_key\":{},\"procedure\":"
              "\"No Slug\",\"drill\":\"yes\",\"category\":false,\"colour\":\"red\"}");
    static const char *const told[] = {
        "severity",  "summary", "details",  "caller", "callback_promised_s", "fields", "dedup_key",
        "procedure", "drill",   "category", "colour"};
    assert_int_equal(parsed.status, STATUS_OK);
    assert_int_equal(parsed.request.severity, SEVERITY_CRITICAL);
    assert_string_equal(parsed.request.summary, "12");
    assert_null(parsed.request.details);
    assert_int_equal(parsed.request.promised_ms, 0);
    assert_false(parsed.request.drill);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        if (!warns(&parsed, told[i])) {
            fail_msg("no warning about %s", told[i]);
        }
    }
    release(&parsed);
}

static void test_webhook__odd_phone_is_kept(void **state)
{
    (void)state;
    struct parsed parsed = parse("{\"customer\":\"c\",\"severity\":\"info\",\"summary\":\"s\","
                                 "\"caller\":{\"phone\":\"poste 12, gardien\",\"age\":3}}");
    assert_int_equal(parsed.status, STATUS_OK);
    assert_string_equal(parsed.request.caller_phone, "poste 12, gardien");
    assert_true(warns(&parsed, "caller/phone"));
    assert_true(warns(&parsed, "age"));
    release(&parsed);
}

static void test_webhook__long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    char body[2000] = "{\"customer\":\"c\",\"severity\":\"info\",\"summary\":\"a";
    for (int i = 0; i < 300; i++) {
        (void)strncat(body, "é", sizeof body - strlen(body) - 1);
    }
    (void)strncat(body, "\"}", sizeof body - strlen(body) - 1);
    struct parsed parsed = parse(body);
    assert_int_equal(parsed.status, STATUS_OK);
    assert_int_equal(strlen(parsed.request.summary), 499);
    assert_true(warns(&parsed, "summary: is too long"));
    release(&parsed);
}

static void test_webhook__long_dedup_key_joins_nothing(void **state)
{
    (void)state;
    char body[400];
    (void)snprintf(body, sizeof body,
                   "{\"customer\":\"c\",\"severity\":\"info\",\"summary\":\"s\",\"dedup_key\":"
                   "\"%0129d\"}",
                   1);
    struct parsed parsed = parse(body);
    assert_int_equal(parsed.status, STATUS_OK);
    assert_null(parsed.request.dedup_key);
    assert_true(warns(&parsed, "dedup_key"));
    release(&parsed);
}

static void test_webhook__promise_is_brought_into_range(void **state)
{
    (void)state;
    struct parsed parsed = parse("{\"customer\":\"c\",\"callback_promised_s\":-5}");
    assert_int_equal(parsed.request.promised_ms, 60000);
    release(&parsed);
    parsed = parse("{\"customer\":\"c\",\"callback_promised_s\":1e300}");
    assert_int_equal(parsed.request.promised_ms, 86400000);
    assert_true(warns(&parsed, "callback_promised_s"));
    release(&parsed);
}

static void test_webhook__warnings_are_bounded(void **state)
{
    (void)state;
    char body[4000] = "{\"customer\":\"c\"";
    for (int i = 0; i < 100; i++) {
        char field[32];
        (void)snprintf(field, sizeof field, ",\"x%d\":1", i);
        (void)strncat(body, field, sizeof body - strlen(body) - 1);
    }
    (void)strncat(body, "}", sizeof body - strlen(body) - 1);
    struct parsed parsed = parse(body);
    assert_int_equal(parsed.status, STATUS_OK);
    assert_int_equal(parsed.request.warnings_count, WEBHOOK_WARNINGS_MAX);
    release(&parsed);
}

static void test_webhook__what_cannot_be_attributed_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *pointer;
    } cases[] = {
        {"", ""},
        {"{", ""},
        {"[]", ""},
        {"\"clinique\"", ""},
        {"{}", "/customer"},
        {"{\"customer\":null}", "/customer"},
        {"{\"customer\":7}", "/customer"},
        {"{\"customer\":\"Clinique Saint-Jean\"}", "/customer"},
        {"{\"customer\":\"c\",\"summary\":\"\xff\"}", ""},
        {"{\"customer\":\"a\",\"customer\":\"b\"}", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parsed parsed = parse(cases[i].body);
        assert_int_equal(parsed.status, STATUS_INVALID);
        assert_string_equal(parsed.error.pointer, cases[i].pointer);
        assert_true(parsed.error.text[0] != '\0');
        release(&parsed);
    }
}

static const char *const choices[] = {"A", "B"};
static const struct ticket_field fields[] = {
    {.name = "site",
     .label = "Site",
     .type = TICKET_CHOICE,
     .choices = choices,
     .choices_count = 2},
    {.name = "nom", .label = "Nom", .type = TICKET_TEXT, .required = true},
    {.name = "etage", .label = "Étage", .type = TICKET_NUMBER},
    {.name = "rappel", .label = "Rappel", .type = TICKET_TELEPHONE},
    {.name = "depuis", .label = "Depuis", .type = TICKET_DATE},
};

static struct parsed parse_with_fields(const char *given)
{
    char body[512];
    (void)snprintf(body, sizeof body,
                   "{\"customer\":\"c\",\"severity\":\"info\",\"summary\":\"s\"%s%s}",
                   given[0] != '\0' ? ",\"fields\":" : "", given);
    struct parsed parsed = parse(body);
    assert_int_equal(parsed.status, STATUS_OK);
    webhook_check_fields(fields, sizeof fields / sizeof fields[0], parsed.arena, &parsed.request);
    return parsed;
}

static void test_fields__are_checked_by_their_type(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        bool fits;
    } rows[] = {
        {"site", "B", true},
        {"site", "b", false},
        {"nom", "x", true},
        {"etage", "12", true},
        {"etage", "-3.5", true},
        {"etage", "3,25", true},
        {"etage", "+1", true},
        {"etage", "3.", false},
        {"etage", ".5", false},
        {"etage", "-", false},
        {"etage", "12 ", false},
        {"etage", "1.2.3", false},
        {"etage", "douze", false},
        {"rappel", "06 39 98 10 11", true},
        {"rappel", "15", false},
        {"depuis", "2024-02-29", true},
        {"depuis", "2026-02-29", false},
        {"depuis", "2026-1-31", false},
        {"depuis", "31/01/2026", false},
        {"depuis", "2026-01-31T00:00:00Z", false},
        {"another", "anything", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char given[128], named[64];
        bool is_name = strcmp(rows[i].name, "nom") == 0;
        (void)snprintf(given, sizeof given, "{%s\"%s\":\"%s\"}", is_name ? "" : "\"nom\":\"n\",",
                       rows[i].name, rows[i].value);
        (void)snprintf(named, sizeof named, "fields/%s: ", rows[i].name);
        struct parsed parsed = parse_with_fields(given);
        if (warns(&parsed, named) == rows[i].fits) {
            fail_msg("%s of %s", rows[i].value, rows[i].name);
        }
        assert_int_equal(parsed.request.warnings_count, rows[i].fits ? 0 : 1);
        assert_non_null(strstr(parsed.request.fields, rows[i].value)); /* it stays */
        release(&parsed);
    }
}

static void test_fields__that_are_required_and_missing(void **state)
{
    (void)state;
    static const char *const given[] = {"", "{}", "{\"nom\":null}", "{\"nom\":\"\"}"};
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        struct parsed parsed = parse_with_fields(given[i]);
        assert_int_equal(parsed.request.warnings_count, 1);
        assert_string_equal(parsed.request.warnings[0],
                            "fields/nom: is missing; the customer wants it to be asked");
        release(&parsed);
    }
}

/* Those of the body come first; nobody reads more than two dozen. */
static void test_fields__warnings_are_bounded_too(void **state)
{
    (void)state;
    struct ticket_field many[WEBHOOK_WARNINGS_MAX + 1];
    for (size_t i = 0; i < WEBHOOK_WARNINGS_MAX + 1; i++) {
        many[i] = fields[1];
    }
    struct parsed parsed = parse("{\"customer\":\"c\",\"summary\":\"s\"}");
    assert_int_equal(parsed.request.warnings_count, 1); /* no severity */
    webhook_check_fields(many, WEBHOOK_WARNINGS_MAX + 1, parsed.arena, &parsed.request);
    assert_int_equal(parsed.request.warnings_count, WEBHOOK_WARNINGS_MAX);
    assert_non_null(strstr(parsed.request.warnings[0], "severity"));
    webhook_check_fields(many, 0, parsed.arena, &parsed.request);
    assert_int_equal(parsed.request.warnings_count, WEBHOOK_WARNINGS_MAX);
    release(&parsed);
}

static void test_webhook__override_is_kept_even_when_incomplete(void **state)
{
    (void)state;
    struct parsed parsed =
        parse("{\"customer\":\"a\",\"summary\":\"s\",\"severity\":\"info\",\"override\":{"
              "\"action\":\"escalate\",\"procedure\":\"nuit\",\"operator\":\"Léa\","
              "\"reason\":\"elle pleure\"}}");
    const struct escalate_override *override = &parsed.request.override;
    assert_true(override->given);
    assert_string_equal(override->procedure, "nuit");
    assert_string_equal(override->operator_name, "Léa");
    assert_string_equal(override->reason, "elle pleure");
    assert_int_equal(parsed.request.warnings_count, 0);
    assert_null(parsed.request.fields); /* it is a known member */
    release(&parsed);
    for (int i = 0; rule_action_words[i] != NULL; i++) {
        char body[160];
        (void)snprintf(body, sizeof body,
                       "{\"customer\":\"a\",\"override\":{\"action\":\"%s\",\"on_call\":"
                       "\"renfort\"}}",
                       rule_action_words[i]);
        parsed = parse(body);
        assert_int_equal(parsed.request.override.action, i);
        assert_string_equal(parsed.request.override.on_call, "renfort");
        assert_false(warns(&parsed, "override/action"));
        release(&parsed);
    }
    parsed = parse("{\"customer\":\"a\",\"override\":{\"action\":\"sleep\",\"procedure\":"
                   "\"Not one\",\"on_call\":\"No role\",\"colour\":1}}");
    override = &parsed.request.override;
    assert_true(override->given);
    assert_null(override->procedure);
    assert_null(override->reason);
    assert_string_equal(override->operator_name, "");
    assert_int_equal(override->action, RULE_ESCALATE);
    assert_null(override->on_call);
    assert_true(warns(&parsed, "override/action: must be escalate, hold, ticket or forward"));
    assert_true(warns(&parsed, "override/on_call: is not a slug"));
    assert_true(warns(&parsed, "override/procedure: is not a slug"));
    assert_true(warns(&parsed, "override/reason: is missing"));
    assert_true(warns(&parsed, "override/operator: is missing"));
    assert_true(warns(&parsed, "colour: is not a known field of override"));
    release(&parsed);
    parsed = parse("{\"customer\":\"a\",\"override\":\"nuit\"}");
    assert_false(parsed.request.override.given);
    assert_true(warns(&parsed, "override: must be an object"));
    release(&parsed);
}

/* What the rules see is what is kept. */
static void test_webhook__fields_are_facts(void **state)
{
    (void)state;
    struct parsed parsed =
        parse("{\"customer\":\"a\",\"fields\":{\"site\":\"B\",\"floor\":2,\"empty\":\"\","
              "\"none\":null},\"unknown\":\"x\"}");
    const struct escalate_request *request = &parsed.request;
    assert_int_equal(request->facts_count, 3);
    assert_string_equal(request->facts[0].name, "site");
    assert_string_equal(request->facts[0].value, "B");
    assert_string_equal(request->facts[1].value, "2");
    assert_string_equal(request->facts[2].name, "unknown");
    release(&parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_webhook__complete_body_without_warning),
        cmocka_unit_test(test_webhook__customer_alone_is_enough),
        cmocka_unit_test(test_webhook__wrong_types_become_warnings),
        cmocka_unit_test(test_webhook__odd_phone_is_kept),
        cmocka_unit_test(test_webhook__long_texts_are_cut_between_characters),
        cmocka_unit_test(test_webhook__long_dedup_key_joins_nothing),
        cmocka_unit_test(test_webhook__promise_is_brought_into_range),
        cmocka_unit_test(test_webhook__warnings_are_bounded),
        cmocka_unit_test(test_webhook__what_cannot_be_attributed_is_refused),
        cmocka_unit_test(test_fields__are_checked_by_their_type),
        cmocka_unit_test(test_fields__that_are_required_and_missing),
        cmocka_unit_test(test_fields__warnings_are_bounded_too),
        cmocka_unit_test(test_webhook__override_is_kept_even_when_incomplete),
        cmocka_unit_test(test_webhook__fields_are_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
