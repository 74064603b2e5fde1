/* sign_ins.c - PINs, and who signs in by one on a shared phone.
 *
 * A PIN is hashed in a reader's thread, one at a time: neither the writer nor a thread that serves
 * connections may be kept for so long, and the other readers go on. It is in no answer and no log.
 */
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"
#include "admin-api/view.h"
#include "gateway/base/text.h"
#include "gateway/engine/pin.h"
#include "gateway/store/store_installation.h"

#define PIN_BYTES_MAX   64
#define RETRY_HASHING_S 1

static const char *const no_parameters[] = {NULL};

/* The hash of exchange->pin; false: the answer is there. */
static bool hash_pin(struct exchange *exchange, int64_t agent_id, struct uuid salt,
                     struct digest *hash_r)
{
    struct admin_api *api = exchange->api;
    struct error error = {0};
    if (atomic_exchange(&api->hashing, true)) {
        (void)reply_fault(exchange, STATUS_TOO_OFTEN, NULL,
                          "another PIN is being looked at: try again in a second");
        exchange->retry_after_s = RETRY_HASHING_S;
        return false;
    }
    enum status status = engine_hash_pin(api->engine, exchange->customer_id, agent_id, salt,
                                         exchange->pin, hash_r, &error);
    atomic_store(&api->hashing, false);
    if (status != STATUS_OK) {
        (void)reply_problem(exchange, status, &error, NULL);
    }
    return status == STATUS_OK;
}

/* ---- a PIN is set or cleared ---- */

static enum next hash_new_pin(struct exchange *exchange, struct store *store)
{
    struct pin_request *request = &exchange->command.request.pin;
    (void)store; /* a reader's thread is needed, not what it reads */
    request->salt = pin_salt();
    return hash_pin(exchange, request->agent_id, request->salt, &request->hash) ? NEXT_COMMAND
                                                                                : NEXT_ANSWER;
}

