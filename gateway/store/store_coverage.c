/* store_coverage.c - the last automatic coverage of each customer. */
#include "gateway/store/store_coverage.h"

#include <assert.h>

#include "gateway/store/store_private.h"

#define ROW struct coverage_report_row
static const struct column coverage_report_columns[] = {
    SAME(customer_id, INT64), SAME(computed_at, TIME), SAME(days, INT),   SAME(findings, INT64),
    SAME(lasting, INT64),     SAME(counts, TEXT),      SAME(items, TEXT), SAME(more, INT64),
    SAME(keys, TEXT),         SAME(news, TEXT),        SAME(over, BOOL),  SAME(told_at, TIME),
};
MAP(coverage_report);
#undef ROW

enum status store_put_coverage_report(struct store *store, const struct coverage_report_row *row,
                                      struct error *error)
{
    assert(row->customer_id > 0 && row->computed_at.ms != TIME_NEVER_MS);
    assert(row->counts != NULL && row->items != NULL && row->keys != NULL);
    return query_write_row(store, QUERY_coverage_report_put, &coverage_report_map, row, error);
}

enum status store_note_coverage_told(struct store *store, int64_t customer_id,
                                     struct wall_time computed_at, struct wall_time now,
                                     struct error *error)
{
    const struct coverage_report_row row = {
        .customer_id = customer_id, .computed_at = computed_at, .told_at = now};
    assert(customer_id > 0);
    assert(computed_at.ms != TIME_NEVER_MS && now.ms != TIME_NEVER_MS);
    return query_write_row(store, QUERY_coverage_report_told, &coverage_report_map, &row, error);
}

enum status store_get_coverage_report(struct store *store, int64_t customer_id, struct arena *arena,
                                      struct coverage_report_row *row_r, struct error *error)
{
    assert(customer_id > 0);
    assert(row_r != NULL && arena != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_coverage_report_get, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_one(&run, &coverage_report_map, row_r, arena, error);
}

enum status store_list_coverage_reports(struct store *store, struct arena *arena,
                                        struct coverage_report_row **rows_r, size_t *count_r,
                                        struct error *error)
{
    assert(arena != NULL);
    assert(rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_coverage_report_list, &run, error);
    return status != STATUS_OK ? status
                               : query_all(&run, &coverage_report_map, sizeof **rows_r, arena,
                                           (void **)rows_r, count_r, error);
}
