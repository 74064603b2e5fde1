/* shifts.h - a house whose rota has shifts to be checked in: jean and paul take turns, a day each,
 * from 18:00 in Paris; the reminder goes out half an hour before. Zoé can replace, the chief is
 * told.
 */
#ifndef TESTS_UNIT_ENGINE_SHIFTS_H
#define TESTS_UNIT_ENGINE_SHIFTS_H

#include "tests/unit/engine/fixture.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   INT64_C(3600000)
#define DAY_MS    INT64_C(86400000)

/* 2026-11-18T17:00:00Z: jean's shift begins, for a day. The house opens hours before. */
#define SHIFT_MS INT64_C(1795021200000)
/* His reminder. */
#define DUE_MS (SHIFT_MS - 30 * MINUTE_MS)

#define SHIFTS_TEST(name) cmocka_unit_test_setup_teardown(name, shifts_setup, house_teardown)

int shifts_setup(void **state);

/* A rota with the true compiler: daily turns of the agents, changing over at a local time. */
void put_shifts(struct house *house, const char *rota, const char *hand_over, const char *agents,
                const char *overrides);
/* "prise-de-poste" for the rota, opening an hour before, reminding half an hour before. */
void put_plan(struct house *house, const char *rota);

/* On both clocks, to a moment of the wall; then to rest. */
void pass_until(struct house *house, int64_t wall_ms);

/* Escalations that ask for somebody's check-in, ever. */
int64_t check_ins_asked(struct house *house);
/* Of the newest of them. */
struct uuid check_in_escalation(struct house *house);
/* enum duty_state of an agent's shift; -1: it was not judged. */
int64_t duty_state(struct house *house, int64_t agent, int64_t shift_ms);
/* Who is on call in "principal" at a moment; 0: nobody. */
int64_t on_call_at(struct house *house, int64_t wall_ms);

/* The agent's check-in by the app, up to where its test push was received, or heard. */
void check_in(struct house *house, int64_t agent, const char *installation, bool heard);
/* A key in the last call that was sent. */
struct command *press_key(struct house *house, enum attempt_answer answer);
/* The last of a path that was sent. */
const struct sent *last_sent(struct house *house, enum path path);

#endif
