/* test_standing.c - how an agent stands when a step asks them: phones that were not heard of,
 * a pause, another ticket in hand. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"
#include "tests/unit/engine/outcomes.h"

#define MINUTE_MS  INT64_C(60000)
#define UNHEARD_MS (INT64_C(30) * MINUTE_MS)
#define STEP_TO_JEAN                                                                               \
    "{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"push\"],\"accepted_within_s\":600}"
#define PUSH_TO_JEAN "\"steps\":[" STEP_TO_JEAN "]"

static size_t sent_to(const struct house *house, const char *who, enum path path, size_t from)
{
    size_t count = 0;
    for (size_t i = from; i < house->sent_count; i++) {
        count += strcmp(house->sent[i].person, who) == 0 && house->sent[i].path == path &&
                 house->sent[i].purpose == PURPOSE_ALERT;
    }
    return count;
}

/* An escalation that asks Jean by push; answers where what was sent of it begins. */
static size_t ask_jean(struct house *house, const char *options, struct uuid *id_r)
{
    char definition[512];
    size_t from = house->sent_count;
    (void)snprintf(definition, sizeof definition, "{%s" PUSH_TO_JEAN "}", options);
    put_procedure(house, "p", definition);
    set_default_procedure(house, "p");
    house_settle(house);
    *id_r = house_escalate(house, SEVERITY_CRITICAL);
    house_settle(house);
    return from;
}

static void end_it(struct house *house, struct uuid id)
{
    house_run(house, desk_command(house, id, DESK_CANCEL));
    house_settle(house);
}

static void prove_jeans_phone(struct house *house)
{
    struct uuid id;
    size_t from = ask_jean(house, "", &id);
    assert_int_equal(sent_to(house, "jean", PATH_PUSH, from), 1);
    assert_int_equal(sent_to(house, "jean", PATH_CALL, from), 0); /* unknown is no doubt */
    house_run(house, agent_command(house, id, VERB_RECEIVED, 0, house->sent[from].received));
    end_it(house, id);
}

static void hear_jean(struct house *house)
{
    struct command *command = house_command(house, COMMAND_HEAR_DEVICE);
    command->request.device =
        (struct device_request){.agent_id = house->jean, .installation = "jean-1"};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
}

static struct command *pause_jean(struct house *house, int minutes, const char *reason)
{
    struct command *command = house_command(house, COMMAND_PAUSE);
    command->request.pause =
        (struct pause_request){.agent_id = house->jean, .minutes = minutes, .reason = reason};
    house_run(house, command);
    house_settle(house);
    assert_int_equal(command->answer.status, STATUS_OK);
    return command;
}

static int64_t jeans_calls(struct house *house)
{
    struct uuid id;
    size_t from = ask_jean(house, "", &id);
    assert_int_equal(sent_to(house, "jean", PATH_PUSH, from), 1);
    int64_t calls = (int64_t)sent_to(house, "jean", PATH_CALL, from);
    assert_int_equal(house_entries(house, id, ENTRY_CALLED_TOO), calls);
    end_it(house, id);
    return calls;
}

static void test_doubtful__is_called_too(void **state)
{
    struct house *house = *state;
    struct uuid id;
    prove_jeans_phone(house);
    house_advance(house, UNHEARD_MS - 1);
    assert_int_equal(jeans_calls(house), 0);
    house_advance(house, 1);
    assert_int_equal(jeans_calls(house), 1);
    size_t from = ask_jean(house, "\"doubtful_calls_too\":false,", &id);
    assert_int_equal(sent_to(house, "jean", PATH_CALL, from), 0);
    end_it(house, id);
    hear_jean(house);
    assert_int_equal(jeans_calls(house), 0);
}

/* The acceptance that leaves nobody to wait for begins the next step for a second one: who is asked
 * there stands as in any other. */
static void test_doubtful__when_an_acceptance_begins_the_step(void **state)
{
    struct house *house = *state;
    prove_jeans_phone(house);
    house_advance(house, UNHEARD_MS);
    put_procedure(house, "p",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"paul\"}],\"by\":[\"push\"],"
                  "\"accepted_within_s\":600,\"acceptances\":2}," STEP_TO_JEAN "]}");
    size_t from = house->sent_count;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    house_run(house, agent_command(house, id, VERB_ACCEPT, house->paul, NULL));
    house_settle(house);
    assert_int_equal(sent_to(house, "jean", PATH_PUSH, from), 1);
    assert_int_equal(sent_to(house, "jean", PATH_CALL, from), 1);
    assert_int_equal(house_entries(house, id, ENTRY_CALLED_TOO), 1);
}

