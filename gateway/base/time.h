/* time.h - the kinds of time, each a struct of one member so that mixing them does not compile.
 *
 * Wall time drives schedules and what people read. Engine time drives waits and deadlines: it is a
 * persisted anchor plus the boot clock, so steps of the wall clock never move a wait. Monotonic
 * time is for time-outs inside one process. Only clock.c reads a clock.
 */
#ifndef GATEWAY_BASE_TIME_H
#define GATEWAY_BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Milliseconds since 1970-01-01T00:00:00Z, as the wall clock says. */
struct wall_time {
    int64_t ms;
};

/* Milliseconds of engine time; same epoch as wall time when the anchor was made. */
struct engine_time {
    int64_t ms;
};

/* Milliseconds of CLOCK_BOOTTIME: goes on while the machine is suspended, never steps. */
struct monotonic_time {
    int64_t ms;
};

/* Later than every real time. */
#define TIME_NEVER_MS    INT64_MAX
#define ENGINE_NEVER     ((struct engine_time){TIME_NEVER_MS})
#define ENGINE_BEGINNING ((struct engine_time){INT64_MIN}) /* before every time */
#define WALL_NEVER       ((struct wall_time){TIME_NEVER_MS})

static inline bool engine_time_reached(struct engine_time due, struct engine_time now)
{
    return due.ms <= now.ms;
}

/* Saturates at ENGINE_NEVER instead of overflowing. */
static inline struct engine_time engine_time_add(struct engine_time time, int64_t wait_ms)
{
    if (wait_ms > 0 && time.ms > TIME_NEVER_MS - wait_ms) {
        return ENGINE_NEVER;
    }
    return (struct engine_time){time.ms + wait_ms};
}

static inline struct engine_time engine_time_earlier(struct engine_time a, struct engine_time b)
{
    return a.ms < b.ms ? a : b;
}

/* "2026-11-22T20:52:49.123Z" and its terminator. */
#define RFC3339_BYTES_MAX 32

/* Writes RFC 3339 in UTC with milliseconds. Years 1970 to 9999; others are clamped. */
void wall_time_format(struct wall_time time, char text_r[RFC3339_BYTES_MAX]);

/* Reads an RFC 3339 date-time with any offset (RFC 3339, section 5.6). STATUS_INVALID otherwise. */
enum status wall_time_parse(const char *text, struct wall_time *time_r) MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
