/* test_refusals.c - what a refused caller reads: which of several things it was. */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/chores.h"
#include "tests/unit/engine/fixture.h"

static const struct uuid nobody = {{7}};

static void execute(struct house *house, const char *sql)
{
    assert_int_equal(sqlite3_exec(house->engine->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void assert_refused(struct house *house, struct command *command, enum status status,
                           const char *words)
{
    house_run(house, command);
    assert_int_equal(command->answer.status, status);
    assert_string_equal(command->answer.error.text, words);
    assert_string_equal(command->answer.body, "");
}

/* The call centre works with escalations and with their callers: either may be the unknown one. */
static void test_desk__says_what_is_unknown(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_CRITICAL);
    static const enum desk_verb verbs[] = {DESK_NOTE, DESK_CALLED_BACK, DESK_SPLIT};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        struct command *command = desk_command(house, nobody, verbs[i]);
        command->request.desk.caller = 1;
        assert_refused(house, command, STATUS_NOT_FOUND, status_text(STATUS_NOT_FOUND));
    }
    struct command *command = desk_command(house, id, DESK_CALLED_BACK);
    command->request.desk.caller = 2;
    assert_refused(house, command, STATUS_INVALID, "there is no such caller on this escalation");
}

#define NIGHT_BY_PUSH                                                                              \
    "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"push\"],\"accepted_within_s\":60}]}"

/* The version of its procedure that an escalation began with does not read any more, as a newer
 * program is stricter or a hand was at it: that is what is told, not that the attempt or the caller
 * is unknown. */
static void test_procedure__that_cannot_be_read(void **state)
{
    static const char words[] = "the procedure that the escalation began with cannot be read any "
                                "more: act by telephone, and escalate anew";
    struct house *house = *state;
    struct command *key = chore_press_a_key(house);
    struct command *first = escalate_command(house, SEVERITY_MAJOR, NULL);
    first->request.escalate.dedup_key = "lift-1";
    house_run(house, first);
    struct uuid id = answered_id(first);
    house_settle(house);
    execute(house, "UPDATE procedure SET definition = '{}'");
    put_procedure(house, "night", NIGHT_BY_PUSH);

    assert_refused(house, desk_command(house, id, DESK_NOTE), STATUS_CONFLICT, words);
    assert_refused(house, desk_command(house, id, DESK_TAKE), STATUS_CONFLICT, words);
    assert_refused(house, agent_command(house, id, VERB_ACCEPT, house->jean, NULL), STATUS_CONFLICT,
                   words);
    assert_refused(house, key, STATUS_CONFLICT, words);

    /* Who calls about the same meanwhile is not turned away. */
    struct command *second = escalate_command(house, SEVERITY_MAJOR, NULL);
    second->request.escalate.dedup_key = "lift-1";
    house_run(house, second);
    assert_int_equal(second->answer.status, STATUS_OK);
    assert_false(uuid_equal(answered_id(second), id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_desk__says_what_is_unknown),
        HOUSE_TEST(test_procedure__that_cannot_be_read),
    };
    return cmocka_run_group_tests_name("engine.refusals", tests, NULL, NULL);
}