/* One phone that is well is enough; a retired one and one that shows nothing are none. */
static void test_doubtful__by_the_best_phone(void **state)
{
    struct house *house = *state;
    prove_jeans_phone(house);
    house_advance(house, UNHEARD_MS);
    put_device(house, house->jean, "jean-2", PLATFORM_FCM);
    struct uuid id;
    size_t from = ask_jean(house, "", &id);
    assert_int_equal(sent_to(house, "jean", PATH_CALL, from), 1); /* never proven: no better */
    const struct sent *second = &house->sent[from];
    while (second->path != PATH_PUSH || second->device_id == house->sent[0].device_id) {
        second++;
    }
    house_run(house, agent_command(house, id, VERB_RECEIVED, 0, second->received));
    end_it(house, id);
    from = ask_jean(house, "", &id);
    assert_int_equal(sent_to(house, "jean", PATH_CALL, from), 0);
    end_it(house, id);
}

static void test_pause__calls_until_it_is_over(void **state)
{
    struct house *house = *state;
    struct command *command = pause_jean(house, 10, "dans l'ascenseur");
    assert_non_null(strstr(command->answer.body, "\"reason\":\"dans l'ascenseur\""));
    assert_non_null(strstr(command->answer.body, "\"operator\":null"));
    assert_int_equal(jeans_calls(house), 1);
    house->wall.ms += 7 * 86400000; /* no wait follows the wall */
    house_settle(house);
    assert_int_equal(jeans_calls(house), 1);
    house_advance(house, 10 * MINUTE_MS - 1);
    assert_int_equal(jeans_calls(house), 1);
    house_advance(house, 1);
    assert_int_equal(jeans_calls(house), 0);
}

static void test_pause__ends_when_the_agent_is_back(void **state)
{
    struct house *house = *state;
    (void)pause_jean(house, 60, NULL);
    struct command *command = pause_jean(house, 0, NULL);
    assert_string_equal(command->answer.body, "{\"paused\":null}");
    assert_int_equal(jeans_calls(house), 0);
    command = pause_jean(house, 0, NULL);
    assert_string_equal(command->answer.body, "{\"paused\":null}");
}

/* Asked already, and not answering: the call goes out with the word. */
static void test_pause__during_a_step_calls_at_once(void **state)
{
    struct house *house = *state;
    struct uuid id;
    size_t from = ask_jean(house, "", &id);
    assert_int_equal(sent_to(house, "jean", PATH_CALL, from), 0);
    (void)pause_jean(house, 5, NULL);
    assert_int_equal(sent_to(house, "jean", PATH_CALL, from), 1);
    (void)pause_jean(house, 20, NULL);
    assert_int_equal(sent_to(house, "jean", PATH_CALL, from), 1);
}

static void test_pause__is_renewed_and_repeated(void **state)
{
    struct house *house = *state;
    const char *body = pause_jean(house, 10, "lift")->answer.body;
    house_advance(house, 29999);
    assert_string_equal(pause_jean(house, 10, "lift")->answer.body, body);
    house_advance(house, 1);
    assert_string_not_equal(pause_jean(house, 10, "lift")->answer.body, body);
    assert_string_not_equal(pause_jean(house, 9, "lift")->answer.body, body);
    assert_int_equal(house_number(house, "SELECT count(*) FROM agent_pause"), 1);
    assert_int_equal(house_number(house, "SELECT until_at - since_at FROM agent_pause"),
                     9 * MINUTE_MS);
}

static void test_pause__said_by_the_desk(void **state)
{
    struct house *house = *state;
    struct command *command = house_command(house, COMMAND_PAUSE);
    command->request.pause =
        (struct pause_request){.agent = "jean", .minutes = 5, .operator_name = "Lucie"};
    house_run(house, command);
    assert_non_null(strstr(command->answer.body, "\"operator\":\"Lucie\""));
    house_settle(house);
    assert_int_equal(jeans_calls(house), 1);
    command = house_command(house, COMMAND_PAUSE);
    command->request.pause =
        (struct pause_request){.agent = "nobody", .minutes = 5, .operator_name = "Lucie"};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
}

