/* test_escalation.c - escalations, attempts, callers, tasks: round trips, versions and orders. */
#include <string.h>

#include "gateway/base/text.h"
#include "tests/unit/store/fixture.h"

/* Every member has a value of its own, so that two exchanged columns are noticed. */
static struct escalation full_escalation(const struct shelf *shelf)
{
    struct escalation e = plain_escalation(shelf, 1);
    e.state = ESCALATION_OVERDUE;
    e.severity = SEVERITY_CRITICAL;
    e.drill = true;
    e.quarantined = true;
    e.round = 2;
    e.step = 3;
    e.position = 4;
    e.round_started_at.ms = 5;
    e.wait_until.ms = 6;
    e.received_until.ms = 7;
    e.due_at.ms = 8;
    e.holder.kind = PERSON_OPERATOR; /* one by one: padding stays zero for memcmp() */
    e.holder.id = 9;
    (void)text_copy(e.holder.name, sizeof e.holder.name, "Zoé");
    e.holder_path = PATH_DESK;
    e.held_since.ms = 10;
    e.eta_at.ms = 11;
    e.intervention = INTERVENTION_ON_SITE;
    e.handed_back_by.kind = PERSON_CONTACT;
    e.handed_back_by.id = 12;
    (void)text_copy(e.handed_back_by.name, sizeof e.handed_back_by.name, "Max");
    e.announcements = 13;
    e.notices = 14;
    e.opened_at.ms = 15;
    e.closed_at.ms = 16;
    (void)text_copy(e.next_what, sizeof e.next_what, "the call centre is told");
    e.version = 17;
    e.owner = 18;
    e.fence = 19;
    return e;
}

static void read_escalation(struct shelf *shelf, struct uuid id, struct escalation *read_r)
{
    memset(read_r, 0, sizeof *read_r);
    assert_ok(shelf,
              store_get_escalation(shelf->store, shelf->customer_id, id, read_r, &shelf->error));
}

static void test_escalation__comes_back(void **state)
{
    struct shelf *shelf = *state;
    struct definition_row procedure = {
        .customer_id = shelf->customer_id, .slug = "p", .definition = "{}"};
    struct escalation full = full_escalation(shelf), plain = plain_escalation(shelf, 2), read;
    int64_t version;
    assert_ok(shelf, store_add_procedure(shelf->store, &procedure, &full.procedure_id, &version,
                                         &shelf->error));
    assert_ok(shelf, add_escalation(shelf->store, &full, "key", &shelf->error));
    assert_ok(shelf, add_escalation(shelf->store, &plain, NULL, &shelf->error));
    read_escalation(shelf, full.id, &read);
    assert_memory_equal(&read, &full, sizeof full);
    read_escalation(shelf, plain.id, &read);
    assert_memory_equal(&read, &plain, sizeof plain);
    /* No procedure of its own is NULL, not row 0. */
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM escalation "
                                         "WHERE procedure_id IS NULL AND due_engine IS NULL"),
                     1);
    int64_t customer_id = 0;
    assert_ok(shelf,
              store_get_escalation_customer(shelf->store, full.id, &customer_id, &shelf->error));
    assert_int_equal(customer_id, shelf->customer_id);
    assert_int_equal(
        store_get_escalation_customer(shelf->store, numbered_id(3), &customer_id, &shelf->error),
        STATUS_NOT_FOUND);
    assert_int_equal(
        store_get_escalation(shelf->store, shelf->customer_id + 1, full.id, &read, &shelf->error),
        STATUS_NOT_FOUND);
}

static void test_escalation__update_writes_every_member(void **state)
{
    struct shelf *shelf = *state;
    struct escalation plain = plain_escalation(shelf, 1), full = full_escalation(shelf), read;
    plain.version = full.version - 1;
    plain.owner = full.owner;
    plain.fence = full.fence;
    plain.drill = full.drill;
    plain.opened_at = full.opened_at; /* these four never change */
    assert_ok(shelf, add_escalation(shelf->store, &plain, NULL, &shelf->error));
    assert_ok(shelf, store_update_escalation(shelf->store, &full, &shelf->error));
    read_escalation(shelf, full.id, &read);
    assert_memory_equal(&read, &full, sizeof full);
}

