/* asked_because.h - why a shift is asked for, as views and the timeline say it. */
#ifndef GATEWAY_ENGINE_ASKED_BECAUSE_H
#define GATEWAY_ENGINE_ASKED_BECAUSE_H

#include "gateway/store/store_check_in.h"

/* "missing", "phone_died", "phone_silent", "left_early". */
const char *asked_because_word(enum asked_because because);

#endif
