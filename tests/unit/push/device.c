#include "tests/unit/push/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

void device_init(struct device *device)
{
    unsigned char *encoded = NULL;
    device->pkey = EVP_EC_gen("P-256");
    assert_non_null(device->pkey);
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(device->pkey, &encoded),
                     PUSH_PUBLIC_KEY_BYTES);
    memcpy(device->public_key, encoded, PUSH_PUBLIC_KEY_BYTES);
    OPENSSL_free(encoded);
    assert_int_equal(RAND_bytes(device->auth_secret, PUSH_AUTH_SECRET_BYTES), 1);
}

void device_fini(struct device *device)
{
    EVP_PKEY_free(device->pkey);
}

void device_agree(const struct device *device, const uint8_t point[PUSH_PUBLIC_KEY_BYTES],
                  uint8_t secret_r[32])
{
    size_t bytes = 32;
    EVP_PKEY *peer = EVP_PKEY_new();
    assert_int_equal(EVP_PKEY_copy_parameters(peer, device->pkey), 1);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, point, PUSH_PUBLIC_KEY_BYTES), 1);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(device->pkey, NULL);
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, peer), 1);
    assert_int_equal(EVP_PKEY_derive(context, secret_r, &bytes), 1);
    assert_int_equal(bytes, 32);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
}

static void hkdf(const uint8_t *salt, size_t salt_bytes, const uint8_t *key, const void *info,
                 size_t info_bytes, uint8_t *out_r, size_t out_bytes)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    char digest[] = "SHA256";
    uint8_t salt_copy[PUSH_AUTH_SECRET_BYTES], key_copy[32], info_copy[256];
    memcpy(salt_copy, salt, salt_bytes);
    memcpy(key_copy, key, sizeof key_copy);
    memcpy(info_copy, info, info_bytes);
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt_copy, salt_bytes),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key_copy, sizeof key_copy),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info_copy, info_bytes),
        OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_KDF_derive(context, out_r, out_bytes, parameters), 1);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}

size_t device_open(const struct device *device, const uint8_t *record, size_t record_bytes,
                   uint8_t *plain_r)
{
    uint8_t secret[32], ikm[32], key[16], nonce[12], tag[16];
    uint8_t info[14 + 2 * PUSH_PUBLIC_KEY_BYTES] = "WebPush: info";
    assert_true(record_bytes > 86 + 16);
    uint32_t size = (uint32_t)record[16] << 24 | (uint32_t)record[17] << 16 |
                    (uint32_t)record[18] << 8 | record[19];
    assert_true(size > record_bytes - 86); /* RFC 8291, section 4 */
    assert_int_equal(record[20], PUSH_PUBLIC_KEY_BYTES);
    device_agree(device, record + 21, secret);
    memcpy(info + 14, device->public_key, PUSH_PUBLIC_KEY_BYTES);
    memcpy(info + 14 + PUSH_PUBLIC_KEY_BYTES, record + 21, PUSH_PUBLIC_KEY_BYTES);
    hkdf(device->auth_secret, PUSH_AUTH_SECRET_BYTES, secret, info, sizeof info, ikm, sizeof ikm);
    hkdf(record, 16, ikm, "Content-Encoding: aes128gcm", 28, key, sizeof key);
    hkdf(record, 16, ikm, "Content-Encoding: nonce", 24, nonce, sizeof nonce);

    int bytes = 0, rest = 0;
    memcpy(tag, record + record_bytes - 16, sizeof tag);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_DecryptInit_ex(context, EVP_aes_128_gcm(), NULL, key, nonce), 1);
    assert_int_equal(
        EVP_DecryptUpdate(context, plain_r, &bytes, record + 86, (int)(record_bytes - 86 - 16)), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tag), 1);
    assert_int_equal(EVP_DecryptFinal_ex(context, plain_r + bytes, &rest), 1);
    EVP_CIPHER_CTX_free(context);
    while (bytes > 0 && plain_r[bytes - 1] == 0) {
        bytes--;
    }
    assert_true(bytes > 0);
    assert_int_equal(plain_r[bytes - 1], 2);
    return (size_t)bytes - 1;
}
