/* The life of a job between its intake and its one outcome:
 *
 *     taken ──► sealed ──► queued ──► in flight ──► answered ──► accepted / refused
 *                            ▲  ▲         │             │
 *                            │  └─────────┤ not processed: replayed at once, at the head
 *                            │            │ no answer   │ a retryable failure
 *                            └── waits ◄──┴─────────────┘
 *
 * and from everywhere, at the deadline: expired (nothing was written), retry exhausted (every try
 * was answered, with a failure), uncertain (some try was written and never answered).
 *
 * An urgent job has two legs: the second goes out on another connection when the first has waited
 * for longer than most. The first leg to be accepted or refused ends the job; a leg that fails
 * otherwise is dropped while the other still runs. */
#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/retry.h"
#include "apns-fcm/sender_private.h"
#include "gateway/base/text.h"

#define QUOTA_WAIT_MS    60000 /* Google: after a 429 without Retry-After */
#define HEDGE_PERMILLE   990
#define HEDGE_MS_MIN     100
#define HEDGE_MS_MAX     1000
#define HEDGE_MS_UNKNOWN 500
#define NO_POOL_WAIT_MS  250
#define OWNER(type_, member_, pointer_)                                                            \
    ((type_ *)(void *)((char *)(pointer_)-offsetof(type_, member_)))

static bool is_alive(const struct exchange *leg)
{
    return leg != NULL && leg->place != EXCHANGE_OUTSIDE;
}

static struct exchange *other_leg(struct job *job, const struct exchange *leg)
{
    return leg == &job->exchange ? job->hedge : &job->exchange;
}

/* The job leaves: everything is settled before `complete` runs, which may submit another one. */
static void finish(struct job *job, enum push_outcome outcome, enum push_verdict verdict,
                   const char *reason)
{
    struct push_sender *sender = job->sender;
    struct counters *counters = &sender->counters[job->provider];
    deadline_heap_remove(&sender->ends, &job->end_node);
    deadline_heap_remove(&sender->retries, &job->retry_node);
    deadline_heap_remove(&sender->hedges, &job->hedge_node);
    job->result.outcome = outcome;
    job->result.verdict = verdict;
    if (reason != NULL) {
        (void)text_copy(job->result.reason, sizeof job->result.reason, reason);
    }
    counter_add(&counters->outcomes[outcome], 1);
    atomic_fetch_sub_explicit(&counters->jobs_inside, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&sender->jobs_inside, 1, memory_order_relaxed);
    job->complete(job->context, &job->result);
    if (job->sealing_now) {
        job->ended = true; /* its memory is still being written to */
    } else {
        free(job);
    }
}

/* Counts the try that is over, or given up, if it ever left. */
static void note_try(struct job *job, struct exchange *leg, bool answered)
{
    if (leg == NULL || !leg->written) {
        return;
    }
    leg->written = false;
    job->result.tries++;
    job->result.hedged = job->result.hedged || leg == job->hedge;
    const struct loop *loop = &job->sender->loop;
    int64_t begun_ms = loop->wall.ms - (loop->now.ms - leg->begun_at.ms);
    if (begun_ms < job->result.first_written_at.ms) { /* WALL_NEVER is later than all */
        job->result.first_written_at.ms = begun_ms;
    }
    job->unanswered = job->unanswered || !answered;
}

/* Takes a leg back from wherever it is. answered: its answer no longer matters. */
static void withdraw(struct job *job, struct exchange *leg, bool answered)
{
    if (is_alive(leg)) {
        pool_withdraw(leg->pool, leg);
        note_try(job, leg, answered);
    }
}

/* No more tries: by the deadline, or as the sender stops. */
static void give_up(struct job *job, const char *reason)
{
    withdraw(job, &job->exchange, false);
    withdraw(job, job->hedge, false);
    if (job->unanswered) {
        finish(job, PUSH_UNCERTAIN, PUSH_TARGET_OK, reason);
    } else if (job->result.http_status != 0) {
        finish(job, PUSH_RETRY_EXHAUSTED, PUSH_TARGET_OK, NULL); /* the provider's own word */
    } else {
        finish(job, PUSH_EXPIRED, PUSH_TARGET_OK, reason);
    }
}

/* Nobody can send it any more, or nobody may. */
static void refuse(struct job *job, const char *reason)
{
    finish(job, job->unanswered ? PUSH_UNCERTAIN : PUSH_REFUSED, PUSH_CONFIGURATION_WRONG, reason);
}

/* ---- in ---- */

static void tell_delay(struct job *job, const char *reason)
{
    if (reason != NULL && job->delayed != NULL && !job->delay_told) {
        job->delay_told = true;
        job->delayed(job->context, reason);
    }
}

