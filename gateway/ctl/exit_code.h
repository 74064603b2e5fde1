/* exit_code.h - what astreintectl tells the shell. */
#ifndef GATEWAY_CTL_EXIT_CODE_H
#define GATEWAY_CTL_EXIT_CODE_H

/* Exit codes, part of the interface. */
enum ctl_exit {
    CTL_OK = 0,
    CTL_REFUSED = 1,     /* the gateway said no, or what was waited for did not happen */
    CTL_USAGE = 2,       /* the command line, a file or the key file is wrong; nothing was sent */
    CTL_UNREACHABLE = 3, /* no answer from the gateway */
    CTL_FINDINGS = 4,    /* it answered, and there is something to look at */
};

#endif
