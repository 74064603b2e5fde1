/* command_device.c - an agent's phone: enrolment, devices, check-in and check-out. What a check-in
 * is for, command_check_in.c knows. */
#include "gateway/engine/duty_private.h"

#include <ctype.h>
#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/engine/check_in_json.h"
#include "gateway/engine/device_test_json.h"
#include "gateway/engine/phones_private.h"
#include "gateway/engine/reachability.h"

#define SMALL_JSON_BYTES 4096
/* By so much the wall may be set back without a new code being refused. */
#define CODE_SURPLUS_MS_MAX INT64_C(60000)

/* Codes are read aloud and typed: case and separators do not matter. */
static void normalise_code(const char *typed, char *code_r, size_t code_bytes)
{
    size_t used = 0;
    for (; *typed != '\0' && used + 1 < code_bytes; typed++) {
        if (isalnum((unsigned char)*typed)) {
            code_r[used++] = (char)toupper((unsigned char)*typed);
        }
    }
    code_r[used] = '\0';
}

static void answer_enrolment(struct command *command, const char *token,
                             const struct directory_customer *customer,
                             const struct directory_person *agent)
{
    char text[SMALL_JSON_BYTES];
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_text(&json, "token", token);
    json_name(&json, "agent");
    json_object_begin(&json);
    json_member_text(&json, "slug", agent->slug);
    json_member_text(&json, "name", agent->name);
    json_member_text(&json, "customer", customer->slug);
    json_object_end(&json);
    json_object_end(&json);
    command->answer.created = true;
    answer_json(command, text, json_writer_bytes(&json));
}

bool enrolment_code_is_alive(struct wall_time expires_at, struct wall_time now)
{
    int64_t left_ms = expires_at.ms - now.ms;
    return left_ms >= 0 && left_ms <= CODE_LIFE_MS + CODE_SURPLUS_MS_MAX;
}

