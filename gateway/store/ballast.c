#include "gateway/store/ballast.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/store/store_private.h"

#define BALLAST_MAGIC           0x42414c4cu
#define BALLAST_PIECE_BYTES_MIN (INT64_C(64) << 10)
#define BALLAST_PIECES          16
#define CHUNK_BYTES             65536

struct ballast {
    unsigned magic;
    sqlite3_vfs *vfs;
    sqlite3_filename path;
    sqlite3_file *file;      /* of the VFS' size; pMethods is NULL while it is not open */
    struct store_file named; /* what path leads to, of the file that is open */
    int64_t size_bytes;
    int64_t held_bytes;
    int64_t piece_bytes;
};

/* For whoever wonders what the file is. */
static const char inscription[] =
    "This file only keeps room on the disk for the escalations that are open when the disk is "
    "full\n(astreinted --help: reserve_mb). It holds no data.\n";

static enum status fault(const struct ballast *ballast, int rc, const char *what,
                         struct error *error)
{
    int system_errno = ballast->vfs->xGetLastError != NULL
                           ? ballast->vfs->xGetLastError(ballast->vfs, 0, NULL)
                           : 0;
    enum status status = store_is_out_of_room(rc, system_errno) ? STATUS_DISK_FULL : STATUS_IO;
    return error_set(error, status, "%s: %s: %s (sqlite %d, errno %d)", ballast->path, what,
                     sqlite3_errstr(rc), rc, system_errno);
}

static bool is_open(const struct ballast *ballast)
{
    return ballast->file->pMethods != NULL;
}

/* Cuts the file; what it holds is then what it says, or less. */
static int cut(struct ballast *ballast, int64_t bytes)
{
    assert(is_open(ballast));
    int rc = ballast->file->pMethods->xTruncate(ballast->file, bytes);
    if (rc == SQLITE_OK && ballast->held_bytes > bytes) {
        ballast->held_bytes = bytes;
    }
    return rc;
}

/* Opens the file (create: SQLITE_OPEN_CREATE or 0), and holds what is in it. */
static enum status open_file(struct ballast *ballast, int create, struct error *error)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL | create;
    if (is_open(ballast)) {
        return STATUS_OK;
    }
    /* As a log's, its rights are the database's. */
    int rc = ballast->vfs->xOpen(ballast->vfs, ballast->path, ballast->file, flags, NULL);
    if (rc != SQLITE_OK) {
        ballast->file->pMethods = NULL;
        return fault(ballast, rc, "open", error);
    }
    ballast->named = (struct store_file){.path = ballast->path};
    store_note_file(&ballast->named);
    sqlite3_int64 bytes = 0;
    rc = ballast->file->pMethods->xFileSize(ballast->file, &bytes);
    ballast->held_bytes = bytes < ballast->size_bytes ? bytes : ballast->size_bytes;
    if (rc == SQLITE_OK && bytes > ballast->size_bytes) {
        rc = cut(ballast, ballast->size_bytes); /* it was configured larger, or room was tried */
    }
    return rc == SQLITE_OK ? STATUS_OK : fault(ballast, rc, "size", error);
}

enum status ballast_open(const char *path, const char *vfs, int64_t size_bytes,
                         struct ballast **ballast_r, struct error *error)
{
    assert(path != NULL && size_bytes >= 0);
    sqlite3_vfs *found = store_find_vfs(vfs);
    if (found == NULL) {
        return error_set(error, STATUS_CONFIGURATION, "%s: no such file system", vfs);
    }
    struct ballast *ballast = calloc(1, sizeof *ballast);
    if (ballast == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the ballast");
    }
    ballast->magic = BALLAST_MAGIC;
    ballast->vfs = found;
    ballast->path = sqlite3_create_filename(path, "", "", 0, NULL);
    ballast->file = calloc(1, (size_t)found->szOsFile);
    ballast->size_bytes = size_bytes;
    int64_t piece = size_bytes / BALLAST_PIECES;
    piece = piece < BALLAST_PIECE_BYTES_MIN ? BALLAST_PIECE_BYTES_MIN : piece;
    ballast->piece_bytes = piece > BALLAST_PIECE_BYTES_MAX ? BALLAST_PIECE_BYTES_MAX : piece;
    if (ballast->path == NULL || ballast->file == NULL) {
        ballast_close(&ballast);
        return error_set(error, STATUS_NO_MEMORY, "no memory for the ballast");
    }
    (void)open_file(ballast, 0, NULL); /* ballast_take() makes it, or says why not */
    *ballast_r = ballast;
    return STATUS_OK;
}

