/* test_backup.c - a copy of one moment, taken while the writer works; what it must not hold; how it
 * ends when somebody, or the disk, puts an end to it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store/store_backup.h"
#include "tests/unit/store/faulty_vfs.h"
#include "tests/unit/store/fixture.h"

#define LARGE_BYTES 6000000 /* several pieces of a copy */

/* What the watch of a test does and sees. */
struct watching {
    struct shelf *shelf;
    int looks;
    int64_t last_done;
    int64_t total;
    int stop_at; /* this look says no; 0: none */
    bool writes; /* commits an escalation at each look */
};

static enum status look(void *context, int64_t done, int64_t total, struct error *error)
{
    struct watching *watching = context;
    watching->looks++;
    if (total > 0) {
        assert_true(done >= watching->last_done && done <= total);
        watching->last_done = done;
        watching->total = total;
    }
    if (watching->looks == watching->stop_at) {
        return error_set(error, STATUS_STOPPING, "enough");
    }
    if (watching->writes) {
        struct shelf *shelf = watching->shelf;
        struct escalation escalation = plain_escalation(shelf, 100 + (unsigned)watching->looks);
        assert_ok(shelf, store_begin(shelf->store, &shelf->error));
        assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
        assert_ok(shelf, store_commit(shelf->store, &shelf->error));
        assert_ok(shelf, store_checkpoint(shelf->store, 1, &shelf->error));
    }
    return STATUS_OK;
}

