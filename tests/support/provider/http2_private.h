/* http2_private.h - what http2_server.c, http2_connection.c and http2_stream.c share. */
#ifndef TESTS_SUPPORT_PROVIDER_HTTP2_PRIVATE_H
#define TESTS_SUPPORT_PROVIDER_HTTP2_PRIVATE_H

#include <nghttp2/nghttp2.h>
#include <sys/queue.h>

#include "gateway/base/clock.h"
#include "tests/support/provider/http2_server.h"

#define STREAM_HEADER_BYTES_MAX   4096
#define STREAM_RESPONSE_BYTES_MAX 2048
#define CONNECTION_OUTPUT_BYTES   65536

/* Streams of one server that are open at once; more are refused. */
#define SERVER_STREAMS_MAX 65536

struct http2_connection;

/* One open stream. request is first: the service's pointer to it is the stream's address. */
struct http2_stream {
    struct http2_request request;
    struct http2_connection *connection;
    int32_t id;
    TAILQ_ENTRY(http2_stream) link; /* of the connection, or of the free list */
    size_t header_bytes;
    size_t body_bytes;
    size_t body_capacity;
    size_t response_bytes;
    size_t response_sent;
    char *body;
    char header_text[STREAM_HEADER_BYTES_MAX];
    char response[STREAM_RESPONSE_BYTES_MAX];
};

TAILQ_HEAD(http2_stream_list, http2_stream);

struct http2_connection {
    struct event_source source; /* first: epoll's pointer is the connection's address */
    struct http2_server *server;
    SSL *tls;
    nghttp2_session *session; /* NULL until the handshake is done */
    struct http2_stream_list streams;
    void *state;
    struct http2_stream *receiving; /* whose header block is being read */
    int32_t last_stream_id;         /* what GOAWAY announced; requests above are dropped */
    int32_t answered_id_max;
    unsigned streams_announced;
    bool failed;     /* close as soon as the stack allows */
    bool reset;      /* and without saying goodbye */
    bool input_left; /* stopped reading for fairness' sake */
    bool in_flush;   /* on the server's list of connections to write */
    bool want_write; /* the socket is full */
    struct monotonic_time active_at;
    size_t output_bytes;
    size_t output_sent;
    TAILQ_ENTRY(http2_connection) link;
    TAILQ_ENTRY(http2_connection) flush_link;
    char output[CONNECTION_OUTPUT_BYTES];
};

TAILQ_HEAD(http2_connection_list, http2_connection);

struct http2_server {
    struct event_source listener; /* first */
    int reservation_fd;           /* holds the port while the listener is away */
    struct event_loop *loop;
    SSL_CTX *tls;
    struct http2_service service;
    size_t header_name_bytes[HTTP2_HEADERS_MAX];
    struct http2_server_options options;
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *session_options;
    uint16_t port;
    bool frozen;
    struct http2_connection_list connections;
    struct http2_connection_list to_flush;
    struct http2_stream_list free_streams;
    struct http2_statistics statistics;
};

/* http2_stream.c */

/* A stream for a new request, on the connection's list; NULL at the limit or out of memory. */
struct http2_stream *http2_stream_open(struct http2_connection *connection, int32_t id);
/* Takes it off the connection and keeps it for reuse. */
void http2_stream_close(struct http2_stream *stream);
void http2_stream_pool_destroy(struct http2_server *server);
/* Keep what arrives; beyond the limits the request is marked and the rest dropped. */
void http2_stream_keep_header(struct http2_stream *stream, struct view name, struct view value);
enum status http2_stream_keep_body(struct http2_stream *stream, struct view piece) MUST_CHECK;

/* http2_connection.c */

/* Takes over fd, also on failure. */
enum status http2_connection_open(struct http2_server *server, int fd) MUST_CHECK;
void http2_connection_close(struct http2_connection *connection);
/* Puts it on the list of connections that http2_server_flush() writes. */
void http2_connection_schedule(struct http2_connection *connection);
/* Writes what is queued; closes the connection if it is finished or broken. Answers whether input
 * is left. */
bool http2_connection_flush(struct http2_connection *connection);
/* Reads as epoll says after a thaw. */
enum status http2_connection_watch(struct http2_connection *connection) MUST_CHECK;
enum status http2_connection_setup(struct http2_server *server) MUST_CHECK;

#endif
