/* procedure.h - what was agreed with a customer: whom to reach, through what, how long to wait.
 *
 * A procedure is an immutable version; an escalation pins the one it started with.
 */
#ifndef GATEWAY_CORE_PROCEDURE_H
#define GATEWAY_CORE_PROCEDURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/status.h"
#include "gateway/base/text.h"

#define PROCEDURE_STEPS_MAX      20
#define PROCEDURE_TARGETS_MAX    16
#define PROCEDURE_ROUNDS_MAX     10
#define PROCEDURE_EXHAUSTED_MAX  16
#define PROCEDURE_JSON_BYTES_MAX 32768
#define ACCEPTANCES_MAX          8         /* that a step may ask for */
#define PROCEDURE_WHEN_BUSY      "renfort" /* unless it says otherwise */
#define PROCEDURE_NAME_BYTES_MAX 121       /* of who approved it, and the terminator */
#define DATE_BYTES_MAX           11        /* "2026-11-30"; such texts compare as dates do */

enum target_kind {
    TARGET_ON_CALL,
    TARGET_AGENT,
    TARGET_CONTACT,
    TARGET_CALLBACK,
    TARGET_CHECK_IN, /* whose check-in is asked for; nobody when it is about a caller */
};

/* Bits of a path mask. */
#define VIA_PUSH 1u
#define VIA_CALL 2u

/* One entry of a step's "notify" or of "exhausted". */
struct procedure_target {
    enum target_kind kind;
    char name[SLUG_BYTES_MAX]; /* role, agent, contact or callback endpoint; of a check-in, "agent"
                                */
    unsigned via;              /* paths; only used by entries of "exhausted" */
};

struct procedure_step {
    struct procedure_target *targets;
    size_t targets_count;
    unsigned via;
    int64_t received_within_ms; /* 0: reception does not matter */
    int64_t accepted_within_ms;
    int acceptances; /* so many people are wanted: the holder and, beside them, members */
};

struct procedure {
    char slug[SLUG_BYTES_MAX];
    int rounds;
    int64_t round_spacing_ms;
    int64_t progress_within_ms;
    int64_t holder_silent_ms;
    int64_t exhausted_every_ms;
    int64_t promise_warning_ms;
    bool doubtful_calls_too;        /* a push to phones that were not heard of lately calls too */
    char when_busy[SLUG_BYTES_MAX]; /* the role that is asked beside an agent who is busy or
                                       paused; "": none */
    int64_t offer_within_ms;        /* for an answer by whoever is asked by name */
    bool offer_at_shift_end;        /* who is on call then is asked to take over from the holder */
    struct procedure_step *steps;
    size_t steps_count;
    struct procedure_target *exhausted; /* never empty */
    size_t exhausted_count;
    char approved_by[PROCEDURE_NAME_BYTES_MAX]; /* at the customer; "": nobody did */
    char approved_on[DATE_BYTES_MAX];           /* with approved_by; otherwise "" */
    char review_on[DATE_BYTES_MAX];             /* by when it is to be looked at again; "": never */
};

/* How a version stands with the customer. None of it keeps it from being run. */
enum procedure_paper { PAPER_IN_ORDER, PAPER_UNAPPROVED, PAPER_REVIEW_DUE };

/* Reads the JSON form (schema/openapi.yaml) strictly: unknown fields are refused. Memory comes from
 * the arena. slug is the name in the URL; a "slug" member must equal it. STATUS_INVALID with the
 * JSON pointer of the fault. */
enum status procedure_parse(const char *json, size_t json_bytes, const char *slug,
                            struct arena *arena, struct procedure **procedure_r,
                            struct error *error) MUST_CHECK;

/* today: "2026-11-30", or a longer text that begins so. A review is due from the day behind its
 * date; what nobody approved is unapproved first of all. */
enum procedure_paper procedure_paper(const struct procedure *procedure, const char *today);
/* "in_order", "unapproved", "review_due". */
const char *procedure_paper_word(enum procedure_paper paper);

/* Whether one of its steps is for the agent whose check-in is missing. */
bool procedure_asks_check_in(const struct procedure *procedure);

/* The procedure used when a customer has none that works: tells the call centre at once and again
 * every minute. Static; never freed. */
const struct procedure *procedure_of_last_resort(void);

#endif
