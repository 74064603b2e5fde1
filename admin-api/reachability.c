/* reachability.c - who can be reached now, path by path, and what shows it. */
#include "admin-api/reachability.h"

#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"
#include "admin-api/pauses.h"
#include "gateway/engine/people.h"

#define AGENTS_SHOWN_MAX 100

static const char *const no_parameters[] = {NULL};

/* ---- the rows ---- */

static enum status read_devices(struct store *store, const struct directory_customer *customer,
                                struct wall_time now, struct arena *arena,
                                struct agent_reach *reach, struct error *error)
{
    struct device_row *rows = NULL;
    size_t count = 0;
    enum status status = store_list_devices_of_agent(store, customer->id, reach->agent->id, arena,
                                                     &rows, &count, error);
    reach->devices = rows;
    reach->devices_count = count < REACH_DEVICES_MAX ? count : REACH_DEVICES_MAX;
    for (size_t i = 0; i < reach->devices_count && status == STATUS_OK; i++) {
        struct device_test_row newest;
        size_t tests = 0;
        status = store_list_device_tests(store, customer->id, rows[i].device_id, 1, &newest, &tests,
                                         error);
        reach->each[i] = reach_of_device(&rows[i], tests > 0 ? &newest : NULL, now);
    }
    reach->push = reach_of_push(reach->each, reach->devices_count);
    return status;
}

