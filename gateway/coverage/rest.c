/* rest.c - whether the recorded interventions left people the rest that the law asks for.
 *
 * Daily (Code du travail, L3131-1): an intervention is followed by the whole rest unless the whole
 * rest came before it. So one with too short a rest on both sides is a breach; what comes behind
 * the last one is not known yet. Weekly (L3132-2): every week, from Monday to Sunday on the
 * customer's clock, has one uninterrupted rest that is long enough; of the running week, the time
 * to come may still be it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/coverage/coverage_private.h"
#include "gateway/rota/moment.h"

#define ZONE_BYTES_MAX ((size_t)1 << 20)

static int by_agent_and_time(const void *left, const void *right)
{
    const struct coverage_intervention *a = left, *b = right;
    if (a->agent_id != b->agent_id) {
        return a->agent_id < b->agent_id ? -1 : 1;
    }
    return (a->from.ms > b->from.ms) - (a->from.ms < b->from.ms);
}

/* One agent's work: two at once are one. */
struct work {
    struct series daily;
    struct series weekly;
    struct stretches done;
};

static void look_at_days(struct work *work, int64_t rest_ms)
{
    const struct stretches *done = &work->done;
    for (size_t i = 1; i + 1 < done->count; i++) {
        int64_t before_ms = done->items[i].from_ms - done->items[i - 1].to_ms;
        int64_t after_ms = done->items[i + 1].from_ms - done->items[i].to_ms;
        if (before_ms < rest_ms && after_ms < rest_ms) {
            work->daily.like.rest_ms = before_ms > after_ms ? before_ms : after_ms;
            series_add(&work->daily, done->items[i].from_ms, done->items[i].to_ms);
        }
    }
}

/* The longest rest within a week; all of it when no work was done. */
static int64_t longest_rest_ms(const struct stretches *done, int64_t from_ms, int64_t to_ms)
{
    int64_t longest_ms = 0, rested_from_ms = from_ms;
    for (size_t i = 0; i < done->count; i++) {
        const struct stretch *stretch = &done->items[i];
        if (stretch->to_ms <= from_ms || stretch->from_ms >= to_ms) {
            continue;
        }
        int64_t rest_ms = stretch->from_ms - rested_from_ms;
        longest_ms = rest_ms > longest_ms ? rest_ms : longest_ms;
        rested_from_ms = stretch->to_ms;
    }
    return to_ms - rested_from_ms > longest_ms ? to_ms - rested_from_ms : longest_ms;
}

static void look_at_weeks(struct work *work, const int64_t *mondays, int64_t rest_ms)
{
    for (int week = 0; week < COVERAGE_WEEKS; week++) {
        int64_t longest_ms = longest_rest_ms(&work->done, mondays[week], mondays[week + 1]);
        if (longest_ms < rest_ms) {
            work->weekly.like.rest_ms = longest_ms;
            series_add(&work->weekly, mondays[week], mondays[week + 1]);
        }
    }
}

static enum status find_mondays(const char *zone, struct wall_time now, struct arena *arena,
                                int64_t mondays_r[COVERAGE_WEEKS + 1], struct error *error)
{
    enum status status = STATUS_OK;
    for (int i = 0; i <= COVERAGE_WEEKS && status == STATUS_OK; i++) {
        struct wall_time monday;
        status = moment_week(zone, now, i - (COVERAGE_WEEKS - 1), arena, &monday, error);
        mondays_r[i] = monday.ms;
    }
    return status;
}

enum status coverage_looks_back_to(const char *zone, struct wall_time now, struct arena *arena,
                                   struct wall_time *from_r, struct error *error)
{
    return moment_week(zone, now, -(COVERAGE_WEEKS - 1), arena, from_r, error);
}

/* The interventions of the first agent left; answers how many. */
static size_t take_agent(struct covering *covering, const struct coverage_intervention *sorted,
                         size_t count, struct work *work)
{
    const struct directory_person *agent = directory_agent(&covering->customer, sorted[0].agent_id);
    work->done.count = 0;
    work->daily = (struct series){.covering = covering,
                                  .like = {.kind = COVERAGE_DAILY_REST, .person = agent}};
    work->weekly = (struct series){.covering = covering,
                                   .like = {.kind = COVERAGE_WEEKLY_REST, .person = agent}};
    size_t taken = 0;
    for (; taken < count && sorted[taken].agent_id == sorted[0].agent_id; taken++) {
        if (sorted[taken].from.ms < sorted[taken].to.ms) {
            stretches_add(&work->done, sorted[taken].from.ms, sorted[taken].to.ms);
        }
    }
    return taken;
}

enum status find_short_rest(struct covering *covering, struct error *error)
{
    const struct coverage_request *request = covering->request;
    size_t count = request->interventions_count;
    int64_t mondays[COVERAGE_WEEKS + 1] = {0};
    if (count == 0) {
        return STATUS_OK;
    }
    struct arena *scratch = arena_create((COVERAGE_WEEKS + 1) * ZONE_BYTES_MAX);
    struct coverage_intervention *sorted = arena_alloc(covering->arena, count * sizeof *sorted);
    struct work work = {
        .done = {.items = arena_alloc(covering->arena, count * sizeof *work.done.items)}};
    if (scratch == NULL || sorted == NULL || work.done.items == NULL) {
        arena_destroy(&scratch);
        return error_set(error, STATUS_NO_MEMORY, "no memory for the coverage");
    }
    enum status status =
        find_mondays(request->customer->time_zone, request->now, scratch, mondays, error);
    arena_destroy(&scratch);
    if (status != STATUS_OK) {
        return status;
    }
    memcpy(sorted, request->interventions, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_agent_and_time);
    for (size_t i = 0; i < count;) {
        i += take_agent(covering, sorted + i, count - i, &work);
        look_at_days(&work, request->daily_rest_ms);
        look_at_weeks(&work, mondays, request->weekly_rest_ms);
    }
    return STATUS_OK;
}
