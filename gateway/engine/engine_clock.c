/* engine_clock.c - engine time: a persisted anchor plus the boot clock. Steps of the wall clock
 * never move it; after a reboot it goes on from what was saved last by what the wall says has
 * passed since then. */
#include "gateway/engine/engine_private.h"

#include <string.h>

#include "gateway/base/text.h"

struct engine_time engine_time_at(const struct engine *engine, struct monotonic_time boot)
{
    return (struct engine_time){engine->anchor.engine.ms + (boot.ms - engine->anchor.boot.ms)};
}

struct engine_time engine_now(struct engine *engine)
{
    return engine_time_at(engine, clock_monotonic(&engine->configuration.clock));
}

static bool is_same_boot(const struct engine_configuration *configuration,
                         const struct engine_clock_row *saved, struct monotonic_time boot)
{
    return configuration->boot_id[0] != '\0' &&
           strcmp(saved->boot_id, configuration->boot_id) == 0 && boot.ms >= saved->boot.ms;
}

enum status engine_clock_open(struct engine *engine, struct error *error)
{
    const struct engine_configuration *configuration = &engine->configuration;
    struct engine_clock_row saved;
    struct monotonic_time boot = clock_monotonic(&configuration->clock);
    struct wall_time wall = clock_wall(&configuration->clock);
    enum status status = store_get_engine_clock(engine->store, &saved, error);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    struct engine_time committed = status == STATUS_OK ? saved.engine : (struct engine_time){0};
    enum status compared =
        notes_compare(engine->notes->page, committed, engine->database_path, error);
    if (compared != STATUS_OK) {
        return compared;
    }
    engine->anchor = (struct engine_anchor){.engine = {wall.ms}, .boot = boot};
    if (status == STATUS_NOT_FOUND) {
        clock_watch_begin(engine, 0);
        return engine_clock_save(engine, error);
    }
    if (is_same_boot(configuration, &saved, boot)) {
        engine->anchor.engine.ms = saved.engine.ms + (boot.ms - saved.boot.ms);
        /* Not saved here: a step while the process was away is noticed by the first turn. */
        clock_watch_begin(engine, saved.wall_at.ms - saved.engine.ms);
        engine->clock_saved_at = saved.engine;
        return STATUS_OK;
    }
    /* How long it was away only the wall knows; when that went back, no time has passed. */
    int64_t away_ms = wall.ms > saved.wall_at.ms ? wall.ms - saved.wall_at.ms : 0;
    engine->anchor.engine.ms = saved.engine.ms + away_ms;
    clock_watch_begin(engine, saved.wall_at.ms + away_ms - engine->anchor.engine.ms);
    return engine_clock_save(engine, error);
}

enum status engine_clock_save(struct engine *engine, struct error *error)
{
    struct engine_clock_row row = {
        .boot = clock_monotonic(&engine->configuration.clock),
        .wall_at = clock_wall(&engine->configuration.clock),
    };
    row.engine = engine_time_at(engine, row.boot);
    (void)text_copy(row.boot_id, sizeof row.boot_id, engine->configuration.boot_id);
    engine->clock_saved_at = row.engine;
    engine->clock_unsaved = false;
    return store_set_engine_clock(engine->store, &row, error);
}
