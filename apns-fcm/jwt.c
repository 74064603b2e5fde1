#include "apns-fcm/jwt.h"

#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "apns-fcm/crypto_error.h"
#include "gateway/base/encoding.h"
#include "gateway/base/json_writer.h"

#define COORDINATE_BYTES    32 /* of a number on P-256 */
#define RSA_BITS_MIN        2048
#define RSA_BITS_MAX        8192
#define SIGNATURE_BYTES_MAX (RSA_BITS_MAX / 8)
#define PEM_BYTES_MAX       65536
#define HEADER_BYTES_MAX    (JWT_KEY_ID_BYTES_MAX + 64)

struct signing_key {
    EVP_PKEY *pkey;
    enum jwt_algorithm algorithm;
};

/* Without this OpenSSL would ask for the passphrase of an encrypted key on the terminal. */
/* NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL's type */
static int no_passphrase(char *buffer, int capacity, int writing, void *context)
{
    (void)buffer;
    (void)capacity;
    (void)writing;
    (void)context;
    return -1;
}

static EVP_PKEY *parse_pem(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)strlen(pem));
    EVP_PKEY *pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    return pkey;
}

/* What is wrong with the key for the algorithm, or NULL. */
static const char *misfit(const EVP_PKEY *pkey, enum jwt_algorithm algorithm)
{
    if (algorithm == JWT_RS256) {
        int bits = EVP_PKEY_is_a(pkey, "RSA") == 1 ? EVP_PKEY_get_bits(pkey) : 0;
        return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX
                   ? NULL
                   : "the private key is not an RSA key of 2048 to 8192 bits (RS256)";
    }
    char group[32] = "";
    bool fits = EVP_PKEY_is_a(pkey, "EC") == 1 &&
                EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group,
                                               sizeof group, NULL) == 1 &&
                strcmp(group, "prime256v1") == 0;
    return fits ? NULL : "the private key is not on P-256 (ES256)";
}

/* RFC 7518, section 3.4: R and S one after another instead of OpenSSL's DER. */
static bool flatten_ecdsa(uint8_t signature[SIGNATURE_BYTES_MAX], size_t *bytes)
{
    const unsigned char *der = signature;
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &der, (long)*bytes);
    bool flat =
        parsed != NULL &&
        BN_bn2binpad(ECDSA_SIG_get0_r(parsed), signature, COORDINATE_BYTES) == COORDINATE_BYTES &&
        BN_bn2binpad(ECDSA_SIG_get0_s(parsed), signature + COORDINATE_BYTES, COORDINATE_BYTES) ==
            COORDINATE_BYTES;
    ECDSA_SIG_free(parsed);
    *bytes = 2 * COORDINATE_BYTES;
    return flat;
}

/* False when OpenSSL cannot: for want of memory, or as the numbers of the key are no key. */
static bool sign_bytes(const struct signing_key *key, const char *text, size_t text_bytes,
                       uint8_t signature_r[SIGNATURE_BYTES_MAX], size_t *bytes_r)
{
    size_t bytes = SIGNATURE_BYTES_MAX;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done =
        context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
        EVP_DigestSign(context, signature_r, &bytes, (const unsigned char *)text, text_bytes) ==
            1 &&
        (key->algorithm != JWT_ES256 || flatten_ecdsa(signature_r, &bytes));
    EVP_MD_CTX_free(context);
    *bytes_r = bytes;
    return done;
}

/* Tried once when the key is parsed, so that later only memory can be what is missing. */
static bool signs(const struct signing_key *key)
{
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t bytes = 0;
    return sign_bytes(key, "", 0, signature, &bytes);
}

