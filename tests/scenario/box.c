#include "tests/scenario/box.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/base/burden.h"
#include "gateway/base/text.h"
#include "gateway/daemon/rota_adapter.h"
#include "tests/scenario/memory.h"

#define TURNS_MAX  20000
#define TURNS_BUSY 200 /* more than that take their time */
#define TURN_MS    INT64_C(10)
#define STARTS_MAX 10
#define RESTART_MS INT64_C(1000)

void box_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    exit(2);
}

/* splitmix64. */
uint64_t box_draw(uint64_t *state, uint64_t limit)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return limit == 0 ? z : z % limit;
}

/* ---- dying in the middle of a turn ---- */

/* What it still does afterwards never happened, neither on the disk nor to its notes: what these
 * are now outlives the process; of a machine that loses its power at least what they were when it
 * started. */
static void keep_disk(struct box *box, enum disk_loss loss)
{
    disk_keep(loss, &box->disk_random);
    if (box->poison_page != NULL && loss == DISK_KEEPS_ALL) {
        memcpy(box->poison_after, box->poison_page, BOX_POISON_BYTES);
    }
    box->crashed = true;
}

/* The gateway's own handler of SIGABRT marks its file; the signal itself is held back. */
static void run_abort_handler(void)
{
    sigset_t held, before;
    struct sigaction action;
    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGABRT);
    (void)sigprocmask(SIG_BLOCK, &held, &before);
    siginfo_t info = {.si_signo = SIGABRT, .si_code = SI_TKILL};
    if (sigaction(SIGABRT, NULL, &action) == 0 && (action.sa_flags & SA_SIGINFO) != 0) {
        action.sa_sigaction(SIGABRT, &info, NULL);
        (void)signal(SIGABRT, SIG_IGN); /* what is pending is gone */
        (void)sigaction(SIGABRT, &action, NULL);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

static void abort_on(struct box *box, struct box_poisoned *poisoned)
{
    poisoned->aborts++;
    if (box->on_abort != NULL) {
        box->on_abort(box->context, poisoned->escalation);
    }
    run_abort_handler();
    keep_disk(box, DISK_KEEPS_ALL);
}

/* Somebody of another customer does not get to it; with a token it is not known yet whose it is. */
static bool is_worked_on(const struct box_poisoned *poisoned)
{
    struct burden burden;
    return burden_of_this_thread(&burden) &&
           (burden.customer_id == 0 || burden.customer_id == poisoned->customer_id) &&
           uuid_equal(burden.subject, poisoned->escalation);
}

static void strike(struct box *box, bool at_send, const struct uuid *sent)
{
    for (size_t i = 0; i < box->poisoned_count && !box->crashed && box->poison_page != NULL; i++) {
        struct box_poisoned *poisoned = &box->poisoned[i];
        if (poisoned->aborts < 2 && poisoned->at_send == at_send &&
            (at_send ? uuid_equal(*sent, poisoned->escalation) : is_worked_on(poisoned))) {
            abort_on(box, poisoned);
        }
    }
}

void box_poison(struct box *box, int64_t customer_id, struct uuid escalation, bool at_send)
{
    if (box->poisoned_count < BOX_POISONED_MAX) {
        box->poisoned[box->poisoned_count++] = (struct box_poisoned){
            .escalation = escalation, .customer_id = customer_id, .at_send = at_send};
    }
}

static void map_poison(struct box *box)
{
    int file = open(box->poison, O_RDWR | O_CLOEXEC);
    if (file < 0) {
        box_die("%s: cannot be opened", box->poison);
    }
    box->poison_page = mmap(NULL, BOX_POISON_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    (void)close(file);
    if (box->poison_page == MAP_FAILED) {
        box_die("%s: cannot be mapped", box->poison);
    }
    memcpy(box->poison_after, box->poison_page, BOX_POISON_BYTES);
}

static void unmap_poison(struct box *box)
{
    burden_drop(); /* the next one is another process */
    if (box->poison_page != NULL) {
        if (box->crashed) {
            memcpy(box->poison_page, box->poison_after, BOX_POISON_BYTES);
        }
        (void)munmap(box->poison_page, BOX_POISON_BYTES);
        box->poison_page = NULL;
    }
}

static void count_down(struct box *box)
{
    strike(box, false, NULL);
    if (box->crash_countdown > 0 && --box->crash_countdown == 0) {
        keep_disk(box, box->crash_loss);
    }
}

/* The engine says that it cannot go on: back to box_turn(). */
static void die(void *context)
{
    struct box *box = context;
    longjmp(box->died, 1);
}

static int on_disk_call(void *context, enum disk_call call)
{
    struct box *box = context;
    struct box_fault *fault = &box->fault;
    if (call != DISK_READ) {
        count_down(box);
    }
    if (box->crashed || (fault->calls & 1u << call) == 0) {
        return SQLITE_OK;
    }
    if (fault->after > 0) {
        fault->after--;
        return SQLITE_OK;
    }
    box->faults_fired++;
    if (!fault->for_ever) {
        fault->calls = 0;
    }
    return fault->rc;
}

/* ---- rows that fail ---- */

static int on_no_call(void *context, enum disk_call call)
{
    (void)context;
    (void)call;
    return SQLITE_OK;
}

/* A trigger stands for what is damaged in a row: the file stays sound, and the statement fails.
 * That it was set aside can be told. */
static int break_plans(sqlite3 *database, struct uuid escalation)
{
    char sql[512], id[2 * sizeof escalation.bytes + 1];
    for (size_t i = 0; i < sizeof escalation.bytes; i++) {
        (void)snprintf(id + 2 * i, 3, "%02x", escalation.bytes[i]);
    }
    (void)snprintf(sql, sizeof sql,
                   "CREATE TRIGGER IF NOT EXISTS \"broken-%s\" BEFORE INSERT ON attempt "
                   "WHEN new.escalation_id = x'%s' AND new.purpose <> %d "
                   "BEGIN SELECT raise(ABORT, 'broken'); END",
                   id, id, (int)PURPOSE_QUARANTINE);
    return sqlite3_exec(database, sql, NULL, NULL, NULL);
}

bool box_break(struct box *box, struct uuid escalation)
{
    sqlite3 *database = NULL;
    disk_on_call(on_no_call, NULL); /* who damages it is not whom the faults are for */
    int rc = sqlite3_open_v2(BOX_DATABASE, &database, SQLITE_OPEN_READWRITE, DISK_VFS);
    rc = rc == SQLITE_OK ? break_plans(database, escalation) : rc;
    if (rc != SQLITE_OK && rc != SQLITE_FULL) {
        box_die("a row cannot be damaged: %s", sqlite3_errmsg(database));
    }
    (void)sqlite3_close(database);
    disk_on_call(on_disk_call, box);
    return rc == SQLITE_OK;
}

/* ---- clock and randomness ---- */

static struct wall_time read_wall(void *context)
{
    struct box *box = context;
    count_down(box);
    return (struct wall_time){box->wall_ms};
}

static struct monotonic_time read_boot(void *context)
{
    struct box *box = context;
    return (struct monotonic_time){box->boot_ms};
}

static int64_t read_suspended(void *context)
{
    struct box *box = context;
    return box->suspended_ms;
}

static void fill_random(void *context, void *bytes, size_t count)
{
    struct box *box = context;
    uint8_t *place = bytes;
    count_down(box);
    while (count > 0) {
        uint64_t drawn = box_draw(&box->random, 0);
        size_t some = count < sizeof drawn ? count : sizeof drawn;
        memcpy(place, &drawn, some);
        place += some;
        count -= some;
    }
}

/* ---- the dispatcher ---- */

static void describe(const struct box *box, const struct effect *effect, struct box_sent *sent)
{
    *sent = (struct box_sent){
        .attempt = effect->attempt,
        .escalation = effect->escalation,
        .customer_id = effect->customer_id,
        .purpose = effect->purpose,
        .path = effect->path,
        .severity = effect->severity,
        .drill = effect->drill,
        .number = effect->number,
        .at_ms = box->elapsed_ms,
        .expires_ms = box->elapsed_ms + (effect->deadline.ms - box->boot_ms),
    };
    if (effect->person != NULL) {
        sent->person_id = effect->person->id;
        (void)text_copy(sent->person, sizeof sent->person, effect->person->slug);
    }
    if (effect->device != NULL) {
        sent->device_id = effect->device->id;
        sent->platform = effect->device->platform;
        (void)text_copy(sent->installation, sizeof sent->installation,
                        effect->device->installation);
    }
    if (effect->path == PATH_CALLBACK) {
        (void)text_copy(sent->callback, sizeof sent->callback, effect->callback);
    }
    if (effect->phone != NULL) {
        (void)text_copy(sent->phone, sizeof sent->phone, effect->phone);
    }
    if (effect->summary != NULL) {
        (void)text_copy(sent->summary, sizeof sent->summary, effect->summary);
    }
    if (effect->token_accept != NULL) {
        (void)text_copy(sent->token_accept, sizeof sent->token_accept, effect->token_accept);
    }
    if (effect->token_decline != NULL) {
        (void)text_copy(sent->token_decline, sizeof sent->token_decline, effect->token_decline);
    }
    if (effect->token_received != NULL) {
        (void)text_copy(sent->token_received, sizeof sent->token_received, effect->token_received);
    }
}

static enum status send_effect(void *context, const struct effect *effect)
{
    struct box *box = context;
    count_down(box);
    if (effect->purpose != PURPOSE_QUARANTINE) { /* which says nothing of what is poison in it */
        strike(box, true, &effect->escalation);
    }
    if (box->crashed) {
        return STATUS_OK; /* the process is dead already: it never left */
    }
    if (box->sent_count == BOX_SENT_MAX) {
        box_die("more than %d attempts sent", BOX_SENT_MAX);
    }
    struct box_sent *sent = &box->sent[box->sent_count];
    describe(box, effect, sent);
    memory_count(false); /* whoever looks has memory of their own */
    enum status status = box->on_send != NULL ? box->on_send(box->context, sent) : STATUS_OK;
    memory_count(true);
    box->sent_count += status == STATUS_OK;
    return status;
}

static void take_alarm(void *context, const char *kind, const char *detail)
{
    struct box *box = context;
    if (box->on_alarm != NULL && !box->crashed) {
        box->on_alarm(box->context, kind, detail);
    }
    if (box->alarms_count < BOX_ALARMS_MAX && !box->crashed) {
        (void)text_copy(box->alarms[box->alarms_count++], sizeof box->alarms[0], kind);
    }
}

void box_outcome(struct box *box, struct box_sent *sent, enum attempt_state transport,
                 const char *reason, bool device_gone)
{
    assert(!sent->resolved && !sent->dead);
    struct transport_request outcome = {
        .attempt = sent->attempt,
        .transport = transport,
        .tries = 1,
        .at = {box->wall_ms},
        .device_gone = device_gone,
        .gone_since = WALL_NEVER,
        .was_delayed = sent->delayed,
    };
    (void)text_copy(outcome.reason, sizeof outcome.reason, reason);
    sent->resolved = true;
    engine_outcome(box->engine, sent->customer_id, sent->escalation, sent->path, &outcome);
}

void box_delayed(struct box *box, struct box_sent *sent, const char *reason)
{
    assert(sent->path == PATH_PUSH && !sent->delayed && !sent->resolved && !sent->dead);
    struct transport_request delay = {
        .attempt = sent->attempt, .at = {box->wall_ms}, .gone_since = WALL_NEVER};
    (void)text_copy(delay.reason, sizeof delay.reason, reason);
    sent->delayed = true;
    engine_delayed(box->engine, sent->customer_id, sent->escalation, &delay);
}

/* ---- rotas: a JSON array of names; "@SECONDS" begins the next turn at that time ---- */

static const char *next_word(const char *text, char *word_r, size_t bytes)
{
    text += strcspn(text, "\"");
    if (*text == '\0') {
        return NULL;
    }
    size_t length = strcspn(text + 1, "\"");
    (void)snprintf(word_r, bytes, "%.*s", (int)length, text + 1);
    return text + 1 + length + (text[1 + length] == '"');
}

/* Those that begin with a brace are real ones. */
static bool is_real(const char *definition)
{
    return definition[0] == '{';
}

static enum status check_rota(void *context, const char *definition,
                              const struct engine_calendar *calendar, struct error *error)
{
    if (is_real(definition)) {
        return rota_adapter().check(context, definition, calendar, error);
    }
    return definition[0] == '[' ? STATUS_OK
                                : error_set(error, STATUS_INVALID, "a rota is an array of names");
}

static bool know_zone(void *context, const char *zone)
{
    (void)context;
    (void)zone;
    return true;
}

static enum status read_calendar(void *context, const struct engine_calendar_texts *texts,
                                 struct wall_time from, struct wall_time to, struct arena *arena,
                                 const struct engine_calendar **calendar_r, struct error *error)
{
    return rota_adapter().read_calendar(context, texts, from, to, arena, calendar_r, error);
}

static enum status is_open(void *context, const struct engine_calendar *calendar, const char *zone,
                           struct wall_time at, bool *open_r, struct error *error)
{
    return rota_adapter().is_open(context, calendar, zone, at, open_r, error);
}

static enum status next_opening(void *context, const struct engine_calendar *calendar,
                                const char *zone, struct wall_time at, struct wall_time *opens_r,
                                struct error *error)
{
    return rota_adapter().next_opening(context, calendar, zone, at, opens_r, error);
}

static enum status compile_rota(void *context, const char *definition,
                                const struct engine_calendar *calendar, const char *zone,
                                struct wall_time from, struct wall_time to, struct arena *arena,
                                struct engine_rota_interval **intervals_r, size_t *count_r,
                                struct error *error)
{
    const struct box *box = context;
    if (is_real(definition)) {
        return rota_adapter().compile(NULL, definition, calendar, zone, from, to, arena,
                                      intervals_r, count_r, error);
    }
    char word[SLUG_BYTES_MAX];
    struct engine_rota_interval *intervals = arena_alloc(arena, 64 * sizeof *intervals);
    size_t count = 0, open_from = 0;
    struct wall_time at = from;
    if (intervals == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory");
    }
    for (const char *place = definition; (place = next_word(place, word, sizeof word)) != NULL;) {
        if (word[0] == '@') {
            at.ms = box->epoch_ms + strtoll(word + 1, NULL, 10) * 1000;
            at.ms = at.ms < from.ms ? from.ms : at.ms;
            for (; open_from < count; open_from++) {
                intervals[open_from].to = at;
            }
        } else if (count < 64) {
            intervals[count] = (struct engine_rota_interval){.from = at, .to = to};
            intervals[count].agent = arena_text(arena, word);
            if (intervals[count++].agent == NULL) {
                return error_set(error, STATUS_NO_MEMORY, "no memory");
            }
        }
    }
    *intervals_r = intervals;
    *count_r = count;
    return STATUS_OK;
}

/* Whole ones: the first has begun long ago. */
static enum status find_shifts(void *context, const char *definition,
                               const struct engine_calendar *calendar, const char *zone,
                               struct wall_time from, struct wall_time to, struct arena *arena,
                               struct engine_rota_interval **shifts_r, size_t *count_r,
                               struct error *error)
{
    if (is_real(definition)) {
        return rota_adapter().shifts(NULL, definition, calendar, zone, from, to, arena, shifts_r,
                                     count_r, error);
    }
    size_t found = 0, kept = 0;
    enum status status = compile_rota(context, definition, calendar, zone, (struct wall_time){0},
                                      to, arena, shifts_r, &found, error);
    for (size_t i = 0; i < found && status == STATUS_OK; i++) {
        if ((*shifts_r)[i].to.ms > from.ms) {
            (*shifts_r)[kept++] = (*shifts_r)[i];
        }
    }
    *count_r = kept;
    return status;
}

/* A rota of words has no overrides. */
static enum status replace_agent(void *context, const char *definition, struct wall_time from,
                                 struct wall_time to, const char *agent, struct arena *arena,
                                 const char **definition_r, struct error *error)
{
    (void)context;
    return is_real(definition)
               ? rota_adapter().replace(NULL, definition, from, to, agent, arena, definition_r,
                                        error)
               : error_set(error, STATUS_INVALID, "a rota of words has no overrides");
}

/* ---- life and death ---- */

struct box *box_create(uint64_t seed)
{
    struct box *box = calloc(1, sizeof *box);
    struct box_sent *sent = calloc(BOX_SENT_MAX, sizeof *sent);
    if (box == NULL || sent == NULL) {
        box_die("no memory");
    }
    box->sent = sent;
    box->random = seed;
    box->disk_random = ~seed;
    box_begin_at(box, BOX_EPOCH_MS);
    box->boot_ms = 1000000;
    box->calls_max = 30;
    (void)snprintf(box->boot_id, sizeof box->boot_id, "boot-0");
    box->poison_file = memfd_create("astreinte-box", MFD_CLOEXEC);
    if (box->poison_file < 0) {
        box_die("no file in memory can be made");
    }
    (void)snprintf(box->poison, sizeof box->poison, "/proc/self/fd/%d", box->poison_file);
    memory_install();
    memory_fail(0, 0);
    disk_format(seed);
    disk_on_call(on_disk_call, box);
    return box;
}

void box_destroy(struct box **box)
{
    engine_destroy(&(*box)->engine);
    unmap_poison(*box);
    disk_erase();
    (void)close((*box)->poison_file);
    free((*box)->sent);
    free(*box);
    *box = NULL;
}

static bool try_open(struct box *box, struct error *error)
{
    struct engine_configuration configuration = {
        .database_path = BOX_DATABASE,
        .poison_path = box->poison,
        .vfs = DISK_VFS,
        .secret = "a secret of thirty-two bytes....",
        .calls_max = box->calls_max,
        .clock = {.wall = read_wall,
                  .monotonic = read_boot,
                  .context = box,
                  .suspended_ms = read_suspended},
        .reserve_bytes = box->reserve_bytes,
        .random = {fill_random, box},
        .dispatcher = {send_effect, NULL, take_alarm, box},
        .rotas = {check_rota, know_zone, read_calendar, compile_rota, find_shifts, replace_agent,
                  is_open, next_opening, NULL, NULL, box},
        .die = die,
        .die_context = box,
    };
    memcpy(configuration.boot_id, box->boot_id, sizeof box->boot_id);
    return engine_create(&configuration, &box->engine, error) == STATUS_OK;
}

void box_open(struct box *box)
{
    struct error error = {.text = ""};
    for (int tries = 0; !try_open(box, &error); tries++) {
        if (box->fault.calls == 0 && tries > 0 && box->on_no_start != NULL) {
            box->on_no_start(box->context, error.text);
        }
        if (box->fault.calls == 0 && tries > 0) {
            box_die("the engine does not start: %s", error.text);
        }
        if (tries == STARTS_MAX) {
            box->fault.calls = 0;
        }
        box_pass(box, RESTART_MS);
    }
    map_poison(box);
    box->lives++;
}

void box_begin_at(struct box *box, int64_t wall_ms)
{
    box->epoch_ms = wall_ms;
    box->wall_ms = wall_ms;
}

void box_crash(struct box *box)
{
    box->crash_countdown = 0;
    if (!box->crashed) {
        keep_disk(box, box->crash_loss);
    }
    engine_destroy(&box->engine);
    unmap_poison(box);
    disk_restore();
    for (size_t i = box->resolved_below; i < box->sent_count; i++) {
        box->sent[i].dead = true; /* it may arrive; nobody reports of it any more */
    }
    box->resolved_below = box->sent_count;
    box->crashed = false;
    box->rest_ms = 0;
    box_open(box);
}

void box_reboot(struct box *box, int64_t wall_ms)
{
    box->boot_ms = 1000;
    box->suspended_ms = 0;
    box->wall_ms += wall_ms;
    box->elapsed_ms += wall_ms;
    (void)snprintf(box->boot_id, sizeof box->boot_id, "boot-%u", box->lives);
    box_crash(box);
}

/* ---- time ---- */

void box_pass(struct box *box, int64_t ms)
{
    box->wall_ms += ms;
    box->boot_ms += ms;
    box->elapsed_ms += ms;
}

int64_t box_turn(struct box *box)
{
    if (setjmp(box->died) != 0) {
        memory_count(false);
        keep_disk(box, DISK_KEEPS_ALL);
        engine_destroy(&box->engine);
        return 0;
    }
    memory_count(true);
    int64_t wait_ms = engine_turn(box->engine);
    memory_count(false);
    box->rest_boot_ms = box->boot_ms;
    box->rest_wall_ms = box->wall_ms;
    box->rest_ms = wait_ms;
    return wait_ms;
}

/* As the writer's thread, which sleeps until a deadline or a command. */
static bool is_at_rest(const struct box *box)
{
    struct engine_statistics statistics;
    size_t waiting = 0;
    engine_statistics(box->engine, &statistics);
    for (int lane = 0; lane < LANES_COUNT; lane++) {
        waiting += statistics.lane_length[lane];
    }
    return waiting == 0 && box->rest_ms > 0 && box->rest_boot_ms == box->boot_ms &&
           box->rest_wall_ms == box->wall_ms;
}

int64_t box_turns(struct box *box)
{
    for (int turns = 0; turns < TURNS_MAX; turns++) {
        if (box->crashed) {
            return 0;
        }
        if (is_at_rest(box)) {
            return box->rest_ms;
        }
        (void)box_turn(box);
        if (turns >= TURNS_BUSY && !box->crashed && !is_at_rest(box)) {
            box_pass(box, TURN_MS);
        }
    }
    box_die("the engine does not come to rest: %d turns", TURNS_MAX);
}

void box_expire(struct box *box)
{
    for (size_t i = box->resolved_below; i < box->sent_count && !box->crashed; i++) {
        struct box_sent *sent = &box->sent[i];
        bool over = sent->resolved || sent->dead;
        if (!over && box->elapsed_ms >= sent->expires_ms) {
            box_outcome(box, sent, ATTEMPT_EXPIRED, "no_outcome_in_time", false);
            over = true;
        }
        if (over && i == box->resolved_below) {
            box->resolved_below++;
        }
    }
}

void box_advance(struct box *box, int64_t ms)
{
    int64_t wait_ms = box_turns(box);
    while (ms > 0 && !box->crashed) {
        int64_t some = wait_ms < ms ? wait_ms : ms;
        box_pass(box, some);
        ms -= some;
        box_expire(box);
        wait_ms = box_turns(box);
    }
}

/* ---- commands ---- */

struct command *box_command(enum command_type type, int64_t customer_id)
{
    struct command *command = calloc(1, sizeof *command);
    if (command == NULL || (command->arena = arena_create(0)) == NULL) {
        box_die("no memory");
    }
    command->type = type;
    command->customer_id = customer_id;
    return command;
}

void box_free(struct command **command)
{
    arena_destroy(&(*command)->arena);
    free(*command);
    *command = NULL;
}

/* Who waits for an answer. */
struct asker {
    const struct box *box;
    bool answered;
    bool heard; /* it came before the crash, if there was one */
};

static void mark_answered(struct command *command)
{
    struct asker *asker = command->context;
    asker->answered = true;
    asker->heard = !asker->box->crashed;
}

bool box_run(struct box *box, struct command *command)
{
    struct asker asker = {.box = box};
    command->received_at = (struct wall_time){box->wall_ms};
    command->complete = mark_answered;
    command->context = &asker;
    enum status status = engine_post(box->engine, command);
    if (status != STATUS_OK) {
        command->answer.status = status;
        return true;
    }
    int turns = 0;
    while (!asker.answered) {
        if (turns++ == TURNS_MAX) {
            box_die("a command is not answered: %d turns", TURNS_MAX);
        }
        if (turns > TURNS_BUSY) {
            box_pass(box, TURN_MS); /* it waits behind outcomes that cannot be written now */
        }
        (void)box_turn(box);
        if (box->engine == NULL) {
            break; /* it died: its commands were given back unanswered */
        }
    }
    return asker.heard;
}
