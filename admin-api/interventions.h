/* interventions.h - when agents were at work, as the timelines of a customer have it. */
#ifndef ADMIN_API_INTERVENTIONS_H
#define ADMIN_API_INTERVENTIONS_H

#include "admin-api/exchange.h"
#include "gateway/coverage/coverage.h"
#include "gateway/engine/engine.h"

/* How many escalations of a customer are looked through at most, the newest first. */
#define INTERVENTIONS_ESCALATIONS_MAX 1000

struct interventions {
    struct coverage_intervention *items;
    size_t count;
    bool cut; /* there were more escalations, or more interventions, than are looked through */
};

/* Those that touch [from, now) of escalations opened in it or in the week before, from acceptance
 * by an agent to done, handed back, taken away, or the confirmed or final cancellation; what still
 * goes on ends now. One that was over at once lasts a millisecond. Exercises count: they wake
 * people too. What asks for a check-in does not, whoever answers it. Escalations that may not be
 * read are left out. Into the arena. Statuses of the store. */
enum status interventions_list(struct engine *engine, struct store *store,
                               const struct directory_customer *customer, struct wall_time from,
                               struct wall_time now, struct arena *arena,
                               struct interventions *interventions_r,
                               struct error *error) MUST_CHECK;

/* Takes one escalation's timeline, in order, into the list, whose items have room for each entry.
 */
void interventions_take(const struct timeline_row *rows, size_t count, struct wall_time end,
                        struct interventions *interventions);

#endif
