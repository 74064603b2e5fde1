/* device_tests.c - test pushes to one phone, from the row to the ear: asked for, sent through the
 * outbox as everything else, confirmed by the phone. No escalation: the core knows nothing of them.
 */
#include <assert.h>
#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/engine/device_test_json.h"
#include "gateway/engine/duty_private.h"
#include "gateway/engine/phones_private.h"

#define TEST_LIFE_MS  INT64_C(60000)
#define PROBE_LIFE_MS INT64_C(240000) /* a phone that sleeps may get it late */
/* For so long behind its life the phone's word counts: a network is slow, a person is busy. */
#define CONFIRMED_BEHIND_MS INT64_C(840000)
#define TESTS_WINDOW_MS     INT64_C(60000)
#define TESTS_PER_WINDOW    6
#define TESTS_PUMPED_MAX    64
#define TEST_JSON_BYTES     2048
#define RETRY_AT_BYTES_MAX  64

/* When the next test may be asked for; WALL_NEVER: at once. */
static enum status find_next_allowed(struct engine *engine, const struct device_test_row *row,
                                     struct wall_time *allowed_at_r, struct error *error)
{
    struct device_test_row newest[TESTS_PER_WINDOW];
    size_t count = 0;
    enum status status = store_list_device_tests(engine->store, row->customer_id, row->device_id,
                                                 TESTS_PER_WINDOW, newest, &count, error);
    *allowed_at_r = WALL_NEVER;
    if (status == STATUS_OK && count == TESTS_PER_WINDOW) {
        int64_t oldest_ms = newest[TESTS_PER_WINDOW - 1].planned_at.ms;
        /* A wall clock that was set back must not close the door for good. */
        if (oldest_ms <= row->planned_at.ms && row->planned_at.ms - oldest_ms < TESTS_WINDOW_MS) {
            *allowed_at_r = (struct wall_time){oldest_ms + TESTS_WINDOW_MS};
        }
    }
    return status;
}

/* The outbox knows attempts: what one needs to leave. */
static struct attempt attempt_of(const struct device_test_row *row)
{
    return (struct attempt){
        .id = row->test_id,
        .purpose = PURPOSE_TEST,
        .path = PATH_PUSH,
        .platform = row->platform,
        .person_kind = PERSON_AGENT,
        .person_id = row->agent_id,
        .device_id = row->device_id,
        .state = row->state,
        /* Heard, but not in the voice of an emergency; a probe is not heard at all. */
        .severity = row->asked_by == TEST_BY_PROBE ? SEVERITY_INFO : SEVERITY_MAJOR,
        .not_after = row->not_after,
    };
}

/* With a credit it is handed over by this very transaction; otherwise the row waits. */
static void hand_over(struct engine *engine, struct device_test_row *row, struct engine_time now)
{
    struct attempt attempt = attempt_of(row);
    assert(row->state == ATTEMPT_PLANNED);
    if (!outbox_take_credit(engine, &attempt, now)) {
        engine->outbox_waiting = true;
        return;
    }
    row->state = ATTEMPT_HANDED_OVER;
    row->handed_over_at = clock_wall(&engine->configuration.clock);
    attempt.state = row->state;
    engine->effects[engine->effects_count++] =
        (struct pending_effect){.customer_id = row->customer_id, .attempt = attempt};
}

enum status device_test_plan(struct engine *engine, int64_t customer_id,
                             const struct directory_device *device, int64_t agent_id,
                             enum test_asker asked_by, struct device_test_row *row_r,
                             struct wall_time *allowed_at_r, struct error *error)
{
    struct engine_time now = engine_now(engine);
    struct wall_time wall = clock_wall(&engine->configuration.clock);
    assert(device->live && customer_id > 0);
    *row_r = (struct device_test_row){
        .customer_id = customer_id,
        .test_id = uuid_v7((struct wall_time){now.ms}, &engine->configuration.random),
        .device_id = device->id,
        .agent_id = agent_id,
        .platform = device->platform,
        .asked_by = asked_by,
        .state = ATTEMPT_PLANNED,
        .not_after = engine_time_add(now, asked_by == TEST_BY_PROBE ? PROBE_LIFE_MS : TEST_LIFE_MS),
        .planned_at = wall,
        .handed_over_at = WALL_NEVER,
        .delayed_at = WALL_NEVER,
        .accepted_at = WALL_NEVER,
        .received_at = WALL_NEVER,
        .seen_at = WALL_NEVER,
        .failed_at = WALL_NEVER,
        .outdated_at = WALL_NEVER,
    };
    enum status status = find_next_allowed(engine, row_r, allowed_at_r, error);
    if (status != STATUS_OK || allowed_at_r->ms != TIME_NEVER_MS) {
        return status;
    }
    hand_over(engine, row_r, now);
    return store_add_device_test(engine->store, row_r, error);
}

