/* command_feed.c - secret addresses of calendars: made here and shown once, revoked. */
#include "gateway/engine/engine_private.h"

#include <stdio.h>

#include "gateway/base/json_writer.h"

#define ADDRESS_BYTES_MAX 1024 /* of configuration's public_url, and the rest */
#define FEED_JSON_BYTES   4096

/* Whose the feed is or becomes: one of both is set, unless there is no such rota or agent. */
struct owner {
    int64_t rota_id;
    int64_t agent_id;
};

static bool find_owner(struct engine *engine, struct command *command,
                       const struct directory_customer **customer_r, struct owner *owner_r)
{
    const struct feed_request *request = &command->request.feed;
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct directory_rota *rota = NULL;
    const struct directory_person *agent = NULL;
    if (customer != NULL && request->rota != NULL) {
        rota = directory_rota(customer, request->rota);
    } else if (customer != NULL) {
        agent = directory_agent_by_slug(customer, request->agent);
    }
    if (rota == NULL && agent == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such rota or agent");
        return false;
    }
    *customer_r = customer;
    *owner_r = (struct owner){rota != NULL ? rota->id : 0, agent != NULL ? agent->id : 0};
    return true;
}

static bool owns(const struct owner *owner, const struct directory_feed *feed)
{
    return feed->rota_id == owner->rota_id && feed->agent_id == owner->agent_id;
}

static void answer_feed(struct command *command, int64_t feed_id, const char *secret)
{
    const struct feed_request *request = &command->request.feed;
    char text[FEED_JSON_BYTES], url[ADDRESS_BYTES_MAX];
    struct json_writer json;
    (void)snprintf(url, sizeof url, "%s%s.ics", request->place, secret);
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_int(&json, "id", feed_id);
    json_member_text(&json, "name", request->name);
    json_member_text(&json, "url", url);
    json_member_time(&json, "created_at", command->received_at);
    json_object_end(&json);
    command->answer.created = true;
    answer_json(command, text, json_writer_bytes(&json));
}

enum status command_add_feed(struct engine *engine, struct command *command, struct error *error)
{
    const struct directory_customer *customer;
    struct owner owner;
    if (!find_owner(engine, command, &customer, &owner)) {
        return STATUS_OK;
    }
    size_t count = 0;
    for (size_t i = 0; i < customer->feeds_count; i++) {
        count += owns(&owner, &customer->feeds[i]);
    }
    if (count >= FEEDS_OF_OWNER_MAX) {
        answer_refuse(command, STATUS_CONFLICT,
                      "it has %d feeds, which is as many as it can have: revoke one",
                      FEEDS_OF_OWNER_MAX);
        return STATUS_OK;
    }
    char secret[TOKEN_BYTES_MAX];
    struct feed_row row = {
        .customer_id = command->customer_id,
        .rota_id = owner.rota_id,
        .agent_id = owner.agent_id,
        .name = command->request.feed.name,
        .created_at = command->received_at,
    };
    int64_t numbers[2] = {command->customer_id, 0};
    token_make("fd_", numbers, &engine->configuration.random, secret, &row.secret_hash);
    enum status status = store_add_feed(engine->store, &row, &numbers[1], error);
    if (status == STATUS_OK) {
        token_renumber(secret, numbers);
        engine_customer_changed(engine, command->customer_id, false);
        answer_feed(command, numbers[1], secret);
    }
    return status;
}

enum status command_revoke_feed(struct engine *engine, struct command *command, struct error *error)
{
    const struct directory_customer *customer;
    struct owner owner;
    if (!find_owner(engine, command, &customer, &owner)) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < customer->feeds_count; i++) {
        const struct directory_feed *feed = &customer->feeds[i];
        if (feed->id == command->request.feed.feed_id && owns(&owner, feed)) {
            engine_customer_changed(engine, command->customer_id, false);
            return store_revoke_feed(engine->store, command->customer_id, feed->id,
                                     command->received_at, error);
        }
    }
    answer_refuse(command, STATUS_NOT_FOUND, "no such feed");
    return STATUS_OK;
}
