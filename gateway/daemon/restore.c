/* restore.c - the exchange of the database's files, in an order that a crash cannot hurt. */
#include "gateway/daemon/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/encoding.h"
#include "gateway/base/log.h"
#include "gateway/engine/engine.h"
#include "gateway/engine/notes.h"
#include "gateway/store/store_ticket.h"

#define PIECE_BYTES     65536
#define ASIDE_TRIES_MAX 1000
#define COPYING         ".restoring-copy" /* not yet proven: a start ignores it */

/* The database's own files. The one that is missing from the name is first: without it nothing can
 * be opened. */
static const char *const suffixes[] = {"", "-wal", "-shm"};

struct restore {
    const char *database;
    char folder[BACKUP_PATH_BYTES_MAX];    /* that the database is in */
    char copying[BACKUP_PATH_BYTES_MAX];   /* the copy while it is made */
    char restoring[BACKUP_PATH_BYTES_MAX]; /* the proven copy: its presence forbids a start */
    char aside[BACKUP_PATH_BYTES_MAX];
    int restores; /* keeps another restore out; -1: not held */
    int gateways; /* keeps a gateway out; -1: not held */
};

static enum status prepare(struct restore *restore, struct wall_time now, struct error *error)
{
    char stamp[STAMP_BYTES_MAX], path[BACKUP_PATH_BYTES_MAX];
    const char *database = restore->database;
    stamp_format(now, stamp);
    if (strlen(database) + 64 > BACKUP_PATH_BYTES_MAX) {
        return error_set(error, STATUS_CONFIGURATION, "[gateway] database: too long");
    }
    (void)snprintf(path, sizeof path, "%s", database);
    (void)snprintf(restore->folder, sizeof restore->folder, "%s", dirname(path));
    (void)snprintf(restore->copying, sizeof restore->copying, "%s" COPYING, database);
    (void)snprintf(restore->restoring, sizeof restore->restoring, "%s" STORE_RESTORING, database);
    (void)snprintf(restore->aside, sizeof restore->aside, "%s-before-restore-%s", database, stamp);
    return STATUS_OK;
}

/* Done by root, it is still the gateway's user who must be able to open it. */
static void give_to_gateway(const struct restore *restore, int file)
{
    struct stat folder;
    if (geteuid() == 0 && stat(restore->folder, &folder) == 0 &&
        fchown(file, folder.st_uid, folder.st_gid) != 0) {
        log_warning("restore.owner_unchanged", LOG_TEXT("detail", strerror(errno)));
    }
}

static enum status fail(const char *path, struct error *error)
{
    return error_set(error, errno == ENOSPC ? STATUS_DISK_FULL : STATUS_IO, "%s: %s", path,
                     strerror(errno));
}

/* All of it or an error; both files stay the caller's. */
static enum status copy_bytes(int from, int to, const char *name, struct error *error)
{
    char piece[PIECE_BYTES];
    ssize_t count;
    while ((count = read(from, piece, sizeof piece)) != 0) {
        if (count < 0 && errno != EINTR) {
            return fail(name, error);
        }
        for (ssize_t done = 0; done < count;) {
            ssize_t wrote = write(to, piece + done, (size_t)(count - done));
            if (wrote < 0 && errno != EINTR) {
                return fail("copying the backup", error);
            }
            done += wrote > 0 ? wrote : 0;
        }
    }
    return fsync(to) == 0 ? STATUS_OK : fail("copying the backup", error);
}

/* What the backup's name says of its bytes; empty: nothing. */
static void digits_in_name(const char *backup, char digits_r[HEX_TEXT_BYTES(DIGEST_BYTES)])
{
    char path[BACKUP_PATH_BYTES_MAX];
    (void)snprintf(path, sizeof path, "%s", backup);
    const char *digits = backup_digest_in_name(basename(path));
    (void)snprintf(digits_r, HEX_TEXT_BYTES(DIGEST_BYTES), "%s", digits != NULL ? digits : "");
}