static void test_escalation__another_writer_conflicts(void **state)
{
    struct shelf *shelf = *state;
    struct escalation escalation = plain_escalation(shelf, 1), read;
    assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    escalation.version = 2;
    escalation.round = 1;
    assert_ok(shelf, store_update_escalation(shelf->store, &escalation, &shelf->error));
    escalation.round = 7;
    assert_int_equal(store_update_escalation(shelf->store, &escalation, &shelf->error),
                     STATUS_CONFLICT);
    escalation.version = 9;
    assert_int_equal(store_update_escalation(shelf->store, &escalation, &shelf->error),
                     STATUS_CONFLICT);
    escalation.version = 3;
    escalation.fence = 1; /* a gateway that lost its ownership */
    assert_int_equal(store_update_escalation(shelf->store, &escalation, &shelf->error),
                     STATUS_CONFLICT);
    read_escalation(shelf, escalation.id, &read);
    assert_int_equal(read.round, 1);
    assert_int_equal(read.version, 2);
}

static void test_dedup__is_unique_while_open(void **state)
{
    struct shelf *shelf = *state;
    struct escalation one = plain_escalation(shelf, 1), two = plain_escalation(shelf, 2);
    struct uuid found;
    assert_ok(shelf, add_escalation(shelf->store, &one, "lift", &shelf->error));
    assert_int_equal(add_escalation(shelf->store, &two, "lift", &shelf->error), STATUS_CONFLICT);
    assert_ok(shelf, store_find_open_dedup(shelf->store, shelf->customer_id, "lift", &found,
                                           &shelf->error));
    assert_true(uuid_equal(found, one.id));
    one.version = 2;
    one.closed_at.ms = 5;
    assert_ok(shelf, store_update_escalation(shelf->store, &one, &shelf->error));
    assert_int_equal(
        store_find_open_dedup(shelf->store, shelf->customer_id, "lift", &found, &shelf->error),
        STATUS_NOT_FOUND);
    assert_ok(shelf, store_add_escalation(shelf->store, &two, "lift", &shelf->error));
    assert_ok(shelf, store_find_open_dedup(shelf->store, shelf->customer_id, "lift", &found,
                                           &shelf->error));
    assert_true(uuid_equal(found, two.id));
}

/* ---- lists ---- */

static void test_due__severest_first_then_the_most_overdue(void **state)
{
    struct shelf *shelf = *state;
    static const struct {
        unsigned n;
        enum severity severity;
        int64_t due_ms;
        bool quarantined;
    } cases[] = {
        {1, SEVERITY_INFO, 10, false},
        {2, SEVERITY_CRITICAL, 90, false},
        {3, SEVERITY_CRITICAL, 50, false},
        {4, SEVERITY_MAJOR, 20, false},
        {5, SEVERITY_CRITICAL, 101, false},
        {6, SEVERITY_MINOR, 100, false},
        {7, SEVERITY_CRITICAL, 1, true},
        {8, SEVERITY_MAJOR, 15, false},
        {9, SEVERITY_CRITICAL, TIME_NEVER_MS, false},
    };
    static const unsigned expected[] = {3, 2, 8, 4, 6, 1};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct escalation escalation = plain_escalation(shelf, cases[i].n);
        escalation.severity = cases[i].severity;
        escalation.due_at.ms = cases[i].due_ms;
        escalation.quarantined = cases[i].quarantined;
        assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    }
    struct due_row rows[8];
    size_t count;
    assert_ok(shelf, store_list_due(shelf->store, (struct engine_time){100}, 8, rows, &count,
                                    &shelf->error));
    assert_int_equal(count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_true(uuid_equal(rows[i].escalation_id, numbered_id(expected[i])));
        assert_int_equal(rows[i].customer_id, shelf->customer_id);
    }
    assert_int_equal(rows[0].due.ms, 50);
    assert_ok(shelf, store_list_due(shelf->store, (struct engine_time){100}, 4, rows, &count,
                                    &shelf->error));
    assert_int_equal(count, 4);
    struct engine_time next;
    assert_ok(shelf, store_next_due(shelf->store, ENGINE_BEGINNING, &next, &shelf->error));
    assert_int_equal(next.ms, 10);
    int64_t open;
    assert_ok(shelf, store_count_open(shelf->store, &open, &shelf->error));
    assert_int_equal(open, 7);
}

