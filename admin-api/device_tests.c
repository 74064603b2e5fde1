/* device_tests.c - test pushes to one phone: asked for, looked at, confirmed. */
#include <stdlib.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"
#include "gateway/engine/device_test_json.h"

#define TESTS_SHOWN_MAX 20

static const char *const no_parameters[] = {NULL};

/* What is read about a phone's tests. */
struct tests {
    const struct directory_customer *customer;
    struct device_test_row rows[TESTS_SHOWN_MAX];
    size_t count;
};

/* A device of the path: by its id or by its installation, which two agents may share. */
static enum status find_device(const struct directory_customer *customer, const char *text,
                               const struct directory_device **device_r)
{
    char *end;
    long long id = strtoll(text, &end, 10);
    const struct directory_device *device =
        *end == '\0' ? directory_device(customer, id, NULL) : NULL;
    bool by_id = device != NULL;
    for (size_t a = 0; a < customer->agents_count && !by_id; a++) {
        const struct directory_person *agent = &customer->agents[a];
        for (size_t i = 0; i < agent->devices_count; i++) {
            if (strcmp(agent->devices[i].installation, text) != 0 ||
                directory_was_handed_over(&agent->devices[i])) {
                continue;
            }
            if (device != NULL) {
                return STATUS_CONFLICT;
            }
            device = &agent->devices[i];
        }
    }
    *device_r = device;
    return device != NULL ? STATUS_OK : STATUS_NOT_FOUND;
}

/* On false the answer is there. */
static bool path_device(struct exchange *exchange, const struct directory_device **device_r)
{
    enum status status = find_device(exchange->customer, exchange->parameters[1], device_r);
    if (status == STATUS_CONFLICT) {
        (void)reply_fault(exchange, status, NULL,
                          "several agents have this installation: name the device by its id");
    } else if (status != STATUS_OK) {
        (void)reply_problem(exchange, status, NULL, NULL);
    }
    return status == STATUS_OK;
}

/* The same for the agent's own. */
static bool own_device(struct exchange *exchange, const struct directory_device **device_r)
{
    const struct directory_customer *customer =
        directory_customer(exchange->directory, exchange->customer_id);
    const struct directory_person *agent =
        customer != NULL ? directory_agent(customer, exchange->principal.agent_id) : NULL;
    for (size_t i = 0; agent != NULL && i < agent->devices_count; i++) {
        if (strcmp(agent->devices[i].installation, exchange->parameters[0]) == 0) {
            *device_r = &agent->devices[i];
            return true;
        }
    }
    (void)reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
    return false;
}

/* ---- asked for ---- */

static bool empty_body(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    return query_check(exchange, no_parameters) && body_begin(exchange, &reader, &error) &&
           body_end(exchange, &reader);
}

static enum next ask(struct exchange *exchange, const struct directory_device *device,
                     int64_t agent_id)
{
    struct command *command = exchange_command(exchange, COMMAND_TEST_DEVICE);
    command->request.device_test.device_id = device->id;
    command->request.device_test.agent_id = agent_id;
    return NEXT_COMMAND;
}

enum next devices_test(struct exchange *exchange)
{
    const struct directory_device *device;
    return empty_body(exchange) && path_device(exchange, &device) ? ask(exchange, device, 0)
                                                                  : NEXT_ANSWER;
}

enum next agent_test_device(struct exchange *exchange)
{
    const struct directory_device *device;
    return empty_body(exchange) && own_device(exchange, &device)
               ? ask(exchange, device, exchange->principal.agent_id)
               : NEXT_ANSWER;
}

/* ---- confirmed ---- */

enum next agent_test_verb(struct exchange *exchange)
{
    struct command *command = exchange_command(exchange, COMMAND_CONFIRM_TEST);
    struct device_test_request *request = &command->request.device_test;
    request->verb = agent_verb_parse(exchange->parameters[1]);
    if (request->verb != VERB_RECEIVED && request->verb != VERB_SEEN) {
        return reply_fault(exchange, STATUS_NOT_FOUND, NULL, "no such verb: received, seen");
    }
    if (!path_uuid(exchange, 0, &request->test) || !empty_body(exchange)) {
        return NEXT_ANSWER;
    }
    request->agent_id = exchange->principal.agent_id;
    request->action_token = exchange->action_token;
    return NEXT_COMMAND;
}

/* ---- looked at ---- */

static void write_one(struct json_writer *json, void *context)
{
    const struct tests *tests = context;
    device_test_json(json, tests->customer, &tests->rows[0]);
}

static void write_all(struct json_writer *json, void *context)
{
    const struct tests *tests = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < tests->count; i++) {
        device_test_json(json, tests->customer, &tests->rows[i]);
    }
    json_array_end(json);
    json_name(json, "next_cursor");
    json_null_value(json);
    json_object_end(json);
}

static enum next read_one(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct tests tests = {.customer =
                              directory_customer(exchange->directory, exchange->customer_id)};
    enum status status = store_get_device_test(store, exchange->id, &tests.rows[0], &error);
    if (status == STATUS_OK &&
        (tests.customer == NULL || tests.rows[0].customer_id != exchange->customer_id ||
         tests.rows[0].device_id != exchange->device_id)) {
        status = STATUS_NOT_FOUND;
    }
    return status == STATUS_OK ? reply_view(exchange, write_one, &tests)
                               : escalations_read_fault(exchange, status, &error);
}

static enum next read_all(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct tests tests = {.customer =
                              directory_customer(exchange->directory, exchange->customer_id)};
    enum status status =
        tests.customer == NULL
            ? STATUS_NOT_FOUND
            : store_list_device_tests(store, exchange->customer_id, exchange->device_id,
                                      TESTS_SHOWN_MAX, tests.rows, &tests.count, &error);
    return status == STATUS_OK ? reply_view(exchange, write_all, &tests)
                               : escalations_read_fault(exchange, status, &error);
}

static enum next look(struct exchange *exchange, const struct directory_device *device,
                      exchange_reader *read)
{
    exchange->device_id = device->id;
    exchange->read = read;
    return NEXT_READ;
}

enum next devices_tests_list(struct exchange *exchange)
{
    const struct directory_device *device;
    return query_check(exchange, no_parameters) && path_device(exchange, &device)
               ? look(exchange, device, read_all)
               : NEXT_ANSWER;
}

enum next devices_tests_get(struct exchange *exchange)
{
    const struct directory_device *device;
    return query_check(exchange, no_parameters) && path_device(exchange, &device) &&
                   path_uuid(exchange, 2, &exchange->id)
               ? look(exchange, device, read_one)
               : NEXT_ANSWER;
}

enum next agent_tests_list(struct exchange *exchange)
{
    const struct directory_device *device;
    return query_check(exchange, no_parameters) && own_device(exchange, &device)
               ? look(exchange, device, read_all)
               : NEXT_ANSWER;
}

enum next agent_tests_get(struct exchange *exchange)
{
    const struct directory_device *device;
    return query_check(exchange, no_parameters) && own_device(exchange, &device) &&
                   path_uuid(exchange, 1, &exchange->id)
               ? look(exchange, device, read_one)
               : NEXT_ANSWER;
}
