#include "tests/simulator/recording.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/core/words.h"
#include "tests/scenario/scenario_words.h"
#include "tests/simulator/oracle.h"

void recording_begin(struct recording *recording)
{
    memset(recording, 0, sizeof *recording);
    recording->stream = open_memstream(&recording->text, &recording->bytes);
    if (recording->stream == NULL) {
        box_die("no memory for the scenario");
    }
}

void recording_free(struct recording *recording)
{
    if (recording->stream != NULL) {
        (void)fclose(recording->stream);
        free(recording->text);
        recording->stream = NULL;
    }
}

static void begin_line(struct recording *recording, const struct box *box)
{
    int64_t ms = box->elapsed_ms;
    (void)fprintf(recording->stream, "at %" PRId64 ":%02" PRId64 ".%03" PRId64 " ", ms / 60000,
                  ms / 1000 % 60, ms % 1000);
    recording->lines++;
    recording->written_ms = ms;
}

void recording_look(struct recording *recording, const struct box *box)
{
    if (recording->written_ms != box->elapsed_ms) {
        recording_say(recording, box, "a look");
    }
}

void recording_say(struct recording *recording, const struct box *box, const char *format, ...)
{
    va_list arguments;
    if (recording->stream == NULL || box->crashed) {
        return;
    }
    begin_line(recording, box);
    va_start(arguments, format);
    (void)vfprintf(recording->stream, format, arguments);
    va_end(arguments);
    (void)fputc('\n', recording->stream);
}

void recording_add(struct recording *recording, const char *format, ...)
{
    va_list arguments;
    if (recording->stream == NULL) {
        return;
    }
    va_start(arguments, format);
    (void)vfprintf(recording->stream, format, arguments);
    va_end(arguments);
    (void)fputc('\n', recording->stream);
    recording->lines++;
}

void recording_for(struct recording *recording, const struct box *box, int64_t customer_id)
{
    if (recording->customer_id != customer_id) {
        recording->customer_id = customer_id;
        recording_say(recording, box, "for customer-%" PRId64, customer_id - 1);
    }
}

/* ---- escalations ---- */

static const char *name_of(const struct recording *recording, struct uuid escalation)
{
    for (size_t i = 0; i < recording->names_count; i++) {
        if (uuid_equal(recording->names[i].escalation, escalation)) {
            return recording->names[i].name;
        }
    }
    return NULL;
}

/* False: nobody has heard of it yet; a crash took the answer. */
static bool turn_to(struct recording *recording, const struct box *box, struct uuid escalation)
{
    const char *name = name_of(recording, escalation);
    if (name != NULL && !uuid_equal(recording->about, escalation)) {
        recording_say(recording, box, "about %s", name);
        recording->about = escalation;
    }
    return name != NULL;
}

void recording_about(struct recording *recording, const struct box *box, struct uuid escalation,
                     const char *format, ...)
{
    va_list arguments;
    if (recording->stream == NULL || box->crashed || !turn_to(recording, box, escalation)) {
        return;
    }
    begin_line(recording, box);
    va_start(arguments, format);
    (void)vfprintf(recording->stream, format, arguments);
    va_end(arguments);
    (void)fputc('\n', recording->stream);
}

static void new_name(const struct command *command, char *name_r, size_t bytes)
{
    if (command->type == COMMAND_ESCALATE) {
        (void)snprintf(name_r, bytes, "%s", command->request.escalate.idempotency_key);
    } else {
        (void)snprintf(name_r, bytes, "split-%" PRId64, command->received_at.ms);
    }
}

static void say_escalate(struct recording *recording, const struct box *box,
                         const struct command *command)
{
    const struct escalate_request *request = &command->request.escalate;
    char promise[32] = "", dedup[48] = "";
    recording_for(recording, box, command->customer_id);
    if (request->promised_ms > 0) {
        (void)snprintf(promise, sizeof promise, " promise %" PRId64, request->promised_ms / 1000);
    }
    if (request->dedup_key != NULL) {
        (void)snprintf(dedup, sizeof dedup, " dedup %s", request->dedup_key);
    }
    recording_say(recording, box, "escalate %s \"%s\" caller %s%s key %s%s%s as %s",
                  severity_words[request->severity], request->summary, request->caller_name,
                  promise, request->idempotency_key, dedup, request->drill ? " drill" : "",
                  request->idempotency_key);
}

/* ---- people ---- */

static void say_sent(struct recording *recording, const struct box *box,
                     const struct box_sent *sent, const char *what)
{
    recording_say(recording, box, "sent %zu %s # %s %s", (size_t)(sent - box->sent) + 1, what,
                  path_word(sent->path),
                  sent->path == PATH_CALLBACK ? sent->callback : sent->person);
}

static void say_agent(struct recording *recording, const struct box *box,
                      const struct command *command, const struct box_sent *sent)
{
    const struct agent_request *request = &command->request.agent;
    const char *word = agent_statement_word(request->verb);
    char said[SLUG_BYTES_MAX + 16];
    if (sent != NULL) {
        say_sent(recording, box, sent, word);
        return;
    }
    if (!turn_to(recording, box, command->escalation_id)) {
        return;
    }
    recording_for(recording, box, command->customer_id);
    if (request->verb == VERB_HAND_OVER) {
        (void)snprintf(said, sizeof said, " %s%s", request->to, request->stays ? " stays" : "");
    } else {
        (void)snprintf(said, sizeof said, " eta %" PRId64, request->eta_ms / 1000);
    }
    recording_say(recording, box, "agent-%" PRId64 "-%" PRId64 " %s%s", command->customer_id - 1,
                  (request->agent_id - 1) % 4, word,
                  request->eta_ms > 0 || request->verb == VERB_HAND_OVER ? said : "");
}

