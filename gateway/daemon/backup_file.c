/* backup_file.c - makes one backup: temporary name, copy, check, synchronise, name. */
#include "gateway/daemon/backup_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "gateway/base/encoding.h"
#include "gateway/base/text.h"

#define STAMP_LENGTH  16 /* 20261128T021500Z */
#define DIGEST_DIGITS 16
#define MIB           (INT64_C(1) << 20)

/* ---- names ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

void stamp_format(struct wall_time time, char stamp_r[STAMP_BYTES_MAX])
{
    char text[RFC3339_BYTES_MAX];
    size_t used = 0;
    wall_time_format(time, text);
    for (const char *at = text; *at != '.' && *at != '\0' && used < STAMP_LENGTH; at++) {
        if (*at != '-' && *at != ':') {
            stamp_r[used++] = *at;
        }
    }
    (void)snprintf(stamp_r + used, STAMP_BYTES_MAX - used, "Z");
}

/* "-20261128T021500Z-0123456789abcdef", to its end. */
static bool is_tail(const char *tail)
{
    static const char form[] = "-ddddddddTddddddZ-xxxxxxxxxxxxxxxx";
    if (strlen(tail) != sizeof form - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof form - 1; i++) {
        const char *allowed = form[i] == 'd'   ? "0123456789"
                              : form[i] == 'x' ? "0123456789abcdef"
                                               : NULL;
        if (allowed != NULL ? strchr(allowed, tail[i]) == NULL : tail[i] != form[i]) {
            return false;
        }
    }
    return true;
}

#define TAIL_LENGTH (1 + STAMP_LENGTH + 1 + DIGEST_DIGITS)

const char *backup_digest_in_name(const char *name)
{
    size_t length = strlen(name);
    bool is_backup = length > TAIL_LENGTH && is_tail(name + length - TAIL_LENGTH);
    return is_backup ? name + length - DIGEST_DIGITS : NULL;
}

/* Whether it is a backup of this database. */
static bool is_ours(const struct backup_place *place, const char *name)
{
    const char *base = base_name(place->database);
    size_t length = strlen(base);
    return strncmp(name, base, length) == 0 && is_tail(name + length);
}

static enum status in_folder(const struct backup_place *place, char path_r[BACKUP_PATH_BYTES_MAX],
                             const char *prefix, const char *name, struct error *error)
{
    int wrote = snprintf(path_r, BACKUP_PATH_BYTES_MAX, "%s/%s%s", place->folder, prefix, name);
    return wrote > 0 && wrote < BACKUP_PATH_BYTES_MAX
               ? STATUS_OK
               : error_set(error, STATUS_CONFIGURATION, "[gateway] backup_folder: too long");
}

static enum status partial_path(const struct backup_place *place,
                                char path_r[BACKUP_PATH_BYTES_MAX], struct error *error)
{
    return in_folder(place, path_r, ".partial-", base_name(place->database), error);
}

void backup_remove_partial(const struct backup_place *place)
{
    char path[BACKUP_PATH_BYTES_MAX];
    if (partial_path(place, path, NULL) == STATUS_OK) {
        (void)unlink(path);
    }
}

enum status folder_sync(const char *folder, struct error *error)
{
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = file >= 0 && fsync(file) == 0;
    int failure = errno;
    if (file >= 0) {
        (void)close(file);
    }
    return ok ? STATUS_OK : error_set(error, STATUS_IO, "%s: %s", folder, strerror(failure));
}

/* ---- how many there are ---- */

/* Counts our backups; the oldest and the newest of them by name. Texts stay as they are when there
 * is none. */
static int64_t survey(const struct backup_place *place, char oldest_r[BACKUP_NAME_BYTES_MAX],
                      char newest_r[BACKUP_NAME_BYTES_MAX])
{
    int64_t count = 0;
    DIR *folder = opendir(place->folder);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (!is_ours(place, entry->d_name)) {
            continue;
        }
        if (count == 0 || strcmp(entry->d_name, oldest_r) < 0) {
            (void)text_copy(oldest_r, BACKUP_NAME_BYTES_MAX, entry->d_name);
        }
        if (count == 0 || strcmp(entry->d_name, newest_r) > 0) {
            (void)text_copy(newest_r, BACKUP_NAME_BYTES_MAX, entry->d_name);
        }
        count++;
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return count;
}

int64_t backup_newest_s(const struct backup_place *place)
{
    char oldest[BACKUP_NAME_BYTES_MAX] = "", newest[BACKUP_NAME_BYTES_MAX] = "";
    char text[RFC3339_BYTES_MAX];
    struct wall_time time;
    if (survey(place, oldest, newest) == 0) {
        return 0;
    }
    const char *stamp = newest + strlen(newest) - TAIL_LENGTH + 1;
    (void)snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", stamp, stamp + 4, stamp + 6,
                   stamp + 9, stamp + 11, stamp + 13);
    return wall_time_parse(text, &time) == STATUS_OK ? time.ms / 1000 : 0;
}

/* The new one stays, also when the clock was set back and it has the oldest name. */
static void forget_oldest(const struct backup_place *place, const char *made)
{
    char oldest[BACKUP_NAME_BYTES_MAX] = "", newest[BACKUP_NAME_BYTES_MAX] = "";
    char path[BACKUP_PATH_BYTES_MAX];
    while (survey(place, oldest, newest) > place->kept && strcmp(oldest, made) != 0 &&
           in_folder(place, path, "", oldest, NULL) == STATUS_OK && unlink(path) == 0) {
    }
}

/* ---- making one ---- */

struct making {
    const struct backup_place *place;
    const struct store_watch *pace;
    int file; /* the copy, to be synchronised piece by piece */
};

