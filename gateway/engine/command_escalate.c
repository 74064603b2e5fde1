/* command_escalate.c - the webhook: a new escalation, a caller who joins one, or a repeat. */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/base/text.h"
#include "gateway/engine/escalation_json.h"
#include "gateway/engine/qualify.h"
#include "gateway/store/store_ticket.h"

#define ANSWER_BYTES_MAX       24576
#define WARNINGS_MAX           24
#define REASON_SHOWN_BYTES_MAX 200

struct escalate_work {
    const struct escalate_request *request;
    const struct directory_customer *customer;
    const char *warnings[WARNINGS_MAX];
    size_t warnings_count;
    const struct directory_procedure *procedure; /* NULL: the last resort */
    bool qualified;                              /* by the customer's rules: */
    struct qualification qualification;
    struct event_choice choices[EVENT_CHOICES_MAX];
    size_t choices_count;
    int64_t ticket_number;
};

static void warn(struct escalate_work *work, const char *text)
{
    if (work->warnings_count < WARNINGS_MAX) {
        work->warnings[work->warnings_count++] = text;
    }
}

/* Agents notified by push, each once with how many devices. */
static void write_notified(struct json_writer *json, const struct applied *applied)
{
    const struct update *update = applied->update;
    json_name(json, "notified");
    json_array_begin(json);
    for (size_t i = 0; i < update->created_count; i++) {
        const struct attempt *attempt = &update->created[i];
        bool first = attempt->path != PATH_CALLBACK;
        int devices = 0, calls = 0;
        for (size_t k = 0; k < update->created_count && first; k++) {
            const struct attempt *other = &update->created[k];
            if (other->person_kind == attempt->person_kind &&
                other->person_id == attempt->person_id) {
                first = k >= i;
                devices += other->path == PATH_PUSH;
                calls += other->path == PATH_CALL;
            }
        }
        if (!first) {
            continue;
        }
        struct person_ref ref = {.kind = attempt->person_kind, .id = attempt->person_id};
        const struct directory_person *person = directory_person(applied->customer, &ref);
        assert(person != NULL); /* the step took them from there */
        json_object_begin(json);
        json_member_text(json, person_kind_word(ref.kind), person->slug);
        json_member_int(json, "devices", devices);
        if (calls > 0) {
            json_member_int(json, "calls", calls);
        }
        json_object_end(json);
    }
    json_array_end(json);
}

/* Why it was the operator who decided, or whoever named a procedure. The reason is cut: it stands
 * whole in the timeline. */
static void write_because_of_desk(struct json_writer *json, const struct escalate_request *request)
{
    char fr[RULES_BECAUSE_BYTES_MAX], en[RULES_BECAUSE_BYTES_MAX];
    const struct escalate_override *override = &request->override;
    if (override->given) {
        const char *reason = override->reason != NULL ? override->reason : "";
        int cut = (int)text_utf8_cut(reason, strlen(reason) < REASON_SHOWN_BYTES_MAX
                                                 ? strlen(reason)
                                                 : REASON_SHOWN_BYTES_MAX);
        (void)snprintf(fr, sizeof fr, "décision de l'opérateur %s : %.*s", override->operator_name,
                       cut, reason);
        (void)snprintf(en, sizeof en, "decision of operator %s: %.*s", override->operator_name, cut,
                       reason);
        text_trim_utf8(fr);
        text_trim_utf8(en);
    } else {
        (void)text_copy(fr, sizeof fr, "procédure demandée par le centre d'appels");
        (void)text_copy(en, sizeof en, "procedure asked for by the call centre");
    }
    json_member_text(json, "fr", fr);
    json_member_text(json, "en", en);
}

