/* burden.c - a slot a thread, claimed at its first burden and given back at its end. */
#include "gateway/base/burden.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Others read it while its thread may write: in halves, as a torn one is nobody's anyway. */
struct slot {
    _Atomic bool claimed;
    _Atomic int64_t since_ms; /* 0: nothing is carried */
    _Atomic int64_t customer_id;
    _Atomic uint64_t subject[2];
    _Atomic bool reading;
};

_Static_assert(sizeof(struct uuid) == 2 * sizeof(uint64_t), "a subject is two halves");

static struct slot slots[BURDEN_THREADS_MAX];
static _Thread_local struct slot *mine;
static _Thread_local bool dies_unblamed;
static pthread_key_t at_thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const struct clock_source *_Atomic clock_of_tests;

static void give_back(void *slot)
{
    struct slot *own = slot;
    atomic_store(&own->since_ms, 0);
    atomic_store(&own->claimed, false);
}

static void make_key(void)
{
    (void)pthread_key_create(&at_thread_end, give_back);
}

static struct slot *claim(void)
{
    (void)pthread_once(&once, make_key);
    for (size_t i = 0; i < BURDEN_THREADS_MAX; i++) {
        if (!atomic_exchange(&slots[i].claimed, true)) {
            (void)pthread_setspecific(at_thread_end, &slots[i]);
            return &slots[i];
        }
    }
    return NULL;
}

static int64_t now_ms(void)
{
    const struct clock_source *clock = atomic_load(&clock_of_tests);
    return clock_monotonic(clock != NULL ? clock : &clock_system).ms;
}

void burden_set_clock(const struct clock_source *clock)
{
    atomic_store(&clock_of_tests, clock);
}

void burden_take(const struct burden *burden)
{
    if (burden == NULL || uuid_is_nil(burden->subject)) {
        burden_drop();
        return;
    }
    if (mine == NULL && (mine = claim()) == NULL) {
        return;
    }
    uint64_t halves[2];
    int64_t since_ms = now_ms();
    memcpy(halves, burden->subject.bytes, sizeof halves);
    atomic_store_explicit(&mine->since_ms, 0, memory_order_relaxed);
    atomic_store_explicit(&mine->customer_id, burden->customer_id, memory_order_relaxed);
    atomic_store_explicit(&mine->subject[0], halves[0], memory_order_relaxed);
    atomic_store_explicit(&mine->subject[1], halves[1], memory_order_relaxed);
    atomic_store_explicit(&mine->reading, burden->reading, memory_order_relaxed);
    atomic_store_explicit(&mine->since_ms, since_ms > 0 ? since_ms : 1, memory_order_release);
}

void burden_drop(void)
{
    if (mine != NULL) {
        atomic_store_explicit(&mine->since_ms, 0, memory_order_release);
    }
}

void burden_abort_unblamed(void)
{
    dies_unblamed = true;
    abort();
}

bool burden_dies_unblamed(void)
{
    return dies_unblamed;
}

static void read_slot(struct slot *slot, struct burden *burden_r)
{
    const uint64_t halves[2] = {atomic_load_explicit(&slot->subject[0], memory_order_relaxed),
                                atomic_load_explicit(&slot->subject[1], memory_order_relaxed)};
    memcpy(burden_r->subject.bytes, halves, sizeof halves);
    burden_r->customer_id = atomic_load_explicit(&slot->customer_id, memory_order_relaxed);
    burden_r->reading = atomic_load_explicit(&slot->reading, memory_order_relaxed);
}

bool burden_of_this_thread(struct burden *burden_r)
{
    if (mine == NULL || atomic_load_explicit(&mine->since_ms, memory_order_acquire) == 0) {
        return false;
    }
    read_slot(mine, burden_r);
    return true;
}

/* The first that was taken up, of those that are only read or of the others; 0: there is none. */
static int64_t find_first(bool reading, struct burden *burden_r)
{
    int64_t first_ms = 0;
    for (size_t i = 0; i < BURDEN_THREADS_MAX; i++) {
        int64_t since_ms = atomic_load_explicit(&slots[i].since_ms, memory_order_acquire);
        struct burden burden;
        if (since_ms == 0 || (first_ms != 0 && since_ms >= first_ms)) {
            continue;
        }
        read_slot(&slots[i], &burden);
        if (burden.reading == reading) {
            first_ms = since_ms;
            *burden_r = burden;
        }
    }
    return first_ms;
}

bool burden_of_the_stuck(int64_t min_ms, struct burden *burden_r)
{
    int64_t latest_ms = now_ms() - min_ms;
    for (int reading = 0; reading <= 1; reading++) {
        int64_t first_ms = find_first(reading == 1, burden_r);
        if (first_ms != 0 && first_ms <= latest_ms) {
            return true;
        }
    }
    return false;
}

int64_t burden_reading_ms(void)
{
    struct burden burden;
    int64_t first_ms = find_first(true, &burden);
    return first_ms != 0 ? now_ms() - first_ms : 0;
}
