/* recording.h - writes a week down as a scenario (tests/scenario/FORMAT.md) while it is lived:
 * whoever runs that file sees the same night, with the same oracle, and can change it by hand.
 *
 * Every act upon the box is a line with its time. What follows by itself (deadlines, time-outs,
 * recovery) is not written: the runner lets it follow, too.
 */
#ifndef TESTS_SIMULATOR_RECORDING_H
#define TESTS_SIMULATOR_RECORDING_H

#include <stdio.h>

#include "tests/scenario/box.h"

#define RECORDED_NAMES_MAX   1024
#define RECORDED_REFUSED_MAX 1024

struct recorded_name {
    struct uuid escalation;
    char name[32];
};

struct recording {
    char *text; /* NULL: nothing is written down */
    size_t bytes;
    FILE *stream;
    int64_t written_ms; /* the time of the last line */
    int64_t customer_id;
    struct uuid about;
    struct recorded_name names[RECORDED_NAMES_MAX];
    size_t names_count;
    unsigned departures; /* asked of the dispatcher */
    unsigned refused[RECORDED_REFUSED_MAX];
    size_t refused_count;
    unsigned lines;
};

void recording_begin(struct recording *recording);
void recording_free(struct recording *recording);

/* A statement, with the time in front of it. */
void recording_say(struct recording *recording, const struct box *box, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A line for the time alone, unless the last one was of this time. */
void recording_look(struct recording *recording, const struct box *box);
/* A statement that stands for itself, at the time of the line before it: a procedure's step. */
void recording_add(struct recording *recording, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* From here on this customer is spoken of. */
void recording_for(struct recording *recording, const struct box *box, int64_t customer_id);

/* A statement about an escalation. */
void recording_about(struct recording *recording, const struct box *box, struct uuid escalation,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A command about to be posted; sent: what it answers, or NULL. */
void recording_command(struct recording *recording, const struct box *box,
                       const struct command *command, const struct box_sent *sent);
/* It was answered: the escalation that it names is known by a name from here on. */
void recording_answer(struct recording *recording, const struct command *command);
/* The dispatcher was asked; refused: it had no room. */
void recording_departure(struct recording *recording, bool refused);
/* An outcome that is about to be given back. */
void recording_outcome(struct recording *recording, const struct box *box,
                       const struct box_sent *sent, const char *outcome);

#endif