static enum next put_pin(struct exchange *exchange, int64_t agent_id)
{
    struct json_reader reader;
    struct error error;
    if (!query_check(exchange, no_parameters) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    exchange->pin = json_take_text(&reader, "pin", true, 1, PIN_BYTES_MAX);
    const char *fault = exchange->pin == NULL ? NULL : pin_fault(exchange->pin);
    if (fault != NULL) {
        json_reader_fault(&reader, "pin", "%s", fault);
    }
    exchange_command(exchange, COMMAND_PUT_PIN)->request.pin.agent_id = agent_id;
    exchange->read = hash_new_pin;
    return body_end(exchange, &reader) ? NEXT_READ : NEXT_ANSWER;
}

enum next agent_pin_put(struct exchange *exchange)
{
    if (exchange->principal.phone_id != 0) {
        /* Whoever finds a shared phone signed in could keep its owner out for good. */
        return reply_fault(exchange, STATUS_FORBIDDEN, NULL,
                           "a PIN is changed with the agent's own phone, or by the administrator");
    }
    return put_pin(exchange, exchange->principal.agent_id);
}

enum next agents_pin_put(struct exchange *exchange)
{
    const struct directory_person *agent =
        directory_agent_by_slug(exchange->customer, exchange->parameters[1]);
    return agent != NULL ? put_pin(exchange, agent->id)
                         : reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
}

enum next agents_pin_delete(struct exchange *exchange)
{
    const struct directory_person *agent =
        directory_agent_by_slug(exchange->customer, exchange->parameters[1]);
    if (!query_check(exchange, no_parameters)) {
        return NEXT_ANSWER;
    }
    if (agent == NULL) {
        return reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
    }
    struct pin_request *request = &exchange_command(exchange, COMMAND_PUT_PIN)->request.pin;
    request->agent_id = agent->id;
    request->clear = true;
    return NEXT_COMMAND;
}

/* ---- signing in ---- */

/* The shared phone that asks; NULL: the answer is there. */
static const struct directory_shared_phone *own_phone(struct exchange *exchange)
{
    const struct principal *principal = &exchange->principal;
    const struct directory_customer *customer =
        directory_customer(exchange->directory, principal->customer_id);
    const struct directory_shared_phone *phone =
        customer == NULL || principal->phone_id == 0
            ? NULL
            : directory_shared_phone(customer, principal->phone_id);
    if (phone == NULL) {
        (void)reply_fault(exchange, STATUS_FORBIDDEN, NULL,
                          "this call needs a shared phone's token; this one is an agent's own");
        return NULL;
    }
    exchange->customer = customer;
    return phone;
}

/* What the reader must know, as far as it is in rows. */
struct pin_state {
    struct agent_pin_row pin;
    struct pin_failure_row failure;
};

static enum status read_pin(struct exchange *exchange, struct store *store, struct pin_state *state,
                            struct error *error)
{
    const struct sign_in_request *request = &exchange->command.request.sign_in;
    enum status status = store_read_begin(store, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = store_get_pin_failure(store, exchange->customer_id, request->phone_id,
                                   request->agent_id, &state->failure, error);
    if (status == STATUS_NOT_FOUND) {
        state->failure.until = ENGINE_NEVER;
        status = STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = store_get_pin(store, exchange->customer_id, request->agent_id, &state->pin, error);
    }
    store_read_end(store);
    return status;
}

/* Nothing is compared during a wait: the writer would refuse whatever comes out. It is the writer
 * who counts, so that many at once are no more tries than one after the other. */
static enum next compare_pin(struct exchange *exchange, struct store *store)
{
    struct sign_in_request *request = &exchange->command.request.sign_in;
    struct pin_state state;
    struct digest hash;
    struct error error = {0};
    enum status status = read_pin(exchange, store, &state, &error);
    if (status == STATUS_NOT_FOUND) {
        return reply_fault(exchange, STATUS_CONFLICT, "/agent",
                           "agent: has no PIN yet: the administrator, or the agent's own phone, "
                           "sets one");
    }
    if (status != STATUS_OK) {
        return escalations_read_fault(exchange, status, &error);
    }
    request->salt = state.pin.salt;
    bool waits = state.failure.until.ms != TIME_NEVER_MS &&
                 state.failure.until.ms > engine_now(exchange->api->engine).ms;
    if (waits) {
        return NEXT_COMMAND; /* which says how long */
    }
    if (!hash_pin(exchange, request->agent_id, state.pin.salt, &hash)) {
        return NEXT_ANSWER;
    }
    request->matches =
        text_equal_constant_time(hash.bytes, state.pin.hash.bytes, sizeof hash.bytes);
    return NEXT_COMMAND;
}

enum next sign_ins_post(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    const struct directory_shared_phone *phone = own_phone(exchange);
    if (phone == NULL || !query_check(exchange, no_parameters) ||
        !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    struct sign_in_request *request = &exchange_command(exchange, COMMAND_SIGN_IN)->request.sign_in;
    const char *slug = json_take_slug(&reader, "agent", true);
    exchange->pin = json_take_text(&reader, "pin", true, 1, PIN_BYTES_MAX);
    const struct directory_person *agent =
        slug == NULL ? NULL : directory_agent_by_slug(exchange->customer, slug);
    if (slug != NULL &&
        (agent == NULL || !directory_shares(exchange->customer, phone, agent->id))) {
        json_reader_fault(&reader, "agent",
                          "nobody of this name shares this phone: GET /v1/agent/sign-ins says who "
                          "does");
    }
    if (!body_end(exchange, &reader) || agent == NULL) { /* of whom the reader told */
        return NEXT_ANSWER;
    }
    request->phone_id = phone->id;
    request->agent_id = agent->id;
    exchange->read = compare_pin;
    return NEXT_READ;
}

enum next sign_outs_post(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    const struct directory_shared_phone *phone = own_phone(exchange);
    if (phone == NULL || !query_check(exchange, no_parameters) ||
        !body_begin(exchange, &reader, &error) || !body_end(exchange, &reader)) {
        return NEXT_ANSWER;
    }
    exchange_command(exchange, COMMAND_SIGN_OUT)->request.sign_in.phone_id = phone->id;
    return NEXT_COMMAND;
}

/* ---- who may, and who is ---- */

struct shown {
    const struct directory_customer *customer;
    const struct directory_shared_phone *phone;
};

static void write_sign_ins(struct json_writer *json, void *context)
{
    const struct shown *shown = context;
    const struct directory_shared_phone *phone = shown->phone;
    json_object_begin(json);
    json_member_int(json, "id", phone->id);
    json_member_text(json, "name", phone->name);
    json_member_text(json, "customer", shown->customer->slug);
    json_member_uuid(json, "enrolment", phone->registration);
    json_member_text(json, "installation", phone->installation);
    json_member_bool(json, "registered", phone->has_target);
    view_shared_phone_owner(json, shown->customer, phone);
    json_name(json, "agents");
    json_array_begin(json);
    for (size_t i = 0; i < phone->agents_count; i++) {
        const struct directory_person *agent = directory_agent(shown->customer, phone->agents[i]);
        if (agent != NULL && agent->active) {
            json_object_begin(json);
            json_member_text(json, "agent", agent->slug);
            json_member_text(json, "name", agent->name);
            json_object_end(json);
        }
    }
    json_array_end(json);
    json_object_end(json);
}

enum next sign_ins_get(struct exchange *exchange)
{
    struct shown shown = {.phone = own_phone(exchange)};
    shown.customer = exchange->customer;
    return shown.phone != NULL && query_check(exchange, no_parameters)
               ? reply_view(exchange, write_sign_ins, &shown)
               : NEXT_ANSWER;
}
