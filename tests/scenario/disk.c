#include "tests/scenario/disk.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenario/box.h"

#define FILES_MAX        8
#define NAME_BYTES_MAX   256
#define SECTOR_BYTES     512
#define REGIONS_MAX      64
#define SHM_LOCKS        SQLITE_SHM_NLOCK
#define SIMULATED_JULIAN INT64_C(212630400000000) /* any fixed day: no row's time comes from it */

struct bytes {
    uint8_t *data;
    size_t count;
    size_t room;
};

/* A write that was not synced yet; its bytes lie in the file's `unsynced`. count 0: the file was
 * cut to `offset`. */
struct change {
    size_t offset;
    size_t count;
    size_t place;
};

struct file {
    char name[NAME_BYTES_MAX]; /* "": free */
    char kept_name[NAME_BYTES_MAX];
    struct bytes now; /* as the process reads it */
    struct bytes synced;
    struct bytes kept;
    bool is_kept;
    struct bytes unsynced;
    struct change *changes;
    size_t changes_count;
    size_t changes_room;
    int opened;
    int shared; /* locks */
    const void *reserved;
    const void *exclusive;
    void *regions[REGIONS_MAX]; /* the log's index: memory of the processes, gone with them */
    int region_bytes;
    int shm_shared[SHM_LOCKS];
    const void *shm_exclusive[SHM_LOCKS];
};

/* An open file, in memory that SQLite gives. */
struct handle {
    sqlite3_file base;
    struct file *file;
    int lock;
    unsigned shm_shared; /* a bit for each lock held */
    unsigned shm_exclusive;
    bool delete_on_close;
    bool watches;
};

static struct file files[FILES_MAX];
static disk_hook *call_hook;
static void *call_context;
static uint64_t capacity;
static uint64_t random_state;
static uint64_t changes_seen;

static int ask(const struct handle *handle, enum disk_call call)
{
    return call_hook == NULL || handle->watches ? SQLITE_OK : call_hook(call_context, call);
}

/* ---- bytes ---- */

static void bytes_reserve(struct bytes *bytes, size_t room)
{
    if (room > bytes->room) {
        size_t larger = bytes->room == 0 ? 65536 : bytes->room;
        while (larger < room) {
            larger *= 2;
        }
        uint8_t *data = realloc(bytes->data, larger);
        if (data == NULL) {
            box_die("no memory for the disk");
        }
        bytes->data = data;
        bytes->room = larger;
    }
}

/* Grows with zeros. */
static void bytes_resize(struct bytes *bytes, size_t count)
{
    bytes_reserve(bytes, count);
    if (count > bytes->count) {
        memset(bytes->data + bytes->count, 0, count - bytes->count);
    }
    bytes->count = count;
}

static void bytes_write(struct bytes *bytes, size_t offset, const void *data, size_t count)
{
    if (offset + count > bytes->count) {
        bytes_resize(bytes, offset + count);
    }
    memcpy(bytes->data + offset, data, count);
}

static void bytes_copy(struct bytes *to, const struct bytes *from)
{
    bytes_reserve(to, from->count);
    to->count = from->count;
    if (from->count > 0) {
        memcpy(to->data, from->data, from->count);
    }
}

static void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    memset(bytes, 0, sizeof *bytes);
}

/* ---- files ---- */

static struct file *find_file(const char *name)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (files[i].name[0] != '\0' && strcmp(files[i].name, name) == 0) {
            return &files[i];
        }
    }
    return NULL;
}

static struct file *make_file(const char *name)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (files[i].name[0] == '\0' && files[i].opened == 0) {
            (void)snprintf(files[i].name, sizeof files[i].name, "%s", name);
            return &files[i];
        }
    }
    box_die("more than %d files on the disk", FILES_MAX);
}

static void free_regions(struct file *file)
{
    for (size_t i = 0; i < REGIONS_MAX; i++) {
        free(file->regions[i]);
        file->regions[i] = NULL;
    }
}

static void remove_file(struct file *file)
{
    bytes_free(&file->now);
    bytes_free(&file->synced);
    bytes_free(&file->unsynced);
    free(file->changes);
    file->changes = NULL;
    file->changes_count = file->changes_room = 0;
    free_regions(file);
    file->name[0] = '\0';
}

static struct change *add_change(struct file *file)
{
    changes_seen++;
    if (file->changes_count == file->changes_room) {
        file->changes_room = file->changes_room == 0 ? 256 : 2 * file->changes_room;
        struct change *changes = realloc(file->changes, file->changes_room * sizeof *changes);
        if (changes == NULL) {
            box_die("no memory for the disk");
        }
        file->changes = changes;
    }
    return &file->changes[file->changes_count++];
}

