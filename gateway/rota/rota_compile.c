/* Compiles a rota in three moves: each layer alone to spans of UTC, later layers laid over earlier
 * ones, overrides made one after the other. */
#include "gateway/rota/rota.h"

#include <string.h>

#include "gateway/rota/calendar_private.h"
#include "gateway/rota/opening_hours.h"
#include "gateway/rota/rota_private.h"

#define DAY_MS (SECONDS_PER_DAY * 1000)

/* Gives pieces [from, to) of the spans of each of two agents to the other. */
static enum status swap_agents(const struct spans *base, const struct rota_override *swap,
                               struct spans *result)
{
    enum status status = STATUS_OK;
    result->count = 0;
    for (size_t i = 0; status == STATUS_OK && i < base->count; i++) {
        const struct span *span = &base->items[i];
        const char *other = strcmp(span->agent, swap->agent) == 0  ? swap->with
                            : strcmp(span->agent, swap->with) == 0 ? swap->agent
                                                                   : span->agent;
        int64_t from_ms = earlier_ms(later_ms(swap->from.ms, span->from_ms), span->to_ms);
        int64_t to_ms = later_ms(earlier_ms(swap->to.ms, span->to_ms), from_ms);
        if (other == span->agent) {
            from_ms = to_ms = span->to_ms; /* not theirs: stays whole */
        }
        status = spans_add(result, span->from_ms, from_ms, span->agent);
        if (status == STATUS_OK) {
            status = spans_add(result, from_ms, to_ms, other);
        }
        if (status == STATUS_OK) {
            status = spans_add(result, to_ms, span->to_ms, span->agent);
        }
    }
    return status;
}

/* Lays replacements, none of another kind among them, one over the other: each half by itself, so
 * that a year of them, each looked at once a level, does not take a pass over all for each. */
static enum status cover_replacements(const struct range *range,
                                      const struct rota_override *overrides, size_t count,
                                      struct spans *result)
{
    if (count == 1) {
        return spans_add(result, later_ms(overrides->from.ms, range->from_ms),
                         earlier_ms(overrides->to.ms, range->to_ms), overrides->agent);
    }
    struct spans first = {0}, second = {0};
    enum status status = cover_replacements(range, overrides, count / 2, &first);
    if (status == STATUS_OK) {
        status = cover_replacements(range, overrides + count / 2, count - count / 2, &second);
    }
    if (status == STATUS_OK) {
        status = spans_cover(&first, &second, result);
    }
    spans_fini(&first);
    spans_fini(&second);
    return status;
}

static enum status make_replacements(const struct range *range,
                                     const struct rota_override *overrides, size_t count,
                                     struct spans *spans, struct spans *next)
{
    struct spans top = {0};
    enum status status = cover_replacements(range, overrides, count, &top);
    if (status == STATUS_OK && top.count > 0) {
        status = spans_cover(spans, &top, next);
        spans_swap(spans, next);
    }
    spans_fini(&top);
    return status;
}

static enum status make_swap(const struct range *range, const struct rota_override *swap,
                             struct spans *spans, struct spans *next)
{
    if (swap->from.ms >= range->to_ms || swap->to.ms <= range->from_ms) {
        return STATUS_OK;
    }
    enum status status = swap_agents(spans, swap, next);
    if (status == STATUS_OK) {
        spans_swap(spans, next);
    }
    return status;
}

/* How many of the overrides follow each other as replacements, from the first on. */
static size_t count_replacements(const struct rota_override *overrides, size_t count)
{
    size_t found = 0;
    while (found < count && overrides[found].kind == ROTA_REPLACE) {
        found++;
    }
    return found;
}

/* One after the other, but for absences, which are the layers' business. */
static enum status make_overrides(const struct range *range, const struct rota *rota,
                                  struct spans *spans, struct spans *next)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < rota->overrides_count;) {
        const struct rota_override *override = &rota->overrides[i];
        size_t count = count_replacements(override, rota->overrides_count - i);
        if (count > 0) {
            status = make_replacements(range, override, count, spans, next);
        } else if (override->kind == ROTA_SWAP) {
            status = make_swap(range, override, spans, next);
        }
        i += count > 0 ? count : 1;
    }
    return status;
}

static enum status compile_all(const struct range *range, const struct rota *rota,
                               const struct rota_context *context, struct spans *result)
{
    enum status status = STATUS_OK;
    struct spans layer = {0}, next = {0};
    for (size_t i = 0; status == STATUS_OK && i < rota->layers_count; i++) {
        status = rota_layer_compile(range, context, rota, &rota->layers[i], &layer);
        if (status == STATUS_OK) {
            status = spans_cover(result, &layer, &next);
            spans_swap(result, &next);
        }
    }
    if (status == STATUS_OK) {
        status = make_overrides(range, rota, result, &next);
    }
    spans_fini(&layer);
    spans_fini(&next);
    return status;
}

