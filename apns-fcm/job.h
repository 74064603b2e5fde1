/* job.h - one notification inside the sender: a single block of memory holding the rendered
 * payload, the path, what is to be encrypted, room for the answers and the result. Taken at submit,
 * freed after `complete`.
 */
#ifndef APNS_FCM_JOB_H
#define APNS_FCM_JOB_H

#include "apns-fcm/deadline_heap.h"
#include "apns-fcm/exchange.h"
#include "apns-fcm/push.h"
#include "apns-fcm/sealer.h"

struct account;

/* A subscription's endpoint, in parts. */
struct job_endpoint {
    const char *origin; /* "https://push.example" */
    const char *host;
    const char *port;
};

struct job {
    struct exchange exchange; /* the first leg */
    struct exchange *hedge;   /* the second, or NULL when this job is never hedged */
    struct sealing sealing;
    struct push_sender *sender;
    struct account *account; /* NULL: not configured */
    struct job *intake_next;
    struct deadline_node end_node;   /* the job's deadline */
    struct deadline_node retry_node; /* when a retry is due, while it waits for one */
    struct deadline_node hedge_node; /* when the first leg has waited long enough */
    enum push_provider provider;
    enum push_environment environment;
    enum push_style style;
    bool quiet;      /* APNs priority 5, Web Push urgency low */
    bool normal;     /* Web Push urgency normal */
    bool needs_seal; /* is with the sealer, or will go there */
    bool sealing_now;
    bool ended;      /* its outcome was told while the sealer had it: freed when it comes back */
    bool unanswered; /* a written try got no answer: it may have been accepted */
    bool token_replayed;
    bool delay_told;
    unsigned retries;
    struct monotonic_time lives_until; /* the provider drops it then; MONOTONIC_NEVER */
    char id[UUID_TEXT_BYTES];
    char expiration[24]; /* Unix seconds; empty: none */
    const char *path;    /* APNs, Web Push */
    size_t path_bytes;
    const char *collapse_id; /* APNs: as given; Web Push: the topic; or NULL */
    size_t collapse_id_bytes;
    struct job_endpoint endpoint; /* Web Push */
    char *body; /* FCM: the tail is written behind body_head_bytes for every try */
    size_t body_head_bytes;
    uint32_t target_hash; /* tells devices apart, roughly */
    struct push_result result;
    void (*complete)(void *context, const struct push_result *result);
    void (*delayed)(void *context, const char *reason);
    void *context;
    struct burden burden;
    char memory[];
};

struct loop;

/* When the provider is to drop it, by the wall of now: steps of the wall do not change how long a
 * push lives. WALL_NEVER: never. */
struct wall_time job_expires_at(const struct job *job, const struct loop *loop);
/* Writes job->expiration anew, corrected by how far the provider's clock is ahead of ours. */
void job_write_expiration(struct job *job, const struct loop *loop, int64_t skew_ms);

/* Checks and renders; any thread. The caller frees with free(). Errors as push_submit(). */
enum status job_create(const struct push_job *from, bool critical_entitled, struct job **job_r,
                       struct error *error) MUST_CHECK;

#endif
