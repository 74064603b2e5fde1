/* store_identity.c - whose database this is, of which version, and whether its schema is whole:
 * everything that is asked before the first byte is written. A file that does not pass stays as it
 * is. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/store/store_backup.h"
#include "gateway/store/store_private.h"
#include "schema/schema.h"

#define APPLICATION_ID   1098085490 /* of schema/sqlite/0004_application_id.sql */
#define IDENTIFIED_SINCE 4          /* the first version that has it */

/* One line for each table, column and index, in order. SQL texts are not compared: ALTER TABLE
 * writes them a little differently from one release of SQLite to the next. Virtual tables (root
 * page 0) are not asked for their columns: they would read their pages, and the one there is, the
 * index of tickets' words, may be damaged without keeping the gateway from its work. */
static const char schema_lines[] =
    "SELECT m.type || ' ' || m.name || coalesce(' (' || c.name || ' ' || c.type || ' ' || "
    "c.\"notnull\" || ' ' || c.pk || ')', '') AS line "
    "FROM sqlite_schema AS m "
    "LEFT JOIN pragma_table_xinfo(iif(m.rootpage = 0, NULL, m.name)) AS c ORDER BY line";

/* Whether a file of this name is there and not empty. */
static bool has_file(sqlite3_vfs *vfs, const char *path, const char *suffix)
{
    char name[4096];
    int found = 0;
    int wrote = snprintf(name, sizeof name, "%s%s", path, suffix);
    if ((size_t)wrote < sizeof name) {
        (void)vfs->xAccess(vfs, name, SQLITE_ACCESS_EXISTS, &found);
    }
    return found != 0;
}

/* Whether a file of this name is there, empty or not. */
static bool is_there(sqlite3_vfs *vfs, const char *path)
{
    int found = 0;
    (void)vfs->xAccess(vfs, path, SQLITE_ACCESS_READWRITE, &found);
    return found != 0;
}

/* SQLite would take it for a new one. A first start writes the database before its log and its
 * ballast: where one of these is, there was something in it. */
static enum status tell_emptied(const char *beside, struct error *error)
{
    return error_set(error, STATUS_CORRUPT,
                     "it is missing or empty, but its %s says that it was in use: put it back, or "
                     "restore a backup with astreinted --restore; to begin anew remove its -wal, "
                     "-shm, -ballast and -poison, too, and keep the backups",
                     beside);
}

enum status store_check_files(const char *path, const char *vfs_name, struct error *error)
{
    sqlite3_vfs *vfs = store_find_vfs(vfs_name);
    assert(path != NULL);
    if (vfs == NULL) {
        return STATUS_OK; /* opening says so */
    }
    if (has_file(vfs, path, STORE_RESTORING)) {
        return error_set(error, STATUS_CONFLICT,
                         "a restore was interrupted: do it again with astreinted --restore");
    }
    static const char *const later[] = {"-wal", STORE_BALLAST};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        if (!has_file(vfs, path, "") && has_file(vfs, path, later[i])) {
            return tell_emptied(later[i], error);
        }
    }
    return STATUS_OK;
}

enum status store_check_place(const char *path, const char *vfs_name, const char *user,
                              struct error *error)
{
    sqlite3_vfs *vfs = store_find_vfs(vfs_name);
    assert(vfs != NULL); /* it is the system's, or one that the store was opened through */
    enum status status = store_check_files(path, vfs_name, error);
    if (status == STATUS_OK && user != NULL && is_there(vfs, path) && !has_file(vfs, path, "")) {
        status = tell_emptied(user, error);
    }
    return status == STATUS_OK ? status : store_name_file(path, status, error);
}

/* The next line, or NULL. *rc_r is kept for the caller to look at. */
static const char *next_line(sqlite3_stmt *statement, int *rc_r)
{
    *rc_r = sqlite3_step(statement);
    return *rc_r == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
}

/* Every line that is expected must be found; what an administrator added besides is left alone. */
static enum status compare_lines(struct store *store, sqlite3_stmt *expected, sqlite3_stmt *found,
                                 struct error *error)
{
    int expected_rc = SQLITE_OK, found_rc = SQLITE_OK;
    const char *line, *other = next_line(found, &found_rc);
    while ((line = next_line(expected, &expected_rc)) != NULL) {
        while (other != NULL && strcmp(other, line) < 0) {
            other = next_line(found, &found_rc);
        }
        if (found_rc != SQLITE_ROW && found_rc != SQLITE_DONE) {
            return store_status(store, found_rc, "reading the schema", error);
        }
        if (other == NULL || strcmp(other, line) != 0) {
            return error_set(error, STATUS_CORRUPT,
                             "its schema lacks %s: damaged, or another program's", line);
        }
    }
    return expected_rc == SQLITE_DONE
               ? STATUS_OK
               : error_set(error, STATUS_NO_MEMORY, "no memory to compare the schema");
}

