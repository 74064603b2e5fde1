#include "gateway/daemon/rota_adapter.h"

#include <string.h>

#include "gateway/base/text.h"
#include "gateway/rota/holidays.h"
#include "gateway/rota/moment.h"
#include "gateway/rota/opening_hours.h"
#include "gateway/rota/rota.h"

#define DAY_MS INT64_C(86400000)
/* Local dates lie within a day of those of UTC, and windows reach into the next. */
#define DAYS_AROUND 2
/* Somebody is open for longer than two weeks without a break: for the desk that is always. */
#define OPEN_DAYS_AHEAD 15

#define THURSDAY 3 /* 1970-01-01, from Monday */

struct engine_calendar {
    struct opening_hours *hours; /* NULL: none */
    struct holidays *holidays;   /* NULL: none */
    bool has_file;
    struct wall_time from; /* of a file, what lies within is known */
    struct wall_time until;
};

static struct rota_context context_of(const struct engine_calendar *calendar)
{
    return calendar != NULL ? (struct rota_context){.opening_hours = calendar->hours,
                                                    .holidays = calendar->holidays}
                            : (struct rota_context){.opening_hours = NULL};
}

static enum status parse(const char *definition, struct arena *arena, struct rota **rota_r,
                         struct error *error)
{
    return rota_parse(definition, strlen(definition), arena, rota_r, error);
}

static enum status check(void *context, const char *definition,
                         const struct engine_calendar *calendar, struct error *error)
{
    (void)context;
    const struct rota_context has = context_of(calendar);
    struct arena *arena = arena_create(0);
    struct rota *rota;
    if (arena == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the rota");
    }
    enum status status = parse(definition, arena, &rota, error);
    if (status == STATUS_OK) {
        status = rota_check(rota, &has, error);
    }
    arena_destroy(&arena);
    return status;
}

static bool zone_is_known(void *context, const char *zone)
{
    (void)context;
    return rota_zone_is_known(zone);
}

static int32_t day_of(struct wall_time time)
{
    int64_t days = time.ms / DAY_MS;
    return (int32_t)(days < 0 ? 0 : days > HOLIDAYS_DATE_MAX ? HOLIDAYS_DATE_MAX : days);
}

/* Of the file what lies around [from, to). */
static enum status read_file(const char *ics, struct wall_time from, struct wall_time to,
                             struct arena *arena, struct holidays *holidays, struct error *error)
{
    struct holiday *days = NULL;
    size_t count = 0;
    from.ms -= DAYS_AROUND * DAY_MS;
    to.ms += DAYS_AROUND * DAY_MS;
    enum status status =
        holidays_read_ics(ics, strlen(ics), day_of(from), day_of(to), arena, &days, &count, error);
    if (status == STATUS_OK) {
        holidays->days = days;
        holidays->days_count = count;
    }
    return status;
}

static enum status read_calendar(void *context, const struct engine_calendar_texts *texts,
                                 struct wall_time from, struct wall_time to, struct arena *arena,
                                 const struct engine_calendar **calendar_r, struct error *error)
{
    (void)context;
    struct engine_calendar *calendar = arena_alloc(arena, sizeof *calendar);
    struct holidays *holidays = arena_alloc(arena, sizeof *holidays);
    if (calendar == NULL || holidays == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the calendar");
    }
    enum status status = STATUS_OK;
    if (texts->opening_hours != NULL) {
        status = opening_hours_parse(texts->opening_hours, strlen(texts->opening_hours), arena,
                                     &calendar->hours, error);
        status = status == STATUS_OK ? status : error_move_into(error, status, "/opening_hours");
    }
    if (status == STATUS_OK && texts->holidays != NULL) {
        status = holidays_variant_parse(texts->holidays, &holidays->variant, error);
        status = status == STATUS_OK ? status : error_move_into(error, status, "/holidays");
    }
    if (status == STATUS_OK && texts->holidays_ics != NULL) {
        status = read_file(texts->holidays_ics, from, to, arena, holidays, error);
    }
    if (status == STATUS_OK) {
        bool any = texts->holidays != NULL || texts->holidays_ics != NULL;
        calendar->holidays = any ? holidays : NULL;
        calendar->has_file = texts->holidays_ics != NULL;
        calendar->from = from;
        calendar->until = to;
        *calendar_r = calendar;
    }
    return status;
}

