/* pool.h - all traffic to one host and port: a queue of exchanges by rank, the connections that
 * take new ones, and those that are draining after a GOAWAY.
 *
 * It opens a connection when something waits, another when those there have no room, closes what
 * has been idle for a minute, replays at once what the peer did not process, keeps APNs' rule of
 * one stream until a token was accepted, and waits between failing attempts. What an answer means
 * is the exchange owner's business. Loop thread only.
 *
 *     pool.c             exchanges: the queue, the streams, what became of them
 *     pool_connections.c connections: when to open, trust, set aside and close them
 */
#ifndef APNS_FCM_POOL_H
#define APNS_FCM_POOL_H

#include <openssl/ssl.h>

#include "apns-fcm/connection.h"
#include "apns-fcm/counters.h"
#include "apns-fcm/latency.h"
#include "apns-fcm/resolver.h"
#include "apns-fcm/settings.h"

#define POOL_CONNECTIONS_MAX 8
#define POOL_DRAINING_MAX    (2 * POOL_CONNECTIONS_MAX)
/* All of them and one more may close in one turn. */
#define POOL_CLOSED_MAX (POOL_CONNECTIONS_MAX + POOL_DRAINING_MAX + 1)

/* Which addresses may be connected to. */
enum pool_reach { POOL_ANYWHERE, POOL_PUBLIC, POOL_PUBLIC_OR_LOOPBACK };

/* Where a pool leads. Texts are borrowed until pool_aim() names others. */
struct pool_target {
    SSL_CTX *tls;
    const char *host;
    const char *port;
    const struct settings_proxy *proxy; /* NULL: none */
    enum pool_reach reach;
};

/* A place for a connection that takes new exchanges. */
struct seat {
    struct connection *connection;     /* opening or open; NULL: free */
    bool proven;                       /* a token was accepted on it */
    struct monotonic_time progress_at; /* its last answer, or first request */
};

struct pool {
    const char *name; /* for the log: "apns", "fcm", … */
    struct loop *loop;
    struct pool_target target;
    struct counters *counters;      /* NULL: not counted */
    _Atomic int64_t *clock_skew_ms; /* where the peer's `date` minus ours goes */
    /* Whether exchanges may go out now (a token is there); NULL: always. */
    bool (*ready)(void *context);
    void *ready_context;
    bool one_stream_until_proven; /* APNs with tokens */
    bool keep_connected;          /* one connection at least, always */
    size_t connections_max;

    struct exchange_list queue[EXCHANGE_RANKS];
    size_t queued; /* in all of them */
    struct exchange_list hedges;
    size_t hedges_in_flight;
    struct latency latency;

    struct seat seats[POOL_CONNECTIONS_MAX];
    struct seat *ending;                            /* whose exchange is just being told its end */
    struct connection *draining[POOL_DRAINING_MAX]; /* no new streams */
    size_t draining_count;
    struct connection *closed[POOL_CLOSED_MAX]; /* to be freed next turn */
    size_t closed_count;
    uint64_t connections_ever;
    SSL_SESSION *session; /* to resume the next connection with */

    struct resolve *resolve;
    struct monotonic_time resolve_until;
    struct addrinfo *addresses;
    const struct addrinfo *next_address;

    unsigned failures;                   /* attempts to get an answer, in a row */
    struct monotonic_time failing_since; /* the first of them */
    unsigned refusals;                   /* streams refused since the last answer */
    struct monotonic_time connect_at;    /* not before */
    struct monotonic_time resume_at;     /* no new streams before */
    struct monotonic_time full_since;    /* something waits and no connection has room */
    struct monotonic_time used_at;       /* the last exchange was enqueued */
    const char *trouble;                 /* why it does not work; NULL while it does */
    struct monotonic_time cut_off_since; /* something waited and no connection can be trusted */

    /* The owner's. */
    bool delay_told; /* the jobs in it know that it is down */
    unsigned faults; /* answers in a row that were the provider's own failure */
    struct monotonic_time faulty_since;
    struct monotonic_time faulty_at; /* the last of them */
};

void pool_init(struct pool *pool, const char *name, struct loop *loop, struct counters *counters,
               size_t connections_max);
/* Closes everything; the queue must be empty and nothing in flight. */
void pool_fini(struct pool *pool);

/* Sets or changes where the pool leads. Connections that exist take no new exchanges and close when
 * they are empty. */
void pool_aim(struct pool *pool, const struct pool_target *target);

/* Appends to the rank's queue, or puts before it (replays). */
void pool_enqueue(struct pool *pool, struct exchange *exchange, bool at_head);

/* A second try of an exchange that is in flight on the connection of `other_number`: goes out on
 * another one, which is opened if need be. */
void pool_enqueue_hedge(struct pool *pool, struct exchange *exchange, uint64_t other_number);

/* Takes an exchange out of the queue or off its stream; it is outside afterwards. */
void pool_withdraw(struct pool *pool, struct exchange *exchange);

/* From inside an exchange's `end`: a token was accepted or refused on that connection: APNs then
 * allows many streams there, or one. */
void pool_set_proven(struct pool *pool, bool proven);

/* Another token replaces the one that was used: the connections that are open finish what they
 * have, and new ones take their place. Apple counts a token's changes on each connection and
 * refuses (429) what comes within 20 minutes; a connection of its own never sees a change. */
void pool_hand_over(struct pool *pool);

/* Opens, fills, pings, closes: once a turn. A connection that is alive but answers nothing while
 * others wait behind it is set aside for a fresh one: its exchanges go on, the others move. */
void pool_work(struct pool *pool);

/* When pool_work() is next needed even if nothing happens. */
struct monotonic_time pool_due(const struct pool *pool);

bool pool_is_connected(const struct pool *pool);

/* Nothing queued, nothing in flight, nothing being opened: pool_fini() would lose nothing. */
bool pool_is_idle(const struct pool *pool);

/* Calls `see` for each connection. */
void pool_view(const struct pool *pool,
               void (*see)(void *context, const struct connection *connection), void *context);

/* ---- between pool.c and pool_connections.c ---- */

/* An exchange's stream is over. seat: its connection's, NULL when that drains. */
void pool_end_exchange(struct pool *pool, struct seat *seat, struct exchange *exchange,
                       enum exchange_end end);

void pool_connections_work(struct pool *pool);
struct monotonic_time pool_connections_due(const struct pool *pool);
/* The seat that the next exchange goes to, or NULL. other_number: not that connection; 0: any. */
struct seat *pool_best_seat(struct pool *pool, uint64_t other_number);
/* No new exchanges on this connection; it closes when the last has ended. may_return: an answer on
 * it brings it back. */
void pool_set_aside(struct pool *pool, struct seat *seat, bool may_return);
/* Calls `act` for every connection there is; each may close. */
void pool_for_each_connection(struct pool *pool, void (*act)(struct connection *));
void pool_note_failure(struct pool *pool, const char *reason);
void pool_note_success(struct pool *pool);

#define POOL_COUNT(pool_, member_)                                                                 \
    do {                                                                                           \
        if ((pool_)->counters != NULL) {                                                           \
            counter_add(&(pool_)->counters->member_, 1);                                           \
        }                                                                                          \
    } while (0)

#endif