enum status command_use_enrolment(struct engine *engine, struct command *command,
                                  struct error *error)
{
    char code[64], token[TOKEN_BYTES_MAX];
    struct enrolment_row row;
    normalise_code(command->request.enrolment.code, code, sizeof code);
    struct digest hash = token_hash(code);
    enum status status = store_find_enrolment_code(engine->store, &hash, &row, error);
    if (status == STATUS_NOT_FOUND) {
        status = shared_phone_use_code(engine, command, &hash, error);
        if (status != STATUS_NOT_FOUND) {
            return status;
        }
    }
    if (status == STATUS_NOT_FOUND ||
        (status == STATUS_OK && !enrolment_code_is_alive(row.expires_at, command->received_at))) {
        answer_refuse_at(command, STATUS_NOT_FOUND, "/code",
                         "unknown, used or expired; ask for a new one");
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    const struct directory_customer *customer =
        directory_customer(engine->current, row.customer_id);
    const struct directory_person *agent =
        customer == NULL ? NULL : directory_agent(customer, row.agent_id);
    if (agent == NULL || !agent->active) { /* nobody: its row is damaged */
        answer_refuse_at(command, STATUS_NOT_FOUND, "/code", "its agent is no longer active");
        return STATUS_OK;
    }
    int64_t numbers[2] = {row.customer_id, row.enrolment_id};
    token_make("at_", numbers, &engine->configuration.random, token, &hash);
    status = store_use_enrolment(engine->store, row.customer_id, row.enrolment_id, &hash,
                                 command->received_at, error);
    if (status == STATUS_OK) {
        engine_customer_changed(engine, row.customer_id, false);
        answer_enrolment(command, token, customer, agent);
    }
    return status;
}

static const struct directory_device *find_device(struct engine *engine,
                                                  const struct command *command, int64_t agent_id,
                                                  const char *installation,
                                                  const struct directory_person **agent_r)
{
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct directory_person *agent =
        customer == NULL ? NULL : directory_agent(customer, agent_id);
    *agent_r = agent;
    for (size_t i = 0; agent != NULL && i < agent->devices_count; i++) {
        if (strcmp(agent->devices[i].installation, installation) == 0) {
            return &agent->devices[i];
        }
    }
    return NULL;
}

/* The agent's own registration, and what it means for the others of the same phone. Refused where
 * it would be a shared phone's that is lent to the agent: its target is the phone's to change. */
static enum status write_device(struct engine *engine, struct command *command, struct error *error)
{
    const struct device_request *request = &command->request.device;
    struct device_row row = {
        .customer_id = command->customer_id,
        .agent_id = request->agent_id,
        .installation = request->installation,
        .platform = request->platform,
        .target = request->target,
        .environment = request->environment,
        .public_key = request->public_key,
        .auth_secret = request->auth_secret,
        .app_version = request->app_version,
        .permission = request->permission,
        .silent_mode = request->silent_mode,
        .battery_percent = request->battery_percent,
        .registered_at = command->received_at,
        .proven_at = WALL_NEVER,
        .retired_at = WALL_NEVER,
    };
    struct registration_row before;
    int64_t id;
    random_fill(&engine->configuration.random, row.registration.bytes,
                sizeof row.registration.bytes);
    enum status status =
        store_get_registration(engine->store, command->customer_id, request->agent_id,
                               request->installation, engine->scratch, &before, error);
    bool known = status == STATUS_OK && before.retired_at.ms == TIME_NEVER_MS;
    if (known && before.phone_id != 0) {
        answer_refuse(command, STATUS_CONFLICT,
                      "this installation is a shared phone's, on which the agent is signed in");
        return STATUS_OK;
    }
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        status = store_put_device(engine->store, &row, &id, error);
    }
    if (status == STATUS_OK && known) {
        status = installation_rotate(engine, &before, command, error);
    }
    if (status == STATUS_OK && permission_is_denied(request->permission)) {
        status = duty_phone_gone(engine, command->customer_id, request->agent_id,
                                 ASKED_PHONE_SILENT, command->received_at, error);
    }
    return status == STATUS_OK ? installation_take_over(engine, command, error) : status;
}

enum status command_put_device(struct engine *engine, struct command *command, struct error *error)
{
    const struct device_request *request = &command->request.device;
    if (request->phone_id != 0) {
        return shared_phone_put(engine, command, error);
    }
    const struct directory_person *agent;
    const struct directory_device *before =
        find_device(engine, command, request->agent_id, request->installation, &agent);
    if (agent == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such agent");
        return STATUS_OK;
    }
    int64_t others = 0; /* in the rows: the directory does not know of those of the same batch */
    enum status status =
        store_count_other_devices(engine->store, command->customer_id, request->agent_id,
                                  request->installation, &others, error);
    if (status != STATUS_OK) {
        return status;
    }
    if ((before == NULL || !before->live) && others >= DEVICES_OF_PERSON_MAX) {
        answer_refuse(command, STATUS_CONFLICT,
                      "this agent has %d phones already; log one out first", DEVICES_OF_PERSON_MAX);
        return STATUS_OK;
    }
    if (!installation_has_room(engine, command, &status, error)) {
        return status;
    }
    status = write_device(engine, command, error);
    if (status == STATUS_OK && command->answer.status == STATUS_OK) {
        command->answer.created = before == NULL;
        engine_customer_changed(engine, command->customer_id, true);
    }
    return status;
}

enum status command_delete_device(struct engine *engine, struct command *command,
                                  struct error *error)
{
    const struct device_request *request = &command->request.device;
    if (request->phone_id != 0) {
        return shared_phone_log_out(engine, command, error);
    }
    const struct directory_person *agent;
    const struct directory_device *device =
        find_device(engine, command, request->agent_id, request->installation, &agent);
    if (device == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such installation");
        return STATUS_OK;
    }
    if (device->live && device->phone_id != 0) {
        answer_refuse(command, STATUS_CONFLICT,
                      "this installation is a shared phone's: sign out on it");
        return STATUS_OK;
    }
    engine_customer_changed(engine, command->customer_id, false);
    return device_retire(engine, command->customer_id, agent->id, device->id, "logged_out",
                         command->received_at, command->received_at, error);
}