/* Every byte, when the name says what they are. */
static enum status check_digest(int file, const char *backup, struct error *error)
{
    char expected[HEX_TEXT_BYTES(DIGEST_BYTES)], digits[HEX_TEXT_BYTES(DIGEST_BYTES)];
    struct digest digest;
    int64_t bytes;
    digits_in_name(backup, expected);
    if (expected[0] == '\0') {
        return STATUS_OK;
    }
    enum status status = digest_sha256_file(file, NULL, NULL, &digest, &bytes, error);
    if (status != STATUS_OK) {
        return status;
    }
    hex_encode(digest.bytes, sizeof digest.bytes, digits);
    return strncmp(digits, expected, strlen(expected)) == 0
               ? STATUS_OK
               : error_set(error, STATUS_CORRUPT,
                           "%s: its bytes are not those that were written (SHA-256 %.16s…): it "
                           "rotted or was changed; take another backup",
                           backup, digits);
}

static bool is_there(const char *path, const char *suffix)
{
    char name[BACKUP_PATH_BYTES_MAX];
    struct stat found;
    (void)snprintf(name, sizeof name, "%s%s", path, suffix);
    return stat(name, &found) == 0 && (suffix[0] == '\0' || found.st_size > 0);
}

/* Of SQLite's header (https://www.sqlite.org/fileformat2.html#the_database_header). */
#define HEADER_BYTES 100

