/* test_checkpoint.c - the log: how long it becomes, who may stand in the way, when it is cut. */
#include <stdio.h>
#include <string.h>

#include <sys/stat.h>

#include "tests/unit/store/faulty_vfs.h"
#include "tests/unit/store/fixture.h"

#define PAGE_BYTES 4096
#define PAGES      100 /* what the tests take for a log that is long enough to be checkpointed */

static int64_t log_file_pages(const struct shelf *shelf)
{
    char path[128];
    struct stat status;
    (void)snprintf(path, sizeof path, "%s-wal", shelf->path);
    assert_int_equal(stat(path, &status), 0);
    return status.st_size / PAGE_BYTES; /* each page has a small header of its own */
}

/* One commit of about so many pages. */
static void write_pages(struct shelf *shelf, int pages)
{
    char sql[128];
    (void)snprintf(sql, sizeof sql, "INSERT INTO filler VALUES (randomblob(%d))",
                   pages * PAGE_BYTES);
    shelf_execute(shelf, sql);
}

static void checkpoint(struct shelf *shelf)
{
    assert_ok(shelf, store_checkpoint(shelf->store, PAGES, &shelf->error));
}

static struct store *begin_read(struct shelf *shelf)
{
    struct store *reader;
    struct customer_row row;
    assert_ok(shelf, store_open_reader(shelf->path, NULL, 1000, &reader, &shelf->error));
    assert_ok(shelf, store_read_begin(reader, &shelf->error));
    assert_ok(shelf,
              store_get_customer(reader, shelf->customer_id, shelf->arena, &row, &shelf->error));
    return reader;
}

static void end_read(struct store *reader)
{
    store_read_end(reader);
    store_close(&reader);
}

/* How many rows of the filler the database has by itself, without its log. */
static int rows_without_log(const struct shelf *shelf)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    char uri[128];
    int count = -1;
    (void)snprintf(uri, sizeof uri, "file:%s?immutable=1", shelf->path);
    assert_int_equal(sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL),
                     SQLITE_OK);
    if (sqlite3_prepare_v2(db, "SELECT count(*) FROM filler", -1, &statement, NULL) == SQLITE_OK) {
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        count = sqlite3_column_int(statement, 0);
        (void)sqlite3_finalize(statement);
    }
    (void)sqlite3_close(db);
    return count;
}

static int setup(void **state)
{
    if (shelf_setup(state) != 0) {
        return -1;
    }
    shelf_execute(*state, "CREATE TABLE filler (data BLOB)");
    return 0;
}

static void test_checkpoint__only_when_the_log_is_long(void **state)
{
    struct shelf *shelf = *state;
    assert_true(store_log_pages(shelf->store) > 0);
    assert_ok(shelf, store_checkpoint(shelf->store, 1000000, &shelf->error));
    assert_int_equal(rows_without_log(shelf), -1); /* not even the table is there */
    assert_ok(shelf, store_checkpoint(shelf->store, 1, &shelf->error));
    assert_int_equal(rows_without_log(shelf), 0);
}

/* However much is written, the file is as long as the longest time between two checkpoints. */
static void test_checkpoint__under_load_the_log_is_begun_anew(void **state)
{
    struct shelf *shelf = *state;
    for (int i = 0; i < 200; i++) {
        write_pages(shelf, 10);
        checkpoint(shelf);
    }
    assert_true(log_file_pages(shelf) <= 2 * PAGES);
}

/* A reader that stands in the way is waited for by nobody; what it sees stays; the log grows. */
static void test_checkpoint__with_a_reader_about(void **state)
{
    struct shelf *shelf = *state;
    struct store *reader = begin_read(shelf);
    for (int i = 0; i < 50; i++) {
        write_pages(shelf, 10);
        checkpoint(shelf);
    }
    assert_true(store_log_pages(shelf->store) >= 50 * 10);
    struct customer_row row;
    assert_ok(shelf,
              store_get_customer(reader, shelf->customer_id, shelf->arena, &row, &shelf->error));
    end_read(reader);
    for (int i = 0; i < 20; i++) {
        write_pages(shelf, 10);
        checkpoint(shelf);
    }
    assert_true(store_log_pages(shelf->store) <= 2 * PAGES);
}