static void wait_ms(struct job *job, int64_t wait_ms)
{
    deadline_heap_insert(&job->sender->retries, &job->retry_node,
                         monotonic_add(job->sender->loop.now, wait_ms));
}

/* Puts the first leg into the queue of its pool. */
static void enqueue(struct job *job, bool at_head)
{
    struct account *account = job->account;
    if (account->settings == NULL) {
        refuse(job, "NotConfigured");
        return;
    }
    struct pool *pool = account->kind->pool_of(account, job);
    if (pool == NULL) {
        wait_ms(job, NO_POOL_WAIT_MS);
        return;
    }
    job->exchange.kind = &account->kind->exchange;
    pool_enqueue(pool, &job->exchange, at_head);
    tell_delay(job, account_delay_reason(account, pool));
}

void delivery_take(struct push_sender *sender, struct job *job)
{
    struct monotonic_time deadline = job->end_node.due;
    if (job->account == NULL || job->account->settings == NULL) {
        finish(job, PUSH_REFUSED, PUSH_CONFIGURATION_WRONG, "NotConfigured");
        return;
    }
    if (deadline.ms <= sender->loop.now.ms) {
        finish(job, PUSH_EXPIRED, PUSH_TARGET_OK, "timeout");
        return;
    }
    deadline_heap_insert(&sender->ends, &job->end_node, deadline);
    if (job->needs_seal) {
        job->sealing_now = true;
        job->sealing.next = NULL;
        sender->sealing++;
        sealer_submit(sender->sealer, &job->sealing);
    } else {
        enqueue(job, false);
    }
}

void delivery_take_sealed(struct push_sender *sender, struct sealing *sealing)
{
    struct job *job = OWNER(struct job, sealing, sealing);
    enum status status = sealing->status;
    assert(job->sealing_now && sender->sealing > 0);
    sender->sealing--;
    job->sealing_now = false;
    if (job->ended) {
        free(job);
    } else if (status == STATUS_OK) {
        job->needs_seal = false;
        enqueue(job, false);
    } else if (status == STATUS_NO_MEMORY) {
        wait_ms(job, NO_POOL_WAIT_MS); /* and is sealed then */
    } else if (status == STATUS_STOPPING) {
        give_up(job, "stopping");
    } else {
        finish(job, PUSH_REFUSED, PUSH_TARGET_SUSPECT, "BadPublicKey");
    }
}

/* ---- out ---- */

void delivery_begin(struct exchange *exchange, struct loop *loop)
{
    struct job *job = exchange->owner;
    if (exchange == &job->exchange && job->hedge != NULL && !is_alive(job->hedge)) {
        int64_t hedge_ms =
            latency_quantile_ms(&exchange->pool->latency, HEDGE_PERMILLE, HEDGE_MS_UNKNOWN);
        hedge_ms = hedge_ms < HEDGE_MS_MIN   ? HEDGE_MS_MIN
                   : hedge_ms > HEDGE_MS_MAX ? HEDGE_MS_MAX
                                             : hedge_ms;
        deadline_heap_remove(&job->sender->hedges, &job->hedge_node);
        deadline_heap_insert(&job->sender->hedges, &job->hedge_node,
                             monotonic_add(loop->now, hedge_ms));
    }
}

static void hedge(struct job *job)
{
    if (job->exchange.place != EXCHANGE_IN_FLIGHT || is_alive(job->hedge) ||
        job->exchange.connection == NULL) {
        return; /* answered meanwhile, or not yet out: nothing to overtake */
    }
    job->hedge->kind = job->exchange.kind;
    job->hedge->rank = job->exchange.rank;
    pool_enqueue_hedge(job->exchange.pool, job->hedge, connection_number(job->exchange.connection));
}

/* ---- back ---- */

static void retry_later(struct job *job, int64_t asked_ms)
{
    struct push_sender *sender = job->sender;
    int64_t left_ms = job->end_node.due.ms - sender->loop.now.ms;
    int64_t ms = retry_wait_ms(job->retries, asked_ms, left_ms, sender->loop.random);
    job->retries++;
    if (ms < 0) {
        give_up(job, "timeout");
    } else {
        wait_ms(job, ms);
    }
}

/* What the answer says about the account, beside what it says about the job. */
static enum push_verdict note_health(struct job *job, struct pool *pool,
                                     const struct verdict *verdict)
{
    struct account *account = job->account;
    struct monotonic_time now = job->sender->loop.now;
    enum push_verdict target = verdict->target;
    account_note_fault(pool, verdict->provider_fault);
    bool blamed = target == PUSH_TARGET_SUSPECT || target == PUSH_CONFIGURATION_WRONG;
    suspicion_note(&account->suspicion, job->target_hash, blamed, now);
    if (target == PUSH_TARGET_SUSPECT && suspicion_is_founded(&account->suspicion, now)) {
        target = PUSH_CONFIGURATION_WRONG;
        account_notice(account, PUSH_NOTICE_CONFIGURATION_SUSPECT, verdict->reason);
    } else if (target == PUSH_CONFIGURATION_WRONG && verdict->action == ACTION_REFUSE) {
        account_notice(account, PUSH_NOTICE_CONFIGURATION_WRONG, verdict->reason);
    }
    if (verdict->unknown_reason) {
        account_notice(account, PUSH_NOTICE_UNKNOWN_REASON, verdict->reason);
    }
    account->leader->misconfigured = target == PUSH_CONFIGURATION_WRONG;
    return target;
}

