/* oracle_private.h - what the oracle remembers. */
#ifndef TESTS_SIMULATOR_ORACLE_PRIVATE_H
#define TESTS_SIMULATOR_ORACLE_PRIVATE_H

#include <sqlite3.h>

#include "gateway/base/digest.h"
#include "tests/simulator/oracle.h"

#define RECORDS_MAX      4096
#define RECORD_SLOTS     16384 /* powers of two */
#define DEPARTURE_SLOTS  262144
#define CUSTOMERS_MAX    16
#define TOUCHED_MAX      1024
#define WAITING_MAX      256
#define RESOLVED_MAX     1024
#define RINGING_MAX      1024
#define DUTIES_MAX       64
#define MEMBERS_SEEN_MAX 16
#define PEOPLE_MAX       16
#define PLANNED_MAX      320
#define AGREED_MAX       1024
#define EVERY_CUSTOMER   (-1)
#define ALARM_KINDS_MAX  32
/* What the gateway owes when a disturbance is over is done so long after it. */
#define RECOVERY_MS_MAX 1000
/* The word that something was set aside may take so long, and as long again in each later life. */
#define SET_ASIDE_MS INT64_C(3600000)

/* As the schema numbers them. */
enum { NOTIFYING, WAITING, ACCEPTED, OVERDUE, EXHAUSTED, TAKEN, CANCELLING, CANCELLED, DONE };
enum {
    SAID_OPENED = 0,
    SAID_JOINED = 1,
    SAID_SPLIT = 2,
    SAID_STEP_STARTED = 3,
    SAID_PERSON_SKIPPED = 4,
    SAID_STEP_ENDED = 5,
    SAID_ROUND_ENDED = 6,
    SAID_EXHAUSTED = 7,
    SAID_ATTEMPT_PLANNED = 8,
    SAID_ATTEMPT_ACCEPTED = 9,
    SAID_ATTEMPT_FAILED = 10,
    SAID_ATTEMPT_EXPIRED = 11,
    SAID_ATTEMPT_UNCERTAIN = 12,
    SAID_RECEIVED = 13,
    SAID_SEEN = 14,
    SAID_CALL_PROGRESS = 15,
    SAID_ACCEPTED = 16,
    SAID_DECLINED = 17,
    SAID_PROGRESS = 18,
    SAID_EXTENDED = 19,
    SAID_OVERDUE = 20,
    SAID_HANDED_BACK = 21,
    SAID_RESUMED = 22,
    SAID_TAKEN = 23,
    SAID_DONE = 24,
    SAID_CANCELLED = 25,
    SAID_CANCEL_CONFIRMED = 26,
    SAID_SEVERITY = 27,
    SAID_TASK = 29,
    SAID_CALLED_BACK = 31,
    SAID_LATE = 32,
    SAID_QUARANTINED = 34,
    SAID_CLOCK_STEPPED = 37,
    SAID_CALLED_TOO = 46,
    SAID_BACKED_UP = 47,
    SAID_OFFERED = 48,
    SAID_OFFER_ENDED = 49,
    SAID_HANDED_OVER = 50,
    SAID_MEMBER_JOINED = 51,
    SAID_MEMBER_LEFT = 52,
    SAID_TEAM_SOUGHT = 53,
    SAID_TEAM_COMPLETE = 54,
    SAID_TEAM_SHORT = 55,
};
enum { TO_ALERT, TO_UPDATE, TO_CALL_HOLDER, TO_WITHDRAW, TO_TELL_CANCELLED, TO_TELL_EXHAUSTED };
enum {
    TO_TELL_FRUITLESS = 6,
    TO_TELL_TASK = 7,
    TO_TELL_SET_ASIDE = 8,
    TO_OFFER = 10,
    TO_TELL_TEAM = 11
};
enum { TO_HOLD, TO_JOIN };                        /* what is offered */
enum { BY_DESK, BY_HOLDER, BY_SHIFT, BY_BACKUP }; /* for whom */
enum { BY_PUSH, BY_CALL, BY_CALLBACK };
enum { KEPT = 3, SPLIT_OFF = 4 }; /* of a promise */
/* Bits of what a step goes through. */
enum { VIA_PUSHES = 1, VIA_CALLS = 2 };
enum { NO_PERSON, AN_AGENT, A_CONTACT, AN_OPERATOR };

