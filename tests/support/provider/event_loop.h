/* event_loop.h - one thread, one epoll set: sockets call back when they are ready.
 *
 * A turn is: begin hook, the ready callbacks, end hook. What the callbacks decide is logged and
 * written to the peers by the end hook, so that a test that reads an answer also finds its line in
 * the log.
 */
#ifndef TESTS_SUPPORT_PROVIDER_EVENT_LOOP_H
#define TESTS_SUPPORT_PROVIDER_EVENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/status.h"

/* Something with a descriptor; embedded in the object that owns it. */
struct event_source {
    int fd;
    uint32_t events; /* what epoll watches; 0 and not watched at all are different things */
    bool watched;
    void (*ready)(struct event_source *source, uint32_t events);
};

struct event_loop_hooks {
    void (*turn_begin)(void *context);
    /* Answers after how many milliseconds there is work that no descriptor will announce: the next
     * turn begins then. */
    int64_t (*turn_end)(void *context);
    void *context;
};

struct event_loop;

/* STATUS_NO_MEMORY or STATUS_IO. */
enum status event_loop_create(struct event_loop **loop_r, struct error *error) MUST_CHECK;
void event_loop_destroy(struct event_loop **loop);

/* Watches the source for `events`, from now on or instead of what was watched. */
enum status event_loop_watch(struct event_loop *loop, struct event_source *source,
                             uint32_t events) MUST_CHECK;

/* Forgets the source: its callback is not called any more, not even in this turn. */
void event_loop_forget(struct event_loop *loop, struct event_source *source);

/* Runs turns, at least one a second, until event_loop_stop(). */
enum status event_loop_run(struct event_loop *loop, const struct event_loop_hooks *hooks,
                           struct error *error) MUST_CHECK;

/* Ends event_loop_run() after the current turn. */
void event_loop_stop(struct event_loop *loop);

#endif
