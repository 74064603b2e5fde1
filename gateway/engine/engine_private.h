/* engine_private.h - the engine's parts and the one signature of its command handlers. */
#ifndef GATEWAY_ENGINE_ENGINE_PRIVATE_H
#define GATEWAY_ENGINE_ENGINE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "gateway/base/arena.h"
#include "gateway/base/queue.h"
#include "gateway/engine/directory_private.h"
#include "gateway/engine/engine.h"
#include "gateway/engine/notes.h"
#include "gateway/engine/people.h"
#include "gateway/store/ballast.h"
#include "gateway/store/store.h"
#include "gateway/store/store_installation.h"

#define ENGINE_MAGIC 0x454e4749u

/* Effects one transaction may set off; what does not fit stays planned and goes out with the next.
 */
#define EFFECTS_PER_TURN_MAX  1024
#define CALLS_IN_USE_MAX      512
#define CHANGED_CUSTOMERS_MAX 256
/* Registrations on one phone that are looked at: each may also be lent by a shared phone. */
#define PHONE_ROWS_MAX      (2 * REGISTRATIONS_OF_PHONE_MAX + 2)
#define PHONE_CUSTOMERS_MAX (2 * PHONE_ROWS_MAX)
/* Each command of a turn changes one customer at most, or those that one phone serves, and
 * housekeeping one more. */
#define DIRTY_CUSTOMERS_MAX        (2 * TURN_COMMANDS_MAX * PHONE_CUSTOMERS_MAX + 1)
#define PROCEDURES_CACHED_MAX      256
#define TASK_LIFE_MS               INT64_C(3600000)
#define IDEMPOTENCY_LIFE_MS        (INT64_C(24) * 3600000)
#define IDEMPOTENCY_PURGE_EVERY_MS INT64_C(600000)
#define CODE_LIFE_MS               (INT64_C(24) * 3600000)
#define OVERDUE_MS_MAX             INT64_C(1500)
#define CLOCK_SAVED_IDLE_EVERY_MS  INT64_C(60000)
#define DISK_PROBE_EVERY_MS        INT64_C(1000)
#define WAL_PAGES_MAX              1000
#define WAL_PAGES_WHEN_FULL        64

/* To the webhook, with all its warnings. */
#define ESCALATE_ANSWER_BYTES_MAX 49152

/* An attempt whose row says "handed over" in this transaction: sent after the commit. */
struct pending_effect {
    int64_t customer_id;
    struct uuid escalation_id;
    struct uuid ticket_id;
    bool drill;
    int64_t check_in_agent;
    struct attempt attempt;
};

/* A call that occupies the trunk until its outcome or its end. */
struct call_in_use {
    struct uuid attempt;
    struct engine_time until;
    bool earlier; /* it went out in an earlier life: it may ring, whether or not it goes again */
};

struct cached_procedure {
    int64_t customer_id;
    int64_t procedure_id;
    struct arena *arena;
    const struct procedure *procedure;
};

/* ---- engine time ---- */
struct engine_anchor {
    struct engine_time engine;
    struct monotonic_time boot;
};

/* ---- moves of the clocks (clock_watch.c) ---- */

/* Escalations of one customer that are told of a move in the same turn. */
#define CLOCK_PART_MAX 64

struct clock_part {
    struct uuid ids[CLOCK_PART_MAX];
    size_t count;
};

struct clock_move {
    bool suspended;   /* the machine slept; otherwise the wall was stepped */
    int64_t moved_ms; /* back: negative */
    struct engine_time noticed_at;
    /* How far the open escalations were listed. */
    int64_t customer_id; /* 0: none yet */
    struct uuid cursor;
    bool passed; /* all of that customer were */
};

#define CLOCK_MOVES_MAX 8

struct clock_watch {
    int64_t ahead_ms; /* the wall minus engine time, as it should be */
    struct engine_time followed_at;
    int64_t suspended_ms;
    struct clock_move moves[CLOCK_MOVES_MAX]; /* still to be told, oldest first */
    size_t moves_count;
    struct clock_part part; /* of the first move: listed, and not told yet */
};

/* ---- poison (poison.c) ---- */
struct poison;

/* ---- one turn's work (turn.c) ---- */

/* What a turn does of each kind, at least, when each command has a transaction of its own: a disk
 * that is slow at each makes nobody behind it wait for hundreds. */
#define ALONE_MIN 8

struct turn;
struct turn *turn_create(void);
/* Whether nothing was left for the next turn. */
bool turn_is_empty(const struct turn *turn);
/* One command that was left, or NULL; it is the caller's to complete. */
struct command *turn_take_left(struct turn *turn);

