#include "gateway/ctl/terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static void expect(bool colour, enum tint tint, int width, const char *text, const char *expected)
{
    char *written = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&written, &bytes);
    assert_non_null(file);
    const struct terminal terminal = {.file = file, .colour = colour};
    if (width > 0) {
        terminal_column(&terminal, tint, width, text);
    } else {
        terminal_text(&terminal, tint, text);
    }
    assert_int_equal(fclose(file), 0);
    assert_string_equal(written, expected);
    free(written);
}

static void test_text__control_characters_never_reach_the_terminal(void **state)
{
    (void)state;
    expect(false, TINT_PLAIN, 0, "a\033[2Jb\x7f", "a?[2Jb?");
    expect(false, TINT_PLAIN, 0, "a\nb\tc", "a b c");
    expect(false, TINT_PLAIN, 0,
           "x\xc2\x9b"
           "31m",
           "x?31m"); /* U+009B is a control sequence introducer */
    expect(false, TINT_PLAIN, 0, "é€ûÂ ", "é€ûÂ ");
}

static void test_text__colours_only_when_wanted(void **state)
{
    (void)state;
    expect(false, TINT_RED, 0, "x", "x");
    expect(true, TINT_GREEN, 0, "x", "\033[32mx\033[0m");
}

static void test_column__counts_characters_and_never_cuts(void **state)
{
    (void)state;
    expect(false, TINT_PLAIN, 5, "é", "é     ");
    expect(false, TINT_PLAIN, 2, "long", "long ");
    assert_int_equal(terminal_width("été€"), 4);
}

static void expect_cell(int width, const char *text, const char *expected)
{
    char *written = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&written, &bytes);
    assert_non_null(file);
    const struct terminal terminal = {.file = file};
    terminal_cell(&terminal, TINT_PLAIN, width, text);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(written, expected);
    free(written);
}

static void test_cell__cuts_between_characters(void **state)
{
    (void)state;
    expect_cell(5, "ab", "ab    ");
    expect_cell(5, "abcde", "abcde ");
    expect_cell(5, "abcdef", "abcd… ");
    expect_cell(3, "éàüö", "éà… ");
    expect_cell(1, "éà", "… ");
}

static void test_time__local_zone(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "Europe/Paris", 1), 0);
    tzset();
    struct wall_time today;
    assert_int_equal(wall_time_parse("2026-01-05T12:00:00Z", &today), STATUS_OK);
    char text[TERMINAL_TIME_BYTES_MAX];
    terminal_time("2026-01-05T02:03:04.999Z", today, text);
    assert_string_equal(text, "03:03:04");
    terminal_time("2026-01-05T23:30:00Z", today, text);
    assert_string_equal(text, "06 Jan 00:30:00");
    terminal_time("yesterday", today, text);
    assert_string_equal(text, "-");
    terminal_date_time("2026-07-05T23:30:00Z", text);
    assert_string_equal(text, "Mon 06 Jul 2026 01:30:00 CEST");
}

static void test_time__in_french(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "Europe/Paris", 1), 0);
    tzset();
    terminal_use_french(true);
    struct wall_time today;
    assert_int_equal(wall_time_parse("2026-01-05T12:00:00Z", &today), STATUS_OK);
    char text[TERMINAL_TIME_BYTES_MAX];
    terminal_time("2026-01-05T23:30:00Z", today, text);
    assert_string_equal(text, "06/01 00:30:00");
    terminal_date_time("2026-07-05T23:30:00Z", text);
    assert_string_equal(text, "lun. 06/07/2026 01:30:00 CEST");
    terminal_use_french(false);
}

/* What is published names weekday, date and year, also of today. */
static void test_span__is_whole(void **state)
{
    (void)state;
    char text[TERMINAL_SPAN_BYTES_MAX];
    terminal_use_zone("Europe/Paris");
    terminal_span("2026-12-31T17:00:00Z", "2026-12-31T23:00:00Z", text);
    assert_string_equal(text, "Thu 31 Dec 2026 18:00 – Fri 01 Jan 2027 00:00 CET");
    terminal_use_french(true);
    terminal_span("2026-12-31T17:00:30Z", "2026-12-31T23:00:00Z", text);
    assert_string_equal(text, "jeu. 31/12/2026 18:00:30 – ven. 01/01/2027 00:00:00 CET");
    terminal_use_french(false);
    terminal_span("2026-12-31T17:00:00Z", "", text);
    assert_string_equal(text, "Thu 31 Dec 2026 18:00 – -");
}

static void test_zone__of_a_customer(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *text;
    } cases[] = {
        {"America/Guadeloupe", "Mon 05 Jan 2026 08:00:00 AST"},
        {"", "Mon 05 Jan 2026 08:00:00 AST"},
        {"Nowhere/Land", "Mon 05 Jan 2026 08:00:00 AST"},
        {"../zoneinfo/Europe/Paris", "Mon 05 Jan 2026 08:00:00 AST"},
        {"Europe/Paris", "Mon 05 Jan 2026 13:00:00 CET"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[TERMINAL_TIME_BYTES_MAX];
        terminal_use_zone(cases[i].zone);
        terminal_date_time("2026-01-05T12:00:00Z", text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text__control_characters_never_reach_the_terminal),
        cmocka_unit_test(test_text__colours_only_when_wanted),
        cmocka_unit_test(test_column__counts_characters_and_never_cuts),
        cmocka_unit_test(test_cell__cuts_between_characters),
        cmocka_unit_test(test_time__local_zone),
        cmocka_unit_test(test_time__in_french),
        cmocka_unit_test(test_span__is_whole),
        cmocka_unit_test(test_zone__of_a_customer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
