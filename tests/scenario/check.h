/* check.h - whether a whole scenario makes sense, before any of it runs. */
#ifndef TESTS_SCENARIO_CHECK_H
#define TESTS_SCENARIO_CHECK_H

#include <stdbool.h>

#include "tests/scenario/grammar.h"

/* How each line was understood; NULL for those without groups. */
struct readings {
    struct reading **of_lines; /* the first one is of line 1 */
    size_t count;
};

/* Whether a file can be run, and how its lines are understood; free that with readings_free(), also
 * when the file is wrong. False: each bad line was told on stderr, as "file:line: …". */
bool check_script(const struct script *script, struct readings *readings_r);
void readings_free(struct readings *readings);

#endif
