/* team.c - what the core is told of the team: how its people are reached, and until when the holder
 * is on call. */
#include <assert.h>

#include "gateway/engine/engine_private.h"
#include "gateway/engine/people.h"
#include "gateway/engine/standing.h"

/* ---- people ---- */

static enum status add_person(const struct directory_customer *customer,
                              const struct person_ref *ref, struct arena *arena,
                              struct context_person *people, size_t *count, struct error *error)
{
    const struct directory_person *person = directory_person(customer, ref);
    if (person == NULL || !person->active) {
        return STATUS_OK; /* who left is not asked for anything any more */
    }
    assert(*count < CONTEXT_TEAM_MAX);
    return people_paths(arena, person, &people[(*count)++], error);
}

/* One resolution: for whom, and into what. */
struct resolving {
    struct engine *engine;
    const struct directory_customer *customer;
    const struct escalation *escalation;
    const struct event *event;
    struct context *context;
};

/* Of who may be asked by name now. */
static enum status add_standing(const struct resolving *resolving,
                                const struct directory_person *person,
                                struct context_person *person_r, struct error *error)
{
    return standing_by_name(resolving->engine, person, resolving->escalation, resolving->event,
                            resolving->context, person_r, error);
}

static enum status resolve_people(const struct resolving *resolving, struct error *error)
{
    const struct directory_customer *customer = resolving->customer;
    const struct escalation *escalation = resolving->escalation;
    const struct event *event = resolving->event;
    struct arena *arena = resolving->engine->scratch;
    enum status status = STATUS_OK;
    size_t count = 0;
    if (escalation->members_count == 0 && escalation->offers_count == 0 &&
        event->whom.kind == PERSON_NONE) {
        return STATUS_OK; /* as most are */
    }
    struct context_person *people = arena_alloc(arena, CONTEXT_TEAM_MAX * sizeof *people);
    if (people == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the team");
    }
    for (int i = 0; i < escalation->members_count && status == STATUS_OK; i++) {
        const struct person_ref ref = {.kind = escalation->members[i].kind,
                                       .id = escalation->members[i].id};
        status = add_person(customer, &ref, arena, people, &count, error);
    }
    for (int i = 0; i < escalation->offers_count && status == STATUS_OK; i++) {
        const struct person_ref ref = {.kind = escalation->offers[i].kind,
                                       .id = escalation->offers[i].id};
        status = add_person(customer, &ref, arena, people, &count, error);
    }
    if (status == STATUS_OK && event->whom.kind != PERSON_NONE) {
        status = add_person(customer, &event->whom, arena, people, &count, error);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (person_equal(&people[i].ref, &event->whom)) { /* once, or as a member, too */
            status = add_standing(resolving, directory_person(customer, &event->whom), &people[i],
                                  error);
        }
    }
    resolving->context->team = people;
    resolving->context->team_count = count;
    return status;
}

/* ---- shifts ---- */

struct shift {
    const struct directory_rota *rota; /* NULL: in none */
    struct wall_time until;
};

/* The end of the duty that an agent has at a moment, over shifts that follow without a gap. */
static struct wall_time end_of_duty(const struct directory_rota *rota, int64_t agent_id,
                                    struct wall_time at)
{
    struct wall_time until = {0};
    for (size_t i = 0; i < rota->intervals_count; i++) {
        const struct directory_interval *interval = &rota->intervals[i];
        bool there = until.ms == 0 ? interval->from.ms <= at.ms && at.ms < interval->to.ms
                                   : interval->from.ms <= until.ms && until.ms < interval->to.ms;
        if (interval->agent_id == agent_id && there) {
            until = interval->to;
        }
    }
    return until;
}

/* Of several roles the one that they have longest. */
static struct shift find_shift(const struct directory_customer *customer, int64_t agent_id,
                               struct wall_time at)
{
    struct shift shift = {.rota = NULL};
    for (size_t i = 0; i < customer->rotas_count; i++) {
        struct wall_time until = end_of_duty(&customer->rotas[i], agent_id, at);
        if (until.ms > shift.until.ms) {
            shift = (struct shift){.rota = &customer->rotas[i], .until = until};
        }
    }
    return shift;
}

