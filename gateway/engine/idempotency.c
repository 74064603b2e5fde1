/* idempotency.c - a request that comes again under its key gets the answer that it got before. */
#include "gateway/engine/engine_private.h"

#include <string.h>

enum status idempotency_replay(struct engine *engine, struct command *command,
                               const struct idempotency_row *asked, struct error *error)
{
    struct idempotency_row row;
    if (asked->key == NULL) {
        return STATUS_NOT_FOUND;
    }
    enum status status = store_get_idempotency(engine->store, asked->key_id, asked->key,
                                               command->arena, &row, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (memcmp(row.body_digest.bytes, asked->body_digest.bytes, DIGEST_BYTES) != 0) {
        answer_refuse(command, STATUS_KEY_REUSED,
                      "this Idempotency-Key came with another body before; use a new key");
        return STATUS_OK;
    }
    command->answer.status = STATUS_OK;
    command->answer.joined = row.joined;
    command->answer.body = row.answer;
    command->answer.body_bytes = strlen(row.answer);
    return STATUS_OK;
}

enum status idempotency_record(struct engine *engine, const struct command *command,
                               const struct idempotency_row *asked, struct error *error)
{
    if (asked->key == NULL || command->answer.status != STATUS_OK) {
        return STATUS_OK;
    }
    struct idempotency_row row = *asked;
    row.created_at = engine_now(engine);
    row.answer = command->answer.body;
    row.joined = command->answer.joined;
    return store_add_idempotency(engine->store, &row, error);
}
