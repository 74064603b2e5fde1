/* test_agent.c - what people answer: by action token, by the app, by telephone, through the desk.
 */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

/* A late retry of what was said before takes nothing back that was done since. */
static void test_action_token__a_replay_after_hand_back(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    char token[ACTION_TOKEN_BYTES_MAX];
    memcpy(token, house->sent[0].accept, sizeof token);
    house_run(house, agent_command(house, id, VERB_ACCEPT, 0, token));
    house_run(house, agent_command(house, id, VERB_HAND_BACK, house->jean, NULL));
    struct escalation before, after;
    house_read(house, id, &before);
    assert_int_not_equal(before.holder.id, house->jean);
    struct command *replay = agent_command(house, id, VERB_ACCEPT, 0, token);
    house_run(house, replay);
    assert_int_equal(replay->answer.status, STATUS_OK);
    house_read(house, id, &after);
    assert_int_equal(after.state, before.state);
    assert_int_equal(after.version, before.version);
    /* The app may take it again: that is a new decision. */
    house_run(house, agent_command(house, id, VERB_ACCEPT, house->jean, NULL));
    house_read(house, id, &after);
    assert_int_equal(after.holder.id, house->jean);
    assert_int_equal(before.handed_back_by.kind, PERSON_AGENT);
    assert_int_equal(after.handed_back_by.kind, PERSON_NONE); /* nobody is to be passed over */
}

static void test_agent_verbs__of_an_escalation_that_does_not_exist(void **state)
{
    struct house *house = *state;
    (void)house_escalate(house, SEVERITY_CRITICAL);
    const struct uuid nobody = {{7}};
    for (int verb = VERB_RECEIVED; verb < AGENT_VERBS_COUNT; verb++) {
        struct command *command =
            agent_command(house, nobody, (enum agent_verb)verb, house->jean, NULL);
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
    }
}

static void test_desk__a_name_of_escapes_fits(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    struct command *command = desk_command(house, id, DESK_TAKE);
    char *name = arena_alloc(command->arena, PERSON_NAME_BYTES_MAX);
    memset(name, 1,
           PERSON_NAME_BYTES_MAX - 1); /* the HTTP front refuses it; the writer survives it */
    command->request.desk.operator_name = name;
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
}

static void test_action_token__accepts(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    struct command *command = agent_command(house, id, VERB_ACCEPT, 0, house->sent[0].accept);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_answered(command, "state", "accepted");
    assert_non_null(strstr(command->answer.body, "\"who\":\"jean\""));
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_int_equal(escalation.holder.id, house->jean);
    assert_int_equal(escalation.holder_path, PATH_PUSH);
    struct attempt attempt;
    house_read_attempt(house, &house->sent[0], &attempt);
    assert_int_equal(attempt.answer, ANSWER_ACCEPTED);
    /* A repeat gets the same answer. */
    struct command *again = agent_command(house, id, VERB_ACCEPT, 0, house->sent[0].accept);
    house_run(house, again);
    assert_int_equal(again->answer.status, STATUS_OK);
    assert_answered(again, "state", "accepted");
}

static void assert_refused(struct house *house, struct uuid id, enum agent_verb verb,
                           const char *token)
{
    struct command *command = agent_command(house, id, verb, 0, token);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_UNAUTHENTICATED);
    struct escalation escalation;
    house_read(house, id, &escalation);
    assert_int_equal(escalation.state, ESCALATION_NOTIFYING);
}

static void test_action_token__is_good_for_its_own_verb_only(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    assert_refused(house, id, VERB_ACCEPT, house->sent[0].decline);
    assert_refused(house, id, VERB_ACCEPT, house->sent[0].received);
    assert_refused(house, id, VERB_DONE, house->sent[0].accept);
    /* "received" serves "seen" too: the phone has only the one. */
    struct command *seen = agent_command(house, id, VERB_SEEN, 0, house->sent[0].received);
    house_run(house, seen);
    assert_int_equal(seen->answer.status, STATUS_OK);
}

