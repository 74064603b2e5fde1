/* watchdog.c - looks from outside, four times a second: is the writer moving, is anything overdue,
 * does what the writer commits come back through a reader? It shares nothing with the writer but a
 * few numbers, and reads the database through a connection of its own. */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "gateway/base/log.h"

#define LOOK_EVERY_MS 250
#define STUCK_MS_MAX  INT64_C(1500)
/* Much that is overdue at once, as after a long outage, is worked off and no fault. */
#define STALLED_MS_MAX      INT64_C(5000)
#define COUNT_EVERY_MS      INT64_C(1000)
#define PROBE_EVERY_MS      INT64_C(1000)
#define SUSPEND_MS_MIN      INT64_C(1000)
#define READ_MS_MAX         INT64_C(500)
#define UNREAD_LOG_EVERY_MS INT64_C(1000)

/* The wait until the next look comes on top; the look and the way out take some, too. */
#define TOLD_WITHIN_MS 2000
#define TELLING_MS     250
_Static_assert(STUCK_MS_MAX + LOOK_EVERY_MS + TELLING_MS <= TOLD_WITHIN_MS,
               "a writer that hangs is told within two seconds");
_Static_assert(OVERDUE_MS_MAX + LOOK_EVERY_MS + TELLING_MS <= TOLD_WITHIN_MS,
               "a step that is overdue is told within two seconds");
_Static_assert(LOOK_EVERY_MS >= 250, "an idle gateway looks four times a second, and no oftener");

static int64_t now_ms(struct engine *engine)
{
    return clock_monotonic(&engine->configuration.clock).ms;
}

/* A machine that slept makes everything look old, and its disk may still be waking: what began
 * before is judged a while later. The kernel says so; a look that comes late says nothing, as the
 * reads of the one before may have been slow on the very disk that the writer hangs on. */
static bool may_judge(struct engine *engine)
{
    struct watchdog *watchdog = &engine->watchdog;
    int64_t now = now_ms(engine);
    int64_t slept_ms = clock_suspended_ms(&engine->configuration.clock) - watchdog->suspended_ms;
    if (slept_ms >= SUSPEND_MS_MIN) {
        watchdog->suspended_ms += slept_ms;
        watchdog->judges_from_ms = now + STUCK_MS_MAX;
        watchdog->moved_ms = now;
    }
    return now >= watchdog->judges_from_ms;
}

static void look_at_writer(struct engine *engine)
{
    bool judges = may_judge(engine);
    int64_t began_ms = atomic_load(&engine->turn_began_awake_ms);
    int64_t stuck_ms = judges && began_ms != 0 ? admission_now(engine).ms - began_ms : 0;
    atomic_store(&engine->writer_stuck, stuck_ms > STUCK_MS_MAX);
    if (stuck_ms > STUCK_MS_MAX) {
        char detail[96];
        (void)snprintf(detail, sizeof detail, "the writer has not moved for %lld ms",
                       (long long)stuck_ms);
        engine_alarm(engine, "engine.writer_stuck", detail);
    }
}

void engine_alarm_overdue(struct engine *engine, int64_t late_ms)
{
    char detail[96];
    (void)snprintf(detail, sizeof detail, "a step is overdue by %lld ms", (long long)late_ms);
    engine_alarm(engine, "engine.overdue", detail);
}

/* Overdue, and for a while nothing was met: a restart may help. */
static void look_for_a_stall(struct engine *engine, int64_t late_ms)
{
    struct watchdog *watchdog = &engine->watchdog;
    (void)pthread_mutex_lock(&engine->statistics_lock);
    uint64_t fired = engine->statistics.deadlines_fired;
    (void)pthread_mutex_unlock(&engine->statistics_lock);
    bool late = late_ms > OVERDUE_MS_MAX;
    if (!late || !watchdog->late || fired != watchdog->fired) {
        watchdog->fired = fired;
        watchdog->moved_ms = now_ms(engine);
    }
    watchdog->late = late;
    atomic_store(&engine->deadlines_stalled, now_ms(engine) - watchdog->moved_ms > STALLED_MS_MAX);
}

static enum status look_at_deadlines(struct engine *engine, struct error *error)
{
    struct engine_time due = ENGINE_NEVER;
    enum status status = store_next_due(engine->watchdog.reader, ENGINE_BEGINNING, &due, error);
    if (status != STATUS_OK) {
        return status;
    }
    int64_t late_ms = due.ms == TIME_NEVER_MS ? 0 : engine_now(engine).ms - due.ms;
    atomic_store(&engine->overdue_ms, late_ms > 0 ? late_ms : 0);
    look_for_a_stall(engine, late_ms);
    if (late_ms > OVERDUE_MS_MAX) {
        engine_alarm_overdue(engine, late_ms);
    }
    return STATUS_OK;
}

