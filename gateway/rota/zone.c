/* A TZif file (RFC 8536) is a header, the data in 32 bits for old readers, the same again with a
 * header of its own in 64 bits, and a footer: the rule for all later years as a POSIX TZ text. */
#include "gateway/rota/zone_private.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/rota/calendar_private.h"

#define ZONEINFO_FOLDER     "/usr/share/zoneinfo"
#define ZONE_NAME_BYTES_MAX 64
#define ZONE_FILE_BYTES_MAX 65536
#define HEADER_BYTES        44
#define OFFSET_S_MAX        (26 * 3600) /* RFC 8536, section 3.2: -25 h to 26 h */
#define FOOTER_BYTES_MAX    128

enum change_form { CHANGE_MONTH_WEEK_DAY, CHANGE_JULIAN, CHANGE_DAY_OF_YEAR };

/* One half of a yearly rule: when summer time begins or ends. */
struct change {
    enum change_form form;
    int month, week, weekday; /* week 5 is the last; weekday 0 Sunday */
    int day;                  /* 1 to 365 without February 29, or 0 to 365 with it */
    int32_t time_s;           /* local time of day, may be negative or beyond a day */
};

struct zone {
    /* Borrowed from the file, big endian. */
    const unsigned char *times; /* 8 bytes each */
    const unsigned char *types; /* one byte each: what holds from that time on */
    const unsigned char *type_table;
    size_t times_count;
    size_t types_count;
    bool has_rule;   /* the footer tells what holds after the last time */
    bool has_summer; /* and it has two halves */
    int32_t standard_s;
    int32_t summer_s;
    struct change summer_begins;
    struct change summer_ends;
};

static uint32_t read_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t read_i64(const unsigned char *at)
{
    return (int64_t)((uint64_t)read_u32(at) << 32 | read_u32(at + 4));
}

/* The counts of a header, in the order of the file. */
struct counts {
    size_t utc, standard, leaps, times, types, characters;
};

static bool read_header(const unsigned char *file, size_t bytes, struct counts *counts_r)
{
    if (bytes < HEADER_BYTES || memcmp(file, "TZif", 4) != 0 || file[4] < '2') {
        return false;
    }
    *counts_r = (struct counts){read_u32(file + 20), read_u32(file + 24), read_u32(file + 28),
                                read_u32(file + 32), read_u32(file + 36), read_u32(file + 40)};
    return true;
}

/* Bytes of the data behind a header; SIZE_MAX when a count is out of all proportion. */
static size_t data_bytes(const struct counts *counts, size_t time_bytes)
{
    if (counts->times > ZONE_FILE_BYTES_MAX || counts->types > 256 ||
        counts->characters > ZONE_FILE_BYTES_MAX || counts->leaps > ZONE_FILE_BYTES_MAX ||
        counts->standard > 256 || counts->utc > 256) {
        return SIZE_MAX;
    }
    return counts->times * (time_bytes + 1) + counts->types * 6 + counts->characters +
           counts->leaps * (time_bytes + 4) + counts->standard + counts->utc;
}

/* Reads a number of one to three digits and moves on. */
static bool take_number(const char **at, int *number_r)
{
    int number = 0, digits = 0;
    for (; **at >= '0' && **at <= '9' && digits < 3; (*at)++, digits++) {
        number = number * 10 + (**at - '0');
    }
    *number_r = number;
    return digits > 0;
}

