#include "apns-fcm/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/sender_private.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"

#define FAILURES_DOWN     2     /* attempts in a row without an answer, */
#define FAULTS_DOWN       3     /* or answers in a row that are the provider's own failure, */
#define FAILING_MS_DOWN   1000  /* and for so long: the provider is down */
#define CUT_OFF_MS_DOWN   1700  /* or nothing heard for so long, while something waits */
#define FAULTS_MS_STALE   30000 /* without another answer they say nothing any more */
#define NOTICE_MS_BETWEEN 60000
#define SKEW_MS_NOTICED   30000
#define EXPIRY_MS_NOTICED (INT64_C(30) * 86400000)
#define DAY_MS            INT64_C(86400000)
#define HOUR_MS           INT64_C(3600000)

static const struct provider *const kinds[] = {&provider_apns, &provider_fcm, &provider_web};

enum status account_create(struct push_sender *sender, enum push_provider provider,
                           const char *name, struct account **account_r)
{
    struct account *account = calloc(1, sizeof *account);
    if (account == NULL) {
        return STATUS_NO_MEMORY;
    }
    (void)text_copy(account->name, sizeof account->name, name);
    account->provider = provider;
    account->kind = kinds[provider];
    account->sender = sender;
    account->leader = account;
    enum status status = account->kind->create(account);
    if (status != STATUS_OK) {
        free(account);
        return status;
    }
    *account_r = account;
    return STATUS_OK;
}

void account_destroy(struct account **account)
{
    if (*account != NULL) {
        (*account)->kind->destroy(*account);
        free(*account);
        *account = NULL;
    }
}

static void forget_faults(void *context, struct pool *pool)
{
    (void)context;
    account_note_fault(pool, false);
}

void account_aim(struct account *account, const struct account_settings *settings)
{
    const struct account_settings *old = account->settings;
    account->settings = settings;
    account->misconfigured = false;
    account->suspicion = (struct suspicion){0};
    account_for_each_pool(account, forget_faults, NULL);
    account->kind->aim(account, old);
}

void account_for_each_pool(struct account *account, void (*act)(void *context, struct pool *pool),
                           void *context)
{
    if (account->provider == PUSH_WEB) {
        web_origins_for_each_pool(account, act, context);
        return;
    }
    for (int i = 0; i < 2; i++) {
        act(context, &account->pools[i]);
    }
}

static void work_pool(void *context, struct pool *pool)
{
    (void)context;
    pool_work(pool);
}

void account_work(struct account *account)
{
    if (account->settings != NULL) {
        account->kind->work(account);
    }
    account_for_each_pool(account, work_pool, NULL);
}

static void close_pool(void *context, struct pool *pool)
{
    (void)context;
    pool_fini(pool);
}

void account_close(struct account *account)
{
    account_for_each_pool(account, close_pool, NULL);
}

static void earlier_due(void *context, struct pool *pool)
{
    struct monotonic_time *due = context;
    *due = monotonic_earlier(*due, pool_due(pool));
}

/* A moment from which on things are seen differently, unless it is over. */
static void earlier_moment(struct monotonic_time *due, const struct pool *pool,
                           struct monotonic_time since, int64_t ms)
{
    struct monotonic_time at = since.ms != TIME_NEVER_MS ? monotonic_add(since, ms) : since;
    if (at.ms > pool->loop->now.ms) {
        *due = monotonic_earlier(*due, at);
    }
}

/* When a pool that fails will have lasted long enough to be down, or its faults are forgotten. */
static void earlier_health(void *context, struct pool *pool)
{
    struct monotonic_time *due = context;
    earlier_moment(due, pool, pool->failing_since, FAILING_MS_DOWN);
    earlier_moment(due, pool, pool->cut_off_since, CUT_OFF_MS_DOWN);
    earlier_moment(due, pool, pool->faulty_since, FAILING_MS_DOWN);
    if (pool->faults > 0) {
        *due = monotonic_earlier(*due, monotonic_add(pool->faulty_at, FAULTS_MS_STALE));
    }
}

/* When somebody must be told next that the certificate expires: also by a sender that sleeps. The
 * wall may be set meanwhile, so that it is looked at every hour. */
