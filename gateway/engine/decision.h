/* decision.h - what becomes of a call at the webhook: by the customer's rules, an operator, or
 * whoever named a procedure; and what of that can be done now. Fails safe (PRODUCT.md, rule 2):
 * what cannot be kept, noted or put through is escalated, with a warning.
 */
#ifndef GATEWAY_ENGINE_DECISION_H
#define GATEWAY_ENGINE_DECISION_H

#include "gateway/base/json_writer.h"
#include "gateway/engine/engine_private.h"
#include "gateway/engine/ladder.h"
#include "gateway/engine/qualify.h"

#define DECISION_WARNINGS_MAX 24

/* Of one customer on hold; the next is escalated at once. */
#define ON_HOLD_MAX 1000

/* One request's way through the webhook. Everything it points to lives as long as the command and
 * the directory's customer. */
struct escalate_work {
    const struct escalate_request *request;
    const struct directory_customer *customer;
    enum severity severity; /* that the rules look at */
    bool joins;             /* one that is on hold */
    const char *warnings[DECISION_WARNINGS_MAX];
    size_t warnings_count;
    /* filled in by decide() */
    bool decided;
    enum rule_action action;                     /* what is done */
    const struct directory_procedure *procedure; /* NULL: the last resort */
    bool qualified;                              /* by the customer's rules: */
    struct qualification qualification;
    struct ladder ladder; /* FORWARD: never empty */
    struct event_choice choices[EVENT_CHOICES_MAX];
    size_t choices_count;
    int64_t ticket_number; /* of what was opened or joined */
};

/* Adds a sentence for the caller's answer; a full list ends without a word. */
void decision_warn(struct escalate_work *work, const char *text);

/* Decides, and notes it as choices for the timeline. Fails only as the store does. */
enum status decide(struct engine *engine, struct command *command, struct escalate_work *work,
                   struct error *error) MUST_CHECK;

/* The action as the core knows it. */
enum event_plan decision_plan(const struct escalate_work *work);

/* Writes the answer's member "decision", for a customer with rules and for an operator who did
 * without them. */
void decision_write(struct json_writer *json, const struct escalate_work *work);

#endif
