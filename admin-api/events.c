/* events.c - the live stream of a customer's journal. */
#include <stdlib.h>
#include <string.h>

#include "admin-api/admin_api_private.h"

enum next events_get(struct exchange *exchange)
{
    static const char *const parameters[] = {"customer", NULL};
    if (!query_check(exchange, parameters) || !query_customer(exchange)) {
        return NEXT_ANSWER;
    }
    const char *last = exchange->last_event_id;
    exchange->last_seq = -1;
    if (last != NULL && last[0] != '\0') {
        if (strspn(last, "0123456789") != strlen(last) || strlen(last) > 18) {
            return reply_fault(exchange, STATUS_INVALID, NULL,
                               "Last-Event-ID must be the id of an event of this stream");
        }
        exchange->last_seq = strtoll(last, NULL, 10);
    }
    exchange_release_directory(exchange);
    return NEXT_STREAM;
}
