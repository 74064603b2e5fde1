/* check_in.c - prise de poste: plans that would never remind whose shift it is, and rotas that
 * procedures name whose shifts nobody watches. */
#include "gateway/coverage/coverage_private.h"

static void tell(struct covering *covering, enum coverage_kind kind, const char *rota,
                 const char *procedure)
{
    struct series series = {.covering = covering,
                            .like = {.kind = kind, .rota = rota, .procedure = procedure}};
    series_add(&series, covering->request->now.ms, covering->until_ms);
}

/* A procedure that is put anew may have lost the step that its plans were made for. */
static bool look_at_plan(struct covering *covering, const struct directory_rota *rota)
{
    const struct directory_procedure *procedure =
        directory_procedure(covering->request->customer, rota->check_in.procedure);
    if (procedure == NULL || !procedure_asks_check_in(procedure->procedure)) {
        tell(covering, COVERAGE_CHECK_IN_UNASKED, rota->slug, rota->check_in.procedure);
    }
    return true;
}

void find_check_ins(struct covering *covering)
{
    const struct directory_customer *customer = covering->request->customer;
    bool plans = false;
    for (size_t i = 0; i < customer->rotas_count; i++) {
        const struct directory_rota *rota = &customer->rotas[i];
        plans = (rota->check_in.planned && look_at_plan(covering, rota)) || plans;
    }
    /* Who plans none has no use for it. */
    for (size_t i = 0; i < covering->rotas_count && plans; i++) {
        const char *slug = covering->rotas[i].rota->slug;
        const struct directory_rota *rota = directory_rota(customer, slug);
        if (rota != NULL && !rota->check_in.planned) {
            tell(covering, COVERAGE_NO_CHECK_IN, slug, NULL);
        }
    }
}
