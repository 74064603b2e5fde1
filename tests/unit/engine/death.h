/* death.h - an engine that dies of what it works on, in the test's own process: what it leaves for
 * the next one is written as the handler of the signal writes it. */
#ifndef TESTS_UNIT_ENGINE_DEATH_H
#define TESTS_UNIT_ENGINE_DEATH_H

#include "tests/unit/engine/fixture.h"

/* The gateway's own handler, as a death by SIGABRT would run it, of a signal with this si_code
 * (SI_TKILL: its own abort(); SI_USER, SI_QUEUE: from outside). The signal itself is held back. */
void run_abort_handler(int code);
/* The engine dies so often while it works on this, and is created anew. */
void house_die_on(struct house *house, struct uuid subject, int times);

#endif
