#include "tests/unit/engine/death.h"

#include <signal.h>

#include "gateway/engine/engine_private.h"

void run_abort_handler(int code)
{
    sigset_t held, before;
    struct sigaction action;
    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGABRT);
    (void)sigprocmask(SIG_BLOCK, &held, &before);
    siginfo_t info = {.si_signo = SIGABRT, .si_code = code};
    if (sigaction(SIGABRT, NULL, &action) != 0 || (action.sa_flags & SA_SIGINFO) == 0) {
        fail_msg("nobody handles an abort");
        return; /* for the analysers */
    }
    action.sa_sigaction(SIGABRT, &info, NULL);
    (void)signal(SIGABRT, SIG_IGN); /* what is pending is gone */
    (void)sigaction(SIGABRT, &action, NULL);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

void house_die_on(struct house *house, struct uuid subject, int times)
{
    for (int i = 0; i < times; i++) {
        poison_begin(house->customer_id, subject);
        run_abort_handler(SI_TKILL);
        house_close(house);
        burden_drop(); /* it is another process */
        house_open(house);
    }
}
