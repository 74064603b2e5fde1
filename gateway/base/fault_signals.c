#include "gateway/base/fault_signals.h"

const int fault_signals[FAULT_SIGNALS] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

void fault_signals_fill_others(sigset_t *signals_r)
{
    (void)sigfillset(signals_r);
    for (size_t i = 0; i < FAULT_SIGNALS; i++) {
        (void)sigdelset(signals_r, fault_signals[i]);
    }
}
