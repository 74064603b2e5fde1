/* failing_reads.h - lets the nth read of a database's file fail, as a kernel that cannot reach its
 * disk for a moment, or each of a place, as a sector that is gone. For tests of one thread. */
#ifndef TESTS_UNIT_FAILING_READS_H
#define TESTS_UNIT_FAILING_READS_H

#include <stdbool.h>
#include <stdint.h>

/* From now on the nth read (1: the next) of any connection fails, once. */
void failing_reads_start(unsigned nth);
/* Answers whether it came and failed. */
bool failing_reads_stop(void);

/* Each read of this byte fails until failing_reads_heal(). */
void failing_reads_at(int64_t offset);
/* Answers how many did. */
unsigned failing_reads_heal(void);

#endif
