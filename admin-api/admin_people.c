/* admin_people.c - a customer's agents and contacts, agents' devices and enrolment codes. */
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/person_phones.h"
#include "admin-api/view.h"

static const char *const no_parameters[] = {NULL};

struct people {
    const struct directory_person *persons;
    size_t count;
};

static void write_people(struct json_writer *json, void *context)
{
    const struct people *people = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < people->count; i++) {
        view_person(json, &people->persons[i]);
    }
    json_array_end(json);
    json_name(json, "next_cursor");
    json_null_value(json);
    json_object_end(json);
}

static enum next list(struct exchange *exchange, const struct directory_person *persons,
                      size_t count)
{
    struct people people = {persons, count};
    return query_check(exchange, no_parameters) ? reply_view(exchange, write_people, &people)
                                                : NEXT_ANSWER;
}

enum next agents_list(struct exchange *exchange)
{
    return list(exchange, exchange->customer->agents, exchange->customer->agents_count);
}

enum next contacts_list(struct exchange *exchange)
{
    return list(exchange, exchange->customer->contacts, exchange->customer->contacts_count);
}

static void write_person(struct json_writer *json, void *context)
{
    view_person(json, context);
}

static enum next show(struct exchange *exchange, const struct directory_person *person)
{
    union {
        const struct directory_person *person;
        void *context;
    } shown = {person};
    return person != NULL ? reply_view(exchange, write_person, shown.context)
                          : reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
}

static enum next show_agent(struct exchange *exchange)
{
    return show(exchange, directory_agent_by_slug(exchange->customer, exchange->parameters[1]));
}

static enum next show_contact(struct exchange *exchange)
{
    return show(exchange, directory_contact_by_slug(exchange->customer, exchange->parameters[1]));
}

enum next agents_get(struct exchange *exchange)
{
    return query_check(exchange, no_parameters) ? show_agent(exchange) : NEXT_ANSWER;
}

enum next contacts_get(struct exchange *exchange)
{
    return query_check(exchange, no_parameters) ? show_contact(exchange) : NEXT_ANSWER;
}

static enum next put(struct exchange *exchange, enum person_kind kind)
{
    static const char *const languages[] = {"fr", "en", NULL};
    struct json_reader reader;
    struct error error;
    struct command *command = exchange_command(exchange, COMMAND_PUT_PERSON);
    struct person_request *request = &command->request.person;
    request->kind = kind;
    if (!query_check(exchange, no_parameters) || !path_slug(exchange, 1, &request->slug) ||
        !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    const char *slug = json_take_slug(&reader, "slug", false);
    if (slug != NULL && strcmp(slug, request->slug) != 0) {
        json_reader_fault(&reader, "slug", "must equal the name in the path");
    }
    request->name = json_take_text(&reader, "name", true, 1, PERSON_NAME_BYTES_MAX - 1);
    person_phones_take(exchange, &reader, request);
    int language = json_take_word(&reader, "language", false, languages, -1);
    request->language = language >= 0 ? languages[language]
                                      : arena_text(exchange->arena, exchange->customer->language);
    request->active = json_take_bool(&reader, "active", true);
    exchange->after = kind == PERSON_AGENT ? show_agent : show_contact;
    return body_end(exchange, &reader) ? NEXT_COMMAND : NEXT_ANSWER;
}

enum next agents_put(struct exchange *exchange)
{
    return put(exchange, PERSON_AGENT);
}

enum next contacts_put(struct exchange *exchange)
{
    return put(exchange, PERSON_CONTACT);
}

enum next agents_enrolment(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    if (!query_check(exchange, no_parameters) || !body_begin(exchange, &reader, &error) ||
        !body_end(exchange, &reader)) {
        return NEXT_ANSWER;
    }
    struct command *command = exchange_command(exchange, COMMAND_ADD_ENROLMENT);
    command->request.enrolment.agent = exchange->parameters[1];
    return NEXT_COMMAND;
}

static void write_devices(struct json_writer *json, void *context)
{
    const struct directory_person *agent = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < agent->devices_count; i++) {
        view_device(json, &agent->devices[i]);
    }
    json_array_end(json);
    json_name(json, "next_cursor");
    json_null_value(json);
    json_object_end(json);
}

enum next agents_devices(struct exchange *exchange)
{
    union {
        const struct directory_person *person;
        void *context;
    } agent = {directory_agent_by_slug(exchange->customer, exchange->parameters[1])};
    if (!query_check(exchange, no_parameters)) {
        return NEXT_ANSWER;
    }
    return agent.person != NULL ? reply_view(exchange, write_devices, agent.context)
                                : reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
}