/* What decided, for a customer with rules and for an operator who did without them. */
static void write_decision(struct json_writer *json, const struct escalate_work *work)
{
    const struct escalate_request *request = work->request;
    const struct qualification *qualification = &work->qualification;
    bool by_desk = request->override.given || request->procedure != NULL;
    if (!request->override.given && !qualify_has_rules(work->customer)) {
        return;
    }
    json_name(json, "decision");
    json_object_begin(json);
    json_member_text(json, "rule", by_desk ? NULL : qualification->rule);
    json_member_text(json, "action", rule_action_word(RULE_ESCALATE));
    json_member_text(json, "procedure",
                     work->procedure != NULL ? work->procedure->procedure->slug : NULL);
    json_name(json, "because");
    json_object_begin(json);
    if (by_desk) {
        write_because_of_desk(json, request);
    } else {
        json_member_text(json, "fr", qualification->because_fr);
        json_member_text(json, "en", qualification->because_en);
    }
    json_object_end(json);
    if (request->override.given && work->qualified) {
        json_member_text(json, "instead_of", qualification->rule);
    }
    json_object_end(json);
}

static void write_answer(struct engine *engine, struct command *command,
                         const struct escalate_work *work, const struct applied *applied,
                         bool joined)
{
    char *text = arena_alloc(engine->scratch, ANSWER_BYTES_MAX);
    if (text == NULL) {
        answer_refuse(command, STATUS_NO_MEMORY, "no memory for the answer");
        return;
    }
    const struct escalation *escalation = &applied->update->after;
    struct json_writer json;
    json_writer_init(&json, text, ANSWER_BYTES_MAX);
    json_object_begin(&json);
    json_member_uuid(&json, "id", escalation->id);
    json_member_uuid(&json, "ticket", escalation->ticket_id);
    json_member_int(&json, "ticket_number", work->ticket_number);
    json_member_text(&json, "state", escalation_state_word(escalation->state));
    write_notified(&json, applied);
    escalation_json_next(&json, escalation, wall_of_engine_ms(engine));
    json_name(&json, "warnings");
    json_array_begin(&json);
    for (size_t i = 0; i < work->warnings_count; i++) {
        json_text(&json, work->warnings[i]);
    }
    json_array_end(&json);
    json_member_bool(&json, "joined", joined);
    if (!joined) {
        write_decision(&json, work);
    }
    json_object_end(&json);
    command->answer.status = STATUS_OK;
    command->answer.joined = joined;
    answer_json(command, text, json_writer_bytes(&json));
}

static struct idempotency_row asked_by(const struct escalate_request *request)
{
    return (struct idempotency_row){.key_id = request->key_id,
                                    .key = request->idempotency_key,
                                    .body_digest = request->body_digest};
}

static struct caller_row caller_of(const struct command *command, struct uuid escalation,
                                   int number)
{
    const struct escalate_request *request = &command->request.escalate;
    return (struct caller_row){
        .customer_id = command->customer_id,
        .escalation_id = escalation,
        .number = number,
        .name = request->caller_name,
        .phone = request->caller_phone,
        .called_at = command->received_at,
        .promised_at = request->promised_ms > 0
                           ? (struct wall_time){command->received_at.ms + request->promised_ms}
                           : WALL_NEVER,
        .promise_engine = ENGINE_NEVER,
    };
}

/* Everything the second caller said: kept whole, in the timeline. */
static const char *words_of_caller(const struct command *command)
{
    const struct escalate_request *request = &command->request.escalate;
    return arena_format(command->arena, "%s%s%s%s%s%s%s", request->summary,
                        request->details != NULL ? "\n" : "",
                        request->details != NULL ? request->details : "",
                        request->category != NULL ? "\ncategory: " : "",
                        request->category != NULL ? request->category : "",
                        request->fields != NULL ? "\nfields: " : "",
                        request->fields != NULL ? request->fields : "");
}

/* The ticket is found by this caller, too. */
static enum status ticket_joined(struct engine *engine, struct command *command,
                                 struct escalate_work *work, struct uuid ticket_id,
                                 struct error *error)
{
    struct ticket_row ticket;
    enum status status = store_get_ticket(engine->store, command->customer_id, ticket_id,
                                          command->arena, &ticket, error);
    if (status == STATUS_OK) {
        work->ticket_number = ticket.number;
        status = store_note_ticket_changed(engine->store, command->customer_id, ticket_id, error);
    }
    return status;
}

/* A second caller: keeps their own promise, and wakes whoever is to know. STATUS_CLOSED: it cannot
 * take another. */
