/* jwt.h - signs JSON Web Tokens (RFC 7515, 7519) with a key that was parsed once.
 *
 * It goes straight to OpenSSL, as libjwt 1.10 parses the PEM text for every token and crashes when
 * memory runs out while it mints one; a pager must survive that and mint the next. Here no
 * allocation that fails crashes or leaks. Claims are the caller's business. What is taken is taken
 * with OpenSSL's allocator, and nothing is left in its queue of errors.
 */
#ifndef APNS_FCM_JWT_H
#define APNS_FCM_JWT_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/status.h"

/* RFC 7518, section 3.1: ECDSA on P-256, or RSASSA-PKCS1-v1_5, both with SHA-256. */
enum jwt_algorithm { JWT_ES256, JWT_RS256 };

#define JWT_KEY_ID_BYTES_MAX 256  /* as written in JSON, quotes included */
#define JWT_CLAIMS_BYTES_MAX 2048 /* of JSON */

struct signing_key;

/* Parses a private key in PEM, not encrypted, and signs once to see that it can: on P-256 for
 * ES256, RSA of 2048 to 8192 bits for RS256. STATUS_CONFIGURATION: it is none (error says what it
 * is not, and nothing of the key); STATUS_NO_MEMORY: OpenSSL said so, which its decoders do not
 * always. On failure *key_r is untouched. */
enum status signing_key_create(const char *pem, enum jwt_algorithm algorithm,
                               struct signing_key **key_r, struct error *error) MUST_CHECK;

/* Frees and NULLs. NULL inside is fine. */
void signing_key_destroy(struct signing_key **key);

/* The public half of an ES256 key as an uncompressed point: 0x04, X, Y. STATUS_NO_MEMORY;
 * STATUS_CONFIGURATION for a key of another kind. Then point_r is untouched. */
enum status signing_key_public_point(const struct signing_key *key, uint8_t point_r[65]) MUST_CHECK;

/* Writes the signed token for a finished JSON object of claims, terminated; *bytes_r is without the
 * terminator. key_id ("kid") may be NULL. Any thread, also several with one key.
 * STATUS_TOO_LARGE: key_id or claims are over the limits above, or the token over capacity;
 * STATUS_NO_MEMORY. The outputs are then untouched. */
enum status jwt_sign(const struct signing_key *key, const char *key_id, const char *claims_json,
                     size_t claims_bytes, char *token_r, size_t capacity,
                     size_t *bytes_r) MUST_CHECK;

#endif
