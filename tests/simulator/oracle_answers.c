/* oracle_answers.c - what the gateway answered to people: whoever was told yes has it, nobody
 * reaches what is another customer's, a check-in and a confirmed test are kept. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "tests/simulator/oracle_private.h"

bool oracle_id_of(const struct command *command, struct uuid *id_r)
{
    char text[UUID_TEXT_BYTES];
    const char *place =
        command->answer.body == NULL ? NULL : strstr(command->answer.body, "\"id\":\"");
    if (command->answer.status != STATUS_OK || place == NULL) {
        return false;
    }
    (void)text_copy(text, sizeof text, place + 6);
    return uuid_parse(text, id_r) == STATUS_OK;
}

bool oracle_names_holder(const struct command *command, const char *slug)
{
    char words[SLUG_BYTES_MAX + 40];
    (void)snprintf(words, sizeof words, "\"holder\":{\"kind\":\"agent\",\"who\":\"%s\"", slug);
    return command->answer.status == STATUS_OK && strstr(command->answer.body, words) != NULL;
}

static bool is_no_reason(enum status status)
{
    return status == STATUS_INVALID || status == STATUS_FULL || status == STATUS_CLOSED ||
           status == STATUS_NOT_FOUND;
}

static void hear_escalation(struct oracle *oracle, const struct command *command)
{
    const char *key = command->request.escalate.idempotency_key;
    const char *number = key == NULL ? NULL : strchr(key, '-');
    struct uuid id;
    if (oracle_id_of(command, &id)) {
        int owner;
        if (oracle_find_customer(oracle, id, &owner) && owner != (int)command->customer_id - 1) {
            oracle_blame(oracle, "a caller was joined to another customer's");
        }
        unsigned of_key = number == NULL ? 0 : (unsigned)strtoul(number + 1, NULL, 10);
        if (of_key != 0 && !oracle_was_answered(oracle, of_key)) {
            oracle->asked = (struct asked){.key = of_key,
                                           .escalation = id,
                                           .promised_ms = command->request.escalate.promised_ms,
                                           .severity = (int)command->request.escalate.severity,
                                           .drill = command->request.escalate.drill};
        }
        oracle_accepted(oracle, id, (int)command->customer_id - 1, of_key, command->answer.body,
                        command->answer.body_bytes);
    } else if (command->answer.status == STATUS_OK) {
        oracle_blame(oracle, "a webhook was answered without an id");
    } else if (is_no_reason(command->answer.status)) {
        oracle_blame(oracle, "a caller was refused for no reason");
    }
}

/* Just now, whatever the last look saw. */
static bool is_held_or_over(struct oracle *oracle, struct uuid escalation)
{
    sqlite3_stmt *row = question(oracle, ASK_ROW);
    bind_uuid(row, 1, escalation);
    bool found = sqlite3_step(row) == SQLITE_ROW;
    int state = sqlite3_column_int(row, 0);
    bool held = sqlite3_column_int(row, 1) != NO_PERSON;
    answered(row);
    return !found || held || state == CANCELLING || state == CANCELLED || state == DONE;
}

/* Whoever wants what nobody holds has it. */
static void check_acceptance(struct oracle *oracle, const struct command *command,
                             const struct box_sent *sent)
{
    const struct record *record =
        known_record(oracle, sent == NULL ? command->escalation_id : sent->escalation);
    enum status status = command->answer.status;
    bool refused = status == STATUS_CLOSED || status == STATUS_ALREADY_ACCEPTED ||
                   status == STATUS_WRONG_ORDER || status == STATUS_CONFLICT;
    if (refused && record != NULL && !record->held && !record->ended && record->set_aside == 0 &&
        !is_held_or_over(oracle, record->id)) {
        find_fault(oracle, "%s: somebody wanted it, and was refused though nobody holds it",
                   id_text(record->id));
    }
}

/* A token that was used before is answered from the record, also after its person handed back: the
 * answer says who holds it now. */
