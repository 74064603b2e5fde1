#include "apns-fcm/verdict.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/base/text.h"

struct row {
    const char *reason;
    enum verdict_action action;
    enum push_verdict target;
    bool prefix; /* only the beginning must match */
};

static const struct row apns_rows[] = {
    {"BadDeviceToken", ACTION_REFUSE, PUSH_TARGET_SUSPECT, false},
    {"DeviceTokenNotForTopic", ACTION_REFUSE, PUSH_TARGET_SUSPECT, false},
    {"ExpiredToken", ACTION_REFUSE, PUSH_TARGET_GONE, false},
    {"Unregistered", ACTION_REFUSE, PUSH_TARGET_GONE, false},
    {"BadCollapseId", ACTION_REFUSE, PUSH_MESSAGE_WRONG, false},
    {"BadExpirationDate", ACTION_REFUSE, PUSH_MESSAGE_WRONG, false},
    {"BadMessageId", ACTION_REFUSE, PUSH_MESSAGE_WRONG, false},
    {"BadPriority", ACTION_REFUSE, PUSH_MESSAGE_WRONG, false},
    {"DuplicateHeaders", ACTION_REFUSE, PUSH_MESSAGE_WRONG, false},
    {"InvalidPushType", ACTION_REFUSE, PUSH_MESSAGE_WRONG, false},
    {"MissingDeviceToken", ACTION_REFUSE, PUSH_MESSAGE_WRONG, false},
    {"PayloadEmpty", ACTION_REFUSE, PUSH_MESSAGE_WRONG, false},
    {"PayloadTooLarge", ACTION_REFUSE, PUSH_MESSAGE_WRONG, false},
    {"BadPath", ACTION_REFUSE, PUSH_MESSAGE_WRONG, false},
    {"MethodNotAllowed", ACTION_REFUSE, PUSH_MESSAGE_WRONG, false},
    {"BadTopic", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
    {"MissingTopic", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
    {"TopicDisallowed", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
    {"BadCertificate", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, true},
    {"Forbidden", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
    {"InvalidProviderToken", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
    {"MissingProviderToken", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
    {"UnrelatedKeyIdInToken", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
    {"BadEnvironmentKeyI", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, true}, /* seen in two forms */
    {"ExpiredProviderToken", ACTION_RENEW_TOKEN, PUSH_CONFIGURATION_WRONG, false},
    {"IdleTimeout", ACTION_RETRY, PUSH_TARGET_OK, false},
    {"TooManyProviderTokenUpdates", ACTION_RETRY, PUSH_TARGET_OK, false},
    {"TooManyRequests", ACTION_RETRY, PUSH_TARGET_OK, false},
    {"InternalServerError", ACTION_RETRY, PUSH_TARGET_OK, false},
    {"ServiceUnavailable", ACTION_RETRY, PUSH_TARGET_OK, false},
    {"Shutdown", ACTION_RETRY, PUSH_TARGET_OK, false},
};

static const struct row fcm_rows[] = {
    {"UNREGISTERED", ACTION_REFUSE, PUSH_TARGET_GONE, false},
    {"SENDER_ID_MISMATCH", ACTION_REFUSE, PUSH_TARGET_SUSPECT, false},
    {"INVALID_ARGUMENT", ACTION_REFUSE, PUSH_MESSAGE_WRONG, false},
    {"THIRD_PARTY_AUTH_ERROR", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
    {"PERMISSION_DENIED", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
    {"UNAUTHENTICATED", ACTION_RENEW_TOKEN, PUSH_CONFIGURATION_WRONG, false},
    {"NOT_FOUND", ACTION_REFUSE, PUSH_TARGET_SUSPECT, false}, /* without UNREGISTERED */
    {"QUOTA_EXCEEDED", ACTION_RETRY, PUSH_TARGET_OK, false},
    {"RESOURCE_EXHAUSTED", ACTION_RETRY, PUSH_TARGET_OK, false},
    {"INTERNAL", ACTION_RETRY, PUSH_TARGET_OK, false},
    {"UNAVAILABLE", ACTION_RETRY, PUSH_TARGET_OK, false},
};

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

static const struct row *find(const struct row *rows, size_t count, const char *reason)
{
    for (size_t i = 0; i < count; i++) {
        size_t bytes = strlen(rows[i].reason);
        if (rows[i].prefix ? strncmp(rows[i].reason, reason, bytes) == 0
                           : strcmp(rows[i].reason, reason) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* For reasons that are in no table. */
static void judge_by_status(int http_status, struct verdict *verdict)
{
    verdict->action = ACTION_REFUSE;
    switch (http_status) {
    case 401:
        verdict->action = ACTION_RENEW_TOKEN;
        verdict->target = PUSH_CONFIGURATION_WRONG;
        return;
    case 403:
        verdict->target = PUSH_CONFIGURATION_WRONG;
        return;
    case 408:
    case 429:
        verdict->action = ACTION_RETRY;
        return;
    case 410:
        verdict->target = PUSH_TARGET_GONE;
        return;
    default:
        break;
    }
    if (http_status >= 500) {
        verdict->action = ACTION_RETRY;
    } else if (http_status >= 400) {
        verdict->target = PUSH_MESSAGE_WRONG;
    } else {
        verdict->target = PUSH_CONFIGURATION_WRONG; /* a redirection: not the provider at all */
    }
}

void reason_copy(char reason_r[PUSH_REASON_BYTES_MAX], const char *word)
{
    (void)text_copy(reason_r, PUSH_REASON_BYTES_MAX, word);
    for (char *at = reason_r; *at != '\0'; at++) {
        if ((*at >= 0 && *at < ' ') || *at == 0x7f) {
            *at = '?';
        }
    }
}

static void judge(const struct row *rows, size_t count, int http_status, const char *reason,
                  struct verdict *verdict)
{
    const struct row *row = NULL;
    if (reason != NULL && reason[0] != '\0') {
        reason_copy(verdict->reason, reason);
        row = find(rows, count, reason);
    } else {
        (void)snprintf(verdict->reason, sizeof verdict->reason, "http-%d", http_status);
    }
    if (row != NULL) {
        verdict->action = row->action;
        verdict->target = row->target;
    } else {
        judge_by_status(http_status, verdict);
        verdict->unknown_reason = reason != NULL && reason[0] != '\0';
    }
    verdict->provider_fault = verdict->action == ACTION_RETRY && http_status >= 500;
}

static json_t *parse_object(const char *body, size_t body_bytes)
{
    json_t *json = NULL;
    if (body_bytes == 0 || json_parse(body, body_bytes, &json, NULL) != STATUS_OK) {
        return NULL;
    }
    if (!json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

void verdict_apns(int http_status, const char *body, size_t body_bytes, struct verdict *verdict_r)
{
    *verdict_r = (struct verdict){.action = ACTION_ACCEPT, .gone_since = WALL_NEVER};
    if (http_status == 200) {
        verdict_r->token_proven = true;
        return;
    }
    json_t *json = parse_object(body, body_bytes);
    judge(ROWS(apns_rows), http_status, json_string_value(json_object_get(json, "reason")),
          verdict_r);
    json_t *timestamp = json_object_get(json, "timestamp");
    if (verdict_r->target == PUSH_TARGET_GONE && json_is_integer(timestamp)) {
        verdict_r->gone_since = (struct wall_time){json_integer_value(timestamp)};
    }
    json_decref(json);
    /* Anything but a word about the token, or a server's own failure, comes after its check. */
    verdict_r->token_proven = http_status != 403 && http_status < 500 &&
                              verdict_r->action != ACTION_RENEW_TOKEN &&
                              strcmp(verdict_r->reason, "TooManyProviderTokenUpdates") != 0;
}

/* error.details[] of type FcmError carries the code that counts. */
static const char *fcm_error_code(json_t *error)
{
    size_t i;
    json_t *detail;
    json_array_foreach(json_object_get(error, "details"), i, detail)
    {
        const char *code = json_string_value(json_object_get(detail, "errorCode"));
        if (code != NULL) {
            return code;
        }
    }
    return json_string_value(json_object_get(error, "status"));
}

/* INVALID_ARGUMENT is the message's fault, unless a violation names the token. */
static bool fcm_violation_names_token(json_t *error)
{
    size_t i;
    json_t *detail;
    json_array_foreach(json_object_get(error, "details"), i, detail)
    {
        size_t k;
        json_t *violation;
        json_array_foreach(json_object_get(detail, "fieldViolations"), k, violation)
        {
            const char *field = json_string_value(json_object_get(violation, "field"));
            if (field != NULL && strcmp(field, "message.token") == 0) {
                return true;
            }
        }
    }
    const char *message = json_string_value(json_object_get(error, "message"));
    return message != NULL && strstr(message, "registration token is not a valid") != NULL;
}

void verdict_fcm(int http_status, const char *body, size_t body_bytes, struct verdict *verdict_r)
{
    *verdict_r = (struct verdict){.action = ACTION_ACCEPT, .gone_since = WALL_NEVER};
    json_t *json = parse_object(body, body_bytes);
    if (http_status == 200) {
        const char *name = json_string_value(json_object_get(json, "name"));
        (void)text_copy(verdict_r->provider_id, sizeof verdict_r->provider_id,
                        name != NULL ? name : "");
        verdict_r->token_proven = true;
        json_decref(json);
        return;
    }
    json_t *error = json_object_get(json, "error");
    judge(ROWS(fcm_rows), http_status, fcm_error_code(error), verdict_r);
    if (verdict_r->target == PUSH_MESSAGE_WRONG && fcm_violation_names_token(error)) {
        verdict_r->target = PUSH_TARGET_SUSPECT;
    }
    verdict_r->token_proven = http_status != 401 && http_status != 403 && http_status < 500;
    json_decref(json);
}

void verdict_web(int http_status, const char *body, size_t body_bytes, struct verdict *verdict_r)
{
    (void)body; /* every service has words of its own */
    (void)body_bytes;
    *verdict_r = (struct verdict){.action = ACTION_ACCEPT, .gone_since = WALL_NEVER};
    if (http_status >= 200 && http_status < 300) {
        verdict_r->token_proven = true;
        return;
    }
    judge(NULL, 0, http_status, NULL, verdict_r);
    if (http_status == 401) { /* the token is our own and fresh: another would fare no better */
        verdict_r->action = ACTION_REFUSE;
    } else if (http_status == 404) {
        verdict_r->target = PUSH_TARGET_GONE;
    }
}
