/* clock.h - the one place that reads clocks; tests and the simulator hand in their own. */
#ifndef GATEWAY_BASE_CLOCK_H
#define GATEWAY_BASE_CLOCK_H

#include "gateway/base/time.h"

/* A source of time. Both calls may come from any thread. */
struct clock_source {
    struct wall_time (*wall)(void *context);
    struct monotonic_time (*monotonic)(void *context);
    void *context;
};

/* The machine's clocks: CLOCK_REALTIME and CLOCK_BOOTTIME. */
extern const struct clock_source clock_system;

static inline struct wall_time clock_wall(const struct clock_source *clock)
{
    return clock->wall(clock->context);
}

static inline struct monotonic_time clock_monotonic(const struct clock_source *clock)
{
    return clock->monotonic(clock->context);
}

/* Nanoseconds of CLOCK_MONOTONIC, for measuring how long something took. */
int64_t clock_stopwatch_ns(void);

#endif
