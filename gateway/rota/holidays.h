/* holidays.h - public holidays by local date: those of French law, and those of iCalendar files.
 *
 * Law: Code du travail, articles L3133-1 (all of France), L3134-13 (Alsace-Moselle) and L3422-2
 * (the days that commemorate the abolition of slavery overseas), as they stand, for every year.
 * What only custom or an agreement keeps is no holiday here: Shrove Tuesday, Good Friday or Victor
 * Schoelcher's day overseas, the Muslim feasts in Mayotte. Such days come from a file. In
 * Alsace-Moselle Good Friday is one by law only in communes with a Protestant or shared church; it
 * is always listed. Saint-Martin keeps the abolition on May 28, as its prefecture confirmed in
 * 2019; L3422-2 said May 27 until then.
 *
 * Dates are local, in days since 1970-01-01, and have no zone: a holiday is the whole local day.
 */
#ifndef GATEWAY_ROTA_HOLIDAYS_H
#define GATEWAY_ROTA_HOLIDAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/status.h"

#define HOLIDAYS_DATE_MAX        2932896    /* 9999-12-31 */
#define HOLIDAYS_ICS_BYTES_MAX   (1u << 18) /* of one file */
#define HOLIDAYS_EVENTS_MAX      2000       /* VEVENTs in one file */
#define HOLIDAYS_RECURRENCES_MAX 100        /* RRULEs in one file */
#define HOLIDAYS_EVENT_DAYS_MAX  366        /* days in a row that one VEVENT may last */
#define HOLIDAYS_DATES_MAX       5000       /* dates that one file may give within the window */
#define HOLIDAYS_WINDOW_DAYS_MAX 7306       /* twenty years */
#define HOLIDAY_NAME_BYTES_MAX   128

enum holidays_variant {
    HOLIDAYS_NONE, /* no holiday of the law */
    HOLIDAYS_FR,
    HOLIDAYS_FR_ALSACE_MOSELLE,
    HOLIDAYS_FR_GUADELOUPE,
    HOLIDAYS_FR_MARTINIQUE,
    HOLIDAYS_FR_GUYANE,
    HOLIDAYS_FR_REUNION,
    HOLIDAYS_FR_MAYOTTE,
    HOLIDAYS_FR_SAINT_BARTHELEMY,
    HOLIDAYS_FR_SAINT_MARTIN,
};

/* Names live as long as the calendar that they came from; those of a file are the same in both
 * languages. */
struct holiday {
    int32_t date_days;
    const char *name_fr;
    const char *name_en;
};

/* The holidays that somebody keeps: of the law, of a file (days), or of both. */
struct holidays {
    enum holidays_variant variant;
    const struct holiday *days; /* in order, each date once; borrowed */
    size_t days_count;
};

/* Finds a variant by its slug: "fr", "fr-alsace-moselle", "fr-guadeloupe", "fr-martinique",
 * "fr-guyane", "fr-reunion", "fr-mayotte", "fr-saint-barthelemy", "fr-saint-martin". STATUS_INVALID
 * with the slugs that there are. Any thread. */
enum status holidays_variant_parse(const char *slug, enum holidays_variant *variant_r,
                                   struct error *error) MUST_CHECK;

/* Whether the date is a holiday, and which (holiday_r may be NULL). Of two that fall on one date
 * the law's comes before the file's, and of the law's the first of its list. Never outside 1970 to
 * 9999. Any thread. */
bool holidays_find(const struct holidays *holidays, int32_t date_days, struct holiday *holiday_r);

/* The holidays of [from_days, to_days) in order, in the arena. STATUS_INVALID: to before from, or
 * outside 1970 to 9999; STATUS_NO_MEMORY. On failure the outputs are untouched. Any thread. */
enum status holidays_list(const struct holidays *holidays, int32_t from_days, int32_t to_days,
                          struct arena *arena, struct holiday **list_r, size_t *count_r,
                          struct error *error) MUST_CHECK;

/* Reads an iCalendar file (RFC 5545): each date within [from_days, to_days) on which an all-day
 * VEVENT lies, for struct holidays, in order and each once, named by its SUMMARY (of two on one
 * date the first in the alphabet). RRULE, RDATE and EXDATE are expanded; cancelled events are left
 * out. Outside of the window no date is a holiday: it has to hold what will be asked for. Text and
 * names are copied into the arena.
 *
 * STATUS_INVALID: no iCalendar, an event at a time of day, one with RECURRENCE-ID, or a rule that
 * recurrence_private.h excludes; the error names the line or the event's UID, and the remedy.
 * STATUS_TOO_LARGE: a limit above. STATUS_NO_MEMORY. On failure the outputs are untouched. Any
 * thread. */
enum status holidays_read_ics(const char *text, size_t bytes, int32_t from_days, int32_t to_days,
                              struct arena *arena, struct holiday **days_r, size_t *count_r,
                              struct error *error) MUST_CHECK;

#endif
