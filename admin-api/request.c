/* request.c - one request as libmicrohttpd sees it: first its line, then its headers, then pieces
 * of its body, then its end; once more when it was suspended and has its answer.
 */
#include "admin-api/admin_api_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *information =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return information != NULL ? information->socket_context : NULL;
}

void *request_on_uri(void *context, const char *uri, struct MHD_Connection *mhd)
{
    struct admin_api *api = context;
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL) {
        return NULL;
    }
    request->magic = REQUEST_MAGIC;
    request->api = api;
    request->mhd = mhd;
    request->connection = connection_of(mhd);
    request->uri_bytes = strlen(uri);
    /* A decoded NUL would end the path in the middle. */
    request->uri_refused = strstr(uri, "%00") != NULL;
    request->exchange = exchange_create(api);
    if (request->exchange != NULL) {
        request->exchange->request = request;
        request->exchange->started_at = api_monotonic(api);
    }
    atomic_fetch_add(&api->requests_open, 1);
    if (request->connection != NULL) {
        (void)http_connection_set_phase(request->connection, PHASE_RECEIVING,
                                        api_monotonic(api).ms + api->request_deadline_ms);
    }
    return request;
}

void request_on_completed(void *context, struct MHD_Connection *mhd, void **request_context,
                          enum MHD_RequestTerminationCode reason)
{
    (void)mhd;
    struct admin_api *api = context;
    struct request *request = *request_context;
    if (request == NULL) {
        return;
    }
    assert(request->magic == REQUEST_MAGIC);
    if (request->connection != NULL && reason == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        (void)http_connection_set_phase(request->connection, PHASE_IDLE,
                                        api_monotonic(api).ms + KEEP_ALIVE_MS);
    }
    exchange_destroy(&request->exchange);
    upload_end(request);
    request->magic = 0;
    free(request);
    *request_context = NULL;
    atomic_fetch_sub(&api->requests_open, 1);
}

static void count_answer(struct exchange *exchange)
{
    struct counters *counters = &exchange->api->counters;
    int hundreds = exchange->http_status / 100 - 1;
    if (hundreds < 0 || hundreds > 4) {
        return;
    }
    if (exchange->route == NULL) {
        atomic_fetch_add(&counters->unrouted[hundreds], 1);
    } else {
        atomic_fetch_add(&counters->answers[exchange->route - admin_api_routes()][hundreds], 1);
    }
    int64_t took_ms = api_monotonic(exchange->api).ms - exchange->started_at.ms;
    unsigned bucket = 0;
    while (bucket < DURATION_BUCKETS - 1 && took_ms > duration_bucket_ms[bucket]) {
        bucket++;
    }
    atomic_fetch_add(&counters->durations[bucket], 1);
    atomic_fetch_add(&counters->duration_ms_sum, (uint64_t)(took_ms > 0 ? took_ms : 0));
}

static void add_headers(struct MHD_Response *response, const struct exchange *exchange)
{
    char number[16];
    (void)MHD_add_response_header(response, "Cache-Control",
                                  exchange->cache_control != NULL ? exchange->cache_control
                                                                  : "no-store");
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (exchange->etag != NULL) {
        (void)MHD_add_response_header(response, "ETag", exchange->etag);
    }
    if (exchange->answer_bytes > 0) {
        (void)MHD_add_response_header(response, "Content-Type",
                                      exchange->answer_type != NULL ? exchange->answer_type
                                                                    : "application/json");
    }
    if (exchange->allow != NULL) {
        (void)MHD_add_response_header(response, "Allow", exchange->allow);
    }
    if (exchange->retry_after_s > 0) {
        (void)snprintf(number, sizeof number, "%d", exchange->retry_after_s);
        (void)MHD_add_response_header(response, "Retry-After", number);
    }
    if (exchange->challenge) {
        (void)MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    }
    if (exchange->close_connection) {
        (void)MHD_add_response_header(response, "Connection", "close");
    }
}

