#include "gateway/base/queue.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define ITEMS 20000

static int items[ITEMS];

static void queue__keeps_order_around_the_end(void **state)
{
    (void)state;
    struct queue *queue = queue_create(3);
    for (int i = 0; i < 20; i += 2) {
        assert_int_equal(queue_push(queue, &items[i]), STATUS_OK);
        assert_int_equal(queue_push(queue, &items[i + 1]), STATUS_OK);
        assert_int_equal(queue_length(queue), 2);
        assert_ptr_equal(queue_pop(queue), &items[i]);
        assert_ptr_equal(queue_pop(queue), &items[i + 1]);
        assert_null(queue_pop(queue));
    }
    queue_destroy(&queue);
    assert_null(queue);
    queue_destroy(&queue);
}

static void queue__full_leaves_the_item_with_the_caller(void **state)
{
    (void)state;
    struct queue *queue = queue_create(2);
    assert_int_equal(queue_push(queue, &items[0]), STATUS_OK);
    assert_int_equal(queue_push(queue, &items[1]), STATUS_OK);
    assert_int_equal(queue_push(queue, &items[2]), STATUS_FULL);
    assert_int_equal(queue_reserve(queue), STATUS_FULL);
    assert_ptr_equal(queue_pop(queue), &items[0]);
    assert_int_equal(queue_push(queue, &items[2]), STATUS_OK);
    assert_ptr_equal(queue_pop(queue), &items[1]);
    assert_ptr_equal(queue_pop(queue), &items[2]);
    queue_destroy(&queue);
}

static void queue__a_reserved_slot_is_kept_for_its_owner(void **state)
{
    (void)state;
    struct queue *queue = queue_create(2);
    assert_int_equal(queue_reserve(queue), STATUS_OK);
    assert_int_equal(queue_push(queue, &items[0]), STATUS_OK);
    assert_int_equal(queue_push(queue, &items[1]), STATUS_FULL);
    assert_int_equal(queue_length(queue), 1);
    queue_push_reserved(queue, &items[2]);
    assert_ptr_equal(queue_pop(queue), &items[0]);
    assert_ptr_equal(queue_pop(queue), &items[2]);
    assert_int_equal(queue_reserve(queue), STATUS_OK);
    assert_int_equal(queue_reserve(queue), STATUS_OK);
    assert_int_equal(queue_reserve(queue), STATUS_FULL);
    queue_unreserve(queue);
    assert_int_equal(queue_push(queue, &items[1]), STATUS_OK);
    queue_destroy(&queue);
}

struct producer {
    struct queue *queue;
    int first;
    bool reserves;
};

static void *produce(void *argument)
{
    const struct producer *producer = argument;
    for (int i = producer->first; i < ITEMS; i += 2) {
        if (producer->reserves) {
            while (queue_reserve(producer->queue) != STATUS_OK) {
                (void)sched_yield();
            }
            queue_push_reserved(producer->queue, &items[i]);
        } else {
            while (queue_push(producer->queue, &items[i]) != STATUS_OK) {
                (void)sched_yield();
            }
        }
    }
    return NULL;
}

/* Two producers into a small queue: nothing is lost or doubled, and each one's order holds. */
static void queue__two_threads_lose_nothing(void **state)
{
    (void)state;
    struct queue *queue = queue_create(16);
    struct producer producers[] = {{queue, 0, false}, {queue, 1, true}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    int next[] = {0, 1};
    for (int taken = 0; taken < ITEMS;) {
        int *item = queue_pop(queue);
        if (item == NULL) {
            (void)sched_yield();
            continue;
        }
        int index = (int)(item - items);
        assert_int_equal(index, next[index % 2]);
        next[index % 2] += 2;
        taken++;
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_null(queue_pop(queue));
    queue_destroy(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queue__keeps_order_around_the_end),
        cmocka_unit_test(queue__full_leaves_the_item_with_the_caller),
        cmocka_unit_test(queue__a_reserved_slot_is_kept_for_its_owner),
        cmocka_unit_test(queue__two_threads_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
