/* test_ballast.c - room that is held, given up and taken back, on a disk with an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store/ballast.h"
#include "tests/scenario/disk.h"

#define PATH        "db-ballast"
#define SIZE        (INT64_C(1) << 20)
#define PIECE_BYTES (INT64_C(64) << 10) /* of a ballast of this size */

static struct error error;

static int format_disk(void **state)
{
    (void)state;
    disk_format(1);
    return 0;
}

static int erase_disk(void **state)
{
    (void)state;
    disk_erase();
    return 0;
}

static struct ballast *open_ballast(int64_t bytes)
{
    struct ballast *ballast = NULL;
    assert_int_equal(ballast_open(PATH, DISK_VFS, bytes, &ballast, &error), STATUS_OK);
    return ballast;
}

/* Takes until nothing is missing, or there is no room. */
static enum status fill(struct ballast *ballast)
{
    enum status status = STATUS_OK;
    for (int i = 0; i < 100 && status == STATUS_OK && !ballast_is_whole(ballast); i++) {
        status = ballast_take(ballast, &error);
    }
    return status;
}

static struct ballast *open_whole(void)
{
    struct ballast *ballast = open_ballast(SIZE);
    assert_int_equal(fill(ballast), STATUS_OK);
    assert_true(ballast_is_whole(ballast));
    return ballast;
}

/* ---- what is held ---- */

static void test_ballast__occupies_what_it_says(void **state)
{
    (void)state;
    struct ballast *ballast = open_ballast(SIZE);
    assert_int_equal(disk_used(), 0); /* nothing before it is asked for */
    assert_int_equal(fill(ballast), STATUS_OK);
    assert_int_equal(ballast_held_bytes(ballast), SIZE);
    assert_int_equal(disk_used(), SIZE);
    assert_true(ballast_give(ballast));
    assert_int_equal(ballast_held_bytes(ballast), SIZE - PIECE_BYTES);
    assert_int_equal(disk_used(), SIZE - PIECE_BYTES);
    ballast_close(&ballast);
    assert_null(ballast);
    assert_int_equal(disk_used(), SIZE - PIECE_BYTES); /* the file stays */
}

static void test_ballast__is_given_up_to_the_last_byte(void **state)
{
    (void)state;
    struct ballast *ballast = open_whole();
    int pieces = 0;
    while (ballast_give(ballast)) {
        pieces++;
        assert_int_equal(disk_used(), ballast_held_bytes(ballast));
    }
    assert_int_equal(pieces, SIZE / PIECE_BYTES);
    assert_int_equal(disk_used(), 0);
    ballast_close(&ballast);
}

static void test_ballast__of_an_odd_size(void **state)
{
    (void)state;
    struct ballast *ballast = open_ballast(100001);
    assert_int_equal(fill(ballast), STATUS_OK);
    assert_int_equal(disk_used(), 100001);
    assert_true(ballast_give(ballast));
    assert_true(ballast_give(ballast));
    assert_false(ballast_give(ballast));
    assert_int_equal(disk_used(), 0);
    ballast_close(&ballast);
}

static void test_ballast__of_none_only_looks_for_room(void **state)
{
    (void)state;
    struct ballast *ballast = open_ballast(0);
    assert_true(ballast_is_whole(ballast));
    assert_false(ballast_give(ballast));
    assert_int_equal(ballast_take(ballast, &error), STATUS_OK);
    assert_int_equal(disk_used(), 0);
    disk_set_capacity(PIECE_BYTES - 1);
    assert_int_equal(ballast_take(ballast, &error), STATUS_DISK_FULL);
    assert_int_equal(disk_used(), 0);
    ballast_close(&ballast);
}

/* ---- taking back ---- */

/* A piece given for others stays theirs until there is one more. */
static void test_take__leaves_a_piece_to_others(void **state)
{
    (void)state;
    struct ballast *ballast = open_whole();
    disk_set_capacity(disk_used());
    assert_int_equal(ballast_take(ballast, &error), STATUS_DISK_FULL);
    assert_true(ballast_give(ballast));
    assert_int_equal(ballast_take(ballast, &error), STATUS_DISK_FULL);
    assert_int_equal(ballast_held_bytes(ballast), SIZE - PIECE_BYTES);
    assert_int_equal(disk_used(), SIZE - PIECE_BYTES);
    disk_set_capacity(SIZE + PIECE_BYTES - 1);
    assert_int_equal(ballast_take(ballast, &error), STATUS_DISK_FULL);
    disk_set_capacity(SIZE + PIECE_BYTES);
    assert_int_equal(ballast_take(ballast, &error), STATUS_OK);
    assert_true(ballast_is_whole(ballast));
    assert_int_equal(disk_used(), SIZE);
    ballast_close(&ballast);
}

