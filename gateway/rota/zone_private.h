/* zone_private.h - one time zone, read from the system's zoneinfo (package tzdata).
 *
 * The file is read here and not through libical or tzset(): libical 3.0.16 turns the transitions
 * into yearly rules and is then an hour off in the nights of the clock change in a dozen zones
 * (America/Miquelon, Atlantic/Azores, Africa/Cairo …), and tzset() is one zone for the process.
 */
#ifndef GATEWAY_ROTA_ZONE_PRIVATE_H
#define GATEWAY_ROTA_ZONE_PRIVATE_H

#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/status.h"

struct zone;

/* Reads a zone by its name ("Europe/Paris") into the arena; immutable afterwards, any thread.
 * STATUS_NOT_FOUND: no such zone; STATUS_CORRUPT: the file is not a TZif of version 2 or later
 * (RFC 8536), or counts leap seconds; STATUS_NO_MEMORY. */
enum status zone_load(const char *name, struct arena *arena, struct zone **zone_r) MUST_CHECK;

/* Reads a zone from the bytes of its file, which must outlive it; otherwise as zone_load(). */
enum status zone_read(const unsigned char *file, size_t bytes, struct arena *arena,
                      struct zone **zone_r) MUST_CHECK;

/* Seconds to add to UTC for local time at that moment. */
int32_t zone_offset_s(const struct zone *zone, int64_t utc_s);

/* The moment at which the local clock first shows local_s (seconds since 1970-01-01T00:00 local) or
 * more: of a time that comes twice the first, for one that is skipped the moment of the jump. */
int64_t zone_utc_s(const struct zone *zone, int64_t local_s);
/* The same, but of a time that comes twice the last. */
int64_t zone_utc_last_s(const struct zone *zone, int64_t local_s);

#endif
