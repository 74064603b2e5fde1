/* test_identity.c - files that are not a sound database of ours: refused in clear words, and left
 * as they are to the last byte. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store/store_backup.h"
#include "schema/schema.h"
#include "tests/unit/store/fixture.h"
#include "tests/unit/store/old_version.h"

/* ---- files ---- */

struct bytes {
    char *data; /* NULL: no such file, or an empty one */
    size_t count;
};

static struct bytes read_bytes(const char *path, const char *suffix)
{
    char name[128];
    struct bytes bytes = {NULL, 0};
    struct stat found;
    (void)snprintf(name, sizeof name, "%s%s", path, suffix);
    if (stat(name, &found) == 0 && found.st_size > 0) {
        FILE *file = fopen(name, "re");
        assert_non_null(file);
        bytes.count = (size_t)found.st_size;
        bytes.data = malloc(bytes.count);
        assert_non_null(bytes.data);
        assert_int_equal(fread(bytes.data, 1, bytes.count, file), bytes.count);
        (void)fclose(file);
    }
    return bytes;
}

static void write_bytes(const char *path, long offset, const void *data, size_t count)
{
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, data, count, offset), count);
    (void)close(file);
}

static void assert_unchanged(const char *path, const char *suffix, struct bytes *before)
{
    struct bytes after = read_bytes(path, suffix);
    assert_int_equal(after.count, before->count);
    assert_int_equal(after.data == NULL, before->data == NULL);
    if (after.data != NULL && before->data != NULL) {
        assert_memory_equal(after.data, before->data, after.count);
    }
    free(after.data);
    free(before->data);
}

/* Closing would put the log into the database. */
static void leave_as_a_crash(struct shelf *shelf)
{
    char name[128];
    struct bytes file = read_bytes(shelf->path, ""), log = read_bytes(shelf->path, "-wal");
    store_close(&shelf->store);
    (void)snprintf(name, sizeof name, "%s-wal", shelf->path);
    assert_int_equal(truncate(shelf->path, 0), 0);
    write_bytes(shelf->path, 0, file.data, file.count);
    write_bytes(name, 0, log.data, log.count);
    free(file.data);
    free(log.data);
}

/* Opening it fails so, with these words, twice over, and changes neither the file nor its log. */
static void assert_refused(struct shelf *shelf, enum status expected, const char *words)
{
    for (int i = 0; i < 2; i++) {
        struct bytes file = read_bytes(shelf->path, ""), log = read_bytes(shelf->path, "-wal");
        enum status status = store_open(shelf->path, NULL, &shelf->store, &shelf->error);
        if (status != expected || strstr(shelf->error.text, words) == NULL ||
            strstr(shelf->error.text, shelf->path) == NULL) {
            fail_msg("%s, not %s with %s: %s", status_slug(status), status_slug(expected), words,
                     shelf->error.text);
        }
        assert_null(shelf->store);
        assert_unchanged(shelf->path, "", &file);
        assert_unchanged(shelf->path, "-wal", &log);
    }
    if (expected == STATUS_CORRUPT) {
        assert_non_null(strstr(shelf->error.text, "restore a backup with astreinted --restore"));
    }
}