static struct command *pause_by(struct house *house, const char *reason, const char *operator_name)
{
    struct command *command = house_command(house, COMMAND_PAUSE);
    command->request.pause = (struct pause_request){
        .agent = "jean", .minutes = 5, .reason = reason, .operator_name = operator_name};
    house_run(house, command);
    house_settle(house);
    assert_int_equal(command->answer.status, STATUS_OK);
    return command;
}

/* Said again for another reason, or by somebody else, it is another pause. */
static void test_pause__is_a_repeat_in_the_same_words_only(void **state)
{
    struct house *house = *state;
    static const char *const said[][2] = {
        {NULL, NULL}, {"lift", NULL}, {"train", NULL}, {"train", "Zoé"}, {"train", "Lucie"}};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        const char *body = pause_by(house, said[i][0], said[i][1])->answer.body;
        house_advance(house, 1000);
        assert_string_equal(pause_by(house, said[i][0], said[i][1])->answer.body, body);
    }
    assert_int_equal(house_number(house, "SELECT count(*) FROM agent_pause WHERE reason = 'train' "
                                         "AND operator = 'Lucie'"),
                     1);
}

static void test_pause__of_an_unknown_customer(void **state)
{
    struct house *house = *state;
    struct command *command = house_command(house, COMMAND_PAUSE);
    command->customer_id = 4711;
    command->request.pause = (struct pause_request){.agent = "jean", .minutes = 5};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
}

/* What is over is taken away when there is time for it. */
static void test_pause__leaves_no_row(void **state)
{
    struct house *house = *state;
    (void)pause_jean(house, 1, "lift");
    house_advance(house, 11 * MINUTE_MS);
    house_settle(house);
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_settle(house);
    assert_int_equal(house_number(house, "SELECT count(*) FROM agent_pause"), 0);
}

static void accept_as_jean(struct house *house, struct uuid id)
{
    struct command *command = agent_command(house, id, VERB_ACCEPT, house->jean, NULL);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    house_settle(house);
}

static void test_busy__asks_renfort_as_well(void **state)
{
    struct house *house = *state;
    struct uuid first, second;
    put_rota(house, PROCEDURE_WHEN_BUSY, "paul");
    size_t from = ask_jean(house, "", &first);
    assert_int_equal(sent_to(house, "paul", PATH_PUSH, from), 0);
    accept_as_jean(house, first);
    from = ask_jean(house, "", &second);
    assert_int_equal(sent_to(house, "jean", PATH_PUSH, from), 1);
    assert_int_equal(sent_to(house, "paul", PATH_PUSH, from), 1);
    assert_int_equal(house_entries(house, second, ENTRY_BACKED_UP), 1);
    end_it(house, second);
    from = ask_jean(house, "\"when_busy\":\"\",", &second);
    assert_int_equal(sent_to(house, "paul", PATH_PUSH, from), 0);
    end_it(house, second);
    house_run(house, agent_command(house, first, VERB_DONE, house->jean, NULL));
    house_settle(house);
    from = ask_jean(house, "", &second);
    assert_int_equal(sent_to(house, "paul", PATH_PUSH, from), 0);
}

/* Who is at work beside a holder has as little time; who is done with it, or left it, has again. */
static void test_busy__as_a_member(void **state)
{
    struct house *house = *state;
    struct uuid first, second;
    put_agent(house, "zoe", "+33611111119", true);
    put_device(house, agent_id(house, "zoe"), "zoe-1", PLATFORM_FCM);
    put_rota(house, PROCEDURE_WHEN_BUSY, "zoe");
    (void)ask_jean(house, "", &first);
    house_run(house, agent_command(house, first, VERB_ACCEPT, house->paul, NULL));
    house_run(house, agent_command(house, first, VERB_JOIN, house->jean, NULL));
    house_settle(house);
    (void)ask_jean(house, "", &second);
    assert_int_equal(house_entries(house, second, ENTRY_BACKED_UP), 1);
    end_it(house, second);
    house_run(house, agent_command(house, first, VERB_DONE, house->jean, NULL));
    (void)ask_jean(house, "", &second);
    assert_int_equal(house_entries(house, second, ENTRY_BACKED_UP), 0);
}

