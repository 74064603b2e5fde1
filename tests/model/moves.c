/* moves.c - prints core's transition table for the model: a number for each state, and which may
 * follow which; once more as comments, a move a line, for tests/model/check. */
#include <stdio.h>

#include "gateway/core/escalation.h"

/* What is on hold has nobody who could accept: the model begins where it ends. */
#define STATES_COUNT (ESCALATION_DONE + 1)

int main(void)
{
#define X_(name, number, word) (void)printf("#define %s %d\n", #name, number);
    ESCALATION_STATE_TABLE(X_)
#undef X_
    static const char *const names[] = {
#define X_(name, number, word) [number] = #name,
        ESCALATION_STATE_TABLE(X_)
#undef X_
    };
    (void)printf("#define MOVE_ALLOWED(from, to) ((from) == (to)");
    for (int from = 0; from < STATES_COUNT; from++) {
        for (int to = 0; to < STATES_COUNT; to++) {
            if (from != to &&
                escalation_move_allowed((enum escalation_state)from, (enum escalation_state)to)) {
                (void)printf(" || ((from) == %d && (to) == %d)", from, to);
            }
        }
    }
    (void)printf(")\n");
    for (int from = 0; from < STATES_COUNT; from++) {
        for (int to = 0; to < STATES_COUNT; to++) {
            if (from != to &&
                escalation_move_allowed((enum escalation_state)from, (enum escalation_state)to)) {
                (void)printf("/* move %d %d %s to %s */\n", from, to, names[from], names[to]);
            }
        }
    }
    return 0;
}
