/* poison.c - remembers across a crash what the writer was working on: an escalation, or a request
 * that was to open one.
 *
 * The note lives in a small mapped file: it survives the death of the process without a system call
 * per command. Only a death by the process' own fault counts (abort, segmentation fault …; also the
 * supervisor's SIGABRT to a hung writer): a handler marks it. kill -9 and power loss accuse nobody,
 * and neither does a hang in the commit, which is nobody's in particular.
 *
 * A suspect is forgotten a day after its last abort, by engine time: a step of the wall makes the
 * day neither shorter nor longer, and neither does one while the process is away. Only after a
 * reboot is the wall believed, forwards alone: one that is a day ahead then forgets too soon, and
 * the subject must abort twice again. An abort that seems to be still to come is beside another
 * database, whose time is behind: it counts as of now. A start that dies before the time is known
 * forgets nobody.
 *
 * A disk that hangs twice under the same escalation condemns an innocent one. That is meant: from
 * in here it looks like one that hangs the gateway for ever, and the call centre is told.
 */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#define POISON_MAGIC UINT64_C(0x504f49534f4e0002)
#define SUSPECTS_MAX 64
/* Accusations far apart have nothing to do with each other: the same words may come every day. */
#define SUSPECT_LIFE_MS INT64_C(86400000)

struct suspect {
    int64_t customer_id;
    struct uuid subject;
    int64_t aborts;
    struct engine_time last_abort_at; /* 0: just now, before the time was known */
};

/* The file as it is mapped. The handler runs in whatever thread the signal finds, and looks at the
 * two atomic ones alone. */
struct poison_page {
    uint64_t magic;
    int64_t customer_id;
    struct uuid subject;
    _Atomic int32_t busy;
    _Atomic int32_t aborted;
    struct suspect suspects[SUSPECTS_MAX];
};

struct poison {
    struct poison_page *page;
    int file;      /* kept open: its lock says that an engine runs on this database */
    bool suspects; /* there is one: most runs need not look */
};

/* For the signal handler: the page of the one engine of this process. */
static struct poison_page *volatile handler_page;

static void mark_abort(int signal_number)
{
    struct poison_page *page = handler_page;
    if (page != NULL && page->busy) {
        page->aborted = 1;
    }
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

static void install_handlers(void)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    const struct sigaction action = {.sa_handler = mark_abort};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction before = action;
        (void)sigaction(signals[i], NULL, &before);
        if (before.sa_handler == SIG_DFL) { /* a sanitizer's own stays: it tells more */
            (void)sigaction(signals[i], &action, NULL);
        }
    }
}

static struct suspect *find_suspect(struct poison_page *page, struct uuid subject)
{
    for (size_t i = 0; i < SUSPECTS_MAX; i++) {
        struct suspect *suspect = &page->suspects[i];
        if (suspect->aborts > 0 && uuid_equal(suspect->subject, subject)) {
            return suspect;
        }
    }
    return NULL;
}

static void accuse(struct poison_page *page)
{
    struct uuid subject = page->subject;
    struct suspect *suspect = find_suspect(page, subject);
    if (suspect == NULL) {
        suspect = &page->suspects[0];
        for (size_t i = 1; i < SUSPECTS_MAX; i++) {
            struct suspect *each = &page->suspects[i];
            suspect = each->aborts < suspect->aborts ? each : suspect;
        }
        *suspect = (struct suspect){.customer_id = page->customer_id, .subject = subject};
    }
    suspect->aborts++;
    suspect->last_abort_at = (struct engine_time){0};
}

/* One process holds it; whoever ends lets go, however it ends. */
static enum status lock_file(const char *path, int *file_r, struct error *error)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return errno == ENOENT
                   ? error_set(error, STATUS_NOT_FOUND,
                               "%s: the database's folder is not there: make it first", path)
                   : error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        (void)close(file);
        return error_set(error, STATUS_UNAVAILABLE,
                         "%s: another gateway runs on this database; stop it first", path);
    }
    *file_r = file;
    return STATUS_OK;
}

enum status engine_lock_out(const char *database_path, int *lock_r, struct error *error)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s" POISON_SUFFIX, database_path);
    return lock_file(path, lock_r, error);
}

/* Whether somebody worked with the database that the note is beside. A first start that ends early
 * leaves a note of nothing. */