/* SQL on the closed database, through a connection of the test's. */
static void alter(struct shelf *shelf, const char *sql)
{
    char *message = NULL;
    store_close(&shelf->store);
    sqlite3 *db = old_version_open(shelf->path);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", sql, message);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* ---- refused at the start ---- */

static void test_identity__rubbish(void **state)
{
    struct shelf *shelf = *state;
    char rubbish[4096];
    memset(rubbish, 'x', sizeof rubbish);
    store_close(&shelf->store);
    write_bytes(shelf->path, 0, rubbish, 100); /* the header */
    assert_refused(shelf, STATUS_CORRUPT, "file is not a database");
}

static void test_identity__a_schema_overwritten(void **state)
{
    struct shelf *shelf = *state;
    char rubbish[4096];
    memset(rubbish, 'x', sizeof rubbish);
    store_close(&shelf->store);
    write_bytes(shelf->path, 100, rubbish, 2000);
    assert_refused(shelf, STATUS_CORRUPT, "malformed");
}

static void test_identity__a_file_cut_short(void **state)
{
    struct shelf *shelf = *state;
    store_close(&shelf->store);
    struct bytes whole = read_bytes(shelf->path, "");
    assert_int_equal(truncate(shelf->path, (off_t)(whole.count / 8192 * 4096)), 0);
    free(whole.data);
    assert_refused(shelf, STATUS_CORRUPT, "malformed");
}

/* SQLite itself would delete the log and begin anew. */
static void test_identity__a_log_without_its_database(void **state)
{
    struct shelf *shelf = *state;
    struct bytes log = read_bytes(shelf->path, "-wal");
    char name[128];
    assert_true(log.count > 0);
    store_close(&shelf->store);
    (void)snprintf(name, sizeof name, "%s-wal", shelf->path);
    assert_int_equal(truncate(shelf->path, 0), 0);
    write_bytes(name, 0, log.data, log.count);
    assert_refused(shelf, STATUS_CORRUPT, "its -wal says");
    assert_int_equal(unlink(shelf->path), 0);
    assert_refused(shelf, STATUS_CORRUPT, "its -wal says");
    struct store_facts facts;
    assert_int_equal(store_check(shelf->path, STORE_CHECK_DATABASE, NULL, &facts, &shelf->error),
                     STATUS_CORRUPT);
    free(log.data);
}

static void test_identity__a_newer_version_whose_log_is_not_empty(void **state)
{
    struct shelf *shelf = *state;
    char sql[64], known[32], found[32];
    (void)snprintf(sql, sizeof sql, "PRAGMA user_version = %zu", schema_migrations_count + 1);
    (void)snprintf(known, sizeof known, "up to %zu", schema_migrations_count);
    (void)snprintf(found, sizeof found, "version %zu", schema_migrations_count + 1);
    shelf_execute(shelf, sql);
    leave_as_a_crash(shelf); /* the version stands in the log alone */
    assert_refused(shelf, STATUS_UNSUPPORTED, found);
    assert_non_null(strstr(shelf->error.text, known));
    assert_non_null(strstr(shelf->error.text, "install the newer program"));
    struct bytes log = read_bytes(shelf->path, "-wal");
    assert_true(log.count > 0);
    free(log.data);
}

static void test_identity__another_programs(void **state)
{
    struct shelf *shelf = *state;
    store_close(&shelf->store);
    assert_int_equal(unlink(shelf->path), 0);
    alter(shelf, "CREATE TABLE customer (name TEXT); INSERT INTO customer VALUES ('theirs')");
    assert_refused(shelf, STATUS_CONFIGURATION, "not a database of the gateway");
    alter(shelf, "PRAGMA user_version = 2");
    assert_refused(shelf, STATUS_CORRUPT, "its schema lacks");
    alter(shelf, "PRAGMA application_id = 252006674");
    assert_refused(shelf, STATUS_CONFIGURATION, "another program's database");
    alter(shelf, "PRAGMA user_version = 100; PRAGMA application_id = 0");
    assert_refused(shelf, STATUS_CONFIGURATION, "not a database of the gateway");
    alter(shelf, "PRAGMA user_version = 0; PRAGMA application_id = 252006674");
    assert_refused(shelf, STATUS_CONFIGURATION, "another program's database");
}

static void test_identity__what_the_schema_lacks_is_named(void **state)
{
    struct shelf *shelf = *state;
    alter(shelf, "ALTER TABLE agent RENAME COLUMN phone TO telephone");
    assert_refused(shelf, STATUS_CORRUPT, "table agent (phone");
    alter(shelf, "DROP INDEX escalation_due");
    assert_refused(shelf, STATUS_CORRUPT, "index escalation_due");
}

/* Behind it there is nothing to compare with. */
static void test_identity__the_last_of_the_schema_is_missing(void **state)
{
    struct shelf *shelf = *state;
    char last[64], sql[128];
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(shelf->store->db,
                                        "SELECT max(name) FROM sqlite_schema WHERE type = 'table'",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    (void)snprintf(last, sizeof last, "%s", (const char *)sqlite3_column_text(statement, 0));
    (void)sqlite3_finalize(statement);
    (void)snprintf(sql, sizeof sql, "DROP TABLE %s", last);
    alter(shelf, sql);
    (void)snprintf(sql, sizeof sql, "table %s", last);
    assert_refused(shelf, STATUS_CORRUPT, sql);
}

/* A name that the system does not take is looked for nowhere else. */
static void test_identity__a_name_too_long(void **state)
{
    struct shelf *shelf = *state;
    struct store_facts facts;
    static char name[20000];
    store_close(&shelf->store);
    memset(name, '?', sizeof name - 1);
    name[0] = '/';
    assert_int_equal(store_open(name, NULL, &shelf->store, &shelf->error), STATUS_IO);
    assert_int_equal(store_check(name, STORE_CHECK_COPY, NULL, &facts, &shelf->error), STATUS_IO);
}

static void test_identity__an_interrupted_restore(void **state)
{
    struct shelf *shelf = *state;
    char marker[128];
    store_close(&shelf->store);
    (void)snprintf(marker, sizeof marker, "%s" STORE_RESTORING, shelf->path);
    write_bytes(marker, 0, "x", 1);
    assert_refused(shelf, STATUS_CONFLICT, "astreinted --restore");
    assert_int_equal(unlink(marker), 0);
    assert_ok(shelf, store_open(shelf->path, NULL, &shelf->store, &shelf->error));
}

static void test_identity__what_an_administrator_added_is_no_fault(void **state)
{
    struct shelf *shelf = *state;
    alter(shelf, "CREATE VIEW open_ones AS SELECT * FROM escalation WHERE closed_at IS NULL; "
                 "CREATE INDEX my_index ON ticket (category); ANALYZE");
    assert_ok(shelf, store_open(shelf->path, NULL, &shelf->store, &shelf->error));
}

/* ---- copies ---- */

static void test_check__a_copy_with_signs_in_its_name(void **state)
{
    struct shelf *shelf = *state;
    struct store_facts facts;
    char name[128];
    (void)snprintf(name, sizeof name, "%s/a%%41?b#c", shelf->folder);
    store_close(&shelf->store);
    assert_int_equal(rename(shelf->path, name), 0);
    assert_ok(shelf, store_check(name, STORE_CHECK_COPY, NULL, &facts, &shelf->error));
    assert_int_equal(facts.schema_version, schema_migrations_count);
    assert_int_equal(unlink(name), 0);
}

static void test_check__an_empty_copy(void **state)
{
    struct shelf *shelf = *state;
    struct store_facts facts;
    store_close(&shelf->store);
    assert_int_equal(truncate(shelf->path, 0), 0);
    assert_int_equal(store_check(shelf->path, STORE_CHECK_COPY, NULL, &facts, &shelf->error),
                     STATUS_NOT_FOUND);
}

/* ---- what only reading all of it finds ---- */

static void assert_found(struct shelf *shelf, const char *words)
{
    struct store_facts facts;
    struct bytes file = read_bytes(shelf->path, ""), log = read_bytes(shelf->path, "-wal");
    assert_int_equal(store_check(shelf->path, STORE_CHECK_DATABASE, NULL, &facts, &shelf->error),
                     STATUS_CORRUPT);
    if (strstr(shelf->error.text, words) == NULL) {
        fail_msg("not %s: %s", words, shelf->error.text);
    }
    assert_non_null(strstr(shelf->error.text, shelf->path));
    assert_unchanged(shelf->path, "", &file);
    assert_unchanged(shelf->path, "-wal", &log);
}

static void fill(struct shelf *shelf)
{
    for (unsigned n = 1; n <= 200; n++) {
        struct escalation escalation = plain_escalation(shelf, n);
        assert_ok(shelf, store_begin(shelf->store, &shelf->error));
        assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
        assert_ok(shelf, store_commit(shelf->store, &shelf->error));
    }
}

static void test_check__a_sound_one(void **state)
{
    struct shelf *shelf = *state;
    struct store_facts facts;
    fill(shelf); /* part of it is in the log */
    assert_ok(shelf, store_check(shelf->path, STORE_CHECK_DATABASE, NULL, &facts, &shelf->error));
    assert_int_equal(facts.schema_version, schema_migrations_count);
    assert_int_equal(facts.tickets, 200);
    assert_int_equal(facts.escalations, 200);
    assert_int_equal(facts.open_escalations, 200);
    assert_int_equal(facts.timeline_entries, 0);
    store_close(&shelf->store);
    assert_ok(shelf, store_check(shelf->path, STORE_CHECK_COPY, NULL, &facts, &shelf->error));
    assert_int_equal(facts.tickets, 200);
    assert_int_equal(store_check("/nonexistent", STORE_CHECK_COPY, NULL, &facts, &shelf->error),
                     STATUS_IO);
}

static void test_check__a_page_in_the_middle(void **state)
{
    struct shelf *shelf = *state;
    char rubbish[4096];
    memset(rubbish, 0xa5, sizeof rubbish);
    fill(shelf);
    int64_t page = shelf_number(shelf, "SELECT max(pageno) FROM dbstat WHERE name = 'ticket' AND "
                                       "pagetype = 'leaf'");
    store_close(&shelf->store);
    write_bytes(shelf->path, (page - 1) * 4096, rubbish, sizeof rubbish);
    assert_found(shelf, "restore a backup");
}

/* As after a crash of a disk that lied: the rows are there, the index does not know. */
static void test_check__an_index_that_disagrees_with_its_table(void **state)
{
    struct shelf *shelf = *state;
    alter(shelf,
          "CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'enrolment_by_code';"
          "PRAGMA writable_schema = ON;"
          "DELETE FROM sqlite_schema WHERE name = 'enrolment_by_code';");
    alter(shelf, "INSERT INTO agent VALUES (1, 1, 'a', 'a', '+1', 'fr', 1, 1, NULL);"
                 "INSERT INTO enrolment VALUES (1, 1, 1, x'00', 1, NULL, 1, NULL, NULL);"
                 "PRAGMA writable_schema = ON;"
                 "INSERT INTO sqlite_schema SELECT * FROM kept");
    assert_found(shelf, "enrolment_by_code");
    /* A start does not see it: that would take too long with years of tickets. */
    assert_ok(shelf, store_open(shelf->path, NULL, &shelf->store, &shelf->error));
}

static void test_check__a_reference_to_nothing(void **state)
{
    struct shelf *shelf = *state;
    fill(shelf);
    alter(shelf, "PRAGMA foreign_keys = OFF; DELETE FROM ticket");
    assert_found(shelf, "a row of escalation refers to one of ticket");
}

static enum status check_header(uint32_t version, uint32_t application)
{
    uint8_t header[STORE_HEADER_BYTES] = {0};
    struct error error;
    for (int i = 0; i < 4; i++) {
        header[60 + i] = (uint8_t)(version >> (24 - 8 * i));
        header[68 + i] = (uint8_t)(application >> (24 - 8 * i));
    }
    return store_check_header(header, &error);
}

/* Without the log, which may hold the rest: only what can never be ours is refused. */
static void test_header__says_whose_it_is(void **state)
{
    const uint32_t ours = 1098085490;
    (void)state;
    assert_int_equal(check_header(0, 0), STATUS_OK);
    assert_int_equal(check_header(3, 0), STATUS_OK);
    assert_int_equal(check_header(4, 0), STATUS_CONFIGURATION);
    assert_int_equal(check_header(4, ours), STATUS_OK);
    assert_int_equal(check_header(0, 7), STATUS_CONFIGURATION);
    assert_int_equal(check_header(0xffffff, ours), STATUS_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header__says_whose_it_is),
        SHELF_TEST(test_identity__rubbish),
        SHELF_TEST(test_identity__a_schema_overwritten),
        SHELF_TEST(test_identity__a_file_cut_short),
        SHELF_TEST(test_identity__a_log_without_its_database),
        SHELF_TEST(test_identity__a_newer_version_whose_log_is_not_empty),
        SHELF_TEST(test_identity__another_programs),
        SHELF_TEST(test_identity__what_the_schema_lacks_is_named),
        SHELF_TEST(test_identity__the_last_of_the_schema_is_missing),
        SHELF_TEST(test_identity__a_name_too_long),
        SHELF_TEST(test_identity__an_interrupted_restore),
        SHELF_TEST(test_identity__what_an_administrator_added_is_no_fault),
        SHELF_TEST(test_check__a_copy_with_signs_in_its_name),
        SHELF_TEST(test_check__an_empty_copy),
        SHELF_TEST(test_check__a_sound_one),
        SHELF_TEST(test_check__a_page_in_the_middle),
        SHELF_TEST(test_check__an_index_that_disagrees_with_its_table),
        SHELF_TEST(test_check__a_reference_to_nothing),
    };
    return cmocka_run_group_tests_name("store.identity", tests, NULL, NULL);
}
