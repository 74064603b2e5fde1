/* telephony.h - asks the telephony layer and the call centre's software to act, by signed webhook.
 *
 * One thread runs libcurl's multi interface. Each request is signed as Standard Webhooks
 * (webhook-id = the attempt's id, the same over all tries; the timestamp is fresh) and tried until
 * a 2xx, a final refusal or its deadline. A 2xx means "the layer has it", never "a person was
 * reached": what became of a call comes back through the API.
 *
 * Which answer ends a job: 2xx delivers; 3xx (redirects are not followed) and 4xx refuse for good,
 * except 408, 425 and 429; these, every 5xx and every failure to get an answer are tried again,
 * with exponential backoff and jitter or after the peer's Retry-After. When the next try would
 * begin too late, one last try is made early enough to be answered before the deadline, if there
 * is room for it; otherwise the job ends at once, so that the next path can begin.
 *
 * A receiver whose Date is minutes from our wall clock gets timestamps by its own; what it refused
 * before that was known is tried again at once.
 *
 * Not here: what to ask and whom (dispatch), what an outcome means (engine).
 */
#ifndef GATEWAY_TELEPHONY_TELEPHONY_H
#define GATEWAY_TELEPHONY_TELEPHONY_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/burden.h"
#include "gateway/base/clock.h"
#include "gateway/base/random.h"
#include "gateway/base/status.h"
#include "gateway/base/uuid.h"

#define TELEPHONY_BODY_BYTES_MAX   16384
#define TELEPHONY_REASON_BYTES_MAX 64
#define TELEPHONY_SECRETS_MAX      4 /* several while a secret rotates */
#define TELEPHONY_ENDPOINTS_MAX    64
#define TELEPHONY_JOBS_MAX         65536 /* the most that jobs_max may ask for */

/* Once a try was written and stayed without an answer, only a 2xx makes the job certain again. */
enum telephony_outcome {
    TELEPHONY_DELIVERED,       /* a 2xx */
    TELEPHONY_REFUSED,         /* a 3xx or 4xx that more tries cannot mend, or endpoint removed */
    TELEPHONY_RETRY_EXHAUSTED, /* every try was answered "not now" or never left the machine */
    TELEPHONY_EXPIRED,         /* the deadline passed before the first try */
    TELEPHONY_UNCERTAIN,       /* a try was written (wholly or in part) and never answered; a
                                  502 or 504 is a proxy's word and answers for nobody */
};
#define TELEPHONY_OUTCOMES 5

struct telephony_result {
    enum telephony_outcome outcome;
    int http_status; /* of the last answer; 0 when there was none */
    /* Why the last try failed: "http_<status>", "connect", "resolve", "tls", "timeout", "cut",
     * "deadline", "endpoint_removed", "stopping" …; empty when delivered. */
    char reason[TELEPHONY_REASON_BYTES_MAX];
    unsigned tries;
};

/* One request. Copied by telephony_submit(). */
struct telephony_job {
    const char *endpoint;  /* name of a configured endpoint */
    struct uuid id;        /* webhook-id: the attempt */
    const char *body_json; /* sent as it is */
    struct monotonic_time deadline;
    /* Called exactly once, from the telephony thread; must not block, may submit. The result lives
     * for the call. */
    void (*complete)(void *context, const struct telephony_result *result);
    void *context;
    struct burden burden; /* of the thread while it works on this job; zeroed: none */
};

/* How an endpoint is asked. Not signed is what needs no proof of who sent it: a heartbeat, whose
 * address is the secret. */
enum telephony_request {
    TELEPHONY_SIGNED_POST,
    TELEPHONY_POST,
    TELEPHONY_GET, /* the job's body stays at home */
};

/* Where to send requests, how, and what to sign with. */
struct telephony_endpoint {
    enum telephony_request request;
    const char *name;    /* slug, e.g. "telephony", "call-centre" */
    const char *section; /* "[endpoint.telephony]": how errors call it; NULL: by its name */
    const char *url;     /* https, or http to loopback only; no user, no fragment */
    const char *secrets[TELEPHONY_SECRETS_MAX]; /* "whsec_<base64>"; all sign; NULL ends the list */
};

