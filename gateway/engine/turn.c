/* turn.c - one bounded piece of work: commands in, one transaction, effects and answers out. */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"

#define DEADLINES_PER_TURN_MAX 128
#define CHANGES_PER_TURN_MAX   64
/* New escalations get on even when the rest has used the whole turn. */
#define PATIENT_COMMANDS_MIN 16
#define OUTBOX_WAIT_MS       INT64_C(50)
#define FAILED_WAIT_MS       INT64_C(50)
#define IDLE_WAIT_MS_MAX     INT64_C(1000)

/* Each lane's guaranteed share of a turn; what a lane leaves goes to the others in their order. */
static const size_t lane_share[LANES_COUNT] = {
    [LANE_ACKNOWLEDGMENT] = 96, [LANE_OUTCOME] = 80, [LANE_NEW] = 64, [LANE_ADMINISTRATION] = 16};

/* New escalations leave administration's share of the batch free: a storm of them must not shut it
 * out. */
#define NEW_PER_TURN_MAX (TURN_COMMANDS_MAX - lane_share[LANE_ADMINISTRATION])

/* Commands of a turn in two parts: acknowledgments and outcomes, which are always done, and new
 * escalations and administration, which give way when the turn has worked long enough. */
struct batch {
    struct command *commands[TURN_COMMANDS_MAX];
    size_t count; /* gathered */
    size_t done;  /* run in this turn */
};

struct turn {
    struct engine *engine;
    struct batch urgent;
    struct batch patient;
    struct command moves[CLOCK_PART_MAX]; /* of the clocks */
    size_t moves_count;
    struct command deadlines[DEADLINES_PER_TURN_MAX];
    size_t deadlines_count;
    struct command changes[CHANGES_PER_TURN_MAX];
    size_t changes_count;
    bool more;           /* something was left for the next turn */
    bool failing;        /* the engine's own work failed: it is still due */
    enum status failure; /* of the last command that failed */
};

static struct batch *batch_of_lane(struct turn *turn, int lane)
{
    return lane <= LANE_OUTCOME ? &turn->urgent : &turn->patient;
}

static size_t gathered(const struct turn *turn)
{
    return turn->urgent.count + turn->patient.count;
}

/* Takes at most `most` commands from a lane. */
static void gather_lane(struct turn *turn, int lane, size_t most)
{
    struct batch *batch = batch_of_lane(turn, lane);
    size_t limit = lane == LANE_NEW ? NEW_PER_TURN_MAX : TURN_COMMANDS_MAX;
    while (most-- > 0 && batch->count < limit) {
        struct command *command = queue_pop(turn->engine->lanes[lane]);
        if (command == NULL) {
            return;
        }
        batch->commands[batch->count++] = command;
    }
}

/* Keeps what the turn did not get to. */
static void carry_over(struct batch *batch)
{
    batch->count -= batch->done;
    memmove(batch->commands, batch->commands + batch->done,
            batch->count * sizeof batch->commands[0]);
    batch->done = 0;
}

/* Of the first so many commands. */
static size_t count_new(const struct batch *batch, size_t first)
{
    size_t count = 0;
    for (size_t i = 0; i < first; i++) {
        count += batch->commands[i]->type == COMMAND_ESCALATE;
    }
    return count;
}

/* Since when the oldest has waited: a lane is served in its order. */
static void note_oldest_new(struct turn *turn)
{
    int64_t since_ms = 0;
    for (size_t i = 0; i < turn->patient.count && since_ms == 0; i++) {
        const struct command *command = turn->patient.commands[i];
        since_ms = command->type == COMMAND_ESCALATE ? command->posted_at.ms : 0;
    }
    atomic_store(&turn->engine->new_since_ms, since_ms);
}

