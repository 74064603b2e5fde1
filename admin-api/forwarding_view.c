/* forwarding_view.c - a ladder as text, JSON and TwiML. */
#include "admin-api/forwarding.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/core/words.h"

static const struct {
    const char *word;
    const char *content_type;
} formats[FORWARDING_FORMATS_COUNT] = {
    [FORWARDING_JSON] = {"json", "application/json"},
    [FORWARDING_TEXT] = {"text", "text/plain; charset=utf-8"},
    [FORWARDING_LADDER] = {"ladder", "text/plain; charset=utf-8"},
    [FORWARDING_TWIML] = {"twiml", "application/xml"},
};

enum forwarding_format forwarding_format_parse(const char *word)
{
    int format = 0;
    while (word != NULL && format < FORWARDING_FORMATS_COUNT &&
           strcmp(formats[format].word, word) != 0) {
        format++;
    }
    return (enum forwarding_format)format;
}

const char *forwarding_content_type(enum forwarding_format format)
{
    return formats[format].content_type;
}

/* ---- JSON ---- */

void forwarding_write_json(struct json_writer *json, void *context)
{
    const struct forwarding *forwarding = context;
    const struct ladder *ladder = forwarding->ladder;
    json_object_begin(json);
    json_member_text(json, "customer", forwarding->customer->slug);
    json_member_text(json, "number", forwarding->number);
    json_name(json, "dial");
    if (ladder->count > 0) {
        json_text(json, ladder->rungs[0].phone);
    } else {
        json_null_value(json);
    }
    json_member_int(json, "ring_s", FORWARDING_RING_S);
    json_name(json, "ladder");
    ladder_write(json, ladder);
    json_name(json, "warnings");
    json_array_begin(json);
    if (!forwarding->customer->active) {
        json_text(json, "customer: not active; put through all the same");
    }
    if (ladder->cut) {
        json_text(json, "ladder: there is no room for all numbers; those at its end are left out");
    }
    json_array_end(json);
    json_object_end(json);
}

/* ---- text ---- */

struct page {
    char *text;
    size_t bytes;
};

static void add_n(struct page *page, const char *text, size_t bytes)
{
    /* A ladder's numbers are of E.164's length. */
    assert(bytes < FORWARDING_TEXT_BYTES_MAX - page->bytes);
    memcpy(page->text + page->bytes, text, bytes);
    page->bytes += bytes;
    page->text[page->bytes] = '\0';
}

static void add(struct page *page, const char *text)
{
    add_n(page, text, strlen(text));
}

/* XML 1.0, section 2.4: what would be taken for markup. */
static void add_escaped(struct page *page, const char *text)
{
    static const char marks[] = "&<>\"'";
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
    while (*text != '\0') {
        size_t plain = strcspn(text, marks);
        add_n(page, text, plain);
        text += plain;
        if (*text != '\0') {
            add(page, entities[strchr(marks, *text) - marks]);
            text++;
        }
    }
}

static void add_number(struct page *page, const struct ladder_rung *rung)
{
    add(page, "<Number>");
    add_escaped(page, rung->phone);
    add(page, "</Number>");
}

/* One <Dial> that goes through its numbers in order: one behind the other in several would call the
 * next as soon as the person reached hangs up (twilio.com/docs/voice/twiml/dial: "sequential", and
 * what follows a <Dial> without "action"). */
static void add_twiml(struct page *page, const struct ladder *ladder)
{
    char ring[16];
    size_t last = ladder->count - 1;
    size_t before_last =
        last < FORWARDING_TWIML_NUMBERS_MAX ? last : FORWARDING_TWIML_NUMBERS_MAX - 1;
    (void)snprintf(ring, sizeof ring, "%d", FORWARDING_RING_S);
    add(page, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    add(page, "<Response><Dial sequential=\"true\" timeout=\"");
    add(page, ring);
    add(page, "\">");
    for (size_t i = 0; i < before_last; i++) {
        add_number(page, &ladder->rungs[i]);
    }
    add_number(page, &ladder->rungs[last]);
    add(page, "</Dial></Response>\n");
}

size_t forwarding_write_text(const struct forwarding *forwarding, enum forwarding_format format,
                             char text_r[FORWARDING_TEXT_BYTES_MAX])
{
    const struct ladder *ladder = forwarding->ladder;
    struct page page = {.text = text_r};
    assert(ladder->count > 0 && format != FORWARDING_JSON);
    text_r[0] = '\0';
    if (format == FORWARDING_TWIML) {
        add_twiml(&page, ladder);
        return page.bytes;
    }
    size_t shown = format == FORWARDING_TEXT ? 1 : ladder->count;
    for (size_t i = 0; i < shown; i++) {
        add(&page, ladder->rungs[i].phone);
        add(&page, "\n");
    }
    return page.bytes;
}
