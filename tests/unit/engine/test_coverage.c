/* test_coverage.c - the report of an automatic coverage is kept, in the place of the last. */
#include "gateway/engine/engine_private.h"
#include "gateway/store/store_coverage.h"
#include "tests/unit/engine/fixture.h"

static const struct coverage_report_request report = {.computed_at = {5},
                                                      .days = 90,
                                                      .findings = 3,
                                                      .lasting = 2,
                                                      .counts = "{\"gap\":3}",
                                                      .items = "[]",
                                                      .more = 3,
                                                      .keys = "00:1",
                                                      .news = "news",
                                                      .over = true};

static void test_report__is_kept_and_told_once(void **state)
{
    struct house *house = *state;
    assert_int_equal(engine_keep_coverage(house->engine, house->customer_id, &report), STATUS_OK);
    house_settle(house);
    struct coverage_report_row row;
    struct arena *arena = arena_create(0);
    assert_int_equal(
        store_get_coverage_report(house->engine->store, house->customer_id, arena, &row, NULL),
        STATUS_OK);
    assert_int_equal(row.computed_at.ms, 5);
    assert_int_equal(row.lasting, 2);
    assert_string_equal(row.counts, "{\"gap\":3}");
    assert_string_equal(row.news, "news");
    assert_true(row.over);
    arena_destroy(&arena);
    static const char sql[] = "SELECT coalesce(told_at, 0) FROM coverage_report";
    assert_int_equal(house_number(house, sql), 0);
    int64_t told_ms = house->wall.ms;
    engine_coverage_told(house->engine, house->customer_id, report.computed_at);
    house_settle(house);
    house_advance(house, 5000);
    engine_coverage_told(house->engine, house->customer_id, report.computed_at);
    house_settle(house);
    assert_int_equal(house_number(house, sql), told_ms);
}

static void test_report__without_news(void **state)
{
    struct house *house = *state;
    struct coverage_report_request quiet = report;
    quiet.news = NULL;
    assert_int_equal(engine_keep_coverage(house->engine, house->customer_id, &quiet), STATUS_OK);
    house_settle(house);
    assert_int_equal(house_number(house, "SELECT count(*) FROM coverage_report WHERE news IS NULL"),
                     1);
}

/* A full lane keeps nothing: it is due still. */
static void test_report__that_finds_a_full_lane(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < LANE_ADMINISTRATION_SLOTS; i++) {
        engine_coverage_told(house->engine, house->customer_id, report.computed_at);
    }
    assert_int_equal(engine_keep_coverage(house->engine, house->customer_id, &report), STATUS_FULL);
    engine_coverage_told(house->engine, house->customer_id, report.computed_at);
    house_settle(house);
    assert_int_equal(house_number(house, "SELECT count(*) FROM coverage_report"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_report__is_kept_and_told_once),
        HOUSE_TEST(test_report__without_news),
        HOUSE_TEST(test_report__that_finds_a_full_lane),
    };
    return cmocka_run_group_tests_name("engine.coverage", tests, NULL, NULL);
}
