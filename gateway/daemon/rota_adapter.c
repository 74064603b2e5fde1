#include "gateway/daemon/rota_adapter.h"

#include <string.h>

#include "gateway/base/text.h"
#include "gateway/rota/rota.h"

static enum status parse(const char *definition, struct arena *arena, struct rota **rota_r,
                         struct error *error)
{
    return rota_parse(definition, strlen(definition), arena, rota_r, error);
}

static enum status check(void *context, const char *definition, struct error *error)
{
    (void)context;
    struct arena *arena = arena_create(0);
    struct rota *rota;
    if (arena == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the rota");
    }
    enum status status = parse(definition, arena, &rota, error);
    if (status == STATUS_OK) {
        status = rota_check(rota, NULL, error);
    }
    arena_destroy(&arena);
    return status;
}

static bool zone_is_known(void *context, const char *zone)
{
    (void)context;
    return rota_zone_is_known(zone);
}

static enum status compile(void *context, const char *definition, const char *zone,
                           struct wall_time from, struct wall_time to, struct arena *arena,
                           struct engine_rota_interval **intervals_r, size_t *count_r,
                           struct error *error)
{
    (void)context;
    struct rota *rota;
    struct rota_interval *found;
    size_t count;
    enum status status = parse(definition, arena, &rota, error);
    if (status == STATUS_OK) {
        status = rota_compile(rota, NULL, zone, from, to, arena, &found, &count, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct engine_rota_interval *intervals = arena_alloc(arena, (count + 1) * sizeof *intervals);
    if (intervals == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the rota");
    }
    for (size_t i = 0; i < count; i++) {
        intervals[i].from = found[i].from;
        intervals[i].to = found[i].to;
        (void)text_copy(intervals[i].agent, sizeof intervals[i].agent, found[i].agent);
    }
    *intervals_r = intervals;
    *count_r = count;
    return STATUS_OK;
}

struct engine_rotas rota_adapter(void)
{
    return (struct engine_rotas){
        .check = check, .zone_is_known = zone_is_known, .compile = compile};
}