/* Outside of what was read of a file every day would be none of its holidays: wrong, and in
 * silence. */
static enum status check_reach(const struct rota *rota, const struct engine_calendar *calendar,
                               struct wall_time from, struct wall_time to, struct error *error)
{
    if (calendar == NULL || !calendar->has_file ||
        (from.ms >= calendar->from.ms && to.ms <= calendar->until.ms)) {
        return STATUS_OK;
    }
    const struct rota_context without = {.opening_hours = calendar->hours};
    if (rota_check(rota, &without, NULL) == STATUS_OK) {
        return STATUS_OK; /* it does not ask for holidays */
    }
    char first[RFC3339_BYTES_MAX], last[RFC3339_BYTES_MAX];
    wall_time_format(calendar->from, first);
    wall_time_format(calendar->until, last);
    return error_set(error, STATUS_INVALID,
                     "the customer's file of holidays is known from %s to %s: ask about a time "
                     "within",
                     first, last);
}

enum status rota_adapter_open(const char *definition, const struct engine_calendar *calendar,
                              struct wall_time from, struct wall_time to, struct arena *arena,
                              struct rota **rota_r, struct rota_context *context_r,
                              struct error *error)
{
    struct rota *rota;
    enum status status = parse(definition, arena, &rota, error);
    if (status == STATUS_OK) {
        status = check_reach(rota, calendar, from, to, error);
    }
    if (status == STATUS_OK) {
        *rota_r = rota;
        *context_r = context_of(calendar);
    }
    return status;
}

