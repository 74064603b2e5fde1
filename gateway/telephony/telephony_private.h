/* telephony_private.h - what the files of this room share, and what its unit tests look into. */
#ifndef GATEWAY_TELEPHONY_TELEPHONY_PRIVATE_H
#define GATEWAY_TELEPHONY_TELEPHONY_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#include "gateway/base/digest.h"
#include "gateway/base/encoding.h"
#include "gateway/base/text.h"
#include "gateway/telephony/telephony.h"
#include "gateway/telephony/telephony_health.h"

/* ---- webhook_signature.c: Standard Webhooks 1.0.0, symmetric signatures ------------------- */

/* The specification's limits for a symmetric secret. */
#define WEBHOOK_SECRET_BYTES_MIN 24
#define WEBHOOK_SECRET_BYTES_MAX 64

struct webhook_secret {
    uint8_t bytes[WEBHOOK_SECRET_BYTES_MAX];
    size_t length;
};

/* "v1,<base64>" and a space or terminator, for each secret. */
#define WEBHOOK_SIGNATURES_BYTES_MAX                                                               \
    (TELEPHONY_SECRETS_MAX * (sizeof "v1," - 1 + BASE64_TEXT_BYTES(DIGEST_BYTES)))

/* Reads "whsec_<base64>". STATUS_CONFIGURATION otherwise. */
enum status webhook_secret_decode(const char *text, struct webhook_secret *secret_r) MUST_CHECK;

/* Writes the value of the header webhook-signature: one entry a secret, separated by spaces. */
void webhook_sign(const struct webhook_secret *secrets, size_t secrets_count, const char *id,
                  int64_t timestamp_s, const void *body, size_t body_bytes,
                  char signatures_r[WEBHOOK_SIGNATURES_BYTES_MAX]);

/* ---- webhook_policy.c: what an answer means and when to try again; pure ------------------- */

/* However far the deadline is. */
#define WEBHOOK_TRIES_MAX 1000

/* Another try is only made with at least this much left: one that is written but has no time for
 * its answer makes uncertain what was certain. */
#define WEBHOOK_TRY_ROOM_MS 100

enum webhook_verdict {
    WEBHOOK_TAKEN,      /* 2xx */
    WEBHOOK_REFUSED,    /* final */
    WEBHOOK_NOT_NOW,    /* answered: not done, may be asked again */
    WEBHOOK_UNANSWERED, /* written, and nobody knows what became of it */
    WEBHOOK_UNSENT,     /* not a byte of the request left */
};

struct webhook_times {
    int64_t try_timeout_ms;
    int64_t retry_first_ms;
    int64_t retry_ms_max;
};

/* Judges one try. http_status is 0 when no answer was read; written says whether any byte of the
 * request was handed to the network. */
enum webhook_verdict webhook_judge(int http_status, bool written);

/* Whether a try that ended so says that the endpoint itself fails: it gave no answer, or an error
 * of its own. What it refuses is one job. */
bool webhook_is_endpoint_failure(int http_status);

/* The wait after tries_made (≥ 1) failed tries: between half of and the whole of
 * first * 2^(tries_made - 1), capped at max. draw is a uniformly random number. */
int64_t webhook_backoff_ms(unsigned tries_made, const struct webhook_times *times, uint64_t draw);

/* When to try again after a failed try, as telephony.h's header comment says; false: not any more.
 * retry_after_ms is what the peer asked for, or 0. */
bool webhook_next_try(unsigned tries_made, const struct webhook_times *times,
                      int64_t retry_after_ms, uint64_t draw, struct monotonic_time now,
                      struct monotonic_time deadline, struct monotonic_time *at_r);

/* Receivers refuse a timestamp that is minutes off. */
#define WEBHOOK_SKEW_MS_TOLERATED INT64_C(60000)

/* How far the receiver's clock is ahead of ours, from its answer's Date; 0 when that is tolerated,
 * or theirs is WALL_NEVER. */
int64_t webhook_skew_ms(struct wall_time theirs, struct wall_time ours);

/* Whether a refusal may only mean a timestamp that was made with another skew than is known now. */
bool webhook_was_mistimed(enum webhook_verdict verdict, int64_t signed_skew_ms, int64_t skew_ms);

/* What a finished job is called: verdict is that of its last try, unanswered whether any try before
 * was WEBHOOK_UNANSWERED. */
enum telephony_outcome webhook_outcome(enum webhook_verdict verdict, bool unanswered,
                                       unsigned tries);

/* ---- telephony_endpoint.c: checked copies of the configuration ---------------------------- */

struct endpoint {
    char name[SLUG_BYTES_MAX];
    enum telephony_request request;
    char *url;
    struct webhook_secret secrets[TELEPHONY_SECRETS_MAX];
    size_t secrets_count;
};

