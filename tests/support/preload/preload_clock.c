/* preload_clock.c - the machine's clocks as a test wants them, in a real process. Loaded by
 * LD_PRELOAD, it adds what stands in the file named by ASTREINTE_CLOCK_FILE, which the test changes
 * while the process runs. astreinte_test.Clock is its other half.
 *
 * A step moves the wall alone. A suspend moves the wall and CLOCK_BOOTTIME; CLOCK_MONOTONIC stands
 * still meanwhile, as the kernel's does, and so does every time-out in the process. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

/* Each is written at once, so that no reader sees half a change. */
struct clock_file {
    _Atomic int64_t stepped_ms;
    _Atomic int64_t suspended_ms;
};

static struct clock_file unmoved;
static struct clock_file *moved = &unmoved;

__attribute__((constructor)) static void open_clock_file(void)
{
    const char *path = getenv("ASTREINTE_CLOCK_FILE");
    if (path == NULL) {
        return;
    }
    int handle = open(path, O_RDWR | O_CLOEXEC);
    void *mapped =
        handle < 0 ? MAP_FAILED : mmap(NULL, sizeof *moved, PROT_READ, MAP_SHARED, handle, 0);
    if (mapped == MAP_FAILED) {
        abort(); /* a test that asked for a clock must not go on without it */
    }
    (void)close(handle);
    moved = mapped;
}

static int64_t offset_ms(clockid_t id)
{
    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        return atomic_load(&moved->stepped_ms) + atomic_load(&moved->suspended_ms);
    case CLOCK_BOOTTIME:
        return atomic_load(&moved->suspended_ms);
    default:
        return 0;
    }
}

/* The kernel itself is asked: a call of libc's may come back here. */
static int read_clock(clockid_t id, struct timespec *now_r)
{
    if (syscall(SYS_clock_gettime, id, now_r) != 0) {
        return -1;
    }
    int64_t moved_ms = offset_ms(id);
    now_r->tv_sec += moved_ms / 1000;
    now_r->tv_nsec += moved_ms % 1000 * 1000000;
    if (now_r->tv_nsec >= 1000000000) {
        now_r->tv_nsec -= 1000000000;
        now_r->tv_sec++;
    } else if (now_r->tv_nsec < 0) {
        now_r->tv_nsec += 1000000000;
        now_r->tv_sec--;
    }
    return 0;
}

EXPORTED int clock_gettime(clockid_t id, struct timespec *now_r)
{
    return read_clock(id, now_r);
}

/* Libraries ask in these ways, certificates' validity among it. */
EXPORTED time_t time(time_t *now_r)
{
    struct timespec now;
    (void)read_clock(CLOCK_REALTIME, &now);
    if (now_r != NULL) {
        *now_r = now.tv_sec;
    }
    return now.tv_sec;
}

EXPORTED int gettimeofday(struct timeval *restrict now_r, void *restrict zone)
{
    (void)zone;
    struct timespec now;
    (void)read_clock(CLOCK_REALTIME, &now);
    *now_r = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}
