/* store_ticket_private.h - what the two files about tickets share. */
#ifndef GATEWAY_STORE_STORE_TICKET_PRIVATE_H
#define GATEWAY_STORE_STORE_TICKET_PRIVATE_H

#include "gateway/store/store_private.h"
#include "gateway/store/store_ticket.h"

extern const struct row_map ticket_row_map;

/* Rows that one page looks at, however few of them match: a few milliseconds. */
#define LOOKED_MAX 2000

/* A filter as the queries have it. */
struct range {
    struct uuid least;  /* ids from here */
    struct uuid before; /* to below here */
    int64_t from_at;
    int64_t to_at;
};

/* A ticket as the index has it. */
struct ticket_document_row {
    int64_t customer_id;
    struct uuid ticket_id;
    int64_t document_id;
    const char *words;
};

extern const struct row_map ticket_document_map;

/* A page of filter->several, without regard to words. */
enum status store_list_tickets_of_several(struct store *store, const struct ticket_filter *filter,
                                          const struct range *range, struct arena *arena,
                                          struct ticket_page *page_r,
                                          struct error *error) MUST_CHECK;
/* The newest tickets of a set that the index does not have (unindexed) or does not have as they are
 * (stale), `most` at most. *more_r: there are more. */
enum status store_list_unindexed_of(struct store *store, const struct customer_set *set,
                                    enum query query, struct uuid before, size_t most,
                                    struct arena *arena, struct ticket_document_row *rows_r,
                                    size_t *count_r, bool *more_r, struct error *error) MUST_CHECK;

/* All that search looks in, as it is now. */
enum status store_get_ticket_words(struct store *store, int64_t customer_id, struct uuid ticket_id,
                                   struct arena *arena, const char **words_r,
                                   struct error *error) MUST_CHECK;

/* The bits 1 << kind of store_is_said(). */
extern const int64_t store_said_kinds;

/* Begins a query about one ticket. */
enum status store_begin_of_ticket(struct store *store, enum query query, int64_t customer_id,
                                  struct uuid ticket_id, struct query_run *run_r,
                                  struct error *error) MUST_CHECK;
/* Runs one that has no other parameters, for its effect. */
enum status store_run_of_ticket(struct store *store, enum query query, int64_t customer_id,
                                struct uuid ticket_id, struct error *error) MUST_CHECK;

/* Takes a ticket's words out of the index, if they are in it, and notes that it is to be cleaned.
 */
enum status store_forget_words(struct store *store, struct uuid ticket_id, struct arena *arena,
                               struct error *error) MUST_CHECK;

#endif
