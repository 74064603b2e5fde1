#include "tests/support/provider/device_keys.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/encoding.h"
#include "gateway/base/random.h"

#define BUCKETS_COUNT 4096 /* a power of two */

struct device_key {
    struct device_key *next;
    struct push_keys keys;
    size_t target_bytes;
    char target[];
};

struct device_keys {
    size_t count;
    struct device_key *buckets[BUCKETS_COUNT];
    unsigned char record[HTTP2_BODY_BYTES_MAX]; /* scratch */
};

struct device_keys *device_keys_create(void)
{
    return calloc(1, sizeof(struct device_keys));
}

void device_keys_destroy(struct device_keys **keys)
{
    for (size_t i = 0; *keys != NULL && i < BUCKETS_COUNT; i++) {
        struct device_key *key;
        while ((key = (*keys)->buckets[i]) != NULL) {
            (*keys)->buckets[i] = key->next;
            EVP_PKEY_free(key->keys.key);
            free(key);
        }
    }
    free(*keys);
    *keys = NULL;
}

/* FNV-1a. The targets come from the test that made the keys. */
static size_t bucket_of(struct view target)
{
    uint64_t hash = 14695981039346656037U;
    for (size_t i = 0; i < target.bytes; i++) {
        hash = (hash ^ (unsigned char)target.data[i]) * 1099511628211U;
    }
    return (size_t)(hash ^ (hash >> 32)) & (BUCKETS_COUNT - 1);
}

static struct device_key *find(const struct device_keys *keys, struct view target)
{
    struct device_key *key = keys->buckets[bucket_of(target)];
    while (key != NULL && (key->target_bytes != target.bytes ||
                           memcmp(key->target, target.data, target.bytes) != 0)) {
        key = key->next;
    }
    return key;
}

static enum status make_pair(struct push_keys *keys_r)
{
    size_t bytes = 0;
    keys_r->key = EVP_EC_gen("P-256");
    random_fill(&random_system, keys_r->secret, sizeof keys_r->secret);
    if (keys_r->key == NULL ||
        EVP_PKEY_get_octet_string_param(keys_r->key, "pub", keys_r->point, sizeof keys_r->point,
                                        &bytes) != 1 ||
        bytes != sizeof keys_r->point) {
        EVP_PKEY_free(keys_r->key);
        ERR_clear_error();
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

enum status device_keys_make(struct device_keys *keys, const char *target,
                             struct device_key_texts *texts_r)
{
    struct view key_of = view_of_text(target);
    struct push_keys pair;
    struct device_key *key = find(keys, key_of);
    if (key == NULL && keys->count == DEVICE_KEYS_MAX) {
        return STATUS_FULL;
    }
    enum status status = make_pair(&pair);
    if (status != STATUS_OK) {
        return status;
    }
    if (key == NULL) {
        key = calloc(1, sizeof *key + key_of.bytes);
        if (key == NULL) {
            EVP_PKEY_free(pair.key);
            return STATUS_NO_MEMORY;
        }
        struct device_key **bucket = &keys->buckets[bucket_of(key_of)];
        key->next = *bucket;
        key->target_bytes = key_of.bytes;
        memcpy(key->target, target, key_of.bytes);
        *bucket = key;
        keys->count++;
    }
    EVP_PKEY_free(key->keys.key);
    key->keys = pair;
    base64url_encode(pair.point, sizeof pair.point, texts_r->p256dh);
    base64url_encode(pair.secret, sizeof pair.secret, texts_r->auth);
    return STATUS_OK;
}

const struct push_keys *device_keys_find(const struct device_keys *keys, struct view target)
{
    const struct device_key *key =
        keys->count == 0 || target.data == NULL ? NULL : find(keys, target);
    return key == NULL ? NULL : &key->keys;
}

bool device_keys_read(struct simulator *simulator, struct view record, struct received *received)
{
    const struct push_keys *keys = device_keys_find(simulator->device_keys, received->token);
    size_t bytes;
    if (keys == NULL) {
        return true;
    }
    const char *wrong = record.bytes > sizeof simulator->plain
                            ? "the record is too large"
                            : push_record_open(record, keys, simulator->plain, &bytes);
    if (wrong != NULL) {
        received->detail = wrong;
        return false;
    }
    received->plain = (struct view){(const char *)simulator->plain, bytes};
    return true;
}

bool device_keys_read_member(struct simulator *simulator, struct view encrypted,
                             struct received *received)
{
    unsigned char *record = simulator->device_keys->record;
    size_t bytes;
    if (encrypted.data == NULL ||
        device_keys_find(simulator->device_keys, received->token) == NULL) {
        return true;
    }
    if (memchr(encrypted.data, '=', encrypted.bytes) != NULL ||
        memchr(encrypted.data, '+', encrypted.bytes) != NULL ||
        memchr(encrypted.data, '/', encrypted.bytes) != NULL ||
        base64_decode(encrypted.data, encrypted.bytes, record,
                      sizeof simulator->device_keys->record, &bytes) != STATUS_OK) {
        received->detail = "encrypted is not base64url without padding";
        return false;
    }
    return device_keys_read(simulator, (struct view){(const char *)record, bytes}, received);
}
