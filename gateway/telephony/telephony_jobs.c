/* telephony_jobs.c - the line and the heap in which jobs wait. The thread's own; no locks. */
#include "gateway/telephony/telephony_private.h"

#include <assert.h>

void job_list_append(struct job_list *list, struct job *job)
{
    job->next = NULL;
    job->previous = list->last;
    if (list->last != NULL) {
        list->last->next = job;
    } else {
        list->first = job;
    }
    list->last = job;
}

void job_list_remove(struct job_list *list, struct job *job)
{
    assert(job->previous != NULL || list->first == job);
    assert(job->next != NULL || list->last == job);
    if (job->previous != NULL) {
        job->previous->next = job->next;
    } else {
        list->first = job->next;
    }
    if (job->next != NULL) {
        job->next->previous = job->previous;
    } else {
        list->last = job->previous;
    }
    job->next = NULL;
    job->previous = NULL;
}

static void heap_put(struct job_heap *heap, size_t index, struct job *job)
{
    heap->jobs[index] = job;
    job->heap_index = index;
}

/* Moves the job at index up or down to where the order holds again. */
static void heap_settle(struct job_heap *heap, size_t index)
{
    struct job *job = heap->jobs[index];
    while (index > 0 && heap->jobs[(index - 1) / 2]->wake.ms > job->wake.ms) {
        heap_put(heap, index, heap->jobs[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    for (;;) {
        size_t child = index * 2 + 1;
        if (child + 1 < heap->count &&
            heap->jobs[child + 1]->wake.ms < heap->jobs[child]->wake.ms) {
            child++;
        }
        if (child >= heap->count || heap->jobs[child]->wake.ms >= job->wake.ms) {
            break;
        }
        heap_put(heap, index, heap->jobs[child]);
        index = child;
    }
    heap_put(heap, index, job);
}

void job_heap_push(struct job_heap *heap, struct job *job)
{
    assert(heap->count < heap->capacity);
    heap_put(heap, heap->count, job);
    heap->count++;
    heap_settle(heap, job->heap_index);
}

void job_heap_remove(struct job_heap *heap, struct job *job)
{
    size_t index = job->heap_index;
    assert(index < heap->count && heap->jobs[index] == job);
    heap->count--;
    if (index < heap->count) {
        heap_put(heap, index, heap->jobs[heap->count]);
        heap_settle(heap, index);
    }
}
