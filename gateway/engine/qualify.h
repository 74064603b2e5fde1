/* qualify.h - a customer's qualification rules together with what the customer has: whether they
 * can be kept, and what they make of a call. Fails safe (PRODUCT.md, rule 2): whatever keeps the
 * rules from deciding, the call is escalated with the default procedure and a warning.
 */
#ifndef GATEWAY_ENGINE_QUALIFY_H
#define GATEWAY_ENGINE_QUALIFY_H

#include "gateway/engine/directory.h"
#include "gateway/engine/engine.h"
#include "gateway/qualification/rules.h"

/* What rules of this customer may name and ask for. Lives as long as the customer. */
struct rules_world qualify_world(const struct directory_customer *customer);

/* Whether calls are to be decided by rules: the newest version is not empty. */
bool qualify_has_rules(const struct directory_customer *customer);

/* Whether the customer is open at the moment; UNKNOWN when it has no opening hours, they cannot be
 * read, or the calendar does not reach so far. Any thread. */
enum rules_hours qualify_hours(const struct engine_rotas *rotas,
                               const struct directory_customer *customer, struct wall_time at);

/* What the customer's clock shows at the moment, if one of these rules (NULL: none) looks at it;
 * unknown otherwise, and when the zone cannot be read. Holidays are not known where there are none,
 * or the calendar does not reach so far. Any thread. */
struct rules_clock qualify_clock(const struct engine_rotas *rotas,
                                 const struct directory_customer *customer,
                                 const struct rules *rules, struct wall_time at);

/* When the customer opens next: `at` itself while it is open; WALL_NEVER where qualify_hours() is
 * UNKNOWN, and when it does not open as far as the calendar is looked at. Any thread. */
struct wall_time qualify_opening(const struct engine_rotas *rotas,
                                 const struct directory_customer *customer, struct wall_time at);

/* qualify_hours(), and until when it is so; WALL_NEVER when that is not known. */
enum rules_hours qualify_hours_until(const struct engine_rotas *rotas,
                                     const struct directory_customer *customer, struct wall_time at,
                                     struct wall_time *until_r);

struct qualification {
    const char *rule; /* its name; NULL: the rules could not decide */
    enum rule_action action;
    const char *procedure; /* slug of one that exists; NULL: the customer's default */
    const char *on_call;   /* FORWARD: whom; a role that exists */
    const char *failed;    /* what kept them from it, a fixed word ("no_rule"); NULL: nothing */
    const char *warning;   /* the same as a sentence for the caller's answer */
    char because_fr[RULES_BECAUSE_BYTES_MAX];
    char because_en[RULES_BECAUSE_BYTES_MAX];
};

/* Decides a call of a customer that has rules: `rules` are its own, or what is tried instead; NULL:
 * they cannot be read. Pure; any thread. Texts live as long as rules and customer. */
void qualify(const struct directory_customer *customer, const struct rules *rules,
             const struct rules_facts *facts, struct qualification *qualification_r);

#endif
