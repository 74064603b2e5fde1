/* Every event in every state: the answer and the state after, as a table that can be read
 * (transitions.table); and the table of allowed moves, spelt out once more. */
#include "tests/unit/core/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/core/golden.h"

#define TABLE_BYTES_MAX (256u * 1024u)

#define PROCEDURE                                                                                  \
    "{\"rounds\":2,\"steps\":[{\"notify\":[{\"on_call\":\"primary\"}],\"by\":[\"push\"],"          \
    "\"received_within_s\":20,\"accepted_within_s\":60}],"                                         \
    "\"exhausted\":[{\"callback\":\"desk\"}]}"

/* How to get into each state; NULL ends the list. Paul holds it where somebody does. */
static const char *const ways[][5] = {
    [ESCALATION_NOTIFYING] = {NULL},
    [ESCALATION_WAITING] = {"transport #1 failed unregistered", NULL},
    [ESCALATION_ACCEPTED] = {"accept paul #1", NULL},
    [ESCALATION_OVERDUE] = {"accept paul #1", "@1801 deadline", NULL},
    [ESCALATION_EXHAUSTED] = {"transport #1 failed unregistered", "@120 deadline", "@200 deadline",
                              NULL},
    [ESCALATION_TAKEN] = {"take Lucie", NULL},
    [ESCALATION_CANCELLING] = {"accept paul #1", "cancel", NULL},
    [ESCALATION_CANCELLED] = {"cancel", NULL},
    [ESCALATION_DONE] = {"accept paul #1", "done paul", NULL},
    [ESCALATION_ON_HOLD] = {NULL},
    [ESCALATION_NOTED] = {NULL},
};

static const char *const events[] = {
    "join minor",
    "join critical",
    "join major hold",
    "join critical ticket",
    "transport #1 accepted",
    "transport #1 failed gone",
    "transport #1 expired late",
    "transport #1 uncertain lost",
    "delayed #1 down",
    "received #1",
    "seen #1",
    "call #1 busy",
    "accept paul #1",
    "accept marie",
    "decline paul #1",
    "decline marie",
    "remote paul",
    "on_my_way paul",
    "on_site paul",
    "on_site marie",
    "on_site Lucie",
    "still paul",
    "still marie",
    "done paul",
    "done marie",
    "done Lucie",
    "hand_back paul",
    "hand_back marie",
    "hand_back Lucie",
    "deadline",
    "@99999 deadline",
    "severity info",
    "severity minor",
    "severity critical",
    "note text",
    "cancel",
    "resume",
    "take Lucie",
    "take Karim",
    "called_back 1",
    "called_back 2",
    "split 1",
    "split 2",
    "changed",
    "quarantine",
    "stepped -3600",
    "suspended 60",
    "assign marie Lucie",
    "assign marie Lucie member",
    "assign paul Lucie",
    "hand_over paul marie",
    "hand_over marie paul",
    "join_in marie",
    "join_in marie on_call",
    "join_in paul on_call",
    "leave marie",
    "leave paul",
};

/* "@SECONDS event" moves the clock first. */
static void run(struct trace *trace, const char *line)
{
    if (line[0] == '@') {
        char *rest;
        trace->world->clock_ms = strtoll(line + 1, &rest, 10) * 1000;
        line = rest + 1;
    }
    trace_event(trace, line);
}

static struct world *world_in(enum escalation_state state)
{
    struct trace trace = {.world = world_create()};
    struct world_person *paul = world_person(trace.world, "paul");
    (void)snprintf(paul->role, sizeof paul->role, "primary");
    paul->devices[0] = (struct context_device){.id = 10, .platform = PLATFORM_APNS};
    paul->devices_count = 1;
    world_person(trace.world, "marie")->has_phone = true;
    world_procedure(trace.world, PROCEDURE);
    trace.world->opens_ms = 7200000;
    trace_event(&trace, state == ESCALATION_ON_HOLD ? "open minor promise 3600 hold"
                        : state == ESCALATION_NOTED ? "open minor ticket"
                                                    : "open minor promise 3600");
    for (const char *const *way = ways[state]; *way != NULL; way++) {
        run(&trace, *way);
    }
    assert_int_equal(trace.world->now.state, state);
    return trace.world;
}

static void step__every_event_in_every_state(void **state)
{
    (void)state;
    char *table = calloc(1, TABLE_BYTES_MAX);
    struct trace trace = {.text = table, .bytes = TABLE_BYTES_MAX};
    for (int from = ESCALATION_NOTIFYING; from <= (int)ESCALATION_STATE_LAST; from++) {
        for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
            struct trace quiet = {.world = world_in((enum escalation_state)from)};
            run(&quiet, events[i]);
            struct world *world = quiet.world;
            const char *answer =
                status_slug(world->status != STATUS_OK ? world->status : world->update->answer);
            trace_print(&trace, "%-10s | %-27s | %-16s | %s\n",
                        escalation_state_word((enum escalation_state)from), events[i], answer,
                        escalation_state_word(world->now.state));
            world_destroy(&quiet.world);
        }
        trace_print(&trace, "\n");
    }
    char path[1200];
    (void)snprintf(path, sizeof path, "%s/transitions.table", golden_folder(""));
    golden_compare(path, table);
    free(table);
}

