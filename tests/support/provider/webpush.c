/* A browser's push service: RFC 8030, with RFC 8188, 8291 and 8292. */
#include "tests/support/provider/webpush_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/base/random.h"
#include "tests/support/provider/device_keys.h"

#define PATH_PREFIX            "/push/"
#define RECORD_BYTES_MAX       4096
#define TOPIC_BYTES_MAX        32
#define SUBSCRIPTION_BYTES_MAX 512
#define TTL_DIGITS_MAX         10
#define BODY_BYTES_MAX         512
#define LOCATION_BYTES_MAX     96

enum header {
    HEADER_AUTHORIZATION,
    HEADER_TTL,
    HEADER_URGENCY,
    HEADER_TOPIC,
    HEADER_CONTENT_ENCODING,
    HEADERS_COUNT
};

static const char *const header_names[HEADERS_COUNT] = {"authorization", "ttl", "urgency", "topic",
                                                        "content-encoding"};

static const struct webpush_fault fine = {201, NULL, NULL};

/* Status 0: none. */
static const struct webpush_fault fault_of_behaviour[BEHAVIOURS_COUNT] = {
    [BEHAVIOUR_GONE] = {410, "Gone", "The subscription is gone."},
    [BEHAVIOUR_EXPIRED] = {404, "Not Found", "There is no such subscription."},
    [BEHAVIOUR_BAD_TOKEN] = {404, "Not Found", "There is no such subscription."},
    [BEHAVIOUR_WRONG_SENDER] = {403, "Forbidden", "The subscription is another sender's."},
    [BEHAVIOUR_FORBIDDEN] = {403, "Forbidden", "The subscription is another sender's."},
    [BEHAVIOUR_TOO_LARGE] = {413, "Payload Too Large", "The record is too large."},
    [BEHAVIOUR_THROTTLE] = {429, "Too Many Requests", "Slow down."},
    [BEHAVIOUR_ERROR] = {500, "Internal Server Error", "An internal error occurred."},
    [BEHAVIOUR_UNAVAILABLE] = {503, "Service Unavailable", "Try again later."},
};

static struct webpush_fault bad(const char *message)
{
    return (struct webpush_fault){400, "Bad Request", message};
}

/* The characters of base64url; what an endpoint or a topic is made of. */
static bool is_base64url(struct view text, size_t bytes_max)
{
    for (size_t i = 0; i < text.bytes; i++) {
        char c = text.data[i];
        bool known = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_';
        if (!known) {
            return false;
        }
    }
    return text.bytes > 0 && text.bytes <= bytes_max;
}

static bool is_ttl(struct view text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return text.bytes > 0 && text.bytes <= TTL_DIGITS_MAX;
}

static bool is_urgency(struct view text)
{
    return view_equals(text, "very-low") || view_equals(text, "low") ||
           view_equals(text, "normal") || view_equals(text, "high");
}

static struct webpush_fault check_headers(const struct http2_request *request)
{
    const struct view *headers = request->headers;
    if (request->duplicates != 0) {
        return bad("a header is there twice");
    }
    if (!is_ttl(headers[HEADER_TTL])) {
        return bad("TTL is missing, or no number of seconds"); /* RFC 8030, section 5.2 */
    }
    if (headers[HEADER_URGENCY].data != NULL && !is_urgency(headers[HEADER_URGENCY])) {
        return bad("Urgency is none of RFC 8030's words");
    }
    if (headers[HEADER_TOPIC].data != NULL &&
        !is_base64url(headers[HEADER_TOPIC], TOPIC_BYTES_MAX)) {
        return bad("Topic is not 1 to 32 characters of base64url");
    }
    if (request->body.bytes > 0 && !view_equals(headers[HEADER_CONTENT_ENCODING], "aes128gcm")) {
        return bad("Content-Encoding is not aes128gcm");
    }
    return fine;
}

static struct webpush_fault check_request(struct simulator *simulator,
                                          struct http2_request *request, struct received *received)
{
    struct view path = request->path;
    size_t prefix_bytes = strlen(PATH_PREFIX);
    if (request->headers_too_large) {
        return (struct webpush_fault){431, "Request Header Fields Too Large", "8 000 bytes"};
    }
    if (path.bytes <= prefix_bytes || memcmp(path.data, PATH_PREFIX, prefix_bytes) != 0 ||
        !is_base64url((struct view){path.data + prefix_bytes, path.bytes - prefix_bytes},
                      SUBSCRIPTION_BYTES_MAX)) {
        return (struct webpush_fault){404, "Not Found", "There is no such subscription."};
    }
    received->token = (struct view){path.data + prefix_bytes, path.bytes - prefix_bytes};
    if (!view_equals(request->method, "POST")) {
        return (struct webpush_fault){405, "Method Not Allowed", "Only POST is."};
    }
    struct webpush_fault fault = webpush_check_vapid(simulator, request->connection_state,
                                                     request->headers[HEADER_AUTHORIZATION]);
    if (fault.error == NULL) {
        fault = check_headers(request);
    }
    if (fault.error != NULL) {
        return fault;
    }
    if (request->body.bytes > RECORD_BYTES_MAX) {
        return (struct webpush_fault){413, "Payload Too Large", "The body is above 4096 bytes."};
    }
    const char *wrong = push_record_check(request->body);
    if (wrong != NULL) {
        return bad(wrong);
    }
    return device_keys_read(simulator, request->body, received) ? fine : bad(received->detail);
}

