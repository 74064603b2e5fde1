/* telephony_health.h - whether an endpoint delivers, since when it does not, and what to say of it.
 *
 * A failure is a try without an answer (refused, unresolved, timed out, cut …) or with a 5xx. A 3xx
 * or 4xx is an answer about one job: it neither begins a failure nor ends one. An endpoint fails
 * from the first failure after its last delivery until the next delivery.
 *
 * Pure: time comes in. Plain data, of whoever holds it; no locks, no memory.
 */
#ifndef GATEWAY_TELEPHONY_TELEPHONY_HEALTH_H
#define GATEWAY_TELEPHONY_TELEPHONY_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/text.h"
#include "gateway/base/time.h"
#include "gateway/telephony/telephony.h"

/* With everything failing for longer than this, no way out is left. */
#define TELEPHONY_CUT_OFF_MS INT64_C(10000)

/* The last failure speaks for the present this long; nobody tried since, and nobody knows. */
#define TELEPHONY_FAILURE_LIFE_MS INT64_C(60000)

/* A failure that lasts is told, and told again: more than the minute in which the engine would keep
 * the same alarm back. */
#define TELEPHONY_TELL_AFTER_MS INT64_C(2000)
#define TELEPHONY_TELL_EVERY_MS INT64_C(61000)

/* Now, on both clocks: one to reckon with, one for people. */
struct telephony_moment {
    struct monotonic_time monotonic;
    struct wall_time wall;
};

/* Never: both are TIME_NEVER_MS. */
struct telephony_health {
    char endpoint[SLUG_BYTES_MAX];
    struct telephony_moment delivered_at;  /* the last 2xx */
    struct telephony_moment failing_since; /* the first failure after it; never: it does not fail */
    struct monotonic_time failed_at;       /* the last failure of these */
    char reason[TELEPHONY_REASON_BYTES_MAX]; /* why, as in telephony_result; empty: does not fail */
};

/* Nothing is known of it yet. */
void telephony_health_init(struct telephony_health *health, const char *endpoint);

void telephony_health_delivered(struct telephony_health *health, struct telephony_moment at);
void telephony_health_failed(struct telephony_health *health, struct telephony_moment at,
                             const char *reason);

bool telephony_health_is_failing(const struct telephony_health *health);

/* For how long it has been failing, in ms; 0 when it does not. */
int64_t telephony_health_failing_ms(const struct telephony_health *health,
                                    struct monotonic_time now);

/* "unused" (nothing is known), "up" or "down"; never NULL. */
const char *telephony_health_text(const struct telephony_health *health);

/* Whether nothing gets out any more: one of these has been failing for longer than
 * TELEPHONY_CUT_OFF_MS, lastly within TELEPHONY_FAILURE_LIFE_MS, and none of the others delivered
 * since it began. */
bool telephony_is_cut_off(const struct telephony_health *healths, size_t count,
                          struct monotonic_time now);

#define TELEPHONY_HEALTH_WORDS_BYTES_MAX 512

/* For people, of one that fails: its name, what fails, since when, the remedy. Of one that does
 * not: that it delivers again. */
void telephony_health_words(const struct telephony_health *health,
                            char words_r[TELEPHONY_HEALTH_WORDS_BYTES_MAX]);

/* ---- what was told of it ------------------------------------------------------------------- */

enum telephony_news {
    TELEPHONY_NO_NEWS,
    TELEPHONY_FAILS, /* to be told now, for the first time or again */
    TELEPHONY_DELIVERS_AGAIN,
};

/* All 0 at first. */
struct telephony_watch {
    struct {
        char endpoint[SLUG_BYTES_MAX]; /* empty: free */
        bool failing;                  /* the last that was told */
        struct monotonic_time told_at; /* when a failure was told last */
    } told[TELEPHONY_ENDPOINTS_MAX];
};

/* What is to be told of the endpoint now; asked again and again, from one thread. A failure is told
 * once it lasts TELEPHONY_TELL_AFTER_MS and every TELEPHONY_TELL_EVERY_MS while it goes on, however
 * often it ends between; its end once, when the failure was told. */
enum telephony_news telephony_watch_look(struct telephony_watch *watch,
                                         const struct telephony_health *health,
                                         struct monotonic_time now);

#endif
