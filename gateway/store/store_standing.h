/* store_standing.h - how an agent stands who is to be asked: a pause that was said, phones that
 * were heard of, an escalation that is held. Otherwise as store.h says.
 */
#ifndef GATEWAY_STORE_STORE_STANDING_H
#define GATEWAY_STORE_STORE_STANDING_H

#include "gateway/store/store.h"

struct pause_row {
    int64_t customer_id;
    int64_t agent_id;
    struct wall_time since_at;
    struct wall_time until_at;       /* as the wall stood when it was said */
    struct engine_time until_engine; /* it ends then */
    const char *reason;              /* personal: the agent's words; or NULL */
    const char *operator_name;       /* who said it on the agent's behalf; NULL: the agent */
};

/* When one phone gave any sign of itself; WALL_NEVER: not yet. */
struct device_heard_row {
    struct wall_time registered_at;
    struct wall_time proven_at;
    struct wall_time heard_at;
};

/* One for each agent: a later one takes the place of the earlier. The writer's. */
enum status store_put_pause(struct store *store, const struct pause_row *row,
                            struct error *error) MUST_CHECK;
/* STATUS_NOT_FOUND: there is none. The writer's. */
enum status store_delete_pause(struct store *store, int64_t customer_id, int64_t agent_id,
                               struct error *error) MUST_CHECK;
/* Takes away all that are over. The writer's. */
enum status store_forget_pauses(struct store *store, struct engine_time now,
                                struct error *error) MUST_CHECK;
/* STATUS_NOT_FOUND: there is none. One that is over may still be there. */
enum status store_get_pause(struct store *store, int64_t customer_id, int64_t agent_id,
                            struct arena *arena, struct pause_row *row_r,
                            struct error *error) MUST_CHECK;
/* A customer's, by agent; those that are over may be among them. */
enum status store_list_pauses(struct store *store, int64_t customer_id, struct arena *arena,
                              struct pause_row **rows_r, size_t *count_r,
                              struct error *error) MUST_CHECK;

/* An agent's live phones that may show a notification, at most `limit`, into the caller's rows. */
enum status store_list_heard(struct store *store, int64_t customer_id, int64_t agent_id,
                             size_t limit, struct device_heard_row *rows_r, size_t *count_r,
                             struct error *error) MUST_CHECK;

/* Whether the agent is at work on an open escalation about a caller other than this one (nil: any):
 * as its holder, or as a member of one of the customer's newest 256. */
enum status store_is_busy(struct store *store, int64_t customer_id, int64_t agent_id,
                          struct uuid except, bool *busy_r, struct error *error) MUST_CHECK;

#endif
