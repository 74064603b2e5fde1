/* answers.c - the JSON that commands answer with. */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/base/text.h"

#define VIEW_BYTES_MAX 2048

void answer_refuse(struct command *command, enum status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(command->answer.error.text, sizeof command->answer.error.text, format,
                    arguments);
    va_end(arguments);
    command->answer.status = status;
    command->answer.body = "";
    command->answer.body_bytes = 0;
}

void answer_json(struct command *command, const char *json, size_t bytes)
{
    if (command->arena == NULL) {
        return; /* nobody waits for it */
    }
    command->answer.body = arena_text_n(command->arena, json, bytes);
    command->answer.body_bytes = bytes;
    if (command->answer.body == NULL) {
        command->answer.body = "";
        command->answer.body_bytes = 0;
    }
}

void answer_holder(struct json_writer *json, const struct directory_customer *customer,
                   const struct escalation *escalation)
{
    json_name(json, "holder");
    if (!escalation_is_held(escalation)) {
        json_null_value(json);
        return;
    }
    const struct person_ref *holder = &escalation->holder;
    const struct directory_person *person = directory_person(customer, holder);
    json_object_begin(json);
    json_member_text(json, "kind", person_kind_word(holder->kind));
    json_member_text(json, "who", person != NULL ? person->slug : holder->name);
    json_member_text(json, "name", person != NULL ? person->name : holder->name);
    json_member_time(json, "since", escalation->held_since);
    json_member_text(json, "path", path_word(escalation->holder_path));
    json_member_text(json, "intervention", intervention_word(escalation->intervention));
    json_member_time(json, "eta_at", escalation->eta_at);
    json_object_end(json);
}

void answer_next(struct json_writer *json, struct engine *engine,
                 const struct escalation *escalation)
{
    json_name(json, "next");
    if (escalation->due_at.ms == TIME_NEVER_MS) {
        json_null_value(json);
        return;
    }
    int64_t wait_ms = escalation->due_at.ms - engine_now(engine).ms;
    json_object_begin(json);
    json_member_time(json, "at",
                     (struct wall_time){clock_wall(&engine->configuration.clock).ms + wait_ms});
    json_member_text(json, "what", escalation->next_what);
    json_object_end(json);
}

void answer_view(struct engine *engine, struct command *command, const struct applied *applied)
{
    char text[VIEW_BYTES_MAX];
    struct json_writer json;
    const struct escalation *escalation = &applied->update->after;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_uuid(&json, "id", escalation->id);
    json_member_text(&json, "state", escalation_state_word(escalation->state));
    json_member_text(&json, "severity", severity_word(escalation->severity));
    answer_holder(&json, applied->customer, escalation);
    answer_next(&json, engine, escalation);
    json_object_end(&json);
    assert(!json_writer_overflowed(&json));
    command->answer.status = STATUS_OK;
    answer_json(command, text, json_writer_bytes(&json));
}

void answer_refused_verb(struct engine *engine, struct command *command,
                         const struct applied *applied)
{
    (void)engine;
    char text[VIEW_BYTES_MAX];
    struct json_writer json;
    const struct escalation *escalation = &applied->update->after;
    const struct directory_person *person =
        directory_person(applied->customer, &escalation->holder);
    enum status status = applied->update->answer;
    if (status == STATUS_ALREADY_ACCEPTED) {
        answer_refuse(command, status, "%s has it",
                      person != NULL ? person->name : escalation->holder.name);
    } else if (status == STATUS_CLOSED) {
        answer_refuse(command, status, "the escalation is %s",
                      escalation_state_word(escalation->state));
    } else {
        answer_refuse(command, status, "%s; the escalation is %s", status_text(status),
                      escalation_state_word(escalation->state));
    }
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_uuid(&json, "id", escalation->id);
    json_member_text(&json, "state", escalation_state_word(escalation->state));
    answer_holder(&json, applied->customer, escalation);
    json_object_end(&json);
    assert(!json_writer_overflowed(&json));
    answer_json(command, text, json_writer_bytes(&json));
}
