/* answers.c - the JSON and the refusals that commands answer with. */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/base/text.h"
#include "gateway/engine/escalation_json.h"

/* Names as six-byte escapes: the holder's thrice, the members' once; and the rest. */
#define VIEW_BYTES_MAX 16384

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

void answer_refuse_at(struct command *command, enum status status, const char *pointer,
                      const char *format, ...)
{
    char text[ERROR_TEXT_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    answer_refuse(command, status, "%s: %s", pointer, text);
    (void)text_copy(command->answer.error.pointer, sizeof command->answer.error.pointer, pointer);
}

enum status answer_failure(enum status status)
{
    bool named = status == STATUS_DISK_FULL || status == STATUS_NO_MEMORY ||
                 status == STATUS_CORRUPT; /* what only an administrator can mend */
    return named ? status : STATUS_IO;
}

bool answer_unreadable(struct command *command, enum status status)
{
    if (status != STATUS_CONFIGURATION) {
        return false;
    }
    answer_refuse(command, STATUS_CONFLICT,
                  "the procedure that the escalation began with cannot be read any more: act by "
                  "telephone, and escalate anew");
    return true;
}

void answer_json(struct command *command, const char *json, size_t bytes)
{
    assert(command->arena != NULL); /* somebody waits for it */
    command->answer.body = arena_text_n(command->arena, json, bytes);
    command->answer.body_bytes = bytes;
    if (command->answer.body == NULL) { /* run_command() takes back what would not be told */
        answer_refuse(command, STATUS_NO_MEMORY, "no memory for the answer");
    }
}

int64_t wall_of_engine_ms(const struct engine *engine)
{
    const struct clock_source *clock = &engine->configuration.clock;
    return clock_wall(clock).ms - engine_time_at(engine, clock_monotonic(clock)).ms;
}

void answer_view(struct engine *engine, struct command *command, const struct applied *applied)
{
    answer_view_to(engine, command, applied, NULL);
}

static const char *part_of(const struct escalation *escalation, const struct person_ref *actor)
{
    if (escalation_is_held(escalation) && person_equal(&escalation->holder, actor)) {
        return "holder";
    }
    return escalation_member(escalation, actor) != NULL ? "member" : NULL;
}

void answer_view_to(struct engine *engine, struct command *command, const struct applied *applied,
                    const struct person_ref *actor)
{
    char text[VIEW_BYTES_MAX];
    struct json_writer json;
    const struct escalation *escalation = &applied->update->after;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_uuid(&json, "id", escalation->id);
    json_member_text(&json, "state", escalation_state_word(escalation->state));
    json_member_text(&json, "severity", severity_word(escalation->severity));
    escalation_json_holder(&json, applied->customer, escalation);
    escalation_json_team(&json, applied->customer, escalation, wall_of_engine_ms(engine));
    if (actor != NULL) {
        json_member_text(&json, "you", part_of(escalation, actor));
    }
    escalation_json_next(&json, escalation, wall_of_engine_ms(engine));
    json_object_end(&json);
    assert(!json_writer_overflowed(&json));
    command->answer.status = STATUS_OK;
    answer_json(command, text, json_writer_bytes(&json));
}

/* Why the team's verbs are refused, and what to do; NULL: another one was. */
static const char *remedy_of_refusal(const struct update *update)
{
    static const char *const remedies[][2] = {
        {"offer", "the verb does not fit: a holder hands over what they hold, to somebody else"},
        {"offer_of_check_in", "a check-in is not handed over: who takes the shift accepts it"},
        {"offer_out_of_reach", "they have neither a phone with the app nor a number: ask somebody "
                               "else, or give them one"},
        {"offer_team_full", "as many as can be are at work on it: one of them has to leave first"},
        {"offer_limit", "as many as can be are asked already: wait until one of them answers"},
        {"join", "nobody holds it, or you were neither asked nor are on call: accept it, or let "
                 "the desk ask you"},
        {"join_of_check_in", "a check-in has one agent: accept it instead"},
        {"join_team_full", "as many as can be are at work on it: one of them has to leave first"},
        {"leave", "who holds it does not leave it: hand it back, or over"},
    };
    for (size_t i = 0; i < update->entries_count; i++) {
        const struct entry *entry = &update->entries[i];
        for (size_t k = 0; k < sizeof remedies / sizeof remedies[0]; k++) {
            if (entry->kind == ENTRY_REFUSED_VERB && strcmp(entry->word, remedies[k][0]) == 0) {
                return remedies[k][1];
            }
        }
    }
    return NULL;
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
    } else if (applied->erased) {
        answer_refuse(command, status,
                      "what was personal in the ticket was erased: escalate anew, or open another "
                      "ticket");
    } else if (status != STATUS_CLOSED && remedy_of_refusal(applied->update) != NULL) {
        answer_refuse(command, status, "%s", remedy_of_refusal(applied->update));
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
    escalation_json_holder(&json, applied->customer, escalation);
    json_object_end(&json);
    assert(!json_writer_overflowed(&json));
    answer_json(command, text, json_writer_bytes(&json));
}
