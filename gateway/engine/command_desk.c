/* command_desk.c - the desk's verbs. */
#include "gateway/engine/engine_private.h"

#include <string.h>

#include "gateway/base/text.h"

/* Applies an event and answers with the view or the refusal. */
static enum status apply_and_answer(struct engine *engine, struct command *command,
                                    struct event *event, struct error *error)
{
    struct applied applied;
    enum status status =
        apply_event(engine, command->customer_id, command->escalation_id, event, &applied, error);
    if (answer_unreadable(command, status)) {
        return STATUS_OK;
    }
    if (status == STATUS_NOT_FOUND || status == STATUS_INVALID || status == STATUS_QUARANTINED) {
        answer_refuse(command, status, "%s",
                      status == STATUS_INVALID ? "there is no such caller on this escalation"
                                               : status_text(status));
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (applied.update->answer != STATUS_OK) {
        answer_refused_verb(engine, command, &applied);
    } else {
        answer_view(engine, command, &applied);
    }
    return STATUS_OK;
}

static enum event_type event_of_agent_verb(enum agent_verb verb)
{
    switch (verb) { /* unreachable: every verb has its case */
    case VERB_ACCEPT:
        return EVENT_ACCEPT;
    case VERB_DECLINE:
        return EVENT_DECLINE;
    case VERB_DONE:
        return EVENT_DONE;
    case VERB_HAND_BACK:
        return EVENT_HAND_BACK;
    case VERB_JOIN:
        return EVENT_JOIN;
    case VERB_LEAVE:
        return EVENT_LEAVE;
    case VERB_RECEIVED:
    case VERB_SEEN:
    case VERB_REMOTE:
    case VERB_ON_MY_WAY:
    case VERB_ON_SITE:
    case VERB_HAND_OVER: /* the front refuses it: the desk assigns */
    case AGENT_VERBS_COUNT:
        break;
    }
    return EVENT_PROGRESS;
}

static enum intervention intervention_of(enum agent_verb verb)
{
    return verb == VERB_REMOTE      ? INTERVENTION_REMOTE
           : verb == VERB_ON_MY_WAY ? INTERVENTION_ON_MY_WAY
           : verb == VERB_ON_SITE   ? INTERVENTION_ON_SITE
                                    : INTERVENTION_NONE;
}

/* The verb an agent told the operator by voice. */
static enum status on_behalf(struct engine *engine, struct command *command, struct event *event,
                             struct error *error)
{
    const struct desk_request *request = &command->request.desk;
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct directory_person *agent =
        customer == NULL ? NULL : directory_agent_by_slug(customer, request->agent);
    if (agent == NULL) {
        answer_refuse_at(command, STATUS_INVALID, "/agent",
                         "no agent of this customer has this slug");
        return STATUS_OK;
    }
    event->type = event_of_agent_verb(request->agent_verb);
    event->progress = intervention_of(request->agent_verb);
    event->eta_ms = request->eta_ms;
    event->actor = (struct person_ref){.kind = PERSON_AGENT, .id = agent->id};
    event->on_call = team_is_on_call(customer, agent->id, event->wall);
    if (request->operator_name[0] != '\0') {
        event->text = arena_format(command->arena, "told to %s", request->operator_name);
        if (event->text == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "no memory for the operator's name");
        }
    }
    return apply_and_answer(engine, command, event, error);
}

