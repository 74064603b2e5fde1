#include "gateway/rota/rota_publication.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/rota/calendar_private.h"
#include "gateway/rota/range_private.h"

#define MINUTE_MS INT64_C(60000)

static enum status fail(enum status status, struct error *error)
{
    return status == STATUS_TOO_LARGE
               ? error_set(error, status,
                           "more than %d shifts or changes in this time: choose a shorter one",
                           ROTA_INTERVALS_MAX)
               : error_set(error, status, "comparing shifts: %s", status_text(status));
}

static int by_time(const void *left, const void *right)
{
    const struct span *a = left, *b = right;
    return (a->from_ms > b->from_ms) - (a->from_ms < b->from_ms);
}

static void sort(struct spans *spans)
{
    if (spans->count > 1) {
        qsort(spans->items, spans->count, sizeof spans->items[0], by_time);
    }
}

static enum status append(struct spans *list, const struct spans *more)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < more->count && status == STATUS_OK; i++) {
        const struct span *span = &more->items[i];
        status = spans_add(list, span->from_ms, span->to_ms, span->agent);
    }
    return status;
}

/* ---- what was told ---- */

struct telling {
    struct spans shifts;  /* the last word so far */
    struct spans periods; /* of which it is the last word */
    struct spans of_one;  /* of the publication at hand */
    struct spans unsaid;  /* what it says of what no newer one speaks of */
};

static enum status tell_one(struct telling *telling, const struct rota_publication *publication,
                            const struct rota_period *period)
{
    int64_t from_ms = later_ms(publication->period.from.ms, period->from.ms);
    int64_t to_ms = earlier_ms(publication->period.to.ms, period->to.ms);
    enum status status = STATUS_OK;
    telling->of_one.count = 0;
    for (size_t i = 0; i < publication->shifts_count && status == STATUS_OK; i++) {
        const struct rota_interval *shift = &publication->shifts[i];
        status = spans_add(&telling->of_one, later_ms(shift->from.ms, from_ms),
                           earlier_ms(shift->to.ms, to_ms), shift->agent);
    }
    sort(&telling->of_one);
    if (status == STATUS_OK) {
        status = spans_subtract(&telling->of_one, &telling->periods, &telling->unsaid);
    }
    if (status == STATUS_OK) {
        status = append(&telling->shifts, &telling->unsaid);
    }
    if (status == STATUS_OK) {
        status = spans_add(&telling->periods, from_ms, to_ms, NULL);
        spans_join(&telling->periods);
    }
    return status;
}

static enum status hand_out(const struct telling *telling, struct arena *arena,
                            struct rota_told *told_r)
{
    const struct spans *shifts = &telling->shifts, *periods = &telling->periods;
    struct rota_told told = {
        .shifts = arena_alloc(arena, (shifts->count + 1) * sizeof *told.shifts),
        .shifts_count = shifts->count,
        .periods = arena_alloc(arena, (periods->count + 1) * sizeof *told.periods),
        .periods_count = periods->count,
    };
    if (told.shifts == NULL || told.periods == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < shifts->count; i++) {
        struct rota_interval *shift = &told.shifts[i];
        *shift = (struct rota_interval){.from = {shifts->items[i].from_ms},
                                        .to = {shifts->items[i].to_ms}};
        (void)text_copy(shift->agent, sizeof shift->agent, shifts->items[i].agent);
    }
    for (size_t i = 0; i < periods->count; i++) {
        told.periods[i] =
            (struct rota_period){{periods->items[i].from_ms}, {periods->items[i].to_ms}};
    }
    *told_r = told;
    return STATUS_OK;
}

enum status rota_told(const struct rota_publication *newest_first, size_t count,
                      const struct rota_period *period, struct arena *arena,
                      struct rota_told *told_r, struct error *error)
{
    struct telling telling = {.shifts = {.count = 0}};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = tell_one(&telling, &newest_first[i], period);
    }
    if (status == STATUS_OK) {
        sort(&telling.shifts);
        status = hand_out(&telling, arena, told_r);
    }
    spans_fini(&telling.shifts);
    spans_fini(&telling.periods);
    spans_fini(&telling.of_one);
    spans_fini(&telling.unsaid);
    return status == STATUS_OK ? STATUS_OK : fail(status, error);
}

/* ---- the differences ---- */

/* A shift of either side. */
struct side {
    const struct rota_interval *shift;
    bool planned;
};

static int by_agent_and_time(const void *left, const void *right)
{
    const struct side *a = left, *b = right;
    int order = strcmp(a->shift->agent, b->shift->agent);
    int64_t a_ms = a->shift->from.ms, b_ms = b->shift->from.ms;
    return order != 0 ? order : (a_ms > b_ms) - (a_ms < b_ms);
}

static int by_time_and_agent(const void *left, const void *right)
{
    const struct rota_change *a = left, *b = right;
    if (a->from.ms != b->from.ms) {
        return a->from.ms < b->from.ms ? -1 : 1;
    }
    return strcmp(a->agent, b->agent);
}