static void test_take__as_much_as_fits(void **state)
{
    (void)state;
    struct ballast *ballast = open_ballast(SIZE);
    disk_set_capacity(5 * PIECE_BYTES + 100);
    assert_int_equal(fill(ballast), STATUS_DISK_FULL);
    assert_int_equal(ballast_held_bytes(ballast), 4 * PIECE_BYTES);
    assert_int_equal(disk_used(), 4 * PIECE_BYTES);
    ballast_close(&ballast);
}

/* ---- what an earlier run left ---- */

static void test_open__goes_on_with_any_size(void **state)
{
    (void)state;
    struct ballast *ballast = open_whole();
    assert_true(ballast_give(ballast));
    ballast_close(&ballast);
    ballast = open_ballast(SIZE);
    assert_int_equal(ballast_held_bytes(ballast), SIZE - PIECE_BYTES);
    ballast_close(&ballast);
    ballast = open_ballast(100000); /* it was configured larger */
    assert_true(ballast_is_whole(ballast));
    assert_int_equal(disk_used(), 100000);
    ballast_close(&ballast);
    ballast = open_ballast(0);
    assert_int_equal(disk_used(), 0);
    ballast_close(&ballast);
}

/* The power fails at each call of taking and giving: whatever is in the file then, only its size
 * counts, and it can be given. */
static int calls_left;
static uint64_t tears = 7;

static int keep_at_call(void *context, enum disk_call call)
{
    (void)context;
    (void)call;
    if (calls_left > 0 && --calls_left == 0) {
        disk_keep(DISK_TEARS, &tears);
    }
    return SQLITE_OK;
}

static void test_open__after_a_loss_of_power_at_any_call(void **state)
{
    (void)state;
    int nth = 1;
    for (bool fell = true; fell; nth++) {
        disk_erase();
        disk_on_call(keep_at_call, NULL);
        calls_left = nth;
        struct ballast *ballast = open_whole();
        assert_true(ballast_give(ballast));
        assert_int_equal(ballast_take(ballast, &error), STATUS_OK);
        fell = calls_left == 0;
        ballast_close(&ballast);
        calls_left = 0;
        if (fell) {
            disk_restore();
        }
        disk_set_capacity(disk_used());
        ballast = open_ballast(SIZE);
        assert_int_equal(ballast_held_bytes(ballast), disk_used());
        while (ballast_give(ballast)) {
        }
        assert_int_equal(disk_used(), 0);
        disk_set_capacity(0);
        assert_int_equal(fill(ballast), STATUS_OK);
        assert_int_equal(disk_used(), SIZE);
        ballast_close(&ballast);
    }
    assert_true(nth > 30);
}

/* ---- a disk that fails ---- */

static enum disk_call failing_call;
static int failing_rc;

static int fail_call(void *context, enum disk_call call)
{
    (void)context;
    return call == failing_call ? failing_rc : SQLITE_OK;
}

static void test_take__tells_a_broken_disk_from_a_full_one(void **state)
{
    (void)state;
    static const struct {
        enum disk_call call;
        int rc;
    } faults[] = {{DISK_OPEN, SQLITE_CANTOPEN},
                  {DISK_WRITE, SQLITE_IOERR_WRITE},
                  {DISK_SYNC, SQLITE_IOERR_FSYNC},
                  {DISK_TRUNCATE, SQLITE_IOERR_TRUNCATE}};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        disk_erase();
        failing_call = faults[i].call;
        failing_rc = faults[i].rc;
        disk_on_call(fail_call, NULL);
        struct ballast *ballast = open_ballast(SIZE);
        assert_int_equal(ballast_take(ballast, &error), STATUS_IO);
        assert_non_null(strstr(error.text, PATH));
        assert_int_equal(ballast_held_bytes(ballast), 0);
        disk_on_call(NULL, NULL);
        assert_int_equal(fill(ballast), STATUS_OK); /* it is mended */
        assert_int_equal(disk_used(), SIZE);
        ballast_close(&ballast);
    }
}

static sqlite3_vfs blind; /* the disk's, which tells no errno and no file's size */
static sqlite3_io_methods blind_methods;

static int no_size(sqlite3_file *file, sqlite3_int64 *bytes)
{
    (void)file;
    *bytes = 0;
    return SQLITE_IOERR_FSTAT;
}

static int open_blind(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                      int *flags_r)
{
    sqlite3_vfs *disk = sqlite3_vfs_find(DISK_VFS);
    (void)vfs;
    int rc = disk->xOpen(disk, name, file, flags, flags_r);
    if (rc == SQLITE_OK) {
        blind_methods = *file->pMethods;
        blind_methods.xFileSize = no_size;
        file->pMethods = &blind_methods;
    }
    return rc;
}

