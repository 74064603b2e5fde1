/* query.c - runs named queries and moves rows between C structs and SQL by their maps. */
#include "gateway/store/store_private.h"

#include <assert.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "schema/schema.h"

static const char *const query_names[] = {
#define X_(name) #name,
    QUERY_TABLE(X_)
#undef X_
};

static const char *sql_of(const char *name)
{
    for (size_t i = 0; i < schema_queries_count; i++) {
        if (strcmp(schema_queries[i].name, name) == 0) {
            return schema_queries[i].sql;
        }
    }
    return NULL;
}

enum status query_begin(struct store *store, enum query query, struct query_run *run_r,
                        struct error *error)
{
    assert(store->magic == STORE_MAGIC);
    struct query_state *state = &store->queries[query];
    if (state->statement == NULL) {
        const char *sql = sql_of(query_names[query]);
        assert(sql != NULL);
        int rc = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                    &state->statement, NULL);
        if (rc != SQLITE_OK) {
            return store_status(store, rc, query_names[query], error);
        }
    }
    if (!store->writer) {
        store->read_until_ms = clock_monotonic(&clock_system).ms + store->read_ms_max;
    }
    *run_r = (struct query_run){.store = store, .state = state, .query = query};
    return STATUS_OK;
}

static void plan_parameters(struct query_state *state, const struct row_map *map)
{
    assert(map->count <= COLUMNS_MAX);
    state->bound_map = map;
    memset(state->parameters, 0, sizeof state->parameters);
    int count = sqlite3_bind_parameter_count(state->statement);
    for (int i = 1; i <= count; i++) {
        const char *name = sqlite3_bind_parameter_name(state->statement, i);
        for (size_t c = 0; c < map->count; c++) {
            if (strcmp(name + 1, map->columns[c].name) == 0) {
                state->parameters[c] = i;
            }
        }
    }
}

static void plan_results(struct query_state *state, const struct row_map *map)
{
    assert(map->count <= COLUMNS_MAX);
    state->read_map = map;
    int count = sqlite3_column_count(state->statement);
    for (size_t c = 0; c < map->count; c++) {
        state->results[c] = -1;
        for (int i = 0; i < count; i++) {
            if (strcmp(sqlite3_column_name(state->statement, i), map->columns[c].name) == 0) {
                state->results[c] = i;
            }
        }
    }
}

/* Texts and blobs are bound without a copy: rows outlive the run. */
static void bind_column(sqlite3_stmt *statement, int index, const struct column *column,
                        const void *member)
{
    int rc = SQLITE_OK;
    switch (column->type) {
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
    int index = sqlite3_bind_parameter_index(run->state->statement, name);
    assert(index > 0);
    return index;
}

void query_bind_int64(struct query_run *run, const char *name, int64_t value)
{
    (void)sqlite3_bind_int64(run->state->statement, parameter_index(run, name), value);
}

void query_bind_time(struct query_run *run, const char *name, int64_t ms)
{
    int index = parameter_index(run, name);
    if (ms == TIME_NEVER_MS) {
        (void)sqlite3_bind_null(run->state->statement, index);
    } else {
        (void)sqlite3_bind_int64(run->state->statement, index, ms);
    }
}

void query_bind_text(struct query_run *run, const char *name, const char *text)
{
    (void)sqlite3_bind_text(run->state->statement, parameter_index(run, name), text, -1,
                            SQLITE_TRANSIENT);
}

void query_bind_uuid(struct query_run *run, const char *name, struct uuid uuid)
{
    query_bind_blob(run, name, uuid.bytes, sizeof uuid.bytes);
}

void query_bind_blob(struct query_run *run, const char *name, const void *bytes, size_t count)
{
    (void)sqlite3_bind_blob(run->state->statement, parameter_index(run, name), bytes, (int)count,
                            SQLITE_TRANSIENT);
}

enum status query_step(struct query_run *run, struct error *error)
{
    int rc = sqlite3_step(run->state->statement);
    if (rc == SQLITE_ROW) {
        return STATUS_OK;
    }
    if (rc == SQLITE_DONE) {
        return STATUS_DONE;
    }
    return store_status(run->store, rc, query_names[run->query], error);
}

static void read_column(sqlite3_stmt *statement, int index, const struct column *column,
                        void *member, struct arena *arena)
{
    bool null = sqlite3_column_type(statement, index) == SQLITE_NULL;
    switch (column->type) {
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
        *(int64_t *)member = null ? TIME_NEVER_MS : sqlite3_column_int64(statement, index);
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
        *(const char **)member =
            null || arena == NULL
                ? NULL
                : arena_text(arena, (const char *)sqlite3_column_text(statement, index));
        break;
    case COLUMN_CHARS: {
        const char *text = (const char *)sqlite3_column_text(statement, index);
        (void)text_copy(member, column->size, text != NULL ? text : "");
        break;
    }
    }
}

void query_read_row(struct query_run *run, const struct row_map *map, void *row_r,
                    struct arena *arena)
{
    if (run->state->read_map != map) {
        plan_results(run->state, map);
    }
    for (size_t c = 0; c < map->count; c++) {
        if (run->state->results[c] >= 0) {
            read_column(run->state->statement, run->state->results[c], &map->columns[c],
                        (char *)row_r + map->columns[c].offset, arena);
        }
    }
}

int64_t query_read_int64(struct query_run *run, int column)
{
    return sqlite3_column_int64(run->state->statement, column);
}

void query_end(struct query_run *run)
{
    (void)sqlite3_reset(run->state->statement);
    (void)sqlite3_clear_bindings(run->state->statement);
}

enum status query_finish(struct query_run *run, struct error *error)
{
    enum status status;
    do {
        status = query_step(run, error);
    } while (status == STATUS_OK);
    query_end(run);
    return status == STATUS_DONE ? STATUS_OK : status;
}

enum status query_one(struct query_run *run, const struct row_map *map, void *row_r,
                      struct arena *arena, struct error *error)
{
    enum status status = query_step(run, error);
    if (status == STATUS_OK) {
        query_read_row(run, map, row_r, arena);
    } else if (status == STATUS_DONE) {
        status = STATUS_NOT_FOUND;
    }
    query_end(run);
    return status;
}

enum status query_all(struct query_run *run, const struct row_map *map, size_t row_bytes,
                      struct arena *arena, void **rows_r, size_t *count_r, struct error *error)
{
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
        query_read_row(run, map, rows + count * row_bytes, arena);
        count++;
    }
    query_end(run);
    if (status != STATUS_DONE) {
        return status;
    }
    *rows_r = rows;
    *count_r = count;
    return STATUS_OK;
}

enum status query_number(struct query_run *run, int64_t *number_r, struct error *error)
{
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