/* ---- commands ---- */

static void answer_test(struct command *command, const struct directory_customer *customer,
                        const struct device_test_row *row)
{
    char text[TEST_JSON_BYTES];
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    device_test_json(&json, customer, row);
    assert(!json_writer_overflowed(&json));
    answer_json(command, text, json_writer_bytes(&json));
}

/* {"retry_at": …} beside the refusal, and the seconds for Retry-After. */
static void refuse_too_often(struct command *command, struct wall_time allowed_at)
{
    char text[RETRY_AT_BYTES_MAX];
    struct json_writer json;
    int64_t wait_ms = allowed_at.ms - command->received_at.ms;
    answer_refuse(command, STATUS_TOO_OFTEN, "at most %d tests a minute go to one phone",
                  TESTS_PER_WINDOW);
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_time(&json, "retry_at", allowed_at);
    json_object_end(&json);
    answer_json(command, text, json_writer_bytes(&json));
    command->answer.retry_after_s = wait_ms <= 1000 ? 1 : (int)((wait_ms + 999) / 1000);
}

enum status command_test_device(struct engine *engine, struct command *command, struct error *error)
{
    const struct device_test_request *request = &command->request.device_test;
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct directory_person *agent = NULL;
    const struct directory_device *device =
        customer == NULL ? NULL : directory_device(customer, request->device_id, &agent);
    if (device == NULL || (request->agent_id != 0 && agent->id != request->agent_id)) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such device");
        return STATUS_OK;
    }
    if (!device->live) {
        answer_refuse(command, STATUS_CONFLICT,
                      "this phone was retired (%s): the app must register it again",
                      device->retired_reason);
        return STATUS_OK;
    }
    struct device_test_row row;
    struct wall_time allowed_at;
    enum status status = device_test_plan(engine, command->customer_id, device, agent->id,
                                          request->agent_id != 0 ? TEST_BY_AGENT : TEST_BY_DESK,
                                          &row, &allowed_at, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (allowed_at.ms != TIME_NEVER_MS) {
        refuse_too_often(command, allowed_at);
        return STATUS_OK;
    }
    command->answer.created = true;
    answer_test(command, customer, &row);
    return STATUS_OK;
}

/* Who presents the action token: the person whose phone is tested. */
static bool token_fits(struct engine *engine, const struct device_test_request *request,
                       const struct device_test_row *row)
{
    enum agent_verb verb;
    struct uuid id;
    return action_token_parse(request->action_token, &id, &verb) && verb == VERB_RECEIVED &&
           uuid_equal(id, row->test_id) &&
           action_token_verify(engine->configuration.secret, request->action_token,
                               row->agent_id) &&
           !device_was_handed_over(engine, row->customer_id, row->device_id);
}

static void confirm(struct device_test_row *row, enum agent_verb verb, struct wall_time at)
{
    if (row->received_at.ms == TIME_NEVER_MS) {
        row->received_at = at;
        row->state = ATTEMPT_RECEIVED;
    }
    if (verb == VERB_SEEN && row->seen_at.ms == TIME_NEVER_MS) {
        row->seen_at = at;
        row->state = ATTEMPT_SEEN;
    }
    if (row->handed_over_at.ms == TIME_NEVER_MS) {
        row->handed_over_at = at; /* sent by a run that died before it could say so */
    }
    row->failed_at = WALL_NEVER; /* it came after all */
}

static bool says_nothing_new(const struct device_test_row *row, enum agent_verb verb)
{
    struct wall_time at = verb == VERB_SEEN ? row->seen_at : row->received_at;
    return at.ms != TIME_NEVER_MS;
}

/* Only the push carries its action token: whoever shows it has it, whatever the gateway knows of
 * the push's way. The agent's own token shows who speaks, and not that anything came. */
