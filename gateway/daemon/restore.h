/* restore.h - putting a backup in the database's place, and checking a database, while no gateway
 * runs on it. */
#ifndef GATEWAY_DAEMON_RESTORE_H
#define GATEWAY_DAEMON_RESTORE_H

#include "gateway/base/status.h"
#include "gateway/base/time.h"
#include "gateway/daemon/backup_file.h"

struct restored {
    struct store_facts facts;
    bool digest_known; /* the backup's name says what its bytes are */
    char
        aside[BACKUP_PATH_BYTES_MAX]; /* the folder with the files that were there; "": none were */
};

/* Copies the backup, proves the copy, sets what is there aside (nothing is ever deleted) and puts
 * the copy in its place. Until the last rename no gateway starts on what is there; when it is
 * interrupted it can be done again; when it is refused it leaves nothing. A database of an earlier
 * version is upgraded by the next start. STATUS_UNAVAILABLE: a gateway runs, or another restore in
 * this folder; STATUS_CORRUPT, STATUS_UNSUPPORTED, STATUS_CONFIGURATION, STATUS_NOT_FOUND: as
 * store_check(), and nothing was changed. */
enum status restore_run(const char *backup, const char *database, struct wall_time now,
                        struct restored *restored_r, struct error *error) MUST_CHECK;

/* Reads all of the database; changes nothing. */
enum status restore_check_database(const char *database, struct store_facts *facts_r,
                                   struct error *error) MUST_CHECK;

/* store_rebuild_search() on a database that no gateway works with. STATUS_UNAVAILABLE: one does;
 * STATUS_NOT_FOUND: there is none. */
enum status restore_rebuild_search(const char *database, bool *vacuumed_r,
                                   struct error *error) MUST_CHECK;

#endif
