#include "apns-fcm/deadline_heap.h"

#include <assert.h>
#include <stdlib.h>

enum status deadline_heap_init(struct deadline_heap *heap, size_t capacity)
{
    *heap = (struct deadline_heap){.capacity = capacity};
    /* Place 0 stays empty. NOLINTNEXTLINE(bugprone-sizeof-expression): the nodes are pointers */
    heap->nodes = calloc(capacity + 1, sizeof *heap->nodes);
    return heap->nodes != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

void deadline_heap_fini(struct deadline_heap *heap)
{
    free(heap->nodes);
    *heap = (struct deadline_heap){0};
}

static void put(struct deadline_heap *heap, size_t place, struct deadline_node *node)
{
    heap->nodes[place] = node;
    node->place = place;
}

static void sift_up(struct deadline_heap *heap, size_t place, struct deadline_node *node)
{
    while (place > 1 && heap->nodes[place / 2]->due.ms > node->due.ms) {
        put(heap, place, heap->nodes[place / 2]);
        place /= 2;
    }
    put(heap, place, node);
}

static void sift_down(struct deadline_heap *heap, size_t place, struct deadline_node *node)
{
    for (;;) {
        size_t child = place * 2;
        if (child > heap->count) {
            break;
        }
        if (child < heap->count && heap->nodes[child + 1]->due.ms < heap->nodes[child]->due.ms) {
            child++;
        }
        if (heap->nodes[child]->due.ms >= node->due.ms) {
            break;
        }
        put(heap, place, heap->nodes[child]);
        place = child;
    }
    put(heap, place, node);
}

void deadline_heap_insert(struct deadline_heap *heap, struct deadline_node *node,
                          struct monotonic_time due)
{
    assert(node->place == 0 && heap->count < heap->capacity);
    node->due = due;
    heap->count++;
    sift_up(heap, heap->count, node);
}

void deadline_heap_remove(struct deadline_heap *heap, struct deadline_node *node)
{
    size_t place = node->place;
    if (place == 0) {
        return;
    }
    assert(heap->nodes[place] == node);
    node->place = 0;
    struct deadline_node *last = heap->nodes[heap->count--];
    if (last == node) {
        return;
    }
    if (place > 1 && heap->nodes[place / 2]->due.ms > last->due.ms) {
        sift_up(heap, place, last);
    } else {
        sift_down(heap, place, last);
    }
}

struct deadline_node *deadline_heap_first(const struct deadline_heap *heap)
{
    return heap->count > 0 ? heap->nodes[1] : NULL;
}
