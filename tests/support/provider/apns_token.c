#include "tests/support/provider/apns_private.h"

#include <string.h>
#include <strings.h>

#include "gateway/base/clock.h"
#include "tests/support/provider/jwt_verify.h"

/* How far ahead of ours a sender's clock may be. */
#define CLOCK_AHEAD_S_MAX 10

static const char scheme[] = "bearer ";

static bool same_token(const char *text, size_t bytes, struct view token)
{
    return bytes == token.bytes && memcmp(text, token.data, bytes) == 0;
}

/* When the token was issued, if it is one of ours: signed by Apple's key as we made it, for our
 * team. -1 otherwise. */
static int64_t verify(const struct simulator *simulator, struct view token, const char **detail_r)
{
    json_t *header, *claims;
    int64_t issued_s = -1;
    enum status status =
        jwt_verify(token, JWT_ES256, simulator->identity.apns_key, &header, &claims, NULL);
    if (status != STATUS_OK) {
        *detail_r = status == STATUS_UNAUTHENTICATED ? "signature" : "not an ES256 JWT";
        return -1;
    }
    if (strcmp(jwt_text(header, "kid"), simulator->settings.apns_key_id) != 0) {
        *detail_r = "kid";
    } else if (strcmp(jwt_text(claims, "iss"), simulator->settings.apns_team_id) != 0) {
        *detail_r = "iss";
    } else if ((issued_s = jwt_seconds(claims, "iat")) < 0) {
        *detail_r = "iat";
    }
    json_decref(header);
    json_decref(claims);
    return issued_s;
}

/* As verify(), remembering the last few good tokens: a signature costs as much as many pushes. */
static int64_t verify_once(struct simulator *simulator, struct view token, const char **detail_r)
{
    for (unsigned i = 0; i < VERIFIED_TOKENS_COUNT; i++) {
        const struct verified_token *known = &simulator->verified[i];
        if (same_token(known->text, known->bytes, token)) {
            return known->issued_s;
        }
    }
    int64_t issued_s = verify(simulator, token, detail_r);
    if (issued_s >= 0) {
        struct verified_token *slot =
            &simulator->verified[simulator->verified_next++ % VERIFIED_TOKENS_COUNT];
        memcpy(slot->text, token.data, token.bytes);
        slot->bytes = token.bytes;
        slot->issued_s = issued_s;
    }
    return issued_s;
}

static enum apns_reason check_age(const struct simulator *simulator, int64_t issued_s,
                                  const char **detail_r)
{
    int64_t age_s = simulator->now.ms / 1000 - issued_s;
    if (age_s > simulator->settings.token_age_s_max) {
        *detail_r = "iat too long ago";
        return APNS_ExpiredProviderToken;
    }
    if (age_s < -CLOCK_AHEAD_S_MAX) {
        *detail_r = "iat in the future";
        return APNS_InvalidProviderToken;
    }
    return APNS_FINE;
}

enum apns_reason apns_check_token(struct simulator *simulator, struct apns_connection *connection,
                                  struct view authorization, const char **detail_r)
{
    size_t scheme_bytes = sizeof scheme - 1;
    if (authorization.data == NULL) {
        return APNS_MissingProviderToken;
    }
    if (authorization.bytes <= scheme_bytes ||
        strncasecmp(authorization.data, scheme, scheme_bytes) != 0) {
        *detail_r = "authorization is not a bearer token";
        return APNS_MissingProviderToken;
    }
    struct view token = {authorization.data + scheme_bytes, authorization.bytes - scheme_bytes};
    if (same_token(connection->token, connection->token_bytes, token)) {
        return check_age(simulator, connection->token_issued_s, detail_r);
    }
    if (token.bytes > sizeof connection->token) {
        *detail_r = "too long";
        return APNS_InvalidProviderToken;
    }
    int64_t issued_s = verify_once(simulator, token, detail_r);
    if (issued_s < 0) {
        return APNS_InvalidProviderToken;
    }
    enum apns_reason reason = check_age(simulator, issued_s, detail_r);
    if (reason != APNS_FINE) {
        return reason;
    }
    struct monotonic_time now = clock_monotonic(&clock_system);
    if (connection->token_bytes > 0 &&
        now.ms - connection->token_since.ms < simulator->settings.token_update_s * 1000) {
        *detail_r = "another token too soon on this connection";
        return APNS_TooManyProviderTokenUpdates;
    }
    memcpy(connection->token, token.data, token.bytes);
    connection->token_bytes = token.bytes;
    connection->token_issued_s = issued_s;
    connection->token_since = now;
    return APNS_FINE;
}
