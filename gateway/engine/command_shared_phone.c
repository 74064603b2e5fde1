/* command_shared_phone.c - phones that several agents share: made and revoked, registered, signed
 * in on by PIN, signed out of. The phone is whose who signed in last; a row of device lends it. */
#include <stdio.h>
#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/base/text.h"
#include "gateway/engine/duty_private.h"
#include "gateway/engine/phones_private.h"
#include "gateway/engine/pin.h"
#include "gateway/engine/reachability.h"

#define SMALL_JSON_BYTES 2048

static const struct directory_customer *customer_of(struct engine *engine,
                                                    const struct command *command)
{
    return directory_customer(engine->current, command->customer_id);
}

/* The row, or a refusal; *status_r then is what is left to answer. */
static bool find_phone(struct engine *engine, struct command *command, int64_t phone_id,
                       struct shared_phone_row *row_r, enum status *status_r, struct error *error)
{
    *status_r = store_get_shared_phone(engine->store, command->customer_id, phone_id,
                                       engine->scratch, row_r, error);
    if (*status_r == STATUS_NOT_FOUND) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such shared phone");
        *status_r = STATUS_OK;
        return false;
    }
    return *status_r == STATUS_OK;
}

/* ---- made, and revoked ---- */

/* Each name's id; a refusal names the first that is nobody's. */
static bool find_agents(struct command *command, const struct directory_customer *customer,
                        int64_t ids_r[SHARED_BY_MAX])
{
    const struct shared_phone_request *request = &command->request.shared_phone;
    for (size_t i = 0; i < request->agents_count; i++) {
        const struct directory_person *agent =
            directory_agent_by_slug(customer, request->agents[i]);
        if (agent == NULL) {
            answer_refuse(command, STATUS_INVALID, "/shared_by/%zu: the customer has no such agent",
                          i);
            (void)snprintf(command->answer.error.pointer, sizeof command->answer.error.pointer,
                           "/shared_by/%zu", i);
            return false;
        }
        ids_r[i] = agent->id;
    }
    return true;
}

