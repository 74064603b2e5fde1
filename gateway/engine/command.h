/* command.h - everything that asks the writer for something, and what it answers.
 *
 * A command and all it points to live in its arena. engine_post() takes it until `complete` is
 * called: once, from the writer's thread, after the commit; then it is the poster's again.
 */
#ifndef GATEWAY_ENGINE_COMMAND_H
#define GATEWAY_ENGINE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/digest.h"
#include "gateway/base/status.h"
#include "gateway/core/escalation.h"
#include "gateway/engine/directory.h"

enum command_type {
    /* call centre */
    COMMAND_ESCALATE,
    COMMAND_DESK_VERB,
    COMMAND_TASK_DONE,
    COMMAND_TICKET_VERB,
    /* agent's phone */
    COMMAND_AGENT_VERB,
    COMMAND_USE_ENROLMENT,
    COMMAND_PUT_DEVICE,
    COMMAND_DELETE_DEVICE,
    COMMAND_TEST_DEVICE,
    COMMAND_CONFIRM_TEST,
    COMMAND_HEAR_DEVICE,
    COMMAND_CHECK_IN,
    COMMAND_CHECK_OUT,
    COMMAND_PAUSE,
    COMMAND_SIGN_IN,
    COMMAND_SIGN_OUT,
    /* telephony, transport */
    COMMAND_CALL_OUTCOME,
    COMMAND_TRANSPORT_OUTCOME,
    COMMAND_TRANSPORT_DELAYED,
    COMMAND_FORWARDED_CALL,
    /* administration */
    COMMAND_PUT_CUSTOMER,
    COMMAND_PUT_HOLIDAYS,
    COMMAND_PUT_PERSON,
    COMMAND_PUT_PROCEDURE,
    COMMAND_PUT_ROTA,
    COMMAND_PUT_RULES,
    COMMAND_PUT_CHECK_IN_PLAN,
    COMMAND_DELETE_CHECK_IN_PLAN,
    COMMAND_ADD_ENROLMENT,
    COMMAND_ADD_SHARED_PHONE,
    COMMAND_REVOKE_SHARED_PHONE,
    COMMAND_PUT_PIN,
    COMMAND_ADD_API_KEY,
    COMMAND_REVOKE_API_KEY,
    COMMAND_ADD_FEED,
    COMMAND_REVOKE_FEED,
    COMMAND_PUBLISH,
    COMMAND_SEE_PUBLICATION,
    COMMAND_FETCH_PUBLICATION,
    COMMAND_KEEP_COVERAGE,
    COMMAND_COVERAGE_TOLD,
    /* the engine's own */
    COMMAND_DEADLINE,
    COMMAND_CONTEXT_CHANGED,
    COMMAND_QUARANTINE,
    COMMAND_ALARM,
    COMMAND_CLOCK_MOVED,
    COMMAND_PROBE,
    COMMAND_SHIFT_DUE,
    COMMAND_SHIFT_WITHDRAWN,
    COMMAND_SHIFT_PROBE,
    COMMANDS_COUNT,
};

/* In order of service; each has a guaranteed share of a turn. */
enum engine_lane { LANE_ACKNOWLEDGMENT, LANE_OUTCOME, LANE_NEW, LANE_ADMINISTRATION, LANES_COUNT };

enum agent_verb {
    VERB_RECEIVED,
    VERB_SEEN,
    VERB_ACCEPT,
    VERB_DECLINE,
    VERB_REMOTE,
    VERB_ON_MY_WAY,
    VERB_ON_SITE,
    VERB_DONE,
    VERB_HAND_BACK,
    VERB_JOIN,
    VERB_LEAVE,
    VERB_HAND_OVER,
    AGENT_VERBS_COUNT,
};

/* "received", …, "on-my-way", "hand-over"; AGENT_VERBS_COUNT for another word. */
enum agent_verb agent_verb_parse(const char *word);
const char *agent_verb_word(enum agent_verb verb);

enum desk_verb {
    DESK_CANCEL,
    DESK_NOTE,
    DESK_SEVERITY,
    DESK_RESUME,
    DESK_TAKE,
    DESK_ON_BEHALF,
    DESK_CALLED_BACK,
    DESK_SPLIT,
    DESK_DONE,
    DESK_ASSIGN,
};

/* An operator decides instead of the rules. */
struct escalate_override {
    bool given;
    enum rule_action action;
    const char *procedure;     /* slug, or NULL: the customer's default */
    const char *on_call;       /* FORWARD: a role; NULL: as the route of the customer's numbers */
    const char *operator_name; /* "" when not given */
    const char *reason;        /* or NULL */
};

