/* tickets.c - tickets: lists, search, one of them, and what the desk does to them. A number is said
 * with its customer, as each counts its own; an id stands for itself.
 */
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"
#include "admin-api/ticket_view.h"
#include "gateway/core/ticket_number.h"
#include "gateway/numbers/telephone_number.h"

#define OPERATOR_BYTES_MAX (PERSON_NAME_BYTES_MAX - 1)
#define NOTE_BYTES_MAX     4000
#define REASON_TEXT_MAX    1000
#define PHONE_DIGITS_MIN   8

/* ---- which ticket ---- */

/* An id does not say whose it is: looks through the customers that the key covers. */
static enum status find_id(struct exchange *exchange, struct store *store, struct uuid id,
                           struct ticket_row *row_r, struct error *error)
{
    size_t count = directory_customers_count(exchange->directory);
    for (size_t i = 0; i < count; i++) {
        int64_t customer_id = directory_customer_at(exchange->directory, i)->id;
        if (!principal_covers(&exchange->principal, customer_id) ||
            (exchange->customer_id != 0 && customer_id != exchange->customer_id)) {
            continue;
        }
        enum status status =
            store_get_ticket(store, customer_id, id, exchange->arena, row_r, error);
        if (status != STATUS_NOT_FOUND) {
            return status;
        }
    }
    return STATUS_NOT_FOUND;
}

/* The ticket of a path's parameter; the exchange's customer is its own from then on. False: the
 * answer is there. */
static bool find_ticket(struct exchange *exchange, struct store *store, const char *text,
                        struct ticket_row *row_r)
{
    struct error error = {0};
    struct uuid id;
    int64_t number = 0;
    enum status status;
    if (uuid_parse(text, &id) == STATUS_OK) {
        status = uuid_is_nil(id) ? STATUS_NOT_FOUND : find_id(exchange, store, id, row_r, &error);
    } else if (ticket_number_parse(text, &number, &error) != STATUS_OK) {
        (void)reply_fault(exchange, STATUS_NOT_FOUND, NULL, "the ticket in the path: %s",
                          error.text);
        return false;
    } else if (exchange->customer_id == 0) {
        (void)reply_fault(exchange, STATUS_INVALID, NULL,
                          "query parameter customer is required with a ticket's number: each "
                          "customer counts its own");
        return false;
    } else {
        status = store_find_ticket_number(store, exchange->customer_id, number, exchange->arena,
                                          row_r, &error);
    }
    if (status != STATUS_OK) {
        (void)escalations_read_fault(exchange, status, &error);
        return false;
    }
    exchange->customer_id = row_r->customer_id;
    exchange->customer = directory_customer(exchange->directory, row_r->customer_id);
    return true;
}

/* The customer, which is all that these calls take beside their body. */
static bool take_customer(struct exchange *exchange)
{
    static const char *const parameters[] = {"customer", NULL};
    return query_check(exchange, parameters) && query_customer_or_all(exchange);
}

/* ---- one ---- */

static enum status load_escalations(struct exchange *exchange, struct store *store,
                                    struct ticket_view *view, struct error *error)
{
    struct escalation *rows;
    size_t count;
    enum status status = store_list_escalations_of_ticket(
        store, exchange->customer_id, view->ticket.ticket_id, TICKET_ESCALATIONS_MAX,
        exchange->arena, &rows, &count, error);
    if (status == STATUS_OK) {
        view->escalations = arena_alloc(exchange->arena, (count + 1) * sizeof *view->escalations);
        status = view->escalations != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (!escalations_begin_reading(exchange, exchange->customer_id, rows[i].id)) {
            return error_set(error, STATUS_QUARANTINED,
                             "to read it ended the gateway; act by telephone");
        }
        struct ticket_escalation *item = &view->escalations[view->escalations_count++];
        item->escalation = rows[i];
        status = store_list_callers(store, exchange->customer_id, rows[i].id, exchange->arena,
                                    &item->callers, &item->callers_count, error);
        burden_drop();
    }
    return status;
}

static enum status load_links(struct exchange *exchange, struct store *store,
                              struct ticket_view *view, struct error *error)
{
    const struct ticket_row *ticket = &view->ticket;
    enum status status = store_list_duplicates(store, exchange->customer_id, ticket->ticket_id,
                                               TICKET_DUPLICATES_MAX, exchange->arena,
                                               &view->duplicates, &view->duplicates_count, error);
    if (status == STATUS_OK && !uuid_is_nil(ticket->duplicate_of)) {
        view->duplicate_of = arena_alloc(exchange->arena, sizeof *view->duplicate_of);
        status = view->duplicate_of != NULL
                     ? store_get_ticket(store, exchange->customer_id, ticket->duplicate_of,
                                        exchange->arena, view->duplicate_of, error)
                     : STATUS_NO_MEMORY;
    }
    return status;
}

