#include "apns-fcm/payload.h"

#include <stdio.h>

#include "apns-fcm/data_object.h"
#include "gateway/base/json_writer.h"

#define FCM_TTL_S_MAX INT64_C(2419200)

static const char *const apns_reserved[] = {"aps", NULL};
/* Ours, and those that FCM keeps for itself. */
static const char *const fcm_reserved[] = {"push_id",     "urgency", "title", "body",
                                           "category",    "channel", "from",  "message_type",
                                           "collapse_id", NULL};

bool payload_is_background(const struct push_job *job)
{
    return job->notification.style == PUSH_BACKGROUND;
}

static void render_sound(struct json_writer *json, bool critical)
{
    if (!critical) {
        json_member_text(json, "sound", "default");
        return;
    }
    json_name(json, "sound");
    json_object_begin(json);
    json_member_int(json, "critical", 1);
    json_member_text(json, "name", "default");
    json_member_raw(json, "volume", "1.0");
    json_object_end(json);
}

static const char *interruption_level(enum push_urgency urgency, bool critical)
{
    if (critical) {
        return "critical";
    }
    switch (urgency) {
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

static void render_aps(struct json_writer *json, const struct push_job *job, bool critical)
{
    json_name(json, "aps");
    json_object_begin(json);
    if (payload_is_background(job)) {
        json_member_int(json, "content-available", 1);
        json_object_end(json);
        return;
    }
    json_name(json, "alert");
    json_object_begin(json);
    json_member_text(json, "title", job->notification.title);
    if (job->notification.body != NULL) {
        json_member_text(json, "body", job->notification.body);
    }
    json_object_end(json);
    if (job->notification.urgency != PUSH_SILENT) {
        render_sound(json, critical);
    }
    json_member_text(json, "interruption-level",
                     interruption_level(job->notification.urgency, critical));
    if (job->notification.category != NULL) {
        json_member_text(json, "category", job->notification.category);
    }
    json_member_int(json, "mutable-content", 1);
    json_object_end(json);
}

static enum status finish(const struct json_writer *json, size_t reserve_bytes, size_t *bytes_r,
                          struct error *error)
{
    size_t bytes = json_writer_bytes(json);
    if (json_writer_overflowed(json) || bytes + reserve_bytes > PUSH_PAYLOAD_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "the payload is larger than %d bytes",
                         PUSH_PAYLOAD_BYTES_MAX);
    }
    *bytes_r = bytes;
    return STATUS_OK;
}

/* Copies the members of data_json behind those already written. */
static enum status render_data(struct json_writer *json, const struct push_job *job,
                               const char *const *reserved, struct error *error)
{
    if (job->notification.data_json == NULL) {
        return STATUS_OK;
    }
    const char *members;
    size_t members_bytes;
    enum status status =
        data_object_members(job->notification.data_json, reserved, &members, &members_bytes, error);
    if (status == STATUS_OK && members_bytes > 0) {
        json_raw_n(json, members, members_bytes);
    }
    return status;
}

enum status payload_render_apns(const struct push_job *job, bool critical_entitled, char *buffer,
                                size_t *bytes_r, struct error *error)
{
    struct json_writer json;
    json_writer_init(&json, buffer, PAYLOAD_BUFFER_BYTES);
    json_object_begin(&json);
    render_aps(&json, job, critical_entitled && job->notification.urgency == PUSH_CRITICAL);
    enum status status = render_data(&json, job, apns_reserved, error);
    json_object_end(&json);
    return status == STATUS_OK ? finish(&json, 0, bytes_r, error) : status;
}

static void member_unless_null(struct json_writer *json, const char *name, const char *text)
{
    if (text != NULL) {
        json_member_text(json, name, text);
    }
}

static enum status render_fcm_data(struct json_writer *json, const struct push_job *job,
                                   struct error *error)
{
    static const char *const urgencies[] = {"critical", "time-sensitive", "normal", "silent"};
    json_name(json, "data");
    json_object_begin(json);
    json_member_uuid(json, "push_id", job->id);
    json_member_text(json, "urgency", urgencies[job->notification.urgency]);
    member_unless_null(json, "title", job->notification.title);
    member_unless_null(json, "body", job->notification.body);
    member_unless_null(json, "category", job->notification.category);
    member_unless_null(json, "channel", job->notification.channel);
    member_unless_null(json, "collapse_id", job->notification.collapse_id);
    enum status status = render_data(json, job, fcm_reserved, error);
    json_object_end(json);
    return status;
}

enum status payload_render_fcm(const struct push_job *job, char *buffer, size_t *bytes_r,
                               struct error *error)
{
    struct json_writer json;
    json_writer_init(&json, buffer, PAYLOAD_BUFFER_BYTES);
    json_object_begin(&json);
    json_name(&json, "message");
    json_object_begin(&json);
    json_member_text(&json, "token", job->target);
    enum status status = render_fcm_data(&json, job, error);
    json_name(&json, "android");
    json_object_begin(&json);
    /* High priority is taken away from an app whose high-priority messages show nothing. */
    bool shown = !payload_is_background(job) && job->notification.urgency != PUSH_SILENT;
    json_member_text(&json, "priority", shown ? "high" : "normal");
    if (job->notification.urgency == PUSH_SILENT) {
        member_unless_null(&json, "collapse_key", job->notification.collapse_id);
    }
    json_member_bool(&json, "direct_boot_ok", true);
    return status == STATUS_OK ? finish(&json, PAYLOAD_FCM_TAIL_BYTES_MAX, bytes_r, error) : status;
}

size_t payload_fcm_tail(struct wall_time expires_at, struct wall_time now,
                        char tail_r[PAYLOAD_FCM_TAIL_BYTES_MAX])
{
    int64_t left_s = FCM_TTL_S_MAX;
    if (expires_at.ms <= now.ms) {
        left_s = 0;
    } else if ((expires_at.ms - now.ms) / 1000 < FCM_TTL_S_MAX) {
        left_s = (expires_at.ms - now.ms + 999) / 1000;
    }
    int written =
        snprintf(tail_r, PAYLOAD_FCM_TAIL_BYTES_MAX, ",\"ttl\":\"%llds\"}}}", (long long)left_s);
    return written > 0 ? (size_t)written : 0;
}