struct journal {
    int64_t customer_id;
    int64_t seq;
    struct digest chain;
};

struct somebody {
    int kind;
    int64_t id;
};

/* What an escalation's procedure says, in milliseconds; 0: nothing. */
struct agreed {
    int64_t accepted_within;
    int64_t received_within;
    int64_t round_spacing;
    int64_t holder_silent;
    int64_t progress_within;
    int64_t promise_warning;
    int64_t exhausted_every;
    int64_t rounds;
    int64_t steps;
    int64_t ends; /* whom nobody's being reached is told to */
    unsigned via; /* of the step */
    bool doubtful_calls_too;
    int64_t offer_within;
    int64_t acceptances; /* of the step */
};

/* One entry of a timeline. */
struct said {
    int kind;
    int64_t seq;
    int64_t at;      /* engine time */
    int64_t wall_at; /* of the wall clock */
    int64_t round;
    int64_t step;
    int64_t number;
    struct somebody person;
    struct somebody other;
    struct uuid attempt; /* nil: it is about none */
    char word[64];
};

struct offered {
    struct somebody who;
    int role;
    int origin;    /* BY_... */
    int64_t since; /* engine time */
    int64_t until; /* who is asked beside somebody has the same, and nobody else */
};

/* Whoever may be asked beside who is asked by name. */
struct beside {
    struct somebody who;
    bool sure; /* they are to be */
};

/* Somebody was asked by name just now, and what comes next may be the backup's part. */
struct asking {
    bool begun; /* and nothing else was said since */
    struct offered named;
    bool may_be_backed_up; /* else they are neither busy nor paused */
    bool owes_backup;      /* they are, for sure */
    bool known;            /* the rota of those in reserve was not being changed just then */
    struct beside backup[PEOPLE_MAX];
    size_t count;
    size_t next; /* of them */
    bool told;   /* why they are asked */
    struct somebody asked_last;
};

struct member_seen {
    struct somebody who;
    int64_t eta_wall; /* 0: none was announced */
    int64_t since;    /* on the wall clock */
};

