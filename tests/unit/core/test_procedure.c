/* procedure_parse(): what is understood, and for every kind of fault where it is. */
#include "gateway/core/procedure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define STEP       "{\"notify\":[{\"agent\":\"paul\"}],\"by\":[\"push\"],\"accepted_within_s\":60}"
#define STEPS      "\"steps\":[" STEP "]"
#define WITH(more) "{" STEPS "," more "}"
#define STEP_WITH(notify, by, more)                                                                \
    "{\"steps\":[" STEP ",{\"notify\":" notify ",\"by\":" by more "}]}"
#define WITHIN ",\"accepted_within_s\":60"

static int arena_setup(void **state)
{
    *state = arena_create(0);
    return *state == NULL;
}

static int arena_teardown(void **state)
{
    struct arena *arena = *state;
    arena_destroy(&arena);
    return 0;
}

static struct procedure *parse(struct arena *arena, const char *json)
{
    struct procedure *procedure = NULL;
    struct error error = {.text = ""};
    if (procedure_parse(json, strlen(json), "night", arena, &procedure, &error) != STATUS_OK) {
        fail_msg("%s at %s in %s", error.text, error.pointer, json);
    }
    return procedure;
}

static void parse__fills_in_what_was_left_out(void **state)
{
    const struct procedure *procedure = parse(*state, "{" STEPS "}");
    assert_string_equal(procedure->slug, "night");
    assert_int_equal(procedure->rounds, 2);
    assert_int_equal(procedure->round_spacing_ms, 120000);
    assert_int_equal(procedure->progress_within_ms, 1800000);
    assert_int_equal(procedure->holder_silent_ms, 120000);
    assert_int_equal(procedure->exhausted_every_ms, 60000);
    assert_int_equal(procedure->promise_warning_ms, 60000);
    assert_int_equal(procedure->steps_count, 1);
    assert_int_equal(procedure->steps[0].via, VIA_PUSH);
    assert_int_equal(procedure->steps[0].received_within_ms, 0);
    assert_int_equal(procedure->steps[0].accepted_within_ms, 60000);
    assert_int_equal(procedure->exhausted_count, 1);
    assert_int_equal(procedure->exhausted[0].kind, TARGET_CALLBACK);
    assert_string_equal(procedure->exhausted[0].name, "call-centre");
}

