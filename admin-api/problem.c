/* problem.c - refusals as problem documents (RFC 9457): what is wrong, where, and what to do. */
#include "admin-api/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admin-api/admin_api_private.h"

#define PROBLEM_TYPE_PREFIX "https://astreinte.invalid/problems/"
#define PROBLEM_BYTES_MAX   4096

int http_status_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
    case STATUS_DONE:
        return 200;
    case STATUS_INVALID:
        return 400;
    case STATUS_UNAUTHENTICATED:
        return 401;
    case STATUS_FORBIDDEN:
        return 403;
    case STATUS_NOT_FOUND:
        return 404;
    case STATUS_CONFLICT:
    case STATUS_ALREADY_ACCEPTED:
    case STATUS_CLOSED:
    case STATUS_WRONG_ORDER:
    case STATUS_EXPIRED:
    case STATUS_QUARANTINED:
        return 409;
    case STATUS_TOO_LARGE:
        return 413;
    case STATUS_UNSUPPORTED:
        return 415;
    case STATUS_KEY_REUSED:
        return 422;
    case STATUS_TOO_OFTEN:
        return 429;
    case STATUS_FULL:
    case STATUS_STOPPING:
    case STATUS_TIMEOUT:
    case STATUS_UNAVAILABLE:
    case STATUS_UNCERTAIN:
    case STATUS_REMOVED:
        return 503;
    case STATUS_DISK_FULL:
        return 507;
    case STATUS_NO_MEMORY:
    case STATUS_IO:
    case STATUS_CORRUPT:
    case STATUS_PROTOCOL:
    case STATUS_CONFIGURATION:
        return 500;
    }
    return 500;
}

/* What to do about it, where the text of the code does not say. */
static const char *remedy_of(enum status status)
{
    static const struct {
        enum status status;
        const char *text;
    } remedies[] = {
        {STATUS_UNAUTHENTICATED, "send Authorization: Bearer with a valid key or token"},
        {STATUS_NOT_FOUND, "no such object, or not one of a customer this key covers"},
        {STATUS_FULL, "the gateway is busy: try again after Retry-After seconds"},
        {STATUS_TIMEOUT, "the gateway is busy: try again after Retry-After seconds"},
        {STATUS_STOPPING, "the gateway is stopping; try again in a few seconds"},
        {STATUS_UNCERTAIN, "it may or may not have happened: ask again, a new escalation with the "
                           "same Idempotency-Key"},
        {STATUS_DISK_FULL, "the gateway's disk is full: its administrator must make room; use your "
                           "other way to reach the agent now"},
        {STATUS_CORRUPT, "the gateway's database is damaged: its administrator must restore a "
                         "backup; use your other way to reach the agent now"},
        {STATUS_REMOVED,
         "the gateway's database was removed or replaced: its administrator must put "
         "it back; use your other way to reach the agent now"},
        {STATUS_KEY_REUSED, "use a new Idempotency-Key for another body"},
    };
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
        if (remedies[i].status == status) {
            return remedies[i].text;
        }
    }
    return status_text(status);
}

/* The members of a JSON object, without its braces. */
static void write_members(struct json_writer *json, const char *members)
{
    size_t bytes = members != NULL ? strlen(members) : 0;
    if (bytes > 2 && members[0] == '{' && members[bytes - 1] == '}') {
        json_raw_n(json, members + 1, bytes - 2);
    }
}

static enum next write_problem(struct exchange *exchange, int http_status, enum status status,
                               const char *detail, const char *pointer, const char *members)
{
    size_t bytes = PROBLEM_BYTES_MAX + (members != NULL ? strlen(members) : 0);
    char type[96];
    char *buffer = arena_alloc(exchange->arena, bytes);
    exchange->retry_after_s = http_status == 503 ? RETRY_AFTER_S : 0;
    exchange->challenge = http_status == 401;
    exchange->answer_type = "application/problem+json";
    if (buffer == NULL) {
        return reply_json(exchange, 500, "{}", 2);
    }
    (void)snprintf(type, sizeof type, PROBLEM_TYPE_PREFIX "%s", status_slug(status));
    struct json_writer json;
    json_writer_init(&json, buffer, bytes);
    json_object_begin(&json);
    json_member_text(&json, "type", type);
    json_member_text(&json, "title", status_text(status));
    json_member_int(&json, "status", http_status);
    json_member_text(&json, "detail", detail);
    if (pointer != NULL && (status == STATUS_INVALID || pointer[0] != '\0')) {
        json_name(&json, "errors");
        json_array_begin(&json);
        json_object_begin(&json);
        json_member_text(&json, "pointer", pointer);
        json_member_text(&json, "detail", detail);
        json_object_end(&json);
        json_array_end(&json);
    }
    write_members(&json, members);
    json_object_end(&json);
    return reply_json(exchange, http_status, buffer, json_writer_bytes(&json));
}

enum next reply_problem(struct exchange *exchange, enum status status, const struct error *error,
                        const char *members)
{
    int http_status = http_status_of(status);
    bool told = error != NULL && error->text[0] != '\0' && http_status != 500;
    return write_problem(exchange, http_status, status, told ? error->text : remedy_of(status),
                         told ? error->pointer : NULL, members);
}

enum next reply_full(struct exchange *exchange)
{
    (void)reply_problem(exchange, STATUS_FULL, NULL, NULL);
    exchange->retry_after_s = engine_retry_after_s(exchange->api->engine);
    return NEXT_ANSWER;
}

enum next reply_fault(struct exchange *exchange, enum status status, const char *pointer,
                      const char *format, ...)
{
    char text[ERROR_TEXT_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return write_problem(exchange, http_status_of(status), status, text, pointer, NULL);
}

enum next reply_http_problem(struct exchange *exchange, int http_status, enum status status,
                             const char *text)
{
    return write_problem(exchange, http_status, status, text, NULL, NULL);
}
