/* command_publication.c - what agents were told of a rota is put on record, and that they took
 * note. */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <string.h>

#include "gateway/base/encoding.h"
#include "gateway/base/json_writer.h"
#include "gateway/base/text.h"
#include "gateway/store/store_publication.h"

#define ANSWER_BYTES_MAX 2048
#define VIA_APP          "app"
#define VIA_OPERATOR     "operator"

/* ---- published ---- */

/* Whether what was compiled, and what it was compared with, are still there. False: the answer is
 * there, or *status_r says what failed. */
static bool is_still_so(struct engine *engine, struct command *command, enum status *status_r,
                        struct uuid *newest_r, struct error *error)
{
    const struct publish_request *request = &command->request.publish;
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct directory_rota *rota =
        customer != NULL ? directory_rota(customer, request->rota) : NULL;
    if (rota == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such rota");
        return false;
    }
    if (request->again || strcmp(rota->definition, request->definition) != 0) {
        answer_refuse(command, STATUS_CONFLICT,
                      "the rota was changed meanwhile: look at it again and repeat");
        return false;
    }
    *newest_r = (struct uuid){{0}};
    *status_r = store_get_newest_publication(engine->store, command->customer_id, request->rota,
                                             newest_r, error);
    *status_r = *status_r == STATUS_NOT_FOUND ? STATUS_OK : *status_r;
    if (*status_r == STATUS_OK && !uuid_equal(*newest_r, request->follows)) {
        answer_refuse(command, STATUS_CONFLICT,
                      "the rota was published meanwhile: look at it again and repeat");
        return false;
    }
    return *status_r == STATUS_OK;
}

/* An id that is greater than the newest of the rota: the order of ids is that of the telling. */
static struct uuid next_id(struct engine *engine, struct uuid newest)
{
    const struct random_source *random = &engine->configuration.random;
    struct uuid id = uuid_v7((struct wall_time){engine_now(engine).ms}, random);
    if (memcmp(id.bytes, newest.bytes, sizeof id.bytes) <= 0) {
        id = uuid_v7((struct wall_time){uuid_v7_ms(newest) + 1}, random);
    }
    return id;
}

static void answer_publication(struct command *command, const struct publication_row *row)
{
    char text[ANSWER_BYTES_MAX], digest[HEX_TEXT_BYTES(DIGEST_BYTES)];
    struct json_writer json;
    hex_encode(row->digest.bytes, DIGEST_BYTES, digest);
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_uuid(&json, "id", row->publication_id);
    json_member_text(&json, "rota", row->rota);
    json_member_time(&json, "from", row->from_at);
    json_member_time(&json, "to", row->to_at);
    json_member_time(&json, "published_at", row->published_at);
    json_member_text(&json, "digest", digest);
    json_member_int(&json, "agents", (int64_t)command->request.publish.agents_count);
    json_member_int(&json, "in_time", row->in_time);
    json_member_int(&json, "short", row->short_notice);
    json_member_int(&json, "too_short", row->too_short);
    json_object_end(&json);
    assert(!json_writer_overflowed(&json)); /* a slug needs no escapes */
    command->answer.status = STATUS_OK;
    command->answer.created = true;
    answer_json(command, text, json_writer_bytes(&json));
}

static enum status write_publication(struct engine *engine, const struct command *command,
                                     const struct publication_row *row, struct error *error)
{
    const struct publish_request *request = &command->request.publish;
    enum status status = store_add_publication(engine->store, row, error);
    for (size_t i = 0; i < request->agents_count && status == STATUS_OK; i++) {
        const struct publication_agent_row agent = {
            .customer_id = row->customer_id,
            .publication_id = row->publication_id,
            .agent = request->agents[i].agent,
            .name = request->agents[i].name,
            .shifts = request->agents[i].shifts,
            .changes = request->agents[i].changes,
        };
        status = store_add_publication_agent(engine->store, &agent, error);
    }
    return status;
}

enum status command_publish(struct engine *engine, struct command *command, struct error *error)
{
    const struct publish_request *request = &command->request.publish;
    const struct idempotency_row asked = {.key_id = request->key_id,
                                          .key = request->idempotency_key,
                                          .body_digest = request->body_digest};
    struct uuid newest;
    enum status status = idempotency_replay(engine, command, &asked, error);
    if (status != STATUS_NOT_FOUND) {
        command->answer.created = command->answer.status == STATUS_OK;
        return status;
    }
    status = STATUS_OK;
    if (!is_still_so(engine, command, &status, &newest, error)) {
        return status;
    }
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct publication_row row = {
        .customer_id = command->customer_id,
        .publication_id = next_id(engine, newest),
        .rota = request->rota,
        .from_at = request->from,
        .to_at = request->to,
        .published_at = command->received_at,
        .key_id = request->key_id,
        .operator_name = request->operator_name,
        .time_zone = customer->time_zone,
        .notice_days = request->notice_days,
        .digest = request->digest,
        .in_time = request->in_time,
        .short_notice = request->short_notice,
        .too_short = request->too_short,
    };
    status = write_publication(engine, command, &row, error);
    if (status == STATUS_OK) {
        answer_publication(command, &row);
        status = idempotency_record(engine, command, &asked, error);
    }
    return status;
}

/* ---- noted ---- */

static void answer_seen(struct command *command, const struct publication_agent_row *row)
{
    char text[ANSWER_BYTES_MAX];
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_uuid(&json, "id", row->publication_id);
    json_member_text(&json, "agent", row->agent);
    json_member_time(&json, "seen_at", row->seen_at);
    json_member_text(&json, "seen_via", row->seen_via);
    json_object_end(&json);
    assert(!json_writer_overflowed(&json)); /* slugs and words of our own */
    answer_json(command, text, json_writer_bytes(&json));
}

enum status command_see_publication(struct engine *engine, struct command *command,
                                    struct error *error)
{
    const struct see_publication_request *request = &command->request.see_publication;
    struct publication_agent_row row;
    enum status status =
        store_get_publication_agent(engine->store, command->customer_id, request->publication,
                                    request->agent, command->arena, &row, error);
    if (status == STATUS_NOT_FOUND ||
        (status == STATUS_OK && request->rota != NULL && strcmp(row.rota, request->rota) != 0)) {
        answer_refuse(command, STATUS_NOT_FOUND, "this publication has nothing for that agent");
        return STATUS_OK;
    }
    if (status == STATUS_OK && row.seen_at.ms == TIME_NEVER_MS) {
        row.seen_at = command->received_at;
        row.seen_via = request->operator_name != NULL ? VIA_OPERATOR : VIA_APP;
        row.seen_by = request->operator_name;
        row.seen_how = request->how;
        status = store_note_seen(engine->store, &row, error);
    }
    if (status == STATUS_OK) {
        answer_seen(command, &row);
    }
    return status;
}

enum status command_fetch_publication(struct engine *engine, struct command *command,
                                      struct error *error)
{
    const struct fetch_publication_request *request = &command->request.fetch_publication;
    return store_note_fetched(engine->store, command->customer_id, request->agent, request->newest,
                              command->received_at, error);
}

void engine_calendar_fetched(struct engine *engine, int64_t customer_id, const char *agent,
                             struct uuid newest, struct wall_time at)
{
    struct command *command =
        own_command(COMMAND_FETCH_PUBLICATION, customer_id, (struct uuid){{0}}, at);
    command->request.fetch_publication.newest = newest;
    (void)text_copy(command->request.fetch_publication.agent, SLUG_BYTES_MAX, agent);
    if (engine_post(engine, command) != STATUS_OK) {
        own_command_free(command); /* the next fetch tells it */
    }
}
