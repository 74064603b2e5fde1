/* oauth2_token.h - the bearer token that FCM wants: a JWT signed with the service account's key,
 * exchanged at the token endpoint (RFC 7523), cached for its life, renewed early in the background,
 * once for all jobs. Loop thread. */
#ifndef APNS_FCM_OAUTH2_TOKEN_H
#define APNS_FCM_OAUTH2_TOKEN_H

#include "apns-fcm/pool.h"
#include "apns-fcm/settings.h"

#define OAUTH2_BEARER_BYTES_MAX 4096
#define OAUTH2_BODY_BYTES_MAX   4096
#define OAUTH2_ANSWER_BYTES_MAX 8192

struct oauth2_token {
    struct exchange exchange; /* first */
    struct pool *pool;
    const struct fcm_settings *settings; /* NULL: not configured */
    struct counters *counters;
    char bearer[OAUTH2_BEARER_BYTES_MAX]; /* "Bearer ya29…"; empty: none */
    size_t bearer_bytes;
    struct monotonic_time fetched_at;
    struct monotonic_time valid_until;
    struct monotonic_time refresh_at;    /* the next exchange is due; backs off after failures */
    struct monotonic_time give_up_at;    /* of the exchange under way */
    unsigned generation;                 /* counts the tokens fetched */
    unsigned failures;                   /* exchanges, in a row */
    struct monotonic_time failing_since; /* the first of them */
    char refusal[PUSH_REASON_BYTES_MAX]; /* the endpoint's word that retrying will not help */
    const char *trouble;                 /* why there is no token; NULL: none known */
    char body[OAUTH2_BODY_BYTES_MAX];
    char answer[OAUTH2_ANSWER_BYTES_MAX];
};

void oauth2_token_init(struct oauth2_token *token, struct pool *pool, struct counters *counters);

/* Uses these settings (borrowed; NULL: none) from now on; forgets the token unless `keep`. */
void oauth2_token_aim(struct oauth2_token *token, const struct fcm_settings *settings, bool keep);

/* Starts or gives up an exchange when it is time; wanted: jobs are waiting for the token. */
void oauth2_token_work(struct oauth2_token *token, bool wanted);
struct monotonic_time oauth2_token_due(const struct oauth2_token *token, bool wanted);

bool oauth2_token_is_usable(const struct oauth2_token *token, struct monotonic_time now);

/* FCM refused the token of this generation: fetch another. False when the present one is so young
 * that another will fare no better. */
bool oauth2_token_renew(struct oauth2_token *token, unsigned refused_generation,
                        struct monotonic_time now);

/* Takes the exchange under way back, before the pool goes. */
void oauth2_token_stop(struct oauth2_token *token);

/* Reads the endpoint's answer: for a token "Bearer …" and its life; otherwise the error word. Pure.
 */
enum status oauth2_answer_parse(const char *text, size_t bytes, char *bearer_r,
                                size_t bearer_bytes_max, int64_t *life_s_r,
                                char refusal_r[PUSH_REASON_BYTES_MAX]) MUST_CHECK;

#endif
