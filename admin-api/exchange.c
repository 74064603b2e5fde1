/* exchange.c - making and ending an exchange, its answers, and reading what came in. */
#include "admin-api/exchange.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "gateway/base/text.h"

#define EXCHANGE_MAGIC   0x65786368u
#define VIEW_BYTES_BEGIN ((size_t)4096)
#define PAGE_LIMIT       50
#define PAGE_LIMIT_MAX   200

struct exchange *exchange_create(struct admin_api *api)
{
    struct arena *arena = arena_create(EXCHANGE_ARENA_BYTES_MAX);
    struct exchange *exchange = arena != NULL ? arena_alloc(arena, sizeof *exchange) : NULL;
    if (exchange == NULL) {
        arena_destroy(&arena);
        return NULL;
    }
    exchange->magic = EXCHANGE_MAGIC;
    exchange->api = api;
    exchange->arena = arena;
    return exchange;
}

void exchange_release_directory(struct exchange *exchange)
{
    if (exchange->directory != NULL) {
        engine_directory_release(exchange->api->engine, exchange->directory);
        exchange->directory = NULL;
        exchange->customer = NULL;
    }
}

void exchange_destroy(struct exchange **exchange)
{
    if (*exchange == NULL) {
        return;
    }
    assert((*exchange)->magic == EXCHANGE_MAGIC);
    exchange_release_directory(*exchange);
    json_decref((*exchange)->json);
    (*exchange)->magic = 0;
    struct arena *arena = (*exchange)->arena;
    *exchange = NULL;
    arena_destroy(&arena);
}

enum next reply_json(struct exchange *exchange, int http_status, const char *body, size_t bytes)
{
    exchange->http_status = http_status;
    exchange->answer = body;
    exchange->answer_bytes = bytes;
    return NEXT_ANSWER;
}

enum next reply_nothing(struct exchange *exchange)
{
    return reply_json(exchange, 204, "", 0);
}

/* Shows what a PUT has left; the engine publishes its directory before it answers. */
static enum next reply_after(struct exchange *exchange, int http_status)
{
    exchange->directory = engine_directory_acquire(exchange->api->engine);
    exchange->customer = directory_customer(exchange->directory, exchange->command.customer_id);
    (void)exchange->after(exchange);
    exchange_release_directory(exchange);
    exchange->http_status = exchange->http_status == 200 ? http_status : exchange->http_status;
    return NEXT_ANSWER;
}

enum next reply_command(struct exchange *exchange)
{
    const struct answer *answer = &exchange->command.answer;
    if (answer->status == STATUS_FULL) {
        return reply_full(exchange);
    }
    if (answer->status != STATUS_OK) {
        (void)reply_problem(exchange, answer->status, &answer->error, answer->body);
        if (answer->retry_after_s > 0) {
            exchange->retry_after_s = answer->retry_after_s;
        }
        return NEXT_ANSWER;
    }
    int http_status = answer->created ? 201 : 200;
    if (answer->body == NULL || answer->body_bytes == 0) {
        return exchange->after != NULL ? reply_after(exchange, http_status)
                                       : reply_nothing(exchange);
    }
    if (exchange->command.type == COMMAND_ESCALATE && !answer->joined) {
        http_status = 202;
    }
    return reply_json(exchange, http_status, answer->body, answer->body_bytes);
}

enum next reply_view(struct exchange *exchange, view_writer *write, void *context)
{
    for (size_t bytes = VIEW_BYTES_BEGIN; bytes <= VIEW_BYTES_MAX; bytes *= 4) {
        char *buffer = arena_alloc(exchange->arena, bytes);
        if (buffer == NULL) {
            break;
        }
        struct json_writer json;
        json_writer_init(&json, buffer, bytes);
        write(&json, context);
        if (!json_writer_overflowed(&json)) {
            return reply_json(exchange, 200, buffer, json_writer_bytes(&json));
        }
    }
    return reply_fault(exchange, STATUS_TOO_LARGE, NULL,
                       "the answer would be too long: ask for less with limit");
}

bool body_begin(struct exchange *exchange, struct json_reader *reader, struct error *error)
{
    enum status status;
    *error = (struct error){0};
    if (exchange->body_bytes == 0) {
        exchange->json = json_object();
        status = exchange->json != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    } else {
        status = json_parse(exchange->body, exchange->body_bytes, &exchange->json, error);
    }
    if (status != STATUS_OK) {
        (void)reply_problem(exchange, status, error, NULL);
        return false;
    }
    json_reader_init(reader, exchange->json, "", error);
    if (reader->status != STATUS_OK) {
        (void)reply_problem(exchange, reader->status, error, NULL);
        return false;
    }
    return true;
}

bool body_end(struct exchange *exchange, struct json_reader *reader)
{
    enum status status = json_reader_end(reader);
    if (status != STATUS_OK) {
        (void)reply_problem(exchange, status, reader->error, NULL);
        return false;
    }
    return true;
}

const char *query_value(const struct exchange *exchange, const char *name)
{
    for (size_t i = 0; i < exchange->query_count; i++) {
        if (strcmp(exchange->query[i].name, name) == 0) {
            return exchange->query[i].value;
        }
    }
    return NULL;
}