/* One agent's, and whole lists that are used again for the next agent's. */
struct comparing {
    const struct rota_hearing *hearing;
    struct range range; /* the zone */
    int64_t heard_day;  /* local, since 1970-01-01 */
    struct spans periods;
    struct spans planned, told;               /* shifts, in order */
    struct spans planned_joined, told_joined; /* the same without the ends between them */
    struct spans now, unknown, parts;
    struct rota_change *changes; /* malloc'ed, ROTA_CHANGES_MAX at most */
    size_t count, capacity;
};

static int64_t local_day(const struct comparing *comparing, int64_t ms)
{
    int64_t utc_s = calendar_floor_divide(ms, 1000);
    return calendar_floor_divide(utc_s + zone_offset_s(comparing->range.zone, utc_s),
                                 SECONDS_PER_DAY);
}

static void judge_notice(const struct comparing *comparing, struct rota_change *change)
{
    int64_t days = local_day(comparing, change->from.ms) - comparing->heard_day;
    change->notice_days = days > 0 ? (int)earlier_ms(days, INT32_MAX) : 0;
    if (change->notice_days >= comparing->hearing->notice_days) {
        change->notice = ROTA_IN_TIME;
    } else {
        change->notice = change->notice_days >= ROTA_CLEAR_DAY_DAYS ? ROTA_SHORT : ROTA_TOO_SHORT;
    }
}

static enum status make_room(struct comparing *comparing)
{
    if (comparing->count == ROTA_CHANGES_MAX) {
        return STATUS_TOO_LARGE;
    }
    if (comparing->count == comparing->capacity) {
        size_t capacity = comparing->capacity == 0 ? 64 : comparing->capacity * 2;
        struct rota_change *changes =
            realloc(comparing->changes, capacity * sizeof *comparing->changes);
        if (changes == NULL) {
            return STATUS_NO_MEMORY;
        }
        comparing->changes = changes;
        comparing->capacity = capacity;
    }
    return STATUS_OK;
}

/* Whether a part of the shift around the moment is on the other side, too. */
static bool is_in_part(const struct spans *shifts, int64_t ms, const struct spans *other_joined)
{
    const struct span *shift = spans_after(shifts, ms);
    const struct span *other = shift != NULL ? spans_after(other_joined, shift->from_ms) : NULL;
    return other != NULL && other->from_ms < shift->to_ms;
}

/* Adds the parts, each of a shift of `shifts`; `partly` is the kind where the shift is on the other
 * side in part. */
static enum status take_parts(struct comparing *comparing, const struct spans *shifts,
                              const struct spans *other_joined, enum rota_change_kind wholly,
                              enum rota_change_kind partly)
{
    for (size_t i = 0; i < comparing->parts.count; i++) {
        const struct span *part = &comparing->parts.items[i];
        enum status status = make_room(comparing);
        if (status != STATUS_OK) {
            return status;
        }
        struct rota_change *change = &comparing->changes[comparing->count++];
        *change = (struct rota_change){
            .kind = is_in_part(shifts, part->from_ms, other_joined) ? partly : wholly,
            .from = {part->from_ms},
            .to = {part->to_ms},
        };
        (void)text_copy(change->agent, sizeof change->agent, part->agent);
        judge_notice(comparing, change);
    }
    return STATUS_OK;
}

static enum status join(const struct spans *shifts, struct spans *joined)
{
    joined->count = 0;
    enum status status = append(joined, shifts);
    spans_join(joined);
    return status;
}

/* On call, and was not told: at a time of which nothing was, or something else. */
static enum status find_gained(struct comparing *comparing)
{
    enum status status =
        spans_subtract(&comparing->planned, &comparing->periods, &comparing->parts);
    if (status == STATUS_OK) {
        status =
            take_parts(comparing, &comparing->planned, &comparing->told_joined, ROTA_NEW, ROTA_NEW);
    }
    if (status == STATUS_OK) {
        status = join(&comparing->parts, &comparing->unknown);
    }
    if (status == STATUS_OK) {
        status = spans_subtract(&comparing->planned, &comparing->told_joined, &comparing->now);
    }
    if (status == STATUS_OK) {
        status = spans_subtract(&comparing->now, &comparing->unknown, &comparing->parts);
    }
    return status != STATUS_OK ? status
                               : take_parts(comparing, &comparing->planned, &comparing->told_joined,
                                            ROTA_ADDED, ROTA_EXTENDED);
}

static enum status find_lost(struct comparing *comparing)
{
    enum status status =
        spans_subtract(&comparing->told, &comparing->planned_joined, &comparing->parts);
    return status != STATUS_OK ? status
                               : take_parts(comparing, &comparing->told, &comparing->planned_joined,
                                            ROTA_REMOVED, ROTA_SHORTENED);
}

static enum status compare_agent(struct comparing *comparing, const struct side *sides,
                                 size_t count)
{
    enum status status = STATUS_OK;
    comparing->planned.count = 0;
    comparing->told.count = 0;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct rota_interval *shift = sides[i].shift;
        status = spans_add(sides[i].planned ? &comparing->planned : &comparing->told,
                           shift->from.ms, shift->to.ms, shift->agent);
    }
    if (status == STATUS_OK) {
        status = join(&comparing->planned, &comparing->planned_joined);
    }
    if (status == STATUS_OK) {
        status = join(&comparing->told, &comparing->told_joined);
    }
    if (status == STATUS_OK) {
        status = find_gained(comparing);
    }
    return status == STATUS_OK ? find_lost(comparing) : status;
}