static void paper__stands_in_the_document(void **state)
{
    static const struct {
        const char *json, *today;
        enum procedure_paper paper;
    } rows[] = {
        {"{" STEPS "}", "2026-11-30", PAPER_UNAPPROVED},
        {WITH("\"review_on\":\"2026-01-31\""), "2026-11-30", PAPER_UNAPPROVED},
        {WITH("\"approved_by\":\"Mme Roth\",\"approved_on\":\"2026-01-31\""), "2099-01-01",
         PAPER_IN_ORDER},
        {WITH("\"approved_by\":\"Mme Roth\",\"approved_on\":\"2026-01-31\",\"review_on\":"
              "\"2026-11-30\""),
         "2026-11-30T23:59:59.999Z", PAPER_IN_ORDER},
        {WITH("\"approved_by\":\"Mme Roth\",\"approved_on\":\"2026-01-31\",\"review_on\":"
              "\"2026-11-30\""),
         "2026-12-01", PAPER_REVIEW_DUE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct procedure *procedure = parse(*state, rows[i].json);
        assert_int_equal(procedure_paper(procedure, rows[i].today), rows[i].paper);
        if (rows[i].paper != PAPER_UNAPPROVED) {
            assert_string_equal(procedure->approved_by, "Mme Roth");
            assert_string_equal(procedure->approved_on, "2026-01-31");
        }
    }
    assert_string_equal(procedure_paper_word(PAPER_IN_ORDER), "in_order");
    assert_string_equal(procedure_paper_word(PAPER_UNAPPROVED), "unapproved");
    assert_string_equal(procedure_paper_word(PAPER_REVIEW_DUE), "review_due");
}

static void parse__takes_everything(void **state)
{
    const struct procedure *procedure =
        parse(*state, "{\"slug\":\"night\",\"rounds\":3,\"round_spacing_s\":90,"
                      "\"progress_within_s\":600,\"holder_silent_s\":60,\"exhausted_every_s\":30,"
                      "\"promise_warning_s\":120,\"steps\":[{\"notify\":[{\"on_call\":\"primary\"},"
                      "{\"agent\":\"marie\"},{\"contact\":\"boss\"}],\"by\":[\"push\",\"call\"],"
                      "\"received_within_s\":20,\"accepted_within_s\":45}],\"exhausted\":["
                      "{\"callback\":\"desk\"},{\"contact\":\"boss\"},{\"agent\":\"marie\","
                      "\"by\":[\"push\"]}]}");
    assert_int_equal(procedure->rounds, 3);
    assert_int_equal(procedure->round_spacing_ms, 90000);
    assert_int_equal(procedure->progress_within_ms, 600000);
    assert_int_equal(procedure->holder_silent_ms, 60000);
    assert_int_equal(procedure->exhausted_every_ms, 30000);
    assert_int_equal(procedure->promise_warning_ms, 120000);
    const struct procedure_step *step = &procedure->steps[0];
    assert_int_equal(step->via, VIA_PUSH | VIA_CALL);
    assert_int_equal(step->received_within_ms, 20000);
    assert_int_equal(step->accepted_within_ms, 45000);
    assert_int_equal(step->acceptances, 1);
    assert_int_equal(procedure->offer_within_ms, 300000);
    assert_true(procedure->offer_at_shift_end);
    assert_int_equal(step->targets_count, 3);
    assert_int_equal(step->targets[0].kind, TARGET_ON_CALL);
    assert_string_equal(step->targets[0].name, "primary");
    assert_int_equal(step->targets[1].kind, TARGET_AGENT);
    assert_int_equal(step->targets[2].kind, TARGET_CONTACT);
    assert_int_equal(procedure->exhausted_count, 3);
    assert_int_equal(procedure->exhausted[1].via, VIA_CALL); /* a contact is called by default */
    assert_int_equal(procedure->exhausted[2].via, VIA_PUSH);
}

static const struct {
    const char *pointer;
    const char *json;
} faults[] = {
    {"", "[]"},
    {"", "{"},
    {"/slug", WITH("\"slug\":\"day\"")},
    {"/offer_within_s", WITH("\"offer_within_s\":0")},
    {"/offer_within_s", WITH("\"offer_within_s\":3601")},
    {"/offer_at_shift_end", WITH("\"offer_at_shift_end\":1")},
    {"/steps/0/acceptances",
     "{\"steps\":[{\"notify\":[{\"agent\":\"a\"}],\"by\":[\"push\"],\"accepted_within_s\":60,"
     "\"acceptances\":0}]}"},
    {"/steps/0/acceptances",
     "{\"steps\":[{\"notify\":[{\"agent\":\"a\"}],\"by\":[\"push\"],\"accepted_within_s\":60,"
     "\"acceptances\":9}]}"},
    {"/slug", WITH("\"slug\":\"Not A Slug\"")},
    {"/rounds", WITH("\"rounds\":0")},
    {"/rounds", WITH("\"rounds\":11")},
    {"/rounds", WITH("\"rounds\":\"2\"")},
    {"/rounds", WITH("\"rounds\":1.5")},
    {"/round_spacing_s", WITH("\"round_spacing_s\":0")},
    {"/round_spacing_s", WITH("\"round_spacing_s\":3601")},
    {"/progress_within_s", WITH("\"progress_within_s\":0")},
    {"/progress_within_s", WITH("\"progress_within_s\":86401")},
    {"/holder_silent_s", WITH("\"holder_silent_s\":0")},
    {"/holder_silent_s", WITH("\"holder_silent_s\":3601")},
    {"/exhausted_every_s", WITH("\"exhausted_every_s\":0")},
    {"/exhausted_every_s", WITH("\"exhausted_every_s\":3601")},
    {"/promise_warning_s", WITH("\"promise_warning_s\":0")},
    {"/promise_warning_s", WITH("\"promise_warning_s\":3601")},
    {"/promise_warning_s", WITH("\"promise_warning_s\":9223372036854775807")},
    {"/approved_by", WITH("\"approved_by\":\"\",\"approved_on\":\"2026-01-31\"")},
    {"/approved_by", WITH("\"approved_on\":\"2026-01-31\"")},
    {"/approved_on", WITH("\"approved_by\":\"Mme Roth\"")},
    {"/approved_on", WITH("\"approved_by\":\"Mme Roth\",\"approved_on\":\"2026-02-30\"")},
    {"/approved_on", WITH("\"approved_by\":\"Mme Roth\",\"approved_on\":\"2026-1-31\"")},
    {"/review_on", WITH("\"review_on\":\"next year\"")},
    {"/review_on", WITH("\"review_on\":\"2026-02-29\"")},
    {"/review_on", WITH("\"approved_by\":\"Mme Roth\",\"approved_on\":\"2026-01-31\","
                        "\"review_on\":\"2026-01-30\"")},
    {"/surprise", WITH("\"surprise\":1")},
    {"/steps", "{}"},
    {"/steps", "{\"steps\":[]}"},
    {"/steps", "{\"steps\":{}}"},
    {"/steps/0", "{\"steps\":[7," STEP "]}"},
    {"/steps/1", "{\"steps\":[" STEP ",7]}"},
    {"/steps/1/notify", "{\"steps\":[" STEP ",{\"by\":[\"push\"]" WITHIN "}]}"},
    {"/steps/1/notify", STEP_WITH("[]", "[\"push\"]", WITHIN)},
    {"/steps/1/notify/0", STEP_WITH("[7]", "[\"push\"]", WITHIN)},
    {"/steps/1/notify/0", STEP_WITH("[{}]", "[\"push\"]", WITHIN)},
    {"/steps/1/notify/1",
     STEP_WITH("[{\"agent\":\"a\"},{\"agent\":\"a\",\"contact\":\"b\"}]", "[\"push\"]", WITHIN)},
    {"/steps/1/notify/0", STEP_WITH("[{\"callback\":\"desk\"}]", "[\"push\"]", WITHIN)},
    {"/steps/1/notify/0/check_in", STEP_WITH("[{\"check_in\":\"desk\"}]", "[\"push\"]", WITHIN)},
    {"/when_busy", WITH("\"when_busy\":\"Not A Slug\"")},
    {"/steps/1/notify/0/agent", STEP_WITH("[{\"agent\":\"A b\"}]", "[\"push\"]", WITHIN)},
    {"/steps/1/notify/0/by",
     STEP_WITH("[{\"agent\":\"a\",\"by\":[\"push\"]}]", "[\"push\"]", WITHIN)},
    {"/steps/1/by", STEP_WITH("[{\"agent\":\"a\"}]", "[]", WITHIN)},
    {"/steps/1/by", STEP_WITH("[{\"agent\":\"a\"}]", "[\"sms\"]", WITHIN)},
    {"/steps/1/by", STEP_WITH("[{\"agent\":\"a\"}]", "[3]", WITHIN)},
    {"/steps/1/by", STEP_WITH("[{\"agent\":\"a\"}]", "\"push\"", WITHIN)},
    {"/steps/1/by", STEP_WITH("[{\"agent\":\"a\"}]", "[\"push\",\"call\",\"push\"]", WITHIN)},
    {"/steps/1/accepted_within_s", STEP_WITH("[{\"agent\":\"a\"}]", "[\"push\"]", "")},
    {"/steps/1/accepted_within_s",
     STEP_WITH("[{\"agent\":\"a\"}]", "[\"push\"]", ",\"accepted_within_s\":0")},
    {"/steps/1/accepted_within_s",
     STEP_WITH("[{\"agent\":\"a\"}]", "[\"push\"]", ",\"accepted_within_s\":86401")},
    {"/steps/1/received_within_s",
     STEP_WITH("[{\"agent\":\"a\"}]", "[\"push\"]", WITHIN ",\"received_within_s\":0")},
    {"/steps/1/received_within_s",
     STEP_WITH("[{\"agent\":\"a\"}]", "[\"push\"]", WITHIN ",\"received_within_s\":3601")},
    {"/steps/1/surprise", STEP_WITH("[{\"agent\":\"a\"}]", "[\"push\"]", WITHIN ",\"surprise\":1")},
    {"/exhausted", WITH("\"exhausted\":[]")},
    {"/exhausted", WITH("\"exhausted\":\"desk\"")},
    {"/exhausted/0", WITH("\"exhausted\":[{}]")},
    {"/exhausted/0", WITH("\"exhausted\":[\"desk\"]")},
    {"/exhausted/1",
     WITH("\"exhausted\":[{\"callback\":\"a\"},{\"callback\":\"a\",\"agent\":\"b\"}]")},
    {"/exhausted/0/by", WITH("\"exhausted\":[{\"agent\":\"a\",\"by\":[\"fax\"]}]")},
    {"/exhausted/0/callback", WITH("\"exhausted\":[{\"callback\":\"\"}]")},
    {"/exhausted/0/surprise", WITH("\"exhausted\":[{\"callback\":\"a\",\"surprise\":1}]")},
};

static void parse__says_where_the_fault_is(void **state)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct procedure *procedure = NULL;
        struct error error = {.text = ""};
        enum status status = procedure_parse(faults[i].json, strlen(faults[i].json), "night",
                                             *state, &procedure, &error);
        if (status != STATUS_INVALID || strcmp(error.pointer, faults[i].pointer) != 0) {
            fail_msg("%s\nexpected a fault at %s, found %s at %s: %s", faults[i].json,
                     faults[i].pointer, status_slug(status), error.pointer, error.text);
        }
        assert_null(procedure);
        assert_true(error.text[0] != '\0');
    }
}

