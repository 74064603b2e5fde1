/* store_backup.h - copying a database while it is written to, and checking one to the last page.
 *
 * Both are long. They belong to a thread of their own, which is asked between pieces of work
 * whether to go on, and never hold up the writer: they only read.
 */
#ifndef GATEWAY_STORE_STORE_BACKUP_H
#define GATEWAY_STORE_STORE_BACKUP_H

#include <stdint.h>

#include "gateway/base/status.h"

/* Behind the database's name: stands while a restore exchanges the files, and no such database is
 * opened. */
#define STORE_RESTORING ".restoring"

/* Asked between pieces of work; may wait, in order to be a burden to nobody. pages_total is 0 while
 * a check is under way. Anything but STATUS_OK ends the work with that status and that error. */
struct store_watch {
    enum status (*look)(void *context, int64_t pages_done, int64_t pages_total,
                        struct error *error);
    void *context;
};

/* What a database that passed holds. */
struct store_facts {
    int64_t schema_version;
    int64_t tickets;
    int64_t escalations;
    int64_t open_escalations;
    int64_t timeline_entries;
};

/* Copies the last commit of the database at `path` into the file at `target`, which the caller has
 * made, empty and with its mode; neither synchronised nor checked. Page by page as they are: what
 * is damaged in the database is so in the copy, where store_check() finds it without standing in
 * anybody's way. Until it ends the writer's log can only grow; the watch may put an end to it. vfs
 * may be NULL. STATUS_DISK_FULL, STATUS_IO, or as store_open(). */
enum status store_backup(const char *path, const char *vfs, const char *target,
                         const struct store_watch *watch, struct error *error) MUST_CHECK;

enum store_check_of {
    STORE_CHECK_COPY,     /* a copy that nobody has open: nothing is written beside it */
    STORE_CHECK_DATABASE, /* a database with its log; nobody may write to it meanwhile */
};

/* Reads all of it: every page, index against table, every reference, the schema. Writes nothing
 * into it. STATUS_CORRUPT with the first thing found; STATUS_UNSUPPORTED, STATUS_CONFIGURATION as
 * store_open(), and STATUS_NOT_FOUND when there is no such file or nothing in it. */
enum status store_check(const char *path, enum store_check_of what, const struct store_watch *watch,
                        struct store_facts *facts_r, struct error *error) MUST_CHECK;

#endif
