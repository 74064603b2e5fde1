/* engine.c - the engine's life: creation, recovery, threads, mailbox, snapshots. */
#include "gateway/engine/engine.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/engine/engine_private.h"

#define SCRATCH_BYTES_MAX  (8u << 20)
#define CALLS_MAX_DEFAULT  30
#define OUTCOMES_GATHER_MS INT64_C(2)
#define SLEEP_MS_MAX       INT64_C(50)
#define OUTBOX_ROWS        512

/* A suspend is seen at the end of a slice alone. */
_Static_assert(SLEEP_MS_MAX <= 50, "what came due in a suspend happens within 50 ms of its end");
_Static_assert(SLEEP_MS_MAX >= 50, "an idle gateway wakes 20 times a second, and no oftener");

static enum status out_of_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the engine");
}

static enum status allocate(struct engine *engine, struct error *error)
{
    static const size_t slots[LANES_COUNT] = {
        [LANE_ACKNOWLEDGMENT] = LANE_ACKNOWLEDGMENT_SLOTS,
        [LANE_OUTCOME] = LANE_OUTCOME_SLOTS,
        [LANE_NEW] = LANE_NEW_SLOTS,
        [LANE_ADMINISTRATION] = LANE_ADMINISTRATION_SLOTS,
    };
    bool ok = true;
    for (int lane = 0; lane < LANES_COUNT; lane++) {
        engine->lanes[lane] = queue_create(slots[lane]);
        ok = ok && engine->lanes[lane] != NULL;
    }
    engine->scratch = arena_create(SCRATCH_BYTES_MAX);
    engine->update = calloc(1, sizeof *engine->update);
    engine->attempts = calloc(ATTEMPTS_LOADED_MAX, sizeof *engine->attempts);
    engine->effects = calloc(EFFECTS_PER_TURN_MAX, sizeof *engine->effects);
    engine->outbox_rows = calloc(OUTBOX_ROWS, sizeof *engine->outbox_rows);
    engine->turn = turn_create();
    ok = ok && engine->scratch != NULL && engine->update != NULL && engine->attempts != NULL &&
         engine->effects != NULL && engine->outbox_rows != NULL && engine->turn != NULL;
    return ok ? STATUS_OK : out_of_memory(error);
}

static void init_locks(struct engine *engine)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&engine->wake_condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&engine->wake_lock, NULL);
    (void)pthread_mutex_init(&engine->directory_lock, NULL);
    (void)pthread_mutex_init(&engine->alarm_lock, NULL);
    (void)pthread_mutex_init(&engine->statistics_lock, NULL);
    (void)pthread_mutex_init(&engine->calls_lock, NULL);
    (void)pthread_mutex_init(&engine->root_key_lock, NULL);
}

static struct directory_builder builder_of(struct engine *engine)
{
    return (struct directory_builder){
        .store = engine->store,
        .rotas = &engine->configuration.rotas,
        .now = clock_wall(&engine->configuration.clock),
        .root_key = engine->root_key,
        .calendar = engine->checked_calendar,
    };
}

static enum status open_notes(struct engine *engine, struct error *error)
{
    char path[4096];
    const char *given = engine->configuration.poison_path;
    (void)snprintf(path, sizeof path, "%s%s", given != NULL ? given : engine->database_path,
                   given != NULL ? "" : NOTES_SUFFIX);
    enum status status = notes_open(path, engine->database_path, &engine->notes, error);
    return status == STATUS_OK ? poison_open(engine->notes, &engine->poison, error) : status;
}

/* Attempts without an outcome go back to the outbox, under their old ids; calls in progress hold
 * the trunk as before. */
static enum status recover(struct engine *engine, struct error *error)
{
    int64_t rewound = 0, open = 0;
    enum status status = store_begin(engine->store, error);
    if (status == STATUS_OK) {
        status = store_rewind_attempts(engine->store, &rewound, error);
    }
    if (status == STATUS_OK) {
        status = store_rewind_device_tests(engine->store, error);
    }
    if (status == STATUS_OK) {
        status = engine_clock_open(engine, error);
    }
    if (status == STATUS_OK) {
        status = store_commit(engine->store, error);
    }
    if (status == STATUS_OK) {
        status = store_count_open(engine->store, &open, error);
    }
    if (status == STATUS_OK) {
        status = outbox_recover_calls(engine, error);
    }
    if (status == STATUS_OK) {
        engine->outbox_waiting = true;
        log_info("engine.recovered", LOG_INT("open", open), LOG_INT("attempts", rewound),
                 LOG_INT("calls", (int64_t)engine->calls_count));
    }
    return status;
}

