#include "tests/unit/core/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct world *world_create(void)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->arena = arena_create(0);
    world->attempts = calloc(WORLD_ATTEMPTS_MAX, sizeof *world->attempts);
    world->update = calloc(1, sizeof *world->update);
    assert_non_null(world->arena);
    assert_non_null(world->attempts);
    assert_non_null(world->update);
    return world;
}

void world_destroy(struct world **world)
{
    arena_destroy(&(*world)->arena);
    free((*world)->attempts);
    free((*world)->shown_attempts);
    free((*world)->update);
    free(*world);
    *world = NULL;
}

void world_procedure(struct world *world, const char *json)
{
    struct error error = {.text = ""};
    arena_reset(world->arena);
    if (json == NULL) {
        world->procedure = arena_alloc(world->arena, sizeof *world->procedure);
        assert_non_null(world->procedure);
        *world->procedure = *procedure_of_last_resort();
        return;
    }
    if (procedure_parse(json, strlen(json), "test", world->arena, &world->procedure, &error) !=
        STATUS_OK) {
        fail_msg("%s: %s", error.pointer, error.text);
    }
}

struct world_person *world_find(struct world *world, const char *slug)
{
    for (size_t i = 0; i < world->persons_count; i++) {
        if (strcmp(world->persons[i].slug, slug) == 0) {
            return &world->persons[i];
        }
    }
    return NULL;
}

/* The same of everybody: nobody is told from another by them. */
static const char *const phones[PHONES_OF_PERSON_MAX] = {"+33600000001", "+33600000002",
                                                         "+33600000003", "+33600000004"};

struct world_person *world_person(struct world *world, const char *slug)
{
    struct world_person *person = world_find(world, slug);
    if (person == NULL) {
        assert_true(world->persons_count < WORLD_PERSONS_MAX);
        person = &world->persons[world->persons_count++];
        person->ref.kind = PERSON_AGENT;
        person->ref.id = (int64_t)world->persons_count;
        for (size_t i = 0; i < PHONES_OF_PERSON_MAX; i++) {
            person->phones[i] = phones[i];
        }
        (void)snprintf(person->slug, sizeof person->slug, "%s", slug);
    }
    return person;
}

static bool is_behind(const struct world *world, const struct world_person *person,
                      const struct procedure_target *target)
{
    if (person->gone) {
        return false;
    }
    switch (target->kind) {
    case TARGET_ON_CALL:
        return strcmp(person->role, target->name) == 0;
    case TARGET_AGENT:
        return person->ref.kind == PERSON_AGENT && strcmp(person->slug, target->name) == 0;
    case TARGET_CONTACT:
        return person->ref.kind == PERSON_CONTACT && strcmp(person->slug, target->name) == 0;
    case TARGET_CHECK_IN:
        return person->ref.kind == PERSON_AGENT && person->ref.id == world->now.check_in_agent;
    case TARGET_CALLBACK:
        break;
    }
    return false;
}

static void resolve(struct world *world, const struct procedure_target *targets, size_t count,
                    struct context_person *members, struct context_step *step_r)
{
    bool taken[WORLD_PERSONS_MAX] = {false};
    size_t found = 0;
    for (size_t t = 0; t < count; t++) {
        for (size_t p = 0; p < world->persons_count; p++) {
            if (!taken[p] && is_behind(world, &world->persons[p], &targets[t])) {
                taken[p] = true;
                members[found++] = world->shown[p];
            }
        }
    }
    *step_r = (struct context_step){.persons = members, .persons_count = found};
}

static bool is_in_team(const struct world *world, const struct person_ref *ref)
{
    bool found = person_equal(&world->whom, ref);
    for (int i = 0; i < world->now.members_count; i++) {
        found = found ||
                (world->now.members[i].kind == ref->kind && world->now.members[i].id == ref->id);
    }
    for (int i = 0; i < world->now.offers_count; i++) {
        found =
            found || (world->now.offers[i].kind == ref->kind && world->now.offers[i].id == ref->id);
    }
    return found;
}

static const struct context_shift *shift_of(struct world *world, const struct person_ref *ref,
                                            struct context_shift *shift_r)
{
    for (size_t i = 0; i < world->persons_count; i++) {
        const struct world_person *person = &world->persons[i];
        if (!person_equal(&person->ref, ref) || person->shift_until_ms == 0) {
            continue;
        }
        const struct world_person *relief = world_find(world, person->relief);
        *shift_r = (struct context_shift){
            .until = {WORLD_EPOCH_MS + person->shift_until_ms},
            .relief = relief != NULL ? &world->shown[relief - world->persons] : NULL,
        };
        return shift_r;
    }
    return NULL;
}

/* As the engine resolves them: whoever the escalation or the event names. */
static void show_team(struct world *world)
{
    struct context *context = &world->context;
    for (size_t i = 0; i < world->persons_count; i++) {
        if (!world->persons[i].gone && is_in_team(world, &world->persons[i].ref)) {
            assert_true(context->team_count < CONTEXT_TEAM_MAX);
            world->team[context->team_count++] = world->shown[i];
        }
    }
    context->team = world->team;
    context->holder_shift = shift_of(world, &world->now.holder, &world->shifts[0]);
    context->actor_shift = shift_of(world, &world->actor, &world->shifts[1]);
}

