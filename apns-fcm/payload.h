/* payload.h - what goes to the providers, from one neutral description. Pure.
 *
 * APNs: an alert with `mutable-content`, so that the app's extension may decrypt or enrich it, at
 * the interruption level of the job's urgency; `data_json` beside "aps".
 *
 * FCM: one *data* message that carries everything, title and body too, and is shown by the app
 * itself. A notification message would be drawn by the system without waking the app (no
 * confirmation of reception, no full-screen alarm) and ignores `collapse_key`. Replacing is the
 * app's work by our own id (data.collapse_id): FCM keeps only four collapse keys for each device
 * and drops the fifth, so an alert never carries one; only a SILENT withdrawal does.
 *
 * Web Push: nothing but a record that the browser decrypts; title and body are the secret's where
 * it has them.
 *
 * What is encrypted cannot be rendered here: a gap of the record's exact size is left for it.
 */
#ifndef APNS_FCM_PAYLOAD_H
#define APNS_FCM_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "apns-fcm/push.h"

/* The end of an FCM message, from the ttl on: `"ttl":"2419200s"}}}`. It is written anew for every
 * try, as the time left shrinks. */
#define PAYLOAD_FCM_TAIL_BYTES_MAX 32

#define PAYLOAD_PLAIN_BYTES_MAX PUSH_VOIP_PAYLOAD_BYTES_MAX

struct payload_options {
    bool critical_entitled; /* APNs: a critical alert may be one */
};

struct payload {
    char body[PUSH_VOIP_PAYLOAD_BYTES_MAX + 1]; /* FCM: without its tail */
    size_t body_bytes;
    /* Where the record goes in the body, and its bytes as written there; 0: nothing is encrypted.
     */
    size_t seal_at;
    size_t seal_bytes;
    size_t record_bytes; /* before base64url */
    bool seal_base64;
    char plain[PAYLOAD_PLAIN_BYTES_MAX + 1]; /* what is encrypted */
    size_t plain_bytes;
    bool shortened;
};

/* Whether the notification's fields keep their rules, but for data_json, which is read when it is
 * rendered. STATUS_INVALID: error names the field. The job's own fields (target, deadline, …) are
 * job_create()'s to check. */
enum status payload_check(const struct push_job *job, struct error *error) MUST_CHECK;

/* Checks every field of the notification and renders it, shortened if need be (push.h says in which
 * order). STATUS_INVALID: error names the field; STATUS_TOO_LARGE: it does not fit even so. */
enum status payload_render(const struct push_job *job, const struct payload_options *options,
                           struct payload *payload_r, struct error *error) MUST_CHECK;

/* Writes the tail for a message sent at `now`; answers its length. FCM stores a message for at most
 * 28 days. */
size_t payload_fcm_tail(struct wall_time expires_at, struct wall_time now,
                        char tail_r[PAYLOAD_FCM_TAIL_BYTES_MAX]);

#endif
