/* failing_memory.h - an allocator for OpenSSL, and for what this room takes through it, that fails
 * when it is told to. */
#ifndef TESTS_UNIT_PUSH_FAILING_MEMORY_H
#define TESTS_UNIT_PUSH_FAILING_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Once, before OpenSSL's first allocation. */
void failing_memory_install(void);

/* From now on the nth allocation (1: the next) fails, and all later ones too when for_ever. */
void failing_memory_start(size_t nth, bool for_ever);
void failing_memory_stop(void);

/* Whether an allocation has failed since failing_memory_start(). */
bool failing_memory_has_failed(void);

/* Calls attempt with the 1st, 2nd, 3rd … allocation failing, once and for ever, until nothing fails
 * any more (some are skipped where there are very many); asserts that nothing stays allocated. The
 * first call, unharmed, fills OpenSSL's caches. Answers how many attempts failed an allocation. */
size_t failing_memory_try(void (*attempt)(void *context), void *context);

#endif
