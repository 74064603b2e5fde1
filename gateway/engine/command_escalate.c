/* command_escalate.c - the webhook: a new escalation, a caller who joins one, or a repeat. */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/engine/decision.h"
#include "gateway/engine/escalation_json.h"
#include "gateway/store/store_ticket.h"

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

static void write_answer(struct engine *engine, struct command *command,
                         const struct escalate_work *work, const struct applied *applied,
                         bool joined)
{
    const struct escalation *escalation = &applied->update->after;
    struct json_writer json;
    json_writer_init(&json, engine->answer_text, sizeof engine->answer_text);
    json_object_begin(&json);
    json_member_uuid(&json, "id", escalation->id);
    json_member_uuid(&json, "ticket", escalation->ticket_id);
    json_member_int(&json, "ticket_number", work->ticket_number);
    json_member_text(&json, "state", escalation_state_word(escalation->state));
    write_notified(&json, applied);
    if (escalation->held_until.ms != TIME_NEVER_MS) {
        json_member_time(&json, "held_until", escalation->held_until);
    }
    escalation_json_next(&json, escalation, wall_of_engine_ms(engine));
    json_name(&json, "warnings");
    json_array_begin(&json);
    for (size_t i = 0; i < work->warnings_count; i++) {
        json_text(&json, work->warnings[i]);
    }
    json_array_end(&json);
    json_member_bool(&json, "joined", joined);
    if (work->decided) {
        decision_write(&json, work);
    }
    json_object_end(&json);
    command->answer.status = STATUS_OK;
    command->answer.joined = joined;
    answer_json(command, engine->answer_text, json_writer_bytes(&json));
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

/* Nobody was told of it yet: the rules look at this call, too, at the higher of both severities,
 * and either of them is enough to escalate. */
static enum status join_on_hold(struct engine *engine, struct command *command,
                                struct escalate_work *work, const struct escalation *held,
                                struct event *event, struct error *error)
{
    work->joins = true;
    work->severity = held->severity > work->severity ? held->severity : work->severity;
    enum status status = decide(engine, command, work, error);
    event->plan = decision_plan(work);
    event->choices = work->choices;
    event->choices_count = work->choices_count;
    return status;
}

/* A second caller: keeps their own promise, and wakes whoever is to know. STATUS_CLOSED: it cannot
 * take another. */
static enum status join(struct engine *engine, struct command *command, struct escalate_work *work,
                        struct uuid id, struct error *error)
{
    const struct escalate_request *request = work->request;
    struct applied applied;
    struct escalation held;
    enum status status = apply_nothing(engine, command->customer_id, id, &applied, error);
    if (status == STATUS_OK && applied.update->after.callers_count == CALLERS_MAX) {
        return STATUS_CLOSED;
    }
    held = applied.update->after;
    struct event event = event_now(engine, EVENT_JOINED, command->received_at);
    event.severity = request->severity;
    event.promised_ms = request->promised_ms;
    event.text = words_of_caller(command);
    if (status == STATUS_OK && event.text == NULL) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory for the caller's words");
    }
    if (status == STATUS_OK && held.state == ESCALATION_ON_HOLD) {
        status = join_on_hold(engine, command, work, &held, &event, error);
    }
    if (status == STATUS_OK) {
        bool begins = work->decided && work->action == RULE_ESCALATE && work->procedure != NULL;
        status = apply_event_by(engine, command->customer_id, id, begins ? work->procedure->id : 0,
                                &event, &applied, error);
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
        if (request->override.given && !work->decided) {
            decision_warn(work,
                          "override: the call joined an open escalation, whose procedure goes on");
        }
        write_answer(engine, command, work, &applied, true);
    }
    return status;
}

/* A shift that was taken up is asked for anew: the record says why. */
static void note_why_anew(struct escalate_work *work)
{
    const struct escalate_request *request = work->request;
    if (request->asked_because != NULL) {
        assert(request->check_in_agent != 0 && work->choices_count < EVENT_CHOICES_MAX);
        work->choices[work->choices_count++] =
            (struct event_choice){.kind = ENTRY_ASKED_ANEW,
                                  .by = {.kind = PERSON_AGENT, .id = request->check_in_agent},
                                  .word = request->asked_because};
    }
}

static enum status open_new(struct engine *engine, struct command *command,
                            struct escalate_work *work, const char *dedup_key, struct error *error)
{
    const struct escalate_request *request = work->request;
    struct event event = event_now(engine, EVENT_OPENED, command->received_at);
    event.promised_ms = request->promised_ms;
    enum status status = decide(engine, command, work, error);
    if (status != STATUS_OK) {
        return status;
    }
    note_why_anew(work);
    struct escalation seed;
    memset(&seed, 0, sizeof seed);
    /* The same instant and randomness name ticket, escalation and attempts, in this order. */
    seed.ticket_id = uuid_derive(event.id_base, UUID_DERIVED_MAX);
    seed.id = uuid_derive(event.id_base, UUID_DERIVED_MAX - 1);
    seed.customer_id = command->customer_id;
    seed.procedure_id = work->procedure != NULL ? work->procedure->id : 0;
    seed.severity = request->severity;
    seed.drill = request->drill;
    seed.check_in_agent = request->check_in_agent;
    seed.opened_at = command->received_at;
    command->escalation_id = seed.id;
    event.plan = decision_plan(work);
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
    status = apply_opening(engine, &seed, &opening, &event, &applied, error);
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
    struct escalate_work work = {.request = &command->request.escalate,
                                 .severity = command->request.escalate.severity};
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
    if (reserve_refuses(engine, command->type)) {
        reserve_refuse(command);
        return STATUS_OK;
    }
    for (size_t i = 0; i < work.request->warnings_count; i++) {
        decision_warn(&work, work.request->warnings[i]);
    }
    if (!work.customer->active) {
        decision_warn(&work, "customer: not active; escalated all the same");
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
