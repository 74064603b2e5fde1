/* test_migration.c - databases of every earlier version, filled, are upgraded with all they hold;
 * an upgrade that is cut short, or loses its power, leaves one version or another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "tests/scenario/box.h"
#include "tests/scenario/disk.h"
#include "tests/unit/sanitized.h"
#include "tests/unit/store/faulty_vfs.h"
#include "tests/unit/store/fixture.h"
#include "tests/unit/store/old_version.h"

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return value;
}

/* What was in the database before is in it now, and it is sound. */
static void assert_kept(struct shelf *shelf, const char *before, sqlite3 *of)
{
    char *after = old_version_dump(shelf->store->db, of);
    assert_string_equal(before, after);
    free(after);
    assert_int_equal(shelf_number(shelf, "PRAGMA user_version"), schema_migrations_count);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM pragma_integrity_check "
                                         "WHERE integrity_check <> 'ok'"),
                     0);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

/* The schema of a version, without a file. */
static sqlite3 *schema_of(int version)
{
    sqlite3 *db = old_version_open(":memory:");
    for (int i = 0; i < version; i++) {
        assert_int_equal(sqlite3_exec(db, schema_migrations[i].sql, NULL, NULL, NULL), SQLITE_OK);
    }
    return db;
}

static void test_migration__keeps_everything_from_every_version(void **state)
{
    struct shelf *shelf = *state;
    for (int version = 1; version <= (int)schema_migrations_count; version++) {
        store_close(&shelf->store);
        old_version_make(shelf->path, version);
        sqlite3 *db = old_version_open(shelf->path);
        char *before = old_version_dump(db, db);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        sqlite3 *of = schema_of(version);
        assert_ok(shelf, store_open(shelf->path, NULL, &shelf->store, &shelf->error));
        assert_kept(shelf, before, of);
        /* And it is worked with. */
        struct engine_time due;
        assert_ok(shelf, store_next_due(shelf->store, ENGINE_BEGINNING, &due, &shelf->error));
        assert_int_equal(due.ms, 1700000065000);
        (void)sqlite3_close(of);
        free(before);
    }
}

