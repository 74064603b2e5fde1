/* The HTTP/2 half of a connection: what nghttp2 says, turned into ends of exchanges. */
#include "apns-fcm/connection_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/push.h"

#define CONNECTION_WINDOW_BYTES (16 * 1024 * 1024)
#define CONTROL_FRAMES_A_SECOND 200
#define OUTBOUND_ACKS_MAX       64
#define SETTINGS_ENTRIES_MAX    32
#define CONTINUATION_FRAMES_MAX 8
#define STREAM_ID_LAST          0x7ffffff0
#define DOZE_MS                 2000

void connection_end_exchange(struct connection *connection, struct exchange *exchange,
                             enum exchange_end end)
{
    assert(exchange->connection == connection && exchange->place == EXCHANGE_IN_FLIGHT);
    exchange_list_remove(&connection->streams, exchange);
    exchange->place = EXCHANGE_OUTSIDE;
    exchange->connection = NULL;
    if (end == EXCHANGE_ANSWERED) {
        connection->answered = true;
        connection->answers++;
    }
    connection->events->ended(connection->owner, connection, exchange, end);
}

/* GOAWAY closes the streams that the peer did not process with REFUSED_STREAM as well (RFC 9113,
 * section 6.8), so that one rule serves both. */
static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code,
                           void *context)
{
    struct connection *connection = context;
    struct exchange *exchange = nghttp2_session_get_stream_user_data(session, stream_id);
    if (exchange == NULL) {
        return 0; /* cancelled */
    }
    enum exchange_end end = EXCHANGE_UNANSWERED;
    if (exchange->complete ||
        (exchange->status != 0 && exchange->answer_seen_bytes > ANSWER_BODY_BYTES_MAX)) {
        end = EXCHANGE_ANSWERED;
    } else if (!exchange->written || error_code == NGHTTP2_REFUSED_STREAM) {
        end = EXCHANGE_NOT_PROCESSED;
    }
    connection_end_exchange(connection, exchange, end);
    return 0;
}

/* What follows, until the next frame, is its stream's business. */
static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *head, void *context)
{
    const struct exchange *exchange =
        head->stream_id > 0 ? nghttp2_session_get_stream_user_data(session, head->stream_id) : NULL;
    (void)context;
    burden_take(exchange != NULL ? exchange->burden : NULL);
    return 0;
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    (void)context;
    if (frame->hd.type == NGHTTP2_HEADERS) {
        struct exchange *exchange =
            nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
        if (exchange != NULL) {
            exchange->written = true;
        }
    }
    return 0;
}

/* A peer that floods with cheap frames is hung up on. */
static void count_control_frame(struct connection *connection)
{
    if (connection->loop->now.ms - connection->second_began.ms >= 1000) {
        connection->second_began = connection->loop->now;
        connection->control_frames = 0;
    }
    if (++connection->control_frames > CONTROL_FRAMES_A_SECOND) {
        connection->doom = "too-many-control-frames";
    }
}

/* APNs explains itself in JSON, {"reason":"…"}; others in words. Only what cannot do harm in a log
 * is taken: the last run of letters. */
static void read_goaway_reason(const nghttp2_goaway *goaway, char reason_r[PUSH_REASON_BYTES_MAX])
{
    size_t used = 0;
    for (size_t i = 0; i < goaway->opaque_data_len; i++) {
        uint8_t c = goaway->opaque_data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
        if (letter && used < PUSH_REASON_BYTES_MAX - 1) {
            used = i > 0 && goaway->opaque_data[i - 1] == '"' ? 0 : used;
            reason_r[used++] = (char)c;
        }
    }
    reason_r[used] = '\0';
}

static void on_goaway(struct connection *connection, const nghttp2_goaway *goaway)
{
    char reason[PUSH_REASON_BYTES_MAX];
    connection->may_return = false;
    if (!connection->draining) {
        read_goaway_reason(goaway, reason);
        connection->draining = true;
        connection->events->draining(connection->owner, connection, reason);
    }
}