/* What the webhook carried, as far as it was understood. All texts optional unless said. */
struct escalate_request {
    const char *key_id;          /* whose idempotency keys */
    const char *idempotency_key; /* or NULL */
    struct digest body_digest;
    enum severity severity;
    const char *category;
    const char *summary; /* never NULL */
    const char *details;
    const char *caller_name;
    const char *caller_phone;
    int64_t promised_ms; /* 0: none */
    const char *fields;  /* JSON object of strings */
    const char *dedup_key;
    const struct rules_fact *facts; /* the same fields, for the rules */
    size_t facts_count;
    const char *procedure; /* slug as asked for; unknown ones fall back with a warning */
    struct escalate_override override;
    bool drill;
    int64_t check_in_agent;      /* the engine's own: whose check-in it asks for; 0 otherwise */
    const char *asked_because;   /* … a fixed word, when it is asked for anew; NULL otherwise */
    const char *const *warnings; /* texts to repeat in the answer */
    size_t warnings_count;
};

struct desk_request {
    enum desk_verb verb;
    const char *operator_name; /* "" when not given */
    const char *text;          /* note or reason; or NULL */
    enum severity severity;    /* SEVERITY */
    const char *agent;         /* ON_BEHALF, ASSIGN: slug */
    enum offer_role role;      /* ASSIGN */
    bool stays;                /* ASSIGN: who holds it goes on as a member */
    enum agent_verb agent_verb;
    int64_t eta_ms;
    int caller; /* CALLED_BACK, SPLIT: from 1 */
};

/* By the agent's own token (agent_id set) or by an action token (agent_id 0, token set). */
struct agent_request {
    enum agent_verb verb;
    int64_t agent_id;
    const char *action_token; /* "xt_…" as presented, or NULL */
    struct uuid attempt;      /* for received and seen; nil: all of the agent's */
    int64_t eta_ms;
    const char *to;   /* HAND_OVER: slug of an agent */
    bool stays;       /* HAND_OVER: the agent goes on as a member */
    const char *text; /* HAND_OVER: why; or NULL */
};

struct call_outcome_request {
    struct uuid attempt;
    enum attempt_answer answer;
    const char *digits; /* or NULL */
};

/* A call that telephony put through without an escalation: what its ticket is to say. */
struct forwarded_call_request {
    const char *key_id;          /* whose idempotency keys */
    const char *idempotency_key; /* or NULL */
    struct digest body_digest;
    const char *summary;
    const char *fields; /* JSON object of strings */
    bool closed;        /* nothing is left to do about it */
    /* Whose number answered: that proves it. PERSON_NONE: nobody answered, or nobody knows. */
    struct person_ref answered;
    const char *answered_phone; /* E.164; NULL when nobody is known */
};

struct transport_request {
    struct uuid attempt;
    enum attempt_state transport; /* ACCEPTED, FAILED, EXPIRED, UNCERTAIN */
    char reason[REASON_BYTES_MAX];
    char provider_id[168];
    int tries;
    struct wall_time at; /* when the outcome came in */
    bool device_gone;
    struct wall_time gone_since; /* WALL_NEVER: unknown */
    bool was_delayed;            /* engine_delayed() told of it before */
    bool unwritten;              /* the engine's own: the last try failed, the next may not */
};

struct customer_request {
    const char *slug;
    const char *name;
    const char *time_zone;
    const char *language;
    const char *alias;
    const char *default_procedure; /* or NULL */
    bool active;
    const char *opening_hours;  /* JSON object, or NULL */
    const char *holidays;       /* slug of a set of the law's, or NULL */
    const char *const *numbers; /* E.164, each once, at most NUMBERS_OF_CUSTOMER_MAX */
    size_t numbers_count;
    const char *emergency_phone;   /* E.164, or NULL */
    const char *greeting;          /* or NULL */
    int64_t retention_days;        /* 0: without end */
    const char *ticket_fields;     /* JSON array that ticket_fields_parse() takes, or NULL */
    const char *nobody_reached_fr; /* what the caller is told then; or NULL */
    const char *nobody_reached_en; /* likewise */
    int64_t notice_days;           /* 1 to NOTICE_DAYS_MAX; 0: as the law has it */
};

/* A customer's file of holidays. */
struct holidays_request {
    const char *ics; /* NULL: to be taken away */
};

