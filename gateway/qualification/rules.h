/* rules.h - what is to become of a call: a customer's qualification rules, the first match wins.
 *
 * {"rules":[
 *   {"name":"vital","when":{"severity":{"at_least":"major"},"category":["ascenseur","incendie"],
 *     "fields":{"site":"Bâtiment B"},"caller":{"number":["+33388*"],"name":{"present":true}},
 *     "hours":"closed"},"then":{"action":"escalate","procedure":"nuit-critique"}},
 *   {"name":"reste","then":{"action":"escalate"}}]}
 *
 * Without "when" a rule always holds; the conditions of one "when" must all hold. A severity is one
 * word, a list of words, or {"at_least":…,"at_most":…}; category, caller's number and fields are
 * one text, a list of texts, or {"present":true|false}; a caller's number is E.164 and may end
 * in "*", which is any further digits. Texts are compared byte by byte.
 *
 * This room is pure: no clock, no I/O. Whether the customer is open is handed in as a fact; what
 * carries a decision out is the engine's business. Every function may be called from any thread.
 */
#ifndef GATEWAY_QUALIFICATION_RULES_H
#define GATEWAY_QUALIFICATION_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/arena.h"
#include "gateway/base/status.h"
#include "gateway/base/text.h"
#include "gateway/core/words.h"

#define RULES_MAX                64
#define RULES_TEXTS_MAX          32  /* of one condition */
#define RULES_DIFFERENT_MAX      254 /* texts that all rules together name of one thing */
#define RULES_CATEGORY_BYTES_MAX 120
#define RULES_TEXT_BYTES_MAX     500 /* of a field's value */
#define RULES_FIELDS_MAX         8   /* of one rule */
#define RULES_FIELD_NAMES_MAX    32
#define RULES_NAME_BYTES_MAX     64 /* of a field */
#define RULES_BECAUSE_BYTES_MAX  512

/* What becomes of the call. Numbers are not stored; the words are. */
#define RULE_ACTION_TABLE(X)                                                                       \
    X(ESCALATE, 0, "escalate") /* now, with a procedure or the customer's default */               \
    X(HOLD, 1, "hold")         /* a ticket now, escalated when the customer opens */               \
    X(TICKET, 2, "ticket")     /* a ticket, nobody is woken */                                     \
    X(FORWARD, 3, "forward")   /* the call itself goes to whoever is on call */

#define X_(name, number, word) RULE_##name = (number),
enum rule_action { RULE_ACTION_TABLE(X_) };
#undef X_

/* The action's word; never NULL. */
const char *rule_action_word(enum rule_action action);
extern const char *const rule_action_words[]; /* NULL-terminated, by number */

/* Of the customer at the moment of the call. */
enum rules_hours { RULES_HOURS_UNKNOWN, RULES_HOURS_OPEN, RULES_HOURS_CLOSED };

struct rule_text {
    const char *text;
    size_t bytes;
    bool begins; /* what begins so, too: a number with "*" */
};

enum rule_test { RULE_ANYTHING, RULE_ONE_OF, RULE_PRESENT, RULE_ABSENT };

struct rule_condition {
    enum rule_test test;
    struct rule_text *texts; /* ONE_OF: never empty, all different */
    size_t texts_count;
};

struct rule_field {
    const char *name;
    struct rule_condition condition;
};

struct rule {
    char name[SLUG_BYTES_MAX];
    unsigned severities;    /* bits 1 << severity; never none */
    enum rules_hours hours; /* UNKNOWN: any */
    struct rule_condition category;
    struct rule_condition caller_number;
    struct rule_condition caller_name; /* never ONE_OF */
    struct rule_field *fields;         /* names differ */
    size_t fields_count;
    enum rule_action action;
    char procedure[SLUG_BYTES_MAX]; /* ESCALATE, HOLD: "" is the customer's default */
    char on_call[SLUG_BYTES_MAX];   /* FORWARD: the role whose agent takes the call */
};

/* Immutable once parsed. */
struct rules {
    struct rule *rules;
    size_t count; /* 0: nothing is decided */
};

/* Reads the JSON form strictly. Memory comes from the arena; the text is not needed any more.
 * STATUS_INVALID with the JSON pointer of the first fault: not JSON, an unknown member, a limit,
 * two rules of one name. STATUS_NO_MEMORY: the arena is full. On failure *rules_r is untouched. */
enum status rules_parse(const char *json, size_t json_bytes, struct arena *arena,
                        struct rules **rules_r, struct error *error) MUST_CHECK;

/* ---- check ---- */

enum rules_reference { RULES_REFERENCE_KNOWN, RULES_REFERENCE_UNKNOWN, RULES_REFERENCE_NO_CHOICE };

/* What a customer has that rules may name. The functions are asked with `context`. */
struct rules_world {
    const void *context;
    bool (*has_procedure)(const void *context, const char *slug);
    bool (*has_role)(const void *context, const char *slug);
    /* Whether the ticket has the field and (value not NULL) whether that can be its value. NULL:
     * fields are not declared, any name will do. */
    enum rules_reference (*field)(const void *context, const char *name, const char *value);
    bool has_default_procedure;
    bool has_opening_hours;
};

/* Whether everything the rules name exists and every action has what it needs. STATUS_INVALID with
 * the pointer of the first that does not, and the remedy. */
enum status rules_check_references(const struct rules *rules, const struct rules_world *world,
                                   struct error *error) MUST_CHECK;

/* Whether each rule can be reached and some rule holds for every call. A rule is refused only when
 * the earlier ones, alone or together, certainly hold whenever it does; that is decided exactly for
 * all combinations of severity, hours, presence and texts, up to some 10 ms of work, beyond which a
 * rule counts as reachable and the last one must have no conditions. STATUS_INVALID with the
 * pointer of the first unreachable rule, or "/rules" when calls are left over. STATUS_NO_MEMORY:
 * some 300 KB of the arena are used for the work. No rules at all are in order. */
enum status rules_check_coverage(const struct rules *rules, struct arena *arena,
                                 struct error *error) MUST_CHECK;

/* ---- decide ---- */

struct rules_fact {
    const char *name;
    const char *value; /* never empty: such a field is absent */
};

/* A call, as far as rules look at it. Texts may be NULL: absent. */
struct rules_facts {
    enum severity severity;
    enum rules_hours hours;
    const char *category;
    const char *caller_number; /* E.164, or what was given instead */
    bool caller_named;
    const struct rules_fact *fields;
    size_t fields_count;
};

struct rules_decision {
    const struct rule *rule;
    size_t number; /* its place, from 0 */
    /* The conditions that held, as a sentence without a full stop; cut at the end with "…". */
    char because_fr[RULES_BECAUSE_BYTES_MAX];
    char because_en[RULES_BECAUSE_BYTES_MAX];
};

/* The first rule that holds. Allocates nothing. STATUS_NOT_FOUND: none does. STATUS_UNAVAILABLE: it
 * hangs on opening hours that are unknown; decision_r->rule and number then say which rule asked,
 * and the reasons are empty. */
enum status rules_decide(const struct rules *rules, const struct rules_facts *facts,
                         struct rules_decision *decision_r) MUST_CHECK;

#endif
