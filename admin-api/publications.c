/* publications.c - what agents were told of rotas, looked at; and that they took note. */
#include "admin-api/publications.h"

#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"
#include "admin-api/publication_csv.h"
#include "gateway/base/encoding.h"

#define HOW_BYTES_MAX   200
#define CSV_BYTES_BEGIN ((size_t)64 << 10)

static const char *const no_parameters[] = {NULL};
static const char *const page_parameters[] = {"limit", "cursor", NULL};

void publication_agent_json(struct json_writer *json, const struct told_agent *agent)
{
    json_member_text(json, "agent", agent->agent);
    json_member_text(json, "name", agent->name);
    json_member_raw(json, "shifts", agent->shifts);
    json_member_raw(json, "changes", agent->changes);
}

void publication_json(struct json_writer *json, const struct publication_row *row)
{
    char digest[HEX_TEXT_BYTES(DIGEST_BYTES)];
    hex_encode(row->digest.bytes, DIGEST_BYTES, digest);
    json_member_uuid(json, "id", row->publication_id);
    json_member_text(json, "rota", row->rota);
    json_member_time(json, "from", row->from_at);
    json_member_time(json, "to", row->to_at);
    json_member_time(json, "published_at", row->published_at);
    json_member_text(json, "key", row->key_id);
    json_member_text(json, "operator", row->operator_name);
    json_member_text(json, "time_zone", row->time_zone);
    json_member_int(json, "notice_days", row->notice_days);
    json_member_text(json, "digest", digest);
    json_member_int(json, "in_time", row->in_time);
    json_member_int(json, "short", row->short_notice);
    json_member_int(json, "too_short", row->too_short);
    json_member_int(json, "agents", row->agents);
    json_member_int(json, "seen", row->seen);
}

/* ---- a page of a list ---- */

struct page {
    const struct publication_row *publications; /* of a rota; or NULL */
    const struct publication_agent_row *parts;  /* of an agent */
    size_t count;
    bool more;
};

static void write_part_head(struct json_writer *json, const struct publication_agent_row *row)
{
    json_member_uuid(json, "id", row->publication_id);
    json_member_text(json, "rota", row->rota);
    json_member_time(json, "from", row->from_at);
    json_member_time(json, "to", row->to_at);
    json_member_time(json, "published_at", row->published_at);
    json_member_raw(json, "shifts", row->shifts);
    json_member_raw(json, "changes", row->changes);
    json_member_time(json, "seen_at", row->seen_at);
}

static void write_page(struct json_writer *json, void *context)
{
    const struct page *page = context;
    struct uuid last = {{0}};
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < page->count; i++) {
        json_object_begin(json);
        if (page->publications != NULL) {
            publication_json(json, &page->publications[i]);
            last = page->publications[i].publication_id;
        } else {
            write_part_head(json, &page->parts[i]);
            last = page->parts[i].publication_id;
        }
        json_object_end(json);
    }
    json_array_end(json);
    if (page->more) {
        json_member_uuid(json, "next_cursor", last);
    } else {
        json_name(json, "next_cursor");
        json_null_value(json);
    }
    json_object_end(json);
}

/* One more than fits says that there is a next page. */
static enum next reply_page(struct exchange *exchange, enum status status,
                            const struct error *error, struct page *page)
{
    if (status != STATUS_OK) {
        return escalations_read_fault(exchange, status, error);
    }
    page->more = page->count > exchange->limit;
    page->count = page->more ? exchange->limit : page->count;
    return reply_view(exchange, write_page, page);
}

/* ---- of a rota ---- */

static enum next read_list(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct page page = {.count = 0};
    struct publication_row *rows = NULL;
    enum status status = store_list_publications(
        store, exchange->customer_id, exchange->parameters[1], exchange->cursor,
        exchange->limit + 1, exchange->arena, &rows, &page.count, &error);
    page.publications = rows;
    /* Publications outlive their rota. */
    bool is_unknown = page.count == 0 && uuid_is_nil(exchange->cursor) &&
                      directory_rota(exchange->customer, exchange->parameters[1]) == NULL;
    return status == STATUS_OK && is_unknown ? reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL)
                                             : reply_page(exchange, status, &error, &page);
}

enum next publications_list(struct exchange *exchange)
{
    const char *slug;
    if (!query_check(exchange, page_parameters) || !path_slug(exchange, 1, &slug) ||
        !query_page(exchange)) {
        return NEXT_ANSWER;
    }
    exchange->read = read_list;
    return NEXT_READ;
}

struct whole {
    struct publication_row row;
    struct publication_agent_row *parts;
    size_t parts_count;
};

