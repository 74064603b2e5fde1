#include "gateway/base/json_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *const colours[] = {"red", "green", NULL};

/* Takes one member of each kind out of a document and ends. */
static enum status read(const char *text, struct error *error)
{
    json_t *json = NULL;
    enum status status = json_parse(text, strlen(text), &json, error);
    if (status != STATUS_OK) {
        assert_null(json);
        return status;
    }
    struct json_reader reader;
    json_reader_init(&reader, json, "", error);
    (void)json_take_text(&reader, "text", true, 2, 4);
    (void)json_take_slug(&reader, "slug", false);
    (void)json_take_int(&reader, "int", false, -5, 5, 0);
    (void)json_take_bool(&reader, "bool", false);
    (void)json_take_word(&reader, "word", false, colours, -1);
    (void)json_take_array(&reader, "array", false, 1, 2);
    (void)json_take_object(&reader, "object", false);
    status = json_reader_end(&reader);
    json_decref(json);
    return status;
}

static void reader__answers_values_and_fallbacks(void **state)
{
    (void)state;
    static const char text[] =
        "{\"text\":\"\xc3\xa9\",\"slug\":\"a-1\",\"int\":-5,\"bool\":true,\"word\":\"green\","
        "\"array\":[1],\"object\":{},\"null\":null}";
    json_t *json;
    struct error error;
    struct json_reader reader;
    assert_int_equal(json_parse(text, strlen(text), &json, &error), STATUS_OK);
    json_reader_init(&reader, json, "", &error);
    assert_string_equal(json_take_text(&reader, "text", true, 2, 2), "\xc3\xa9");
    assert_string_equal(json_take_slug(&reader, "slug", true), "a-1");
    assert_int_equal(json_take_int(&reader, "int", true, -5, 5, 0), -5);
    assert_true(json_take_bool(&reader, "bool", false));
    assert_int_equal(json_take_word(&reader, "word", true, colours, -1), 1);
    assert_int_equal(json_array_size(json_take_array(&reader, "array", true, 1, 1)), 1);
    assert_non_null(json_take_object(&reader, "object", true));
    assert_false(json_reader_has(&reader, "null"));
    assert_true(json_reader_has(&reader, "text"));
    assert_string_equal(json_reader_unknown(&reader), "null");
    assert_int_equal(json_take_int(&reader, "null", false, 0, 1, 7), 7);
    assert_true(json_take_bool(&reader, "absent", true));
    assert_null(json_take_text(&reader, "absent2", false, 0, 9));
    assert_int_equal(json_take_word(&reader, "absent3", false, colours, -1), -1);
    assert_null(json_take_array(&reader, "absent4", false, 1, 1));
    assert_null(json_reader_unknown(&reader));
    assert_int_equal(json_reader_end(&reader), STATUS_OK);
    json_decref(json);
}

static void reader__says_what_is_wrong_and_where(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pointer, *words;
    } table[] = {
        {"[]", "", "must be an object"},
        {"7", "", "must be an object"},
        {"{}", "/text", "is required"},
        {"{\"text\":null}", "/text", "is required"},
        {"{\"text\":7}", "/text", "must be a string"},
        {"{\"text\":\"\"}", "/text", "must not be empty"},
        {"{\"text\":\"a\"}", "/text", "is too short"},
        {"{\"text\":\"abcde\"}", "/text", "is longer than 4 bytes"},
        {"{\"text\":\"ab\",\"slug\":\"A\"}", "/slug", "must be lower-case"},
        {"{\"text\":\"ab\",\"int\":1.0}", "/int", "must be a whole number"},
        {"{\"text\":\"ab\",\"int\":\"1\"}", "/int", "must be a whole number"},
        {"{\"text\":\"ab\",\"int\":6}", "/int", "must be between -5 and 5"},
        {"{\"text\":\"ab\",\"bool\":0}", "/bool", "must be true or false"},
        {"{\"text\":\"ab\",\"word\":\"blue\"}", "/word", "must be one of red, green"},
        {"{\"text\":\"ab\",\"word\":true}", "/word", "must be one of red, green"},
        {"{\"text\":\"ab\",\"word\":\"\"}", "/word", "must be one of red, green"},
        {"{\"text\":\"ab\",\"array\":{}}", "/array", "must be an array"},
        {"{\"text\":\"ab\",\"array\":[]}", "/array", "must have 1 to 2 items"},
        {"{\"text\":\"ab\",\"object\":[]}", "/object", "must be an object"},
        {"{\"text\":\"ab\",\"tex\":1}", "/tex", "is not a known field"},
        {"{\"text\":\"ab\",\"a/b~c\":1}", "/a~1b~0c", "is not a known field"},
        {"{\"text\":\"ab\",\"wrod\":\"red\"}", "/wrod", "field; did you mean \"word\"?"},
        {"{\"text\":\"ab\",\"ar\":1}", "/ar", "is not a known field"},
        {"{\"text\":7,\"int\":9,\"x\":1}", "/text", "must be a string"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct error error = {.text = ""};
        assert_int_equal(read(table[i].text, &error), STATUS_INVALID);
        assert_string_equal(error.pointer, table[i].pointer);
        assert_non_null(strstr(error.text, table[i].words));
    }
}