static void test_action_token__forged_or_cut(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    char token[ACTION_TOKEN_BYTES_MAX];
    const char *good = house->sent[0].accept;
    for (size_t i = 0; i < strlen(good); i++) {
        memcpy(token, good, strlen(good) + 1);
        token[i] = token[i] == '0' ? '1' : '0';
        assert_refused(house, id, VERB_ACCEPT, token);
        memcpy(token, good, strlen(good) + 1);
        token[i] = '\0';
        assert_refused(house, id, VERB_ACCEPT, token);
    }
    assert_refused(house, id, VERB_ACCEPT, "xt_");
    assert_refused(house, id, VERB_ACCEPT, "");
    /* By somebody who knows another gateway's secret. */
    static const uint8_t secret[ENGINE_SECRET_BYTES] = "another secret of 32 bytes .....";
    action_token_make(secret, house->sent[0].attempt, house->jean, VERB_ACCEPT, token);
    assert_refused(house, id, VERB_ACCEPT, token);
}

static void test_action_token__of_another_escalation(void **state)
{
    struct house *house = *state;
    struct uuid one = house_escalate(house, SEVERITY_CRITICAL);
    struct uuid two = house_escalate(house, SEVERITY_CRITICAL);
    assert_true(uuid_equal(house->sent[1].escalation, two));
    assert_refused(house, one, VERB_ACCEPT, house->sent[1].accept);
}

static void test_action_token__unknown_escalation(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    id.bytes[15] ^= 1;
    struct command *command = agent_command(house, id, VERB_ACCEPT, 0, house->sent[0].accept);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_UNAUTHENTICATED);
}

/* Tokens are computed, not stored: a gateway that started anew takes those of its predecessor. */
static void test_action_token__survives_a_restart(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    house_close(house);
    house_open(house);
    struct command *command = agent_command(house, id, VERB_ACCEPT, 0, house->sent[0].accept);
    house_run(house, command);
    assert_answered(command, "state", "accepted");
}

static void both_accept(struct house *house, bool same_batch)
{
    put_procedure(house, "both",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"},{\"agent\":\"paul\"}],"
                  "\"by\":[\"push\"],\"accepted_within_s\":60}]}");
    set_default_procedure(house, "both");
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, 2);
    house_run(house, agent_command(house, id, VERB_RECEIVED, 0, house->sent[0].received));
    struct command *first = agent_command(house, id, VERB_ACCEPT, 0, house->sent[1].accept);
    struct command *second = agent_command(house, id, VERB_ACCEPT, house->jean, NULL);
    if (same_batch) {
        assert_int_equal(engine_post(house->engine, first), STATUS_OK);
        assert_int_equal(engine_post(house->engine, second), STATUS_OK);
        house_settle(house);
    } else {
        house_run(house, first);
        house_run(house, second);
    }
    assert_int_equal(first->answer.status, STATUS_OK);
    assert_int_equal(second->answer.status, STATUS_ALREADY_ACCEPTED);
    assert_string_equal(second->answer.error.text, "paul has it");
    assert_non_null(strstr(second->answer.body, "\"who\":\"paul\""));
    assert_int_equal(house_entries(house, id, ENTRY_ACCEPTED), 1);
    /* The other's notification, which was confirmed, is withdrawn. */
    house_settle(house);
    bool withdrawn = false;
    for (size_t i = 0; i < house->sent_count; i++) {
        withdrawn = withdrawn || (house->sent[i].purpose == PURPOSE_WITHDRAW &&
                                  strcmp(house->sent[i].person, "jean") == 0);
    }
    assert_true(withdrawn);
}

static void test_accept__the_first_of_two_wins(void **state)
{
    both_accept(*state, false);
}

static void test_accept__the_first_of_two_wins_in_one_batch(void **state)
{
    both_accept(*state, true);
}

static void test_accept__after_the_end(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    house_run(house, desk_command(house, id, DESK_CANCEL));
    struct command *late = agent_command(house, id, VERB_ACCEPT, 0, house->sent[0].accept);
    house_run(house, late);
    assert_int_equal(late->answer.status, STATUS_CLOSED);
}

static void test_received__proves_the_device(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    struct command *command = agent_command(house, id, VERB_RECEIVED, 0, house->sent[0].received);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    struct attempt attempt;
    house_read_attempt(house, &house->sent[0], &attempt);
    assert_int_equal(attempt.state, ATTEMPT_RECEIVED);
    assert_int_equal(attempt.received_at.ms, house->wall.ms);
    /* The provider's later answer does not take the confirmation back. */
    house_outcome(house, &house->sent[0], ATTEMPT_ACCEPTED);
    house_settle(house);
    house_read_attempt(house, &house->sent[0], &attempt);
    assert_int_equal(attempt.state, ATTEMPT_RECEIVED);
}

