/* test_coverage.c - the last report of each customer, and whether it was told. */
#include "gateway/store/store_coverage.h"
#include "tests/unit/store/fixture.h"

static struct coverage_report_row report_at(struct shelf *shelf, int64_t computed_ms,
                                            const char *news)
{
    return (struct coverage_report_row){.customer_id = shelf->customer_id,
                                        .computed_at = {computed_ms},
                                        .days = 90,
                                        .findings = 3,
                                        .lasting = 2,
                                        .counts = "{\"gap\":3}",
                                        .items = "[{}]",
                                        .more = 1,
                                        .keys = "00:1",
                                        .news = news,
                                        .over = true,
                                        .told_at = WALL_NEVER};
}

static struct coverage_report_row get(struct shelf *shelf)
{
    struct coverage_report_row row;
    assert_ok(shelf, store_get_coverage_report(shelf->store, shelf->customer_id, shelf->arena, &row,
                                               &shelf->error));
    return row;
}

static void put(struct shelf *shelf, int64_t computed_ms, const char *news)
{
    const struct coverage_report_row row = report_at(shelf, computed_ms, news);
    assert_ok(shelf, store_put_coverage_report(shelf->store, &row, &shelf->error));
}

static void test_report__comes_back_and_gives_way(void **state)
{
    struct shelf *shelf = *state;
    struct coverage_report_row row;
    assert_int_equal(store_get_coverage_report(shelf->store, shelf->customer_id, shelf->arena, &row,
                                               &shelf->error),
                     STATUS_NOT_FOUND);
    put(shelf, 5, "news");
    row = get(shelf);
    assert_int_equal(row.computed_at.ms, 5);
    assert_int_equal(row.days, 90);
    assert_int_equal(row.findings, 3);
    assert_int_equal(row.lasting, 2);
    assert_int_equal(row.more, 1);
    assert_string_equal(row.counts, "{\"gap\":3}");
    assert_string_equal(row.items, "[{}]");
    assert_string_equal(row.keys, "00:1");
    assert_string_equal(row.news, "news");
    assert_true(row.over);
    assert_int_equal(row.told_at.ms, TIME_NEVER_MS);
    put(shelf, 9, NULL);
    row = get(shelf);
    assert_int_equal(row.computed_at.ms, 9);
    assert_null(row.news);
}

static void note(struct shelf *shelf, int64_t computed_ms, int64_t now_ms)
{
    assert_ok(shelf, store_note_coverage_told(shelf->store, shelf->customer_id,
                                              (struct wall_time){computed_ms},
                                              (struct wall_time){now_ms}, &shelf->error));
}

static void test_told__is_of_that_report_and_once(void **state)
{
    struct shelf *shelf = *state;
    put(shelf, 5, "news");
    note(shelf, 4, 6);
    assert_int_equal(get(shelf).told_at.ms, TIME_NEVER_MS);
    note(shelf, 5, 6);
    note(shelf, 5, 7);
    assert_int_equal(get(shelf).told_at.ms, 6);
    put(shelf, 8, "others"); /* of which nobody was told */
    assert_int_equal(get(shelf).told_at.ms, TIME_NEVER_MS);
}

static void test_list__has_what_is_not_told(void **state)
{
    struct shelf *shelf = *state;
    struct coverage_report_row *rows;
    size_t count;
    assert_ok(shelf, store_list_coverage_reports(shelf->store, shelf->arena, &rows, &count,
                                                 &shelf->error));
    assert_int_equal(count, 0);
    put(shelf, 5, "news");
    assert_ok(shelf, store_list_coverage_reports(shelf->store, shelf->arena, &rows, &count,
                                                 &shelf->error));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].customer_id, shelf->customer_id);
    assert_int_equal(rows[0].lasting, 2);
    assert_true(rows[0].over);
    assert_string_equal(rows[0].news, "news");
    note(shelf, 5, 6);
    assert_ok(shelf, store_list_coverage_reports(shelf->store, shelf->arena, &rows, &count,
                                                 &shelf->error));
    assert_null(rows[0].news);
    assert_int_equal(rows[0].computed_at.ms, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_report__comes_back_and_gives_way),
        SHELF_TEST(test_told__is_of_that_report_and_once),
        SHELF_TEST(test_list__has_what_is_not_told),
    };
    return cmocka_run_group_tests_name("store.coverage", tests, NULL, NULL);
}
