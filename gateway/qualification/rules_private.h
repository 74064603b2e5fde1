/* rules_private.h - what deciding, checking and explaining share. */
#ifndef GATEWAY_QUALIFICATION_RULES_PRIVATE_H
#define GATEWAY_QUALIFICATION_RULES_PRIVATE_H

#include "gateway/qualification/rules.h"

/* All severities, as struct rule has them. */
#define RULES_SEVERITIES_ALL ((1u << (SEVERITY_CRITICAL + 1)) - 1)

/* The value of a field, or NULL. */
const char *rules_fact_value(const struct rules_facts *facts, const char *name);

/* The text of a ONE_OF condition that a value is, or NULL. */
const struct rule_text *rules_text_held(const struct rule_condition *condition, const char *value);

#define RULES_ESCAPED_BYTES_MAX (2 * RULES_NAME_BYTES_MAX + 1)

/* A field's name as a JSON pointer has it (RFC 6901, section 3). */
void rules_escape_name(const char *name, char escaped_r[RULES_ESCAPED_BYTES_MAX]);

/* Says why a rule held, in both languages. */
void rules_explain(const struct rule *rule, const struct rules_facts *facts,
                   struct rules_decision *decision);

#endif