/* Who is to be reached, each once. */
struct people {
    bool known; /* nobody was changing it just then */
    size_t count;
    struct somebody who[PEOPLE_MAX];
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
    bool lost;       /* by a holder, when it was let go last; else it was begun again */
    bool taken;      /* by an operator: nobody is watched for a sign of life */
    bool ended;      /* done or cancelled, says the timeline */
    bool over;       /* and nobody is told any more */
    bool running;    /* a step is */
    bool announcing; /* nobody was reached, and nothing has come of it yet */
    bool cancelling; /* the holder is told until they confirm */
    bool received;   /* this step's alert is on a telephone */
    enum { GO_ON, FROM_TOP, RESUMED } restart; /* which step may come next */
    bool round_over;
    int severity;
    struct somebody holder;      /* also of what is done; NO_PERSON: nobody ever did */
    struct somebody passed_over; /* who let it go last: not asked in what is left of the round */
    struct somebody aside[PEOPLE_MAX]; /* who declined in this round */
    size_t aside_count;
    struct people gave_back; /* who let it go in this round, or left it: with a key that is a no */
    struct somebody doubted[PEOPLE_MAX]; /* who is called in this step of pushes, for doubt */
    size_t doubted_count;
    bool backed_up; /* others are asked beside somebody of this step */
    struct member_seen members[MEMBERS_SEEN_MAX]; /* at work */
    size_t members_count;
    struct somebody finished[MEMBERS_SEEN_MAX]; /* who were, and are done */
    size_t finished_count;
    struct member_seen before;     /* who held it before the holder */
    struct somebody passed_before; /* who was passed over when it was handed over */
    struct offered offers[MEMBERS_SEEN_MAX];
    size_t offers_count;
    bool has_team;          /* or had one */
    bool seeking;           /* more than who holds it are asked for */
    struct somebody let_go; /* who was passed over when it was accepted: asked again, if at all */
    bool ran_step;          /* when somebody accepted: its others are asked already */
    bool seeks_from_top;    /* from the first step on, which has not begun yet */
    int64_t wanted;         /* so many, as long as somebody holds it; 1 once fewer were found */
    bool owes_search;       /* more are wanted than came, and they are not sought yet */
    bool owes_team_task;    /* fewer are there, and the desk has no task yet */
    unsigned owed_offer_tasks; /* offers came to nothing, and the desk has no task yet */
    struct asking asking;
    int64_t accepted_until;    /* the end of the asking that was accepted last; 0: of none */
    int64_t replaced_until;    /* of the one that gave way to another, which is not begun yet; 0 */
    struct somebody replaced;  /* whose offer did; NO_PERSON: they have the other one */
    int64_t taken_before;      /* of one that is over as whoever is done leaves it to somebody; 0 */
    bool nobody_else_may_hold; /* somebody took it, or took it over, since an asking began */
    unsigned tasks;            /* for the desk */
    unsigned tasks_told;
    bool broken;        /* its rows fail */
    bool owes_step;     /* the wall clock was set, and its timeline does not say so yet */
    unsigned aborts;    /* the gateway aborted while it worked on this one */
    unsigned set_aside; /* so often, says the timeline: once */
    bool set_aside_told;
    bool alarm_told; /* that it was */
    int64_t set_aside_since;
    int64_t round;
    int64_t step;
    int64_t position; /* counts the steps that were started */
    int64_t step_started;
    int64_t round_started;
    int64_t round_ended;
    int64_t overdue_since;
    int64_t progress_since; /* of whoever holds it: the last sign of life */
    int64_t eta;            /* announced with it, in ms */
    int64_t held_wall;      /* on the wall clock, as these are */
    int64_t eta_wall;       /* 0: none was announced */
    int64_t over_wall;
    int64_t
        promised_until[CALLERS_MAX]; /* until when, in engine time; 0: nothing, or not any more */
    int64_t promises[CALLERS_MAX];   /* to the callers in their order, in ms; 0: none */
    int callers;
    int64_t noticed; /* engine time of the last word to its holder that it is cancelled */
    unsigned notices;
    int64_t announced; /* engine time of the last one */
    unsigned announcements;
    int64_t exhausted_ms; /* by the clock that never steps, as is asked_ms */
    int64_t asked_ms;     /* when last left what may make a person take it, or one said no */
    int64_t shift_agent;  /* whose check-in it asks for; 0: it is a caller's */
    int64_t shift_from;   /* on the wall clock, as when it was asked: */
    int64_t asked_wall;
    bool withdrawn; /* the gateway itself ended it: the shift is not theirs any more */
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
    bool pause_known;
    int64_t pause_until; /* engine time; 0: they do not pause */
    bool known;
    char with[SLUG_BYTES_MAX]; /* the installation; "": they are not */
    int64_t present_wall;      /* when they last may have taken up a shift; 0: never */
};

/* The last phone that proved a shift which was taken up with it goes: that is asked for anew. */
struct lapse {
    int64_t customer_id; /* 0: none */
    int64_t device_id;
    int64_t agent_id;
    int64_t from;
    int64_t taken_up_wall;
    int64_t since_ms;
    bool gone; /* the gateway has retired it */
};

/* An attempt, as its row has it. */
struct planned {
    struct uuid id;
    int severity;
    int purpose;
    int path;
    struct somebody person;
    int64_t device_id;
    int64_t not_after;
    int64_t position;
    int64_t number;
    char callback[SLUG_BYTES_MAX];
    char phone[PERSON_PHONE_BYTES_MAX]; /* "": no call */
};

/* What was planned for an escalation at a moment, as the look of that number finds it. */
struct plan {
    uint64_t look;
    struct uuid escalation;
    int64_t at;
    size_t count;
    struct planned rows[PLANNED_MAX];
};

struct alarm_seen {
    char kind[64];
    int64_t told_ms; /* INT64_MIN: never */
};

/* What was agreed for a step, which never changes. */
struct agreed_once {
    struct uuid escalation;
    int64_t step;
    struct agreed agreed;
};

