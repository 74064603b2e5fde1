/* test_ticket_fields.c - definitions of ticket fields: what is taken, and where a fault lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/engine/ticket_fields.h"

static enum status parse(const char *json, struct arena *arena,
                         const struct ticket_field **fields_r, size_t *count_r, struct error *error)
{
    return ticket_fields_parse(json, strlen(json), arena, fields_r, count_r, error);
}

static void test_fields__of_every_type(void **state)
{
    (void)state;
    static const char json[] =
        "[{\"name\":\"site\",\"label\":\"Bâtiment\",\"type\":\"choice\",\"required\":true,"
        "\"choices\":[\"A\",\"Bâtiment B\"]},"
        "{\"name\":\"n\",\"label\":\"Nombre\",\"type\":\"number\",\"required\":false},"
        "{\"name\":\"t\",\"label\":\"Texte\",\"type\":\"text\",\"choices\":null},"
        "{\"name\":\"p\",\"label\":\"Téléphone\",\"type\":\"telephone\"},"
        "{\"name\":\"d\",\"label\":\"Date\",\"type\":\"date\"}]";
    static const enum ticket_field_type types[] = {TICKET_CHOICE, TICKET_NUMBER, TICKET_TEXT,
                                                   TICKET_TELEPHONE, TICKET_DATE};
    struct arena *arena = arena_create(0);
    struct error error = {.text = ""};
    const struct ticket_field *fields;
    size_t count;
    if (parse(json, arena, &fields, &count, &error) != STATUS_OK) {
        fail_msg("%s %s", error.pointer, error.text);
    }
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(fields[i].type, types[i]);
        assert_int_equal(fields[i].required, i == 0);
        assert_int_equal(fields[i].choices_count, i == 0 ? 2 : 0);
    }
    assert_string_equal(fields[0].name, "site");
    assert_string_equal(fields[0].label, "Bâtiment");
    assert_string_equal(fields[0].choices[1], "Bâtiment B");
    assert_int_equal(parse("[]", arena, &fields, &count, &error), STATUS_OK);
    assert_int_equal(count, 0);
    arena_destroy(&arena);
}

#define NAMED "\"name\":\"a\",\"label\":\"A\""

static void test_fields__faults_have_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *json, *pointer;
    } rows[] = {
        {"{}", ""},
        {"[", ""},
        {"[7]", "/0"},
        {"[{}]", "/0/name"},
        {"[{\"name\":\"A b\",\"label\":\"A\",\"type\":\"text\"}]", "/0/name"},
        {"[{\"name\":\"a\",\"type\":\"text\"}]", "/0/label"},
        {"[{\"name\":\"a\",\"label\":\"\",\"type\":\"text\"}]", "/0/label"},
        {"[{" NAMED "}]", "/0/type"},
        {"[{" NAMED ",\"type\":\"colour\"}]", "/0/type"},
        {"[{" NAMED ",\"type\":\"text\",\"required\":1}]", "/0/required"},
        {"[{" NAMED ",\"type\":\"text\",\"choices\":[\"A\"]}]", "/0/choices"},
        {"[{" NAMED ",\"type\":\"choice\"}]", "/0/choices"},
        {"[{" NAMED ",\"type\":\"choice\",\"choices\":[]}]", "/0/choices"},
        {"[{" NAMED ",\"type\":\"choice\",\"choices\":[\"A\",7]}]", "/0/choices/1"},
        {"[{" NAMED ",\"type\":\"choice\",\"choices\":[\"\"]}]", "/0/choices/0"},
        {"[{" NAMED ",\"type\":\"choice\",\"choices\":[\"A\",\"B\",\"A\"]}]", "/0/choices/2"},
        {"[{" NAMED ",\"type\":\"text\",\"colour\":\"red\"}]", "/0/colour"},
        {"[{" NAMED ",\"type\":\"text\"},{" NAMED ",\"type\":\"date\"}]", "/1/name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *arena = arena_create(0);
        struct error error = {.text = ""};
        const struct ticket_field *fields = NULL;
        size_t count = 99;
        assert_int_equal(parse(rows[i].json, arena, &fields, &count, &error), STATUS_INVALID);
        if (strcmp(error.pointer, rows[i].pointer) != 0) {
            fail_msg("%s: %s instead of %s", rows[i].json, error.pointer, rows[i].pointer);
        }
        assert_true(error.text[0] != '\0');
        assert_null(fields);
        assert_int_equal(count, 99);
        arena_destroy(&arena);
    }
}

/* As many as there may be, and one more. */
static void test_fields__are_limited(void **state)
{
    (void)state;
    static char json[(TICKET_FIELDS_MAX + 1) * 64];
    for (int more = 0; more < 2; more++) {
        struct arena *arena = arena_create(0);
        struct error error = {.text = ""};
        const struct ticket_field *fields;
        size_t count = 0, used = 0;
        for (int i = 0; i < TICKET_FIELDS_MAX + more; i++) {
            used += (size_t)snprintf(json + used, sizeof json - used,
                                     "%s{\"name\":\"f%d\",\"label\":\"F\",\"type\":\"text\"}",
                                     i == 0 ? "[" : ",", i);
        }
        (void)snprintf(json + used, sizeof json - used, "]");
        assert_int_equal(parse(json, arena, &fields, &count, &error),
                         more == 0 ? STATUS_OK : STATUS_INVALID);
        assert_int_equal(count, more == 0 ? TICKET_FIELDS_MAX : 0);
        arena_destroy(&arena);
    }
}