/* The schema of a version, made in memory by the migrations themselves. */
static int make_expected(int64_t version, sqlite3 **db_r)
{
    int rc = sqlite3_open_v2(":memory:", db_r, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    for (int64_t i = 0; i < version && rc == SQLITE_OK; i++) {
        rc = sqlite3_exec(*db_r, schema_migrations[i].sql, NULL, NULL, NULL);
    }
    return rc;
}

static enum status check_schema(struct store *store, int64_t version, struct error *error)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *expected = NULL, *found = NULL;
    enum status status;
    assert(version > 0 && version <= (int64_t)schema_migrations_count);
    if (make_expected(version, &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, schema_lines, -1, &expected, NULL) != SQLITE_OK) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory to compare the schema");
        goto out;
    }
    int rc = sqlite3_prepare_v2(store->db, schema_lines, -1, &found, NULL);
    status = rc == SQLITE_OK ? compare_lines(store, expected, found, error)
                             : store_status(store, rc, "reading the schema", error);
out:
    (void)sqlite3_finalize(found);
    (void)sqlite3_finalize(expected);
    (void)sqlite3_close(db);
    return status;
}

/* Whether a version can be, with or without our mark. */
static enum status check_version(int64_t version, bool marked, struct error *error)
{
    if (marked && version > (int64_t)schema_migrations_count) {
        return error_set(error, STATUS_UNSUPPORTED,
                         "the database is of schema version %lld, this program knows up to %zu: "
                         "install the newer program or restore an older backup",
                         (long long)version, schema_migrations_count);
    }
    if (marked && version < IDENTIFIED_SINCE) {
        return error_set(error, STATUS_CORRUPT,
                         "the database is of schema version %lld, which "
                         "never was",
                         (long long)version);
    }
    if (!marked && (version < 1 || version >= IDENTIFIED_SINCE)) {
        return error_set(error, STATUS_CONFIGURATION,
                         "this is not a database of the gateway: name another file");
    }
    return STATUS_OK;
}

static enum status refuse_stranger(int64_t application, struct error *error)
{
    return error_set(error, STATUS_CONFIGURATION,
                     "this is another program's database (application id %lld): name another file",
                     (long long)application);
}

static int64_t read_be32(const uint8_t *bytes)
{
    return (int64_t)bytes[0] << 24 | (int64_t)bytes[1] << 16 | (int64_t)bytes[2] << 8 | bytes[3];
}

/* https://www.sqlite.org/fileformat2.html, 1.3: user version and application id. */
enum status store_check_header(const uint8_t header[STORE_HEADER_BYTES], struct error *error)
{
    int64_t version = read_be32(header + 60), application = read_be32(header + 68);
    if (application != 0 && application != APPLICATION_ID) {
        return refuse_stranger(application, error);
    }
    /* Behind an early header the log may hold the mark, and any version. */
    return version < IDENTIFIED_SINCE ? STATUS_OK : check_version(version, application != 0, error);
}

enum status store_identify(struct store *store, int64_t *version_r, struct error *error)
{
    int64_t version = 0, application = 0, objects = 0;
    assert(store->magic == STORE_MAGIC && version_r != NULL);
    enum status status = store_number(store, "PRAGMA user_version", &version, error);
    if (status == STATUS_OK) {
        status = store_number(store, "PRAGMA application_id", &application, error);
    }
    if (status == STATUS_OK) {
        status = store_number(store, "SELECT count(*) FROM sqlite_schema", &objects, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool is_fresh = version == 0 && application == 0 && objects == 0;
    if (!is_fresh) {
        bool marked = application == APPLICATION_ID;
        status = !marked && application != 0 ? refuse_stranger(application, error)
                                             : check_version(version, marked, error);
        if (status == STATUS_OK) {
            status = check_schema(store, version, error);
        }
    }
    if (status == STATUS_OK) {
        *version_r = version;
    }
    return status;
}

static bool says_remedy(const struct error *error)
{
    return error != NULL && strstr(error->text, "--restore") != NULL;
}

enum status store_name_file(const char *path, enum status status, struct error *error)
{
    if (status == STATUS_CORRUPT && !says_remedy(error)) {
        (void)error_wrap(error, status,
                         "it is damaged and was left as it is; restore a backup with astreinted "
                         "--restore");
    }
    return error_wrap(error, status, "database %s", path);
}
