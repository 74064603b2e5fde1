#include "tests/unit/engine/chores.h"

#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_publication.h"

struct command *chore_escalate(struct house *house)
{
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    command->request.escalate.promised_ms = 600000;
    return command;
}

struct command *chore_escalate_by_key(struct house *house)
{
    char *key = arena_alloc(house_command(house, COMMAND_ALARM)->arena, 32);
    (void)snprintf(key, 32, "key-%zu", house->commands_count);
    return escalate_command(house, SEVERITY_MAJOR, key);
}

struct command *chore_join(struct house *house)
{
    struct command *first = escalate_command(house, SEVERITY_MINOR, NULL);
    char *key = arena_alloc(first->arena, 32);
    (void)snprintf(key, 32, "lift-%zu", house->commands_count);
    first->request.escalate.dedup_key = key;
    house_run(house, first);
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    command->request.escalate.dedup_key = key;
    command->request.escalate.promised_ms = 600000;
    return command;
}

struct uuid open_one(struct house *house)
{
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_settle(house);
    return id;
}

static struct uuid accept_one(struct house *house)
{
    struct uuid id = open_one(house);
    house_run(house, agent_command(house, id, VERB_ACCEPT, house->jean, NULL));
    return id;
}

struct command *chore_accept(struct house *house)
{
    return agent_command(house, open_one(house), VERB_ACCEPT, house->jean, NULL);
}

struct command *chore_decline(struct house *house)
{
    return agent_command(house, open_one(house), VERB_DECLINE, house->jean, NULL);
}

struct command *chore_receive(struct house *house)
{
    struct uuid id = open_one(house);
    return agent_command(house, id, VERB_RECEIVED, 0, house->sent[house->sent_count - 1].received);
}

/* By the app, which names the notification. */
struct command *chore_receive_by_app(struct house *house)
{
    struct command *command =
        agent_command(house, open_one(house), VERB_RECEIVED, house->jean, NULL);
    command->request.agent.attempt = house->sent[house->sent_count - 1].attempt;
    return command;
}

struct command *chore_accept_again(struct house *house)
{
    struct uuid id = open_one(house);
    const char *token = house->sent[house->sent_count - 1].accept;
    house_run(house, agent_command(house, id, VERB_ACCEPT, 0, token));
    return agent_command(house, id, VERB_ACCEPT, 0, token);
}

struct command *chore_press_a_key(struct house *house)
{
    put_procedure(house, "call",
                  "{\"steps\":[{\"notify\":[{\"on_call\":\"duty\"}],\"by\":[\"call\"],"
                  "\"accepted_within_s\":60}]}");
    house_advance(house, 3600000); /* the trunk is free */
    struct command *alert = escalate_command(house, SEVERITY_MAJOR, NULL);
    alert->request.escalate.procedure = "call";
    house_run(house, alert);
    struct command *command = house_command(house, COMMAND_CALL_OUTCOME);
    command->customer_id = 0;
    command->request.call = (struct call_outcome_request){
        .attempt = house->sent[house->sent_count - 1].attempt, .answer = ANSWER_ACCEPTED};
    return command;
}

struct command *chore_go(struct house *house)
{
    return agent_command(house, accept_one(house), VERB_ON_MY_WAY, house->jean, NULL);
}

struct command *chore_finish(struct house *house)
{
    return agent_command(house, accept_one(house), VERB_DONE, house->jean, NULL);
}

struct command *chore_hand_back(struct house *house)
{
    return agent_command(house, accept_one(house), VERB_HAND_BACK, house->jean, NULL);
}

struct command *chore_cancel(struct house *house)
{
    return desk_command(house, accept_one(house), DESK_CANCEL);
}

struct command *chore_note(struct house *house)
{
    struct command *command = desk_command(house, open_one(house), DESK_NOTE);
    command->request.desk.text = "the door code is new";
    return command;
}

struct command *chore_take(struct house *house)
{
    return desk_command(house, open_one(house), DESK_TAKE);
}

struct command *chore_speak_for_jean(struct house *house)
{
    struct command *command = desk_command(house, open_one(house), DESK_ON_BEHALF);
    command->request.desk.agent = "jean";
    command->request.desk.agent_verb = VERB_ACCEPT;
    return command;
}

/* A caller about one that was set aside. */
struct command *chore_call_anew(struct house *house)
{
    struct command *command = chore_join(house);
    struct uuid id = answered_id(house->commands[house->commands_count - 2]);
    quarantine_post(house->engine, house->customer_id, id);
    house_settle(house);
    return command;
}

