/* query.c - runs named queries and moves rows between C structs and SQL by their maps. */
#include "gateway/store/store_private.h"

#include <assert.h>
#include <string.h>

#include "gateway/base/burden.h"
#include "gateway/base/clock.h"
#include "schema/schema.h"

static const char *const query_names[] = {
#define X_(name) #name,
    QUERY_TABLE(X_)
#undef X_
};

static const char *sql_of(const char *name)
{
    assert(name != NULL && schema_queries_count > 0);
    size_t i = 0;
    while (strcmp(schema_queries[i].name, name) != 0) {
        i++;
        assert(i < schema_queries_count); /* every name of the table has its SQL */
    }
    assert(schema_queries[i].sql != NULL);
    return schema_queries[i].sql;
}

enum status query_begin(struct store *store, enum query query, struct query_run *run_r,
                        struct error *error)
{
    assert(store->magic == STORE_MAGIC);
    assert((unsigned)query < QUERIES_COUNT && run_r != NULL);
    struct query_state *state = &store->queries[query];
    if (state->statement == NULL) {
        int rc = sqlite3_prepare_v3(store->db, sql_of(query_names[query]), -1,
                                    SQLITE_PREPARE_PERSISTENT, &state->statement, NULL);
        if (rc != SQLITE_OK) {
            return store_status(store, rc, query_names[query], error);
        }
    }
    assert(!state->running); /* one run of a query at a time, ended before the next */
    state->running = true;
    if (!store->writer) {
        store->read_until_ms = clock_monotonic(&clock_system).ms + store->read_ms_max;
    }
    *run_r = (struct query_run){.store = store, .state = state, .query = query};
    return STATUS_OK;
}

/* Whether a member has the size that its type is read and written with. */
static bool column_fits(const struct column *column)
{
    switch (column->type) { /* unreachable: every type has its case */
    case COLUMN_INT:
        return column->size == sizeof(int);
    case COLUMN_INT64:
    case COLUMN_TIME:
    case COLUMN_ROW_ID:
        return column->size == sizeof(int64_t);
    case COLUMN_BOOL:
        return column->size == sizeof(bool);
    case COLUMN_UUID:
        return column->size == sizeof(struct uuid);
    case COLUMN_DIGEST:
        return column->size == DIGEST_BYTES;
    case COLUMN_TEXT:
        return column->size == sizeof(const char *);
    case COLUMN_CHARS:
        return column->size > 1;
    }
    return false;
}

static void check_map(const struct row_map *map)
{
    assert(map->count > 0 && map->count <= COLUMNS_MAX);
    for (size_t c = 0; c < map->count; c++) {
        assert(map->columns[c].name[0] != '\0' && column_fits(&map->columns[c]));
    }
}

static void plan_parameters(struct query_state *state, const struct row_map *map)
{
    check_map(map);
    state->bound_map = map;
    memset(state->parameters, 0, sizeof state->parameters);
    int count = sqlite3_bind_parameter_count(state->statement);
    size_t found = 0;
    for (int i = 1; i <= count; i++) {
        const char *name = sqlite3_bind_parameter_name(state->statement, i);
        assert(name != NULL && name[0] == ':');
        for (size_t c = 0; c < map->count; c++) {
            if (strcmp(name + 1, map->columns[c].name) == 0) {
                state->parameters[c] = i;
                found++;
            }
        }
    }
    assert(found > 0); /* a map that fits nothing is the wrong one */
}

static void plan_results(struct query_state *state, const struct row_map *map)
{
    check_map(map);
    state->read_map = map;
    int count = sqlite3_column_count(state->statement);
    size_t found = 0;
    for (size_t c = 0; c < map->count; c++) {
        state->results[c] = -1;
        for (int i = 0; i < count; i++) {
            if (strcmp(sqlite3_column_name(state->statement, i), map->columns[c].name) == 0) {
                state->results[c] = i;
                found++;
            }
        }
    }
    assert(found > 0);
}

