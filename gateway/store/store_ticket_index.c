/* store_ticket_index.c - the index of tickets' words: written behind acceptance, cleaned of what
 * was erased. */
#include <assert.h>

#include "gateway/store/store_ticket_private.h"

/* Of the index, in one step of cleaning it. */
#define MERGED_PAGES 64

#define ROW struct ticket_document_row
static const struct column document_columns[] = {
    SAME(customer_id, INT64),
    SAME(ticket_id, UUID),
    SAME(document_id, INT64),
    SAME(words, TEXT),
};
#undef ROW
const struct row_map ticket_document_map = {document_columns,
                                            sizeof document_columns / sizeof document_columns[0]};

bool store_search_is_damaged(const struct store *store)
{
    assert(store->magic == STORE_MAGIC);
    return store->search_damaged;
}

/* FTS5 keeps what it is told until the commit, or a savepoint: damage that it meets then must not
 * look like the transaction's own. */
static enum status flush_index(struct store *store, struct error *error)
{
    enum status status = store_savepoint(store, error);
    if (status == STATUS_OK) {
        status = store_savepoint_release(store, error);
    }
    if (status != STATUS_CORRUPT) {
        return status;
    }
    store->search_damaged = true;
    return error_wrap(error, STATUS_UNAVAILABLE, "the index of tickets' words is damaged");
}

enum status store_get_ticket_words(struct store *store, int64_t customer_id, struct uuid ticket_id,
                                   struct arena *arena, const char **words_r, struct error *error)
{
    struct query_run run;
    struct ticket_document_row row;
    enum status status =
        store_begin_of_ticket(store, QUERY_ticket_text, customer_id, ticket_id, &run, error);
    if (status == STATUS_OK) {
        query_bind_int64(&run, ":said", store_said_kinds);
        query_bind_int64(&run, ":limit", TICKET_SAID_MAX);
        status = query_one(&run, &ticket_document_map, &row, arena, error);
    }
    if (status == STATUS_OK) {
        assert(row.words != NULL);
        *words_r = row.words;
    }
    return status;
}

static enum status run_document(struct store *store, enum query query,
                                const struct ticket_document_row *document, struct error *error)
{
    assert(store->writer && document->document_id > 0);
    return query_write_row(store, query, &ticket_document_map, document, error);
}

