#include "gateway/base/burden.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct monotonic_time now = {1000};

static struct monotonic_time read_now(void *context)
{
    (void)context;
    return now;
}

static const struct clock_source test_clock = {.monotonic = read_now};

static struct burden burden_of(uint8_t name, bool reading)
{
    return (struct burden){.customer_id = name, .subject = {{name, 0, 7}}, .reading = reading};
}

static void assert_is(const struct burden *found, uint8_t name, bool reading)
{
    const struct burden expected = burden_of(name, reading);
    assert_int_equal(found->customer_id, expected.customer_id);
    assert_true(uuid_equal(found->subject, expected.subject));
    assert_int_equal(found->reading, reading);
}

static void burden__is_of_its_thread_until_it_is_dropped(void **state)
{
    struct burden found;
    (void)state;
    burden_drop();
    assert_false(burden_of_this_thread(&found));
    burden_take(&(struct burden){.customer_id = 1});
    assert_false(burden_of_this_thread(&found)); /* nobody's */
    const struct burden first = burden_of(1, true), second = burden_of(2, false);
    burden_take(&first);
    assert_true(burden_of_this_thread(&found));
    assert_is(&found, 1, true);
    burden_take(&second);
    assert_true(burden_of_this_thread(&found));
    assert_is(&found, 2, false);
    burden_take(NULL);
    assert_false(burden_of_this_thread(&found));
    burden_take(&second);
    burden_drop();
    assert_false(burden_of_this_thread(&found));
}

/* ---- others ---- */

struct carrier {
    pthread_t thread;
    struct burden burden;
    sem_t taken;
    sem_t end;
};

static void *carry(void *context)
{
    struct carrier *carrier = context;
    burden_take(&carrier->burden);
    (void)sem_post(&carrier->taken);
    (void)sem_wait(&carrier->end);
    return NULL;
}

static void start(struct carrier *carrier, struct burden burden)
{
    carrier->burden = burden;
    assert_int_equal(sem_init(&carrier->taken, 0, 0), 0);
    assert_int_equal(sem_init(&carrier->end, 0, 0), 0);
    assert_int_equal(pthread_create(&carrier->thread, NULL, carry, carrier), 0);
    assert_int_equal(sem_wait(&carrier->taken), 0);
}

static void end(struct carrier *carrier)
{
    assert_int_equal(sem_post(&carrier->end), 0);
    assert_int_equal(pthread_join(carrier->thread, NULL), 0);
    (void)sem_destroy(&carrier->taken);
    (void)sem_destroy(&carrier->end);
}

static void burden__of_the_stuck_is_the_oldest(void **state)
{
    struct carrier first, second, reader;
    struct burden found;
    (void)state;
    burden_set_clock(&test_clock);
    assert_false(burden_of_the_stuck(0, &found));
    start(&reader, burden_of(9, true)); /* longest of all */
    now.ms += 10;
    start(&first, burden_of(1, false));
    now.ms += 10;
    start(&second, burden_of(2, false));
    assert_false(burden_of_this_thread(&found));
    now.ms += 1479;
    assert_int_equal(burden_reading_ms(), 1499);
    assert_false(burden_of_the_stuck(1500, &found));
    now.ms += 1; /* nothing else is at it for so long */
    assert_true(burden_of_the_stuck(1500, &found));
    assert_is(&found, 9, true);
    now.ms += 10;
    assert_true(burden_of_the_stuck(1500, &found));
    assert_is(&found, 1, false);
    now.ms += 100;
    assert_true(burden_of_the_stuck(1500, &found));
    assert_is(&found, 1, false);
    end(&first); /* what a thread carried goes with it */
    assert_true(burden_of_the_stuck(1500, &found));
    assert_is(&found, 2, false);
    end(&second);
    end(&reader);
    assert_int_equal(burden_reading_ms(), 0);
    assert_false(burden_of_the_stuck(0, &found));
    burden_set_clock(NULL);
}

static void burden__more_threads_than_there_is_room_for(void **state)
{
    struct carrier carriers[BURDEN_THREADS_MAX + 1];
    struct burden found;
    (void)state;
    burden_set_clock(&test_clock);
    for (int round = 0; round < 2; round++) { /* the slots come back */
        for (uint8_t i = 0; i <= BURDEN_THREADS_MAX; i++) {
            start(&carriers[i], burden_of((uint8_t)(i + 1), false));
            now.ms++;
        }
        assert_true(burden_of_the_stuck(0, &found));
        assert_is(&found, 1, false);
        for (size_t i = 0; i <= BURDEN_THREADS_MAX; i++) {
            end(&carriers[i]);
        }
        assert_false(burden_of_the_stuck(0, &found));
    }
    burden_set_clock(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burden__is_of_its_thread_until_it_is_dropped),
        cmocka_unit_test(burden__of_the_stuck_is_the_oldest),
        cmocka_unit_test(burden__more_threads_than_there_is_room_for),
    };
    return cmocka_run_group_tests_name("base.burden", tests, NULL, NULL);
}