enum status command_hear_device(struct engine *engine, struct command *command, struct error *error)
{
    const struct device_request *request = &command->request.device;
    const struct directory_person *agent;
    const struct directory_device *device =
        find_device(engine, command, request->agent_id, request->installation, &agent);
    if (device == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such installation");
        return STATUS_OK;
    }
    if (!device->live) {
        answer_refuse(command, STATUS_CONFLICT,
                      "this phone was retired (%s): the app must register it again",
                      device->retired_reason);
        return STATUS_OK;
    }
    return store_hear_device(engine->store, command->customer_id, device->id, command->received_at,
                             error);
}

/* The check-in's own test push; NULL: none could be sent to this installation. */
static void answer_check_in(struct command *command, const struct directory_customer *customer,
                            const struct directory_person *agent, const struct check_in_row *row,
                            int64_t id, const struct device_test_row *test)
{
    char text[SMALL_JSON_BYTES];
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_int(&json, "id", id);
    json_member_time(&json, "at", row->in_at);
    json_name(&json, "shift");
    if (row->role == NULL) {
        json_null_value(&json);
    } else {
        json_object_begin(&json);
        json_member_text(&json, "role", row->role);
        json_member_time(&json, "from", row->shift_from_at);
        json_member_time(&json, "to", row->shift_to_at);
        json_object_end(&json);
    }
    const struct check_in_lacks lacks = check_in_lacks(row, test);
    json_member_text(&json, "state", "pending"); /* until its test push was heard */
    check_in_missing_json(&json, &lacks);
    check_in_facts_json(&json, row, agent);
    json_name(&json, "test");
    if (test != NULL) {
        device_test_json(&json, customer, test);
    } else {
        json_null_value(&json);
    }
    json_object_end(&json);
    command->answer.created = true;
    answer_json(command, text, json_writer_bytes(&json));
}

/* What the phone said of itself, and the agent of their numbers; without any, nothing is confirmed.
 */
