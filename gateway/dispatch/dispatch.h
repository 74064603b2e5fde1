/* dispatch.h - carries the engine's effects out: pushes to apns-fcm, calls and announcements to
 * telephony; their outcomes go back as commands. Words that leave the house are chosen here, and
 * none of them says anything about a caller.
 */
#ifndef GATEWAY_DISPATCH_DISPATCH_H
#define GATEWAY_DISPATCH_DISPATCH_H

#include "apns-fcm/push.h"
#include "gateway/engine/engine.h"
#include "gateway/telephony/telephony.h"

struct dispatch;

/* clock: the monotonic one is the deadline's. */
enum status dispatch_create(const struct clock_source *clock, const struct random_source *random,
                            struct dispatch **dispatch_r, struct error *error) MUST_CHECK;

/* Through what things leave. Borrowed: both must outlive it; either may be NULL (not configured:
 * attempts on that path fail at once). Before the engine is created. */
void dispatch_attach(struct dispatch *dispatch, struct push_sender *push,
                     struct telephony *telephony);

/* For push_configuration.notice; context is the dispatch. A notice is an alarm "push.…"; what comes
 * before dispatch_bind() is told then. Any thread. */
void dispatch_notice(void *context, const struct push_notice *notice);

/* After the engine that uses it and after push and telephony were destroyed. */
void dispatch_destroy(struct dispatch **dispatch);

/* What to hand to engine_create(). */
struct engine_dispatcher dispatch_interface(struct dispatch *dispatch);

/* Where outcomes go, and the base of outcome_url ("https://…", no slash at the end; copied). Before
 * engine_start(). */
enum status dispatch_bind(struct dispatch *dispatch, struct engine *engine, const char *public_url,
                          struct error *error) MUST_CHECK;

#endif
