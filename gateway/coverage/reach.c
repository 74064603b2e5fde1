/* reach.c - procedures: when one that starts reaches nobody, and how long it takes at most.
 *
 * All starts of the window are followed at once. A segment is a span of starts that have gone the
 * same way so far: at each step it is cut where, as much later as it has come by then, the people
 * of that step become or cease to be reachable. So every start is judged exactly, to the
 * millisecond, as if each had been rehearsed with nobody answering.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/coverage/coverage_private.h"

#define NOBODY_YET INT64_C(-1)

struct segment {
    int64_t from_ms; /* starts in [from, to) */
    int64_t to_ms;
    int64_t passed_ms;  /* how far behind its start it is */
    int64_t round_ms;   /* at which its round began */
    int64_t reached_ms; /* the end of the last step that reached somebody; NOBODY_YET */
};

/* Two lists that take turns. */
struct segments {
    struct segment *now;
    size_t count;
    struct segment *next;
    size_t next_count;
    bool overflowed;
};

static void keep(struct segments *segments, const struct segment *segment)
{
    struct segment *last =
        segments->next_count > 0 ? &segments->next[segments->next_count - 1] : NULL;
    if (segment->from_ms >= segment->to_ms) {
        return;
    }
    if (last != NULL && last->to_ms == segment->from_ms && last->passed_ms == segment->passed_ms &&
        last->round_ms == segment->round_ms && last->reached_ms == segment->reached_ms) {
        last->to_ms = segment->to_ms;
    } else if (segments->next_count == COVERAGE_SEGMENTS_MAX) {
        segments->overflowed = true;
    } else {
        segments->next[segments->next_count++] = *segment;
    }
}

static void take_turn(struct segments *segments)
{
    struct segment *before = segments->now;
    segments->now = segments->next;
    segments->count = segments->next_count;
    segments->next = before;
    segments->next_count = 0;
}

/* ---- when a step reaches somebody ---- */

static bool is_always_reached(const struct directory_customer *customer,
                              const struct procedure_target *target, unsigned via)
{
    const struct directory_person *person = NULL;
    if (target->kind == TARGET_AGENT) {
        person = directory_agent_by_slug(customer, target->name);
    } else if (target->kind == TARGET_CONTACT) {
        person = directory_contact_by_slug(customer, target->name);
    }
    return person != NULL && person->active && person_is_reachable(person, via);
}

static int by_beginning(const void *left, const void *right)
{
    const struct stretch *a = left, *b = right;
    return (a->from_ms > b->from_ms) - (a->from_ms < b->from_ms);
}

/* The stretches in which the step reaches anybody. */
static enum status when_reached(const struct covering *covering, const struct procedure_step *step,
                                struct stretches *reached_r, struct error *error)
{
    size_t room = 1;
    for (size_t t = 0; t < step->targets_count; t++) {
        const struct directory_rota *rota =
            step->targets[t].kind == TARGET_ON_CALL
                ? directory_rota(&covering->customer, step->targets[t].name)
                : NULL;
        room += rota != NULL ? rota->intervals_count : 0;
    }
    struct stretch *found = calloc(room, sizeof *found);
    if (found == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the coverage");
    }
    size_t count = 0;
    for (size_t t = 0; t < step->targets_count; t++) {
        const struct procedure_target *target = &step->targets[t];
        if (is_always_reached(&covering->customer, target, step->via)) {
            found[0] = (struct stretch){INT64_MIN / 2, INT64_MAX / 2};
            *reached_r = (struct stretches){found, 1};
            return STATUS_OK;
        }
        const struct directory_rota *rota = target->kind == TARGET_ON_CALL
                                                ? directory_rota(&covering->customer, target->name)
                                                : NULL;
        for (size_t i = 0; rota != NULL && i < rota->intervals_count; i++) {
            const struct directory_interval *interval = &rota->intervals[i];
            const struct directory_person *agent =
                directory_agent(&covering->customer, interval->agent_id);
            if (person_is_reachable(agent, step->via) ||
                ((step->via & VIA_PUSH) != 0 && will_sign_in(covering, agent, interval->from.ms))) {
                found[count++] = (struct stretch){interval->from.ms, interval->to.ms};
            }
        }
    }
    qsort(found, count, sizeof *found, by_beginning);
    struct stretches joined = {.items = found};
    for (size_t i = 0; i < count; i++) { /* in place: never more than was read */
        stretches_add(&joined, found[i].from_ms, found[i].to_ms);
    }
    *reached_r = joined;
    return STATUS_OK;
}

/* The first stretch that ends behind the moment; the count when there is none. */
static size_t stretch_after(const struct stretches *list, int64_t ms)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->items[middle].to_ms <= ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ---- following all starts ---- */

/* One step of one segment: whoever is reached is waited for, who is not is passed over at once. */
static void cut_segment(struct segments *segments, const struct segment *segment,
                        const struct stretches *reached, int64_t wait_ms)
{
    int64_t at_ms = segment->from_ms;
    size_t i = stretch_after(reached, at_ms + segment->passed_ms);
    while (at_ms < segment->to_ms) {
        struct segment piece = *segment;
        piece.from_ms = at_ms;
        bool more = i < reached->count;
        int64_t from_ms = more ? reached->items[i].from_ms - segment->passed_ms : segment->to_ms;
        if (from_ms > at_ms) { /* nobody until then */
            piece.to_ms = from_ms < segment->to_ms ? from_ms : segment->to_ms;
        } else {
            int64_t to_ms = reached->items[i++].to_ms - segment->passed_ms;
            piece.to_ms = to_ms < segment->to_ms ? to_ms : segment->to_ms;
            piece.passed_ms += wait_ms;
            piece.reached_ms = piece.passed_ms;
        }
        at_ms = piece.to_ms;
        keep(segments, &piece);
    }
}

