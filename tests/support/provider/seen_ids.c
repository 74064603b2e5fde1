#include "tests/support/provider/seen_ids.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/digest.h"
#include "gateway/base/uuid.h"

#define SLOTS_FIRST 4096 /* a power of two */

/* Open addressing, at most half full; the nil id marks a free slot. */
struct seen_ids {
    struct uuid *slots;
    size_t slots_count;
    size_t used;
};

struct seen_ids *seen_ids_create(void)
{
    struct seen_ids *seen = calloc(1, sizeof *seen);
    if (seen == NULL) {
        return NULL;
    }
    seen->slots = calloc(SLOTS_FIRST, sizeof *seen->slots);
    if (seen->slots == NULL) {
        free(seen);
        return NULL;
    }
    seen->slots_count = SLOTS_FIRST;
    return seen;
}

void seen_ids_destroy(struct seen_ids **seen)
{
    if (*seen != NULL) {
        free((*seen)->slots);
        free(*seen);
        *seen = NULL;
    }
}

/* A UUID is its own key; of anything else the key is taken from its digest. */
static struct uuid key_of(struct view id)
{
    char text[UUID_TEXT_BYTES];
    struct uuid key;
    if (id.bytes == UUID_TEXT_BYTES - 1) {
        memcpy(text, id.data, id.bytes);
        text[id.bytes] = '\0';
        if (uuid_parse(text, &key) == STATUS_OK && !uuid_is_nil(key)) {
            return key;
        }
    }
    struct digest_part part = {id.data, id.bytes};
    struct digest digest = digest_sha256(&part, 1);
    memcpy(key.bytes, digest.bytes, sizeof key.bytes);
    key.bytes[0] |= 1; /* never nil */
    return key;
}

static struct uuid *slot_of(struct uuid *slots, size_t slots_count, struct uuid key)
{
    uint64_t high, low;
    memcpy(&high, key.bytes, sizeof high);
    memcpy(&low, key.bytes + 8, sizeof low);
    uint64_t hash = (high ^ (low * 0x9e3779b97f4a7c15U)) * 0xff51afd7ed558ccdU;
    size_t at = (size_t)(hash >> 32) & (slots_count - 1);
    while (!uuid_is_nil(slots[at]) && !uuid_equal(slots[at], key)) {
        at = (at + 1) & (slots_count - 1);
    }
    return &slots[at];
}

static void forget_all(struct seen_ids *seen)
{
    memset(seen->slots, 0, seen->slots_count * sizeof *seen->slots);
    seen->used = 0;
}

static void grow(struct seen_ids *seen)
{
    size_t count = seen->slots_count * 2;
    struct uuid *slots = seen->used >= SEEN_IDS_MAX ? NULL : calloc(count, sizeof *seen->slots);
    if (slots == NULL) {
        forget_all(seen);
        return;
    }
    for (size_t i = 0; i < seen->slots_count; i++) {
        if (!uuid_is_nil(seen->slots[i])) {
            *slot_of(slots, count, seen->slots[i]) = seen->slots[i];
        }
    }
    free(seen->slots);
    seen->slots = slots;
    seen->slots_count = count;
}

bool seen_ids_note(struct seen_ids *seen, struct view id)
{
    if (id.data == NULL) {
        return false;
    }
    struct uuid key = key_of(id);
    struct uuid *slot = slot_of(seen->slots, seen->slots_count, key);
    if (!uuid_is_nil(*slot)) {
        return true;
    }
    if (seen->used * 2 >= seen->slots_count) {
        grow(seen);
        slot = slot_of(seen->slots, seen->slots_count, key);
    }
    *slot = key;
    seen->used++;
    return false;
}
