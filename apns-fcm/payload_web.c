/* payload_web.c - what a browser's service worker decrypts: the options of showNotification() and
 * the data, in the members' names of the Notifications API. */
#include "apns-fcm/payload_private.h"

static const struct shown_text *first_of(const struct sketch *sketch, enum payload_text secret,
                                         enum payload_text neutral)
{
    return sketch->texts[secret].text != NULL ? &sketch->texts[secret] : &sketch->texts[neutral];
}

void payload_write_web_plain(struct json_writer *json, const struct sketch *sketch)
{
    const struct push_notification *notification = &sketch->job->notification;
    json_object_begin(json);
    json_member_uuid(json, "push_id", sketch->job->id);
    json_member_text(json, "urgency", payload_urgency_word(notification));
    payload_write_text(json, "title", first_of(sketch, TEXT_SECRET_TITLE, TEXT_TITLE));
    payload_write_text(json, "body", first_of(sketch, TEXT_SECRET_BODY, TEXT_BODY));
    payload_write_word(json, "category", notification->category);
    payload_write_word(json, "thread", notification->thread);
    payload_write_word(json, "tag", notification->collapse_id);
    if (sketch->actions_count > 0) {
        json_name(json, "actions");
        payload_write_actions(json, sketch);
    }
    if (notification->has_badge) {
        json_member_int(json, "badge", notification->badge);
    }
    json_member_bool(json, "silent", notification->urgency == PUSH_SILENT || notification->unheard);
    json_name(json, "data");
    json_object_begin(json);
    payload_write_members(json, &sketch->data);
    payload_write_members(json, &sketch->secret_data);
    json_object_end(json);
    json_object_end(json);
}
