/* vapid.h - how an application server names itself to push services (RFC 8292). */
#ifndef APNS_FCM_VAPID_H
#define APNS_FCM_VAPID_H

#include "apns-fcm/push.h"

#define VAPID_AUTHORIZATION_BYTES_MAX 1024
#define VAPID_LIFE_MS                 (INT64_C(12) * 3600000) /* 24 h at most */

/* A parsed private key and its subject. */
struct vapid_key;

/* STATUS_CONFIGURATION: the PEM holds no private key on P-256, or the subject is neither a mailto:
 * nor an https: address (RFC 8292, section 2.1); error says which. STATUS_NO_MEMORY. */
enum status vapid_key_create(const char *pem, const char *subject, struct vapid_key **key_r,
                             struct error *error) MUST_CHECK;
/* NULLs; NULL inside is fine. */
void vapid_key_destroy(struct vapid_key **key);

/* Writes the Authorization header's value for an origin: "vapid t=…, k=…", valid for VAPID_LIFE_MS
 * from now. STATUS_NO_MEMORY; STATUS_TOO_LARGE. Outputs are then untouched. */
enum status vapid_authorization(const struct vapid_key *key, const char *origin,
                                struct wall_time now, char text_r[VAPID_AUTHORIZATION_BYTES_MAX],
                                size_t *bytes_r) MUST_CHECK;

#endif