static void refuse_unproven(struct command *command, const struct device_test_row *row)
{
    switch (row->state) {
    case ATTEMPT_PLANNED:
        answer_refuse(command, STATUS_CONFLICT,
                      "the test push has not left yet: wait for it, and confirm with the action "
                      "token that it brings");
        return;
    case ATTEMPT_FAILED:
    case ATTEMPT_EXPIRED:
    case ATTEMPT_UNCERTAIN:
        answer_refuse(command, STATUS_CONFLICT,
                      "the test push did not come through (%s): ask for a new one, or check in "
                      "again",
                      row->reason[0] != '\0' ? row->reason : attempt_state_word(row->state));
        return;
    case ATTEMPT_HANDED_OVER:
    case ATTEMPT_ACCEPTED:
    case ATTEMPT_RECEIVED:
    case ATTEMPT_SEEN:
        break;
    }
    answer_refuse(command, STATUS_CONFLICT,
                  "only the action token that the test push brings proves that it came: confirm "
                  "with that; when it does not come, ask for a new one, or check in again");
}

/* Whether a confirmation still says something about the phone as it is; false: it is refused. */
static bool may_confirm(struct engine *engine, struct command *command,
                        const struct directory_customer *customer,
                        const struct device_test_row *row)
{
    const struct directory_device *device = directory_device(customer, row->device_id, NULL);
    struct engine_time late = engine_time_add(row->not_after, CONFIRMED_BEHIND_MS);
    if (device != NULL && !device->live) {
        answer_refuse(command, STATUS_CONFLICT,
                      "this phone was retired (%s): the app must register it again, and ask for a "
                      "new test",
                      device->retired_reason);
    } else if (row->outdated_at.ms != TIME_NEVER_MS) {
        answer_refuse(command, STATUS_CONFLICT,
                      "the phone registered another push address behind this test: ask for a new "
                      "one, or check in again");
    } else if (engine_time_reached(late, engine_now(engine))) {
        answer_refuse(command, STATUS_CONFLICT,
                      "a test push can be confirmed for %d minutes: ask for a new one, or check "
                      "in again",
                      (int)((TEST_LIFE_MS + CONFIRMED_BEHIND_MS) / 60000));
    } else if (command->request.device_test.action_token == NULL &&
               row->received_at.ms == TIME_NEVER_MS) {
        refuse_unproven(command, row);
    } else {
        return true;
    }
    return false;
}

static enum status write_confirmation(struct engine *engine, const struct command *command,
                                      struct device_test_row *row, struct error *error)
{
    bool first = row->received_at.ms == TIME_NEVER_MS;
    enum agent_verb verb = command->request.device_test.verb;
    confirm(row, verb, command->received_at);
    enum status status = store_update_device_test(engine->store, row, error);
    if (status == STATUS_OK && first) {
        engine_customer_changed(engine, row->customer_id, false);
        probe_provider_works(engine, row->platform);
        status = store_prove_device(engine->store, row->customer_id, row->device_id,
                                    command->received_at, error);
    }
    return status == STATUS_OK && verb == VERB_SEEN
               ? check_in_heard(engine, row, command->received_at, error)
               : status;
}

enum status command_confirm_test(struct engine *engine, struct command *command,
                                 struct error *error)
{
    const struct device_test_request *request = &command->request.device_test;
    bool by_token = request->action_token != NULL;
    struct device_test_row row;
    enum status status = store_get_device_test(engine->store, request->test, &row, error);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    if (by_token && (status == STATUS_NOT_FOUND || !token_fits(engine, request, &row))) {
        answer_refuse(command, STATUS_UNAUTHENTICATED, "the action token is not valid for this");
        return STATUS_OK;
    }
    if (status == STATUS_NOT_FOUND || (!by_token && (row.customer_id != command->customer_id ||
                                                     row.agent_id != request->agent_id))) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such test");
        return STATUS_OK;
    }
    const struct directory_customer *customer =
        directory_customer(engine->current, row.customer_id);
    if (customer == NULL) { /* its row is damaged */
        answer_refuse(command, STATUS_NOT_FOUND, "no such test");
        return STATUS_OK;
    }
    if (!says_nothing_new(&row, request->verb)) {
        if (!may_confirm(engine, command, customer, &row)) {
            return STATUS_OK;
        }
        status = write_confirmation(engine, command, &row, error);
    }
    if (status == STATUS_OK) {
        answer_test(command, customer, &row);
    }
    return status;
}

