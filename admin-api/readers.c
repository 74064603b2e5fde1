/* readers.c - the threads that read the database, so that no HTTP thread ever waits for it. */
#include <errno.h>
#include <string.h>

#include "admin-api/admin_api_private.h"

static void work(struct exchange *exchange, struct store *store)
{
    exchange_reader *read = exchange->read;
    exchange->read = NULL;
    switch (read(exchange, store)) {
    case NEXT_COMMAND:
    case NEXT_READ:
        waiting_submit(exchange);
        break;
    case NEXT_ANSWER:
    case NEXT_STREAM:
        exchange_release_directory(exchange);
        waiting_finish(exchange);
        break;
    }
}

static void *run_reader(void *context)
{
    struct reader *reader = context;
    struct readers *readers = &reader->api->readers;
    (void)pthread_setname_np(pthread_self(), "reader");
    while (true) {
        while (sem_wait(&readers->items) != 0 && errno == EINTR) {
        }
        if (atomic_load(&readers->stopping)) {
            return NULL;
        }
        struct exchange *exchange = queue_pop(readers->queue);
        if (exchange != NULL) {
            work(exchange, reader->store);
        }
    }
}

enum status readers_push(struct admin_api *api, struct exchange *exchange)
{
    enum status status = queue_push(api->readers.queue, exchange);
    if (status == STATUS_OK) {
        (void)sem_post(&api->readers.items);
    }
    return status;
}

enum status readers_start(struct admin_api *api, unsigned count, const char *database_path,
                          struct error *error)
{
    struct readers *readers = &api->readers;
    if (count > READERS_MAX) {
        return error_set(error, STATUS_CONFIGURATION, "at most %d readers", READERS_MAX);
    }
    readers->queue = queue_create(READ_QUEUE_SLOTS);
    if (readers->queue == NULL || sem_init(&readers->items, 0, 0) != 0) {
        return error_set(error, STATUS_NO_MEMORY, "the readers' queue: out of memory");
    }
    for (unsigned i = 0; i < count; i++) {
        struct reader *reader = &readers->all[i];
        reader->api = api;
        enum status status =
            store_open_reader(database_path, NULL, READ_MS_MAX, &reader->store, error);
        if (status != STATUS_OK) {
            return error_wrap(error, status, "a reading connection");
        }
        const struct uuid *unreadable;
        size_t unreadable_count = engine_unreadable(api->engine, &unreadable);
        store_forbid(reader->store, unreadable, unreadable_count);
        if (pthread_create(&reader->thread, NULL, run_reader, reader) != 0) {
            store_close(&reader->store);
            return error_set(error, STATUS_IO, "cannot start a thread: %s", strerror(errno));
        }
        readers->count++;
    }
    return STATUS_OK;
}

void readers_stop(struct admin_api *api)
{
    struct readers *readers = &api->readers;
    if (readers->queue == NULL) {
        return;
    }
    atomic_store(&readers->stopping, true);
    for (unsigned i = 0; i < readers->count; i++) {
        (void)sem_post(&readers->items);
    }
    for (unsigned i = 0; i < readers->count; i++) {
        (void)pthread_join(readers->all[i].thread, NULL);
        store_close(&readers->all[i].store);
    }
    for (struct exchange *left; (left = queue_pop(readers->queue)) != NULL;) {
        exchange_destroy(&left); /* its client was answered by waiting_stop() */
    }
    queue_destroy(&readers->queue);
    (void)sem_destroy(&readers->items);
    readers->count = 0;
}
