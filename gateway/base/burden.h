/* burden.h - what each thread is working on: whom to blame when the process dies of it.
 *
 * A thread takes up a burden where it begins to work on something that came from outside, and puts
 * it down where it is done. Nothing is written anywhere for it: only the handler of the signal that
 * the process dies of asks, and notes the answer where the next process finds it (poison.c).
 *
 * A thread that dies by itself dies of its own burden, whatever the others are at. One that is
 * ended from outside, as a supervisor ends a process that hangs, dies of the burden that somebody
 * has been carrying for longest.
 */
#ifndef GATEWAY_BASE_BURDEN_H
#define GATEWAY_BASE_BURDEN_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/clock.h"
#include "gateway/base/uuid.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Threads that may carry one at the same time; what more do is nobody's. */
#define BURDEN_THREADS_MAX 64

struct burden {
    int64_t customer_id; /* 0: not known */
    struct uuid subject; /* an escalation, or what stands for a request; nil: nobody's */
    bool reading;        /* it is only looked at */
};

/* This thread works on it from now on, and on nothing else; NULL: on nobody's. Copies it. Any
 * thread; no lock, no system call but the clock's. */
void burden_take(const struct burden *burden);
void burden_drop(void);

/* What this thread is working on. Safe in a signal handler. */
bool burden_of_this_thread(struct burden *burden_r);
/* What has been worked on for longest, of what began at least min_ms ago; what is only read counts
 * when there is nothing else. Safe in a signal handler; true answers are those of threads that do
 * not move any more. */
bool burden_of_the_stuck(int64_t min_ms, struct burden *burden_r);

/* Ends the process with abort() for a reason that is nobody's: no memory for what is small and
 * fixed, a disk that does not say whether it has it. Any thread. */
void burden_abort_unblamed(void) __attribute__((noreturn));
/* This thread ends so. Safe in a signal handler. */
bool burden_dies_unblamed(void);

/* For how long the longest of what is only read has been read; 0: nothing is. */
int64_t burden_reading_ms(void);

/* For tests: the clock of burden_of_the_stuck(), which outlives all threads; NULL: the machine's.
 */
void burden_set_clock(const struct clock_source *clock);

#ifdef __cplusplus
}
#endif

#endif
