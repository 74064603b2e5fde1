/* Voluntary application server identification: RFC 8292. */
#include "tests/support/provider/webpush_private.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gateway/base/encoding.h"
#include "tests/support/provider/jwt_verify.h"
#include "tests/support/provider/push_record.h"

#define LIFETIME_S_MAX 86400 /* section 2: "MUST NOT be more than 24 hours" */

static const struct webpush_fault fine = {201, NULL, NULL};

static struct webpush_fault unauthorized(const char *message)
{
    return (struct webpush_fault){401, "Unauthorized", message};
}

static struct webpush_fault forbidden(const char *message)
{
    return (struct webpush_fault){403, "Forbidden", message};
}

/* The parameter's value among `t=…, k=…`; absent when it is not there. */
static struct view find_parameter(struct view parameters, char name)
{
    const char *at = parameters.data, *end = parameters.data + parameters.bytes;
    while (at < end) {
        while (at < end && (*at == ' ' || *at == ',')) {
            at++;
        }
        const char *behind = memchr(at, ',', (size_t)(end - at));
        behind = behind == NULL ? end : behind;
        if (behind - at > 2 && at[0] == name && at[1] == '=') {
            struct view value = {at + 2, (size_t)(behind - at - 2)};
            while (value.bytes > 0 && value.data[value.bytes - 1] == ' ') {
                value.bytes--;
            }
            return value;
        }
        at = behind;
    }
    return (struct view){NULL, 0};
}

/* The sender's public key, or NULL. The caller frees it. */
static EVP_PKEY *read_key(struct view text)
{
    uint8_t point[PUSH_POINT_BYTES];
    size_t bytes;
    if (text.data == NULL || memchr(text.data, '=', text.bytes) != NULL ||
        base64_decode(text.data, text.bytes, point, sizeof point, &bytes) != STATUS_OK ||
        bytes != sizeof point) {
        return NULL;
    }
    EVP_PKEY *curve = EVP_EC_gen("P-256"); /* only for its parameters */
    EVP_PKEY *key = EVP_PKEY_new();
    if (curve == NULL || key == NULL || EVP_PKEY_copy_parameters(key, curve) != 1 ||
        EVP_PKEY_set1_encoded_public_key(key, point, sizeof point) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    EVP_PKEY_free(curve);
    ERR_clear_error();
    return key;
}

static struct webpush_fault check_claims(const struct simulator *simulator, const json_t *claims)
{
    char origin[64];
    int64_t now_s = simulator->now.ms / 1000;
    int64_t expires_s = jwt_seconds(claims, "exp");
    const char *subject = jwt_text(claims, "sub");
    (void)snprintf(origin, sizeof origin, "https://localhost:%u",
                   http2_server_port(simulator->servers[PROVIDER_WEBPUSH]));
    if (strcmp(jwt_text(claims, "aud"), origin) != 0) {
        return forbidden("aud is not this push service's origin");
    }
    if (expires_s <= now_s) {
        return unauthorized("exp is missing, or has passed");
    }
    if (expires_s > now_s + LIFETIME_S_MAX) {
        return unauthorized("exp is more than 24 hours away");
    }
    if (strncmp(subject, "mailto:", 7) != 0 && strncmp(subject, "https:", 6) != 0) {
        return forbidden("sub is neither mailto: nor https:");
    }
    return fine;
}

static struct webpush_fault verify(const struct simulator *simulator, struct view token,
                                   struct view key_text, int64_t *expires_s_r)
{
    json_t *header, *claims;
    EVP_PKEY *key = read_key(key_text);
    if (key == NULL) {
        return unauthorized("k is no point on P-256 in base64url");
    }
    enum status status = jwt_verify(token, JWT_ES256, key, &header, &claims, NULL);
    EVP_PKEY_free(key);
    if (status == STATUS_UNAUTHENTICATED) {
        return forbidden("the signature does not fit k");
    }
    if (status != STATUS_OK) {
        return unauthorized("t is not an ES256 JWT");
    }
    struct webpush_fault fault = check_claims(simulator, claims);
    *expires_s_r = jwt_seconds(claims, "exp");
    json_decref(header);
    json_decref(claims);
    return fault;
}

struct webpush_fault webpush_check_vapid(const struct simulator *simulator,
                                         struct webpush_connection *connection,
                                         struct view authorization)
{
    static const char scheme[] = "vapid ";
    size_t scheme_bytes = sizeof scheme - 1;
    int64_t now_s = simulator->now.ms / 1000, expires_s = -1;
    if (authorization.bytes <= scheme_bytes ||
        strncasecmp(authorization.data, scheme, scheme_bytes) != 0) {
        return unauthorized("authorization is not of the scheme vapid");
    }
    bool known = connection->header_bytes == authorization.bytes &&
                 memcmp(connection->header, authorization.data, authorization.bytes) == 0;
    if (known && connection->expires_s > now_s && connection->expires_s <= now_s + LIFETIME_S_MAX) {
        return fine;
    }
    struct view parameters = {authorization.data + scheme_bytes,
                              authorization.bytes - scheme_bytes};
    struct view token = find_parameter(parameters, 't');
    if (token.data == NULL) {
        return unauthorized("t is missing");
    }
    struct webpush_fault fault =
        verify(simulator, token, find_parameter(parameters, 'k'), &expires_s);
    if (fault.error == NULL && authorization.bytes <= sizeof connection->header) {
        memcpy(connection->header, authorization.data, authorization.bytes);
        connection->header_bytes = authorization.bytes;
        connection->expires_s = expires_s;
    }
    return fault;
}
