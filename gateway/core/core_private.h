/* core_private.h - what the event handlers share: the step being computed and the moves on it. */
#ifndef GATEWAY_CORE_CORE_PRIVATE_H
#define GATEWAY_CORE_CORE_PRIVATE_H

#include "gateway/core/escalation.h"

/* One call of escalation_step(). `now` is &update->after: handlers change it in place. */
struct step {
    const struct event *event;
    const struct context *context;
    struct update *update;
    struct escalation *now;
    unsigned ids_used;
};

/* One handler for each event. Answers as escalation_step(). */
typedef enum status event_handler(struct step *step);

event_handler on_opened, on_joined, on_split, on_severity;
event_handler on_transport, on_delayed, on_received, on_seen, on_call;
event_handler on_accept, on_decline;
event_handler on_progress, on_done, on_hand_back;
event_handler on_deadline;
event_handler on_note, on_cancel, on_resume, on_take, on_called_back;
event_handler on_context_changed, on_quarantine;
event_handler on_clock_stepped, on_clock_suspended;

/* ---- record.c: what an update is made of ---- */

/* Adds an entry about the event's actor; the caller fills in the rest through the pointer, which is
 * never NULL. */
struct entry *step_record(struct step *step, enum entry_kind kind);

/* Adds an attempt to a person (device NULL: by call to the first number) or, with person NULL, to a
 * callback. Its id is derived; NULL beyond the update's limit. */
struct attempt *step_attempt(struct step *step, enum attempt_purpose purpose,
                             const struct context_person *person,
                             const struct context_device *device, const char *callback,
                             struct engine_time not_after);

/* Adds a call to one of the person's numbers (from 0). */
struct attempt *step_attempt_call(struct step *step, enum attempt_purpose purpose,
                                  const struct context_person *person, size_t phone,
                                  struct engine_time not_after);

/* Which number an entry about the attempt speaks of: the place of a call's number from the second
 * on; 0 for the first and for other paths, of which there is nothing to tell. */
int64_t step_phone_told(const struct attempt *attempt);

/* A copy of a loaded attempt in the update's changed list (the same one when asked twice), or NULL
 * when it is not loaded. */
struct attempt *step_change_attempt(struct step *step, struct uuid id);

/* The same for the event's attempt; NULL also when it went to somebody other than the actor. */
struct attempt *step_change_attempt_of_actor(struct step *step);

/* Takes back an attempt (of the changed list) that was not handed over yet. */
void step_drop_attempt(struct attempt *attempt);

/* Makes a desk task and tells the call centre of it. */
void step_task(struct step *step, enum task_kind kind, int caller);

/* Answers a refusal that leaves a trace in the timeline. */
enum status step_refuse(struct step *step, enum status answer, const char *verb);

/* ---- move.c ---- */

/* The one way to change the state: checks the transition table. */
void step_move(struct step *step, enum escalation_state to);

/* Computes due_at and next_what from the clocks. */
void step_settle(struct step *step);

/* ---- procedure_run.c ---- */

/* Starts the procedure from the top with fresh rounds. */
void run_from_top(struct step *step);

/* Ends the current step and goes on: next step, next round, or exhausted. */
void run_next_step(struct step *step, const char *why);

/* Starts the round that WAITING waited for. */
void run_round(struct step *step);

/* Goes on after a holder let go: next step, or a fresh run when there is none left. */
void run_resume(struct step *step);

/* Makes the next announcement of an exhausted escalation. */
void run_announce(struct step *step);

/* A call to a person came to nothing: calls their next number, if what it was about is still asked
 * of them, there is time, and no other call to them may still be answered. */
void run_next_phone(struct step *step, const struct attempt *ended);

/* Ends the step now when nothing in it can lead to an acceptance any more. */
void run_end_hopeless_step(struct step *step);

/* Attempts for people of the current step who have become reachable since it began, and what is
 * due beside it to those who have become harder to reach. */
void run_top_up(struct step *step);

/* Whether this person said no in the current round, or handed it back: they are skipped for the
 * rest of the round and tried again in the next. */
bool run_stepped_aside(const struct step *step, const struct person_ref *person);

/* Tells the current step's people again, or the holder, that the ticket worsened. */
void run_update_people(struct step *step);

/* Attempts on every path of a person. Answers how many. */
int run_reach(struct step *step, enum attempt_purpose purpose, const struct context_person *person,
              unsigned via, struct engine_time not_after);

/* Withdraws the notification from every device that shows it, the holder's own included, and drops
 * what was not handed over yet. */
void run_withdraw(struct step *step);

/* The callback endpoint that the desk listens on. */
const char *run_desk(const struct step *step);

/* A call to the first of the person's numbers that was not called in this step: they have one now,
 * or have another behind those that came to nothing; never two at once. With an entry when `why` is
 * not what was agreed. Whether there is one. */
bool run_call_in_step(struct step *step, const struct context_person *person, const char *why);

/* ---- asking.c: one person of the current step, and who is asked beside them ---- */

/* Attempts on every path of the step that was not tried in it yet; and by call, with an entry that
 * says why, when a push alone may not reach them. Answers how many. */
int run_ask(struct step *step, const struct context_person *person);

/* Asks the backup, on the step's paths, beside those of the step who were asked and are busy or
 * paused, with an entry for each of them; nothing when nobody of it is left to ask. Answers how
 * many attempts that makes. */
int run_back_up(struct step *step);

/* An entry that says why somebody of the step is called too, or backed up. */
void run_record_why(struct step *step, enum entry_kind kind, const struct person_ref *person,
                    const char *why);

/* News for those of the backup who were asked in this step. */
void run_update_backup(struct step *step);

/* ---- keeping.c: what is on hold ---- */

/* The customer's opening is waited for; what opens at once, or nobody knows when, is escalated. */
void keep_until_opening(struct step *step);

/* It is only a ticket: over, unless a promise is to be watched. */
void keep_as_ticket(struct step *step);

/* What is on hold is looked at again: its opening may have come, moved or gone, its promises may
 * have been kept. Nothing in another state. */
void keep_look(struct step *step);

/* Escalates what is on hold. */
void keep_release(struct step *step, const char *why);

/* ---- holding.c ---- */

/* Makes somebody the holder: state, clocks, withdrawals. */
void hold(struct step *step, enum escalation_state state, const struct person_ref *holder,
          enum path path);

/* Nobody holds it any more. */
void release(struct step *step);

/* Tells the desk of promises about to break, unless somebody holds it. */
void warn_of_promises(struct step *step);

#endif
