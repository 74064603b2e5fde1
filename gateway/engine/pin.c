/* pin.c - PINs: which can be one, and what is kept of it. */
#include "gateway/engine/pin.h"

#include <string.h>

#include "gateway/base/slow_hash.h"
#include "gateway/engine/engine_private.h"

#define DOUBLINGS_MAX 16

const char *pin_fault(const char *pin)
{
    size_t digits = strspn(pin, "0123456789");
    if (pin[digits] != '\0' || digits < PIN_DIGITS_MIN || digits > PIN_DIGITS_MAX) {
        return "must be 4 to 12 digits";
    }
    /* What a stranger tries first: 0000, 1234, 9876. */
    bool even = true;
    for (size_t i = 2; i < digits; i++) {
        even = even && pin[i] - pin[i - 1] == pin[1] - pin[0];
    }
    return even && pin[1] - pin[0] >= -1 && pin[1] - pin[0] <= 1
               ? "is too easy to guess: choose digits that neither repeat nor count"
               : NULL;
}

int64_t pin_wait_ms(int64_t failures)
{
    if (failures < PIN_TRIES) {
        return 0;
    }
    int64_t doublings = failures - PIN_TRIES;
    int64_t wait_ms = doublings > DOUBLINGS_MAX ? PIN_WAIT_MS_MAX : PIN_WAIT_MS << doublings;
    return wait_ms < PIN_WAIT_MS_MAX ? wait_ms : PIN_WAIT_MS_MAX;
}

struct uuid pin_salt(void)
{
    struct uuid salt;
    random_fill(&random_system, salt.bytes, sizeof salt.bytes);
    return salt;
}

enum status engine_hash_pin(const struct engine *engine, int64_t customer_id, int64_t agent_id,
                            struct uuid salt, const char *pin, struct digest *hash_r,
                            struct error *error)
{
    const struct digest_part parts[] = {
        {salt.bytes, sizeof salt.bytes},
        {&customer_id, sizeof customer_id},
        {&agent_id, sizeof agent_id},
        {engine->configuration.secret, ENGINE_SECRET_BYTES},
    };
    struct digest salted = digest_sha256(parts, sizeof parts / sizeof parts[0]);
    return slow_hash(pin, strlen(pin), salted.bytes, sizeof salted.bytes, hash_r, error);
}
