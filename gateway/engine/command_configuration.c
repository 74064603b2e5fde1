/* command_configuration.c - administration: customers, people, procedures, rotas, keys. */
#include "gateway/engine/engine_private.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/encoding.h"
#include "gateway/base/json_writer.h"
#include "gateway/base/text.h"
#include "gateway/engine/phones_private.h"
#include "gateway/engine/qualify.h"
#include "gateway/store/store_number.h"

#define SMALL_JSON_BYTES 1024

static const struct directory_customer *customer_of(struct engine *engine, struct command *command)
{
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    if (customer == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such customer");
    }
    return customer;
}

/* A call comes in for one customer only. Whose the number is, is not said: the key may not cover
 * them. False: the answer is there, or *status_r says what failed. */
static bool numbers_are_free(struct engine *engine, struct command *command, int64_t customer_id,
                             enum status *status_r, struct error *error)
{
    const struct customer_request *request = &command->request.customer;
    for (size_t i = 0; i < request->numbers_count; i++) {
        int64_t owner = customer_id;
        enum status status =
            store_get_number_owner(engine->store, request->numbers[i], &owner, error);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            *status_r = status;
            return false;
        }
        if (status == STATUS_OK && owner != customer_id) {
            char pointer[32];
            (void)snprintf(pointer, sizeof pointer, "/numbers/%zu", i);
            answer_refuse_at(command, STATUS_CONFLICT, pointer,
                             "is another customer's number already: take it away there first, or "
                             "leave it out here");
            return false;
        }
    }
    return true;
}

static bool same_text(const char *left, const char *right)
{
    return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

/* Whether every rota that has what it needs would have it with that calendar, too: nobody would be
 * on call in one that has not. False: the answer is there. */
static bool rotas_have_what_they_need(struct engine *engine, struct command *command,
                                      const struct directory_customer *customer,
                                      const struct engine_calendar *calendar)
{
    const struct engine_rotas *rotas = &engine->configuration.rotas;
    for (size_t i = 0; i < customer->rotas_count; i++) {
        struct error error = {.text = ""};
        const struct directory_rota *rota = &customer->rotas[i];
        if (rotas->check(rotas->context, rota->definition, calendar, &error) != STATUS_OK &&
            rotas->check(rotas->context, rota->definition, customer->calendar, NULL) == STATUS_OK) {
            answer_refuse(command, STATUS_CONFLICT,
                          "rota %s asks for what this takes away; change the rota first: %s",
                          rota->slug, error.text);
            return false;
        }
    }
    return true;
}

/* What a customer's calendar would be with these texts: it was checked before it was posted, but
 * without the rest of the customer (NULL: a new one). False: the answer is there. */
static bool calendar_is_sound(struct engine *engine, struct command *command,
                              const struct directory_customer *customer,
                              const struct engine_calendar_texts *texts)
{
    struct shared_calendar *shared = NULL;
    if (texts->opening_hours != NULL || texts->holidays != NULL || texts->holidays_ics != NULL) {
        command->answer.status =
            shared_calendar_read(&engine->configuration.rotas, texts, command->received_at, &shared,
                                 &command->answer.error);
    }
    if (command->answer.status != STATUS_OK) {
        return false;
    }
    /* Kept for the customer's snapshot. */
    shared_calendar_release(engine->checked_calendar);
    engine->checked_calendar = shared;
    return customer == NULL || rotas_have_what_they_need(engine, command, customer,
                                                         shared != NULL ? shared->calendar : NULL);
}

/* False: the answer is there, or *status_r says what failed. */
static bool new_calendar_is_sound(struct engine *engine, struct command *command,
                                  const struct directory_customer *before, enum status *status_r,
                                  struct error *error)
{
    const struct customer_request *request = &command->request.customer;
    struct engine_calendar_texts texts = {request->opening_hours, request->holidays, NULL};
    if (before != NULL && same_text(before->opening_hours, texts.opening_hours) &&
        same_text(before->holidays, texts.holidays)) {
        return true;
    }
    if (before != NULL) {
        struct holidays_row file = {.ics = NULL};
        enum status status =
            store_get_holidays(engine->store, before->id, engine->scratch, &file, error);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            *status_r = status;
            return false;
        }
        texts.holidays_ics = file.ics;
    }
    return calendar_is_sound(engine, command, before, &texts);
}

