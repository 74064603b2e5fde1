/* test_open.c - opening, migrating, refusing; the rules every connection keeps; named queries. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/base/burden.h"
#include "schema/schema.h"
#include "tests/unit/store/fixture.h"

/* ---- named queries ---- */

static const char *const names[] = {
#define X_(name) #name,
    QUERY_TABLE(X_)
#undef X_
};

static void test_queries__table_and_schema_name_the_same(void **state)
{
    (void)state;
    const size_t count = sizeof names / sizeof names[0];
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; k < schema_queries_count; k++) {
            found = found || strcmp(names[i], schema_queries[k].name) == 0;
        }
        if (!found) {
            fail_msg("C uses %s, which schema/sqlite does not have", names[i]);
        }
    }
    for (size_t k = 0; k < schema_queries_count; k++) {
        bool found = false;
        for (size_t i = 0; i < count; i++) {
            found = found || strcmp(names[i], schema_queries[k].name) == 0;
        }
        if (!found) {
            fail_msg("nobody uses %s of schema/sqlite", schema_queries[k].name);
        }
    }
    assert_int_equal(count, schema_queries_count);
}

static void test_queries__all_prepare(void **state)
{
    struct shelf *shelf = *state;
    for (size_t k = 0; k < schema_queries_count; k++) {
        sqlite3_stmt *statement = NULL;
        if (sqlite3_prepare_v2(shelf->store->db, schema_queries[k].sql, -1, &statement, NULL) !=
            SQLITE_OK) {
            fail_msg("%s: %s", schema_queries[k].name, sqlite3_errmsg(shelf->store->db));
        }
        (void)sqlite3_finalize(statement);
    }
}

/* Reading must stay cheap with ten million tickets: no query may walk a whole table that grows. */
static void test_queries__none_scans_a_growing_table(void **state)
{
    struct shelf *shelf = *state;
    static const char *const growing[] = {"ticket",   "escalation",        "caller",     "attempt",
                                          "timeline", "timeline_personal", "idempotency"};
    for (size_t k = 0; k < schema_queries_count; k++) {
        char sql[8192];
        sqlite3_stmt *statement = NULL;
        (void)snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", schema_queries[k].sql);
        assert_int_equal(sqlite3_prepare_v2(shelf->store->db, sql, -1, &statement, NULL),
                         SQLITE_OK);
        while (sqlite3_step(statement) == SQLITE_ROW) {
            const char *detail = (const char *)sqlite3_column_text(statement, 3);
            for (size_t g = 0; g < sizeof growing / sizeof growing[0]; g++) {
                char scan[64];
                (void)snprintf(scan, sizeof scan, "SCAN %s", growing[g]);
                /* A procedure's insert would look for those who waited for it, if there were
                 * deferred constraints; there are none. */
                bool foreign_key = strcmp(schema_queries[k].name, "procedure_insert") == 0;
                if (strcmp(detail, scan) == 0 && !foreign_key) {
                    fail_msg("%s: %s", schema_queries[k].name, detail);
                }
            }
        }
        (void)sqlite3_finalize(statement);
    }
}

/* ---- opening ---- */

static void test_open__migrates_from_nothing(void **state)
{
    struct shelf *shelf = *state;
    assert_int_equal(shelf_number(shelf, "PRAGMA user_version"), schema_migrations_count);
    assert_int_equal(shelf_number(shelf, "PRAGMA foreign_keys"), 1);
    assert_int_equal(shelf_number(shelf, "PRAGMA synchronous"), 2);
    assert_int_equal(shelf_number(shelf, "PRAGMA wal_autocheckpoint"), 0);
    assert_int_equal(shelf_number(shelf, "PRAGMA trusted_schema"), 0);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM pragma_journal_mode "
                                         "WHERE journal_mode = 'wal'"),
                     1);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM pragma_integrity_check "
                                         "WHERE integrity_check <> 'ok'"),
                     0);
}

static void test_open__again_keeps_everything(void **state)
{
    struct shelf *shelf = *state;
    store_close(&shelf->store);
    assert_null(shelf->store);
    assert_ok(shelf, store_open(shelf->path, NULL, &shelf->store, &shelf->error));
    struct customer_row row;
    assert_ok(shelf, store_get_customer(shelf->store, shelf->customer_id, shelf->arena, &row,
                                        &shelf->error));
    assert_string_equal(row.slug, "acme");
}