static void hear_agent(struct oracle *oracle, const struct command *command,
                       const struct box_sent *sent, bool first)
{
    if (command->request.agent.verb != VERB_ACCEPT) {
        return;
    }
    check_acceptance(oracle, command, sent);
    if (command->answer.status != STATUS_OK) {
        return;
    }
    const struct uuid escalation = sent == NULL ? command->escalation_id : sent->escalation;
    int64_t agent = sent == NULL ? command->request.agent.agent_id : sent->person_id;
    if (oracle_is_member(oracle, escalation, agent)) {
        return; /* they were asked to join it, and did */
    }
    if (sent == NULL) {
        oracle_told_holder(oracle, command->escalation_id, PERSON_AGENT,
                           command->request.agent.agent_id);
    } else if (oracle_names_holder(command, sent->person)) {
        oracle_told_holder(oracle, sent->escalation, PERSON_AGENT, sent->person_id);
    } else if (first) {
        oracle_blame(oracle, "somebody was told yes, and somebody else holds it");
    }
}

/* What a holder reports is how it stands. */
static void check_report(struct oracle *oracle, const struct command *command)
{
    static const int interventions[] = {
        [VERB_REMOTE] = 2, [VERB_ON_MY_WAY] = 3, [VERB_ON_SITE] = 4, [VERB_DONE] = 5};
    enum agent_verb verb = command->request.agent.verb;
    if ((verb != VERB_REMOTE && verb != VERB_ON_MY_WAY && verb != VERB_ON_SITE &&
         verb != VERB_DONE) ||
        command->answer.status != STATUS_OK ||
        oracle_holder(oracle, command->escalation_id) != command->request.agent.agent_id) {
        return;
    }
    sqlite3_stmt *row = question(oracle, ASK_ROW);
    bind_uuid(row, 1, command->escalation_id);
    if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_int(row, 6) != interventions[verb]) {
        find_fault(oracle, "%s: its holder reports %d, and it stands at %d",
                   id_text(command->escalation_id), interventions[verb],
                   sqlite3_column_int(row, 6));
    }
    answered(row);
}

/* A key on the telephone: a holder is still at it, gives it back, or knows that it is cancelled. */
static void check_key(struct oracle *oracle, const struct command *command, struct box_sent *sent)
{
    enum attempt_answer key = command->request.call.answer;
    if (sent == NULL || command->answer.status != STATUS_OK || sent->keyed ||
        (key != ANSWER_ACCEPTED && key != ANSWER_DECLINED)) {
        return;
    }
    sent->keyed = true;
    sqlite3_stmt *row = question(oracle, ASK_ROW);
    bind_uuid(row, 1, sent->escalation);
    bool found = sqlite3_step(row) == SQLITE_ROW;
    int state = sqlite3_column_int(row, 0);
    bool set_aside = sqlite3_column_int(row, 4) != 0;
    answered(row);
    bool holds = oracle_holder(oracle, sent->escalation) == sent->person_id;
    bool as_before = sent->purpose == PURPOSE_HOLDER_CALL
                         ? state == OVERDUE || (key == ANSWER_DECLINED && state == ACCEPTED)
                         : sent->purpose == PURPOSE_CANCEL_NOTICE && state == CANCELLING;
    if (found && !set_aside && holds && as_before) {
        find_fault(oracle, "%s: a holder pressed a key, and nothing came of it",
                   id_text(sent->escalation));
    }
}

static void hear_desk(struct oracle *oracle, const struct command *command)
{
    struct uuid split;
    const struct desk_request *desk = &command->request.desk;
    if (desk->verb == DESK_ON_BEHALF && desk->agent_verb == VERB_ACCEPT &&
        command->answer.status == STATUS_OK) {
        struct somebody agent = find_person(oracle, command->customer_id, AN_AGENT, desk->agent);
        if (oracle_holder(oracle, command->escalation_id) != agent.id &&
            !oracle_is_member(oracle, command->escalation_id, agent.id)) {
            oracle_blame(oracle, "the desk spoke for one agent, and another holds it");
        }
    }
    if (desk->verb == DESK_RESUME && command->answer.status == STATUS_OK) {
        /* Whoever was told that they hold it before the next look does not any more. */
        record_of(oracle, command->escalation_id, command->customer_id)->told_person = 0;
    }
    if (command->request.desk.verb == DESK_SPLIT && oracle_id_of(command, &split)) {
        oracle->parted = (struct parted){command->escalation_id, split, desk->caller};
        oracle_accepted(oracle, split, (int)command->customer_id - 1, 0, NULL, 0);
    }
}