static enum status write_customer(struct engine *engine, struct command *command,
                                  struct error *error)
{
    const struct customer_request *request = &command->request.customer;
    struct customer_row row = {
        .slug = request->slug,
        .name = request->name,
        .time_zone = request->time_zone,
        .language = request->language,
        .alias = request->alias,
        .default_procedure = request->default_procedure,
        .active = request->active,
        .created_at = command->received_at,
        .opening_hours = request->opening_hours,
        .holidays = request->holidays,
        .emergency_phone = request->emergency_phone,
        .greeting = request->greeting,
        .retention_days = request->retention_days,
        .ticket_fields = request->ticket_fields,
        .notice_days = request->notice_days,
        .nobody_reached_fr = request->nobody_reached_fr,
        .nobody_reached_en = request->nobody_reached_en,
    };
    enum status status = store_put_customer(engine->store, &row, &command->customer_id, error);
    if (status == STATUS_OK) {
        status = store_set_numbers(engine->store, command->customer_id, request->numbers,
                                   request->numbers_count, error);
    }
    return status;
}

enum status command_put_customer(struct engine *engine, struct command *command,
                                 struct error *error)
{
    const struct customer_request *request = &command->request.customer;
    const struct engine_rotas *rotas = &engine->configuration.rotas;
    const struct directory_customer *before =
        directory_customer_by_slug(engine->current, request->slug);
    if (!rotas->zone_is_known(rotas->context, request->time_zone)) {
        answer_refuse_at(command, STATUS_INVALID, "/time_zone",
                         "unknown; use a name of the IANA database such as Europe/Paris");
        return STATUS_OK;
    }
    if (request->default_procedure != NULL &&
        (before == NULL || directory_procedure(before, request->default_procedure) == NULL)) {
        answer_refuse_at(command, STATUS_INVALID, "/default_procedure",
                         "the customer has no such procedure; put it first");
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    if (!numbers_are_free(engine, command, before != NULL ? before->id : 0, &status, error) ||
        !new_calendar_is_sound(engine, command, before, &status, error)) {
        return status;
    }
    status = write_customer(engine, command, error);
    if (status == STATUS_OK) {
        command->answer.created = before == NULL;
        engine_customer_changed(engine, command->customer_id, true);
    }
    return status;
}

enum status command_put_holidays(struct engine *engine, struct command *command,
                                 struct error *error)
{
    const struct directory_customer *customer = customer_of(engine, command);
    if (customer == NULL) {
        return STATUS_OK;
    }
    const struct engine_calendar_texts texts = {customer->opening_hours, customer->holidays,
                                                command->request.holidays.ics};
    if (!calendar_is_sound(engine, command, customer, &texts)) {
        return STATUS_OK;
    }
    enum status status;
    if (texts.holidays_ics == NULL) {
        status = store_delete_holidays(engine->store, customer->id, error);
        if (status == STATUS_NOT_FOUND) {
            answer_refuse(command, STATUS_NOT_FOUND, "the customer has no file of holidays");
            return STATUS_OK;
        }
    } else {
        const struct holidays_row row = {.customer_id = customer->id,
                                         .ics = texts.holidays_ics,
                                         .changed_at = command->received_at};
        status = store_put_holidays(engine->store, &row, error);
    }
    if (status == STATUS_OK) {
        engine_customer_changed(engine, command->customer_id, true);
    }
    return status;
}

static enum status put_further_numbers(struct engine *engine, const struct command *command,
                                       int64_t person_id, struct error *error)
{
    const struct person_request *request = &command->request.person;
    struct further_number_row further[PHONES_OF_PERSON_MAX - 1];
    for (size_t i = 0; i < request->further_count; i++) {
        further[i] = (struct further_number_row){.phone = request->further[i].phone,
                                                 .label = request->further[i].label};
    }
    return store_set_person_numbers(engine->store, command->customer_id, request->kind, person_id,
                                    request->phone, further, request->further_count, error);
}

enum status command_put_person(struct engine *engine, struct command *command, struct error *error)
{
    const struct person_request *request = &command->request.person;
    const struct directory_customer *customer = customer_of(engine, command);
    if (customer == NULL) {
        return STATUS_OK;
    }
    bool agent = request->kind == PERSON_AGENT;
    bool known = (agent ? directory_agent_by_slug(customer, request->slug)
                        : directory_contact_by_slug(customer, request->slug)) != NULL;
    size_t count = agent ? customer->agents_count : customer->contacts_count;
    if (!known &&
        count >= (agent ? (size_t)AGENTS_OF_CUSTOMER_MAX : (size_t)CONTACTS_OF_CUSTOMER_MAX)) {
        answer_refuse(command, STATUS_CONFLICT, "the customer has as many as it can have");
        return STATUS_OK;
    }
    struct person_row row = {
        .customer_id = command->customer_id,
        .slug = request->slug,
        .name = request->name,
        .phone = request->phone,
        .phone_label = request->phone_label,
        .language = request->language,
        .active = request->active,
        .created_at = command->received_at,
    };
    int64_t id;
    enum status status = store_put_person(engine->store, request->kind, &row, &id, error);
    if (status == STATUS_OK) {
        status = put_further_numbers(engine, command, id, error);
    }
    if (status == STATUS_OK) {
        command->answer.created = !known;
        engine_customer_changed(engine, command->customer_id, true);
    }
    return status;
}

/* So must the role beside busy agents, unless it is the one that is taken when there is one. */
static bool backup_exists(const struct directory_customer *customer,
                          const struct procedure *procedure, struct command *command)
{
    const char *role = procedure->when_busy;
    bool exists = role[0] == '\0' || strcmp(role, PROCEDURE_WHEN_BUSY) == 0 ||
                  directory_rota(customer, role) != NULL;
    if (!exists) {
        answer_refuse_at(command, STATUS_INVALID, "/when_busy",
                         "names a rota that the customer does not have; put it first");
    }
    return exists;
}

/* Every agent and contact a procedure names must exist: configuration that drifts is found at once.
 */
static bool targets_exist(const struct directory_customer *customer,
                          const struct procedure_target *targets, size_t count, const char *pointer,
                          struct command *command)
{
    for (size_t i = 0; i < count; i++) {
        const struct procedure_target *target = &targets[i];
        bool exists = true;
        if (target->kind == TARGET_AGENT) {
            exists = directory_agent_by_slug(customer, target->name) != NULL;
        } else if (target->kind == TARGET_CONTACT) {
            exists = directory_contact_by_slug(customer, target->name) != NULL;
        } else if (target->kind == TARGET_ON_CALL) {
            exists = directory_rota(customer, target->name) != NULL;
        }
        if (!exists) {
            char place[64];
            (void)snprintf(place, sizeof place, "%s/%zu", pointer, i);
            answer_refuse_at(
                command, STATUS_INVALID, place,
                "names an agent, contact or rota that the customer does not have; put it "
                "first");
            return false;
        }
    }
    return true;
}

static bool procedure_is_sound(const struct directory_customer *customer,
                               const struct procedure *procedure, struct command *command)
{
    for (size_t i = 0; i < procedure->steps_count; i++) {
        char pointer[48];
        (void)snprintf(pointer, sizeof pointer, "/steps/%zu/notify", i);
        if (!targets_exist(customer, procedure->steps[i].targets, procedure->steps[i].targets_count,
                           pointer, command)) {
            return false;
        }
    }
    return targets_exist(customer, procedure->exhausted, procedure->exhausted_count, "/exhausted",
                         command) &&
           backup_exists(customer, procedure, command);
}

static void answer_version(struct command *command, const char *slug, int64_t version)
{
    char text[SMALL_JSON_BYTES];
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    if (slug != NULL) {
        json_member_text(&json, "slug", slug);
    }
    json_member_int(&json, "version", version);
    json_object_end(&json);
    answer_json(command, text, json_writer_bytes(&json));
}

enum status command_put_procedure(struct engine *engine, struct command *command,
                                  struct error *error)
{
    const struct definition_request *request = &command->request.definition;
    const struct directory_customer *customer = customer_of(engine, command);
    if (customer == NULL) {
        return STATUS_OK;
    }
    struct procedure *procedure;
    enum status status =
        procedure_parse(request->definition, strlen(request->definition), request->slug,
                        engine->scratch, &procedure, &command->answer.error);
    if (status != STATUS_OK) {
        command->answer.status = status;
        return STATUS_OK;
    }
    if (!procedure_is_sound(customer, procedure, command)) {
        return STATUS_OK;
    }
    const struct directory_procedure *before = directory_procedure(customer, request->slug);
    if (before != NULL && strcmp(before->definition, request->definition) == 0) {
        answer_version(command, request->slug, before->version);
        return STATUS_OK; /* PUT is idempotent: the same text makes no new version */
    }
    if (before == NULL && customer->procedures_count >= PROCEDURES_OF_CUSTOMER_MAX) {
        answer_refuse(command, STATUS_CONFLICT, "the customer has as many as it can have");
        return STATUS_OK;
    }
    struct definition_row row = {
        .customer_id = command->customer_id,
        .slug = request->slug,
        .definition = request->definition,
        .changed_at = command->received_at,
    };
    int64_t id, version;
    status = store_add_procedure(engine->store, &row, &id, &version, error);
    if (status == STATUS_OK) {
        command->answer.created = before == NULL;
        engine_customer_changed(engine, command->customer_id, false);
        answer_version(command, request->slug, version);
    }
    return status;
}

enum status command_put_rules(struct engine *engine, struct command *command, struct error *error)
{
    const struct definition_request *request = &command->request.definition;
    const struct directory_customer *customer = customer_of(engine, command);
    if (customer == NULL) {
        return STATUS_OK;
    }
    struct rules *rules;
    const struct rules_world world = qualify_world(customer);
    enum status status = rules_parse(request->definition, strlen(request->definition),
                                     engine->scratch, &rules, &command->answer.error);
    if (status == STATUS_OK) {
        status = rules_check_references(rules, &world, &command->answer.error);
    }
    if (status != STATUS_OK) {
        command->answer.status = status;
        return STATUS_OK;
    }
    const struct directory_rules *before = customer->rules;
    if (before != NULL && strcmp(before->definition, request->definition) == 0) {
        answer_version(command, NULL, before->version);
        return STATUS_OK; /* as with procedures */
    }
    struct definition_row row = {
        .customer_id = command->customer_id,
        .definition = request->definition,
        .changed_at = command->received_at,
    };
    int64_t id, version;
    status = store_add_rules(engine->store, &row, &id, &version, error);
    if (status == STATUS_OK) {
        command->answer.created = before == NULL;
        engine_customer_changed(engine, command->customer_id, false);
        answer_version(command, NULL, version);
    }
    return status;
}

static bool is_as_before(const struct directory_rota *rota, const char *definition)
{
    return rota == NULL || definition == NULL ? rota == NULL && definition == NULL
                                              : strcmp(rota->definition, definition) == 0;
}

enum status command_put_rota(struct engine *engine, struct command *command, struct error *error)
{
    const struct definition_request *request = &command->request.definition;
    const struct engine_rotas *rotas = &engine->configuration.rotas;
    const struct directory_customer *customer = customer_of(engine, command);
    if (customer == NULL) {
        return STATUS_OK;
    }
    /* Compiled once to see that it can be, and that everybody in it exists. */
    struct engine_rota_interval *intervals;
    size_t count = 0;
    enum status status = rotas->check(rotas->context, request->definition, customer->calendar,
                                      &command->answer.error);
    if (status == STATUS_OK) {
        struct wall_time from = command->received_at;
        struct wall_time to = {from.ms + ROTA_AHEAD_MS};
        status = rotas->compile(rotas->context, request->definition, customer->calendar,
                                customer->time_zone, from, to, engine->scratch, &intervals, &count,
                                &command->answer.error);
    }
    if (status != STATUS_OK) {
        command->answer.status = status;
        return STATUS_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (directory_agent_by_slug(customer, intervals[i].agent) == NULL) {
            char place[ERROR_POINTER_BYTES_MAX];
            rota_place_of_agent(request->definition, intervals[i].agent, place);
            answer_refuse_at(command, STATUS_INVALID, place,
                             "\"%s\" is not an agent of this customer; put the agent first",
                             intervals[i].agent);
            return STATUS_OK;
        }
    }
    struct definition_row row = {
        .customer_id = command->customer_id,
        .slug = request->slug,
        .definition = request->definition,
        .changed_at = command->received_at,
    };
    int64_t id;
    const struct directory_rota *before = directory_rota(customer, request->slug);
    bool known = before != NULL;
    if (request->follows && !is_as_before(before, request->before)) {
        answer_refuse(command, STATUS_CONFLICT,
                      "the rota was changed meanwhile: look at it and try again");
        return STATUS_OK;
    }
    if (!known && customer->rotas_count >= ROTAS_OF_CUSTOMER_MAX) {
        answer_refuse(command, STATUS_CONFLICT, "the customer has as many as it can have");
        return STATUS_OK;
    }
    if (request->keeps_replacements) {
        status = check_in_keep_replacements(engine, customer, request->slug, command->received_at,
                                            &row.definition, error);
    }
    if (status == STATUS_OK) {
        status = store_put_rota(engine->store, &row, &id, error);
    }
    if (status == STATUS_OK) {
        command->answer.created = !known;
        engine_customer_changed(engine, command->customer_id, true);
    }
    return status;
}

void enrolment_code_make(const struct random_source *random, char code_r[CODE_CHARS + 1])
{
    static const char alphabet[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    for (int i = 0; i < CODE_CHARS; i++) {
        code_r[i] = alphabet[random_below(random, sizeof alphabet - 1)];
    }
    code_r[CODE_CHARS] = '\0';
}

enum status command_add_enrolment(struct engine *engine, struct command *command,
                                  struct error *error)
{
    const struct directory_customer *customer = customer_of(engine, command);
    const struct directory_person *agent =
        customer == NULL ? NULL
                         : directory_agent_by_slug(customer, command->request.enrolment.agent);
    if (agent == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such agent");
        return STATUS_OK;
    }
    char code[CODE_CHARS + 1];
    enrolment_code_make(&engine->configuration.random, code);
    struct enrolment_row row = {
        .customer_id = command->customer_id,
        .agent_id = agent->id,
        .code_hash = token_hash(code),
        .expires_at = {command->received_at.ms + CODE_LIFE_MS},
        .created_at = command->received_at,
    };
    int64_t id;
    enum status status = store_add_enrolment(engine->store, &row, &id, error);
    if (status != STATUS_OK) {
        return status;
    }
    char text[SMALL_JSON_BYTES];
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_text(&json, "code", code);
    json_member_time(&json, "expires_at", row.expires_at);
    json_object_end(&json);
    command->answer.created = true;
    answer_json(command, text, json_writer_bytes(&json));
    return STATUS_OK;
}

static void answer_key(struct command *command, const char *id, const char *key)
{
    const struct api_key_request *request = &command->request.api_key;
    char text[SMALL_JSON_BYTES];
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_text(&json, "id", id);
    json_member_text(&json, "name", request->name);
    json_member_text(&json, "role", role_word(request->role));
    json_member_text(&json, "key", key);
    json_object_end(&json);
    command->answer.created = true;
    answer_json(command, text, json_writer_bytes(&json));
}

enum status command_add_api_key(struct engine *engine, struct command *command, struct error *error)
{
    const struct api_key_request *request = &command->request.api_key;
    if (engine->current->keys_count >= API_KEYS_MAX) {
        answer_refuse(command, STATUS_CONFLICT, "there are as many keys as there can be");
        return STATUS_OK;
    }
    uint8_t id_bytes[16];
    char key[TOKEN_BYTES_MAX];
    struct digest hash;
    struct token_parts parts;
    random_fill(&engine->configuration.random, id_bytes, sizeof id_bytes);
    token_make("ak_", id_bytes, &engine->configuration.random, key, &hash);
    (void)token_split(key, "ak_", &parts);
    struct api_key_row row = {
        .key_id = parts.id,
        .name = request->name,
        .role = role_word(request->role),
        .secret_hash = hash,
        .all_customers = request->all_customers,
        .created_at = command->received_at,
        .customers = request->customers,
        .customers_count = request->customers_count,
    };
    enum status status = store_add_api_key(engine->store, &row, error);
    if (status == STATUS_OK) {
        engine_customer_changed(engine, 0, false);
        answer_key(command, parts.id, key);
    }
    return status;
}

enum status command_revoke_api_key(struct engine *engine, struct command *command,
                                   struct error *error)
{
    enum status status = store_revoke_api_key(engine->store, command->request.api_key.key_id,
                                              command->received_at, error);
    if (status == STATUS_NOT_FOUND) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such key");
        return STATUS_OK;
    }
    engine_customer_changed(engine, 0, false);
    return status;
}