static void test_received__before_anything_was_sent(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    struct command *command = agent_command(house, id, VERB_RECEIVED, house->paul, NULL);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_WRONG_ORDER);
}

/* A phone that confirms somebody else's notification would stop the wait for that person's. */
static void test_received__of_another_agents_attempt(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    static const enum agent_verb verbs[] = {VERB_RECEIVED, VERB_SEEN, VERB_ACCEPT};
    for (size_t i = 0; i < 3; i++) {
        struct command *command = agent_command(house, id, verbs[i], house->paul, NULL);
        command->request.agent.attempt = house->sent[0].attempt;
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_INVALID);
    }
    struct attempt attempt;
    house_read_attempt(house, &house->sent[0], &attempt);
    assert_int_equal(attempt.received_at.ms, TIME_NEVER_MS);
    assert_int_equal(attempt.answer, ANSWER_NONE);
}

/* Agents and contacts are numbered each for themselves: the same number is not the same person. */
static void test_agent_verbs__of_a_contacts_call(void **state)
{
    struct house *house = *state;
    put_procedure(house, "chief",
                  "{\"steps\":[{\"notify\":[{\"contact\":\"chief\"}],"
                  "\"by\":[\"call\"],\"accepted_within_s\":60}]}");
    set_default_procedure(house, "chief");
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    struct attempt attempt;
    house_read_attempt(house, &house->sent[0], &attempt);
    assert_int_equal(attempt.person_id, house->jean);
    static const enum agent_verb verbs[] = {VERB_SEEN, VERB_ACCEPT};
    for (size_t i = 0; i < 2; i++) {
        struct command *command = agent_command(house, id, verbs[i], house->jean, NULL);
        command->request.agent.attempt = house->sent[0].attempt;
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_INVALID);
    }
    house_read_attempt(house, &house->sent[0], &attempt);
    assert_int_equal(attempt.seen_at.ms, TIME_NEVER_MS);
    assert_int_equal(house_entries(house, id, ENTRY_ACCEPTED), 0);
}

/* The app shows that it rang: seen, but no phone's path is proven, and no push was received. */
static void test_seen__of_ones_own_call(void **state)
{
    struct house *house = *state;
    put_procedure(house, "call",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],"
                  "\"by\":[\"call\"],\"accepted_within_s\":60}]}");
    set_default_procedure(house, "call");
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    static const enum agent_verb verbs[] = {VERB_RECEIVED, VERB_SEEN};
    static const enum status expected[] = {STATUS_INVALID, STATUS_OK};
    for (size_t i = 0; i < 2; i++) {
        struct command *command = agent_command(house, id, verbs[i], house->jean, NULL);
        command->request.agent.attempt = house->sent[0].attempt;
        house_run(house, command);
        assert_int_equal(command->answer.status, expected[i]);
    }
    struct attempt attempt;
    house_read_attempt(house, &house->sent[0], &attempt);
    assert_int_equal(attempt.seen_at.ms, house->wall.ms);
    assert_int_equal(house_number(house, "SELECT count(proven_at) FROM device"), 0);
}

/* Set aside for what failed, and not for aborts: nobody's word is taken any more, and each who says
 * one is told to act. */
static void test_verbs__of_one_set_aside(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    quarantine_post(house->engine, house->customer_id, id);
    house_settle(house);
    struct escalation before, after;
    house_read(house, id, &before);
    assert_true(before.quarantined);
    struct command *commands[] = {
        agent_command(house, id, VERB_ACCEPT, 0, house->sent[0].accept),
        agent_command(house, id, VERB_SEEN, house->jean, NULL),
        desk_command(house, id, DESK_TAKE),
    };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        house_run(house, commands[i]);
        assert_int_equal(commands[i]->answer.status, STATUS_QUARANTINED);
    }
    house_delayed(house, &house->sent[0]); /* and that its provider is down is no failure */
    house_outcome(house, &house->sent[0], ATTEMPT_FAILED);
    house_settle(house);
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    assert_int_equal(statistics.commands_failed, sizeof commands / sizeof commands[0]);
    house_read(house, id, &after);
    assert_int_equal(after.version, before.version);
}