/* ---- duty ---- */

struct duty *duty_of(struct oracle *oracle, int64_t customer_id, int64_t agent_id)
{
    for (size_t i = 0; i < oracle->duties_count; i++) {
        struct duty *duty = &oracle->duties[i];
        if (duty->agent_id == agent_id) {
            duty->customer_id = customer_id != 0 ? customer_id : duty->customer_id;
            return duty;
        }
    }
    if (oracle->duties_count == DUTIES_MAX) {
        box_die("more than %d agents", DUTIES_MAX);
    }
    struct duty *duty = &oracle->duties[oracle->duties_count++];
    *duty = (struct duty){.customer_id = customer_id, .agent_id = agent_id};
    return duty;
}

static void look_at_duty(struct oracle *oracle, const struct duty *duty)
{
    sqlite3_stmt *row = question(oracle, ASK_DUTY);
    (void)sqlite3_bind_int64(row, 1, duty->customer_id);
    (void)sqlite3_bind_int64(row, 2, duty->agent_id);
    if (sqlite3_step(row) == SQLITE_ROW) {
        const char *with = (const char *)sqlite3_column_text(row, 1);
        int count = sqlite3_column_int(row, 0);
        bool by_app = sqlite3_column_int(row, 2) == 0; /* else their shift's escalation says so */
        if (count > 1) {
            find_fault(oracle, "agent %" PRId64 " is on duty %d times", duty->agent_id, count);
        } else if (by_app && duty->known && strcmp(duty->with, with == NULL ? "" : with) != 0) {
            find_fault(oracle,
                       "agent %" PRId64 " was told they are on duty with \"%s\", not \"%s\"",
                       duty->agent_id, duty->with, with == NULL ? "" : with);
        }
    }
    answered(row);
}

static void look_at_duties(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->duties_count; i++) {
        look_at_duty(oracle, &oracle->duties[i]);
        look_at_pause(oracle, &oracle->duties[i]);
    }
}

static void hear_duty(struct oracle *oracle, const struct command *command)
{
    struct duty *duty = duty_of(oracle, command->customer_id, command->request.check_in.agent_id);
    if (command->answer.status == STATUS_OK) {
        duty->known = true;
        (void)text_copy(duty->with, sizeof duty->with,
                        command->type == COMMAND_CHECK_IN ? command->request.check_in.installation
                                                          : "");
        look_at_duty(oracle, duty);
    }
}

/* ---- tests of phones ---- */

/* The newest test that somebody was answered about; others may be forgotten for newer ones. */
static void look_at_test(struct oracle *oracle)
{
    sqlite3_stmt *row = question(oracle, ASK_TEST);
    bind_uuid(row, 1, oracle->test);
    if (sqlite3_step(row) != SQLITE_ROW) {
        find_fault(oracle, "test %s of a phone was answered and is lost", id_text(oracle->test));
    } else if (oracle->test_confirmed && sqlite3_column_type(row, 3) == SQLITE_NULL) {
        find_fault(oracle, "test %s was confirmed, and is not", id_text(oracle->test));
    }
    answered(row);
}

static void hear_test(struct oracle *oracle, const struct command *command)
{
    if (oracle_id_of(command, &oracle->test)) {
        oracle->test_confirmed = command->type == COMMAND_CONFIRM_TEST;
        look_at_test(oracle);
    }
}

void look_at_answers(struct oracle *oracle)
{
    look_at_duties(oracle);
    if (!uuid_is_nil(oracle->test)) {
        look_at_test(oracle);
    }
}

/* ---- all of them ---- */