/* Opens the database and recovers. On a full disk even that needs room: for the log's index, and
 * for the clock. */
static enum status open_store(struct engine *engine, struct error *error)
{
    enum status status;
    do {
        store_close(&engine->store);
        status =
            store_open(engine->database_path, engine->configuration.vfs, &engine->store, error);
        if (status == STATUS_OK && engine->configuration.vfs == NULL) {
            status = store_hold(engine->database_path, error);
        }
        if (status == STATUS_OK) {
            status = recover(engine, error);
        }
    } while (status == STATUS_DISK_FULL && reserve_draw(engine));
    return status;
}

/* Before a connection that writes is opened, which would begin a new log. What cannot be read is
 * left to that one to say. */
static enum status check_commits(struct engine *engine, struct error *error)
{
    enum status status = engine_check_commits(engine->database_path, engine->notes->file, error);
    return status == STATUS_REMOVED ? status : STATUS_OK;
}

static enum status open_all(struct engine *engine, struct error *error)
{
    enum status status = allocate(engine, error);
    if (status == STATUS_OK) {
        status = open_notes(engine, error); /* first: their lock keeps a second writer out */
    }
    if (status == STATUS_OK && engine->configuration.vfs == NULL) {
        status = engine_check_place(engine->database_path, error);
    }
    if (status == STATUS_OK && engine->configuration.vfs == NULL) {
        status = check_commits(engine, error);
    }
    if (status == STATUS_OK) {
        status = reserve_open(engine, error);
    }
    if (status == STATUS_OK) {
        status = open_store(engine, error);
    }
    if (status == STATUS_OK) {
        files_watch_begin(engine);
    }
    if (status == STATUS_OK) {
        struct directory_builder builder = builder_of(engine);
        status = directory_load(&builder, &engine->current, error);
    }
    if (status == STATUS_OK) {
        engine->published = engine->current;
        directory_hold(engine->published);
    }
    return status;
}

/* Copies a text, NULL too; false: no memory. */
static bool copy_text(const char *text, char **copy_r)
{
    *copy_r = text == NULL ? NULL : strdup(text);
    return text == NULL || *copy_r != NULL;
}

/* A key that could never match would lock the administrator out without a word. */
enum status engine_check_root_key(const char *root_key, struct error *error)
{
    struct token_parts parts;
    if (root_key != NULL && !token_split(root_key, "ak_", &parts)) {
        return error_set(error, STATUS_CONFIGURATION,
                         "the root key is not of the form that `astreintectl key generate` prints");
    }
    return STATUS_OK;
}

/* What ended the process twice is set aside before anything else is done. At each start: the one
 * before may have ended first. */
static void quarantine_condemned(struct engine *engine)
{
    size_t cursor = 0;
    int64_t customer_id;
    struct uuid escalation;
    while (poison_next_condemned(engine->poison, &cursor, &customer_id, &escalation)) {
        quarantine_post(engine, customer_id, escalation);
    }
}

enum status engine_create(const struct engine_configuration *configuration,
                          struct engine **engine_r, struct error *error)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        return out_of_memory(error);
    }
    engine->magic = ENGINE_MAGIC;
    engine->configuration = *configuration;
    if (engine->configuration.calls_max == 0) {
        engine->configuration.calls_max = CALLS_MAX_DEFAULT;
    }
    if (engine->configuration.calls_max > CALLS_IN_USE_MAX) {
        engine->configuration.calls_max = CALLS_IN_USE_MAX;
    }
    init_locks(engine);
    enum status status = engine_check_root_key(configuration->root_key, error);
    if (status == STATUS_OK) {
        bool copied = copy_text(configuration->database_path, &engine->database_path) &&
                      copy_text(configuration->root_key, &engine->root_key);
        status = copied ? open_all(engine, error) : out_of_memory(error);
    }
    if (status != STATUS_OK) {
        engine_destroy(&engine);
        return status;
    }
    reserve_fill(engine);
    poison_age(engine->poison, engine_now(engine));
    engine->unreadable_count = poison_list_unreadable(engine->poison, engine->unreadable);
    quarantine_condemned(engine);
    changes_add_all(engine); /* what changed just before the last end may not have been told */
    check_in_watch_begin(engine);
    *engine_r = engine;
    return STATUS_OK;
}

