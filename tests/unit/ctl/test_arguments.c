#include "gateway/ctl/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct option_spec globals[] = {
    {"--url", "URL", ""}, {"--help", NULL, ""}, {NULL, NULL, NULL}};
static const struct option_spec own[] = {
    {"--name", "NAME", ""}, {"--json", NULL, ""}, {NULL, NULL, NULL}};
static const struct command commands[] = {
    {"show", "ID", "", "", own, 1, 1, NULL, ""},
    {"key create", "", "", "", own, 0, 0, NULL, ""},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL},
};

#define PARSE(...)                                                                                 \
    const char *const argv[] = {"astreintectl", __VA_ARGS__};                                      \
    struct arguments arguments = {0};                                                              \
    struct error error = {0};                                                                      \
    enum status status = arguments_parse((int)(sizeof argv / sizeof argv[0]), argv, commands,      \
                                         globals, &arguments, &error)

static void test_parse__options_anywhere(void **state)
{
    (void)state;
    PARSE("--url", "u", "show", "--name=n", "id-1", "--json");
    assert_int_equal(status, STATUS_OK);
    assert_ptr_equal(arguments.command, &commands[0]);
    assert_string_equal(arguments.positional[0], "id-1");
    assert_string_equal(arguments_option(&arguments, "--url"), "u");
    assert_string_equal(arguments_option(&arguments, "--name"), "n");
    assert_non_null(arguments_option(&arguments, "--json"));
    assert_null(arguments_option(&arguments, "--help"));
}

static void test_parse__command_of_two_words(void **state)
{
    (void)state;
    PARSE("key", "create", "--name", "n");
    assert_int_equal(status, STATUS_OK);
    assert_ptr_equal(arguments.command, &commands[1]);
    assert_int_equal(arguments.positional_count, 0);
}

static void test_parse__dash_and_double_dash(void **state)
{
    (void)state;
    PARSE("show", "--", "--name");
    assert_int_equal(status, STATUS_OK);
    assert_string_equal(arguments.positional[0], "--name");
    const char *const input[] = {"astreintectl", "show", "-"};
    assert_int_equal(arguments_parse(3, input, commands, globals, &arguments, &error), STATUS_OK);
    assert_string_equal(arguments.positional[0], "-");
}

static void test_parse__help_needs_no_arguments(void **state)
{
    (void)state;
    PARSE("show", "--help");
    assert_int_equal(status, STATUS_OK);
    assert_non_null(arguments_option(&arguments, "--help"));
}

static void test_parse__first_word_alone_is_a_group(void **state)
{
    (void)state;
    PARSE("key", "--help");
    assert_int_equal(status, STATUS_OK);
    assert_null(arguments.command);
    assert_string_equal(arguments.group, "key");
}

static void refuse(const char *const *argv, int argc, const char *expected)
{
    struct arguments arguments = {0};
    struct error error = {0};
    assert_int_equal(arguments_parse(argc, argv, commands, globals, &arguments, &error),
                     STATUS_INVALID);
    assert_string_equal(error.text, expected);
    assert_null(arguments.command); /* untouched */
}

#define REFUSED(expected, ...)                                                                     \
    do {                                                                                           \
        const char *const argv[] = {"astreintectl", __VA_ARGS__};                                  \
        refuse(argv, (int)(sizeof argv / sizeof argv[0]), expected);                               \
    } while (0)

static void test_parse__refuses(void **state)
{
    (void)state;
    REFUSED("no such command: key list", "key", "list");
    REFUSED("no such command: key list", "key", "--url", "u", "list");
    REFUSED("no such command: sho", "sho");
    REFUSED("unknown option --nam", "show", "--nam", "x");
    REFUSED("unknown option --name=early", "--name=early", "show", "x");
    REFUSED("--name needs a value: --name NAME", "show", "x", "--name");
    REFUSED("--json takes no value", "show", "x", "--json=1");
    REFUSED("--name is given twice", "show", "x", "--name", "a", "--name", "b");
    REFUSED("show: \"y\" is one argument too many", "show", "x", "y");
    REFUSED("show: ID is missing: astreintectl show ID", "show");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__options_anywhere),
        cmocka_unit_test(test_parse__command_of_two_words),
        cmocka_unit_test(test_parse__dash_and_double_dash),
        cmocka_unit_test(test_parse__help_needs_no_arguments),
        cmocka_unit_test(test_parse__first_word_alone_is_a_group),
        cmocka_unit_test(test_parse__refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