/* The people of a step, as the look of that number finds them. */
struct seen_people {
    uint64_t look;
    struct uuid escalation;
    int64_t step;
    int64_t wall_at;
    struct people people;
};

struct waiting {
    struct uuid attempt;
    int64_t since_ms;
};

/* A call, until the gateway may think that it is over. */
struct ringing {
    struct uuid attempt;
    int64_t not_after; /* engine time */
    bool taken;        /* the gateway was told that the layer has it */
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
    ASK_SHIFT,
    ASK_PLANS,
    ASK_LAST_PHONE,
    ASK_RETIRED,
    ASK_REPLACED,
    ASK_DUTY,
    ASK_TEST,
    ASK_ROTA,
    ASK_TURNS,
    ASK_NOTIFIED,
    ASK_END,
    ASK_DESK,
    ASK_PERSON,
    ASK_ACTIVE,
    ASK_NUMBERS,
    ASK_CALLS,
    ASK_CALL,
    ASK_HEARD,
    ASK_PAUSE,
    ASK_MEMBER,
    ASK_TEAM,
    ASK_DEVICES,
    ASK_PLANNED,
    ASK_WORSENED,
    ASK_SCREENS,
    ASK_DECLINES,
    ASK_OF_ATTEMPT,
    ASK_PROMISES,
    ASK_PROMISED,
    ASK_STANDING,
    ASK_HOPE,
    ASK_ALERTED,
    ASK_ALARMS,
    QUESTIONS_COUNT
};
/* Their SQL: oracle_questions.c. */
extern const char *const oracle_questions[QUESTIONS_COUNT];

/* What a caller asked for, who was answered for the first time. */
struct asked {
    unsigned key;
    struct uuid escalation;
    int64_t promised_ms;
    int severity;
    bool drill;
};

