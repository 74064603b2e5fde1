/* disk.h - a disk in memory behind SQLite: what was synced outlives a loss of power, what was not
 * is lost, torn or kept; calls fail when somebody says so. One disk and one thread at a time.
 *
 * What it does not model: a file's name that is lost (SQLite syncs the folder when it matters), and
 * a sector that changes although nobody wrote to it.
 */
#ifndef TESTS_SCENARIO_DISK_H
#define TESTS_SCENARIO_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_VFS "disk"
/* The same disk for somebody who only looks: nothing fails, and nobody is asked. */
#define DISK_VFS_WATCHER "disk-watcher"

enum disk_call { DISK_OPEN, DISK_READ, DISK_WRITE, DISK_SYNC, DISK_TRUNCATE, DISK_CALLS_COUNT };

/* Asked before each call; answers SQLITE_OK, or the error it fails with. */
typedef int disk_hook(void *context, enum disk_call call);

/* Makes the disk empty and SQLite's default. seed: for SQLite's own randomness. */
void disk_format(uint64_t seed);
/* Frees everything; no file may be open. */
void disk_erase(void);

void disk_on_call(disk_hook *hook, void *context);
/* Writes beyond this many bytes in all files answer SQLITE_FULL; 0: no limit. */
void disk_set_capacity(uint64_t bytes);
uint64_t disk_used(void);
/* How often anything on it has changed: the same number, the same bytes. */
uint64_t disk_changes(void);

/* What a death leaves on the disk. */
enum disk_loss {
    DISK_KEEPS_ALL,    /* the process alone died: what was written is there */
    DISK_KEEPS_SYNCED, /* what was not synced is lost */
    DISK_TEARS,        /* each unsynced write is lost, kept or torn at sectors, by itself */
    DISK_FORGETS_LOG,  /* a broken disk: the log is lost, synced or not */
};

/* Keeps what the disk would hold if everything stopped now. The present files go on as if nothing
 * had happened, for the dying process; random is the state of box_draw(). */
void disk_keep(enum disk_loss loss, uint64_t *random);
/* Goes on from what was kept. No file may be open. */
void disk_restore(void);

#endif
