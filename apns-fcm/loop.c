#include "apns-fcm/loop.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_A_TURN_MAX 64

enum status loop_init(struct loop *loop, const struct clock_source *clock,
                      const struct random_source *random, struct error *error)
{
    *loop = (struct loop){.clock = clock, .random = random};
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        return error_set(error, STATUS_IO, "epoll_create1: %s", strerror(errno));
    }
    loop_read_clocks(loop);
    return STATUS_OK;
}

void loop_fini(struct loop *loop)
{
    (void)close(loop->epoll_fd);
    loop->epoll_fd = -1;
}

enum status loop_add(struct loop *loop, int fd, struct loop_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? STATUS_OK : STATUS_IO;
}

void loop_change(struct loop *loop, int fd, struct loop_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event); /* fails only for foreign fds */
}

void loop_remove(struct loop *loop, int fd)
{
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void loop_read_clocks(struct loop *loop)
{
    loop->now = clock_monotonic(loop->clock);
    loop->wall = clock_wall(loop->clock);
}

void loop_turn(struct loop *loop, struct monotonic_time until)
{
    struct epoll_event events[EVENTS_A_TURN_MAX];
    int64_t wait_ms = until.ms - clock_monotonic(loop->clock).ms;
    int timeout_ms = wait_ms <= 0 ? 0 : wait_ms > INT_MAX ? -1 : (int)wait_ms;
    int count = epoll_wait(loop->epoll_fd, events, EVENTS_A_TURN_MAX, timeout_ms);
    loop_read_clocks(loop);
    for (int i = 0; i < count; i++) {
        struct loop_source *source = events[i].data.ptr;
        source->ready(source, events[i].events);
    }
}
