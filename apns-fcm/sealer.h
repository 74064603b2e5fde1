/* sealer.h - the thread that encrypts for a sender, so that the one which owns the connections
 * never does. While it has nothing to do it prepares the next key agreements. */
#ifndef APNS_FCM_SEALER_H
#define APNS_FCM_SEALER_H

#include "apns-fcm/push.h"

/* One text for one receiver; embedded in whatever waits for it, which owns all it points to until
 * it is given back. */
struct sealing {
    struct sealing *next;
    uint8_t public_key[PUSH_PUBLIC_KEY_BYTES];
    uint8_t auth_secret[PUSH_AUTH_SECRET_BYTES];
    const uint8_t *plain;
    size_t plain_bytes;
    uint8_t *place; /* where the record goes, */
    size_t record_bytes;
    bool base64;                 /* in base64url without padding */
    const struct burden *burden; /* of the sealer's thread meanwhile; NULL: none */
    enum status status; /* the outcome: OK, INVALID (the public key), NO_MEMORY, STOPPING */
};

struct sealer;

/* done: called in the sealer's thread with a list of those that are through, in their order; must
 * not block. On failure *sealer_r is untouched. */
enum status sealer_create(const struct random_source *random,
                          void (*done)(void *context, struct sealing *list), void *context,
                          struct sealer **sealer_r, struct error *error) MUST_CHECK;

/* Gives everything inside back (STATUS_STOPPING), joins the thread, frees and NULLs. NULL inside is
 * fine. */
void sealer_destroy(struct sealer **sealer);

/* Whether it has been at one text for seconds, which takes a part of a millisecond. Any thread. */
bool sealer_hangs(struct sealer *sealer);

/* Takes a list; any thread; never blocks, never fails. Its length is bounded by what the callers
 * own. */
void sealer_submit(struct sealer *sealer, struct sealing *list);

#endif
