/* jwt_verify.h - checks a JSON Web Token as a vendor does: algorithm first, then the signature.
 *
 * RFC 7515 and 7518 through OpenSSL directly: the algorithm is the caller's, never the token's, so
 * that `none` or HS256 keyed with a public key get nowhere (RFC 8725, section 3.1).
 */
#ifndef TESTS_SUPPORT_PROVIDER_JWT_VERIFY_H
#define TESTS_SUPPORT_PROVIDER_JWT_VERIFY_H

#include <jansson.h>
#include <openssl/evp.h>

#include "gateway/base/status.h"
#include "tests/support/provider/http2_server.h"

enum jwt_algorithm { JWT_ES256, JWT_RS256 };

#define JWT_BYTES_MAX 4096

/* Verifies the signature with the public half of `key`. The caller releases both objects with
 * json_decref(). STATUS_INVALID: not a JWT of this algorithm; STATUS_UNAUTHENTICATED: a wrong
 * signature. error says what exactly. */
enum status jwt_verify(struct view token, enum jwt_algorithm algorithm, EVP_PKEY *key,
                       json_t **header_r, json_t **claims_r, struct error *error) MUST_CHECK;

/* A text member, or "" when it is absent or of another type. */
const char *jwt_text(const json_t *object, const char *name);

/* A whole number (also 1.7e9: RFC 7519 allows any JSON number), or -1. */
int64_t jwt_seconds(const json_t *object, const char *name);

#endif
