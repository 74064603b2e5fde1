/* digest.h - SHA-256 and HMAC-SHA256, through OpenSSL. */
#ifndef GATEWAY_BASE_DIGEST_H
#define GATEWAY_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

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

/* HMAC (RFC 2104) over the parts one after another. */
struct digest digest_hmac_sha256(const void *key, size_t key_bytes, const struct digest_part *parts,
                                 size_t parts_count);

#endif
