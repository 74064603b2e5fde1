/* moment.h - a moment as people say it: "sunday 03:00", on the clock of a zone. */
#ifndef GATEWAY_ROTA_MOMENT_H
#define GATEWAY_ROTA_MOMENT_H

#include "gateway/base/arena.h"
#include "gateway/base/status.h"
#include "gateway/base/time.h"

#define MOMENT_BYTES_MAX 40

/* Reads "2026-12-06T03:00:00Z" (RFC 3339, with any offset), or on the zone's clock
 * "2026-12-06T03:00", "2026-12-06 03:00:30", "sunday 03:00" or "dimanche 03:00" (the next one, not
 * before now), and "03:00" (likewise). A local time that comes twice is the first, one that the
 * clock skips the moment of the jump. The zone is read into the arena. Any thread.
 *
 * STATUS_INVALID: none of these forms; STATUS_NOT_FOUND: unknown zone; STATUS_CORRUPT: the zone's
 * file is damaged; STATUS_NO_MEMORY. On failure *moment_r is untouched. */
enum status moment_parse(const char *text, const char *zone, struct wall_time now,
                         struct arena *arena, struct wall_time *moment_r,
                         struct error *error) MUST_CHECK;

/* The beginning, on the zone's clock, of the Monday of now's week, or of one that many weeks later
 * (earlier: negative). Otherwise as moment_parse(). */
enum status moment_week(const char *zone, struct wall_time now, int weeks, struct arena *arena,
                        struct wall_time *monday_r, struct error *error) MUST_CHECK;

/* What the zone's clock shows: days since 1970-01-01, and the second of that day. Otherwise as
 * moment_parse(). */
enum status moment_local(const char *zone, struct wall_time at, struct arena *arena,
                         int32_t *date_days_r, int32_t *second_r, struct error *error) MUST_CHECK;

#endif