/* By an action token it aborted: whose it is, is found out. */
struct command *chore_set_aside(struct house *house)
{
    struct command *command = house_command(house, COMMAND_QUARANTINE);
    command->escalation_id = open_one(house);
    command->customer_id = 0;
    return command;
}

struct command *chore_do_a_task(struct house *house)
{
    struct command *first = chore_escalate(house);
    house_run(house, first);
    house_run(house, desk_command(house, answered_id(first), DESK_CANCEL));
    struct command *command = house_command(house, COMMAND_TASK_DONE);
    command->request.task_done =
        (struct task_done_request){.task_id = newest_task(house), .operator_name = "Zoé"};
    return command;
}

struct command *chore_do_a_task_again(struct house *house)
{
    struct command *first = chore_do_a_task(house);
    house_run(house, first);
    struct command *command = house_command(house, COMMAND_TASK_DONE);
    command->request.task_done = first->request.task_done;
    return command;
}

struct command *chore_split(struct house *house)
{
    struct command *command = chore_join(house);
    house_run(house, command);
    command = desk_command(house, answered_id(command), DESK_SPLIT);
    command->request.desk.caller = 2;
    return command;
}

/* Its rotas end before: they are compiled again for it. */
struct command *chore_escalate_when_the_wall_was_set(struct house *house)
{
    house->wall.ms += 4 * ROTA_AHEAD_MS;
    return chore_escalate(house);
}

/* The same acceptance again, weeks later, when who is on call is not known yet. */
struct command *chore_accept_twice(struct house *house)
{
    struct uuid id = open_one(house);
    const char *token = house->sent[house->sent_count - 1].accept;
    house_run(house, agent_command(house, id, VERB_ACCEPT, 0, token));
    house_advance(house, 4 * ROTA_AHEAD_MS);
    return agent_command(house, id, VERB_ACCEPT, 0, token);
}

struct command *outcome_command(struct house *house, enum command_type type, struct uuid attempt,
                                enum attempt_state transport)
{
    struct command *command = house_command(house, type);
    command->request.transport = (struct transport_request){.attempt = attempt,
                                                            .transport = transport,
                                                            .reason = "word",
                                                            .tries = 1,
                                                            .at = house->wall,
                                                            .gone_since = WALL_NEVER};
    return command;
}

/* The newest push was accepted, failed, or is late. */
static struct command *outcome_of_newest(struct house *house, enum command_type type,
                                         enum attempt_state transport)
{
    (void)open_one(house);
    const struct sent *sent = &house->sent[house->sent_count - 1];
    struct command *command = outcome_command(house, type, sent->attempt, transport);
    command->escalation_id = sent->escalation;
    return command;
}

/* The call centre has heard that one was set aside. */
struct command *chore_hear_of_quarantine(struct house *house)
{
    struct uuid id = open_one(house);
    quarantine_post(house->engine, house->customer_id, id);
    house_settle(house);
    const struct sent *word = &house->sent[house->sent_count - 1];
    assert_int_equal(word->purpose, PURPOSE_QUARANTINE);
    struct command *command =
        outcome_command(house, COMMAND_TRANSPORT_OUTCOME, word->attempt, ATTEMPT_ACCEPTED);
    command->escalation_id = id;
    return command;
}

struct command *chore_arrive(struct house *house)
{
    return outcome_of_newest(house, COMMAND_TRANSPORT_OUTCOME, ATTEMPT_ACCEPTED);
}

struct command *chore_fail_to_arrive(struct house *house)
{
    return outcome_of_newest(house, COMMAND_TRANSPORT_OUTCOME, ATTEMPT_FAILED);
}

struct command *chore_lose_the_phone(struct house *house)
{
    struct command *command = outcome_of_newest(house, COMMAND_TRANSPORT_OUTCOME, ATTEMPT_FAILED);
    command->request.transport.device_gone = true;
    put_device(house, house->jean, "jean-1", PLATFORM_APNS); /* the next one finds it again */
    command->request.transport.gone_since = house->wall;
    return command;
}

struct command *chore_fail_to_exist(struct house *house)
{
    struct command *command = chore_fail_to_arrive(house);
    command->request.transport.attempt = (struct uuid){{7}};
    return command;
}

struct command *chore_be_late(struct house *house)
{
    return outcome_of_newest(house, COMMAND_TRANSPORT_DELAYED, ATTEMPT_HANDED_OVER);
}

