#include "apns-fcm/oauth2_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/header.h"
#include "apns-fcm/retry.h"
#include "apns-fcm/verdict.h"
#include "gateway/base/json_reader.h"
#include "gateway/base/json_writer.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"

#define SCOPE "https://www.googleapis.com/auth/firebase.messaging"
#define FORM                                                                                       \
    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"                             \
    "&assertion="
#define ASSERTION_LIFE_S    3600
#define LIFE_S_MIN          60
#define LIFE_S_MAX          86400
#define EARLY_MS            INT64_C(300000) /* refreshed this long before it expires */
#define LAST_MOMENT_MS      5000            /* not used any more this close to its end */
#define EXCHANGE_MS_MAX     8000
#define FAILURE_WAIT_MS     300
#define FAILURE_WAIT_MS_CAP 15000
#define REFUSED_WAIT_MS     30000
#define RENEWAL_MS_MIN      30000
#define SKEW_MS_TOLERATED   30000
#define CLAIMS_BYTES_MAX    1600

static bool under_way(const struct oauth2_token *token)
{
    return token->exchange.place != EXCHANGE_OUTSIDE;
}

/* Writes the form with the signed assertion. A clock that is known to be wrong is corrected by the
 * endpoint's, or no token would ever be issued. */
static enum status write_form(struct oauth2_token *token, struct wall_time wall)
{
    const struct fcm_settings *account = token->settings;
    int64_t skew_ms = atomic_load(&token->counters->clock_skew_ms);
    int64_t now_s = (wall.ms + (llabs(skew_ms) > SKEW_MS_TOLERATED ? skew_ms : 0)) / 1000;
    char claims[CLAIMS_BYTES_MAX];
    struct json_writer json;
    json_writer_init(&json, claims, sizeof claims);
    json_object_begin(&json);
    json_member_text(&json, "iss", account->client_email);
    json_member_text(&json, "scope", SCOPE);
    json_member_text(&json, "aud", account->token_uri);
    json_member_int(&json, "iat", now_s);
    json_member_int(&json, "exp", now_s + ASSERTION_LIFE_S);
    json_object_end(&json);
    if (json_writer_overflowed(&json)) {
        return STATUS_TOO_LARGE;
    }
    size_t bytes = 0;
    enum status status =
        jwt_sign(account->key, account->key_id, claims, json_writer_bytes(&json),
                 token->body + sizeof FORM - 1, sizeof token->body - sizeof FORM + 1, &bytes);
    if (status == STATUS_OK) {
        memcpy(token->body, FORM, sizeof FORM - 1);
        token->exchange.body = token->body;
        token->exchange.body_bytes = sizeof FORM - 1 + bytes;
    }
    return status;
}

static size_t begin(struct exchange *exchange, struct loop *loop,
                    nghttp2_nv headers_r[EXCHANGE_HEADERS_MAX])
{
    const struct oauth2_token *token = (const struct oauth2_token *)exchange;
    const struct fcm_settings *account = token->settings;
    (void)loop;
    size_t count = 0;
    headers_r[count++] = header_fixed(":method", "POST");
    headers_r[count++] = header_fixed(":scheme", "https");
    headers_r[count++] = header_fixed(":authority", account->token_endpoint.authority);
    headers_r[count++] = header_fixed(":path", account->token_path);
    headers_r[count++] = header_fixed("content-type", "application/x-www-form-urlencoded");
    headers_r[count++] = header_fixed("accept", "application/json");
    return count;
}

/* It becomes a header's value, where any other byte would break every request of its hour. */
static bool is_bearer(const char *access)
{
    size_t i = 0;
    while (access[i] > ' ' && access[i] <= '~') {
        i++;
    }
    return i > 0 && access[i] == '\0';
}

