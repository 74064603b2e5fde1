/* coverage.h - whether somebody will be there: gaps of rotas, people who cannot be reached, the
 * same person twice at once, procedures that reach nobody, rest that was too short, and how long it
 * takes at most until a human has it.
 *
 * Computes on one customer of a directory, with the rotas compiled anew for the time asked about.
 * Pure but for that: any thread, no clock, no rows.
 *
 * What is counted, exactly:
 * - Rotas: those that a procedure names, in its steps or among its "exhausted". A rota meant to
 * rest by day has a gap each day: a gap is where nobody is on call, whatever was meant.
 * - Reachable by push: a live device, proven or not; by call: a telephone number. In a shift to
 *   come also who has a PIN and shares a phone that is registered: they sign in on it then.
 * - A number is proven by a call that was answered, with a key or without; one of several is
 *   enough, as they are called one after the other.
 * - May not notify: the app's permission is denied, as it said when it registered last.
 * - Whose check-in a procedure asks for counts as nobody: they are who is missing, and a procedure
 *   that names only them reaches nobody else.
 * - Twice at once: one agent, or two with a number in common, in two rotas of this customer.
 * - Until a human: nobody answers but the last person asked, at the last moment; providers and
 * lines work. What the call centre does once it is told that nobody took it is not counted.
 * - Rest: what is known here to be work is interventions, from acceptance to the end of holding it.
 *   On-call duty counts as rest but for them (Code du travail, L3121-9, L3121-10). Working hours
 *   and other customers' nights are not known here, so that what is reported is a breach for sure
 *   and what is not may still be one.
 * - Published: all rotas, of customers who publish; not told is what begins in fewer days than the
 *   customer gives notice.
 */
#ifndef GATEWAY_COVERAGE_COVERAGE_H
#define GATEWAY_COVERAGE_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/status.h"
#include "gateway/base/time.h"
#include "gateway/coverage/publication.h"
#include "gateway/engine/directory.h"
#include "gateway/engine/engine.h"

#define COVERAGE_DAYS_MAX          90
#define COVERAGE_FINDINGS_MAX      500 /* of a customer; more are counted */
#define COVERAGE_ALIKE_MAX         20  /* of one kind about one thing, likewise */
#define COVERAGE_INTERVENTIONS_MAX 4096
#define COVERAGE_WEEKS             3 /* looked back over for rest, the running one included */
/* Procedures that may last longer are not judged, nor such that meet more changes of people. */
#define COVERAGE_PROCEDURE_MS_MAX (INT64_C(31) * 86400000)
#define COVERAGE_SEGMENTS_MAX     200000

enum coverage_kind {
    COVERAGE_GAP,       /* nobody is on call in a rota */
    COVERAGE_NO_ROTA,   /* a procedure names a rota that is not there or does not compile */
    COVERAGE_NO_NUMBER, /* asked by call, and has no number; from: the first time in the window */
    COVERAGE_NO_DEVICE, /* asked by push, and has no live device */
    COVERAGE_UNPROVEN,  /* asked by push, and no live device was ever proven to receive */
    COVERAGE_NO_PERMISSION,      /* asked by push, and no live device of theirs may notify */
    COVERAGE_NUMBER_UNPROVEN,    /* asked by call, and no call to any number of theirs was answered
                                    in so long a time */
    COVERAGE_NUMBER_UNCONFIRMED, /* asked by call, and checked in by the app without saying that
                                    their numbers, as they are now, are right */
    COVERAGE_TWICE,              /* one person in two rotas at once */
    COVERAGE_NOBODY,             /* a procedure that starts then reaches nobody in any step */
    COVERAGE_DAILY_REST,       /* an intervention with too short a rest both before and after it */
    COVERAGE_WEEKLY_REST,      /* a week without a rest that is long enough */
    COVERAGE_NOT_JUDGED,       /* a procedure beyond PROCEDURE_MS_MAX or SEGMENTS_MAX */
    COVERAGE_NOT_PUBLISHED,    /* soon on call, and never told so */
    COVERAGE_CHANGED,          /* planned otherwise than was told */
    COVERAGE_CHECK_IN_UNASKED, /* a rota's check-in plan runs a procedure that never reminds */
    COVERAGE_NO_CHECK_IN,      /* a rota that a procedure names has no plan, and others have one */
    COVERAGE_TOO_FEW, /* a step of a procedure wants more people than all its steps reach then */
    COVERAGE_KINDS_COUNT,
};

