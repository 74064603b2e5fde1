/* desk.c - the desk's verbs on an escalation, and its tasks. A verb first finds out whose the
 * escalation is (a foreign one answers 404), then becomes a command.
 */
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"

#define OPERATOR_BYTES_MAX (PERSON_NAME_BYTES_MAX - 1)
#define TEXT_BYTES_MAX     4000
#define REASON_TEXT_MAX    1000
#define ETA_S_MAX          86400

static enum next post_found(struct exchange *exchange, struct store *store)
{
    if (!escalations_find(exchange, store)) {
        return NEXT_ANSWER;
    }
    exchange->command.customer_id = exchange->customer_id;
    return NEXT_COMMAND;
}

/* Begins a verb: the path's id, the body, the operator. NULL: the answer is there. */
static struct desk_request *begin(struct exchange *exchange, enum desk_verb verb,
                                  struct json_reader *reader, struct error *error)
{
    static const char *const no_parameters[] = {NULL};
    if (!query_check(exchange, no_parameters) || !path_uuid(exchange, 0, &exchange->id) ||
        !body_begin(exchange, reader, error)) {
        return NULL;
    }
    struct command *command = exchange_command(exchange, COMMAND_DESK_VERB);
    command->escalation_id = exchange->id;
    struct desk_request *request = &command->request.desk;
    request->verb = verb;
    request->operator_name = json_take_text(reader, "operator", true, 1, OPERATOR_BYTES_MAX);
    return request;
}

static enum next finish(struct exchange *exchange, struct json_reader *reader)
{
    if (!body_end(exchange, reader)) {
        return NEXT_ANSWER;
    }
    exchange->read = post_found;
    return NEXT_READ;
}

enum next escalations_cancel(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct desk_request *request = begin(exchange, DESK_CANCEL, &reader, &error);
    if (request == NULL) {
        return NEXT_ANSWER;
    }
    request->text = json_take_text(&reader, "reason", true, 1, REASON_TEXT_MAX);
    return finish(exchange, &reader);
}

enum next escalations_note(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct desk_request *request = begin(exchange, DESK_NOTE, &reader, &error);
    if (request == NULL) {
        return NEXT_ANSWER;
    }
    request->text = json_take_text(&reader, "text", true, 1, TEXT_BYTES_MAX);
    return finish(exchange, &reader);
}

enum next escalations_severity(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct desk_request *request = begin(exchange, DESK_SEVERITY, &reader, &error);
    if (request == NULL) {
        return NEXT_ANSWER;
    }
    request->severity = (enum severity)json_take_word(&reader, "severity", true, severity_words, 0);
    request->text = json_take_text(&reader, "reason", false, 1, REASON_TEXT_MAX);
    return finish(exchange, &reader);
}

enum next escalations_resume(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct desk_request *request = begin(exchange, DESK_RESUME, &reader, &error);
    if (request == NULL) {
        return NEXT_ANSWER;
    }
    request->text = json_take_text(&reader, "reason", false, 1, REASON_TEXT_MAX);
    return finish(exchange, &reader);
}

enum next escalations_take(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    return begin(exchange, DESK_TAKE, &reader, &error) != NULL ? finish(exchange, &reader)
                                                               : NEXT_ANSWER;
}

enum next escalations_done(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    return begin(exchange, DESK_DONE, &reader, &error) != NULL ? finish(exchange, &reader)
                                                               : NEXT_ANSWER;
}

enum next escalations_assign(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct desk_request *request = begin(exchange, DESK_ASSIGN, &reader, &error);
    if (request == NULL) {
        return NEXT_ANSWER;
    }
    request->agent = json_take_slug(&reader, "agent", true);
    request->role =
        (enum offer_role)json_take_word(&reader, "as", false, offer_role_words, OFFER_AS_HOLDER);
    request->stays = json_take_bool(&reader, "stays", false);
    request->text = json_take_text(&reader, "reason", false, 1, REASON_TEXT_MAX);
    if (request->stays && request->role == OFFER_AS_MEMBER) {
        json_reader_fault(&reader, "stays", "is for as \"holder\": who joins takes it from nobody");
    }
    return finish(exchange, &reader);
}

