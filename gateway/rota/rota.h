/* rota.h - who is on call when: compiles schedules in a customer's time zone to UTC intervals.
 *
 * Everything about zones, weekdays and clock changes ends in this room; the core sees intervals.
 * A rota is a list of layers (later ones cover earlier ones where they have somebody) with
 * overrides on top. Time zones come from the system's zoneinfo (package tzdata). Layers may follow
 * opening hours and holidays, which are handed in beside the rota.
 *
 * Local times follow the wall: what begins or ends at a time that the clock skips does so at the
 * jump. At a time that comes twice a hand-over happens the first time; a window of duty begins the
 * first time and ends the last, and so does a layer: the hour overlaps and leaves no gap. Opening
 * hours last as long, and duty outside of them, or on days that are no holidays, begins the first
 * and ends the last time likewise. Overrides are written in UTC.
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
#define ROTA_OVERRIDES_MAX    2000 /* two years of twelve-hour shifts, and changes of them */
#define ROTA_INTERVALS_MAX    20000
#define ROTA_TURN_LENGTH_MAX  52
#define ROTA_HAND_OVERS_MAX   1000 /* by a rule, in its first 366 days; twice as many later */
#define ROTA_SHIFT_DAYS_MAX   800  /* how far a shift is followed beyond what is asked for */
#define ROTA_TIME_MS_MAX      INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

struct holidays;
struct opening_hours;

enum rota_turn { ROTA_DAILY, ROTA_WEEKLY, ROTA_CUSTOM };

/* Local time of day in seconds since midnight. */
struct rota_time_of_day {
    int32_t seconds;
};

enum rota_restriction_kind {
    ROTA_WINDOW,                     /* on duty in a window of the week */
    ROTA_ONLY_OPENING_HOURS,         /* on duty while the customer is open */
    ROTA_ONLY_OUTSIDE_OPENING_HOURS, /* … is closed */
    ROTA_ONLY_HOLIDAYS,              /* on duty on holidays, from midnight to midnight */
    ROTA_EXCEPT_HOLIDAYS,            /* off duty on them, whatever the others say */
};

/* When the layer is on duty at all: in any of its windows and ONLYs (always, without any), except
 * when an EXCEPT takes it off. Windows may overlap; one that ends at or before its start reaches
 * into the next week. */
struct rota_restriction {
    int from_weekday; /* 1 Monday … 7 Sunday; of windows only, as all that follows */
    struct rota_time_of_day from;
    int to_weekday;
    struct rota_time_of_day to;
    enum rota_restriction_kind kind;
};

/* Participants take turns, changing over at hand_over: every turn_length days or weeks (weekly: on
 * hand_over_weekday), or at the local times of a recurrence rule. The first turn begins at
 * hand_over on starts_on; when weekly turns start on another day than hand_over_weekday, or custom
 * ones on one that the rule does not name, the first is shorter. The layer ends at hand_over on
 * `until`.
 *
 * A rule is of RFC 5545, section 3.3.10, as recurrence_private.h takes it, without COUNT and UNTIL.
 * Whom the rule gives a turn that the clock skips altogether loses it. */
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
    int32_t until_days;     /* local date, or 0: the layer does not end */
    const char *recurrence; /* custom only */
};

enum rota_override_kind {
    ROTA_REPLACE, /* the agent takes over */
    ROTA_SWAP,    /* the agent and `with` take each other's shifts */
    ROTA_ABSENCE, /* the agent is away: the next of the layer's participants takes the turn */
};

/* A change for a while. Replacements and swaps are made one after the other, so that of two at the
 * same time the later in the list wins. Absences come before them, within each layer; when all its
 * participants are away the layer has nobody. */
struct rota_override {
    struct wall_time from;
    struct wall_time to;
    char agent[SLUG_BYTES_MAX];
    enum rota_override_kind kind;
    char with[SLUG_BYTES_MAX]; /* of a swap */
};

struct rota {
    struct rota_layer *layers;
    size_t layers_count;
    struct rota_override *overrides;
    size_t overrides_count;
};

/* What a rota's restrictions may ask for, borrowed. Each may be NULL, and so may the context: rotas
 * that need what is not there are refused. */
struct rota_context {
    const struct opening_hours *opening_hours;
    const struct holidays *holidays;
};

