/* store_several.c - merging the ids of several customers, and what is listed by them. */
#include "gateway/store/store_several.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/store/store_several_private.h"

/* Ids that one customer's index is asked for at once: most customers of a large set have no more on
 * a page, and what is read beyond it is small. */
#define BATCH 16

/* ---- ids, newest first ---- */

/* One customer's part of the list. */
struct part {
    int64_t customer_id;
    struct newest_id ids[BATCH];
    size_t at;
    size_t count;
    bool more; /* behind them */
};

struct newest {
    struct store *store;
    const struct newest_query *query;
    struct uuid last; /* what was answered */
    struct part *parts;
    size_t count;
};

#define ROW struct newest_id
static const struct column newest_columns[] = {
    SAME(id, UUID),
    SAME(wanted, BOOL),
};
#undef ROW
MAP(newest);

/* The next ids below `before`. */
static enum status read_part(struct newest *newest, struct part *part, struct uuid before,
                             struct error *error)
{
    struct query_run run;
    enum status status = query_begin(newest->store, newest->query->query, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", part->customer_id);
    query_bind_uuid(&run, ":before", before);
    query_bind_int64(&run, ":limit", BATCH);
    if (newest->query->bind != NULL) {
        newest->query->bind(&run, newest->query->context);
    }
    part->at = part->count = 0;
    while ((status = query_step(&run, error)) == STATUS_OK) {
        assert(part->count < BATCH);
        query_read_row(&run, &newest_map, &part->ids[part->count++], NULL);
    }
    query_end(&run);
    part->more = part->count == BATCH;
    return status == STATUS_DONE ? STATUS_OK : status;
}

enum status newest_open(struct store *store, const struct customer_set *set,
                        const struct newest_query *query, struct uuid before, struct arena *arena,
                        struct newest **newest_r, struct error *error)
{
    assert(set != NULL && (set->ids != NULL || set->count == 0));
    assert(query != NULL && newest_r != NULL);
    struct newest *newest = arena_alloc(arena, sizeof *newest);
    struct part *parts = arena_alloc(arena, (set->count + 1) * sizeof *parts);
    if (newest == NULL || parts == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "too many customers");
    }
    if (uuid_is_nil(before)) {
        memset(before.bytes, 0xff, sizeof before.bytes);
    }
    *newest = (struct newest){.store = store, .query = query, .parts = parts, .count = set->count};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < set->count && status == STATUS_OK; i++) {
        parts[i].customer_id = set->ids[i];
        status = read_part(newest, &parts[i], before, error);
    }
    if (status == STATUS_OK) {
        *newest_r = newest;
    }
    return status;
}

/* The part with the newest id, NULL when all came to their end. */
static struct part *newest_part(struct newest *newest)
{
    struct part *best = NULL;
    for (size_t i = 0; i < newest->count; i++) {
        struct part *part = &newest->parts[i];
        if (part->at < part->count &&
            (best == NULL || memcmp(part->ids[part->at].id.bytes, best->ids[best->at].id.bytes,
                                    sizeof(struct uuid)) > 0)) {
            best = part;
        }
    }
    return best;
}