/* The caller who was joined wrongly gets an escalation of their own, promise and all. */
static enum status open_split(struct engine *engine, struct command *command,
                              const struct escalation *from, int number,
                              struct engine_time promise_due, struct error *error)
{
    struct ticket_row ticket;
    struct caller_row *callers;
    size_t count;
    enum status status = store_get_ticket(engine->store, from->customer_id, from->ticket_id,
                                          command->arena, &ticket, error);
    if (status == STATUS_OK) {
        status = store_list_callers(engine->store, from->customer_id, from->id, command->arena,
                                    &callers, &count, error);
    }
    if (status == STATUS_OK && (size_t)number > count) { /* else nobody would call for them */
        status = error_set(error, STATUS_CONFLICT, "the row of caller %d is missing", number);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct event event = event_now(engine, EVENT_OPENED, command->received_at);
    struct caller_row caller = callers[number - 1];
    struct escalation seed;
    memset(&seed, 0, sizeof seed);
    seed.ticket_id = uuid_derive(event.id_base, UUID_DERIVED_MAX);
    seed.id = uuid_derive(event.id_base, UUID_DERIVED_MAX - 1);
    seed.customer_id = from->customer_id;
    seed.procedure_id = from->procedure_id;
    seed.severity = from->severity;
    seed.drill = from->drill;
    seed.check_in_agent = from->check_in_agent;
    seed.opened_at = command->received_at;
    if (promise_due.ms != TIME_NEVER_MS) {
        int64_t left_ms = promise_due.ms - event.now.ms;
        event.promised_ms = left_ms > 1 ? left_ms : 1;
    }
    caller.escalation_id = seed.id;
    caller.number = 1;
    ticket.ticket_id = seed.ticket_id;
    ticket.opened_at = command->received_at;
    ticket.closed_at = WALL_NEVER;
    struct opening opening = {.ticket = &ticket, .caller = &caller};
    struct applied applied;
    status = apply_opening(engine, &seed, &opening, &event, &applied, error);
    if (status == STATUS_OK) {
        answer_view(engine, command, &applied);
    }
    return status;
}

static enum status split(struct engine *engine, struct command *command, struct event *event,
                         struct error *error)
{
    struct escalation from;
    int number = command->request.desk.caller;
    memset(&from, 0, sizeof from);
    enum status status = store_get_escalation(engine->store, command->customer_id,
                                              command->escalation_id, &from, error);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        status = apply_and_answer(engine, command, event, error);
    }
    if (status != STATUS_OK || command->answer.status != STATUS_OK) {
        return status;
    }
    struct engine_time promise_due = from.promises[number - 1].due_at;
    from = engine->update->after;
    return open_split(engine, command, &from, number, promise_due, error);
}

enum status command_desk_verb(struct engine *engine, struct command *command, struct error *error)
{
    static const enum event_type events[] = {
        [DESK_CANCEL] = EVENT_CANCEL,
        [DESK_NOTE] = EVENT_NOTE,
        [DESK_SEVERITY] = EVENT_SEVERITY,
        [DESK_RESUME] = EVENT_RESUME,
        [DESK_TAKE] = EVENT_TAKE,
        [DESK_ON_BEHALF] = EVENT_ACCEPT,
        [DESK_CALLED_BACK] = EVENT_CALLED_BACK,
        [DESK_SPLIT] = EVENT_SPLIT,
        [DESK_DONE] = EVENT_DONE,
        [DESK_ASSIGN] = EVENT_OFFER,
    };
    const struct desk_request *request = &command->request.desk;
    struct event event = event_now(engine, events[request->verb], command->received_at);
    event.via = PATH_DESK;
    event.text = request->text;
    event.severity = request->severity;
    event.caller = request->caller;
    event.actor.kind = PERSON_OPERATOR;
    (void)text_copy(event.actor.name, sizeof event.actor.name, request->operator_name);
    if (request->verb == DESK_ON_BEHALF) {
        return on_behalf(engine, command, &event, error);
    }
    if (request->verb == DESK_ASSIGN) {
        event.role = request->role;
        event.origin = OFFER_BY_DESK;
        event.stays = request->stays;
        if (team_offer_to(engine, command, request->agent, "/agent", &event) != STATUS_OK) {
            return STATUS_OK;
        }
    }
    if (request->verb == DESK_SPLIT) {
        return split(engine, command, &event, error);
    }
    return apply_and_answer(engine, command, &event, error);
}

enum status command_task_done(struct engine *engine, struct command *command, struct error *error)
{
    const struct task_done_request *request = &command->request.task_done;
    enum status status =
        store_finish_desk_task(engine->store, command->customer_id, request->task_id,
                               request->operator_name, command->received_at, error);
    if (status == STATUS_NOT_FOUND) {
        struct desk_task_row row;
        status = store_get_desk_task(engine->store, command->customer_id, request->task_id,
                                     command->arena, &row, error);
        if (status == STATUS_NOT_FOUND) {
            answer_refuse(command, STATUS_NOT_FOUND, "no such task");
            return STATUS_OK;
        }
    }
    if (status == STATUS_OK) {
        answer_json(command, "{\"state\":\"done\"}", 16);
    }
    return status;
}
