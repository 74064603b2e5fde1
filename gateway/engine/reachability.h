/* reachability.h - whether somebody can be reached now, path by path, and what shows it. Pure
 * functions of what the rows say: any thread, no clock. The directory is as old as the customer's
 * last change; so rows are what is looked at.
 */
#ifndef GATEWAY_ENGINE_REACHABILITY_H
#define GATEWAY_ENGINE_REACHABILITY_H

#include "gateway/base/time.h"
#include "gateway/store/store_number.h"
#include "gateway/store/store_standing.h"

/* A phone that was not heard of for longer is doubtful: it may be switched off or without a
 * network. The app says a word well within that time (POST …/contact). */
#define REACH_UNHEARD_MS (INT64_C(30) * 60000)
/* A test push that a phone did not confirm by then went wrong. */
#define REACH_TEST_MS INT64_C(60000)

/* In order of how good it is, the best first: a person is reached by the best of their phones. */
enum reach_state {
    REACH_PROVEN,      /* it came through, and the phone was heard of lately */
    REACH_DOUBTFUL,    /* it came through once; something speaks against it now */
    REACH_UNKNOWN,     /* nothing ever came through, nothing speaks against it */
    REACH_UNREACHABLE, /* there is no such path */
};

/* What the newest proof was. */
enum reach_proof {
    REACH_BY_NOTHING,
    REACH_BY_TEST,   /* a test push that the phone confirmed */
    REACH_BY_ALERT,  /* a real one */
    REACH_BY_KEY,    /* a key was pressed in a call */
    REACH_BY_ANSWER, /* somebody, or a voicemail, answered a call */
};

struct reach {
    enum reach_state state;
    struct wall_time since;     /* it is so since; WALL_NEVER: always was */
    enum reach_proof proof;     /* the last thing that came through */
    struct wall_time proven_at; /* when; WALL_NEVER */
    const char *why;            /* a fixed word when it is not proven; NULL otherwise */
    struct uuid proven_by;      /* of numbers: the call's attempt, or the ticket of a call that was
                                   put through; nil: not known */
};

/* Whether the app may show no notification: a word that a phone registered, or NULL. */
bool permission_is_denied(const char *permission);

/* The newest that was heard of the phone at all: it registered, confirmed, said a word. */
struct wall_time reach_heard_at(const struct device_row *device);

/* Of one phone. newest: its newest test push, or NULL. */
struct reach reach_of_device(const struct device_row *device, const struct device_test_row *newest,
                             struct wall_time now);

/* The best of several phones; of none: UNREACHABLE, "no_device". Retired ones count for nothing. */
struct reach reach_of_push(const struct reach *devices, size_t count);

/* Whether the best of an agent's live phones is doubtful because it was not heard of lately: what
 * never came through to any of them is unknown, and no doubt. None: no. */
bool reach_is_unheard(const struct device_heard_row *phones, size_t count, struct wall_time now);

/* Of one number. proof: what became of calls to it, or NULL. A call that was answered without a key
 * proves no more than that something answers: a voicemail does. */
struct reach reach_of_number(const char *phone, const struct number_proof_row *proof);

/* The best of several numbers, the first of those that are as good; which_r: its index. Of none:
 * UNREACHABLE, "no_number", and 0. */
struct reach reach_of_call(const struct reach *numbers, size_t count, size_t *which_r);

/* "proven", "doubtful", "unknown", "unreachable". */
const char *reach_state_word(enum reach_state state);
/* "test_push", "alert", "key", "answer"; NULL for nothing. */
const char *reach_proof_word(enum reach_proof proof);

#endif
