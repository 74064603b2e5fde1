/* rota.h - who is on call when: compiles schedules in a customer's time zone to UTC intervals.
 *
 * Everything about zones, weekdays and clock changes ends in this room; the core sees intervals.
 * A rota is a list of layers (later ones cover earlier ones where they have somebody) with
 * overrides on top; today each rota has one layer. Time zones come from libical's or the system's
 * zoneinfo.
 */
#ifndef GATEWAY_ROTA_ROTA_H
#define GATEWAY_ROTA_ROTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/status.h"
#include "gateway/base/text.h"
#include "gateway/base/time.h"

#define ROTA_LAYERS_MAX       8
#define ROTA_PARTICIPANTS_MAX 64
#define ROTA_RESTRICTIONS_MAX 16
#define ROTA_OVERRIDES_MAX    512
#define ROTA_INTERVALS_MAX    20000

enum rota_turn { ROTA_DAILY, ROTA_WEEKLY };

/* Local time of day in seconds since midnight. */
struct rota_time_of_day {
    int32_t seconds;
};

/* A window in the week in which the layer is on duty at all; without any it always is. */
struct rota_restriction {
    int from_weekday; /* 1 Monday … 7 Sunday */
    struct rota_time_of_day from;
    int to_weekday;
    struct rota_time_of_day to;
};

/* Participants take turns of `turns_each` days or weeks, beginning at starts_on, changing over at
 * hand_over on hand_over_weekday (weekly). */
struct rota_layer {
    enum rota_turn turn;
    int turn_length;              /* days or weeks in one turn, 1 to 52 */
    int32_t starts_on_days;       /* local date, days since 1970-01-01 */
    int hand_over_weekday;        /* 1 Monday … 7; weekly only */
    struct rota_time_of_day hand_over;
    char (*participants)[SLUG_BYTES_MAX]; /* agents' slugs, in order */
    size_t participants_count;
    struct rota_restriction *restrictions;
    size_t restrictions_count;
};

/* Somebody else takes over for a while. */
struct rota_override {
    struct wall_time from;
    struct wall_time to;
    char agent[SLUG_BYTES_MAX];
};

struct rota {
    struct rota_layer layers[ROTA_LAYERS_MAX];
    size_t layers_count;
    struct rota_override *overrides;
    size_t overrides_count;
};

/* One agent on call from (inclusive) to (exclusive). */
struct rota_interval {
    struct wall_time from;
    struct wall_time to;
    char agent[SLUG_BYTES_MAX];
};

/* Reads the JSON form ({"layers":[{"turn":"weekly","turn_length":1,"starts_on":"2026-01-05",
 * "hand_over":{"weekday":"monday","time":"09:00"},"participants":["paul","marie"],
 * "restrictions":[…]}],"overrides":[…]}). Memory comes from the arena. STATUS_INVALID with the
 * JSON pointer of the fault; unknown fields are refused. */
enum status rota_parse(const char *json, size_t json_bytes, struct arena *arena,
                       struct rota **rota_r, struct error *error) MUST_CHECK;

/* Whether the zone is known ("Europe/Paris"). */
bool rota_zone_is_known(const char *zone);

/* Compiles [from, to) to intervals in order, without overlap; gaps are where nobody is on call.
 * Neighbouring intervals of one agent's turns are joined only within one turn, so each interval
 * is (part of) one shift. Both nights of a clock change have no gap. Any thread.
 * STATUS_NOT_FOUND: unknown zone; STATUS_TOO_LARGE: over ROTA_INTERVALS_MAX. */
enum status rota_compile(const struct rota *rota, const char *zone, struct wall_time from,
                         struct wall_time to, struct arena *arena,
                         struct rota_interval **intervals_r, size_t *intervals_count_r,
                         struct error *error) MUST_CHECK;

#endif
