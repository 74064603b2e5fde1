/* engine.h - the single writer: mailbox → one transaction → effects. It owns the core's states, the
 * writing connection and the directory.
 *
 * engine_turn() does one bounded piece of work and is all there is: the thread is a loop around it,
 * and tests call it themselves with a clock of their own.
 */
#ifndef GATEWAY_ENGINE_ENGINE_H
#define GATEWAY_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/burden.h"
#include "gateway/base/clock.h"
#include "gateway/base/random.h"
#include "gateway/base/status.h"
#include "gateway/engine/command.h"
#include "gateway/engine/directory.h"

struct engine;

/* Bounds of one turn and of the mailbox. */
#define TURN_COMMANDS_MAX 256
/* New escalations and administration: as long as the last commit took, within these. */
#define TURN_WORK_MS_MIN          5
#define TURN_WORK_MS_MAX          25
#define STOPPING_MS_MAX           5000
#define LANE_ACKNOWLEDGMENT_SLOTS 8192
#define LANE_OUTCOME_SLOTS        32768
#define LANE_NEW_SLOTS            4096
#define LANE_ADMINISTRATION_SLOTS 512
/* How long a new escalation may wait in the mailbox. When the writer does not keep up, no more are
 * let in than it has lately done in the time they should wait at most (AIM); but NEW_INSIDE_MIN
 * always are. Once the oldest has waited too long all the same (MAX), more are refused; and what
 * the writer finds to have waited to the END is refused instead of being done. So what is accepted
 * is accepted in time whatever the disk does, and before its caller hears of a time-out. */
#define NEW_INSIDE_MIN  64
#define NEW_WAIT_MS_AIM 500
#define NEW_WAIT_MS_MAX INT64_C(1000)
#define NEW_WAIT_MS_END INT64_C(5000)
/* Sends in flight, each with its slot in the outcome lane; a push has two, as it may be delayed
 * before it ends. */
#define CREDITS_PUSH_MAX     8192
#define CREDITS_CALLBACK_MAX 512

/* An attempt on its way out, with everything needed to render it. Lives during `send` only. */
struct effect {
    struct uuid attempt;    /* of a test push: the test */
    struct uuid escalation; /* nil for a test push */
    struct uuid ticket;
    int64_t customer_id;
    struct burden burden; /* of the threads that carry it */
    enum attempt_purpose purpose;
    enum path path;
    enum severity severity;
    bool drill;
    int number;             /* announcement, round, or task kind */
    int64_t check_in_agent; /* whose check-in it asks for; 0: it is about a caller */
    const struct directory_customer *customer;
    const struct directory_person *person; /* NULL for a callback */
    const struct directory_device *device; /* push only */
    const char *phone;                     /* what is dialled, E.164; call only */
    const char *callback;                  /* endpoint of a callback */
    /* Of the ticket: for a call, said after a key was pressed, and for a device with keys, which
     * alone can read it. NULL otherwise. */
    const char *summary;
    struct monotonic_time deadline;
    struct wall_time expires_at;
    int64_t wait_ms; /* how long it may take, as planned: the same each time that it is sent */
    const char *token_received; /* push alerts: action tokens; NULL otherwise */
    const char *token_accept;
    const char *token_decline;
};

/* Carries effects out. The daemon fills it in; the simulator stands in for it. Called from the
 * writer's thread, after the commit; must not block.
 *
 * send: every effect taken (STATUS_OK) ends in exactly one engine_outcome(). STATUS_FULL: stays in
 * the outbox and is tried again; any other status: the attempt failed, reason = the status' slug.
 * flush: after a turn's last send.
 * alarm: tells the desk at once, without a row; rate-limited by the engine. */
struct engine_dispatcher {
    enum status (*send)(void *context, const struct effect *effect);
    void (*flush)(void *context);
    void (*alarm)(void *context, const char *kind, const char *detail);
    void *context;
};

/* Compiles rotas; the daemon fills it in (gateway/rota). Called from the writer's thread and,
 * through engine_rotas(), from HTTP threads. */
struct engine_rota_interval {
    struct wall_time from;
    struct wall_time to;
    const char *agent; /* slug; lives with the interval's arena */
};

