/* outbox.c - attempts on their way out. Sending needs a credit, which is a reserved slot in the
 * outcome lane; without one the attempt stays a row. */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"

#define OUTBOX_ROWS_MAX 512
#define CALL_GRACE_MS   INT64_C(60000)
#define CALL_LIFE_MS    (INT64_C(86400000) + CALL_GRACE_MS) /* no step waits longer */
#define OUTBOX_RETRY_MS INT64_C(100)
/* Rows that fail are tried again and again: behind them the outbox rests nine times as long as they
 * took, so that they have a tenth of the writer's time; never long, as others wait with them. */
#define FAILED_PAUSE        9
#define FAILED_PAUSE_MS_MAX INT64_C(1000)
#define FAILED_SAID_MAX     4 /* of one pump, by themselves */
#define DEADLINE_MS_MIN     INT64_C(200)

static bool take_counter(_Atomic size_t *used, size_t limit)
{
    size_t now = atomic_load(used);
    while (now < limit) {
        /* by chance: whether another thread gives a credit back just then */
        if (atomic_compare_exchange_weak(used, &now, now + 1)) {
            return true;
        }
    }
    return false;
}

/* Its place among the calls; how many there are when it has none. The lock is held. */
static size_t find_call(const struct engine *engine, struct uuid attempt)
{
    size_t i = 0;
    while (i < engine->calls_count && !uuid_equal(engine->calls[i].attempt, attempt)) {
        i++;
    }
    return i;
}

/* A place on the trunk. Calls whose end was never reported leave it after their grace. */
static bool take_trunk(struct engine *engine, const struct attempt *attempt, struct engine_time now)
{
    bool taken = false;
    (void)pthread_mutex_lock(&engine->calls_lock);
    for (size_t i = 0; i < engine->calls_count;) {
        if (engine_time_reached(engine->calls[i].until, now)) {
            engine->calls[i] = engine->calls[--engine->calls_count];
        } else {
            i++;
        }
    }
    if (find_call(engine, attempt->id) < engine->calls_count) {
        taken = true; /* since an earlier life: it goes again, and is the same call */
    } else if (engine->calls_count < engine->configuration.calls_max) {
        engine->calls[engine->calls_count++] = (struct call_in_use){
            .attempt = attempt->id, .until = engine_time_add(attempt->not_after, CALL_GRACE_MS)};
        taken = true;
    }
    (void)pthread_mutex_unlock(&engine->calls_lock);
    return taken;
}

static void leave_trunk(struct engine *engine, struct uuid attempt, bool unsent)
{
    (void)pthread_mutex_lock(&engine->calls_lock);
    size_t i = find_call(engine, attempt);
    if (i < engine->calls_count && !(unsent && engine->calls[i].earlier)) {
        engine->calls[i] = engine->calls[--engine->calls_count];
        engine->outbox_waiting = true;
    }
    (void)pthread_mutex_unlock(&engine->calls_lock);
}

void outbox_call_ended(struct engine *engine, struct uuid attempt)
{
    leave_trunk(engine, attempt, false);
}

void outbox_call_unsent(struct engine *engine, struct uuid attempt)
{
    leave_trunk(engine, attempt, true);
}

bool outbox_has_call(struct engine *engine, struct uuid attempt)
{
    (void)pthread_mutex_lock(&engine->calls_lock);
    bool found = find_call(engine, attempt) < engine->calls_count;
    (void)pthread_mutex_unlock(&engine->calls_lock);
    return found;
}

/* All of them, also when the trunk is narrower than it was: they ring all the same. A key that was
 * refused is no end on record: such a call is kept until its grace is over. */
enum status outbox_recover_calls(struct engine *engine, struct error *error)
{
    struct engine_time now = engine_now(engine);
    struct uuid since = uuid_v7_least((struct wall_time){now.ms - CALL_LIFE_MS});
    struct engine_time after = {now.ms - CALL_GRACE_MS};
    size_t count = 0;
    enum status status = store_list_calls_in_progress(engine->store, since, after, CALLS_IN_USE_MAX,
                                                      engine->outbox_rows, &count, error);
    for (size_t i = 0; i < count; i++) {
        const struct attempt *attempt = &engine->outbox_rows[i].attempt;
        engine->calls[i] = (struct call_in_use){
            .attempt = attempt->id,
            .until = engine_time_add(attempt->not_after, CALL_GRACE_MS),
            .earlier = true,
        };
    }
    engine->calls_count = count;
    return status;
}

