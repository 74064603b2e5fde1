/* event_outcome.c - what became of an attempt: on its way, at the device, on the telephone. */
#include "gateway/core/core_private.h"

#include <assert.h>

#include "gateway/base/text.h"

static bool has_outcome(const struct attempt *attempt)
{
    return attempt->state != ATTEMPT_PLANNED && attempt->state != ATTEMPT_HANDED_OVER;
}

static enum entry_kind entry_of_outcome(const struct attempt *attempt)
{
    assert(has_outcome(attempt));
    assert(attempt->state != ATTEMPT_RECEIVED && attempt->state != ATTEMPT_SEEN);
    if (attempt->state == ATTEMPT_FAILED) {
        return ENTRY_ATTEMPT_FAILED;
    }
    if (attempt->state == ATTEMPT_EXPIRED) {
        return ENTRY_ATTEMPT_EXPIRED;
    }
    return attempt->state == ATTEMPT_UNCERTAIN ? ENTRY_ATTEMPT_UNCERTAIN : ENTRY_ATTEMPT_ACCEPTED;
}

static void record_transport(struct step *step, enum entry_kind kind, const struct attempt *attempt)
{
    assert(!uuid_is_nil(attempt->id));
    assert(kind == ENTRY_ATTEMPT_DELAYED || has_outcome(attempt));
    struct entry *entry = step_record(step, kind);
    entry->person = (struct person_ref){.kind = attempt->person_kind, .id = attempt->person_id};
    entry->attempt = attempt->id;
    entry->path = attempt->path;
    entry->has_path = true;
    entry->word = step->event->reason;
    entry->number = step_phone_told(attempt);
}

static bool is_transport_outcome(enum attempt_state state)
{
    /* unreachable: that it is none of them, which is asserted */
    return state == ATTEMPT_ACCEPTED || state == ATTEMPT_FAILED || state == ATTEMPT_EXPIRED ||
           state == ATTEMPT_UNCERTAIN;
}

enum status on_transport(struct step *step)
{
    assert(is_transport_outcome(step->event->transport));
    assert(step->event->tries >= 0);
    struct attempt *attempt = step_change_attempt(step, step->event->attempt);
    if (attempt == NULL) {
        return STATUS_INVALID;
    }
    attempt->tries = step->event->tries;
    if (has_outcome(attempt)) {
        /* The device was faster than the provider's answer, or this is a repeat. */
        if (attempt->accepted_at.ms == TIME_NEVER_MS &&
            step->event->transport == ATTEMPT_ACCEPTED) {
            attempt->accepted_at = step->event->wall;
        }
        return STATUS_OK;
    }
    attempt->state = step->event->transport;
    if (attempt->state == ATTEMPT_ACCEPTED) {
        attempt->accepted_at = step->event->wall;
    }
    (void)text_copy(attempt->reason, sizeof attempt->reason,
                    step->event->reason != NULL ? step->event->reason : "");
    (void)text_copy(attempt->provider_id, sizeof attempt->provider_id,
                    step->event->provider_id != NULL ? step->event->provider_id : "");
    assert((attempt->state == ATTEMPT_ACCEPTED) == (attempt->accepted_at.ms != TIME_NEVER_MS));
    record_transport(step, entry_of_outcome(attempt), attempt);
    run_next_phone(step, attempt);
    if (attempt->state != ATTEMPT_ACCEPTED && attempt->position == step->now->position &&
        attempt->purpose == PURPOSE_ALERT) {
        run_end_hopeless_step(step);
    }
    return STATUS_OK;
}

/* The provider is down: the attempt goes on, may be accepted later and may be answered, but nobody
 * waits for it any more. */
enum status on_delayed(struct step *step)
{
    struct attempt *attempt = step_change_attempt(step, step->event->attempt);
    if (attempt == NULL || attempt->path != PATH_PUSH) {
        return STATUS_INVALID;
    }
    if (has_outcome(attempt) || attempt->delayed_at.ms != TIME_NEVER_MS) {
        return STATUS_OK;
    }
    attempt->delayed_at = step->event->wall;
    assert(attempt->delayed_at.ms != TIME_NEVER_MS);
    record_transport(step, ENTRY_ATTEMPT_DELAYED, attempt);
    if (attempt->position == step->now->position && attempt->purpose == PURPOSE_ALERT) {
        run_end_hopeless_step(step);
    }
    return STATUS_OK;
}

/* Whether a notification that reaches its device now asks for what is no longer wanted: not of
 * whoever works on it, or is still asked. */
static bool came_too_late(const struct step *step, const struct attempt *attempt)
{
    assert(attempt->path == PATH_PUSH);
    assert(attempt->received_at.ms != TIME_NEVER_MS); /* asked once it is there */
    const struct escalation *now = step->now;
    const struct person_ref ref = {.kind = attempt->person_kind, .id = attempt->person_id};
    bool asks = attempt->purpose == PURPOSE_ALERT || attempt->purpose == PURPOSE_UPDATE ||
                attempt->purpose == PURPOSE_OFFER;
    bool over = escalation_is_held(now) || escalation_is_closed(now);
    bool wanted = person_equal(&now->holder, &ref) || escalation_member(now, &ref) != NULL ||
                  team_offer(now, &ref) != NULL || escalation_seeks_members(now);
    return asks && over && !wanted;
}

