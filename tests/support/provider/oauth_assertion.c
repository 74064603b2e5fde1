#include "tests/support/provider/oauth_private.h"

#include <string.h>

#include "tests/support/provider/jwt_verify.h"

#define CLOCK_AHEAD_S_MAX 10
#define LIFETIME_S_MAX    3600

static const char scope_needed[] = "https://www.googleapis.com/auth/firebase.messaging";

static const struct oauth_fault fault_signature = {400, "invalid_grant", "Invalid JWT Signature."};
static const struct oauth_fault fault_malformed = {400, "invalid_grant",
                                                   "Bad Request: not an RS256 JWT."};
static const struct oauth_fault fault_account = {400, "invalid_grant",
                                                 "Invalid grant: account not found"};
static const struct oauth_fault fault_audience = {400, "invalid_grant",
                                                  "Invalid JWT: Failed audience check."};
static const struct oauth_fault fault_timeframe = {
    400, "invalid_grant",
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."};
static const struct oauth_fault fault_scope = {
    400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."};

/* Whether the space-separated list holds the scope that FCM needs, or the one that holds all. */
static bool has_scope(const char *scopes)
{
    size_t needed_bytes = strlen(scope_needed);
    while (*scopes != '\0') {
        size_t bytes = strcspn(scopes, " ");
        if (bytes == needed_bytes && memcmp(scopes, scope_needed, bytes) == 0) {
            return true;
        }
        scopes += bytes + strspn(scopes + bytes, " ");
    }
    return false;
}

static struct oauth_fault check_claims(const struct simulator *simulator, const json_t *header,
                                       const json_t *claims)
{
    static const struct oauth_fault fine = {200, NULL, NULL};
    const char *key_id = jwt_text(header, "kid");
    int64_t now_s = simulator->now.ms / 1000;
    int64_t issued_s = jwt_seconds(claims, "iat");
    int64_t expires_s = jwt_seconds(claims, "exp");
    if (key_id[0] != '\0' && strcmp(key_id, simulator->identity.google_key_id) != 0) {
        return fault_signature;
    }
    if (strcmp(jwt_text(claims, "iss"), simulator->client_email) != 0) {
        return fault_account;
    }
    if (strcmp(jwt_text(claims, "aud"), simulator->token_uri) != 0) {
        return fault_audience;
    }
    if (issued_s < 0 || expires_s <= issued_s || expires_s - issued_s > LIFETIME_S_MAX ||
        issued_s > now_s + CLOCK_AHEAD_S_MAX || expires_s <= now_s) {
        return fault_timeframe;
    }
    return has_scope(jwt_text(claims, "scope")) ? fine : fault_scope;
}

struct oauth_fault oauth_check_assertion(const struct simulator *simulator, struct view assertion)
{
    json_t *header, *claims;
    enum status status =
        jwt_verify(assertion, JWT_RS256, simulator->identity.google_key, &header, &claims, NULL);
    if (status != STATUS_OK) {
        return status == STATUS_UNAUTHENTICATED ? fault_signature : fault_malformed;
    }
    struct oauth_fault fault = check_claims(simulator, header, claims);
    json_decref(header);
    json_decref(claims);
    return fault;
}
