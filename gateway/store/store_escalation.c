/* store_escalation.c - escalations, callers, attempts and desk tasks. */
#include "gateway/store/store_private.h"

#include <assert.h>
#include <string.h>

#include "gateway/store/store_several_private.h"
#include "gateway/store/store_team.h"
#include "gateway/store/store_ticket_private.h"

#define ROW struct escalation
static const struct column escalation_columns[] = {
    SAME(customer_id, INT64),
    NAMED(id, "escalation_id", UUID),
    SAME(ticket_id, UUID),
    SAME(procedure_id, ROW_ID),
    SAME(state, INT),
    SAME(severity, INT),
    SAME(drill, BOOL),
    SAME(quarantined, BOOL),
    SAME(round, INT),
    SAME(step, INT),
    SAME(position, INT),
    NAMED(round_started_at, "round_started_engine", TIME),
    NAMED(wait_until, "wait_until_engine", TIME),
    NAMED(received_until, "received_until_engine", TIME),
    NAMED(due_at, "due_engine", TIME),
    NAMED(holder.kind, "holder_kind", INT),
    NAMED(holder.id, "holder_id", INT64),
    NAMED(holder.name, "holder_name", CHARS),
    SAME(holder_path, INT),
    NAMED(held_since, "held_since_at", TIME),
    SAME(eta_at, TIME),
    SAME(intervention, INT),
    NAMED(handed_back_by.kind, "handed_back_kind", INT),
    NAMED(handed_back_by.id, "handed_back_id", INT64),
    NAMED(handed_back_by.name, "handed_back_name", CHARS),
    SAME(announcements, INT),
    SAME(notices, INT),
    SAME(callers_count, INT),
    SAME(opened_at, TIME),
    SAME(closed_at, TIME),
    NAMED(held_until, "held_until_at", TIME),
    SAME(next_what, CHARS),
    SAME(version, INT64),
    SAME(owner, INT64),
    SAME(fence, INT64),
    SAME(check_in_agent, INT64),
    SAME(wanted, INT),
    NAMED(search_until, "search_until_engine", TIME),
    NAMED(shift_until, "shift_until_engine", TIME),
    SAME(members_count, INT),
    SAME(offers_count, INT),
};
MAP(escalation);
#undef ROW

#define ROW struct caller_row
static const struct column caller_columns[] = {
    SAME(customer_id, INT64), SAME(escalation_id, UUID),  SAME(number, INT),
    SAME(name, TEXT),         SAME(phone, TEXT),          SAME(called_at, TIME),
    SAME(promised_at, TIME),  SAME(promise_engine, TIME), SAME(promise, INT),
};
MAP(caller);
#undef ROW

#define ROW struct attempt_row
static const struct column attempt_columns[] = {
    SAME(customer_id, INT64),
    SAME(escalation_id, UUID),
    NAMED(attempt.id, "attempt_id", UUID),
    NAMED(attempt.purpose, "purpose", INT),
    NAMED(attempt.path, "path", INT),
    NAMED(attempt.platform, "platform", INT),
    NAMED(attempt.person_kind, "person_kind", INT),
    NAMED(attempt.person_id, "person_id", INT64),
    NAMED(attempt.device_id, "device_id", INT64),
    NAMED(attempt.callback, "callback", CHARS),
    NAMED(attempt.round, "round", INT),
    NAMED(attempt.step, "step", INT),
    NAMED(attempt.position, "position", INT),
    NAMED(attempt.state, "state", INT),
    NAMED(attempt.answer, "answer", INT),
    NAMED(attempt.severity, "severity", INT),
    NAMED(attempt.planned_engine, "planned_engine", TIME),
    NAMED(attempt.not_after, "not_after_engine", TIME),
    NAMED(attempt.planned_at, "planned_at", TIME),
    NAMED(attempt.handed_over_at, "handed_over_at", TIME),
    NAMED(attempt.accepted_at, "accepted_at", TIME),
    NAMED(attempt.received_at, "received_at", TIME),
    NAMED(attempt.seen_at, "seen_at", TIME),
    NAMED(attempt.delayed_at, "delayed_at", TIME),
    NAMED(attempt.reason, "reason", CHARS),
    NAMED(attempt.provider_id, "provider_id", CHARS),
    NAMED(attempt.tries, "tries", INT),
    NAMED(attempt.number, "number", INT),
    NAMED(attempt.phone, "phone", CHARS),
    NAMED(attempt.phone_place, "phone_place", INT),
    NAMED(attempt.phones_count, "phones_count", INT),
};
MAP(attempt);
#undef ROW

