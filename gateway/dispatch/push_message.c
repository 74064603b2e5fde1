/* push_message.c - a push as the phone gets it: neutral words that anybody on the way may read, and
 * for a phone that registered a key, the ticket's own words that nobody but it can. */
#include <stdio.h>
#include <string.h>

#include "gateway/base/encoding.h"
#include "gateway/base/json_writer.h"
#include "gateway/base/text.h"
#include "gateway/dispatch/dispatch_private.h"

#define SUMMARY_BYTES_MAX 900 /* the phone fetches the rest */

static enum push_urgency urgency_of(const struct effect *effect)
{
    if (effect->purpose == PURPOSE_WITHDRAW) {
        return PUSH_SILENT;
    }
    switch (effect->severity) {
    case SEVERITY_CRITICAL:
        return PUSH_CRITICAL;
    case SEVERITY_MAJOR:
        return PUSH_TIME_SENSITIVE;
    case SEVERITY_MINOR:
    case SEVERITY_INFO:
        break;
    }
    return PUSH_NORMAL;
}

static bool decode_exactly(const char *text, uint8_t *bytes_r, size_t bytes)
{
    size_t found = 0;
    return text != NULL && base64_decode(text, strlen(text), bytes_r, bytes, &found) == STATUS_OK &&
           found == bytes;
}

bool push_message_has_keys(const struct directory_device *device, struct push_secret *secret_r)
{
    return decode_exactly(device->public_key, secret_r->public_key, PUSH_PUBLIC_KEY_BYTES) &&
           decode_exactly(device->auth_secret, secret_r->auth_secret, PUSH_AUTH_SECRET_BYTES);
}

/* Who calls and why, in front of what is to be done. A withdrawal says nothing new. */
static void write_secret_words(const struct effect *effect, struct push_message *message)
{
    const char *neutral = message->notification.body;
    bool tells = effect->summary != NULL && effect->purpose != PURPOSE_WITHDRAW &&
                 effect->purpose != PURPOSE_TEST;
    if (effect->purpose == PURPOSE_TEST) {
        (void)text_copy(message->title, sizeof message->title, message->notification.title);
    } else {
        (void)snprintf(message->title, sizeof message->title, "%s – %.160s",
                       message->notification.title, effect->customer->name);
        text_trim_utf8(message->title);
    }
    char summary[SUMMARY_BYTES_MAX];
    (void)text_copy(summary, sizeof summary, tells ? effect->summary : "");
    (void)snprintf(message->body, sizeof message->body, "%s%s%s", summary, tells ? "\n" : "",
                   neutral);
}

static size_t write_secret_data(const struct effect *effect, char *text, size_t text_bytes)
{
    struct json_writer json;
    json_writer_init(&json, text, text_bytes);
    json_object_begin(&json);
    if (effect->purpose != PURPOSE_TEST) {
        json_member_uuid(&json, "ticket", effect->ticket);
        json_member_text(&json, "customer", effect->customer->name);
    }
    json_object_end(&json);
    return json_writer_overflowed(&json) ? 0 : json_writer_bytes(&json);
}

enum status push_message_render(const struct effect *effect, struct push_message *message)
{
    bool test = effect->purpose == PURPOSE_TEST;
    struct notification_words words = render_notification(effect);
    if (render_push_data(effect, message->data, sizeof message->data) == 0) {
        return STATUS_TOO_LARGE;
    }
    uuid_format(test ? effect->attempt : effect->escalation, message->collapse);
    message->notification = (struct push_notification){
        .style = PUSH_ALERT,
        .urgency = urgency_of(effect),
        .title = words.title,
        .body = words.body,
        .category = effect->token_accept != NULL ? "ESCALATION"
                    : render_is_probe(effect)    ? NULL
                    : test                       ? "TEST"
                                                 : NULL,
        .channel = render_is_probe(effect) ? "astreinte-probe" : "astreinte-urgent",
        .unheard = render_is_probe(effect),
        .collapse_id = message->collapse,
        .expires_at = effect->expires_at,
        .data_json = message->data,
    };
    message->secret = (struct push_secret){.title = message->title};
    if (!push_message_has_keys(effect->device, &message->secret)) {
        return STATUS_OK;
    }
    write_secret_words(effect, message);
    if (write_secret_data(effect, message->secret_data, sizeof message->secret_data) == 0) {
        return STATUS_TOO_LARGE;
    }
    message->secret.body = message->body;
    message->secret.data_json = message->secret_data;
    message->notification.secret = &message->secret;
    return STATUS_OK;
}
