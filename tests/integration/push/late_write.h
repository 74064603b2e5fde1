/* late_write.h - one write() of this program that comes too late: its peer is gone, and the network
 * has said so. */
#ifndef TESTS_INTEGRATION_PUSH_LATE_WRITE_H
#define TESTS_INTEGRATION_PUSH_LATE_WRITE_H

#include <stdbool.h>
#include <stdint.h>

/* The first to whoever listens on that port that finds the peer leaving. */
void late_write_set(uint16_t port);
/* Whether it has. */
bool late_write_came(void);

#endif
