/* test_publications_told.c - what the rows say was told: no more than is needed, and nothing that
 * is not what the gateway writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin-api/publications_told.h"
#include "gateway/store/store_publication.h"

static char folder[64], path[96];
static struct store *store;
static struct arena *arena;
static struct error error;
static int64_t customer_id;
static unsigned published;

static int open_store(void **state)
{
    (void)state;
    const struct customer_row acme = {
        .slug = "acme", .name = "n", .time_zone = "UTC", .language = "fr", .alias = "a"};
    (void)snprintf(folder, sizeof folder, "/tmp/astreinte-told-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/db", folder);
    published = 0;
    arena = arena_create(0);
    return store_open(path, NULL, &store, &error) == STATUS_OK &&
                   store_put_customer(store, &acme, &customer_id, &error) == STATUS_OK
               ? 0
               : -1;
}

static int close_store(void **state)
{
    (void)state;
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    store_close(&store);
    arena_destroy(&arena);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
    return rmdir(folder);
}

/* Publishes one agent's shifts. */
static void publish(int64_t from_ms, int64_t to_ms, const char *agent, const char *shifts)
{
    struct publication_row row = {.customer_id = customer_id,
                                  .rota = "duty",
                                  .from_at = {from_ms},
                                  .to_at = {to_ms},
                                  .published_at = {1},
                                  .key_id = "key",
                                  .time_zone = "UTC",
                                  .notice_days = 15};
    published++;
    row.publication_id.bytes[0] = (uint8_t)(published >> 8);
    row.publication_id.bytes[1] = (uint8_t)published;
    const struct publication_agent_row part = {.customer_id = customer_id,
                                               .publication_id = row.publication_id,
                                               .agent = agent,
                                               .name = "n",
                                               .shifts = shifts,
                                               .changes = "[]"};
    assert_int_equal(store_add_publication(store, &row, &error), STATUS_OK);
    assert_int_equal(store_add_publication_agent(store, &part, &error), STATUS_OK);
}

static enum status tell(int64_t from_ms, int64_t to_ms, struct publication_history *history_r)
{
    const struct rota_period period = {{from_ms}, {to_ms}};
    return publications_told(store, customer_id, "duty", &period, arena, history_r, &error);
}

static void test_told__up_to_one_that_covers_all(void **state)
{
    (void)state;
    struct publication_history history;
    publish(0, 5000, "zoe", "nonsense, which nobody reads");
    publish(0, 4000, "paul",
            "[{\"from\":\"1970-01-01T00:00:01.000Z\",\"to\":\"1970-01-01T00:00:02.500Z\"},"
            "{\"from\":\"1970-01-01T00:00:03.000Z\",\"to\":\"1970-01-01T00:00:04.000Z\"}]");
    publish(2000, 3000, "zoe", "[]");
    publish(4000, 5000, "zoe", "nonsense, which lies behind it");
    assert_int_equal(tell(0, 4000, &history), STATUS_OK);
    assert_int_equal(history.count, 2);
    assert_int_equal(history.newest_first[0].period.from.ms, 2000);
    assert_int_equal(history.newest_first[0].period.to.ms, 3000);
    assert_int_equal(history.newest_first[0].shifts_count, 0);
    assert_int_equal(history.newest_first[1].shifts_count, 2);
    const struct rota_interval *shifts = history.newest_first[1].shifts;
    assert_string_equal(shifts[1].agent, "paul");
    assert_int_equal(shifts[0].from.ms, 1000);
    assert_int_equal(shifts[0].to.ms, 2500);
    assert_int_equal(shifts[1].from.ms, 3000);
    assert_int_equal(tell(9000, 9001, &history), STATUS_OK);
    assert_int_equal(history.count, 0);
}

static void test_told__by_rows_that_are_damaged(void **state)
{
    (void)state;
    static const char *const damaged[] = {"",
                                          "{",
                                          "{}",
                                          "[1]",
                                          "[{}]",
                                          "[{\"from\":\"1970-01-01T00:00:01.000Z\"}]",
                                          "[{\"from\":\"now\",\"to\":\"later\"}]"};
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        struct publication_history history = {.count = 77};
        publish(0, 1000, "paul", damaged[i]);
        assert_int_equal(tell(0, 1000, &history), STATUS_CORRUPT);
        assert_int_equal(history.count, 77);
    }
}

static void test_told__by_many(void **state)
{
    (void)state;
    struct publication_history history;
    assert_int_equal(store_begin(store, &error), STATUS_OK);
    for (int i = 0; i < PUBLICATIONS_OVER_MAX; i++) {
        publish(i, i + 1, "paul", "[]");
    }
    assert_int_equal(store_commit(store, &error), STATUS_OK);
    assert_int_equal(tell(1, PUBLICATIONS_OVER_MAX, &history), STATUS_OK);
    assert_int_equal(tell(0, PUBLICATIONS_OVER_MAX, &history), STATUS_TOO_LARGE);
    assert_non_null(strstr(error.text, "duty"));
    assert_int_equal(history.count, PUBLICATIONS_OVER_MAX);
    publish(0, PUBLICATIONS_OVER_MAX, "paul", "[]");
    assert_int_equal(tell(0, PUBLICATIONS_OVER_MAX, &history), STATUS_OK);
    assert_int_equal(history.count, 1);
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_told__up_to_one_that_covers_all),
        STORE_TEST(test_told__by_rows_that_are_damaged),
        STORE_TEST(test_told__by_many),
    };
    return cmocka_run_group_tests_name("admin_api.publications_told", tests, NULL, NULL);
}
