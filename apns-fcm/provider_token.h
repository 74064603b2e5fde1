/* provider_token.h - the ES256 token that APNs wants with every request: one for a team and key,
 * shared by all connections, used for most of its hour.
 *
 * Apple refuses a token older than an hour, and refuses (429 TooManyProviderTokenUpdates) more
 * than one new token in 20 minutes on a connection: whoever mints another hands the connections
 * over (pool_hand_over()). Time is an argument.
 */
#ifndef APNS_FCM_PROVIDER_TOKEN_H
#define APNS_FCM_PROVIDER_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "apns-fcm/jwt.h"
#include "apns-fcm/loop.h"

#define PROVIDER_TOKEN_BYTES_MAX 768
/* At most one renewal out of turn in this time (developer.apple.com, "Establishing a token-based
 * connection to APNs"). */
#define PROVIDER_TOKEN_UPDATES_MS INT64_C(1200000)

struct provider_token {
    char bearer[PROVIDER_TOKEN_BYTES_MAX]; /* "bearer eyJ…"; empty before the first */
    size_t bearer_bytes;
    struct monotonic_time minted_at;
    struct monotonic_time renewed_at; /* the last renewal out of turn, or MONOTONIC_NEVER */
    bool renewal_wanted;              /* the next ensure mints, whatever the age */
    unsigned generation;              /* counts mintings; 0: none yet */
};

/* Who signs. Borrowed. */
struct provider_key {
    const struct signing_key *key;
    const char *key_id;
    const char *team_id;
};

void provider_token_init(struct provider_token *token);

/* Takes over a token that an earlier run minted at that moment, unless it is too old to be of use
 * or from the future. */
void provider_token_adopt(struct provider_token *token, const char *bearer,
                          struct wall_time minted_at, struct monotonic_time now,
                          struct wall_time wall);

/* When provider_token_ensure() will mint the next. */
struct monotonic_time provider_token_due(const struct provider_token *token);

/* Mints unless the token has plenty of its hour left. `wall` is the time written into it: ours,
 * corrected when the provider's clock is known to differ. *minted_r tells whether it did.
 * STATUS_CONFIGURATION when signing fails; the old token then stays. */
enum status provider_token_ensure(struct provider_token *token, const struct provider_key *key,
                                  struct monotonic_time now, struct wall_time wall,
                                  bool *minted_r) MUST_CHECK;

/* The provider called the token of this generation expired: whether trying again may help. True
 * when there is a newer one already, or when this call allowed minting one out of turn (once in 20
 * minutes at most); provider_token_ensure() then mints. */
bool provider_token_renew(struct provider_token *token, unsigned refused_generation,
                          struct monotonic_time now);

#endif