enum status newest_next(struct newest *newest, struct newest_id *id_r, struct error *error)
{
    assert(newest != NULL && id_r != NULL);
    struct part *part;
    struct newest_id next;
    do {
        part = newest_part(newest);
        if (part == NULL) {
            return STATUS_DONE;
        }
        next = part->ids[part->at++];
        next.customer_id = part->customer_id;
        if (part->at == part->count && part->more) {
            enum status status = read_part(newest, part, next.id, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
    } while (uuid_equal(next.id, newest->last)); /* of a customer that is there twice */
    newest->last = next.id;
    *id_r = next;
    return STATUS_OK;
}

enum status store_write_customers(const struct customer_set *set, struct arena *arena,
                                  const char **json_r, struct error *error)
{
    enum { NUMBER_BYTES = 21 };
    *json_r = NULL;
    if (set == NULL) {
        return STATUS_OK;
    }
    const size_t bytes = set->count * NUMBER_BYTES + sizeof "[]";
    char *json = arena_alloc(arena, bytes);
    if (json == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "too many customers");
    }
    size_t used = 1;
    json[0] = '[';
    for (size_t i = 0; i < set->count; i++) {
        used += (size_t)snprintf(json + used, bytes - used, "%s%lld", i > 0 ? "," : "",
                                 (long long)set->ids[i]);
    }
    assert(used + 2 <= bytes);
    memcpy(json + used, "]", 2);
    *json_r = json;
    return STATUS_OK;
}

/* ---- escalations ---- */

static void bind_states(struct query_run *run, const void *context)
{
    const unsigned *states = context;
    query_bind_int64(run, ":states", *states);
}

/* The page's ids, and which of them begins each customer's rows. */
static enum status list_ids(struct store *store, const struct customer_set *several,
                            struct uuid before, unsigned states, size_t limit, struct arena *arena,
                            struct newest_id *ids_r, size_t *count_r, struct error *error)
{
    const struct newest_query query = {QUERY_escalation_newest_of_customer, bind_states, &states};
    struct newest *newest = NULL;
    size_t count = 0;
    enum status status = newest_open(store, several, &query, before, arena, &newest, error);
    while (status == STATUS_OK && count < limit) {
        status = newest_next(newest, &ids_r[count], error);
        count += status == STATUS_OK;
    }
    *count_r = count;
    return status == STATUS_DONE ? STATUS_OK : status;
}

static int by_customer(const void *a, const void *b)
{
    const struct newest_id *one = a, *other = b;
    return (one->customer_id > other->customer_id) - (one->customer_id < other->customer_id);
}

static int newest_first(const void *a, const void *b)
{
    const struct escalation *one = a, *other = b;
    return memcmp(other->id.bytes, one->id.bytes, sizeof one->id.bytes);
}

/* Each customer's newest rows, as many as the page has of its ids: they are those. */
static enum status read_rows(struct store *store, struct newest_id *ids, size_t count,
                             struct uuid before, unsigned states, struct arena *scratch,
                             struct escalation *rows, struct error *error)
{
    assert(ids != NULL && rows != NULL);
    qsort(ids, count, sizeof *ids, by_customer);
    size_t next;
    for (size_t begin = 0; begin < count; begin = next) {
        struct escalation *own = NULL;
        size_t own_count = 0;
        for (next = begin + 1; next < count && ids[next].customer_id == ids[begin].customer_id;
             next++) {
        }
        arena_reset(scratch);
        enum status status = store_list_escalations(store, ids[begin].customer_id, before, states,
                                                    next - begin, scratch, &own, &own_count, error);
        if (status != STATUS_OK) {
            return status;
        }
        assert(own_count == next - begin); /* in one snapshot */
        memcpy(&rows[begin], own, own_count * sizeof *rows);
    }
    qsort(rows, count, sizeof *rows, newest_first);
    return STATUS_OK;
}

enum status store_list_escalations_of_several(struct store *store, int64_t customer_id,
                                              const struct customer_set *several,
                                              struct uuid before, unsigned states, size_t limit,
                                              struct arena *arena, struct escalation **rows_r,
                                              size_t *count_r, struct error *error)
{
    assert(limit > 0 && rows_r != NULL && count_r != NULL);
    if (several == NULL) {
        return store_list_escalations(store, customer_id, before, states, limit, arena, rows_r,
                                      count_r, error);
    }
    assert(customer_id == 0);
    struct newest_id *ids = arena_alloc(arena, limit * sizeof *ids);
    struct escalation *rows = arena_alloc(arena, limit * sizeof *rows);
    struct arena *scratch = arena_create(0);
    size_t count = 0;
    enum status status =
        ids != NULL && rows != NULL && scratch != NULL
            ? list_ids(store, several, before, states, limit, arena, ids, &count, error)
            : error_set(error, STATUS_NO_MEMORY, "too many rows");
    if (status == STATUS_OK) {
        status = read_rows(store, ids, count, before, states, scratch, rows, error);
    }
    arena_destroy(&scratch);
    if (status == STATUS_OK) {
        *rows_r = rows;
        *count_r = count;
    }
    return status;
}
