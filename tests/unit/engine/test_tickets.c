/* test_tickets.c - what the desk does to tickets, each once however often it is said, and what time
 * does to them. */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "gateway/store/store_ticket.h"
#include "tests/unit/engine/chores.h"

#define DAY_MS INT64_C(86400000)

static struct command *run(struct house *house, enum ticket_verb verb, struct uuid ticket,
                           struct uuid other)
{
    struct command *command = ticket_command(house, verb, ticket);
    command->request.ticket.other = other;
    house_run(house, command);
    return command;
}

static const struct uuid nobody = {{0}}, numbered = {{1}};

static void assert_refused(struct house *house, enum ticket_verb verb, struct uuid ticket,
                           struct uuid other, enum status status)
{
    int64_t notes = house_number(house, "SELECT count(*) FROM ticket_note");
    assert_int_equal(run(house, verb, ticket, other)->answer.status, status);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_note"), notes);
}

static struct uuid ticket_of(struct house *house, struct uuid escalation)
{
    struct escalation row;
    house_read(house, escalation, &row);
    return row.ticket_id;
}

/* A webhook's answer says the number, of the first caller and of the next. */
static void test_number__is_in_the_answer(void **state)
{
    struct house *house = *state;
    static const char *const numbers[] = {"\"ticket_number\":1001", "\"ticket_number\":1001",
                                          "\"ticket_number\":1012"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
        command->request.escalate.dedup_key = i < 2 ? "lift" : NULL;
        house_run(house, command);
        assert_non_null(strstr(command->answer.body, numbers[i]));
    }
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_stale"), 1);
}

static void test_note__once_for_each_key(void **state)
{
    struct house *house = *state;
    struct uuid ticket = recorded_ticket(house);
    struct command *first = ticket_command(house, TICKET_ADD_NOTE, ticket);
    struct command *again = ticket_command(house, TICKET_ADD_NOTE, ticket);
    again->request.ticket.idempotency_key = first->request.ticket.idempotency_key;
    house_run(house, first);
    house_run(house, again);
    assert_int_equal(first->answer.status, STATUS_OK);
    assert_true(first->answer.created && again->answer.created);
    assert_string_equal(first->answer.body, again->answer.body);
    assert_non_null(strstr(first->answer.body, "\"note\":1"));
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_note WHERE by = 'Léa'"), 1);
    assert_non_null(strstr(run(house, TICKET_ADD_NOTE, ticket, nobody)->answer.body, "\"note\":2"));
    assert_refused(house, TICKET_ADD_NOTE, numbered, nobody, STATUS_NOT_FOUND);
}

static void test_note__has_an_end(void **state)
{
    struct house *house = *state;
    struct uuid ticket = recorded_ticket(house);
    assert_int_equal(run(house, TICKET_ADD_NOTE, ticket, nobody)->answer.status, STATUS_OK);
    assert_int_equal(
        sqlite3_exec(house->engine->store->db,
                     "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
                     "INSERT INTO ticket_note SELECT customer_id, ticket_id, i, 0, 0, 'x', NULL, "
                     "NULL FROM ticket, n",
                     NULL, NULL, NULL),
        SQLITE_OK);
    assert_refused(house, TICKET_ADD_NOTE, ticket, nobody, STATUS_CONFLICT);
    assert_int_equal(run(house, TICKET_REOPEN, ticket, nobody)->answer.status, STATUS_OK);
}

static void test_close__and_open_again(void **state)
{
    struct house *house = *state;
    struct uuid ticket = recorded_ticket(house);
    assert_answered(run(house, TICKET_CLOSE, ticket, nobody), "state", "closed");
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_note"), 0);
    for (int i = 0; i < 2; i++) {
        assert_answered(run(house, TICKET_REOPEN, ticket, nobody), "state", "open");
        assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_note WHERE kind = 2"), 1);
    }
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE closed_at IS NULL"), 1);
    for (int i = 0; i < 2; i++) {
        assert_answered(run(house, TICKET_CLOSE, ticket, nobody), "state", "closed");
        assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_note WHERE kind = 1"), 1);
    }
}

static void test_close__not_while_somebody_is_called(void **state)
{
    struct house *house = *state;
    struct uuid ticket = ticket_of(house, house_escalate(house, SEVERITY_MAJOR));
    assert_refused(house, TICKET_CLOSE, ticket, nobody, STATUS_CONFLICT);
}

/* Duplicates point at one ticket, which points at none. */
static void test_link__makes_no_chain(void **state)
{
    struct house *house = *state;
    struct uuid t[4];
    for (size_t i = 0; i < 4; i++) {
        t[i] = recorded_ticket(house);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run(house, TICKET_LINK, t[1], t[0])->answer.status, STATUS_OK);
        assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_note WHERE kind = 3"), 1);
    }
    assert_refused(house, TICKET_LINK, t[1], t[1], STATUS_CONFLICT); /* itself */
    assert_refused(house, TICKET_LINK, t[0], t[1], STATUS_CONFLICT); /* a circle */
    assert_refused(house, TICKET_LINK, t[2], t[1], STATUS_CONFLICT); /* behind a duplicate */
    assert_refused(house, TICKET_LINK, t[0], t[2], STATUS_CONFLICT); /* in front of one */
    assert_refused(house, TICKET_LINK, t[1], t[3], STATUS_CONFLICT); /* twice */
    assert_refused(house, TICKET_LINK, t[2], numbered, STATUS_NOT_FOUND);
    assert_int_equal(run(house, TICKET_LINK, t[2], t[0])->answer.status, STATUS_OK);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE duplicate_of IS NOT "
                                         "NULL"),
                     2);
    /* From either end, once. */
    assert_int_equal(run(house, TICKET_UNLINK, t[0], t[1])->answer.status, STATUS_OK);
    assert_int_equal(run(house, TICKET_UNLINK, t[2], t[0])->answer.status, STATUS_OK);
    assert_int_equal(run(house, TICKET_UNLINK, t[2], t[0])->answer.status, STATUS_OK);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_note WHERE kind = 4"), 2);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE duplicate_of IS NOT "
                                         "NULL"),
                     0);
}

