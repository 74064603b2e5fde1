/* store_rebuild.c - the index of tickets' words taken away and begun anew, while no gateway runs.
 * It is derived from the tickets: nothing is lost with it, whatever is wrong with its pages. */
#include <assert.h>

#include "gateway/store/store_private.h"
#include "gateway/store/store_ticket.h"

#define SQL_BYTES_MAX 1024

/* What the index consists of, as the migrations wrote it. */
struct index_sql {
    char documents[SQL_BYTES_MAX];
    char words[SQL_BYTES_MAX];
};

static enum status execute(struct store *store, const char *sql, struct error *error)
{
    assert(store->writer && sql != NULL);
    int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? STATUS_OK : store_status(store, rc, sql, error);
}

static enum status execute_all(struct store *store, const char *const *list, size_t count,
                               struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = execute(store, list[i], error);
    }
    return status;
}

/* The schema has it: it was compared when the database was opened. */
static enum status read_sql(struct store *store, const char *name, char sql_r[SQL_BYTES_MAX],
                            struct error *error)
{
    static const char query[] = "SELECT sql FROM sqlite_schema WHERE name = ?1";
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(store->db, query, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
    }
    const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    enum status status = STATUS_OK;
    if (text == NULL) {
        status = store_status(store, rc == SQLITE_ROW ? SQLITE_NOMEM : rc, query, error);
    } else if (!text_copy(sql_r, SQL_BYTES_MAX, text)) {
        status = error_set(error, STATUS_CORRUPT, "%s: its definition is not ours", name);
    }
    (void)sqlite3_finalize(statement);
    return status;
}

static enum status drop(struct store *store, struct error *error)
{
    static const char *const steps[] = {"DROP TABLE ticket_words", "DROP TABLE ticket_document"};
    return execute_all(store, steps, sizeof steps / sizeof steps[0], error);
}

/* Tables whose pages cannot even be freed leave the schema, and their pages belong to nobody. */
static enum status forget(struct store *store, struct error *error)
{
    static const char *const steps[] = {
        "PRAGMA writable_schema = ON",
        ("DELETE FROM sqlite_schema WHERE tbl_name = 'ticket_document'"
         " OR tbl_name = 'ticket_words' OR tbl_name GLOB 'ticket_words_*'"),
        "PRAGMA writable_schema = RESET", /* and reads the schema again */
    };
    return execute_all(store, steps, sizeof steps / sizeof steps[0], error);
}

static enum status replace(struct store *store, const struct index_sql *sql,
                           enum status (*remove)(struct store *, struct error *),
                           struct error *error)
{
    const char *const steps[] = {
        sql->documents,
        sql->words,
        "DELETE FROM ticket_stale",
        "UPDATE ticket_indexed SET ticket_id = zeroblob(16), unclean = 0",
    };
    enum status status = store_begin(store, error);
    if (status == STATUS_OK) {
        status = remove(store, error);
    }
    if (status == STATUS_OK) {
        status = execute_all(store, steps, sizeof steps / sizeof steps[0], error);
    }
    if (status == STATUS_OK) {
        status = store_commit(store, error);
    }
    if (status != STATUS_OK) {
        store_rollback(store);
    }
    return status;
}

/* Leaves out the pages that belong to nobody. The copy does not go through memory. */
static enum status write_anew(struct store *store, struct error *error)
{
    static const char *const steps[] = {"PRAGMA temp_store = FILE", "VACUUM"};
    enum status status = execute_all(store, steps, sizeof steps / sizeof steps[0], error);
    return status == STATUS_OK ? store_check_pages(store, error) : status;
}

static enum status rebuild(struct store *store, bool *vacuumed_r, struct error *error)
{
    struct index_sql sql;
    enum status status = read_sql(store, "ticket_document", sql.documents, error);
    if (status == STATUS_OK) {
        status = read_sql(store, "ticket_words", sql.words, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = replace(store, &sql, drop, error);
    if (status == STATUS_CORRUPT || status == STATUS_IO) { /* FTS5 tells damage in several ways */
        status = replace(store, &sql, forget, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = store_check_pages(store, error);
    *vacuumed_r = status == STATUS_CORRUPT;
    return *vacuumed_r ? write_anew(store, error) : status;
}

enum status store_rebuild_search(const char *path, const char *vfs, bool *vacuumed_r,
                                 struct error *error)
{
    struct store *store = NULL;
    assert(path != NULL && vacuumed_r != NULL);
    enum status status = store_open(path, vfs, &store, error);
    if (status != STATUS_OK) {
        return status;
    }
    assert(store->writer);
    status = rebuild(store, vacuumed_r, error);
    store_close(&store);
    return status == STATUS_OK ? status : store_name_file(path, status, error);
}
