/* asked_because.c - why a shift is asked for, in a word. */
#include "gateway/engine/asked_because.h"

#include <assert.h>

const char *asked_because_word(enum asked_because because)
{
    static const char *const words[] = {[ASKED_MISSING] = "missing",
                                        [ASKED_PHONE_DIED] = "phone_died",
                                        [ASKED_PHONE_SILENT] = "phone_silent",
                                        [ASKED_LEFT_EARLY] = "left_early"};
    assert((unsigned)because < sizeof words / sizeof words[0]);
    return words[because];
}
