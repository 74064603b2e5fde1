/* seal.h - encrypts a text for one receiver: one aes128gcm record (RFC 8188) with keys as Web Push
 * derives them (RFC 8291). Pure: key agreement and salt are handed in. */
#ifndef APNS_FCM_SEAL_H
#define APNS_FCM_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "apns-fcm/push.h"

#define SEAL_SALT_BYTES   16
#define SEAL_SECRET_BYTES 32
#define SEAL_PADDED_TO    128

/* Our half of a key agreement on P-256 for one message: the public key that is sent along, and the
 * X coordinate that both sides compute. */
struct seal_agreement {
    uint8_t public_key[PUSH_PUBLIC_KEY_BYTES];
    uint8_t secret[SEAL_SECRET_BYTES];
};

/* The bytes of a record for so much plain text: with its delimiter it is padded to a multiple of
 * SEAL_PADDED_TO, so that the length says little; to less where the record then still has the 4096
 * bytes that every push service takes. */
size_t seal_record_bytes(size_t plain_bytes);

/* The longest plain text whose record has at most so many bytes; 0 also when not even an empty
 * one's has. */
size_t seal_plain_bytes_max(size_t record_bytes_max);

/* Writes the record: salt, record size, our public key, ciphertext. What record_bytes leaves beyond
 * the plain text is padding. The inputs are borrowed and must not overlap the record.
 * STATUS_TOO_LARGE: the header, the plain text, the delimiter and the tag need more, and record_r
 * is untouched; STATUS_NO_MEMORY: it is wiped. */
enum status seal(const struct seal_agreement *agreement,
                 const uint8_t peer_public[PUSH_PUBLIC_KEY_BYTES],
                 const uint8_t auth_secret[PUSH_AUTH_SECRET_BYTES],
                 const uint8_t salt[SEAL_SALT_BYTES], const void *plain, size_t plain_bytes,
                 uint8_t *record_r, size_t record_bytes) MUST_CHECK;

#endif
