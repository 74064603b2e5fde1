/* test_fault.c - full disks, failing disks: what is answered, and what is there afterwards. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/store/faulty_vfs.h"
#include "tests/unit/store/fixture.h"

/* Opens the shelf's database anew, on the file system that fails when it is told to. */
static void use_faulty_vfs(struct shelf *shelf)
{
    faulty_vfs_register();
    faulty_vfs_arm(FAULT_SYNC, 0, SQLITE_OK);
    store_close(&shelf->store);
    assert_ok(shelf, store_open(shelf->path, FAULTY_VFS, &shelf->store, &shelf->error));
}

static void reopen(struct shelf *shelf)
{
    faulty_vfs_arm(FAULT_SYNC, 0, SQLITE_OK);
    store_close(&shelf->store);
    assert_ok(shelf, store_open(shelf->path, NULL, &shelf->store, &shelf->error));
}

/* ---- a full database ---- */

static void test_full__takes_the_whole_transaction_away(void **state)
{
    struct shelf *shelf = *state;
    char large[65536], sql[64];
    memset(large, 'x', sizeof large);
    large[sizeof large - 1] = '\0';
    (void)snprintf(sql, sizeof sql, "PRAGMA max_page_count = %lld",
                   (long long)shelf_number(shelf, "PRAGMA page_count"));
    shelf_execute(shelf, sql);
    struct ticket_row ticket = {.customer_id = shelf->customer_id,
                                .ticket_id = numbered_id(1),
                                .summary = "small",
                                .closed_at = WALL_NEVER};
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_ok(shelf, store_savepoint(shelf->store, &shelf->error));
    assert_ok(shelf, store_add_ticket(shelf->store, &ticket, &shelf->error));
    assert_ok(shelf, store_savepoint_release(shelf->store, &shelf->error));
    assert_ok(shelf, store_savepoint(shelf->store, &shelf->error));
    ticket.ticket_id = numbered_id(2);
    ticket.details = large;
    assert_int_equal(store_add_ticket(shelf->store, &ticket, &shelf->error), STATUS_DISK_FULL);
    assert_false(store_in_transaction(shelf->store));
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM ticket"), 0);
    /* The connection goes on working. */
    ticket.ticket_id = numbered_id(3);
    ticket.details = NULL;
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_ok(shelf, store_add_ticket(shelf->store, &ticket, &shelf->error));
    assert_ok(shelf, store_commit(shelf->store, &shelf->error));
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM ticket"), 1);
}

/* ---- a commit that fails ---- */

static void add_ticket_in_transaction(struct shelf *shelf)
{
    struct ticket_row ticket = {.customer_id = shelf->customer_id,
                                .ticket_id = numbered_id(1),
                                .summary = "s",
                                .closed_at = WALL_NEVER};
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_ok(shelf, store_add_ticket(shelf->store, &ticket, &shelf->error));
}

static void test_commit__a_failing_sync_is_uncertain(void **state)
{
    struct shelf *shelf = *state;
    use_faulty_vfs(shelf);
    add_ticket_in_transaction(shelf);
    faulty_vfs_arm(FAULT_SYNC, 1, SQLITE_IOERR_FSYNC);
    assert_int_equal(store_commit(shelf->store, &shelf->error), STATUS_UNCERTAIN);
    assert_true(faulty_vfs_fired());
    store_rollback(shelf->store);
    assert_false(store_in_transaction(shelf->store));
    reopen(shelf);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM pragma_integrity_check "
                                         "WHERE integrity_check <> 'ok'"),
                     0);
}

static void test_commit__a_full_disk_is_certain(void **state)
{
    struct shelf *shelf = *state;
    use_faulty_vfs(shelf);
    add_ticket_in_transaction(shelf);
    faulty_vfs_arm(FAULT_WRITE, 1, SQLITE_FULL);
    assert_int_equal(store_commit(shelf->store, &shelf->error), STATUS_DISK_FULL);
    store_rollback(shelf->store);
    reopen(shelf);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM ticket"), 0);
}

