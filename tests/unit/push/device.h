/* device.h - a device that opens what was sealed for it, through other functions of OpenSSL's than
 * those that sealed it. */
#ifndef TESTS_UNIT_PUSH_DEVICE_H
#define TESTS_UNIT_PUSH_DEVICE_H

#include <openssl/evp.h>
#include <stdint.h>

#include "apns-fcm/push.h"

struct device {
    EVP_PKEY *pkey;
    uint8_t public_key[PUSH_PUBLIC_KEY_BYTES];
    uint8_t auth_secret[PUSH_AUTH_SECRET_BYTES];
};

/* A device with a fresh key pair. */
void device_init(struct device *device);
void device_fini(struct device *device);

/* The x coordinate of the device's scalar times the point, as ECDH wants it. */
void device_agree(const struct device *device, const uint8_t point[PUSH_PUBLIC_KEY_BYTES],
                  uint8_t secret_r[32]);

/* Decrypts a record (RFC 8188, RFC 8291) and answers the plain text's size without its padding;
 * fails the test when it is no good record for this device. */
size_t device_open(const struct device *device, const uint8_t *record, size_t record_bytes,
                   uint8_t *plain_r);

#endif
