/* customers_file.h - a customers file as the list of PUTs that bring it about. Does no I/O.
 *
 * The order is one in which every reference resolves, and in which what makes a customer live comes
 * last, so that a file that is refused half-way rings nobody and routes nothing: first the customer
 * without its default procedure and its numbers, then its agents, contacts, rotas and procedures,
 * then, where rules may need them, its other members, the rules, the check-in plans, and at the end
 * the customer as it stands in the file. A customer that is there already goes first as it is, with
 * the opening hours and holidays of the file: the rotas may ask for them, and those of before may
 * still need what the file takes away. Until the end it keeps the numbers that it had.
 */
#ifndef GATEWAY_CTL_CUSTOMERS_FILE_H
#define GATEWAY_CTL_CUSTOMERS_FILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/arena.h"
#include "gateway/base/status.h"

struct customers_step {
    const char *kind;     /* "customer", "agent", "contact", "rota", "procedure", "rules" */
    const char *customer; /* slug */
    const char *slug;     /* of the object itself; a rota's role; "rules" */
    const char *path;     /* "/v1/customers/…" */
    const char *pointer;  /* where its body begins in the file; of rules that is the customer */
    json_t *body;         /* owned by the plan */
    bool comes_first;     /* the customer, before all that is its own */
    bool comes_between;   /* the customer but for its numbers, before its rules */
};

struct customers_plan {
    struct customers_step *steps;
    size_t steps_count;
};

/* Texts and the steps live in the arena; customers_plan_fini() releases the bodies.
 * STATUS_INVALID with the JSON pointer of the fault: a wrong shape, a missing, malformed or
 * repeated slug. What a body says inside is for the gateway to judge. */
enum status customers_plan_make(json_t *document, struct arena *arena,
                                struct customers_plan *plan_r, struct error *error) MUST_CHECK;
void customers_plan_fini(struct customers_plan *plan);

/* What an early step (comes_first, comes_between) of a customer that is there (what a GET answered)
 * puts instead of its body. NULL: nothing, as it has that already, or there is no memory. The
 * caller releases it. */
json_t *customers_step_early_body(const struct customers_step *step, json_t *present);

/* Whether what the gateway answered to a GET already says everything that the step's body says:
 * each member has an equal one, telephone numbers compared as numbers, and what the file leaves out
 * of a customer is not there. A definition is put whole: it must be the same. */
bool customers_step_is_done(const struct customers_step *step, json_t *present);
/* Whether two answers to a GET say that nothing was changed between them. */
bool customers_step_changed_nothing(const struct customers_step *step, json_t *before,
                                    json_t *after);

#endif
