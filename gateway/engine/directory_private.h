/* directory_private.h - how the writer builds and shares directories. */
#ifndef GATEWAY_ENGINE_DIRECTORY_PRIVATE_H
#define GATEWAY_ENGINE_DIRECTORY_PRIVATE_H

#include <stdatomic.h>

#include "gateway/base/arena.h"
#include "gateway/engine/directory.h"
#include "gateway/engine/engine.h"
#include "gateway/store/store.h"

/* A calendar that was read, and of which texts: shared by the snapshots of its customer for as long
 * as these stay the same and its years reach. Reading a file takes up to a tenth of a second, which
 * must not come with each phone that registers. */
struct shared_calendar {
    _Atomic int references;
    struct arena *arena;
    struct digest texts;
    struct wall_time from;
    struct wall_time until;
    const struct engine_calendar *calendar;
};

struct shared_rota; /* directory_rotas.c */

/* One customer as of one moment; shared by all directories made until it changes. */
struct customer_snapshot {
    _Atomic int references;
    struct arena *arena;
    struct shared_calendar *calendar; /* the customer's, or NULL */
    struct shared_rota **rotas;       /* as many as the customer has; NULL: it does not compile */
    struct directory_customer customer;
};

/* A number and who is called on it. */
struct directory_number {
    const char *number; /* the snapshot's */
    const struct customer_snapshot *snapshot;
};

struct directory {
    _Atomic int references;
    uint64_t generation;
    struct arena *arena;
    struct customer_snapshot **by_slug;
    struct customer_snapshot **by_id;
    size_t customers_count;
    struct directory_number *numbers; /* by number */
    size_t numbers_count;
    struct directory_api_key *keys; /* by id */
    size_t keys_count;
};

/* How far around now rotas are compiled, and how much of it must always be left: behind now, as
 * the wall may be set back. */
#define ROTA_BEHIND_MS      (INT64_C(24) * 3600000)
#define ROTA_BEHIND_LEFT_MS INT64_C(3600000)
#define ROTA_AHEAD_MS       (INT64_C(21) * 86400000)
#define ROTA_LEFT_MS        (INT64_C(7) * 86400000)
/* One that does not compile is tried again, as the reason may be a file of the machine's. */
#define ROTA_AGAIN_MS INT64_C(60000)

/* How much of what a calendar knows must always be left: what is asked about it, and how far a
 * shift is followed from there, are two years at most. */
#define CALENDAR_BEHIND_LEFT_MS (INT64_C(2) * 366 * 86400000)
#define CALENDAR_LEFT_MS        (INT64_C(5) * 366 * 86400000)

/* What building needs; borrowed. */
struct directory_builder {
    struct store *store;
    const struct engine_rotas *rotas;
    struct wall_time now;
    const char *root_key;             /* or NULL */
    struct shared_calendar *calendar; /* that was just read, or NULL */
};

/* ---- calendars (directory_calendar.c); any thread ---- */

/* The caller releases it. Statuses as read_calendar() of struct engine_rotas. */
enum status shared_calendar_read(const struct engine_rotas *rotas,
                                 const struct engine_calendar_texts *texts, struct wall_time now,
                                 struct shared_calendar **shared_r, struct error *error) MUST_CHECK;
struct shared_calendar *shared_calendar_hold(struct shared_calendar *shared);
void shared_calendar_release(struct shared_calendar *shared); /* NULL is fine */
/* Whether it is of these texts, and none that is to be read again now; false for NULL. */
bool shared_calendar_serves(const struct shared_calendar *shared,
                            const struct engine_calendar_texts *texts, struct wall_time now);

/* Sets the pauses of a customer's agents (directory_pauses.c). rows is for what is needed
 * meanwhile; what is kept lives in the arena. */
enum status directory_pauses_load(struct store *store, int64_t customer_id, struct arena *rows,
                                  struct arena *arena, struct directory_person *agents,
                                  size_t agents_count, struct error *error) MUST_CHECK;

/* ---- rotas (directory_rotas.c); any thread ---- */

