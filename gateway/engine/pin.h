/* pin.h - the PIN by which an agent signs in on a shared phone: what it looks like, how it is kept,
 * and how often it may be wrong.
 */
#ifndef GATEWAY_ENGINE_PIN_H
#define GATEWAY_ENGINE_PIN_H

#include <stdbool.h>

#include "gateway/engine/engine.h"

#define PIN_DIGITS_MIN 4
#define PIN_DIGITS_MAX 12

/* So many wrong ones in a row are free, on one phone for one agent; then each costs a wait, which
 * doubles. */
#define PIN_TRIES       5
#define PIN_WAIT_MS     INT64_C(60000)
#define PIN_WAIT_MS_MAX INT64_C(3600000)

/* Why a text cannot be a PIN, as a rule for whoever chooses one; NULL: it can. */
const char *pin_fault(const char *pin);

/* How long none is looked at after so many wrong ones in a row; 0: not at all. */
int64_t pin_wait_ms(int64_t failures);

/* A salt for a new PIN. Any thread. */
struct uuid pin_salt(void);

/* What is kept of a PIN: a slow hash over its salt, whose it is and the engine's secret, which the
 * database does not hold: without it, all there are would be tried in an hour. Takes some 50 ms and
 * 16 MiB: never in the writer's thread or one that serves connections. Any thread.
 * STATUS_NO_MEMORY. */
enum status engine_hash_pin(const struct engine *engine, int64_t customer_id, int64_t agent_id,
                            struct uuid salt, const char *pin, struct digest *hash_r,
                            struct error *error) MUST_CHECK;

#endif
