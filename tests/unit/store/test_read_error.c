/* test_read_error.c - a disk that cannot be read for a moment is not a damaged database. */
#include <fcntl.h>
#include <unistd.h>

#include <sqlite3.h>

#include "tests/unit/failing_reads.h"
#include "tests/unit/store/fixture.h"

static enum status read_customer(struct shelf *shelf)
{
    struct escalation escalation = plain_escalation(shelf, 1);
    int64_t customer_id = 0;
    (void)sqlite3_db_release_memory(shelf->store->db); /* nothing comes from the cache */
    return store_get_escalation_customer(shelf->store, escalation.id, &customer_id, &shelf->error);
}

static void fill(struct shelf *shelf)
{
    struct escalation escalation = plain_escalation(shelf, 1);
    assert_ok(shelf, add_escalation(shelf->store, &escalation, "key", &shelf->error));
}

static void test_failed_read__is_no_damage(void **state)
{
    struct shelf *shelf = *state;
    fill(shelf);
    failing_reads_start(1);
    assert_int_equal(read_customer(shelf), STATUS_IO);
    assert_true(failing_reads_stop());
    assert_ok(shelf, read_customer(shelf));
}

static void test_failed_read__ends_a_transaction_that_can_be_tried_again(void **state)
{
    struct shelf *shelf = *state;
    fill(shelf);
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    failing_reads_start(1);
    assert_int_equal(read_customer(shelf), STATUS_IO);
    store_rollback(shelf->store);
    assert_false(store_in_transaction(shelf->store));
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_ok(shelf, read_customer(shelf));
    assert_ok(shelf, store_commit(shelf->store, &shelf->error));
}

/* What the file remembers of a failed read must not excuse what is found wrong later. */
static void test_damage_after_a_failed_read__is_damage(void **state)
{
    struct shelf *shelf = *state;
    fill(shelf);
    failing_reads_start(1);
    assert_int_equal(read_customer(shelf), STATUS_IO);
    shelf_execute(shelf, "PRAGMA wal_checkpoint(TRUNCATE)");
    int file = open(shelf->path, O_WRONLY | O_CLOEXEC);
    assert_true(file >= 0);
    int64_t page_bytes = shelf_number(shelf, "PRAGMA page_size");
    int64_t pages = shelf_number(shelf, "PRAGMA page_count");
    static const char nonsense[64] = "nonsense";
    for (int64_t page = 1; page < pages; page++) {
        assert_int_equal(pwrite(file, nonsense, sizeof nonsense, page * page_bytes),
                         sizeof nonsense);
    }
    assert_int_equal(close(file), 0);
    assert_int_equal(read_customer(shelf), STATUS_CORRUPT);
}

static int fail_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *flags_r)
{
    (void)vfs;
    (void)name;
    if (flags_r != NULL) {
        *flags_r = flags;
    }
    file->pMethods = NULL;
    return SQLITE_IOERR;
}

/* There is no file to ask why. */
static void test_failed_open__is_an_error_of_the_disk(void **state)
{
    struct shelf *shelf = *state;
    static sqlite3_vfs unreachable;
    unreachable = *sqlite3_vfs_find("unix");
    unreachable.zName = "unreachable";
    unreachable.xOpen = fail_open;
    assert_int_equal(sqlite3_vfs_register(&unreachable, 0), SQLITE_OK);
    store_close(&shelf->store);
    assert_int_equal(store_open(shelf->path, "unreachable", &shelf->store, &shelf->error),
                     STATUS_IO);
    assert_null(shelf->store);
    assert_ok(shelf, store_open(shelf->path, NULL, &shelf->store, &shelf->error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_failed_read__is_no_damage),
        SHELF_TEST(test_failed_read__ends_a_transaction_that_can_be_tried_again),
        SHELF_TEST(test_failed_open__is_an_error_of_the_disk),
        SHELF_TEST(test_damage_after_a_failed_read__is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