/* Reads [+-]hh[:mm[:ss]]. */
static bool take_hours(const char **at, int32_t *seconds_r)
{
    int sign = **at == '-' ? -1 : 1;
    int hours, minutes = 0, seconds = 0;
    if (**at == '-' || **at == '+') {
        (*at)++;
    }
    if (!take_number(at, &hours) || hours > 167) {
        return false;
    }
    if (**at == ':' && ((*at)++, !take_number(at, &minutes) || minutes > 59)) {
        return false;
    }
    if (**at == ':' && ((*at)++, !take_number(at, &seconds) || seconds > 59)) {
        return false;
    }
    *seconds_r = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

/* Passes an abbreviation: letters, or anything in <>. */
static bool skip_name(const char **at)
{
    if (**at == '<') {
        *at = strchr(*at, '>');
        if (*at == NULL) {
            return false;
        }
        (*at)++;
        return true;
    }
    size_t letters = strspn(*at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    *at += letters;
    return letters >= 3;
}

/* Reads ",Mm.w.d", ",Jn" or ",n", each with an optional "/time". */
static bool take_change(const char **at, struct change *change_r)
{
    struct change change = {.time_s = 2 * 3600};
    bool ok = *(*at)++ == ',';
    if (ok && **at == 'M') {
        (*at)++;
        ok = take_number(at, &change.month) && *(*at)++ == '.' && take_number(at, &change.week) &&
             *(*at)++ == '.' && take_number(at, &change.weekday);
        ok = ok && change.month >= 1 && change.month <= 12 && change.week >= 1 &&
             change.week <= 5 && change.weekday <= 6;
    } else if (ok) {
        change.form = **at == 'J' ? CHANGE_JULIAN : CHANGE_DAY_OF_YEAR;
        *at += **at == 'J';
        ok = take_number(at, &change.day) && change.day <= 365;
    }
    if (ok && **at == '/') {
        (*at)++;
        ok = take_hours(at, &change.time_s);
    }
    *change_r = change;
    return ok;
}

/* Reads the footer's text: POSIX.1-2017, section 8.3, as RFC 8536 section 3.3.1 extends it. */
static bool read_rule(const char *text, struct zone *zone)
{
    int32_t west_s;
    if (!skip_name(&text) || !take_hours(&text, &west_s)) {
        return false;
    }
    zone->has_rule = true;
    zone->standard_s = -west_s;
    if (*text == '\0') {
        return true;
    }
    zone->has_summer = true;
    zone->summer_s = zone->standard_s + 3600;
    if (!skip_name(&text)) {
        return false;
    }
    if (*text != ',') {
        if (!take_hours(&text, &west_s)) {
            return false;
        }
        zone->summer_s = -west_s;
    }
    return take_change(&text, &zone->summer_begins) && take_change(&text, &zone->summer_ends) &&
           *text == '\0';
}

/* The footer stands between two line feeds; an empty one has no rule. */
static bool read_footer(const unsigned char *footer, size_t bytes, struct zone *zone)
{
    char text[FOOTER_BYTES_MAX];
    const unsigned char *end = bytes > 1 ? memchr(footer + 1, '\n', bytes - 1) : NULL;
    if (end == NULL || footer[0] != '\n' || end - footer > FOOTER_BYTES_MAX) {
        return false;
    }
    size_t length = (size_t)(end - footer) - 1;
    memcpy(text, footer + 1, length);
    text[length] = '\0';
    return length == 0 || read_rule(text, zone);
}

static int32_t type_offset_s(const struct zone *zone, size_t type)
{
    return (int32_t)read_u32(zone->type_table + type * 6);
}

/* What the lookups rely on: known types, times in order, offsets within reason. */
static bool data_is_sound(const struct zone *zone)
{
    for (size_t i = 0; i < zone->times_count; i++) {
        if (zone->types[i] >= zone->types_count ||
            (i > 0 && read_i64(zone->times + 8 * i) <= read_i64(zone->times + 8 * (i - 1)))) {
            return false;
        }
    }
    for (size_t i = 0; i < zone->types_count; i++) {
        int32_t offset_s = type_offset_s(zone, i);
        if (offset_s < -OFFSET_S_MAX || offset_s > OFFSET_S_MAX) {
            return false;
        }
    }
    return zone->standard_s >= -OFFSET_S_MAX && zone->standard_s <= OFFSET_S_MAX &&
           zone->summer_s >= -OFFSET_S_MAX && zone->summer_s <= OFFSET_S_MAX;
}

enum status zone_read(const unsigned char *file, size_t bytes, struct arena *arena,
                      struct zone **zone_r)
{
    struct counts counts;
    if (!read_header(file, bytes, &counts)) {
        return STATUS_CORRUPT;
    }
    size_t old_bytes = data_bytes(&counts, 4);
    if (old_bytes > bytes - HEADER_BYTES) {
        return STATUS_CORRUPT;
    }
    file += HEADER_BYTES + old_bytes;
    bytes -= HEADER_BYTES + old_bytes;
    if (!read_header(file, bytes, &counts) || counts.types == 0 || counts.leaps != 0 ||
        data_bytes(&counts, 8) > bytes - HEADER_BYTES) {
        return STATUS_CORRUPT;
    }
    struct zone *zone = arena_alloc(arena, sizeof *zone);
    if (zone == NULL) {
        return STATUS_NO_MEMORY;
    }
    zone->times = file + HEADER_BYTES;
    zone->types = zone->times + counts.times * 8;
    zone->type_table = zone->types + counts.times;
    zone->times_count = counts.times;
    zone->types_count = counts.types;
    size_t footer_at = HEADER_BYTES + data_bytes(&counts, 8);
    if (!read_footer(file + footer_at, bytes - footer_at, zone) || !data_is_sound(zone)) {
        return STATUS_CORRUPT;
    }
    *zone_r = zone;
    return STATUS_OK;
}

/* Names lead to files: only what zone names are made of, and never out of the folder. */
static bool name_is_safe(const char *name)
{
    size_t length = strnlen(name, ZONE_NAME_BYTES_MAX);
    return length > 0 && length < ZONE_NAME_BYTES_MAX && name[0] != '/' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/") ==
               length;
}

/* Reads the whole file; a folder ("Europe") or anything but a plain file is not found. */
static enum status read_file(const char *path, struct arena *arena, unsigned char **file_r,
                             size_t *bytes_r)
{
    enum status status = STATUS_NOT_FOUND;
    unsigned char *file = NULL;
    size_t used = 0, size = 0;
    struct stat about;
    int handle = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (handle < 0 || fstat(handle, &about) != 0 || !S_ISREG(about.st_mode)) {
        goto out;
    }
    status = STATUS_CORRUPT;
    if (about.st_size <= 0 || about.st_size > ZONE_FILE_BYTES_MAX) {
        goto out;
    }
    size = (size_t)about.st_size;
    file = arena_alloc(arena, size);
    if (file == NULL) {
        status = STATUS_NO_MEMORY;
        goto out;
    }
    for (ssize_t got; used < size; used += (size_t)got) {
        got = read(handle, file + used, size - used);
        if (got <= 0) {
            goto out;
        }
    }
    *file_r = file;
    *bytes_r = used;
    status = STATUS_OK;
out:
    if (handle >= 0) {
        (void)close(handle);
    }
    return status;
}

enum status zone_load(const char *name, struct arena *arena, struct zone **zone_r)
{
    char path[sizeof ZONEINFO_FOLDER + 1 + ZONE_NAME_BYTES_MAX];
    unsigned char *file;
    size_t bytes;
    if (!name_is_safe(name)) {
        return STATUS_NOT_FOUND;
    }
    (void)snprintf(path, sizeof path, "%s/%s", ZONEINFO_FOLDER, name);
    enum status status = read_file(path, arena, &file, &bytes);
    return status != STATUS_OK ? status : zone_read(file, bytes, arena, zone_r);
}

/* The local time of a change in a year, as seconds since 1970-01-01T00:00 local. */
static int64_t change_local_s(const struct change *change, int64_t year)
{
    int64_t days = calendar_days(year, 1, 1);
    switch (change->form) {
    case CHANGE_MONTH_WEEK_DAY: {
        int month_days = calendar_month_days(year, change->month);
        int64_t first = calendar_days(year, change->month, 1);
        int skip = (change->weekday - calendar_weekday(first) % 7 + 7) % 7;
        int day = skip + (change->week - 1) * 7;
        days = first + (day < month_days ? day : day - 7);
        break;
    }
    case CHANGE_JULIAN:
        days += change->day - 1 + (change->day >= 60 && calendar_is_leap_year(year));
        break;
    case CHANGE_DAY_OF_YEAR:
        days += change->day;
        break;
    }
    return days * SECONDS_PER_DAY + change->time_s;
}

static int32_t rule_offset_s(const struct zone *zone, int64_t utc_s)
{
    if (!zone->has_summer) {
        return zone->standard_s;
    }
    int64_t year = calendar_year(calendar_floor_divide(utc_s + zone->standard_s, SECONDS_PER_DAY));
    int64_t begins = change_local_s(&zone->summer_begins, year) - zone->standard_s;
    int64_t ends = change_local_s(&zone->summer_ends, year) - zone->summer_s;
    bool summer = begins < ends ? utc_s >= begins && utc_s < ends
                                : utc_s >= begins || utc_s < ends; /* south of the equator */
    return summer ? zone->summer_s : zone->standard_s;
}

int32_t zone_offset_s(const struct zone *zone, int64_t utc_s)
{
    /* How many of the times have passed. */
    size_t low = 0, high = zone->times_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (read_i64(zone->times + 8 * middle) <= utc_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == zone->times_count && zone->has_rule) {
        return rule_offset_s(zone, utc_s);
    }
    return type_offset_s(zone, low == 0 ? 0 : zone->types[low - 1]);
}

static int64_t find_utc_s(const struct zone *zone, int64_t local_s, bool last)
{
    /* The offset can only be one of those that hold a day before and after. */
    int32_t before_s = zone_offset_s(zone, local_s - SECONDS_PER_DAY);
    int32_t after_s = zone_offset_s(zone, local_s + SECONDS_PER_DAY);
    int64_t early = local_s - (before_s > after_s ? before_s : after_s);
    int64_t late = local_s - (before_s > after_s ? after_s : before_s);
    bool is_early = early + zone_offset_s(zone, early) == local_s;
    bool is_late = late + zone_offset_s(zone, late) == local_s;
    if (is_early || is_late) {
        return is_early && !(last && is_late) ? early : late;
    }
    /* Skipped: the jump lies between them, the clock shows less before and more behind it. */
    while (late - early > 1) {
        int64_t middle = early + (late - early) / 2;
        if (middle + zone_offset_s(zone, middle) < local_s) {
            early = middle;
        } else {
            late = middle;
        }
    }
    return late;
}

int64_t zone_utc_s(const struct zone *zone, int64_t local_s)
{
    return find_utc_s(zone, local_s, false);
}

int64_t zone_utc_last_s(const struct zone *zone, int64_t local_s)
{
    return find_utc_s(zone, local_s, true);
}