static int64_t bytes_of(const char *database, const char *suffix)
{
    char path[BACKUP_PATH_BYTES_MAX];
    struct stat found;
    (void)snprintf(path, sizeof path, "%s%s", database, suffix);
    return stat(path, &found) == 0 ? (int64_t)found.st_size : 0;
}

/* Room for so many more bytes, and what the gateway needs besides. */
static enum status check_room(const struct backup_place *place, int64_t bytes, struct error *error)
{
    struct statvfs room;
    if (statvfs(place->folder, &room) != 0) {
        return error_set(error, STATUS_IO, "%s: %s", place->folder, strerror(errno));
    }
    int64_t free_bytes = (int64_t)room.f_bavail * (int64_t)room.f_frsize;
    if (free_bytes - bytes >= place->free_bytes_min) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_DISK_FULL,
                     "too little room for a backup in %s: %lld MiB are free, it needs %lld MiB and "
                     "%lld MiB must be left: make room, or name another backup_folder",
                     place->folder, (long long)(free_bytes / MIB), (long long)(bytes / MIB),
                     (long long)(place->free_bytes_min / MIB));
}

/* Small pieces reach the disk as they come: a large one at the end would hold up the writer's own
 * synchronisation. */
static enum status look_at_copy(void *context, int64_t done, int64_t total, struct error *error)
{
    struct making *making = context;
    const struct backup_place *place = making->place;
    int64_t log_bytes = bytes_of(place->database, "-wal");
    if (fdatasync(making->file) != 0) {
        return error_set(error, errno == ENOSPC ? STATUS_DISK_FULL : STATUS_IO,
                         "synchronising the backup: %s", strerror(errno));
    }
    if (log_bytes > place->log_bytes_max) {
        return error_set(error, STATUS_UNAVAILABLE,
                         "the backup gave way to the writer, whose log grew to %lld MiB meanwhile: "
                         "try again when it is calmer",
                         (long long)(log_bytes / MIB));
    }
    enum status status = check_room(place, 0, error);
    return status == STATUS_OK ? making->pace->look(making->pace->context, done, total, error)
                               : status;
}

static bool may_go_on(void *context)
{
    const struct making *making = context;
    struct error ignored;
    return making->pace->look(making->pace->context, 0, 0, &ignored) == STATUS_OK;
}

static enum status make_folder(const struct backup_place *place, struct error *error)
{
    if (mkdir(place->folder, S_IRWXU) == 0) {
        char path[BACKUP_PATH_BYTES_MAX];
        (void)snprintf(path, sizeof path, "%s", place->folder);
        return folder_sync(dirname(path), error); /* what is in it lasts as long as its name */
    }
    return errno == EEXIST
               ? STATUS_OK
               : error_set(error, STATUS_CONFIGURATION, "[gateway] backup_folder: %s: %s",
                           place->folder, strerror(errno));
}

/* Fills the partial file and proves it. */
static enum status fill(struct making *making, const char *partial, struct backup_result *result,
                        struct error *error)
{
    const struct store_watch watch = {look_at_copy, making};
    enum status status = store_backup(making->place->database, NULL, partial, &watch, error);
    if (status == STATUS_OK && fsync(making->file) != 0) {
        status = error_set(error, STATUS_IO, "synchronising the backup: %s", strerror(errno));
    }
    if (status == STATUS_OK) {
        status = store_check(partial, STORE_CHECK_COPY, making->pace, &result->facts, error);
    }
    if (status == STATUS_OK) {
        status = digest_sha256_file(making->file, may_go_on, making, &result->digest,
                                    &result->bytes, error);
    }
    return status;
}

static enum status give_name(const struct backup_place *place, const char *partial,
                             struct wall_time now, struct backup_result *result,
                             struct error *error)
{
    char path[BACKUP_PATH_BYTES_MAX], stamp[STAMP_BYTES_MAX];
    char digits[HEX_TEXT_BYTES(DIGEST_DIGITS / 2)];
    stamp_format(now, stamp);
    hex_encode(result->digest.bytes, DIGEST_DIGITS / 2, digits);
    int wrote = snprintf(result->name, sizeof result->name, "%s-%s-%s", base_name(place->database),
                         stamp, digits);
    enum status status = wrote > 0 && (size_t)wrote < sizeof result->name
                             ? in_folder(place, path, "", result->name, error)
                             : error_set(error, STATUS_CONFIGURATION,
                                         "[gateway] database: its "
                                         "name is too long");
    if (status == STATUS_OK && rename(partial, path) != 0) {
        status = error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
    }
    return status == STATUS_OK ? folder_sync(place->folder, error) : status;
}

enum status backup_make(const struct backup_place *place, struct wall_time now,
                        const struct store_watch *pace, struct backup_result *result_r,
                        struct error *error)
{
    char partial[BACKUP_PATH_BYTES_MAX];
    struct making making = {.place = place, .pace = pace, .file = -1};
    struct backup_result result = {.bytes = 0};
    enum status status = make_folder(place, error);
    if (status == STATUS_OK) {
        status = partial_path(place, partial, error);
    }
    if (status == STATUS_OK) {
        backup_remove_partial(place);
        status = check_room(
            place, bytes_of(place->database, "") + bytes_of(place->database, "-wal"), error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    making.file = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (making.file < 0) {
        return error_set(error, STATUS_CONFIGURATION, "[gateway] backup_folder: %s: %s",
                         place->folder, strerror(errno));
    }
    status = fill(&making, partial, &result, error);
    (void)close(making.file);
    if (status == STATUS_OK) {
        status = give_name(place, partial, now, &result, error);
    }
    if (status != STATUS_OK) {
        backup_remove_partial(place);
        return status;
    }
    forget_oldest(place, result.name);
    *result_r = result;
    return STATUS_OK;
}
