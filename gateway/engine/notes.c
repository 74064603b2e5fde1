/* notes.c - see notes.h. */
#include "gateway/engine/notes.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/engine/engine.h"
#include "gateway/store/store.h"

/* The version before knew no commits; its suspects are forgotten. */
#define NOTES_MAGIC_2  UINT64_C(0x504f49534f4e0002)
#define NOTES_MAGIC    UINT64_C(0x504f49534f4e0003)
#define PATH_BYTES_MAX 4096

/* One process holds it; whoever ends lets go, however it ends. */
static enum status lock_file(int file, const char *database_path, struct error *error)
{
    if (flock(file, LOCK_EX | LOCK_NB) == 0) {
        return STATUS_OK;
    }
    return errno == EWOULDBLOCK
               ? error_set(error, STATUS_UNAVAILABLE,
                           "%s: another gateway runs on this database; stop it first",
                           database_path)
               /* unreachable: a disk of this machine can always be locked */
               : error_set(error, STATUS_IO,
                           "%s: the file system cannot lock it (%s): put it on a disk of this "
                           "machine",
                           database_path, strerror(errno));
}

static enum status open_locked(const char *path, const char *database_path, int *file_r,
                               struct error *error)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return errno == ENOENT
                   ? error_set(error, STATUS_NOT_FOUND,
                               "%s: the database's folder is not there: make it first", path)
                   : error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
    }
    enum status status = lock_file(file, database_path, error);
    if (status != STATUS_OK) {
        (void)close(file);
        return status;
    }
    *file_r = file;
    return STATUS_OK;
}

/* An engine whose notes were removed still holds its database (store_hold()). What cannot be opened
 * is the database's business, which says it better. Not where this process has it open: closing a
 * handle gives back all of its locks on the file (POSIX, fcntl()), SQLite's too. */
static enum status check_not_held(const char *database_path, struct error *error)
{
    int file = open(database_path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return STATUS_OK;
    }
    enum status status = lock_file(file, database_path, error);
    (void)close(file);
    return status;
}

/* Really there: a page for which the disk has no room would end the process when it is written. */
static enum status map_page(struct notes *notes, const char *path, struct error *error)
{
    struct notes_page *page = MAP_FAILED;
    int failure = posix_fallocate(notes->file, 0, sizeof *page);
    if (failure == 0) {
        page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, notes->file, 0);
        failure = errno;
    }
    if (page == MAP_FAILED) {
        return error_set(error, STATUS_IO, "%s: %s", path, strerror(failure));
    }
    if (page->magic != NOTES_MAGIC) {
        bool worked = page->magic == NOTES_MAGIC_2;
        memset(page, 0, sizeof *page);
        page->magic = NOTES_MAGIC;
        page->worked = worked;
    }
    notes->page = page;
    return STATUS_OK;
}

enum status notes_open(const char *path, const char *database_path, struct notes **notes_r,
                       struct error *error)
{
    struct notes *notes = calloc(1, sizeof *notes);
    if (notes == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory");
    }
    notes->file = -1;
    enum status status = check_not_held(database_path, error); /* first: it leaves nothing */
    if (status == STATUS_OK) {
        status = open_locked(path, database_path, &notes->file, error);
    }
    if (status == STATUS_OK) {
        status = map_page(notes, path, error);
    }
    if (status != STATUS_OK) {
        notes_close(&notes);
        return status;
    }
    *notes_r = notes;
    return STATUS_OK;
}

void notes_close(struct notes **notes)
{
    if (*notes == NULL) {
        return;
    }
    if ((*notes)->page != NULL) {
        (void)munmap((*notes)->page, sizeof *(*notes)->page);
    }
    if ((*notes)->file >= 0) {
        (void)close((*notes)->file);
    }
    free(*notes);
    *notes = NULL;
}

enum status notes_compare(const struct notes_page *page, struct engine_time saved,
                          const char *database_path, struct error *error)
{
    if (page->worked == 0 || saved.ms >= page->committed_ms) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_REMOVED,
                     "%s: what was committed last is missing: its -wal was removed, or an older "
                     "copy stands here. Put the right files back, or restore a backup; to go on "
                     "without what is missing, remove its " NOTES_SUFFIX,
                     database_path);
}

void notes_worked(struct notes *notes)
{
    notes->page->worked = 1;
}

void notes_committed(struct notes *notes, struct engine_time saved)
{
    notes->page->committed_ms = saved.ms;
}

/* ---- for others than the engine ---- */

enum status engine_lock_out(const char *database_path, int *lock_r, struct error *error)
{
    char path[PATH_BYTES_MAX];
    (void)snprintf(path, sizeof path, "%s" NOTES_SUFFIX, database_path);
    enum status status = check_not_held(database_path, error);
    return status == STATUS_OK ? open_locked(path, database_path, lock_r, error) : status;
}

/* Answers whether there are notes. */
static bool read_page(int file, struct notes_page *page_r)
{
    return pread(file, page_r, sizeof *page_r, 0) == (ssize_t)sizeof *page_r &&
           page_r->magic == NOTES_MAGIC;
}

enum status engine_check_commits(const char *database_path, int lock, struct error *error)
{
    struct notes_page page;
    struct engine_clock_row saved = {.engine = {0}};
    if (!read_page(lock, &page)) {
        return STATUS_OK;
    }
    enum status status = store_peek_engine_clock(database_path, &saved, error);
    bool known = status == STATUS_OK || status == STATUS_NOT_FOUND;
    return known ? notes_compare(&page, saved.engine, database_path, error) : status;
}

enum status engine_forget_commits(int lock, struct error *error)
{
    const int64_t none = 0;
    struct notes_page page;
    if (!read_page(lock, &page)) {
        return STATUS_OK;
    }
    off_t at = offsetof(struct notes_page, committed_ms);
    /* unreachable: what writes here syncs, too, but on a disk that breaks in between */
    if (pwrite(lock, &none, sizeof none, at) != (ssize_t)sizeof none || fdatasync(lock) != 0) {
        return error_set(error, STATUS_IO, "the notes beside the database: %s", strerror(errno));
    }
    return STATUS_OK;
}

/* Whether somebody worked with the database that the notes are beside. A first start that ends
 * early leaves notes of nothing. */
static bool note_work(const char *path)
{
    struct notes_page page;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool noted = file >= 0 && read_page(file, &page);
    if (file >= 0) {
        (void)close(file);
    }
    return noted && page.worked != 0;
}

enum status engine_check_place(const char *database_path, struct error *error)
{
    char path[PATH_BYTES_MAX];
    (void)snprintf(path, sizeof path, "%s" NOTES_SUFFIX, database_path);
    return store_check_place(database_path, NULL, note_work(path) ? NOTES_SUFFIX : NULL, error);
}
