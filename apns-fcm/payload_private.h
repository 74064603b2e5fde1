/* payload_private.h - shared by payload.c (checks, sizes, shortening) and a file for each provider
 * (what is written). */
#ifndef APNS_FCM_PAYLOAD_PRIVATE_H
#define APNS_FCM_PAYLOAD_PRIVATE_H

#include "apns-fcm/payload.h"
#include "gateway/base/json_writer.h"

/* The texts that may be shortened, in the order in which they are. */
enum payload_text {
    TEXT_SECRET_BODY,
    TEXT_BODY,
    TEXT_ACTION_0,
    TEXT_SECRET_TITLE = TEXT_ACTION_0 + PUSH_ACTIONS_MAX,
    TEXT_TITLE,
    TEXTS_COUNT,
};

/* A text, NULL if there is none, and how much of it is written. */
struct shown_text {
    const char *text;
    size_t bytes;
    bool cut; /* "…" follows */
};

/* A notification on its way to a payload: what is written where. */
struct sketch {
    const struct push_job *job;
    const struct payload_options *options;
    struct shown_text texts[TEXTS_COUNT];
    const char *data; /* data_json's members, without the braces; "" if there are none */
    size_t data_bytes;
    const char *secret_data; /* the secret's */
    size_t secret_data_bytes;
    size_t record_bytes; /* 0: nothing is encrypted */
    size_t seal_at;      /* set by the rendering */
};

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
void payload_write_members(struct json_writer *json, const char *members, size_t bytes);

/* "critical", "time-sensitive", "normal", "silent". */
const char *payload_urgency_word(enum push_urgency urgency);

/* Names in data_json that are taken; NULL-terminated. */
extern const char *const payload_apns_reserved[];
extern const char *const payload_fcm_reserved[];

#endif
