/* store_device_test.c - test pushes to one phone. */
#include <assert.h>

#include "gateway/store/store_private.h"

#define ROW struct device_test_row
static const struct column device_test_columns[] = {
    SAME(customer_id, INT64), SAME(test_id, UUID),
    SAME(device_id, INT64),   SAME(agent_id, INT64),
    SAME(platform, INT),      SAME(asked_by, INT),
    SAME(state, INT),         NAMED(not_after, "not_after_engine", TIME),
    SAME(planned_at, TIME),   SAME(handed_over_at, TIME),
    SAME(delayed_at, TIME),   SAME(accepted_at, TIME),
    SAME(received_at, TIME),  SAME(seen_at, TIME),
    SAME(failed_at, TIME),    SAME(reason, CHARS),
    SAME(provider_id, CHARS), SAME(tries, INT),
    SAME(outdated_at, TIME),
};
MAP(device_test);
#undef ROW

static enum status write_row(struct store *store, enum query query,
                             const struct device_test_row *row, struct error *error)
{
    assert(row->customer_id > 0 && !uuid_is_nil(row->test_id));
    assert(row->device_id > 0 && row->agent_id > 0 && row->tries >= 0);
    return query_write_row(store, query, &device_test_map, row, error);
}

static enum status read_rows(struct query_run *run, size_t limit, struct device_test_row *rows_r,
                             size_t *count_r, struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    enum status status = STATUS_DONE;
    size_t count = 0;
    while (count < limit && (status = query_step(run, error)) == STATUS_OK) {
        query_read_row(run, &device_test_map, &rows_r[count++], NULL);
    }
    query_end(run);
    assert(count <= limit);
    *count_r = count;
    return status == STATUS_DONE ? STATUS_OK : status;
}

enum status store_add_device_test(struct store *store, const struct device_test_row *row,
                                  struct error *error)
{
    assert(row->planned_at.ms != TIME_NEVER_MS && row->not_after.ms != TIME_NEVER_MS);
    struct query_run run;
    enum status status = write_row(store, QUERY_device_test_insert, row, error);
    if (status == STATUS_OK) {
        status = query_begin(store, QUERY_device_test_forget, &run, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", row->customer_id);
    query_bind_int64(&run, ":device_id", row->device_id);
    query_bind_int64(&run, ":kept", DEVICE_TESTS_KEPT);
    return query_finish(&run, error);
}

enum status store_update_device_test(struct store *store, const struct device_test_row *row,
                                     struct error *error)
{
    assert(row->state == ATTEMPT_PLANNED || row->handed_over_at.ms != TIME_NEVER_MS ||
           row->failed_at.ms != TIME_NEVER_MS);
    return write_row(store, QUERY_device_test_update, row, error);
}

enum status store_get_device_test(struct store *store, struct uuid test_id,
                                  struct device_test_row *row_r, struct error *error)
{
    assert(row_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_device_test_get, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_uuid(&run, ":test_id", test_id);
    status = query_one(&run, &device_test_map, row_r, NULL, error);
    assert(status != STATUS_OK || uuid_equal(row_r->test_id, test_id));
    return status;
}

enum status store_list_device_tests(struct store *store, int64_t customer_id, int64_t device_id,
                                    size_t limit, struct device_test_row *rows_r, size_t *count_r,
                                    struct error *error)
{
    assert(customer_id > 0 && device_id > 0);
    struct query_run run;
    enum status status = query_begin(store, QUERY_device_test_list, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":device_id", device_id);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return read_rows(&run, limit, rows_r, count_r, error);
}

enum status store_list_device_test_outbox(struct store *store, size_t limit,
                                          struct device_test_row *rows_r, size_t *count_r,
                                          struct error *error)
{
    assert(limit > 0);
    struct query_run run;
    enum status status = query_begin(store, QUERY_device_test_outbox, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return read_rows(&run, limit, rows_r, count_r, error);
}

enum status store_rewind_device_tests(struct store *store, struct error *error)
{
    assert(store->writer);
    struct query_run run;
    enum status status = query_begin(store, QUERY_device_test_rewind, &run, error);
    return status == STATUS_OK ? query_finish(&run, error) : status;
}
