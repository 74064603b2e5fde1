/* store_check_in.c - prise de poste: plans, the duties that were judged, check-ins. */
#include "gateway/store/store_check_in.h"

#include <assert.h>

#include "gateway/store/store_private.h"

#define ROW struct check_in_row
static const struct column check_in_columns[] = {
    SAME(check_in_id, INT64),  SAME(customer_id, INT64),
    SAME(agent_id, INT64),     SAME(installation, TEXT),
    SAME(role, TEXT),          SAME(shift_from_at, TIME),
    SAME(shift_to_at, TIME),   SAME(in_at, TIME),
    SAME(out_at, TIME),        SAME(way, INT),
    SAME(test_id, UUID),       SAME(completed_at, TIME),
    SAME(note, TEXT),          SAME(permission, TEXT),
    SAME(silent_mode, TEXT),   SAME(battery_percent, INT),
    SAME(app_version, TEXT),   SAME(number_confirmed, BOOL),
    SAME(numbers_mark, INT64),
};
MAP(check_in);
#undef ROW

#define ROW struct check_in_plan_row
static const struct column check_in_plan_columns[] = {
    SAME(customer_id, INT64),    SAME(rota, TEXT),
    SAME(opens_before_s, INT64), SAME(remind_before_s, INT64),
    SAME(closes_after_s, INT64), SAME(procedure, TEXT),
    SAME(severity, INT),         SAME(since_at, TIME),
    SAME(probe_s, INT64),
};
MAP(check_in_plan);
#undef ROW

#define ROW struct check_in_duty_row
static const struct column check_in_duty_columns[] = {
    SAME(customer_id, INT64),
    SAME(rota, CHARS),
    SAME(shift_from_at, TIME),
    SAME(agent_id, INT64),
    SAME(shift_to_at, TIME),
    SAME(state, INT),
    SAME(judged_at, TIME),
    SAME(escalation_id, UUID),
    SAME(completed_at, TIME),
    SAME(completed_way, INT),
    SAME(replaced_by, ROW_ID),
    SAME(asked_because, INT),
    NAMED(probe_due, "probe_due_engine", TIME),
    SAME(probed_at, TIME),
};
MAP(check_in_duty);
#undef ROW

/* ---- plans ---- */

enum status store_put_check_in_plan(struct store *store, const struct check_in_plan_row *row,
                                    struct error *error)
{
    assert(row->customer_id > 0 && row->rota != NULL && row->procedure != NULL);
    assert(row->remind_before_s <= row->opens_before_s && row->since_at.ms != TIME_NEVER_MS);
    return query_write_row(store, QUERY_check_in_plan_put, &check_in_plan_map, row, error);
}

enum status store_delete_check_in_plan(struct store *store, int64_t customer_id, const char *rota,
                                       struct error *error)
{
    assert(customer_id > 0 && rota != NULL);
    struct check_in_plan_row row = {
        .customer_id = customer_id, .rota = rota, .since_at = WALL_NEVER};
    enum status status =
        query_write_row(store, QUERY_check_in_plan_delete, &check_in_plan_map, &row, error);
    return status == STATUS_OK && sqlite3_changes(store->db) == 0 ? STATUS_NOT_FOUND : status;
}