static void test_agent_verbs__the_whole_way(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    static const struct {
        enum agent_verb verb;
        enum status status;
        enum escalation_state state;
        enum intervention intervention;
    } steps[] = {
        {VERB_SEEN, STATUS_OK, ESCALATION_NOTIFYING, INTERVENTION_NONE},
        {VERB_ACCEPT, STATUS_OK, ESCALATION_ACCEPTED, INTERVENTION_ACCEPTED},
        {VERB_REMOTE, STATUS_OK, ESCALATION_ACCEPTED, INTERVENTION_REMOTE},
        {VERB_ON_MY_WAY, STATUS_OK, ESCALATION_ACCEPTED, INTERVENTION_ON_MY_WAY},
        {VERB_ON_SITE, STATUS_OK, ESCALATION_ACCEPTED, INTERVENTION_ON_SITE},
        {VERB_DONE, STATUS_OK, ESCALATION_DONE, INTERVENTION_DONE},
        {VERB_ON_SITE, STATUS_CLOSED, ESCALATION_DONE, INTERVENTION_DONE},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct command *command = agent_command(house, id, steps[i].verb, house->jean, NULL);
        house_run(house, command);
        assert_int_equal(command->answer.status, steps[i].status);
        struct escalation escalation;
        house_read(house, id, &escalation);
        assert_int_equal(escalation.state, steps[i].state);
        assert_int_equal(escalation.intervention, steps[i].intervention);
    }
}

static void test_agent_verb_words__round_trip(void **state)
{
    (void)state;
    for (int verb = 0; verb < AGENT_VERBS_COUNT; verb++) {
        assert_int_equal(agent_verb_parse(agent_verb_word((enum agent_verb)verb)), verb);
    }
    assert_int_equal(agent_verb_parse("dance"), AGENT_VERBS_COUNT);
}

/* ---- telephone ---- */

static const struct sent *ring_jean(struct house *house)
{
    put_procedure(house, "call",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],"
                  "\"by\":[\"call\"],\"accepted_within_s\":60}]}");
    set_default_procedure(house, "call");
    (void)house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent[0].path, PATH_CALL);
    assert_string_equal(house->sent[0].summary, "Personne bloquée dans l'ascenseur");
    return &house->sent[0];
}

static struct command *call_outcome(struct house *house, struct uuid attempt,
                                    enum attempt_answer answer)
{
    struct command *command = house_command(house, COMMAND_CALL_OUTCOME);
    command->customer_id = 0;
    command->request.call = (struct call_outcome_request){.attempt = attempt, .answer = answer};
    house_run(house, command);
    return command;
}

static void test_call__a_key_accepts(void **state)
{
    struct house *house = *state;
    const struct sent *call = ring_jean(house);
    house_outcome(house, call, ATTEMPT_ACCEPTED);
    assert_int_equal(call_outcome(house, call->attempt, ANSWER_RINGING)->answer.status, STATUS_OK);
    assert_int_equal(call_outcome(house, call->attempt, ANSWER_ANSWERED)->answer.status, STATUS_OK);
    struct command *command = call_outcome(house, call->attempt, ANSWER_ACCEPTED);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_answered(command, "state", "accepted");
    struct escalation escalation;
    house_read(house, call->escalation, &escalation);
    assert_int_equal(escalation.holder.id, house->jean);
    assert_int_equal(escalation.holder_path, PATH_CALL);
    /* The layer repeats itself after the holder let go: it stays let go. */
    struct uuid attempt = call->attempt, id = call->escalation;
    house_run(house, agent_command(house, id, VERB_HAND_BACK, house->jean, NULL));
    assert_int_equal(call_outcome(house, attempt, ANSWER_ACCEPTED)->answer.status, STATUS_OK);
    house_read(house, id, &escalation);
    assert_int_not_equal(escalation.holder.id, house->jean);
}

/* Asked whether anything happens, the holder presses a key. The layer repeats itself later, after a
 * time-out: that is no second sign of life. */