/* ---- what is to be looked at again (changes.c) ---- */

/* How far one customer's open escalations were told of a change. */
struct change_walk {
    int64_t customer_id;
    struct uuid cursor;
};

struct changes {
    struct change_walk walks[CHANGED_CUSTOMERS_MAX];
    size_t count;
    bool all; /* every customer behind last_of_all: at start, and when there were too many */
    int64_t last_of_all;
};

/* ---- outcomes that could not be written (again.c) ---- */

#define AGAIN_MAX     TURN_COMMANDS_MAX
#define AGAIN_WAIT_MS INT64_C(50)

struct again {
    struct command *commands[AGAIN_MAX];
    size_t count;
    size_t taken;
    struct engine_time at;
};

/* An escalation whose deadline or outbox row fails. */
struct failing {
    struct uuid escalation;
    int times;
    struct engine_time again_at; /* until then its deadline lets others go first */
};

/* All deadlines of a turn may fail at once. */
#define FAILING_MAX     256
#define FAILING_WAIT_MS INT64_C(1000)

/* ---- shifts that are to be checked in (check_in_watch.c) ---- */

#define WATCHED_CUSTOMERS_MAX 64

struct check_in_watch {
    int64_t customers[WATCHED_CUSTOMERS_MAX]; /* to be looked at: the last is at hand */
    size_t customers_count;
    size_t rota; /* of the customer at hand: where the look goes on */
    bool all;    /* every customer behind last_of_all: at start, and when somebody is due */
    int64_t last_of_all;
    struct wall_time next_at;    /* of those that were looked at: who is due first; or WALL_NEVER */
    struct engine_time again_at; /* something failed: not before */
};

/* When an alarm was last told. */
struct told_alarm {
    const char *kind; /* NULL: free */
    char about[96];
    int64_t told_ms;
    int64_t logged_ms;
    int64_t unsaid; /* of the same, since it was logged */
};

#define ALARMS_TOLD_MAX 64

/* ---- the watchdog's own (watchdog.c) ---- */
struct watchdog {
    struct store *reader; /* NULL: it cannot read */
    bool late;            /* when it looked last: something was overdue */
    uint64_t fired;       /* and how many deadlines had been met */
    int64_t moved_ms;     /* when that number changed, or something became overdue */
    int64_t counted_ms;
    int64_t suspended_ms;   /* for how long the machine had been, when that was looked at */
    int64_t judges_from_ms; /* after a suspend */
    bool unread;            /* in this look something could not be read */
    int64_t unread_logged_ms;
    int64_t unread_unsaid; /* since it was logged */
    /* A command of no effect that shows the way through the writer. */
    struct command probe;
    int64_t probed_ms; /* when it was posted; 0: not yet */
    _Atomic bool probe_inside;
};

/* ---- the watchdog's, once it looks (files_watch.c) ---- */
struct files_watch {
    bool watches;
    struct store_files files;
    int64_t looked_ms;
    int64_t told_ms;
};

/* ---- tickets that are indexed and erased (tickets_tend.c) ---- */

struct tickets_tending {
    struct engine_time index_at; /* not before */
    struct engine_time erase_at;
    int64_t customer_id; /* how far was walked; 0: a walk begins */
    size_t erasing;      /* which of the customer's steps is next; 0: that of the next customer */
    struct uuid after;
    int64_t never_closed; /* of the customer's tickets, in this walk */
    bool tells;           /* it is to be told of them */
    bool asked;           /* whether the index is unclean was looked up since the start */
    bool unclean;         /* erased words are still in it */
    bool cleaning;
    bool damaged; /* so it is left alone until it is rebuilt, with the engine stopped */
};

struct engine {
    unsigned magic;
    struct engine_configuration configuration;
    char *database_path;
    char *root_key;
    pthread_mutex_t root_key_lock;
    _Atomic bool root_key_changed;
    struct store *store;
    struct engine_anchor anchor;
    struct engine_time clock_saved_at;
    bool clock_unsaved; /* a step was told: it must not be noticed again */
    struct clock_watch clock_watch;
    bool rotas_looked_at; /* since the start (rota_watch.c) */
    struct notes *notes;
    struct poison *poison;
    struct uuid unreadable[SUSPECTS_MAX]; /* from the start on */
    size_t unreadable_count;

    /* mailbox */
    struct queue *lanes[LANES_COUNT];
    pthread_mutex_t wake_lock;
    pthread_cond_t wake_condition;
    bool woken;
    _Atomic bool sleeping;
    _Atomic bool stopping;
    _Atomic int64_t stop_by_ms; /* CLOCK_BOOTTIME; then the writer ends with what is left inside */

