/* test_telephony_jobs.c - the heap against a plain search, and the line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/telephony/telephony_private.h"

#define JOBS 64

/* A small generator with a fixed seed: a failure repeats. */
static uint32_t next_number(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static void check_heap(const struct job_heap *heap)
{
    for (size_t i = 0; i < heap->count; i++) {
        assert_int_equal(heap->jobs[i]->heap_index, i);
        assert_true(i == 0 || heap->jobs[(i - 1) / 2]->wake.ms <= heap->jobs[i]->wake.ms);
    }
}

static void test_heap__random_pushes_and_removals(void **state)
{
    (void)state;
    static struct job jobs[JOBS];
    struct job *slots[JOBS];
    struct job_heap heap = {.jobs = slots, .capacity = JOBS};
    bool inside[JOBS] = {false};
    uint32_t seed = 42;
    for (int step = 0; step < 20000; step++) {
        size_t i = next_number(&seed) % JOBS;
        if (inside[i]) {
            job_heap_remove(&heap, &jobs[i]);
        } else {
            jobs[i].wake.ms = (int64_t)(next_number(&seed) % 100);
            job_heap_push(&heap, &jobs[i]);
        }
        inside[i] = !inside[i];
        check_heap(&heap);
    }
}

static void test_list__removal_from_everywhere(void **state)
{
    (void)state;
    static struct job jobs[3];
    for (size_t gone = 0; gone < 3; gone++) {
        struct job_list list = {NULL, NULL};
        for (size_t i = 0; i < 3; i++) {
            job_list_append(&list, &jobs[i]);
        }
        job_list_remove(&list, &jobs[gone]);
        size_t first = gone == 0 ? 1 : 0;
        size_t last = gone == 2 ? 1 : 2;
        assert_ptr_equal(list.first, &jobs[first]);
        assert_ptr_equal(list.last, &jobs[last]);
        assert_ptr_equal(jobs[first].next, &jobs[last]);
        assert_ptr_equal(jobs[last].previous, &jobs[first]);
        job_list_remove(&list, &jobs[first]);
        job_list_remove(&list, &jobs[last]);
        assert_null(list.first);
        assert_null(list.last);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heap__random_pushes_and_removals),
        cmocka_unit_test(test_list__removal_from_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
