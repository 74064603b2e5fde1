/* rota_publication.h - what the agents were told of a rota, what it says now, and how long before
 * they hear of each difference.
 *
 * Code du travail, L3121-12 and R3121-3: each employee learns of his on-call duty 15 days ahead, in
 * exceptional circumstances at least one clear day ahead ("jour franc": neither the day of the
 * notice nor that of the beginning counts), by any means that proves the date. Days are those of
 * the customer's clock.
 */
#ifndef GATEWAY_ROTA_ROTA_PUBLICATION_H
#define GATEWAY_ROTA_ROTA_PUBLICATION_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/status.h"
#include "gateway/base/time.h"
#include "gateway/rota/rota.h"

#define ROTA_NOTICE_DAYS_DEFAULT 15
#define ROTA_NOTICE_DAYS_MAX     60
#define ROTA_CLEAR_DAY_DAYS      2 /* from the day of the notice to one behind a whole day */
#define ROTA_CHANGES_MAX         ROTA_INTERVALS_MAX

/* From (inclusive) to (exclusive). */
struct rota_period {
    struct wall_time from;
    struct wall_time to;
};

/* What was told once: of its period these shifts and no others, whatever was told before. */
struct rota_publication {
    struct rota_period period;
    const struct rota_interval *shifts; /* in any order, none at the same time as another */
    size_t shifts_count;
};

/* What was told of a time, the last word on each moment of it. */
struct rota_told {
    struct rota_interval *shifts; /* in order */
    size_t shifts_count;
    struct rota_period *periods; /* in order, apart: of which anything was told at all */
    size_t periods_count;
};

enum rota_change_kind {
    ROTA_NEW,       /* on call at a time of which nothing was told */
    ROTA_ADDED,     /* at one of which something was told, and not this */
    ROTA_EXTENDED,  /* as added, by a shift that was told in part */
    ROTA_REMOVED,   /* told, and not on call any more */
    ROTA_SHORTENED, /* as removed, of a shift of which a part stays */
    ROTA_CHANGE_KINDS_COUNT,
};

enum rota_notice {
    ROTA_IN_TIME,   /* as many days ahead as are due */
    ROTA_SHORT,     /* fewer, but a clear day lies between */
    ROTA_TOO_SHORT, /* not even that */
    ROTA_NOTICES_COUNT,
};

/* A part of one agent's shift that is not what was told. */
struct rota_change {
    enum rota_change_kind kind;
    struct wall_time from;
    struct wall_time to;
    char agent[SLUG_BYTES_MAX];
    int notice_days; /* midnights from the notice to `from`; 0: it has begun */
    enum rota_notice notice;
};

/* When the agents hear of it, on which clock, and how many days ahead are due. */
struct rota_hearing {
    const char *zone;
    struct wall_time at;
    int notice_days; /* 1 to ROTA_NOTICE_DAYS_MAX */
};

/* Lays publications, the newest first, over each other within the period. Lives in the arena.
 * STATUS_TOO_LARGE: more than ROTA_INTERVALS_MAX shifts; STATUS_NO_MEMORY. On failure *told_r is
 * untouched. Any thread. */
enum status rota_told(const struct rota_publication *newest_first, size_t count,
                      const struct rota_period *period, struct arena *arena,
                      struct rota_told *told_r, struct error *error) MUST_CHECK;

/* Compares what was told of a time with what is planned for it, which both lie within: by agent,
 * part by part. In order of time, then of agents; in the arena. Whose turns are cut otherwise, but
 * who is on call at the same moments, has no change; a shift that moves without touching where it
 * was is removed and added. STATUS_TOO_LARGE: over ROTA_CHANGES_MAX; STATUS_NOT_FOUND,
 * STATUS_CORRUPT: the zone; STATUS_NO_MEMORY. On failure the outputs are untouched. Any thread. */
enum status rota_compare(const struct rota_told *told, const struct rota_interval *planned,
                         size_t planned_count, const struct rota_hearing *hearing,
                         struct arena *arena, struct rota_change **changes_r, size_t *count_r,
                         struct error *error) MUST_CHECK;

/* What is published when nobody says what: from the running minute to the end of the next month on
 * the zone's clock. Statuses of the zone as rota_compare(). */
enum status rota_publication_period(const char *zone, struct wall_time now,
                                    struct rota_period *period_r, struct error *error) MUST_CHECK;

/* "new", "added", …; "in_time", "short", "too_short". Never NULL. */
const char *rota_change_word(enum rota_change_kind kind);
const char *rota_notice_word(enum rota_notice notice);

#endif