static void gather_commands(struct turn *turn)
{
    struct command *command;
    /* All or none: they wait while anything is carried over, which leaves no room for all. */
    bool carried = turn->urgent.count > 0;
    while (!carried && turn->urgent.count < TURN_COMMANDS_MAX &&
           (command = again_take(turn->engine, false)) != NULL) {
        turn->urgent.commands[turn->urgent.count++] = command;
    }
    bool waits[LANES_COUNT] = {[LANE_OUTCOME] = again_is_waiting(turn->engine)};
    for (int lane = 0; lane < LANES_COUNT; lane++) {
        gather_lane(turn, lane, waits[lane] ? 0 : lane_share[lane]);
    }
    for (int lane = 0; lane < LANES_COUNT; lane++) {
        gather_lane(turn, lane, waits[lane] ? 0 : TURN_COMMANDS_MAX);
        turn->more = turn->more || (!waits[lane] && queue_length(turn->engine->lanes[lane]) > 0);
    }
    note_oldest_new(turn);
}

static enum status gather_deadlines(struct turn *turn, struct error *error)
{
    struct engine *engine = turn->engine;
    struct due_row rows[DEADLINES_PER_TURN_MAX + FAILING_MAX];
    size_t count = 0, i = 0;
    enum status status = store_list_due(engine->store, engine_now(engine),
                                        sizeof rows / sizeof rows[0], rows, &count, error);
    count = status == STATUS_OK ? count : 0;
    for (; i < count && turn->deadlines_count < DEADLINES_PER_TURN_MAX; i++) {
        if (failed_lately(engine, rows[i].escalation_id)) {
            continue;
        }
        turn->deadlines[turn->deadlines_count++] = (struct command){
            .type = COMMAND_DEADLINE,
            .customer_id = rows[i].customer_id,
            .escalation_id = rows[i].escalation_id,
            .received_at = clock_wall(&engine->configuration.clock),
            .request.due = rows[i].due,
        };
    }
    turn->more = turn->more || i < count;
    return status;
}

static enum status gather_changes(struct turn *turn, struct error *error)
{
    struct engine *engine = turn->engine;
    struct uuid ids[CHANGES_PER_TURN_MAX];
    int64_t customer_id = 0;
    size_t count = 0;
    enum status status =
        changes_next(engine, CHANGES_PER_TURN_MAX, &customer_id, ids, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        turn->changes[turn->changes_count++] = (struct command){
            .type = COMMAND_CONTEXT_CHANGED,
            .customer_id = customer_id,
            .escalation_id = ids[i],
            .received_at = clock_wall(&engine->configuration.clock),
        };
    }
    return status;
}

/* Before all else of the turn, so that the times behind it in the timeline are explained. */
static enum status gather_moves(struct turn *turn, struct error *error)
{
    struct engine *engine = turn->engine;
    struct clock_part part;
    struct clock_move move;
    enum status status = clock_watch_next(engine, &part, &move, error);
    /* unreachable: a failure lists nobody */
    for (size_t i = 0; i < part.count && status == STATUS_OK; i++) {
        turn->moves[turn->moves_count++] = (struct command){
            .type = COMMAND_CLOCK_MOVED,
            .customer_id = move.customer_id,
            .escalation_id = part.ids[i],
            .received_at = clock_wall(&engine->configuration.clock),
            .request.clock = {move.suspended, move.moved_ms},
        };
    }
    return status;
}

/* Each by itself: what cannot be read of one must not hold up the others. Answers the first
 * failure. */
static enum status gather(struct turn *turn, struct error *error)
{
    static enum status (*const parts[])(struct turn *, struct error *) = {
        gather_deadlines, gather_moves, gather_changes};
    enum status first = STATUS_OK;
    gather_commands(turn);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct error own = {.text = ""};
        enum status status = parts[i](turn, &own);
        if (status != STATUS_OK && first == STATUS_OK) {
            first = status;
            *error = own;
        }
    }
    turn->failing = first != STATUS_OK;
    return first;
}

/* What the handlers change besides the database, so that a rolled-back command leaves no trace. */
struct memory_mark {
    size_t effects_count;
    size_t dirty_customers_count;
    bool keys_dirty;
};

static struct memory_mark mark_memory(const struct engine *engine)
{
    return (struct memory_mark){engine->effects_count, engine->dirty_customers_count,
                                engine->keys_dirty};
}

static void forget_since(struct engine *engine, const struct memory_mark *mark)
{
    outbox_forget(engine, mark->effects_count);
    engine->dirty_customers_count = mark->dirty_customers_count;
    engine->keys_dirty = mark->keys_dirty;
}