void ballast_close(struct ballast **ballast_r)
{
    struct ballast *ballast = *ballast_r;
    if (ballast == NULL) {
        return;
    }
    assert(ballast->magic == BALLAST_MAGIC);
    if (ballast->file != NULL && is_open(ballast)) {
        (void)ballast->file->pMethods->xClose(ballast->file);
    }
    sqlite3_free_filename(ballast->path);
    free(ballast->file);
    ballast->magic = 0;
    free(ballast);
    *ballast_r = NULL;
}

bool ballast_give(struct ballast *ballast)
{
    assert(ballast->magic == BALLAST_MAGIC);
    if (ballast->held_bytes == 0) {
        return false;
    }
    assert(is_open(ballast)); /* what it holds was found in its file */
    int64_t left = ballast->held_bytes - ballast->piece_bytes;
    return cut(ballast, left > 0 ? left : 0) == SQLITE_OK;
}

/* Bytes that do not compress, and differ from place to place (splitmix64 of the offset). */
static void fill_chunk(uint8_t chunk[CHUNK_BYTES], int64_t offset)
{
    for (size_t i = 0; i < CHUNK_BYTES; i += sizeof(uint64_t)) {
        uint64_t z = ((uint64_t)offset + i) * UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        for (size_t k = 0; k < sizeof z; k++) {
            chunk[i + k] = (uint8_t)(z >> (8 * k));
        }
    }
    if (offset == 0) {
        memcpy(chunk, inscription, sizeof inscription - 1);
    }
}

static int write_to(struct ballast *ballast, int64_t from, int64_t to)
{
    uint8_t chunk[CHUNK_BYTES];
    int rc = SQLITE_OK;
    for (int64_t at = from; at < to && rc == SQLITE_OK; at += CHUNK_BYTES) {
        int64_t some = to - at < CHUNK_BYTES ? to - at : CHUNK_BYTES;
        fill_chunk(chunk, at);
        rc = ballast->file->pMethods->xWrite(ballast->file, chunk, (int)some, at);
    }
    return rc;
}

enum status ballast_take(struct ballast *ballast, struct error *error)
{
    assert(ballast->magic == BALLAST_MAGIC);
    enum status status = open_file(ballast, SQLITE_OPEN_CREATE, error);
    if (status != STATUS_OK) {
        return status;
    }
    assert(is_open(ballast));
    int64_t held = ballast->held_bytes;
    int64_t wanted = held + ballast->piece_bytes;
    wanted = wanted > ballast->size_bytes ? ballast->size_bytes : wanted;
    int rc = write_to(ballast, held, wanted + ballast->piece_bytes);
    if (rc == SQLITE_OK) {
        rc = cut(ballast, wanted);
    }
    if (rc == SQLITE_OK && wanted > held) { /* some disks say only then that they are full */
        rc = ballast->file->pMethods->xSync(ballast->file, SQLITE_SYNC_NORMAL);
    }
    if (rc != SQLITE_OK) {
        status = fault(ballast, rc, "take room", error);
        (void)cut(ballast, held);
        return status;
    }
    ballast->held_bytes = wanted;
    return STATUS_OK;
}

const char *ballast_path(const struct ballast *ballast)
{
    assert(ballast->magic == BALLAST_MAGIC);
    return ballast->path;
}

bool ballast_is_lost(const struct ballast *ballast)
{
    assert(ballast->magic == BALLAST_MAGIC);
    return ballast->held_bytes > 0 && store_file_is_lost(&ballast->named);
}

void ballast_let_go(struct ballast *ballast)
{
    assert(ballast->magic == BALLAST_MAGIC && is_open(ballast));
    (void)ballast->file->pMethods->xClose(ballast->file);
    ballast->file->pMethods = NULL;
    ballast->held_bytes = 0;
}

int64_t ballast_held_bytes(const struct ballast *ballast)
{
    assert(ballast->magic == BALLAST_MAGIC);
    return ballast->held_bytes;
}

bool ballast_is_whole(const struct ballast *ballast)
{
    return ballast_held_bytes(ballast) == ballast->size_bytes;
}
