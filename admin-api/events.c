/* events.c - the live stream of a customer's journal. */
#include <stdlib.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"

/* Where a stream without Last-Event-ID begins: settled before the answer, so that whoever has the
 * answer misses nothing that happens from then on. */
static enum next find_head(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    int64_t head = 0;
    enum status status = store_timeline_head(store, exchange->customer_id, &head, &error);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return escalations_read_fault(exchange, status, &error);
    }
    exchange->last_seq = head;
    exchange->begins_stream = true;
    return NEXT_STREAM;
}

enum next events_get(struct exchange *exchange)
{
    static const char *const parameters[] = {"customer", NULL};
    if (!query_check(exchange, parameters) || !query_customer(exchange)) {
        return NEXT_ANSWER;
    }
    const char *last = exchange->last_event_id;
    if (last != NULL && last[0] != '\0') {
        if (strspn(last, "0123456789") != strlen(last) || strlen(last) > 18) {
            return reply_fault(exchange, STATUS_INVALID, NULL,
                               "Last-Event-ID must be the id of an event of this stream");
        }
        exchange->last_seq = strtoll(last, NULL, 10);
        exchange_release_directory(exchange);
        return NEXT_STREAM;
    }
    exchange->read = find_head;
    return NEXT_READ;
}
