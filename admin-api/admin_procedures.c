/* admin_procedures.c - what was agreed with a customer; each change makes a new version. */
#include <stdio.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/view.h"

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