static void apply(struct bytes *to, const struct file *file, const struct change *change)
{
    if (change->count == 0) {
        bytes_resize(to, change->offset);
    } else {
        bytes_write(to, change->offset, file->unsynced.data + change->place, change->count);
    }
}

/* Some of its sectors reach the disk, others do not. */
static void apply_torn(struct bytes *to, const struct file *file, const struct change *change,
                       uint64_t *random)
{
    for (size_t done = 0; done < change->count;) {
        size_t some = SECTOR_BYTES - (change->offset + done) % SECTOR_BYTES;
        some = some < change->count - done ? some : change->count - done;
        if (box_draw(random, 2) == 0) {
            bytes_write(to, change->offset + done, file->unsynced.data + change->place + done,
                        some);
        }
        done += some;
    }
}

static void sync_file(struct file *file)
{
    for (size_t i = 0; i < file->changes_count; i++) {
        apply(&file->synced, file, &file->changes[i]);
    }
    file->changes_count = 0;
    file->unsynced.count = 0;
}

static bool is_log(const struct file *file)
{
    size_t length = strlen(file->name);
    return length > 4 && strcmp(file->name + length - 4, "-wal") == 0;
}

static void keep_file(struct file *file, enum disk_loss loss, uint64_t *random)
{
    file->is_kept = true;
    memcpy(file->kept_name, file->name, sizeof file->name);
    if (loss == DISK_KEEPS_ALL || (loss == DISK_FORGETS_LOG && !is_log(file))) {
        bytes_copy(&file->kept, &file->now);
        return;
    }
    if (loss == DISK_FORGETS_LOG) {
        bytes_resize(&file->kept, 0);
        return;
    }
    bytes_copy(&file->kept, &file->synced);
    for (size_t i = 0; i < file->changes_count && loss == DISK_TEARS; i++) {
        uint64_t what = box_draw(random, 3);
        if (what == 0) {
            apply(&file->kept, file, &file->changes[i]);
        } else if (what == 1) {
            apply_torn(&file->kept, file, &file->changes[i], random);
        }
    }
}

void disk_keep(enum disk_loss loss, uint64_t *random)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        files[i].is_kept = false;
        if (files[i].name[0] != '\0') {
            keep_file(&files[i], loss, random);
        }
    }
}

void disk_restore(void)
{
    changes_seen++;
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct file *file = &files[i];
        assert(file->opened == 0);
        if (!file->is_kept) {
            remove_file(file);
            continue;
        }
        memcpy(file->name, file->kept_name, sizeof file->name);
        file->is_kept = false;
        free_regions(file);
        struct bytes before = file->now;
        file->now = file->kept;
        file->kept = before;
        bytes_copy(&file->synced, &file->now);
        file->changes_count = 0;
        file->unsynced.count = 0;
    }
}

uint64_t disk_used(void)
{
    uint64_t used = 0;
    for (size_t i = 0; i < FILES_MAX; i++) {
        used += files[i].name[0] != '\0' ? files[i].now.count : 0;
    }
    return used;
}

uint64_t disk_changes(void)
{
    return changes_seen;
}

void disk_set_capacity(uint64_t bytes)
{
    capacity = bytes;
}

void disk_on_call(disk_hook *hook, void *context)
{
    call_hook = hook;
    call_context = context;
}

/* ---- an open file ---- */

static int on_read(sqlite3_file *base, void *data, int count, sqlite3_int64 offset)
{
    const struct handle *handle = (struct handle *)base;
    const struct file *file = handle->file;
    int rc = ask(handle, DISK_READ);
    if (rc != SQLITE_OK) {
        return rc;
    }
    size_t from = (size_t)offset, wanted = (size_t)count;
    size_t there = from >= file->now.count           ? 0
                   : file->now.count - from < wanted ? file->now.count - from
                                                     : wanted;
    if (there > 0) {
        memcpy(data, file->now.data + from, there);
    }
    memset((uint8_t *)data + there, 0, wanted - there);
    return there == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *base, const void *data, int count, sqlite3_int64 offset)
{
    const struct handle *handle = (struct handle *)base;
    struct file *file = handle->file;
    int rc = ask(handle, DISK_WRITE);
    if (rc != SQLITE_OK) {
        return rc;
    }
    size_t at = (size_t)offset, bytes = (size_t)count;
    if (capacity > 0 && at + bytes > file->now.count &&
        disk_used() + (at + bytes - file->now.count) > capacity) {
        return SQLITE_FULL;
    }
    bytes_write(&file->now, at, data, bytes);
    *add_change(file) =
        (struct change){.offset = at, .count = bytes, .place = file->unsynced.count};
    bytes_write(&file->unsynced, file->unsynced.count, data, bytes);
    return SQLITE_OK;
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    const struct handle *handle = (struct handle *)base;
    struct file *file = handle->file;
    int rc = ask(handle, DISK_TRUNCATE);
    if (rc == SQLITE_OK) {
        bytes_resize(&file->now, (size_t)size);
        *add_change(file) = (struct change){.offset = (size_t)size};
    }
    return rc;
}

