/* test_resolver.c - look-ups that hang: so many, and strangers' names take none of ours. The
 * linker puts a getaddrinfo() in front that hangs for as long as the test wants. */
#include "apns-fcm/resolver.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define LOOKUPS_MAX 8 /* of each trust, says the header */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released_condition = PTHREAD_COND_INITIALIZER;
static bool released;

/* The names are the linker's. NOLINTBEGIN(bugprone-reserved-identifier) */
int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **addresses_r);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **addresses_r);

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **addresses_r)
{
    if ((hints->ai_flags & AI_NUMERICHOST) != 0) {
        return __real_getaddrinfo(host, port, hints, addresses_r);
    }
    (void)pthread_mutex_lock(&lock);
    while (!released) {
        (void)pthread_cond_wait(&released_condition, &lock);
    }
    (void)pthread_mutex_unlock(&lock);
    return __real_getaddrinfo("127.0.0.1", port, hints, addresses_r);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void set_released(bool value)
{
    (void)pthread_mutex_lock(&lock);
    released = value;
    (void)pthread_cond_broadcast(&released_condition);
    (void)pthread_mutex_unlock(&lock);
}

static unsigned found, missing;

static void on_done(void *context, struct addrinfo *addresses, const char *reason)
{
    (void)context;
    found += addresses != NULL && reason == NULL;
    missing += addresses == NULL;
    if (addresses != NULL) {
        freeaddrinfo(addresses);
    }
}

static enum status start(struct loop *loop, enum resolve_trust trust, struct resolve **resolve_r)
{
    return resolve_start(loop, "push.example", "443", trust, on_done, NULL, resolve_r);
}

static int setup(void **state)
{
    static struct loop loop;
    struct error error;
    found = missing = 0;
    set_released(false);
    *state = &loop;
    return loop_init(&loop, &clock_system, &random_system, &error) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    loop_fini(*state);
    return 0;
}

/* A thread that has answered is counted a moment longer. */
static void start_when_there_is_room(struct loop *loop, enum resolve_trust trust,
                                     struct resolve **resolve_r)
{
    enum status status;
    while ((status = start(loop, trust, resolve_r)) == STATUS_FULL) {
        (void)sched_yield();
    }
    assert_int_equal(status, STATUS_OK);
}

static void test_lookups__that_hang_are_so_many_of_each_trust(void **state)
{
    struct loop *loop = *state;
    struct resolve *strangers[LOOKUPS_MAX], *own[LOOKUPS_MAX], *more = NULL;
    for (size_t i = 0; i < LOOKUPS_MAX; i++) {
        start_when_there_is_room(loop, RESOLVE_STRANGERS, &strangers[i]);
    }
    assert_int_equal(start(loop, RESOLVE_STRANGERS, &more), STATUS_FULL);
    for (size_t i = 0; i < LOOKUPS_MAX; i++) { /* ours all the same */
        assert_int_equal(start(loop, RESOLVE_OWN, &own[i]), STATUS_OK);
    }
    assert_int_equal(start(loop, RESOLVE_OWN, &more), STATUS_FULL);
    assert_null(more);
    set_released(true);
    while (found < 2 * LOOKUPS_MAX) {
        loop_turn(loop, MONOTONIC_NEVER);
    }
    assert_int_equal(missing, 0);
}

/* The thread of one that is given up cannot be ended: it still counts. */
static void test_lookups__given_up_count_until_they_end(void **state)
{
    struct loop *loop = *state;
    struct resolve *each = NULL;
    for (size_t i = 0; i < LOOKUPS_MAX; i++) {
        start_when_there_is_room(loop, RESOLVE_STRANGERS, &each);
        resolve_cancel(&each);
        assert_null(each);
    }
    assert_int_equal(start(loop, RESOLVE_STRANGERS, &each), STATUS_FULL);
    /* A number is no name. */
    assert_int_equal(
        resolve_start(loop, "127.0.0.1", "443", RESOLVE_STRANGERS, on_done, NULL, &each),
        STATUS_OK);
    assert_null(each);
    assert_int_equal(found, 1);
    set_released(true);
    start_when_there_is_room(loop, RESOLVE_STRANGERS, &each);
    while (found < 2) {
        loop_turn(loop, MONOTONIC_NEVER);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_lookups__that_hang_are_so_many_of_each_trust),
        CASE(test_lookups__given_up_count_until_they_end),
    };
    return cmocka_run_group_tests_name("push.resolver", tests, NULL, NULL);
}
