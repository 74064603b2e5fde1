/* told.c - what agents were told of their duty against what is planned. Of a customer who never
 * published anything nothing is found: who tells his agents by other means would read of each shift
 * every day, and no more of what matters. */
#include <string.h>

#include "gateway/coverage/coverage_private.h"
#include "gateway/coverage/publication.h"

#define ROTA_BYTES_MAX ((size_t)32 << 20)

static struct publication_history history_of(const struct coverage_request *request,
                                             const char *rota)
{
    for (size_t i = 0; i < request->told_count; i++) {
        if (strcmp(request->told[i].rota, rota) == 0) {
            return request->told[i].history;
        }
    }
    return (struct publication_history){.count = 0};
}

static void add(struct series *series, const struct rota_change *change)
{
    const struct directory_customer *customer = series->covering->request->customer;
    series->like.person = directory_agent_by_slug(customer, change->agent);
    series->like.lost = change->kind == ROTA_REMOVED || change->kind == ROTA_SHORTENED;
    series_add(series, change->from.ms, change->to.ms);
}

static void take(struct covering *covering, const char *rota, const struct publication_plan *plan)
{
    struct series untold = {.covering = covering,
                            .like = {.kind = COVERAGE_NOT_PUBLISHED, .rota = rota}};
    struct series changed = {.covering = covering,
                             .like = {.kind = COVERAGE_CHANGED, .rota = rota}};
    for (size_t i = 0; i < plan->changes_count; i++) {
        const struct rota_change *change = &plan->changes[i];
        if (change->kind != ROTA_NEW) {
            add(&changed, change);
        } else if (change->notice != ROTA_IN_TIME) {
            add(&untold, change);
        }
    }
}

enum status find_untold(struct covering *covering, const struct engine_rotas *rotas,
                        struct error *error)
{
    const struct coverage_request *request = covering->request;
    const struct directory_customer *customer = request->customer;
    struct arena *scratch = request->publishes ? arena_create(ROTA_BYTES_MAX) : NULL;
    enum status status = STATUS_OK;
    if (!request->publishes) {
        return STATUS_OK;
    }
    if (scratch == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the rotas");
    }
    for (size_t i = 0; i < customer->rotas_count && status != STATUS_NO_MEMORY; i++) {
        const struct publication_question question = {
            .customer = customer,
            .rota = &customer->rotas[i],
            .period = {request->now, {covering->until_ms}},
            .at = request->now,
            .history = history_of(request, customer->rotas[i].slug),
        };
        struct publication_plan plan;
        arena_reset(scratch);
        status = publication_plan(&question, rotas, scratch, &plan, error);
        if (status == STATUS_OK) {
            take(covering, customer->rotas[i].slug, &plan);
        } /* one that does not compile is found where a procedure names it */
    }
    arena_destroy(&scratch);
    return status == STATUS_NO_MEMORY ? status : STATUS_OK;
}
