/* rota.h - who is on call when: compiles schedules in a customer's time zone to UTC intervals.
 *
 * Everything about zones, weekdays and clock changes ends in this room; the core sees intervals.
 * A rota is a list of layers (later ones cover earlier ones where they have somebody) with
 * overrides on top. Time zones come from the system's zoneinfo (package tzdata).
 *
 * Local times follow the wall: a hand-over at a time that the clock skips happens at the jump, one
 * at a time that comes twice happens the first time.
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
#define ROTA_TURN_LENGTH_MAX  52
#define ROTA_TIME_MS_MAX      INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

enum rota_turn { ROTA_DAILY, ROTA_WEEKLY };

/* Local time of day in seconds since midnight. */
struct rota_time_of_day {
    int32_t seconds;
};

/* A window in the week in which the layer is on duty at all; without any it always is. One that
 * ends at or before its start reaches into the next week. Windows may overlap. */
struct rota_restriction {
    int from_weekday; /* 1 Monday … 7 Sunday */
    struct rota_time_of_day from;
    int to_weekday;
    struct rota_time_of_day to;
};

/* Participants take turns of turn_length days or weeks, changing over at hand_over (weekly: on
 * hand_over_weekday). The first turn begins at hand_over on starts_on; when weekly turns start on
 * another day than hand_over_weekday, the first is shorter by the days of that week gone by. */
struct rota_layer {
    enum rota_turn turn;
    int turn_length;        /* days or weeks in one turn, 1 to 52 */
    int32_t starts_on_days; /* local date, days since 1970-01-01 */
    int hand_over_weekday;  /* 1 Monday … 7; weekly only */
    struct rota_time_of_day hand_over;
    char (*participants)[SLUG_BYTES_MAX]; /* agents' slugs, in order */
    size_t participants_count;
    struct rota_restriction *restrictions;
    size_t restrictions_count;
};

/* Somebody else takes over for a while; of two at the same time the later in the list wins. */
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
 * "restrictions":[…]}],"overrides":[…]}). A restriction is
 * {"from":{"weekday":"friday","time":"18:00"},"to":{"weekday":"monday","time":"08:00"}}, an
 * override
 * {"from":"2026-05-01T07:00:00Z","to":"2026-05-02T07:00:00Z","agent":"marie"}. turn_length (1),
 * restrictions and overrides may be absent. Memory comes from the arena. STATUS_INVALID with the
 * JSON pointer of the fault; unknown fields are refused. STATUS_NO_MEMORY: the arena is full. */
enum status rota_parse(const char *json, size_t json_bytes, struct arena *arena,
                       struct rota **rota_r, struct error *error) MUST_CHECK;

/* Whether the zone is known ("Europe/Paris"). Any thread. */
bool rota_zone_is_known(const char *zone);

/* Compiles [from, to) to intervals in order, without overlap; gaps are where nobody is on call.
 * Neighbouring intervals of one agent's turns are joined only within one turn, so each interval
 * is (part of) one shift. Both nights of a clock change have no gap. Any thread; the intervals live
 * in the arena. STATUS_NOT_FOUND: unknown zone; STATUS_TOO_LARGE: over ROTA_INTERVALS_MAX;
 * STATUS_INVALID: to before from, or outside 1970 to 9999; STATUS_CORRUPT: the zone's file is
 * damaged; STATUS_NO_MEMORY. On failure the outputs are untouched. */
enum status rota_compile(const struct rota *rota, const char *zone, struct wall_time from,
                         struct wall_time to, struct arena *arena,
                         struct rota_interval **intervals_r, size_t *intervals_count_r,
                         struct error *error) MUST_CHECK;

#endif
