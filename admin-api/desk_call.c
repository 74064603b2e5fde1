/* desk_call.c - a call came in on a number: collects what the operator must see. */
#include "admin-api/desk_call.h"

#include "admin-api/admin_api_private.h"
#include "admin-api/called_number.h"
#include "admin-api/escalations.h"
#include "gateway/engine/qualify.h"

/* ---- from memory ---- */

/* How long the agent stays on call without a break, from an interval of the rota on. */
static struct wall_time end_of_turn(const struct directory_rota *rota, size_t interval)
{
    int64_t agent_id = rota->intervals[interval].agent_id;
    struct wall_time until = rota->intervals[interval].to;
    for (size_t i = interval + 1; i < rota->intervals_count; i++) {
        const struct directory_interval *next = &rota->intervals[i];
        if (next->from.ms > until.ms) {
            break;
        }
        if (next->agent_id == agent_id && next->to.ms > until.ms) {
            until = next->to;
        }
    }
    return until.ms < rota->compiled_until.ms ? until : WALL_NEVER;
}

static void look_up_rota(struct desk_call *call, const struct directory_rota *rota)
{
    for (size_t i = 0; i < rota->intervals_count; i++) {
        const struct directory_interval *interval = &rota->intervals[i];
        if (interval->from.ms > call->at.ms || interval->to.ms <= call->at.ms) {
            continue;
        }
        if (call->turns_count == DESK_TURNS_MAX) {
            call->turns_more = true;
            return;
        }
        call->turns[call->turns_count++] =
            (struct desk_turn){.rota = rota,
                               .agent = directory_agent(call->customer, interval->agent_id),
                               .until = end_of_turn(rota, i)};
    }
}

enum status desk_call_look_up(struct desk_call *call, const struct engine_rotas *rotas,
                              struct arena *arena, struct error *error)
{
    const struct directory_customer *customer = call->customer;
    call->turns = arena_alloc(arena, DESK_TURNS_MAX * sizeof *call->turns);
    if (call->turns == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for who is on call");
    }
    call->hours = qualify_hours_until(rotas, customer, call->at, &call->hours_until);
    for (size_t i = 0; i < customer->rotas_count; i++) {
        look_up_rota(call, &customer->rotas[i]);
    }
    return STATUS_OK;
}

/* ---- from the database ---- */

static enum status read_tickets(struct exchange *exchange, struct store *store,
                                const struct escalation *rows, size_t count, struct error *error)
{
    struct desk_call *call = exchange->desk_call;
    int64_t wall_of_engine_ms = escalations_wall_of_engine_ms(exchange);
    for (size_t i = 0; i < count; i++) {
        struct escalation_view *view = &call->escalations[call->escalations_count];
        if (!escalations_begin_reading(exchange, call->customer->id, rows[i].id)) {
            continue; /* the desk was told of it */
        }
        *view = (struct escalation_view){.customer = call->customer,
                                         .escalation = rows[i],
                                         .wall_of_engine_ms = wall_of_engine_ms};
        enum status status = store_get_ticket(store, call->customer->id, rows[i].ticket_id,
                                              exchange->arena, &view->ticket, error);
        burden_drop();
        if (status != STATUS_OK) {
            return status;
        }
        call->escalations_count++;
    }
    return STATUS_OK;
}

static enum status read_open(struct exchange *exchange, struct store *store, struct error *error)
{
    struct desk_call *call = exchange->desk_call;
    struct escalation *rows = NULL;
    size_t count = 0;
    enum status status = store_list_open_newest(store, call->customer->id, DESK_ESCALATIONS_MAX + 1,
                                                exchange->arena, &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    call->escalations_more = count > DESK_ESCALATIONS_MAX;
    size_t shown = call->escalations_more ? DESK_ESCALATIONS_MAX : count;
    call->escalations = arena_alloc(exchange->arena, (shown + 1) * sizeof *call->escalations);
    return call->escalations == NULL
               ? error_set(error, STATUS_NO_MEMORY, "no memory for the open escalations")
               : read_tickets(exchange, store, rows, shown, error);
}

/* Somebody on call in two roles is read twice: it is the same snapshot. */
static enum status read_reach(struct exchange *exchange, struct store *store, struct error *error)
{
    struct desk_call *call = exchange->desk_call;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < call->turns_count && status == STATUS_OK; i++) {
        status = agent_reach_read(store, call->customer, call->turns[i].agent, call->at,
                                  escalations_wall_of_engine_ms(exchange), exchange->arena,
                                  &call->turns[i].reach, error);
    }
    return status;
}

static enum next read_now(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    enum status status = store_read_begin(store, &error);
    if (status == STATUS_OK) {
        status = read_open(exchange, store, &error);
        if (status == STATUS_OK) {
            status = read_reach(exchange, store, &error);
        }
        store_read_end(store);
    }
    return status == STATUS_OK ? reply_view(exchange, desk_call_write, exchange->desk_call)
                               : escalations_read_fault(exchange, status, &error);
}

/* ---- what is asked ---- */

/* Whose number the path has; NULL: the answer is there. */
static const struct directory_customer *find_called(struct exchange *exchange,
                                                    const char **number_r)
{
    char number[TELEPHONE_E164_BYTES_MAX];
    struct error error = {0};
    enum status status = called_number_read(exchange->parameters[0], number, &error);
    if (status != STATUS_OK) {
        (void)reply_fault(exchange, status, NULL, "%s", error.text);
        return NULL;
    }
    const struct directory_customer *customer = called_number_customer(exchange, number);
    *number_r = arena_text(exchange->arena, number);
    if (customer == NULL) {
        (void)reply_fault(exchange, STATUS_NOT_FOUND, NULL,
                          "%s is not a number that a customer of this key is called on: ask the "
                          "caller whom they want, and have the number put into that customer's "
                          "numbers",
                          number);
    }
    return customer;
}

enum next desk_call_get(struct exchange *exchange)
{
    static const char *const no_parameters[] = {NULL};
    struct desk_call call = {.at = exchange->received_at};
    struct error error = {0};
    if (!query_check(exchange, no_parameters)) {
        return NEXT_ANSWER;
    }
    call.customer = find_called(exchange, &call.number);
    if (call.customer == NULL) {
        return NEXT_ANSWER;
    }
    struct desk_call *kept = arena_alloc(exchange->arena, sizeof *kept);
    if (kept == NULL || call.number == NULL) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    enum status status =
        desk_call_look_up(&call, engine_rotas(exchange->api->engine), exchange->arena, &error);
    if (status != STATUS_OK) {
        return reply_problem(exchange, status, &error, NULL);
    }
    *kept = call;
    exchange->customer = call.customer;
    exchange->customer_id = call.customer->id;
    exchange->desk_call = kept;
    exchange->read = read_now;
    return NEXT_READ;
}