struct telephony_configuration {
    const struct telephony_endpoint *endpoints;
    size_t endpoints_count;
    const char *ca_file;    /* NULL: the system's */
    size_t jobs_max;        /* 0: 4 096 */
    int64_t try_timeout_ms; /* for one try; 0: 5 000 */
    int64_t retry_first_ms; /* wait before the second try; doubles, with jitter; 0: 500 */
    int64_t retry_ms_max;   /* 0: 30 000 */
    const struct clock_source *clock;
    const struct random_source *random;
};

/* A copy of the counters. */
struct telephony_statistics {
    uint64_t jobs_submitted;
    uint64_t outcomes[TELEPHONY_OUTCOMES]; /* by enum telephony_outcome */
    uint64_t tries;
    uint64_t jobs_inside;
};

struct telephony;

/* Checks the configuration, copies it and starts the thread; clock and random stay the caller's and
 * outlive it. STATUS_CONFIGURATION (the error names the endpoint, never its URL or secrets; or
 * the CA file, which must hold a certificate), STATUS_NO_MEMORY, STATUS_IO. On failure *telephony_r
 * is untouched. */
enum status telephony_create(const struct telephony_configuration *configuration,
                             struct telephony **telephony_r, struct error *error) MUST_CHECK;

/* Ends the jobs inside, each with its call and the reason "stopping": uncertain if a try was
 * written and not answered, else retry exhausted, else (never tried) expired. Joins the thread,
 * frees and NULLs; NULL is fine. Nobody may submit any more. Not from a completion. */
void telephony_destroy(struct telephony **telephony);

/* Any thread; does not block. STATUS_NOT_FOUND: no such endpoint; STATUS_FULL: jobs_max are inside;
 * STATUS_TOO_LARGE: the body; STATUS_NO_MEMORY; STATUS_STOPPING (from a completion). On failure
 * `complete` is never called. */
enum status telephony_submit(struct telephony *telephony, const struct telephony_job *job,
                             struct error *error) MUST_CHECK;

/* For so long only one try is under way, whatever the endpoint: whoever the thread then dies of is
 * known (burden.h). For a process whose last one died of nobody knows what. Any thread. */
void telephony_go_one_at_a_time(struct telephony *telephony, int64_t ms);

/* New endpoints, secrets, CA file and times (SIGHUP), from the next try on, also for jobs inside;
 * jobs_max, clock and random stay as they were. Any thread. On failure the old ones stay. */
enum status telephony_reload(struct telephony *telephony,
                             const struct telephony_configuration *configuration,
                             struct error *error) MUST_CHECK;

/* Any thread; does not block: asks the thread to show that it turns. Answers when the newest of the
 * earlier calls was made that it has answered; at first, when it was created. */
struct monotonic_time telephony_pulse(struct telephony *telephony);

struct telephony_health; /* telephony_health.h */

/* How each configured endpoint is doing, but for the one named `except` (NULL: all). Any thread;
 * copies into healths_r, which has room for TELEPHONY_ENDPOINTS_MAX, and answers how many. */
size_t telephony_healths(struct telephony *telephony, const char *except,
                         struct telephony_health *healths_r);

/* Any thread. */
void telephony_statistics(struct telephony *telephony, struct telephony_statistics *statistics_r);

/* The stable lower-case word ("retry_exhausted"); never NULL. */
const char *telephony_outcome_text(enum telephony_outcome outcome);

/* Checks a signature the way a receiver must (constant time, timestamp within tolerance_ms of now):
 * also what the tests' receiver uses. secret is "whsec_…"; signatures is the header's whole value,
 * of which one "v1," entry must match. STATUS_UNAUTHENTICATED otherwise, STATUS_CONFIGURATION for a
 * malformed secret. Source: Standard Webhooks 1.0.0, "Verifying signatures". Any thread. */
enum status webhook_verify(const char *secret, const char *id, const char *timestamp,
                           const char *signatures, const void *body, size_t body_bytes,
                           struct wall_time now, int64_t tolerance_ms) MUST_CHECK;

#endif
