/* payload_private.h - shared by payload.c (the whole), payload_shorten.c (sizes) and a file for
 * each provider (what is written). */
#ifndef APNS_FCM_PAYLOAD_PRIVATE_H
#define APNS_FCM_PAYLOAD_PRIVATE_H

#include "apns-fcm/payload.h"
#include "gateway/base/json_writer.h"

#define PAYLOAD_ELLIPSIS       "\xe2\x80\xa6"
#define PAYLOAD_ELLIPSIS_BYTES 3

/* A record in base64url, without padding. */
#define PAYLOAD_GAP_BYTES(record_bytes) (((record_bytes)*4 + 2) / 3)

/* The texts that may be shortened, in the order in which they are. */
enum payload_text {
    TEXT_SECRET_BODY,
    TEXT_BODY,
    TEXT_ACTION_LAST,
    TEXT_SECRET_TITLE = TEXT_ACTION_LAST + PUSH_ACTIONS_MAX,
    TEXT_TITLE,
    TEXTS_COUNT,
};

/* The title of the n-th action: the last gives way first. */
static inline size_t payload_action_text(size_t n)
{
    return TEXT_SECRET_TITLE - 1 - n;
}

/* A text, NULL if there is none, and how much of it is written. */
struct shown_text {
    const char *text;
    size_t bytes;
    bool cut; /* "…" follows */
};

/* The members of an object, without the braces. */
struct members {
    const char *text;
    size_t bytes; /* 0: there are none */
};

/* A notification on its way to a payload: what is written where. */
struct sketch {
    const struct push_job *job;
    const struct payload_options *options;
    struct shown_text texts[TEXTS_COUNT];
    size_t actions_count; /* of those that are carried */
    struct members data;
    struct members secret_data;
    size_t record_bytes; /* 0: nothing is encrypted */
    size_t seal_at;      /* set by the rendering */
};

/* Draws the sketch as it is. Answers how large the payload is; when it does not fit into the
 * buffers, which then hold a part, their size, which is over every limit. */
size_t payload_draw(struct sketch *sketch, struct payload *payload);

/* Draws it with the least that must be cut off its texts to fit into the limit; answers as
 * payload_draw(), more than the limit when even the shortest texts do not fit. */
size_t payload_shorten(struct sketch *sketch, size_t limit, struct payload *payload);

/* Each writes the whole body; the gap is filled with 'A'. */
void payload_write_apns(struct json_writer *json, struct sketch *sketch);
void payload_write_fcm(struct json_writer *json, struct sketch *sketch);
/* What a browser decrypts. */
void payload_write_web_plain(struct json_writer *json, const struct sketch *sketch);

/* Writes nothing when there is no text. */
void payload_write_text(struct json_writer *json, const char *name, const struct shown_text *shown);
void payload_write_word(struct json_writer *json, const char *name, const char *word);
/* `"encrypted":"AAA…"` with room for the record. */
void payload_write_gap(struct json_writer *json, struct sketch *sketch);
/* [{"id":…,"title":…},…] */
void payload_write_actions(struct json_writer *json, const struct sketch *sketch);
void payload_write_members(struct json_writer *json, const struct members *members);

/* "critical", "time-sensitive", "normal", "silent"; for what is unheard the last. */
const char *payload_urgency_word(const struct push_notification *notification);

/* Names in data_json that are taken; NULL-terminated. */
extern const char *const payload_apns_reserved[];
extern const char *const payload_fcm_reserved[];

#endif