/* An empty file, as whoever asks for a copy makes it. */
static void make_target(const struct shelf *shelf, char path_r[128])
{
    (void)snprintf(path_r, 128, "%s-copy", shelf->path);
    (void)unlink(path_r);
    int file = open(path_r, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    (void)close(file);
}

static enum status copy(struct shelf *shelf, const char *vfs, const char *target,
                        struct watching *watching)
{
    const struct store_watch watch = {look, watching};
    watching->shelf = shelf;
    return store_backup(shelf->path, vfs, target, &watch, &shelf->error);
}

static void fill(struct shelf *shelf)
{
    struct escalation escalation = plain_escalation(shelf, 1);
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    assert_ok(shelf, store_commit(shelf->store, &shelf->error));
    char sql[128];
    (void)snprintf(sql, sizeof sql, "UPDATE ticket SET details = hex(zeroblob(%d))",
                   LARGE_BYTES / 2);
    shelf_execute(shelf, sql);
}

static bool exists(const char *path, const char *suffix)
{
    char name[160];
    (void)snprintf(name, sizeof name, "%s%s", path, suffix);
    return access(name, F_OK) == 0;
}

static void test_backup__is_of_one_moment(void **state)
{
    struct shelf *shelf = *state;
    struct watching watching = {.writes = true};
    struct store_facts facts;
    char target[128];
    fill(shelf);
    make_target(shelf, target);
    assert_ok(shelf, copy(shelf, NULL, target, &watching));
    assert_true(watching.looks > 1);
    assert_int_equal(watching.last_done, watching.total);
    assert_ok(shelf, store_check(target, STORE_CHECK_COPY, NULL, &facts, &shelf->error));
    assert_int_equal(facts.escalations, 1);
    /* Nothing was written beside it, and its mode is as it was made. */
    struct stat found;
    assert_false(exists(target, "-wal") || exists(target, "-shm") || exists(target, "-journal"));
    assert_int_equal(stat(target, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_int_equal(found.st_size, watching.total * 4096);
    /* The writer lost nothing, and its log can begin anew. */
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM escalation"), 1 + watching.looks);
    int log_pages = -1, moved_pages = -2;
    assert_int_equal(sqlite3_wal_checkpoint_v2(shelf->store->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                               &log_pages, &moved_pages),
                     SQLITE_OK);
    assert_int_equal(log_pages, moved_pages);
    /* It opens as the database that it is. */
    store_close(&shelf->store);
    assert_ok(shelf, store_open(target, NULL, &shelf->store, &shelf->error));
    assert_int_equal(shelf_number(shelf, "SELECT length(details) FROM ticket"), LARGE_BYTES);
}

static void test_backup__what_was_erased_is_not_in_it(void **state)
{
    struct shelf *shelf = *state;
    struct watching watching = {.writes = false};
    char target[128];
    shelf_execute(shelf, "INSERT INTO alarm VALUES (1, 1, 'x', 'Madame Martin, 0612345678');"
                         "INSERT INTO alarm VALUES (2, 1, 'x', 'what stays')");
    shelf_execute(shelf, "DELETE FROM alarm WHERE alarm_id = 1");
    make_target(shelf, target);
    assert_ok(shelf, copy(shelf, NULL, target, &watching));
    FILE *file = fopen(target, "re");
    char *bytes = calloc(1, 1 << 20);
    assert_true(file != NULL && bytes != NULL);
    size_t count = fread(bytes, 1, 1 << 20, file);
    (void)fclose(file);
    assert_null(memmem(bytes, count, "Madame Martin", 13));
    assert_non_null(memmem(bytes, count, "what stays", 10));
    free(bytes);
}

static void test_backup__ends_when_it_is_told_to(void **state)
{
    struct shelf *shelf = *state;
    struct watching watching = {.stop_at = 1};
    char target[128];
    fill(shelf);
    make_target(shelf, target);
    assert_int_equal(copy(shelf, NULL, target, &watching), STATUS_STOPPING);
    assert_string_equal(shelf->error.text, "enough");
    assert_int_equal(watching.looks, 1);
    /* Half a copy is known as such. */
    struct store_facts facts;
    assert_int_not_equal(store_check(target, STORE_CHECK_COPY, NULL, &facts, &shelf->error),
                         STATUS_OK);
}

static void test_check__ends_when_it_is_told_to(void **state)
{
    struct shelf *shelf = *state;
    struct watching watching = {.shelf = shelf, .stop_at = 1};
    const struct store_watch watch = {look, &watching};
    struct store_facts facts;
    shelf_execute(shelf, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i "
                         "< 20000) INSERT INTO alarm SELECT i, i, 'x', 'y' FROM n");
    assert_int_equal(store_check(shelf->path, STORE_CHECK_DATABASE, &watch, &facts, &shelf->error),
                     STATUS_STOPPING);
    assert_string_equal(shelf->error.text, "enough");
}

static void test_backup__damage_is_found_in_the_copy(void **state)
{
    struct shelf *shelf = *state;
    struct watching watching = {.writes = false};
    struct store_facts facts;
    char target[128], rubbish[4096];
    memset(rubbish, 0xa5, sizeof rubbish);
    fill(shelf);
    int64_t page = shelf_number(shelf, "SELECT rootpage FROM sqlite_schema WHERE name = 'caller'");
    store_close(&shelf->store);
    int file = open(shelf->path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(file, rubbish, sizeof rubbish, (page - 1) * 4096), sizeof rubbish);
    (void)close(file);
    make_target(shelf, target);
    assert_ok(shelf, copy(shelf, NULL, target, &watching));
    assert_int_equal(store_check(target, STORE_CHECK_COPY, NULL, &facts, &shelf->error),
                     STATUS_CORRUPT);
}

/* The disk fails or fills at every write of the copy, one after the other. */
static void test_backup__every_write_fails_once(void **state)
{
    struct shelf *shelf = *state;
    static const int results[] = {SQLITE_FULL, SQLITE_IOERR_WRITE};
    static const enum status expected[] = {STATUS_DISK_FULL, STATUS_IO};
    char target[128];
    faulty_vfs_register();
    for (size_t i = 0; i < 2; i++) {
        int nth = 0;
        enum status status;
        do {
            struct watching watching = {.writes = false};
            make_target(shelf, target);
            faulty_vfs_arm(FAULT_WRITE, ++nth, results[i]);
            status = copy(shelf, FAULTY_VFS, target, &watching);
            assert_int_equal(status, faulty_vfs_fired() ? expected[i] : STATUS_OK);
        } while (status != STATUS_OK && nth < 10000);
        assert_int_equal(status, STATUS_OK);
        assert_true(nth > 10);
    }
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM pragma_integrity_check "
                                         "WHERE integrity_check <> 'ok'"),
                     0);
}

/* A log that grew behind a copy is short again once there is none. */
static void test_log__shrinks_after_a_long_read(void **state)
{
    struct shelf *shelf = *state;
    struct store *reader;
    int64_t version;
    struct stat log;
    char name[128];
    (void)snprintf(name, sizeof name, "%s-wal", shelf->path);
    assert_ok(shelf, store_open_reader(shelf->path, NULL, 1000, &reader, &shelf->error));
    assert_ok(shelf, store_read_begin(reader, &shelf->error));
    assert_ok(shelf, store_number(reader, "PRAGMA user_version", &version, &shelf->error));
    for (int i = 0; i < 4; i++) {
        fill(shelf);
        shelf_execute(shelf, "DELETE FROM escalation; DELETE FROM ticket");
        assert_ok(shelf, store_checkpoint(shelf->store, 1, &shelf->error));
    }
    assert_int_equal(stat(name, &log), 0);
    assert_true(log.st_size > 20000000);
    store_read_end(reader);
    store_close(&reader);
    shelf_execute(shelf, "INSERT INTO alarm VALUES (1, 1, 'x', 'y')");
    assert_ok(shelf, store_checkpoint(shelf->store, 1, &shelf->error));
    shelf_execute(shelf, "INSERT INTO alarm VALUES (2, 1, 'x', 'y')");
    assert_int_equal(stat(name, &log), 0);
    assert_true(log.st_size <= 16777216);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_backup__is_of_one_moment),
        SHELF_TEST(test_backup__what_was_erased_is_not_in_it),
        SHELF_TEST(test_backup__ends_when_it_is_told_to),
        SHELF_TEST(test_check__ends_when_it_is_told_to),
        SHELF_TEST(test_backup__damage_is_found_in_the_copy),
        SHELF_TEST(test_backup__every_write_fails_once),
        SHELF_TEST(test_log__shrinks_after_a_long_read),
    };
    return cmocka_run_group_tests_name("store.backup", tests, NULL, NULL);
}
