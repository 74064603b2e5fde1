/* test_csv.c - rows for spreadsheets: quoted as RFC 4180 has it, and nothing in them runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "admin-api/csv.h"
#include "admin-api/publication_csv.h"

static void assert_written(const struct csv *csv, const char *text)
{
    assert_false(csv->overflowed);
    assert_int_equal(csv->used, strlen(text));
    assert_memory_equal(csv->text, text, csv->used);
}

static void test_csv__fields_and_rows(void **state)
{
    (void)state;
    char text[256];
    struct csv csv;
    csv_init(&csv, text, sizeof text);
    csv_text(&csv, "a");
    csv_text(&csv, NULL);
    csv_text(&csv, "Zoé, \"la\"\r\nvoisine");
    csv_time(&csv, (struct wall_time){0});
    csv_time(&csv, WALL_NEVER);
    csv_end_row(&csv);
    csv_text(&csv, "");
    csv_text(&csv, "x;y");
    csv_end_row(&csv);
    assert_written(&csv, "a,,\"Zoé, \"\"la\"\"\r\nvoisine\",1970-01-01T00:00:00.000Z,\r\n"
                         ",\"x;y\"\r\n");
}

static void test_csv__nothing_runs(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"=1+1", "\"'=1+1\""}, {"+33600000001", "\"'+33600000001\""},
        {"-2", "\"'-2\""},     {"@SUM(A1)", "\"'@SUM(A1)\""},
        {"\tx", "\"'\tx\""},   {"\rx", "\"'\rx\""},
        {"＝1", "\"'＝1\""},   {"=\"x\"", "\"'=\"\"x\"\"\""},
        {"a=1", "a=1"},        {"2026-11-30", "2026-11-30"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[64];
        struct csv csv;
        csv_init(&csv, text, sizeof text);
        csv_text(&csv, texts[i][0]);
        assert_written(&csv, texts[i][1]);
    }
}

static void test_csv__writes_no_further_than_there_is_room(void **state)
{
    (void)state;
    static const char whole[] = "\"'=\"\"a\"\"\",b\r\n";
    for (size_t room = 0; room < sizeof whole - 1; room++) {
        char text[sizeof whole];
        struct csv csv;
        memset(text, '#', sizeof text);
        csv_init(&csv, text, room);
        csv_text(&csv, "=\"a\"");
        csv_text(&csv, "b");
        csv_end_row(&csv);
        assert_true(csv.overflowed && csv.used <= room);
        assert_int_equal(text[room], '#');
    }
}

static enum status write_part(const char *shifts, const char *changes, char *text, size_t bytes)
{
    struct csv csv;
    const struct publication_row row = {.publication_id = {{1}},
                                        .rota = "duty",
                                        .from_at = {0},
                                        .to_at = {60000},
                                        .published_at = {1000},
                                        .key_id = "key",
                                        .operator_name = "=Lucie",
                                        .time_zone = "Europe/Paris",
                                        .notice_days = 15};
    const struct publication_agent_row part = {.agent = "jean",
                                               .name = "Jean, dit \"Zouave\"",
                                               .shifts = shifts,
                                               .changes = changes,
                                               .fetched_at = WALL_NEVER,
                                               .seen_at = {2000},
                                               .seen_via = "operator",
                                               .seen_by = "Lucie",
                                               .seen_how = "signed"};
    csv_init(&csv, text, bytes - 1);
    enum status status = publication_write_csv(&csv, &row, &part, 1);
    assert_false(csv.overflowed);
    text[csv.used] = '\0';
    return status;
}

#define HEAD                                                                                       \
    "01000000-0000-0000-0000-000000000000,"                                                        \
    "0000000000000000000000000000000000000000000000000000000000000000,duty,Europe/Paris,"          \
    "1970-01-01T00:00:01.000Z,\"'=Lucie\",key,15,jean,\"Jean, dit \"\"Zouave\"\"\","
#define END ",1970-01-01T00:00:02.000Z,operator,Lucie,signed\r\n"

static void test_publication__a_row_for_each(void **state)
{
    (void)state;
    char text[4096];
    assert_int_equal(
        write_part("[{\"from\":\"f\",\"to\":\"t\"}]",
                   "[{\"kind\":\"added\",\"from\":\"f\",\"to\":\"t\",\"notice_days\":3,\"notice\":"
                   "\"short\"}]",
                   text, sizeof text),
        STATUS_OK);
    const char *rows = strstr(text, "\r\n") + 2;
    assert_string_equal(rows, HEAD "shift,f,t,,," END HEAD "added,f,t,3,short," END);
    assert_memory_equal(text, "publication,digest,rota,", 24);
}

static void test_publication__nobody_on_call(void **state)
{
    (void)state;
    char text[4096];
    assert_int_equal(write_part("[]", "[]", text, sizeof text), STATUS_OK);
    assert_string_equal(strstr(text, "\r\n") + 2,
                        HEAD "none,1970-01-01T00:00:00.000Z,1970-01-01T00:01:00.000Z,,," END);
}

static void test_publication__rows_that_are_not_ours(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "{}", "[5]", "[{\"from\":\"f\"}]", "[{}]", "[{]", "[{\"from\":1,\"to\":2}]"};
    char text[4096];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(write_part(texts[i], "[]", text, sizeof text), STATUS_CORRUPT);
        assert_int_equal(write_part("[]", texts[i], text, sizeof text), STATUS_CORRUPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv__fields_and_rows),
        cmocka_unit_test(test_csv__nothing_runs),
        cmocka_unit_test(test_csv__writes_no_further_than_there_is_room),
        cmocka_unit_test(test_publication__a_row_for_each),
        cmocka_unit_test(test_publication__nobody_on_call),
        cmocka_unit_test(test_publication__rows_that_are_not_ours),
    };
    return cmocka_run_group_tests_name("admin_api.csv", tests, NULL, NULL);
}
