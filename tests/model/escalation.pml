/* escalation.pml - one escalation, its writer, two agents, an operator, and a process that dies: the
 * protocol of acceptance, deadline and crash, for Spin (spinroot.com). tests/model/check runs it.
 *
 * What is durable is what the database holds after a commit; a message in the mailbox, a computed but
 * uncommitted update, and an answer on its way are lost with the process. Which state may follow which
 * comes from core's own table (moves.pml is generated from escalation_move_allowed()).
 *
 * Proven:
 *   never two holders     within one holding nobody but the holder is ever told that they hold it,
 *                         and who was told is in the database (assertions)
 *   lost by no offer      that somebody else is asked to take over, does not answer or dies with the
 *                         process leaves the holder the holder (assertions); an answer moves it
 *                         from one to the other in one commit
 *   nothing left out      what it makes of moves is core's table, no less and no more (check)
 *   always eventually     again and again a person holds it or it is over (claim `human`)
 *
 * Assumed for the second, and nothing else:
 *   - weak fairness: a process that can move for ever moves (the writer is not starved, the operator
 *     who is told acts in the end);
 *   - each turn of the writer takes its mail before it looks for deadlines;
 *   - the process dies finitely often (CRASHES), people press finitely many buttons (PRESSES each,
 *     one of the agents once more);
 *   - the desk, told again and again, asks again when its answer was lost.
 * Agents may sleep for ever, pushes may be lost, and holders may fall silent.
 *
 * Broken variants, each of which must fail: ANSWER_FIRST, TWO_WIN, STALE_AFTER_RESTART,
 * TOLD_ONCE, DUE_FORGOTTEN, SILENT_KEEPS, WRONG_MOVE, OFFER_TAKES, OFFER_STAYS_OPEN; and one that only
 * lacks a move: NO_SIGN_OF_LIFE, in which nobody comes back from being overdue, by a word or by
 * another who takes over.
 */
#include "moves.pml"

#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef PRESSES
#define PRESSES 1
#endif
#define ROUNDS 2

#define NOBODY   0
#define OPERATOR 3 /* 1 and 2 are agents */

mtype = { ACCEPT, PROGRESS, HAND_BACK, DONE_VERB, TAKE, CANCEL, RESUME, OFFER };

/* ---- durable ---- */
byte state = NOTIFYING;
byte holder = NOBODY;
byte round = 0;
bool due = true;  /* a due time stands in the row */
byte offered = NOBODY; /* the agent who is asked by name to take over */

/* ---- not durable ---- */
chan mail = [2] of { mtype, byte };
bool announced = false; /* the desk was told, and has not acted yet */
byte crashes = 0;

/* ---- ghosts ---- */
bool told[4];        /* this person was told, in the present holding, that they hold it */
byte was;            /* the state before a commit, for as long as it takes */

/* Every move that is made anywhere in the search, outside of its states: tests/model/check holds them
 * against core's table. */
c_decl {
\#include <stdio.h>
\#include <stdlib.h>
static unsigned char made[16][16];
static void print_made(void)
{
    for (int from = 0; from < 16; from++) {
        for (int to = 0; to < 16; to++) {
            if (made[from][to]) {
                printf("made %d %d\n", from, to);
            }
        }
    }
}
static void note_move(int from, int to)
{
    static int noted;
    if (noted++ == 0) {
        atexit(print_made);
    }
    made[from][to] = from != to;
}
}

#define CLOSED (state == CANCELLED || state == DONE)
#define HELD   (holder != NOBODY)

inline forget_told()
{
    told[1] = false;
    told[2] = false;
    told[3] = false;
}