/* One agent on call from (inclusive) to (exclusive). */
struct rota_interval {
    struct wall_time from;
    struct wall_time to;
    char agent[SLUG_BYTES_MAX];
};

/* Reads the JSON form ({"layers":[{"turn":"weekly","turn_length":1,"starts_on":"2026-01-05",
 * "until":"2027-01-04","hand_over":{"weekday":"monday","time":"09:00"},
 * "participants":["paul","marie"],"restrictions":[…]}],"overrides":[…]}). "weekday" is for weekly
 * turns; "custom" ones have "recurrence":"FREQ=WEEKLY;BYDAY=MO,FR" instead of turn_length.
 *
 * A restriction is {"from":{"weekday":"friday","time":"18:00"},"to":{"weekday":"monday",
 * "time":"08:00"}}, {"only":"outside-opening-hours"}, {"only":"opening-hours"},
 * {"only":"holidays"} or {"except":"holidays"}. An override is {"from":"2026-05-01T07:00:00Z",
 * "to":"2026-05-02T07:00:00Z","agent":"marie"}, with "kind":"swap" and "with":"paul", or with
 * "kind":"absence". turn_length (1), until, restrictions, overrides and kind ("replace") may be
 * absent; layers may be empty when there are overrides, as of an imported planning. Memory comes
 * from the arena. STATUS_INVALID with the JSON pointer of the fault; unknown fields are refused.
 * STATUS_NO_MEMORY: the arena is full. */
enum status rota_parse(const char *json, size_t json_bytes, struct arena *arena,
                       struct rota **rota_r, struct error *error) MUST_CHECK;

/* The JSON form of a rota with one more override behind its own: `agent` takes over (replace) from
 * `from` to `to`. All else is kept as it was written. The text comes from the arena.
 * STATUS_INVALID: it is no rota, before or after; STATUS_TOO_LARGE: it has ROTA_OVERRIDES_MAX
 * already; STATUS_NO_MEMORY. On failure the output is untouched. */
enum status rota_add_replacement(const char *json, size_t json_bytes, struct wall_time from,
                                 struct wall_time to, const char *agent, struct arena *arena,
                                 const char **json_r, struct error *error) MUST_CHECK;

/* Whether the zone is known ("Europe/Paris"). Any thread. */
bool rota_zone_is_known(const char *zone);

/* Whether the context has what the rota's restrictions ask for. STATUS_INVALID with the JSON
 * pointer of the one that asks for more, and the remedy. Any thread. */
enum status rota_check(const struct rota *rota, const struct rota_context *context,
                       struct error *error) MUST_CHECK;

/* Compiles [from, to) to intervals in order, without overlap; gaps are where nobody is on call.
 * Neighbouring intervals of one agent's turns are joined only within one turn, so each interval
 * is (part of) one shift. Both nights of a clock change have no gap. Any thread; the intervals live
 * in the arena. STATUS_NOT_FOUND: unknown zone; STATUS_TOO_LARGE: over ROTA_INTERVALS_MAX
 * intervals or hand-overs; STATUS_INVALID: to before from, or outside 1970 to 9999, or as
 * rota_check(); STATUS_CORRUPT: the zone's file is damaged; STATUS_NO_MEMORY. On failure the
 * outputs are untouched. */
enum status rota_compile(const struct rota *rota, const struct rota_context *context,
                         const char *zone, struct wall_time from, struct wall_time to,
                         struct arena *arena, struct rota_interval **intervals_r,
                         size_t *intervals_count_r, struct error *error) MUST_CHECK;

/* The shifts that touch [from, to), each from its own start to its own end, as rota_compile() makes
 * them; one that lasts beyond ROTA_SHIFT_DAYS_MAX before or after is cut there. Otherwise as
 * rota_compile(). */
enum status rota_shifts(const struct rota *rota, const struct rota_context *context,
                        const char *zone, struct wall_time from, struct wall_time to,
                        struct arena *arena, struct rota_interval **shifts_r,
                        size_t *shifts_count_r, struct error *error) MUST_CHECK;

/* Who is on call at a moment; "" when nobody is. It compiles that moment alone. Statuses as
 * rota_compile(). */
enum status rota_who(const struct rota *rota, const struct rota_context *context, const char *zone,
                     struct wall_time at, char agent_r[SLUG_BYTES_MAX],
                     struct error *error) MUST_CHECK;

#endif
