/* publications_told.h - what the store has of publications, as coverage and new publications want
 * it. */
#ifndef ADMIN_API_PUBLICATIONS_TOLD_H
#define ADMIN_API_PUBLICATIONS_TOLD_H

#include "gateway/coverage/publication.h"
#include "gateway/store/store.h"

/* So many are looked through. */
#define PUBLICATIONS_OVER_MAX 500

/* What was told of a rota in a period, from the newest publication to one that covers all of it.
 * Into the arena. STATUS_TOO_LARGE: there may be more than PUBLICATIONS_OVER_MAX, of which the
 * newest are there; STATUS_CORRUPT: a row is not what the gateway writes; otherwise those of the
 * store. */
enum status publications_told(struct store *store, int64_t customer_id, const char *rota,
                              const struct rota_period *period, struct arena *arena,
                              struct publication_history *history_r,
                              struct error *error) MUST_CHECK;

#endif
