/* store_several.h - lists over several customers and no other: what belongs to the others changes
 * neither the rows, nor where a page ends, nor (but for tasks) how long it takes. The conventions
 * are those of store.h. In a read snapshot.
 *
 * There is no index by several customers: each one's own is read, newest first, a few ids at a
 * time, and the ids are merged (store_several_private.h).
 */
#ifndef GATEWAY_STORE_STORE_SEVERAL_H
#define GATEWAY_STORE_STORE_SEVERAL_H

#include "gateway/store/store.h"

/* None of them: no row. One that is there twice counts once. Lives with whoever made it. */
struct customer_set {
    const int64_t *ids;
    size_t count;
};

/* As store_list_escalations(); several NULL: of customer_id. */
enum status store_list_escalations_of_several(struct store *store, int64_t customer_id,
                                              const struct customer_set *several,
                                              struct uuid before, unsigned states, size_t limit,
                                              struct arena *arena, struct escalation **rows_r,
                                              size_t *count_r, struct error *error) MUST_CHECK;
/* As store_list_open_tasks(); several NULL: of customer_id. Walks the open tasks of all: nobody has
 * many, as each of them asks for a person. */
enum status store_list_open_tasks_of_several(struct store *store, int64_t customer_id,
                                             const struct customer_set *several, struct uuid after,
                                             size_t limit, struct arena *arena,
                                             struct desk_task_row **rows_r, size_t *count_r,
                                             struct error *error) MUST_CHECK;

#endif
