/* Compiles one layer: when it is on duty at all, and who takes its turns then. */
#include "gateway/rota/rota_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/rota/calendar_private.h"
#include "gateway/rota/opening_hours_private.h"

#define WEEK_S (7 * SECONDS_PER_DAY)

static enum status add_window(const struct range *range, int64_t monday_s,
                              const struct rota_restriction *restriction, struct spans *windows)
{
    int64_t from_s = monday_s + (int64_t)(restriction->from_weekday - 1) * SECONDS_PER_DAY +
                     restriction->from.seconds;
    int64_t to_s = monday_s + (int64_t)(restriction->to_weekday - 1) * SECONDS_PER_DAY +
                   restriction->to.seconds;
    if (to_s <= from_s) {
        to_s += WEEK_S; /* over the end of the week */
    }
    return range_add(range, RANGE_WIDE, from_s, to_s, windows);
}

/* A window of the week, in each week of the range. */
static enum status add_weeks(const struct range *range, const struct rota_restriction *restriction,
                             struct spans *windows)
{
    int64_t day = range_first_day(range);
    /* A window that began in the week before may reach into this one. */
    int64_t monday_s = (day - calendar_weekday(day) + 1 - 7) * SECONDS_PER_DAY;
    enum status status = STATUS_OK;
    for (; status == STATUS_OK && range_utc_ms(range, monday_s) < range->to_ms;
         monday_s += WEEK_S) {
        status = add_window(range, monday_s, restriction, windows);
    }
    return status;
}

static enum status add_holidays(const struct range *range, const struct holidays *holidays,
                                enum range_width width, struct spans *windows)
{
    enum status status = STATUS_OK;
    /* One whose end comes twice may reach into the day behind it. */
    int64_t day = range_first_day(range) - 1;
    for (; status == STATUS_OK && range_utc_ms(range, day * SECONDS_PER_DAY) < range->to_ms;
         day++) {
        if (holidays_find(holidays, (int32_t)day, NULL)) {
            status = range_add(range, width, day * SECONDS_PER_DAY, (day + 1) * SECONDS_PER_DAY,
                               windows);
        }
    }
    return status;
}

static enum status add_opening_hours(const struct range *range, const struct rota_context *context,
                                     bool outside, struct spans *windows)
{
    struct spans open = {0}, closed = {0};
    struct span whole = {range->from_ms, range->to_ms, NULL};
    const struct spans all = {.items = &whole, .count = 1};
    enum status status = opening_hours_windows(context->opening_hours, context->holidays, range,
                                               outside ? RANGE_NARROW : RANGE_WIDE, &open);
    if (status == STATUS_OK) {
        status = spans_subtract(&all, &open, &closed);
    }
    const struct spans *wanted = outside ? &closed : &open;
    for (size_t i = 0; status == STATUS_OK && i < wanted->count; i++) {
        status = spans_add(windows, wanted->items[i].from_ms, wanted->items[i].to_ms, NULL);
    }
    spans_fini(&open);
    spans_fini(&closed);
    return status;
}

static enum status add_restriction(const struct range *range, const struct rota_context *context,
                                   const struct rota_restriction *restriction,
                                   struct spans *windows)
{
    switch (restriction->kind) {
    case ROTA_WINDOW:
        return add_weeks(range, restriction, windows);
    case ROTA_ONLY_OPENING_HOURS:
    case ROTA_ONLY_OUTSIDE_OPENING_HOURS:
        return add_opening_hours(range, context,
                                 restriction->kind == ROTA_ONLY_OUTSIDE_OPENING_HOURS, windows);
    case ROTA_ONLY_HOLIDAYS:
        return add_holidays(range, context->holidays, RANGE_WIDE, windows);
    case ROTA_EXCEPT_HOLIDAYS:
        return add_holidays(range, context->holidays, RANGE_NARROW, windows);
    }
    return STATUS_INVALID;
}

/* Those that put the layer on duty, or those that take it off. */
static enum status add_restrictions(const struct range *range, const struct rota_context *context,
                                    const struct rota_layer *layer, bool off, struct spans *windows)
{
    enum status status = STATUS_OK;
    size_t used = 0;
    for (size_t i = 0; status == STATUS_OK && i < layer->restrictions_count; i++) {
        if ((layer->restrictions[i].kind == ROTA_EXCEPT_HOLIDAYS) == off) {
            status = add_restriction(range, context, &layer->restrictions[i], windows);
            used++;
        }
    }
    if (status == STATUS_OK && used == 0 && !off) {
        status = spans_add(windows, range->from_ms, range->to_ms, NULL);
    }
    spans_join(windows);
    return status;
}

