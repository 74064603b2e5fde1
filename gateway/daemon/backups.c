/* backups.c - the thread of a backup, and what is told of it. */
#include "gateway/daemon/backups.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/base/encoding.h"
#include "gateway/base/json_writer.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"

#define REST_MS_MAX 100

enum backup_state { BACKUP_NONE, BACKUP_COPYING, BACKUP_CHECKING, BACKUP_DONE, BACKUP_FAILED };

static const char *const state_words[] = {
    [BACKUP_NONE] = "none", [BACKUP_COPYING] = "copying", [BACKUP_CHECKING] = "checking",
    [BACKUP_DONE] = "done", [BACKUP_FAILED] = "failed",
};

/* The backup that runs, or the last one. */
struct backup {
    enum backup_state state;
    struct uuid id;
    struct wall_time begun_at;
    int64_t took_ms; /* once it ended */
    int64_t pages_done;
    int64_t pages_total;
    struct backup_result result; /* of one that is done */
    enum status status;          /* of one that failed */
    struct error error;
};

struct backups {
    struct backups_configuration configuration;
    pthread_mutex_t lock; /* of all below */
    struct backup current;
    int64_t newest_s; /* of the newest file in the folder */
    uint64_t done;
    uint64_t failed;
    pthread_t thread;
    bool has_thread; /* to be joined */
    bool stopping;
    struct monotonic_time worked_from; /* the thread's own */
};

struct backups *backups_create(const struct backups_configuration *configuration)
{
    struct backups *backups = calloc(1, sizeof *backups);
    if (backups == NULL) {
        return NULL;
    }
    backups->configuration = *configuration;
    (void)pthread_mutex_init(&backups->lock, NULL);
    backup_remove_partial(&configuration->place);
    backups->newest_s = backup_newest_s(&configuration->place);
    return backups;
}

void backups_destroy(struct backups **backups)
{
    if (*backups == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&(*backups)->lock);
    (*backups)->stopping = true;
    bool has_thread = (*backups)->has_thread;
    (void)pthread_mutex_unlock(&(*backups)->lock);
    if (has_thread) {
        (void)pthread_join((*backups)->thread, NULL);
    }
    (void)pthread_mutex_destroy(&(*backups)->lock);
    free(*backups);
    *backups = NULL;
}

/* Rests as long as it has worked: half of one processor and of the disk are the gateway's. */
static enum status keep_pace(void *context, int64_t done, int64_t total, struct error *error)
{
    struct backups *backups = context;
    const struct clock_source *clock = backups->configuration.clock;
    (void)pthread_mutex_lock(&backups->lock);
    bool stopping = backups->stopping;
    backups->current.state = total > 0 ? BACKUP_COPYING : BACKUP_CHECKING;
    if (total > 0) {
        backups->current.pages_done = done;
        backups->current.pages_total = total;
    }
    (void)pthread_mutex_unlock(&backups->lock);
    if (stopping) {
        return error_set(error, STATUS_STOPPING, "%s", status_text(STATUS_STOPPING));
    }
    int64_t worked_ms = clock_monotonic(clock).ms - backups->worked_from.ms;
    if (worked_ms > 0) {
        (void)poll(NULL, 0, worked_ms < REST_MS_MAX ? (int)worked_ms : REST_MS_MAX);
        backups->worked_from = clock_monotonic(clock);
    }
    return STATUS_OK;
}

/* Somebody must hear of it: tomorrow's backup may be as bad. */
static void tell_failure(struct backups *backups, enum status status, const struct error *error)
{
    log_error("backup.failed", LOG_STATUS(status), LOG_TEXT("detail", error->text));
    if (backups->configuration.engine == NULL || status == STATUS_STOPPING) {
        return;
    }
    if (status == STATUS_CORRUPT) {
        engine_alarm(backups->configuration.engine, "database.damaged",
                     "the backup found damage in the database: restore the last good backup");
    } else {
        engine_alarm(backups->configuration.engine, "backup.failed",
                     "the database could not be backed up: see the log");
    }
}

static void *run(void *context)
{
    struct backups *backups = context;
    const struct backups_configuration *configuration = &backups->configuration;
    const struct store_watch pace = {keep_pace, backups};
    struct backup_result result;
    struct error error = {.text = ""};
    (void)pthread_setname_np(pthread_self(), "backup");
    struct monotonic_time begun = clock_monotonic(configuration->clock);
    backups->worked_from = begun;
    enum status status =
        backup_make(&configuration->place, backups->current.begun_at, &pace, &result, &error);
    int64_t took_ms = clock_monotonic(configuration->clock).ms - begun.ms;
    if (status == STATUS_OK) {
        log_info("backup.done", LOG_TEXT("name", result.name), LOG_INT("bytes", result.bytes),
                 LOG_INT("ms", took_ms));
    } else {
        tell_failure(backups, status, &error);
    }
    int64_t newest_s = backup_newest_s(&configuration->place);
    (void)pthread_mutex_lock(&backups->lock);
    struct backup *current = &backups->current;
    current->took_ms = took_ms;
    current->state = status == STATUS_OK ? BACKUP_DONE : BACKUP_FAILED;
    current->status = status;
    if (status == STATUS_OK) {
        current->result = result;
        backups->done++;
    } else {
        current->error = error;
        backups->failed++;
    }
    backups->newest_s = newest_s;
    (void)pthread_mutex_unlock(&backups->lock);
    return NULL;
}

static bool is_running(const struct backups *backups)
{
    return backups->current.state == BACKUP_COPYING || backups->current.state == BACKUP_CHECKING;
}

