/* device_keys.h - the keys of simulated phones and browsers, made on request, by their target. */
#ifndef TESTS_SUPPORT_PROVIDER_DEVICE_KEYS_H
#define TESTS_SUPPORT_PROVIDER_DEVICE_KEYS_H

#include "tests/support/provider/push_record.h"
#include "tests/support/provider/simulator.h"

#define DEVICE_KEYS_MAX 10000

/* What a device tells whoever wants to write to it: base64url texts. */
struct device_key_texts {
    char p256dh[90];
    char auth[26];
};

struct device_keys;

/* NULL when out of memory. */
struct device_keys *device_keys_create(void);
void device_keys_destroy(struct device_keys **keys);

/* Makes a pair for the target, in place of an earlier one. STATUS_FULL above DEVICE_KEYS_MAX,
 * STATUS_NO_MEMORY. */
enum status device_keys_make(struct device_keys *keys, const char *target,
                             struct device_key_texts *texts_r) MUST_CHECK;

/* NULL when the target has none. */
const struct push_keys *device_keys_find(const struct device_keys *keys, struct view target);

/* Decrypts a record for received->token into the simulator's scratch, and sets received->plain. A
 * target without keys is fine, and nothing happens. false: received->detail says what is wrong. */
bool device_keys_read(struct simulator *simulator, struct view record, struct received *received);

/* The same for the `encrypted` member of a payload, in base64url; absent is fine. */
bool device_keys_read_member(struct simulator *simulator, struct view encrypted,
                             struct received *received);

#endif