/* What a customer's calendar is made of, as it is stored; each may be NULL. */
struct engine_calendar_texts {
    const char *opening_hours; /* JSON object (gateway/rota/opening_hours.h) */
    const char *holidays;      /* slug of a set of the law's (gateway/rota/holidays.h) */
    const char *holidays_ics;  /* an iCalendar file of further ones */
};

/* Of a file's holidays those are known that lie so far around the moment at which it is read, which
 * is done again when less than that is left (directory_private.h). */
#define CALENDAR_BEHIND_MS (INT64_C(3) * 366 * 86400000)
#define CALENDAR_AHEAD_MS  (INT64_C(6) * 366 * 86400000)

struct engine_rotas {
    /* Whether the definition is well-formed, and the calendar (NULL: the customer has none) has
     * what it asks for. STATUS_INVALID with pointer and remedy. */
    enum status (*check)(void *context, const char *definition,
                         const struct engine_calendar *calendar, struct error *error);
    bool (*zone_is_known)(void *context, const char *zone);
    /* Reads a customer's calendar, once for all that asks it; of the file what lies within
     * [from, to). The calendar lives in the arena. STATUS_INVALID with a pointer into the customer
     * ("/opening_hours/weekly/0/from", "/holidays"; none for the file); STATUS_TOO_LARGE;
     * STATUS_NO_MEMORY. */
    enum status (*read_calendar)(void *context, const struct engine_calendar_texts *texts,
                                 struct wall_time from, struct wall_time to, struct arena *arena,
                                 const struct engine_calendar **calendar_r, struct error *error);
    /* Intervals of [from, to) in order, from the arena. STATUS_INVALID as check(), and when it asks
     * for a file's holidays at a time for which the file was not read. */
    enum status (*compile)(void *context, const char *definition,
                           const struct engine_calendar *calendar, const char *zone,
                           struct wall_time from, struct wall_time to, struct arena *arena,
                           struct engine_rota_interval **intervals_r, size_t *count_r,
                           struct error *error);
    /* The shifts that touch [from, to), each from its own start to its own end. Otherwise as
     * compile. */
    enum status (*shifts)(void *context, const char *definition,
                          const struct engine_calendar *calendar, const char *zone,
                          struct wall_time from, struct wall_time to, struct arena *arena,
                          struct engine_rota_interval **shifts_r, size_t *count_r,
                          struct error *error);
    /* The definition with one more override: the agent takes over from `from` to `to`. Text from
     * the arena. STATUS_TOO_LARGE: it has as many as it can have. */
    enum status (*replace)(void *context, const char *definition, struct wall_time from,
                           struct wall_time to, const char *agent, struct arena *arena,
                           const char **definition_r, struct error *error);
    /* Whether a customer of this zone is open at the moment, by its calendar, which has opening
     * hours. STATUS_INVALID, STATUS_NOT_FOUND and others when that cannot be told. */
    enum status (*is_open)(void *context, const struct engine_calendar *calendar, const char *zone,
                           struct wall_time at, bool *open_r, struct error *error);
    /* The first moment, `at` or later, at which it is open; WALL_NEVER: it does not open as far as
     * one looks. Otherwise as is_open(). */
    enum status (*next_opening)(void *context, const struct engine_calendar *calendar,
                                const char *zone, struct wall_time at, struct wall_time *opens_r,
                                struct error *error);
    /* Whether it is open, and until when: WALL_NEVER when it does not change in the time looked
     * ahead over (weeks while it is open, two years while it is closed). NULL: nobody can say. */
    enum status (*open_until)(void *context, const struct engine_calendar *calendar,
                              const char *zone, struct wall_time at, bool *open_r,
                              struct wall_time *until_r, struct error *error);
    /* What the customer's clock shows; the calendar (NULL: there is none) says whether holidays are
     * known, and which these days are. STATUS_NOT_FOUND and others when the zone cannot be read.
     * NULL: nobody can say. */
    enum status (*local_time)(void *context, const struct engine_calendar *calendar,
                              const char *zone, struct wall_time at, struct rules_clock *clock_r,
                              struct error *error);
    void *context;
};

#define ENGINE_SECRET_BYTES 32