/* A share of the disk that is used up is a full disk; what may be anything else is not. */
static void test_out_of_room__by_the_code_and_the_system(void **state)
{
    (void)state;
    assert_true(store_is_out_of_room(SQLITE_FULL, 0));
    assert_true(store_is_out_of_room(SQLITE_IOERR_WRITE, EDQUOT));
    assert_true(store_is_out_of_room(SQLITE_IOERR_SHMSIZE, ENOSPC));
    assert_true(store_is_out_of_room(SQLITE_CANTOPEN, ENOSPC));
    assert_false(store_is_out_of_room(SQLITE_CANTOPEN, EACCES));
    assert_false(store_is_out_of_room(SQLITE_IOERR_WRITE, EIO));
    assert_false(store_is_out_of_room(SQLITE_IOERR_FSYNC, ENOSPC)); /* it may be on the disk */
    assert_false(store_is_out_of_room(SQLITE_IOERR_READ, ENOSPC));
    assert_false(store_is_out_of_room(SQLITE_CORRUPT, ENOSPC));
}

/* The log is written by then. */
static void test_commit__no_room_for_the_index_of_the_log_is_uncertain(void **state)
{
    struct shelf *shelf = *state;
    use_faulty_vfs(shelf);
    add_ticket_in_transaction(shelf);
    faulty_vfs_arm(FAULT_WRITE, 1, SQLITE_IOERR_SHMSIZE);
    assert_int_equal(store_commit(shelf->store, &shelf->error), STATUS_UNCERTAIN);
    store_rollback(shelf->store);
}

static void test_commit__a_used_up_share_of_the_disk_is_certain(void **state)
{
    struct shelf *shelf = *state;
    use_faulty_vfs(shelf);
    add_ticket_in_transaction(shelf);
    faulty_vfs_arm(FAULT_WRITE, 1, SQLITE_IOERR_WRITE);
    faulty_vfs_set_errno(EDQUOT);
    assert_int_equal(store_commit(shelf->store, &shelf->error), STATUS_DISK_FULL);
    faulty_vfs_set_errno(0);
    store_rollback(shelf->store);
    reopen(shelf);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM ticket"), 0);
}

/* ---- the i-th call fails, for every i ---- */

/* What a day brings: two transactions with savepoints and a checkpoint. committed_r counts the
 * commits that said yes. */
static enum status work(struct shelf *shelf, int *committed_r)
{
    enum status status = STATUS_OK;
    for (unsigned n = 1; n <= 2 && status == STATUS_OK; n++) {
        struct escalation escalation = plain_escalation(shelf, n);
        struct attempt attempt = plain_attempt(n);
        const struct uuid salt = numbered_id(n);
        const struct timeline_row entry = {.customer_id = shelf->customer_id,
                                           .escalation_id = escalation.id,
                                           .facts = "{}",
                                           .personal = "a name"};
        struct error *error = &shelf->error;
        status = store_begin(shelf->store, error);
        if (status == STATUS_OK) {
            status = store_savepoint(shelf->store, error);
        }
        if (status == STATUS_OK) {
            status = add_escalation(shelf->store, &escalation, "key", error);
        }
        if (status == STATUS_OK) {
            status =
                store_add_attempt(shelf->store, shelf->customer_id, escalation.id, &attempt, error);
        }
        if (status == STATUS_OK) {
            status = store_append_timeline(shelf->store, &entry, &salt, 1, error);
        }
        if (status == STATUS_OK) {
            escalation.version = 2;
            escalation.closed_at.ms = 9;
            status = store_update_escalation(shelf->store, &escalation, error);
        }
        if (status == STATUS_OK) {
            status = store_savepoint_release(shelf->store, error);
        }
        if (status == STATUS_OK) {
            status = store_commit(shelf->store, error);
            *committed_r += status == STATUS_OK;
        }
        if (status == STATUS_OK) {
            status = store_checkpoint(shelf->store, 1, error);
        }
    }
    return status;
}

