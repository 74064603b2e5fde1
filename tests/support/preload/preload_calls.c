/* preload_calls.c - system calls and allocations that fail, or that are the last ones of their
 * process, in a real process. Loaded by LD_PRELOAD, it counts what libraries and program ask of
 * libc, by thread and kind of file, and obeys the rules in the page named by ASTREINTE_CALLS_FILE:
 * the test maps it too, and arms, disarms and reads it while the process runs.
 * tests/integration/crash/calls.py is its other half and has the same tables.
 *
 * The kernel is asked directly, so that nothing here comes back to itself. What libc does inside of
 * itself (stdio, the resolver) is not seen. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED  __attribute__((visibility("default")))
#define RULES_MAX 4
#define FILES_MAX 4096

enum call {
    CALL_OPEN,
    CALL_READ,
    CALL_WRITE,
    CALL_SYNC,
    CALL_TRUNCATE,
    CALL_MAP,
    CALL_SOCKET,
    CALL_CONNECT,
    CALL_ACCEPT,
    CALL_EPOLL_CTL,
    CALL_EPOLL_WAIT,
    CALL_POLL,
    CALL_RECV,
    CALL_SEND,
    CALL_MALLOC,
    CALL_CALLOC,
    CALL_REALLOC,
    CALLS_COUNT
};

/* A socket that accept() answered is a client's, one that socket() answered a peer's (or the one
 * that listens). "Other" are eventfds, epoll sets, what libc opened by itself, and no file. */
enum kind {
    KIND_OTHER,
    KIND_DATABASE,
    KIND_LOG, /* SQLite's -wal */
    KIND_FILE,
    KIND_CLIENT,
    KIND_PEER,
    KINDS_COUNT
};

enum thread {
    THREAD_MAIN,
    THREAD_HTTP,
    THREAD_DOOR,
    THREAD_WRITER,
    THREAD_PUSH,
    THREAD_TELEPHONY,
    THREAD_OTHER, /* readers, watchdog, resolver, what has no name yet */
    THREADS_COUNT
};

enum action {
    ACTION_FAIL,
    ACTION_SHORT, /* half of what was to be read or written */
    ACTION_KILL_BEFORE,
    ACTION_KILL_AFTER,
    ACTION_KILL_HALF
};

/* From its first-th matching call on, counted from when it was armed, as many as count. */
struct rule {
    _Atomic uint32_t armed;
    uint32_t action;
    uint32_t calls, kinds, threads; /* bits */
    int32_t error;
    uint64_t first, count;
    _Atomic uint64_t seen, fired;
};

struct page {
    struct rule rules[RULES_MAX];
    _Atomic uint64_t counts[THREADS_COUNT][CALLS_COUNT][KINDS_COUNT];
};

static struct page *page;
static _Atomic uint8_t kinds[FILES_MAX];

/* glibc's own, which a program may replace only as a whole. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);

__attribute__((constructor)) static void open_page(void)
{
    const char *path = getenv("ASTREINTE_CALLS_FILE");
    if (path == NULL) {
        return;
    }
    long file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    void *mapped = MAP_FAILED;
    if (file >= 0) {
        mapped = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, (int)file, 0);
    }
    if (mapped == MAP_FAILED) {
        abort(); /* a test that asked for faults must not go on without them */
    }
    (void)syscall(SYS_close, file);
    page = mapped;
}

/* ---- judging a call ------------------------------------------------------------------------ */

static enum thread look_at_thread(void)
{
    static const struct {
        const char *name;
        enum thread thread;
    } names[] = {{"MHD", THREAD_HTTP},
                 {"doorkeeper", THREAD_DOOR},
                 {"writer", THREAD_WRITER},
                 {"push", THREAD_PUSH},
                 {"telephony", THREAD_TELEPHONY}};
    if (syscall(SYS_gettid) == syscall(SYS_getpid)) {
        return THREAD_MAIN;
    }
    char name[16] = "";
    (void)prctl(PR_GET_NAME, name, 0, 0, 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncmp(name, names[i].name, strlen(names[i].name)) == 0) {
            return names[i].thread;
        }
    }
    return THREAD_OTHER;
}