static enum status join(struct engine *engine, struct command *command, struct escalate_work *work,
                        struct uuid id, struct error *error)
{
    const struct escalate_request *request = work->request;
    struct applied applied;
    enum status status = apply_nothing(engine, command->customer_id, id, &applied, error);
    if (status == STATUS_OK && applied.update->after.callers_count == CALLERS_MAX) {
        return STATUS_CLOSED;
    }
    struct event event = event_now(engine, EVENT_JOINED, command->received_at);
    event.severity = request->severity;
    event.promised_ms = request->promised_ms;
    event.text = words_of_caller(command);
    if (status == STATUS_OK && event.text == NULL) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory for the caller's words");
    }
    if (status == STATUS_OK) {
        status = apply_event(engine, command->customer_id, id, &event, &applied, error);
    }
    if (status != STATUS_OK || applied.update->answer != STATUS_OK) {
        return status == STATUS_OK ? STATUS_CLOSED : status;
    }
    const struct escalation *after = &applied.update->after;
    struct caller_row caller = caller_of(command, id, after->callers_count);
    caller.promise = after->promises[after->callers_count - 1].state;
    caller.promise_engine = after->promises[after->callers_count - 1].due_at;
    status = store_add_caller(engine->store, &caller, error);
    if (status == STATUS_OK) {
        status = ticket_joined(engine, command, work, after->ticket_id, error);
    }
    if (status == STATUS_OK) {
        if (request->override.given) {
            warn(work, "override: the call joined an open escalation, whose procedure goes on");
        }
        write_answer(engine, command, work, &applied, true);
    }
    return status;
}

/* What the customer's rules make of the call; noted, whoever decides in the end. */
static void ask_rules(struct engine *engine, struct command *command, struct escalate_work *work)
{
    const struct escalate_request *request = work->request;
    const struct directory_rules *rules = work->customer->rules;
    struct qualification *qualification = &work->qualification;
    const struct rules_facts facts = {
        .severity = request->severity,
        .hours = qualify_hours(&engine->configuration.rotas, work->customer, command->received_at),
        .category = request->category,
        .caller_number = request->caller_phone,
        .caller_named = request->caller_name != NULL,
        .fields = request->facts,
        .fields_count = request->facts_count,
    };
    qualify(work->customer, rules->rules, &facts, qualification);
    work->qualified = true;
    bool french = strcmp(work->customer->language, "fr") == 0;
    work->choices[work->choices_count++] = (struct event_choice){
        .kind = qualification->rule != NULL ? ENTRY_QUALIFIED : ENTRY_UNQUALIFIED,
        .word = qualification->rule != NULL ? qualification->rule : qualification->failed,
        .number = rules->version,
        .text = french ? qualification->because_fr : qualification->because_en,
    };
}

/* Notes who decided instead of the rules, and why. */
static void note_override(struct escalate_work *work)
{
    const struct escalate_override *override = &work->request->override;
    struct event_choice *choice = &work->choices[work->choices_count++];
    *choice = (struct event_choice){
        .kind = ENTRY_OVERRIDDEN,
        .by = {.kind = PERSON_OPERATOR},
        .word = work->procedure != NULL ? work->procedure->procedure->slug : "last-resort",
        .text = override->reason,
    };
    (void)text_copy(choice->by.name, sizeof choice->by.name, override->operator_name);
}

/* The slug that an operator, the call centre or a rule asks for; NULL: the customer's default. */
static const char *asked_procedure(struct engine *engine, struct command *command,
                                   struct escalate_work *work)
{
    const struct escalate_request *request = work->request;
    bool decides = request->procedure == NULL && !request->override.given;
    if (qualify_has_rules(work->customer) && (decides || request->override.given)) {
        ask_rules(engine, command, work);
    }
    if (request->override.given && request->override.procedure != NULL) {
        return request->override.procedure;
    }
    if (!decides || !work->qualified) {
        return request->procedure;
    }
    if (work->qualification.warning != NULL) {
        warn(work, work->qualification.warning);
    }
    return work->qualification.procedure;
}

