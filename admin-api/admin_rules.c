/* admin_rules.c - a customer's qualification rules: kept, shown, and tried on samples. */
#include <stdlib.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/webhook.h"
#include "gateway/base/text.h"
#include "gateway/engine/qualify.h"
#include "gateway/numbers/telephone_number.h"

#define SAMPLE_TIME_BYTES_MAX 40
#define SAMPLES_MAX           100

static const char *const no_parameters[] = {NULL};

static void write_rules(struct json_writer *json, void *context)
{
    const struct directory_rules *rules = context;
    json_object_begin(json);
    json_member_int(json, "version", rules->version);
    json_member_raw(json, "definition", rules->definition);
    json_object_end(json);
}

enum next rules_get(struct exchange *exchange)
{
    union {
        const struct directory_rules *rules;
        void *context;
    } shown = {exchange->customer->rules};
    if (!query_check(exchange, no_parameters)) {
        return NEXT_ANSWER;
    }
    return shown.rules != NULL
               ? reply_view(exchange, write_rules, shown.context)
               : reply_fault(exchange, STATUS_NOT_FOUND, NULL,
                             "the customer has no rules: each call begins its default procedure");
}

/* What can be said before the writer is asked: the form, and what each rule still gets. */
static enum status read_rules(struct exchange *exchange, const char *json, size_t bytes,
                              struct rules **rules_r, struct error *error)
{
    struct rules *rules;
    enum status status = rules_parse(json, bytes, exchange->arena, &rules, error);
    if (status == STATUS_OK) {
        status = rules_check_coverage(rules, exchange->arena, error);
    }
    if (status == STATUS_OK) {
        *rules_r = rules;
    }
    return status;
}

enum next rules_put(struct exchange *exchange)
{
    struct error error = {0};
    struct rules *rules;
    struct command *command = exchange_command(exchange, COMMAND_PUT_RULES);
    struct definition_request *request = &command->request.definition;
    if (!query_check(exchange, no_parameters)) {
        return NEXT_ANSWER;
    }
    enum status status = read_rules(exchange, exchange->body, exchange->body_bytes, &rules, &error);
    if (status != STATUS_OK) {
        return reply_problem(exchange, status, &error, NULL);
    }
    request->definition = arena_text_n(exchange->arena, exchange->body, exchange->body_bytes);
    return request->definition != NULL ? NEXT_COMMAND
                                       : reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
}

/* ---- on samples ---- */

struct sample {
    struct rules_facts facts;
    struct qualification result;
};

struct trial {
    const struct rules *rules;
    struct sample *samples;
    size_t samples_count;
    struct error *error;
};

static enum status out_of_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for this body");
}

static enum status take_sample_fields(struct exchange *exchange, struct json_reader *above,
                                      struct rules_facts *facts)
{
    json_t *object = json_take_object(above, "fields", false);
    if (object == NULL) {
        return above->status;
    }
    if (json_object_size(object) > WEBHOOK_FIELDS_MAX) {
        json_reader_fault(above, "fields", "must have at most %d members", WEBHOOK_FIELDS_MAX);
        return above->status;
    }
    struct rules_fact *kept = arena_alloc(exchange->arena, json_object_size(object) * sizeof *kept);
    if (kept == NULL) {
        return out_of_memory(above->error);
    }
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        const char *text = json_string_value(value);
        if (text == NULL) {
            json_reader_fault(above, "fields", "must be an object of strings");
            return above->status;
        }
        if (text[0] != '\0') {
            kept[facts->fields_count++] = (struct rules_fact){name, text};
        }
    }
    facts->fields = kept;
    return STATUS_OK;
}

static enum status take_sample_caller(struct exchange *exchange, struct json_reader *above,
                                      struct rules_facts *facts)
{
    json_t *object = json_take_object(above, "caller", false);
    if (object == NULL) {
        return above->status;
    }
    char e164[TELEPHONE_E164_BYTES_MAX];
    struct json_reader reader;
    const char *pointer = arena_format(exchange->arena, "%s/caller", above->pointer);
    if (pointer == NULL) {
        return out_of_memory(above->error);
    }
    json_reader_init(&reader, object, pointer, above->error);
    facts->caller_named =
        json_take_text(&reader, "name", false, 1, CALLER_NAME_BYTES_MAX - 1) != NULL;
    const char *phone = json_take_text(&reader, "phone", false, 1, CALLER_PHONE_BYTES_MAX);
    enum status status = json_reader_end(&reader);
    facts->caller_number = phone;
    if (status == STATUS_OK && phone != NULL &&
        telephone_number_parse(phone, e164, NULL) == STATUS_OK) {
        facts->caller_number = arena_text(exchange->arena, e164);
        status = facts->caller_number != NULL ? STATUS_OK : out_of_memory(above->error);
    }
    return status;
}

/* What the customer's clock shows, and unless the sample says so whether the customer is open: at
 * its "at", or now. */
