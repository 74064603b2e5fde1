/* notes.h - what a run leaves for the next one: a small mapped file beside the database, which
 * outlives the process without a system call for each note. kill -9 takes nothing of it; a power
 * loss may take the newest.
 */
#ifndef GATEWAY_ENGINE_NOTES_H
#define GATEWAY_ENGINE_NOTES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/burden.h"
#include "gateway/base/status.h"
#include "gateway/base/time.h"

/* Behind the database's name, unless the configuration says otherwise. */
#define NOTES_SUFFIX "-poison"

#define SUSPECTS_MAX 64

/* Who ended a run before (poison.c). */
struct suspect {
    int64_t customer_id;
    struct uuid subject;
    int64_t aborts;                   /* 0: nobody */
    int64_t reads;                    /* of these, while it was only read */
    struct engine_time last_abort_at; /* 0: just now, before the time was known */
};

/* The file as it is mapped. */
struct notes_page {
    uint64_t magic;
    int64_t worked;        /* somebody's commands were run with this database */
    int64_t committed_ms;  /* engine time as the newest commit wrote it down; 0: none did */
    _Atomic int32_t dying; /* of `accused`: written by the signal handler, last */
    struct burden accused;
    _Atomic int32_t unexplained; /* a thread died that said nothing of what it was at */
    struct suspect suspects[SUSPECTS_MAX];
};

struct notes {
    struct notes_page *page;
    int file; /* kept open: its lock says that an engine runs on this database */
};

/* Locks and maps the file. STATUS_UNAVAILABLE: another engine has it, or holds the database, when
 * its own notes were removed; STATUS_NOT_FOUND: no such folder; STATUS_IO; STATUS_NO_MEMORY. Before
 * this process opens the database. */
enum status notes_open(const char *path, const char *database_path, struct notes **notes_r,
                       struct error *error) MUST_CHECK;
void notes_close(struct notes **notes);

/* Whether the database still has what was committed to it last, by the time that it says itself. It
 * lacks it when its log was removed, or when an older copy stands in its place. Where nobody worked
 * yet there is nothing to lack. STATUS_REMOVED. */
enum status notes_compare(const struct notes_page *page, struct engine_time saved,
                          const char *database_path, struct error *error) MUST_CHECK;
/* Somebody's command was run: from now on there is something to lose. */
void notes_worked(struct notes *notes);
/* That time is committed. */
void notes_committed(struct notes *notes, struct engine_time saved);

#endif
