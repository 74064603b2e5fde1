/* publications.h - what handlers of publications share: how one, and one agent's part, are shown.
 */
#ifndef ADMIN_API_PUBLICATIONS_H
#define ADMIN_API_PUBLICATIONS_H

#include "admin-api/exchange.h"
#include "gateway/coverage/publication.h"
#include "gateway/store/store_publication.h"

#define PUBLICATION_OPERATOR_BYTES_MAX 100

/* What becomes of POST .../publications, while it is looked at. */
struct publishing {
    struct rota_period period;
    const char *digest;        /* what the caller looked at; or NULL */
    const char *operator_name; /* or NULL */
    struct uuid follows;       /* the newest publication there is, or nil */
    struct publication_plan plan;
    struct told_agent *agents; /* by slug */
    size_t agents_count;
    struct digest digest_now;
    int64_t counts[ROTA_NOTICES_COUNT]; /* of changes */
};

/* The members of a publication, without the braces. */
void publication_json(struct json_writer *json, const struct publication_row *row);
/* An object: what one agent is told. */
void publication_agent_json(struct json_writer *json, const struct told_agent *agent);

/* Reader threads: what to do when an agent's calendar went out: noted once for each publication,
 * and left alone when that cannot be told. */
void publications_note_fetch(struct exchange *exchange, struct store *store, const char *agent);

#endif
