/* http2_private.h - what the http2_*.c files share. */
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
    TAILQ_ENTRY(http2_stream) deferred_link;
    int64_t due_ms;    /* when a deferred request is looked at */
    bool deferred;     /* on the server's list of them */
    size_t unconsumed; /* bytes received for which no window was given back */
    size_t filler_left;
    unsigned empty_frames_left;
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
    bool proven;
    enum http2_arrivals arrival;
    enum http2_certificate certificate;
    bool established;   /* TLS is there */
    bool greeted;       /* our SETTINGS are out: other frames may follow */
    bool goodbye;       /* close once everything is written */
    bool manual_window; /* nghttp2 gives back no window by itself */
    size_t unconsumed;  /* of streams that are closed */
    size_t retry_bytes; /* TLS wants the same write again */
    uint8_t *raw;       /* bytes to write before nghttp2's next frame */
    size_t raw_bytes;
    size_t raw_sent;
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

/* Connections of our own that fill the queue of a listener: one more than it holds. */
#define FILLERS_COUNT 4

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
    nghttp2_option *manual_options; /* without automatic window updates */
    uint16_t port;
    unsigned streams_max;
    uint32_t stream_window_bytes; /* 0: as usual */
    int64_t update_delay_ms;
    int64_t update_due_ms; /* 0: no window has to be given back */
    struct http2_habits habits;
    enum http2_arrivals arrivals;
    int fillers[FILLERS_COUNT]; /* -1: none */
    bool frozen;
    struct http2_connection_list connections;
    struct http2_connection_list to_flush;
    struct http2_stream_list free_streams;
    struct http2_stream_list deferred; /* by due_ms */
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

/* http2_session.c */

/* The callbacks and options of the server's sessions. */
enum status http2_session_setup(struct http2_server *server) MUST_CHECK;
void http2_session_teardown(struct http2_server *server);
/* TLS is there: begins what the connection's arrival says. */
enum status http2_session_begin(struct http2_connection *connection) MUST_CHECK;
/* Bytes to be written before nghttp2's next frame. */
enum status http2_session_write_raw(struct http2_connection *connection, const void *data,
                                    size_t bytes) MUST_CHECK;
/* Announces the limit of streams that the connection has now, unless it is announced already. */
void http2_session_limit_streams(struct http2_connection *connection);

/* http2_server.c */

enum status http2_server_listen(struct http2_server *server, struct error *error) MUST_CHECK;
void http2_server_stop_listening(struct http2_server *server);
void http2_server_close_connections(struct http2_server *server, bool reset);

/* http2_faults.c */

void http2_close_fillers(struct http2_server *server);

/* http2_deferred.c */

/* Puts the request off until later; held as for http2_defer(), or NULL. */
void http2_stream_defer(struct http2_stream *stream, int64_t delay_ms, void *held);
/* Forgets what a stream that ends was waiting for. */
void http2_stream_forget_waits(struct http2_stream *stream);
/* Notes received bytes whose window is to be given back. */
void http2_note_unconsumed(struct http2_connection *connection, struct http2_stream *stream,
                           size_t bytes);

/* http2_answer.c */

/* The request's stream, which the service is done with: nghttp2 may still be sending its answer. */
void http2_let_go(struct http2_stream *stream);

#endif
