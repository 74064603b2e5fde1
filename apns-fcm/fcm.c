/* Google: requests with the OAuth2 bearer token; the time to live is computed for every try. */
#include "apns-fcm/header.h"
#include "apns-fcm/payload.h"
#include "apns-fcm/sender_private.h"

static size_t begin(struct exchange *exchange, struct loop *loop,
                    nghttp2_nv headers_r[EXCHANGE_HEADERS_MAX])
{
    struct job *job = (struct job *)exchange;
    const struct push_sender *sender = job->sender;
    const struct oauth2_token *token = &sender->fcm_token;
    job->begun_at = loop->wall;
    job->token_generation = token->generation;
    exchange->body_bytes =
        job->body_head_bytes +
        payload_fcm_tail(job->expires_at, loop->wall, job->body + job->body_head_bytes);
    size_t count = 0;
    headers_r[count++] = header_fixed(":method", "POST");
    headers_r[count++] = header_fixed(":scheme", "https");
    headers_r[count++] = header_fixed(":authority", sender->settings->fcm.authority);
    headers_r[count++] = header_fixed(":path", sender->settings->fcm_path);
    headers_r[count++] = header_varying("authorization", token->bearer, token->bearer_bytes);
    headers_r[count++] = header_fixed("content-type", "application/json");
    return count;
}

static bool note_token(struct push_sender *sender, struct job *job, const struct verdict *verdict)
{
    return verdict->action == ACTION_RENEW_TOKEN &&
           oauth2_token_renew(&sender->fcm_token, job->token_generation, sender->loop.now);
}

bool fcm_is_ready(void *context)
{
    const struct push_sender *sender = context;
    return oauth2_token_is_usable(&sender->fcm_token, sender->loop.now);
}

const struct provider provider_fcm = {{begin, delivery_end}, verdict_fcm, note_token};
