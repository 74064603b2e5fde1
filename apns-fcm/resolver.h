/* resolver.h - looks names up without stopping the loop: getaddrinfo(3) runs in a thread of its
 * own, whose answer comes back as an event. A look-up that is given up leaves its thread to end by
 * itself, as getaddrinfo cannot be interrupted; their number is bounded. */
#ifndef APNS_FCM_RESOLVER_H
#define APNS_FCM_RESOLVER_H

#include <netdb.h>

#include "apns-fcm/loop.h"

struct resolve;

/* addresses (NULL: none, and `reason` is a fixed word) become the callee's, who frees them with
 * freeaddrinfo(). The resolve is gone. Called from the loop. */
typedef void resolve_done(void *context, struct addrinfo *addresses, const char *reason);

/* Whose word the name is: strangers' names that hang must not keep our own from being looked up. */
enum resolve_trust { RESOLVE_OWN, RESOLVE_STRANGERS };

/* Begins to look host and port up for TCP. Numeric addresses are answered by a call of `done` at
 * once, with *resolve_r NULL. STATUS_FULL when too many look-ups hang: 16 in the process, 8 of them
 * for strangers. */
enum status resolve_start(struct loop *loop, const char *host, const char *port,
                          enum resolve_trust trust, resolve_done *done, void *context,
                          struct resolve **resolve_r) MUST_CHECK;

/* Forgets the look-up and NULLs; `done` will not be called. NULL is fine. */
void resolve_cancel(struct resolve **resolve);

#endif
