/* random.h - the one room that makes randomness. Tests and the simulator hand in their own. */
#ifndef GATEWAY_BASE_RANDOM_H
#define GATEWAY_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A source of random bytes; never fails (the system source aborts when the kernel has none). */
struct random_source {
    void (*fill)(void *context, void *bytes, size_t count);
    void *context;
};

/* getrandom(2), buffered per thread. Any thread. */
extern const struct random_source random_system;

static inline void random_fill(const struct random_source *random, void *bytes, size_t count)
{
    random->fill(random->context, bytes, count);
}

/* A number in [0, limit); limit must be above 0. */
uint64_t random_below(const struct random_source *random, uint64_t limit);

#ifdef __cplusplus
}
#endif

#endif
