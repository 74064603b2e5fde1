/* range_private.h - the stretch of time that is compiled, and local times within it. */
#ifndef GATEWAY_ROTA_RANGE_PRIVATE_H
#define GATEWAY_ROTA_RANGE_PRIVATE_H

#include "gateway/base/time.h"
#include "gateway/rota/spans_private.h"
#include "gateway/rota/zone_private.h"

struct range {
    const struct zone *zone;
    int64_t from_ms;
    int64_t to_ms;
    struct arena *arena; /* the zone's */
};

/* Reads the zone for [from, to); range_close() gives it back, also after a failure. STATUS_INVALID:
 * to before from, or outside 1970 to 9999; STATUS_NOT_FOUND: unknown zone; STATUS_CORRUPT;
 * STATUS_NO_MEMORY. */
enum status range_open(struct range *range, const char *zone, struct wall_time from,
                       struct wall_time to, struct error *error) MUST_CHECK;
void range_close(struct range *range);

/* So long after a moment, and not after 9999; for a moment after it the moment itself, which
 * range_open() refuses. */
struct wall_time range_end(struct wall_time from, int64_t length_ms);

/* The moment, in UTC, of a local time in seconds since 1970-01-01T00:00 local. */
int64_t range_utc_ms(const struct range *range, int64_t local_s);
/* The same, but of a time that comes twice the last. */
int64_t range_utc_last_ms(const struct range *range, int64_t local_s);

/* The local date, in days since 1970-01-01, on which the range begins. */
int64_t range_first_day(const struct range *range);

/* What becomes of a window that begins or ends at a time which comes twice. Wide: it begins the
 * first time and ends the last, so that who is on duty in it leaves no gap. Narrow: the other way
 * round, for windows in which somebody is off duty. */
enum range_width { RANGE_WIDE, RANGE_NARROW };

/* Appends what lies within the range of a window in local time. */
enum status range_add(const struct range *range, enum range_width width, int64_t from_local_s,
                      int64_t to_local_s, struct spans *windows) MUST_CHECK;

#endif
