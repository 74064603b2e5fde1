/* rules.h - what is to become of a call: a customer's qualification rules, the first match wins.
 *
 * {"rules":[
 *   {"name":"vital","when":{"severity":{"at_least":"major"},"category":["ascenseur","incendie"],
 *     "fields":{"site":"Bâtiment B"},"caller":{"number":["+33388*"],"name":{"present":true}},
 *     "hours":"closed","at":{"days":["saturday","sunday","holidays"],"from":"22:00","to":"06:00"}},
 *     "then":{"action":"escalate","procedure":"nuit-critique"}},
 *   {"name":"reste","then":{"action":"escalate"}}]}
 *
 * Without "when" a rule always holds; the conditions of one "when" must all hold. A severity is one
 * word, a list of words, or {"at_least":…,"at_most":…}; category, caller's number and fields are
 * one text, a list of texts, or {"present":true|false}; a caller's number is E.164 and may end
 * in "*", which is any further digits. Texts are compared byte by byte. "at" is one time of the
 * week on the customer's clock, or a list of times of which one must be: some days (left out: all),
 * from a minute (inclusive) to another (exclusive; left out: the whole day). One that does not end
 * later than it begins ends on the next day, and belongs to the day on which it begins. A holiday
 * is a day of its weekday as well: a rule for holidays goes before one for weekdays. A minute that
 * the clock shows twice, or skips, in the night of its change holds twice, or not at all.
 *
 * This room is pure: no clock, no I/O. Whether the customer is open, and what the customer's clock
 * shows, is handed in as a fact; what
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
#define RULES_TIMES_MAX          4 /* of one rule */

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

/* Bits of days: 1 << 0 Monday … 1 << 6 Sunday, and those that the customer keeps as holidays. */
#define RULE_DAY_HOLIDAYS 7u
#define RULE_DAYS_WEEK    0x7fu

/* Until to_minute of the next day, when that is not later than from_minute. */
struct rule_time {
    unsigned days; /* on which it begins; never none */
    int from_minute;
    int to_minute;
};

struct rule {
    char name[SLUG_BYTES_MAX];
    unsigned severities;     /* bits 1 << severity; never none */
    enum rules_hours hours;  /* UNKNOWN: any */
    struct rule_time *times; /* one of these; none: any time */
    size_t times_count;
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
    bool has_holidays;
};

/* Whether everything the rules name exists and every action has what it needs. STATUS_INVALID with
 * the pointer of the first that does not, and the remedy. */
enum status rules_check_references(const struct rules *rules, const struct rules_world *world,
                                   struct error *error) MUST_CHECK;

/* Whether each rule can be reached and some rule holds for every call. A rule is refused only when
 * the earlier ones, alone or together, certainly hold whenever it does; that is decided exactly for
 * all combinations of severity, hours, times, presence and texts, up to some 10 ms of work, beyond
 * which a rule counts as reachable and the last one must have no conditions. STATUS_INVALID with
 * the pointer of the first unreachable rule, or "/rules" when calls are left over.
 * STATUS_NO_MEMORY: some 300 KB of the arena are used for the work. No rules at all are in order.
 */
enum status rules_check_coverage(const struct rules *rules, struct arena *arena,
                                 struct error *error) MUST_CHECK;

/* ---- decide ---- */

struct rules_fact {
    const char *name;
    const char *value; /* never empty: such a field is absent */
};

/* What the customer's clock shows. */
struct rules_clock {
    bool is_known; /* otherwise the rest says nothing */
    int weekday;   /* 0 Monday … 6 */
    int minute;    /* of the day */
    int date_days; /* since 1970-01-01; rules do not look at it */
    bool holidays_known;
    bool holiday; /* that day */
    bool holiday_yesterday;
};

/* Whether any of them looks at the clock. */
bool rules_ask_time(const struct rules *rules);

#define RULES_TIME_WORDS_BYTES_MAX 160

/* "saturday/holidays from 22:00 to 06:00" */
void rules_time_words(const struct rule_time *time, bool french,
                      char words_r[RULES_TIME_WORDS_BYTES_MAX]);

/* A call, as far as rules look at it. Texts may be NULL: absent. */
struct rules_facts {
    enum severity severity;
    enum rules_hours hours;
    struct rules_clock clock;
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
 * hangs on opening hours, a time or holidays that are unknown; decision_r->rule and number then say
 * which rule asked, and the reasons are empty. */
enum status rules_decide(const struct rules *rules, const struct rules_facts *facts,
                         struct rules_decision *decision_r) MUST_CHECK;

#endif