static void test_due__nothing(void **state)
{
    struct shelf *shelf = *state;
    struct engine_time next;
    struct due_row row;
    size_t count = 9;
    assert_ok(shelf, store_next_due(shelf->store, ENGINE_BEGINNING, &next, &shelf->error));
    assert_int_equal(next.ms, TIME_NEVER_MS);
    assert_ok(shelf, store_list_due(shelf->store, (struct engine_time){100}, 1, &row, &count,
                                    &shelf->error));
    assert_int_equal(count, 0);
}

static void test_lists__pages_of_escalations(void **state)
{
    struct shelf *shelf = *state;
    for (unsigned n = 1; n <= 7; n++) {
        struct escalation escalation = plain_escalation(shelf, n);
        escalation.state = n <= 3 ? ESCALATION_DONE : ESCALATION_NOTIFYING;
        escalation.closed_at.ms = n <= 3 ? 5 : TIME_NEVER_MS;
        assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    }
    const struct uuid nil = {{0}};
    struct escalation *rows;
    size_t count;
    assert_ok(shelf,
              store_list_escalations(shelf->store, shelf->customer_id, nil, ESCALATION_STATES_ALL,
                                     4, shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 4);
    assert_true(uuid_equal(rows[0].id, numbered_id(7)));
    assert_ok(shelf, store_list_escalations(shelf->store, shelf->customer_id, rows[3].id,
                                            ESCALATION_STATES_ALL, 4, shelf->arena, &rows, &count,
                                            &shelf->error));
    assert_int_equal(count, 3);
    assert_true(uuid_equal(rows[2].id, numbered_id(1)));
    assert_ok(shelf, store_list_escalations(shelf->store, 0, nil, 1u << ESCALATION_DONE, 9,
                                            shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 3);
    assert_ok(shelf, store_list_open_newest(shelf->store, shelf->customer_id, 3, shelf->arena,
                                            &rows, &count, &shelf->error));
    assert_int_equal(count, 3);
    assert_true(uuid_equal(rows[0].id, numbered_id(7)));
    assert_true(uuid_equal(rows[2].id, numbered_id(5)));
    assert_ok(shelf, store_list_open_newest(shelf->store, shelf->customer_id, 9, shelf->arena,
                                            &rows, &count, &shelf->error));
    assert_int_equal(count, 4);
    struct uuid ids[4];
    assert_ok(shelf, store_list_open(shelf->store, shelf->customer_id, nil, 3, ids, &count,
                                     &shelf->error));
    assert_int_equal(count, 3);
    assert_true(uuid_equal(ids[0], numbered_id(4)));
    assert_ok(shelf, store_list_open(shelf->store, shelf->customer_id, ids[2], 3, ids, &count,
                                     &shelf->error));
    assert_int_equal(count, 1);
    assert_true(uuid_equal(ids[0], numbered_id(7)));
}

/* ---- tickets and callers ---- */

static void test_ticket__comes_back_and_closes_once(void **state)
{
    struct shelf *shelf = *state;
    struct ticket_row read;
    struct ticket_row row = {.customer_id = shelf->customer_id,
                             .ticket_id = numbered_id(1),
                             .category = "lift",
                             .summary = "Étage 3",
                             .details = "d",
                             .fields = "{\"a\":\"b\"}",
                             .opened_at = {21},
                             .closed_at = WALL_NEVER};
    struct ticket_row bare = {.customer_id = shelf->customer_id,
                              .ticket_id = numbered_id(2),
                              .summary = "",
                              .closed_at = WALL_NEVER};
    assert_ok(shelf, store_add_ticket(shelf->store, &row, &shelf->error));
    assert_ok(shelf, store_add_ticket(shelf->store, &bare, &shelf->error));
    assert_ok(shelf, store_get_ticket(shelf->store, shelf->customer_id, row.ticket_id, shelf->arena,
                                      &read, &shelf->error));
    assert_true(uuid_equal(read.ticket_id, row.ticket_id));
    assert_string_equal(read.category, "lift");
    assert_string_equal(read.summary, row.summary);
    assert_string_equal(read.details, "d");
    assert_string_equal(read.fields, row.fields);
    assert_int_equal(read.opened_at.ms, 21);
    assert_int_equal(read.closed_at.ms, TIME_NEVER_MS);
    for (int64_t at = 30; at < 32; at++) {
        assert_ok(shelf, store_close_ticket(shelf->store, shelf->customer_id, row.ticket_id,
                                            (struct wall_time){at}, &shelf->error));
    }
    assert_ok(shelf, store_get_ticket(shelf->store, shelf->customer_id, row.ticket_id, shelf->arena,
                                      &read, &shelf->error));
    assert_int_equal(read.closed_at.ms, 30);
    assert_ok(shelf, store_get_ticket(shelf->store, shelf->customer_id, bare.ticket_id,
                                      shelf->arena, &read, &shelf->error));
    assert_null(read.category);
    assert_null(read.details);
    assert_null(read.fields);
    assert_string_equal(read.summary, "");
}

static void test_callers__come_back_with_their_promises(void **state)
{
    struct shelf *shelf = *state;
    struct escalation escalation = plain_escalation(shelf, 1), read;
    escalation.callers_count = 2;
    assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    struct caller_row rows[] = {
        {.customer_id = shelf->customer_id,
         .escalation_id = escalation.id,
         .number = 1,
         .name = "Anne",
         .phone = "+331",
         .called_at = {41},
         .promised_at = {42},
         .promise_engine = {43},
         .promise = PROMISE_OPEN},
        {.customer_id = shelf->customer_id,
         .escalation_id = escalation.id,
         .number = 2,
         .called_at = {44},
         .promised_at = WALL_NEVER,
         .promise_engine = ENGINE_NEVER,
         .promise = PROMISE_NONE},
    };
    for (size_t i = 0; i < 2; i++) {
        assert_ok(shelf, store_add_caller(shelf->store, &rows[i], &shelf->error));
    }
    struct caller_row *callers;
    size_t count;
    assert_ok(shelf, store_list_callers(shelf->store, shelf->customer_id, escalation.id,
                                        shelf->arena, &callers, &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_string_equal(callers[0].name, "Anne");
    assert_string_equal(callers[0].phone, "+331");
    assert_int_equal(callers[0].called_at.ms, 41);
    assert_int_equal(callers[0].promised_at.ms, 42);
    assert_int_equal(callers[0].promise_engine.ms, 43);
    assert_int_equal(callers[0].promise, PROMISE_OPEN);
    assert_null(callers[1].name);
    assert_null(callers[1].phone);
    assert_int_equal(callers[1].promised_at.ms, TIME_NEVER_MS);
    assert_int_equal(callers[1].promise_engine.ms, TIME_NEVER_MS);
    const struct promise kept = {.state = PROMISE_KEPT, .due_at = {50}};
    assert_ok(shelf, store_update_caller(shelf->store, shelf->customer_id, escalation.id, 2, &kept,
                                         &shelf->error));
    read_escalation(shelf, escalation.id, &read);
    assert_int_equal(read.promises[0].state, PROMISE_OPEN);
    assert_int_equal(read.promises[0].due_at.ms, 43);
    assert_int_equal(read.promises[1].state, PROMISE_KEPT);
    assert_int_equal(read.promises[1].due_at.ms, 50);
}

/* ---- attempts ---- */

static struct attempt full_attempt(unsigned n)
{
    struct attempt a = plain_attempt(n);
    a.purpose = PURPOSE_TASK;
    a.path = PATH_CALLBACK;
    a.platform = PLATFORM_FCM;
    a.person_kind = PERSON_CALLBACK;
    a.person_id = 1;
    a.device_id = 2;
    (void)text_copy(a.callback, sizeof a.callback, "call-centre");
    a.round = 3;
    a.step = 4;
    a.position = 5;
    a.state = ATTEMPT_UNCERTAIN;
    a.answer = ANSWER_NO_ANSWER;
    a.severity = SEVERITY_MINOR;
    a.planned_engine.ms = 6;
    a.not_after.ms = 7;
    a.planned_at.ms = 8;
    a.handed_over_at.ms = 9;
    a.accepted_at.ms = 10;
    a.received_at.ms = 11;
    a.seen_at.ms = 12;
    a.delayed_at.ms = 13;
    (void)text_copy(a.reason, sizeof a.reason, "because");
    (void)text_copy(a.provider_id, sizeof a.provider_id, "projects/x/messages/1");
    a.tries = 13;
    a.number = 14;
    return a;
}

static void assert_attempt(const struct attempt *a, const struct attempt *b)
{
    assert_true(uuid_equal(a->id, b->id));
    assert_int_equal(a->purpose, b->purpose);
    assert_int_equal(a->path, b->path);
    assert_int_equal(a->platform, b->platform);
    assert_int_equal(a->person_kind, b->person_kind);
    assert_int_equal(a->person_id, b->person_id);
    assert_int_equal(a->device_id, b->device_id);
    assert_int_equal(a->round, b->round);
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->position, b->position);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->answer, b->answer);
    assert_int_equal(a->severity, b->severity);
    assert_int_equal(a->planned_engine.ms, b->planned_engine.ms);
    assert_int_equal(a->not_after.ms, b->not_after.ms);
    assert_int_equal(a->planned_at.ms, b->planned_at.ms);
    assert_int_equal(a->handed_over_at.ms, b->handed_over_at.ms);
    assert_int_equal(a->accepted_at.ms, b->accepted_at.ms);
    assert_int_equal(a->received_at.ms, b->received_at.ms);
    assert_int_equal(a->seen_at.ms, b->seen_at.ms);
    assert_int_equal(a->delayed_at.ms, b->delayed_at.ms);
    assert_int_equal(a->tries, b->tries);
    assert_int_equal(a->number, b->number);
    assert_string_equal(a->callback, b->callback);
    assert_string_equal(a->reason, b->reason);
    assert_string_equal(a->provider_id, b->provider_id);
}

static void test_attempt__comes_back(void **state)
{
    struct shelf *shelf = *state;
    struct escalation escalation = plain_escalation(shelf, 1);
    struct attempt full = full_attempt(11), plain = plain_attempt(12), read;
    assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    const struct attempt *both[] = {&full, &plain};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(shelf, store_add_attempt(shelf->store, shelf->customer_id, escalation.id, both[i],
                                           &shelf->error));
        memset(&read, 0, sizeof read);
        assert_ok(shelf, store_get_attempt(shelf->store, shelf->customer_id, escalation.id,
                                           both[i]->id, &read, &shelf->error));
        assert_attempt(&read, both[i]);
    }
    /* Changing writes what can change. */
    struct attempt changed = plain;
    changed.state = full.state;
    changed.answer = full.answer;
    changed.handed_over_at = full.handed_over_at;
    changed.accepted_at = full.accepted_at;
    changed.received_at = full.received_at;
    changed.seen_at = full.seen_at;
    changed.delayed_at = full.delayed_at;
    (void)text_copy(changed.reason, sizeof changed.reason, full.reason);
    (void)text_copy(changed.provider_id, sizeof changed.provider_id, full.provider_id);
    changed.tries = full.tries;
    assert_ok(shelf, store_update_attempt(shelf->store, shelf->customer_id, escalation.id, &changed,
                                          &shelf->error));
    memset(&read, 0, sizeof read);
    assert_ok(shelf, store_get_attempt(shelf->store, shelf->customer_id, escalation.id, plain.id,
                                       &read, &shelf->error));
    assert_attempt(&read, &changed);
}

static void test_attempts__lists(void **state)
{
    struct shelf *shelf = *state;
    struct escalation escalation = plain_escalation(shelf, 1);
    assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    for (unsigned n = 1; n <= 6; n++) {
        struct attempt attempt = plain_attempt(n);
        attempt.path = n == 4 ? PATH_CALL : PATH_PUSH;
        assert_ok(shelf, store_add_attempt(shelf->store, shelf->customer_id, escalation.id,
                                           &attempt, &shelf->error));
    }
    struct attempt newest[4];
    size_t count;
    assert_ok(shelf, store_list_newest_attempts(shelf->store, shelf->customer_id, escalation.id, 4,
                                                newest, &count, &shelf->error));
    assert_int_equal(count, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(uuid_equal(newest[i].id, numbered_id(3 + i)));
    }
    struct attempt *page;
    const struct uuid nil = {{0}};
    assert_ok(shelf, store_list_attempts(shelf->store, shelf->customer_id, escalation.id, nil, 4,
                                         shelf->arena, &page, &count, &shelf->error));
    assert_int_equal(count, 4);
    assert_ok(shelf,
              store_list_attempts(shelf->store, shelf->customer_id, escalation.id, page[3].id, 4,
                                  shelf->arena, &page, &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_true(uuid_equal(page[1].id, numbered_id(6)));
    int64_t customer_id;
    struct uuid id;
    assert_ok(shelf,
              store_find_call(shelf->store, numbered_id(4), &customer_id, &id, &shelf->error));
    assert_int_equal(customer_id, shelf->customer_id);
    assert_true(uuid_equal(id, escalation.id));
    assert_int_equal(
        store_find_call(shelf->store, numbered_id(5), &customer_id, &id, &shelf->error),
        STATUS_NOT_FOUND);
}

static void test_outbox__by_severity_then_age_each_path_alone(void **state)
{
    struct shelf *shelf = *state;
    struct escalation escalation = plain_escalation(shelf, 1);
    assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    static const struct {
        unsigned n;
        enum severity severity;
        int64_t planned_ms;
        enum path path;
        enum attempt_state state;
    } cases[] = {
        {1, SEVERITY_INFO, 1, PATH_PUSH, ATTEMPT_PLANNED},
        {2, SEVERITY_CRITICAL, 9, PATH_PUSH, ATTEMPT_PLANNED},
        {3, SEVERITY_CRITICAL, 4, PATH_PUSH, ATTEMPT_PLANNED},
        {4, SEVERITY_MAJOR, 2, PATH_PUSH, ATTEMPT_PLANNED},
        {5, SEVERITY_CRITICAL, 1, PATH_PUSH, ATTEMPT_HANDED_OVER},
        {6, SEVERITY_CRITICAL, 1, PATH_CALL, ATTEMPT_PLANNED},
        {7, SEVERITY_CRITICAL, 1, PATH_PUSH, ATTEMPT_FAILED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct attempt attempt = plain_attempt(cases[i].n);
        attempt.severity = cases[i].severity;
        attempt.planned_engine.ms = cases[i].planned_ms;
        attempt.path = cases[i].path;
        attempt.state = cases[i].state;
        assert_ok(shelf, store_add_attempt(shelf->store, shelf->customer_id, escalation.id,
                                           &attempt, &shelf->error));
    }
    static const unsigned expected[] = {3, 2, 4, 1};
    struct attempt_row rows[8];
    size_t count;
    assert_ok(shelf, store_list_outbox(shelf->store, PATH_PUSH, 8, rows, &count, &shelf->error));
    assert_int_equal(count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(uuid_equal(rows[i].attempt.id, numbered_id(expected[i])));
        assert_true(uuid_equal(rows[i].escalation_id, escalation.id));
        assert_int_equal(rows[i].customer_id, shelf->customer_id);
    }
    assert_ok(shelf, store_list_outbox(shelf->store, PATH_PUSH, 2, rows, &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_ok(shelf, store_list_outbox(shelf->store, PATH_CALL, 8, rows, &count, &shelf->error));
    assert_int_equal(count, 1);
    int64_t rewound = 0;
    assert_ok(shelf, store_rewind_attempts(shelf->store, &rewound, &shelf->error));
    assert_int_equal(rewound, 1);
    assert_ok(shelf, store_list_outbox(shelf->store, PATH_PUSH, 8, rows, &count, &shelf->error));
    assert_int_equal(count, 5);
    assert_true(uuid_equal(rows[0].attempt.id, numbered_id(5)));
}

/* The newest first, no more than asked for, and none that is too old to be looked at. */
static void test_calls_in_progress__newest_first(void **state)
{
    struct shelf *shelf = *state;
    struct escalation escalation = plain_escalation(shelf, 1);
    assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    for (unsigned n = 1; n <= 4; n++) {
        struct attempt attempt = plain_attempt(n);
        attempt.path = n == 4 ? PATH_PUSH : PATH_CALL;
        attempt.state = ATTEMPT_ACCEPTED;
        attempt.answer = ANSWER_RINGING;
        attempt.handed_over_at.ms = 1;
        attempt.not_after.ms = 100 + (int64_t)n;
        assert_ok(shelf, store_add_attempt(shelf->store, shelf->customer_id, escalation.id,
                                           &attempt, &shelf->error));
    }
    static const struct {
        unsigned since;
        int64_t after_ms;
        size_t limit, count;
        unsigned first;
    } cases[] = {{1, 0, 8, 3, 3}, {2, 0, 8, 2, 3}, {1, 102, 8, 1, 3}, {1, 0, 2, 2, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct attempt_row rows[8];
        size_t count;
        assert_ok(shelf, store_list_calls_in_progress(shelf->store, numbered_id(cases[i].since),
                                                      (struct engine_time){cases[i].after_ms},
                                                      cases[i].limit, rows, &count, &shelf->error));
        assert_int_equal(count, cases[i].count);
        assert_true(uuid_equal(rows[0].attempt.id, numbered_id(cases[i].first)));
        assert_int_equal(rows[0].attempt.not_after.ms, 100 + cases[i].first);
    }
}

/* ---- desk tasks ---- */

static void test_desk_task__is_done_once(void **state)
{
    struct shelf *shelf = *state;
    struct escalation escalation = plain_escalation(shelf, 1);
    assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    struct desk_task_row row = {.customer_id = shelf->customer_id,
                                .task_id = numbered_id(21),
                                .escalation_id = escalation.id,
                                .kind = TASK_CALLER,
                                .caller = 3,
                                .created_at = {61},
                                .done_at = WALL_NEVER};
    struct desk_task_row read, *rows;
    size_t count;
    const struct uuid nil = {{0}};
    assert_ok(shelf, store_add_desk_task(shelf->store, &row, &shelf->error));
    assert_ok(shelf, store_get_desk_task(shelf->store, shelf->customer_id, row.task_id,
                                         shelf->arena, &read, &shelf->error));
    assert_true(uuid_equal(read.task_id, row.task_id));
    assert_true(uuid_equal(read.escalation_id, escalation.id));
    assert_int_equal(read.kind, TASK_CALLER);
    assert_int_equal(read.caller, 3);
    assert_int_equal(read.created_at.ms, 61);
    assert_int_equal(read.done_at.ms, TIME_NEVER_MS);
    assert_null(read.done_by);
    assert_ok(shelf, store_list_open_tasks(shelf->store, shelf->customer_id, nil, 5, shelf->arena,
                                           &rows, &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_ok(shelf, store_finish_desk_task(shelf->store, shelf->customer_id, row.task_id, "Zoé",
                                            (struct wall_time){62}, &shelf->error));
    assert_int_equal(store_finish_desk_task(shelf->store, shelf->customer_id, row.task_id, "Max",
                                            (struct wall_time){63}, &shelf->error),
                     STATUS_NOT_FOUND);
    assert_ok(shelf, store_list_tasks_of_escalation(shelf->store, shelf->customer_id, escalation.id,
                                                    5, shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].done_by, "Zoé");
    assert_int_equal(rows[0].done_at.ms, 62);
    assert_ok(shelf, store_list_open_tasks(shelf->store, shelf->customer_id, nil, 5, shelf->arena,
                                           &rows, &count, &shelf->error));
    assert_int_equal(count, 0);
}

/* Rows that make no sense are read all the same: a caller who has no place is passed over, and of
 * two customers of one escalation one is found. */
static void test_damage__is_read_as_far_as_it_goes(void **state)
{
    struct shelf *shelf = *state;
    struct escalation one = plain_escalation(shelf, 1), two = one, found;
    int64_t customer_id;
    const struct customer_row other = {
        .slug = "other", .name = "n", .time_zone = "UTC", .language = "fr", .alias = "a"};
    const struct promise none = {.state = PROMISE_NONE};
    const struct caller_row caller = {
        .customer_id = 1, .escalation_id = one.id, .number = 1, .promise = PROMISE_OPEN};
    assert_ok(shelf, add_escalation(shelf->store, &one, "key", &shelf->error));
    assert_ok(shelf, store_add_caller(shelf->store, &caller, &shelf->error));
    memset(&found, 0, sizeof found);
    shelf_execute(shelf, "UPDATE caller SET number = 0");
    assert_ok(shelf, store_get_escalation(shelf->store, 1, one.id, &found, &shelf->error));
    shelf_execute(shelf, "UPDATE caller SET number = 17");
    assert_ok(shelf, store_get_escalation(shelf->store, 1, one.id, &found, &shelf->error));
    for (int i = 0; i < CALLERS_MAX; i++) {
        assert_int_equal(found.promises[i].state, none.state);
    }
    assert_ok(shelf, store_put_customer(shelf->store, &other, &customer_id, &shelf->error));
    two.customer_id = customer_id;
    assert_ok(shelf, add_escalation(shelf->store, &two, "key", &shelf->error));
    assert_ok(shelf,
              store_get_escalation_customer(shelf->store, one.id, &customer_id, &shelf->error));
    assert_true(customer_id == one.customer_id || customer_id == two.customer_id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_escalation__comes_back),
        SHELF_TEST(test_escalation__update_writes_every_member),
        SHELF_TEST(test_escalation__another_writer_conflicts),
        SHELF_TEST(test_dedup__is_unique_while_open),
        SHELF_TEST(test_due__severest_first_then_the_most_overdue),
        SHELF_TEST(test_due__nothing),
        SHELF_TEST(test_lists__pages_of_escalations),
        SHELF_TEST(test_ticket__comes_back_and_closes_once),
        SHELF_TEST(test_callers__come_back_with_their_promises),
        SHELF_TEST(test_attempt__comes_back),
        SHELF_TEST(test_attempts__lists),
        SHELF_TEST(test_outbox__by_severity_then_age_each_path_alone),
        SHELF_TEST(test_calls_in_progress__newest_first),
        SHELF_TEST(test_desk_task__is_done_once),
        SHELF_TEST(test_damage__is_read_as_far_as_it_goes),
    };
    return cmocka_run_group_tests_name("store.escalation", tests, NULL, NULL);
}