/* Checks and copies one endpoint. */
enum status telephony_endpoint_create(const struct telephony_endpoint *from,
                                      struct endpoint **endpoint_r, struct error *error) MUST_CHECK;

/* Wipes the secrets, frees and NULLs; NULL is fine. */
void telephony_endpoint_destroy(struct endpoint **endpoint);

/* ---- jobs ---------------------------------------------------------------------------------- */

/* Where a job is decides what its `next` and `heap_index` mean. */
enum job_place {
    JOB_INBOX,   /* submitted, not yet seen by the thread */
    JOB_READY,   /* in its lane's line, and in the heap at its deadline */
    JOB_FLYING,  /* a try is under way; libcurl keeps its time */
    JOB_WAITING, /* in the heap at its next try */
};

struct lane;

struct job {
    struct job *next;
    struct job *previous; /* lists are doubly linked: a ready job may expire mid-line */
    struct lane *lane;
    enum job_place place;
    size_t heap_index;
    struct monotonic_time wake;

    struct uuid id;
    struct monotonic_time deadline;
    void (*complete)(void *context, const struct telephony_result *result);
    void *context;
    struct burden burden;

    CURL *easy;                 /* the try under way */
    struct curl_slist *headers; /* libcurl borrows them for the try */
    size_t response_bytes;
    int64_t skew_ms; /* that the try's timestamp was made with */
    bool mistimed;   /* a try was refused for its timestamp */
    bool unanswered; /* a try was written and never answered */
    struct telephony_result result;

    size_t body_bytes;
    char *body; /* in the same allocation */
};

struct job_list {
    struct job *first;
    struct job *last;
};

/* A min-heap by `wake`, of fixed capacity: what is due next. */
struct job_heap {
    struct job **jobs;
    size_t count;
    size_t capacity;
};

void job_list_append(struct job_list *list, struct job *job);
void job_list_remove(struct job_list *list, struct job *job);

/* The caller has set job->wake and guarantees room. */
void job_heap_push(struct job_heap *heap, struct job *job);
void job_heap_remove(struct job_heap *heap, struct job *job);

/* ---- the whole ----------------------------------------------------------------------------- */

/* How many requests are under way to one endpoint at a time; more wait in line, so that a dead
 * endpoint takes nothing from the others. */
#define LANE_FLYING_MAX 32

/* Over all reloads: an endpoint's lane stays, also when it is no longer configured. */
#define LANES_MAX 256

/* One endpoint name: its configuration and the jobs for it. Lives until telephony_destroy(), so
 * that a job may always point at it. */
struct lane {
    struct lane *next; /* under the lock */
    char name[SLUG_BYTES_MAX];
    struct endpoint *endpoint;      /* under the lock; NULL when no longer configured */
    struct telephony_health health; /* under the lock; begins anew with another URL */

    struct job_list ready; /* thread only, as all below */
    size_t flying;
    int64_t skew_ms; /* the receiver's clock minus ours, as far as it matters */
};

struct telephony {
    pthread_mutex_t lock;
    pthread_t thread;
    CURLM *multi;
    const struct clock_source *clock;
    const struct random_source *random;
    size_t jobs_max;

    /* Under the lock. */
    struct lane *lanes;
    size_t lanes_count;
    struct job_list inbox;
    bool stopping;
    struct monotonic_time pulse_asked;
    struct monotonic_time pulse_answered;
    struct webhook_times times;
    char *ca_file;
    struct telephony_statistics statistics;

    _Atomic int64_t one_until_ms; /* telephony_go_one_at_a_time(); 0: as many as may */

    /* The thread's own. */
    struct job_heap heap;
    struct job_list flying;
};

/* ---- webhook_request.c: one try through libcurl -------------------------------------------- */

/* How one try ended. */
struct webhook_answer {
    int http_status; /* 0: none was read */
    bool written;
    int64_t retry_after_ms; /* 0: not asked for */
    const char *reason;     /* static word when there is no status */
    struct wall_time date;  /* the receiver's; WALL_NEVER when it does not say */
};

/* Makes job->easy and job->headers, signed for the endpoint. The caller holds the lock (endpoint
 * and ca_file). STATUS_NO_MEMORY: nothing is left behind. */
enum status webhook_request_prepare(struct job *job, const struct endpoint *endpoint,
                                    const char *ca_file, struct wall_time now,
                                    int64_t timeout_ms) MUST_CHECK;

/* Reads how the try of job->easy ended, or, with CURLE_OK and no status, stands. */
struct webhook_answer webhook_request_answer(const struct job *job, CURLcode code);

/* Frees job->easy and job->headers; the handle has left the multi. */
void webhook_request_release(struct job *job);

/* ---- telephony_thread.c -------------------------------------------------------------------- */

/* The thread's function; argument: struct telephony *. Returns when stopping, with no job left. */
void *telephony_thread(void *context);

#endif
