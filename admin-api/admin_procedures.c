/* admin_procedures.c - what was agreed with a customer; each change makes a new version. */
#include <stdio.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/view.h"

/* "/exhausted/15/callback" */
#define EXHAUSTED_POINTER_BYTES_MAX 32

static const char *const no_parameters[] = {NULL};

/* What is shown: one of a customer's, or all. */
struct shown {
    const struct directory_customer *customer;
    const struct directory_procedure *procedure;
    struct wall_time at;
};

static void write_procedure(struct json_writer *json, const struct directory_procedure *procedure,
                            struct wall_time at)
{
    json_object_begin(json);
    json_member_text(json, "slug", procedure->procedure->slug);
    json_member_int(json, "version", procedure->version);
    view_paper(json, procedure->procedure, at);
    json_member_raw(json, "definition", procedure->definition);
    json_object_end(json);
}

static void write_one(struct json_writer *json, void *context)
{
    const struct shown *shown = context;
    write_procedure(json, shown->procedure, shown->at);
}

static void write_all(struct json_writer *json, void *context)
{
    const struct shown *shown = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < shown->customer->procedures_count; i++) {
        write_procedure(json, &shown->customer->procedures[i], shown->at);
    }
    json_array_end(json);
    json_name(json, "next_cursor");
    json_null_value(json);
    json_object_end(json);
}

enum next procedures_list(struct exchange *exchange)
{
    struct shown shown = {.customer = exchange->customer, .at = exchange->received_at};
    return query_check(exchange, no_parameters) ? reply_view(exchange, write_all, &shown)
                                                : NEXT_ANSWER;
}

enum next procedures_get(struct exchange *exchange)
{
    struct shown shown = {
        .procedure = directory_procedure(exchange->customer, exchange->parameters[1]),
        .at = exchange->received_at,
    };
    if (!query_check(exchange, no_parameters)) {
        return NEXT_ANSWER;
    }
    return shown.procedure != NULL ? reply_view(exchange, write_one, &shown)
                                   : reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
}

/* The first of a procedure's callbacks that would reach nobody, or NULL: found now rather than at
 * night. */
static const struct procedure_target *find_unknown_endpoint(const struct admin_api *api,
                                                            const struct procedure *procedure)
{
    for (size_t i = 0; api->hooks.endpoint_is_known != NULL && i < procedure->exhausted_count;
         i++) {
        const struct procedure_target *target = &procedure->exhausted[i];
        if (target->kind == TARGET_CALLBACK &&
            !api->hooks.endpoint_is_known(api->hooks.context, target->name)) {
            return target;
        }
    }
    return NULL;
}

enum next procedures_put(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct procedure *procedure;
    struct command *command = exchange_command(exchange, COMMAND_PUT_PROCEDURE);
    struct definition_request *request = &command->request.definition;
    if (!query_check(exchange, no_parameters) || !path_slug(exchange, 1, &request->slug) ||
        !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    enum status status = procedure_parse(exchange->body, exchange->body_bytes, request->slug,
                                         exchange->arena, &procedure, &error);
    if (status != STATUS_OK) {
        return reply_problem(exchange, status, &error, NULL);
    }
    const struct procedure_target *unknown = find_unknown_endpoint(exchange->api, procedure);
    if (unknown != NULL) {
        char pointer[EXHAUSTED_POINTER_BYTES_MAX];
        (void)snprintf(pointer, sizeof pointer, "/exhausted/%zu/callback",
                       (size_t)(unknown - procedure->exhausted));
        return reply_fault(exchange, STATUS_INVALID, pointer,
                           "%s: the configuration has no section [endpoint.%s]; GET /v1/providers "
                           "lists the endpoints",
                           pointer, unknown->name);
    }
    request->definition = arena_text_n(exchange->arena, exchange->body, exchange->body_bytes);
    return request->definition != NULL ? NEXT_COMMAND
                                       : reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
}
