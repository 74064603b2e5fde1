/* telephony_thread.c - the one thread: takes jobs from the inbox, keeps them moving between line,
 * flight and wait, and completes each exactly once.
 *
 *   inbox ──► ready ──► flying ──► completed
 *               ▲          │
 *               └─ waiting ◄┘        (a try failed and another one fits before the deadline)
 *
 * A ready or waiting job whose deadline passes is completed from where it is.
 */
#include "gateway/telephony/telephony_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/base/log.h"

/* Even with nothing due the thread looks up this often: its clock also runs while the machine is
 * suspended, the kernel's poll does not. */
#define POLL_MS_MAX 1000

static struct monotonic_time now_of(const struct telephony *telephony)
{
    return clock_monotonic(telephony->clock);
}

/* The job is in no list, heap or multi any more. */
static void complete(struct telephony *telephony, struct job *job, enum telephony_outcome outcome)
{
    assert(job->easy == NULL);
    job->result.outcome = outcome;
    if (outcome == TELEPHONY_DELIVERED) {
        job->result.reason[0] = '\0';
    }
    /* Counted out first: a completion may submit the next job into the room this one leaves. */
    (void)pthread_mutex_lock(&telephony->lock);
    telephony->statistics.outcomes[outcome]++;
    telephony->statistics.jobs_inside--;
    (void)pthread_mutex_unlock(&telephony->lock);
    job->complete(job->context, &job->result);
    free(job);
}

static void note_reason(struct job *job, const char *reason)
{
    (void)text_copy(job->result.reason, sizeof job->result.reason, reason);
}

static void make_ready(struct telephony *telephony, struct job *job)
{
    job->place = JOB_READY;
    job->wake = job->deadline;
    job_list_append(&job->lane->ready, job);
    job_heap_push(&telephony->heap, job);
}

/* The try failed: waits for the next one, or ends. */
static void retry_or_complete(struct telephony *telephony, struct job *job,
                              enum webhook_verdict verdict, int64_t retry_after_ms)
{
    struct webhook_times times;
    (void)pthread_mutex_lock(&telephony->lock);
    times = telephony->times;
    (void)pthread_mutex_unlock(&telephony->lock);
    uint64_t draw;
    random_fill(telephony->random, &draw, sizeof draw);
    struct monotonic_time now = now_of(telephony);
    if (!webhook_next_try(job->result.tries, &times, retry_after_ms, draw, now, job->deadline,
                          &job->wake)) {
        complete(telephony, job, webhook_outcome(verdict, job->unanswered, job->result.tries));
        return;
    }
    job->place = JOB_WAITING;
    job_heap_push(&telephony->heap, job);
    log_info("telephony.retry", LOG_UUID("attempt", job->id), LOG_TEXT("endpoint", job->lane->name),
             LOG_TEXT("reason", job->result.reason), LOG_INT("tries", job->result.tries),
             LOG_INT("wait_ms", job->wake.ms - now.ms));
}

/* How long a try may take; never 0, which libcurl takes for "for ever". */
static int64_t try_timeout_ms(int64_t configured_ms, struct monotonic_time now,
                              struct monotonic_time deadline)
{
    int64_t left_ms = deadline.ms - now.ms;
    return left_ms < 1 ? 1 : left_ms < configured_ms ? left_ms : configured_ms;
}

/* Begins a try of a job that is in no list. */
static void start_try(struct telephony *telephony, struct job *job)
{
    burden_take(&job->burden);
    (void)pthread_mutex_lock(&telephony->lock);
    const struct endpoint *endpoint = job->lane->endpoint;
    enum status status = STATUS_NOT_FOUND;
    if (endpoint != NULL) {
        int64_t timeout_ms =
            try_timeout_ms(telephony->times.try_timeout_ms, now_of(telephony), job->deadline);
        struct wall_time now = clock_wall(telephony->clock);
        job->skew_ms = job->lane->skew_ms;
        now.ms += job->skew_ms;
        status = webhook_request_prepare(job, endpoint, telephony->ca_file, now, timeout_ms);
        telephony->statistics.tries++;
    }
    (void)pthread_mutex_unlock(&telephony->lock);

    if (status == STATUS_NOT_FOUND) {
        note_reason(job, "endpoint_removed");
        complete(telephony, job,
                 webhook_outcome(WEBHOOK_REFUSED, job->unanswered, job->result.tries));
        return;
    }
    job->result.tries++;
    if (status != STATUS_OK || curl_multi_add_handle(telephony->multi, job->easy) != CURLM_OK) {
        webhook_request_release(job);
        note_reason(job, "memory");
        retry_or_complete(telephony, job, WEBHOOK_UNSENT, 0);
        return;
    }
    job->place = JOB_FLYING;
    job_list_append(&telephony->flying, job);
    job->lane->flying++;
}

