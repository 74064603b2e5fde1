/* store_files.c - whether the names still lead to the files that are open. SQLite goes on with a
 * file that has lost its name: what is written to it then ends with the process. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "gateway/store/store_private.h"

#define OPEN_FILES "/proc/self/fd"

void store_note_file(struct store_file *file)
{
    struct stat found;
    assert(file->path != NULL);
    if (stat(file->path, &found) == 0) {
        file->device = found.st_dev;
        file->inode = found.st_ino;
        file->known = true;
    }
}

void store_note_files(struct store *store, const char *path, struct store_files *files_r)
{
    assert(store->magic == STORE_MAGIC && path != NULL);
    *files_r = (struct store_files){
        .database = {.path = path},
        /* Where a link leads to, there the log is. */
        .log = {.path = sqlite3_filename_wal(sqlite3_db_filename(store->db, "main"))},
    };
    store_note_file(&files_r->database);
    store_note_file(&files_r->log);
}

/* Both at once: what differs in one of them is another file. */
static bool is_same_file(const struct stat *found, const struct store_file *file)
{
    return ((found->st_dev ^ file->device) | (found->st_ino ^ file->inode)) == 0;
}

bool store_file_is_lost(const struct store_file *file)
{
    struct stat found;
    assert(file->path != NULL);
    if (!file->known) {
        return false;
    }
    if (stat(file->path, &found) != 0) {
        return errno == ENOENT || errno == ENOTDIR;
    }
    return !is_same_file(&found, file);
}

const struct store_file *store_lost_file(struct store_files *files)
{
    assert(files->database.path != NULL && files->log.path != NULL);
    if (!files->log.known) {
        store_note_file(&files->log);
    }
    return store_file_is_lost(&files->database) ? &files->database
           : store_file_is_lost(&files->log)    ? &files->log
                                                : NULL;
}

int store_open_number(const struct store_file *file)
{
    DIR *folder = opendir(OPEN_FILES);
    int number = -1;
    const struct dirent *entry;
    if (folder == NULL) { /* unreachable: nothing here runs without /proc */
        return number;
    }
    while (number < 0 && (entry = readdir(folder)) != NULL) {
        struct stat found;
        char *end;
        long each = strtol(entry->d_name, &end, 10);
        /* By its name here: as a number it may be another thread's that comes or goes just now. */
        if (end != entry->d_name && /* by chance: one may be closed between the two */
            fstatat(dirfd(folder), entry->d_name, &found, 0) == 0 && is_same_file(&found, file)) {
            number = (int)each;
        }
    }
    (void)closedir(folder);
    return number;
}

enum status store_hold(const char *path, struct error *error)
{
    struct store_file file = {.path = path};
    store_note_file(&file);
    int number = file.known ? store_open_number(&file) : -1;
    if (number < 0 || flock(number, LOCK_EX | LOCK_NB) == 0) {
        return STATUS_OK;
    }
    return errno == EWOULDBLOCK
               ? error_set(error, STATUS_UNAVAILABLE,
                           "%s: another gateway runs on this database; stop it first", path)
               /* unreachable: a disk of this machine can always be locked */
               : error_set(error, STATUS_IO, "%s: the file system cannot lock it (%s)", path,
                           strerror(errno));
}