/* What an agent gave back is not what keeps them busy when it is offered again. */
static void test_busy__is_never_with_the_same_ticket(void **state)
{
    struct house *house = *state;
    struct uuid id;
    put_rota(house, PROCEDURE_WHEN_BUSY, "paul");
    (void)ask_jean(house, "", &id);
    accept_as_jean(house, id);
    struct command *command = desk_command(house, id, DESK_SEVERITY);
    command->request.desk.severity = SEVERITY_CRITICAL;
    house_run(house, command);
    house_run(house, agent_command(house, id, VERB_HAND_BACK, house->jean, NULL));
    house_settle(house);
    assert_int_equal(house_entries(house, id, ENTRY_BACKED_UP), 0);
}

static void test_paused__is_backed_up(void **state)
{
    struct house *house = *state;
    struct uuid id;
    put_rota(house, "seconds", "paul");
    (void)pause_jean(house, 10, NULL);
    size_t from = ask_jean(house, "\"when_busy\":\"seconds\",", &id);
    assert_int_equal(sent_to(house, "paul", PATH_PUSH, from), 1);
    assert_int_equal(house_entries(house, id, ENTRY_BACKED_UP), 1);
}

static void test_procedure__names_a_role_that_is_there(void **state)
{
    struct house *house = *state;
    struct command *command = house_command(house, COMMAND_PUT_PROCEDURE);
    command->request.definition = (struct definition_request){
        .slug = "p", .definition = "{\"when_busy\":\"seconds\"," PUSH_TO_JEAN "}"};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_INVALID);
    assert_string_equal(command->answer.error.pointer, "/when_busy");
}

static void lose_jeans_phone(struct house *house)
{
    struct uuid id;
    size_t from = ask_jean(house, "", &id);
    const struct sent *sent = &house->sent[from];
    house->alarm[0] = '\0';
    report_gone(house, sent, WALL_NEVER);
    house_settle(house);
    end_it(house, id);
}

static void check_in(struct house *house)
{
    struct command *command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in =
        (struct check_in_request){.agent_id = house->jean, .installation = "jean-1"};
    house_run(house, command);
    house_settle(house);
}

static void test_death__on_a_shift_is_told(void **state)
{
    struct house *house = *state;
    check_in(house);
    lose_jeans_phone(house);
    assert_string_equal(house->alarm, "device.died_on_shift");
    assert_non_null(strstr(house->alarm_detail, "acme/duty/jean: the phone jean-1"));
}

static void test_death__off_duty_is_not(void **state)
{
    struct house *house = *state;
    lose_jeans_phone(house); /* not checked in */
    assert_string_not_equal(house->alarm, "device.died_on_shift");
    put_device(house, house->jean, "jean-1", PLATFORM_APNS);
    check_in(house);
    put_rota(house, "duty", "paul"); /* not on call any more */
    house_settle(house);
    lose_jeans_phone(house);
    assert_string_not_equal(house->alarm, "device.died_on_shift");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_doubtful__is_called_too),
        HOUSE_TEST(test_doubtful__when_an_acceptance_begins_the_step),
        HOUSE_TEST(test_doubtful__by_the_best_phone),
        HOUSE_TEST(test_pause__calls_until_it_is_over),
        HOUSE_TEST(test_pause__ends_when_the_agent_is_back),
        HOUSE_TEST(test_pause__during_a_step_calls_at_once),
        HOUSE_TEST(test_pause__is_renewed_and_repeated),
        HOUSE_TEST(test_pause__said_by_the_desk),
        HOUSE_TEST(test_pause__is_a_repeat_in_the_same_words_only),
        HOUSE_TEST(test_pause__of_an_unknown_customer),
        HOUSE_TEST(test_pause__leaves_no_row),
        HOUSE_TEST(test_busy__asks_renfort_as_well),
        HOUSE_TEST(test_busy__as_a_member),
        HOUSE_TEST(test_busy__is_never_with_the_same_ticket),
        HOUSE_TEST(test_paused__is_backed_up),
        HOUSE_TEST(test_procedure__names_a_role_that_is_there),
        HOUSE_TEST(test_death__on_a_shift_is_told),
        HOUSE_TEST(test_death__off_duty_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
