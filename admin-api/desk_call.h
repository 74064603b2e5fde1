/* desk_call.h - what an operator must see at once when a call comes in: whose number it is, what to
 * say and to ask, who is on call, what is open already. Configuration comes from the directory's
 * snapshot, what happens now from one read of the database.
 */
#ifndef ADMIN_API_DESK_CALL_H
#define ADMIN_API_DESK_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "admin-api/reachability.h"
#include "admin-api/view.h"
#include "gateway/engine/engine.h"
#include "gateway/qualification/rules.h"

/* Shown; that there are more is said. */
#define DESK_TURNS_MAX       64
#define DESK_ESCALATIONS_MAX 20

/* Somebody on call now. */
struct desk_turn {
    const struct directory_rota *rota;
    const struct directory_person *agent;
    struct agent_reach reach;
    struct wall_time until; /* WALL_NEVER: beyond what is compiled of the rota */
};

struct desk_call {
    const struct directory_customer *customer;
    const char *number; /* that was called, E.164 */
    struct wall_time at;
    enum rules_hours hours;
    struct wall_time hours_until; /* WALL_NEVER: not known */
    struct desk_turn *turns;      /* in the rotas' order */
    size_t turns_count;
    bool turns_more;
    struct escalation_view *escalations; /* open ones, newest first; with their tickets */
    size_t escalations_count;
    bool escalations_more;
};

/* Fills in what the directory says; `customer`, `number` and `at` are set. The turns live in the
 * arena, all else as long as the customer. STATUS_NO_MEMORY. */
enum status desk_call_look_up(struct desk_call *call, const struct engine_rotas *rotas,
                              struct arena *arena, struct error *error) MUST_CHECK;

/* A view_writer of a struct desk_call. */
void desk_call_write(struct json_writer *json, void *desk_call);

/* What the caller is told when nobody was reached: the customer's words, or the gateway's. */
const char *desk_call_nobody_reached(const struct directory_customer *customer, bool french);

#endif