static bool may_fly(const struct telephony *telephony, const struct lane *lane)
{
    return atomic_load(&telephony->one_until_ms) != 0 ? telephony->flying.first == NULL
                                                      : lane->flying < LANE_FLYING_MAX;
}

/* Begins as many tries of the lane as it has room for. */
static void start_ready(struct telephony *telephony, struct lane *lane)
{
    while (may_fly(telephony, lane) && lane->ready.first != NULL) {
        struct job *job = lane->ready.first;
        if (job->deadline.ms <= now_of(telephony).ms) {
            return; /* due in the heap too, which completes it */
        }
        job_list_remove(&lane->ready, job);
        job_heap_remove(&telephony->heap, job);
        start_try(telephony, job);
    }
}

/* Takes a flying job out of libcurl's hands. */
static void land(struct telephony *telephony, struct job *job)
{
    assert(job->place == JOB_FLYING);
    (void)curl_multi_remove_handle(telephony->multi, job->easy);
    webhook_request_release(job);
    job_list_remove(&telephony->flying, job);
    job->lane->flying--;
}

/* A clock that is wrong, ours or the receiver's, must not silence the gateway: timestamps are made
 * for the receiver's. */
static void learn_skew(struct telephony *telephony, struct lane *lane, struct wall_time date)
{
    int64_t skew_ms = webhook_skew_ms(date, clock_wall(telephony->clock));
    if (date.ms != TIME_NEVER_MS && skew_ms != lane->skew_ms) {
        if (skew_ms == 0 || lane->skew_ms == 0) {
            log_warning("telephony.clocks_differ", LOG_TEXT("endpoint", lane->name),
                        LOG_INT("by_ms", skew_ms));
        }
        lane->skew_ms = skew_ms;
    }
}

/* What the try says of its endpoint, whatever it means for its job. */
static void note_health(struct telephony *telephony, struct lane *lane,
                        const struct webhook_answer *answer, const char *reason)
{
    struct telephony_moment at = {now_of(telephony), clock_wall(telephony->clock)};
    (void)pthread_mutex_lock(&telephony->lock);
    if (webhook_judge(answer->http_status, answer->written) == WEBHOOK_TAKEN) {
        telephony_health_delivered(&lane->health, at);
    } else if (webhook_is_endpoint_failure(answer->http_status)) {
        telephony_health_failed(&lane->health, at, reason);
    }
    (void)pthread_mutex_unlock(&telephony->lock);
}

/* A try ended, one way or the other. */
static void settle(struct telephony *telephony, struct job *job, CURLcode code)
{
    struct webhook_answer answer = webhook_request_answer(job, code);
    enum webhook_verdict verdict = webhook_judge(answer.http_status, answer.written);
    struct lane *lane = job->lane;
    land(telephony, job);
    learn_skew(telephony, lane, answer.date);
    bool mistimed = webhook_was_mistimed(verdict, job->skew_ms, lane->skew_ms);
    verdict = mistimed ? WEBHOOK_NOT_NOW : verdict;
    job->unanswered = job->unanswered || verdict == WEBHOOK_UNANSWERED;
    if (answer.http_status != 0) {
        job->result.http_status = answer.http_status;
        (void)snprintf(job->result.reason, sizeof job->result.reason, "http_%d",
                       answer.http_status);
    } else {
        note_reason(job, answer.reason);
    }
    note_health(telephony, lane, &answer, job->result.reason);
    if (verdict == WEBHOOK_TAKEN || verdict == WEBHOOK_REFUSED) {
        complete(telephony, job, webhook_outcome(verdict, job->unanswered, job->result.tries));
    } else if (mistimed && !job->mistimed) {
        job->mistimed = true; /* once at once: a person waits for this call */
        make_ready(telephony, job);
    } else {
        retry_or_complete(telephony, job, verdict, answer.retry_after_ms);
    }
    start_ready(telephony, lane);
}

/* While one goes at a time, who waits for another endpoint's has its turn here; and when that is
 * over, all that wait. */
static void start_one(struct telephony *telephony)
{
    int64_t until_ms = atomic_load(&telephony->one_until_ms);
    if (until_ms == 0) {
        return;
    }
    if (now_of(telephony).ms >= until_ms) {
        atomic_store(&telephony->one_until_ms, 0);
    }
    (void)pthread_mutex_lock(&telephony->lock);
    struct lane *first = telephony->lanes; /* none is ever taken out */
    (void)pthread_mutex_unlock(&telephony->lock);
    for (struct lane *lane = first; lane != NULL; lane = lane->next) {
        start_ready(telephony, lane);
    }
    burden_drop();
}

