/* admin_api_private.h - the server's own parts: connections, waits, readers, streams, counters. */
#ifndef ADMIN_API_ADMIN_API_PRIVATE_H
#define ADMIN_API_ADMIN_API_PRIVATE_H

#include <microhttpd.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-api/admin_api.h"
#include "admin-api/exchange.h"
#include "admin-api/routes.h"
#include "gateway/base/queue.h"

#define READERS_MAX           16
#define READ_QUEUE_SLOTS      1024
#define READ_MS_MAX           100
#define URI_BYTES_MAX         2048
#define IDEMPOTENCY_KEY_MAX   128
#define RETRY_AFTER_S         2
#define CROWD_RECEIVE_MS      2000  /* in a crowd, for a request to arrive */
#define KEEP_ALIVE_MS         75000 /* an idle connection, and the headers of its next request */
#define INACTIVITY_S          60    /* nothing moves in either direction */
#define SEND_MS_MAX           60000 /* for the client to take the answer */
#define DRAIN_MS_MAX          2000
#define CONNECTION_POOL_BYTES 16384

/* ---- connections.c: every connection and what it is allowed to wait for ---- */

enum phase {
    PHASE_RECEIVING, /* cut with 408 */
    PHASE_HANDLING,  /* never cut: the wait has a deadline of its own */
    PHASE_SENDING,   /* cut */
    PHASE_IDLE,      /* between requests; cut */
};

struct connection {
    struct connection *previous;
    struct connection *next;
    int socket;
    atomic_bool acknowledges; /* its last request was an acknowledgment or a telephony outcome */
    /* The deadline in ms times 4 plus the phase; CONNECTION_CUT once it was cut. One word, so that
     * either the cut or the next phase wins. */
    _Atomic int64_t clock;
};

struct connections {
    pthread_mutex_t mutex;
    struct connection *first; /* the youngest */
    struct connection *last;
    atomic_size_t count;
    size_t calm; /* more are a crowd */
    bool tls;
};

struct connection *http_connection_open(struct admin_api *api, int socket);
void http_connection_close(struct admin_api *api, struct connection *connection);
/* False when it was cut already. */
bool http_connection_set_phase(struct connection *connection, enum phase phase,
                               int64_t deadline_ms);
/* Cuts what is over its deadline, and in a crowd also what holds a connection without need, the
 * oldest first: idle ones; then, idle or not, those whose request takes long to arrive. */
void http_connections_cut(struct admin_api *api, struct monotonic_time now);
/* More than three quarters of all connections are open: an answer ends its connection, unless that
 * acknowledges. So the next in the crowd has its turn, and agents and telephony find a place. */
bool http_connections_are_crowded(struct admin_api *api);
/* Something arrived on one of them that no worker has read yet. */
bool http_connections_are_unread(struct admin_api *api);

/* ---- waiting.c: suspended requests; either the answer or the deadline wins ---- */

/* New escalations may hold half of the connections while they wait, and everything else but
 * acknowledgments and telephony outcomes a quarter: those always find one. */
enum waiting_kind { WAITING_ACKNOWLEDGMENT, WAITING_NEW, WAITING_OTHER, WAITING_KINDS_COUNT };

struct waiting {
    pthread_mutex_t mutex;
    struct exchange *first; /* by deadline, the earliest first */
    struct exchange *last;
    size_t count;
    atomic_size_t of_kind[WAITING_KINDS_COUNT];
    size_t post_again;
    bool stopping; /* nothing may be suspended any more */
};

/* Whether one more request of this route is refused: its kind has its share. May be over by one an
 * HTTP thread. */
bool waiting_is_full(struct admin_api *api, const struct route *route);
/* Suspends the connection and hands the exchange to whoever does the work. False: stopping, the
 * answer is there. */
bool waiting_begin(struct exchange *exchange);
/* Any thread: the work is done. Resumes the connection, or destroys the exchange when nobody waits
 * any more. */
