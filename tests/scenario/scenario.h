/* scenario.h - a scenario file being run: what stands in it is described in FORMAT.md. */
#ifndef TESTS_SCENARIO_SCENARIO_H
#define TESTS_SCENARIO_SCENARIO_H

#include <stdbool.h>

#include "tests/scenario/box.h"
#include "tests/scenario/check.h"
#include "tests/simulator/watched.h"

#define ESCALATIONS_MAX     1024
#define PERSONS_MAX         32
#define DEFINITION_BYTES    8192
#define TIMELINE_ROWS_MAX   2000
#define CUSTOMERS_NAMED_MAX 8
#define NO_ROOM_MAX         1024
#define TIMELINE_LINE_BYTES 512

/* How a provider, the telephony layer or the callback endpoints behave. */
enum provider_mood { MOOD_UP, MOOD_DOWN, MOOD_REFUSING, MOOD_SILENT, MOOD_UNCERTAIN, MOOD_DELAYED };

/* What the test knows of a person besides the gateway's own rows. */
struct person_state {
    char slug[SLUG_BYTES_MAX];
    bool phone_off;           /* receives no push */
    enum attempt_answer line; /* how each call ends; ANSWER_NONE: it rings */
};

struct named_escalation {
    char name[SLUG_BYTES_MAX];
    struct uuid id;
};

struct named_customer {
    char slug[SLUG_BYTES_MAX];
    int64_t id;
};

struct scenario {
    const char *path;
    int line;
    struct words words;
    const struct reading *reading; /* of the line; NULL: no groups */
    struct box *box;
    int64_t customer_id;
    char customer[SLUG_BYTES_MAX];
    enum provider_mood platforms[PLATFORM_WEBPUSH + 1];
    enum provider_mood telephony;
    enum provider_mood callbacks;
    struct person_state persons[PERSONS_MAX];
    size_t persons_count;
    struct named_escalation escalations[ESCALATIONS_MAX];
    size_t escalations_count;
    size_t current; /* index of the escalation that is spoken of */
    /* a procedure that is being read, step by step */
    char procedure[SLUG_BYTES_MAX];
    int procedure_line;
    char definition[DEFINITION_BYTES];
    char exhausted[DEFINITION_BYTES];
    size_t steps;
    /* a night that the simulator wrote down: nothing answers by itself, the oracle judges */
    bool is_watched;
    struct watched watched;
    struct oracle *oracle;
    struct named_customer customers[CUSTOMERS_NAMED_MAX];
    size_t customers_count;
    struct box_sent *answered; /* what the next command answers; NULL: nothing that left */
    unsigned departures;
    unsigned no_room[NO_ROOM_MAX]; /* departures that the dispatcher refuses */
    size_t no_room_count;
    /* the newest answer */
    enum status answer;
    char body[16384];
    bool failed;
};

/* ---- scenario.c ---- */

/* Runs a file that was found well written; false when an expectation did not hold (told on
 * stderr). */
bool scenario_run(const struct script *script, const struct readings *readings);

/* The word at an index ("" beyond the end), and whether it is this one. */
const char *word_at(const struct scenario *scenario, int index);
bool word_is(const struct scenario *scenario, int index, const char *word);
/* The word behind the option of this name, or NULL when it was left out. */
const char *option(const struct scenario *scenario, const char *name);
bool has_option(const struct scenario *scenario, const char *name);

/* Says that an expectation does not hold, with the timeline. Once a run. */
void scenario_fail(struct scenario *scenario, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Ends the program: the file itself is wrong. */
void scenario_wrong(const struct scenario *scenario, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* Turns and reactions until nothing moves; how long until the next deadline. */
int64_t scenario_settle(struct scenario *scenario);
void scenario_advance(struct scenario *scenario, int64_t ms);

/* Posts a command, keeps its answer and frees it. */
void scenario_command(struct scenario *scenario, struct command *command);

/* ---- setup.c: statements that describe the customer. False: not one of them. ---- */
bool setup_statement(struct scenario *scenario);
/* Puts the procedure that was being read. */
void setup_finish_procedure(struct scenario *scenario);
struct person_state *person_state(struct scenario *scenario, const char *slug);
/* Zero when there is no agent of this name. */
int64_t agent_id(struct scenario *scenario, const char *slug);

/* ---- actions.c: what people, providers and machines do. False: not one of them. ---- */
bool action_statement(struct scenario *scenario, int first);

/* ---- watched_night.c: what the simulator writes down. False: not one of them. ---- */
bool watched_statement(struct scenario *scenario, int first);
/* Fails when a rule of the oracle is broken. */
void watched_judge(struct scenario *scenario);
void watched_end(struct scenario *scenario);

/* ---- expect.c ---- */
void expect_statement(struct scenario *scenario);
struct uuid current_escalation(const struct scenario *scenario);

/* ---- timeline.c ---- */

/* All entries of the current escalation, one a line: "0:20 step_ended no_reception r1 s1". */
char *timeline_text(struct scenario *scenario);
/* What left the gateway, one a line: "0:00 push paul alert". */
void sent_line(const struct box_sent *sent, char *text, size_t bytes);
void format_time(int64_t ms, char *text, size_t bytes);
/* A reader on the box's database; close it. */
struct store *open_reader(void);

#endif
