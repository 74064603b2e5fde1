/* store_publication.c - what agents were told of rotas. */
#include "gateway/store/store_publication.h"

#include <assert.h>
#include <string.h>

#include "gateway/store/store_private.h"

#define ROW struct publication_row
static const struct column publication_columns[] = {
    SAME(customer_id, INT64),
    SAME(publication_id, UUID),
    SAME(rota, TEXT),
    SAME(from_at, TIME),
    SAME(to_at, TIME),
    SAME(published_at, TIME),
    SAME(key_id, TEXT),
    NAMED(operator_name, "operator", TEXT),
    SAME(time_zone, TEXT),
    SAME(notice_days, INT),
    SAME(digest, DIGEST),
    SAME(in_time, INT64),
    NAMED(short_notice, "short", INT64),
    SAME(too_short, INT64),
    SAME(agents, INT64),
    SAME(seen, INT64),
};
MAP(publication);
#undef ROW

#define ROW struct publication_agent_row
static const struct column publication_agent_columns[] = {
    SAME(customer_id, INT64), SAME(publication_id, UUID), SAME(agent, TEXT),
    SAME(name, TEXT),         SAME(shifts, TEXT),         SAME(changes, TEXT),
    SAME(fetched_at, TIME),   SAME(seen_at, TIME),        SAME(seen_via, TEXT),
    SAME(seen_by, TEXT),      SAME(seen_how, TEXT),       SAME(rota, TEXT),
    SAME(from_at, TIME),      SAME(to_at, TIME),          SAME(published_at, TIME),
};
MAP(publication_agent);
#undef ROW

enum status store_add_publication(struct store *store, const struct publication_row *row,
                                  struct error *error)
{
    assert(row->customer_id > 0 && !uuid_is_nil(row->publication_id) && row->rota != NULL);
    assert(row->from_at.ms < row->to_at.ms && row->published_at.ms != TIME_NEVER_MS);
    return query_write_row(store, QUERY_publication_insert, &publication_map, row, error);
}

enum status store_add_publication_agent(struct store *store,
                                        const struct publication_agent_row *row,
                                        struct error *error)
{
    assert(row->customer_id > 0 && !uuid_is_nil(row->publication_id));
    assert(row->agent != NULL && row->shifts != NULL && row->changes != NULL);
    return query_write_row(store, QUERY_publication_agent_insert, &publication_agent_map, row,
                           error);
}

/* Begins a query about something that is named by its customer and a slug. */
static enum status begin_named(struct store *store, enum query query, int64_t customer_id,
                               const char *parameter, const char *slug, struct query_run *run_r,
                               struct error *error)
{
    assert(customer_id > 0 && slug != NULL);
    enum status status = query_begin(store, query, run_r, error);
    if (status == STATUS_OK) {
        query_bind_int64(run_r, ":customer_id", customer_id);
        query_bind_text(run_r, parameter, slug);
    }
    return status;
}

/* The newest id in front of which a list begins. */
static void bind_page(struct query_run *run, struct uuid before, size_t limit)
{
    if (uuid_is_nil(before)) {
        memset(before.bytes, 0xff, sizeof before.bytes);
    }
    query_bind_uuid(run, ":before", before);
    query_bind_int64(run, ":limit", (int64_t)limit);
}

/* The id of the one row that a begun query finds. */
static enum status read_id(struct query_run *run, struct uuid *id_r, struct error *error)
{
    struct publication_row row;
    assert(id_r != NULL);
    enum status status = query_one(run, &publication_map, &row, NULL, error);
    if (status == STATUS_OK) {
        *id_r = row.publication_id;
    }
    return status;
}

enum status store_get_newest_publication(struct store *store, int64_t customer_id, const char *rota,
                                         struct uuid *id_r, struct error *error)
{
    struct query_run run;
    enum status status =
        begin_named(store, QUERY_publication_newest, customer_id, ":rota", rota, &run, error);
    return status == STATUS_OK ? read_id(&run, id_r, error) : status;
}

enum status store_has_publications(struct store *store, int64_t customer_id, bool *has_r,
                                   struct error *error)
{
    assert(customer_id > 0 && has_r != NULL);
    struct query_run run;
    int64_t found = 0;
    enum status status = query_begin(store, QUERY_publication_exists, &run, error);
    if (status == STATUS_OK) {
        query_bind_int64(&run, ":customer_id", customer_id);
        status = query_number(&run, &found, error);
    }
    if (status == STATUS_OK) {
        *has_r = found != 0;
    }
    return status;
}

