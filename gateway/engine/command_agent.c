/* command_agent.c - the verbs of an agent's phone, by its own token or by a push's action token. */
#include "gateway/engine/duty_private.h"

#include <assert.h>
#include <string.h>

bool device_was_handed_over(struct engine *engine, int64_t customer_id, int64_t device_id)
{
    const struct directory_customer *customer = directory_customer(engine->current, customer_id);
    const struct directory_device *device =
        customer == NULL ? NULL : directory_device(customer, device_id, NULL);
    return device != NULL && directory_was_handed_over(device);
}

static bool has_left(struct engine *engine, const struct command *command,
                     const struct attempt *attempt)
{
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct person_ref ref = {.kind = attempt->person_kind, .id = attempt->person_id};
    const struct directory_person *person =
        customer == NULL ? NULL : directory_person(customer, &ref);
    return person == NULL || !person->active;
}

/* Who presents the action token: the person its attempt went to. A phone that went to somebody else
 * since may still show the push, or be shown it late: what is pressed there is not theirs. Who left
 * the customer may still say that a push arrived, or no. */
static enum status resolve_action_token(struct engine *engine, struct command *command,
                                        struct event *event, struct error *error)
{
    const struct agent_request *request = &command->request.agent;
    struct attempt attempt;
    enum agent_verb verb;
    struct uuid attempt_id;
    if (!action_token_parse(request->action_token, &attempt_id, &verb) ||
        (verb != request->verb && !(verb == VERB_RECEIVED && request->verb == VERB_SEEN))) {
        return STATUS_UNAUTHENTICATED;
    }
    enum status status = STATUS_OK;
    if (command->customer_id == 0) {
        status = store_get_escalation_customer(engine->store, command->escalation_id,
                                               &command->customer_id, error);
    }
    if (status == STATUS_OK) {
        status = store_get_attempt(engine->store, command->customer_id, command->escalation_id,
                                   attempt_id, &attempt, error);
    }
    if (status == STATUS_NOT_FOUND) {
        return STATUS_UNAUTHENTICATED;
    }
    if (status == STATUS_OK &&
        (!action_token_verify(engine->configuration.secret, request->action_token,
                              attempt.person_id) ||
         (verb == VERB_ACCEPT && has_left(engine, command, &attempt)) ||
         device_was_handed_over(engine, command->customer_id, attempt.device_id))) {
        return STATUS_UNAUTHENTICATED;
    }
    event->actor = (struct person_ref){.kind = attempt.person_kind, .id = attempt.person_id};
    event->attempt = attempt_id;
    event->via = PATH_PUSH;
    return status;
}

/* The newest attempt that asked this agent, so that the answer is written to it. */
static enum status find_own_attempt(struct engine *engine, const struct command *command,
                                    struct event *event, struct error *error)
{
    size_t count = 0;
    enum status status =
        store_list_newest_attempts(engine->store, command->customer_id, command->escalation_id,
                                   ATTEMPTS_LOADED_MAX, engine->attempts, &count, error);
    for (size_t i = 0; i < count; i++) {
        const struct attempt *attempt = &engine->attempts[i];
        if (attempt->person_kind == PERSON_AGENT && attempt->person_id == event->actor.id &&
            attempt->path == PATH_PUSH && attempt->purpose != PURPOSE_WITHDRAW) {
            event->attempt = attempt->id;
        }
    }
    return status;
}

/* An agent speaks for its own phones: a confirmation of somebody else's would stop the wait for it.
 * What does not exist is left to the core to answer. */
