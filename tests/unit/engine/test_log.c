/* test_log.c - the database's log as the writer keeps it: short under load; when a reader makes it
 * long, the desk hears of it, work goes on, and the file is cut when the reader has gone. */
#include <stdio.h>
#include <string.h>

#include <sys/stat.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

#define PAGE_BYTES 4096

static int64_t log_file_pages(const struct house *house)
{
    char path[128];
    struct stat status;
    (void)snprintf(path, sizeof path, "%s-wal", house->database);
    assert_int_equal(stat(path, &status), 0);
    return status.st_size / PAGE_BYTES;
}

static struct store *begin_read(struct house *house)
{
    struct store *reader = NULL;
    struct error error;
    struct escalation escalation;
    const struct uuid nobody = {{7}};
    assert_int_equal(store_open_reader(house->database, NULL, 5000, &reader, &error), STATUS_OK);
    assert_int_equal(store_read_begin(reader, &error), STATUS_OK);
    assert_int_equal(store_get_escalation(reader, house->customer_id, nobody, &escalation, &error),
                     STATUS_NOT_FOUND);
    return reader;
}

static void test_log__is_begun_anew_under_load(void **state)
{
    struct house *house = *state;
    int longest = 0, before = 0, begun = 0;
    for (int i = 0; i < 500 && begun < 2; i++) {
        (void)house_escalate(house, SEVERITY_MAJOR);
        int pages = store_log_pages(house->engine->store);
        begun += pages < before;
        before = pages;
        longest = pages > longest ? pages : longest;
    }
    assert_true(longest >= WAL_PAGES_MAX);
    assert_int_equal(begun, 2);
    assert_true(log_file_pages(house) < 2 * WAL_PAGES_MAX);
}

static void test_log__a_reader_makes_it_long(void **state)
{
    struct house *house = *state;
    struct store *reader = begin_read(house);
    char sql[160];
    (void)snprintf(sql, sizeof sql, "CREATE TABLE filler AS SELECT randomblob(%d) AS data",
                   (STORE_LOG_PAGES_LONG + 1) * PAGE_BYTES);
    assert_int_equal(sqlite3_exec(house->engine->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(house->alarms, 0);
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_string_equal(house->alarm, "store.log_long");
    assert_int_equal(house->sent_count, 1); /* work goes on all the same */
    house_settle(house);
    assert_true(log_file_pages(house) > STORE_LOG_PAGES_LONG);
    store_read_end(reader);
    store_close(&reader);
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(log_file_pages(house), 0);
    house_advance(house, 120000); /* its alarm could come again; deadlines are late meanwhile */
    house_settle(house);
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_string_equal(house->alarm, "engine.overdue");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_log__is_begun_anew_under_load),
        HOUSE_TEST(test_log__a_reader_makes_it_long),
    };
    return cmocka_run_group_tests_name("engine.log", tests, NULL, NULL);
}