    /* a full disk (reserve.c) */
    struct ballast *ballast;
    _Atomic bool disk_full;
    _Atomic int64_t reserve_held_bytes;
    struct engine_time reserve_looks_at;
    bool reserve_regrows;     /* its file was removed, and is filled again */
    int64_t reserve_asked_ms; /* whether it was, on turn_began_ms' clock */

    _Atomic bool damaged; /* a read met damage; until the process ends */
    _Atomic bool removed; /* the database is not in its place (files_watch.c) */
    struct files_watch files_watch;

    /* how long new escalations wait (admission.c) */
    _Atomic size_t new_inside;    /* new escalations posted and not yet answered */
    _Atomic size_t new_pace;      /* done a second by turns that left some; 0: none does */
    int64_t new_noted_ms;         /* the writer's: when the pace was looked at */
    _Atomic int64_t new_since_ms; /* when the oldest new escalation in the turn came; 0: none */
    _Atomic unsigned refusals;    /* that were told when to come back */

    /* the directory: `current` is what the writer works with, `published` what others see */
    pthread_mutex_t directory_lock;
    struct directory *published;
    struct directory *current;
    bool directory_dirty;
    int64_t dirty_customers[DIRTY_CUSTOMERS_MAX];
    size_t dirty_customers_count;
    bool keys_dirty;
    struct shared_calendar *checked_calendar; /* of the last customer that was put, or NULL */

    /* customers whose open escalations are still to be told of a change */
    struct changes changes;
    struct check_in_watch check_in_watch;
    struct failing failing[FAILING_MAX];
    struct again again;

    /* the turn */
    struct arena *scratch;
    char answer_text[ESCALATE_ANSWER_BYTES_MAX]; /* of an escalation: too long to be cleared for
                                                    each */
    struct update *update;
    struct attempt *attempts; /* ATTEMPTS_LOADED_MAX */
    struct pending_effect *effects;
    size_t effects_count;
    struct attempt_row *outbox_rows;
    _Atomic bool outbox_waiting; /* planned rows may be there */
    bool journal_written;
    struct engine_time outbox_retry_at;
    struct engine_time tests_again_at; /* their rows failed: until then the outbox does without */
    struct turn *turn;
    struct engine_time purged_at;
    struct tickets_tending tending;
    struct cached_procedure procedures[PROCEDURES_CACHED_MAX];
    size_t procedures_count;

    /* credits */
    _Atomic size_t credits_push_used;
    _Atomic size_t credits_callback_used;
    struct call_in_use calls[CALLS_IN_USE_MAX];
    size_t calls_count;
    pthread_mutex_t calls_lock;

    /* threads */
    pthread_t thread;
    pthread_t watchdog_thread;
    bool started;
    _Atomic bool watchdog_stop;
    struct watchdog watchdog;
    _Atomic int64_t turn_began_ms;       /* CLOCK_BOOTTIME; 0 while idle */
    int64_t commit_took_ms;              /* the last one; of the writer's thread alone */
    _Atomic int64_t turn_began_awake_ms; /* the same by admission_now() */
    _Atomic int64_t overdue_ms;
    _Atomic int64_t open_escalations;
    _Atomic bool writer_stuck;
    _Atomic bool deadlines_stalled;
    _Atomic int64_t watched_ms;  /* the watchdog looked */
    _Atomic int64_t answered_ms; /* the newest probe that the writer answered was posted */
    _Atomic int64_t proven_ms;   /* the newest that was committed and read back */
    _Atomic bool proven_once;

    void (*commit_listener)(void *context);
    void *commit_context;

    pthread_mutex_t alarm_lock;
    struct told_alarm alarms_told[ALARMS_TOLD_MAX];

    pthread_mutex_t statistics_lock;
    struct engine_statistics statistics;
};

/* When the status says that the database is damaged: alarms, and takes no new escalations, whose
 * rows might be lost. What is open goes on as far as it can; ending the process would only meet the
 * damage again. */
void engine_note_damage(struct engine *engine, enum status status);

/* One handler for each command type: works inside the command's savepoint and fills
 * command->answer. Answers the status of the store (STATUS_OK when the savepoint is to be kept);
 * refusals are command->answer.status with STATUS_OK. */
typedef enum status command_handler(struct engine *engine, struct command *command,
                                    struct error *error);

command_handler command_escalate, command_forwarded_call, command_desk_verb, command_task_done,
    command_ticket_verb;
