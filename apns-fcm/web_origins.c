/* web_origins.c - a pool for each push service that subscriptions name. Their number is bounded:
 * the one unused for longest makes room, if it is idle. */
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/sender_private.h"
#include "apns-fcm/web_endpoint.h"
#include "gateway/base/text.h"

#define ORIGINS_MAX          64
#define CONNECTIONS_MAX      2
#define AUTHORIZATION_MS_MAX (VAPID_LIFE_MS / 2)

#define AUTHORIZATION_MS_RETRY 500

struct origin {
    struct pool pool; /* first */
    char text[WEB_ORIGIN_BYTES];
    char host[WEB_HOST_BYTES];
    char port[WEB_PORT_BYTES];
    char authorization[VAPID_AUTHORIZATION_BYTES_MAX];
    size_t authorization_bytes; /* 0: none */
    struct wall_time authorized_at;
};

struct web_origins {
    struct origin *all[ORIGINS_MAX];
    size_t count;
};

enum status web_origins_create(struct account *account)
{
    account->web_origins = calloc(1, sizeof *account->web_origins);
    return account->web_origins != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

void web_origins_destroy(struct account *account)
{
    for (size_t i = 0; i < account->web_origins->count; i++) {
        free(account->web_origins->all[i]);
    }
    free(account->web_origins);
    account->web_origins = NULL;
}

static void aim(struct account *account, struct origin *origin)
{
    const struct settings *all = account->sender->settings;
    struct pool_target target = {.host = NULL};
    if (account->settings != NULL) {
        target = (struct pool_target){.tls = all->tls,
                                      .host = origin->host,
                                      .port = origin->port,
                                      .proxy = all->has_proxy ? &all->proxy : NULL,
                                      .reach = account->settings->web.loopback_allowed
                                                   ? POOL_PUBLIC_OR_LOOPBACK
                                                   : POOL_PUBLIC};
    }
    origin->authorization_bytes = 0;
    pool_aim(&origin->pool, &target);
}

void web_origins_aim(struct account *account)
{
    for (size_t i = 0; i < account->web_origins->count; i++) {
        aim(account, account->web_origins->all[i]);
    }
}

/* Without a token nothing goes out; made where the header is needed, so it is always fresh. */
static bool is_ready(void *context)
{
    struct pool *pool = context;
    const struct origin *origin = (const struct origin *)pool;
    return origin->authorization_bytes > 0;
}

static void authorize(struct account *account, struct origin *origin)
{
    struct wall_time now = account->sender->loop.wall;
    int64_t age_ms = now.ms - origin->authorized_at.ms;
    if (account->settings == NULL ||
        (origin->authorization_bytes > 0 && age_ms >= 0 && age_ms < AUTHORIZATION_MS_MAX)) {
        return;
    }
    if (vapid_authorization(account->settings->web.vapid, origin->text, now, origin->authorization,
                            &origin->authorization_bytes) != STATUS_OK) {
        origin->authorization_bytes = 0;
        return;
    }
    origin->authorized_at = now;
    counter_add(&account->sender->counters[PUSH_WEB].tokens_minted, 1);
}

/* The place of the new origin: behind the others, or of one that is idle. ORIGINS_MAX: none. */
static size_t make_room(struct web_origins *origins)
{
    if (origins->count < ORIGINS_MAX) {
        return origins->count++;
    }
    size_t oldest = ORIGINS_MAX;
    for (size_t i = 0; i < ORIGINS_MAX; i++) {
        if (pool_is_idle(&origins->all[i]->pool) &&
            (oldest == ORIGINS_MAX ||
             origins->all[i]->pool.used_at.ms < origins->all[oldest]->pool.used_at.ms)) {
            oldest = i;
        }
    }
    if (oldest < ORIGINS_MAX) {
        pool_fini(&origins->all[oldest]->pool);
        free(origins->all[oldest]);
    }
    return oldest;
}

static struct origin *add(struct account *account, const struct job_endpoint *endpoint)
{
    struct push_sender *sender = account->sender;
    struct origin *origin = calloc(1, sizeof *origin);
    size_t at = origin != NULL ? make_room(account->web_origins) : ORIGINS_MAX;
    if (at == ORIGINS_MAX) {
        free(origin);
        return NULL;
    }
    account->web_origins->all[at] = origin;
    (void)text_copy(origin->text, sizeof origin->text, endpoint->origin);
    (void)text_copy(origin->host, sizeof origin->host, endpoint->host);
    (void)text_copy(origin->port, sizeof origin->port, endpoint->port);
    pool_init(&origin->pool, "webpush", &sender->loop, &sender->counters[PUSH_WEB],
              sender->connections_max < CONNECTIONS_MAX ? sender->connections_max
                                                        : CONNECTIONS_MAX);
    origin->pool.clock_skew_ms = NULL; /* a stranger's clock is nobody's measure */
    origin->pool.ready = is_ready;
    origin->pool.ready_context = &origin->pool;
    aim(account, origin);
    return origin;
}

struct pool *web_origins_pool(struct account *account, const struct job *job)
{
    struct web_origins *origins = account->web_origins;
    struct origin *found = NULL;
    for (size_t i = 0; i < origins->count && found == NULL; i++) {
        if (strcmp(origins->all[i]->text, job->endpoint.origin) == 0) {
            found = origins->all[i];
        }
    }
    if (found == NULL) {
        found = add(account, &job->endpoint);
    }
    if (found == NULL) {
        return NULL;
    }
    authorize(account, found);
    return &found->pool;
}

static bool lacks_token(const struct origin *origin)
{
    return origin->authorization_bytes == 0 && origin->pool.queued + origin->pool.hedges.count > 0;
}

void web_origins_work(struct account *account)
{
    for (size_t i = 0; i < account->web_origins->count; i++) {
        if (lacks_token(account->web_origins->all[i])) {
            authorize(account, account->web_origins->all[i]);
        }
    }
}

struct monotonic_time web_origins_due(const struct account *account)
{
    for (size_t i = 0; i < account->web_origins->count; i++) {
        if (lacks_token(account->web_origins->all[i])) {
            return monotonic_add(account->sender->loop.now, AUTHORIZATION_MS_RETRY);
        }
    }
    return MONOTONIC_NEVER;
}

size_t web_origins_authorization(struct account *account, const struct pool *pool,
                                 const char **text_r)
{
    for (size_t i = 0; i < account->web_origins->count; i++) {
        struct origin *origin = account->web_origins->all[i];
        if (&origin->pool == pool) {
            authorize(account, origin);
            *text_r = origin->authorization;
            return origin->authorization_bytes;
        }
    }
    return 0;
}

void web_origins_for_each_pool(struct account *account,
                               void (*act)(void *context, struct pool *pool), void *context)
{
    for (size_t i = 0; i < account->web_origins->count; i++) {
        act(context, &account->web_origins->all[i]->pool);
    }
}