enum next escalations_on_behalf(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct desk_request *request = begin(exchange, DESK_ON_BEHALF, &reader, &error);
    if (request == NULL) {
        return NEXT_ANSWER;
    }
    request->agent = json_take_slug(&reader, "agent", true);
    const char *word = json_take_text(&reader, "verb", true, 1, 32);
    request->agent_verb = word != NULL ? agent_verb_parse(word) : AGENT_VERBS_COUNT;
    if (word != NULL &&
        (request->agent_verb == AGENT_VERBS_COUNT || request->agent_verb == VERB_RECEIVED ||
         request->agent_verb == VERB_SEEN || request->agent_verb == VERB_HAND_OVER)) {
        json_reader_fault(&reader, "verb",
                          "must be one of accept, decline, remote, on-my-way, on-site, done, "
                          "hand-back, join, leave; of a hand-over, POST /assign");
    }
    request->eta_ms = json_take_int(&reader, "eta_s", false, 0, ETA_S_MAX, 0) * 1000;
    return finish(exchange, &reader);
}

enum next escalations_called_back(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct desk_request *request = begin(exchange, DESK_CALLED_BACK, &reader, &error);
    if (request == NULL) {
        return NEXT_ANSWER;
    }
    request->caller = (int)json_take_int(&reader, "caller", true, 1, CALLERS_MAX, 1);
    return finish(exchange, &reader);
}

enum next escalations_split(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct desk_request *request = begin(exchange, DESK_SPLIT, &reader, &error);
    if (request == NULL) {
        return NEXT_ANSWER;
    }
    request->caller = (int)json_take_int(&reader, "caller", true, 2, CALLERS_MAX, 2);
    return finish(exchange, &reader);
}

/* ---- tasks ---- */

struct tasks {
    const struct exchange *exchange;
    struct desk_task_row *rows;
    size_t count;
    bool more;
};

static void write_tasks(struct json_writer *json, void *context)
{
    const struct tasks *tasks = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < tasks->count; i++) {
        int64_t customer_id = tasks->rows[i].customer_id;
        if (principal_covers(&tasks->exchange->principal, customer_id)) {
            view_task(json, directory_customer(tasks->exchange->directory, customer_id),
                      &tasks->rows[i], true);
        }
    }
    json_array_end(json);
    if (tasks->more) {
        json_member_uuid(json, "next_cursor", tasks->rows[tasks->count - 1].task_id);
    } else {
        json_name(json, "next_cursor");
        json_null_value(json);
    }
    json_object_end(json);
}

static enum next read_tasks(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct tasks tasks = {.exchange = exchange};
    enum status status = store_list_open_tasks_of_several(
        store, exchange->customer_id, exchange_several(exchange), exchange->cursor,
        exchange->limit + 1, exchange->arena, &tasks.rows, &tasks.count, &error);
    if (status != STATUS_OK) {
        return escalations_read_fault(exchange, status, &error);
    }
    if (tasks.count > exchange->limit) {
        tasks.count = exchange->limit;
        tasks.more = true;
    }
    return reply_view(exchange, write_tasks, &tasks);
}

enum next tasks_list(struct exchange *exchange)
{
    static const char *const parameters[] = {"customer", "state", "limit", "cursor", NULL};
    if (!query_check(exchange, parameters) || !query_customer_or_all(exchange) ||
        !query_page(exchange)) {
        return NEXT_ANSWER;
    }
    const char *state = query_value(exchange, "state");
    if (state != NULL && strcmp(state, "open") != 0) {
        return reply_fault(exchange, STATUS_INVALID, NULL,
                           "query parameter state must be open: done tasks are shown with their "
                           "escalation");
    }
    exchange->read = read_tasks;
    return NEXT_READ;
}

/* A task's id does not say whose it is: looks through the customers that the key covers. */
static enum next find_task(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct desk_task_row row;
    size_t customers_count = directory_customers_count(exchange->directory);
    for (size_t i = 0; i < customers_count; i++) {
        int64_t customer_id = directory_customer_at(exchange->directory, i)->id;
        if (!principal_covers(&exchange->principal, customer_id)) {
            continue;
        }
        enum status status =
            store_get_desk_task(store, customer_id, exchange->id, exchange->arena, &row, &error);
        if (status == STATUS_OK) {
            exchange->command.customer_id = customer_id;
            return NEXT_COMMAND;
        }
        if (status != STATUS_NOT_FOUND) {
            return escalations_read_fault(exchange, status, &error);
        }
    }
    return reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
}

enum next tasks_done(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    if (!path_uuid(exchange, 0, &exchange->id) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    struct command *command = exchange_command(exchange, COMMAND_TASK_DONE);
    command->request.task_done.task_id = exchange->id;
    command->request.task_done.operator_name =
        json_take_text(&reader, "operator", true, 1, OPERATOR_BYTES_MAX);
    if (!body_end(exchange, &reader)) {
        return NEXT_ANSWER;
    }
    exchange->read = find_task;
    return NEXT_READ;
}
