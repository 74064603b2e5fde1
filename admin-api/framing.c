/* framing.c - the walk over all headers. libmicrohttpd looks at the first of several equal headers
 * and lets Transfer-Encoding win in silence; whoever stands in front of us may have looked at the
 * other one, so every doubt is refused and the connection closed (RFC 9112, section 6.3).
 */
#include "admin-api/admin_api_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum watched {
    WATCHED_CONTENT_LENGTH,
    WATCHED_TRANSFER_ENCODING,
    WATCHED_HOST,
    WATCHED_AUTHORIZATION,
    WATCHED_IDEMPOTENCY_KEY,
    WATCHED_CONTENT_TYPE,
    WATCHED_CONTENT_ENCODING,
    WATCHED_LAST_EVENT_ID,
    WATCHED_IF_NONE_MATCH,
    WATCHED_COUNT,
};

static const char *const watched_names[WATCHED_COUNT] = {
    [WATCHED_CONTENT_LENGTH] = "Content-Length",
    [WATCHED_TRANSFER_ENCODING] = "Transfer-Encoding",
    [WATCHED_HOST] = "Host",
    [WATCHED_AUTHORIZATION] = "Authorization",
    [WATCHED_IDEMPOTENCY_KEY] = "Idempotency-Key",
    [WATCHED_CONTENT_TYPE] = "Content-Type",
    [WATCHED_CONTENT_ENCODING] = "Content-Encoding",
    [WATCHED_LAST_EVENT_ID] = "Last-Event-ID",
    [WATCHED_IF_NONE_MATCH] = "If-None-Match",
};

struct walk {
    const char *values[WATCHED_COUNT];
    int twice; /* which came twice; WATCHED_COUNT: none */
    bool unclean;
};

static enum MHD_Result on_header(void *context, enum MHD_ValueKind kind, const char *name,
                                 size_t name_bytes, const char *value, size_t value_bytes)
{
    (void)kind;
    struct walk *walk = context;
    /* "Content-Length : 5" is another name to us and the same one to somebody else. */
    if (name_bytes == 0 || memchr(name, '\0', name_bytes) != NULL ||
        memchr(name, ' ', name_bytes) != NULL || memchr(name, '\t', name_bytes) != NULL ||
        (value_bytes > 0 &&
         (memchr(value, '\0', value_bytes) != NULL || memchr(value, '\r', value_bytes) != NULL))) {
        walk->unclean = true;
        return MHD_NO;
    }
    for (int i = 0; i < WATCHED_COUNT; i++) {
        if (strcasecmp(name, watched_names[i]) == 0) {
            if (walk->values[i] != NULL) {
                walk->twice = i;
                return MHD_NO;
            }
            walk->values[i] = value != NULL ? value : "";
        }
    }
    return MHD_YES;
}

static bool is_all_digits(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

static bool refuse(struct exchange *exchange, int http_status, enum status status, const char *text)
{
    (void)reply_http_problem(exchange, http_status, status, text);
    return false;
}

static bool check_length(struct request *request, const struct walk *walk, const char *method,
                         const char *path, const char *version)
{
    struct exchange *exchange = request->exchange;
    const char *length = walk->values[WATCHED_CONTENT_LENGTH];
    const char *encoding = walk->values[WATCHED_TRANSFER_ENCODING];
    if (length != NULL && encoding != NULL) {
        return refuse(exchange, 400, STATUS_INVALID,
                      "Content-Length and Transfer-Encoding together: send one of them");
    }
    if (encoding != NULL &&
        (strcasecmp(encoding, "chunked") != 0 || strcmp(version, MHD_HTTP_VERSION_1_1) != 0)) {
        return refuse(exchange, 400, STATUS_INVALID,
                      "Transfer-Encoding: only chunked is understood, with HTTP/1.1");
    }
    if (length != NULL && !is_all_digits(length)) {
        return refuse(exchange, 400, STATUS_INVALID, "Content-Length must be a number");
    }
    size_t bytes = 0;
    if (length != NULL) {
        bytes = strlen(length) > 18 ? SIZE_MAX : (size_t)strtoull(length, NULL, 10);
    }
    if (!upload_may_have(request, method, path, bytes)) {
        if (upload_is_read(request, bytes)) {
            return true;
        }
        upload_refuse(request);
        return false;
    }
    if (bytes > 0) {
        exchange->body = arena_alloc(exchange->arena, bytes);
        request->body_capacity = exchange->body != NULL ? bytes : 0;
    }
    return true;
}

static const char *keep(struct exchange *exchange, const struct walk *walk, enum watched which)
{
    return arena_text(exchange->arena, walk->values[which]);
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 0x21 || *text > 0x7e) {
            return false;
        }
    }
    return true;
}

bool request_framing_check(struct request *request, const char *method, const char *path,
                           const char *version)
{
    struct exchange *exchange = request->exchange;
    struct walk walk = {.twice = WATCHED_COUNT};
    (void)MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, on_header, &walk);
    if (walk.unclean) {
        return refuse(exchange, 400, STATUS_INVALID, "a header's name or value is malformed");
    }
    if (walk.twice != WATCHED_COUNT) {
        (void)reply_fault(exchange, STATUS_INVALID, NULL, "%s came twice: send it once",
                          watched_names[walk.twice]);
        return false;
    }
    if (!check_length(request, &walk, method, path, version)) {
        return false;
    }
    if (request->uri_bytes > URI_BYTES_MAX) {
        return refuse(exchange, 414, STATUS_TOO_LARGE, "the URL is limited to 2048 bytes");
    }
    if (request->uri_refused) {
        return refuse(exchange, 400, STATUS_INVALID, "the URL contains %00");
    }
    const char *coding = walk.values[WATCHED_CONTENT_ENCODING];
    if (coding != NULL && strcasecmp(coding, "identity") != 0) {
        return refuse(exchange, 415, STATUS_INVALID,
                      "Content-Encoding: compressed bodies are not understood");
    }
    const char *key = walk.values[WATCHED_IDEMPOTENCY_KEY];
    if (key != NULL &&
        (key[0] == '\0' || strlen(key) > IDEMPOTENCY_KEY_MAX || !is_printable(key))) {
        return refuse(exchange, 400, STATUS_INVALID,
                      "Idempotency-Key must be 1 to 128 printable ASCII characters");
    }
    exchange->idempotency_key = keep(exchange, &walk, WATCHED_IDEMPOTENCY_KEY);
    exchange->authorization = keep(exchange, &walk, WATCHED_AUTHORIZATION);
    exchange->content_type = keep(exchange, &walk, WATCHED_CONTENT_TYPE);
    exchange->last_event_id = keep(exchange, &walk, WATCHED_LAST_EVENT_ID);
    exchange->if_none_match = keep(exchange, &walk, WATCHED_IF_NONE_MATCH);
    return true;
}
