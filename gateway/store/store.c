/* store.c - opening, migrating, transactions, checkpoints. */
#include "gateway/store/store.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/store/store_private.h"
#include "schema/schema.h"

#define ROLLBACK_TRIES_MAX 3
#define PAST_ANY_END       (INT64_C(1) << 50)

bool store_is_out_of_room(int rc, int system_errno)
{
    bool may_be =
        rc == SQLITE_IOERR_WRITE || rc == SQLITE_IOERR_SHMSIZE || (rc & 0xff) == SQLITE_CANTOPEN;
    return (rc & 0xff) == SQLITE_FULL ||
           (may_be && (system_errno == ENOSPC || system_errno == EDQUOT));
}

/* What the kernel last answered to a read of the file, and that is forgotten: a read past any end
 * clears it (os_unix.c, unixRead). */
static int take_read_errno(sqlite3 *db, int which_file)
{
    sqlite3_file *file = NULL;
    int system_errno = 0;
    char nothing;
    /* A database that could not be opened has no file. */
    if (sqlite3_file_control(db, "main", which_file, &file) != SQLITE_OK ||
        file->pMethods == NULL ||
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &system_errno) != SQLITE_OK ||
        system_errno == 0) {
        return 0;
    }
    (void)file->pMethods->xRead(file, &nothing, sizeof nothing, PAST_ANY_END);
    return system_errno;
}

/* SQLite calls it damage when the kernel cannot read (SQLITE_IOERR_CORRUPTFS of os_unix.c): nothing
 * wrong was read, and the next try may succeed. */
static bool take_failed_read(sqlite3 *db)
{
    int of_database = take_read_errno(db, SQLITE_FCNTL_FILE_POINTER);
    int of_log = take_read_errno(db, SQLITE_FCNTL_JOURNAL_POINTER);
    return of_database != 0 || of_log != 0;
}

/* Whether a query is one of the index of tickets' words, by its name. */
static bool is_of_search(const char *what)
{
    static const char *const prefixes[] = {"ticket_words", "ticket_document", "ticket_search"};
    bool is = false;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        is = is || strncmp(what, prefixes[i], strlen(prefixes[i])) == 0;
    }
    return is;
}

/* Everything that keeps FTS5 from its index: pages that are none, content that makes no sense, its
 * own tables gone (SQLITE_ERROR). */
static bool is_search_damage(int rc, const char *what)
{
    int primary = rc & 0xff;
    return is_of_search(what) && (primary == SQLITE_CORRUPT || primary == SQLITE_ERROR);
}

enum status store_status(struct store *store, int rc, const char *what, struct error *error)
{
    assert(store->magic == STORE_MAGIC && what != NULL);
    assert(rc != SQLITE_OK && rc != SQLITE_ROW);
    int extended = store->db != NULL ? sqlite3_extended_errcode(store->db) : rc;
    int system_errno = store->db != NULL ? sqlite3_system_errno(store->db) : 0;
    const char *message = store->db != NULL ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc);
    bool failed_read = store->db != NULL &&
                       ((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CORRUPT) &&
                       take_failed_read(store->db);
    enum status status =
        store_is_out_of_room(extended, system_errno) ? STATUS_DISK_FULL : STATUS_IO;
    if (!failed_read && is_search_damage(rc, what)) {
        store->search_damaged = true;
        return error_set(error, STATUS_UNAVAILABLE, "the index of tickets' words is damaged: %s",
                         message);
    }
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        status = STATUS_NO_MEMORY;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        status = failed_read ? STATUS_IO : STATUS_CORRUPT;
        break;
    case SQLITE_CONSTRAINT:
        status = STATUS_CONFLICT;
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        status = STATUS_UNAVAILABLE;
        break;
    case SQLITE_INTERRUPT:
        status = STATUS_TIMEOUT;
        break;
    default:
        break;
    }
    return error_set(error, status, "%s: %s (sqlite %d, errno %d)", what, message, extended,
                     system_errno);
}

static enum status execute(struct store *store, const char *sql, struct error *error)
{
    assert(store->magic == STORE_MAGIC);
    assert(store->db != NULL && sql != NULL);
    int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? STATUS_OK : store_status(store, rc, sql, error);
}

