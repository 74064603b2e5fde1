#include "gateway/base/queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct queue {
    pthread_mutex_t lock;
    size_t capacity;
    size_t head;
    size_t length;
    size_t reserved;
    void *items[];
};

struct queue *queue_create(size_t capacity)
{
    assert(capacity > 0);
    struct queue *queue = calloc(1, sizeof *queue + capacity * sizeof queue->items[0]);
    if (queue != NULL) {
        queue->capacity = capacity;
        (void)pthread_mutex_init(&queue->lock, NULL);
    }
    return queue;
}

void queue_destroy(struct queue **queue)
{
    if (*queue != NULL) {
        (void)pthread_mutex_destroy(&(*queue)->lock);
        free(*queue);
        *queue = NULL;
    }
}

static void put(struct queue *queue, void *item)
{
    assert(item != NULL);
    assert(queue->length < queue->capacity);
    queue->items[(queue->head + queue->length) % queue->capacity] = item;
    queue->length++;
}

enum status queue_push(struct queue *queue, void *item)
{
    enum status status = STATUS_FULL;
    (void)pthread_mutex_lock(&queue->lock);
    if (queue->length + queue->reserved < queue->capacity) {
        put(queue, item);
        status = STATUS_OK;
    }
    (void)pthread_mutex_unlock(&queue->lock);
    return status;
}

enum status queue_reserve(struct queue *queue)
{
    enum status status = STATUS_FULL;
    (void)pthread_mutex_lock(&queue->lock);
    if (queue->length + queue->reserved < queue->capacity) {
        queue->reserved++;
        status = STATUS_OK;
    }
    (void)pthread_mutex_unlock(&queue->lock);
    return status;
}

void queue_unreserve(struct queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock);
    assert(queue->reserved > 0);
    queue->reserved--;
    (void)pthread_mutex_unlock(&queue->lock);
}

void queue_push_reserved(struct queue *queue, void *item)
{
    (void)pthread_mutex_lock(&queue->lock);
    assert(queue->reserved > 0);
    queue->reserved--;
    put(queue, item);
    (void)pthread_mutex_unlock(&queue->lock);
}

void *queue_pop(struct queue *queue)
{
    void *item = NULL;
    (void)pthread_mutex_lock(&queue->lock);
    if (queue->length > 0) {
        item = queue->items[queue->head];
        queue->head = (queue->head + 1) % queue->capacity;
        queue->length--;
    }
    (void)pthread_mutex_unlock(&queue->lock);
    return item;
}

size_t queue_length(struct queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock);
    size_t length = queue->length;
    (void)pthread_mutex_unlock(&queue->lock);
    return length;
}
