/* nightly.h - coverage by itself: when it is due, what of it somebody must be told, and the report
 * that is kept.
 *
 * It is computed each day at one time on the customer's clock, and some time before each shift of
 * its rotas begins. What is told is what begins within the days of notice that the customer gives:
 * - Lasting: nobody is there, or cannot be reached. Told when it is new and again each day, and its
 *   end, too: alone, or in the words of what is new.
 * - The rest (too short a rest, publications, check-ins that nobody planned): told once.
 * - Not told: that a rota rests while the customer is open, or a procedure reaches nobody then,
 *   if the customer's rules wake nobody at that time. It stands in the report.
 * A finding is new when there was none of the same kind, about the same and with the same end that
 * began no later. So one that only comes nearer is not.
 *
 * Pure: any thread, no clock, no rows.
 */
#ifndef GATEWAY_COVERAGE_NIGHTLY_H
#define GATEWAY_COVERAGE_NIGHTLY_H

#include "gateway/coverage/coverage.h"

#define COVERAGE_ITEMS_KEPT_MAX 200 /* of a report */
#define COVERAGE_NEWS_BYTES_MAX 600
#define COVERAGE_NAMED_MAX      3 /* findings that an alarm names; the rest it counts */

/* The last moment, now or earlier, at which the zone's clock showed that minute of the day (0 to
 * 1439): of a time that comes twice the first, for one that is skipped the moment of the jump. The
 * zone is read into the arena. Statuses as moment_parse(). */
enum status coverage_last_night(const char *zone, int minute, struct wall_time now,
                                struct arena *arena, struct wall_time *night_r,
                                struct error *error) MUST_CHECK;

/* The last moment, now or earlier, that lies so long before the beginning of a shift; WALL_NEVER:
 * none within the last two days. As far as the directory's rotas are compiled. */
struct wall_time coverage_last_before_shift(const struct directory_customer *customer,
                                            int64_t before_ms, struct wall_time now);

struct coverage_reporting {
    const struct directory_customer *customer;
    const struct coverage *coverage; /* of that customer, at now */
    struct wall_time now;
    int days;
    bool night;             /* the time of the day: what lasts is told again */
    const char *known_keys; /* of the report before; NULL: nobody was told anything */
    int64_t known_lasting;  /* of the same */
};

/* Texts live in the arena. */
struct coverage_report {
    int64_t findings;   /* all of them, those beyond the limits, too */
    int64_t lasting;    /* that are to be told */
    const char *counts; /* {"gap":2,…}: kinds with findings that are in the coverage */
    const char *items;  /* the findings without words, at most COVERAGE_ITEMS_KEPT_MAX */
    int64_t more;       /* findings - items */
    const char *keys;   /* of all that is to be told; for the next report */
    const char *news;   /* words of the alarm without anybody's name; NULL: nothing to tell */
    bool over;          /* the news is that nothing of what was told lasts */
};

/* STATUS_NO_MEMORY. */
enum status coverage_report_make(const struct coverage_reporting *request,
                                 const struct engine_rotas *rotas, struct arena *arena,
                                 struct coverage_report *report_r, struct error *error) MUST_CHECK;

/* One item of a report, read; COVERAGE_KINDS_COUNT for a word of another version. */
enum coverage_kind coverage_kind_parse(const char *word);

#endif