/* On a disk that is full and nothing else, only what is new is refused. */
static void check_refusal(struct oracle *oracle, const struct command *command)
{
    bool is_new = command->type == COMMAND_ESCALATE || command->type == COMMAND_TEST_DEVICE ||
                  command->type == COMMAND_PUT_DEVICE || command->type == COMMAND_PUT_ROTA ||
                  command->type == COMMAND_PUT_PROCEDURE || command->type == COMMAND_PUT_CUSTOMER ||
                  command->type == COMMAND_PUT_CHECK_IN_PLAN;
    if (command->answer.status == STATUS_DISK_FULL && !is_new) {
        oracle_blame(oracle, "a full disk stopped what was open");
    }
    oracle->full = oracle->full || command->answer.status == STATUS_DISK_FULL;
}

/* The gateway could not even look. */
static bool failed_itself(enum status status)
{
    return status == STATUS_NO_MEMORY || status == STATUS_IO || status == STATUS_DISK_FULL;
}

/* Of the entries until the next look nobody can tell whether they were before it. */
static void note_numbers(struct oracle *oracle, const struct command *command)
{
    const struct person_request *request = &command->request.person;
    int kind = request->kind == PERSON_AGENT ? AN_AGENT : A_CONTACT;
    oracle->renumbered = find_person(oracle, command->customer_id, kind, request->slug);
}

void oracle_asked(struct oracle *oracle, const struct command *command)
{
    oracle->asker_id = command->customer_id;
    if (command->type == COMMAND_PUT_PERSON) {
        note_numbers(oracle, command);
    } else if (command->type == COMMAND_PAUSE) {
        oracle->pauser = command->request.pause.agent_id;
    }
    shifts_asked(oracle, command);
    if (command->type == COMMAND_CALL_OUTCOME) {
        trunk_call_reported(oracle, command);
    }
}

/* Nothing of one customer in another's view, whatever the gateway made of the command since. */
static void check_whose(struct oracle *oracle, const struct command *command)
{
    int owner;
    if (oracle->asker_id != 0 && !uuid_is_nil(command->escalation_id) &&
        oracle_find_customer(oracle, command->escalation_id, &owner) &&
        owner != (int)oracle->asker_id - 1 && command->answer.status != STATUS_NOT_FOUND &&
        !failed_itself(command->answer.status)) {
        oracle_blame(oracle, "a customer reached another's escalation");
    }
}

void oracle_heard(struct oracle *oracle, const struct command *command, struct box_sent *sent,
                  bool first)
{
    check_whose(oracle, command);
    check_refusal(oracle, command);
    switch ((int)command->type) {
    case COMMAND_ESCALATE:
        hear_escalation(oracle, command);
        break;
    case COMMAND_AGENT_VERB:
        check_report(oracle, command);
        hear_agent(oracle, command, sent, first);
        break;
    case COMMAND_DESK_VERB:
        hear_desk(oracle, command);
        break;
    case COMMAND_CHECK_IN:
    case COMMAND_CHECK_OUT:
        hear_duty(oracle, command);
        break;
    case COMMAND_TEST_DEVICE:
    case COMMAND_CONFIRM_TEST:
        hear_test(oracle, command);
        break;
    case COMMAND_CALL_OUTCOME:
        check_key(oracle, command, sent);
        break;
    case COMMAND_PAUSE:
        hear_pause(oracle, command);
        break;
    case COMMAND_PUT_DEVICE:
    case COMMAND_PUT_PERSON:
    case COMMAND_PUT_ROTA:
        oracle->changed_customer =
            command->answer.status == STATUS_OK ? command->customer_id : oracle->changed_customer;
        break;
    default:
        break;
    }
}

void oracle_unheard(struct oracle *oracle, const struct command *command)
{
    if (command->type == COMMAND_CHECK_IN || command->type == COMMAND_CHECK_OUT) {
        duty_of(oracle, command->customer_id, command->request.check_in.agent_id)->known = false;
    } else if (command->type == COMMAND_PAUSE) {
        duty_of(oracle, command->customer_id, command->request.pause.agent_id)->pause_known = false;
    }
}