/* Texts and blobs are bound without a copy: rows outlive the run. */
static void bind_column(sqlite3_stmt *statement, int index, const struct column *column,
                        const void *member)
{
    assert(index > 0 && member != NULL);
    int rc = SQLITE_OK;
    switch (column->type) { /* unreachable: every type has its case */
    case COLUMN_INT:
        rc = sqlite3_bind_int(statement, index, *(const int *)member);
        break;
    case COLUMN_INT64:
        rc = sqlite3_bind_int64(statement, index, *(const int64_t *)member);
        break;
    case COLUMN_BOOL:
        rc = sqlite3_bind_int(statement, index, *(const bool *)member);
        break;
    case COLUMN_TIME:
        rc = *(const int64_t *)member == TIME_NEVER_MS
                 ? sqlite3_bind_null(statement, index)
                 : sqlite3_bind_int64(statement, index, *(const int64_t *)member);
        break;
    case COLUMN_ROW_ID:
        rc = *(const int64_t *)member == 0
                 ? sqlite3_bind_null(statement, index)
                 : sqlite3_bind_int64(statement, index, *(const int64_t *)member);
        break;
    case COLUMN_UUID:
        rc = sqlite3_bind_blob(statement, index, member, sizeof(struct uuid), SQLITE_STATIC);
        break;
    case COLUMN_DIGEST:
        rc = sqlite3_bind_blob(statement, index, member, DIGEST_BYTES, SQLITE_STATIC);
        break;
    case COLUMN_TEXT:
        rc = sqlite3_bind_text(statement, index, *(const char *const *)member, -1, SQLITE_STATIC);
        break;
    case COLUMN_CHARS:
        rc = sqlite3_bind_text(statement, index, member, -1, SQLITE_STATIC);
        break;
    }
    assert(rc == SQLITE_OK); /* static memory and known indexes: nothing that can fail */
}

void query_bind_row(struct query_run *run, const struct row_map *map, const void *row)
{
    assert(run->state->running && row != NULL);
    assert(!sqlite3_stmt_busy(run->state->statement)); /* bound before it is stepped */
    if (run->state->bound_map != map) {
        plan_parameters(run->state, map);
    }
    for (size_t c = 0; c < map->count; c++) {
        if (run->state->parameters[c] != 0) {
            bind_column(run->state->statement, run->state->parameters[c], &map->columns[c],
                        (const char *)row + map->columns[c].offset);
        }
    }
}

static int parameter_index(struct query_run *run, const char *name)
{
    assert(run->state->running && name[0] == ':');
    int index = sqlite3_bind_parameter_index(run->state->statement, name);
    assert(index > 0);
    return index;
}

void query_bind_int64(struct query_run *run, const char *name, int64_t value)
{
    int rc = sqlite3_bind_int64(run->state->statement, parameter_index(run, name), value);
    assert(rc == SQLITE_OK); /* a known index, not stepped yet: nothing that can fail */
}

/* The first one counts. */
static void note_fault(struct query_run *run, enum status status)
{
    run->fault = run->fault == STATUS_OK ? status : run->fault;
}

void query_bind_text(struct query_run *run, const char *name, const char *text)
{
    int rc = sqlite3_bind_text(run->state->statement, parameter_index(run, name), text, -1,
                               SQLITE_TRANSIENT);
    note_fault(run, rc == SQLITE_OK ? STATUS_OK : STATUS_NO_MEMORY);
}

void query_bind_uuid(struct query_run *run, const char *name, struct uuid uuid)
{
    query_bind_blob(run, name, uuid.bytes, sizeof uuid.bytes);
}

void query_bind_blob(struct query_run *run, const char *name, const void *bytes, size_t count)
{
    assert(bytes != NULL && count > 0 && count <= INT32_MAX);
    int rc = sqlite3_bind_blob(run->state->statement, parameter_index(run, name), bytes, (int)count,
                               SQLITE_TRANSIENT);
    note_fault(run, rc == SQLITE_OK ? STATUS_OK : STATUS_NO_MEMORY);
}

/* A parameter that was not bound is NULL and finds nothing; a text that was not copied is none. */
static enum status check_values(const struct query_run *run, struct error *error)
{
    return run->fault == STATUS_OK ? STATUS_OK
                                   : error_set(error, run->fault, "%s: %s", query_names[run->query],
                                               status_text(run->fault));
}

enum status query_step(struct query_run *run, struct error *error)
{
    assert(run->store->magic == STORE_MAGIC && run->state->running);
    enum status status = check_values(run, error);
    if (status != STATUS_OK) {
        return status;
    }
    int rc = sqlite3_step(run->state->statement);
    if (rc == SQLITE_ROW) {
        return STATUS_OK;
    }
    if (rc == SQLITE_DONE) {
        return STATUS_DONE;
    }
    return store_status(run->store, rc, query_names[run->query], error);
}

static bool is_null(sqlite3_stmt *statement, int index)
{
    return sqlite3_column_type(statement, index) == SQLITE_NULL;
}

