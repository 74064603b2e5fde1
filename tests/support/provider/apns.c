/* Apple's provider API: developer.apple.com, "Sending notification requests to APNs". */
#include "tests/support/provider/apns_private.h"

#include <assert.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/json_writer.h"
#include "gateway/base/uuid.h"

#define PATH_PREFIX            "/3/device/"
#define DEVICE_TOKEN_BYTES_MAX 512
#define COLLAPSE_ID_BYTES_MAX  64
#define PAYLOAD_BYTES_MAX      4096
#define VOIP_PAYLOAD_BYTES_MAX 5120
#define TOPIC_BYTES_MAX        255
#define BODY_BYTES_MAX         256

enum header {
    HEADER_AUTHORIZATION,
    HEADER_ID,
    HEADER_TOPIC,
    HEADER_PUSH_TYPE,
    HEADER_PRIORITY,
    HEADER_EXPIRATION,
    HEADER_COLLAPSE_ID,
    HEADERS_COUNT
};

static const char *const header_names[HEADERS_COUNT] = {
    "authorization", "apns-id",         "apns-topic",       "apns-push-type",
    "apns-priority", "apns-expiration", "apns-collapse-id",
};

struct push_type {
    const char *name;
    const char *topic_suffix; /* behind the bundle id */
};

static const struct push_type push_types[] = {
    {"alert", ""},
    {"background", ""},
    {"voip", ".voip"},
    {"location", ".location-query"},
    {"complication", ".complication"},
    {"fileprovider", ".pushkit.fileprovider"},
    {"mdm", ""},
    {"liveactivity", ".push-type.liveactivity"},
    {"pushtotalk", ".voip-ptt"},
    {"widgets", ".push-type.widgets"},
    {"controls", ".push-type.controls"},
};

static const struct {
    unsigned status;
    const char *text;
} reasons[] = {{200, ""},
#define APNS_REASON_ENTRY(name, status_) {status_, #name},
               APNS_REASON_TABLE(APNS_REASON_ENTRY)
#undef APNS_REASON_ENTRY
};

static enum apns_reason check_device_token(struct view token, const char **detail_r)
{
    if (token.bytes == 0) {
        return APNS_MissingDeviceToken;
    }
    bool hex = token.bytes % 2 == 0 && token.bytes <= DEVICE_TOKEN_BYTES_MAX;
    for (size_t i = 0; hex && i < token.bytes; i++) {
        char c = token.data[i];
        hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    }
    *detail_r = hex ? NULL : "the device token is not hex";
    return hex ? APNS_FINE : APNS_BadDeviceToken;
}

