#include "tests/scenario/memory.h"

#include <sqlite3.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>

static bool counting;
static uint64_t successes_left;
static uint64_t failures_left;
static uint64_t failed;

static bool fails(void)
{
    if (!counting || failures_left == 0) {
        return false;
    }
    if (successes_left > 0) {
        successes_left--;
        return false;
    }
    failures_left--;
    failed++;
    return true;
}

/* In front of each block stands its size: malloc's own idea of it differs from run to run, and
 * SQLite asks for more or less often by it. */
struct block {
    alignas(16) int bytes;
    alignas(16) unsigned char data[];
};

static struct block *block_of(void *data)
{
    return (struct block *)((unsigned char *)data - offsetof(struct block, data));
}

static void *give(struct block *block, int bytes)
{
    if (block == NULL) {
        return NULL;
    }
    block->bytes = bytes;
    return block->data;
}

static void *take(int bytes)
{
    return fails() ? NULL : give(malloc(sizeof(struct block) + (size_t)bytes), bytes);
}

static void give_back(void *data)
{
    if (data != NULL) {
        free(block_of(data));
    }
}

static void *resize(void *data, int bytes)
{
    struct block *before = data == NULL ? NULL : block_of(data);
    return fails() ? NULL : give(realloc(before, sizeof(struct block) + (size_t)bytes), bytes);
}

static int size_of(void *data)
{
    return data == NULL ? 0 : block_of(data)->bytes;
}

static int round_up(int bytes)
{
    return (bytes + 7) & ~7;
}

static int begin(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void end(void *context)
{
    (void)context;
}

void memory_install(void)
{
    static bool installed;
    static const sqlite3_mem_methods methods = {.xMalloc = take,
                                                .xFree = give_back,
                                                .xRealloc = resize,
                                                .xSize = size_of,
                                                .xRoundup = round_up,
                                                .xInit = begin,
                                                .xShutdown = end};
    if (!installed) {
        (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
        /* No stock of small blocks in each connection: every allocation can fail. */
        (void)sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
        /* Nobody asks how much is used, and nobody else is there to be locked out. */
        (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
        installed = true;
    }
}

void memory_fail(uint64_t after, uint64_t failures)
{
    successes_left = after;
    failures_left = failures;
}

void memory_count(bool counts)
{
    counting = counts;
}

uint64_t memory_failed(void)
{
    return failed;
}

bool memory_will_fail(void)
{
    return failures_left > 0;
}
