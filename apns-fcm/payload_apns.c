/* payload_apns.c - Apple's JSON. Source: Apple, "Generating a remote notification". */
#include "apns-fcm/payload_private.h"

#include <stdio.h>

const char *const payload_apns_reserved[] = {"aps", "encrypted", NULL};

static bool is_critical(const struct sketch *sketch)
{
    const struct push_notification *notification = &sketch->job->notification;
    return sketch->options->critical_entitled && notification->urgency == PUSH_CRITICAL &&
           !notification->unheard;
}

static void write_sound(struct json_writer *json, const struct sketch *sketch)
{
    const struct push_notification *notification = &sketch->job->notification;
    const char *name = notification->sound != NULL ? notification->sound : "default";
    if (notification->urgency == PUSH_SILENT || notification->unheard) {
        return;
    }
    if (!is_critical(sketch)) {
        json_member_text(json, "sound", name);
        return;
    }
    int percent = notification->volume_percent > 0 ? notification->volume_percent : 100;
    char volume[16];
    (void)snprintf(volume, sizeof volume, "%d.%02d", percent / 100, percent % 100);
    json_name(json, "sound");
    json_object_begin(json);
    json_member_int(json, "critical", 1);
    json_member_text(json, "name", name);
    json_member_raw(json, "volume", volume);
    json_object_end(json);
}

static const char *interruption_level(const struct sketch *sketch)
{
    if (is_critical(sketch)) {
        return "critical";
    }
    if (sketch->job->notification.unheard) {
        return "passive";
    }
    switch (sketch->job->notification.urgency) {
    case PUSH_CRITICAL: /* not entitled: the next best */
    case PUSH_TIME_SENSITIVE:
        return "time-sensitive";
    case PUSH_SILENT:
        return "passive";
    case PUSH_NORMAL:
        break;
    }
    return "active";
}

static void write_alert(struct json_writer *json, const struct sketch *sketch)
{
    const struct push_notification *notification = &sketch->job->notification;
    json_name(json, "alert");
    json_object_begin(json);
    payload_write_text(json, "title", &sketch->texts[TEXT_TITLE]);
    payload_write_text(json, "body", &sketch->texts[TEXT_BODY]);
    json_object_end(json);
    write_sound(json, sketch);
    json_member_text(json, "interruption-level", interruption_level(sketch));
    if (notification->urgency <= PUSH_TIME_SENSITIVE) {
        json_member_int(json, "relevance-score", 1); /* first in a summary */
    }
    if (notification->has_badge) {
        json_member_int(json, "badge", notification->badge);
    }
    payload_write_word(json, "category", notification->category);
    payload_write_word(json, "thread-id", notification->thread);
    json_member_int(json, "mutable-content", 1);
}

void payload_write_apns(struct json_writer *json, struct sketch *sketch)
{
    json_object_begin(json);
    json_name(json, "aps");
    json_object_begin(json);
    if (sketch->job->notification.style == PUSH_BACKGROUND) {
        json_member_int(json, "content-available", 1); /* and nothing else, or it is shown */
    } else {
        write_alert(json, sketch);
    }
    json_object_end(json);
    payload_write_members(json, &sketch->data);
    payload_write_gap(json, sketch);
    json_object_end(json);
}