/* False: no memory for a text, SQLite's or its copy's. Without an arena nobody wants it. */
static bool read_text(sqlite3_stmt *statement, int index, struct arena *arena, const char **text_r)
{
    *text_r = NULL;
    if (arena == NULL || is_null(statement, index)) {
        return true;
    }
    *text_r = arena_text(arena, (const char *)sqlite3_column_text(statement, index));
    return *text_r != NULL;
}

/* STATUS_NO_MEMORY for a text; STATUS_CORRUPT: there is none where there must be one. */
static enum status read_column(sqlite3_stmt *statement, int index, const struct column *column,
                               void *member, struct arena *arena)
{
    assert(index >= 0 && index < sqlite3_data_count(statement)); /* a row is there */
    assert(member != NULL);
    switch (column->type) { /* unreachable: every type has its case */
    case COLUMN_INT:
        *(int *)member = sqlite3_column_int(statement, index);
        break;
    case COLUMN_INT64:
    case COLUMN_ROW_ID:
        *(int64_t *)member = sqlite3_column_int64(statement, index);
        break;
    case COLUMN_BOOL:
        *(bool *)member = sqlite3_column_int(statement, index) != 0;
        break;
    case COLUMN_TIME:
        *(int64_t *)member =
            is_null(statement, index) ? TIME_NEVER_MS : sqlite3_column_int64(statement, index);
        break;
    case COLUMN_UUID:
    case COLUMN_DIGEST: {
        size_t wanted = column->type == COLUMN_UUID ? sizeof(struct uuid) : DIGEST_BYTES;
        const void *bytes = sqlite3_column_blob(statement, index);
        memset(member, 0, wanted);
        if (bytes != NULL && (size_t)sqlite3_column_bytes(statement, index) == wanted) {
            memcpy(member, bytes, wanted);
        }
        break;
    }
    case COLUMN_TEXT:
        return read_text(statement, index, arena, member) ? STATUS_OK : STATUS_NO_MEMORY;
    case COLUMN_CHARS: {
        const bool null = is_null(statement, index);
        const char *text = (const char *)sqlite3_column_text(statement, index);
        (void)text_copy(member, column->size, text != NULL ? text : "");
        enum status fault = null ? STATUS_CORRUPT : STATUS_NO_MEMORY;
        return text != NULL ? STATUS_OK : fault; /* none of these columns is NULL */
    }
    }
    return STATUS_OK;
}

static bool is_text(const struct column *column)
{
    return column->type == COLUMN_TEXT || column->type == COLUMN_CHARS;
}

void query_read_row(struct query_run *run, const struct row_map *map, void *row_r,
                    struct arena *arena)
{
    assert(run->state->running && row_r != NULL);
    if (run->state->read_map != map) {
        plan_results(run->state, map);
    }
    for (size_t c = 0; c < map->count; c++) {
        void *member = (char *)row_r + map->columns[c].offset;
        if (run->state->results[c] < 0) {
            continue;
        }
        if (run->without_texts && is_text(&map->columns[c])) {
            memset(member, 0, map->columns[c].size);
            continue;
        }
        note_fault(run, read_column(run->state->statement, run->state->results[c], &map->columns[c],
                                    member, arena));
    }
}

int64_t query_read_int64(struct query_run *run, int column)
{
    assert(run->state->running);
    assert(column >= 0 && column < sqlite3_data_count(run->state->statement));
    return sqlite3_column_int64(run->state->statement, column);
}

void query_end(struct query_run *run)
{
    assert(run->store->magic == STORE_MAGIC && run->state->running);
    (void)sqlite3_reset(run->state->statement);
    (void)sqlite3_clear_bindings(run->state->statement);
    run->state->running = false;
}

enum status query_finish(struct query_run *run, struct error *error)
{
    enum status status = query_step(run, error);
    query_end(run);
    assert(!run->state->running);
    assert(status != STATUS_OK); /* what is run for its effect has no row left */
    return status == STATUS_DONE ? STATUS_OK : status;
}

