/* world.h - everything around the core, as data: a procedure, people and their devices, the
 * attempts made so far, and a clock that stands still until it is moved. */
#ifndef TESTS_UNIT_CORE_WORLD_H
#define TESTS_UNIT_CORE_WORLD_H

#include "gateway/core/escalation.h"

#define WORLD_PERSONS_MAX  72
#define WORLD_ATTEMPTS_MAX 4096

/* Engine time of 0:00, and how far the wall clock stands from it. */
#define WORLD_EPOCH_MS INT64_C(1000000000)
#define WORLD_WALL_MS  INT64_C(500000000)

struct world_person {
    struct person_ref ref;
    char slug[SLUG_BYTES_MAX];
    char role[SLUG_BYTES_MAX]; /* on call for; empty: for nothing */
    bool has_phone;
    size_t further_phones; /* behind the first */
    const char *phones[PHONES_OF_PERSON_MAX];
    bool doubtful;
    bool paused;
    bool busy;
    bool gone; /* no longer the customer's: nobody finds them */
    struct context_device devices[DEVICES_OF_PERSON_MAX];
    size_t devices_count;
    int64_t shift_until_ms;      /* since 0:00; 0: in none */
    char relief[SLUG_BYTES_MAX]; /* who is on call behind it; empty: nobody */
};

struct world {
    struct arena *arena;
    struct procedure *procedure;
    struct world_person persons[WORLD_PERSONS_MAX];
    size_t persons_count;
    struct escalation now;
    struct attempt *attempts;
    size_t attempts_count;
    int64_t clock_ms; /* since 0:00 */
    unsigned ids;
    bool outbox_held;       /* new attempts stay planned: no credit, or the trunk is full */
    struct update *update;  /* of the newest step */
    enum status status;     /* of the newest step */
    enum event_plan plan;   /* of the next event */
    int64_t opens_ms;       /* the customer, since 0:00; INT64_MAX: never */
    int64_t check_in_agent; /* of the next opening; 0: it is about a caller */
    /* what the core is shown */
    struct person_ref whom;  /* of the next event */
    struct person_ref actor; /* likewise */
    struct context_person shown[WORLD_PERSONS_MAX];
    struct context_person team[CONTEXT_TEAM_MAX];
    struct context_shift shifts[2]; /* the holder's and the actor's */
    struct context_person members[PROCEDURE_STEPS_MAX + PROCEDURE_EXHAUSTED_MAX]
                                 [PERSONS_OF_STEP_MAX];
    struct context_person backup[WORLD_PERSONS_MAX];
    struct context_step steps[PROCEDURE_STEPS_MAX];
    struct context_step exhausted[PROCEDURE_EXHAUSTED_MAX];
    struct attempt *shown_attempts; /* exactly so many as are shown */
    struct context context;
};

struct world *world_create(void);
void world_destroy(struct world **world);

/* A fault fails the test. NULL: the procedure of last resort. */
void world_procedure(struct world *world, const char *json);

/* Adds a person, or finds the one of this name. */
struct world_person *world_person(struct world *world, const char *slug);
struct world_person *world_find(struct world *world, const char *slug);

/* An event of this moment. */
struct event world_event(struct world *world, enum event_type type);

/* Takes the step and keeps what it made. The attempts of the last step are always the newest of
 * the list. */
void world_step(struct world *world, const struct event *event);

/* Opens the escalation anew. */
void world_open(struct world *world, enum severity severity, int64_t promised_ms, bool drill);

/* The current context, as world_step() shows it. */
const struct context *world_context(struct world *world);

/* Number (from 1) of an attempt; 0: none. */
size_t world_attempt_number(const struct world *world, struct uuid id);

/* The slug of a person, an operator's name, or "gateway". */
const char *world_name(const struct world *world, const struct person_ref *ref);

#endif
