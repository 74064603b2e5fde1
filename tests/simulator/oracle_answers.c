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
    char words[SLUG_BYTES_MAX + 16];
    (void)snprintf(words, sizeof words, "\"who\":\"%s\"", slug);
    return command->answer.status == STATUS_OK && strstr(command->answer.body, words) != NULL;
}

static void hear_escalation(struct oracle *oracle, const struct command *command)
{
    const char *key = command->request.escalate.idempotency_key;
    const char *number = key == NULL ? NULL : strchr(key, '-');
    struct uuid id;
    if (oracle_id_of(command, &id)) {
        oracle_accepted(oracle, id, (int)command->customer_id - 1,
                        number == NULL ? 0 : (unsigned)strtoul(number + 1, NULL, 10),
                        command->answer.body, command->answer.body_bytes);
    } else if (command->answer.status == STATUS_OK) {
        oracle_blame(oracle, "a webhook was answered without an id");
    }
}

/* A token that was used before is answered from the record, also after its person handed back: the
 * answer says who holds it now. */
static void hear_agent(struct oracle *oracle, const struct command *command,
                       const struct box_sent *sent, bool first)
{
    if (command->request.agent.verb != VERB_ACCEPT || command->answer.status != STATUS_OK) {
        return;
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

static void hear_desk(struct oracle *oracle, const struct command *command)
{
    struct uuid split;
    if (command->request.desk.verb == DESK_SPLIT && oracle_id_of(command, &split)) {
        oracle_accepted(oracle, split, (int)command->customer_id - 1, 0, NULL, 0);
    }
}

/* ---- duty ---- */

static struct duty *duty_of(struct oracle *oracle, int64_t customer_id, int64_t agent_id)
{
    for (size_t i = 0; i < oracle->duties_count; i++) {
        if (oracle->duties[i].agent_id == agent_id) {
            return &oracle->duties[i];
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
        if (count > 1) {
            find_fault(oracle, "agent %" PRId64 " is on duty %d times", duty->agent_id, count);
        } else if (duty->known && strcmp(duty->with, with == NULL ? "" : with) != 0) {
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
                  command->type == COMMAND_PUT_PROCEDURE || command->type == COMMAND_PUT_CUSTOMER;
    if (command->answer.status == STATUS_DISK_FULL && !is_new) {
        oracle_blame(oracle, "a full disk stopped what was open");
    }
}

/* The gateway could not even look. */
static bool failed_itself(enum status status)
{
    return status == STATUS_NO_MEMORY || status == STATUS_IO || status == STATUS_DISK_FULL;
}

/* Nothing of one customer in another's view. */
static void check_whose(struct oracle *oracle, const struct command *command)
{
    int owner;
    if (command->customer_id != 0 && !uuid_is_nil(command->escalation_id) &&
        oracle_find_customer(oracle, command->escalation_id, &owner) &&
        owner != (int)command->customer_id - 1 && command->answer.status != STATUS_NOT_FOUND &&
        !failed_itself(command->answer.status)) {
        oracle_blame(oracle, "a customer reached another's escalation");
    }
}

void oracle_heard(struct oracle *oracle, const struct command *command, const struct box_sent *sent,
                  bool first)
{
    check_whose(oracle, command);
    check_refusal(oracle, command);
    switch ((int)command->type) {
    case COMMAND_ESCALATE:
        hear_escalation(oracle, command);
        break;
    case COMMAND_AGENT_VERB:
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
    default:
        break;
    }
}

void oracle_unheard(struct oracle *oracle, const struct command *command)
{
    if (command->type == COMMAND_CHECK_IN || command->type == COMMAND_CHECK_OUT) {
        duty_of(oracle, command->customer_id, command->request.check_in.agent_id)->known = false;
    }
}