struct person_request {
    enum person_kind kind;
    const char *slug;
    const char *name;
    const char *phone; /* E.164: the first of their numbers */
    const char *language;
    bool active;
    const char *phone_label; /* or NULL */
    /* The numbers behind it, in their order; no number comes twice. */
    struct directory_phone further[PHONES_OF_PERSON_MAX - 1];
    size_t further_count;
};

/* A procedure, a rota or rules, already checked by procedure_parse(), the rota interface, or
 * rules_parse() and rules_check_coverage(). */
struct definition_request {
    const char *slug;       /* of rules: none */
    const char *definition; /* JSON text */
    /* Of a rota that was made from what was there: STATUS_CONFLICT when that is no longer there. */
    bool follows;
    const char *before; /* NULL: there was none */
    /* Of a rota: shifts that somebody took, whose agent would have them back, stay taken. */
    bool keeps_replacements;
};

/* A calendar's secret address. */
struct feed_request {
    const char *rota;  /* slug; NULL: of an agent */
    const char *agent; /* slug; NULL: of a rota */
    const char *name;  /* ADD: may be "" */
    const char *place; /* ADD: what the address begins with: "https://…/v1/feeds/" */
    int64_t feed_id;   /* REVOKE */
};

/* What one agent is told: JSON arrays of his shifts, and of what changed for him. */
struct told_agent {
    const char *agent; /* slug */
    const char *name;
    const char *shifts;
    const char *changes;
};

/* A rota for a time, as it was compiled and compared with what had been told of that time. */
struct publish_request {
    const char *key_id;          /* who publishes, and whose idempotency keys */
    const char *idempotency_key; /* or NULL */
    struct digest body_digest;
    bool again; /* the key is known: only its answer is wanted, the rest is not there */
    const char *rota;
    const char *operator_name; /* or NULL */
    const char *definition;    /* of the rota that was compiled */
    struct uuid follows;       /* the newest publication of the rota that was looked at, or nil */
    struct wall_time from;
    struct wall_time to;
    int notice_days;
    struct digest digest;
    int64_t in_time; /* changes */
    int64_t short_notice;
    int64_t too_short;
    const struct told_agent *agents; /* by slug */
    size_t agents_count;
};

/* An agent took note: by the app (operator_name NULL), or told an operator so. */
struct see_publication_request {
    struct uuid publication;
    const char *rota;  /* slug; NULL: of whichever rota it is */
    const char *agent; /* slug */
    const char *operator_name;
    const char *how; /* with operator_name: how he knows */
};

/* An agent's calendar was fetched when this publication was the newest that he had. */
struct fetch_publication_request {
    struct uuid newest;
    char agent[SLUG_BYTES_MAX];
};

/* What the automatic coverage found of a customer; COVERAGE_TOLD looks at computed_at alone. */
struct coverage_report_request {
    struct wall_time computed_at;
    int days;
    int64_t findings;
    int64_t lasting;
    const char *counts; /* as struct coverage_report_row has them */
    const char *items;
    int64_t more;
    const char *keys;
    const char *news; /* or NULL */
    bool over;
};

struct enrolment_request {
    const char *agent; /* ADD: slug */
    const char *code;  /* USE: what the person typed or scanned */
};

struct device_request {
    int64_t agent_id; /* with phone_id: whoever is signed in there, or 0 */
    int64_t phone_id; /* the shared phone that asks; 0: an agent's own */
    const char *installation;
    enum platform platform;
    const char *target;
    int environment;
    const char *public_key;
    const char *auth_secret;
    const char *app_version;
    const char *permission;
    const char *silent_mode;
    int battery_percent; /* -1 unknown */
};

/* A phone that several agents share. */
struct shared_phone_request {
    int64_t phone_id;          /* REVOKE */
    const char *name;          /* ADD */
    const char *const *agents; /* ADD: slugs, each once, 1 to SHARED_BY_MAX */
    size_t agents_count;
};

/* An agent's PIN, hashed (pin.h). */
struct pin_request {
    int64_t agent_id;
    bool clear;
    struct uuid salt;
    struct digest hash;
};

/* Somebody entered a PIN on a shared phone, which was compared with the one of this salt. */
struct sign_in_request {
    int64_t phone_id;
    int64_t agent_id; /* SIGN_IN: as whom */
    struct uuid salt;
    bool matches;
};

/* A test push to a phone: asked for by the agent (agent_id set) or by the desk; confirmed
 * (VERB_RECEIVED, VERB_SEEN: heard) by the push's action token, or by the agent's own token once
 * the push's showed that it came. */
struct device_test_request {
    int64_t agent_id;
    int64_t device_id; /* TEST */
    struct uuid test;  /* CONFIRM */
    enum agent_verb verb;
    const char *action_token; /* "xt_…" as presented, or NULL */
};

