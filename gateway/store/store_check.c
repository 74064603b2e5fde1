/* store_check.c - whether a database is sound, to its last page. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/store/store_backup.h"
#include "gateway/store/store_private.h"

#define OPERATIONS_PER_LOOK 100000

/* The watch, and what it said when it put an end to the work. */
struct checking {
    const struct store_watch *watch;
    struct error *error;
    enum status status;
};

/* SQLite calls this every so many operations. */
static int ask_watch(void *context)
{
    struct checking *checking = context;
    checking->status = checking->watch->look(checking->watch->context, 0, 0, checking->error);
    return checking->status != STATUS_OK;
}

/* As a file name in a URI: the copy has neither log nor shared memory, and gets none. */
static enum status open_copy(const char *path, sqlite3 **db_r, struct error *error)
{
    static const char hex[] = "0123456789ABCDEF";
    char uri[3 * 4096 + 32] = "file:";
    size_t used = 5;
    for (const char *at = path; *at != '\0' && used < sizeof uri - 32; at++) {
        if (strchr("%?#", *at) == NULL) {
            uri[used++] = *at;
        } else {
            uri[used++] = '%';
            uri[used++] = hex[(unsigned char)*at >> 4];
            uri[used++] = hex[(unsigned char)*at & 15];
        }
    }
    (void)snprintf(uri + used, sizeof uri - used, "?immutable=1");
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(uri, db_r, flags, NULL);
    return rc == SQLITE_OK
               ? STATUS_OK
               : error_set(error, STATUS_IO, "cannot be opened: %s", sqlite3_errstr(rc));
}

enum status store_check_pages(struct store *store, struct error *error)
{
    static const char sql[] = "PRAGMA integrity_check(1)";
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
    }
    const char *word = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    enum status status = STATUS_OK;
    if (word == NULL) {
        status = store_status(store, rc, sql, error);
    } else if (strcmp(word, "ok") != 0) {
        const char *line = strchr(word, '\n'); /* below a headline */
        status = error_set(error, STATUS_CORRUPT, "%.200s", line != NULL ? line + 1 : word);
    }
    (void)sqlite3_finalize(statement);
    return status;
}

static enum status check_references(struct store *store, struct error *error)
{
    static const char sql[] = "PRAGMA foreign_key_check";
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
    }
    enum status status = STATUS_OK;
    if (rc == SQLITE_ROW) {
        status = error_set(error, STATUS_CORRUPT, "a row of %s refers to one of %s that is missing",
                           (const char *)sqlite3_column_text(statement, 0),
                           (const char *)sqlite3_column_text(statement, 2));
    } else if (rc != SQLITE_DONE) {
        status = store_status(store, rc, sql, error);
    }
    (void)sqlite3_finalize(statement);
    return status;
}

static enum status count_rows(struct store *store, struct store_facts *facts, struct error *error)
{
    const struct {
        const char *sql;
        int64_t *count_r;
    } counts[] = {
        {"SELECT count(*) FROM ticket", &facts->tickets},
        {"SELECT count(*) FROM escalation", &facts->escalations},
        {"SELECT count(*) FROM escalation WHERE closed_at IS NULL", &facts->open_escalations},
        {"SELECT count(*) FROM timeline", &facts->timeline_entries},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0] && status == STATUS_OK; i++) {
        status = store_number(store, counts[i].sql, counts[i].count_r, error);
    }
    return status;
}

static enum status check_all(struct store *store, struct store_facts *facts, struct error *error)
{
    enum status status = store_identify(store, &facts->schema_version, error);
    if (status == STATUS_OK && facts->schema_version == 0) {
        status = error_set(error, STATUS_NOT_FOUND, "there is nothing in it");
    }
    if (status == STATUS_OK) {
        status = store_check_pages(store, error);
    }
    if (status == STATUS_OK) {
        status = check_references(store, error);
    }
    return status == STATUS_OK ? count_rows(store, facts, error) : status;
}

static enum status open_for_check(const char *path, enum store_check_of what,
                                  struct store **store_r, struct error *error)
{
    if (what == STORE_CHECK_DATABASE) {
        enum status status = store_check_files(path, NULL, error);
        return status == STATUS_OK ? store_connect_reader(path, NULL, store_r, error) : status;
    }
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a database connection");
    }
    store->magic = STORE_MAGIC;
    enum status status = open_copy(path, &store->db, error);
    if (status == STATUS_OK) {
        int rc = sqlite3_exec(store->db, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON",
                              NULL, NULL, NULL);
        status = rc == SQLITE_OK ? STATUS_OK : store_status(store, rc, "open", error);
    }
    if (status != STATUS_OK) {
        store_close(&store);
        return status;
    }
    *store_r = store;
    return STATUS_OK;
}

enum status store_check(const char *path, enum store_check_of what, const struct store_watch *watch,
                        struct store_facts *facts_r, struct error *error)
{
    struct store *store = NULL;
    struct store_facts facts = {0};
    struct error told = {.text = ""};
    struct checking checking = {.watch = watch, .error = &told, .status = STATUS_OK};
    assert(path != NULL && facts_r != NULL);
    enum status status = open_for_check(path, what, &store, error);
    if (status == STATUS_OK) {
        assert(store != NULL);
        if (watch != NULL) {
            sqlite3_progress_handler(store->db, OPERATIONS_PER_LOOK, ask_watch, &checking);
        }
        status = check_all(store, &facts, error);
        store_close(&store);
    }
    if (checking.status != STATUS_OK) {
        return error_set(error, checking.status, "%s", told.text);
    }
    if (status != STATUS_OK) {
        return what == STORE_CHECK_DATABASE ? store_name_file(path, status, error)
                                            : error_wrap(error, status, "%s", path);
    }
    *facts_r = facts;
    return STATUS_OK;
}
