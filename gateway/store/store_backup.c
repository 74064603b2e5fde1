/* store_backup.c - a copy of the database, taken from one snapshot of a reading connection. */
#include "gateway/store/store_backup.h"

#include <assert.h>

#include "gateway/store/store_private.h"

#define PAGES_PER_LOOK 1024 /* 4 MiB */

/* The copy needs no journal: a half-written one is thrown away. */
static enum status open_target(const char *target, const char *vfs, sqlite3 **db_r,
                               struct error *error)
{
    int rc = sqlite3_open_v2(target, db_r, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs);
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(*db_r, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL,
                          NULL);
    }
    return rc == SQLITE_OK ? STATUS_OK
                           : error_set(error, STATUS_IO, "%s: %s", target, sqlite3_errstr(rc));
}

static enum status copy_pages(sqlite3_backup *copy, const struct store_watch *watch,
                              struct error *error)
{
    int rc = SQLITE_OK;
    enum status status = STATUS_OK;
    while (rc == SQLITE_OK && status == STATUS_OK) {
        rc = sqlite3_backup_step(copy, PAGES_PER_LOOK);
        int total = sqlite3_backup_pagecount(copy);
        if (rc == SQLITE_OK || rc == SQLITE_DONE) {
            status =
                watch->look(watch->context, total - sqlite3_backup_remaining(copy), total, error);
        }
    }
    if (status != STATUS_OK || rc == SQLITE_DONE) {
        return status;
    }
    return error_set(error, (rc & 0xff) == SQLITE_FULL ? STATUS_DISK_FULL : STATUS_IO,
                     "copying: %s (sqlite %d)", sqlite3_errstr(rc), rc);
}

/* The snapshot that everything is copied from is that of the first read. */
static enum status begin_snapshot(struct store *source, struct error *error)
{
    int64_t version;
    enum status status = store_read_begin(source, error);
    if (status == STATUS_OK) {
        status = store_identify(source, &version, error);
    }
    return status;
}

enum status store_backup(const char *path, const char *vfs, const char *target,
                         const struct store_watch *watch, struct error *error)
{
    struct store *source = NULL;
    sqlite3 *db = NULL;
    assert(path != NULL && target != NULL && watch->look != NULL);
    enum status status = store_connect_reader(path, vfs, &source, error);
    if (status != STATUS_OK) {
        return store_name_file(path, status, error);
    }
    status = begin_snapshot(source, error);
    if (status == STATUS_OK) {
        status = open_target(target, vfs, &db, error);
    }
    sqlite3_backup *copy =
        status == STATUS_OK ? sqlite3_backup_init(db, "main", source->db, "main") : NULL;
    if (copy != NULL) {
        status = copy_pages(copy, watch, error);
        (void)sqlite3_backup_finish(copy);
    } else if (status == STATUS_OK) { /* unreachable: it is two open databases, and idle */
        status = error_set(error, STATUS_IO, "copying: %s", sqlite3_errmsg(db));
    }
    int rc = sqlite3_close(db);
    assert(rc == SQLITE_OK); /* nothing is left over */
    (void)rc;
    store_read_end(source);
    store_close(&source);
    return status;
}
