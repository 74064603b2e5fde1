/* escalation.h - the state of one escalation, its attempts, and the event, context and update of
 * escalation_step(). All plain data: the store keeps it, the engine carries it.
 */
#ifndef GATEWAY_CORE_ESCALATION_H
#define GATEWAY_CORE_ESCALATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/status.h"
#include "gateway/base/time.h"
#include "gateway/base/uuid.h"
#include "gateway/core/procedure.h"
#include "gateway/core/words.h"

#define PERSON_NAME_BYTES_MAX  128
#define CALLERS_MAX            16
#define CALLER_NAME_BYTES_MAX  160
#define REASON_BYTES_MAX       64
#define NEXT_WHAT_BYTES_MAX    120
#define DEVICES_OF_PERSON_MAX  8
#define PHONES_OF_PERSON_MAX   4
#define PERSON_PHONE_BYTES_MAX 24 /* E.164 has fewer */
#define PERSONS_OF_STEP_MAX    32
#define BACKUP_PERSONS_MAX     8
#define ATTEMPTS_LOADED_MAX    320
#define CANCEL_NOTICES_MAX     20
#define MEMBERS_MAX            8 /* at work at the same time, beside the holder */
#define OFFERS_MAX             8 /* open at the same time */

/* Somebody who may be told, may answer, or holds the escalation. */
struct person_ref {
    enum person_kind kind;
    int64_t id;                       /* agent or contact row; 0 for an operator */
    char name[PERSON_NAME_BYTES_MAX]; /* an operator's name; empty otherwise */
};

/* A caller's promise. Callers are numbered from 1 in the order they called. */
struct promise {
    enum promise_state state;
    struct engine_time due_at; /* ENGINE_NEVER without a promise */
};

/* Somebody who works on it beside the holder: an agent or a contact. */
struct member {
    enum person_kind kind;
    int64_t id;
    struct wall_time since;
    enum intervention intervention;
    struct wall_time eta_at; /* what they announced; WALL_NEVER */
};

/* Somebody, an agent or a contact, is asked by name to take over or to join. Nothing changes
 * before they accept: an offer takes the escalation from nobody. Who is asked beside somebody
 * (OFFER_BY_BACKUP) is so in one asking: it has one end, which no other asking has, and is over for
 * all of them when one accepts. */
struct offer {
    enum person_kind kind;
    int64_t id;
    enum offer_role role;
    enum offer_origin origin;
    bool stays; /* HOLDER: the one who holds it until then goes on as a member */
    struct wall_time since;
    struct engine_time until; /* unanswered by then it is over; tells askings apart */
};

struct escalation {
    struct uuid id;
    struct uuid ticket_id;
    int64_t customer_id;
    int64_t procedure_id; /* the pinned version's row; 0: procedure_of_last_resort() */
    enum escalation_state state;
    enum severity severity;
    bool drill;
    bool quarantined;
    int round;    /* from 0 */
    int step;     /* from 0 */
    int position; /* counts started steps: tells the current step's attempts from older ones */
    struct engine_time round_started_at;
    struct engine_time wait_until;     /* the state's own clock */
    struct engine_time received_until; /* NOTIFYING: reception must be confirmed by then */
    struct engine_time due_at;         /* the earliest clock; ENGINE_NEVER when closed */
    struct wall_time held_until;       /* ON_HOLD: the customer's opening; WALL_NEVER: none is
                                          waited for, it is only a ticket with an open promise */
    struct person_ref holder;          /* PERSON_NONE when nobody holds it */
    enum path holder_path;
    struct wall_time held_since;
    struct wall_time eta_at; /* what the holder announced; WALL_NEVER */
    enum intervention intervention;
    struct person_ref handed_back_by; /* skipped for the rest of the round */
    int announcements;                /* made since it was exhausted */
    int notices;                      /* cancel notices sent */
    struct wall_time opened_at;
    struct wall_time closed_at; /* WALL_NEVER while open */
    struct promise promises[CALLERS_MAX];
    int callers_count;
    char next_what[NEXT_WHAT_BYTES_MAX]; /* what happens at due_at, in English */
    int64_t version;                     /* counts changes of this state */
    int64_t owner;                       /* the gateway that runs it, and its fencing number: */
    int64_t fence;                       /* for several gateways on one database */
    int64_t check_in_agent;              /* whose check-in it asks for; 0: it is about a caller */
    /* The holder is no member, and nobody is asked for what they are. Members may outlast a holder
     * who let go. A list of escalations from the store has the counts and not what they count. */
    struct member members[MEMBERS_MAX]; /* the longest at work first */
    int members_count;
    struct offer offers[OFFERS_MAX]; /* the oldest first */
    int offers_count;
    int wanted;                      /* people, while it is held; 1: nobody beside the holder */
    struct engine_time search_until; /* of the step that is asked for members; ENGINE_NEVER: none */
    struct engine_time shift_until;  /* the holder's, after which who is on call then is asked once
                                        to take over; ENGINE_NEVER: nobody will be */
};

