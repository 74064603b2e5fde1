/* people.h - whom a procedure reaches at a moment: its targets, looked up in a directory and its
 * rotas. The writer asks before each event; what only computes ahead (gateway/rehearsal) asks the
 * same about a moment to come, and so gets the answer that the writer will get.
 *
 * Everything here reads immutable snapshots: any thread.
 */
#ifndef GATEWAY_ENGINE_PEOPLE_H
#define GATEWAY_ENGINE_PEOPLE_H

#include "gateway/base/arena.h"
#include "gateway/core/escalation.h"
#include "gateway/engine/directory.h"
#include "gateway/engine/engine.h"

/* How agents stand at the moment, beside what the directory says. */
struct people_standing {
    /* Pauses end on this clock; ENGINE_NEVER: there is none, and the wall tells. */
    struct engine_time now;
    /* Whether a push may not reach the agent's phones: none was heard of lately. */
    enum status (*is_doubtful)(void *context, int64_t customer_id, int64_t agent_id,
                               struct wall_time at, bool *doubtful_r, struct error *error);
    /* Whether the agent is at work on an escalation other than this one. */
    enum status (*is_busy)(void *context, int64_t customer_id, int64_t agent_id,
                           struct uuid escalation, bool *busy_r, struct error *error);
    void *context;
};

/* Resolves everybody that the procedure may call on at a moment for an escalation, of which only
 * the holder (PERSON_NONE: there is none) and check_in_agent are read. Sets all of *context_r but
 * the attempts; it lives in the arena and as long as customer and procedure do. STATUS_NO_MEMORY:
 * the arena is full; what standing answered otherwise. *context_r is then untouched. standing: how
 * those of the steps stand, each asked once and only where the procedure minds; NULL: nobody is
 * busy, all phones are heard of. Pauses count in any case. */
enum status people_resolve(const struct directory_customer *customer,
                           const struct procedure *procedure, const struct escalation *escalation,
                           struct wall_time at, const struct people_standing *standing,
                           struct arena *arena, struct context *context_r,
                           struct error *error) MUST_CHECK;

/* Whether the agent's pause is not over. now: as people_standing.now. */
bool people_is_paused(const struct directory_person *person, struct engine_time now,
                      struct wall_time at);
/* A person's paths as they are now: their number, and their live devices, into the arena.
 * STATUS_NO_MEMORY. */
enum status people_paths(struct arena *arena, const struct directory_person *person,
                         struct context_person *person_r, struct error *error) MUST_CHECK;

/* The agents on call for a role at a moment; answers how many (at most `max`). */
size_t people_on_call(const struct directory_customer *customer, const char *role,
                      struct wall_time at, const struct directory_person **agents_r, size_t max);
/* The active people behind a target at a moment; none when it names nobody. check_in_agent: whose
 * check-in is asked for; 0: nobody's. Answers how many (at most `max`). */
size_t people_of_target(const struct directory_customer *customer,
                        const struct procedure_target *target, int64_t check_in_agent,
                        struct wall_time at, const struct directory_person **people_r, size_t max);

/* Fills in the intervals of a rota whose definition, compiled_from and compiled_until are set, for
 * the customer's active agents, cut to that window. scratch is for what is needed meanwhile; the
 * intervals live in the arena. Statuses as engine_rotas.compile; on failure there are none. */
enum status people_compile_rota(const struct engine_rotas *rotas,
                                const struct directory_customer *customer, struct arena *scratch,
                                struct arena *arena, struct directory_rota *rota,
                                struct error *error) MUST_CHECK;
/* Fills in the intervals of a rota from what was compiled of it. STATUS_NO_MEMORY. */
enum status people_take_shifts(const struct directory_customer *customer,
                               const struct engine_rota_interval *found, size_t count,
                               struct arena *arena, struct directory_rota *rota,
                               struct error *error) MUST_CHECK;

#endif