/* As many of everything as there may be; one more is refused. */
static void parse__keeps_limits(void **state)
{
    char json[8192];
    for (int steps = PROCEDURE_STEPS_MAX; steps <= PROCEDURE_STEPS_MAX + 1; steps++) {
        size_t used = (size_t)snprintf(json, sizeof json, "{\"steps\":[" STEP);
        for (int i = 1; i < steps; i++) {
            used += (size_t)snprintf(json + used, sizeof json - used, "," STEP);
        }
        (void)snprintf(json + used, sizeof json - used, "]}");
        struct procedure *procedure = NULL;
        struct error error = {.text = ""};
        enum status status =
            procedure_parse(json, strlen(json), "night", *state, &procedure, &error);
        assert_int_equal(status, steps > PROCEDURE_STEPS_MAX ? STATUS_INVALID : STATUS_OK);
    }
}

/* Memory that runs out is a refusal, wherever it happens. */
static void parse__survives_a_small_arena(void **state)
{
    (void)state;
    enum status status = STATUS_INVALID;
    size_t bytes = 16;
    for (; status != STATUS_OK && bytes < 65536; bytes += 16) {
        struct arena *arena = arena_create(bytes);
        struct procedure *procedure = NULL;
        struct error error = {.text = ""};
        const char *json = "{" STEPS ",\"exhausted\":[{\"callback\":\"a\"}]}";
        assert_non_null(arena);
        status = procedure_parse(json, strlen(json), "night", arena, &procedure, &error);
        assert_true(status == STATUS_OK || status == STATUS_TOO_LARGE);
        assert_int_equal(procedure != NULL, status == STATUS_OK);
        arena_destroy(&arena);
    }
    assert_int_equal(status, STATUS_OK);
    assert_true(bytes > 64);
}

