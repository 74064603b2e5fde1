/* webhook_policy.c - what an answer means and when to try again. Pure: time and chance come in. */
#include "gateway/telephony/telephony_private.h"

#include <assert.h>
#include <stdlib.h>

/* RFC 9110, section 15, and RFC 8470 (425): answers that ask for the same request again. */
static bool is_not_now(int http_status)
{
    return http_status == 408 || http_status == 425 || http_status == 429;
}

enum webhook_verdict webhook_judge(int http_status, bool written)
{
    if (http_status < 200) {
        return written ? WEBHOOK_UNANSWERED : WEBHOOK_UNSENT;
    }
    if (http_status < 300) {
        return WEBHOOK_TAKEN;
    }
    if (http_status < 500) {
        return is_not_now(http_status) ? WEBHOOK_NOT_NOW : WEBHOOK_REFUSED;
    }
    /* A proxy that lost its upstream does not know what the layer behind it did. */
    return http_status == 502 || http_status == 504 ? WEBHOOK_UNANSWERED : WEBHOOK_NOT_NOW;
}

bool webhook_is_endpoint_failure(int http_status)
{
    return http_status < 200 || http_status >= 500;
}

int64_t webhook_backoff_ms(unsigned tries_made, const struct webhook_times *times, uint64_t draw)
{
    assert(tries_made > 0);
    assert(times->retry_first_ms > 0 && times->retry_ms_max >= times->retry_first_ms);
    int64_t wait_ms = times->retry_first_ms;
    for (unsigned i = 1; i < tries_made && wait_ms < times->retry_ms_max; i++) {
        wait_ms = wait_ms > times->retry_ms_max / 2 ? times->retry_ms_max : wait_ms * 2;
    }
    /* The jitter spreads what failed together; the lower half keeps a peer from being hammered. */
    int64_t half_ms = wait_ms / 2;
    return wait_ms - half_ms + (int64_t)(draw % ((uint64_t)half_ms + 1));
}

bool webhook_next_try(unsigned tries_made, const struct webhook_times *times,
                      int64_t retry_after_ms, uint64_t draw, struct monotonic_time now,
                      struct monotonic_time deadline, struct monotonic_time *at_r)
{
    int64_t left_ms = deadline.ms - now.ms;
    if (left_ms <= 0 || tries_made >= WEBHOOK_TRIES_MAX) {
        return false;
    }
    int64_t wait_ms = webhook_backoff_ms(tries_made, times, draw);
    if (retry_after_ms > wait_ms) {
        wait_ms = retry_after_ms;
    }
    if (wait_ms > left_ms - WEBHOOK_TRY_ROOM_MS) {
        /* A deadline beats the peer's advice: somebody waits for this call. */
        wait_ms = left_ms - times->try_timeout_ms;
        if (wait_ms < times->retry_first_ms) {
            return false;
        }
    }
    *at_r = (struct monotonic_time){now.ms + wait_ms};
    return true;
}

int64_t webhook_skew_ms(struct wall_time theirs, struct wall_time ours)
{
    if (theirs.ms == TIME_NEVER_MS) {
        return 0;
    }
    int64_t skew_ms = theirs.ms - ours.ms;
    return llabs(skew_ms) > WEBHOOK_SKEW_MS_TOLERATED ? skew_ms : 0;
}

bool webhook_was_mistimed(enum webhook_verdict verdict, int64_t signed_skew_ms, int64_t skew_ms)
{
    return verdict == WEBHOOK_REFUSED &&
           llabs(skew_ms - signed_skew_ms) > WEBHOOK_SKEW_MS_TOLERATED;
}

enum telephony_outcome webhook_outcome(enum webhook_verdict verdict, bool unanswered,
                                       unsigned tries)
{
    if (verdict == WEBHOOK_TAKEN) {
        return TELEPHONY_DELIVERED;
    }
    if (unanswered || verdict == WEBHOOK_UNANSWERED) {
        return TELEPHONY_UNCERTAIN;
    }
    if (verdict == WEBHOOK_REFUSED) {
        return TELEPHONY_REFUSED;
    }
    return tries == 0 ? TELEPHONY_EXPIRED : TELEPHONY_RETRY_EXHAUSTED;
}