static enum apns_reason check_topic(const struct simulator *simulator, struct view topic,
                                    const struct push_type *type)
{
    if (topic.data == NULL) {
        return APNS_MissingTopic;
    }
    for (size_t i = 0; i < topic.bytes; i++) {
        char c = topic.data[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '-';
        if (!fine) {
            return APNS_BadTopic;
        }
    }
    if (topic.bytes == 0 || topic.bytes > TOPIC_BYTES_MAX) {
        return APNS_BadTopic;
    }
    const char *bundle = simulator->settings.apns_topic;
    size_t bundle_bytes = strlen(bundle);
    if (topic.bytes < bundle_bytes || memcmp(topic.data, bundle, bundle_bytes) != 0) {
        return APNS_TopicDisallowed;
    }
    struct view suffix = {topic.data + bundle_bytes, topic.bytes - bundle_bytes};
    return view_equals(suffix, type->topic_suffix) ? APNS_FINE : APNS_TopicDisallowed;
}

static const struct push_type *find_push_type(struct view name)
{
    for (size_t i = 0; i < sizeof push_types / sizeof push_types[0]; i++) {
        if (view_equals(name, push_types[i].name)) {
            return &push_types[i];
        }
    }
    return NULL;
}

static bool is_digits(struct view text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return text.bytes > 0 && text.bytes <= 18;
}

/* A UUID in canonical form, lower case. */
static bool is_message_id(struct view id)
{
    if (id.bytes != UUID_TEXT_BYTES - 1) {
        return false;
    }
    for (size_t i = 0; i < id.bytes; i++) {
        char c = id.data[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return true;
}

static enum apns_reason check_headers(const struct simulator *simulator,
                                      const struct http2_request *request, const char **detail_r)
{
    const struct view *headers = request->headers;
    struct view priority = headers[HEADER_PRIORITY];
    const struct push_type *type = find_push_type(headers[HEADER_PUSH_TYPE]);
    if (headers[HEADER_ID].data != NULL && !is_message_id(headers[HEADER_ID])) {
        return APNS_BadMessageId;
    }
    if (type == NULL) {
        /* Apple lets it be absent for old systems; a sender of today has no excuse. */
        *detail_r = headers[HEADER_PUSH_TYPE].data == NULL ? "apns-push-type is missing" : NULL;
        return APNS_InvalidPushType;
    }
    enum apns_reason reason = check_topic(simulator, headers[HEADER_TOPIC], type);
    if (reason != APNS_FINE) {
        return reason;
    }
    bool urgent = view_equals(priority, "10");
    if (priority.data != NULL && !urgent && !view_equals(priority, "5") &&
        !view_equals(priority, "1")) {
        return APNS_BadPriority;
    }
    if (strcmp(type->name, "background") == 0 && (urgent || priority.data == NULL)) {
        *detail_r = "priority 10, also by default, is an error with background";
        return APNS_BadPriority;
    }
    if (headers[HEADER_EXPIRATION].data != NULL && !is_digits(headers[HEADER_EXPIRATION])) {
        return APNS_BadExpirationDate;
    }
    if (headers[HEADER_COLLAPSE_ID].bytes > COLLAPSE_ID_BYTES_MAX) {
        return APNS_BadCollapseId;
    }
    size_t payload_bytes_max =
        strcmp(type->name, "voip") == 0 ? VOIP_PAYLOAD_BYTES_MAX : PAYLOAD_BYTES_MAX;
    return request->body.bytes > payload_bytes_max ? APNS_PayloadTooLarge : APNS_FINE;
}

/* A provider token with the request, or a certificate with the connection. */
static enum apns_reason check_identity(struct simulator *simulator, struct http2_request *request,
                                       const char **detail_r)
{
    struct view authorization = request->headers[HEADER_AUTHORIZATION];
    enum apns_reason reason;
    if (authorization.data != NULL || request->certificate == HTTP2_CERTIFICATE_NONE) {
        reason = apns_check_token(simulator, request->connection_state, authorization, detail_r);
    } else {
        reason =
            request->certificate == HTTP2_CERTIFICATE_TRUSTED ? APNS_FINE : APNS_BadCertificate;
    }
    if (reason == APNS_FINE) {
        http2_prove(request, true);
    } else if (reasons[reason].status == 403) {
        http2_prove(request, false);
    }
    return reason;
}

/* Everything Apple would check, in the order of what has to be known first. */
static enum apns_reason check_request(struct simulator *simulator, struct http2_request *request,
                                      struct received *received)
{
    struct view path = request->path;
    size_t prefix_bytes = strlen(PATH_PREFIX);
    const char **detail = &received->detail;
    if (request->headers_too_large) {
        return APNS_RequestHeaderFieldsTooLarge;
    }
    if (!view_equals(request->method, "POST")) {
        return APNS_MethodNotAllowed;
    }
    if (path.bytes < prefix_bytes || memcmp(path.data, PATH_PREFIX, prefix_bytes) != 0) {
        return APNS_BadPath;
    }
    received->token = (struct view){path.data + prefix_bytes, path.bytes - prefix_bytes};
    if (request->duplicates != 0) {
        return APNS_DuplicateHeaders;
    }
    enum apns_reason reason = check_identity(simulator, request, detail);
    if (reason == APNS_FINE) {
        reason = check_headers(simulator, request, detail);
    }
    if (reason == APNS_FINE) {
        reason = check_device_token(received->token, detail);
    }
    if (reason == APNS_FINE) {
        received->payload = request->body;
        reason = apns_check_payload(simulator, received);
    }
    if (reason != APNS_FINE) {
        received->payload = (struct view){NULL, 0};
    }
    return reason;
}

static const enum apns_reason reason_of_behaviour[BEHAVIOURS_COUNT] = {
    [BEHAVIOUR_GONE] = APNS_Unregistered,
    [BEHAVIOUR_EXPIRED] = APNS_ExpiredToken,
    [BEHAVIOUR_BAD_TOKEN] = APNS_BadDeviceToken,
    [BEHAVIOUR_WRONG_SENDER] = APNS_DeviceTokenNotForTopic,
    [BEHAVIOUR_FORBIDDEN] = APNS_Forbidden,
    [BEHAVIOUR_TOO_LARGE] = APNS_PayloadTooLarge,
    [BEHAVIOUR_THROTTLE] = APNS_TooManyRequests,
    [BEHAVIOUR_ERROR] = APNS_InternalServerError,
    [BEHAVIOUR_UNAVAILABLE] = APNS_ServiceUnavailable,
};

static void respond(struct simulator *simulator, struct http2_request *request,
                    const struct received *received, const struct script_rule *rule)
{
    char body[BODY_BYTES_MAX], retry_after[24];
    struct http2_response response = {.status = received->status, .headers_count = 1};
    response.headers[0] = (struct http2_header){"apns-id", view_of_text(received->provider_id)};
    if (received->reason[0] != '\0') {
        struct json_writer json;
        json_writer_init(&json, body, sizeof body);
        json_object_begin(&json);
        json_member_text(&json, "reason", received->reason);
        if (response.status == 410) {
            json_member_int(&json, "timestamp",
                            rule->timestamp_ms > 0 ? rule->timestamp_ms : simulator->now.ms);
        }
        json_object_end(&json);
        response.body = (struct view){body, json_writer_bytes(&json)};
        response.headers[response.headers_count++] =
            (struct http2_header){"content-type", view_of_text("application/json")};
        response.headers[response.headers_count++] =
            (struct http2_header){"date", simulator_date(simulator)};
        if (rule->retry_after_s >= 0 && (response.status == 429 || response.status == 503)) {
            response.headers[response.headers_count++] = (struct http2_header){
                "retry-after", view_of_number(rule->retry_after_s, retry_after)};
        }
    }
    simulator_bend(rule, &response);
    http2_answer(request, &response);
}

static void answer(void *context, struct http2_request *request)
{
    struct simulator *simulator = context;
    struct script_rule rule = {.behaviour = BEHAVIOUR_ACCEPT, .retry_after_s = -1};
    struct view id = request->headers[HEADER_ID];
    char id_text[UUID_TEXT_BYTES];
    struct received received = {
        .provider = PROVIDER_APNS,
        .id = id,
        .priority = request->headers[HEADER_PRIORITY],
        .push_type = request->headers[HEADER_PUSH_TYPE],
        .collapse_id = request->headers[HEADER_COLLAPSE_ID],
        .expiration = request->headers[HEADER_EXPIRATION],
    };
    simulator_count_request(simulator, request, PROVIDER_APNS);
    enum apns_reason reason = check_request(simulator, request, &received);
    if (reason == APNS_FINE) {
        if (!simulator_take_rule(simulator, request, &received, &rule)) {
            return;
        }
        reason = reason_of_behaviour[rule.behaviour];
    }
    if (is_message_id(id)) {
        memcpy(id_text, id.data, id.bytes);
        id_text[id.bytes] = '\0';
    } else {
        uuid_format(uuid_v7(simulator->now, &random_system), id_text);
    }
    received.status = simulator_has_status(&rule) ? rule.status : reasons[reason].status;
    received.reason = rule.behaviour == BEHAVIOUR_REASON ? rule.text : reasons[reason].text;
    received.provider_id = id_text;
    simulator_note(simulator, &received);
    respond(simulator, request, &received, &rule);
}

void apns_service(struct simulator *simulator, struct http2_service *service_r)
{
    *service_r = (struct http2_service){
        .header_names = header_names,
        .headers_count = HEADERS_COUNT,
        .connection_state_bytes = sizeof(struct apns_connection),
        .streams_max = simulator->settings.streams_max,
        .streams_first = simulator->settings.streams_first,
        .asks_for_certificate = true,
        .answer = answer,
        .context = simulator,
    };
}
