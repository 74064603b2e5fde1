/* command_ticket.c - what the desk does to a ticket itself: notes, links between duplicates,
 * closing and opening again. What can be said twice changes nothing the second time. */
#include "gateway/engine/engine_private.h"

#include <assert.h>

#include "gateway/base/json_writer.h"
#include "gateway/store/store_ticket.h"

#define ANSWER_BYTES_MAX 1024
/* A ticket takes further closings and links when it takes no further notes. */
#define CHANGES_MAX (2 * TICKET_NOTES_MAX)

struct ticket_work {
    const struct ticket_request *request;
    struct ticket_row ticket;
    struct ticket_row other; /* LINK, UNLINK */
    int64_t note;            /* 0: nothing was noted, as nothing changed */
};

static void write_duplicate(struct json_writer *json, const struct ticket_work *work)
{
    json_name(json, "duplicate_of");
    if (uuid_is_nil(work->ticket.duplicate_of)) {
        json_null_value(json);
    } else {
        char id[UUID_TEXT_BYTES];
        uuid_format(work->ticket.duplicate_of, id);
        json_text(json, id);
    }
}

static void answer_ticket(struct command *command, const struct ticket_work *work)
{
    char text[ANSWER_BYTES_MAX];
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_uuid(&json, "id", work->ticket.ticket_id);
    json_member_int(&json, "number", work->ticket.number);
    json_member_text(&json, "state", ticket_state_word(ticket_state_of(&work->ticket)));
    json_member_time(&json, "closed_at", work->ticket.closed_at);
    write_duplicate(&json, work);
    json_name(&json, "note");
    if (work->note > 0) {
        json_int(&json, work->note);
    } else {
        json_null_value(&json);
    }
    json_object_end(&json);
    assert(!json_writer_overflowed(&json)); /* ids, numbers and words of ours */
    command->answer.status = STATUS_OK;
    command->answer.created = work->request->verb == TICKET_ADD_NOTE;
    answer_json(command, text, json_writer_bytes(&json));
}

/* Notes what was done, by whom and when. Refuses when there is no end of it. */
static enum status note(struct engine *engine, struct command *command, struct ticket_work *work,
                        enum ticket_note_kind kind, struct uuid of, struct error *error)
{
    int64_t count = 0, most = kind == TICKET_NOTE ? TICKET_NOTES_MAX : CHANGES_MAX;
    struct ticket_note_row row = {
        .customer_id = command->customer_id,
        .ticket_id = of,
        .kind = kind,
        .at = command->received_at,
        .by = work->request->operator_name,
        .text = work->request->text,
    };
    enum status status =
        store_count_ticket_notes(engine->store, command->customer_id, of, &count, error);
    if (status == STATUS_OK && count >= most) {
        answer_refuse(command, STATUS_CONFLICT,
                      "the ticket has %lld notes and takes no more: open another one",
                      (long long)count);
        return STATUS_OK;
    }
    if (kind == TICKET_NOTE_LINKED || kind == TICKET_NOTE_UNLINKED) {
        row.other =
            uuid_equal(of, work->ticket.ticket_id) ? work->other.ticket_id : work->ticket.ticket_id;
    }
    if (status == STATUS_OK) {
        status = store_add_ticket_note(engine->store, &row, error);
        work->note = row.number;
    }
    return status;
}

static enum status add_note(struct engine *engine, struct command *command,
                            struct ticket_work *work, struct error *error)
{
    return note(engine, command, work, TICKET_NOTE, work->ticket.ticket_id, error);
}

static enum status close_ticket(struct engine *engine, struct command *command,
                                struct ticket_work *work, struct error *error)
{
    int64_t open = 0;
    if (ticket_state_of(&work->ticket) != TICKET_OPEN) {
        return STATUS_OK;
    }
    enum status status = store_count_open_of_ticket(engine->store, command->customer_id,
                                                    work->ticket.ticket_id, &open, error);
    if (status == STATUS_OK && open > 0) {
        answer_refuse(
            command, STATUS_CONFLICT,
            "an escalation of this ticket is open: cancel it, report it done, or call back "
            "the caller to whom it was promised");
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = note(engine, command, work, TICKET_NOTE_CLOSED, work->ticket.ticket_id, error);
    }
    if (status == STATUS_OK && work->note > 0) {
        work->ticket.closed_at = command->received_at;
        status = store_close_ticket(engine->store, command->customer_id, work->ticket.ticket_id,
                                    command->received_at, error);
    }
    return status;
}

static enum status reopen_ticket(struct engine *engine, struct command *command,
                                 struct ticket_work *work, struct error *error)
{
    if (ticket_state_of(&work->ticket) == TICKET_OPEN) {
        return STATUS_OK;
    }
    enum status status =
        note(engine, command, work, TICKET_NOTE_REOPENED, work->ticket.ticket_id, error);
    if (status == STATUS_OK && work->note > 0) {
        work->ticket.closed_at = WALL_NEVER;
        status =
            store_reopen_ticket(engine->store, command->customer_id, work->ticket.ticket_id, error);
    }
    return status;
}

/* Duplicates point at the one that is worked on, which points at none: no chain, no circle.
 * STATUS_CONFLICT: the answer says why not. */
