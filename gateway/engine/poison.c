/* poison.c - remembers across a crash which escalation the writer was working on.
 *
 * The note lives in a small mapped file: it survives the death of the process without a system call
 * per command. Only a death by the process' own fault counts (abort, segmentation fault …; also the
 * supervisor's SIGABRT to a hung writer): a handler marks it. kill -9 and power loss accuse nobody.
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

#define POISON_MAGIC         UINT64_C(0x504f49534f4e0001)
#define SUSPECTS_MAX         64
#define ABORTS_TO_QUARANTINE 2

struct suspect {
    int64_t customer_id;
    struct uuid escalation;
    int32_t aborts;
    int32_t asked;
};

/* The file as it is mapped. */
struct poison_page {
    uint64_t magic;
    volatile int64_t customer_id;
    volatile struct uuid escalation;
    volatile int32_t busy;
    volatile int32_t aborted;
    struct suspect suspects[SUSPECTS_MAX];
};

struct poison {
    struct poison_page *page;
    int file; /* kept open: its lock says that an engine runs on this database */
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
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction action;
        /* A sanitizer's own handler stays: it tells more. */
        if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
            memset(&action, 0, sizeof action);
            action.sa_handler = mark_abort;
            (void)sigaction(signals[i], &action, NULL);
        }
    }
}

static void accuse(struct poison_page *page)
{
    struct suspect *free_slot = &page->suspects[0];
    for (size_t i = 0; i < SUSPECTS_MAX; i++) {
        struct suspect *suspect = &page->suspects[i];
        struct uuid id;
        memcpy(id.bytes, (const void *)(uintptr_t)page->escalation.bytes, sizeof id.bytes);
        if (suspect->aborts > 0 && uuid_equal(suspect->escalation, id)) {
            suspect->aborts++;
            suspect->asked = 0;
            return;
        }
        if (suspect->aborts < free_slot->aborts) {
            free_slot = suspect;
        }
    }
    free_slot->customer_id = page->customer_id;
    memcpy(free_slot->escalation.bytes, (const void *)(uintptr_t)page->escalation.bytes,
           sizeof free_slot->escalation.bytes);
    free_slot->aborts = 1;
    free_slot->asked = 0;
}

/* One process holds it; whoever ends lets go, however it ends. */
static enum status lock_file(const char *path, int *file_r, struct error *error)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
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

enum status poison_open(const char *path, struct poison **poison_r, struct error *error)
{
    int file;
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

void poison_begin(struct poison *poison, int64_t customer_id, struct uuid escalation)
{
    struct poison_page *page = poison->page;
    page->customer_id = customer_id;
    memcpy((void *)(uintptr_t)page->escalation.bytes, escalation.bytes, sizeof escalation.bytes);
    page->busy = !uuid_is_nil(escalation);
}

void poison_end(struct poison *poison)
{
    poison->page->busy = 0;
}

bool poison_next_suspect(struct poison *poison, int64_t *customer_id_r, struct uuid *escalation_r)
{
    for (size_t i = 0; i < SUSPECTS_MAX; i++) {
        struct suspect *suspect = &poison->page->suspects[i];
        if (suspect->aborts >= ABORTS_TO_QUARANTINE && !suspect->asked) {
            suspect->asked = 1;
            *customer_id_r = suspect->customer_id;
            *escalation_r = suspect->escalation;
            return true;
        }
    }
    return false;
}
