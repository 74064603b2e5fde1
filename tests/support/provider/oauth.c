/* Google's OAuth2 token endpoint: a signed assertion in, an access token out. */
#include "tests/support/provider/oauth_private.h"

#include <string.h>

#include "gateway/base/json_writer.h"
#include "tests/support/provider/access_tokens.h"

#define BODY_BYTES_MAX 1024

enum header { HEADER_CONTENT_TYPE, HEADERS_COUNT };

static const char *const header_names[HEADERS_COUNT] = {"content-type"};

static const char form_type[] = "application/x-www-form-urlencoded";
static const char grant_type_needed[] = "urn:ietf:params:oauth:grant-type:jwt-bearer";

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes the form's encoding (URL Standard, section 5.1). Bytes written, or -1. */
static int decode_form(struct view encoded, char *text_r, size_t text_bytes)
{
    size_t used = 0;
    for (size_t i = 0; i < encoded.bytes; i++) {
        char c = encoded.data[i];
        if (c == '%') {
            int high = i + 2 < encoded.bytes ? hex_digit(encoded.data[i + 1]) : -1;
            int low = high < 0 ? -1 : hex_digit(encoded.data[i + 2]);
            if (low < 0) {
                return -1;
            }
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        if (used == text_bytes) {
            return -1;
        }
        text_r[used++] = c;
    }
    return (int)used;
}

/* The field's value, still encoded; absent when the form does not have it. */
static struct view find_field(struct view form, const char *name)
{
    size_t name_bytes = strlen(name);
    const char *at = form.data, *end = form.data + form.bytes;
    while (form.data != NULL && at < end) {
        const char *behind = memchr(at, '&', (size_t)(end - at));
        behind = behind == NULL ? end : behind;
        size_t bytes = (size_t)(behind - at);
        if (bytes > name_bytes && memcmp(at, name, name_bytes) == 0 && at[name_bytes] == '=') {
            return (struct view){at + name_bytes + 1, bytes - name_bytes - 1};
        }
        at = behind + 1;
    }
    return (struct view){NULL, 0};
}

static bool is_form(struct view content_type)
{
    size_t bytes = sizeof form_type - 1;
    return content_type.bytes >= bytes && memcmp(content_type.data, form_type, bytes) == 0 &&
           (content_type.bytes == bytes || content_type.data[bytes] == ';');
}

static struct oauth_fault check_request(struct simulator *simulator,
                                        const struct http2_request *request)
{
    char text[OAUTH_ASSERTION_BYTES_MAX];
    if (!view_equals(request->path, "/token")) {
        return (struct oauth_fault){404, "not_found", "Not Found"};
    }
    if (!view_equals(request->method, "POST")) {
        return (struct oauth_fault){405, "invalid_request", "Method not allowed"};
    }
    if (!is_form(request->headers[HEADER_CONTENT_TYPE])) {
        return (struct oauth_fault){400, "invalid_request", "Content-Type must be a form's"};
    }
    struct view grant_type = find_field(request->body, "grant_type");
    int bytes = decode_form(grant_type, text, sizeof text);
    if (grant_type.data == NULL || bytes < 0) {
        return (struct oauth_fault){400, "invalid_request",
                                    "Required parameter is missing: grant_type"};
    }
    if (!view_equals((struct view){text, (size_t)bytes}, grant_type_needed)) {
        return (struct oauth_fault){400, "unsupported_grant_type", "Invalid grant_type"};
    }
    struct view assertion = find_field(request->body, "assertion");
    bytes = decode_form(assertion, text, sizeof text);
    if (assertion.data == NULL || bytes < 0) {
        return (struct oauth_fault){400, "invalid_request",
                                    "Required parameter is missing: assertion"};
    }
    return oauth_check_assertion(simulator, (struct view){text, (size_t)bytes});
}

#define FAULT_GRANT                                                                                \
    {                                                                                              \
        400, "invalid_grant", "Invalid JWT Signature."                                             \
    }

/* Status 0: none. */
static const struct oauth_fault fault_of_behaviour[BEHAVIOURS_COUNT] = {
    [BEHAVIOUR_GONE] = FAULT_GRANT,
    [BEHAVIOUR_EXPIRED] = FAULT_GRANT,
    [BEHAVIOUR_BAD_TOKEN] = FAULT_GRANT,
    [BEHAVIOUR_WRONG_SENDER] = FAULT_GRANT,
    [BEHAVIOUR_TOO_LARGE] = {413, "invalid_request", "Request is too large"},
    [BEHAVIOUR_FORBIDDEN] = {401, "invalid_client", "The OAuth client was disabled."},
    [BEHAVIOUR_THROTTLE] = {429, "rate_limit_exceeded", "Too many requests"},
    [BEHAVIOUR_ERROR] = {500, "internal_failure", "Internal failure"},
    [BEHAVIOUR_UNAVAILABLE] = {503, "temporarily_unavailable", "Try again later"},
};

static struct oauth_fault fault_of(const struct script_rule *rule)
{
    if (rule->behaviour == BEHAVIOUR_REASON) {
        return (struct oauth_fault){rule->status, rule->text, "What the test wanted."};
    }
    const struct oauth_fault *fault = &fault_of_behaviour[rule->behaviour];
    return fault->status == 0 ? (struct oauth_fault){200, NULL, NULL} : *fault;
}

/* What is given out, as the rule has it: an honest token, or one that promises too much. */
static void write_token(struct simulator *simulator, const struct script_rule *rule,
                        struct json_writer *json)
{
    char token[ACCESS_TOKEN_BYTES];
    int64_t expires_s = simulator->settings.oauth_expires_s;
    access_tokens_issue(simulator->access_tokens,
                        (struct wall_time){simulator->now.ms + expires_s * 1000}, token);
    if (rule->behaviour == BEHAVIOUR_EMPTY_TOKEN) {
        token[0] = '\0';
    } else if (rule->behaviour == BEHAVIOUR_WRONG_TOKEN) {
        token[0] = 'x'; /* FCM knows none that begins so */
    }
    json_member_text(json, "access_token", token);
    json_member_int(json, "expires_in",
                    rule->behaviour == BEHAVIOUR_EXPIRES_IN ? rule->expires_in_s : expires_s);
    json_member_text(json, "token_type", "Bearer");
}

static void write_body(struct simulator *simulator, struct oauth_fault fault,
                       const struct script_rule *rule, struct json_writer *json)
{
    json_object_begin(json);
    if (fault.error != NULL) {
        json_member_text(json, "error", fault.error);
        json_member_text(json, "error_description", fault.description);
    } else {
        write_token(simulator, rule, json);
    }
    json_object_end(json);
}

static void answer(void *context, struct http2_request *request)
{
    struct simulator *simulator = context;
    struct received received = {.provider = PROVIDER_OAUTH};
    char body[BODY_BYTES_MAX], retry_after[24];
    simulator_count_request(simulator, request, PROVIDER_OAUTH);
    struct oauth_fault fault = check_request(simulator, request);
    struct script_rule rule = {.retry_after_s = -1};
    if (fault.error == NULL) {
        if (!simulator_take_rule(simulator, request, &received, &rule)) {
            return;
        }
        fault = fault_of(&rule);
    }
    received.status = simulator_has_status(&rule) ? rule.status : fault.status;
    simulator_note(simulator, &received);
    struct json_writer json;
    json_writer_init(&json, body, sizeof body);
    write_body(simulator, fault, &rule, &json);
    struct http2_response response = {
        .status = fault.status,
        .headers = {{"content-type", view_of_text("application/json; charset=utf-8")},
                    {"date", simulator_date(simulator)},
                    {"cache-control", view_of_text("no-store")}},
        .headers_count = 3,
        .body = {body, json_writer_bytes(&json)},
    };
    if (rule.retry_after_s >= 0 && (fault.status == 429 || fault.status == 503)) {
        response.headers[response.headers_count++] =
            (struct http2_header){"retry-after", view_of_number(rule.retry_after_s, retry_after)};
    }
    simulator_bend(&rule, &response);
    http2_answer(request, &response);
}

void oauth_service(struct simulator *simulator, struct http2_service *service_r)
{
    *service_r = (struct http2_service){
        .header_names = header_names,
        .headers_count = HEADERS_COUNT,
        .connection_state_bytes = 1,
        .streams_max = 100,
        .answer = answer,
        .context = simulator,
    };
}
