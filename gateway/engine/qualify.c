#include "gateway/engine/qualify.h"

#include <string.h>

#include "gateway/base/text.h"

static bool has_procedure(const void *customer, const char *slug)
{
    return directory_procedure(customer, slug) != NULL;
}

static bool has_role(const void *customer, const char *slug)
{
    return directory_rota(customer, slug) != NULL;
}

/* A value only counts as none of a field's where it can be known: of a choice. */
static enum rules_reference known_field(const void *context, const char *name, const char *value)
{
    const struct directory_customer *customer = context;
    const struct ticket_field *field = NULL;
    for (size_t i = 0; i < customer->ticket_fields_count && field == NULL; i++) {
        const struct ticket_field *each = &customer->ticket_fields[i];
        field = strcmp(each->name, name) == 0 ? each : NULL;
    }
    if (field == NULL) {
        return RULES_REFERENCE_UNKNOWN;
    }
    bool known = value == NULL || field->type != TICKET_CHOICE;
    for (size_t i = 0; i < field->choices_count && !known; i++) {
        known = strcmp(field->choices[i], value) == 0;
    }
    return known ? RULES_REFERENCE_KNOWN : RULES_REFERENCE_NO_CHOICE;
}

struct rules_world qualify_world(const struct directory_customer *customer)
{
    return (struct rules_world){
        .context = customer,
        .has_procedure = has_procedure,
        .has_role = has_role,
        .has_default_procedure = customer->default_procedure != NULL,
        .field = known_field,
        .has_opening_hours = customer->opening_hours != NULL,
        .has_holidays = customer->holidays != NULL || customer->has_holidays_file,
    };
}

bool qualify_has_rules(const struct directory_customer *customer)
{
    const struct directory_rules *rules = customer->rules;
    return rules != NULL && (rules->rules == NULL || rules->rules->count > 0);
}

static bool calendar_knows(const struct directory_customer *customer, struct wall_time at)
{
    return customer->opening_hours != NULL && customer->calendar != NULL &&
           at.ms >= customer->calendar_from.ms && at.ms < customer->calendar_until.ms;
}

enum rules_hours qualify_hours(const struct engine_rotas *rotas,
                               const struct directory_customer *customer, struct wall_time at)
{
    bool open = false;
    if (!calendar_knows(customer, at) ||
        rotas->is_open(rotas->context, customer->calendar, customer->time_zone, at, &open, NULL) !=
            STATUS_OK) {
        return RULES_HOURS_UNKNOWN;
    }
    return open ? RULES_HOURS_OPEN : RULES_HOURS_CLOSED;
}

struct rules_clock qualify_clock(const struct engine_rotas *rotas,
                                 const struct directory_customer *customer,
                                 const struct rules *rules, struct wall_time at)
{
    struct rules_clock clock = {.is_known = false};
    if (rules == NULL || !rules_ask_time(rules) || rotas->local_time == NULL ||
        rotas->local_time(rotas->context, customer->calendar, customer->time_zone, at, &clock,
                          NULL) != STATUS_OK) {
        return (struct rules_clock){.is_known = false};
    }
    bool reaches = at.ms >= customer->calendar_from.ms && at.ms < customer->calendar_until.ms;
    clock.holidays_known = clock.holidays_known && reaches;
    return clock;
}

struct wall_time qualify_opening(const struct engine_rotas *rotas,
                                 const struct directory_customer *customer, struct wall_time at)
{
    struct wall_time opens = WALL_NEVER;
    if (!calendar_knows(customer, at) ||
        rotas->next_opening(rotas->context, customer->calendar, customer->time_zone, at, &opens,
                            NULL) != STATUS_OK ||
        opens.ms >= customer->calendar_until.ms) {
        return WALL_NEVER; /* beyond that, holidays are not known */
    }
    return opens;
}

enum rules_hours qualify_hours_until(const struct engine_rotas *rotas,
                                     const struct directory_customer *customer, struct wall_time at,
                                     struct wall_time *until_r)
{
    bool open = false;
    struct wall_time until = WALL_NEVER;
    *until_r = WALL_NEVER;
    if (!calendar_knows(customer, at) || rotas->open_until == NULL ||
        rotas->open_until(rotas->context, customer->calendar, customer->time_zone, at, &open,
                          &until, NULL) != STATUS_OK) {
        return RULES_HOURS_UNKNOWN;
    }
    if (until.ms <= customer->calendar_until.ms) { /* later ones may fall on holidays not read */
        *until_r = until;
    }
    return open ? RULES_HOURS_OPEN : RULES_HOURS_CLOSED;
}

/* Why the rules did not decide. */
struct failure {
    const char *word;
    const char *warning;
    const char *fr;
    const char *en;
};

static const struct failure unreadable = {
    "rules_unreadable",
    "rules: cannot be read any more; escalated with the default procedure: put them again",
    "les règles du client sont illisibles", "the customer's rules cannot be read"};
static const struct failure no_rule = {
    "no_rule", "rules: none holds for this call; escalated with the default procedure",
    "aucune règle ne vaut pour cet appel", "no rule holds for this call"};
static const struct failure hours_unknown = {
    "hours_unknown",
    "rules: hang on opening hours, times or holidays that are not known; escalated with the "
    "default procedure",
    "les heures d'ouverture, l'heure ou les jours fériés du client sont inconnus",
    "the customer's opening hours, clock or holidays are not known"};
static const struct failure stale_procedure = {
    "stale_procedure",
    "rules: name a procedure that the customer does not have; escalated with the default procedure",
    "la règle nomme une procédure que le client n'a pas",
    "the rule names a procedure that the customer does not have"};
static const struct failure stale_role = {
    "stale_role",
    "rules: name a rota that the customer does not have; escalated with the default procedure",
    "la règle nomme un planning que le client n'a pas",
    "the rule names a rota that the customer does not have"};

static void fail(struct qualification *qualification, const struct failure *failure)
{
    *qualification = (struct qualification){
        .action = RULE_ESCALATE, .failed = failure->word, .warning = failure->warning};
    (void)text_copy(qualification->because_fr, sizeof qualification->because_fr, failure->fr);
    (void)text_copy(qualification->because_en, sizeof qualification->because_en, failure->en);
}

void qualify(const struct directory_customer *customer, const struct rules *rules,
             const struct rules_facts *facts, struct qualification *qualification_r)
{
    struct rules_decision decision;
    enum status status = rules == NULL ? STATUS_INVALID : rules_decide(rules, facts, &decision);
    if (status != STATUS_OK) {
        fail(qualification_r, status == STATUS_NOT_FOUND     ? &no_rule
                              : status == STATUS_UNAVAILABLE ? &hours_unknown
                                                             : &unreadable);
        return;
    }
    const struct rule *rule = decision.rule;
    const char *procedure = rule->procedure[0] != '\0' ? rule->procedure : NULL;
    const char *on_call = rule->action == RULE_FORWARD ? rule->on_call : NULL;
    if (on_call != NULL && directory_rota(customer, on_call) == NULL) {
        fail(qualification_r, &stale_role);
        return;
    }
    if (procedure != NULL && directory_procedure(customer, procedure) == NULL) {
        fail(qualification_r, &stale_procedure);
        return;
    }
    *qualification_r = (struct qualification){
        .rule = rule->name, .action = rule->action, .procedure = procedure, .on_call = on_call};
    (void)text_copy(qualification_r->because_fr, sizeof qualification_r->because_fr,
                    decision.because_fr);
    (void)text_copy(qualification_r->because_en, sizeof qualification_r->because_en,
                    decision.because_en);
}
