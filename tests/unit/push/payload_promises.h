/* payload_promises.h - what holds for every payload that payload_render() took, whatever was in the
 * notification. For the unit test and the fuzz target; a header alone, as they share no library. */
#ifndef TESTS_UNIT_PUSH_PAYLOAD_PROMISES_H
#define TESTS_UNIT_PUSH_PAYLOAD_PROMISES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "apns-fcm/payload.h"
#include "apns-fcm/seal.h"

#define PROMISE_TEXTS_MAX 8
#define PROMISE_ELLIPSIS  "\xe2\x80\xa6"

/* A text as it was given and as the phone reads it. */
struct promised_text {
    const char *given;
    const char *read;
};

/* A payload, parsed; the texts in the order in which they are shortened. */
struct parsed_payload {
    json_t *body; /* FCM: with a tail; NULL for Web Push */
    json_t *plain;
    json_t *actions;
    struct promised_text texts[PROMISE_TEXTS_MAX];
    size_t texts_count;
};

static inline json_t *promise_parse(const char *text, size_t bytes)
{
    return json_loadb(text, bytes, JSON_ALLOW_NUL, NULL);
}

static inline void promise_text(struct parsed_payload *parsed, const char *given, json_t *object,
                                const char *name)
{
    const char *read = json_string_value(json_object_get(object, name));
    if (given != NULL) {
        parsed->texts[parsed->texts_count++] = (struct promised_text){given, read};
    }
}

/* The object that has "title" and "body" in the clear. */
static inline json_t *promise_shown(const struct push_job *job, const struct parsed_payload *parsed)
{
    if (job->provider == PUSH_WEB) {
        return parsed->plain;
    }
    return job->provider == PUSH_APNS
               ? json_object_get(json_object_get(parsed->body, "aps"), "alert")
               : json_object_get(json_object_get(parsed->body, "message"), "data");
}

static inline json_t *promise_actions(const struct push_job *job, json_t *shown)
{
    json_t *actions = json_object_get(shown, "actions");
    if (job->provider == PUSH_FCM && actions != NULL) {
        return promise_parse(json_string_value(actions), json_string_length(actions));
    }
    return json_incref(actions);
}

static inline void promise_texts(const struct push_job *job, struct parsed_payload *parsed)
{
    const struct push_notification *notification = &job->notification;
    const struct push_secret *secret = notification->secret;
    json_t *shown = promise_shown(job, parsed);
    bool web = job->provider == PUSH_WEB;
    bool background = notification->style == PUSH_BACKGROUND;
    const char *secret_title = secret != NULL ? secret->title : NULL;
    const char *secret_body = secret != NULL ? secret->body : NULL;
    promise_text(parsed, secret_body, parsed->plain, "body");
    promise_text(parsed, background || (web && secret_body != NULL) ? NULL : notification->body,
                 shown, "body");
    parsed->actions = background ? NULL : promise_actions(job, shown);
    for (size_t i = json_array_size(parsed->actions); i-- > 0;) {
        promise_text(parsed, notification->actions[i].title, json_array_get(parsed->actions, i),
                     "title");
    }
    promise_text(parsed, secret_title, parsed->plain, "title");
    promise_text(parsed, background || (web && secret_title != NULL) ? NULL : notification->title,
                 shown, "title");
}

static inline struct parsed_payload payload_parse(const struct push_job *job,
                                                  const struct payload *payload)
{
    struct parsed_payload parsed = {0};
    char whole[sizeof payload->body + PAYLOAD_FCM_TAIL_BYTES_MAX];
    size_t bytes = payload->body_bytes;
    memcpy(whole, payload->body, bytes);
    if (job->provider == PUSH_FCM) {
        bytes += payload_fcm_tail(WALL_NEVER, (struct wall_time){0}, whole + bytes);
    }
    if (job->provider != PUSH_WEB) {
        parsed.body = promise_parse(whole, bytes);
    }
    if (payload->seal_bytes > 0) {
        parsed.plain = promise_parse(payload->plain, payload->plain_bytes);
    }
    promise_texts(job, &parsed);
    return parsed;
}

static inline void payload_parsed_free(struct parsed_payload *parsed)
{
    json_decref(parsed->actions);
    json_decref(parsed->body);
    json_decref(parsed->plain);
}

static inline bool promised_text_is_cut(const struct promised_text *text)
{
    return strcmp(text->given, text->read) != 0;
}

