/* dispatch.c - the way of a whole request: route, authorize, check the body's kind, handler. */
#include <string.h>
#include <strings.h>

#include "admin-api/admin_api_private.h"

/* Whether the header names this type, with or without parameters. */
static bool is_type(const char *content_type, const char *wanted)
{
    size_t bytes = strlen(wanted);
    return content_type != NULL && strncasecmp(content_type, wanted, bytes) == 0 &&
           strchr("; \t", content_type[bytes]) != NULL;
}

/* False: the answer is there. */
static bool check_type(struct exchange *exchange)
{
    bool calendar = (exchange->route->flags & ROUTE_CALENDAR) != 0;
    if (is_type(exchange->content_type, calendar ? "text/calendar" : "application/json")) {
        return true;
    }
    (void)reply_http_problem(exchange, 415, STATUS_INVALID,
                             calendar ? "send the body with Content-Type: text/calendar"
                                      : "send the body with Content-Type: application/json");
    return false;
}

/* The desk hears of what its call-centre software could not hand over. */
static enum next tell_refusal(struct exchange *exchange)
{
    if (exchange->route != NULL && (exchange->route->flags & ROUTE_LENIENT) != 0 &&
        exchange->http_status >= 400 && exchange->http_status < 500) {
        engine_alarm(exchange->api->engine, "webhook.refused",
                     exchange->http_status == 401 ? "an escalation came without a valid key"
                     : exchange->http_status == 403
                         ? "an escalation came with a key of a wrong role"
                     : exchange->http_status == 404 ? "an escalation named no customer of its key"
                                                    : "an escalation could not be read");
    }
    return NEXT_ANSWER;
}

enum next exchange_run(struct exchange *exchange, const char *method, const char *path)
{
    if (atomic_load(&exchange->api->draining)) {
        exchange->close_connection = true;
        return reply_problem(exchange, STATUS_STOPPING, NULL, NULL);
    }
    exchange->route = route_find(exchange, method, path);
    if (exchange->route == NULL) {
        return exchange->allow != NULL
                   ? reply_http_problem(exchange, 405, STATUS_INVALID,
                                        "this path does not take this method: see Allow")
                   : reply_fault(exchange, STATUS_NOT_FOUND, NULL,
                                 "no such path: GET /openapi.json describes all there are");
    }
    if (exchange->request->connection != NULL) {
        atomic_store(&exchange->request->connection->acknowledges,
                     (exchange->route->flags & ROUTE_WAITS) != 0);
    }
    bool is_new = (exchange->route->flags & ROUTE_NEW) != 0;
    if (is_new && waiting_is_full(exchange->api, exchange->route)) {
        return reply_full(exchange); /* first of all: refusing must cost next to nothing */
    }
    if (!authorize(exchange)) {
        return tell_refusal(exchange);
    }
    bool lenient = (exchange->route->flags & ROUTE_LENIENT) != 0;
    if (exchange->body_bytes > 0 && !lenient && !check_type(exchange)) {
        return NEXT_ANSWER;
    }
    enum next next = exchange->route->handler(exchange);
    bool waits = next == NEXT_COMMAND || next == NEXT_READ;
    if (waits && !is_new && waiting_is_full(exchange->api, exchange->route)) {
        return reply_full(exchange); /* what is answered at once, as /healthz, is not concerned */
    }
    return next == NEXT_ANSWER ? tell_refusal(exchange) : next;
}
