/* store_several_private.h - ids of several customers as one list, newest first. */
#ifndef GATEWAY_STORE_STORE_SEVERAL_PRIVATE_H
#define GATEWAY_STORE_STORE_SEVERAL_PRIVATE_H

#include "gateway/store/store_private.h"
#include "gateway/store/store_several.h"

/* Answers id and wanted of one customer's rows, newest first; its parameters :customer_id, :before
 * and :limit are the list's. bind: the others, NULL when there are none. */
struct newest_query {
    enum query query;
    void (*bind)(struct query_run *run, const void *context);
    const void *context;
};

struct newest_id {
    int64_t customer_id;
    struct uuid id;
    bool wanted; /* what the query says of the row */
};

struct newest;

/* Begins before `before` (nil: at the newest). What it is given must outlive it; it lies in the
 * arena. */
enum status newest_open(struct store *store, const struct customer_set *set,
                        const struct newest_query *query, struct uuid before, struct arena *arena,
                        struct newest **newest_r, struct error *error) MUST_CHECK;
/* STATUS_DONE: there are no more. */
enum status newest_next(struct newest *newest, struct newest_id *id_r,
                        struct error *error) MUST_CHECK;

/* The ids as a JSON array, which is how a query is given a set; NULL for no set. */
enum status store_write_customers(const struct customer_set *set, struct arena *arena,
                                  const char **json_r, struct error *error) MUST_CHECK;

#endif