/* A peer may keep on answering and still owe this: then its answers count as signs of life. */
static void note_pong(struct connection *connection, const nghttp2_frame *frame)
{
    if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0 && connection->ping_sent_at.ms != TIME_NEVER_MS) {
        connection->ping_ms = connection->loop->now.ms - connection->ping_sent_at.ms;
        connection->ping_sent_at = MONOTONIC_NEVER;
    }
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct connection *connection = context;
    switch (frame->hd.type) {
    case NGHTTP2_SETTINGS:
        connection->settings_seen = true;
        count_control_frame(connection);
        break;
    case NGHTTP2_PING:
        count_control_frame(connection);
        note_pong(connection, frame);
        break;
    case NGHTTP2_GOAWAY:
        on_goaway(connection, &frame->goaway);
        break;
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        connection->ping_sent_at = MONOTONIC_NEVER; /* an answer is as good as a PING's */
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            struct exchange *exchange =
                nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
            if (exchange != NULL && exchange->status != 0) {
                exchange->complete = true;
            }
        }
        break;
    default:
        break;
    }
    return connection->doom != NULL ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static void copy_field(char *field, size_t capacity, const uint8_t *value, size_t value_bytes)
{
    size_t bytes = value_bytes < capacity - 1 ? value_bytes : capacity - 1;
    memcpy(field, value, bytes);
    field[bytes] = '\0';
}

/* A provider writes the same date for a whole second: only a change is worth reading. */
static void note_date(struct connection *connection, const uint8_t *value, size_t value_bytes)
{
    if (value_bytes >= DATE_BYTES_MAX || (memcmp(connection->date, value, value_bytes) == 0 &&
                                          connection->date[value_bytes] == '\0')) {
        return;
    }
    memcpy(connection->date, value, value_bytes);
    connection->date[value_bytes] = '\0';
    connection->events->date(connection->owner, connection->date, value_bytes);
}

static bool is_name(const char *word, const uint8_t *name, size_t name_bytes)
{
    return strlen(word) == name_bytes && memcmp(word, name, name_bytes) == 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_bytes, const uint8_t *value, size_t value_bytes, uint8_t flags,
                     void *context)
{
    (void)flags;
    struct exchange *exchange = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (exchange == NULL) {
        return 0;
    }
    exchange->header_bytes += name_bytes + value_bytes + 32;
    if (exchange->header_bytes > ANSWER_HEAD_BYTES_MAX) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets this stream only */
    }
    if (is_name(":status", name, name_bytes)) {
        int status = 0;
        for (size_t i = 0; i < value_bytes && i < 3; i++) {
            status = status * 10 + (value[i] - '0');
        }
        exchange->status = status >= 200 ? status : 0; /* 1xx is no answer yet */
    } else if (is_name("apns-id", name, name_bytes) || is_name("location", name, name_bytes)) {
        copy_field(exchange->answer_id, sizeof exchange->answer_id, value, value_bytes);
    } else if (is_name("retry-after", name, name_bytes)) {
        copy_field(exchange->retry_after, sizeof exchange->retry_after, value, value_bytes);
    } else if (is_name("date", name, name_bytes)) {
        note_date(context, value, value_bytes);
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                   size_t bytes, void *context)
{
    (void)flags;
    (void)context;
    struct exchange *exchange = nghttp2_session_get_stream_user_data(session, stream_id);
    if (exchange == NULL) {
        return 0;
    }
    size_t room = exchange->answer_capacity - exchange->answer_bytes;
    size_t taken = bytes < room ? bytes : room;
    if (taken > 0) {
        memcpy(exchange->answer + exchange->answer_bytes, data, taken);
        exchange->answer_bytes += taken;
    }
    exchange->answer_seen_bytes += bytes;
    if (exchange->answer_seen_bytes > ANSWER_BODY_BYTES_MAX) {
        /* The status is known and no reason is that long: stop listening. */
        (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_CANCEL);
    }
    return 0;
}

/* The exchange is looked up by its stream, as it may have been cancelled with its body half sent.
 */
static ssize_t read_body(nghttp2_session *session, int32_t stream_id, uint8_t *buffer,
                         size_t length, uint32_t *data_flags, nghttp2_data_source *source,
                         void *context)
{
    (void)source;
    (void)context;
    struct exchange *exchange = nghttp2_session_get_stream_user_data(session, stream_id);
    if (exchange == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    burden_take(exchange->burden); /* until the frame is gathered */
    size_t left = exchange->body_bytes - exchange->body_sent_bytes;
    size_t bytes = left < length ? left : length;
    memcpy(buffer, exchange->body + exchange->body_sent_bytes, bytes);
    exchange->body_sent_bytes += bytes;
    if (bytes == left) {
        *data_flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)bytes;
}

static bool create_session(struct connection *connection)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    bool created = false;
    if (nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0) {
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_option_set_max_outbound_ack(option, OUTBOUND_ACKS_MAX);
        nghttp2_option_set_max_settings(option, SETTINGS_ENTRIES_MAX);
        nghttp2_option_set_max_continuations(option, CONTINUATION_FRAMES_MAX);
        nghttp2_option_set_no_closed_streams(option, 1);
        created =
            nghttp2_session_client_new2(&connection->session, callbacks, connection, option) == 0;
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return created;
}

enum status connection_http2_begin(struct connection *connection)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 2 * ANSWER_BODY_BYTES_MAX},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, ANSWER_HEAD_BYTES_MAX},
    };
    bool begun = create_session(connection) &&
                 nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings,
                                         sizeof settings / sizeof settings[0]) == 0 &&
                 nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0,
                                                       CONNECTION_WINDOW_BYTES) == 0;
    return begun ? STATUS_OK : STATUS_NO_MEMORY;
}