struct check_in_request {
    int64_t agent_id;
    const char *installation;
    const char *shift;     /* role, or NULL: whatever the agent is on call for now */
    const char *note;      /* CHECK_OUT: for the next; or NULL */
    bool number_confirmed; /* the numbers that are dialled for the agent are right */
};

#define PAUSE_MINUTES_MAX      60
#define PAUSE_REASON_BYTES_MAX 120

/* No network for a while: said by the agent (agent_id set) or by an operator. */
struct pause_request {
    int64_t agent_id;
    const char *agent;         /* slug, when agent_id is 0 */
    int minutes;               /* from now on; 0: the agent is back */
    const char *reason;        /* or NULL */
    const char *operator_name; /* NULL: the agent's own word */
};

/* When the shifts of a rota are to be checked in. */
struct check_in_plan_request {
    const char *rota; /* slug */
    int64_t opens_before_s;
    int64_t remind_before_s; /* not longer */
    int64_t closes_after_s;
    const char *procedure; /* slug */
    enum severity severity;
    int64_t probe_s; /* 0: no phone is probed */
};

/* A shift that is to be looked at: its reminder is due, it is not in the rota any more, or its
 * agent's phones are to be heard of. */
struct shift_request {
    char rota[SLUG_BYTES_MAX];
    int64_t agent_id;
    struct wall_time from;
};

struct api_key_request {
    const char *key_id; /* REVOKE */
    const char *name;
    enum role role;
    bool all_customers;
    const int64_t *customers;
    size_t customers_count;
};

struct task_done_request {
    struct uuid task_id;
    const char *operator_name;
};

enum ticket_verb { TICKET_ADD_NOTE, TICKET_CLOSE, TICKET_REOPEN, TICKET_LINK, TICKET_UNLINK };

/* What the desk does to a ticket. */
struct ticket_request {
    enum ticket_verb verb;
    struct uuid ticket_id;
    struct uuid other;  /* LINK: the ticket that it is a duplicate of; UNLINK: either way */
    const char *key_id; /* whose idempotency keys */
    const char *idempotency_key; /* or NULL */
    struct digest body_digest;
    const char *operator_name;
    const char *text; /* the note, or the reason, which may be NULL */
};

struct alarm_request {
    const char *kind;
    const char *detail;
};

struct clock_request {
    bool suspended; /* otherwise the wall was stepped */
    int64_t moved_ms;
};

struct answer {
    enum status status;
    bool created;      /* 201 instead of 200 */
    bool joined;       /* ESCALATE: 200 instead of 202 */
    int retry_after_s; /* TOO_OFTEN: when to ask again */
    int64_t late_ms;   /* DEADLINE: how late it was met */
    const char *body;  /* success: the JSON document ("" : none); refusal: a JSON object whose
                          members extend the problem ("{\"holder\":…}"), or "" */
    size_t body_bytes;
    struct error error; /* refusal: text and pointer */
};

struct command {
    enum command_type type;
    struct arena *arena;
    int64_t customer_id;       /* 0 where the command finds it out itself */
    struct uuid escalation_id; /* nil where it does not apply */
    struct wall_time received_at;
    struct monotonic_time posted_at; /* of a new escalation, by admission_now() */
    union {
        struct escalate_request escalate;
        struct desk_request desk;
        struct agent_request agent;
        struct call_outcome_request call;
        struct forwarded_call_request forwarded_call;
        struct transport_request transport;
        struct customer_request customer;
        struct holidays_request holidays;
        struct person_request person;
        struct definition_request definition;
        struct enrolment_request enrolment;
        struct device_request device;
        struct shared_phone_request shared_phone;
        struct pin_request pin;
        struct sign_in_request sign_in;
        struct device_test_request device_test;
        struct check_in_request check_in;
        struct pause_request pause;
        struct check_in_plan_request check_in_plan;
        struct shift_request shift;
        struct api_key_request api_key;
        struct feed_request feed;
        struct publish_request publish;
        struct see_publication_request see_publication;
        struct fetch_publication_request fetch_publication;
        struct coverage_report_request coverage_report;
        struct task_done_request task_done;
        struct ticket_request ticket;
        struct alarm_request alarm;
        struct clock_request clock;
        struct engine_time due; /* DEADLINE: when it was due */
    } request;
    struct answer answer;
    /* Must not block. The command is the poster's again from here on. */
    void (*complete)(struct command *command);
    void *context; /* the poster's */
};

#endif