static void test_take__of_a_file_whose_size_nobody_knows(void **state)
{
    (void)state;
    struct ballast *ballast = NULL;
    assert_int_equal(ballast_open(PATH, "no such", SIZE, &ballast, &error), STATUS_CONFIGURATION);
    blind = *sqlite3_vfs_find(DISK_VFS);
    blind.zName = "blind";
    blind.pNext = NULL;
    blind.xGetLastError = NULL;
    blind.xOpen = open_blind;
    assert_int_equal(sqlite3_vfs_register(&blind, 0), SQLITE_OK);
    failing_call = DISK_OPEN;
    failing_rc = SQLITE_CANTOPEN;
    disk_on_call(fail_call, NULL);
    assert_int_equal(ballast_open(PATH, "blind", SIZE, &ballast, &error), STATUS_OK);
    assert_int_equal(ballast_take(ballast, &error), STATUS_IO);
    disk_on_call(NULL, NULL);
    assert_int_equal(ballast_take(ballast, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "size"));
    assert_int_equal(ballast_held_bytes(ballast), 0);
    ballast_close(&ballast);
    assert_int_equal(sqlite3_vfs_unregister(&blind), SQLITE_OK);
}

static void test_give__a_disk_that_refuses_gives_nothing(void **state)
{
    (void)state;
    struct ballast *ballast = open_whole();
    failing_call = DISK_TRUNCATE;
    failing_rc = SQLITE_IOERR_TRUNCATE;
    disk_on_call(fail_call, NULL);
    assert_false(ballast_give(ballast));
    assert_int_equal(ballast_held_bytes(ballast), SIZE);
    disk_on_call(NULL, NULL);
    assert_true(ballast_give(ballast));
    ballast_close(&ballast);
}

/* ---- a file that somebody removes ---- */

static void assert_size_of_file(const char *path, int64_t bytes)
{
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_size, bytes);
}

static void make_file(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static void test_lost__is_made_anew(void **state)
{
    (void)state;
    char folder[] = "/tmp/astreinte-ballast-XXXXXX", path[64], other[64], database[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/" PATH, folder);
    (void)snprintf(other, sizeof other, "%s/other", folder);
    (void)snprintf(database, sizeof database, "%s/db", folder);
    make_file(database); /* whose rights the file gets */
    struct ballast *ballast = NULL;
    assert_int_equal(ballast_open(path, "unix", SIZE, &ballast, &error), STATUS_OK);
    assert_string_equal(ballast_path(ballast), path);
    assert_false(ballast_is_lost(ballast)); /* not there yet */
    assert_int_equal(fill(ballast), STATUS_OK);
    assert_false(ballast_is_lost(ballast));
    for (int i = 0; i < 2; i++) {
        if (i == 0) {
            assert_int_equal(unlink(path), 0);
        } else { /* one that it did not make */
            make_file(other);
            assert_int_equal(rename(other, path), 0);
        }
        assert_true(ballast_is_lost(ballast));
        ballast_let_go(ballast);
        assert_false(ballast_is_lost(ballast));
        assert_int_equal(ballast_held_bytes(ballast), 0);
        assert_int_equal(fill(ballast), STATUS_OK);
        assert_false(ballast_is_lost(ballast));
        assert_size_of_file(path, SIZE);
    }
    ballast_close(&ballast);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(database), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- what it is not ---- */

static void test_ballast__is_no_database(void **state)
{
    (void)state;
    struct ballast *ballast = open_whole();
    ballast_close(&ballast);
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(PATH, &db, SQLITE_OPEN_READWRITE, DISK_VFS), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "SELECT * FROM sqlite_master", NULL, NULL, NULL),
                     SQLITE_NOTADB);
    (void)sqlite3_close(db);
    assert_int_equal(disk_used(), SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, format_disk, erase_disk)
        TEST(test_ballast__occupies_what_it_says),
        TEST(test_ballast__is_given_up_to_the_last_byte),
        TEST(test_ballast__of_an_odd_size),
        TEST(test_ballast__of_none_only_looks_for_room),
        TEST(test_take__leaves_a_piece_to_others),
        TEST(test_take__as_much_as_fits),
        TEST(test_open__goes_on_with_any_size),
        TEST(test_open__after_a_loss_of_power_at_any_call),
        TEST(test_take__tells_a_broken_disk_from_a_full_one),
        TEST(test_take__of_a_file_whose_size_nobody_knows),
        TEST(test_give__a_disk_that_refuses_gives_nothing),
        TEST(test_lost__is_made_anew),
        TEST(test_ballast__is_no_database),
#undef TEST
    };
    return cmocka_run_group_tests_name("store.ballast", tests, NULL, NULL);
}
