/* escalations.c - the call centre's escalations: start, list, show. The verbs are in desk.c. */
#include "admin-api/escalations.h"

#include <stdio.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/webhook.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"

#define ATTEMPTS_SHOWN_MAX 1000
#define TASKS_SHOWN_MAX    100
#define TIMELINE_SHOWN_MAX 1000

enum next escalations_post(struct exchange *exchange)
{
    const char *slug = NULL;
    struct error error = {0};
    struct command *command = exchange_command(exchange, COMMAND_ESCALATE);
    struct escalate_request *request = &command->request.escalate;
    enum status status = webhook_parse(exchange->body, exchange->body_bytes, exchange->arena,
                                       &exchange->json, &slug, request, &error);
    if (status != STATUS_OK) {
        return reply_problem(exchange, status, &error, NULL);
    }
    const struct directory_customer *customer =
        directory_customer_by_slug(exchange->directory, slug);
    if (customer == NULL || !principal_covers(&exchange->principal, customer->id)) {
        return reply_fault(exchange, STATUS_NOT_FOUND, "/customer",
                           "/customer: no such customer, or none of this key: check the slug");
    }
    webhook_check_fields(customer->ticket_fields, customer->ticket_fields_count, exchange->arena,
                         request);
    const struct digest_part part = {exchange->body, exchange->body_bytes};
    command->customer_id = customer->id;
    request->key_id = arena_text(exchange->arena, exchange->principal.key_id);
    request->idempotency_key = exchange->idempotency_key;
    request->body_digest = digest_sha256(&part, 1);
    return NEXT_COMMAND;
}

/* ---- one ---- */

static enum status load_procedure(struct exchange *exchange, struct store *store,
                                  struct escalation_view *view, struct error *error)
{
    if (view->escalation.procedure_id == 0) {
        return STATUS_OK;
    }
    struct definition_row row;
    enum status status = store_get_procedure(
        store, view->customer->id, view->escalation.procedure_id, exchange->arena, &row, error);
    if (status == STATUS_OK) {
        view->procedure_slug = row.slug;
        view->procedure_version = row.version;
    }
    return status;
}

static enum status load_ticket(struct exchange *exchange, struct store *store, struct uuid id,
                               struct escalation_view *view, struct error *error)
{
    int64_t customer_id = view->customer->id;
    enum status status = store_get_escalation(store, customer_id, id, &view->escalation, error);
    if (status == STATUS_OK) {
        status = store_get_ticket(store, customer_id, view->escalation.ticket_id, exchange->arena,
                                  &view->ticket, error);
    }
    if (status == STATUS_OK) {
        status = store_list_callers(store, customer_id, id, exchange->arena, &view->callers,
                                    &view->callers_count, error);
    }
    return status;
}

static enum status load_history(struct exchange *exchange, struct store *store, struct uuid id,
                                struct escalation_view *view, struct error *error)
{
    const struct uuid from_first = {{0}};
    int64_t customer_id = view->customer->id;
    enum status status =
        store_list_attempts(store, customer_id, id, from_first, ATTEMPTS_SHOWN_MAX, exchange->arena,
                            &view->attempts, &view->attempts_count, error);
    if (status == STATUS_OK) {
        status =
            store_list_tasks_of_escalation(store, customer_id, id, TASKS_SHOWN_MAX, exchange->arena,
                                           &view->tasks, &view->tasks_count, error);
    }
    if (status == STATUS_OK) {
        status =
            store_list_timeline(store, customer_id, id, 0, TIMELINE_SHOWN_MAX + 1, exchange->arena,
                                &view->timeline, &view->timeline_count, error);
    }
    if (status == STATUS_OK && view->timeline_count > TIMELINE_SHOWN_MAX) {
        view->timeline_count = TIMELINE_SHOWN_MAX;
        view->timeline_more = true;
    }
    return status;
}

int64_t escalations_wall_of_engine_ms(struct exchange *exchange)
{
    struct admin_api *api = exchange->api;
    return clock_wall(&api->clock).ms - engine_now(api->engine).ms;
}

bool escalations_begin_reading_by(const struct engine *engine, int64_t customer_id,
                                  struct uuid escalation)
{
    const struct burden burden = {
        .customer_id = customer_id, .subject = escalation, .reading = true};
    if (engine_forbids_reading(engine, escalation)) {
        return false;
    }
    burden_take(&burden);
    return true;
}

