#include "tests/support/provider/push_record.h"

#include <openssl/err.h>
#include <string.h>

#include "gateway/base/digest.h"

/* RFC 8188, section 2.1: salt, record size, length of the key id, key id. */
#define SALT_BYTES       16
#define HEADER_BYTES     (SALT_BYTES + 4 + 1 + PUSH_POINT_BYTES)
#define TAG_BYTES        16
#define RECORD_BYTES_MIN 18 /* section 2: a tag, a delimiter, and one byte */
#define DELIMITER_LAST   2  /* in the last record */
#define KEY_BYTES        16
#define NONCE_BYTES      12

const char *push_record_check(struct view record)
{
    const uint8_t *bytes = (const uint8_t *)record.data;
    if (record.bytes < HEADER_BYTES + TAG_BYTES + 1) {
        return "too short for a header and a record";
    }
    uint32_t record_bytes = (uint32_t)bytes[16] << 24 | (uint32_t)bytes[17] << 16 |
                            (uint32_t)bytes[18] << 8 | bytes[19];
    if (bytes[20] != PUSH_POINT_BYTES || bytes[21] != 0x04) {
        return "the key id is not an uncompressed point";
    }
    if (record_bytes < RECORD_BYTES_MIN) {
        return "the record size is below 18";
    }
    return record.bytes - HEADER_BYTES > record_bytes ? "more than one record" : NULL;
}

/* What both sides computed from their own key and the other's; false: no point on the curve. */
static bool agree(EVP_PKEY *ours, const uint8_t *point, uint8_t shared_r[32])
{
    size_t bytes = 32;
    EVP_PKEY *theirs = EVP_PKEY_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(ours, NULL);
    bool agreed =
        theirs != NULL && context != NULL && EVP_PKEY_copy_parameters(theirs, ours) == 1 &&
        EVP_PKEY_set1_encoded_public_key(theirs, point, PUSH_POINT_BYTES) == 1 &&
        EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, theirs) == 1 &&
        EVP_PKEY_derive(context, shared_r, &bytes) == 1 && bytes == 32;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(theirs);
    ERR_clear_error();
    return agreed;
}

/* RFC 5869's expansion to at most one digest: the info with a 1 behind it. */
static struct digest expand(struct digest key, const struct digest_part *info, size_t info_count)
{
    static const uint8_t one = 1;
    struct digest_part parts[4];
    memcpy(parts, info, info_count * sizeof *info);
    parts[info_count] = (struct digest_part){&one, 1};
    return digest_hmac_sha256(key.bytes, sizeof key.bytes, parts, info_count + 1);
}

/* RFC 8291, section 3.4. */
static void derive(const struct push_keys *keys, const uint8_t *salt, const uint8_t *sender_point,
                   const uint8_t shared[32], uint8_t key_r[KEY_BYTES], uint8_t nonce_r[NONCE_BYTES])
{
    static const char info_text[] = "WebPush: info";
    static const char key_text[] = "Content-Encoding: aes128gcm";
    static const char nonce_text[] = "Content-Encoding: nonce";
    const struct digest_part shared_part = {shared, 32};
    const struct digest_part info[] = {{info_text, sizeof info_text},
                                       {keys->point, PUSH_POINT_BYTES},
                                       {sender_point, PUSH_POINT_BYTES}};
    const struct digest_part key_info = {key_text, sizeof key_text};
    const struct digest_part nonce_info = {nonce_text, sizeof nonce_text};
    struct digest mixed = digest_hmac_sha256(keys->secret, PUSH_SECRET_BYTES, &shared_part, 1);
    struct digest input = expand(mixed, info, 3);
    const struct digest_part input_part = {input.bytes, sizeof input.bytes};
    struct digest pseudo_random = digest_hmac_sha256(salt, SALT_BYTES, &input_part, 1);
    struct digest key = expand(pseudo_random, &key_info, 1);
    struct digest nonce = expand(pseudo_random, &nonce_info, 1);
    memcpy(key_r, key.bytes, KEY_BYTES);
    memcpy(nonce_r, nonce.bytes, NONCE_BYTES);
}

static bool open_sealed(const uint8_t *sealed, size_t sealed_bytes, const uint8_t *key,
                        const uint8_t *nonce, uint8_t *plain_r)
{
    int bytes = 0, rest = 0;
    uint8_t tag[TAG_BYTES];
    size_t text_bytes = sealed_bytes - TAG_BYTES;
    memcpy(tag, sealed + text_bytes, TAG_BYTES);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool opened = context != NULL &&
                  EVP_DecryptInit_ex(context, EVP_aes_128_gcm(), NULL, key, nonce) == 1 &&
                  EVP_DecryptUpdate(context, plain_r, &bytes, sealed, (int)text_bytes) == 1 &&
                  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1 &&
                  EVP_DecryptFinal_ex(context, plain_r + bytes, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    ERR_clear_error();
    return opened;
}

const char *push_record_open(struct view record, const struct push_keys *keys, uint8_t *plain_r,
                             size_t *plain_bytes_r)
{
    const uint8_t *bytes = (const uint8_t *)record.data;
    const uint8_t *sender_point = bytes + SALT_BYTES + 5;
    uint8_t shared[32], key[KEY_BYTES], nonce[NONCE_BYTES];
    const char *wrong = push_record_check(record);
    if (wrong != NULL) {
        return wrong;
    }
    if (!agree(keys->key, sender_point, shared)) {
        return "the sender's key is no point on P-256";
    }
    derive(keys, bytes, sender_point, shared, key, nonce);
    size_t sealed_bytes = record.bytes - HEADER_BYTES;
    if (!open_sealed(bytes + HEADER_BYTES, sealed_bytes, key, nonce, plain_r)) {
        return "the record cannot be decrypted";
    }
    size_t plain_bytes = sealed_bytes - TAG_BYTES;
    while (plain_bytes > 0 && plain_r[plain_bytes - 1] == 0) {
        plain_bytes--;
    }
    if (plain_bytes == 0 || plain_r[plain_bytes - 1] != DELIMITER_LAST) {
        return "the padding does not begin with the last record's delimiter";
    }
    *plain_bytes_r = plain_bytes - 1;
    return NULL;
}