static void give_slots_back(struct engine *engine, enum path path)
{
    queue_unreserve(engine->lanes[LANE_OUTCOME]);
    if (path == PATH_PUSH) {
        queue_unreserve(engine->lanes[LANE_OUTCOME]);
    }
}

/* One for the outcome; a push may be reported delayed before it. */
static bool reserve_slots(struct engine *engine, enum path path)
{
    if (queue_reserve(engine->lanes[LANE_OUTCOME]) != STATUS_OK) {
        return false;
    }
    if (path == PATH_PUSH && queue_reserve(engine->lanes[LANE_OUTCOME]) != STATUS_OK) {
        queue_unreserve(engine->lanes[LANE_OUTCOME]);
        return false;
    }
    return true;
}

bool outbox_take_credit(struct engine *engine, const struct attempt *attempt,
                        struct engine_time now)
{
    if (engine->effects_count == EFFECTS_PER_TURN_MAX) {
        return false;
    }
    bool push = attempt->path == PATH_PUSH;
    _Atomic size_t *used = push ? &engine->credits_push_used : &engine->credits_callback_used;
    if (!take_counter(used, push ? CREDITS_PUSH_MAX : CREDITS_CALLBACK_MAX)) {
        return false;
    }
    if (!reserve_slots(engine, attempt->path)) {
        atomic_fetch_sub(used, 1);
        return false;
    }
    if (attempt->path == PATH_CALL && !take_trunk(engine, attempt, now)) {
        give_slots_back(engine, attempt->path);
        atomic_fetch_sub(used, 1);
        return false;
    }
    return true;
}

void outbox_give_credit(struct engine *engine, enum path path)
{
    _Atomic size_t *used =
        path == PATH_PUSH ? &engine->credits_push_used : &engine->credits_callback_used;
    size_t before = atomic_fetch_sub(used, 1);
    assert(before > 0);
}

void outbox_forget(struct engine *engine, size_t mark)
{
    assert(mark <= engine->effects_count);
    while (engine->effects_count > mark) {
        const struct attempt *attempt = &engine->effects[--engine->effects_count].attempt;
        outbox_give_credit(engine, attempt->path);
        give_slots_back(engine, attempt->path);
        if (attempt->path == PATH_CALL) {
            outbox_call_unsent(engine, attempt->id);
        }
    }
}

/* What rests already for longer goes on resting. */
static void rest(struct engine *engine, struct engine_time now, int64_t ms)
{
    struct engine_time until = engine_time_add(now, ms);
    engine->outbox_waiting = true;
    if (engine->outbox_retry_at.ms < until.ms) {
        engine->outbox_retry_at = until;
    }
}

void outbox_wait(struct engine *engine, struct engine_time now)
{
    rest(engine, now, OUTBOX_RETRY_MS);
}

/* Who is to blame when working on an attempt ends the process. That an escalation was set aside is
 * still to be told: such a notice, and a test's push, stand for themselves. */
static struct uuid subject_of(const struct attempt *attempt, struct uuid escalation)
{
    bool own = attempt->purpose == PURPOSE_QUARANTINE || uuid_is_nil(escalation);
    return own ? attempt->id : escalation;
}

static bool is_holders(const struct attempt *attempt, const struct escalation *escalation)
{
    return attempt->person_kind == escalation->holder.kind &&
           attempt->person_id == escalation->holder.id;
}

