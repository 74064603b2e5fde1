#include "gateway/base/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void wall_time_format(struct wall_time time, char text_r[RFC3339_BYTES_MAX])
{
    static const int64_t ms_max = INT64_C(253402300799999); /* 9999-12-31T23:59:59.999Z */
    int64_t ms = time.ms < 0 ? 0 : time.ms > ms_max ? ms_max : time.ms;
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    (void)gmtime_r(&seconds, &tm);
    (void)snprintf(text_r, RFC3339_BYTES_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
                   (unsigned)(tm.tm_year + 1900) % 10000U, (unsigned)(tm.tm_mon + 1) % 100U,
                   (unsigned)tm.tm_mday % 100U, (unsigned)tm.tm_hour % 100U,
                   (unsigned)tm.tm_min % 100U, (unsigned)tm.tm_sec % 100U, (unsigned)(ms % 1000));
}

/* Reads exactly `digits` decimal digits and moves on; -1 when they are not there. */
static int take_digits(const char **at, int digits)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9') {
            return -1;
        }
        value = value * 10 + (c - '0');
    }
    *at += digits;
    return value;
}

static bool take_char(const char **at, const char *allowed)
{
    if (**at == '\0' || strchr(allowed, **at) == NULL) {
        return false;
    }
    (*at)++;
    return true;
}

enum status wall_time_parse(const char *text, struct wall_time *time_r)
{
    const char *at = text;
    int year = take_digits(&at, 4);
    bool ok = year >= 1970 && take_char(&at, "-");
    int month = ok ? take_digits(&at, 2) : -1;
    ok = month >= 1 && month <= 12 && take_char(&at, "-");
    int day = ok ? take_digits(&at, 2) : -1;
    ok = day >= 1 && day <= 31 && take_char(&at, "Tt ");
    int hour = ok ? take_digits(&at, 2) : -1;
    ok = hour >= 0 && hour <= 23 && take_char(&at, ":");
    int minute = ok ? take_digits(&at, 2) : -1;
    ok = minute >= 0 && minute <= 59 && take_char(&at, ":");
    int second = ok ? take_digits(&at, 2) : -1;
    if (second < 0 || second > 60) {
        return STATUS_INVALID;
    }
    int milliseconds = 0;
    if (*at == '.') {
        at++;
        int scale = 100;
        if (*at < '0' || *at > '9') {
            return STATUS_INVALID;
        }
        for (; *at >= '0' && *at <= '9'; at++) {
            milliseconds += (*at - '0') * scale;
            scale /= 10;
        }
    }
    int offset_min = 0;
    if (*at == '+' || *at == '-') {
        int sign = *at == '-' ? -1 : 1;
        at++;
        int hours = take_digits(&at, 2);
        int minutes = hours >= 0 && hours <= 23 && take_char(&at, ":") ? take_digits(&at, 2) : -1;
        if (minutes < 0 || minutes > 59) {
            return STATUS_INVALID;
        }
        offset_min = sign * (hours * 60 + minutes);
    } else if (!take_char(&at, "Zz")) {
        return STATUS_INVALID;
    }
    /* A leap second is the one before it, a second later: POSIX time does not count it. */
    bool leap = second == 60;
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = leap ? 59 : second};
    time_t seconds = timegm(&tm) + leap;
    if (*at != '\0' || tm.tm_mon != month - 1 || tm.tm_mday != day) {
        return STATUS_INVALID;
    }
    time_r->ms = ((int64_t)seconds - (int64_t)offset_min * 60) * 1000 + milliseconds;
    return STATUS_OK;
}
