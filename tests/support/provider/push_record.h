/* push_record.h - reads what was encrypted for a device: one aes128gcm record (RFC 8188) whose key
 * was agreed upon as RFC 8291 says. The phone's half of it, in OpenSSL's words. */
#ifndef TESTS_SUPPORT_PROVIDER_PUSH_RECORD_H
#define TESTS_SUPPORT_PROVIDER_PUSH_RECORD_H

#include <openssl/evp.h>
#include <stdint.h>

#include "gateway/base/status.h"
#include "tests/support/provider/http2_server.h"

#define PUSH_POINT_BYTES  65
#define PUSH_SECRET_BYTES 16

/* The device's keys. */
struct push_keys {
    EVP_PKEY *key; /* on P-256 */
    uint8_t point[PUSH_POINT_BYTES];
    uint8_t secret[PUSH_SECRET_BYTES];
};

/* Whether the bytes are a header with a key of 65 bytes, and exactly one record. NULL, or what is
 * wrong; static text. */
const char *push_record_check(struct view record);

/* Decrypts it into plain_r, which holds record.bytes; *plain_bytes_r without the padding. NULL, or
 * what is wrong; static text. */
const char *push_record_open(struct view record, const struct push_keys *keys, uint8_t *plain_r,
                             size_t *plain_bytes_r);

#endif