static int64_t header_number(const unsigned char *at, int bytes)
{
    int64_t number = 0;
    for (int i = 0; i < bytes; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

/* How long the file was when it was written; 0: the header does not know. */
static int64_t bytes_written(const unsigned char header[HEADER_BYTES])
{
    int64_t page_bytes = header_number(header + 16, 2);
    bool known = header_number(header + 24, 4) == header_number(header + 92, 4);
    return known ? header_number(header + 28, 4) * (page_bytes == 1 ? 65536 : page_bytes) : 0;
}

/* In plain words what is no backup at all, before a byte is copied. */
static enum status look_at(int file, const char *backup, struct error *error)
{
    static const char magic[] = "SQLite format 3"; /* and its NUL */
    unsigned char header[HEADER_BYTES] = {0};
    struct stat found;
    if (fstat(file, &found) != 0) {
        return fail(backup, error);
    }
    if (!S_ISREG(found.st_mode)) {
        return error_set(error, STATUS_CONFIGURATION, "%s: is %s", backup,
                         S_ISDIR(found.st_mode) ? "a folder: name a backup in it"
                                                : "no file: name a backup");
    }
    if (found.st_size == 0) {
        return error_set(error, STATUS_CORRUPT, "%s: is empty: take another backup", backup);
    }
    ssize_t count = pread(file, header, sizeof header, 0);
    if (count < 0) {
        return fail(backup, error);
    }
    size_t compared = (size_t)count < sizeof magic ? (size_t)count : sizeof magic;
    if (memcmp(header, magic, compared) != 0) {
        return error_set(error, STATUS_CONFIGURATION,
                         "%s: is no backup of the gateway: name another file, or unpack it first "
                         "when it is compressed",
                         backup);
    }
    if ((size_t)count < sizeof header || found.st_size < bytes_written(header)) {
        return error_set(error, STATUS_CORRUPT,
                         "%s: is cut short, only %lld bytes are there: copy it again, or take "
                         "another backup",
                         backup, (long long)found.st_size);
    }
    return STATUS_OK;
}

/* Whoever restores knows the backup; the copy is gone again, and no business of theirs. */
static enum status blame_backup(const struct restore *restore, const char *backup,
                                enum status status, struct error *error)
{
    size_t length = strlen(restore->copying);
    if (strncmp(error->text, restore->copying, length) == 0 &&
        strncmp(error->text + length, ": ", 2) == 0) {
        memmove(error->text, error->text + length + 2, strlen(error->text + length + 2) + 1);
    }
    return status == STATUS_CORRUPT
               ? error_wrap(error, status, "%s: is damaged inside: take another backup", backup)
               : error_wrap(error, status, "%s", backup);
}

/* A file whose copy would be made from itself proves nothing, and one of them would be lost. */
static enum status check_is_another(const struct restore *restore, int file, const char *backup,
                                    struct error *error)
{
    const char *const own[] = {restore->database, restore->copying};
    struct stat found, taken;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (fstat(file, &taken) == 0 && stat(own[i], &found) == 0 && found.st_dev == taken.st_dev &&
            found.st_ino == taken.st_ino) {
            return error_set(error, STATUS_CONFIGURATION, "%s: is %s: name a backup of it", backup,
                             i == 0 ? "the database itself" : "where the copy is made");
        }
    }
    return STATUS_OK;
}

/* What is proven is the copy that will be used, not the file that it came from. */
static enum status copy_and_prove(const struct restore *restore, const char *backup,
                                  struct store_facts *facts_r, struct error *error)
{
    int from = open(backup, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
        return error_set(error, STATUS_NOT_FOUND, "%s: %s: name a backup that can be read", backup,
                         strerror(errno));
    }
    enum status status = check_is_another(restore, from, backup, error);
    if (status == STATUS_OK && is_there(backup, "-wal")) {
        status = error_set(error, STATUS_CORRUPT,
                           "%s: a log (-wal) stands beside it: it is no finished backup", backup);
    }
    if (status == STATUS_OK) {
        status = look_at(from, backup, error);
    }
    if (status != STATUS_OK) {
        (void)close(from);
        return status;
    }
    int to = open(restore->copying, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (to >= 0) {
        give_to_gateway(restore, to);
    }
    status = to < 0 ? fail(restore->copying, error) : copy_bytes(from, to, backup, error);
    if (status == STATUS_OK) {
        status = check_digest(to, backup, error);
    }
    if (to >= 0) {
        (void)close(to);
    }
    (void)close(from);
    if (status == STATUS_OK) {
        status = store_check(restore->copying, STORE_CHECK_COPY, NULL, facts_r, error);
        status = status == STATUS_OK ? status : blame_backup(restore, backup, status, error);
    }
    if (status != STATUS_OK) {
        (void)unlink(restore->copying);
    }
    return status;
}

/* A folder of this restore's own, also within the second of another: what another has set aside is
 * not to be written over. */
static enum status make_aside(struct restore *restore, struct error *error)
{
    size_t length = strlen(restore->aside);
    for (int n = 2; mkdir(restore->aside, S_IRWXU) != 0; n++) {
        if (errno != EEXIST || n > ASIDE_TRIES_MAX) {
            return fail(restore->aside, error);
        }
        (void)snprintf(restore->aside + length, sizeof restore->aside - length, "-%d", n);
    }
    int folder = open(restore->aside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        give_to_gateway(restore, folder);
        (void)close(folder);
    }
    return STATUS_OK;
}

/* Nothing is opened: it may be damaged, and its log with it. */
static enum status set_aside(struct restore *restore, struct error *error)
{
    char from[BACKUP_PATH_BYTES_MAX], to[BACKUP_PATH_BYTES_MAX], name[BACKUP_PATH_BYTES_MAX];
    enum status status = STATUS_OK;
    bool any = false;
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0] && status == STATUS_OK; i++) {
        (void)snprintf(from, sizeof from, "%s%s", restore->database, suffixes[i]);
        if (access(from, F_OK) != 0) {
            continue;
        }
        if (!any) {
            status = make_aside(restore, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
        any = true;
        (void)snprintf(name, sizeof name, "%s", from);
        int wrote = snprintf(to, sizeof to, "%s/%s", restore->aside, basename(name));
        if (wrote < 0 || (size_t)wrote >= sizeof to || rename(from, to) != 0) {
            status = fail(from, error);
        }
    }
    if (!any) {
        restore->aside[0] = '\0';
    } else if (status == STATUS_OK) {
        status = folder_sync(restore->aside, error);
    }
    return status == STATUS_OK ? folder_sync(restore->folder, error) : status;
}

static enum status move(const struct restore *restore, const char *from, const char *to,
                        struct error *error)
{
    return rename(from, to) == 0 ? folder_sync(restore->folder, error) : fail(from, error);
}

/* From the first rename on, a start is refused; from the last one on, it finds the restored. */
static enum status exchange(struct restore *restore, struct error *error)
{
    enum status status = move(restore, restore->copying, restore->restoring, error);
    if (status == STATUS_OK) {
        status = set_aside(restore, error);
    }
    if (status == STATUS_OK) {
        status = engine_forget_commits(restore->gateways, error);
    }
    return status == STATUS_OK ? move(restore, restore->restoring, restore->database, error)
                               : status;
}

/* The folder's own lock, as its file of locks may not be there yet. */
static enum status lock_out_restores(struct restore *restore, struct error *error)
{
    restore->restores = open(restore->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (restore->restores < 0) {
        return errno == ENOENT ? error_set(error, STATUS_NOT_FOUND,
                                           "%s: the database's folder is not there: make it first",
                                           restore->folder)
                               : fail(restore->folder, error);
    }
    if (flock(restore->restores, LOCK_EX | LOCK_NB) == 0) {
        return STATUS_OK;
    }
    return errno == EWOULDBLOCK
               ? error_set(error, STATUS_UNAVAILABLE,
                           "%s: another program holds a lock on this folder, most likely another "
                           "restore; wait until it ends",
                           restore->folder)
               : fail(restore->folder, error);
}

static enum status lock_out_gateways(struct restore *restore, struct error *error)
{
    enum status status = engine_lock_out(restore->database, &restore->gateways, error);
    if (status == STATUS_OK) {
        give_to_gateway(restore, restore->gateways);
    }
    return status;
}

/* Where no gateway ever ran its lock is only made once the copy is proven: a restore that is
 * refused leaves nothing. */
static enum status run(struct restore *restore, const char *backup, struct store_facts *facts_r,
                       struct error *error)
{
    enum status status = lock_out_restores(restore, error);
    bool is_known = is_there(restore->database, NOTES_SUFFIX);
    if (status == STATUS_OK && is_known) {
        status = lock_out_gateways(restore, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = copy_and_prove(restore, backup, facts_r, error);
    if (status == STATUS_OK && !is_known) {
        status = lock_out_gateways(restore, error);
        if (status != STATUS_OK) {
            (void)unlink(restore->copying);
        }
    }
    return status == STATUS_OK ? exchange(restore, error) : status;
}

enum status restore_run(const char *backup, const char *database, struct wall_time now,
                        struct restored *restored_r, struct error *error)
{
    struct restore restore = {.database = database, .restores = -1, .gateways = -1};
    struct store_facts facts;
    enum status status = prepare(&restore, now, error);
    if (status == STATUS_OK) {
        status = run(&restore, backup, &facts, error);
    }
    if (restore.gateways >= 0) {
        (void)close(restore.gateways);
    }
    if (restore.restores >= 0) {
        (void)close(restore.restores);
    }
    if (status == STATUS_OK) {
        char digits[HEX_TEXT_BYTES(DIGEST_BYTES)];
        digits_in_name(backup, digits);
        restored_r->digest_known = digits[0] != '\0';
        restored_r->facts = facts;
        memcpy(restored_r->aside, restore.aside, sizeof restored_r->aside);
    }
    return status;
}

/* A database that is there, and that no gateway works with as long as the lock is open. */
static enum status lock_database(const char *database, int *lock_r, struct error *error)
{
    struct restore restore = {.database = database};
    enum status status = engine_check_place(database, error);
    if (status == STATUS_OK && !is_there(database, "")) {
        status = error_set(error, STATUS_NOT_FOUND, "%s: there is no database yet", database);
    }
    if (status == STATUS_OK) {
        status = prepare(&restore, (struct wall_time){0}, error);
    }
    if (status == STATUS_OK) {
        status = engine_lock_out(database, lock_r, error);
    }
    if (status == STATUS_OK) {
        give_to_gateway(&restore, *lock_r);
    }
    return status;
}

enum status restore_rebuild_search(const char *database, bool *vacuumed_r, struct error *error)
{
    int lock;
    enum status status = lock_database(database, &lock, error);
    if (status == STATUS_OK) {
        status = engine_check_commits(database, lock, error);
        if (status == STATUS_OK) {
            status = store_rebuild_search(database, NULL, vacuumed_r, error);
        }
        (void)close(lock);
    }
    return status;
}

enum status restore_check_database(const char *database, struct store_facts *facts_r,
                                   struct error *error)
{
    int lock;
    enum status status = lock_database(database, &lock, error);
    if (status == STATUS_OK) {
        status = engine_check_commits(database, lock, error);
        if (status != STATUS_REMOVED) {
            status = store_check(database, STORE_CHECK_DATABASE, NULL, facts_r, error);
        }
        (void)close(lock);
    }
    return status;
}