static void test_call__a_holders_key_counts_once(void **state)
{
    struct house *house = *state;
    const struct sent *call = ring_jean(house);
    struct uuid id = call->escalation;
    house_outcome(house, call, ATTEMPT_ACCEPTED);
    assert_int_equal(call_outcome(house, call->attempt, ANSWER_ACCEPTED)->answer.status, STATUS_OK);
    size_t before = house->sent_count;
    house_advance(house, 1800000);
    house_settle(house);
    struct uuid asking = {{0}};
    for (size_t i = before; i < house->sent_count; i++) {
        asking = house->sent[i].purpose == PURPOSE_HOLDER_CALL ? house->sent[i].attempt : asking;
    }
    struct escalation pressed, repeated;
    for (int times = 1; times <= 3; times++) {
        assert_int_equal(call_outcome(house, asking, ANSWER_ACCEPTED)->answer.status, STATUS_OK);
        house_read(house, id, times == 1 ? &pressed : &repeated);
        house_advance(house, 60000);
    }
    assert_int_equal(house_entries(house, id, ENTRY_EXTENDED), 1);
    assert_int_equal(repeated.due_at.ms, pressed.due_at.ms);
}

/* A holder without a phone of ours is called about what is new; the key says "still at it". */
static void test_call__a_holders_key_on_news_is_a_sign_of_life(void **state)
{
    struct house *house = *state;
    put_agent(house, "marie", "+33600000004", true);
    put_procedure(house, "call",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"marie\"}],"
                  "\"by\":[\"call\"],\"accepted_within_s\":60}]}");
    set_default_procedure(house, "call");
    struct command *callers[2];
    struct escalation before, after;
    for (int i = 0; i < 2; i++) {
        callers[i] = escalate_command(house, SEVERITY_MAJOR, NULL);
        callers[i]->request.escalate.dedup_key = "lift";
        house_run(house, callers[i]);
        const struct sent *call = &house->sent[house->sent_count - 1];
        assert_int_equal(call->path, PATH_CALL);
        assert_int_equal(call->purpose, i == 0 ? PURPOSE_ALERT : PURPOSE_UPDATE);
        house_advance(house, 5000);
        assert_int_equal(call_outcome(house, call->attempt, ANSWER_ACCEPTED)->answer.status,
                         STATUS_OK);
        house_read(house, answered_id(callers[0]), i == 0 ? &before : &after);
    }
    assert_int_equal(after.holder.id, before.holder.id);
    assert_int_equal(after.due_at.ms, before.due_at.ms + 5000);
    assert_int_equal(house_entries(house, after.id, ENTRY_EXTENDED), 1);
}

static const struct sent *ring_marie_with_news(struct house *house)
{
    put_agent(house, "marie", "+33600000004", true);
    put_procedure(house, "call",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"marie\"}],\"by\":[\"call\"],"
                  "\"accepted_within_s\":60},{\"notify\":[{\"agent\":\"paul\"}],"
                  "\"by\":[\"push\"],\"accepted_within_s\":60}]}");
    set_default_procedure(house, "call");
    for (int i = 0; i < 2; i++) {
        struct command *caller = escalate_command(house, SEVERITY_MAJOR, NULL);
        caller->request.escalate.dedup_key = "lift";
        house_run(house, caller);
        if (i == 0) {
            (void)call_outcome(house, house->sent[0].attempt, ANSWER_ACCEPTED);
        }
    }
    assert_int_equal(house->sent[1].purpose, PURPOSE_UPDATE);
    assert_string_equal(house->sent[1].person, "marie");
    return &house->sent[1];
}

/* Who has nothing but a telephone has no other word for it: the next is rung at once. */
static void test_call__a_holders_no_on_news_hands_back(void **state)
{
    struct house *house = *state;
    const struct sent *news = ring_marie_with_news(house);
    struct command *command = call_outcome(house, news->attempt, ANSWER_DECLINED);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_answered(command, "state", "notifying");
    assert_int_equal(house_entries(house, news->escalation, ENTRY_HANDED_BACK), 1);
    house_settle(house);
    assert_int_equal(house->sent_count, 3);
    assert_string_equal(house->sent[2].person, "paul");
}

