/* latency.h - how long recent answers took: a histogram in which the past fades, and its quantiles.
 * Pure. */
#ifndef APNS_FCM_LATENCY_H
#define APNS_FCM_LATENCY_H

#include <stdint.h>

/* Half-octaves: 1, 1.4, 2, 2.8 … 2^15.5 ms; the first holds everything below. */
#define LATENCY_CLASSES 32

struct latency {
    uint32_t counts[LATENCY_CLASSES];
    uint32_t total;
};

/* Every count is halved when `total` reaches 1 024, so that the newest thousand weigh most. */
void latency_record(struct latency *latency, int64_t took_ms);

/* The time that `permille` of 1 000 answers did not exceed, rounded up to its class; fallback_ms
 * with fewer than 20 of them. */
int64_t latency_quantile_ms(const struct latency *latency, unsigned permille, int64_t fallback_ms);

#endif
