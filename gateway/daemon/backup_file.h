/* backup_file.h - one backup, from the database to a checked file of its own; where backups are and
 * what they are called.
 *
 * "astreinte.sqlite-20261128T021500Z-0123456789abcdef": the database's name, when the copy was
 * begun (UTC), and the beginning of the file's SHA-256, so that a file that rotted is known by its
 * name.
 */
#ifndef GATEWAY_DAEMON_BACKUP_FILE_H
#define GATEWAY_DAEMON_BACKUP_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/digest.h"
#include "gateway/base/status.h"
#include "gateway/base/time.h"
#include "gateway/store/store_backup.h"

#define BACKUP_PATH_BYTES_MAX 4096
#define BACKUP_NAME_BYTES_MAX 256

/* Where from, where to, and within which bounds. Texts are the caller's. */
struct backup_place {
    const char *database;
    const char *folder;     /* made when it is missing, mode 0700 */
    int64_t kept;           /* this many of the newest stay, and all others go */
    int64_t free_bytes_min; /* left to the gateway, whatever the backup needs */
    int64_t log_bytes_max;  /* when the database's log is longer, the copy gives way */
};

struct backup_result {
    char name[BACKUP_NAME_BYTES_MAX];
    int64_t bytes;
    struct digest digest;
    struct store_facts facts;
};

/* Copies, synchronises, checks to the last page, gives the copy its name, and only then forgets the
 * oldest. On failure nothing is left of it. pace is asked all the while, from this thread.
 * STATUS_DISK_FULL: too little room; STATUS_UNAVAILABLE: it gave way to the writer; STATUS_CORRUPT:
 * the copy is damaged, and so is what it was copied from. */
enum status backup_make(const struct backup_place *place, struct wall_time now,
                        const struct store_watch *pace, struct backup_result *result_r,
                        struct error *error) MUST_CHECK;

/* What a backup that a crash cut short has left goes. */
void backup_remove_partial(const struct backup_place *place);

/* The time in the name of the newest backup, in seconds since 1970; 0: there is none. */
int64_t backup_newest_s(const struct backup_place *place);

/* The hex digits in a backup's name, or NULL when it is not called like one. */
const char *backup_digest_in_name(const char *name);

/* Makes what happened in a folder last: renames, new files. */
enum status folder_sync(const char *folder, struct error *error) MUST_CHECK;

/* "20261128T021500Z". */
#define STAMP_BYTES_MAX 24
void stamp_format(struct wall_time time, char stamp_r[STAMP_BYTES_MAX]);

#endif