/* Whether there is still a point in sending it. */
static bool still_wanted(const struct attempt *attempt, const struct escalation *escalation,
                         struct engine_time now)
{
    if (engine_time_reached(attempt->not_after, now) || escalation->quarantined) {
        return attempt->purpose == PURPOSE_QUARANTINE;
    }
    switch (attempt->purpose) { /* unreachable: every purpose has its case */
    case PURPOSE_ALERT:
        return attempt->position == escalation->position &&
               (escalation->state == ESCALATION_NOTIFYING ||
                escalation->state == ESCALATION_EXHAUSTED || escalation_seeks_members(escalation));
    case PURPOSE_HOLDER_CALL:
        return escalation->state == ESCALATION_OVERDUE;
    case PURPOSE_CANCEL_NOTICE: /* the holder's confirmation is not that of the others */
        return escalation->state == ESCALATION_CANCELLING ||
               (escalation->state == ESCALATION_CANCELLED && !is_holders(attempt, escalation));
    case PURPOSE_OFFER:
    case PURPOSE_TEAM:
        return !escalation_is_closed(escalation) && escalation->state != ESCALATION_CANCELLING;
    case PURPOSE_EXHAUSTED:
        return escalation->state == ESCALATION_EXHAUSTED;
    case PURPOSE_UPDATE:
    case PURPOSE_WITHDRAW:
    case PURPOSE_FRUITLESS:
    case PURPOSE_TASK:
    case PURPOSE_QUARANTINE:
    case PURPOSE_TEST:
        break;
    }
    return true;
}

static enum status expire(struct engine *engine, const struct attempt_row *row, struct error *error)
{
    struct applied applied;
    struct event event =
        event_now(engine, EVENT_TRANSPORT, clock_wall(&engine->configuration.clock));
    event.attempt = row->attempt.id;
    event.transport = ATTEMPT_EXPIRED;
    event.reason = poison_condemns(engine->poison, row->customer_id, row->attempt.id)
                       ? "ended_the_gateway"
                       : "not_sent_in_time";
    enum status status =
        apply_event(engine, row->customer_id, row->escalation_id, &event, &applied, error);
    if (status == STATUS_QUARANTINED) {
        struct attempt attempt = row->attempt;
        attempt.state = ATTEMPT_EXPIRED;
        (void)text_copy(attempt.reason, sizeof attempt.reason, event.reason);
        status = store_update_attempt(engine->store, row->customer_id, row->escalation_id, &attempt,
                                      error);
    }
    return status;
}

static enum status hand_over(struct engine *engine, struct attempt_row *row,
                             const struct escalation *escalation, struct error *error)
{
    row->attempt.state = ATTEMPT_HANDED_OVER;
    row->attempt.handed_over_at = clock_wall(&engine->configuration.clock);
    engine->effects[engine->effects_count++] = (struct pending_effect){
        .customer_id = row->customer_id,
        .escalation_id = row->escalation_id,
        .ticket_id = escalation->ticket_id,
        .drill = escalation->drill,
        .check_in_agent = escalation->check_in_agent,
        .attempt = row->attempt,
    };
    return store_update_attempt(engine->store, row->customer_id, row->escalation_id, &row->attempt,
                                error);
}

