/* duty_private.h - shifts that were taken up: what ends that before they are over. Part of the
 * engine's insides (engine_private.h).
 */
#ifndef GATEWAY_ENGINE_DUTY_PRIVATE_H
#define GATEWAY_ENGINE_DUTY_PRIVATE_H

#include "gateway/engine/engine_private.h"

/* ---- duty_lapse.c: a shift that is not taken up any more ---- */

#define DUTIES_OF_AGENT_MAX 16 /* shifts of one agent that are looked at at once */
/* Of a shift that ends so soon, nothing is asked any more: it is handed over. */
#define DUTY_LEFT_MS_MIN INT64_C(300000)

/* Inside a transaction: the shift that its agent had taken up is open again. It is asked for anew
 * by what asks for every other: the row says so, and check_in_watch.c finds it. */
enum status duty_lapse(struct engine *engine, struct check_in_duty_row *duty,
                       enum asked_because because, struct wall_time at,
                       struct error *error) MUST_CHECK;

/* Whether a shift that was taken up would be asked for: it began under a plan that stands, is still
 * its agent's by the rota, and is not nearly over. */
bool duty_is_watched(const struct directory_customer *customer,
                     const struct check_in_duty_row *duty, struct wall_time at);

/* Inside a transaction, behind a check-in of the app that is complete: what its agent had taken up
 * by a key, a voice or as a replacement stands by the phone from now on. */
enum status duty_carried_by_phone(struct engine *engine, const struct check_in_row *check_in,
                                  struct wall_time at, struct error *error) MUST_CHECK;

/* The phones by which a shift that was taken up in the app stands. */
struct duty_phones {
    struct device_row *all; /* the agent's live ones, in the scratch arena */
    size_t count;
    const char *checked_in_with; /* installation; NULL: the agent is not checked in (any more) */
    struct wall_time checked_in_at;
    bool complete;          /* the test push of that check-in was heard */
    struct wall_time since; /* the plan's opening */
};
enum status duty_phones_load(struct engine *engine, const struct check_in_duty_row *duty,
                             const struct directory_rota *rota, struct duty_phones *phones_r,
                             struct error *error) MUST_CHECK;
/* Whether one of them carries it: it came through there since the opening, or the agent's check-in
 * with it is complete, and its target another since. One that may not notify carries nothing. */
bool duty_phone_carries(const struct duty_phones *phones, const struct device_row *phone);

/* Inside a transaction: the check-in that stands, if any, is over. note: or NULL. */
enum status check_in_end(struct engine *engine, int64_t customer_id, int64_t agent_id,
                         const char *note, struct wall_time at, struct error *error) MUST_CHECK;

/* Inside a transaction, behind a phone of the agent that is retired, or may not notify any more:
 * shifts that were taken up in the app and stand by no other phone lapse. */
enum status duty_phone_gone(struct engine *engine, int64_t customer_id, int64_t agent_id,
                            enum asked_because because, struct wall_time at,
                            struct error *error) MUST_CHECK;

/* Inside a transaction, behind an agent's check-out: shifts that are left before their end lapse,
 * unless the next agent is there. Answers the command, with those shifts. */
enum status duty_answer_check_out(struct engine *engine, struct command *command,
                                  struct error *error) MUST_CHECK;

/* ---- device_death.c ---- */

/* A provider has given up a phone: before it is retired. An alarm when its agent is checked in and
 * on call now, unless it registered again after `since`. */
enum status device_death_tell(struct engine *engine, int64_t customer_id, int64_t device_id,
                              struct wall_time since, struct error *error) MUST_CHECK;
/* store_retire_device(), and what the agent's shifts become by it. */
enum status device_retire(struct engine *engine, int64_t customer_id, int64_t agent_id,
                          int64_t device_id, const char *reason, struct wall_time at,
                          struct wall_time since, struct error *error) MUST_CHECK;

/* ---- phone_probes.c: whether the phones of an agent on duty still answer ---- */

/* Whether the phones of a shift's agent are to be probed. */
bool probe_is_wanted(const struct directory_rota *rota, const struct check_in_duty_row *duty,
                     struct wall_time now);
/* A shift is (not) taken up: sets when its agent's phones are looked at. The row is the caller's to
 * write. */
void probe_plan(struct engine *engine, struct check_in_duty_row *duty);
/* The rows have something due then. */
void probe_due_at(struct engine *engine, struct engine_time due);
/* A push came through to some phone: a silence of its provider that was general is over. */
void probe_provider_works(struct engine *engine, enum platform platform);

#endif