static void write_whole(struct json_writer *json, void *context)
{
    const struct whole *whole = context;
    json_object_begin(json);
    publication_json(json, &whole->row);
    json_name(json, "told");
    json_array_begin(json);
    for (size_t i = 0; i < whole->parts_count; i++) {
        const struct publication_agent_row *part = &whole->parts[i];
        const struct told_agent told = {part->agent, part->name, part->shifts, part->changes};
        json_object_begin(json);
        publication_agent_json(json, &told);
        json_member_time(json, "fetched_at", part->fetched_at);
        json_member_time(json, "seen_at", part->seen_at);
        json_member_text(json, "seen_via", part->seen_via);
        json_member_text(json, "seen_by", part->seen_by);
        json_member_text(json, "seen_how", part->seen_how);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

static enum status load_whole(struct exchange *exchange, struct store *store, struct whole *whole,
                              struct error *error)
{
    enum status status = store_get_publication(store, exchange->customer_id, exchange->id,
                                               exchange->arena, &whole->row, error);
    if (status == STATUS_OK && strcmp(whole->row.rota, exchange->parameters[1]) != 0) {
        status = STATUS_NOT_FOUND;
    }
    return status == STATUS_OK
               ? store_list_publication_agents(store, exchange->customer_id, exchange->id,
                                               exchange->arena, &whole->parts, &whole->parts_count,
                                               error)
               : status;
}

static enum next reply_csv(struct exchange *exchange, const struct whole *whole)
{
    struct csv csv;
    struct error error = {0};
    for (size_t bytes = CSV_BYTES_BEGIN; bytes <= VIEW_BYTES_MAX; bytes *= 4) {
        csv_init(&csv, arena_alloc(exchange->arena, bytes), bytes);
        if (csv.text == NULL) {
            return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
        }
        enum status status =
            publication_write_csv(&csv, &whole->row, whole->parts, whole->parts_count);
        if (status != STATUS_OK) {
            (void)error_set(&error, status, "a publication is not what the gateway writes");
            return escalations_read_fault(exchange, status, &error);
        }
        if (!csv.overflowed) {
            exchange->answer_type = "text/csv; charset=utf-8; header=present";
            return reply_json(exchange, 200, csv.text, csv.used);
        }
    }
    return reply_fault(exchange, STATUS_TOO_LARGE, NULL,
                       "the table is longer than %zu bytes: ask for format=json", VIEW_BYTES_MAX);
}

static enum next read_whole(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct whole whole = {.parts_count = 0};
    enum status status = store_read_begin(store, &error);
    if (status == STATUS_OK) {
        status = load_whole(exchange, store, &whole, &error);
        store_read_end(store);
    }
    if (status != STATUS_OK) {
        return escalations_read_fault(exchange, status, &error);
    }
    return exchange->as_csv ? reply_csv(exchange, &whole)
                            : reply_view(exchange, write_whole, &whole);
}

enum next publications_get(struct exchange *exchange)
{
    static const char *const parameters[] = {"format", NULL};
    if (!query_check(exchange, parameters) || !path_uuid(exchange, 2, &exchange->id) ||
        !query_choice(exchange, "format", "json", "csv", &exchange->as_csv)) {
        return NEXT_ANSWER;
    }
    exchange->read = read_whole;
    return NEXT_READ;
}

/* An operator was told by the agent, or has the agent's signature. */
enum next publications_seen(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct see_publication_request *request =
        &exchange_command(exchange, COMMAND_SEE_PUBLICATION)->request.see_publication;
    if (!query_check(exchange, no_parameters) || !path_uuid(exchange, 2, &request->publication) ||
        !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    request->rota = exchange->parameters[1];
    request->agent = json_take_slug(&reader, "agent", true);
    request->operator_name =
        json_take_text(&reader, "operator", true, 1, PUBLICATION_OPERATOR_BYTES_MAX);
    request->how = json_take_text(&reader, "how", true, 1, HOW_BYTES_MAX);
    return body_end(exchange, &reader) ? NEXT_COMMAND : NEXT_ANSWER;
}

/* ---- of an agent ---- */

static const char *own_slug(struct exchange *exchange)
{
    const struct directory_customer *customer =
        directory_customer(exchange->directory, exchange->customer_id);
    const struct directory_person *agent =
        customer != NULL ? directory_agent(customer, exchange->principal.agent_id) : NULL;
    return agent != NULL ? arena_text(exchange->arena, agent->slug) : NULL;
}

static enum next read_own(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct page page = {.count = 0};
    struct publication_agent_row *rows = NULL;
    const char *slug = own_slug(exchange);
    if (slug == NULL) {
        return reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
    }
    enum status status = store_list_publications_of_agent(
        store, exchange->customer_id, slug, exchange->cursor, exchange->limit + 1, exchange->arena,
        &rows, &page.count, &error);
    page.parts = rows;
    return reply_page(exchange, status, &error, &page);
}

enum next agent_publications_list(struct exchange *exchange)
{
    if (!query_check(exchange, page_parameters) || !query_page(exchange)) {
        return NEXT_ANSWER;
    }
    exchange->read = read_own;
    return NEXT_READ;
}

enum next agent_publications_seen(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct see_publication_request *request =
        &exchange_command(exchange, COMMAND_SEE_PUBLICATION)->request.see_publication;
    if (!query_check(exchange, no_parameters) || !path_uuid(exchange, 0, &request->publication) ||
        !body_begin(exchange, &reader, &error) || !body_end(exchange, &reader)) {
        return NEXT_ANSWER;
    }
    request->agent = own_slug(exchange);
    return request->agent != NULL ? NEXT_COMMAND
                                  : reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
}

/* Read first, so that a calendar program that asks every quarter of an hour writes nothing. */
void publications_note_fetch(struct exchange *exchange, struct store *store, const char *agent)
{
    struct uuid newest;
    if (store_get_unfetched_publication(store, exchange->customer->id, agent, &newest, NULL) ==
        STATUS_OK) {
        engine_calendar_fetched(exchange->api->engine, exchange->customer->id, agent, newest,
                                exchange->received_at);
    }
}
