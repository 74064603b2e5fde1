/* rules_coverage.c - which calls a rule can still have after those before it.
 *
 * Each thing a call says is a dimension, cut into atoms between which no rule tells a difference:
 * four severities, open and closed, the kinds of moments that lie in the same rules' times, and for
 * a text that it is absent, each text some rule names, and any other. A rule is a box: a set of
 * atoms in each dimension. A rule is unreachable when its box lies in the union of the earlier
 * ones, which is found by cutting away one after the other. An atom that no real call can have only
 * makes a rule count as reachable.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "gateway/qualification/rules_private.h"

#define ATOMS_MAX      (RULES_DIFFERENT_MAX + 2)
#define WORDS          (ATOMS_MAX / 64)
#define DIMENSIONS_MAX (DIMENSION_FIELDS + RULES_FIELD_NAMES_MAX)
#define CUTS_MAX       50000

_Static_assert(ATOMS_MAX % 64 == 0, "whole words");

enum {
    DIMENSION_SEVERITY,
    DIMENSION_HOURS,
    DIMENSION_CATEGORY,
    DIMENSION_NUMBER,
    DIMENSION_NAME,
    DIMENSION_TIME,
    DIMENSION_FIELDS
};

/* Atoms of a text; the others are the named texts in their order. */
enum { ATOM_ABSENT, ATOM_OTHER, ATOM_NAMED };

struct atoms {
    uint64_t words[WORDS];
};

struct dimension {
    const char *field; /* its name; NULL: none */
    const struct rule_text *texts[RULES_DIFFERENT_MAX];
    size_t texts_count;
};

struct box {
    struct atoms of[DIMENSIONS_MAX];
};

struct coverage {
    struct dimension dimensions[DIMENSIONS_MAX];
    size_t dimensions_count;
    uint64_t times[ATOMS_MAX]; /* kinds of moments: the rules whose times they lie in */
    size_t times_count;
    struct box rules[RULES_MAX];
    struct box left[RULES_MAX + 1]; /* of what is cut, before each rule */
    size_t cuts_left;
};

/* ---- sets of atoms ---- */

static void add(struct atoms *atoms, size_t atom)
{
    assert(atom < ATOMS_MAX);
    atoms->words[atom / 64] |= UINT64_C(1) << atom % 64;
}

static struct atoms first_atoms(size_t count)
{
    struct atoms atoms = {{0}};
    for (size_t i = 0; i < count; i++) {
        add(&atoms, i);
    }
    return atoms;
}

static bool is_empty(const struct atoms *atoms)
{
    uint64_t any = 0;
    for (size_t i = 0; i < WORDS; i++) {
        any |= atoms->words[i];
    }
    return any == 0;
}

static struct atoms within(const struct atoms *a, const struct atoms *b)
{
    struct atoms both;
    for (size_t i = 0; i < WORDS; i++) {
        both.words[i] = a->words[i] & b->words[i];
    }
    return both;
}

static struct atoms without(const struct atoms *a, const struct atoms *b)
{
    struct atoms rest;
    for (size_t i = 0; i < WORDS; i++) {
        rest.words[i] = a->words[i] & ~b->words[i];
    }
    return rest;
}

/* ---- dimensions ---- */

static bool same_text(const struct rule_text *a, const struct rule_text *b)
{
    return a->begins == b->begins && strcmp(a->text, b->text) == 0;
}

/* False: more different texts than there is room for. */
static bool note_texts(struct dimension *dimension, const struct rule_condition *condition)
{
    for (size_t i = 0; i < condition->texts_count; i++) {
        size_t k = 0;
        while (k < dimension->texts_count &&
               !same_text(dimension->texts[k], &condition->texts[i])) {
            k++;
        }
        if (k == RULES_DIFFERENT_MAX) {
            return false;
        }
        if (k == dimension->texts_count) {
            dimension->texts[dimension->texts_count++] = &condition->texts[i];
        }
    }
    return true;
}

/* NULL: more different fields than there is room for. */
static struct dimension *dimension_of_field(struct coverage *coverage, const char *name)
{
    for (size_t i = DIMENSION_FIELDS; i < coverage->dimensions_count; i++) {
        if (strcmp(coverage->dimensions[i].field, name) == 0) {
            return &coverage->dimensions[i];
        }
    }
    if (coverage->dimensions_count == DIMENSIONS_MAX) {
        return NULL;
    }
    struct dimension *dimension = &coverage->dimensions[coverage->dimensions_count++];
    dimension->field = name;
    return dimension;
}

