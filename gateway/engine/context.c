/* context.c - what the core is told with an event: the pinned procedure and whom it reaches now. */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <string.h>

#include "gateway/engine/qualify.h"

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

enum status context_build(struct engine *engine, const struct directory_customer *customer,
                          const struct escalation *escalation, const struct event *event,
                          struct context *context_r, struct error *error)
{
    const struct procedure *procedure = NULL;
    enum status status =
        find_procedure(engine, customer, escalation->procedure_id, &procedure, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct people_standing standing = standing_for(engine, procedure, event);
    return people_resolve(customer, procedure, escalation, event->wall, &standing, engine->scratch,
                          context_r, error);
}

void context_add_opening(struct engine *engine, const struct directory_customer *customer,
                         const struct event *event, struct context *context)
{
    struct wall_time opens = qualify_opening(&engine->configuration.rotas, customer, event->wall);
    int64_t left_ms = opens.ms - clock_wall(&engine->configuration.clock).ms;
    context->opens_at = opens;
    context->opens_engine = ENGINE_NEVER;
    if (opens.ms != TIME_NEVER_MS) {
        /* The event came in a moment ago. What the timeline says is never before the opening. */
        bool ahead = opens.ms > event->wall.ms;
        context->opens_engine = engine_time_add(event->now, ahead && left_ms < 1 ? 1 : left_ms);
    }
}

enum status context_newest_procedure(struct engine *engine,
                                     const struct directory_customer *customer,
                                     int64_t procedure_id, int64_t *newest_r, struct error *error)
{
    const struct directory_procedure *newest = NULL;
    const char *fallback = customer->default_procedure;
    for (size_t i = 0; i < customer->procedures_count && newest == NULL; i++) {
        newest = customer->procedures[i].id == procedure_id ? &customer->procedures[i] : NULL;
    }
    if (newest == NULL && procedure_id != 0) {
        struct definition_row row;
        enum status status = store_get_procedure(engine->store, customer->id, procedure_id,
                                                 engine->scratch, &row, error);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return status;
        }
        newest = status == STATUS_OK ? directory_procedure(customer, row.slug) : NULL;
    }
    if (newest == NULL && fallback != NULL) {
        newest = directory_procedure(customer, fallback);
    }
    *newest_r = newest != NULL ? newest->id : 0;
    return STATUS_OK;
}
