#include "gateway/base/digest.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES      65536
#define HMAC_BLOCK_BYTES SHA256_CBLOCK

/* SHA256_* are deprecated in OpenSSL 3 in favour of EVP, whose fetch and context cost several times
 * the hash of a short message; the timeline's chain hashes one for every entry. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static void update_parts(SHA256_CTX *context, const struct digest_part *parts, size_t parts_count)
{
    for (size_t i = 0; i < parts_count; i++) {
        (void)SHA256_Update(context, parts[i].data, parts[i].bytes);
    }
}

struct digest digest_sha256(const struct digest_part *parts, size_t parts_count)
{
    SHA256_CTX context;
    struct digest digest;
    (void)SHA256_Init(&context);
    update_parts(&context, parts, parts_count);
    (void)SHA256_Final(digest.bytes, &context);
    return digest;
}

enum status digest_sha256_file(int file, bool (*go_on)(void *context), void *context,
                               struct digest *digest_r, int64_t *bytes_r, struct error *error)
{
    SHA256_CTX hash;
    uint8_t piece[PIECE_BYTES];
    int64_t bytes = 0;
    ssize_t count;
    (void)SHA256_Init(&hash);
    do {
        if (go_on != NULL && !go_on(context)) {
            return error_set(error, STATUS_STOPPING, "%s", status_text(STATUS_STOPPING));
        }
        count = pread(file, piece, sizeof piece, bytes);
        if (count < 0 && errno != EINTR) {
            return error_set(error, STATUS_IO, "cannot be read: %s", strerror(errno));
        }
        if (count > 0) {
            (void)SHA256_Update(&hash, piece, (size_t)count);
            bytes += count;
        }
    } while (count != 0);
    (void)SHA256_Final(digest_r->bytes, &hash);
    *bytes_r = bytes;
    return STATUS_OK;
}

/* By hand, as OpenSSL's own allocates and looks its hash up for each message: three times as long
 * as the hashes themselves, and a push has three tokens that are made so. */
struct digest digest_hmac_sha256(const void *key, size_t key_bytes, const struct digest_part *parts,
                                 size_t parts_count)
{
    uint8_t pad[HMAC_BLOCK_BYTES] = {0};
    SHA256_CTX context;
    struct digest digest;
    if (key_bytes > sizeof pad) {
        const struct digest_part whole = {key, key_bytes};
        digest = digest_sha256(&whole, 1);
        memcpy(pad, digest.bytes, sizeof digest.bytes);
    } else if (key_bytes > 0) {
        memcpy(pad, key, key_bytes);
    }
    for (size_t i = 0; i < sizeof pad; i++) {
        pad[i] ^= 0x36;
    }
    (void)SHA256_Init(&context);
    (void)SHA256_Update(&context, pad, sizeof pad);
    update_parts(&context, parts, parts_count);
    (void)SHA256_Final(digest.bytes, &context);
    for (size_t i = 0; i < sizeof pad; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }
    (void)SHA256_Init(&context);
    (void)SHA256_Update(&context, pad, sizeof pad);
    (void)SHA256_Update(&context, digest.bytes, sizeof digest.bytes);
    (void)SHA256_Final(digest.bytes, &context);
    OPENSSL_cleanse(pad, sizeof pad);
    return digest;
}
#pragma GCC diagnostic pop
