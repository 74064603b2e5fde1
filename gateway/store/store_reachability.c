/* store_reachability.c - what was heard of a phone. */
#include <assert.h>

#include "gateway/store/store_private.h"

enum status store_hear_device(struct store *store, int64_t customer_id, int64_t device_id,
                              struct wall_time now, struct error *error)
{
    assert(customer_id > 0 && device_id > 0);
    assert(now.ms != TIME_NEVER_MS);
    struct query_run run;
    enum status status = query_begin(store, QUERY_device_heard, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":device_id", device_id);
    query_bind_int64(&run, ":heard_at", now.ms);
    query_bind_int64(&run, ":heard_before", now.ms - DEVICE_HEARD_EVERY_MS);
    return query_finish(&run, error);
}
