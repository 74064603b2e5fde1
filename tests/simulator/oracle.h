/* oracle.h - what must always be true, looked up in the database with SQL of its own. It shares no
 * code with core or engine: numbers of states are spelt out again, waits are read from the
 * procedures' JSON by SQLite.
 *
 *     oracle.c             what was said to people, against the rows that stand for it
 *     oracle_departures.c  what leaves, against its row, and the row against what left
 *     oracle_team.c        who works on it beside its holder
 *     oracle_offers.c      who is asked to by name, and who beside them
 *     oracle_trunk.c       calls in progress, against what the trunk has
 *     oracle_journal.c     the timelines: complete, chained, and a night that the procedure allows
 *     oracle_plans.c       what must be planned behind each entry: whom, by what, until when
 *     oracle_standing.c    how an escalation stands at rest: when it is due, for whom it waits
 *     oracle_numbers.c     the numbers of a person: in their order, one at a time, none twice
 *     oracle_people.c      whom a procedure's words mean, and what they can be reached through
 *     oracle_rota.c        who is on call, also when the clocks change
 *     oracle_shifts.c      whoever does not take up a shift in time is asked, and somebody hears it
 *     oracle_ways.c        who pauses, is in doubt or busy: by which ways they are asked, with whom
 *     oracle_answers.c     what people were answered, against what is kept of it
 *     oracle_callers.c     callers, and what each was promised
 *     oracle_questions.c   the SQL
 *     oracle_alarms.c      what the watch is told, and finds on record
 */
/* clang-format off */
/* What must hold, and where it is judged:
 *
 *   what was accepted exists until a named person took it   oracle_look_after_crash(),
 *                                                           follow_holder(), oracle_all_ended()
 *   while it is exhausted somebody is told again            check_announcement()
 *   what has an outcome has left, and calls do leave        check_outcome()
 *   an offer loses no holder, and ends; from one to the nextfollow_team()
 *   whoever is asked by name hears it in all ways           offer_begins()
 *   beside who is asked by name, busy or paused, those in   asking_begins(), pass_over(),
 *   reserve are asked the same; one acceptance is enough    check_ends(), offer_is_taken()
 *   one task for what nobody accepted, and none before      offer_is_declined(), offer_expires()
 *   members are asked when their holder lets go             members_are_asked()
 *   the last one who is done ends it                        follow_team()
 *   a step that wants several is asked on until they are    holder_is_there(), search_begins(),
 *   there, or everybody was asked: then it is a task        search_ends(), look_at_search()
 *   one holder of an acceptance                             follow_holder(), oracle_told_holder()
 *   no state that the transitions forbid                    check_order(), look_at_state()
 *   what is open is due, and when, to the millisecond       look_at_row(), expected_due()
 *   no attempt under two ids, and no id for two             check_once(), count_alerts(),
 *                                                           oracle_sending()
 *   nothing is sent before its row, nor as something else   check_row_of(), check_words_of()
 *   nothing is sent that is late or not wanted any more     check_words_of(), is_wanted()
 *   no more calls at once than the trunk has                trunk_call_leaves()
 *   the procedure's order and waits, spaced rounds          step_starts() ... gives_up()
 *   everybody whom a step names, by all its paths           check_step(), look_at_changes()
 *   the next number when one came to nothing, in order      check_next_number(), check_number(),
 *                                                           check_dialled()
 *   and nobody else, also when clocks change                check_asked(), find_on_call()
 *   a step ends when nothing in it has hope, not before     look_at_standing(), check_end_of_step()
 *   holder, screens and desk hear what they must, others notcheck_plans(), check_addressee()
 *   a promise is kept, warned of or somebody's task         expected_due(), look_at_standing()
 *   what a caller asked for is done                         look_at_asked(), look_at_parted()
 *   whoever wants what nobody holds has it                  check_acceptance()
 *   what a holder reports or presses is heeded              check_report(), check_key()
 *   late, set aside, full or stepped: an alarm              oracle_alarms.c
 *   lateness is bounded                                     look_for_overdue(), check_wait(),
 *                                                           watched.c: no sleep past a deadline
 *   a step of the wall clock moves no wait                  look_at_clock(), check_wait()
 *   what aborts or fails stops nothing but itself           look_for_poison(), and all the others
 *   timelines complete, gapless, in order                   look_at_journals(),
 *                                                           look_for_lost_entries()
 *   an outcome, a check-in, a test of a phone is kept       look_at_resolved(), look_at_answers()
 *   a call to whom a push may not reach, and no other       ways_to(), note_doubt()
 *   the backup beside who pauses or holds something else    is_in_demand(), note_backup()
 *   a pause is kept, and ends when it was said              hear_pause(), look_at_pause()
 *   a missed check-in is told to a human                    look_at_plan(), look_at_asked_ones()
 *   and is missed until it was made, taken or withdrawn     shift_is_done(), shift_is_withdrawn()
 *   the same key, the same answer                           oracle_accepted()
 *   nothing of one customer in another's view               check_whose(), hear_escalation()
 *   a sound database                                        check_with(): foreign keys
 *                                                           and all but the indexes' contents
 *                                                           after each crash, those after eight
 *
 * Kinds of journal entries that it does not know are counted and chained, and mean nothing to it.
 */
