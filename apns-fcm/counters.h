/* counters.h - what one provider's statistics are made of. Written by the loop's thread (submitted
 * by any), read by any. */
#ifndef APNS_FCM_COUNTERS_H
#define APNS_FCM_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "apns-fcm/push.h"

struct counters {
    _Atomic uint64_t jobs_submitted;
    _Atomic uint64_t outcomes[PUSH_OUTCOMES_COUNT];
    _Atomic uint64_t requests_written;
    _Atomic uint64_t hedges_written;
    _Atomic uint64_t hedges_won;
    _Atomic uint64_t connections_opened;
    _Atomic uint64_t connections_resumed;
    _Atomic uint64_t connections_lost;
    _Atomic uint64_t connections_failed;
    _Atomic uint64_t goaways;
    _Atomic uint64_t streams_refused;
    _Atomic uint64_t tokens_minted;
    _Atomic uint64_t jobs_inside;
    _Atomic uint64_t latency[PUSH_LATENCY_BUCKETS];
    _Atomic uint64_t latency_sum_ms;
    _Atomic int64_t clock_skew_ms;
    _Atomic int64_t down_since_ms; /* TIME_NEVER_MS unless down */
    _Atomic int health;            /* enum push_health */
};

/* For the one thread that writes: no locked instruction is needed. */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t count)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + count,
                          memory_order_relaxed);
}

void counters_init(struct counters *counters);
void counters_add_latency(struct counters *counters, int64_t took_ms);
void counters_set_health(struct counters *counters, enum push_health health, struct wall_time now);
void counters_read(struct counters *counters, struct push_statistics *statistics_r);

#endif
