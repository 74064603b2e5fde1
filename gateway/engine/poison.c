/* poison.c - remembers across a crash what the thread that died was working on: an escalation, a
 * push, or a request that was to open one.
 *
 * Only a death by the process' own fault counts (abort, segmentation fault …; also the supervisor's
 * SIGABRT to one that hangs): a handler notes the burden of the thread that died, or of the one
 * that has hung for longest. kill -9 and power loss accuse nobody, and neither does a hang in the
 * commit, which is nobody's in particular, or the want of memory or of a disk
 * (burden_abort_unblamed()).
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
#include <signal.h>
#include <stdlib.h>

#include "gateway/base/fault_signals.h"

/* Accusations far apart have nothing to do with each other: the same words may come every day. */
#define SUSPECT_LIFE_MS INT64_C(86400000)
/* What takes less hangs nobody; the supervisor waits for longer. */
#define HANGS_MS_MIN INT64_C(1500)

struct poison {
    struct notes_page *page;
    bool suspects;    /* there is one: most runs need not look */
    bool unexplained; /* the last one died of nobody knows what */
};

/* For the signal handler: the page of the one engine of this process. */
static struct notes_page *volatile handler_page;

static void note_death(struct notes_page *page, bool from_outside)
{
    struct burden burden;
    if (from_outside ? burden_of_the_stuck(HANGS_MS_MIN, &burden)
                     : burden_of_this_thread(&burden)) {
        page->accused = burden;
        page->dying = 1;
    } else if (!from_outside) {
        page->unexplained = 1;
    }
}

/* Runs in the thread that died; when the signal came from outside, in any. */
static void note_burden(int signal_number, siginfo_t *info, void *context)
{
    struct notes_page *page = handler_page;
    (void)context;
    bool from_outside = info->si_code == SI_USER || info->si_code == SI_QUEUE;
    /* unreachable: a process that dies unblamed counts nothing any more */
    if (page != NULL && (from_outside || !burden_dies_unblamed())) {
        note_death(page, from_outside);
    }
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

static void install_handlers(void)
{
    const struct sigaction action = {.sa_sigaction = note_burden, .sa_flags = SA_SIGINFO};
    for (size_t i = 0; i < FAULT_SIGNALS; i++) {
        struct sigaction before = action;
        (void)sigaction(fault_signals[i], NULL, &before);
        if (before.sa_handler == SIG_DFL) { /* a sanitizer's own stays: it tells more */
            (void)sigaction(fault_signals[i], &action, NULL);
        }
    }
}

static struct suspect *find_suspect(struct notes_page *page, struct uuid subject)
{
    for (size_t i = 0; i < SUSPECTS_MAX; i++) {
        struct suspect *suspect = &page->suspects[i];
        if (suspect->aborts > 0 && uuid_equal(suspect->subject, subject)) {
            return suspect;
        }
    }
    return NULL;
}

static void accuse(struct notes_page *page)
{
    const struct burden *accused = &page->accused;
    struct suspect *suspect = find_suspect(page, accused->subject);
    if (suspect == NULL) {
        suspect = &page->suspects[0];
        for (size_t i = 1; i < SUSPECTS_MAX; i++) {
            struct suspect *each = &page->suspects[i];
            suspect = each->aborts < suspect->aborts ? each : suspect;
        }
        *suspect =
            (struct suspect){.customer_id = accused->customer_id, .subject = accused->subject};
    }
    suspect->aborts++;
    suspect->reads += accused->reading;
    suspect->last_abort_at = (struct engine_time){0};
}

enum status poison_open(struct notes *notes, struct poison **poison_r, struct error *error)
{
    struct poison *poison = calloc(1, sizeof *poison);
    if (poison == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory");
    }
    poison->page = notes->page;
    if (poison->page->dying) {
        accuse(poison->page);
    }
    poison->unexplained = poison->page->unexplained != 0;
    poison->page->dying = 0;
    poison->page->unexplained = 0;
    handler_page = poison->page;
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
        free(*poison);
        *poison = NULL;
    }
}

bool poison_is_wary(const struct poison *poison)
{
    return poison->unexplained || poison->suspects;
}

void poison_begin(int64_t customer_id, struct uuid subject)
{
    const struct burden burden = {.customer_id = customer_id, .subject = subject};
    burden_take(&burden);
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

size_t poison_list_unreadable(const struct poison *poison, struct uuid subjects_r[SUSPECTS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < SUSPECTS_MAX; i++) {
        const struct suspect *suspect = &poison->page->suspects[i];
        if (suspect->aborts >= ABORTS_TO_QUARANTINE && suspect->reads > 0) {
            subjects_r[count++] = suspect->subject;
        }
    }
    return count;
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