static enum status read_numbers(struct store *store, const struct directory_customer *customer,
                                struct arena *arena, struct agent_reach *reach, struct error *error)
{
    const struct directory_person *agent = reach->agent;
    enum status status = STATUS_OK;
    size_t count = directory_phones_count(agent);
    while (reach->numbers_count < count && status == STATUS_OK) {
        struct number_proof_row proof;
        const char *phone = directory_phone(agent, reach->numbers_count).phone;
        status = store_get_number_proof(store, customer->id, agent->kind, agent->id, phone, arena,
                                        &proof, error);
        reach->numbers[reach->numbers_count++] =
            reach_of_number(phone, status == STATUS_OK ? &proof : NULL);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    reach->call = reach_of_call(reach->numbers, reach->numbers_count, &reach->call_at);
    return status;
}

enum status agent_reach_read(struct store *store, const struct directory_customer *customer,
                             const struct directory_person *agent, struct wall_time now,
                             int64_t wall_of_engine_ms, struct arena *arena,
                             struct agent_reach *reach_r, struct error *error)
{
    const struct engine_time engine = {now.ms - wall_of_engine_ms};
    bool is_agent = agent->kind == PERSON_AGENT;
    struct agent_reach reach = {.agent = agent,
                                .wall_of_engine_ms = wall_of_engine_ms,
                                .paused = is_agent && people_is_paused(agent, engine, now)};
    enum status status =
        is_agent ? read_devices(store, customer, now, arena, &reach, error) : STATUS_OK;
    if (status == STATUS_OK) {
        status = read_numbers(store, customer, arena, &reach, error);
    }
    if (status == STATUS_OK) {
        *reach_r = reach;
    }
    return status;
}

/* ---- what they look like ---- */

static void write_reach(struct json_writer *json, const struct reach *reach)
{
    json_member_text(json, "state", reach_state_word(reach->state));
    json_member_time(json, "since", reach->since);
    json_member_text(json, "why", reach->why);
    json_member_time(json, "proven_at", reach->proven_at);
    json_member_text(json, "proof", reach_proof_word(reach->proof));
}

static void write_device(struct json_writer *json, const struct device_row *device,
                         const struct reach *reach)
{
    json_object_begin(json);
    json_member_int(json, "id", device->device_id);
    json_member_text(json, "installation", device->installation);
    json_member_text(json, "platform", platform_word(device->platform));
    write_reach(json, reach);
    json_member_time(json, "heard_at", reach_heard_at(device));
    json_member_text(json, "app_version", device->app_version);
    json_member_text(json, "permission", device->permission);
    json_member_text(json, "silent_mode", device->silent_mode);
    json_member_known_int(json, "battery_percent", device->battery_percent);
    json_object_end(json);
}

static void write_call(struct json_writer *json, const struct agent_reach *reach)
{
    bool any = reach->numbers_count > 0;
    json_name(json, "call");
    json_object_begin(json);
    json_member_text(json, "phone",
                     any ? directory_phone(reach->agent, reach->call_at).phone
                         : reach->agent->phone);
    write_reach(json, &reach->call);
    json_object_end(json);
}

void agent_reach_write_paths(struct json_writer *json, const struct agent_reach *reach)
{
    json_name(json, "push");
    json_object_begin(json);
    write_reach(json, &reach->push);
    json_object_end(json);
    write_call(json, reach);
    pause_write(json, reach->paused ? reach->agent->pause : NULL, reach->wall_of_engine_ms);
}

static void write_numbers(struct json_writer *json, const struct agent_reach *reach)
{
    json_name(json, "numbers");
    json_array_begin(json);
    for (size_t i = 0; i < reach->numbers_count; i++) {
        const struct directory_phone phone = directory_phone(reach->agent, i);
        json_object_begin(json);
        json_member_text(json, "phone", phone.phone);
        json_member_text(json, "label", phone.label);
        write_reach(json, &reach->numbers[i]);
        if (uuid_is_nil(reach->numbers[i].proven_by)) {
            json_member_text(json, "proven_by", NULL);
        } else {
            json_member_uuid(json, "proven_by", reach->numbers[i].proven_by);
        }
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_devices(struct json_writer *json, const struct agent_reach *reach)
{
    json_name(json, "devices");
    json_array_begin(json);
    for (size_t i = 0; i < reach->devices_count; i++) {
        write_device(json, &reach->devices[i], &reach->each[i]);
    }
    json_array_end(json);
}

static void write_person(struct json_writer *json, const struct agent_reach *reach)
{
    json_object_begin(json);
    json_member_text(json, person_kind_word(reach->agent->kind), reach->agent->slug);
    json_member_text(json, "name", reach->agent->name);
    json_member_bool(json, "active", reach->agent->active);
    if (reach->agent->kind == PERSON_AGENT) {
        agent_reach_write_paths(json, reach);
        write_devices(json, reach);
    } else {
        write_call(json, reach);
    }
    write_numbers(json, reach);
    json_object_end(json);
}

/* ---- one ---- */

static void write_one(struct json_writer *json, void *context)
{
    write_person(json, context);
}

static enum next read_person(struct exchange *exchange, struct store *store,
                             const struct directory_person *agent)
{
    struct error error = {0};
    struct agent_reach reach = {.devices_count = 0};
    if (agent == NULL) {
        return reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
    }
    enum status status = store_read_begin(store, &error);
    if (status == STATUS_OK) {
        status = agent_reach_read(store, exchange->customer, agent, exchange->received_at,
                                  escalations_wall_of_engine_ms(exchange), exchange->arena, &reach,
                                  &error);
        store_read_end(store);
    }
    return status == STATUS_OK ? reply_view(exchange, write_one, &reach)
                               : escalations_read_fault(exchange, status, &error);
}

static enum next read_agent(struct exchange *exchange, struct store *store)
{
    return read_person(exchange, store,
                       directory_agent_by_slug(exchange->customer, exchange->parameters[1]));
}

static enum next read_contact(struct exchange *exchange, struct store *store)
{
    return read_person(exchange, store,
                       directory_contact_by_slug(exchange->customer, exchange->parameters[1]));
}

enum next reachability_get(struct exchange *exchange)
{
    exchange->read = read_agent;
    return query_check(exchange, no_parameters) ? NEXT_READ : NEXT_ANSWER;
}

enum next reachability_get_contact(struct exchange *exchange)
{
    exchange->read = read_contact;
    return query_check(exchange, no_parameters) ? NEXT_READ : NEXT_ANSWER;
}

/* ---- all of a customer, a page at a time ---- */

struct page {
    struct agent_reach agents[AGENTS_SHOWN_MAX];
    size_t count;
    const char *next; /* the last slug shown, when there are more; or NULL */
};

static void write_page(struct json_writer *json, void *context)
{
    const struct page *page = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < page->count; i++) {
        write_person(json, &page->agents[i]);
    }
    json_array_end(json);
    json_member_text(json, "next_after", page->next);
    json_object_end(json);
}

static enum status read_persons(struct exchange *exchange, struct store *store, struct page *page,
                                struct error *error)
{
    const struct directory_customer *customer = exchange->customer;
    const char *after = query_value(exchange, "after");
    const char *of = query_value(exchange, "of");
    bool contacts = of != NULL && strcmp(of, "contacts") == 0;
    const struct directory_person *persons = contacts ? customer->contacts : customer->agents;
    size_t persons_count = contacts ? customer->contacts_count : customer->agents_count;
    int64_t wall_of_engine_ms = escalations_wall_of_engine_ms(exchange);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < persons_count && status == STATUS_OK; i++) {
        const struct directory_person *agent = &persons[i];
        if (!agent->active || (after != NULL && strcmp(agent->slug, after) <= 0)) {
            continue;
        }
        if (page->count == AGENTS_SHOWN_MAX) {
            page->next = page->agents[page->count - 1].agent->slug;
            break;
        }
        status = agent_reach_read(store, customer, agent, exchange->received_at, wall_of_engine_ms,
                                  exchange->arena, &page->agents[page->count++], error);
    }
    return status;
}

static enum next read_all(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct page *page = arena_alloc(exchange->arena, sizeof *page);
    if (page == NULL) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    page->count = 0;
    page->next = NULL;
    enum status status = store_read_begin(store, &error);
    if (status == STATUS_OK) {
        status = read_persons(exchange, store, page, &error);
        store_read_end(store);
    }
    return status == STATUS_OK ? reply_view(exchange, write_page, page)
                               : escalations_read_fault(exchange, status, &error);
}

enum next reachability_list(struct exchange *exchange)
{
    static const char *const parameters[] = {"after", "of", NULL};
    if (!query_check(exchange, parameters)) {
        return NEXT_ANSWER;
    }
    const char *of = query_value(exchange, "of");
    if (of != NULL && strcmp(of, "agents") != 0 && strcmp(of, "contacts") != 0) {
        return reply_fault(exchange, STATUS_INVALID, NULL,
                           "query parameter of must be one of agents, contacts");
    }
    exchange->read = read_all;
    return NEXT_READ;
}
