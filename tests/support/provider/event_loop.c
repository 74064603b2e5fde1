#include "tests/support/provider/event_loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_A_TURN_MAX 256
#define TURN_WAIT_MS      1000

struct event_loop {
    int epoll_fd;
    bool stopped;
    struct epoll_event events[EVENTS_A_TURN_MAX];
    int events_count;
};

enum status event_loop_create(struct event_loop **loop_r, struct error *error)
{
    struct event_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "event loop");
    }
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        enum status status = error_set(error, STATUS_IO, "epoll_create1: %s", strerror(errno));
        free(loop);
        return status;
    }
    *loop_r = loop;
    return STATUS_OK;
}

void event_loop_destroy(struct event_loop **loop)
{
    if (*loop != NULL) {
        (void)close((*loop)->epoll_fd);
        free(*loop);
        *loop = NULL;
    }
}

enum status event_loop_watch(struct event_loop *loop, struct event_source *source, uint32_t events)
{
    if (source->watched && source->events == events) {
        return STATUS_OK;
    }
    struct epoll_event event = {.events = events, .data.ptr = source};
    int operation = source->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(loop->epoll_fd, operation, source->fd, &event) != 0) {
        return STATUS_IO;
    }
    source->watched = true;
    source->events = events;
    return STATUS_OK;
}

void event_loop_forget(struct event_loop *loop, struct event_source *source)
{
    if (!source->watched) {
        return;
    }
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
    source->watched = false;
    for (int i = 0; i < loop->events_count; i++) {
        if (loop->events[i].data.ptr == source) {
            loop->events[i].data.ptr = NULL; /* it may be freed before its turn comes */
        }
    }
}

enum status event_loop_run(struct event_loop *loop, const struct event_loop_hooks *hooks,
                           struct error *error)
{
    int64_t wait_ms = TURN_WAIT_MS;
    while (!loop->stopped) {
        int count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_A_TURN_MAX,
                               wait_ms < TURN_WAIT_MS ? (int)wait_ms : TURN_WAIT_MS);
        if (count < 0 && errno != EINTR) {
            return error_set(error, STATUS_IO, "epoll_wait: %s", strerror(errno));
        }
        loop->events_count = count < 0 ? 0 : count;
        hooks->turn_begin(hooks->context);
        for (int i = 0; i < loop->events_count; i++) {
            struct event_source *source = loop->events[i].data.ptr;
            if (source != NULL) {
                assert(source->watched);
                source->ready(source, loop->events[i].events);
            }
        }
        loop->events_count = 0;
        wait_ms = hooks->turn_end(hooks->context);
        assert(wait_ms >= 0);
    }
    return STATUS_OK;
}

void event_loop_stop(struct event_loop *loop)
{
    loop->stopped = true;
}
