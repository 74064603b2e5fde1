/* connection.h - one HTTP/2 connection: socket, TLS, nghttp2 and the exchanges on its streams.
 *
 * It knows no policy: the pool that owns it decides what goes out, and hears of every end. All
 * calls and events in the loop's thread. No event comes while a connection_…() call other than
 * connection_close() runs, except the ends that connection_close() announces.
 */
#ifndef APNS_FCM_CONNECTION_H
#define APNS_FCM_CONNECTION_H

#include <netdb.h>
#include <openssl/ssl.h>

#include "apns-fcm/exchange.h"
#include "apns-fcm/loop.h"

/* What the owner hears. connection_destroy() is forbidden inside. */
struct connection_events {
    void (*opened)(void *owner, struct connection *connection);
    /* The exchange left the connection; it may be freed. */
    void (*ended)(void *owner, struct connection *connection, struct exchange *exchange,
                  enum exchange_end end);
    /* GOAWAY, or the streams are used up (reason is NULL): no new ones; those there go on. reason
     * is the peer's word as far as it is letters and '-' and '_', or "". */
    void (*draining)(void *owner, struct connection *connection, const char *reason);
    /* Over, after every exchange on it has ended. reason is a fixed word. */
    void (*closed)(void *owner, struct connection *connection, const char *reason);
    /* The peer's `date` header, when it changed. */
    void (*date)(void *owner, const char *text, size_t bytes);
    /* A TLS session to resume the next connection with; becomes the owner's. */
    void (*session)(void *owner, SSL_SESSION *session);
};

/* Where a connection leads. Borrowed while connection_open() runs, but for the texts, which live as
 * long as the connection opens. */
struct connection_target {
    SSL_CTX *tls; /* the connection takes a reference */
    const char *host;
    const char *port;
    bool through_proxy; /* the address is a proxy's: CONNECT host:port first */
    const char *proxy_authorization;
};

/* Begins to connect to one address. `number` names the connection for its owner. session: a TLS
 * session to resume, or NULL; stays the caller's. opening_ms_max bounds TCP, proxy and TLS. */
enum status connection_open(struct loop *loop, const struct connection_target *target,
                            const struct addrinfo *address, SSL_SESSION *session,
                            int64_t opening_ms_max, uint64_t number,
                            const struct connection_events *events, void *owner,
                            struct connection **connection_r) MUST_CHECK;

/* Frees a closed connection and NULLs; not in the turn in which it was closed. */
void connection_destroy(struct connection **connection);

uint64_t connection_number(const struct connection *connection);
/* How many more exchanges may be started now; 0 unless open. */
size_t connection_room(const struct connection *connection);
size_t connection_in_flight(const struct connection *connection);
bool connection_is_open(const struct connection *connection);
/* Also true after it closed. */
bool connection_was_open(const struct connection *connection);
/* Whether an exchange was ever answered here. */
bool connection_has_answered(const struct connection *connection);
/* Whether its TLS session was resumed. */
bool connection_was_resumed(const struct connection *connection);
/* Something is in flight, and the peer owes an answer to a PING for suspiciously long: better not
 * trust it with more. */
bool connection_is_suspect(const struct connection *connection);
/* Since when nothing was heard; at most since something is in flight. */
struct monotonic_time connection_quiet_since(const struct connection *connection);

/* Fills in all but provider and account. */
void connection_view(const struct connection *connection, struct push_connection_view *view_r);

/* Puts an exchange (outside) on a stream; needs room. On failure it stays outside. */
enum status connection_start(struct connection *connection, struct exchange *exchange,
                             const nghttp2_nv *headers, size_t headers_count) MUST_CHECK;

/* Takes an exchange in flight off its stream, which is reset; no event. */
void connection_cancel(struct connection *connection, struct exchange *exchange);

/* Sends what is waiting. May close. */
void connection_flush(struct connection *connection);

/* No new exchanges; closes when the last has ended. may_return: unless it is called back. */
void connection_drain(struct connection *connection, bool may_return);

/* Takes a drained connection into use again; false when it may not be: the peer said GOAWAY, or it
 * was not drained to return. From inside `ended` at the latest. */
bool connection_call_back(struct connection *connection);

/* Ends all exchanges (unanswered, or not processed) and closes. */
void connection_close(struct connection *connection, const char *reason);

/* When connection_tick() must be called next: time-outs and PINGs. */
struct monotonic_time connection_due(const struct connection *connection);
void connection_tick(struct connection *connection);

#endif