static bool note_rule(struct coverage *coverage, const struct rule *rule)
{
    bool fits = note_texts(&coverage->dimensions[DIMENSION_CATEGORY], &rule->category) &&
                note_texts(&coverage->dimensions[DIMENSION_NUMBER], &rule->caller_number);
    for (size_t i = 0; i < rule->fields_count && fits; i++) {
        struct dimension *dimension = dimension_of_field(coverage, rule->fields[i].name);
        fits = dimension != NULL && note_texts(dimension, &rule->fields[i].condition);
    }
    return fits;
}

/* ---- boxes ---- */

/* Whether a call whose closest text is `atom` has `text`: it is the same, or begins with it. Of two
 * beginnings the longer is closer, of equal ones the whole text. */
static bool atom_has(const struct rule_text *atom, const struct rule_text *text)
{
    if (same_text(atom, text)) {
        return true;
    }
    return text->begins && atom->bytes >= text->bytes &&
           strncmp(atom->text, text->text, text->bytes) == 0;
}

static struct atoms atoms_of_text(const struct dimension *dimension,
                                  const struct rule_condition *condition)
{
    struct atoms all = first_atoms(ATOM_NAMED + dimension->texts_count);
    struct atoms absent = first_atoms(ATOM_OTHER);
    struct atoms named = {{0}};
    switch (condition->test) {
    case RULE_PRESENT:
        return without(&all, &absent);
    case RULE_ABSENT:
        return absent;
    case RULE_ONE_OF:
        for (size_t i = 0; i < dimension->texts_count; i++) {
            for (size_t k = 0; k < condition->texts_count; k++) {
                if (atom_has(dimension->texts[i], &condition->texts[k])) {
                    add(&named, ATOM_NAMED + i);
                }
            }
        }
        return named;
    case RULE_ANYTHING:
        break;
    }
    return all;
}

static struct atoms atoms_of_times(const struct coverage *coverage, uint64_t rule_bit)
{
    struct atoms atoms = {{0}};
    for (size_t i = 0; i < coverage->times_count; i++) {
        if (rule_bit == 0 || (coverage->times[i] & rule_bit) != 0) {
            add(&atoms, i);
        }
    }
    return atoms;
}

/* rule_bit: of its place; 0: of a rule that is none of them and holds at any time. */
static void make_box(struct coverage *coverage, const struct rule *rule, uint64_t rule_bit,
                     struct box *box_r)
{
    static const struct rule_condition anything = {.test = RULE_ANYTHING};
    const struct dimension *dimensions = coverage->dimensions;
    struct atoms none = {{0}};
    box_r->of[DIMENSION_SEVERITY] = box_r->of[DIMENSION_HOURS] = none;
    box_r->of[DIMENSION_SEVERITY].words[0] = rule->severities;
    if (rule->hours != RULES_HOURS_CLOSED) {
        add(&box_r->of[DIMENSION_HOURS], 0);
    }
    if (rule->hours != RULES_HOURS_OPEN) {
        add(&box_r->of[DIMENSION_HOURS], 1);
    }
    box_r->of[DIMENSION_CATEGORY] = atoms_of_text(&dimensions[DIMENSION_CATEGORY], &rule->category);
    box_r->of[DIMENSION_NUMBER] =
        atoms_of_text(&dimensions[DIMENSION_NUMBER], &rule->caller_number);
    box_r->of[DIMENSION_TIME] = atoms_of_times(coverage, rule_bit);
    box_r->of[DIMENSION_NAME] = atoms_of_text(&dimensions[DIMENSION_NAME], &rule->caller_name);
    for (size_t i = DIMENSION_FIELDS; i < coverage->dimensions_count; i++) {
        box_r->of[i] = atoms_of_text(&dimensions[i], &anything);
    }
    for (size_t i = 0; i < rule->fields_count; i++) {
        const struct dimension *dimension = dimension_of_field(coverage, rule->fields[i].name);
        assert(dimension != NULL); /* noted before */
        box_r->of[dimension - dimensions] = atoms_of_text(dimension, &rule->fields[i].condition);
    }
}

static bool boxes_meet(const struct coverage *coverage, const struct box *a, const struct box *b)
{
    for (size_t i = 0; i < coverage->dimensions_count; i++) {
        const struct atoms both = within(&a->of[i], &b->of[i]);
        if (is_empty(&both)) {
            return false;
        }
    }
    return true;
}

/* Whether something of left[number] lies in none of the rules from number on, below end; also when
 * the work for it is used up. */