bool escalations_begin_reading(const struct exchange *exchange, int64_t customer_id,
                               struct uuid escalation)
{
    return escalations_begin_reading_by(exchange->api->engine, customer_id, escalation);
}

enum next escalations_read_fault(struct exchange *exchange, enum status status,
                                 const struct error *error)
{
    if (http_status_of(status) == 500) {
        log_error("http.read_failed", LOG_STATUS(status), LOG_TEXT("detail", error->text));
    }
    return reply_problem(exchange, status, status == STATUS_NOT_FOUND ? NULL : error, NULL);
}

static enum next show(struct exchange *exchange, struct store *store, bool with_history)
{
    struct error error = {0};
    struct escalation_view view = {.customer = exchange->customer};
    enum status status = store_read_begin(store, &error);
    if (status == STATUS_OK) {
        status = load_ticket(exchange, store, exchange->id, &view, &error);
        if (status == STATUS_OK && with_history) {
            status = load_procedure(exchange, store, &view, &error);
        }
        if (status == STATUS_OK && with_history) {
            status = load_history(exchange, store, exchange->id, &view, &error);
        }
        store_read_end(store);
    }
    if (status != STATUS_OK) {
        return escalations_read_fault(exchange, status, &error);
    }
    view.wall_of_engine_ms = escalations_wall_of_engine_ms(exchange);
    const char *language = with_history ? query_value(exchange, "language") : NULL;
    view.french = language != NULL && strcmp(language, "fr") == 0;
    return reply_view(exchange, with_history ? view_escalation : view_agent_escalation, &view);
}

enum next escalations_show(struct exchange *exchange, struct store *store, bool with_history)
{
    if (!escalations_begin_reading(exchange, exchange->customer_id, exchange->id)) {
        return reply_fault(exchange, STATUS_QUARANTINED, NULL,
                           "to read it ended the gateway; act by telephone");
    }
    enum next next = show(exchange, store, with_history);
    burden_drop();
    return next;
}

/* An id that is no escalation's may be that of a ticket, whose escalation's is next below it
 * (command_escalate.c). Refuses with a word on that if it may be told. */
static bool refuse_ticket(struct exchange *exchange, struct store *store)
{
    char id[UUID_TEXT_BYTES];
    struct error error = {0};
    struct escalation *rows;
    size_t count = 0;
    enum status status = store_list_escalations(store, 0, exchange->id, ESCALATION_STATES_ALL, 1,
                                                exchange->arena, &rows, &count, &error);
    if (status != STATUS_OK || count == 0 || !uuid_equal(rows[0].ticket_id, exchange->id) ||
        !principal_covers(&exchange->principal, rows[0].customer_id)) {
        return false;
    }
    uuid_format(rows[0].id, id);
    (void)reply_fault(exchange, STATUS_NOT_FOUND, NULL,
                      "this is the id of a ticket: its escalation is %s", id);
    return true;
}

bool escalations_find(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    int64_t customer_id = 0;
    enum status status = store_get_escalation_customer(store, exchange->id, &customer_id, &error);
    if (status == STATUS_OK && !principal_covers(&exchange->principal, customer_id)) {
        status = STATUS_NOT_FOUND;
    }
    if (status == STATUS_OK) {
        exchange->customer = directory_customer(exchange->directory, customer_id);
        exchange->customer_id = customer_id;
        status = exchange->customer != NULL ? STATUS_OK : STATUS_NOT_FOUND;
    }
    if (status != STATUS_OK && !(status == STATUS_NOT_FOUND && refuse_ticket(exchange, store))) {
        (void)escalations_read_fault(exchange, status, &error);
    }
    return status == STATUS_OK;
}

static enum next read_one(struct exchange *exchange, struct store *store)
{
    return escalations_find(exchange, store) ? escalations_show(exchange, store, true)
                                             : NEXT_ANSWER;
}

enum next escalations_get(struct exchange *exchange)
{
    static const char *const parameters[] = {"language", NULL};
    if (!query_check(exchange, parameters) || !path_uuid(exchange, 0, &exchange->id)) {
        return NEXT_ANSWER;
    }
    const char *language = query_value(exchange, "language");
    if (language != NULL && strcmp(language, "fr") != 0 && strcmp(language, "en") != 0) {
        return reply_fault(exchange, STATUS_INVALID, NULL,
                           "query parameter language must be en or fr");
    }
    exchange->read = read_one;
    return NEXT_READ;
}