static void move_allowed__is_the_diagram(void **state)
{
    (void)state;
    /* Rows from, columns to: notifying waiting accepted overdue exhausted taken cancelling
     * cancelled done on_hold noted. */
    static const char *const diagram[] = {
        [ESCALATION_NOTIFYING] = "yyynyynynnn",  [ESCALATION_WAITING] = "yyynnynynnn",
        [ESCALATION_ACCEPTED] = "ynyynnynynn",   [ESCALATION_OVERDUE] = "ynyynnynynn",
        [ESCALATION_EXHAUSTED] = "ynynyynynnn",  [ESCALATION_TAKEN] = "ynynnynyynn",
        [ESCALATION_CANCELLING] = "nnnnnnyynnn", [ESCALATION_CANCELLED] = "nnnnnnnynnn",
        [ESCALATION_DONE] = "nnnnnnnnynn",       [ESCALATION_ON_HOLD] = "ynynyynynyy",
        [ESCALATION_NOTED] = "nnnnnnnnnny",
    };
    for (int from = ESCALATION_NOTIFYING; from <= (int)ESCALATION_STATE_LAST; from++) {
        for (int to = ESCALATION_NOTIFYING; to <= (int)ESCALATION_STATE_LAST; to++) {
            bool allowed =
                escalation_move_allowed((enum escalation_state)from, (enum escalation_state)to);
            if (allowed != (diagram[from][to] == 'y')) {
                fail_msg("%s to %s", escalation_state_word((enum escalation_state)from),
                         escalation_state_word((enum escalation_state)to));
            }
        }
    }
}

/* The invariants notice: each fault is made on purpose. */
static void fault__finds_each_broken_invariant(void **state)
{
    (void)state;
    struct world *world = world_in(ESCALATION_NOTIFYING);
    const struct context *context = world_context(world);
    struct escalation broken = world->now;
    assert_null(escalation_fault(&broken, context));

    broken.holder = (struct person_ref){.kind = PERSON_AGENT, .id = 1};
    assert_non_null(escalation_fault(&broken, context));
    broken = world->now;
    broken.due_at = ENGINE_NEVER;
    assert_non_null(escalation_fault(&broken, context));
    broken = world->now;
    broken.closed_at.ms = 1;
    assert_non_null(escalation_fault(&broken, context));
    broken = world->now;
    broken.step = 1;
    assert_non_null(escalation_fault(&broken, context));
    broken.step = -1;
    assert_non_null(escalation_fault(&broken, context));
    broken = world->now;
    broken.round = PROCEDURE_ROUNDS_MAX;
    assert_non_null(escalation_fault(&broken, context));
    broken.round = -1;
    assert_non_null(escalation_fault(&broken, context));
    broken = world->now;
    broken.callers_count = CALLERS_MAX + 1;
    assert_non_null(escalation_fault(&broken, context));
    broken.callers_count = -1;
    assert_non_null(escalation_fault(&broken, context));
    broken = world->now;
    broken.due_at.ms = broken.wait_until.ms + 1;
    assert_non_null(escalation_fault(&broken, context));
    broken = world->now;
    broken.held_until.ms = 1;
    assert_non_null(escalation_fault(&broken, context));
    broken = world->now;
    broken.state = ESCALATION_WAITING;
    assert_non_null(escalation_fault(&broken, context));
    world_destroy(&world);

    world = world_in(ESCALATION_DONE);
    broken = world->now;
    broken.due_at.ms = 1;
    assert_non_null(escalation_fault(&broken, world_context(world)));
    world_destroy(&world);
}

#define MARIE .kind = PERSON_AGENT, .id = 2

static void expect_fault(struct world *world, const struct escalation *broken, const char *what)
{
    const char *fault = escalation_fault(broken, world_context(world));
    assert_non_null(fault);
    assert_string_equal(fault, what);
}

/* Paul holds it. */
static void fault__finds_a_broken_team(void **state)
{
    (void)state;
    static const char counted[] = "members are within their limit";
    static const char once[] = "a member is somebody, and there once";
    struct world *world = world_in(ESCALATION_ACCEPTED);
    struct escalation broken = world->now;
    broken.members_count = -1;
    expect_fault(world, &broken, counted);
    broken.members_count = MEMBERS_MAX + 1;
    expect_fault(world, &broken, counted);
    broken.members_count = 2;
    broken.members[0] = (struct member){MARIE};
    broken.members[1] = (struct member){MARIE};
    expect_fault(world, &broken, once);
    broken.members[1].kind = PERSON_OPERATOR;
    expect_fault(world, &broken, once);
    broken.members[1] = (struct member){.kind = broken.holder.kind, .id = broken.holder.id};
    expect_fault(world, &broken, "the holder is no member");
    broken.members[1] = (struct member){.kind = PERSON_CONTACT, .id = 2};
    assert_null(escalation_fault(&broken, world_context(world)));
    world_destroy(&world);
}