static enum status write_phone(struct engine *engine, struct command *command,
                               const int64_t ids[SHARED_BY_MAX], struct error *error)
{
    const struct shared_phone_request *request = &command->request.shared_phone;
    char code[CODE_CHARS + 1], text[SMALL_JSON_BYTES];
    enrolment_code_make(&engine->configuration.random, code);
    struct shared_phone_row row = {
        .customer_id = command->customer_id,
        .name = request->name,
        .code_hash = token_hash(code),
        .expires_at = {command->received_at.ms + CODE_LIFE_MS},
        .created_at = command->received_at,
    };
    random_fill(&engine->configuration.random, row.registration.bytes,
                sizeof row.registration.bytes);
    int64_t id = 0;
    enum status status = store_add_shared_phone(engine->store, &row, &id, error);
    for (size_t i = 0; i < request->agents_count && status == STATUS_OK; i++) {
        const struct shared_phone_agent_row agent = {
            .customer_id = command->customer_id, .phone_id = id, .agent_id = ids[i]};
        status = store_add_shared_phone_agent(engine->store, &agent, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_int(&json, "id", id);
    json_member_text(&json, "code", code);
    json_member_time(&json, "expires_at", row.expires_at);
    json_object_end(&json);
    command->answer.created = true;
    answer_json(command, text, json_writer_bytes(&json));
    engine_customer_changed(engine, command->customer_id, false);
    return STATUS_OK;
}

enum status command_add_shared_phone(struct engine *engine, struct command *command,
                                     struct error *error)
{
    const struct directory_customer *customer = customer_of(engine, command);
    int64_t ids[SHARED_BY_MAX];
    if (customer == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such customer");
        return STATUS_OK;
    }
    if (customer->shared_phones_count >= SHARED_PHONES_MAX) {
        answer_refuse(command, STATUS_CONFLICT,
                      "the customer has %d shared phones already: revoke one that is not used",
                      SHARED_PHONES_MAX);
        return STATUS_OK;
    }
    return find_agents(command, customer, ids) ? write_phone(engine, command, ids, error)
                                               : STATUS_OK;
}

enum status command_revoke_shared_phone(struct engine *engine, struct command *command,
                                        struct error *error)
{
    struct shared_phone_row phone;
    enum status status;
    if (!find_phone(engine, command, command->request.shared_phone.phone_id, &phone, &status,
                    error)) {
        return status;
    }
    status = shared_phone_give_back(engine, &phone, "revoked", command->received_at, error);
    phone.target = NULL;
    phone.revoked_at = command->received_at;
    if (status == STATUS_OK) {
        status = store_update_shared_phone(engine->store, &phone, error);
    }
    engine_customer_changed(engine, command->customer_id, false);
    return status;
}

enum status shared_phone_use_code(struct engine *engine, struct command *command,
                                  const struct digest *code_hash, struct error *error)
{
    char token[TOKEN_BYTES_MAX], text[SMALL_JSON_BYTES];
    struct shared_phone_row phone;
    enum status status =
        store_find_shared_phone_code(engine->store, code_hash, engine->scratch, &phone, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct directory_customer *customer =
        directory_customer(engine->current, phone.customer_id);
    if (customer == NULL || !enrolment_code_is_alive(phone.expires_at, command->received_at)) {
        return STATUS_NOT_FOUND;
    }
    int64_t numbers[2] = {phone.customer_id, phone.phone_id};
    token_make("st_", numbers, &engine->configuration.random, token, &phone.token_hash);
    phone.used_at = command->received_at;
    status = store_update_shared_phone(engine->store, &phone, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_text(&json, "token", token);
    json_name(&json, "shared_phone");
    json_object_begin(&json);
    json_member_int(&json, "id", phone.phone_id);
    json_member_text(&json, "name", phone.name);
    json_member_text(&json, "customer", customer->slug);
    json_object_end(&json);
    json_object_end(&json);
    command->answer.created = true;
    answer_json(command, text, json_writer_bytes(&json));
    engine_customer_changed(engine, phone.customer_id, false);
    return STATUS_OK;
}

/* ---- whose it is ---- */

enum status shared_phone_give_back(struct engine *engine, struct shared_phone_row *phone,
                                   const char *by, struct wall_time at, struct error *error)
{
    struct registration_row lent;
    int64_t agent_id = phone->owner_id;
    if (agent_id == 0) {
        return STATUS_OK;
    }
    phone->owner_id = 0;
    phone->owned_since = WALL_NEVER;
    engine_customer_changed(engine, phone->customer_id, false);
    enum status status =
        store_end_turn(engine->store, phone->customer_id, phone->phone_id, by, at, error);
    if (status != STATUS_OK || phone->installation == NULL) {
        return status;
    }
    status = store_get_registration(engine->store, phone->customer_id, agent_id,
                                    phone->installation, engine->scratch, &lent, error);
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && lent.phone_id != phone->phone_id)) {
        return STATUS_OK; /* it became their own, or its row is damaged */
    }
    if (status == STATUS_OK) {
        status = device_retire(engine, phone->customer_id, agent_id, lent.device_id,
                               DEVICE_SIGNED_OUT, at, REGISTERED_EVER, error);
    }
    return status == STATUS_OK ? installation_tell_lost(engine, phone->customer_id, agent_id,
                                                        phone->installation, at, error)
                               : status;
}

/* A row of device for the owner: whatever reaches an agent's own phone reaches them there. */
static enum status lend(struct engine *engine, const struct shared_phone_row *phone,
                        struct wall_time at, struct error *error)
{
    const struct device_row row = {
        .customer_id = phone->customer_id,
        .agent_id = phone->owner_id,
        .installation = phone->installation,
        .platform = phone->platform,
        .target = phone->target,
        .environment = phone->environment,
        .public_key = phone->public_key,
        .auth_secret = phone->auth_secret,
        .app_version = phone->app_version,
        .permission = phone->permission,
        .silent_mode = phone->silent_mode,
        .battery_percent = phone->battery_percent,
        .registered_at = at,
        .proven_at = WALL_NEVER,
        .retired_at = WALL_NEVER,
        .registration = phone->registration,
        .phone_id = phone->phone_id,
    };
    int64_t id;
    engine_customer_changed(engine, phone->customer_id, true);
    return store_put_device(engine->store, &row, &id, error);
}

static void answer_phone(struct command *command, const struct directory_customer *customer,
                         const struct shared_phone_row *phone)
{
    char text[SMALL_JSON_BYTES], registration[UUID_TEXT_BYTES];
    const struct directory_person *owner = customer == NULL || phone->owner_id == 0
                                               ? NULL
                                               : directory_agent(customer, phone->owner_id);
    struct json_writer json;
    uuid_format(phone->registration, registration);
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_text(&json, "installation", phone->installation);
    json_member_bool(&json, "shared", true);
    json_member_text(&json, "enrolment", registration);
    json_name(&json, "signed_in");
    if (owner == NULL) {
        json_null_value(&json);
    } else {
        json_object_begin(&json);
        json_member_text(&json, "agent", owner->slug);
        json_member_text(&json, "name", owner->name);
        json_member_time(&json, "since", phone->owned_since);
        json_object_end(&json);
    }
    json_object_end(&json);
    answer_json(command, text, json_writer_bytes(&json));
}

/* ---- its registration ---- */

/* What others of the same phone are to know, by the registration that it had. */
static enum status rotate_from(struct engine *engine, const struct shared_phone_row *before,
                               const struct command *command, struct error *error)
{
    const struct registration_row row = {
        .installation = before->installation,
        .platform = before->platform,
        .target = before->target,
        .public_key = before->public_key,
        .auth_secret = before->auth_secret,
    };
    return before->target == NULL ? STATUS_OK : installation_rotate(engine, &row, command, error);
}

static void register_phone(struct shared_phone_row *phone, const struct command *command)
{
    const struct device_request *request = &command->request.device;
    phone->installation = request->installation;
    phone->platform = request->platform;
    phone->target = request->target;
    phone->environment = request->environment;
    phone->public_key = request->public_key;
    phone->auth_secret = request->auth_secret;
    phone->app_version = request->app_version;
    phone->permission = request->permission;
    phone->silent_mode = request->silent_mode;
    phone->battery_percent = request->battery_percent;
    phone->registered_at = command->received_at;
}

enum status shared_phone_put(struct engine *engine, struct command *command, struct error *error)
{
    const struct device_request *request = &command->request.device;
    struct shared_phone_row phone;
    enum status status;
    if (!find_phone(engine, command, request->phone_id, &phone, &status, error) ||
        !installation_has_room(engine, command, &status, error)) {
        return status;
    }
    const struct shared_phone_row before = phone;
    if (before.installation != NULL && strcmp(before.installation, request->installation) != 0) {
        /* Another phone, or the app anew: who had the one before is not known to hold this. */
        status =
            shared_phone_give_back(engine, &phone, "registered_anew", command->received_at, error);
    }
    register_phone(&phone, command);
    if (status == STATUS_OK) {
        status = store_update_shared_phone(engine->store, &phone, error);
    }
    if (status == STATUS_OK && phone.owner_id != 0) {
        status = lend(engine, &phone, command->received_at, error);
    }
    if (status == STATUS_OK && phone.owner_id != 0 && permission_is_denied(phone.permission)) {
        status = duty_phone_gone(engine, phone.customer_id, phone.owner_id, ASKED_PHONE_SILENT,
                                 command->received_at, error);
    }
    if (status == STATUS_OK &&
        strcmp(phone.installation, before.installation != NULL ? before.installation : "") == 0) {
        status = rotate_from(engine, &before, command, error);
    }
    if (status == STATUS_OK) {
        status = installation_take_over(engine, command, error);
    }
    if (status == STATUS_OK) {
        command->answer.created = before.installation == NULL;
        engine_customer_changed(engine, command->customer_id, false);
        answer_phone(command, customer_of(engine, command), &phone);
    }
    return status;
}

enum status shared_phone_log_out(struct engine *engine, struct command *command,
                                 struct error *error)
{
    const struct device_request *request = &command->request.device;
    struct shared_phone_row phone;
    enum status status;
    if (!find_phone(engine, command, request->phone_id, &phone, &status, error)) {
        return status;
    }
    if (phone.installation == NULL || strcmp(phone.installation, request->installation) != 0) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such installation");
        return STATUS_OK;
    }
    status = shared_phone_give_back(engine, &phone, "logged_out", command->received_at, error);
    phone.target = NULL;
    engine_customer_changed(engine, command->customer_id, false);
    return status == STATUS_OK ? store_update_shared_phone(engine->store, &phone, error) : status;
}

/* ---- PINs ---- */

enum status command_put_pin(struct engine *engine, struct command *command, struct error *error)
{
    const struct pin_request *request = &command->request.pin;
    const struct directory_customer *customer = customer_of(engine, command);
    const struct directory_person *agent =
        customer == NULL ? NULL : directory_agent(customer, request->agent_id);
    if (agent == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such agent");
        return STATUS_OK;
    }
    const struct agent_pin_row row = {.customer_id = command->customer_id,
                                      .agent_id = agent->id,
                                      .salt = request->salt,
                                      .hash = request->hash,
                                      .set_at = command->received_at};
    /* Whoever may set it may also end the wait for it. */
    enum status status =
        store_forget_pin_failures(engine->store, command->customer_id, agent->id, error);
    if (status != STATUS_OK) {
        return status;
    }
    return request->clear ? store_delete_pin(engine->store, command->customer_id, agent->id, error)
                          : store_put_pin(engine->store, &row, error);
}

static void refuse_for_now(struct command *command, int64_t wait_ms)
{
    answer_refuse(command, STATUS_TOO_OFTEN,
                  "too many wrong PINs for this agent on this phone: wait, or have the "
                  "administrator set a new one");
    command->answer.retry_after_s = (int)((wait_ms + 999) / 1000);
}

static void tell_wrong_pins(struct engine *engine, const struct directory_customer *customer,
                            const struct shared_phone_row *phone, int64_t failures)
{
    char about[SLUG_BYTES_MAX + 32], detail[ERROR_TEXT_BYTES_MAX];
    (void)snprintf(about, sizeof about, "%s/%lld", customer->slug, (long long)phone->phone_id);
    (void)snprintf(detail, sizeof detail,
                   "%s: %lld wrong PINs in a row for one agent on this shared phone: ask who has "
                   "it, and revoke it when it is lost",
                   about, (long long)failures);
    engine_alarm_about(engine, "phone.wrong_pins", about, detail);
}

static enum status refuse_wrong(struct engine *engine, struct command *command,
                                const struct shared_phone_row *phone,
                                struct pin_failure_row *failure, struct error *error)
{
    char text[64];
    struct json_writer json;
    int64_t wait_ms = pin_wait_ms(++failure->failures);
    int64_t left = failure->failures < PIN_TRIES ? PIN_TRIES - failure->failures : 0;
    failure->until = wait_ms > 0 ? engine_time_add(engine_now(engine), wait_ms) : ENGINE_NEVER;
    answer_refuse(command, STATUS_FORBIDDEN, "pin: it is not this agent's");
    (void)text_copy(command->answer.error.pointer, sizeof command->answer.error.pointer, "/pin");
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_int(&json, "tries_left", left);
    json_object_end(&json);
    answer_json(command, text, json_writer_bytes(&json));
    command->answer.retry_after_s = (int)(wait_ms / 1000);
    if (wait_ms > 0) {
        tell_wrong_pins(engine, customer_of(engine, command), phone, failure->failures);
    }
    return store_put_pin_failure(engine->store, failure, error);
}

/* ---- signing in and out ---- */

/* Whether the agent may try now; false: the answer is there, or *status_r says what failed. */
static bool may_try(struct engine *engine, struct command *command,
                    const struct shared_phone_row *phone, struct pin_failure_row *failure_r,
                    enum status *status_r, struct error *error)
{
    const struct sign_in_request *request = &command->request.sign_in;
    const struct directory_customer *customer = customer_of(engine, command);
    const struct directory_shared_phone *shared =
        customer == NULL ? NULL : directory_shared_phone(customer, phone->phone_id);
    *status_r = STATUS_OK;
    if (shared == NULL || !directory_shares(customer, shared, request->agent_id)) {
        answer_refuse(command, STATUS_NOT_FOUND, "agent: nobody of this name shares this phone");
        return false;
    }
    if (phone->target == NULL) {
        answer_refuse(command, STATUS_CONFLICT,
                      "this phone can get no push: PUT /v1/agent/devices/{installation} first");
        return false;
    }
    *status_r = store_get_pin_failure(engine->store, command->customer_id, phone->phone_id,
                                      request->agent_id, failure_r, error);
    if (*status_r == STATUS_NOT_FOUND) {
        *failure_r = (struct pin_failure_row){.customer_id = command->customer_id,
                                              .phone_id = phone->phone_id,
                                              .agent_id = request->agent_id,
                                              .until = ENGINE_NEVER};
        *status_r = STATUS_OK;
    }
    int64_t wait_ms = failure_r->until.ms - engine_now(engine).ms;
    if (*status_r == STATUS_OK && failure_r->until.ms != TIME_NEVER_MS && wait_ms > 0) {
        refuse_for_now(command, wait_ms);
        return false;
    }
    return *status_r == STATUS_OK;
}

/* The PIN may have been changed while it was compared. */
static bool pin_is_the_same(struct engine *engine, struct command *command, enum status *status_r,
                            struct error *error)
{
    const struct sign_in_request *request = &command->request.sign_in;
    struct agent_pin_row pin;
    *status_r = store_get_pin(engine->store, command->customer_id, request->agent_id, &pin, error);
    if (*status_r == STATUS_NOT_FOUND ||
        (*status_r == STATUS_OK && !uuid_equal(pin.salt, request->salt))) {
        answer_refuse(command, STATUS_CONFLICT,
                      "pin: the agent has none any more, or another one: enter the new one");
        *status_r = STATUS_OK;
        return false;
    }
    return *status_r == STATUS_OK;
}

static enum status change_owner(struct engine *engine, struct command *command,
                                struct shared_phone_row *phone, struct error *error)
{
    const struct shared_phone_turn_row turn = {.customer_id = command->customer_id,
                                               .phone_id = phone->phone_id,
                                               .agent_id = command->request.sign_in.agent_id,
                                               .began_at = command->received_at,
                                               .ended_at = WALL_NEVER};
    int64_t others = 0;
    enum status status = store_count_other_devices(
        engine->store, command->customer_id, turn.agent_id, phone->installation, &others, error);
    if (status == STATUS_OK && others >= DEVICES_OF_PERSON_MAX) {
        answer_refuse(command, STATUS_CONFLICT,
                      "this agent has %d phones already; log one out first", DEVICES_OF_PERSON_MAX);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = shared_phone_give_back(engine, phone, "sign_in", command->received_at, error);
    }
    phone->owner_id = turn.agent_id;
    phone->owned_since = command->received_at;
    if (status == STATUS_OK) {
        status = store_begin_turn(engine->store, &turn, error);
    }
    if (status == STATUS_OK) {
        status = lend(engine, phone, command->received_at, error);
    }
    if (status == STATUS_OK) {
        status = store_update_shared_phone(engine->store, phone, error);
    }
    if (status == STATUS_OK) {
        command->answer.created = true;
        answer_phone(command, customer_of(engine, command), phone);
    }
    return status;
}

enum status command_sign_in(struct engine *engine, struct command *command, struct error *error)
{
    const struct sign_in_request *request = &command->request.sign_in;
    struct shared_phone_row phone;
    struct pin_failure_row failure;
    enum status status;
    if (!find_phone(engine, command, request->phone_id, &phone, &status, error) ||
        !may_try(engine, command, &phone, &failure, &status, error) ||
        !pin_is_the_same(engine, command, &status, error)) {
        return status;
    }
    if (!request->matches) {
        return refuse_wrong(engine, command, &phone, &failure, error);
    }
    if (failure.failures > 0) {
        failure.failures = 0;
        failure.until = ENGINE_NEVER;
        status = store_put_pin_failure(engine->store, &failure, error);
    }
    if (status == STATUS_OK && phone.owner_id == request->agent_id) {
        answer_phone(command, customer_of(engine, command), &phone); /* said twice */
        return STATUS_OK;
    }
    return status == STATUS_OK ? change_owner(engine, command, &phone, error) : status;
}

enum status command_sign_out(struct engine *engine, struct command *command, struct error *error)
{
    struct shared_phone_row phone;
    enum status status;
    if (!find_phone(engine, command, command->request.sign_in.phone_id, &phone, &status, error)) {
        return status;
    }
    status = shared_phone_give_back(engine, &phone, "sign_out", command->received_at, error);
    if (status == STATUS_OK) {
        status = store_update_shared_phone(engine->store, &phone, error);
    }
    if (status == STATUS_OK) {
        answer_phone(command, customer_of(engine, command), &phone);
    }
    return status;
}
