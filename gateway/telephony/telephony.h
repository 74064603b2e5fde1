/* telephony.h - asks the telephony layer and the call centre's software to act, by signed webhook.
 *
 * One thread runs libcurl's multi interface. Each request is signed as Standard Webhooks
 * (webhook-id = the attempt's id, the same over all tries) and tried until a 2xx, a final refusal
 * or its deadline. A 2xx means "the layer has it", never "a person was reached": what became of a
 * call comes back through the API.
 */
#ifndef GATEWAY_TELEPHONY_TELEPHONY_H
#define GATEWAY_TELEPHONY_TELEPHONY_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/clock.h"
#include "gateway/base/random.h"
#include "gateway/base/status.h"
#include "gateway/base/uuid.h"

#define TELEPHONY_BODY_BYTES_MAX    16384
#define TELEPHONY_REASON_BYTES_MAX  64
#define TELEPHONY_SECRETS_MAX       4 /* several while a secret rotates */
#define TELEPHONY_ENDPOINTS_MAX     64

enum telephony_outcome {
    TELEPHONY_DELIVERED,       /* a 2xx */
    TELEPHONY_REFUSED,         /* a 4xx that more tries cannot mend */
    TELEPHONY_RETRY_EXHAUSTED, /* tries failed until the deadline, none was ever fully written */
    TELEPHONY_EXPIRED,         /* the deadline passed before the first try */
    TELEPHONY_UNCERTAIN,       /* written at least once, no answer ever read */
};

struct telephony_result {
    enum telephony_outcome outcome;
    int http_status;
    char reason[TELEPHONY_REASON_BYTES_MAX]; /* "http_503", "connect", "timeout" … */
    unsigned tries;
};

/* One request. Copied by telephony_submit(). */
struct telephony_job {
    const char *endpoint;  /* name of a configured endpoint */
    struct uuid id;        /* webhook-id: the attempt */
    const char *body_json; /* sent as it is */
    struct monotonic_time deadline;
    /* Called once, from the telephony thread; must not block. */
    void (*complete)(void *context, const struct telephony_result *result);
    void *context;
};

/* Where to post, and what to sign with. */
struct telephony_endpoint {
    const char *name; /* slug, e.g. "telephony", "call-centre" */
    const char *url;  /* https, or http to loopback only */
    const char *secrets[TELEPHONY_SECRETS_MAX]; /* "whsec_<base64>"; all sign; NULL ends the list */
};

struct telephony_configuration {
    const struct telephony_endpoint *endpoints;
    size_t endpoints_count;
    const char *ca_file;       /* NULL: the system's */
    size_t jobs_max;           /* 0: 4 096 */
    int64_t try_timeout_ms;    /* for one try; 0: 5 000 */
    int64_t retry_first_ms;    /* wait before the second try; doubles, with jitter; 0: 500 */
    int64_t retry_ms_max;      /* 0: 30 000 */
    const struct clock_source *clock;
    const struct random_source *random;
};

/* A copy of the counters. */
struct telephony_statistics {
    uint64_t jobs_submitted;
    uint64_t outcomes[5]; /* by enum telephony_outcome */
    uint64_t tries;
    uint64_t jobs_inside;
};

struct telephony;

/* Checks the configuration and starts the thread. On failure *telephony_r is untouched. */
enum status telephony_create(const struct telephony_configuration *configuration,
                             struct telephony **telephony_r, struct error *error) MUST_CHECK;

/* Ends the jobs inside (uncertain or expired) with their calls, joins, frees and NULLs. */
void telephony_destroy(struct telephony **telephony);

/* Any thread; does not block. STATUS_NOT_FOUND: no such endpoint; STATUS_FULL; STATUS_TOO_LARGE;
 * on failure `complete` is never called. */
enum status telephony_submit(struct telephony *telephony, const struct telephony_job *job,
                             struct error *error) MUST_CHECK;

/* New endpoints and secrets (SIGHUP); on failure the old ones stay. */
enum status telephony_reload(struct telephony *telephony,
                             const struct telephony_configuration *configuration,
                             struct error *error) MUST_CHECK;

/* Any thread. */
void telephony_statistics(struct telephony *telephony, struct telephony_statistics *statistics_r);

const char *telephony_outcome_text(enum telephony_outcome outcome);

/* Checks a signature the way a receiver must (constant time, timestamp within tolerance_ms of now):
 * also what the tests' receiver uses. secret is "whsec_…". STATUS_UNAUTHENTICATED otherwise. */
enum status webhook_verify(const char *secret, const char *id, const char *timestamp,
                           const char *signatures, const void *body, size_t body_bytes,
                           struct wall_time now, int64_t tolerance_ms) MUST_CHECK;

#endif