/* Moves one row: hands it over, or lets it expire. *moved_r says whether it left the outbox. */
static enum status move_row(struct engine *engine, struct attempt_row *row, struct engine_time now,
                            bool *moved_r, struct error *error)
{
    struct escalation escalation;
    memset(&escalation, 0, sizeof escalation);
    enum status status = store_get_escalation(engine->store, row->customer_id, row->escalation_id,
                                              &escalation, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (poison_condemns(engine->poison, row->customer_id, row->escalation_id) &&
        !escalation.quarantined) {
        return STATUS_OK; /* it is about to be set aside: until then nothing of it leaves */
    }
    if (!still_wanted(&row->attempt, &escalation, now) ||
        poison_condemns(engine->poison, row->customer_id, row->attempt.id)) {
        *moved_r = true;
        return expire(engine, row, error);
    }
    if (outbox_take_credit(engine, &row->attempt, now)) {
        *moved_r = true;
        return hand_over(engine, row, &escalation, error);
    }
    return STATUS_OK;
}

/* What became of the rows of one pump. */
struct pumped {
    size_t tried;
    size_t moved;
    size_t failed;
    bool left;
};

/* The same in a savepoint of its own: one bad row must not hold up the others. Fails only when the
 * transaction has vanished or cannot be mended. */
static enum status try_row(struct engine *engine, struct attempt_row *row, struct engine_time now,
                           struct pumped *pumped, struct error *error)
{
    size_t mark = engine->effects_count;
    bool moved = false;
    pumped->tried++;
    enum status status = store_savepoint(engine->store, error);
    if (status != STATUS_OK) {
        return status;
    }
    poison_begin(row->customer_id, subject_of(&row->attempt, row->escalation_id));
    status = lasting_status(engine, move_row(engine, row, now, &moved, error));
    burden_drop();
    arena_reset(engine->scratch);
    if (status == STATUS_OK) {
        pumped->moved += moved;
        pumped->left = pumped->left || !moved;
        return store_savepoint_release(engine->store, error);
    }
    outbox_forget(engine, mark);
    if (!store_in_transaction(engine->store) || status == STATUS_DISK_FULL) {
        return status;
    }
    pumped->left = true;
    if (pumped->failed++ < FAILED_SAID_MAX) {
        log_error("engine.outbox_row_failed", LOG_UUID("escalation", row->escalation_id),
                  LOG_STATUS(status), LOG_TEXT("detail", error->text));
    }
    blame(engine, row->customer_id, row->escalation_id, status);
    return store_savepoint_rollback(engine->store, error);
}

/* Each path by itself: calls that wait for the trunk must not hide pushes that could go. */
static enum status pump_path(struct engine *engine, enum path path, struct engine_time now,
                             struct pumped *pumped, struct error *error)
{
    size_t count = 0;
    enum status status =
        store_list_outbox(engine->store, path, OUTBOX_ROWS_MAX, engine->outbox_rows, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = try_row(engine, &engine->outbox_rows[i], now, pumped, error);
    }
    pumped->left = pumped->left || count == OUTBOX_ROWS_MAX;
    return status;
}

/* What waits cannot even be listed, and this transaction is lost by it: those of the next second go
 * without, so that answers, deadlines and what is new do not wait for a sector. */
static void rest_unread(struct engine *engine, struct engine_time now)
{
    engine_alarm(engine, "engine.outbox_unreadable",
                 "what waits to be sent cannot be read: restore the last good backup now");
    rest(engine, now, FAILING_WAIT_MS);
}

/* Each row is taken to have cost the same. */
static void rest_after_failures(struct engine *engine, const struct pumped *pumped,
                                struct engine_time began)
{
    struct engine_time now = engine_time_at(engine, clock_monotonic(&engine->configuration.clock));
    int64_t failed = (int64_t)pumped->failed, tried = (int64_t)pumped->tried;
    int64_t pause_ms = (now.ms - began.ms) * failed / tried * FAILED_PAUSE;
    pause_ms = pause_ms < FAILED_PAUSE_MS_MAX ? pause_ms : FAILED_PAUSE_MS_MAX;
    if (pumped->failed > FAILED_SAID_MAX) {
        log_error("engine.outbox_rows_failed", LOG_INT("rows", failed));
    }
    engine_alarm(engine, "engine.outbox_failing",
                 "some of what waits to be sent cannot be written and is tried again: look at the "
                 "disk");
    rest(engine, now, pause_ms > OUTBOX_RETRY_MS ? pause_ms : OUTBOX_RETRY_MS);
}

enum status outbox_pump(struct engine *engine, struct error *error)
{
    static const enum path paths[] = {PATH_PUSH, PATH_CALLBACK, PATH_CALL};
    struct engine_time now = engine_time_at(engine, clock_monotonic(&engine->configuration.clock));
    if (!engine->outbox_waiting || !engine_time_reached(engine->outbox_retry_at, now)) {
        return STATUS_OK;
    }
    struct pumped pumped = {.tried = 0};
    enum status status = STATUS_OK;
    engine->outbox_waiting = false;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0] && status == STATUS_OK; i++) {
        status = pump_path(engine, paths[i], now, &pumped, error);
    }
    if (status == STATUS_IO || status == STATUS_CORRUPT) {
        rest_unread(engine, now);
    }
    if (status == STATUS_OK) {
        status = device_tests_pump(engine, now, &pumped.moved, &pumped.left, error);
    }
    if (pumped.left || status != STATUS_OK) {
        engine->outbox_waiting = true;
    }
    if (pumped.failed > 0) {
        rest_after_failures(engine, &pumped, now);
    } else if (pumped.left && pumped.moved == 0 && engine->effects_count < EFFECTS_PER_TURN_MAX) {
        outbox_wait(engine, now);
    }
    return status;
}