command_handler command_agent_verb, command_use_enrolment, command_put_device,
    command_delete_device, command_test_device, command_confirm_test, command_hear_device,
    command_check_in, command_check_out, command_pause, command_put_check_in_plan,
    command_delete_check_in_plan, command_shift_due, command_shift_withdrawn;
command_handler command_sign_in, command_sign_out, command_put_pin;
command_handler command_add_shared_phone, command_revoke_shared_phone;
command_handler command_call_outcome, command_transport_outcome, command_transport_delayed;
command_handler command_put_customer, command_put_holidays, command_put_person,
    command_put_procedure, command_put_rota, command_put_rules, command_add_enrolment,
    command_add_api_key, command_revoke_api_key, command_add_feed, command_revoke_feed;
command_handler command_publish, command_see_publication, command_fetch_publication;
command_handler command_keep_coverage, command_coverage_told;
command_handler command_deadline, command_context_changed, command_quarantine, command_alarm,
    command_clock_moved, command_probe;

/* By type (command_handlers.c). */
extern command_handler *const command_handlers[COMMANDS_COUNT];

/* ---- admission.c: how long new escalations wait ---- */

/* Whether one more is refused; else the command is stamped. Any thread. */
bool admission_is_closed(struct engine *engine, struct command *command);
/* The clock of waiting, which stands still while the machine is suspended. */
struct monotonic_time admission_now(const struct engine *engine);
/* The writer: a turn has answered so many, and whether those were all it found. */
void admission_note_turn(struct engine *engine, size_t done, bool all);
/* Whether the command waited to the end: it is answered then, and nothing is done. */
bool admission_expires(struct engine *engine, struct command *command);

/* ---- idempotency.c ---- */

/* Answers the command as an earlier request with the same key was answered, or refuses it when that
 * had another body. Of `asked` only whose key it is, the key (NULL: none) and the body's digest are
 * looked at. STATUS_NOT_FOUND: there was none. */
enum status idempotency_replay(struct engine *engine, struct command *command,
                               const struct idempotency_row *asked, struct error *error) MUST_CHECK;
/* Remembers the answer, unless it is a refusal. */
enum status idempotency_record(struct engine *engine, const struct command *command,
                               const struct idempotency_row *asked, struct error *error) MUST_CHECK;

/* ---- apply.c: one event of one escalation ---- */

struct applied {
    const struct update *update; /* valid until the next apply */
    const struct directory_customer *customer;
    bool erased; /* it was refused because its ticket is (answer: STATUS_CLOSED) */
};

/* What a new escalation brings besides its state. */
struct opening {
    struct ticket_row *ticket; /* gets its number */
    const struct caller_row *caller;
    const char *dedup_key;
};

/* Loads the escalation, takes the step, stores the update. STATUS_NOT_FOUND: no such escalation;
 * STATUS_INVALID: the event does not fit; STATUS_CONFIGURATION: the procedure that it began with
 * does not parse; STATUS_QUARANTINED. Nothing was written then. */
enum status apply_event(struct engine *engine, int64_t customer_id, struct uuid id,
                        struct event *event, struct applied *applied_r,
                        struct error *error) MUST_CHECK;

/* The same. What is on hold begins with the newest version of its procedure, or of this one instead
 * (a row of the directory's; 0: its own). */
enum status apply_event_by(struct engine *engine, int64_t customer_id, struct uuid id,
                           int64_t procedure_id, struct event *event, struct applied *applied_r,
                           struct error *error) MUST_CHECK;

/* The same for a new one. seed as escalation_step() wants it. */
enum status apply_opening(struct engine *engine, const struct escalation *seed,
                          const struct opening *opening, struct event *event,
                          struct applied *applied_r, struct error *error) MUST_CHECK;

/* Loads the escalation as an update that changes nothing: for answers from the record. */
enum status apply_nothing(struct engine *engine, int64_t customer_id, struct uuid id,
                          struct applied *applied_r, struct error *error) MUST_CHECK;

/* An event with the times and ids of now. */
struct event event_now(struct engine *engine, enum event_type type, struct wall_time wall);

/* ---- context.c ---- */

/* Resolves everybody the procedure may call on, from the writer's directory. All in the scratch
 * arena. */
enum status context_build(struct engine *engine, const struct directory_customer *customer,
                          const struct escalation *escalation, const struct event *event,
                          struct context *context_r, struct error *error) MUST_CHECK;

/* ---- standing.c ---- */

/* How agents stand when this event comes, read from the store where the event may ask them; it
 * lives as long as the engine does. */
struct people_standing standing_for(struct engine *engine, const struct procedure *procedure,
                                    const struct event *event);