/* Nobody answers: the step's time is over. */
struct command *chore_wait_for_a_step(struct house *house)
{
    (void)open_one(house);
    house_advance(house, 60000);
    return NULL;
}

struct command *chore_wait_for_the_end(struct house *house)
{
    (void)open_one(house);
    house_advance(house, 60000);
    house_settle(house);
    house_advance(house, 60000);
    return NULL;
}

struct command *chore_wait_for_progress(struct house *house)
{
    (void)accept_one(house);
    house_advance(house, 1800000);
    return NULL;
}

/* Two that come back. */
struct command *chore_be_told_again_to_dispatch(struct house *house)
{
    house->send_status = STATUS_FULL;
    (void)house_escalate(house, SEVERITY_MAJOR);
    (void)house_escalate(house, SEVERITY_MAJOR);
    house->send_status = STATUS_OK;
    house_advance(house, 1000);
    return NULL;
}

/* Two that wait in the outbox. */
struct command *chore_dispatch_again(struct house *house)
{
    house->send_status = STATUS_FULL;
    (void)house_escalate(house, SEVERITY_MAJOR);
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_settle(house);
    house->send_status = STATUS_OK;
    house_advance(house, 1000);
    return NULL;
}

struct command *chore_change_customer(struct house *house)
{
    struct command *command = house_command(house, COMMAND_PUT_CUSTOMER);
    command->request.customer = (struct customer_request){.slug = "acme",
                                                          .name = "ACME",
                                                          .time_zone = "Europe/Paris",
                                                          .language = "fr",
                                                          .alias = "Azur",
                                                          .default_procedure = "night",
                                                          .active = true};
    return command;
}

struct command *chore_put_holidays(struct house *house)
{
    struct command *command = house_command(house, COMMAND_PUT_HOLIDAYS);
    command->request.holidays.ics = "a file";
    return command;
}

struct command *chore_remove_holidays(struct house *house)
{
    house_run(house, chore_put_holidays(house));
    return house_command(house, COMMAND_PUT_HOLIDAYS);
}

/* All that a customer may have, beside a file. */
struct command *chore_change_calendar(struct house *house)
{
    static const char *const numbers[] = {"+33199000002", "+33199000001"};
    house_run(house, chore_put_holidays(house));
    struct command *command = chore_change_customer(house);
    struct customer_request *request = &command->request.customer;
    request->opening_hours = "hours";
    request->holidays = "fr";
    request->numbers = numbers;
    request->numbers_count = sizeof numbers / sizeof numbers[0];
    request->emergency_phone = "+33600000009";
    request->greeting = "Bonjour";
    request->retention_days = 30;
    request->ticket_fields = "[{\"name\":\"site\",\"label\":\"Site\",\"type\":\"choice\","
                             "\"choices\":[\"A\",\"B\"]}]";
    return command;
}

struct command *chore_change_person(struct house *house)
{
    struct command *command = house_command(house, COMMAND_PUT_PERSON);
    command->request.person = (struct person_request){.kind = PERSON_AGENT,
                                                      .slug = "jean",
                                                      .name = "Jean",
                                                      .phone = "+33600000001",
                                                      .language = "fr",
                                                      .active = true,
                                                      .further = {{"+33100000001", "domicile"}},
                                                      .further_count = 1};
    return command;
}

struct command *chore_change_procedure(struct house *house)
{
    struct command *command = house_command(house, COMMAND_PUT_PROCEDURE);
    char *text = arena_alloc(command->arena, 256); /* another each time: the same would be kept */
    (void)snprintf(text, 256,
                   "{\"steps\":[{\"notify\":[{\"on_call\":\"duty\"}],\"by\":[\"push\"],"
                   "\"accepted_within_s\":%zu}]}",
                   60 + house->commands_count % 1000);
    command->request.definition = (struct definition_request){.slug = "day", .definition = text};
    return command;
}

struct command *chore_change_rules(struct house *house)
{
    struct command *command = house_command(house, COMMAND_PUT_RULES);
    char *text = arena_alloc(command->arena, 128);
    (void)snprintf(text, 128,
                   "{\"rules\":[{\"name\":\"r%zu\",\"then\":{\"action\":\"escalate\"}}]}",
                   house->commands_count % 1000);
    command->request.definition = (struct definition_request){.definition = text};
    return command;
}

struct command *chore_change_rota(struct house *house)
{
    struct command *command = house_command(house, COMMAND_PUT_ROTA);
    command->request.definition = (struct definition_request){.slug = "duty", .definition = "jean"};
    return command;
}