static bool notes_work(const char *path)
{
    struct poison_page page = {.magic = 0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = file < 0 ? 0 : read(file, &page, sizeof page);
    if (file >= 0) {
        (void)close(file);
    }
    return count == (ssize_t)sizeof page && page.magic == POISON_MAGIC &&
           !uuid_is_nil(page.subject);
}

enum status engine_check_place(const char *database_path, struct error *error)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s" POISON_SUFFIX, database_path);
    return store_check_place(database_path, NULL, notes_work(path) ? POISON_SUFFIX : NULL, error);
}

enum status poison_open(const char *path, struct poison **poison_r, struct error *error)
{
    int file = -1;
    enum status status = lock_file(path, &file, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct poison_page *page = MAP_FAILED;
    /* Really there: a page for which the disk has no room would end the process when it is written.
     */
    int failure = posix_fallocate(file, 0, sizeof *page);
    if (failure == 0) {
        page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        failure = errno;
    }
    if (page == MAP_FAILED) {
        (void)close(file);
        return error_set(error, STATUS_IO, "%s: %s", path, strerror(failure));
    }
    struct poison *poison = calloc(1, sizeof *poison);
    if (poison == NULL) {
        (void)munmap(page, sizeof *page);
        (void)close(file);
        return error_set(error, STATUS_NO_MEMORY, "no memory");
    }
    if (page->magic != POISON_MAGIC) {
        memset(page, 0, sizeof *page);
        page->magic = POISON_MAGIC;
    } else if (page->busy && page->aborted) {
        accuse(page);
    }
    page->busy = 0;
    page->aborted = 0;
    poison->page = page;
    poison->file = file;
    handler_page = page;
    install_handlers();
    *poison_r = poison;
    return STATUS_OK;
}

void poison_age(struct poison *poison, struct engine_time now)
{
    poison->suspects = false;
    for (size_t i = 0; i < SUSPECTS_MAX; i++) {
        struct suspect *suspect = &poison->page->suspects[i];
        if (suspect->last_abort_at.ms == 0 || suspect->last_abort_at.ms > now.ms) {
            suspect->last_abort_at = now;
        }
        if (now.ms - suspect->last_abort_at.ms >= SUSPECT_LIFE_MS) {
            suspect->aborts = 0;
        }
        poison->suspects = poison->suspects || suspect->aborts > 0;
    }
}

void poison_close(struct poison **poison)
{
    if (*poison != NULL) {
        handler_page = NULL;
        (void)munmap((*poison)->page, sizeof *(*poison)->page);
        (void)close((*poison)->file);
        free(*poison);
        *poison = NULL;
    }
}

void poison_begin(struct poison *poison, int64_t customer_id, struct uuid subject)
{
    struct poison_page *page = poison->page;
    page->customer_id = customer_id;
    page->subject = subject;
    atomic_store_explicit(&page->busy, !uuid_is_nil(subject), memory_order_release);
}

void poison_end(struct poison *poison)
{
    atomic_store_explicit(&poison->page->busy, 0, memory_order_release);
}

int64_t poison_aborts(struct poison *poison, struct uuid subject)
{
    const struct suspect *suspect = poison->suspects ? find_suspect(poison->page, subject) : NULL;
    return suspect != NULL ? suspect->aborts : 0;
}

bool poison_condemns(struct poison *poison, int64_t customer_id, struct uuid subject)
{
    const struct suspect *suspect = poison->suspects ? find_suspect(poison->page, subject) : NULL;
    bool strangers = suspect != NULL && suspect->customer_id != 0 && customer_id != 0 &&
                     suspect->customer_id != customer_id;
    return suspect != NULL && suspect->aborts >= ABORTS_TO_QUARANTINE && !strangers;
}

void poison_belongs_to(struct poison *poison, struct uuid subject, int64_t customer_id)
{
    struct suspect *suspect = poison->suspects ? find_suspect(poison->page, subject) : NULL;
    if (suspect != NULL) {
        suspect->customer_id = customer_id;
    }
}

void poison_forgive(struct poison *poison, struct uuid subject)
{
    struct suspect *suspect = poison->suspects ? find_suspect(poison->page, subject) : NULL;
    if (suspect != NULL) {
        suspect->aborts = 0;
    }
}

bool poison_next_condemned(struct poison *poison, size_t *cursor, int64_t *customer_id_r,
                           struct uuid *subject_r)
{
    while (*cursor < SUSPECTS_MAX) {
        const struct suspect *suspect = &poison->page->suspects[(*cursor)++];
        if (suspect->aborts >= ABORTS_TO_QUARANTINE) {
            *customer_id_r = suspect->customer_id;
            *subject_r = suspect->subject;
            return true;
        }
    }
    return false;
}
