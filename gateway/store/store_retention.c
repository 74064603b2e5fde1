/* store_retention.c - what retention reaches besides closed tickets: those that nobody closes, and
 * the notes that agents leave at a check-out. */
#include <assert.h>

#include "gateway/store/store_ticket_private.h"

#define DAY_MS INT64_C(86400000)

#define ROW struct idle_ticket
static const struct column idle_columns[] = {
    SAME(ticket_id, UUID), SAME(last_at, TIME), /* never: somebody is at it */
};
MAP(idle);
#undef ROW

enum status store_list_idle(struct store *store, int64_t customer_id, struct uuid after,
                            struct wall_time idle_before, size_t looked,
                            struct idle_ticket *tickets_r, size_t *count_r, struct uuid *reached_r,
                            struct error *error)
{
    assert(customer_id > 0 && looked > 0);
    assert(tickets_r != NULL && count_r != NULL && reached_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_ticket_walk_open, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    /* As store_list_erasable(): ids follow the engine's clock, never by days behind the wall. */
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_uuid(&run, ":after", after);
    query_bind_uuid(&run, ":below", uuid_v7_least((struct wall_time){idle_before.ms + DAY_MS}));
    query_bind_int64(&run, ":limit", (int64_t)looked);
    size_t seen = 0, count = 0;
    struct idle_ticket row = {.last_at = WALL_NEVER};
    while (seen < looked && (status = query_step(&run, error)) == STATUS_OK) {
        query_read_row(&run, &idle_map, &row, NULL);
        seen++;
        if (row.last_at.ms != TIME_NEVER_MS && row.last_at.ms < idle_before.ms) {
            tickets_r[count++] = row;
        }
    }
    query_end(&run);
    if (status != STATUS_OK && status != STATUS_DONE) {
        return status;
    }
    assert(count <= seen && seen <= looked);
    *count_r = count;
    *reached_r = seen == looked ? row.ticket_id : (struct uuid){{0}};
    return STATUS_OK;
}

enum status store_tell_never_closed(struct store *store, int64_t customer_id, struct wall_time now,
                                    struct wall_time told_before, bool *tell_r, struct error *error)
{
    assert(store->writer && customer_id > 0 && tell_r != NULL);
    assert(told_before.ms <= now.ms);
    struct query_run run;
    int64_t told = 0;
    enum status status = query_begin(store, QUERY_customer_tell_never_closed, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":told_at", now.ms);
    query_bind_int64(&run, ":told_before", told_before.ms);
    status = query_number(&run, &told, error);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        *tell_r = status == STATUS_OK;
        return STATUS_OK;
    }
    return status;
}

enum status store_erase_check_in_notes(struct store *store, int64_t customer_id,
                                       struct wall_time before, size_t limit, bool *left_r,
                                       struct error *error)
{
    assert(store->writer && store_in_transaction(store));
    assert(customer_id > 0 && limit > 0 && left_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_check_in_erase_notes, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":before", before.ms);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    status = query_finish(&run, error);
    if (status == STATUS_OK) {
        *left_r = sqlite3_changes64(store->db) == (int64_t)limit;
    }
    return status;
}
