#include "tests/unit/store/faulty_vfs.h"

#include <stddef.h>
#include <sqlite3.h>
#include <string.h>

/* A file of ours, with SQLite's behind it in the same memory. */
struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static sqlite3_vfs vfs;
static enum fault_call armed_call;
static int countdown; /* 0: nothing is armed */
static int armed_rc;
static int armed_errno;
static bool fired;

void faulty_vfs_arm(enum fault_call call, int nth, int rc)
{
    armed_call = call;
    countdown = nth;
    armed_rc = rc;
    fired = false;
}

void faulty_vfs_set_errno(int system_errno)
{
    armed_errno = system_errno;
}

bool faulty_vfs_fired(void)
{
    return fired;
}

static bool fails(enum fault_call call)
{
    if (countdown == 0 || (armed_call != FAULT_WRITE_OR_SYNC && armed_call != call)) {
        return false;
    }
    fired = --countdown == 0;
    return fired;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct faulty_file *)file)->real;
}

static int file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, count, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    if (fails(FAULT_WRITE)) {
        return armed_rc;
    }
    return real_of(file)->pMethods->xWrite(real_of(file), bytes, count, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    if (fails(FAULT_SYNC)) {
        return armed_rc;
    }
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size_r)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size_r);
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *held_r)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), held_r);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    if (operation == SQLITE_FCNTL_LAST_ERRNO && armed_errno != 0) {
        *(int *)argument = armed_errno;
        return SQLITE_OK;
    }
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int region, int bytes, int extend, void volatile **map)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), region, bytes, extend, map);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int faulty_open(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
                       int *flags_r)
{
    sqlite3_vfs *system = self->pAppData;
    struct faulty_file *faulty = (struct faulty_file *)file;
    faulty->base.pMethods = NULL;
    faulty->real = (sqlite3_file *)(faulty + 1);
    int rc = system->xOpen(system, name, faulty->real, flags, flags_r);
    if (faulty->real->pMethods != NULL) {
        faulty->base.pMethods = &methods;
    }
    return rc;
}

void faulty_vfs_register(void)
{
    if (vfs.zName != NULL) {
        return;
    }
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    memcpy(&vfs, system, sizeof vfs);
    vfs.pNext = NULL;
    vfs.zName = FAULTY_VFS;
    vfs.szOsFile = (int)sizeof(struct faulty_file) + system->szOsFile;
    vfs.pAppData = system;
    vfs.xOpen = faulty_open;
    (void)sqlite3_vfs_register(&vfs, 0);
}
