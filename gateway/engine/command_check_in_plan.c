/* command_check_in_plan.c - prise de poste: when the shifts of a rota are to be checked in. */
#include "gateway/engine/engine_private.h"

/* The customer's rota, or the refusal. */
static const struct directory_rota *rota_of(struct engine *engine, struct command *command,
                                            const struct directory_customer **customer_r)
{
    *customer_r = directory_customer(engine->current, command->customer_id);
    const struct directory_rota *rota =
        *customer_r == NULL ? NULL
                            : directory_rota(*customer_r, command->request.check_in_plan.rota);
    if (rota == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "the customer has no such rota; put it first");
    }
    return rota;
}

enum status command_put_check_in_plan(struct engine *engine, struct command *command,
                                      struct error *error)
{
    const struct check_in_plan_request *request = &command->request.check_in_plan;
    const struct directory_customer *customer;
    const struct directory_rota *rota = rota_of(engine, command, &customer);
    if (rota == NULL) {
        return STATUS_OK;
    }
    const struct directory_procedure *procedure = directory_procedure(customer, request->procedure);
    if (procedure == NULL) {
        answer_refuse_at(command, STATUS_INVALID, "/procedure",
                         "the customer has no such procedure; put it first");
        return STATUS_OK;
    }
    if (!procedure_asks_check_in(procedure->procedure)) {
        answer_refuse_at(command, STATUS_INVALID, "/procedure",
                         "none of its steps notifies {\"check_in\": \"agent\"}: the agent would "
                         "never be reminded");
        return STATUS_OK;
    }
    struct check_in_plan_row row = {
        .customer_id = command->customer_id,
        .rota = request->rota,
        .opens_before_s = request->opens_before_s,
        .remind_before_s = request->remind_before_s,
        .closes_after_s = request->closes_after_s,
        .procedure = request->procedure,
        .severity = request->severity,
        .since_at = command->received_at,
        .probe_s = request->probe_s,
    };
    enum status status = store_put_check_in_plan(engine->store, &row, error);
    if (status == STATUS_OK) {
        command->answer.created = !rota->check_in.planned;
        engine_customer_changed(engine, command->customer_id, false);
    }
    return status;
}

enum status command_delete_check_in_plan(struct engine *engine, struct command *command,
                                         struct error *error)
{
    const struct directory_customer *customer;
    if (rota_of(engine, command, &customer) == NULL) {
        return STATUS_OK;
    }
    enum status status = store_delete_check_in_plan(engine->store, command->customer_id,
                                                    command->request.check_in_plan.rota, error);
    if (status == STATUS_NOT_FOUND) {
        answer_refuse(command, STATUS_NOT_FOUND, "this rota has no check-in plan");
        return STATUS_OK;
    }
    engine_customer_changed(engine, command->customer_id, false);
    return status;
}
