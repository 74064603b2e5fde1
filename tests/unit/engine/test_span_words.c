/* test_span_words.c - a span on the customer's clock, which is an hour ahead of UTC here. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "gateway/engine/span_words.h"

#define DAY_S    INT64_C(86400)
#define THURSDAY 3 /* 1970-01-01 */

static enum status show_clock(void *context, const struct engine_calendar *calendar,
                              const char *zone, struct wall_time at, struct rules_clock *clock_r,
                              struct error *error)
{
    (void)context;
    (void)calendar;
    if (strcmp(zone, "Europe/Paris") != 0) {
        return error_set(error, STATUS_NOT_FOUND, "no such zone");
    }
    int64_t local_s = at.ms / 1000 + 3600;
    *clock_r = (struct rules_clock){.is_known = true,
                                    .weekday = (int)((local_s / DAY_S + THURSDAY) % 7),
                                    .minute = (int)(local_s % DAY_S / 60),
                                    .date_days = (int32_t)(local_s / DAY_S)};
    return STATUS_OK;
}

static void test_span__is_on_the_customers_clock(void **state)
{
    static const struct {
        const char *zone, *from, *to;
        bool french;
        const char *words;
    } rows[] = {
        {"Europe/Paris", "2026-11-30T16:16:54Z", "2026-11-30T19:33:54Z", true,
         "lun. 30/11 17:16 au 20:33"},
        {"Europe/Paris", "2026-11-30T16:16:54Z", "2026-11-30T19:33:54Z", false,
         "Mon 30 Nov 17:16 to 20:33"},
        {"Europe/Paris", "2026-12-31T17:00:00Z", "2027-01-01T07:00:00Z", true,
         "jeu. 31/12 18:00 au ven. 01/01 08:00"},
        {"Europe/Paris", "2026-12-31T17:00:00Z", "2027-01-01T07:00:00Z", false,
         "Thu 31 Dec 18:00 to Fri 01 Jan 08:00"},
        /* one day in UTC, two on the clock */
        {"Europe/Paris", "2026-09-06T20:00:00Z", "2026-09-06T23:30:00Z", true,
         "dim. 06/09 21:00 au lun. 07/09 00:30"},
        {"Mars/Olympus", "2026-11-30T16:16:54Z", "2026-11-30T19:33:54Z", true,
         "2026-11-30T16:16:54.000Z au 2026-11-30T19:33:54.000Z"},
    };
    const struct engine_rotas sees = {.local_time = show_clock}, blind = {.local_time = NULL};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct directory_customer customer = {.time_zone = rows[i].zone};
        struct wall_time from, to;
        char text[SPAN_WORDS_BYTES_MAX];
        assert_int_equal(wall_time_parse(rows[i].from, &from), STATUS_OK);
        assert_int_equal(wall_time_parse(rows[i].to, &to), STATUS_OK);
        span_words(&sees, &customer, from, to, rows[i].french, text);
        assert_string_equal(text, rows[i].words);
        span_words(&blind, &customer, from, to, false, text);
        assert_non_null(strstr(text, ".000Z to 20"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_span__is_on_the_customers_clock)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
