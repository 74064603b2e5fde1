/* rules_private.h - what deciding, checking and explaining share. */
#ifndef GATEWAY_QUALIFICATION_RULES_PRIVATE_H
#define GATEWAY_QUALIFICATION_RULES_PRIVATE_H

#include <stdint.h>

#include "gateway/base/json_reader.h"
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

/* ---- rules_times.c ---- */

enum rules_answer { RULES_NO, RULES_YES, RULES_UNKNOWN };

/* Takes "at" of a "when" into the rule. */
enum status rules_take_times(struct json_reader *above, struct arena *arena, struct rule *rule,
                             struct error *error) MUST_CHECK;

/* The time of the rule that the clock shows, or NULL; everything about the clock is known. */
const struct rule_time *rules_time_held(const struct rule *rule, const struct rules_clock *clock);

/* Whether one of the rule's times is now; YES for a rule without any. */
enum rules_answer rules_time_answer(const struct rule *rule, const struct rules_clock *clock);

/* The kinds of moments that the rules tell apart: which rules' times it lies in, a bit each. Every
 * moment is of one of them. Answers how many there are; kinds_max + 1: more than there is room
 * for. */
size_t rules_list_times(const struct rules *rules, uint64_t *kinds, size_t kinds_max);

/* Says why a rule held, in both languages. */
void rules_explain(const struct rule *rule, const struct rules_facts *facts,
                   struct rules_decision *decision);

#endif