/* ---- device_death.c ---- */

/* A provider has given up a phone: before it is retired. An alarm when its agent is checked in and
 * on call now, unless it registered again after `since`. */
enum status device_death_tell(struct engine *engine, int64_t customer_id, int64_t device_id,
                              struct wall_time since, struct error *error) MUST_CHECK;

/* ---- context.c, again ---- */

/* Adds when the customer opens next. */
void context_add_opening(struct engine *engine, const struct directory_customer *customer,
                         const struct event *event, struct context *context);

/* The row of the newest version of the procedure that this one is a version of; the customer's
 * default when it has none of the name, 0 when it has no default either. */
enum status context_newest_procedure(struct engine *engine,
                                     const struct directory_customer *customer,
                                     int64_t procedure_id, int64_t *newest_r,
                                     struct error *error) MUST_CHECK;

/* The first interval of an agent that ends after `at`, in any rota; NULL when there is none. */
const struct directory_interval *shift_of(const struct directory_customer *customer,
                                          int64_t agent_id, const char *role, struct wall_time at,
                                          const char **role_r);

/* ---- outbox.c ---- */

/* Takes a credit for an attempt; true when it may be handed over now. */
bool outbox_take_credit(struct engine *engine, const struct attempt *attempt,
                        struct engine_time now);
void outbox_give_credit(struct engine *engine, enum path path);
/* The trunk is free of this call. */
void outbox_call_ended(struct engine *engine, struct uuid attempt);
/* The same for one that did not leave after all: if it did in an earlier life, it stays. */
void outbox_call_unsent(struct engine *engine, struct uuid attempt);
/* Whether it occupies the trunk. */
bool outbox_has_call(struct engine *engine, struct uuid attempt);
/* At start: the calls of earlier lives, which the telephony layer may still have in its hands. */
enum status outbox_recover_calls(struct engine *engine, struct error *error) MUST_CHECK;
/* Nothing of the outbox can go out for a while. */
void outbox_wait(struct engine *engine, struct engine_time now);
/* Inside the transaction: hands planned rows over as far as credits reach. */
enum status outbox_pump(struct engine *engine, struct error *error) MUST_CHECK;
/* After the commit. */
void outbox_send(struct engine *engine);
/* Gives back what was taken since `mark` (a savepoint was rolled back). */
void outbox_forget(struct engine *engine, size_t mark);

/* ---- device_tests.c: test pushes to one phone ---- */

/* Plans one to a live device and hands it over when there is a credit. *allowed_at_r: WALL_NEVER,
 * or when the next may be asked for; then nothing was planned. */
enum status device_test_plan(struct engine *engine, int64_t customer_id,
                             const struct directory_device *device, int64_t agent_id,
                             enum test_asker asked_by, struct device_test_row *row_r,
                             struct wall_time *allowed_at_r, struct error *error) MUST_CHECK;
/* Transport outcomes and delays without an escalation. */
enum status device_test_outcome(struct engine *engine, const struct command *command,
                                struct error *error) MUST_CHECK;
enum status device_test_delayed(struct engine *engine, const struct command *command,
                                struct error *error) MUST_CHECK;
/* Inside the transaction: hands planned ones over as far as credits reach. */
enum status device_tests_pump(struct engine *engine, struct engine_time now, size_t *moved_r,
                              bool *left_r, struct error *error) MUST_CHECK;

/* ---- rota_place.c ---- */

/* The JSON pointer of the first place in a rota's definition (JSON text) where the agent stands;
 * "/layers" when it is not found. */
void rota_place_of_agent(const char *definition, const char *slug,
                         char pointer_r[ERROR_POINTER_BYTES_MAX]);

/* ---- answers.c ---- */