/* libcurl does not say which request it is at: when there is one only, it is that one. */
static CURLMcode perform(struct telephony *telephony)
{
    int running;
    const struct job *job = telephony->flying.first;
    burden_take(job != NULL && job->next == NULL ? &job->burden : NULL);
    CURLMcode code = curl_multi_perform(telephony->multi, &running);
    burden_drop();
    return code;
}

static void settle_finished(struct telephony *telephony)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(telephony->multi, &left)) != NULL;) {
        if (message->msg == CURLMSG_DONE) {
            struct job *job = NULL;
            CURLcode code = message->data.result; /* the message dies with the handle */
            (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job);
            burden_take(&job->burden);
            settle(telephony, job, code);
        }
    }
    burden_drop();
}

/* Moves what is due: waiting jobs to their next try, ready ones past their deadline out. */
static void wake_due(struct telephony *telephony)
{
    struct monotonic_time now = now_of(telephony);
    while (telephony->heap.count > 0 && telephony->heap.jobs[0]->wake.ms <= now.ms) {
        struct job *job = telephony->heap.jobs[0];
        job_heap_remove(&telephony->heap, job);
        struct lane *lane = job->lane;
        burden_take(&job->burden);
        if (job->place == JOB_READY) {
            job_list_remove(&lane->ready, job);
        }
        if (job->deadline.ms <= now.ms) {
            if (job->result.tries == 0) {
                note_reason(job, "deadline");
            }
            complete(telephony, job,
                     webhook_outcome(WEBHOOK_UNSENT, job->unanswered, job->result.tries));
        } else {
            make_ready(telephony, job);
        }
        start_ready(telephony, lane); /* an expired job no longer stands before the others */
    }
    burden_drop();
}

/* Takes the inbox over; false when it is time to stop. */
static bool take_inbox(struct telephony *telephony)
{
    (void)pthread_mutex_lock(&telephony->lock);
    struct job_list inbox = telephony->inbox;
    telephony->inbox = (struct job_list){NULL, NULL};
    bool stopping = telephony->stopping;
    telephony->pulse_answered = telephony->pulse_asked;
    (void)pthread_mutex_unlock(&telephony->lock);
    while (inbox.first != NULL) {
        struct job *job = inbox.first;
        struct lane *lane = job->lane;
        job_list_remove(&inbox, job);
        make_ready(telephony, job);
        if (!stopping) {
            start_ready(telephony, lane);
        }
    }
    burden_drop();
    return !stopping;
}

static int poll_ms(const struct telephony *telephony)
{
    if (telephony->heap.count == 0) {
        return POLL_MS_MAX;
    }
    int64_t wait_ms = telephony->heap.jobs[0]->wake.ms - now_of(telephony).ms;
    return wait_ms < 0 ? 0 : wait_ms < POLL_MS_MAX ? (int)wait_ms : POLL_MS_MAX;
}

/* Errors of the multi itself are misuse or exhaustion; recovery replays what was inside. */
static void check_multi(CURLMcode code)
{
    if (code != CURLM_OK) {
        log_error("telephony.multi_failed", LOG_TEXT("code", curl_multi_strerror(code)));
        burden_abort_unblamed();
    }
}

/* Ends everything that is inside. */
static void complete_all(struct telephony *telephony)
{
    while (telephony->flying.first != NULL) {
        struct job *job = telephony->flying.first;
        struct webhook_answer answer = webhook_request_answer(job, CURLE_OK);
        land(telephony, job);
        note_reason(job, "stopping");
        complete(telephony, job,
                 webhook_outcome(answer.written ? WEBHOOK_UNANSWERED : WEBHOOK_UNSENT,
                                 job->unanswered, job->result.tries));
    }
    while (telephony->heap.count > 0) {
        struct job *job = telephony->heap.jobs[0];
        job_heap_remove(&telephony->heap, job);
        if (job->place == JOB_READY) {
            job_list_remove(&job->lane->ready, job);
        }
        note_reason(job, "stopping");
        complete(telephony, job,
                 webhook_outcome(WEBHOOK_UNSENT, job->unanswered, job->result.tries));
    }
}

void *telephony_thread(void *context)
{
    struct telephony *telephony = context;
    while (take_inbox(telephony)) {
        wake_due(telephony);
        start_one(telephony);
        check_multi(perform(telephony));
        settle_finished(telephony);
        check_multi(curl_multi_poll(telephony->multi, NULL, 0, poll_ms(telephony), NULL));
    }
    complete_all(telephony);
    return NULL;
}
