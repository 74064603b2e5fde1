/* telephony.c - what the telephony layer reports of a call. */
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"

#define DIGITS_BYTES_MAX 16

/* Whose call it is, for a key that does not cover everybody. */
static enum next find_call(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    int64_t customer_id = 0;
    struct uuid escalation;
    enum status status = store_find_call(store, exchange->id, &customer_id, &escalation, &error);
    if (status == STATUS_OK && !principal_covers(&exchange->principal, customer_id)) {
        status = STATUS_NOT_FOUND;
    }
    return status == STATUS_OK ? NEXT_COMMAND : escalations_read_fault(exchange, status, &error);
}

enum next telephony_outcome(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    if (!path_uuid(exchange, 0, &exchange->id) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    struct command *command = exchange_command(exchange, COMMAND_CALL_OUTCOME);
    struct call_outcome_request *request = &command->request.call;
    request->attempt = exchange->id;
    /* The first word, "none", is no outcome. */
    request->answer = (enum attempt_answer)(
        1 + json_take_word(&reader, "outcome", true, attempt_answer_words + 1, 0));
    request->digits = json_take_text(&reader, "digits", false, 0, DIGITS_BYTES_MAX);
    if (request->digits != NULL &&
        strspn(request->digits, "0123456789*#") != strlen(request->digits)) {
        json_reader_fault(&reader, "digits", "must be keys of a telephone: 0 to 9, * and #");
    }
    if (!body_end(exchange, &reader)) {
        return NEXT_ANSWER;
    }
    if (exchange->principal.all_customers) {
        return NEXT_COMMAND;
    }
    exchange->read = find_call;
    return NEXT_READ;
}