/* One try on one path to one person. */
struct attempt {
    struct uuid id;
    enum attempt_purpose purpose;
    enum path path; /* push, call or callback */
    enum platform platform;
    enum person_kind person_kind;
    int64_t person_id;
    int64_t device_id;             /* push only */
    char callback[SLUG_BYTES_MAX]; /* endpoint; callback only */
    int round;
    int step;
    int position;
    enum attempt_state state;
    enum attempt_answer answer;
    enum severity severity; /* orders the outbox */
    struct engine_time planned_engine;
    struct engine_time not_after; /* useless to send later than this */
    struct wall_time planned_at;
    struct wall_time handed_over_at;
    struct wall_time accepted_at;
    struct wall_time received_at;
    struct wall_time seen_at;
    struct wall_time delayed_at; /* its provider was down; WALL_NEVER otherwise */
    char reason[REASON_BYTES_MAX];
    char provider_id[168];
    int tries;
    int number; /* announcement or notice number, or the desk task's number */
    /* Calls only: what is dialled (E.164), and which of the person's numbers that was when the
     * attempt was made, from 1. Empty and 0: it was made before people had several; the first. */
    char phone[PERSON_PHONE_BYTES_MAX];
    int phone_place;
    int phones_count;
};

/* ---- context: who is reachable now, resolved by the engine ---- */

struct context_device {
    int64_t id;
    enum platform platform;
    struct wall_time registered_at;
};

struct context_person {
    struct person_ref ref; /* agent or contact; name empty */
    const char *slug;
    const char *const *phones; /* in the order in which they are called; no two are the same */
    size_t phones_count;       /* at most PHONES_OF_PERSON_MAX */
    const struct context_device *devices; /* live ones only */
    size_t devices_count;
    bool doubtful; /* the phones were not heard of lately, and the procedure minds */
    bool paused;   /* the agent said that there is no network for a while */
    bool busy;     /* the agent is at work on another escalation */
};

/* The persons behind one step's targets or one exhausted target, each once. An empty list means
 * that nobody is on call or the target no longer exists. */
struct context_step {
    const struct context_person *persons;
    size_t persons_count;
};

/* A shift that somebody is in, and who could follow them. */
struct context_shift {
    struct engine_time until;
    const struct context_person *relief; /* who is on call for the role now; NULL: nobody else */
};

#define CONTEXT_TEAM_MAX (MEMBERS_MAX + OFFERS_MAX + 1)

struct context {
    const struct procedure *procedure;
    const struct context_step *steps;     /* procedure->steps_count of them */
    const struct context_step *exhausted; /* procedure->exhausted_count of them */
    struct context_step backup;           /* on call in procedure->when_busy, or nobody */
    const struct context_person *holder;  /* the holder's paths, or NULL */
    const struct context_person *team;    /* of members, of those who are asked, of event->whom */
    size_t team_count;                    /* at most CONTEXT_TEAM_MAX; who left is not there */
    const struct context_shift *holder_shift; /* the one they began as holder in, unless it is over
                                                 and another one went on; NULL: none is known */
    const struct context_shift *actor_shift;  /* that the event's actor is in now; NULL */
    const struct attempt *attempts;           /* the escalation's, oldest first (the newest 320) */
    size_t attempts_count;
    /* ON_HOLD, and what PLAN_HOLD asks for: when the customer opens next, now or earlier when it is
     * open; both NEVER when nobody knows or it never does. */
    struct wall_time opens_at;
    struct engine_time opens_engine;
};

