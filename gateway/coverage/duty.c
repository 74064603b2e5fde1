/* duty.c - rotas: where nobody is on call, who is and cannot be reached, who is twice. */
#include <assert.h>
#include <string.h>

#include "gateway/coverage/coverage_private.h"
#include "gateway/engine/reachability.h"

static int64_t earlier_ms(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t later_ms(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void find_gaps(struct covering *covering)
{
    for (size_t r = 0; r < covering->rotas_count; r++) {
        const struct directory_rota *rota = covering->rotas[r].rota;
        struct series series = {.covering = covering,
                                .like = {.kind = COVERAGE_GAP, .rota = rota->slug}};
        int64_t covered_ms = covering->request->now.ms;
        for (size_t i = 0; i < rota->intervals_count && covered_ms < covering->until_ms; i++) {
            const struct directory_interval *interval = &rota->intervals[i];
            if (interval->from.ms > covered_ms) {
                series_add(&series, covered_ms, earlier_ms(interval->from.ms, covering->until_ms));
            }
            covered_ms = later_ms(covered_ms, interval->to.ms);
        }
        if (covered_ms < covering->until_ms) {
            series_add(&series, covered_ms, covering->until_ms);
        }
    }
}

/* ---- who cannot be reached ---- */

/* By which paths somebody is asked in the window, and from when on. */
struct asked {
    unsigned via;
    int64_t from_ms;
};

static void ask(struct asked *asked, unsigned via, int64_t from_ms)
{
    asked->from_ms = asked->via == 0 ? from_ms : earlier_ms(asked->from_ms, from_ms);
    asked->via |= via;
}

static bool is_proven(const struct coverage_request *request, const struct directory_device *device)
{
    bool listed = is_listed(request->proven, request->proven_count, device->id);
    return device->live && (listed || device->proven_at.ms != TIME_NEVER_MS);
}

static void tell_paths(struct covering *covering, const struct directory_person *person,
                       const struct asked *asked)
{
    struct series series = {.covering = covering, .like = {.person = person}};
    bool live = false, proven = false, notifies = false;
    for (size_t i = 0; i < person->devices_count; i++) {
        const struct directory_device *device = &person->devices[i];
        live = live || device->live;
        proven = proven || is_proven(covering->request, device);
        notifies = notifies || (device->live && !permission_is_denied(device->permission));
    }
    if ((asked->via & VIA_CALL) != 0 && !person_is_reachable(person, VIA_CALL)) {
        series.like.kind = COVERAGE_NO_NUMBER;
        series_add(&series, asked->from_ms, covering->until_ms);
    } else if ((asked->via & VIA_CALL) != 0 && covering->request->number_proof_ms > 0 &&
               !is_listed(covering->request->answered, covering->request->answered_count,
                          person->id)) {
        series.like.kind = COVERAGE_NUMBER_UNPROVEN;
        series_add(&series, asked->from_ms, covering->until_ms);
    }
    if ((asked->via & VIA_PUSH) != 0 && !proven &&
        (live || !will_sign_in(covering, person, asked->from_ms))) {
        series.like.kind = live ? COVERAGE_UNPROVEN : COVERAGE_NO_DEVICE;
        series_add(&series, asked->from_ms, covering->until_ms);
    }
    if ((asked->via & VIA_PUSH) != 0 && live && !notifies) {
        series.like.kind = COVERAGE_NO_PERMISSION;
        series_add(&series, asked->from_ms, covering->until_ms);
    }
    if ((asked->via & VIA_CALL) != 0 && person_is_reachable(person, VIA_CALL) &&
        is_listed(covering->request->unconfirmed, covering->request->unconfirmed_count,
                  person->id)) {
        series.like.kind = COVERAGE_NUMBER_UNCONFIRMED;
        series_add(&series, asked->from_ms, covering->until_ms);
    }
}

/* By name: from the window's beginning. */
static unsigned asked_by_name(const struct directory_customer *customer, const char *slug)
{
    unsigned via = 0;
    for (size_t p = 0; p < customer->procedures_count; p++) {
        const struct procedure *procedure = customer->procedures[p].procedure;
        for (size_t s = 0; s < procedure->steps_count; s++) {
            const struct procedure_step *step = &procedure->steps[s];
            for (size_t t = 0; t < step->targets_count; t++) {
                bool named = step->targets[t].kind == TARGET_AGENT &&
                             strcmp(step->targets[t].name, slug) == 0;
                via |= named ? step->via : 0;
            }
        }
    }
    return via;
}

void find_unreachable(struct covering *covering)
{
    const struct directory_customer *customer = covering->request->customer;
    for (size_t a = 0; a < customer->agents_count; a++) {
        const struct directory_person *agent = &customer->agents[a];
        struct asked asked = {.via = 0};
        unsigned by_name = agent->active ? asked_by_name(customer, agent->slug) : 0;
        if (by_name != 0) {
            ask(&asked, by_name, covering->request->now.ms);
        }
        for (size_t r = 0; r < covering->rotas_count; r++) {
            const struct directory_rota *rota = covering->rotas[r].rota;
            for (size_t i = 0; i < rota->intervals_count; i++) {
                const struct directory_interval *interval = &rota->intervals[i];
                if (interval->agent_id == agent->id && interval->from.ms < covering->until_ms) {
                    ask(&asked, covering->rotas[r].via, interval->from.ms);
                    break; /* the others come later */
                }
            }
        }
        if (asked.via != 0) {
            tell_paths(covering, agent, &asked);
        }
    }
}

/* ---- twice at once ---- */

static bool is_same_person(const struct directory_person *a, const struct directory_person *b)
{
    size_t count = directory_phones_count(a);
    bool same = a == b;
    for (size_t i = 0; i < count && !same; i++) {
        same = directory_has_phone(b, directory_phone(a, i).phone);
    }
    return same;
}

/* An overlap that goes on is one finding. */
struct overlap {
    struct series series;
    int64_t from_ms;
    int64_t to_ms; /* before from_ms: there is none yet */
};

static void flush_overlap(struct overlap *overlap)
{
    if (overlap->to_ms > overlap->from_ms) {
        series_add(&overlap->series, overlap->from_ms, overlap->to_ms);
    }
    overlap->to_ms = overlap->from_ms - 1;
}

static void note_overlap(struct overlap *overlap, const struct directory_person *one,
                         const struct directory_person *other, int64_t from_ms, int64_t to_ms)
{
    struct coverage_finding *like = &overlap->series.like;
    const struct directory_person *with = one == other ? NULL : other;
    if (overlap->to_ms != from_ms || like->person != one || like->with_person != with) {
        flush_overlap(overlap);
        like->person = one;
        like->with_person = with;
        overlap->from_ms = from_ms;
    }
    overlap->to_ms = to_ms;
}

static void compare_rotas(struct covering *covering, const struct directory_rota *a,
                          const struct directory_rota *b)
{
    struct overlap overlap = {
        .series = {.covering = covering,
                   .like = {.kind = COVERAGE_TWICE, .rota = a->slug, .with_rota = b->slug}},
        .to_ms = -1};
    for (size_t i = 0, k = 0; i < a->intervals_count && k < b->intervals_count;) {
        const struct directory_interval *one = &a->intervals[i], *other = &b->intervals[k];
        int64_t from_ms = later_ms(one->from.ms, other->from.ms);
        int64_t to_ms = earlier_ms(earlier_ms(one->to.ms, other->to.ms), covering->until_ms);
        if (from_ms < to_ms) {
            const struct directory_person *left =
                directory_agent(&covering->customer, one->agent_id);
            const struct directory_person *right =
                directory_agent(&covering->customer, other->agent_id);
            if (is_same_person(left, right)) {
                note_overlap(&overlap, left, right, from_ms, to_ms);
            }
        }
        if (one->to.ms <= other->to.ms) {
            i++;
        } else {
            k++;
        }
    }
    flush_overlap(&overlap);
}

void find_twice(struct covering *covering)
{
    for (size_t r = 0; r < covering->rotas_count; r++) {
        for (size_t s = r + 1; s < covering->rotas_count; s++) {
            compare_rotas(covering, covering->rotas[r].rota, covering->rotas[s].rota);
        }
    }
}
