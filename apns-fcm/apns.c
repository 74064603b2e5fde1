/* Apple: requests with the shared provider token, and what an answer says about that token. */
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/header.h"
#include "apns-fcm/sender_private.h"
#include "gateway/base/log.h"

#define SKEW_MS_TOLERATED 30000

static size_t begin(struct exchange *exchange, struct loop *loop,
                    nghttp2_nv headers_r[EXCHANGE_HEADERS_MAX])
{
    struct job *job = (struct job *)exchange;
    const struct push_sender *sender = job->sender;
    const struct settings *settings = sender->settings;
    const struct provider_token *token = &sender->apns_token;
    job->begun_at = loop->wall;
    job->token_generation = token->generation;
    size_t count = 0;
    headers_r[count++] = header_fixed(":method", "POST");
    headers_r[count++] = header_fixed(":scheme", "https");
    headers_r[count++] = header_fixed(":authority", settings->apns[job->environment].authority);
    headers_r[count++] = header_varying(":path", job->path, job->path_bytes);
    headers_r[count++] = header_varying("authorization", token->bearer, token->bearer_bytes);
    headers_r[count++] = header_fixed("apns-topic", settings->apns_topic);
    headers_r[count++] = header_fixed("apns-push-type", job->background ? "background" : "alert");
    headers_r[count++] = header_fixed("apns-priority", job->quiet ? "5" : "10");
    headers_r[count++] = header_varying("apns-id", job->id, UUID_TEXT_BYTES - 1);
    if (job->expiration[0] != '\0') {
        headers_r[count++] = header_fixed("apns-expiration", job->expiration);
    }
    if (job->collapse_id != NULL) {
        headers_r[count++] =
            header_varying("apns-collapse-id", job->collapse_id, job->collapse_id_bytes);
    }
    return count;
}

static bool note_token(struct push_sender *sender, struct job *job, const struct verdict *verdict)
{
    struct channel *channel = job->exchange.channel;
    if (verdict->token_proven) {
        channel_set_proven(channel, true);
        return false;
    }
    if (job->result.http_status == 403) {
        channel_set_proven(channel, false);
    }
    if (verdict->action != ACTION_RENEW_TOKEN) {
        return false;
    }
    bool renewed =
        provider_token_renew(&sender->apns_token, job->token_generation, sender->loop.now);
    log_warning("push.provider_token_expired", LOG_TEXT("channel", channel->name),
                LOG_INT("clock_skew_ms", atomic_load(&sender->counters[PUSH_APNS].clock_skew_ms)),
                LOG_TEXT("renewal", renewed ? "allowed" : "too soon"));
    return renewed;
}

void apns_work(struct push_sender *sender)
{
    if (sender->channels[CHANNEL_APNS].queued + sender->channels[CHANNEL_APNS_SANDBOX].queued ==
        0) {
        return;
    }
    struct wall_time wall = sender->loop.wall;
    int64_t skew_ms = atomic_load(&sender->counters[PUSH_APNS].clock_skew_ms);
    if (llabs(skew_ms) > SKEW_MS_TOLERATED) {
        wall.ms += skew_ms;
    }
    bool minted = false;
    enum status status = provider_token_ensure(&sender->apns_token, &sender->settings->apns_key,
                                               sender->loop.now, wall, &minted);
    if (status != STATUS_OK) {
        sender->ailing[PUSH_APNS] = true;
        log_error("push.provider_token_unsigned", LOG_STATUS(status));
    } else if (minted) {
        counter_add(&sender->counters[PUSH_APNS].tokens_minted, 1);
    }
}

bool apns_is_ready(void *context)
{
    const struct push_sender *sender = context;
    return sender->apns_token.bearer_bytes > 0;
}

const struct provider provider_apns = {{begin, delivery_end}, verdict_apns, note_token};
