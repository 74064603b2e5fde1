/* streams.c - live streams (server-sent events). One thread follows the journals for all streams
 * and fills their buffers; a stream with an empty buffer is suspended. What does not fit stays in
 * the journal and is read again when there is room, so nothing is skipped; a client that takes
 * nothing for too long is cut and comes back with Last-Event-ID.
 */
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/view.h"
#include "gateway/base/log.h"

#define COALESCE_MS     20
#define TICK_MS         1000
#define ENTRY_BYTES_MAX ((size_t)16 * 1024)

struct stream {
    struct admin_api *api;
    struct MHD_Connection *mhd;
    struct connection *connection;
    struct stream *previous;
    struct stream *next;
    int64_t customer_id;
    int64_t after;
    bool suspended;
    bool ending;
    size_t begin; /* of what is unsent in the buffer */
    size_t end;
    struct monotonic_time moved_at;  /* the client took something, or there was nothing to take */
    struct monotonic_time filled_at; /* something was written: heartbeats count from here */
    char buffer[STREAM_BUFFER_BYTES];
};

void streams_wake(void *context)
{
    struct admin_api *api = context;
    if (atomic_load(&api->streams.count) > 0) {
        (void)eventfd_write(api->streams.wake, 1);
    }
}

size_t streams_count(struct admin_api *api)
{
    return atomic_load(&api->streams.count);
}

/* ---- libmicrohttpd's side ---- */

static ssize_t on_read(void *context, uint64_t position, char *target, size_t target_bytes)
{
    (void)position;
    struct stream *stream = context;
    struct admin_api *api = stream->api;
    ssize_t taken = 0;
    pthread_mutex_lock(&api->streams.mutex);
    size_t ready = stream->end - stream->begin;
    if (ready > 0) {
        size_t bytes = ready < target_bytes ? ready : target_bytes;
        memcpy(target, stream->buffer + stream->begin, bytes);
        stream->begin += bytes;
        stream->moved_at = api_monotonic(api);
        taken = (ssize_t)bytes;
        if (stream->begin == stream->end) {
            stream->begin = stream->end = 0;
            (void)eventfd_write(api->streams.wake, 1); /* there may be more in the journal */
        }
    } else if (stream->ending || api->streams.stopping) {
        taken = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        /* Answering 0 without suspending would be asked again at once, for ever. */
        MHD_suspend_connection(stream->mhd);
        stream->suspended = true;
    }
    pthread_mutex_unlock(&api->streams.mutex);
    return taken;
}

static void on_free(void *context)
{
    struct stream *stream = context;
    struct streams *streams = &stream->api->streams;
    pthread_mutex_lock(&streams->mutex);
    if (stream->previous != NULL) {
        stream->previous->next = stream->next;
    } else {
        assert(streams->first == stream);
        streams->first = stream->next;
    }
    if (stream->next != NULL) {
        stream->next->previous = stream->previous;
    }
    streams->count--;
    pthread_mutex_unlock(&streams->mutex);
    free(stream);
}

static void add_text(struct stream *stream, const char *text, size_t bytes)
{
    assert(bytes <= STREAM_BUFFER_BYTES - stream->end);
    memcpy(stream->buffer + stream->end, text, bytes);
    stream->end += bytes;
    stream->filled_at = api_monotonic(stream->api);
}

/* Takes the mutex' protection for granted, also below. */
static void link_stream(struct streams *streams, struct stream *stream)
{
    stream->next = streams->first;
    if (streams->first != NULL) {
        streams->first->previous = stream;
    }
    streams->first = stream;
    streams->count++;
}

struct MHD_Response *live_stream_create(struct exchange *exchange)
{
    static const char hello[] = "retry: 2000\n\n";
    struct admin_api *api = exchange->api;
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return NULL;
    }
    stream->api = api;
    stream->mhd = exchange->request->mhd;
    stream->connection = exchange->request->connection;
    stream->customer_id = exchange->customer_id;
    stream->after = exchange->last_seq;
    stream->moved_at = api_monotonic(api);
    add_text(stream, hello, sizeof hello - 1);
    pthread_mutex_lock(&api->streams.mutex);
    bool room = api->streams.count < STREAMS_MAX && !api->streams.stopping;
    if (room) {
        link_stream(&api->streams, stream);
    }
    pthread_mutex_unlock(&api->streams.mutex);
    if (!room) {
        free(stream);
        return NULL;
    }
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, on_read, stream, on_free);
    if (response == NULL) {
        on_free(stream);
    }
    (void)eventfd_write(api->streams.wake, 1);
    return response;
}

