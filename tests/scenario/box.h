/* box.h - a whole gateway in a box: the real engine and store on a disk in memory (disk.h), with a
 * clock that moves when it is told to, randomness from a seed, and in the place of the providers
 * and of the telephony layer a hand that decides what becomes of each attempt. One thread, one box
 * at a time, no sleep.
 */
#ifndef TESTS_SCENARIO_BOX_H
#define TESTS_SCENARIO_BOX_H

#include <setjmp.h>

#include "gateway/engine/engine.h"
#include "gateway/store/store.h"
#include "tests/scenario/disk.h"

#define BOX_SENT_MAX   65536
#define BOX_ALARMS_MAX 256

/* Wall clock of a box's beginning: Monday 2026-01-05 22:00 UTC. */
#define BOX_EPOCH_MS INT64_C(1767650400000)

/* What left the gateway. */
struct box_sent {
    struct uuid attempt;
    struct uuid escalation;
    int64_t customer_id;
    enum attempt_purpose purpose;
    enum path path;
    enum platform platform;
    enum severity severity;
    bool drill;
    int number;
    int64_t person_id;
    int64_t device_id;
    char person[SLUG_BYTES_MAX];
    char installation[SLUG_BYTES_MAX];
    char callback[SLUG_BYTES_MAX];
    char phone[PERSON_PHONE_BYTES_MAX]; /* what is dialled */
    char summary[32]; /* the beginning of what is said of the ticket; "" when nothing is */
    char token_accept[96];
    char token_decline[96];
    char token_received[96];
    int64_t at_ms; /* since the box's beginning, on the clock that never steps */
    int64_t expires_ms;
    bool delayed;  /* reported as such */
    bool keyed;    /* whoever was called pressed a key */
    bool pressed;  /* its button to accept was */
    bool resolved; /* its outcome was given back */
    bool dead;     /* handed over in a life that a crash took back or ended */
};

#define BOX_DATABASE "gateway.db"

#define BOX_POISONED_MAX 16
/* The file in which the gateway notes what it works on. */
#define BOX_POISON_BYTES 4096

/* An escalation that makes the gateway abort: each time it is worked on, or as it is sent, and
 * twice only: from then on it is not to be touched. */
struct box_poisoned {
    struct uuid escalation;
    int64_t customer_id;
    bool at_send;
    unsigned aborts;
};

/* A fault of the disk. */
struct box_fault {
    unsigned calls; /* which of DISK_… fail: a bit for each; 0: none */
    int rc;         /* SQLite's code */
    uint64_t after; /* so many of those calls succeed first */
    bool for_ever;  /* otherwise once */
};

struct box {
    struct engine *engine; /* NULL when it died by itself: box->crashed is set then */
    int poison_file;       /* a real file, in memory: whoever kills us leaves nothing behind */
    char poison[32];       /* by which the engine opens it */
    int64_t epoch_ms;      /* the wall clock at its beginning */
    int64_t wall_ms;
    int64_t boot_ms;
    int64_t suspended_ms;
    int64_t elapsed_ms; /* since the box's beginning */
    char boot_id[BOOT_ID_BYTES_MAX];
    size_t calls_max;
    int64_t reserve_bytes; /* kept of the disk for when it is full */
    uint64_t random;
    struct box_sent *sent;
    size_t sent_count;
    size_t resolved_below; /* everything below is resolved */
    /* Told of each effect before the rest of the turn goes on; decides what becomes of it. */
    enum status (*on_send)(void *context, struct box_sent *sent);
    void *context;
    /* Told of each alarm; NULL: nobody is. */
    void (*on_alarm)(void *context, const char *kind, const char *detail);
    char alarms[BOX_ALARMS_MAX][64];
    size_t alarms_count;
    /* A crash in the middle of a turn: at the countdown's end (clock, random source, sends and
     * calls of the disk count down) the disk is kept as a dying machine would leave it; what
     * happens after it in that turn never happened. */
    uint64_t crash_countdown;
    enum disk_loss crash_loss;
    bool crashed;
    struct box_fault fault;
    struct box_poisoned poisoned[BOX_POISONED_MAX];
    size_t poisoned_count;
    uint8_t *poison_page;                   /* the file as the engine maps it */
    uint8_t poison_after[BOX_POISON_BYTES]; /* and what a crash leaves of it */
    /* Told of each abort, before the process is gone. */
    void (*on_abort)(void *context, struct uuid escalation);
    /* The gateway refuses to start on what the disk has kept; must not return. NULL: the test ends
     * with a message. Afterwards the box may only be destroyed. */
    void (*on_no_start)(void *context, const char *why);
    uint64_t faults_fired; /* calls of the disk that were made to fail */
    uint64_t disk_random;  /* which writes are torn */
    jmp_buf died;
    unsigned lives;
    /* When the last turn left nothing to do, and for how long; 0: it did not. */
    int64_t rest_boot_ms;
    int64_t rest_wall_ms;
    int64_t rest_ms;
};

/* Formats the disk; no engine yet. Failures of the box itself end the process with a message. */
struct box *box_create(uint64_t seed);
void box_destroy(struct box **box);

/* From now on nothing can be planned for this escalation: its rows refuse it. False: the disk has
 * no room for that, and all is as it was. */
bool box_break(struct box *box, struct uuid escalation);

/* Before it is opened: when it begins on the wall clock. */
void box_begin_at(struct box *box, int64_t wall_ms);
/* From now on this escalation makes the gateway abort. */
void box_poison(struct box *box, int64_t customer_id, struct uuid escalation, bool at_send);

/* Opens the engine on the disk; when it cannot, time passes and it is tried again, as a supervisor
 * does. A fault of the disk that lasts is over after ten times. */
void box_open(struct box *box);
/* The process dies and is started again: what was not committed is gone, outcomes not given back
 * are lost; box->crash_loss says what becomes of what was not synced. After a crash inside a turn:
 * goes on from what the disk kept of it. No other connection may be open. */
void box_crash(struct box *box);
/* The same for the machine: the boot clock begins anew, the wall clock moved on by wall_ms. */
void box_reboot(struct box *box, int64_t wall_ms);
/* One turn; 0 after a crash. A commit that is uncertain ends the engine: box->crashed is set. */
int64_t box_turn(struct box *box);

/* Time passes on both clocks; nothing is run. */
void box_pass(struct box *box, int64_t ms);
/* Turns until nothing is left to do now; how long until the next deadline. Stops at a crash. When
 * the engine does not come to rest, as its disk fails, time passes. */
int64_t box_turns(struct box *box);
/* Gives back "expired" for everything whose time to be sent is over, as the dispatcher does. */
void box_expire(struct box *box);
/* Time passes, every deadline fires at its time, and box_expire() is done. Stops at a crash. */
void box_advance(struct box *box, int64_t ms);

/* What became of an attempt. */
void box_outcome(struct box *box, struct box_sent *sent, enum attempt_state transport,
                 const char *reason, bool device_gone);

/* The provider is down; its outcome comes later. At most once for each push. */
void box_delayed(struct box *box, struct box_sent *sent, const char *reason);

/* A command with an arena of its own; box_run() posts it and turns until it is answered (false: a
 * crash came before the answer: nobody knows; it may also come behind it). Free it with
 * box_free(). */
struct command *box_command(enum command_type type, int64_t customer_id);
bool box_run(struct box *box, struct command *command);
void box_free(struct command **command);

/* A random number below the limit, from the box's seed; not the engine's randomness. */
uint64_t box_draw(uint64_t *state, uint64_t limit);

void box_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