static enum thread this_thread(void)
{
    static _Thread_local enum thread known = THREAD_OTHER;
    if (known == THREAD_OTHER) { /* it may get its name later */
        known = look_at_thread();
    }
    return known;
}

static enum kind kind_of(int file)
{
    return file >= 0 && file < FILES_MAX ? (enum kind)atomic_load(&kinds[file]) : KIND_OTHER;
}

static int remember(long file, enum kind kind)
{
    if (file >= 0 && file < FILES_MAX) {
        atomic_store(&kinds[file], (uint8_t)kind);
    }
    return (int)file;
}

/* The rule that this call falls under, or NULL. */
static const struct rule *judge(enum call call, enum kind kind)
{
    if (page == NULL) {
        return NULL;
    }
    enum thread thread = this_thread();
    const struct rule *found = NULL;
    atomic_fetch_add(&page->counts[thread][call][kind], 1);
    for (size_t i = 0; i < RULES_MAX; i++) {
        struct rule *rule = &page->rules[i];
        if (!atomic_load(&rule->armed) || !(rule->calls >> call & 1) ||
            !(rule->kinds >> kind & 1) || !(rule->threads >> thread & 1)) {
            continue;
        }
        uint64_t number = atomic_fetch_add(&rule->seen, 1) + 1;
        if (found == NULL && number >= rule->first && number - rule->first < rule->count) {
            atomic_fetch_add(&rule->fired, 1);
            found = rule;
        }
    }
    return found;
}

static void die(void)
{
    (void)syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;) {
        (void)syscall(SYS_sched_yield);
    }
}

static bool fails(const struct rule *rule)
{
    if (rule == NULL) {
        return false;
    }
    if (rule->action == ACTION_KILL_BEFORE) {
        die();
    }
    if (rule->action == ACTION_FAIL) {
        errno = rule->error;
        return true;
    }
    return false;
}

static bool is_cut(const struct rule *rule)
{
    return rule != NULL && (rule->action == ACTION_SHORT || rule->action == ACTION_KILL_HALF);
}

static size_t shorten(const struct rule *rule, size_t bytes)
{
    return is_cut(rule) && bytes > 1 ? bytes / 2 : bytes;
}

static long after(const struct rule *rule, long result)
{
    if (rule != NULL && (rule->action == ACTION_KILL_AFTER || rule->action == ACTION_KILL_HALF)) {
        die();
    }
    return result;
}

/* ---- files --------------------------------------------------------------------------------- */

static enum kind kind_of_path(const char *path)
{
    size_t length = strlen(path);
    if (length >= 4 && strcmp(path + length - 4, "-wal") == 0) {
        return KIND_LOG;
    }
    return length >= 3 && strcmp(path + length - 3, ".db") == 0 ? KIND_DATABASE : KIND_FILE;
}

static int open_at(int folder, const char *path, int flags, va_list rest)
{
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    enum kind kind = kind_of_path(path);
    const struct rule *rule = judge(CALL_OPEN, kind);
    if (fails(rule)) {
        return -1;
    }
    return remember(after(rule, syscall(SYS_openat, folder, path, flags, mode)), kind);
}

EXPORTED int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    int file = open_at(AT_FDCWD, path, flags, rest);
    va_end(rest);
    return file;
}

EXPORTED int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    int file = open_at(AT_FDCWD, path, flags, rest);
    va_end(rest);
    return file;
}

EXPORTED int openat(int folder, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    int file = open_at(folder, path, flags, rest);
    va_end(rest);
    return file;
}

EXPORTED int close(int file)
{
    (void)remember(file, KIND_OTHER);
    return (int)syscall(SYS_close, file);
}

static ssize_t take(int file, void *buffer, size_t bytes)
{
    const struct rule *rule = judge(CALL_READ, kind_of(file));
    return fails(rule) ? -1 : after(rule, syscall(SYS_read, file, buffer, shorten(rule, bytes)));
}

static ssize_t put(int file, const void *buffer, size_t bytes)
{
    const struct rule *rule = judge(CALL_WRITE, kind_of(file));
    return fails(rule) ? -1 : after(rule, syscall(SYS_write, file, buffer, shorten(rule, bytes)));
}

