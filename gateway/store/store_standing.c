/* store_standing.c - pauses, when phones were heard of, and who holds something. */
#include "gateway/store/store_standing.h"

#include <assert.h>

#include "gateway/store/store_private.h"

#define ROW struct pause_row
static const struct column pause_columns[] = {
    SAME(customer_id, INT64),
    SAME(agent_id, INT64),
    SAME(since_at, TIME),
    SAME(until_at, TIME),
    SAME(until_engine, TIME),
    SAME(reason, TEXT),
    NAMED(operator_name, "operator", TEXT),
};
MAP(pause);
#undef ROW

#define ROW struct device_heard_row
static const struct column heard_columns[] = {
    SAME(registered_at, TIME),
    SAME(proven_at, TIME),
    SAME(heard_at, TIME),
};
MAP(heard);
#undef ROW

enum status store_put_pause(struct store *store, const struct pause_row *row, struct error *error)
{
    assert(row->customer_id > 0 && row->agent_id > 0);
    assert(row->until_engine.ms != TIME_NEVER_MS && row->until_at.ms >= row->since_at.ms);
    return query_write_row(store, QUERY_pause_put, &pause_map, row, error);
}

enum status store_delete_pause(struct store *store, int64_t customer_id, int64_t agent_id,
                               struct error *error)
{
    assert(customer_id > 0 && agent_id > 0);
    const struct pause_row row = {.customer_id = customer_id, .agent_id = agent_id};
    enum status status = query_write_row(store, QUERY_pause_delete, &pause_map, &row, error);
    return status == STATUS_OK && sqlite3_changes(store->db) == 0 ? STATUS_NOT_FOUND : status;
}

enum status store_forget_pauses(struct store *store, struct engine_time now, struct error *error)
{
    assert(now.ms != TIME_NEVER_MS);
    const struct pause_row row = {.until_engine = now};
    return query_write_row(store, QUERY_pause_forget, &pause_map, &row, error);
}

enum status store_get_pause(struct store *store, int64_t customer_id, int64_t agent_id,
                            struct arena *arena, struct pause_row *row_r, struct error *error)
{
    assert(customer_id > 0 && agent_id > 0 && row_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_pause_get, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":agent_id", agent_id);
    return query_one(&run, &pause_map, row_r, arena, error);
}

enum status store_list_pauses(struct store *store, int64_t customer_id, struct arena *arena,
                              struct pause_row **rows_r, size_t *count_r, struct error *error)
{
    assert(customer_id > 0 && rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_pause_list, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_all(&run, &pause_map, sizeof **rows_r, arena, (void **)rows_r, count_r, error);
}

enum status store_list_heard(struct store *store, int64_t customer_id, int64_t agent_id,
                             size_t limit, struct device_heard_row *rows_r, size_t *count_r,
                             struct error *error)
{
    assert(customer_id > 0 && agent_id > 0 && limit > 0);
    struct query_run run;
    size_t count = 0;
    enum status status = query_begin(store, QUERY_device_heard_of_agent, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":agent_id", agent_id);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    while (count < limit && (status = query_step(&run, error)) == STATUS_OK) {
        query_read_row(&run, &heard_map, &rows_r[count++], NULL);
    }
    query_end(&run);
    *count_r = count;
    return status == STATUS_DONE ? STATUS_OK : status;
}

enum status store_is_busy(struct store *store, int64_t customer_id, int64_t agent_id,
                          struct uuid except, bool *busy_r, struct error *error)
{
    assert(customer_id > 0 && agent_id > 0 && busy_r != NULL);
    struct query_run run;
    int64_t count = 0;
    enum status status = query_begin(store, QUERY_escalation_worked_on_elsewhere, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":agent_id", agent_id);
    query_bind_uuid(&run, ":escalation_id", except);
    status = query_number(&run, &count, error);
    if (status == STATUS_OK) {
        *busy_r = count > 0;
    }
    return status;
}