/* Intervals cut to [from, to), or whole shifts. */
static enum status make(bool whole, const char *definition, const struct engine_calendar *calendar,
                        const char *zone, struct wall_time from, struct wall_time to,
                        struct arena *arena, struct engine_rota_interval **intervals_r,
                        size_t *count_r, struct error *error)
{
    struct rota *rota;
    struct rota_context has;
    struct rota_interval *found;
    size_t count;
    enum status status =
        rota_adapter_open(definition, calendar, from, to, arena, &rota, &has, error);
    if (status == STATUS_OK && whole) {
        status = rota_shifts(rota, &has, zone, from, to, arena, &found, &count, error);
    } else if (status == STATUS_OK) {
        status = rota_compile(rota, &has, zone, from, to, arena, &found, &count, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct engine_rota_interval *intervals = rota_adapter_copy(found, count, arena);
    if (intervals == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the rota");
    }
    *intervals_r = intervals;
    *count_r = count;
    return STATUS_OK;
}

static enum status compile(void *context, const char *definition,
                           const struct engine_calendar *calendar, const char *zone,
                           struct wall_time from, struct wall_time to, struct arena *arena,
                           struct engine_rota_interval **intervals_r, size_t *count_r,
                           struct error *error)
{
    (void)context;
    return make(false, definition, calendar, zone, from, to, arena, intervals_r, count_r, error);
}

static enum status shifts(void *context, const char *definition,
                          const struct engine_calendar *calendar, const char *zone,
                          struct wall_time from, struct wall_time to, struct arena *arena,
                          struct engine_rota_interval **shifts_r, size_t *count_r,
                          struct error *error)
{
    (void)context;
    return make(true, definition, calendar, zone, from, to, arena, shifts_r, count_r, error);
}

static enum status replace(void *context, const char *definition, struct wall_time from,
                           struct wall_time to, const char *agent, struct arena *arena,
                           const char **definition_r, struct error *error)
{
    (void)context;
    return rota_add_replacement(definition, strlen(definition), from, to, agent, arena,
                                definition_r, error);
}

struct engine_rota_interval *rota_adapter_copy(const struct rota_interval *intervals, size_t count,
                                               struct arena *arena)
{
    struct engine_rota_interval *copies = arena_alloc(arena, count * sizeof *copies);
    for (size_t i = 0; copies != NULL && i < count; i++) {
        copies[i].from = intervals[i].from;
        copies[i].to = intervals[i].to;
        copies[i].agent = intervals[i].agent;
    }
    return copies;
}

static enum status is_open(void *context, const struct engine_calendar *calendar, const char *zone,
                           struct wall_time at, bool *open_r, struct error *error)
{
    (void)context;
    return opening_hours_are_open(calendar->hours, calendar->holidays, zone, at, open_r, error);
}

static enum status next_opening(void *context, const struct engine_calendar *calendar,
                                const char *zone, struct wall_time at, struct wall_time *opens_r,
                                struct error *error)
{
    (void)context;
    return opening_hours_next(calendar->hours, calendar->holidays, zone, at, opens_r, error);
}

/* The end of the opening that `at` lies in; windows that touch are one. */
static enum status find_closing(const struct engine_calendar *calendar, const char *zone,
                                struct wall_time at, struct wall_time *until_r, struct error *error)
{
    const struct wall_time horizon = {at.ms + OPEN_DAYS_AHEAD * DAY_MS};
    struct arena *arena = arena_create(0);
    struct opening_interval *intervals;
    size_t count;
    if (arena == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the opening hours");
    }
    enum status status = opening_hours_compile(calendar->hours, calendar->holidays, zone, at,
                                               horizon, arena, &intervals, &count, error);
    if (status == STATUS_OK) {
        struct wall_time until = at;
        for (size_t i = 0; i < count && intervals[i].from.ms <= until.ms; i++) {
            until = intervals[i].to;
        }
        *until_r = until.ms >= horizon.ms ? WALL_NEVER : until;
    }
    arena_destroy(&arena);
    return status;
}

static enum status open_until(void *context, const struct engine_calendar *calendar,
                              const char *zone, struct wall_time at, bool *open_r,
                              struct wall_time *until_r, struct error *error)
{
    enum status status = is_open(context, calendar, zone, at, open_r, error);
    if (status != STATUS_OK) {
        return status;
    }
    return *open_r ? find_closing(calendar, zone, at, until_r, error)
                   : next_opening(context, calendar, zone, at, until_r, error);
}

static enum status local_time(void *context, const struct engine_calendar *calendar,
                              const char *zone, struct wall_time at, struct rules_clock *clock_r,
                              struct error *error)
{
    int32_t days, second;
    const struct holidays *holidays = calendar != NULL ? calendar->holidays : NULL;
    struct arena *arena = arena_create(0);
    (void)context;
    if (arena == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a time zone");
    }
    enum status status = moment_local(zone, at, arena, &days, &second, error);
    arena_destroy(&arena);
    if (status == STATUS_OK) {
        *clock_r = (struct rules_clock){
            .is_known = true,
            .weekday = (int)(((int64_t)days + THURSDAY) % 7),
            .minute = second / 60,
            .date_days = days,
            .holidays_known = holidays != NULL,
            .holiday = holidays != NULL && holidays_find(holidays, days, NULL),
            .holiday_yesterday = holidays != NULL && holidays_find(holidays, days - 1, NULL),
        };
    }
    return status;
}

struct engine_rotas rota_adapter(void)
{
    return (struct engine_rotas){.check = check,
                                 .zone_is_known = zone_is_known,
                                 .read_calendar = read_calendar,
                                 .compile = compile,
                                 .shifts = shifts,
                                 .replace = replace,
                                 .is_open = is_open,
                                 .next_opening = next_opening,
                                 .open_until = open_until,
                                 .local_time = local_time};
}
