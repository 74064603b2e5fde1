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

/* A number that no call could keep is none: what the writer takes is always shorter. */
static enum status resolve_phones(struct arena *arena, const struct directory_person *person,
                                  struct context_person *person_r, struct error *error)
{
    size_t count = directory_phones_count(person);
    const char **phones = arena_alloc(arena, count * sizeof *phones);
    if (phones == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        const char *phone = directory_phone(person, i).phone;
        if (strlen(phone) < PERSON_PHONE_BYTES_MAX) {
            phones[person_r->phones_count++] = phone;
        }
    }
    person_r->phones = phones;
    return STATUS_OK;
}

enum status people_paths(struct arena *arena, const struct directory_person *person,
                         struct context_person *person_r, struct error *error)
{
    *person_r = (struct context_person){
        .ref = {.kind = person->kind, .id = person->id},
        .slug = person->slug,
    };
    enum status status = resolve_phones(arena, person, person_r, error);
    if (status != STATUS_OK) {
        return status;
    }
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

#define STANDINGS_KNOWN_MAX 64

struct known_standing {
    const struct directory_person *person;
    bool doubtful_asked;
    bool doubtful;
    bool busy_asked;
    bool busy;
};

/* One resolution: what it is about, and what was asked already. */
struct resolving {
    const struct directory_customer *customer;
    const struct procedure *procedure;
    const struct escalation *escalation;
    struct wall_time at;
    const struct people_standing *standing; /* or NULL */
    struct arena *arena;
    bool has_backup;
    struct known_standing known[STANDINGS_KNOWN_MAX];
    size_t known_count;
};

bool people_is_paused(const struct directory_person *person, struct engine_time now,
                      struct wall_time at)
{
    if (person->pause == NULL) {
        return false;
    }
    return now.ms != TIME_NEVER_MS ? person->pause->until_engine.ms > now.ms
                                   : person->pause->until_at.ms > at.ms;
}

/* The last slot is shared by those who find no room: they are asked each time. */
static struct known_standing *known_standing(struct resolving *resolving,
                                             const struct directory_person *person)
{
    for (size_t i = 0; i < resolving->known_count; i++) {
        if (resolving->known[i].person == person) {
            return &resolving->known[i];
        }
    }
    size_t place = resolving->known_count < STANDINGS_KNOWN_MAX ? resolving->known_count++
                                                                : STANDINGS_KNOWN_MAX - 1;
    resolving->known[place] = (struct known_standing){.person = person};
    return &resolving->known[place];
}

/* alone: by push and not by call. */
static enum status add_standing(struct resolving *resolving, const struct directory_person *person,
                                bool alone, struct context_person *person_r, struct error *error)
{
    const struct people_standing *standing = resolving->standing;
    int64_t customer_id = resolving->customer->id;
    enum status status = STATUS_OK;
    if (person->kind != PERSON_AGENT) {
        return STATUS_OK;
    }
    person_r->paused =
        people_is_paused(person, standing != NULL ? standing->now : ENGINE_NEVER, resolving->at);
    if (standing == NULL) {
        return STATUS_OK;
    }
    struct known_standing *known = known_standing(resolving, person);
    if (alone && resolving->procedure->doubtful_calls_too && person_r->phones_count > 0 &&
        person_r->devices_count > 0) {
        if (!known->doubtful_asked) {
            status = standing->is_doubtful(standing->context, customer_id, person->id,
                                           resolving->at, &known->doubtful, error);
            known->doubtful_asked = status == STATUS_OK;
        }
        person_r->doubtful = known->doubtful;
    }
    if (status == STATUS_OK && resolving->has_backup) {
        if (!known->busy_asked) {
            status = standing->is_busy(standing->context, customer_id, person->id,
                                       resolving->escalation->id, &known->busy, error);
            known->busy_asked = status == STATUS_OK;
        }
        person_r->busy = known->busy;
    }
    return status;
}

/* via: the paths on which they are asked; 0: they are not asked, how they stand does not matter. */
static enum status resolve_people(struct resolving *resolving,
                                  const struct directory_person *const *people, size_t count,
                                  unsigned via, struct context_step *step_r, struct error *error)
{
    struct context_person *persons = arena_alloc(resolving->arena, count * sizeof *persons);
    if (persons == NULL) {
        return out_of_memory(error);
    }
    size_t unique = 0;
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t k = 0; k < i && !known; k++) {
            known = people[k] == people[i];
        }
        if (known) {
            continue;
        }
        struct context_person *person = &persons[unique++];
        enum status status = people_paths(resolving->arena, people[i], person, error);
        if (status == STATUS_OK && via != 0) {
            status = add_standing(resolving, people[i], via == VIA_PUSH, person, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    step_r->persons = persons;
    step_r->persons_count = unique;
    return STATUS_OK;
}

static enum status resolve_targets(struct resolving *resolving,
                                   const struct procedure_target *targets, size_t targets_count,
                                   unsigned via, struct context_step *step_r, struct error *error)
{
    const struct directory_person *people[PERSONS_OF_STEP_MAX];
    size_t count = 0;
    for (size_t t = 0; t < targets_count; t++) {
        count += people_of_target(resolving->customer, &targets[t],
                                  resolving->escalation->check_in_agent, resolving->at,
                                  people + count, PERSONS_OF_STEP_MAX - count);
    }
    return resolve_people(resolving, people, count, via, step_r, error);
}

/* They are asked on the paths of whichever step it is. */
static enum status resolve_backup(struct resolving *resolving, struct context_step *backup_r,
                                  struct error *error)
{
    const struct procedure *procedure = resolving->procedure;
    const struct directory_person *people[BACKUP_PERSONS_MAX];
    unsigned via = VIA_PUSH | VIA_CALL;
    if (procedure->when_busy[0] == '\0') {
        return STATUS_OK;
    }
    for (size_t i = 0; i < procedure->steps_count; i++) {
        via = procedure->steps[i].via == VIA_PUSH ? VIA_PUSH : via;
    }
    size_t count = people_on_call(resolving->customer, procedure->when_busy, resolving->at, people,
                                  BACKUP_PERSONS_MAX);
    enum status status = resolve_people(resolving, people, count, via, backup_r, error);
    resolving->has_backup = count > 0; /* only now: whether they are busy themselves is all one */
    return status;
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
    return people_paths(arena, person, holder, error);
}

enum status people_resolve(const struct directory_customer *customer,
                           const struct procedure *procedure, const struct escalation *escalation,
                           struct wall_time at, const struct people_standing *standing,
                           struct arena *arena, struct context *context_r, struct error *error)
{
    struct context context = {.procedure = procedure};
    struct resolving resolving = {.customer = customer,
                                  .procedure = procedure,
                                  .escalation = escalation,
                                  .at = at,
                                  .standing = standing,
                                  .arena = arena};
    struct context_step *steps = arena_alloc(arena, procedure->steps_count * sizeof *steps);
    struct context_step *exhausted =
        arena_alloc(arena, procedure->exhausted_count * sizeof *exhausted);
    if (steps == NULL || exhausted == NULL) {
        return out_of_memory(error);
    }
    enum status status = resolve_backup(&resolving, &context.backup, error);
    for (size_t i = 0; i < procedure->steps_count && status == STATUS_OK; i++) {
        const struct procedure_step *step = &procedure->steps[i];
        status = resolve_targets(&resolving, step->targets, step->targets_count, step->via,
                                 &steps[i], error);
    }
    for (size_t i = 0; i < procedure->exhausted_count && status == STATUS_OK; i++) {
        status = resolve_targets(&resolving, &procedure->exhausted[i], 1, 0, &exhausted[i], error);
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
