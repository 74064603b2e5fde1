/* alarms.c - what the watch must hear of: to the log, to the alarm callback, on record. */
#include "gateway/engine/engine_private.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"

#define ALARM_EVERY_MS     INT64_C(60000) /* told again, of the same kind about the same thing */
#define ALARM_LOG_EVERY_MS INT64_C(1000)  /* logged again */

/* The record of the last alarm of this kind about this; a free one, or the one told longest ago,
 * when there was none. */
static struct told_alarm *find_told(struct engine *engine, const char *kind, const char *about)
{
    struct told_alarm *oldest = &engine->alarms_told[0];
    for (size_t i = 0; i < ALARMS_TOLD_MAX; i++) {
        struct told_alarm *told = &engine->alarms_told[i];
        if (told->kind == NULL) {
            return told;
        }
        if (strcmp(told->kind, kind) == 0 && strcmp(told->about, about) == 0) {
            return told;
        }
        oldest = told->told_ms < oldest->told_ms ? told : oldest;
    }
    oldest->kind = NULL;
    return oldest;
}

/* What is to be done with an alarm: a storm of the same must flood neither the log nor the alarm
 * callback. */
struct alarm_course {
    bool tell; /* to the callback, and on record */
    bool log;
    int64_t unsaid; /* of the same, since the last line of the log */
};

static struct alarm_course take_course(struct engine *engine, const char *kind, const char *about)
{
    int64_t now_ms = clock_monotonic(&engine->configuration.clock).ms;
    (void)pthread_mutex_lock(&engine->alarm_lock);
    struct told_alarm *told = find_told(engine, kind, about);
    bool first = told->kind == NULL;
    if (first) {
        *told = (struct told_alarm){.kind = kind};
        (void)text_copy(told->about, sizeof told->about, about);
    }
    struct alarm_course course = {
        .tell = first || now_ms - told->told_ms >= ALARM_EVERY_MS,
        .log = first || now_ms - told->logged_ms >= ALARM_LOG_EVERY_MS,
        .unsaid = told->unsaid,
    };
    told->told_ms = course.tell ? now_ms : told->told_ms;
    told->logged_ms = course.log ? now_ms : told->logged_ms;
    told->unsaid = course.log ? 0 : told->unsaid + 1;
    (void)pthread_mutex_unlock(&engine->alarm_lock);
    return course;
}

void engine_alarm(struct engine *engine, const char *kind, const char *detail)
{
    engine_alarm_about(engine, kind, "", detail);
}

void engine_alarm_about(struct engine *engine, const char *kind, const char *about,
                        const char *detail)
{
    struct alarm_course course = take_course(engine, kind, about);
    if (course.log) {
        log_error("alarm", LOG_TEXT("kind", kind), LOG_TEXT("detail", detail),
                  LOG_INT("unsaid", course.unsaid));
    }
    (void)pthread_mutex_lock(&engine->statistics_lock);
    engine->statistics.alarms++;
    (void)pthread_mutex_unlock(&engine->statistics_lock);
    if (!course.tell) {
        return;
    }
    const struct engine_dispatcher *dispatcher = &engine->configuration.dispatcher;
    if (dispatcher->alarm != NULL) {
        dispatcher->alarm(dispatcher->context, kind, detail);
    }
    struct command *command = calloc(1, sizeof *command);
    struct arena *arena = arena_create(0);
    const char *kept = arena == NULL ? NULL : arena_text(arena, detail);
    if (command == NULL || kept == NULL) {
        free(command);
        arena_destroy(&arena);
        return; /* told and logged; the record of it is what is lost */
    }
    command->type = COMMAND_ALARM;
    command->arena = arena;
    command->received_at = clock_wall(&engine->configuration.clock);
    command->request.alarm.kind = kind;
    command->request.alarm.detail = kept;
    command->complete = own_command_free;
    if (engine_post(engine, command) != STATUS_OK) {
        own_command_free(command);
    }
}

void engine_note_damage(struct engine *engine, enum status status)
{
    if (status == STATUS_CORRUPT) {
        atomic_store(&engine->damaged, true);
        engine_alarm(engine, "database.damaged",
                     "the database is damaged: new escalations are refused; restore the last good "
                     "backup now");
    }
}
