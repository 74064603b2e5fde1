#include "tests/support/provider/seen_ids.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/digest.h"
#include "gateway/base/uuid.h"

#define SLOTS_FIRST 4096 /* a power of two */

struct seen_id {
    struct uuid id; /* nil: a free slot */
    bool accepted;
};

/* Open addressing, at most half full. */
struct seen_ids {
    struct seen_id *slots;
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

static struct seen_id *slot_of(struct seen_id *slots, size_t slots_count, struct uuid key)
{
    uint64_t high, low;
    memcpy(&high, key.bytes, sizeof high);
    memcpy(&low, key.bytes + 8, sizeof low);
    uint64_t hash = (high ^ (low * 0x9e3779b97f4a7c15U)) * 0xff51afd7ed558ccdU;
    size_t at = (size_t)(hash >> 32) & (slots_count - 1);
    while (!uuid_is_nil(slots[at].id) && !uuid_equal(slots[at].id, key)) {
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
    struct seen_id *slots = seen->used >= SEEN_IDS_MAX ? NULL : calloc(count, sizeof *seen->slots);
    if (slots == NULL) {
        forget_all(seen);
        return;
    }
    for (size_t i = 0; i < seen->slots_count; i++) {
        if (!uuid_is_nil(seen->slots[i].id)) {
            *slot_of(slots, count, seen->slots[i].id) = seen->slots[i];
        }
    }
    free(seen->slots);
    seen->slots = slots;
    seen->slots_count = count;
}

struct seen_before seen_ids_note(struct seen_ids *seen, struct view id, bool accepted)
{
    struct seen_before before = {false, false};
    if (id.data == NULL) {
        return before;
    }
    struct uuid key = key_of(id);
    struct seen_id *slot = slot_of(seen->slots, seen->slots_count, key);
    if (!uuid_is_nil(slot->id)) {
        before = (struct seen_before){true, slot->accepted};
        slot->accepted = slot->accepted || accepted;
        return before;
    }
    if (seen->used * 2 >= seen->slots_count) {
        grow(seen);
        slot = slot_of(seen->slots, seen->slots_count, key);
    }
    *slot = (struct seen_id){key, accepted};
    seen->used++;
    return before;
}
