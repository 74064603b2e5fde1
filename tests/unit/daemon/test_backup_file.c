/* test_backup_file.c - one backup's file: its name, its bounds, what is kept and what is left
 * behind. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/daemon/backup_file.h"
#include "gateway/store/store.h"

#define NOON_MS INT64_C(1795867200000) /* 2026-11-28T12:00:00Z */

struct cellar {
    char folder[64];
    char database[96];
    char backups[96];
    struct backup_place place;
    struct store *store;
    int looks;
    int stop_at;
    struct error error;
};

static int setup(void **state)
{
    struct cellar *cellar = calloc(1, sizeof *cellar);
    if (cellar == NULL) {
        return -1;
    }
    (void)text_copy(cellar->folder, sizeof cellar->folder, "/tmp/astreinte-backup-XXXXXX");
    if (mkdtemp(cellar->folder) == NULL) {
        return -1;
    }
    (void)snprintf(cellar->database, sizeof cellar->database, "%s/db", cellar->folder);
    (void)snprintf(cellar->backups, sizeof cellar->backups, "%s/db-backups", cellar->folder);
    cellar->place = (struct backup_place){.database = cellar->database,
                                          .folder = cellar->backups,
                                          .kept = 7,
                                          .log_bytes_max = INT64_C(1) << 30};
    *state = cellar;
    return store_open(cellar->database, NULL, &cellar->store, &cellar->error) == STATUS_OK ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *place)
{
    (void)found;
    (void)kind;
    (void)place;
    return remove(path);
}

