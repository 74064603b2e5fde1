/* The life of a job between its intake and its one outcome:
 *
 *     taken ──► queued ──► in flight ──► answered ──► accepted / refused
 *                 ▲  ▲         │             │
 *                 │  └─────────┤ not processed: replayed at once, at the head
 *                 │            │ no answer   │ a retryable failure
 *                 └── waits ◄──┴─────────────┘
 *
 * and from everywhere, at the deadline: expired (nothing was written), retry exhausted (every try
 * was answered, with a failure), uncertain (some try was written and never answered). */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "apns-fcm/retry.h"
#include "apns-fcm/sender_private.h"
#include "gateway/base/text.h"

#define QUOTA_WAIT_MS 60000 /* Google: after a 429 without Retry-After */

static const struct provider *const providers[] = {&provider_apns, &provider_fcm};

static struct job *job_of_end_node(struct deadline_node *node)
{
    return (struct job *)(void *)((char *)node - offsetof(struct job, end_node));
}

static struct job *job_of_retry_node(struct deadline_node *node)
{
    return (struct job *)(void *)((char *)node - offsetof(struct job, retry_node));
}

static struct channel *channel_of(struct push_sender *sender, const struct job *job)
{
    if (job->provider == PUSH_FCM) {
        return &sender->channels[CHANNEL_FCM];
    }
    return &sender
                ->channels[job->environment == PUSH_SANDBOX ? CHANNEL_APNS_SANDBOX : CHANNEL_APNS];
}

/* The job leaves: everything is settled before `complete` runs, which may submit another one. */
static void finish(struct job *job, enum push_outcome outcome, enum push_verdict verdict,
                   const char *reason)
{
    struct push_sender *sender = job->sender;
    struct counters *counters = &sender->counters[job->provider];
    deadline_heap_remove(&sender->ends, &job->end_node);
    deadline_heap_remove(&sender->retries, &job->retry_node);
    job->result.outcome = outcome;
    job->result.verdict = verdict;
    if (reason != NULL) {
        (void)text_copy(job->result.reason, sizeof job->result.reason, reason);
    }
    counter_add(&counters->outcomes[outcome], 1);
    atomic_fetch_sub_explicit(&counters->jobs_inside, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&sender->jobs_inside, 1, memory_order_relaxed);
    job->complete(job->context, &job->result);
    free(job);
}

/* Counts the try that is over, or given up, if it ever left. */
static void note_try(struct job *job, bool answered)
{
    if (!job->exchange.written) {
        return;
    }
    job->exchange.written = false;
    job->result.tries++;
    if (job->result.first_written_at.ms == TIME_NEVER_MS) {
        job->result.first_written_at = job->begun_at;
    }
    job->unanswered = job->unanswered || !answered;
}

/* No more tries: by the deadline, or as the sender stops. */
static void give_up(struct job *job, const char *reason)
{
    channel_withdraw(channel_of(job->sender, job), &job->exchange);
    note_try(job, false);
    if (job->unanswered) {
        finish(job, PUSH_UNCERTAIN, PUSH_TARGET_OK, reason);
    } else if (job->result.http_status != 0) {
        finish(job, PUSH_RETRY_EXHAUSTED, PUSH_TARGET_OK, NULL); /* the provider's own word */
    } else {
        finish(job, PUSH_EXPIRED, PUSH_TARGET_OK, reason);
    }
}

void delivery_take(struct push_sender *sender, struct job *job)
{
    struct channel *channel = channel_of(sender, job);
    struct monotonic_time deadline = job->end_node.due;
    bool configured = job->provider == PUSH_APNS ? sender->settings->apns_configured
                                                 : sender->settings->fcm_configured;
    job->exchange.kind = &providers[job->provider]->kind;
    job->exchange.channel = channel;
    if (!configured) {
        finish(job, PUSH_REFUSED, PUSH_CONFIGURATION_WRONG, "NotConfigured");
    } else if (deadline.ms <= sender->loop.now.ms) {
        finish(job, PUSH_EXPIRED, PUSH_TARGET_OK, "timeout");
    } else {
        deadline_heap_insert(&sender->ends, &job->end_node, deadline);
        channel_enqueue(channel, &job->exchange, false);
    }
}

static void retry_later(struct job *job, int64_t asked_ms)
{
    struct push_sender *sender = job->sender;
    int64_t left_ms = job->end_node.due.ms - sender->loop.now.ms;
    int64_t wait_ms = retry_wait_ms(job->retries, asked_ms, left_ms, sender->loop.random);
    job->retries++;
    if (wait_ms < 0) {
        give_up(job, "timeout");
        return;
    }
    deadline_heap_insert(&sender->retries, &job->retry_node,
                         monotonic_add(sender->loop.now, wait_ms));
}

