#include "apns-fcm/provider_token.h"

#include <string.h>

#include "gateway/base/json_writer.h"

#define MINUTE_MS        INT64_C(60000)
#define TOKEN_AGE_MS_MAX (50 * MINUTE_MS)
#define CLAIMS_BYTES_MAX 512

void provider_token_init(struct provider_token *token)
{
    *token = (struct provider_token){.renewed_at = MONOTONIC_NEVER};
}

void provider_token_adopt(struct provider_token *token, const char *bearer,
                          struct wall_time minted_at, struct monotonic_time now,
                          struct wall_time wall)
{
    int64_t age_ms = wall.ms - minted_at.ms;
    size_t bytes = strlen(bearer);
    if (age_ms < 0 || age_ms >= TOKEN_AGE_MS_MAX || bytes >= sizeof token->bearer) {
        return;
    }
    memcpy(token->bearer, bearer, bytes + 1);
    token->bearer_bytes = bytes;
    token->minted_at = (struct monotonic_time){now.ms - age_ms};
    token->generation++;
}

struct monotonic_time provider_token_due(const struct provider_token *token)
{
    return token->generation == 0 || token->renewal_wanted
               ? (struct monotonic_time){0}
               : monotonic_add(token->minted_at, TOKEN_AGE_MS_MAX);
}

enum status provider_token_ensure(struct provider_token *token, const struct provider_key *key,
                                  struct monotonic_time now, struct wall_time wall, bool *minted_r)
{
    static const char scheme[] = "bearer ";
    if (provider_token_due(token).ms > now.ms) {
        *minted_r = false;
        return STATUS_OK;
    }
    char claims[CLAIMS_BYTES_MAX];
    char bearer[PROVIDER_TOKEN_BYTES_MAX];
    struct json_writer json;
    json_writer_init(&json, claims, sizeof claims);
    json_object_begin(&json);
    json_member_text(&json, "iss", key->team_id);
    json_member_int(&json, "iat", wall.ms / 1000);
    json_object_end(&json);
    if (json_writer_overflowed(&json)) {
        return STATUS_CONFIGURATION;
    }
    size_t bytes = 0;
    enum status status =
        jwt_sign(key->key, key->key_id, claims, json_writer_bytes(&json),
                 bearer + sizeof scheme - 1, sizeof bearer - sizeof scheme + 1, &bytes);
    if (status != STATUS_OK) {
        return status == STATUS_NO_MEMORY ? status : STATUS_CONFIGURATION;
    }
    memcpy(bearer, scheme, sizeof scheme - 1);
    token->bearer_bytes = sizeof scheme - 1 + bytes;
    memcpy(token->bearer, bearer, token->bearer_bytes + 1);
    token->minted_at = now;
    token->renewal_wanted = false;
    token->generation++;
    *minted_r = true;
    return STATUS_OK;
}

bool provider_token_renew(struct provider_token *token, unsigned refused_generation,
                          struct monotonic_time now)
{
    if (refused_generation != token->generation) {
        return true;
    }
    bool lately = token->renewed_at.ms != TIME_NEVER_MS &&
                  now.ms - token->renewed_at.ms < PROVIDER_TOKEN_UPDATES_MS;
    if (lately) {
        return false;
    }
    token->renewed_at = now;
    token->renewal_wanted = true;
    return true;
}