/* One run; answers whether the fault came. */
static bool survive(struct shelf *shelf, int nth, int rc)
{
    int committed = 0;
    reopen(shelf);
    shelf_execute(shelf, "DELETE FROM attempt; DELETE FROM escalation; DELETE FROM ticket; "
                         "DELETE FROM timeline_personal; DELETE FROM timeline; "
                         "UPDATE customer SET timeline_seq = 0");
    use_faulty_vfs(shelf);
    faulty_vfs_arm(FAULT_WRITE_OR_SYNC, nth, rc);
    enum status status = work(shelf, &committed);
    bool fired = faulty_vfs_fired();
    store_rollback(shelf->store);
    assert_true(fired || (status == STATUS_OK && committed == 2));
    /* A failure is told as what it is, whoever meets it. */
    assert_true(status == STATUS_OK || status == STATUS_UNCERTAIN ||
                status == (rc == SQLITE_FULL ? STATUS_DISK_FULL : STATUS_IO));
    reopen(shelf);
    int64_t found = shelf_number(shelf, "SELECT count(*) FROM escalation");
    assert_true(found >= committed);
    if (status != STATUS_UNCERTAIN) {
        assert_int_equal(found, committed);
    }
    /* All of a transaction or nothing of it. */
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM ticket"), found);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM attempt"), found);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM timeline_personal"), found);
    assert_int_equal(shelf_number(shelf, "SELECT timeline_seq FROM customer"), found);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM pragma_integrity_check "
                                         "WHERE integrity_check <> 'ok'"),
                     0);
    return fired;
}

static void survive_all(struct shelf *shelf, int rc)
{
    int nth = 1;
    while (survive(shelf, nth, rc)) {
        nth++;
        assert_true(nth < 1000);
    }
    assert_true(nth > 10); /* the loop found something to break */
}

static void test_anomalies__every_write_and_sync_fails_once(void **state)
{
    survive_all(*state, SQLITE_IOERR_WRITE);
}

static void test_anomalies__the_disk_is_full_at_every_write(void **state)
{
    survive_all(*state, SQLITE_FULL);
}

/* The first start: every call of the migration fails once. */
static void test_anomalies__while_migrating(void **state)
{
    struct shelf *shelf = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    bool fired = true;
    int nth;
    faulty_vfs_register();
    for (nth = 1; fired; nth++) {
        store_close(&shelf->store);
        for (size_t i = 0; i < 3; i++) {
            char path[128];
            (void)snprintf(path, sizeof path, "%s%s", shelf->path, suffixes[i]);
            (void)unlink(path);
        }
        faulty_vfs_arm(FAULT_WRITE_OR_SYNC, nth, SQLITE_IOERR_WRITE);
        enum status status = store_open(shelf->path, FAULTY_VFS, &shelf->store, &shelf->error);
        fired = faulty_vfs_fired();
        assert_true(fired || status == STATUS_OK);
        assert_int_equal(status == STATUS_OK, shelf->store != NULL);
        /* The next start, on a sound disk, finishes the work. */
        reopen(shelf);
        assert_ok(shelf, add_customer(shelf->store, &shelf->customer_id, &shelf->error));
    }
    assert_true(nth > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_full__takes_the_whole_transaction_away),
        SHELF_TEST(test_commit__a_failing_sync_is_uncertain),
        SHELF_TEST(test_commit__a_full_disk_is_certain),
        SHELF_TEST(test_out_of_room__by_the_code_and_the_system),
        SHELF_TEST(test_commit__a_used_up_share_of_the_disk_is_certain),
        SHELF_TEST(test_commit__no_room_for_the_index_of_the_log_is_uncertain),
        SHELF_TEST(test_anomalies__every_write_and_sync_fails_once),
        SHELF_TEST(test_anomalies__the_disk_is_full_at_every_write),
        SHELF_TEST(test_anomalies__while_migrating),
    };
    return cmocka_run_group_tests_name("store.fault", tests, NULL, NULL);
}
