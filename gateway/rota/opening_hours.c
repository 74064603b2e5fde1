#include "gateway/rota/opening_hours.h"

#include "gateway/rota/calendar_private.h"
#include "gateway/rota/opening_hours_private.h"
#include "gateway/rota/rota.h"

#define DAY_MS (SECONDS_PER_DAY * 1000)

static const struct opening_day *exception_of(const struct opening_hours *hours, int64_t date_days)
{
    size_t low = 0, high = hours->exceptions_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (hours->exceptions[middle].date_days < date_days) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < hours->exceptions_count && hours->exceptions[low].date_days == date_days;
    return found ? &hours->exceptions[low].day : NULL;
}

/* What holds on a date. */
static const struct opening_day *day_of(const struct opening_hours *hours,
                                        const struct holidays *holidays, int64_t date_days)
{
    const struct opening_day *exception = exception_of(hours, date_days);
    if (exception != NULL) {
        return exception;
    }
    if (hours->heeds_holidays && holidays_find(holidays, (int32_t)date_days, NULL)) {
        return &hours->holidays;
    }
    return &hours->week[calendar_weekday(date_days) - 1];
}

enum status opening_hours_windows(const struct opening_hours *hours,
                                  const struct holidays *holidays, const struct range *range,
                                  enum range_width width, struct spans *windows)
{
    enum status status = STATUS_OK;
    /* A window that opened the day before may reach into this one, and the clock be set back into
     * that day again. */
    int64_t day = range_first_day(range) - 2;
    for (; status == STATUS_OK && range_utc_ms(range, day * SECONDS_PER_DAY) < range->to_ms;
         day++) {
        const struct opening_day *open = day_of(hours, holidays, day);
        for (size_t i = 0; status == STATUS_OK && i < open->windows_count; i++) {
            status = range_add(range, width, day * SECONDS_PER_DAY + open->windows[i].from_s,
                               day * SECONDS_PER_DAY + open->windows[i].to_s, windows);
        }
    }
    spans_join(windows);
    return status;
}

/* Opening hours between two moments, as spans that the caller frees also after a failure. */
static enum status compile(const struct opening_hours *hours, const struct holidays *holidays,
                           const char *zone, struct wall_time from, struct wall_time to,
                           struct spans *open_r, struct error *error)
{
    struct range range;
    if (hours->heeds_holidays && holidays == NULL) {
        return error_set(error, STATUS_INVALID,
                         "the opening hours say what holds on holidays: hand them in, or leave out "
                         "\"holidays\"");
    }
    enum status status = range_open(&range, zone, from, to, error);
    if (status == STATUS_OK) {
        status = opening_hours_windows(hours, holidays, &range, RANGE_WIDE, open_r);
        if (status != STATUS_OK) {
            (void)error_set(error, status, "compiling the opening hours: %s", status_text(status));
        }
    }
    range_close(&range);
    return status;
}

enum status opening_hours_compile(const struct opening_hours *hours,
                                  const struct holidays *holidays, const char *zone,
                                  struct wall_time from, struct wall_time to, struct arena *arena,
                                  struct opening_interval **intervals_r, size_t *count_r,
                                  struct error *error)
{
    struct spans open = {0};
    enum status status = compile(hours, holidays, zone, from, to, &open, error);
    struct opening_interval *intervals =
        status == STATUS_OK ? arena_alloc(arena, open.count * sizeof *intervals) : NULL;
    if (intervals != NULL) {
        for (size_t i = 0; i < open.count; i++) {
            intervals[i].from.ms = open.items[i].from_ms;
            intervals[i].to.ms = open.items[i].to_ms;
        }
        *intervals_r = intervals;
        *count_r = open.count;
    } else if (status == STATUS_OK) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory for the opening hours");
    }
    spans_fini(&open);
    return status;
}

enum status opening_hours_are_open(const struct opening_hours *hours,
                                   const struct holidays *holidays, const char *zone,
                                   struct wall_time at, bool *open_r, struct error *error)
{
    struct spans open = {0};
    enum status status = compile(hours, holidays, zone, at, range_end(at, 1), &open, error);
    if (status == STATUS_OK) {
        *open_r = open.count > 0;
    }
    spans_fini(&open);
    return status;
}

enum status opening_hours_next(const struct opening_hours *hours, const struct holidays *holidays,
                               const char *zone, struct wall_time at, struct wall_time *opens_r,
                               struct error *error)
{
    /* Most open again within days: look a week ahead, then twice as far. */
    struct spans open = {0};
    enum status status = STATUS_OK;
    int64_t days = 8;
    do {
        struct wall_time to = range_end(at, earlier_ms(days, OPENING_SEARCH_DAYS) * DAY_MS);
        open.count = 0;
        status = compile(hours, holidays, zone, at, to, &open, error);
        days *= 2;
    } while (status == STATUS_OK && open.count == 0 && days < 2 * OPENING_SEARCH_DAYS);
    if (status == STATUS_OK) {
        *opens_r = open.count > 0 ? (struct wall_time){open.items[0].from_ms} : WALL_NEVER;
    }
    spans_fini(&open);
    return status;
}