/* clang-format on */
#ifndef TESTS_SIMULATOR_ORACLE_H
#define TESTS_SIMULATOR_ORACLE_H

#include "tests/scenario/box.h"

#define ORACLE_FAULT_BYTES 640
#define CUSTOMERS          3 /* their rows are numbered from 1 */

struct oracle;

struct oracle *oracle_create(void);
void oracle_destroy(struct oracle **oracle);

/* Opens and closes its reading connection: no crash may find it open. */
void oracle_open(struct oracle *oracle);
void oracle_close(struct oracle *oracle);

/* ---- what is told to it ---- */

/* The gateway has said yes to this escalation, in these words, under this key (0: none); customer
 * is the simulator's own number. */
void oracle_accepted(struct oracle *oracle, struct uuid escalation, int customer, unsigned key,
                     const char *words, size_t words_bytes);
/* Somebody asks: to be told before the gateway has the command in its hands. */
void oracle_asked(struct oracle *oracle, const struct command *command);
/* A command was answered, or a crash took the answer. sent: the push or call that it answers, or
 * NULL; first: its button had not been pressed before. */
void oracle_heard(struct oracle *oracle, const struct command *command, struct box_sent *sent,
                  bool first);
void oracle_unheard(struct oracle *oracle, const struct command *command);
/* The id in an answer; whether it names this agent as the holder. */
bool oracle_id_of(const struct command *command, struct uuid *id_r);
bool oracle_names_holder(const struct command *command, const char *slug);
/* Its rows fail from now on. */
void oracle_broken(struct oracle *oracle, struct uuid escalation);
/* The gateway aborted while it worked on this one. */
void oracle_aborted(struct oracle *oracle, struct uuid escalation);
/* The gateway has told this person that they hold it, just now. */
void oracle_told_holder(struct oracle *oracle, struct uuid escalation, int person_kind,
                        int64_t person_id);
/* An attempt is about to leave. */
void oracle_sending(struct oracle *oracle, const struct box_sent *sent, const struct box *box);
/* Its outcome was given back. */
void oracle_resolved(struct oracle *oracle, struct uuid attempt, bool accepted);
/* A provider is about to say that a phone is gone. */
void oracle_phone_goes(struct oracle *oracle, int64_t device_id);
/* The gateway was dead or stood still until now: what was due meanwhile may be late. */
void oracle_disturbed(struct oracle *oracle);
/* The same, and the boot clock began anew: engine time may have moved. */
void oracle_rebooted(struct oracle *oracle);
/* The gateway has told the watch. */
void oracle_alarm(struct oracle *oracle, const char *kind, const char *detail, int64_t elapsed_ms);
/* The wall clock was set: somebody is to be told. */
void oracle_clock_stepped(struct oracle *oracle, int64_t ms);
/* The simulator itself saw something that must not be. */
void oracle_blame(struct oracle *oracle, const char *what);

/* ---- looking ---- */

/* While the gateway is at rest. troubled: its disk fails, so that it may be late. */
void oracle_look(struct oracle *oracle, struct box *box, bool troubled);
/* Nothing that was accepted or seen is gone; whole: the file itself is sound, too. */
void oracle_look_after_crash(struct oracle *oracle, struct box *box, bool whole);

/* ---- what it knows ---- */

/* How long nothing will be due; at most `most_ms`. */
int64_t oracle_due_in(struct oracle *oracle, struct box *box, int64_t most_ms);
/* Somebody took care of each one that was accepted. */
void oracle_all_ended(struct oracle *oracle);
/* The n-th of all accepted ones. */
size_t oracle_count(const struct oracle *oracle);
struct uuid oracle_escalation(const struct oracle *oracle, size_t index);
int oracle_customer(const struct oracle *oracle, size_t index);
bool oracle_is_open(const struct oracle *oracle, size_t index);
int64_t oracle_accepted_ms(const struct oracle *oracle, size_t index);
/* False: not one of those. */
bool oracle_find_customer(const struct oracle *oracle, struct uuid escalation, int *customer_r);
/* Whether an agent works on it beside who holds it. */
bool oracle_is_member(struct oracle *oracle, struct uuid escalation, int64_t agent_id);
/* Whether it is open just now. */
bool oracle_stands_open(struct oracle *oracle, struct uuid escalation);
/* The agent who holds it; 0: no agent does. */
int64_t oracle_holder(struct oracle *oracle, struct uuid escalation);

/* The first broken rule, or NULL. */
const char *oracle_fault(const struct oracle *oracle);

#endif