static bool leaves_something(struct coverage *coverage, size_t number, size_t end)
{
    struct box *box = &coverage->left[number];
    if (number == end) {
        return true;
    }
    if (coverage->cuts_left == 0) {
        return true;
    }
    coverage->cuts_left--;
    const struct box *rule = &coverage->rules[number];
    struct box *rest = &coverage->left[number + 1];
    if (!boxes_meet(coverage, box, rule)) {
        *rest = *box;
        return leaves_something(coverage, number + 1, end);
    }
    for (size_t i = 0; i < coverage->dimensions_count; i++) {
        const struct atoms outside = without(&box->of[i], &rule->of[i]);
        if (!is_empty(&outside)) {
            *rest = *box;
            rest->of[i] = outside;
            if (leaves_something(coverage, number + 1, end)) {
                return true;
            }
            box->of[i] = within(&box->of[i], &rule->of[i]);
        }
    }
    return false;
}

/* ---- the check ---- */

/* Which rule alone holds whenever rules[number] does; number: none. */
static size_t covering(const struct coverage *coverage, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        bool covers = true;
        for (size_t k = 0; k < coverage->dimensions_count && covers; k++) {
            const struct atoms outside =
                without(&coverage->rules[number].of[k], &coverage->rules[i].of[k]);
            covers = is_empty(&outside);
        }
        if (covers) {
            return i;
        }
    }
    return number;
}

static enum status refuse_unreachable(const struct rules *rules, size_t number, size_t by,
                                      struct error *error)
{
    char pointer[32];
    (void)snprintf(pointer, sizeof pointer, "/rules/%zu", number);
    if (by < number) {
        return error_set_at(error, STATUS_INVALID, pointer,
                            "%s: can never be reached: the rule \"%s\" (/rules/%zu) holds whenever "
                            "it would; remove it or put it before that one",
                            pointer, rules->rules[by].name, by);
    }
    return error_set_at(error, STATUS_INVALID, pointer,
                        "%s: can never be reached: one of the rules before it holds whenever it "
                        "would; remove it or put it before them",
                        pointer);
}

/* Some rule holds for every call, or it cannot be told and the last has no conditions. */
static bool holds_for_all(struct coverage *coverage, const struct rules *rules)
{
    static const struct rule any = {.severities = RULES_SEVERITIES_ALL};
    make_box(coverage, &any, 0, &coverage->left[0]);
    size_t last = rules->count - 1;
    if (memcmp(&coverage->rules[last], &coverage->left[0], sizeof coverage->left[0]) == 0) {
        return true;
    }
    return !leaves_something(coverage, 0, rules->count);
}

static enum status check(struct coverage *coverage, const struct rules *rules, struct error *error)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (!note_rule(coverage, &rules->rules[i])) {
            return error_set_at(error, STATUS_INVALID, "/rules",
                                "/rules: have more than %d different fields, or more than %d "
                                "different texts of one field, of the category or of numbers",
                                RULES_FIELD_NAMES_MAX, RULES_DIFFERENT_MAX);
        }
    }
    coverage->times_count = rules_list_times(rules, coverage->times, ATOMS_MAX);
    if (coverage->times_count > ATOMS_MAX) {
        return error_set_at(error, STATUS_INVALID, "/rules",
                            "/rules: tell more than %d kinds of times apart: let fewer rules have "
                            "an \"at\"",
                            ATOMS_MAX);
    }
    for (size_t i = 0; i < rules->count; i++) {
        make_box(coverage, &rules->rules[i], UINT64_C(1) << i, &coverage->rules[i]);
    }
    for (size_t i = 0; i < rules->count; i++) {
        size_t by = covering(coverage, i);
        coverage->left[0] = coverage->rules[i];
        if (by < i || !leaves_something(coverage, 0, i)) {
            return refuse_unreachable(rules, i, by, error);
        }
    }
    if (!holds_for_all(coverage, rules)) {
        return error_set_at(error, STATUS_INVALID, "/rules",
                            "/rules: leave calls for which none holds; end with a rule that has no "
                            "\"when\"");
    }
    return STATUS_OK;
}

enum status rules_check_coverage(const struct rules *rules, struct arena *arena,
                                 struct error *error)
{
    if (rules->count == 0) {
        return STATUS_OK;
    }
    struct coverage *coverage = arena_alloc(arena, sizeof *coverage);
    if (coverage == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory to check the rules");
    }
    coverage->dimensions_count = DIMENSION_FIELDS;
    coverage->cuts_left = CUTS_MAX;
    return check(coverage, rules, error);
}
