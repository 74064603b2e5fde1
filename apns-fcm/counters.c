#include "apns-fcm/counters.h"

#include <string.h>

void counters_init(struct counters *counters)
{
    memset(counters, 0, sizeof *counters);
    atomic_store(&counters->down_since_ms, TIME_NEVER_MS);
    atomic_store(&counters->health, PUSH_HEALTH_UNUSED);
}

void counters_add_latency(struct counters *counters, int64_t took_ms)
{
    static const int64_t bounds_ms[] = PUSH_LATENCY_BOUNDS_MS;
    size_t bucket = 0;
    while (bucket < PUSH_LATENCY_BUCKETS - 1 && took_ms > bounds_ms[bucket]) {
        bucket++;
    }
    counter_add(&counters->latency[bucket], 1);
    counter_add(&counters->latency_sum_ms, (uint64_t)(took_ms > 0 ? took_ms : 0));
}

void counters_set_health(struct counters *counters, enum push_health health, struct wall_time now)
{
    if (atomic_load(&counters->health) == (int)health) {
        return;
    }
    atomic_store(&counters->down_since_ms, health == PUSH_HEALTH_DOWN ? now.ms : TIME_NEVER_MS);
    atomic_store(&counters->health, (int)health);
}

static uint64_t value_of(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void counters_read(struct counters *counters, struct push_statistics *statistics_r)
{
    *statistics_r = (struct push_statistics){
        .health = (enum push_health)atomic_load(&counters->health),
        .down_since = {atomic_load(&counters->down_since_ms)},
        .jobs_submitted = value_of(&counters->jobs_submitted),
        .requests_written = value_of(&counters->requests_written),
        .hedges_written = value_of(&counters->hedges_written),
        .hedges_won = value_of(&counters->hedges_won),
        .connections_opened = value_of(&counters->connections_opened),
        .connections_resumed = value_of(&counters->connections_resumed),
        .connections_lost = value_of(&counters->connections_lost),
        .connections_failed = value_of(&counters->connections_failed),
        .goaways = value_of(&counters->goaways),
        .streams_refused = value_of(&counters->streams_refused),
        .latency_sum_ms = value_of(&counters->latency_sum_ms),
        .tokens_minted = value_of(&counters->tokens_minted),
        .jobs_inside = value_of(&counters->jobs_inside),
        .clock_skew_ms = atomic_load(&counters->clock_skew_ms),
    };
    for (int i = 0; i < PUSH_OUTCOMES_COUNT; i++) {
        statistics_r->outcomes[i] = value_of(&counters->outcomes[i]);
    }
    for (int i = 0; i < PUSH_LATENCY_BUCKETS; i++) {
        statistics_r->latency[i] = value_of(&counters->latency[i]);
    }
}
