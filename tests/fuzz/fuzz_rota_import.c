/* A planning that is accepted gives shifts of agents that there are, in order, none of two agents
 * at once, and a rota of them that can be read and compiled; a refusal says why. fuzz links: rota
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/rota/rota_import.h"

#define ARENA_BYTES_MAX ((size_t)32 << 20)
#define FROM_MS         INT64_C(1767225600000) /* 2026-01-01 */

static const struct rota_import_agent agents[] = {
    {"marie", "Marie Curie", true},
    {"paul", "Paul Durand", true},
    {"zoe", "Zoé, de l'Œuvre", true},
};

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

static bool is_agent(const char *slug)
{
    for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++) {
        if (strcmp(agents[i].slug, slug) == 0) {
            return true;
        }
    }
    return false;
}

static void check_shifts(const struct rota_import_shifts *shifts)
{
    check(shifts->count > 0 && shifts->count <= ROTA_IMPORT_EVENTS_MAX);
    for (size_t i = 0; i < shifts->count; i++) {
        const struct rota_interval *each = &shifts->shifts[i];
        check(is_agent(each->agent));
        check(each->from.ms >= 0 && each->from.ms < each->to.ms);
        check(each->to.ms > FROM_MS && each->to.ms <= ROTA_TIME_MS_MAX);
        check(i == 0 || each->from.ms >= shifts->shifts[i - 1].from.ms);
        for (size_t j = 0; j < i; j++) {
            check(shifts->shifts[j].to.ms <= each->from.ms ||
                  strcmp(shifts->shifts[j].agent, each->agent) == 0);
        }
    }
}

static void check_rota(const struct rota_import_shifts *shifts, struct arena *arena)
{
    struct rota_merge merge = {.shifts = shifts->shifts,
                               .shifts_count = shifts->count,
                               .replaces = true,
                               .from = {FROM_MS}};
    struct rota_merged merged, again;
    struct rota *rota;
    struct error error = {.text = ""};
    enum status status = rota_import_merge(&merge, arena, &merged, &error);
    if (status == STATUS_TOO_LARGE) {
        check(shifts->count > ROTA_OVERRIDES_MAX && error.text[0] != '\0');
        return;
    }
    check(status == STATUS_OK && merged.added_count == shifts->count);
    check(rota_parse(merged.definition, strlen(merged.definition), arena, &rota, &error) ==
          STATUS_OK);
    for (size_t i = 0; i < shifts->count; i++) {
        char agent[SLUG_BYTES_MAX];
        check(rota_who(rota, NULL, "UTC", shifts->shifts[i].from, agent, &error) == STATUS_OK);
        check(strcmp(agent, shifts->shifts[i].agent) == 0);
    }
    merge.definition = merged.definition;
    check(rota_import_merge(&merge, arena, &again, &error) == STATUS_OK);
    check(again.added_count == 0 && again.removed_count == 0);
    check(again.unchanged == shifts->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct arena *arena = arena_create(ARENA_BYTES_MAX);
    struct error error = {.text = ""};
    struct rota_import_shifts shifts = {.count = 0};
    const struct rota_import import = {.text = (const char *)data,
                                       .bytes = bytes,
                                       .zone = "Europe/Paris",
                                       .from = {FROM_MS},
                                       .agents = agents,
                                       .agents_count = sizeof agents / sizeof agents[0]};
    enum status status = rota_import_read(&import, arena, &shifts, &error);
    if (status == STATUS_OK) {
        check_shifts(&shifts);
        check_rota(&shifts, arena);
    } else {
        check(shifts.count == 0 && error.text[0] != '\0');
    }
    arena_destroy(&arena);
    return 0;
}