static void refuse(struct command *command)
{
    memset(&command->answer, 0, sizeof command->answer);
    command->answer.body = "";
    command->answer.status = STATUS_STOPPING;
    command->complete(command);
}

static void refuse_all(struct engine *engine)
{
    struct command *command;
    while (engine->turn != NULL && (command = turn_take_left(engine->turn)) != NULL) {
        refuse(command);
    }
    for (int lane = 0; lane < LANES_COUNT; lane++) {
        while (engine->lanes[lane] != NULL && (command = queue_pop(engine->lanes[lane])) != NULL) {
            refuse(command);
        }
        queue_destroy(&engine->lanes[lane]);
    }
}

void engine_destroy(struct engine **engine_r)
{
    struct engine *engine = *engine_r;
    if (engine == NULL) {
        return;
    }
    assert(engine->magic == ENGINE_MAGIC && !engine->started);
    atomic_store(&engine->stopping, true);
    refuse_all(engine);
    if (engine->current != NULL) {
        directory_release(engine->current);
        directory_release(engine->published);
    }
    shared_calendar_release(engine->checked_calendar);
    for (size_t i = 0; i < engine->procedures_count; i++) {
        arena_destroy(&engine->procedures[i].arena);
    }
    store_close(&engine->store);
    ballast_close(&engine->ballast);
    poison_close(&engine->poison);
    notes_close(&engine->notes);
    arena_destroy(&engine->scratch);
    free(engine->update);
    free(engine->attempts);
    free(engine->effects);
    free(engine->outbox_rows);
    free(engine->turn);
    free(engine->database_path);
    free(engine->root_key);
    engine->magic = 0;
    free(engine);
    *engine_r = NULL;
}

/* ---- mailbox ---- */

void engine_wake(struct engine *engine)
{
    (void)pthread_mutex_lock(&engine->wake_lock);
    engine->woken = true;
    (void)pthread_cond_signal(&engine->wake_condition);
    (void)pthread_mutex_unlock(&engine->wake_lock);
}

static enum engine_lane lane_of(enum command_type type)
{
    switch (type) { /* unreachable: every type has its case */
    case COMMAND_AGENT_VERB:
    case COMMAND_DESK_VERB:
    case COMMAND_TASK_DONE:
    case COMMAND_CONFIRM_TEST:
    case COMMAND_CHECK_IN:
    case COMMAND_CHECK_OUT:
    case COMMAND_PAUSE:
    case COMMAND_QUARANTINE: /* before a deadline or the outbox touches it again */
        return LANE_ACKNOWLEDGMENT;
    case COMMAND_CALL_OUTCOME:
    case COMMAND_TRANSPORT_OUTCOME:
    case COMMAND_TRANSPORT_DELAYED:
        return LANE_OUTCOME;
    case COMMAND_ESCALATE:
        return LANE_NEW;
    case COMMAND_USE_ENROLMENT:
    case COMMAND_PUT_DEVICE:
    case COMMAND_DELETE_DEVICE:
    case COMMAND_TEST_DEVICE:
    case COMMAND_HEAR_DEVICE:
    case COMMAND_SIGN_IN:
    case COMMAND_SIGN_OUT:
    case COMMAND_FORWARDED_CALL: /* a record: nobody waits on the telephone for it */
    case COMMAND_TICKET_VERB:
    case COMMAND_PUT_CUSTOMER:
    case COMMAND_PUT_HOLIDAYS:
    case COMMAND_PUT_PERSON:
    case COMMAND_PUT_PROCEDURE:
    case COMMAND_PUT_ROTA:
    case COMMAND_PUT_RULES:
    case COMMAND_PUT_CHECK_IN_PLAN:
    case COMMAND_DELETE_CHECK_IN_PLAN:
    case COMMAND_ADD_ENROLMENT:
    case COMMAND_ADD_SHARED_PHONE:
    case COMMAND_REVOKE_SHARED_PHONE:
    case COMMAND_PUT_PIN:
    case COMMAND_ADD_API_KEY:
    case COMMAND_REVOKE_API_KEY:
    case COMMAND_ADD_FEED:
    case COMMAND_REVOKE_FEED:
    case COMMAND_PUBLISH:
    case COMMAND_SEE_PUBLICATION:
    case COMMAND_FETCH_PUBLICATION:
    case COMMAND_KEEP_COVERAGE:
    case COMMAND_COVERAGE_TOLD:
    case COMMAND_DEADLINE:
    case COMMAND_CONTEXT_CHANGED:
    case COMMAND_ALARM:
    case COMMAND_CLOCK_MOVED:
    case COMMAND_PROBE:
    case COMMAND_SHIFT_DUE:
    case COMMAND_SHIFT_WITHDRAWN:
    case COMMAND_SHIFT_PROBE:
    case COMMANDS_COUNT:
        break;
    }
    return LANE_ADMINISTRATION;
}