EXPORTED ssize_t read(int file, void *buffer, size_t bytes)
{
    return take(file, buffer, bytes);
}

EXPORTED ssize_t write(int file, const void *buffer, size_t bytes)
{
    return put(file, buffer, bytes);
}

EXPORTED int eventfd_read(int file, eventfd_t *value)
{
    return take(file, value, sizeof *value) == sizeof *value ? 0 : -1;
}

EXPORTED int eventfd_write(int file, eventfd_t value)
{
    return put(file, &value, sizeof value) == sizeof value ? 0 : -1;
}

EXPORTED ssize_t pread64(int file, void *buffer, size_t bytes, off64_t offset)
{
    const struct rule *rule = judge(CALL_READ, kind_of(file));
    return fails(rule)
               ? -1
               : after(rule, syscall(SYS_pread64, file, buffer, shorten(rule, bytes), offset));
}

EXPORTED ssize_t pwrite64(int file, const void *buffer, size_t bytes, off64_t offset)
{
    const struct rule *rule = judge(CALL_WRITE, kind_of(file));
    return fails(rule)
               ? -1
               : after(rule, syscall(SYS_pwrite64, file, buffer, shorten(rule, bytes), offset));
}

EXPORTED ssize_t writev(int file, const struct iovec *parts, int count)
{
    const struct rule *rule = judge(CALL_WRITE, kind_of(file));
    return fails(rule) ? -1
                       : after(rule, syscall(SYS_writev, file, parts, is_cut(rule) ? 1 : count));
}

EXPORTED int fsync(int file)
{
    const struct rule *rule = judge(CALL_SYNC, kind_of(file));
    return fails(rule) ? -1 : (int)after(rule, syscall(SYS_fsync, file));
}

EXPORTED int fdatasync(int file)
{
    const struct rule *rule = judge(CALL_SYNC, kind_of(file));
    return fails(rule) ? -1 : (int)after(rule, syscall(SYS_fdatasync, file));
}

EXPORTED int ftruncate64(int file, off64_t bytes)
{
    const struct rule *rule = judge(CALL_TRUNCATE, kind_of(file));
    return fails(rule) ? -1 : (int)after(rule, syscall(SYS_ftruncate, file, bytes));
}

EXPORTED int ftruncate(int file, off_t bytes)
{
    return ftruncate64(file, bytes);
}

static void *map(void *place, size_t bytes, int protection, int flags, int file, off64_t offset)
{
    const struct rule *rule = judge(CALL_MAP, kind_of(file));
    if (fails(rule)) {
        return MAP_FAILED;
    }
    long mapped = after(rule, syscall(SYS_mmap, place, bytes, protection, flags, file, offset));
    void *result;
    memcpy(&result, &mapped, sizeof result);
    return result;
}

EXPORTED void *mmap(void *place, size_t bytes, int protection, int flags, int file, off_t offset)
{
    return map(place, bytes, protection, flags, file, offset);
}

EXPORTED void *mmap64(void *place, size_t bytes, int protection, int flags, int file,
                      off64_t offset)
{
    return map(place, bytes, protection, flags, file, offset);
}

/* ---- sockets ------------------------------------------------------------------------------- */

EXPORTED int socket(int domain, int type, int protocol)
{
    const struct rule *rule = judge(CALL_SOCKET, KIND_PEER);
    return fails(rule)
               ? -1
               : remember(after(rule, syscall(SYS_socket, domain, type, protocol)), KIND_PEER);
}

/* The types of the addresses are glibc's, which has a union there in C with extensions. */
EXPORTED int connect(int file, __CONST_SOCKADDR_ARG address, socklen_t bytes)
{
    const struct rule *rule = judge(CALL_CONNECT, kind_of(file));
    return fails(rule) ? -1
                       : (int)after(rule, syscall(SYS_connect, file, address.__sockaddr__, bytes));
}