inline commit(to, who)
{
    atomic {
#ifndef WRONG_MOVE
        assert(MOVE_ALLOWED(state, to));
#endif
        /* held in exactly the states that are held; who ended it stays on record */
        assert(to == CANCELLED || to == DONE || (who != NOBODY) ==
            (to == ACCEPTED || to == OVERDUE || to == TAKEN || to == CANCELLING));
        if
        :: holder != who -> forget_told()
        :: else
        fi;
        was = state;
        state = to;
        c_code { note_move(now.was, now.state); };
        was = 0;
        /* Whoever holds it now: nobody else is asked to, unless they be asked anew. */
        if
#ifndef OFFER_STAYS_OPEN
        :: holder != who && who != NOBODY -> offered = NOBODY
        :: to == CANCELLING || to == CANCELLED || to == DONE -> offered = NOBODY
        :: else
#else
        :: true
#endif
        fi;
        assert(who == NOBODY || offered != who); /* nobody is asked for what they have */
        holder = who;
#ifdef DUE_FORGOTTEN
        due = !(to == CANCELLED || to == DONE || to == WAITING);
#else
        due = !(to == CANCELLED || to == DONE);
#endif
    }
}

inline say_yes(who)
{
    atomic {
        assert(holder == who); /* what is said stands in the database */
        assert((who == 1 || !told[1]) && (who == 2 || !told[2]) && (who == 3 || !told[3]));
        told[who] = true
    }
}

/* The process dies and is started again: what was not committed is gone. */
inline die()
{
    atomic {
        crashes++;
        do
        :: mail ? _, _
        :: empty(mail) -> break
        od;
        announced = false;
#ifdef STALE_AFTER_RESTART
        if
        :: HELD -> state = NOTIFYING; holder = NOBODY /* an old copy is written back */
        :: else
        fi
#endif
    }
}

/* Whether the update is committed; the process may die before. */
inline commit_or_die(to, who, committed)
{
    if
    :: commit(to, who); committed = true
    :: crashes < CRASHES -> die(); committed = false
    fi
}

/* An agent is asked by name: nothing else changes, whatever becomes of the process. */
inline offer_to(who)
{
    atomic {
        if
        :: crashes < CRASHES -> die()
        :: true ->
            offered = who;
#ifdef OFFER_TAKES
            holder = NOBODY;
#endif
            assert(CLOSED || (holder != NOBODY) == (state == ACCEPTED || state == OVERDUE ||
                state == TAKEN || state == CANCELLING))
        fi
    }
}

/* Somebody asks to hold it. */
inline ask_to_hold(who, to)
{
    if
    :: CLOSED || state == CANCELLING -> skip /* told so */
#ifndef TWO_WIN
    :: HELD && holder == who && !CLOSED && state != CANCELLING -> /* a repeat */
        if
#ifndef NO_SIGN_OF_LIFE
        :: state == OVERDUE -> /* thought silent: a sign of life */
            commit_or_die(ACCEPTED, who, committed)
#endif
        :: else -> committed = true
        fi;
        if
        :: committed -> say_yes(who)
        :: else
        fi
#ifndef NO_SIGN_OF_LIFE
    :: HELD && holder != who && offered == who && to == ACCEPTED && !CLOSED && state != CANCELLING ->
        commit_or_die(ACCEPTED, who, committed); /* from one to the other, without a gap */
        if
        :: committed -> say_yes(who)
        :: else
        fi
    :: HELD && holder != who && !(offered == who && to == ACCEPTED) && !CLOSED &&
        state != CANCELLING -> skip /* told who holds it */
#else
    :: HELD && holder != who && !CLOSED && state != CANCELLING -> skip
#endif
    :: !HELD && !CLOSED ->
#else
    :: !CLOSED && state != CANCELLING ->
#endif
#ifdef ANSWER_FIRST
        told[who] = true;
        assert((who == 1 || !told[1]) && (who == 2 || !told[2]) && (who == 3 || !told[3]));
        commit_or_die(to, who, committed)
#else
        commit_or_die(to, who, committed);
        if
        :: committed -> /* the process may die before the answer is out, too */
            if
            :: say_yes(who)
            :: crashes < CRASHES -> die()
            fi
        :: else
        fi
#endif
    fi
}

/* The next step of the procedure: another round, or the end of them. */
inline go_on()
{
    if
    :: round + 1 < ROUNDS -> commit_or_die(WAITING, NOBODY, committed)
    :: else ->
        commit_or_die(EXHAUSTED, NOBODY, committed);
        announced = announced || committed
    fi
}