/* Who is on call for the role now, is somebody else, and can be reached. */
static enum status find_relief(const struct resolving *resolving, const struct shift *shift,
                               const struct context_person **relief_r, struct error *error)
{
    struct arena *arena = resolving->engine->scratch;
    const struct directory_person *agents[PERSONS_OF_STEP_MAX];
    size_t count = people_on_call(resolving->customer, shift->rota->slug, resolving->event->wall,
                                  agents, PERSONS_OF_STEP_MAX);
    for (size_t i = 0; i < count; i++) {
        struct context_person *person = arena_alloc(arena, sizeof *person);
        if (person == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "no memory for the relief");
        }
        enum status status = people_paths(arena, agents[i], person, error);
        if (status != STATUS_OK) {
            return status;
        }
        if (agents[i]->id != resolving->escalation->holder.id &&
            (person->phones_count > 0 || person->devices_count > 0)) {
            *relief_r = person;
            return add_standing(resolving, agents[i], person, error);
        }
    }
    return STATUS_OK;
}

static enum status resolve_shift(const struct resolving *resolving, int64_t agent_id,
                                 struct wall_time since, const struct context_shift **shift_r,
                                 struct error *error)
{
    const struct event *event = resolving->event;
    struct shift shift = find_shift(resolving->customer, agent_id, since);
    if (shift.rota == NULL) {
        return STATUS_OK;
    }
    struct context_shift *context_shift =
        arena_alloc(resolving->engine->scratch, sizeof *context_shift);
    if (context_shift == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the shift");
    }
    *context_shift = (struct context_shift){
        .until = engine_time_add(event->now, shift.until.ms - event->wall.ms)};
    *shift_r = context_shift;
    return shift.until.ms > event->wall.ms
               ? STATUS_OK
               : find_relief(resolving, &shift, &context_shift->relief, error);
}

enum status team_resolve(struct engine *engine, const struct directory_customer *customer,
                         const struct escalation *escalation, const struct event *event,
                         struct context *context, struct error *error)
{
    const struct resolving resolving = {.engine = engine,
                                        .customer = customer,
                                        .escalation = escalation,
                                        .event = event,
                                        .context = context};
    enum status status = resolve_people(&resolving, error);
    if (status == STATUS_OK && escalation->shift_until.ms != TIME_NEVER_MS &&
        escalation->holder.kind == PERSON_AGENT) {
        status = resolve_shift(&resolving, escalation->holder.id, escalation->held_since,
                               &context->holder_shift, error);
    }
    if (status == STATUS_OK && event->type == EVENT_ACCEPT && event->actor.kind == PERSON_AGENT) {
        status =
            resolve_shift(&resolving, event->actor.id, event->wall, &context->actor_shift, error);
    }
    return status;
}

bool team_is_on_call(const struct directory_customer *customer, int64_t agent_id,
                     struct wall_time at)
{
    return find_shift(customer, agent_id, at).rota != NULL;
}

enum status team_offer_to(struct engine *engine, struct command *command, const char *agent,
                          const char *pointer, struct event *event)
{
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct directory_person *person =
        customer == NULL ? NULL : directory_agent_by_slug(customer, agent);
    if (person == NULL || !person->active) {
        answer_refuse_at(command, STATUS_INVALID, pointer,
                         "no active agent of this customer has this slug");
        return STATUS_INVALID;
    }
    event->whom = (struct person_ref){.kind = PERSON_AGENT, .id = person->id};
    if (person_equal(&event->actor, &event->whom)) {
        answer_refuse_at(command, STATUS_INVALID, pointer,
                         "is yourself: name whoever is to take over");
        return STATUS_INVALID;
    }
    return STATUS_OK;
}
