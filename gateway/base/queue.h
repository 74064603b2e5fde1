/* queue.h - a bounded first-in-first-out queue of pointers between threads.
 *
 * When it is full, queue_push() answers STATUS_FULL at once and the caller keeps the item; nothing
 * ever waits for room. queue_reserve() takes a slot ahead of time, so that queue_push_reserved()
 * cannot fail: whoever starts work whose result must come back reserves first.
 */
#ifndef GATEWAY_BASE_QUEUE_H
#define GATEWAY_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/status.h"

struct queue;

/* Makes a queue of `capacity` slots; NULL when out of memory. */
struct queue *queue_create(size_t capacity);

/* Frees the queue and NULLs the pointer; items still inside stay the caller's. */
void queue_destroy(struct queue **queue);

/* Any thread. On STATUS_FULL the item stays the caller's. */
enum status queue_push(struct queue *queue, void *item) MUST_CHECK;

/* Any thread. Takes a slot for one later queue_push_reserved(); STATUS_FULL when there is none. */
enum status queue_reserve(struct queue *queue) MUST_CHECK;

/* Gives a reserved slot back unused. */
void queue_unreserve(struct queue *queue);

/* Any thread. Uses a reserved slot; cannot fail. */
void queue_push_reserved(struct queue *queue, void *item);

/* The oldest item, or NULL when empty. Does not wait. */
void *queue_pop(struct queue *queue);

/* Items inside, without reserved slots. */
size_t queue_length(struct queue *queue);

#endif
