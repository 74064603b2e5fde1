/* shared_phones.c - administration of phones that several agents share: their codes, who may sign
 * in on them, whose they were. */
#include <stdlib.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"
#include "admin-api/view.h"
#include "gateway/base/text.h"
#include "gateway/store/store_installation.h"

#define PHONE_NAME_BYTES_MAX 100
#define TURNS_SHOWN_MAX      50

static const char *const no_parameters[] = {NULL};

/* The phone of the path; NULL: the answer is there. */
static const struct directory_shared_phone *path_phone(struct exchange *exchange)
{
    char *end;
    long long id = strtoll(exchange->parameters[1], &end, 10);
    const struct directory_shared_phone *phone =
        *end == '\0' && id > 0 ? directory_shared_phone(exchange->customer, id) : NULL;
    if (phone == NULL) {
        (void)reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
    }
    return phone;
}

/* ---- what they look like ---- */

void view_shared_phone_owner(struct json_writer *json, const struct directory_customer *customer,
                             const struct directory_shared_phone *phone)
{
    /* An agent who left is nobody: authorize.c hears them no more. */
    const struct directory_person *owner = directory_shares(customer, phone, phone->owner_id)
                                               ? directory_agent(customer, phone->owner_id)
                                               : NULL;
    json_name(json, "signed_in");
    if (owner == NULL) {
        json_null_value(json);
        return;
    }
    json_object_begin(json);
    json_member_text(json, "agent", owner->slug);
    json_member_text(json, "name", owner->name);
    json_member_time(json, "since", phone->owned_since);
    json_object_end(json);
}

static void write_members(struct json_writer *json, const struct directory_customer *customer,
                          const struct directory_shared_phone *phone)
{
    json_member_int(json, "id", phone->id);
    json_member_text(json, "name", phone->name);
    json_member_time(json, "created_at", phone->created_at);
    json_member_bool(json, "enrolled", phone->enrolled);
    json_member_text(json, "installation", phone->installation);
    json_member_bool(json, "registered", phone->has_target);
    view_shared_phone_owner(json, customer, phone);
    json_name(json, "shared_by");
    json_array_begin(json);
    for (size_t i = 0; i < phone->agents_count; i++) {
        const struct directory_person *agent = directory_agent(customer, phone->agents[i]);
        if (agent != NULL) {
            json_text(json, agent->slug);
        }
    }
    json_array_end(json);
}

static void write_phones(struct json_writer *json, void *context)
{
    const struct directory_customer *customer = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < customer->shared_phones_count; i++) {
        json_object_begin(json);
        write_members(json, customer, &customer->shared_phones[i]);
        json_object_end(json);
    }
    json_array_end(json);
    json_name(json, "next_cursor");
    json_null_value(json);
    json_object_end(json);
}

enum next shared_phones_list(struct exchange *exchange)
{
    union {
        const struct directory_customer *customer;
        void *context;
    } shown = {exchange->customer};
    return query_check(exchange, no_parameters) ? reply_view(exchange, write_phones, shown.context)
                                                : NEXT_ANSWER;
}

/* ---- one, with whose it was ---- */

struct turns {
    const struct directory_customer *customer;
    const struct directory_shared_phone *phone;
    struct shared_phone_turn_row *rows;
    size_t count;
};

static void write_phone(struct json_writer *json, void *context)
{
    const struct turns *turns = context;
    json_object_begin(json);
    write_members(json, turns->customer, turns->phone);
    json_name(json, "turns");
    json_array_begin(json);
    for (size_t i = 0; i < turns->count; i++) {
        const struct shared_phone_turn_row *row = &turns->rows[i];
        const struct directory_person *agent = directory_agent(turns->customer, row->agent_id);
        json_object_begin(json);
        json_member_text(json, "agent", agent != NULL ? agent->slug : NULL);
        json_member_time(json, "from", row->began_at);
        json_member_time(json, "to", row->ended_at);
        json_member_text(json, "ended_by", row->ended_by);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

static enum next read_phone(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct turns turns = {.customer = exchange->customer,
                          .phone = directory_shared_phone(exchange->customer, exchange->phone_id)};
    enum status status = store_read_begin(store, &error);
    if (status == STATUS_OK) {
        status = store_list_turns(store, exchange->customer_id, exchange->phone_id, TURNS_SHOWN_MAX,
                                  exchange->arena, &turns.rows, &turns.count, &error);
        store_read_end(store);
    }
    return status == STATUS_OK ? reply_view(exchange, write_phone, &turns)
                               : escalations_read_fault(exchange, status, &error);
}

enum next shared_phones_get(struct exchange *exchange)
{
    const struct directory_shared_phone *phone = path_phone(exchange);
    if (phone == NULL || !query_check(exchange, no_parameters)) {
        return NEXT_ANSWER;
    }
    exchange->phone_id = phone->id;
    exchange->read = read_phone;
    return NEXT_READ;
}

/* ---- made, and revoked ---- */

/* Slugs, each once; whose they are, the writer says. */
static void take_agents(struct exchange *exchange, struct json_reader *reader,
                        struct shared_phone_request *request)
{
    json_t *list = json_take_array(reader, "shared_by", true, 1, SHARED_BY_MAX);
    size_t count = json_array_size(list);
    const char **agents = arena_alloc(exchange->arena, (count + 1) * sizeof *agents);
    for (size_t i = 0; agents != NULL && i < count; i++) {
        agents[i] = json_string_value(json_array_get(list, i));
        if (agents[i] == NULL || !text_is_slug(agents[i])) {
            json_reader_fault(reader, "shared_by", "item %zu is not an agent's slug", i);
            return;
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(agents[k], agents[i]) == 0) {
                json_reader_fault(reader, "shared_by", "item %zu is there twice", i);
                return;
            }
        }
    }
    request->agents = agents;
    request->agents_count = agents != NULL ? count : 0;
}

enum next shared_phones_post(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    if (!query_check(exchange, no_parameters) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    struct shared_phone_request *request =
        &exchange_command(exchange, COMMAND_ADD_SHARED_PHONE)->request.shared_phone;
    request->name = json_take_text(&reader, "name", true, 1, PHONE_NAME_BYTES_MAX);
    take_agents(exchange, &reader, request);
    if (!body_end(exchange, &reader)) {
        return NEXT_ANSWER;
    }
    return request->agents != NULL ? NEXT_COMMAND
                                   : reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
}

enum next shared_phones_delete(struct exchange *exchange)
{
    const struct directory_shared_phone *phone = path_phone(exchange);
    if (phone == NULL || !query_check(exchange, no_parameters)) {
        return NEXT_ANSWER;
    }
    exchange_command(exchange, COMMAND_REVOKE_SHARED_PHONE)->request.shared_phone.phone_id =
        phone->id;
    return NEXT_COMMAND;
}
