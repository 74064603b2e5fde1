/* decision.c - who decides what becomes of a call, and what can be done of it: see the header. */
#include "gateway/engine/decision.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/text.h"

#define REASON_SHOWN_BYTES_MAX 200

void decision_warn(struct escalate_work *work, const char *text)
{
    if (work->warnings_count < DECISION_WARNINGS_MAX) {
        work->warnings[work->warnings_count++] = text;
    }
}

static struct event_choice *add_choice(struct escalate_work *work, enum entry_kind kind)
{
    assert(work->choices_count < EVENT_CHOICES_MAX);
    struct event_choice *choice = &work->choices[work->choices_count++];
    *choice = (struct event_choice){.kind = kind};
    return choice;
}

/* What the customer's rules make of the call; noted, whoever decides in the end. */
static void ask_rules(struct engine *engine, struct command *command, struct escalate_work *work)
{
    const struct escalate_request *request = work->request;
    const struct directory_rules *rules = work->customer->rules;
    struct qualification *qualification = &work->qualification;
    const struct rules_facts facts = {
        .severity = work->severity,
        .hours = qualify_hours(&engine->configuration.rotas, work->customer, command->received_at),
        .clock = qualify_clock(&engine->configuration.rotas, work->customer, rules->rules,
                               command->received_at),
        .category = request->category,
        .caller_number = request->caller_phone,
        .caller_named = request->caller_name != NULL,
        .fields = request->facts,
        .fields_count = request->facts_count,
    };
    qualify(work->customer, rules->rules, &facts, qualification);
    work->qualified = true;
    bool french = strcmp(work->customer->language, "fr") == 0;
    bool by_rule = qualification->rule != NULL;
    struct event_choice *choice = add_choice(work, by_rule ? ENTRY_QUALIFIED : ENTRY_UNQUALIFIED);
    choice->word = by_rule ? qualification->rule : qualification->failed;
    choice->number = rules->version;
    choice->text = french ? qualification->because_fr : qualification->because_en;
}

/* Notes who decided instead of the rules, and why. */
static void note_override(struct escalate_work *work)
{
    const struct escalate_override *override = &work->request->override;
    const char *slug = work->procedure != NULL ? work->procedure->procedure->slug : "last-resort";
    struct event_choice *choice = add_choice(work, ENTRY_OVERRIDDEN);
    choice->by.kind = PERSON_OPERATOR;
    (void)text_copy(choice->by.name, sizeof choice->by.name, override->operator_name);
    choice->word = override->action == RULE_ESCALATE ? slug : rule_action_word(override->action);
    choice->number = override->action; /* which of the two the word is */
    choice->text = override->reason;
}

/* Whether the rules have the word. */
static bool rules_decide_it(const struct escalate_work *work)
{
    return work->request->procedure == NULL && !work->request->override.given;
}

/* The slug that an operator, the call centre or a rule asks for; NULL: the customer's default. */
static const char *asked_procedure(const struct escalate_work *work)
{
    const struct escalate_request *request = work->request;
    if (request->override.given && request->override.procedure != NULL) {
        return request->override.procedure;
    }
    return rules_decide_it(work) && work->qualified ? work->qualification.procedure
                                                    : request->procedure;
}

/* The procedure asked for, else the customer's default, else the last resort: never none. */
static void choose_procedure(struct escalate_work *work)
{
    const struct directory_procedure *found = NULL;
    const char *asked = asked_procedure(work);
    if (asked != NULL) {
        found = directory_procedure(work->customer, asked);
        if (found == NULL) {
            decision_warn(work, "procedure: unknown; the customer's default procedure is used");
        }
    }
    if (found == NULL && work->customer->default_procedure != NULL) {
        found = directory_procedure(work->customer, work->customer->default_procedure);
    }
    work->procedure = found;
}

/* What is asked for cannot be done: somebody is woken instead. */
static void escalate_after_all(struct escalate_work *work, const char *word, const char *warning)
{
    work->action = RULE_ESCALATE;
    add_choice(work, ENTRY_RELEASED)->word = word;
    decision_warn(work, warning);
}

