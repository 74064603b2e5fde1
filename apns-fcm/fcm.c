/* fcm.c - Google: requests with the OAuth2 bearer token; the time to live is computed for every
 * try. Source: Google, "FCM HTTP v1 API", projects.messages.send. */
#include <stdlib.h>

#include "apns-fcm/header.h"
#include "apns-fcm/payload.h"
#include "apns-fcm/sender_private.h"

#define FAILURES_DRY   2    /* attempts to get a token in a row, */
#define FAILING_MS_DRY 1000 /* and for so long */

static size_t begin(struct exchange *exchange, struct loop *loop,
                    nghttp2_nv headers_r[EXCHANGE_HEADERS_MAX])
{
    const struct job *job = exchange->owner;
    const struct fcm_settings *settings = &job->account->settings->fcm;
    const struct oauth2_token *token = job->account->fcm_token;
    delivery_begin(exchange, loop);
    exchange->generation = token->generation;
    const struct exchange *other = exchange == &job->exchange ? job->hedge : &job->exchange;
    exchange->body_bytes =
        other != NULL && other->place == EXCHANGE_IN_FLIGHT
            ? other->body_bytes /* it may be half sent: nothing of it may change */
            : job->body_head_bytes + payload_fcm_tail(job_expires_at(job, loop), loop->wall,
                                                      job->body + job->body_head_bytes);
    size_t count = 0;
    headers_r[count++] = header_fixed(":method", "POST");
    headers_r[count++] = header_fixed(":scheme", "https");
    headers_r[count++] = header_fixed(":authority", settings->endpoint.authority);
    headers_r[count++] = header_fixed(":path", settings->path);
    headers_r[count++] = header_varying("authorization", token->bearer, token->bearer_bytes);
    headers_r[count++] = header_fixed("content-type", "application/json");
    return count;
}

static bool note_token(struct account *account, struct job *job, struct exchange *exchange,
                       struct verdict *verdict)
{
    (void)job;
    return verdict->action == ACTION_RENEW_TOKEN &&
           oauth2_token_renew(account->fcm_token, exchange->generation, exchange->pool->loop->now);
}

static bool is_ready(void *context)
{
    const struct account *account = context;
    return oauth2_token_is_usable(account->fcm_token, account->sender->loop.now);
}

static enum status create(struct account *account)
{
    struct push_sender *sender = account->sender;
    struct counters *counters = &sender->counters[PUSH_FCM];
    account->fcm_token = calloc(1, sizeof *account->fcm_token);
    if (account->fcm_token == NULL) {
        return STATUS_NO_MEMORY;
    }
    struct pool *messages = &account->pools[ACCOUNT_POOL_MESSAGES];
    struct pool *tokens = &account->pools[ACCOUNT_POOL_TOKEN];
    pool_init(messages, "fcm", &sender->loop, counters, sender->connections_max);
    messages->ready = is_ready;
    messages->ready_context = account;
    pool_init(tokens, "oauth2", &sender->loop, NULL, 1);
    tokens->clock_skew_ms = &counters->clock_skew_ms;
    oauth2_token_init(account->fcm_token, tokens, counters);
    return STATUS_OK;
}

static void destroy(struct account *account)
{
    free(account->fcm_token);
    account->fcm_token = NULL;
}

static void aim(struct account *account, const struct account_settings *old)
{
    const struct settings *all = account->sender->settings;
    struct pool_target messages = {.host = NULL}, tokens = {.host = NULL};
    const struct fcm_settings *settings = NULL;
    bool token_serves = false;
    if (account->settings != NULL) {
        settings = &account->settings->fcm;
        const struct settings_proxy *proxy = all->has_proxy ? &all->proxy : NULL;
        messages = (struct pool_target){.tls = all->tls,
                                        .host = settings->endpoint.host,
                                        .port = settings->endpoint.port,
                                        .proxy = proxy};
        tokens = (struct pool_target){.tls = all->tls,
                                      .host = settings->token_endpoint.host,
                                      .port = settings->token_endpoint.port,
                                      .proxy = proxy};
        token_serves = old != NULL && settings_same_service_account(&old->fcm, settings);
    }
    oauth2_token_aim(account->fcm_token, settings, token_serves);
    account->pools[ACCOUNT_POOL_MESSAGES].keep_connected = settings != NULL && all->keep_connected;
    pool_aim(&account->pools[ACCOUNT_POOL_MESSAGES], &messages);
    pool_aim(&account->pools[ACCOUNT_POOL_TOKEN], &tokens);
}

static struct pool *pool_of(struct account *account, const struct job *job)
{
    (void)job;
    return &account->pools[ACCOUNT_POOL_MESSAGES];
}

static bool is_token_wanted(const struct account *account)
{
    const struct pool *pool = &account->pools[ACCOUNT_POOL_MESSAGES];
    return pool->queued + pool->hedges.count > 0 || pool->keep_connected;
}

static void work(struct account *account)
{
    struct oauth2_token *token = account->fcm_token;
    oauth2_token_work(token, is_token_wanted(account));
    if (token->refusal[0] != '\0' && token->failures >= FAILURES_DRY && !is_ready(account)) {
        account_notice(account, PUSH_NOTICE_CONFIGURATION_WRONG, token->refusal);
        delivery_refuse_waiting(account, token->refusal);
    }
}

static struct monotonic_time due(const struct account *account)
{
    return oauth2_token_due(account->fcm_token, is_token_wanted(account));
}

static const char *trouble(const struct account *account, bool *down_r)
{
    const struct oauth2_token *token = account->fcm_token;
    struct monotonic_time now = account->sender->loop.now;
    *down_r = !oauth2_token_is_usable(token, now) && token->failures >= FAILURES_DRY &&
              now.ms - token->failing_since.ms >= FAILING_MS_DRY;
    if (token->failures > 0) {
        return token->trouble;
    }
    const struct pool *tokens = &account->pools[ACCOUNT_POOL_TOKEN];
    if (!oauth2_token_is_usable(token, now) && tokens->failures >= FAILURES_DRY) {
        *down_r = now.ms - tokens->failing_since.ms >= FAILING_MS_DRY;
        return tokens->trouble;
    }
    return NULL;
}

const struct provider provider_fcm = {{begin, delivery_end},
                                      verdict_fcm,
                                      create,
                                      destroy,
                                      aim,
                                      pool_of,
                                      note_token,
                                      work,
                                      due,
                                      trouble};