static bool is_own_work(enum command_type type)
{
    return type == COMMAND_DEADLINE || type == COMMAND_CONTEXT_CHANGED ||
           type == COMMAND_CLOCK_MOVED;
}

static void fail_command(struct engine *engine, struct command *command, enum status status,
                         const struct error *error)
{
    command->answer.status = answer_failure(status);
    command->answer.body = "";
    command->answer.body_bytes = 0;
    memset(&command->answer.error, 0, sizeof command->answer.error); /* not for the asker's eyes */
    if (again_is_for(command->type)) {
        command->request.transport.unwritten = is_passing(status);
    }
    if (is_own_work(command->type)) {
        engine->turn->failing = true;
        if (command->type == COMMAND_CONTEXT_CHANGED) {
            changes_add(engine, command->customer_id); /* it is still to be told */
        }
        blame(engine, command->customer_id, command->escalation_id, status);
    }
    log_error("engine.command_failed", LOG_INT("type", command->type), LOG_STATUS(status),
              LOG_UUID("escalation", command->escalation_id), LOG_TEXT("detail", error->text));
    engine_note_damage(engine, status);
}

/* What is to blame when working on the command ends the process. A request that opens an escalation
 * has none yet: its own words stand for it, which are the same when the caller repeats it. */
static struct uuid subject_of(const struct command *command)
{
    struct uuid subject = command->escalation_id;
    if (command->type == COMMAND_ESCALATE) {
        memcpy(subject.bytes, command->request.escalate.body_digest.bytes, sizeof subject.bytes);
    }
    return subject;
}

/* Twice was enough: not even the rows are read. What has left since is the word of it alone. */
static bool refuse_condemned(struct engine *engine, struct command *command, struct uuid subject)
{
    bool own = command->type == COMMAND_QUARANTINE || command->type == COMMAND_TRANSPORT_OUTCOME;
    if (own || !poison_condemns(engine->poison, command->customer_id, subject)) {
        return false;
    }
    memset(&command->answer, 0, sizeof command->answer);
    answer_refuse(command, STATUS_QUARANTINED, "%s; act by telephone",
                  status_text(STATUS_QUARANTINED));
    engine->turn->failing = engine->turn->failing || command->type == COMMAND_DEADLINE;
    if (command->type == COMMAND_ESCALATE) {
        engine_alarm(engine, "engine.request_refused",
                     "a request that ended the gateway twice came again and was refused");
    }
    return true;
}

/* Runs one command in its savepoint. False when the transaction has vanished. */
static bool run_command(struct engine *engine, struct command *command)
{
    struct error error = {.text = ""};
    struct uuid subject = subject_of(command);
    if (admission_expires(engine, command) || refuse_condemned(engine, command, subject)) {
        return true;
    }
    struct memory_mark mark = mark_memory(engine);
    arena_reset(engine->scratch);
    memset(&command->answer, 0, sizeof command->answer);
    command->answer.body = "";
    if (command->type != COMMAND_PROBE && command->type != COMMAND_ALARM) {
        notes_worked(engine->notes);
    }
    poison_begin(command->customer_id, subject);
    enum status status = store_savepoint(engine->store, &error);
    if (status == STATUS_OK && command->type != COMMAND_ESCALATE &&
        reserve_refuses(engine, command->type)) {
        reserve_refuse(command);
    } else if (status == STATUS_OK) {
        status = command_handlers[command->type](engine, command, &error);
    }
    if (status == STATUS_OK && command->answer.status == STATUS_NO_MEMORY) {
        status = STATUS_NO_MEMORY; /* nothing is done that its asker never hears of */
    }
    status = lasting_status(engine, status);
    if (status == STATUS_OK) {
        status = store_savepoint_release(engine->store, &error);
    }
    burden_drop();
    if (status == STATUS_OK) {
        if (command->type == COMMAND_ESCALATE) {
            poison_forgive(engine->poison, subject);
        }
        return true;
    }
    forget_since(engine, &mark);
    fail_command(engine, command, status, &error);
    engine->turn->failure = status;
    if (status == STATUS_CORRUPT || status == STATUS_IO) {
        store_rollback(engine->store); /* it could not be committed any more: its neighbours can */
    }
    if (!store_in_transaction(engine->store)) {
        return false;
    }
    struct error ignored;
    if (store_savepoint_rollback(engine->store, &ignored) != STATUS_OK) {
        store_rollback(engine->store);
        return false;
    }
    return true;
}

