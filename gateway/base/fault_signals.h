/* fault_signals.h - the signals that a fault of the process' own raises. */
#ifndef GATEWAY_BASE_FAULT_SIGNALS_H
#define GATEWAY_BASE_FAULT_SIGNALS_H

#include <signal.h>
#include <stddef.h>

#define FAULT_SIGNALS 5

extern const int fault_signals[FAULT_SIGNALS];

/* All signals but these: what a thread blocks to leave signals to others. A fault whose signal is
 * blocked ends the process without its handler (signal(7)). */
void fault_signals_fill_others(sigset_t *signals_r);

#endif
