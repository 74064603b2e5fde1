/* rota_import.h - plannings of other programs: the events of an iCalendar file (RFC 5545) become
 * replacements of a rota. What is not understood is refused with its place and the remedy, never
 * guessed: a wrong name would leave a night to somebody who does not know.
 *
 * An event is one shift: a start and an end at times of day, in UTC, in a zone (TZID: a name of the
 * IANA database, also behind a prefix as in "/example.com/Europe/Paris", or one of Windows' names
 * for the zones of France and its neighbours) or, without any, in the customer's. What VTIMEZONE
 * says of a zone is not read. A time that the clock skips is read as RFC 5545, section 3.3.5, says,
 * one that comes twice is the first. Recurring events, whole days and tentative events are refused;
 * cancelled ones are left out.
 *
 * Whose shift it is, is said by
 *  - X-ASTREINTE-AGENT, the agent's slug, as rota_feed.h writes it,
 *  - an ATTENDEE whose CN is an agent's name or slug; without a CN, or with one that is an address,
 *    the part of a mailto: before the '@' is compared with the slugs, its '.' and '_' read as '-'
 *    (rooms, resources and groups are passed over, as are attendees who are no agents),
 *  - SUMMARY, of which a whole part is an agent's name or slug. Parts are what stands between
 *    ':', ';', ',', '/', '|', brackets, en and em dashes and a '-' between spaces: "Astreinte
 *    principal : Paul Durand" names him, "Astreinte Paul Durand" does not.
 * Capitals make no difference. All that name somebody must name one and the same active agent.
 */
#ifndef GATEWAY_ROTA_ROTA_IMPORT_H
#define GATEWAY_ROTA_ROTA_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/rota/rota.h"

#define ROTA_IMPORT_BYTES_MAX      (1u << 20)
#define ROTA_IMPORT_EVENTS_MAX     2000
#define ROTA_IMPORT_SHIFT_DAYS_MAX 366  /* how long one shift may last */
#define ROTA_IMPORT_DAYS_AHEAD     1100 /* how far behind `from` shifts may begin */
#define ROTA_IMPORT_ZONES_MAX      16   /* in one file */
#define ROTA_IMPORT_CHANGES_MAX    2000

/* Whom events may name; texts borrowed. */
struct rota_import_agent {
    const char *slug;
    const char *name;
    bool active;
};

struct rota_import {
    const char *text; /* the file */
    size_t bytes;
    const char *zone;      /* the customer's */
    struct wall_time from; /* shifts that ended by then are left out */
    const struct rota_import_agent *agents;
    size_t agents_count;
};

/* What a file says. */
struct rota_import_shifts {
    struct rota_interval *shifts; /* by start; those that are there twice once */
    size_t count;
    size_t past;      /* left out, as they had ended */
    size_t cancelled; /* left out */
};

/* Reads the shifts of a file; they live in the arena. STATUS_INVALID: anything that the head of
 * this file excludes, shifts of two agents at the same time, or no shift at all behind `from`; the
 * error names the line, the event's UID and the remedy. STATUS_TOO_LARGE: a limit above.
 * STATUS_NOT_FOUND, STATUS_CORRUPT: the customer's zone; STATUS_NO_MEMORY. On failure *shifts_r is
 * untouched. Any thread. */
enum status rota_import_read(const struct rota_import *import, struct arena *arena,
                             struct rota_import_shifts *shifts_r, struct error *error) MUST_CHECK;

/* What is to become of a rota. */
struct rota_merge {
    const char *definition; /* as rota_parse() reads it; NULL: a rota of its own is made */
    const struct rota_interval *shifts;
    size_t shifts_count; /* not 0 */
    /* Replacements that are there already are removed when they lie within the period from the
     * first shift's start to the last one's end, or ended ROTA_FEED_DAYS_BACK before `from`.
     * Otherwise all stay. Swaps, absences and what reaches over the period's ends always stay; the
     * shifts come after them, so that they win. */
    bool replaces;
    struct wall_time from;
};

struct rota_merged {
    const char *definition; /* the same text as before when nothing was added or removed */
    struct rota_interval *added;
    size_t added_count;
    struct rota_interval *removed;
    size_t removed_count;
    size_t unchanged; /* shifts that were there already, as they are */
};

/* Makes the definition of the rota with the shifts as replacements; it lives in the arena, as do
 * the lists. A rota of its own has no layers. STATUS_TOO_LARGE: it would have more than
 * ROTA_OVERRIDES_MAX overrides; STATUS_INVALID: the definition is no rota; STATUS_NO_MEMORY. On
 * failure *merged_r is untouched. Any thread. */
enum status rota_import_merge(const struct rota_merge *merge, struct arena *arena,
                              struct rota_merged *merged_r, struct error *error) MUST_CHECK;

/* A time during which somebody else is on call than before; "": nobody. */
struct rota_change {
    struct wall_time from;
    struct wall_time to;
    char before[SLUG_BYTES_MAX];
    char after[SLUG_BYTES_MAX];
};

/* The differences between two compiled rotas, in order; they live in the arena. *more_r: there are
 * more than ROTA_IMPORT_CHANGES_MAX, which are left out. STATUS_NO_MEMORY. Any thread. */
enum status rota_import_compare(const struct rota_interval *before, size_t before_count,
                                const struct rota_interval *after, size_t after_count,
                                struct arena *arena, struct rota_change **changes_r,
                                size_t *count_r, bool *more_r, struct error *error) MUST_CHECK;

#endif