static int teardown(void **state)
{
    struct cellar *cellar = *state;
    store_close(&cellar->store);
    int rc = nftw(cellar->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(cellar);
    return rc;
}

#define CELLAR_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static enum status look(void *context, int64_t done, int64_t total, struct error *error)
{
    struct cellar *cellar = context;
    (void)done;
    (void)total;
    return ++cellar->looks == cellar->stop_at ? error_set(error, STATUS_STOPPING, "enough")
                                              : STATUS_OK;
}

static enum status make(struct cellar *cellar, int64_t at_ms, struct backup_result *result_r)
{
    const struct store_watch pace = {look, cellar};
    return backup_make(&cellar->place, (struct wall_time){at_ms}, &pace, result_r, &cellar->error);
}

static void assert_made(struct cellar *cellar, int64_t at_ms, struct backup_result *result_r)
{
    if (make(cellar, at_ms, result_r) != STATUS_OK) {
        fail_msg("%s", cellar->error.text);
    }
}

static bool is_there(const struct cellar *cellar, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", cellar->backups, name);
    return access(path, F_OK) == 0;
}

/* Nothing, not even a temporary file. */
static void assert_nothing_left(const struct cellar *cellar)
{
    assert_true(access(cellar->backups, F_OK) != 0 || rmdir(cellar->backups) == 0);
}

static void test_backup__has_its_name_and_mode(void **state)
{
    struct cellar *cellar = *state;
    struct backup_result result;
    struct stat found;
    char path[512];
    assert_made(cellar, NOON_MS, &result);
    assert_memory_equal(result.name, "db-20261128T120000Z-", 20);
    assert_int_equal(strlen(backup_digest_in_name(result.name)), 16);
    (void)snprintf(path, sizeof path, "%s/%s", cellar->backups, result.name);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_int_equal(found.st_size, result.bytes);
    assert_int_equal(stat(cellar->backups, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    assert_int_equal(backup_newest_s(&cellar->place), NOON_MS / 1000);
}

static void test_names__of_backups_and_of_others(void **state)
{
    (void)state;
    assert_string_equal(backup_digest_in_name("db-20261128T120000Z-0123456789abcdef"),
                        "0123456789abcdef");
    static const char *const others[] = {
        "",
        "db",
        "-20261128T120000Z-0123456789abcdef",
        "db-20261128T120000Z-0123456789abcde",
        "db-20261128T120000Z-0123456789ABCDEF",
        "db-2026-11-28T120000Z-0123456789abcdef",
        "db-20261128T120000Z-0123456789abcdef.gz",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_null(backup_digest_in_name(others[i]));
    }
}

static void test_backup__the_newest_are_kept(void **state)
{
    struct cellar *cellar = *state;
    struct backup_result results[4];
    cellar->place.kept = 2;
    for (int64_t i = 0; i < 3; i++) {
        assert_made(cellar, NOON_MS + i * 3600000, &results[i]);
    }
    assert_false(is_there(cellar, results[0].name));
    assert_true(is_there(cellar, results[1].name) && is_there(cellar, results[2].name));
    /* The clock was set back: the one just made is kept all the same. */
    assert_made(cellar, NOON_MS - 86400000, &results[3]);
    assert_true(is_there(cellar, results[3].name));
    /* Another database's are not ours to forget. */
    char other[96];
    (void)snprintf(other, sizeof other, "%s/db2", cellar->folder);
    cellar->place.database = other;
    assert_int_equal(backup_newest_s(&cellar->place), 0);
}

static void test_backup__needs_room_for_itself_and_for_the_gateway(void **state)
{
    struct cellar *cellar = *state;
    struct backup_result result;
    cellar->place.free_bytes_min = INT64_MAX / 2;
    assert_int_equal(make(cellar, NOON_MS, &result), STATUS_DISK_FULL);
    assert_non_null(strstr(cellar->error.text, "make room, or name another backup_folder"));
    assert_int_equal(cellar->looks, 0); /* nothing was begun */
    assert_nothing_left(cellar);
}

static void test_backup__gives_way_to_the_writer(void **state)
{
    struct cellar *cellar = *state;
    struct backup_result result;
    cellar->place.log_bytes_max = 0;
    assert_int_equal(make(cellar, NOON_MS, &result), STATUS_UNAVAILABLE);
    assert_non_null(strstr(cellar->error.text, "gave way to the writer"));
    assert_nothing_left(cellar);
}

/* Whenever it is told to stop: while it copies, checks or hashes. */
static void test_backup__stopped_leaves_nothing(void **state)
{
    struct cellar *cellar = *state;
    struct backup_result result;
    assert_made(cellar, NOON_MS, &result);
    int looks = cellar->looks;
    assert_true(looks > 1);
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", cellar->backups, result.name);
    assert_int_equal(unlink(path), 0);
    for (int i = 1; i <= looks; i++) {
        cellar->looks = 0;
        cellar->stop_at = i;
        assert_int_equal(make(cellar, NOON_MS, &result), STATUS_STOPPING);
        assert_nothing_left(cellar);
    }
}

static void test_backup__removes_what_a_crash_left(void **state)
{
    struct cellar *cellar = *state;
    struct backup_result result;
    char path[160];
    assert_made(cellar, NOON_MS, &result);
    (void)snprintf(path, sizeof path, "%s/.partial-db", cellar->backups);
    for (int again = 0; again < 2; again++) {
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        (void)fclose(file);
        if (again == 0) {
            backup_remove_partial(&cellar->place);
        } else {
            assert_made(cellar, NOON_MS + 1000, &result);
        }
        assert_false(is_there(cellar, ".partial-db"));
    }
    assert_true(is_there(cellar, result.name));
}

static void test_backup__a_folder_that_cannot_be(void **state)
{
    struct cellar *cellar = *state;
    struct backup_result result;
    cellar->place.folder = "/nonexistent/backups";
    assert_int_equal(make(cellar, NOON_MS, &result), STATUS_CONFIGURATION);
    assert_non_null(strstr(cellar->error.text, "[gateway] backup_folder: /nonexistent/backups"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CELLAR_TEST(test_backup__has_its_name_and_mode),
        cmocka_unit_test(test_names__of_backups_and_of_others),
        CELLAR_TEST(test_backup__the_newest_are_kept),
        CELLAR_TEST(test_backup__needs_room_for_itself_and_for_the_gateway),
        CELLAR_TEST(test_backup__gives_way_to_the_writer),
        CELLAR_TEST(test_backup__stopped_leaves_nothing),
        CELLAR_TEST(test_backup__removes_what_a_crash_left),
        CELLAR_TEST(test_backup__a_folder_that_cannot_be),
    };
    return cmocka_run_group_tests_name("daemon.backup_file", tests, NULL, NULL);
}