/* When the layer is on duty at all. */
static enum status make_windows(const struct range *range, const struct rota_context *context,
                                const struct rota_layer *layer, struct spans *windows)
{
    struct spans on = {0}, off = {0};
    enum status status = add_restrictions(range, context, layer, false, &on);
    if (status == STATUS_OK) {
        status = add_restrictions(range, context, layer, true, &off);
    }
    if (status == STATUS_OK) {
        status = spans_subtract(&on, &off, windows);
    }
    spans_fini(&on);
    spans_fini(&off);
    return status;
}

/* Who of a layer is away when: a list for each participant. */
struct absences {
    struct spans lists[ROTA_PARTICIPANTS_MAX];
};

static void absences_fini(struct absences *absences, const struct rota_layer *layer)
{
    for (size_t p = 0; p < layer->participants_count; p++) {
        spans_fini(&absences->lists[p]);
    }
}

static enum status absences_init(struct absences *absences, const struct range *range,
                                 const struct rota *rota, const struct rota_layer *layer)
{
    *absences = (struct absences){0};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < rota->overrides_count; i++) {
        const struct rota_override *absence = &rota->overrides[i];
        if (absence->kind != ROTA_ABSENCE) {
            continue;
        }
        for (size_t p = 0; status == STATUS_OK && p < layer->participants_count; p++) {
            if (strcmp(layer->participants[p], absence->agent) == 0) {
                status = spans_add(&absences->lists[p], later_ms(absence->from.ms, range->from_ms),
                                   earlier_ms(absence->to.ms, range->to_ms), NULL);
            }
        }
    }
    for (size_t p = 0; p < layer->participants_count; p++) {
        spans_join(&absences->lists[p]);
    }
    return status;
}

/* Gives a piece of a turn to its participant, or while that one is away to the next who is not. */
static enum status give(const struct absences *absences, const struct rota_layer *layer,
                        int64_t turn, int64_t from_ms, int64_t to_ms, struct spans *result)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && from_ms < to_ms) {
        const char *agent = NULL;
        int64_t until_ms = to_ms; /* nobody leaves or comes back before */
        for (size_t i = 0; agent == NULL && i < layer->participants_count; i++) {
            size_t p = ((size_t)turn + i) % layer->participants_count;
            const struct span *away = spans_after(&absences->lists[p], from_ms);
            if (away == NULL || away->from_ms > from_ms) {
                agent = layer->participants[p];
            }
            if (away != NULL) {
                until_ms =
                    earlier_ms(until_ms, away->from_ms > from_ms ? away->from_ms : away->to_ms);
            }
        }
        if (agent != NULL) {
            status = spans_add(result, from_ms, until_ms, agent);
        }
        from_ms = until_ms;
    }
    return status;
}

static enum status compile_turns(const struct spans *windows, const struct absences *absences,
                                 struct turns *turns, struct spans *result)
{
    enum status status = STATUS_OK;
    size_t first = 0; /* the first window that is not over */
    while (status == STATUS_OK && turns_are_left(turns) && first < windows->count) {
        for (; first < windows->count && windows->items[first].to_ms <= turns->from_ms; first++) {
        }
        for (size_t w = first;
             status == STATUS_OK && w < windows->count && windows->items[w].from_ms < turns->to_ms;
             w++) {
            status = give(absences, turns->layer, turns->number,
                          later_ms(turns->from_ms, windows->items[w].from_ms),
                          earlier_ms(turns->to_ms, windows->items[w].to_ms), result);
        }
        if (status == STATUS_OK) {
            status = turns_next(turns);
        }
    }
    return status;
}

enum status rota_layer_compile(const struct range *range, const struct rota_context *context,
                               const struct rota *rota, const struct rota_layer *layer,
                               struct spans *result)
{
    assert(layer->participants_count > 0 && layer->participants_count <= ROTA_PARTICIPANTS_MAX);
    struct spans windows = {0};
    struct absences absences;
    struct turns turns = {0};
    result->count = 0;
    enum status status = absences_init(&absences, range, rota, layer);
    if (status == STATUS_OK) {
        status = make_windows(range, context, layer, &windows);
    }
    if (status == STATUS_OK && windows.count > 0) {
        status = turns_begin(&turns, range, layer);
    }
    if (status == STATUS_OK && windows.count > 0) {
        status = compile_turns(&windows, &absences, &turns, result);
    }
    absences_fini(&absences, layer);
    spans_fini(&windows);
    return status;
}