static void note_answer(struct job *job, const struct exchange *leg, const struct verdict *verdict)
{
    job->result.http_status = leg->status;
    job->result.answered_at = job->sender->loop.wall;
    job->result.gone_since = verdict->gone_since;
    (void)text_copy(job->result.reason, sizeof job->result.reason, verdict->reason);
    (void)text_copy(job->result.provider_id, sizeof job->result.provider_id,
                    job->provider == PUSH_FCM ? verdict->provider_id : leg->answer_id);
}

static int64_t asked_wait_ms(const struct job *job, const struct exchange *leg)
{
    int64_t asked_ms = retry_after_ms(leg->retry_after, job->sender->loop.wall);
    bool quota = job->provider == PUSH_FCM && leg->status == 429;
    return asked_ms == RETRY_AFTER_NONE_MS && quota ? QUOTA_WAIT_MS : asked_ms;
}

/* The leg's answer ends the job: what the other one does no longer matters. */
static void conclude(struct job *job, struct exchange *leg, enum push_outcome outcome,
                     enum push_verdict target)
{
    if (leg == job->hedge) {
        counter_add(&job->sender->counters[job->provider].hedges_won, 1);
    }
    withdraw(job, other_leg(job, leg), true);
    finish(job, outcome, target, NULL);
}

static void on_answer(struct job *job, struct exchange *leg)
{
    struct account *account = job->account;
    struct verdict verdict;
    account->kind->judge(leg->status, leg->answer, leg->answer_bytes, &verdict);
    note_answer(job, leg, &verdict);
    bool replay = account->settings != NULL &&
                  account->kind->note_token(account, job, leg, &verdict) && !job->token_replayed;
    enum push_verdict target = note_health(job, leg->pool, &verdict);
    switch (verdict.action) {
    case ACTION_ACCEPT:
        conclude(job, leg, PUSH_ACCEPTED, PUSH_TARGET_OK);
        return;
    case ACTION_REFUSE:
        conclude(job, leg, PUSH_REFUSED, target);
        return;
    case ACTION_RENEW_TOKEN:
        if (!replay) {
            account_notice(account, PUSH_NOTICE_CONFIGURATION_WRONG, verdict.reason);
            conclude(job, leg, PUSH_REFUSED, target);
        } else {
            withdraw(job, other_leg(job, leg), true); /* with the same token */
            job->token_replayed = true;
            enqueue(job, true);
        }
        return;
    case ACTION_RETRY:
        break;
    }
    if (!is_alive(other_leg(job, leg))) {
        retry_later(job, asked_wait_ms(job, leg));
    }
}

void delivery_end(struct exchange *exchange, enum exchange_end end)
{
    struct job *job = exchange->owner;
    bool alone = !is_alive(other_leg(job, exchange));
    switch (end) {
    case EXCHANGE_ANSWERED:
        note_try(job, exchange, true);
        on_answer(job, exchange);
        return;
    case EXCHANGE_NOT_PROCESSED:
        note_try(job, exchange, true); /* the peer said that it did nothing: as good as an answer */
        if (alone) {
            enqueue(job, true);
        }
        return;
    case EXCHANGE_UNANSWERED:
        note_try(job, exchange, false);
        if (alone && job->retries == 0) {
            job->retries = 1;
            enqueue(job, true);
        } else if (alone) {
            retry_later(job, RETRY_AFTER_NONE_MS);
        }
        return;
    }
}

/* ---- time ---- */

static struct deadline_node *take_due(struct deadline_heap *heap, struct monotonic_time now)
{
    struct deadline_node *node = deadline_heap_first(heap);
    if (node == NULL || node->due.ms > now.ms) {
        return NULL;
    }
    deadline_heap_remove(heap, node);
    return node;
}

static const char *trouble_of(const struct job *job)
{
    bool down = false;
    const char *trouble = NULL;
    if (job->account != NULL && job->account->settings != NULL) {
        trouble = job->account->leader->kind->trouble(job->account->leader, &down);
    }
    if (trouble == NULL && job->exchange.pool != NULL && is_alive(&job->exchange)) {
        trouble = job->exchange.pool->trouble;
    }
    return trouble != NULL ? trouble : "timeout";
}

