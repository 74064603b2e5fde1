/* job.h - one notification inside the sender: a single block of memory holding the rendered
 * payload, the path, room for the answer and the result. Taken at submit, freed after `complete`.
 */
#ifndef APNS_FCM_JOB_H
#define APNS_FCM_JOB_H

#include "apns-fcm/deadline_heap.h"
#include "apns-fcm/exchange.h"
#include "apns-fcm/push.h"

struct job {
    struct exchange exchange; /* first */
    struct push_sender *sender;
    struct job *intake_next;
    struct deadline_node end_node;   /* the job's deadline */
    struct deadline_node retry_node; /* when a retry is due, while it waits for one */
    enum push_provider provider;
    enum push_environment environment;
    bool background; /* APNs push type */
    bool quiet;      /* APNs priority 5 */
    bool unanswered; /* a written try got no answer: it may have been accepted */
    bool token_replayed;
    unsigned retries;
    unsigned token_generation; /* of the last try */
    struct wall_time expires_at;
    struct wall_time begun_at; /* the last try */
    char id[UUID_TEXT_BYTES];
    char expiration[24]; /* Unix seconds; empty: none */
    const char *path;    /* APNs */
    size_t path_bytes;
    const char *collapse_id; /* or NULL */
    size_t collapse_id_bytes;
    char *body; /* FCM: the tail is written behind body_head_bytes for every try */
    size_t body_head_bytes;
    struct push_result result;
    void (*complete)(void *context, const struct push_result *result);
    void *context;
    char memory[];
};

/* Checks and renders; any thread. The caller frees with free(). Errors as push_submit(). */
enum status job_create(const struct push_job *from, bool critical_entitled, struct job **job_r,
                       struct error *error) MUST_CHECK;

#endif
