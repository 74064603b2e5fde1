/* apns.c - Apple: requests with the shared provider token or on a client certificate's connection,
 * and what an answer says about that token.
 *
 * Sources: Apple, "Sending notification requests to APNs", "Establishing a token-based connection
 * to APNs", "Establishing a certificate-based connection to APNs". */
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/header.h"
#include "apns-fcm/sender_private.h"
#include "apns-fcm/token_file.h"
#include "gateway/base/log.h"

#define SKEW_MS_TOLERATED 30000

static const struct apns_settings *settings_of(const struct account *account)
{
    return &account->settings->apns;
}

static bool has_certificate(const struct account *account)
{
    return settings_of(account)->key == NULL;
}

static struct provider_key key_of(const struct account *account)
{
    const struct apns_settings *settings = settings_of(account);
    return (struct provider_key){settings->key, settings->key_id, settings->team_id};
}

static const char *push_type_of(const struct job *job)
{
    return job->style == PUSH_BACKGROUND ? "background"
           : job->style == PUSH_VOIP     ? "voip"
                                         : "alert";
}

/* The error of our clock that is worth correcting. */
static int64_t known_skew_ms(const struct account *account)
{
    int64_t skew_ms = atomic_load(&account->sender->counters[PUSH_APNS].clock_skew_ms);
    return llabs(skew_ms) > SKEW_MS_TOLERATED ? skew_ms : 0;
}

static size_t begin(struct exchange *exchange, struct loop *loop,
                    nghttp2_nv headers_r[EXCHANGE_HEADERS_MAX])
{
    struct job *job = exchange->owner;
    const struct apns_settings *settings = settings_of(job->account);
    const struct provider_token *token = &job->account->leader->apns_token;
    delivery_begin(exchange, loop);
    exchange->generation = token->generation;
    size_t count = 0;
    headers_r[count++] = header_fixed(":method", "POST");
    headers_r[count++] = header_fixed(":scheme", "https");
    headers_r[count++] =
        header_fixed(":authority", settings->endpoints[job->environment].authority);
    headers_r[count++] = header_varying(":path", job->path, job->path_bytes);
    if (!has_certificate(job->account)) {
        headers_r[count++] = header_varying("authorization", token->bearer, token->bearer_bytes);
    }
    headers_r[count++] = header_fixed("apns-topic", job->style == PUSH_VOIP ? settings->voip_topic
                                                                            : settings->topic);
    headers_r[count++] = header_fixed("apns-push-type", push_type_of(job));
    headers_r[count++] = header_fixed("apns-priority", job->quiet ? "5" : "10");
    headers_r[count++] = header_varying("apns-id", job->id, UUID_TEXT_BYTES - 1);
    if (job->expiration[0] != '\0') {
        job_write_expiration(job, loop, known_skew_ms(job->account));
        headers_r[count++] = header_fixed("apns-expiration", job->expiration);
    }
    if (job->collapse_id != NULL) {
        headers_r[count++] =
            header_varying("apns-collapse-id", job->collapse_id, job->collapse_id_bytes);
    }
    return count;
}

/* Apple calls a token from the future invalid, as it calls one of another key. When our clock has
 * turned out to be wrong since it was minted, the next one may serve. */
static bool is_from_another_time(const struct account *leader, const struct verdict *verdict)
{
    return strcmp(verdict->reason, "InvalidProviderToken") == 0 && !has_certificate(leader) &&
           llabs(known_skew_ms(leader) - leader->token_skew_ms) > SKEW_MS_TOLERATED;
}

static bool note_token(struct account *account, struct job *job, struct exchange *exchange,
                       struct verdict *verdict)
{
    struct account *leader = account->leader;
    if (is_from_another_time(leader, verdict)) {
        verdict->action = ACTION_RENEW_TOKEN;
    }
    if (verdict->token_proven) {
        pool_set_proven(exchange->pool, true);
        return false;
    }
    if (job->result.http_status == 403) {
        pool_set_proven(exchange->pool, false);
    }
    if (strcmp(verdict->reason, "TooManyProviderTokenUpdates") == 0) {
        account_notice(leader, PUSH_NOTICE_TOKEN_UPDATES, verdict->reason);
    }
    if (verdict->action != ACTION_RENEW_TOKEN || has_certificate(account)) {
        return false;
    }
    bool renewed =
        provider_token_renew(&leader->apns_token, exchange->generation, exchange->pool->loop->now);
    log_warning("push.provider_token_expired", LOG_TEXT("pool", exchange->pool->name),
                LOG_TEXT("renewal", renewed ? "allowed" : "too soon"));
    return renewed;
}

static enum status create(struct account *account)
{
    static const char *const names[PUSH_ENVIRONMENTS_COUNT] = {"apns", "apns-sandbox"};
    struct push_sender *sender = account->sender;
    for (int i = 0; i < PUSH_ENVIRONMENTS_COUNT; i++) {
        pool_init(&account->pools[i], names[i], &sender->loop, &sender->counters[PUSH_APNS],
                  sender->connections_max);
    }
    provider_token_init(&account->apns_token);
    return STATUS_OK;
}

static void destroy(struct account *account)
{
    (void)account;
}

/* Another account of the same team and key, configured before this one. */
static struct account *find_leader(struct account *account)
{
    struct push_sender *sender = account->sender;
    for (size_t i = 0; i < sender->accounts_count; i++) {
        struct account *other = sender->accounts[i];
        if (other == account) {
            break;
        }
        if (other->provider == PUSH_APNS && other->settings != NULL && other->leader == other &&
            settings_same_apns_key(&other->settings->apns, settings_of(account))) {
            return other;
        }
    }
    return account;
}