static enum status settle_hold(struct engine *engine, struct command *command,
                               struct escalate_work *work, struct error *error)
{
    int64_t on_hold = 0;
    struct wall_time opens =
        qualify_opening(&engine->configuration.rotas, work->customer, command->received_at);
    if (opens.ms == TIME_NEVER_MS) {
        escalate_after_all(work, "no_opening",
                           "hold: nobody knows when the customer opens next; escalated at once");
        return STATUS_OK;
    }
    if (opens.ms <= command->received_at.ms) {
        escalate_after_all(work, "open", "hold: the customer is open now; escalated at once");
        return STATUS_OK;
    }
    enum status status =
        work->joins ? STATUS_OK
                    : store_count_on_hold(engine->store, work->customer->id, &on_hold, error);
    if (status == STATUS_OK && on_hold >= ON_HOLD_MAX) {
        escalate_after_all(work, "too_many_on_hold",
                           "hold: as many as can be are on hold for this customer; escalated at "
                           "once");
    }
    return status;
}

static void settle_forward(struct command *command, struct escalate_work *work)
{
    const struct escalate_override *override = &work->request->override;
    const char *role = override->given ? override->on_call : work->qualification.on_call;
    if (work->joins) {
        escalate_after_all(work, "nobody_to_dial",
                           "forward: the call joined one that was on hold; escalated");
        return;
    }
    ladder_resolve_role(work->customer, role, command->received_at, &work->ladder);
    if (work->ladder.count == 0) {
        escalate_after_all(work, "nobody_to_dial",
                           "forward: there is no number to put the call through to; escalated");
        return;
    }
    const struct ladder_rung *first = &work->ladder.rungs[0];
    struct event_choice *choice = add_choice(work, ENTRY_FORWARDED);
    if (first->person != NULL) {
        choice->by = (struct person_ref){.kind = first->person->kind, .id = first->person->id};
    }
    choice->word = first->role;
    choice->number = (int64_t)work->ladder.count;
    choice->text = first->phone;
}

enum status decide(struct engine *engine, struct command *command, struct escalate_work *work,
                   struct error *error)
{
    const struct escalate_override *override = &work->request->override;
    bool by_rules = rules_decide_it(work);
    enum status status = STATUS_OK;
    work->decided = true;
    work->choices_count = 0;
    work->qualified = false;
    if (qualify_has_rules(work->customer) && (by_rules || override->given)) {
        ask_rules(engine, command, work);
    }
    if (by_rules && work->qualified && work->qualification.warning != NULL) {
        decision_warn(work, work->qualification.warning);
    }
    work->action = override->given               ? override->action
                   : by_rules && work->qualified ? work->qualification.action
                                                 : RULE_ESCALATE;
    choose_procedure(work);
    if (override->given) {
        note_override(work);
    }
    if (work->action == RULE_HOLD) {
        status = settle_hold(engine, command, work, error);
    } else if (work->action == RULE_FORWARD) {
        settle_forward(command, work);
    }
    if (work->action == RULE_ESCALATE && work->procedure == NULL) {
        decision_warn(work, "no default procedure: the call centre is told at once");
    }
    return status;
}

enum event_plan decision_plan(const struct escalate_work *work)
{
    return work->action == RULE_ESCALATE ? PLAN_NOW
           : work->action == RULE_HOLD   ? PLAN_HOLD
                                         : PLAN_TICKET;
}

/* ---- in the answer ---- */

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

/* The number to dial now, and those behind it. */
static void write_ladder(struct json_writer *json, const struct ladder *ladder)
{
    assert(ladder->count > 0);
    json_member_text(json, "dial", ladder->rungs[0].phone);
    json_name(json, "ladder");
    ladder_write(json, ladder);
}

void decision_write(struct json_writer *json, const struct escalate_work *work)
{
    const struct escalate_request *request = work->request;
    const struct qualification *qualification = &work->qualification;
    bool by_desk = !rules_decide_it(work);
    bool runs = work->action == RULE_ESCALATE || work->action == RULE_HOLD;
    if (!request->override.given && !qualify_has_rules(work->customer)) {
        return;
    }
    json_name(json, "decision");
    json_object_begin(json);
    json_member_text(json, "rule", by_desk ? NULL : qualification->rule);
    json_member_text(json, "action", rule_action_word(work->action));
    json_member_text(json, "procedure",
                     runs && work->procedure != NULL ? work->procedure->procedure->slug : NULL);
    if (work->action == RULE_FORWARD) {
        write_ladder(json, &work->ladder);
    }
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
