/* failing_calls.h - lets the nth call of a kind fail, in front of the C library and of SQLite: the
 * linker puts these there (see the CMake lines of the tests that use it). Only calls of the thread
 * that asked for it fail. */
#ifndef TESTS_UNIT_FAILING_CALLS_H
#define TESTS_UNIT_FAILING_CALLS_H

#include <stdbool.h>

enum failing_kind {
    FAIL_MEMORY,  /* malloc, calloc, strdup, jansson's own, an arena's */
    FAIL_PREPARE, /* opening a database, preparing a statement */
    FAIL_STEP,    /* running a statement, binding a copy */
    FAIL_THREAD,  /* starting a thread */
    FAILING_KINDS_COUNT
};

extern const char *const failing_kind_names[FAILING_KINDS_COUNT];

/* From now on the nth call of this kind (1: the next) fails, once; SQLite's as if memory had run
 * out. */
void failing_calls_start(enum failing_kind kind, int nth);
/* The same for so many calls in a row; SQLite's answer rc. */
void failing_calls_start_in_a_row(enum failing_kind kind, int nth, int times, int rc);
/* Answers whether it came and failed. */
bool failing_calls_stop(void);

/* Blocks of memory that are out: what was taken and not given back. */
long failing_calls_blocks(void);

#endif
