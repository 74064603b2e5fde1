/* escalation_view.c - escalations, attempts, tasks and journal entries as JSON. */
#include "admin-api/view.h"

#include <string.h>

#include "admin-api/person_phones.h"
#include "admin-api/ticket_view.h"
#include "gateway/numbers/telephone_number.h"
#include "gateway/engine/escalation_json.h"

void view_person(struct json_writer *json, const struct directory_person *person)
{
    json_object_begin(json);
    json_member_text(json, "slug", person->slug);
    json_member_text(json, "name", person->name);
    person_phones_write(json, person);
    json_member_text(json, "language", person->language);
    json_member_bool(json, "active", person->active);
    if (person->kind == PERSON_AGENT) {
        int live = 0;
        for (size_t i = 0; i < person->devices_count; i++) {
            live += person->devices[i].live;
        }
        json_member_int(json, "devices", live);
    }
    json_object_end(json);
}

void view_device(struct json_writer *json, const struct directory_device *device)
{
    json_object_begin(json);
    json_member_int(json, "id", device->id);
    json_member_text(json, "installation", device->installation);
    json_member_uuid(json, "enrolment", device->registration);
    json_member_bool(json, "shared", device->phone_id != 0);
    json_member_text(json, "platform", platform_word(device->platform));
    json_member_text(json, "environment", device->environment == 1 ? "sandbox" : "production");
    json_member_bool(json, "encrypted", device->public_key != NULL);
    json_member_text(json, "app_version", device->app_version);
    json_member_text(json, "permission", device->permission);
    json_member_text(json, "silent_mode", device->silent_mode);
    json_member_known_int(json, "battery_percent", device->battery_percent);
    json_member_time(json, "registered_at", device->registered_at);
    json_member_time(json, "proven_at", device->proven_at);
    json_member_bool(json, "live", device->live);
    json_member_text(json, "retired_reason",
                     device->retired_reason != NULL && device->retired_reason[0] != '\0'
                         ? device->retired_reason
                         : NULL);
    json_object_end(json);
}

static void write_ticket(struct json_writer *json, const struct escalation_view *view)
{
    const struct escalation *escalation = &view->escalation;
    json_member_uuid(json, "id", escalation->id);
    json_member_uuid(json, "ticket", escalation->ticket_id);
    json_member_int(json, "ticket_number", view->ticket.number);
    json_member_text(json, "customer", view->customer->slug);
    bool check_in = escalation->check_in_agent != 0;
    const struct directory_person *agent =
        check_in ? directory_agent(view->customer, escalation->check_in_agent) : NULL;
    json_member_text(json, "kind", check_in ? "check_in" : "incident");
    json_member_text(json, "check_in_agent", agent != NULL ? agent->slug : NULL);
    json_member_text(json, "severity", severity_word(escalation->severity));
    json_member_text(json, "category", view->ticket.category);
    json_member_text(json, "summary", view->ticket.summary);
    json_member_bool(json, "drill", escalation->drill);
    json_member_text(json, "state", escalation_state_word(escalation->state));
    json_member_time(json, "opened_at", escalation->opened_at);
    json_member_time(json, "closed_at", escalation->closed_at);
    if (escalation->held_until.ms != TIME_NEVER_MS) {
        json_member_time(json, "held_until", escalation->held_until);
    }
}

static void write_details(struct json_writer *json, const struct escalation_view *view)
{
    json_member_text(json, "details", view->ticket.details);
    json_name(json, "fields");
    json_raw(json, view->ticket.fields != NULL ? view->ticket.fields : "{}");
    json_name(json, "callers");
    json_array_begin(json);
    for (size_t i = 0; i < view->callers_count; i++) {
        view_caller(json, &view->callers[i]);
    }
    json_array_end(json);
}

static const char *who_is(const struct directory_person *person, const struct attempt *attempt)
{
    if (attempt->path == PATH_CALLBACK) {
        return attempt->callback;
    }
    return person != NULL ? person->slug : NULL;
}

