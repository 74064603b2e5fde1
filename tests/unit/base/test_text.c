#include "gateway/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void text_is_slug__table(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_slug;
    } table[] = {
        {"paul", true}, {"a", true},    {"7", true},         {"clinique-des-lilas-2", true},
        {"a-", true},   {"", false},    {"-a", false},       {"Paul", false},
        {"a b", false}, {"a_b", false}, {"\xc3\xa9", false}, {"a\n", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(text_is_slug(table[i].text), table[i].is_slug);
    }
    char longest[SLUG_BYTES_MAX + 1];
    memset(longest, 'a', sizeof longest);
    longest[SLUG_BYTES_MAX] = '\0';
    assert_false(text_is_slug(longest));
    longest[SLUG_BYTES_MAX - 1] = '\0';
    assert_true(text_is_slug(longest));
}

static void text_is_utf8__table_of_rfc_3629(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_utf8;
    } table[] = {
        {"", true},
        {"plain", true},
        {"\xc3\xa9t\xc3\xa9", true},
        {"\xe2\x82\xac", true},
        {"\xf0\x9f\x9a\xa8", true},
        {"\xf4\x8f\xbf\xbf", true},  /* U+10FFFF */
        {"\xed\x9f\xbf", true},      /* U+D7FF */
        {"\xed\xa0\x80", false},     /* U+D800, a surrogate */
        {"\xed\xbf\xbf", false},     /* U+DFFF */
        {"\xf4\x90\x80\x80", false}, /* U+110000 */
        {"\xf5\x80\x80\x80", false}, /* no such lead */
        {"\xc0\x80", false},         /* overlong NUL */
        {"\xc1\xbf", false},         /* overlong */
        {"\xe0\x9f\xbf", false},     /* overlong */
        {"\xf0\x8f\xbf\xbf", false}, /* overlong */
        {"\x80", false},             /* a continuation alone */
        {"\xc3", false},             /* cut */
        {"\xe2\x82", false},         /* cut */
        {"\xf0\x9f\x9a", false},     /* cut */
        {"\xc3\x28", false},         /* no continuation */
        {"\xe2\x28\xa1", false},
        {"\xff", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(text_is_utf8(table[i].text, strlen(table[i].text)), table[i].is_utf8);
    }
    assert_true(text_is_utf8("a\0b", 3));
}

static void text_utf8_cut__never_splits_a_character(void **state)
{
    (void)state;
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\xa8z"; /* 1, 2, 3, 4, 1 bytes */
    static const size_t cuts[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t max = 0; max < sizeof cuts / sizeof cuts[0]; max++) {
        assert_int_equal(text_utf8_cut(text, max), cuts[max]);
    }
}

static void text_trim_utf8__drops_only_an_unfinished_character(void **state)
{
    (void)state;
    static const struct {
        const char *text, *trimmed;
    } table[] = {
        {"", ""},
        {"abc", "abc"},
        {"ab\xc3\xa9", "ab\xc3\xa9"},
        {"ab\xc3", "ab"},
        {"\xe2\x82", ""},
        {"x\xf0\x9f\x9a", "x"},
        {"x\xf0\x9f\x9a\xa8", "x\xf0\x9f\x9a\xa8"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[16];
        memcpy(text, table[i].text, strlen(table[i].text) + 1);
        text_trim_utf8(text);
        assert_string_equal(text, table[i].trimmed);
    }
}

static void text_copy__tells_when_it_cut(void **state)
{
    (void)state;
    char target[4];
    assert_true(text_copy(target, sizeof target, "abc"));
    assert_string_equal(target, "abc");
    assert_false(text_copy(target, sizeof target, "abcd"));
    assert_string_equal(target, "abc");
    assert_false(text_copy(target, sizeof target, "ab\xc3\xa9"));
    assert_string_equal(target, "ab");
    assert_false(text_copy(target, 1, "a"));
    assert_string_equal(target, "");
}

static void text_equal_constant_time__compares(void **state)
{
    (void)state;
    assert_true(text_equal_constant_time("abc", "abd", 2));
    assert_false(text_equal_constant_time("abc", "abd", 3));
    assert_true(text_equal_constant_time("", "", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_slug__table),
        cmocka_unit_test(text_is_utf8__table_of_rfc_3629),
        cmocka_unit_test(text_utf8_cut__never_splits_a_character),
        cmocka_unit_test(text_trim_utf8__drops_only_an_unfinished_character),
        cmocka_unit_test(text_copy__tells_when_it_cut),
        cmocka_unit_test(text_equal_constant_time__compares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