static enum status note_facts(struct engine *engine, const struct command *command,
                              const struct directory_person *agent, struct check_in_row *row,
                              struct error *error)
{
    const struct check_in_request *request = &command->request.check_in;
    struct registration_row phone;
    enum status status =
        store_get_registration(engine->store, command->customer_id, agent->id,
                               request->installation, engine->scratch, &phone, error);
    row->battery_percent = -1;
    if (status == STATUS_OK && phone.retired_at.ms == TIME_NEVER_MS) {
        row->permission = phone.permission;
        row->silent_mode = phone.silent_mode;
        row->battery_percent = phone.battery_percent;
        row->app_version = phone.app_version;
    }
    row->numbers_mark = request->number_confirmed ? directory_phones_mark(agent) : 0;
    row->number_confirmed = row->numbers_mark != 0;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* A check-in proves the path: a test push goes to the phone it was made with. */
static enum status test_installation(struct engine *engine, const struct command *command,
                                     struct device_test_row *test_r, bool *tested_r,
                                     struct error *error)
{
    const struct check_in_request *request = &command->request.check_in;
    const struct directory_person *agent;
    const struct directory_device *device =
        find_device(engine, command, request->agent_id, request->installation, &agent);
    struct wall_time allowed_at;
    *tested_r = false;
    if (device == NULL || !device->live) {
        return STATUS_OK;
    }
    enum status status = store_hear_device(engine->store, command->customer_id, device->id,
                                           command->received_at, error);
    if (status == STATUS_OK) {
        status = device_test_plan(engine, command->customer_id, device, agent->id, TEST_BY_CHECK_IN,
                                  test_r, &allowed_at, error);
    }
    *tested_r = status == STATUS_OK && allowed_at.ms == TIME_NEVER_MS;
    return status;
}

/* Whether the shift can be taken up by now: before that a check-in would count for nothing, and its
 * agent would believe it did. */
static bool is_open(const struct directory_customer *customer, const char *role,
                    const struct directory_interval *shift, struct command *command)
{
    const struct directory_check_in *plan = &directory_rota(customer, role)->check_in;
    struct wall_time opens = {shift->from.ms - plan->opens_before_ms};
    if (!plan->planned || command->received_at.ms >= opens.ms) {
        return true;
    }
    char at[RFC3339_BYTES_MAX];
    wall_time_format(opens, at);
    answer_refuse_at(command, STATUS_CONFLICT, "/shift",
                     "your next shift of %s can be checked in from %s on", role, at);
    return false;
}

enum status check_in_end(struct engine *engine, int64_t customer_id, int64_t agent_id,
                         const char *note, struct wall_time at, struct error *error)
{
    const struct directory_customer *customer = directory_customer(engine->current, customer_id);
    const struct directory_person *agent =
        customer == NULL ? NULL : directory_agent(customer, agent_id);
    return store_check_out(engine->store, customer_id, agent_id, note,
                           agent == NULL ? 0 : directory_phones_mark(agent), at, error);
}

enum status command_check_in(struct engine *engine, struct command *command, struct error *error)
{
    const struct check_in_request *request = &command->request.check_in;
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct directory_person *agent =
        customer == NULL ? NULL : directory_agent(customer, request->agent_id);
    if (agent == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such agent");
        return STATUS_OK;
    }
    const char *role = NULL;
    const struct directory_interval *shift =
        shift_of(customer, request->agent_id, request->shift, command->received_at, &role);
    if (request->shift != NULL && shift == NULL) {
        answer_refuse_at(command, STATUS_INVALID, "/shift", "you have no shift in this rota");
        return STATUS_OK;
    }
    if (shift != NULL && !is_open(customer, role, shift, command)) {
        return STATUS_OK;
    }
    struct check_in_row row = {
        .customer_id = command->customer_id,
        .agent_id = request->agent_id,
        .installation = request->installation,
        .role = role,
        .shift_from_at = shift != NULL ? shift->from : WALL_NEVER,
        .shift_to_at = shift != NULL ? shift->to : WALL_NEVER,
        .in_at = command->received_at,
        .out_at = WALL_NEVER,
        .completed_at = WALL_NEVER, /* once its test push was heard */
    };
    /* A second check-in replaces the first: the newest installation counts. */
    enum status status = check_in_end(engine, command->customer_id, request->agent_id, NULL,
                                      command->received_at, error);
    int64_t id = 0;
    struct device_test_row test;
    bool tested = false;
    if (status == STATUS_OK) {
        status = test_installation(engine, command, &test, &tested, error);
    }
    if (status == STATUS_OK) {
        status = note_facts(engine, command, agent, &row, error);
    }
    if (status == STATUS_OK) {
        row.test_id = tested ? test.test_id : row.test_id;
        status = store_check_in(engine->store, &row, &id, error);
    }
    if (status == STATUS_OK) {
        answer_check_in(command, customer, agent, &row, id, tested ? &test : NULL);
    }
    return status;
}

enum status command_check_out(struct engine *engine, struct command *command, struct error *error)
{
    const struct check_in_request *request = &command->request.check_in;
    struct check_in_row row;
    enum status status = request->note == NULL
                             ? STATUS_OK
                             : store_get_check_in(engine->store, command->customer_id,
                                                  request->agent_id, engine->scratch, &row, error);
    if (status == STATUS_NOT_FOUND) {
        answer_refuse(command, STATUS_CONFLICT,
                      "you are not checked in: the note would reach nobody; check in first");
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = check_in_end(engine, command->customer_id, request->agent_id, request->note,
                              command->received_at, error);
    }
    return status == STATUS_OK ? duty_answer_check_out(engine, command, error) : status;
}