static void test_fields__want_memory(void **state)
{
    (void)state;
    static char json[8192];
    size_t used =
        (size_t)snprintf(json, sizeof json, "[{" NAMED ",\"type\":\"choice\",\"choices\":[");
    for (int i = 0; i < TICKET_CHOICES_MAX; i++) {
        used += (size_t)snprintf(json + used, sizeof json - used, "%s\"choice number %060d\"",
                                 i == 0 ? "" : ",", i);
    }
    (void)snprintf(json + used, sizeof json - used, "]}]");
    /* Ever more of it, until it is enough. */
    enum status status = STATUS_NO_MEMORY;
    for (size_t bytes = 16; status == STATUS_NO_MEMORY; bytes++) {
        struct arena *arena = arena_create(bytes);
        struct error error = {.text = ""};
        const struct ticket_field *fields = NULL;
        size_t count = 0;
        assert_true(bytes < (size_t)64 * 1024);
        assert_non_null(arena);
        status = parse(json, arena, &fields, &count, &error);
        assert_true(status == STATUS_OK || (fields == NULL && error.text[0] != '\0'));
        arena_destroy(&arena);
    }
    assert_int_equal(status, STATUS_OK);
}

/* A choice as long as it may be, and one byte longer. */
static void test_fields__choices_are_limited(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        char json[512];
        (void)snprintf(json, sizeof json,
                       "[{" NAMED ",\"type\":\"choice\",\"choices\":[\"%0*d\"]}]",
                       TICKET_CHOICE_BYTES_MAX + more, 7);
        struct arena *arena = arena_create(0);
        struct error error = {.text = ""};
        const struct ticket_field *fields;
        size_t count;
        assert_int_equal(parse(json, arena, &fields, &count, &error),
                         more == 0 ? STATUS_OK : STATUS_INVALID);
        assert_true(more == 0 || strcmp(error.pointer, "/0/choices/0") == 0);
        arena_destroy(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields__of_every_type),
        cmocka_unit_test(test_fields__faults_have_a_place),
        cmocka_unit_test(test_fields__are_limited),
        cmocka_unit_test(test_fields__want_memory),
        cmocka_unit_test(test_fields__choices_are_limited),
    };
    return cmocka_run_group_tests_name("engine.ticket_fields", tests, NULL, NULL);
}
