#include "apns-fcm/retry.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS           INT64_C(86400000)
#define FIRST_RETRY_MS   100
#define LATER_RETRY_MS   500
#define RETRY_CAP_MS     8000
#define LAST_TRY_LEAD_MS 2000 /* room for an answer to the last try */
#define TRY_WORTH_MS     20   /* with less left no answer can be expected */

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* A fixed number of digits; -1 otherwise. */
static int digits(const char *text, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

enum status http_date_parse(const char *text, size_t bytes, struct wall_time *time_r)
{
    /* "Sun, 06 Nov 1994 08:49:37 GMT" */
    static const char shape[] = "___, __ ___ ____ __:__:__ GMT";
    if (bytes != sizeof shape - 1) {
        return STATUS_INVALID;
    }
    for (size_t i = 0; i < bytes; i++) {
        if (shape[i] != '_' && shape[i] != text[i]) {
            return STATUS_INVALID;
        }
    }
    int month = -1;
    for (int i = 0; i < 12; i++) {
        if (memcmp(text + 8, months + (ptrdiff_t)i * 3, 3) == 0) {
            month = i;
        }
    }
    struct tm tm = {.tm_mday = digits(text + 5, 2),
                    .tm_mon = month,
                    .tm_year = digits(text + 12, 4) - 1900,
                    .tm_hour = digits(text + 17, 2),
                    .tm_min = digits(text + 20, 2),
                    .tm_sec = digits(text + 23, 2)};
    if (month < 0 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_year < 70 || tm.tm_hour < 0 ||
        tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60) {
        return STATUS_INVALID;
    }
    *time_r = (struct wall_time){(int64_t)timegm(&tm) * 1000};
    return STATUS_OK;
}

int64_t retry_after_ms(const char *text, struct wall_time now)
{
    size_t bytes = strlen(text);
    if (bytes >= 1 && bytes <= 9) {
        int seconds = digits(text, bytes);
        if (seconds >= 0) {
            int64_t ms = (int64_t)seconds * 1000;
            return ms < DAY_MS ? ms : DAY_MS;
        }
    }
    struct wall_time at;
    if (http_date_parse(text, bytes, &at) != STATUS_OK) {
        return RETRY_AFTER_NONE_MS;
    }
    int64_t ms = at.ms - now.ms;
    return ms < 0 ? 0 : ms < DAY_MS ? ms : DAY_MS;
}

int64_t backoff_ms(unsigned step, int64_t base_ms, int64_t cap_ms,
                   const struct random_source *random)
{
    int64_t whole_ms = step < 20 ? base_ms << step : cap_ms;
    if (whole_ms > cap_ms) {
        whole_ms = cap_ms;
    }
    return whole_ms - (int64_t)random_below(random, (uint64_t)(whole_ms / 2 + 1));
}

int64_t retry_wait_ms(unsigned retries, int64_t asked_ms, int64_t left_ms,
                      const struct random_source *random)
{
    if (left_ms < TRY_WORTH_MS) {
        return -1;
    }
    int64_t wait_ms = retries == 0 ? backoff_ms(0, FIRST_RETRY_MS, FIRST_RETRY_MS, random)
                                   : backoff_ms(retries - 1, LATER_RETRY_MS, RETRY_CAP_MS, random);
    if (asked_ms > wait_ms) {
        /* A little later than asked, so that a fleet of jobs does not come back at one instant. */
        wait_ms = asked_ms + (int64_t)random_below(random, (uint64_t)FIRST_RETRY_MS);
    }
    if (wait_ms <= left_ms - TRY_WORTH_MS) {
        return wait_ms;
    }
    if (retries > 0 && left_ms <= LAST_TRY_LEAD_MS) {
        return -1; /* the last try before the deadline was this one */
    }
    int64_t last_ms = left_ms - (left_ms / 4 < LAST_TRY_LEAD_MS ? left_ms / 4 : LAST_TRY_LEAD_MS);
    /* Our own backoff was too long, what the provider asked for is not. */
    return asked_ms > last_ms && asked_ms <= left_ms - TRY_WORTH_MS ? asked_ms : last_ms;
}
