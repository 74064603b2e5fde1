/* oracle_trunk.c - no more calls at once than the trunk has, whatever died in between.
 *
 * A call is in progress from when the telephony layer is handed it. The gateway cannot know all of
 * what becomes of it, so that here it is over as soon as the gateway may think so:
 *   - an end is reported of it, also when the gateway dies over that report or refuses it;
 *   - its request came back as failed or as uncertain: whether the layer took an uncertain one
 *     nobody in the gateway can tell, and it gives the place away;
 *   - its request had no answer, and there is no time left to wait for one;
 *   - the layer has it, nothing more is heard, and a minute has passed behind its time.
 * A crash is none of these: whoever rings goes on. One that goes again is the same call. */
#include "tests/simulator/oracle_private.h"

#include <inttypes.h>
#include <string.h>

#define GRACE_MS INT64_C(60000)
/* What leaves at its very end has so long all the same, by which the time may be misjudged. */
#define LEAST_MS 200

static struct ringing *ringing_of(struct oracle *oracle, struct uuid attempt)
{
    for (size_t i = 0; i < oracle->ringing_count; i++) {
        if (uuid_equal(oracle->ringing[i].attempt, attempt)) {
            return &oracle->ringing[i];
        }
    }
    return NULL;
}

static void hang_up(struct oracle *oracle, struct ringing *ringing)
{
    *ringing = oracle->ringing[--oracle->ringing_count];
}

static void forget_what_is_over(struct oracle *oracle, int64_t now)
{
    for (size_t i = oracle->ringing_count; i-- > 0;) {
        struct ringing *ringing = &oracle->ringing[i];
        if (ringing->not_after + (ringing->taken ? GRACE_MS : 0) <= now) {
            hang_up(oracle, ringing);
        }
    }
}

void trunk_call_leaves(struct oracle *oracle, const struct box_sent *sent, int64_t not_after,
                       size_t trunk)
{
    /* By how much time it was given: engine time itself is unknown just behind a reboot. */
    forget_what_is_over(oracle, not_after - (sent->expires_ms - sent->at_ms) + LEAST_MS);
    if (ringing_of(oracle, sent->attempt) == NULL && oracle->ringing_count < RINGING_MAX) {
        oracle->ringing[oracle->ringing_count++] =
            (struct ringing){.attempt = sent->attempt, .not_after = not_after};
    }
    if (oracle->ringing_count > trunk) {
        find_fault(oracle, "attempt %s makes %zu calls in progress on a trunk of %zu",
                   id_text(sent->attempt), oracle->ringing_count, trunk);
    }
}

void trunk_call_resolved(struct oracle *oracle, struct uuid attempt, bool accepted)
{
    struct ringing *ringing = ringing_of(oracle, attempt);
    if (ringing != NULL && accepted) {
        ringing->taken = true;
    } else if (ringing != NULL) {
        hang_up(oracle, ringing);
    }
}

void trunk_call_reported(struct oracle *oracle, const struct command *command)
{
    struct ringing *ringing = ringing_of(oracle, command->request.call.attempt);
    bool goes_on = command->request.call.answer == ANSWER_NONE ||
                   command->request.call.answer == ANSWER_RINGING ||
                   command->request.call.answer == ANSWER_ANSWERED;
    if (ringing != NULL && !goes_on) {
        hang_up(oracle, ringing);
    }
}
