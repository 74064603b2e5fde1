/* context.c - resolves a procedure's targets to the people and devices of now. */
#include "gateway/engine/engine_private.h"

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

const struct directory_interval *shift_of(const struct directory_customer *customer,
                                          int64_t agent_id, const char *role, struct wall_time at,
                                          const char **role_r)
{
    const struct directory_interval *found = NULL;
    for (size_t r = 0; r < customer->rotas_count; r++) {
        const struct directory_rota *rota = &customer->rotas[r];
        if (role != NULL && strcmp(role, rota->slug) != 0) {
            continue;
        }
        for (size_t i = 0; i < rota->intervals_count; i++) {
            const struct directory_interval *interval = &rota->intervals[i];
            if (interval->agent_id == agent_id && interval->to.ms > at.ms &&
                (found == NULL || interval->from.ms < found->from.ms)) {
                found = interval;
                *role_r = rota->slug;
            }
        }
    }
    return found;
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
                        const struct procedure_target *target, struct wall_time at,
                        const struct directory_person **people_r, size_t max)
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
    case TARGET_CALLBACK:
        break;
    }
    if (person == NULL || !person->active || max == 0) {
        return 0;
    }
    people_r[0] = person;
    return 1;
}

static enum status resolve_targets(struct engine *engine, const struct directory_customer *customer,
                                   const struct procedure_target *targets, size_t targets_count,
                                   struct wall_time at, struct context_step *step_r,
                                   struct error *error)
{
    const struct directory_person *people[PERSONS_OF_STEP_MAX];
    size_t count = 0;
    for (size_t t = 0; t < targets_count; t++) {
        count += people_of_target(customer, &targets[t], at, people + count,
                                  PERSONS_OF_STEP_MAX - count);
    }
    struct context_person *persons = arena_alloc(engine->scratch, count * sizeof *persons);
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
            enum status status =
                resolve_person(engine->scratch, people[i], &persons[unique++], error);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    step_r->persons = persons;
    step_r->persons_count = unique;
    return STATUS_OK;
}

/* Makes room by forgetting all: versions pinned by open escalations are read again. */
static void forget_procedures(struct engine *engine)
{
    for (size_t i = 0; i < engine->procedures_count; i++) {
        arena_destroy(&engine->procedures[i].arena);
    }
    engine->procedures_count = 0;
}

static enum status read_procedure(struct engine *engine, int64_t customer_id, int64_t procedure_id,
                                  const struct procedure **procedure_r, struct error *error)
{
    struct definition_row row = {.slug = "", .definition = ""};
    struct arena *arena = arena_create(0);
    struct procedure *procedure = NULL;
    enum status status = arena == NULL ? out_of_memory(error)
                                       : store_get_procedure(engine->store, customer_id,
                                                             procedure_id, arena, &row, error);
    if (status == STATUS_OK) {
        status = procedure_parse_stored(&row, arena, &procedure, error);
        if (status == STATUS_INVALID) { /* its own code: an event that does not fit is another */
            status = error_wrap(error, STATUS_CONFIGURATION, "procedure %lld does not parse",
                                (long long)procedure_id);
        }
    }
    if (status != STATUS_OK) {
        arena_destroy(&arena);
        return status;
    }
    if (engine->procedures_count == PROCEDURES_CACHED_MAX) {
        forget_procedures(engine);
    }
    engine->procedures[engine->procedures_count++] =
        (struct cached_procedure){customer_id, procedure_id, arena, procedure};
    *procedure_r = procedure;
    return STATUS_OK;
}

/* The version an escalation pinned. */
static enum status find_procedure(struct engine *engine, const struct directory_customer *customer,
                                  int64_t procedure_id, const struct procedure **procedure_r,
                                  struct error *error)
{
    if (procedure_id == 0) {
        *procedure_r = procedure_of_last_resort();
        return STATUS_OK;
    }
    for (size_t i = 0; i < customer->procedures_count; i++) {
        if (customer->procedures[i].id == procedure_id) {
            *procedure_r = customer->procedures[i].procedure;
            return STATUS_OK;
        }
    }
    for (size_t i = 0; i < engine->procedures_count; i++) {
        if (engine->procedures[i].procedure_id == procedure_id) {
            *procedure_r = engine->procedures[i].procedure;
            return STATUS_OK;
        }
    }
    return read_procedure(engine, customer->id, procedure_id, procedure_r, error);
}

static enum status resolve_holder(struct engine *engine, const struct directory_customer *customer,
                                  const struct person_ref *ref, struct context *context,
                                  struct error *error)
{
    const struct directory_person *person = directory_person(customer, ref);
    if (person == NULL) {
        return STATUS_OK;
    }
    struct context_person *holder = arena_alloc(engine->scratch, sizeof *holder);
    if (holder == NULL) {
        return out_of_memory(error);
    }
    context->holder = holder;
    return resolve_person(engine->scratch, person, holder, error);
}

enum status context_build(struct engine *engine, const struct directory_customer *customer,
                          const struct escalation *escalation, struct wall_time wall,
                          struct context *context_r, struct error *error)
{
    struct context context = {.procedure = NULL};
    enum status status =
        find_procedure(engine, customer, escalation->procedure_id, &context.procedure, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct procedure *procedure = context.procedure;
    struct context_step *steps =
        arena_alloc(engine->scratch, procedure->steps_count * sizeof *steps);
    struct context_step *exhausted =
        arena_alloc(engine->scratch, procedure->exhausted_count * sizeof *exhausted);
    if (steps == NULL || exhausted == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < procedure->steps_count && status == STATUS_OK; i++) {
        status = resolve_targets(engine, customer, procedure->steps[i].targets,
                                 procedure->steps[i].targets_count, wall, &steps[i], error);
    }
    for (size_t i = 0; i < procedure->exhausted_count && status == STATUS_OK; i++) {
        status = resolve_targets(engine, customer, &procedure->exhausted[i], 1, wall, &exhausted[i],
                                 error);
    }
    if (status == STATUS_OK) {
        status = resolve_holder(engine, customer, &escalation->holder, &context, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    context.steps = steps;
    context.exhausted = exhausted;
    *context_r = context;
    return STATUS_OK;
}
