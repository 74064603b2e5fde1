/* admin_keys.c - API keys: shown once, kept as hashes. Whoever covers some customers only sees and
 * makes keys for no more than these.
 */
#include <string.h>

#include "admin-api/admin_api_private.h"

#define KEY_NAME_BYTES_MAX 100
#define KEY_CUSTOMERS_MAX  1000

static const char *const no_parameters[] = {NULL};

static bool covers_key(const struct principal *principal, const struct directory_api_key *key)
{
    if (principal->all_customers) {
        return true;
    }
    for (size_t i = 0; i < key->customers_count; i++) {
        if (!principal_covers(principal, key->customers[i])) {
            return false;
        }
    }
    return !key->all_customers;
}

static void write_key(struct json_writer *json, const struct exchange *exchange,
                      const struct directory_api_key *key)
{
    json_object_begin(json);
    json_member_text(json, "id", key->id);
    json_member_text(json, "name", key->name);
    json_member_text(json, "role", role_word(key->role));
    json_name(json, "customers");
    json_array_begin(json);
    if (key->all_customers) {
        json_text(json, "*");
    }
    for (size_t i = 0; i < key->customers_count && !key->all_customers; i++) {
        const struct directory_customer *customer =
            directory_customer(exchange->directory, key->customers[i]);
        if (customer != NULL) {
            json_text(json, customer->slug);
        }
    }
    json_array_end(json);
    json_member_time(json, "created_at", key->created_at);
    json_object_end(json);
}

static void write_keys(struct json_writer *json, void *context)
{
    const struct exchange *exchange = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < directory_api_keys_count(exchange->directory); i++) {
        const struct directory_api_key *key = directory_api_key_at(exchange->directory, i);
        if (covers_key(&exchange->principal, key)) {
            write_key(json, exchange, key);
        }
    }
    json_array_end(json);
    json_name(json, "next_cursor");
    json_null_value(json);
    json_object_end(json);
}

enum next api_keys_list(struct exchange *exchange)
{
    return query_check(exchange, no_parameters) ? reply_view(exchange, write_keys, exchange)
                                                : NEXT_ANSWER;
}

/* ["*"] or a list of slugs that the asker covers. */
static void take_customers(struct exchange *exchange, struct json_reader *reader,
                           struct api_key_request *request)
{
    json_t *list = json_take_array(reader, "customers", true, 1, KEY_CUSTOMERS_MAX);
    size_t count = json_array_size(list);
    int64_t *ids = arena_alloc(exchange->arena, (count + 1) * sizeof *ids);
    const char *only = count == 1 ? json_string_value(json_array_get(list, 0)) : NULL;
    if (only != NULL && strcmp(only, "*") == 0) {
        request->all_customers = true;
        if (!exchange->principal.all_customers) {
            json_reader_fault(reader, "customers", "\"*\" needs a key that covers all customers");
        }
        return;
    }
    for (size_t i = 0; ids != NULL && i < count; i++) {
        const char *slug = json_string_value(json_array_get(list, i));
        const struct directory_customer *customer =
            slug != NULL ? directory_customer_by_slug(exchange->directory, slug) : NULL;
        if (customer == NULL || !principal_covers(&exchange->principal, customer->id)) {
            json_reader_fault(reader, "customers", "item %zu is not the slug of a customer", i);
            return;
        }
        for (size_t k = 0; k < i; k++) {
            if (ids[k] == customer->id) {
                json_reader_fault(reader, "customers", "item %zu is there twice", i);
            }
        }
        ids[i] = customer->id;
    }
    request->customers = ids;
    request->customers_count = ids != NULL ? count : 0;
}

enum next api_keys_post(struct exchange *exchange)
{
    static const char *const roles[] = {"call-centre", "telephony", "admin", "portal", NULL};
    struct json_reader reader;
    struct error error;
    if (!query_check(exchange, no_parameters) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    struct command *command = exchange_command(exchange, COMMAND_ADD_API_KEY);
    struct api_key_request *request = &command->request.api_key;
    request->name = json_take_text(&reader, "name", true, 1, KEY_NAME_BYTES_MAX);
    request->role = role_parse(roles[json_take_word(&reader, "role", true, roles, 0)]);
    take_customers(exchange, &reader, request);
    return body_end(exchange, &reader) ? NEXT_COMMAND : NEXT_ANSWER;
}

enum next api_keys_delete(struct exchange *exchange)
{
    const char *id = exchange->parameters[0];
    if (!query_check(exchange, no_parameters)) {
        return NEXT_ANSWER;
    }
    for (size_t i = 0; i < directory_api_keys_count(exchange->directory); i++) {
        const struct directory_api_key *key = directory_api_key_at(exchange->directory, i);
        if (strcmp(key->id, id) == 0 && covers_key(&exchange->principal, key)) {
            struct command *command = exchange_command(exchange, COMMAND_REVOKE_API_KEY);
            command->request.api_key.key_id = id;
            return NEXT_COMMAND;
        }
    }
    return reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
}