static struct monotonic_time certificate_due(const struct account *account)
{
    if (account->settings == NULL || account->provider != PUSH_APNS ||
        account->settings->apns.certificate_ends.ms == TIME_NEVER_MS) {
        return MONOTONIC_NEVER;
    }
    return monotonic_add(account->sender->loop.now, HOUR_MS);
}

struct monotonic_time account_due(struct account *account)
{
    struct monotonic_time due =
        account->settings != NULL ? account->kind->due(account) : MONOTONIC_NEVER;
    account_for_each_pool(account, earlier_due, &due);
    account_for_each_pool(account, earlier_health, &due);
    return monotonic_earlier(due, certificate_due(account));
}

/* ---- health ---- */

void account_note_fault(struct pool *pool, bool fault)
{
    struct monotonic_time now = pool->loop->now;
    if (!fault) {
        pool->faults = 0;
        pool->faulty_since = MONOTONIC_NEVER;
        return;
    }
    if (pool->faults++ == 0) {
        pool->faulty_since = now;
    }
    pool->faulty_at = now;
}

static bool lasts(const struct pool *pool, struct monotonic_time since, int64_t ms)
{
    return since.ms != TIME_NEVER_MS && pool->loop->now.ms - since.ms >= ms;
}

static bool is_down(const struct pool *pool)
{
    bool fails =
        pool->failures >= FAILURES_DOWN && lasts(pool, pool->failing_since, FAILING_MS_DOWN);
    bool faulty = pool->faults >= FAULTS_DOWN && lasts(pool, pool->faulty_since, FAILING_MS_DOWN);
    return fails || faulty || lasts(pool, pool->cut_off_since, CUT_OFF_MS_DOWN);
}

const char *account_delay_reason(const struct account *account, const struct pool *pool)
{
    bool dry = false;
    const char *trouble = account->leader->kind->trouble(account->leader, &dry);
    if (dry) {
        return trouble;
    }
    return is_down(pool) ? (pool->trouble != NULL ? pool->trouble : "provider-down") : NULL;
}

/* The worst of the pools, seen while they are gone through. */
struct diagnosis {
    struct account *account;
    enum push_health health;
    const char *reason;
    bool any_works;
};

static void diagnose_pool(void *context, struct pool *pool)
{
    struct diagnosis *diagnosis = context;
    struct account *account = diagnosis->account;
    enum push_health health = pool_is_connected(pool) ? PUSH_HEALTH_UP : PUSH_HEALTH_UNUSED;
    const char *reason = NULL;
    if (&account->pools[ACCOUNT_POOL_TOKEN] == pool && account->provider == PUSH_FCM) {
        return; /* the token's trouble says more */
    }
    if (pool->faults > 0 && lasts(pool, pool->faulty_at, FAULTS_MS_STALE)) {
        account_note_fault(pool, false);
    }
    if (is_down(pool)) {
        health = PUSH_HEALTH_DOWN;
        reason = pool->trouble != NULL ? pool->trouble
                 : pool->faults > 0    ? "provider-faults"
                                       : "no-connection";
        delivery_tell_delay(account->sender, pool, reason);
    } else {
        pool->delay_told = false;
        diagnosis->any_works = diagnosis->any_works || health == PUSH_HEALTH_UP;
        health = pool->failures + pool->faults > 0 ? PUSH_HEALTH_DEGRADED : health;
    }
    if (health > diagnosis->health) {
        diagnosis->health = health;
        diagnosis->reason = reason;
    }
}

static void notice_transition(struct account *account, const struct diagnosis *diagnosis)
{
    bool was_down = account->health == PUSH_HEALTH_DOWN;
    bool is_now = diagnosis->health == PUSH_HEALTH_DOWN;
    account->health = diagnosis->health;
    if (is_now && !was_down) {
        account->noticed_at[PUSH_NOTICE_DOWN] = (struct monotonic_time){0};
        account_notice(account, PUSH_NOTICE_DOWN,
                       diagnosis->reason != NULL ? diagnosis->reason : "no-answer");
    } else if (was_down && !is_now) {
        account->noticed_at[PUSH_NOTICE_UP] = (struct monotonic_time){0};
        account_notice(account, PUSH_NOTICE_UP, "it answers again");
    }
}

