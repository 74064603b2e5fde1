#include "tests/support/provider/fcm_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PAYLOAD_BYTES_MAX 4096
#define TTL_S_MAX         2419200 /* four weeks */
#define TOKEN_BYTES_MAX   4096

/* A member that an object may have. */
struct field {
    const char *name;
    unsigned kinds; /* bits by enum json_kind */
};

#define KIND(name) (1U << JSON_KIND_##name)
#define KIND_BOOL  (KIND(TRUE) | KIND(FALSE))
#define KIND_ANY   (~0U)

static const struct field request_fields[] = {
    {"message", KIND(OBJECT)}, {"validate_only", KIND_BOOL}, {NULL, 0}};

static const struct field message_fields[] = {
    {"token", KIND(TEXT)},         {"fid", KIND(TEXT)},
    {"topic", KIND(TEXT)},         {"condition", KIND(TEXT)},
    {"name", KIND(TEXT)},          {"data", KIND(OBJECT)},
    {"android", KIND(OBJECT)},     {"notification", KIND(OBJECT)},
    {"apns", KIND(OBJECT)},        {"webpush", KIND(OBJECT)},
    {"fcm_options", KIND(OBJECT)}, {NULL, 0}};

static const struct field notification_fields[] = {
    {"title", KIND(TEXT)}, {"body", KIND(TEXT)}, {"image", KIND(TEXT)}, {NULL, 0}};

static const struct field android_fields[] = {{"collapse_key", KIND(TEXT)},
                                              {"priority", KIND(TEXT)},
                                              {"ttl", KIND(TEXT)},
                                              {"restricted_package_name", KIND(TEXT)},
                                              {"data", KIND(OBJECT)},
                                              {"notification", KIND(OBJECT)},
                                              {"fcm_options", KIND(OBJECT)},
                                              {"direct_boot_ok", KIND_BOOL},
                                              {"bandwidth_constrained_ok", KIND_BOOL},
                                              {"restricted_satellite_ok", KIND_BOOL},
                                              {NULL, 0}};

static const struct field android_notification_fields[] = {{"title", KIND(TEXT)},
                                                           {"body", KIND(TEXT)},
                                                           {"icon", KIND(TEXT)},
                                                           {"color", KIND(TEXT)},
                                                           {"sound", KIND(TEXT)},
                                                           {"tag", KIND(TEXT)},
                                                           {"click_action", KIND(TEXT)},
                                                           {"body_loc_key", KIND(TEXT)},
                                                           {"body_loc_args", KIND(ARRAY)},
                                                           {"title_loc_key", KIND(TEXT)},
                                                           {"title_loc_args", KIND(ARRAY)},
                                                           {"channel_id", KIND(TEXT)},
                                                           {"ticker", KIND(TEXT)},
                                                           {"sticky", KIND_BOOL},
                                                           {"event_time", KIND(TEXT)},
                                                           {"local_only", KIND_BOOL},
                                                           {"notification_priority", KIND(TEXT)},
                                                           {"default_sound", KIND_BOOL},
                                                           {"default_vibrate_timings", KIND_BOOL},
                                                           {"default_light_settings", KIND_BOOL},
                                                           {"vibrate_timings", KIND(ARRAY)},
                                                           {"visibility", KIND(TEXT)},
                                                           {"notification_count", KIND(NUMBER)},
                                                           {"light_settings", KIND(OBJECT)},
                                                           {"image", KIND(TEXT)},
                                                           {"bypass_proxy_notification", KIND_BOOL},
                                                           {"proxy", KIND(TEXT)},
                                                           {NULL, 0}};

static bool fault(char fault_r[FCM_FAULT_BYTES_MAX], const char *format, const char *where,
                  struct view name)
{
    int bytes = name.bytes > 60 ? 60 : (int)name.bytes;
    /* Both formats below take a path and a name. */
    if (strcmp(format, "unknown") == 0) {
        (void)snprintf(fault_r, FCM_FAULT_BYTES_MAX,
                       "Invalid JSON payload received. Unknown name \"%.*s\" at '%s': Cannot find "
                       "field.",
                       bytes, name.data, where);
    } else {
        (void)snprintf(fault_r, FCM_FAULT_BYTES_MAX, "Invalid value at '%s.%.*s' (%s)", where,
                       bytes, name.data, format);
    }
    return false;
}

