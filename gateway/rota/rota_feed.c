#include "gateway/rota/rota_feed.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/digest.h"
#include "gateway/base/encoding.h"
#include "gateway/rota/calendar_private.h"
#include "gateway/rota/range_private.h"
#include "gateway/rota/rota.h"

#define DAY_MS           (SECONDS_PER_DAY * 1000)
#define LINE_OCTETS_MAX  75
#define UID_BYTES        16 /* of the digest */
#define UTC_BYTES_MAX    24 /* "20260105T080000Z" and, of broken times, more */
#define REFRESH_INTERVAL "PT15M"

/* Counts what is written, and writes it once there is room: first without any, then with all. */
struct writer {
    char *text; /* NULL: only counts */
    size_t bytes;
    size_t column; /* octets of the line so far */
};

static void put(struct writer *writer, const char *octets, size_t count)
{
    if (writer->text != NULL) {
        memcpy(writer->text + writer->bytes, octets, count);
    }
    writer->bytes += count;
    writer->column += count;
}

static void end_line(struct writer *writer)
{
    put(writer, "\r\n", 2);
    writer->column = 0;
}

/* One character, on the next line when this one is full. */
static void put_character(struct writer *writer, const char *octets, size_t count)
{
    if (writer->column + count > LINE_OCTETS_MAX) {
        end_line(writer);
        put(writer, " ", 1);
    }
    put(writer, octets, count);
}

static size_t character_bytes(const char *text)
{
    size_t count = 1;
    while (((unsigned char)text[count] & 0xc0u) == 0x80u) {
        count++;
    }
    return count;
}

static void put_text(struct writer *writer, const char *text)
{
    while (*text != '\0') {
        size_t count = character_bytes(text);
        put_character(writer, text, count);
        text += count;
    }
}

/* A text as a value of type TEXT (RFC 5545, section 3.3.11). Other control characters than a line's
 * end have no place there. */
static void put_escaped(struct writer *writer, const char *text)
{
    while (*text != '\0') {
        size_t count = character_bytes(text);
        if (*text == '\n') {
            put_character(writer, "\\n", 2);
        } else if (strchr("\\;,", *text) != NULL) {
            put_character(writer, (const char[]){'\\', *text}, 2);
        } else if (*text != '\r') {
            bool control = (unsigned char)*text < 0x20 || *text == 0x7f;
            put_character(writer, control ? " " : text, count);
        }
        text += count;
    }
}

/* A whole line whose value needs no escapes. */
static void put_line(struct writer *writer, const char *name, const char *value)
{
    put_text(writer, name);
    put_text(writer, ":");
    put_text(writer, value);
    end_line(writer);
}

/* A whole line whose value is made of texts one behind the other; the list ends with NULL. */
__attribute__((sentinel)) static void put_texts(struct writer *writer, const char *name, ...)
{
    va_list texts;
    put_text(writer, name);
    put_text(writer, ":");
    va_start(texts, name);
    for (const char *text; (text = va_arg(texts, const char *)) != NULL;) {
        put_escaped(writer, text);
    }
    va_end(texts);
    end_line(writer);
}

/* Form 2 of a DATE-TIME, in UTC (section 3.3.5). */
static void put_time(struct writer *writer, const char *name, struct wall_time time)
{
    char rfc3339[RFC3339_BYTES_MAX], text[UTC_BYTES_MAX];
    size_t used = 0;
    wall_time_format(time, rfc3339);
    for (const char *at = rfc3339; *at != '.' && *at != '\0'; at++) {
        if (*at != '-' && *at != ':') {
            text[used++] = *at;
        }
    }
    text[used] = 'Z';
    text[used + 1] = '\0';
    put_line(writer, name, text);
}

/* The same in every life of the gateway, and nobody's name. */
static void put_uid(struct writer *writer, const struct rota_feed *feed,
                    const struct rota_feed_shift *shift)
{
    char start[24], hex[HEX_TEXT_BYTES(UID_BYTES)], uid[HEX_TEXT_BYTES(UID_BYTES) + 16];
    (void)snprintf(start, sizeof start, "%lld", (long long)shift->from.ms);
    const struct digest_part parts[] = {
        /* with their terminators, so that none runs into the next */
        {feed->customer, strlen(feed->customer) + 1},
        {shift->rota, strlen(shift->rota) + 1},
        {shift->agent, strlen(shift->agent) + 1},
        {start, strlen(start)},
    };
    struct digest digest = digest_sha256(parts, sizeof parts / sizeof parts[0]);
    hex_encode(digest.bytes, UID_BYTES, hex);
    (void)snprintf(uid, sizeof uid, "%s@astreinte", hex);
    put_line(writer, "UID", uid);
}