static enum status count_open(struct engine *engine, struct error *error)
{
    struct watchdog *watchdog = &engine->watchdog;
    int64_t open = 0;
    if (now_ms(engine) - watchdog->counted_ms < COUNT_EVERY_MS) {
        return STATUS_OK;
    }
    watchdog->counted_ms = now_ms(engine);
    enum status status = store_count_open(watchdog->reader, &open, error);
    if (status == STATUS_OK) {
        atomic_store(&engine->open_escalations, open);
    }
    return status;
}

/* ---- the probe ---- */

static void probe_completed(struct command *command)
{
    struct engine *engine = command->context;
    atomic_store(&engine->watchdog.probe_inside, false);
}

/* What the writer did with the last probe: it answered; it committed, as a reader finds, who could
 * read all else, too. */
static enum status look_at_probe(struct engine *engine, struct error *error)
{
    struct watchdog *watchdog = &engine->watchdog;
    struct engine_clock_row saved = {.boot = {0}};
    if (atomic_load(&watchdog->probe_inside) || watchdog->probed_ms == 0) {
        return STATUS_OK;
    }
    atomic_store(&engine->answered_ms, watchdog->probed_ms);
    if (watchdog->probe.answer.status != STATUS_OK) {
        return STATUS_OK; /* a full disk; the writer has told of it */
    }
    enum status status = store_get_engine_clock(watchdog->reader, &saved, error);
    if (status == STATUS_OK && !watchdog->unread && saved.boot.ms >= watchdog->probed_ms) {
        atomic_store(&engine->proven_ms, watchdog->probed_ms);
        atomic_store(&engine->proven_once, true);
    }
    return status;
}

static void send_probe(struct engine *engine)
{
    struct watchdog *watchdog = &engine->watchdog;
    if (atomic_load(&watchdog->probe_inside) ||
        now_ms(engine) - watchdog->probed_ms < PROBE_EVERY_MS) {
        return;
    }
    watchdog->probe = (struct command){.type = COMMAND_PROBE,
                                       .received_at = clock_wall(&engine->configuration.clock),
                                       .complete = probe_completed,
                                       .context = engine};
    watchdog->probed_ms = now_ms(engine);
    atomic_store(&watchdog->probe_inside, true);
    if (engine_post(engine, &watchdog->probe) != STATUS_OK) {
        watchdog->probe.answer.status = STATUS_FULL;
        watchdog->probed_ms = 0; /* at the next look again */
        atomic_store(&watchdog->probe_inside, false);
    }
}

/* ---- one look ---- */

/* A damaged page does not mend itself: the watch is told at once, the log no oftener than somebody
 * can read. */
static void tell_unreadable(struct engine *engine, enum status status, const struct error *error)
{
    struct watchdog *watchdog = &engine->watchdog;
    engine_note_damage(engine, status);
    if (watchdog->unread_logged_ms != 0 &&
        now_ms(engine) - watchdog->unread_logged_ms < UNREAD_LOG_EVERY_MS) {
        watchdog->unread_unsaid++;
        return;
    }
    log_error("watchdog.cannot_read", LOG_STATUS(status), LOG_TEXT("detail", error->text),
              LOG_INT("unsaid", watchdog->unread_unsaid));
    watchdog->unread_logged_ms = now_ms(engine);
    watchdog->unread_unsaid = 0;
}

/* Each by itself: that the writer answers is known without reading anything, and damage must not
 * pass for a writer that hangs, which a restart would mend. The probe last: it proves nothing when
 * something else could not be read. */
static void read_and_judge(struct engine *engine)
{
    static enum status (*const parts[])(struct engine *, struct error *) = {
        look_at_deadlines, count_open, look_at_probe};
    engine->watchdog.unread = false;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct error error = {.text = ""};
        enum status status = parts[i](engine, &error);
        if (status != STATUS_OK) {
            engine->watchdog.unread = true;
            tell_unreadable(engine, status, &error);
        }
    }
}

void watchdog_look(struct engine *engine)
{
    look_at_writer(engine); /* first: reading may hang on the same disk */
    files_watch_look(engine);
    if (engine->watchdog.reader != NULL) {
        read_and_judge(engine);
        send_probe(engine);
    }
    atomic_store(&engine->watched_ms, now_ms(engine));
}

void watchdog_open(struct engine *engine)
{
    struct watchdog *watchdog = &engine->watchdog;
    struct error error;
    assert(watchdog->reader == NULL);
    watchdog->suspended_ms = clock_suspended_ms(&engine->configuration.clock);
    if (store_open_reader(engine->database_path, engine->configuration.vfs, READ_MS_MAX,
                          &watchdog->reader, &error) != STATUS_OK) {
        engine_alarm(engine, "watchdog.blind", error.text);
    }
}

void watchdog_close(struct engine *engine)
{
    store_close(&engine->watchdog.reader);
}

void *watchdog_run(void *context)
{
    struct engine *engine = context;
    (void)pthread_setname_np(pthread_self(), "watchdog");
    watchdog_open(engine);
    while (!atomic_load(&engine->watchdog_stop)) {
        watchdog_look(engine);
        const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    watchdog_close(engine);
    return NULL;
}