static enum status compare_all(struct comparing *comparing, const struct side *sides, size_t count)
{
    enum status status = STATUS_OK;
    for (size_t first = 0; first < count && status == STATUS_OK;) {
        size_t end = first + 1;
        while (end < count && strcmp(sides[end].shift->agent, sides[first].shift->agent) == 0) {
            end++;
        }
        status = compare_agent(comparing, &sides[first], end - first);
        first = end;
    }
    return status;
}

/* Both sides' shifts by agent; NULL: no memory. */
static struct side *gather(const struct rota_told *told, const struct rota_interval *planned,
                           size_t planned_count, struct arena *arena)
{
    struct side *sides =
        arena_alloc(arena, (told->shifts_count + planned_count + 1) * sizeof *sides);
    size_t count = 0;
    for (size_t i = 0; sides != NULL && i < told->shifts_count; i++) {
        sides[count++] = (struct side){&told->shifts[i], false};
    }
    for (size_t i = 0; sides != NULL && i < planned_count; i++) {
        sides[count++] = (struct side){&planned[i], true};
    }
    if (count > 1) {
        qsort(sides, count, sizeof *sides, by_agent_and_time);
    }
    return sides;
}

static enum status compare(struct comparing *comparing, const struct rota_told *told,
                           const struct rota_interval *planned, size_t planned_count,
                           struct arena *arena, struct rota_change **changes_r)
{
    enum status status = STATUS_OK;
    const struct side *sides = gather(told, planned, planned_count, arena);
    if (sides == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < told->periods_count && status == STATUS_OK; i++) {
        status =
            spans_add(&comparing->periods, told->periods[i].from.ms, told->periods[i].to.ms, NULL);
    }
    comparing->heard_day = local_day(comparing, comparing->hearing->at.ms);
    if (status == STATUS_OK) {
        status = compare_all(comparing, sides, told->shifts_count + planned_count);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct rota_change *changes =
        arena_alloc(arena, (comparing->count + 1) * sizeof *comparing->changes);
    if (changes == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (comparing->count > 0) {
        memcpy(changes, comparing->changes, comparing->count * sizeof *changes);
        qsort(changes, comparing->count, sizeof *changes, by_time_and_agent);
    }
    *changes_r = changes;
    return STATUS_OK;
}

enum status rota_compare(const struct rota_told *told, const struct rota_interval *planned,
                         size_t planned_count, const struct rota_hearing *hearing,
                         struct arena *arena, struct rota_change **changes_r, size_t *count_r,
                         struct error *error)
{
    assert(hearing->notice_days >= 1 && hearing->notice_days <= ROTA_NOTICE_DAYS_MAX);
    struct comparing comparing = {.hearing = hearing};
    enum status status =
        range_open(&comparing.range, hearing->zone, hearing->at, hearing->at, error);
    if (status == STATUS_OK) {
        status = compare(&comparing, told, planned, planned_count, arena, changes_r);
        status = status == STATUS_OK ? STATUS_OK : fail(status, error);
    }
    if (status == STATUS_OK) {
        *count_r = comparing.count;
    }
    range_close(&comparing.range);
    struct spans *const lists[] = {
        &comparing.periods,     &comparing.planned, &comparing.told,    &comparing.planned_joined,
        &comparing.told_joined, &comparing.now,     &comparing.unknown, &comparing.parts,
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        spans_fini(lists[i]);
    }
    free(comparing.changes);
    return status;
}

enum status rota_publication_period(const char *zone, struct wall_time now,
                                    struct rota_period *period_r, struct error *error)
{
    struct range range;
    enum status status = range_open(&range, zone, now, now, error);
    if (status == STATUS_OK) {
        int64_t today = range_first_day(&range), year = calendar_year(today);
        int month = 1;
        while (month < 12 && calendar_days(year, month + 1, 1) <= today) {
            month++;
        }
        month += 2;
        int64_t end =
            month > 12 ? calendar_days(year + 1, month - 12, 1) : calendar_days(year, month, 1);
        period_r->from.ms = now.ms / MINUTE_MS * MINUTE_MS;
        period_r->to.ms = range_utc_ms(&range, end * SECONDS_PER_DAY);
    }
    range_close(&range);
    return status;
}

const char *rota_change_word(enum rota_change_kind kind)
{
    static const char *const words[ROTA_CHANGE_KINDS_COUNT] = {"new", "added", "extended",
                                                               "removed", "shortened"};
    assert((unsigned)kind < ROTA_CHANGE_KINDS_COUNT);
    return words[kind];
}

const char *rota_notice_word(enum rota_notice notice)
{
    static const char *const words[ROTA_NOTICES_COUNT] = {"in_time", "short", "too_short"};
    assert((unsigned)notice < ROTA_NOTICES_COUNT);
    return words[notice];
}
