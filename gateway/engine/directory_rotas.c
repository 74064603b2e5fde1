/* directory_rotas.c - a customer's rotas, compiled once and shared for as long as they are good. */
#include "gateway/engine/directory_private.h"

#include <assert.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/engine/people.h"

/* A rota that was compiled, and of what: shared by the snapshots of its customer for as long as all
 * that stays the same and its window reaches. Compiling dozens must not come with each phone that
 * says it received a test. Agents are slugs here: whom they name, and who of them is active, is
 * each snapshot's. */
struct shared_rota {
    _Atomic int references;
    struct arena *arena;
    const char *definition;
    const char *zone;
    struct shared_calendar *calendar; /* held; or NULL */
    struct wall_time from;
    struct wall_time until;
    const struct engine_rota_interval *shifts; /* whole ones */
    size_t shifts_count;
};

/* What a rota is compiled of; borrowed. */
struct shared_rota_texts {
    const char *definition;
    const char *zone;
    struct shared_calendar *calendar; /* or NULL */
};

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for a rota");
}

/* When memory runs out, libraries may call a sound rota broken: asked twice, so that nobody is off
 * duty for that. */
static enum status compile(const struct engine_rotas *rotas, const struct shared_rota *shared,
                           struct arena *scratch, struct engine_rota_interval **found_r,
                           size_t *count_r, struct error *error)
{
    const struct engine_calendar *calendar =
        shared->calendar != NULL ? shared->calendar->calendar : NULL;
    enum status status = STATUS_INVALID;
    for (int tries = 0; tries < 2 && status != STATUS_OK && status != STATUS_NO_MEMORY; tries++) {
        status = rotas->shifts(rotas->context, shared->definition, calendar, shared->zone,
                               shared->from, shared->until, scratch, found_r, count_r, error);
    }
    return status;
}

/* A slug that an earlier shift has already, or a copy; NULL: no memory. Turns come again soon. */
static const char *keep_agent(const struct engine_rota_interval *shifts, size_t count,
                              const char *agent, struct arena *arena)
{
    for (size_t i = count; i > 0; i--) {
        if (strcmp(shifts[i - 1].agent, agent) == 0) {
            return shifts[i - 1].agent;
        }
    }
    return arena_text(arena, agent);
}

