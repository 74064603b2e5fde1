/* Which turn is when, whoever takes it. */
#include "gateway/rota/rota_private.h"

#include "gateway/rota/calendar_private.h"

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

/* The hand-over on a local date, in local time. */
static int64_t hand_over_s(const struct rota_layer *layer, int64_t days)
{
    return days * SECONDS_PER_DAY + layer->hand_over.seconds;
}

static int64_t turn_start_ms(const struct turns *turns, int64_t number)
{
    const struct rota_layer *layer = turns->layer;
    int64_t days =
        number == 0 ? layer->starts_on_days : anchor_days(layer) + number * turn_days(layer);
    return range_utc_ms(turns->range, hand_over_s(layer, days));
}

/* A turn that begins at or before the start of the range, or the first of all. */
static int64_t first_turn(const struct turns *turns)
{
    /* A day earlier than the day, since the hand-over may be later in it. */
    int64_t day = range_first_day(turns->range) - 1;
    return later_ms(
        0, calendar_floor_divide(day - anchor_days(turns->layer), turn_days(turns->layer)));
}

/* Where the turn that is looked at ends; behind the last hand-over of a rule, never. */
static int64_t turn_end_ms(struct turns *turns)
{
    const struct rota_layer *layer = turns->layer;
    if (layer->turn != ROTA_CUSTOM) {
        return turn_start_ms(turns, turns->number + 1);
    }
    /* Local time is at most 26 hours ahead of UTC; two days are enough. */
    int64_t end_s = calendar_floor_divide(turns->range->to_ms, 1000) + 2 * SECONDS_PER_DAY;
    int64_t local_s;
    return occurrences_next(&turns->occurrences, end_s, &local_s)
               ? range_utc_ms(turns->range, local_s)
               : INT64_MAX;
}

/* Nobody's turn begins when the layer has ended: who has the last one stays until the clock shows
 * the end for the last time. */
static int64_t cut_to_layer(const struct turns *turns, int64_t to_ms)
{
    return to_ms < turns->end_ms ? to_ms : turns->stays_ms;
}

/* The turn of a rule that is under way a day before the range begins, or the first of all. */
static enum status begin_custom(struct turns *turns)
{
    const struct rota_layer *layer = turns->layer;
    int64_t begun_s = hand_over_s(layer, layer->starts_on_days);
    enum status status =
        occurrences_open(layer->recurrence, begun_s, false, &turns->occurrences, NULL);
    if (status == STATUS_OK) {
        turns->number =
            occurrences_skip(&turns->occurrences, range_first_day(turns->range) - 1, &begun_s);
        turns->from_ms = range_utc_ms(turns->range, begun_s);
    }
    return status;
}

enum status turns_begin(struct turns *turns, const struct range *range,
                        const struct rota_layer *layer)
{
    *turns =
        (struct turns){.range = range, .layer = layer, .end_ms = INT64_MAX, .stays_ms = INT64_MAX};
    if (layer->until_days != 0) {
        turns->end_ms = range_utc_ms(range, hand_over_s(layer, layer->until_days));
        turns->stays_ms = range_utc_last_ms(range, hand_over_s(layer, layer->until_days));
    }
    if (layer->turn == ROTA_CUSTOM) {
        enum status status = begin_custom(turns);
        if (status != STATUS_OK) {
            return status;
        }
    } else {
        turns->number = first_turn(turns);
        turns->from_ms = turn_start_ms(turns, turns->number);
    }
    turns->to_ms = cut_to_layer(turns, turn_end_ms(turns));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && turns->to_ms <= range->from_ms && turns_are_left(turns)) {
        status = turns_next(turns);
    }
    return status;
}

bool turns_are_left(const struct turns *turns)
{
    return turns->from_ms < earlier_ms(turns->range->to_ms, turns->end_ms);
}

enum status turns_next(struct turns *turns)
{
    if (turns->layer->turn == ROTA_CUSTOM && turns->looked_at == ROTA_INTERVALS_MAX) {
        return STATUS_TOO_LARGE;
    }
    turns->looked_at++;
    turns->number++;
    turns->from_ms = turns->to_ms;
    turns->to_ms = cut_to_layer(turns, turn_end_ms(turns));
    return STATUS_OK;
}