/* Let go through the desk while the telephone rang: a yes takes it again, a no leaves it. */
static void test_call__a_key_on_news_of_who_let_go(void **state)
{
    struct house *house = *state;
    const struct sent *news = ring_marie_with_news(house);
    int64_t marie = agent_id(house, "marie");
    struct uuid id = news->escalation;
    struct escalation escalation;
    house_run(house, agent_command(house, id, VERB_HAND_BACK, marie, NULL));
    house_settle(house);
    (void)call_outcome(house, news->attempt, ANSWER_ACCEPTED);
    house_read(house, id, &escalation);
    assert_int_equal(escalation.state, ESCALATION_ACCEPTED);
    assert_int_equal(escalation.holder.id, marie);

    house_run(house, desk_command(house, id, DESK_CANCEL));
    house->sent_count = 0;
    news = ring_marie_with_news(house);
    id = news->escalation;
    house_run(house, agent_command(house, id, VERB_HAND_BACK, marie, NULL));
    assert_int_equal(call_outcome(house, news->attempt, ANSWER_DECLINED)->answer.status, STATUS_OK);
    house_read(house, id, &escalation);
    assert_int_equal(escalation.state, ESCALATION_NOTIFYING);
    assert_int_equal(house_entries(house, id, ENTRY_DECLINED), 1);
}

static void test_call__of_one_set_aside(void **state)
{
    struct house *house = *state;
    const struct sent *call = ring_jean(house);
    quarantine_post(house->engine, house->customer_id, call->escalation);
    house_settle(house);
    struct command *command = call_outcome(house, call->attempt, ANSWER_ACCEPTED);
    assert_int_equal(command->answer.status, STATUS_QUARANTINED);
    assert_string_equal(command->answer.error.text, status_text(STATUS_QUARANTINED));
    struct attempt attempt;
    house_read_attempt(house, call, &attempt);
    assert_int_equal(attempt.answer, ANSWER_NONE);
}

static void test_call__of_nobody(void **state)
{
    struct house *house = *state;
    const struct sent *call = ring_jean(house);
    struct uuid id = call->attempt;
    id.bytes[0] ^= 1;
    assert_int_equal(call_outcome(house, id, ANSWER_ACCEPTED)->answer.status, STATUS_NOT_FOUND);
    struct escalation escalation;
    house_read(house, call->escalation, &escalation);
    assert_int_equal(escalation.state, ESCALATION_NOTIFYING);
}

/* ---- the desk ---- */

static void test_desk__on_behalf_and_split(void **state)
{
    struct house *house = *state;
    struct command *first = escalate_command(house, SEVERITY_MAJOR, NULL);
    first->request.escalate.dedup_key = "lift";
    house_run(house, first);
    struct uuid id = answered_id(first);
    struct command *second = escalate_command(house, SEVERITY_MAJOR, NULL);
    second->request.escalate.dedup_key = "lift";
    second->request.escalate.promised_ms = 600000;
    house_run(house, second);

    struct command *behalf = desk_command(house, id, DESK_ON_BEHALF);
    behalf->request.desk.agent = "paul";
    behalf->request.desk.agent_verb = VERB_ACCEPT;
    house_run(house, behalf);
    assert_answered(behalf, "state", "accepted");

    struct command *unknown = desk_command(house, id, DESK_ON_BEHALF);
    unknown->request.desk.agent = "nobody";
    house_run(house, unknown);
    assert_int_equal(unknown->answer.status, STATUS_INVALID);
    assert_string_equal(unknown->answer.error.pointer, "/agent");

    struct command *split = desk_command(house, id, DESK_SPLIT);
    split->request.desk.caller = 2;
    house_run(house, split);
    assert_int_equal(split->answer.status, STATUS_OK);
    assert_false(uuid_equal(answered_id(split), id));
    struct escalation own;
    house_read(house, answered_id(split), &own);
    assert_int_equal(own.state, ESCALATION_NOTIFYING);
    assert_int_equal(own.promises[0].state, PROMISE_OPEN);
    assert_int_equal(own.promises[0].due_at.ms, house->wall.ms + 600000);

    split = desk_command(house, id, DESK_SPLIT);
    split->request.desk.caller = 9;
    house_run(house, split);
    assert_int_equal(split->answer.status, STATUS_INVALID);
}

