/* clock_watch.c - notices when the clocks move: the wall is stepped, the machine is suspended. No
 * wait follows, but people read the wall: each move is an alarm, and an entry in the timeline of
 * every escalation that was open then, a part of them each turn.
 *
 * The clock is not saved before all of them have the entry, so that a process that dies meanwhile
 * notices the same step again. */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOVE_MS_MIN INT64_C(1000)
/* A slewed clock is followed by one millisecond in so many, the most that NTP slews by; what adds
 * up faster is a step in pieces. */
#define FOLLOW_EVERY_MS INT64_C(2000)
#define FOLLOW_MS_MAX   INT64_C(5)
/* The two clocks are read one after the other; a pause in between would look like a step. */
#define READ_MS_MAX INT64_C(20)
#define READS_MAX   4

static bool read_clocks(struct engine *engine, struct engine_time *now_r, int64_t *ahead_ms_r)
{
    const struct clock_source *clock = &engine->configuration.clock;
    for (int i = 0; i < READS_MAX; i++) {
        struct monotonic_time before = clock_monotonic(clock);
        struct wall_time wall = clock_wall(clock);
        if (clock_monotonic(clock).ms - before.ms <= READ_MS_MAX) {
            *now_r = engine_time_at(engine, before);
            *ahead_ms_r = wall.ms - now_r->ms;
            return true;
        }
    }
    return false;
}

void clock_watch_begin(struct engine *engine, int64_t ahead_ms)
{
    engine->clock_watch = (struct clock_watch){
        .ahead_ms = ahead_ms,
        .followed_at = engine_now(engine),
        .suspended_ms = clock_suspended_ms(&engine->configuration.clock),
    };
}

/* Beyond its share of the room a kind's newest move grows: a clock that flaps fills no memory. */
static void remember(struct clock_watch *watch, const struct clock_move *move)
{
    struct clock_move *newest = NULL;
    size_t of_kind = 0;
    for (size_t i = 0; i < watch->moves_count; i++) {
        if (watch->moves[i].suspended == move->suspended) {
            newest = &watch->moves[i];
            of_kind++;
        }
    }
    if (of_kind == CLOCK_MOVES_MAX / 2) {
        newest->moved_ms += move->moved_ms;
        newest->noticed_at = move->noticed_at;
        return;
    }
    watch->moves[watch->moves_count++] = *move;
}

/* Moves of different sizes are different alarms: each is told at once. */
static void notice(struct engine *engine, const struct clock_move *move)
{
    char about[32], detail[96];
    (void)snprintf(about, sizeof about, "%+lld", (long long)(move->moved_ms / 1000));
    (void)snprintf(detail, sizeof detail,
                   move->suspended ? "the machine was suspended for %lld ms"
                                   : "the wall clock was stepped by %+lld ms",
                   (long long)move->moved_ms);
    engine_alarm_about(engine, move->suspended ? "clock.suspended" : "clock.stepped", about,
                       detail);
    remember(&engine->clock_watch, move);
}

static void follow(struct clock_watch *watch, struct engine_time now, int64_t difference_ms)
{
    int64_t most_ms = (now.ms - watch->followed_at.ms) / FOLLOW_EVERY_MS;
    if (most_ms <= 0) {
        return;
    }
    watch->followed_at = now;
    most_ms = most_ms < FOLLOW_MS_MAX ? most_ms : FOLLOW_MS_MAX;
    watch->ahead_ms += difference_ms > most_ms    ? most_ms
                       : difference_ms < -most_ms ? -most_ms
                                                  : difference_ms;
}

void clock_watch_look(struct engine *engine)
{
    struct clock_watch *watch = &engine->clock_watch;
    struct clock_move move = {.suspended = false};
    int64_t ahead_ms;
    if (!read_clocks(engine, &move.noticed_at, &ahead_ms)) {
        return;
    }
    move.moved_ms = ahead_ms - watch->ahead_ms;
    if (llabs(move.moved_ms) < MOVE_MS_MIN) {
        follow(watch, move.noticed_at, move.moved_ms);
    } else {
        watch->ahead_ms = ahead_ms;
        notice(engine, &move);
    }
    move.suspended = true;
    move.moved_ms = clock_suspended_ms(&engine->configuration.clock) - watch->suspended_ms;
    if (move.moved_ms >= MOVE_MS_MIN) {
        watch->suspended_ms += move.moved_ms;
        notice(engine, &move);
    }
}

bool clock_watch_is_telling(const struct engine *engine)
{
    return engine->clock_watch.moves_count > 0;
}

static void forget_first(struct engine *engine)
{
    struct clock_watch *watch = &engine->clock_watch;
    watch->moves_count--;
    memmove(watch->moves, watch->moves + 1, watch->moves_count * sizeof watch->moves[0]);
    engine->clock_unsaved = watch->moves_count == 0;
}

enum status clock_watch_next(struct engine *engine, size_t most, struct clock_move *move_r,
                             int64_t *customer_id_r, struct uuid *ids_r, size_t *count_r,
                             struct error *error)
{
    *count_r = 0;
    if (!clock_watch_is_telling(engine)) {
        return STATUS_OK;
    }
    struct clock_move *move = &engine->clock_watch.moves[0];
    if (move->moved_ms == 0 || /* it stepped forward and back before anybody was told */
        move->place.customer >= directory_customers_count(engine->current)) {
        forget_first(engine);
        return STATUS_OK;
    }
    size_t listed = 0;
    *customer_id_r = directory_customer_at(engine->current, move->place.customer)->id;
    enum status status = store_list_open(engine->store, *customer_id_r, move->place.cursor, most,
                                         ids_r, &listed, error);
    if (status != STATUS_OK) {
        return status;
    }
    /* Those opened since then have the new time from their first entry on. Ids follow engine time.
     */
    while (*count_r < listed && uuid_v7_ms(ids_r[*count_r]) <= move->noticed_at.ms) {
        ++*count_r;
    }
    move->before = move->place;
    if (*count_r == most) {
        move->place.cursor = ids_r[most - 1];
    } else {
        move->place = (struct clock_place){.customer = move->place.customer + 1};
    }
    *move_r = *move;
    return STATUS_OK;
}

void clock_watch_again(struct engine *engine)
{
    struct clock_watch *watch = &engine->clock_watch;
    assert(watch->moves_count > 0); /* a move goes when the turn after its last portion looks */
    watch->moves[0].place = watch->moves[0].before;
}