/* Compiles to spans, which the caller frees also after a failure. */
static enum status compile(const struct rota *rota, const struct rota_context *context,
                           const char *zone, struct wall_time from, struct wall_time to,
                           struct spans *spans, struct error *error)
{
    struct range range;
    enum status status = rota_check(rota, context, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = range_open(&range, zone, from, to, error);
    if (status == STATUS_OK) {
        status = compile_all(&range, rota, context, spans);
        if (status == STATUS_TOO_LARGE) {
            (void)error_set(error, status,
                            "the rota has more than %d intervals or hand-overs in that time: ask "
                            "for less, or let its rules make fewer",
                            ROTA_INTERVALS_MAX);
        } else if (status != STATUS_OK) {
            (void)error_set(error, status, "compiling the rota: %s", status_text(status));
        }
    }
    range_close(&range);
    return status;
}

/* The spans from `first` on, `count` of them. */
static enum status hand_out(const struct span *first, size_t count, struct arena *arena,
                            struct rota_interval **intervals_r, size_t *intervals_count_r,
                            struct error *error)
{
    struct rota_interval *intervals = arena_alloc(arena, count * sizeof *intervals);
    if (intervals == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu intervals", count);
    }
    for (size_t i = 0; i < count; i++) {
        intervals[i].from.ms = first[i].from_ms;
        intervals[i].to.ms = first[i].to_ms;
        (void)text_copy(intervals[i].agent, sizeof intervals[i].agent, first[i].agent);
    }
    *intervals_r = intervals;
    *intervals_count_r = count;
    return STATUS_OK;
}

bool rota_zone_is_known(const char *zone)
{
    struct range range;
    bool known =
        range_open(&range, zone, (struct wall_time){0}, (struct wall_time){0}, NULL) == STATUS_OK;
    range_close(&range);
    return known;
}

enum status rota_compile(const struct rota *rota, const struct rota_context *context,
                         const char *zone, struct wall_time from, struct wall_time to,
                         struct arena *arena, struct rota_interval **intervals_r,
                         size_t *intervals_count_r, struct error *error)
{
    struct spans spans = {0};
    enum status status = compile(rota, context, zone, from, to, &spans, error);
    if (status == STATUS_OK) {
        status = hand_out(spans.items, spans.count, arena, intervals_r, intervals_count_r, error);
    }
    spans_fini(&spans);
    return status;
}

/* How many of the spans touch [from, to), and the first of them. */
static size_t touching(const struct spans *spans, struct wall_time from, struct wall_time to,
                       const struct span **first_r)
{
    size_t count = 0;
    *first_r = spans_after(spans, from.ms);
    if (*first_r != NULL && from.ms < to.ms) {
        size_t left = spans->count - (size_t)(*first_r - spans->items);
        while (count < left && (*first_r)[count].from_ms < to.ms) {
            count++;
        }
    }
    return count;
}

enum status rota_shifts(const struct rota *rota, const struct rota_context *context,
                        const char *zone, struct wall_time from, struct wall_time to,
                        struct arena *arena, struct rota_interval **shifts_r,
                        size_t *shifts_count_r, struct error *error)
{
    /* Most shifts end within a week: what is compiled grows until none touches its ends. */
    struct spans spans = {0};
    const struct span *found = NULL;
    size_t count = 0;
    struct wall_time first = from, last = to;
    enum status status = STATUS_OK;
    bool whole = false;
    for (int64_t days = 8; status == STATUS_OK && !whole; days *= 2) {
        int64_t margin_ms = earlier_ms(days, ROTA_SHIFT_DAYS_MAX) * DAY_MS;
        if (from.ms >= 0 && from.ms <= to.ms) { /* compile() refuses what is not */
            first.ms = later_ms(0, from.ms - margin_ms);
            last = range_end(to, margin_ms);
        }
        spans.count = 0;
        status = compile(rota, context, zone, first, last, &spans, error);
        if (status == STATUS_OK) {
            count = touching(&spans, from, to, &found);
            whole = days >= ROTA_SHIFT_DAYS_MAX || count == 0 ||
                    (found[0].from_ms > first.ms && found[count - 1].to_ms < last.ms);
        }
    }
    if (status == STATUS_OK) {
        status = hand_out(found, count, arena, shifts_r, shifts_count_r, error);
    }
    spans_fini(&spans);
    return status;
}

enum status rota_who(const struct rota *rota, const struct rota_context *context, const char *zone,
                     struct wall_time at, char agent_r[SLUG_BYTES_MAX], struct error *error)
{
    struct spans spans = {0};
    enum status status = compile(rota, context, zone, at, range_end(at, 1), &spans, error);
    if (status == STATUS_OK) {
        (void)text_copy(agent_r, SLUG_BYTES_MAX, spans.count > 0 ? spans.items[0].agent : "");
    }
    spans_fini(&spans);
    return status;
}