static void begin_round(struct segments *segments, const struct procedure *procedure, int round)
{
    for (size_t i = 0; i < segments->count; i++) {
        struct segment *segment = &segments->now[i];
        int64_t begins_ms = segment->round_ms + procedure->round_spacing_ms;
        if (round > 0 && segment->passed_ms < begins_ms) {
            segment->passed_ms = begins_ms;
        }
        segment->round_ms = segment->passed_ms;
    }
}

static void follow(struct segments *segments, const struct procedure *procedure,
                   const struct stretches *reached)
{
    for (int round = 0; round < procedure->rounds && !segments->overflowed; round++) {
        begin_round(segments, procedure, round);
        for (size_t s = 0; s < procedure->steps_count && !segments->overflowed; s++) {
            for (size_t i = 0; i < segments->count; i++) {
                cut_segment(segments, &segments->now[i], &reached[s],
                            procedure->steps[s].accepted_within_ms);
            }
            take_turn(segments);
        }
    }
}

/* ---- what comes of it ---- */

static void conclude(struct covering *covering, const struct segments *segments,
                     struct coverage_procedure *judged)
{
    struct series series = {.covering = covering,
                            .like = {.kind = COVERAGE_NOBODY, .procedure = judged->slug}};
    int64_t alone_ms = 0; /* since when starts reach nobody */
    bool alone = false;
    for (size_t i = 0; i < segments->count; i++) {
        const struct segment *segment = &segments->now[i];
        bool nobody = segment->reached_ms == NOBODY_YET;
        if (nobody && !alone) {
            alone_ms = segment->from_ms;
        } else if (!nobody && alone) {
            series_add(&series, alone_ms, segment->from_ms);
        }
        alone = nobody;
        judged->nobody_ms += nobody ? segment->to_ms - segment->from_ms : 0;
        if (segment->reached_ms > judged->human_ms) {
            judged->human_ms = segment->reached_ms;
            judged->worst.ms = segment->from_ms;
        }
    }
    if (alone) {
        series_add(&series, alone_ms, covering->until_ms);
    }
    judged->judged = true;
}

int64_t procedure_length_ms(const struct procedure *procedure)
{
    int64_t round_ms = 0;
    for (size_t s = 0; s < procedure->steps_count; s++) {
        round_ms += procedure->steps[s].accepted_within_ms;
    }
    int64_t each_ms =
        round_ms > procedure->round_spacing_ms ? round_ms : procedure->round_spacing_ms;
    return (procedure->rounds - 1) * each_ms + round_ms;
}

static enum status judge(struct covering *covering, const struct procedure *procedure,
                         struct segments *segments, struct coverage_procedure *judged_r,
                         struct error *error)
{
    struct stretches reached[PROCEDURE_STEPS_MAX] = {{.count = 0}};
    struct series unjudged = {.covering = covering,
                              .like = {.kind = COVERAGE_NOT_JUDGED, .procedure = procedure->slug}};
    enum status status = STATUS_OK;
    *judged_r = (struct coverage_procedure){
        .slug = procedure->slug, .human_ms = -1, .worst = covering->request->now};
    if (procedure_length_ms(procedure) > COVERAGE_PROCEDURE_MS_MAX) {
        series_add(&unjudged, covering->request->now.ms, covering->until_ms);
        return STATUS_OK;
    }
    for (size_t s = 0; s < procedure->steps_count && status == STATUS_OK; s++) {
        status = when_reached(covering, &procedure->steps[s], &reached[s], error);
    }
    if (status == STATUS_OK) {
        segments->now[0] = (struct segment){.from_ms = covering->request->now.ms,
                                            .to_ms = covering->until_ms,
                                            .reached_ms = NOBODY_YET};
        segments->count = 1;
        segments->next_count = 0;
        segments->overflowed = false;
        follow(segments, procedure, reached);
        if (segments->overflowed) {
            series_add(&unjudged, covering->request->now.ms, covering->until_ms);
        } else {
            conclude(covering, segments, judged_r);
        }
    }
    for (size_t s = 0; s < procedure->steps_count; s++) {
        free(reached[s].items);
    }
    return status;
}

enum status judge_procedures(struct covering *covering, struct coverage *coverage_r,
                             struct error *error)
{
    const struct directory_customer *customer = covering->request->customer;
    struct coverage_procedure *judged =
        arena_alloc(covering->arena, customer->procedures_count * sizeof *judged);
    /* Not cleared: only what is written is touched, and that is little as a rule. */
    struct segments segments = {.now = malloc(COVERAGE_SEGMENTS_MAX * sizeof *segments.now),
                                .next = malloc(COVERAGE_SEGMENTS_MAX * sizeof *segments.next)};
    enum status status = STATUS_OK;
    if (judged == NULL || segments.now == NULL || segments.next == NULL) {
        status = error_set(error, STATUS_NO_MEMORY, "no memory for the coverage");
    }
    for (size_t i = 0; i < customer->procedures_count && status == STATUS_OK; i++) {
        status = judge(covering, customer->procedures[i].procedure, &segments, &judged[i], error);
    }
    free(segments.now);
    free(segments.next);
    coverage_r->procedures = judged;
    coverage_r->procedures_count = customer->procedures_count;
    return status;
}
