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
    struct clock_move move = {.passed = true};
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
        check_in_watch_begin(engine); /* a shift that passed unseen may run again */
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

/* Lists the next of them: those of one customer that are behind the last part. */
static enum status list_part(struct engine *engine, struct clock_move *move, struct error *error)
{
    struct clock_part *part = &engine->clock_watch.part;
    struct uuid ids[CLOCK_PART_MAX];
    size_t listed = 0;
    if (move->passed) {
        const struct directory_customer *next =
            directory_customer_after(engine->current, move->customer_id);
        if (next == NULL) {
            forget_first(engine);
            return STATUS_OK;
        }
        move->customer_id = next->id;
        move->cursor = (struct uuid){.bytes = {0}};
        move->passed = false;
    }
    enum status status = store_list_open(engine->store, move->customer_id, move->cursor,
                                         CLOCK_PART_MAX, ids, &listed, error);
    if (status != STATUS_OK) {
        return status;
    }
    /* Those opened since then have the new time from their first entry on. Ids follow engine time.
     */
    while (part->count < listed && uuid_v7_ms(ids[part->count]) <= move->noticed_at.ms) {
        part->ids[part->count] = ids[part->count];
        part->count++;
    }
    move->passed = part->count < CLOCK_PART_MAX;
    if (!move->passed) {
        move->cursor = ids[CLOCK_PART_MAX - 1];
    }
    return STATUS_OK;
}

enum status clock_watch_next(struct engine *engine, struct clock_part *part_r,
                             struct clock_move *move_r, struct error *error)
{
    struct clock_watch *watch = &engine->clock_watch;
    enum status status = STATUS_OK;
    part_r->count = 0;
    if (!clock_watch_is_telling(engine)) {
        return STATUS_OK;
    }
    *move_r = watch->moves[0];
    if (move_r->moved_ms == 0) { /* it stepped forward and back before anybody was told */
        forget_first(engine);
    } else if (watch->part.count == 0) {
        status = list_part(engine, &watch->moves[0], error);
        move_r->customer_id = watch->moves[0].customer_id;
    }
    *part_r = watch->part;
    return status;
}

void clock_watch_told(struct engine *engine, struct uuid escalation)
{
    struct clock_part *part = &engine->clock_watch.part;
    size_t left = 0;
    for (size_t i = 0; i < part->count; i++) {
        if (!uuid_equal(part->ids[i], escalation)) {
            part->ids[left++] = part->ids[i];
        }
    }
    part->count = left;
}