static enum status load_said(struct exchange *exchange, struct store *store,
                             struct ticket_view *view, struct error *error)
{
    enum status status =
        store_list_said(store, exchange->customer_id, view->ticket.ticket_id, TICKET_SAID_MAX + 1,
                        exchange->arena, &view->said, &view->said_count, error);
    if (status == STATUS_OK && view->said_count > TICKET_SAID_MAX) {
        view->said_more = true;
        view->said++; /* the oldest */
        view->said_count--;
    }
    return status;
}

static enum next read_one(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct ticket_view view = {.customer = NULL};
    enum status status = store_read_begin(store, &error);
    if (status != STATUS_OK) {
        return escalations_read_fault(exchange, status, &error);
    }
    bool found = find_ticket(exchange, store, exchange->parameters[0], &view.ticket);
    if (found) {
        view.customer = exchange->customer;
        status = load_escalations(exchange, store, &view, &error);
    }
    if (found && status == STATUS_OK) {
        status = load_links(exchange, store, &view, &error);
    }
    if (found && status == STATUS_OK) {
        status = store_list_ticket_notes(store, exchange->customer_id, view.ticket.ticket_id,
                                         (size_t)2 * TICKET_NOTES_MAX, exchange->arena, &view.notes,
                                         &view.notes_count, &error);
    }
    if (found && status == STATUS_OK) {
        status = load_said(exchange, store, &view, &error);
    }
    store_read_end(store);
    if (!found) {
        return NEXT_ANSWER;
    }
    return status == STATUS_OK ? reply_view(exchange, view_ticket, &view)
                               : escalations_read_fault(exchange, status, &error);
}

enum next tickets_get(struct exchange *exchange)
{
    if (!take_customer(exchange)) {
        return NEXT_ANSWER;
    }
    exchange->read = read_one;
    return NEXT_READ;
}

/* ---- many ---- */

struct list {
    const struct exchange *exchange;
    struct ticket_page page;
};

static void write_list(struct json_writer *json, void *context)
{
    const struct list *list = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < list->page.count; i++) {
        const struct ticket_row *row = &list->page.rows[i];
        const struct directory_customer *customer =
            directory_customer(list->exchange->directory, row->customer_id);
        if (customer != NULL && principal_covers(&list->exchange->principal, customer->id)) {
            view_ticket_summary(json, customer, row);
        }
    }
    json_array_end(json);
    if (list->page.more) {
        json_member_uuid(json, "next_cursor", list->page.last);
    } else {
        json_name(json, "next_cursor");
        json_null_value(json);
    }
    json_member_bool(json, "complete", list->page.complete);
    json_object_end(json);
}

/* A telephone number is looked for as it is stored, however it was typed. */
static const char *search_text(struct exchange *exchange)
{
    char e164[TELEPHONE_E164_BYTES_MAX];
    const char *text = query_value(exchange, "q");
    size_t digits = 0;
    for (const char *at = text; *at != '\0'; at++) {
        digits += *at >= '0' && *at <= '9';
        if (strchr("0123456789+ .-()/", *at) == NULL) {
            return text;
        }
    }
    if (digits < PHONE_DIGITS_MIN || telephone_number_parse(text, e164, NULL) != STATUS_OK) {
        return text;
    }
    return arena_text(exchange->arena, e164);
}

static enum next read_list(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct list list = {.exchange = exchange};
    struct ticket_words words;
    struct ticket_filter filter = {
        .customer_id = exchange->customer_id,
        .several = exchange_several(exchange),
        .before = exchange->cursor,
        .from = exchange->window_from,
        .to = exchange->window_to,
        .state = (enum ticket_state)exchange->ticket_state,
        .limit = exchange->limit,
    };
    if (query_value(exchange, "q") != NULL) {
        const char *text = search_text(exchange);
        enum status parsed =
            text != NULL ? store_parse_ticket_words(store, text, &words, &error) : STATUS_NO_MEMORY;
        if (parsed == STATUS_INVALID) {
            return reply_fault(exchange, STATUS_INVALID, NULL, "query parameter q %s", error.text);
        }
        if (parsed != STATUS_OK) {
            return escalations_read_fault(exchange, parsed, &error);
        }
        filter.words = &words;
    }
    enum status status = store_read_begin(store, &error);
    if (status == STATUS_OK) {
        status = store_list_tickets(store, &filter, exchange->arena, &list.page, &error);
        store_read_end(store);
    }
    if (status == STATUS_OK && list.page.damaged) {
        engine_search_is_damaged(exchange->api->engine);
    }
    return status == STATUS_OK ? reply_view(exchange, write_list, &list)
                               : escalations_read_fault(exchange, status, &error);
}

