/* recurrence_private.h - recurrence rules (RFC 5545, section 3.3.10) on local times, by libical.
 *
 * A rule sees the local clock alone; what a local time is in UTC is zone_private.h's business.
 *
 * Not every rule is taken. FREQ below DAILY counts hours that the local clock skips or shows twice;
 * BYHOUR of a daily rule says what is meant. Some shapes libical 3.0.16 gets wrong, and there is
 * always another way to write them: BYWEEKNO, BYYEARDAY, BYMONTHDAY of a daily rule or of a yearly
 * one without BYMONTH, BYSETPOS of a weekly rule or beside times. RSCALE and SKIP are for other
 * calendars (RFC 7529). libical knows no date after 2582.
 */
#ifndef GATEWAY_ROTA_RECURRENCE_PRIVATE_H
#define GATEWAY_ROTA_RECURRENCE_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/status.h"

#define RECURRENCE_BYTES_MAX 512

struct recurrence;
struct icalrecurrencetype; /* libical's */

/* Makes libical's errors return values instead of aborts, once in a process; recurrence_open() does
 * it, other users of libical have to. */
void recurrence_prepare_libical(void);

/* Reads a rule, if it is one that is taken; times of a day are in order, none of them twice. It
 * owns nothing. STATUS_INVALID: no rule, or one of those above. */
enum status recurrence_read_rule(const char *text, struct icalrecurrencetype *rule_r,
                                 struct error *error) MUST_CHECK;

/* Begins a rule ("FREQ=WEEKLY;BYDAY=MO,FR") at its DTSTART, a local time in seconds since
 * 1970-01-01T00:00, up to end_local_s (inclusive). The caller closes it. STATUS_INVALID: no rule,
 * one of those above, or one without any date; STATUS_NO_MEMORY. */
enum status recurrence_open(const char *rule, int64_t start_local_s, int64_t end_local_s,
                            struct recurrence **recurrence_r, struct error *error) MUST_CHECK;

/* The next local time that the rule makes, from DTSTART on and including it if it fits the rule;
 * false when there is none up to the end. */
bool recurrence_next(struct recurrence *recurrence, int64_t *local_s_r);

/* Whether the rule says itself when it ends (COUNT, UNTIL). */
bool recurrence_ends(const struct recurrence *recurrence);

/* Whether the rule names times of day (BYHOUR, BYMINUTE, BYSECOND). */
bool recurrence_has_times(const struct recurrence *recurrence);

/* Frees it and NULLs the pointer; NULL is fine. */
void recurrence_close(struct recurrence **recurrence);

#endif
