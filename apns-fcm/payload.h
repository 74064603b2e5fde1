/* payload.h - the JSON that goes to the providers. Pure.
 *
 * APNs: an alert with `mutable-content` so that the app's extension may decrypt or enrich it, at
 * the interruption level of the job's urgency; `data_json` beside "aps".
 *
 * FCM: one *data* message that carries everything, title and body too, and is shown by the app
 * itself. A notification message would be drawn by the system without waking the app (no
 * confirmation of reception, no full-screen alarm) and ignores `collapse_key`. Replacing is the
 * app's work by our own id (data.collapse_id): FCM keeps only four collapse keys for each device
 * and drops the fifth, so an alert never carries one; only a SILENT withdrawal does.
 */
#ifndef APNS_FCM_PAYLOAD_H
#define APNS_FCM_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "apns-fcm/push.h"

/* Room for a payload while it is rendered. */
#define PAYLOAD_BUFFER_BYTES (PUSH_PAYLOAD_BYTES_MAX + 1)

/* The end of an FCM message, from the ttl on: `"ttl":"2419200s"}}}`. It is written anew for every
 * try, as the time left shrinks. */
#define PAYLOAD_FCM_TAIL_BYTES_MAX 32

/* Renders the body of an APNs request. STATUS_TOO_LARGE beyond PUSH_PAYLOAD_BYTES_MAX,
 * STATUS_INVALID for malformed data; the buffer holds PAYLOAD_BUFFER_BYTES. */
enum status payload_render_apns(const struct push_job *job, bool critical_entitled, char *buffer,
                                size_t *bytes_r, struct error *error) MUST_CHECK;

/* Renders the body of an FCM request up to the ttl; payload_fcm_tail() completes it. */
enum status payload_render_fcm(const struct push_job *job, char *buffer, size_t *bytes_r,
                               struct error *error) MUST_CHECK;

/* Writes the tail for a message sent at `now`; answers its length. FCM stores a message for at most
 * 28 days. */
size_t payload_fcm_tail(struct wall_time expires_at, struct wall_time now,
                        char tail_r[PAYLOAD_FCM_TAIL_BYTES_MAX]);

/* Whether APNs is to be told "background": nothing is shown at all. */
bool payload_is_background(const struct push_job *job);

#endif
