#include "apns-fcm/payload.h"

#include <string.h>

#include "apns-fcm/data_object.h"
#include "apns-fcm/payload_private.h"
#include "apns-fcm/seal.h"
#include "gateway/base/text.h"

#define ELLIPSIS          "\xe2\x80\xa6"
#define TEXT_BYTES_KEPT   32   /* no text is cut below this */
#define TEXT_BYTES_MAX    4096 /* of one text: more cannot be sent anyway */
#define WORD_BYTES_MAX    200  /* category, thread, channel, sound, an action's id */
#define SCRATCH_BYTES     32768
#define BASE64_BYTES(n_)  (((n_)*4 + 2) / 3)
#define FCM_TAIL_RESERVED PAYLOAD_FCM_TAIL_BYTES_MAX

/* ---- checks ---- */

static enum status fault(struct error *error, const char *field, const char *what)
{
    return error_set(error, STATUS_INVALID, "notification.%s %s", field, what);
}

static enum status check_text(const char *text, const char *field, struct error *error)
{
    if (text != NULL && !text_is_utf8(text, strlen(text))) {
        return fault(error, field, "is not UTF-8");
    }
    return STATUS_OK;
}

static enum status check_word(const char *word, const char *field, struct error *error)
{
    if (word == NULL) {
        return STATUS_OK;
    }
    size_t bytes = strlen(word);
    for (size_t i = 0; i < bytes; i++) {
        if (word[i] < ' ' || word[i] > '~') {
            return fault(error, field, "is not visible ASCII");
        }
    }
    return bytes > 0 && bytes <= WORD_BYTES_MAX ? STATUS_OK
                                                : fault(error, field, "is not 1 to 200 bytes long");
}

static enum status check_collapse_id(const char *collapse_id, struct error *error)
{
    if (collapse_id == NULL) {
        return STATUS_OK;
    }
    size_t bytes = strlen(collapse_id);
    for (size_t i = 0; i < bytes; i++) {
        if (collapse_id[i] <= ' ' || collapse_id[i] > '~') {
            return fault(error, "collapse_id", "is not visible ASCII");
        }
    }
    return bytes > 0 && bytes < PUSH_COLLAPSE_BYTES_MAX
               ? STATUS_OK
               : fault(error, "collapse_id", "is not 1 to 64 bytes long");
}

static enum status check_actions(const struct push_notification *notification, struct error *error)
{
    if (notification->actions_count > PUSH_ACTIONS_MAX) {
        return fault(error, "actions_count", "is more than 4");
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < notification->actions_count && status == STATUS_OK; i++) {
        const struct push_action *action = &notification->actions[i];
        if (action->id == NULL || action->title == NULL) {
            return fault(error, "actions", "have one without id or title");
        }
        status = check_word(action->id, "actions.id", error);
        if (status == STATUS_OK) {
            status = check_text(action->title, "actions.title", error);
        }
    }
    return status;
}

static enum status check_numbers(const struct push_notification *notification, struct error *error)
{
    if ((unsigned)notification->style > PUSH_VOIP ||
        (unsigned)notification->urgency > PUSH_SILENT) {
        return fault(error, "style", "or urgency is unknown");
    }
    if (notification->volume_percent < 0 || notification->volume_percent > 100) {
        return fault(error, "volume_percent", "is not 0 to 100");
    }
    if (notification->has_badge && notification->badge < 0) {
        return fault(error, "badge", "is below 0");
    }
    return STATUS_OK;
}

static enum status check(const struct push_job *job, struct error *error)
{
    const struct push_notification *notification = &job->notification;
    const struct push_secret *secret = notification->secret;
    if (notification->title == NULL && notification->style != PUSH_BACKGROUND) {
        return fault(error, "title", "is missing");
    }
    if (job->provider == PUSH_WEB && secret == NULL) {
        return fault(error, "secret", "is missing: Web Push encrypts everything");
    }
    const struct {
        const char *field, *text;
    } texts[] = {{"title", notification->title},
                 {"body", notification->body},
                 {"secret.title", secret != NULL ? secret->title : NULL},
                 {"secret.body", secret != NULL ? secret->body : NULL}},
      words[] = {{"category", notification->category},
                 {"thread", notification->thread},
                 {"channel", notification->channel},
                 {"sound", notification->sound}};
    enum status status = check_numbers(notification, error);
    for (size_t i = 0; i < 4 && status == STATUS_OK; i++) {
        status = check_text(texts[i].text, texts[i].field, error);
    }
    for (size_t i = 0; i < 4 && status == STATUS_OK; i++) {
        status = check_word(words[i].text, words[i].field, error);
    }
    if (status == STATUS_OK) {
        status = check_actions(notification, error);
    }
    return status == STATUS_OK ? check_collapse_id(notification->collapse_id, error) : status;
}