static const char *on_call(const struct rota_feed *feed)
{
    return feed->french ? "Astreinte " : "On call ";
}

static const char *colon(const struct rota_feed *feed)
{
    return feed->french ? " : " : ": ";
}

static void put_shift(struct writer *writer, const struct rota_feed *feed,
                      const struct rota_feed_shift *shift)
{
    put_line(writer, "BEGIN", "VEVENT");
    put_uid(writer, feed, shift);
    put_time(writer, "DTSTAMP", shift->changed_at);
    put_time(writer, "DTSTART", shift->from);
    put_time(writer, "DTEND", shift->to);
    if (feed->rota != NULL) {
        put_texts(writer, "SUMMARY", on_call(feed), shift->rota, colon(feed), shift->agent_name,
                  NULL);
    } else {
        put_texts(writer, "SUMMARY", on_call(feed), shift->rota, " – ", feed->customer_name, NULL);
    }
    put_line(writer, "TRANSP", "TRANSPARENT");
    put_line(writer, "X-ASTREINTE-AGENT", shift->agent);
    put_line(writer, "END", "VEVENT");
}

static void put_name(struct writer *writer, const struct rota_feed *feed, const char *property)
{
    if (feed->rota != NULL) {
        put_texts(writer, property, on_call(feed), feed->rota, " – ", feed->customer_name, NULL);
    } else {
        put_texts(writer, property, feed->french ? "Astreintes de " : "On call: ", feed->agent_name,
                  " – ", feed->customer_name, NULL);
    }
}

static void put_calendar(struct writer *writer, const struct rota_feed *feed)
{
    put_line(writer, "BEGIN", "VCALENDAR");
    put_line(writer, "VERSION", "2.0");
    put_line(writer, "PRODID",
             feed->french ? "-//astreinte//gateway//FR" : "-//astreinte//gateway//EN");
    put_line(writer, "CALSCALE", "GREGORIAN");
    put_line(writer, "METHOD", "PUBLISH");
    put_name(writer, feed, "NAME");
    put_name(writer, feed, "X-WR-CALNAME");
    put_line(writer, "REFRESH-INTERVAL;VALUE=DURATION", REFRESH_INTERVAL);
    put_line(writer, "X-PUBLISHED-TTL", REFRESH_INTERVAL);
    for (size_t i = 0; i < feed->shifts_count; i++) {
        put_shift(writer, feed, &feed->shifts[i]);
    }
    put_line(writer, "END", "VCALENDAR");
}

void rota_feed_window(struct wall_time now, struct wall_time *from_r, struct wall_time *to_r)
{
    int64_t latest_ms = ROTA_TIME_MS_MAX - (ROTA_FEED_DAYS_AHEAD + 1) * DAY_MS;
    int64_t today_ms = later_ms(earlier_ms(now.ms, latest_ms), 0) / DAY_MS * DAY_MS;
    from_r->ms = later_ms(today_ms - ROTA_FEED_DAYS_BACK * DAY_MS, 0);
    to_r->ms = today_ms + (ROTA_FEED_DAYS_AHEAD + 1) * DAY_MS;
}

enum status rota_feed_write(const struct rota_feed *feed, struct arena *arena, const char **text_r,
                            size_t *bytes_r, struct error *error)
{
    struct writer writer = {0};
    put_calendar(&writer, feed);
    if (writer.bytes > ROTA_FEED_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE,
                         "the calendar would have %zu bytes, %zu are the most: split the rota",
                         writer.bytes, ROTA_FEED_BYTES_MAX);
    }
    size_t bytes = writer.bytes;
    char *text = arena_alloc(arena, bytes + 1);
    if (text == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a calendar of %zu bytes", bytes);
    }
    writer = (struct writer){.text = text};
    put_calendar(&writer, feed);
    *text_r = text;
    *bytes_r = bytes;
    return STATUS_OK;
}