/* A caller who got an escalation of their own, since the last look; nil: nobody did. */
struct parted {
    struct uuid from;
    struct uuid own;
    int caller;
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
    struct ringing ringing[RINGING_MAX];
    size_t ringing_count;
    struct uuid wordless; /* left since the last look without what its ticket says; nil: none */
    unsigned too_late;    /* to be sent at all, since the last call left */
    size_t told_count;
    struct duty duties[DUTIES_MAX];
    size_t duties_count;
    struct lapse lapse; /* one at a time: others meanwhile are not looked at */
    struct uuid test;   /* the last one of a phone that was answered; nil: none */
    bool test_confirmed;
    struct agreed_once agreed[AGREED_MAX];
    struct plan plan;
    struct seen_people seen_people;
    int64_t asker_id;           /* whose command is being run; 0: an action token says that later */
    struct somebody renumbered; /* whose numbers were given anew since the last look */
    int64_t pauser;             /* the agent who paused or came back since; 0: nobody */
    int64_t changed_customer;   /* whose people or rotas did, since the last look; 0: nobody's */
    struct alarm_seen alarms[ALARM_KINDS_MAX];
    size_t alarms_count;
    int64_t alarms_told; /* since the last look */
    int64_t alarms_kept; /* the newest one on record then */
    struct parted parted;
    struct asked asked; /* in the command since the last look; key 0: none */
    bool full;          /* somebody was told that the disk is */
    int64_t stepped_ms; /* when it was last */
    bool stepped;       /* the wall clock was, and nobody was told yet */
    uint64_t looks;
    uint64_t changes; /* of the disk, at the last look; the same number: the same rows */
    bool fails;       /* something that is due, passed over in: */
    int64_t next_due; /* engine time; INT64_MAX: nothing is */
    int64_t epoch_ms; /* the wall clock when the box began */
    int64_t wall_ms;
    int64_t elapsed_ms;
    int64_t now;              /* engine time of the last look */
    int64_t disturbed_engine; /* what began before may be late, as long as it takes to recover */
    int64_t disturbed_ms;     /* the same, by the clock that never steps */
    int64_t troubled_engine;  /* when its disk or memory failed last */
    bool disturbed;
    bool offset_known;
    bool clock_known; /* offset was, once */
    bool rebooted;    /* since the last look */
    int64_t offset;   /* engine time minus the time that passed */
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
/* The same; NULL when there is none. */
struct record *known_record(const struct oracle *oracle, struct uuid id);
size_t hash_of_id(struct uuid id);

/* ---- oracle_departures.c ---- */
void check_outcome(struct oracle *oracle, const struct record *record, int kind,
                   struct uuid attempt, int64_t person_id, const char *word);
void look_at_outbox(struct oracle *oracle, bool changed, bool troubled);
void look_for_forgotten(struct oracle *oracle, const struct box *box, bool troubled);
void look_at_words(struct oracle *oracle, bool troubled);
void look_at_resolved(struct oracle *oracle, bool troubled);

/* Whether this key was answered before. */
bool oracle_was_answered(const struct oracle *oracle, unsigned key);

/* Whom this one left to; 0: it did not. */
int64_t person_of_departure(const struct oracle *oracle, struct uuid attempt);

/* ---- oracle_trunk.c ---- */
/* The telephony layer is handed a call. */
void trunk_call_leaves(struct oracle *oracle, const struct box_sent *sent, int64_t not_after,
                       size_t trunk);
/* The gateway is told what became of its request. */
void trunk_call_resolved(struct oracle *oracle, struct uuid attempt, bool accepted);
/* The gateway is about to be told how the call goes on. */
void trunk_call_reported(struct oracle *oracle, const struct command *command);

/* ---- oracle_answers.c ---- */
void look_at_answers(struct oracle *oracle);
/* What is known of an agent; made when there is nothing yet. customer_id: 0 when whoever was heard
 * did not say so. */
struct duty *duty_of(struct oracle *oracle, int64_t customer_id, int64_t agent_id);

/* ---- oracle_shifts.c ---- */
void shifts_asked(struct oracle *oracle, const struct command *command);
void follow_shift(struct oracle *oracle, struct record *record, const struct said *said);
/* Each shift that is to be taken up by now was, or somebody is asked; also anew. */
void look_at_shifts(struct oracle *oracle, bool troubled);

/* ---- oracle_rota.c ---- */
/* Adds who is on call; false: it was just being changed, or it is a rota that nobody here reckons.
 */
bool find_on_call(struct oracle *oracle, int64_t customer_id, const char *role, int64_t wall_at,
                  struct people *people);

struct shift {
    int64_t agent_id;
    int64_t from; /* on the wall clock */
};
/* The shift at a time; false: there is none, or one that somebody took instead of another. */
bool find_shift(struct oracle *oracle, int64_t customer_id, const char *role, int64_t wall_at,
                struct shift *shift_r);

/* ---- oracle_people.c ---- */
bool is_same_person(struct somebody one, struct somebody other);
bool is_among(const struct people *people, struct somebody person);
/* Whoever has this short name. */
struct somebody find_person(struct oracle *oracle, int64_t customer_id, int kind, const char *slug);
void add_person(struct people *people, struct somebody person);
/* Whether they did not leave the customer. */
bool is_active(struct oracle *oracle, const struct record *record, struct somebody person);
/* Whom a step notifies, or whom the n-th end tells (nobody: it is a callback). */
struct people people_of_step(struct oracle *oracle, const struct record *record, int64_t step,
                             int64_t wall_at);
struct people people_of_end(struct oracle *oracle, const struct record *record, unsigned number,
                            int64_t wall_at, unsigned *via_r);
/* The live devices of an agent, and those that came or went just then, which may be tried. */
struct phones {
    bool numbers_known; /* nobody was changing them just then */
    size_t numbers_count;
    char numbers[PHONES_OF_PERSON_MAX][PERSON_PHONE_BYTES_MAX]; /* in their order */
    size_t count;
    struct {
        int64_t device_id;
        bool sure;
    } devices[PEOPLE_MAX];
};
struct phones phones_of(struct oracle *oracle, const struct record *record, struct somebody person,
                        int64_t wall_at);

/* Whether all phones that ever confirmed anything were silent for half an hour by then. What was
 * heard of them since stands in the same place, so that it is not always known. */
enum doubt { NO_DOUBT, MAY_BE_DOUBTED, DOUBTED };
enum doubt doubt_of(struct oracle *oracle, const struct record *record, struct somebody person,
                    int64_t wall_at);

/* ---- oracle_callers.c ---- */
void note_caller(struct oracle *oracle, struct record *record, const struct said *said);
void check_called_back(struct oracle *oracle, struct record *record, const struct said *said);
bool worsens(struct oracle *oracle, const struct record *record, const struct said *said);

/* ---- oracle_team.c ---- */
/* What an entry says of who works on it, and who was asked to. */
void follow_team(struct oracle *oracle, struct record *record, const struct said *said);
/* Whether they hold it or work on it: they are not asked for what they do. */
bool is_at_it(const struct record *record, struct somebody person);
bool is_member(const struct record *record, struct somebody person);
/* The rows are what the timeline said. */
void look_at_team(struct oracle *oracle, const struct record *record);

/* ---- oracle_offers.c ---- */
/* NULL: they are not asked by name. */
const struct offered *offer_to(const struct record *record, struct somebody person);
/* What an entry says of who is asked by name, and beside whom others are. */
void follow_offers(struct oracle *oracle, struct record *record, const struct said *said);
/* Whether they are asked on, and not with what somebody accepted just now. */
bool is_asked_on(const struct record *record, struct somebody person, bool also_to_hold);
/* What an acceptance, an end or another asking has to bring with it was said. */
void look_at_offers(struct oracle *oracle, const struct record *record);
/* The desk has a task because nobody accepted. */
void note_offer_task(struct oracle *oracle, struct record *record);

/* ---- oracle_ways.c ---- */
enum maybe { NO, MAYBE, YES };
/* Whether the backup is to be asked beside them for this reason, busy or paused: that they are busy
 * comes first. */
enum maybe is_reason_for_backup(struct oracle *oracle, const struct record *record,
                                struct somebody person, int64_t at, const char *reason);
/* Who is in reserve then, in their order. */
struct people people_in_reserve(struct oracle *oracle, const struct record *record,
                                int64_t wall_at);
/* How somebody of the step that runs is to be asked: VIA_…; by a call to whom a push may not reach,
 * too. */
unsigned ways_to(struct oracle *oracle, const struct record *record, struct somebody person,
                 int64_t at, int64_t wall_at);
/* Whether the backup is to be asked beside them: they pause, or work on something else. False also
 * when that was just being changed. */
bool is_in_demand(struct oracle *oracle, const struct record *record, struct somebody person,
                  int64_t at);
/* Who is asked beside somebody of this step, and is not named by it and said no. */
struct people backup_of(struct oracle *oracle, const struct record *record, int64_t wall_at);
/* Whether the timeline said why they are asked whom the step does not name; true also when it is
 * not known who that is. */
bool is_asked_as_backup(struct oracle *oracle, const struct record *record, struct somebody person,
                        int64_t wall_at);
/* Whether they were asked in this step, and are in reserve. */
bool is_asked_in_reserve(struct oracle *oracle, const struct record *record, struct somebody person,
                         int64_t wall_at);
bool is_doubted(const struct record *record, struct somebody person);
/* The timeline gives a reason. */
void note_doubt(struct oracle *oracle, struct record *record, const struct said *said);
void note_backup(struct oracle *oracle, struct record *record, const struct said *said);
/* What was said of a pause is kept. */
void hear_pause(struct oracle *oracle, const struct command *command);
void look_at_pause(struct oracle *oracle, const struct duty *duty);

/* ---- oracle_planned.c ---- */
/* What was planned then. */
const struct plan *plan_at(struct oracle *oracle, const struct record *record, int64_t at);

/* What somebody must be told, until when. */
struct wanted {
    int purpose;
    int path;
    struct somebody person;
    int64_t device_id;
    int64_t number;
    int64_t not_after;
    bool behind_steps;             /* of those that begin with it */
    char callback[SLUG_BYTES_MAX]; /* "": none */
    const char *phone;             /* of a call: which is dialled first */
};

enum reach { REACHES_NOBODY, MAY_REACH, REACHES };

/* By which ways what follows from a holder's letting go asks somebody then: VIA_…. */
unsigned ways_asked_next(struct oracle *oracle, const struct record *record, int64_t at,
                         struct somebody person);

/* Every way to the person of `like` is tried; a telephone that came or went just then may be. */
enum reach want_all_ways(struct oracle *oracle, const struct record *record,
                         const struct said *said, const struct wanted *like, unsigned via);
/* One of these ways to the holder is tried, and the other when there is none. */
enum reach want_a_way(struct oracle *oracle, const struct record *record, const struct said *said,
                      int purpose, unsigned via, int64_t not_after);
void want(struct oracle *oracle, const struct record *record, int64_t at,
          const struct wanted *wanted);
/* end: which of those that are told in the end, when it is one of them that is; else (THE_DESK) the
 * desk hears of it, which is the first callback of them. */
#define THE_DESK 1000 /* no end has this number */
void want_callback(struct oracle *oracle, const struct record *record, int64_t at, int purpose,
                   int64_t number, int64_t lasts_ms, int64_t end);

/* ---- oracle_plans.c ---- */
/* What this entry says happened: all that follows from it is planned, and nothing else. */
void check_plans(struct oracle *oracle, struct record *record, const struct said *said);
/* Whether they let it go before somebody else accepted: whether with a "no" or by handing it back
 * decides whether they are asked beside that one. */
bool may_step_aside(const struct record *record, struct somebody person);
/* Whether this person declined in this round, or let it go last. */
bool stepped_aside(const struct record *record, struct somebody person);
/* How many of this step's alerts may still lead to an acceptance: NOW, or could at that time, as
 * far as is sure: what a telephone confirmed since may have failed before, what was delayed had
 * none. */
/* How often somebody is asked by that phone, by telephone (0) or at all, in this step. */
#define ANY_WAY INT64_C(-1)
int64_t count_alerts(struct oracle *oracle, const struct record *record, struct somebody person,
                     int64_t device_id, bool also_failed);
/* The same of one of their numbers. */
int64_t count_calls(struct oracle *oracle, const struct record *record, struct somebody person,
                    const char *phone);
/* The people of the step that runs. */
const struct people *people_now(struct oracle *oracle, const struct record *record,
                                int64_t wall_at);
#define NOW INT64_MIN
int64_t count_hopes(struct oracle *oracle, const struct record *record, int64_t until);

/* ---- oracle_numbers.c ---- */
/* A call to one of a person's numbers: it is the one whose turn it is. Whether another was called
 * before it for the same reason. */
bool check_number(struct oracle *oracle, const struct record *record, const struct said *said);
/* Whether the call was to a number that its person has not got any more, or may not. */
bool is_nobodys_number(struct oracle *oracle, const struct record *record, struct uuid attempt);
/* When it says that a call came to nothing: whoever is still asked is called on their next number.
 */
void check_next_number(struct oracle *oracle, const struct record *record, const struct said *said);
/* Whether none of the calls of this step to them may be answered any more, and one of their numbers
 * was not called. */
bool has_uncalled_number(struct oracle *oracle, const struct record *record, struct somebody person,
                         int64_t not_after);

/* ---- oracle_standing.c ---- */
/* What the caller asked for is what is done. */
void look_at_asked(struct oracle *oracle);
/* What must hold between the rows of an escalation at rest. */
void look_at_standing(struct oracle *oracle, const struct record *record);
/* A rota, a telephone or the clock changed: whoever is on call now is asked, by all ways. */
void look_at_changes(struct oracle *oracle, bool troubled);

/* ---- oracle_alarms.c ---- */
/* A step just before a reboot looks like time that the machine was off: nobody can tell of it. */
void oracle_steps_are_forgotten(struct oracle *oracle);

/* It was told then (in engine time), or so lately that it is not told again. */
void expect_alarm(struct oracle *oracle, const char *kind, int64_t at);
void look_at_alarms(struct oracle *oracle, bool troubled);

/* ---- oracle_journal.c ---- */
int severity_of(const char *word);
/* What its procedure says of the step that runs. */
struct agreed agreed_for(struct oracle *oracle, const struct record *record);
void check_wait(struct oracle *oracle, const struct record *record, const char *what, int64_t since,
                int64_t at, int64_t wanted);
void look_at_journals(struct oracle *oracle);
void look_for_lost_entries(struct oracle *oracle);

#endif