const struct context *world_context(struct world *world)
{
    const struct procedure *procedure = world->procedure;
    for (size_t i = 0; i < world->persons_count; i++) {
        const struct world_person *person = &world->persons[i];
        world->shown[i] = (struct context_person){
            .ref = person->ref,
            .slug = person->slug,
            .phones = person->phones,
            .phones_count = person->has_phone ? 1 + person->further_phones : 0,
            .devices = person->devices,
            .devices_count = person->devices_count,
            .doubtful = person->doubtful,
            .paused = person->paused,
            .busy = person->busy,
        };
    }
    world->context = (struct context){
        .procedure = procedure,
        .steps = world->steps,
        .exhausted = world->exhausted,
        .opens_at = WALL_NEVER,
        .opens_engine = ENGINE_NEVER,
    };
    if (world->opens_ms != INT64_MAX) {
        world->context.opens_engine.ms = WORLD_EPOCH_MS + world->opens_ms;
        world->context.opens_at.ms = WORLD_EPOCH_MS + WORLD_WALL_MS + world->opens_ms;
    }
    for (size_t i = 0; i < procedure->steps_count; i++) {
        resolve(world, procedure->steps[i].targets, procedure->steps[i].targets_count,
                world->members[i], &world->steps[i]);
    }
    struct procedure_target backup = {.kind = TARGET_ON_CALL};
    (void)snprintf(backup.name, sizeof backup.name, "%s", procedure->when_busy);
    if (backup.name[0] != '\0') {
        resolve(world, &backup, 1, world->backup, &world->context.backup);
    }
    for (size_t i = 0; i < procedure->exhausted_count; i++) {
        resolve(world, &procedure->exhausted[i], 1, world->members[PROCEDURE_STEPS_MAX + i],
                &world->exhausted[i]);
    }
    for (size_t i = 0; i < world->persons_count; i++) {
        if (!world->persons[i].gone && person_equal(&world->now.holder, &world->persons[i].ref)) {
            world->context.holder = &world->shown[i];
        }
    }
    show_team(world);
    size_t shown = world->attempts_count;
    shown = shown > ATTEMPTS_LOADED_MAX ? ATTEMPTS_LOADED_MAX : shown;
    /* Nothing stands behind the last one: a sanitizer sees who looks there. */
    free(world->shown_attempts);
    world->shown_attempts = NULL;
    if (shown > 0) {
        world->shown_attempts = malloc(shown * sizeof *world->shown_attempts);
        assert_non_null(world->shown_attempts);
        memcpy(world->shown_attempts, world->attempts + (world->attempts_count - shown),
               shown * sizeof *world->shown_attempts);
    }
    world->context.attempts = world->shown_attempts;
    world->context.attempts_count = shown;
    return &world->context;
}

struct event world_event(struct world *world, enum event_type type)
{
    struct event event = {
        .type = type,
        .now = {WORLD_EPOCH_MS + world->clock_ms},
        .wall = {WORLD_EPOCH_MS + WORLD_WALL_MS + world->clock_ms},
        .plan = world->plan,
    };
    unsigned id = ++world->ids;
    memset(event.id_base.bytes, 0, sizeof event.id_base.bytes);
    memcpy(event.id_base.bytes, &id, sizeof id);
    return event;
}

/* As the store does: new rows, changed rows, the state. */
static void keep(struct world *world)
{
    const struct update *update = world->update;
    for (size_t i = 0; i < update->changed_attempts_count; i++) {
        size_t number = world_attempt_number(world, update->changed_attempts[i].id);
        assert_true(number > 0);
        world->attempts[number - 1] = update->changed_attempts[i];
    }
    for (size_t i = 0; i < update->created_count; i++) {
        assert_true(world->attempts_count < WORLD_ATTEMPTS_MAX);
        struct attempt *attempt = &world->attempts[world->attempts_count++];
        *attempt = update->created[i];
        if (!world->outbox_held) {
            attempt->state = ATTEMPT_HANDED_OVER;
            attempt->handed_over_at = attempt->planned_at;
        }
    }
    world->now = update->after;
}

void world_step(struct world *world, const struct event *event)
{
    const struct escalation before = world->now;
    world->whom = event->whom;
    world->actor = event->actor;
    world->status = escalation_step(&before, event, world_context(world), world->update);
    if (world->status == STATUS_OK && world->update->changed) {
        keep(world);
    }
}

void world_open(struct world *world, enum severity severity, int64_t promised_ms, bool drill)
{
    struct event event = world_event(world, EVENT_OPENED);
    event.severity = severity;
    event.promised_ms = promised_ms;
    world->attempts_count = 0;
    memset(&world->now, 0, sizeof world->now);
    world->now.id.bytes[15] = 1;
    world->now.ticket_id.bytes[15] = 2;
    world->now.customer_id = 1;
    world->now.procedure_id = 1;
    world->now.severity = severity;
    world->now.drill = drill;
    world->now.check_in_agent = world->check_in_agent;
    world->now.opened_at = event.wall;
    world_step(world, &event);
    assert_int_equal(world->status, STATUS_OK);
}

size_t world_attempt_number(const struct world *world, struct uuid id)
{
    for (size_t i = 0; i < world->attempts_count; i++) {
        if (uuid_equal(world->attempts[i].id, id)) {
            return i + 1;
        }
    }
    return 0;
}

const char *world_name(const struct world *world, const struct person_ref *ref)
{
    if (ref->kind == PERSON_OPERATOR) {
        return ref->name;
    }
    for (size_t i = 0; i < world->persons_count; i++) {
        if (person_equal(&world->persons[i].ref, ref)) {
            return world->persons[i].slug;
        }
    }
    return "gateway";
}
