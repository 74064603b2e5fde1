/* upload.c - a request's body: how long it may be, and its pieces. */
#include "admin-api/admin_api_private.h"

#include <string.h>

/* A body longer than this many times the limit is not even read to its end. */
#define OVERLONG_BODY_FACTOR 8

static bool is_long_route(struct request *request, const char *method, const char *path)
{
    const struct route *route = route_find(request->exchange, method, path);
    return route != NULL && (route->flags & ROUTE_LONG) != 0;
}

static size_t limit_of(const struct request *request)
{
    size_t usual = request->api->body_bytes_max;
    return request->body_is_long && usual < LONG_BODY_BYTES_MAX ? LONG_BODY_BYTES_MAX : usual;
}

/* A place is taken before anybody is asked who they are: whoever holds all of them keeps
 * plannings and calendars out until their requests are over their deadline, and nothing else. */
static bool take_place(struct request *request)
{
    atomic_int *held = &request->api->long_bodies;
    if (atomic_fetch_add(held, 1) < LONG_BODIES_MAX) {
        request->body_is_long = true;
        return true;
    }
    atomic_fetch_sub(held, 1);
    return false;
}

bool upload_may_have(struct request *request, const char *method, const char *path, size_t bytes)
{
    if (bytes <= limit_of(request)) {
        return true;
    }
    bool may_be_long = !request->body_is_long && is_long_route(request, method, path);
    if (may_be_long && !take_place(request)) {
        request->body_refused = STATUS_FULL;
    } else if (bytes > limit_of(request)) {
        request->body_refused = STATUS_TOO_LARGE;
    }
    return request->body_refused == STATUS_OK;
}

bool upload_is_read(const struct request *request, size_t bytes)
{
    return request->body_refused == STATUS_TOO_LARGE &&
           bytes <= limit_of(request) * OVERLONG_BODY_FACTOR &&
           MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT) ==
               NULL;
}

void upload_refuse(struct request *request)
{
    if (request->body_refused == STATUS_FULL) {
        (void)reply_fault(request->exchange, STATUS_FULL, NULL,
                          "%d bodies of more than %zu bytes are being received: send it again",
                          LONG_BODIES_MAX, request->api->body_bytes_max);
    } else {
        (void)reply_fault(request->exchange, STATUS_TOO_LARGE, NULL,
                          "the body is limited to %zu bytes", limit_of(request));
    }
}

enum MHD_Result upload_receive(struct request *request, const char *method, const char *path,
                               const char *piece, size_t bytes)
{
    struct exchange *exchange = request->exchange;
    size_t total = exchange->body_bytes + bytes;
    if (request->body_refused != STATUS_OK || !upload_may_have(request, method, path, total)) {
        exchange->body_bytes = total;
        return total > limit_of(request) * OVERLONG_BODY_FACTOR ? MHD_NO : MHD_YES;
    }
    if (total > request->body_capacity) {
        size_t capacity = request->body_capacity * 2 > total ? request->body_capacity * 2 : total;
        char *grown = arena_alloc(exchange->arena, capacity);
        if (grown == NULL) {
            return MHD_NO;
        }
        if (exchange->body_bytes > 0) {
            memcpy(grown, exchange->body, exchange->body_bytes);
        }
        exchange->body = grown;
        request->body_capacity = capacity;
    }
    /* The exchange's body is read-only for handlers; here it is still being written. */
    union {
        const char *text;
        char *memory;
    } body = {exchange->body};
    memcpy(body.memory + exchange->body_bytes, piece, bytes);
    exchange->body_bytes = total;
    return MHD_YES;
}

void upload_end(struct request *request)
{
    if (request->body_is_long) {
        request->body_is_long = false;
        atomic_fetch_sub(&request->api->long_bodies, 1);
    }
}