static bool run_list(struct engine *engine, struct command *commands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!run_command(engine, &commands[i])) {
            return false;
        }
    }
    return true;
}

static bool has_worked_for(struct turn *turn, int64_t work_ms)
{
    int64_t began_ms = atomic_load(&turn->engine->turn_began_ms);
    return clock_monotonic(&turn->engine->configuration.clock).ms - began_ms >= work_ms;
}

/* Where a commit takes longer than the work, the disk sets the pace: as much is done for each as it
 * took the last time, so that neither is ever most of a turn that has much to do. */
static int64_t work_ms_of_turn(const struct engine *engine)
{
    int64_t took_ms = engine->commit_took_ms;
    return took_ms < TURN_WORK_MS_MIN   ? TURN_WORK_MS_MIN
           : took_ms > TURN_WORK_MS_MAX ? TURN_WORK_MS_MAX
                                        : took_ms;
}

static bool run_batch(struct turn *turn, struct batch *batch, size_t at_least)
{
    const int64_t work_ms = work_ms_of_turn(turn->engine);
    while (batch->done < batch->count) {
        if (batch->done >= at_least && has_worked_for(turn, work_ms)) {
            turn->more = true;
            return true;
        }
        if (!run_command(turn->engine, batch->commands[batch->done])) {
            return false;
        }
        batch->done++;
    }
    return true;
}

static bool run_all(struct turn *turn)
{
    return run_list(turn->engine, turn->moves, turn->moves_count) &&
           run_batch(turn, &turn->urgent, TURN_COMMANDS_MAX) &&
           run_list(turn->engine, turn->deadlines, turn->deadlines_count) &&
           run_list(turn->engine, turn->changes, turn->changes_count) &&
           run_batch(turn, &turn->patient, PATIENT_COMMANDS_MIN);
}

/* With every commit, so that a start can tell that the database has all of them; but not while a
 * move of the clocks is being told, which a crash must notice again. */
static bool clock_is_to_be_saved(const struct engine *engine)
{
    return engine->clock_unsaved || !clock_watch_is_telling(engine);
}

/* Neither yes nor no can be answered: stop, restart, recover. The callers find out by their
 * idempotency keys. */
_Noreturn void engine_end_process(const struct engine *engine, const char *event,
                                  const struct error *error)
{
    log_error(event, LOG_TEXT("detail", error->text));
    if (engine->configuration.die != NULL) {
        engine->configuration.die(engine->configuration.die_context);
    }
    burden_abort_unblamed();
}

/* The end of the transaction: everything that must be in it, and the commit. */
static enum status finish_transaction(struct engine *engine, struct error *error)
{
    arena_reset(engine->scratch);
    enum status status = outbox_pump(engine, error);
    if (status == STATUS_OK) {
        status = engine_refresh_directory(engine, error);
    }
    bool saves = status == STATUS_OK && clock_is_to_be_saved(engine);
    if (saves) {
        status = engine_clock_save(engine, error);
    }
    if (status == STATUS_OK) {
        int64_t began_ms = clock_monotonic(&engine->configuration.clock).ms;
        status = store_commit(engine->store, error);
        engine->commit_took_ms = clock_monotonic(&engine->configuration.clock).ms - began_ms;
    }
    if (status == STATUS_OK && saves) {
        notes_committed(engine->notes, engine->clock_saved_at);
    }
    if (status == STATUS_UNCERTAIN) {
        engine_end_process(engine, "engine.commit_uncertain", error);
    }
    return status;
}

static void drop_transaction(struct engine *engine)
{
    store_rollback(engine->store);
    if (store_in_transaction(engine->store)) {
        const struct error error = {.text = "no memory to roll back"};
        engine_end_process(engine, "engine.rollback_failed", &error);
    }
    outbox_forget(engine, 0);
    if (engine->directory_dirty) {
        directory_release(engine->current);
        engine->current = engine->published;
        directory_hold(engine->current);
        engine->directory_dirty = false;
    }
    engine->dirty_customers_count = 0;
    engine->keys_dirty = false;
    engine->journal_written = false;
    engine->outbox_waiting = true;
}

