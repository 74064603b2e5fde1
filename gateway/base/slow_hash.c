/* slow_hash.c - scrypt, by OpenSSL. */
#include "gateway/base/slow_hash.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdint.h>

#define COST        UINT64_C(16384)
#define BLOCKS      8
#define PARALLEL    1
#define MEMORY_MOST UINT64_C(33554432) /* twice what it needs */

enum status slow_hash(const void *secret, size_t secret_bytes, const void *salt, size_t salt_bytes,
                      struct digest *hash_r, struct error *error)
{
    assert(secret != NULL && salt != NULL && salt_bytes > 0);
    uint64_t cost = COST, memory = MEMORY_MOST;
    uint32_t blocks = BLOCKS, parallel = PARALLEL;
    union { /* OpenSSL takes what it only reads as if it wrote there */
        const void *given;
        void *taken;
    } password = {secret}, salted = {salt};
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, password.taken, secret_bytes),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salted.taken, salt_bytes),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &cost),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &blocks),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &parallel),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
    EVP_KDF_CTX *context = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    struct digest hash;
    bool made =
        context != NULL && EVP_KDF_derive(context, hash.bytes, sizeof hash.bytes, parameters) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    if (!made) { /* nothing else can be wrong with it */
        return error_set(error, STATUS_NO_MEMORY, "no memory for a slow hash");
    }
    *hash_r = hash;
    return STATUS_OK;
}