enum status query_write_row(struct store *store, enum query query, const struct row_map *map,
                            const void *row, struct error *error)
{
    assert(store->writer && map != NULL && row != NULL);
    struct query_run run = {.state = NULL};
    enum status status = query_begin(store, query, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    assert(run.state != NULL);
    query_bind_row(&run, map, row);
    return query_finish(&run, error);
}

enum status query_one(struct query_run *run, const struct row_map *map, void *row_r,
                      struct arena *arena, struct error *error)
{
    assert(map != NULL && row_r != NULL);
    enum status status = query_step(run, error);
    if (status == STATUS_OK) {
        query_read_row(run, map, row_r, arena);
        status = check_values(run, error);
    } else if (status == STATUS_DONE) {
        status = STATUS_NOT_FOUND;
    }
    query_end(run);
    assert(status != STATUS_DONE); /* no row is STATUS_NOT_FOUND here */
    return status;
}

/* ---- whose a row is ---- */

/* The columns that say it; -1: the query does not answer both. */
struct row_owner {
    int escalation;
    int customer;
};

static int column_named(sqlite3_stmt *statement, const char *name)
{
    int count = sqlite3_column_count(statement);
    for (int i = 0; i < count; i++) {
        if (strcmp(sqlite3_column_name(statement, i), name) == 0) {
            return i;
        }
    }
    return -1;
}

/* The writer knows by itself what it is at. */
static struct row_owner owner_of_rows(const struct query_run *run)
{
    struct row_owner owner = {.escalation = -1, .customer = -1};
    if (!run->store->writer) {
        owner.customer = column_named(run->state->statement, "customer_id");
    }
    if (owner.customer >= 0) {
        owner.escalation = column_named(run->state->statement, "escalation_id");
    }
    return owner;
}

static bool is_unreadable(const struct store *store, struct uuid escalation)
{
    for (size_t i = 0; i < store->unreadable_count; i++) {
        if (uuid_equal(store->unreadable[i], escalation)) {
            return true;
        }
    }
    return false;
}

/* Before a text of the row is read: this thread is at its escalation, and dies of it if it does. */
static void begin_row(struct query_run *run, const struct row_owner *owner)
{
    struct burden burden = {.reading = true};
    sqlite3_stmt *statement = run->state->statement;
    const void *bytes = sqlite3_column_blob(statement, owner->escalation);
    const size_t count = (size_t)sqlite3_column_bytes(statement, owner->escalation);
    if (bytes != NULL && count == sizeof burden.subject) { /* unreachable 2: it holds ids alone */
        memcpy(&burden.subject, bytes, sizeof burden.subject);
    }
    burden.customer_id = sqlite3_column_int64(statement, owner->customer);
    run->without_texts = is_unreadable(run->store, burden.subject);
    burden_take(&burden);
}

void store_forbid(struct store *store, const struct uuid *escalations, size_t count)
{
    assert(store->magic == STORE_MAGIC && !store->writer);
    store->unreadable = escalations;
    store->unreadable_count = count;
}

enum status query_all(struct query_run *run, const struct row_map *map, size_t row_bytes,
                      struct arena *arena, void **rows_r, size_t *count_r, struct error *error)
{
    assert(row_bytes > 0 && arena != NULL);
    assert(rows_r != NULL && count_r != NULL);
    struct burden outer;
    const bool has_outer = burden_of_this_thread(&outer);
    const struct row_owner owner = owner_of_rows(run);
    size_t count = 0, capacity = 16;
    char *rows = arena_alloc(arena, capacity * row_bytes);
    enum status status = rows == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    while (status == STATUS_OK) {
        status = query_step(run, error);
        if (status != STATUS_OK) {
            break;
        }
        if (count == capacity) {
            char *larger = arena_alloc(arena, 2 * capacity * row_bytes);
            if (larger == NULL) {
                status = error_set(error, STATUS_NO_MEMORY, "too many rows");
                break;
            }
            memcpy(larger, rows, count * row_bytes);
            rows = larger;
            capacity *= 2;
        }
        if (owner.escalation >= 0) {
            begin_row(run, &owner);
        }
        query_read_row(run, map, rows + count * row_bytes, arena);
        count++;
    }
    if (owner.escalation >= 0) {
        burden_take(has_outer ? &outer : NULL);
    }
    query_end(run);
    if (status != STATUS_DONE) {
        return status;
    }
    assert(rows != NULL && count <= capacity);
    *rows_r = rows;
    *count_r = count;
    return STATUS_OK;
}

enum status query_number(struct query_run *run, int64_t *number_r, struct error *error)
{
    assert(number_r != NULL);
    assert(sqlite3_column_count(run->state->statement) == 1); /* a query of one number */
    enum status status = query_step(run, error);
    int64_t number = 0;
    if (status == STATUS_OK) {
        number = query_read_int64(run, 0);
        status = query_step(run, error); /* a RETURNING statement works when stepped to the end */
        status = status == STATUS_OK ? STATUS_DONE : status;
    } else if (status == STATUS_DONE) {
        status = STATUS_NOT_FOUND;
    }
    query_end(run);
    if (status != STATUS_DONE) {
        return status;
    }
    *number_r = number;
    return STATUS_OK;
}
