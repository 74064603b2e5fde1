/* several.c - procedures of which a step wants more people than all its steps together reach. It is
 * judged by who is on call at the beginning: how long the steps take is left aside.
 */
#include <assert.h>
#include <string.h>

#include "gateway/coverage/coverage_private.h"

/* One moment after the other, in the order of time. */
struct sweep {
    const struct covering *covering;
    int64_t at_ms;
    int64_t next_ms;                     /* at which somebody begins or ends next */
    size_t first[ROTAS_OF_CUSTOMER_MAX]; /* of each rota, the first shift that is not over */
    const struct directory_person *found[ACCEPTANCES_MAX];
    size_t found_count;
};

static int wanted_by(const struct procedure *procedure)
{
    int wanted = 1;
    for (size_t i = 0; i < procedure->steps_count; i++) {
        int acceptances = procedure->steps[i].acceptances;
        wanted = acceptances > wanted ? acceptances : wanted;
    }
    return wanted;
}

/* Once, if they can be reached; beyond as many as anybody may want it does not matter. */
static void find_person(struct sweep *sweep, const struct directory_person *person, unsigned via)
{
    if (person == NULL || !person->active || !person_is_reachable(person, via)) {
        return;
    }
    for (size_t i = 0; i < sweep->found_count; i++) {
        if (sweep->found[i] == person) {
            return;
        }
    }
    if (sweep->found_count < ACCEPTANCES_MAX) {
        sweep->found[sweep->found_count++] = person;
    }
}

static void find_on_call(struct sweep *sweep, const char *role, unsigned via)
{
    const struct covering *covering = sweep->covering;
    size_t r = 0;
    while (r < covering->rotas_count && strcmp(covering->rotas[r].rota->slug, role) != 0) {
        r++;
    }
    if (r == covering->rotas_count) {
        return;
    }
    const struct directory_rota *rota = covering->rotas[r].rota;
    size_t *first = &sweep->first[r];
    while (*first < rota->intervals_count && rota->intervals[*first].to.ms <= sweep->at_ms) {
        (*first)++;
    }
    for (size_t i = *first; i < rota->intervals_count; i++) {
        const struct directory_interval *interval = &rota->intervals[i];
        if (interval->from.ms > sweep->at_ms) { /* and so do those behind it */
            sweep->next_ms =
                interval->from.ms < sweep->next_ms ? interval->from.ms : sweep->next_ms;
            return;
        }
        if (interval->to.ms > sweep->at_ms) {
            find_person(sweep, directory_agent(&covering->customer, interval->agent_id), via);
            sweep->next_ms = interval->to.ms < sweep->next_ms ? interval->to.ms : sweep->next_ms;
        }
    }
}

/* Whom all steps together reach at the moment. */
static void find_people(struct sweep *sweep, const struct procedure *procedure)
{
    const struct directory_customer *customer = &sweep->covering->customer;
    sweep->found_count = 0;
    sweep->next_ms = sweep->covering->until_ms;
    for (size_t s = 0; s < procedure->steps_count; s++) {
        const struct procedure_step *step = &procedure->steps[s];
        for (size_t t = 0; t < step->targets_count; t++) {
            const struct procedure_target *target = &step->targets[t];
            if (target->kind == TARGET_ON_CALL) {
                find_on_call(sweep, target->name, step->via);
            } else if (target->kind == TARGET_AGENT) {
                find_person(sweep, directory_agent_by_slug(customer, target->name), step->via);
            } else if (target->kind == TARGET_CONTACT) {
                find_person(sweep, directory_contact_by_slug(customer, target->name), step->via);
            }
        }
    }
    assert(sweep->next_ms > sweep->at_ms);
}

static void look_at(struct covering *covering, const struct procedure *procedure, int wanted)
{
    struct sweep sweep = {.covering = covering, .at_ms = covering->request->now.ms};
    struct series series = {.covering = covering,
                            .like = {.kind = COVERAGE_TOO_FEW, .procedure = procedure->slug}};
    int64_t since_ms = 0;
    bool before = false;
    while (sweep.at_ms < covering->until_ms) {
        find_people(&sweep, procedure);
        bool few = sweep.found_count > 0 && sweep.found_count < (size_t)wanted; /* none: NOBODY */
        if (few && !before) {
            since_ms = sweep.at_ms;
        } else if (!few && before) {
            series_add(&series, since_ms, sweep.at_ms);
        }
        before = few;
        sweep.at_ms = sweep.next_ms;
    }
    if (before) {
        series_add(&series, since_ms, covering->until_ms);
    }
}

void find_too_few(struct covering *covering)
{
    const struct directory_customer *customer = covering->request->customer;
    for (size_t i = 0; i < customer->procedures_count; i++) {
        const struct procedure *procedure = customer->procedures[i].procedure;
        int wanted = wanted_by(procedure);
        if (wanted > 1) {
            look_at(covering, procedure, wanted);
        }
    }
}
