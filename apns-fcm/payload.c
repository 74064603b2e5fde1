#include "apns-fcm/payload.h"

#include <assert.h>
#include <string.h>

#include "apns-fcm/data_object.h"
#include "apns-fcm/payload_private.h"
#include "apns-fcm/seal.h"

static const char *const none_reserved[] = {NULL};

static enum status find_members(const char *data_json, const char *const *reserved,
                                const char *field, struct members *members_r, struct error *error)
{
    if (data_json == NULL) {
        return STATUS_OK;
    }
    enum status status =
        data_object_members(data_json, reserved, &members_r->text, &members_r->bytes, error);
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, status, "notification.%s", field);
}

static struct shown_text show(const char *text)
{
    return (struct shown_text){.text = text, .bytes = text != NULL ? strlen(text) : 0};
}

/* Takes what is carried: a background notification shows nothing, Apple has no list of actions, and
 * in a browser the secret's texts stand in for the neutral ones. */
static void take_texts(const struct push_job *job, struct sketch *sketch)
{
    const struct push_notification *notification = &job->notification;
    const struct push_secret *secret = notification->secret;
    if (notification->style != PUSH_BACKGROUND) {
        sketch->texts[TEXT_TITLE] = show(notification->title);
        sketch->texts[TEXT_BODY] = show(notification->body);
        sketch->actions_count = job->provider != PUSH_APNS ? notification->actions_count : 0;
    }
    for (size_t i = 0; i < sketch->actions_count; i++) {
        sketch->texts[payload_action_text(i)] = show(notification->actions[i].title);
    }
    if (secret == NULL) {
        return;
    }
    sketch->texts[TEXT_SECRET_TITLE] = show(secret->title);
    sketch->texts[TEXT_SECRET_BODY] = show(secret->body);
    if (job->provider == PUSH_WEB && secret->title != NULL) {
        sketch->texts[TEXT_TITLE] = show(NULL);
    }
    if (job->provider == PUSH_WEB && secret->body != NULL) {
        sketch->texts[TEXT_BODY] = show(NULL);
    }
}

static enum status begin(const struct push_job *job, const struct payload_options *options,
                         struct sketch *sketch, struct error *error)
{
    const struct push_notification *notification = &job->notification;
    const char *const *reserved = job->provider == PUSH_APNS  ? payload_apns_reserved
                                  : job->provider == PUSH_FCM ? payload_fcm_reserved
                                                              : none_reserved;
    *sketch = (struct sketch){.job = job, .options = options};
    take_texts(job, sketch);
    enum status status =
        find_members(notification->data_json, reserved, "data_json", &sketch->data, error);
    if (status == STATUS_OK && notification->secret != NULL) {
        status = find_members(notification->secret->data_json, none_reserved, "secret.data_json",
                              &sketch->secret_data, error);
    }
    return status;
}

/* ---- writing ---- */

static void write_cut(struct json_writer *json, const struct shown_text *shown)
{
    char text[PUSH_VOIP_PAYLOAD_BYTES_MAX + PAYLOAD_ELLIPSIS_BYTES];
    assert(shown->bytes <= PUSH_VOIP_PAYLOAD_BYTES_MAX);
    memcpy(text, shown->text, shown->bytes);
    /* Its length is told. NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
    memcpy(text + shown->bytes, PAYLOAD_ELLIPSIS, PAYLOAD_ELLIPSIS_BYTES);
    json_text_n(json, text, shown->bytes + PAYLOAD_ELLIPSIS_BYTES);
}

void payload_write_text(struct json_writer *json, const char *name, const struct shown_text *shown)
{
    if (shown->text == NULL) {
        return;
    }
    json_name(json, name);
    if (shown->cut) {
        write_cut(json, shown);
    } else {
        json_text_n(json, shown->text, shown->bytes);
    }
}

void payload_write_word(struct json_writer *json, const char *name, const char *word)
{
    if (word != NULL) {
        json_member_text(json, name, word);
    }
}

void payload_write_members(struct json_writer *json, const struct members *members)
{
    if (members->bytes > 0) {
        json_raw_n(json, members->text, members->bytes);
    }
}

void payload_write_actions(struct json_writer *json, const struct sketch *sketch)
{
    const struct push_notification *notification = &sketch->job->notification;
    json_array_begin(json);
    for (size_t i = 0; i < sketch->actions_count; i++) {
        json_object_begin(json);
        json_member_text(json, "id", notification->actions[i].id);
        payload_write_text(json, "title", &sketch->texts[payload_action_text(i)]);
        json_object_end(json);
    }
    json_array_end(json);
}

const char *payload_urgency_word(const struct push_notification *notification)
{
    static const char *const words[] = {"critical", "time-sensitive", "normal", "silent"};
    return words[notification->unheard ? PUSH_SILENT : notification->urgency];
}

void payload_write_gap(struct json_writer *json, struct sketch *sketch)
{
    char text[PUSH_VOIP_PAYLOAD_BYTES_MAX];
    size_t bytes = PAYLOAD_GAP_BYTES(sketch->record_bytes);
    if (bytes == 0) {
        return;
    }
    if (bytes > sizeof text - 2) {
        json->overflowed = true;
        return;
    }
    text[0] = text[bytes + 1] = '"';
    memset(text + 1, 'A', bytes);
    json_name(json, "encrypted");
    json_raw_n(json, text, bytes + 2);
    sketch->seal_at = json_writer_bytes(json) - bytes - 1; /* before its closing quote */
}

