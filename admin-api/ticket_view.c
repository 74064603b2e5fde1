#include "admin-api/ticket_view.h"

static void write_members(struct json_writer *json, const struct directory_customer *customer,
                          const struct ticket_row *ticket)
{
    json_member_uuid(json, "id", ticket->ticket_id);
    json_member_int(json, "number", ticket->number);
    json_member_text(json, "customer", customer->slug);
    json_member_text(json, "state", ticket_state_word(ticket_state_of(ticket)));
    json_member_text(json, "category", ticket->category);
    json_member_text(json, "summary",
                     ticket->erased_at.ms == TIME_NEVER_MS ? ticket->summary : NULL);
    json_member_time(json, "opened_at", ticket->opened_at);
    json_member_time(json, "closed_at", ticket->closed_at);
    json_member_time(json, "erased_at", ticket->erased_at);
    json_member_bool(json, "duplicate", !uuid_is_nil(ticket->duplicate_of));
}

void view_ticket_summary(struct json_writer *json, const struct directory_customer *customer,
                         const struct ticket_row *ticket)
{
    json_object_begin(json);
    write_members(json, customer, ticket);
    json_object_end(json);
}

void view_caller(struct json_writer *json, const struct caller_row *caller)
{
    json_object_begin(json);
    json_member_int(json, "n", caller->number);
    json_member_text(json, "name", caller->name);
    json_member_text(json, "phone", caller->phone);
    json_member_time(json, "called_at", caller->called_at);
    json_member_time(json, "promised_at", caller->promised_at);
    json_member_text(json, "promise", promise_word(caller->promise));
    json_object_end(json);
}

static void write_links(struct json_writer *json, const struct ticket_view *view)
{
    json_name(json, "duplicate_of");
    if (view->duplicate_of != NULL) {
        view_ticket_summary(json, view->customer, view->duplicate_of);
    } else {
        json_null_value(json);
    }
    json_name(json, "duplicates");
    json_array_begin(json);
    for (size_t i = 0; i < view->duplicates_count; i++) {
        view_ticket_summary(json, view->customer, &view->duplicates[i]);
    }
    json_array_end(json);
}

static void write_escalations(struct json_writer *json, const struct ticket_view *view)
{
    json_name(json, "escalations");
    json_array_begin(json);
    for (size_t i = 0; i < view->escalations_count; i++) {
        const struct escalation *escalation = &view->escalations[i].escalation;
        json_object_begin(json);
        json_member_uuid(json, "id", escalation->id);
        json_member_text(json, "severity", severity_word(escalation->severity));
        json_member_bool(json, "drill", escalation->drill);
        json_member_text(json, "state", escalation_state_word(escalation->state));
        json_member_time(json, "opened_at", escalation->opened_at);
        json_member_time(json, "closed_at", escalation->closed_at);
        json_name(json, "callers");
        json_array_begin(json);
        for (size_t c = 0; c < view->escalations[i].callers_count; c++) {
            view_caller(json, &view->escalations[i].callers[c]);
        }
        json_array_end(json);
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_notes(struct json_writer *json, const struct ticket_view *view)
{
    json_name(json, "notes");
    json_array_begin(json);
    for (size_t i = 0; i < view->notes_count; i++) {
        const struct ticket_note_row *note = &view->notes[i];
        json_object_begin(json);
        json_member_int(json, "n", note->number);
        json_member_text(json, "kind", ticket_note_word(note->kind));
        json_member_time(json, "at", note->at);
        json_member_text(json, "by", note->by);
        if (uuid_is_nil(note->other)) {
            json_name(json, "other");
            json_null_value(json);
        } else {
            json_member_uuid(json, "other", note->other);
        }
        json_member_text(json, "text", note->text);
        json_object_end(json);
    }
    json_array_end(json);
}

/* What the customer calls its fields today: what an operator reads. */
static void write_labels(struct json_writer *json, const struct directory_customer *customer)
{
    json_name(json, "field_labels");
    json_object_begin(json);
    for (size_t i = 0; i < customer->ticket_fields_count; i++) {
        json_member_text(json, customer->ticket_fields[i].name, customer->ticket_fields[i].label);
    }
    json_object_end(json);
}

/* As the escalation's timeline has them, and in French. */
static void write_said(struct json_writer *json, const struct ticket_view *view)
{
    json_name(json, "said");
    json_array_begin(json);
    for (size_t i = 0; i < view->said_count; i++) {
        const struct timeline_row *row = &view->said[i];
        char sentence[SENTENCE_BYTES_MAX], phrase[SENTENCE_BYTES_MAX];
        timeline_sentence(view->customer, row, sentence);
        timeline_phrase(view->customer, row, phrase);
        json_object_begin(json);
        json_member_int(json, "seq", row->seq);
        json_member_uuid(json, "escalation", row->escalation_id);
        json_member_time(json, "at", row->at);
        json_member_text(json, "kind", entry_kind_word(row->kind));
        json_member_text(json, "text", sentence);
        json_member_text(json, "text_fr", phrase);
        json_member_text(json, "personal", row->personal);
        json_object_end(json);
    }
    json_array_end(json);
    json_member_bool(json, "said_more", view->said_more);
}

void view_ticket(struct json_writer *json, void *context)
{
    const struct ticket_view *view = context;
    json_object_begin(json);
    write_members(json, view->customer, &view->ticket);
    json_member_text(json, "details", view->ticket.details);
    json_member_raw(json, "fields", view->ticket.fields != NULL ? view->ticket.fields : "{}");
    write_labels(json, view->customer);
    write_links(json, view);
    write_escalations(json, view);
    write_notes(json, view);
    write_said(json, view);
    json_object_end(json);
}