struct command *chore_register_phone(struct house *house)
{
    (void)open_one(house);
    struct command *command = house_command(house, COMMAND_PUT_DEVICE);
    command->request.device = (struct device_request){.agent_id = house->jean,
                                                      .installation = "jean-1",
                                                      .platform = PLATFORM_APNS,
                                                      .target = "token",
                                                      .battery_percent = -1};
    return command;
}

struct command *chore_retire_phone(struct house *house)
{
    put_device(house, house->paul, "paul-2", PLATFORM_FCM);
    struct command *command = house_command(house, COMMAND_DELETE_DEVICE);
    command->request.device =
        (struct device_request){.agent_id = house->paul, .installation = "paul-2"};
    return command;
}

static int64_t phone_of_paul(struct house *house)
{
    const struct directory_customer *customer =
        directory_customer(house->engine->current, house->customer_id);
    return directory_agent(customer, house->paul)->devices[0].id;
}

struct command *chore_try_phone(struct house *house)
{
    house_advance(house, 3600000);                          /* as often as may be */
    put_device(house, house->paul, "paul-1", PLATFORM_FCM); /* were it lost meanwhile */
    struct command *command = house_command(house, COMMAND_TEST_DEVICE);
    command->request.device_test.device_id = phone_of_paul(house);
    return command;
}

struct command *chore_confirm_test(struct house *house)
{
    house_run(house, chore_try_phone(house));
    house_settle(house);
    const struct sent *sent = &house->sent[house->sent_count - 1];
    struct command *command = house_command(house, COMMAND_CONFIRM_TEST);
    command->request.device_test = (struct device_test_request){
        .test = sent->attempt, .verb = VERB_RECEIVED, .action_token = sent->received};
    return command;
}

static struct command *outcome_of_test(struct house *house, enum command_type type,
                                       enum attempt_state transport, bool gone)
{
    house_run(house, chore_try_phone(house));
    house_settle(house);
    const struct sent *sent = &house->sent[house->sent_count - 1];
    struct command *command = outcome_command(house, type, sent->attempt, transport);
    command->request.transport.device_gone = gone;
    return command;
}

struct command *chore_test_fails(struct house *house)
{
    return outcome_of_test(house, COMMAND_TRANSPORT_OUTCOME, ATTEMPT_FAILED, true);
}

struct command *chore_test_is_late(struct house *house)
{
    return outcome_of_test(house, COMMAND_TRANSPORT_DELAYED, ATTEMPT_HANDED_OVER, false);
}

/* Two at once, for which there was no room. */
struct command *chore_wait_for_room_for_tests(struct house *house)
{
    house->send_status = STATUS_FULL;
    struct command *second = chore_try_phone(house);
    house_run(house, chore_try_phone(house));
    house_run(house, second);
    (void)engine_turn(house->engine);
    house->send_status = STATUS_OK;
    house_advance(house, 1000);
    return NULL;
}

struct command *chore_hear_phone(struct house *house)
{
    house_advance(house, 3600000); /* it was heard of just now, otherwise */
    struct command *command = house_command(house, COMMAND_HEAR_DEVICE);
    command->request.device =
        (struct device_request){.agent_id = house->jean, .installation = "jean-1"};
    return command;
}

struct command *chore_check_in(struct house *house)
{
    house_advance(house, 3600000);
    struct command *command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in =
        (struct check_in_request){.agent_id = house->jean, .installation = "jean-1"};
    return command;
}

struct command *chore_check_out(struct house *house)
{
    house_run(house, chore_check_in(house));
    struct command *command = house_command(house, COMMAND_CHECK_OUT);
    command->request.check_in.agent_id = house->jean;
    return command;
}

struct command *chore_record_a_call(struct house *house)
{
    struct command *command = house_command(house, COMMAND_FORWARDED_CALL);
    command->request.forwarded_call = (struct forwarded_call_request){
        .key_id = "switch",
        .idempotency_key = arena_format(command->arena, "call-%zu", house->commands_count),
        .summary = "Appel transféré",
        .fields = "{}",
        .closed = true,
        .answered = {.kind = PERSON_AGENT, .id = house->jean},
        .answered_phone = "+33600000001",
    };
    return command;
}

struct command *chore_enrol(struct house *house)
{
    struct command *command = house_command(house, COMMAND_ADD_ENROLMENT);
    command->request.enrolment.agent = "jean";
    return command;
}

