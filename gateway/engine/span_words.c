/* span_words.c - see span_words.h. */
#include "gateway/engine/span_words.h"

#include <stdio.h>

#include "gateway/base/time.h"

#define DAY_MS        INT64_C(86400000)
#define DAY_BYTES_MAX 24

static bool read_clock(const struct engine_rotas *rotas, const struct directory_customer *customer,
                       struct wall_time at, struct rules_clock *clock_r)
{
    struct error error;
    return rotas->local_time != NULL &&
           rotas->local_time(rotas->context, customer->calendar, customer->time_zone, at, clock_r,
                             &error) == STATUS_OK;
}

static void write_day(const struct rules_clock *clock, bool french, char text_r[DAY_BYTES_MAX])
{
    static const char *const days[2][7] = {
        {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"},
        {"lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."}};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char date[RFC3339_BYTES_MAX];
    wall_time_format((struct wall_time){clock->date_days * DAY_MS}, date);
    const char *month = date + 5, *day = date + 8;
    const char *weekday = days[french ? 1 : 0][clock->weekday];
    if (french) {
        (void)snprintf(text_r, DAY_BYTES_MAX, "%s %.2s/%.2s ", weekday, day, month);
    } else {
        (void)snprintf(text_r, DAY_BYTES_MAX, "%s %.2s %s ", weekday, day,
                       months[(month[0] - '0') * 10 + month[1] - '0' - 1]);
    }
}

void span_words(const struct engine_rotas *rotas, const struct directory_customer *customer,
                struct wall_time from, struct wall_time to, bool french,
                char text_r[SPAN_WORDS_BYTES_MAX])
{
    struct rules_clock begin, end;
    const char *until = french ? "au" : "to";
    if (!read_clock(rotas, customer, from, &begin) || !read_clock(rotas, customer, to, &end)) {
        char first[RFC3339_BYTES_MAX], last[RFC3339_BYTES_MAX];
        wall_time_format(from, first);
        wall_time_format(to, last);
        (void)snprintf(text_r, SPAN_WORDS_BYTES_MAX, "%s %s %s", first, until, last);
        return;
    }
    char first_day[DAY_BYTES_MAX], last_day[DAY_BYTES_MAX] = "";
    write_day(&begin, french, first_day);
    if (end.date_days != begin.date_days) {
        write_day(&end, french, last_day);
    }
    (void)snprintf(text_r, SPAN_WORDS_BYTES_MAX, "%s%02d:%02d %s %s%02d:%02d", first_day,
                   begin.minute / 60, begin.minute % 60, until, last_day, end.minute / 60,
                   end.minute % 60);
}