/* ---- many ---- */

struct list {
    struct escalation_view *items;
    size_t count;
    bool more;
    struct uuid last; /* looked at: where the next page begins */
};

static void write_list(struct json_writer *json, void *context)
{
    const struct list *list = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < list->count; i++) {
        const struct escalation_view *item = &list->items[i];
        const struct burden burden = {
            .customer_id = item->customer->id, .subject = item->escalation.id, .reading = true};
        burden_take(&burden);
        view_escalation_summary(json, item);
    }
    burden_drop();
    json_array_end(json);
    if (list->more) {
        json_member_uuid(json, "next_cursor", list->last);
    } else {
        json_name(json, "next_cursor");
        json_null_value(json);
    }
    json_object_end(json);
}

static enum status load_list(struct exchange *exchange, struct store *store, struct list *list_r,
                             struct error *error)
{
    struct escalation *rows;
    size_t count;
    enum status status = store_list_escalations_of_several(
        store, exchange->customer_id, exchange_several(exchange), exchange->cursor,
        exchange->states, exchange->limit + 1, exchange->arena, &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct list list = {.more = count > exchange->limit};
    size_t page = list.more ? exchange->limit : count;
    list.items = arena_alloc(exchange->arena, (page + 1) * sizeof *list.items);
    if (list.items == NULL) {
        return STATUS_NO_MEMORY;
    }
    int64_t wall_of_engine_ms = escalations_wall_of_engine_ms(exchange);
    for (size_t i = 0; i < page; i++) {
        const struct directory_customer *customer =
            directory_customer(exchange->directory, rows[i].customer_id);
        list.last = rows[i].id;
        if (customer == NULL || !principal_covers(&exchange->principal, customer->id)) {
            continue; /* of a customer that the directory at hand does not have yet */
        }
        if (!escalations_begin_reading(exchange, customer->id, rows[i].id)) {
            continue; /* the desk was told of it */
        }
        struct escalation_view *item = &list.items[list.count++];
        item->customer = customer;
        item->escalation = rows[i];
        item->wall_of_engine_ms = wall_of_engine_ms;
        status = store_get_ticket(store, customer->id, rows[i].ticket_id, exchange->arena,
                                  &item->ticket, error);
        burden_drop();
        if (status != STATUS_OK) {
            return status;
        }
    }
    *list_r = list;
    return STATUS_OK;
}

static enum next read_list(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct list list = {0};
    enum status status = store_read_begin(store, &error);
    if (status == STATUS_OK) {
        status = load_list(exchange, store, &list, &error);
        store_read_end(store);
    }
    return status == STATUS_OK ? reply_view(exchange, write_list, &list)
                               : escalations_read_fault(exchange, status, &error);
}

/* "open", "closed", one state's word, or nothing for all. */
static bool take_state(struct exchange *exchange)
{
    const char *word = query_value(exchange, "state");
    exchange->states = ESCALATION_STATES_ALL;
    if (word == NULL) {
        return true;
    }
    if (strcmp(word, "open") == 0) {
        exchange->states = ESCALATION_STATES_OPEN;
        return true;
    }
    if (strcmp(word, "closed") == 0) {
        exchange->states = ESCALATION_STATES_CLOSED;
        return true;
    }
    for (int i = 0; escalation_state_words[i] != NULL; i++) {
        if (strcmp(word, escalation_state_words[i]) == 0) {
            exchange->states = 1u << i;
            return true;
        }
    }
    char words[200] = "open, closed";
    size_t used = strlen(words);
    for (int i = 0; escalation_state_words[i] != NULL; i++) {
        int wrote = snprintf(words + used, sizeof words - used, ", %s", escalation_state_words[i]);
        used += wrote > 0 && (size_t)wrote < sizeof words - used ? (size_t)wrote : 0;
    }
    (void)reply_fault(exchange, STATUS_INVALID, NULL, "query parameter state must be one of %s",
                      words);
    return false;
}

enum next escalations_list(struct exchange *exchange)
{
    static const char *const parameters[] = {"customer", "state", "limit", "cursor", NULL};
    if (!query_check(exchange, parameters) || !query_customer_or_all(exchange) ||
        !query_page(exchange) || !take_state(exchange)) {
        return NEXT_ANSWER;
    }
    exchange->read = read_list;
    return NEXT_READ;
}