/* Behind acceptance, and by itself. */
static void test_index__follows(void **state)
{
    struct house *house = *state;
    (void)recorded_ticket(house);
    house_advance(house, 10001);
    house_settle(house);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_document"), 1);
    (void)run(house, TICKET_ADD_NOTE, recorded_ticket(house), nobody);
    house_advance(house, 10001);
    house_settle(house);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_document WHERE words LIKE "
                                         "'%gardien%'"),
                     1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_document"), 2);
}

/* An alarm, once, and all else goes on; so does the next start. */
static void test_index__that_is_damaged_is_left_alone(void **state)
{
    struct house *house = *state;
    (void)recorded_ticket(house);
    assert_int_equal(
        sqlite3_exec(house->engine->store->db, "DELETE FROM ticket_words_config", NULL, NULL, NULL),
        SQLITE_OK);
    house_close(house);
    house_open(house);
    size_t alarms = house->alarms;
    for (int i = 0; i < 3; i++) {
        house_advance(house, 61000);
        house_settle(house);
    }
    assert_int_equal(house->alarms, alarms + 1);
    assert_string_equal(house->alarm, "tickets.search_damaged");
    assert_false(house->engine->damaged);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_document"), 0);
    (void)house_escalate(house, SEVERITY_MAJOR);
}

static void keep_for_30_days(struct house *house)
{
    house_run(house, chore_change_calendar(house));
    assert_int_equal(house_number(house, "SELECT retention_days FROM customer"), 30);
}

/* As often as it takes. */
static void let_time_pass(struct house *house, int64_t ms)
{
    house_advance(house, ms);
    for (int i = 0; i < 20; i++) {
        house_advance(house, 10001);
        house_settle(house);
    }
}

static void test_erase__what_was_closed_30_days_ago(void **state)
{
    struct house *house = *state;
    keep_for_30_days(house);
    struct uuid old = recorded_ticket(house);
    struct uuid reopened = recorded_ticket(house);
    (void)run(house, TICKET_ADD_NOTE, old, nobody);
    assert_int_equal(run(house, TICKET_REOPEN, reopened, nobody)->answer.status, STATUS_OK);
    let_time_pass(house, 29 * DAY_MS);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE erased_at IS NOT NULL"),
                     0);
    (void)recorded_ticket(house);
    let_time_pass(house, DAY_MS + 3600000);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE erased_at IS NOT NULL"),
                     1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE erased_at IS NOT NULL "
                                         "AND number = 1001 AND summary = '' AND fields IS NULL"),
                     1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket_note WHERE kind = 0 AND text "
                                         "IS NULL"),
                     1);
    assert_int_equal(house_number(house, "SELECT unclean FROM ticket_indexed"), 0);
    assert_refused(house, TICKET_ADD_NOTE, old, nobody, STATUS_CLOSED);
    assert_refused(house, TICKET_REOPEN, old, nobody, STATUS_CLOSED);
    assert_refused(house, TICKET_LINK, reopened, old, STATUS_CLOSED);
    assert_answered(run(house, TICKET_CLOSE, old, nobody), "state", "erased");
}

/* Whatever a ticket's row says, nothing is taken from under somebody who is called for it. */
static void test_erase__not_while_somebody_is_called(void **state)
{
    struct house *house = *state;
    keep_for_30_days(house);
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(sqlite3_exec(house->engine->store->db,
                                  "UPDATE ticket SET closed_at = opened_at;"
                                  "UPDATE escalation SET quarantined = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK); /* nobody acts on it any more, and it stays open */
    let_time_pass(house, 32 * DAY_MS);
    assert_int_equal(house_number(house, "SELECT count(*) FROM escalation WHERE closed_at IS NULL"),
                     1);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE erased_at IS NOT NULL"),
                     0);
}

/* A wall that was set to another year by mistake erases nothing. */
static void test_erase__not_by_a_wall_that_is_ahead(void **state)
{
    struct house *house = *state;
    keep_for_30_days(house);
    (void)recorded_ticket(house);
    house->wall.ms += 400 * DAY_MS;
    let_time_pass(house, 3600000);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE erased_at IS NOT NULL"),
                     0);
}

/* Without an end there is none. */
static void test_erase__not_without_retention(void **state)
{
    struct house *house = *state;
    (void)recorded_ticket(house);
    let_time_pass(house, 400 * DAY_MS);
    assert_int_equal(house_number(house, "SELECT count(*) FROM ticket WHERE erased_at IS NOT NULL"),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_number__is_in_the_answer),
        HOUSE_TEST(test_note__once_for_each_key),
        HOUSE_TEST(test_note__has_an_end),
        HOUSE_TEST(test_close__and_open_again),
        HOUSE_TEST(test_close__not_while_somebody_is_called),
        HOUSE_TEST(test_link__makes_no_chain),
        HOUSE_TEST(test_index__follows),
        HOUSE_TEST(test_index__that_is_damaged_is_left_alone),
        HOUSE_TEST(test_erase__what_was_closed_30_days_ago),
        HOUSE_TEST(test_erase__not_while_somebody_is_called),
        HOUSE_TEST(test_erase__not_by_a_wall_that_is_ahead),
        HOUSE_TEST(test_erase__not_without_retention),
    };
    return cmocka_run_group_tests_name("engine.tickets", tests, NULL, NULL);
}
