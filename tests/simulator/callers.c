/* callers.c - the call centre's webhook: calls, repetitions, the same question twice. */
#include <stdio.h>
#include <string.h>

#include "tests/simulator/simulator.h"

#define KEYS_OF_DEDUP 3

/* The body is drawn from the key, so that asking again is the same question. */
static struct command *build(const struct simulator *simulator, int customer, unsigned key)
{
    struct command *command = box_command(COMMAND_ESCALATE, simulator->customers[customer].id);
    uint64_t body = key;
    struct escalate_request *request = &command->request.escalate;
    *request = (struct escalate_request){
        .key_id = "webhook",
        .idempotency_key = arena_format(command->arena, "key-%u", key),
        .severity = (enum severity)box_draw(&body, 4),
        .summary = arena_format(command->arena, "call %u", key),
        .caller_name = "caller",
        .drill = draw_percent(&body, 3),
    };
    request->promised_ms = draw_percent(&body, 50) ? 0 : draw_ms(&body, 2, 30) * MINUTE_MS;
    if (draw_percent(&body, 40)) {
        request->dedup_key =
            arena_format(command->arena, "dedup-%u", (unsigned)box_draw(&body, KEYS_OF_DEDUP));
    }
    memset(request->body_digest.bytes, 0, sizeof request->body_digest.bytes);
    memcpy(request->body_digest.bytes, &key, sizeof key);
    return command;
}

static void escalate(struct simulator *simulator, int customer, unsigned key)
{
    struct command *command = build(simulator, customer, key);
    simulator->unanswered.is = !ask(simulator, command);
    simulator->unanswered.customer = customer;
    simulator->unanswered.key = key;
    box_free(&command);
}

void caller_asks_again(struct simulator *simulator)
{
    if (simulator->unanswered.is) {
        escalate(simulator, simulator->unanswered.customer, simulator->unanswered.key);
    }
}

/* What the desk does about it by itself, besides what it is told. */
static void add_desk(struct simulator *simulator, struct happening *happening)
{
    static const enum desk_verb verbs[] = {DESK_NOTE,  DESK_SEVERITY,  DESK_CANCEL,
                                           DESK_SPLIT, DESK_ON_BEHALF, DESK_ASSIGN};
    static const unsigned percent[] = {10, 15, 8, 8, 5, 18};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (draw_percent(&happening->random, percent[i])) {
            follow(simulator,
                   (struct happening){.kind = DESK_ACTS,
                                      .random = box_draw(&happening->random, 0),
                                      .customer = happening->customer,
                                      .what = (int)verbs[i]},
                   draw_ms(&happening->random, 10 * SECOND_MS, 30 * MINUTE_MS));
        }
    }
}

void caller_calls(struct simulator *simulator, struct happening *happening)
{
    struct happening again = *happening;
    escalate(simulator, happening->customer, happening->key);
    add_desk(simulator, happening);
    if (draw_percent(&happening->random, 8)) { /* somebody swaps duty while it rings */
        follow(simulator,
               (struct happening){.kind = CITY_CHANGES,
                                  .random = box_draw(&happening->random, 0),
                                  .customer = happening->customer,
                                  .what = CITY_SWAPS_DUTY},
               draw_ms(&happening->random, 2 * SECOND_MS, 40 * SECOND_MS));
    }
    if (draw_percent(&happening->random, 15)) {
        again.kind = CALLER_REPEATS;
        again.random = box_draw(&happening->random, 0);
        follow(simulator, again, draw_ms(&happening->random, 0, 10 * MINUTE_MS));
    }
}

void caller_repeats(struct simulator *simulator, struct happening *happening)
{
    escalate(simulator, happening->customer, happening->key);
}
