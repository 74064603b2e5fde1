/* command_coverage.c - keeps what the automatic coverage found, and that it was told. */
#include "gateway/engine/engine_private.h"

#include "gateway/store/store_coverage.h"

enum status command_keep_coverage(struct engine *engine, struct command *command,
                                  struct error *error)
{
    const struct coverage_report_request *request = &command->request.coverage_report;
    const struct coverage_report_row row = {
        .customer_id = command->customer_id,
        .computed_at = request->computed_at,
        .days = request->days,
        .findings = request->findings,
        .lasting = request->lasting,
        .counts = request->counts,
        .items = request->items,
        .more = request->more,
        .keys = request->keys,
        .news = request->news,
        .over = request->over,
        .told_at = WALL_NEVER,
    };
    return store_put_coverage_report(engine->store, &row, error);
}

enum status command_coverage_told(struct engine *engine, struct command *command,
                                  struct error *error)
{
    return store_note_coverage_told(engine->store, command->customer_id,
                                    command->request.coverage_report.computed_at,
                                    command->received_at, error);
}

static enum status post(struct engine *engine, struct command *command)
{
    enum status status = engine_post(engine, command);
    if (status != STATUS_OK) {
        own_command_free(command);
    }
    return status;
}

enum status engine_keep_coverage(struct engine *engine, int64_t customer_id,
                                 const struct coverage_report_request *report)
{
    struct command *command = own_command(COMMAND_KEEP_COVERAGE, customer_id, (struct uuid){{0}},
                                          clock_wall(&engine->configuration.clock));
    struct coverage_report_request *kept = &command->request.coverage_report;
    command->arena = arena_create(0);
    *kept = *report;
    kept->counts = NULL;
    if (command->arena != NULL) {
        kept->counts = arena_text(command->arena, report->counts);
        kept->items = arena_text(command->arena, report->items);
        kept->keys = arena_text(command->arena, report->keys);
        kept->news = report->news != NULL ? arena_text(command->arena, report->news) : NULL;
    }
    if (kept->counts == NULL || kept->items == NULL || kept->keys == NULL ||
        (kept->news == NULL) != (report->news == NULL)) {
        own_command_free(command);
        return STATUS_NO_MEMORY;
    }
    return post(engine, command);
}

void engine_coverage_told(struct engine *engine, int64_t customer_id, struct wall_time computed_at)
{
    struct command *command = own_command(COMMAND_COVERAGE_TOLD, customer_id, (struct uuid){{0}},
                                          clock_wall(&engine->configuration.clock));
    command->request.coverage_report.computed_at = computed_at;
    (void)post(engine, command); /* untold, it goes out once more */
}
