/* people.c - resolves a procedure's targets to the people and devices of a moment. */
#include "gateway/engine/people.h"

#include <assert.h>
#include <string.h>

size_t people_on_call(const struct directory_customer *customer, const char *role,
                      struct wall_time at, const struct directory_person **agents_r, size_t max)
{
    const struct directory_rota *rota = directory_rota(customer, role);
    size_t count = 0;
    for (size_t i = 0; rota != NULL && i < rota->intervals_count && count < max; i++) {
        const struct directory_interval *interval = &rota->intervals[i];
        if (interval->from.ms <= at.ms && at.ms < interval->to.ms) {
            agents_r[count] = directory_agent(customer, interval->agent_id);
            assert(agents_r[count] != NULL); /* an interval is of the customer's own agents */
            count++;
        }
    }
    return count;
}

static enum status out_of_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the context");
}

static enum status resolve_person(struct arena *arena, const struct directory_person *person,
                                  struct context_person *person_r, struct error *error)
{
    *person_r = (struct context_person){
        .ref = {.kind = person->kind, .id = person->id},
        .slug = person->slug,
        .has_phone = person->phone != NULL && person->phone[0] != '\0',
    };
    size_t room = /* retired ones stay in the rows for ever, and take none */
        person->devices_count < DEVICES_OF_PERSON_MAX ? person->devices_count
                                                      : DEVICES_OF_PERSON_MAX;
    struct context_device *devices = arena_alloc(arena, room * sizeof *devices);
    if (devices == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < person->devices_count; i++) {
        if (person->devices[i].live && person_r->devices_count < DEVICES_OF_PERSON_MAX) {
            devices[person_r->devices_count++] =
                (struct context_device){.id = person->devices[i].id,
                                        .platform = person->devices[i].platform,
                                        .registered_at = person->devices[i].registered_at};
        }
    }
    person_r->devices = devices;
    return STATUS_OK;
}

size_t people_of_target(const struct directory_customer *customer,
                        const struct procedure_target *target, int64_t check_in_agent,
                        struct wall_time at, const struct directory_person **people_r, size_t max)
{
    const struct directory_person *person = NULL;
    switch (target->kind) { /* unreachable: every kind has its case */
    case TARGET_ON_CALL:
        return people_on_call(customer, target->name, at, people_r, max);
    case TARGET_AGENT:
        person = directory_agent_by_slug(customer, target->name);
        break;
    case TARGET_CONTACT:
        person = directory_contact_by_slug(customer, target->name);
        break;
    case TARGET_CHECK_IN:
        person = directory_agent(customer, check_in_agent);
        break;
    case TARGET_CALLBACK:
        break;
    }
    if (person == NULL || !person->active || max == 0) {
        return 0;
    }
    people_r[0] = person;
    return 1;
}

static enum status resolve_targets(const struct directory_customer *customer,
                                   const struct procedure_target *targets, size_t targets_count,
                                   int64_t check_in_agent, struct wall_time at, struct arena *arena,
                                   struct context_step *step_r, struct error *error)
{
    const struct directory_person *people[PERSONS_OF_STEP_MAX];
    size_t count = 0;
    for (size_t t = 0; t < targets_count; t++) {
        count += people_of_target(customer, &targets[t], check_in_agent, at, people + count,
                                  PERSONS_OF_STEP_MAX - count);
    }
    struct context_person *persons = arena_alloc(arena, count * sizeof *persons);
    if (persons == NULL) {
        return out_of_memory(error);
    }
    size_t unique = 0;
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t k = 0; k < i && !known; k++) {
            known = people[k] == people[i];
        }
        if (!known) {
            enum status status = resolve_person(arena, people[i], &persons[unique++], error);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    step_r->persons = persons;
    step_r->persons_count = unique;
    return STATUS_OK;
}

static enum status resolve_holder(const struct directory_customer *customer,
                                  const struct person_ref *ref, struct arena *arena,
                                  struct context *context, struct error *error)
{
    const struct directory_person *person = directory_person(customer, ref);
    if (person == NULL) {
        return STATUS_OK;
    }
    struct context_person *holder = arena_alloc(arena, sizeof *holder);
    if (holder == NULL) {
        return out_of_memory(error);
    }
    context->holder = holder;
    return resolve_person(arena, person, holder, error);
}

enum status people_resolve(const struct directory_customer *customer,
                           const struct procedure *procedure, const struct escalation *escalation,
                           struct wall_time at, struct arena *arena, struct context *context_r,
                           struct error *error)
{
    struct context context = {.procedure = procedure};
    struct context_step *steps = arena_alloc(arena, procedure->steps_count * sizeof *steps);
    struct context_step *exhausted =
        arena_alloc(arena, procedure->exhausted_count * sizeof *exhausted);
    enum status status = STATUS_OK;
    if (steps == NULL || exhausted == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < procedure->steps_count && status == STATUS_OK; i++) {
        status = resolve_targets(customer, procedure->steps[i].targets,
                                 procedure->steps[i].targets_count, escalation->check_in_agent, at,
                                 arena, &steps[i], error);
    }
    for (size_t i = 0; i < procedure->exhausted_count && status == STATUS_OK; i++) {
        status = resolve_targets(customer, &procedure->exhausted[i], 1, escalation->check_in_agent,
                                 at, arena, &exhausted[i], error);
    }
    if (status == STATUS_OK) {
        status = resolve_holder(customer, &escalation->holder, arena, &context, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    context.steps = steps;
    context.exhausted = exhausted;
    *context_r = context;
    return STATUS_OK;
}

enum status people_take_shifts(const struct directory_customer *customer,
                               const struct engine_rota_interval *found, size_t count,
                               struct arena *arena, struct directory_rota *rota,
                               struct error *error)
{
    assert(rota->intervals_count == 0);
    struct directory_interval *intervals = arena_alloc(arena, count * sizeof *intervals);
    if (intervals == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the rota");
    }
    for (size_t i = 0; i < count; i++) {
        const struct directory_person *agent = directory_agent_by_slug(customer, found[i].agent);
        if (agent != NULL && agent->active) {
            intervals[rota->intervals_count++] = (struct directory_interval){
                .from = found[i].from, .to = found[i].to, .agent_id = agent->id};
        }
    }
    rota->intervals = intervals;
    return STATUS_OK;
}

enum status people_compile_rota(const struct engine_rotas *rotas,
                                const struct directory_customer *customer, struct arena *scratch,
                                struct arena *arena, struct directory_rota *rota,
                                struct error *error)
{
    struct engine_rota_interval *found;
    size_t count;
    enum status status =
        rotas->compile(rotas->context, rota->definition, customer->calendar, customer->time_zone,
                       rota->compiled_from, rota->compiled_until, scratch, &found, &count, error);
    return status == STATUS_OK ? people_take_shifts(customer, found, count, arena, rota, error)
                               : status;
}
