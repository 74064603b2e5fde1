/* suspicion.h - whether refusals of single devices are the sender's own fault: when BadDeviceToken
 * or 403 arrive for many devices at once it is the configuration that is wrong, and retiring on
 * them would wipe out a fleet. Pure. */
#ifndef APNS_FCM_SUSPICION_H
#define APNS_FCM_SUSPICION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/time.h"

#define SUSPICION_ANSWERS_MAX 32

/* The newest answers of an account; zeroed: none yet. */
struct suspicion {
    struct {
        uint32_t device; /* a hash */
        bool refused;
        struct monotonic_time at;
    } answers[SUSPICION_ANSWERS_MAX];
    size_t next;
    size_t count;
};

/* Notes an answer: whether the device was called bad (refused), or known. */
void suspicion_note(struct suspicion *suspicion, uint32_t device, bool refused,
                    struct monotonic_time now);

/* True when, of the last ten minutes' answers, five different devices or more were refused and they
 * are at least half of the devices heard of. */
bool suspicion_is_founded(const struct suspicion *suspicion, struct monotonic_time now);

#endif