enum status oauth2_answer_parse(const char *text, size_t bytes, char *bearer_r,
                                size_t bearer_bytes_max, int64_t *life_s_r,
                                char refusal_r[PUSH_REASON_BYTES_MAX])
{
    json_t *json = NULL;
    if (bytes == 0 || json_parse(text, bytes, &json, NULL) != STATUS_OK) {
        return STATUS_PROTOCOL;
    }
    enum status status = STATUS_PROTOCOL;
    const char *access = json_string_value(json_object_get(json, "access_token"));
    const char *refusal = json_string_value(json_object_get(json, "error"));
    json_t *life = json_object_get(json, "expires_in");
    if (access != NULL && is_bearer(access)) {
        int written = snprintf(bearer_r, bearer_bytes_max, "Bearer %s", access);
        int64_t life_s = json_is_integer(life) ? json_integer_value(life) : ASSERTION_LIFE_S;
        *life_s_r = life_s < LIFE_S_MIN ? LIFE_S_MIN : life_s > LIFE_S_MAX ? LIFE_S_MAX : life_s;
        status = written > 0 && (size_t)written < bearer_bytes_max ? STATUS_OK : STATUS_TOO_LARGE;
    } else if (refusal != NULL && refusal[0] != '\0') {
        reason_copy(refusal_r, refusal);
        status = STATUS_FORBIDDEN;
    }
    json_decref(json);
    return status;
}

static void accept_token(struct oauth2_token *token, int64_t life_s)
{
    struct monotonic_time now = token->pool->loop->now;
    int64_t life_ms = life_s * 1000;
    token->bearer_bytes = strlen(token->bearer);
    token->fetched_at = now;
    token->valid_until = monotonic_add(now, life_ms - LAST_MOMENT_MS);
    token->refresh_at =
        monotonic_add(now, life_ms > 2 * EARLY_MS ? life_ms - EARLY_MS : life_ms / 2);
    token->generation++;
    token->failures = 0;
    token->refusal[0] = '\0';
    token->trouble = NULL;
    counter_add(&token->counters->tokens_minted, 1);
    log_info("push.token_fetched", LOG_INT("life_s", life_s));
}

static void note_failure(struct oauth2_token *token, const char *trouble, int64_t asked_ms)
{
    int64_t wait_ms = backoff_ms(token->failures, FAILURE_WAIT_MS, FAILURE_WAIT_MS_CAP,
                                 token->pool->loop->random);
    if (token->refusal[0] != '\0' && token->failures > 0) {
        wait_ms = REFUSED_WAIT_MS;
    }
    if (asked_ms > wait_ms) {
        wait_ms = asked_ms < REFUSED_WAIT_MS ? asked_ms : REFUSED_WAIT_MS;
    }
    if (token->failures++ == 0) {
        token->failing_since = token->pool->loop->now;
    }
    token->trouble = trouble;
    token->refresh_at = monotonic_add(token->pool->loop->now, wait_ms);
    log_warning("push.token_exchange_failed", LOG_TEXT("reason", trouble),
                LOG_TEXT("word", token->refusal), LOG_INT("failures", token->failures));
}

static void judge_answer(struct oauth2_token *token)
{
    struct exchange *exchange = &token->exchange;
    char refusal[PUSH_REASON_BYTES_MAX] = "";
    int64_t life_s = 0;
    char *bearer = token->body; /* the assertion is spent: its memory serves once more */
    enum status status = oauth2_answer_parse(exchange->answer, exchange->answer_bytes, bearer,
                                             OAUTH2_BEARER_BYTES_MAX, &life_s, refusal);
    if (exchange->status == 200 && status == STATUS_OK) {
        memcpy(token->bearer, bearer, strlen(bearer) + 1);
        accept_token(token, life_s);
        return;
    }
    bool for_good = exchange->status >= 400 && exchange->status < 500 && exchange->status != 429 &&
                    exchange->status != 408 && status == STATUS_FORBIDDEN;
    (void)snprintf(token->refusal, sizeof token->refusal, "%s", for_good ? refusal : "");
    note_failure(token, for_good ? "token-refused" : "token-endpoint-failed",
                 retry_after_ms(exchange->retry_after, token->pool->loop->wall));
}

