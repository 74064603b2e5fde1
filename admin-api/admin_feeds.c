/* admin_feeds.c - secret addresses from which calendar programs fetch shifts, and what they fetch.
 *
 * The address is the only key: calendar programs send no other. So a wrong one is told nothing but
 * that there is none, whatever is wrong with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/publications.h"
#include "gateway/base/digest.h"
#include "gateway/base/encoding.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"

#define FEED_NAME_BYTES_MAX 100
#define SECRET_BYTES_MAX    128
#define SUFFIX              ".ics"
#define ETAG_BYTES          16 /* of the digest */

static const char *const no_parameters[] = {NULL};

/* ---- administration ---- */

/* Whose feeds the path is about; both NULL: nobody's that there is. */
struct owner {
    const struct directory_rota *rota;
    const struct directory_person *agent;
};

static bool find_owner(struct exchange *exchange, bool of_rota, struct owner *owner_r)
{
    const char *slug = exchange->parameters[1];
    *owner_r =
        (struct owner){.rota = of_rota ? directory_rota(exchange->customer, slug) : NULL,
                       .agent = of_rota ? NULL : directory_agent_by_slug(exchange->customer, slug)};
    if (owner_r->rota == NULL && owner_r->agent == NULL) {
        (void)reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
        return false;
    }
    return query_check(exchange, no_parameters);
}

struct listed {
    const struct directory_customer *customer;
    struct owner owner;
};

static bool is_owners(const struct owner *owner, const struct directory_feed *feed)
{
    return owner->rota != NULL ? feed->rota_id == owner->rota->id
                               : feed->agent_id == owner->agent->id;
}

static void write_feeds(struct json_writer *json, void *context)
{
    const struct listed *listed = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < listed->customer->feeds_count; i++) {
        const struct directory_feed *feed = &listed->customer->feeds[i];
        if (is_owners(&listed->owner, feed)) {
            json_object_begin(json);
            json_member_int(json, "id", feed->id);
            json_member_text(json, "name", feed->name);
            json_member_time(json, "created_at", feed->created_at);
            json_object_end(json);
        }
    }
    json_array_end(json);
    json_name(json, "next_cursor");
    json_null_value(json);
    json_object_end(json);
}

static enum next list(struct exchange *exchange, bool of_rota)
{
    struct listed listed = {.customer = exchange->customer};
    return find_owner(exchange, of_rota, &listed.owner) ? reply_view(exchange, write_feeds, &listed)
                                                        : NEXT_ANSWER;
}

enum next rotas_feeds_list(struct exchange *exchange)
{
    return list(exchange, true);
}

enum next agents_feeds_list(struct exchange *exchange)
{
    return list(exchange, false);
}

static struct feed_request *begin(struct exchange *exchange, enum command_type type, bool of_rota)
{
    struct owner owner;
    if (!find_owner(exchange, of_rota, &owner)) {
        return NULL;
    }
    struct feed_request *request = &exchange_command(exchange, type)->request.feed;
    request->rota = of_rota ? exchange->parameters[1] : NULL;
    request->agent = of_rota ? NULL : exchange->parameters[1];
    return request;
}