/* ---- event ---- */

enum event_type {
    EVENT_OPENED,    /* the webhook started it */
    EVENT_JOINED,    /* another caller, by dedup_key */
    EVENT_TRANSPORT, /* what became of an attempt's way out */
    EVENT_DELAYED,   /* its provider is down: it goes on, and will be late if it arrives */
    EVENT_RECEIVED,  /* a device confirmed reception */
    EVENT_SEEN,      /* a person looked at it */
    EVENT_CALL,      /* ringing, answered, busy, no answer, failed */
    EVENT_ACCEPT,
    EVENT_DECLINE,
    EVENT_PROGRESS, /* remote, on my way, on site, or "still at it" by key */
    EVENT_DONE,
    EVENT_HAND_BACK,
    EVENT_DEADLINE, /* due_at passed */
    EVENT_SEVERITY,
    EVENT_NOTE,
    EVENT_CANCEL,
    EVENT_RESUME,
    EVENT_TAKE,
    EVENT_CALLED_BACK,     /* a caller's promise was kept */
    EVENT_SPLIT,           /* a caller was joined wrongly and left */
    EVENT_CONTEXT_CHANGED, /* people, devices or rota changed */
    EVENT_QUARANTINE,      /* set aside after repeated aborts */
    EVENT_CLOCK_STEPPED,   /* the wall clock was set: schedules follow it, waits do not */
    EVENT_CLOCK_SUSPENDED, /* the machine slept */
    EVENT_OFFER,           /* somebody is asked by name to take over, or to join */
    EVENT_JOIN,            /* an agent joins whoever holds it */
    EVENT_LEAVE,           /* a member is at work no longer */
    EVENTS_COUNT,
};

/* What chose what becomes of a new escalation, for the record. */
struct event_choice {
    enum entry_kind kind; /* QUALIFIED, UNQUALIFIED, OVERRIDDEN, RELEASED, FORWARDED, ASKED_ANEW */
    struct person_ref by; /* OVERRIDDEN: the operator; FORWARDED: who is to be called; ASKED_ANEW:
                             whose shift it is */
    const char *word;     /* the rule, what kept it from being followed, a procedure, a role, why */
    int64_t number;       /* version of the rules; how many numbers are to be tried; 0: none */
    const char *text;     /* personal: why, or the number to dial; NULL */
};

#define EVENT_CHOICES_MAX 3

/* What is to become of a call. */
enum event_plan {
    PLAN_NOW,    /* the procedure begins */
    PLAN_HOLD,   /* when the customer opens (context->opens_at); at once when nobody knows when */
    PLAN_TICKET, /* never: a ticket, and its caller's promise is watched */
};

struct event {
    enum event_type type;
    struct engine_time now;
    struct wall_time wall;
    struct uuid id_base;                /* uuid_v7_base(): new ids derive from it */
    struct person_ref actor;            /* who did it; PERSON_NONE: the gateway */
    enum path via;                      /* how it came in */
    struct uuid attempt;                /* which attempt it is about; nil when none */
    enum severity severity;             /* JOINED, SEVERITY */
    int64_t promised_ms;                /* OPENED, JOINED: 0 without a promise */
    enum event_plan plan;               /* OPENED; JOINED, of one that is ON_HOLD */
    enum attempt_state transport;       /* TRANSPORT: ACCEPTED, FAILED, EXPIRED or UNCERTAIN */
    enum attempt_answer answer;         /* CALL */
    enum intervention progress;         /* PROGRESS: INTERVENTION_NONE means "still at it" */
    int64_t eta_ms;                     /* PROGRESS: 0 unknown */
    int caller;                         /* CALLED_BACK, SPLIT: from 1 */
    const char *reason;                 /* TRANSPORT, DELAYED: provider's word; NULL */
    const char *provider_id;            /* TRANSPORT; NULL */
    int tries;                          /* TRANSPORT */
    int64_t moved_ms;                   /* CLOCK_STEPPED (back: negative), CLOCK_SUSPENDED */
    struct person_ref whom;             /* OFFER: who is asked */
    enum offer_role role;               /* OFFER */
    enum offer_origin origin;           /* OFFER: by the desk, or by the holder */
    bool stays;                         /* OFFER: as struct offer */
    bool on_call;                       /* JOIN: the actor is, for any role of the customer */
    const char *text;                   /* personal: a note, a reason in words; NULL */
    const struct event_choice *choices; /* OPENED, JOINED if ON_HOLD: in their order; NULL */
    size_t choices_count;               /* at most EVENT_CHOICES_MAX */
};