/* Every member is a known one of the right kind. An absent object is fine. */
static bool check_fields(const struct json_scan *scan, unsigned object, const struct field *fields,
                         const char *where, char fault_r[FCM_FAULT_BYTES_MAX])
{
    unsigned behind = object == JSON_SCAN_NONE ? 0 : scan->tokens[object].next;
    for (unsigned i = object + 1; behind > 0 && i < behind; i = scan->tokens[i + 1].next) {
        struct view name = json_scan_view(scan, i);
        const struct field *field = fields;
        while (field->name != NULL && !view_equals(name, field->name)) {
            field++;
        }
        if (field->name == NULL) {
            return fault(fault_r, "unknown", where, name);
        }
        if ((field->kinds & (1U << scan->tokens[i + 1].kind)) == 0) {
            return fault(fault_r, "wrong type", where, name);
        }
    }
    return true;
}

/* Keys and values are texts, no key is reserved; *bytes counts them. */
static bool check_data(const struct json_scan *scan, unsigned data, const char *where,
                       size_t *bytes, char fault_r[FCM_FAULT_BYTES_MAX])
{
    unsigned behind = data == JSON_SCAN_NONE ? 0 : scan->tokens[data].next;
    for (unsigned i = data + 1; behind > 0 && i < behind; i = scan->tokens[i + 1].next) {
        struct view key = json_scan_view(scan, i);
        if (!json_scan_is(scan, i + 1, JSON_KIND_TEXT)) {
            return fault(fault_r, "TYPE_STRING", where, key);
        }
        bool reserved = view_equals(key, "from") || view_equals(key, "message_type") ||
                        (key.bytes >= 6 && memcmp(key.data, "google", 6) == 0) ||
                        (key.bytes >= 3 && memcmp(key.data, "gcm", 3) == 0);
        if (reserved || key.bytes == 0) {
            return fault(fault_r, "Invalid data payload key", where, key);
        }
        *bytes += key.bytes + json_scan_view(scan, i + 1).bytes;
    }
    return true;
}

/* A duration as protobuf's JSON has it: "3.5s". */
static bool is_duration(struct view text)
{
    size_t i = 0, fraction = 0;
    int64_t seconds = 0;
    for (; i < text.bytes && i < 10 && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
        seconds = seconds * 10 + (text.data[i] - '0');
    }
    bool digits = i > 0;
    if (i < text.bytes && text.data[i] == '.') {
        i++;
        for (; i < text.bytes && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
            fraction++;
        }
        digits = digits && fraction >= 1 && fraction <= 9;
    }
    return digits && i + 1 == text.bytes && text.data[i] == 's' && seconds <= TTL_S_MAX;
}

static bool is_priority(struct view text)
{
    return (text.bytes == 4 && strncasecmp(text.data, "high", 4) == 0) ||
           (text.bytes == 6 && strncasecmp(text.data, "normal", 6) == 0);
}