static bool take_state(struct exchange *exchange)
{
    const char *word = query_value(exchange, "state");
    exchange->ticket_state = TICKET_ANY;
    if (word == NULL) {
        return true;
    }
    for (int state = TICKET_OPEN; state <= TICKET_ERASED; state++) {
        if (strcmp(word, ticket_state_word((enum ticket_state)state)) == 0) {
            exchange->ticket_state = state;
            return true;
        }
    }
    (void)reply_fault(exchange, STATUS_INVALID, NULL,
                      "query parameter state must be one of open, closed, erased");
    return false;
}

enum next tickets_list(struct exchange *exchange)
{
    static const char *const parameters[] = {"customer", "state", "from",   "to",
                                             "q",        "limit", "cursor", NULL};
    if (!query_check(exchange, parameters) || !query_customer_or_all(exchange) ||
        !query_page(exchange) || !take_state(exchange) ||
        !query_time(exchange, "from", WALL_NEVER, &exchange->window_from) ||
        !query_time(exchange, "to", WALL_NEVER, &exchange->window_to)) {
        return NEXT_ANSWER;
    }
    exchange->read = read_list;
    return NEXT_READ;
}

/* ---- what the desk does ---- */

static enum next post_found(struct exchange *exchange, struct store *store)
{
    struct ticket_request *request = &exchange->command.request.ticket;
    struct ticket_row ticket, other;
    bool links = request->verb == TICKET_LINK || request->verb == TICKET_UNLINK;
    if (!find_ticket(exchange, store, exchange->parameters[0], &ticket) ||
        (links && !find_ticket(exchange, store, exchange->parameters[1], &other))) {
        return NEXT_ANSWER;
    }
    request->ticket_id = ticket.ticket_id;
    if (links) {
        request->other = other.ticket_id;
    }
    exchange->command.customer_id = exchange->customer_id;
    return NEXT_COMMAND;
}

/* text: what the member is called; NULL: there is none. */
static enum next post(struct exchange *exchange, enum ticket_verb verb, const char *text,
                      bool required, size_t bytes_max)
{
    struct json_reader reader;
    struct error error;
    if (!take_customer(exchange) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    struct command *command = exchange_command(exchange, COMMAND_TICKET_VERB);
    struct ticket_request *request = &command->request.ticket;
    const char *other = exchange->parameters[1] != NULL ? exchange->parameters[1] : "";
    const char code = (char)verb;
    const struct digest_part parts[] = {
        {&code, 1},
        {exchange->parameters[0], strlen(exchange->parameters[0]) + 1},
        {other, strlen(other) + 1},
        {exchange->body, exchange->body_bytes}};
    request->verb = verb;
    request->operator_name = json_take_text(&reader, "operator", true, 1, OPERATOR_BYTES_MAX);
    request->text = text != NULL ? json_take_text(&reader, text, required, 1, bytes_max) : NULL;
    request->key_id = arena_text(exchange->arena, exchange->principal.key_id);
    request->idempotency_key = exchange->idempotency_key;
    request->body_digest = digest_sha256(parts, exchange->body_bytes > 0 ? 4 : 3);
    if (!body_end(exchange, &reader)) {
        return NEXT_ANSWER;
    }
    if (request->key_id == NULL) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    exchange->read = post_found;
    return NEXT_READ;
}

enum next tickets_note(struct exchange *exchange)
{
    return post(exchange, TICKET_ADD_NOTE, "text", true, NOTE_BYTES_MAX);
}

enum next tickets_close(struct exchange *exchange)
{
    return post(exchange, TICKET_CLOSE, "reason", false, REASON_TEXT_MAX);
}

enum next tickets_reopen(struct exchange *exchange)
{
    return post(exchange, TICKET_REOPEN, "reason", false, REASON_TEXT_MAX);
}

enum next tickets_link(struct exchange *exchange)
{
    return post(exchange, TICKET_LINK, NULL, false, 0);
}

enum next tickets_unlink(struct exchange *exchange)
{
    return post(exchange, TICKET_UNLINK, NULL, false, 0);
}
