#include "tests/support/provider/jwt_verify.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <string.h>

#include "gateway/base/encoding.h"
#include "gateway/base/json_reader.h"

#define SIGNATURE_BYTES_MAX 512
#define ES256_HALF_BYTES    32

static enum status decode_object(struct view part, json_t **object_r, struct error *error)
{
    char text[JWT_BYTES_MAX];
    size_t bytes;
    json_t *object;
    if (memchr(part.data, '=', part.bytes) != NULL ||
        base64_decode(part.data, part.bytes, text, sizeof text, &bytes) != STATUS_OK) {
        return error_set(error, STATUS_INVALID, "a part is not base64url without padding");
    }
    if (json_parse(text, bytes, &object, error) != STATUS_OK) {
        return STATUS_INVALID;
    }
    if (!json_is_object(object)) {
        json_decref(object);
        return error_set(error, STATUS_INVALID, "a part is not a JSON object");
    }
    *object_r = object;
    return STATUS_OK;
}

/* RFC 7518, section 3.4: the signature is R and S, 32 bytes each, not DER. Bytes of DER written to
 * der_r, or 0. */
static size_t der_of_es256(const unsigned char *raw, size_t raw_bytes,
                           unsigned char der_r[SIGNATURE_BYTES_MAX])
{
    if (raw_bytes != (size_t)2 * ES256_HALF_BYTES) {
        return 0;
    }
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, ES256_HALF_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(raw + ES256_HALF_BYTES, ES256_HALF_BYTES, NULL);
    int bytes = 0;
    if (signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1) {
        unsigned char *at = der_r;
        bytes = i2d_ECDSA_SIG(signature, &at);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(signature);
    return bytes < 0 ? 0 : (size_t)bytes;
}

static bool signature_fits(struct view signed_part, struct view signature,
                           enum jwt_algorithm algorithm, EVP_PKEY *key)
{
    unsigned char raw[SIGNATURE_BYTES_MAX], der[SIGNATURE_BYTES_MAX];
    size_t bytes;
    if (memchr(signature.data, '=', signature.bytes) != NULL ||
        base64_decode(signature.data, signature.bytes, raw, sizeof raw, &bytes) != STATUS_OK) {
        return false;
    }
    const unsigned char *bytes_to_check = raw;
    if (algorithm == JWT_ES256) {
        bytes = der_of_es256(raw, bytes, der);
        bytes_to_check = der;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool fits = bytes > 0 && context != NULL &&
                EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(context, bytes_to_check, bytes,
                                 (const unsigned char *)signed_part.data, signed_part.bytes) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return fits;
}

enum status jwt_verify(struct view token, enum jwt_algorithm algorithm, EVP_PKEY *key,
                       json_t **header_r, json_t **claims_r, struct error *error)
{
    const char *first = token.bytes == 0 || token.bytes > JWT_BYTES_MAX
                            ? NULL
                            : memchr(token.data, '.', token.bytes);
    const char *last = first == NULL ? NULL : memrchr(token.data, '.', token.bytes);
    if (first == NULL || last == first ||
        memchr(first + 1, '.', (size_t)(last - first - 1)) != NULL) {
        return error_set(error, STATUS_INVALID, "not three parts");
    }
    struct view header_part = {token.data, (size_t)(first - token.data)};
    struct view claims_part = {first + 1, (size_t)(last - first - 1)};
    struct view signature = {last + 1, (size_t)(token.data + token.bytes - last - 1)};
    struct view signed_part = {token.data, (size_t)(last - token.data)};
    json_t *header = NULL, *claims = NULL;
    enum status status = decode_object(header_part, &header, error);
    if (status == STATUS_OK) {
        status = decode_object(claims_part, &claims, error);
    }
    const char *wanted = algorithm == JWT_ES256 ? "ES256" : "RS256";
    if (status == STATUS_OK && strcmp(jwt_text(header, "alg"), wanted) != 0) {
        status = error_set(error, STATUS_INVALID, "alg must be %s", wanted);
    }
    if (status == STATUS_OK && !signature_fits(signed_part, signature, algorithm, key)) {
        status = error_set(error, STATUS_UNAUTHENTICATED, "the signature does not fit");
    }
    if (status != STATUS_OK) {
        json_decref(header);
        json_decref(claims);
        return status;
    }
    *header_r = header;
    *claims_r = claims;
    return STATUS_OK;
}

const char *jwt_text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? json_string_value(value) : "";
}

int64_t jwt_seconds(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (json_is_integer(value)) {
        return json_integer_value(value);
    }
    double number = json_is_real(value) ? json_real_value(value) : -1;
    return number >= 0 && number < 1e15 ? (int64_t)number : -1;
}