/* ---- update ---- */

#define UPDATE_ATTEMPTS_MAX 320
#define UPDATE_ENTRIES_MAX  768
#define UPDATE_TASKS_MAX    (CALLERS_MAX + OFFERS_MAX + 4)

/* A fact of the timeline; members that do not apply are zero. No personal data except `text`, which
 * the store keeps apart (erasable). */
struct entry {
    enum entry_kind kind;
    struct person_ref person;
    struct uuid attempt;
    enum path path;
    bool has_path;
    int round;        /* from 1; 0: does not apply */
    int step;         /* from 1 */
    const char *word; /* static or living as long as the event: reason, state, verb */
    int64_t number;
    int64_t of;                  /* how many `number` is out of; 0: does not apply */
    enum person_kind other_kind; /* whom the first asked, or took over from; NONE */
    int64_t other_id;
    const char *text;
};

struct new_task {
    enum task_kind kind;
    int caller; /* from 1; 0: none */
};

/* What one event does. Reused between calls; escalation_step() fills it from the start. */
struct update {
    enum status answer; /* for whoever asked; STATUS_OK also for "already so" */
    bool changed;       /* anything below is to be stored */
    struct escalation after;
    struct attempt created[UPDATE_ATTEMPTS_MAX];
    size_t created_count;
    struct attempt changed_attempts[UPDATE_ATTEMPTS_MAX];
    size_t changed_attempts_count;
    struct entry entries[UPDATE_ENTRIES_MAX];
    size_t entries_count;
    struct new_task tasks[UPDATE_TASKS_MAX];
    size_t tasks_count;
    size_t dropped; /* attempts or entries beyond the limits: reported by the engine */
};

/* The heart. Pure: the same arguments give the same update. For EVENT_OPENED `before` is a seed:
 * ids, customer, procedure, severity, drill, check_in_agent and opened_at are set, everything else
 * is zero.
 *
 * Answers STATUS_OK when update_r is to be used, whose `answer` is what to tell the asker (a
 * refusal stores nothing but a REFUSED_VERB entry, if any). STATUS_INVALID: the event does not fit
 * at all (a caller number that does not exist, an unknown attempt); *update_r is then undefined.
 *
 * Asserts that the state is one the transition table allows and that every invariant holds. */
enum status escalation_step(const struct escalation *before, const struct event *event,
                            const struct context *context, struct update *update_r) MUST_CHECK;

/* Whether the table allows a move. */
bool escalation_move_allowed(enum escalation_state from, enum escalation_state to);

/* Whether somebody holds it. */
bool escalation_is_held(const struct escalation *escalation);

/* Their place among the members, or NULL. */
const struct member *escalation_member(const struct escalation *escalation,
                                       const struct person_ref *person);

/* Whether more people are being sought, while it is held. */
bool escalation_seeks_members(const struct escalation *escalation);

/* Whether it is over (nothing is due any more). */
bool escalation_is_closed(const struct escalation *escalation);

/* Sets of states: bits 1 << state. */
#define ESCALATION_STATES_ALL ((1u << (ESCALATION_STATE_LAST + 1)) - 1)
#define ESCALATION_STATES_CLOSED                                                                   \
    (1u << ESCALATION_CANCELLED | 1u << ESCALATION_DONE | 1u << ESCALATION_NOTED)
#define ESCALATION_STATES_OPEN (ESCALATION_STATES_ALL & ~ESCALATION_STATES_CLOSED)

/* The first broken invariant as text, or NULL when all hold. */
const char *escalation_fault(const struct escalation *escalation, const struct context *context);

bool person_equal(const struct person_ref *a, const struct person_ref *b);

#endif
