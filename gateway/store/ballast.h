/* ballast.h - room on the disk that is kept occupied, to be given up when everything else is full.
 *
 * A file beside the database, written and never read: whatever is in it after a crash, only its
 * size counts, and any size is good. It is held in pieces, so that a stranger who fills the disk
 * can take no more at once than one piece. It goes through SQLite's VFS, as the database does; its
 * bytes do not compress, or a file system that compresses would keep no room.
 *
 * One thread at a time, the writer's.
 */
#ifndef GATEWAY_STORE_BALLAST_H
#define GATEWAY_STORE_BALLAST_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/status.h"

struct ballast;

/* No more than this leaves or comes at once. */
#define BALLAST_PIECE_BYTES_MAX (INT64_C(4) << 20)

/* Takes over what an earlier run left at `path` (copied) and writes nothing yet. size_bytes: what
 * is to be held; 0: nothing, and ballast_take() only looks for room. vfs as store_open() wants it.
 * A file that is not there is made by ballast_take(), which also says why it cannot be opened. */
enum status ballast_open(const char *path, const char *vfs, int64_t size_bytes,
                         struct ballast **ballast_r, struct error *error) MUST_CHECK;
/* The file stays. */
void ballast_close(struct ballast **ballast);

/* Gives a piece back to the disk. False: nothing is held any more, or the disk refuses. */
bool ballast_give(struct ballast *ballast);

/* Takes a piece more, if as much again stays free beside it: what was given for others to write is
 * not snatched away from them. STATUS_OK: taken, or nothing was missing and there is a piece of
 * room; STATUS_DISK_FULL: no room for it; STATUS_IO: the file cannot be written. */
enum status ballast_take(struct ballast *ballast, struct error *error) MUST_CHECK;

const char *ballast_path(const struct ballast *ballast);

/* Whether somebody removed or replaced the file that holds something: what is held would end with
 * the process, and the next start would hold nothing. Only where the path is one of the machine's
 * own, not of a VFS'. */
bool ballast_is_lost(const struct ballast *ballast);
/* Closes such a file; nothing is held then, and ballast_take() makes it anew. */
void ballast_let_go(struct ballast *ballast);

/* Held now, never more than was asked for. */
int64_t ballast_held_bytes(const struct ballast *ballast);
bool ballast_is_whole(const struct ballast *ballast);

#endif