void answer_refuse(struct command *command, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* As answer_refuse(), with the JSON pointer of the fault, which the text then begins with. */
void answer_refuse_at(struct command *command, enum status status, const char *pointer,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
/* What failed inside as its asker is told: the gateway's fault, never theirs. */
enum status answer_failure(enum status status);
/* The refusal, when apply_event() could not read the procedure; false: it was something else. */
bool answer_unreadable(struct command *command, enum status status);
/* {"id","state","holder","members","offers","next"} of an escalation after its update. */
void answer_view(struct engine *engine, struct command *command, const struct applied *applied);
/* The same, and what the one who asked is by now: "you" is "holder", "member" or null. */
void answer_view_to(struct engine *engine, struct command *command, const struct applied *applied,
                    const struct person_ref *actor);
/* Status and members ("holder", "state") of a refused verb. */
void answer_refused_verb(struct engine *engine, struct command *command,
                         const struct applied *applied);
/* Copies a finished document into the command's arena. */
void answer_json(struct command *command, const char *json, size_t bytes);

/* The wall clock minus engine time, now. */
int64_t wall_of_engine_ms(const struct engine *engine);

/* ---- action_token.c ---- */

#define ACTION_TOKEN_BYTES_MAX 96

void action_token_make(const uint8_t secret[ENGINE_SECRET_BYTES], struct uuid attempt,
                       int64_t person_id, enum agent_verb verb,
                       char token_r[ACTION_TOKEN_BYTES_MAX]);
/* Takes a token apart; false when it does not have the form. Whether it is genuine, only
 * action_token_verify() says. */
bool action_token_parse(const char *token, struct uuid *attempt_r, enum agent_verb *verb_r);
bool action_token_verify(const uint8_t secret[ENGINE_SECRET_BYTES], const char *token,
                         int64_t person_id);

/* Whether the phone behind a device (0: none) went to somebody else: an action token that was sent
 * there is not its agent's any more (command_agent.c). */
bool device_was_handed_over(struct engine *engine, int64_t customer_id, int64_t device_id);

/* ---- poison.c ---- */

/* So many aborts condemn: the subject is refused, and an escalation set aside. */
#define ABORTS_TO_QUARANTINE 2

/* Accuses what ended the last process; the notes outlive it. Nobody is suspected before
 * poison_age(), which forgets those of long ago. */
enum status poison_open(struct notes *notes, struct poison **poison_r,
                        struct error *error) MUST_CHECK;
void poison_age(struct poison *poison, struct engine_time now);
void poison_close(struct poison **poison);
/* Whether somebody is suspected, or the last process died of a fault while its thread said nothing
 * of what it was at. */
bool poison_is_wary(const struct poison *poison);
/* This thread's burden (burden.h), until burden_drop(). subject: the escalation, or what stands for
 * a request or a push of none; nil accuses nobody. */
void poison_begin(int64_t customer_id, struct uuid subject);
/* How often working on it ended the process, within the last day before the start. */
int64_t poison_aborts(struct poison *poison, struct uuid subject);
/* Whether working on it for this customer (0: not known yet) is refused. To another customer than
 * its own it does not exist, which their own rows say. */
bool poison_condemns(struct poison *poison, int64_t customer_id, struct uuid subject);
/* Of the condemned those that ended the process when they were only read; answers how many. */
size_t poison_list_unreadable(const struct poison *poison, struct uuid subjects_r[SUSPECTS_MAX]);
/* Whose it is, when that was not known at its aborts. */
void poison_belongs_to(struct poison *poison, struct uuid subject, int64_t customer_id);
/* It went well this time. */
void poison_forgive(struct poison *poison, struct uuid subject);
/* The condemned one by one; *cursor is 0 at first. False when there is no other. */
bool poison_next_condemned(struct poison *poison, size_t *cursor, int64_t *customer_id_r,
                           struct uuid *subject_r);

/* ---- changes.c ---- */

/* The open escalations of a customer, or of all, are to be told that people changed. */
void changes_add(struct engine *engine, int64_t customer_id);
void changes_add_all(struct engine *engine);
bool changes_pending(const struct engine *engine);
/* The next open escalations to tell, all of one customer; *count_r 0: none now. */
enum status changes_next(struct engine *engine, size_t most, int64_t *customer_id_r,
                         struct uuid *ids_r, size_t *count_r, struct error *error) MUST_CHECK;
/* Those of the customer behind this one were listed and not told: they are still to be. */
void changes_left(struct engine *engine, int64_t customer_id, struct uuid told);
bool again_is_for(enum command_type type);
/* Meanwhile outcomes stay in their lane, where they have slots: there is room for all that fail. */
bool again_is_waiting(const struct engine *engine);
/* Keeps an outcome that could not be written but may be later; false: it is done with. */
bool again_keep(struct engine *engine, struct command *command);
/* One of them, when it is time for the next try (or whenever it is); NULL: none. */
struct command *again_take(struct engine *engine, bool whenever);
int64_t again_limit_wait(const struct engine *engine, int64_t wait_ms);

/* A failure as it is to be judged: the scratch memory has an end of its own, and what reaches it
 * reaches it again (STATUS_TOO_LARGE), other than when the machine has no memory left. */
enum status lasting_status(const struct engine *engine, enum status status);
/* What another try may mend accuses nobody. */
bool is_passing(enum status status);
/* Whether its deadline failed just now: it waits a while, so that those behind it are met. */
bool failed_lately(struct engine *engine, struct uuid escalation);
/* Counts a failure of the engine's own work on an escalation; the third sets it aside. */
void blame(struct engine *engine, int64_t customer_id, struct uuid escalation, enum status status);
void quarantine_post(struct engine *engine, int64_t customer_id, struct uuid escalation);

/* ---- reserve.c: a full disk ---- */

enum status reserve_open(struct engine *engine, struct error *error) MUST_CHECK;
/* Takes as much of the ballast as there is room for, at the start. */
void reserve_fill(struct engine *engine);
/* Something found no room: new escalations are refused from now on. */
void reserve_disk_is_full(struct engine *engine);
/* Gives a piece of the ballast to the disk. False: it is used up. */
bool reserve_draw(struct engine *engine);
/* For what the engine does without a command, the outbox and the log: when the status says that it
 * found no room, new ones are refused and a piece is given. False: nothing changed for it. */
bool reserve_make_room(struct engine *engine, enum status status);
/* Something that serves the open escalations found no room even so: tells the desk. */
void reserve_is_used_up(struct engine *engine);
/* Whether a command serves the open escalations and may draw on the reserve. */
bool reserve_serves(enum command_type type);
/* Whether a command is refused for now, and the answer that says so. */
bool reserve_refuses(const struct engine *engine, enum command_type type);
void reserve_refuse(struct command *command);
/* Between transactions: looks for room again. Answers when it wants to look next, in ms. */
int64_t reserve_tend(struct engine *engine);

/* ---- housekeeping.c ---- */

/* Each turn, before its transaction. */
void housekeeping(struct engine *engine);

/* Neither yes nor no can be answered: stop, restart, recover (turn.c). */
_Noreturn void engine_end_process(const struct engine *engine, const char *event,
                                  const struct error *error);

/* ---- tickets_tend.c: what tickets need from time alone ---- */

/* Between transactions: indexes and erases a few, when it is time. began: of the turn. busy: the
 * writer has other work. Answers when it wants to look next, in ms. */
int64_t tickets_tend(struct engine *engine, struct engine_time began, bool busy);

/* ---- retention.c: what retention reaches besides closed tickets ---- */

/* One step in a transaction that is open, at the customer of engine->tending. *left_r: there is
 * more to do of this kind. */
typedef enum status tending_step(struct engine *engine, bool *left_r, struct error *error);
tending_step retention_look_at_idle, retention_erase_notes;
/* So long ago, by the clock that is behind: one that was set forward by mistake must not erase
 * anything. */
struct wall_time retention_before(struct engine *engine, int64_t days);
/* Behind the commit: tells of tickets that are never closed, when it is time. */
void retention_tell(struct engine *engine);

/* ---- clock_watch.c ---- */

/* From now on the wall should be ahead_ms before engine time. */
void clock_watch_begin(struct engine *engine, int64_t ahead_ms);
/* Each turn, before anything is done. */
void clock_watch_look(struct engine *engine);
bool clock_watch_is_telling(const struct engine *engine);
/* The open escalations to tell of a move next, all of move_r's customer; none: none now. The same
 * again until they were told. */
enum status clock_watch_next(struct engine *engine, struct clock_part *part_r,
                             struct clock_move *move_r, struct error *error) MUST_CHECK;
/* That is committed. */
void clock_watch_told(struct engine *engine, struct uuid escalation);

/* ---- files_watch.c: the database under its name ---- */

/* What is open just now is what has to be there. */
void files_watch_begin(struct engine *engine);
/* Each look of the watchdog. */
void files_watch_look(struct engine *engine);

/* ---- team.c: who works on an escalation beside its holder, or is asked to ---- */

/* Adds to a context how the team is reached, and the shifts of its holder and of who may become
 * one. Into the scratch arena. */
enum status team_resolve(struct engine *engine, const struct directory_customer *customer,
                         const struct escalation *escalation, const struct event *event,
                         struct context *context, struct error *error) MUST_CHECK;
/* Whether an agent is on call for any role of the customer. */
bool team_is_on_call(const struct directory_customer *customer, int64_t agent_id,
                     struct wall_time at);
/* Names whom an offer is for, by slug. STATUS_INVALID: the command is answered, the fault is at the
 * JSON pointer ("/agent"). */
enum status team_offer_to(struct engine *engine, struct command *command, const char *agent,
                          const char *pointer, struct event *event) MUST_CHECK;

/* ---- rota_watch.c: rotas that do not compile; the writer's ---- */

/* Alarms of those that do not in what was just published, and did `before` (NULL: nothing was
 * published before), or did not for another reason. */
void rota_watch_look(struct engine *engine, const struct directory *before);
/* Each turn; after a start it looks at all. */
void rota_watch_begin(struct engine *engine);

/* ---- check_in_watch.c: whose reminder is due ---- */

/* At start, and when the wall was set: everybody is looked at. */
void check_in_watch_begin(struct engine *engine);
/* A customer's people or rotas changed. 0: nobody's. */
void check_in_watch_customer(struct engine *engine, int64_t customer_id);
/* Each turn, between transactions: a bounded look. Posts COMMAND_SHIFT_DUE and
 * COMMAND_SHIFT_WITHDRAWN for what it finds. */
void check_in_watch_look(struct engine *engine);
/* The sleep, cut to when the look goes on or somebody is due. */
int64_t check_in_watch_limit_wait(struct engine *engine, int64_t wait_ms);

/* ---- command_check_in.c: what a shift's check-in becomes ---- */

/* The shift of an agent that begins at this moment; NULL: the rota has none. */
const struct directory_interval *check_in_shift(const struct directory_rota *rota, int64_t agent_id,
                                                struct wall_time from);
/* Whether its reminder is due by the plan. */
bool check_in_is_due(const struct directory_rota *rota, const struct directory_interval *shift,
                     struct wall_time now);
/* Whether the rota gives an agent back what it took away while they were asked for it, or what
 * somebody else took, or the wall was set back into a shift that had passed unseen: it is judged
 * again, unless it is over. */
bool check_in_is_owed_anew(const struct check_in_duty_row *duty,
                           const struct directory_interval *shift, struct wall_time now);
/* Writes into a rota that is about to be put whoever took a shift of it, for what is left of that,
 * where its agent would have it back. What cannot be written is left out: its agent is asked again.
 * Into the scratch arena. */
enum status check_in_keep_replacements(struct engine *engine,
                                       const struct directory_customer *customer, const char *rota,
                                       struct wall_time now, const char **definition,
                                       struct error *error);
/* Whether a shift that was judged is still the agent's, as far as the rota can say. */
bool check_in_duty_stands(const struct directory_customer *customer,
                          const struct check_in_duty_row *duty, struct wall_time now);
/* Inside a transaction: a test push was heard. When it was a check-in's, that is complete, and so
 * are the agent's shifts that miss it. */
enum status check_in_heard(struct engine *engine, const struct device_test_row *test,
                           struct wall_time at, struct error *error) MUST_CHECK;
/* Inside a transaction, after each event of an escalation: when somebody's answer settles a
 * check-in, it is ended, and who takes the shift gets it. applied_r is of the last event then. */
enum status check_in_answered(struct engine *engine, const struct event *event,
                              struct applied *applied_r, struct error *error) MUST_CHECK;
/* Whether "done" is refused to the agent whose check-in it is, as it is not complete. */
enum status check_in_forbids_done(struct engine *engine, int64_t customer_id,
                                  struct uuid escalation, int64_t agent_id, bool *forbids_r,
                                  struct error *error) MUST_CHECK;

/* ---- the rest ---- */

struct engine_time engine_time_at(const struct engine *engine, struct monotonic_time boot);
enum status engine_clock_open(struct engine *engine, struct error *error) MUST_CHECK;
enum status engine_clock_save(struct engine *engine, struct error *error) MUST_CHECK;
void engine_wake(struct engine *engine);
/* A command that frees itself when it is completed, for the engine to post. Without memory for it
 * the process ends. */
struct command *own_command(enum command_type type, int64_t customer_id, struct uuid escalation,
                            struct wall_time at);
/* Its `complete`, and for one that was not posted. */
void own_command_free(struct command *command);
/* Marks a customer's snapshot (0: only the keys) as to be rebuilt before the commit. */
void engine_customer_changed(struct engine *engine, int64_t customer_id, bool people_changed);
/* Rebuilds a customer's snapshot (0: only the keys) now, inside the transaction. */
enum status engine_reload_customer(struct engine *engine, int64_t customer_id,
                                   struct error *error) MUST_CHECK;
/* Rebuilds what is dirty, inside the transaction. */
enum status engine_refresh_directory(struct engine *engine, struct error *error) MUST_CHECK;
/* Opens and closes the watchdog's reader; one look; the thread that looks again and again. */
void watchdog_open(struct engine *engine);
void watchdog_look(struct engine *engine);
void watchdog_close(struct engine *engine);
void *watchdog_run(void *engine);
/* A deadline was met, so much late; once that is committed. */
void count_met(struct engine *engine, int64_t late_ms);
void engine_alarm_overdue(struct engine *engine, int64_t late_ms);

#endif