static enum status check_link(struct engine *engine, struct command *command,
                              const struct ticket_work *work, struct error *error)
{
    struct ticket_row *rows;
    size_t own = 0, others = 0;
    enum status status =
        store_list_duplicates(engine->store, command->customer_id, work->ticket.ticket_id, 1,
                              command->arena, &rows, &own, error);
    if (status == STATUS_OK) {
        status =
            store_list_duplicates(engine->store, command->customer_id, work->other.ticket_id,
                                  TICKET_DUPLICATES_MAX, command->arena, &rows, &others, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!uuid_is_nil(work->ticket.duplicate_of)) {
        answer_refuse(command, STATUS_CONFLICT,
                      "this ticket is a duplicate of another one already: unlink that first");
    } else if (!uuid_is_nil(work->other.duplicate_of)) {
        answer_refuse(command, STATUS_CONFLICT,
                      "ticket %lld is a duplicate itself: link to the one that it points at",
                      (long long)work->other.number);
    } else if (own > 0) {
        answer_refuse(command, STATUS_CONFLICT,
                      "ticket %lld has a duplicate itself, ticket %lld: link the other way round",
                      (long long)work->ticket.number, (long long)rows[0].number);
    } else if (others == TICKET_DUPLICATES_MAX) {
        answer_refuse(command, STATUS_CONFLICT, "ticket %lld has %d duplicates and takes no more",
                      (long long)work->other.number, TICKET_DUPLICATES_MAX);
    } else {
        return STATUS_OK;
    }
    return STATUS_CONFLICT;
}

static enum status link_ticket(struct engine *engine, struct command *command,
                               struct ticket_work *work, struct error *error)
{
    if (uuid_equal(work->ticket.ticket_id, work->other.ticket_id)) {
        answer_refuse(command, STATUS_CONFLICT, "a ticket is no duplicate of itself");
        return STATUS_OK;
    }
    if (uuid_equal(work->ticket.duplicate_of, work->other.ticket_id)) {
        return STATUS_OK;
    }
    enum status status = check_link(engine, command, work, error);
    if (status != STATUS_OK) {
        return status == STATUS_CONFLICT && command->answer.status == STATUS_CONFLICT ? STATUS_OK
                                                                                      : status;
    }
    status = note(engine, command, work, TICKET_NOTE_LINKED, work->ticket.ticket_id, error);
    if (status == STATUS_OK && work->note > 0) {
        work->ticket.duplicate_of = work->other.ticket_id;
        status = store_link_ticket(engine->store, command->customer_id, work->ticket.ticket_id,
                                   work->other.ticket_id, error);
    }
    return status;
}

/* Whichever of the two points at the other. */
static enum status unlink_ticket(struct engine *engine, struct command *command,
                                 struct ticket_work *work, struct error *error)
{
    const struct uuid nil = {{0}};
    struct uuid from = nil;
    if (uuid_equal(work->ticket.duplicate_of, work->other.ticket_id)) {
        from = work->ticket.ticket_id;
        work->ticket.duplicate_of = nil;
    } else if (uuid_equal(work->other.duplicate_of, work->ticket.ticket_id)) {
        from = work->other.ticket_id;
    }
    if (uuid_is_nil(from)) {
        return STATUS_OK;
    }
    enum status status = note(engine, command, work, TICKET_NOTE_UNLINKED, from, error);
    return status == STATUS_OK && work->note > 0
               ? store_link_ticket(engine->store, command->customer_id, from, nil, error)
               : status;
}

typedef enum status ticket_step(struct engine *engine, struct command *command,
                                struct ticket_work *work, struct error *error);

static ticket_step *const steps[] = {
    [TICKET_ADD_NOTE] = add_note, [TICKET_CLOSE] = close_ticket,   [TICKET_REOPEN] = reopen_ticket,
    [TICKET_LINK] = link_ticket,  [TICKET_UNLINK] = unlink_ticket,
};

/* STATUS_NOT_FOUND: one of the tickets is not there. */
static enum status load(struct engine *engine, struct command *command, struct ticket_work *work,
                        struct error *error)
{
    const struct ticket_request *request = work->request;
    enum status status = store_get_ticket(engine->store, command->customer_id, request->ticket_id,
                                          command->arena, &work->ticket, error);
    if (status == STATUS_OK && (request->verb == TICKET_LINK || request->verb == TICKET_UNLINK)) {
        status = store_get_ticket(engine->store, command->customer_id, request->other,
                                  command->arena, &work->other, error);
    } else {
        work->other.erased_at = WALL_NEVER;
    }
    return status;
}

enum status command_ticket_verb(struct engine *engine, struct command *command, struct error *error)
{
    struct ticket_work work = {.request = &command->request.ticket};
    const struct idempotency_row asked = {.key_id = work.request->key_id,
                                          .key = work.request->idempotency_key,
                                          .body_digest = work.request->body_digest};
    enum status status = idempotency_replay(engine, command, &asked, error);
    if (status != STATUS_NOT_FOUND) {
        command->answer.created =
            command->answer.status == STATUS_OK && work.request->verb == TICKET_ADD_NOTE;
        return status;
    }
    status = load(engine, command, &work, error);
    if (status == STATUS_NOT_FOUND) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such ticket");
        return STATUS_OK;
    }
    bool closes = work.request->verb == TICKET_CLOSE;
    if (status == STATUS_OK && !closes &&
        (work.ticket.erased_at.ms != TIME_NEVER_MS || work.other.erased_at.ms != TIME_NEVER_MS)) {
        answer_refuse(command, STATUS_CLOSED,
                      "what was personal in the ticket was erased: open another one");
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = steps[work.request->verb](engine, command, &work, error);
    }
    if (status != STATUS_OK || command->answer.status != STATUS_OK) {
        return status;
    }
    answer_ticket(command, &work);
    return idempotency_record(engine, command, &asked, error);
}