/* A copy of what took the database's place would in time push out the good ones. */
static bool is_removed(struct engine *engine)
{
    struct engine_statistics statistics = {.removed = false};
    if (engine != NULL) {
        engine_statistics(engine, &statistics);
    }
    return statistics.removed;
}

/* Under the lock. */
static enum status begin_locked(struct backups *backups, struct uuid *id_r, struct error *error)
{
    const struct backups_configuration *configuration = &backups->configuration;
    if (is_removed(configuration->engine)) {
        return error_set(error, STATUS_REMOVED,
                         "%s: what is in its place is not what the gateway works with; its "
                         "administrator must put it back",
                         status_text(STATUS_REMOVED));
    }
    if (backups->stopping) {
        return error_set(error, STATUS_STOPPING, "%s", status_text(STATUS_STOPPING));
    }
    if (is_running(backups)) {
        char id[UUID_TEXT_BYTES];
        uuid_format(backups->current.id, id);
        return error_set(error, STATUS_CONFLICT, "a backup is running: GET /v1/backups/%s", id);
    }
    if (backups->has_thread) {
        (void)pthread_join(backups->thread, NULL); /* it has ended, or is about to return */
        backups->has_thread = false;
    }
    struct wall_time now = clock_wall(configuration->clock);
    backups->current = (struct backup){
        .state = BACKUP_COPYING, .id = uuid_v7(now, configuration->random), .begun_at = now};
    if (pthread_create(&backups->thread, NULL, run, backups) != 0) {
        backups->current.state = BACKUP_NONE;
        return error_set(error, STATUS_NO_MEMORY, "the backup's thread cannot be started");
    }
    backups->has_thread = true;
    *id_r = backups->current.id;
    return STATUS_OK;
}

static enum status begin(void *context, struct uuid *id_r, struct error *error)
{
    struct backups *backups = context;
    (void)pthread_mutex_lock(&backups->lock);
    enum status status = begin_locked(backups, id_r, error);
    (void)pthread_mutex_unlock(&backups->lock);
    return status;
}

static void write_result(struct json_writer *json, const struct backup_result *result)
{
    char digits[HEX_TEXT_BYTES(DIGEST_BYTES)];
    hex_encode(result->digest.bytes, DIGEST_BYTES, digits);
    json_member_text(json, "name", result->name);
    json_member_int(json, "bytes", result->bytes);
    json_member_text(json, "sha256", digits);
    json_member_int(json, "schema_version", result->facts.schema_version);
    json_member_int(json, "tickets", result->facts.tickets);
    json_member_int(json, "escalations", result->facts.escalations);
    json_member_int(json, "open_escalations", result->facts.open_escalations);
    json_member_int(json, "timeline_entries", result->facts.timeline_entries);
}

static size_t show(void *context, struct uuid id, char *buffer, size_t buffer_bytes)
{
    struct backups *backups = context;
    struct json_writer json;
    (void)pthread_mutex_lock(&backups->lock);
    struct backup backup = backups->current;
    (void)pthread_mutex_unlock(&backups->lock);
    if (backup.state == BACKUP_NONE || !uuid_equal(backup.id, id)) {
        return 0;
    }
    json_writer_init(&json, buffer, buffer_bytes);
    json_object_begin(&json);
    json_member_uuid(&json, "id", backup.id);
    json_member_text(&json, "state", state_words[backup.state]);
    json_member_time(&json, "begun_at", backup.begun_at);
    json_member_int(&json, "pages_done", backup.pages_done);
    json_member_int(&json, "pages_total", backup.pages_total);
    if (backup.state == BACKUP_DONE || backup.state == BACKUP_FAILED) {
        json_member_int(&json, "took_ms", backup.took_ms);
    }
    if (backup.state == BACKUP_DONE) {
        json_member_text(&json, "folder", backups->configuration.place.folder);
        write_result(&json, &backup.result);
    } else if (backup.state == BACKUP_FAILED) {
        json_member_text(&json, "problem", status_slug(backup.status));
        json_member_text(&json, "detail", backup.error.text);
    }
    json_object_end(&json);
    return json_writer_overflowed(&json) ? 0 : json_writer_bytes(&json);
}

struct admin_api_backups backups_interface(struct backups *backups)
{
    return (struct admin_api_backups){.begin = begin, .show = show, .context = backups};
}

size_t backups_metrics(struct backups *backups, char *buffer, size_t buffer_bytes)
{
    (void)pthread_mutex_lock(&backups->lock);
    int64_t newest_s = backups->newest_s;
    uint64_t done = backups->done, failed = backups->failed;
    bool running = is_running(backups);
    (void)pthread_mutex_unlock(&backups->lock);
    int wrote = snprintf(
        buffer, buffer_bytes,
        "# HELP astreinte_backups_total Backups that ended, by outcome.\n"
        "# TYPE astreinte_backups_total counter\n"
        "astreinte_backups_total{outcome=\"done\"} %llu\n"
        "astreinte_backups_total{outcome=\"failed\"} %llu\n"
        "# HELP astreinte_backup_running Whether one is under way.\n"
        "# TYPE astreinte_backup_running gauge\nastreinte_backup_running %d\n"
        "# HELP astreinte_backup_newest_timestamp_seconds When the newest backup was begun; 0: "
        "none.\n"
        "# TYPE astreinte_backup_newest_timestamp_seconds gauge\n"
        "astreinte_backup_newest_timestamp_seconds %lld\n",
        (unsigned long long)done, (unsigned long long)failed, running ? 1 : 0, (long long)newest_s);
    return wrote > 0 && (size_t)wrote < buffer_bytes ? (size_t)wrote : 0;
}
