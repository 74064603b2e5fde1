/* chores.h - whatever the engine is asked to do, or owes itself: for tests in which each call under
 * it fails once.
 */
#ifndef TESTS_UNIT_ENGINE_CHORES_H
#define TESTS_UNIT_ENGINE_CHORES_H

#include "tests/unit/engine/fixture.h"

/* Makes, without a failure, what a command needs, and the command. NULL: only time passes. */
typedef struct command *chore(struct house *house);

/* clang-format off */
#define CHORES(X) \
    X(escalate) X(escalate_by_key) X(join) X(accept) X(decline) X(receive) X(receive_by_app) \
    X(accept_again) X(press_a_key) X(go) X(finish) X(hand_back) X(cancel) X(note) X(take) \
    X(speak_for_jean) X(call_anew) X(set_aside) X(do_a_task) X(do_a_task_again) X(split) \
    X(escalate_when_the_wall_was_set) X(accept_twice) X(arrive) X(fail_to_arrive) \
    X(hear_of_quarantine) \
    X(fail_to_exist) X(lose_the_phone) X(be_late) X(wait_for_a_step) X(wait_for_the_end) \
    X(wait_for_progress) X(be_told_again_to_dispatch) X(dispatch_again) X(change_customer) \
    X(change_calendar) X(put_holidays) X(remove_holidays) \
    X(change_person) X(change_procedure) X(change_rules) X(change_rota) \
    X(register_phone) X(retire_phone) \
    X(try_phone) X(confirm_test) X(test_fails) X(test_is_late) X(wait_for_room_for_tests) \
    X(hear_phone) X(check_in) X(check_out) X(check_out_with_a_note) \
    X(pause) X(pause_again) X(be_back) X(offer_another) \
    X(plan_check_ins) X(unplan_check_ins) \
    X(miss_a_shift) X(take_up_a_shift) X(pass_a_shift) X(hear_of_check_in) \
    X(press_a_key_for_check_in) X(replace) X(withdraw_a_shift) \
    X(lose_the_phone_of_a_shift) X(leave_a_shift) X(probe_a_phone) X(judge_a_probe) \
    X(record_a_call) X(enrol) X(use_enrolment) X(add_key) X(revoke_key) \
    X(add_feed) X(revoke_feed) \
    X(publish) X(see_publication) X(fetch_calendar) \
    X(keep_coverage) X(tell_coverage) \
    X(note_on_ticket) X(close_ticket) X(reopen_ticket) X(link_tickets) X(unlink_tickets) \
    X(wait_for_the_index) \
    X(hold) X(join_what_is_on_hold) X(open_the_doors) X(note_a_ticket) X(keep_a_ticket_s_promise) \
    X(put_through) X(assign) X(accept_an_offer) X(join_the_holder) X(offer_runs_out) \
    X(share_a_phone) X(enrol_a_shared_phone) X(register_a_shared_phone) \
    X(log_a_shared_phone_out) X(revoke_a_shared_phone) X(sign_in) \
    X(sign_out) X(set_a_pin) X(clear_a_pin)
/* clang-format on */

#define X_(name) struct command *chore_##name(struct house *house);
CHORES(X_)
#undef X_

/* A closed ticket without an escalation. */
struct uuid recorded_ticket(struct house *house);
/* By Léa, with a text and a key of its own. */
struct command *ticket_command(struct house *house, enum ticket_verb verb, struct uuid ticket);

/* An escalation with its first push under way. */
struct uuid open_one(struct house *house);
/* What became of an attempt, at this moment. */
struct command *outcome_command(struct house *house, enum command_type type, struct uuid attempt,
                                enum attempt_state transport);

#endif
