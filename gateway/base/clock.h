/* clock.h - the one place that reads clocks; tests and the simulator hand in their own. */
#ifndef GATEWAY_BASE_CLOCK_H
#define GATEWAY_BASE_CLOCK_H

#include <time.h>

#include "gateway/base/time.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A source of time. The calls may come from any thread. */
struct clock_source {
    struct wall_time (*wall)(void *context);
    struct monotonic_time (*monotonic)(void *context);
    void *context;
    /* For how long the machine has been suspended since its boot; NULL: it never is. */
    int64_t (*suspended_ms)(void *context);
};

/* The machine's clocks: CLOCK_REALTIME and CLOCK_BOOTTIME; CLOCK_MONOTONIC stands still while the
 * machine is suspended. */
extern const struct clock_source clock_system;

static inline struct wall_time clock_wall(const struct clock_source *clock)
{
    return clock->wall(clock->context);
}

static inline struct monotonic_time clock_monotonic(const struct clock_source *clock)
{
    return clock->monotonic(clock->context);
}

static inline int64_t clock_suspended_ms(const struct clock_source *clock)
{
    return clock->suspended_ms == NULL ? 0 : clock->suspended_ms(clock->context);
}

#define BOOT_ID_BYTES_MAX 40

/* Names this boot of the machine: as long as it stays the same, CLOCK_BOOTTIME has not restarted.
 * Empty when the kernel does not say. */
void clock_boot_id(char boot_id_r[BOOT_ID_BYTES_MAX]);

/* The moment wait_ms from now on CLOCK_MONOTONIC, as pthread_cond_timedwait() wants it. */
void clock_wait_until(int64_t wait_ms, struct timespec *until_r);

/* Nanoseconds of CLOCK_MONOTONIC, for measuring how long something took. */
int64_t clock_stopwatch_ns(void);

#ifdef __cplusplus
}
#endif

#endif
