/* http2_server.h - a TLS HTTP/2 server that hands whole requests to a service.
 *
 * What a request means is the service's business (apns.c, fcm.c, oauth.c, webpush.c); this room
 * knows connections, streams and the ways in which a provider misbehaves below HTTP: refusing
 * connections, freezing, cutting, GOAWAY, tiny windows, late answers, frames that nobody should
 * send. Everything runs in the event loop's thread.
 */
#ifndef TESTS_SUPPORT_PROVIDER_HTTP2_SERVER_H
#define TESTS_SUPPORT_PROVIDER_HTTP2_SERVER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/status.h"
#include "tests/support/provider/event_loop.h"
#include "tests/support/provider/raw_frames.h"

#define HTTP2_HEADERS_MAX          16
#define HTTP2_RESPONSE_HEADERS_MAX 6
#define HTTP2_BODY_BYTES_MAX       65536
#define HTTP2_CONNECTIONS_MAX      1024
#define HTTP2_STREAMS_MAX          1000
#define HTTP2_FILLER_HEADERS_MAX   1000
#define HTTP2_FILLER_VALUE_MAX     1024

/* Bytes that belong to somebody else; not terminated. data is NULL when absent. */
struct view {
    const char *data;
    size_t bytes;
};

/* Whether the view holds exactly this text. An absent view equals nothing. */
bool view_equals(struct view view, const char *text);

/* The client certificate of a request's connection, if the service asks for one. */
enum http2_certificate {
    HTTP2_CERTIFICATE_NONE,
    HTTP2_CERTIFICATE_TRUSTED,
    HTTP2_CERTIFICATE_FOREIGN /* not of our CA, or out of date */
};

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
    enum http2_certificate certificate;
    void *held; /* what http2_defer() was given; NULL the first time */
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
    /* What makes an answer hard to read. */
    size_t filler_bytes;          /* spaces behind the body */
    unsigned empty_frames;        /* DATA frames of no bytes before the body */
    unsigned filler_headers;      /* at most HTTP2_FILLER_HEADERS_MAX more headers … */
    unsigned filler_header_bytes; /* … whose values have so many bytes each */
};

/* What a server serves. All texts live as long as the server. */
struct http2_service {
    const char *const *header_names; /* lower case; at most HTTP2_HEADERS_MAX */
    unsigned headers_count;
    size_t connection_state_bytes;
    unsigned streams_max;      /* SETTINGS_MAX_CONCURRENT_STREAMS */
    unsigned streams_first;    /* the same until http2_prove(); 0: nothing has to be proven */
    bool asks_for_certificate; /* of the client, during the handshake; without one is fine */
    /* Called once a request, and once more after http2_defer(); answers with one of the http2_*()
     * verbs below, or not at all. */
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
    uint64_t resumed; /* handshakes that went on from an earlier session */
    uint64_t requests;
    uint64_t goaways;
    uint64_t streams_refused; /* RST_STREAM with REFUSED_STREAM */
    uint64_t pings;           /* received, answered or not */
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

/* Does what is due by now: answers that were put off, late window updates. Answers how many
 * milliseconds are left until the next such thing; INT64_MAX: none. */
int64_t http2_server_run_due(struct http2_server *server);

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

/* What becomes of connections that arrive from now on. */
#define HTTP2_ARRIVALS_TABLE(X)                                                                    \
    X(SERVE, "serve")                                                                              \
    X(UNREACHABLE, "unreachable") /* the TCP handshake never completes: the queue is full */       \
    X(STALL, "stall")             /* TCP is there, TLS never answers */                            \
    X(MUTE, "mute")               /* TLS is there, HTTP/2 never begins */                          \
    X(HTTP1, "http1")             /* an HTTP/1.1 answer where SETTINGS should be, then closed */   \
    X(GARBAGE, "garbage")         /* bytes that are no frames where SETTINGS should be */

enum http2_arrivals {
#define HTTP2_ARRIVALS_ENUM(name, word) HTTP2_ARRIVALS_##name,
    HTTP2_ARRIVALS_TABLE(HTTP2_ARRIVALS_ENUM)
#undef HTTP2_ARRIVALS_ENUM
};

/* The words in the order of the enum, NULL at the end. */
extern const char *const http2_arrivals_words[];

/* Those that were stalled go on when their time is over. */
enum status http2_server_set_arrivals(struct http2_server *server, enum http2_arrivals arrivals,
                                      struct error *error) MUST_CHECK;

/* New connections are served with this context (borrowed), those there are go on. */
void http2_server_set_tls(struct http2_server *server, SSL_CTX *tls);

/* Announces another SETTINGS_MAX_CONCURRENT_STREAMS to every open connection and to new ones. */
void http2_server_set_streams(struct http2_server *server, unsigned streams);
unsigned http2_server_streams(const struct http2_server *server);

/* SETTINGS_INITIAL_WINDOW_SIZE, for open connections and new ones; 0: the usual one. On connections
 * that come from now on what was received is given back as WINDOW_UPDATE only update_delay_ms after
 * it came. */
void http2_server_set_window(struct http2_server *server, uint32_t window_bytes,
                             int64_t update_delay_ms);

/* How the server behaves beside what it answers. */
struct http2_habits {
    bool pings_ignored;      /* no PING is answered, everything else is */
    size_t split_bytes;      /* TLS records carry at most so many bytes; 0: as many as fit */
    int64_t answer_delay_ms; /* how long each request waits before it is looked at */
};
struct http2_habits *http2_server_habits(struct http2_server *server);

/* GOAWAY to every open connection: what was received is answered, nothing more. debug: its debug
 * data, may be empty. notice: a mere warning (last stream 2^31-1), after which streams are still
 * taken; RFC 9113, section 6.8. */
void http2_server_go_away(struct http2_server *server, const char *debug, bool notice);

/* Answers the request and lets go of it. */
void http2_answer(struct http2_request *request, const struct http2_response *response);

/* RST_STREAM with an HTTP/2 error code (RFC 9113, section 7), and lets go of it. */
void http2_reset(struct http2_request *request, uint32_t error_code);

/* Resets the TCP connection under all its streams. */
void http2_cut(struct http2_request *request);

/* GOAWAY (RFC 9113, section 6.8) whose last stream is this request (answer it as well) or, if not
 * included, the one before it (the request is let go of). debug: its debug data. */
void http2_go_away(struct http2_request *request, bool included, const char *debug);

/* Whether this connection has proven itself: announces the limit that follows, if it is another. */
void http2_prove(struct http2_request *request, bool proven);

/* Puts the request off: the service's answer is called again after delay_ms with `held`, memory of
 * malloc() that the request then owns. */
void http2_defer(struct http2_request *request, int64_t delay_ms, void *held);

/* Sends frames behind nghttp2's back, before the request's answer (see raw_frames.h). */
void http2_play(struct http2_request *request, enum raw_frames frames, unsigned repeat);

#endif
