/* store_team.h - who works on an escalation beside its holder, and who is asked by name. Otherwise
 * as store.h says.
 */
#ifndef GATEWAY_STORE_STORE_TEAM_H
#define GATEWAY_STORE_STORE_TEAM_H

#include "gateway/store/store.h"

/* Fills in the members and offers that the counts of a row from the store speak of. An escalation
 * without any, as most are, costs no read. STATUS_CORRUPT: a count is beyond its limit. */
enum status store_load_team(struct store *store, struct escalation *escalation,
                            struct error *error) MUST_CHECK;

/* Writes the lists in which `after` differs from `before`, each as a whole. The writer's. */
enum status store_write_team(struct store *store, const struct escalation *before,
                             const struct escalation *after, struct error *error) MUST_CHECK;

/* A customer's open escalations that somebody works on, or is asked to, with their lists, but what
 * asks for a check-in; the oldest first, behind `after` (nil: from the first), at most `limit`. */
enum status store_list_worked_on(struct store *store, int64_t customer_id, struct uuid after,
                                 size_t limit, struct arena *arena, struct escalation **rows_r,
                                 size_t *count_r, struct error *error) MUST_CHECK;

#endif