struct command *chore_use_enrolment(struct house *house)
{
    struct command *added = chore_enrol(house);
    house_run(house, added);
    char *code = arena_alloc(added->arena, 64);
    answered_text(added, "code", code, 64);
    struct command *command = house_command(house, COMMAND_USE_ENROLMENT);
    command->customer_id = 0;
    command->request.enrolment.code = code;
    return command;
}

struct command *chore_add_key(struct house *house)
{
    struct command *command = house_command(house, COMMAND_ADD_API_KEY);
    command->customer_id = 0;
    command->request.api_key =
        (struct api_key_request){.name = "desk", .role = ROLE_CALL_CENTRE, .all_customers = true};
    return command;
}

struct command *chore_revoke_key(struct house *house)
{
    struct command *added = chore_add_key(house);
    house_run(house, added);
    char *id = arena_alloc(added->arena, 64);
    answered_text(added, "id", id, 64);
    struct command *command = house_command(house, COMMAND_REVOKE_API_KEY);
    command->customer_id = 0;
    command->request.api_key.key_id = id;
    return command;
}

static const struct directory_customer *customer_of(struct house *house)
{
    return directory_customer(house->engine->published, house->customer_id);
}

static struct command *revoke_feed(struct house *house)
{
    const struct directory_customer *customer = customer_of(house);
    struct command *command = house_command(house, COMMAND_REVOKE_FEED);
    command->request.feed = (struct feed_request){
        .agent = "jean", .feed_id = customer->feeds[customer->feeds_count - 1].id};
    return command;
}

struct command *chore_add_feed(struct house *house)
{
    while (customer_of(house)->feeds_count > 0) { /* of the tries before: there may be so many */
        house_run(house, revoke_feed(house));
    }
    struct command *command = house_command(house, COMMAND_ADD_FEED);
    command->request.feed =
        (struct feed_request){.agent = "jean", .name = "", .place = "https://gateway.example/"};
    return command;
}

struct command *chore_revoke_feed(struct house *house)
{
    house_run(house, chore_add_feed(house));
    return revoke_feed(house);
}

struct command *chore_publish(struct house *house)
{
    static const struct told_agent agents[] = {{"jean", "Jean", "[]", "[]"},
                                               {"paul", "Paul", "[]", "[]"}};
    struct command *command = house_command(house, COMMAND_PUBLISH);
    struct uuid newest = {{0}}; /* of the tries before */
    enum status status = store_get_newest_publication(house->engine->store, house->customer_id,
                                                      "duty", &newest, NULL);
    assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    command->request.publish = (struct publish_request){
        .key_id = "admin",
        .idempotency_key = arena_format(command->arena, "publish-%zu", house->commands_count),
        .rota = "duty",
        .definition =
            arena_text(command->arena, directory_rota(customer_of(house), "duty")->definition),
        .follows = newest,
        .from = house->wall,
        .to = {house->wall.ms + 1},
        .notice_days = 15,
        .agents = agents,
        .agents_count = 2,
    };
    return command;
}

struct command *chore_see_publication(struct house *house)
{
    struct command *published = chore_publish(house);
    house_run(house, published);
    struct command *command = house_command(house, COMMAND_SEE_PUBLICATION);
    command->request.see_publication =
        (struct see_publication_request){.publication = answered_id(published), .agent = "jean"};
    return command;
}

struct command *chore_fetch_calendar(struct house *house)
{
    struct command *published = chore_publish(house);
    house_run(house, published);
    struct command *command = house_command(house, COMMAND_FETCH_PUBLICATION);
    command->request.fetch_publication =
        (struct fetch_publication_request){.newest = answered_id(published), .agent = "jean"};
    return command;
}

struct command *chore_keep_coverage(struct house *house)
{
    struct command *command = house_command(house, COMMAND_KEEP_COVERAGE);
    command->request.coverage_report = (struct coverage_report_request){.computed_at = house->wall,
                                                                        .days = 90,
                                                                        .findings = 1,
                                                                        .counts = "{}",
                                                                        .items = "[]",
                                                                        .keys = ""};
    return command;
}

struct command *chore_tell_coverage(struct house *house)
{
    struct command *kept = chore_keep_coverage(house);
    struct wall_time computed_at = kept->request.coverage_report.computed_at;
    house_run(house, kept);
    struct command *command = house_command(house, COMMAND_COVERAGE_TOLD);
    command->request.coverage_report.computed_at = computed_at;
    return command;
}