static void asks_check_in__in_any_step(void **state)
{
    assert_false(procedure_asks_check_in(procedure_of_last_resort()));
    assert_false(procedure_asks_check_in(parse(*state, "{" STEPS "}")));
    assert_true(procedure_asks_check_in(parse(
        *state, STEP_WITH("[{\"agent\":\"a\"},{\"check_in\":\"agent\"}]", "[\"push\"]", WITHIN))));
}

static void last_resort__tells_the_call_centre(void **state)
{
    (void)state;
    const struct procedure *procedure = procedure_of_last_resort();
    assert_int_equal(procedure->steps_count, 0);
    assert_int_equal(procedure->exhausted_count, 1);
    assert_int_equal(procedure->exhausted[0].kind, TARGET_CALLBACK);
    assert_string_equal(procedure->exhausted[0].name, "call-centre");
    assert_int_equal(procedure->exhausted_every_ms, 60000);
    assert_int_equal(procedure->rounds, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parse__fills_in_what_was_left_out, arena_setup,
                                        arena_teardown),
        cmocka_unit_test_setup_teardown(parse__takes_everything, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(paper__stands_in_the_document, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(parse__says_where_the_fault_is, arena_setup,
                                        arena_teardown),
        cmocka_unit_test_setup_teardown(parse__keeps_limits, arena_setup, arena_teardown),
        cmocka_unit_test(parse__survives_a_small_arena),
        cmocka_unit_test_setup_teardown(asks_check_in__in_any_step, arena_setup, arena_teardown),
        cmocka_unit_test(last_resort__tells_the_call_centre),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