/* After the commit, in this order: others see the new directory, then answers, then effects. */
static void publish(struct engine *engine)
{
    if (engine->directory_dirty) {
        (void)pthread_mutex_lock(&engine->directory_lock);
        struct directory *before = engine->published;
        engine->published = engine->current;
        directory_hold(engine->published);
        (void)pthread_mutex_unlock(&engine->directory_lock);
        rota_watch_look(engine, before);
        directory_release(before);
        engine->directory_dirty = false;
    }
}

static void count_command(struct engine *engine, const struct command *command)
{
    engine->statistics.commands[command->type]++;
    engine->statistics.commands_failed += command->answer.status != STATUS_OK;
}

static void count_list(struct engine *engine, const struct command *commands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        count_command(engine, &commands[i]);
    }
}

static void count_commands(struct turn *turn)
{
    struct engine *engine = turn->engine;
    (void)pthread_mutex_lock(&engine->statistics_lock);
    for (size_t i = 0; i < turn->urgent.done; i++) {
        count_command(engine, turn->urgent.commands[i]);
    }
    for (size_t i = 0; i < turn->patient.done; i++) {
        count_command(engine, turn->patient.commands[i]);
    }
    count_list(engine, turn->moves, turn->moves_count);
    count_list(engine, turn->deadlines, turn->deadlines_count);
    count_list(engine, turn->changes, turn->changes_count);
    (void)pthread_mutex_unlock(&engine->statistics_lock);
}

static void after_commit(struct engine *engine)
{
    publish(engine);
    (void)pthread_mutex_lock(&engine->statistics_lock);
    engine->statistics.commits++;
    (void)pthread_mutex_unlock(&engine->statistics_lock);
    outbox_send(engine);
}

/* What was done of the engine's own work, now that nothing can undo it. */
static void own_work_committed(struct engine *engine, const struct command *command)
{
    enum status status = command->answer.status;
    if (command->type == COMMAND_DEADLINE && status == STATUS_OK) {
        count_met(engine, command->answer.late_ms);
    } else if (command->type == COMMAND_CLOCK_MOVED &&
               (status == STATUS_OK || status == STATUS_QUARANTINED)) {
        clock_watch_told(engine, command->escalation_id);
    }
}

static void lists_committed(struct turn *turn)
{
    for (size_t i = 0; i < turn->moves_count; i++) {
        own_work_committed(turn->engine, &turn->moves[i]);
    }
    for (size_t i = 0; i < turn->deadlines_count; i++) {
        own_work_committed(turn->engine, &turn->deadlines[i]);
    }
}

static void tell_listener(struct engine *engine)
{
    if (engine->journal_written && engine->commit_listener != NULL) {
        engine->commit_listener(engine->commit_context);
    }
    engine->journal_written = false;
}

static enum status try_alone(struct engine *engine, struct command *command)
{
    struct error error = {.text = ""};
    enum status status = store_begin(engine->store, &error);
    bool told = status == STATUS_OK && !run_command(engine, command); /* it says itself why */
    if (told) {
        status = engine->turn->failure;
    } else if (status == STATUS_OK) {
        status = finish_transaction(engine, &error);
    }
    if (status == STATUS_OK) {
        own_work_committed(engine, command);
        after_commit(engine);
        return status;
    }
    if (!told) {
        fail_command(engine, command, status, &error);
    }
    drop_transaction(engine);
    return status;
}

/* One command in a transaction of its own: after a batch could not be committed as a whole. What
 * serves the open escalations has room made for it as long as there is a reserve. */
static void run_alone(struct engine *engine, struct command *command)
{
    bool failing = engine->turn->failing;
    enum status status;
    do {
        engine->turn->failing = failing;
        status = try_alone(engine, command);
        if (status == STATUS_DISK_FULL) {
            reserve_disk_is_full(engine);
        }
    } while (status == STATUS_DISK_FULL && reserve_serves(command->type) && reserve_draw(engine));
    if (status == STATUS_DISK_FULL && reserve_serves(command->type)) {
        reserve_is_used_up(engine);
    }
}