inline on_due()
{
    if
    :: state == NOTIFYING ->
#ifdef WRONG_MOVE
        assert(MOVE_ALLOWED(state, TAKEN) && MOVE_ALLOWED(TAKEN, WAITING));
#endif
        go_on()
    :: state == WAITING ->
        commit_or_die(NOTIFYING, NOBODY, committed);
        round = (committed -> round + 1 : round)
    :: state == ACCEPTED -> commit_or_die(OVERDUE, holder, committed)
    :: state == OVERDUE -> /* silent: the procedure resumes */
#ifdef SILENT_KEEPS
        commit_or_die(NOTIFYING, holder, committed);
#else
        commit_or_die(NOTIFYING, NOBODY, committed);
#endif
        round = (committed -> 0 : round)
    :: state == EXHAUSTED ->
#ifndef TOLD_ONCE
        announced = true
#else
        skip
#endif
    :: state == TAKEN -> skip /* the desk is reminded */
    :: state == CANCELLING -> commit_or_die(CANCELLED, holder, committed)
    fi
}

active proctype writer()
{
    mtype verb;
    byte who;
    bool committed;
end:    do
    :: atomic { nempty(mail) -> mail ? verb, who };
        if
        :: verb == ACCEPT -> ask_to_hold(who, ACCEPTED)
        :: verb == TAKE -> ask_to_hold(who, TAKEN)
#ifndef NO_SIGN_OF_LIFE
        :: verb == PROGRESS && holder == who && !CLOSED && state == OVERDUE ->
            commit_or_die(ACCEPTED, holder, committed) /* a sign of life */
#endif
        :: verb == RESUME && !CLOSED && state != CANCELLING && state != NOTIFYING && state != WAITING ->
            commit_or_die(NOTIFYING, NOBODY, committed); /* whoever holds it; behind the end, too */
            round = (committed -> 0 : round)
        :: verb == OFFER && !CLOSED && state != CANCELLING && holder != 2 -> offer_to(2)
        :: verb == HAND_BACK && holder == who && !CLOSED && state != CANCELLING ->
            commit_or_die(NOTIFYING, NOBODY, committed);
            round = (committed -> 0 : round)
        :: verb == DONE_VERB && holder == who && !CLOSED && state != CANCELLING ->
            commit_or_die(DONE, holder, committed)
        :: verb == CANCEL && !CLOSED && state != CANCELLING ->
            if
            :: state == ACCEPTED || state == OVERDUE -> commit_or_die(CANCELLING, holder, committed)
            :: else -> commit_or_die(CANCELLED, holder, committed)
            fi
        :: else
        fi
    :: empty(mail) && due && !CLOSED -> on_due() /* each turn takes its mail first */
    :: crashes < CRASHES -> die()
    od
}

/* Presses what it likes, a few times; a message may be lost. Sleeps for ever when it likes. */
proctype agent(byte me; byte presses)
{
end:    do
    :: presses > 0 ->
        presses--;
        if
        :: nfull(mail) -> mail ! ACCEPT, me
        :: told[me] && nfull(mail) -> mail ! PROGRESS, me
        :: told[me] && nfull(mail) -> mail ! HAND_BACK, me
        :: told[me] && nfull(mail) -> mail ! DONE_VERB, me
        :: skip /* it never arrived */
        fi
    od
}

/* Told that nobody was reached, takes it; without an answer, when told again. */
proctype operator()
{
    byte presses = 0;
end:    do
    :: announced && nfull(mail) -> atomic { announced = false; mail ! TAKE, OPERATOR }
    :: presses < PRESSES && nfull(mail) ->
        presses++;
        if
        :: mail ! CANCEL, OPERATOR
        :: mail ! RESUME, OPERATOR
        :: mail ! OFFER, OPERATOR
        :: told[OPERATOR] -> mail ! DONE_VERB, OPERATOR
        fi
    od
}

init
{
    atomic {
        run agent(1, PRESSES + 1); /* to accept, and then something else */
        run agent(2, PRESSES);
        run operator()
    }
}

ltl human { [] <> (HELD || CLOSED) }