static int on_sync(sqlite3_file *base, int flags)
{
    (void)flags;
    const struct handle *handle = (struct handle *)base;
    int rc = ask(handle, DISK_SYNC);
    if (rc == SQLITE_OK) {
        sync_file(handle->file);
    }
    return rc;
}

static int on_size(sqlite3_file *base, sqlite3_int64 *size_r)
{
    *size_r = (sqlite3_int64)((struct handle *)base)->file->now.count;
    return SQLITE_OK;
}

/* ---- locks: SQLite's five levels (sqlite.org/lockingv3.html) ---- */

static int on_lock(sqlite3_file *base, int level)
{
    struct handle *handle = (struct handle *)base;
    struct file *file = handle->file;
    if (level <= handle->lock) {
        return SQLITE_OK;
    }
    if (file->exclusive != NULL && file->exclusive != handle) {
        return SQLITE_BUSY;
    }
    if (level >= SQLITE_LOCK_RESERVED && file->reserved != NULL && file->reserved != handle) {
        return SQLITE_BUSY;
    }
    bool counted = handle->lock >= SQLITE_LOCK_SHARED;
    if (level >= SQLITE_LOCK_PENDING && file->shared > (counted ? 1 : 0)) {
        return SQLITE_BUSY;
    }
    file->shared += !counted;
    if (level >= SQLITE_LOCK_RESERVED) {
        file->reserved = handle;
    }
    if (level >= SQLITE_LOCK_PENDING) {
        file->exclusive = handle;
    }
    handle->lock = level;
    return SQLITE_OK;
}

static int on_unlock(sqlite3_file *base, int level)
{
    struct handle *handle = (struct handle *)base;
    struct file *file = handle->file;
    if (level >= handle->lock) {
        return SQLITE_OK;
    }
    if (file->exclusive == handle) {
        file->exclusive = NULL;
    }
    if (file->reserved == handle) {
        file->reserved = NULL;
    }
    file->shared -= level == SQLITE_LOCK_NONE;
    handle->lock = level;
    return SQLITE_OK;
}

