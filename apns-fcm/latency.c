#include "apns-fcm/latency.h"

#define TOTAL_MAX   1024
#define TOTAL_KNOWN 20

/* The longest time of a class. */
static int64_t class_end_ms(unsigned class)
{
    int64_t octave_ms = INT64_C(1) << (class / 2);
    return class % 2 == 0 ? octave_ms : octave_ms + octave_ms * 2 / 5 + 1;
}

static unsigned class_of(int64_t took_ms)
{
    unsigned class = 0;
    while (class < LATENCY_CLASSES - 1 && class_end_ms(class) < took_ms) {
        class ++;
    }
    return class;
}

void latency_record(struct latency *latency, int64_t took_ms)
{
    latency->counts[class_of(took_ms)]++;
    if (++latency->total < TOTAL_MAX) {
        return;
    }
    latency->total = 0;
    for (unsigned i = 0; i < LATENCY_CLASSES; i++) {
        latency->counts[i] /= 2;
        latency->total += latency->counts[i];
    }
}

int64_t latency_quantile_ms(const struct latency *latency, unsigned permille, int64_t fallback_ms)
{
    if (latency->total < TOTAL_KNOWN) {
        return fallback_ms;
    }
    uint64_t wanted = ((uint64_t)latency->total * permille + 999) / 1000;
    uint64_t seen = 0;
    for (unsigned i = 0; i < LATENCY_CLASSES; i++) {
        seen += latency->counts[i];
        if (seen >= wanted) {
            return class_end_ms(i);
        }
    }
    return class_end_ms(LATENCY_CLASSES - 1);
}
