/* phones.h - phones of several customers and agents, for the tests of the engine. */
#ifndef TESTS_UNIT_ENGINE_PHONES_H
#define TESTS_UNIT_ENGINE_PHONES_H

#include "tests/unit/engine/fixture.h"

#define SALT ((struct uuid){{1, 2, 3}})

/* Another customer with one agent; the agent's id. */
int64_t put_other_customer(struct house *house, const char *slug, int64_t *customer_id_r);
/* Registers a phone; what was answered. */
struct command *register_phone(struct house *house, int64_t customer_id, int64_t agent_id,
                               const char *installation, const char *target);

/* A phone that jean and paul share, enrolled; its number. */
int64_t enrol_shared_phone(struct house *house);
/* The same, registered as installation "s-1" with target "token". */
int64_t put_shared_phone(struct house *house);
/* A command of a registered shared phone. */
struct command *shared_phone_command(struct house *house, enum command_type type, int64_t phone_id);
void set_pin(struct house *house, int64_t agent_id);
/* An agent enters a PIN there; what was answered. */
struct command *enter_pin(struct house *house, int64_t phone_id, int64_t agent_id, bool right);

#endif
