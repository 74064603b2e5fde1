#include "tests/unit/failing_reads.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include <sqlite3.h>

static unsigned reads_left; /* until one fails; 0: none will */
static int64_t bad_offset = -1;
static unsigned bad_reads;

static ssize_t read_or_fail(int file, void *buffer, size_t bytes, off_t offset)
{
    bool bad = bad_offset >= offset && bad_offset < offset + (off_t)bytes;
    bad_reads += bad;
    if (bad || (reads_left > 0 && --reads_left == 0)) {
        errno = EIO;
        return -1;
    }
    return pread(file, buffer, bytes, offset);
}

/* SQLite keeps the names of the calls apart by the width of an offset. */
static void install(void)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find("unix");
    assert(vfs != NULL);
    int one = vfs->xSetSystemCall(vfs, "pread", (sqlite3_syscall_ptr)read_or_fail);
    int other = vfs->xSetSystemCall(vfs, "pread64", (sqlite3_syscall_ptr)read_or_fail);
    assert(one == SQLITE_OK || other == SQLITE_OK);
    (void)one;
    (void)other;
}

void failing_reads_start(unsigned nth)
{
    install();
    reads_left = nth;
}

bool failing_reads_stop(void)
{
    bool fired = reads_left == 0;
    reads_left = 0;
    return fired;
}

void failing_reads_at(int64_t offset)
{
    install();
    bad_offset = offset;
    bad_reads = 0;
}

unsigned failing_reads_heal(void)
{
    bad_offset = -1;
    return bad_reads;
}