static const char *const control_sql[CONTROLS_COUNT] = {
    [CONTROL_BEGIN] = "BEGIN IMMEDIATE",           [CONTROL_COMMIT] = "COMMIT",
    [CONTROL_SAVEPOINT] = "SAVEPOINT command",     [CONTROL_RELEASE] = "RELEASE command",
    [CONTROL_ROLLBACK_TO] = "ROLLBACK TO command", [CONTROL_ROLLBACK] = "ROLLBACK",
};

/* Prepares the transaction statements once, at the opening: there are several for each command, and
 * a rollback must not need memory that is not there. */
static enum status prepare_controls(struct store *store, struct error *error)
{
    assert(store->writer && store->controls[CONTROL_BEGIN] == NULL);
    enum status status = STATUS_OK;
    for (int i = 0; i < CONTROLS_COUNT && status == STATUS_OK; i++) {
        assert(control_sql[i] != NULL);
        int rc = sqlite3_prepare_v3(store->db, control_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                    &store->controls[i], NULL);
        status = rc == SQLITE_OK ? STATUS_OK : store_status(store, rc, control_sql[i], error);
    }
    return status;
}

/* Runs a transaction statement. */
static enum status run_control(struct store *store, enum control control, struct error *error)
{
    assert((unsigned)control < CONTROLS_COUNT && control_sql[control] != NULL);
    assert(store->writer);
    assert(store->controls[control] != NULL);
    int rc = sqlite3_step(store->controls[control]);
    enum status status =
        rc == SQLITE_DONE ? STATUS_OK : store_status(store, rc, control_sql[control], error);
    (void)sqlite3_reset(store->controls[control]);
    return status;
}

enum status store_number(struct store *store, const char *sql, int64_t *number_r,
                         struct error *error)
{
    assert(store->magic == STORE_MAGIC && number_r != NULL);
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
    }
    enum status status = STATUS_OK;
    if (rc == SQLITE_ROW) {
        *number_r = sqlite3_column_int64(statement, 0);
    } else {
        status = store_status(store, rc, sql, error);
    }
    (void)sqlite3_finalize(statement);
    return status;
}

static enum status apply_migration(struct store *store, const struct schema_migration *migration,
                                   struct error *error)
{
    assert(migration->version > 0 && migration->sql != NULL);
    assert(store->writer && !store_in_transaction(store));
    char version[64];
    (void)snprintf(version, sizeof version, "PRAGMA user_version = %d", migration->version);
    enum status status = execute(store, "BEGIN IMMEDIATE", error);
    if (status == STATUS_OK) {
        status = execute(store, migration->sql, error);
    }
    if (status == STATUS_OK) {
        status = execute(store, version, error);
    }
    if (status == STATUS_OK) {
        status = execute(store, "COMMIT", error);
    }
    if (status != STATUS_OK) {
        store_rollback(store);
        return error_wrap(error, status, "migration %d (%s)", migration->version, migration->name);
    }
    assert(!store_in_transaction(store));
    return STATUS_OK;
}

/* From the version that the database is of to the newest. */
static enum status migrate(struct store *store, int64_t version, struct error *error)
{
    enum status status = STATUS_OK;
    assert(store->writer && !store_in_transaction(store));
    assert(version >= 0 && version <= (int64_t)schema_migrations_count);
    for (size_t i = (size_t)version; i < schema_migrations_count && status == STATUS_OK; i++) {
        assert(schema_migrations[i].version == (int)i + 1); /* numbered without a gap */
        status = apply_migration(store, &schema_migrations[i], error);
    }
    return status;
}

/* SQLite calls this every few thousand instructions of a read. */
static int read_is_over(void *context)
{
    const struct store *store = context;
    assert(store->magic == STORE_MAGIC && !store->writer);
    return clock_monotonic(&clock_system).ms > store->read_until_ms;
}