/* ---- the thread that fills ---- */

static void resume(struct stream *stream)
{
    if (stream->suspended) {
        stream->suspended = false;
        MHD_resume_connection(stream->mhd);
    }
}

/* One entry as an event; 0 when it does not fit. */
static size_t write_event(char *target, size_t bytes_max, const struct directory_customer *customer,
                          const struct timeline_row *row)
{
    int head = snprintf(target, bytes_max, "id: %lld\nevent: %s\ndata: ", (long long)row->seq,
                        entry_kind_word(row->kind));
    if (head < 0 || (size_t)head + 3 >= bytes_max) {
        return 0;
    }
    struct json_writer json;
    json_writer_init(&json, target + head, bytes_max - (size_t)head - 2);
    view_timeline_entry(&json, customer, row, true, false);
    if (json_writer_overflowed(&json)) {
        return 0;
    }
    size_t bytes = (size_t)head + json_writer_bytes(&json);
    target[bytes] = target[bytes + 1] = '\n'; /* an empty line ends the event */
    return bytes + 2;
}

/* Answers how many were written. */
static size_t write_events(struct stream *stream, const struct directory_customer *customer,
                           const struct timeline_row *rows, size_t count)
{
    if (stream->begin > 0) {
        memmove(stream->buffer, stream->buffer + stream->begin, stream->end - stream->begin);
        stream->end -= stream->begin;
        stream->begin = 0;
    }
    size_t written = 0;
    while (written < count) {
        const struct burden burden = {
            .customer_id = customer->id, .subject = rows[written].escalation_id, .reading = true};
        if (engine_forbids_reading(stream->api->engine, burden.subject)) {
            stream->after = rows[written++].seq; /* the desk was told of it */
            continue;
        }
        burden_take(&burden);
        size_t bytes = write_event(stream->buffer + stream->end, STREAM_BUFFER_BYTES - stream->end,
                                   customer, &rows[written]);
        if (bytes == 0) {
            if (stream->end > 0) {
                break; /* when the client has taken what is there */
            }
            bytes = 0; /* larger than the whole buffer: cannot be sent at all */
        }
        stream->end += bytes;
        stream->after = rows[written].seq;
        written++;
    }
    burden_drop();
    if (written > 0) {
        stream->filled_at = api_monotonic(stream->api);
    }
    return written;
}

struct follower {
    struct stream *stream;
    int64_t customer_id;
    int64_t after;
};

/* The streams may end while the journal is read: only their numbers are kept. */
static size_t list_followers(struct streams *streams, struct follower followers_r[STREAMS_MAX])
{
    size_t count = 0;
    pthread_mutex_lock(&streams->mutex);
    for (struct stream *each = streams->first; each != NULL; each = each->next) {
        if (STREAM_BUFFER_BYTES - (each->end - each->begin) > ENTRY_BYTES_MAX) {
            followers_r[count++] = (struct follower){each, each->customer_id, each->after};
        }
    }
    pthread_mutex_unlock(&streams->mutex);
    return count;
}

/* Under the mutex. */
static struct stream *find_stream(struct streams *streams, const struct follower *follower)
{
    struct stream *each = streams->first;
    while (each != NULL && each != follower->stream) {
        each = each->next;
    }
    return each != NULL && each->customer_id == follower->customer_id &&
                   each->after == follower->after
               ? each
               : NULL;
}

/* True when more may be there. */
static bool follow(struct admin_api *api, const struct directory *directory,
                   const struct follower *follower, struct arena *arena)
{
    struct streams *streams = &api->streams;
    struct timeline_row *rows = NULL;
    size_t count = 0;
    enum status status =
        store_list_timeline(streams->store, follower->customer_id, (struct uuid){{0}},
                            follower->after, STREAM_ENTRIES_PER_READ, arena, &rows, &count, NULL);
    if (status != STATUS_OK) {
        log_warning("http.stream_read_failed", LOG_STATUS(status));
        return false;
    }
    const struct directory_customer *customer =
        directory_customer(directory, follower->customer_id);
    bool more = false;
    pthread_mutex_lock(&streams->mutex);
    struct stream *stream = find_stream(streams, follower);
    if (stream != NULL && count > 0 && customer != NULL) {
        more = write_events(stream, customer, rows, count) == STREAM_ENTRIES_PER_READ;
        resume(stream);
    }
    pthread_mutex_unlock(&streams->mutex);
    return more;
}

