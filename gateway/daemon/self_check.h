/* self_check.h - whether everything that a page needs moves. One check with three users: systemd's
 * watchdog, /readyz and the heartbeat.
 *
 * It goes through the writer and the store (a command that the writer commits and the engine's
 * watchdog reads back) and through the threads that send (each answers through its own loop). No
 * provider is asked: one that is down is told as an alarm, and the pager goes on by telephone. When
 * no endpoint of telephony takes anything any more, by what became of the last calls and alarms,
 * the heartbeat ends: its receiver is the only one left to tell. */
#ifndef GATEWAY_DAEMON_SELF_CHECK_H
#define GATEWAY_DAEMON_SELF_CHECK_H

#include <stdatomic.h>
#include <stdbool.h>

#include "apns-fcm/push.h"
#include "gateway/engine/engine.h"
#include "gateway/telephony/telephony.h"

/* From best to worst. */
enum self_check_verdict {
    SELF_CHECK_PASSED,
    SELF_CHECK_LATE,   /* behind, or just started, and moving: no heartbeat */
    SELF_CHECK_FAILED, /* cannot accept, or not get out; a restart would mend nothing */
    SELF_CHECK_STUCK,  /* a restart may help: not ready, and systemd's watchdog is not petted */
};

/* push and telephony may be NULL: not configured. */
struct self_check {
    struct engine *engine;
    struct push_sender *push;
    struct telephony *telephony;
    _Atomic enum self_check_verdict verdict; /* of the last look; any thread reads it */
    const char *_Atomic fault;               /* static text: what does not pass; NULL: all does */
    struct monotonic_time told_at;           /* the looker's own, as the two below */
    struct monotonic_time looked_at;
    struct monotonic_time judges_from; /* after a pause of the whole machine */
};

/* One look, every half second from one thread. Logs and tells the desk what is found. */
enum self_check_verdict self_check_look(struct self_check *check, struct monotonic_time now);

#endif