/* Lets a sleeping writer notice outcomes without hurry; the first of several is enough. */
static void nudge_if_asleep(struct engine *engine)
{
    /* by chance: whether the writer sleeps just then */
    if (atomic_load(&engine->sleeping) && queue_length(engine->lanes[LANE_OUTCOME]) <= 1) {
        (void)pthread_mutex_lock(&engine->wake_lock);
        (void)pthread_cond_signal(&engine->wake_condition);
        (void)pthread_mutex_unlock(&engine->wake_lock);
    }
}

/* A sleeping writer needs a signal; a working one looks by itself before it sleeps. */
static void wake_if_asleep(struct engine *engine)
{
    if (atomic_load(&engine->sleeping)) { /* by chance: whether the writer sleeps just then */
        engine_wake(engine);
    }
}

enum status engine_post(struct engine *engine, struct command *command)
{
    assert(engine->magic == ENGINE_MAGIC && command->complete != NULL);
    if (atomic_load(&engine->stopping)) {
        return STATUS_STOPPING;
    }
    bool is_new = command->type == COMMAND_ESCALATE;
    bool must_last = is_new || command->type == COMMAND_FORWARDED_CALL;
    if (must_last && atomic_load(&engine->damaged)) {
        return STATUS_CORRUPT;
    }
    if (must_last && atomic_load(&engine->removed)) {
        return STATUS_REMOVED;
    }
    if (is_new && admission_is_closed(engine, command)) {
        return STATUS_FULL;
    }
    atomic_fetch_add(&engine->new_inside, is_new); /* before the writer can answer it */
    enum status status = queue_push(engine->lanes[lane_of(command->type)], command);
    if (status != STATUS_OK) {
        atomic_fetch_sub(&engine->new_inside, is_new);
    } else {
        wake_if_asleep(engine);
    }
    return status;
}

void own_command_free(struct command *command)
{
    arena_destroy(&command->arena);
    free(command);
}

struct command *own_command(enum command_type type, int64_t customer_id, struct uuid escalation,
                            struct wall_time at)
{
    struct command *command = calloc(1, sizeof *command);
    if (command == NULL) {
        burden_abort_unblamed(); /* small and fixed: recovery finds what it was about */
    }
    command->type = type;
    command->customer_id = customer_id;
    command->escalation_id = escalation;
    command->received_at = at;
    command->complete = own_command_free;
    return command;
}

static struct command *transport_command(enum command_type type, int64_t customer_id,
                                         struct uuid escalation,
                                         const struct transport_request *request)
{
    struct command *command = own_command(type, customer_id, escalation, request->at);
    command->request.transport = *request;
    return command;
}

void engine_delayed(struct engine *engine, int64_t customer_id, struct uuid escalation,
                    const struct transport_request *delay)
{
    queue_push_reserved(
        engine->lanes[LANE_OUTCOME],
        transport_command(COMMAND_TRANSPORT_DELAYED, customer_id, escalation, delay));
    nudge_if_asleep(engine);
}