enum status signing_key_create(const char *pem, enum jwt_algorithm algorithm,
                               struct signing_key **key_r, struct error *error)
{
    if (strnlen(pem, PEM_BYTES_MAX) == PEM_BYTES_MAX) {
        return error_set(error, STATUS_CONFIGURATION, "it is too long for a private key in PEM");
    }
    struct signing_key *key = OPENSSL_zalloc(sizeof *key);
    EVP_PKEY *pkey = key != NULL ? parse_pem(pem) : NULL;
    const char *wrong = pkey == NULL ? "it is not a private key in PEM" : misfit(pkey, algorithm);
    if (wrong == NULL) {
        *key = (struct signing_key){pkey, algorithm};
        wrong = signs(key) ? NULL : "the private key does not sign";
    }
    if (wrong == NULL) {
        *key_r = key;
        ERR_clear_error(); /* decoders that did not recognize the key complained on the way */
        return STATUS_OK;
    }
    /* A key that does not fit is no fault to OpenSSL. */
    enum status status = pkey != NULL && ERR_peek_error() == 0
                             ? STATUS_CONFIGURATION
                             : crypto_error_take(STATUS_CONFIGURATION);
    EVP_PKEY_free(pkey);
    OPENSSL_free(key);
    return error_set(error, status, "%s",
                     status == STATUS_NO_MEMORY ? "no memory to parse the key" : wrong);
}

void signing_key_destroy(struct signing_key **key)
{
    if (*key != NULL) {
        EVP_PKEY_free((*key)->pkey);
        OPENSSL_free(*key);
        *key = NULL;
    }
}

enum status signing_key_public_point(const struct signing_key *key, uint8_t point_r[65])
{
    if (key->algorithm != JWT_ES256) {
        return STATUS_CONFIGURATION;
    }
    /* Coordinate by coordinate, as the encoded key may be compressed if its PEM was. */
    uint8_t point[1 + 2 * COORDINATE_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
    BIGNUM *x = NULL;
    BIGNUM *y = NULL;
    bool got = EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
               EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
               BN_bn2binpad(x, point + 1, COORDINATE_BYTES) == COORDINATE_BYTES &&
               BN_bn2binpad(y, point + 1 + COORDINATE_BYTES, COORDINATE_BYTES) == COORDINATE_BYTES;
    BN_free(x);
    BN_free(y);
    if (!got) {
        return crypto_error_take(STATUS_NO_MEMORY);
    }
    ERR_clear_error();
    memcpy(point_r, point, sizeof point);
    return STATUS_OK;
}

/* {"alg":…,"typ":"JWT","kid":…}; false when the key id is too long. */
static bool write_header(const struct signing_key *key, const char *key_id,
                         char header_r[HEADER_BYTES_MAX])
{
    struct json_writer json;
    json_writer_init(&json, header_r, HEADER_BYTES_MAX);
    json_object_begin(&json);
    json_member_text(&json, "alg", key->algorithm == JWT_ES256 ? "ES256" : "RS256");
    json_member_text(&json, "typ", "JWT");
    if (key_id != NULL) {
        json_member_text(&json, "kid", key_id);
    }
    json_object_end(&json);
    return !json_writer_overflowed(&json);
}

enum status jwt_sign(const struct signing_key *key, const char *key_id, const char *claims_json,
                     size_t claims_bytes, char *token_r, size_t capacity, size_t *bytes_r)
{
    char header[HEADER_BYTES_MAX];
    char token[BASE64_TEXT_BYTES(HEADER_BYTES_MAX) + BASE64_TEXT_BYTES(JWT_CLAIMS_BYTES_MAX) +
               BASE64_TEXT_BYTES(SIGNATURE_BYTES_MAX)];
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t signature_bytes = 0;
    if (claims_bytes > JWT_CLAIMS_BYTES_MAX || !write_header(key, key_id, header)) {
        return STATUS_TOO_LARGE;
    }
    base64url_encode(header, strlen(header), token);
    size_t bytes = strlen(token);
    token[bytes++] = '.';
    base64url_encode(claims_json, claims_bytes, token + bytes);
    bytes += strlen(token + bytes);
    bool signed_it = sign_bytes(key, token, bytes, signature, &signature_bytes);
    ERR_clear_error(); /* it may also have complained and found another way */
    if (!signed_it) {
        return STATUS_NO_MEMORY; /* the key has signed before */
    }
    token[bytes++] = '.';
    base64url_encode(signature, signature_bytes, token + bytes);
    bytes += strlen(token + bytes);
    if (bytes >= capacity) {
        return STATUS_TOO_LARGE;
    }
    memcpy(token_r, token, bytes + 1);
    *bytes_r = bytes;
    return STATUS_OK;
}