static enum MHD_Result send_answer(struct request *request)
{
    struct exchange *exchange = request->exchange;
    if (exchange == NULL || exchange->http_status == 0) {
        return MHD_NO;
    }
    union {
        const char *text;
        void *memory;
    } body = {exchange->answer};
    /* The exchange lives until libmicrohttpd is done with the request. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        exchange->answer_bytes, body.memory, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return MHD_NO;
    }
    if (http_connections_are_crowded(request->api) && request->connection != NULL &&
        !atomic_load(&request->connection->acknowledges)) {
        exchange->close_connection = true;
    }
    add_headers(response, exchange);
    count_answer(exchange);
    enum MHD_Result result = MHD_NO;
    if (request->connection == NULL ||
        http_connection_set_phase(request->connection, PHASE_SENDING,
                                  api_monotonic(request->api).ms + SEND_MS_MAX)) {
        result = MHD_queue_response(request->mhd, (unsigned)exchange->http_status, response);
    }
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_stream(struct request *request)
{
    struct exchange *exchange = request->exchange;
    struct MHD_Response *response = live_stream_create(exchange);
    if (response == NULL) {
        (void)reply_fault(exchange, STATUS_FULL, NULL,
                          "all %d live streams are taken; try again later", STREAMS_MAX);
        return send_answer(request);
    }
    exchange->http_status = MHD_HTTP_OK;
    count_answer(exchange);
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    (void)MHD_add_response_header(response, "Content-Type", "text/event-stream");
    enum MHD_Result result = MHD_queue_response(request->mhd, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

/* An escalation too long to be read is lost to its sender's software: the desk must know. */
static void tell_overlong(struct request *request, const char *method, const char *path)
{
    if (request->exchange->http_status == 413 && strcmp(method, "POST") == 0 &&
        strcmp(path, "/v1/escalations") == 0) {
        engine_alarm(request->api->engine, "webhook.refused", "an escalation was too long");
    }
}

/* Headers are there. */
static enum MHD_Result begin(struct request *request, const char *method, const char *path,
                             const char *version)
{
    struct exchange *exchange = request->exchange;
    request->headers_seen = true;
    if (!request_framing_check(request, method, path, version)) {
        atomic_fetch_add(&request->api->counters.framing_refused, 1);
        exchange->close_connection = true;
        tell_overlong(request, method, path);
        return send_answer(request); /* before the body: libmicrohttpd reads no further */
    }
    return MHD_YES;
}

static enum MHD_Result copy_query(void *context, enum MHD_ValueKind kind, const char *name,
                                  size_t name_bytes, const char *value, size_t value_bytes)
{
    (void)kind;
    struct exchange *exchange = context;
    if (exchange->query_count == QUERY_PARAMETERS_MAX || name_bytes > QUERY_VALUE_BYTES_MAX ||
        value_bytes > QUERY_VALUE_BYTES_MAX || memchr(name, '\0', name_bytes) != NULL ||
        (value != NULL && memchr(value, '\0', value_bytes) != NULL)) {
        (void)reply_fault(exchange, STATUS_INVALID, NULL,
                          "the query is limited to %d parameters of %d bytes", QUERY_PARAMETERS_MAX,
                          QUERY_VALUE_BYTES_MAX);
        return MHD_NO;
    }
    struct query_parameter *parameter = &exchange->query[exchange->query_count++];
    parameter->name = arena_text_n(exchange->arena, name, name_bytes);
    parameter->value = arena_text_n(exchange->arena, value != NULL ? value : "", value_bytes);
    return MHD_YES;
}

/* The whole request is there: does it, or suspends it. */
static enum MHD_Result run(struct request *request, const char *method, const char *path)
{
    struct exchange *exchange = request->exchange;
    struct admin_api *api = request->api;
    request->begun = true;
    if (request->connection != NULL &&
        !http_connection_set_phase(request->connection, PHASE_HANDLING, 0)) {
        return MHD_NO; /* it was cut at this moment */
    }
    if (request->body_refused != STATUS_OK) {
        exchange->close_connection = true;
        upload_refuse(request);
        tell_overlong(request, method, path);
        return send_answer(request);
    }
    exchange->received_at = clock_wall(&api->clock);
    (void)MHD_get_connection_values_n(request->mhd, MHD_GET_ARGUMENT_KIND, copy_query, exchange);
    if (exchange->http_status != 0) {
        return send_answer(request);
    }
    switch (exchange_run(exchange, method, path)) {
    case NEXT_COMMAND:
    case NEXT_READ:
        if (!waiting_begin(exchange)) {
            return send_answer(request);
        }
        waiting_submit(exchange);
        return MHD_YES;
    case NEXT_STREAM:
        return send_stream(request);
    case NEXT_ANSWER:
        break;
    }
    return send_answer(request);
}

enum MHD_Result request_on_access(void *context, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **request_context)
{
    (void)context;
    (void)mhd;
    struct request *request = *request_context;
    if (request == NULL || request->exchange == NULL) {
        return MHD_NO; /* out of memory */
    }
    assert(request->magic == REQUEST_MAGIC);
    if (!request->headers_seen) {
        return begin(request, method, url, version);
    }
    if (*upload_bytes > 0) {
        enum MHD_Result result = upload_receive(request, method, url, upload, *upload_bytes);
        *upload_bytes = 0;
        return result;
    }
    if (!request->begun) {
        return run(request, method, url);
    }
    if (request->exchange->begins_stream) {
        return send_stream(request);
    }
    if (request->exchange->command_done) {
        (void)reply_command(request->exchange);
    }
    return send_answer(request);
}
