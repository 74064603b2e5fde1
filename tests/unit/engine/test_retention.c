/* test_retention.c - what was erased stays so, what nobody closes is told of and ends, and what is
 * said in a ticket's escalations is found until then. */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/chores.h"
#include "tests/unit/failing_calls.h"

#define DAY_MS INT64_C(86400000)

static void keep_for_30_days(struct house *house)
{
    house_run(house, chore_change_calendar(house));
    assert_int_equal(house_number(house, "SELECT retention_days FROM customer"), 30);
}

/* As often as it takes. */
static void let_time_pass(struct house *house, int64_t ms)
{
    house_advance(house, ms);
    for (int i = 0; i < 12; i++) {
        house_advance(house, 10001);
        house_settle(house);
    }
}

static struct command *run_verb(struct house *house, struct uuid escalation, enum desk_verb verb)
{
    struct command *command = desk_command(house, escalation, verb);
    command->request.desk.text = "Mme Zoé Personne, 06 12 34 56 78";
    command->request.desk.caller = 2;
    house_run(house, command);
    return command;
}

/* Nothing would erase it a second time. */
static void test_erased__takes_no_words(void **state)
{
    struct house *house = *state;
    keep_for_30_days(house);
    struct command *joined = chore_join(house);
    house_run(house, joined);
    struct uuid id = answered_id(joined);
    assert_int_equal(run_verb(house, id, DESK_CANCEL)->answer.status, STATUS_OK);
    assert_int_equal(run_verb(house, id, DESK_CALLED_BACK)->answer.status, STATUS_OK);
    assert_int_equal(run_verb(house, id, DESK_NOTE)->answer.status, STATUS_OK);
    let_time_pass(house, 31 * DAY_MS);
    assert_int_equal(house_number(house, "SELECT count(erased_at) FROM ticket"), 1);
    int64_t entries = house_number(house, "SELECT count(*) FROM timeline");
    static const enum desk_verb keeping[] = {DESK_NOTE, DESK_SPLIT};
    for (size_t i = 0; i < sizeof keeping / sizeof keeping[0]; i++) {
        struct command *command = run_verb(house, id, keeping[i]);
        assert_int_equal(command->answer.status, STATUS_CLOSED);
        assert_non_null(strstr(command->answer.error.text, "erased: escalate anew"));
    }
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline"), entries);
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline_personal"), 0);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket"), 1);
    /* What keeps no words is answered as ever. */
    assert_int_equal(run_verb(house, id, DESK_CANCEL)->answer.status, STATUS_OK);
    assert_int_equal(run_verb(house, id, DESK_CALLED_BACK)->answer.status, STATUS_OK);
    assert_int_equal(run_verb(house, id, DESK_TAKE)->answer.status, STATUS_CLOSED);
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline_personal"), 0);
}

/* A ticket is indexed again for words, and for nothing else: acceptance pays nothing. */
static void test_said__is_indexed(void **state)
{
    struct house *house = *state;
    house_run(house, chore_accept(house));
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_stale"), 0);
    struct command *note = chore_note(house);
    house_advance(house, 10001);
    house_settle(house);
    house_run(house, note);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_stale"), 1);
    house_advance(house, 10001);
    house_settle(house);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_document WHERE words LIKE "
                                         "'%the door code is new%'"),
                     1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_stale"), 0);
}

static struct uuid open_ticket(struct house *house)
{
    struct uuid ticket = recorded_ticket(house);
    house_run(house, ticket_command(house, TICKET_REOPEN, ticket));
    return ticket;
}

static int64_t alarms(struct house *house)
{
    return house_number(house, "SELECT count(*) FROM alarm WHERE kind = 'tickets.never_closed' AND "
                               "detail LIKE 'acme: 2 tickets are open%close them%erased%'");
}

