/* watchdog.c - looks from outside, every second: is the writer moving, is anything overdue? It
 * shares nothing with the writer but two numbers, and reads the database through a connection of
 * its own. */
#include "gateway/engine/engine_private.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "gateway/base/log.h"

#define LOOK_EVERY_MS  250
#define LOOKS_A_SECOND 4
#define STUCK_MS_MAX   INT64_C(2000)
#define READ_MS_MAX    INT64_C(500)

static void look_at_writer(struct engine *engine)
{
    int64_t began_ms = atomic_load(&engine->turn_began_ms);
    int64_t now_ms = clock_monotonic(&engine->configuration.clock).ms;
    bool stuck = began_ms != 0 && now_ms - began_ms > STUCK_MS_MAX;
    atomic_store(&engine->writer_stuck, stuck);
    if (stuck) {
        char detail[96];
        (void)snprintf(detail, sizeof detail, "the writer has not moved for %lld ms",
                       (long long)(now_ms - began_ms));
        engine_alarm(engine, "engine.writer_stuck", detail);
    }
}

void engine_alarm_overdue(struct engine *engine, int64_t late_ms)
{
    char detail[96];
    (void)snprintf(detail, sizeof detail, "a step is overdue by %lld ms", (long long)late_ms);
    engine_alarm(engine, "engine.overdue", detail);
}

static void look_at_deadlines(struct engine *engine, struct store *reader)
{
    struct engine_time due = ENGINE_NEVER;
    struct error error;
    int64_t open = 0;
    if (store_next_due(reader, &due, &error) != STATUS_OK ||
        store_count_open(reader, &open, &error) != STATUS_OK) {
        log_error("watchdog.cannot_read", LOG_TEXT("detail", error.text));
        return;
    }
    int64_t late_ms = due.ms == TIME_NEVER_MS ? 0 : engine_now(engine).ms - due.ms;
    atomic_store(&engine->overdue_ms, late_ms > 0 ? late_ms : 0);
    atomic_store(&engine->open_escalations, open);
    if (late_ms > OVERDUE_MS_MAX) {
        engine_alarm_overdue(engine, late_ms);
    }
}

void *watchdog_run(void *context)
{
    struct engine *engine = context;
    struct store *reader = NULL;
    struct error error;
    (void)pthread_setname_np(pthread_self(), "watchdog");
    if (store_open_reader(engine->database_path, engine->configuration.vfs, READ_MS_MAX, &reader,
                          &error) != STATUS_OK) {
        engine_alarm(engine, "watchdog.blind", error.text);
    }
    for (unsigned look = 0; !atomic_load(&engine->watchdog_stop); look++) {
        look_at_writer(engine);
        if (reader != NULL && look % LOOKS_A_SECOND == 0) {
            look_at_deadlines(engine, reader);
        }
        const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    store_close(&reader);
    return NULL;
}