static enum next post(struct exchange *exchange, bool of_rota)
{
    struct json_reader reader;
    struct error error;
    struct feed_request *request = begin(exchange, COMMAND_ADD_FEED, of_rota);
    if (request == NULL || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    const char *name = json_take_text(&reader, "name", false, 1, FEED_NAME_BYTES_MAX);
    request->name = name != NULL ? name : "";
    request->place = exchange->api->feeds_place;
    return body_end(exchange, &reader) ? NEXT_COMMAND : NEXT_ANSWER;
}

enum next rotas_feeds_post(struct exchange *exchange)
{
    return post(exchange, true);
}

enum next agents_feeds_post(struct exchange *exchange)
{
    return post(exchange, false);
}

static enum next withdraw(struct exchange *exchange, bool of_rota)
{
    struct feed_request *request = begin(exchange, COMMAND_REVOKE_FEED, of_rota);
    if (request == NULL) {
        return NEXT_ANSWER;
    }
    char *end;
    request->feed_id = strtoll(exchange->parameters[2], &end, 10);
    return *end == '\0' && request->feed_id > 0
               ? NEXT_COMMAND
               : reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
}

enum next rotas_feeds_delete(struct exchange *exchange)
{
    return withdraw(exchange, true);
}

enum next agents_feeds_delete(struct exchange *exchange)
{
    return withdraw(exchange, false);
}

/* ---- what is fetched ---- */

/* The same words for every address that is none. */
static enum next reply_no_feed(struct exchange *exchange)
{
    return reply_fault(exchange, STATUS_NOT_FOUND, NULL, "no such calendar: ask for a new address");
}

/* Whether the client has this already: a list of tags, weak ones too, or "*" (RFC 9110, section
 * 13.1.2). A tag is quoted and of hexadecimal digits, so that none is a part of another. */
static bool has_already(const struct exchange *exchange, const char *etag)
{
    const char *known = exchange->if_none_match;
    return known != NULL && (strcmp(known, "*") == 0 || strstr(known, etag) != NULL);
}

static enum next reply_calendar(struct exchange *exchange, const char *text, size_t bytes)
{
    const struct digest_part part = {text, bytes};
    struct digest digest = digest_sha256(&part, 1);
    char hex[HEX_TEXT_BYTES(ETAG_BYTES)];
    hex_encode(digest.bytes, ETAG_BYTES, hex);
    exchange->etag = arena_format(exchange->arena, "\"%s\"", hex);
    if (exchange->etag == NULL) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    /* Whoever stands between may not keep it, and the program asks again each time: what changed
     * shows at once. */
    exchange->cache_control = "private, no-cache";
    exchange->answer_type = "text/calendar; charset=utf-8";
    return has_already(exchange, exchange->etag) ? reply_json(exchange, 304, "", 0)
                                                 : reply_json(exchange, 200, text, bytes);
}

/* A calendar that cannot be made is no empty one: a program that is refused keeps what it has. */
static enum next reply_unmade(struct exchange *exchange, enum status status)
{
    log_warning("http.feed_failed", LOG_INT("customer", exchange->customer->id),
                LOG_STATUS(status));
    return reply_http_problem(exchange, 500, status,
                              "the calendar cannot be made: its administrator finds the reason "
                              "with GET .../on-call of its rotas");
}

/* Compiling a year takes a while, so a reader thread does it; it is made of nothing but the
 * directory. */
static enum next make_calendar(struct exchange *exchange, struct store *store)
{
    const struct admin_api_calendars *calendars = &exchange->api->calendars;
    const struct directory_customer *customer = exchange->customer;
    const struct directory_feed *feed = exchange->feed;
    const struct admin_api_feed asked = {
        .customer = customer,
        .rota = feed->rota_id != 0 ? directory_feed_rota(customer, feed) : NULL,
        .agent = feed->agent_id != 0 ? directory_agent(customer, feed->agent_id) : NULL,
        .now = exchange->received_at};
    const char *text = NULL;
    size_t bytes = 0;
    struct error error = {0};
    enum status status =
        calendars->write(calendars->context, &asked, exchange->arena, &text, &bytes, &error);
    if (status != STATUS_OK) {
        return reply_unmade(exchange, status);
    }
    if (asked.agent != NULL) {
        publications_note_fetch(exchange, store, asked.agent->slug);
    }
    return reply_calendar(exchange, text, bytes);
}

/* Whether the feed's owner is there, and an agent active. */
static bool is_served(const struct directory_customer *customer, const struct directory_feed *feed)
{
    if (feed->rota_id != 0) {
        return directory_feed_rota(customer, feed) != NULL;
    }
    const struct directory_person *agent = directory_agent(customer, feed->agent_id);
    return agent != NULL && agent->active;
}

enum next feeds_get(struct exchange *exchange)
{
    char secret[SECRET_BYTES_MAX];
    const char *name = exchange->parameters[0];
    size_t bytes = strlen(name), suffix_bytes = sizeof SUFFIX - 1;
    if (bytes <= suffix_bytes || strcmp(name + bytes - suffix_bytes, SUFFIX) != 0 ||
        bytes - suffix_bytes >= sizeof secret || exchange->api->calendars.write == NULL) {
        return reply_no_feed(exchange);
    }
    memcpy(secret, name, bytes - suffix_bytes);
    secret[bytes - suffix_bytes] = '\0';
    exchange->feed = directory_feed_by_secret(exchange->directory, secret, &exchange->customer);
    explicit_bzero(secret, sizeof secret);
    if (exchange->feed == NULL || !is_served(exchange->customer, exchange->feed)) {
        return reply_no_feed(exchange);
    }
    exchange->read = make_calendar;
    return NEXT_READ;
}