/* STATUS_NOT_FOUND: it is not in the index. */
static enum status get_document(struct store *store, struct uuid ticket_id, struct arena *arena,
                                struct ticket_document_row *document_r, struct error *error)
{
    struct query_run run;
    enum status status = query_begin(store, QUERY_ticket_document_get, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_uuid(&run, ":ticket_id", ticket_id);
    return query_one(&run, &ticket_document_map, document_r, arena, error);
}

static enum status set_mark(struct store *store, enum query query, struct uuid ticket_id,
                            bool unclean, struct error *error)
{
    struct query_run run;
    enum status status = query_begin(store, query, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (query == QUERY_ticket_indexed_set) {
        query_bind_uuid(&run, ":ticket_id", ticket_id);
    } else {
        query_bind_int64(&run, ":unclean", unclean);
    }
    return query_finish(&run, error);
}

enum status store_forget_words(struct store *store, struct uuid ticket_id, struct arena *arena,
                               struct error *error)
{
    struct ticket_document_row document = {.customer_id = 0};
    if (store->search_damaged) {
        return STATUS_OK; /* they go when it is rebuilt */
    }
    enum status status = get_document(store, ticket_id, arena, &document, error);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = run_document(store, QUERY_ticket_words_delete, &document, error);
    }
    if (status == STATUS_OK) {
        status = run_document(store, QUERY_ticket_document_delete, &document, error);
    }
    if (status == STATUS_OK) {
        status = flush_index(store, error);
    }
    return status == STATUS_OK ? set_mark(store, QUERY_ticket_unclean_set, ticket_id, true, error)
                               : status;
}

static enum status index_new(struct store *store, const struct ticket_document_row *ticket,
                             struct arena *arena, struct error *error)
{
    struct ticket_document_row document = *ticket;
    struct query_run run;
    enum status status = store_get_ticket_words(store, ticket->customer_id, ticket->ticket_id,
                                                arena, &document.words, error);
    if (status == STATUS_OK) {
        status = query_begin(store, QUERY_ticket_document_insert, &run, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_row(&run, &ticket_document_map, &document);
    status = query_number(&run, &document.document_id, error);
    return status == STATUS_OK ? run_document(store, QUERY_ticket_words_insert, &document, error)
                               : status;
}

/* One that is not in the index yet will be read whole when its turn comes. */
static enum status index_again(struct store *store, const struct ticket_document_row *ticket,
                               struct arena *arena, struct error *error)
{
    struct ticket_document_row document = {.customer_id = 0};
    enum status status = get_document(store, ticket->ticket_id, arena, &document, error);
    if (status == STATUS_OK) {
        status = run_document(store, QUERY_ticket_words_delete, &document, error);
        if (status == STATUS_OK) {
            status = store_get_ticket_words(store, ticket->customer_id, ticket->ticket_id, arena,
                                            &document.words, error);
        }
        if (status == STATUS_OK) {
            status = run_document(store, QUERY_ticket_document_update, &document, error);
        }
        if (status == STATUS_OK) {
            status = run_document(store, QUERY_ticket_words_insert, &document, error);
        }
    } else if (status == STATUS_NOT_FOUND) {
        status = STATUS_OK;
    }
    return status == STATUS_OK ? store_run_of_ticket(store, QUERY_ticket_stale_delete,
                                                     ticket->customer_id, ticket->ticket_id, error)
                               : status;
}

static enum status list_to_index(struct store *store, enum query query, struct engine_time now,
                                 size_t limit, struct arena *arena,
                                 struct ticket_document_row **rows_r, size_t *count_r,
                                 struct error *error)
{
    struct query_run run;
    enum status status = query_begin(store, query, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (query == QUERY_ticket_unindexed) {
        query_bind_uuid(&run, ":below", uuid_v7_least((struct wall_time){now.ms}));
    }
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return query_all(&run, &ticket_document_map, sizeof **rows_r, arena, (void **)rows_r, count_r,
                     error);
}

static enum status read_flag(struct query_run *run, bool *flag_r, struct error *error)
{
    int64_t number = 0;
    enum status status = query_number(run, &number, error);
    if (status == STATUS_OK) {
        *flag_r = number != 0;
    }
    return status;
}

enum status store_has_unindexed(struct store *store, struct engine_time now, bool *has_r,
                                struct error *error)
{
    struct query_run run;
    enum status status = query_begin(store, QUERY_ticket_to_index, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_uuid(&run, ":below", uuid_v7_least((struct wall_time){now.ms}));
    return read_flag(&run, has_r, error);
}

enum status store_index_is_unclean(struct store *store, bool *unclean_r, struct error *error)
{
    struct query_run run;
    enum status status = query_begin(store, QUERY_ticket_indexed_get, &run, error);
    return status == STATUS_OK ? read_flag(&run, unclean_r, error) : status;
}

enum status store_index_tickets(struct store *store, struct engine_time now, size_t limit,
                                struct arena *arena, size_t *count_r, bool *left_r,
                                struct error *error)
{
    assert(store->writer && store_in_transaction(store));
    assert(limit > 0 && count_r != NULL && left_r != NULL);
    struct ticket_document_row *changed, *came = NULL;
    size_t changed_count = 0, came_count = 0;
    enum status status = list_to_index(store, QUERY_ticket_stale_list, now, limit, arena, &changed,
                                       &changed_count, error);
    for (size_t i = 0; i < changed_count && status == STATUS_OK; i++) {
        status = index_again(store, &changed[i], arena, error);
    }
    if (status == STATUS_OK && changed_count < limit) {
        status = list_to_index(store, QUERY_ticket_unindexed, now, limit - changed_count, arena,
                               &came, &came_count, error);
    }
    for (size_t i = 0; i < came_count && status == STATUS_OK; i++) {
        status = index_new(store, &came[i], arena, error);
    }
    if (status == STATUS_OK && came_count > 0) {
        status =
            set_mark(store, QUERY_ticket_indexed_set, came[came_count - 1].ticket_id, false, error);
    }
    if (status == STATUS_OK) {
        status = flush_index(store, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *count_r = changed_count + came_count;
    *left_r = *count_r == limit;
    return STATUS_OK;
}

enum status store_clean_index(struct store *store, bool begun, bool *left_r, struct error *error)
{
    assert(store->writer && store_in_transaction(store) && left_r != NULL);
    struct query_run run;
    int64_t before = sqlite3_total_changes64(store->db);
    enum status status = query_begin(store, QUERY_ticket_words_merge, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":pages", begun ? MERGED_PAGES : -MERGED_PAGES);
    status = query_finish(&run, error);
    if (status == STATUS_OK) {
        status = flush_index(store, error);
    }
    /* "If the difference is less than 2, the command was a no-op" (fts5, 6.8). */
    bool left = sqlite3_total_changes64(store->db) - before >= 2;
    if (status == STATUS_OK && !left) {
        status = set_mark(store, QUERY_ticket_unclean_set, (struct uuid){{0}}, false, error);
    }
    if (status == STATUS_OK) {
        *left_r = left;
    }
    return status;
}