/* Whether so many of a kind are enough for this turn: what is left is done in the next one, as a
 * batch again, which is one commit when whatever broke this one is gone. */
static bool is_enough_alone(struct turn *turn, size_t done)
{
    bool enough = done >= ALONE_MIN && has_worked_for(turn, TURN_WORK_MS_MIN);
    turn->more = turn->more || enough;
    return enough;
}

static void run_batch_alone(struct turn *turn, struct batch *batch)
{
    for (batch->done = 0; batch->done < batch->count; batch->done++) {
        if (is_enough_alone(turn, batch->done)) {
            return;
        }
        run_alone(turn->engine, batch->commands[batch->done]);
    }
}

/* Lowers the count to what was tried. What fails stays due and comes first the next time, too: only
 * what went well counts, so that the others are reached. */
static void run_list_alone(struct turn *turn, struct command *commands, size_t *count)
{
    size_t done = 0;
    for (size_t i = 0; i < *count; i++) {
        if (is_enough_alone(turn, done)) {
            *count = i;
            return;
        }
        run_alone(turn->engine, &commands[i]);
        done += commands[i].answer.status == STATUS_OK;
    }
}

/* Those of the same customer that were not told yet. */
static void run_changes_alone(struct turn *turn)
{
    size_t gathered_count = turn->changes_count;
    run_list_alone(turn, turn->changes, &turn->changes_count);
    if (turn->changes_count < gathered_count) {
        const struct command *last = &turn->changes[turn->changes_count - 1];
        changes_left(turn->engine, last->customer_id, last->escalation_id);
    }
}

/* People and deadlines first; deadlines and moves that are left are listed again. */
static void run_each_alone(struct turn *turn)
{
    run_batch_alone(turn, &turn->urgent);
    run_list_alone(turn, turn->deadlines, &turn->deadlines_count);
    run_list_alone(turn, turn->moves, &turn->moves_count);
    run_changes_alone(turn);
    run_batch_alone(turn, &turn->patient);
}

static void complete_batch(struct engine *engine, struct batch *batch)
{
    for (size_t i = 0; i < batch->done; i++) {
        struct command *command = batch->commands[i];
        if (!again_keep(engine, command)) {
            command->complete(command);
        }
    }
    carry_over(batch);
}

/* On a full disk at once: a log that begins anew needs no new room. It gets what it needs from the
 * reserve here and now, as the next batch would use it up for a longer log. */
static void checkpoint(struct engine *engine)
{
    struct error error = {.text = ""};
    enum status status;
    do {
        bool full = atomic_load(&engine->disk_full);
        status =
            store_checkpoint(engine->store, full ? WAL_PAGES_WHEN_FULL : WAL_PAGES_MAX, &error);
    } while (reserve_make_room(engine, status));
    if (status != STATUS_OK) {
        log_error("engine.checkpoint_failed", LOG_TEXT("detail", error.text));
    }
    if (store_log_pages(engine->store) > STORE_LOG_PAGES_LONG) {
        engine_alarm(engine, "store.log_long",
                     "a reader of the database holds an old state open: its log keeps growing");
    }
}

/* Before the batch is completed. */
static void note_new(struct turn *turn)
{
    const struct batch *batch = &turn->patient;
    size_t found = count_new(batch, batch->count);
    size_t done = count_new(batch, batch->done);
    admission_note_turn(turn->engine, done, done == found && batch->count < NEW_PER_TURN_MAX);
}

static void run_turn(struct turn *turn)
{
    struct engine *engine = turn->engine;
    struct error error = {.text = ""};
    enum status status = store_begin(engine->store, &error);
    if (status == STATUS_OK) {
        status = run_all(turn) ? STATUS_OK : turn->failure;
    }
    if (status == STATUS_OK) {
        status = finish_transaction(engine, &error);
    }
    if (status == STATUS_OK) {
        lists_committed(turn);
        after_commit(engine);
    } else {
        log_error("engine.batch_abandoned", LOG_STATUS(status), LOG_TEXT("detail", error.text));
        engine_note_damage(engine, status);
        drop_transaction(engine);
        (void)reserve_make_room(engine, status);
        turn->failing = false; /* each says it again */
        run_each_alone(turn);
    }
    count_commands(turn);
    complete_batch(engine, &turn->urgent);
    note_new(turn); /* first: who is answered may ask again at once */
    complete_batch(engine, &turn->patient);
    note_oldest_new(turn);
    tell_listener(engine);
    checkpoint(engine);
}

