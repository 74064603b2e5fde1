/* channel.h - all traffic to one host and port: a queue of exchanges by rank, the connection that
 * takes new ones, and those that are draining after a GOAWAY.
 *
 * It opens a connection when something waits, replays at once what the peer did not process, keeps
 * APNs' rule of one stream until a token was accepted, and waits between failing attempts. What an
 * answer means is the exchange owner's business. Loop thread only.
 */
#ifndef APNS_FCM_CHANNEL_H
#define APNS_FCM_CHANNEL_H

#include <openssl/ssl.h>

#include "apns-fcm/connection.h"
#include "apns-fcm/counters.h"
#include "apns-fcm/resolver.h"

#define CHANNEL_CONNECTIONS_MAX 8
/* All of them, the current one and its successor may close in one turn. */
#define CHANNEL_CLOSED_MAX (CHANNEL_CONNECTIONS_MAX + 2)

struct channel {
    const char *name; /* for the log: "apns", "fcm", … */
    struct loop *loop;
    SSL_CTX *tls; /* borrowed; with host and port: channel_aim() */
    const char *host;
    const char *port;
    struct counters *counters;      /* NULL: not counted */
    _Atomic int64_t *clock_skew_ms; /* where the peer's `date` minus ours goes */
    /* Whether exchanges may go out now (FCM: a bearer token is there); NULL: always. */
    bool (*ready)(void *context);
    void *ready_context;
    bool one_stream_until_proven; /* APNs */

    struct exchange_list queue[EXCHANGE_RANKS];
    size_t queued;
    struct connection *current;                           /* opening or open; or NULL */
    struct connection *draining[CHANNEL_CONNECTIONS_MAX]; /* no new streams */
    struct connection *closed[CHANNEL_CLOSED_MAX];        /* to be freed next turn */
    size_t draining_count;
    size_t closed_count;
    bool proven;                       /* on the current connection a token was accepted */
    struct monotonic_time progress_at; /* the current connection's last answer, or first request */

    struct resolve *resolve;
    struct monotonic_time resolve_until;
    struct addrinfo *addresses;
    const struct addrinfo *next_address;

    unsigned failures;                /* attempts to get an answer, in a row */
    unsigned refusals;                /* streams refused since the last answer */
    struct monotonic_time connect_at; /* not before */
    struct monotonic_time resume_at;  /* no new streams before */
    const char *trouble;              /* why it does not work; NULL while it does */
};

void channel_init(struct channel *channel, const char *name, struct loop *loop,
                  struct counters *counters);
/* Closes everything; the queue must be empty and nothing in flight. */
void channel_fini(struct channel *channel);

/* Sets or changes where the channel leads. Borrowed until the next call. Connections that exist
 * take no new exchanges and close when they are empty. */
void channel_aim(struct channel *channel, SSL_CTX *tls, const char *host, const char *port);

/* Appends to the rank's queue, or puts before it (replays). */
void channel_enqueue(struct channel *channel, struct exchange *exchange, bool at_head);

/* Takes an exchange out of the queue or off its stream; it is outside afterwards. */
void channel_withdraw(struct channel *channel, struct exchange *exchange);

/* A token was accepted or refused: APNs then allows many streams, or one. */
void channel_set_proven(struct channel *channel, bool proven);

/* Opens, fills, pings, closes: once a turn. A connection that is alive but answers nothing while
 * others wait behind it is set aside for a fresh one: its exchanges go on, the others move. */
void channel_work(struct channel *channel);

/* When channel_work() is next needed even if nothing happens. */
struct monotonic_time channel_due(const struct channel *channel);

/* Whether nothing can be sent at present, and for how many attempts. */
bool channel_is_connected(const struct channel *channel);

#endif