/* {"title":…,"body":…,"data":{…}} */
static void write_secret_plain(struct json_writer *json, const struct sketch *sketch)
{
    json_object_begin(json);
    payload_write_text(json, "title", &sketch->texts[TEXT_SECRET_TITLE]);
    payload_write_text(json, "body", &sketch->texts[TEXT_SECRET_BODY]);
    json_name(json, "data");
    json_object_begin(json);
    payload_write_members(json, &sketch->secret_data);
    json_object_end(json);
    json_object_end(json);
}

/* ---- the whole ---- */

static size_t limit_of(const struct push_job *job)
{
    if (job->provider == PUSH_APNS && job->notification.style == PUSH_VOIP) {
        return PUSH_VOIP_PAYLOAD_BYTES_MAX;
    }
    return job->provider == PUSH_FCM ? PUSH_PAYLOAD_BYTES_MAX - PAYLOAD_FCM_TAIL_BYTES_MAX
                                     : PUSH_PAYLOAD_BYTES_MAX;
}

/* Answers whether there was room. */
static bool draw_plain(struct sketch *sketch, struct payload *payload)
{
    struct json_writer json;
    json_writer_init(&json, payload->plain, sizeof payload->plain);
    if (sketch->job->provider == PUSH_WEB) {
        payload_write_web_plain(&json, sketch);
    } else {
        write_secret_plain(&json, sketch);
    }
    payload->plain_bytes = json_writer_bytes(&json);
    return !json_writer_overflowed(&json);
}

static bool draw_body(struct sketch *sketch, struct payload *payload)
{
    struct json_writer json;
    json_writer_init(&json, payload->body, sizeof payload->body);
    if (sketch->job->provider == PUSH_APNS) {
        payload_write_apns(&json, sketch);
    } else {
        payload_write_fcm(&json, sketch);
    }
    payload->body_bytes = json_writer_bytes(&json);
    payload->seal_bytes = PAYLOAD_GAP_BYTES(sketch->record_bytes);
    payload->seal_at = sketch->seal_at;
    return !json_writer_overflowed(&json);
}

static bool draw_record(const struct sketch *sketch, struct payload *payload)
{
    if (sketch->record_bytes >= sizeof payload->body) {
        return false;
    }
    memset(payload->body, 'A', sketch->record_bytes);
    payload->body[sketch->record_bytes] = '\0';
    payload->body_bytes = sketch->record_bytes;
    payload->seal_bytes = sketch->record_bytes;
    payload->seal_at = 0;
    return true;
}

size_t payload_draw(struct sketch *sketch, struct payload *payload)
{
    bool web = sketch->job->provider == PUSH_WEB;
    bool complete = true;
    payload->plain_bytes = 0;
    sketch->record_bytes = 0;
    if (sketch->job->notification.secret != NULL) {
        complete = draw_plain(sketch, payload);
        sketch->record_bytes = seal_record_bytes(payload->plain_bytes);
    }
    payload->record_bytes = sketch->record_bytes;
    payload->seal_base64 = !web;
    complete = complete && (web ? draw_record(sketch, payload) : draw_body(sketch, payload));
    return complete ? payload->body_bytes : sizeof payload->body;
}

enum status payload_render(const struct push_job *job, const struct payload_options *options,
                           struct payload *payload_r, struct error *error)
{
    struct sketch sketch;
    enum status status = payload_check(job, error);
    if (status == STATUS_OK) {
        status = begin(job, options, &sketch, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    size_t limit = limit_of(job);
    size_t bytes = payload_draw(&sketch, payload_r);
    payload_r->shortened = bytes > limit;
    if (payload_r->shortened) {
        bytes = payload_shorten(&sketch, limit, payload_r);
    }
    if (bytes > limit) {
        return error_set(error, STATUS_TOO_LARGE,
                         "the payload has %zu bytes or more with its texts shortened, and may have "
                         "%zu",
                         bytes, limit);
    }
    return STATUS_OK;
}
