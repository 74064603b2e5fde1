/* digest.h - SHA-256 and HMAC-SHA256, through OpenSSL. */
#ifndef GATEWAY_BASE_DIGEST_H
#define GATEWAY_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/status.h"

#define DIGEST_BYTES 32

struct digest {
    uint8_t bytes[DIGEST_BYTES];
};

/* One piece of what is hashed. */
struct digest_part {
    const void *data;
    size_t bytes;
};

/* The hash of the parts one after another; any thread; aborts only when OpenSSL itself fails. */
struct digest digest_sha256(const struct digest_part *parts, size_t parts_count);

/* The hash and length of an open file, from its first byte. go_on, which may be NULL, is asked
 * between pieces: STATUS_STOPPING when it says no. STATUS_IO. */
enum status digest_sha256_file(int file, bool (*go_on)(void *context), void *context,
                               struct digest *digest_r, int64_t *bytes_r,
                               struct error *error) MUST_CHECK;

/* HMAC (RFC 2104) over the parts one after another, with a key of any length; any thread. */
struct digest digest_hmac_sha256(const void *key, size_t key_bytes, const struct digest_part *parts,
                                 size_t parts_count);

#endif
