/* memory.h - SQLite's memory, which runs out when somebody says so. One thread. */
#ifndef TESTS_SCENARIO_MEMORY_H
#define TESTS_SCENARIO_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* Puts itself under SQLite, once; before anything else uses it. */
void memory_install(void);

/* While it counts: so many allocations succeed, the next `failures` fail. Those made while it does
 * not count are neither. */
void memory_fail(uint64_t after, uint64_t failures);
void memory_count(bool counts);

uint64_t memory_failed(void);
/* Whether some are still to fail. */
bool memory_will_fail(void);

#endif
