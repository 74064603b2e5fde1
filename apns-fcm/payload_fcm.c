/* payload_fcm.c - Google's JSON. Source: Google, "FCM HTTP v1 API", Message and AndroidConfig. */
#include "apns-fcm/payload_private.h"

#include <stdio.h>

#define TTL_S_MAX         INT64_C(2419200)
#define ACTIONS_BYTES_MAX PUSH_PAYLOAD_BYTES_MAX

/* Ours, and those that FCM keeps for itself ("Message", field data). */
const char *const payload_fcm_reserved[] = {
    "push_id", "urgency",      "title",   "body",  "category",    "channel",
    "thread",  "actions",      "sound",   "badge", "collapse_id", "encrypted",
    "from",    "message_type", "google.", "gcm.",  NULL};

static bool is_urgent(const struct push_notification *notification)
{
    return notification->style != PUSH_BACKGROUND && notification->urgency != PUSH_SILENT;
}

/* Values of data are strings, whatever is in them. */
static void write_actions(struct json_writer *json, const struct sketch *sketch)
{
    if (sketch->actions_count == 0) {
        return;
    }
    char text[ACTIONS_BYTES_MAX + 1];
    struct json_writer inner;
    json_writer_init(&inner, text, sizeof text);
    payload_write_actions(&inner, sketch);
    if (json_writer_overflowed(&inner)) {
        json->overflowed = true; /* too large by itself: the titles must be cut */
        return;
    }
    json_member_text(json, "actions", text);
}

static void write_data(struct json_writer *json, struct sketch *sketch)
{
    const struct push_notification *notification = &sketch->job->notification;
    json_name(json, "data");
    json_object_begin(json);
    json_member_uuid(json, "push_id", sketch->job->id);
    json_member_text(json, "urgency", payload_urgency_word(notification));
    payload_write_text(json, "title", &sketch->texts[TEXT_TITLE]);
    payload_write_text(json, "body", &sketch->texts[TEXT_BODY]);
    payload_write_word(json, "category", notification->category);
    payload_write_word(json, "channel", notification->channel);
    payload_write_word(json, "thread", notification->thread);
    if (is_urgent(notification) && !notification->unheard) {
        payload_write_word(json, "sound", notification->sound);
    }
    write_actions(json, sketch);
    if (notification->has_badge) {
        char badge[16];
        (void)snprintf(badge, sizeof badge, "%d", notification->badge);
        json_member_text(json, "badge", badge);
    }
    payload_write_word(json, "collapse_id", notification->collapse_id);
    payload_write_members(json, &sketch->data);
    payload_write_gap(json, sketch);
    json_object_end(json);
}

void payload_write_fcm(struct json_writer *json, struct sketch *sketch)
{
    const struct push_notification *notification = &sketch->job->notification;
    json_object_begin(json);
    json_name(json, "message");
    json_object_begin(json);
    json_member_text(json, "token", sketch->job->target);
    write_data(json, sketch);
    json_name(json, "android");
    json_object_begin(json);
    /* High priority is taken away from an app whose high-priority messages show nothing. */
    json_member_text(json, "priority", is_urgent(notification) ? "high" : "normal");
    if (notification->urgency == PUSH_SILENT) {
        payload_write_word(json, "collapse_key", notification->collapse_id);
    }
    json_member_bool(json, "direct_boot_ok", true);
    /* payload_fcm_tail() goes on from here. */
}

size_t payload_fcm_tail(struct wall_time expires_at, struct wall_time now,
                        char tail_r[PAYLOAD_FCM_TAIL_BYTES_MAX])
{
    int64_t left_s = TTL_S_MAX;
    if (expires_at.ms <= now.ms) {
        left_s = 0;
    } else if ((expires_at.ms - now.ms) / 1000 < TTL_S_MAX) {
        left_s = (expires_at.ms - now.ms + 999) / 1000;
    }
    int written =
        snprintf(tail_r, PAYLOAD_FCM_TAIL_BYTES_MAX, ",\"ttl\":\"%llds\"}}}", (long long)left_s);
    return written > 0 ? (size_t)written : 0;
}
