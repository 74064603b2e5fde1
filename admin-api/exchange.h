/* exchange.h - one request on its way through the house: what came in, who asks, what is done about
 * it and what goes back. All handlers share it.
 *
 * An exchange and all its texts live in its own arena, so that it can outlive the connection: when
 * a deadline passes, the client is answered and the exchange is left alone until the engine or a
 * reader is done with it.
 */
#ifndef ADMIN_API_EXCHANGE_H
#define ADMIN_API_EXCHANGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/json_reader.h"
#include "gateway/base/json_writer.h"
#include "gateway/base/status.h"
#include "gateway/base/time.h"
#include "gateway/engine/command.h"
#include "gateway/engine/directory.h"
#include "gateway/store/store.h"
#include "gateway/store/store_several.h"

#define EXCHANGE_ARENA_BYTES_MAX ((size_t)24 * 1024 * 1024)
#define PATH_PARAMETERS_MAX      3
#define QUERY_PARAMETERS_MAX     8
#define QUERY_VALUE_BYTES_MAX    256
#define VIEW_BYTES_MAX           ((size_t)4 * 1024 * 1024)

struct admin_api;
struct admin_api_planning;
struct exchange;
struct request;
struct route;
struct rehearsal_request;
struct coverage_walk;
struct reports;
struct publishing;
struct desk_call;

/* What a handler wants to happen next. */
enum next {
    NEXT_ANSWER,  /* the answer is in the exchange */
    NEXT_COMMAND, /* post exchange->command; its answer is the answer */
    NEXT_READ,    /* call exchange->read in a reader thread */
    NEXT_STREAM,  /* the answer is a live stream of exchange->customer_id */
};

typedef enum next exchange_handler(struct exchange *exchange);
typedef enum next exchange_reader(struct exchange *exchange, struct store *store);

struct query_parameter {
    const char *name;
    const char *value;
};

struct exchange {
    unsigned magic;
    struct admin_api *api;
    struct arena *arena;

    /* What came in. */
    const struct route *route;
    const char *parameters[PATH_PARAMETERS_MAX]; /* of the path, in order */
    struct query_parameter query[QUERY_PARAMETERS_MAX];
    size_t query_count;
    const char *body;
    size_t body_bytes;
    const char *content_type;    /* or NULL */
    const char *authorization;   /* or NULL */
    const char *idempotency_key; /* or NULL */
    const char *last_event_id;   /* or NULL */
    const char *if_none_match;   /* or NULL */
    json_t *json;                /* the parsed body; released with the exchange */
    struct wall_time received_at;
    struct monotonic_time started_at;

    /* Who asks. The directory is held until the command is posted or the answer is there. */
    const struct directory *directory;
    struct principal principal;
    const char *action_token;                  /* "xt_…" instead of a principal */
    const struct directory_customer *customer; /* of the path, covered by the principal */
    int64_t customer_id;
    struct customer_set several; /* exchange_several() */

    /* What is done. */
    struct command command;
    exchange_handler *after; /* answers when the command succeeded without a body of its own */
    exchange_reader *read;
    struct uuid id;                            /* of the path, for reads */
    int64_t device_id;                         /* of the path, for reads */
    struct uuid cursor;                        /* lists */
    size_t limit;                              /* lists */
    int64_t last_seq;                          /* streams: the last event that the client has */
    bool begins_stream;                        /* a reader made it ready */
    const struct directory_feed *feed;         /* calendars: of the directory */
    const char *pin;                           /* to be hashed */
    int64_t phone_id;                          /* of the path, for reads */
    const struct admin_api_planning *planning; /* imports: in the arena */
    bool dry_run;
    bool replaces;
    bool as_csv;
    struct wall_time window_from; /* rotas, shifts: what is asked about */
    struct wall_time window_to;
    const struct rehearsal_request *rehearsal; /* what is to be played */
    struct coverage_walk *coverage;            /* how far it is */
    struct reports *reports;                   /* coverage: what was kept of it */
    struct publishing *publishing;             /* what is to be published */
    struct desk_call *desk_call;               /* what memory says of a call that came in */
    unsigned states;                           /* lists of escalations: bits 1 << state */
    int ticket_state;                          /* lists of tickets: enum ticket_state */

