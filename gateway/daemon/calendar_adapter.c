#include "gateway/daemon/calendar_adapter.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/daemon/rota_adapter.h"
#include "gateway/rota/rota.h"
#include "gateway/rota/rota_feed.h"
#include "gateway/rota/rota_import.h"

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the calendar");
}

/* ---- feeds ---- */

/* Shifts of several rotas. */
struct gathering {
    const struct admin_api_feed *feed;
    struct wall_time from, to;
    struct arena *arena;
    struct rota_feed_shift *shifts; /* realloc'ed */
    size_t count, capacity;
    struct error *error;
};

/* The agent if he is on call in this feed. Who is not active is on call nowhere. */
static const struct directory_person *agent_of(const struct gathering *gathering, const char *slug)
{
    const struct admin_api_feed *feed = gathering->feed;
    const struct directory_person *agent = directory_agent_by_slug(feed->customer, slug);
    bool wanted = feed->agent == NULL || feed->agent == agent;
    return agent != NULL && agent->active && wanted ? agent : NULL;
}

static enum status make_room(struct gathering *gathering, size_t more)
{
    if (gathering->count + more > gathering->capacity) {
        size_t capacity = gathering->capacity * 2 + more;
        struct rota_feed_shift *shifts = realloc(gathering->shifts, capacity * sizeof *shifts);
        if (shifts == NULL) {
            return no_memory(gathering->error);
        }
        gathering->shifts = shifts;
        gathering->capacity = capacity;
    }
    return STATUS_OK;
}

static enum status gather(struct gathering *gathering, const struct directory_rota *directory_rota)
{
    const struct admin_api_feed *feed = gathering->feed;
    struct rota *rota;
    struct rota_context has;
    struct rota_interval *found;
    size_t count;
    enum status status =
        rota_adapter_open(directory_rota->definition, feed->customer->calendar, gathering->from,
                          gathering->to, gathering->arena, &rota, &has, gathering->error);
    if (status == STATUS_OK) {
        status = rota_shifts(rota, &has, feed->customer->time_zone, gathering->from, gathering->to,
                             gathering->arena, &found, &count, gathering->error);
    }
    if (status == STATUS_OK) {
        status = make_room(gathering, count);
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const struct directory_person *agent = agent_of(gathering, found[i].agent);
        if (agent != NULL) {
            gathering->shifts[gathering->count++] =
                (struct rota_feed_shift){.from = found[i].from,
                                         .to = found[i].to,
                                         .changed_at = directory_rota->changed_at,
                                         .rota = directory_rota->slug,
                                         .agent = agent->slug,
                                         .agent_name = agent->name};
        }
    }
    return status;
}

static int compare_shifts(const void *left, const void *right)
{
    const struct rota_feed_shift *a = left, *b = right;
    if (a->from.ms != b->from.ms) {
        return a->from.ms < b->from.ms ? -1 : 1;
    }
    return strcmp(a->rota, b->rota);
}

static enum status write_shifts(const struct gathering *gathering, const char **text_r,
                                size_t *bytes_r)
{
    const struct admin_api_feed *feed = gathering->feed;
    const struct directory_customer *customer = feed->customer;
    const char *language = feed->agent != NULL ? feed->agent->language : customer->language;
    const struct rota_feed written = {
        .customer = customer->slug,
        .customer_name = customer->name,
        .rota = feed->rota != NULL ? feed->rota->slug : NULL,
        .agent_name = feed->agent != NULL ? feed->agent->name : NULL,
        .french = strcmp(language, "en") != 0,
        .shifts = gathering->shifts,
        .shifts_count = gathering->count,
    };
    return rota_feed_write(&written, gathering->arena, text_r, bytes_r, gathering->error);
}

static enum status write_feed(void *context, const struct admin_api_feed *feed, struct arena *arena,
                              const char **text_r, size_t *bytes_r, struct error *error)
{
    (void)context;
    const struct directory_customer *customer = feed->customer;
    struct gathering gathering = {.feed = feed, .arena = arena, .error = error};
    enum status status = STATUS_OK;
    rota_feed_window(feed->now, &gathering.from, &gathering.to);
    for (size_t i = 0; status == STATUS_OK && i < customer->rotas_count; i++) {
        if (feed->rota == NULL || feed->rota == &customer->rotas[i]) {
            status = gather(&gathering, &customer->rotas[i]);
        }
    }
    if (status == STATUS_OK && gathering.count > 0) {
        qsort(gathering.shifts, gathering.count, sizeof gathering.shifts[0], compare_shifts);
    }
    if (status == STATUS_OK) {
        status = write_shifts(&gathering, text_r, bytes_r);
    }
    free(gathering.shifts);
    return status;
}

/* ---- imports ---- */