static void end(struct exchange *exchange, enum exchange_end how)
{
    struct oauth2_token *token = (struct oauth2_token *)exchange;
    switch (how) {
    case EXCHANGE_ANSWERED:
        judge_answer(token);
        return;
    case EXCHANGE_NOT_PROCESSED:
        pool_enqueue(token->pool, exchange, true); /* the pool waits between refused streams */
        return;
    case EXCHANGE_UNANSWERED: /* asking twice does no harm, but asking without a pause does */
        note_failure(token, "token-endpoint-failed", RETRY_AFTER_NONE_MS);
        return;
    }
}

static const struct exchange_kind kind = {begin, end};

void oauth2_token_init(struct oauth2_token *token, struct pool *pool, struct counters *counters)
{
    memset(token, 0, sizeof *token);
    token->pool = pool;
    token->counters = counters;
    token->exchange.kind = &kind;
    token->exchange.answer = token->answer;
    token->exchange.answer_capacity = sizeof token->answer;
}

void oauth2_token_aim(struct oauth2_token *token, const struct fcm_settings *settings, bool keep)
{
    oauth2_token_stop(token);
    token->settings = settings;
    token->refusal[0] = '\0';
    token->failures = 0;
    if (!keep) {
        token->bearer[0] = '\0';
        token->bearer_bytes = 0;
        token->refresh_at = (struct monotonic_time){0};
        token->trouble = NULL;
    }
}

static void start(struct oauth2_token *token)
{
    if (write_form(token, token->pool->loop->wall) != STATUS_OK) {
        note_failure(token, "token-cannot-be-signed", RETRY_AFTER_NONE_MS);
        return;
    }
    token->give_up_at = monotonic_add(token->pool->loop->now, EXCHANGE_MS_MAX);
    pool_enqueue(token->pool, &token->exchange, false);
}

/* A token in use is renewed when it is due even if nothing waits just now, and a failing endpoint
 * is tried until it works; the first one is fetched when something needs it. */
static bool exchange_wanted(const struct oauth2_token *token, bool wanted)
{
    return token->settings != NULL && (wanted || token->bearer_bytes > 0 || token->failures > 0);
}

void oauth2_token_work(struct oauth2_token *token, bool wanted)
{
    struct monotonic_time now = token->pool->loop->now;
    if (under_way(token)) {
        if (token->give_up_at.ms <= now.ms) {
            pool_withdraw(token->pool, &token->exchange);
            note_failure(token, "token-endpoint-silent", RETRY_AFTER_NONE_MS);
        }
    } else if (exchange_wanted(token, wanted) && token->refresh_at.ms <= now.ms) {
        start(token);
    }
}

struct monotonic_time oauth2_token_due(const struct oauth2_token *token, bool wanted)
{
    if (under_way(token)) {
        return token->give_up_at;
    }
    return exchange_wanted(token, wanted) ? token->refresh_at : MONOTONIC_NEVER;
}

bool oauth2_token_is_usable(const struct oauth2_token *token, struct monotonic_time now)
{
    return token->bearer_bytes > 0 && now.ms < token->valid_until.ms;
}

bool oauth2_token_renew(struct oauth2_token *token, unsigned refused_generation,
                        struct monotonic_time now)
{
    if (refused_generation != token->generation) {
        return true;
    }
    if (token->bearer_bytes > 0 && now.ms - token->fetched_at.ms < RENEWAL_MS_MIN) {
        return false;
    }
    token->bearer[0] = '\0';
    token->bearer_bytes = 0;
    token->refresh_at = now;
    return true;
}

void oauth2_token_stop(struct oauth2_token *token)
{
    if (under_way(token)) {
        pool_withdraw(token->pool, &token->exchange);
    }
}