/* How long nothing will be due. What failed is tried again at its own pace: asking faster mends no
 * disk. Others keep theirs. */
static int64_t time_until_due(struct engine *engine, struct engine_time began, bool failed)
{
    struct engine_time from = failed ? began : ENGINE_BEGINNING, due;
    int64_t most_ms = failed ? FAILED_WAIT_MS : IDLE_WAIT_MS_MAX;
    struct error error;
    enum status status = store_next_due(engine->store, from, &due, &error);
    if (status != STATUS_OK) {
        engine_note_damage(engine, status);
        log_error("engine.next_due_unknown", LOG_TEXT("detail", error.text));
        return OUTBOX_WAIT_MS;
    }
    int64_t wait_ms = due.ms == TIME_NEVER_MS ? most_ms : due.ms - engine_now(engine).ms;
    if (engine->outbox_waiting && wait_ms > OUTBOX_WAIT_MS) {
        wait_ms = OUTBOX_WAIT_MS;
    }
    return wait_ms < 0 ? 0 : wait_ms > most_ms ? most_ms : wait_ms;
}

/* An idle engine saves its clock, too: after a reboot with the wall years back, the waits go on
 * from there. */
static bool has_work(struct turn *turn)
{
    struct engine *engine = turn->engine;
    struct engine_time now = engine_now(engine);
    return gathered(turn) + turn->moves_count + turn->deadlines_count + turn->changes_count > 0 ||
           engine->dirty_customers_count > 0 || engine->keys_dirty || engine->clock_unsaved ||
           now.ms - engine->clock_saved_at.ms >= CLOCK_SAVED_IDLE_EVERY_MS ||
           (engine->outbox_waiting && engine_time_reached(engine->outbox_retry_at, now));
}

int64_t engine_turn(struct engine *engine)
{
    assert(engine->magic == ENGINE_MAGIC);
    struct turn *turn = engine->turn;
    struct error error;
    struct engine_time began = engine_now(engine);
    turn->engine = engine;
    turn->moves_count = 0;
    turn->deadlines_count = 0;
    turn->changes_count = 0;
    turn->more = false;
    turn->failing = false;
    atomic_store(&engine->turn_began_ms, clock_monotonic(&engine->configuration.clock).ms);
    atomic_store(&engine->turn_began_awake_ms, admission_now(engine).ms);
    clock_watch_look(engine);
    enum status status = gather(turn, &error);
    if (status != STATUS_OK) {
        engine_note_damage(engine, status);
        log_error("engine.gather_failed", LOG_TEXT("detail", error.text));
    }
    housekeeping(engine);
    bool busy = has_work(turn);
    if (busy) {
        run_turn(turn);
    }
    int64_t look_ms = reserve_tend(engine), tickets_ms = tickets_tend(engine, began, busy);
    look_ms = look_ms < tickets_ms ? look_ms : tickets_ms;
    bool owed = changes_pending(engine) || clock_watch_is_telling(engine);
    owed = turn->more || (owed && !turn->failing);
    int64_t wait_ms = owed ? 0 : time_until_due(engine, began, turn->failing);
    wait_ms = wait_ms < look_ms ? wait_ms : look_ms;
    atomic_store(&engine->turn_began_ms, 0);
    atomic_store(&engine->turn_began_awake_ms, 0);
    return check_in_watch_limit_wait(engine, again_limit_wait(engine, wait_ms));
}

bool turn_is_empty(const struct turn *turn)
{
    return gathered(turn) == 0;
}

struct command *turn_take_left(struct turn *turn)
{
    struct batch *batch = turn->urgent.count > 0 ? &turn->urgent : &turn->patient;
    return batch->count > 0       ? batch->commands[--batch->count]
           : turn->engine != NULL ? again_take(turn->engine, true)
                                  : NULL;
}

struct turn *turn_create(void)
{
    return calloc(1, sizeof(struct turn));
}