static enum status read_shifts(const struct admin_api_import *import, struct arena *arena,
                               struct rota_import_shifts *shifts_r, struct error *error)
{
    const struct directory_customer *customer = import->customer;
    struct rota_import_agent *agents = arena_alloc(arena, customer->agents_count * sizeof *agents);
    if (agents == NULL) {
        return no_memory(error);
    }
    for (size_t i = 0; i < customer->agents_count; i++) {
        const struct directory_person *agent = &customer->agents[i];
        agents[i] = (struct rota_import_agent){agent->slug, agent->name, agent->active};
    }
    const struct rota_import asked = {.text = import->text,
                                      .bytes = import->bytes,
                                      .zone = customer->time_zone,
                                      .from = import->from,
                                      .agents = agents,
                                      .agents_count = customer->agents_count};
    return rota_import_read(&asked, arena, shifts_r, error);
}

static enum status compile(const struct admin_api_import *import, const char *definition,
                           struct wall_time to, struct arena *arena,
                           struct rota_interval **intervals_r, size_t *count_r, struct error *error)
{
    struct rota *rota;
    struct rota_context has;
    *intervals_r = NULL;
    *count_r = 0;
    if (definition == NULL) {
        return STATUS_OK;
    }
    enum status status = rota_adapter_open(definition, import->customer->calendar, import->from, to,
                                           arena, &rota, &has, error);
    return status != STATUS_OK ? status
                               : rota_compile(rota, &has, import->customer->time_zone, import->from,
                                              to, arena, intervals_r, count_r, error);
}

static struct wall_time end_of(const struct rota_import_shifts *shifts, struct wall_time from)
{
    struct wall_time end = from;
    for (size_t i = 0; i < shifts->count; i++) {
        if (shifts->shifts[i].to.ms > end.ms) {
            end = shifts->shifts[i].to;
        }
    }
    return end;
}

static enum status compare(const struct admin_api_import *import,
                           const struct rota_import_shifts *shifts, const char *before,
                           const char *after, struct arena *arena,
                           struct admin_api_planning *planning, struct error *error)
{
    struct rota_interval *old, *new;
    size_t old_count, new_count;
    struct rota_change *found = NULL;
    struct wall_time to = end_of(shifts, import->from);
    enum status status = compile(import, before, to, arena, &old, &old_count, error);
    if (status == STATUS_OK) {
        status = compile(import, after, to, arena, &new, &new_count, error);
    }
    if (status == STATUS_OK) {
        status = rota_import_compare(old, old_count, new, new_count, arena, &found,
                                     &planning->changes_count, &planning->more_changes, error);
    }
    struct admin_api_change *changes =
        arena_alloc(arena, planning->changes_count * sizeof *changes);
    if (status != STATUS_OK || changes == NULL) {
        return status != STATUS_OK ? status : no_memory(error);
    }
    for (size_t i = 0; i < planning->changes_count; i++) {
        changes[i].from = found[i].from;
        changes[i].to = found[i].to;
        (void)text_copy(changes[i].before, sizeof changes[i].before, found[i].before);
        (void)text_copy(changes[i].after, sizeof changes[i].after, found[i].after);
    }
    planning->changes = changes;
    return STATUS_OK;
}

static enum status plan(void *context, const struct admin_api_import *import, struct arena *arena,
                        struct admin_api_planning *planning_r, struct error *error)
{
    (void)context;
    struct rota_import_shifts shifts = {.count = 0};
    struct rota_merged merged;
    const char *before = import->rota != NULL ? import->rota->definition : NULL;
    enum status status = read_shifts(import, arena, &shifts, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct rota_merge merge = {.definition = before,
                                     .shifts = shifts.shifts,
                                     .shifts_count = shifts.count,
                                     .replaces = import->replaces,
                                     .from = import->from};
    status = rota_import_merge(&merge, arena, &merged, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct admin_api_planning planning = {
        .definition = merged.definition,
        .is_new = before == NULL,
        .shifts_count = shifts.count,
        .unchanged = merged.unchanged,
        .past = shifts.past,
        .cancelled = shifts.cancelled,
        .added = rota_adapter_copy(merged.added, merged.added_count, arena),
        .added_count = merged.added_count,
        .removed = rota_adapter_copy(merged.removed, merged.removed_count, arena),
        .removed_count = merged.removed_count,
    };
    if (planning.added == NULL || planning.removed == NULL) {
        return no_memory(error);
    }
    status = compare(import, &shifts, before, merged.definition, arena, &planning, error);
    if (status == STATUS_OK) {
        *planning_r = planning;
    }
    return status;
}

struct admin_api_calendars calendar_adapter(void)
{
    return (struct admin_api_calendars){.write = write_feed, .plan = plan};
}
