/* trace.h - golden traces: a script of events as plain lines, what the core answered as indented
 * ones, so that a reader sees cause and effect.
 *
 *   procedure {"steps":[…]}          as in schema/openapi.yaml, on one line; "last-resort"
 *   person paul on primary agent apns fcm phone    ("doubtful", "paused", "busy": so they stand)
 *   person marie on backup phones 3  has three numbers
 *   person marie gone                is no longer the customer's
 *   opens 480:00                     when the customer does; "never"
 *   shift paul 30:00 marie           until when they are on call, and who is then
 *   0:00 open critical promise 300   the event at this time (minutes:seconds)
 *       notifying r1 s1 …            what came of it (written by trace_run)
 *   until 5:00                       lets every deadline before fire at its time
 *
 * Verbs: open, join, transport #n STATE [reason], received #n, seen #n, call #n ANSWER,
 * accept WHO [#n], decline WHO [#n], remote|on_my_way|on_site|still|done|hand_back WHO [eta S],
 * deadline, severity WORD, note, cancel, resume, take OPERATOR, called_back N, split N, changed,
 * quarantine, assign WHO OPERATOR [member] [stays], hand_over WHO TO [stays], join_in WHO
 * [on_call], leave WHO. "open" and "join" may end in "hold" or "ticket", "open" in
 * "check_in WHO". Attempts are numbered in the order they were made. "outbox held" keeps new ones
 * from being handed over, "outbox open" no longer.
 */
#ifndef TESTS_UNIT_CORE_TRACE_H
#define TESTS_UNIT_CORE_TRACE_H

#include "tests/unit/core/world.h"

struct trace {
    struct world *world;
    char *text;
    size_t bytes;
    size_t used;
};

/* Runs all lines of a script that are not indented; answers the whole trace (free() it). */
char *trace_run(const char *script);

/* Runs one event line against a world (no time in front), adding to the trace's text when there is
 * one. */
void trace_event(struct trace *trace, const char *line);

void trace_print(struct trace *trace, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What the newest step did, as indented lines. */
void trace_update(struct trace *trace, const struct escalation *before);

#endif
