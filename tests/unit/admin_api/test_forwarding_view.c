/* test_forwarding_view.c - a ladder as text, JSON and TwiML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin-api/forwarding.h"

static const struct directory_person paul = {.kind = PERSON_AGENT,
                                             .id = 7,
                                             .slug = "paul",
                                             .name = "Paul \"Popaul\" Durand",
                                             .phone = "+33612345678"};
static const struct directory_person chief = {
    .kind = PERSON_CONTACT, .id = 8, .slug = "chief", .name = "Zoé", .phone = "+33612345679"};

static struct directory_customer customer = {.id = 1, .slug = "clinique", .active = true};
static struct ladder ladder;
static struct forwarding forwarding = {
    .customer = &customer, .number = "+33142000000", .ladder = &ladder};

static void begin(void)
{
    customer.active = true;
    ladder.count = 0;
    ladder.rungs[ladder.count++] =
        (struct ladder_rung){.phone = paul.phone, .person = &paul, .role = "principal", .step = 1};
    ladder.rungs[ladder.count++] =
        (struct ladder_rung){.phone = chief.phone, .person = &chief, .step = 4};
    ladder.rungs[ladder.count++] = (struct ladder_rung){.phone = "+33199"};
}

static const char *text_of(enum forwarding_format format)
{
    static char text[FORWARDING_TEXT_BYTES_MAX];
    size_t bytes = forwarding_write_text(&forwarding, format, text);
    assert_int_equal(bytes, strlen(text));
    return text;
}

static const char *json_of(void)
{
    static char text[4096];
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    forwarding_write_json(&json, &forwarding);
    assert_false(json_writer_overflowed(&json));
    return text;
}

static void test_formats__have_words(void **state)
{
    (void)state;
    assert_int_equal(forwarding_format_parse(NULL), FORWARDING_JSON);
    assert_int_equal(forwarding_format_parse("json"), FORWARDING_JSON);
    assert_int_equal(forwarding_format_parse("text"), FORWARDING_TEXT);
    assert_int_equal(forwarding_format_parse("ladder"), FORWARDING_LADDER);
    assert_int_equal(forwarding_format_parse("twiml"), FORWARDING_TWIML);
    assert_int_equal(forwarding_format_parse("TEXT"), FORWARDING_FORMATS_COUNT);
    assert_int_equal(forwarding_format_parse(""), FORWARDING_FORMATS_COUNT);
    assert_string_equal(forwarding_content_type(FORWARDING_JSON), "application/json");
    assert_string_equal(forwarding_content_type(FORWARDING_TEXT), "text/plain; charset=utf-8");
    assert_string_equal(forwarding_content_type(FORWARDING_LADDER), "text/plain; charset=utf-8");
    assert_string_equal(forwarding_content_type(FORWARDING_TWIML), "application/xml");
}

static void test_text__is_the_one_number(void **state)
{
    (void)state;
    begin();
    assert_string_equal(text_of(FORWARDING_TEXT), "+33612345678\n");
    assert_string_equal(text_of(FORWARDING_LADDER), "+33612345678\n+33612345679\n+33199\n");
}

static void test_json__says_who(void **state)
{
    (void)state;
    begin();
    assert_string_equal(json_of(),
                        "{\"customer\":\"clinique\",\"number\":\"+33142000000\",\"dial\":"
                        "\"+33612345678\",\"ring_s\":25,\"ladder\":[{\"phone\":\"+33612345678\","
                        "\"agent\":\"paul\",\"name\":\"Paul \\\"Popaul\\\" Durand\",\"role\":"
                        "\"principal\",\"step\":1,\"emergency\":false},{\"phone\":\"+33612345679\","
                        "\"contact\":\"chief\",\"name\":\"Zoé\",\"step\":4,\"emergency\":false},"
                        "{\"phone\":\"+33199\",\"emergency\":true}],\"warnings\":[]}");
    customer.active = false;
    ladder.count = 0;
    assert_string_equal(json_of(),
                        "{\"customer\":\"clinique\",\"number\":\"+33142000000\",\"dial\":null,"
                        "\"ring_s\":25,\"ladder\":[],\"warnings\":[\"customer: not active; put "
                        "through all the same\"]}");
}

#define TWIML(numbers)                                                                             \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Dial sequential=\"true\" timeout="     \
    "\"25\">" numbers "</Dial></Response>\n"

static void test_twiml__one_behind_the_other(void **state)
{
    (void)state;
    begin();
    assert_string_equal(text_of(FORWARDING_TWIML),
                        TWIML("<Number>+33612345678</Number><Number>+33612345679</Number>"
                              "<Number>+33199</Number>"));
    ladder.count = 1;
    assert_string_equal(text_of(FORWARDING_TWIML), TWIML("<Number>+33612345678</Number>"));
}

static void test_twiml__is_escaped(void **state)
{
    (void)state;
    ladder.count = 1;
    ladder.rungs[0] = (struct ladder_rung){.phone = "<&\"'>]]>é"};
    assert_string_equal(text_of(FORWARDING_TWIML),
                        TWIML("<Number>&lt;&amp;&quot;&apos;&gt;]]&gt;é</Number>"));
}

/* Ten are what Twilio takes: the last of them is the last of the ladder. The longest of all fits.
 */
static void test_twiml__of_many(void **state)
{
    (void)state;
    static char phones[LADDER_RUNGS_MAX][17];
    ladder.count = 0;
    for (int i = 0; i < LADDER_RUNGS_MAX; i++) {
        (void)snprintf(phones[i], sizeof phones[i], "+%015d", i);
        ladder.rungs[ladder.count++] = (struct ladder_rung){.phone = phones[i]};
    }
    const char *text = text_of(FORWARDING_TWIML);
    size_t numbers = 0;
    for (const char *at = text; (at = strstr(at, "<Number>")) != NULL; at++) {
        numbers++;
    }
    assert_int_equal(numbers, FORWARDING_TWIML_NUMBERS_MAX);
    assert_non_null(strstr(text, "08</Number><Number>+000000000000031</Number></Dial>"));
    ladder.count = FORWARDING_TWIML_NUMBERS_MAX;
    text = text_of(FORWARDING_TWIML);
    assert_non_null(strstr(text, "08</Number><Number>+000000000000009</Number></Dial>"));
    ladder.count = LADDER_RUNGS_MAX;
    assert_int_equal(strlen(text_of(FORWARDING_LADDER)), LADDER_RUNGS_MAX * 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats__have_words),
        cmocka_unit_test(test_text__is_the_one_number),
        cmocka_unit_test(test_json__says_who),
        cmocka_unit_test(test_twiml__one_behind_the_other),
        cmocka_unit_test(test_twiml__is_escaped),
        cmocka_unit_test(test_twiml__of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
