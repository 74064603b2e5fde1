/* retry.h - when to try again: Retry-After, jittered backoff, and the dates that HTTP writes.
 * Pure. */
#ifndef APNS_FCM_RETRY_H
#define APNS_FCM_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/random.h"
#include "gateway/base/status.h"
#include "gateway/base/time.h"

/* No Retry-After was given, or none that can be understood. */
#define RETRY_AFTER_NONE_MS (-1)

/* Reads an IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7); the two
 * obsolete forms are STATUS_INVALID. */
enum status http_date_parse(const char *text, size_t bytes, struct wall_time *time_r) MUST_CHECK;

/* Reads Retry-After (RFC 9110, section 10.2.3), seconds or a date; a date that has passed is 0.
 * At most a day. */
int64_t retry_after_ms(const char *text, struct wall_time now);

/* A moment between half and all of base_ms · 2^step, the latter capped. */
int64_t backoff_ms(unsigned step, int64_t base_ms, int64_t cap_ms,
                   const struct random_source *random);

/* How long a job waits after its retries-th retry (0: this is the first), with `left_ms` until its
 * deadline. The first comes quickly, later ones back off with jitter. What the provider asked for
 * is obeyed, but the deadline beats it: then one last try is made shortly before the deadline.
 * Negative when no time is left for another try. */
int64_t retry_wait_ms(unsigned retries, int64_t asked_ms, int64_t left_ms,
                      const struct random_source *random);

#endif
