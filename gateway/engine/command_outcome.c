/* command_outcome.c - what became of an attempt: transport outcomes from dispatch, and what the
 * telephony layer reports of a call. */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/engine/phones_private.h"
#include "gateway/store/store_number.h"

/* The dispatcher had no room: back to the outbox. A call that holds the trunk left in an earlier
 * life, and its row goes on saying so. */
static enum status put_back(struct engine *engine, const struct command *command,
                            struct error *error)
{
    struct attempt attempt;
    enum status status =
        store_get_attempt(engine->store, command->customer_id, command->escalation_id,
                          command->request.transport.attempt, &attempt, error);
    if (status == STATUS_OK && attempt.state == ATTEMPT_HANDED_OVER) {
        attempt.state = ATTEMPT_PLANNED;
        attempt.handed_over_at =
            outbox_has_call(engine, attempt.id) ? attempt.handed_over_at : WALL_NEVER;
        outbox_wait(engine, engine_now(engine));
        status = store_update_attempt(engine->store, command->customer_id, command->escalation_id,
                                      &attempt, error);
    }
    return status;
}

/* The provider says that the device is gone: it is retired, unless it registered again since. */
static enum status retire(struct engine *engine, const struct command *command,
                          const struct update *update, struct error *error)
{
    const struct transport_request *request = &command->request.transport;
    const struct attempt *attempt = &update->changed_attempts[0]; /* its own comes first */
    assert(update->changed_attempts_count > 0 && uuid_equal(attempt->id, request->attempt));
    if (attempt->device_id == 0) {
        return STATUS_OK;
    }
    struct wall_time since =
        request->gone_since.ms != TIME_NEVER_MS ? request->gone_since : attempt->planned_at;
    return installation_retire(engine, command->customer_id, attempt->device_id, request->reason,
                               request->at, since, error);
}

/* Of one that was set aside nothing is worked on any more; but that the call centre was told of it
 * is kept, or each restart would tell it again. */
static enum status keep_word_of_quarantine(struct engine *engine, const struct command *command,
                                           struct error *error)
{
    const struct transport_request *request = &command->request.transport;
    struct attempt attempt;
    enum status status =
        store_get_attempt(engine->store, command->customer_id, command->escalation_id,
                          request->attempt, &attempt, error);
    if (status == STATUS_OK && attempt.purpose == PURPOSE_QUARANTINE &&
        request->transport == ATTEMPT_ACCEPTED) {
        attempt.state = ATTEMPT_ACCEPTED;
        attempt.accepted_at = request->at;
        attempt.tries = request->tries;
        status = store_update_attempt(engine->store, command->customer_id, command->escalation_id,
                                      &attempt, error);
    }
    return status;
}

enum status command_transport_outcome(struct engine *engine, struct command *command,
                                      struct error *error)
{
    const struct transport_request *request = &command->request.transport;
    struct applied applied;
    if (uuid_is_nil(command->escalation_id)) {
        return device_test_outcome(engine, command, error);
    }
    if (request->transport == ATTEMPT_PLANNED) {
        return put_back(engine, command, error);
    }
    if (poison_condemns(engine->poison, command->customer_id, command->escalation_id)) {
        return keep_word_of_quarantine(engine, command, error);
    }
    struct event event = event_now(engine, EVENT_TRANSPORT, request->at);
    event.attempt = request->attempt;
    event.transport = request->transport;
    event.reason = request->reason;
    event.provider_id = request->provider_id;
    event.tries = request->tries;
    enum status status =
        apply_event(engine, command->customer_id, command->escalation_id, &event, &applied, error);
    if (status == STATUS_OK && request->device_gone) {
        status = retire(engine, command, applied.update, error);
    }
    if (status == STATUS_QUARANTINED) {
        status = keep_word_of_quarantine(engine, command, error);
    }
    return status == STATUS_INVALID ? STATUS_OK : status;
}

enum status command_transport_delayed(struct engine *engine, struct command *command,
                                      struct error *error)
{
    const struct transport_request *request = &command->request.transport;
    struct applied applied;
    if (uuid_is_nil(command->escalation_id)) {
        return device_test_delayed(engine, command, error);
    }
    struct event event = event_now(engine, EVENT_DELAYED, request->at);
    event.attempt = request->attempt;
    event.reason = request->reason;
    enum status status =
        apply_event(engine, command->customer_id, command->escalation_id, &event, &applied, error);
    return status == STATUS_QUARANTINED || status == STATUS_INVALID ? STATUS_OK : status;
}

static bool is_key(enum attempt_answer answer)
{
    return answer == ANSWER_ACCEPTED || answer == ANSWER_DECLINED;
}

/* Answers are numbered as a call goes on. */
static bool answer_ends_call(enum attempt_answer answer)
{
    return answer > ANSWER_ANSWERED;
}

/* What a key press means depends on what the call was about. */
static void event_of_key(const struct attempt *attempt, enum attempt_answer answer,
                         const struct escalation *escalation, struct event *event)
{
    bool yes = answer == ANSWER_ACCEPTED;
    bool holder = person_equal(&escalation->holder, &event->actor);
    switch (attempt->purpose) { /* unreachable: every purpose has its case */
    case PURPOSE_HOLDER_CALL:
        event->type = yes ? EVENT_PROGRESS : EVENT_HAND_BACK;
        event->progress = INTERVENTION_NONE;
        break;
    case PURPOSE_CANCEL_NOTICE:
    case PURPOSE_TEAM: /* it asks nothing */
        event->type = EVENT_SEEN;
        break;
    case PURPOSE_UPDATE: /* what is new is asked of the holder, who may have let go since */
        event->type = holder ? (yes ? EVENT_PROGRESS : EVENT_HAND_BACK)
                             : (yes ? EVENT_ACCEPT : EVENT_DECLINE);
        break;
    case PURPOSE_ALERT:
    case PURPOSE_OFFER:
    case PURPOSE_WITHDRAW:
    case PURPOSE_EXHAUSTED:
    case PURPOSE_FRUITLESS:
    case PURPOSE_TASK:
    case PURPOSE_QUARANTINE:
    case PURPOSE_TEST:
        event->type = yes ? EVENT_ACCEPT : EVENT_DECLINE;
        break;
    }
}