static bool is_ready(void *context)
{
    const struct account *account = context;
    return account->apns_token.bearer_bytes > 0 || has_certificate(account);
}

static void load_token(struct account *account)
{
    const struct loop *loop = &account->sender->loop;
    const struct provider_key key = key_of(account);
    provider_token_init(&account->apns_token);
    if (settings_of(account)->token_file != NULL) {
        token_file_load(settings_of(account)->token_file, &key, &account->apns_token, loop->now,
                        loop->wall);
    }
}

/* Accounts that are gone leave their token to the one that leads in their place: Apple wants no new
 * one within 20 minutes. */
static bool inherit_token(struct account *account, const struct account *leader_before,
                          const struct account_settings *old)
{
    bool inherits = old != NULL && leader_before != account && leader_before->settings == NULL &&
                    leader_before->apns_token.generation > 0 &&
                    settings_same_apns_key(&old->apns, settings_of(account));
    if (inherits) {
        account->apns_token = leader_before->apns_token;
        account->token_skew_ms = leader_before->token_skew_ms;
    }
    return inherits;
}

static void aim(struct account *account, const struct account_settings *old)
{
    const struct account *leader_before = account->leader;
    account->leader = account;
    account->token_unsigned = false;
    if (account->settings == NULL) {
        const struct pool_target nowhere = {.host = NULL};
        pool_aim(&account->pools[PUSH_PRODUCTION], &nowhere);
        pool_aim(&account->pools[PUSH_SANDBOX], &nowhere);
        return;
    }
    account->leader = find_leader(account);
    bool token_serves = old != NULL && account->apns_token.generation > 0 &&
                        settings_same_apns_key(&old->apns, settings_of(account));
    if (!token_serves && !has_certificate(account) && account->leader == account &&
        !inherit_token(account, leader_before, old)) {
        load_token(account);
    }
    const struct settings *all = account->sender->settings;
    for (int i = 0; i < PUSH_ENVIRONMENTS_COUNT; i++) {
        struct pool *pool = &account->pools[i];
        const struct settings_endpoint *endpoint = &settings_of(account)->endpoints[i];
        const struct pool_target target = {
            .tls = has_certificate(account) ? settings_of(account)->tls : all->tls,
            .host = endpoint->host,
            .port = endpoint->port,
            .proxy = all->has_proxy ? &all->proxy : NULL};
        pool->ready = is_ready;
        pool->ready_context = account;
        pool->one_stream_until_proven = !has_certificate(account);
        pool->keep_connected =
            all->keep_connected && i == PUSH_PRODUCTION && account->leader == account;
        pool_aim(pool, &target);
    }
}

static struct pool *pool_of(struct account *account, const struct job *job)
{
    return &account->leader->pools[job->environment];
}

static void save_token(const struct account *account)
{
    const struct provider_key key = key_of(account);
    const char *path = settings_of(account)->token_file;
    if (path != NULL && token_file_save(path, &key, &account->apns_token,
                                        account->sender->loop.wall) != STATUS_OK) {
        log_warning("push.token_not_kept", LOG_TEXT("remedy", "make token_file writable"));
    }
}

static bool needs_token(const struct account *account)
{
    const struct pool *production = &account->pools[PUSH_PRODUCTION];
    return account->leader == account && !has_certificate(account) &&
           production->queued + production->hedges.count + account->pools[PUSH_SANDBOX].queued +
                   account->pools[PUSH_SANDBOX].hedges.count >
               0;
}

static void work(struct account *account)
{
    struct push_sender *sender = account->sender;
    /* One in use is renewed before it is needed; the first is minted when it is. */
    bool in_use = account->apns_token.generation > 0 && account->leader == account &&
                  !has_certificate(account);
    if (!in_use && !needs_token(account)) {
        return;
    }
    int64_t skew_ms = known_skew_ms(account);
    struct wall_time wall = {sender->loop.wall.ms + skew_ms};
    const struct provider_key key = key_of(account);
    bool minted = false;
    enum status status =
        provider_token_ensure(&account->apns_token, &key, sender->loop.now, wall, &minted);
    account->token_unsigned = status != STATUS_OK;
    if (status != STATUS_OK) {
        log_error("push.provider_token_unsigned", LOG_STATUS(status));
    } else if (minted) {
        account->token_skew_ms = skew_ms;
        counter_add(&sender->counters[PUSH_APNS].tokens_minted, 1);
        for (int i = 0; i < PUSH_ENVIRONMENTS_COUNT && account->apns_token.generation > 1; i++) {
            pool_hand_over(&account->pools[i]);
        }
        save_token(account);
    }
}

static struct monotonic_time due(const struct account *account)
{
    bool in_use = account->leader == account && !has_certificate(account) &&
                  account->apns_token.generation > 0;
    return in_use ? provider_token_due(&account->apns_token) : MONOTONIC_NEVER;
}

static const char *trouble(const struct account *account, bool *down_r)
{
    bool dry = account->settings != NULL && account->token_unsigned && needs_token(account) &&
               account->apns_token.bearer_bytes == 0;
    *down_r = dry;
    return dry ? "token-cannot-be-signed" : NULL;
}

const struct provider provider_apns = {{begin, delivery_end},
                                       verdict_apns,
                                       create,
                                       destroy,
                                       aim,
                                       pool_of,
                                       note_token,
                                       work,
                                       due,
                                       trouble};