/* What was not taken goes back: the outcome's slot is used to say so. */
static void report_unsent(struct engine *engine, const struct pending_effect *effect,
                          enum status status, const char *reason)
{
    struct transport_request outcome = {
        .attempt = effect->attempt.id,
        .transport = status == STATUS_FULL ? ATTEMPT_PLANNED : ATTEMPT_FAILED,
        .at = clock_wall(&engine->configuration.clock),
        .gone_since = WALL_NEVER,
    };
    (void)text_copy(outcome.reason, sizeof outcome.reason, reason);
    engine_outcome(engine, effect->customer_id, effect->escalation_id, effect->attempt.path,
                   &outcome);
}

struct tokens {
    char received[ACTION_TOKEN_BYTES_MAX];
    char accept[ACTION_TOKEN_BYTES_MAX];
    char decline[ACTION_TOKEN_BYTES_MAX];
};

static void make_tokens(struct engine *engine, const struct attempt *attempt, struct tokens *tokens,
                        struct effect *effect)
{
    const uint8_t *secret = engine->configuration.secret;
    assert(attempt->path == PATH_PUSH);
    action_token_make(secret, attempt->id, attempt->person_id, VERB_RECEIVED, tokens->received);
    effect->token_received = tokens->received;
    if (attempt->purpose == PURPOSE_ALERT || attempt->purpose == PURPOSE_UPDATE ||
        attempt->purpose == PURPOSE_OFFER) {
        action_token_make(secret, attempt->id, attempt->person_id, VERB_ACCEPT, tokens->accept);
        action_token_make(secret, attempt->id, attempt->person_id, VERB_DECLINE, tokens->decline);
        effect->token_accept = tokens->accept;
        effect->token_decline = tokens->decline;
    }
}

/* The ticket whose words were read last: a step's pushes follow each other. */
struct told_ticket {
    int64_t customer_id;
    struct uuid ticket_id;
    const char *summary; /* in the scratch arena; NULL: none */
};

static bool wants_summary(const struct effect *effect)
{
    return effect->path == PATH_CALL ||
           (effect->path == PATH_PUSH && effect->purpose != PURPOSE_TEST &&
            effect->device->public_key != NULL);
}

static const char *find_summary(struct engine *engine, const struct pending_effect *pending,
                                struct told_ticket *told)
{
    if (told->customer_id != pending->customer_id ||
        !uuid_equal(told->ticket_id, pending->ticket_id)) {
        struct ticket_row ticket;
        arena_reset(engine->scratch); /* the ticket of before */
        enum status status = store_get_ticket(engine->store, pending->customer_id,
                                              pending->ticket_id, engine->scratch, &ticket, NULL);
        *told = (struct told_ticket){pending->customer_id, pending->ticket_id,
                                     status == STATUS_OK ? ticket.summary : NULL};
    }
    return told->summary;
}

/* How long a call may ring, of what its step has: numbers behind it have their share. */
static int64_t ring_ms(const struct attempt *attempt, int64_t wait_ms)
{
    int behind = attempt->phones_count - attempt->phone_place;
    return attempt->path == PATH_CALL && behind > 0 ? wait_ms / (behind + 1) : wait_ms;
}

/* What is dialled, unless it is the person's no longer: then somebody else may have it. */
static const char *phone_of(const struct attempt *attempt, const struct directory_person *person)
{
    if (attempt->phone[0] == '\0') {
        return person->phone; /* made before people had several: the first was meant */
    }
    return directory_has_phone(person, attempt->phone) ? attempt->phone : NULL;
}

