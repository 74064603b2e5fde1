/* Rules that are accepted can be checked, decide every call with a reason in well-formed text, and
 * hold for each when the check says so; a fault has a text.
 * fuzz links: qualification */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/qualification/rules.h"

#define ARENA_BYTES_MAX (8u << 20)

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

static void decide(const struct rules *rules, const struct rules_facts *facts, bool covered)
{
    struct rules_decision decision;
    enum status status = rules_decide(rules, facts, &decision);
    if (status != STATUS_OK) {
        check(status == STATUS_NOT_FOUND && !covered);
        return;
    }
    check(decision.rule == &rules->rules[decision.number]);
    size_t fr = strlen(decision.because_fr), en = strlen(decision.because_en);
    check(fr > 0 && fr < RULES_BECAUSE_BYTES_MAX && text_is_utf8(decision.because_fr, fr));
    check(en > 0 && en < RULES_BECAUSE_BYTES_MAX && text_is_utf8(decision.because_en, en));
}

/* Calls that say what the rules' own conditions ask for, and one that says nothing. */
static void decide_calls(const struct rules *rules, bool covered)
{
    struct rules_facts silent = {.hours = RULES_HOURS_OPEN,
                                 .clock = {.is_known = true, .holidays_known = true}};
    decide(rules, &silent, covered);
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        struct rules_fact fields[RULES_FIELDS_MAX];
        struct rules_facts facts = {.severity = (enum severity)(i % 4),
                                    .hours = RULES_HOURS_CLOSED,
                                    .clock = {.is_known = true,
                                              .weekday = (int)(i % 7),
                                              .minute = (int)(i * 97 % 1440),
                                              .holidays_known = true,
                                              .holiday = i % 3 == 0,
                                              .holiday_yesterday = i % 5 == 0},
                                    .caller_named = rule->caller_name.test == RULE_PRESENT,
                                    .fields = fields};
        if (rule->category.test == RULE_ONE_OF) {
            facts.category = rule->category.texts[0].text;
        }
        if (rule->caller_number.test == RULE_ONE_OF) {
            facts.caller_number = rule->caller_number.texts[0].text;
        }
        for (size_t k = 0; k < rule->fields_count; k++) {
            const struct rule_condition *condition = &rule->fields[k].condition;
            const char *value = condition->test == RULE_ONE_OF ? condition->texts[0].text : "x";
            fields[facts.fields_count++] = (struct rules_fact){rule->fields[k].name, value};
        }
        if (rule->times_count > 0) {
            facts.clock.minute = rule->times[0].from_minute;
        }
        decide(rules, &facts, covered);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct arena *arena = arena_create(ARENA_BYTES_MAX);
    struct error error = {.text = ""};
    struct rules *rules = NULL;
    enum status status = rules_parse((const char *)data, bytes, arena, &rules, &error);
    if (status == STATUS_OK) {
        bool covered = rules_check_coverage(rules, arena, &error) == STATUS_OK;
        check(covered || error.text[0] != '\0');
        decide_calls(rules, covered && rules->count > 0);
    } else {
        check(rules == NULL && error.text[0] != '\0');
    }
    arena_destroy(&arena);
    return 0;
}
