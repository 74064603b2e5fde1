/* A rota that is accepted compiles to sorted, disjoint intervals; a fault has a place.
 * fuzz links: rota */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/rota/opening_hours.h"
#include "gateway/rota/rota.h"

#define ARENA_BYTES_MAX (8u << 20)
#define DAY_MS          INT64_C(86400000)

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

/* Monday to Friday, closed on holidays. */
static struct opening_hours *make_hours(struct arena *arena)
{
    static const char json[] =
        "{\"weekly\":[{\"days\":[\"monday\",\"tuesday\",\"wednesday\",\"thursday\",\"friday\"],"
        "\"from\":\"08:00\",\"to\":\"18:00\"}],\"holidays\":[]}";
    struct opening_hours *hours = NULL;
    check(opening_hours_parse(json, sizeof json - 1, arena, &hours, NULL) == STATUS_OK);
    return hours;
}

static void try_compile(const struct rota *rota, struct arena *arena)
{
    const struct holidays holidays = {.variant = HOLIDAYS_FR};
    const struct rota_context context = {make_hours(arena), &holidays};
    struct rota_interval *intervals;
    size_t count;
    struct wall_time from = {20530 * DAY_MS}; /* 2026-03-18, the spring change in reach */
    struct wall_time to = {from.ms + 21 * DAY_MS};
    if (rota_compile(rota, &context, "Europe/Paris", from, to, arena, &intervals, &count, NULL) !=
        STATUS_OK) {
        return;
    }
    int64_t end_ms = from.ms;
    for (size_t i = 0; i < count; i++) {
        check(intervals[i].from.ms >= end_ms && intervals[i].from.ms < intervals[i].to.ms);
        check(text_is_slug(intervals[i].agent));
        end_ms = intervals[i].to.ms;
    }
    check(end_ms <= to.ms);
    char agent[SLUG_BYTES_MAX];
    check(rota_who(rota, &context, "Europe/Paris", from, agent, NULL) == STATUS_OK);
    bool somebody = count > 0 && intervals[0].from.ms == from.ms;
    check(strcmp(agent, somebody ? intervals[0].agent : "") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct arena *arena = arena_create(ARENA_BYTES_MAX);
    struct error error = {.text = ""};
    struct rota *rota = NULL;
    enum status status = rota_parse((const char *)data, bytes, arena, &rota, &error);
    if (status == STATUS_OK) {
        try_compile(rota, arena);
    } else {
        check(rota == NULL && error.text[0] != '\0');
    }
    arena_destroy(&arena);
    return 0;
}
