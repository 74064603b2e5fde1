/* command_forwarded_call.c - a call that the telephony layer put through by itself, for the record:
 * a ticket without an escalation. */
#include "gateway/engine/engine_private.h"

#include <assert.h>

#include "gateway/base/json_writer.h"
#include "gateway/store/store_number.h"

#define CATEGORY         "forwarded-call"
#define ANSWER_BYTES_MAX 512

static void answer_ticket(struct command *command, const struct directory_customer *customer,
                          const struct ticket_row *ticket)
{
    char text[ANSWER_BYTES_MAX];
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_uuid(&json, "ticket", ticket->ticket_id);
    json_member_int(&json, "ticket_number", ticket->number);
    json_member_text(&json, "customer", customer->slug);
    json_member_bool(&json, "closed", command->request.forwarded_call.closed);
    json_object_end(&json);
    assert(!json_writer_overflowed(&json)); /* a slug needs no escapes */
    command->answer.status = STATUS_OK;
    answer_json(command, text, json_writer_bytes(&json));
}

/* Somebody, or a voicemail, answered on a number: the weaker proof, as no key was pressed. */
static enum status note_answered(struct engine *engine, const struct command *command,
                                 const struct directory_customer *customer, struct uuid ticket_id,
                                 struct error *error)
{
    const struct forwarded_call_request *request = &command->request.forwarded_call;
    const struct directory_person *person =
        request->answered_phone != NULL ? directory_person(customer, &request->answered) : NULL;
    if (person == NULL || !directory_has_phone(person, request->answered_phone)) {
        return STATUS_OK; /* nobody's, or taken from them since the request came in */
    }
    const struct number_proof_row row = {
        .customer_id = customer->id,
        .person_kind = person->kind,
        .person_id = person->id,
        .phone = request->answered_phone,
        .answered_at = command->received_at,
        .answered_by = ticket_id,
        .key_at = WALL_NEVER,
        .failed_at = WALL_NEVER,
    };
    return store_note_number(engine->store, &row, error);
}

enum status command_forwarded_call(struct engine *engine, struct command *command,
                                   struct error *error)
{
    const struct forwarded_call_request *request = &command->request.forwarded_call;
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct idempotency_row asked = {.key_id = request->key_id,
                                          .key = request->idempotency_key,
                                          .body_digest = request->body_digest};
    if (customer == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such customer");
        return STATUS_OK;
    }
    enum status status = idempotency_replay(engine, command, &asked, error);
    if (status != STATUS_NOT_FOUND) {
        command->answer.created = command->answer.status == STATUS_OK;
        return status;
    }
    struct ticket_row ticket = {
        .customer_id = command->customer_id,
        .ticket_id =
            uuid_v7((struct wall_time){engine_now(engine).ms}, &engine->configuration.random),
        .category = CATEGORY,
        .summary = request->summary,
        .fields = request->fields,
        .opened_at = command->received_at,
        .closed_at = request->closed ? command->received_at : WALL_NEVER,
    };
    status = store_add_ticket(engine->store, &ticket, error);
    if (status == STATUS_OK) {
        status = note_answered(engine, command, customer, ticket.ticket_id, error);
    }
    if (status == STATUS_OK) {
        answer_ticket(command, customer, &ticket);
        command->answer.created = true;
        status = idempotency_record(engine, command, &asked, error);
    }
    return status;
}
