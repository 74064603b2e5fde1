/* Compiles a rota in three moves: each layer alone to spans of UTC (its turns, cut by its
 * restrictions), later layers laid over earlier ones, overrides laid over all. */
#include "gateway/rota/rota.h"

#include <assert.h>
#include <stdlib.h>

#include "gateway/rota/calendar_private.h"
#include "gateway/rota/zone_private.h"

#define ZONE_ARENA_BYTES_MAX (128u << 10)
#define WEEK_S               (7 * SECONDS_PER_DAY)

/* An interval in the making; the agent's slug is borrowed from the rota, NULL in windows. */
struct span {
    int64_t from_ms;
    int64_t to_ms;
    const char *agent;
};

/* Sorted and disjoint unless said otherwise. */
struct spans {
    struct span *items;
    size_t count;
    size_t capacity;
};

struct compiler {
    const struct zone *zone;
    int64_t from_ms;
    int64_t to_ms;
};

static void spans_fini(struct spans *spans)
{
    free(spans->items);
    *spans = (struct spans){0};
}

static void spans_swap(struct spans *a, struct spans *b)
{
    struct spans kept = *a;
    *a = *b;
    *b = kept;
}

/* Appends a span; an empty one is left out. */
static enum status spans_add(struct spans *spans, int64_t from_ms, int64_t to_ms, const char *agent)
{
    if (from_ms >= to_ms) {
        return STATUS_OK;
    }
    if (spans->count == ROTA_INTERVALS_MAX) {
        return STATUS_TOO_LARGE;
    }
    if (spans->count == spans->capacity) {
        size_t capacity = spans->capacity == 0 ? 64 : spans->capacity * 2;
        struct span *items = realloc(spans->items, capacity * sizeof *items);
        if (items == NULL) {
            return STATUS_NO_MEMORY;
        }
        spans->items = items;
        spans->capacity = capacity;
    }
    spans->items[spans->count++] = (struct span){from_ms, to_ms, agent};
    return STATUS_OK;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Lays `top` over `base`: where top has somebody, base is not seen. */
static enum status spans_cover(const struct spans *base, const struct spans *top,
                               struct spans *result)
{
    enum status status = STATUS_OK;
    int64_t covered_ms = INT64_MIN; /* where the last of top ended */
    size_t t = 0;
    result->count = 0;
    for (size_t b = 0; status == STATUS_OK && b < base->count; b++) {
        const struct span *under = &base->items[b];
        for (; status == STATUS_OK && t < top->count && top->items[t].from_ms < under->to_ms; t++) {
            const struct span *over = &top->items[t];
            status =
                spans_add(result, later(under->from_ms, covered_ms), over->from_ms, under->agent);
            if (status == STATUS_OK) {
                status = spans_add(result, over->from_ms, over->to_ms, over->agent);
            }
            covered_ms = over->to_ms;
        }
        if (status == STATUS_OK) {
            status =
                spans_add(result, later(under->from_ms, covered_ms), under->to_ms, under->agent);
        }
    }
    for (; status == STATUS_OK && t < top->count; t++) {
        status = spans_add(result, top->items[t].from_ms, top->items[t].to_ms, top->items[t].agent);
    }
    return status;
}

static int64_t local_to_ms(const struct compiler *compiler, int64_t local_s)
{
    return zone_utc_s(compiler->zone, local_s) * 1000;
}

/* The local time now, at the start of what is compiled. */
static int64_t local_from_s(const struct compiler *compiler)
{
    int64_t utc_s = calendar_floor_divide(compiler->from_ms, 1000);
    return utc_s + zone_offset_s(compiler->zone, utc_s);
}

static int compare_spans(const void *left, const void *right)
{
    const struct span *a = left, *b = right;
    return (a->from_ms > b->from_ms) - (a->from_ms < b->from_ms);
}

/* Joins what overlaps or touches in a list sorted by its starts. */
static void join_windows(struct spans *windows)
{
    size_t kept = 0;
    for (size_t i = 1; i < windows->count; i++) {
        if (windows->items[i].from_ms <= windows->items[kept].to_ms) {
            windows->items[kept].to_ms = later(windows->items[kept].to_ms, windows->items[i].to_ms);
        } else {
            windows->items[++kept] = windows->items[i];
        }
    }
    windows->count = windows->count == 0 ? 0 : kept + 1;
}

static enum status add_window(const struct compiler *compiler, int64_t monday_s,
                              const struct rota_restriction *restriction, struct spans *windows)
{
    int64_t from_s = monday_s + (int64_t)(restriction->from_weekday - 1) * SECONDS_PER_DAY +
                     restriction->from.seconds;
    int64_t to_s = monday_s + (int64_t)(restriction->to_weekday - 1) * SECONDS_PER_DAY +
                   restriction->to.seconds;
    if (to_s <= from_s) {
        to_s += WEEK_S; /* over the end of the week */
    }
    return spans_add(windows, later(compiler->from_ms, local_to_ms(compiler, from_s)),
                     earlier(compiler->to_ms, local_to_ms(compiler, to_s)), NULL);
}

/* When the layer is on duty at all. */
static enum status make_windows(const struct compiler *compiler, const struct rota_layer *layer,
                                struct spans *windows)
{
    if (layer->restrictions_count == 0) {
        return spans_add(windows, compiler->from_ms, compiler->to_ms, NULL);
    }
    int64_t day = calendar_floor_divide(local_from_s(compiler), SECONDS_PER_DAY);
    /* A window that began in the week before may reach into this one. */
    int64_t monday_s = (day - calendar_weekday(day) + 1 - 7) * SECONDS_PER_DAY;
    enum status status = STATUS_OK;
    for (; status == STATUS_OK && local_to_ms(compiler, monday_s) < compiler->to_ms;
         monday_s += WEEK_S) {
        for (size_t i = 0; status == STATUS_OK && i < layer->restrictions_count; i++) {
            status = add_window(compiler, monday_s, &layer->restrictions[i], windows);
        }
    }
    if (status == STATUS_OK && windows->count > 0) {
        qsort(windows->items, windows->count, sizeof windows->items[0], compare_spans);
        join_windows(windows);
    }
    return status;
}

static int64_t turn_days(const struct rota_layer *layer)
{
    return (int64_t)layer->turn_length * (layer->turn == ROTA_WEEKLY ? 7 : 1);
}

/* The local date from which turns are counted: of weekly ones the hand-over at or before the start,
 * so that a start in mid-week makes the first turn shorter. */
static int64_t anchor_days(const struct rota_layer *layer)
{
    int64_t start = layer->starts_on_days;
    if (layer->turn == ROTA_WEEKLY) {
        start -= (calendar_weekday(start) - layer->hand_over_weekday + 7) % 7;
    }
    return start;
}

static int64_t turn_start_ms(const struct compiler *compiler, const struct rota_layer *layer,
                             int64_t turn)
{
    int64_t day = turn == 0 ? layer->starts_on_days : anchor_days(layer) + turn * turn_days(layer);
    return local_to_ms(compiler, day * SECONDS_PER_DAY + layer->hand_over.seconds);
}

/* A turn that begins at or before the start of what is compiled, or the first of all. */
static int64_t first_turn(const struct compiler *compiler, const struct rota_layer *layer)
{
    /* A day earlier than the day, since the hand-over may be later in it. */
    int64_t day = calendar_floor_divide(local_from_s(compiler), SECONDS_PER_DAY) - 1;
    return later(0, calendar_floor_divide(day - anchor_days(layer), turn_days(layer)));
}

static enum status compile_layer(const struct compiler *compiler, const struct rota_layer *layer,
                                 struct spans *result)
{
    assert(layer->participants_count > 0 && layer->turn_length > 0);
    struct spans windows = {0};
    enum status status = make_windows(compiler, layer, &windows);
    int64_t turn = first_turn(compiler, layer);
    int64_t from_ms = turn_start_ms(compiler, layer, turn);
    size_t first = 0; /* the first window that is not over */
    result->count = 0;
    while (status == STATUS_OK && from_ms < compiler->to_ms && first < windows.count) {
        int64_t to_ms = turn_start_ms(compiler, layer, turn + 1);
        const char *agent = layer->participants[(size_t)turn % layer->participants_count];
        for (; first < windows.count && windows.items[first].to_ms <= from_ms; first++) {
        }
        for (size_t w = first;
             status == STATUS_OK && w < windows.count && windows.items[w].from_ms < to_ms; w++) {
            status = spans_add(result, later(from_ms, windows.items[w].from_ms),
                               earlier(to_ms, windows.items[w].to_ms), agent);
        }
        from_ms = to_ms;
        turn++;
    }
    spans_fini(&windows);
    return status;
}

/* The overrides as one layer; of two at the same time the later in the list wins. */
static enum status compile_overrides(const struct compiler *compiler, const struct rota *rota,
                                     struct spans *result)
{
    enum status status = STATUS_OK;
    struct spans next = {0};
    result->count = 0;
    for (size_t i = 0; status == STATUS_OK && i < rota->overrides_count; i++) {
        const struct rota_override *override = &rota->overrides[i];
        struct span span = {later(override->from.ms, compiler->from_ms),
                            earlier(override->to.ms, compiler->to_ms), override->agent};
        if (span.from_ms < span.to_ms) {
            struct spans one = {.items = &span, .count = 1};
            status = spans_cover(result, &one, &next);
            spans_swap(result, &next);
        }
    }
    spans_fini(&next);
    return status;
}

static enum status compile_all(const struct compiler *compiler, const struct rota *rota,
                               struct spans *result)
{
    enum status status = STATUS_OK;
    struct spans layer = {0}, next = {0};
    for (size_t i = 0; status == STATUS_OK && i <= rota->layers_count; i++) {
        status = i < rota->layers_count ? compile_layer(compiler, &rota->layers[i], &layer)
                                        : compile_overrides(compiler, rota, &layer);
        if (status == STATUS_OK) {
            status = spans_cover(result, &layer, &next);
            spans_swap(result, &next);
        }
    }
    spans_fini(&layer);
    spans_fini(&next);
    return status;
}

static enum status hand_out(const struct spans *spans, struct arena *arena,
                            struct rota_interval **intervals_r, size_t *intervals_count_r)
{
    struct rota_interval *intervals = arena_alloc(arena, spans->count * sizeof *intervals);
    if (intervals == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < spans->count; i++) {
        intervals[i].from.ms = spans->items[i].from_ms;
        intervals[i].to.ms = spans->items[i].to_ms;
        (void)text_copy(intervals[i].agent, sizeof intervals[i].agent, spans->items[i].agent);
    }
    *intervals_r = intervals;
    *intervals_count_r = spans->count;
    return STATUS_OK;
}

bool rota_zone_is_known(const char *zone)
{
    struct arena *arena = arena_create(ZONE_ARENA_BYTES_MAX);
    struct zone *loaded;
    bool known = arena != NULL && zone_load(zone, arena, &loaded) == STATUS_OK;
    arena_destroy(&arena);
    return known;
}

enum status rota_compile(const struct rota *rota, const char *zone, struct wall_time from,
                         struct wall_time to, struct arena *arena,
                         struct rota_interval **intervals_r, size_t *intervals_count_r,
                         struct error *error)
{
    if (from.ms < 0 || to.ms < from.ms || to.ms > ROTA_TIME_MS_MAX) {
        return error_set(error, STATUS_INVALID, "a rota is compiled from 1970 to 9999, forwards");
    }
    struct zone *loaded = NULL;
    struct spans result = {0};
    struct arena *zone_arena = arena_create(ZONE_ARENA_BYTES_MAX);
    enum status status =
        zone_arena == NULL ? STATUS_NO_MEMORY : zone_load(zone, zone_arena, &loaded);
    if (status == STATUS_OK) {
        struct compiler compiler = {loaded, from.ms, to.ms};
        status = compile_all(&compiler, rota, &result);
    }
    if (status == STATUS_OK) {
        status = hand_out(&result, arena, intervals_r, intervals_count_r);
    }
    spans_fini(&result);
    arena_destroy(&zone_arena);
    switch ((int)status) {
    case STATUS_OK:
        return STATUS_OK;
    case STATUS_NOT_FOUND:
        return error_set(error, status, "no such time zone");
    case STATUS_TOO_LARGE:
        return error_set(error, status, "the rota has more than %d intervals", ROTA_INTERVALS_MAX);
    default:
        return error_set(error, status, "compiling the rota: %s", status_text(status));
    }
}
