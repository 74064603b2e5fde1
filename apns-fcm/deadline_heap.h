/* deadline_heap.h - a binary heap of moments, embedded in their owners. All memory is taken when
 * the heap is made, so that inserting cannot fail. */
#ifndef APNS_FCM_DEADLINE_HEAP_H
#define APNS_FCM_DEADLINE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/status.h"
#include "gateway/base/time.h"

/* Zeroed: outside of every heap. */
struct deadline_node {
    struct monotonic_time due;
    size_t place; /* from 1; 0: outside */
};

struct deadline_heap {
    struct deadline_node **nodes;
    size_t count;
    size_t capacity;
};

enum status deadline_heap_init(struct deadline_heap *heap, size_t capacity) MUST_CHECK;
void deadline_heap_fini(struct deadline_heap *heap);

/* The node must be outside, and fewer than capacity inside. */
void deadline_heap_insert(struct deadline_heap *heap, struct deadline_node *node,
                          struct monotonic_time due);

/* Nothing happens when the node is outside. */
void deadline_heap_remove(struct deadline_heap *heap, struct deadline_node *node);

/* The earliest node, still inside; NULL when empty. */
struct deadline_node *deadline_heap_first(const struct deadline_heap *heap);

static inline bool deadline_node_inside(const struct deadline_node *node)
{
    return node->place != 0;
}

#endif