void view_attempt(struct json_writer *json, const struct directory_customer *customer,
                  const struct attempt *attempt)
{
    const struct person_ref ref = {.kind = attempt->person_kind, .id = attempt->person_id};
    const struct directory_person *person = directory_person(customer, &ref);
    const struct directory_device *device = directory_device(customer, attempt->device_id, NULL);
    json_object_begin(json);
    json_member_uuid(json, "id", attempt->id);
    json_member_text(json, "purpose", attempt_purpose_word(attempt->purpose));
    json_member_text(json, "path", path_word(attempt->path));
    json_name(json, "to");
    json_object_begin(json);
    json_member_text(json, "kind", person_kind_word(attempt->person_kind));
    json_member_text(json, "who", who_is(person, attempt));
    json_object_end(json);
    json_member_text(json, "device",
                     attempt->path == PATH_PUSH && device != NULL ? device->installation : NULL);
    json_member_int(json, "round", attempt->round + 1);
    json_member_int(json, "step", attempt->step + 1);
    json_member_text(json, "state", attempt_state_word(attempt->state));
    json_member_text(json, "answer",
                     attempt->answer != ANSWER_NONE ? attempt_answer_word(attempt->answer) : NULL);
    json_member_text(json, "reason", attempt->reason[0] != '\0' ? attempt->reason : NULL);
    json_member_text(json, "provider_id",
                     attempt->provider_id[0] != '\0' ? attempt->provider_id : NULL);
    json_member_int(json, "tries", attempt->tries);
    json_member_time(json, "planned_at", attempt->planned_at);
    json_member_time(json, "handed_over_at", attempt->handed_over_at);
    json_member_time(json, "accepted_at", attempt->accepted_at);
    json_member_time(json, "received_at", attempt->received_at);
    json_member_time(json, "seen_at", attempt->seen_at);
    json_member_time(json, "delayed_at", attempt->delayed_at);
    json_object_end(json);
}

static const char *task_sentence(const struct desk_task_row *task)
{
    switch (task->kind) {
    case TASK_PROMISE:
        return "Call the caller back: the time promised is about to pass and nobody took it.";
    case TASK_PROGRESS:
        return "Ask the holder: no progress was reported within the limit.";
    case TASK_CANCEL:
        return "Tell the holder that it was cancelled: no device confirmed it.";
    case TASK_CALLER:
        return "Call the caller back: it was cancelled with their promise still open.";
    case TASK_OFFER:
        return "Ask somebody else, or by voice: who was asked by name did not accept.";
    case TASK_TEAM:
        return "Find more people: fewer accepted than the procedure wants.";
    }
    return "Look at this escalation.";
}

void view_task(struct json_writer *json, const struct directory_customer *customer,
               const struct desk_task_row *task, bool with_escalation)
{
    bool done = task->done_at.ms != TIME_NEVER_MS;
    json_object_begin(json);
    json_member_uuid(json, "id", task->task_id);
    if (with_escalation) {
        json_member_text(json, "customer", customer->slug);
        json_member_uuid(json, "escalation", task->escalation_id);
    }
    json_member_text(json, "kind", task_kind_word(task->kind));
    json_member_text(json, "text", task_sentence(task));
    json_name(json, "caller");
    if (task->caller > 0) {
        json_int(json, task->caller);
    } else {
        json_null_value(json);
    }
    json_member_time(json, "at", task->created_at);
    json_member_text(json, "state", done ? "done" : "open");
    json_member_time(json, "done_at", task->done_at);
    json_member_text(json, "done_by", done ? task->done_by : NULL);
    json_object_end(json);
}

static void write_filled(struct json_writer *json, const char *name, const char *text)
{
    json_member_text(json, name, text[0] != '\0' ? text : NULL);
}

void view_paper(struct json_writer *json, const struct procedure *procedure, struct wall_time at)
{
    char today[RFC3339_BYTES_MAX];
    wall_time_format(at, today);
    write_filled(json, "approved_by", procedure->approved_by);
    write_filled(json, "approved_on", procedure->approved_on);
    write_filled(json, "review_on", procedure->review_on);
    json_member_text(json, "paper", procedure_paper_word(procedure_paper(procedure, today)));
}

