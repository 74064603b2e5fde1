/* payload_shorten.c - makes a notification fit: which text gives way, and by how much.
 *
 * push.h says in which order texts are shortened. Seen from the other end that is the order in
 * which they are given room: all are drawn at their shortest, then the title gets of what is left
 * as much as it wants, then the secret's title, and the secret's body what nobody else took. So the
 * payload is drawn three times at most, whatever is in it. */
#include "apns-fcm/payload_private.h"

#include <assert.h>

#include "apns-fcm/seal.h"

#define TEXT_BYTES_KEPT 32 /* no text is cut below this */

/* How many bytes of the payload a byte of a text becomes: JSON's escapes, as the writer makes them,
 * and these escaped once more in what is JSON within a JSON string. */
static size_t byte_cost(unsigned char c, bool nested)
{
    switch (c) {
    case '"':
    case '\\':
        return nested ? 4 : 2;
    case '\n':
    case '\r':
    case '\t':
        return nested ? 3 : 2;
    default:
        return c >= 0x20 ? 1 : nested ? 7 : 6;
    }
}

static size_t text_cost(const struct shown_text *shown, bool nested)
{
    size_t cost = shown->cut ? PAYLOAD_ELLIPSIS_BYTES : 0;
    for (size_t i = 0; i < shown->bytes; i++) {
        cost += byte_cost((unsigned char)shown->text[i], nested);
    }
    return cost;
}

static bool is_within_character(const struct shown_text *whole, size_t at)
{
    return at < whole->bytes && ((unsigned char)whole->text[at] & 0xc0) == 0x80;
}

static struct shown_text shortest(const struct shown_text *whole)
{
    size_t kept = TEXT_BYTES_KEPT;
    while (is_within_character(whole, kept)) {
        kept++;
    }
    if (whole->bytes <= kept + PAYLOAD_ELLIPSIS_BYTES) {
        return *whole;
    }
    return (struct shown_text){.text = whole->text, .bytes = kept, .cut = true};
}

/* As much of the text as costs at most so many bytes; at least the shortest must. An ellipsis never
 * stands for less than it takes, also where escapes make what it replaces cost more. */
static struct shown_text longest(const struct shown_text *whole, bool nested, size_t cost_max)
{
    struct shown_text found = shortest(whole);
    size_t cost = 0;
    for (size_t at = 0; at < whole->bytes; at++) {
        if (at > found.bytes && !is_within_character(whole, at) &&
            at + PAYLOAD_ELLIPSIS_BYTES < whole->bytes &&
            cost + PAYLOAD_ELLIPSIS_BYTES <= cost_max) {
            found.bytes = at;
        }
        cost += byte_cost((unsigned char)whole->text[at], nested);
        if (cost > cost_max) {
            return found;
        }
    }
    return *whole;
}

static bool is_encrypted(const struct sketch *sketch, size_t which)
{
    return sketch->job->provider == PUSH_WEB || which == TEXT_SECRET_BODY ||
           which == TEXT_SECRET_TITLE;
}

static bool is_nested(const struct sketch *sketch, size_t which)
{
    return sketch->job->provider == PUSH_FCM && which >= TEXT_ACTION_LAST &&
           which < TEXT_SECRET_TITLE;
}

/* What is taken of the limit so far. */
struct taken {
    size_t open_bytes;  /* not encrypted; without the gap */
    size_t plain_bytes; /* encrypted; 0: nothing is */
};

/* The longest plain text whose record fits beside what is not encrypted. */
static size_t plain_bytes_max(const struct sketch *sketch, size_t limit, const struct taken *taken)
{
    size_t room = limit - taken->open_bytes;
    size_t record_bytes_max = sketch->job->provider == PUSH_WEB ? room : room * 3 / 4;
    size_t plain_bytes = seal_plain_bytes_max(record_bytes_max);
    assert(plain_bytes >= taken->plain_bytes);
    return plain_bytes < PAYLOAD_PLAIN_BYTES_MAX ? plain_bytes : PAYLOAD_PLAIN_BYTES_MAX;
}

/* Gives a text that is at its shortest as much of the room as it wants. */
static void lengthen(struct sketch *sketch, size_t which, const struct shown_text *whole,
                     size_t limit, struct taken *taken)
{
    struct shown_text *shown = &sketch->texts[which];
    bool encrypted = is_encrypted(sketch, which);
    bool nested = is_nested(sketch, which);
    size_t gap_bytes =
        taken->plain_bytes > 0 ? PAYLOAD_GAP_BYTES(seal_record_bytes(taken->plain_bytes)) : 0;
    size_t room = encrypted ? plain_bytes_max(sketch, limit, taken) - taken->plain_bytes
                            : limit - taken->open_bytes - gap_bytes;
    size_t cost = text_cost(shown, nested);
    *shown = longest(whole, nested, cost + room);
    *(encrypted ? &taken->plain_bytes : &taken->open_bytes) += text_cost(shown, nested) - cost;
}

size_t payload_shorten(struct sketch *sketch, size_t limit, struct payload *payload)
{
    struct shown_text whole[TEXTS_COUNT];
    for (size_t i = 0; i < TEXTS_COUNT; i++) {
        whole[i] = sketch->texts[i];
        sketch->texts[i] = shortest(&whole[i]);
    }
    size_t bytes = payload_draw(sketch, payload);
    if (bytes > limit) {
        return bytes;
    }
    struct taken taken = {payload->body_bytes - payload->seal_bytes, payload->plain_bytes};
    for (size_t i = TEXTS_COUNT; i-- > 0;) {
        if (sketch->texts[i].cut) {
            lengthen(sketch, i, &whole[i], limit, &taken);
        }
    }
    bytes = payload_draw(sketch, payload);
    assert(bytes <= limit);
    return bytes;
}