/* attempt_r: the call as it was. recorded_r: this key was pressed on it before. */
static enum status build_call_event(struct engine *engine, struct command *command,
                                    struct event *event, struct attempt *attempt_r,
                                    bool *recorded_r, struct error *error)
{
    const struct call_outcome_request *request = &command->request.call;
    struct escalation escalation;
    memset(&escalation, 0, sizeof escalation);
    enum status status = store_find_call(engine->store, request->attempt, &command->customer_id,
                                         &command->escalation_id, error);
    if (status == STATUS_OK) {
        /* Only now it is known which escalation would be to blame. */
        poison_begin(command->customer_id, command->escalation_id);
        if (poison_condemns(engine->poison, command->customer_id, command->escalation_id)) {
            return STATUS_QUARANTINED;
        }
        status = store_get_attempt(engine->store, command->customer_id, command->escalation_id,
                                   request->attempt, attempt_r, error);
    }
    if (status == STATUS_OK) {
        status = store_get_escalation(engine->store, command->customer_id, command->escalation_id,
                                      &escalation, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    event->attempt = request->attempt;
    event->answer = request->answer;
    event->via = PATH_CALL;
    event->actor = (struct person_ref){.kind = attempt_r->person_kind, .id = attempt_r->person_id};
    *recorded_r = false;
    if (is_key(request->answer)) {
        *recorded_r = is_key(attempt_r->answer);
        event_of_key(attempt_r, request->answer, &escalation, event);
    }
    return STATUS_OK;
}

/* Writes the key to its attempt where the core, which sees only what it means, did not: a report
 * that comes twice must not act twice. */
static enum status record_key(struct engine *engine, const struct command *command,
                              struct error *error)
{
    const struct call_outcome_request *request = &command->request.call;
    struct attempt attempt;
    if (!is_key(request->answer)) {
        return STATUS_OK;
    }
    enum status status =
        store_get_attempt(engine->store, command->customer_id, command->escalation_id,
                          request->attempt, &attempt, error);
    if (status == STATUS_OK && !is_key(attempt.answer)) {
        attempt.answer = request->answer;
        status = store_update_attempt(engine->store, command->customer_id, command->escalation_id,
                                      &attempt, error);
    }
    return status;
}

/* What the call says of the number that was dialled, if that is still the person's. */
static enum status note_number(struct engine *engine, const struct command *command,
                               const struct attempt *call, struct error *error)
{
    const struct person_ref called = {.kind = call->person_kind, .id = call->person_id};
    enum attempt_answer answer = command->request.call.answer;
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct directory_person *person =
        customer != NULL ? directory_person(customer, &called) : NULL;
    bool answered = is_key(answer) || answer == ANSWER_ANSWERED;
    if (person == NULL || (!answered && answer != ANSWER_FAILED)) {
        return STATUS_OK;
    }
    const char *phone = call->phone[0] != '\0' ? call->phone : person->phone;
    if (phone == NULL || !directory_has_phone(person, phone)) {
        return STATUS_OK;
    }
    const struct number_proof_row row = {
        .customer_id = customer->id,
        .person_kind = person->kind,
        .person_id = person->id,
        .phone = phone,
        .answered_at = answered ? command->received_at : WALL_NEVER,
        .answered_by = call->id,
        .key_at = is_key(answer) ? command->received_at : WALL_NEVER,
        .key_by = call->id,
        .failed_at = answered ? WALL_NEVER : command->received_at,
    };
    return store_note_number(engine->store, &row, error);
}

enum status command_call_outcome(struct engine *engine, struct command *command,
                                 struct error *error)
{
    const struct call_outcome_request *request = &command->request.call;
    struct event event = event_now(engine, EVENT_CALL, command->received_at);
    struct applied applied;
    struct attempt call;
    bool recorded = false;
    enum status status = build_call_event(engine, command, &event, &call, &recorded, error);
    if (status == STATUS_OK && recorded) {
        status =
            apply_nothing(engine, command->customer_id, command->escalation_id, &applied, error);
    } else if (status == STATUS_OK) {
        status = apply_event(engine, command->customer_id, command->escalation_id, &event, &applied,
                             error);
    }
    if (answer_unreadable(command, status)) {
        return STATUS_OK;
    }
    if (status == STATUS_NOT_FOUND || status == STATUS_QUARANTINED) {
        answer_refuse(command, status, "%s",
                      status == STATUS_QUARANTINED ? status_text(status)
                                                   : "no such call was asked for");
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!recorded) {
        status = note_number(engine, command, &call, error);
    }
    if (status == STATUS_OK && applied.update->answer == STATUS_OK && !recorded) {
        status = record_key(engine, command, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (answer_ends_call(request->answer)) {
        outbox_call_ended(engine, request->attempt);
    }
    if (applied.update->answer != STATUS_OK) {
        answer_refused_verb(engine, command, &applied);
    } else {
        answer_view(engine, command, &applied);
    }
    return STATUS_OK;
}
