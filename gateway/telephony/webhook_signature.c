/* webhook_signature.c - Standard Webhooks 1.0.0, symmetric scheme: v1 = HMAC-SHA256 over
 * "id.timestamp.body" (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md).
 */
#include "gateway/telephony/telephony_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECRET_PREFIX        "whsec_"
#define SIGNATURE_PREFIX     "v1,"
#define SIGNATURE_TEXT_BYTES (sizeof SIGNATURE_PREFIX - 1 + BASE64_TEXT_BYTES(DIGEST_BYTES))
#define TIMESTAMP_DIGITS_MAX 12 /* seconds: far beyond the year 9999, far below overflow */
#define TIMESTAMP_BYTES_MAX  24

enum status webhook_secret_decode(const char *text, struct webhook_secret *secret_r)
{
    const size_t prefix_bytes = sizeof SECRET_PREFIX - 1;
    struct webhook_secret secret = {.length = 0};
    if (strncmp(text, SECRET_PREFIX, prefix_bytes) != 0 ||
        base64_decode(text + prefix_bytes, strlen(text + prefix_bytes), secret.bytes,
                      sizeof secret.bytes, &secret.length) != STATUS_OK ||
        secret.length < WEBHOOK_SECRET_BYTES_MIN) {
        explicit_bzero(&secret, sizeof secret);
        return STATUS_CONFIGURATION;
    }
    *secret_r = secret;
    explicit_bzero(&secret, sizeof secret);
    return STATUS_OK;
}

/* Writes "v1,<base64>". */
static void sign_once(const struct webhook_secret *secret, const char *id, const char *timestamp,
                      const void *body, size_t body_bytes, char text_r[SIGNATURE_TEXT_BYTES])
{
    const struct digest_part parts[] = {
        {id, strlen(id)}, {".", 1}, {timestamp, strlen(timestamp)}, {".", 1}, {body, body_bytes},
    };
    struct digest digest =
        digest_hmac_sha256(secret->bytes, secret->length, parts, sizeof parts / sizeof parts[0]);
    memcpy(text_r, SIGNATURE_PREFIX, sizeof SIGNATURE_PREFIX - 1);
    base64_encode(digest.bytes, sizeof digest.bytes, text_r + sizeof SIGNATURE_PREFIX - 1);
}

void webhook_sign(const struct webhook_secret *secrets, size_t secrets_count, const char *id,
                  int64_t timestamp_s, const void *body, size_t body_bytes,
                  char signatures_r[WEBHOOK_SIGNATURES_BYTES_MAX])
{
    assert(secrets_count > 0 && secrets_count <= TELEPHONY_SECRETS_MAX);
    char timestamp[TIMESTAMP_BYTES_MAX];
    (void)snprintf(timestamp, sizeof timestamp, "%" PRId64, timestamp_s);
    char *out = signatures_r;
    for (size_t i = 0; i < secrets_count; i++) {
        if (i > 0) {
            out[-1] = ' '; /* in place of the terminator */
        }
        sign_once(&secrets[i], id, timestamp, body, body_bytes, out);
        out += SIGNATURE_TEXT_BYTES;
    }
}

/* Plain digits only: what a signature covers must have one spelling. */
static bool parse_timestamp_s(const char *text, int64_t *timestamp_s_r)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > TIMESTAMP_DIGITS_MAX || text[digits] != '\0') {
        return false;
    }
    int64_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        value = value * 10 + (text[i] - '0');
    }
    *timestamp_s_r = value;
    return true;
}

enum status webhook_verify(const char *secret, const char *id, const char *timestamp,
                           const char *signatures, const void *body, size_t body_bytes,
                           struct wall_time now, int64_t tolerance_ms)
{
    struct webhook_secret decoded;
    int64_t timestamp_s;
    if (webhook_secret_decode(secret, &decoded) != STATUS_OK) {
        return STATUS_CONFIGURATION;
    }
    char expected[SIGNATURE_TEXT_BYTES];
    sign_once(&decoded, id, timestamp, body, body_bytes, expected);
    explicit_bzero(&decoded, sizeof decoded);
    if (!parse_timestamp_s(timestamp, &timestamp_s)) {
        return STATUS_UNAUTHENTICATED;
    }
    int64_t age_ms = now.ms - timestamp_s * 1000;
    if (age_ms > tolerance_ms || age_ms < -tolerance_ms) {
        return STATUS_UNAUTHENTICATED; /* too old may be a replay, too new cannot be judged */
    }
    /* Entries of other versions are skipped: a sender may announce several schemes. */
    bool matched = false;
    for (const char *entry = signatures; *entry != '\0';) {
        size_t bytes = strcspn(entry, " ");
        if (bytes == SIGNATURE_TEXT_BYTES - 1 && text_equal_constant_time(entry, expected, bytes)) {
            matched = true;
        }
        entry += bytes;
        entry += strspn(entry, " ");
    }
    return matched ? STATUS_OK : STATUS_UNAUTHENTICATED;
}