void engine_outcome(struct engine *engine, int64_t customer_id, struct uuid escalation,
                    enum path path, const struct transport_request *outcome)
{
    struct command *command =
        transport_command(COMMAND_TRANSPORT_OUTCOME, customer_id, escalation, outcome);
    if (path == PATH_PUSH && !outcome->was_delayed) {
        queue_unreserve(engine->lanes[LANE_OUTCOME]);
    }
    if (path == PATH_CALL && outcome->transport == ATTEMPT_PLANNED) {
        outbox_call_unsent(engine, outcome->attempt);
    } else if (path == PATH_CALL && outcome->transport != ATTEMPT_ACCEPTED) {
        outbox_call_ended(engine, outcome->attempt);
    }
    /* In this order: who drains takes "no credit is out" for "every outcome is in the mailbox". */
    queue_push_reserved(engine->lanes[LANE_OUTCOME], command);
    outbox_give_credit(engine, path);
    nudge_if_asleep(engine);
}

/* ---- directory ---- */

void engine_customer_changed(struct engine *engine, int64_t customer_id, bool people_changed)
{
    if (customer_id == 0) {
        engine->keys_dirty = true;
        return;
    }
    bool known = false;
    for (size_t i = 0; i < engine->dirty_customers_count && !known; i++) {
        known = engine->dirty_customers[i] == customer_id;
    }
    if (!known) {
        assert(engine->dirty_customers_count < DIRTY_CUSTOMERS_MAX);
        engine->dirty_customers[engine->dirty_customers_count++] = customer_id;
    }
    if (people_changed) {
        changes_add(engine, customer_id);
    }
}

enum status engine_reload_customer(struct engine *engine, int64_t customer_id, struct error *error)
{
    struct directory *fresh;
    (void)pthread_mutex_lock(&engine->root_key_lock);
    struct directory_builder builder = builder_of(engine);
    enum status status = directory_reload(&builder, engine->current, customer_id, &fresh, error);
    (void)pthread_mutex_unlock(&engine->root_key_lock);
    if (status == STATUS_OK) {
        directory_release(engine->current);
        engine->current = fresh;
        engine->directory_dirty = true;
        check_in_watch_customer(engine, customer_id);
    }
    return status;
}

enum status engine_refresh_directory(struct engine *engine, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < engine->dirty_customers_count && status == STATUS_OK; i++) {
        status = engine_reload_customer(engine, engine->dirty_customers[i], error);
    }
    if (status == STATUS_OK && engine->keys_dirty && engine->dirty_customers_count == 0) {
        status = engine_reload_customer(engine, 0, error);
    }
    engine->dirty_customers_count = 0;
    engine->keys_dirty = false;
    return status;
}

const struct directory *engine_directory_acquire(struct engine *engine)
{
    (void)pthread_mutex_lock(&engine->directory_lock);
    struct directory *directory = engine->published;
    directory_hold(directory);
    (void)pthread_mutex_unlock(&engine->directory_lock);
    return directory;
}

void engine_directory_release(struct engine *engine, const struct directory *directory)
{
    (void)engine;
    struct directory *held;
    memcpy(&held, &directory, sizeof held); /* the count inside is ours to change */
    directory_release(held);
}

bool engine_forbids_reading(const struct engine *engine, struct uuid escalation)
{
    for (size_t i = 0; i < engine->unreadable_count; i++) {
        if (uuid_equal(engine->unreadable[i], escalation)) {
            return true;
        }
    }
    return false;
}

bool engine_is_wary(const struct engine *engine)
{
    return poison_is_wary(engine->poison);
}

size_t engine_unreadable(const struct engine *engine, const struct uuid **escalations_r)
{
    *escalations_r = engine->unreadable;
    return engine->unreadable_count;
}

const struct engine_rotas *engine_rotas(const struct engine *engine)
{
    return &engine->configuration.rotas;
}

enum status engine_set_root_key(struct engine *engine, const char *root_key, struct error *error)
{
    enum status status = engine_check_root_key(root_key, error);
    if (status != STATUS_OK) {
        return status;
    }
    char *copy;
    if (!copy_text(root_key, &copy)) {
        return out_of_memory(error); /* the old one stays: nobody is locked out */
    }
    (void)pthread_mutex_lock(&engine->root_key_lock);
    free(engine->root_key);
    engine->root_key = copy;
    (void)pthread_mutex_unlock(&engine->root_key_lock);
    atomic_store(&engine->root_key_changed, true);
    engine_wake(engine);
    return STATUS_OK;
}

