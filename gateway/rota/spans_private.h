/* spans_private.h - lists of spans of time in the making, and what is done with whole lists. */
#ifndef GATEWAY_ROTA_SPANS_PRIVATE_H
#define GATEWAY_ROTA_SPANS_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/status.h"

/* From (inclusive) to (exclusive), in milliseconds since 1970-01-01T00:00Z; the agent's slug is
 * borrowed, NULL in windows. */
struct span {
    int64_t from_ms;
    int64_t to_ms;
    const char *agent;
};

/* Sorted and disjoint unless said otherwise. {0} is an empty list; spans_fini() frees it. */
struct spans {
    struct span *items;
    size_t count;
    size_t capacity;
};

void spans_fini(struct spans *spans);

void spans_swap(struct spans *a, struct spans *b);

/* Appends a span; an empty one is left out. STATUS_TOO_LARGE: the list has ROTA_INTERVALS_MAX;
 * STATUS_NO_MEMORY. */
enum status spans_add(struct spans *spans, int64_t from_ms, int64_t to_ms,
                      const char *agent) MUST_CHECK;

/* Sorts windows that came in any order, and joins what overlaps or touches. */
void spans_join(struct spans *windows);

/* Each writes a third list. Lays `top` over `base`: where top has somebody, base is not seen. */
enum status spans_cover(const struct spans *base, const struct spans *top,
                        struct spans *result) MUST_CHECK;
/* What of `base` lies outside of `cut`. */
enum status spans_subtract(const struct spans *base, const struct spans *cut,
                           struct spans *result) MUST_CHECK;

/* The first span that ends after the moment; NULL when there is none. */
const struct span *spans_after(const struct spans *spans, int64_t ms);

static inline int64_t later_ms(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t earlier_ms(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