bool query_choice(struct exchange *exchange, const char *name, const char *usual, const char *other,
                  bool *is_other_r)
{
    const char *value = query_value(exchange, name);
    *is_other_r = value != NULL && strcmp(value, other) == 0;
    if (value == NULL || *is_other_r || strcmp(value, usual) == 0) {
        return true;
    }
    (void)reply_fault(exchange, STATUS_INVALID, NULL, "query parameter %s must be %s or %s", name,
                      usual, other);
    return false;
}

bool query_check(struct exchange *exchange, const char *const *names)
{
    for (size_t i = 0; i < exchange->query_count; i++) {
        const char *given = exchange->query[i].name;
        size_t known = 0;
        while (names[known] != NULL && strcmp(names[known], given) != 0) {
            known++;
        }
        if (names[known] == NULL) {
            char all[96] = "none";
            size_t used = 0;
            for (size_t n = 0; names[n] != NULL && used < sizeof all; n++) {
                used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", n > 0 ? ", " : "",
                                         names[n]);
            }
            (void)reply_fault(exchange, STATUS_INVALID, NULL,
                              "query parameter %.32s is not known: this call knows %s", given, all);
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(exchange->query[j].name, given) == 0) {
                (void)reply_fault(exchange, STATUS_INVALID, NULL,
                                  "query parameter %s came twice: send it once", names[known]);
                return false;
            }
        }
    }
    return true;
}

bool query_time(struct exchange *exchange, const char *name, struct wall_time fallback,
                struct wall_time *time_r)
{
    const char *text = query_value(exchange, name);
    *time_r = fallback;
    if (text != NULL && wall_time_parse(text, time_r) != STATUS_OK) {
        (void)reply_fault(exchange, STATUS_INVALID, NULL,
                          "query parameter %s must be a time such as 2026-01-31T18:00:00Z", name);
        return false;
    }
    return true;
}

bool query_page(struct exchange *exchange)
{
    const char *limit = query_value(exchange, "limit");
    const char *cursor = query_value(exchange, "cursor");
    exchange->limit = PAGE_LIMIT;
    if (limit != NULL) {
        char *end;
        long number = strtol(limit, &end, 10);
        if (*end != '\0' || end == limit || number < 1 || number > PAGE_LIMIT_MAX) {
            (void)reply_fault(exchange, STATUS_INVALID, NULL,
                              "query parameter limit must be a number from 1 to %d",
                              PAGE_LIMIT_MAX);
            return false;
        }
        exchange->limit = (size_t)number;
    }
    if (cursor != NULL && uuid_parse(cursor, &exchange->cursor) != STATUS_OK) {
        (void)reply_fault(exchange, STATUS_INVALID, NULL,
                          "query parameter cursor must be a next_cursor of an earlier answer");
        return false;
    }
    return true;
}

/* Without a customer: all that the key covers, which is one for a key of one. */
bool query_customer_or_all(struct exchange *exchange)
{
    const struct principal *principal = &exchange->principal;
    if (query_value(exchange, "customer") != NULL ||
        (!principal->all_customers && principal->customers_count == 1)) {
        return query_customer(exchange);
    }
    exchange->customer = NULL;
    exchange->customer_id = 0;
    return true;
}

const struct customer_set *exchange_several(struct exchange *exchange)
{
    const struct principal *principal = &exchange->principal;
    if (exchange->customer_id != 0 || principal->all_customers) {
        return NULL;
    }
    exchange->several = (struct customer_set){principal->customers, principal->customers_count};
    return &exchange->several;
}

bool query_customer(struct exchange *exchange)
{
    const struct principal *principal = &exchange->principal;
    const char *slug = query_value(exchange, "customer");
    if (slug != NULL) {
        exchange->customer = directory_customer_by_slug(exchange->directory, slug);
        if (exchange->customer != NULL && !principal_covers(principal, exchange->customer->id)) {
            exchange->customer = NULL;
        }
    } else if (!principal->all_customers && principal->customers_count == 1) {
        exchange->customer = directory_customer(exchange->directory, principal->customers[0]);
    } else {
        (void)reply_fault(exchange, STATUS_INVALID, NULL,
                          "query parameter customer is required: a customer's slug");
        return false;
    }
    if (exchange->customer == NULL) {
        (void)reply_fault(exchange, STATUS_NOT_FOUND, NULL,
                          "query parameter customer: no such customer");
        return false;
    }
    exchange->customer_id = exchange->customer->id;
    return true;
}

bool path_uuid(struct exchange *exchange, size_t index, struct uuid *uuid_r)
{
    if (uuid_parse(exchange->parameters[index], uuid_r) != STATUS_OK) {
        (void)reply_fault(exchange, STATUS_NOT_FOUND, NULL,
                          "the id in the path is not that of an object here");
        return false;
    }
    return true;
}

bool path_slug(struct exchange *exchange, size_t index, const char **slug_r)
{
    if (!text_is_slug(exchange->parameters[index])) {
        (void)reply_fault(exchange, STATUS_INVALID, NULL,
                          "the name in the path must be a slug: 1 to 63 lower-case letters, "
                          "digits and '-', beginning with a letter or digit");
        return false;
    }
    *slug_r = exchange->parameters[index];
    return true;
}

struct command *exchange_command(struct exchange *exchange, enum command_type type)
{
    struct command *command = &exchange->command;
    command->type = type;
    command->arena = exchange->arena;
    command->customer_id = exchange->customer_id;
    command->received_at = exchange->received_at;
    return command;
}