/* ---- what became of it on its way ---- */

static void take_outcome(struct device_test_row *row, const struct transport_request *request)
{
    row->tries = request->tries;
    if (request->transport == ATTEMPT_ACCEPTED && row->accepted_at.ms == TIME_NEVER_MS) {
        row->accepted_at = request->at;
    }
    if (row->state != ATTEMPT_HANDED_OVER) {
        return; /* the phone was faster than the provider's answer, or this is a repeat */
    }
    row->state = request->transport;
    (void)text_copy(row->reason, sizeof row->reason, request->reason);
    (void)text_copy(row->provider_id, sizeof row->provider_id, request->provider_id);
    if (row->state == ATTEMPT_PLANNED) { /* the dispatcher had no room */
        row->handed_over_at = WALL_NEVER;
    } else if (row->state != ATTEMPT_ACCEPTED) {
        row->failed_at = request->at;
    }
}

enum status device_test_outcome(struct engine *engine, const struct command *command,
                                struct error *error)
{
    const struct transport_request *request = &command->request.transport;
    struct device_test_row row;
    enum status status = store_get_device_test(engine->store, request->attempt, &row, error);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* forgotten for newer ones */
    }
    take_outcome(&row, request);
    if (row.state == ATTEMPT_PLANNED) {
        outbox_wait(engine, engine_now(engine));
    }
    status = store_update_device_test(engine->store, &row, error);
    if (status == STATUS_OK && request->device_gone) {
        struct wall_time since =
            request->gone_since.ms != TIME_NEVER_MS ? request->gone_since : row.planned_at;
        status = installation_retire(engine, row.customer_id, row.device_id, request->reason,
                                     request->at, since, error);
    }
    return status;
}

enum status device_test_delayed(struct engine *engine, const struct command *command,
                                struct error *error)
{
    const struct transport_request *request = &command->request.transport;
    struct device_test_row row;
    enum status status = store_get_device_test(engine->store, request->attempt, &row, error);
    if (status == STATUS_OK && row.state == ATTEMPT_HANDED_OVER &&
        row.delayed_at.ms == TIME_NEVER_MS) {
        row.delayed_at = request->at;
        (void)text_copy(row.reason, sizeof row.reason, request->reason);
        status = store_update_device_test(engine->store, &row, error);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* ---- the outbox ---- */

/* Hands it over, or lets it expire. */
static enum status move_row(struct engine *engine, struct device_test_row *row,
                            struct engine_time now, struct error *error)
{
    if (engine_time_reached(row->not_after, now)) {
        row->state = ATTEMPT_EXPIRED;
        row->failed_at = clock_wall(&engine->configuration.clock);
        (void)text_copy(row->reason, sizeof row->reason, "not_sent_in_time");
    } else if (poison_condemns(engine->poison, row->customer_id, row->test_id)) {
        row->state = ATTEMPT_FAILED;
        row->failed_at = clock_wall(&engine->configuration.clock);
        (void)text_copy(row->reason, sizeof row->reason, "ended_the_gateway");
    } else {
        hand_over(engine, row, now);
    }
    return row->state == ATTEMPT_PLANNED ? STATUS_OK
                                         : store_update_device_test(engine->store, row, error);
}

enum status device_tests_pump(struct engine *engine, struct engine_time now, size_t *moved_r,
                              bool *left_r, struct error *error)
{
    struct device_test_row rows[TESTS_PUMPED_MAX];
    size_t count = 0;
    if (atomic_load(&engine->damaged)) {
        return STATUS_OK; /* it may be their rows: nobody's alert waits for a test */
    }
    if (!engine_time_reached(engine->tests_again_at, now)) {
        *left_r = true;
        return STATUS_OK;
    }
    enum status status =
        store_list_device_test_outbox(engine->store, TESTS_PUMPED_MAX, rows, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = move_row(engine, &rows[i], now, error);
        if (rows[i].state == ATTEMPT_PLANNED) {
            *left_r = true;
        } else {
            (*moved_r)++;
        }
    }
    *left_r = *left_r || count == TESTS_PUMPED_MAX;
    if (status != STATUS_OK) { /* it took the whole turn with it: the next ones go without */
        engine->tests_again_at = engine_time_add(now, FAILING_WAIT_MS);
    }
    return status;
}