/* SQLite calls this after each commit. */
static int note_wal_pages(void *context, sqlite3 *db, const char *name, int pages)
{
    struct store *store = context;
    (void)name;
    assert(store->magic == STORE_MAGIC && store->db == db);
    assert(store->writer && pages >= 0);
    store->wal_pages = pages;
    store->wal_pages_tried = pages < store->wal_pages_tried ? 0 : store->wal_pages_tried;
    store->wal_pages_most = pages > store->wal_pages_most ? pages : store->wal_pages_most;
    return SQLITE_OK;
}

/* None of this writes to the file. */
static enum status configure(struct store *store, struct error *error)
{
    static const char *const common[] =
        {
            "PRAGMA foreign_keys = ON",    "PRAGMA trusted_schema = OFF",
            "PRAGMA cell_size_check = ON", "PRAGMA mmap_size = 0",
            "PRAGMA temp_store = MEMORY", /* a savepoint keeps its pages in memory, not in a file */
        };
    enum status status = STATUS_OK;
    assert(store->magic == STORE_MAGIC && store->db != NULL);
    /* A reader never checkpoints, not even when the last connection closes; the writer not before
     * the database is known to be ours and whole. */
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    for (size_t i = 0; i < sizeof common / sizeof common[0] && status == STATUS_OK; i++) {
        status = execute(store, common[i], error);
    }
    if (status == STATUS_OK && !store->writer) {
        status = execute(store, "PRAGMA query_only = ON", error);
        (void)sqlite3_busy_timeout(store->db, 50);
        sqlite3_progress_handler(store->db, 2000, read_is_over, store);
    }
    return status;
}

/* RELIABILITY.md's profile: one writer, which also checkpoints; full synchronisation. What is
 * erased is overwritten, so that no copy of the file has it. A log that grew behind a long read (a
 * backup) shrinks again when it is next begun. */
static enum status configure_writer(struct store *store, struct error *error)
{
    static const char *const pragmas[] = {
        "PRAGMA journal_mode = WAL",     "PRAGMA synchronous = FULL",
        "PRAGMA wal_autocheckpoint = 0", "PRAGMA cache_size = -8192",
        "PRAGMA secure_delete = ON",     "PRAGMA journal_size_limit = 16777216",
    };
    enum status status = STATUS_OK;
    assert(store->writer);
    for (size_t i = 0; i < sizeof pragmas / sizeof pragmas[0] && status == STATUS_OK; i++) {
        status = execute(store, pragmas[i], error);
    }
    (void)sqlite3_wal_hook(store->db, note_wal_pages, store); /* wal_autocheckpoint took it away */
    return status;
}

/* SQLite counts its memory under a global lock, for figures that nobody here reads. It can be told
 * only before it is used for anything, looking for a file system included. */
static void configure_library(void)
{
    int rc = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    assert(rc == SQLITE_OK || rc == SQLITE_MISUSE); /* misuse: something used it before us */
}

static void prepare_library(void)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    (void)pthread_once(&configured, configure_library);
}

sqlite3_vfs *store_find_vfs(const char *name)
{
    prepare_library();
    return sqlite3_vfs_find(name);
}

static enum status open_connection(const char *path, const char *vfs, bool writer,
                                   int64_t read_ms_max, struct store **store_r, struct error *error)
{
    assert(path != NULL && store_r != NULL);
    prepare_library();
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a database connection");
    }
    store->magic = STORE_MAGIC;
    store->writer = writer;
    store->read_ms_max = read_ms_max;
    store->read_until_ms = INT64_MAX;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE);
    int rc = sqlite3_open_v2(path, &store->db, flags, vfs);
    enum status status = rc == SQLITE_OK ? STATUS_OK : store_status(store, rc, "open", error);
    if (status == STATUS_OK) {
        status = configure(store, error);
    }
    if (status != STATUS_OK) {
        store_close(&store);
        return status;
    }
    assert(store->writer == writer && store->db != NULL);
    *store_r = store;
    return STATUS_OK;
}

