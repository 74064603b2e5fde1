/* admin_rotas.c - who is on call when: definitions, and what they compile to. */
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "gateway/base/log.h"

#define ON_CALL_DAYS_MAX INT64_C(366)
#define DAY_MS           INT64_C(86400000)
/* Room for all the overrides that one may have. */
/* ROTA_OVERRIDES_MAX swaps between the longest slugs, and the layers. */
#define ROTA_JSON_BYTES_MAX ((size_t)640 * 1024)

static const char *const no_parameters[] = {NULL};

static void write_rota(struct json_writer *json, void *context)
{
    const struct directory_rota *rota = context;
    json_object_begin(json);
    json_member_text(json, "slug", rota->slug);
    json_member_time(json, "compiled_until", rota->compiled_until);
    json_member_raw(json, "definition", rota->definition);
    json_object_end(json);
}

static void write_rotas(struct json_writer *json, void *context)
{
    const struct directory_customer *customer = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < customer->rotas_count; i++) {
        union {
            const struct directory_rota *rota;
            void *context;
        } each = {&customer->rotas[i]};
        write_rota(json, each.context);
    }
    json_array_end(json);
    json_name(json, "next_cursor");
    json_null_value(json);
    json_object_end(json);
}

enum next rotas_list(struct exchange *exchange)
{
    union {
        const struct directory_customer *customer;
        void *context;
    } shown = {exchange->customer};
    return query_check(exchange, no_parameters) ? reply_view(exchange, write_rotas, shown.context)
                                                : NEXT_ANSWER;
}

static enum next show(struct exchange *exchange)
{
    union {
        const struct directory_rota *rota;
        void *context;
    } shown = {directory_rota(exchange->customer, exchange->parameters[1])};
    return shown.rota != NULL ? reply_view(exchange, write_rota, shown.context)
                              : reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
}

enum next rotas_get(struct exchange *exchange)
{
    return query_check(exchange, no_parameters) ? show(exchange) : NEXT_ANSWER;
}

enum next rotas_put(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct command *command = exchange_command(exchange, COMMAND_PUT_ROTA);
    struct definition_request *request = &command->request.definition;
    static const char *const parameters[] = {"replacements", NULL};
    bool drops = false;
    if (!query_check(exchange, parameters) ||
        !query_choice(exchange, "replacements", "keep", "drop", &drops) ||
        !path_slug(exchange, 1, &request->slug) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    if (exchange->body_bytes > ROTA_JSON_BYTES_MAX) {
        return reply_fault(exchange, STATUS_TOO_LARGE, "", "a rota is limited to %zu bytes",
                           ROTA_JSON_BYTES_MAX);
    }
    request->keeps_replacements = !drops;
    request->definition = arena_text_n(exchange->arena, exchange->body, exchange->body_bytes);
    if (request->definition == NULL) {
        return reply_fault(exchange, STATUS_INVALID, "", "the body: a rota is required");
    }
    const struct engine_rotas *rotas = engine_rotas(exchange->api->engine);
    enum status status =
        rotas->check(rotas->context, request->definition, exchange->customer->calendar, &error);
    if (status != STATUS_OK) {
        return reply_problem(exchange, status, &error, NULL);
    }
    exchange->after = show;
    return NEXT_COMMAND;
}

struct on_call {
    const char *time_zone; /* the customer's */
    const struct engine_rota_interval *intervals;
    size_t count;
};

static void write_on_call(struct json_writer *json, void *context)
{
    const struct on_call *on_call = context;
    json_object_begin(json);
    json_member_text(json, "time_zone", on_call->time_zone);
    json_name(json, "intervals");
    json_array_begin(json);
    for (size_t i = 0; i < on_call->count; i++) {
        json_object_begin(json);
        json_member_time(json, "from", on_call->intervals[i].from);
        json_member_time(json, "to", on_call->intervals[i].to);
        json_member_text(json, "agent", on_call->intervals[i].agent);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

/* Compiling a long schedule takes a while, so a reader thread does it. */
static enum next compile(struct exchange *exchange, struct store *store)
{
    (void)store;
    struct error error = {0};
    struct engine_rota_interval *intervals = NULL;
    size_t count = 0;
    const struct directory_rota *rota = directory_rota(exchange->customer, exchange->parameters[1]);
    const struct engine_rotas *rotas = engine_rotas(exchange->api->engine);
    enum status status =
        rotas->compile(rotas->context, rota->definition, exchange->customer->calendar,
                       exchange->customer->time_zone, exchange->window_from, exchange->window_to,
                       exchange->arena, &intervals, &count, &error);
    if (status != STATUS_OK) {
        log_warning("http.rota_failed", LOG_STATUS(status));
        return reply_problem(exchange, status, &error, NULL);
    }
    struct on_call on_call = {exchange->customer->time_zone, intervals, count};
    return reply_view(exchange, write_on_call, &on_call);
}

enum next rotas_on_call(struct exchange *exchange)
{
    static const char *const parameters[] = {"from", "to", NULL};
    struct wall_time *from = &exchange->window_from, *to = &exchange->window_to;
    if (!query_check(exchange, parameters) ||
        !query_time(exchange, "from", exchange->received_at, from) ||
        !query_time(exchange, "to", (struct wall_time){from->ms + 7 * DAY_MS}, to)) {
        return NEXT_ANSWER;
    }
    if (to->ms < from->ms || to->ms - from->ms > ON_CALL_DAYS_MAX * DAY_MS) {
        return reply_fault(exchange, STATUS_INVALID, NULL,
                           "query parameter to must be at most %d days after from",
                           (int)ON_CALL_DAYS_MAX);
    }
    if (directory_rota(exchange->customer, exchange->parameters[1]) == NULL) {
        return reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
    }
    exchange->read = compile;
    return NEXT_READ;
}
