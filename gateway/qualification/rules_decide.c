/* rules_decide.c - the first rule that holds for a call. */
#include <assert.h>
#include <string.h>

#include "gateway/qualification/rules_private.h"

#define WORD_(name, number, word) [number] = (word),
const char *const rule_action_words[] = {RULE_ACTION_TABLE(WORD_) NULL};

const char *rule_action_word(enum rule_action action)
{
    return (unsigned)action <= RULE_FORWARD ? rule_action_words[action] : "?";
}

const char *rules_fact_value(const struct rules_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->fields_count; i++) {
        if (strcmp(facts->fields[i].name, name) == 0) {
            assert(facts->fields[i].value != NULL && facts->fields[i].value[0] != '\0');
            return facts->fields[i].value;
        }
    }
    return NULL;
}

const struct rule_text *rules_text_held(const struct rule_condition *condition, const char *value)
{
    assert(condition->test == RULE_ONE_OF && condition->texts_count > 0);
    for (size_t i = 0; value != NULL && i < condition->texts_count; i++) {
        const struct rule_text *text = &condition->texts[i];
        if (text->begins ? strncmp(value, text->text, text->bytes) == 0
                         : strcmp(value, text->text) == 0) {
            return text;
        }
    }
    return NULL;
}

static bool condition_holds(const struct rule_condition *condition, const char *value)
{
    switch (condition->test) {
    case RULE_ONE_OF:
        return rules_text_held(condition, value) != NULL;
    case RULE_PRESENT:
        return value != NULL;
    case RULE_ABSENT:
        return value == NULL;
    case RULE_ANYTHING:
        break;
    }
    return true;
}

static enum rules_answer hours_answer(const struct rule *rule, const struct rules_facts *facts)
{
    if (rule->hours == RULES_HOURS_UNKNOWN) {
        return RULES_YES;
    }
    if (facts->hours == RULES_HOURS_UNKNOWN) {
        return RULES_UNKNOWN;
    }
    return rule->hours == facts->hours ? RULES_YES : RULES_NO;
}

/* All conditions but the hours and times. */
static bool rule_holds(const struct rule *rule, const struct rules_facts *facts)
{
    if ((rule->severities & 1u << facts->severity) == 0 ||
        !condition_holds(&rule->category, facts->category) ||
        !condition_holds(&rule->caller_number, facts->caller_number) ||
        !condition_holds(&rule->caller_name, facts->caller_named ? "" : NULL)) {
        return false;
    }
    for (size_t i = 0; i < rule->fields_count; i++) {
        const struct rule_field *field = &rule->fields[i];
        if (!condition_holds(&field->condition, rules_fact_value(facts, field->name))) {
            return false;
        }
    }
    return true;
}

enum status rules_decide(const struct rules *rules, const struct rules_facts *facts,
                         struct rules_decision *decision_r)
{
    assert(facts->severity <= SEVERITY_CRITICAL && rules->count <= RULES_MAX);
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        enum rules_answer hours = hours_answer(rule, facts);
        enum rules_answer time = rules_time_answer(rule, &facts->clock);
        bool hangs = hours == RULES_UNKNOWN || time == RULES_UNKNOWN;
        if (hours == RULES_NO || time == RULES_NO || !rule_holds(rule, facts)) {
            continue;
        }
        decision_r->rule = rule;
        decision_r->number = i;
        decision_r->because_fr[0] = decision_r->because_en[0] = '\0';
        if (hangs) {
            return STATUS_UNAVAILABLE;
        }
        rules_explain(rule, facts, decision_r);
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}
