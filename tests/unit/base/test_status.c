#include "gateway/base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/base/text.h"

static void status__codes_are_negative_and_slugs_are_unique(void **state)
{
    (void)state;
    static const enum status all[] = {
#define STATUS_VALUE(name, code, slug, text) STATUS_##name,
        STATUS_TABLE(STATUS_VALUE)
#undef STATUS_VALUE
    };
    size_t count = sizeof all / sizeof all[0];
    assert_int_equal(all[0], 0);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || (int)all[i] < 0);
        assert_true(text_is_slug(status_slug(all[i])));
        assert_true(strlen(status_text(all[i])) > 0);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(status_slug(all[i]), status_slug(all[j]));
            assert_int_not_equal(all[i], all[j]);
        }
    }
    assert_string_equal(status_slug(STATUS_ALREADY_ACCEPTED), "already-accepted");
}

static void error__set_keeps_text_and_forgets_the_pointer(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(error_set_at(&error, STATUS_INVALID, "/agent/0", "no %s", "agent"),
                     STATUS_INVALID);
    assert_string_equal(error.text, "no agent");
    assert_string_equal(error.pointer, "/agent/0");
    assert_int_equal(error_set(&error, STATUS_IO, "gone"), STATUS_IO);
    assert_string_equal(error.text, "gone");
    assert_string_equal(error.pointer, "");
    assert_int_equal(error_set_at(&error, STATUS_IO, NULL, "gone"), STATUS_IO);
    assert_string_equal(error.pointer, "");
}

static void error__null_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, STATUS_IO, "x"), STATUS_IO);
    assert_int_equal(error_set_at(NULL, STATUS_IO, "/x", "x"), STATUS_IO);
    assert_int_equal(error_wrap(NULL, STATUS_IO, "x"), STATUS_IO);
}

static void error__wrap_puts_words_in_front_and_keeps_the_pointer(void **state)
{
    (void)state;
    struct error error;
    (void)error_set_at(&error, STATUS_INVALID, "/turn", "bad turn");
    assert_int_equal(error_wrap(&error, STATUS_INVALID, "loading rota %d", 12), STATUS_INVALID);
    assert_string_equal(error.text, "loading rota 12: bad turn");
    assert_string_equal(error.pointer, "/turn");
}

static void error__moved_into_a_document_says_the_whole_place(void **state)
{
    (void)state;
    static const struct {
        const char *pointer, *text, *moved_pointer, *moved_text;
    } rows[] = {
        {"/0/name", "/0/name: is required", "/fields/0/name", "/fields/0/name: is required"},
        {"", "the body: must be an object", "/fields", "/fields: must be an object"},
        {"", "the calendar is not text", "/fields", "/fields: the calendar is not text"},
        {"/0", "/01: is no place", "/fields/0", "/fields/0: /01: is no place"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error error;
        (void)error_set_at(&error, STATUS_INVALID, rows[i].pointer, "%s", rows[i].text);
        assert_int_equal(error_move_into(&error, STATUS_TOO_LARGE, "/fields"), STATUS_TOO_LARGE);
        assert_string_equal(error.pointer, rows[i].moved_pointer);
        assert_string_equal(error.text, rows[i].moved_text);
    }
    assert_int_equal(error_move_into(NULL, STATUS_IO, "/x"), STATUS_IO);
}

/* Two-byte characters behind 0 or 1 bytes: one of the two cuts would fall inside a character. */
static void error__long_texts_end_between_characters(void **state)
{
    (void)state;
    struct error error;
    char text[2 * ERROR_TEXT_BYTES_MAX + 2];
    for (size_t shift = 0; shift < 2; shift++) {
        text[0] = 'x';
        for (size_t i = shift; i + 2 < sizeof text; i += 2) {
            memcpy(text + i, "\xc3\xa9", 3);
        }
        (void)error_set_at(&error, STATUS_INVALID, text, "%s", text);
        assert_true(strlen(error.text) >= ERROR_TEXT_BYTES_MAX - 2);
        assert_true(text_is_utf8(error.text, strlen(error.text)));
        assert_true(text_is_utf8(error.pointer, strlen(error.pointer)));
        (void)error_wrap(&error, STATUS_INVALID, "loading");
        assert_true(text_is_utf8(error.text, strlen(error.text)));
        (void)error_wrap(&error, STATUS_INVALID, "a");
        (void)error_move_into(&error, STATUS_INVALID, "/a");
        assert_true(text_is_utf8(error.pointer, strlen(error.pointer)));
        assert_true(text_is_utf8(error.text, strlen(error.text)));
        (void)error_wrap(&error, STATUS_INVALID, "%s", text);
        assert_true(text_is_utf8(error.text, strlen(error.text)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status__codes_are_negative_and_slugs_are_unique),
        cmocka_unit_test(error__set_keeps_text_and_forgets_the_pointer),
        cmocka_unit_test(error__null_is_left_alone),
        cmocka_unit_test(error__wrap_puts_words_in_front_and_keeps_the_pointer),
        cmocka_unit_test(error__moved_into_a_document_says_the_whole_place),
        cmocka_unit_test(error__long_texts_end_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