EXPORTED int accept4(int file, __SOCKADDR_ARG address, socklen_t *bytes, int flags)
{
    const struct rule *rule = judge(CALL_ACCEPT, KIND_CLIENT);
    return fails(rule) ? -1
                       : remember(after(rule, syscall(SYS_accept4, file, address.__sockaddr__,
                                                      bytes, flags)),
                                  KIND_CLIENT);
}

EXPORTED int epoll_ctl(int set, int operation, int file, struct epoll_event *event)
{
    const struct rule *rule = judge(CALL_EPOLL_CTL, kind_of(file));
    return fails(rule) ? -1 : (int)after(rule, syscall(SYS_epoll_ctl, set, operation, file, event));
}

EXPORTED int epoll_wait(int set, struct epoll_event *events, int most, int wait_ms)
{
    const struct rule *rule = judge(CALL_EPOLL_WAIT, KIND_OTHER);
    return fails(rule)
               ? -1
               : (int)after(rule, syscall(SYS_epoll_pwait, set, events, most, wait_ms, NULL, 8));
}

EXPORTED int poll(struct pollfd *files, nfds_t count, int wait_ms)
{
    struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L};
    const struct rule *rule = judge(CALL_POLL, KIND_OTHER);
    return fails(rule) ? -1
                       : (int)after(rule, syscall(SYS_ppoll, files, count,
                                                  wait_ms < 0 ? NULL : &wait, NULL, 8));
}

static ssize_t receive(int file, void *buffer, size_t bytes, int flags, struct sockaddr *address,
                       socklen_t *address_bytes)
{
    const struct rule *rule = judge(CALL_RECV, kind_of(file));
    return fails(rule) ? -1
                       : after(rule, syscall(SYS_recvfrom, file, buffer, shorten(rule, bytes),
                                             flags, address, address_bytes));
}

EXPORTED ssize_t recv(int file, void *buffer, size_t bytes, int flags)
{
    return receive(file, buffer, bytes, flags, NULL, NULL);
}

EXPORTED ssize_t recvfrom(int file, void *buffer, size_t bytes, int flags, __SOCKADDR_ARG address,
                          socklen_t *address_bytes)
{
    return receive(file, buffer, bytes, flags, address.__sockaddr__, address_bytes);
}

static ssize_t transmit(int file, const void *buffer, size_t bytes, int flags,
                        const struct sockaddr *address, socklen_t address_bytes)
{
    const struct rule *rule = judge(CALL_SEND, kind_of(file));
    return fails(rule) ? -1
                       : after(rule, syscall(SYS_sendto, file, buffer, shorten(rule, bytes), flags,
                                             address, address_bytes));
}

EXPORTED ssize_t send(int file, const void *buffer, size_t bytes, int flags)
{
    return transmit(file, buffer, bytes, flags, NULL, 0);
}

EXPORTED ssize_t sendto(int file, const void *buffer, size_t bytes, int flags,
                        __CONST_SOCKADDR_ARG address, socklen_t address_bytes)
{
    return transmit(file, buffer, bytes, flags, address.__sockaddr__, address_bytes);
}

EXPORTED ssize_t sendmsg(int file, const struct msghdr *message, int flags)
{
    const struct rule *rule = judge(CALL_SEND, kind_of(file));
    if (fails(rule)) {
        return -1;
    }
    struct msghdr first = *message;
    first.msg_iovlen = is_cut(rule) ? 1 : first.msg_iovlen;
    return after(rule, syscall(SYS_sendmsg, file, &first, flags));
}

/* ---- memory -------------------------------------------------------------------------------- */

static bool allocation_fails(enum call call)
{
    const struct rule *rule = judge(call, KIND_OTHER);
    bool failed = fails(rule);
    (void)after(rule, 0);
    return failed;
}

EXPORTED void *malloc(size_t bytes)
{
    return allocation_fails(CALL_MALLOC) ? NULL : __libc_malloc(bytes);
}

EXPORTED void *calloc(size_t count, size_t bytes)
{
    return allocation_fails(CALL_CALLOC) ? NULL : __libc_calloc(count, bytes);
}

EXPORTED void *realloc(void *old, size_t bytes)
{
    return allocation_fails(CALL_REALLOC) ? NULL : __libc_realloc(old, bytes);
}