static void notice_certificate(struct account *account)
{
    if (account->provider != PUSH_APNS || account->settings == NULL) {
        return;
    }
    struct wall_time ends = account->settings->apns.certificate_ends;
    int64_t left_ms =
        ends.ms == TIME_NEVER_MS ? TIME_NEVER_MS : ends.ms - account->sender->loop.wall.ms;
    struct monotonic_time *said_at = &account->noticed_at[PUSH_NOTICE_CREDENTIAL_EXPIRES];
    bool said_today = said_at->ms != 0 && account->sender->loop.now.ms - said_at->ms < DAY_MS;
    if (left_ms < EXPIRY_MS_NOTICED && !said_today) {
        char date[RFC3339_BYTES_MAX], text[128];
        wall_time_format(ends, date);
        (void)snprintf(text, sizeof text, "the client certificate %s on %s",
                       left_ms > 0 ? "expires" : "expired", date);
        account_notice(account, PUSH_NOTICE_CREDENTIAL_EXPIRES, text);
    }
}

static void notice_skew(struct account *account)
{
    int64_t skew_ms = atomic_load_explicit(
        &account->sender->counters[account->provider].clock_skew_ms, memory_order_relaxed);
    if (llabs(skew_ms) > SKEW_MS_NOTICED) {
        char text[96];
        (void)snprintf(text, sizeof text, "the provider's clock is %lld s %s ours",
                       (long long)(llabs(skew_ms) / 1000), skew_ms > 0 ? "ahead of" : "behind");
        account_notice(account, PUSH_NOTICE_CLOCK_SKEW, text);
    }
}

void account_update_health(struct account *account)
{
    if (account->settings == NULL || account->leader != account) {
        account->health = PUSH_HEALTH_UNUSED;
        return;
    }
    struct diagnosis diagnosis = {.account = account, .health = PUSH_HEALTH_UNUSED};
    account_for_each_pool(account, diagnose_pool, &diagnosis);
    if (account->provider == PUSH_WEB && diagnosis.any_works &&
        diagnosis.health == PUSH_HEALTH_DOWN) {
        diagnosis.health = PUSH_HEALTH_DEGRADED; /* one push service of many */
    }
    bool dry = false;
    const char *trouble = account->kind->trouble(account, &dry);
    if (trouble != NULL && diagnosis.health < PUSH_HEALTH_DOWN) {
        diagnosis.health = dry ? PUSH_HEALTH_DOWN : PUSH_HEALTH_DEGRADED;
        diagnosis.reason = trouble;
    }
    if (dry) {
        delivery_tell_delay(account->sender, &account->pools[ACCOUNT_POOL_MESSAGES], trouble);
    }
    if (account->misconfigured && diagnosis.health < PUSH_HEALTH_DEGRADED) {
        diagnosis.health = PUSH_HEALTH_DEGRADED;
    }
    if (diagnosis.health == PUSH_HEALTH_UNUSED && account->health != PUSH_HEALTH_UNUSED) {
        diagnosis.health = PUSH_HEALTH_UP; /* was in use, and nothing has failed since */
    }
    notice_transition(account, &diagnosis);
    notice_certificate(account);
    notice_skew(account);
}

/* ---- notices ---- */

void account_notice(struct account *account, enum push_notice_kind kind, const char *text)
{
    struct push_sender *sender = account->sender;
    struct monotonic_time *at = &account->noticed_at[kind];
    if (at->ms != 0 && sender->loop.now.ms - at->ms < NOTICE_MS_BETWEEN) {
        return;
    }
    *at = sender->loop.now;
    const struct push_notice notice = {
        .kind = kind, .provider = account->provider, .account = account->name, .text = text};
    log_warning("push.notice", LOG_TEXT("kind", push_notice_text(kind)),
                LOG_TEXT("provider", push_provider_text(account->provider)),
                LOG_TEXT("account", account->name), LOG_TEXT("text", text));
    if (sender->notice != NULL) {
        sender->notice(sender->notice_context, &notice);
    }
}
