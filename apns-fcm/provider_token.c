#include "apns-fcm/provider_token.h"

#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS          INT64_C(60000)
#define TOKEN_AGE_MS_MAX   (50 * MINUTE_MS)
#define UPDATES_MS_BETWEEN (20 * MINUTE_MS)

bool provider_key_is_usable(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    char group[64] = "";
    bool usable = key != NULL && EVP_PKEY_is_a(key, "EC") == 1 &&
                  EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group,
                                                 sizeof group, NULL) == 1 &&
                  strcmp(group, "prime256v1") == 0;
    EVP_PKEY_free(key);
    BIO_free(bio);
    return usable;
}

void provider_token_init(struct provider_token *token)
{
    *token = (struct provider_token){.renewed_at = MONOTONIC_NEVER};
}

/* The signed token in libjwt's memory, or NULL. */
static char *sign(const struct provider_key *key, struct wall_time wall)
{
    jwt_t *jwt = NULL;
    char *text = NULL;
    if (jwt_new(&jwt) != 0) {
        return NULL;
    }
    if (jwt_add_header(jwt, "kid", key->key_id) == 0 &&
        jwt_add_grant(jwt, "iss", key->team_id) == 0 &&
        jwt_add_grant_int(jwt, "iat", (long)(wall.ms / 1000)) == 0 &&
        jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)key->pem, (int)strlen(key->pem)) ==
            0) {
        text = jwt_encode_str(jwt);
    }
    jwt_free(jwt);
    return text;
}

enum status provider_token_ensure(struct provider_token *token, const struct provider_key *key,
                                  struct monotonic_time now, struct wall_time wall, bool *minted_r)
{
    if (token->generation > 0 && !token->renewal_wanted &&
        now.ms - token->minted_at.ms < TOKEN_AGE_MS_MAX) {
        *minted_r = false;
        return STATUS_OK;
    }
    char *text = sign(key, wall);
    if (text == NULL) {
        return STATUS_CONFIGURATION;
    }
    int bytes = snprintf(token->bearer, sizeof token->bearer, "bearer %s", text);
    free(text);
    if (bytes < 0 || (size_t)bytes >= sizeof token->bearer) {
        token->bearer_bytes = 0;
        return STATUS_CONFIGURATION;
    }
    token->bearer_bytes = (size_t)bytes;
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
    bool lately =
        token->renewed_at.ms != TIME_NEVER_MS && now.ms - token->renewed_at.ms < UPDATES_MS_BETWEEN;
    if (lately) {
        return false;
    }
    token->renewed_at = now;
    token->renewal_wanted = true;
    return true;
}