struct engine_configuration {
    const char *database_path;
    const char *poison_path;             /* the mapped file; NULL: database_path + "-poison" */
    const char *vfs;                     /* NULL: the system's */
    uint8_t secret[ENGINE_SECRET_BYTES]; /* action tokens */
    const char *root_key;            /* "ak_…" with the admin role over all customers; or NULL */
    size_t calls_max;                /* telephone calls on the trunk at once; 0: 30 */
    int64_t reserve_bytes;           /* kept of the disk, in database_path + "-ballast"; 0: none */
    char boot_id[BOOT_ID_BYTES_MAX]; /* clock_boot_id(); tests may leave it empty */
    struct clock_source clock;
    struct random_source random;
    struct engine_dispatcher dispatcher;
    struct engine_rotas rotas;
    /* Ends the process when a commit is uncertain or a rollback impossible; must not return. NULL:
     * abort(). A test that goes on may only destroy the engine. */
    void (*die)(void *context);
    void *die_context;
};

/* Opens the database, recovers (attempts without an outcome go back to the outbox), loads the
 * directory; what made earlier runs abort is set aside by the first turn. No thread yet.
 * STATUS_REMOVED: it lacks what was committed to it last, and was left as it is. */
enum status engine_create(const struct engine_configuration *configuration,
                          struct engine **engine_r, struct error *error) MUST_CHECK;
/* What a start asks before it opens the database: STATUS_CORRUPT when it would begin a new one
 * where another was in use (store_check_place()). Changes nothing. */
enum status engine_check_place(const char *database_path, struct error *error) MUST_CHECK;
/* Keeps every engine away from a database while this process exchanges or reads its files.
 * STATUS_UNAVAILABLE: one runs. *lock_r is closed by the caller, which lets go. */
enum status engine_lock_out(const char *database_path, int *lock_r, struct error *error) MUST_CHECK;
/* Under such a lock: STATUS_REMOVED when the database lacks what was committed to it last, as
 * engine_create() would say. */
enum status engine_check_commits(const char *database_path, int lock,
                                 struct error *error) MUST_CHECK;
/* Under such a lock: the next start takes what it finds for what was committed last, as after an
 * exchange of the database. STATUS_IO. */
enum status engine_forget_commits(int lock, struct error *error) MUST_CHECK;

/* After engine_stop() and engine_join(), or without a thread. Commands still inside are answered
 * STATUS_STOPPING. */
void engine_destroy(struct engine **engine);

/* Starts the writer's thread and the watchdog's. */
enum status engine_start(struct engine *engine, struct error *error) MUST_CHECK;
/* Refuses new commands (STATUS_STOPPING), finishes those inside, lets the threads end; after
 * STOPPING_MS_MAX also when it could not finish. */
void engine_stop(struct engine *engine);
void engine_join(struct engine *engine);

/* Any thread. On STATUS_OK `complete` will be called once. STATUS_FULL: the lane has no room, or
 * new escalations would wait too long (NEW_WAIT_MS_AIM); STATUS_STOPPING; STATUS_CORRUPT,
 * STATUS_REMOVED: new escalations and forwarded calls are refused. On a full disk a new escalation
 * is answered STATUS_DISK_FULL; one that was taken before is answered from the record.
 */
enum status engine_post(struct engine *engine, struct command *command) MUST_CHECK;

/* Any thread. After how many seconds it is worth asking again for what met STATUS_FULL: as long as
 * the oldest new escalation has waited so far, which is about what is still before the last, and
 * one to three more, in turn, so that those refused together do not come back together. */
int engine_retry_after_s(struct engine *engine);

/* Any thread: what became of an effect. Never fails: its slot was reserved. The counters of the
 * credit are given back. */
void engine_outcome(struct engine *engine, int64_t customer_id, struct uuid escalation,
                    enum path path, const struct transport_request *outcome);

/* Any thread: the provider is down and this push will be late if it arrives at all. At most once
 * for each effect, before its engine_outcome(), which must say was_delayed. Never fails, likewise.
 */
void engine_delayed(struct engine *engine, int64_t customer_id, struct uuid escalation,
                    const struct transport_request *delay);

/* Any thread: an agent's calendar was fetched when this publication was his newest. Kept when the
 * writer can; when it cannot, the next fetch is as good. agent is a slug, and copied. */
void engine_calendar_fetched(struct engine *engine, int64_t customer_id, const char *agent,
                             struct uuid newest, struct wall_time at);

/* Any thread: keeps what the automatic coverage found of a customer in the place of what it found
 * before; the texts are copied. When the writer cannot, nothing is kept, and whoever computes finds
 * that it is due still. STATUS_NO_MEMORY, or of engine_post(). */
