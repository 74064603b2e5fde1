/* rules_explain.c - why a rule held, for the agent, the desk and the customer: in French and in
 * English. It names conditions, never more of the caller than the rule itself does. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/qualification/rules_private.h"

#define ELLIPSIS "…"

struct sentence {
    char *text; /* of RULES_BECAUSE_BYTES_MAX */
    size_t used;
    bool cut;
};

__attribute__((format(printf, 2, 3))) static void say(struct sentence *sentence, const char *format,
                                                      ...)
{
    const size_t room = RULES_BECAUSE_BYTES_MAX - sizeof ELLIPSIS + 1;
    if (sentence->cut) {
        return;
    }
    char *end = sentence->text + sentence->used;
    va_list arguments;
    va_start(arguments, format);
    int wrote = vsnprintf(end, room - sentence->used, format, arguments);
    va_end(arguments);
    if (wrote >= 0 && (size_t)wrote < room - sentence->used) {
        sentence->used += (size_t)wrote;
        return;
    }
    text_trim_utf8(sentence->text);
    sentence->cut = true;
    size_t kept = strlen(sentence->text);
    memcpy(sentence->text + kept, ELLIPSIS, sizeof ELLIPSIS);
}

/* In both languages at once; a comma stands before all but the first condition. */
struct because {
    struct sentence fr;
    struct sentence en;
};

static const char *comma(const struct sentence *sentence)
{
    return sentence->used > 0 ? ", " : "";
}

static const char *const severity_words_fr[] = {"info", "mineure", "majeure", "critique"};
_Static_assert(sizeof severity_words_fr / sizeof severity_words_fr[0] == SEVERITY_CRITICAL + 1,
               "a French word for each severity");

static unsigned lowest(unsigned severities)
{
    unsigned severity = 0;
    while ((severities & 1u << severity) == 0) {
        severity++;
    }
    return severity;
}

static unsigned highest(unsigned severities)
{
    unsigned severity = SEVERITY_CRITICAL;
    while ((severities & 1u << severity) == 0) {
        severity--;
    }
    return severity;
}

/* "gravité critique (au moins majeure)": what the call has, and what the rule asks for. */
static void explain_severity(unsigned severities, enum severity severity, struct because *because)
{
    assert(severities != 0 && (severities & 1u << severity) != 0);
    if (severities == RULES_SEVERITIES_ALL) {
        return;
    }
    unsigned low = lowest(severities), high = highest(severities);
    say(&because->fr, "gravité %s", severity_words_fr[severity]);
    say(&because->en, "severity %s", severity_words[severity]);
    if (low == high) {
        return;
    }
    if (severities == (RULES_SEVERITIES_ALL & ~0u << low)) {
        say(&because->fr, " (au moins %s)", severity_words_fr[low]);
        say(&because->en, " (at least %s)", severity_words[low]);
    } else if (severities == (2u << high) - 1) {
        say(&because->fr, " (au plus %s)", severity_words_fr[high]);
        say(&because->en, " (at most %s)", severity_words[high]);
    }
}

/* How conditions on one kind of text are said. */
struct phrases {
    const char *fr, *en; /* what it is; a field's name follows */
    const char *present_fr, *present_en;
    const char *absent_fr, *absent_en;
};

static const struct phrases category_phrases = {"catégorie", "category",     "indiquée",
                                                "given",     "non indiquée", "not given"};
static const struct phrases number_phrases = {
    "numéro de l'appelant", "caller's number", "connu", "known", "inconnu", "not known"};
static const struct phrases name_phrases = {"nom de l'appelant", "caller's name", "connu", "known",
                                            "inconnu",           "not known"};
static const struct phrases field_phrases = {"champ", "field", "rempli", "filled", "vide", "empty"};

static void explain_text(const struct rule_condition *condition, const char *name,
                         const char *value, const struct phrases *phrases, struct because *because)
{
    if (condition->test == RULE_ANYTHING) {
        return;
    }
    const char *blank = name[0] != '\0' ? " " : "";
    say(&because->fr, "%s%s%s%s", comma(&because->fr), phrases->fr, blank, name);
    say(&because->en, "%s%s%s%s", comma(&because->en), phrases->en, blank, name);
    if (condition->test == RULE_ONE_OF) {
        const struct rule_text *held = rules_text_held(condition, value);
        assert(held != NULL); /* the rule held */
        say(&because->fr, " « %s%s »", held->text, held->begins ? "*" : "");
        say(&because->en, " \"%s%s\"", held->text, held->begins ? "*" : "");
        return;
    }
    bool present = condition->test == RULE_PRESENT;
    say(&because->fr, " %s", present ? phrases->present_fr : phrases->absent_fr);
    say(&because->en, " %s", present ? phrases->present_en : phrases->absent_en);
}

static void explain_time(const struct rule *rule, const struct rules_clock *clock,
                         struct because *because)
{
    struct rules_clock sure = *clock;
    char words[RULES_TIME_WORDS_BYTES_MAX];
    if (rule->times_count == 0) {
        return;
    }
    if (!clock->holidays_known) { /* it held without any */
        sure.holiday = sure.holiday_yesterday = false;
    }
    const struct rule_time *held = rules_time_held(rule, &sure);
    assert(held != NULL);
    rules_time_words(held, true, words);
    say(&because->fr, "%shoraire « %s »", comma(&because->fr), words);
    rules_time_words(held, false, words);
    say(&because->en, "%stime \"%s\"", comma(&because->en), words);
}

void rules_explain(const struct rule *rule, const struct rules_facts *facts,
                   struct rules_decision *decision)
{
    struct because because = {.fr = {.text = decision->because_fr},
                              .en = {.text = decision->because_en}};
    explain_severity(rule->severities, facts->severity, &because);
    explain_text(&rule->category, "", facts->category, &category_phrases, &because);
    for (size_t i = 0; i < rule->fields_count; i++) {
        const struct rule_field *field = &rule->fields[i];
        explain_text(&field->condition, field->name, rules_fact_value(facts, field->name),
                     &field_phrases, &because);
    }
    explain_text(&rule->caller_number, "", facts->caller_number, &number_phrases, &because);
    explain_text(&rule->caller_name, "", NULL, &name_phrases, &because);
    if (rule->hours != RULES_HOURS_UNKNOWN) {
        bool open = rule->hours == RULES_HOURS_OPEN;
        say(&because.fr, "%s%s", comma(&because.fr),
            open ? "pendant les heures d'ouverture" : "hors des heures d'ouverture");
        say(&because.en, "%s%s", comma(&because.en),
            open ? "during opening hours" : "outside opening hours");
    }
    explain_time(rule, &facts->clock, &because);
    if (because.fr.used == 0) {
        say(&because.fr, "cette règle vaut pour tout appel");
        say(&because.en, "this rule holds for every call");
    }
}