/* What is wrong with the file is told before anything in it is changed. */
static enum status take_over(struct store *store, struct error *error)
{
    int64_t version = 0;
    enum status status = store_identify(store, &version, error);
    if (status == STATUS_OK) {
        status = configure_writer(store, error);
    }
    if (status == STATUS_OK) {
        status = prepare_controls(store, error);
    }
    if (status == STATUS_OK) {
        status = migrate(store, version, error);
    }
    if (status == STATUS_OK) {
        (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
    return status;
}

enum status store_open(const char *path, const char *vfs, struct store **store_r,
                       struct error *error)
{
    struct store *store = NULL;
    enum status status = store_check_files(path, vfs, error);
    if (status == STATUS_OK) {
        status = open_connection(path, vfs, true, 0, &store, error);
    }
    if (status == STATUS_OK) {
        assert(store != NULL);
        status = take_over(store, error);
    }
    if (status != STATUS_OK) {
        store_close(&store);
        return store_name_file(path, status, error);
    }
    assert(!store_in_transaction(store));
    *store_r = store;
    return STATUS_OK;
}

enum status store_connect_reader(const char *path, const char *vfs, struct store **store_r,
                                 struct error *error)
{
    return open_connection(path, vfs, false, 0, store_r, error);
}

enum status store_open_reader(const char *path, const char *vfs, int64_t read_ms_max,
                              struct store **store_r, struct error *error)
{
    struct store *store = NULL;
    int64_t version = 0;
    enum status status = open_connection(path, vfs, false, read_ms_max, &store, error);
    if (status == STATUS_OK) {
        assert(store != NULL);
        /* SQLite opens the log at the first read, by its name; by then that may lead elsewhere. */
        status = store_number(store, "PRAGMA user_version", &version, error);
        /* A disk that fails for a moment must not blind the watchdog for good: the next read says
         * what is wrong. */
        status = status == STATUS_NO_MEMORY ? status : STATUS_OK;
    }
    if (status != STATUS_OK) {
        store_close(&store);
        return store_name_file(path, status, error);
    }
    *store_r = store;
    return STATUS_OK;
}

enum status store_peek_engine_clock(const char *path, struct engine_clock_row *row_r,
                                    struct error *error)
{
    struct store *store = NULL;
    int64_t version = 0;
    enum status status = store_connect_reader(path, NULL, &store, error);
    if (status == STATUS_OK) {
        status = store_identify(store, &version, error);
    }
    if (status == STATUS_OK) {
        status = version == 0 ? STATUS_NOT_FOUND : store_get_engine_clock(store, row_r, error);
    }
    store_close(&store);
    return status;
}

void store_close(struct store **store)
{
    assert(store != NULL);
    if (*store == NULL) {
        return;
    }
    assert((*store)->magic == STORE_MAGIC);
    for (int i = 0; i < QUERIES_COUNT; i++) {
        (void)sqlite3_finalize((*store)->queries[i].statement);
    }
    for (int i = 0; i < CONTROLS_COUNT; i++) {
        (void)sqlite3_finalize((*store)->controls[i]);
    }
    int rc = sqlite3_close((*store)->db);
    assert(rc == SQLITE_OK); /* refused only while a statement is left over */
    (*store)->magic = 0;
    free(*store);
    *store = NULL;
}

enum status store_begin(struct store *store, struct error *error)
{
    assert(store->writer && !store_in_transaction(store));
    assert(store->heads_count == 0);
    enum status status = run_control(store, CONTROL_BEGIN, error);
    assert(status != STATUS_OK || store_in_transaction(store));
    return status;
}

/* Whether the log's last write failed because the user's share of the disk is used up. That is as
 * certain as a full disk, for which SQLite has a code of its own. */
static bool is_share_used_up(struct store *store)
{
    sqlite3_file *log = NULL;
    int system_errno = 0;
    (void)sqlite3_file_control(store->db, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &log);
    assert(log != NULL && log->pMethods != NULL); /* something was written to it */
    return sqlite3_extended_errcode(store->db) == SQLITE_IOERR_WRITE &&
           log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &system_errno) == SQLITE_OK &&
           system_errno == EDQUOT;
}

enum status store_commit(struct store *store, struct error *error)
{
    assert(store->writer && store_in_transaction(store));
    enum status status = store_flush_heads(store, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = run_control(store, CONTROL_COMMIT, error);
    assert(store->heads_count == 0); /* all written, none left for the next transaction */
    assert(status != STATUS_OK || !store_in_transaction(store));
    /* The log may or may not have reached the disk: neither yes nor no. */
    bool failed = status == STATUS_IO;
    return !failed ? status : is_share_used_up(store) ? STATUS_DISK_FULL : STATUS_UNCERTAIN;
}

void store_rollback(struct store *store)
{
    assert(store->magic == STORE_MAGIC && store->writer);
    store->heads_count = 0;
    for (int tries = 0; tries < ROLLBACK_TRIES_MAX && store_in_transaction(store); tries++) {
        struct error ignored;
        (void)run_control(store, CONTROL_ROLLBACK, &ignored);
    }
}

bool store_in_transaction(const struct store *store)
{
    assert(store->magic == STORE_MAGIC && store->db != NULL);
    return sqlite3_get_autocommit(store->db) == 0;
}

enum status store_savepoint(struct store *store, struct error *error)
{
    assert(store->writer && store_in_transaction(store));
    assert(store->heads_count <= JOURNAL_HEADS_MAX);
    store->heads_at_savepoint_count = store->heads_count;
    memcpy(store->heads_at_savepoint, store->heads, store->heads_count * sizeof store->heads[0]);
    return run_control(store, CONTROL_SAVEPOINT, error);
}

enum status store_savepoint_release(struct store *store, struct error *error)
{
    assert(store->writer && store_in_transaction(store));
    enum status status = run_control(store, CONTROL_RELEASE, error);
    assert(status != STATUS_OK || store_in_transaction(store)); /* released, not committed */
    return status;
}

enum status store_savepoint_rollback(struct store *store, struct error *error)
{
    assert(store->writer && store_in_transaction(store));
    assert(store->heads_at_savepoint_count <= JOURNAL_HEADS_MAX);
    store->heads_count = store->heads_at_savepoint_count;
    memcpy(store->heads, store->heads_at_savepoint, store->heads_count * sizeof store->heads[0]);
    enum status status = run_control(store, CONTROL_ROLLBACK_TO, error);
    return status == STATUS_OK ? run_control(store, CONTROL_RELEASE, error) : status;
}

enum status store_read_begin(struct store *store, struct error *error)
{
    assert(!store->writer && !store_in_transaction(store));
    return execute(store, "BEGIN", error);
}

void store_read_end(struct store *store)
{
    assert(!store->writer);
    if (store_in_transaction(store)) {
        (void)sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
    }
}

int store_log_pages(const struct store *store)
{
    assert(store->magic == STORE_MAGIC && store->writer);
    return store->wal_pages;
}

/* There is no busy handler on the writer: with a reader about this answers at once. */
static int cut_log(struct store *store)
{
    assert(store->writer && !store_in_transaction(store));
    assert(store->wal_pages_most > STORE_LOG_PAGES_LONG);
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (rc == SQLITE_OK) {
        store->wal_pages = store->wal_pages_tried = store->wal_pages_most = 0;
    }
    return rc;
}

enum status store_checkpoint(struct store *store, int pages, struct error *error)
{
    assert(store->writer && !store_in_transaction(store));
    assert(pages >= 0 && store->wal_pages >= store->wal_pages_tried);
    bool is_long = store->wal_pages_most > STORE_LOG_PAGES_LONG;
    if (store->wal_pages - store->wal_pages_tried < pages && !is_long) {
        return STATUS_OK;
    }
    int logged = 0, kept = 0;
    int tried_before = store->wal_pages_tried;
    store->wal_pages_tried = store->wal_pages; /* with a reader about, not again at once */
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &logged, &kept);
    if (rc == SQLITE_OK && logged == kept && is_long) {
        rc = cut_log(store);
    }
    if (rc == SQLITE_OK || rc == SQLITE_BUSY) {
        return STATUS_OK;
    }
    enum status status = store_status(store, rc, "checkpoint", error);
    if (status == STATUS_DISK_FULL) {
        store->wal_pages_tried = tried_before; /* as soon as there is room */
    }
    return status;
}