static void test_open__a_newer_database_is_refused(void **state)
{
    struct shelf *shelf = *state;
    char sql[64], version[64];
    (void)snprintf(sql, sizeof sql, "PRAGMA user_version = %zu", schema_migrations_count + 1);
    (void)snprintf(version, sizeof version, "version %zu", schema_migrations_count + 1);
    shelf_execute(shelf, sql);
    store_close(&shelf->store);
    assert_int_equal(store_open(shelf->path, NULL, &shelf->store, &shelf->error),
                     STATUS_UNSUPPORTED);
    assert_null(shelf->store);
    assert_non_null(strstr(shelf->error.text, version));
    assert_non_null(strstr(shelf->error.text, "install the newer program"));
}

static void write_file(const char *path, const char *mode, long offset, const void *bytes,
                       size_t count)
{
    FILE *file = fopen(path, mode);
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static void test_open__damage_is_refused(void **state)
{
    struct shelf *shelf = *state;
    char rubbish[4096];
    memset(rubbish, 'x', sizeof rubbish);
    store_close(&shelf->store);
    /* The schema's page, behind an intact header. */
    write_file(shelf->path, "r+", 100, rubbish, 2000);
    assert_int_equal(store_open(shelf->path, NULL, &shelf->store, NULL), STATUS_CORRUPT);
    assert_int_equal(store_open(shelf->path, NULL, &shelf->store, &shelf->error), STATUS_CORRUPT);
    assert_null(shelf->store);
    assert_non_null(strstr(shelf->error.text, shelf->path));
    /* No database at all. */
    write_file(shelf->path, "w", 0, rubbish, sizeof rubbish);
    assert_int_equal(store_open(shelf->path, NULL, &shelf->store, &shelf->error), STATUS_CORRUPT);
    assert_null(shelf->store);
}

/* What a first start makes after the database says that this is none. */
static void test_open__an_emptied_one_is_refused(void **state)
{
    static const char *const beside[] = {"-wal", STORE_BALLAST};
    struct shelf *shelf = *state;
    store_close(&shelf->store);
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s%s", shelf->path, beside[i]);
        write_file(shelf->path, "w", 0, "", 0);
        assert_int_equal(store_check_place(shelf->path, NULL, NULL, &shelf->error), STATUS_OK);
        assert_int_equal(store_check_place(shelf->path, NULL, "-poison", &shelf->error),
                         STATUS_CORRUPT);
        write_file(path, "w", 0, "x", 1);
        assert_int_equal(store_check_place(shelf->path, NULL, NULL, &shelf->error), STATUS_CORRUPT);
        assert_int_equal(store_open(shelf->path, NULL, &shelf->store, &shelf->error),
                         STATUS_CORRUPT);
        assert_null(shelf->store);
        assert_non_null(strstr(shelf->error.text, beside[i]));
        assert_non_null(strstr(shelf->error.text, "--restore"));
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(unlink(shelf->path), 0);
    assert_int_equal(store_check_place(shelf->path, NULL, "-poison", &shelf->error), STATUS_OK);
}

static void test_open__a_version_that_never_was_is_refused(void **state)
{
    struct shelf *shelf = *state;
    shelf_execute(shelf, "PRAGMA user_version = -1");
    store_close(&shelf->store);
    assert_int_equal(store_open(shelf->path, NULL, &shelf->store, &shelf->error), STATUS_CORRUPT);
    assert_null(shelf->store);
}

static void test_open__nowhere(void **state)
{
    struct shelf *shelf = *state;
    struct store *store = NULL;
    assert_int_equal(store_open("/nonexistent/db", NULL, &store, &shelf->error), STATUS_IO);
    assert_int_equal(store_open(shelf->path, "no-such-vfs", &store, &shelf->error), STATUS_IO);
    assert_int_equal(store_open_reader("/nonexistent/db", NULL, 100, &store, &shelf->error),
                     STATUS_IO);
    assert_null(store);
}

/* ---- rules ---- */

static void test_rules__foreign_keys_hold(void **state)
{
    struct shelf *shelf = *state;
    struct person_row row = {
        .customer_id = 99, .slug = "a", .name = "", .phone = "", .language = "fr"};
    int64_t id;
    assert_int_equal(store_put_person(shelf->store, PERSON_AGENT, &row, &id, &shelf->error),
                     STATUS_CONFLICT);
    struct attempt attempt = plain_attempt(1);
    assert_int_equal(store_add_attempt(shelf->store, shelf->customer_id, numbered_id(1), &attempt,
                                       &shelf->error),
                     STATUS_CONFLICT);
}

static void test_rules__every_table_is_strict(void **state)
{
    struct shelf *shelf = *state;
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM pragma_table_list WHERE type = "
                                         "'table' AND schema = 'main' AND strict = 0 "
                                         "AND name NOT LIKE 'sqlite_%'"),
                     0);
    assert_true(shelf_number(shelf, "SELECT count(*) FROM pragma_table_list WHERE strict = 1") >
                15);
    assert_int_equal(sqlite3_exec(shelf->store->db, "UPDATE customer SET active = 'certainly'",
                                  NULL, NULL, NULL) &
                         0xff,
                     SQLITE_CONSTRAINT);
}