static void parse__refuses_what_is_not_one_document(void **state)
{
    (void)state;
    static const char *const table[] = {
        "",
        "{",
        "{\"a\":1}x",
        "{\"a\":1,\"a\":2}",
        "{a:1}",
        "{\"a\":01}",
        "\"\xff\"",
        "{\"a\":\"\\u0000\"}",
        "[1,]",
        "nul",
        "{\"a\":1e999}",
        "{\"a\":99999999999999999999}",
        "\"\\ud800\"",
        "'a'",
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        json_t *json = NULL;
        struct error error = {.text = ""};
        assert_int_equal(json_parse(table[i], strlen(table[i]), &json, &error), STATUS_INVALID);
        assert_null(json);
        assert_true(strlen(error.text) > 0);
    }
}

/* An error may be shown and logged; the body may be about a person. */
static void parse__error_does_not_cite_the_body(void **state)
{
    (void)state;
    static const char text[] = "{\"caller\": Dupont}";
    json_t *json = NULL;
    struct error error;
    assert_int_equal(json_parse(text, strlen(text), &json, &error), STATUS_INVALID);
    assert_null(strstr(error.text, "Dupont"));
    assert_non_null(strstr(error.text, "line 1"));
}

static void parse__depth_is_limited(void **state)
{
    (void)state;
    for (int depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
        char text[2 * JSON_DEPTH_MAX + 8] = "";
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        json_t *json = NULL;
        enum status status = json_parse(text, strlen(text), &json, NULL);
        assert_int_equal(status, depth <= JSON_DEPTH_MAX ? STATUS_OK : STATUS_INVALID);
        json_decref(json);
    }
    /* Brackets in texts are no depth. */
    static const char text[] = "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\"";
    json_t *json = NULL;
    assert_int_equal(json_parse(text, strlen(text), &json, NULL), STATUS_OK);
    json_decref(json);
}

static void reader__long_unknown_name_is_cut_between_characters(void **state)
{
    (void)state;
    char text[600] = "{\"text\":\"ab\",\"";
    for (int i = 0; i < 120; i++) {
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "\xe2\x82\xac");
    }
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), "\":1}");
    struct error error;
    assert_int_equal(read(text, &error), STATUS_INVALID);
    json_t *pointer = json_string(error.pointer); /* NULL when not UTF-8 */
    json_t *words = json_string(error.text);
    assert_non_null(pointer);
    assert_non_null(words);
    json_decref(pointer);
    json_decref(words);
}

static unsigned allocations_left; /* until one fails; 0: none will */

static void *take(size_t bytes)
{
    return allocations_left > 0 && --allocations_left == 0 ? NULL : malloc(bytes);
}

static void parse__without_memory_is_not_the_senders_fault(void **state)
{
    (void)state;
    static const char text[] =
        "{\"operator\":\"somebody whose name is longer than what jansson has room for at first\","
        "\"list\":[1,{\"of\":\"two\"}]}";
    unsigned n = 0;
    enum status status;
    do {
        json_t *json = NULL;
        struct error error;
        allocations_left = ++n;
        status = json_parse(text, sizeof text - 1, &json, &error);
        assert_int_equal(status, allocations_left == 0 ? STATUS_NO_MEMORY : STATUS_OK);
        json_decref(json);
    } while (status != STATUS_OK);
    assert_true(n > 10);
    allocations_left = 0;
}

/* What explains a rule is told to its end. */
static void reader__tells_a_long_reason_whole(void **state)
{
    (void)state;
    struct json_reader reader;
    struct error error = {.text = ""};
    char reason[200], wanted[220];
    memset(reason, 'x', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    json_t *object = json_object();
    json_reader_init(&reader, object, "", &error);
    json_reader_fault(&reader, "phone", "%s", reason);
    (void)snprintf(wanted, sizeof wanted, "/phone: %s", reason);
    assert_string_equal(error.text, wanted);
    assert_int_equal(json_reader_end(&reader), STATUS_INVALID);
    json_decref(object);
}

/* What is near is looked for among the names that are not given already. */
static void reader__names_what_was_likely_meant(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } table[] = {
        {"{\"opening_hour\":1}", "/opening_hour: is not a known field; did you mean "
                                 "\"opening_hours\"?"},
        {"{\"opening_hours\":1,\"opening_hour\":1}", "/opening_hour: is not a known field"},
        {"{\"o\":1}", "/o: is not a known field"},
        {"{\"greetings_of_the_customer_that_are_far_longer_than_any_name_there_is\":1}", NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct json_reader reader;
        struct error error = {.text = ""};
        json_t *object = json_loads(table[i].text, 0, NULL);
        json_reader_init(&reader, object, "", &error);
        (void)json_take_value(&reader, "greeting", false);
        (void)json_take_value(&reader, "opening_hours", false);
        (void)json_take_value(&reader, "on", false);
        assert_int_equal(json_reader_end(&reader), STATUS_INVALID);
        if (table[i].said != NULL) {
            assert_string_equal(error.text, table[i].said);
        }
        json_decref(object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader__answers_values_and_fallbacks),
        cmocka_unit_test(reader__says_what_is_wrong_and_where),
        cmocka_unit_test(reader__tells_a_long_reason_whole),
        cmocka_unit_test(reader__names_what_was_likely_meant),
        cmocka_unit_test(parse__refuses_what_is_not_one_document),
        cmocka_unit_test(parse__error_does_not_cite_the_body),
        cmocka_unit_test(parse__without_memory_is_not_the_senders_fault),
        cmocka_unit_test(parse__depth_is_limited),
        cmocka_unit_test(reader__long_unknown_name_is_cut_between_characters),
    };
    json_set_alloc_funcs(take, free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