#define ROW struct desk_task_row
static const struct column desk_task_columns[] = {
    SAME(customer_id, INT64), SAME(task_id, UUID), SAME(escalation_id, UUID),
    SAME(kind, INT),          SAME(caller, INT),   SAME(created_at, TIME),
    SAME(done_at, TIME),      SAME(done_by, TEXT),
};
MAP(desk_task);
#undef ROW

#define ROW struct due_row
static const struct column due_columns[] = {
    SAME(customer_id, INT64),
    SAME(escalation_id, UUID),
    NAMED(due, "due_engine", TIME),
};
MAP(due);
#undef ROW

/* Begins a query about one escalation. */
static enum status begin_of_escalation(struct store *store, enum query query, int64_t customer_id,
                                       struct uuid id, struct query_run *run_r, struct error *error)
{
    assert(run_r != NULL);
    enum status status = query_begin(store, query, run_r, error);
    if (status == STATUS_OK) {
        query_bind_int64(run_r, ":customer_id", customer_id);
        query_bind_uuid(run_r, ":escalation_id", id);
    }
    return status;
}

enum status store_add_escalation(struct store *store, const struct escalation *escalation,
                                 const char *dedup_key, struct error *error)
{
    assert(escalation->customer_id > 0);
    assert(!uuid_is_nil(escalation->id) && !uuid_is_nil(escalation->ticket_id));
    struct query_run run;
    enum status status = query_begin(store, QUERY_escalation_insert, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_row(&run, &escalation_map, escalation);
    query_bind_text(&run, ":dedup_key", dedup_key);
    return query_finish(&run, error);
}

enum status store_update_escalation(struct store *store, const struct escalation *escalation,
                                    struct error *error)
{
    assert(escalation->customer_id > 0 && !uuid_is_nil(escalation->id));
    assert(escalation->version > 0); /* the one before is looked for */
    enum status status =
        query_write_row(store, QUERY_escalation_update, &escalation_map, escalation, error);
    if (status == STATUS_OK && sqlite3_changes(store->db) != 1) {
        return error_set(error, STATUS_CONFLICT, "the escalation was changed by another writer");
    }
    return status;
}

enum status store_get_escalation(struct store *store, int64_t customer_id, struct uuid id,
                                 struct escalation *escalation_r, struct error *error)
{
    assert(escalation_r != NULL);
    struct query_run run;
    enum status status =
        begin_of_escalation(store, QUERY_escalation_get, customer_id, id, &run, error);
    if (status == STATUS_OK) {
        status = query_one(&run, &escalation_map, escalation_r, NULL, error);
    }
    if (status == STATUS_OK) {
        status = begin_of_escalation(store, QUERY_caller_list, customer_id, id, &run, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    assert(uuid_equal(escalation_r->id, id));
    struct caller_row caller = {.number = 0};
    while ((status = query_step(&run, error)) == STATUS_OK) {
        query_read_row(&run, &caller_map, &caller, NULL);
        if (caller.number >= 1 && caller.number <= CALLERS_MAX) {
            escalation_r->promises[caller.number - 1] =
                (struct promise){.state = caller.promise, .due_at = caller.promise_engine};
        }
    }
    query_end(&run);
    return status == STATUS_DONE ? store_load_team(store, escalation_r, error) : status;
}

enum status store_get_escalation_customer(struct store *store, struct uuid id,
                                          int64_t *customer_id_r, struct error *error)
{
    assert(customer_id_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_escalation_customer, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_uuid(&run, ":escalation_id", id);
    return query_number(&run, customer_id_r, error);
}

enum status store_set_aside(struct store *store, int64_t customer_id, struct uuid id,
                            struct error *error)
{
    assert(store->writer);
    struct query_run run;
    enum status status =
        begin_of_escalation(store, QUERY_escalation_set_aside, customer_id, id, &run, error);
    if (status == STATUS_OK) {
        status = query_finish(&run, error);
    }
    if (status == STATUS_OK) {
        status = begin_of_escalation(store, QUERY_attempt_set_aside, customer_id, id, &run, error);
    }
    return status == STATUS_OK ? query_finish(&run, error) : status;
}

enum status store_release_dedup(struct store *store, int64_t customer_id, struct uuid id,
                                struct error *error)
{
    assert(store->writer);
    struct query_run run;
    enum status status =
        begin_of_escalation(store, QUERY_escalation_release_dedup, customer_id, id, &run, error);
    return status == STATUS_OK ? query_finish(&run, error) : status;
}

enum status store_find_open_dedup(struct store *store, int64_t customer_id, const char *dedup_key,
                                  struct uuid *id_r, struct error *error)
{
    assert(customer_id > 0);
    assert(dedup_key != NULL && id_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_escalation_open_by_dedup, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_text(&run, ":dedup_key", dedup_key);
    struct due_row row;
    status = query_one(&run, &due_map, &row, NULL, error);
    if (status == STATUS_OK) {
        *id_r = row.escalation_id;
    }
    return status;
}

enum status store_list_escalations(struct store *store, int64_t customer_id, struct uuid before,
                                   unsigned states, size_t limit, struct arena *arena,
                                   struct escalation **rows_r, size_t *count_r, struct error *error)
{
    assert(states != 0 && (states & ~ESCALATION_STATES_ALL) == 0);
    assert(rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(
        store, customer_id == 0 ? QUERY_escalation_list : QUERY_escalation_list_of_customer, &run,
        error);
    if (status != STATUS_OK) {
        return status;
    }
    if (uuid_is_nil(before)) {
        memset(before.bytes, 0xff, sizeof before.bytes);
    }
    if (customer_id != 0) {
        query_bind_int64(&run, ":customer_id", customer_id);
    }
    query_bind_uuid(&run, ":before", before);
    query_bind_int64(&run, ":states", states);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return query_all(&run, &escalation_map, sizeof **rows_r, arena, (void **)rows_r, count_r,
                     error);
}

enum status store_list_escalations_of_ticket(struct store *store, int64_t customer_id,
                                             struct uuid ticket_id, size_t limit,
                                             struct arena *arena, struct escalation **rows_r,
                                             size_t *count_r, struct error *error)
{
    struct query_run run;
    enum status status = store_begin_of_ticket(store, QUERY_ticket_list_escalations, customer_id,
                                               ticket_id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return query_all(&run, &escalation_map, sizeof **rows_r, arena, (void **)rows_r, count_r,
                     error);
}

enum status store_list_open_newest(struct store *store, int64_t customer_id, size_t limit,
                                   struct arena *arena, struct escalation **rows_r, size_t *count_r,
                                   struct error *error)
{
    assert(customer_id > 0 && limit > 0);
    assert(rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_escalation_open_newest, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return query_all(&run, &escalation_map, sizeof **rows_r, arena, (void **)rows_r, count_r,
                     error);
}

enum status store_list_worked_on(struct store *store, int64_t customer_id, struct uuid after,
                                 size_t limit, struct arena *arena, struct escalation **rows_r,
                                 size_t *count_r, struct error *error)
{
    assert(customer_id > 0 && limit > 0);
    assert(rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_escalation_list_worked_on, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_uuid(&run, ":after", after);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    status =
        query_all(&run, &escalation_map, sizeof **rows_r, arena, (void **)rows_r, count_r, error);
    for (size_t i = 0; status == STATUS_OK && i < *count_r; i++) {
        status = store_load_team(store, &(*rows_r)[i], error);
    }
    return status;
}

enum status store_list_open(struct store *store, int64_t customer_id, struct uuid after,
                            size_t limit, struct uuid *ids_r, size_t *count_r, struct error *error)
{
    assert(ids_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_escalation_open_of_customer, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_uuid(&run, ":after", after);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    size_t count = 0;
    while (count < limit && (status = query_step(&run, error)) == STATUS_OK) {
        struct due_row row;
        query_read_row(&run, &due_map, &row, NULL);
        ids_r[count++] = row.escalation_id;
    }
    assert(count <= limit);
    query_end(&run);
    *count_r = count;
    return status == STATUS_DONE ? STATUS_OK : status;
}

enum status store_list_due(struct store *store, struct engine_time now, size_t limit,
                           struct due_row *rows_r, size_t *count_r, struct error *error)
{
    assert(limit > 0 && rows_r != NULL && count_r != NULL);
    assert(now.ms != TIME_NEVER_MS); /* else all that is closed would be due */
    size_t count = 0;
    for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_INFO && count < limit; severity--) {
        struct query_run run;
        enum status status = query_begin(store, QUERY_escalation_due, &run, error);
        if (status != STATUS_OK) {
            return status;
        }
        query_bind_int64(&run, ":severity", severity);
        query_bind_int64(&run, ":now_engine", now.ms);
        query_bind_int64(&run, ":limit", (int64_t)(limit - count));
        while (count < limit && (status = query_step(&run, error)) == STATUS_OK) {
            query_read_row(&run, &due_map, &rows_r[count++], NULL);
        }
        query_end(&run);
        if (status != STATUS_OK && status != STATUS_DONE) {
            return status;
        }
    }
    assert(count <= limit);
    *count_r = count;
    return STATUS_OK;
}

enum status store_next_due(struct store *store, struct engine_time after, struct engine_time *due_r,
                           struct error *error)
{
    assert(due_r != NULL);
    struct engine_time next = ENGINE_NEVER;
    for (int severity = SEVERITY_INFO; severity <= SEVERITY_CRITICAL; severity++) {
        struct query_run run;
        struct due_row row = {.due = ENGINE_NEVER};
        enum status status = query_begin(store, QUERY_escalation_next_due, &run, error);
        if (status == STATUS_OK) {
            query_bind_int64(&run, ":severity", severity);
            query_bind_int64(&run, ":after", after.ms);
            status = query_one(&run, &due_map, &row, NULL, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
        next = engine_time_earlier(next, row.due);
    }
    *due_r = next;
    return STATUS_OK;
}

enum status store_count_on_hold(struct store *store, int64_t customer_id, int64_t *count_r,
                                struct error *error)
{
    assert(customer_id > 0 && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_escalation_count_on_hold, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_number(&run, count_r, error);
}

enum status store_count_open(struct store *store, int64_t *count_r, struct error *error)
{
    assert(count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_escalation_count_open, &run, error);
    return status == STATUS_OK ? query_number(&run, count_r, error) : status;
}

enum status store_add_caller(struct store *store, const struct caller_row *row, struct error *error)
{
    assert(row->customer_id > 0 && !uuid_is_nil(row->escalation_id));
    assert(row->number >= 1);
    return query_write_row(store, QUERY_caller_insert, &caller_map, row, error);
}

enum status store_update_caller(struct store *store, int64_t customer_id, struct uuid id,
                                int number, const struct promise *promise, struct error *error)
{
    assert(customer_id > 0 && !uuid_is_nil(id));
    assert(number >= 1 && number <= CALLERS_MAX);
    struct caller_row row = {.customer_id = customer_id,
                             .escalation_id = id,
                             .number = number,
                             .promise = promise->state,
                             .promise_engine = promise->due_at};
    return query_write_row(store, QUERY_caller_update, &caller_map, &row, error);
}

enum status store_list_callers(struct store *store, int64_t customer_id, struct uuid id,
                               struct arena *arena, struct caller_row **rows_r, size_t *count_r,
                               struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status =
        begin_of_escalation(store, QUERY_caller_list, customer_id, id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    return query_all(&run, &caller_map, sizeof **rows_r, arena, (void **)rows_r, count_r, error);
}

static enum status write_attempt(struct store *store, enum query query, int64_t customer_id,
                                 struct uuid id, const struct attempt *attempt, struct error *error)
{
    assert(customer_id > 0 && !uuid_is_nil(id));
    assert(!uuid_is_nil(attempt->id));
    struct attempt_row row = {.customer_id = customer_id, .escalation_id = id, .attempt = *attempt};
    return query_write_row(store, query, &attempt_map, &row, error);
}

enum status store_add_attempt(struct store *store, int64_t customer_id, struct uuid id,
                              const struct attempt *attempt, struct error *error)
{
    assert(attempt->round >= 0 && attempt->step >= 0 && attempt->position >= 0);
    return write_attempt(store, QUERY_attempt_insert, customer_id, id, attempt, error);
}

enum status store_update_attempt(struct store *store, int64_t customer_id, struct uuid id,
                                 const struct attempt *attempt, struct error *error)
{
    assert(attempt->tries >= 0);
    bool received =
        attempt->received_at.ms != TIME_NEVER_MS || attempt->seen_at.ms != TIME_NEVER_MS;
    return write_attempt(store, received ? QUERY_attempt_update_received : QUERY_attempt_update,
                         customer_id, id, attempt, error);
}

enum status store_get_attempt(struct store *store, int64_t customer_id, struct uuid id,
                              struct uuid attempt_id, struct attempt *attempt_r,
                              struct error *error)
{
    assert(attempt_r != NULL);
    struct query_run run;
    struct attempt_row row;
    enum status status =
        begin_of_escalation(store, QUERY_attempt_get, customer_id, id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_uuid(&run, ":attempt_id", attempt_id);
    status = query_one(&run, &attempt_map, &row, NULL, error);
    if (status == STATUS_OK) {
        assert(uuid_equal(row.attempt.id, attempt_id));
        *attempt_r = row.attempt;
    }
    return status;
}

static void reverse(struct attempt *attempts, size_t count)
{
    assert(attempts != NULL);
    for (size_t i = 0; i < count / 2; i++) {
        struct attempt held = attempts[i];
        attempts[i] = attempts[count - 1 - i];
        attempts[count - 1 - i] = held;
    }
}

enum status store_list_newest_attempts(struct store *store, int64_t customer_id, struct uuid id,
                                       size_t limit, struct attempt *attempts_r, size_t *count_r,
                                       struct error *error)
{
    assert(limit <= ATTEMPTS_LOADED_MAX);
    assert(attempts_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status =
        begin_of_escalation(store, QUERY_attempt_list_newest, customer_id, id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":limit", (int64_t)limit);
    size_t count = 0;
    while (count < limit && (status = query_step(&run, error)) == STATUS_OK) {
        struct attempt_row row;
        query_read_row(&run, &attempt_map, &row, NULL);
        attempts_r[count++] = row.attempt;
    }
    query_end(&run);
    if (status != STATUS_OK && status != STATUS_DONE) {
        return status;
    }
    assert(count <= limit);
    reverse(attempts_r, count);
    *count_r = count;
    return STATUS_OK;
}

enum status store_list_attempts(struct store *store, int64_t customer_id, struct uuid id,
                                struct uuid after, size_t limit, struct arena *arena,
                                struct attempt **attempts_r, size_t *count_r, struct error *error)
{
    assert(attempts_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status =
        begin_of_escalation(store, QUERY_attempt_list, customer_id, id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_uuid(&run, ":after", after);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    struct attempt_row *rows = NULL;
    size_t count = 0;
    status = query_all(&run, &attempt_map, sizeof *rows, arena, (void **)&rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    assert(count <= limit);
    struct attempt *attempts = arena_alloc(arena, (count + 1) * sizeof *attempts);
    if (attempts == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "too many attempts");
    }
    for (size_t i = 0; i < count; i++) {
        attempts[i] = rows[i].attempt;
    }
    *attempts_r = attempts;
    *count_r = count;
    return STATUS_OK;
}

enum status store_find_call(struct store *store, struct uuid attempt_id, int64_t *customer_id_r,
                            struct uuid *id_r, struct error *error)
{
    assert(customer_id_r != NULL && id_r != NULL);
    struct query_run run;
    struct attempt_row row;
    enum status status = query_begin(store, QUERY_attempt_of_call, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_uuid(&run, ":attempt_id", attempt_id);
    status = query_one(&run, &attempt_map, &row, NULL, error);
    if (status == STATUS_OK) {
        *customer_id_r = row.customer_id;
        *id_r = row.escalation_id;
    }
    return status;
}

enum status store_awaits_reception(struct store *store, int64_t device_id, struct uuid except,
                                   bool *awaits_r, struct error *error)
{
    assert(device_id > 0 && awaits_r != NULL);
    struct query_run run;
    int64_t count = 0;
    enum status status = query_begin(store, QUERY_attempt_unreceived_elsewhere, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":device_id", device_id);
    query_bind_uuid(&run, ":escalation_id", except);
    status = query_number(&run, &count, error);
    if (status == STATUS_OK) {
        assert(count >= 0);
        *awaits_r = count > 0;
    }
    return status;
}

/* What is bound is run, into the caller's own room. */
static enum status read_attempts(struct query_run *run, size_t limit, struct attempt_row *rows_r,
                                 size_t *count_r, struct error *error)
{
    size_t count = 0;
    enum status status = STATUS_OK;
    while (count < limit && (status = query_step(run, error)) == STATUS_OK) {
        query_read_row(run, &attempt_map, &rows_r[count++], NULL);
    }
    assert(count <= limit);
    query_end(run);
    *count_r = count;
    return status == STATUS_DONE ? STATUS_OK : status;
}

enum status store_list_outbox(struct store *store, enum path path, size_t limit,
                              struct attempt_row *rows_r, size_t *count_r, struct error *error)
{
    assert(path == PATH_PUSH || path == PATH_CALL || path == PATH_CALLBACK);
    assert(limit > 0 && rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_attempt_outbox, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":path", path);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return read_attempts(&run, limit, rows_r, count_r, error);
}

enum status store_list_calls_in_progress(struct store *store, struct uuid since,
                                         struct engine_time after, size_t limit,
                                         struct attempt_row *rows_r, size_t *count_r,
                                         struct error *error)
{
    assert(limit > 0 && rows_r != NULL && count_r != NULL);
    assert(after.ms != TIME_NEVER_MS);
    struct query_run run;
    enum status status = query_begin(store, QUERY_attempt_calls_in_progress, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_uuid(&run, ":since", since);
    query_bind_int64(&run, ":after", after.ms);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return read_attempts(&run, limit, rows_r, count_r, error);
}

enum status store_rewind_attempts(struct store *store, int64_t *count_r, struct error *error)
{
    assert(store->writer && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_attempt_rewind, &run, error);
    if (status == STATUS_OK) {
        status = query_finish(&run, error);
    }
    if (status == STATUS_OK) {
        *count_r = sqlite3_changes64(store->db);
    }
    return status;
}

enum status store_add_desk_task(struct store *store, const struct desk_task_row *row,
                                struct error *error)
{
    assert(row->customer_id > 0 && !uuid_is_nil(row->task_id));
    assert((unsigned)row->kind <= TASK_KIND_LAST && row->done_at.ms == TIME_NEVER_MS);
    return query_write_row(store, QUERY_desk_task_insert, &desk_task_map, row, error);
}

enum status store_finish_desk_task(struct store *store, int64_t customer_id, struct uuid task_id,
                                   const char *done_by, struct wall_time now, struct error *error)
{
    assert(customer_id > 0 && now.ms != TIME_NEVER_MS);
    struct desk_task_row row = {
        .customer_id = customer_id, .task_id = task_id, .done_by = done_by, .done_at = now};
    enum status status = query_write_row(store, QUERY_desk_task_done, &desk_task_map, &row, error);
    if (status == STATUS_OK && sqlite3_changes(store->db) == 0) {
        return STATUS_NOT_FOUND;
    }
    return status;
}

enum status store_finish_search_tasks(struct store *store, int64_t customer_id,
                                      struct uuid escalation_id, struct wall_time now,
                                      struct error *error)
{
    assert(customer_id > 0 && now.ms != TIME_NEVER_MS);
    struct desk_task_row row = {
        .customer_id = customer_id, .escalation_id = escalation_id, .done_at = now};
    return query_write_row(store, QUERY_desk_task_finish_search, &desk_task_map, &row, error);
}

enum status store_get_desk_task(struct store *store, int64_t customer_id, struct uuid task_id,
                                struct arena *arena, struct desk_task_row *row_r,
                                struct error *error)
{
    assert(row_r != NULL && arena != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_desk_task_get, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_uuid(&run, ":task_id", task_id);
    return query_one(&run, &desk_task_map, row_r, arena, error);
}

enum status store_list_tasks_of_escalation(struct store *store, int64_t customer_id, struct uuid id,
                                           size_t limit, struct arena *arena,
                                           struct desk_task_row **rows_r, size_t *count_r,
                                           struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = begin_of_escalation(store, QUERY_desk_task_list_of_escalation, customer_id,
                                             id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return query_all(&run, &desk_task_map, sizeof **rows_r, arena, (void **)rows_r, count_r, error);
}

enum status store_list_open_tasks(struct store *store, int64_t customer_id, struct uuid after,
                                  size_t limit, struct arena *arena, struct desk_task_row **rows_r,
                                  size_t *count_r, struct error *error)
{
    return store_list_open_tasks_of_several(store, customer_id, NULL, after, limit, arena, rows_r,
                                            count_r, error);
}

enum status store_list_open_tasks_of_several(struct store *store, int64_t customer_id,
                                             const struct customer_set *several, struct uuid after,
                                             size_t limit, struct arena *arena,
                                             struct desk_task_row **rows_r, size_t *count_r,
                                             struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    assert(several == NULL || customer_id == 0);
    struct query_run run;
    const char *customers;
    enum status status = store_write_customers(several, arena, &customers, error);
    if (status == STATUS_OK) {
        status = query_begin(store, QUERY_desk_task_list_open, &run, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_text(&run, ":customers", customers);
    query_bind_uuid(&run, ":after", after);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return query_all(&run, &desk_task_map, sizeof **rows_r, arena, (void **)rows_r, count_r, error);
}
