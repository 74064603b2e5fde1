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
event_handler on_offer, on_join, on_leave;

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

/* Says what happens at due_at. */
void step_describe(struct step *step, const char *what);

/* Says what follows the step that is asked for members. */
void describe_search(const struct step *step);

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

/* A call to the first of the person's numbers that was not called in this step: they have one now,
 * or have another behind those that came to nothing; never two at once. With an entry when `why` is
 * not what was agreed. Whether there is one. */
bool run_call_in_step(struct step *step, const struct context_person *person, const char *why);

/* Ends the step now when nothing in it can lead to an acceptance any more. */
void run_end_hopeless_step(struct step *step);

/* Attempts for people of the current step who have become reachable since it began, and what is
 * due beside it to those who have become harder to reach. */
void run_top_up(struct step *step);

/* Whether this person said no in the current round, or handed it back: they are skipped for the
 * rest of the round and tried again in the next. */
bool run_stepped_aside(const struct step *step, const struct person_ref *person);

/* Whether they work on what somebody holds. Members of what nobody holds are asked like others. */
bool run_is_beside_holder(const struct step *step, const struct person_ref *person);

/* Whether people of a step are asked: for a holder, or beside one; and until when. */
bool run_asks_step(const struct escalation *now);
struct engine_time run_step_ends(const struct escalation *now);

/* Tells the current step's people again, or the holder, that the ticket worsened. */
void run_update_people(struct step *step);

/* Attempts on every path of a person. Answers how many. */
int run_reach(struct step *step, enum attempt_purpose purpose, const struct context_person *person,
              unsigned via, struct engine_time not_after);

/* Withdraws the notification from every device that shows it, the holder's own included, and drops
 * what was not handed over yet; but not of those who are asked by name. */
void run_withdraw(struct step *step);

/* The same, from whoever does not work on it. */
void run_withdraw_from_others(struct step *step);

/* The same, from one person, unless they work on it; and while it is still sought for people, only
 * what asked them by name and was not handed over yet. */
void run_withdraw_from(struct step *step, const struct person_ref *person);

/* Somebody accepted: goes on asking for as many as the step wants, in what is left of it (ENGINE_
 * NEVER: it was over, from the first one). False when there are as many. */
bool run_seek_members(struct step *step, struct engine_time step_ends);

/* Somebody left who was not done: asks from the top for whoever is missing now. Not again where it
 * came to nothing before, which is the desk's affair. */
void run_seek_again(struct step *step);

/* Ends the search once there are as many as are wanted. */
void run_look_at_search(struct step *step);

/* The callback endpoint that the desk listens on. */
const char *run_desk(const struct step *step);

/* ---- asking.c: one person of the current step, and who is asked beside them ---- */

/* Attempts on every path of the step that was not tried in it yet; and by call, with an entry that
 * says why, when a push alone may not reach them. Answers how many. */
int run_ask(struct step *step, const struct context_person *person);

/* Asks the backup, on the step's paths, beside those of the step who were asked and are busy or
 * paused, with an entry for each of them; nothing when nobody of it is left to ask. Answers how
 * many attempts that makes. */
int run_back_up(struct step *step);

/* Makes the offer to those of the backup, too, as far as there is room, when whom it was made to is
 * busy or paused: an entry says so, and one who is left out. */
void run_back_up_offer(struct step *step, const struct context_person *asked, struct offer offer);

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

/* ---- event_answer.c ---- */

/* Writes the answer to the event's attempt, if it went to the actor. */
void step_mark_attempt(struct step *step, enum attempt_answer answer);

/* ---- team.c: members, and who is asked by name ---- */

/* The paths of a member, of somebody who is asked, or of the event's `whom`; NULL. */
const struct context_person *team_person(const struct step *step, const struct person_ref *ref);
/* Whether somebody is there, and has a way. */
bool team_can_reach(const struct context_person *person);
/* A member who is at work, or NULL. */
struct member *team_member(struct step *step, const struct person_ref *person);
/* Whether a member said that they are done. */
bool team_is_done(const struct escalation *now, const struct person_ref *person);
/* Whether they hold it, or are at work beside the holder. */
bool team_has(const struct escalation *now, const struct person_ref *person);
/* How many are at work, the holder included. */
int team_at_work(const struct escalation *now);
/* The same, and those who are done: nobody has to come in their place. */
int team_served(const struct escalation *now);
/* Whether there is no place for one more member. */
bool team_is_full(const struct escalation *now);
/* What somebody was asked and has not answered, or NULL. */
const struct offer *team_offer(const struct escalation *now, const struct person_ref *person);

/* Asks somebody who can be reached, in place of what they were asked before; there is room. The
 * backup is asked beside them. */
void team_ask(struct step *step, const struct context_person *person, enum offer_role role,
              enum offer_origin origin, bool stays);
/* Makes one more offer, to somebody who can be reached and has none; there is room. */
void team_add_offer(struct step *step, const struct context_person *person, struct offer offer);
/* The actor said no to what they were asked: who asked is told, unless the actor is of the backup
 * and not the last of their asking. */
void team_declined(struct step *step);
/* The actor joins the holder, asked or not; there is room. */
void team_join(struct step *step, const char *why);
/* The actor, a member, is at work no longer. */
void team_leave(struct step *step, const char *why);
/* The actor accepts to take over from the holder. */
void team_take_over(struct step *step);
/* The holder is done. True: members are at work, and the longest of them holds it now. */
bool team_goes_on(struct step *step);
/* Somebody has become holder of what nobody held. */
void team_hold(struct step *step);
/* The holder let go. */
void team_release(struct step *step);
/* The procedure goes on: members are asked to take over besides, where it does not ask them. */
void team_ask_to_hold(struct step *step);
/* It is over: nobody is asked any more. */
void team_close(struct step *step);
/* Members at work are told once on each path. */
void team_tell_of_cancellation(struct step *step);
/* Offers and shifts whose time has come. */
void team_look(struct step *step);
/* The wall or the rota was changed: so may be the end of the holder's shift. */
void team_look_at_shift(struct step *step);
/* Moves due_at to the team's earliest clock. */
void team_settle(struct step *step);
/* As escalation_fault(). */
const char *team_fault(const struct escalation *now);

/* ---- holding.c ---- */

/* Makes somebody the holder: state, clocks, withdrawals. */
void hold(struct step *step, enum escalation_state state, const struct person_ref *holder,
          enum path path);

/* Nobody holds it any more: the procedure goes on at once. */
void let_go(struct step *step);

/* Tells the desk of promises about to break, unless somebody holds it. */
void warn_of_promises(struct step *step);

#endif
