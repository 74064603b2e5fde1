/* opening_hours.h - when a customer is open: weekly windows, holidays, single dates.
 *
 * A window belongs to the local date on which it opens and may end on the next. So what a holiday
 * or an exception says holds for the windows that open on that date; one from the evening before
 * stays open into it. An exception goes before a holiday, a holiday before the week.
 *
 * Local times follow the wall as in rota.h. Every function may be called from any thread.
 */
#ifndef GATEWAY_ROTA_OPENING_HOURS_H
#define GATEWAY_ROTA_OPENING_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/status.h"
#include "gateway/base/time.h"
#include "gateway/rota/holidays.h"

#define OPENING_WINDOWS_MAX    16 /* that open on one date, and entries of "weekly" */
#define OPENING_EXCEPTIONS_MAX 512
#define OPENING_SEARCH_DAYS    800 /* how far opening_hours_next() looks ahead */

/* In seconds since the midnight of its date; to is later than from, at most by a day. */
struct opening_window {
    int32_t from_s;
    int32_t to_s;
};

/* Closed when there is none. */
struct opening_day {
    struct opening_window *windows;
    size_t windows_count;
};

struct opening_exception {
    int32_t date_days; /* local date, days since 1970-01-01 */
    struct opening_day day;
};

struct opening_hours {
    struct opening_day week[7]; /* from Monday */
    bool heeds_holidays;        /* `holidays` holds on them, instead of the week */
    struct opening_day holidays;
    struct opening_exception *exceptions; /* by date */
    size_t exceptions_count;
};

/* Open from (inclusive) to (exclusive). */
struct opening_interval {
    struct wall_time from;
    struct wall_time to;
};

/* Reads the JSON form: {"weekly":[{"days":["monday","friday"],"from":"08:00","to":"12:00"},…],
 * "holidays":[],"exceptions":[{"date":"2026-12-24","windows":[{"from":"08:00","to":"12:00"}]}]}. A
 * window whose "to" is at or before its "from" ends on the next date. "holidays" and "exceptions"
 * may be absent; without "holidays" they are days like others, with an empty list closed. Memory
 * comes from the arena. STATUS_INVALID with the JSON pointer of the fault, unknown fields
 * included; STATUS_NO_MEMORY: the arena is full. */
enum status opening_hours_parse(const char *json, size_t json_bytes, struct arena *arena,
                                struct opening_hours **hours_r, struct error *error) MUST_CHECK;

/* When it is open within [from, to), in order and without overlap, in the arena. `holidays` may be
 * NULL for hours that do not heed them. STATUS_INVALID: they do, or to before from, or outside 1970
 * to 9999; STATUS_NOT_FOUND: unknown zone; STATUS_TOO_LARGE: over ROTA_INTERVALS_MAX;
 * STATUS_CORRUPT: the zone's file is damaged; STATUS_NO_MEMORY. On failure the outputs are
 * untouched; so of the next two. */
enum status opening_hours_compile(const struct opening_hours *hours,
                                  const struct holidays *holidays, const char *zone,
                                  struct wall_time from, struct wall_time to, struct arena *arena,
                                  struct opening_interval **intervals_r, size_t *count_r,
                                  struct error *error) MUST_CHECK;

/* Whether it is open at the moment. */
enum status opening_hours_are_open(const struct opening_hours *hours,
                                   const struct holidays *holidays, const char *zone,
                                   struct wall_time at, bool *open_r,
                                   struct error *error) MUST_CHECK;

/* The first moment, `at` or later, at which it is open; WALL_NEVER when there is none within
 * OPENING_SEARCH_DAYS. */
enum status opening_hours_next(const struct opening_hours *hours, const struct holidays *holidays,
                               const char *zone, struct wall_time at, struct wall_time *opens_r,
                               struct error *error) MUST_CHECK;

#endif