/* What the page that shows the notification would know it by. The view is into the plain text. */
static struct view find_id(struct simulator *simulator, struct view plain)
{
    static const char *const names[] = {"push_id", "attempt"};
    struct json_scan *scan = &simulator->scan;
    struct view id = {NULL, 0};
    if (plain.data == NULL || json_scan_text(scan, plain) != STATUS_OK) {
        return id;
    }
    unsigned data = json_scan_member(scan, 0, "data");
    for (size_t i = 0; i < sizeof names / sizeof names[0] && id.data == NULL; i++) {
        id = json_scan_view(scan, json_scan_member(scan, 0, names[i]));
        if (id.data == NULL) {
            id = json_scan_view(scan, json_scan_member(scan, data, names[i]));
        }
    }
    return id;
}

static void respond(struct simulator *simulator, struct http2_request *request,
                    const struct webpush_fault *fault, const struct script_rule *rule,
                    const char *location)
{
    char body[BODY_BYTES_MAX], retry_after[24];
    struct http2_response response = {.status = fault->status};
    if (fault->error == NULL) {
        response.headers[response.headers_count++] =
            (struct http2_header){"location", view_of_text(location)};
        response.headers[response.headers_count++] =
            (struct http2_header){"ttl", request->headers[HEADER_TTL]};
    } else {
        struct json_writer json;
        json_writer_init(&json, body, sizeof body);
        json_object_begin(&json);
        json_member_int(&json, "code", fault->status);
        json_member_text(&json, "error", fault->error);
        json_member_text(&json, "message", fault->message);
        json_object_end(&json);
        response.body = (struct view){body, json_writer_bytes(&json)};
        response.headers[response.headers_count++] =
            (struct http2_header){"content-type", view_of_text("application/json")};
        if (rule->retry_after_s >= 0 && (fault->status == 429 || fault->status == 503)) {
            response.headers[response.headers_count++] = (struct http2_header){
                "retry-after", view_of_number(rule->retry_after_s, retry_after)};
        }
    }
    response.headers[response.headers_count++] =
        (struct http2_header){"date", simulator_date(simulator)};
    simulator_bend(rule, &response);
    http2_answer(request, &response);
}

/* What the rule makes of a good message. */
static struct webpush_fault fault_of(const struct script_rule *rule)
{
    if (rule->behaviour == BEHAVIOUR_REASON) {
        return (struct webpush_fault){rule->status, rule->text, "What the test wanted."};
    }
    const struct webpush_fault *fault = &fault_of_behaviour[rule->behaviour];
    return fault->status == 0 ? fine : *fault;
}

static void answer(void *context, struct http2_request *request)
{
    struct simulator *simulator = context;
    struct script_rule rule = {.retry_after_s = -1};
    char location[LOCATION_BYTES_MAX];
    uint64_t salt;
    struct received received = {
        .provider = PROVIDER_WEBPUSH,
        .priority = request->headers[HEADER_URGENCY],
        .collapse_id = request->headers[HEADER_TOPIC],
        .expiration = request->headers[HEADER_TTL],
    };
    simulator_count_request(simulator, request, PROVIDER_WEBPUSH);
    struct webpush_fault fault = check_request(simulator, request, &received);
    received.detail = fault.message;
    if (fault.error == NULL) {
        received.id = find_id(simulator, received.plain);
        if (!simulator_take_rule(simulator, request, &received, &rule)) {
            return;
        }
        fault = fault_of(&rule);
    }
    received.status = simulator_has_status(&rule) ? rule.status : fault.status;
    received.reason = fault.error;
    if (fault.error == NULL) {
        random_fill(&random_system, &salt, sizeof salt);
        (void)snprintf(location, sizeof location, "https://localhost:%u/message/%016" PRIx64,
                       http2_server_port(simulator->servers[PROVIDER_WEBPUSH]), salt);
        received.provider_id = location;
    }
    simulator_note(simulator, &received);
    respond(simulator, request, &fault, &rule, location);
}

void webpush_service(struct simulator *simulator, struct http2_service *service_r)
{
    *service_r = (struct http2_service){
        .header_names = header_names,
        .headers_count = HEADERS_COUNT,
        .connection_state_bytes = sizeof(struct webpush_connection),
        .streams_max =
            simulator->settings.streams_max < 100 ? simulator->settings.streams_max : 100,
        .answer = answer,
        .context = simulator,
    };
}
