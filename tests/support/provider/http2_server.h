/* http2_server.h - a TLS HTTP/2 server that hands whole requests to a service.
 *
 * What a request means is the service's business (apns.c, fcm.c, oauth.c); this room knows
 * connections, streams and the ways in which a provider misbehaves below HTTP: refusing
 * connections, freezing, cutting, GOAWAY. Everything runs in the event loop's thread.
 */
#ifndef TESTS_SUPPORT_PROVIDER_HTTP2_SERVER_H
#define TESTS_SUPPORT_PROVIDER_HTTP2_SERVER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/status.h"
#include "tests/support/provider/event_loop.h"

#define HTTP2_HEADERS_MAX          16
#define HTTP2_RESPONSE_HEADERS_MAX 6
#define HTTP2_BODY_BYTES_MAX       65536
#define HTTP2_CONNECTIONS_MAX      1024
#define HTTP2_STREAMS_MAX          1000

/* Bytes that belong to somebody else; not terminated. data is NULL when absent. */
struct view {
    const char *data;
    size_t bytes;
};

/* Whether the view holds exactly this text. An absent view equals nothing. */
bool view_equals(struct view view, const char *text);

/* A request that has arrived whole. Valid until it is answered. */
struct http2_request {
    struct view method;
    struct view path;
    struct view headers[HTTP2_HEADERS_MAX]; /* in the order of the service's header_names */
    unsigned duplicates;                    /* bit i: header i came more than once */
    bool headers_too_large;                 /* more than is kept; what is above is incomplete */
    bool body_too_large;                    /* above HTTP2_BODY_BYTES_MAX; body is its beginning */
    struct view body;
    void *connection_state; /* zeroed when the connection began */
};

/* A response header. Both texts are copied. */
struct http2_header {
    const char *name; /* lower case */
    struct view value;
};

struct http2_response {
    unsigned status; /* 100 to 599 */
    struct http2_header headers[HTTP2_RESPONSE_HEADERS_MAX];
    unsigned headers_count;
    struct view body; /* copied */
};

/* What a server serves. All texts live as long as the server. */
struct http2_service {
    const char *const *header_names; /* lower case; at most HTTP2_HEADERS_MAX */
    unsigned headers_count;
    size_t connection_state_bytes;
    unsigned streams_first; /* SETTINGS_MAX_CONCURRENT_STREAMS of a new connection */
    /* Called once a request; answers with one of the http2_*() verbs below, or not at all. */
    void (*answer)(void *context, struct http2_request *request);
    void *context;
};

struct http2_server_options {
    uint16_t port;          /* 0: any free one */
    uint32_t window_bytes;  /* of a connection, at least 65535 */
    int64_t idle_timeout_s; /* a connection without a frame for so long gets GOAWAY; 0: never */
};

struct http2_statistics {
    uint64_t connections_accepted;
    uint64_t connections_refused; /* above HTTP2_CONNECTIONS_MAX */
    uint64_t connections_open;
    uint64_t handshakes_failed;
    uint64_t requests;
    uint64_t goaways;
    uint64_t streams_open;
    uint64_t streams_open_max;
};

struct http2_server;

/* Binds 127.0.0.1 and listens. `tls` and `loop` are borrowed. On failure *server_r is untouched. */
enum status http2_server_create(struct event_loop *loop, SSL_CTX *tls,
                                const struct http2_service *service,
                                const struct http2_server_options *options,
                                struct http2_server **server_r, struct error *error) MUST_CHECK;
void http2_server_destroy(struct http2_server **server);

uint16_t http2_server_port(const struct http2_server *server);
void http2_server_statistics(const struct http2_server *server,
                             struct http2_statistics *statistics_r);

/* Writes what the turn's answers queued; answers whether input is left unread. */
bool http2_server_flush(struct http2_server *server);

/* Once a second: ends handshakes that take too long and idle connections. */
void http2_server_tick(struct http2_server *server);

/* Down: connections are refused and the existing ones reset. The port stays reserved. */
enum status http2_server_set_down(struct http2_server *server, bool down,
                                  struct error *error) MUST_CHECK;

/* Frozen: as a stopped process, the kernel still completes connections and takes bytes, and nothing
 * is ever answered, not even a PING. Thawing goes on where it stopped. */
enum status http2_server_set_frozen(struct http2_server *server, bool frozen) MUST_CHECK;

/* Announces another SETTINGS_MAX_CONCURRENT_STREAMS to every open connection. */
void http2_server_set_streams(struct http2_server *server, unsigned streams);

/* Sends every open connection GOAWAY: what was received is answered, nothing more. */
void http2_server_go_away(struct http2_server *server, const char *debug);

/* Answers the request and lets go of it. */
void http2_answer(struct http2_request *request, const struct http2_response *response);

/* RST_STREAM with an HTTP/2 error code (RFC 9113, section 7), and lets go of it. */
void http2_reset(struct http2_request *request, uint32_t error_code);

/* Resets the TCP connection under all its streams. */
void http2_cut(struct http2_request *request);

/* GOAWAY (RFC 9113, section 6.8) whose last stream is this request (answer it as well) or, if not
 * included, the one before it (the request is let go of). debug: its debug data. */
void http2_go_away(struct http2_request *request, bool included, const char *debug);

/* Announces SETTINGS_MAX_CONCURRENT_STREAMS to this connection, unless it is that already. */
void http2_limit_streams(struct http2_request *request, unsigned streams);

#endif
