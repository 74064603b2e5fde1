/* rehearsals.c - what would happen: an escalation played ahead, on a reader's thread. Nothing is
 * written and nothing is sent.
 */
#include "gateway/rehearsal/rehearsal.h"

#include <stdio.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/view.h"
#include "gateway/engine/escalation_json.h"

struct shown {
    const struct rehearsal_request *request;
    const struct rehearsal *rehearsal;
};

static void write_offset(struct json_writer *json, const char *name, int64_t offset_ms)
{
    json_name(json, name);
    if (offset_ms < 0) {
        json_null_value(json);
    } else {
        json_int(json, offset_ms);
    }
}

static void write_entry(struct json_writer *json, const struct shown *shown, size_t number)
{
    const struct rehearsal_entry *entry = &shown->rehearsal->entries[number];
    const struct directory_customer *customer = shown->request->customer;
    const struct timeline_row row = {
        .customer_id = customer->id,
        .seq = (int64_t)number + 1,
        .kind = entry->kind,
        .at = {shown->request->at.ms + entry->when_ms},
        .facts = entry->facts,
    };
    char sentence[SENTENCE_BYTES_MAX];
    if (shown->request->french) {
        timeline_phrase(customer, &row, sentence);
    } else {
        timeline_sentence(customer, &row, sentence);
    }
    json_object_begin(json);
    json_member_int(json, "seq", row.seq);
    json_member_time(json, "at", row.at);
    json_member_int(json, "when_ms", entry->when_ms);
    json_member_text(json, "kind", entry_kind_word(row.kind));
    json_member_text(json, "text", sentence);
    json_member_raw(json, "facts", row.facts);
    json_name(json, "personal");
    json_null_value(json);
    json_object_end(json);
}

static void write_procedure(struct json_writer *json, const struct directory_procedure *procedure)
{
    json_name(json, "procedure");
    if (procedure == NULL) {
        json_null_value(json); /* of last resort: the call centre is told at once */
        return;
    }
    json_object_begin(json);
    json_member_text(json, "slug", procedure->procedure->slug);
    json_member_int(json, "version", procedure->version);
    json_object_end(json);
}

/* Assumptions that decided nothing: whoever they are about was never asked, or a later one counts.
 * Often a slip. */
static void write_unused(struct json_writer *json, const struct shown *shown)
{
    json_name(json, "assumptions_unused");
    json_array_begin(json);
    for (size_t i = 0; i < shown->request->assumptions_count; i++) {
        if (!shown->rehearsal->assumption_used[i]) {
            char pointer[32];
            (void)snprintf(pointer, sizeof pointer, "/assume/%zu", i);
            json_text(json, pointer);
        }
    }
    json_array_end(json);
}

static void write_head(struct json_writer *json, const struct shown *shown)
{
    const struct rehearsal *rehearsal = shown->rehearsal;
    const struct rehearsal_request *request = shown->request;
    json_member_text(json, "customer", request->customer->slug);
    write_procedure(json, request->procedure);
    json_member_text(json, "severity", severity_word(request->severity));
    json_member_time(json, "at", request->at);
    json_member_text(json, "time_zone", request->customer->time_zone);
    json_member_text(json, "language", request->french ? "fr" : "en");
    json_member_text(json, "outcome", rehearsal_end_word(rehearsal->end));
    json_member_text(json, "stopped_by", rehearsal->stopped_by);
    write_offset(json, "held_ms", rehearsal->held_ms);
    write_offset(json, "exhausted_ms", rehearsal->exhausted_ms);
    json_member_int(json, "ended_ms", rehearsal->ended_ms);
    json_member_text(json, "state", escalation_state_word(rehearsal->escalation.state));
    json_member_int(json, "round", rehearsal->escalation.round + 1);
    json_member_int(json, "step", rehearsal->escalation.step + 1);
}

static void write_rehearsal(struct json_writer *json, void *context)
{
    const struct shown *shown = context;
    const struct rehearsal *rehearsal = shown->rehearsal;
    const struct directory_customer *customer = shown->request->customer;
    json_object_begin(json);
    write_head(json, shown);
    escalation_json_holder(json, customer, &rehearsal->escalation);
    escalation_json_next(json, &rehearsal->escalation, 0); /* its engine time is the wall's */
    write_unused(json, shown);
    json_name(json, "attempts");
    json_array_begin(json);
    for (size_t i = 0; i < rehearsal->attempts_count; i++) {
        view_attempt(json, customer, &rehearsal->attempts[i]);
    }
    json_array_end(json);
    json_name(json, "timeline");
    json_array_begin(json);
    for (size_t i = 0; i < rehearsal->entries_count; i++) {
        write_entry(json, shown, i);
    }
    json_array_end(json);
    json_object_end(json);
}

static enum next play(struct exchange *exchange, struct store *store)
{
    (void)store; /* the snapshot of the directory has all */
    struct error error = {0};
    struct rehearsal rehearsal;
    enum status status = rehearsal_play(exchange->rehearsal, engine_rotas(exchange->api->engine),
                                        exchange->arena, &rehearsal, &error);
    if (status != STATUS_OK) {
        return reply_problem(exchange, status, &error, NULL);
    }
    struct shown shown = {exchange->rehearsal, &rehearsal};
    return reply_view(exchange, write_rehearsal, &shown);
}

enum next rehearsals_post(struct exchange *exchange)
{
    static const char *const no_parameters[] = {NULL};
    struct json_reader reader;
    struct error error;
    if (!query_check(exchange, no_parameters) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    const char *slug = json_take_slug(&reader, "customer", true);
    if (slug == NULL) {
        (void)body_end(exchange, &reader);
        return NEXT_ANSWER;
    }
    const struct directory_customer *customer =
        directory_customer_by_slug(exchange->directory, slug);
    if (customer == NULL || !principal_covers(&exchange->principal, customer->id)) {
        return reply_fault(exchange, STATUS_NOT_FOUND, "/customer",
                           "/customer: no such customer, or none of this key: check the slug");
    }
    struct rehearsal_request *request = arena_alloc(exchange->arena, sizeof *request);
    enum status status =
        request == NULL
            ? error_set(&error, STATUS_NO_MEMORY, "no memory for the rehearsal")
            : rehearsal_read(&reader, customer, exchange->received_at, exchange->arena, request);
    if (status != STATUS_OK) {
        return reply_problem(exchange, status, &error, NULL);
    }
    if (!body_end(exchange, &reader)) {
        return NEXT_ANSWER;
    }
    exchange->customer = customer;
    exchange->customer_id = customer->id;
    exchange->rehearsal = request;
    exchange->read = play;
    return NEXT_READ;
}