static void say_desk(struct recording *recording, const struct box *box,
                     const struct command *command)
{
    const struct desk_request *request = &command->request.desk;
    char what[96] = "", name[32] = "";
    if (!turn_to(recording, box, command->escalation_id)) {
        return;
    }
    recording_for(recording, box, command->customer_id);
    if (request->verb == DESK_CANCEL || request->verb == DESK_NOTE) {
        (void)snprintf(what, sizeof what, " \"%s\"", request->text);
    } else if (request->verb == DESK_SEVERITY) {
        (void)snprintf(what, sizeof what, " %s", severity_words[request->severity]);
    } else if (request->verb == DESK_ON_BEHALF) {
        (void)snprintf(what, sizeof what, " %s %s", request->agent,
                       agent_statement_word(request->agent_verb));
    } else if (request->verb == DESK_ASSIGN) {
        (void)snprintf(what, sizeof what, " %s%s%s", request->agent,
                       request->role == OFFER_AS_MEMBER ? " member" : "",
                       request->stays ? " stays" : "");
    } else if (request->verb == DESK_CALLED_BACK || request->verb == DESK_SPLIT) {
        (void)snprintf(what, sizeof what, " %d", request->caller);
    }
    if (request->verb == DESK_SPLIT) {
        new_name(command, name, sizeof name);
    }
    recording_say(recording, box, "desk %s%s by %s%s%s", desk_statement_word(request->verb), what,
                  request->operator_name, name[0] != '\0' ? " as " : "", name);
}

static void say_check_in(struct recording *recording, const struct box *box,
                         const struct command *command)
{
    const struct check_in_request *request = &command->request.check_in;
    bool in = command->type == COMMAND_CHECK_IN;
    recording_for(recording, box, command->customer_id);
    recording_say(recording, box, "agent-%" PRId64 "-%" PRId64 " checks_%s%s%s",
                  command->customer_id - 1, (request->agent_id - 1) % 4, in ? "in" : "out",
                  in ? " with " : "", in ? request->installation : "");
}

static void say_pause(struct recording *recording, const struct box *box,
                      const struct command *command)
{
    const struct pause_request *request = &command->request.pause;
    char minutes[16];
    (void)snprintf(minutes, sizeof minutes, " %d", request->minutes);
    recording_for(recording, box, command->customer_id);
    recording_say(recording, box, "agent-%" PRId64 "-%" PRId64 " %s%s", command->customer_id - 1,
                  (request->agent_id - 1) % 4, request->minutes > 0 ? "pauses" : "is_back",
                  request->minutes > 0 ? minutes : "");
}

void recording_command(struct recording *recording, const struct box *box,
                       const struct command *command, const struct box_sent *sent)
{
    if (recording->stream == NULL) {
        return;
    }
    switch ((int)command->type) {
    case COMMAND_ESCALATE:
        say_escalate(recording, box, command);
        break;
    case COMMAND_AGENT_VERB:
        say_agent(recording, box, command, sent);
        break;
    case COMMAND_DESK_VERB:
        say_desk(recording, box, command);
        break;
    case COMMAND_CALL_OUTCOME:
        recording_say(recording, box, "sent %zu reports %s", (size_t)(sent - box->sent) + 1,
                      attempt_answer_words[command->request.call.answer]);
        break;
    case COMMAND_CONFIRM_TEST:
        say_sent(recording, box, sent,
                 command->request.device_test.verb == VERB_SEEN ? "sees" : "receives");
        break;
    case COMMAND_TEST_DEVICE:
        recording_for(recording, box, command->customer_id);
        recording_say(recording, box, "desk tests device %" PRId64,
                      command->request.device_test.device_id);
        break;
    case COMMAND_CHECK_IN:
    case COMMAND_CHECK_OUT:
        say_check_in(recording, box, command);
        break;
    case COMMAND_PAUSE:
        say_pause(recording, box, command);
        break;
    default:
        break; /* who is there: city.c says it itself */
    }
}

void recording_answer(struct recording *recording, const struct command *command)
{
    struct uuid id;
    bool names = command->type == COMMAND_ESCALATE ||
                 (command->type == COMMAND_DESK_VERB && command->request.desk.verb == DESK_SPLIT);
    if (recording->stream == NULL || !names || !oracle_id_of(command, &id)) {
        return;
    }
    recording->about = id;
    if (name_of(recording, id) == NULL) {
        if (recording->names_count == RECORDED_NAMES_MAX) {
            box_die("more than %d escalations to write down", RECORDED_NAMES_MAX);
        }
        struct recorded_name *name = &recording->names[recording->names_count++];
        name->escalation = id;
        new_name(command, name->name, sizeof name->name);
    }
}

/* ---- machines ---- */

void recording_departure(struct recording *recording, bool refused)
{
    recording->departures++;
    if (refused && recording->refused_count < RECORDED_REFUSED_MAX) {
        recording->refused[recording->refused_count++] = recording->departures;
    }
}

void recording_outcome(struct recording *recording, const struct box *box,
                       const struct box_sent *sent, const char *outcome)
{
    if (recording->stream != NULL) {
        say_sent(recording, box, sent, outcome);
    }
}