static int on_check_lock(sqlite3_file *base, int *held_r)
{
    *held_r = ((struct handle *)base)->file->reserved != NULL;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *base, int operation, void *argument)
{
    (void)base;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int on_sector_size(sqlite3_file *base)
{
    (void)base;
    return SECTOR_BYTES;
}

static int on_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- the log's index, shared memory ---- */

static int on_shm_map(sqlite3_file *base, int region, int bytes, int extend, void volatile **map_r)
{
    struct file *file = ((struct handle *)base)->file;
    if (region >= REGIONS_MAX) {
        return SQLITE_IOERR_SHMMAP;
    }
    if (file->regions[region] == NULL && extend) {
        file->regions[region] = calloc(1, (size_t)bytes);
    }
    *map_r = file->regions[region];
    return SQLITE_OK;
}

static int on_shm_lock(sqlite3_file *base, int first, int count, int flags)
{
    struct handle *handle = (struct handle *)base;
    struct file *file = handle->file;
    for (int i = first; i < first + count; i++) {
        bool other = file->shm_exclusive[i] != NULL && file->shm_exclusive[i] != handle;
        int mine = (int)(handle->shm_shared >> i & 1u);
        bool readers = file->shm_shared[i] > mine;
        if ((flags & SQLITE_SHM_LOCK) && (other || ((flags & SQLITE_SHM_EXCLUSIVE) && readers))) {
            return SQLITE_BUSY;
        }
    }
    for (int i = first; i < first + count; i++) {
        unsigned bit = 1u << i;
        if (flags & SQLITE_SHM_UNLOCK) {
            file->shm_shared[i] -= (int)(handle->shm_shared >> i & 1u);
            handle->shm_shared &= ~bit;
            if (file->shm_exclusive[i] == handle) {
                file->shm_exclusive[i] = NULL;
            }
        } else if (flags & SQLITE_SHM_EXCLUSIVE) {
            file->shm_exclusive[i] = handle;
        } else {
            file->shm_shared[i] += !(handle->shm_shared & bit);
            handle->shm_shared |= bit;
        }
    }
    return SQLITE_OK;
}

static void on_shm_barrier(sqlite3_file *base)
{
    (void)base;
}

static int on_shm_unmap(sqlite3_file *base, int delete_it)
{
    if (delete_it) {
        free_regions(((struct handle *)base)->file);
    }
    return SQLITE_OK;
}

static int on_close(sqlite3_file *base)
{
    struct handle *handle = (struct handle *)base;
    (void)on_unlock(base, SQLITE_LOCK_NONE);
    (void)on_shm_lock(base, 0, SHM_LOCKS, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
    handle->file->opened--;
    if (handle->delete_on_close) {
        remove_file(handle->file);
    }
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

/* ---- the file system ---- */

static int on_open(sqlite3_vfs *self, const char *name, sqlite3_file *base, int flags, int *flags_r)
{
    static unsigned nameless;
    struct handle *handle = (struct handle *)base;
    char temporary[32];
    memset(handle, 0, sizeof *handle);
    handle->watches = strcmp(self->zName, DISK_VFS_WATCHER) == 0;
    int rc = ask(handle, DISK_OPEN);
    if (rc != SQLITE_OK) {
        return rc;
    }
    if (name == NULL) {
        (void)snprintf(temporary, sizeof temporary, "temporary-%u", nameless++);
        name = temporary;
    }
    struct file *file = find_file(name);
    if (file == NULL && (flags & SQLITE_OPEN_CREATE) == 0) {
        return SQLITE_CANTOPEN;
    }
    handle->file = file != NULL ? file : make_file(name);
    handle->file->opened++;
    handle->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    handle->base.pMethods = &methods;
    if (flags_r != NULL) {
        *flags_r = flags;
    }
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *self, const char *name, int sync_folder)
{
    (void)self;
    (void)sync_folder;
    struct file *file = find_file(name);
    if (file == NULL) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    remove_file(file);
    return SQLITE_OK;
}

static int on_access(sqlite3_vfs *self, const char *name, int flags, int *there_r)
{
    (void)self;
    const struct file *file = find_file(name);
    /* As SQLite's own does: an empty file is as good as none. */
    *there_r = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->now.count > 0);
    return SQLITE_OK;
}

static int on_full_name(sqlite3_vfs *self, const char *name, int bytes, char *full_r)
{
    (void)self;
    (void)snprintf(full_r, (size_t)bytes, "%s", name);
    return SQLITE_OK;
}

static int on_randomness(sqlite3_vfs *self, int bytes, char *data)
{
    (void)self;
    for (int i = 0; i < bytes; i++) {
        data[i] = (char)box_draw(&random_state, 256);
    }
    return bytes;
}

static int on_sleep(sqlite3_vfs *self, int microseconds)
{
    (void)self;
    return microseconds;
}

static int on_time(sqlite3_vfs *self, sqlite3_int64 *julian_r)
{
    (void)self;
    *julian_r = SIMULATED_JULIAN;
    return SQLITE_OK;
}

/* SQLite's signature. NOLINTNEXTLINE(readability-non-const-parameter) */
static int on_last_error(sqlite3_vfs *self, int bytes, char *text)
{
    (void)self;
    (void)bytes;
    (void)text;
    return 0;
}

void disk_format(uint64_t seed)
{
    static sqlite3_vfs vfs = {
        .iVersion = 2,
        .szOsFile = sizeof(struct handle),
        .mxPathname = NAME_BYTES_MAX,
        .zName = DISK_VFS,
        .xOpen = on_open,
        .xDelete = on_delete,
        .xAccess = on_access,
        .xFullPathname = on_full_name,
        .xRandomness = on_randomness,
        .xSleep = on_sleep,
        .xGetLastError = on_last_error,
        .xCurrentTimeInt64 = on_time,
    };
    static sqlite3_vfs watcher;
    disk_erase();
    random_state = seed;
    (void)sqlite3_vfs_register(&vfs, 1);
    if (watcher.zName == NULL) {
        watcher = vfs;
        watcher.zName = DISK_VFS_WATCHER;
        watcher.pNext = NULL;
        (void)sqlite3_vfs_register(&watcher, 0);
    }
    sqlite3_randomness(0, NULL); /* begins anew, from the seed */
}

void disk_erase(void)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        assert(files[i].opened == 0);
        remove_file(&files[i]);
        bytes_free(&files[i].kept);
        files[i].is_kept = false;
    }
    call_hook = NULL;
    capacity = 0;
}