static void fault__finds_a_broken_offer(void **state)
{
    (void)state;
    static const char counted[] = "offers are within their limit, and none is open when it is over";
    static const char once[] = "somebody is asked once";
    static const enum escalation_state over[] = {ESCALATION_CANCELLING, ESCALATION_DONE};
    struct world *world = world_in(ESCALATION_ACCEPTED);
    struct escalation broken = world->now;
    const struct offer marie = {MARIE, .until = broken.due_at};
    broken.offers_count = -1;
    expect_fault(world, &broken, counted);
    broken.offers_count = OFFERS_MAX + 1;
    expect_fault(world, &broken, counted);
    broken.offers_count = 2;
    broken.offers[0] = broken.offers[1] = marie;
    expect_fault(world, &broken, once);
    broken.offers[1].kind = PERSON_OPERATOR;
    expect_fault(world, &broken, once);
    broken.offers[1].kind = broken.holder.kind;
    broken.offers[1].id = broken.holder.id;
    expect_fault(world, &broken, "the holder is not asked to hold it");
    broken.offers_count = 1;
    assert_null(escalation_fault(&broken, world_context(world)));
    broken.offers[0].until.ms--;
    expect_fault(world, &broken, "the due time is not later than an offer's end");
    broken.quarantined = true; /* its clock stands */
    assert_null(escalation_fault(&broken, world_context(world)));
    world_destroy(&world);

    for (size_t i = 0; i < sizeof over / sizeof over[0]; i++) {
        world = world_in(over[i]);
        broken = world->now;
        broken.offers[0] = marie;
        broken.offers_count = 1;
        expect_fault(world, &broken, counted);
        world_destroy(&world);
    }
}

static void fault__finds_a_broken_search(void **state)
{
    (void)state;
    static const char beside[] =
        "members are sought, and a shift's end is waited for, beside a holder";
    static const char wanted[] =
        "members are sought when more than the holder are wanted, and are so beside one";
    static const char clocks[] = "the due time is not later than the team's clocks";
    struct world *world = world_in(ESCALATION_NOTIFYING);
    struct escalation broken = world->now;
    broken.search_until = broken.due_at;
    expect_fault(world, &broken, beside);
    broken = world->now;
    broken.shift_until = broken.due_at;
    expect_fault(world, &broken, beside);
    broken = world->now;
    broken.wanted = 2;
    expect_fault(world, &broken, wanted);
    world_destroy(&world);

    world = world_in(ESCALATION_ACCEPTED);
    broken = world->now;
    broken.wanted = 0;
    expect_fault(world, &broken, wanted);
    broken.wanted = ACCEPTANCES_MAX + 1;
    expect_fault(world, &broken, wanted);
    broken.wanted = 1;
    broken.search_until = broken.due_at;
    expect_fault(world, &broken, wanted);
    broken.wanted = 2;
    assert_null(escalation_fault(&broken, world_context(world)));
    broken.search_until.ms--;
    expect_fault(world, &broken, clocks);
    broken.search_until = ENGINE_NEVER;
    broken.shift_until.ms = broken.due_at.ms - 1;
    expect_fault(world, &broken, clocks);
    broken.quarantined = true;
    assert_null(escalation_fault(&broken, world_context(world)));
    world_destroy(&world);
}

/* What was set aside has no clock, and what is over has none that counts. */
static void fault__leaves_other_clocks_alone(void **state)
{
    (void)state;
    struct world *world = world_in(ESCALATION_NOTIFYING);
    struct escalation aside = world->now;
    aside.quarantined = true;
    aside.due_at = ENGINE_NEVER;
    assert_null(escalation_fault(&aside, world_context(world)));
    world_destroy(&world);

    world = world_in(ESCALATION_DONE);
    struct escalation over = world->now;
    over.wait_until.ms = 1;
    assert_null(escalation_fault(&over, world_context(world)));
    world_destroy(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step__every_event_in_every_state),
        cmocka_unit_test(move_allowed__is_the_diagram),
        cmocka_unit_test(fault__finds_each_broken_invariant),
        cmocka_unit_test(fault__finds_a_broken_team),
        cmocka_unit_test(fault__finds_a_broken_offer),
        cmocka_unit_test(fault__finds_a_broken_search),
        cmocka_unit_test(fault__leaves_other_clocks_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
