/* store_ticket_several.c - tickets of several customers: their list, and what the index of words
 * does not have of theirs. */
#include <assert.h>

#include "gateway/store/store_several_private.h"
#include "gateway/store/store_ticket_private.h"

struct wanted {
    const struct ticket_filter *filter;
    const struct range *range;
};

static void bind_wanted(struct query_run *run, const void *context)
{
    const struct wanted *wanted = context;
    query_bind_uuid(run, ":least", wanted->range->least);
    query_bind_int64(run, ":from_at", wanted->range->from_at);
    query_bind_int64(run, ":to_at", wanted->range->to_at);
    query_bind_int64(run, ":state", wanted->filter->state);
}

/* Looks at the ids until the page is full, enough were looked at, or there are no more. */
static enum status fill_page(struct store *store, const struct ticket_filter *filter,
                             struct newest *newest, struct arena *arena, struct ticket_page *page,
                             struct error *error)
{
    struct newest_id next;
    for (size_t looked = 0;; looked++) {
        enum status status = newest_next(newest, &next, error);
        if (status != STATUS_OK) {
            return status == STATUS_DONE ? STATUS_OK : status;
        }
        if (looked == LOOKED_MAX || (next.wanted && page->count == filter->limit)) {
            page->more = true;
            return STATUS_OK;
        }
        page->last = next.id;
        if (next.wanted) {
            status = store_get_ticket(store, next.customer_id, next.id, arena,
                                      &page->rows[page->count], error);
            if (status != STATUS_OK) {
                return status;
            }
            page->count++;
        }
    }
}

enum status store_list_tickets_of_several(struct store *store, const struct ticket_filter *filter,
                                          const struct range *range, struct arena *arena,
                                          struct ticket_page *page_r, struct error *error)
{
    assert(filter->several != NULL && filter->words == NULL);
    const struct wanted wanted = {filter, range};
    const struct newest_query query = {
        .query = filter->state == TICKET_OPEN ? QUERY_ticket_newest_open_of_customer
                                              : QUERY_ticket_newest_of_customer,
        .bind = bind_wanted,
        .context = &wanted,
    };
    struct newest *newest = NULL;
    struct ticket_page page = {.complete = true};
    page.rows = arena_alloc(arena, filter->limit * sizeof *page.rows);
    enum status status = page.rows != NULL ? newest_open(store, filter->several, &query,
                                                         range->before, arena, &newest, error)
                                           : error_set(error, STATUS_NO_MEMORY, "too many tickets");
    if (status == STATUS_OK) {
        status = fill_page(store, filter, newest, arena, &page, error);
    }
    if (status == STATUS_OK) {
        *page_r = page;
    }
    return status;
}

enum status store_list_unindexed_of(struct store *store, const struct customer_set *set,
                                    enum query query, struct uuid before, size_t most,
                                    struct arena *arena, struct ticket_document_row *rows_r,
                                    size_t *count_r, bool *more_r, struct error *error)
{
    const struct newest_query of = {.query = query};
    struct newest *newest = NULL;
    struct newest_id next;
    size_t count = 0;
    enum status status = newest_open(store, set, &of, before, arena, &newest, error);
    while (status == STATUS_OK) {
        status = newest_next(newest, &next, error);
        if (status == STATUS_OK && count == most) {
            break;
        }
        if (status == STATUS_OK) {
            rows_r[count++] =
                (struct ticket_document_row){.customer_id = next.customer_id, .ticket_id = next.id};
        }
    }
    if (status != STATUS_OK && status != STATUS_DONE) {
        return status;
    }
    *count_r = count;
    *more_r = status == STATUS_OK;
    return STATUS_OK;
}
