/* admin_import.c - a planning in an iCalendar file becomes replacements of a rota, or is only asked
 * what it would change.
 */
#include <string.h>

#include "admin-api/admin_api_private.h"

static void write_intervals(struct json_writer *json, const char *name,
                            const struct engine_rota_interval *intervals, size_t count)
{
    json_name(json, name);
    json_array_begin(json);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(json);
        json_member_time(json, "from", intervals[i].from);
        json_member_time(json, "to", intervals[i].to);
        json_member_text(json, "agent", intervals[i].agent);
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_on_call(struct json_writer *json, const char *name, const char *agent)
{
    json_name(json, name);
    if (agent[0] != '\0') {
        json_text(json, agent);
    } else {
        json_null_value(json);
    }
}

static void write_changes(struct json_writer *json, const struct admin_api_planning *planning)
{
    json_name(json, "changes");
    json_array_begin(json);
    for (size_t i = 0; i < planning->changes_count; i++) {
        const struct admin_api_change *change = &planning->changes[i];
        json_object_begin(json);
        json_member_time(json, "from", change->from);
        json_member_time(json, "to", change->to);
        write_on_call(json, "before", change->before);
        write_on_call(json, "after", change->after);
        json_object_end(json);
    }
    json_array_end(json);
    json_member_bool(json, "more_changes", planning->more_changes);
}

static void write_planning(struct json_writer *json, void *context)
{
    const struct exchange *exchange = context;
    const struct admin_api_planning *planning = exchange->planning;
    json_object_begin(json);
    json_member_text(json, "rota", exchange->parameters[1]);
    json_member_bool(json, "dry_run", exchange->dry_run);
    json_member_bool(json, "new_rota", planning->is_new);
    json_member_int(json, "shifts", (int64_t)planning->shifts_count);
    json_member_int(json, "unchanged", (int64_t)planning->unchanged);
    json_member_int(json, "past", (int64_t)planning->past);
    json_member_int(json, "cancelled", (int64_t)planning->cancelled);
    write_intervals(json, "added", planning->added, planning->added_count);
    write_intervals(json, "removed", planning->removed, planning->removed_count);
    write_changes(json, planning);
    json_object_end(json);
}

static enum next show(struct exchange *exchange)
{
    return reply_view(exchange, write_planning, exchange);
}

static enum next put(struct exchange *exchange)
{
    const struct directory_rota *before =
        directory_rota(exchange->customer, exchange->parameters[1]);
    struct definition_request *request =
        &exchange_command(exchange, COMMAND_PUT_ROTA)->request.definition;
    request->slug = exchange->parameters[1];
    request->definition = exchange->planning->definition;
    request->follows = true;
    request->before = before != NULL ? arena_text(exchange->arena, before->definition) : NULL;
    if (before != NULL && request->before == NULL) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    exchange->after = show;
    return NEXT_COMMAND;
}

/* Reading a long file takes a while, so a reader thread does it. */
static enum next plan(struct exchange *exchange, struct store *store)
{
    (void)store;
    const struct admin_api_calendars *calendars = &exchange->api->calendars;
    const struct admin_api_import import = {
        .customer = exchange->customer,
        .rota = directory_rota(exchange->customer, exchange->parameters[1]),
        .text = exchange->body,
        .bytes = exchange->body_bytes,
        .from = exchange->window_from,
        .replaces = exchange->replaces,
    };
    struct error error = {0};
    struct admin_api_planning *planning = arena_alloc(exchange->arena, sizeof *planning);
    enum status status = STATUS_NO_MEMORY;
    if (planning != NULL) {
        status = calendars->plan(calendars->context, &import, exchange->arena, planning, &error);
    }
    if (status != STATUS_OK) {
        return reply_problem(exchange, status, &error, NULL);
    }
    exchange->planning = planning;
    bool changes_nothing = planning->added_count == 0 && planning->removed_count == 0;
    return exchange->dry_run || changes_nothing ? show(exchange) : put(exchange);
}

enum next rotas_import(struct exchange *exchange)
{
    static const char *const parameters[] = {"dry_run", "overrides", "from", NULL};
    const char *slug;
    if (!query_check(exchange, parameters) || !path_slug(exchange, 1, &slug) ||
        !query_choice(exchange, "dry_run", "false", "true", &exchange->dry_run) ||
        !query_choice(exchange, "overrides", "keep", "replace", &exchange->replaces) ||
        !query_time(exchange, "from", exchange->received_at, &exchange->window_from)) {
        return NEXT_ANSWER;
    }
    if (exchange->body_bytes == 0 || exchange->api->calendars.plan == NULL) {
        return reply_fault(exchange, STATUS_INVALID, NULL,
                           "the body: an iCalendar file (text/calendar) is required");
    }
    exchange->read = plan;
    return NEXT_READ;
}
