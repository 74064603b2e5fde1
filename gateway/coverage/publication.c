#include "gateway/coverage/publication.h"

#include "gateway/base/text.h"

/* Who is not active is on call nowhere, as for the writer. */
static enum status list_shifts(const struct publication_question *question,
                               const struct engine_rotas *rotas, struct arena *arena,
                               struct rota_interval **shifts_r, size_t *count_r,
                               struct error *error)
{
    const struct directory_customer *customer = question->customer;
    struct engine_rota_interval *found;
    size_t found_count, count = 0;
    enum status status = rotas->compile(
        rotas->context, question->rota->definition, customer->calendar, customer->time_zone,
        question->period.from, question->period.to, arena, &found, &found_count, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct rota_interval *shifts = arena_alloc(arena, (found_count + 1) * sizeof *shifts);
    if (shifts == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the rota");
    }
    for (size_t i = 0; i < found_count; i++) {
        const struct directory_person *agent = directory_agent_by_slug(customer, found[i].agent);
        if (agent != NULL && agent->active) {
            shifts[count] = (struct rota_interval){.from = found[i].from, .to = found[i].to};
            (void)text_copy(shifts[count++].agent, sizeof shifts->agent, agent->slug);
        }
    }
    *shifts_r = shifts;
    *count_r = count;
    return STATUS_OK;
}

enum status publication_plan(const struct publication_question *question,
                             const struct engine_rotas *rotas, struct arena *arena,
                             struct publication_plan *plan_r, struct error *error)
{
    const struct rota_hearing hearing = {
        .zone = question->customer->time_zone,
        .at = question->at,
        .notice_days = directory_notice_days(question->customer),
    };
    struct rota_interval *shifts = NULL;
    struct rota_change *changes = NULL;
    struct rota_told told = {.shifts_count = 0};
    size_t shifts_count = 0, changes_count = 0;
    enum status status = list_shifts(question, rotas, arena, &shifts, &shifts_count, error);
    if (status == STATUS_OK) {
        status = rota_told(question->history.newest_first, question->history.count,
                           &question->period, arena, &told, error);
    }
    if (status == STATUS_OK) {
        status = rota_compare(&told, shifts, shifts_count, &hearing, arena, &changes,
                              &changes_count, error);
    }
    if (status == STATUS_OK) {
        *plan_r = (struct publication_plan){shifts, shifts_count, changes, changes_count};
    }
    return status;
}