/* ---- the sketch ---- */

static struct shown_text show(const char *text)
{
    struct shown_text shown = {.text = text};
    if (text != NULL) {
        shown.bytes = strlen(text);
        if (shown.bytes > TEXT_BYTES_MAX) {
            shown.bytes = text_utf8_cut(text, TEXT_BYTES_MAX);
            shown.cut = true;
        }
    }
    return shown;
}

static const char *const none_reserved[] = {NULL};

static enum status begin(const struct push_job *job, const struct payload_options *options,
                         struct sketch *sketch, struct error *error)
{
    const struct push_notification *notification = &job->notification;
    const struct push_secret *secret = notification->secret;
    *sketch = (struct sketch){.job = job, .options = options, .data = "", .secret_data = ""};
    sketch->texts[TEXT_TITLE] = show(notification->title);
    sketch->texts[TEXT_BODY] = show(notification->body);
    for (size_t i = 0; i < notification->actions_count; i++) {
        sketch->texts[TEXT_ACTION_0 + i] = show(notification->actions[i].title);
    }
    if (secret != NULL) {
        sketch->texts[TEXT_SECRET_TITLE] = show(secret->title);
        sketch->texts[TEXT_SECRET_BODY] = show(secret->body);
    }
    enum status status = STATUS_OK;
    if (notification->data_json != NULL) {
        status = data_object_members(notification->data_json,
                                     job->provider == PUSH_APNS  ? payload_apns_reserved
                                     : job->provider == PUSH_FCM ? payload_fcm_reserved
                                                                 : none_reserved,
                                     &sketch->data, &sketch->data_bytes, error);
    }
    if (status == STATUS_OK && secret != NULL && secret->data_json != NULL) {
        status = data_object_members(secret->data_json, none_reserved, &sketch->secret_data,
                                     &sketch->secret_data_bytes, error);
    }
    return status;
}

/* ---- writing ---- */

void payload_write_text(struct json_writer *json, const char *name, const struct shown_text *shown)
{
    if (shown->text == NULL) {
        return;
    }
    json_name(json, name);
    if (!shown->cut) {
        json_text_n(json, shown->text, shown->bytes);
        return;
    }
    char text[TEXT_BYTES_MAX + sizeof ELLIPSIS];
    memcpy(text, shown->text, shown->bytes);
    memcpy(text + shown->bytes, ELLIPSIS, sizeof ELLIPSIS);
    json_text(json, text);
}

void payload_write_word(struct json_writer *json, const char *name, const char *word)
{
    if (word != NULL) {
        json_member_text(json, name, word);
    }
}

void payload_write_members(struct json_writer *json, const char *members, size_t bytes)
{
    if (bytes > 0) {
        json_raw_n(json, members, bytes);
    }
}

void payload_write_actions(struct json_writer *json, const struct sketch *sketch)
{
    const struct push_notification *notification = &sketch->job->notification;
    json_array_begin(json);
    for (size_t i = 0; i < notification->actions_count; i++) {
        json_object_begin(json);
        json_member_text(json, "id", notification->actions[i].id);
        payload_write_text(json, "title", &sketch->texts[TEXT_ACTION_0 + i]);
        json_object_end(json);
    }
    json_array_end(json);
}

const char *payload_urgency_word(enum push_urgency urgency)
{
    static const char *const words[] = {"critical", "time-sensitive", "normal", "silent"};
    return words[urgency];
}

void payload_write_gap(struct json_writer *json, struct sketch *sketch)
{
    static const char filling[] =
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    if (sketch->record_bytes == 0) {
        return;
    }
    char text[BASE64_BYTES(PAYLOAD_PLAIN_BYTES_MAX) + sizeof filling];
    size_t bytes = BASE64_BYTES(sketch->record_bytes);
    if (bytes > sizeof text - sizeof filling) {
        json->overflowed = true;
        return;
    }
    for (size_t at = 0; at < bytes; at += sizeof filling - 1) {
        memcpy(text + at, filling, sizeof filling - 1);
    }
    json_name(json, "encrypted");
    json_text_n(json, text, bytes);
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
    payload_write_members(json, sketch->secret_data, sketch->secret_data_bytes);
    json_object_end(json);
    json_object_end(json);
}

/* ---- sizes ---- */

static size_t limit_of(const struct push_job *job)
{
    if (job->provider == PUSH_APNS && job->notification.style == PUSH_VOIP) {
        return PUSH_VOIP_PAYLOAD_BYTES_MAX;
    }
    return job->provider == PUSH_FCM ? PUSH_PAYLOAD_BYTES_MAX - FCM_TAIL_RESERVED
                                     : PUSH_PAYLOAD_BYTES_MAX;
}

