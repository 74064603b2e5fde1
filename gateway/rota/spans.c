#include "gateway/rota/spans_private.h"

#include <stdlib.h>

#include "gateway/rota/rota.h"

void spans_fini(struct spans *spans)
{
    free(spans->items);
    *spans = (struct spans){0};
}

void spans_swap(struct spans *a, struct spans *b)
{
    struct spans kept = *a;
    *a = *b;
    *b = kept;
}

enum status spans_add(struct spans *spans, int64_t from_ms, int64_t to_ms, const char *agent)
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

static int compare_spans(const void *left, const void *right)
{
    const struct span *a = left, *b = right;
    return (a->from_ms > b->from_ms) - (a->from_ms < b->from_ms);
}

void spans_join(struct spans *windows)
{
    if (windows->count == 0) {
        return;
    }
    qsort(windows->items, windows->count, sizeof windows->items[0], compare_spans);
    size_t kept = 0;
    for (size_t i = 1; i < windows->count; i++) {
        if (windows->items[i].from_ms <= windows->items[kept].to_ms) {
            windows->items[kept].to_ms =
                later_ms(windows->items[kept].to_ms, windows->items[i].to_ms);
        } else {
            windows->items[++kept] = windows->items[i];
        }
    }
    windows->count = kept + 1;
}

enum status spans_cover(const struct spans *base, const struct spans *top, struct spans *result)
{
    enum status status = STATUS_OK;
    int64_t covered_ms = INT64_MIN; /* where the last of top ended */
    size_t t = 0;
    result->count = 0;
    for (size_t b = 0; status == STATUS_OK && b < base->count; b++) {
        const struct span *under = &base->items[b];
        for (; status == STATUS_OK && t < top->count && top->items[t].from_ms < under->to_ms; t++) {
            const struct span *over = &top->items[t];
            status = spans_add(result, later_ms(under->from_ms, covered_ms), over->from_ms,
                               under->agent);
            if (status == STATUS_OK) {
                status = spans_add(result, over->from_ms, over->to_ms, over->agent);
            }
            covered_ms = over->to_ms;
        }
        if (status == STATUS_OK) {
            status =
                spans_add(result, later_ms(under->from_ms, covered_ms), under->to_ms, under->agent);
        }
    }
    for (; status == STATUS_OK && t < top->count; t++) {
        status = spans_add(result, top->items[t].from_ms, top->items[t].to_ms, top->items[t].agent);
    }
    return status;
}

enum status spans_subtract(const struct spans *base, const struct spans *cut, struct spans *result)
{
    enum status status = STATUS_OK;
    size_t first = 0; /* the first cut that is not over */
    result->count = 0;
    for (size_t b = 0; status == STATUS_OK && b < base->count; b++) {
        const struct span *whole = &base->items[b];
        int64_t from_ms = whole->from_ms;
        for (; first < cut->count && cut->items[first].to_ms <= from_ms; first++) {
        }
        for (size_t c = first;
             status == STATUS_OK && c < cut->count && cut->items[c].from_ms < whole->to_ms; c++) {
            status = spans_add(result, from_ms, cut->items[c].from_ms, whole->agent);
            from_ms = cut->items[c].to_ms;
        }
        if (status == STATUS_OK) {
            status = spans_add(result, from_ms, whole->to_ms, whole->agent);
        }
    }
    return status;
}

const struct span *spans_after(const struct spans *spans, int64_t ms)
{
    size_t low = 0, high = spans->count; /* how many are over by then */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (spans->items[middle].to_ms <= ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < spans->count ? &spans->items[low] : NULL;
}