    /* What goes back. */
    int http_status;
    const char *answer_type; /* content type; NULL: application/json */
    const char *answer;
    size_t answer_bytes;
    const char *allow;         /* 405 */
    const char *cache_control; /* NULL: no-store */
    const char *etag;          /* NULL: none */
    int retry_after_s;         /* 0: none */
    bool challenge;            /* 401: WWW-Authenticate */
    bool close_connection;

    /* The wait: guarded by the mutex of waiting.c. */
    struct request *request; /* NULL: nobody waits any more */
    struct monotonic_time deadline;
    bool command_done; /* the answer is the command's */
    bool post_again;   /* its lane was full: to be tried again */
    struct exchange *previous;
    struct exchange *next;
};

/* NULL when out of memory. */
struct exchange *exchange_create(struct admin_api *api);
void exchange_destroy(struct exchange **exchange);
void exchange_release_directory(struct exchange *exchange);

/* ---- answers; each returns NEXT_ANSWER ---- */

/* A finished document. */
enum next reply_json(struct exchange *exchange, int http_status, const char *body, size_t bytes);
enum next reply_nothing(struct exchange *exchange); /* 204 */
/* A problem document (RFC 9457). error may be NULL; members is a JSON object whose members are
 * added, or NULL. */
enum next reply_problem(struct exchange *exchange, enum status status, const struct error *error,
                        const char *members);
/* As reply_problem() with a text; pointer may be NULL. */
enum next reply_fault(struct exchange *exchange, enum status status, const char *pointer,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
/* 503 for what there is no room for now, with the engine's word on when there will be. */
enum next reply_full(struct exchange *exchange);
/* The problem of another HTTP status than the status' own. */
enum next reply_http_problem(struct exchange *exchange, int http_status, enum status status,
                             const char *text);
/* What the engine answered. HTTP threads. */
enum next reply_command(struct exchange *exchange);

/* The HTTP status of a refusal. */
int http_status_of(enum status status);

/* ---- rendering ---- */

/* Writes one document; called again with more room when it did not fit. */
typedef void view_writer(struct json_writer *json, void *context);

/* Renders and answers 200. */
enum next reply_view(struct exchange *exchange, view_writer *write, void *context);

/* ---- reading what came in ---- */

/* Parses the body as an object (none counts as {}) and begins to read it. On false the answer is
 * there. */
bool body_begin(struct exchange *exchange, struct json_reader *reader, struct error *error);
/* Ends it. On false the answer is there. */
bool body_end(struct exchange *exchange, struct json_reader *reader);

/* The value, or NULL. */
const char *query_value(const struct exchange *exchange, const char *name);
/* Refuses parameters that are not in the NULL-terminated list. On false the answer is there. */
bool query_check(struct exchange *exchange, const char *const *names);
/* One of two words, the first by default. On false the answer is there. */
bool query_choice(struct exchange *exchange, const char *name, const char *usual, const char *other,
                  bool *is_other_r);
/* limit and cursor. On false the answer is there. */
bool query_page(struct exchange *exchange);
/* A time such as 2026-01-31T18:00:00Z, or the fallback. On false the answer is there. */
bool query_time(struct exchange *exchange, const char *name, struct wall_time fallback,
                struct wall_time *time_r);
/* ?customer=, which may be left out when the key covers exactly one. On false the answer is there;
 * on true exchange->customer is set. */
bool query_customer(struct exchange *exchange);

/* As query_customer(), but without the parameter customer and customer_id stay NULL and 0: all that
 * the key covers. */
bool query_customer_or_all(struct exchange *exchange);
/* After it: the customers whose rows a list may look at, NULL when customer_id says it (0: all).
 * Valid as long as the directory is held. */
const struct customer_set *exchange_several(struct exchange *exchange);

/* The path's parameter as an id; on false the answer (404) is there. */
bool path_uuid(struct exchange *exchange, size_t index, struct uuid *uuid_r);
/* The path's parameter as a slug; on false the answer (400) is there. */
bool path_slug(struct exchange *exchange, size_t index, const char **slug_r);

/* Prepares the command; its request is filled in by the handler. */
struct command *exchange_command(struct exchange *exchange, enum command_type type);

#endif