/* With readers always about, each commit would sync the database as well. */
static void test_checkpoint__after_one_in_vain_not_again_at_once(void **state)
{
    struct shelf *shelf = *state;
    struct store *reader = begin_read(shelf);
    write_pages(shelf, PAGES + 1);
    checkpoint(shelf);
    end_read(reader);
    write_pages(shelf, 1);
    checkpoint(shelf);
    write_pages(shelf, 1);
    int pages = store_log_pages(shelf->store);
    assert_true(pages > PAGES); /* it was not begun anew, as nothing was tried */
    write_pages(shelf, PAGES + 1);
    checkpoint(shelf);
    write_pages(shelf, 1);
    assert_true(store_log_pages(shelf->store) < pages);
}

static void test_checkpoint__that_found_no_room_is_tried_again_at_once(void **state)
{
    struct shelf *shelf = *state;
    faulty_vfs_register();
    store_close(&shelf->store);
    assert_ok(shelf, store_open(shelf->path, FAULTY_VFS, &shelf->store, &shelf->error));
    write_pages(shelf, PAGES);
    faulty_vfs_arm(FAULT_WRITE, 1, SQLITE_FULL);
    assert_int_equal(store_checkpoint(shelf->store, PAGES, &shelf->error), STATUS_DISK_FULL);
    assert_true(faulty_vfs_fired());
    checkpoint(shelf);
    assert_int_equal(rows_without_log(shelf), 1);
}

static void test_checkpoint__a_long_log_is_cut_when_no_reader_is_about(void **state)
{
    struct shelf *shelf = *state;
    struct store *reader = begin_read(shelf);
    for (int i = 0; i < 9; i++) {
        write_pages(shelf, STORE_LOG_PAGES_LONG / 8);
        checkpoint(shelf);
    }
    assert_true(log_file_pages(shelf) > STORE_LOG_PAGES_LONG);
    checkpoint(shelf); /* neither waits nor fails */
    assert_true(log_file_pages(shelf) > STORE_LOG_PAGES_LONG);
    end_read(reader);
    checkpoint(shelf); /* at once: not only after many more pages */
    assert_int_equal(log_file_pages(shelf), 0);
    assert_int_equal(store_log_pages(shelf->store), 0);
    assert_int_equal(rows_without_log(shelf), 9);
    /* And goes on as before. */
    write_pages(shelf, 1);
    checkpoint(shelf);
    assert_in_range(log_file_pages(shelf), 1, PAGES);
}

/* A long log whose reader has gone, but another one came: the file stays, for another time. */
static void test_checkpoint__a_long_log_is_not_cut_under_a_reader(void **state)
{
    struct shelf *shelf = *state;
    struct store *first = begin_read(shelf);
    write_pages(shelf, STORE_LOG_PAGES_LONG + 1);
    struct store *second = begin_read(shelf);
    end_read(first);
    checkpoint(shelf); /* all of it is kept now: only the cutting is left */
    assert_int_equal(rows_without_log(shelf), 1);
    assert_true(log_file_pages(shelf) > STORE_LOG_PAGES_LONG);
    end_read(second);
    checkpoint(shelf);
    assert_int_equal(log_file_pages(shelf), 0);
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, shelf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(test_checkpoint__only_when_the_log_is_long),
        LOG_TEST(test_checkpoint__under_load_the_log_is_begun_anew),
        LOG_TEST(test_checkpoint__with_a_reader_about),
        LOG_TEST(test_checkpoint__after_one_in_vain_not_again_at_once),
        LOG_TEST(test_checkpoint__that_found_no_room_is_tried_again_at_once),
        LOG_TEST(test_checkpoint__a_long_log_is_cut_when_no_reader_is_about),
        LOG_TEST(test_checkpoint__a_long_log_is_not_cut_under_a_reader),
    };
    return cmocka_run_group_tests_name("store.checkpoint", tests, NULL, NULL);
}
