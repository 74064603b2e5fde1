/* store_ticket_private.h - what the two files about tickets share. */
#ifndef GATEWAY_STORE_STORE_TICKET_PRIVATE_H
#define GATEWAY_STORE_STORE_TICKET_PRIVATE_H

#include "gateway/store/store_private.h"
#include "gateway/store/store_ticket.h"

extern const struct row_map ticket_row_map;

/* A ticket as the index has it. */
struct ticket_document_row {
    int64_t customer_id;
    struct uuid ticket_id;
    int64_t document_id;
    const char *words;
};

extern const struct row_map ticket_document_map;

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
