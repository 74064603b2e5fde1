/* phones_private.h - what a phone is registered for: the enrolments of one phone, and those that
 * belong to whoever signed in last. Part of the engine's insides (engine_private.h).
 */
#ifndef GATEWAY_ENGINE_PHONES_PRIVATE_H
#define GATEWAY_ENGINE_PHONES_PRIVATE_H

#include "gateway/engine/engine_private.h"

/* ---- installations.c: one phone and all that are registered on it ---- */

/* What a device's provider says is gone is gone for each registration of that phone, of whichever
 * customer, unless one of them registered behind `since`. */
enum status installation_retire(struct engine *engine, int64_t customer_id, int64_t device_id,
                                const char *reason, struct wall_time at, struct wall_time since,
                                struct error *error) MUST_CHECK;
/* Whether the phone has room for one more enrolment, and is not another's of this customer; false:
 * the answer is there, or *status_r says what failed. */
bool installation_has_room(struct engine *engine, struct command *command, enum status *status_r,
                           struct error *error);
/* The phone was known by `before` and registers by `command`, maybe with another target: all others
 * that had the same as before have that one now. */
enum status installation_rotate(struct engine *engine, const struct registration_row *before,
                                const struct command *command, struct error *error) MUST_CHECK;
/* The phone of `command` is from now on its agent's, or the shared phone's, in this customer:
 * whoever had it there has it no more. */
enum status installation_take_over(struct engine *engine, const struct command *command,
                                   struct error *error) MUST_CHECK;
/* Tells the desk when the agent is on call and has no phone besides this installation, which they
 * just lost. */
enum status installation_tell_lost(struct engine *engine, int64_t customer_id, int64_t agent_id,
                                   const char *installation, struct wall_time at,
                                   struct error *error) MUST_CHECK;

/* ---- command_shared_phone.c: phones that belong to whoever signed in last ---- */

/* The code of a shared phone was used: STATUS_NOT_FOUND, and nothing answered, when it is none. */
enum status shared_phone_use_code(struct engine *engine, struct command *command,
                                  const struct digest *code_hash, struct error *error) MUST_CHECK;
/* COMMAND_PUT_DEVICE and COMMAND_DELETE_DEVICE of a shared phone. */
enum status shared_phone_put(struct engine *engine, struct command *command,
                             struct error *error) MUST_CHECK;
enum status shared_phone_log_out(struct engine *engine, struct command *command,
                                 struct error *error) MUST_CHECK;
/* Whoever has it has it no more; by: a fixed word for the record. The row is not written. */
enum status shared_phone_give_back(struct engine *engine, struct shared_phone_row *phone,
                                   const char *by, struct wall_time at,
                                   struct error *error) MUST_CHECK;

/* Nothing registered later than that, even where the wall was set back. */
#define REGISTERED_EVER ((struct wall_time){TIME_NEVER_MS - 1})

/* ---- command_configuration.c, command_device.c: codes ---- */

#define CODE_CHARS 10

/* Without characters that look alike: it is read aloud and typed. */
void enrolment_code_make(const struct random_source *random, char code_r[CODE_CHARS + 1]);
/* A code that would live longer than codes do was made before the wall was set back. */
bool enrolment_code_is_alive(struct wall_time expires_at, struct wall_time now);

#endif