static bool check_android(const struct json_scan *scan, unsigned android, size_t *payload_bytes,
                          struct fcm_message *message, char fault_r[FCM_FAULT_BYTES_MAX])
{
    unsigned notification = json_scan_member(scan, android, "notification");
    if (!check_fields(scan, android, android_fields, "message.android", fault_r) ||
        !check_fields(scan, notification, android_notification_fields,
                      "message.android.notification", fault_r) ||
        !check_data(scan, json_scan_member(scan, android, "data"), "message.android.data",
                    payload_bytes, fault_r)) {
        return false;
    }
    message->priority = json_scan_view(scan, json_scan_member(scan, android, "priority"));
    message->collapse_key = json_scan_view(scan, json_scan_member(scan, android, "collapse_key"));
    message->ttl = json_scan_view(scan, json_scan_member(scan, android, "ttl"));
    if (message->priority.data != NULL && !is_priority(message->priority)) {
        return fault(fault_r, "type.googleapis.com/google.firebase.fcm.v1.AndroidMessagePriority",
                     "message.android", view_of_text("priority"));
    }
    if (message->ttl.data != NULL && !is_duration(message->ttl)) {
        return fault(fault_r, "type.googleapis.com/google.protobuf.Duration", "message.android",
                     view_of_text("ttl"));
    }
    *payload_bytes += notification == JSON_SCAN_NONE ? 0 : json_scan_view(scan, notification).bytes;
    return true;
}

static bool check_target(const struct json_scan *scan, unsigned object, struct fcm_message *message,
                         char fault_r[FCM_FAULT_BYTES_MAX])
{
    static const char *const names[] = {"token", "fid", "topic", "condition"};
    int found = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsigned member = json_scan_member(scan, object, names[i]);
        if (member != JSON_SCAN_NONE) {
            message->target = json_scan_view(scan, member);
            found++;
        }
    }
    if (found != 1) {
        (void)snprintf(fault_r, FCM_FAULT_BYTES_MAX,
                       "Exactly one of token, fid, topic or condition must be set; %d are.", found);
        return false;
    }
    if (message->target.bytes == 0 || message->target.bytes > TOKEN_BYTES_MAX) {
        (void)snprintf(fault_r, FCM_FAULT_BYTES_MAX,
                       "The registration token is not a valid FCM registration token");
        return false;
    }
    return true;
}

bool fcm_check_message(struct simulator *simulator, struct view body, struct fcm_message *message_r,
                       char fault_r[FCM_FAULT_BYTES_MAX])
{
    struct json_scan *scan = &simulator->scan;
    if (json_scan_text(scan, body) != STATUS_OK || !json_scan_is(scan, 0, JSON_KIND_OBJECT)) {
        (void)snprintf(fault_r, FCM_FAULT_BYTES_MAX,
                       "Invalid JSON payload received. Unexpected token.");
        return false;
    }
    unsigned message = json_scan_member(scan, 0, "message");
    if (!check_fields(scan, 0, request_fields, "", fault_r)) {
        return false;
    }
    if (message == JSON_SCAN_NONE) {
        (void)snprintf(fault_r, FCM_FAULT_BYTES_MAX, "Message is not set.");
        return false;
    }
    unsigned data = json_scan_member(scan, message, "data");
    unsigned notification = json_scan_member(scan, message, "notification");
    unsigned validate_only = json_scan_member(scan, 0, "validate_only");
    size_t payload_bytes =
        notification == JSON_SCAN_NONE ? 0 : json_scan_view(scan, notification).bytes;
    message_r->message = json_scan_view(scan, message);
    message_r->validate_only = json_scan_is(scan, validate_only, JSON_KIND_TRUE);
    message_r->attempt = json_scan_view(scan, json_scan_member(scan, data, "attempt"));
    if (message_r->attempt.data == NULL) {
        message_r->attempt = json_scan_view(scan, json_scan_member(scan, data, "push_id"));
    }
    message_r->encrypted = json_scan_view(scan, json_scan_member(scan, data, "encrypted"));
    if (!check_fields(scan, message, message_fields, "message", fault_r) ||
        !check_target(scan, message, message_r, fault_r) ||
        !check_fields(scan, notification, notification_fields, "message.notification", fault_r) ||
        !check_data(scan, data, "message.data", &payload_bytes, fault_r) ||
        !check_android(scan, json_scan_member(scan, message, "android"), &payload_bytes, message_r,
                       fault_r)) {
        return false;
    }
    if (payload_bytes > PAYLOAD_BYTES_MAX) {
        (void)snprintf(fault_r, FCM_FAULT_BYTES_MAX, "Android message is too big");
        return false;
    }
    return true;
}