static inline const char *broken_text(const struct parsed_payload *parsed, bool shortened)
{
    bool any_cut = false;
    for (size_t i = 0; i < parsed->texts_count; i++) {
        const struct promised_text *text = &parsed->texts[i];
        if (text->read == NULL) {
            return "a text is missing";
        }
        if (!promised_text_is_cut(text)) {
            continue;
        }
        any_cut = true;
        size_t bytes = strlen(text->read);
        size_t kept = bytes - (sizeof PROMISE_ELLIPSIS - 1);
        if (bytes < 32 + sizeof PROMISE_ELLIPSIS - 1 ||
            strcmp(text->read + kept, PROMISE_ELLIPSIS) != 0) {
            return "a text is cut below 32 bytes, or without an ellipsis";
        }
        if (memcmp(text->given, text->read, kept) != 0 || bytes >= strlen(text->given)) {
            return "a cut text is not the shorter beginning of what was given";
        }
    }
    return any_cut == shortened ? NULL : "shortened is not what happened to the texts";
}

static inline const char *broken_gap(const struct push_job *job, const struct payload *payload)
{
    bool web = job->provider == PUSH_WEB;
    if (job->notification.secret == NULL) {
        return payload->seal_bytes == 0 && payload->record_bytes == 0 && payload->plain_bytes == 0
                   ? NULL
                   : "a gap without a secret";
    }
    if (payload->record_bytes != seal_record_bytes(payload->plain_bytes) ||
        payload->seal_base64 == web ||
        payload->seal_bytes !=
            (web ? payload->record_bytes : (payload->record_bytes * 4 + 2) / 3)) {
        return "the gap has not the record's size";
    }
    if (web && (payload->seal_at != 0 || payload->seal_bytes != payload->body_bytes)) {
        return "a Web Push message is more than its record";
    }
    const char *gap = payload->body + payload->seal_at;
    if (payload->seal_at + payload->seal_bytes > payload->body_bytes ||
        strspn(gap, "A") < payload->seal_bytes) {
        return "the gap is not where it is said to be";
    }
    static const char before[] = "\"encrypted\":\"";
    size_t before_bytes = sizeof before - 1;
    bool named = web || (payload->seal_at > before_bytes && gap[payload->seal_bytes] == '"' &&
                         memcmp(gap - before_bytes, before, before_bytes) == 0);
    return named ? NULL : "the gap is not the member \"encrypted\"";
}

/* Whether every member of data_json is in the object as it was. Of two with one name, in it or in
 * what stands behind it, the last counts. */
static inline bool promise_data(const char *data_json, json_t *object, const char *later_json)
{
    if (data_json == NULL) {
        return true;
    }
    json_t *data = promise_parse(data_json, strlen(data_json));
    json_t *later = later_json != NULL ? promise_parse(later_json, strlen(later_json)) : NULL;
    const char *name;
    json_t *value;
    bool kept = data != NULL;
    json_object_foreach(data, name, value)
    {
        bool replaced = json_object_get(later, name) != NULL;
        kept = kept && (replaced || json_equal(value, json_object_get(object, name)));
    }
    json_decref(data);
    json_decref(later);
    return kept;
}

static inline const char *broken_data(const struct push_job *job,
                                      const struct parsed_payload *parsed)
{
    const struct push_notification *notification = &job->notification;
    json_t *object = job->provider == PUSH_APNS ? parsed->body : promise_shown(job, parsed);
    const char *secret_data = notification->secret != NULL ? notification->secret->data_json : NULL;
    if (job->provider == PUSH_WEB) {
        object = json_object_get(parsed->plain, "data");
    }
    if (!promise_data(notification->data_json, object,
                      job->provider == PUSH_WEB ? secret_data : NULL) ||
        !promise_data(secret_data, json_object_get(parsed->plain, "data"), NULL)) {
        return "data was touched";
    }
    return NULL;
}

/* The promise that this payload of the job breaks; NULL when it keeps them all. */
static inline const char *broken_promise(const struct push_job *job, const struct payload *payload)
{
    size_t limit = job->provider == PUSH_APNS && job->notification.style == PUSH_VOIP
                       ? PUSH_VOIP_PAYLOAD_BYTES_MAX
                       : PUSH_PAYLOAD_BYTES_MAX;
    size_t tail_bytes = job->provider == PUSH_FCM ? PAYLOAD_FCM_TAIL_BYTES_MAX : 0;
    if (payload->body_bytes + tail_bytes > limit || strlen(payload->body) != payload->body_bytes) {
        return "the payload is larger than its limit, or holds a NUL";
    }
    const char *broken = broken_gap(job, payload);
    if (broken != NULL) {
        return broken;
    }
    struct parsed_payload parsed = payload_parse(job, payload);
    if ((parsed.body == NULL && job->provider != PUSH_WEB) ||
        (parsed.plain == NULL && job->notification.secret != NULL)) {
        broken = "a part is not JSON in UTF-8";
    }
    broken = broken != NULL ? broken : broken_text(&parsed, payload->shortened);
    broken = broken != NULL ? broken : broken_data(job, &parsed);
    payload_parsed_free(&parsed);
    return broken;
}

#endif