static enum status take_sample_time(struct exchange *exchange, const struct trial *trial,
                                    struct json_reader *reader, struct rules_facts *facts)
{
    const struct engine_rotas *rotas = engine_rotas(exchange->api->engine);
    const struct directory_customer *customer = exchange->customer;
    struct wall_time moment = exchange->received_at;
    const char *at = json_take_text(reader, "at", false, 1, SAMPLE_TIME_BYTES_MAX);
    if (at != NULL && wall_time_parse(at, &moment) != STATUS_OK) {
        json_reader_fault(reader, "at", "must be a time such as 2026-12-24T23:00:00+01:00");
    }
    if (reader->status == STATUS_OK && facts->hours == RULES_HOURS_UNKNOWN) {
        facts->hours = qualify_hours(rotas, customer, moment);
    }
    facts->clock = qualify_clock(rotas, customer, trial->rules, moment);
    return reader->status;
}

/* What an escalation says, as far as rules look at it, and when. */
static enum status take_sample(struct exchange *exchange, struct trial *trial, json_t *json)
{
    static const char *const hours_words[] = {"open", "closed", NULL};
    static const enum rules_hours hours[] = {RULES_HOURS_OPEN, RULES_HOURS_CLOSED};
    struct rules_facts *facts = &trial->samples[trial->samples_count].facts;
    struct json_reader reader;
    const char *pointer = arena_format(exchange->arena, "/samples/%zu", trial->samples_count);
    if (pointer == NULL) {
        return out_of_memory(trial->error);
    }
    json_reader_init(&reader, json, pointer, trial->error);
    facts->severity = (enum severity)json_take_word(&reader, "severity", false, severity_words,
                                                    SEVERITY_CRITICAL);
    facts->category = json_take_text(&reader, "category", false, 1, RULES_CATEGORY_BYTES_MAX);
    facts->hours = json_reader_has(&reader, "hours")
                       ? hours[json_take_word(&reader, "hours", false, hours_words, 0)]
                       : RULES_HOURS_UNKNOWN;
    enum status status = take_sample_time(exchange, trial, &reader, facts);
    if (status == STATUS_OK) {
        status = take_sample_caller(exchange, &reader, facts);
    }
    if (status == STATUS_OK) {
        status = take_sample_fields(exchange, &reader, facts);
    }
    if (status == STATUS_OK) {
        status = json_reader_end(&reader);
    }
    trial->samples_count += status == STATUS_OK;
    return status;
}

/* The rules in the body, checked as when they are put; without them the customer's own. */
static enum status take_rules(struct exchange *exchange, struct trial *trial, json_t *rules)
{
    const struct rules_world world = qualify_world(exchange->customer);
    if (rules == NULL) {
        trial->rules =
            qualify_has_rules(exchange->customer) ? exchange->customer->rules->rules : NULL;
        return trial->rules != NULL
                   ? STATUS_OK
                   : error_set_at(trial->error, STATUS_INVALID, "/rules",
                                  "/rules: is required: the customer has no rules of its own");
    }
    struct rules *parsed = NULL;
    json_t *document = json_pack("{s:O}", "rules", rules);
    char *text = document != NULL ? json_dumps(document, JSON_COMPACT) : NULL;
    enum status status = text == NULL
                             ? out_of_memory(trial->error)
                             : read_rules(exchange, text, strlen(text), &parsed, trial->error);
    free(text);
    json_decref(document);
    if (status == STATUS_OK) {
        status = rules_check_references(parsed, &world, trial->error);
    }
    if (status == STATUS_OK && parsed != NULL && parsed->count == 0) {
        status = error_set_at(trial->error, STATUS_INVALID, "/rules",
                              "/rules: are none: each call begins the default procedure");
    }
    trial->rules = parsed;
    return status;
}

static void write_result(struct json_writer *json, const struct qualification *result)
{
    json_object_begin(json);
    json_member_text(json, "rule", result->rule);
    json_member_text(json, "action", rule_action_word(result->action));
    json_member_text(json, "procedure", result->procedure);
    json_name(json, "because");
    json_object_begin(json);
    json_member_text(json, "fr", result->because_fr);
    json_member_text(json, "en", result->because_en);
    json_object_end(json);
    if (result->warning != NULL) {
        json_member_text(json, "warning", result->warning);
    }
    json_object_end(json);
}

static void write_trial(struct json_writer *json, void *context)
{
    const struct trial *trial = context;
    json_object_begin(json);
    json_name(json, "samples");
    json_array_begin(json);
    for (size_t i = 0; i < trial->samples_count; i++) {
        write_result(json, &trial->samples[i].result);
    }
    json_array_end(json);
    json_object_end(json);
}

enum next rules_check_post(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct trial trial = {.error = &error};
    if (!query_check(exchange, no_parameters) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    json_t *rules = json_take_value(&reader, "rules", false);
    json_t *samples = json_take_array(&reader, "samples", false, 0, SAMPLES_MAX);
    if (!body_end(exchange, &reader)) {
        return NEXT_ANSWER;
    }
    enum status status = take_rules(exchange, &trial, rules);
    trial.samples = arena_alloc(exchange->arena, json_array_size(samples) * sizeof *trial.samples);
    if (status == STATUS_OK && trial.samples == NULL) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(samples); i++) {
        status = take_sample(exchange, &trial, json_array_get(samples, i));
    }
    if (status != STATUS_OK) {
        return reply_problem(exchange, status, &error, NULL);
    }
    for (size_t i = 0; i < trial.samples_count; i++) {
        struct sample *sample = &trial.samples[i];
        qualify(exchange->customer, trial.rules, &sample->facts, &sample->result);
    }
    return reply_view(exchange, write_trial, &trial);
}