/* A migration without rows to try it on would be tried on a hospital's. */
static void test_migration__rows_are_in_every_table(void **state)
{
    struct shelf *shelf = *state;
    store_close(&shelf->store);
    old_version_make(shelf->path, (int)schema_migrations_count);
    sqlite3 *db = old_version_open(shelf->path);
    sqlite3_stmt *tables;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'table'",
                                        -1, &tables, NULL),
                     SQLITE_OK);
    int count = 0;
    while (sqlite3_step(tables) == SQLITE_ROW) {
        char sql[128];
        const char *table = (const char *)sqlite3_column_text(tables, 0);
        (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
        if (number(db, sql) == 0) {
            fail_msg("tests/unit/store/versions has no row of %s", table);
        }
        count++;
    }
    assert_true(count > 15);
    (void)sqlite3_finalize(tables);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Every write of every migration is the last one, with all rows that there could be before it: that
 * takes each version's own step. The first one goes the whole way once. */
static bool is_left(int version, int64_t reached, bool whole)
{
    return (version == 1 && whole) || reached == version;
}

/* One run; answers whether the fault came, in what is_left(). */
static bool survive(struct shelf *shelf, int version, int nth, int rc, sqlite3 *of)
{
    store_close(&shelf->store);
    old_version_make(shelf->path, version);
    sqlite3 *db = old_version_open(shelf->path);
    char *before = old_version_dump(db, of);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    faulty_vfs_arm(FAULT_WRITE_OR_SYNC, nth, rc);
    enum status status = store_open(shelf->path, FAULTY_VFS, &shelf->store, &shelf->error);
    bool fired = faulty_vfs_fired();
    assert_true(fired || status == STATUS_OK);
    store_close(&shelf->store);
    db = old_version_open(shelf->path);
    int64_t reached = number(db, "PRAGMA user_version");
    assert_true(reached >= version && reached <= (int64_t)schema_migrations_count);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    /* Opening compares the whole schema with that of the version it says. */
    assert_ok(shelf, store_open(shelf->path, NULL, &shelf->store, &shelf->error));
    assert_kept(shelf, before, of);
    free(before);
    return fired && is_left(version, reached, rc == SQLITE_IOERR_WRITE);
}

static void test_migration__cut_short_leaves_either_version(void **state)
{
    struct shelf *shelf = *state;
    static const int results[] = {SQLITE_IOERR_WRITE, SQLITE_FULL};
    faulty_vfs_register();
    for (int version = 1; version < (int)schema_migrations_count; version++) {
        sqlite3 *of = schema_of(version);
        for (size_t i = 0; i < (version == 1 ? 2u : 1u); i++) {
            int nth = nth_first((size_t)version + i);
            while (survive(shelf, version, nth, results[i], of)) {
                nth += NTH_STEP;
                assert_true(nth < 1000);
            }
            assert_true(nth > 3); /* the loop found something to break */
        }
        (void)sqlite3_close(of);
    }
}

/* The power that goes at the nth call of the disk: what it leaves, and nothing works after it. */
struct outage {
    int calls_left;
    enum disk_loss loss;
    uint64_t random;
    bool has_come;
};

static int count_down(void *context, enum disk_call call)
{
    struct outage *outage = context;
    if (call == DISK_OPEN || call == DISK_READ) {
        return outage->has_come ? SQLITE_IOERR : SQLITE_OK;
    }
    if (!outage->has_come && --outage->calls_left == 0) {
        disk_keep(outage->loss, &outage->random);
        outage->has_come = true;
    }
    return outage->has_come ? SQLITE_IOERR : SQLITE_OK;
}

/* Upgrades on a disk that loses its power; answers whether it did before the end of what is_left().
 */
static bool survive_outage(struct shelf *shelf, int version, struct outage outage, sqlite3 *of)
{
    uint64_t random = 1;
    store_close(&shelf->store);
    disk_format(1);
    old_version_make(shelf->path, version);
    sqlite3 *db = old_version_open(shelf->path);
    char *before = old_version_dump(db, of);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    disk_keep(DISK_KEEPS_ALL, &random); /* written long ago */
    disk_restore();

    disk_on_call(count_down, &outage);
    enum status status = store_open(shelf->path, DISK_VFS, &shelf->store, &shelf->error);
    disk_on_call(NULL, NULL);
    assert_true(outage.has_come || status == STATUS_OK);
    if (!outage.has_come) {
        disk_keep(outage.loss, &outage.random);
    }
    store_close(&shelf->store);
    disk_restore();

    db = old_version_open(shelf->path);
    int64_t reached = number(db, "PRAGMA user_version");
    assert_in_range(reached, outage.has_come ? (size_t)version : schema_migrations_count,
                    schema_migrations_count);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_ok(shelf, store_open(shelf->path, DISK_VFS, &shelf->store, &shelf->error));
    assert_kept(shelf, before, of);
    free(before);
    return outage.has_come && is_left(version, reached, outage.loss == DISK_KEEPS_SYNCED);
}

static void test_migration__loses_its_power(void **state)
{
    struct shelf *shelf = *state;
    static const enum disk_loss losses[] = {DISK_KEEPS_ALL, DISK_KEEPS_SYNCED, DISK_TEARS,
                                            DISK_TEARS};
    sqlite3_vfs *true_disk = sqlite3_vfs_find(NULL);
    for (int version = 1; version < (int)schema_migrations_count; version++) {
        sqlite3 *of = schema_of(version);
        for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
            int nth = nth_first((size_t)version + i);
            while (survive_outage(shelf, version,
                                  (struct outage){.calls_left = nth,
                                                  .loss = losses[i],
                                                  .random = 100 * i + (uint64_t)nth},
                                  of)) {
                nth += NTH_STEP;
                assert_true(nth < 1000);
            }
            assert_true(nth > 3);
        }
        (void)sqlite3_close(of);
    }
    store_close(&shelf->store);
    disk_erase();
    (void)sqlite3_vfs_register(true_disk, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_migration__keeps_everything_from_every_version),
        SHELF_TEST(test_migration__rows_are_in_every_table),
        SHELF_TEST(test_migration__cut_short_leaves_either_version),
        SHELF_TEST(test_migration__loses_its_power),
    };
    return cmocka_run_group_tests_name("store.migration", tests, NULL, NULL);
}