/* What a rendering came to. */
struct size {
    size_t plain_bytes;
    size_t body_bytes;
    bool beyond; /* more than the buffers hold */
};

/* Renders into these buffers; neither is complete when the size is beyond them. */
static struct size render(struct sketch *sketch, char *body, size_t body_capacity, char *plain,
                          size_t plain_capacity)
{
    struct size size = {0};
    struct json_writer json;
    bool web = sketch->job->provider == PUSH_WEB;
    sketch->record_bytes = 0;
    if (sketch->job->notification.secret != NULL) {
        json_writer_init(&json, plain, plain_capacity);
        if (web) {
            payload_write_web_plain(&json, sketch);
        } else {
            write_secret_plain(&json, sketch);
        }
        size.plain_bytes = json_writer_bytes(&json);
        size.beyond = json_writer_overflowed(&json);
        sketch->record_bytes = seal_record_bytes(size.plain_bytes);
    }
    if (web) {
        size.body_bytes = sketch->record_bytes;
        return size;
    }
    json_writer_init(&json, body, body_capacity);
    if (sketch->job->provider == PUSH_APNS) {
        payload_write_apns(&json, sketch);
    } else {
        payload_write_fcm(&json, sketch);
    }
    size.body_bytes = json_writer_bytes(&json);
    size.beyond = size.beyond || json_writer_overflowed(&json);
    return size;
}

static bool is_encrypted(const struct sketch *sketch, size_t text)
{
    return sketch->job->provider == PUSH_WEB || text == TEXT_SECRET_BODY ||
           text == TEXT_SECRET_TITLE;
}

/* Cuts one text by what is too much, as far as it goes. Each byte of it is at least one in the
 * payload; of what is encrypted, base64url makes four of three, and padding swallows some. */
static void shorten(struct sketch *sketch, size_t which, const struct size *size, size_t limit)
{
    struct shown_text *shown = &sketch->texts[which];
    if (shown->text == NULL || shown->bytes <= TEXT_BYTES_KEPT) {
        return;
    }
    size_t excess = size->body_bytes - (size->body_bytes < limit ? size->body_bytes : limit);
    size_t remove = excess + sizeof ELLIPSIS;
    if (is_encrypted(sketch, which)) {
        remove = excess + SEAL_PADDED_TO + sizeof ELLIPSIS;
    }
    size_t kept = size->beyond || shown->bytes < TEXT_BYTES_KEPT + remove ? TEXT_BYTES_KEPT
                                                                          : shown->bytes - remove;
    shown->bytes = text_utf8_cut(shown->text, kept);
    shown->cut = true;
}

/* The path that is not hurried: renders where there is room, until it fits. */
static bool shorten_to_fit(struct sketch *sketch, size_t limit)
{
    char body[SCRATCH_BYTES], plain[SCRATCH_BYTES];
    struct size size = render(sketch, body, sizeof body, plain, sizeof plain);
    for (size_t which = 0; which < TEXTS_COUNT; which++) {
        if (!size.beyond && size.body_bytes <= limit) {
            return true;
        }
        shorten(sketch, which, &size, limit);
        size = render(sketch, body, sizeof body, plain, sizeof plain);
    }
    return !size.beyond && size.body_bytes <= limit;
}

static void finish(const struct sketch *sketch, const struct size *size, struct payload *payload)
{
    bool web = sketch->job->provider == PUSH_WEB;
    payload->body_bytes = size->body_bytes;
    payload->plain_bytes = size->plain_bytes;
    payload->record_bytes = sketch->record_bytes;
    payload->seal_base64 = !web;
    payload->seal_at = web ? 0 : sketch->seal_at;
    payload->seal_bytes = web ? sketch->record_bytes : BASE64_BYTES(sketch->record_bytes);
    if (web) {
        memset(payload->body, 'A', payload->body_bytes);
        payload->body[payload->body_bytes] = '\0';
    }
}

enum status payload_render(const struct push_job *job, const struct payload_options *options,
                           struct payload *payload_r, struct error *error)
{
    struct sketch sketch;
    enum status status = check(job, error);
    if (status == STATUS_OK) {
        status = begin(job, options, &sketch, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    size_t limit = limit_of(job);
    struct size size =
        render(&sketch, payload_r->body, limit + 1, payload_r->plain, sizeof payload_r->plain);
    payload_r->shortened = size.beyond || size.body_bytes > limit;
    if (payload_r->shortened) {
        if (!shorten_to_fit(&sketch, limit)) {
            return error_set(error, STATUS_TOO_LARGE,
                             "the payload is larger than %zu bytes, however short its texts",
                             limit);
        }
        size =
            render(&sketch, payload_r->body, limit + 1, payload_r->plain, sizeof payload_r->plain);
    }
    finish(&sketch, &size, payload_r);
    return STATUS_OK;
}