static enum status check_own_attempt(struct engine *engine, const struct command *command,
                                     const struct event *event, struct error *error)
{
    struct attempt attempt;
    enum status status = store_get_attempt(engine->store, command->customer_id,
                                           command->escalation_id, event->attempt, &attempt, error);
    if (status == STATUS_OK &&
        (attempt.person_kind != event->actor.kind || attempt.person_id != event->actor.id)) {
        return STATUS_INVALID;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void event_of_verb(const struct agent_request *request, struct event *event)
{
    switch (request->verb) { /* unreachable 2: the front knows no verb but these */
    case VERB_RECEIVED:
        event->type = EVENT_RECEIVED;
        break;
    case VERB_SEEN:
        event->type = EVENT_SEEN;
        break;
    case VERB_ACCEPT:
        event->type = EVENT_ACCEPT;
        break;
    case VERB_DECLINE:
        event->type = EVENT_DECLINE;
        break;
    case VERB_REMOTE:
        event->type = EVENT_PROGRESS;
        event->progress = INTERVENTION_REMOTE;
        break;
    case VERB_ON_MY_WAY:
        event->type = EVENT_PROGRESS;
        event->progress = INTERVENTION_ON_MY_WAY;
        event->eta_ms = request->eta_ms;
        break;
    case VERB_ON_SITE:
        event->type = EVENT_PROGRESS;
        event->progress = INTERVENTION_ON_SITE;
        break;
    case VERB_DONE:
        event->type = EVENT_DONE;
        break;
    case VERB_HAND_BACK:
        event->type = EVENT_HAND_BACK;
        break;
    case VERB_JOIN:
        event->type = EVENT_JOIN;
        break;
    case VERB_LEAVE:
        event->type = EVENT_LEAVE;
        break;
    case VERB_HAND_OVER:
        event->type = EVENT_OFFER;
        event->role = OFFER_AS_HOLDER;
        event->origin = OFFER_BY_HOLDER;
        event->stays = request->stays;
        event->text = request->text;
        break;
    case AGENT_VERBS_COUNT:
        break;
    }
}

/* What only the push carried proves the device's path: the agent's own token says who speaks, and
 * what was said on the telephone has no device. */
static enum status prove_device(struct engine *engine, const struct command *command,
                                const struct event *event, const struct applied *applied,
                                struct error *error)
{
    const struct update *update = applied->update;
    const struct attempt *attempt = &update->changed_attempts[0]; /* its own comes first */
    assert(update->changed_attempts_count > 0 && uuid_equal(attempt->id, event->attempt));
    if (attempt->device_id == 0 || event->via != PATH_PUSH) {
        return STATUS_OK;
    }
    probe_provider_works(engine, attempt->platform);
    return store_prove_device(engine->store, command->customer_id, attempt->device_id, event->wall,
                              error);
}

static enum status identify(struct engine *engine, struct command *command, struct event *event,
                            struct error *error)
{
    const struct agent_request *request = &command->request.agent;
    if (request->action_token != NULL) {
        return resolve_action_token(engine, command, event, error);
    }
    int64_t owner = 0;
    enum status status =
        store_get_escalation_customer(engine->store, command->escalation_id, &owner, error);
    if (status != STATUS_OK || owner != command->customer_id) {
        return status != STATUS_OK ? status : STATUS_NOT_FOUND;
    }
    event->actor = (struct person_ref){.kind = PERSON_AGENT, .id = request->agent_id};
    event->via = PATH_APP;
    event->attempt = request->attempt;
    return uuid_is_nil(event->attempt) ? find_own_attempt(engine, command, event, error)
                                       : check_own_attempt(engine, command, event, error);
}

/* Whether this attempt was answered the same way before: then the record answers, whatever became
 * of the escalation since. The app's own acceptance is never a repeat: it may take again what it
 * gave back. */
static enum status find_record(struct engine *engine, const struct command *command,
                               const struct event *event, bool *recorded_r, struct error *error)
{
    struct attempt attempt;
    bool by_token = command->request.agent.action_token != NULL;
    *recorded_r = false;
    if (uuid_is_nil(event->attempt) ||
        (event->type != EVENT_DECLINE && !(event->type == EVENT_ACCEPT && by_token))) {
        return STATUS_OK;
    }
    enum status status = store_get_attempt(engine->store, command->customer_id,
                                           command->escalation_id, event->attempt, &attempt, error);
    if (status == STATUS_OK) {
        *recorded_r =
            attempt.answer == (event->type == EVENT_ACCEPT ? ANSWER_ACCEPTED : ANSWER_DECLINED);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Takes the step, unless the record already has it. */
static enum status take_step(struct engine *engine, struct command *command, struct event *event,
                             struct applied *applied_r, struct error *error)
{
    bool recorded = false;
    enum status status = find_record(engine, command, event, &recorded, error);
    if (status == STATUS_OK && recorded) {
        status =
            apply_nothing(engine, command->customer_id, command->escalation_id, applied_r, error);
        recorded = status == STATUS_OK && !escalation_is_closed(&applied_r->update->after);
    }
    if (status == STATUS_OK && !recorded) { /* tokens die with the escalation: the core says so */
        status = apply_event(engine, command->customer_id, command->escalation_id, event, applied_r,
                             error);
    }
    return status;
}

static bool is_on_call(const struct engine *engine, const struct command *command,
                       const struct event *event)
{
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    return customer != NULL && team_is_on_call(customer, event->actor.id, event->wall);
}

enum status command_agent_verb(struct engine *engine, struct command *command, struct error *error)
{
    const struct agent_request *request = &command->request.agent;
    struct event event = event_now(engine, EVENT_RECEIVED, command->received_at);
    struct applied applied;
    event_of_verb(request, &event);
    enum status status = identify(engine, command, &event, error);
    if (status == STATUS_UNAUTHENTICATED) {
        answer_refuse(command, status, "the action token is not valid for this");
        return STATUS_OK;
    }
    if (status == STATUS_NOT_FOUND) {
        answer_refuse(command, status, "no such escalation");
        return STATUS_OK;
    }
    if (status == STATUS_OK && event.type == EVENT_OFFER &&
        team_offer_to(engine, command, request->to, "/to", &event) != STATUS_OK) {
        return STATUS_OK;
    }
    if (status == STATUS_OK && event.type == EVENT_JOIN) {
        event.on_call = is_on_call(engine, command, &event);
    }
    bool forbids = false;
    if (status == STATUS_OK && event.type == EVENT_DONE) {
        status = check_in_forbids_done(engine, command->customer_id, command->escalation_id,
                                       event.actor.id, &forbids, error);
    }
    if (forbids) {
        answer_refuse(command, STATUS_WRONG_ORDER,
                      "your check-in is not complete: check in with the app and confirm that its "
                      "test push was heard, which ends this");
        return STATUS_OK;
    }
    bool needs_attempt = event.type == EVENT_RECEIVED || event.type == EVENT_SEEN;
    if (status == STATUS_OK && needs_attempt && uuid_is_nil(event.attempt)) {
        answer_refuse(command, STATUS_WRONG_ORDER, "nothing was sent to this agent's phones yet");
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = take_step(engine, command, &event, &applied, error);
    }
    if (answer_unreadable(command, status)) {
        return STATUS_OK;
    }
    if (status == STATUS_QUARANTINED || status == STATUS_INVALID) {
        if (status == STATUS_INVALID) {
            answer_refuse_at(command, status, "/attempt", "this escalation has no such attempt");
        } else {
            answer_refuse(command, status, "%s", status_text(status));
        }
        return STATUS_OK;
    }
    if (status == STATUS_OK && needs_attempt) {
        status = prove_device(engine, command, &event, &applied, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (applied.update->answer != STATUS_OK) {
        answer_refused_verb(engine, command, &applied);
    } else {
        answer_view_to(engine, command, &applied, &event.actor);
    }
    return STATUS_OK;
}
