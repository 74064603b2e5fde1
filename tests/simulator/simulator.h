/* simulator.h - a simulated region: customers, people, weeks of nights. Everything random comes
 * from the seed.
 *
 * A week has causes, drawn when it begins (calls, changes, meddling, faults), each with a random
 * state of its own, and what follows from them: a phone that was rung is answered or not. A cause
 * that is left out leaves the others as they were, so that a failing week can be shrunk.
 */
#ifndef TESTS_SIMULATOR_SIMULATOR_H
#define TESTS_SIMULATOR_SIMULATOR_H

#include "tests/scenario/box.h"
#include "tests/simulator/agenda.h"
#include "tests/simulator/recording.h"
#include "tests/simulator/watched.h"

#define AGENTS      4
#define REFUSED_MAX 1024
#define SECOND_MS   INT64_C(1000)
#define MINUTE_MS   INT64_C(60000)
#define HOUR_MS     INT64_C(3600000)
#define DAY_MS      INT64_C(86400000)
#define PLATFORMS   (PLATFORM_WEBPUSH + 1)

#define NUMBERS 3 /* of a person, at most */

struct agent {
    int64_t id;
    char slug[SLUG_BYTES_MAX];
    int64_t phone_off_until_ms;
    char numbers[NUMBERS][PERSON_PHONE_BYTES_MAX]; /* those that they ever have */
};

/* Whether nobody ever answers there. */
bool number_is_dead(const char *number);

#define CITY_WORDS_BYTES 256
#define CITY_ROTA_BYTES  512

/* A rota as a scenario says it, and as the gateway is given it. */
struct city_rota {
    char words[CITY_WORDS_BYTES];
    char text[CITY_ROTA_BYTES]; /* "": there is none */
};

struct customer {
    int64_t id;
    char slug[SLUG_BYTES_MAX];
    struct city_rota now; /* of those who are called first */
    struct city_rota before;
    struct agent agents[AGENTS];
    struct agent director; /* has no app, only numbers */
};

enum mood { MOOD_UP, MOOD_DOWN, MOOD_SILENT, MOOD_LYING };

/* How somebody outside behaves, for a while. */
struct weather {
    enum mood mood;
    int64_t until_ms;
};

/* An escalation whose answer a crash took: whoever asked asks again under the same key. */
struct unanswered {
    bool is;
    int customer;
    unsigned key;
};

struct tally {
    unsigned weeks;
    uint64_t happenings;
    uint64_t turns_at_rest;
    uint64_t faults;
    uint64_t crashes;
    uint64_t escalations;
    uint64_t sent;
    uint64_t disk_failures; /* calls that were made to fail, and did */
};

struct simulator {
    struct box *box;
    jmp_buf no_start;
    struct oracle *oracle;
    struct watched watched;
    struct agenda agenda;
    struct customer customers[CUSTOMERS];
    struct weather platforms[PLATFORMS];
    struct weather telephony;
    int64_t full_until_ms; /* the dispatcher has no room now and then */
    int64_t disk_full_until_ms;
    struct uuid refused[REFUSED_MAX];
    size_t refused_count;
    struct unanswered unanswered;
    uint64_t city_random; /* of what is being configured */
    uint64_t hash;
    struct tally tally;
    bool verbose;
    struct recording recording;
};

/* Notes a line of the event log: into the hash, and out when verbose. */
void note(struct simulator *simulator, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Posts a command and frees nothing; false: a crash came between, nobody knows what became of it.
 * The oracle hears the answer. */
bool ask(struct simulator *simulator, struct command *command);
/* The same for what answers a push or a call. */
bool ask_from(struct simulator *simulator, struct command *command, struct box_sent *sent);

/* Between the two, both included. */
int64_t draw_ms(uint64_t *random, int64_t low_ms, int64_t high_ms);
/* True in so many of a hundred. */
bool draw_percent(uint64_t *random, unsigned percent);

/* Adds what follows from `after`, so much later. */
void follow(struct simulator *simulator, struct happening happening, int64_t in_ms);

/* ---- city.c ---- */
void city_build(struct simulator *simulator, uint64_t random);
#define CITY_SWAPS_DUTY 1
#define CITY_TAKES_BACK 2
/* One of them changes: a phone, a rota, a procedure; what CITY_SWAPS_DUTY: its customer's rota; or
 * that is as it was before. */
void city_change(struct simulator *simulator, struct happening *happening);
/* Somebody has other numbers than before. */
void somebody_renumbers(struct simulator *simulator, struct happening *happening);
/* Whoever lost a phone has another. */
void phone_registers(struct simulator *simulator, struct happening *happening);

/* ---- callers.c: the webhook ---- */
void caller_calls(struct simulator *simulator, struct happening *happening);
void caller_repeats(struct simulator *simulator, struct happening *happening);
void caller_asks_again(struct simulator *simulator);

/* ---- machines.c: providers, lines, what leaves the gateway ---- */
enum status machines_send(void *context, struct box_sent *sent);
void provider_answers(struct simulator *simulator, struct happening *happening);
void phone_confirms(struct simulator *simulator, struct happening *happening);
void line_reports(struct simulator *simulator, struct happening *happening);

/* ---- people.c: agents and the desk ---- */
void agent_answers(struct simulator *simulator, struct happening *happening);
void holder_goes_on(struct simulator *simulator, struct happening *happening);
void somebody_joins(struct simulator *simulator, struct happening *happening);
void somebody_leaves(struct simulator *simulator, struct happening *happening);
void desk_acts(struct simulator *simulator, struct happening *happening);
void desk_finishes(struct simulator *simulator, struct happening *happening);
void desk_tidies(struct simulator *simulator, struct happening *happening);
/* Somebody does what makes no sense: a verb on any escalation, a report of any call. */
void somebody_meddles(struct simulator *simulator, struct happening *happening);

/* Somebody takes up duty or ends it, or a phone is tested. */
void somebody_checks(struct simulator *simulator, struct happening *happening);

/* Somebody has no network for a while; and has it again, before that is over. */
void somebody_pauses(struct simulator *simulator, struct happening *happening);
void somebody_is_back(struct simulator *simulator, struct happening *happening);

/* ---- faults.c ---- */
void fault_begins(struct simulator *simulator, struct happening *happening);
/* In the middle of whatever it does next. */
void gateway_is_killed(struct simulator *simulator, struct happening *happening);
void fault_ends(struct simulator *simulator, struct happening *happening);

/* ---- week.c ---- */

struct plan {
    uint64_t seed;
    unsigned week;
    unsigned escalations_a_day;
    unsigned faults_a_day;
    unsigned days;
    bool forgetful; /* the disk loses its log when the process dies: somebody must notice */
    bool verbose;
    bool recorded;           /* it is written down as a scenario, to scenario_r of week_live() */
    const uint8_t *left_out; /* causes that do not happen; NULL: none is left out */
};

#define CAUSES_MAX 8192

/* Lives one week. False when a rule was broken: fault_r (of ORACLE_FAULT_BYTES) says which. A plan
 * that is recorded leaves the text in scenario_r, to be freed; it may be NULL otherwise. */
bool week_live(const struct plan *plan, uint64_t *hash, struct tally *tally, size_t *causes_r,
               char *fault_r, char **scenario_r);

#endif
