/* rota_import_private.h - whom the words of an event name, and when its local times are. */
#ifndef GATEWAY_ROTA_ROTA_IMPORT_PRIVATE_H
#define GATEWAY_ROTA_ROTA_IMPORT_PRIVATE_H

#include "gateway/rota/rota_import.h"
#include "gateway/rota/zone_private.h"

#define MENTIONS_MAX 16 /* in one event; as many parts of a SUMMARY are looked at */

/* ---- rota_import_names.c ---- */

/* An agent by one of the names that it is called by, in small letters. */
struct name_entry {
    const char *folded;
    const struct rota_import_agent *agent;
};

/* All agents' names and slugs, in order. */
struct names {
    struct name_entry *entries;
    size_t count;
};

/* Each mention is a run of entries of equal names: more than one agent may bear it. */
struct mention {
    const struct name_entry *first;
    size_t count;
};

struct mentions {
    struct mention all[MENTIONS_MAX];
    size_t count;
};

/* STATUS_NO_MEMORY. */
enum status names_init(struct names *names, const struct rota_import *import, struct arena *arena,
                       struct error *error) MUST_CHECK;

/* Each adds what it finds. STATUS_NOT_FOUND: a slug that no agent has, or an attendee who is none;
 * STATUS_TOO_LARGE: more than MENTIONS_MAX, or parts of a text; STATUS_NO_MEMORY. */
enum status names_find_slug(const struct names *names, const char *slug,
                            struct mentions *mentions) MUST_CHECK;
/* cn may be NULL; address is "mailto:…" or another URI. */
enum status names_find_attendee(const struct names *names, const char *cn, const char *address,
                                struct arena *arena, struct mentions *mentions) MUST_CHECK;
enum status names_find_in_text(const struct names *names, const char *text, struct arena *arena,
                               struct mentions *mentions) MUST_CHECK;

/* The one agent whom all mentions name; NULL: there are none, or they name different ones, or two
 * agents bear the name. */
const struct rota_import_agent *names_agree(const struct mentions *mentions);

/* ---- rota_import_zones.c ---- */

struct zones {
    struct {
        const char *name;
        struct zone *zone;
    } all[ROTA_IMPORT_ZONES_MAX];
    size_t count;
    struct arena *arena;
};

/* The zone that a TZID means. STATUS_NOT_FOUND: none that is known; STATUS_TOO_LARGE: over
 * ROTA_IMPORT_ZONES_MAX; STATUS_CORRUPT; STATUS_NO_MEMORY. */
enum status zones_find(struct zones *zones, const char *tzid,
                       const struct zone **zone_r) MUST_CHECK;

/* The moment of a local time as RFC 5545, section 3.3.5, reads it: of two the first, a skipped one
 * with the offset that was in force before. Seconds since 1970. */
int64_t zones_utc_s(const struct zone *zone, int64_t local_s);

#endif