/* reason_r: why the attempt failed, when it is more than the status says. */
static enum status send_one(struct engine *engine, const struct pending_effect *pending,
                            struct told_ticket *told, const char **reason_r)
{
    const struct attempt *attempt = &pending->attempt;
    struct monotonic_time boot = clock_monotonic(&engine->configuration.clock);
    struct engine_time now = engine_time_at(engine, boot);
    int64_t wait_ms = attempt->not_after.ms - attempt->planned_engine.ms;
    int64_t left_ms = attempt->not_after.ms - now.ms;
    if (attempt->purpose == PURPOSE_QUARANTINE && left_ms <= 0) {
        left_ms = wait_ms; /* told however late it is, and then it needs its time */
    }
    left_ms = left_ms < DEADLINE_MS_MIN ? DEADLINE_MS_MIN : left_ms;
    struct wall_time wall = clock_wall(&engine->configuration.clock);
    struct effect effect = {
        .attempt = attempt->id,
        .escalation = pending->escalation_id,
        .ticket = pending->ticket_id,
        .customer_id = pending->customer_id,
        .burden = {.customer_id = pending->customer_id,
                   .subject = subject_of(attempt, pending->escalation_id)},
        .purpose = attempt->purpose,
        .path = attempt->path,
        .severity = attempt->severity,
        .drill = pending->drill,
        .number = attempt->number,
        .check_in_agent = pending->check_in_agent,
        .customer = directory_customer(engine->current, pending->customer_id),
        .callback = attempt->callback,
        .deadline = {boot.ms + left_ms},
        .expires_at = {wall.ms + left_ms},
        .wait_ms = ring_ms(attempt, wait_ms),
    };
    struct tokens tokens;
    if (effect.customer == NULL) {
        return STATUS_NOT_FOUND;
    }
    if (attempt->path != PATH_CALLBACK) {
        struct person_ref ref = {.kind = attempt->person_kind, .id = attempt->person_id};
        effect.person = directory_person(effect.customer, &ref);
        if (effect.person == NULL) {
            return STATUS_NOT_FOUND;
        }
    }
    if (attempt->path == PATH_CALL) {
        effect.phone = phone_of(attempt, effect.person);
        if (effect.phone == NULL) {
            return STATUS_NOT_FOUND;
        }
    }
    if (attempt->path == PATH_PUSH) {
        effect.device = directory_device(effect.customer, attempt->device_id, NULL);
        if (effect.device == NULL) {
            return STATUS_NOT_FOUND;
        }
        if (directory_was_handed_over(effect.device)) { /* since it was planned */
            *reason_r = effect.device->retired_reason;
            return STATUS_CONFLICT;
        }
        make_tokens(engine, attempt, &tokens, &effect);
    }
    if (wants_summary(&effect)) {
        effect.summary = find_summary(engine, pending, told);
    }
    const struct engine_dispatcher *dispatcher = &engine->configuration.dispatcher;
    return dispatcher->send(dispatcher->context, &effect);
}

void outbox_send(struct engine *engine)
{
    assert(!store_in_transaction(engine->store));
    const struct engine_dispatcher *dispatcher = &engine->configuration.dispatcher;
    size_t count = engine->effects_count;
    struct told_ticket told = {.customer_id = 0};
    for (size_t i = 0; i < count; i++) {
        const struct pending_effect *pending = &engine->effects[i];
        poison_begin(pending->customer_id, subject_of(&pending->attempt, pending->escalation_id));
        const char *reason = NULL;
        enum status status = send_one(engine, pending, &told, &reason);
        burden_drop();
        if (status != STATUS_OK) {
            report_unsent(engine, pending, status, reason != NULL ? reason : status_slug(status));
        }
    }
    if (count > 0 && dispatcher->flush != NULL) {
        dispatcher->flush(dispatcher->context);
    }
    arena_reset(engine->scratch);
    engine->effects_count = 0;
    (void)pthread_mutex_lock(&engine->statistics_lock);
    engine->statistics.attempts_sent += count;
    (void)pthread_mutex_unlock(&engine->statistics_lock);
}