/* Members that do not apply are NULL or 0. Everything is borrowed from the customer. */
struct coverage_finding {
    enum coverage_kind kind;
    struct wall_time from;
    struct wall_time to;
    const char *rota;
    const char *with_rota;
    const char *procedure;
    const struct directory_person *person;
    const struct directory_person *with_person; /* TWICE: the other slug of the same number */
    int64_t rest_ms;                            /* the longest there was */
    bool lost; /* CHANGED: told, and not on call any more; otherwise the reverse */
};

/* How a procedure does, whenever in the window it starts. */
struct coverage_procedure {
    const char *slug;
    bool judged;
    int64_t human_ms;       /* the longest until a human has it; -1: it never reaches anybody */
    struct wall_time worst; /* the first start that takes so long */
    int64_t nobody_ms;      /* for how long of the window a start reaches nobody */
};

/* One agent at work, from acceptance to the end. */
struct coverage_intervention {
    int64_t agent_id;
    struct wall_time from;
    struct wall_time to;
};

/* What agents were told of one rota. */
struct coverage_told {
    const char *rota; /* slug */
    struct publication_history history;
};

struct coverage_request {
    const struct directory_customer *customer;
    struct wall_time now; /* the window is [now, now + days) */
    int days;
    int64_t daily_rest_ms;  /* Code du travail, L3131-1: 11 hours; 0: not looked at */
    int64_t weekly_rest_ms; /* L3132-2: 24 + 11 hours; 0: not looked at */
    const struct coverage_intervention *interventions; /* in any order */
    size_t interventions_count;
    /* Devices that their rows say were proven, by id, ascending: the directory knows only of those
     * that were when the customer was last changed. */
    const int64_t *proven;
    size_t proven_count;
    const int64_t *with_pin; /* agents who can sign in on phones that they share, likewise */
    size_t with_pin_count;
    int64_t number_proof_ms; /* for so long an answered call proves a number; 0: not looked at */
    const int64_t *answered; /* agents of whom a number was answered within that time, likewise */
    size_t answered_count;
    const int64_t *unconfirmed; /* agents checked in without a number confirmed, likewise */
    size_t unconfirmed_count;
    bool publishes; /* the customer ever published anything; otherwise nothing is said of it */
    const struct coverage_told *told; /* of rotas that were, as far as the window is concerned */
    size_t told_count;
};

struct coverage {
    const struct coverage_finding *findings; /* by kind, then by time */
    size_t findings_count;
    size_t left_off; /* beyond the limits */
    const struct coverage_procedure *procedures;
    size_t procedures_count;
};

/* Computes it all; the result lives in the arena. STATUS_NO_MEMORY; STATUS_NOT_FOUND or
 * STATUS_CORRUPT: the customer's time zone cannot be read. */
enum status coverage_compute(const struct coverage_request *request,
                             const struct engine_rotas *rotas, struct arena *arena,
                             struct coverage *coverage_r, struct error *error) MUST_CHECK;

/* The first moment that is looked back to for rest: the beginning, on the zone's clock, of a Monday
 * WEEKS - 1 weeks before that of now's week. Statuses as moment_week(). */
enum status coverage_looks_back_to(const char *zone, struct wall_time now, struct arena *arena,
                                   struct wall_time *from_r, struct error *error) MUST_CHECK;

/* "gap", …; never NULL. */
const char *coverage_kind_word(enum coverage_kind kind);

#endif