/* ---- readers ---- */

static void test_reader__cannot_write(void **state)
{
    struct shelf *shelf = *state;
    struct store *reader;
    int64_t id;
    assert_ok(shelf, store_open_reader(shelf->path, NULL, 1000, &reader, &shelf->error));
    assert_int_not_equal(add_customer(reader, &id, &shelf->error), STATUS_OK);
    struct customer_row row;
    assert_ok(shelf,
              store_get_customer(reader, shelf->customer_id, shelf->arena, &row, &shelf->error));
    store_close(&reader);
}

static void test_reader__is_cut_off(void **state)
{
    struct shelf *shelf = *state;
    struct store *reader;
    struct escalation *rows;
    size_t count;
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    for (unsigned n = 1; n <= 2000; n++) {
        struct escalation escalation = plain_escalation(shelf, n);
        assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    }
    assert_ok(shelf, store_commit(shelf->store, &shelf->error));
    assert_ok(shelf, store_open_reader(shelf->path, NULL, 5000, &reader, &shelf->error));
    const struct uuid nil = {{0}};
    assert_ok(shelf, store_list_escalations(reader, shelf->customer_id, nil, ESCALATION_STATES_ALL,
                                            5000, shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 2000);
    store_close(&reader);
    /* Its time was over before it began. */
    assert_ok(shelf, store_open_reader(shelf->path, NULL, -1, &reader, &shelf->error));
    assert_int_equal(store_list_escalations(reader, shelf->customer_id, nil, ESCALATION_STATES_ALL,
                                            5000, shelf->arena, &rows, &count, &shelf->error),
                     STATUS_TIMEOUT);
    /* What is short still works on the same connection. */
    struct customer_row row;
    assert_ok(shelf,
              store_get_customer(reader, shelf->customer_id, shelf->arena, &row, &shelf->error));
    store_close(&reader);
}

static void test_reader__holds_a_snapshot(void **state)
{
    struct shelf *shelf = *state;
    struct store *reader;
    struct customer_row row;
    struct definition_row rota = {
        .customer_id = shelf->customer_id, .slug = "duty", .definition = "{}"};
    struct definition_row *rotas;
    int64_t id;
    size_t count;
    assert_ok(shelf, store_open_reader(shelf->path, NULL, 1000, &reader, &shelf->error));
    assert_ok(shelf, store_read_begin(reader, &shelf->error));
    assert_ok(shelf,
              store_get_customer(reader, shelf->customer_id, shelf->arena, &row, &shelf->error));
    assert_ok(shelf, store_put_rota(shelf->store, &rota, &id, &shelf->error));
    assert_ok(shelf, store_list_rotas(reader, shelf->customer_id, shelf->arena, &rotas, &count,
                                      &shelf->error));
    assert_int_equal(count, 0);
    store_read_end(reader);
    assert_ok(shelf, store_list_rotas(reader, shelf->customer_id, shelf->arena, &rotas, &count,
                                      &shelf->error));
    assert_int_equal(count, 1);
    store_close(&reader);
}

static const char *name_of(const struct escalation *rows, size_t count, unsigned n)
{
    for (size_t i = 0; i < count; i++) {
        if (uuid_equal(rows[i].id, numbered_id(n))) {
            return rows[i].holder.name;
        }
    }
    fail_msg("escalation %u is not listed", n);
    return "";
}

/* A row is its escalation's while it is read, and then the thread is at what it was at before. Of
 * those that are forbidden there is all but the texts, so that pages stay whole. */
static void test_reader__reads_no_text_of_the_forbidden(void **state)
{
    struct shelf *shelf = *state;
    const struct uuid forbidden[] = {numbered_id(9), numbered_id(2)};
    const struct uuid nil = {{0}};
    const struct burden before = {.customer_id = 5, .subject = numbered_id(5)};
    struct burden after;
    struct store *reader;
    struct escalation *rows;
    struct caller_row *callers;
    size_t count;
    for (unsigned n = 1; n <= 2; n++) {
        struct escalation escalation = plain_escalation(shelf, n);
        const struct caller_row caller = {.customer_id = shelf->customer_id,
                                          .escalation_id = escalation.id,
                                          .number = 1,
                                          .name = "Zoé"};
        (void)snprintf(escalation.holder.name, sizeof escalation.holder.name, "Ann");
        assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
        assert_ok(shelf, store_add_caller(shelf->store, &caller, &shelf->error));
    }
    assert_ok(shelf, store_open_reader(shelf->path, NULL, 1000, &reader, &shelf->error));
    for (int round = 0; round < 2; round++) {
        burden_take(round == 0 ? NULL : &before);
        assert_ok(shelf,
                  store_list_escalations(reader, shelf->customer_id, nil, ESCALATION_STATES_ALL, 9,
                                         shelf->arena, &rows, &count, &shelf->error));
        assert_int_equal(count, 2);
        assert_string_equal(name_of(rows, count, 1), "Ann");
        assert_string_equal(name_of(rows, count, 2), round == 0 ? "Ann" : "");
        assert_ok(shelf, store_list_callers(reader, shelf->customer_id, numbered_id(2),
                                            shelf->arena, &callers, &count, &shelf->error));
        assert_int_equal(count, 1);
        assert_int_equal(callers[0].name != NULL, round == 0);
        assert_int_equal(burden_of_this_thread(&after), round != 0);
        store_forbid(reader, forbidden, sizeof forbidden / sizeof forbidden[0]);
    }
    assert_true(uuid_equal(after.subject, before.subject));
    burden_drop();
    store_close(&reader);
}

/* Whoever reads goes on when the name of the file is lost, though it has not read before. */
static void test_reader__needs_the_name_once(void **state)
{
    struct shelf *shelf = *state;
    struct store *reader;
    int64_t open = 0;
    char aside[256];
    (void)snprintf(aside, sizeof aside, "%s-aside", shelf->path);
    assert_int_equal(store_open_reader(shelf->path, NULL, 1000, &reader, &shelf->error), STATUS_OK);
    assert_int_equal(rename(shelf->path, aside), 0);
    assert_int_equal(store_count_open(reader, &open, &shelf->error), STATUS_OK);
    assert_int_equal(rename(aside, shelf->path), 0);
    store_close(&reader);
}

/* By SQLite's own handle, as another one of this process would give back its locks. */
static void test_hold__keeps_others_out_until_it_is_closed(void **state)
{
    struct shelf *shelf = *state;
    int other = open(shelf->path, O_RDONLY | O_CLOEXEC);
    assert_true(other >= 0);
    assert_int_equal(store_hold("/nowhere/database", &shelf->error), STATUS_OK);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(flock(other, LOCK_UN), 0);
    assert_int_equal(store_hold(shelf->path, &shelf->error), STATUS_OK);
    assert_int_equal(store_hold(shelf->path, &shelf->error), STATUS_OK); /* it is this one's */
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
    store_close(&shelf->store);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(store_open(shelf->path, NULL, &shelf->store, &shelf->error), STATUS_OK);
    assert_int_equal(close(other), 0);
    int child[2], ended = 0;
    assert_int_equal(pipe(child), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) { /* another process, which has it */
        int file = open(shelf->path, O_RDONLY);
        (void)(file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0 ? write(child[1], "x", 1) : 0);
        (void)pause();
        _exit(0);
    }
    char word = '\0';
    assert_int_equal(read(child[0], &word, 1), 1);
    assert_int_equal(store_hold(shelf->path, &shelf->error), STATUS_UNAVAILABLE);
    assert_non_null(strstr(shelf->error.text, "another gateway runs on this database"));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    assert_int_equal(store_hold(shelf->path, &shelf->error), STATUS_OK);
    (void)close(child[0]);
    (void)close(child[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries__table_and_schema_name_the_same),
        SHELF_TEST(test_reader__needs_the_name_once),
        SHELF_TEST(test_queries__all_prepare),
        SHELF_TEST(test_queries__none_scans_a_growing_table),
        SHELF_TEST(test_open__migrates_from_nothing),
        SHELF_TEST(test_hold__keeps_others_out_until_it_is_closed),
        SHELF_TEST(test_open__again_keeps_everything),
        SHELF_TEST(test_open__a_newer_database_is_refused),
        SHELF_TEST(test_open__damage_is_refused),
        SHELF_TEST(test_open__an_emptied_one_is_refused),
        SHELF_TEST(test_open__a_version_that_never_was_is_refused),
        SHELF_TEST(test_open__nowhere),
        SHELF_TEST(test_rules__foreign_keys_hold),
        SHELF_TEST(test_rules__every_table_is_strict),
        SHELF_TEST(test_reader__cannot_write),
        SHELF_TEST(test_reader__is_cut_off),
        SHELF_TEST(test_reader__holds_a_snapshot),
        SHELF_TEST(test_reader__reads_no_text_of_the_forbidden),
    };
    return cmocka_run_group_tests_name("store.open", tests, NULL, NULL);
}
