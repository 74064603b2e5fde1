#include "gateway/base/random.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/base/burden.h"

#define POOL_BYTES 4096

static void kernel_fill(unsigned char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t got = getrandom(bytes, count, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            burden_abort_unblamed(); /* without randomness no id and no token can be made */
        }
        bytes += got;
        count -= (size_t)got;
    }
}

static void system_fill(void *context, void *bytes, size_t count)
{
    /* One kernel call serves some hundred ids; bytes handed out are wiped from the pool. */
    static _Thread_local unsigned char pool[POOL_BYTES];
    static _Thread_local size_t left;
    (void)context;
    if (count > POOL_BYTES / 4) {
        kernel_fill(bytes, count);
        return;
    }
    if (left < count) {
        kernel_fill(pool, sizeof pool);
        left = sizeof pool;
    }
    left -= count;
    memcpy(bytes, pool + left, count);
    memset(pool + left, 0, count);
}

const struct random_source random_system = {.fill = system_fill};

uint64_t random_below(const struct random_source *random, uint64_t limit)
{
    assert(limit > 0);
    uint64_t cut = UINT64_MAX - UINT64_MAX % limit; /* rejects the biased tail */
    uint64_t value;
    do {
        random_fill(random, &value, sizeof value);
    } while (value >= cut);
    return value % limit;
}
