/* Opening hours that are accepted compile to sorted, disjoint intervals, which agree with what is
 * said of a moment; a fault has a place.
 * fuzz links: rota */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "gateway/rota/opening_hours.h"

#define ARENA_BYTES_MAX (8u << 20)
#define DAY_MS          INT64_C(86400000)

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

static void try_compile(const struct opening_hours *hours, struct arena *arena)
{
    const struct holidays holidays = {.variant = HOLIDAYS_FR};
    struct opening_interval *intervals;
    size_t count;
    struct wall_time from = {20530 * DAY_MS}; /* 2026-03-18, the spring change in reach */
    struct wall_time to = {from.ms + 21 * DAY_MS};
    if (opening_hours_compile(hours, &holidays, "Europe/Paris", from, to, arena, &intervals, &count,
                              NULL) != STATUS_OK) {
        return;
    }
    int64_t end_ms = from.ms - 1;
    for (size_t i = 0; i < count; i++) {
        check(intervals[i].from.ms > end_ms && intervals[i].from.ms < intervals[i].to.ms);
        end_ms = intervals[i].to.ms;
    }
    check(end_ms <= to.ms);
    struct wall_time opens = {0};
    check(opening_hours_next(hours, &holidays, "Europe/Paris", from, &opens, NULL) == STATUS_OK);
    check(count == 0 ? opens.ms >= to.ms : opens.ms == intervals[0].from.ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct arena *arena = arena_create(ARENA_BYTES_MAX);
    struct error error = {.text = ""};
    struct opening_hours *hours = NULL;
    enum status status = opening_hours_parse((const char *)data, bytes, arena, &hours, &error);
    if (status == STATUS_OK) {
        try_compile(hours, arena);
    } else {
        check(hours == NULL && error.text[0] != '\0');
    }
    arena_destroy(&arena);
    return 0;
}
