/* store_publication.h - what agents were told of rotas: proof that is added to and never changed,
 * but for when somebody first took note. Otherwise as store.h says.
 */
#ifndef GATEWAY_STORE_STORE_PUBLICATION_H
#define GATEWAY_STORE_STORE_PUBLICATION_H

#include "gateway/store/store.h"

struct publication_row {
    int64_t customer_id;
    struct uuid publication_id; /* later ones are greater */
    const char *rota;           /* slug */
    struct wall_time from_at;
    struct wall_time to_at;
    struct wall_time published_at;
    const char *key_id;        /* whose key it was */
    const char *operator_name; /* who said to be there; or NULL */
    const char *time_zone;     /* on whose clock the days were counted */
    int notice_days;           /* that were due */
    struct digest digest;      /* over all that was told */
    int64_t in_time;           /* changes since what had been told, so far ahead */
    int64_t short_notice;
    int64_t too_short;
    int64_t agents; /* how many were told; not of store_list_publications_over() */
    int64_t seen;   /* and how many confirmed it; likewise */
};

/* One agent's part, with whose it is a part of. */
struct publication_agent_row {
    int64_t customer_id;
    struct uuid publication_id;
    const char *agent;           /* slug */
    const char *name;            /* as it was then */
    const char *shifts;          /* JSON array */
    const char *changes;         /* JSON array */
    struct wall_time fetched_at; /* the agent's calendar, since; WALL_NEVER: not yet */
    struct wall_time seen_at;    /* WALL_NEVER: not yet */
    const char *seen_via;        /* "app" or "operator"; NULL: not yet */
    const char *seen_by;         /* the operator */
    const char *seen_how;        /* how the operator knows */
    const char *rota;            /* of the publication, as the rest; not looked at when added */
    struct wall_time from_at;
    struct wall_time to_at;
    struct wall_time published_at;
};

/* Adds a publication; its id is greater than that of any other of the rota. */
enum status store_add_publication(struct store *store, const struct publication_row *row,
                                  struct error *error) MUST_CHECK;
/* Adds one agent's part to a publication that is there; nobody has seen it. */
enum status store_add_publication_agent(struct store *store,
                                        const struct publication_agent_row *row,
                                        struct error *error) MUST_CHECK;

/* Of a rota. STATUS_NOT_FOUND: it was never published. */
enum status store_get_newest_publication(struct store *store, int64_t customer_id, const char *rota,
                                         struct uuid *id_r, struct error *error) MUST_CHECK;
/* Whether the customer ever published anything. */
enum status store_has_publications(struct store *store, int64_t customer_id, bool *has_r,
                                   struct error *error) MUST_CHECK;
enum status store_get_publication(struct store *store, int64_t customer_id, struct uuid id,
                                  struct arena *arena, struct publication_row *row_r,
                                  struct error *error) MUST_CHECK;
/* Of a rota, newest first, ids below `before` (nil: from the newest). */
enum status store_list_publications(struct store *store, int64_t customer_id, const char *rota,
                                    struct uuid before, size_t limit, struct arena *arena,
                                    struct publication_row **rows_r, size_t *count_r,
                                    struct error *error) MUST_CHECK;
/* Of a rota those whose period touches [from, to), newest first. */
enum status store_list_publications_over(struct store *store, int64_t customer_id, const char *rota,
                                         struct wall_time from, struct wall_time to, size_t limit,
                                         struct arena *arena, struct publication_row **rows_r,
                                         size_t *count_r, struct error *error) MUST_CHECK;
/* All parts of a publication, by agent. */
enum status store_list_publication_agents(struct store *store, int64_t customer_id, struct uuid id,
                                          struct arena *arena,
                                          struct publication_agent_row **rows_r, size_t *count_r,
                                          struct error *error) MUST_CHECK;
enum status store_get_publication_agent(struct store *store, int64_t customer_id, struct uuid id,
                                        const char *agent, struct arena *arena,
                                        struct publication_agent_row *row_r,
                                        struct error *error) MUST_CHECK;
/* What one agent was told, of any rota, newest first, ids below `before` (nil: from the newest). */
enum status store_list_publications_of_agent(struct store *store, int64_t customer_id,
                                             const char *agent, struct uuid before, size_t limit,
                                             struct arena *arena,
                                             struct publication_agent_row **rows_r, size_t *count_r,
                                             struct error *error) MUST_CHECK;
/* The newest since which the agent's calendar was not fetched. STATUS_NOT_FOUND: there is none. */
enum status store_get_unfetched_publication(struct store *store, int64_t customer_id,
                                            const char *agent, struct uuid *id_r,
                                            struct error *error) MUST_CHECK;

/* The agent's calendar was fetched when this publication, and all before, had been made. What was
 * noted before stays. */
enum status store_note_fetched(struct store *store, int64_t customer_id, const char *agent,
                               struct uuid newest, struct wall_time now,
                               struct error *error) MUST_CHECK;
/* Writes the row's seen_at, via, by and how, unless it was seen before. */
enum status store_note_seen(struct store *store, const struct publication_agent_row *row,
                            struct error *error) MUST_CHECK;

#endif