/* Nobody would ever call for a caller who is split off without what they said. */
static void test_desk__splits_off_nobody_whose_row_is_missing(void **state)
{
    struct house *house = *state;
    struct command *command = NULL;
    for (int i = 0; i < 2; i++) {
        command = escalate_command(house, SEVERITY_MAJOR, NULL);
        command->request.escalate.dedup_key = "lift";
        house_run(house, command);
    }
    struct uuid id = answered_id(command);
    assert_int_equal(sqlite3_exec(house->engine->store->db, "DELETE FROM caller WHERE number = 2",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    struct command *split = desk_command(house, id, DESK_SPLIT);
    split->request.desk.caller = 2;
    house_run(house, split);
    assert_int_equal(split->answer.status, STATUS_IO);
    assert_string_equal(split->answer.body, "");
    assert_int_equal(house_number(house, "SELECT count(*) FROM escalation"), 1);
    assert_int_equal(house_entries(house, id, ENTRY_SPLIT), 0);
}

/* Whoever says first that it is done has done it; whoever says it again hears the same. */
static void test_desk__a_task_is_done_once(void **state)
{
    struct house *house = *state;
    struct command *first = escalate_command(house, SEVERITY_MAJOR, NULL);
    first->request.escalate.promised_ms = 600000;
    house_run(house, first);
    house_run(house, desk_command(house, answered_id(first), DESK_CANCEL));
    static const char *const operators[] = {"Zoé", "Max"};
    for (size_t i = 0; i < 2; i++) {
        struct command *done = house_command(house, COMMAND_TASK_DONE);
        done->request.task_done = (struct task_done_request){.task_id = newest_task(house),
                                                             .operator_name = operators[i]};
        house_run(house, done);
        assert_int_equal(done->answer.status, STATUS_OK);
        assert_answered(done, "state", "done");
        house_advance(house, 1000);
    }
    assert_int_equal(house_number(house, "SELECT count(*) FROM desk_task WHERE done_by = 'Zoé'"),
                     1);
    assert_int_equal(house_number(house, "SELECT done_at FROM desk_task"), house->wall.ms - 2000);
}

static void test_desk__unknown_escalation_and_task(void **state)
{
    struct house *house = *state;
    struct command *command = desk_command(house, (struct uuid){{1}}, DESK_NOTE);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
    command = house_command(house, COMMAND_TASK_DONE);
    command->request.task_done.operator_name = "";
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_action_token__a_replay_after_hand_back),
        HOUSE_TEST(test_agent_verbs__of_an_escalation_that_does_not_exist),
        HOUSE_TEST(test_desk__a_name_of_escapes_fits),
        HOUSE_TEST(test_action_token__accepts),
        HOUSE_TEST(test_action_token__is_good_for_its_own_verb_only),
        HOUSE_TEST(test_action_token__forged_or_cut),
        HOUSE_TEST(test_action_token__of_another_escalation),
        HOUSE_TEST(test_action_token__unknown_escalation),
        HOUSE_TEST(test_action_token__survives_a_restart),
        HOUSE_TEST(test_accept__the_first_of_two_wins),
        HOUSE_TEST(test_accept__the_first_of_two_wins_in_one_batch),
        HOUSE_TEST(test_accept__after_the_end),
        HOUSE_TEST(test_received__proves_the_device),
        HOUSE_TEST(test_received__before_anything_was_sent),
        HOUSE_TEST(test_received__of_another_agents_attempt),
        HOUSE_TEST(test_agent_verbs__of_a_contacts_call),
        HOUSE_TEST(test_seen__of_ones_own_call),
        HOUSE_TEST(test_verbs__of_one_set_aside),
        HOUSE_TEST(test_agent_verbs__the_whole_way),
        cmocka_unit_test(test_agent_verb_words__round_trip),
        HOUSE_TEST(test_call__a_key_accepts),
        HOUSE_TEST(test_call__a_holders_key_counts_once),
        HOUSE_TEST(test_call__a_holders_key_on_news_is_a_sign_of_life),
        HOUSE_TEST(test_call__a_holders_no_on_news_hands_back),
        HOUSE_TEST(test_call__a_key_on_news_of_who_let_go),
        HOUSE_TEST(test_call__of_one_set_aside),
        HOUSE_TEST(test_call__of_nobody),
        HOUSE_TEST(test_desk__on_behalf_and_split),
        HOUSE_TEST(test_desk__splits_off_nobody_whose_row_is_missing),
        HOUSE_TEST(test_desk__a_task_is_done_once),
        HOUSE_TEST(test_desk__unknown_escalation_and_task),
    };
    return cmocka_run_group_tests_name("engine.agent", tests, NULL, NULL);
}
