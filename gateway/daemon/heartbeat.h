/* heartbeat.h - the dead-man's heartbeat: something outside, told again and again that the gateway
 * is well, raises the alarm when it no longer hears of it. */
#ifndef GATEWAY_DAEMON_HEARTBEAT_H
#define GATEWAY_DAEMON_HEARTBEAT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gateway/daemon/self_check.h"

/* It goes out by the telephony thread, under its endpoint of this name: the thread that asks for
 * calls. Lives until telephony is destroyed. */
struct heartbeat {
    struct engine *engine;
    struct telephony *telephony;
    int64_t every_ms; /* 0: none is configured */
    int64_t timeout_ms;
    struct monotonic_time due_at;
    bool overdue; /* due, and withheld */
    _Atomic bool inside;
    _Atomic uint64_t delivered;
    _Atomic uint64_t failed;
    _Atomic uint64_t withheld; /* how often the self-check did not pass when one was due */
};

/* After each look of the self-check, from the same thread. One that was withheld goes out as soon
 * as the check passes. */
void heartbeat_look(struct heartbeat *heartbeat, enum self_check_verdict verdict,
                    struct monotonic_time now);

#endif
