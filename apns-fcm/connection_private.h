/* connection_private.h - shared by the parts of a connection: connection.c (its life: reading,
 * writing, PINGs, closing), connection_opening.c (TCP, proxy, TLS) and connection_http2.c
 * (nghttp2).
 */
#ifndef APNS_FCM_CONNECTION_PRIVATE_H
#define APNS_FCM_CONNECTION_PRIVATE_H

#include <sys/epoll.h>

#include "apns-fcm/connection.h"

#define CONNECTION_STREAMS_MAX 1000 /* our own limit beside the peer's */
#define ANSWER_BODY_BYTES_MAX  65536
#define ANSWER_HEAD_BYTES_MAX  16384
#define DATE_BYTES_MAX         48

/* Output gathers here, so that many frames leave in one TLS write. A frame is at most 16 KiB. While
 * a proxy is asked, its request and answer use the same memory. */
#define OUTPUT_FILL_BYTES      65536
#define OUTPUT_BYTES           (OUTPUT_FILL_BYTES + 32768)
#define PROXY_ANSWER_BYTES_MAX 8192

/* What a connection always waits for: bytes, and the end of them. */
#define CONNECTION_INPUT (EPOLLIN | EPOLLRDHUP)

enum connection_state {
    CONNECTION_CONNECTING, /* TCP */
    CONNECTION_ASKING,     /* CONNECT is being sent to the proxy */
    CONNECTION_TUNNELLING, /* its answer is being read */
    CONNECTION_HANDSHAKE,  /* TLS */
    CONNECTION_OPEN,
    CONNECTION_CLOSED,
};

struct connection {
    struct loop_source source; /* first */
    struct loop *loop;
    const struct connection_events *events;
    void *owner;
    struct connection_target target;
    uint64_t number;
    enum connection_state state;
    int fd;
    SSL *ssl;
    nghttp2_session *session;
    struct exchange_list streams;

    bool draining;
    bool may_return; /* drained by its owner, who may want it again */
    bool answered;
    bool settings_seen;
    bool wants_output; /* EPOLLOUT is registered */
    bool input_left;   /* TLS holds bytes that the socket's readiness does not tell of */
    bool output_ended; /* nothing can be sent any more; what the peer said before is read first */
    const char *doom;  /* set inside nghttp2's callbacks: close when they have returned */
    size_t output_at;  /* sent of output_bytes */
    size_t output_bytes;

    struct monotonic_time opened_at;
    struct monotonic_time opening_until;
    struct monotonic_time quiet_since;  /* last byte heard, or first stream while idle */
    struct monotonic_time ping_sent_at; /* MONOTONIC_NEVER: none under way */
    struct monotonic_time second_began; /* control frames are counted by the second */
    int64_t ping_ms;                    /* the last round trip; -1: none yet */
    unsigned control_frames;
    uint64_t answers;
    char address[48];
    char host[256];
    char date[DATE_BYTES_MAX];
    unsigned char output[OUTPUT_BYTES];
};

/* connection.c */
/* Registers for EPOLLOUT beside EPOLLIN, or no more. */
void connection_want_output(struct connection *connection, bool wanted);
void connection_on_ready(struct loop_source *source, uint32_t events);

/* connection_opening.c */
/* What a TLS call that did not succeed is waiting for; false when it failed for good. */
bool connection_wait_for_tls(struct connection *connection, int result);
/* The socket is ready in one of the states before OPEN. */
void connection_go_on_opening(struct connection *connection);

/* connection_http2.c */
enum status connection_http2_begin(struct connection *connection) MUST_CHECK;
/* Feeds bytes from the peer; false when the connection must close (doom says why). */
bool connection_http2_receive(struct connection *connection, const void *bytes, size_t count);
/* Moves frames into the output until it is full or nothing is left. */
bool connection_http2_gather(struct connection *connection);
/* Submits a PING, from now on under way. */
void connection_http2_ping(struct connection *connection);
/* Takes the exchange off the list and tells the owner. */
void connection_end_exchange(struct connection *connection, struct exchange *exchange,
                             enum exchange_end end);

#endif
