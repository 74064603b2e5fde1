#include "gateway/rota/range_private.h"

#include "gateway/rota/calendar_private.h"
#include "gateway/rota/rota.h"

#define ZONE_ARENA_BYTES_MAX (128u << 10)

enum status range_open(struct range *range, const char *zone, struct wall_time from,
                       struct wall_time to, struct error *error)
{
    *range = (struct range){.from_ms = from.ms, .to_ms = to.ms};
    if (from.ms < 0 || to.ms < from.ms || to.ms > ROTA_TIME_MS_MAX) {
        return error_set(error, STATUS_INVALID, "a rota is compiled from 1970 to 9999, forwards");
    }
    struct zone *loaded = NULL;
    range->arena = arena_create(ZONE_ARENA_BYTES_MAX);
    enum status status =
        range->arena == NULL ? STATUS_NO_MEMORY : zone_load(zone, range->arena, &loaded);
    range->zone = loaded;
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    return status == STATUS_NOT_FOUND
               ? error_set(error, status, "no such time zone")
               : error_set(error, status, "reading the time zone: %s", status_text(status));
}

void range_close(struct range *range)
{
    arena_destroy(&range->arena);
}

struct wall_time range_end(struct wall_time from, int64_t length_ms)
{
    return from.ms > ROTA_TIME_MS_MAX
               ? from
               : (struct wall_time){earlier_ms(from.ms + length_ms, ROTA_TIME_MS_MAX)};
}

int64_t range_utc_ms(const struct range *range, int64_t local_s)
{
    return zone_utc_s(range->zone, local_s) * 1000;
}

int64_t range_utc_last_ms(const struct range *range, int64_t local_s)
{
    return zone_utc_last_s(range->zone, local_s) * 1000;
}

int64_t range_first_day(const struct range *range)
{
    int64_t utc_s = calendar_floor_divide(range->from_ms, 1000);
    return calendar_floor_divide(utc_s + zone_offset_s(range->zone, utc_s), SECONDS_PER_DAY);
}

enum status range_add(const struct range *range, enum range_width width, int64_t from_local_s,
                      int64_t to_local_s, struct spans *windows)
{
    int64_t from_ms = width == RANGE_WIDE ? range_utc_ms(range, from_local_s)
                                          : range_utc_last_ms(range, from_local_s);
    int64_t to_ms = width == RANGE_WIDE ? range_utc_last_ms(range, to_local_s)
                                        : range_utc_ms(range, to_local_s);
    return spans_add(windows, later_ms(range->from_ms, from_ms), earlier_ms(range->to_ms, to_ms),
                     NULL);
}