/* Fills in a rota of a snapshot, by its number, whose id and slug are set; calendar and agents are
 * there. What the snapshot before (or NULL) compiled of the same and still reaches is shared. A
 * rota that does not compile says so and is no failure. scratch is for what is needed meanwhile.
 * STATUS_NO_MEMORY. */
enum status snapshot_compile_rota(const struct directory_builder *builder,
                                  const struct customer_snapshot *before,
                                  struct customer_snapshot *snapshot, struct directory_rota *rota,
                                  size_t number, const char *definition, struct arena *scratch,
                                  struct error *error) MUST_CHECK;
/* Also of a snapshot that did not become whole. */
void snapshot_release_rotas(const struct customer_snapshot *snapshot);

/* Reads one customer; what its snapshot before has and still serves is shared. That may be NULL. */
enum status customer_snapshot_load(const struct directory_builder *builder,
                                   const struct customer_row *row,
                                   const struct customer_snapshot *before,
                                   struct customer_snapshot **snapshot_r,
                                   struct error *error) MUST_CHECK;
void customer_snapshot_release(struct customer_snapshot *snapshot);
/* Its shared phones (directory_shared.c); rows: an arena for what is read. */
enum status shared_phones_load(const struct directory_builder *builder,
                               struct customer_snapshot *snapshot, struct arena *rows,
                               struct error *error) MUST_CHECK;

/* Reads a stored procedure, which was sound when it was stored. When memory runs out, the JSON
 * library may call it broken: asked twice, so that a procedure does not vanish for that.
 * STATUS_NO_MEMORY; STATUS_INVALID: it is broken. */
enum status procedure_parse_stored(const struct definition_row *row, struct arena *arena,
                                   struct procedure **procedure_r, struct error *error) MUST_CHECK;

/* Everything from the store. */
enum status directory_load(const struct directory_builder *builder, struct directory **directory_r,
                           struct error *error) MUST_CHECK;

/* A copy of `before` with one customer (0: none) and all keys read again. */
enum status directory_reload(const struct directory_builder *builder,
                             const struct directory *before, int64_t customer_id,
                             struct directory **directory_r, struct error *error) MUST_CHECK;

void directory_hold(struct directory *directory);
void directory_release(struct directory *directory);

/* How long the compiled rota or the calendar that runs short first still does, whose customer it
 * is; not positive: it is to be read again. TIME_NEVER_MS without any. */
int64_t directory_rotas_wear(const struct directory *directory, struct wall_time now,
                             int64_t *customer_id_r);
/* Whether all rotas of a customer say who is on call now. */
bool directory_rotas_cover(const struct directory_customer *customer, struct wall_time now);

/* ---- tokens (directory_tokens.c) ---- */

/* "ak_", "at_", "st_" or "fd_", 22 characters of id, '_', 43 of secret. */
#define TOKEN_ID_CHARS     22
#define TOKEN_SECRET_CHARS 43
#define TOKEN_BYTES_MAX    (3 + TOKEN_ID_CHARS + 1 + TOKEN_SECRET_CHARS + 1)

struct token_parts {
    char id[TOKEN_ID_CHARS + 1];
    const char *secret;
};

/* Splits a token with the prefix ("ak_"). False when it does not have the form. */
bool token_split(const char *token, const char *prefix, struct token_parts *parts_r);
struct digest token_hash(const char *secret);

/* The numbers that a token's id part holds; false when it holds none. */
bool token_numbers(const struct token_parts *parts, int64_t numbers_r[2]);
/* The token of other numbers and the same secret. */
void token_renumber(char token[TOKEN_BYTES_MAX], const int64_t numbers[2]);

/* A fresh token from random bytes; id_r is its id part. */
void token_make(const char *prefix, const void *id_bytes, const struct random_source *random,
                char token_r[TOKEN_BYTES_MAX], struct digest *hash_r);

/* Adds to people of one kind their numbers behind the first, which live in `kept`. What is read
 * lives in `scratch`. Statuses as store_list_further_numbers(); STATUS_NO_MEMORY. */
enum status directory_load_phones(struct store *store, int64_t customer_id, struct arena *scratch,
                                  struct arena *kept, struct directory_person *persons,
                                  size_t persons_count, struct error *error) MUST_CHECK;

#endif