void view_timeline_entry(struct json_writer *json, const struct directory_customer *customer,
                         const struct timeline_row *row, bool with_escalation, bool french)
{
    char sentence[SENTENCE_BYTES_MAX], note[NOTE_PHRASE_BYTES_MAX];
    if (french) {
        timeline_phrase(customer, row, sentence);
    } else {
        timeline_sentence(customer, row, sentence);
    }
    json_object_begin(json);
    json_member_int(json, "seq", row->seq);
    if (with_escalation) {
        json_member_text(json, "customer", customer->slug);
        json_member_uuid(json, "escalation", row->escalation_id);
    }
    json_member_time(json, "at", row->at);
    json_member_text(json, "kind", entry_kind_word(row->kind));
    json_member_text(json, "text", sentence);
    json_member_raw(json, "facts", row->facts != NULL ? row->facts : "{}");
    json_member_text(json, "personal", french ? timeline_note_phrase(row, note) : row->personal);
    json_object_end(json);
}

static void write_procedure(struct json_writer *json, const struct escalation_view *view)
{
    json_name(json, "procedure");
    if (view->procedure_slug == NULL) {
        json_null_value(json); /* of last resort: the call centre is told at once */
        return;
    }
    json_object_begin(json);
    json_member_text(json, "slug", view->procedure_slug);
    json_member_int(json, "version", view->procedure_version);
    json_object_end(json);
}

void view_escalation(struct json_writer *json, void *context)
{
    const struct escalation_view *view = context;
    const struct escalation *escalation = &view->escalation;
    json_object_begin(json);
    write_ticket(json, view);
    write_details(json, view);
    json_member_bool(json, "quarantined", escalation->quarantined);
    json_member_int(json, "round", escalation->round + 1);
    json_member_int(json, "step", escalation->step + 1);
    write_procedure(json, view);
    escalation_json_holder(json, view->customer, escalation);
    escalation_json_team(json, view->customer, escalation, view->wall_of_engine_ms);
    json_member_int(json, "wanted", escalation_seeks_members(escalation) ? escalation->wanted : 1);
    escalation_json_next(json, escalation, view->wall_of_engine_ms);
    json_name(json, "tasks");
    json_array_begin(json);
    for (size_t i = 0; i < view->tasks_count; i++) {
        view_task(json, view->customer, &view->tasks[i], false);
    }
    json_array_end(json);
    json_name(json, "attempts");
    json_array_begin(json);
    for (size_t i = 0; i < view->attempts_count; i++) {
        view_attempt(json, view->customer, &view->attempts[i]);
    }
    json_array_end(json);
    json_name(json, "timeline");
    json_array_begin(json);
    for (size_t i = 0; i < view->timeline_count; i++) {
        view_timeline_entry(json, view->customer, &view->timeline[i], false, view->french);
    }
    json_array_end(json);
    json_member_bool(json, "timeline_more", view->timeline_more);
    json_object_end(json);
}

void view_agent_escalation(struct json_writer *json, void *context)
{
    const struct escalation_view *view = context;
    json_object_begin(json);
    write_ticket(json, view);
    write_details(json, view);
    escalation_json_holder(json, view->customer, &view->escalation);
    escalation_json_team(json, view->customer, &view->escalation, view->wall_of_engine_ms);
    json_object_end(json);
}

void view_escalation_summary(struct json_writer *json, const struct escalation_view *view)
{
    json_object_begin(json);
    write_ticket(json, view);
    json_member_bool(json, "quarantined", view->escalation.quarantined);
    json_member_int(json, "round", view->escalation.round + 1);
    json_member_int(json, "step", view->escalation.step + 1);
    escalation_json_holder(json, view->customer, &view->escalation);
    escalation_json_next(json, &view->escalation, view->wall_of_engine_ms);
    json_object_end(json);
}