static void retry(struct push_sender *sender, struct job *job)
{
    if (job->needs_seal) {
        job->sealing_now = true;
        job->sealing.next = NULL;
        sender->sealing++;
        sealer_submit(sender->sealer, &job->sealing);
    } else {
        enqueue(job, true);
    }
}

void delivery_work(struct push_sender *sender)
{
    struct monotonic_time now = sender->loop.now;
    struct deadline_node *node;
    while ((node = take_due(&sender->ends, now)) != NULL) {
        struct job *job = OWNER(struct job, end_node, node);
        burden_take(&job->burden);
        give_up(job, trouble_of(job));
    }
    while ((node = take_due(&sender->retries, now)) != NULL) {
        struct job *job = OWNER(struct job, retry_node, node);
        burden_take(&job->burden);
        retry(sender, job);
    }
    while ((node = take_due(&sender->hedges, now)) != NULL) {
        struct job *job = OWNER(struct job, hedge_node, node);
        burden_take(&job->burden);
        hedge(job);
    }
    burden_drop();
}

static struct monotonic_time first_due(const struct deadline_heap *heap)
{
    const struct deadline_node *node = deadline_heap_first(heap);
    return node != NULL ? node->due : MONOTONIC_NEVER;
}

struct monotonic_time delivery_due(const struct push_sender *sender)
{
    return monotonic_earlier(
        first_due(&sender->ends),
        monotonic_earlier(first_due(&sender->retries), first_due(&sender->hedges)));
}

/* ---- many at once ---- */

void delivery_refuse_waiting(struct account *account, const char *reason)
{
    struct pool *pool = &account->pools[ACCOUNT_POOL_MESSAGES];
    char text[PUSH_REASON_BYTES_MAX];
    (void)text_copy(text, sizeof text, reason);
    for (unsigned rank = 0; rank < EXCHANGE_RANKS; rank++) {
        while (pool->queue[rank].first != NULL) {
            struct exchange *leg = pool->queue[rank].first;
            struct job *job = leg->owner;
            /* This takes it off the list before finish() frees it, which the analyser does not see.
             * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
            withdraw(job, leg, true);
            withdraw(job, other_leg(job, leg), false);
            refuse(job, text);
        }
    }
}

/* Takes what waits here and belongs elsewhere out, into one list. */
static void take_strays(struct pool *pool, struct exchange_list *waiting,
                        struct exchange_list *strays)
{
    struct exchange *next = NULL;
    for (struct exchange *leg = waiting->first; leg != NULL; leg = next) {
        next = leg->next;
        struct job *job = leg->owner;
        struct account *account = job->account;
        if (account->settings == NULL || account->kind->pool_of(account, job) != pool) {
            pool_withdraw(pool, leg);
            exchange_list_append(strays, leg);
        }
    }
}

static void reroute_pool(void *context, struct pool *pool)
{
    struct exchange_list strays = {0};
    (void)context;
    for (unsigned rank = 0; rank < EXCHANGE_RANKS; rank++) {
        take_strays(pool, &pool->queue[rank], &strays);
    }
    struct exchange_list hedges = {0};
    take_strays(pool, &pool->hedges, &hedges); /* their first legs go on, */
    while (hedges.first != NULL) {             /* unless the hedge was the only one left */
        struct exchange *leg = hedges.first;
        struct job *job = leg->owner;
        exchange_list_remove(&hedges, leg);
        if (!is_alive(&job->exchange) && !deadline_node_inside(&job->retry_node)) {
            exchange_list_append(&strays, &job->exchange);
        }
    }
    while (strays.first != NULL) {
        struct exchange *leg = strays.first;
        struct job *job = leg->owner;
        exchange_list_remove(&strays, leg);
        withdraw(job, job->hedge, false);
        enqueue(job, false);
    }
}

void delivery_reroute(struct push_sender *sender)
{
    for (size_t i = 0; i < sender->accounts_count; i++) {
        struct account *account = sender->accounts[i];
        if (account->provider == PUSH_FCM) {
            reroute_pool(NULL, &account->pools[ACCOUNT_POOL_MESSAGES]);
        } else {
            account_for_each_pool(account, reroute_pool, NULL);
        }
    }
}

void delivery_tell_delay(struct push_sender *sender, struct pool *pool, const char *reason)
{
    if (pool->delay_told) {
        return;
    }
    pool->delay_told = true;
    for (size_t i = 1; i <= sender->ends.count; i++) {
        struct job *job = OWNER(struct job, end_node, sender->ends.nodes[i]);
        if (job->exchange.pool == pool) {
            tell_delay(job, reason);
        }
    }
}

void delivery_stop(struct push_sender *sender)
{
    struct deadline_node *node;
    while ((node = deadline_heap_first(&sender->ends)) != NULL) {
        give_up(OWNER(struct job, end_node, node), "stopping");
    }
}