void waiting_finish(struct exchange *exchange);
/* Gives the exchange to the engine or to the readers. */
void waiting_submit(struct exchange *exchange);
/* Answers those whose deadline passed; tries again what met a full lane. */
void waiting_turn(struct admin_api *api, struct monotonic_time now);
/* Answers all 503 and refuses new ones. */
void waiting_stop(struct admin_api *api);
size_t waiting_count(struct admin_api *api, size_t *post_again_r);

/* ---- readers.c: threads with a reading connection each ---- */

struct reader {
    struct admin_api *api;
    struct store *store;
    pthread_t thread;
};

struct readers {
    struct queue *queue;
    sem_t items;
    struct reader all[READERS_MAX];
    unsigned count;
    atomic_bool stopping;
};

enum status readers_start(struct admin_api *api, unsigned count, const char *database_path,
                          struct error *error) MUST_CHECK;
/* STATUS_FULL when the queue is. */
enum status readers_push(struct admin_api *api, struct exchange *exchange) MUST_CHECK;
/* Ends the threads; what is still queued is destroyed. Call after waiting_stop(). */
void readers_stop(struct admin_api *api);

/* ---- streams.c: live streams ---- */

#define STREAMS_MAX             64
#define STREAM_BUFFER_BYTES     ((size_t)64 * 1024)
#define STREAM_HEARTBEAT_MS     15000
#define STREAM_STALLED_MS       30000
#define STREAM_ENTRIES_PER_READ 64

struct stream;

struct streams {
    pthread_mutex_t mutex;
    struct stream *first;
    atomic_size_t count;
    bool stopping;
    int wake; /* eventfd */
    pthread_t thread;
    bool started;
    struct store *store;
};

enum status streams_start(struct admin_api *api, const char *database_path,
                          struct error *error) MUST_CHECK;
/* The engine's listener. */
void streams_wake(void *api);
/* A response that never ends; NULL: too many, or stopping. */
struct MHD_Response *live_stream_create(struct exchange *exchange);
size_t streams_count(struct admin_api *api);
void streams_stop(struct admin_api *api);

/* ---- doorkeeper.c: the listening socket, and who may come in ---- */

struct doorkeeper {
    pthread_t thread;
    bool started;
    int door;               /* listens */
    int news;               /* eventfd: somebody left, or it is to stop */
    int spare;              /* a descriptor to give away when there is none left */
    size_t handed_over;     /* to libmicrohttpd; the thread's own, as is told_at */
    atomic_size_t arrived;  /* of these, at a worker */
    atomic_size_t departed; /* of these, closed */
    atomic_bool wants_news;
    atomic_bool stopping;
    struct monotonic_time told_at;
};

/* Listens, and finds the port. The descriptors are -1 before and after a failure. */
enum status doorkeeper_open(struct admin_api *api,
                            const struct admin_api_configuration *configuration,
                            struct error *error) MUST_CHECK;
/* Hands connections over from now on: libmicrohttpd runs until doorkeeper_stop() has returned. */
enum status doorkeeper_start(struct admin_api *api, struct error *error) MUST_CHECK;
void doorkeeper_stop(struct admin_api *api);
/* The last: the counts below are told until libmicrohttpd has ended. */
void doorkeeper_close(struct admin_api *api);
/* Any thread: libmicrohttpd has begun, and has ended, to serve a connection. */
void doorkeeper_note_arrival(struct admin_api *api);
void doorkeeper_note_departure(struct admin_api *api);

/* ---- the server ---- */

#define DURATION_BUCKETS 8

struct counters {
    _Atomic uint64_t answers[ROUTES_MAX][5]; /* by route and hundreds of the status */
    _Atomic uint64_t unrouted[5];
    _Atomic uint64_t durations[DURATION_BUCKETS];
    _Atomic uint64_t duration_ms_sum;
    _Atomic uint64_t connections_cut;
    _Atomic uint64_t callers_turned_away; /* no file descriptor left */
    _Atomic uint64_t deadlines_passed;
    _Atomic uint64_t framing_refused;
};

/* Upper ends of the buckets but the last, in ms. */
extern const int64_t duration_bucket_ms[DURATION_BUCKETS - 1];

