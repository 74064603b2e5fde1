/* admin_procedures.c - what was agreed with a customer; each change makes a new version. */
#include <stdio.h>
#include <string.h>

#include "admin-api/admin_api_private.h"

static const char *const no_parameters[] = {NULL};

/* {"slug":…,"version":…} and the members of the definition, without one of them repeated. */
static void write_procedure(struct json_writer *json, const struct directory_procedure *procedure)
{
    json_object_begin(json);
    json_member_text(json, "slug", procedure->procedure->slug);
    json_member_int(json, "version", procedure->version);
    json_member_raw(json, "definition", procedure->definition);
    json_object_end(json);
}

static void write_one(struct json_writer *json, void *context)
{
    write_procedure(json, context);
}

static void write_all(struct json_writer *json, void *context)
{
    const struct directory_customer *customer = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < customer->procedures_count; i++) {
        write_procedure(json, &customer->procedures[i]);
    }
    json_array_end(json);
    json_name(json, "next_cursor");
    json_null_value(json);
    json_object_end(json);
}

enum next procedures_list(struct exchange *exchange)
{
    union {
        const struct directory_customer *customer;
        void *context;
    } shown = {exchange->customer};
    return query_check(exchange, no_parameters) ? reply_view(exchange, write_all, shown.context)
                                                : NEXT_ANSWER;
}

enum next procedures_get(struct exchange *exchange)
{
    union {
        const struct directory_procedure *procedure;
        void *context;
    } shown = {directory_procedure(exchange->customer, exchange->parameters[1])};
    if (!query_check(exchange, no_parameters)) {
        return NEXT_ANSWER;
    }
    return shown.procedure != NULL ? reply_view(exchange, write_one, shown.context)
                                   : reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
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
    request->definition = arena_text_n(exchange->arena, exchange->body, exchange->body_bytes);
    return request->definition != NULL ? NEXT_COMMAND
                                       : reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
}