void engine_on_commit(struct engine *engine, void (*listener)(void *context), void *context)
{
    assert(!engine->started);
    engine->commit_listener = listener;
    engine->commit_context = context;
}

void engine_statistics(struct engine *engine, struct engine_statistics *statistics_r)
{
    (void)pthread_mutex_lock(&engine->statistics_lock);
    *statistics_r = engine->statistics;
    (void)pthread_mutex_unlock(&engine->statistics_lock);
    statistics_r->now = engine_now(engine);
    for (int lane = 0; lane < LANES_COUNT; lane++) {
        statistics_r->lane_length[lane] = queue_length(engine->lanes[lane]);
    }
    statistics_r->credits_push_used = atomic_load(&engine->credits_push_used);
    statistics_r->credits_callback_used = atomic_load(&engine->credits_callback_used);
    (void)pthread_mutex_lock(&engine->calls_lock);
    statistics_r->calls_used = engine->calls_count;
    (void)pthread_mutex_unlock(&engine->calls_lock);
    statistics_r->overdue_ms = atomic_load(&engine->overdue_ms);
    statistics_r->writer_stuck = atomic_load(&engine->writer_stuck);
    statistics_r->deadlines_stalled = atomic_load(&engine->deadlines_stalled);
    int64_t now_ms = clock_monotonic(&engine->configuration.clock).ms;
    statistics_r->watched_age_ms = now_ms - atomic_load(&engine->watched_ms);
    statistics_r->answered_age_ms = now_ms - atomic_load(&engine->answered_ms);
    statistics_r->proven_age_ms = now_ms - atomic_load(&engine->proven_ms);
    statistics_r->proven = atomic_load(&engine->proven_once);
    statistics_r->open_escalations = atomic_load(&engine->open_escalations);
    statistics_r->removed = atomic_load(&engine->removed);
    statistics_r->disk_full = atomic_load(&engine->disk_full);
    statistics_r->reserve_bytes = engine->configuration.reserve_bytes;
    statistics_r->reserve_held_bytes = atomic_load(&engine->reserve_held_bytes);
    statistics_r->not_ready_why = atomic_load(&engine->stopping)  ? "stopping"
                                  : atomic_load(&engine->damaged) ? "the database is damaged"
                                  : statistics_r->removed ? "the database was removed or replaced"
                                  : statistics_r->disk_full
                                      ? "disk full: only the open escalations go on"
                                      : NULL;
    statistics_r->ready = statistics_r->not_ready_why == NULL;
}

/* ---- threads ---- */

/* Whether somebody waits for an answer. Transport outcomes are nobody's answer. */
static bool mail_is_urgent(struct engine *engine)
{
    /* by chance: whether the writer comes here before it is to stop */
    for (int lane = 0; lane < LANES_COUNT; lane++) {
        /* by chance: whether the mail comes between the turn and the sleep */
        if (lane != LANE_OUTCOME && queue_length(engine->lanes[lane]) > 0) {
            return true;
        }
    }
    return false;
}

static bool is_before(const struct timespec *left, const struct timespec *right)
{
    /* by chance: whether a second begins in between */
    return left->tv_sec != right->tv_sec ? left->tv_sec < right->tv_sec
                                         /* by chance: whether a second begins in between */
                                         : left->tv_nsec < right->tv_nsec;
}

/* Waits for a signal until a moment of the boot clock; true when time is up. In slices, as
 * condition variables know only clocks that stand still while the machine is suspended. */
