/* oracle_private.h - what the oracle remembers. */
#ifndef TESTS_SIMULATOR_ORACLE_PRIVATE_H
#define TESTS_SIMULATOR_ORACLE_PRIVATE_H

#include <sqlite3.h>

#include "gateway/base/digest.h"
#include "tests/simulator/oracle.h"

#define RECORDS_MAX     4096
#define RECORD_SLOTS    16384 /* powers of two */
#define DEPARTURE_SLOTS 262144
#define CUSTOMERS_MAX   16
#define TOUCHED_MAX     1024
#define WAITING_MAX     256
#define RESOLVED_MAX    1024
#define DUTIES_MAX      64

/* As the schema numbers them. */
enum { NOTIFYING, WAITING, ACCEPTED, OVERDUE, EXHAUSTED, TAKEN, CANCELLING, CANCELLED, DONE };
enum {
    SAID_OPENED = 0,
    SAID_JOINED = 1,
    SAID_SPLIT = 2,
    SAID_STEP_STARTED = 3,
    SAID_STEP_ENDED = 5,
    SAID_ROUND_ENDED = 6,
    SAID_EXHAUSTED = 7,
    SAID_ACCEPTED = 16,
    SAID_OVERDUE = 20,
    SAID_HANDED_BACK = 21,
    SAID_RESUMED = 22,
    SAID_TAKEN = 23,
    SAID_DONE = 24,
    SAID_CANCELLED = 25,
    SAID_CANCEL_CONFIRMED = 26,
    SAID_SEVERITY = 27,
    SAID_QUARANTINED = 34,
};

struct journal {
    int64_t customer_id;
    int64_t seq;
    struct digest chain;
};

/* An escalation, as its timeline tells it. */
struct record {
    struct uuid id;
    int customer; /* numbered as their rows, from 0 */
    int64_t first_seen_ms;
    bool promised;       /* the gateway said yes to somebody */
    int64_t told_person; /* who was told, since the last look, that they hold it; 0: nobody */
    bool open;
    bool touched;
    bool held;
    bool ended;     /* done or cancelled, says the timeline */
    bool restarted; /* the next step may be any */
    bool round_over;
    unsigned aborts;    /* the gateway aborted while it worked on this one */
    bool excused;       /* and had a broken disk or no memory when it was to set it aside */
    unsigned set_aside; /* so often, says the timeline: once */
    bool set_aside_told;
    int64_t set_aside_since;
    int64_t round;
    int64_t step;
    int64_t step_started;
    int64_t round_started;
    int64_t round_ended;
    int64_t overdue_since;
};

/* What was answered to a key of the webhook. */
struct answer_given {
    unsigned key; /* 0: none */
    uint64_t words;
};

struct departure {
    struct uuid attempt; /* nil: free */
    struct uuid escalation;
    int64_t person_id;
    int64_t device_id;
    int path;
    int purpose;
    unsigned life;
};

/* Whether an agent is on duty, as they were told. */
struct duty {
    int64_t customer_id;
    int64_t agent_id;
    bool known;
    char with[SLUG_BYTES_MAX]; /* the installation; "": they are not */
};

/* A customer's first rota. */
struct seen_rota {
    int64_t changed_at;
    int64_t since; /* engine time */
};

struct waiting {
    struct uuid attempt;
    int64_t since_ms;
};

enum question {
    ASK_JOURNAL,
    ASK_ENTRY,
    ASK_ROW,
    ASK_OPEN,
    ASK_DUE,
    ASK_NEXT_DUE,
    ASK_OUTBOX,
    ASK_ON_THE_WAY,
    ASK_ATTEMPT,
    ASK_HOLDER,
    ASK_PROCEDURE,
    ASK_TOLD,
    ASK_DUTY,
    ASK_TEST,
    ASK_ON_CALL,
    QUESTIONS_COUNT
};

struct oracle {
    sqlite3 *database;
    sqlite3_stmt *questions[QUESTIONS_COUNT];
    struct record *records;
    size_t records_count;
    uint32_t *record_slots; /* index + 1; 0: free */
    struct answer_given *answers;
    struct departure *departures;
    struct journal journals[CUSTOMERS_MAX];
    size_t journals_count;
    uint32_t touched[TOUCHED_MAX];
    size_t touched_count;
    struct waiting waiting[WAITING_MAX];
    size_t waiting_count;
    struct uuid resolved[RESOLVED_MAX];
    size_t resolved_count;
    size_t told_count;
    struct duty duties[DUTIES_MAX];
    size_t duties_count;
    struct uuid test; /* the last one of a phone that was answered; nil: none */
    bool test_confirmed;
    struct seen_rota rotas[CUSTOMERS];
    bool poisoned; /* something aborted the gateway twice */
    uint64_t looks;
    uint64_t changes; /* of the disk, at the last look; the same number: the same rows */
    int64_t next_due; /* engine time; INT64_MAX: nothing is */
    int64_t elapsed_ms;
    int64_t now;              /* engine time of the last look */
    int64_t disturbed_engine; /* what began before may be late */
    bool disturbed;
    bool offset_known;
    int64_t offset; /* engine time minus the time that passed */
    char fault[ORACLE_FAULT_BYTES];
};

void find_fault(struct oracle *oracle, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* One of the statements, reset; step it, then ask again or leave it. */
sqlite3_stmt *question(struct oracle *oracle, enum question which);
void answered(sqlite3_stmt *statement);
void bind_uuid(sqlite3_stmt *statement, int index, struct uuid id);
struct uuid column_uuid(sqlite3_stmt *statement, int index);
const char *id_text(struct uuid id);

/* The record of an escalation; made when there is none yet. */
struct record *record_of(struct oracle *oracle, struct uuid id, int64_t customer_id);

/* ---- oracle_answers.c ---- */
void look_at_answers(struct oracle *oracle);

/* ---- oracle_rota.c ---- */
/* Whoever is alerted first is on call then. */
void check_on_call(struct oracle *oracle, const struct box_sent *sent);

/* ---- oracle_journal.c ---- */
void look_at_journals(struct oracle *oracle);
void look_for_lost_entries(struct oracle *oracle);

#endif