bool connection_http2_receive(struct connection *connection, const void *bytes, size_t count)
{
    ssize_t taken = nghttp2_session_mem_recv(connection->session, bytes, count);
    burden_drop();
    if (taken < 0 && connection->doom == NULL) {
        connection->doom = taken == NGHTTP2_ERR_NOMEM ? "no-memory" : "protocol-error";
    }
    return connection->doom == NULL;
}

bool connection_http2_gather(struct connection *connection)
{
    while (connection->output_bytes < OUTPUT_FILL_BYTES) {
        const uint8_t *frame;
        ssize_t bytes = nghttp2_session_mem_send(connection->session, &frame);
        burden_drop();
        if (bytes == 0) {
            return true;
        }
        if (bytes < 0 || (size_t)bytes > OUTPUT_BYTES - connection->output_bytes) {
            connection->doom = bytes == NGHTTP2_ERR_NOMEM ? "no-memory" : "protocol-error";
            return false;
        }
        memcpy(connection->output + connection->output_bytes, frame, (size_t)bytes);
        connection->output_bytes += (size_t)bytes;
    }
    return true;
}

void connection_http2_ping(struct connection *connection)
{
    (void)nghttp2_submit_ping(connection->session, NGHTTP2_FLAG_NONE, NULL);
    connection->ping_sent_at = connection->loop->now;
}

size_t connection_room(const struct connection *connection)
{
    if (connection->state != CONNECTION_OPEN || connection->draining || connection->output_ended) {
        return 0;
    }
    /* Before the peer's SETTINGS nothing is promised but one stream. */
    size_t limit = 1;
    if (connection->settings_seen) {
        limit = nghttp2_session_get_remote_settings(connection->session,
                                                    NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
        limit = limit < CONNECTION_STREAMS_MAX ? limit : CONNECTION_STREAMS_MAX;
    }
    return limit > connection->streams.count ? limit - connection->streams.count : 0;
}

enum status connection_start(struct connection *connection, struct exchange *exchange,
                             const nghttp2_nv *headers, size_t headers_count)
{
    assert(exchange->place == EXCHANGE_OUTSIDE);
    const nghttp2_data_provider body = {.source = {.ptr = NULL}, .read_callback = read_body};
    int32_t stream_id =
        nghttp2_submit_request(connection->session, NULL, headers, headers_count, &body, exchange);
    if (stream_id < 0) {
        return stream_id == NGHTTP2_ERR_NOMEM ? STATUS_NO_MEMORY : STATUS_UNAVAILABLE;
    }
    if (connection->streams.count == 0) {
        /* After a pause the peer may be gone without a word (a NAT forgot): ask at once. */
        if (connection->loop->now.ms - connection->quiet_since.ms > DOZE_MS &&
            connection->ping_sent_at.ms == TIME_NEVER_MS) {
            connection_http2_ping(connection);
        }
        connection->quiet_since = connection->loop->now;
    }
    exchange->stream_id = stream_id;
    exchange->begun_at = connection->loop->now;
    exchange->connection = connection;
    exchange->place = EXCHANGE_IN_FLIGHT;
    exchange_list_append(&connection->streams, exchange);
    if (stream_id >= STREAM_ID_LAST && !connection->draining) {
        connection->draining = true;
        connection->events->draining(connection->owner, connection, NULL);
    }
    return STATUS_OK;
}

void connection_cancel(struct connection *connection, struct exchange *exchange)
{
    assert(exchange->connection == connection);
    (void)nghttp2_session_set_stream_user_data(connection->session, exchange->stream_id, NULL);
    (void)nghttp2_submit_rst_stream(connection->session, NGHTTP2_FLAG_NONE, exchange->stream_id,
                                    NGHTTP2_CANCEL);
    exchange_list_remove(&connection->streams, exchange);
    exchange->place = EXCHANGE_OUTSIDE;
    exchange->connection = NULL;
}
