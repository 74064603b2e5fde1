/* What has its own time: requests that are looked at later, and windows that are given back late.
 */
#include "tests/support/provider/http2_server.h"

#include <assert.h>
#include <stdlib.h>

#include "tests/support/provider/http2_private.h"

static int64_t now_ms(void)
{
    return clock_monotonic(&clock_system).ms;
}

void http2_stream_defer(struct http2_stream *stream, int64_t delay_ms, void *held)
{
    struct http2_server *server = stream->connection->server;
    struct http2_stream *before = TAILQ_LAST(&server->deferred, http2_stream_list);
    assert(!stream->deferred && stream->request.held == NULL);
    stream->due_ms = now_ms() + delay_ms;
    stream->request.held = held;
    stream->deferred = true;
    /* Nearly always at the end: delays seldom change. */
    while (before != NULL && before->due_ms > stream->due_ms) {
        before = TAILQ_PREV(before, http2_stream_list, deferred_link);
    }
    if (before != NULL) {
        TAILQ_INSERT_AFTER(&server->deferred, before, stream, deferred_link);
    } else {
        TAILQ_INSERT_HEAD(&server->deferred, stream, deferred_link);
    }
}

static void take_off(struct http2_server *server, struct http2_stream *stream)
{
    TAILQ_REMOVE(&server->deferred, stream, deferred_link);
    stream->deferred = false;
}

void http2_stream_forget_waits(struct http2_stream *stream)
{
    struct http2_connection *connection = stream->connection;
    if (stream->deferred) {
        take_off(connection->server, stream);
    }
    free(stream->request.held);
    stream->request.held = NULL;
    connection->unconsumed += stream->unconsumed;
    stream->unconsumed = 0;
}

void http2_note_unconsumed(struct http2_connection *connection, struct http2_stream *stream,
                           size_t bytes)
{
    struct http2_server *server = connection->server;
    if (!connection->manual_window) {
        return;
    }
    if (stream != NULL) {
        stream->unconsumed += bytes;
    } else {
        connection->unconsumed += bytes;
    }
    if (server->update_due_ms == 0) {
        server->update_due_ms = now_ms() + server->update_delay_ms;
    }
}

static void give_back_window(struct http2_connection *connection)
{
    nghttp2_session *session = connection->session;
    struct http2_stream *stream;
    bool fine = true;
    TAILQ_FOREACH(stream, &connection->streams, link)
    {
        if (stream->unconsumed > 0) {
            fine = fine && nghttp2_session_consume(session, stream->id, stream->unconsumed) == 0;
            stream->unconsumed = 0;
        }
    }
    if (connection->unconsumed > 0) {
        fine = fine && nghttp2_session_consume_connection(session, connection->unconsumed) == 0;
        connection->unconsumed = 0;
    }
    connection->failed = connection->failed || !fine;
    http2_connection_schedule(connection);
}

static void give_back_windows(struct http2_server *server)
{
    struct http2_connection *connection;
    server->update_due_ms = 0;
    TAILQ_FOREACH(connection, &server->connections, link)
    {
        if (connection->session != NULL && connection->manual_window) {
            give_back_window(connection);
        }
    }
}

int64_t http2_server_run_due(struct http2_server *server)
{
    int64_t next_ms = INT64_MAX;
    struct http2_stream *stream = TAILQ_FIRST(&server->deferred);
    if (server->frozen || (stream == NULL && server->update_due_ms == 0)) {
        return INT64_MAX;
    }
    int64_t now = now_ms();
    while (stream != NULL && stream->due_ms <= now) {
        struct http2_connection *connection = stream->connection;
        take_off(server, stream);
        http2_connection_schedule(connection);
        if (stream->id > connection->last_stream_id) {
            http2_let_go(stream); /* GOAWAY came in between: it must not be processed */
        } else if (!connection->failed) {
            server->service.answer(server->service.context, &stream->request);
        }
        stream = TAILQ_FIRST(&server->deferred);
    }
    if (server->update_due_ms != 0 && server->update_due_ms <= now) {
        give_back_windows(server);
    }
    if (stream != NULL) {
        next_ms = stream->due_ms - now;
    }
    if (server->update_due_ms != 0 && server->update_due_ms - now < next_ms) {
        next_ms = server->update_due_ms - now;
    }
    return next_ms;
}