static void on_answer(struct job *job)
{
    struct push_sender *sender = job->sender;
    struct exchange *exchange = &job->exchange;
    const struct provider *provider = providers[job->provider];
    struct verdict verdict;
    provider->judge(exchange->status, exchange->answer, exchange->answer_bytes, &verdict);
    job->result.http_status = exchange->status;
    job->result.answered_at = sender->loop.wall;
    job->result.gone_since = verdict.gone_since;
    (void)text_copy(job->result.reason, sizeof job->result.reason, verdict.reason);
    (void)text_copy(job->result.provider_id, sizeof job->result.provider_id,
                    job->provider == PUSH_APNS ? exchange->answer_id : verdict.provider_id);
    bool replay = provider->note_token(sender, job, &verdict) && !job->token_replayed;
    sender->ailing[job->provider] =
        verdict.action == ACTION_RETRY || verdict.target == PUSH_CONFIGURATION_WRONG;
    switch (verdict.action) {
    case ACTION_ACCEPT:
        finish(job, PUSH_ACCEPTED, PUSH_TARGET_OK, NULL);
        return;
    case ACTION_REFUSE:
        finish(job, PUSH_REFUSED, verdict.target, NULL);
        return;
    case ACTION_RENEW_TOKEN:
        if (replay) {
            job->token_replayed = true;
            channel_enqueue(exchange->channel, exchange, true);
        } else {
            finish(job, PUSH_REFUSED, verdict.target, NULL);
        }
        return;
    case ACTION_RETRY:
        break;
    }
    int64_t asked_ms = retry_after_ms(exchange->retry_after, sender->loop.wall);
    if (asked_ms == RETRY_AFTER_NONE_MS && job->provider == PUSH_FCM && exchange->status == 429) {
        asked_ms = QUOTA_WAIT_MS;
    }
    retry_later(job, asked_ms);
}

void delivery_end(struct exchange *exchange, enum exchange_end end)
{
    struct job *job = (struct job *)exchange;
    switch (end) {
    case EXCHANGE_ANSWERED:
        note_try(job, true);
        on_answer(job);
        return;
    case EXCHANGE_NOT_PROCESSED:
        note_try(job, true); /* the peer said that it did nothing: as good as an answer */
        channel_enqueue(exchange->channel, exchange, true);
        return;
    case EXCHANGE_UNANSWERED:
        note_try(job, false);
        if (job->retries == 0) {
            job->retries = 1;
            channel_enqueue(exchange->channel, exchange, true);
        } else {
            retry_later(job, RETRY_AFTER_NONE_MS);
        }
        return;
    }
}

void delivery_work(struct push_sender *sender)
{
    int64_t now_ms = sender->loop.now.ms;
    struct deadline_node *node;
    while ((node = deadline_heap_first(&sender->ends)) != NULL && node->due.ms <= now_ms) {
        struct job *job = job_of_end_node(node);
        const char *trouble = channel_of(sender, job)->trouble;
        if (trouble == NULL && job->provider == PUSH_FCM) {
            trouble = sender->fcm_token.trouble;
        }
        give_up(job, trouble != NULL ? trouble : "timeout");
    }
    while ((node = deadline_heap_first(&sender->retries)) != NULL && node->due.ms <= now_ms) {
        struct job *job = job_of_retry_node(node);
        deadline_heap_remove(&sender->retries, node);
        channel_enqueue(channel_of(sender, job), &job->exchange, true);
    }
}

struct monotonic_time delivery_due(const struct push_sender *sender)
{
    const struct deadline_node *end = deadline_heap_first(&sender->ends);
    const struct deadline_node *retry = deadline_heap_first(&sender->retries);
    return monotonic_earlier(end != NULL ? end->due : MONOTONIC_NEVER,
                             retry != NULL ? retry->due : MONOTONIC_NEVER);
}

void delivery_refuse_fcm(struct push_sender *sender, const char *reason)
{
    struct channel *channel = &sender->channels[CHANNEL_FCM];
    for (unsigned rank = 0; rank < EXCHANGE_RANKS; rank++) {
        while (channel->queue[rank].first != NULL) {
            struct job *job = (struct job *)channel->queue[rank].first;
            channel_withdraw(channel, &job->exchange);
            finish(job, PUSH_REFUSED, PUSH_CONFIGURATION_WRONG, reason);
        }
    }
}

void delivery_stop(struct push_sender *sender)
{
    struct deadline_node *node;
    while ((node = deadline_heap_first(&sender->ends)) != NULL) {
        give_up(job_of_end_node(node), "stopping");
    }
}
