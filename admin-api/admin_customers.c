/* admin_customers.c - the companies served. */
#include <stdio.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "gateway/base/text.h"

#define NAME_BYTES_MAX      200
#define TIME_ZONE_BYTES_MAX 64

static void write_customer(struct json_writer *json, void *context)
{
    const struct directory_customer *customer = context;
    json_object_begin(json);
    json_member_text(json, "slug", customer->slug);
    json_member_text(json, "name", customer->name);
    json_member_text(json, "time_zone", customer->time_zone);
    json_member_text(json, "language", customer->language);
    json_member_text(json, "alias", customer->alias);
    json_member_text(json, "default_procedure", customer->default_procedure);
    json_member_bool(json, "active", customer->active);
    json_object_end(json);
}

static void write_customers(struct json_writer *json, void *context)
{
    const struct exchange *exchange = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < directory_customers_count(exchange->directory); i++) {
        union {
            const struct directory_customer *customer;
            void *context;
        } each = {directory_customer_at(exchange->directory, i)};
        if (principal_covers(&exchange->principal, each.customer->id)) {
            write_customer(json, each.context);
        }
    }
    json_array_end(json);
    json_name(json, "next_cursor");
    json_null_value(json);
    json_object_end(json);
}

enum next customers_list(struct exchange *exchange)
{
    static const char *const no_parameters[] = {NULL};
    return query_check(exchange, no_parameters) ? reply_view(exchange, write_customers, exchange)
                                                : NEXT_ANSWER;
}

static enum next show(struct exchange *exchange)
{
    union {
        const struct directory_customer *customer;
        void *context;
    } shown = {exchange->customer};
    return shown.customer != NULL ? reply_view(exchange, write_customer, shown.context)
                                  : reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
}

enum next customers_get(struct exchange *exchange)
{
    static const char *const no_parameters[] = {NULL};
    return query_check(exchange, no_parameters) ? show(exchange) : NEXT_ANSWER;
}

enum next customers_put(struct exchange *exchange)
{
    static const char *const languages[] = {"fr", "en", NULL};
    static const char *const no_parameters[] = {NULL};
    struct json_reader reader;
    struct error error;
    struct command *command = exchange_command(exchange, COMMAND_PUT_CUSTOMER);
    struct customer_request *request = &command->request.customer;
    if (!query_check(exchange, no_parameters) || !path_slug(exchange, 0, &request->slug) ||
        !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    const char *slug = json_take_slug(&reader, "slug", false);
    if (slug != NULL && strcmp(slug, request->slug) != 0) {
        json_reader_fault(&reader, "slug", "must equal the name in the path");
    }
    request->name = json_take_text(&reader, "name", true, 1, NAME_BYTES_MAX);
    request->time_zone = json_take_text(&reader, "time_zone", true, 1, TIME_ZONE_BYTES_MAX);
    request->language = languages[json_take_word(&reader, "language", true, languages, 0)];
    request->alias = json_take_text(&reader, "alias", true, 1, NAME_BYTES_MAX);
    request->default_procedure = json_take_slug(&reader, "default_procedure", false);
    request->active = json_take_bool(&reader, "active", true);
    exchange->after = show;
    return body_end(exchange, &reader) ? NEXT_COMMAND : NEXT_ANSWER;
}
