/* publication.h - a rota as it is to be told to its agents: compiled for a time, and compared with
 * what had been told of it. Pure but for the compiling: any thread, no clock, no rows.
 */
#ifndef GATEWAY_COVERAGE_PUBLICATION_H
#define GATEWAY_COVERAGE_PUBLICATION_H

#include "gateway/base/arena.h"
#include "gateway/base/status.h"
#include "gateway/engine/directory.h"
#include "gateway/engine/engine.h"
#include "gateway/rota/rota_publication.h"

#define PUBLICATION_DAYS_MAX 366

/* What had been told of one rota, the newest first. */
struct publication_history {
    const struct rota_publication *newest_first;
    size_t count;
};

struct publication_question {
    const struct directory_customer *customer;
    const struct directory_rota *rota;
    struct rota_period period;
    struct wall_time at; /* when the agents hear of it */
    struct publication_history history;
};

struct publication_plan {
    const struct rota_interval *shifts; /* of active agents, in order of time */
    size_t shifts_count;
    const struct rota_change *changes; /* as rota_compare() */
    size_t changes_count;
};

/* The plan lives in the arena. Statuses as engine_rotas.compile, rota_told() and rota_compare(); on
 * failure *plan_r is untouched. */
enum status publication_plan(const struct publication_question *question,
                             const struct engine_rotas *rotas, struct arena *arena,
                             struct publication_plan *plan_r, struct error *error) MUST_CHECK;

#endif
