/* loop.h - the sender's epoll loop: who is told when a descriptor is ready, and what time it is.
 *
 * One thread owns a loop and everything registered in it. Time is read once a turn, so that all
 * decisions of a turn agree.
 */
#ifndef APNS_FCM_LOOP_H
#define APNS_FCM_LOOP_H

#include <stdint.h>

#include "gateway/base/clock.h"
#include "gateway/base/random.h"
#include "gateway/base/status.h"

/* Embedded in whatever owns a descriptor; must outlive the turn in which it was removed. */
struct loop_source {
    void (*ready)(struct loop_source *source, uint32_t events);
};

struct loop {
    int epoll_fd;
    const struct clock_source *clock;
    const struct random_source *random;
    struct monotonic_time now; /* of this turn */
    struct wall_time wall;
};

#define MONOTONIC_NEVER ((struct monotonic_time){TIME_NEVER_MS})

static inline struct monotonic_time monotonic_add(struct monotonic_time time, int64_t wait_ms)
{
    return time.ms > TIME_NEVER_MS - wait_ms ? MONOTONIC_NEVER
                                             : (struct monotonic_time){time.ms + wait_ms};
}

static inline struct monotonic_time monotonic_earlier(struct monotonic_time a,
                                                      struct monotonic_time b)
{
    return a.ms < b.ms ? a : b;
}

/* STATUS_IO when the kernel refuses; loop_fini() is then not needed. */
enum status loop_init(struct loop *loop, const struct clock_source *clock,
                      const struct random_source *random, struct error *error) MUST_CHECK;
void loop_fini(struct loop *loop);

/* events as epoll(7) has them; level-triggered. The descriptor stays the caller's. */
enum status loop_add(struct loop *loop, int fd, struct loop_source *source,
                     uint32_t events) MUST_CHECK;
void loop_change(struct loop *loop, int fd, struct loop_source *source, uint32_t events);
void loop_remove(struct loop *loop, int fd);

/* Reads the clocks. */
void loop_read_clocks(struct loop *loop);

/* Sleeps until a descriptor is ready or `until` has come, then calls the sources. */
void loop_turn(struct loop *loop, struct monotonic_time until);

#endif