/* The procedure asked for, else the customer's default, else the last resort: never none. */
static int64_t choose_procedure(struct engine *engine, struct command *command,
                                struct escalate_work *work)
{
    const struct directory_procedure *found = NULL;
    const char *asked = asked_procedure(engine, command, work);
    if (asked != NULL) {
        found = directory_procedure(work->customer, asked);
        if (found == NULL) {
            warn(work, "procedure: unknown; the customer's default procedure is used");
        }
    }
    if (found == NULL && work->customer->default_procedure != NULL) {
        found = directory_procedure(work->customer, work->customer->default_procedure);
    }
    if (found == NULL) {
        warn(work, "no default procedure: the call centre is told at once");
    }
    work->procedure = found;
    if (work->request->override.given) {
        note_override(work);
    }
    return found != NULL ? found->id : 0;
}

static enum status open_new(struct engine *engine, struct command *command,
                            struct escalate_work *work, const char *dedup_key, struct error *error)
{
    const struct escalate_request *request = work->request;
    struct event event = event_now(engine, EVENT_OPENED, command->received_at);
    event.promised_ms = request->promised_ms;
    struct escalation seed;
    memset(&seed, 0, sizeof seed);
    /* The same instant and randomness name ticket, escalation and attempts, in this order. */
    seed.ticket_id = uuid_derive(event.id_base, UUID_DERIVED_MAX);
    seed.id = uuid_derive(event.id_base, UUID_DERIVED_MAX - 1);
    seed.customer_id = command->customer_id;
    seed.procedure_id = choose_procedure(engine, command, work);
    seed.severity = request->severity;
    seed.drill = request->drill;
    seed.opened_at = command->received_at;
    command->escalation_id = seed.id;
    event.choices = work->choices;
    event.choices_count = work->choices_count;
    struct ticket_row ticket = {
        .customer_id = command->customer_id,
        .ticket_id = seed.ticket_id,
        .category = request->category,
        .summary = request->summary,
        .details = request->details,
        .fields = request->fields,
        .opened_at = command->received_at,
        .closed_at = WALL_NEVER,
    };
    struct caller_row caller = caller_of(command, seed.id, 1);
    struct opening opening = {.ticket = &ticket, .caller = &caller, .dedup_key = dedup_key};
    struct applied applied;
    enum status status = apply_opening(engine, &seed, &opening, &event, &applied, error);
    if (status == STATUS_OK) {
        work->ticket_number = ticket.number;
        write_answer(engine, command, work, &applied, false);
        (void)pthread_mutex_lock(&engine->statistics_lock);
        engine->statistics.escalations_opened++;
        (void)pthread_mutex_unlock(&engine->statistics_lock);
    }
    return status;
}

enum status command_escalate(struct engine *engine, struct command *command, struct error *error)
{
    struct escalate_work work = {.request = &command->request.escalate};
    work.customer = directory_customer(engine->current, command->customer_id);
    if (work.customer == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such customer");
        return STATUS_OK;
    }
    const struct idempotency_row asked = asked_by(work.request);
    enum status status = idempotency_replay(engine, command, &asked, error);
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    if (reserve_refuses(engine, COMMAND_ESCALATE)) {
        reserve_refuse(command);
        return STATUS_OK;
    }
    for (size_t i = 0; i < work.request->warnings_count; i++) {
        warn(&work, work.request->warnings[i]);
    }
    if (!work.customer->active) {
        warn(&work, "customer: not active; escalated all the same");
    }
    const char *dedup_key = work.request->dedup_key;
    struct uuid open_id;
    status = dedup_key == NULL ? STATUS_NOT_FOUND
                               : store_find_open_dedup(engine->store, command->customer_id,
                                                       dedup_key, &open_id, error);
    if (status == STATUS_OK) {
        status = join(engine, command, &work, open_id, error);
        if (status == STATUS_CLOSED || status == STATUS_QUARANTINED ||
            status == STATUS_CONFIGURATION) {
            /* On its way out, set aside or about to be, or full of callers: this one gets an
             * escalation of their own, and with it the key, which the next callers join by. */
            status = store_release_dedup(engine->store, command->customer_id, open_id, error);
            if (status == STATUS_OK) {
                status = open_new(engine, command, &work, dedup_key, error);
            }
        }
    } else if (status == STATUS_NOT_FOUND) {
        status = open_new(engine, command, &work, dedup_key, error);
    }
    return status == STATUS_OK ? idempotency_record(engine, command, &asked, error) : status;
}