static bool wait_for_signal(struct engine *engine, struct monotonic_time end,
                            const struct timespec *gathered_until)
{
    struct timespec until;
    int64_t left_ms = end.ms - clock_monotonic(&engine->configuration.clock).ms;
    if (left_ms <= 0) { /* by chance: whether anybody comes before the time is over */
        return true;
    }
    clock_wait_until(left_ms < SLEEP_MS_MAX ? left_ms : SLEEP_MS_MAX, &until);
    /* by chance: whether an outcome comes while the writer sleeps */
    bool is_last = gathered_until != NULL && is_before(gathered_until, &until);
    const struct timespec *end_of_slice = &until;
    if (is_last) { /* by chance: whether an outcome comes while the writer sleeps */
        end_of_slice = gathered_until;
    }
    int rc = pthread_cond_timedwait(&engine->wake_condition, &engine->wake_lock, end_of_slice);
    return rc == ETIMEDOUT && is_last; /* by chance: whether anybody comes before */
}

/* Outcomes alone are let gather for a moment: their commit would only stand in the way of a webhook
 * that comes right behind. */
static void sleep_until_woken(struct engine *engine, int64_t wait_ms)
{
    struct timespec gathered_until;
    bool gathering = false;
    struct monotonic_time end = {clock_monotonic(&engine->configuration.clock).ms + wait_ms};
    (void)pthread_mutex_lock(&engine->wake_lock);
    atomic_store(&engine->sleeping, true);
    while (!engine->woken && !mail_is_urgent(engine)) { /* by chance: who comes first */
        /* by chance: whether an outcome comes while the writer sleeps */
        if (!gathering && queue_length(engine->lanes[LANE_OUTCOME]) > 0) {
            gathering = true;
            clock_wait_until(OUTCOMES_GATHER_MS, &gathered_until);
        }
        /* by chance: whether anybody comes before the time is over */
        if (wait_for_signal(engine, end, gathering ? &gathered_until : NULL)) {
            break;
        }
    }
    engine->woken = false;
    atomic_store(&engine->sleeping, false);
    (void)pthread_mutex_unlock(&engine->wake_lock);
}

static bool mailbox_is_empty(struct engine *engine)
{
    for (int lane = 0; lane < LANES_COUNT; lane++) {
        if (queue_length(engine->lanes[lane]) > 0) {
            return false;
        }
    }
    return true;
}

/* On a damaged or broken disk outcomes may come faster than they can be written: what is left goes
 * again at the next start. */
static bool may_end(struct engine *engine)
{
    if (!atomic_load(&engine->stopping)) {
        return false;
    }
    /* by chance: whether there is mail left when it is to stop */
    return (mailbox_is_empty(engine) && turn_is_empty(engine->turn)) ||
           clock_monotonic(&engine->configuration.clock).ms >= atomic_load(&engine->stop_by_ms);
}

static void *writer_run(void *context)
{
    struct engine *engine = context;
    (void)pthread_setname_np(pthread_self(), "writer");
    for (;;) {
        int64_t wait_ms = engine_turn(engine);
        if (may_end(engine)) {
            return NULL;
        }
        if (wait_ms > 0) {
            sleep_until_woken(engine, wait_ms);
        }
    }
}

enum status engine_start(struct engine *engine, struct error *error)
{
    assert(!engine->started);
    int64_t now_ms = clock_monotonic(&engine->configuration.clock).ms;
    atomic_store(&engine->watched_ms, now_ms);
    atomic_store(&engine->answered_ms, now_ms);
    atomic_store(&engine->proven_ms, now_ms);
    if (pthread_create(&engine->thread, NULL, writer_run, engine) != 0) {
        return error_set(error, STATUS_NO_MEMORY, "the writer's thread cannot be started");
    }
    if (pthread_create(&engine->watchdog_thread, NULL, watchdog_run, engine) != 0) {
        engine_stop(engine);
        (void)pthread_join(engine->thread, NULL);
        return error_set(error, STATUS_NO_MEMORY, "the watchdog's thread cannot be started");
    }
    engine->started = true;
    return STATUS_OK;
}

void engine_stop(struct engine *engine)
{
    atomic_store(&engine->stop_by_ms,
                 clock_monotonic(&engine->configuration.clock).ms + STOPPING_MS_MAX);
    atomic_store(&engine->stopping, true);
    engine_wake(engine);
}

void engine_join(struct engine *engine)
{
    if (engine->started) {
        (void)pthread_join(engine->thread, NULL);
        atomic_store(&engine->watchdog_stop, true);
        (void)pthread_join(engine->watchdog_thread, NULL);
        engine->started = false;
    }
}
