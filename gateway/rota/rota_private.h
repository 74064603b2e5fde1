/* rota_private.h - one layer of a rota, compiled alone. */
#ifndef GATEWAY_ROTA_ROTA_PRIVATE_H
#define GATEWAY_ROTA_ROTA_PRIVATE_H

#include "gateway/rota/occurrences_private.h"
#include "gateway/rota/range_private.h"
#include "gateway/rota/rota.h"

/* Writes who of the layer is on call within the range: its turns, cut to when it is on duty at all,
 * taken over where the rota's overrides say that somebody is away. The context has what the layer
 * asks for. Statuses as spans_add() and turns_begin(). */
enum status rota_layer_compile(const struct range *range, const struct rota_context *context,
                               const struct rota *rota, const struct rota_layer *layer,
                               struct spans *result) MUST_CHECK;

/* A layer's turns in order, and the one that is looked at. */
struct turns {
    const struct range *range;
    const struct rota_layer *layer;
    struct occurrences
        occurrences; /* of custom turns: hand-overs behind the one that is looked at */
    int looked_at;   /* since the range began */
    int64_t number;  /* from 0, since the layer began */
    int64_t from_ms;
    int64_t to_ms;
    int64_t end_ms;   /* where the layer ends … */
    int64_t stays_ms; /* … and when the clock shows that for the last time */
};

/* Looks at the turn that is under way when the range begins, or at the first, or at one before.
 * STATUS_TOO_LARGE: custom turns have more than ROTA_INTERVALS_MAX hand-overs within the range;
 * STATUS_INVALID: no recurrence rule. */
enum status turns_begin(struct turns *turns, const struct range *range,
                        const struct rota_layer *layer) MUST_CHECK;

/* Whether the turn begins before the range and the layer end. */
bool turns_are_left(const struct turns *turns);

/* Looks at the next turn. Statuses as turns_begin(). */
enum status turns_next(struct turns *turns) MUST_CHECK;

#endif