enum status store_list_check_in_plans(struct store *store, int64_t customer_id, struct arena *arena,
                                      struct check_in_plan_row **rows_r, size_t *count_r,
                                      struct error *error)
{
    assert(customer_id > 0 && rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_check_in_plan_list, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_all(&run, &check_in_plan_map, sizeof **rows_r, arena, (void **)rows_r, count_r,
                     error);
}

/* ---- duties ---- */

enum status store_put_check_in_duty(struct store *store, const struct check_in_duty_row *row,
                                    struct error *error)
{
    assert(row->customer_id > 0 && row->agent_id > 0 && row->rota[0] != '\0');
    assert(row->shift_from_at.ms < row->shift_to_at.ms && row->judged_at.ms != TIME_NEVER_MS);
    return query_write_row(store, QUERY_check_in_duty_put, &check_in_duty_map, row, error);
}

enum status store_get_check_in_duty(struct store *store, int64_t customer_id, const char *rota,
                                    struct wall_time shift_from_at, int64_t agent_id,
                                    struct check_in_duty_row *row_r, struct error *error)
{
    assert(customer_id > 0 && rota != NULL && agent_id > 0 && row_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_check_in_duty_get, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_text(&run, ":rota", rota);
    query_bind_int64(&run, ":shift_from_at", shift_from_at.ms);
    query_bind_int64(&run, ":agent_id", agent_id);
    return query_one(&run, &check_in_duty_map, row_r, NULL, error);
}

enum status store_get_duty_of_escalation(struct store *store, int64_t customer_id,
                                         struct uuid escalation_id, struct check_in_duty_row *row_r,
                                         struct error *error)
{
    assert(customer_id > 0 && !uuid_is_nil(escalation_id) && row_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_check_in_duty_of_escalation, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_uuid(&run, ":escalation_id", escalation_id);
    return query_one(&run, &check_in_duty_map, row_r, NULL, error);
}

static enum status read_duties(struct query_run *run, size_t limit,
                               struct check_in_duty_row *rows_r, size_t *count_r,
                               struct error *error)
{
    assert(rows_r != NULL && count_r != NULL && limit > 0);
    enum status status = STATUS_DONE;
    size_t count = 0;
    query_bind_int64(run, ":limit", (int64_t)limit);
    while (count < limit && (status = query_step(run, error)) == STATUS_OK) {
        query_read_row(run, &check_in_duty_map, &rows_r[count++], NULL);
    }
    query_end(run);
    *count_r = count;
    return status == STATUS_DONE ? STATUS_OK : status;
}

static enum status list_of_agent(struct store *store, enum query query, int64_t customer_id,
                                 int64_t agent_id, struct wall_time after, size_t limit,
                                 struct check_in_duty_row *rows_r, size_t *count_r,
                                 struct error *error)
{
    assert(customer_id > 0 && agent_id > 0);
    struct query_run run;
    enum status status = query_begin(store, query, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":agent_id", agent_id);
    query_bind_int64(&run, ":after", after.ms);
    return read_duties(&run, limit, rows_r, count_r, error);
}

enum status store_list_missing_duties(struct store *store, int64_t customer_id, int64_t agent_id,
                                      struct wall_time after, size_t limit,
                                      struct check_in_duty_row *rows_r, size_t *count_r,
                                      struct error *error)
{
    return list_of_agent(store, QUERY_check_in_duty_missing, customer_id, agent_id, after, limit,
                         rows_r, count_r, error);
}

enum status store_list_taken_up_duties(struct store *store, int64_t customer_id, int64_t agent_id,
                                       struct wall_time after, size_t limit,
                                       struct check_in_duty_row *rows_r, size_t *count_r,
                                       struct error *error)
{
    return list_of_agent(store, QUERY_check_in_duty_taken_up, customer_id, agent_id, after, limit,
                         rows_r, count_r, error);
}

enum status store_list_probes(struct store *store, size_t limit, struct check_in_duty_row *rows_r,
                              size_t *count_r, struct error *error)
{
    struct query_run run;
    enum status status = query_begin(store, QUERY_check_in_duty_probes, &run, error);
    return status == STATUS_OK ? read_duties(&run, limit, rows_r, count_r, error) : status;
}

enum status store_list_replaced_duties(struct store *store, int64_t customer_id, const char *rota,
                                       struct wall_time after, size_t limit,
                                       struct check_in_duty_row *rows_r, size_t *count_r,
                                       struct error *error)
{
    assert(customer_id > 0 && rota != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_check_in_duty_replaced, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_text(&run, ":rota", rota);
    query_bind_int64(&run, ":after", after.ms);
    return read_duties(&run, limit, rows_r, count_r, error);
}

enum status store_list_escalated_duties(struct store *store, int64_t customer_id, size_t limit,
                                        struct check_in_duty_row *rows_r, size_t *count_r,
                                        struct error *error)
{
    assert(customer_id > 0);
    struct query_run run;
    enum status status = query_begin(store, QUERY_check_in_duty_escalated, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return read_duties(&run, limit, rows_r, count_r, error);
}

/* ---- check-ins ---- */

enum status store_check_in(struct store *store, const struct check_in_row *row,
                           int64_t *check_in_id_r, struct error *error)
{
    assert(row->customer_id > 0 && row->agent_id > 0 && check_in_id_r != NULL);
    assert(row->in_at.ms != TIME_NEVER_MS && row->out_at.ms == TIME_NEVER_MS);
    struct query_run run;
    enum status status = query_begin(store, QUERY_check_in_insert, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_row(&run, &check_in_map, row);
    status = query_number(&run, check_in_id_r, error);
    assert(status != STATUS_OK || *check_in_id_r > 0);
    return status;
}

enum status store_check_out(struct store *store, int64_t customer_id, int64_t agent_id,
                            const char *note, int64_t numbers_mark, struct wall_time now,
                            struct error *error)
{
    assert(customer_id > 0 && agent_id > 0);
    assert(now.ms != TIME_NEVER_MS);
    struct check_in_row row = {.customer_id = customer_id,
                               .agent_id = agent_id,
                               .out_at = now,
                               .note = note,
                               .numbers_mark = numbers_mark};
    return query_write_row(store, QUERY_check_in_out, &check_in_map, &row, error);
}

/* The row of one agent that a query finds. */
static enum status find_of_agent(struct store *store, enum query query, int64_t customer_id,
                                 int64_t agent_id, const struct wall_time *since,
                                 struct arena *arena, struct check_in_row *row_r,
                                 struct error *error)
{
    assert(customer_id > 0 && agent_id > 0 && row_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, query, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":agent_id", agent_id);
    if (since != NULL) {
        query_bind_int64(&run, ":since", since->ms);
    }
    return query_one(&run, &check_in_map, row_r, arena, error);
}

enum status store_get_check_in(struct store *store, int64_t customer_id, int64_t agent_id,
                               struct arena *arena, struct check_in_row *row_r, struct error *error)
{
    return find_of_agent(store, QUERY_check_in_current, customer_id, agent_id, NULL, arena, row_r,
                         error);
}

enum status store_find_complete_check_in(struct store *store, int64_t customer_id, int64_t agent_id,
                                         struct wall_time since, struct arena *arena,
                                         struct check_in_row *row_r, struct error *error)
{
    return find_of_agent(store, QUERY_check_in_completed, customer_id, agent_id, &since, arena,
                         row_r, error);
}

enum status store_find_check_in_of_shift(struct store *store, int64_t customer_id, int64_t agent_id,
                                         struct wall_time since, struct wall_time until,
                                         struct arena *arena, struct check_in_row *row_r,
                                         struct error *error)
{
    assert(customer_id > 0 && agent_id > 0 && row_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_check_in_of_shift, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":agent_id", agent_id);
    query_bind_int64(&run, ":since", since.ms);
    query_bind_int64(&run, ":until", until.ms);
    return query_one(&run, &check_in_map, row_r, arena, error);
}

enum status store_list_standing_check_ins(struct store *store, int64_t customer_id,
                                          struct wall_time now, struct arena *arena,
                                          struct check_in_row **rows_r, size_t *count_r,
                                          struct error *error)
{
    assert(customer_id > 0 && rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_check_in_standing, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":now", now.ms);
    return query_all(&run, &check_in_map, sizeof **rows_r, arena, (void **)rows_r, count_r, error);
}

enum status store_deny_check_in(struct store *store, int64_t customer_id, int64_t check_in_id,
                                struct error *error)
{
    assert(customer_id > 0 && check_in_id > 0);
    struct check_in_row row = {.customer_id = customer_id, .check_in_id = check_in_id};
    return query_write_row(store, QUERY_check_in_deny, &check_in_map, &row, error);
}

enum status store_find_check_in_of_test(struct store *store, struct uuid test_id,
                                        struct arena *arena, struct check_in_row *row_r,
                                        struct error *error)
{
    assert(!uuid_is_nil(test_id) && row_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_check_in_of_test, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_uuid(&run, ":test_id", test_id);
    return query_one(&run, &check_in_map, row_r, arena, error);
}

enum status store_complete_check_in(struct store *store, int64_t customer_id, int64_t check_in_id,
                                    struct wall_time now, struct error *error)
{
    assert(customer_id > 0 && check_in_id > 0 && now.ms != TIME_NEVER_MS);
    struct check_in_row row = {
        .customer_id = customer_id, .check_in_id = check_in_id, .completed_at = now};
    return query_write_row(store, QUERY_check_in_complete, &check_in_map, &row, error);
}

enum status store_find_note(struct store *store, int64_t customer_id, const char *role,
                            int64_t agent_id, struct wall_time since, struct arena *arena,
                            struct check_in_row *row_r, struct error *error)
{
    assert(customer_id > 0 && role != NULL && row_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_check_in_note, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_text(&run, ":role", role);
    query_bind_int64(&run, ":agent_id", agent_id);
    query_bind_int64(&run, ":since", since.ms);
    return query_one(&run, &check_in_map, row_r, arena, error);
}
