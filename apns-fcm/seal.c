#include "apns-fcm/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "apns-fcm/crypto_error.h"

#define HASH_BYTES   32
#define KEY_BYTES    16
#define NONCE_BYTES  12
#define TAG_BYTES    16
#define DELIMITER    0x02 /* of the last record, RFC 8188, section 2 */
#define HEADER_BYTES (SEAL_SALT_BYTES + 4 + 1 + PUSH_PUBLIC_KEY_BYTES)
#define RECORD_SIZE_MIN                                                                            \
    4096 /* the "rs" that receivers are used to; a single record may be shorter */

size_t seal_record_bytes(size_t plain_bytes)
{
    size_t padded_bytes = (plain_bytes + 1 + SEAL_PADDED_TO - 1) / SEAL_PADDED_TO * SEAL_PADDED_TO;
    return HEADER_BYTES + padded_bytes + TAG_BYTES;
}

static bool hmac(const uint8_t *key, size_t key_bytes, const void *data, size_t data_bytes,
                 uint8_t hash_r[HASH_BYTES])
{
    unsigned bytes = 0;
    return HMAC(EVP_sha256(), key, (int)key_bytes, data, data_bytes, hash_r, &bytes) != NULL &&
           bytes == HASH_BYTES;
}

struct content_keys {
    uint8_t key[HASH_BYTES];   /* KEY_BYTES of it */
    uint8_t nonce[HASH_BYTES]; /* NONCE_BYTES of it */
};

/* RFC 8291, section 3.4, and RFC 8188, section 2.2 and 2.3. */
static bool derive(const struct seal_agreement *agreement, const uint8_t *peer_public,
                   const uint8_t *auth_secret, const uint8_t *salt, struct content_keys *keys_r)
{
    static const char info[] = "WebPush: info"; /* with its NUL, as the others */
    static const char key_info[] = "Content-Encoding: aes128gcm\0\x01";
    static const char nonce_info[] = "Content-Encoding: nonce\0\x01";
    uint8_t text[sizeof info + 2 * PUSH_PUBLIC_KEY_BYTES + 1];
    uint8_t prk[HASH_BYTES], ikm[HASH_BYTES];
    memcpy(text, info, sizeof info);
    memcpy(text + sizeof info, peer_public, PUSH_PUBLIC_KEY_BYTES);
    memcpy(text + sizeof info + PUSH_PUBLIC_KEY_BYTES, agreement->public_key,
           PUSH_PUBLIC_KEY_BYTES);
    text[sizeof text - 1] = 0x01;
    bool derived = hmac(auth_secret, PUSH_AUTH_SECRET_BYTES, agreement->secret,
                        sizeof agreement->secret, prk) &&
                   hmac(prk, sizeof prk, text, sizeof text, ikm) &&
                   hmac(salt, SEAL_SALT_BYTES, ikm, sizeof ikm, prk) &&
                   hmac(prk, sizeof prk, key_info, sizeof key_info - 1, keys_r->key) &&
                   hmac(prk, sizeof prk, nonce_info, sizeof nonce_info - 1, keys_r->nonce);
    OPENSSL_cleanse(prk, sizeof prk);
    OPENSSL_cleanse(ikm, sizeof ikm);
    return derived;
}

/* Encrypts the plain text, the delimiter and zeroes up to padded_bytes; the tag goes behind. */
static bool encrypt(const struct content_keys *keys, const void *plain, size_t plain_bytes,
                    size_t padded_bytes, uint8_t *out)
{
    static const uint8_t zeroes[SEAL_PADDED_TO];
    const uint8_t delimiter = DELIMITER;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int bytes = 0;
    bool good = context != NULL &&
                EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, keys->key, keys->nonce) == 1 &&
                EVP_EncryptUpdate(context, out, &bytes, plain, (int)plain_bytes) == 1 &&
                EVP_EncryptUpdate(context, out + plain_bytes, &bytes, &delimiter, 1) == 1;
    for (size_t at = plain_bytes + 1; good && at < padded_bytes;) {
        size_t left = padded_bytes - at;
        size_t count = left < sizeof zeroes ? left : sizeof zeroes;
        good = EVP_EncryptUpdate(context, out + at, &bytes, zeroes, (int)count) == 1;
        at += count;
    }
    good = good && EVP_EncryptFinal_ex(context, out + padded_bytes, &bytes) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, out + padded_bytes) == 1;
    EVP_CIPHER_CTX_free(context);
    return good;
}

static void write_header(const struct seal_agreement *agreement, const uint8_t *salt,
                         size_t cipher_bytes, uint8_t *header_r)
{
    size_t size = cipher_bytes > RECORD_SIZE_MIN ? cipher_bytes : RECORD_SIZE_MIN;
    memcpy(header_r, salt, SEAL_SALT_BYTES);
    header_r[16] = (uint8_t)(size >> 24);
    header_r[17] = (uint8_t)(size >> 16);
    header_r[18] = (uint8_t)(size >> 8);
    header_r[19] = (uint8_t)size;
    header_r[20] = PUSH_PUBLIC_KEY_BYTES;
    memcpy(header_r + 21, agreement->public_key, PUSH_PUBLIC_KEY_BYTES);
}

enum status seal(const struct seal_agreement *agreement,
                 const uint8_t peer_public[PUSH_PUBLIC_KEY_BYTES],
                 const uint8_t auth_secret[PUSH_AUTH_SECRET_BYTES],
                 const uint8_t salt[SEAL_SALT_BYTES], const void *plain, size_t plain_bytes,
                 uint8_t *record_r, size_t record_bytes)
{
    if (record_bytes < HEADER_BYTES + plain_bytes + 1 + TAG_BYTES) {
        return STATUS_TOO_LARGE;
    }
    struct content_keys keys;
    size_t padded_bytes = record_bytes - HEADER_BYTES - TAG_BYTES;
    bool sealed = derive(agreement, peer_public, auth_secret, salt, &keys) &&
                  encrypt(&keys, plain, plain_bytes, padded_bytes, record_r + HEADER_BYTES);
    OPENSSL_cleanse(&keys, sizeof keys);
    if (!sealed) {
        return crypto_error_take(STATUS_NO_MEMORY);
    }
    write_header(agreement, salt, padded_bytes + TAG_BYTES, record_r);
    return STATUS_OK;
}