enum status store_get_publication(struct store *store, int64_t customer_id, struct uuid id,
                                  struct arena *arena, struct publication_row *row_r,
                                  struct error *error)
{
    assert(customer_id > 0 && row_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_publication_get, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_uuid(&run, ":publication_id", id);
    return query_one(&run, &publication_map, row_r, arena, error);
}

enum status store_list_publications(struct store *store, int64_t customer_id, const char *rota,
                                    struct uuid before, size_t limit, struct arena *arena,
                                    struct publication_row **rows_r, size_t *count_r,
                                    struct error *error)
{
    assert(limit > 0 && rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status =
        begin_named(store, QUERY_publication_list, customer_id, ":rota", rota, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    bind_page(&run, before, limit);
    return query_all(&run, &publication_map, sizeof **rows_r, arena, (void **)rows_r, count_r,
                     error);
}

enum status store_list_publications_over(struct store *store, int64_t customer_id, const char *rota,
                                         struct wall_time from, struct wall_time to, size_t limit,
                                         struct arena *arena, struct publication_row **rows_r,
                                         size_t *count_r, struct error *error)
{
    assert(limit > 0 && rows_r != NULL && count_r != NULL);
    assert(from.ms <= to.ms);
    struct query_run run;
    enum status status =
        begin_named(store, QUERY_publication_list_over, customer_id, ":rota", rota, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":from", from.ms);
    query_bind_int64(&run, ":to", to.ms);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return query_all(&run, &publication_map, sizeof **rows_r, arena, (void **)rows_r, count_r,
                     error);
}

enum status store_list_publication_agents(struct store *store, int64_t customer_id, struct uuid id,
                                          struct arena *arena,
                                          struct publication_agent_row **rows_r, size_t *count_r,
                                          struct error *error)
{
    assert(customer_id > 0 && rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_publication_agent_list, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_uuid(&run, ":publication_id", id);
    return query_all(&run, &publication_agent_map, sizeof **rows_r, arena, (void **)rows_r, count_r,
                     error);
}

enum status store_get_publication_agent(struct store *store, int64_t customer_id, struct uuid id,
                                        const char *agent, struct arena *arena,
                                        struct publication_agent_row *row_r, struct error *error)
{
    assert(row_r != NULL && arena != NULL);
    struct query_run run;
    enum status status =
        begin_named(store, QUERY_publication_agent_get, customer_id, ":agent", agent, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_uuid(&run, ":publication_id", id);
    return query_one(&run, &publication_agent_map, row_r, arena, error);
}

enum status store_list_publications_of_agent(struct store *store, int64_t customer_id,
                                             const char *agent, struct uuid before, size_t limit,
                                             struct arena *arena,
                                             struct publication_agent_row **rows_r, size_t *count_r,
                                             struct error *error)
{
    assert(limit > 0 && rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = begin_named(store, QUERY_publication_list_of_agent, customer_id, ":agent",
                                     agent, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    bind_page(&run, before, limit);
    return query_all(&run, &publication_agent_map, sizeof **rows_r, arena, (void **)rows_r, count_r,
                     error);
}

enum status store_get_unfetched_publication(struct store *store, int64_t customer_id,
                                            const char *agent, struct uuid *id_r,
                                            struct error *error)
{
    struct query_run run;
    enum status status = begin_named(store, QUERY_publication_agent_unfetched, customer_id,
                                     ":agent", agent, &run, error);
    return status == STATUS_OK ? read_id(&run, id_r, error) : status;
}

enum status store_note_fetched(struct store *store, int64_t customer_id, const char *agent,
                               struct uuid newest, struct wall_time now, struct error *error)
{
    assert(customer_id > 0 && agent != NULL && now.ms != TIME_NEVER_MS);
    const struct publication_agent_row row = {
        .customer_id = customer_id, .agent = agent, .publication_id = newest, .fetched_at = now};
    return query_write_row(store, QUERY_publication_agent_fetched, &publication_agent_map, &row,
                           error);
}

enum status store_note_seen(struct store *store, const struct publication_agent_row *row,
                            struct error *error)
{
    assert(row->customer_id > 0 && row->agent != NULL);
    assert(row->seen_at.ms != TIME_NEVER_MS && row->seen_via != NULL);
    return query_write_row(store, QUERY_publication_agent_seen, &publication_agent_map, row, error);
}