/* Answers whether to go on at once. */
static bool follow_all(struct admin_api *api, struct arena *arena)
{
    struct follower followers[STREAMS_MAX];
    size_t count = list_followers(&api->streams, followers);
    if (count == 0) {
        return false;
    }
    bool more = false;
    const struct directory *directory = engine_directory_acquire(api->engine);
    for (size_t i = 0; i < count; i++) {
        more = follow(api, directory, &followers[i], arena) || more;
        arena_reset(arena);
    }
    engine_directory_release(api->engine, directory);
    return more;
}

/* Heartbeats for the quiet, the end for those that take nothing. */
static void look_after(struct admin_api *api)
{
    static const char heartbeat[] = ": heartbeat\n\n";
    struct monotonic_time now = api_monotonic(api);
    pthread_mutex_lock(&api->streams.mutex);
    for (struct stream *each = api->streams.first; each != NULL; each = each->next) {
        if (each->end == each->begin) {
            each->moved_at = now;
            if (now.ms - each->filled_at.ms >= STREAM_HEARTBEAT_MS) {
                add_text(each, heartbeat, sizeof heartbeat - 1);
                resume(each);
            }
        } else if (now.ms - each->moved_at.ms >= STREAM_STALLED_MS && each->connection != NULL) {
            (void)http_connection_set_phase(each->connection, PHASE_SENDING, now.ms);
        }
    }
    pthread_mutex_unlock(&api->streams.mutex);
}

static bool is_stopping(struct streams *streams)
{
    pthread_mutex_lock(&streams->mutex);
    bool stopping = streams->stopping;
    pthread_mutex_unlock(&streams->mutex);
    return stopping;
}

static void *run_streams(void *context)
{
    (void)pthread_setname_np(pthread_self(), "streams");
    struct admin_api *api = context;
    struct streams *streams = &api->streams;
    struct pollfd wake = {.fd = streams->wake, .events = POLLIN};
    struct arena *arena = arena_create(EXCHANGE_ARENA_BYTES_MAX);
    bool more = false;
    while (arena != NULL && !is_stopping(streams)) {
        int wait_ms = more ? 0 : streams_count(api) > 0 ? TICK_MS : -1;
        if (poll(&wake, 1, wait_ms) > 0) {
            eventfd_t ignored;
            /* One look serves all commits of the next milliseconds. */
            (void)poll(NULL, 0, streams_count(api) > 0 ? COALESCE_MS : 0);
            (void)eventfd_read(streams->wake, &ignored);
        }
        more = follow_all(api, arena);
        look_after(api);
    }
    arena_destroy(&arena);
    return NULL;
}

enum status streams_start(struct admin_api *api, const char *database_path, struct error *error)
{
    struct streams *streams = &api->streams;
    enum status status =
        store_open_reader(database_path, NULL, READ_MS_MAX, &streams->store, error);
    if (status != STATUS_OK) {
        return error_wrap(error, status, "the live streams' connection");
    }
    const struct uuid *unreadable;
    size_t unreadable_count = engine_unreadable(api->engine, &unreadable);
    store_forbid(streams->store, unreadable, unreadable_count);
    if (pthread_create(&streams->thread, NULL, run_streams, api) != 0) {
        store_close(&streams->store);
        return error_set(error, STATUS_IO, "cannot start a thread");
    }
    streams->started = true;
    return STATUS_OK;
}

void streams_stop(struct admin_api *api)
{
    struct streams *streams = &api->streams;
    pthread_mutex_lock(&streams->mutex);
    streams->stopping = true;
    for (struct stream *each = streams->first; each != NULL; each = each->next) {
        each->ending = true;
        resume(each);
    }
    pthread_mutex_unlock(&streams->mutex);
    if (streams->started) {
        (void)eventfd_write(streams->wake, 1);
        (void)pthread_join(streams->thread, NULL);
        store_close(&streams->store);
        streams->started = false;
    }
}
