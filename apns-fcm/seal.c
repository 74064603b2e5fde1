#include "apns-fcm/seal.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#include "gateway/base/digest.h"

/* Salt, record size, length of the key id and the key id, our public key (RFC 8188, 2.1). */
#define HEADER_BYTES      (SEAL_SALT_BYTES + 4 + 1 + PUSH_PUBLIC_KEY_BYTES)
#define TAG_BYTES         16
#define OVERHEAD_BYTES    (HEADER_BYTES + 1 + TAG_BYTES) /* with the delimiter */
#define SERVICE_BYTES_MAX 4096 /* that every push service takes (RFC 8030, section 7.2) */
#define KEY_BYTES         16
#define NONCE_BYTES       12
#define LAST_DELIMITER    0x02 /* of the last record (RFC 8188, section 2) */
#define RECORD_SIZE_USUAL 4096

/* The content encryption key and the nonce of one record. */
struct record_keys {
    uint8_t key[KEY_BYTES];
    uint8_t nonce[NONCE_BYTES];
};

size_t seal_record_bytes(size_t plain_bytes)
{
    size_t least = OVERHEAD_BYTES + plain_bytes;
    size_t units = (plain_bytes + 1 + SEAL_PADDED_TO - 1) / SEAL_PADDED_TO;
    size_t padded = HEADER_BYTES + units * SEAL_PADDED_TO + TAG_BYTES;
    return padded > SERVICE_BYTES_MAX && least <= SERVICE_BYTES_MAX ? SERVICE_BYTES_MAX : padded;
}

size_t seal_plain_bytes_max(size_t record_bytes_max)
{
    size_t fixed = HEADER_BYTES + TAG_BYTES;
    size_t units = record_bytes_max > fixed ? (record_bytes_max - fixed) / SEAL_PADDED_TO : 0;
    size_t padded = units > 0 ? units * SEAL_PADDED_TO - 1 : 0;
    size_t tight = record_bytes_max >= SERVICE_BYTES_MAX ? SERVICE_BYTES_MAX - OVERHEAD_BYTES : 0;
    return padded > tight ? padded : tight;
}

/* RFC 8291, section 3.4: HKDF (RFC 5869) twice, each output no longer than one hash. */
static void derive(const struct seal_agreement *agreement,
                   const uint8_t peer_public[PUSH_PUBLIC_KEY_BYTES],
                   const uint8_t auth_secret[PUSH_AUTH_SECRET_BYTES],
                   const uint8_t salt[SEAL_SALT_BYTES], struct record_keys *keys_r)
{
    static const char key_info[] = "WebPush: info"; /* terminators belong to these */
    static const char cek_info[] = "Content-Encoding: aes128gcm";
    static const char nonce_info[] = "Content-Encoding: nonce";
    static const uint8_t one = 1;
    const struct digest_part secret = {agreement->secret, SEAL_SECRET_BYTES};
    struct digest prk_key = digest_hmac_sha256(auth_secret, PUSH_AUTH_SECRET_BYTES, &secret, 1);
    const struct digest_part info[] = {{key_info, sizeof key_info},
                                       {peer_public, PUSH_PUBLIC_KEY_BYTES},
                                       {agreement->public_key, PUSH_PUBLIC_KEY_BYTES},
                                       {&one, 1}};
    struct digest ikm = digest_hmac_sha256(prk_key.bytes, DIGEST_BYTES, info, 4);
    const struct digest_part material = {ikm.bytes, DIGEST_BYTES};
    struct digest prk = digest_hmac_sha256(salt, SEAL_SALT_BYTES, &material, 1);
    const struct digest_part for_key[] = {{cek_info, sizeof cek_info}, {&one, 1}};
    struct digest key = digest_hmac_sha256(prk.bytes, DIGEST_BYTES, for_key, 2);
    const struct digest_part for_nonce[] = {{nonce_info, sizeof nonce_info}, {&one, 1}};
    struct digest nonce = digest_hmac_sha256(prk.bytes, DIGEST_BYTES, for_nonce, 2);
    memcpy(keys_r->key, key.bytes, KEY_BYTES);
    memcpy(keys_r->nonce, nonce.bytes, NONCE_BYTES);
    OPENSSL_cleanse(&prk_key, sizeof prk_key);
    OPENSSL_cleanse(&ikm, sizeof ikm);
    OPENSSL_cleanse(&prk, sizeof prk);
    OPENSSL_cleanse(&key, sizeof key);
    OPENSSL_cleanse(&nonce, sizeof nonce);
}

/* RFC 8188, section 2.1. The record size must exceed the record (RFC 8291, section 4). */
static void write_header(uint8_t header_r[HEADER_BYTES], const uint8_t salt[SEAL_SALT_BYTES],
                         const uint8_t public_key[PUSH_PUBLIC_KEY_BYTES], size_t sealed_bytes)
{
    size_t size = sealed_bytes < RECORD_SIZE_USUAL ? RECORD_SIZE_USUAL : sealed_bytes + 1;
    uint8_t *at = header_r;
    memcpy(at, salt, SEAL_SALT_BYTES);
    at += SEAL_SALT_BYTES;
    *at++ = (uint8_t)(size >> 24);
    *at++ = (uint8_t)(size >> 16);
    *at++ = (uint8_t)(size >> 8);
    *at++ = (uint8_t)size;
    *at++ = PUSH_PUBLIC_KEY_BYTES;
    memcpy(at, public_key, PUSH_PUBLIC_KEY_BYTES);
}

/* Encrypts in place; the tag follows. */
static bool encrypt(const struct record_keys *keys, uint8_t *text, size_t text_bytes)
{
    int written = 0;
    int rest = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool done =
        context != NULL &&
        EVP_EncryptInit_ex2(context, EVP_aes_128_gcm(), keys->key, keys->nonce, NULL) == 1 &&
        EVP_EncryptUpdate(context, text, &written, text, (int)text_bytes) == 1 &&
        EVP_EncryptFinal_ex(context, text + written, &rest) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, text + text_bytes) == 1;
    EVP_CIPHER_CTX_free(context);
    return done;
}

enum status seal(const struct seal_agreement *agreement,
                 const uint8_t peer_public[PUSH_PUBLIC_KEY_BYTES],
                 const uint8_t auth_secret[PUSH_AUTH_SECRET_BYTES],
                 const uint8_t salt[SEAL_SALT_BYTES], const void *plain, size_t plain_bytes,
                 uint8_t *record_r, size_t record_bytes)
{
    if (record_bytes > INT_MAX || record_bytes < OVERHEAD_BYTES ||
        plain_bytes > record_bytes - OVERHEAD_BYTES) {
        return STATUS_TOO_LARGE;
    }
    struct record_keys keys;
    uint8_t *text = record_r + HEADER_BYTES;
    size_t text_bytes = record_bytes - HEADER_BYTES - TAG_BYTES;
    write_header(record_r, salt, agreement->public_key, text_bytes + TAG_BYTES);
    if (plain_bytes > 0) {
        memcpy(text, plain, plain_bytes);
    }
    text[plain_bytes] = LAST_DELIMITER;
    memset(text + plain_bytes + 1, 0, text_bytes - plain_bytes - 1);
    derive(agreement, peer_public, auth_secret, salt, &keys);
    bool sealed = encrypt(&keys, text, text_bytes);
    OPENSSL_cleanse(&keys, sizeof keys);
    if (!sealed) {
        OPENSSL_cleanse(record_r, record_bytes);
        ERR_clear_error();
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}
