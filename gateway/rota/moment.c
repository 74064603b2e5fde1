#include "gateway/rota/moment.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "gateway/rota/calendar_private.h"
#include "gateway/rota/parse_private.h"
#include "gateway/rota/zone_private.h"

/* A local time: of a date, of a weekday, or of any day. */
struct said {
    bool has_date;
    int64_t days;
    int weekday; /* 1 Monday … 7; 0: none */
    int64_t seconds;
};

static const char *const french_weekdays[] = {"lundi",    "mardi",  "mercredi", "jeudi",
                                              "vendredi", "samedi", "dimanche"};

static int weekday_of_word(const char *word)
{
    int weekday = parse_weekday_word(word);
    for (int i = 0; weekday == 0 && i < 7; i++) {
        weekday = strcmp(word, french_weekdays[i]) == 0 ? i + 1 : 0;
    }
    return weekday;
}

/* "YYYY-MM-DD" or a weekday, `bytes` long. */
static bool read_day(const char *text, size_t bytes, struct said *said)
{
    char word[16];
    if (bytes >= sizeof word) {
        return false;
    }
    memcpy(word, text, bytes);
    word[bytes] = '\0';
    int32_t days;
    if (parse_date_text(word, &days)) {
        said->has_date = true;
        said->days = days;
        return true;
    }
    said->weekday = weekday_of_word(word);
    return said->weekday != 0;
}

static bool read_local(const char *text, struct said *said)
{
    size_t day_bytes = strcspn(text, " ");
    const char *time = text;
    int32_t seconds;
    /* A 'T' stands between date and time only; weekdays have none in front of their end. */
    if (text[day_bytes] == '\0' && strlen(text) > 10 && text[10] == 'T') {
        day_bytes = 10;
    }
    if (text[day_bytes] != '\0') {
        if (!read_day(text, day_bytes, said)) {
            return false;
        }
        time = text + day_bytes + 1;
    }
    if (!parse_time_text(time, &seconds)) {
        return false;
    }
    said->seconds = seconds;
    return true;
}

/* The first day from today on that is meant and whose time has not passed. */
static int64_t find_utc_s(const struct zone *zone, const struct said *said, int64_t now_s)
{
    if (said->has_date) {
        return zone_utc_s(zone, said->days * SECONDS_PER_DAY + said->seconds);
    }
    int64_t local_s = now_s + zone_offset_s(zone, now_s);
    int64_t today = local_s / SECONDS_PER_DAY;
    for (int64_t day = today; day <= today + 7; day++) {
        int64_t utc_s = zone_utc_s(zone, day * SECONDS_PER_DAY + said->seconds);
        if (utc_s >= now_s && (said->weekday == 0 || calendar_weekday(day) == said->weekday)) {
            return utc_s;
        }
    }
    return zone_utc_s(zone,
                      (today + 8) * SECONDS_PER_DAY + said->seconds); /* a clock that goes back */
}

static enum status load_zone(const char *name, struct arena *arena, struct zone **zone_r,
                             struct error *error)
{
    enum status status = zone_load(name, arena, zone_r);
    return status == STATUS_OK ? STATUS_OK
                               : error_set(error, status, "the time zone %s cannot be read", name);
}

enum status moment_parse(const char *text, const char *zone_name, struct wall_time now,
                         struct arena *arena, struct wall_time *moment_r, struct error *error)
{
    struct said said = {.days = 0};
    struct zone *zone;
    assert(text != NULL && zone_name != NULL && now.ms >= 0);
    if (wall_time_parse(text, moment_r) == STATUS_OK) {
        return STATUS_OK;
    }
    if (strlen(text) >= MOMENT_BYTES_MAX || !read_local(text, &said)) {
        return error_set(error, STATUS_INVALID,
                         "must be a time such as 2026-12-06T03:00 or \"sunday 03:00\" on the "
                         "customer's clock, or 2026-12-06T02:00:00Z");
    }
    enum status status = load_zone(zone_name, arena, &zone, error);
    if (status == STATUS_OK) {
        moment_r->ms = find_utc_s(zone, &said, (now.ms + 999) / 1000) * 1000;
    }
    return status;
}

enum status moment_week(const char *zone_name, struct wall_time now, int weeks, struct arena *arena,
                        struct wall_time *monday_r, struct error *error)
{
    struct zone *zone;
    enum status status = load_zone(zone_name, arena, &zone, error);
    if (status == STATUS_OK) {
        int64_t now_s = now.ms / 1000;
        int64_t day = calendar_floor_divide(now_s + zone_offset_s(zone, now_s), SECONDS_PER_DAY);
        int64_t monday = day - (calendar_weekday(day) - 1) + 7 * (int64_t)weeks;
        monday_r->ms = zone_utc_s(zone, monday * SECONDS_PER_DAY) * 1000;
    }
    return status;
}

enum status moment_local(const char *zone_name, struct wall_time at, struct arena *arena,
                         int32_t *date_days_r, int32_t *second_r, struct error *error)
{
    struct zone *zone;
    enum status status = load_zone(zone_name, arena, &zone, error);
    if (status == STATUS_OK) {
        int64_t at_s = calendar_floor_divide(at.ms, 1000);
        int64_t local_s = at_s + zone_offset_s(zone, at_s);
        int64_t days = calendar_floor_divide(local_s, SECONDS_PER_DAY);
        *date_days_r = (int32_t)days;
        *second_r = (int32_t)(local_s - days * SECONDS_PER_DAY);
    }
    return status;
}
