/* outcomes.h - what providers say of what was sent. */
#ifndef TESTS_UNIT_ENGINE_OUTCOMES_H
#define TESTS_UNIT_ENGINE_OUTCOMES_H

#include "tests/unit/engine/fixture.h"

/* Its phone is gone, at the provider since then (WALL_NEVER: it does not say). Nothing is done of
 * it before the house settles. */
void report_gone(struct house *house, const struct sent *sent, struct wall_time since);

#endif