/* Of what compiling took only the shifts are kept. */
static enum status fill(const struct engine_rotas *rotas, const struct shared_rota_texts *texts,
                        struct arena *scratch, struct shared_rota *shared, struct error *error)
{
    struct engine_rota_interval *found = NULL;
    size_t count = 0;
    shared->definition = arena_text(shared->arena, texts->definition);
    shared->zone = arena_text(shared->arena, texts->zone);
    if (shared->definition == NULL || shared->zone == NULL) {
        return no_memory(error);
    }
    enum status status = compile(rotas, shared, scratch, &found, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct engine_rota_interval *shifts = arena_alloc(shared->arena, count * sizeof *shifts);
    if (shifts == NULL) {
        return no_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        shifts[i] = found[i];
        shifts[i].agent = keep_agent(shifts, i, found[i].agent, shared->arena);
        if (shifts[i].agent == NULL) {
            return no_memory(error);
        }
    }
    shared->shifts = shifts;
    shared->shifts_count = count;
    return STATUS_OK;
}

static void release(struct shared_rota *shared)
{
    if (shared != NULL && atomic_fetch_sub(&shared->references, 1) == 1) {
        struct arena *arena = shared->arena;
        shared_calendar_release(shared->calendar);
        arena_destroy(&arena);
    }
}

static enum status share(const struct engine_rotas *rotas, const struct shared_rota_texts *texts,
                         struct wall_time now, struct arena *scratch, struct shared_rota **shared_r,
                         struct error *error)
{
    struct arena *arena = arena_create(0);
    struct shared_rota *shared = arena == NULL ? NULL : arena_alloc(arena, sizeof *shared);
    if (shared == NULL) {
        arena_destroy(&arena);
        return no_memory(error);
    }
    atomic_init(&shared->references, 1);
    shared->arena = arena;
    shared->from.ms = now.ms - ROTA_BEHIND_MS;
    shared->until.ms = now.ms + ROTA_AHEAD_MS;
    shared->calendar = texts->calendar != NULL ? shared_calendar_hold(texts->calendar) : NULL;
    enum status status = fill(rotas, texts, scratch, shared, error);
    if (status != STATUS_OK) {
        release(shared);
        return status;
    }
    *shared_r = shared;
    return STATUS_OK;
}

/* Whether it is of these, and need not be compiled again now. */
static bool serves(const struct shared_rota *shared, const struct shared_rota_texts *texts,
                   struct wall_time now)
{
    return now.ms - shared->from.ms > ROTA_BEHIND_LEFT_MS &&
           shared->until.ms - now.ms > ROTA_LEFT_MS && shared->calendar == texts->calendar &&
           strcmp(shared->zone, texts->zone) == 0 &&
           strcmp(shared->definition, texts->definition) == 0;
}

/* The one of the snapshot before; NULL when it has none of that name, or it did not compile. */
static struct shared_rota *find(const struct customer_snapshot *before, const char *slug)
{
    for (size_t i = 0; before != NULL && i < before->customer.rotas_count; i++) {
        if (strcmp(before->customer.rotas[i].slug, slug) == 0) {
            return before->rotas[i];
        }
    }
    return NULL;
}

/* A broken rota must not take the whole customer down: nobody is on call in it, and the steps that
 * name it are skipped. It is an alarm (rota_watch.c). */
static enum status note_broken(const struct directory_builder *builder,
                               struct customer_snapshot *snapshot, struct directory_rota *rota,
                               const char *definition, enum status status, const char *reason,
                               struct error *error)
{
    log_error("directory.rota_does_not_compile", LOG_INT("customer", snapshot->customer.id),
              LOG_INT("rota", rota->id), LOG_STATUS(status));
    rota->broken = true;
    rota->broken_reason =
        arena_text(snapshot->arena, reason[0] != '\0' ? reason : status_text(status));
    rota->definition = arena_text(snapshot->arena, definition);
    rota->compiled_from.ms = builder->now.ms - ROTA_BEHIND_MS;
    rota->compiled_until.ms = builder->now.ms + ROTA_LEFT_MS + ROTA_AGAIN_MS;
    return rota->broken_reason == NULL || rota->definition == NULL ? no_memory(error) : STATUS_OK;
}

enum status snapshot_compile_rota(const struct directory_builder *builder,
                                  const struct customer_snapshot *before,
                                  struct customer_snapshot *snapshot, struct directory_rota *rota,
                                  size_t number, const char *definition, struct arena *scratch,
                                  struct error *error)
{
    const struct shared_rota_texts texts = {definition, snapshot->customer.time_zone,
                                            snapshot->calendar};
    struct shared_rota *shared = find(before, rota->slug);
    struct error fault = {.text = ""};
    enum status status = STATUS_OK;
    if (shared != NULL && serves(shared, &texts, builder->now)) {
        atomic_fetch_add(&shared->references, 1);
    } else {
        status = share(builder->rotas, &texts, builder->now, scratch, &shared, &fault);
    }
    if (status != STATUS_OK) { /* without memory nothing is wrong with it */
        return status == STATUS_NO_MEMORY
                   ? no_memory(error)
                   : note_broken(builder, snapshot, rota, definition, status, fault.text, error);
    }
    assert(shared != NULL); /* either way gives one */
    snapshot->rotas[number] = shared;
    rota->definition = shared->definition;
    rota->compiled_from = shared->from;
    rota->compiled_until = shared->until;
    return people_take_shifts(&snapshot->customer, shared->shifts, shared->shifts_count,
                              snapshot->arena, rota, error);
}

void snapshot_release_rotas(const struct customer_snapshot *snapshot)
{
    for (size_t i = 0; snapshot->rotas != NULL && i < snapshot->customer.rotas_count; i++) {
        release(snapshot->rotas[i]);
    }
}
