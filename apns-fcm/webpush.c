/* webpush.c - Web Push (RFC 8030): encrypted messages (RFC 8291) with the application server's
 * token (RFC 8292) to the push services that browsers' subscriptions name. */
#include <stdio.h>

#include "apns-fcm/header.h"
#include "apns-fcm/sender_private.h"

#define TTL_S_MAX INT64_C(2419200) /* four weeks, what the large services keep */

/* Mandatory (RFC 8030, section 5.2); written for every try, as the time left shrinks. */
static size_t write_ttl(struct job *job, struct monotonic_time now)
{
    int64_t left_s = TTL_S_MAX;
    if (job->lives_until.ms <= now.ms) {
        left_s = 0;
    } else if ((job->lives_until.ms - now.ms) / 1000 < TTL_S_MAX) {
        left_s = (job->lives_until.ms - now.ms + 999) / 1000;
    }
    int bytes = snprintf(job->expiration, sizeof job->expiration, "%lld", (long long)left_s);
    return bytes > 0 ? (size_t)bytes : 0;
}

static size_t begin(struct exchange *exchange, struct loop *loop,
                    nghttp2_nv headers_r[EXCHANGE_HEADERS_MAX])
{
    struct job *job = exchange->owner;
    const char *authorization = "";
    size_t authorization_bytes =
        web_origins_authorization(job->account, exchange->pool, &authorization);
    delivery_begin(exchange, loop);
    size_t count = 0;
    headers_r[count++] = header_fixed(":method", "POST");
    headers_r[count++] = header_fixed(":scheme", "https");
    /* An origin is "https://" and what the authority is. */
    headers_r[count++] = header_fixed(":authority", job->endpoint.origin + sizeof "https://" - 1);
    headers_r[count++] = header_varying(":path", job->path, job->path_bytes);
    headers_r[count++] = header_varying("authorization", authorization, authorization_bytes);
    headers_r[count++] = header_varying("ttl", job->expiration, write_ttl(job, loop->now));
    headers_r[count++] = header_fixed("urgency", job->quiet    ? "low"
                                                 : job->normal ? "normal"
                                                               : "high");
    headers_r[count++] = header_fixed("content-encoding", "aes128gcm");
    headers_r[count++] = header_fixed("content-type", "application/octet-stream");
    if (job->collapse_id != NULL) {
        headers_r[count++] = header_varying("topic", job->collapse_id, job->collapse_id_bytes);
    }
    return count;
}

static bool note_token(struct account *account, struct job *job, struct exchange *exchange,
                       struct verdict *verdict)
{
    (void)account;
    (void)job;
    (void)exchange;
    (void)verdict;
    return false; /* the token is made anew for half a day: nothing expires in between */
}

static void aim(struct account *account, const struct account_settings *old)
{
    (void)old;
    web_origins_aim(account);
}

static const char *trouble(const struct account *account, bool *down_r)
{
    (void)account;
    *down_r = false;
    return NULL;
}

const struct provider provider_web = {
    {begin, delivery_end}, verdict_web, web_origins_create, web_origins_destroy, aim,
    web_origins_pool,      note_token,  web_origins_work,   web_origins_due,     trouble};