/* Each week, until somebody closes them or they are gone. */
static void test_never_closed__is_told_and_erased(void **state)
{
    struct house *house = *state;
    keep_for_30_days(house);
    struct uuid closed = open_ticket(house);
    (void)open_ticket(house);
    house_run(house, chore_note_a_ticket(house)); /* an escalation that is only a ticket */
    let_time_pass(house, 29 * DAY_MS);
    house_run(house, ticket_command(house, TICKET_CLOSE, closed));
    assert_int_equal(alarms(house), 0);
    let_time_pass(house, DAY_MS + 3600000);
    assert_int_equal(alarms(house), 1);
    house_close(house); /* a start is no reason to say it again */
    house_open(house);
    let_time_pass(house, DAY_MS);
    assert_int_equal(alarms(house), 1);
    let_time_pass(house, 7 * DAY_MS);
    assert_int_equal(alarms(house), 2);
    assert_int_equal(house_number(house, "SELECT count(erased_at) FROM ticket"), 0);
    let_time_pass(house, 23 * DAY_MS);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE erased_at IS NOT NULL "
                                         "AND closed_at IS NOT NULL AND summary = ''"),
                     3);
    assert_int_equal(house_number(house, "SELECT count(name) + count(phone) FROM caller"), 0);
    int64_t told = alarms(house);
    let_time_pass(house, 8 * DAY_MS);
    assert_int_equal(alarms(house), told);
}

/* What happens to a ticket keeps it. */
static void test_never_closed__counts_from_the_last_word(void **state)
{
    struct house *house = *state;
    keep_for_30_days(house);
    struct uuid ticket = open_ticket(house);
    let_time_pass(house, 29 * DAY_MS);
    house_run(house, ticket_command(house, TICKET_ADD_NOTE, ticket));
    let_time_pass(house, 29 * DAY_MS);
    assert_int_equal(house_number(house, "SELECT count(never_closed_told_at) FROM customer"), 0);
    let_time_pass(house, 30 * DAY_MS);
    assert_int_equal(house_number(house, "SELECT count(never_closed_told_at) FROM customer"), 1);
    assert_int_equal(house_number(house, "SELECT count(erased_at) FROM ticket"), 0);
    let_time_pass(house, 2 * DAY_MS);
    assert_int_equal(house_number(house, "SELECT count(erased_at) FROM ticket"), 1);
}

/* Somebody is still called for it. */
static void test_never_closed__not_while_it_is_escalated(void **state)
{
    struct house *house = *state;
    keep_for_30_days(house);
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(sqlite3_exec(house->engine->store->db, "UPDATE escalation SET quarantined = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK); /* nothing moves it any more, and nobody ended it */
    let_time_pass(house, 70 * DAY_MS);
    assert_int_equal(house_number(house, "SELECT count(never_closed_told_at) FROM customer"), 0);
    assert_int_equal(house_number(house, "SELECT count(erased_at) FROM ticket"), 0);
}

static void test_check_in_note__goes_after_the_retention(void **state)
{
    struct house *house = *state;
    keep_for_30_days(house);
    house_run(house, chore_check_out_with_a_note(house));
    let_time_pass(house, 29 * DAY_MS);
    assert_int_equal(house_number(house, "SELECT count(note) FROM check_in"), 1);
    let_time_pass(house, DAY_MS + 3600000);
    assert_int_equal(house_number(house, "SELECT count(note) FROM check_in"), 0);
    assert_int_equal(house_number(house, "SELECT count(out_at) FROM check_in"), 1);
}

/* Whichever statement of the walk fails, the next walk does it. */
static void test_walk__is_taken_again(void **state)
{
    struct house *house = *state;
    keep_for_30_days(house);
    bool fired = true;
    for (int nth = 1; fired; nth++) {
        assert_true(nth < 300);
        (void)open_ticket(house);
        house_run(house, chore_check_out_with_a_note(house));
        house_advance(house, 61 * DAY_MS);
        failing_calls_start(FAIL_STEP, nth);
        for (int i = 0; i < 6; i++) {
            (void)engine_turn(house->engine);
            house_advance(house, 251);
        }
        fired = failing_calls_stop();
        let_time_pass(house, 3600000);
        assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE erased_at IS NULL"),
                         0);
        assert_int_equal(house_number(house, "SELECT count(note) FROM check_in"), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_erased__takes_no_words),
        HOUSE_TEST(test_said__is_indexed),
        HOUSE_TEST(test_never_closed__is_told_and_erased),
        HOUSE_TEST(test_never_closed__counts_from_the_last_word),
        HOUSE_TEST(test_never_closed__not_while_it_is_escalated),
        HOUSE_TEST(test_check_in_note__goes_after_the_retention),
        HOUSE_TEST(test_walk__is_taken_again),
    };
    return cmocka_run_group_tests_name("engine.retention", tests, NULL, NULL);
}
