/* FCM HTTP v1: firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send. */
#include "tests/support/provider/fcm_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gateway/base/json_writer.h"
#include "gateway/base/random.h"
#include "tests/support/provider/access_tokens.h"
#include "tests/support/provider/device_keys.h"

#define BODY_BYTES_MAX 1536
#define NAME_BYTES_MAX 384

enum header { HEADER_AUTHORIZATION, HEADER_CONTENT_TYPE, HEADERS_COUNT };

static const char *const header_names[HEADERS_COUNT] = {"authorization", "content-type"};

/* An error as Google writes them. code: FcmError's errorCode; reason: ErrorInfo's; either may be
 * NULL. */
struct fcm_fault {
    unsigned status; /* 200: no fault */
    const char *name;
    const char *code;
    const char *reason;
    const char *message;
};

static const char credentials_message[] =
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
    "or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project.";

static const struct fcm_fault fine = {.status = 200};

static struct fcm_fault unauthenticated(const char *reason)
{
    return (struct fcm_fault){401, "UNAUTHENTICATED", NULL, reason, credentials_message};
}

static struct fcm_fault invalid(const char *message)
{
    return (struct fcm_fault){400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", NULL, message};
}

static struct fcm_fault check_path(const struct simulator *simulator, struct view path)
{
    static const char prefix[] = "/v1/projects/", suffix[] = "/messages:send";
    size_t prefix_bytes = sizeof prefix - 1, suffix_bytes = sizeof suffix - 1;
    if (path.bytes <= prefix_bytes + suffix_bytes || memcmp(path.data, prefix, prefix_bytes) != 0 ||
        memcmp(path.data + path.bytes - suffix_bytes, suffix, suffix_bytes) != 0) {
        return (struct fcm_fault){404, "NOT_FOUND", NULL, NULL,
                                  "The requested URL was not found on this server."};
    }
    struct view project = {path.data + prefix_bytes, path.bytes - prefix_bytes - suffix_bytes};
    if (!view_equals(project, simulator->settings.project)) {
        return (struct fcm_fault){403, "PERMISSION_DENIED", NULL, "IAM_PERMISSION_DENIED",
                                  "Permission 'cloudmessaging.messages.create' denied on resource "
                                  "(or it may not exist)."};
    }
    return fine;
}

static struct fcm_fault check_bearer(const struct simulator *simulator, struct view authorization)
{
    static const char scheme[] = "bearer ";
    size_t scheme_bytes = sizeof scheme - 1;
    if (authorization.bytes <= scheme_bytes ||
        strncasecmp(authorization.data, scheme, scheme_bytes) != 0) {
        return unauthenticated("CREDENTIALS_MISSING");
    }
    struct view token = {authorization.data + scheme_bytes, authorization.bytes - scheme_bytes};
    switch (access_tokens_check(simulator->access_tokens, token, simulator->now)) {
    case ACCESS_GRANTED:
        break;
    case ACCESS_EXPIRED:
        return unauthenticated("ACCESS_TOKEN_EXPIRED");
    case ACCESS_UNKNOWN:
        return unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED");
    }
    return fine;
}

static bool is_json(struct view content_type)
{
    static const char type[] = "application/json";
    size_t bytes = sizeof type - 1;
    return content_type.bytes >= bytes && memcmp(content_type.data, type, bytes) == 0 &&
           (content_type.bytes == bytes || content_type.data[bytes] == ';');
}

static struct fcm_fault check_request(struct simulator *simulator,
                                      const struct http2_request *request,
                                      struct fcm_message *message, char text[FCM_FAULT_BYTES_MAX])
{
    if (request->headers_too_large) {
        return (struct fcm_fault){431, "INVALID_ARGUMENT", NULL, NULL, "Headers are too large."};
    }
    struct fcm_fault fault = check_path(simulator, request->path);
    if (fault.status == 404) {
        return fault;
    }
    if (!view_equals(request->method, "POST")) {
        return (struct fcm_fault){405, "INVALID_ARGUMENT", NULL, NULL, "Method not allowed."};
    }
    struct fcm_fault bearer = check_bearer(simulator, request->headers[HEADER_AUTHORIZATION]);
    if (bearer.status != 200) {
        return bearer;
    }
    if (fault.status != 200) {
        return fault;
    }
    if (request->body_too_large) {
        return (struct fcm_fault){413, "INVALID_ARGUMENT", NULL, NULL, "Request is too large."};
    }
    if (!is_json(request->headers[HEADER_CONTENT_TYPE])) {
        return invalid("Content-Type must be application/json.");
    }
    return fcm_check_message(simulator, request->body, message, text) ? fine : invalid(text);
}

#define FAULT_GONE                                                                                 \
    {                                                                                              \
        404, "NOT_FOUND", "UNREGISTERED", NULL, "Requested entity was not found."                  \
    }

/* Status 0: none. */
static const struct fcm_fault fault_of_behaviour[BEHAVIOURS_COUNT] = {
    [BEHAVIOUR_GONE] = FAULT_GONE,
    [BEHAVIOUR_EXPIRED] = FAULT_GONE,
    [BEHAVIOUR_BAD_TOKEN] = {400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", NULL,
                             "The registration token is not a valid FCM registration token"},
    [BEHAVIOUR_WRONG_SENDER] = {403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", NULL,
                                "SenderId mismatch"},
    [BEHAVIOUR_FORBIDDEN] = {401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR", NULL,
                             "Auth error from APNS or Web Push Service"},
    [BEHAVIOUR_TOO_LARGE] = {400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", NULL,
                             "Android message is too big"},
    [BEHAVIOUR_THROTTLE] = {429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", NULL,
                            "Sending limit exceeded for the message target."},
    [BEHAVIOUR_ERROR] = {500, "INTERNAL", "INTERNAL", NULL, "An unknown internal error occurred."},
    [BEHAVIOUR_UNAVAILABLE] = {503, "UNAVAILABLE", "UNAVAILABLE", NULL,
                               "The service is currently unavailable."},
};

/* What the rule makes of a good message. */
static struct fcm_fault fault_of(const struct script_rule *rule)
{
    if (rule->behaviour == BEHAVIOUR_REASON) {
        return (struct fcm_fault){rule->status, rule->text, rule->text, NULL,
                                  "What the test wanted."};
    }
    const struct fcm_fault *fault = &fault_of_behaviour[rule->behaviour];
    return fault->status == 0 ? fine : *fault;
}

static void write_fault(struct json_writer *json, const struct fcm_fault *fault)
{
    json_object_begin(json);
    json_name(json, "error");
    json_object_begin(json);
    json_member_int(json, "code", fault->status);
    json_member_text(json, "message", fault->message);
    json_member_text(json, "status", fault->name);
    json_name(json, "details");
    json_array_begin(json);
    if (fault->code != NULL) {
        json_object_begin(json);
        json_member_text(json, "@type", "type.googleapis.com/google.firebase.fcm.v1.FcmError");
        json_member_text(json, "errorCode", fault->code);
        json_object_end(json);
    }
    if (fault->reason != NULL) {
        json_object_begin(json);
        json_member_text(json, "@type", "type.googleapis.com/google.rpc.ErrorInfo");
        json_member_text(json, "reason", fault->reason);
        json_member_text(json, "domain", "googleapis.com");
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
    json_object_end(json);
}

static void respond(struct simulator *simulator, struct http2_request *request,
                    const struct fcm_fault *fault, const struct script_rule *rule, const char *name)
{
    char body[BODY_BYTES_MAX], retry_after[24];
    struct json_writer json;
    json_writer_init(&json, body, sizeof body);
    if (fault->status == 200) {
        json_object_begin(&json);
        json_member_text(&json, "name", name);
        json_object_end(&json);
    } else {
        write_fault(&json, fault);
    }
    struct http2_response response = {
        .status = fault->status,
        .headers = {{"content-type", view_of_text("application/json; charset=UTF-8")},
                    {"date", simulator_date(simulator)}},
        .headers_count = 2,
        .body = {body, json_writer_bytes(&json)},
    };
    if (fault->status == 401) {
        response.headers[response.headers_count++] = (struct http2_header){
            "www-authenticate", view_of_text("Bearer realm=\"https://accounts.google.com/\"")};
    }
    if (rule->retry_after_s >= 0 && (fault->status == 429 || fault->status == 503)) {
        response.headers[response.headers_count++] =
            (struct http2_header){"retry-after", view_of_number(rule->retry_after_s, retry_after)};
    }
    simulator_bend(rule, &response);
    http2_answer(request, &response);
}

/* "projects/P/messages/0:<microseconds>%<random>", as Google names messages for Android. */
static void name_message(const struct simulator *simulator, char name_r[NAME_BYTES_MAX])
{
    uint64_t salt;
    random_fill(&random_system, &salt, sizeof salt);
    (void)snprintf(name_r, NAME_BYTES_MAX, "projects/%s/messages/0:%" PRId64 "%%%016" PRIx64,
                   simulator->settings.project, simulator->now.ms * 1000, salt);
}

static void answer(void *context, struct http2_request *request)
{
    struct simulator *simulator = context;
    struct script_rule rule = {.retry_after_s = -1};
    struct fcm_message message = {0};
    char text[FCM_FAULT_BYTES_MAX], name[NAME_BYTES_MAX];
    simulator_count_request(simulator, request, PROVIDER_FCM);
    struct fcm_fault fault = check_request(simulator, request, &message, text);
    struct received received = {
        .provider = PROVIDER_FCM,
        .id = message.attempt,
        .token = message.target,
        .detail = fault.status == 200 ? NULL : fault.message,
        .priority = message.priority,
        .collapse_id = message.collapse_key,
        .expiration = message.ttl,
        .payload = fault.status == 200 ? message.message : (struct view){NULL, 0},
    };
    if (fault.status == 200 && !device_keys_read_member(simulator, message.encrypted, &received)) {
        fault = invalid(received.detail);
        received.payload = (struct view){NULL, 0};
    }
    if (fault.status == 200) {
        if (!simulator_take_rule(simulator, request, &received, &rule)) {
            return;
        }
        fault = fault_of(&rule);
    }
    received.status = simulator_has_status(&rule) ? rule.status : fault.status;
    received.reason = fault.code != NULL ? fault.code : fault.name;
    if (fault.status == 200) {
        if (message.validate_only) {
            (void)snprintf(name, sizeof name, "projects/%s/messages/fake_message_id",
                           simulator->settings.project);
        } else {
            name_message(simulator, name);
        }
        received.provider_id = name;
    }
    simulator_note(simulator, &received);
    respond(simulator, request, &fault, &rule, name);
}

void fcm_service(struct simulator *simulator, struct http2_service *service_r)
{
    *service_r = (struct http2_service){
        .header_names = header_names,
        .headers_count = HEADERS_COUNT,
        .connection_state_bytes = 1,
        .streams_max =
            simulator->settings.streams_max < 100 ? simulator->settings.streams_max : 100,
        .answer = answer,
        .context = simulator,
    };
}
