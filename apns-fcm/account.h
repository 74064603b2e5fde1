/* account.h - one credential with everything that those who use it share: token, pools, health.
 *
 * Made by whoever names it first in a configuration, never freed before the sender; without
 * settings it is not configured (any more). Accounts at Apple with the same team and key share the
 * token and the pools of the first of them, their leader. All but name and provider belong to the
 * loop's thread.
 */
#ifndef APNS_FCM_ACCOUNT_H
#define APNS_FCM_ACCOUNT_H

#include "apns-fcm/oauth2_token.h"
#include "apns-fcm/pool.h"
#include "apns-fcm/provider_token.h"
#include "apns-fcm/settings.h"
#include "apns-fcm/suspicion.h"
#include "apns-fcm/verdict.h"

#define ACCOUNT_NOTICES (PUSH_NOTICE_TOKEN_UPDATES + 1)

struct job;
struct web_origins;

/* FCM: messages and token endpoint. APNs: by environment. */
enum account_pool { ACCOUNT_POOL_MESSAGES, ACCOUNT_POOL_TOKEN };

struct account {
    char name[PUSH_ACCOUNT_BYTES_MAX];
    enum push_provider provider;
    const struct provider *kind;
    struct push_sender *sender;
    const struct account_settings *settings; /* NULL: not configured */
    struct account *leader;                  /* itself, mostly */
    struct pool pools[2];                    /* APNs and FCM */
    struct provider_token apns_token;
    bool token_unsigned;             /* signing the last one failed */
    int64_t token_skew_ms;           /* the clock's known error when it was minted */
    struct oauth2_token *fcm_token;  /* FCM alone */
    struct web_origins *web_origins; /* Web Push alone */
    struct suspicion suspicion;
    bool misconfigured; /* the last answer said so */
    enum push_health health;
    struct monotonic_time noticed_at[ACCOUNT_NOTICES]; /* zero: never */
};

/* What a provider does in its own way. Loop thread, but for create. */
struct provider {
    struct exchange_kind exchange;
    void (*judge)(int http_status, const char *body, size_t body_bytes, struct verdict *verdict_r);
    /* Makes what the account owns; any thread. */
    enum status (*create)(struct account *account) MUST_CHECK;
    void (*destroy)(struct account *account);
    /* The account's settings or leader have changed from `old` (NULL: none before). */
    void (*aim)(struct account *account, const struct account_settings *old);
    /* Where the job goes; NULL: nowhere at present (too many origins, no memory). */
    struct pool *(*pool_of)(struct account *account, const struct job *job);
    /* After an answer: notes what it says about the provider token, and may find that another one
     * is what it takes (verdict->action). Whether the job should be replayed with another token
     * when the verdict asks for one. */
    bool (*note_token)(struct account *account, struct job *job, struct exchange *exchange,
                       struct verdict *verdict);
    /* Prepares tokens, once a turn; then the pools work. */
    void (*work)(struct account *account);
    struct monotonic_time (*due)(const struct account *account);
    /* Why nothing gets out although the pool works (no token); NULL: it does. *down_r: for long. */
    const char *(*trouble)(const struct account *account, bool *down_r);
};
extern const struct provider provider_apns;
extern const struct provider provider_fcm;
extern const struct provider provider_web;

/* STATUS_NO_MEMORY. On failure *account_r is untouched. */
enum status account_create(struct push_sender *sender, enum push_provider provider,
                           const char *name, struct account **account_r) MUST_CHECK;
/* Its pools must have been closed. NULLs. */
void account_destroy(struct account **account);

/* Uses these settings (borrowed; NULL: none) from now on. Leaders are set first. */
void account_aim(struct account *account, const struct account_settings *settings);

void account_work(struct account *account);
struct monotonic_time account_due(struct account *account);

/* Closes all pools; nothing may be in them. */
void account_close(struct account *account);

/* Judges the account's health, tells when it went down or came back, and tells the jobs of a pool
 * that is down. */
void account_update_health(struct account *account);

/* An answer that came through this pool was the provider's own failure, or was not. */
void account_note_fault(struct pool *pool, bool fault);

/* Whether a job that goes into this pool now will be late; the reason, or NULL. */
const char *account_delay_reason(const struct account *account, const struct pool *pool);

/* Calls for each pool there is. */
void account_for_each_pool(struct account *account, void (*act)(void *context, struct pool *pool),
                           void *context);

/* Tells a person, unless the same was said within a minute. text is one line. */
void account_notice(struct account *account, enum push_notice_kind kind, const char *text);

/* ---- web_origins.c: a pool for each push service that subscriptions name ---- */

enum status web_origins_create(struct account *account) MUST_CHECK;
void web_origins_destroy(struct account *account);
void web_origins_aim(struct account *account);
/* Makes tokens that could not be made before, for those who wait for them. */
void web_origins_work(struct account *account);
struct monotonic_time web_origins_due(const struct account *account);
struct pool *web_origins_pool(struct account *account, const struct job *job);
/* The Authorization header for the origin that the pool leads to; 0 when it cannot be made. */
size_t web_origins_authorization(struct account *account, const struct pool *pool,
                                 const char **text_r);
void web_origins_for_each_pool(struct account *account,
                               void (*act)(void *context, struct pool *pool), void *context);

#endif