#define ADMIN_API_MAGIC 0x61706941u

struct admin_api {
    unsigned magic;
    struct engine *engine;
    struct clock_source clock;
    struct admin_api_hooks hooks;
    struct admin_api_backups backups;
    struct admin_api_calendars calendars;
    struct admin_api_coverage coverage;
    struct nightly *nightly;                     /* NULL: it is off */
    char feeds_place[PUBLIC_URL_BYTES_MAX + 16]; /* what a feed's address begins with */
    int64_t request_deadline_ms;
    size_t body_bytes_max;
    size_t connections_max;
    atomic_bool hashing; /* a reader hashes a PIN: one at a time, so that others are free to read */
    struct MHD_Daemon *daemon;
    uint16_t port;
    atomic_bool draining; /* new requests are refused */
    atomic_size_t requests_open;
    atomic_int long_bodies; /* being received or worked on; at most LONG_BODIES_MAX */
    struct connections connections;
    struct waiting waiting;
    struct readers readers;
    struct streams streams;
    struct doorkeeper doorkeeper;
    struct counters counters;
    int deadlines_wake; /* eventfd of the thread that watches deadlines */
    pthread_t deadlines_thread;
    bool deadlines_started;
    atomic_bool deadlines_stopping;
};

/* ---- request.c: one request as libmicrohttpd sees it ---- */

#define REQUEST_MAGIC 0x72657173u

struct request {
    unsigned magic;
    struct admin_api *api;
    struct MHD_Connection *mhd;
    struct connection *connection;
    struct exchange *exchange;
    size_t body_capacity;
    size_t uri_bytes;
    bool headers_seen;
    bool begun; /* the handler ran */
    bool uri_refused;
    bool body_is_long;        /* and holds one of the places of such */
    enum status body_refused; /* STATUS_OK until it is */
};

/* libmicrohttpd's callbacks. */
void *request_on_uri(void *api, const char *uri, struct MHD_Connection *connection);
enum MHD_Result request_on_access(void *api, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **context);
void request_on_completed(void *api, struct MHD_Connection *connection, void **context,
                          enum MHD_RequestTerminationCode reason);

/* ---- framing.c ---- */

/* Walks all headers: refuses duplicates and conflicts, keeps what the handlers need. false: the
 * answer is there. */
bool request_framing_check(struct request *request, const char *method, const char *path,
                           const char *version);

/* ---- upload.c: how long a body may be, and its pieces ---- */

/* What a ROUTE_LONG takes beyond the usual (rota_import.h takes as much), and how many of them are
 * received at a time. */
#define LONG_BODY_BYTES_MAX ((size_t)1024 * 1024)
#define LONG_BODIES_MAX     4

/* Whether the request may have a body of so many bytes; the first beyond the usual takes a place of
 * the long ones until upload_end(). False: upload_refuse() answers. */
bool upload_may_have(struct request *request, const char *method, const char *path, size_t bytes);
/* The answer 413, or 503 when every place is taken. */
void upload_refuse(struct request *request);
/* Of one that may not come: whether it is read to its end all the same, and dropped, before the
 * answer. A client that is still sending when the connection is closed may never see the answer
 * (RFC 9112, section 9.6); one that waits for leave to send, or finds all places taken, is answered
 * at once. */
bool upload_is_read(const struct request *request, size_t bytes);
/* One piece; of a refused body it is read and dropped, so that the answer can be heard. MHD_NO: it
 * goes on for too long, or there is no memory. */
enum MHD_Result upload_receive(struct request *request, const char *method, const char *path,
                               const char *piece, size_t bytes);
/* Gives the place back. */
void upload_end(struct request *request);

/* ---- authorize.c ---- */

/* Who asks, and whether they may. false: the answer is there. */
bool authorize(struct exchange *exchange);

/* ---- dispatch.c ---- */

/* Routes, authorizes, checks and runs the handler. */
enum next exchange_run(struct exchange *exchange, const char *method, const char *path);

static inline struct monotonic_time api_monotonic(const struct admin_api *api)
{
    return clock_monotonic(&api->clock);
}

#endif
