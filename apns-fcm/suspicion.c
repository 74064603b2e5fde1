#include "apns-fcm/suspicion.h"

#define WINDOW_MS           INT64_C(600000)
#define DEVICES_REFUSED_MIN 5

void suspicion_note(struct suspicion *suspicion, uint32_t device, bool refused,
                    struct monotonic_time now)
{
    suspicion->answers[suspicion->next].device = device;
    suspicion->answers[suspicion->next].refused = refused;
    suspicion->answers[suspicion->next].at = now;
    suspicion->next = (suspicion->next + 1) % SUSPICION_ANSWERS_MAX;
    if (suspicion->count < SUSPICION_ANSWERS_MAX) {
        suspicion->count++;
    }
}

static bool is_recent(const struct suspicion *suspicion, size_t i, struct monotonic_time now)
{
    return now.ms - suspicion->answers[i].at.ms <= WINDOW_MS;
}

/* Whether an earlier entry speaks of the same device in the same way. */
static bool was_counted(const struct suspicion *suspicion, size_t i, struct monotonic_time now)
{
    for (size_t k = 0; k < i; k++) {
        if (suspicion->answers[k].device == suspicion->answers[i].device &&
            suspicion->answers[k].refused == suspicion->answers[i].refused &&
            is_recent(suspicion, k, now)) {
            return true;
        }
    }
    return false;
}

bool suspicion_is_founded(const struct suspicion *suspicion, struct monotonic_time now)
{
    size_t refused = 0, known = 0;
    for (size_t i = 0; i < suspicion->count; i++) {
        if (!is_recent(suspicion, i, now) || was_counted(suspicion, i, now)) {
            continue;
        }
        if (suspicion->answers[i].refused) {
            refused++;
        } else {
            known++;
        }
    }
    return refused >= DEVICES_REFUSED_MIN && refused >= known;
}