enum status engine_keep_coverage(struct engine *engine, int64_t customer_id,
                                 const struct coverage_report_request *report) MUST_CHECK;
/* Any thread: the news of that report went out. Kept when the writer can; otherwise they go out
 * once more. */
void engine_coverage_told(struct engine *engine, int64_t customer_id, struct wall_time computed_at);

/* Any thread: tells the desk of something that has no escalation; recorded when the writer can. At
 * most one of a kind every 60 s goes out; the log has all. kind is a static dotted word; detail has
 * no personal data. */
void engine_alarm(struct engine *engine, const char *kind, const char *detail);
/* Any thread: a search met damage in the index of tickets' words. An alarm, with its remedy. */
void engine_search_is_damaged(struct engine *engine);

/* The same for a kind that may concern several things: at most one of a kind about one of them
 * every 60 s ("push.down" about "apns"). about is copied. */
void engine_alarm_about(struct engine *engine, const char *kind, const char *about,
                        const char *detail);

/* One piece of work. Answers how long to wait for the next deadline (ms; 0: more is waiting). Never
 * from two threads at once. */
int64_t engine_turn(struct engine *engine);

/* Any thread. The newest published snapshot; release it soon. */
const struct directory *engine_directory_acquire(struct engine *engine);
void engine_directory_release(struct engine *engine, const struct directory *directory);

const struct engine_rotas *engine_rotas(const struct engine *engine);

/* Whether a text has the form of a root key; NULL is fine. STATUS_CONFIGURATION otherwise. */
enum status engine_check_root_key(const char *root_key, struct error *error) MUST_CHECK;

/* New root key (SIGHUP); NULL: none. Any thread. */
enum status engine_set_root_key(struct engine *engine, const char *root_key,
                                struct error *error) MUST_CHECK;

/* Any thread: called after each commit that wrote to journals, from the writer's thread; must not
 * block. One listener; set before engine_start(). */
void engine_on_commit(struct engine *engine, void (*listener)(void *context), void *context);

/* A copy of the counters. */
struct engine_statistics {
    struct engine_time now;
    uint64_t commands[COMMANDS_COUNT];
    uint64_t commits;
    uint64_t commands_failed;
    uint64_t escalations_opened;
    uint64_t deadlines_fired;
    int64_t lateness_ms_max;
    uint64_t lateness_buckets[8]; /* ≤1, ≤5, ≤10, ≤50, ≤100, ≤500, ≤1000 ms, more */
    uint64_t attempts_sent;
    uint64_t alarms;
    size_t lane_length[LANES_COUNT];
    size_t credits_push_used;
    size_t credits_callback_used;
    size_t calls_used;
    int64_t open_escalations;
    int64_t overdue_ms;     /* how far behind the oldest due row is, as the watchdog sees it */
    bool writer_stuck;      /* a turn has not ended for too long */
    bool deadlines_stalled; /* overdue, and for seconds none was met */
    /* How long ago: the watchdog looked; the newest probe that the writer answered, and that was
     * committed and read back by the watchdog, was posted. Meaningless before engine_start(). */
    int64_t watched_age_ms;
    int64_t answered_age_ms;
    int64_t proven_age_ms;
    bool proven;                /* a probe came back since the start */
    bool removed;               /* the database is not in its place: none is taken either */
    bool disk_full;             /* new escalations are refused; the reserve carries the open ones */
    int64_t reserve_bytes;      /* what is to be kept of the disk, */
    int64_t reserve_held_bytes; /* and what is kept */
    bool ready;                 /* accepts new escalations */
    const char *not_ready_why;  /* static text, or NULL */
};
void engine_statistics(struct engine *engine, struct engine_statistics *statistics_r);

/* Whether an earlier process died of a fault, within a day or just now: what leaves is better
 * carried in a way that shows whose the next one is. */
bool engine_is_wary(const struct engine *engine);
/* Whether it was set aside and to read it ended a process: it is not read any more, and the desk
 * was told. Any thread. */
bool engine_forbids_reading(const struct engine *engine, struct uuid escalation);
/* All of these, as store_forbid() wants them; they stay as they are. Answers how many. */
size_t engine_unreadable(const struct engine *engine, const struct uuid **escalations_r);

/* Engine time now; any thread. For views: wall = engine + (wall now - engine now). */
struct engine_time engine_now(struct engine *engine);

#endif
