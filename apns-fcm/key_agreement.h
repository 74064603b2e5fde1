/* key_agreement.h - ephemeral key agreements on P-256 (ECDH), prepared ahead: they are nine tenths
 * of what an encrypted notification costs, and a pager has time before the alarm.
 *
 * RFC 8291 wants a fresh key pair for each message. A few pairs are kept ready for whomever; and
 * whoever was written to once has a whole agreement waiting for the next time, as far as there is
 * room: the longest unused make way. Each is handed out once and wiped. One thread owns it.
 */
#ifndef APNS_FCM_KEY_AGREEMENT_H
#define APNS_FCM_KEY_AGREEMENT_H

#include <stdbool.h>

#include "apns-fcm/seal.h"

#define KEY_AGREEMENT_PEERS_MAX 4096
#define KEY_AGREEMENT_PAIRS_MAX 256

struct key_agreement;

/* STATUS_NO_MEMORY. On failure *agreement_r is untouched. */
enum status key_agreement_create(struct key_agreement **agreement_r) MUST_CHECK;
/* Wipes, frees and NULLs; NULL inside is fine. */
void key_agreement_destroy(struct key_agreement **agreement);

/* An agreement with this peer, prepared or made now. STATUS_INVALID: the public key is no point on
 * the curve, uncompressed; STATUS_NO_MEMORY, which is never mistaken for the former. taken_r is
 * then untouched. The caller wipes it with OPENSSL_cleanse(). */
enum status key_agreement_take(struct key_agreement *agreement,
                               const uint8_t peer_public[PUSH_PUBLIC_KEY_BYTES],
                               struct seal_agreement *taken_r) MUST_CHECK;

/* One piece of idle work, some 0.1 ms: an agreement for the peer used last that has none, else a
 * pair, once anything was encrypted at all. Whether there is more to do; false also when memory ran
 * out, so that nobody insists. */
bool key_agreement_prepare_one(struct key_agreement *agreement);

#endif