static void record_reception(struct step *step, enum entry_kind kind, const struct attempt *attempt)
{
    assert(kind == ENTRY_RECEIVED || kind == ENTRY_SEEN);
    assert(attempt->received_at.ms != TIME_NEVER_MS);
    struct entry *entry = step_record(step, kind);
    entry->person = (struct person_ref){.kind = attempt->person_kind, .id = attempt->person_id};
    entry->attempt = attempt->id;
    entry->path = attempt->path;
    entry->has_path = true;
}

/* A cancelled escalation is over once its holder has looked at the notice: that a phone received it
 * does not stop anybody on the road. */
static void confirm_cancellation(struct step *step, const struct attempt *attempt)
{
    assert(attempt->seen_at.ms != TIME_NEVER_MS && attempt->state == ATTEMPT_SEEN);
    if (step->now->state == ESCALATION_CANCELLING && attempt->purpose == PURPOSE_CANCEL_NOTICE &&
        attempt->person_kind == step->now->holder.kind &&
        attempt->person_id == step->now->holder.id) {
        (void)step_record(step, ENTRY_CANCEL_CONFIRMED);
        step_move(step, ESCALATION_CANCELLED);
        assert(escalation_is_held(step->now)); /* the record says who it was taken from */
    }
}

enum status on_received(struct step *step)
{
    struct attempt *attempt = step_change_attempt_of_actor(step);
    if (attempt == NULL || attempt->path != PATH_PUSH) {
        return STATUS_INVALID;
    }
    if (attempt->received_at.ms != TIME_NEVER_MS) {
        return STATUS_OK;
    }
    assert(attempt->state != ATTEMPT_SEEN); /* what was seen was received */
    attempt->received_at = step->event->wall;
    attempt->state = ATTEMPT_RECEIVED;
    record_reception(step, ENTRY_RECEIVED, attempt);
    if (attempt->position == step->now->position && attempt->purpose == PURPOSE_ALERT) {
        step->now->received_until = ENGINE_NEVER;
    }
    if (came_too_late(step, attempt)) {
        /* It rang only now, after somebody else took it: withdraw it at once. */
        const struct context_person person = {
            .ref = {.kind = attempt->person_kind, .id = attempt->person_id}};
        const struct context_device device = {.id = attempt->device_id,
                                              .platform = attempt->platform};
        (void)step_attempt(step, PURPOSE_WITHDRAW, &person, &device, NULL,
                           engine_time_add(step->event->now, INT64_C(120000)));
    }
    return STATUS_OK;
}

enum status on_seen(struct step *step)
{
    struct attempt *attempt = step_change_attempt_of_actor(step);
    if (attempt == NULL) {
        return STATUS_INVALID;
    }
    if (attempt->seen_at.ms != TIME_NEVER_MS) {
        return STATUS_OK;
    }
    attempt->seen_at = step->event->wall;
    attempt->state = ATTEMPT_SEEN;
    if (attempt->received_at.ms == TIME_NEVER_MS) {
        attempt->received_at = step->event->wall;
    }
    assert(has_outcome(attempt));
    record_reception(step, ENTRY_SEEN, attempt);
    if (attempt->position == step->now->position) {
        step->now->received_until = ENGINE_NEVER;
    }
    confirm_cancellation(step, attempt);
    assert(!escalation_is_closed(step->now) || step->now->wait_until.ms == TIME_NEVER_MS);
    return STATUS_OK;
}

enum status on_call(struct step *step)
{
    assert((unsigned)step->event->answer <= ANSWER_FAILED);
    struct attempt *attempt = step_change_attempt(step, step->event->attempt);
    if (attempt == NULL || attempt->path != PATH_CALL) {
        return STATUS_INVALID;
    }
    /* Reports may repeat and overtake each other; what was said last on the line stands. A key that
     * was pressed stays the answer, however the line ends. */
    if (attempt->answer >= step->event->answer || attempt->answer == ANSWER_ACCEPTED ||
        attempt->answer == ANSWER_DECLINED) {
        return STATUS_OK;
    }
    attempt->answer = step->event->answer;
    if (!has_outcome(attempt)) {
        attempt->state = ATTEMPT_ACCEPTED; /* the layer has it: it is already telling us so */
        attempt->accepted_at = step->event->wall;
    }
    struct entry *entry = step_record(step, ENTRY_CALL_PROGRESS);
    entry->person = (struct person_ref){.kind = attempt->person_kind, .id = attempt->person_id};
    entry->attempt = attempt->id;
    entry->path = PATH_CALL;
    entry->has_path = true;
    entry->word = attempt_answer_word(attempt->answer);
    entry->number = step_phone_told(attempt);
    assert(attempt->answer != ANSWER_NONE && has_outcome(attempt));
    run_next_phone(step, attempt);
    if (attempt->position == step->now->position && attempt->purpose == PURPOSE_ALERT) {
        run_end_hopeless_step(step);
    }
    return STATUS_OK;
}
