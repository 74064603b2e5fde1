/* Reads the JSON form of opening hours. Every fault names its place, since people write these by
 * hand. */
#include "gateway/rota/opening_hours.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/rota/calendar_private.h"
#include "gateway/rota/parse_private.h"

/* {"days":[…],"from":…,"to":…}, until it goes to its days. */
struct weekly_window {
    bool days[7];
    struct opening_window window;
};

static void take_window(struct json_reader *reader, struct opening_window *window_r)
{
    parse_time_of_day(reader, "from", &window_r->from_s);
    parse_time_of_day(reader, "to", &window_r->to_s);
    if (window_r->to_s <= window_r->from_s) {
        window_r->to_s += (int32_t)SECONDS_PER_DAY;
    }
}

static enum status read_window(json_t *json, const char *pointer, struct arena *arena, void *item_r,
                               struct error *error)
{
    (void)arena;
    struct json_reader reader;
    json_reader_init(&reader, json, pointer, error);
    take_window(&reader, item_r);
    return json_reader_end(&reader);
}

static enum status take_windows(struct json_reader *above, const char *name, bool required,
                                struct arena *arena, struct opening_day *day_r)
{
    const struct parse_list list = {
        name, required, 0, OPENING_WINDOWS_MAX, sizeof(struct opening_window), read_window};
    void *windows = NULL;
    enum status status = parse_list(above, &list, arena, &windows, &day_r->windows_count);
    day_r->windows = windows;
    return status;
}

static void take_days(struct json_reader *reader, bool days_r[7])
{
    json_t *array = json_take_array(reader, "days", true, 1, 7);
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *word = json_string_value(json_array_get(array, i));
        int weekday = word != NULL ? parse_weekday_word(word) : 0;
        char name[POINTER_BYTES_MAX];
        (void)snprintf(name, sizeof name, "days/%zu", i);
        if (weekday == 0) {
            json_reader_fault(reader, name, "must be a weekday like monday");
            return;
        }
        if (days_r[weekday - 1]) {
            json_reader_fault(reader, name, "is there twice");
            return;
        }
        days_r[weekday - 1] = true;
    }
}

static enum status read_weekly(json_t *json, const char *pointer, struct arena *arena, void *item_r,
                               struct error *error)
{
    (void)arena;
    struct weekly_window *weekly = item_r;
    struct json_reader reader;
    json_reader_init(&reader, json, pointer, error);
    take_days(&reader, weekly->days);
    take_window(&reader, &weekly->window);
    return json_reader_end(&reader);
}

static enum status take_week(struct json_reader *above, struct arena *arena,
                             struct opening_hours *hours)
{
    const struct parse_list list = {
        "weekly", true, 1, OPENING_WINDOWS_MAX, sizeof(struct weekly_window), read_weekly};
    void *items = NULL;
    size_t count = 0;
    enum status status = parse_list(above, &list, arena, &items, &count);
    const struct weekly_window *weekly = items;
    for (size_t d = 0; status == STATUS_OK && d < 7; d++) {
        struct opening_day *day = &hours->week[d];
        day->windows = arena_alloc(arena, count * sizeof day->windows[0]);
        if (day->windows == NULL) {
            return error_set(above->error, STATUS_NO_MEMORY, "the opening hours are too large");
        }
        for (size_t i = 0; i < count; i++) {
            if (weekly[i].days[d]) {
                day->windows[day->windows_count++] = weekly[i].window;
            }
        }
    }
    return status;
}

static enum status read_exception(json_t *json, const char *pointer, struct arena *arena,
                                  void *item_r, struct error *error)
{
    struct opening_exception *exception = item_r;
    struct json_reader reader;
    json_reader_init(&reader, json, pointer, error);
    parse_date(&reader, "date", true, &exception->date_days);
    if (reader.status != STATUS_OK) {
        return reader.status;
    }
    enum status status = take_windows(&reader, "windows", true, arena, &exception->day);
    return status != STATUS_OK ? status : json_reader_end(&reader);
}

static int compare_exceptions(const void *left, const void *right)
{
    const struct opening_exception *a = left, *b = right;
    return (a->date_days > b->date_days) - (a->date_days < b->date_days);
}

static enum status take_exceptions(struct json_reader *above, struct arena *arena,
                                   struct opening_hours *hours)
{
    const struct parse_list list = {
        "exceptions",  false, 0, OPENING_EXCEPTIONS_MAX, sizeof(struct opening_exception),
        read_exception};
    void *items = NULL;
    size_t count = 0;
    enum status status = parse_list(above, &list, arena, &items, &count);
    if (status != STATUS_OK || count == 0) {
        return status;
    }
    qsort(items, count, list.item_bytes, compare_exceptions);
    hours->exceptions = items;
    hours->exceptions_count = count;
    for (size_t i = 1; i < count; i++) {
        if (hours->exceptions[i].date_days == hours->exceptions[i - 1].date_days) {
            json_reader_fault(above, list.name, "has one date twice: put its windows together");
        }
    }
    return above->status;
}

static enum status read_hours(struct json_reader *reader, struct arena *arena,
                              struct opening_hours *hours)
{
    enum status status = take_week(reader, arena, hours);
    hours->heeds_holidays = json_reader_has(reader, "holidays");
    if (status == STATUS_OK) {
        status = take_windows(reader, "holidays", false, arena, &hours->holidays);
    }
    if (status == STATUS_OK) {
        status = take_exceptions(reader, arena, hours);
    }
    return status != STATUS_OK ? status : json_reader_end(reader);
}

enum status opening_hours_parse(const char *json, size_t json_bytes, struct arena *arena,
                                struct opening_hours **hours_r, struct error *error)
{
    json_t *document;
    enum status status = json_parse(json, json_bytes, &document, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct json_reader reader;
    json_reader_init(&reader, document, "", error);
    struct opening_hours *hours = arena_alloc(arena, sizeof *hours);
    status = hours == NULL ? error_set(error, STATUS_NO_MEMORY, "the opening hours are too large")
                           : read_hours(&reader, arena, hours);
    if (status == STATUS_OK) {
        *hours_r = hours;
    }
    json_decref(document);
    return status;
}
